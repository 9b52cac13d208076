"""Word documents (.docx): paragraphs, tables, notes and text boxes, in the order in which they are read."""

from collections.abc import Iterator, Mapping

from askcorpus.errors import NoText
from askcorpus_ingest.readers.chart import C, told_chart
from askcorpus_ingest.readers.marks import Stretch, put_together
from askcorpus_ingest.readers.package import Element, Package, opened_package
from askcorpus_ingest.readers.raised import lowered, raised
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.rows import told_table
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.readers.table import Cell, PlacedCell, merged_rows, span

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_UNREAD = {f"{W}moveFrom", f"{W}rt", "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"}
_SIGNS = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "\u2011"}


def read_docx(source: Source) -> Iterator[RawRecord]:
    """Its text, with a mark for each heading and, where Word noted where its pages break, for each page.

    Deleted, struck and hidden text is left out, and a note stands below the paragraph that refers to it.

    Raises:
        ReadError: it is broken, encrypted, or holds no text.
    """
    with opened_package(source) as package:
        name = next((target for kind, target in package.relations("").values() if kind == "officeDocument"), "")
        document = _Document(package, name or "word/document.xml")
        text, marks = put_together(document.stretches())
        about = package.properties()
    if not text:
        raise NoText("holds no text")
    yield about._replace(origin=source.origin, text=text, marks=marks)


class _Document:
    """A document while it is read: at which page and in which chapter we are."""

    def __init__(self, package: Package, name: str) -> None:
        self._root = package.xml(name)
        related = package.relations(name)
        targets = dict(related.values())
        self._headings = _heading_styles(package.found(targets.get("styles", "word/styles.xml")))
        self._notes = {
            kind: _notes(package.found(targets.get(f"{kind}s", f"word/{kind}s.xml")))
            for kind in ("footnote", "endnote")
        }
        self._charts = {key: part for key, (kind, part) in related.items() if kind == "chart"}
        self._package = package
        self._page = 1
        self._paged = next(self._root.iter(f"{W}lastRenderedPageBreak"), None) is not None
        self._chapter = ""

    def stretches(self) -> Iterator[Stretch]:
        """Its paragraphs and tables."""
        for block in _blocks(self._root):
            if block.tag == f"{W}tbl":
                yield Stretch(self._locator(), self._table(block))
            else:
                yield from self._paragraph(block)
            yield from self._beside(block)

    def _locator(self) -> Mapping[str, str]:
        page = {"page": str(self._page)} if self._paged else {}
        return {**page, **({"chapter": self._chapter} if self._chapter else {})}

    def _paragraph(self, block: Element) -> Iterator[Stretch]:
        text = _text(block)
        first = next(block.iter(f"{W}lastRenderedPageBreak", f"{W}t"), None)
        breaks = len(list(block.iter(f"{W}lastRenderedPageBreak")))
        begins_page = first is not None and first.tag == f"{W}lastRenderedPageBreak"
        self._page += int(begins_page)
        if text.strip() and self._is_heading(block):
            self._chapter = " ".join(text.split())
        yield Stretch(self._locator(), text)
        self._page += breaks - int(begins_page)

    def _beside(self, block: Element) -> Iterator[Stretch]:
        """The text boxes, charts and notes of a paragraph, or of a table."""
        for box in block.iter(f"{W}txbxContent"):
            if not _is_fallback(box):
                yield Stretch(self._locator(), "\n".join(_text(one) for one in box.iterchildren(f"{W}p")))
        for chart in block.iter(f"{C}chart"):
            if part := self._charts.pop(chart.get(_ID, ""), ""):
                yield Stretch(self._locator(), told_chart(self._package.found(part)))
        for kind, notes in self._notes.items():
            for note in block.iter(f"{W}{kind}"):  # as Word 2003 writes it, within the sentence
                yield Stretch(self._locator(), "\n".join(map(_text, note.iter(f"{W}p"))))
            for reference in block.iter(f"{W}{kind}Reference"):
                yield Stretch(self._locator(), notes.get(reference.get(f"{W}id", ""), ""))

    def _table(self, table: Element) -> str:
        self._page += len(list(table.iter(f"{W}lastRenderedPageBreak")))
        return told_table(list(_rows(table)))

    def _is_heading(self, block: Element) -> bool:
        style = block.find(f"{W}pPr/{W}pStyle")
        level = block.find(f"{W}pPr/{W}outlineLvl")
        return level is not None or (style is not None and style.get(f"{W}val") in self._headings)


