"""BM25 with the formula of SQLite's FTS5, for what FTS5 itself does not score.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009).
"""

from collections.abc import Iterable
from math import log

K1 = 1.2
B = 0.75
LEAST = 1e-6
"""Weight of a term that stands in half of the passages or more."""


def weight(passages: int, found: int) -> float:
    """The inverse document frequency of a term that stands in ``found`` of the passages."""
    idf = log((passages - found + 0.5) / (found + 0.5))
    return idf if idf > 0 else LEAST


def score(occurrences: Iterable[tuple[float, int]], size: int, mean: float) -> float:
    """The score (above 0) of a passage of ``size`` terms where ``mean`` is usual, of the weight of each term and how
    often it occurs; equal to the last bit to what FTS5 adds up in the same order."""
    total = 0.0
    for idf, times in occurrences:
        total += idf * ((times * (K1 + 1.0)) / (times + K1 * (1 - B + B * size / mean)))
    return total
