"""Passages with their vectors, read from and written to the catalog.

The functions work inside the caller's transaction.
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from askcorpus.embedding.text_model import unit
from askcorpus.index.dialect import among
from askcorpus.index.schema import CHUNK, DOCUMENTS, PASSAGES, SENTENCES, VECTORS, Seqs, Vector
from askcorpus.types import Hit, Mark, Passage, Span

_BLOCK = 4096  # seqs that are counted together


class StoredPassage(NamedTuple):
    """A passage with everything that was computed for it; ingest writes it, and answering reads it back.

    ``vector`` is a unit vector (dim,); ``sentences`` are document offsets, ``sentence_vectors`` their unit vectors,
    one a row (len(sentences), dim).
    """

    passage: Passage
    vector: Vector
    sentences: tuple[Span, ...]
    sentence_vectors: NDArray[np.float16]


class Vectors(NamedTuple):
    """Vectors of passages, one a row, with their seqs and the numbers of their documents."""

    seqs: Seqs
    owners: Seqs
    rows: NDArray[np.float32]


def insert_passages(connection: sa.Connection, number: int, first: int, passages: Sequence[StoredPassage]) -> None:
    """Write the passages of the document with that number, whose seqs count on from ``first``."""
    rows: dict[sa.Table, list[dict[str, Any]]] = {PASSAGES: [], VECTORS: [], SENTENCES: []}
    for seq, (passage, vector, spans, vectors) in enumerate(passages, first):
        key = {"seq": seq, "document": number}
        place = {"start": passage.start, "end": passage.end}
        rows[PASSAGES].append(key | place | {"id": passage.id, "text": passage.text})
        rows[VECTORS].append(key | {"vector": unit(vector).tobytes()})
        rows[SENTENCES].append(
            key | {"spans": np.asarray(spans, np.int32).tobytes(), "vectors": np.asarray(vectors, np.float16).tobytes()}
        )
    for table, values in rows.items():
        connection.execute(sa.insert(table), values)


def count_passages(connection: sa.Connection) -> int:
    """Number of passages."""
    return connection.execute(sa.select(sa.func.count()).select_from(PASSAGES)).scalar_one()


def hits(connection: sa.Connection, passage_ids: Sequence[str]) -> dict[str, Hit]:
    """Passages with what people need to judge them, by id and in the order asked; those not there are left out."""
    shown = [DOCUMENTS.c[name] for name in ("title", "source", "date", "language", "author", "url", "extra")]
    columns = (
        PASSAGES.c.id.label("passage_id"),
        DOCUMENTS.c.id.label("document_id"),
        PASSAGES.c.text,
        PASSAGES.c.start,
        PASSAGES.c.end,
        *shown,
        sa.type_coerce(DOCUMENTS.c.marks, sa.Text).label("marks"),
    )
    query = sa.select(*columns).join(DOCUMENTS).where(among(PASSAGES.c.id, passage_ids))
    marks_of = cache(_marks)  # a long document has thousands, and many passages
    found = {}
    for row in connection.execute(query):
        marks = _bearing(marks_of(row.marks), row.start, row.end)
        found[row.passage_id] = Hit(**{**row._mapping, "marks": marks})
    return {id_: found[id_] for id_ in passage_ids if id_ in found}


def _marks(stored: str) -> list[Mark]:
    return [Mark(**mark) for mark in json.loads(stored)]


def _bearing(marks: Sequence[Mark], start: int, end: int) -> Sequence[Mark]:
    """Of a document's marks, the last before a stretch and those within it."""
    first = bisect_right(marks, start, key=attrgetter("start"))
    return marks[max(0, first - 1) : bisect_left(marks, end, lo=first, key=attrgetter("start"))]


def stored(connection: sa.Connection, passage_ids: Sequence[str]) -> dict[str, StoredPassage]:
    """Passages with their vectors, by id and in the order asked; those not there are left out."""
    query = _whole().where(among(PASSAGES.c.id, passage_ids))
    found = {row.id: _stored(row) for row in connection.execute(query)}
    return {id_: found[id_] for id_ in passage_ids if id_ in found}


def all_stored(connection: sa.Connection) -> Iterator[tuple[int, StoredPassage]]:
    """All passages with their vectors, document by document, each with its document's number; few are held."""
    number, seq = PASSAGES.c.document, PASSAGES.c.seq
    query = _whole().order_by(number, seq).limit(CHUNK)
    last = (0, 0)
    while rows := connection.execute(query.where(sa.tuple_(number, seq) > last)).all():
        yield from ((row.document, _stored(row)) for row in rows)
        last = (rows[-1].document, rows[-1].seq)


