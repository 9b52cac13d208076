"""The list of documents: a page of it, near-copies folded, and counts by language, source and date.

All of it is told by the indexes of the documents' table, without going through the texts. The functions work inside the
caller's transaction.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from askcorpus.index import lexical, stories
from askcorpus.index.catalog import tally
from askcorpus.index.dialect import among
from askcorpus.index.filters import condition
from askcorpus.index.schema import BY_DATE, DOCUMENTS, PASSAGES, STORIES
from askcorpus.text.dates import day_range
from askcorpus.text.words import words
from askcorpus.types import Copy, Filters

MOST_BARS = 31
"""Bars of a histogram: as many as the days of a month."""

_BEGINNING = 240
_LONGEST_TITLE = 240
"""One that a text begins with; a longer one is told again."""

_YEAR, _MONTH, _DAY = 4, 7, 10


class Entry(NamedTuple):
    """A document in the list. ``beginning`` is that of its text, below the title where that is the first of it;
    ``copies`` tell the same story, and are folded."""

    document_id: str
    title: str
    source: str
    date: str
    language: str
    place: str
    beginning: str
    copies: tuple[Copy, ...] = ()


class Bar(NamedTuple):
    """So many ``documents`` may be of the time from ``first`` to ``last``, two partial ISO dates, mostly the same."""

    first: str
    last: str
    documents: int


class Inventory(NamedTuple):
    """A page of the list, and what the whole of it holds.

    ``documents`` pass, of which ``folded`` are copies of one that passes too; so the list has
    ``documents - folded`` entries. ``languages`` and ``sources`` count what would pass if that filter were not set,
    most first; ``bars`` the documents by date, in its order, of which ``undated`` have none.
    """

    entries: tuple[Entry, ...]
    documents: int
    folded: int
    languages: dict[str, int]
    sources: dict[str, int]
    bars: tuple[Bar, ...]
    undated: int


def inventory(connection: sa.Connection, search: str, filters: Filters, offset: int, limit: int) -> Inventory:
    """The documents that pass the filters and hold all words of ``search`` in a passage or in their title.

    They come newest first, then by title, those without a date last; ``limit`` entries from ``offset`` on. A word of
    more than four letters may also be the beginning of one.

    Raises:
        UsageError: a date of the filters makes no sense.
    """
    found = _holding(connection, search)
    passing = _passing(filters, found)
    total = connection.execute(sa.select(sa.func.count()).select_from(passing.subquery())).scalar_one()
    folded = connection.execute(
        sa.select(sa.func.count()).select_from(STORIES).where(STORIES.c.document.in_(passing), _repeats(passing))
    ).scalar_one()
    any_language, any_source = (filters.model_copy(update={name: ()}) for name in ("languages", "sources"))
    return Inventory(
        _entries(connection, passing, offset, limit),
        total,
        folded,
        tally(connection, DOCUMENTS.c.language, sa.and_(condition(any_language), found)),
        tally(connection, DOCUMENTS.c.source, sa.and_(condition(any_source), found)),
        *_histogram(connection, filters, found),
    )


def matching(connection: sa.Connection, search: str, filters: Filters, limit: int) -> list[str]:
    """The ids of the documents that `inventory` counts, copies included, in the order of the list."""
    query = sa.select(DOCUMENTS.c.id).where(_NUMBER.in_(_passing(filters, _holding(connection, search))))
    return list(connection.scalars(query.order_by(*BY_DATE).limit(limit)))


# What is told by an index alone is not looked up row by row: the columns behind the text are a long way off.
_NUMBER: sa.ColumnElement[int] = sa.literal_column("+documents.number", sa.Integer)
_SEQ: sa.ColumnElement[int] = sa.literal_column("+passages.seq", sa.Integer)


def _holding(connection: sa.Connection, search: str) -> sa.ColumnElement[bool]:
    """That a document holds all words of a search: any document where that is empty, none where it has no words."""
    if not search.strip():
        return sa.true()
    wanted = words(search)[: lexical.MOST_TERMS]
    if not wanted:
        return sa.false()
    holding = sa.select(PASSAGES.c.document).distinct().where(_SEQ.in_(lexical.holding(connection, wanted)))
    return among(_NUMBER, list(connection.scalars(holding)))  # searched for once, and not by each query anew


def _passing(filters: Filters, found: sa.ColumnElement[bool]) -> "sa.Select[tuple[int]]":
    """The numbers of the documents that pass."""
    return sa.select(DOCUMENTS.c.number).where(condition(filters), found).correlate(None)


def _repeats(passing: "sa.Select[tuple[int]]") -> sa.ColumnElement[bool]:
    """That an earlier document of the same story passes as well. A story is known by its earliest document."""
    earlier = STORIES.alias()
    others = sa.select(earlier.c.document).where(
        earlier.c.story == STORIES.c.story, earlier.c.document < STORIES.c.document, earlier.c.document.in_(passing)
    )
    return sa.and_(STORIES.c.story != STORIES.c.document, others.exists())


def _entries(connection: sa.Connection, passing: "sa.Select[tuple[int]]", offset: int, limit: int) -> tuple[Entry, ...]:
    repeated = sa.select(STORIES.c.document).where(STORIES.c.document == DOCUMENTS.c.number, _repeats(passing))
    numbers = sa.select(DOCUMENTS.c.number).where(_NUMBER.in_(passing), ~repeated.exists())
    page = list(connection.scalars(numbers.order_by(*BY_DATE).offset(offset).limit(limit)))
    shown = [DOCUMENTS.c[name] for name in ("title", "source", "date", "language", "place")]
    text = sa.func.substr(DOCUMENTS.c.text, 1, _LONGEST_TITLE + _BEGINNING).label("text")
    query = sa.select(DOCUMENTS.c.id, *shown, text).where(among(DOCUMENTS.c.number, page))
    rows = connection.execute(query.order_by(*BY_DATE)).all()
    copies = stories.copies(connection, [row.id for row in rows])
    return tuple(Entry._make((*row[:-1], _beginning(row.title, row.text), copies.get(row.id, ()))) for row in rows)


def _beginning(title: str, text: str) -> str:
    return (text.removeprefix(title).lstrip() if len(title) <= _LONGEST_TITLE else text)[:_BEGINNING]


# ---- by date


def _histogram(
    connection: sa.Connection, filters: Filters, found: sa.ColumnElement[bool]
) -> tuple[tuple[Bar, ...], int]:
    """The bars, and the number of documents without a date.

    A document of "2022" may be of any of its months, and counts in each of them: so a bar has as many documents as a
    filter by its time lets pass.
    """
    low, high = DOCUMENTS.c.date_low, DOCUMENTS.c.date_high
    passes = sa.and_(condition(filters), found)
    first, last, dated, total = connection.execute(
        sa.select(sa.func.min(low), sa.func.max(high), sa.func.count(low), sa.func.count()).where(passes)
    ).one()
    if not dated:
        return (), total
    from_, to = day_range(filters.date_from), day_range(filters.date_to)
    first = max(first, from_[0]) if from_ else first
    last = min(last, to[1]) if to else last
    length, step = _grain(first, last)
    begins, ends = (sa.func.substr(column, 1, length) for column in (low, high))
    query = sa.select(begins, ends, sa.func.count()).where(passes, low.is_not(None)).group_by(begins, ends)
    times = list(_times(first, last, length, step))
    lasts = [stop for _, stop in times]
    changes: Counter[int] = Counter()
    for begin, end, count in connection.execute(query):
        changes[bisect_left(lasts, begin)] += count
        changes[bisect_left(lasts, end) + 1] -= count
    bars: list[Bar] = []
    running = 0
    for at, (start, stop) in enumerate(times):
        running += changes[at]
        bars.append(Bar(start, stop, running))
    return tuple(bars), total - dated


def _grain(first: str, last: str) -> tuple[int, int]:
    """How many characters of a date tell its bar, and how many of those times a bar spans: days, months, years,
    decades or centuries, the finest of which there are not too many."""
    if first[:_MONTH] == last[:_MONTH]:
        return _DAY, 1
    years = int(last[:_YEAR]) - int(first[:_YEAR]) + 1
    if years <= MOST_BARS // 12:
        return _MONTH, 1
    return _YEAR, next((step for step in (1, 10) if years // step < MOST_BARS), 100)


def _times(first: str, last: str, length: int, step: int) -> Iterator[tuple[str, str]]:
    """First and last date of each bar."""
    if length == _DAY:
        day, end = date.fromisoformat(first), date.fromisoformat(last)
        for shift in range((end - day).days + 1):
            yield (one := (day + timedelta(shift)).isoformat()), one
    elif length == _MONTH:
        begin, stop = (int(each[:4]) * 12 + int(each[5:7]) - 1 for each in (first, last))
        for month in range(begin, stop + 1):
            yield (one := f"{month // 12:04}-{month % 12 + 1:02}"), one
    else:
        for year in range(int(first[:4]) // step * step, int(last[:4]) + 1, step):
            yield f"{max(year, 1):04}", f"{min(year + step - 1, 9999):04}"
