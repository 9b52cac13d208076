"""What the evidence for a question is worth: its sentences by score, and how likely an answer from them is right."""

from typing import NamedTuple

from askcorpus.answer.confidence import Calibration, Features, measure
from askcorpus.answer.contradiction import contradicting_sentences
from askcorpus.answer.reader import Reader
from askcorpus.answer.sentence_scores import ScoredSentence, score_sentences
from askcorpus.embedding.baseline import ScoreBaseline
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.search.candidates import Retrieval
from askcorpus.types import AbstainReason


class Judgement(NamedTuple):
    """The sentences that may answer, best first, and whether they are answered with.

    ``contradicting`` are the best sentence and those that say otherwise, if any do; ``features`` what was measured,
    None where there is no sentence; ``confidence`` the probability that an answer is right; ``abstain_reason`` why none
    is given.
    """

    sentences: tuple[ScoredSentence, ...]
    contradicting: tuple[ScoredSentence, ...]
    features: Features | None
    confidence: float
    abstain_reason: AbstainReason | None


def judge(
    retrieval: Retrieval,
    reader: Reader,
    embeddings: SentenceEmbeddings,
    unrelated: ScoreBaseline,
    calibration: Calibration,
    operating_point: float,
) -> Judgement:
    """Judge what was found; below ``operating_point`` the evidence is too weak to answer. ``unrelated``: how similar
    unrelated sentences are to each other.

    A follow-up is read both alone and behind the question before it, and the reading counts whose answer is likelier
    right: what stands alone is not harmed by what was said before.

    Raises:
        ModelError: a model cannot be loaded.
    """
    judged = [
        found
        for reading in range(len(retrieval.query.read_as))
        if (found := _judged_as(reading, retrieval, reader, calibration))
    ]
    if not judged:
        return Judgement((), (), None, 0.0, "no_match")
    sentences, features, confidence = max(judged, key=lambda one: one.confidence)
    contradicting = contradicting_sentences(retrieval, sentences, embeddings, unrelated)
    weak = confidence < operating_point
    return Judgement(sentences, contradicting, features, confidence, "weak_evidence" if weak else None)


class _Judged(NamedTuple):
    sentences: tuple[ScoredSentence, ...]
    features: Features
    confidence: float


def _judged_as(reading: int, retrieval: Retrieval, reader: Reader, calibration: Calibration) -> _Judged | None:
    """The evidence by one of the question's readings; None where there is no sentence."""
    sentences = score_sentences(retrieval, reader, calibration.sentence_weights, reading)
    if not sentences:
        return None
    features = measure(retrieval, sentences)
    return _Judged(sentences, features, calibration.confidence(features))
