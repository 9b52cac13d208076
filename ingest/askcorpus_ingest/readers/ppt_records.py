"""What lies where in a presentation of PowerPoint 97 to 2003: its records, and which of them are its last state.

The file format is [MS-PPT]. Each time that PowerPoint saved in a hurry, it wrote what was changed behind all that stood
in the file before, and which objects that were.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from askcorpus.errors import Corrupt, Encrypted
from askcorpus_ingest.readers.doc_streams import number, numbers

_HEAD = 8
_CONTAINER = 0xF
_DOCUMENT, _USER_EDIT, _DIRECTORY, _USUAL_EDIT_BYTES = 0x03E8, 0x0FF5, 0x1772, 0x1C
_ENCRYPTED_TOKEN = 0xF3D1C4DF
BROKEN = "is a broken presentation"


class Record(NamedTuple):
    """A record: of which kind, which of those, and what is in it. ``is_container`` tells whether that is records."""

    kind: int
    instance: int
    is_container: bool
    data: bytes

    def children(self) -> Iterator["Record"]:
        """The records in it; none where it holds something else."""
        return records(self.data) if self.is_container else iter(())

    def first(self, *kinds: int) -> "Record":
        """The one of the first kind in it, of the second in that, and so on; an empty one where there is none."""
        found = self
        for kind in kinds:
            found = next((child for child in found.children() if child.kind == kind), Record(0, 0, False, b""))
        return found


def records(data: bytes) -> Iterator[Record]:
    """The records that follow each other in some bytes; one that is cut off, as far as it goes."""
    at = 0
    while at + _HEAD <= len(data):
        yield record_at(data, at)
        at += _HEAD + number(data, at + 4, 4)


def record_at(data: bytes, at: int) -> Record:
    """The record at a place."""
    version = number(data, at)
    content = data[at + _HEAD : at + _HEAD + number(data, at + 4, 4)]
    return Record(number(data, at + 2), version >> 4, version & _CONTAINER == _CONTAINER, content)


class PresentationFile:
    """The objects of a presentation, by their numbers.

    Raises:
        ReadError: it is encrypted, or broken.
    """

    def __init__(self, ole: Any) -> None:
        if not ole.exists("Current User"):
            raise Corrupt(BROKEN)
        user = ole.openstream("Current User").read()
        if number(user, 12, 4) == _ENCRYPTED_TOKEN:
            raise Encrypted("is encrypted")
        self._stream: bytes = ole.openstream("PowerPoint Document").read()
        self._places: dict[int, int] = {}
        self._bytes_left = len(self._stream)
        self._read_edits(number(user, 16, 4))

    def _read_edits(self, at: int) -> None:
        """Where each object was written last: the last save first, and none of them twice."""
        seen, newest = set[int](), 0
        while at and at not in seen:
            seen.add(at)
            edit = record_at(self._stream, at)
            if edit.kind != _USER_EDIT:
                raise Corrupt(BROKEN)
            if len(edit.data) > _USUAL_EDIT_BYTES:  # where the key lies
                raise Encrypted("is encrypted")
            newest = newest or number(edit.data, 16, 4)
            self._read_directory(self._counted(number(edit.data, 12, 4)))
            at = number(edit.data, 8, 4)
        self.document = self.taken(newest)
        if self.document.kind != _DOCUMENT:
            raise Corrupt(BROKEN)

    def _read_directory(self, directory: Record) -> None:
        if directory.kind != _DIRECTORY:
            raise Corrupt(BROKEN)
        at = 0
        while at + 4 <= len(directory.data):
            entry = number(directory.data, at, 4)
            first, count = entry & 0xFFFFF, entry >> 20
            for name, place in enumerate(numbers(directory.data[at + 4 : at + 4 + 4 * count], count), first):
                self._places.setdefault(name, place)
            at += 4 + 4 * count

    def taken(self, name: int) -> Record:
        """The object of a number, which nothing else is given any more: no two slides are one; an empty record where
        there is none."""
        return self._counted(self._places.pop(name, len(self._stream)))

    def _counted(self, place: int) -> Record:
        """The record at a place. Raises Corrupt where the same bytes are told to be in many."""
        found = record_at(self._stream, place)
        self._bytes_left -= len(found.data)
        if self._bytes_left < 0:
            raise Corrupt(BROKEN)
        return found


def runs(data: bytes, length: int) -> Iterator[tuple[int, int, int]]:
    """The characters of a text of ``length`` that stand high or low: from which to which, and by how much, as its style
    record says. [MS-PPT] 2.9.44 to 2.9.47."""
    at = done = 0
    while done <= length and at < len(data):  # what is said of paragraphs, which counts one character more
        done += max(number(data, at, 4), 1)
        at = _behind_paragraph(data, at + 6)
    done = 0
    while done <= length and at < len(data):
        count, mask = max(number(data, at, 4), 1), number(data, at + 4, 4)
        at += 8 + 2 * bool(mask & _FONT_STYLE) + sum(size for bit, size in _BEFORE_PLACE if mask & bit)
        if mask & _POSITION:
            place = number(data, at)
            at += 2
            yield done, done + count, place - 0x10000 if place >= 0x8000 else place
        done += count


_FONT_STYLE, _POSITION = 0x3EB7, 0x80000
_BEFORE_PLACE = tuple((1 << bit, 4 if bit == 18 else 2) for bit in (16, 21, 22, 23, 17, 18))
_TAB_STOPS = 0x100000
_OF_PARAGRAPH = (
    *((0xF, 2), (0x80, 2), (0x10, 2), (0x40, 2), (0x20, 4), (0x800, 2), (0x1000, 2), (0x2000, 2), (0x4000, 2)),
    *((0x100, 2), (0x400, 2), (0x8000, 2), (_TAB_STOPS, 0), (0x10000, 2), (0xE0000, 2), (0x200000, 2)),
)
"""Which bits say that there is a property of a paragraph, and how many bytes it has, in their order."""


def _behind_paragraph(data: bytes, at: int) -> int:
    """Where the properties of a paragraph end that begin at a place."""
    mask = number(data, at, 4)
    at += 4
    for bits, size in _OF_PARAGRAPH:
        if mask & bits:
            at += 2 + 4 * number(data, at) if bits == _TAB_STOPS else size
    return at
