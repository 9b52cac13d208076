"""What unrelated texts score, by numbers that can be worked out by hand."""

import math

import numpy as np
import pytest

from askcorpus.embedding.baseline import LANGUAGE_PRIOR, PRIOR, SAMPLE, Background, Sample, blend


def at(*similarities: float) -> np.ndarray:
    """Unit vectors of these similarities to the question ``[1, 0]``."""
    return np.array([(s, math.sqrt(1 - s * s)) for s in similarities], np.float32)


QUESTION = np.array([1, 0], np.float32)


def test_similarity_counts_in_standard_deviations_above_the_background() -> None:
    assert Background(0.4, 0.1).standing(0.7) == pytest.approx(3.0)
    assert Background(0.4, 0.1).standing(0.3) == pytest.approx(-1.0)


def test_a_background_without_spread_gives_a_finite_standing() -> None:
    """A corpus of one passage: there is nothing it could differ from."""
    assert Background(0.4, 0.0).standing(0.4) == 0.0
    assert math.isfinite(Background(0.4, 0.0).standing(1.0))


def test_each_language_is_measured_from_its_own_zero() -> None:
    background = Background(0.4, 0.1, {"en": 0.1, "fr": -0.05})
    assert background.standing(0.7, "en") == pytest.approx(2.0)
    assert background.standing(0.7, "fr") == pytest.approx(3.5)
    assert background.standing(0.7, "de") == background.standing(0.7, "") == pytest.approx(3.0)


def test_a_sample_tells_mean_spread_and_what_each_language_is_worth() -> None:
    """Twenty passages of a language are believed half; the lower quartile of eight equal numbers is that number."""
    english, french = at(*[0.5] * LANGUAGE_PRIOR), at(*[0.3] * LANGUAGE_PRIOR)
    sample = Sample(np.concatenate([english, french, french, french]), {"en": english, "fr": french})
    background = sample.background(QUESTION)
    assert background.mean == pytest.approx(0.35, abs=1e-6)
    assert background.deviation == pytest.approx(math.sqrt(0.25 * 0.15**2 + 0.75 * 0.05**2), abs=1e-6)
    assert background.advantages == pytest.approx({"en": 0.1, "fr": 0.0}, abs=1e-6)


def test_what_a_language_says_on_the_subject_is_no_advantage_of_the_language() -> None:
    """Half of the French passages are about what is asked: that must not count against them."""
    english = at(*[0.3] * 40)
    french = at(*[0.3] * 20, *[0.9] * 20)
    background = Sample(np.concatenate([english, french]), {"en": english, "fr": french}).background(QUESTION)
    assert background.advantages == pytest.approx({"en": 0.0, "fr": 0.0}, abs=1e-6)


def test_an_empty_sample_knows_nothing() -> None:
    assert Sample(np.empty((0, 2), np.float32), {}).background(QUESTION) == (0.0, 0.0, {})


def test_an_empty_corpus_is_measured_by_the_strangers_alone() -> None:
    assert blend(Background(0.0, 0.0), 0, Background(0.3, 0.1))[:2] == pytest.approx((0.3, 0.1))


def test_a_corpus_as_large_as_the_prior_counts_half() -> None:
    """The mean of the means, and the root of the mean of the variances: sqrt((0.06² + 0.08²) / 2)."""
    blended = blend(Background(0.2, 0.06, {"fr": 0.02}), PRIOR, Background(0.4, 0.08))
    assert blended[:2] == pytest.approx((0.3, 0.0707), abs=1e-4)
    assert blended.advantages == {"fr": 0.02}


def test_beyond_the_sample_size_does_not_matter() -> None:
    large = blend(Background(0.2, 0.06), SAMPLE, Background(0.4, 0.08))
    assert blend(Background(0.2, 0.06), 100 * SAMPLE, Background(0.4, 0.08)) == large
    assert 0.2 < large.mean < 0.22, "the corpus's own background prevails, and never entirely"
