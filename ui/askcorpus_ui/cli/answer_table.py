"""Tables of answers for spreadsheets and programs: .csv, .xlsx and .jsonl, each row kept as it comes."""

import csv
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, Self

from askcorpus.errors import StorageError, UsageError
from askcorpus.text.characters import FORMULA_STARTS, spreadsheet_cell, visible
from askcorpus_ui.answer_rows import Cell

MOST_CELL_CHARS = 32_767
"""What a cell of .xlsx holds."""

WIDE = ("question", "answer", "quote", "other_quotes")
WIDTHS = {True: 50, False: 16}


class Table(Protocol):
    """A table that is open for writing."""

    def add(self, row: Mapping[str, Cell], **more: Any) -> None:
        """A row, by the names of the columns; ``more`` is for those formats that hold more than cells."""


def open_table(path: Path, columns: Sequence[str]) -> AbstractContextManager[Table]:
    """A new table with these columns; when it is closed, also by an error or Ctrl-C, it holds all rows so far.

    Raises:
        UsageError: the file exists, or its ending is not one of .csv, .xlsx and .jsonl.
        StorageError: it cannot be written.
    """
    kinds: dict[str, type[_Csv] | type[_Xlsx] | type[_Jsonl]] = {".csv": _Csv, ".xlsx": _Xlsx, ".jsonl": _Jsonl}
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise UsageError(f"{path}: answers are written as {', '.join(kinds)}.", "Name a file that ends so.")
    try:
        path.touch(exist_ok=False)
    except FileExistsError as exc:
        raise UsageError(f"{path} exists already.", "Name another --out, or take it away.") from exc
    except OSError as exc:
        raise StorageError(f"{path} cannot be written: {exc.strerror}.") from exc
    return kind(path, columns)


class _Lines:
    """A file that grows by whole lines, each handed to the system at once."""

    encoding = "utf-8"

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._path, self._columns = path, columns
        self._file = path.open("w", encoding=self.encoding, errors="backslashreplace", newline="")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._file.close()

    def _flush(self) -> None:
        try:
            self._file.flush()
        except OSError as exc:
            raise StorageError(f"{self._path} cannot be written: {exc.strerror}.", "What is there is kept.") from exc


class _Csv(_Lines):
    """Comma-separated, with the mark at its beginning by which Excel knows UTF-8; no cell is a formula."""

    encoding = "utf-8-sig"

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        super().__init__(path, columns)
        self._writer = csv.writer(self._file)
        self._writer.writerow([spreadsheet_cell(visible(name)) for name in columns])
        self._flush()

    def add(self, row: Mapping[str, Cell], **_: Any) -> None:
        """A row; what begins like a formula gets an apostrophe before it."""
        cells = (row.get(name) for name in self._columns)
        self._writer.writerow([spreadsheet_cell(visible(cell)) if isinstance(cell, str) else cell for cell in cells])
        self._flush()


class _Jsonl(_Lines):
    """An object a line: the cells by their columns, and whatever more there is."""

    def add(self, row: Mapping[str, Cell], **more: Any) -> None:
        """A line."""
        self._file.write(json.dumps({**row, **more}, ensure_ascii=False) + "\n")
        self._flush()


class _Xlsx:
    """A workbook of one sheet. Texts are written as texts, and those that begin like a formula marked as such."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        from xlsxwriter import Workbook

        self._path, self._columns = path, columns
        self._book = Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False})
        self._text = self._book.add_format({"text_wrap": True, "valign": "top"})
        self._guarded = self._book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
        self._head = self._book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._sheet = self._book.add_worksheet("Answers")
        self._sheet.freeze_panes(1, 1)
        for at, name in enumerate(columns):
            self._sheet.set_column(at, at, WIDTHS[name in WIDE])
            self._sheet.write_string(0, at, _fitting(name), self._head)
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        from xlsxwriter.exceptions import FileCreateError

        self._sheet.autofilter(0, 0, self._rows, max(0, len(self._columns) - 1))
        try:
            self._book.close()
        except FileCreateError as exc:
            raise StorageError(f"{self._path} cannot be written: {exc}.") from exc

    def add(self, row: Mapping[str, Cell], **_: Any) -> None:
        """A row."""
        self._rows += 1
        for at, name in enumerate(self._columns):
            cell = row.get(name)
            if isinstance(cell, str) and cell:
                text = _fitting(cell)
                guarded = text.startswith(FORMULA_STARTS)
                self._sheet.write_string(self._rows, at, text, self._guarded if guarded else self._text)
            elif cell not in (None, ""):
                self._sheet.write_number(self._rows, at, cell, self._text)


def _fitting(text: str) -> str:
    text = visible(text)
    return text if len(text) <= MOST_CELL_CHARS else text[: MOST_CELL_CHARS - 1] + "…"
