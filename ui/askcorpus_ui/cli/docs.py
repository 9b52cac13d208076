"""`askcorpus docs`: listed, shown, removed and restored."""

from typing import Annotated

import typer

from askcorpus.errors import UsageError
from askcorpus_ui.cli.options import (
    Data,
    DateFrom,
    DateTo,
    Json,
    Language,
    Server,
    Source,
    command_settings,
    filters_of,
    note_undated,
    opened_index,
    reading_settings,
)

app = typer.Typer(help="List, show and remove documents.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_documents(
    data: Data = None,
    server: Server = None,
    language: Language = None,
    source: Source = None,
    date_from: DateFrom = "",
    date_to: DateTo = "",
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many.")] = None,
    offset: Annotated[int, typer.Option(min=0, metavar="N", help="Pass over the first.")] = 0,
    json: Json = False,
) -> None:
    """List the documents, newest first."""
    from askcorpus_ui.cli.console import print_documents, print_json, without_text
    from askcorpus_ui.cli.corpus import open_corpus

    filters = filters_of(language, source, date_from, date_to)
    with open_corpus(reading_settings(data, server)) as corpus:
        documents, total = corpus.listing(filters, offset, limit)
        note_undated(corpus, filters)
    if json:
        print_json({"documents": list(map(without_text, documents)), "total": total})
    else:
        print_documents(documents)


@app.command("duplicates")
def list_duplicates(
    data: Data = None,
    server: Server = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a document a line.")] = False,
    json: Json = False,
) -> None:
    """List the documents that tell the same story, in nearly the same words or with some of it cut."""
    from askcorpus_ui.cli.console import print_json, print_stories, print_stories_as_csv, without_text
    from askcorpus_ui.cli.corpus import open_corpus

    with open_corpus(reading_settings(data, server)) as corpus:
        stories = corpus.duplicates()
    if json:
        print_json({"stories": [list(map(without_text, story)) for story in stories]})
    elif csv:
        print_stories_as_csv(stories)
    else:
        print_stories(stories)


@app.command("show")
def show_document(
    document_id: Annotated[str, typer.Argument(metavar="ID")],
    data: Data = None,
    server: Server = None,
    json: Json = False,
) -> None:
    """Show a document with its whole text."""
    from askcorpus_ui.cli.console import print_document, print_json
    from askcorpus_ui.cli.corpus import open_corpus

    with open_corpus(reading_settings(data, server)) as corpus:
        document = corpus.document(document_id)
    if document is None:
        raise _unknown([document_id])
    if json:
        print_json(document)
    else:
        print_document(document)


@app.command("remove")
def remove_documents(document_ids: Annotated[list[str], typer.Argument(metavar="ID…")], data: Data = None) -> None:
    """Remove documents from the index, for good.

    Their files stay where they are and do not bring them back; `docs restore` lets them in again.
    """
    from askcorpus.types import Filters
    from askcorpus_ui.cli.console import say
    from askcorpus_ui.cli.corpus import filled_assistant

    with filled_assistant(command_settings(data=data)) as assistant:
        # Counted, not read: a document that is damaged must be removable.
        if unknown := [name for name in document_ids if not assistant.store.count(Filters(document_ids=(name,)))]:
            raise _unknown(unknown)
        with assistant.store.writer() as writer:
            removed = writer.withhold(document_ids)
    say(f"{removed} removed")


@app.command("restore")
def restore_documents(document_ids: Annotated[list[str], typer.Argument(metavar="ID…")], data: Data = None) -> None:
    """Let the next ingest bring back documents that were removed."""
    from askcorpus_ui.cli.console import say

    with opened_index(data, there=True) as store, store.writer() as writer:
        if unknown := sorted(set(document_ids) - store.withheld(document_ids)):
            raise UsageError(f"Not removed: {', '.join(unknown)}.", "Name documents that docs remove took out.")
        restored = writer.restore(document_ids)
    say(f"{len(restored)} will come back with the next ingest")


def _unknown(document_ids: list[str]) -> UsageError:
    return UsageError(f"No such document: {', '.join(document_ids)}.", "askcorpus docs list shows them all.")
