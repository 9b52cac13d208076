"""The sentences of the passages found, read and weighed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from askcorpus.answer.sentence_scores import ScoredSentence, score_sentences
from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.search.query import read_query
from askcorpus.tuning import TUNING
from askcorpus.types import Filters, Turn
from asking import open_over

WEIGHTS = {"answer_score": 0.5, "relevance": 0.25, "passage": 0.1, "standing": 1.0}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("sentences"), embeddings) as assistant:
        yield assistant


def weighed(
    assistant: Assistant, question: str, *history: Turn, filters: Filters = Filters(), reading: int = 0
) -> tuple[ScoredSentence, ...]:
    query = read_query(question, history, assistant.embeddings, assistant.unrelated_texts)
    with assistant.store.snapshot() as index:
        retrieval = assistant.retriever.retrieve(index, query, filters, 20)
    return score_sentences(retrieval, assistant.reader, WEIGHTS, reading)


def test_every_sentence_and_its_answer_stand_where_they_say_and_the_best_is_first(assistant: Assistant) -> None:
    sentences = weighed(assistant, "What did the new engine of the ferry cost?")
    assert len({one.hit.passage_id for one in sentences}) <= TUNING.read < len(sentences)
    for one in sentences:
        document = assistant.store.document(one.hit.document_id)
        assert document is not None
        assert document.text[one.span.start : one.span.end] == one.text == one.text.strip()
        assert document.text[one.answer.start : one.answer.end] == one.answer_text == one.answer_text.strip() != ""
        assert one.span.start <= one.answer.start < one.answer.end <= one.span.end
    scores = [one.score for one in sentences]
    assert scores == sorted(scores, reverse=True)
    assert "12 million" in sentences[0].answer_text


def test_a_score_is_the_weighted_sum_of_the_measurements(assistant: Assistant) -> None:
    best = weighed(assistant, "When did the bridge of Kerlouan reopen?")[0]
    parts = 0.5 * best.answer_score + 0.25 * best.relevance + 0.1 * best.passage + 1.0 * best.standing
    assert best.score == pytest.approx(parts)


def test_a_french_sentence_answers_an_english_question(assistant: Assistant) -> None:
    best = weighed(assistant, "When did the bridge of Kerlouan reopen?")[0]
    assert best.text == "Le pont de Kerlouan a rouvert lundi après deux ans de travaux."
    assert best.hit.language == "fr"


def test_sentences_stand_out_among_those_that_were_read(assistant: Assistant) -> None:
    """Standard scores: their mean is 0, their mean square 1, but for what very like sentences are kept apart by."""
    standing = [one.standing for one in weighed(assistant, "Who is the captain of the ferry?")]
    assert sum(standing) == pytest.approx(0.0, abs=1e-3)
    assert sum(value**2 for value in standing) / len(standing) == pytest.approx(1.0, abs=0.1)


def test_a_follow_up_is_read_with_the_question_before_it(assistant: Assistant) -> None:
    before = Turn(role="user", text="When did the bridge of Kerlouan reopen?")
    alone = weighed(assistant, "Who cut the ribbon?", before)
    together = weighed(assistant, "And who was there?", before, reading=1)
    assert "Yann Le Goff" in alone[0].text
    assert "Kerlouan" in together[0].hit.text


def test_a_sentence_that_asks_answers_nothing(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    asking = "Who built the bridge of Orvik? When was the bridge of Orvik built?"
    articles = {
        "answered": f"{asking} The bridge is a work of Ada Strand, and is from 1974.",
        "said": "« Who built the bridge of Orvik ? »\n\nNobody in the village knew.",
    }
    for only, best in ((articles, "The bridge is a work"), ({"asked": asking}, "Who built the bridge of Orvik?")):
        folder = tmp_path / str(len(only))
        with open_over(folder, embeddings, only) as assistant:
            sentences = weighed(assistant, "Who built the bridge of Orvik?")
            assert sentences[0].text.startswith(best)
            assert len(only) == 1 or not any("?" in one.text for one in sentences)


def test_without_passages_there_are_no_sentences(assistant: Assistant) -> None:
    assert weighed(assistant, "Who rang?", filters=Filters(languages=("sw",))) == ()
