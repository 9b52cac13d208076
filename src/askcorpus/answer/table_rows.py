"""Rows of a table told apart by what a question says: of Tuesday's and Sunday's hours, those of the day that is asked.

A row is read as its cells, each behind the header of its column: *Day: Tuesday, Open: 10:00-18:00*. The reader learned
from prose, and finds an answer of the right kind in any row. So the row that holds most of what the question has
of them, by the weight of its terms, takes the place of the best of its table, and each other stays as far behind as it
holds less.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import regex

from askcorpus.answer.sentence_scores import ScoredSentence, names_held
from askcorpus.search.query import Query
from askcorpus.text.words import terms
from askcorpus.tuning import TUNING, Tuning

_HEADERS = regex.compile(r"([^,:\n]{1,60}):\s[^\n]{0,300}?,\s([^,:\n]{1,60}):\s")
"""Those of the first two columns, by which a table is known: what somebody is quoted with (*Minister: …*) is no row."""


def told_apart(
    query: Query, sentences: Sequence[ScoredSentence], weights: Mapping[str, float], tuning: Tuning = TUNING
) -> tuple[ScoredSentence, ...]:
    """The sentences, best first, with rows scored by what they hold of a query, whose terms have ``weights``. Its names
    count as much as its rarest term: they are known in other languages too."""
    weights = {**weights, **{name.text: max(weights.values(), default=1.0) for name in query.names}}
    tables = defaultdict[tuple[str, ...], list[ScoredSentence]](list)
    told = list[ScoredSentence]()
    for sentence in sentences:
        headers = _HEADERS.match(sentence.text)
        (tables[sentence.hit.title, *headers.groups()] if headers else told).append(sentence)
    for rows in tables.values():
        held = [{*terms(row.text), *names_held(query, row)} for row in rows]
        told += _told_apart(rows, _shares(held, weights), tuning.row)
    return tuple(sorted(told, key=lambda sentence: -sentence.score))


def _told_apart(rows: Sequence[ScoredSentence], held: Sequence[float], worth: float) -> list[ScoredSentence]:
    most, best = max(held), max(row.score for row in rows)
    gain = best - max(row.score for row, share in zip(rows, held, strict=True) if share == most)
    return [
        row._replace(score=row.score + gain if share == most else min(row.score, best - worth * (most - share)))
        for row, share in zip(rows, held, strict=True)
    ]


def _shares(rows: Sequence[set[str]], weights: Mapping[str, float]) -> list[float]:
    """What each row, by its terms and names, has of those of a question that tell these rows apart, by weight: of what
    all have, as the headers, and of what none has nothing can be told."""
    telling = (set[str]().union(*rows) - set[str](rows[0]).intersection(*rows)) & weights.keys()
    total = sum(weights[term] for term in telling) or 1.0
    return [sum(weights[term] for term in telling & row) / total for row in rows]
