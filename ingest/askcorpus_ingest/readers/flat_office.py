"""Office files that are one file of XML and no archive (Word 2003 XML, Flat OPC, .fodt, .fodp; Excel 2003 XML, .fods).

Documents and presentations are made the archives that they would be else, which other readers read.
"""

import datetime
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from askcorpus.errors import TooLarge
from askcorpus_ingest.readers.package import DUBLIN_CORE, TERMS, Element
from askcorpus_ingest.readers.source import Part, Source

_WORD_2003 = "http://schemas.microsoft.com/office/word/2003/wordml"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE_2003 = "{urn:schemas-microsoft-com:office:office}"
_SHEET_2003 = "{urn:schemas-microsoft-com:office:spreadsheet}"
_EXCEL_2003 = "{urn:schemas-microsoft-com:office:excel}"
_PARTS = "{http://schemas.microsoft.com/office/2006/xmlPackage}"
_OPEN = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_OFFICE, _TABLE, _TEXT = (_OPEN % name for name in ("office", "table", "text"))
_OF_SHEETS = "application/vnd.oasis.opendocument.spreadsheet"
_OF_TEXTS = re.compile(r"application/vnd\.oasis\.opendocument\.(?:text|presentation|graphics)(?:-template)?")
MOST_CELLS, MOST_ROWS, MOST_COLUMNS = 5_000_000, 1 << 20, 1 << 14
"""Of a sheet; those between the ones that are filled count too."""
_TOO_MANY = "holds a sheet of too many cells"
_MOST_TIMES = 1000
_PERCENT = re.compile("%|Percent")
_NUMBER = re.compile(r"[1-9][0-9]{0,6}")

_Cells = dict[tuple[int, int], Any]
"""What stands in cells, by row and column, counted from 0."""


def packed(source: Source, root: Element) -> Part | None:
    """The document or presentation that a file of XML is, as an archive of its parts; none where it is neither."""
    from lxml import etree

    if root.tag == f"{{{_WORD_2003}}}wordDocument":
        document = etree.tostring(root).replace(_WORD_2003.encode(), _WORD.encode())
        return _archive(
            source,
            {
                "[Content_Types].xml": b"",
                "word/document.xml": document,
                "word/styles.xml": document,
                "docProps/core.xml": etree.tostring(_core_properties(root)),
            },
        )
    if root.tag == f"{_PARTS}package":
        named = {part.get(f"{_PARTS}name", "").lstrip("/"): part for part in root.iterchildren(f"{_PARTS}part")}
        inner = {name: next(part.iterchildren(f"{_PARTS}xmlData"), None) for name, part in named.items()}
        parts = {name: etree.tostring(data[0]) for name, data in inner.items() if data is not None and len(data)}
        return _archive(source, {"[Content_Types].xml": b"", **parts})
    kind = root.get(f"{_OFFICE}mimetype", "")
    if root.tag == f"{_OFFICE}document" and _OF_TEXTS.fullmatch(kind):
        whole = etree.tostring(root)
        return _archive(source, {"mimetype": kind.encode(), **dict.fromkeys(_OPEN_PARTS, whole)})
    return None


_OPEN_PARTS = ("content.xml", "styles.xml", "meta.xml")


