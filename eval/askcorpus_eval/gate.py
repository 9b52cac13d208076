"""Conditions on figures, so that a build can fail on them."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from askcorpus.errors import UsageError
from askcorpus_eval.figures import Estimate, metric_named

SLACK = 1e-9  # a figure that is equal but for its last binary digit does not fail


class Gate(NamedTuple):
    """A metric, its limit, and what must not happen: fall under, go over, or get worse by more than the limit."""

    metric: str
    limit: float
    kind: Literal["under", "over", "drop"]


def read_gates(kind: Literal["under", "over", "drop"], conditions: Iterable[str]) -> list[Gate]:
    """The gates of options written ``metric=number``.

    Raises:
        UsageError: not of that form, no such metric, or the wrong direction for it.
    """
    gates = []
    for condition in conditions:
        name, _, number = condition.partition("=")
        metric = metric_named(name.strip())
        try:
            limit = float(number)
        except ValueError as exc:
            raise UsageError(f"--fail-{kind} {condition}: not of the form metric=number.") from exc
        if kind != "drop" and (kind == "under") != (metric.better == "higher"):
            other = "over" if kind == "under" else "under"
            raise UsageError(f"--fail-{kind} {condition}: {metric.better} is better.", f"Use --fail-{other}.")
        gates.append(Gate(metric.name, limit, kind))
    return gates


def failures(
    gates: Iterable[Gate], figures: Mapping[str, Estimate], baseline: Mapping[str, Estimate] | None = None
) -> list[str]:
    """One line for every gate that is not passed; a figure that no question has gold for passes none."""
    return [line for gate in gates if (line := _failure(gate, figures, baseline or {}))]


def _failure(gate: Gate, figures: Mapping[str, Estimate], baseline: Mapping[str, Estimate]) -> str:
    now = _value(figures, gate.metric)
    if now is None:
        return f"{gate.metric} has no figure: no question has gold for it"
    if gate.kind == "under":
        return f"{gate.metric} is {now:.4g}, under {gate.limit:g}" if now < gate.limit - SLACK else ""
    if gate.kind == "over":
        return f"{gate.metric} is {now:.4g}, over {gate.limit:g}" if now > gate.limit + SLACK else ""
    before = _value(baseline, gate.metric)
    if before is None:
        return f"{gate.metric} has no figure in the baseline"
    worse = before - now if metric_named(gate.metric).better == "higher" else now - before
    if worse <= gate.limit + SLACK:
        return ""
    return f"{gate.metric} went from {before:.4g} to {now:.4g}, worse by {worse:.4g}, more than {gate.limit:g}"


def _value(figures: Mapping[str, Estimate], name: str) -> float | None:
    return figures[name].value if name in figures else None
