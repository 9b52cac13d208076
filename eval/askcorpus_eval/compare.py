"""Comparing runs question by question: what differs, by how much, and how likely that is by chance."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError, computed_field

from askcorpus.errors import UsageError
from askcorpus_eval.evaluate import METRICS_VERSION, Report, Row, RunInfo, listed
from askcorpus_eval.figures import BY_NAME, METRICS, Estimate, Metric, Table, estimate, tabulate
from askcorpus_eval.metrics.bootstrap import difference_interval, randomisation_p
from askcorpus_eval.report import number, render, table
from askcorpus_eval.run_folder import ANSWERS, RunFolder
from askcorpus_eval.run_folder import METRICS as METRICS_FILE

SIGNIFICANT = 0.05
FLIPS_SHOWN = 100


class Difference(BaseModel, frozen=True):
    """One metric of two runs on the ``n`` questions that count in both: ``change`` is B − A with its 95 % interval,
    ``p`` the probability of a change at least as large if the runs were equally good; ``None`` if it is undefined, as
    for times, which depend on the load of the machine during a whole run.

    Figures on the answers given (``Metric.of_answered``, and means that only answered questions have) are compared on
    questions that both runs answered: otherwise a run that answers more, and harder, questions would look worse for it.
    """

    metric: str
    a: Estimate
    b: Estimate
    change: float
    low: float | None
    high: float | None
    p: float | None
    n: int

    @computed_field  # type: ignore[prop-decorator]  # mypy has no decorated properties
    @property
    def verdict(self) -> str:
        """``better``, ``worse`` or ``same`` (no significant difference)."""
        if self.p is None or self.p >= SIGNIFICANT or self.change == 0:
            return "same"
        return "better" if (self.change > 0) == (BY_NAME[self.metric].better == "higher") else "worse"


class Flip(BaseModel, frozen=True):
    """A question that one run got right and the other wrong, with both answers."""

    id: str
    question: str
    now_right: bool
    before: str
    after: str


class Comparison(BaseModel, frozen=True):
    """Run B compared with run A. ``notes`` say what limits the comparison."""

    a: str
    b: str
    questions: int
    notes: list[str]
    differences: list[Difference]
    flips: list[Flip]

    @property
    def before(self) -> dict[str, Estimate]:
        """A's figures on the shared questions."""
        return {difference.metric: difference.a for difference in self.differences}

    @property
    def after(self) -> dict[str, Estimate]:
        """B's figures on the shared questions."""
        return {difference.metric: difference.b for difference in self.differences}


def read_report(folder: Path) -> Report:
    """The report of a finished run.

    Raises:
        UsageError: there is none in the folder, or it is of another version.
    """
    file = folder / METRICS_FILE
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"{folder} holds no finished run ({METRICS_FILE}: {exc.strerror}).") from exc
    try:
        found = _Versioned.model_validate_json(text).version
        if found == METRICS_VERSION:
            return Report.model_validate_json(text)
    except ValidationError as exc:
        raise UsageError(f"{file} is damaged.", "Run the evaluation again.") from exc
    raise UsageError(
        f"{file} is of version {found}, not {METRICS_VERSION}.",
        f"Score its answers anew: askcorpus eval score QUESTIONS {folder / ANSWERS} --out DIR.",
    )


class _Versioned(BaseModel):
    version: int = 1


def compare(a: Path, b: Path) -> Comparison:
    """Run ``b`` against run ``a``, on the questions that both were asked.

    Raises:
        UsageError: a folder holds no finished run, or they share no question.
    """
    first, second = read_report(a), read_report(b)
    pairs = _pairs(first, second)
    if not pairs:
        raise UsageError(f"{a} and {b} have no question in common.", "Compare runs of the same question set.")
    before, after = (tabulate([pair[side] for pair in pairs]) for side in (0, 1))
    differences = (difference(metric, before, after) for metric in METRICS)
    return Comparison(
        a=str(a),
        b=str(b),
        questions=len(pairs),
        notes=list(_notes(first, second, pairs)),
        differences=[found for found in differences if found],
        flips=_flips(pairs, RunFolder(a), RunFolder(b)),
    )


def difference(metric: Metric, before: Table, after: Table) -> Difference | None:
    """One metric's change, with a paired bootstrap interval and a paired randomisation test; None if it has no value in
    one of the runs."""
    rows = _shared(metric, before, after)
    before, after = ({name: column[rows] for name, column in table.items()} for table in (before, after))
    a, b = estimate(metric, before), estimate(metric, after)
    if a.value is None or b.value is None:
        return None
    old, new = metric.columns(before), metric.columns(after)
    n = len(old[0])
    if all(np.array_equal(ours, theirs, equal_nan=True) for ours, theirs in zip(old, new, strict=True)):
        p = None if metric.unit == "ms" else 1.0
        return Difference(metric=metric.name, a=a, b=b, change=0.0, low=0.0, high=0.0, p=p, n=b.n)

    def on(rows: NDArray[np.intp]) -> float:
        return metric.value(*(column[rows] for column in new)) - metric.value(*(column[rows] for column in old))

    def swapped(rows: NDArray[np.bool_]) -> float:
        mixed_old = (np.where(rows, theirs, ours) for ours, theirs in zip(old, new, strict=True))
        mixed_new = (np.where(rows, ours, theirs) for ours, theirs in zip(old, new, strict=True))
        return metric.value(*mixed_new) - metric.value(*mixed_old)

    low, high = difference_interval(on, n, centre=b.value - a.value if metric.centred else None)
    return Difference(
        metric=metric.name,
        a=a,
        b=b,
        change=b.value - a.value,
        low=_known(low),
        high=_known(high),
        p=None if metric.unit == "ms" else _known(randomisation_p(swapped, n)),
        n=b.n,
    )


