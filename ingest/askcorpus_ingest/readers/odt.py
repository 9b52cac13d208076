"""OpenDocument texts and presentations (.odt, .odp): paragraphs, tables and notes."""

from collections.abc import Iterator, Mapping

from askcorpus.errors import Encrypted, NoText
from askcorpus_ingest.readers.marks import Stretch, put_together
from askcorpus_ingest.readers.package import DUBLIN_CORE, Element, Package, opened_package
from askcorpus_ingest.readers.raised import lowered, raised
from askcorpus_ingest.readers.records import RawRecord, own_title
from askcorpus_ingest.readers.rows import told_table
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.readers.table import Cell, span

_NAMES = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
OFFICE, TEXT, TABLE, STYLE = (_NAMES % name for name in ("office", "text", "table", "style"))
DRAW, META = (_NAMES % name for name in ("drawing", "meta"))
_PARAGRAPHS = {f"{TEXT}p", f"{TEXT}h"}
_UNREAD = {f"{TEXT}tracked-changes", f"{OFFICE}annotation", f"{TEXT}ruby-text", f"{TEXT}note-citation"}
_MOST_SPACES = 100


def read_odt(source: Source) -> Iterator[RawRecord]:
    """Its text, with a mark for each heading, and for each page or slide as far as the file tells.

    Raises:
        ReadError: it is broken, encrypted, or holds no text.
    """
    with opened_package(source) as package:
        if "META-INF/manifest.xml" in package.names and b"encryption-data" in package.data("META-INF/manifest.xml"):
            raise Encrypted("is encrypted")
        root = package.xml("content.xml")
        text, marks = put_together(_stretches(root, _Scripts(root, package.found("styles.xml"))))
        about = _properties(package)
    if not text:
        raise NoText("holds no text")
    yield about._replace(origin=source.origin, text=text, marks=marks)


def _properties(package: Package) -> RawRecord:
    root = package.found("meta.xml")
    if root is None:
        return RawRecord("", "")

    def first(*names: str) -> str:
        return next((found.strip() for name in names if (found := root.findtext(f".//{name}"))), "")

    return RawRecord(
        "",
        "",
        title=own_title(first(f"{DUBLIN_CORE}title")),
        author=first(f"{META}initial-creator", f"{DUBLIN_CORE}creator"),
        made=first(f"{META}creation-date", f"{DUBLIN_CORE}date"),
        language=first(f"{DUBLIN_CORE}language"),
    )


def _stretches(root: Element, scripts: "_Scripts") -> Iterator[Stretch]:
    """Paragraphs and tables of the body, in their order."""
    page, slide, chapter = 1, 0, ""
    paged = next(root.iter(f"{TEXT}soft-page-break"), None) is not None
    waiting = list(reversed(root.findall(f"{OFFICE}body")))
    while waiting:
        block = waiting.pop()
        if block.tag in _UNREAD:
            continue
        if block.tag == f"{TEXT}soft-page-break":
            page += 1
        elif block.tag == f"{DRAW}page":
            slide += 1
        if block.tag not in _PARAGRAPHS | {f"{TABLE}table"}:
            waiting += reversed(list(block))
            continue
        breaks = len(list(block.iter(f"{TEXT}soft-page-break")))
        text = _table(block, scripts) if block.tag == f"{TABLE}table" else _text(block, scripts)
        if block.tag == f"{TEXT}h" and text.strip():
            chapter = " ".join(text.split())
        yield Stretch(_locator(page if paged else 0, slide, chapter), text)
        page += breaks
        for note in block.iter(f"{TEXT}note-body"):
            told = "\n".join(_text(one, scripts) for one in note.iter(*_PARAGRAPHS))
            yield Stretch(_locator(page if paged else 0, slide, chapter), told)


class _Scripts:
    """Which styles set text high, which low, and which strike it out."""

    def __init__(self, *roots: Element | None) -> None:
        self._places: dict[str, str] = {}
        self._struck: set[str] = set()
        for root in roots:
            for style in root.iter(f"{STYLE}style") if root is not None else ():
                properties = style.find(f"{STYLE}text-properties")
                place = properties.get(f"{STYLE}text-position", "") if properties is not None else ""
                if place:
                    self._places[style.get(f"{STYLE}name", "")] = place.split()[0]
                if properties is not None and properties.get(f"{STYLE}text-line-through-style", "none") != "none":
                    self._struck.add(style.get(f"{STYLE}name", ""))

    def is_struck(self, span: Element) -> bool:
        """Whether what stands in a span is struck out."""
        return span.tag == f"{TEXT}span" and span.get(f"{TEXT}style-name", "") in self._struck

    def placed(self, span: Element) -> str:
        """A span's text as high or low as it stands."""
        shown: str = span.text or ""
        place = self._places.get(span.get(f"{TEXT}style-name", ""), "")
        if place in ("", "0%"):
            return shown
        return lowered(shown) if place.startswith(("sub", "-")) else raised(shown)


def _locator(page: int, slide: int, chapter: str) -> Mapping[str, str]:
    found = {"page": str(page or ""), "slide": str(slide or ""), "chapter": chapter}
    return {name: value for name, value in found.items() if value}


def _table(table: Element, scripts: "_Scripts") -> str:
    rows = [
        [_cell(cell, scripts) for cell in row.iterchildren(f"{TABLE}table-cell")]
        for row in table.iter(f"{TABLE}table-row")
        if next(row.iterancestors(f"{TABLE}table")) is table
    ]
    return told_table(rows)


def _cell(cell: Element, scripts: "_Scripts") -> Cell:
    words = " ".join(_text(one, scripts) for one in cell.iter(*_PARAGRAPHS))
    columns, rows = (span(cell.get(f"{TABLE}number-{name}-spanned")) for name in ("columns", "rows"))
    is_head = next(cell.iterancestors(f"{TABLE}table", f"{TABLE}table-header-rows")).tag != f"{TABLE}table"
    return Cell(" ".join(words.split()), is_head, columns, rows)


def _text(paragraph: Element, scripts: "_Scripts") -> str:
    """What is shown of a paragraph, without the notes in it."""
    from lxml import etree

    found: list[str] = [paragraph.text or ""]
    walk = etree.iterwalk(paragraph, events=("start", "end"))
    for event, element in walk:
        if element is paragraph:
            continue
        if event == "end":
            found.append(element.tail or "")
        elif element.tag in _UNREAD | _PARAGRAPHS | {f"{TEXT}note"} or scripts.is_struck(element):
            walk.skip_subtree()
        elif isinstance(element.tag, str):
            found.append(_sign(element) or scripts.placed(element))
    return "".join(found)


def _sign(element: Element) -> str:
    if element.tag == f"{TEXT}s":
        count = element.get(f"{TEXT}c", "1")
        return " " * min(int(count) if count.isdecimal() else 1, _MOST_SPACES)
    return {f"{TEXT}tab": "\t", f"{TEXT}line-break": "\n"}.get(element.tag, "")
