"""The vector half: two ways to the passages nearest to a vector, both over the catalog's vectors.

`Exact` multiplies all of them (numpy, in memory: 1.5 kB a passage at 384 dimensions; 5 ms over 100 000). `ChromaIndex`
keeps a Chroma collection level with the catalog and asks that. Chroma is approximate, and a copy that can be thrown
away: it knows passages by their ``seq`` only, whose vectors never change, and it answers only while it holds exactly
what the catalog holds. Chroma has no lock of its own and two processes on one folder ruin it silently, so only the
process that holds ``chroma.lock`` touches it; the others search exactly.
"""

import json
import logging
import shutil
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast
from urllib.parse import urlsplit

import numpy as np
import sqlalchemy as sa
from filelock import FileLock
from numpy.typing import NDArray

from askcorpus.errors import UsageError
from askcorpus.index import catalog
from askcorpus.index.catalog import Seqs, State, Vector
from askcorpus.index.database import take_lock

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

STEP = 256
"""Rows that one question brings Chroma forward by at most (0.2 s), when another process has ingested."""

PATIENCE = 0.05
"""Seconds a question waits for Chroma while another thread uses it; then it searches exactly."""

RETRY_SECONDS = 60
"""Seconds for which a Chroma that failed is left alone."""

SERVER_SECONDS = 5
"""Seconds that one request to a Chroma server may take."""

ROOM = 1_000_000
"""Bytes that a disk which is not full has left."""

PROBES = 16
"""Vectors that are compared when Chroma is opened."""

ELSEWHERE = "another process uses it"
"""Why a vector index is not brought level where nothing is wrong with it."""

_log = logging.getLogger(__name__)


class Near(NamedTuple):
    """A passage's seq and its cosine similarity."""

    seq: int
    similarity: float


class _Matrix(NamedTuple):
    """All vectors of one state of the catalog, by ascending seq. The arrays are views with room behind them."""

    state: State
    seqs: Seqs
    owners: Seqs
    rows: NDArray[np.float32]


