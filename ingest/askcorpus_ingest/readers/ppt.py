"""Presentations of PowerPoint 97 to 2003 (.ppt): the text of each slide and its notes."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from askcorpus.errors import NoText
from askcorpus_ingest.readers.doc_streams import number
from askcorpus_ingest.readers.marks import Stretch, put_together
from askcorpus_ingest.readers.ppt_records import PresentationFile, Record, runs
from askcorpus_ingest.readers.raised import lowered, raised
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.rows import told_table
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.readers.table import Cell, is_header

_LIST, _SLIDES, _NOTES = 0x0FF0, 0, 2
_IN_LIST, _ABOUT_SLIDE = 0x03F3, 0x03EF
_HEAD, _WIDE, _NARROW, _STYLE, _OUTLINE = 0x0F9F, 0x0FA0, 0x0FA8, 0x0FA1, 0x0F9E
_DRAWING, _PAGE, _GROUP, _SHAPE, _BOX, _CLIENT = 0x040C, 0xF002, 0xF003, 0xF004, 0xF00D, 0xF011
_OPTIONS, _ANCHOR, _PLACEHOLDER = (0xF00B, 0xF121, 0xF122), 0xF00F, 0x0BC3
_STAND_INS = (0x0FD8, 0x0FF7, 0x0FF8, 0x0FF9, 0x0FFA, 0x1015)
"""Which character of a text is none, and stands for the number of the slide, the date and so on."""
_TABLE = 0x039F
"""The property of a group of shapes that are the cells of a table."""
_FURNITURE = (7, 8, 9, 10)
"""Placeholders that every slide repeats: the date, its number, what stands at its foot and its head."""
_MOST_DEPTH = 50
_SHOWN = {0x0B: "\n", 0x0D: "\n", **dict.fromkeys([*range(9), *range(14, 32)])}


def read_ppt(source: Source, ole: Any, about: RawRecord) -> Iterator[RawRecord]:
    """Its text, with a mark for each slide; ``about`` says what its properties do.

    Raises:
        ReadError: it is encrypted, broken, or holds no text.
    """
    text, marks = put_together(_stretches(PresentationFile(ole)))
    if not text:
        raise NoText("holds no text")
    yield about._replace(origin=source.origin, text=text, marks=marks)


class _Listed(NamedTuple):
    """A slide, or the notes of one, in the list of them: by which number the object of it goes, the one it calls itself
    by, and the texts that stand here and not in it."""

    name: int
    own: int
    outline: list[str]


def _stretches(file: PresentationFile) -> Iterator[Stretch]:
    notes = {one.own: one for one in _listed(file.document, _NOTES)}
    for place, listed in enumerate(_listed(file.document, _SLIDES), 1):
        slide = file.taken(listed.name)
        beside = notes.pop(number(slide.first(_ABOUT_SLIDE).data, 16, 4), None)
        told = [*_told(slide, listed), *(_told(file.taken(beside.name), beside) if beside else ())]
        yield from (Stretch({"slide": str(place)}, text) for text in told)


def _told(page: Record, listed: _Listed) -> Iterator[str]:
    """The text of each shape of a slide, or of its notes, then those that are in none of them."""
    outline = dict(enumerate(listed.outline))
    yield from _shapes(page.first(_DRAWING, _PAGE), outline, 0)
    yield from outline.values()


def _listed(document: Record, instance: int) -> Iterator[_Listed]:
    """What is listed under an instance, in its order."""
    lists = (one for one in document.children() if one.kind == _LIST and one.instance == instance)
    entries = [entry for one in lists for entry in one.children()]
    starts = [at for at, entry in enumerate(entries) if entry.kind == _IN_LIST]
    for at, end in pairwise([*starts, len(entries)]):
        said = entries[at].data
        yield _Listed(number(said, 0, 4), number(said, 12, 4), list(_texts(entries[at + 1 : end])))


def _shapes(within: Record, outline: dict[int, str], depth: int) -> Iterator[str]:
    """The text of each shape, and each table; a text that is in ``outline`` is taken out of it."""
    if depth > _MOST_DEPTH:
        return
    for one in within.children():
        if one.kind == _SHAPE:
            yield _text_of(one, outline)
        elif one.kind == _GROUP and _is_table(one):
            yield _table(one, outline)
        elif one.kind == _GROUP:
            yield from _shapes(one, outline, depth + 1)


def _text_of(shape: Record, outline: dict[int, str]) -> str:
    placeholder = shape.first(_CLIENT, _PLACEHOLDER).data
    if number(placeholder, 4, 1) in _FURNITURE:
        return ""
    box = list(shape.first(_BOX).children())
    elsewhere = (outline.pop(number(one.data, 0, 4), "") for one in box if one.kind == _OUTLINE)
    return "\n".join([*_texts(box), *elsewhere])


def _texts(found: Sequence[Record]) -> Iterator[str]:
    """The text below each head among records that follow each other, also where it is empty: they are counted."""
    heads = [at for at, one in enumerate(found) if one.kind == _HEAD]
    for at, end in pairwise([*heads, len(found)]):
        block = {one.kind: one.data for one in found[at:end]}
        text = block.get(_NARROW, b"").decode("latin-1") or block.get(_WIDE, b"").decode("utf-16-le", "replace")
        stands_for = {number(one.data, 0, 4) for one in found[at:end] if one.kind in _STAND_INS}
        shown = "".join("\0" if place in stands_for else one for place, one in enumerate(text)) if stands_for else text
        yield _placed(shown, block.get(_STYLE, b"")).translate(_SHOWN)


def _placed(text: str, style: bytes) -> str:
    shown, done = list[str](), 0
    for start, end, place in runs(style, len(text)):
        if place and start >= done:
            shown += [text[done:start], (raised if place > 0 else lowered)(text[start:end])]
            done = end
    return "".join([*shown, text[done:]])


def _is_table(group: Record) -> bool:
    """Whether the first shape of a group, which stands for it, says that it is a table."""
    options = (one for one in group.first(_SHAPE).children() if one.kind in _OPTIONS)
    return any(number(one.data, at) & 0x3FFF == _TABLE for one in options for at in range(0, 6 * one.instance, 6))


def _table(group: Record, outline: dict[int, str]) -> str:
    """Its rows, by where the cells stand; the first is the header where it names columns."""
    cells = sorted(
        (_signed(anchor, 4), _signed(anchor, 0), " ".join(_text_of(one, outline).split()))
        for one in group.children()
        if one.kind == _SHAPE and (anchor := one.first(_ANCHOR).data) and one.first(_BOX).data
    )
    rows = [[Cell(text, False) for _, _, text in row] for _, row in groupby(cells, lambda cell: cell[0])]
    if len(rows) > 1 and is_header(*([cell.text for cell in row] for row in rows[:2])):
        rows[0] = [cell._replace(is_header=True) for cell in rows[0]]
    return told_table(rows)


def _signed(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little", signed=True)
