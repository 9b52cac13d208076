"""The command line. Results go to standard output, progress and messages to standard error.

Everything heavy is imported inside the command that needs it, so that ``--help`` comes at once.
"""

import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from askcorpus.errors import AskcorpusError, StorageError, UsageError
from askcorpus.extras import require
from askcorpus_eval.cli import app as evaluation
from askcorpus_ui.cli.docs import app as docs
from askcorpus_ui.cli.keys import app as keys
from askcorpus_ui.cli.options import (
    Data,
    DateFrom,
    DateTo,
    Json,
    Language,
    MaxError,
    Server,
    Source,
    TopK,
    command_settings,
    filters_of,
    note_undated,
    opened_index,
    reading_settings,
)

if TYPE_CHECKING:
    from askcorpus.settings import Settings
    from askcorpus.types import Filters

MAX_STDIN = 1_000_000  # bytes; far more than a question may hold, and a limit on what a pipe can make us read


class Commands(TyperGroup):
    """Turns what a user can cause into one line and an exit code; everything else is a bug and shows its traceback."""

    def invoke(self, ctx: Any) -> Any:  # a Context of the click inside typer, which has no public name
        """Run the chosen command."""
        from askcorpus_ui.cli.console import note

        try:
            return super().invoke(ctx)
        except AskcorpusError as exc:
            note(f"askcorpus: {exc}")
            raise typer.Exit(exc.exit_code) from exc
        except BrokenPipeError:
            raise  # who read our output went away: typer ends quietly
        except OSError as exc:  # a path that the system refuses, where no part knew more about it
            note(f"askcorpus: {exc.strerror or exc}: {exc.filename}")
            raise typer.Exit(StorageError.exit_code) from exc
        except KeyboardInterrupt as exc:
            note("askcorpus: stopped.")
            raise typer.Exit(130) from exc


app = typer.Typer(
    cls=Commands,
    help="Ask a corpus in any language; get an answer with the passages that prove it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain: an error is one line, also in a pipe
    pretty_exceptions_enable=False,  # its tracebacks print local variables, which may be keys
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(docs, name="docs")
app.add_typer(evaluation, name="eval")
app.add_typer(keys, name="keys")


def main() -> None:
    """Entry point of the ``askcorpus`` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a letter is no reason to fail
    app()


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"askcorpus {version('askcorpus')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Options of the command itself."""


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", readable=False, help="Files and folders.")],
    data: Data = None,
    prune: Annotated[bool, typer.Option("--prune", help="Remove documents whose file is gone.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="FIELD=NAME", help="A field's name in your records, as in date=seen; repeatable."
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until stopped: ingest whenever a file changes.")
    ] = False,
    engine: Annotated[
        str | None,
        typer.Option("--engine", metavar="NAME", help="What reads and embeds: local, or ray (a cluster)."),
    ] = None,
    json: Json = False,
) -> None:
    """Make the index hold what files and folders hold.

    A second run takes only what is new, changed or moved. A file that cannot be read is reported, and the rest goes in.
    """
    from askcorpus.embedding.embeddings import load_embeddings
    from askcorpus.index.opening import open_index
    from askcorpus_ingest.pipeline import ingest as run_ingest
    from askcorpus_ui.cli.console import print_report
    from askcorpus_ui.cli.progress import Bar

    if watch and dry_run:
        raise UsageError("--watch and --dry-run do not go together.", "Leave one of them out.")
    settings = command_settings(data=data, fields=_fields(names), engine=engine)
    embeddings = load_embeddings(settings)
    with open_index(settings, embeddings) as store:

        def run() -> bool:
            report = run_ingest(paths, store, embeddings, settings, prune=prune, dry_run=dry_run, progress=Bar())
            print_report(report, json=json, dry_run=dry_run)
            return not report.failed

        complete = run()
        if watch:
            from askcorpus_ingest.watch import changes

            for _ in changes(paths, settings.data):
                run()
    if not complete:
        raise typer.Exit(1)


@app.command()
def ask(
    question: Annotated[
        str | None, typer.Argument(metavar="QUESTION", help="The question; - reads it from standard input.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", readable=False, help="Instead: questions, .txt, .csv, .xlsx or .jsonl."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", readable=False, help="Where their answers go, .csv, .xlsx or .jsonl."),
    ] = None,
    per_document: Annotated[
        bool, typer.Option("--per-document", help="Ask them of every document alone: a grid.")
    ] = False,
    names: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=NAME", help="A field's column in FILE, as in question=Frage; repeatable."),
    ] = None,
    data: Data = None,
    server: Server = None,
    language: Language = None,
    source: Source = None,
    date_from: DateFrom = "",
    date_to: DateTo = "",
    top_k: TopK = None,
    max_error: MaxError = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say how the answer came about.")] = False,
    proof: Annotated[
        Path | None,
        typer.Option("--proof", metavar="FILE", readable=False, help="Also write a proof that others can check."),
    ] = None,
    json: Json = False,
) -> None:
    """Answer a question with quotes that prove it, or a file of questions with a table of answers.

    Each quote comes with its exact place. Where the documents do not hold the answer, that is the answer.
    """
    from askcorpus_ui.cli.console import note, print_answer, print_json
    from askcorpus_ui.cli.corpus import open_corpus

    if (question is None) == (file is None) or (file is None) != (out is None):
        raise UsageError(
            "One question is answered, or a file of them.", "Give a QUESTION, or --file FILE and --out FILE."
        )
    filters = filters_of(language, source, date_from, date_to)
    settings = reading_settings(data, server, top_k=top_k, max_error=max_error)
    if file is not None and out is not None:
        if explain or proof or json:
            raise UsageError("--explain, --proof and --json are for one question.", "Leave them out.")
        _ask_file(file, out, settings, filters, names, per_document=per_document)
        return
    if per_document or names:
        raise UsageError("--per-document and --map are for a file of questions.", "Give --file FILE and --out FILE.")
    question = _read(question or "")
    with open_corpus(settings) as corpus:
        if corpus.promise:
            note(f"askcorpus: {corpus.promise}")
        answer = corpus.ask(question, filters=filters, explain=explain)
        note_undated(corpus, answer.filters)
        if proof:
            proof.write_text(corpus.prove(answer).model_dump_json(indent=2) + "\n", encoding="utf-8")
    if json:
        print_json(answer)
    else:
        print_answer(answer)


def _ask_file(
    file: Path, out: Path, settings: "Settings", filters: "Filters", names: list[str] | None, *, per_document: bool
) -> None:
    from askcorpus_eval.columns import chosen_columns
    from askcorpus_eval.questions import read_questions
    from askcorpus_ui.cli.batch import answer_all, answer_per_document
    from askcorpus_ui.cli.console import note
    from askcorpus_ui.cli.corpus import open_corpus

    asked = read_questions(file, chosen_columns(names or ()))
    for line in asked.notes:
        note(f"askcorpus: {line}")
    with open_corpus(settings) as corpus:
        if corpus.promise:
            note(f"askcorpus: {corpus.promise}")
        corpus.listing(filters, limit=1)  # filters that no document passes are refused before the table is begun
        answer = answer_per_document if per_document else answer_all
        answered = answer(corpus, asked.questions, out, filters)
        note_undated(corpus, filters)
    note(f"askcorpus: {len(asked.questions)} questions, {answered} answers: {out}")


@app.command()
def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What to look for; - reads it from standard input.")],
    data: Data = None,
    server: Server = None,
    language: Language = None,
    source: Source = None,
    date_from: DateFrom = "",
    date_to: DateTo = "",
    top_k: TopK = None,
    json: Json = False,
) -> None:
    """List the passages nearest to a query, best first."""
    from askcorpus_ui.cli.console import print_hits, print_json
    from askcorpus_ui.cli.corpus import open_corpus

    query, filters = _read(query), filters_of(language, source, date_from, date_to)
    with open_corpus(reading_settings(data, server, top_k=top_k)) as corpus:
        hits = corpus.search(query, filters)
        note_undated(corpus, filters)
    if json:
        print_json({"hits": [hit.model_dump() for hit in hits]})
    else:
        print_hits(hits)


