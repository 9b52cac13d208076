"""An embedded Chroma that is kept in sync with the catalog, and searched instead of it in a large corpus.

Chroma is approximate, and a copy that can be thrown away: it knows passages only by their ``seq``, whose vectors never
change, and it answers only while it holds exactly what the catalog holds. Chroma has no lock of its own, and two
processes on one folder corrupt it silently, so only the process that holds ``chroma.lock`` touches it; the others
search exactly (``exact``).
"""

import json
import logging
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa
from filelock import FileLock

from askcorpus.index import passages
from askcorpus.index.chroma_files import CONFIGURATION, ChromaFiles, Damaged, Unreachable
from askcorpus.index.database import make_data_folder, take_lock
from askcorpus.index.exact import Neighbour, compared
from askcorpus.index.schema import Seqs, State, Vector

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

NAME = "the vector index"

BATCH = 1000
"""Rows to write at a time: as often as Chroma saves its index; it takes 5461 at most."""

STEP = 256
"""Rows that one question brings Chroma forward by at most (0.2 s), when another process has ingested."""

PATIENCE = 0.05
"""Seconds a question waits for Chroma while another thread uses it; then it searches exactly."""

RETRY_SECONDS = 60
"""Seconds for which a Chroma that failed is left alone."""

ROOM = 1_000_000
"""Bytes that a disk which is not full has left."""

PROBES = 16
"""Vectors that are compared when Chroma is opened."""

ELSEWHERE = "another process uses it"
"""Why a vector index is not synced although nothing is wrong with it."""

_log = logging.getLogger(__name__)


