"""Tables without lines around their cells: rows of short cells that stand below each other."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from askcorpus_ingest.readers.pdf_page import GUTTER, Box, Outline, PageText
from askcorpus_ingest.readers.pdf_rules import Rules
from askcorpus_ingest.readers.table import is_header, is_value

LEADING = 3.5
"""From one row to the next it is at most so many heights of its letters."""
FEWEST_ROWS, MOST_ROWS = 3, 400
MOST_WORDS = 4.0
"""A cell has so many words at most, in the mean."""
FILLED = 0.6
"""So many of the cells are filled."""
FIGURES = 0.8
"""A column of figures has them in so many of its cells."""

_LINE = re.compile(r"[^\r\n]+")
_WORD = re.compile(r"\S+")


class _Piece(NamedTuple):
    """Words of a line that stand close to each other."""

    box: Box
    start: int
    end: int


def aligned_tables(text: PageText, rules: Rules, taken: Sequence[range]) -> Iterator[Outline]:
    """The tables of a page beside those that are known: lines that PDFium reads one after the other, of as many cells.

    Columns of prose are read each to its end before the next. What is taken for a table begins with a row of names,
    set off by a line or another font, or of three columns at least, one of figures.
    """
    lines = [_pieces(text, found.start(), found.end()) for found in _LINE.finditer(text.text)]
    begin = 0
    while begin < len(lines):
        rows = _run(lines, begin, taken)
        if len(rows) >= FEWEST_ROWS and (table := _table(text, rows, rules)):
            yield table
            begin += len(rows)
        else:
            begin += 1


def _pieces(text: PageText, start: int, end: int) -> list[_Piece]:
    """The pieces of a line of text; none where it has only one, or is not level and read from left to right."""
    words = [word.span() for word in _WORD.finditer(text.text, start, end)]
    if len(words) < 2:
        return []
    gutter = GUTTER * text.box(words[0][0]).height
    pieces: list[tuple[int, int, float]] = []  # its first character, the end of its last, and how far right that is
    for first, after in words:
        left, right = text.sides(first)[0], text.sides(after - 1)[1]
        if pieces and left - pieces[-1][2] < gutter:
            pieces[-1] = pieces[-1][0], after, max(pieces[-1][2], right)
        else:
            pieces.append((first, after, right))
    if len(pieces) < 2:
        return []
    found = [_Piece(text.box(first)._replace(right=right), first, after) for first, after, right in pieces]
    is_level = all(abs(one.box.bottom - found[0].box.bottom) <= one.box.height / 2 for one in found)
    return found if is_level and all(one.box.left < next_.box.left for one, next_ in pairwise(found)) else []


def _run(lines: Sequence[list[_Piece]], begin: int, taken: Sequence[range]) -> list[list[_Piece | None]]:
    """From a line on, those whose pieces stand below its own, each in one column."""
    columns = [(piece.box.left, piece.box.right) for piece in lines[begin]]
    if len(columns) < 2:
        return []
    rows: list[list[_Piece | None]] = []
    last: Box | None = None
    for pieces in lines[begin : begin + MOST_ROWS]:
        if not pieces or any(pieces[0].start in one for one in taken):
            break
        height = pieces[0].box.height
        if last and not 0 < last.bottom - pieces[0].box.bottom <= LEADING * height:
            break
        placed = _placed(pieces, columns, GUTTER * height)
        if not placed:
            break
        row: list[_Piece | None] = [None] * len(columns)
        for column, piece in zip(placed, pieces, strict=True):
            row[column] = piece
            left, right = columns[column]
            columns[column] = min(left, piece.box.left), max(right, piece.box.right)
        rows.append(row)
        last = pieces[0].box
    return rows


def _placed(pieces: Sequence[_Piece], columns: Sequence[tuple[float, float]], gutter: float) -> list[int]:
    """The column of each piece; nothing where one stands in none or in two, or would leave no gutter."""
    placed: list[int] = []
    for piece in pieces:
        found = [n for n, (left, right) in enumerate(columns) if piece.box.left < right and piece.box.right > left]
        if len(found) != 1 or found[0] in placed:
            return []
        column = found[0]
        if column and piece.box.left - columns[column - 1][1] < gutter:
            return []
        if column + 1 < len(columns) and columns[column + 1][0] - piece.box.right < gutter:
            return []
        placed.append(column)
    return placed


def _table(text: PageText, rows: Sequence[Sequence[_Piece | None]], rules: Rules) -> Outline | None:
    """The table that these rows are, if they are one."""
    told = [[text.text[piece.start : piece.end] if piece else "" for piece in row] for row in rows]
    cells = [cell for row in told for cell in row if cell]
    if not text.is_upright(next(piece.start for piece in rows[0] if piece)) or not is_header(told[0], told[1]):
        return None
    if sum(len(cell.split()) for cell in cells) > MOST_WORDS * len(cells):
        return None
    if len(cells) < FILLED * len(rows) * len(rows[0]):
        return None
    by_figures = len(rows[0]) > 2 and _has_figures(told[1:])
    if not by_figures and not _is_set_off(text, rows) and not _is_underlined(rows, rules):
        return None
    width = len(rows[0])
    numbers = [list(range(row * width, (row + 1) * width)) for row in range(len(rows))]
    owners = {
        at: row * width + column
        for row, pieces in enumerate(rows)
        for column, piece in enumerate(pieces)
        if piece
        for at in range(piece.start, piece.end)
        if not text.text[at].isspace()
    }
    return Outline(numbers, owners, frozenset(numbers[0]))


def _has_figures(told: Sequence[Sequence[str]]) -> bool:
    """Whether a column beside the first has figures in most of its cells."""
    columns = [[cell for cell in column if cell] for column in zip(*told, strict=True)][1:]
    return any(column and sum(map(is_value, column)) >= FIGURES * len(column) for column in columns)


def _is_set_off(text: PageText, rows: Sequence[Sequence[_Piece | None]]) -> bool:
    """Whether the names are in another font than the cells below them."""
    fonts = [{text.font(piece.start) for piece in row if piece} for row in rows]
    return all(fonts[0].isdisjoint(below) for below in fonts[1:])


def _is_underlined(rows: Sequence[Sequence[_Piece | None]], rules: Rules) -> bool:
    """Whether a line parts the names from the cells below them, and none parts those from each other."""
    boxes = [[piece.box for piece in row if piece] for row in rows]
    left = min(box.left for row in boxes for box in row)
    right = max(box.right for row in boxes for box in row)

    def parted(above: int) -> bool:
        high = min(box.middle[1] for box in boxes[above])
        low = max(box.middle[1] for box in boxes[above + 1])
        return any(low < one.at < high and one.start < left + 5 and one.end > right - 5 for one in rules.along)

    return parted(0) and not parted(1)
