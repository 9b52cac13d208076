"""The engine that reads and embeds on a Ray cluster: any number of machines, one of which runs this and writes."""

import logging
import os
import pickle
import secrets
import subprocess
import sys
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self

from askcorpus.embedding.embeddings import load_embeddings
from askcorpus.errors import ReadError, StorageError, UsageError
from askcorpus.settings import Settings
from askcorpus.text.characters import printable
from askcorpus_ingest.contexts import Piece
from askcorpus_ingest.engine import Prepared, Wanted
from askcorpus_ingest.files import Failure
from askcorpus_ingest.local_engine import LocalEngine
from askcorpus_ingest.ray_driver import LENGTH_BYTES, Job
from askcorpus_ingest.ray_steps import Begin, Broken, End, LongDocument, Message, More, Recipe, Refused
from askcorpus_ingest.readers.source import CHANGED
from askcorpus_ingest.sidecar import Row

END_SECONDS = 20
"""So long the driver may take to leave the cluster, or to end one that it started."""

_log = logging.getLogger(__name__)


class RayEngine:
    """Reads what a cluster has read and embedded.

    All its methods may find that it does not work:

    Raises:
        UsageError: there is no cluster, or a worker has another version or model, or does not see the files.
        StorageError: the cluster was lost. What has been written stays.
    """

    def __init__(self, settings: Settings) -> None:
        model = {
            "name": settings.embedding_model,
            "revision": settings.embedding_revision,
            "query_prompt": settings.query_prompt,
            "passage_prompt": settings.passage_prompt,
        }
        self._recipe = Recipe(
            settings.max_file_mb,
            settings.fields,
            settings.passage_chars,
            model,
            version("askcorpus"),
            load_embeddings(settings).fingerprint,
        )
        self._here = LocalEngine(settings.max_file_mb, settings.fields)
        self._driver: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._row: deque[Message] = deque()
        self._numbers: dict[Path, int] = {}

    def __enter__(self) -> Self:
        self._here.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._here.__exit__(kind, error, at)
        self._end()

    def begin(self, files: Iterable[Wanted], moved: Collection[str]) -> None:
        """As `Engine.begin`: the cluster begins to read."""
        wanted = list(files)
        if wanted:
            self._numbers = {one.path: number for number, one in enumerate(wanted)}
            self._start(Job(self._recipe._replace(moved=frozenset(moved)), wanted))

    def sha256(self, path: Path) -> str:
        """As `Engine.sha256`."""
        begin = self._begin_of(path)
        try:
            size = path.stat().st_size
        except OSError:
            size = None
        if begin.size is None and size is not None:
            raise UsageError(
                f"The Ray worker at {begin.at} does not see {printable(str(path))}.",
                "Workers read the files themselves: put them where all machines of the cluster see them, by one path.",
            )
        if begin.error:
            raise begin.error
        if begin.size != size:
            raise ReadError(CHANGED)  # or the worker sees another file
        return begin.sha256

    def read(self, path: Path, rows: Mapping[str, Row]) -> Iterator[Sequence[Prepared | Failure]]:
        """As `Engine.read`, with passages and vectors."""
        while True:
            message = self._next()
            if isinstance(message, End):
                break
            if not isinstance(message, More):  # these are of a document that was not asked for them
                yield self._documents(message)
        if not message.read:
            yield from self._here.read(path, rows)
        elif message.error:
            raise message.error

    # --- messages ---

    def _begin_of(self, path: Path) -> Begin:
        number = self._numbers[path]
        while True:
            message = self._next()
            if isinstance(message, Begin) and message.number == number:
                return message

    def _documents(self, first: Message) -> list[Prepared | Failure]:
        """The documents of a row, as far as they follow each other; only the last may have passages in later rows."""
        found: list[Prepared | Failure] = []
        self._row.appendleft(first)
        while self._row and isinstance(one := self._row[0], Prepared | Failure | LongDocument):
            self._row.popleft()
            if isinstance(one, LongDocument):
                start = one.prepared.pieces or ()
                return [*found, one.prepared._replace(pieces=chain(start, self._more()))]
            found.append(one)
        return found

    def _more(self) -> Iterator[Piece]:
        while isinstance(message := self._peek(), More):
            self._row.popleft()
            yield from message.pieces

    def _next(self) -> Message:
        message = self._peek()
        self._row.popleft()
        return message

    def _peek(self) -> Message:
        while not self._row:
            self._row.extend(self._receive())
        if isinstance(self._row[0], Refused):
            raise UsageError(*self._row[0])
        if isinstance(self._row[0], Broken):
            raise StorageError(*self._row[0])
        return self._row[0]

    def _receive(self) -> list[Message]:
        assert self._driver and self._driver.stdout
        head = self._driver.stdout.read(LENGTH_BYTES)
        size = int.from_bytes(head, "big")
        row = self._driver.stdout.read(size) if len(head) == LENGTH_BYTES else b""
        if not row or len(row) < size:
            raise self._lost()
        messages: list[Message] = pickle.loads(row)
        return messages

    def _lost(self) -> StorageError:
        if self._said:
            self._said.seek(0)
            _log.debug("Ray: %s", self._said.read().decode(errors="replace"))
        address = os.environ.get("RAY_ADDRESS")
        where = f"The Ray cluster at {address}" if address else "The Ray cluster on this machine"
        return StorageError(
            f"{where} was lost.",
            "What was committed stays. See that it runs (ray status), and run the same command again to go on.",
        )

    # --- the driver ---

    def _start(self, job: Job) -> None:
        """A driver of its own for the run. It does not get the Ctrl-C that is meant for us: ending it is up to us."""
        self._said = TemporaryFile()  # noqa: SIM115 - closed where the driver ends
        self._driver = subprocess.Popen(
            [sys.executable, "-P", "-m", "askcorpus_ingest.ray_driver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**_environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,
        )
        assert self._driver.stdin
        try:
            pickle.dump(job, self._driver.stdin)
            self._driver.stdin.flush()
        except BrokenPipeError as exc:
            raise self._lost() from exc

    def _end(self) -> None:
        if not self._driver:
            return
        driver, self._driver = self._driver, None
        assert driver.stdin and driver.stdout
        driver.stdout.close()
        with suppress(BrokenPipeError):
            driver.stdin.close()
        try:
            driver.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            driver.kill()
            driver.wait()
        if self._said:
            self._said.close()


def _environment() -> dict[str, str]:
    """Ray calls nobody, and a cluster that it starts for us is reached from this machine only, and by us alone."""
    quiet = {"RAY_USAGE_STATS_ENABLED": "0"}
    if (os.environ.get("RAY_ADDRESS") or "local") == "local":
        quiet["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # Ray's own way to have all listen on loopback only
        # Without a token Ray would leave one in the home directory, where others may read it.
        quiet |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    return {**os.environ, **quiet}