class Exact:
    """Exact search over all vectors, which are read once and then kept up to date."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._lock = Lock()
        self._matrix = self._nothing(State("", 0))

    def search(
        self, connection: sa.Connection, state: State, vector: Vector, limit: int, documents: Seqs | None
    ) -> list[Near]:
        """The ``limit`` nearest passages, best first; only of ``documents`` (by number) where given."""
        matrix = self._current(connection, state)
        # Not `@`: that wakes a thread for each core, which costs milliseconds where torch or others keep them busy.
        seqs, similarities = matrix.seqs, np.vecdot(matrix.rows, vector)
        if documents is not None:
            wanted = np.isin(matrix.owners, documents)
            seqs, similarities = seqs[wanted], similarities[wanted]
        return nearest(seqs, similarities, limit)

    def _nothing(self, state: State) -> _Matrix:
        none = np.empty(0, np.int64)
        return _Matrix(state, none, none, np.empty((0, self._dimension), np.float32))

    def _current(self, connection: sa.Connection, state: State) -> _Matrix:
        with self._lock:
            if self._matrix.state.identity != state.identity:
                self._matrix = self._nothing(state._replace(generation=-1))
            if self._matrix.state.generation < state.generation:
                self._matrix = self._updated(self._matrix, connection, state)
            return self._matrix

    def _updated(self, old: _Matrix, connection: sa.Connection, state: State) -> _Matrix:
        """Drop what is gone, append what is new."""
        last = int(old.seqs[-1]) if old.seqs.size else 0
        new = catalog.count_after(connection, last)
        keep = old.seqs.size
        if keep + new != catalog.count_passages(connection):
            alive = np.isin(old.seqs, catalog.seqs(connection))
            old = _Matrix(old.state, old.seqs[alive], old.owners[alive], old.rows[alive])
            keep = old.seqs.size
        seqs, owners, rows = (_with_room(array, keep + new) for array in old[1:])
        for place, (seq, owner, vector) in enumerate(catalog.vectors_after(connection, last), keep):
            seqs[place], owners[place] = seq, owner
            rows[place] = np.frombuffer(vector, np.float32)
        return _Matrix(state, seqs, owners, rows)


def _with_room(array: NDArray[Any], size: int) -> NDArray[Any]:
    """``array`` at ``size`` rows, the further ones to be filled; copied only when there is no room behind it."""
    room = array if array.base is None else array.base
    if not isinstance(room, np.ndarray) or len(room) < size:
        room = np.empty((size + size // 8, *array.shape[1:]), array.dtype)
        room[: len(array)] = array
    return room[:size]


def nearest(seqs: Seqs, similarities: NDArray[np.float32], limit: int) -> list[Near]:
    """The ``limit`` highest similarities, best first, ties by age."""
    if limit < seqs.size:
        top = np.argpartition(-similarities, limit)[:limit]
        seqs, similarities = seqs[top], similarities[top]
    order = np.lexsort((seqs, -similarities))
    return [Near(int(seqs[n]), float(similarities[n])) for n in order]


class Place(Protocol):
    """Where a Chroma collection lives. ``folder`` is ours, for what must be remembered about it."""

    folder: Path
    name: str
    batch: int  # rows to write at a time

    def connect(self) -> "Client":
        """A client; raises what `_failures` translates."""
        ...

    def sizes(self) -> dict[str, int]:
        """The files that Chroma trusts blindly, by size."""
        ...

    def erase(self, collection: str) -> None:
        """Remove all of the collection, and the folder; raises what `_failures` translates."""
        ...


class Embedded:
    """Chroma's files in the data folder."""

    name = "the vector index"
    batch = 1000  # as often as Chroma saves its index; it takes 5461 at most

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def connect(self) -> "Client":
        """Open the files, or make them."""
        from chromadb.api.client import Client
        from chromadb.config import Settings

        # A new name after each erasure: Chroma keeps a client that failed to open, and gives it out again for its path.
        files = next(self.folder.glob("index-*"), self.folder / f"index-{uuid.uuid4().hex[:8]}")
        settings = Settings(is_persistent=True, persist_directory=str(files), anonymized_telemetry=False)
        try:
            return Client(settings=settings)
        except ValueError as exc:  # what Chroma makes of a database in which it does not find its first rows
            raise Damaged(f"it cannot be opened: {exc}") from exc

    def sizes(self) -> dict[str, int]:
        """The files of the HNSW index. Chroma may crash (the whole process, with it) on one that is cut short."""
        return {str(path.relative_to(self.folder)): path.stat().st_size for path in self.folder.glob("index-*/*/*")}

    def erase(self, collection: str) -> None:
        """Remove the files, which may be in any state."""
        _remove(self.folder)


class Server:
    """A Chroma server, which several corpora may share.

    Raises:
        UsageError: the address is not http://host:port.
    """

    batch = 200  # well within the time that one request may take

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"chroma_url {url!r} is not an address.", "Write http://host:port.")
        self.folder = folder
        self.name = f"the Chroma server at {url}"
        self._host, self._ssl = parts.hostname, parts.scheme == "https"
        self._port = parts.port or (443 if self._ssl else 8000)

    def connect(self) -> "Client":
        """Connect, with a limit on how long any later call may take."""
        import chromadb
        import httpx
        from chromadb.config import Settings

        address = f"{'https' if self._ssl else 'http'}://{self._host}:{self._port}"
        httpx.get(f"{address}/api/v2/heartbeat", timeout=SERVER_SECONDS).raise_for_status()
        settings = Settings(anonymized_telemetry=False)
        try:
            client = cast("Client", chromadb.HttpClient(self._host, self._port, self._ssl, settings=settings))
        except ValueError as exc:  # Chroma's word for a server that does not answer as one
            raise Unreachable(str(exc)) from exc
        # Chroma's client waits for ever and has no setting for it; a hung server would hang every question.
        client._server._session.timeout = httpx.Timeout(SERVER_SECONDS)  # type: ignore[attr-defined]
        return client

    def sizes(self) -> dict[str, int]:
        """None: the server's files are the server's business."""
        return {}

    def erase(self, collection: str) -> None:
        """Remove this corpus's collection from the server."""
        from chromadb.errors import NotFoundError

        client = self.connect()
        with suppress(NotFoundError):
            client.delete_collection(collection)
        client.close()
        _remove(self.folder)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Unreachable(Exception):
    """Chroma cannot be had now; later it may."""


