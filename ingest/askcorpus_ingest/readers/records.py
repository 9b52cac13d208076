"""What a file says of one document, before anything in it is cleaned or guessed."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from askcorpus.types import Mark

RECORD_KEYS = ("doc_id", "id", "title", "text", "date", "lang", "language", "source", "place")


class RawRecord(NamedTuple):
    """One document as its file gives it, nothing cleaned or guessed; empty where the file does not say.

    ``origin`` is the file's absolute path, for a record of a file that holds many with ``#`` and its
    id, or its line (``#L12``) when it has none; what is no Unicode in it is escaped (`characters.printable`).
    ``extra`` is whatever else it says of itself, by the names it uses; ``marks`` tell where its
    pages, rows or chapters begin in ``text``.
    """

    origin: str
    text: str
    title: str = ""
    date: str = ""
    language: str = ""
    source: str = ""
    place: str = ""
    doc_id: str = ""
    author: str = ""
    url: str = ""
    extra: Mapping[str, str] = MappingProxyType({})
    marks: tuple[Mark, ...] = ()


def raw_record(origin: str, fields: dict[str, Any]) -> RawRecord:
    """A ``RawRecord`` from named fields; unknown names are ignored, numbers become text, other values count as not
    given."""

    def field(*names: str) -> str:
        values = [fields[name] for name in names if fields.get(name) is not None]
        return next((str(v) for v in values if isinstance(v, str | int | float) and str(v).strip()), "")

    return RawRecord(
        origin=origin,
        text=str(fields["text"]),
        title=field("title"),
        date=field("date"),
        language=field("language", "lang"),
        source=field("source"),
        place=field("place"),
        doc_id=field("doc_id", "id", "_id"),
    )
