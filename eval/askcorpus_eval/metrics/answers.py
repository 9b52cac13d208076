"""How close an answer's words come to the gold answers. ``golds`` are equally good alternatives; the best counts."""

from collections import Counter
from collections.abc import Iterable, Sequence

from askcorpus.text.markers import without_markers
from askcorpus_eval.metrics.normalise import answer_tokens

WORDINGS = " / "


def plain(answer: str) -> str:
    """The answer without its citation markers."""
    return without_markers(answer).strip()


def exact_match(prediction: str, golds: Sequence[str], language: str) -> float:
    """Whether prediction and a gold answer are the same after normalisation.

    EM = 1 if tokens(prediction) = tokens(gold) for any gold, else 0. Source: Rajpurkar et al. 2016 (SQuAD), Lewis et
    al. 2020 (MLQA).
    """
    tokens = answer_tokens(prediction, language)
    return float(any(tokens == answer_tokens(gold, language) for gold in golds))


def f1(prediction: str, golds: Sequence[str], language: str) -> float:
    """Overlap of the words of prediction and gold answer, as bags: the best over the golds.

    c = number of shared tokens, P = c / |prediction|, R = c / |gold|, F1 = 2PR / (P + R) = 2c / (|prediction| +
    |gold|); 0 where nothing is shared, also where both are empty. Source: Rajpurkar et al. 2016 (SQuAD), Lewis et al.
    2020 (MLQA).
    """
    tokens = answer_tokens(prediction, language)
    return max(_overlap(tokens, answer_tokens(gold, language)) for gold in golds)


def answer_in_citation(quotes: Iterable[str], golds: Sequence[str], language: str) -> float:
    """Whether a cited quote holds a gold answer: its tokens, in a row, after normalisation.

    1 if tokens(gold) is a contiguous run of tokens(quote) for any gold and quote, else 0. The containment test of
    DrQA's distant supervision (Chen et al. 2017, "Reading Wikipedia to Answer Open-Domain Questions"), applied to
    what is cited rather than to what is found.
    """
    wanted = [tokens for gold in golds if (tokens := answer_tokens(gold, language))]
    cited = [answer_tokens(quote, language) for quote in quotes]
    return float(any(_contains(quote, tokens) for quote in cited for tokens in wanted))


def nugget_recall(texts: Iterable[str], nuggets: Sequence[str], language: str) -> float:
    """The share of the facts that a whole answer holds which this one does: in its words or its quotes, by one of a
    nugget's wordings (``in 1998 / twenty years ago``), whose tokens stand in a row after normalisation.

    |{n : some wording of n in some text}| / |nuggets|. Source: Voorhees 2003, "Overview of the TREC 2003 Question
    Answering Track", with matching in the place of assessors.
    """
    read = [answer_tokens(text, language) for text in texts]
    found = 0
    for nugget in nuggets:
        wordings = [tokens for part in nugget.split(WORDINGS) if (tokens := answer_tokens(part, language))]
        found += any(_contains(text, tokens) for text in read for tokens in wordings)
    return found / len(nuggets)


def _overlap(prediction: list[str], gold: list[str]) -> float:
    shared = (Counter(prediction) & Counter(gold)).total()
    return 2 * shared / (len(prediction) + len(gold)) if shared else 0.0


def _contains(tokens: list[str], part: list[str]) -> bool:
    return any(tokens[at : at + len(part)] == part for at in range(len(tokens) - len(part) + 1))
