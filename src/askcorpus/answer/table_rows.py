"""Rows of a table told apart by what a question says: of Tuesday's and Sunday's hours, those of the day that is asked.

A row is read as its cells, each behind the header of its column: *Day: Tuesday, Open: 10:00-18:00*. The reader learned
from prose, and finds an answer of the right kind in any row. So the row that holds most of what the question has
of them, by the weight of its terms, takes the place of the best of its table, and each other stays as far behind as it
holds less. Where nothing in the question tells one from another, as in *Which town is the largest?*, the table answers,
unless the reader is far surer of one row than of the next: *Who runs the company?* is answered by *Chief executive*.
The line right above a table, as *The table shows the mayors.*, answers only where the reader is far surer of it than of
any row.
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

_LINE_BREAKS = (1, 2)
"""Characters between a line and a table that stands right below it."""


def told_apart(
    query: Query, sentences: Sequence[ScoredSentence], weights: Mapping[str, float], tuning: Tuning = TUNING
) -> tuple[ScoredSentence, ...]:
    """The sentences, best first, with rows scored by what they hold of a query, whose terms have ``weights``. Its names
    count as much as its rarest term: they are known in other languages too."""
    tables = defaultdict[tuple[str, ...], list[ScoredSentence]](list)
    others = list[ScoredSentence]()
    for sentence in sentences:
        columns = headers(sentence)
        (tables[sentence.hit.title, *columns] if columns else others).append(sentence)
    told = list[ScoredSentence]()
    for rows in tables.values():
        told += _told_apart(rows, _shares(query, rows, weights, tuning), tuning.row)
        others = _behind(rows, others, tuning.row_ahead)
    return tuple(sorted([*told, *others], key=lambda sentence: -sentence.score))


def none_told(
    query: Query, sentences: Sequence[ScoredSentence], weights: Mapping[str, float], tuning: Tuning = TUNING
) -> tuple[ScoredSentence, ...]:
    """The rows of the table that the best sentence is a row of, if neither a query nor the reader tells one of them
    from the others: the best one, the others of the best few in their order, then the rest. Empty where one is told,
    and where there is no table."""
    best = sentences[0]
    columns = headers(best)
    rows = [one for one in sentences if columns == headers(one) and one.hit.document_id == best.hit.document_id]
    if (
        not columns
        or len(rows) < 2
        or rows[0].score - rows[1].score > tuning.row_ahead
        or any(_shares(query, rows, weights, tuning))
    ):
        return ()
    others = sorted(rows[1 : tuning.most_names], key=lambda row: row.span.start)
    return (best, *others, *rows[tuning.most_names :])


def _behind(rows: Sequence[ScoredSentence], others: Sequence[ScoredSentence], ahead: float) -> list[ScoredSentence]:
    """The other sentences, of which one right above these rows stays behind them, unless it is further than ``ahead``
    before them."""
    best = max(row.score for row in rows)
    above = {(row.hit.document_id, row.span.start - gap) for row in rows for gap in _LINE_BREAKS}
    return [
        one._replace(score=min(one.score, best))
        if (one.hit.document_id, one.span.end) in above and one.score - best <= ahead
        else one
        for one in others
    ]


def headers(sentence: ScoredSentence) -> tuple[str, ...]:
    """Those of the first two columns of a row; empty where it is none."""
    found = _HEADERS.match(sentence.text)
    return found.groups() if found else ()


def _told_apart(rows: Sequence[ScoredSentence], held: Sequence[float], worth: float) -> list[ScoredSentence]:
    most, best = max(held), max(row.score for row in rows)
    gain = best - max(row.score for row, share in zip(rows, held, strict=True) if share == most)
    return [
        row._replace(score=row.score + gain if share == most else min(row.score, best - worth * (most - share)))
        for row, share in zip(rows, held, strict=True)
    ]


def _shares(query: Query, rows: Sequence[ScoredSentence], weights: Mapping[str, float], tuning: Tuning) -> list[float]:
    """What each row has of those terms and names of a query that tell these rows apart, by weight: of what all have, as
    the headers, and of what none has nothing can be told; nor of what the title has, which all of them are about, nor
    of the commonest words."""
    title = set(terms(rows[0].hit.title))
    names = {name.text for name in query.names if not title.issuperset(terms(name.text))}
    weights = {**weights, **dict.fromkeys(names, max(weights.values(), default=1.0))}
    held = [{*terms(row.text), *names_held(query, row)} for row in rows]
    here = title.union(*held, terms(rows[0].hit.text)) & weights.keys()
    least = tuning.row_word * max((weights[term] for term in here), default=0.0)
    telling = {term for term in set[str]().union(*held) & here - title if weights[term] >= least}
    telling -= set(held[0]).intersection(*held)
    total = sum(weights[term] for term in telling) or 1.0
    return [sum(weights[term] for term in telling & row) / total for row in held]
