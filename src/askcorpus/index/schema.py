"""The catalog's tables, its metadata, and the generation number that every change increments."""

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from askcorpus.index.dialect import JSON, NUMBER, SERVER, TEXT, upsert
from askcorpus.types import Document

CHUNK = 1000

Vector = NDArray[np.float32]
Seqs = NDArray[np.int64]


class State(NamedTuple):
    """Which catalog this is, and how often it has changed: equal states hold the same passages."""

    identity: str
    generation: int


def _owner() -> "sa.Column[int]":
    return sa.Column("document", sa.ForeignKey("documents.number", ondelete="CASCADE"), nullable=False, index=True)


SCHEMA = sa.MetaData()
_meta = sa.Table("meta", SCHEMA, sa.Column("key", TEXT, primary_key=True), sa.Column("value", TEXT))
DOCUMENTS = sa.Table(
    "documents",
    SCHEMA,
    sa.Column("number", NUMBER, primary_key=True),
    sa.Column("id", TEXT, nullable=False, unique=True),
    sa.Column("title", TEXT, nullable=False),
    sa.Column("text", TEXT, nullable=False),
    sa.Column("date", TEXT, nullable=False),
    sa.Column("language", TEXT, nullable=False),
    sa.Column("source", TEXT, nullable=False),
    sa.Column("place", TEXT, nullable=False),
    sa.Column("author", TEXT, nullable=False, server_default=""),
    sa.Column("url", TEXT, nullable=False, server_default=""),
    sa.Column("extra", JSON, nullable=False, server_default="{}"),
    sa.Column("origin", TEXT, nullable=False),
    # The file that ``origin`` names, without the record in it.
    sa.Column("file", TEXT, nullable=False, server_default=""),
    sa.Column("marks", JSON, nullable=False, server_default="[]"),
    sa.Column("sha256", TEXT, nullable=False),
    # First and last day that ``date`` names, so that "2022-09" compares with days; null without a date.
    sa.Column("date_low", TEXT),
    sa.Column("date_high", TEXT),
)
BY_DATE = (DOCUMENTS.c.date.desc(), DOCUMENTS.c.title, DOCUMENTS.c.id)
# Wide enough to tell filters, facets and what is known from them alone, without going through the texts.
sa.Index("documents_facets", *(DOCUMENTS.c[name] for name in ("language", "source", "date_low", "date_high", "id")))
sa.Index("documents_by_origin", *(DOCUMENTS.c[name] for name in ("origin", "id", "sha256")))
sa.Index("documents_by_file", *(DOCUMENTS.c[name] for name in ("file", "date_low")))
sa.Index("documents_by_date", *BY_DATE).ddl_if(dialect="sqlite")
# A server's index takes 2,700 bytes at most, and a title may be longer; it sorts the few of one day by itself.
sa.Index("documents_by_day", DOCUMENTS.c.date).ddl_if(dialect=SERVER)
# What was read from each file, so that one that has not changed is not read again (files.py).
FILES = sa.Table(
    "files",
    SCHEMA,
    sa.Column("path", TEXT, primary_key=True),
    sa.Column("stamp", TEXT, nullable=False),
    sa.Column("sha256", TEXT, nullable=False),
    sa.Column("rules", TEXT, nullable=False),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("failures", JSON, nullable=False),
    sa.Column("passed_over", JSON, nullable=False),
    sa.Column("missing", JSON, nullable=False),
)
# Signatures of documents, and which tell the same story: null until they have been compared (stories.py).
STORIES = sa.Table(
    "stories",
    SCHEMA,
    sa.Column("document", sa.ForeignKey("documents.number", ondelete="CASCADE"), primary_key=True),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    sa.Column("runs", sa.Integer, nullable=False),
    sa.Column("numbers", sa.LargeBinary, nullable=False),
    sa.Column("story", NUMBER, index=True),
)
# Documents that were removed by hand and stay out although their files still hold them.
WITHHELD = sa.Table(
    "withheld",
    SCHEMA,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("title", TEXT, nullable=False),
    sa.Column("file", TEXT, nullable=False, index=True),
)
# ``seq`` grows with every passage ever written and is never given twice: derived indexes name passages by it.
# Vectors have tables of their own, so that reading all of them does not drag the texts along.
PASSAGES = sa.Table(
    "passages",
    SCHEMA,
    sa.Column("seq", NUMBER, primary_key=True, autoincrement=False),
    sa.Column("id", TEXT, nullable=False, unique=True),
    _owner(),
    sa.Column("text", TEXT, nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
)
VECTORS = sa.Table(
    "vectors",
    SCHEMA,
    sa.Column("seq", NUMBER, primary_key=True, autoincrement=False),
    _owner(),
    sa.Column("vector", sa.LargeBinary, nullable=False),  # float32
)
SENTENCES = sa.Table(
    "sentences",
    SCHEMA,
    sa.Column("seq", NUMBER, primary_key=True, autoincrement=False),
    _owner(),
    sa.Column("spans", sa.LargeBinary, nullable=False),  # int32 pairs
    sa.Column("vectors", sa.LargeBinary, nullable=False),  # float16 rows
)
DOCUMENT_COLUMNS = [DOCUMENTS.c[name] for name in Document.model_fields]


def meta(connection: sa.Connection) -> dict[str, str]:
    """All notes about the catalog itself."""
    return {row.key: row.value for row in connection.execute(sa.select(_meta))}


def state(connection: sa.Connection) -> State:
    """Which catalog this is, in which generation; the generation grows with every change."""
    notes = meta(connection)
    return State(notes["identity"], int(notes["generation"]))


def _later_than(before: int) -> int:
    """The next generation. It is at least the time in milliseconds, so that a folder which is deleted and made anew
    does not pass through the numbers that a running process remembers."""
    return max(before + 1, time.time_ns() // 1_000_000)


def note_change(connection: sa.Connection, notes: Mapping[str, object] = MappingProxyType({})) -> None:
    """Step the generation, and write other notes with it."""
    take_note(connection, {**notes, "generation": _later_than(int(meta(connection)["generation"]))})


def count_up(connection: sa.Connection, counts: Mapping[str, int]) -> None:
    """Add to notes that are numbers, in one step."""
    more = sa.case({name: sa.literal(count) for name, count in counts.items()}, value=_meta.c.key)
    counted = sa.cast(sa.cast(_meta.c.value, NUMBER) + more, TEXT)
    connection.execute(sa.update(_meta).where(_meta.c.key.in_(list(counts))).values(value=counted))


def take_note(connection: sa.Connection, notes: Mapping[str, object]) -> None:
    """Write notes about the catalog itself, in place of those of the same name."""
    upsert(connection, _meta, [{"key": key, "value": str(value)} for key, value in notes.items()])
