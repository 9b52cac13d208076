"""The interval of a share that is 0 or 1, where every resample is the same and the bootstrap has no width."""

from math import sqrt

Z = 1.959964  # of the normal distribution, for 95 %


def share_interval(successes: float, n: int) -> tuple[float, float]:
    """95 % interval of a share of n independent questions: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n).

    Of no failure among 20 it is 0.84 to 1. Source: Wilson 1927, "Probable Inference, the Law of Succession, and
    Statistical Inference".
    """
    p, z2 = successes / n, Z * Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return (0.0 if successes == 0 else low), (1.0 if successes == n else high)
