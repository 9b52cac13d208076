"""Spreadsheets (.xlsx, .xls, .xlsb, .ods): a row is a record where its sheet has a header."""

import datetime
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any

from askcorpus.errors import Corrupt, Encrypted
from askcorpus_ingest.readers.percentages import PercentCell, percent_cells
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.rows import names_texts, row_records
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.readers.table import MOST_CAPTIONS, is_header, is_value, is_year

Range = tuple[tuple[int, int], tuple[int, int]]
"""The first and the last of the cells that are merged: row and column of each."""


_DECIMALS = 10
"""Of a percentage: more are the computer's, as in 0.07 × 100 = 7.000000000000001."""

_NONE_LEFT: tuple[str, Iterator[PercentCell]] = ("", iter(()))

HEAD_ROWS = 20
"""Names of columns stand in the first rows of a sheet."""


def read_sheets(source: Source) -> Iterator[RawRecord]:
    """The rows of each sheet that is shown, with the values that its formulas had when it was saved.

    Raises:
        ReadError: it is encrypted, or none.
    """
    for name, rows in _sheets(source):
        yield from sheet_records(source, name, rows)


def sheet_records(source: Source, name: str, rows: Sequence[Sequence[Any]]) -> Iterator[RawRecord]:
    """The rows of a sheet of that name, all of one length."""
    of_documents = any(names_texts(_shown_row(row), source.limits.names) for row in rows[:HEAD_ROWS])
    for first, end in pairwise((0, *(() if of_documents else _later(rows)), len(rows))):
        table = enumerate(_shown(rows[first:end]), first + 1)
        yield from row_records(source, table, {"sheet": name}, _title(source, name))


def visible_sheets(source: Source) -> Iterator[tuple[str, Iterator[Sequence[str]]]]:
    """The name and the rows of each sheet that is shown, cells as people read them. Raises as `read_sheets` does."""
    return ((name, _shown(rows)) for name, rows in _sheets(source))


def _sheets(source: Source) -> Iterator[tuple[str, list[list[Any]]]]:
    """The name and the rows of each sheet that is shown, percentages as it shows them."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(source.content()))
        by_sheet = groupby(percent_cells(source), attrgetter("sheet"))
        of_sheet, cells = next(by_sheet, _NONE_LEFT)
        for sheet in book.sheets_metadata:
            if sheet.typ is SheetTypeEnum.WorkSheet and sheet.visible is SheetVisibleEnum.Visible:
                found = book.get_sheet_by_name(sheet.name)
                rows = found.to_python(skip_empty_area=False)
                _show_percentages(rows, cells if of_sheet == sheet.name else ())
                _join_names(rows, found.merged_cell_ranges or [])
                yield sheet.name, rows
            if of_sheet == sheet.name:
                of_sheet, cells = next(by_sheet, _NONE_LEFT)
    except PasswordError as exc:
        raise Encrypted("is encrypted") from exc
    except CalamineError as exc:
        raise Corrupt("is a broken spreadsheet") from exc


def _later(rows: Sequence[Sequence[Any]]) -> Iterator[int]:
    """Where below an empty row another table begins, with its captions: at names, where the rows above and below them
    hold values. Its rows are not to be told with the names of the table above."""
    for start in range(2, len(rows)):
        if _filled(rows[start]) and not _filled(rows[start - 1]) and _has_value(rows[start - 2]):
            head = start
            while head + 1 < len(rows) and head - start < MOST_CAPTIONS and _filled(rows[head]) == 1:
                head += 1
            if head + 1 < len(rows) and _has_value(rows[head + 1]) and _names(*_shown(rows[head : head + 2])):
                yield start


def _names(above: Sequence[str], below: Sequence[str]) -> bool:
    """Whether a row has names of columns; years above other years (Paris 1999, Lyon 2005) are values as these are."""
    years = [year for name, year in zip(above, below, strict=True) if is_year(name)]
    return is_header(above, below) and not (years and all(map(is_year, years)))


def _filled(row: Sequence[Any]) -> int:
    """How many cells hold anything."""
    return sum(value != "" for value in row)


def _has_value(row: Sequence[Any]) -> bool:
    return any(is_value(cell) for cell in _shown_row(row))


def _show_percentages(rows: list[list[Any]], cells: Iterable[PercentCell]) -> None:
    for _, row, column in cells:
        if row < len(rows) and column < len(rows[row]) and isinstance(value := rows[row][column], float):
            rows[row][column] = f"{_told(round(value * 100, _DECIMALS))}%"


def _join_names(rows: list[list[Any]], merged: Iterable[Range]) -> None:
    """Have names in the first row that stand over several columns (Sales) told with each of those below them (Sales
    2023, Sales 2024)."""
    top = next((number for number, row in enumerate(rows[:HEAD_ROWS]) if sum(map(bool, row)) > 1), len(rows))
    over = {
        column: first
        for (row, first), (last_row, last) in merged
        if row == last_row == top and first < last
        for column in range(first, last + 1)
    }
    if not over or top + 2 >= len(rows):
        return
    above, below, data = rows[top : top + 3]
    names = [_name(above[over.get(column, column)], value) for column, value in enumerate(below)]
    is_form = any(one and below[column] for column, one in enumerate(above) if column not in over)
    if not is_form and all(below[column] for column in over) and is_header(names, _shown_row(data)):
        rows[top], rows[top + 1] = [""] * len(above), names


def _shown(rows: Sequence[Sequence[Any]]) -> Iterator[list[str]]:
    """The cells of a table as people read them, without the columns beside or in it that are empty."""
    columns = _filled_columns(rows)
    return (_shown_row([row[column] for column in columns]) for row in rows)


def _shown_row(row: Sequence[Any]) -> list[str]:
    return [_told(value) for value in row]


def _filled_columns(rows: Sequence[Sequence[Any]]) -> list[int]:
    """The columns that hold anything."""
    width = len(rows[0]) if rows else 0
    empty = set(range(width))
    for row in rows:
        empty -= {column for column in empty if row[column] != ""}
        if not empty:
            break
    return [column for column in range(width) if column not in empty]


def _name(above: Any, below: Any) -> str:
    return " ".join(dict.fromkeys(filter(None, (_told(above).strip(), _told(below).strip()))))


def _title(source: Source, sheet: str) -> str:
    return f"{source.path.stem}: {sheet}"


def _told(value: object) -> str:
    """A cell as people read it: whole numbers without a point, times without the seconds that are none."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ")
    if isinstance(value, datetime.time):
        return value.isoformat("minutes") if not value.second else value.isoformat("seconds")
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
