"""Which files there are to read, under the paths a user names."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from askcorpus.errors import UsageError

READABLE_ENDINGS = (".txt", ".md", ".html", ".htm", ".jsonl")


class SourceFile(NamedTuple):
    """One ordinary file, by its real path. ``readable`` tells whether its ending is one we read."""

    path: Path
    readable: bool


class Failure(NamedTuple):
    """One input that could not be ingested: which (file, or file#record), and why in one line."""

    origin: str
    reason: str


def check_paths(paths: Sequence[Path]) -> None:
    """See that every path is there before any work begins.

    Raises:
        UsageError: no path is given, or one does not exist or is neither a file nor a folder.
    """
    if not paths:
        raise UsageError("No path to ingest.", f"Name a folder, or files ending in {endings()}.")
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist.", "Check the path.")
        if not path.is_file() and not path.is_dir():
            raise UsageError(
                f"{path} is neither a file nor a folder.", f"Name a folder, or files ending in {endings()}."
            )


def find_files(paths: Sequence[Path]) -> Iterator[SourceFile | Failure]:
    """Every file under ``paths``, each once, in a stable order; a folder that cannot be opened is a failure.

    Hidden files and folders below the named paths are left out. Links are followed, and a loop of links ends.
    """
    seen: set[Path] = set()
    for path in paths:
        yield from _walk(path.resolve(), seen)


def endings() -> str:
    """The endings we read, as a message names them."""
    return ", ".join(READABLE_ENDINGS)


def _walk(path: Path, seen: set[Path]) -> Iterator[SourceFile | Failure]:
    """``path`` is real (no links in it). Files and folders in ``seen`` are not visited again."""
    if path in seen:
        return
    seen.add(path)
    if path.is_file():
        yield SourceFile(path, path.suffix.lower() in READABLE_ENDINGS)
    if not path.is_dir():
        return
    try:
        entries = sorted(path.iterdir())
    except OSError as exc:
        yield Failure(path.as_posix(), f"cannot be opened: {exc.strerror}")
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            real = entry.resolve(strict=True)
        except (OSError, RuntimeError):  # a dangling link, or a link to itself
            yield Failure(entry.as_posix(), "is a link that leads nowhere")
            continue
        yield from _walk(real, seen)
