"""The catalog: every document, passage and vector, in SQL. It is the source of truth.

Everything shown to people comes from here, and the lexical and the vector index are built from it. The functions work
inside the caller's transaction, so a document appears, changes or disappears in one step together with its passages.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from askcorpus.embedding.baseline import LANGUAGE_SAMPLE, SAMPLE, Sample
from askcorpus.errors import IndexMismatch, ReadError, StorageError
from askcorpus.index import lexical, migrations, stories
from askcorpus.index.database import Home
from askcorpus.index.dialect import among, on_server
from askcorpus.index.filters import condition, undated
from askcorpus.index.passages import StoredPassage, all_stored, insert_passages, vectors_of
from askcorpus.index.schema import (
    BY_DATE,
    DOCUMENT_COLUMNS,
    DOCUMENTS,
    PASSAGES,
    SCHEMA,
    VECTORS,
    Seqs,
    meta,
    note_change,
    take_note,
)
from askcorpus.text.dates import day_range
from askcorpus.text.words import RULES
from askcorpus.types import Document, Filters, Summary

_LATER_FIELDS = ("author", "url", "extra", "marks")
"""Fields that documents of the first version did not have; if empty, they do not count in a hash."""

_TOO_LONG = "54000"  # what a server says of a value that one of its indexes cannot take
_READ_AT_ONCE = 16  # documents, which may be long
_WRITTEN_AT_ONCE = 64  # passages of one document, with the vectors of their sentences
_SUMMARY = tuple(Summary.model_fields)
_SUMMARY_COLUMNS = [
    sa.func.length(DOCUMENTS.c.text) if name == "characters" else DOCUMENTS.c[name] for name in _SUMMARY
]


class KnownDocument(NamedTuple):
    """What the catalog knows of a document: its id, its origin, the file that the origin names, and its
    `content_hash`."""

    id: str
    origin: str
    file: str
    sha256: str


class Facets(NamedTuple):
    """What filters can choose from: documents by language and by source (most frequent first), first and last day
    (ISO)."""

    languages: dict[str, int]
    sources: dict[str, int]
    date_min: str
    date_max: str


# --- the file as a whole ---


def create(connection: sa.Connection, fingerprint: str, dimension: int) -> None:
    """Make all tables, and note what the catalog is made with."""
    SCHEMA.create_all(connection)
    lexical.create(connection)
    first = migrations.version_notes() | {
        "fingerprint": fingerprint,
        "words": RULES,
        "dimension": dimension,
        "identity": uuid.uuid4().hex,
        "generation": 0,
        "last_seq": 0,
    }
    take_note(connection, first)


def accept(connection: sa.Connection, home: Home, fingerprint: str) -> bool:
    """Whether there is a catalog (false: nothing yet).

    Raises:
        StorageError: the file is some other program's database.
        IndexMismatch: it was made with other settings or by a newer version.
    """
    tables = set(sa.inspect(connection).get_table_names())
    if not tables:
        return False
    if not tables >= {"meta", "documents", "passages"}:
        if on_server(connection):  # where other parts of what is kept may lie beside it
            return False
        raise StorageError(f"The database in {home.short} is not a catalog.", f"Choose {home.other}.")
    migrations.check_not_newer(connection, home)
    check_made(connection, home, fingerprint)
    return True


def check(connection: sa.Connection, home: Home, fingerprint: str) -> None:
    """Check that the catalog can be read as it is, and is still the same: on a server it may be dropped, and made again
    with other settings, while a program is running. Raises as `accept`, and for one too old."""
    migrations.check_readable(connection, home)
    check_made(connection, home, fingerprint)


def check_made(connection: sa.Connection, home: Home, fingerprint: str) -> None:
    """See what the catalog was made with.

    Raises:
        IndexMismatch: other settings.
    """
    made_with = meta(connection)["fingerprint"]
    if made_with != fingerprint:
        raise IndexMismatch(
            f"{home.Name} was made with {made_with}, the settings now are {fingerprint}.",
            f"Set them back, or install the version that made it, or ingest into {home.other}, or delete this one.",
        )


# --- writing ---


def content_hash(document: Document) -> str:
    """SHA-256 (hex) of everything about a document but its id and its origin: equal means unchanged.

    Raises:
        ReadError: it is not valid Unicode.
    """
    absent = {name for name in _LATER_FIELDS if not getattr(document, name)}
    try:
        return hashlib.sha256(document.model_dump_json(exclude={"id", "origin"} | absent).encode()).hexdigest()
    except ValueError as exc:  # what pydantic makes of half a surrogate pair
        raise _not_unicode(document) from exc


def _not_unicode(document: Document) -> ReadError:
    return ReadError(f"{document.origin or document.id} is not valid Unicode text.", "Save it as UTF-8.")


def put(connection: sa.Connection, document: Document, passages: Iterable[StoredPassage], file: str = "") -> None:
    """Write a document in place of what has the same origin or the same id; no more than a few passages are held.

    ``file`` is the path that its origin begins with, where that goes on with the record.

    Raises:
        ReadError: the text cannot be stored (half a surrogate pair) or a vector is not finite.
        ValueError: a passage is not of this document, or a vector not of this catalog's dimension.
    """
    same_origin = sa.and_(DOCUMENTS.c.origin != "", among(DOCUMENTS.c.origin, [document.origin]))
    _delete(connection, sa.or_(same_origin, among(DOCUMENTS.c.id, [document.id])))
    low, high = day_range(document.date) or (None, None)
    row = document.model_dump() | {
        "file": file or document.origin,
        "sha256": content_hash(document),
        "date_low": low,
        "date_high": high,
    }
    if on_server(connection) and any("\0" in value for value in row.values() if isinstance(value, str)):
        raise ReadError(f"{document.origin or document.id} holds a NUL character.", "Take it out: it is no text.")
    try:
        number = connection.execute(sa.insert(DOCUMENTS).returning(DOCUMENTS.c.number), row).scalar_one()
    except UnicodeEncodeError as exc:
        raise _not_unicode(document) from exc
    except sa.exc.OperationalError as exc:
        if getattr(exc.orig, "sqlstate", None) != _TOO_LONG:
            raise
        raise ReadError(
            f"{document.id} has an origin or a source too long to be found by.", "Shorten it to 2,000 bytes."
        ) from exc
    notes = meta(connection)
    dimension, last = int(notes["dimension"]), int(notes["last_seq"])
    waiting = iter(passages)
    while batch := list(islice(waiting, _WRITTEN_AT_ONCE)):
        _check(document, batch, dimension)
        insert_passages(connection, number, last + 1, batch)
        lexical.add(connection, ((last + n, document.title, one.passage.text) for n, one in enumerate(batch, 1)))
        last += len(batch)
    note_change(connection, {"last_seq": last})


def _check(document: Document, passages: Sequence[StoredPassage], dimension: int) -> None:
    for passage, vector, sentences, sentence_vectors in passages:
        if passage.document_id != document.id or document.text[passage.start : passage.end] != passage.text:
            raise ValueError(f"passage {passage.id} is not a stretch of document {document.id}")
        if vector.shape != (dimension,) or sentence_vectors.shape != (len(sentences), dimension):
            raise ValueError(f"vectors {vector.shape}, {sentence_vectors.shape} in a catalog of dimension {dimension}")
        if not (np.isfinite(vector).all() and np.isfinite(sentence_vectors).all()):
            raise ReadError(f"The embedding model gave no usable vector for {document.origin or document.id}.")


def remove(connection: sa.Connection, document_ids: Sequence[str]) -> int:
    """Remove documents with all that belongs to them; returns how many there were."""
    removed = _delete(connection, among(DOCUMENTS.c.id, document_ids))
    if removed:
        note_change(connection)
    return removed


def _delete(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
    numbers = list(connection.scalars(sa.select(DOCUMENTS.c.number).where(condition)))
    if not numbers:
        return 0
    seqs = sa.select(PASSAGES.c.seq).where(among(PASSAGES.c.document, numbers))
    lexical.remove(connection, list(connection.scalars(seqs)))
    stories.unlink(connection, numbers)
    connection.execute(sa.delete(DOCUMENTS).where(among(DOCUMENTS.c.number, numbers)))  # the rest cascades
    return len(numbers)


def known(connection: sa.Connection, origins: Sequence[str], document_ids: Sequence[str]) -> list[KnownDocument]:
    """What is there of these origins and of these ids."""
    columns = [DOCUMENTS.c[name] for name in KnownDocument._fields]
    named = sa.and_(DOCUMENTS.c.origin != "", among(DOCUMENTS.c.origin, origins))
    wanted = sa.or_(named, among(DOCUMENTS.c.id, document_ids))
    return [KnownDocument(*row) for row in connection.execute(sa.select(*columns).where(wanted))]


# --- documents ---


def document(connection: sa.Connection, document_id: str) -> Document | None:
    """One document, or ``None``."""
    row = connection.execute(sa.select(*DOCUMENT_COLUMNS).where(among(DOCUMENTS.c.id, [document_id]))).first()
    return Document(**row._mapping) if row else None


def documents(connection: sa.Connection, filters: Filters, offset: int, limit: int | None) -> list[Document]:
    """Whole documents, newest first (then by title; undated ones last)."""
    query = sa.select(*DOCUMENT_COLUMNS).where(condition(filters)).order_by(*BY_DATE).offset(offset).limit(limit)
    return [Document(**row._mapping) for row in connection.execute(query)]


def listed(connection: sa.Connection, filters: Filters, offset: int, limit: int) -> list[Summary]:
    """A stretch of `documents` without their texts."""
    numbers = sa.select(DOCUMENTS.c.number).where(condition(filters)).order_by(*BY_DATE).offset(offset).limit(limit)
    return summaries(connection, list(connection.scalars(numbers)))


def summaries(connection: sa.Connection, numbers: Sequence[int]) -> list[Summary]:
    """Documents without their texts, by their numbers and in that order."""
    query = sa.select(DOCUMENTS.c.number, *_SUMMARY_COLUMNS).where(among(DOCUMENTS.c.number, numbers))
    found = {
        number: Summary(**dict(zip(_SUMMARY, values, strict=True))) for number, *values in connection.execute(query)
    }
    return [found[number] for number in numbers]


def count(connection: sa.Connection, filters: Filters) -> int:
    """Number of documents that pass."""
    query = sa.select(sa.func.count()).select_from(DOCUMENTS).where(condition(filters))
    return connection.execute(query).scalar_one()


def count_undated(connection: sa.Connection, filters: Filters) -> int:
    """Number of documents that would pass if they had a date."""
    query = sa.select(sa.func.count()).select_from(DOCUMENTS).where(undated(filters))
    return connection.execute(query).scalar_one()


def dated(connection: sa.Connection, period: str, filters: Filters, limit: int) -> list[str]:
    """The ids of the documents that pass and whose date lies within a partial ISO date."""
    query = sa.select(DOCUMENTS.c.id).where(condition(filters), DOCUMENTS.c.date.startswith(period, autoescape=True))
    return list(connection.scalars(query.limit(limit)))


def latest(connection: sa.Connection) -> str:
    """The newest date of a document, as it is written there; empty if none has one. Read from the end of an index."""
    dated = sa.select(DOCUMENTS.c.date).where(DOCUMENTS.c.date_low.is_not(None))
    return connection.scalar(dated.order_by(DOCUMENTS.c.date.desc()).limit(1)) or ""


def facets(connection: sa.Connection) -> Facets:
    """What there is to filter by."""
    low, high = connection.execute(
        sa.select(sa.func.min(DOCUMENTS.c.date_low), sa.func.max(DOCUMENTS.c.date_high))
    ).one()
    return Facets(tally(connection, DOCUMENTS.c.language), tally(connection, DOCUMENTS.c.source), low or "", high or "")


def tally(
    connection: sa.Connection, column: "sa.Column[str]", passing: sa.ColumnElement[bool] | None = None
) -> dict[str, int]:
    """How many documents, all or those that pass, have each value of a column, the most frequent first; those without
    one are left out."""
    number = sa.func.count().label("number")
    query = sa.select(column, number).where(column != "").group_by(column).order_by(number.desc(), column)
    rows = connection.execute(query if passing is None else query.where(passing))
    return {value: int(count) for value, count in rows}


# --- all of it ---


def contents(connection: sa.Connection) -> Iterator[tuple[Document, str, Iterator[StoredPassage]]]:
    """Every document in the order in which they were written, with the file it is of, and its passages, which are to be
    taken before the next document. Holds few at a time."""
    passages = groupby(all_stored(connection), key=itemgetter(0))
    number, group = next(passages, (0, iter(())))
    for row in _all_documents(connection):
        document = Document(**{name: row[name] for name in Document.model_fields})
        if row["number"] == number:
            yield document, row["file"], (stored for _, stored in group)
            number, group = next(passages, (0, iter(())))
        else:
            yield document, row["file"], iter(())


def _all_documents(connection: sa.Connection) -> "Iterator[sa.RowMapping]":
    columns = [DOCUMENTS.c.number, DOCUMENTS.c.file, *DOCUMENT_COLUMNS]
    query = sa.select(*columns).order_by(DOCUMENTS.c.number).limit(_READ_AT_ONCE)
    last = 0
    while rows := connection.execute(query.where(DOCUMENTS.c.number > last)).mappings().all():
        yield from rows
        last = rows[-1]["number"]


# --- samples ---


def sample(connection: sa.Connection) -> Sample:
    """Vectors of fixed samples of all passages and of those in each language, where there are several.

    Passage ids are hashes of content, so the first ones in their order are a fair draw that does not depend on when
    anything was ingested. To find a rare language's that way would mean reading them all: those are drawn at even
    distances from documents drawn at even distances.
    """
    query = sa.select(PASSAGES.c.seq).order_by(PASSAGES.c.id).limit(SAMPLE)
    languages = list(tally(connection, DOCUMENTS.c.language))
    drawn = {name: _of_language(connection, name) for name in languages} if len(languages) > 1 else {}
    found = {name: vectors for name, vectors in drawn.items() if len(vectors)}  # a document may have no passage
    return Sample(_stacked(connection, list(connection.scalars(query))), found)


def _of_language(connection: sa.Connection, language: str) -> NDArray[np.float32]:
    query = sa.select(DOCUMENTS.c.number).where(DOCUMENTS.c.language == language).order_by(DOCUMENTS.c.number)
    chosen = _spread(list(connection.scalars(query)), LANGUAGE_SAMPLE)
    passages = sa.select(VECTORS.c.seq).where(among(VECTORS.c.document, chosen)).order_by(VECTORS.c.seq)
    return _stacked(connection, _spread(list(connection.scalars(passages)), LANGUAGE_SAMPLE))


def _spread(numbers: Sequence[int], most: int) -> list[int]:
    """At most ``most`` of the numbers, at even distances."""
    return [numbers[i * len(numbers) // most] for i in range(most)] if len(numbers) > most else list(numbers)


def _stacked(connection: sa.Connection, seqs: Sequence[int]) -> NDArray[np.float32]:
    found = list(vectors_of(connection, seqs).values())
    return np.stack(found) if found else np.empty((0, 0), np.float32)


def numbers(connection: sa.Connection, filters: Filters) -> Seqs:
    """The numbers of the documents that pass."""
    return np.fromiter(connection.scalars(sa.select(DOCUMENTS.c.number).where(condition(filters))), np.int64)
