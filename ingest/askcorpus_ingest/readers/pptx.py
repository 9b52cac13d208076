"""PowerPoint presentations (.pptx): the text of each slide and its notes."""

from collections.abc import Iterator

from askcorpus.errors import NoText
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.chart import told_chart
from askcorpus_ingest.readers.marks import Stretch, put_together
from askcorpus_ingest.readers.package import Element, Package, opened_package
from askcorpus_ingest.readers.raised import lowered, raised
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.rows import told_table
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.readers.table import Cell, is_header, span

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_FURNITURE = {"sldNum", "dt", "ftr", "hdr", "sldImg"}
"""Placeholders that every slide repeats."""


def read_pptx(source: Source) -> Iterator[RawRecord | Failure]:
    """Its text, with a mark for each slide.

    Raises:
        ReadError: it is broken, encrypted, or holds no text.
    """
    broken: list[str] = []
    with opened_package(source) as package:
        text, marks = put_together(_stretches(package, broken))
        about = package.properties()
    if not text:
        raise NoText("holds no text")
    yield about._replace(origin=source.origin, text=text, marks=marks)
    if broken:
        yield Failure(source.origin, f"slides {', '.join(broken)} are broken")


def _stretches(package: Package, broken: list[str]) -> Iterator[Stretch]:
    """The slides' texts; the numbers of those that cannot be read come into ``broken``."""
    main = next((name for kind, name in package.relations("").values() if kind == "officeDocument"), "")
    main = main or "ppt/presentation.xml"
    related = package.relations(main)
    for number, slide in enumerate(package.xml(main).iter(f"{P}sldId"), 1):
        _, name = related.get(slide.get(_ID, ""), ("", ""))
        locator = {"slide": str(number)}
        if (root := package.found(name)) is None:
            broken.append(str(number))
        for shape in _shapes(root):
            yield Stretch(locator, shape)
        for kind, other in package.relations(name).values():
            if kind == "notesSlide":
                yield from (Stretch(locator, shape) for shape in _shapes(package.found(other)))
            elif kind == "chart":
                yield Stretch(locator, told_chart(package.found(other)))
            elif kind == "diagramData":
                yield Stretch(locator, _paragraphs(package.found(other)))


def _shapes(root: Element | None) -> Iterator[str]:
    """The text of each shape, and each table."""
    for shape in root.iter(f"{P}sp", f"{A}tbl") if root is not None else ():
        if shape.tag == f"{A}tbl":
            yield _table(shape)
            continue
        if next(shape.iterancestors(FALLBACK), None) is not None:
            continue
        place = shape.find(f"{P}nvSpPr/{P}nvPr/{P}ph")
        if place is None or place.get("type") not in _FURNITURE:
            yield _paragraphs(shape)


def _table(table: Element) -> str:
    """Its rows; the first is the header where it is set as one, and names columns."""
    rows = [list(_cells(row)) for row in table.iter(f"{A}tr")]
    style = table.find(f"{A}tblPr")
    set_apart = style is not None and style.get("firstRow", "0") in ("1", "true")
    if set_apart and len(rows) > 1 and is_header(*([cell.text for cell in row] for row in rows[:2])):
        rows[0] = [cell._replace(is_header=True) for cell in rows[0]]
    return told_table(rows)


def _cells(row: Element) -> Iterator[Cell]:
    """Its cells, without those that another one covers."""
    for cell in row.iter(f"{A}tc"):
        if not {cell.get("hMerge", "0"), cell.get("vMerge", "0")} & {"1", "true"}:
            words = " ".join(_paragraphs(cell, " ").split())
            yield Cell(words, False, span(cell.get("gridSpan")), span(cell.get("rowSpan")))


def _paragraphs(root: Element | None, between: str = "\n") -> str:
    paragraphs = root.iter(f"{A}p") if root is not None else ()
    return between.join("".join(_pieces(paragraph)) for paragraph in paragraphs)


def _pieces(paragraph: Element) -> Iterator[str]:
    for element in paragraph.iter(f"{A}t", f"{A}br", f"{M}t"):
        yield "\n" if element.tag == f"{A}br" else _placed(element)


def _placed(text: Element) -> str:
    """Text as high or low as it stands."""
    shown: str = text.text or ""
    style = text.getparent().find(f"{A}rPr")
    baseline = style.get("baseline", "0") if style is not None else "0"
    if baseline.strip("%0.") in ("", "-"):
        return shown
    return lowered(shown) if baseline.startswith("-") else raised(shown)
