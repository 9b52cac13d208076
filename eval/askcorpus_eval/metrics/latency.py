"""Latency of answers."""

import numpy as np
from numpy.typing import NDArray


def percentile(milliseconds: NDArray[np.float64], percent: float) -> float:
    """The time that ``percent`` per cent of the questions stay below, linear between the two nearest.

    With times t_1 ≤ … ≤ t_n and h = (n − 1)·percent/100: t_{⌊h⌋+1} + (h − ⌊h⌋)·(t_{⌊h⌋+2} − t_{⌊h⌋+1}). Source: Hyndman
    and Fan 1996, "Sample Quantiles in Statistical Packages", definition 7.
    """
    return float(np.percentile(milliseconds, percent)) if len(milliseconds) else np.nan
