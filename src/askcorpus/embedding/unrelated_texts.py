"""Texts that have nothing to do with any corpus: their similarity to a question is its zero point.

Speaker verification meets the same problem with test normalisation (Auckenthaler et al. 2000, "Score Normalization for
Text-Independent Speaker Verification Systems"): a score is compared with the scores of a fixed cohort of impostors.
Here they are the sentences of ``unrelated_texts.txt``, on everyday subjects in some twenty languages. They serve even
if the corpus is a single article, or is entirely about what is asked.
"""

import hashlib
import threading
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from askcorpus.embedding.baseline import ScoreBaseline
from askcorpus.embedding.embeddings import SentenceEmbeddings

VECTORS = "unrelated_texts.safetensors"
"""Their vectors by the bundled model, computed in advance by ``scripts/unrelated_vectors.py``."""

_FOLDER = files("askcorpus.embedding")


class UnrelatedTexts:
    """The vectors of unrelated texts: those that come with the package, or the model's own, computed at the first use.
    Threads may share one."""

    def __init__(self, embeddings: SentenceEmbeddings) -> None:
        self._embeddings = embeddings
        self._computed: _Computed | None = None
        self._computing = threading.Lock()

    def baseline(self, vector: NDArray[np.float32]) -> ScoreBaseline:
        """Mean and standard deviation of the similarity of a question's vector (dimension,) to these texts."""
        similarities = np.vecdot(self._loaded().vectors, vector)
        return ScoreBaseline(float(similarities.mean()), float(similarities.std()))

    def among_themselves(self) -> ScoreBaseline:
        """Mean and standard deviation of these texts' similarity to each other."""
        return self._loaded().among

    def _loaded(self) -> "_Computed":
        with self._computing:
            if self._computed is None:
                vectors = _shipped(self._embeddings)
                vectors = self._embeddings.embed_sentences(unrelated_texts()) if vectors is None else vectors
                similarities = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
                among = ScoreBaseline(float(similarities.mean()), float(similarities.std()))
                self._computed = _Computed(vectors, among)
            return self._computed


class _Computed(NamedTuple):
    vectors: NDArray[np.float32]
    among: ScoreBaseline


def unrelated_texts() -> list[str]:
    """The texts themselves."""
    return _FOLDER.joinpath("unrelated_texts.txt").read_text(encoding="utf-8").splitlines()


def name_of(embeddings: SentenceEmbeddings) -> str:
    """The name of their vectors: a digest of the texts and of everything that the vectors depend on."""
    return hashlib.sha256("\n".join([embeddings.fingerprint, *unrelated_texts()]).encode()).hexdigest()


def _shipped(embeddings: SentenceEmbeddings) -> NDArray[np.float32] | None:
    """The vectors that come with the package; None if they are another model's."""
    return load(_FOLDER.joinpath(VECTORS).read_bytes()).get(name_of(embeddings))
