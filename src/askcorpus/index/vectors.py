"""The protocol of vector indexes, which find near passages in corpora too large to compare them all; and their
choice."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from askcorpus.index.chroma import ChromaIndex
from askcorpus.index.exact import Neighbour
from askcorpus.index.pgvector import PgVector
from askcorpus.index.schema import State, Vector

EMBEDDED = "embedded"
PGVECTOR = "pgvector"

Transaction = Callable[[], AbstractContextManager[sa.Connection]]


class VectorIndex(Protocol):
    """An approximate index: a copy of the catalog's vectors that can be thrown away and made anew.

    It knows passages by their ``seq``, whose vectors never change. It answers only while it holds exactly the passages
    of the state that is asked about, and its answers are checked against the catalog: a copy that is behind, foreign or
    damaged is never trusted. No method raises if the index is unavailable: questions are then searched exactly.

    Every ``connection`` is one that reads the catalog in that ``state``. Any thread may call any method.
    """

    def search(self, connection: sa.Connection, state: State, vector: Vector, limit: int) -> list[Neighbour] | None:
        """About the ``limit`` nearest passages to a unit vector, best first, with their exact similarities; ``None``
        where the index cannot tell now. Takes seconds at most, whatever is wrong with it."""
        ...

    def sync(self, connection: sa.Connection, state: State, progress: Callable[[int, int], None]) -> str:
        """Sync the index with the catalog; why that could not be done, or nothing. The caller holds the right to write.
        ``progress(done, total)`` counts passages."""
        ...

    def erase(self, state: State) -> None:
        """Forget everything about this catalog, so that the next `sync` starts anew."""
        ...

    def status(self, connection: sa.Connection, state: State) -> tuple[bool, str]:
        """Whether all is well, and a line on how the index stands to the catalog. Never waits for long."""
        ...

    def close(self) -> None:
        """Give back files, locks and connections; a later use opens them again."""
        ...


def vector_index(
    where: str, token: str | None, folder: Path, reading: Transaction, writing: Transaction
) -> VectorIndex:
    """The index of that kind (`Settings.vectors`), for the catalog that is read and written in these transactions.

    Raises:
        UsageError: ``where`` is neither ``embedded`` nor ``pgvector`` nor the address of a server.
    """
    if where == EMBEDDED:
        return ChromaIndex(folder / "chroma", folder / "chroma.lock")
    if where == PGVECTOR:
        return PgVector(writing)
    from askcorpus.index.chroma_server import ChromaServer  # its HTTP client takes a tenth of a second to import

    return ChromaServer(where, token, reading)
