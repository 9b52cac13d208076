"""A table's rows as records, each told with its header."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from askcorpus.text.characters import clean_line, printable
from askcorpus.types import Mark
from askcorpus_ingest.readers.marks import Stretch, put_together
from askcorpus_ingest.readers.records import RawRecord, raw_record
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.readers.table import is_header, told_rows

TEXT_COLUMNS = ("text", "body", "content")
"""A table with such a column is one of documents: the column is their text, and the others say things of them."""

NumberedRows = Iterable[tuple[int, Sequence[str]]]
"""Rows with their numbers in the file."""


def told_table(rows: Sequence[Sequence[str]]) -> str:
    """A table inside a document, a row a paragraph."""
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    if len(filled) > 1 and is_header(filled[0], filled[1]):
        return "\n\n".join(told_rows(filled[0], filled[1:]))
    return "\n\n".join(told_rows([], filled))


def row_records(source: Source, rows: NumberedRows, where: Mapping[str, str], title: str) -> Iterator[RawRecord]:
    """Each row below a header as a record; a table without a header is one record, a row a paragraph.

    ``where`` is the locator of the table, to which the row's number is added.
    """
    filled = ((number, row) for number, row in rows if any(cell.strip() for cell in row))
    first, second = next(filled, None), next(filled, None)
    if first is None:
        return
    at = f"{source.origin}#{printable(where['sheet'])}" if "sheet" in where else source.origin
    if second and _is_header(first[1], second[1], source.limits.names):
        header = [cell.strip() for cell in first[1]]
        for number, row in chain([second], filled):
            if raw := _row_record(at, header, number, row, title, source.limits.names):
                yield raw._replace(marks=(Mark(start=0, locator={**where, "row": str(number)}),))
        return
    stretches = (
        Stretch({**where, "row": str(number)}, "\n".join(told_rows([], [row])))
        for number, row in chain([first], [second] if second else [], filled)
    )
    text, marks = put_together(stretches)
    yield RawRecord(at, text, title, marks=marks)


def _is_header(first: Sequence[str], second: Sequence[str], names: Mapping[str, str]) -> bool:
    columns = {cell.strip().lower() for cell in first}
    return not columns.isdisjoint(_text_columns(names)) or is_header(first, second)


def _text_columns(names: Mapping[str, str]) -> Sequence[str]:
    return (names["text"].lower(), *TEXT_COLUMNS) if "text" in names else TEXT_COLUMNS


def _row_record(
    at: str, header: Sequence[str], number: int, row: Sequence[str], title: str, names: Mapping[str, str]
) -> RawRecord | None:
    fields = {name.lower(): cell for name, cell in zip(header, row, strict=False)}
    text = next((name for name in _text_columns(names) if fields.get(name, "").strip()), "")
    if text:
        raw = raw_record(at, {**fields, text: "", "text": fields[text]}, {**names, "text": "text"})
        return raw._replace(origin=f"{at}#{printable(clean_line(raw.doc_id)) or f'L{number}'}")
    told = "".join(told_rows(header, [row]))
    return RawRecord(f"{at}#L{number}", told, title) if told else None
