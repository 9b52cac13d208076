"""``askcorpus eval``: run, score, compare, calibrate, probe, make. Results on stdout, the rest on stderr.

``askcorpus eval QUESTIONS --out DIR`` is the command ``run`` without its name; a question file that is called like a
command is given as ``./compare``.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from askcorpus.errors import UsageError
from askcorpus.extras import require
from askcorpus.text.characters import visible

if TYPE_CHECKING:
    from askcorpus_eval.evaluate import Report
    from askcorpus_eval.gate import Gate

DEFAULT_COMMAND = "run"
HELP = ("-h", "--help")


class DefaultRun(TyperGroup):
    """A group whose first argument, where it names no command, is the first argument of ``run``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the default command back."""
        if args and args[0] not in self.commands and args[0] not in HELP:
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=DefaultRun,
    help="Measure on a question set: askcorpus eval QUESTIONS --out DIR. Its options: askcorpus eval run --help.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Questions = Annotated[Path, typer.Argument(metavar="QUESTIONS", help="JSONL, CSV, a spreadsheet, or a BEIR folder.")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a setting; repeatable.")
]
Under = Annotated[
    list[str] | None,
    typer.Option("--fail-under", metavar="METRIC=X", help="Exit with 1 when it is lower, as in hit@5=0.8; repeatable."),
]
Over = Annotated[
    list[str] | None,
    typer.Option("--fail-over", metavar="METRIC=X", help="The same where lower is better, as in ece=0.1; repeatable."),
]
Drop = Annotated[
    list[str] | None,
    typer.Option("--fail-drop", metavar="METRIC=X", help="Exit with 1 when it got worse by more; repeatable."),
]
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder of an index. (default: .askcorpus)", show_default=False),
]
Server = Annotated[
    str | None, typer.Option("--server", metavar="URL", help="Ask a running server, with ASKCORPUS_API_KEY.")
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="FIELD=NAME", help="A field's column in the question file, as in answers=key; repeatable."
    ),
]
MaxError = Annotated[
    str | None,
    typer.Option("--max-error", metavar="RATE", help="Answer so that at most this share is wrong, as in 5%."),
]


@app.command(DEFAULT_COMMAND)
def run(
    questions: Questions,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the run and its report go.")],
    corpus: Annotated[
        list[Path] | None, typer.Option("--corpus", metavar="PATH", help="Ingest this into DIR first; repeatable.")
    ] = None,
    data: Data = None,
    server: Server = None,
    names: Map = None,
    overrides: Overrides = None,
    max_error: MaxError = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N questions.")] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="N questions by lot, each kind in its share.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Another lot for --sample.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in DIR.")] = False,
    baseline: Annotated[Path | None, typer.Option(metavar="DIR", help="Compare with this earlier run.")] = None,
    fail_under: Under = None,
    fail_over: Over = None,
    fail_drop: Drop = None,
    judge_model: Annotated[
        str | None, typer.Option(metavar="PROVIDER:MODEL", help="Judge faithfulness by this LLM. (default: off)")
    ] = None,
    judge_url: Annotated[str | None, typer.Option(metavar="URL", help="The judge's OpenAI-compatible server.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Ask every question of the set once; write answers, figures and a report into DIR."""
    require("eval", "askcorpus eval")
    from askcorpus_eval.columns import chosen_columns
    from askcorpus_eval.sampling import Sample
    from askcorpus_eval.session import Evaluation, Judging

    if limit and sample:
        raise UsageError("--limit and --sample do not go together.", "Leave one of them out.")
    if judge_url and not judge_model:
        raise UsageError("--judge-url needs a judge.", "Name its model: --judge-model PROVIDER:MODEL.")
    gates = _gates(fail_under, fail_over, fail_drop)
    _check_baseline(baseline, fail_drop)
    evaluation = Evaluation(
        questions,
        out,
        corpus=corpus or (),
        data=data,
        server=server,
        overrides=_settings(overrides, max_error),
        names=chosen_columns(names or ()),
    )
    judging = Judging(judge_model, judge_url) if judge_model else None
    drawn = Sample(sample, seed) if sample else None
    report = evaluation.run(limit=limit, sample=drawn, resume=resume, judging=judging)
    _finish(report, out, gates, baseline, as_json=json)


