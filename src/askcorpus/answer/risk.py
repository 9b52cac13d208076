"""An ordered error rate: from which confidence on answers are wrong no more often than somebody allows.

From questions with known answers follows, for every threshold of the confidence, how many answers would have been given
and how many of them wrong. A threshold is certified when so few wrong ones would be a chance of less than 5 % if the
true rate were above the ordered one: the tail of the binomial distribution, which is Clopper and Pearson's exact bound
(1934, "The use of confidence or fiducial limits illustrated in the case of the binomial"). Looking for the best of many
thresholds finds lucky ones, so they are tested in a fixed order, from the strictest down to the first that fails: then
all certified ones together are wrong with a chance of 5 % at most, however many there are ("Learn then Test" by
Angelopoulos, Bates, Candès, Jordan and Lei 2021, section on fixed-sequence testing; the aim is that of Geifman and
El-Yaniv 2017, "Selective Classification for Deep Neural Networks", who divide the 5 % among the thresholds instead).

**Where the walk starts.** At the strictest thresholds so few answers are given that none could be certified, or only
without a single wrong one, and the walk would end before it began. It starts at the first threshold at which a tenth of
the known answers are given, and as many as can certify the rate at all (59 for 5 %); or a few more, where these allow
one more wrong one (93 for 5 %). That is read from the number of answers and their confidences alone, never from which
of them are right, so it needs no correction. In simulations (seven relations of confidence and error, 80 to 1600
questions, rates of 2 to 20 %) the chance of a false promise stays below 5 %. A tenth answers 22 % of the questions in
the mean and refuses 49 % of the orders; the least number alone 20 % and 54 %; a fifth 24 % and 50 %, but less where
confidence tells little; several starts, the 5 % divided among them, answer less.

**Which certified threshold is taken.** The promise is about the true rate. Whoever checks it sees other answers, with a
chance of their own, and at the last certified threshold one check in eleven, by as many answers again, would fail. So
the walk goes on at 5 %, but beyond its start a threshold is taken only at ``TAKEN``: then one check in thirty fails,
for a tenth fewer answers.

The promise holds for questions like the known ones, asked of an index like theirs, and of no others.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from askcorpus.errors import UsageError

SURE = 0.95
"""How sure a promise is."""

TAKEN = 0.005
"""Tail of the binomial distribution up to which a certified threshold is taken."""

START = 0.1
"""Share of the known answers that are given where the walk starts."""

LOWEST, HIGHEST = 0.001, 0.5
"""The error rates that can be ordered."""

_STEPS = 1000
"""Thresholds are thousandths."""


class Outcomes(NamedTuple):
    """Questions whose right answers are known: how sure their answers are, and whether they are right.

    ``confidence`` (n,) in whole thousandths and ``right`` (n,) are of the answers that are given where every threshold
    is passed; ``asked`` counts all questions, also those without any answer.
    """

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    asked: int

    @classmethod
    def of(cls, answers: Sequence[tuple[float, int]], asked: int | None = None) -> Self:
        """From pairs of confidence and right; ``asked`` is their number where every question was answered.

        Confidences are cut to thousandths, never rounded up: at every threshold the same answers count as are given.
        """
        confidence = np.array([confidence for confidence, _ in answers], np.float64)
        cut = np.rint(confidence * _STEPS)
        cut -= cut / _STEPS > confidence
        right = np.array([right for _, right in answers], np.bool_)
        return cls(cut / _STEPS, right, len(answers) if asked is None else asked)

    def pairs(self) -> list[tuple[float, Literal[0, 1]]]:
        """Confidence and right (1 or 0) of each answer, as files hold them."""
        return [
            (round(c, 3), 1 if r else 0) for c, r in zip(self.confidence.tolist(), self.right.tolist(), strict=True)
        ]


class Promise(NamedTuple):
    """A certified threshold: of ``asked`` known questions ``given`` are answered at or above it, ``wrong`` wrongly."""

    max_error: float
    threshold: float
    given: int
    wrong: int
    asked: int

    @property
    def coverage(self) -> float:
        """The share of questions that are answered."""
        return self.given / self.asked

    def __str__(self) -> str:
        low, high = interval(self.given, self.asked)
        return (
            f"at most {percent(self.max_error)} of the answers are wrong, with 95 % confidence for questions like the "
            f"{self.asked} known ones: answered from confidence {self.threshold:g} on, which is "
            f"{100 * self.coverage:.0f} % of them ({100 * low:.0f} to {100 * high:.0f} %)"
        )


def order(outcomes: Outcomes, max_error: float) -> Promise:
    """The lowest threshold that keeps an error rate.

    Raises:
        UsageError: no threshold can be certified; the hint says which rate can be.
    """
    if found := certify(outcomes, max_error):
        return found
    answered, needed = len(outcomes.right), least(max_error)
    best = best_rate(outcomes)
    hint = "Measure more questions: askcorpus eval calibrate QUESTIONS."
    if best is not None:
        hint = f"With {answered} answered questions at best {percent(best)} can be promised. {hint}"
    wanted = f"An error rate of at most {percent(max_error)} cannot be promised"
    if answered < needed:
        raise UsageError(f"{wanted}: {answered} answered questions are known, {needed} without an error needed.", hint)
    raise UsageError(f"{wanted}: the surest of {answered} known answers are wrong too often.", hint)


def certify(outcomes: Outcomes, max_error: float) -> Promise | None:
    """The same, or None where no threshold can be certified."""
    start = _start(max_error, len(outcomes.right))
    found, before = None, 0
    for threshold, given, wrong in _walk(outcomes):
        if given < start or given == before:
            continue
        chance = binomial_tail(wrong, given, max_error)
        if chance > 1 - SURE:
            break
        if not before or chance <= TAKEN:
            found = Promise(max_error, threshold, given, wrong, outcomes.asked)
        before = given
    return found


def _start(max_error: float, answers: int) -> int:
    """How many of the known answers are given where the walk starts."""
    wanted = count = max(least(max_error), math.ceil(START * answers))
    wrong = 0
    while binomial_tail(wrong, count - 1, max_error) <= 1 - SURE:
        wrong += 1
    while binomial_tail(wrong, count, max_error) > 1 - SURE:
        count += 1
    return count if count <= answers else wanted


def _walk(outcomes: Outcomes) -> list[tuple[float, int, int]]:
    """Every threshold from the strictest down, with the answers given at or above it and the wrong ones of them."""
    thresholds = np.arange(_STEPS, -1, -1) / _STEPS
    given = _from(outcomes.confidence, thresholds)
    wrong = _from(outcomes.confidence[~outcomes.right], thresholds)
    return list(zip(thresholds.tolist(), given, wrong, strict=True))


def _from(values: NDArray[np.float64], thresholds: NDArray[np.float64]) -> list[int]:
    """How many values are at or above each threshold."""
    counts: list[int] = (len(values) - np.searchsorted(np.sort(values), thresholds)).tolist()
    return counts


def best_rate(outcomes: Outcomes) -> float | None:
    """The lowest error rate, in tenths of a percent, that can be promised; None where none can."""
    rates = (tenths / 1000 for tenths in range(round(LOWEST * 1000), round(HIGHEST * 1000) + 1))
    return next((rate for rate in rates if certify(outcomes, rate)), None)


def least(max_error: float) -> int:
    """How many answers, none of them wrong, certify an error rate: 59 for 5 %, 299 for 1 %."""
    return math.ceil(math.log(1 - SURE) / math.log1p(-max_error))


def binomial_tail(wrong: int, given: int, rate: float) -> float:
    """The chance of at most ``wrong`` wrong answers among ``given``, each wrong with the chance ``rate`` (0 to 1)."""
    if wrong >= given or rate <= 0:
        return 1.0
    if rate >= 1:
        return 0.0
    log_rate, log_rest, log_all = math.log(rate), math.log1p(-rate), math.lgamma(given + 1)
    chances = (
        math.exp(log_all - math.lgamma(k + 1) - math.lgamma(given - k + 1) + k * log_rate + (given - k) * log_rest)
        for k in range(wrong + 1)
    )
    return min(1.0, math.fsum(chances))


def upper_bound(wrong: int, given: int, sure: float = SURE) -> float:
    """The highest true error rate that so few wrong answers are compatible with (Clopper and Pearson, one side)."""
    low, high = wrong / given if given else 0.0, 1.0
    while wrong < given and high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if binomial_tail(wrong, given, middle) > 1 - sure else (low, middle)
    return high


def interval(count: int, total: int) -> tuple[float, float]:
    """The true shares that ``count`` of ``total`` are compatible with: Clopper and Pearson's, 95 %."""
    sure = 1 - (1 - SURE) / 2
    return 1 - upper_bound(total - count, total, sure), upper_bound(count, total, sure)


def percent(share: float) -> str:
    """A share as people write it: ``5 %``, ``7.3 %``."""
    return f"{100 * share:.3g} %"
