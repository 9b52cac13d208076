"""The figures of a run: their names, the questions that count for each, and their values with intervals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from askcorpus.errors import UsageError
from askcorpus_eval.metrics import abstention, bootstrap, calibration, latency
from askcorpus_eval.metrics.wilson import share_interval
from askcorpus_eval.score import HIT_DEPTHS, RECALL_DEPTHS

COVERAGES = (0.2, 0.4, 0.6, 0.8)
"""The coverages at which the share of wrong answers is a figure of its own."""

SLACK = 1e-9  # 3 of 5 questions are a coverage of 0.6, whatever its last binary digit
Floats = NDArray[np.float64]
Table = Mapping[str, Floats]
"""A column a name, a row a question, NaN where a question has no gold for that column."""


class Estimate(BaseModel, frozen=True):
    """A figure over ``n`` questions with its 95 % interval. The value is ``None`` if no question counts, and so is an
    interval without width: one question, or equal results on all, say nothing about chance."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def _mean(column: Floats) -> float:
    known = column[~np.isnan(column)]
    return float(known.mean()) if len(known) else np.nan


def _count(*columns: Floats) -> int:
    return int((~np.isnan(np.stack(columns))).all(axis=0).sum())


@dataclass(frozen=True)
class Metric:
    """A figure: ``value`` of the columns it ``reads``, over the questions that ``count`` counts.

    ``share``: it is a share of these questions; ``of_answered``: it is a figure on the answers given, so two runs are
    compared on questions that both answered; ``centred``: it is larger in resamples, which its interval corrects for
    (``bootstrap.interval``).
    """

    name: str
    group: str
    about: str
    better: Literal["higher", "lower"] = "higher"
    unit: Literal["", "ms"] = ""
    reads: tuple[str, ...] = ()
    value: Callable[..., float] = _mean
    count: Callable[..., int] = _count
    share: bool = False
    of_answered: bool = False
    centred: bool = False

    def columns(self, table: Table) -> tuple[Floats, ...]:
        """The columns the figure is made of; a mean reads the column of its own name."""
        return tuple(table[name] for name in self.reads or (self.name,))

    @property
    def is_mean(self) -> bool:
        """Whether the figure is the mean of one score a question."""
        return self.value is _mean


def _abstention(figure: Callable[..., float]) -> Callable[[Floats, Floats], float]:
    def value(answered: Floats, answerable: Floats) -> float:
        known = ~np.isnan(answerable) & ~np.isnan(answered)
        return figure(answered[known] == 0, answerable[known] == 1)

    return value


def _auroc(confidence: Floats, answerable: Floats) -> float:
    known = ~np.isnan(answerable) & ~np.isnan(confidence)
    return abstention.auroc(confidence[known], answerable[known] == 1)


def _of_answers(figure: Callable[..., float]) -> Callable[[Floats, Floats, Floats], float]:
    def value(confidence: Floats, correct: Floats, answered: Floats) -> float:
        return figure(*given_answers(confidence, correct, answered))

    return value


