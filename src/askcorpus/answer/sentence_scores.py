"""The sentences that may answer, and how well they do: what extracting, and knowing when not to, are decided by."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.search.answer_type import AnswerType, answer_spans
from askcorpus.search.candidates import Candidate, Reading, Retrieval
from askcorpus.search.period import is_of_other_time
from askcorpus.search.query import Query
from askcorpus.text.dates import overlaps
from askcorpus.text.words import terms
from askcorpus.types import Hit, Span

PASSAGES = 5
"""Passages whose sentences are weighed."""

READ_ALONE = 6
"""Sentences that are embedded once more, each alone. That tells them apart better than the vectors of sentences read
in their passage, but costs time with every question, so those vectors choose which (docs/quality.md)."""

RANK_WEIGHT = 0.5
COVERAGE_WEIGHT = 4.0
COVERAGE_FLOOR = 0.2
EXPECTED_WEIGHT = 1.0
FRAGMENT_PENALTY = 1.5
PERIOD_WEIGHT = 2.5
"""What counts beside a sentence's own z-score, in its standard deviations (docs/quality.md): how good its passage
is; how much of the question's words it holds beyond what any may hold; that it has the date or figure asked for; that
it is no sentence but a heading, a caption or itself a question, which may name the subject but says nothing of it."""

READING_WEIGHTS = (2.0, 1.0)
"""What the question as it is and the question in its context count here, however little it finds by itself: what is
near to the context only answers the question before."""

FRAGMENT_CHARS = 100
_SENTENCE_END = re.compile(r"[.!…。！।։။።:;]['\"”’»)\]」』]*$")
_QUESTION_END = re.compile(r"[?？؟]['\"”’»)\]」』]*$")


class ScoredSentence(NamedTuple):
    """One sentence, weighed.

    ``span`` are document offsets; ``vector`` (dimension,) is the sentence's, read alone; ``similarity`` is its cosine
    similarity to the question; ``z_score`` the same in standard deviations above the baseline; ``coverage`` the
    share of the question's weight (idf) that the sentence holds; ``score`` what sentences are ordered by.
    """

    hit: Hit
    rank: int
    span: Span
    text: str
    vector: NDArray[np.floating[Any]]
    similarity: float
    z_score: float
    coverage: float
    score: float


def score_sentences(retrieval: Retrieval, embeddings: SentenceEmbeddings) -> tuple[ScoredSentence, ...]:
    """The most promising sentences of the best passages, best first; none when no passage is of the time asked.

    Questions are left out where there is anything else: nothing is nearer to a question than itself in a document.
    """
    sentences = [
        (rank, candidate, index)
        for rank, candidate in enumerate(retrieval.candidates[:PASSAGES])
        if not is_of_other_time(
            retrieval.query.year,
            candidate.hit.date,
            f"{candidate.hit.title}\n{candidate.hit.text}",
        )
        for index in range(len(candidate.stored.sentences))
    ]
    sentences = [s for s in sentences if not _is_question(_text(s[1].hit, s[1].stored.sentences[s[2]]))] or sentences
    if not sentences:
        return ()
    first = [_promise(retrieval.query, retrieval.readings, candidate, index) for _, candidate, index in sentences]
    chosen = [sentences[i] for i in np.argsort(first)[::-1][:READ_ALONE]]
    texts = [_text(candidate.hit, candidate.stored.sentences[index]) for _, candidate, index in chosen]
    vectors = embeddings.embed_sentences(texts)
    weighed = [
        _scored(
            retrieval.query,
            retrieval.readings,
            rank,
            candidate,
            candidate.stored.sentences[index],
            text,
            vector,
        )
        for (rank, candidate, index), text, vector in zip(chosen, texts, vectors, strict=True)
    ]
    return tuple(sorted(weighed, key=lambda sentence: -sentence.score))


def _promise(query: Query, readings: Sequence[Reading], candidate: Candidate, index: int) -> float:
    span = candidate.stored.sentences[index]
    vector = candidate.stored.sentence_vectors[index]
    z_score = _over_readings(_z_score(vector, r, candidate.hit.language) for r in readings)
    text = _text(candidate.hit, span)
    return (
        z_score
        + _score_of_place(candidate, query.period)
        + _score_of_words(query, text, candidate.hit.language, _coverage(readings, text))
    )


def _scored(
    query: Query,
    readings: Sequence[Reading],
    rank: int,
    candidate: Candidate,
    span: Span,
    text: str,
    vector: NDArray[np.floating[Any]],
) -> ScoredSentence:
    similarity = _over_readings(_cosine(vector, r) for r in readings)
    z_score = _over_readings(_z_score(vector, r, candidate.hit.language) for r in readings)
    coverage = _coverage(readings, text)
    score = (
        z_score
        + _score_of_place(candidate, query.period)
        + _score_of_words(query, text, candidate.hit.language, coverage)
    )
    return ScoredSentence(candidate.hit, rank, span, text, vector, similarity, z_score, coverage, score)


def _score_of_place(candidate: Candidate, period: str) -> float:
    return RANK_WEIGHT * candidate.hit.scores.fused + PERIOD_WEIGHT * overlaps(candidate.hit.date, period)


def _score_of_words(query: Query, text: str, language: str, coverage: float) -> float:
    """What the words of a sentence add to or take from its score."""
    told = query.asked.kind in (AnswerType.WHEN, AnswerType.HOW_MANY) and bool(
        answer_spans(query.asked, text, language)
    )
    return (
        COVERAGE_WEIGHT * max(0.0, coverage - COVERAGE_FLOOR)
        + EXPECTED_WEIGHT * told
        - FRAGMENT_PENALTY * _is_fragment(text)
    )


def _is_question(text: str) -> bool:
    return bool(_QUESTION_END.search(text.rstrip()))


def _is_fragment(text: str) -> bool:
    text = text.rstrip()
    return len(text) < FRAGMENT_CHARS and not _SENTENCE_END.search(text)


def _cosine(vector: NDArray[np.floating[Any]], reading: Reading) -> float:
    return float(vector.astype(np.float32) @ reading.vector)


def _z_score(vector: NDArray[np.floating[Any]], reading: Reading, language: str) -> float:
    return reading.baseline.z_score(_cosine(vector, reading), language)


def _coverage(readings: Sequence[Reading], text: str) -> float:
    held = set(terms(text))
    return _over_readings(
        sum(weight for term, weight in r.weights.items() if term in held) / (sum(r.weights.values()) or 1.0)
        for r in readings
    )


def _over_readings(values: Iterable[float]) -> float:
    found = list(values)
    return float(np.average(found, weights=READING_WEIGHTS[: len(found)]))


def _text(hit: Hit, span: Span) -> str:
    return hit.text[span.start - hit.start : span.end - hit.start]
