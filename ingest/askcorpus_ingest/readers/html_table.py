"""A table of a page: rows and columns of data, or a way to lay the page out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from askcorpus_ingest.readers.table import is_header, told_rows

MOST_CELLS = 200_000
"""A table with more is not held together."""

LONGEST_CELL = 1000
"""Characters of a cell of data, and the fifth of that where nothing says that it is one."""

MOST_SPANNED = 200
"""Columns or rows that a cell stands in at most."""

_LAYOUT_TAGS = {
    "article",
    "aside",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "main",
    "nav",
    "section",
    "ul",
    "ol",
}
_SPACED_TAGS = {"br", "div", "p", "li", "dd", "dt"}

Attributes = Mapping[str, str]


class Writer(Protocol):
    """Where it is written."""

    def start(self, tag: str, attributes: Attributes) -> None: ...  # noqa: D102
    def end(self, tag: str) -> None: ...  # noqa: D102
    def data(self, text: str) -> None: ...  # noqa: D102
    def paragraph(self, text: str) -> None: ...  # noqa: D102


class _Cell(NamedTuple):
    text: str
    is_header: bool
    columns: int
    rows: int


class HtmlTable:
    """What stands between <table> and </table>, until it is known what it is."""

    def __init__(self, attributes: Attributes) -> None:
        self._events: list[tuple[str, Attributes | None]] = [("table", attributes)]  # None: the tag ends
        self._texts: dict[int, str] = {}  # by the number of events before them
        self._rows: list[list[_Cell]] = []
        self._cell: tuple[bool, Attributes] | None = None
        self._text = ""
        self._caption: str | None = None
        self._in_head = False
        self._cells = 0
        self._is_layout = attributes.get("role", "") in ("presentation", "none")

    def start(self, tag: str, attributes: Attributes) -> bool:
        """A tag opens in it; false where that shows that it is no table of data."""
        self._events.append((tag, attributes))
        if tag in ("td", "th"):
            self._close_cell()
            self._cells += 1
            self._cell, self._text = (tag == "th" or self._in_head, attributes), ""
            if not self._rows:
                self._rows.append([])
        elif tag == "tr":
            self._close_cell()
            self._rows.append([])
        elif tag == "thead":
            self._in_head = True
        elif tag == "caption":
            self._caption = ""
            self._text = ""
        elif tag in _SPACED_TAGS:
            self._text += " "
        return not (
            self._is_layout or tag in _LAYOUT_TAGS or self._cells > MOST_CELLS or len(self._text) > LONGEST_CELL
        )

    def end(self, tag: str) -> bool:
        """A tag closes in it; true where that is the table itself."""
        self._events.append((tag, None))
        if tag in ("td", "th"):
            self._close_cell()
        elif tag == "caption":
            self._caption = self._text
        elif tag == "thead":
            self._in_head = False
        elif tag in _SPACED_TAGS:
            self._text += " "
        return tag == "table"

    def data(self, text: str) -> None:
        """Text in it."""
        place = len(self._events)
        self._texts[place] = self._texts.get(place, "") + text
        self._text += text

    def write(self, writer: Writer) -> None:
        """Write each row as a paragraph, with its header; where it is no table of data, what stands in it."""
        rows = _spread([row for row in self._rows if row])
        if not self._holds_data(rows):
            self.replay(writer)
            return
        if self._caption and self._caption.strip():
            writer.paragraph(" ".join(self._caption.split()))
        for row in _told(rows):
            writer.paragraph(row)

    def replay(self, writer: Writer) -> None:
        """Write what stands in it as it stands."""
        for place, (tag, attributes) in enumerate(self._events):
            if place in self._texts:
                writer.data(self._texts[place])
            if attributes is None:
                writer.end(tag)
            else:
                writer.start(tag, attributes)
        if len(self._events) in self._texts:
            writer.data(self._texts[len(self._events)])

    def _close_cell(self) -> None:
        if self._cell is None:
            return
        is_head, attributes = self._cell
        columns, rows = (_number(attributes.get(name, "")) for name in ("colspan", "rowspan"))
        self._rows[-1].append(_Cell(" ".join(self._text.split()), is_head, columns, rows))
        self._cell, self._text = None, ""

    def _holds_data(self, rows: Sequence[Sequence[_Cell]]) -> bool:
        widths = {len(row) for row in rows}
        if len(rows) < 2 or max(widths) < 2:
            return False
        longest = max(len(cell.text) for row in rows for cell in row)
        if any(cell.is_header for row in rows for cell in row):
            return longest <= LONGEST_CELL
        return len(widths) == 1 and longest <= LONGEST_CELL // 5


def _number(value: str) -> int:
    return min(max(int(value), 1), MOST_SPANNED) if value.isascii() and value.isdecimal() and len(value) < 9 else 1


def _spread(rows: Sequence[Sequence[_Cell]]) -> list[list[_Cell]]:
    """The rows with each cell in every column and row that it stands in."""
    spread: list[list[_Cell]] = []
    hanging: dict[int, tuple[_Cell, int]] = {}  # by column: a cell of a row above, and in how many it still stands
    for row in rows:
        cells, waiting = list[_Cell](), iter(row)
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


def _told(rows: list[list[_Cell]]) -> list[str]:
    """A line a row: with the rows of names above, else with the name that it begins with."""
    heads = 0
    while heads < min(3, len(rows) - 1) and all(cell.is_header or not cell.text for cell in rows[heads]):
        heads += 1
    texts = [[cell.text for cell in row] for row in rows]
    if not heads and len(texts[0]) > 2 and not rows[1][0].is_header and is_header(texts[0], texts[1]):
        heads = 1
    if heads:
        width = max(map(len, texts[:heads]))
        header = [_joined(row[column] for row in texts[:heads] if column < len(row)) for column in range(width)]
        return list(told_rows(header, (_without_repeats(row) for row in rows[heads:])))
    return [_told_by_its_name(row) for row in rows if any(cell.text for cell in row)]


def _joined(names: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(filter(None, names)))


def _without_repeats(row: Sequence[_Cell]) -> list[str]:
    """The texts; of a cell in several columns once."""
    return ["" if place and cell is row[place - 1] else cell.text for place, cell in enumerate(row)]


def _told_by_its_name(row: Sequence[_Cell]) -> str:
    texts = _without_repeats(row)
    if row[0].is_header and len(row) > 1 and not row[1].is_header:
        return f"{texts[0].rstrip(' :')}: {'; '.join(filter(None, texts[1:]))}"
    return "; ".join(filter(None, texts))