@app.command()
def verify(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", readable=False, help="A text, page, PDF or office file; - for standard input."),
    ] = None,
    data: Data = None,
    server: Server = None,
    proof: Annotated[
        Path | None,
        typer.Option("--proof", metavar="FILE", readable=False, help="Instead: ask again what this proof answers."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", readable=False, help="Also write a report, .html or .md."),
    ] = None,
    json: Json = False,
) -> None:
    """Hold what a text quotes against the documents.

    Each quotation, and each statement with its source, is exact, altered, curtailed, misattributed or not there. The
    exit code is 1 unless all are exact.
    """
    from askcorpus_ui.cli.checking import read_proof, read_text, write_report
    from askcorpus_ui.cli.console import print_json, print_proof_check, print_verification
    from askcorpus_ui.cli.corpus import open_corpus

    if (file is None) == (proof is None):
        raise UsageError("One text is checked, or one proof.", "Name a FILE (- for standard input), or --proof FILE.")
    if proof is not None:
        asked = read_proof(proof)
        with open_corpus(reading_settings(data, server)) as corpus:
            checked = corpus.recheck(asked)
        if json:
            print_json(checked)
        else:
            print_proof_check(checked)
        sound = checked.status == "same"
    else:
        settings = reading_settings(data, server)
        text = read_text(file or Path("-"), settings.max_file_mb)
        with open_corpus(settings) as corpus:
            verification = corpus.verify(text)
        if report:
            write_report(report, verification)
        if json:
            print_json(verification)
        else:
            print_verification(verification)
        sound = verification.sound
    if not sound:
        raise typer.Exit(1)


