"""JSON Lines: a record a line."""

import html
import io
import json
import os
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from askcorpus.errors import Corrupt, NoText, ReadError
from askcorpus.text.characters import printable
from askcorpus_ingest.encoding import BINARY_MAGIC, BLANK, UTF16_BOMS, decode
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.markup import plain_text
from askcorpus_ingest.readers.records import RawRecord, raw_record, read_fields
from askcorpus_ingest.readers.source import MEGABYTE, NO_MEMORY, Source

MOST_FAILURES = 1000
"""Wrong lines of one file that are reported one by one; the rest are summed up."""

MOST_WRONG = 100_000
"""So many more wrong lines than documents are read at most: it is no file of documents, and going on takes minutes."""


def first_record(source: Source) -> dict[str, Any]:
    """The first record, whatever is in it; an empty one where there is none.

    Raises:
        ReadError: the first line is no JSON object.
        OSError: the file cannot be read.
    """
    return next((_json_object(line) for _, line in _lines(source)), {})


def read_jsonl(source: Source) -> Iterator[RawRecord | Failure]:
    """The records; where every line has the same fault, one failure for the file instead of one a line.

    Raises:
        ReadError: nearly all of it is no documents.
    """
    failures: list[Failure] = []  # that are not yielded yet
    documents = wrong = 0
    for record in _records(source):
        if isinstance(record, RawRecord):
            documents += 1
            yield from failures
            failures = []
            yield record
        else:
            wrong += 1
            failures += [record] if wrong <= MOST_FAILURES else []
            if wrong - documents > MOST_WRONG:
                raise ReadError(f"holds hardly any document in its first {wrong + documents} lines")
    if not documents and not wrong:
        raise NoText("is empty")
    faults = {failure.reason.split(maxsplit=2)[2] for failure in failures}  # without "line 12"
    if not documents and wrong > 1 and len(faults) == 1:
        raise ReadError(f"holds no document in its {wrong} lines: {failures[0].reason}")
    yield from failures
    if wrong > MOST_FAILURES:
        yield Failure(source.origin, f"holds {wrong - MOST_FAILURES} more lines that are no documents")


def _records(source: Source) -> Iterator[RawRecord | Failure]:
    for number, line in _lines(source):
        try:
            if len(line) > source.max_bytes:
                raise source.too_large()
            yield record_of(source, _json_object(line), f"L{number}")
        except ReadError as exc:
            yield Failure.of(f"{source.origin}#L{number}", exc, f"line {number} ")
        except MemoryError:
            yield Failure(f"{source.origin}#L{number}", f"line {number} {NO_MEMORY}")


def _lines(source: Source) -> Iterator[tuple[int, bytes]]:
    """The lines that hold something, in UTF-8 where the file is in UTF-16, with their numbers from 1.

    Of a line that is too large comes the beginning, one byte longer than is allowed. What is added to the file while
    it is read is left for the next time.
    """
    with source.opened() as file:
        utf16 = file.read(2) in UTF16_BOMS
        stream = io.BytesIO(decode(source.content()).encode()) if utf16 else file
        left = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        for number in count(1):
            line = stream.readline(min(source.max_bytes + 1, left))
            if number == 1 and line.startswith(BINARY_MAGIC[:-3]):
                raise Corrupt("is not text")
            if line.strip(BLANK):
                yield number, line
            left -= len(line)
            while line and left and not line.endswith(b"\n"):
                line = stream.readline(min(MEGABYTE, left))
                left -= len(line)
            if not line or not left:
                return


def _json_object(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise Corrupt("is not UTF-8") from exc
    except (json.JSONDecodeError, RecursionError, ValueError) as exc:
        raise Corrupt("is not JSON") from exc
    if not isinstance(record, dict):
        raise Corrupt("is not a JSON object")
    return record


def unwrapped(record: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, Any]:
    """A record without a text, with the fields that it keeps in an object inside of it (``_source``, ``attributes``),
    where that has one."""
    for name, inner in record.items():
        if isinstance(inner, dict):
            sure = {key: value for key, value in inner.items() if key.casefold() not in ("description", "summary")}
            if read_fields(sure, names).known.get("text"):
                return {key: value for key, value in record.items() if key != name} | inner
    return record


def record_of(source: Source, record: Any, number: str) -> RawRecord:
    """The record that a JSON object in ``source`` is; its origin goes on with its id, or else with its ``number``.

    Raises:
        ReadError: it is no object, or has no text.
    """
    if not isinstance(record, dict):
        raise Corrupt("is not a JSON object")
    names = source.limits.names
    raw = raw_record(source.origin, record, names)
    if not raw.text:
        raw = raw_record(source.origin, unwrapped(record, names), names)
    if not raw.text:
        raise NoText('has no "text"')
    text, title = _unscrambled(raw.text), _unscrambled(raw.title)
    raw = raw._replace(text=plain_text(text), title=html.unescape(title), author=_unscrambled(raw.author))
    name = printable(raw.doc_id) or number
    return raw._replace(origin=f"{source.origin}#{name}") if name else raw


def _unscrambled(text: str) -> str:
    """A text of which each byte in UTF-8 was written as a character (fermÃ© for fermé), as Facebook and Instagram
    export all of theirs, as it was; any other as it is."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
