"""A table's rows, each told with its header: "Day: Tuesday; Open: 10:00–18:00"."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from askcorpus.text.characters import clean_line, printable
from askcorpus.types import Mark
from askcorpus_ingest.readers.marks import Stretch, put_together
from askcorpus_ingest.readers.records import RawRecord, raw_record
from askcorpus_ingest.readers.source import Source

HEADER_CHARS = 80
TEXT_KEYS = ("text", "body", "content")

_NUMBER = re.compile(r"[-+]?[\d.,:/\s%€$£-]+")


def is_header(row: Sequence[str]) -> bool:
    """Whether a first row names columns: short words, all different, no numbers."""
    cells = [cell.strip() for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return bool(cells) and len(set(cells)) == len(cells) and all(map(_is_name, cells))


def _is_name(cell: str) -> bool:
    return 0 < len(cell) <= HEADER_CHARS and not _NUMBER.fullmatch(cell)


def told(header: Sequence[str], row: Sequence[str]) -> str:
    """A row with its header in a line; empty cells are left out, and what stands beyond the header stands alone."""
    names = [*header, *[""] * (len(row) - len(header))]
    pairs = [(clean_line(name), clean_line(cell)) for name, cell in zip(names, row, strict=False)]
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)


def told_table(rows: Sequence[Sequence[str]]) -> str:
    """A small table inside a document, a row a line."""
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if len(rows) > 1 and len(rows[0]) > 1 and is_header(rows[0]):
        return "\n".join(told(rows[0], row) for row in rows[1:])
    return "\n".join(" | ".join(filter(None, map(clean_line, row))) for row in rows)


def row_records(
    source: Source, rows: Iterable[tuple[int, Sequence[str]]], where: Mapping[str, str], title: str
) -> Iterator[RawRecord]:
    """Each row below a header as a record; a table without a header is one record, a row a line.

    ``where`` is the locator of the table, to which the row's number is added.
    """
    filled = ((number, row) for number, row in rows if any(cell.strip() for cell in row))
    first = next(filled, None)
    second = next(filled, None)
    if first is None:
        return
    if second is None or not is_header(first[1]):
        bare = chain([first], [second] if second else [], filled)
        stretches = (
            Stretch({**where, "row": str(number)}, " | ".join(filter(None, map(clean_line, row))))
            for number, row in bare
        )
        text, marks = put_together(stretches)
        yield RawRecord(_at(source, where), text, title, marks=marks)
        return
    header = [cell.strip() for cell in first[1]]
    for number, row in chain([second], filled):
        yield _row_record(source, header, number, row, where, title)


def _row_record(
    source: Source, header: Sequence[str], number: int, row: Sequence[str], where: Mapping[str, str], title: str
) -> RawRecord:
    fields = {name.lower(): cell for name, cell in zip(header, row, strict=False)}
    text = next((fields[key] for key in TEXT_KEYS if fields.get(key, "").strip()), "")
    at = _at(source, where)
    raw = raw_record(at, {**fields, "text": text}) if text else RawRecord(at, told(header, row), title)
    mark = Mark(start=0, locator={**where, "row": str(number)})
    return raw._replace(origin=f"{at}#{printable(raw.doc_id) or f'L{number}'}", marks=(mark,))


def _at(source: Source, where: Mapping[str, str]) -> str:
    return f"{source.origin}#{printable(where['sheet'])}" if "sheet" in where else source.origin
