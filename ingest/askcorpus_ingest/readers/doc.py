"""Documents of Word 97 to 2003 (.doc): paragraphs, tables, notes and text boxes, in the order they are read in."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

from askcorpus.errors import NoText
from askcorpus_ingest.readers.doc_streams import ParagraphLook, Part, WordFile, is_empty, number, numbers
from askcorpus_ingest.readers.marks import Stretch, put_together
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.rows import told_table
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.readers.table import MOST_SPANNED, PlacedCell, merged_rows

NARROWEST = 100
"""Twentieths of a point: two edges of cells that are nearer than this, the width of a letter, are one."""

_PARAGRAPH = re.compile(r"([^\r\x07\x0c]*)([\r\x07\x0c]|\Z)")
_HALF = re.compile("[\ud800-\udfff]")
_SHOWN: dict[int, str | None] = {
    **dict.fromkeys([*range(9), *range(14, 30), 31]),
    0x0B: "\n", 0x0E: "\n", 0x0D: "\n", 0x07: "\n", 0x0C: "\n", 0x1E: "\u2011",
}  # fmt: skip
_NOTES, _ENDNOTES, _BOXES, _ANCHORS = (2, 3), (46, 47), 56, 40
"""The numbers of the structures that tell where notes, text boxes and what they belong to are."""
_ANCHOR_BYTES, _BOX_BYTES, _REFERENCE_BYTES = 26, 22, 2


def read_doc(source: Source, ole: Any, about: RawRecord) -> Iterator[RawRecord]:
    """Its text, with a mark for each heading; ``about`` says what its properties do.

    Deleted, struck and hidden text and the instructions of fields are left out, and a note stands below the paragraph
    that refers to it.

    Raises:
        ReadError: it is encrypted, of an older Word, broken, or holds no text.
    """
    text, marks = put_together(_Document(WordFile(ole)).stretches())
    if not text:
        raise NoText("holds no text")
    yield about._replace(origin=source.origin, text=text, marks=marks)


class _Document:
    """A document while it is read: in which chapter we are."""

    def __init__(self, file: WordFile) -> None:
        self._file = file
        self._text = file.text
        self._chapter = ""

    def stretches(self) -> Iterator[Stretch]:
        """Its paragraphs and tables."""
        main = self._file.main
        table = _Table()
        began = main.start
        for found in _PARAGRAPH.finditer(self._text, main.start, min(main.end, len(self._text))):
            if not found[1] and not table.began and found[2] != "\x07":
                continue
            look = self._file.paragraph(found.end() - 1)
            if not look.in_table and table.began:
                yield from self._told(table.told(), began, found.start())
                table, began = _Table(), found.start()
            if look.in_table:
                self._take_cells(table, found, look)
            else:
                if not is_empty(found[1]) and (look.outlined or look.style in self._file.heading_styles):
                    self._chapter = " ".join(_plain(found[1]).split())
                yield from self._told(_plain(found[1]), began, found.end())
                began = found.end()
        yield from self._told(table.told(), began, main.end)

    def _told(self, text: str, start: int, end: int) -> Iterator[Stretch]:
        """A paragraph or table with the text boxes and notes that belong to characters of it."""
        locator = {"chapter": self._chapter} if self._chapter else {}
        yield Stretch(locator, text)
        for beside in self._beside(start, end):
            yield Stretch(locator, beside)

    def _take_cells(self, table: "_Table", found: re.Match[str], look: ParagraphLook) -> None:
        if look.ends_row:
            table.end_row(look)
            return
        table.add(_plain(found[1]), ends_cell=found[2] == "\x07")
        if not is_empty(found[1]):
            table.is_bold &= self._file.is_bold(found.start(1), found.end(1))

    def _beside(self, start: int, end: int) -> Iterator[str]:
        first, last = (bisect_left(self._places, at) for at in (start, end))
        return (text for _, text in self._notes_and_boxes[first:last])

    @cached_property
    def _places(self) -> list[int]:
        return [place for place, _ in self._notes_and_boxes]

    @cached_property
    def _notes_and_boxes(self) -> list[tuple[int, str]]:
        """The texts that stand outside of the main one, and by the number of which character each belongs to it."""
        file = self._file
        notes = self._notes(_NOTES, file.notes), self._notes(_ENDNOTES, file.endnotes)
        return sorted((*self._boxes(), *(note for kind in notes for note in kind)), key=lambda each: each[0])

    def _notes(self, structures: tuple[int, int], part: Part) -> Iterator[tuple[int, str]]:
        references, texts = map(self._file.structure, structures)
        count = max(0, len(references) - 4) // (4 + _REFERENCE_BYTES)
        ends = numbers(texts, min(count + 1, len(texts) // 4))
        for place, (start, end) in zip(numbers(references, count), _stretches(ends), strict=False):
            yield place, self._outside(part, start, end)

    def _boxes(self) -> Iterator[tuple[int, str]]:
        """Text boxes by where the drawings are that they lie in, those of none at the end."""
        anchors, boxes = self._file.structure(_ANCHORS), self._file.structure(_BOXES)
        count = max(0, len(anchors) - 4) // (4 + _ANCHOR_BYTES)
        drawings = (number(anchors, 4 * (count + 1) + _ANCHOR_BYTES * place, 4) for place in range(count))
        places = dict(zip(drawings, numbers(anchors, count), strict=True))
        count = max(0, len(boxes) - 4) // (4 + _BOX_BYTES)
        for place, (start, end) in enumerate(_stretches(numbers(boxes, count + 1))):
            drawing = number(boxes, 4 * (count + 1) + _BOX_BYTES * place + 14, 4)
            text = self._outside(self._file.boxes, start, end)
            last = self._file.main.end - 1
            yield min(places.get(drawing, last), last), text

    def _outside(self, part: Part, start: int, end: int) -> str:
        return _plain(self._text[part.start + start : min(part.start + end, part.end)])


@dataclass
class _Row:
    """A row of a table: its cells, where their edges are and how they are merged, and whether it names the columns."""

    cells: list[str]
    edges: list[int]
    merges: list[int]
    is_header: bool
    is_bold: bool


@dataclass
class _Table:
    """A table while it is read."""

    is_bold: bool = True
    _rows: list[_Row] = field(default_factory=list)
    _cells: list[str] = field(default_factory=list)
    _cell: list[str] = field(default_factory=list)

    @property
    def began(self) -> bool:
        """Whether there is anything in it."""
        return bool(self._rows or self._cells or self._cell)

    def add(self, text: str, *, ends_cell: bool) -> None:
        """A paragraph of a cell."""
        self._cell.append(text)
        if ends_cell:
            self._cells.append(" ".join(" ".join(self._cell).split()))
            self._cell = []

    def end_row(self, look: ParagraphLook) -> None:
        """The row is complete."""
        count = number(look.cells, 0, 1)
        edges = [_signed(number(look.cells, 1 + 2 * place)) for place in range(count + 1)]
        merges = [number(look.cells, 3 + 2 * count + 20 * place) for place in range(count)]
        if count != len(self._cells) or edges != sorted(edges):
            edges, merges = list(range(0, NARROWEST * (len(self._cells) + 1), NARROWEST)), [0] * len(self._cells)
        self._rows.append(_Row(self._cells, edges, merges, look.is_header, self.is_bold and any(self._cells)))
        self._cells, self.is_bold = [], True

    def told(self) -> str:
        """Each row as a sentence."""
        left = " ".join([*self._cells, *self._cell])  # of a row that the file breaks off in
        grid = _grid(self._rows)
        if len(self._rows) > 1 and self._rows[0].is_bold and not self._rows[1].is_bold:
            self._rows[0].is_header = True
        table = told_table(list(merged_rows([list(_placed(row, grid)) for row in self._rows])))
        return f"{table}\n\n{left}"


def _grid(rows: Sequence[_Row]) -> list[int]:
    """Where the columns of a table begin."""
    grid: list[int] = []
    for edge in sorted({edge for row in rows for edge in row.edges}):
        if not grid or edge - grid[-1] >= NARROWEST:
            grid.append(edge)
    return grid


def _placed(row: _Row, grid: Sequence[int]) -> Iterator[PlacedCell]:
    """The cells of a row in the columns of its table; those that are merged into the one before them are part of it."""
    columns = [bisect_right(grid, edge) - 1 for edge in row.edges]
    if columns[0] > 0:
        yield PlacedCell("", 0, min(columns[0], MOST_SPANNED), "", row.is_header)
    waiting: PlacedCell | None = None
    for text, merge, (start, end) in zip(row.cells, row.merges, pairwise(columns), strict=True):
        wide = min(max(end - start, 1), MOST_SPANNED)
        if waiting and merge & 0b11 and not text:
            waiting = waiting._replace(columns=min(waiting.columns + wide, MOST_SPANNED))
            continue
        if waiting:
            yield waiting
        vertical = {0b01: "continue", 0b11: "restart"}.get(merge >> 5 & 0b11, "")
        waiting = PlacedCell(text, start, wide, vertical, row.is_header)
    if waiting:
        yield waiting


def _stretches(ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    """From where to where each text goes whose ends these are; nothing is in two of them."""
    done = 0
    for start, end in pairwise(ends):
        yield max(start, done), end
        done = max(done, end)


def _signed(word: int) -> int:
    return word - 0x10000 if word >= 0x8000 else word


def _plain(text: str) -> str:
    """A text without the signs that are no characters of it, its paragraphs on lines of their own."""
    told = text.translate(_SHOWN).strip()
    if _HALF.search(told):  # two halves of a character are one again
        return told.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return told
