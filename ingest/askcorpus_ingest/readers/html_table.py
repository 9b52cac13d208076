"""A table of a page: rows and columns of data, or a way to lay the page out."""

from collections.abc import Mapping
from typing import Protocol

from askcorpus_ingest.readers.table import LONGEST_CELL, Cell, holds_data, span, spread, told_cells

MOST_CELLS = 200_000
"""A table with more is not held together."""

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


class HtmlTable:
    """What stands between <table> and </table>, until it is known what it is."""

    def __init__(self, attributes: Attributes) -> None:
        self._events: list[tuple[str, Attributes | None]] = [("table", attributes)]  # None: the tag ends
        self._texts: dict[int, str] = {}  # by the number of events before them
        self._rows: list[list[Cell]] = []
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
        rows = spread([row for row in self._rows if row])
        if not holds_data(rows):
            self.replay(writer)
            return
        if self._caption and self._caption.strip():
            writer.paragraph(" ".join(self._caption.split()))
        for row in told_cells(rows):
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
        columns, rows = (span(attributes.get(name)) for name in ("colspan", "rowspan"))
        self._rows[-1].append(Cell(" ".join(self._text.split()), is_head, columns, rows))
        self._cell, self._text = None, ""
