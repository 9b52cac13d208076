"""Exact search: the passages nearest to a vector, found by comparing it with all vectors of the catalog.

In memory, 1.5 kB a passage at 384 dimensions; 5 ms over 100 000 passages.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from askcorpus.index import passages
from askcorpus.index.schema import Seqs, State, Vector

EXACT_UPTO = 50_000
"""Passages up to which a question is compared with all of them: that takes 5 ms at most, and the same are found
whichever process asks. Chroma's graph can lose sight of a passage altogether
(docs/quality.md, Choices that came out of such runs)."""

FEW = 20_000
"""Passages up to which those that pass a filter are read when they are asked for (0.1 s) rather than all vectors."""


class Neighbour(NamedTuple):
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
    ) -> list[Neighbour]:
        """The ``limit`` nearest passages, best first; only of ``documents`` (by number) where given."""
        if documents is not None and self._matrix.state != state and passages.count_of(connection, documents) <= FEW:
            return _among(passages.vectors_in(connection, documents), vector, limit)
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
        gone, new = passages.changes(connection, old.seqs)
        if gone.size:
            alive = np.isin(old.seqs, gone, invert=True)
            old = _Matrix(old.state, old.seqs[alive], old.owners[alive], old.rows[alive])
        keep = old.seqs.size
        seqs, owners, rows = (_with_room(array, keep + new.size) for array in old[1:])
        place = keep
        for some in passages.vectors_after(connection, last):
            end = place + len(some.seqs)
            seqs[place:end], owners[place:end], rows[place:end] = some
            place = end
        return _Matrix(state, seqs, owners, rows)


def _with_room(array: NDArray[Any], size: int) -> NDArray[Any]:
    """``array`` at ``size`` rows, the further ones to be filled; copied only when there is no room behind it."""
    room = array if array.base is None else array.base
    if not isinstance(room, np.ndarray) or len(room) < size:
        room = np.empty((size + size // 8, *array.shape[1:]), array.dtype)
        room[: len(array)] = array
    return room[:size]


def nearest(seqs: Seqs, similarities: NDArray[np.float32], limit: int) -> list[Neighbour]:
    """The ``limit`` highest similarities, best first, ties by age."""
    if limit < seqs.size:
        top = np.argpartition(-similarities, limit)[:limit]
        seqs, similarities = seqs[top], similarities[top]
    order = np.lexsort((seqs, -similarities))
    return [Neighbour(int(seqs[n]), float(similarities[n])) for n in order]


def compared(connection: sa.Connection, seqs: Sequence[int], vector: Vector, expected: int) -> list[Neighbour] | None:
    """Passages returned by an approximate index, with similarities from the catalog's vectors, best first; ``None`` if
    the catalog does not have ``expected`` of them."""
    vectors = passages.vectors_of(connection, seqs)
    return _among(vectors, vector, expected) if len(vectors) == expected else None


def _among(vectors: dict[int, Vector], vector: Vector, limit: int) -> list[Neighbour]:
    if not vectors:
        return []
    return nearest(np.fromiter(vectors, np.int64), np.stack(list(vectors.values())) @ vector, limit)
