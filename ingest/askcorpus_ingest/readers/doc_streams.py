"""What lies where in a document of Word 97 to 2003: its characters, how they look, its paragraphs, styles and notes.

The file format is [MS-DOC]. All that a file says of places in it is looked at before it is believed.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from askcorpus.errors import Corrupt, Encrypted, OldFormat
from askcorpus_ingest.readers.raised import lowered, raised

BLANK = "\0"
"""What takes the place of each character that is not shown, so that the others keep their numbers."""

_WORD, _OLDER = 0xA5EC, (0xA5DC, 0xA5DB)
_WORD_97 = 0xC0
_ENCRYPTED, _FIRST_TABLE = 0x0100, 0x0200
_HEADER_BYTES = 0x1AA
_LENGTHS = 0x4C
"""Where the header says how many characters the main text has, and then the notes, heads of pages and so on."""
_PLACES = 0x9A
_PAGE = 512
_CHARACTER_RUNS, _PARAGRAPHS, _STYLES, _PIECES = 12, 13, 1, 33
"""The numbers of structures whose places the header gives."""

_HUGE = (0x6645, 0x6646)
_LONG_OPERANDS = {0x3: 4, 0x6: 0, 0x7: 3, 0x2: 2, 0x4: 2, 0x5: 2}
_DEFINE_TABLE, _OLD_DEFINE_TABLE, _CHANGE_TABS = 0xD608, 0xD606, 0xC615
_DELETED, _HIDDEN, _STRUCK, _STRUCK_TWICE, _BOLD, _SYMBOL, _PLACE = (
    0x0800, 0x083C, 0x0837, 0x2A53, 0x0835, 0x6A09, 0x2A48,
)  # fmt: skip
_OUTLINE, _IN_TABLE, _TABLE_DEPTH, _ENDS_ROW, _HEADS_TABLE = 0x2640, 0x2416, 0x6649, 0x2417, 0x3404
_ASKED_FOR = {
    *(_DEFINE_TABLE, _DELETED, _HIDDEN, _STRUCK, _STRUCK_TWICE, _BOLD, _SYMBOL, _PLACE),
    *(_OUTLINE, _IN_TABLE, _TABLE_DEPTH, _ENDS_ROW, _HEADS_TABLE),
}
_SHORT_CHANGES = {
    0x18: _IN_TABLE, 0x19: _ENDS_ROW, 0x41: _DELETED, 0x55: _BOLD, 0x57: _STRUCK, 0x5C: _HIDDEN, 0x68: _PLACE,
    0x73: _STRUCK_TWICE,
}  # fmt: skip
"""The numbers that changes go by where a piece of text has but one."""

_STRUCTURE = frozenset("\r\x07\x0c")
_FIELD_SIGN = re.compile("[\x13\x14\x15]")


def number(data: bytes, at: int, size: int = 2) -> int:
    """The number of so many bytes at a place; what is behind the end counts as nothing."""
    return int.from_bytes(data[at : at + size], "little")


def numbers(data: bytes, count: int) -> list[int]:
    """The first ``count`` numbers of four bytes."""
    return [number(data, 4 * place, 4) for place in range(count)]


class Part(NamedTuple):
    """Where the text of a kind is (the main text, the notes) among all characters."""

    start: int
    end: int


class _Piece(NamedTuple):
    """Characters that lie together: their numbers, where they begin in the stream, how many bytes each has, and what
    was changed of them all since the file was written whole."""

    start: int
    end: int
    offset: int
    width: int
    changes: bytes


class _Run(NamedTuple):
    """Bytes of the stream with what is said of the characters or of the paragraph in them."""

    start: int
    end: int
    said: bytes


@dataclass(frozen=True)
class Look:
    """How characters look, as far as that matters."""

    hidden: bool = False
    symbol: bool = False
    bold: bool = False
    place: int = 0

    def shown(self, text: str) -> str:
        """The same text as it is seen, one character for each."""
        if self.hidden:
            return text.translate({ord(sign): BLANK for sign in set(text) - _STRUCTURE})
        if self.symbol:
            return text.replace("(", BLANK)
        return raised(text) if self.place == 1 else lowered(text) if self.place == 2 else text


class _Looking(NamedTuple):
    """Characters, by their numbers, and how they look."""

    start: int
    end: int
    look: Look


class WordFile:
    """The streams of a document.

    Raises:
        ReadError: it is encrypted, of an older Word, cut off or broken.
    """

    def __init__(self, ole: Any) -> None:
        self._stream: bytes = ole.openstream("WordDocument").read()
        kind = number(self._stream, 0)
        if kind in _OLDER or (kind == _WORD and number(self._stream, 2) < _WORD_97):
            raise OldFormat("is a document of Word 6 or 95, which is not read; save it as .docx")
        if kind != _WORD or len(self._stream) < _HEADER_BYTES:
            raise Corrupt("is a broken Word document")
        flags = number(self._stream, 10)
        if flags & _ENCRYPTED:
            raise Encrypted("is encrypted")
        name = "1Table" if flags & _FIRST_TABLE else "0Table"
        if not ole.exists(name):
            raise Corrupt("is a broken Word document")
        self._table: bytes = ole.openstream(name).read()
        self._data: bytes = ole.openstream("Data").read() if ole.exists("Data") else b""
        self._known: dict[bytes, Mapping[int, bytes]] = {}
        self._bytes_left = len(self._stream) + len(self._table) + len(self._data)
        ends = accumulate(number(self._stream, _LENGTHS + 4 * place, 4) for place in range(7))
        main, notes, _, _, _, endnotes, boxes = (Part(*ends) for ends in pairwise([0, *ends]))
        self.main, self.notes, self.endnotes, self.boxes = main, notes, endnotes, boxes

    def structure(self, index: int) -> bytes:
        """A structure by its number in the header; b"" where there is none.

        Raises:
            Corrupt: it lies outside of the file.
        """
        place = _PLACES + 8 * index
        start, size = number(self._stream, place, 4), number(self._stream, place + 4, 4)
        if start + size > len(self._table):
            raise Corrupt("is a broken Word document")
        return self._table[start : start + size]

    @cached_property
    def text(self) -> str:
        """All characters as they are seen, by their numbers; `BLANK` where there is none."""
        characters = self._characters
        for part in (self.main, self.notes, self.endnotes, self.boxes):
            characters = _without_instructions(characters, part)
        shown, done = list[str](), 0
        for start, end, look in self._looks:
            shown += [characters[done:start], look.shown(characters[start:end])]
            done = end
        return "".join([*shown, characters[done:]])

    def is_bold(self, start: int, end: int) -> bool:
        """Whether all that is seen of these characters is bold."""
        looks = self._looks
        place = max(0, bisect_right(self._look_starts, start) - 1)
        done = start
        while place < len(looks) and looks[place].start < end:
            if looks[place].look.bold:
                if not is_empty(self.text[done : looks[place].start]):
                    return False
                done = max(done, looks[place].end)
            place += 1
        return is_empty(self.text[done:end])

    def paragraph(self, at: int) -> "ParagraphLook":
        """What is said of the paragraph that ends with the character of a number."""
        piece = self._pieces[max(0, bisect_right(self._piece_starts, at) - 1)]
        offset = piece.offset + (at - piece.start) * piece.width
        place = bisect_right(self._paragraph_starts, offset) - 1
        said = self._paragraphs[place].said if place >= 0 and offset < self._paragraphs[place].end else b""
        return ParagraphLook.of(number(said, 0), {**self._changes(said[2:]), **self._changes(piece.changes)})

    @cached_property
    def heading_styles(self) -> frozenset[int]:
        """The numbers of the styles that headings have, whatever language Word spoke when it named them."""
        data, found = self.structure(_STYLES), set()
        at = 2 + number(data, 0)
        for style in range(min(number(data, 2), len(data))):
            size = number(data, at)
            if size and 1 <= number(data, at + 2) & 0xFFF <= 9:
                found.add(style)
            at += 2 + size + size % 2
        return frozenset(found)

    @cached_property
    def _pieces(self) -> list[_Piece]:
        data, changes = self.structure(_PIECES), list[bytes]()
        at = 0
        while data[at : at + 1] == b"\1":
            size = number(data, at + 1)
            changes.append(data[at + 3 : at + 3 + size])
            at += 3 + size
        size = number(data, at + 1, 4)
        plan = data[at + 5 : at + 5 + size]
        if data[at : at + 1] != b"\2" or len(plan) != size or size < 16:
            raise Corrupt("is a broken Word document")
        count = (size - 4) // 12
        starts = numbers(plan, count + 1)
        pieces, left = [], len(self._stream)
        for place, (start, end) in enumerate(pairwise(starts)):
            described = plan[4 * (count + 1) + 8 * place :][:8]
            piece = _piece(start, end, number(described, 2, 4), number(described, 6), changes)
            taken = (end - start) * piece.width
            left -= taken  # no byte is that of two characters, so that no file holds more text than bytes
            if end < start or piece.offset + taken > len(self._stream) or left < 0:
                raise Corrupt("is a broken Word document")
            pieces.append(piece)
        return pieces

    @cached_property
    def _piece_starts(self) -> list[int]:
        return [piece.start for piece in self._pieces]

    @cached_property
    def _characters(self) -> str:
        return "".join(map(self._decoded, self._pieces))

    def _decoded(self, piece: _Piece) -> str:
        data = self._stream[piece.offset : piece.offset + (piece.end - piece.start) * piece.width]
        if piece.width == 1:
            return data.decode("cp1252", "replace")
        text = data.decode("utf-16-le", "surrogatepass")
        if len(text) == piece.end - piece.start:
            return text
        return "".join(chr(number(data, at)) for at in range(0, len(data), 2))  # each half of a pair has a number

    @cached_property
    def _looks(self) -> list["_Looking"]:
        """The characters that do not look as usual, in their order."""
        all_runs = self._runs(_CHARACTER_RUNS)
        runs = [(run, look) for run in all_runs if (look := _look(self._changes(run.said))) != Look()]
        ends, found = [run.end for run, _ in runs], list[_Looking]()
        for piece in self._pieces:
            last = piece.offset + (piece.end - piece.start) * piece.width
            if (whole := _look(self._changes(piece.changes))) != Look():
                found.append(_Looking(piece.start, piece.end, whole))
                continue
            for place in range(bisect_right(ends, piece.offset), len(runs)):
                run, look = runs[place]
                if run.start >= last:
                    break
                begins, stops = (
                    piece.start + (at - piece.offset) // piece.width
                    for at in (max(run.start, piece.offset), min(run.end, last))
                )
                found.append(_Looking(begins, stops, look))
        return found

    @cached_property
    def _look_starts(self) -> list[int]:
        return [looking.start for looking in self._looks]

    @cached_property
    def _paragraphs(self) -> list[_Run]:
        return list(self._runs(_PARAGRAPHS))

    @cached_property
    def _paragraph_starts(self) -> list[int]:
        return [run.start for run in self._paragraphs]

    def _runs(self, index: int) -> Iterator[_Run]:
        """What is said of all bytes of the stream, from the pages on which that stands, in their order."""
        plan = self.structure(index)
        count = max(0, len(plan) - 4) // 8
        pages = dict.fromkeys(page & 0x3FFFFF for page in numbers(plan[4 * (count + 1) :], count))
        found = (run for page in pages for run in _on_page(self._stream[page * _PAGE :][:_PAGE], index == _PARAGRAPHS))
        done = 0
        for run in sorted(found):
            if run.start >= done:
                yield run
                done = run.end

    def _changes(self, said: bytes) -> Mapping[int, bytes]:
        """What the changes in some bytes, and those that are too many for a page and lie elsewhere, say of what is
        asked for.

        Raises:
            Corrupt: bytes of the file are told to be changes of several kinds again and again.
        """
        if said not in self._known:
            self._known[said] = {code: operand for code, operand in self._all_changes(said) if code in _ASKED_FOR}
        return self._known[said]

    def _all_changes(self, said: bytes) -> Iterator[tuple[int, bytes]]:
        for code, operand in self._counted(said):
            if code in _HUGE:
                at = number(operand, 0, 4)
                yield from self._counted(self._data[at + 2 : at + 2 + number(self._data, at)])
            else:
                yield code, operand

    def _counted(self, said: bytes) -> Iterator[tuple[int, bytes]]:
        self._bytes_left -= len(said)
        if self._bytes_left < 0:
            raise Corrupt("is a broken Word document")
        return sprms(said)


class ParagraphLook(NamedTuple):
    """What is said of a paragraph: its style, whether it is a heading, in a table or the end of a row, whether that row
    is said to be a header, and the cells of the row."""

    style: int = 0
    outlined: bool = False
    in_table: bool = False
    ends_row: bool = False
    is_header: bool = False
    cells: bytes = b""

    @classmethod
    def of(cls, style: int, said: Mapping[int, bytes]) -> "ParagraphLook":
        """What the changes say."""
        return cls(
            style=style,
            outlined=said.get(_OUTLINE, b"\x09") < b"\x09",
            in_table=_is_on(said.get(_IN_TABLE)) or number(said.get(_TABLE_DEPTH, b""), 0, 4) > 0,
            ends_row=_is_on(said.get(_ENDS_ROW)),
            is_header=_is_on(said.get(_HEADS_TABLE)),
            cells=said.get(_DEFINE_TABLE, b""),
        )


def sprms(said: bytes) -> Iterator[tuple[int, bytes]]:
    """The changes in some bytes: the number of what is changed, and to what."""
    at = 0
    while at + 2 < len(said):
        code = number(said, at)
        at += 2
        size = _LONG_OPERANDS.get(code >> 13, 1)
        if code in (_DEFINE_TABLE, _OLD_DEFINE_TABLE):
            size, at = number(said, at) - 1, at + 2
        elif code == _CHANGE_TABS and said[at] == 0xFF:
            deleted = 2 + 4 * number(said, at + 1, 1)
            size = deleted + 1 + 3 * number(said, at + deleted, 1)
        elif not size:
            size, at = said[at], at + 1
        yield code, said[at : at + max(size, 0)]
        at += max(size, 0)


def is_empty(text: str) -> bool:
    """Whether nothing is seen of some characters."""
    return not text.strip("\x00\x01\x02\x05\x07\x08\r\x0c\x13\x14\x15 \t\n\xa0")


def _without_instructions(text: str, part: Part) -> str:
    """The text with `BLANK` for what stands before the result of each field; signs that have no match say nothing."""
    instructions, open_fields = list[tuple[int, int]](), list[tuple[int, int]]()
    for sign in _FIELD_SIGN.finditer(text, part.start, min(part.end, len(text))):
        at = sign.start()
        if sign[0] == "\x13":
            open_fields.append((at, -1))
        elif open_fields and sign[0] == "\x14":
            open_fields.append((open_fields.pop()[0], at))
        elif open_fields:
            start, separator = open_fields.pop()
            instructions.append((start, separator if separator >= 0 else at))
    shown, done = list[str](), 0
    for start, end in sorted(instructions):
        if end > done:
            start = max(start, done)
            shown += [text[done:start], BLANK * (end - start)]
            done = end
    return "".join([*shown, text[done:]])


def _piece(start: int, end: int, place: int, change: int, changes: Sequence[bytes]) -> _Piece:
    narrow = bool(place & 0x40000000)
    offset = place & 0x3FFFFFFF
    if change & 1:
        said = changes[change >> 1] if change >> 1 < len(changes) else b""
    else:
        code = _SHORT_CHANGES.get(change >> 1 & 0x7F, 0)
        said = bytes([code & 0xFF, code >> 8, change >> 8]) if code else b""
    return _Piece(start, end, offset // 2 if narrow else offset, 1 if narrow else 2, said)


def _on_page(page: bytes, of_paragraphs: bool) -> Iterator[_Run]:
    count = number(page, _PAGE - 1, 1)
    ends = numbers(page, count + 1)
    for place, (start, end) in enumerate(pairwise(ends)):
        at = 2 * number(page, 4 * (count + 1) + place * (13 if of_paragraphs else 1), 1)
        size = number(page, at, 1)
        if of_paragraphs:
            size, at = (2 * size - 1, at) if size else (2 * number(page, at + 1, 1), at + 1)
        if start < end:
            yield _Run(start, end, page[at + 1 : at + 1 + max(size, 0)] if at else b"")


def _look(said: Mapping[int, bytes]) -> Look:
    return Look(
        hidden=any(_is_on(said.get(code)) for code in (_DELETED, _HIDDEN, _STRUCK, _STRUCK_TWICE)),
        symbol=_SYMBOL in said,
        bold=_is_on(said.get(_BOLD)),
        place=number(said.get(_PLACE, b""), 0, 1),
    )


def _is_on(operand: bytes | None) -> bool:
    """Whether a change switches something on, or to the opposite of what the style says."""
    return operand is not None and operand[:1] in (b"\x01", b"\x81")
