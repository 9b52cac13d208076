"""Intervals and paired tests by resampling questions; seeded, so repeatable."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
RESAMPLES = 1000
PERMUTATIONS = 2000
CHUNK = 2_000_000  # numbers drawn at once: bounds the memory for large sets


def mean_interval(values: Floats) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean of ``values``; the bounds are equal for one value.

    The 2.5th and 97.5th percentile of the means of ``RESAMPLES`` samples of n, drawn with replacement. Source: Efron
    and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13.
    """
    return _interval(np.mean, values, vectorized=True)


def interval(
    statistic: Callable[..., float], columns: tuple[NDArray[Any], ...], centre: float | None = None
) -> tuple[float, float]:
    """The same for any statistic of parallel columns; resamples on which it is undefined (NaN) are left out.

    ``centre`` is the value of a statistic that resampling makes larger, such as a sum of absolute gaps, to which noise
    adds: the resamples are shifted so that their mean is ``centre``, which their interval could otherwise miss.
    """
    return difference_interval(lambda rows: statistic(*(column[rows] for column in columns)), len(columns[0]), centre)


def difference_interval(
    difference: Callable[[NDArray[np.intp]], float], n: int, centre: float | None = None
) -> tuple[float, float]:
    """95 % paired bootstrap interval: ``difference(rows)`` is the difference of two runs on those question rows.
    ``centre`` is as for ``interval``.

    Source: Efron and Tibshirani 1993; Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation".
    """
    return _interval(difference, np.arange(n), centre=centre)


def randomisation_p(
    difference: Callable[[NDArray[np.bool_]], float], n: int, permutations: int = PERMUTATIONS
) -> float:
    """Two-sided p of a paired randomisation test: how often is the difference as large when labels are shuffled?

    ``difference(swapped)`` is the difference of the two runs after swapping their results on the rows marked. p = (1 +
    |{s : |difference(s)| ≥ |difference(none)|}|) / (1 + permutations), each row swapped with chance ½. Where there are
    no more ways to swap than ``permutations``, each is tried once and p is their share, exactly. Source: Noreen 1989,
    "Computer-Intensive Methods for Testing Hypotheses"; Smucker, Allan and Carterette 2007, "A Comparison of
    Statistical Significance Tests for Information Retrieval Evaluation".
    """
    from scipy.stats import permutation_test

    def size(swapped: NDArray[np.bool_], _: NDArray[np.bool_]) -> float:
        return float(abs(difference(swapped)))

    in_place, swapped = np.zeros(n, dtype=bool), np.ones(n, dtype=bool)
    if np.isnan(size(in_place, swapped)):
        return np.nan
    if n == 1:  # scipy wants two rows; both ways to swap one give the same size
        return 1.0
    test = permutation_test(
        (in_place, swapped),
        size,
        permutation_type="samples",
        alternative="greater",
        n_resamples=permutations,
        batch=_batch(n),
        rng=np.random.default_rng(0),
    )
    return float(test.pvalue)


def _interval(
    statistic: Callable[..., Any],
    sample: NDArray[Any],
    *,
    vectorized: bool = False,
    centre: float | None = None,
) -> tuple[float, float]:
    from scipy.stats import DegenerateDataWarning, bootstrap

    if len(sample) == 1:  # scipy wants two; every resample of one is itself
        return float(statistic(sample)), float(statistic(sample))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)  # some resample is undefined, and is left out below
        drawn = bootstrap(
            (sample,),
            statistic,
            n_resamples=RESAMPLES,
            batch=_batch(len(sample)),
            vectorized=vectorized,
            method="percentile",
            rng=np.random.default_rng(0),
        ).bootstrap_distribution
    if np.isnan(drawn).all():
        return np.nan, np.nan
    if centre is not None:
        drawn = drawn - np.nanmean(drawn) + centre
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _batch(width: int) -> int:
    return max(1, CHUNK // max(1, width))
