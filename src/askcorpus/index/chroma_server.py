"""A collection on a Chroma server that is kept in sync with the catalog, and searched instead of it in a large corpus.

Any number of processes share it. The collection has a note of the catalog state it holds, which whoever synced it
writes last. The note is believed only if it is of the very state that is asked about, the number of rows agrees,
vectors looked up are the catalog's, and every answer has the distances of the catalog's vectors. If the collection is
behind, lost or wrong, questions are searched exactly, and the first of them starts a sync in the background.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import numpy as np
import sqlalchemy as sa

from askcorpus.errors import AskcorpusError, UsageError
from askcorpus.index import passages, schema
from askcorpus.index.chroma_files import Damaged, Unreachable
from askcorpus.index.chroma_http import ChromaHttp, Collection
from askcorpus.index.exact import Neighbour, compared
from askcorpus.index.schema import Seqs, State, Vector

BATCH = 200
"""Rows to write at a time: well within the time that one call may take."""

PAGE = 5000
"""Names to read at a time."""

RETRY_SECONDS = 30.0
"""Seconds for which a server that failed is left alone."""

LOOK_SECONDS = 10.0
"""Seconds for which what was seen of the collection is believed while the catalog does not change."""

PROBES = 16
"""Vectors that are compared when a collection is first seen."""

NEAR = 0.01
"""Difference up to which two cosines are the same."""

CHANGING = -1
"""Passages in a note while somebody writes: nobody believes the collection then."""

DIGITS = 18
"""Digits that a seq has at most."""

STOPPED = "it was told to stop"

_FORMAT = 1  # of the note
_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


class _Note(NamedTuple):
    """The state that a collection holds: the catalog's generation, the number of passages and the last seq then."""

    generation: int = 0
    passages: int = 0
    last: int = 0

    @classmethod
    def of(cls, live: Seqs, state: State) -> Self:
        return cls(state.generation, live.size, int(live[-1]) if live.size else 0)

    @classmethod
    def read(cls, kept: Mapping[str, Any] | None) -> Self:
        """Raises `Damaged` for what is no such note, and `Unreachable` for one of a newer version."""
        values = [(kept or {}).get(name) for name in ("askcorpus", *cls._fields)]
        if not all(isinstance(value, int) for value in values):
            raise Damaged("its collection is not one of askcorpus")
        if values[0] != _FORMAT:
            raise Unreachable("its collection was written by another version of askcorpus")
        return cls._make(values[1:])

    def written(self) -> dict[str, int]:
        return {"askcorpus": _FORMAT, **self._asdict()}


