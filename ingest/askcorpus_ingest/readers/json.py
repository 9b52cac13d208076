"""JSON: one record, or a list of them."""

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from askcorpus.errors import Corrupt, NoText, ReadError
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.jsonl import read_jsonl, record_of, unwrapped
from askcorpus_ingest.readers.records import RawRecord, read_fields
from askcorpus_ingest.readers.source import Source

_ASSIGNED = re.compile(r"\Awindow\.YTD\.[\w.]{1,99} = ")
"""How the archives of X begin (tweets.js): they are scripts that hold JSON."""
LOOKED_AT = 3
"""So many members of a list tell whether it is one of records."""
MOST_DEPTH, MOST_NAMES = 4, 100
"""So deep, and under so many names of an object, lists of records are looked for."""


def read_json(source: Source) -> Iterator[RawRecord | Failure]:
    """The record, or those of the list in it; a record a line where it is JSON Lines under this ending.

    Raises:
        ReadError: it is no JSON, or holds no record.
    """
    text = _ASSIGNED.sub("", decode(source.content()), 1)
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError) as exc:
        if not _is_record_a_line(text):
            raise Corrupt("is not JSON") from exc
        yield from read_jsonl(source)
        return
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


def _is_record_a_line(text: str) -> bool:
    first, _, rest = text.strip().partition("\n")
    try:
        return isinstance(json.loads(first), dict) and rest.lstrip().startswith("{")
    except (ValueError, RecursionError):
        return False


def _list_in(loaded: Any, names: Mapping[str, str]) -> list[Any] | None:
    """The list of records that it is, or the longest that it holds; none where it is a record itself."""
    if isinstance(loaded, list):
        return loaded
    if not isinstance(loaded, dict):
        raise Corrupt("is neither a JSON object nor a list of them")
    if read_fields(loaded, names).known.get("text"):
        return None
    lists = list(_lists(loaded))
    told = [one for one in lists if any(_is_record(record, names) for record in one[:LOOKED_AT])]
    told += [one for one in _named(loaded) if all(_is_record(record, names) for record in one[:LOOKED_AT])]
    if not told and _is_record(loaded, names):
        return None
    return max(told or lists, key=len, default=None)


def _lists(loaded: dict[str, Any]) -> Iterator[list[Any]]:
    """The lists of objects in an object."""
    return (one for one in _containers(loaded) if isinstance(one, list) and one and isinstance(one[0], dict))


def _named(loaded: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """The objects that hold nothing but objects, each under its name, as lists of those."""
    for one in _containers(loaded):
        if isinstance(one, dict) and len(one) > 1 and all(isinstance(inner, dict) for inner in one.values()):
            yield [{"_id": name, **inner} for name, inner in one.items()]


def _containers(loaded: dict[str, Any]) -> Iterator[dict[str, Any] | list[Any]]:
    """An object and the objects and lists in it, from above, at no great depth."""
    waiting: deque[tuple[int, dict[str, Any] | list[Any]]] = deque([(0, loaded)])
    while waiting:
        depth, value = waiting.popleft()
        yield value
        inner = islice(value.values(), MOST_NAMES) if isinstance(value, dict) else value[:LOOKED_AT]
        if depth < MOST_DEPTH:
            waiting.extend((depth + 1, one) for one in inner if isinstance(one, dict | list))


def _is_record(record: Any, names: Mapping[str, str]) -> bool:
    return isinstance(record, dict) and any(
        read_fields(one, names).known.get("text") for one in (record, unwrapped(record, names))
    )
