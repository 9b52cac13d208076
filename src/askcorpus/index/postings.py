"""The lexical index on a server: one row for each term of each passage, with its frequency.

The figures are those of SQLite's FTS5, to the last bit: the same terms, the same formula (`bm25`), added up in the same
order.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from askcorpus.index.bm25 import K1, B, weight
from askcorpus.index.dialect import NUMBER, TEXT, among, holds
from askcorpus.index.schema import PASSAGES, count_up, meta, take_note

_TABLES = sa.MetaData()
_LEXICAL = sa.Table(
    "lexical",
    _TABLES,
    sa.Column("seq", NUMBER, primary_key=True, autoincrement=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("words", TEXT, nullable=False),  # in their order, with a space before and behind each, for phrases
)
# The size of the passage stands in every row, so that a score needs no other table; nor, by the index, this one.
_POSTINGS = sa.Table(
    "postings",
    _TABLES,
    sa.Column("term", TEXT, nullable=False),
    sa.Column("seq", NUMBER, nullable=False, index=True),
    sa.Column("frequency", sa.Integer, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
)
sa.Index("postings_by_term", _POSTINGS.c.term, _POSTINGS.c.seq, unique=True, postgresql_include=["frequency", "size"])
_LAST_CHARACTER = "\U0010ffff"


def create(connection: sa.Connection) -> None:
    """Make the (empty) tables."""
    _TABLES.create_all(connection)
    take_note(connection, {"lexical_passages": 0, "lexical_terms": 0})


def add(connection: sa.Connection, rows: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Index passages, each given as seq and terms."""
    passages: list[dict[str, object]] = []
    postings: list[tuple[str, int, int, int]] = []
    for seq, terms in rows:
        words = [term for term in terms if not term.startswith("~")]
        passages.append({"seq": seq, "size": len(terms), "words": f" {' '.join(words)} "})
        postings += [(term, seq, times, len(terms)) for term, times in Counter(terms).items()]
    if not passages:
        return
    connection.execute(sa.insert(_LEXICAL), passages)
    columns = zip(_POSTINGS.c, zip(*postings, strict=True), strict=True) if postings else ()
    arrays = [sa.literal(list(values), ARRAY(column.type)) for column, values in columns]
    if arrays:  # one parameter a column: a hundred rows a passage, one by one, take six times as long
        rows_of = sa.func.unnest(*arrays).table_valued(*(column.name for column in _POSTINGS.c)).render_derived()
        connection.execute(sa.insert(_POSTINGS).from_select(list(_POSTINGS.c), sa.select(rows_of)))
    _note(connection, len(passages), sum(len(terms) for _, terms in rows))


def remove(connection: sa.Connection, seqs: Sequence[int]) -> None:
    """Take passages out."""
    if not seqs:
        return
    connection.execute(sa.delete(_POSTINGS).where(among(_POSTINGS.c.seq, seqs)))
    gone = connection.scalars(sa.delete(_LEXICAL).where(among(_LEXICAL.c.seq, seqs)).returning(_LEXICAL.c.size))
    sizes = list(gone)
    _note(connection, -len(sizes), -sum(sizes))


def _note(connection: sa.Connection, passages: int, terms: int) -> None:
    count_up(connection, {"lexical_passages": passages, "lexical_terms": terms})


def _totals(connection: sa.Connection) -> tuple[int, int]:
    """Number of passages, and of terms in them, counted as often as they occur."""
    notes = meta(connection)
    return int(notes["lexical_passages"]), int(notes["lexical_terms"])


def clear(connection: sa.Connection) -> None:
    """Take everything out, by making the tables anew."""
    _TABLES.drop_all(connection)
    create(connection)


def size(connection: sa.Connection) -> int:
    """Number of passages in the index."""
    return connection.execute(sa.select(sa.func.count()).select_from(_LEXICAL)).scalar_one()


def frequency(connection: sa.Connection, terms: Sequence[str]) -> dict[str, int]:
    """In how many passages each of the terms stands that stands in any."""
    query = sa.select(_POSTINGS.c.term, sa.func.count()).where(among(_POSTINGS.c.term, terms))
    return {term: int(count) for term, count in connection.execute(query.group_by(_POSTINGS.c.term))}


def ranked(connection: sa.Connection, terms: Mapping[str, int], passing: sa.Select[Any] | None) -> sa.Select[Any]:
    """The passages that hold any of the terms, each given with its frequency: seq, and BM25 below 0. Of those that
    pass, where not all do."""
    passages, all_terms = _totals(connection)
    weights = [weight(passages, found) for found in terms.values()]
    wanted = (
        sa.func.unnest(sa.literal(list(terms), ARRAY(TEXT)), sa.literal(weights, ARRAY(sa.Double)))
        .table_valued(sa.column("term", TEXT), sa.column("weight", sa.Double), with_ordinality="place")
        .render_derived()
    )
    times, length = (sa.cast(column, sa.Double) for column in (_POSTINGS.c.frequency, _POSTINGS.c.size))
    mean = all_terms / max(passages, 1) or 1.0
    share = wanted.c.weight * (times * (K1 + 1) / (times + K1 * (1 - B + B * length / mean)))
    parts = sa.select(_POSTINGS.c.seq, share.label("share")).join(wanted, wanted.c.term == _POSTINGS.c.term)
    if passing is not None:
        parts = parts.where(_POSTINGS.c.seq.in_(passing))
    part = parts.order_by(_POSTINGS.c.seq, wanted.c.place).subquery()  # the order in which FTS5 adds up
    return sa.select(part.c.seq, (-sa.func.sum(part.c.share)).label("rank")).group_by(part.c.seq)


def scores(connection: sa.Connection, terms: Mapping[str, int], seqs: Sequence[int]) -> dict[int, float]:
    """What `ranked` gives these passages, above 0."""
    rows = ranked(connection, terms, sa.select(PASSAGES.c.seq).where(among(PASSAGES.c.seq, seqs)))
    return {seq: -rank for seq, rank in connection.execute(rows)}


def phrase(connection: sa.Connection, words: Sequence[str], limit: int) -> list[int]:
    """The seqs of passages that hold the words one after the other, in no order that tells anything."""
    query = sa.select(_LEXICAL.c.seq).where(_LEXICAL.c.seq.in_(holding(dict.fromkeys(words, False))))
    return list(connection.scalars(query.where(holds(_LEXICAL.c.words, f" {' '.join(words)} ")).limit(limit)))


def holding(words: Mapping[str, bool]) -> sa.Select[Any]:
    """The seqs of passages that hold all the words; with one that is true, what begins with it does as well."""
    each = [sa.select(_POSTINGS.c.seq).where(_is(word, begins)) for word, begins in words.items()]
    return sa.select(sa.intersect(*each).subquery().c.seq) if len(each) > 1 else each[0]


def _is(word: str, begins: bool) -> sa.ColumnElement[bool]:
    if begins:
        return sa.and_(_POSTINGS.c.term >= word, _POSTINGS.c.term < word + _LAST_CHARACTER)
    return _POSTINGS.c.term == word
