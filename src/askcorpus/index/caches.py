"""What is computed from the catalog once, and kept for all snapshots of a store until the catalog changes."""

from collections.abc import Callable
from typing import Generic, TypeVar

import sqlalchemy as sa

from askcorpus.index import catalog, stories
from askcorpus.index.exact import Exact
from askcorpus.index.frequencies import Frequencies
from askcorpus.index.passages import count_passages
from askcorpus.index.schema import State
from askcorpus.types import Filters, IndexInfo

_Value = TypeVar("_Value")


class Cached(Generic[_Value]):
    """A value that is computed from one state of the catalog. Threads may share it."""

    def __init__(self, work_out: Callable[[sa.Connection], _Value]) -> None:
        self._work_out = work_out
        self._kept: tuple[State, _Value] | None = None

    def of(self, connection: sa.Connection, state: State) -> _Value:
        """The value in ``state``, which is the one that ``connection`` reads."""
        kept = self._kept
        if kept is None or kept[0] != state:
            kept = self._kept = (state, self._work_out(connection))
        return kept[1]


class Caches:
    """All such values of a store."""

    def __init__(self, fingerprint: str, dimension: int) -> None:
        def count(connection: sa.Connection) -> IndexInfo:
            documents, passages = catalog.count(connection, Filters()), count_passages(connection)
            return IndexInfo(fingerprint=fingerprint, documents=documents, passages=passages)

        self.info = Cached(count)  # to count is to go through an index: 20 ms over a million passages
        self.sample = Cached(catalog.sample)
        self.repeated = Cached(stories.told_twice)
        self.frequencies = Frequencies()
        self.exact = Exact(dimension)
