"""E-books (.epub): the chapters, in the order of the book's spine."""

import posixpath
from collections.abc import Iterable, Iterator

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
_ENCRYPTION = "{http://www.w3.org/2001/04/xmlenc#}"
_PAGES = {"application/xhtml+xml", "text/html"}
_FONTS = (".otf", ".ttf", ".woff", ".woff2")
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
        chapter = named.get(name, chapter)
        yield Stretch({"chapter": chapter} if chapter else {}, _page_text(package.data(name)))


def _page_text(data: bytes) -> str:
    try:
        return visible_text(decode(data))
    except ReadError:  # an empty page, as covers are
        return ""


def _table_of_contents(package: Package, items: Iterable[Element], folder: str) -> dict[str, str]:
    """What each page of the book is called, by its name: from EPUB 3's navigation page or EPUB 2's NCX."""
    named: dict[str, str] = {}
    for item in items:
        read = _navigation if "nav" in item.get("properties", "").split() else _ncx
        if read is _ncx and item.get("media-type") != "application/x-dtbncx+xml":
            continue
        name = resolved(folder, item.get("href", ""))
        for href, label in read(package.found(name)):
            named.setdefault(resolved(posixpath.dirname(name), href), " ".join(label.split()))
    return named


def _navigation(root: Element | None) -> Iterator[tuple[str, str]]:
    for link in root.iter(f"{_XHTML}a") if root is not None else ():
        yield link.get("href", ""), "".join(link.itertext())


def _ncx(root: Element | None) -> Iterator[tuple[str, str]]:
    for point in root.iter(f"{_NCX}navPoint") if root is not None else ():
        content = point.find(f"{_NCX}content")
        if content is not None:
            yield content.get("src", ""), point.findtext(f"{_NCX}navLabel/{_NCX}text") or ""
