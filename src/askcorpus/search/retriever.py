"""From a query to the passages that may answer it: dense and lexical search, fused, without near-duplicates."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from askcorpus.embedding.baseline import ScoreBaseline, blend
from askcorpus.index.store import Snapshot, StoredPassage
from askcorpus.search.candidates import Candidate, Reading, Retrieval
from askcorpus.search.duplicates import collapse
from askcorpus.search.fusion import fuse, idf, lexical_share
from askcorpus.search.period import is_of_time
from askcorpus.search.query import Query
from askcorpus.search.reranker import Reranker
from askcorpus.tuning import TUNING, Tuning
from askcorpus.types import Filters, Hit, Match, Scores

RERANKED = 30
"""Passages that a cross-encoder reads."""


class Retriever:
    """Dense and lexical search, fused, near-duplicates collapsed and, if asked for, reranked."""

    def __init__(self, reranker: Reranker | None = None, tuning: Tuning = TUNING) -> None:
        self.reranker = reranker
        self.tuning = tuning

    def retrieve(self, index: Snapshot, query: Query, filters: Filters, limit: int) -> Retrieval:
        """The ``limit`` best passages of ``index`` for ``query`` among the documents that pass ``filters``."""
        tuning = self.tuning
        readings = tuple(
            _reading(index, vector, terms, unrelated, tuning)
            for vector, terms, unrelated in zip(query.vectors, query.terms, query.baselines, strict=True)
        )
        lexical = [dict(index.lexical(list(r.weights), tuning.candidates, filters)) for r in readings]
        dense = [index.dense(r.vector, tuning.candidates, filters) for r in readings]
        ids = list(
            dict.fromkeys([id_ for found in dense for id_, _ in found] + [id_ for found in lexical for id_ in found])
        )
        stored, hits = index.stored(ids), index.hits(ids)
        ids = [id_ for id_ in ids if id_ in stored and id_ in hits]
        bm25 = {id_: [scores.get(id_) for scores in lexical] for id_ in ids}
        matches = {id_: _matches(hits[id_], stored[id_], readings, bm25[id_], tuning) for id_ in ids}
        readings = _weighed(readings, list(matches.values()), tuning)
        of_time = {id_: is_of_time(query.period, hits[id_].date, hits[id_].title) for id_ in ids}
        preferred = {id_: tuning.period_preference * of_time[id_] for id_ in ids}
        found = [_candidate(hits[id_], stored[id_], readings, bm25[id_], matches[id_], preferred[id_]) for id_ in ids]
        ranked = sorted(found, key=lambda candidate: -candidate.hit.scores.fused)
        if self.reranker:
            ranked = self._rerank(query.standalone, ranked)
        kept = tuple(collapse(ranked, limit, index.copies, tuning))
        if self.reranker or len(readings) == 1:
            return Retrieval(query, kept, readings)
        alone = sorted(map(_alone, found), key=lambda candidate: -candidate.hit.scores.fused)
        return Retrieval(query, kept, readings, tuple(collapse(alone, limit, index.copies, tuning)))

    def _rerank(self, question: str, ranked: Sequence[Candidate]) -> list[Candidate]:
        assert self.reranker is not None
        head, tail = ranked[:RERANKED], ranked[RERANKED:]
        scores = self.reranker.score(question, [candidate.hit.text for candidate in head])
        scored = [_with_scores(candidate, rerank=score) for candidate, score in zip(head, scores, strict=True)]
        return sorted(scored, key=lambda candidate: -(candidate.hit.scores.rerank or 0.0)) + list(tail)


def _reading(
    index: Snapshot, vector: NDArray[np.float32], terms: Sequence[str], unrelated: ScoreBaseline, tuning: Tuning
) -> Reading:
    passages = index.info.passages
    frequencies = index.document_frequency(terms)
    weights = {term: idf(frequencies[term], passages) for term in terms}
    known = frozenset(term for term in terms if frequencies[term])
    baseline = blend(index.baseline(vector, tuning), passages, unrelated, tuning)
    return Reading(vector, baseline, weights, known)


def _matches(
    hit: Hit, stored: StoredPassage, readings: Sequence[Reading], bm25: Sequence[float | None], tuning: Tuning
) -> tuple[Match, ...]:
    """How well a passage matches each reading."""
    return tuple(_match(hit, stored, r, score, tuning) for r, score in zip(readings, bm25, strict=True))


def _weighed(readings: tuple[Reading, ...], matches: Sequence[Sequence[Match]], tuning: Tuning) -> tuple[Reading, ...]:
    """The readings with their weights: the less the question finds by itself, the more its context counts."""
    if len(readings) == 1 or not matches:
        return readings
    best = max(alone.evidence for alone, *_ in matches)
    context = float(np.interp(best, tuning.context_needed[::-1], tuning.context_importance[::-1]))
    alone, in_context = readings
    return alone._replace(importance=1 - context), in_context._replace(importance=context)


def _candidate(
    hit: Hit,
    stored: StoredPassage,
    readings: Sequence[Reading],
    lexical: Sequence[float | None],
    matches: tuple[Match, ...],
    preference: float,
) -> Candidate:
    """A hit with its scores: the weighted mean of the evidence for each reading, plus the bonus for its date."""
    scores = Scores(
        dense=max(float(stored.vector @ r.vector) for r in readings),
        lexical=max((score for score in lexical if score is not None), default=None),
        fused=sum(r.importance * match.evidence for r, match in zip(readings, matches, strict=True)) + preference,
    )
    return Candidate(hit.model_copy(update={"scores": scores}), stored, matches, preference)


def _alone(candidate: Candidate) -> Candidate:
    """A candidate scored by the question alone, without its context."""
    return _with_scores(candidate, fused=candidate.matches[0].evidence + candidate.preference)


def _match(hit: Hit, stored: StoredPassage, reading: Reading, bm25: float | None, tuning: Tuning) -> Match:
    similarity = _similarity(stored, reading.vector, tuning.sentence_share)
    z_score = reading.baseline.z_score(similarity, hit.language)
    share = lexical_share(bm25 or 0.0, reading.weights.values())
    return Match(similarity=similarity, standing=z_score, lexical_share=share, evidence=fuse(z_score, share, tuning))


def _similarity(stored: StoredPassage, vector: NDArray[np.float32], sentence_share: float) -> float:
    """The passage's similarity, a share of which is that of its nearest sentence."""
    whole = float(stored.vector @ vector)
    if not len(stored.sentence_vectors):
        return whole
    nearest = float(np.max(stored.sentence_vectors.astype(np.float32) @ vector))
    return (1 - sentence_share) * whole + sentence_share * nearest


def _with_scores(candidate: Candidate, **scores: float) -> Candidate:
    hit = candidate.hit.model_copy(update={"scores": candidate.hit.scores.model_copy(update=scores)})
    return candidate._replace(hit=hit)
