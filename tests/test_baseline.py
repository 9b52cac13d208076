"""What unrelated texts score, by numbers that can be worked out by hand."""

import math

import numpy as np
import pytest

from askcorpus.embedding.baseline import SAMPLE, Sample, ScoreBaseline, blend
from askcorpus.tuning import TUNING


def at(*similarities: float) -> np.ndarray:
    """Unit vectors of these similarities to the question ``[1, 0]``."""
    return np.array([(s, math.sqrt(1 - s * s)) for s in similarities], np.float32)


QUESTION = np.array([1, 0], np.float32)


def test_similarity_counts_in_standard_deviations_above_the_background() -> None:
    assert ScoreBaseline(0.4, 0.1).z_score(0.7) == pytest.approx(3.0)
    assert ScoreBaseline(0.4, 0.1).z_score(0.3) == pytest.approx(-1.0)


def test_a_baseline_without_spread_gives_a_finite_standing() -> None:
    """A corpus of one passage: there is nothing it could differ from."""
    assert ScoreBaseline(0.4, 0.0).z_score(0.4) == 0.0
    assert math.isfinite(ScoreBaseline(0.4, 0.0).z_score(1.0))


def test_each_language_is_measured_from_its_own_zero() -> None:
    baseline = ScoreBaseline(0.4, 0.1, {"en": 0.1, "fr": -0.05})
    assert baseline.z_score(0.7, "en") == pytest.approx(2.0)
    assert baseline.z_score(0.7, "fr") == pytest.approx(3.5)
    assert baseline.z_score(0.7, "de") == baseline.z_score(0.7, "") == pytest.approx(3.0)


def test_a_sample_tells_mean_spread_and_what_each_language_is_worth() -> None:
    """Twenty passages of a language are believed half; the lower quartile of eight equal numbers is that number."""
    english, french = at(*[0.5] * int(TUNING.language_prior)), at(*[0.3] * int(TUNING.language_prior))
    sample = Sample(np.concatenate([english, french, french, french]), {"en": english, "fr": french})
    baseline = sample.baseline(QUESTION)
    assert baseline.mean == pytest.approx(0.35, abs=1e-6)
    assert baseline.deviation == pytest.approx(math.sqrt(0.25 * 0.15**2 + 0.75 * 0.05**2), abs=1e-6)
    assert baseline.language_bias == pytest.approx({"en": 0.1, "fr": 0.0}, abs=1e-6)


def test_what_a_language_says_on_the_subject_is_no_advantage_of_the_language() -> None:
    """Half of the French passages are about what is asked: that must not count against them."""
    english = at(*[0.3] * 40)
    french = at(*[0.3] * 20, *[0.9] * 20)
    baseline = Sample(np.concatenate([english, french]), {"en": english, "fr": french}).baseline(QUESTION)
    assert baseline.language_bias == pytest.approx({"en": 0.0, "fr": 0.0}, abs=1e-6)


def test_an_empty_sample_knows_nothing() -> None:
    assert Sample(np.empty((0, 2), np.float32), {}).baseline(QUESTION) == (0.0, 0.0, {})


def test_an_empty_corpus_is_measured_by_the_strangers_alone() -> None:
    assert blend(ScoreBaseline(0.0, 0.0), 0, ScoreBaseline(0.3, 0.1))[:2] == pytest.approx((0.3, 0.1))


def test_a_corpus_as_large_as_the_prior_counts_half() -> None:
    """The mean of the means, and the root of the mean of the variances: sqrt((0.06² + 0.08²) / 2)."""
    blended = blend(ScoreBaseline(0.2, 0.06, {"fr": 0.02}), int(TUNING.corpus_prior), ScoreBaseline(0.4, 0.08))
    assert blended[:2] == pytest.approx((0.3, 0.0707), abs=1e-4)
    assert blended.language_bias == {"fr": 0.02}


def test_beyond_the_sample_size_does_not_matter() -> None:
    large = blend(ScoreBaseline(0.2, 0.06), SAMPLE, ScoreBaseline(0.4, 0.08))
    assert blend(ScoreBaseline(0.2, 0.06), 100 * SAMPLE, ScoreBaseline(0.4, 0.08)) == large
    assert 0.2 < large.mean < 0.22, "the corpus's own baseline prevails, and never entirely"
