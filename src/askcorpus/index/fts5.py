"""The lexical index in SQLite: an FTS5 table of terms joined by spaces, at which alone it splits.

Its BM25 is that of `bm25`; `postings` computes the same figures where there is no FTS5.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from askcorpus.index.bm25 import score, weight
from askcorpus.index.dialect import among

# The `ascii` tokenizer takes every character beyond ASCII for a letter, so it leaves our words whole in all scripts.
_CREATE = (
    """CREATE VIRTUAL TABLE lexical USING fts5(words, tokenize = "ascii tokenchars '.~'")""",
    "CREATE VIRTUAL TABLE lexical_terms USING fts5vocab(lexical, 'row')",
)
_AVERAGES = 1  # the row of its table in which FTS5 notes the number of rows, and of terms in each column
_TERMS = sa.table("lexical_terms", sa.column("term", sa.Text), sa.column("doc", sa.Integer))
_CONTENT = sa.table("lexical_content", sa.column("id", sa.Integer), sa.column("c0", sa.Text))
_SEQ: sa.ColumnElement[int] = sa.literal_column("rowid").label("seq")
_RANK: sa.ColumnElement[float] = sa.literal_column("rank").label("rank")


def create(connection: sa.Connection) -> None:
    """Make the (empty) tables."""
    for statement in _CREATE:
        connection.exec_driver_sql(statement)


def add(connection: sa.Connection, rows: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Index passages, each given as seq and terms."""
    if values := [(seq, " ".join(terms)) for seq, terms in rows]:
        connection.exec_driver_sql("INSERT INTO lexical (rowid, words) VALUES (?, ?)", values)


def remove(connection: sa.Connection, seqs: Sequence[int]) -> None:
    """Take passages out."""
    if seqs:  # one by one: FTS5 would walk through its whole table for a list
        connection.exec_driver_sql("DELETE FROM lexical WHERE rowid = ?", [(seq,) for seq in seqs])


def clear(connection: sa.Connection) -> None:
    """Take everything out, by making the tables anew: this also mends a damaged index."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS lexical_terms")
    connection.exec_driver_sql("DROP TABLE IF EXISTS lexical")
    create(connection)


def size(connection: sa.Connection) -> int:
    """Number of passages in the index."""
    return int(connection.exec_driver_sql("SELECT count(*) FROM lexical_docsize").scalar_one())


def frequency(connection: sa.Connection, terms: Sequence[str]) -> dict[str, int]:
    """In how many passages each of the terms stands that stands in any."""
    rows = connection.execute(sa.select(_TERMS.c.term, _TERMS.c.doc).where(among(_TERMS.c.term, terms)))
    return {term: int(count) for term, count in rows}


def ranked(
    connection: sa.Connection,  # noqa: ARG001
    terms: Mapping[str, int],
    passing: sa.Select[Any] | None,
) -> sa.Select[Any]:
    """The passages that hold any of the terms, each given with its frequency: seq, and BM25 below 0. Of those that
    pass, where not all do."""
    rows = _matching(" OR ".join(map(_quoted, terms))).add_columns(_RANK)
    if passing is not None:  # with a bare rowid, FTS5 would search again for each passage that qualifies
        rows = rows.where(sa.literal_column("+rowid").in_(passing))
    return rows


def scores(connection: sa.Connection, terms: Mapping[str, int], seqs: Sequence[int]) -> dict[int, float]:
    """What `ranked` gives these passages, above 0; without reading all that holds the terms."""
    passages, all_terms = _totals(connection)
    weights = [(term, weight(passages, found)) for term, found in terms.items()]
    mean = all_terms / max(passages, 1) or 1.0
    rows = sa.select(_CONTENT.c.id, _CONTENT.c.c0).where(among(_CONTENT.c.id, seqs))
    found = {}
    for seq, text in connection.execute(rows):
        times = Counter(words := text.split(" "))
        found[int(seq)] = score(((idf, times[term]) for term, idf in weights), len(words), mean)
    return found


def _totals(connection: sa.Connection) -> tuple[int, int]:
    """Number of passages, and of terms in them, counted as often as they occur."""
    row = connection.exec_driver_sql("SELECT block FROM lexical_data WHERE id = ?", (_AVERAGES,)).scalar_one()
    passages, all_terms = [*_numbers(row), 0, 0][:2]
    return passages, all_terms


def _numbers(row: bytes) -> Iterator[int]:
    """The numbers in a row, seven bits a byte, the high bit set in all but the last; none here has nine bytes."""
    number = 0
    for byte in row:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            yield number
            number = 0


def phrase(connection: sa.Connection, words: Sequence[str], limit: int) -> list[int]:
    """The seqs of passages that hold the words one after the other, in no order that tells anything."""
    return [int(seq) for seq in connection.scalars(_matching(_quoted(" ".join(words))).limit(limit))]


def holding(words: Mapping[str, bool]) -> sa.Select[Any]:
    """The seqs of passages that hold all the words; with one that is true, what begins with it does as well."""
    return _matching(" AND ".join(f"{_quoted(word)}{'*' if begins else ''}" for word, begins in words.items()))


def _matching(expression: str) -> sa.Select[Any]:
    return sa.select(_SEQ).select_from(sa.table("lexical")).where(sa.literal_column("lexical").match(expression))


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
