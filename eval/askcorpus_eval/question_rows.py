"""The raw rows of a question file: JSONL, JSON, CSV, spreadsheets, and plain lines."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from askcorpus.errors import ReadError, UsageError
from askcorpus_eval.columns import has_content, understand
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.readers.sheets import visible_sheets
from askcorpus_ingest.readers.source import Limits, Source

JSON_LINES = (".jsonl", ".ndjson")
TABLES = (".csv", ".tsv")
SHEETS = (".xlsx", ".xls", ".xlsb", ".ods")
ENDINGS = (*JSON_LINES, ".json", *TABLES, *SHEETS, ".txt")
_MOST_MB = 1000
"""Of a spreadsheet; a question set is its owner's own, and no stranger's."""

HEADER_WITHIN = 20
"""Rows in which the header is looked for: people put titles above their tables."""


NumberedCells = tuple[int, Sequence[str]]


class Row(NamedTuple):
    """A raw question and the line (or row) where it stands."""

    line: int
    fields: Mapping[str, Any]


def read_rows(path: Path, names: Mapping[str, str]) -> list[Row]:
    """The rows of a question file that say something; ``names`` are columns that the user chose for fields.

    Raises:
        UsageError: it is none, or broken.
        OSError, UnicodeDecodeError: it cannot be read.
    """
    ending = path.suffix.lower()
    rows: Iterable[Row]
    if ending in JSON_LINES:
        rows = json_lines(path)
    elif ending == ".json":
        rows = _json_list(path)
    elif ending in TABLES:
        rows = _under_header(path, _csv_rows(path), names)
    elif ending in SHEETS:
        rows = _sheet_rows(path, names)
    elif ending == ".txt":
        lines = decode(path.read_bytes()).splitlines()
        rows = (Row(number, {"question": line}) for number, line in enumerate(lines, start=1))
    else:
        raise UsageError(
            f"{path}: not a question set.", f"Give a file that ends in {', '.join(ENDINGS)}, or a BEIR folder."
        )
    return [row for row in rows if has_content(row.fields)]


def json_lines(path: Path) -> Iterator[Row]:
    """The objects of a JSONL file.

    Raises:
        UsageError: a line is no JSON object.
        OSError, UnicodeDecodeError: it cannot be read.
    """
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield Row(number, _json_object(path, number, line))


def _json_object(path: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as exc:  # ValueError: a number of thousands of digits
        reason = exc.msg if isinstance(exc, json.JSONDecodeError) else "too deep, or a number too long"
        raise UsageError(f"{path}: line {number}: not JSON ({reason}).", "One JSON object a line.") from exc
    if not isinstance(row, dict):
        raise UsageError(f"{path}: line {number}: not a JSON object.", "One JSON object a line.")
    return row


def _json_list(path: Path) -> Iterator[Row]:
    """The objects of the list that a JSON file is, or that the object in it holds (``{"questions": […]}``)."""
    text = path.read_text(encoding="utf-8-sig")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"{path}: not JSON.", "Give a list of objects, or JSONL.") from exc
    lists = [value for value in whole.values() if isinstance(value, list)] if isinstance(whole, dict) else [whole]
    rows = lists[0] if len(lists) == 1 else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{path}: not a list of questions.", "Give a list of objects, or JSONL.")
    yield from (Row(number, row) for number, row in enumerate(rows, start=1))


def _csv_rows(path: Path) -> Iterator[NumberedCells]:
    text = decode(path.read_bytes())
    first, _, rest = text.partition("\n")
    lines = 0
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:  # how Excel is told the separator
        text, delimiter, lines = rest, first.strip()[4], 1
    else:
        delimiter = _delimiter(first)
    # Strict, for a quotation mark that is opened and not closed would swallow the questions after it.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield lines + reader.line_num, cells
    except csv.Error as exc:
        raise UsageError(f"{path}: line {lines + reader.line_num}: no CSV ({exc}).", "Mend this row.") from exc


def _delimiter(header: str) -> str:
    """Comma, semicolon (as spreadsheets write where the comma is decimal) or tab: the commonest in the header."""
    return max(",;\t", key=header.count)


def _sheet_rows(path: Path, names: Mapping[str, str]) -> list[Row]:
    """The rows of the first sheet with a column of questions."""
    try:
        sheets = [list(enumerate(rows, start=1)) for _, rows in visible_sheets(Source.of(path, _MOST_MB, Limits()))]
    except ReadError as exc:
        raise UsageError(f"{path}: {exc}.", "Save the file as .xlsx or .csv.") from exc
    with_questions = (rows for rows in sheets if _header_at(_filled(rows), names) is not None)
    return list(_under_header(path, next(with_questions, sheets[0] if sheets else []), names))


def _under_header(path: Path, rows: Iterable[NumberedCells], names: Mapping[str, str]) -> Iterator[Row]:
    everything = _filled(rows)
    at = _header_at(everything, names)
    if at is None:
        header = ", ".join(cell.strip() for cell in everything[0][1]) if everything else "nothing"
        line = everything[0][0] if everything else 1
        raise UsageError(
            f"{path}: line {line}: the header has no column 'question' (it has: {header}).",
            "Name it: --map question=COLUMN.",
        )
    header_cells = [cell.strip() for cell in everything[at][1]]
    for number, cells in everything[at + 1 :]:
        row: dict[str, str] = {}
        for name, cell in zip(header_cells, cells, strict=False):
            row.setdefault(name, cell)  # of two columns of one name the first counts
        yield Row(number, row)


def _filled(rows: Iterable[NumberedCells]) -> list[NumberedCells]:
    return [(number, cells) for number, cells in rows if any(cell.strip() for cell in cells)]


def _header_at(rows: Sequence[NumberedCells], names: Mapping[str, str]) -> int | None:
    """Which row is the header: of those with a column of questions the one with most columns that are known (a title
    may be "Questions")."""
    wanted = names.get("question")
    known: dict[int, int] = {}
    for at, (_, cells) in enumerate(rows[:HEADER_WITHIN]):
        header = [cell.strip() for cell in cells]
        columns = understand(header, {}).of
        if wanted in header if wanted else "question" in columns:
            known[at] = len(columns)
    return max(known, key=lambda at: known[at], default=None)
