"""The lexical half: BM25 over our own terms, in an FTS5 table beside the catalog's rows.

A row holds the terms (`words.terms`) of a passage and of its document's title, so that names that only the headline
has are found. FTS5 is given those terms joined by spaces and splits them there and nowhere else. BM25: Robertson and
Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with FTS5's k1 = 1.2 and b = 0.75.

Every function works inside the caller's transaction.
"""

import json
from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa

from askcorpus.index.filters import condition
from askcorpus.index.passages import count_passages
from askcorpus.index.schema import CHUNK, DOCUMENTS, PASSAGES, listed, meta, take_note
from askcorpus.text.words import RULES
from askcorpus.text.words import terms as terms_of
from askcorpus.types import Filters

COMMON = 0.1
"""Share of passages from which a term counts as common. Ranking by common terms means reading most of the index
(155 ms against 5 ms over 300 000 passages) and hardly changes the order, so they only count when there is no other."""

LARGE = 2000
"""Passages up to which no term is dropped: it would save nothing."""

MOST_TERMS = 64
"""Terms of one search; of more, the rarest. Keeps a pasted page from costing seconds."""

# The `ascii` tokenizer takes every character beyond ASCII for a letter, so it leaves our words whole in all scripts.
_CREATE = (
    """CREATE VIRTUAL TABLE lexical USING fts5(words, tokenize = "ascii tokenchars '.~'")""",
    "CREATE VIRTUAL TABLE lexical_terms USING fts5vocab(lexical, 'row')",
)
_FREQUENCY = sa.text("SELECT term, doc FROM lexical_terms WHERE term IN (SELECT value FROM json_each(:terms))")


def create(connection: sa.Connection) -> None:
    """Make the (empty) tables."""
    for statement in _CREATE:
        connection.exec_driver_sql(statement)


def add(connection: sa.Connection, rows: Iterable[tuple[int, str, str]]) -> None:
    """Index passages, each given as (seq, title, text)."""
    values = [(seq, " ".join(terms_of(f"{title}\n{text}"))) for seq, title, text in rows]
    if values:
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


def document_frequency(connection: sa.Connection, terms: Sequence[str]) -> dict[str, int]:
    """In how many passages (or their titles) each term stands."""
    found = connection.execute(_FREQUENCY, {"terms": json.dumps(sorted(set(terms)))})
    return dict.fromkeys(terms, 0) | {term: int(count) for term, count in found}


def expression(connection: sa.Connection, terms: Sequence[str], passages: int) -> str:
    """The FTS5 expression for the telling ones among ``terms``; empty when no term is in the index."""
    frequency = {term: count for term, count in document_frequency(connection, terms).items() if count}
    if passages > LARGE:
        frequency = {term: n for term, n in frequency.items() if n <= COMMON * passages} or frequency
    rarest = sorted(frequency, key=lambda term: (frequency[term], term))[:MOST_TERMS]
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in rarest)


def matching(connection: sa.Connection, terms: Sequence[str], limit: int, filters: Filters) -> list[tuple[str, float]]:
    """The passages that match any of ``terms``, best first: id and BM25 score (above 0)."""
    wanted = expression(connection, terms, count_passages(connection))
    if not wanted or limit < 1:
        return []
    # The index ranks and cuts by itself; only what is left is looked up.
    seq: sa.ColumnElement[int] = sa.literal_column("rowid").label("seq")
    rank: sa.ColumnElement[float] = sa.literal_column("rank").label("rank")
    ranked = sa.select(seq, rank).select_from(sa.table("lexical")).where(sa.text("lexical MATCH :wanted"))
    if filters:  # with a bare rowid, FTS5 would search again for each passage that qualifies
        ranked = ranked.where(
            sa.literal_column("+rowid").in_(sa.select(PASSAGES.c.seq).join(DOCUMENTS).where(condition(filters)))
        )
    best = ranked.order_by(rank, seq).limit(limit).subquery()
    query = sa.select(PASSAGES.c.id, best.c.rank).join(best, best.c.seq == PASSAGES.c.seq)
    rows = connection.execute(query.order_by(best.c.rank, best.c.seq), {"wanted": wanted})
    return [(id_, -float(score)) for id_, score in rows]


def phrase(connection: sa.Connection, words: Sequence[str], limit: int) -> list[str]:
    """The ids of passages that hold ``words`` (from `words.words`) one after the other, in no order that tells
    anything."""
    if not words or limit < 1:
        return []
    wanted = '"' + " ".join(words).replace('"', '""') + '"'
    rows = connection.exec_driver_sql("SELECT rowid FROM lexical WHERE lexical MATCH ? LIMIT ?", (wanted, limit))
    seqs = [int(row[0]) for row in rows]
    return list(connection.scalars(sa.select(PASSAGES.c.id).where(PASSAGES.c.seq.in_(listed(seqs)))))


def reindex(connection: sa.Connection, progress: Callable[[int, int], None]) -> None:
    """Make the lexical index anew from the passages; ``progress(done, total)`` is called now and then."""
    clear(connection)
    take_note(connection, {"words": RULES})
    total, done, last = count_passages(connection), 0, 0
    query = sa.select(PASSAGES.c.seq, DOCUMENTS.c.title, PASSAGES.c.text).join(DOCUMENTS).order_by(PASSAGES.c.seq)
    while rows := connection.execute(query.where(PASSAGES.c.seq > last).limit(CHUNK)).all():
        add(connection, ((seq, title, text) for seq, title, text in rows))
        done, last = done + len(rows), rows[-1].seq
        progress(done, total)


def words_are_current(connection: sa.Connection) -> bool:
    """Whether the lexical index was made by the rules by which questions are now taken apart."""
    return meta(connection).get("words", "1") == str(RULES)  # not noted before there was a second version
