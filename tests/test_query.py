"""A question, read alone and within its conversation."""

import numpy as np
import pytest

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.embedding.unrelated_texts import UnrelatedTexts
from askcorpus.errors import UsageError
from askcorpus.search.query import LONGEST_QUESTION, Query, check_question, in_small_letters, read_query
from askcorpus.types import Turn

FERRY = (
    Turn(role="user", text="When does the ferry to Molde sail again?"),
    Turn(role="assistant", text="The ferry to Molde sails again from Tuesday. [1]"),
)


@pytest.fixture(scope="module")
def unrelated_texts(embeddings: SentenceEmbeddings) -> UnrelatedTexts:
    return UnrelatedTexts(embeddings)


@pytest.mark.parametrize("empty", ["", "  \n\t ", "\u3000"])
def test_an_empty_question_is_refused(empty: str) -> None:
    with pytest.raises(UsageError, match="empty"):
        check_question(empty)


def test_the_longest_question_is_read_and_one_character_more_is_not() -> None:
    assert len(check_question(f" {'x' * LONGEST_QUESTION} ")) == LONGEST_QUESTION == 10_000
    with pytest.raises(UsageError, match="10,001"):
        check_question("x" * (LONGEST_QUESTION + 1))


def test_half_a_character_is_replaced_and_a_whole_one_is_kept() -> None:
    assert check_question("who\ud800 rang?") == "who\ufffd rang?"
    assert check_question("\ud83d\ude00?") == "😀?"
    assert check_question(" 谁 😀? ") == "谁 😀?"


def test_without_history_there_is_one_reading(unrelated_texts: UnrelatedTexts, embeddings: SentenceEmbeddings) -> None:
    query = read_query("Qui dirige le port en mai 2021 ?", (), embeddings, unrelated_texts)
    assert query.question == query.standalone
    assert (query.language, query.period) == ("fr", "2021-05")
    assert query.vectors.shape == (1, embeddings.dimension)
    assert len(query.terms) == len(query.baselines) == 1
    assert "port" in query.terms[0]


def test_a_term_that_is_said_twice_counts_once(unrelated_texts: UnrelatedTexts, embeddings: SentenceEmbeddings) -> None:
    (terms,) = read_query("ferry, Ferry, FERRY", (), embeddings, unrelated_texts).terms
    assert len(terms) == len(set(terms))
    assert "ferry" in terms


def test_a_follow_up_is_read_alone_and_after_what_was_said(
    unrelated_texts: UnrelatedTexts, embeddings: SentenceEmbeddings
) -> None:
    query = read_query("And what did its engine cost?", FERRY, embeddings, unrelated_texts)
    assert query.question == "And what did its engine cost?"
    assert query.standalone == "\n".join([FERRY[0].text, FERRY[1].text.removesuffix(" [1]"), query.question])
    assert len(query.vectors) == len(query.terms) == len(query.baselines) == 2
    assert "molde" not in query.terms[0] and "molde" in query.terms[1]
    assert np.allclose(query.vectors[0], embeddings.embed_query(query.question), atol=1e-5)


def test_a_long_conversation_is_remembered_in_part(
    unrelated_texts: UnrelatedTexts, embeddings: SentenceEmbeddings
) -> None:
    history = [Turn(role="user", text=f"subject{n} {'x' * 5_000}") for n in range(9)]
    standalone = read_query("And then?", history, embeddings, unrelated_texts).standalone
    assert "subject8" in standalone and "subject0" not in standalone
    assert len(standalone) < 1_200
    assert standalone.endswith("And then?")


def test_a_rewritten_question_is_the_only_reading(
    unrelated_texts: UnrelatedTexts, embeddings: SentenceEmbeddings
) -> None:
    rewritten = "What did the engine of the Molde ferry cost in 2022?"
    query = read_query("And its engine?", FERRY, embeddings, unrelated_texts, standalone=rewritten)
    assert (query.question, query.standalone, query.period) == ("And its engine?", rewritten, "2022")
    assert len(query.vectors) == 1


def test_a_follow_up_too_short_to_tell_has_the_language_of_the_turn_before(
    unrelated_texts: UnrelatedTexts, embeddings: SentenceEmbeddings
) -> None:
    def language(question: str, history: tuple[Turn, ...]) -> str:
        query: Query = read_query(question, history, embeddings, unrelated_texts)
        return query.language

    asked = (Turn(role="user", text="Combien de navires font escale au port chaque jour ?"),)
    replied = (*asked, Turn(role="assistant", text="Forty ships a day call there since the works ended."))
    assert language("2021 ?", ()) == ""
    assert language("2021 ?", asked) == language("2021 ?", replied) == "fr"
    assert language("Who is the captain of the ship?", replied) == "en"


@pytest.mark.parametrize(
    ("question", "language", "read"),
    [
        ("WHICH STATES RECOGNIZED DONETSK?", "en", "which states recognized donetsk?"),
        ("DEPREMDE KAÇ KİŞİ ÖLDÜ? IRMAK NEREDE?", "tr", "depremde kaç kişi öldü? ırmak nerede?"),
        ("NATO", "en", "NATO"),
        ("US NATO", "en", "US NATO"),
        ("Who leads NATO?", "en", "Who leads NATO?"),
        ("谁赢了 NATO?", "zh", "谁赢了 NATO?"),
    ],
)
def test_a_question_in_capitals_is_read_in_small_letters(question: str, language: str, read: str) -> None:
    assert in_small_letters(question, language) == read


def test_what_is_asked_in_capitals_is_looked_for_in_small_letters(
    embeddings: SentenceEmbeddings, unrelated_texts: UnrelatedTexts
) -> None:
    query = read_query("WHO OPENED THE BRIDGE?", (), embeddings, unrelated_texts)
    small = read_query("who opened the bridge?", (), embeddings, unrelated_texts)
    assert (query.question, query.standalone) == ("WHO OPENED THE BRIDGE?", "WHO OPENED THE BRIDGE?")
    assert query.read_as == small.read_as
    assert np.array_equal(query.vectors, small.vectors)
