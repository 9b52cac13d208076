"""From a query to the passages that may answer it: two halves, one order, no repeats."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from askcorpus.background import Background, blend
from askcorpus.fuse import fuse, idf, lexical_share
from askcorpus.period import PREFERENCE, overlaps
from askcorpus.query import Query
from askcorpus.rerank import Reranker
from askcorpus.store import Store, StoredPassage
from askcorpus.types import Filters, Hit, Match, Scores
from askcorpus.words import words

CANDIDATES = 100
"""Passages that each half brings for each reading of the question."""

RERANKED = 30
"""Passages that a cross-encoder reads."""

SHINGLE = 4
SAME_STORY = 0.8
"""Share of four-word runs (Jaccard) from which two passages tell the same story in the same words."""


READING_WEIGHTS = (2.0, 1.0)
"""What the question as it is and the question in its context count. What answers a follow-up is near to both; what is
near to the context only answers the question before (docs/quality.md)."""


class Candidate(NamedTuple):
    """A hit with its stored vectors, and what its fused score is made of: what each reading of the question found in
    it, and what being of the time asked is worth."""

    hit: Hit
    stored: StoredPassage
    matches: tuple[Match, ...]
    preference: float


class Reading(NamedTuple):
    """One reading of a question, and the scale on which this corpus is measured for it.

    ``background`` is what unrelated passages score, ``cohort`` what texts from outside do; ``weights`` has the idf of
    each of its terms, the rarest for those that no passage holds.
    """

    vector: NDArray[np.float32]
    background: Background
    cohort: Background
    weights: dict[str, float]
    known: frozenset[str]


class Retrieval(NamedTuple):
    """What was found for a query, best first, and the readings it was found with."""

    query: Query
    candidates: tuple[Candidate, ...]
    readings: tuple[Reading, ...]

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The hits alone, best first."""
        return tuple(candidate.hit for candidate in self.candidates)


class Retriever:
    """Dense and lexical search over one store: fused, near-duplicates collapsed, on request reranked."""

    def __init__(self, store: Store, reranker: Reranker | None = None) -> None:
        self.store = store
        self.reranker = reranker

    def retrieve(self, query: Query, filters: Filters, limit: int) -> Retrieval:
        """The ``limit`` best passages for ``query`` among the documents that pass ``filters``."""
        passages = self.store.info().passages
        readings = tuple(
            self._reading(vector, terms, cohort, passages)
            for vector, terms, cohort in zip(query.vectors, query.terms, query.cohort, strict=True)
        )
        lexical = [dict(self.store.lexical(list(r.weights), CANDIDATES, filters)) for r in readings]
        dense = [self.store.dense(r.vector, CANDIDATES, filters) for r in readings]
        ids = list(
            dict.fromkeys([id_ for found in dense for id_, _ in found] + [id_ for found in lexical for id_ in found])
        )
        stored, hits = self.store.stored(ids), self.store.hits(ids)
        found = [
            _candidate(hits[id_], stored[id_], readings, [scores.get(id_) for scores in lexical], query.period)
            for id_ in ids
            if id_ in stored and id_ in hits
        ]
        ranked = sorted(found, key=lambda candidate: -candidate.hit.scores.fused)
        if self.reranker:
            ranked = self._rerank(query.standalone, ranked)
        return Retrieval(query, tuple(_collapse(ranked, limit)), readings)

    def _reading(self, vector: NDArray[np.float32], terms: Sequence[str], cohort: Background, passages: int) -> Reading:
        frequencies = self.store.document_frequency(terms)
        weights = {term: idf(frequencies[term], passages) for term in terms}
        known = frozenset(term for term in terms if frequencies[term])
        background = blend(self.store.background(vector), passages, cohort)
        return Reading(vector, background, cohort, weights, known)

    def _rerank(self, question: str, ranked: Sequence[Candidate]) -> list[Candidate]:
        assert self.reranker is not None
        head, tail = ranked[:RERANKED], ranked[RERANKED:]
        scores = self.reranker.score(question, [candidate.hit.text for candidate in head])
        scored = [_with_scores(candidate, rerank=score) for candidate, score in zip(head, scores, strict=True)]
        return sorted(scored, key=lambda candidate: -(candidate.hit.scores.rerank or 0.0)) + list(tail)


def _candidate(
    hit: Hit, stored: StoredPassage, readings: Sequence[Reading], lexical: Sequence[float | None], period: str
) -> Candidate:
    """A hit with its scores: for each reading how much evidence it is, their weighted mean, and its date's worth."""
    matches = tuple(_match(hit, stored, r, score) for r, score in zip(readings, lexical, strict=True))
    preference = PREFERENCE if overlaps(hit.date, period) else 0.0
    scores = Scores(
        dense=max(float(stored.vector @ r.vector) for r in readings),
        lexical=max((score for score in lexical if score is not None), default=None),
        fused=over_readings(match.evidence for match in matches) + preference,
    )
    return Candidate(hit.model_copy(update={"scores": scores}), stored, matches, preference)


def _match(hit: Hit, stored: StoredPassage, reading: Reading, bm25: float | None) -> Match:
    similarity = _similarity(stored, reading.vector)
    standing = reading.background.standing(similarity, hit.language)
    share = lexical_share(bm25 or 0.0, reading.weights.values())
    return Match(similarity=similarity, standing=standing, lexical_share=share, evidence=fuse(standing, share))


def over_readings(values: Iterable[float]) -> float:
    """The weighted mean of a measurement over the readings of a question."""
    found = list(values)
    return float(np.average(found, weights=READING_WEIGHTS[: len(found)]))


def _similarity(stored: StoredPassage, vector: NDArray[np.float32]) -> float:
    """The passage's similarity, averaged with its nearest sentence's: a passage may touch on more than is asked."""
    whole = float(stored.vector @ vector)
    if not len(stored.sentence_vectors):
        return whole
    return (whole + float(np.max(stored.sentence_vectors.astype(np.float32) @ vector))) / 2


def _with_scores(candidate: Candidate, **scores: float) -> Candidate:
    hit = candidate.hit.model_copy(update={"scores": candidate.hit.scores.model_copy(update=scores)})
    return candidate._replace(hit=hit)


def _collapse(ranked: Iterable[Candidate], limit: int) -> list[Candidate]:
    """The first ``limit`` passages that are no near-copies of a better one; copies are listed on the one they copy."""
    kept: list[tuple[Candidate, frozenset[tuple[str, ...]]]] = []
    copies: dict[str, list[str]] = {}
    for candidate in ranked:
        shingles = _shingles(candidate.hit.text)
        original = next((k.hit.passage_id for k, own in kept if _jaccard(shingles, own) >= SAME_STORY), None)
        if original is not None:
            copies.setdefault(original, []).append(candidate.hit.passage_id)
        elif len(kept) == limit:
            break
        else:
            kept.append((candidate, shingles))
    return [
        candidate._replace(
            hit=candidate.hit.model_copy(update={"duplicates": tuple(copies.get(candidate.hit.passage_id, ()))})
        )
        for candidate, _ in kept
    ]


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    found = words(text)
    return frozenset(tuple(found[i : i + SHINGLE]) for i in range(max(1, len(found) - SHINGLE + 1)))


def _jaccard(left: frozenset[tuple[str, ...]], right: frozenset[tuple[str, ...]]) -> float:
    return len(left & right) / len(left | right) if left or right else 0.0
