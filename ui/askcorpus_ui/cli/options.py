"""What commands take on their line, and how it is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from askcorpus.errors import UsageError

if TYPE_CHECKING:
    from askcorpus.index.store import Store
    from askcorpus.settings import Settings
    from askcorpus.types import Filters
    from askcorpus_ui.cli.corpus import Corpus

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", readable=False, help="Folder of the index. (default: .askcorpus)", show_default=False
    ),
]
Server = Annotated[
    str | None,
    typer.Option("--server", metavar="URL", help="Instead: a running server, asked with ASKCORPUS_API_KEY as its key."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
TopK = Annotated[int | None, typer.Option("--top-k", metavar="N", help="How many passages. (default: 8)")]
Language = Annotated[
    list[str] | None, typer.Option("--language", metavar="CODE", help="Only documents in this language; repeatable.")
]
Source = Annotated[
    list[str] | None, typer.Option("--source", metavar="NAME", help="Only documents from this source; repeatable.")
]
DateFrom = Annotated[str, typer.Option("--from", metavar="DATE", help="Not before 2022, 2022-09 or 2022-09-29.")]
MaxError = Annotated[
    str | None,
    typer.Option("--max-error", metavar="RATE", help="Answer so that at most this share is wrong, as in 5%."),
]
DateTo = Annotated[str, typer.Option("--to", metavar="DATE", help="Not after that year, month or day.")]


def command_settings(**flags: Any) -> "Settings":
    """The settings, with what the line says. Raises as ``read_settings`` does."""
    from askcorpus.settings import read_settings

    return read_settings(**flags)


def reading_settings(data: Path | None, server: str | None, **flags: Any) -> "Settings":
    """The settings of a command that reads: what is named on its line counts, the folder or the server.

    Raises:
        UsageError: both are.
    """
    if data and server:
        raise UsageError("--data and --server do not go together.", "Leave one of them out.")
    settings = command_settings(data=data, server=server, **flags)
    return settings.model_copy(update={"server": None}) if data else settings


def filters_of(languages: list[str] | None, sources: list[str] | None, date_from: str, date_to: str) -> "Filters":
    """What a document must be to count."""
    from askcorpus.types import Filters

    return Filters(languages=tuple(languages or ()), sources=tuple(sources or ()), date_from=date_from, date_to=date_to)


@contextmanager
def opened_index(data: Path | None, *, there: bool) -> "Iterator[Store]":
    """The store of the settings, which must be ``there`` already, or may be made."""
    from askcorpus.embedding.embeddings import load_embeddings
    from askcorpus.index.opening import open_index, require_index

    settings = command_settings(data=data)
    if there:
        require_index(settings)
    with open_index(settings, load_embeddings(settings)) as store:
        yield store


def note_undated(corpus: "Corpus", filters: "Filters") -> None:
    """Say what the filters leave out without anyone meaning it."""
    from askcorpus_ui.cli.console import note

    if (filters.date_from or filters.date_to) and (undated := corpus.undated(filters)):
        note(f"askcorpus: --from and --to leave out {undated} documents that have no date.")
