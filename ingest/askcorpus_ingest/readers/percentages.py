"""Which cells of a workbook (.xlsx, .ods) show their number as a percentage: the value alone, 0.25, does not tell."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from askcorpus.errors import ReadError
from askcorpus_ingest.readers.package import Element, Package, opened_package
from askcorpus_ingest.readers.source import Source

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_VALUE_TYPE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}value-type"
_BUILT_IN = frozenset(("9", "10"))
"""The formats 0% and 0.00%, which need no definition (ECMA-376, part 1, 18.8.30)."""

_SPOKEN = re.compile(r'"[^"]*"|\\.|_.|\*.')
"""What of a format's code stands for itself, or for a space."""

_PLACE, _NUMBER = re.compile(r"([A-Z]{1,3})[0-9]{1,7}"), re.compile(r"[1-9][0-9]{0,6}")
_MOST_TIMES = 1000
"""How often a percentage is repeated at most: a sheet may say that it has a million alike."""


class PercentCell(NamedTuple):
    """A cell that shows a percentage: its sheet, row and column, counted from 0."""

    sheet: str
    row: int
    column: int


def percent_cells(source: Source) -> Iterator[PercentCell]:
    """The cells that show their number a hundredfold with a percent sign, in the order of the sheets.

    None where it is a workbook of another kind, or its formats cannot be read.
    """
    try:
        with opened_package(source) as package:
            yield from _open_document(package) if "content.xml" in package.names else _office(package)
    except ReadError:
        return  # the numbers are told as they are


def _office(package: Package) -> Iterator[PercentCell]:
    main = next((name for kind, name in package.relations("").values() if kind == "officeDocument"), "")
    related = package.relations(main)
    formats = _percent_formats(package.found(next((name for kind, name in related.values() if kind == "styles"), "")))
    for sheet in package.xml(main).iter(f"{_MAIN}sheet") if formats else ():
        _, part = related.get(sheet.get(_ID, ""), ("", ""))
        if part in package.names:
            yield from _of_sheet(package, part, sheet.get("name", ""), formats)


def _of_sheet(package: Package, part: str, sheet: str, formats: frozenset[str]) -> Iterator[PercentCell]:
    number = -1
    for row in package.each(part, f"{_MAIN}row"):
        number, column = _number(row.get("r", ""), number + 1), -1
        for cell in row.iterchildren(f"{_MAIN}c"):
            place = _PLACE.fullmatch(cell.get("r", ""))
            column = _column(place[1]) if place else column + 1
            if cell.get("s") in formats and cell.get("t", "n") == "n":
                yield PercentCell(sheet, number, column)


def _percent_formats(styles: Element | None) -> frozenset[str]:
    """The numbers by which cells name formats with a percent sign."""
    if styles is None:
        return frozenset()
    percent = _BUILT_IN | {
        one.get("numFmtId", "")
        for one in styles.iter(f"{_MAIN}numFmt")
        if "%" in _SPOKEN.sub("", one.get("formatCode", ""))
    }
    formats = styles.iterfind(f"{_MAIN}cellXfs/{_MAIN}xf")
    return frozenset(str(number) for number, one in enumerate(formats) if one.get("numFmtId") in percent)


def _number(written: str, default: int) -> int:
    """The number of a row from 0, which need not be written where it is the next."""
    return int(written) - 1 if _NUMBER.fullmatch(written) else default


def _column(letters: str) -> int:
    """The number of a column from 0: A, …, Z, AA, …"""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _open_document(package: Package) -> Iterator[PercentCell]:
    number, above = 0, None
    for row in package.each("content.xml", f"{_TABLE}table-row"):
        table = next(row.iterancestors(f"{_TABLE}table"), None)
        if table is not above:
            number, above = 0, table
        column, rows = 0, _times(row, "rows")
        for cell in row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            columns = _times(cell, "columns")
            if table is not None and cell.get(_VALUE_TYPE) == "percentage":
                yield from _repeated(PercentCell(table.get(f"{_TABLE}name", ""), number, column), rows, columns)
            column += columns
        number += rows


def _repeated(first: PercentCell, rows: int, columns: int) -> Iterator[PercentCell]:
    for below in range(min(rows, _MOST_TIMES)):
        for right in range(min(columns, _MOST_TIMES)):
            yield PercentCell(first.sheet, first.row + below, first.column + right)


def _times(element: Element, what: str) -> int:
    written = element.get(f"{_TABLE}number-{what}-repeated", "1")
    return int(written) if _NUMBER.fullmatch(written) else 1
