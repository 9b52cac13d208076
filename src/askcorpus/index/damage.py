"""Damage of a catalog: of the file, and of rows that are no longer what was written.

SQLite finds torn pages and lost rows. It does not find a flipped bit inside a text or a vector, so each document is
compared with its digest, each passage with its document, and each vector with what a vector must be. Texts are read as
bytes here, because a flipped bit may leave what is no text.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from askcorpus.index.catalog import content_hash
from askcorpus.index.dialect import among, as_bytes, on_server
from askcorpus.index.schema import DOCUMENTS, PASSAGES, SENTENCES, VECTORS
from askcorpus.text.dates import day_range
from askcorpus.types import Document

NAMED = 5
"""Documents that a report names at most."""

_FIELDS = list(Document.model_fields)
_DOCUMENTS = sa.select(
    *(DOCUMENTS.c[name] for name in ("number", "sha256", "date_low", "date_high")),
    *(as_bytes(DOCUMENTS.c[name]).label(name) for name in _FIELDS),
).order_by(DOCUMENTS.c.number)
_PASSAGES = (
    sa.select(as_bytes(PASSAGES.c.text).label("text"), PASSAGES.c.start, PASSAGES.c.end)
    .add_columns(VECTORS.c.document.label("owner"), VECTORS.c.vector, SENTENCES.c.spans, SENTENCES.c.vectors)
    .join(VECTORS, VECTORS.c.seq == PASSAGES.c.seq, isouter=True)
    .join(SENTENCES, SENTENCES.c.seq == PASSAGES.c.seq, isouter=True)
)


def damage(connection: sa.Connection, dimension: int) -> str:
    """What is wrong, in one line; empty when nothing is. Reads all of the file."""
    if not on_server(connection):  # which looks after its own files
        found = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one())
        if found != "ok":
            return " ".join(found.split())
    faults = list(_faults(connection, dimension))
    if not faults:
        return ""
    named = ", ".join(f"{document_id} ({fault})" for document_id, fault in faults[:NAMED])
    more = f" and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
    return (
        f"documents are not what was written: {named}{more}; remove them with askcorpus docs remove, and ingest again"
    )


def damaged(connection: sa.Connection, dimension: int, document_ids: Sequence[str]) -> list[str]:
    """Those of the documents that are not what was written."""
    return [document_id for document_id, _ in _faults(connection, dimension, document_ids)]


def _faults(
    connection: sa.Connection, dimension: int, document_ids: Sequence[str] | None = None
) -> Iterator[tuple[str, str]]:
    """The documents, all or those named, that are damaged: id, and what is wrong with it first."""
    chosen = sa.true() if document_ids is None else among(DOCUMENTS.c.id, document_ids)
    for row in connection.execute(_DOCUMENTS.where(chosen)):
        document = _document(row)
        fault = ""
        if document is None or content_hash(document) != row.sha256:
            fault = "its text or what is known about it"
        elif (day_range(document.date) or (None, None)) != (row.date_low, row.date_high):
            fault = "its date"
        else:
            passages = connection.execute(_PASSAGES.where(PASSAGES.c.document == row.number))
            fault = next(
                filter(None, (_fault(passage, row.number, document.text, dimension) for passage in passages)), ""
            )
        if fault:
            yield row.id.decode("utf-8", "replace"), fault


def _document(row: "sa.Row[tuple[object, ...]]") -> Document | None:
    """The document as it is there; ``None`` where what else is known of it can no longer be read."""
    fields = {name: getattr(row, name).decode("utf-8", "replace") for name in _FIELDS}
    try:
        return Document(**fields | {name: json.loads(fields[name]) for name in ("extra", "marks")})
    except ValueError:  # also what pydantic raises
        return None


def _fault(passage: "sa.Row[tuple[object, ...]]", number: int, text: str, dimension: int) -> str:
    """What is wrong with a passage of the document with that ``text``."""
    start, end = passage.start, passage.end
    if passage.text.decode("utf-8", "replace") != text[start:end]:
        return "a passage"
    if passage.owner != number or not are_units(passage.vector, np.dtype(np.float32), 1, dimension):
        return "a vector"
    if passage.spans is None or len(passage.spans) % 8:
        return "its sentences"
    spans = np.frombuffer(passage.spans, np.int32).reshape(-1, 2)
    inside = bool(((spans[:, 0] >= start) & (spans[:, 0] <= spans[:, 1]) & (spans[:, 1] <= end)).all())
    return "" if inside and are_units(passage.vectors, np.dtype(np.float16), len(spans), dimension) else "its sentences"


def are_units(stored: bytes | None, kind: np.dtype[Any], rows: int, dimension: int) -> bool:
    """Whether these are ``rows`` vectors of unit length, or of none."""
    if stored is None or len(stored) != rows * dimension * kind.itemsize:
        return False
    lengths = np.linalg.norm(np.frombuffer(stored, kind).reshape(rows, dimension).astype(np.float32), axis=1)
    return bool(((np.abs(lengths - 1) < 0.01) | (lengths == 0)).all())