@app.command()
def demo(data: Data = None) -> None:
    """Ask the sample corpus a question, and see the answer with its quotes.

    Its index is kept in your cache folder, or in --data.
    """
    from askcorpus_ui.cli.console import print_answer, say
    from askcorpus_ui.cli.demo import QUESTION, ask_sample_corpus, default_folder, next_steps
    from askcorpus_ui.cli.progress import Bar

    settings = command_settings(data=data or default_folder())
    say(f"> {QUESTION}\n")
    print_answer(ask_sample_corpus(settings, Bar()))
    say(next_steps(settings.data))


@app.command()
def serve(
    data: Data = None,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on. (default: 127.0.0.1)")
    ] = None,
    port: Annotated[int | None, typer.Option(metavar="N", help="Port of chat and API. (default: 7860)")] = None,
    max_error: MaxError = None,
    examples: Annotated[
        Path | None, typer.Option(metavar="FILE", readable=False, help="Questions for the empty chat to offer.")
    ] = None,
) -> None:
    """Open the chat at / and the API at /api/v1 until stopped."""
    require("chat", "askcorpus serve")
    from askcorpus_ui.cli.console import note
    from askcorpus_ui.web.server import serve as run_server

    try:
        run_server(command_settings(data=data, host=host, port=port, max_error=max_error), examples=examples)
    except KeyboardInterrupt:
        note("askcorpus: stopped.")  # the ordinary end of a server


@app.command()
def mcp(data: Data = None, server: Server = None) -> None:
    """Serve agents over standard input and output, by the Model Context Protocol."""
    require("mcp", "askcorpus mcp")
    from askcorpus_ui.cli.corpus import client_of, filled_assistant
    from askcorpus_ui.web.mcp_server import serve_on_standard_streams

    settings = reading_settings(data, server)
    if settings.server:
        with client_of(settings, settings.server) as client:
            serve_on_standard_streams(client, max_error=settings.max_error)
        return
    with filled_assistant(settings) as assistant:
        serve_on_standard_streams(assistant)


@app.command()
def rebuild(data: Data = None) -> None:
    """Make the search indexes again, embedding nothing."""
    from askcorpus_ui.cli.console import say

    with opened_index(data, there=True) as store:
        store.rebuild()  # which also carries over a catalog too old to be read
        info = store.filled()
    say(f"rebuilt {info.documents} documents, {info.passages} passages")


@app.command("export")
def export_index(
    file: Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="Where to; replaced when it is there.")],
    data: Data = None,
) -> None:
    """Write the whole index to one file: documents, passages, vectors and what was read of which file.

    It can be imported on any machine and engine. Conversations, keys and feedback are not in it.
    """
    from askcorpus.index.archive import export_index as write
    from askcorpus_ui.cli.console import say
    from askcorpus_ui.cli.progress import Steps

    with opened_index(data, there=True) as store, Steps() as steps:
        counts = write(store, file, steps)
    say(f"exported {counts.documents} documents, {counts.passages} passages")


@app.command("import")
def import_index(
    file: Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="What `export` wrote.")],
    data: Data = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Add to the documents that are there, replacing those of the same id.")
    ] = False,
) -> None:
    """Put an exported index into an empty one, embedding nothing.

    All of it is there at the end, at once; whatever goes wrong before, nothing is.
    """
    from askcorpus.index.archive import import_index as read
    from askcorpus_ui.cli.console import say
    from askcorpus_ui.cli.progress import Steps

    with opened_index(data, there=False) as store, Steps() as steps:
        counts = read(store, file, steps, merge=merge)
    say(f"imported {counts.documents} documents, {counts.passages} passages")


@app.command()
def doctor(data: Data = None, json: Json = False) -> None:
    """Check the installation, the model, the index and the LLM."""
    from askcorpus.index.opening import require_index
    from askcorpus_ui.cli.console import print_checks, print_json
    from askcorpus_ui.cli.doctor import examine

    settings = command_settings(data=data)
    checks = examine(settings)
    ok = all(check.ok for check in checks)
    if json:
        print_json({"ok": ok, "checks": [check._asdict() for check in checks]})
    else:
        print_checks(checks)
    if not ok:
        require_index(settings)  # that there is none has an exit code of its own
        raise typer.Exit(1)


def _fields(names: list[str] | None) -> dict[str, str] | None:
    """``date=seen`` for each field that is called otherwise.

    Raises:
        UsageError: one is not of that form, or there is no such field.
    """
    from askcorpus_ingest.readers.records import NAMES

    pairs = [name.partition("=") for name in names or ()]
    if wrong := ["".join(pair) for pair in pairs if pair[0] not in NAMES or not pair[2]]:
        raise UsageError(f"--map {wrong[0]} is not FIELD=NAME.", f"FIELD is one of {', '.join(NAMES)}.")
    return {field: name for field, _, name in pairs} or None


def _read(question: str) -> str:
    """The argument itself, or standard input for ``-``."""
    if question == "-":
        raw = sys.stdin.buffer.read(MAX_STDIN)
        if len(raw) == MAX_STDIN:
            raise UsageError("The question is too long.")
    else:
        raw = question.encode("utf-8", "surrogateescape")  # how Python carries arguments that are no text
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise UsageError("The question is not UTF-8 text.") from exc
