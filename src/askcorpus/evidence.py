"""The sentences that may answer, and how well they do: what extracting, and knowing when not to, are decided by."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from askcorpus.embeddings import SentenceEmbeddings
from askcorpus.retrieve import Candidate, Reading, Retrieval
from askcorpus.types import Hit, Span
from askcorpus.words import terms

PASSAGES = 5
"""Passages whose sentences are weighed."""

READ_ALONE = 8
"""Sentences that are embedded once more, each alone. That tells them apart better than the vectors of sentences read
in their passage, but costs time with every question, so those vectors choose which (docs/quality.md)."""

RANK_WEIGHT = 0.5
COVERAGE_WEIGHT = 4.0


class Evidence(NamedTuple):
    """One sentence, weighed.

    ``span`` are document offsets; ``similarity`` is the cosine similarity of the sentence, read alone, to the
    question; ``standing`` the same in standard deviations above the corpus's background; ``coverage`` the share of
    the question's weight (idf) that the sentence holds; ``score`` what sentences are ordered by.
    """

    hit: Hit
    rank: int
    span: Span
    text: str
    similarity: float
    standing: float
    coverage: float
    score: float


def weigh(retrieval: Retrieval, embeddings: SentenceEmbeddings) -> tuple[Evidence, ...]:
    """The most promising sentences of the best passages, best first; none when there are no passages."""
    sentences = [
        (rank, candidate, index)
        for rank, candidate in enumerate(retrieval.candidates[:PASSAGES])
        for index in range(len(candidate.stored.sentences))
    ]
    if not sentences:
        return ()
    first = [_promise(retrieval.readings, candidate, index) for _, candidate, index in sentences]
    chosen = [sentences[i] for i in np.argsort(first)[::-1][:READ_ALONE]]
    texts = [_text(candidate.hit, candidate.stored.sentences[index]) for _, candidate, index in chosen]
    vectors = embeddings.embed_sentences(texts)
    weighed = [
        _evidence(retrieval.readings, rank, candidate, candidate.stored.sentences[index], text, vector)
        for (rank, candidate, index), text, vector in zip(chosen, texts, vectors, strict=True)
    ]
    return tuple(sorted(weighed, key=lambda evidence: -evidence.score))


def _promise(readings: Sequence[Reading], candidate: Candidate, index: int) -> float:
    span = candidate.stored.sentences[index]
    similarity = max(_cosine(candidate.stored.sentence_vectors[index], r) for r in readings)
    standing = (similarity - readings[0].background[0]) / max(readings[0].background[1], 1e-3)
    return standing + _score_of_place(candidate) + COVERAGE_WEIGHT * _coverage(readings, _text(candidate.hit, span))


def _evidence(
    readings: Sequence[Reading], rank: int, candidate: Candidate, span: Span, text: str, vector: np.ndarray
) -> Evidence:
    similarity = max(_cosine(vector, r) for r in readings)
    standing = max((_cosine(vector, r) - r.background[0]) / max(r.background[1], 1e-3) for r in readings)
    coverage = _coverage(readings, text)
    score = standing + _score_of_place(candidate) + COVERAGE_WEIGHT * coverage
    return Evidence(candidate.hit, rank, span, text, similarity, standing, coverage, score)


def _score_of_place(candidate: Candidate) -> float:
    return RANK_WEIGHT * candidate.hit.scores.fused


def _cosine(vector: np.ndarray, reading: Reading) -> float:
    return float(vector.astype(np.float32) @ reading.vector)


def _coverage(readings: Sequence[Reading], text: str) -> float:
    held = set(terms(text))
    return max(
        sum(weight for term, weight in r.weights.items() if term in held) / (sum(r.weights.values()) or 1.0)
        for r in readings
    )


def _text(hit: Hit, span: Span) -> str:
    return hit.text[span.start - hit.start : span.end - hit.start]
