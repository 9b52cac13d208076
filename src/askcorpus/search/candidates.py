"""What a search finds: passages with their scores, and the readings of the question that they were found with."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from askcorpus.embedding.baseline import ScoreBaseline
from askcorpus.index.store import StoredPassage
from askcorpus.search.query import Query
from askcorpus.types import Hit, Match


class Candidate(NamedTuple):
    """A hit with its stored vectors, and what its fused score is made of: what each reading of the question found in
    it, and what being of the time asked is worth."""

    hit: Hit
    stored: StoredPassage
    matches: tuple[Match, ...]
    preference: float


class Reading(NamedTuple):
    """One reading of a question, and the scale on which this corpus is measured for it.

    ``baseline`` is what unrelated passages score; ``weights`` has the idf of each of its terms, the rarest for those
    that no passage holds. ``importance`` is what this reading of a question counts; those of all its readings add up
    to 1.
    """

    vector: NDArray[np.float32]
    baseline: ScoreBaseline
    weights: dict[str, float]
    known: frozenset[str]
    importance: float = 1.0


class Retrieval(NamedTuple):
    """What was found for a query, best first, and the readings it was found with.

    ``alone`` is what a follow-up finds without what was said before it; the same as ``candidates`` for a question that
    follows nothing.
    """

    query: Query
    candidates: tuple[Candidate, ...]
    readings: tuple[Reading, ...]
    alone: tuple[Candidate, ...] = ()

    def found(self, reading: int) -> tuple[Candidate, ...]:
        """What one of the readings is read with, best first."""
        return self.alone if self.alone and reading == 0 else self.candidates

    def as_read(self, reading: int) -> "Retrieval":
        """Only what one of the readings is read with: where a follow-up is read alone, what was said before counts
        nothing."""
        if len(self.readings) == 1 or reading:
            return self
        first, *others = self.readings
        readings = (first._replace(importance=1.0), *(one._replace(importance=0.0) for one in others))
        return self._replace(candidates=self.found(reading), readings=readings)

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The hits alone, best first."""
        return tuple(candidate.hit for candidate in self.candidates)