def _shared(metric: Metric, before: Table, after: Table) -> NDArray[np.bool_]:
    """The questions on which the runs compare."""
    if len(metric.columns(before)) == 1:
        (old,), (new,) = metric.columns(before), metric.columns(after)
        return ~np.isnan(old) & ~np.isnan(new)
    both: NDArray[np.bool_] = np.ones(len(before["answered"]), dtype=np.bool_)
    if metric.of_answered:
        for table in (before, after):
            both &= (table["answered"] == 1) & ~np.isnan(table["correct"]) & ~np.isnan(table["confidence"])
    return both


def as_json(comparisons: Sequence[Comparison]) -> str:
    """The comparisons as one line of JSON."""
    return json.dumps({"comparisons": [each.model_dump(mode="json") for each in comparisons]}, ensure_ascii=False)


def markdown(comparisons: Sequence[Comparison]) -> str:
    """The comparisons as Markdown."""
    return "\n".join(_markdown(comparison) for comparison in comparisons)


def html(comparisons: Sequence[Comparison]) -> str:
    """The comparisons as one self-contained page."""
    return render("compare.html.j2", comparisons=comparisons, metrics=BY_NAME, shown=FLIPS_SHOWN, p_value=p_value)


def p_value(p: float | None) -> str:
    """A p as people read it."""
    if p is None:
        return "–"
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def write_comparison(folder: RunFolder, comparisons: Sequence[Comparison]) -> None:
    """``compare.html`` and ``compare.md`` in the folder."""
    folder.write("compare.html", html(comparisons))
    folder.write("compare.md", markdown(comparisons))


def _markdown(comparison: Comparison) -> str:
    parts = [
        f"# {comparison.b} against {comparison.a}",
        f"{comparison.questions} questions in common. Change is B − A with its 95 % paired bootstrap interval; p is of "
        "a paired randomisation test, one metric at a time (none of times: how busy the machine was is not told "
        "apart); n counts the questions that bear on it in both runs.",
        *(f"> {note}" for note in comparison.notes),
        table(["figure", "A", "B", "change", "95 % interval", "p", "n", ""], _rows(comparison)),
        f"## {len(comparison.flips)} questions flipped",
        "\n".join(_flip(flip) for flip in comparison.flips[:FLIPS_SHOWN]) or "None.",
    ]
    return "\n\n".join(parts) + "\n"


def _rows(comparison: Comparison) -> Iterator[Sequence[str]]:
    for row in comparison.differences:
        metric = BY_NAME[row.metric]
        low, high = ("–" if bound is None else f"{bound:+.3f}" for bound in (row.low, row.high))
        p = p_value(row.p)
        verdict = "" if row.verdict == "same" else row.verdict
        a, b = number(row.a.value, metric), number(row.b.value, metric)
        yield row.metric, a, b, f"{row.change:+.3f}", f"{low} … {high}", p, str(row.n), verdict


def _flip(flip: Flip) -> str:
    before, after, question = (
        " ".join(text.split()).replace("<", "&lt;") for text in (flip.before, flip.after, flip.question)
    )
    return f"- {'now right' if flip.now_right else 'now wrong'}: **{question}** (`{flip.id}`) A: {before} B: {after}"


def _pairs(first: Report, second: Report) -> list[tuple[Row, Row]]:
    by_id = {row.id: row for row in second.questions}
    return [
        (row, by_id[row.id]) for row in first.questions if row.id in by_id and by_id[row.id].question == row.question
    ]


def _notes(first: Report, second: Report, pairs: Sequence[tuple[Row, Row]]) -> Iterator[str]:
    for name, report in (("A", first), ("B", second)):
        if extra := len(report.questions) - len(pairs):
            yield f"{extra} questions of {name} are not in the other run and are left out"
    if other := [old.id for old, new in pairs if old.gold != new.gold]:
        yield f"{len(other)} questions have other gold now, so their change is not the assistant's: {listed(other)}"
    if changed := list(_settings_changed(first.run, second.run)):
        yield f"settings that differ, A and B: {'; '.join(changed)}"
    if first.run.depth != second.run.depth:
        depths = f"A asked for {first.run.depth} passages, B for {second.run.depth}"
        yield f"{depths}: figures of retrieval below the lesser do not compare"
    if first.run.judge and second.run.judge and first.run.judge != second.run.judge:
        yield f"judged by {first.run.judge} and by {second.run.judge}: faithfulness does not compare"
    if first.run.machine != second.run.machine:
        yield "the runs were made on different machines: their latencies do not compare"
    if first.run.index != second.run.index:
        yield "the runs read different indexes"


def _settings_changed(a: RunInfo, b: RunInfo) -> Iterator[str]:
    """The settings of which the runs had other values, but for where the index lies."""
    for name in sorted({*a.settings, *b.settings} - {"data"}):
        before, after = a.settings.get(name), b.settings.get(name)
        if before != after:
            yield f"{name} {before}, {after}"


def _flips(pairs: Sequence[tuple[Row, Row]], a: RunFolder, b: RunFolder) -> list[Flip]:
    flipped = [
        (old, new) for old, new in pairs if None not in (old.correct, new.correct) and old.correct != new.correct
    ]
    if not flipped:
        return []
    before, after = _texts(a), _texts(b)
    flips = [
        Flip(
            id=new.id,
            question=new.question,
            now_right=bool(new.correct),
            before=before.get(new.id, ""),
            after=after.get(new.id, ""),
        )
        for old, new in flipped
    ]
    return sorted(flips, key=lambda flip: flip.now_right)  # what broke comes first


def _texts(folder: RunFolder) -> Mapping[str, str]:
    return {name: answer.answer for name, answer in folder.answers().items()}


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
