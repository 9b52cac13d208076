"""The catalog: every document, passage and vector, in SQL. It is the truth.

All that is shown to people, and all that the lexical and the vector index are made of, comes from here. The functions
work inside the caller's transaction, so a document appears, changes or goes in one step together with its passages.
"""

import calendar
import hashlib
import json
import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from askcorpus.embedding.baseline import LANGUAGE_SAMPLE, SAMPLE, Sample
from askcorpus.errors import IndexMismatch, ReadError, StorageError, UsageError
from askcorpus.index import lexical
from askcorpus.text.words import RULES
from askcorpus.types import Document, Filters, Hit, Passage, Span

SCHEMA_VERSION = 1
_ISO_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_CHUNK = 1000
_WRITTEN_AT_ONCE = 64  # passages of one document, with the vectors of their sentences

Vector = NDArray[np.float32]
Seqs = NDArray[np.int64]


class StoredPassage(NamedTuple):
    """A passage with all that was computed for it once; what ingest hands over and answering reads back.

    ``vector`` is a unit vector (dim,); ``sentences`` are document offsets, ``sentence_vectors`` their unit vectors,
    one a row (len(sentences), dim).
    """

    passage: Passage
    vector: Vector
    sentences: tuple[Span, ...]
    sentence_vectors: NDArray[np.float16]


class Known(NamedTuple):
    """What the catalog holds for an origin: which document, and its `content_hash`."""

    document_id: str
    sha256: str


class Facets(NamedTuple):
    """What filters can choose from: documents by language and by source (most first), first and last day (ISO)."""

    languages: dict[str, int]
    sources: dict[str, int]
    date_min: str
    date_max: str


class State(NamedTuple):
    """Which catalog this is, and how often it has changed: equal states hold the same passages."""

    identity: str
    generation: int


def _owner() -> "sa.Column[int]":
    return sa.Column("document", sa.ForeignKey("documents.number", ondelete="CASCADE"), nullable=False, index=True)


