"""What a search finds: passages with their scores, and the readings of the question that found them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from askcorpus.embedding.baseline import ScoreBaseline
from askcorpus.index.store import StoredPassage
from askcorpus.search.query import Query
from askcorpus.types import Hit, Match


class Candidate(NamedTuple):
    """A hit with its stored vectors and the parts of its fused score: its match with each reading of the question, and
    the bonus (``preference``) for being of the period asked about."""

    hit: Hit
    stored: StoredPassage
    matches: tuple[Match, ...]
    preference: float


class Reading(NamedTuple):
    """One reading of a question, with what its scores are measured by.

    ``baseline`` has the scores of unrelated passages; ``weights`` has the idf of each term, that of the rarest for
    terms in no passage; ``known`` are the terms that some passage contains. ``importance`` is the weight of this
    reading; the weights of all readings add up to 1.
    """

    vector: NDArray[np.float32]
    baseline: ScoreBaseline
    weights: dict[str, float]
    known: frozenset[str]
    importance: float = 1.0


class Retrieval(NamedTuple):
    """What was found for a query, best first, and the readings that found it.

    ``alone`` is what a follow-up finds without the conversation before it; empty for a question with one reading, and
    if a cross-encoder orders the passages.
    """

    query: Query
    candidates: tuple[Candidate, ...]
    readings: tuple[Reading, ...]
    alone: tuple[Candidate, ...] = ()

    def found(self, reading: int) -> tuple[Candidate, ...]:
        """The candidates of one reading, best first."""
        return self.alone if self.alone and reading == 0 else self.candidates

    def as_read(self, reading: int) -> "Retrieval":
        """The retrieval as one of the readings sees it: if a follow-up is read alone, the conversation before it does
        not count."""
        if len(self.readings) == 1 or reading:
            return self
        first, *others = self.readings
        readings = (first._replace(importance=1.0), *(one._replace(importance=0.0) for one in others))
        return self._replace(candidates=self.found(reading), readings=readings)

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The hits alone, best first."""
        return tuple(candidate.hit for candidate in self.candidates)
