"""Passages tile their document, and hold whole sentences."""

import random

import pytest

from askcorpus.types import Document
from askcorpus_ingest.passages import split_passages

SENTENCE = "The council met again on Monday, and once more nothing came of it."
ALPHABET = 'aé bcd .!?。 \n"«»()X1;,—漢字かกा😀\u200d\u0301'


def document(text: str, language: str = "en") -> Document:
    return Document(id="d", title="", text=text, language=language)


def texts(text: str, target: int = 200, language: str = "en") -> list[str]:
    return [passage.text for passage, _ in split_passages(document(text, language), target)]


def check_invariants(doc: Document, target: int) -> None:
    split = list(split_passages(doc, target))
    end = 0
    for passage, sentences in split:
        assert doc.text[passage.start : passage.end] == passage.text
        assert not doc.text[end : passage.start].strip()
        assert passage.text == passage.text.strip() != ""
        assert len(passage.text) <= 2 * target + target // 4
        assert sentences
        assert list(sentences) == sorted(sentences)
        assert all(passage.start <= s.start < s.end <= passage.end for s in sentences)
        end = passage.end
    assert not doc.text[end:].strip()
    assert len({passage.id for passage, _ in split}) == len(split)


@pytest.mark.parametrize("language", ["en", "fr", "zh", "th", ""])
def test_passages_tile_any_text(language: str) -> None:
    rng = random.Random(3)
    for _ in range(150):
        text = "".join(rng.choice(ALPHABET) for _ in range(rng.randint(1, 1500))).strip() or "x"
        check_invariants(document(text, language), rng.choice([100, 150, 400]))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a" * 5000, id="no space"),
        pytest.param("word " * 1000, id="no sentence"),
        pytest.param("clause, " * 1000, id="clauses"),
        pytest.param("漢" * 3000, id="no punctuation"),
        pytest.param("e" + "\u0301" * 3000, id="endless accents"),
        pytest.param("x" + " " * 5000 + "y", id="a gap"),
        pytest.param("a\n" * 1000, id="one letter a line"),
        pytest.param("PARIS (AFP) –", id="only a dateline"),
    ],
)
def test_passages_tile_hostile_text(text: str) -> None:
    check_invariants(document(text.strip()), 200)


def test_sentences_stay_whole() -> None:
    text = " ".join([SENTENCE] * 10)
    assert texts(text, 199) == [" ".join([SENTENCE] * 2)] * 5


def test_a_break_falls_between_paragraphs() -> None:
    paragraph = " ".join([SENTENCE] * 2)
    assert texts(f"{paragraph}\n\n{paragraph}\n\n{paragraph}", 260) == [paragraph] * 3


def test_a_crumb_at_the_end_joins_the_passage_before() -> None:
    text = " ".join([SENTENCE] * 3) + " The end."
    assert texts(text, 200) == [text]


def test_a_sentence_of_more_than_two_passages_is_cut_at_a_clause() -> None:
    pieces = texts("and the council met again, " * 60, 200)
    assert len(pieces) > 1
    assert all(piece.endswith(",") for piece in pieces)


def test_chinese_passages_are_half_as_long() -> None:
    assert {len(text) for text in texts("今天港口关闭了。" * 100, 160, "zh")} == {80}


def test_nobody_is_quoted_with_the_dateline() -> None:
    doc = document("Le port ferme\n\nPARIS (AFP) – Le port ferme lundi. Il rouvrira.", "fr")
    ((passage, sentences),) = split_passages(doc, 400)
    assert passage.text == doc.text
    assert [doc.text[s:e] for s, e in sentences] == ["Le port ferme", "Le port ferme lundi.", "Il rouvrira."]


def test_ids_are_stable_and_name_their_document() -> None:
    one, two = document(SENTENCE), document(SENTENCE).model_copy(update={"id": "other"})
    assert list(split_passages(one, 200)) == list(split_passages(one, 200))
    assert next(split_passages(one, 200))[0].id != next(split_passages(two, 200))[0].id