def _blocks(root: Element) -> Iterator[Element]:
    """Paragraphs and tables of the body, also those in content controls and tracked insertions."""
    waiting = list(reversed(root.findall(f"{W}body")))
    while waiting:
        block = waiting.pop()
        if block.tag in (f"{W}p", f"{W}tbl"):
            yield block
        elif block.tag not in _UNREAD:
            waiting += reversed(list(block))


def _cells(row: Element) -> Iterator[Element]:
    for child in row.iter(f"{W}tc"):
        if next(child.iterancestors(f"{W}tr")) is row:
            yield child


def _rows(table: Element) -> Iterator[list[Cell]]:
    """The cells of each row, those that are merged as one."""
    return merged_rows([list(_placed_cells(row)) for row in table.iterchildren(f"{W}tr")])


def _placed_cells(row: Element) -> Iterator[PlacedCell]:
    is_head = _is_on(row.find(f"{W}trPr/{W}tblHeader")) or _is_bold_alone(row)
    before = row.find(f"{W}trPr/{W}gridBefore")
    column = span(before.get(f"{W}val")) if before is not None else 0
    if column:
        yield PlacedCell("", 0, column, "", is_head)
    for cell in _cells(row):
        wide, merge = cell.find(f"{W}tcPr/{W}gridSpan"), cell.find(f"{W}tcPr/{W}vMerge")
        columns = span(wide.get(f"{W}val")) if wide is not None else 1
        merged = merge.get(f"{W}val", "continue") if merge is not None else ""
        text = " ".join(" ".join(map(_text, _paragraphs_of(cell))).split())
        yield PlacedCell(text, column, columns, merged, is_head)
        column += columns


def _is_bold_alone(row: Element) -> bool:
    """Whether a row is the first one, and the only one of its table with the next that is all in bold."""
    below = next(row.itersiblings(f"{W}tr"), None)
    is_first = next(row.itersiblings(f"{W}tr", preceding=True), None) is None
    return is_first and below is not None and _is_bold(row) and not _is_bold(below)


def _is_bold(row: Element) -> bool:
    runs = [run for run in row.iter(f"{W}r") if (run.findtext(f"{W}t") or "").strip()]
    return bool(runs) and all(_is_on(run.find(f"{W}rPr/{W}b")) for run in runs)


def _paragraphs_of(cell: Element) -> Iterator[Element]:
    """Its paragraphs, and those of tables in it; what stands in text boxes is told below the table."""
    for paragraph in cell.iter(f"{W}p"):
        if next(paragraph.iterancestors(f"{W}txbxContent", f"{W}tc")).tag == f"{W}tc":
            yield paragraph


def _is_on(flag: Element | None) -> bool:
    return flag is not None and flag.get(f"{W}val", "1") not in ("0", "false", "off")


def _text(paragraph: Element) -> str:
    """What is shown of a paragraph's own runs."""
    from lxml import etree

    found: list[str] = []
    walk = etree.iterwalk(paragraph, events=("start",))
    for _, element in walk:
        if element is not paragraph and (element.tag in _UNREAD or element.tag == f"{W}p" or _is_hidden(element)):
            walk.skip_subtree()
        elif element.tag in (f"{W}t", f"{M}t"):
            found.append(_placed(element))
        elif element.tag in _SIGNS and element.getparent().tag == f"{W}r":
            found.append(_SIGNS[element.tag])
    return "".join(found)


def _placed(text: Element) -> str:
    """Text as high or low as it stands."""
    shown: str = text.text or ""
    align = text.getparent().find(f"{W}rPr/{W}vertAlign")
    match align.get(f"{W}val") if align is not None else None:
        case "superscript":
            return raised(shown)
        case "subscript":
            return lowered(shown)
        case _:
            return shown


def _is_hidden(element: Element) -> bool:
    if element.tag != f"{W}r":
        return False
    return any(_is_on(element.find(f"{W}rPr/{W}{kind}")) for kind in ("vanish", "strike", "dstrike"))


def _is_fallback(box: Element) -> bool:
    return any(above.tag in _UNREAD for above in box.iterancestors())


def _notes(root: Element | None) -> dict[str, str]:
    notes = root if root is not None else ()
    return {
        note.get(f"{W}id", ""): "\n".join(map(_text, note.iter(f"{W}p"))) for note in notes if not note.get(f"{W}type")
    }


def _heading_styles(root: Element | None) -> set[str]:
    """The ids of the styles that headings have, whatever language Word spoke when it named them."""
    found = set()
    for style in root.iter(f"{W}style") if root is not None else ():
        name = style.find(f"{W}name")
        named = name is not None and name.get(f"{W}val", "").lower().startswith("heading")
        if named or style.find(f"{W}pPr/{W}outlineLvl") is not None:
            found.add(style.get(f"{W}styleId", ""))
    return found
