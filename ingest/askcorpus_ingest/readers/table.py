"""A table as text: each row is told with the header of its columns, so that it can be found and quoted alone."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile, zip_longest
from typing import NamedTuple, Protocol, TypeVar

LONGEST_CELL = 1000
"""Characters of a cell of data, and the fifth of that where nothing says that it is one."""

MOST_CAPTIONS = 10
"""Rows above the header of a table that are taken for its captions."""

MOST_SPANNED = 200
"""Columns or rows that a cell stands in at most."""

_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")


class Spanning(Protocol):
    """What stands in so many columns and rows of a table."""

    @property
    def columns(self) -> int: ...  # noqa: D102
    @property
    def rows(self) -> int: ...  # noqa: D102


Spanned = TypeVar("Spanned", bound=Spanning)


class Cell(NamedTuple):
    """A cell as it stands in its table: its text, whether it is said to be a name, and what it spans."""

    text: str
    is_header: bool
    columns: int = 1
    rows: int = 1


class PlacedCell(NamedTuple):
    """A cell, the column that it begins in, and whether it is merged with those below ("restart") or above it
    ("continue")."""

    text: str
    column: int
    columns: int
    merge: str
    is_head: bool


def merged_rows(rows: Sequence[Sequence[PlacedCell]]) -> Iterator[list[Cell]]:
    """The cells of each row, those that are merged as one."""
    for place, row in enumerate(rows):
        is_head = len(row) > 0 and row[0].is_head
        below = rows[place + 1 : place + 1 + MOST_SPANNED]
        yield [
            Cell(cell.text, is_head, cell.columns, 1 + _continued(below, cell.column))
            for cell in row
            if cell.merge != "continue"
        ]


def _continued(below: Sequence[Sequence[PlacedCell]], column: int) -> int:
    """In how many rows below its own a cell stands."""
    merged = (any(cell.column == column and cell.merge == "continue" for cell in row) for row in below)
    return sum(1 for _ in takewhile(bool, merged))


def told_rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A sentence a row: ``Day: Tuesday, Open: 10:00–18:00.`` Empty cells are left out, and rows of nothing else.

    ``header`` names the columns from the left; of a column that it does not name, and of all where it is empty, the
    cells alone are told. Put a blank line between two rows: each is a paragraph.
    """
    names = [_plain(name) for name in header]
    for row in rows:
        cells = zip_longest(names[: len(row)], map(_plain, row), fillvalue="")
        if told := [_told(name, cell) for name, cell in cells if cell]:
            yield as_sentence(told)


def as_sentence(parts: Iterable[str]) -> str:
    """The parts of a row as one sentence. (Of nine questions, the reader finds the row of eight so, of four with
    semicolons between the parts and no full stop.)"""
    told = ", ".join(parts)
    return told if told.endswith(_ENDS) else f"{told}."


