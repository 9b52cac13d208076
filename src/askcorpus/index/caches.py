"""What is worked out of the catalog once and kept until that changes, for all snapshots of a store."""

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
    """One thing that is worked out of a state of the catalog. Threads may share it."""

    def __init__(self, work_out: Callable[[sa.Connection], _Value]) -> None:
        self._work_out = work_out
        self._kept: tuple[State, _Value] | None = None

    def of(self, connection: sa.Connection, state: State) -> _Value:
        """What it is in ``state``, which is what ``connection`` reads."""
        kept = self._kept
        if kept is None or kept[0] != state:
            kept = self._kept = (state, self._work_out(connection))
        return kept[1]


class Caches:
    """All that is kept so."""

    def __init__(self, fingerprint: str, dimension: int) -> None:
        def count(connection: sa.Connection) -> IndexInfo:
            documents, passages = catalog.count(connection, Filters()), count_passages(connection)
            return IndexInfo(fingerprint=fingerprint, documents=documents, passages=passages)

        self.info = Cached(count)  # to count is to go through an index: 20 ms over a million passages
        self.sample = Cached(catalog.sample)
        self.repeated = Cached(stories.told_twice)
        self.frequencies = Frequencies()
        self.exact = Exact(dimension)
