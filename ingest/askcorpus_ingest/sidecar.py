"""``metadata.csv``: what people know of files that the files do not say themselves. It has the last word.

The table lies in the folder of the files or above it. Its column ``file`` names one by its path from there (or a record
of it, as ``news.jsonl#a17``); the other columns are named as the fields of a record are.
"""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from askcorpus.errors import ReadError
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.files import origin_of
from askcorpus_ingest.readers.records import RawRecord, read_fields
from askcorpus_ingest.readers.source import Source

NAME = "metadata.csv"
_FILE_COLUMNS = ("file", "filename", "path")
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
                if path.is_file():
                    self._tables[folder] = _read(Source(path, self._max_mb), folder)
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


def _read(source: Source, folder: Path) -> Table:
    """The rows of a table; none where it has no column of files."""
    text = decode(source.content())
    header = text.lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    rows: Table = {}
    for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter):
        cells = [(name, value) for name, value in row.items() if isinstance(name, str) and isinstance(value, str)]
        values = {name.strip().lower(): value.strip() for name, value in cells}
        name = next((values.pop(column) for column in _FILE_COLUMNS if column in values), "")
        if name:
            about = f"{origin_of(folder).rstrip('/')}/{name.removeprefix('./')}"
            row_of = rows.setdefault(about.partition("#")[0], {})
            row_of[about] = {column: value for column, value in values.items() if value}
    return rows
