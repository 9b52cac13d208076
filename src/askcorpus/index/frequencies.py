"""Document frequencies of terms, cached while a store does not change: counting a common term means reading every
passage that contains it, and most questions share the same common terms."""

from collections.abc import Sequence

import sqlalchemy as sa

from askcorpus.index import lexical
from askcorpus.index.schema import State

KEPT = 50_000
"""Terms that are remembered."""


class Frequencies:
    """The frequencies of the terms that were asked about, in one state of the store. Threads may share it."""

    def __init__(self) -> None:
        self._known: tuple[State, dict[str, int]] = (State("", 0), {})

    def of(self, connection: sa.Connection, state: State, terms: Sequence[str]) -> dict[str, int]:
        """How many passages (or their titles) contain each term."""
        of, known = self._known
        if of != state or len(known) > KEPT:
            known = {}
            self._known = (state, known)
        if unknown := [term for term in terms if term not in known]:
            known |= lexical.document_frequency(connection, unknown)
        return {term: known[term] for term in terms}
