"""One state of a store, as a question reads it: documents, passages, and dense and lexical search."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import sqlalchemy as sa

from askcorpus.embedding.baseline import ScoreBaseline
from askcorpus.embedding.text_model import unit
from askcorpus.errors import IndexMismatch, NothingIngested
from askcorpus.index import catalog, exact, files, inventory, lexical, schema, stories
from askcorpus.index.caches import Caches
from askcorpus.index.catalog import Facets
from askcorpus.index.database import Database, Home
from askcorpus.index.exact import Neighbour
from askcorpus.index.files import KnownFile, Withheld
from askcorpus.index.inventory import Inventory
from askcorpus.index.passages import StoredPassage, hits, ids_of, stored
from askcorpus.index.schema import Vector
from askcorpus.index.spellings import understood
from askcorpus.index.vectors import VectorIndex
from askcorpus.tuning import TUNING, Tuning
from askcorpus.types import Copy, Document, Filters, Hit, IndexInfo, Page, Stories, Story


class Listing(NamedTuple):
    """A stretch of the documents that pass ``filters``, newest first, of ``total`` in all."""

    documents: list[Document]
    total: int
    filters: Filters


def ingest_into(home: Home) -> str:
    """What to do about an index that is not there."""
    return f"Ingest documents (askcorpus ingest PATH), or choose {home.other}."


def nothing_ingested(database: Database) -> NothingIngested:
    """That there is nothing to ask: no document, or no index at all."""
    missing = "are no documents" if database.exists() else "is no index"
    return NothingIngested(f"There {missing} in {database.home.short}.", ingest_into(database.home))


class Snapshot:
    """One state of a store: what one call finds, the next still finds, whatever is written meanwhile.

    Every method raises StorageError where the folder cannot be read. For one thread at a time.
    """

    def __init__(self, connection: sa.Connection, database: Database, caches: Caches, vectors: VectorIndex) -> None:
        self._connection = connection
        self._database = database
        self._caches = caches
        self._vectors = vectors

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._database.translated():
            yield self._connection

    @cached_property
    def info(self) -> IndexInfo:
        """What the index is made with, and its size."""
        with self._reading() as connection:
            return self._caches.info.of(connection, self._state)

    @cached_property
    def _state(self) -> schema.State:
        return schema.state(self._connection)

    def filled(self) -> IndexInfo:
        """The same as `info`, of a store that has something to ask.

        Raises:
            NothingIngested: there is no document, or no index at all: the folder may be mistyped, or was deleted.
        """
        if not self.info.documents:
            raise nothing_ingested(self._database)
        return self.info

    def understood(self, filters: Filters) -> Filters:
        """Filters as people write them, translated to the catalog's own names.

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
            repeated = self._caches.repeated.of(connection, self._state)
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
            found = self._nearest(connection, unit(vector), limit, filters)
            names = ids_of(connection, [near.seq for near in found])
        return [(names[near.seq], near.similarity) for near in found if near.seq in names]

    def _nearest(self, connection: sa.Connection, query: Vector, limit: int, filters: Filters) -> list[Neighbour]:
        search_all, passages = self._caches.exact.search, self.info.passages
        if filters or passages <= exact.EXACT_UPTO:
            wanted = catalog.numbers(connection, filters) if filters else None
            return search_all(connection, self._state, query, limit, wanted)
        found = self._vectors.search(connection, self._state, query, limit)
        return search_all(connection, self._state, query, limit, None) if found is None else found

    def baseline(self, vector: Vector, tuning: Tuning = TUNING) -> ScoreBaseline:
        """What an unrelated passage of this corpus scores for ``vector``, by fixed samples; all 0 in an empty store."""
        with self._reading() as connection:
            sample = self._caches.sample.of(connection, self._state)
        return sample.baseline(unit(vector), tuning)

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
        return self._caches.frequencies.of(self._connection, self._state, terms)

    def _check_words(self, connection: sa.Connection) -> None:
        if not lexical.words_are_current(connection):
            raise IndexMismatch(
                f"The words in {self._database.home.short} were indexed by another version.",
                f"Run askcorpus rebuild{self._database.home.options} (it embeds nothing).",
            )
