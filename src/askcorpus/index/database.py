"""Databases: what each offers to readers and writers, and the one that is a file.

The file is SQLite's. Write-ahead logging lets any number of processes read beside the one that writes, and every commit
reaches the disk before it counts (``synchronous=FULL``), so neither a kill nor a power cut takes back what was
acknowledged.
"""

import errno
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple

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
_Inode = tuple[int, int]


class Home(NamedTuple):
    """Where a catalog is, as messages describe it."""

    name: str
    """As in "the data folder .askcorpus"."""
    short: str
    """The same without the words "the data folder", where that is clear."""
    other: str
    """What to choose instead."""
    options: str = ""
    """What a command takes to find it, with a space before; nothing where the settings say it."""

    @property
    def Name(self) -> str:
        """The name at the beginning of a sentence."""
        return self.name[0].upper() + self.name[1:]


class Database(ABC):
    """Tables that may not be there yet: until the first write they read as empty ones.

    Any number of threads and processes may read beside the one that writes.
    """

    home: Home

    @abstractmethod
    def exists(self) -> bool:
        """Whether the tables are there."""

    @abstractmethod
    def description(self) -> str:
        """What it is, in a line for people who look after it."""

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection whose reads all see the same state."""
        with self.translated(), self._connected() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """The same for longer use: errors raised by the block are not translated into database errors."""
        with ExitStack() as stack:
            with self.translated():
                connection = stack.enter_context(self._connected())
            yield connection

    @abstractmethod
    def _connected(self) -> AbstractContextManager[sa.Connection]:
        """A connection for reading: to empty tables where there are none."""

    @abstractmethod
    def writing(self, of: str = "") -> AbstractContextManager[sa.Connection]:
        """A transaction: all of it or, after any error or a kill, nothing. Creates the tables if there are none.

        Transactions ``of`` the same thing come one after the other; others need not wait for them.
        """

    @abstractmethod
    def locked(self) -> AbstractContextManager[None]:
        """The right to write for longer than one transaction.

        Raises:
            Busy: someone else has it.
        """

    @abstractmethod
    def translated(self) -> AbstractContextManager[None]:
        """Translate the database's errors: to Busy, or to StorageError if only its administrator can help."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it; a later use opens it again."""


