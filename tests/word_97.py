"""A small writer of documents of Word 97, for those that LibreOffice does not write: saved in pieces, or broken."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from ole import ole

TEXT_AT = 1024
DELETED = 0x41 << 1 | 1 << 8
"""The change of a piece that marks it as deleted."""


class Piece(NamedTuple):
    """Characters that lie together: of one byte each, or of two, and what was changed of them since."""

    text: str
    wide: bool = False
    change: int = 0


def word_97(
    pieces: Sequence[Piece], *, kind: int = 0xA5EC, version: int = 0xC1, flags: int = 0x1000, plan: bytes | None = None
) -> dict[str, bytes]:
    """The streams of a document of these pieces, which lie in the file the other way round; ``plan`` takes the place
    of what tells where they lie."""
    stored = [piece.text.encode("utf-16-le" if piece.wide else "cp1252") for piece in pieces]
    lengths = [len(piece.text.encode("utf-16-le")) // 2 for piece in pieces]
    text, places = b"", list[int]()
    for data in reversed(stored):
        places.insert(0, TEXT_AT + len(text))
        text += data + bytes(len(data) % 2)
    numbers = [sum(lengths[:count]) for count in range(len(lengths) + 1)]
    described = (
        struct.pack("<HIH", 0, place if piece.wide else place * 2 | 0x40000000, piece.change)
        for piece, place in zip(pieces, places, strict=True)
    )
    own = struct.pack(f"<{len(numbers)}I", *numbers) + b"".join(described)
    table = b"\2" + struct.pack("<I", len(own)) + own if plan is None else plan
    header = bytearray(TEXT_AT)
    struct.pack_into("<HH6xH", header, 0, kind, version, flags)
    struct.pack_into("<I", header, 0x4C, numbers[-1])
    struct.pack_into("<II", header, 0x1A2, 0, len(table))
    return {"WordDocument": bytes(header) + text, "0Table": table}


def notes_in_a_circle(count: int) -> dict[str, bytes]:
    """A document with a note of 2000 characters that is told to be so many."""
    streams = word_97([Piece("Main.\r"), Piece("n" * 2000)])
    header, table = bytearray(streams["WordDocument"]), streams["0Table"]
    references = struct.pack(f"<{count + 1}I", *[1] * (count + 1)) + bytes(2 * count)
    texts = struct.pack(f"<{count + 2}I", *([0, 2000] * count)[: count + 2])
    struct.pack_into("<II", header, 0x4C, 6, 2000)
    struct.pack_into("<IIII", header, 0xAA, len(table), len(references), len(table) + len(references), len(texts))
    return {"WordDocument": bytes(header), "0Table": table + references + texts}


def word_97_file(*texts: str, flags: int = 0x1000, kind: int = 0xA5EC, version: int = 0xC1) -> bytes:
    """A file with a paragraph for each text."""
    whole = "".join(f"{text}\r" for text in texts)
    return ole(word_97([Piece(whole, wide=True)], flags=flags, kind=kind, version=version))


def plan(starts: Sequence[int], places: Sequence[int]) -> bytes:
    """What tells where pieces lie, as it is told."""
    own = struct.pack(f"<{len(starts)}I", *starts) + b"".join(struct.pack("<HIH", 0, place, 0) for place in places)
    return b"\2" + struct.pack("<I", len(own)) + own


def many_changes(paragraphs: int, changes: int) -> dict[str, bytes]:
    """A document of one piece, of which so many changes are told that hold for each of its paragraphs."""
    text = Piece("Aal.\r" * paragraphs)
    said = b"\x35\x08\x00" * changes
    own = struct.pack("<2IHIH", 0, len(text.text), 0, TEXT_AT * 2 | 0x40000000, 1)
    return word_97([text], plan=b"\1" + struct.pack("<H", len(said)) + said + b"\2" + struct.pack("<I", len(own)) + own)