def is_header(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether ``first``, the first row of a table that does not say, names the columns of the row below it.

    Names are filled, all different, and hold letters and no figures, but for a year or a short number (``2021``,
    ``Q4``); a single column has none.
    """
    names = [_plain(name) for name in first]
    if len(names) < 2 or len(second) < 2 or not all(names) or len({name.casefold() for name in names}) < len(names):
        return False
    named = sum(any(character.isalpha() for character in name) and not is_value(name) for name in names)
    years = sum(map(is_year, names))
    return named >= 1 and named + years == len(names)


def spread(rows: Sequence[Sequence[Spanned]]) -> list[list[Spanned]]:
    """The rows with each cell in every column and row that it stands in."""
    spread: list[list[Spanned]] = []
    hanging: dict[int, tuple[Spanned, int]] = {}  # by column: a cell of a row above, and in how many it still stands
    for row in rows:
        cells, waiting = list[Spanned](), iter(row)
        while True:
            column = len(cells)
            if column in hanging:
                cell, left = hanging.pop(column)
                if left > 1:
                    hanging[column] = (cell, left - 1)
                cells.append(cell)
                continue
            new = next(waiting, None)
            if new is None:
                break
            for place in range(column, column + new.columns):
                cells.append(new)
                if new.rows > 1:
                    hanging[place] = (new, new.rows - 1)
        spread.append(cells)
    return spread


def holds_data(rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether these rows, spread, are a table of data, and no way to lay a page out."""
    widths = {len(row) for row in rows}
    if len(rows) < 2 or max(widths) < 2:
        return False
    longest = max(len(cell.text) for row in rows for cell in row)
    if any(cell.is_header for row in rows for cell in row):
        return longest <= LONGEST_CELL
    return len(widths) == 1 and longest <= LONGEST_CELL // 5


def told_cells(rows: Sequence[Sequence[Cell]]) -> list[str]:
    """A sentence for each of these rows, spread: with the names of its columns, or else the name it begins with."""
    heads = head_rows(rows)
    return told_below(rows[:heads], rows[heads:])


def head_rows(rows: Sequence[Sequence[Cell]]) -> int:
    """How many of these rows, spread, name the columns of those below them."""
    heads = marked_heads(rows)
    if not heads and len(rows) > 1 and len(rows[0]) > 2 and not rows[1][0].is_header:
        return int(is_header(*([cell.text for cell in row] for row in rows[:2])))
    return heads


def marked_heads(rows: Sequence[Sequence[Cell]]) -> int:
    """How many of these rows, spread, are said to name the columns of those below them."""
    heads = 0
    while heads < min(3, len(rows) - 1) and all(cell.is_header or not cell.text for cell in rows[heads]):
        heads += 1
    return heads


def unmarked_heads(rows: Sequence[Sequence[Cell]]) -> int:
    """How many do, where nothing says so: the first, and what stands below a name that is over several columns.

    Two columns may as well be names with what they stand for (Head, Ms Ott), so that the second has to hold figures.
    """
    if len(rows) < 2:
        return 0
    below = 2 if any(cell.columns > 1 for cell in rows[0]) else 1
    heads = max(below, *(cell.rows for cell in rows[0]))
    if heads >= len(rows) or not (below == 1 or _is_grouped(rows[0], rows[1])):
        return 0
    if max(map(len, rows)) == 2 and not _holds_figures([row[1].text for row in rows[heads:] if len(row) > 1]):
        return 0
    return heads if is_header(_names(rows[:heads]), _without_repeats(rows[heads])) else 0


def _is_grouped(above: Sequence[Cell], below: Sequence[Cell]) -> bool:
    """Whether names stand above others only where they are over several columns: else it is a form, and no header."""
    pairs = zip(above, below, strict=False)
    return all(top.columns > 1 or top is under or not top.text or not under.text for top, under in pairs)


def _holds_figures(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return 2 * sum(any(map(str.isdigit, cell)) for cell in filled) >= len(filled) > 0


def caption_rows(rows: Sequence[Sequence[Cell]]) -> int:
    """How many of these rows, spread, are captions: those of one cell above one of several."""
    single = [len({id(cell) for cell in row if cell.text}) == 1 for row in rows]
    captions = single.index(False) if False in single else 0
    return captions if captions <= MOST_CAPTIONS else 0


def told_below(heads: Sequence[Sequence[Cell]], rows: Sequence[Sequence[Cell]]) -> list[str]:
    """A sentence for each of these rows, spread, that stand below those, which name the columns."""
    if not heads:
        return [_told_by_its_name(row) for row in rows if any(cell.text for cell in row)]
    return list(told_rows(_names(heads), map(_without_repeats, rows)))


def _names(heads: Sequence[Sequence[Cell]]) -> list[str]:
    """The names of the columns, of all that stands above each."""
    width = max(map(len, heads))
    return [_joined(row[column].text for row in heads if column < len(row)) for column in range(width)]


def _joined(names: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(filter(None, names)))


def _without_repeats(row: Sequence[Cell]) -> list[str]:
    """The texts; of a cell in several columns once."""
    return ["" if place and cell is row[place - 1] else cell.text for place, cell in enumerate(row)]


def _told_by_its_name(row: Sequence[Cell]) -> str:
    texts = _without_repeats(row)
    if row[0].is_header and len(row) > 1 and not row[1].is_header:
        return as_sentence([f"{texts[0].rstrip(' :')}: {', '.join(filter(None, texts[1:]))}"])
    return as_sentence(filter(None, texts))


def _plain(cell: str) -> str:
    return " ".join(cell.split())


def _told(name: str, cell: str) -> str:
    return f"{name.rstrip(' :')}: {cell}" if name and name != cell else cell


def span(value: str | None) -> int:
    """In how many columns or rows a cell stands, by what its file says."""
    is_number = value is not None and value.isascii() and value.isdecimal() and len(value) < 9
    return min(max(int(value), 1), MOST_SPANNED) if value is not None and is_number else 1


def is_value(cell: str) -> bool:
    """Whether it holds more figures than letters: a date, a price, a number of a telephone."""
    return sum(map(str.isdigit, cell)) > sum(map(str.isalpha, cell))


def is_year(cell: str) -> bool:
    """Whether it holds four figures and nothing else."""
    return cell.isdecimal() and len(cell) == len("2024")
