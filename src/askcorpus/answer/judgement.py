"""What the evidence for a question is worth: its sentences by score, and how likely an answer from them is right."""

import math
import re
from typing import NamedTuple

from askcorpus.answer.confidence import Calibration, Features, measure
from askcorpus.answer.contradiction import contradicting_sentences
from askcorpus.answer.reader import Reader
from askcorpus.answer.sentence_scores import ScoredSentence, read_alone, score_sentences
from askcorpus.answer.table_rows import none_told, told_apart
from askcorpus.embedding.baseline import ScoreBaseline
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.search.candidates import Candidate, Retrieval
from askcorpus.tuning import TUNING, Tuning
from askcorpus.types import AbstainReason

_QUOTED_END = re.compile(r"\[\d{1,9}\]|\n")
"""Where a quotation ends in an answer: at its marker, or at the end of a line."""

_TAIL = 60
"""Characters of a quotation by which it is known again: what stands before it in its line, as a date, is not its."""

_SHORTEST_TAIL = 10
"""Fewer characters may stand in any text."""


class Judgement(NamedTuple):
    """The sentences that may answer, best first, and whether they are answered with.

    ``contradicting`` are the best sentence and those that say otherwise, if it is answered and any do; ``rows`` those
    of the table that answers as a whole, if one does (``table_rows.none_told``); ``features`` what was measured, None
    where there is no sentence; ``confidence`` the probability that an answer is right; ``abstain_reason`` why none is
    given.
    """

    sentences: tuple[ScoredSentence, ...]
    contradicting: tuple[ScoredSentence, ...]
    rows: tuple[ScoredSentence, ...]
    features: Features | None
    confidence: float
    abstain_reason: AbstainReason | None


class Assessment(NamedTuple):
    """What the reader makes of the passages found for one ``reading`` of the question: their sentences, best first,
    what is measured of them, and how likely an answer from them is right."""

    reading: int
    sentences: tuple[ScoredSentence, ...]
    features: Features
    confidence: float

    def is_in(self, documents: frozenset[str]) -> bool:
        """Whether its best sentence stands in one of these documents."""
        return self.sentences[0].hit.document_id in documents


def assess(
    retrieval: Retrieval, reader: Reader, calibration: Calibration, tuning: Tuning = TUNING
) -> Assessment | None:
    """Read what was found; None where there is no sentence to read.

    A follow-up is read both alone, with what it finds alone, and with the question before it, and the reading counts
    whose answer is likelier right: what stands alone is not harmed by what was said before. A follow-up that names
    nothing likelier speaks of a document that the last answer quoted, where one of the readings finds its answer in
    such a one.

    Raises:
        ModelError: the reader cannot be loaded.
    """
    readings = range(len(retrieval.query.read_as))
    found = (_assess_as(reading, retrieval, reader, calibration, tuning) for reading in readings)
    quoted = frozenset[str]() if retrieval.query.names else _quoted_before(retrieval)

    def meant(one: Assessment) -> float:
        """The log-odds that a reading is the one that is meant, up to what all share."""
        return _log_odds(one.confidence) + tuning.same_document * one.is_in(quoted)

    return max((one for one in found if one), key=meant, default=None)


def _quoted_before(retrieval: Retrieval) -> frozenset[str]:
    """The documents of what was found that the last answer quotes."""
    ends = (" ".join(part.split())[-_TAIL:] for part in _QUOTED_END.split(retrieval.query.last_answer))
    tails = [end for end in ends if len(end) >= _SHORTEST_TAIL]
    hits = (candidate.hit for candidate in (*retrieval.alone, *retrieval.candidates) if tails)
    texts = ((hit.document_id, " ".join(hit.text.split())) for hit in hits)
    return frozenset(document for document, text in texts if any(tail in text for tail in tails))


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log(bounded / (1 - bounded))


def _assess_as(
    reading: int, retrieval: Retrieval, reader: Reader, calibration: Calibration, tuning: Tuning
) -> Assessment | None:
    scored = score_sentences(retrieval, reader, calibration.sentence_weights, reading, tuning)
    sentences = told_apart(retrieval.query, scored, retrieval.readings[reading].weights, tuning)
    if not sentences:
        return None
    features = measure(retrieval.query, sentences)
    return Assessment(reading, sentences, features, calibration.confidence(features))


def rerank(retrieval: Retrieval, assessment: Assessment | None, tuning: Tuning = TUNING) -> Retrieval:
    """What was found in the order of its evidence and of how likely the reader finds an answer in it.

    Passages that were not read stay behind those that were.
    """
    if assessment is None:
        return retrieval
    retrieval = retrieval.as_read(assessment.reading)
    best: dict[str, float] = {}
    for sentence in assessment.sentences:
        name = sentence.hit.passage_id
        best[name] = max(best.get(name, sentence.answer_score), sentence.answer_score)
    read = [
        _reranked(candidate, tuning.answer_weight * best[name])
        for candidate in retrieval.candidates
        if (name := candidate.hit.passage_id) in best
    ]
    rest = [candidate for candidate in retrieval.candidates if candidate.hit.passage_id not in best]
    return retrieval._replace(candidates=(*sorted(read, key=lambda one: -(one.hit.scores.rerank or 0.0)), *rest))


def _reranked(candidate: Candidate, gain: float) -> Candidate:
    scores = candidate.hit.scores.model_copy(update={"rerank": candidate.hit.scores.fused + gain})
    return candidate._replace(hit=candidate.hit.model_copy(update={"scores": scores}))


def judge(
    retrieval: Retrieval,
    assessment: Assessment | None,
    reader: Reader,
    embeddings: SentenceEmbeddings,
    unrelated: ScoreBaseline,
    operating_point: float,
    tuning: Tuning = TUNING,
) -> Judgement:
    """Judge what was read; below ``operating_point`` the evidence is too weak to answer. Else the sentences that may be
    quoted are read once more. ``unrelated``: how similar unrelated sentences are to each other.

    Raises:
        ModelError: a model cannot be loaded.
    """
    if assessment is None:
        return Judgement((), (), (), None, 0.0, "no_match")
    reading, sentences, features, exact = assessment
    confidence = round(exact, 4)  # as it is shown, so that who compares it with the operating point sees the decision
    if confidence < operating_point:
        return Judgement(sentences, (), (), features, confidence, "weak_evidence")
    query = retrieval.query
    question = query.read_as[reading]
    if rows := none_told(query, sentences, retrieval.readings[reading].weights, tuning):
        shown, rest = rows[: tuning.most_names], rows[tuning.most_names :]
        rows = (*read_alone(question, shown, reader, tuning), *rest)
        return Judgement(sentences, (), rows, features, confidence, None)
    first = read_alone(question, sentences[: tuning.most_sentences], reader, tuning)
    sentences = (*first, *sentences[len(first) :])
    contradicting = contradicting_sentences(retrieval, sentences, embeddings, unrelated, tuning)
    return Judgement(sentences, contradicting, (), features, confidence, None)
