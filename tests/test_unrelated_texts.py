"""The unrelated texts that a question's similarities are read against."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.embedding.unrelated_texts import UnrelatedTexts
from askcorpus.embedding.unrelated_texts import unrelated_texts as texts


@pytest.fixture(scope="module")
def unrelated_texts(embeddings: SentenceEmbeddings) -> UnrelatedTexts:
    return UnrelatedTexts(embeddings)


def vector(embeddings: SentenceEmbeddings, text: str) -> np.ndarray:
    return np.array(embeddings.embed_query(text), np.float32)


def test_the_baseline_is_below_what_answers(unrelated_texts: UnrelatedTexts, embeddings: SentenceEmbeddings) -> None:
    question = vector(embeddings, "When will the ferry to Molde sail again?")
    answer, stranger = embeddings.embed_sentences(
        ["The ferry to Molde sails again from Tuesday.", "Pour the batter into a buttered tin."]
    )
    mean, deviation, _ = unrelated_texts.baseline(question)
    assert 0 < deviation < 0.5
    assert answer @ question > mean + 3 * deviation
    assert stranger @ question < mean + 3 * deviation


def test_threads_that_ask_first_together_get_the_same(embeddings: SentenceEmbeddings) -> None:
    fresh = UnrelatedTexts(embeddings)
    asked = vector(embeddings, "Who won the election?")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(fresh.baseline, [asked] * 4))
    assert all(one == found[0] for one in found)


def test_unrelated_texts_are_less_alike_than_two_reports_of_one_event(
    unrelated_texts: UnrelatedTexts, embeddings: SentenceEmbeddings
) -> None:
    one, other = embeddings.embed_sentences(
        ["The ferry to Molde sails again from Tuesday.", "From Tuesday the Molde ferry is back in service."]
    )
    assert unrelated_texts.among_themselves().z_score(float(one @ other)) > 2.5


def test_the_unrelated_texts_are_compared_once(unrelated_texts: UnrelatedTexts) -> None:
    """Done with every question, it would cost more than the search."""
    assert unrelated_texts.among_themselves() is unrelated_texts.among_themselves()


def test_the_vectors_that_come_with_the_package_are_the_model_s_own(embeddings: SentenceEmbeddings) -> None:
    unread = SentenceEmbeddings()
    told = UnrelatedTexts(unread).among_themselves()
    assert unread._model is None, "they were computed: python scripts/unrelated_vectors.py"
    vectors = embeddings.embed_sentences(texts())
    similarities = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    assert np.allclose([told.mean, told.deviation], [similarities.mean(), similarities.std()], atol=2e-3)


def test_with_another_prompt_the_vectors_are_others(embeddings: SentenceEmbeddings) -> None:
    prompted = UnrelatedTexts(SentenceEmbeddings(passage_prompt="poem: "))
    assert prompted.among_themselves() != UnrelatedTexts(embeddings).among_themselves()