@app.command("score")
def score_answers(
    questions: Questions,
    answers: Annotated[
        Path, typer.Argument(metavar="ANSWERS", help="JSONL, also Ragas's, or a TREC run (.trec, .run).")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the report goes.")],
    data: Data = None,
    server: Annotated[
        str | None, typer.Option("--server", metavar="URL", help="Read the documents of a running server.")
    ] = None,
    names: Map = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Compare with this run, as one of askcorpus.")
    ] = None,
    fail_under: Under = None,
    fail_over: Over = None,
    fail_drop: Drop = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Score answers that another system gave, by the same figures.

    The index holds the documents that both answer from.
    """
    require("eval", "askcorpus eval")
    from askcorpus_eval.columns import chosen_columns
    from askcorpus_eval.questions import read_questions
    from askcorpus_eval.session import score_others
    from askcorpus_eval.target import choose_settings

    gates = _gates(fail_under, fail_over, fail_drop)
    _check_baseline(baseline, fail_drop)
    asked = read_questions(questions, chosen_columns(names or ()))
    report = score_others(asked, questions.name, answers, choose_settings(data, server), out)
    _finish(report, out, gates, baseline, as_json=json)


@app.command("compare")
def compare_runs(
    runs: Annotated[list[Path], typer.Argument(metavar="A B…", help="Folders of runs; the others are held to A.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where compare.html and compare.md go. (default: the last run)")
    ] = None,
    fail_drop: Drop = None,
    json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Compare runs question by question: paired differences with a randomisation test, and what flipped."""
    require("eval", "askcorpus eval")
    from askcorpus_eval.compare import as_json, compare, markdown, write_comparison
    from askcorpus_eval.gate import check_drops
    from askcorpus_eval.run_folder import RunFolder

    if len(runs) < 2:
        raise UsageError("One run cannot be compared.", "Name two or more folders.")
    gates = _gates(None, None, fail_drop)
    comparisons = [compare(runs[0], run) for run in runs[1:]]
    folder = RunFolder(out or runs[-1])
    folder.claim(resume=True)
    write_comparison(folder, comparisons)
    if json:
        typer.echo(as_json(comparisons).encode("utf-8", "backslashreplace"))
    else:
        typer.echo(visible(markdown(comparisons)), nl=False)  # answers hold text of documents: a terminal obeys escapes
    typer.echo(f"askcorpus: {folder.path / 'compare.html'}", err=True)
    checked = [(each, check_drops(gates, each.before, each.after)) for each in comparisons]
    _end([f"{each.b}: {failed}" for each, outcomes in checked for _, failed in outcomes if failed])


@app.command("calibrate")
def calibrate(
    questions: Questions,
    data: Data = None,
    server: Server = None,
    names: Map = None,
    max_error: MaxError = None,
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Measure on your questions which error rates can be ordered, and what share of questions each costs.

    What is measured is kept in the index's folder (risk.json); --max-error then goes by it.
    Of a server it is only told.
    """
    require("eval", "askcorpus eval")
    from askcorpus.answer.risk import order
    from askcorpus_eval import promises
    from askcorpus_eval.columns import chosen_columns
    from askcorpus_eval.questions import read_questions
    from askcorpus_eval.target import choose_settings

    settings = choose_settings(data, server, _settings(None, max_error))
    asked = read_questions(questions, chosen_columns(names or ()))

    for note in asked.notes:
        _tell(note)
    outcomes = promises.calibrate(asked, questions.name, settings, _tell)
    ordered = settings.max_error
    found = promises.offers(outcomes, promises.RATES if ordered is None else (*promises.RATES, ordered))
    typer.echo(found.model_dump_json() if json else promises.table(found))
    if ordered is not None:
        order(outcomes, ordered)


@app.command("probe")
def probe_index(
    data: Data = None,
    server: Server = None,
    limit: Annotated[int, typer.Option(min=2, metavar="N", help="At most so many questions.")] = 200,
    seed: Annotated[int, typer.Option(metavar="N", help="Another lot of documents and changes.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write report, answers and questions there.")
    ] = None,
    overrides: Overrides = None,
    max_error: MaxError = None,
    fail_over: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-over",
            metavar="FIGURE=X",
            help="Exit with 1 when it is higher, as in false_answered=0.1; repeatable.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Probe an index without labels: ask what its documents say, and the same with something changed.

    Made of its own sentences: true statements and questions, and false ones with another number, another name or an
    invented one. Told are the share of false ones that got an answer, and of true ones that got none.
    """
    require("eval", "askcorpus eval")
    from askcorpus_eval import probe
    from askcorpus_eval.target import choose_settings

    limits = probe.read_limits(fail_over or ())
    settings = choose_settings(data, server, _settings(overrides, max_error))
    report = probe.probe_index(settings, limit=limit, seed=seed, out=out)
    if json:
        typer.echo(report.model_dump_json().encode("utf-8", "backslashreplace"))
    else:
        typer.echo(visible(probe.markdown(report)), nl=False)
    _end(probe.over(limits, report))


@app.command("make")
def make(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The new question file (.jsonl).")],
    merge: Annotated[
        bool,
        typer.Option("--merge", help="Add to FILE, if it exists, what is not in it; its rows stay as they are."),
    ] = False,
    data: Data = None,
    feedback: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What people said in the chat. (default: in the index's folder)")
    ] = None,
    documents: Annotated[int, typer.Option(min=0, metavar="N", help="Documents to ask about, with an LLM.")] = 20,
    language: Annotated[str, typer.Option(metavar="CODE", help="Of these questions. (default: the document's)")] = "",
) -> None:
    """Draft a question set: from feedback in the chat, and from documents where an LLM is set.

    Every row is a draft for somebody to review; take out "draft" when it is good.
    """
    from askcorpus.settings import read_settings
    from askcorpus_eval.question_drafts import draft

    drafted = draft(
        read_settings(data=data),
        out,
        feedback=feedback,
        documents=documents,
        language=language,
        merge=merge,
        note=_tell,
    )
    _tell(f'{drafted} new drafts in {out}; review them, then take out "draft".')


def _finish(report: "Report", out: Path, gates: "list[Gate]", baseline: Path | None, *, as_json: bool) -> None:
    """Compare, print, and set the exit code."""
    from askcorpus_eval.compare import compare, write_comparison
    from askcorpus_eval.export import gates_junit
    from askcorpus_eval.gate import check, check_drops
    from askcorpus_eval.run_folder import RunFolder

    folder = RunFolder(out)
    checked = check(gates, report.figures)
    if baseline:
        comparison = compare(baseline, out)
        write_comparison(folder, [comparison])
        checked += check_drops(gates, comparison.before, comparison.after)
    if checked:
        folder.write("gates.junit.xml", gates_junit(checked))
    for note in report.notes:
        _tell(note)
    _print_figures(report.figures, as_json=as_json)
    typer.echo(f"askcorpus: {out / 'report.html'}", err=True)
    _end([failed for _, failed in checked if failed])


def _check_baseline(baseline: Path | None, fail_drop: list[str] | None) -> None:
    """Make sure that there is one where one is needed: better known now than after an hour."""
    from askcorpus_eval.compare import read_report

    if fail_drop and not baseline:
        raise UsageError("--fail-drop compares with an earlier run.", "Name it: --baseline DIR.")
    if baseline:
        read_report(baseline)


def _gates(under: list[str] | None, over: list[str] | None, drop: list[str] | None) -> "list[Gate]":
    from askcorpus_eval.gate import read_gates

    return [*read_gates("under", under or ()), *read_gates("over", over or ()), *read_gates("drop", drop or ())]


def _settings(overrides: list[str] | None, max_error: str | None) -> dict[str, str]:
    pairs = [override.partition("=") for override in overrides or ()]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        raise UsageError(f"--set {wrong[0]}: not of the form key=value.")
    if any(name == "data" for name, _, _ in pairs):
        raise UsageError("--set data: the folder of the index has its own option.", "Use --data DIR.")
    ordered = {"max_error": max_error} if max_error is not None else {}
    return {name.strip(): value for name, _, value in pairs} | ordered


def _print_figures(figures: dict[str, Any], *, as_json: bool) -> None:
    import json

    from askcorpus_eval.figures import BY_NAME
    from askcorpus_eval.report import between, number

    if as_json:
        typer.echo(json.dumps({name: figure.model_dump() for name, figure in figures.items()}).encode())
        return
    for name, figure in figures.items():
        if figure.value is not None:
            metric = BY_NAME[name]
            typer.echo(f"{name:22}{number(figure.value, metric):>9}   {between(figure, metric)}   n {figure.n}")


def _tell(note: str) -> None:
    typer.echo(f"askcorpus: {visible(note)}", err=True)


def _end(failed: list[str]) -> None:
    for line in failed:
        typer.echo(f"askcorpus: failed: {line}", err=True)
    if failed:
        raise typer.Exit(1)
