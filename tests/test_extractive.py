"""Which sentences are quoted, and how they become a draft."""

import numpy as np

from askcorpus.answer.extractive import extract
from askcorpus.answer.sentence_scores import ScoredSentence
from askcorpus.embedding.baseline import ScoreBaseline
from askcorpus.search.query import Query
from askcorpus.tuning import TUNING
from askcorpus.types import Draft, Hit, Span

QUESTION = "How many ships call at Larvik?"


def evidence(text: str, score: float, start: int = 100) -> ScoredSentence:
    span = Span(start, start + len(text))
    name = f"p{start}"
    hit = Hit(passage_id=name, document_id=f"d{start}", text=text, start=span.start, end=span.end)
    answer = Span(start, start + len(text.split()[0]))
    return ScoredSentence(hit, span, text, answer, 2.0, 1.0, 9.0, 0.8, 1.0, score)


def draft_of(*found: ScoredSentence) -> Draft:
    query = Query.read(
        QUESTION,
        QUESTION,
        "en",
        np.zeros((1, 2), np.float32),
        terms=((),),
        baselines=(ScoreBaseline(0.0, 1.0),),
        period="",
    )
    *pieces, draft = extract(query, found)
    assert isinstance(draft, Draft)
    assert "".join(str(piece) for piece in pieces) == draft.text
    return draft


def test_a_sentence_is_quoted_word_for_word_with_its_marker_and_place() -> None:
    text = "Forty years on, 1,250 ships call there."
    draft = draft_of(evidence(text, 9.0))
    assert draft.text == f"{text} [1]"
    (quote,) = draft.quotes
    assert (quote.marker, quote.passage_id, quote.start, quote.end) == (1, "p100", 100, 100 + len(text))
    assert [text[mark.start - 100 : mark.end - 100] for mark in quote.highlights] == ["Forty"]


def test_a_line_break_inside_a_sentence_is_shown_as_a_space_and_its_place_is_kept() -> None:
    text = "Forty ships\n  call there."
    draft = draft_of(evidence(text, 9.0))
    assert draft.text == "Forty ships call there. [1]"
    assert draft.quotes[0].end - draft.quotes[0].start == len(text)


def test_a_sentence_far_behind_the_best_is_left_out() -> None:
    near, far = evidence("Others sail on to Skien.", 8.5, 200), evidence("Nobody counted the rowing boats.", 7.5, 300)
    draft = draft_of(evidence("Forty ships call there.", 9.0), near, far)
    assert [quote.passage_id for quote in draft.quotes] == ["p100", "p200"]
    assert draft.text == "Forty ships call there. [1] Others sail on to Skien. [2]"


def test_a_few_words_that_hardly_answer_are_not_quoted_beside_the_best() -> None:
    """The name under an article is no second answer; a short sentence that answers is one."""
    signature, short = evidence("The Fjord Press", 8.9, 200), evidence("Sixty called in May.", 8.8, 300)
    draft = draft_of(evidence("Forty ships call there.", 9.0), signature._replace(answer_score=-2.0), short)
    assert draft.text == "Forty ships call there. [1] Sixty called in May. [2]"


def test_what_repeats_is_left_out_unless_its_figures_differ() -> None:
    best = evidence("The harbour counted 40 ships on Monday.", 9.0)
    same = evidence("The harbour counted 40 ships on Monday, again.", 8.9, 200)
    other = evidence("The harbour counted 55 ships on Monday.", 8.8, 300)
    assert [quote.passage_id for quote in draft_of(best, same, other).quotes] == ["p100", "p300"]


def test_no_more_than_a_few_sentences_are_quoted() -> None:
    subjects = ("Ships came.", "Gulls screamed.", "Nets dried.", "Bells rang.", "Rain fell.")
    unlikely = [evidence(text, 9.0, 100 * n)._replace(relevance=-1.0) for n, text in enumerate(subjects, 1)]
    assert [quote.marker for quote in draft_of(*unlikely).quotes] == list(range(1, TUNING.most_sentences + 1))


def test_a_list_of_names_ends_too() -> None:
    cities = (
        "Ankara",
        "Berne",
        "Cairo",
        "Delhi",
        "Essen",
        "Florence",
        "Genoa",
        "Havana",
        "Izmir",
        "Jakarta",
        "Lagos",
        "Porto",
    )
    found = [evidence(f"{city} has trams.", 9.0, 100 * n) for n, city in enumerate(cities, 1)]
    assert [quote.marker for quote in draft_of(*found).quotes] == list(range(1, TUNING.most_names + 1))


def test_who_is_named_already_is_not_named_again() -> None:
    best = evidence("Ankara and Berne have trams.", 9.0)
    again = evidence("Berne got its first tram in 1890, drawn by horses up the hill.", 7.5, 200)
    assert [quote.passage_id for quote in draft_of(best, again).quotes] == ["p100"]


def test_without_evidence_the_draft_is_empty() -> None:
    assert draft_of() == Draft(text="")
