"""Whether the assistant abstains when, and only when, the corpus does not answer.

Abstaining is the positive class. Arrays have one entry a question whose answerability is known.
"""

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def abstention_precision(abstained: Bools, answerable: Bools) -> float:
    """The share of abstentions that were right: |abstained ∧ unanswerable| / |abstained|.

    Source: van Rijsbergen 1979, "Information Retrieval", for the measure; Rajpurkar et al. 2018, "Know What You Don't
    Know" (SQuAD 2.0), for the task.
    """
    return float(np.mean(~answerable[abstained])) if abstained.any() else np.nan


def abstention_recall(abstained: Bools, answerable: Bools) -> float:
    """The share of unanswerable questions abstained from: |abstained ∧ unanswerable| / |unanswerable|.

    Source: as for ``abstention_precision``.
    """
    return float(np.mean(abstained[~answerable])) if (~answerable).any() else np.nan


def abstention_f1(abstained: Bools, answerable: Bools) -> float:
    """Harmonic mean of the two: 2·|abstained ∧ unanswerable| / (|abstained| + |unanswerable|).

    Without any unanswerable question there is nothing to find and the figure is undefined. Source: as for
    ``abstention_precision``.
    """
    unanswerable = ~answerable
    if not unanswerable.any():
        return np.nan
    return float(2 * np.sum(abstained & unanswerable) / (np.sum(abstained) + np.sum(unanswerable)))


def auroc(confidence: Floats, answerable: Bools) -> float:
    """The chance that an answerable question gets a higher confidence than an unanswerable one; ties count half.

    AUROC = (Σ_{i answerable, j unanswerable} [c_i > c_j] + ½[c_i = c_j]) / (n_answerable · n_unanswerable). It judges
    the confidence at every threshold at once; 0.5 is chance. Source: Hanley and McNeil 1982, "The meaning and use of
    the area under a receiver operating characteristic (ROC) curve".
    """
    from scipy.stats import rankdata

    n = len(answerable)
    positives = int(answerable.sum())
    if positives in (0, n):
        return np.nan
    # The rank sum of Mann and Whitney, less what it is when every answerable question comes last. scikit-learn's
    # roc_auc_score, which the test holds this against, takes twenty times as long, and a comparison asks 6000 times.
    won = rankdata(confidence)[answerable].sum() - positives * (positives + 1) / 2
    return float(won / (positives * (n - positives)))


def risk_curve(confidence: Floats, correct: Bools, questions: int) -> list[tuple[float, float]]:
    """How wrong the answers are when only the most confident are given: points (coverage, risk), coverage rising.

    ``confidence`` and ``correct`` are of the answers given, out of ``questions`` asked. For each confidence t that
    occurs: coverage(t) = |{c_i ≥ t}| / questions, risk(t) = share of wrong answers among {c_i ≥ t}. Answers of equal
    confidence enter together. Source: El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective
    Classification"; Geifman and El-Yaniv 2017, "Selective Classification for Deep Neural Networks".
    """
    order = np.argsort(-confidence, kind="stable")
    ranked, wrong = confidence[order], np.cumsum(~correct[order])
    ends = np.flatnonzero(np.append(np.diff(ranked) != 0, len(ranked) > 0))
    return [((end + 1) / questions, wrong[end] / (end + 1)) for end in map(int, ends)]


def aurc(confidence: Floats, correct: Bools) -> float:
    """Area under the risk curve, over the coverage reached: the mean risk while coverage grows. Lower is better.

    Σ_t risk(t) · (coverage(t) − coverage(t⁻)) / max coverage. Source: Geifman, Uziel and El-Yaniv 2019,
    "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers".
    """
    if not len(confidence):
        return np.nan
    points = np.array([(0.0, 0.0), *risk_curve(confidence, correct, len(confidence))])
    return float(np.sum(np.diff(points[:, 0]) * points[1:, 1]))
