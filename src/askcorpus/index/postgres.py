"""A database on a PostgreSQL server, shared by any number of processes, with its errors translated.

The tables are in a schema of their own, `askcorpus`. A read sees one state of it (REPEATABLE READ). A writer holds an
advisory lock, which the server releases when its holder's connection ends; everything the holder writes goes over that
one connection, so a writer that has lost it can write nothing more.

If the server is down, the next use notices, and each later use tries again: nothing needs to be restarted when it is
back. A statement that takes too long is cancelled by the server and, if the server cannot be heard, given up here.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg import errors
from psycopg.abc import PQGen
from sqlalchemy.exc import InvalidatePoolError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from askcorpus.errors import AskcorpusError, Busy, IndexMismatch, StorageError, UsageError
from askcorpus.index.database import Database, Home, empty_engine, writer_at_work

SECONDS = 30.0
"""What one statement of a question may take."""

WRITING_SECONDS = 600.0
"""What one statement of an ingest may take: an index over all passages is one."""

WAITING_SECONDS = 30
"""What a change of a row waits for those of other processes."""

_GRACE = 5.0
_PING_SECONDS = 5.0
_CONNECT_SECONDS = 5
_KEPT = 5
_SCHEMA = "askcorpus"
_LOCK = 0x61736B63  # tells our locks from those of other programs on the same database

# What is told of a connection that did not come about has no code. Who speaks is seen by the two blanks after the
# server's word for FATAL, in any language; the rest is English, as most servers speak.
_SAID_BY_SERVER = re.compile(r"[^:]{1,40}:  ")
_NO_ACCESS = re.compile(r"does not support SSL|certificate|no password supplied|authentication")
_TOO_MANY = re.compile(r"too many (?:clients|connections)|connection slots are reserved")
_NOT_YET = re.compile(r"the database system is ")
_NO_ADDRESS = re.compile(r"(?:connection is bad: )?invalid (?:connection option|port number|[a-z_]+ value)")
_QUERY = re.compile(r"\?\w+=[^?]*$")

_T = TypeVar("_T")


class ServerDatabase(Database):
    """A part of what is kept on a server: a few tables, with a lock of their own.

    ``create`` makes the tables; ``accept`` looks whether they are there, or raises when they are not for us.
    """

    def __init__(
        self,
        url: str,
        part: str,
        create: Callable[[sa.Connection], None],
        accept: Callable[[sa.Connection], bool],
    ) -> None:
        address = server_address(url)
        name = f"the database {_told(address)}"
        self.home = Home(name, name, "another database with ASKCORPUS_DATABASE")
        self._part = part
        self._create_tables = create
        self._accept = accept
        self._accepted = False
        self._engine = _engine(address)
        self._empty = empty_engine()
        self._writer: sa.Connection | None = None

    def exists(self) -> bool:
        """Whether the tables are there."""
        if self._accepted:
            return True
        with self.translated(), self._engine.connect() as connection:
            try:
                return self._is_there(connection)
            except IndexMismatch:  # something is there, made otherwise
                return True

    def description(self) -> str:
        """Which server this is, and how fast it answers."""
        with self.translated(), self._engine.connect() as connection:
            begun = time.perf_counter()
            version = connection.exec_driver_sql("SHOW server_version").scalar_one()
            took = (time.perf_counter() - begun) * 1000
        return f"PostgreSQL {str(version).split()[0]}, {self.home.short.removeprefix('the database ')}, {took:.1f} ms"

    @contextmanager
    def writing(self, of: str = "") -> Iterator[sa.Connection]:
        """A transaction: all of it or, after any error or a kill, nothing. Makes the tables where there are none.

        Who holds the right to write uses the connection that it hangs on; everyone else waits for those who write
        ``of`` the same.
        """
        with self.translated():
            if self._writer is None:
                with self._engine.begin() as connection:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(*self._key(of))))
                    self._make(connection)
                    yield connection
                return
            if self._writer.invalidated:  # it would connect anew, without the lock
                raise self._lost()
            with self._writer.begin():
                self._make(self._writer)
                yield self._writer

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the advisory lock. It is given back at the end, and by the server when the connection ends before that.

        Raises:
            Busy: another process or thread has it.
        """
        with self.translated():
            connection = self._engine.connect()
        try:
            with self.translated():
                if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(*self._key()))):
                    raise writer_at_work(self.home)
                connection.exec_driver_sql(f"SET statement_timeout = {WRITING_SECONDS * 1000:.0f}")
                connection.commit()
                _patient(connection).patience = WRITING_SECONDS + _GRACE
            self._writer = connection
            try:
                yield
            finally:
                self._writer = None
        finally:
            with suppress(SQLAlchemyError, psycopg.Error):
                self._give_back(connection)
            connection.invalidate()  # ends the session, and the lock with it if that was not heard
            connection.close()

    def _give_back(self, connection: sa.Connection) -> None:
        """The next one need not wait until the server has seen that the session is over."""
        if connection.invalidated:
            return
        connection.rollback()
        _patient(connection).patience = _PING_SECONDS
        connection.execute(sa.select(sa.func.pg_advisory_unlock(*self._key())))

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn the server's errors, and those on the way to it, into ours.

        Raises:
            Busy: it takes too long, serves too many, or another change is under way.
            StorageError: it cannot be reached, is full, refuses us, or anything else that its keeper must mend.
            UsageError: a text cannot be stored at all.
        """
        try:
            yield
        except (SQLAlchemyError, psycopg.Error) as exc:
            if isinstance(_cause(exc), errors.UndefinedTable | errors.UndefinedColumn | errors.InvalidSchemaName):
                self._accepted = False  # it was dropped under us, and may be made anew
            raise server_error(self.home, exc) from exc

    def close(self) -> None:
        """Let go of all connections; a later use makes others."""
        self._engine.dispose()

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        with ExitStack() as stack:
            connection = stack.enter_context(self._engine.connect())
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            if not self._is_there(connection):
                connection = stack.enter_context(self._empty.connect())
                self._create_tables(connection)
            yield connection

    def _is_there(self, connection: sa.Connection) -> bool:
        if not self._accepted:
            self._accepted = self._accept(connection)
            if not self._accepted:  # whoever may not look into the schema sees nothing in it
                self._check_schema(connection)
        return self._accepted

    def _check_schema(self, connection: sa.Connection) -> None:
        asked = sa.text("SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = :name")
        if connection.scalar(asked, {"name": _SCHEMA}) is False:
            raise _refused(self.home, f"permission denied for schema {_SCHEMA}")

    def _make(self, connection: sa.Connection) -> None:
        """Make the tables, if nobody has made them before. They count as there once that is committed."""
        if self._is_there(connection):
            return
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK, 0)))
        if self._accept(connection):
            return
        self._check_encoding(connection)
        there = connection.scalar(sa.text("SELECT to_regnamespace(:name) IS NOT NULL"), {"name": _SCHEMA})
        if not there:
            connection.exec_driver_sql(f"CREATE SCHEMA {_SCHEMA}")
        self._create_tables(connection)

    def _check_encoding(self, connection: sa.Connection) -> None:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":  # others lack characters or, as SQL_ASCII, count bytes for them
            raise StorageError(
                f"{self.home.Name} has the encoding {encoding}, and not UTF8.",
                "Make one that has: CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0.",
            )

    def _key(self, of: str = "") -> tuple[int, sa.ColumnElement[int]]:
        return _LOCK, sa.func.hashtext(f"{self._part} {of}".rstrip())

    def _lost(self) -> StorageError:
        return StorageError(
            f"The connection to {self.home.short} was lost, and with it the right to write.",
            "Run again when the server is back: what was done is kept.",
        )


# --- connections ---


class _Patient(psycopg.Connection[Any]):
    """A connection that gives up when nothing is heard for so many seconds. The server's own time limit ends a
    statement, but what it says of that may not get through."""

    patience: float = 0.0

    def wait(self, gen: PQGen[_T], interval: float = 0.1, timeout: float | None = None) -> _T:
        """Wait for an answer, as every statement does.

        Raises:
            OperationalError: there was none in time. The connection is closed then.
        """
        patience = timeout or self.patience or SECONDS + _GRACE
        deadline = time.monotonic() + patience
        try:
            return super().wait(gen, interval, patience)
        except psycopg.OperationalError as exc:
            if exc.sqlstate is None and time.monotonic() >= deadline:
                self.close()
                raise psycopg.OperationalError(f"no answer within {patience:.0f} seconds") from exc
            raise

    def ping(self) -> None:
        """See that the server still answers on this connection. Raises as `wait` does, or OperationalError."""
        before, self.patience = self.patience, _PING_SECONDS
        self.autocommit = True
        self.execute("SELECT 1")
        self.autocommit, self.patience = False, before


def _patient(connection: sa.Connection) -> _Patient:
    found = connection.connection.driver_connection
    if not isinstance(found, _Patient):
        raise TypeError(f"{found} is not a connection of this pool")
    return found


def server_address(url: str) -> sa.URL:
    """The address in its parts, with the driver that is used here.

    Raises:
        UsageError: it is no address of a PostgreSQL server. What it is instead is not repeated: it may hold a password.
    """
    hint = (
        "Write it as in postgresql+psycopg://user:password@host/database; in the password, %40 stands for @, %2F for "
        "/, %25 for %."
    )
    try:
        address = sa.make_url(url.strip())  # a secret that was read from a file has an end of line
    except (SQLAlchemyError, ValueError):  # which repeats it
        raise UsageError("Settings: database is no address of a database.", hint) from None
    if address.drivername not in {"postgresql", "postgres", "postgresql+psycopg"} or not address.database:
        raise UsageError("Settings: database is no address of a PostgreSQL database.", hint)
    if _QUERY.sub("", url).count("@") > 1:  # the end of the password would be taken, and told, for the host
        raise UsageError("Settings: database has more than one @.", hint)
    return address.set(drivername="postgresql+psycopg")


def _told(address: sa.URL) -> str:
    """Host and database, and nothing else of the address."""
    named = address.query.get("host") or "localhost"
    host = address.host or (named if isinstance(named, str) else ",".join(named))
    port = f":{address.port}" if address.port else ""
    return f"{host}{port}/{address.database}"


def _engine(address: sa.URL) -> sa.Engine:
    settings = {
        "search_path": _SCHEMA,
        "statement_timeout": f"{SECONDS * 1000:.0f}",
        "lock_timeout": f"{WAITING_SECONDS * 1000}",
        "jit": "off",  # it takes longer than a question
        "max_parallel_workers_per_gather": "0",  # parts of a score are added in one order, to the last bit
        # The server, too, is to find out that we are gone: until then it holds our lock.
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
    }
    own = address.query.get("options", "")
    options = " ".join([*(f"-c {name}={value}" for name, value in settings.items()), str(own)]).strip()
    engine = sa.create_engine(
        address.difference_update_query(["options"]),
        poolclass=QueuePool,
        pool_size=_KEPT,
        max_overflow=-1,
        hide_parameters=True,
        connect_args={
            "options": options,
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "askcorpus",
            "client_encoding": "utf8",
            "prepare_threshold": None,  # a plan for other values serves badly, and a pooler between us knows of none
        },
    )

    engine.dialect.use_insertmanyvalues_wo_returning = True  # many rows are one statement, and not one each

    @sa.event.listens_for(engine, "do_connect")
    def connect(_dialect: sa.Dialect, _record: object, arguments: list[Any], options: dict[str, Any]) -> _Patient:
        return _Patient.connect(*arguments, **options)

    @sa.event.listens_for(engine, "checkout")
    def check(connection: _Patient, record: Any, _proxy: object) -> None:
        if record.info.setdefault("new", True):
            record.info["new"] = False
            return
        try:
            connection.ping()
        except psycopg.Error as exc:
            raise InvalidatePoolError from exc

    @sa.event.listens_for(engine, "checkin")
    def forget(connection: _Patient | None, _record: object) -> None:
        # A standby, which takes no changes, refuses a transaction that is said to be able to make some.
        if connection is not None and not connection.closed and connection.read_only is False:
            connection.read_only = None

    return engine


# --- errors ---


def _cause(exc: BaseException) -> BaseException:
    return getattr(exc, "orig", None) or exc


def _refused(home: Home, why: str) -> StorageError:
    hint = "Check the address, user and password, and what the user may do."
    return StorageError(f"{home.Name} refuses askcorpus ({why}).", hint)


def _state_of(cause: BaseException) -> str:
    """The code of what went wrong (SQLSTATE), read from the text where a connection did not come about."""
    if state := getattr(cause, "sqlstate", None):
        return str(state)
    _, failed, told = _first_line(cause).rpartition(" failed: ")
    if not failed or not isinstance(cause, psycopg.OperationalError):
        return ""
    if _TOO_MANY.search(told):
        return "53300"
    refused = _NO_ACCESS.search(told) or (_SAID_BY_SERVER.match(told) and not _NOT_YET.search(told))
    return "28000" if refused else ""


def _first_line(cause: BaseException) -> str:
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")


def server_error(home: Home, exc: Exception) -> AskcorpusError:
    """What ``exc`` means for someone who uses the database."""
    cause = _cause(exc)
    state = _state_of(cause)
    why = _first_line(cause)
    if isinstance(exc, sa.exc.TimeoutError) or state in {"57014", "55P03", "40001", "40P01"}:
        return Busy(f"{home.Name} takes too long ({why}).", "Try again when it has less to do.")
    if state in {"53300", "53400"}:
        return Busy(f"{home.Name} takes no more connections.", "Try again, or raise its max_connections.")
    if state == "53100":
        return StorageError(f"There is no room left for {home.short}.", "Free some space: nothing is lost.")
    if state == "25006":
        return StorageError(f"{home.Name} is read-only.", "Name the server that takes changes.")
    if state[:2] in {"28", "3D"} or state == "42501":
        return _refused(home, why)
    if not state and _NO_ADDRESS.match(why):  # libpq's word, before anything is sent
        return StorageError(f"{home.Name} cannot be reached ({why}).", "Correct its address.")
    if isinstance(cause, errors.ProgramLimitExceeded):
        return UsageError(f"A field is too long for {home.short} ({why}).", "Shorten it.")
    if isinstance(cause, psycopg.DataError):
        return UsageError(f"A text cannot be stored in {home.short} ({why}).", "Leave the character out.")
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError | sa.exc.DisconnectionError):
        hint = "Start it, or wait until it is back: nothing is lost."
        return StorageError(f"{home.Name} cannot be reached ({why}).", hint)
    return StorageError(f"{home.Name} cannot be used ({why}).", "Look into the server's log.")