def given_answers(confidence: Floats, correct: Floats, answered: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Confidence and correctness of the answers that were given, can be judged, and say how sure they are."""
    rows = (answered == 1) & ~np.isnan(correct) & ~np.isnan(confidence)
    return confidence[rows], correct[rows] == 1


def _count_answers(confidence: Floats, correct: Floats, answered: Floats) -> int:
    return len(given_answers(confidence, correct, answered)[0])


def _percentile(percent: float) -> Callable[[Floats], float]:
    return lambda milliseconds: latency.percentile(milliseconds[~np.isnan(milliseconds)], percent)


def _wrong_at(coverage: float) -> Callable[[Floats, Floats, Floats], float]:
    def value(confidence: Floats, correct: Floats, answered: Floats) -> float:
        return _surest(coverage, confidence, correct, answered)[0]

    return value


def _count_at(coverage: float) -> Callable[[Floats, Floats, Floats], int]:
    def count(confidence: Floats, correct: Floats, answered: Floats) -> int:
        return _surest(coverage, confidence, correct, answered)[1]

    return count


def _surest(coverage: float, confidence: Floats, correct: Floats, answered: Floats) -> tuple[float, int]:
    """The share of wrong ones among the surest answers that are this share of the questions, and their number."""
    judged = int((~np.isnan(correct)).sum())
    curve = abstention.risk_curve(*given_answers(confidence, correct, answered), judged)
    reached, risk = next((point for point in curve if point[0] >= coverage - SLACK), (0.0, np.nan))
    return risk, round(reached * judged)


_ABSTAINED = ("answered", "answerable")
_ANSWERS = ("confidence", "correct", "answered")

METRICS: tuple[Metric, ...] = (
    *(Metric(f"hit@{k}", "Retrieval", f"a gold document among the first {k}") for k in HIT_DEPTHS),
    *(Metric(f"recall@{k}", "Retrieval", f"share of gold documents among the first {k}") for k in RECALL_DEPTHS),
    Metric("mrr@10", "Retrieval", "one over the rank of the first gold document"),
    Metric("ndcg@10", "Retrieval", "discounted gain of the first 10 documents"),
    Metric("map", "Retrieval", "mean average precision over the documents found"),
    Metric("exact_match", "Answers", "the answer is a gold answer, normalised"),
    Metric("f1", "Answers", "words shared with the gold answer"),
    Metric("answer_in_citation", "Answers", "a short gold answer stands in a cited quote"),
    Metric("marked_f1", "Answers", "words that the marked words share with a short gold answer"),
    Metric("nugget_recall", "Answers", "share of the facts of a whole answer that it holds"),
    Metric("correct", "Answers", "answered rightly, or rightly not answered"),
    Metric("citation_precision", "Citations", "share of cited characters that are gold evidence"),
    Metric("citation_recall", "Citations", "share of gold evidence that is cited"),
    Metric("cited_gold", "Citations", "an answer cites a gold document"),
    Metric("cited_page", "Citations", "an answer cites a gold page"),
    Metric("citation_verified", "Citations", "share of quotes that stand at their place"),
    Metric("answered", "Abstention", "share of questions answered (coverage)"),
    Metric(
        "abstention_precision",
        "Abstention",
        "share of abstentions that were right",
        reads=_ABSTAINED,
        value=_abstention(abstention.abstention_precision),
        count=lambda answered, answerable: int(((answered == 0) & ~np.isnan(answerable)).sum()),
        share=True,
    ),
    Metric(
        "abstention_recall",
        "Abstention",
        "share of unanswerable questions abstained from",
        reads=_ABSTAINED,
        value=_abstention(abstention.abstention_recall),
        count=lambda _, answerable: int((answerable == 0).sum()),
        share=True,
    ),
    Metric(
        "abstention_f1",
        "Abstention",
        "harmonic mean of the two",
        reads=_ABSTAINED,
        value=_abstention(abstention.abstention_f1),
    ),
    Metric(
        "abstention_auroc",
        "Abstention",
        "confidence tells answerable from unanswerable",
        reads=("confidence", "answerable"),
        value=_auroc,
    ),
    Metric("wrong", "Risk", "share of the answers given that are wrong", better="lower"),
    Metric("wrong_answers", "Risk", "share of all questions that got a wrong answer", better="lower"),
    Metric("wrong_silence", "Risk", "share of answerable questions that got no answer", better="lower"),
    *(
        Metric(
            f"wrong@{coverage}",
            "Risk",
            f"share of wrong answers among the surest, {coverage:.0%} of the questions",
            better="lower",
            reads=_ANSWERS,
            value=_wrong_at(coverage),
            count=_count_at(coverage),
            share=True,
        )
        for coverage in COVERAGES
    ),
    Metric(
        "aurc",
        "Risk",
        "mean risk while coverage grows",
        better="lower",
        reads=_ANSWERS,
        value=_of_answers(abstention.aurc),
        count=_count_answers,
        of_answered=True,
    ),
    Metric(
        "ece",
        "Calibration",
        "gap between confidence and the share of right answers",
        better="lower",
        reads=_ANSWERS,
        value=_of_answers(calibration.ece),
        count=_count_answers,
        of_answered=True,
        centred=True,
    ),
    Metric(
        "latency_p50",
        "Latency",
        "half of the questions take less",
        better="lower",
        unit="ms",
        reads=("milliseconds",),
        value=_percentile(50),
    ),
    Metric(
        "latency_p95",
        "Latency",
        "19 of 20 questions take less",
        better="lower",
        unit="ms",
        reads=("milliseconds",),
        value=_percentile(95),
    ),
    Metric("faithfulness", "Judge", "share of the answer's sentences that the judge finds supported"),
)
BY_NAME = {metric.name: metric for metric in METRICS}


def metric_named(name: str) -> Metric:
    """The metric of this name (``wrong@.6`` is ``wrong@0.6``).

    Raises:
        UsageError: there is none.
    """
    name = name.replace("@.", "@0.")
    if name not in BY_NAME:
        raise UsageError(f"There is no metric {name!r}.", f"There are: {', '.join(BY_NAME)}.")
    return BY_NAME[name]


class Scored(Protocol):
    """One question's results: a case, or what ``metrics.json`` keeps of it. It also has the fields ``_FIELDS``."""

    @property
    def scores(self) -> Mapping[str, float]:
        """Its score by each metric that it has gold for."""


_FIELDS = ("correct", "answerable", "answered", "confidence", "milliseconds")


def tabulate(rows: Sequence[Scored]) -> Table:
    """The table of these questions: a column for each metric that is a mean, and those the others are made of."""
    table = {m.name: _column([row.scores.get(m.name) for row in rows]) for m in METRICS if m.is_mean}
    return table | _with_risks({name: _column([getattr(row, name) for row in rows]) for name in _FIELDS})


def _column(values: Sequence[float | bool | None]) -> Floats:
    """Values of which some are missing, as a column of a table."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _with_risks(table: Table) -> dict[str, Floats]:
    """The columns that every question has, and the risks made of them: of a wrong answer, among the answers and among
    all questions, and of a silence where there is an answer."""
    wrong = np.where(table["answered"] == 1, 1 - table["correct"], np.nan)
    wrong_answers = np.where(table["answered"] == 0, 0 * table["correct"], wrong)
    silence = np.where(table["answerable"] == 1, 1 - table["answered"], np.nan)
    return {**table, "wrong": wrong, "wrong_answers": wrong_answers, "wrong_silence": silence}


def estimate(metric: Metric, table: Table, *, means_only: bool = False) -> Estimate:
    """The metric over the table's questions, with its interval (unless ``means_only`` and it is no mean)."""
    columns = metric.columns(table)
    value, n = metric.value(*columns), metric.count(*columns)
    if np.isnan(value):
        return Estimate(value=None, low=None, high=None, n=n)
    if means_only and not metric.is_mean:
        return Estimate(value=value, low=None, high=None, n=n)
    if value in (0, 1) and (metric.share or metric.is_mean):
        low, high = share_interval(round(value * n), n)
    elif metric.is_mean:
        low, high = bootstrap.mean_interval(columns[0][~np.isnan(columns[0])])
    else:
        low, high = bootstrap.interval(metric.value, columns, centre=value if metric.centred else None)
    if not low < high:
        return Estimate(value=value, low=None, high=None, n=n)
    return Estimate(value=value, low=max(0.0, low), high=high, n=n)


def estimates(table: Table) -> dict[str, Estimate]:
    """All metrics over the table."""
    return {metric.name: estimate(metric, table) for metric in METRICS}