def _whole() -> "sa.Select[Any]":
    return (
        sa.select(PASSAGES, DOCUMENTS.c.id.label("document_id"), VECTORS.c.vector, SENTENCES.c.spans)
        .add_columns(SENTENCES.c.vectors)
        .join(DOCUMENTS, DOCUMENTS.c.number == PASSAGES.c.document)
        .join(VECTORS, VECTORS.c.seq == PASSAGES.c.seq)
        .join(SENTENCES, SENTENCES.c.seq == PASSAGES.c.seq)
    )


def _stored(row: "sa.Row[Any]") -> StoredPassage:
    vector = np.frombuffer(row.vector, np.float32)
    spans = np.frombuffer(row.spans, np.int32).reshape(-1, 2).tolist()
    passage = Passage(id=row.id, document_id=row.document_id, text=row.text, start=row.start, end=row.end)
    sentence_vectors = np.frombuffer(row.vectors, np.float16).reshape(len(spans), vector.size)
    return StoredPassage(passage, vector, tuple(Span(*span) for span in spans), sentence_vectors)


def seqs(connection: sa.Connection) -> Seqs:
    """All passages' seqs, ascending."""
    return _seqs(connection, sa.true())


def changes(connection: sa.Connection, held: Seqs) -> tuple[Seqs, Seqs]:
    """Of passages that were there, ascending, those that are gone; and those that have come since, ascending.

    ``held`` is all that was there up to its last. A large corpus has millions of others, so only the blocks of seqs in
    which the numbers differ are read.
    """
    last = int(held[-1]) if held.size else 0
    new = _seqs(connection, PASSAGES.c.seq > last)
    if held.size + new.size == count_passages(connection):
        return held[:0], new
    block = PASSAGES.c.seq // _BLOCK
    counted = connection.execute(sa.select(block, sa.func.count()).group_by(block)).all()
    there = np.zeros(max([last // _BLOCK, *(number for number, _ in counted)]) + 1, np.int64)
    for number, count in counted:
        there[number] = count
    known = np.bincount(np.concatenate([held, new]) // _BLOCK, minlength=there.size)
    gone = [_gone(connection, held, int(number)) for number in np.flatnonzero(known != there)]
    return np.concatenate([held[:0], *gone]), new


def _gone(connection: sa.Connection, held: Seqs, number: int) -> Seqs:
    first, end = number * _BLOCK, (number + 1) * _BLOCK
    its = held[np.searchsorted(held, first) : np.searchsorted(held, end)]
    live = _seqs(connection, sa.and_(PASSAGES.c.seq >= first, PASSAGES.c.seq < end))
    return np.setdiff1d(its, live, assume_unique=True)


def _seqs(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Seqs:
    return np.sort(np.fromiter(connection.scalars(sa.select(PASSAGES.c.seq).where(condition)), np.int64))


def count_after(connection: sa.Connection, seq: int) -> int:
    """Number of passages written after ``seq``."""
    return connection.execute(sa.select(sa.func.count()).where(PASSAGES.c.seq > seq)).scalar_one()


def vectors_after(connection: sa.Connection, last: int) -> Iterator[Vectors]:
    """The vectors of the passages written after ``last``, by ascending seq, some at a time."""
    query = sa.select(VECTORS.c.seq, VECTORS.c.document, VECTORS.c.vector).order_by(VECTORS.c.seq).limit(CHUNK)
    while rows := connection.execute(query.where(VECTORS.c.seq > last)).all():
        seqs, owners, vectors = zip(*rows, strict=True)
        last = seqs[-1]
        yield Vectors(
            np.array(seqs), np.array(owners), np.frombuffer(b"".join(vectors), np.float32).reshape(len(seqs), -1)
        )


def count_of(connection: sa.Connection, documents: Seqs) -> int:
    """Number of passages of documents, by number."""
    its = among(VECTORS.c.document, documents.tolist())
    return connection.execute(sa.select(sa.func.count()).select_from(VECTORS).where(its)).scalar_one()


def vectors_in(connection: sa.Connection, documents: Seqs) -> dict[int, Vector]:
    """The vectors of all passages of documents, by seq."""
    query = sa.select(VECTORS.c.seq, VECTORS.c.vector).where(among(VECTORS.c.document, documents.tolist()))
    return {seq: np.frombuffer(vector, np.float32) for seq, vector in connection.execute(query)}


def vectors_of(connection: sa.Connection, wanted: Sequence[int]) -> dict[int, Vector]:
    """The vectors of passages by seq; those not there are left out."""
    query = sa.select(VECTORS.c.seq, VECTORS.c.vector).where(among(VECTORS.c.seq, wanted))
    return {seq: np.frombuffer(vector, np.float32) for seq, vector in connection.execute(query)}


def ids_of(connection: sa.Connection, wanted: Sequence[int]) -> dict[int, str]:
    """Passage ids by seq; those not there are left out."""
    query = sa.select(PASSAGES.c.seq, PASSAGES.c.id).where(among(PASSAGES.c.seq, wanted))
    return {row.seq: row.id for row in connection.execute(query)}
