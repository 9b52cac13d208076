"""The vectors in PostgreSQL itself, if its extension `vector` is installed: a table with an HNSW index.

It changes in the catalog's own transactions: what is removed there is gone here, and a note says which state of the
catalog the rows are in sync with. So every question sees both in one state, whichever process asks.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import SQLAlchemyError

from askcorpus.errors import AskcorpusError
from askcorpus.index.dialect import on_server
from askcorpus.index.exact import Neighbour, compared
from askcorpus.index.passages import count_after, count_passages, vectors_after
from askcorpus.index.schema import State, Vector, meta, take_note

LONGEST = 2000
"""Dimensions that an HNSW index takes."""

EF_SEARCH = 400
"""Passages that a search keeps in view, as many as in Chroma."""

_MOST = 1000
_NOTE = "neighbours"
_log = logging.getLogger(__name__)

# The extension may lie in any schema, and ours is the only one that is looked into.
_USE = """
    SELECT set_config('search_path', current_schema() || ',' || quote_ident(nspname), true)
    FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'vector'
"""
_CREATE = (
    "CREATE TABLE neighbours (seq BIGINT PRIMARY KEY REFERENCES vectors ON DELETE CASCADE, vector VECTOR({dimension}))",
    "ALTER TABLE neighbours ALTER COLUMN vector SET STORAGE PLAIN",
    "CREATE INDEX neighbours_nearest ON neighbours USING hnsw (vector vector_ip_ops)",
)
_ADD = sa.text(
    "INSERT INTO neighbours SELECT seq, CAST(vector AS VECTOR) FROM unnest(:seqs, :vectors) AS added (seq, vector)"
).bindparams(sa.bindparam("seqs", type_=ARRAY(sa.BigInteger)), sa.bindparam("vectors", type_=ARRAY(sa.Text)))
_SEARCH = sa.text("SELECT seq FROM neighbours ORDER BY vector <#> CAST(:vector AS VECTOR) LIMIT :limit")


class PgVector:
    """An index of the kind that `vectors` describes. ``writing`` gives a transaction that changes the catalog."""

    def __init__(self, writing: Callable[[], AbstractContextManager[sa.Connection]]) -> None:
        self._writing = writing
        self._fault = ""  # why it could not be erased

    def search(self, connection: sa.Connection, state: State, vector: Vector, limit: int) -> list[Neighbour] | None:
        """About the ``limit`` nearest passages, or ``None`` where the table is not in sync with ``state``."""
        if limit > _MOST or not _is_level(connection, state):
            return None
        try:
            with _extended(connection):
                kept = min(_MOST, max(EF_SEARCH, 2 * limit))
                connection.execute(sa.select(sa.func.set_config("hnsw.ef_search", str(kept), True)))
                seqs = list(connection.scalars(_SEARCH, {"vector": _written(vector), "limit": limit}))
        except SQLAlchemyError as exc:
            _log.warning("The vector index cannot be asked, and questions are searched exactly: %s", exc.args[0])
            return None
        return compared(connection, seqs, vector, min(limit, count_passages(connection)))

    def sync(self, connection: sa.Connection, state: State, progress: Callable[[int, int], None]) -> str:
        """Add the passages that are not there yet; why that could not be done, or nothing."""
        if not on_server(connection):
            return "the catalog is not in PostgreSQL"
        if (dimension := int(meta(connection)["dimension"])) > LONGEST:
            return f"pgvector takes vectors of {LONGEST} numbers at most, and these have {dimension}"
        if self._fault:
            fault, self._fault = self._fault, ""
            return fault
        try:
            with self._writing() as written:  # where the note may be newer than in the connection's state
                level = _is_level(written, state)
            if not level:
                self._add(connection, dimension, progress)
                with self._writing() as written:
                    take_note(written, {_NOTE: _noted(state)})
        except (AskcorpusError, SQLAlchemyError) as exc:
            return str(exc.args[0]).splitlines()[0]
        return ""

    def _add(self, connection: sa.Connection, dimension: int, progress: Callable[[int, int], None]) -> None:
        with self._writing() as written, _extended(written, create=True):
            if not _is_made(written):
                for statement in _CREATE:
                    written.exec_driver_sql(statement.format(dimension=dimension))
            last = written.scalar(sa.text("SELECT max(seq) FROM neighbours")) or 0
        total, done = count_after(connection, last), 0
        for some in vectors_after(connection, last):
            texts = [_written(vector) for vector in some.rows]
            with self._writing() as written, _extended(written):
                written.execute(_ADD, {"seqs": some.seqs.tolist(), "vectors": texts})
            done += len(texts)
            progress(done, total)

    def erase(self, _state: State) -> None:
        """Forget everything, so that the next `sync` starts anew. Where that cannot be done, that says why."""
        try:
            with self._writing() as written:
                written.exec_driver_sql("DROP TABLE IF EXISTS neighbours")
                take_note(written, {_NOTE: ""})
        except (AskcorpusError, SQLAlchemyError) as exc:
            self._fault = str(exc.args[0]).splitlines()[0]

    def status(self, connection: sa.Connection, state: State) -> tuple[bool, str]:
        """Whether the table is in sync with the catalog, and a line on how it stands."""
        if not on_server(connection):
            return False, "the catalog is not in PostgreSQL"
        if not _has_extension(connection):
            return False, "PostgreSQL's extension vector is not installed (Debian: postgresql-NN-pgvector)"
        held = connection.scalar(sa.text("SELECT count(*) FROM neighbours")) if _is_made(connection) else 0
        passages = count_passages(connection)
        level = _is_level(connection, state) and bool(held == passages)
        return level, f"{held} passages in pgvector" if level else f"{held} of {passages} passages in pgvector"

    def close(self) -> None:
        """There is nothing of its own to give back."""


@contextmanager
def _extended(connection: sa.Connection, *, create: bool = False) -> Iterator[None]:
    """Statements that know the extension's types and operators; after an error in them the transaction stands."""
    with connection.begin_nested():
        if create and not _has_extension(connection):
            connection.exec_driver_sql("CREATE EXTENSION vector")
        connection.exec_driver_sql(_USE)
        yield


def _has_extension(connection: sa.Connection) -> bool:
    found = connection.scalar(sa.text("SELECT count(*) FROM pg_extension WHERE extname = 'vector'"))
    return bool(found)


def _is_made(connection: sa.Connection) -> bool:
    return bool(connection.scalar(sa.text("SELECT to_regclass('neighbours') IS NOT NULL")))


def _is_level(connection: sa.Connection, state: State) -> bool:
    return meta(connection).get(_NOTE) == _noted(state)


def _noted(state: State) -> str:
    return f"{state.identity} {state.generation}"


def _written(vector: Vector) -> str:
    """A vector as the extension reads it."""
    return f"[{','.join(map(repr, vector.tolist()))}]"
