"""Calibration: of the answers given at a confidence of 0.8, 80 % should be right."""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

BINS = 10


class Bin(BaseModel, frozen=True):
    """One row of the reliability table: ``n`` answers with a confidence from ``low`` to ``high``."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


def reliability(confidence: NDArray[np.float64], correct: NDArray[np.bool_], bins: int = BINS) -> list[Bin]:
    """Mean confidence against the share of right answers, in up to ``bins`` bins of about equally many answers.

    The bounds are the quantiles of the confidences; equal confidences share a bin, so there may be fewer. Source:
    DeGroot and Fienberg 1983, "The Comparison and Evaluation of Forecasters" (reliability); Nguyen and O'Connor 2015,
    "Posterior calibration and exploratory analysis for natural language processing models" (equal-mass bins).
    """
    if not len(confidence):
        return []
    which = _bin(confidence, bins)
    rows = [(confidence[which == index], correct[which == index]) for index in np.unique(which)]
    return [
        Bin(low=float(c.min()), high=float(c.max()), n=len(c), confidence=float(c.mean()), accuracy=float(r.mean()))
        for c, r in rows
    ]


def ece(confidence: NDArray[np.float64], correct: NDArray[np.bool_], bins: int = BINS) -> float:
    """Expected calibration error over equal-mass bins: Σ_b n_b/n · |accuracy_b − confidence_b|. Lower is better.

    Source: Naeini, Cooper and Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning"; for
    the bins see ``reliability``.
    """
    if not len(confidence):
        return np.nan
    gaps = np.bincount(_bin(confidence, bins), weights=correct - confidence)  # n_b · (accuracy_b − confidence_b)
    return float(np.abs(gaps).sum() / len(confidence))


def _bin(confidence: NDArray[np.float64], bins: int) -> NDArray[np.intp]:
    edges = np.quantile(confidence, np.linspace(0, 1, bins + 1)[1:-1])
    return np.searchsorted(edges, confidence, side="right")
