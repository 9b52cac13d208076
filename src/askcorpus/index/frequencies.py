"""In how many passages terms stand, remembered for as long as a store does not change: to count a common term means to
go through all that hold it, and most questions have the same common terms."""

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
        """In how many passages (or their titles) each term stands."""
        of, known = self._known
        if of != state or len(known) > KEPT:
            known = {}
            self._known = (state, known)
        if unknown := [term for term in terms if term not in known]:
            known |= lexical.document_frequency(connection, unknown)
        return {term: known[term] for term in terms}
