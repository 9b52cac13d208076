"""``metadata.csv``: what people know of files that the files do not say themselves. It has the last word.

The table lies in the folder of the files or above it. Its column ``file`` names one by its path from there (or a record
of it, as ``news.jsonl#a17``); the other columns are named as the fields of a record are.
"""

import csv
import io
import os
import re
import stat
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

from askcorpus.errors import ReadError
from askcorpus.text.characters import printable
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.files import origin_of
from askcorpus_ingest.readers.records import RawRecord, read_fields
from askcorpus_ingest.readers.source import Source

NAME = "metadata.csv"
_NO_LETTER = re.compile(r"[\W_]")
_FILE_COLUMNS = ("file", "filename", "path", "filepath")
MOST_NAMED = 5
"""Files that a table names and that are not there, of which people are told the names."""
_DELIMITERS = ",;\t|"

Row = dict[str, str]
Table = dict[str, dict[str, Row]]
"""Rows by the origin of a file, and by the origin of what they are about: that file, or a record of it."""


class Sidecars:
    """The tables of all folders that are looked into, each read once."""

    def __init__(self, max_mb: int) -> None:
        self._max_mb = max_mb
        self._tables: dict[Path, Table] = {}
        self._above: dict[Path, list[Table]] = {}
        self.failures: dict[str, str] = {}
        """Origins of tables that cannot be read, and why."""
        self.doubts: dict[str, str] = {}
        """Origins of tables that are not believed, and why, or with rows about files that are not there, and which."""

    def is_one(self, path: Path) -> bool:
        """Whether a file is such a table, and so no document."""
        return path.name.lower() == NAME and bool(self._rows(path.parent))

    def rows_of(self, path: Path) -> dict[str, Row]:
        """What the tables say of a file (under its origin) and of its records, the nearest table before those above."""
        found: dict[str, Row] = {}
        for table in self._tables_above(path.parent):
            for name, row in table.get(origin_of(path), {}).items():
                found[name] = found.get(name, {}) | row
        return found

    def _tables_above(self, folder: Path) -> list[Table]:
        """The tables that may name a file of a folder, the nearest last."""
        if folder not in self._above:
            above = self._tables_above(folder.parent) if folder != folder.parent else []
            self._above[folder] = [*above, *filter(None, [self._rows(folder)])]
        return self._above[folder]

    def _rows(self, folder: Path) -> Table:
        if folder not in self._tables:
            self._tables[folder] = {}
            path = folder / NAME
            try:
                if not path.is_file():
                    return {}
                if doubt := _stranger(path):
                    self.doubts[origin_of(path)] = doubt
                    return {}
                self._tables[folder], gone = _read(Source(path.resolve(), self._max_mb), folder)
                if gone:
                    self.doubts[origin_of(path)] = _named(gone)
            except OSError as exc:
                self.failures[origin_of(path)] = f"cannot be read: {exc.strerror}"
            except (ReadError, csv.Error) as exc:
                self.failures[origin_of(path)] = str(exc)
        return self._tables[folder]


def told(raw: RawRecord, rows: Mapping[str, Row], names: Mapping[str, str]) -> RawRecord:
    """The record with what the tables say of its file and of it (``rows``) in the place of what it says itself.

    ``names`` are what the user says that fields of records are called.
    """
    file = raw.origin.partition("#")[0] if raw.origin not in rows else raw.origin
    row = rows.get(file, {}) | rows.get(raw.origin, {})
    known, extra = read_fields(row, names)
    known.pop("text", None)
    known.pop("doc_id", None)
    return raw._replace(**known, extra={**raw.extra, **extra}) if row else raw  # type: ignore[arg-type]


def _stranger(path: Path) -> str:
    """Why a table is not believed, which may lie above all that was named; "" where it is.

    One that is a link out of its folder would have some other file read, and /tmp is a folder above, too, where every
    user of the machine may put one.
    """
    folder = path.parent.resolve()
    if not path.resolve().is_relative_to(folder):
        return "is a link out of its folder"
    status = folder.stat()
    is_open = status.st_mode & stat.S_IWOTH and hasattr(os, "geteuid")
    if is_open and path.stat().st_uid not in (os.geteuid(), 0, status.st_uid):
        return "belongs to another user, in a folder where everybody may write"
    return ""


def _read(source: Source, folder: Path) -> tuple[Table, list[str]]:
    """The rows of a table, none where it has no column of files, and the files named in it that are not there."""
    text = decode(source.content())
    header = text.lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    rows: Table = {}
    gone: dict[str, None] = {}
    files = _Files(folder)
    for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter):
        cells = [(name, value) for name, value in row.items() if isinstance(name, str) and isinstance(value, str)]
        values = {name.strip().lower(): value.strip() for name, value in cells}
        column = next((name for name in values if _NO_LETTER.sub("", name) in _FILE_COLUMNS), "")
        if column and (name := values.pop(column)):
            file, _, record = (name, "", "") if files.found(name) else name.partition("#")
            found = files.found(file)
            if not found:
                gone[name] = None
            about = f"{origin_of(folder).rstrip('/')}/{found or file.removeprefix('./')}"
            row_of = rows.setdefault(about, {})
            row_of[f"{about}#{record}" if record else about] = {key: value for key, value in values.items() if value}
    return rows, list(gone)


def _named(gone: Sequence[str]) -> str:
    more = f" and {len(gone) - MOST_NAMED} more" if len(gone) > MOST_NAMED else ""
    return f"names files that are not there: {', '.join(map(printable, gone[:MOST_NAMED]))}{more}"


class _Files:
    """The files below a folder, by the names that people and other systems write for them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._composed: dict[Path, dict[str, str]] = {}

    def found(self, name: str) -> str:
        """How a file is called here: also where its name has ``\\`` between folders, or its accents composed otherwise;
        "" where there is none. What leads out of the folder is not looked up: who wrote the table may be a stranger."""
        for written in (name.removeprefix("./"), name.replace("\\", "/").removeprefix("./")):
            if PurePath(written).is_absolute() or ".." in PurePath(written).parts:
                return ""
            if _is_there(self._folder / written):
                return written
        folder = (self._folder / written).parent
        own = self._names(folder).get(_composed(PurePath(written).name), "")
        return (PurePath(written).parent / own).as_posix() if own else ""

    def _names(self, folder: Path) -> dict[str, str]:
        """What is in a folder, by its names composed."""
        if folder not in self._composed:
            try:
                self._composed[folder] = {_composed(one.name): one.name for one in folder.iterdir()}
            except (OSError, ValueError):
                self._composed[folder] = {}
        return self._composed[folder]


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
