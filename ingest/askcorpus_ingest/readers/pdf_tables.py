"""The tables on a page of a PDF, row by row: those that it names as such, those with lines, and those in columns."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from askcorpus_ingest.readers.pdf_columns import aligned_tables
from askcorpus_ingest.readers.pdf_grid import ruled_tables
from askcorpus_ingest.readers.pdf_page import Outline, PageText
from askcorpus_ingest.readers.pdf_rules import TOUCHING, rules_of
from askcorpus_ingest.readers.pdf_tags import tagged_tables
from askcorpus_ingest.readers.table import Cell, head_rows, holds_data, told_below

Rows = Sequence[Sequence[Cell]]


class Table(NamedTuple):
    """What stands on a page from character ``start`` to ``end``, told a row at a time.

    ``heads`` are the rows that name its columns, and ``across`` is as in an ``Outline``.
    """

    start: int
    end: int
    rows: list[str]
    heads: Rows
    width: int
    across: tuple[float, ...]


def tables_of(text: PageText, above: Table | None) -> list[Table]:
    """The tables of a page in the order of its text; none overlaps another, and all in one is in one of its cells.

    ``above`` is the table that the page before ends with: this page may begin with more of its rows.
    """
    found: list[Table] = []
    rules = rules_of(text.page)
    for outline in [*tagged_tables(text), *ruled_tables(text, rules)]:
        found += _told(text, outline, found, above)
    for outline in aligned_tables(text, rules, [range(table.start, table.end) for table in found]):
        found += _told(text, outline, found, None)
    return sorted(found, key=lambda table: table.start)


def ends_with_table(text: PageText, tables: Sequence[Table]) -> Table | None:
    """The table that a page ends with; a line may follow, such as the page's number."""
    return tables[-1] if tables and _is_line(text.text[tables[-1].end :]) else None


def _told(text: PageText, outline: Outline, known: Sequence[Table], above: Table | None) -> Iterator[Table]:
    """The table, if it is one of data, apart from those that are known, and each of its cells is in one piece."""
    if not outline.owners or len({len(row) for row in outline.rows}) > 1:  # a cell may be missing in any of its columns
        return
    start, end = min(outline.owners), max(outline.owners) + 1
    if any(table.start < end and start < table.end for table in known):
        return
    texts = _texts(text, outline, start, end)
    cells = {number: Cell(texts.get(number, ""), number in outline.names) for row in outline.rows for number in row}
    rows = [[cells[number] for number in row] for row in outline.rows]
    if not texts or not holds_data(rows):
        return
    heads: Rows = rows[: head_rows(rows)]
    below: Rows = rows[len(heads) :]
    if above and _goes_on(above, rows, outline.across) and _is_line(text.text[:start]):
        heads, below = above.heads, rows
    yield Table(start, end, told_below(heads, below), heads, len(rows[0]), outline.across)


def _goes_on(above: Table, rows: Rows, across: tuple[float, ...]) -> bool:
    """Whether the rows are more of those of the table above, and do not begin with the names of its columns again."""
    if len(rows[0]) != above.width or len(across) != len(above.across):
        return False
    if any(abs(here - there) > TOUCHING for here, there in zip(across, above.across, strict=True)):
        return False
    if all(cell.is_header or not cell.text for cell in rows[0]):
        return False
    return not above.heads or [cell.text for cell in rows[0]] != [cell.text for cell in above.heads[0]]


def _is_line(text: str) -> bool:
    return len(text.strip().splitlines()) <= 1


def _texts(text: PageText, outline: Outline, start: int, end: int) -> dict[int, str]:
    """The text of each cell; nothing where one is not in one piece, or something else is between."""
    texts: dict[int, str] = {}
    printed = [at for at in range(start, end) if not text.text[at].isspace()]
    for number, group in groupby(printed, outline.owners.get):
        piece = list(group)
        if number is None or number in texts:
            return {}
        texts[number] = " ".join("".join(text.signs[piece[0] : piece[-1] + 1]).split())
    return texts
