"""Rows of a table told apart by what a question says: of Tuesday's and Sunday's hours, those of the day that is asked.

A row is read as its cells, each behind the header of its column: *Day: Tuesday, Open: 10:00-18:00*. The reader learned
from prose, and finds an answer of the right kind in any row. So the row that holds most of the question, by the weight
of its terms, takes the place of the best of its table, and each other stays as far behind as it holds less.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import regex

from askcorpus.answer.sentence_scores import ScoredSentence
from askcorpus.text.words import terms
from askcorpus.tuning import TUNING, Tuning

_HEADER = regex.compile(r"[^,:\n]{1,60}(?=:\s)")


def told_apart(
    sentences: Sequence[ScoredSentence], weights: Mapping[str, float], tuning: Tuning = TUNING
) -> tuple[ScoredSentence, ...]:
    """The sentences, best first, with rows scored by how much of the question they hold; ``weights`` has its terms."""
    tables = defaultdict[tuple[str, str], list[ScoredSentence]](list)
    told = list[ScoredSentence]()
    for sentence in sentences:
        header = _HEADER.match(sentence.text)
        (tables[sentence.hit.title, header[0]] if header else told).append(sentence)
    for rows in tables.values():
        told += _told_apart(rows, weights, tuning.row)
    return tuple(sorted(told, key=lambda sentence: -sentence.score))


def _told_apart(rows: Sequence[ScoredSentence], weights: Mapping[str, float], worth: float) -> list[ScoredSentence]:
    held = [_held(row, weights) for row in rows]
    most, best = max(held), max(row.score for row in rows)
    gain = best - max(row.score for row, share in zip(rows, held, strict=True) if share == most)
    return [
        row._replace(score=row.score + gain if share == most else min(row.score, best - worth * (most - share)))
        for row, share in zip(rows, held, strict=True)
    ]


def _held(row: ScoredSentence, weights: Mapping[str, float]) -> float:
    """The share of a question's terms, by weight, that a row holds."""
    found = set(terms(row.text))
    return sum(weight for term, weight in weights.items() if term in found) / (sum(weights.values()) or 1.0)
