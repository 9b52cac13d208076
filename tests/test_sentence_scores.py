"""The sentences of the passages found, weighed."""

from collections.abc import Iterator

import pytest

from askcorpus.answer.sentence_scores import (
    COVERAGE_FLOOR,
    COVERAGE_WEIGHT,
    FRAGMENT_PENALTY,
    RANK_WEIGHT,
    READ_ALONE,
    ScoredSentence,
    score_sentences,
)
from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.search.query import read_query
from askcorpus.types import Filters
from asking import ARTICLES, open_over

LETTERS = {
    "heading": "The price of salt in Setermoen\n\nSalt was dear that winter. A sack of it cost 90 kroner.",
    "asked": "What did a sack of salt cost in Setermoen? Nobody in the valley could say.",
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("evidence"), embeddings, ARTICLES | LETTERS) as assistant:
        yield assistant


def weighed(assistant: Assistant, question: str, filters: Filters = Filters()) -> tuple[ScoredSentence, ...]:
    query = read_query(question, (), assistant.embeddings, assistant.unrelated_texts)
    with assistant.store.snapshot() as index:
        retrieval = assistant.retriever.retrieve(index, query, filters, 8)
    return score_sentences(retrieval, assistant.embeddings)


def test_every_sentence_stands_where_it_says_and_the_best_is_first(assistant: Assistant) -> None:
    evidence = weighed(assistant, "What did the new engine of the ferry cost?")
    assert 1 < len(evidence) <= READ_ALONE
    for one in evidence:
        document = assistant.store.document(one.hit.document_id)
        assert document is not None
        assert document.text[one.span.start : one.span.end] == one.text == one.text.strip()
        assert one.hit.start <= one.span.start < one.span.end <= one.hit.end
        assert 0 <= one.coverage <= 1 and -1 <= one.similarity <= 1
    scores = [one.score for one in evidence]
    assert scores == sorted(scores, reverse=True)
    assert "12 million" in evidence[0].text


def test_a_french_sentence_answers_an_english_question(assistant: Assistant) -> None:
    best = weighed(assistant, "When did the bridge of Kerlouan reopen?")[0]
    assert best.text == "Le pont de Kerlouan a rouvert lundi après deux ans de travaux."
    assert best.hit.language == "fr"


def test_headings_are_marked_down_and_questions_left_out(assistant: Assistant) -> None:
    """What is left of the score without the parts that are known from elsewhere is the penalty, or nothing."""
    rest = {
        one.text: one.score
        - one.z_score
        - RANK_WEIGHT * one.hit.scores.fused
        - COVERAGE_WEIGHT * max(0.0, one.coverage - COVERAGE_FLOOR)
        for one in weighed(assistant, "Why was a sack of salt so dear in Setermoen?")
    }
    assert rest["The price of salt in Setermoen"] == pytest.approx(-FRAGMENT_PENALTY)
    assert "What did a sack of salt cost in Setermoen?" not in rest
    assert rest["Salt was dear that winter."] == pytest.approx(0.0)


def test_a_figure_counts_where_a_figure_is_asked_for(assistant: Assistant) -> None:
    def ahead(question: str) -> float:
        scores = {one.text: one.score for one in weighed(assistant, question, Filters(date_to="2021-03"))}
        figure = "Farmers of Vik brought their sheep back to the slopes and counted 40 of them lost."
        return scores[figure] - scores["The volcano of Hestfell was quiet again."]

    assert ahead("How many sheep were lost at Hestfell?") > ahead("Were sheep lost at Hestfell?")


def test_the_words_of_the_question_are_covered_by_their_weight(assistant: Assistant) -> None:
    evidence = weighed(assistant, "Radja")
    by_cover = {one.text: one.coverage for one in evidence}
    assert by_cover["The zoo of Basel has a new lion named Radja."] == pytest.approx(1.0)
    assert min(by_cover.values()) == 0.0


def test_without_passages_there_is_no_evidence(assistant: Assistant) -> None:
    assert weighed(assistant, "Who rang?", Filters(languages=("sw",))) == ()
