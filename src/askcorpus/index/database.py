"""One SQLite file, opened the way the catalog needs it, and its errors in our words.

Write-ahead logging lets any number of processes read beside the one that writes, and every commit reaches the disk
before it counts (``synchronous=FULL``), so neither a kill nor a power cut takes back what was acknowledged.
"""

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Lock

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool

from askcorpus.errors import AskcorpusError, Busy, StorageError

BUSY_SECONDS = 30
_READONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_UNWRITTEN = {  # how a full disk looks where SQLite does not say so: a limit on files, no room for its shared memory
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_SHMMAP,
}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class Database:
    """A database file that may not be there yet: until the first write it reads as an empty one.

    ``create`` makes the tables; ``accept`` looks at an existing file and returns whether it holds anything, or
    raises when it is not for us. Any number of threads may read; the caller sees to there being one writer.
    """

    def __init__(
        self, path: Path, create: Callable[[sa.Connection], None], accept: Callable[[sa.Connection], bool]
    ) -> None:
        self.path = path
        self._create_tables = create
        self._accept = accept
        self._lock = Lock()
        self._engine: sa.Engine | None = None
        self._inode: tuple[int, int] | None = None
        self._empty = _engine(lambda: _connection("file::memory:"), pooled=False)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection whose reads all see the same state."""
        with translated(self.path.parent), self._connected() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """The same for a longer stay: what the block raises is its own affair, and not taken for the database's."""
        with ExitStack() as stack:
            with translated(self.path.parent):
                connection = stack.enter_context(self._connected())
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction: all of it or, after any error or a kill, nothing. Makes the file when there is none."""
        with translated(self.path.parent):
            engine = self._open() or self._create()
            with engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection, connection.begin():
                yield connection

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        engine = self._open()
        with (engine or self._empty).connect() as connection:
            if engine is None:
                self._create_tables(connection)
            yield connection

    def close(self) -> None:
        """Let go of the file; a later use opens it again."""
        with self._lock:
            self._dispose()

    def _dispose(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
        self._engine = self._inode = None

    def _open(self) -> sa.Engine | None:
        """The engine for the file that is there now, ``None`` when there is none.

        Its inode tells when the folder was deleted and made anew while this process runs.
        """
        with self._lock:
            try:
                stat = self.path.stat()
            except FileNotFoundError:
                self._dispose()
                return None
            if self._engine is not None and self._inode == (stat.st_dev, stat.st_ino):
                return self._engine
            self._dispose()
            engine = _engine(lambda: _connect(self.path))
            with engine.connect() as connection:
                accepted = self._accept(connection)
            if not accepted:
                engine.dispose()
                return None
            self._engine, self._inode = engine, (stat.st_dev, stat.st_ino)
            return engine

    def _create(self) -> sa.Engine:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path)) as raw:
            raw.execute("PRAGMA journal_mode=WAL")  # stays with the file
        engine = _engine(lambda: _connect(self.path), pooled=False)
        with engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection, connection.begin():
            self._create_tables(connection)
        made = self._open()
        if made is None:
            raise StorageError(f"{self.path} vanished while it was being made.", "Try again.")
        return made


def take_lock(path: Path) -> FileLock | None:
    """The lock, or ``None`` when someone holds it: another process, or another part of this one.

    The system gives it back when its holder dies, however it dies. Raises OSError where the file cannot be made.
    """
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turn the errors of SQLite and of the file system into ours.

    Raises:
        Busy: another program holds the database.
        StorageError: read-only, full, damaged, or anything else the disk does.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as exc:
        raise storage_error(folder, exc) from exc


def storage_error(folder: Path, exc: Exception) -> AskcorpusError:
    """What ``exc`` means for someone who uses ``folder``."""
    cause = getattr(exc, "orig", None) or exc
    sqlite_code = getattr(cause, "sqlite_errorcode", None)
    primary = None if sqlite_code is None else sqlite_code & 0xFF  # the rest says where, not what
    number = cause.errno if isinstance(cause, OSError) else None
    if primary in _READONLY or number in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StorageError(f"The data folder {folder} is read-only.", "Check its owner and permissions.")
    if primary == sqlite3.SQLITE_FULL or number in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return StorageError(
            f"There is no room left for the data folder {folder}.", "Free some space and run again: nothing is lost."
        )
    if sqlite_code in _UNWRITTEN:
        return StorageError(
            f"The disk takes nothing more for the data folder {folder} ({cause}).",
            "Free some space and run again: nothing is lost.",
        )
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return Busy(f"The data folder {folder} is in use.", "Try again when the other program is done.")
    if str(cause).startswith("Could not decode to UTF-8"):  # goes on with all of the text
        return StorageError(
            f"The catalog in {folder} is damaged (a text is no text).", "askcorpus doctor says in which document."
        )
    if primary in _DAMAGED:
        return StorageError(
            f"The catalog in {folder} is damaged ({cause}).", "Restore it from a backup, or delete it and ingest again."
        )
    return StorageError(f"The data folder {folder} cannot be used ({cause}).", "Check the disk.")


def _engine(connect: Callable[[], sqlite3.Connection], *, pooled: bool = True) -> sa.Engine:
    """An engine whose transactions begin when we say so (Python's sqlite3 would begin them at the first write)."""
    if pooled:
        engine = sa.create_engine("sqlite://", creator=connect, poolclass=QueuePool, max_overflow=-1)
    else:
        engine = sa.create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _connect(path: Path) -> sqlite3.Connection:
    """Open an existing file for writing if it can be, else for reading.

    In a folder that we may not write to, SQLite cannot make the shared-memory file of the write-ahead log. The file
    is then taken as it lies (``immutable``), unless a log beside it holds what it lacks.
    """
    modes = ["mode=rw", "mode=ro"]
    log = path.with_name(path.name + "-wal")
    if not log.exists() or log.stat().st_size == 0:
        modes.append("immutable=1")
    for mode in modes:
        connection = _connection(f"{path.absolute().as_uri()}?{mode}")
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as exc:
            connection.close()
            if mode == modes[-1] or exc.sqlite_errorcode & 0xFF not in _READONLY:
                raise
        else:
            return connection
    raise AssertionError("every mode either returned or raised")


def _connection(uri: str) -> sqlite3.Connection:
    # The pool hands a connection to one thread at a time, which is all that sqlite3's own check is after.
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")
    return connection
