"""Where SQLite and PostgreSQL differ: types and expressions that mean the same in both.

Texts compare by their bytes in both, so that every order is the same. Everything else is written once, for both.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType

from askcorpus.errors import StorageError

SERVER = "postgresql"
"""What SQLAlchemy calls the one of the two that is a server."""


class _JsonText(sa.TypeDecorator[Any]):
    """JSON as it is written, in a column of text: PostgreSQL's own types take no escaped NUL."""

    impl = sa.Text(collation="C")
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str:  # noqa: ARG002
        return json.dumps(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        return None if value is None else json.loads(value)


TEXT = sa.Text().with_variant(sa.Text(collation="C"), SERVER)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(_JsonText(), SERVER)


# --- many values as one parameter ---


class _Values(sa.TypeDecorator[Sequence[Any]]):
    """A list: a JSON text for SQLite, which takes at most 32,766 parameters, and an array for PostgreSQL."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, numbers: bool) -> None:
        super().__init__()
        self.numbers = numbers

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        if dialect.name != SERVER:
            return dialect.type_descriptor(sa.Text())
        return dialect.type_descriptor(postgresql.ARRAY(sa.BigInteger() if self.numbers else sa.Text()))

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        if dialect.name != SERVER:
            return json.dumps(value)
        return value if self.numbers else [one for one in value if can_be_stored(one)]


class _Among(FunctionElement[bool]):
    """That the first is one of the list that is the second."""

    inherit_cache = True
    name = "among"
    type = sa.Boolean()

    def self_group(self, against: OperatorType | None = None) -> Self:  # noqa: ARG002
        """Itself: SQLAlchemy would compare it with 1 for SQLite, which then uses no index."""
        return self


@compiles(_Among)
def _in_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({values})))"


@compiles(_Among, SERVER)
def _in_array(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"({column} = ANY({values}))"


def among(column: sa.ColumnElement[Any], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """That a column of texts or numbers has one of the values: one bound parameter however many there are."""
    numbers = isinstance(column.type, sa.Integer)
    return _Among(column, sa.bindparam(None, list(values), type_=_Values(numbers), unique=True))


def can_be_stored(text: str) -> bool:
    """Whether a server takes a text: it holds no NUL, and no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


# --- single expressions ---


class _Position(FunctionElement[int]):
    """Where a text begins in another, from 1; 0 where it does not occur."""

    inherit_cache = True
    name = "instr"
    type = sa.Integer()


@compiles(_Position)
def _instr(element: _Position, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(_Position, SERVER)
def _strpos(element: _Position, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


def holds(column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    """That a text occurs in a column."""
    return _Position(column, sa.literal(text)) > 0


class _Bytes(FunctionElement[bytes]):
    """A text as the bytes that it is kept in."""

    inherit_cache = True
    name = "bytes"
    type = sa.LargeBinary()


@compiles(_Bytes)
def _cast(element: _Bytes, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS BLOB)"


@compiles(_Bytes, SERVER)
def _convert(element: _Bytes, compiler: SQLCompiler, **options: Any) -> str:
    return f"convert_to({compiler.process(element.clauses, **options)}, 'UTF8')"


def as_bytes(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bytes]:
    """A column of text or JSON as it lies there, which may no longer be either."""
    return _Bytes(sa.type_coerce(column, TEXT))


# --- whole statements ---


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, each in place of the one with its key."""
    insert = (postgresql if on_server(connection) else sqlite).insert(table)
    others = {column.name: insert.excluded[column.name] for column in table.c if not column.primary_key}
    connection.execute(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=others), list(rows))


def clock(connection: sa.Connection) -> float:
    """The time in seconds since 1970: a server's own, which is the same for all who ask it."""
    if on_server(connection):
        return float(connection.scalar(sa.text("SELECT extract(epoch FROM clock_timestamp())")) or 0.0)
    return time.time()


def on_server(connection: sa.Connection) -> bool:
    """Whether a connection is one to PostgreSQL."""
    return connection.dialect.name == SERVER


def version_of(connection: sa.Connection, table: sa.Table) -> int:
    """What `set_version` noted; 0 where there is nothing. A file has one number, a server one for each table.

    Raises:
        StorageError: a table is there without its note, as after a restore without comments. It must not pass for none:
            it may hold the keys to all the rest.
    """
    if not on_server(connection):
        return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    noted = sa.text("SELECT to_regclass(:name) IS NOT NULL, obj_description(to_regclass(:name), 'pg_class')")
    there, version = connection.execute(noted, {"name": table.name}).one()
    if there and not (version or "").isdecimal():
        raise StorageError(
            f"The table {table.name} in the database has lost its comment, which tells its version.",
            "Restore it with comments.",
        )
    return int(version or 0)


def set_version(connection: sa.Connection, table: sa.Table, version: int) -> None:
    """Note which version of the program made a table, and what goes with it."""
    if on_server(connection):
        connection.exec_driver_sql(f"COMMENT ON TABLE {table.name} IS '{version}'")
    else:
        connection.exec_driver_sql(f"PRAGMA user_version = {version}")


def size_of(connection: sa.Connection, table: sa.Table) -> int:
    """The bytes that a file takes, without its free pages; on a server, a table, which does not shrink by itself when
    rows go."""
    if on_server(connection):
        whole = sa.text("SELECT pg_total_relation_size(to_regclass(:name))")
        return int(connection.scalar(whole, {"name": table.name}) or 0)
    pages, free, size = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def is_larger(connection: sa.Connection, table: sa.Table, limit: int) -> bool:
    """Whether a file, or on a server what is in a table, takes more bytes than that. What is in one is counted once the
    table has grown."""
    if size_of(connection, table) <= limit:
        return False
    return not on_server(connection) or bytes_of(connection, table, sa.true()) > limit


def bytes_of(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    """The bytes of what is in the rows of a table that meet a condition, without what keeping them takes."""

    def size(column: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
        taken = sa.func.pg_column_size(column) if on_server(connection) else sa.func.length(as_bytes(column))
        return sa.func.coalesce(taken, 0)

    row = sum(map(size, table.c), sa.literal(0))
    return int(connection.scalar(sa.select(sa.func.sum(row)).where(condition)) or 0)
