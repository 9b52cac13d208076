"""E-books (.epub): the chapters, in the order of the book's spine."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from askcorpus.errors import Encrypted, NoText, ReadError
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.readers.marks import Stretch, put_together
from askcorpus_ingest.readers.markup import visible_text
from askcorpus_ingest.readers.package import DUBLIN_CORE, Element, Package, opened_package, resolved
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import Source

_OPF = "{http://www.idpf.org/2007/opf}"
_NCX = "{http://www.daisy.org/z3986/2005/ncx/}"
_XHTML = "{http://www.w3.org/1999/xhtml}"
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"
_ENCRYPTION = "{http://www.w3.org/2001/04/xmlenc#}"
_PAGES = {"application/xhtml+xml", "text/html"}
_FONTS = (".otf", ".ttf", ".woff", ".woff2")
_ID = re.compile(r"<[a-zA-Z][^<>]{0,500}?\s(?:id|name)\s{0,9}=\s{0,9}[\"']([^\"'<>]{1,200})[\"']")
_CONTAINER = "META-INF/container.xml"


def read_epub(source: Source) -> Iterator[RawRecord]:
    """The book, with a mark for each chapter.

    Raises:
        ReadError: it is broken, encrypted, or holds no text.
    """
    with opened_package(source) as package:
        _refuse_encrypted(package)
        rootfile = next(package.xml(_CONTAINER).iter("{*}rootfile"), None)
        name = rootfile.get("full-path", "") if rootfile is not None else ""
        book = package.xml(name)
        text, marks = put_together(_chapters(package, book, posixpath.dirname(name)))
    if not text:
        raise NoText("holds no text")

    def about(field: str) -> str:
        return (book.findtext(f".//{DUBLIN_CORE}{field}") or "").strip()

    yield RawRecord(
        source.origin,
        text,
        title=about("title"),
        date=about("date"),
        language=about("language"),
        source=about("publisher"),
        author=about("creator"),
        marks=marks,
    )


def _refuse_encrypted(package: Package) -> None:
    """Fonts may be: they have no text."""
    root = package.found("META-INF/encryption.xml")
    for one in root.iter(f"{_ENCRYPTION}CipherReference") if root is not None else ():
        if not one.get("URI", "").lower().endswith(_FONTS):
            raise Encrypted("is encrypted")


def _chapters(package: Package, book: Element, folder: str) -> Iterator[Stretch]:
    manifest = {item.get("id"): item for item in book.iter(f"{_OPF}item")}
    named = _table_of_contents(package, manifest.values(), folder)
    chapter = ""
    for reference in book.iter(f"{_OPF}itemref"):
        item = manifest.get(reference.get("idref"))
        if item is None or item.get("media-type") not in _PAGES or "nav" in item.get("properties", "").split():
            continue
        name = resolved(folder, item.get("href", ""))
        if name not in package.names:
            continue
        for piece in _pieces(_page(package.data(name)), named.get(name, ())):
            chapter = piece.label or chapter
            yield Stretch({"chapter": chapter} if chapter else {}, visible_text(piece.markup))


def _page(data: bytes) -> str:
    try:
        return decode(data)
    except ReadError:  # an empty page, as covers are
        return ""


class _Entry(NamedTuple):
    """What the table of contents says of a place: of a page, or of the element in it that has an id."""

    id: str
    label: str


class _Piece(NamedTuple):
    """What stands on a page from one place of the table of contents to the next; "" for a page that is not in it."""

    label: str
    markup: str


def _pieces(page: str, entries: Sequence[_Entry]) -> Iterator[_Piece]:
    """The page, cut where the second of the chapters that it holds begins, and each after that."""
    found = {one[1]: one.start() for one in reversed(list(_ID.finditer(page)))} if len(entries) > 1 else {}
    starts = [(0, entries[0].label if entries else "")]
    starts += sorted((found[entry.id], entry.label) for entry in entries[1:] if entry.id in found)
    ends = [start for start, _ in starts[1:]] + [len(page)]
    for (start, label), end in zip(starts, ends, strict=True):
        yield _Piece(label, page[start:end])


def _table_of_contents(package: Package, items: Iterable[Element], folder: str) -> dict[str, list[_Entry]]:
    """What the places of each page of the book are called, by its name: from EPUB 3's navigation page, or EPUB 2's NCX
    where there is none."""
    named: dict[str, list[_Entry]] = {}
    for item in items:
        read = _navigation if "nav" in item.get("properties", "").split() else _ncx
        if read is _ncx and item.get("media-type") != "application/x-dtbncx+xml":
            continue
        name = resolved(folder, item.get("href", ""))
        told: dict[str, list[_Entry]] = {}
        for href, label in read(package.found(name)):
            entry = _Entry(unquote(href.partition("#")[2]), " ".join(label.split()))
            told.setdefault(resolved(posixpath.dirname(name), href), []).append(entry)
        named = told | named if read is _ncx else named | told
    return named


def _navigation(root: Element | None) -> Iterator[tuple[str, str]]:
    """The links of the table of contents, and not of the list of printed pages beside it."""
    lists = list(root.iter(f"{_XHTML}nav")) if root is not None else []
    contents = [one for one in lists if one.get(_EPUB_TYPE) == "toc"] or lists
    for one in contents[:1]:
        for link in one.iter(f"{_XHTML}a"):
            yield link.get("href", ""), "".join(link.itertext())


def _ncx(root: Element | None) -> Iterator[tuple[str, str]]:
    for point in root.iter(f"{_NCX}navPoint") if root is not None else ():
        content = point.find(f"{_NCX}content")
        if content is not None:
            yield content.get("src", ""), point.findtext(f"{_NCX}navLabel/{_NCX}text") or ""
