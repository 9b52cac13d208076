"""The strangers that a question's similarities are read against."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from askcorpus.cohort import PRIOR, SAMPLE, Cohort, blend
from askcorpus.embeddings import SentenceEmbeddings


@pytest.fixture(scope="module")
def cohort(embeddings: SentenceEmbeddings) -> Cohort:
    return Cohort(embeddings)


def vector(embeddings: SentenceEmbeddings, text: str) -> np.ndarray:
    return np.array(embeddings.embed_query(text), np.float32)


def test_the_background_is_below_what_answers(cohort: Cohort, embeddings: SentenceEmbeddings) -> None:
    question = vector(embeddings, "When will the ferry to Molde sail again?")
    answer, stranger = embeddings.embed_sentences(
        ["The ferry to Molde sails again from Tuesday.", "Pour the batter into a buttered tin."]
    )
    mean, deviation = cohort.background(question)
    assert 0 < deviation < 0.5
    assert answer @ question > mean + 3 * deviation
    assert stranger @ question < mean + 3 * deviation


def test_threads_that_ask_first_together_get_the_same(embeddings: SentenceEmbeddings) -> None:
    fresh = Cohort(embeddings)
    asked = vector(embeddings, "Who won the election?")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(fresh.background, [asked] * 4))
    assert len(set(found)) == 1


def test_an_empty_corpus_is_measured_by_the_strangers_alone() -> None:
    assert blend((0.0, 0.0), 0, (0.3, 0.1)) == pytest.approx((0.3, 0.1))


def test_a_corpus_as_large_as_the_prior_counts_half() -> None:
    """The mean of the means, and the root of the mean of the variances: sqrt((0.06² + 0.08²) / 2)."""
    assert blend((0.2, 0.06), PRIOR, (0.4, 0.08)) == pytest.approx((0.3, 0.0707), abs=1e-4)


def test_beyond_the_sample_size_does_not_matter() -> None:
    large = blend((0.2, 0.06), SAMPLE, (0.4, 0.08))
    assert blend((0.2, 0.06), 100 * SAMPLE, (0.4, 0.08)) == large
    assert 0.2 < large[0] < 0.22, "the corpus's own background prevails, and never entirely"
