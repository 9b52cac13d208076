"""The scores of texts that have nothing to do with a question: the zero point and the unit of its similarities.

Some questions are close to everything, others to nothing, so a bare cosine similarity says little; how far it lies
above the baseline, in standard deviations, says more. And multilingual encoders put a question closer to everything in
its own language, whatever it is about, so the passages of each language are measured from that language's own zero (the
bias: Roy et al. 2020, "LAReQA: Language-Agnostic Answer Retrieval from a Multilingual Pool"; taking a
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
"""Passages in the sample of a corpus."""

LANGUAGE_SAMPLE = 128
"""Passages in the sample of each of its languages."""


class ScoreBaseline(NamedTuple):
    """Mean and standard deviation of unrelated texts' cosine similarity to a question, and how much closer to it those
    of each language are than the others."""

    mean: float
    deviation: float
    language_bias: Mapping[str, float] = MappingProxyType({})

    def z_score(self, similarity: float, language: str = "") -> float:
        """How far ``similarity`` lies above that of unrelated texts of that language, in standard deviations."""
        return (self.debiased(similarity, language) - self.mean) / max(self.deviation, 1e-3)

    def debiased(self, similarity: float, language: str) -> float:
        """``similarity`` less the bias of the language."""
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
    """The baseline to use: the larger the corpus, the more its own counts, and the less that of unrelated texts."""
    own = min(passages, SAMPLE) / (min(passages, SAMPLE) + tuning.corpus_prior)
    mean = own * corpus.mean + (1 - own) * unrelated.mean
    variance = own * corpus.deviation**2 + (1 - own) * unrelated.deviation**2
    return ScoreBaseline(mean, float(np.sqrt(variance)), corpus.language_bias)
