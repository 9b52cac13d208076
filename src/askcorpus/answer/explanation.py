"""Why a question was answered, or not: what was searched for, what was found, and what tipped the decision.

A pure function of what the pipeline has already worked out: asking for an explanation changes no answer.
"""

from collections.abc import Mapping, Sequence

from askcorpus.answer.confidence import Calibration, Features
from askcorpus.answer.overview import RIGHT, Overview
from askcorpus.answer.sentence_scores import ScoredSentence
from askcorpus.search.candidates import Reading, Retrieval
from askcorpus.search.query import Query
from askcorpus.types import (
    AbstainReason,
    ExplainedFeature,
    ExplainedPassage,
    ExplainedReading,
    ExplainedSentence,
    Explanation,
    Filters,
)

EXPLAINED = 10
"""Sentences that an explanation shows, best first."""


def explain(
    retrieval: Retrieval,
    sentences: Sequence[ScoredSentence],
    features: Features | None,
    calibration: Calibration,
    operating_point: float,
    *,
    filters: Filters,
    abstain_reason: AbstainReason | None,
    overview: Overview | None = None,
) -> Explanation:
    """The whole way from the question to the decision; ``features`` are None when there was no sentence to judge, or
    what is answered is an ``overview``."""
    explained = _features(features, calibration) if features else {}
    confidence = calibration.confidence(features) if features else RIGHT if overview else 0.0
    return Explanation(
        verdict=_told(retrieval, overview)
        if not explained
        else _verdict(explained, confidence, operating_point, abstain_reason),
        standalone_question=retrieval.query.standalone,
        filters=filters,
        period=retrieval.query.period,
        readings=tuple(
            _reading(text, reading) for text, reading in zip(_texts(retrieval.query), retrieval.readings, strict=True)
        ),
        passages=tuple(
            ExplainedPassage(
                passage_id=candidate.hit.passage_id,
                document_id=candidate.hit.document_id,
                title=candidate.hit.title,
                scores=candidate.hit.scores,
                matches=candidate.matches,
                preference=candidate.preference,
            )
            for candidate in retrieval.candidates
        ),
        sentences=tuple(_sentence(one) for one in sentences[:EXPLAINED]),
        start=round(calibration.start, 3),
        features=explained,
        confidence=round(confidence, 4),
        operating_point=operating_point,
    )


def _texts(query: Query) -> list[str]:
    """What the readings of a question read, in their order."""
    return [query.standalone] if len(query.vectors) == 1 else [query.question, query.standalone]


def _reading(text: str, reading: Reading) -> ExplainedReading:
    return ExplainedReading(
        text=text,
        weight=round(reading.importance, 4),
        background=round(reading.baseline.mean, 4),
        deviation=round(reading.baseline.deviation, 4),
        advantages={language: round(worth, 4) for language, worth in reading.baseline.language_bias.items()},
        unknown_terms=tuple(sorted(set(reading.weights) - reading.known)),
    )


def _sentence(sentence: ScoredSentence) -> ExplainedSentence:
    return ExplainedSentence(
        text=sentence.text,
        passage_id=sentence.hit.passage_id,
        start=sentence.span.start,
        end=sentence.span.end,
        answer_start=sentence.answer.start,
        answer_end=sentence.answer.end,
        answer_score=round(sentence.answer_score, 4),
        relevance=round(sentence.relevance, 4),
        similarity=round(sentence.similarity, 4),
        standing=round(sentence.standing, 4),
        score=round(sentence.score, 4),
    )


def _features(features: Features, calibration: Calibration) -> dict[str, ExplainedFeature]:
    """Every feature, the one that pulls most first; those that the calibration does not weigh pull nothing."""
    pulls = calibration.pulls(features)
    return {
        name: ExplainedFeature(
            value=round(float(getattr(features, name)), 4),
            neutral=calibration.neutral(name),
            pull=pulls.get(name, 0.0),
        )
        for name in [*pulls, *(name for name in features.__slots__ if name not in pulls)]
    }


def _told(retrieval: Retrieval, overview: Overview | None) -> str:
    """The decision where nothing was measured."""
    if overview:
        are_of_it = "are dated" if overview.of_time else "name"
        found = f"of the documents found, {len(overview.documents)} {are_of_it} {overview.subject.text}"
        return f"answers with an overview: {found}"
    return f"abstains: {_why_nothing(retrieval)}"


def _why_nothing(retrieval: Retrieval) -> str:
    if not retrieval.candidates:
        return "no passage passes the filters"
    if retrieval.query.period:
        return f"no passage found can be about {retrieval.query.period}, which the question names"
    return "no passage found names what was asked about"


def _verdict(
    features: Mapping[str, ExplainedFeature],
    confidence: float,
    operating_point: float,
    abstain_reason: AbstainReason | None,
) -> str:
    """The decision and what tipped it, in one line."""
    compared = _compared(confidence, operating_point)
    if abstain_reason is None:
        return f"answers: {compared}{_strongest(features, 1, 'in favour')}"
    if abstain_reason == "unreadable_script":
        return "abstains: the question, or what was found, is in a script that the model cannot read"
    if abstain_reason == "weak_evidence":
        return f"abstains: {compared}{_strongest(features, -1, 'against')}"
    return f"abstains: {compared}, but no passage supports what was drafted"


def _compared(confidence: float, operating_point: float) -> str:
    digits = 4 if f"{confidence:.2f}" == f"{operating_point:.2f}" else 2
    stands = "is below" if confidence < operating_point else "reaches"
    return f"confidence {confidence:.{digits}f} {stands} {operating_point:.{digits}f}"


def _strongest(features: Mapping[str, ExplainedFeature], sign: int, side: str) -> str:
    """The feature that pulls most to a side (1 or -1); nothing when none does."""
    name, feature = max(features.items(), key=lambda item: sign * item[1].pull)
    return f"; most {side}: {name} {feature.value:.2f}" if sign * feature.pull > 0 else ""
