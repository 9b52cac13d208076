"""A table's rows as records, each told with its header."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from askcorpus.text.characters import clean_line, printable
from askcorpus.types import Mark
from askcorpus_ingest.readers.marks import Stretch, put_together
from askcorpus_ingest.readers.markup import plain_text
from askcorpus_ingest.readers.records import RawRecord, raw_record
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.readers.table import (
    MOST_CAPTIONS,
    Cell,
    as_sentence,
    caption_rows,
    is_header,
    marked_heads,
    spread,
    told_below,
    told_rows,
    unmarked_heads,
)

TEXT_COLUMNS = ("text", "body", "content")
"""A table with such a column is one of documents: the column is their text, and the others say things of them."""

NumberedRows = Iterable[tuple[int, Sequence[str]]]
"""Rows with their numbers in the file."""


def told_table(rows: Sequence[Sequence[Cell]]) -> str:
    """A table inside a document, a row a paragraph; rows above its header that have but one cell are told alone."""
    filled = [row for row in spread(rows) if any(cell.text.strip() for cell in row)]
    captions = caption_rows(filled)
    below = filled[captions:]
    heads = marked_heads(below) or unmarked_heads(below)
    told = [*(as_sentence([row[0].text]) for row in filled[:captions]), *told_below(below[:heads], below[heads:])]
    return "\n\n".join(told)


def row_records(source: Source, rows: NumberedRows, where: Mapping[str, str], title: str) -> Iterator[RawRecord]:
    """Each row below a header as a record, and the captions above it as one; a table without a header is one record, a
    row a paragraph.

    ``where`` is the locator of the table, to which the row's number is added.
    """
    filled = ((number, row) for number, row in rows if any(cell.strip() for cell in row))
    captions, above = list[tuple[int, Sequence[str]]](), next(filled, None)
    while above and len(captions) < MOST_CAPTIONS and _is_caption(above[1], source.limits.names):
        captions.append(above)
        above = next(filled, None)
    below = next(filled, None)
    at = f"{source.origin}#{printable(where['sheet'])}" if "sheet" in where else source.origin
    if not above or not below or not _is_header(above[1], below[1], source.limits.names):
        yield from _told_whole(at, chain(captions, filter(None, [above, below]), filled), where, title)
        return
    yield from _told_whole(at, captions, where, title)
    header = [cell.strip() for cell in above[1]]
    for number, row in chain([below], filled):
        if raw := _row_record(at, header, number, row, title, source.limits.names):
            yield raw._replace(marks=(Mark(start=0, locator={**where, "row": str(number)}),))


def _told_whole(at: str, rows: NumberedRows, where: Mapping[str, str], title: str) -> Iterator[RawRecord]:
    """Rows without a header as one record; none where there are no rows."""
    stretches = (Stretch({**where, "row": str(number)}, "\n".join(told_rows([], [row]))) for number, row in rows)
    text, marks = put_together(stretches)
    if text:
        yield RawRecord(at, text, title, marks=marks)


def _is_caption(row: Sequence[str], names: Mapping[str, str]) -> bool:
    """Whether a row above a table may be a caption of it: it has but one cell, which names no column of texts."""
    filled = [cell.strip().lower() for cell in row if cell.strip()]
    return len(filled) == 1 and filled[0] not in _text_columns(names)


def _is_header(first: Sequence[str], second: Sequence[str], names: Mapping[str, str]) -> bool:
    return names_texts(first, names) or is_header(first, second)


def names_texts(row: Sequence[str], names: Mapping[str, str]) -> bool:
    """Whether a row names a column of texts, so that each row below it is a document."""
    return not {cell.strip().lower() for cell in row}.isdisjoint(_text_columns(names))


def _text_columns(names: Mapping[str, str]) -> Sequence[str]:
    return (names["text"].lower(), *TEXT_COLUMNS) if "text" in names else TEXT_COLUMNS


def _row_record(
    at: str, header: Sequence[str], number: int, row: Sequence[str], title: str, names: Mapping[str, str]
) -> RawRecord | None:
    fields = {name.lower(): cell for name, cell in zip(header, row, strict=False)}
    text = next((name for name in _text_columns(names) if fields.get(name, "").strip()), "")
    if text:
        raw = raw_record(at, {**fields, text: "", "text": plain_text(fields[text])}, {**names, "text": "text"})
        origin = f"{at}#{printable(clean_line(raw.doc_id)) or f'L{number}'}"
        return raw._replace(origin=origin, title=html.unescape(raw.title))
    told = "".join(told_rows(header, [row]))
    return RawRecord(f"{at}#L{number}", told, title) if told else None