class FileDatabase(Database):
    """A database file.

    ``create`` makes the tables; ``accept`` looks at an existing file and returns whether it holds anything, or
    raises when it is not for us. With a ``lock`` beside the file, whose holder alone writes, the folder is made where
    there is none. Without one a write waits for the other; a folder that is gone is then not made again (what is
    missing must be seen to be missing), and the file is its owner's alone to read.
    """

    def __init__(
        self,
        path: Path,
        create: Callable[[sa.Connection], None],
        accept: Callable[[sa.Connection], bool],
        lock: str | None = None,
    ) -> None:
        self.path = path
        self.home = folder_home(path.parent)
        self._create_tables = create
        self._accept = accept
        self._lock_file = lock
        self._lock = Lock()
        self._engine: sa.Engine | None = None
        self._inode: _Inode | None = None
        self._opened: _Inode | None = None  # the same of what was open last
        self._logs: dict[Path, _Inode | None] = {}  # what SQLite keeps beside the file of that inode
        self._empty = empty_engine()

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.exists()

    def description(self) -> str:
        """The file, and what reads it."""
        return f"SQLite {sqlite3.sqlite_version}, {self.path}"

    @contextmanager
    def writing(self, of: str = "") -> Iterator[sa.Connection]:  # noqa: ARG002
        """A transaction: all of it or, after any error or a kill, nothing. Makes the file when there is none.

        All that write come one after the other: SQLite knows no other way.
        """
        with self.translated():
            if self._lock_file is None:
                self._make_private()
            engine = self._open() or self._create()
            with engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection, connection.begin():
                yield connection

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock beside the file. The system gives it back when its holder dies, however it dies.

        Raises:
            Busy: another process or thread has it.
        """
        if self._lock_file is None:
            raise RuntimeError(f"{self.path} has no lock")
        with translated(self.path.parent):
            make_data_folder(self.path.parent)
            lock = take_lock(self.path.parent / self._lock_file)
        if lock is None:
            raise writer_at_work(self.home)
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn the errors of SQLite and of the file system into ours.

        After one that tells of damage the file is opened anew: another may have been copied over it, and what a
        connection remembers be of the one before.
        """
        try:
            with translated(self.path.parent):
                yield
        except StorageError as exc:
            cause = getattr(exc.__cause__, "orig", None) or exc.__cause__
            if cause and _primary(cause) in _DAMAGED:
                self.close()
            raise

    def _make_private(self) -> None:
        if not self.path.parent.is_dir():
            raise StorageError(f"There is no data folder {self.path.parent}.", "Run askcorpus ingest.")
        if not self.path.exists():
            try:
                self.path.touch(0o600)
            except OSError as exc:
                raise StorageError(f"{self.path} cannot be made: {exc.strerror}.", "Check the disk.") from exc

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
            inode = _inode(self.path)
            if inode is None:
                self._dispose()
                return None
            if self._engine is not None and self._inode == inode:
                return self._engine
            self._drop_logs_of_another(inode)
            self._dispose()
            engine = _engine(lambda: _connect(self.path))
            with engine.connect() as connection:
                accepted = self._accept(connection)
            if not accepted:
                engine.dispose()
                return None
            self._engine, self._inode, self._opened = engine, inode, inode
            self._logs = {path: _inode(path) for path in map(self._beside, ("-wal", "-shm"))}
            return engine

    def _drop_logs_of_another(self, inode: _Inode) -> None:
        """Where another file was put in place of the one that was open: SQLite would take the log that is left of that
        one for the new one's, and write it into it. That it is left is seen while our connections still hold it."""
        if self._opened not in (None, inode):
            for path, left in self._logs.items():
                if left and left == _inode(path):
                    path.unlink(missing_ok=True)

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def _create(self) -> sa.Engine:
        make_data_folder(self.path.parent)
        with closing(sqlite3.connect(self.path)) as raw:
            raw.execute("PRAGMA journal_mode=WAL")  # stays with the file
        engine = _engine(lambda: _connect(self.path), pooled=False)
        with engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection, connection.begin():
            self._create_tables(connection)
        made = self._open()
        if made is None:
            raise StorageError(f"{self.path} vanished while it was being made.", "Try again.")
        return made


def make_data_folder(folder: Path) -> None:
    """Make a data folder where there is none, for its owner alone: it holds the texts of files that may be private.

    One that is there keeps the mode that its owner gave it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def folder_home(folder: Path) -> Home:
    """A data folder as messages describe it."""
    return Home(f"the data folder {folder}", str(folder), "another folder with --data", f" --data {folder}")


def writer_at_work(home: Home) -> Busy:
    """The error that another process holds the right to write."""
    return Busy(f"Another process is writing to {home.short}.", "Wait until it is done, or stop it.")


def empty_engine() -> sa.Engine:
    """Connections to databases in memory, an empty one each."""
    return _engine(lambda: _connection("file::memory:"), pooled=False)


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


def _inode(path: Path) -> _Inode | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino


def _primary(cause: BaseException) -> int | None:
    """SQLite's code for what went wrong, without the part that says where."""
    code = getattr(cause, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def storage_error(folder: Path, exc: Exception) -> AskcorpusError:
    """What ``exc`` means for someone who uses ``folder``."""
    cause = getattr(exc, "orig", None) or exc
    sqlite_code = getattr(cause, "sqlite_errorcode", None)
    primary = _primary(cause)
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
    if _is_empty(path.with_name(path.name + "-wal")):
        modes.append("immutable=1")
    for mode in modes:
        try:
            return _connection(f"{path.absolute().as_uri()}?{mode}")
        except sqlite3.Error as exc:
            if mode == modes[-1] or exc.sqlite_errorcode & 0xFF not in _READONLY:
                raise
    raise AssertionError("every mode either returned or raised")


def _is_empty(log: Path) -> bool:
    """Whether a log holds nothing. It may go at any moment: whoever writes takes it away when done."""
    try:
        return log.stat().st_size == 0
    except FileNotFoundError:
        return True


def _connection(uri: str) -> sqlite3.Connection:
    # The pool hands a connection to one thread at a time, which is all that sqlite3's own check is after.
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")  # the first that reads the file, and fails where that cannot be
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection
