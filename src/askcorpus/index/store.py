"""The store: a data folder with the catalog, and the lexical and vector index built from it.

    catalog.sqlite3   documents, passages, vectors and the lexical index: all that counts, changed in one step
    chroma/           a copy of the vectors for fast search; made anew from the catalog whenever it is lost
                      (a server may keep it instead: vectors.py)
    ingest.lock       held by the one process that writes
    chroma.lock       held by the one process that uses chroma/

Any number of processes and threads may read while one writes; each read sees whole documents only.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
import sqlalchemy as sa

from askcorpus.errors import AskcorpusError, StorageError
from askcorpus.index import catalog, exact, files, lexical, migrations, schema, stories
from askcorpus.index.caches import Caches
from askcorpus.index.catalog import Facets, KnownDocument, content_hash
from askcorpus.index.chroma import ELSEWHERE
from askcorpus.index.damage import damage
from askcorpus.index.database import Home
from askcorpus.index.databases import open_database
from askcorpus.index.files import Held, KnownFile
from askcorpus.index.inventory import Inventory
from askcorpus.index.passages import StoredPassage, count_passages
from askcorpus.index.snapshot import Listing, Snapshot, ingest_into, nothing_ingested
from askcorpus.index.vectors import EMBEDDED, vector_index
from askcorpus.index.writer import Writer
from askcorpus.types import Copy, Document, Filters, Hit, IndexInfo, Page, Stories

__all__ = [
    "Check",
    "Facets",
    "Held",
    "KnownDocument",
    "KnownFile",
    "Listing",
    "Progress",
    "Snapshot",
    "Store",
    "StoredPassage",
    "Writer",
    "content_hash",
    "open_store",
]

_log = logging.getLogger(__name__)

PART = "catalog"

Progress = Callable[[str, int, int], None]
"""Called with the name of the step, what is done and what there is to do."""


class Check(NamedTuple):
    """One finding of `Store.check`."""

    name: str
    ok: bool
    detail: str


def _silent(step: str, done: int, total: int) -> None:
    pass


def open_store(
    folder: Path,
    fingerprint: str,
    dimension: int,
    *,
    database: str | None = None,
    vectors: str = EMBEDDED,
    vectors_token: str | None = None,
) -> "Store":
    """The store in ``folder``, which need not exist: it then reads as empty and is made by the first write. With the
    address of a ``database``, as in the settings, its catalog is there.

    ``fingerprint`` says in a few words what the vectors and passages are made with; ``dimension`` is their length.
    ``vectors`` and ``vectors_token`` are as in the settings.

    Raises:
        UsageError: ``vectors`` names no vector index.
        IndexMismatch: the folder was made with another fingerprint, or by a newer version.
        StorageError: the folder is damaged or cannot be read.
    """
    store = Store(folder, fingerprint, dimension, database=database, vectors=vectors, vectors_token=vectors_token)
    store.generation()
    return store


class Store:
    """All that is kept of a corpus. Threads may share one; close it when done."""

    def __init__(
        self,
        folder: Path,
        fingerprint: str,
        dimension: int,
        *,
        database: str | None = None,
        vectors: str = EMBEDDED,
        vectors_token: str | None = None,
    ) -> None:
        self.folder = folder
        self.fingerprint = fingerprint
        self.dimension = dimension
        self._database = open_database(
            folder,
            database,
            PART,
            create=lambda connection: catalog.create(connection, fingerprint, dimension),
            accept=lambda connection: catalog.accept(connection, self.home, fingerprint),
            lock="ingest.lock",
        )
        self._caches = Caches(fingerprint, dimension)
        self._vectors = vector_index(vectors, vectors_token, folder, self._reading, self._database.writing)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def home(self) -> Home:
        """Where the catalog lies, as messages tell it."""
        return self._database.home

    def close(self) -> None:
        """Give back files and locks."""
        self._vectors.close()
        self._database.close()

    # --- documents ---

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One state of the store for as long as a question takes, over one connection."""
        with self._database.snapshot() as connection:
            with self._database.translated():
                catalog.check(connection, self.home, self.fingerprint)
            yield Snapshot(connection, self._database, self._caches, self._vectors)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._database.reading() as connection:
            catalog.check(connection, self.home, self.fingerprint)
            yield connection

    def info(self) -> IndexInfo:
        """What the index is made with, and its size."""
        with self.snapshot() as index:
            return index.info

    def database(self) -> str:
        """What holds the catalog, in a line; of a server also that it answers.

        Raises:
            StorageError: it does not.
        """
        return self._database.description()

    def filled(self) -> IndexInfo:
        """The same as `info`, of a store that has something to ask. Raises as `Snapshot.filled` does."""
        with self.snapshot() as index:
            return index.filled()

    def require(self) -> None:
        """For whoever only reads, or makes anew: nothing is made for them, nor do they speak of a corpus that is not
        there.

        Raises:
            StorageError: there is no index.
        """
        if not self._database.exists():
            raise StorageError(f"There is no index in {self.home.short}.", ingest_into(self.home))

    def generation(self) -> int:
        """A number that changes whenever the visible documents do, by whatever process."""
        with self._database.reading() as connection:
            return schema.state(connection).generation

    def document(self, document_id: str) -> Document | None:
        """One document, or ``None``."""
        with self._reading() as connection:
            return catalog.document(connection, document_id)

    def listing(self, filters: Filters = Filters(), *, offset: int = 0, limit: int | None = None) -> Listing:
        """A stretch of `documents`, and how many there are, by filters as people write them.

        Raises:
            NothingIngested: there is no document, or no index at all.
            UsageError: no document passes the filters; it says what there is.
        """
        with self.snapshot() as index:
            index.filled()
            return index.listing(filters, offset, limit)

    def page(self, filters: Filters, offset: int, limit: int) -> Page:
        """The same without texts: none of them is in memory, however long. Raises as that does."""
        with self.snapshot() as index:
            index.filled()
            return index.page(filters, offset, limit)

    def documents(self, filters: Filters = Filters(), *, offset: int = 0, limit: int | None = None) -> list[Document]:
        """Whole documents, newest first, then by title; those without a date come last."""
        with self._reading() as connection:
            return catalog.documents(connection, filters, offset, limit)

    def hits(self, passage_ids: Sequence[str]) -> dict[str, Hit]:
        """Hits without scores, by passage id; what is not there is left out."""
        with self.snapshot() as index:
            return index.hits(passage_ids)

    def copies(self, document_ids: Sequence[str]) -> dict[str, tuple[Copy, ...]]:
        """The other documents that tell the same story, by the id of each that has any."""
        with self.snapshot() as index:
            return index.copies(document_ids)

    def count(self, filters: Filters = Filters()) -> int:
        """Number of documents that pass the filters."""
        with self._reading() as connection:
            return catalog.count(connection, filters)

    def count_undated(self, filters: Filters) -> int:
        """Number of documents that the dates of the filters leave out only because they have none."""
        with self._reading() as connection:
            return catalog.count_undated(connection, filters)

    def known(self, origins: Sequence[str] = (), document_ids: Sequence[str] = ()) -> list[KnownDocument]:
        """What is there of these origins and of these ids."""
        with self._reading() as connection:
            return catalog.known(connection, origins, document_ids)

    def known_and_withheld(
        self, origins: Sequence[str], document_ids: Sequence[str]
    ) -> tuple[list[KnownDocument], set[str]]:
        """The same, and those of the ids that were removed for good, in one state of the store."""
        with self._reading() as connection:
            return catalog.known(connection, origins, document_ids), files.withheld(connection, document_ids)

    def known_files(self) -> dict[str, KnownFile]:
        """Every file that was read, by path."""
        with self._reading() as connection:
            return files.known_files(connection)

    def held(self) -> dict[str, Held]:
        """What there is of each file, by path."""
        with self._reading() as connection:
            return files.held(connection)

    def origins_of(self, path: str) -> dict[str, str]:
        """Origin and document id of all that is there of a file."""
        with self._reading() as connection:
            return files.origins_of(connection, path)

    def withheld(self, document_ids: Sequence[str]) -> set[str]:
        """Those of the ids that were removed for good."""
        with self._reading() as connection:
            return files.withheld(connection, document_ids)

    def told_twice(self, *, offset: int = 0, limit: int = 50) -> Stories:
        """A stretch of the documents that tell what others tell too, story by story: that of most documents first.

        Raises:
            NothingIngested: there is no document, or no index at all.
        """
        with self.snapshot() as index:
            index.filled()
            return index.told_twice(offset, limit)

    def facets(self) -> Facets:
        """What there is to filter by."""
        with self._reading() as connection:
            return catalog.facets(connection)

    def inventory(
        self, search: str = "", filters: Filters = Filters(), *, offset: int = 0, limit: int = 50
    ) -> Inventory:
        """A page of the list of documents, near-copies folded, and what the whole list holds.

        ``search`` are words that a document must hold, all in one passage or its title. Raises as `Snapshot.lexical`
        does, and UsageError for dates that make no sense.
        """
        with self.snapshot() as index:
            return index.inventory(search, filters, offset, limit)

    def matching(self, search: str, filters: Filters, *, limit: int) -> list[str]:
        """The ids of the documents in such a list, copies included. Raises as `inventory` does."""
        with self.snapshot() as index:
            return index.matching(search, filters, limit)

    # --- change ---

    @contextmanager
    def writer(self, progress: Progress = _silent) -> Iterator[Writer]:
        """The right to write, for one thread of one process at a time.

        A catalog of an older version is first carried over, and a lexical index made by other rules for words made
        anew. At the end Chroma follows (about 1 000 passages a second). All three are what ``progress`` tells.

        Raises:
            Busy: another process or thread is writing.
            IndexMismatch: the folder was made with another fingerprint, or by a newer version.
            StorageError: the folder is read-only or the disk is full.
        """
        with self._database.locked():
            self._migrate(progress)
            with self._database.reading() as connection:
                current = lexical.words_are_current(connection)
            if not current:
                self._reindex(progress)
            yield Writer(self._database)
            self._link(progress)
            if (fault := self._sync(progress)) not in ("", ELSEWHERE):
                _log.warning("The vector index is behind, and questions are searched exactly: %s", fault)

    def rebuild(self, progress: Progress = _silent) -> None:
        """Make the lexical and the vector index anew from the catalog, which is first carried over when it is of an
        older version. Embeds nothing.

        Raises:
            Busy: another process is writing.
            IndexMismatch: the folder was made with another fingerprint, or by a newer version.
            StorageError: there is no index in the folder, it is read-only, full or damaged, or another process uses
                the vector index.
        """
        self.require()
        with self._database.locked():
            self._migrate(progress)
            self._reindex(progress)
            with self._reading() as connection:
                self._vectors.erase(schema.state(connection))
            if fault := self._sync(progress):
                raise StorageError(
                    f"The vector index could not be made anew: {fault}.",
                    "Free some space, or stop the other process, and run again: nothing is lost.",
                )

    def _migrate(self, progress: Progress) -> None:
        with self._database.reading() as connection:
            catalog.check_made(connection, self.home, self.fingerprint)
            steps = migrations.pending(connection, self.home)
        for done in range(1, steps + 1):
            with self._database.writing() as connection:
                migrations.take_step(connection)
            progress("catalog", done, steps)

    def _reindex(self, progress: Progress) -> None:
        with self._database.writing() as connection:
            lexical.reindex(connection, lambda done, total: progress("lexical index", done, total))

    def _link(self, progress: Progress) -> None:
        """Find which documents tell the same story; a run that is stopped here leaves it to the next."""
        with self._database.reading() as connection:
            left = stories.unlinked(connection)
        if not left.size:
            return
        for start in range(0, left.size, stories.AT_ONCE):
            with self._database.writing() as connection:
                stories.sign(connection, left[start : start + stories.AT_ONCE].tolist())
        progress("stories", left.size, left.size)
        with self._database.writing() as connection:
            stories.link(connection)

    def _sync(self, progress: Progress) -> str:
        with self._database.reading() as connection:
            if not count_passages(connection):
                return ""
            state = schema.state(connection)
            return self._vectors.sync(connection, state, lambda done, total: progress("vector index", done, total))

    def warm_up(self) -> None:
        """Read now what the first search in the vectors would read. Raises as :meth:`Snapshot.dense` does."""
        with self.snapshot() as index:
            index.dense(np.eye(1, self.dimension, dtype=np.float32)[0], 1)

    def check(self, *, deep: bool = False) -> list[Check]:
        """What works and what does not; ``deep`` compares every row with what was written. Raises nothing."""
        try:
            with self._reading() as connection:
                return self._checks(connection, deep)
        except AskcorpusError as exc:
            return [Check("catalog", False, str(exc))]

    def _checks(self, connection: sa.Connection, deep: bool) -> list[Check]:
        passages, documents = count_passages(connection), catalog.count(connection, Filters())
        if not documents:
            return [Check("catalog", False, str(nothing_ingested(self._database)))]
        fault = damage(connection, self.dimension) if deep else ""
        checks = [Check("catalog", not fault, fault or f"{documents} documents")]
        indexed, current = lexical.size(connection), lexical.words_are_current(connection)
        detail = f"{indexed} of {passages} passages" if current else "made by another version: askcorpus rebuild"
        checks.append(Check("lexical index", current and indexed == passages, detail))
        if passages and not fault:  # of damaged vectors there can be no sound copy
            ok, detail = self._vectors.status(connection, schema.state(connection))
            # A copy that nobody asks harms no answer.
            checks.append(Check("vector index", ok or passages <= exact.EXACT_UPTO, detail))
        return checks
