"""The report for people: as a self-contained page, and as Markdown."""

import math
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askcorpus_eval import svg
from askcorpus_eval.evaluate import Report
from askcorpus_eval.figures import BY_NAME, METRICS, Estimate, Metric
from askcorpus_eval.gold import Documents
from askcorpus_eval.score import RECALL_DEPTHS, Case

HEADLINE = ("hit@5", "mrr@10", "f1", "marked_f1", "citation_recall", "abstention_auroc", "ece", "latency_p50")
SPLIT_COLUMNS = (
    "hit@5", "mrr@10", "f1", "answer_in_citation", "citation_recall", "correct", "answered", "abstention_auroc",
    "ece",
)  # fmt: skip
SPLIT_TITLES = {"languages": "languages, question → document"}
WORST = 20
ROW_SCORES = ("hit@5", "mrr@10", "f1", "answer_in_citation", "citation_recall", "nugget_recall", "faithfulness")
FOUND_SHOWN = 5
ROWS_SHOWN = 12
TEMPLATES = Path(__file__).parent / "templates"


def markdown(report: Report) -> str:
    """The figures, the splits and the worst questions as Markdown."""
    run = report.run
    parts = [
        f"# Evaluation{f' of {run.source}' if run.source else ''}",
        f"{len(report.questions)} questions, {run.index.documents} documents, {run.index.passages} passages; "
        f"askcorpus {run.version}{f' ({run.revision})' if run.revision else ''}, answers by {run.model}, {run.date}.",
        *(f"> {note}" for note in report.notes),
        table(["figure", "value", "95 % interval", "n", "what it is"], _figure_rows(report)),
        *(_split_markdown(name, groups) for name, groups in shown_splits(report)),
        "## Worst questions\n\n" + ("\n".join(_worst_markdown(case) for case in worst(report)) or "None."),
        f"Machine: {run.machine}. Index {run.index.fingerprint}. Settings: `{run.settings}`.",
    ]
    return "\n\n".join(parts) + "\n"


def html(report: Report, store: Documents) -> str:
    """The report as one self-contained page."""
    return render(
        "report.html.j2",
        report=report,
        headline=[(BY_NAME[name], report.figures[name]) for name in HEADLINE],
        groups=[(group, list(metrics)) for group, metrics in groupby(_measured(report), key=lambda m: m.group)],
        plots=list(_plots(report)),
        splits=[(name, list(groups.items()), split_columns(groups)) for name, groups in shown_splits(report)],
        rows_shown=ROWS_SHOWN,
        split_titles=SPLIT_TITLES,
        worst=[_side_by_side(case, store) for case in worst(report)],
        rows=report.cases,
        row_scores=[name for name in ROW_SCORES if any(name in case.scores for case in report.cases)],
    )


def render(template: str, **values: Any) -> str:
    """A page from ``templates/``; everything put in is escaped, except what is made here: plots and the script."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "between": between,
        "interval": lambda figure: Markup(svg.interval(figure)),
        "svg": Markup,
        "yes_no": yes_no,
    }
    script = (TEMPLATES / "sort.js").read_text(encoding="utf-8")
    digest = b64encode(sha256(script.encode()).digest()).decode()  # the page runs this script and no other
    return environment.get_template(template).render(**values, script=Markup(script), script_hash=f"sha256-{digest}")


def yes_no(value: bool | None) -> str:
    """A judgement as people read it; nothing where there is none."""
    return "" if value is None else "yes" if value else "no"


def number(value: float | None, metric: Metric | None = None) -> str:
    """A figure as people read it: three digits, whole milliseconds from ten, a dash for none."""
    if value is None:
        return "–"
    if metric and metric.unit == "ms":
        return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
    return f"{value:.3f}"


def between(figure: Estimate, metric: Metric | None = None) -> str:
    """An interval as people read it, a dash for none."""
    if figure.low is None:
        return "–"
    return f"{number(figure.low, metric)} – {number(figure.high, metric)}"


def table(header: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    """A Markdown table; what stands in its cells cannot break it."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def worst(report: Report) -> list[Case]:
    """What to look at first: the surest of the wrong answers and abstentions, then gold not found at all."""

    def how_sure(case: Case) -> float:
        confidence = case.confidence or 0.0
        return confidence if case.answer.answerable else 1 - confidence

    wrong = sorted((case for case in report.cases if case.correct is False), key=how_sure, reverse=True)
    missed = [case for case in report.cases if case.correct is None and case.scores.get("hit@10") == 0]
    return [*wrong, *missed][:WORST]


def shown_splits(report: Report) -> Iterator[tuple[str, dict[str, dict[str, Estimate]]]]:
    """The splits that divide anything."""
    yield from ((name, groups) for name, groups in report.splits.items() if len(groups) > 1)


def split_columns(groups: Mapping[str, Mapping[str, Estimate]]) -> list[str]:
    """The figures that some group of the split has."""
    return [column for column in SPLIT_COLUMNS if any(column in figures for figures in groups.values())]