_schema = sa.MetaData()
_meta = sa.Table("meta", _schema, sa.Column("key", sa.Text, primary_key=True), sa.Column("value", sa.Text))
_documents = sa.Table(
    "documents",
    _schema,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("date", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    # First and last day that ``date`` names, so that "2022-09" compares with days; null without a date.
    sa.Column("date_low", sa.Text),
    sa.Column("date_high", sa.Text),
)
_BY_DATE = (_documents.c.date.desc(), _documents.c.title, _documents.c.id)
# Wide enough to tell filters, facets and what is known from them alone, without going through the texts.
sa.Index("documents_facets", *(_documents.c[name] for name in ("language", "source", "date_low", "date_high", "id")))
sa.Index("documents_by_origin", *(_documents.c[name] for name in ("origin", "id", "sha256")))
sa.Index("documents_by_date", *_BY_DATE)
# ``seq`` grows with every passage ever written and is never given twice: derived indexes name passages by it.
# Vectors have tables of their own, so that reading all of them does not drag the texts along.
_passages = sa.Table(
    "passages",
    _schema,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    _owner(),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
)
_vectors = sa.Table(
    "vectors",
    _schema,
    sa.Column("seq", sa.Integer, primary_key=True),
    _owner(),
    sa.Column("vector", sa.LargeBinary, nullable=False),  # float32
)
_sentences = sa.Table(
    "sentences",
    _schema,
    sa.Column("seq", sa.Integer, primary_key=True),
    _owner(),
    sa.Column("spans", sa.LargeBinary, nullable=False),  # int32 pairs
    sa.Column("vectors", sa.LargeBinary, nullable=False),  # float16 rows
)
_DOCUMENT = [_documents.c[name] for name in Document.model_fields]


# --- the file as a whole ---


def create(connection: sa.Connection, fingerprint: str, dimension: int) -> None:
    """Make all tables, and note what the catalog is made with."""
    _schema.create_all(connection)
    lexical.create(connection)
    first = {
        "schema_version": SCHEMA_VERSION,
        "created_by": f"askcorpus {version('askcorpus')}",
        "fingerprint": fingerprint,
        "words": RULES,
        "dimension": dimension,
        "identity": uuid.uuid4().hex,
        "generation": 0,
        "last_seq": 0,
    }
    _note(connection, first)


def accept(connection: sa.Connection, folder: Path, fingerprint: str) -> bool:
    """Whether there is a catalog (false: nothing yet).

    Raises:
        StorageError: the file is some other program's database.
        IndexMismatch: it was made with other settings or by a newer version.
    """
    tables = set(sa.inspect(connection).get_table_names())
    if not tables:
        return False
    if not tables >= {"meta", "documents", "passages"}:
        raise StorageError(f"The database in {folder} is not a catalog.", "Choose another folder with --data.")
    notes = meta(connection)
    if int(notes["schema_version"]) > SCHEMA_VERSION:
        raise IndexMismatch(
            f"The data folder {folder} was written by a newer version ({notes['created_by']}).",
            "Upgrade, or choose another folder with --data.",
        )
    if notes["fingerprint"] != fingerprint:
        raise IndexMismatch(
            f"The data folder {folder} was made with {notes['fingerprint']}, the settings now are {fingerprint}.",
            "Set them back, or ingest into another folder with --data, or delete this one.",
        )
    return True


def meta(connection: sa.Connection) -> dict[str, str]:
    """All notes about the catalog itself."""
    return {key: value for key, value in connection.execute(sa.select(_meta))}


def state(connection: sa.Connection) -> State:
    """Which catalog this is, in which generation; the generation grows with every change."""
    notes = meta(connection)
    return State(notes["identity"], int(notes["generation"]))


def _later_than(before: int) -> int:
    """The next generation. It is at least the time in milliseconds, so that a folder which is deleted and made anew
    does not pass through the numbers that a running process remembers."""
    return max(before + 1, time.time_ns() // 1_000_000)


def _note_change(connection: sa.Connection) -> None:
    """Step the generation."""
    _note(connection, {"generation": _later_than(int(meta(connection)["generation"]))})


def _note(connection: sa.Connection, notes: Mapping[str, object]) -> None:
    rows = [{"key": key, "value": str(value)} for key, value in notes.items()]
    connection.execute(sa.insert(_meta).prefix_with("OR REPLACE"), rows)


# --- writing ---


def content_hash(document: Document) -> str:
    """SHA-256 (hex) of everything about a document but its id and its origin: equal means unchanged.

    Raises:
        ReadError: it is not valid Unicode.
    """
    try:
        return hashlib.sha256(document.model_dump_json(exclude={"id", "origin"}).encode()).hexdigest()
    except ValueError as exc:  # what pydantic makes of half a surrogate pair
        raise _not_unicode(document) from exc


def _not_unicode(document: Document) -> ReadError:
    return ReadError(f"{document.origin or document.id} is not valid Unicode text.", "Save it as UTF-8.")


def put(connection: sa.Connection, document: Document, passages: Iterable[StoredPassage]) -> None:
    """Write a document in place of what has the same origin or the same id; no more than a few passages are held.

    Raises:
        ReadError: the text cannot be stored (half a surrogate pair) or a vector is not finite.
        ValueError: a passage is not of this document, or a vector not of this catalog's dimension.
    """
    same_origin = sa.and_(_documents.c.origin != "", _documents.c.origin.in_(_listed([document.origin])))
    _delete(connection, sa.or_(same_origin, _documents.c.id.in_(_listed([document.id]))))
    low, high = day_range(document.date) or (None, None)
    row = document.model_dump() | {"sha256": content_hash(document), "date_low": low, "date_high": high}
    try:
        number = connection.execute(sa.insert(_documents).returning(_documents.c.number), row).scalar_one()
    except UnicodeEncodeError as exc:
        raise _not_unicode(document) from exc
    notes = meta(connection)
    dimension, last = int(notes["dimension"]), int(notes["last_seq"])
    waiting = iter(passages)
    while batch := list(islice(waiting, _WRITTEN_AT_ONCE)):
        _check(document, batch, dimension)
        _insert_passages(connection, number, last + 1, batch)
        lexical.add(connection, ((last + n, document.title, one.passage.text) for n, one in enumerate(batch, 1)))
        last += len(batch)
    _note(connection, {"last_seq": last})
    _note_change(connection)


def _check(document: Document, passages: Sequence[StoredPassage], dimension: int) -> None:
    for passage, vector, sentences, sentence_vectors in passages:
        if passage.document_id != document.id or document.text[passage.start : passage.end] != passage.text:
            raise ValueError(f"passage {passage.id} is not a stretch of document {document.id}")
        if vector.shape != (dimension,) or sentence_vectors.shape != (len(sentences), dimension):
            raise ValueError(f"vectors {vector.shape}, {sentence_vectors.shape} in a catalog of dimension {dimension}")
        if not (np.isfinite(vector).all() and np.isfinite(sentence_vectors).all()):
            raise ReadError(f"The embedding model gave no usable vector for {document.origin or document.id}.")


def _insert_passages(connection: sa.Connection, number: int, first: int, passages: Sequence[StoredPassage]) -> None:
    rows: dict[sa.Table, list[dict[str, Any]]] = {_passages: [], _vectors: [], _sentences: []}
    for seq, (passage, vector, spans, vectors) in enumerate(passages, first):
        key = {"seq": seq, "document": number}
        rows[_passages].append(key | passage.model_dump(include={"id", "text", "start", "end"}))
        rows[_vectors].append(key | {"vector": unit(vector).tobytes()})
        rows[_sentences].append(
            key | {"spans": np.asarray(spans, np.int32).tobytes(), "vectors": np.asarray(vectors, np.float16).tobytes()}
        )
    for table, values in rows.items():
        connection.execute(sa.insert(table), values)


def remove(connection: sa.Connection, document_ids: Sequence[str]) -> int:
    """Remove documents with all that belongs to them; returns how many there were."""
    removed = _delete(connection, _documents.c.id.in_(_listed(document_ids)))
    if removed:
        _note_change(connection)
    return removed


def _delete(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
    numbers = list(connection.scalars(sa.select(_documents.c.number).where(condition)))
    if not numbers:
        return 0
    seqs = sa.select(_passages.c.seq).where(_passages.c.document.in_(_listed(numbers)))
    lexical.remove(connection, list(connection.scalars(seqs)))
    connection.execute(sa.delete(_documents).where(_documents.c.number.in_(_listed(numbers))))  # the rest cascades
    return len(numbers)


def known(connection: sa.Connection) -> dict[str, Known]:
    """What is there by origin."""
    columns = (_documents.c.origin, _documents.c.id, _documents.c.sha256)
    return {origin: Known(id_, sha256) for origin, id_, sha256 in connection.execute(sa.select(*columns)) if origin}


# --- documents and passages ---


def document(connection: sa.Connection, document_id: str) -> Document | None:
    """One document, or ``None``."""
    row = connection.execute(sa.select(*_DOCUMENT).where(_documents.c.id.in_(_listed([document_id])))).first()
    return Document(**row._mapping) if row else None


def documents(connection: sa.Connection, filters: Filters, offset: int, limit: int | None) -> list[Document]:
    """Whole documents, newest first (then by title; undated ones last)."""
    query = sa.select(*_DOCUMENT).where(condition(filters)).order_by(*_BY_DATE).offset(offset).limit(limit)
    return [Document(**row._mapping) for row in connection.execute(query)]


def count(connection: sa.Connection, filters: Filters) -> int:
    """Number of documents that pass."""
    query = sa.select(sa.func.count()).select_from(_documents).where(condition(filters))
    return connection.execute(query).scalar_one()


def count_passages(connection: sa.Connection) -> int:
    """Number of passages."""
    return connection.execute(sa.select(sa.func.count()).select_from(_passages)).scalar_one()


def latest(connection: sa.Connection) -> str:
    """The newest date of a document, as it is told there; empty when none has one. One step down an index."""
    dated = sa.select(_documents.c.date).where(_documents.c.date_low.is_not(None))
    return connection.scalar(dated.order_by(_documents.c.date.desc()).limit(1)) or ""


def facets(connection: sa.Connection) -> Facets:
    """What there is to filter by."""
    low, high = connection.execute(
        sa.select(sa.func.min(_documents.c.date_low), sa.func.max(_documents.c.date_high))
    ).one()
    return Facets(
        _tally(connection, _documents.c.language), _tally(connection, _documents.c.source), low or "", high or ""
    )


def _tally(connection: sa.Connection, column: "sa.Column[str]") -> dict[str, int]:
    number = sa.func.count().label("number")
    query = sa.select(column, number).where(column != "").group_by(column).order_by(number.desc(), column)
    return {value: int(n) for value, n in connection.execute(query)}


def hits(connection: sa.Connection, passage_ids: Sequence[str]) -> dict[str, Hit]:
    """Passages with what people need to judge them, by id and in the order asked; those not there are left out."""
    shown = (_documents.c.title, _documents.c.source, _documents.c.date, _documents.c.language)
    columns = (
        _passages.c.id.label("passage_id"),
        _documents.c.id.label("document_id"),
        _passages.c.text,
        _passages.c.start,
        _passages.c.end,
        *shown,
    )
    query = sa.select(*columns).join(_documents).where(_passages.c.id.in_(_listed(passage_ids)))
    found = {row.passage_id: Hit(**row._mapping) for row in connection.execute(query)}
    return {id_: found[id_] for id_ in passage_ids if id_ in found}


def stored(connection: sa.Connection, passage_ids: Sequence[str]) -> dict[str, StoredPassage]:
    """Passages with their vectors, by id and in the order asked; those not there are left out."""
    query = (
        sa.select(_passages, _documents.c.id.label("document_id"), _vectors.c.vector, _sentences.c.spans)
        .add_columns(_sentences.c.vectors)
        .join(_documents, _documents.c.number == _passages.c.document)
        .join(_vectors, _vectors.c.seq == _passages.c.seq)
        .join(_sentences, _sentences.c.seq == _passages.c.seq)
        .where(_passages.c.id.in_(_listed(passage_ids)))
    )
    found = {row.id: _stored(row) for row in connection.execute(query)}
    return {id_: found[id_] for id_ in passage_ids if id_ in found}


def _stored(row: "sa.Row[Any]") -> StoredPassage:
    vector = np.frombuffer(row.vector, np.float32)
    spans = np.frombuffer(row.spans, np.int32).reshape(-1, 2).tolist()
    passage = Passage(id=row.id, document_id=row.document_id, text=row.text, start=row.start, end=row.end)
    sentence_vectors = np.frombuffer(row.vectors, np.float16).reshape(len(spans), vector.size)
    return StoredPassage(passage, vector, tuple(Span(*span) for span in spans), sentence_vectors)


def matching(connection: sa.Connection, terms: Sequence[str], limit: int, filters: Filters) -> list[tuple[str, float]]:
    """The passages that match any of ``terms``, best first: id and BM25 score (above 0)."""
    wanted = lexical.expression(connection, terms, count_passages(connection))
    if not wanted or limit < 1:
        return []
    # The index ranks and cuts by itself; only what is left is looked up.
    seq: sa.ColumnElement[int] = sa.literal_column("rowid").label("seq")
    rank: sa.ColumnElement[float] = sa.literal_column("rank").label("rank")
    ranked = sa.select(seq, rank).select_from(sa.table("lexical")).where(sa.text("lexical MATCH :wanted"))
    if filters:  # with a bare rowid, FTS5 would search again for each passage that qualifies
        ranked = ranked.where(
            sa.literal_column("+rowid").in_(sa.select(_passages.c.seq).join(_documents).where(condition(filters)))
        )
    best = ranked.order_by(rank, seq).limit(limit).subquery()
    query = sa.select(_passages.c.id, best.c.rank).join(best, best.c.seq == _passages.c.seq)
    rows = connection.execute(query.order_by(best.c.rank, best.c.seq), {"wanted": wanted})
    return [(id_, -float(score)) for id_, score in rows]


# --- vectors ---


def unit(vector: NDArray[Any]) -> Vector:
    """The vector at length 1 (a zero vector stays zero), as float32."""
    flat = np.asarray(vector, np.float32)
    length = float(np.linalg.norm(flat))
    return flat / np.float32(length) if length else flat


def seqs(connection: sa.Connection) -> Seqs:
    """All passages' seqs, ascending."""
    return np.sort(np.fromiter(connection.scalars(sa.select(_passages.c.seq)), np.int64))


def count_after(connection: sa.Connection, seq: int) -> int:
    """Number of passages written after ``seq``."""
    return connection.execute(sa.select(sa.func.count()).where(_passages.c.seq > seq)).scalar_one()


def vectors_after(connection: sa.Connection, last: int) -> Iterator[tuple[int, int, bytes]]:
    """(seq, document number, float32 bytes) of the passages written after ``last``, ascending."""
    query = sa.select(_vectors.c.seq, _vectors.c.document, _vectors.c.vector)
    rows = connection.execution_options(yield_per=_CHUNK).execute(
        query.where(_vectors.c.seq > last).order_by(_vectors.c.seq)
    )
    yield from rows


def vectors_of(connection: sa.Connection, wanted: Sequence[int]) -> dict[int, Vector]:
    """The vectors of passages by seq; those not there are left out."""
    query = sa.select(_vectors.c.seq, _vectors.c.vector).where(_vectors.c.seq.in_(_listed(wanted)))
    return {seq: np.frombuffer(vector, np.float32) for seq, vector in connection.execute(query)}


def sample(connection: sa.Connection) -> Sample:
    """Vectors of fixed samples of all passages and of those in each language, where there are several.

    Passage ids are hashes of content, so the first ones in their order are a fair draw that does not depend on when
    anything was ingested. To find a rare language's that way would mean reading them all: those are drawn at even
    distances from documents drawn at even distances.
    """
    query = sa.select(_passages.c.seq).order_by(_passages.c.id).limit(SAMPLE)
    languages = list(_tally(connection, _documents.c.language))
    drawn = {name: _of_language(connection, name) for name in languages} if len(languages) > 1 else {}
    return Sample(_stacked(connection, list(connection.scalars(query))), drawn)


def _of_language(connection: sa.Connection, language: str) -> NDArray[np.float32]:
    query = sa.select(_documents.c.number).where(_documents.c.language == language).order_by(_documents.c.number)
    chosen = _spread(list(connection.scalars(query)), LANGUAGE_SAMPLE)
    passages = sa.select(_vectors.c.seq).where(_vectors.c.document.in_(_listed(chosen))).order_by(_vectors.c.seq)
    return _stacked(connection, _spread(list(connection.scalars(passages)), LANGUAGE_SAMPLE))


def _spread(numbers: Sequence[int], most: int) -> list[int]:
    """At most ``most`` of the numbers, at even distances."""
    return [numbers[i * len(numbers) // most] for i in range(most)] if len(numbers) > most else list(numbers)


def _stacked(connection: sa.Connection, seqs: Sequence[int]) -> NDArray[np.float32]:
    found = list(vectors_of(connection, seqs).values())
    return np.stack(found) if found else np.empty((0, 0), np.float32)


def ids_of(connection: sa.Connection, wanted: Sequence[int]) -> dict[int, str]:
    """Passage ids by seq; those not there are left out."""
    query = sa.select(_passages.c.seq, _passages.c.id).where(_passages.c.seq.in_(_listed(wanted)))
    return {seq: id_ for seq, id_ in connection.execute(query)}


def numbers(connection: sa.Connection, filters: Filters) -> Seqs:
    """The numbers of the documents that pass."""
    return np.fromiter(connection.scalars(sa.select(_documents.c.number).where(condition(filters))), np.int64)


def reindex(connection: sa.Connection, progress: Callable[[int, int], None]) -> None:
    """Make the lexical index anew from the passages; ``progress(done, total)`` is called now and then."""
    lexical.clear(connection)
    _note(connection, {"words": RULES})
    total, done, last = count_passages(connection), 0, 0
    query = sa.select(_passages.c.seq, _documents.c.title, _passages.c.text).join(_documents).order_by(_passages.c.seq)
    while rows := connection.execute(query.where(_passages.c.seq > last).limit(_CHUNK)).all():
        lexical.add(connection, ((seq, title, text) for seq, title, text in rows))
        done, last = done + len(rows), rows[-1].seq
        progress(done, total)


def words_are_current(connection: sa.Connection) -> bool:
    """Whether the lexical index was made by the rules by which questions are now taken apart."""
    return meta(connection).get("words", "1") == str(RULES)  # not noted before there was a second version


# --- filters ---


def condition(filters: Filters) -> sa.ColumnElement[bool]:
    """What a document must be, as SQL.

    A date names all of its days, in a document as in a filter, and the two must share one: a document of "2022"
    passes ``date_from="2022-09"``, for it may well be of October.

    Raises:
        UsageError: a date is not ISO, or the range ends before it begins.
    """
    first, last = _bound(filters.date_from, "date_from"), _bound(filters.date_to, "date_to")
    if first and last and first[0] > last[1]:
        raise UsageError(f"date_from {filters.date_from} is after date_to {filters.date_to}.", "Swap them.")
    parts: list[sa.ColumnElement[bool]] = [sa.true()]
    if first:
        parts.append(_documents.c.date_high >= first[0])
    if last:
        parts.append(_documents.c.date_low <= last[1])
    lists = {"language": filters.languages, "source": filters.sources, "id": filters.document_ids}
    parts += [_documents.c[name].in_(_listed(values)) for name, values in lists.items() if values]
    return sa.and_(*parts)


def _bound(date: str, name: str) -> tuple[str, str] | None:
    if not date:
        return None
    days = day_range(date)
    if days is None:
        raise UsageError(f"{name} {date!r} is not a date.", "Write 2022, 2022-09 or 2022-09-29.")
    return days


def day_range(date: str) -> tuple[str, str] | None:
    """First and last day that an ISO date, maybe partial, names; ``None`` when it is not one.

    ``2022-02`` → ``("2022-02-01", "2022-02-28")``.
    """
    match = _ISO_DATE.fullmatch(date)
    if not match or match[1] == "0000":
        return None
    year, month, day = (int(part or 0) for part in match.groups())
    if not match[2]:
        return f"{date}-01-01", f"{date}-12-31"
    if not 1 <= month <= 12:
        return None
    length = calendar.monthrange(year, month)[1]
    if match[3]:
        return (date, date) if 1 <= day <= length else None
    return f"{date}-01", f"{date}-{length}"


def _listed(values: Sequence[Any]) -> sa.Select[Any]:
    """The values as a subquery: one bound parameter however many there are (SQLite takes 32 766 at most)."""
    return sa.select(sa.func.json_each(json.dumps(list(values))).table_valued("value").c.value)
