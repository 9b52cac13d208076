"""Which files there are to read, under the paths a user names."""

import errno
import os
import stat
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from askcorpus.errors import READ_ERRORS, ReadError, StorageError, UsageError
from askcorpus.text.characters import printable

_TEXTS = (".txt", ".text", ".rst", ".adoc", ".asciidoc", ".org", ".md", ".markdown", ".srt", ".vtt")
_PAGES = (".html", ".htm", ".xhtml", ".mht", ".mhtml")
_DATA = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".xml", ".rss", ".atom", ".nitf", ".ris", ".enw", ".bib", ".ics")
_MAIL = (".eml", ".emlx", ".mbox", ".msg")
_WORDS = (".doc", ".docx", ".docm", ".odt", ".rtf")
_OFFICE = (*_WORDS, ".ppt", ".pps", ".pptx", ".pptm", ".odp", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_PACKED = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz", ".tbz2", ".xz", ".txz")
READABLE_ENDINGS = frozenset((*_TEXTS, *_PAGES, *_DATA, *_MAIL, *_OFFICE, ".pdf", ".epub", *_PACKED))
"""Of files that are read; others are looked into, and read where what they hold tells what they are."""

_NO_DOCUMENTS = (("/", "proc"), ("/", "sys"))
"""Where a system shows its own state (and its processes' keys) as files; through links there, all of its disks."""
LEADS_OUT = "is a link out of what was named; name what it leads to, if that is to be read too"
FORMATS = "Name a folder, or files (docs/corpus.md lists the formats)."


FRESH_SECONDS = 2
"""A file that was written so recently may be written again without its times telling: some disks count in two seconds,
and no clock is finer than a few milliseconds."""


UPLOAD = "upload:"
"""How the origins of documents begin that a program sent, and that no file of this machine holds."""


class SourceFile(NamedTuple):
    """One ordinary file, by its real path. ``readable`` tells whether its ending is one of ours; ``stamp`` is its size
    and times, equal for as long as it is unchanged, or empty where they do not prove it yet."""

    path: Path
    readable: bool
    stamp: str = ""


class Failure(NamedTuple):
    """One input that could not be ingested: which (file, or file#record), and why in one line, of which ``kind`` is the
    name of the error's class (the general one for a file that was not read again)."""

    origin: str
    reason: str
    kind: str = ReadError.__name__

    @classmethod
    def of(cls, origin: str, error: ReadError, before: str = "") -> Self:
        """What an error says of an input, behind some words."""
        return cls(origin, before + error.message, type(error).__name__)

    @property
    def error(self) -> ReadError:
        """What such an input raises where it is the only one."""
        return READ_ERRORS.get(self.kind, ReadError)(self.reason)


class PassedOver(Failure):
    """One input that is of a kind that is not read: nothing is wrong with it."""


def check_paths(paths: Sequence[Path]) -> None:
    """See that every path is there before any work begins.

    Raises:
        UsageError: no path is given, or one does not exist or is neither a file nor a folder.
        StorageError: one lies where we may not look.
    """
    if not paths:
        raise UsageError("No path to ingest.", FORMATS)
    for path in paths:
        try:
            mode = path.stat().st_mode
        except (FileNotFoundError, NotADirectoryError, ValueError) as exc:  # ValueError: a name with NUL in it
            raise UsageError(f"{printable(str(path))} does not exist.", "Check the path.") from exc
        except PermissionError as exc:
            raise StorageError(f"{printable(str(path))} may not be read.", "Check its permissions.") from exc
        except OSError as exc:
            raise UsageError(f"{printable(str(path))} cannot be opened: {exc.strerror}.", "Check the path.") from exc
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise UsageError(
                f"{printable(str(path))} is neither a file nor a folder.",
                FORMATS,
            )


def find_files(paths: Sequence[Path]) -> Iterator[SourceFile | Failure]:
    """Every file under ``paths``, each once, in a stable order; what cannot be opened or is no file is a failure.

    Hidden files and folders below the named paths are left out. Links are followed where they lead to something below
    the named paths, and a loop of links ends: a folder from a stranger shall not have the rest of the disk read.
    """
    seen: set[Path] = set()
    named = dict.fromkeys(path.resolve() for path in paths)
    waiting = list(reversed(named))  # a stack, for folders may be nested without end
    while waiting:
        entry = waiting.pop()
        try:
            path = entry.resolve(strict=True) if entry.is_symlink() else entry
            if path in seen:
                continue
            seen.add(path)
            if path.parts[:2] in _NO_DOCUMENTS:
                yield Failure(origin_of(entry), f"lies in /{path.parts[1]}, where no documents are")
                continue
            status = path.stat()
            mode = status.st_mode
            leads_out = path != entry and named.keys().isdisjoint((path, *path.parents))
            if leads_out and (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
                yield Failure(origin_of(entry), LEADS_OUT)
                continue
            if stat.S_ISDIR(mode):
                waiting += sorted((one for one in path.iterdir() if not one.name.startswith(".")), reverse=True)
        except (OSError, RuntimeError) as exc:
            yield Failure(origin_of(entry), _reason(entry, exc))
            continue
        if stat.S_ISREG(mode):
            yield SourceFile(path, path.suffix.lower() in READABLE_ENDINGS, stamp_of(status))
        elif not stat.S_ISDIR(mode):
            yield Failure(origin_of(entry), "is neither a file nor a folder")


def stamp_of(status: os.stat_result) -> str:
    """Size and times of a file in one word, or "" while it is so fresh that they do not prove anything."""
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < FRESH_SECONDS * 1_000_000_000:
        return ""
    return f"{status.st_size}.{status.st_mtime_ns}.{status.st_ctime_ns}"


def origin_of(path: Path) -> str:
    """What documents of this file are known by: its path, as text that can be stored and shown."""
    return printable(path.as_posix())


def root_of(path: Path) -> str:
    """How the origins of all that is under a path begin."""
    return origin_of(path.resolve()).rstrip("/")


def is_under(origin: str, roots: Collection[str]) -> bool:
    """Whether an origin is one of ``roots`` or lies under one."""
    while origin:
        if origin in roots:
            return True
        origin = origin.rpartition("/")[0]
    return "" in roots


def is_upload(origin: str) -> bool:
    """Whether a document was sent, and is in no file."""
    return origin.startswith(UPLOAD)


def exists(origin: str) -> bool:
    """Whether the file of that origin is there, as far as anyone may tell: what lies in a locked folder may be."""
    try:
        Path(origin).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return "\\" in origin  # a name that was escaped, of which nobody knows whether it is there
    except OSError:
        return True
    return True


def _reason(entry: Path, exc: OSError | RuntimeError) -> str:
    """Why a file or folder could not be opened."""
    if not isinstance(exc, OSError) or (exc.errno in (errno.ENOENT, errno.ELOOP) and entry.is_symlink()):
        return "is a link that leads nowhere"
    return f"cannot be opened: {exc.strerror}"
