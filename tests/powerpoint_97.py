"""A small writer of presentations of PowerPoint 97 to 2003: nothing else here can make those that PowerPoint saved."""

import struct
from collections.abc import Sequence

from ole import ole

TITLE, BODY, NOTES, OTHER = 0, 1, 2, 4


def record(kind: int, *content: bytes, instance: int = 0, container: bool = False) -> bytes:
    data = b"".join(content)
    return struct.pack("<HHI", instance << 4 | 0xF * container, kind, len(data)) + data


def container(kind: int, *content: bytes, instance: int = 0) -> bytes:
    return record(kind, *content, instance=instance, container=True)


def text(words: str, kind: int = OTHER, *beside: bytes) -> bytes:
    """A text as it stands in a box or in the list of slides; in one byte a character where that does."""
    narrow = words.isascii()
    atom = record(0x0FA8 if narrow else 0x0FA0, words.encode("latin-1" if narrow else "utf-16-le"))
    return record(0x0F9F, struct.pack("<I", kind)) + (atom if words else b"") + b"".join(beside)


def box(content: bytes, *, placeholder: int = 0, anchor: tuple[int, int, int, int] | None = None) -> bytes:
    """A shape with a text in it."""
    parts = [record(0xF00F, struct.pack("<4i", *anchor))] if anchor else []
    if placeholder:
        parts.append(container(0xF011, record(0x0BC3, struct.pack("<iBBH", -1, placeholder, 0, 0))))
    return container(0xF004, *parts, record(0xF00D, content, container=True))


def outline(place: int) -> bytes:
    """What stands in a box whose text stands in the list of slides."""
    return record(0x0F9E, struct.pack("<I", place))


def table(rows: Sequence[Sequence[str]]) -> bytes:
    """A group of shapes that is a table, the cells of a column after those of another."""
    itself = container(0xF004, record(0xF122, struct.pack("<HI", 0x039F, 1), instance=1))
    cells = [
        box(text(words), anchor=(100 * column, 50 * row, 100 * column + 100, 50 * row + 50))
        for column in range(len(rows[0]))
        for row, words in enumerate(line[column] for line in rows)
    ]
    return container(0xF003, itself, *cells)


def slide(*shapes: bytes, notes: int = 0) -> bytes:
    about = record(0x03EF, bytes(16), struct.pack("<I", notes), bytes(4))
    return container(0x03EE, about, drawing(*shapes))


def drawing(*shapes: bytes) -> bytes:
    return container(0x040C, container(0xF002, container(0xF003, *shapes)))


def listed(name: int, own: int, *texts: bytes) -> bytes:
    """A slide in the list of them, with the texts of it that stand there."""
    return record(0x03F3, struct.pack("<IIIII", name, 0, len(texts), own, 0)) + b"".join(texts)


def document(slides: bytes, notes: bytes = b"") -> bytes:
    lists = [container(0x0FF0, slides, instance=0), *([container(0x0FF0, notes, instance=2)] if notes else [])]
    return container(0x03E8, *lists)


def powerpoint_97(*saves: dict[int, bytes], token: int = 0xE391C05F, key: bytes = b"") -> bytes:
    """A presentation that was saved several times: the objects that each save wrote, by their numbers, of which 1 is
    the document."""
    stream, edit = b"", 0
    for objects in saves:
        places = {}
        for name, content in objects.items():
            places[name] = len(stream)
            stream += content
        directory = len(stream)
        stream += record(0x1772, *(struct.pack("<II", 1 << 20 | name, place) for name, place in places.items()))
        last, edit = edit, len(stream)
        stream += record(0x0FF5, struct.pack("<IIIIIIHH", 0, 0, last, directory, 1, 99, 0, 0), key)
    user = record(0x0FF6, struct.pack("<III", 20, token, edit))
    return ole({"PowerPoint Document": stream, "Current User": user})
