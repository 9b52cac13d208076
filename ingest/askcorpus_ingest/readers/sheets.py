"""Spreadsheets (.xlsx, .xls, .xlsb, .ods): a row is a record where its sheet has a header."""

import datetime
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from askcorpus.errors import Corrupt, Encrypted
from askcorpus_ingest.readers.percentages import percent_cells
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.rows import row_records
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.readers.table import is_header

Range = tuple[tuple[int, int], tuple[int, int]]
"""The first and the last of the cells that are merged: row and column of each."""


_DECIMALS = 10
"""Of a percentage: more are the computer's, as in 0.07 × 100 = 7.000000000000001."""

HEAD_ROWS = 20
"""Names of columns stand in the first rows of a sheet."""


def read_sheets(source: Source) -> Iterator[RawRecord]:
    """The rows of each sheet that is shown, with the values that its formulas had when it was saved.

    Raises:
        ReadError: it is encrypted, or none.
    """
    for name, rows in visible_sheets(source.content(), partial(percent_cells, source)):
        yield from row_records(source, enumerate(rows, 1), {"sheet": name}, _title(source, name))


def visible_sheets(
    content: bytes, percentages: Callable[[str], Iterable[tuple[int, int]]] = lambda _: ()
) -> Iterator[tuple[str, Iterator[Sequence[str]]]]:
    """The name and the rows of each sheet that is shown, cells as people read them. Raises as `read_sheets` does.

    ``percentages`` tells which cells of a sheet show their number as one, by row and column from 0.
    """
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for sheet in book.sheets_metadata:
            if sheet.typ is SheetTypeEnum.WorkSheet and sheet.visible is SheetVisibleEnum.Visible:
                found = book.get_sheet_by_name(sheet.name)
                rows = found.to_python(skip_empty_area=False)
                _show_percentages(rows, percentages(sheet.name))
                _join_names(rows, found.merged_cell_ranges or [])
                columns = _filled_columns(rows)
                yield sheet.name, ([_shown(row[column]) for column in columns] for row in rows)
    except PasswordError as exc:
        raise Encrypted("is encrypted") from exc
    except CalamineError as exc:
        raise Corrupt("is a broken spreadsheet") from exc


def _show_percentages(rows: list[list[Any]], cells: Iterable[tuple[int, int]]) -> None:
    for row, column in cells:
        if row < len(rows) and column < len(rows[row]) and isinstance(value := rows[row][column], float):
            rows[row][column] = f"{_shown(round(value * 100, _DECIMALS))}%"


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
    if not is_form and all(below[column] for column in over) and is_header(names, [_shown(value) for value in data]):
        rows[top], rows[top + 1] = [""] * len(above), names


def _filled_columns(rows: Sequence[Sequence[Any]]) -> list[int]:
    """The columns that hold anything: one that is empty beside or between others is no part of a table."""
    width = len(rows[0]) if rows else 0
    empty = set(range(width))
    for row in rows:
        empty -= {column for column in empty if row[column] != ""}
        if not empty:
            break
    return [column for column in range(width) if column not in empty]


def _name(above: Any, below: Any) -> str:
    return " ".join(dict.fromkeys(filter(None, (_shown(above).strip(), _shown(below).strip()))))


def _title(source: Source, sheet: str) -> str:
    return f"{source.path.stem}: {sheet}"


def _shown(value: object) -> str:
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