class ChromaIndex:
    """A Chroma collection that is synced with the catalog, and answers while it is in sync."""

    def __init__(self, folder: Path, lock_file: Path) -> None:
        self._files = ChromaFiles(folder)
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

    def search(self, connection: sa.Connection, state: State, vector: Vector, limit: int) -> list[Neighbour] | None:
        """About the ``limit`` nearest passages; ``None`` where Chroma cannot tell now.

        Brings Chroma up to `STEP` rows closer to the catalog first.
        """
        if not self._lock.acquire(timeout=PATIENCE):
            return None
        try:
            if not self._advance(connection, state, STEP):
                return None
            return compared(connection, self._nearest(vector, limit), vector, min(limit, self._held.size))
        except (Damaged, Unreachable) as exc:
            self._give_up(exc)
            return None
        finally:
            self._lock.release()

    def sync(self, connection: sa.Connection, state: State, progress: Callable[[int, int], None]) -> str:
        """Sync Chroma with the catalog; returns why that could not be done, or nothing."""
        with self._lock:
            with suppress(OSError):  # there may be no data folder yet where the catalog is on a server
                make_data_folder(self._lock_file.parent)
            try:
                level = self._is_noted(connection, state) or self._advance(connection, state, None, progress)
                return "" if level else ELSEWHERE
            except (Damaged, Unreachable) as exc:
                self._leave_alone(exc)
                return str(exc)

    def erase(self, _state: State) -> None:
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
            return False, f"questions are searched exactly, without {NAME}: {self._fault}"
        behind = sum(seqs.size for seqs in passages.changes(connection, self._held))
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

    def _is_noted(self, connection: sa.Connection, state: State) -> bool:
        """Whether the notes about the files, as they are now, say that Chroma holds what the catalog does.

        To open Chroma is to read its graph, which is 2 kB a passage. Whoever searches does, and then it is proved.
        """
        if self._collection is not None or not self._acquire():
            return False
        self._identity = state.identity
        held = self._recall()
        return held is not None and not any(seqs.size for seqs in passages.changes(connection, held))

    def _advance(
        self,
        connection: sa.Connection,
        state: State,
        budget: int | None,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> bool:
        """Write up to ``budget`` rows; whether Chroma is then in sync with ``state``. After damage it starts again."""
        if self._level == state:
            return True
        if (budget is not None and time.monotonic() < self._retry_at) or not self._acquire():
            return False
        try:
            return self._write(connection, state, budget, progress)
        except Damaged as exc:
            _log.warning("Making %s anew from the catalog: %s", NAME, exc)
            self._reset()
            return self._write(connection, state, budget, progress)

    def _write(
        self, connection: sa.Connection, state: State, budget: int | None, progress: Callable[[int, int], None]
    ) -> bool:
        self._open(connection, state)
        gone, new = passages.changes(connection, self._held)
        total = gone.size + new.size
        done = 0
        batches: list[tuple[Seqs, Callable[[sa.Connection, Seqs], None]]]
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
        return [seqs[start : start + BATCH] for start in range(0, seqs.size, BATCH)]

    def _add(self, connection: sa.Connection, batch: Seqs) -> None:
        collection, vectors = self._opened(), passages.vectors_of(connection, batch.tolist())
        names, rows = [str(seq) for seq in vectors], np.stack(list(vectors.values()))
        with self._risking_a_crash():
            collection.add(names, embeddings=rows)
            self._remember(np.concatenate([self._held, batch]))  # which comes after all that is held

    def _delete(self, _connection: sa.Connection, batch: Seqs) -> None:
        collection, names = self._opened(), [str(seq) for seq in batch.tolist()]
        with self._risking_a_crash():
            collection.delete(names)
            self._remember(np.setdiff1d(self._held, batch, assume_unique=True))

    def _remember(self, held: Seqs) -> None:
        """Note what Chroma holds, after writing it: a row missing here is written again, which changes nothing."""
        with _failures(self._lock_file.parent):
            draft = self._notes.with_suffix(".new.npz")
            np.savez(draft, seqs=held, about=np.array(self._about()))
            draft.replace(self._notes)
        self._held = held

    @property
    def _opening(self) -> Path:
        """A file that is there until Chroma has proved sound, and while it writes: left behind, it tells that Chroma
        took us down, or that we were killed within a write. What that leaves can take a process down when it is read.
        """
        return self._files.folder / "opening"

    @contextmanager
    def _risking_a_crash(self) -> Iterator[None]:
        with _failures(self._lock_file.parent):
            self._opening.touch()
            try:
                yield
            finally:  # a fault that is raised is told, and is no crash
                self._opening.unlink(missing_ok=True)

    @property
    def _notes(self) -> Path:
        return self._files.folder / "held.npz"

    def _open(self, connection: sa.Connection, state: State) -> None:
        """Connect, unless connected for this catalog."""
        if self._collection is not None and self._identity == state.identity:
            return
        self._disconnect()
        self._identity = state.identity
        held = self._recall()
        if held is None:
            self._reset()
        with _failures(self._lock_file.parent):
            self._files.folder.mkdir(exist_ok=True)  # in the data folder, which reading never makes
            self._opening.touch()
            self._client = self._files.connect()
            self._collection = self._client.get_or_create_collection(
                self._name,
                embedding_function=None,
                configuration=CONFIGURATION,  # type: ignore[arg-type]
            )
        if held is not None:
            self._held = held
            self._prove(connection)
        with _failures(self._lock_file.parent):
            self._opening.unlink(missing_ok=True)

    def _recall(self) -> Seqs | None:
        """What was noted, if it is about this catalog and about the files as they are now; else ``None``."""
        if self._opening.exists():
            return None
        try:
            # Opened here, for NumPy leaves a file open that is no sound archive.
            with self._notes.open("rb") as file, np.load(file) as notes:
                seqs: Seqs = notes["seqs"]
                return seqs if str(notes["about"]) == self._about() else None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def _about(self) -> str:
        return json.dumps([self._identity, NAME, self._files.sizes()], sort_keys=True)

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
        """Check that Chroma really returns what it was given. Raises `Damaged` otherwise.

        Lost index files raise nothing by themselves: Chroma then counts all rows and finds few.
        """
        probes = self._held[np.linspace(0, self._held.size - 1, min(PROBES, self._held.size), dtype=np.int64)]
        vectors = passages.vectors_of(connection, probes.tolist())
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
            self._files.erase()

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
        _log.warning("Searching exactly, without %s: %s", NAME, exc)
        self._leave_alone(exc)

    def _leave_alone(self, exc: Exception) -> None:
        """Do not try again for a while; a damaged copy is removed, so that the next try makes a new one."""
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
