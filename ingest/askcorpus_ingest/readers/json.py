"""JSON: one record, or a list of them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from askcorpus.errors import Corrupt, NoText, ReadError
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.jsonl import record_of
from askcorpus_ingest.readers.records import RawRecord, read_fields
from askcorpus_ingest.readers.source import Source


def read_json(source: Source) -> Iterator[RawRecord | Failure]:
    """The record, or those of the list in it.

    Raises:
        ReadError: it is no JSON, or holds no record.
    """
    try:
        loaded = json.loads(decode(source.content()))
    except (ValueError, RecursionError) as exc:
        raise Corrupt("is not JSON") from exc
    records = _list_in(loaded, source.limits.names)
    if records is None:
        yield record_of(source, loaded, "")
        return
    if not records:
        raise NoText("holds no record")
    failures = []
    for number, record in enumerate(records, 1):
        try:
            yield record_of(source, record, f"L{number}")
        except ReadError as exc:
            failures.append(Failure.of(f"{source.origin}#L{number}", exc, f"record {number} "))
    if len(failures) == len(records):
        raise ReadError(f"holds no document in its {len(records)} records: {failures[0].reason}")
    yield from failures


def _list_in(loaded: Any, names: Mapping[str, str]) -> list[Any] | None:
    """The list of records that it is, or the longest that it holds under a name; none where it is a record itself."""
    if isinstance(loaded, list):
        return loaded
    if not isinstance(loaded, dict):
        raise Corrupt("is neither a JSON object nor a list of them")
    lists = [value for value in loaded.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
    if not lists or read_fields(loaded, names).known.get("text"):
        return None
    return max(lists, key=len)