class ChromaServer:
    """The copy of a catalog's vectors on a server, which several corpora may share.

    Raises:
        UsageError: the address is not http://host:port, or the token holds what cannot be sent.
    """

    def __init__(
        self, url: str, token: str | None, reading: Callable[[], AbstractContextManager[sa.Connection]]
    ) -> None:
        self._address = _address(url)
        self._name = f"the Chroma server at {self._address}"
        self._token = _sendable(token)
        self._reading = reading
        self._opening = threading.Lock()
        self._writing = threading.Lock()  # held by the one thread that syncs the collection
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._http: ChromaHttp | None = None
        self._collection: Collection | None = None  # as it was when the rest was seen
        self._level: State | None = None
        self._size = 0
        self._seen_at = 0.0
        self._spoilt = False
        self._retry_at = 0.0
        self._fault = ""

    def search(self, connection: sa.Connection, state: State, vector: Vector, limit: int) -> list[Neighbour] | None:
        """About the ``limit`` nearest passages; ``None`` where the server cannot tell now."""
        if time.monotonic() < self._retry_at:
            return None
        try:
            if not self._is_level(connection, state):
                self._catch_up()
                return None
            return self._nearest(connection, state, vector, limit)
        except (Damaged, Unreachable) as exc:
            self._give_up(exc)
            return None

    def sync(self, connection: sa.Connection, state: State, progress: Progress) -> str:
        """Sync the collection with the catalog; returns why that could not be done, or nothing."""
        self._end_thread()
        return self._synced(connection, state, progress)

    def erase(self, state: State) -> None:
        """Remove the collection from the server. Where that cannot be done, the next `sync` says why."""
        self._end_thread()
        with self._writing:
            try:
                self._forget()
                self._open().drop(_name(state))
            except (Damaged, Unreachable) as exc:
                self._leave_alone(exc)

    def status(self, connection: sa.Connection, state: State) -> tuple[bool, str]:
        """Whether all is well, and a line on how the collection stands to the catalog."""
        if time.monotonic() >= self._retry_at:
            self._seen_at = 0.0  # look again, whatever was found before
            try:
                if self._is_level(connection, state):
                    return True, f"{self._size} passages on {self._name}"
                why = f": {self._fault}" if self._fault else ""
                return not why, f"{self._name} is behind, and questions are searched exactly{why}"
            except (Damaged, Unreachable) as exc:
                self._give_up(exc)
        return False, f"questions are searched exactly, without {self._name}: {self._fault}"

    def close(self) -> None:
        """Stop a sync in the background, and close the connections."""
        self._end_thread()
        with self._opening:
            if self._http is not None:
                self._http.close()
            self._http = None
        self._forget()

    # --- asking ---

    def _open(self) -> ChromaHttp:
        with self._opening:
            if self._http is None:
                self._http = ChromaHttp(self._address, self._token)
            return self._http

    def _is_level(self, connection: sa.Connection, state: State) -> bool:
        """Whether the collection holds that state; looked up again if the catalog has changed or some time has
        passed."""
        if self._spoilt:
            return False
        if self._level == state and time.monotonic() < self._seen_at + LOOK_SECONDS:
            return True
        self._level = None
        http = self._open()
        collection = http.collection(_name(state))
        if collection is None:
            return False
        note = _Note.read(collection.metadata)
        held = passages.count_passages(connection)
        if note.generation != state.generation or note.passages != held or http.count(collection.id) != held:
            return False
        if self._collection is None or self._collection.id != collection.id:
            self._prove(connection, collection)
        self._believe(collection, state, held)
        return True

    def _believe(self, collection: Collection, state: State, size: int) -> None:
        self._collection, self._level, self._size, self._seen_at = collection, state, size, time.monotonic()

    def _nearest(self, connection: sa.Connection, state: State, vector: Vector, limit: int) -> list[Neighbour] | None:
        collection = self._collection
        if collection is None:  # another thread has found a fault meanwhile
            return None
        found = self._compared(connection, collection, vector, min(limit, self._size))
        if found is None:  # it names what the catalog has not: it was changed, rightly or not
            self._seen_at = 0.0
            if self._is_level(connection, state):
                raise Damaged("it names passages that are not the catalog's")
        return found

    def _compared(
        self, connection: sa.Connection, collection: Collection, vector: Vector, wanted: int
    ) -> list[Neighbour] | None:
        """What the server names, by the catalog's vectors. Raises `Damaged` where its own distances are others."""
        names, distances = self._open().query(collection.id, vector, wanted)
        told = dict(zip(_seqs(names).tolist(), distances, strict=False))
        found = compared(connection, list(told), vector, wanted)
        for seq, similarity in found or ():
            if not abs(1 - told[seq] - similarity) <= NEAR:  # as with a distance that is no number
                raise Damaged(f"the vector of passage {seq} is not the catalog's")
        return found

    def _prove(self, connection: sa.Connection, collection: Collection) -> None:
        """Check that the collection returns what it was given, and finds it. Raises `Damaged` otherwise."""
        live = passages.seqs(connection)
        probes = live[np.linspace(0, live.size - 1, min(PROBES, live.size), dtype=np.int64)]
        vectors = {str(seq): row for seq, row in passages.vectors_of(connection, probes.tolist()).items()}
        if not vectors:
            return
        kept = self._open().vectors(collection.id, list(vectors))
        for name, vector in vectors.items():
            row = kept.get(name)
            if row is None or row.shape != vector.shape or not np.allclose(row, vector, atol=1e-3):
                raise Damaged(f"the vector of passage {name} is not the catalog's")
        missed = [name for name, vector in vectors.items() if not self._finds(connection, collection, vector)]
        if len(missed) > len(vectors) // 2:  # a graph may lose sight of one passage, not of most
            raise Damaged("it does not find what it holds")

    def _finds(self, connection: sa.Connection, collection: Collection, vector: Vector) -> bool:
        [nearest] = self._compared(connection, collection, vector, 1) or [Neighbour(0, -1.0)]
        return bool(nearest.similarity > float(vector @ vector) - NEAR)

    # --- syncing ---

    def _catch_up(self) -> None:
        """Sync the collection in the background, unless a sync is running."""
        with self._opening:
            if self._thread is None or not self._thread.is_alive():
                self._stop.clear()
                self._thread = threading.Thread(target=self._run, name="vectors", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        try:
            with self._reading() as connection:
                self._synced(connection, schema.state(connection), lambda _done, _total: None)
        except AskcorpusError as exc:  # the catalog cannot be read: questions say so themselves
            _log.warning("The vectors were not brought level: %s", exc)

    def _end_thread(self) -> None:
        with self._opening:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            self._stop.set()
            thread.join()
        self._stop.clear()

    def _synced(self, connection: sa.Connection, state: State, progress: Progress) -> str:
        with self._writing:
            try:
                self._advance(connection, state, progress)
            except (Damaged, Unreachable) as exc:
                if str(exc) != STOPPED:
                    self._give_up(exc)
                return str(exc)
            self._retry_at, self._fault = 0.0, ""
            return ""

    def _advance(self, connection: sa.Connection, state: State, progress: Progress) -> None:
        """Write what is missing and remove what is gone; a damaged collection is made again."""
        try:
            if self._spoilt:
                raise Damaged(self._fault)
            self._write(connection, state, progress)
        except Damaged as exc:
            _log.warning("Making the copy on %s anew from the catalog: %s", self._name, exc)
            self._forget()
            self._open().drop(_name(state))
            self._write(connection, state, progress)
        self._spoilt = False

    def _write(self, connection: sa.Connection, state: State, progress: Progress) -> None:
        http = self._open()
        collection = http.collection(_name(state)) or http.make(_name(state), _Note().written())
        live = passages.seqs(connection)
        before, after = _Note.read(collection.metadata), _Note.of(live, state)
        if before.generation > after.generation:
            raise Unreachable("another process has brought it further")
        # Where nothing was removed since the note was written, all that it tells of is still there.
        lasting = live[: np.searchsorted(live, before.last, side="right")]
        held = (
            lasting
            if before.passages == lasting.size == http.count(collection.id)
            else self._held(connection, collection)
        )
        if held.size and held[-1] > _last_seq(connection):
            raise Unreachable("another process is bringing it further")
        gone, new = (np.setdiff1d(a, b, assume_unique=True) for a, b in ((held, live), (live, held)))
        if gone.size or new.size:
            http.note(collection.id, before._replace(passages=CHANGING).written())
            self._change(connection, collection, gone, new, progress)
        if (count := http.count(collection.id)) != live.size:
            raise Unreachable(f"it holds {count} passages instead of {live.size}")
        self._prove(connection, collection)
        http.note(collection.id, after.written())
        self._believe(collection, state, live.size)

    def _change(
        self, connection: sa.Connection, collection: Collection, gone: Seqs, new: Seqs, progress: Progress
    ) -> None:
        http, total, done = self._open(), gone.size + new.size, 0
        for batch in _batches(gone):
            self._go_on()
            http.delete(collection.id, [str(seq) for seq in batch])
            progress(done := done + len(batch), total)
        for batch in _batches(new):
            self._go_on()
            vectors = passages.vectors_of(connection, batch)
            http.add(collection.id, {str(seq): row for seq, row in vectors.items()})
            progress(done := done + len(batch), total)

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise Unreachable(STOPPED)

    def _held(self, connection: sa.Connection, collection: Collection) -> Seqs:
        """The seqs that the collection holds, ascending. Raises `Damaged` for more than there ever were, which may be
        without end."""
        found: list[str] = []
        most = _last_seq(connection) + PAGE
        while page := self._open().names(collection.id, len(found), PAGE):
            self._go_on()
            found += page
            if len(found) > most:
                raise Damaged("it names more passages than there ever were")
            if len(page) < PAGE:
                break
        return np.unique(_seqs(found))

    # --- faults ---

    def _forget(self) -> None:
        self._collection = self._level = None

    def _give_up(self, exc: Exception) -> None:
        _log.warning("Searching exactly, without %s: %s", self._name, exc)
        self._leave_alone(exc)

    def _leave_alone(self, exc: Exception) -> None:
        """Do not try again for a while; a copy that is not what it should be is then made again."""
        self._spoilt = self._spoilt or isinstance(exc, Damaged)
        self._fault = str(exc)
        self._forget()
        self._retry_at = time.monotonic() + RETRY_SECONDS


def _name(state: State) -> str:
    return f"askcorpus-{state.identity}"


def _address(url: str) -> str:
    """Where the server is; nothing that is secret may stand there, for it is shown."""
    if "@" in url:  # also where what is before it makes this no address
        raise UsageError("vectors holds a name or a password.", "Write http://host:port, and set vectors_token.")
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 8000)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise UsageError(f"vectors {url!r} is neither embedded nor an address.", "Write http://host:port, or pgvector.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def _sendable(token: str | None) -> str | None:
    """The token; one with a line break, say, is refused here, for what sends it would repeat it in an error."""
    if token and not (token.isascii() and token.isprintable() and token == token.strip()):
        raise UsageError("vectors_token holds what cannot be sent.", "Take out line breaks and spaces around it.")
    return token


def _last_seq(connection: sa.Connection) -> int:
    return int(schema.meta(connection)["last_seq"])


def _seqs(names: list[str]) -> Seqs:
    if strange := [name for name in names if not name.isdecimal() or len(name) > DIGITS]:
        raise Damaged(f"it names a passage {strange[0][:80]!r}")
    return np.array([int(name) for name in names], np.int64)


def _batches(seqs: Seqs) -> Iterator[list[int]]:
    for start in range(0, seqs.size, BATCH):
        yield seqs[start : start + BATCH].tolist()
