"""One ranking from two: dense similarity and BM25, each weighed by how much it says about this question.

Reciprocal rank fusion (Cormack et al. 2009) trusts both halves alike. Where the question's language is not the
documents', the lexical half ranks by the few tokens that happen to be shared, and drags the good half down. Here both
scores are put on one scale of evidence:

* dense: how far the similarity lies above the baseline of this question, in standard deviations;
* lexical: the share of the question's weight (the sum of its terms' idf) that the passage contains. A term that occurs
  in no passage counts as the rarest of all, so a question in another language reaches only small shares, unless the
  passage contains its names and numbers. A share below ``Tuning.lexical_floor`` may be chance and does not count.
"""

import math
from collections.abc import Iterable

from askcorpus.tuning import TUNING, Tuning


def idf(frequency: int, passages: int) -> float:
    """Inverse document frequency as in BM25 (Robertson and Zaragoza 2009), kept positive by adding one."""
    return math.log(1 + (passages - frequency + 0.5) / (frequency + 0.5))


def lexical_share(bm25: float, weights: Iterable[float]) -> float:
    """``bm25`` as a share of the question's weight, the sum of its terms' idf: about 0 to 2 (0 without terms)."""
    ceiling = sum(weights)
    return bm25 / ceiling if ceiling > 0 else 0.0


def fuse(z_score: float, share: float, tuning: Tuning = TUNING) -> float:
    """The evidence that a passage is about the question, in standard deviations of the baseline.

    ``z_score`` comes from ``ScoreBaseline.z_score``, ``share`` from :func:`lexical_share`.
    """
    return z_score + tuning.lexical_weight * max(0.0, share - tuning.lexical_floor)
