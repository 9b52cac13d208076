"""How likely an answer from this evidence is right: a logistic model over a few readable measurements.

Its numbers were fitted by ``bench/calibrate.py`` on questions with known answers, and stand with how they were
obtained in ``calibration.json``. Nothing in it depends on the corpus: every measurement is relative to what this
corpus does with this question.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

import numpy as np

from askcorpus.evidence import Evidence
from askcorpus.retrieve import Retrieval


@dataclass(frozen=True, slots=True)
class Features:
    """What the evidence for a question looks like.

    ``standing``: how far the best passage stands above the background (standard deviations);
    ``sentence``: the same for the best sentence, read alone; ``similarity``: its plain cosine similarity;
    ``share``: the best passage's lexical share; ``coverage``: the best sentence's;
    ``margin``: how far the best passage stands above the best one of another document;
    ``crowd``: how far the best passage stands above the mean of those ranked after it;
    ``unknown``: share of the question's weight in terms that the corpus does not hold;
    ``agreement``: 1 when the dense best and the lexical best are of one document, else 0.
    """

    standing: float
    sentence: float
    similarity: float
    share: float
    coverage: float
    margin: float
    crowd: float
    unknown: float
    agreement: float


def measure(retrieval: Retrieval, evidence: Sequence[Evidence]) -> Features:
    """The features of what was found for a question; there must be at least one candidate and one sentence."""
    candidates = retrieval.candidates
    fused = [candidate.hit.scores.fused for candidate in candidates]
    best = candidates[0]
    others = [c.hit.scores.fused for c in candidates if c.hit.document_id != best.hit.document_id]
    reading = retrieval.readings[0]
    mean, deviation = reading.background
    lexical_best = max(candidates, key=lambda candidate: candidate.share)
    dense_best = max(candidates, key=lambda candidate: candidate.hit.scores.dense or 0.0)
    total = sum(reading.weights.values()) or 1.0
    return Features(
        standing=((best.hit.scores.dense or 0.0) - mean) / max(deviation, 1e-3),
        sentence=max(e.standing for e in evidence),
        similarity=max(e.similarity for e in evidence),
        share=best.share,
        coverage=max(e.coverage for e in evidence),
        margin=fused[0] - max(others, default=0.0),
        crowd=fused[0] - float(np.mean(fused[1:])) if len(fused) > 1 else fused[0],
        unknown=sum(weight for term, weight in reading.weights.items() if term not in reading.known) / total,
        agreement=float(lexical_best.share > 0 and lexical_best.hit.document_id == dense_best.hit.document_id),
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model over standardised features, and the confidence from which answers are given."""

    intercept: float
    weights: dict[str, float]
    means: dict[str, float]
    deviations: dict[str, float]
    operating_point: float

    def confidence(self, features: Features) -> float:
        """Probability (0 to 1) that an answer from this evidence is right."""
        total = self.intercept
        for name, weight in self.weights.items():
            total += weight * (getattr(features, name) - self.means[name]) / self.deviations[name]
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))

    def pulls(self, features: Features) -> dict[str, float]:
        """What each feature adds to the log-odds, strongest first: what tipped the decision."""
        found = {
            name: round(weight * (getattr(features, name) - self.means[name]) / self.deviations[name], 3)
            for name, weight in self.weights.items()
        }
        return dict(sorted(found.items(), key=lambda item: -abs(item[1])))


@cache
def load_calibration() -> Calibration:
    """The model that comes with the package."""
    numbers = json.loads(files("askcorpus").joinpath("calibration.json").read_text(encoding="utf-8"))
    return Calibration(**{field.name: numbers[field.name] for field in fields(Calibration)})
