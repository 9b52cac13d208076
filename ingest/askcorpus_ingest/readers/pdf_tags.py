"""Tables that a PDF names as such, in the structure that Word, LibreOffice and browsers write beside its pages."""

import ctypes
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from askcorpus_ingest.readers.pdf_page import Outline, PageText
from askcorpus_ingest.readers.table import spread

MOST_ELEMENTS = 20_000
"""More of a structure is not looked at."""
MOST_SPANNED = 200
_GROUPS = {"THead", "TBody", "TFoot"}

Element = Any
Extent = tuple[float, float]


class _Cell(NamedTuple):
    """A cell by its number, with the pieces of content in it."""

    number: int
    is_name: bool = False
    columns: int = 1
    rows: int = 1
    content: frozenset[int] = frozenset()


def tagged_tables(text: PageText) -> list[Outline]:
    """The tables of a page; of one that stands in another, the inner one."""
    import pypdfium2.raw as pdfium

    tree = pdfium.FPDF_StructTree_GetForPage(text.page)
    if not tree:
        return []
    try:
        tables = [_cells(table) for table in _tables(tree)]
    finally:
        pdfium.FPDF_StructTree_Close(tree)
    ids = {at: text.content_id(at) for at in text.printed} if tables else {}
    return [_outline(text, table, ids) for table in tables]


def _outline(text: PageText, rows: list[list[_Cell]], ids: dict[int, int]) -> Outline:
    cells = [cell for row in rows for cell in row]
    cell_of = {id_: cell.number for cell in cells for id_ in cell.content}
    owners = {at: cell_of[id_] for at, id_ in ids.items() if id_ in cell_of}
    numbers = [[cell.number for cell in row] for row in spread(rows)]
    if len({len(row) for row in numbers}) > 1:
        numbers = _filled(numbers, _extents(text, owners))
    return Outline(numbers, owners, frozenset(cell.number for cell in cells if cell.is_name))


def _extents(text: PageText, owners: dict[int, int]) -> dict[int, Extent]:
    """From where to where across the page the text of each cell is."""
    extents: dict[int, Extent] = {}
    for at, number in owners.items():
        left, right = text.sides(at)
        before = extents.get(number, (left, right))
        extents[number] = min(left, before[0]), max(right, before[1])
    return extents


def _filled(rows: list[list[int]], extents: dict[int, Extent]) -> list[list[int]]:
    """The rows with the empty cells that browsers leave out of short ones (-1), as the text of their columns stands.

    Rows stay short where that does not tell.
    """
    width = max(map(len, rows))
    full = [row for row in rows if len(row) == width and len(set(row)) == width]
    below = [[extents[row[column]] for row in full if row[column] in extents] for column in range(width)]
    if not all(below):
        return rows
    columns = [(min(left for left, _ in own), max(right for _, right in own)) for own in below]
    if any(right > left for (_, right), (left, _) in pairwise(columns)):
        return rows
    return [row if len(row) == width else _spaced(row, columns, extents) for row in rows]


def _spaced(row: list[int], columns: list[Extent], extents: dict[int, Extent]) -> list[int]:
    spaced = [-1] * len(columns)
    for number in row:
        left, right = extents.get(number, (0.0, 0.0))
        over = [min(right, end) - max(left, start) for start, end in columns]
        column = over.index(max(over))
        if over[column] <= 0 or spaced[column] >= 0:
            return row
        spaced[column] = number
    return spaced


def _tables(tree: Any) -> Iterator[Element]:
    import pypdfium2.raw as pdfium

    top = [pdfium.FPDF_StructTree_GetChildAtIndex(tree, n) for n in range(pdfium.FPDF_StructTree_CountChildren(tree))]
    for element in _within(top):
        if _type(element) == "Table" and not any(_type(inner) == "Table" for inner in _within(_children(element))):
            yield element


def _within(elements: list[Element]) -> Iterator[Element]:
    """The elements and all in them, in their order."""
    waiting, seen = [one for one in reversed(elements) if one], 0
    while waiting and seen < MOST_ELEMENTS:
        seen += 1
        element = waiting.pop()
        yield element
        waiting += reversed(_children(element))


def _children(element: Element) -> list[Element]:
    return [child for child in _all_children(element) if child]


def _all_children(element: Element) -> list[Element | None]:
    """Its children, None for each of which nothing stands on the page."""
    import pypdfium2.raw as pdfium

    count = min(pdfium.FPDF_StructElement_CountChildren(element), MOST_ELEMENTS)
    return [pdfium.FPDF_StructElement_GetChildAtIndex(element, number) or None for number in range(count)]


def _type(element: Element) -> str:
    import pypdfium2.raw as pdfium

    buffer = ctypes.create_string_buffer(100)
    size = pdfium.FPDF_StructElement_GetType(element, buffer, 100)
    return buffer.raw[: max(0, min(size, 100) - 2)].decode("utf-16-le", "replace")


def _cells(table: Element) -> list[list[_Cell]]:
    rows: list[list[_Cell]] = []
    number = 0
    for row, in_head in _rows(table):
        rows.append([])
        for element in _all_children(row):
            kind = _type(element) if element else ""
            if not element:
                rows[-1].append(_Cell(number))
            elif kind in ("TH", "TD"):
                spans = _span(element, b"ColSpan"), _span(element, b"RowSpan")
                rows[-1].append(_Cell(number, kind == "TH" or in_head, *spans, frozenset(_content_ids(element))))
            number += 1
    return rows


def _rows(table: Element) -> Iterator[tuple[Element, bool]]:
    for child in _children(table):
        if (kind := _type(child)) == "TR":
            yield child, False
        elif kind in _GROUPS:
            yield from ((row, kind == "THead") for row in _children(child) if _type(row) == "TR")


def _content_ids(cell: Element) -> Iterator[int]:
    import pypdfium2.raw as pdfium

    for element in _within([cell]):
        count = min(pdfium.FPDF_StructElement_CountChildren(element), MOST_ELEMENTS)
        ids = (pdfium.FPDF_StructElement_GetChildMarkedContentID(element, number) for number in range(count))
        yield from (id_ for id_ in ids if id_ >= 0)


def _span(cell: Element, name: bytes) -> int:
    import pypdfium2.raw as pdfium

    value = ctypes.c_float()
    for number in range(max(0, pdfium.FPDF_StructElement_GetAttributeCount(cell))):
        attributes = pdfium.FPDF_StructElement_GetAttributeAtIndex(cell, number)
        found = pdfium.FPDF_StructElement_Attr_GetValue(attributes, name)
        if found and pdfium.FPDF_StructElement_Attr_GetNumberValue(found, value):
            return min(max(int(value.value), 1), MOST_SPANNED)
    return 1
