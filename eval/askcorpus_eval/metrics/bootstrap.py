"""How much of a figure is chance: intervals and paired tests by resampling questions. Seeded, so repeatable."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
RESAMPLES = 1000
PERMUTATIONS = 2000
CHUNK = 2_000_000  # numbers drawn at once: bounds the memory for large sets


def mean_interval(values: Floats, resamples: int = RESAMPLES) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean of ``values``; the bounds are equal for one value.

    The 2.5th and 97.5th percentile of the means of ``resamples`` samples of n, drawn with replacement. Source: Efron
    and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13.
    """
    rng = np.random.default_rng(0)
    n = len(values)
    means = [values[rng.integers(0, n, (rows, n))].mean(axis=1) for rows in _chunks(resamples, n)]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return float(low), float(high)


def interval(
    statistic: Callable[..., float], columns: tuple[NDArray[Any], ...], resamples: int = RESAMPLES
) -> tuple[float, float]:
    """The same for any statistic of parallel columns; resamples on which it is undefined (NaN) are left out."""
    rng = np.random.default_rng(0)
    n = len(columns[0])
    draws = (rng.integers(0, n, n) for _ in range(resamples))
    values = np.array([statistic(*(column[draw] for column in columns)) for draw in draws])
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def difference_interval(
    difference: Callable[[NDArray[np.intp]], float], n: int, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """95 % paired bootstrap interval: ``difference(rows)`` is the difference of two runs on those question rows.

    Source: Efron and Tibshirani 1993; Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation".
    """
    rng = np.random.default_rng(0)
    values = np.array([difference(rng.integers(0, n, n)) for _ in range(resamples)])
    if np.isnan(values).all():
        return np.nan, np.nan
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def randomisation_p(
    difference: Callable[[NDArray[np.bool_]], float], n: int, permutations: int = PERMUTATIONS
) -> float:
    """Two-sided p of a paired randomisation test: how often is the difference as large when labels are shuffled?

    ``difference(swapped)`` is the difference of the two runs after swapping their results on the rows marked. p = (1 +
    |{s : |difference(s)| ≥ |difference(none)|}|) / (1 + permutations), each row swapped with chance ½. Source: Noreen
    1989, "Computer-Intensive Methods for Testing Hypotheses"; Smucker, Allan and Carterette 2007, "A Comparison of
    Statistical Significance Tests for Information Retrieval Evaluation".
    """
    rng = np.random.default_rng(0)
    observed = abs(difference(np.zeros(n, dtype=bool)))
    if np.isnan(observed):
        return np.nan
    as_large = sum(
        abs(difference(rng.random(n) < 0.5)) >= observed - 1e-12 for _ in range(permutations)
    )  # the margin: sums in another order differ in their last digits
    return (1 + as_large) / (1 + permutations)


def _chunks(total: int, width: int) -> list[int]:
    size = max(1, CHUNK // max(1, width))
    return [min(size, total - start) for start in range(0, total, size)]
