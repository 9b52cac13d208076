"""Gates: conditions on figures that make a build fail."""

import math
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from askcorpus.errors import UsageError
from askcorpus_eval.figures import Estimate, metric_named

SLACK = 1e-9  # a figure that is equal but for its last binary digit does not fail


class Gate(NamedTuple):
    """A metric, its limit, and what fails: a value under it, over it, or worse than before by more than it."""

    metric: str
    limit: float
    kind: Literal["under", "over", "drop"]


Outcome = tuple[Gate, str]
"""A gate, and why it is not passed; empty where it is."""


def read_gates(kind: Literal["under", "over", "drop"], conditions: Iterable[str]) -> list[Gate]:
    """The gates of options written ``metric=number``.

    ``wrong@coverage=.6`` is ``wrong@0.6=0``: of the surest answers to 60 % of the questions none may be wrong, and so
    many must be answered. ``wrong@coverage=.6=.05`` is ``wrong@0.6=.05``.

    Raises:
        UsageError: not of that form, no such metric, or the wrong direction for it.
    """
    gates = []
    for condition in conditions:
        name, _, number = condition.partition("=")
        if name.strip() == "wrong@coverage":
            coverage, _, allowed = number.partition("=")
            name, number = f"wrong@{coverage.strip()}", allowed or "0"
        metric = metric_named(name.strip())
        limit = read_limit(number, f"--fail-{kind} {condition}: not of the form metric=number.")
        if kind != "drop" and (kind == "under") != (metric.better == "higher"):
            other = "over" if kind == "under" else "under"
            raise UsageError(f"--fail-{kind} {condition}: {metric.better} is better.", f"Use --fail-{other}.")
        gates.append(Gate(metric.name, limit, kind))
    return gates


def read_limit(number: str, fault: str) -> float:
    """A limit as it is written.

    Raises:
        UsageError: with this fault; it is no number, or one that nothing is over or under.
    """
    try:
        limit = float(number)
    except ValueError as exc:
        raise UsageError(fault) from exc
    if not math.isfinite(limit):
        raise UsageError(fault)
    return limit


def check(gates: Iterable[Gate], figures: Mapping[str, Estimate]) -> list[Outcome]:
    """Whether a run's figures pass the gates, except those of kind ``drop``; a figure without gold fails."""
    return [(gate, _failure(gate, figures)) for gate in gates if gate.kind != "drop"]


def check_drops(gates: Iterable[Gate], before: Mapping[str, Estimate], after: Mapping[str, Estimate]) -> list[Outcome]:
    """Whether figures got worse, on the questions that two runs share, by more than gates of kind ``drop`` allow."""
    return [(gate, _drop(gate, before, after)) for gate in gates if gate.kind == "drop"]


def _failure(gate: Gate, figures: Mapping[str, Estimate]) -> str:
    now = _value(figures, gate.metric)
    if now is None:
        return f"{gate.metric} has no figure: {_why_none(gate.metric)}"
    if gate.kind == "under":
        return f"{gate.metric} is {now:.4g}, under {gate.limit:g}" if now < gate.limit - SLACK else ""
    return f"{gate.metric} is {now:.4g}, over {gate.limit:g}" if now > gate.limit + SLACK else ""


def _why_none(name: str) -> str:
    if name.startswith("wrong@"):
        return "so many questions got no answer, or none has gold that tells"
    return "no question has gold for it"


def _drop(gate: Gate, before: Mapping[str, Estimate], after: Mapping[str, Estimate]) -> str:
    then, now = _value(before, gate.metric), _value(after, gate.metric)
    if then is None or now is None:
        return f"{gate.metric} has no figure on the questions of both runs"
    worse = then - now if metric_named(gate.metric).better == "higher" else now - then
    if worse <= gate.limit + SLACK:
        return ""
    return f"{gate.metric} went from {then:.4g} to {now:.4g}, worse by {worse:.4g}, more than {gate.limit:g}"


def _value(figures: Mapping[str, Estimate], name: str) -> float | None:
    return figures[name].value if name in figures else None
