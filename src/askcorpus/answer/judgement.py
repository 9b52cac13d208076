"""What the evidence for a question is worth: its sentences by score, and how likely an answer from them is right."""

from typing import NamedTuple

from askcorpus.answer.confidence import Calibration, Features, measure
from askcorpus.answer.contradiction import contradicting_sentences
from askcorpus.answer.sentence_scores import ScoredSentence, score_sentences
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.embedding.unrelated_texts import UnrelatedTexts
from askcorpus.search.candidates import Retrieval
from askcorpus.types import AbstainReason

JUDGED = 8
"""Passages that the evidence is judged by, however few are asked for."""


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
    embeddings: SentenceEmbeddings,
    unrelated: UnrelatedTexts,
    calibration: Calibration,
    operating_point: float,
) -> Judgement:
    """Judge what was found; below ``operating_point`` the evidence is too weak to answer.

    Raises:
        ModelError: the embedding model cannot be loaded.
    """
    sentences = score_sentences(retrieval, embeddings)
    if not sentences:
        return Judgement((), (), None, 0.0, "no_match")
    features = measure(retrieval, sentences)
    confidence = calibration.confidence(features)
    weak = confidence < operating_point
    contradicting = contradicting_sentences(retrieval.query, sentences, unrelated.among_themselves())
    return Judgement(sentences, contradicting, features, confidence, "weak_evidence" if weak else None)