def _archive(source: Source, parts: Mapping[str, bytes]) -> Part:
    """An archive of the parts, known by the name of the file itself."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    made.seek(0)
    return source.part(source.path.name, made).renamed(source.origin)


def _core_properties(root: Element) -> Element:
    """What a document of Word 2003 says of itself, as Word says it since."""
    from lxml import etree

    properties = etree.Element("properties")
    said = root.find(f"{_OFFICE_2003}DocumentProperties")
    names = {"Title": f"{DUBLIN_CORE}title", "Author": f"{DUBLIN_CORE}creator", "Created": f"{TERMS}created"}
    for old, new in names.items() if said is not None else ():
        etree.SubElement(properties, new).text = said.findtext(f"{_OFFICE_2003}{old}")
    return properties


def is_workbook(root: Element) -> bool:
    """Whether a file of XML is a spreadsheet."""
    kind: str = root.get(f"{_OFFICE}mimetype", "")
    return root.tag == f"{_SHEET_2003}Workbook" or kind.startswith(_OF_SHEETS)


def flat_sheets(root: Element) -> Iterator[tuple[str, list[list[Any]]]]:
    """The name and the rows of each sheet that is shown, all rows of one as long as its longest.

    Raises:
        TooLarge: there are too many cells in one.
    """
    if root.tag == f"{_SHEET_2003}Workbook":
        percent = _percent_styles(root)
        for sheet in root.iterchildren(f"{_SHEET_2003}Worksheet"):
            if sheet.findtext(f"{_EXCEL_2003}WorksheetOptions/{_EXCEL_2003}Visible") is None:
                yield sheet.get(f"{_SHEET_2003}Name", ""), _grid(_cells_2003(sheet, percent))
    else:
        for table in root.iterfind(f"{_OFFICE}body/{_OFFICE}spreadsheet/{_TABLE}table"):
            yield table.get(f"{_TABLE}name", ""), _grid(_cells_of(table))


def _grid(cells: _Cells) -> list[list[Any]]:
    height, width = (max((place[side] + 1 for place in cells), default=0) for side in (0, 1))
    if height * width > MOST_CELLS or height > MOST_ROWS or width > MOST_COLUMNS:
        raise TooLarge(_TOO_MANY)
    grid: list[list[Any]] = [[""] * width for _ in range(height)]
    for (row, column), value in cells.items():
        grid[row][column] = value
    return grid


def _cells_2003(sheet: Element, percent: frozenset[str]) -> _Cells:
    cells, row = _Cells(), -1
    for one in sheet.iterfind(f"{_SHEET_2003}Table/{_SHEET_2003}Row"):
        row, column = _place(one, row), -1
        for cell in one.iterchildren(f"{_SHEET_2003}Cell"):
            column = _place(cell, column)
            data = cell.find(f"{_SHEET_2003}Data")
            if data is not None and (value := _value(data, cell.get(f"{_SHEET_2003}StyleID") in percent)) != "":
                cells[row, column] = value
            column += int(said) if _NUMBER.fullmatch(said := cell.get(f"{_SHEET_2003}MergeAcross", "")) else 0
    return cells


def _place(element: Element, before: int) -> int:
    """The number of a row or cell from 0, which need not be written where it is the next."""
    said = element.get(f"{_SHEET_2003}Index", "")
    return int(said) - 1 if _NUMBER.fullmatch(said) else before + 1


def _percent_styles(root: Element) -> frozenset[str]:
    styles = root.iterfind(f"{_SHEET_2003}Styles/{_SHEET_2003}Style")
    formats = ((style, style.find(f"{_SHEET_2003}NumberFormat")) for style in styles)
    return frozenset(
        style.get(f"{_SHEET_2003}ID", "")
        for style, said in formats
        if said is not None and _PERCENT.search(said.get(f"{_SHEET_2003}Format", ""))
    )


def _value(data: Element, is_percentage: bool) -> Any:
    said = "".join(data.itertext())
    try:
        match data.get(f"{_SHEET_2003}Type"):
            case "Number":
                return f"{float(said) * 100:.10g}%" if is_percentage else float(said)
            case "DateTime":
                return datetime.datetime.fromisoformat(said)
            case "Boolean":
                return said.strip() == "1"
    except ValueError:
        pass
    return said


def _cells_of(table: Element) -> _Cells:
    """Cells as a sheet of OpenDocument shows them. Raises TooLarge where there are too many."""
    cells, row = _Cells(), 0
    for one in table.iter(f"{_TABLE}table-row"):
        column, rows = 0, _times(one, "rows")
        for cell in one.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            columns = _times(cell, "columns")
            if shown := "\n".join("".join(line.itertext()) for line in cell.iterchildren(f"{_TEXT}p")):
                repeated = ((row + below, column + right) for below in range(rows) for right in range(columns))
                cells |= dict.fromkeys(islice(repeated, _MOST_TIMES), shown)
                if len(cells) > MOST_CELLS:
                    raise TooLarge(_TOO_MANY)
            column += columns
        row += rows
    return cells


def _times(element: Element, what: str) -> int:
    said = element.get(f"{_TABLE}number-{what}-repeated", "1")
    return int(said) if _NUMBER.fullmatch(said) else 1
