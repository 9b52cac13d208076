"""How similar a question is to texts that have nothing to do with it: the zero point of its similarities.

Some questions are near to everything, others to nothing, so a bare cosine similarity says little. Speaker
verification meets the same problem with test normalisation (Auckenthaler et al. 2000, "Score Normalization for
Text-Independent Speaker Verification Systems"): a score is read against the scores of a fixed cohort of strangers.
Ours are the sentences of ``cohort.txt``, on everyday subjects in some twenty languages. Unlike the corpus itself they
are there when the corpus is one article, or is all about what is asked.
"""

import threading
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from askcorpus.embeddings import SentenceEmbeddings

Background = tuple[float, float]
"""Mean and standard deviation of cosine similarities."""

PRIOR = 50
"""Passages of the corpus that the cohort counts as much as."""

SAMPLE = 512
"""Passages by which a corpus's own background is estimated (``Store.background``)."""


class Cohort:
    """The strangers' vectors, computed at the first use. Threads may share one."""

    def __init__(self, embeddings: SentenceEmbeddings) -> None:
        self._embeddings = embeddings
        self._vectors: NDArray[np.float32] | None = None
        self._computing = threading.Lock()

    def background(self, vector: NDArray[np.float32]) -> Background:
        """Mean and standard deviation of the similarity of a question's vector (dimension,) to the strangers."""
        similarities = self._loaded() @ vector
        return float(similarities.mean()), float(similarities.std())

    def _loaded(self) -> NDArray[np.float32]:
        with self._computing:
            if self._vectors is None:
                lines = files("askcorpus").joinpath("cohort.txt").read_text(encoding="utf-8").splitlines()
                self._vectors = self._embeddings.embed_sentences(lines)
            return self._vectors


def blend(corpus: Background, passages: int, cohort: Background) -> Background:
    """The background to measure by: the corpus's own as far as it is large, else the cohort's."""
    own = min(passages, SAMPLE) / (min(passages, SAMPLE) + PRIOR)
    mean = own * corpus[0] + (1 - own) * cohort[0]
    variance = own * corpus[1] ** 2 + (1 - own) * cohort[1] ** 2
    return mean, float(np.sqrt(variance))
