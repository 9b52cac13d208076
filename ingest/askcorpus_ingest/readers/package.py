"""Files that are ZIP archives of XML (.docx, .odt, .pptx, .epub): their parts, read within limits."""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import unquote

from askcorpus.errors import Corrupt, Encrypted, ReadError, TooLarge
from askcorpus_ingest.readers.records import RawRecord, own_title
from askcorpus_ingest.readers.source import Source

BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError)
DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
TERMS = "{http://purl.org/dc/terms/}"

_STRICT, _USUAL = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/"), rb"http://schemas.openxmlformats.org/\1/2006/"
"""The names of strict Open XML, and of what everybody writes else, for the same elements."""

Element = Any
"""An element of lxml, which has no types."""


class Package:
    """An open package."""

    def __init__(self, source: Source, archive: zipfile.ZipFile) -> None:
        self.source = source
        self.names = frozenset(archive.namelist())
        self._archive = archive

    def data(self, name: str) -> bytes:
        """The bytes of a part.

        Raises:
            ReadError: it is not there, encrypted, broken or too large.
        """
        try:
            info = self._archive.getinfo(name)
            if info.flag_bits & 1:
                raise Encrypted("is encrypted")
            with self._archive.open(info) as part:
                data = part.read(self.source.max_bytes + 1)
        except KeyError as exc:
            raise Corrupt(f"has no part {name}") from exc
        except BROKEN_ZIP as exc:
            raise Corrupt("is broken") from exc
        self.source.limits.bytes_left -= len(data)
        if len(data) > self.source.max_bytes or self.source.limits.bytes_left < 0:
            raise TooLarge(f"holds more than {self.source.max_mb} MB (the setting max_file_mb)")
        return data

    def xml(self, name: str) -> Element:
        """The root of a part. Raises as `data` does, or where it is no XML."""
        return parsed(_STRICT.sub(_USUAL, self.data(name)))

    def each(self, name: str, tag: str) -> Iterator[Element]:
        """The elements of a part with some tag, one after another; what was read before each is forgotten.

        Raises:
            ReadError: the part is not there, broken from here on, or too large between two of them.
        """
        from lxml import etree

        try:
            with self._archive.open(name) as part:
                stretch = _Stretch(part, self.source.max_bytes)
                found = etree.iterparse(stretch, tag=tag, resolve_entities=False, no_network=True, load_dtd=False)
                for _, element in found:
                    yield element
                    _forget(element)
                    stretch.left = self.source.max_bytes
        except KeyError as exc:
            raise Corrupt(f"has no part {name}") from exc
        except (etree.XMLSyntaxError, RuntimeError, *BROKEN_ZIP) as exc:  # RuntimeError: encrypted
            raise Corrupt("is broken") from exc

    def found(self, name: str) -> Element | None:
        """The root of a part that need not be there, or need not be well."""
        try:
            return self.xml(name) if name in self.names else None
        except ReadError:
            return None

    def relations(self, name: str) -> dict[str, tuple[str, str]]:
        """What a part of an Office file points to: (the last word of the kind, the other part's name) by id."""
        folder, base = posixpath.split(name)
        root = self.found(f"{folder}/_rels/{base}.rels".lstrip("/"))
        return {
            one.get("Id", ""): (one.get("Type", "").rpartition("/")[2], resolved(folder, one.get("Target", "")))
            for one in (root if root is not None else ())
            if one.get("TargetMode") != "External"
        }

    def properties(self) -> RawRecord:
        """Title, author, date and language that an Office file gives, in a record without text."""
        root = self.found("docProps/core.xml")
        if root is None:
            return RawRecord("", "")

        def about(name: str) -> str:
            return (root.findtext(name) or "").strip()

        return RawRecord(
            "",
            "",
            title=own_title(about(f"{DUBLIN_CORE}title")),
            author=about(f"{DUBLIN_CORE}creator"),
            made=about(f"{TERMS}created"),
            language=about(f"{DUBLIN_CORE}language"),
        )


class _Stretch:
    """A part that is read piece by piece, of which ``left`` bytes may be read before something is found in it."""

    def __init__(self, part: IO[bytes], left: int) -> None:
        self._part = part
        self.left = left

    def read(self, size: int) -> bytes:
        """The next bytes."""
        data = self._part.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise TooLarge("is too large")
        return data


def _forget(element: Element) -> None:
    """Free what was read so far: the element and all that stands before it."""
    element.clear()
    for one in (element, *element.iterancestors()):
        while (parent := one.getparent()) is not None and one.getprevious() is not None:
            del parent[0]


@contextmanager
def opened_package(source: Source) -> Iterator[Package]:
    """The file as a package.

    Raises:
        ReadError: it is broken.
    """
    with source.opened() as file:
        try:
            archive = zipfile.ZipFile(file)
        except BROKEN_ZIP as exc:
            raise Corrupt("is broken") from exc
        with archive:
            yield Package(source, archive)


def resolved(folder: str, target: str) -> str:
    """The name of a part that another one in ``folder`` points to."""
    target = unquote(target.partition("#")[0])
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))


def parsed(data: bytes) -> Element:
    """The root of an XML document, in which no entity is resolved and nothing is fetched.

    Raises:
        ReadError: it is none.
    """
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.parse(io.BytesIO(data), parser).getroot()
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise Corrupt("holds broken XML") from exc