def _measured(report: Report) -> list[Metric]:
    return [metric for metric in METRICS if report.figures[metric.name].value is not None]


def _figure_rows(report: Report) -> Iterator[Sequence[str]]:
    for metric in _measured(report):
        figure = report.figures[metric.name]
        value = number(figure.value, metric)
        yield metric.name, value, between(figure, metric), str(figure.n), metric.about


def _split_markdown(name: str, groups: Mapping[str, Mapping[str, Estimate]]) -> str:
    columns = split_columns(groups)

    def rows() -> Iterator[Sequence[str]]:
        for group, figures in groups.items():
            cells = (f"{number(figures[c].value)} ({figures[c].n})" if c in figures else "–" for c in columns)
            yield group, *cells

    return f"## By {SPLIT_TITLES.get(name, name)} (n in brackets)\n\n" + table([name, *columns], rows())


def _worst_markdown(case: Case) -> str:
    expected = "; ".join(case.question.answers) or ", ".join(case.question.doc_ids)
    if case.question.answerable is False:
        expected = "no answer"
    given = " ".join(case.answer.answer.split())
    return f"- **{_cell(case.question.question)}** (`{_cell(case.question.id)}`) expected: {_cell(expected)}; " + (
        f"given at {number(case.confidence)}: {_cell(given)}"
    )


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def _plots(report: Report) -> Iterator[tuple[str, str, str]]:
    """Title, plot and a line that says how to read it."""
    tenths = [0, 0.2, 0.4, 0.6, 0.8, 1]
    if recall := [(k, report.figures[f"recall@{k}"]) for k in RECALL_DEPTHS if report.figures[f"recall@{k}"].n]:
        frame = svg.Frame("k", "recall@k", x_max=max(RECALL_DEPTHS)).ticks([k for k, _ in recall], tenths)
        bands = [(k, f) for k, f in recall if f.low is not None and f.high is not None]
        frame.band([(k, f.low or 0) for k, f in bands], [(k, f.high or 0) for k, f in bands])
        plot = frame.line([(k, f.value or 0) for k, f in recall], dots=True).render("Recall by k")
        yield "Recall by depth", plot, "Share of gold documents among the first k, with its 95 % interval."
    if report.reliability:
        frame = svg.Frame("confidence", "share right").ticks(tenths, tenths).diagonal()
        plot = frame.line([(b.confidence, b.accuracy) for b in report.reliability], dots=True).render("Reliability")
        yield "Reliability", plot, "On the dashed line, confidence is what it says; below it, too sure."
    if report.risk:
        frame = svg.Frame("coverage", "risk").ticks(tenths, tenths)
        plot = frame.line(report.risk).render("Risk by coverage")
        yield "Coverage against risk", plot, "Share of wrong answers when only the surest are given."
    if times := [row.milliseconds for row in report.questions if row.milliseconds is not None]:
        plot = _latency(np.array(times), report)
        yield "Latency", plot, "Time per question, from question to whole answer."


def _latency(times: NDArray[np.float64], report: Report) -> str:
    end = float(np.percentile(times, 99)) or 1.0  # the slowest of a hundred would flatten all others
    counts, edges = np.histogram(np.minimum(times, end), bins=24, range=(0, end))
    top = int(counts.max())
    frame = svg.Frame("milliseconds", "questions", x_max=end, y_max=top * 1.15)  # room for the marks
    frame.ticks(_round_numbers(end), sorted({0, top // 2, top}))
    frame.bars(edges.tolist(), counts.tolist())
    for line, name in enumerate(("latency_p50", "latency_p95")):
        frame.mark(min(end, report.figures[name].value or 0), name.removeprefix("latency_"), line)
    return frame.render("Latency")


def _round_numbers(end: float) -> list[float]:
    """Three to six round numbers from 0 up to ``end``."""
    power = 10 ** math.floor(math.log10(end))
    step = next(power * part for part in (1, 0.5, 0.2) if end / (power * part) >= 3)
    return [round(step * at, 6) for at in range(int(end / step) + 1)]


def _side_by_side(case: Case, store: Documents) -> dict[str, Any]:
    """A case with what its gold and its ranking name: the name, how it is shown, and whether it is in the index."""
    files = set(case.gold.members.values())

    def titled(names: Sequence[str]) -> list[tuple[str, str, bool]]:
        documents = {name: store.document(name) for name in names}
        shown = {name: document.title for name, document in documents.items() if document and document.title}
        return [(name, shown.get(name, name), name in files or documents[name] is not None) for name in names]

    return {
        "case": case,
        "gold": titled(list(case.gold.grades)[:FOUND_SHOWN]),
        "found": titled(case.ranking[:FOUND_SHOWN]),
        "best": _best_scores(case),
    }


def _best_scores(case: Case) -> dict[str, float]:
    """What each document found was ordered by: the score of its first passage."""
    best: dict[str, float] = {}
    for hit in case.answer.passages:
        name = case.gold.members.get(hit.document_id, hit.document_id)
        best.setdefault(name, hit.scores.fused if hit.scores.rerank is None else hit.scores.rerank)
    return best
