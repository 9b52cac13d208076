"""One data folder behind one door: the catalog, and the lexical and vector index made of it.

    catalog.sqlite3   documents, passages, vectors and the lexical index: all that counts, changed in one step
    chroma/           a copy of the vectors for fast search; made anew from the catalog whenever it is lost
                      (a server may keep it instead: vectors.py)
    ingest.lock       held by the one process that writes
    chroma.lock       held by the one process that uses chroma/

Any number of processes and threads may read while one writes; each read sees whole documents only.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
import sqlalchemy as sa

from askcorpus.embedding.baseline import Sample, ScoreBaseline
from askcorpus.errors import AskcorpusError, IndexMismatch, NothingIngested, StorageError
from askcorpus.index import catalog, files, inventory, lexical, migrations, schema, stories
from askcorpus.index.catalog import Facets, KnownDocument, content_hash
from askcorpus.index.chroma import ELSEWHERE
from askcorpus.index.damage import damage, damaged
from askcorpus.index.database import Database, Home
from askcorpus.index.databases import open_database
from askcorpus.index.exact import Exact, Neighbour
from askcorpus.index.files import Held, KnownFile, Withheld
from askcorpus.index.frequencies import Frequencies
from askcorpus.index.inventory import Inventory
from askcorpus.index.passages import StoredPassage, count_passages, hits, ids_of, stored
from askcorpus.index.schema import Vector
from askcorpus.index.spellings import understood
from askcorpus.index.stories import Repeated
from askcorpus.index.vectors import EMBEDDED, vector_index
from askcorpus.tuning import TUNING, Tuning
from askcorpus.types import Copy, Document, Filters, Hit, IndexInfo, Page, Stories, Story

__all__ = [
    "Check",
    "Facets",
    "Held",
    "Inventory",
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

EXACT_UPTO = 50_000
"""Passages up to which a question is compared with all of them: that takes 5 ms at most, and the same are found
whichever process asks. Chroma's graph can lose sight of a passage altogether
(docs/quality.md, Choices that came out of such runs)."""

Progress = Callable[[str, int, int], None]
"""Called with the name of the step, what is done and what there is to do."""


class Check(NamedTuple):
    """One finding of `Store.check`."""

    name: str
    ok: bool
    detail: str


class Listing(NamedTuple):
    """A stretch of the documents that pass ``filters``, newest first, of ``total`` in all."""

    documents: list[Document]
    total: int
    filters: Filters


def _silent(step: str, done: int, total: int) -> None:
    pass


def ingest_into(home: Home) -> str:
    """What to do about an index that is not there."""
    return f"Ingest documents (askcorpus ingest PATH), or choose {home.other}."


def no_index(home: Home) -> StorageError:
    """That there is none."""
    return StorageError(f"There is no index in {home.short}.", ingest_into(home))


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
        self._exact = Exact(dimension)
        self._vectors = vector_index(vectors, vectors_token, folder, self._reading, self._database.writing)
        self._frequencies = Frequencies()
        self._info: tuple[schema.State | None, IndexInfo] = (None, IndexInfo(fingerprint="", documents=0, passages=0))
        self._repeated: tuple[schema.State | None, Repeated] = (
            None,
            Repeated(np.empty(0, np.int64), np.empty(0, np.int64)),
        )
        self._sample: tuple[schema.State | None, Sample] = (None, Sample(np.empty((0, dimension), np.float32), {}))

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
    def snapshot(self) -> Iterator["Snapshot"]:
        """One state of the store for as long as a question takes, over one connection."""
        with self._database.snapshot() as connection:
            with self._database.translated():
                catalog.check(connection, self.home, self.fingerprint)
            yield Snapshot(self, connection)

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

    def _nothing(self) -> NothingIngested:
        if self._database.exists():
            return NothingIngested(f"There are no documents in {self.home.short}.", ingest_into(self.home))
        return NothingIngested(f"There is no index in {self.home.short}.", ingest_into(self.home))

    def require(self) -> None:
        """For whoever only reads, or makes anew: nothing is made for them, nor do they speak of a corpus that is not
        there.

        Raises:
            StorageError: there is no index.
        """
        if not self._database.exists():
            raise no_index(self.home)

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

    def _info_of(self, connection: sa.Connection, state: schema.State) -> IndexInfo:
        of, info = self._info
        if of != state:  # to count is to go through an index: 20 ms over a million passages
            documents, passages = catalog.count(connection, Filters()), count_passages(connection)
            info = IndexInfo(fingerprint=self.fingerprint, documents=documents, passages=passages)
            self._info = (state, info)
        return info

    def _sample_of(self, connection: sa.Connection, state: schema.State) -> Sample:
        of, sample = self._sample
        if of != state:
            sample = catalog.sample(connection)
            self._sample = (state, sample)
        return sample

    def _repeated_of(self, connection: sa.Connection, state: schema.State) -> Repeated:
        of, repeated = self._repeated
        if of != state:
            repeated = stories.told_twice(connection)
            self._repeated = (state, repeated)
        return repeated

    # --- change ---

    @contextmanager
    def writer(self, progress: Progress = _silent) -> Iterator["Writer"]:
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
            return [Check("catalog", False, str(self._nothing()))]
        fault = damage(connection, self.dimension) if deep else ""
        checks = [Check("catalog", not fault, fault or f"{documents} documents")]
        indexed, current = lexical.size(connection), lexical.words_are_current(connection)
        detail = f"{indexed} of {passages} passages" if current else "made by another version: askcorpus rebuild"
        checks.append(Check("lexical index", current and indexed == passages, detail))
        if passages and not fault:  # of damaged vectors there can be no sound copy
            ok, detail = self._vectors.status(connection, schema.state(connection))
            # A copy that nobody asks harms no answer.
            checks.append(Check("vector index", ok or passages <= EXACT_UPTO, detail))
        return checks


class Snapshot:
    """One state of a store: what one call finds is there for the next, whatever is written meanwhile.

    Every method raises StorageError where the folder cannot be read. For one thread at a time.
    """

    def __init__(self, store: Store, connection: sa.Connection) -> None:
        self._store = store
        self._connection = connection

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._store._database.translated():
            yield self._connection

    @cached_property
    def info(self) -> IndexInfo:
        """What the index is made with, and its size."""
        with self._reading() as connection:
            return self._store._info_of(connection, self._state)

    @cached_property
    def _state(self) -> schema.State:
        return schema.state(self._connection)

    def filled(self) -> IndexInfo:
        """The same as `info`, of a store that has something to ask.

        Raises:
            NothingIngested: there is no document, or no index at all: the folder may be mistyped, or was deleted.
        """
        if not self.info.documents:
            raise self._store._nothing()
        return self.info

    def understood(self, filters: Filters) -> Filters:
        """Filters as people write them, by the names that the catalog has.

        Raises:
            UsageError: no document passes them, a name is unknown, or a date is none; it says what there is.
        """
        if not filters:
            return filters
        with self._reading() as connection:
            return understood(connection, filters)

    def listing(self, filters: Filters, offset: int, limit: int | None) -> Listing:
        """A stretch of the documents that pass, newest first. Raises as `understood` does."""
        wanted = self.understood(filters)
        with self._reading() as connection:
            found = catalog.documents(connection, wanted, offset, limit)
            return Listing(found, catalog.count(connection, wanted), wanted)

    def page(self, filters: Filters, offset: int, limit: int) -> Page:
        """The same without texts. Raises as `understood` does."""
        wanted = self.understood(filters)
        with self._reading() as connection:
            undated = catalog.count_undated(connection, wanted) if wanted.date_from or wanted.date_to else 0
            return Page(
                documents=tuple(catalog.listed(connection, wanted, offset, limit)),
                total=catalog.count(connection, wanted),
                undated=undated,
                offset=offset,
                limit=limit,
            )

    def latest(self) -> str:
        """The newest date of a document, a partial ISO date (a day is newer than its month); empty when none."""
        with self._reading() as connection:
            return catalog.latest(connection)

    def facets(self) -> Facets:
        """What there is to filter by."""
        with self._reading() as connection:
            return catalog.facets(connection)

    def document(self, document_id: str) -> Document | None:
        """One document, or ``None``."""
        with self._reading() as connection:
            return catalog.document(connection, document_id)

    def hits(self, passage_ids: Sequence[str]) -> dict[str, Hit]:
        """Hits without scores, by passage id and in the order asked; what is not there is left out."""
        with self._reading() as connection:
            return hits(connection, passage_ids)

    def copies(self, document_ids: Sequence[str]) -> dict[str, tuple[Copy, ...]]:
        """The other documents that tell the same story, by the id of each that has any."""
        with self._reading() as connection:
            return stories.copies(connection, document_ids)

    def told_twice(self, offset: int, limit: int) -> Stories:
        """A stretch of the documents that tell what others tell too."""
        with self._reading() as connection:
            repeated = self._store._repeated_of(connection, self._state)
            numbers, which = (each[offset : offset + limit].tolist() for each in repeated)
            told = list(zip(which, catalog.summaries(connection, numbers), strict=True))
        return Stories(
            stories=tuple(
                Story(number=number, documents=tuple(document for _, document in those))
                for number, those in groupby(told, key=itemgetter(0))
            ),
            total=len(repeated.documents),
            offset=offset,
            limit=limit,
        )

    def stored(self, passage_ids: Sequence[str]) -> dict[str, StoredPassage]:
        """Passages with vectors, by id and in the order asked; what is not there is left out."""
        with self._reading() as connection:
            return stored(connection, passage_ids)

    def contents(self) -> Iterator[tuple[Document, str, Iterator[StoredPassage]]]:
        """All documents, each with the file it is of and its passages, which are to be taken before the next."""
        with self._reading() as connection:
            yield from catalog.contents(connection)

    def known_files(self) -> list[KnownFile]:
        """Every file that was read."""
        with self._reading() as connection:
            return list(files.known_files(connection).values())

    def withheld(self) -> list[Withheld]:
        """All documents that were removed for good."""
        with self._reading() as connection:
            return files.all_withheld(connection)

    def dense(self, vector: Vector, limit: int, filters: Filters = Filters()) -> list[tuple[str, float]]:
        """The passages nearest to ``vector``: id and cosine similarity (exact), best first.

        In a large corpus the vector index names them where it can and nothing is filtered. Otherwise all qualifying
        vectors are compared, which takes milliseconds and misses nothing.
        """
        with self._reading() as connection:
            if limit < 1 or not self.info.passages:
                return []
            found = self._nearest(connection, schema.unit(vector), limit, filters)
            names = ids_of(connection, [near.seq for near in found])
        return [(names[near.seq], near.similarity) for near in found if near.seq in names]

    def _nearest(self, connection: sa.Connection, query: Vector, limit: int, filters: Filters) -> list[Neighbour]:
        exact, passages = self._store._exact, self.info.passages
        if filters or passages <= EXACT_UPTO:
            wanted = catalog.numbers(connection, filters) if filters else None
            return exact.search(connection, self._state, query, limit, wanted)
        found = self._store._vectors.search(connection, self._state, query, limit)
        return exact.search(connection, self._state, query, limit, None) if found is None else found

    def baseline(self, vector: Vector, tuning: Tuning = TUNING) -> ScoreBaseline:
        """What an unrelated passage of this corpus scores for ``vector``, by fixed samples; all 0 in an empty store."""
        with self._reading() as connection:
            sample = self._store._sample_of(connection, self._state)
        return sample.baseline(schema.unit(vector), tuning)

    def lexical(self, terms: Sequence[str], limit: int, filters: Filters = Filters()) -> list[tuple[str, float]]:
        """The passages that hold any of ``terms`` (from `words.terms`): id and BM25 (above 0), best first.

        A passage also holds the words of its document's title. Very common terms only count when alone.

        Raises:
            IndexMismatch: the index was made by other rules for words.
        """
        with self._reading() as connection:
            self._check_words(connection)
            return lexical.matching(connection, self._frequencies(terms), self.info.passages, limit, filters)

    def phrase(self, words: Sequence[str], limit: int) -> list[str]:
        """The ids of at most ``limit`` passages that hold ``words`` (from `words.words`) one after the other.

        A passage also holds the words of its document's title. Raises as `lexical` does.
        """
        with self._reading() as connection:
            self._check_words(connection)
            return lexical.phrase(connection, words, limit)

    def inventory(self, search: str, filters: Filters, offset: int, limit: int) -> Inventory:
        """A page of the list of documents, and what the whole list holds. Raises as `Store.inventory` does."""
        with self._reading() as connection:
            if search:
                self._check_words(connection)
            return inventory.inventory(connection, search, filters, offset, limit)

    def matching(self, search: str, filters: Filters, limit: int) -> list[str]:
        """The ids of the documents in such a list. Raises as `Store.inventory` does."""
        with self._reading() as connection:
            if search:
                self._check_words(connection)
            return inventory.matching(connection, search, filters, limit)

    def dated(self, period: str, filters: Filters, limit: int) -> list[str]:
        """The ids of the documents that pass and whose date lies within a partial ISO date."""
        with self._reading() as connection:
            return catalog.dated(connection, period, filters, limit)

    def document_frequency(self, terms: Sequence[str]) -> dict[str, int]:
        """In how many passages each term stands. Raises as `lexical` does."""
        with self._reading() as connection:
            self._check_words(connection)
            return self._frequencies(terms)

    def _frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        return self._store._frequencies.of(self._connection, self._state, terms)

    def _check_words(self, connection: sa.Connection) -> None:
        if not lexical.words_are_current(connection):
            raise IndexMismatch(
                f"The words in {self._store.home.short} were indexed by another version.",
                f"Run askcorpus rebuild{self._store.home.options} (it embeds nothing).",
            )


class Writer:
    """Changes to a store, each of which is whole and lasting when the call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shared: sa.Connection | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written inside becomes visible, and lasting, all at once at the end; or, after an error, not at all.

        What one of the calls raises can be caught inside: nothing of that call remains, and the others stand.
        """
        with self._database.writing() as connection:
            self._shared = connection
            try:
                yield
            finally:
                self._shared = None

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        if self._shared is None:
            with self._database.writing() as connection:
                yield connection
        else:
            with self._shared.begin_nested():
                yield self._shared

    def put(self, document: Document, passages: Iterable[StoredPassage], file: str = "") -> None:
        """Write a document in place of what has its origin (or its id): readers see the old one, then the new one.

        The passages of a long document may come from a generator, which keeps few in memory; what that raises passes
        through, and nothing is written then. ``file`` is the path in its origin, where that names a record in a file.

        Raises:
            ReadError: the text is not valid Unicode, or a vector is not finite.
            StorageError: read-only, full or damaged.
        """
        with self._writing() as connection:
            catalog.put(connection, document, passages, file)

    def remove(self, document_ids: Sequence[str]) -> int:
        """Remove documents; returns how many were there. Their files bring them back when they are read again."""
        with self._writing() as connection:
            return catalog.remove(connection, document_ids)

    def withhold(self, document_ids: Sequence[str]) -> int:
        """Remove documents for good: their files will not bring them back. Returns how many of them were there.

        One that is damaged does come back, whole, at the next ingest: to have it anew is why anyone removes it.
        """
        with self._writing() as connection:
            ill = damaged(connection, int(schema.meta(connection)["dimension"]), document_ids)
            files.forget_files_of(connection, ill)
            files.withhold(connection, [name for name in document_ids if name not in ill])
            return catalog.remove(connection, document_ids)

    def restore(self, document_ids: Sequence[str]) -> set[str]:
        """Let the next ingest bring back what was removed for good; returns those of the ids that were."""
        with self._writing() as connection:
            return files.restore(connection, document_ids)

    def keep_out(self, documents: Sequence[Withheld]) -> None:
        """Let documents that are not there stay out."""
        with self._writing() as connection:
            files.keep_out(connection, documents)

    def note_files(self, read: Sequence[KnownFile]) -> None:
        """Keep what was read, in place of what was noted of the same paths."""
        with self._writing() as connection:
            files.note_files(connection, read)

    def forget_files(self, paths: Sequence[str]) -> None:
        """Let these files be read again at the next run."""
        with self._writing() as connection:
            files.forget_files(connection, paths)

    def move_file(self, old: str, new: str) -> None:
        """Let all that is from one file be from another, which has the same bytes."""
        with self._writing() as connection:
            files.move_file(connection, old, new)
