"""How well the relevant documents are ranked.

A ranking lists document ids, best first, each once; ``gold`` maps the id of each relevant document to its grade
(1 where the question set does not grade). The figures themselves come from ``ir_measures`` (MacAvaney et al. 2022,
"Streamlining Evaluation with ir-measures"), which wraps trec_eval.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ir_measures.measures import Measure


def hit(ranking: Sequence[str], gold: Mapping[str, int], k: int) -> float:
    """Whether at least one relevant document is among the first ``k`` (success@k).

    hit@k = 1 if |{d_1 … d_k} ∩ gold| ≥ 1 else 0. Source: Craswell 2009, "Success at n", Encyclopedia of Database
    Systems.
    """
    from ir_measures import Success

    return _measure(Success @ k, ranking, gold)


def recall(ranking: Sequence[str], gold: Mapping[str, int], k: int) -> float:
    """The share of the relevant documents that are among the first ``k``.

    recall@k = |{d_1 … d_k} ∩ gold| / |gold|. Source: Manning, Raghavan and Schütze 2008, "Introduction to Information
    Retrieval", section 8.3.
    """
    from ir_measures import R

    return _measure(R @ k, ranking, gold)


def reciprocal_rank(ranking: Sequence[str], gold: Mapping[str, int], k: int) -> float:
    """One over the rank of the first relevant document, 0 when none is among the first ``k``; its mean is MRR@k.

    RR@k = 1 / min{r ≤ k : d_r ∈ gold}. Source: Voorhees 1999, "The TREC-8 Question Answering Track Report".
    """
    from ir_measures import RR

    return _measure(RR @ k, ranking, gold)


def ndcg(ranking: Sequence[str], gold: Mapping[str, int], k: int) -> float:
    """Discounted gain of the first ``k`` documents, as a share of the best possible.

    DCG@k = Σ_{r ≤ k} grade(d_r) / log2(r + 1); nDCG@k = DCG@k / DCG@k of the ideal order. Source: Järvelin and
    Kekäläinen 2002, "Cumulated gain-based evaluation of IR techniques".
    """
    from ir_measures import nDCG

    return _measure(nDCG @ k, ranking, gold)


def average_precision(ranking: Sequence[str], gold: Mapping[str, int]) -> float:
    """Mean of the precision at the rank of each relevant document (0 for one not found); its mean is MAP.

    AP = 1/|gold| · Σ_{r : d_r ∈ gold} |{d_1 … d_r} ∩ gold| / r. Source: Buckley and Voorhees 2005, "Retrieval System
    Evaluation", in: TREC, MIT Press.
    """
    from ir_measures import AP

    return _measure(AP, ranking, gold)


def _measure(measure: "Measure", ranking: Sequence[str], gold: Mapping[str, int]) -> float:
    if not ranking:  # trec_eval does not score a query it has no run for
        return 0.0
    run = {"q": {document: 1 / rank for rank, document in enumerate(ranking, start=1)}}
    return float(measure.calc_aggregate({"q": dict(gold)}, run))
