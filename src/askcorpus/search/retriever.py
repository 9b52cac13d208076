"""From a query to the passages that may answer it: two halves, one order, no repeats."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from askcorpus.embedding.baseline import ScoreBaseline, blend
from askcorpus.index.store import Snapshot, StoredPassage
from askcorpus.search.candidates import Candidate, Reading, Retrieval
from askcorpus.search.duplicates import collapse
from askcorpus.search.fusion import fuse, idf, lexical_share
from askcorpus.search.period import PREFERENCE
from askcorpus.search.query import Query
from askcorpus.search.reranker import Reranker
from askcorpus.text.dates import overlaps
from askcorpus.types import Filters, Hit, Match, Scores

CANDIDATES = 100
"""Passages that each half brings for each reading of the question."""

RERANKED = 30
"""Passages that a cross-encoder reads."""

CONTEXT_NEEDED = (7.0, 4.0)
CONTEXT_IMPORTANCE = (0.1, 0.6)
"""The less a follow-up finds by itself, the more its context counts: from the evidence (``fuse``) of its best passage
from which it stands alone, to that from which it says next to nothing without the turns before (docs/quality.md)."""


class Retriever:
    """Dense and lexical search: fused, near-duplicates collapsed, on request reranked."""

    def __init__(self, reranker: Reranker | None = None) -> None:
        self.reranker = reranker

    def retrieve(self, index: Snapshot, query: Query, filters: Filters, limit: int) -> Retrieval:
        """The ``limit`` best passages of ``index`` for ``query`` among the documents that pass ``filters``."""
        readings = tuple(
            _reading(index, vector, terms, unrelated)
            for vector, terms, unrelated in zip(query.vectors, query.terms, query.baselines, strict=True)
        )
        lexical = [dict(index.lexical(list(r.weights), CANDIDATES, filters)) for r in readings]
        dense = [index.dense(r.vector, CANDIDATES, filters) for r in readings]
        ids = list(
            dict.fromkeys([id_ for found in dense for id_, _ in found] + [id_ for found in lexical for id_ in found])
        )
        stored, hits = index.stored(ids), index.hits(ids)
        ids = [id_ for id_ in ids if id_ in stored and id_ in hits]
        bm25 = {id_: [scores.get(id_) for scores in lexical] for id_ in ids}
        matches = {id_: _matches(hits[id_], stored[id_], readings, bm25[id_]) for id_ in ids}
        readings = _weighed(readings, list(matches.values()))
        found = [_candidate(hits[id_], stored[id_], readings, bm25[id_], matches[id_], query.period) for id_ in ids]
        ranked = sorted(found, key=lambda candidate: -candidate.hit.scores.fused)
        if self.reranker:
            ranked = self._rerank(query.standalone, ranked)
        copies = index.copies(list(dict.fromkeys(candidate.hit.document_id for candidate in ranked)))
        return Retrieval(query, tuple(collapse(ranked, limit, copies)), readings)

    def _rerank(self, question: str, ranked: Sequence[Candidate]) -> list[Candidate]:
        assert self.reranker is not None
        head, tail = ranked[:RERANKED], ranked[RERANKED:]
        scores = self.reranker.score(question, [candidate.hit.text for candidate in head])
        scored = [_with_scores(candidate, rerank=score) for candidate, score in zip(head, scores, strict=True)]
        return sorted(scored, key=lambda candidate: -(candidate.hit.scores.rerank or 0.0)) + list(tail)


def _reading(index: Snapshot, vector: NDArray[np.float32], terms: Sequence[str], unrelated: ScoreBaseline) -> Reading:
    passages = index.info.passages
    frequencies = index.document_frequency(terms)
    weights = {term: idf(frequencies[term], passages) for term in terms}
    known = frozenset(term for term in terms if frequencies[term])
    return Reading(vector, blend(index.baseline(vector), passages, unrelated), weights, known)


def _matches(
    hit: Hit, stored: StoredPassage, readings: Sequence[Reading], bm25: Sequence[float | None]
) -> tuple[Match, ...]:
    """How much evidence a passage is for each reading."""
    return tuple(_match(hit, stored, r, score) for r, score in zip(readings, bm25, strict=True))


def _weighed(readings: tuple[Reading, ...], matches: Sequence[Sequence[Match]]) -> tuple[Reading, ...]:
    """The readings with what each counts, by how much the question finds as it is."""
    if len(readings) == 1 or not matches:
        return readings
    best = max(alone.evidence for alone, *_ in matches)
    context = float(np.interp(best, CONTEXT_NEEDED[::-1], CONTEXT_IMPORTANCE[::-1]))
    alone, in_context = readings
    return alone._replace(importance=1 - context), in_context._replace(importance=context)


def _candidate(
    hit: Hit,
    stored: StoredPassage,
    readings: Sequence[Reading],
    lexical: Sequence[float | None],
    matches: tuple[Match, ...],
    period: str,
) -> Candidate:
    """A hit with its scores: the weighted mean of the evidence that it is for each reading, and its date's worth."""
    preference = PREFERENCE if overlaps(hit.date, period) else 0.0
    scores = Scores(
        dense=max(float(stored.vector @ r.vector) for r in readings),
        lexical=max((score for score in lexical if score is not None), default=None),
        fused=sum(r.importance * match.evidence for r, match in zip(readings, matches, strict=True)) + preference,
    )
    return Candidate(hit.model_copy(update={"scores": scores}), stored, matches, preference)


def _match(hit: Hit, stored: StoredPassage, reading: Reading, bm25: float | None) -> Match:
    similarity = _similarity(stored, reading.vector)
    z_score = reading.baseline.z_score(similarity, hit.language)
    share = lexical_share(bm25 or 0.0, reading.weights.values())
    return Match(similarity=similarity, standing=z_score, lexical_share=share, evidence=fuse(z_score, share))


def _similarity(stored: StoredPassage, vector: NDArray[np.float32]) -> float:
    """The passage's similarity, averaged with its nearest sentence's: a passage may touch on more than is asked."""
    whole = float(stored.vector @ vector)
    if not len(stored.sentence_vectors):
        return whole
    return (whole + float(np.max(stored.sentence_vectors.astype(np.float32) @ vector))) / 2


def _with_scores(candidate: Candidate, **scores: float) -> Candidate:
    hit = candidate.hit.model_copy(update={"scores": candidate.hit.scores.model_copy(update=scores)})
    return candidate._replace(hit=hit)