class Damaged(Exception):
    """Chroma does not hold what it should; it must be made anew."""


class ChromaIndex:
    """A Chroma collection that is brought level with the catalog, and answers while it is."""

    def __init__(self, place: Place, lock_file: Path) -> None:
        self._place = place
        self._lock_file = lock_file
        self._process_lock: FileLock | None = None
        self._inode = (0, 0)  # of the lock's file
        self._lock = RLock()  # one thread at a time: more do not make Chroma faster, and a reset must be alone
        self._client: Client | None = None
        self._collection: Collection | None = None
        self._held = np.empty(0, np.int64)
        self._level: State | None = None
        self._identity = ""
        self._retry_at = 0.0
        self._fault = ""

    def search(self, connection: sa.Connection, state: State, vector: Vector, limit: int) -> list[int] | None:
        """The seqs of (about) the ``limit`` nearest passages; ``None`` where Chroma cannot tell now.

        Brings Chroma up to `STEP` rows closer to the catalog first.
        """
        if not self._lock.acquire(timeout=PATIENCE):
            return None
        try:
            if not self._advance(connection, state, STEP):
                return None
            return self._nearest(vector, limit)
        except (Damaged, Unreachable) as exc:
            self._give_up(exc)
            return None
        finally:
            self._lock.release()

    def sync(self, connection: sa.Connection, state: State, progress: Callable[[int, int], None]) -> str:
        """Bring Chroma level with the catalog; returns why that could not be done, or nothing."""
        with self._lock:
            try:
                level = self._advance(connection, state, None, progress)
                return "" if level else ELSEWHERE
            except (Damaged, Unreachable) as exc:
                self._leave_alone(exc)
                return str(exc)

    def erase(self) -> None:
        """Forget everything, so that the next sync starts anew. Without the lock this does nothing."""
        with self._lock:
            if self._acquire():
                try:
                    self._reset()
                except (Damaged, Unreachable) as exc:
                    self._give_up(exc)

    def close(self) -> None:
        """Let go of Chroma and of the lock."""
        with self._lock:
            self._let_go()

    def status(self, connection: sa.Connection, state: State) -> tuple[bool, str]:
        """Whether all is well, and a line on how Chroma stands to the catalog. Never waits for long.

        Looking mends: what is damaged is thrown away, and Chroma comes up to `STEP` rows closer to the catalog.
        """
        if not self._lock.acquire(timeout=PATIENCE):
            return True, "in use"
        try:
            if time.monotonic() >= self._retry_at:
                if not self._acquire():
                    return True, "another process keeps the vector index; this one searches exactly"
                self._level = None  # look again, whatever was found before
                self._advance(connection, state, STEP)
        except (Damaged, Unreachable) as exc:
            self._give_up(exc)
        finally:
            self._lock.release()
        if time.monotonic() < self._retry_at:
            return False, f"questions are searched exactly, without {self._place.name}: {self._fault}"
        behind = np.setxor1d(self._held, catalog.seqs(connection)).size
        return True, f"{self._held.size} passages" + (f", {behind} changes to come" if behind else "")

    # All below runs under self._lock.

    def _acquire(self) -> bool:
        """Whether the lock is ours. One on a file that was deleted since, with the data folder, is worth nothing."""
        try:
            stat = self._lock_file.stat()
            held = self._process_lock is not None and self._inode == (stat.st_dev, stat.st_ino)
        except FileNotFoundError:
            held = False
        except OSError:
            return False
        if held:
            return True
        self._let_go()
        if not self._lock_file.parent.is_dir():  # FileLock would make it
            return False
        with suppress(OSError):  # a folder that we may not write to
            self._process_lock = take_lock(self._lock_file)
            stat = self._lock_file.stat()
            self._inode = (stat.st_dev, stat.st_ino)
        return self._process_lock is not None

    def _let_go(self) -> None:
        self._disconnect()
        if self._process_lock is not None:
            self._process_lock.release()
            self._process_lock = None

    def _advance(
        self,
        connection: sa.Connection,
        state: State,
        budget: int | None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> bool:
        """Write up to ``budget`` rows; whether Chroma is level with ``state``. Damage is mended by starting anew."""
        if self._level == state:
            return True
        if (budget is not None and time.monotonic() < self._retry_at) or not self._acquire():
            return False
        try:
            return self._write(connection, state, budget, progress)
        except Damaged as exc:
            _log.warning("Making %s anew from the catalog: %s", self._place.name, exc)
            self._reset()
            return self._write(connection, state, budget, progress)

    def _write(
        self, connection: sa.Connection, state: State, budget: int | None, progress: Callable[[int, int], None]
    ) -> bool:
        self._open(connection, state)
        live = catalog.seqs(connection)
        gone = np.setdiff1d(self._held, live, assume_unique=True)
        new = np.setdiff1d(live, self._held, assume_unique=True)
        total = gone.size + new.size
        done = 0
        batches = [(batch, self._delete) for batch in self._batches(gone)]
        batches += [(batch, self._add) for batch in self._batches(new)]
        for batch, write in batches:
            now = batch if budget is None else batch[: budget - done]
            if now.size:
                write(connection, now)
            done += now.size
            progress(done, total)
        if done < total:
            return False
        self._count()
        self._level = state
        return True

    def _count(self) -> None:
        """Raises `Damaged` when a process was killed between a write and its note, and left something over."""
        collection = self._opened()
        with _failures(self._lock_file.parent):
            count = collection.count()
        if count != self._held.size:
            raise Damaged(f"it holds {count} passages instead of {self._held.size}")

    def _batches(self, seqs: Seqs) -> list[Seqs]:
        return [seqs[start : start + self._place.batch] for start in range(0, seqs.size, self._place.batch)]

    def _add(self, connection: sa.Connection, batch: Seqs) -> None:
        collection, vectors = self._opened(), catalog.vectors_of(connection, batch.tolist())
        names, rows = [str(seq) for seq in vectors], np.stack(list(vectors.values()))
        with _failures(self._lock_file.parent):
            collection.add(names, embeddings=rows)
        self._remember(np.union1d(self._held, batch))

    def _delete(self, connection: sa.Connection, batch: Seqs) -> None:
        collection, names = self._opened(), [str(seq) for seq in batch.tolist()]
        with _failures(self._lock_file.parent):
            collection.delete(names)
        self._remember(np.setdiff1d(self._held, batch, assume_unique=True))

    def _remember(self, held: Seqs) -> None:
        """Note what Chroma holds, after it does: a row too few here is written again, which changes nothing."""
        with _failures(self._lock_file.parent):
            draft = self._notes.with_suffix(".new.npz")
            np.savez(draft, seqs=held, about=np.array(self._about()))
            draft.replace(self._notes)
        self._held = held

    @property
    def _opening(self) -> Path:
        """A file that is there until Chroma has proved sound: left behind, it tells that Chroma took us down."""
        return self._place.folder / "opening"

    @property
    def _notes(self) -> Path:
        return self._place.folder / "held.npz"

    def _open(self, connection: sa.Connection, state: State) -> None:
        """Connect, unless connected for this catalog."""
        if self._collection is not None and self._identity == state.identity:
            return
        self._disconnect()
        self._identity = state.identity
        held = self._recall()
        if held is None or self._opening.exists():
            held = None
            self._reset()
        with _failures(self._lock_file.parent):
            self._place.folder.mkdir(exist_ok=True)  # in the data folder, which reading never makes
            self._opening.touch()
            self._client = self._place.connect()
            self._collection = self._client.get_or_create_collection(
                self._name,
                embedding_function=None,
                configuration={"hnsw": {"space": "cosine", "ef_search": 400}},
            )
        if held is not None:
            self._held = held
            self._prove(connection)
        with _failures(self._lock_file.parent):
            self._opening.unlink(missing_ok=True)

    def _recall(self) -> Seqs | None:
        """What was noted, if it is about this catalog and about the files as they are now; else ``None``."""
        try:
            with np.load(self._notes) as notes:
                seqs: Seqs = notes["seqs"]
                return seqs if str(notes["about"]) == self._about() else None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def _about(self) -> str:
        return json.dumps([self._identity, self._place.name, self._place.sizes()], sort_keys=True)

    def _opened(self) -> "Collection":
        if self._collection is None:
            raise Unreachable("it is not open")
        return self._collection

    def _nearest(self, vector: Vector, limit: int) -> list[int]:
        if not self._held.size:
            return []
        collection, wanted = self._opened(), min(limit, self._held.size)
        with _failures(self._lock_file.parent):
            [names] = collection.query(query_embeddings=vector[None], n_results=wanted, include=[])["ids"]
        if strange := [name for name in names if not name.isdecimal()]:
            raise Damaged(f"it names a passage {strange[0]!r}")
        return [int(name) for name in names]

    def _prove(self, connection: sa.Connection) -> None:
        """Look whether Chroma really gives back what it was given. Raises `Damaged` otherwise.

        Lost index files raise nothing by themselves: Chroma then counts all rows and finds few.
        """
        probes = self._held[np.linspace(0, self._held.size - 1, min(PROBES, self._held.size), dtype=np.int64)]
        vectors = catalog.vectors_of(connection, probes.tolist())
        if not vectors:
            return
        collection, names = self._opened(), [str(seq) for seq in vectors]
        with _failures(self._lock_file.parent):
            kept = collection.get(names, include=["embeddings"])
        rows = dict(zip(kept["ids"], kept["embeddings"] if kept["embeddings"] is not None else [], strict=False))
        for seq, vector in vectors.items():
            row = np.asarray(rows.get(str(seq), ()))
            if row.shape != vector.shape or not np.allclose(row, vector, atol=1e-3):
                raise Damaged(f"the vector of passage {seq} is not the catalog's")
            if len(self._nearest(vector, 10)) < min(10, self._held.size):
                raise Damaged("it finds fewer passages than it holds")

    def _reset(self) -> None:
        """Throw away what Chroma holds."""
        self._disconnect()
        with _failures(self._lock_file.parent):
            self._place.erase(self._name)

    @property
    def _name(self) -> str:
        return f"askcorpus-{self._identity}"

    def _disconnect(self) -> None:
        if self._client is not None:
            with suppress(Damaged, Unreachable), _failures(self._lock_file.parent):
                self._client.close()
        self._client = self._collection = self._level = None
        self._held = np.empty(0, np.int64)

    def _give_up(self, exc: Exception) -> None:
        _log.warning("Searching exactly, without %s: %s", self._place.name, exc)
        self._leave_alone(exc)

    def _leave_alone(self, exc: Exception) -> None:
        """For a while; a damaged copy goes, so that the next try makes it anew."""
        self._fault = str(exc)
        if isinstance(exc, Damaged):
            with suppress(Damaged, Unreachable):
                self._reset()
        self._retry_at = time.monotonic() + RETRY_SECONDS
        self._level = None


@contextmanager
def _failures(folder: Path) -> Iterator[None]:
    """Turn what Chroma, its connection or the disk raise into `Damaged` or `Unreachable`.

    Around calls of Chroma and of the disk only. A TypeError or a KeyError is a fault of ours, and no reason to throw
    the copy away. ``folder`` is the data folder, whose disk may be full.
    """
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except (httpx.HTTPError, OSError) as exc:
        raise Unreachable(f"{type(exc).__name__}: {exc}") from exc
    except ChromaError as exc:
        if not _has_room(folder):  # which Chroma says in many ways, and never in words
            raise Unreachable(f"there is no room left for {folder}") from exc
        raise Damaged(f"{type(exc).__name__}: {exc}") from exc


def _has_room(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free >= ROOM
    except FileNotFoundError:  # deleted meanwhile, and with it every question of room
        return True
