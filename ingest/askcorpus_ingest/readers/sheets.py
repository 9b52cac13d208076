"""Spreadsheets (.xlsx, .xls, .xlsb, .ods): a row is a record where its sheet has a header."""

import datetime
import io
from collections.abc import Iterator, Sequence

from askcorpus.errors import Corrupt, Encrypted
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.rows import row_records
from askcorpus_ingest.readers.source import Source


def read_sheets(source: Source) -> Iterator[RawRecord]:
    """The rows of each sheet that is shown, with the values that its formulas had when it was saved.

    Raises:
        ReadError: it is encrypted, or none.
    """
    for name, rows in visible_sheets(source.content()):
        yield from row_records(source, enumerate(rows, 1), {"sheet": name}, _title(source, name))


def visible_sheets(content: bytes) -> Iterator[tuple[str, Iterator[Sequence[str]]]]:
    """The name and the rows of each sheet that is shown, cells as people read them. Raises as `read_sheets` does."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for sheet in book.sheets_metadata:
            if sheet.typ is SheetTypeEnum.WorkSheet and sheet.visible is SheetVisibleEnum.Visible:
                rows = book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
                yield sheet.name, ([_shown(value) for value in row] for row in rows)
    except PasswordError as exc:
        raise Encrypted("is encrypted") from exc
    except CalamineError as exc:
        raise Corrupt("is a broken spreadsheet") from exc


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
