"""What texts that have nothing to do with a question score: the zero point and the unit of its similarities.

Some questions are near to everything, others to nothing, so a bare cosine similarity says little; how far it stands
above the baseline, in standard deviations, says more. And multilingual encoders put a question nearer to all that
is in its own language, whatever it is about, so passages in another language are measured from that language's own
zero (the bias: Roy et al. 2020, "LAReQA: Language-Agnostic Answer Retrieval from a Multilingual Pool"; taking a
language's common part away: Yang et al. 2021, "A Simple and Effective Method To Eliminate the Self Language Bias in
Multilingual Representations"; what it is worth here: docs/quality.md, Languages).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from askcorpus.tuning import TUNING, Tuning

SAMPLE = 512
"""Passages that stand for a corpus."""

LANGUAGE_SAMPLE = 128
"""Passages that stand for a language in it."""


class ScoreBaseline(NamedTuple):
    """Mean and standard deviation of unrelated texts' cosine similarity to a question, and how much nearer than
    others those of each language are to it."""

    mean: float
    deviation: float
    language_bias: Mapping[str, float] = MappingProxyType({})

    def z_score(self, similarity: float, language: str = "") -> float:
        """How far ``similarity`` stands above what unrelated texts of that language score, in standard deviations."""
        return (self.debiased(similarity, language) - self.mean) / max(self.deviation, 1e-3)

    def debiased(self, similarity: float, language: str) -> float:
        """``similarity`` less what the language alone is worth."""
        return similarity - self.language_bias.get(language, 0.0)


class Sample(NamedTuple):
    """Unit vectors of passages drawn from a corpus (≤ SAMPLE, dimension), and from each of its languages
    (≤ LANGUAGE_SAMPLE, dimension) when it has several."""

    passages: NDArray[np.float32]
    languages: Mapping[str, NDArray[np.float32]]

    def baseline(self, vector: NDArray[np.float32], tuning: Tuning = TUNING) -> ScoreBaseline:
        """The corpus's own baseline for a question's unit vector (dimension,); all 0 when it is empty."""
        if not self.passages.size:
            return ScoreBaseline(0.0, 0.0)
        similarities = np.vecdot(self.passages, vector)
        usual = float(np.quantile(similarities, tuning.language_quantile))
        language_bias = {
            language: (float(np.quantile(np.vecdot(drawn, vector), tuning.language_quantile)) - usual)
            * len(drawn)
            / (len(drawn) + tuning.language_prior)
            for language, drawn in self.languages.items()
        }
        return ScoreBaseline(float(similarities.mean()), float(similarities.std()), language_bias)


def blend(corpus: ScoreBaseline, passages: int, unrelated: ScoreBaseline, tuning: Tuning = TUNING) -> ScoreBaseline:
    """The baseline to measure by: the corpus's own as far as it is large, else that of unrelated texts."""
    own = min(passages, SAMPLE) / (min(passages, SAMPLE) + tuning.corpus_prior)
    mean = own * corpus.mean + (1 - own) * unrelated.mean
    variance = own * corpus.deviation**2 + (1 - own) * unrelated.deviation**2
    return ScoreBaseline(mean, float(np.sqrt(variance)), corpus.language_bias)
