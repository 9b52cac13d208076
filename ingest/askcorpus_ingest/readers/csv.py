"""CSV and its kin: a row is a record where there is a header."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from askcorpus.errors import Corrupt
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.rows import row_records
from askcorpus_ingest.readers.source import Source

_DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT = 30
_SAID_DELIMITER = re.compile(r"\Asep=([^\w\s]|\t)[^\S\n]*\n", re.IGNORECASE)
"""What Excel is told the delimiter by, in a line above the table."""
_QUESTION_COLUMNS = {"question"}
_DOCUMENT_COLUMNS = {"text", "title", "body", "content"}


def read_csv(source: Source) -> Iterator[RawRecord]:
    """Its rows.

    Raises:
        ReadError: it is empty, or broken beyond reading.
    """
    yield from row_records(source, _rows(decode(source.content()), source.max_bytes), {}, source.path.stem)


def has_question_column(source: Source) -> bool:
    """Whether its header is that of a question set, and of no documents."""
    _, header = next(_rows(decode(source.head(1 << 16)), source.max_bytes), (0, []))
    names = {cell.strip().lower() for cell in header}
    return bool(names & _QUESTION_COLUMNS) and not names & _DOCUMENT_COLUMNS


def _rows(text: str, max_chars: int) -> Iterator[tuple[int, Sequence[str]]]:
    """The rows with the numbers of the lines that they begin in, from 1."""
    csv.field_size_limit(max_chars)
    text = text.replace("\0", "").lstrip("\ufeff")
    said = _SAID_DELIMITER.match(text)
    reader = csv.reader(
        io.StringIO(text[said.end() :] if said else text, newline=""),
        delimiter=said[1] if said else _delimiter(text),
    )
    before = int(said is not None)  # lines before those that the reader counts
    line = before + 1
    try:
        for row in reader:
            yield line, row
            line = before + reader.line_num + 1
    except csv.Error as exc:
        raise Corrupt(f"is no CSV from line {line} on") from exc


def _delimiter(text: str) -> str:
    """The one that cuts the first rows into the same number of cells, and into the most."""

    def fitness(delimiter: str) -> tuple[float, int]:
        rows = islice(csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=delimiter), _LOOKED_AT)
        try:
            widths = [len(row) for row in rows if row]
        except csv.Error:
            return 0.0, 0
        if not widths or widths[0] < 2:
            return 0.0, 0
        return widths.count(widths[0]) / len(widths), widths[0]

    return max(_DELIMITERS, key=fitness)
