"""Question and passage, read together."""

import numpy as np
import pytest

from askcorpus.answer.reader import LONGEST_ANSWER, LONGEST_PAIR, FoundAnswer, ReadPassage
from askcorpus.types import Span
from asking import READER

TOWER = "The tower of Vik was built in 1887 by Anna Berg. A ticket costs 12 kroner, and the stairs have 300 steps."


def answer(question: str, passage: str) -> tuple[str, float]:
    """The words that answer best, and their score above no answer."""
    found = READER.read(question, [passage])[0].best()
    assert found is not None
    return passage[found.span.start : found.span.end], found.score


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("When was the tower of Vik built?", "1887"),
        ("Who built the tower of Vik?", "Anna Berg"),
        ("How much does a ticket cost?", "12 kroner"),
        ("How many steps do the stairs have?", "300"),
    ],
)
def test_the_words_that_answer_are_found_by_what_is_asked(question: str, words: str) -> None:
    found, score = answer(question, TOWER)
    assert found == words
    assert score > 0


@pytest.mark.parametrize(
    ("question", "words"),
    [("Combien coûte un billet ?", "12 kroner"), ("Wer hat den Turm von Vik gebaut?", "Anna Berg")],
)
def test_they_are_found_in_another_language_too(question: str, words: str) -> None:
    assert answer(question, TOWER)[0] == words


@pytest.mark.parametrize(
    "question", ["Who is the mayor of Lyon?", "When was the harbour dug?", "What do the lions of Basel eat?"]
)
def test_what_a_passage_does_not_say_scores_below_no_answer(question: str) -> None:
    assert answer(question, TOWER)[1] < 0
    (read,) = READER.read(question, [TOWER])
    assert read.relevance < 0


def test_passages_are_read_each_for_itself_in_their_order() -> None:
    others = ["It rained.", TOWER, TOWER * 3]
    together = READER.read("Who built the tower of Vik?", others)
    alone = [READER.read("Who built the tower of Vik?", [text])[0] for text in others]
    for one, other in zip(together, alone, strict=True):
        assert one.relevance == pytest.approx(other.relevance, abs=1e-3)
        np.testing.assert_allclose(one.starts, other.starts, atol=1e-3)


@pytest.mark.parametrize("passage", ["", " ", "?", "\ud800", "word " * 5000, "漢字" * 900])
def test_any_passage_can_be_read(passage: str) -> None:
    (read,) = READER.read("Who?" * 1000, [passage])
    assert len(read.starts) == len(read.ends) == len(read.offsets) <= LONGEST_PAIR
    assert np.isfinite(read.relevance)


def test_no_passages_are_no_work() -> None:
    assert READER.read("Who?", []) == []


def scored(starts: list[float], ends: list[float]) -> ReadPassage:
    """A passage with one token a character."""
    offsets = np.array([(i, i + 1) for i in range(len(starts))])
    return ReadPassage(0.0, np.array(starts, np.float32), np.array(ends, np.float32), offsets)


def test_an_answer_ends_after_it_starts() -> None:
    """The best end, 9, stands before the best start: 5 + 1 is the best pair in order, then 0 + 9."""
    assert scored([0, 0, 5], [9, 0, 1]).best() == FoundAnswer(Span(0, 1), 9.0)
    assert scored([-9, 0, 5], [9, 0, 1]).best() == FoundAnswer(Span(2, 3), 6.0)


def test_an_answer_is_not_longer_than_answers_are() -> None:
    far = [0.0] * (LONGEST_ANSWER + 5)
    best = scored([5.0, *far], [*far, 5.0]).best()
    assert best is not None and best.score == 5.0


def test_the_best_answer_within_a_stretch_stays_within_it() -> None:
    read = scored([9, 0, 1, 0], [9, 0, 0, 1])
    assert read.part(Span(1, 4)).best() == FoundAnswer(Span(1, 3), 2.0)
    assert read.part(Span(4, 4)).best() is None


def test_what_is_read_twice_has_the_scores_of_both_readings_where_both_have_the_token() -> None:
    again = ReadPassage(
        0.0, np.array([3.0, 0.0], np.float32), np.array([1.0, 1.0], np.float32), np.array([(0, 1), (1, 3)])
    )
    both = scored([1, 0, 2], [0, 0, 2]).read_again(again, 2.0)
    assert both.offsets.tolist() == [[0, 1]]
    assert both.best() == FoundAnswer(Span(0, 1), 1 + 0 + 2 * (3 + 1))
