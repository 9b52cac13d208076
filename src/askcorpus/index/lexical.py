"""Lexical search: BM25 over our own terms, in tables beside the catalog's.

The terms (`words.terms`) of a passage and of its document's title are indexed, so that names that are only in the
headline are found. In a file FTS5 ranks them (`fts5`), on a server SQL (`postings`), by the same figures.

Every function works inside the caller's transaction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from askcorpus.index import fts5, postings
from askcorpus.index.dialect import among, on_server
from askcorpus.index.filters import condition
from askcorpus.index.passages import count_passages, ids_of
from askcorpus.index.schema import CHUNK, DOCUMENTS, PASSAGES, meta, note_change
from askcorpus.text.words import RULES, STEM
from askcorpus.text.words import terms as terms_of
from askcorpus.types import Filters

COMMON = 0.1
"""Share of passages from which a term counts as common. Ranking by common terms means reading most of the index
(155 ms against 5 ms over 300 000 passages) and hardly changes the order, so they only count when there is no other."""

LARGE = 2000
"""Passages up to which no term is dropped: it would save nothing."""

MOST_TERMS = 64
"""Terms of one search; of more, the rarest. Keeps a pasted page from costing seconds."""

READ = 50_000
"""Rows of the index that one search goes through. In a corpus so large that its terms have more, passages are found by
the rarest of them, and the others count for what was found."""

POOL = 500
"""Passages that are found so and scored by all terms …"""

ENOUGH = 10
"""… and so many rows for each that is asked for, are at least gone through."""


class _Tables(Protocol):
    """What `fts5` and `postings` both do; it is described there."""

    def create(self, connection: sa.Connection, /) -> None: ...
    def add(self, connection: sa.Connection, rows: Sequence[tuple[int, Sequence[str]]], /) -> None: ...
    def remove(self, connection: sa.Connection, seqs: Sequence[int], /) -> None: ...
    def clear(self, connection: sa.Connection, /) -> None: ...
    def size(self, connection: sa.Connection, /) -> int: ...
    def frequency(self, connection: sa.Connection, terms: Sequence[str], /) -> dict[str, int]: ...
    def ranked(
        self, connection: sa.Connection, terms: Mapping[str, int], passing: sa.Select[Any] | None, /
    ) -> sa.Select[Any]: ...
    def scores(
        self, connection: sa.Connection, terms: Mapping[str, int], seqs: Sequence[int], /
    ) -> dict[int, float]: ...
    def phrase(self, connection: sa.Connection, words: Sequence[str], limit: int, /) -> list[int]: ...
    def holding(self, words: Mapping[str, bool], /) -> sa.Select[Any]: ...


def _tables(connection: sa.Connection) -> _Tables:
    return postings if on_server(connection) else fts5


def create(connection: sa.Connection) -> None:
    """Make the (empty) tables."""
    _tables(connection).create(connection)


def add(connection: sa.Connection, rows: Iterable[tuple[int, str, str]]) -> None:
    """Index passages, each given as (seq, title, text)."""
    _tables(connection).add(connection, [(seq, terms_of(f"{title}\n{text}")) for seq, title, text in rows])


def remove(connection: sa.Connection, seqs: Sequence[int]) -> None:
    """Take passages out."""
    _tables(connection).remove(connection, seqs)


def size(connection: sa.Connection) -> int:
    """Number of passages in the index."""
    return _tables(connection).size(connection)


def document_frequency(connection: sa.Connection, terms: Sequence[str]) -> dict[str, int]:
    """In how many passages (or their titles) each term stands."""
    return dict.fromkeys(terms, 0) | _tables(connection).frequency(connection, sorted(set(terms)))


def telling(frequencies: Mapping[str, int], passages: int) -> dict[str, int]:
    """The terms worth searching for, rarest first, with their frequency; none if no term is in the index."""
    frequency = {term: count for term, count in frequencies.items() if count}
    if passages > LARGE:
        frequency = {term: n for term, n in frequency.items() if n <= COMMON * passages} or frequency
    rarest = sorted(frequency, key=lambda term: (frequency[term], term))[:MOST_TERMS]
    return {term: frequency[term] for term in rarest}


def matching(
    connection: sa.Connection, frequencies: Mapping[str, int], passages: int, limit: int, filters: Filters
) -> list[tuple[str, float]]:
    """Of so many passages those that match any of some terms, which are given with their frequency, best first: id and
    BM25 score (above 0)."""
    wanted = telling(frequencies, passages)
    if not wanted or limit < 1:
        return []
    passing = sa.select(PASSAGES.c.seq).join(DOCUMENTS).where(condition(filters)) if filters else None
    return _by_rarest(connection, wanted, limit, passing) or _ranked(connection, wanted, limit, passing)


def _ranked(
    connection: sa.Connection, terms: Mapping[str, int], limit: int, passing: sa.Select[Any] | None
) -> list[tuple[str, float]]:
    best = _best(connection, terms, limit, passing).subquery()  # the index cuts by itself; only what is left is named
    query = sa.select(PASSAGES.c.id, best.c.rank).join(best, best.c.seq == PASSAGES.c.seq)
    return [(id_, -float(score)) for id_, score in connection.execute(query.order_by(best.c.rank, best.c.seq))]


def _best(
    connection: sa.Connection, terms: Mapping[str, int], limit: int, passing: sa.Select[Any] | None
) -> sa.Select[Any]:
    ranked = _tables(connection).ranked(connection, terms, passing)
    seq, rank = ranked.selected_columns
    return ranked.order_by(rank, seq).limit(limit)


def _by_rarest(
    connection: sa.Connection, terms: Mapping[str, int], limit: int, passing: sa.Select[Any] | None
) -> list[tuple[str, float]]:
    """What the rarest terms find, ranked by all; nothing where all are rare enough, or where a filter leaves less than
    is asked for of what those find."""
    rarest = leading(terms, limit)
    if len(rarest) == len(terms):
        return []
    seqs = list(connection.scalars(_best(connection, rarest, max(limit, POOL), passing)))
    if len(seqs) < limit:
        return []
    scores = _tables(connection).scores(connection, terms, seqs)
    best = sorted(scores, key=lambda seq: (-scores[seq], seq))[:limit]
    names = ids_of(connection, best)
    return [(names[seq], scores[seq]) for seq in best]


def leading(terms: Mapping[str, int], limit: int) -> dict[str, int]:
    """The rarest of terms (given in that order) that together have few enough rows to go through."""
    chosen: dict[str, int] = {}
    rows = 0
    for term, found in terms.items():
        if rows + found > READ and rows >= ENOUGH * limit:
            break
        chosen[term] = found
        rows += found
    return chosen


def phrase(connection: sa.Connection, words: Sequence[str], limit: int) -> list[str]:
    """The ids of passages that hold ``words`` (from `words.words`) one after the other, in no order that tells
    anything."""
    if not words or limit < 1:
        return []
    seqs = _tables(connection).phrase(connection, words, limit)
    return list(connection.scalars(sa.select(PASSAGES.c.id).where(among(PASSAGES.c.seq, seqs))))


def holding(connection: sa.Connection, words: Sequence[str]) -> sa.Select[Any]:
    """The seqs of passages that hold all of ``words`` (from `words.words`). Where one has more letters than a beginning
    that is indexed, what begins with it is found as well: it begins few."""
    return _tables(connection).holding({word: len(word) > STEM for word in words})


def reindex(connection: sa.Connection, progress: Callable[[int, int], None]) -> None:
    """Make the lexical index anew from the passages; ``progress(done, total)`` is called now and then."""
    _tables(connection).clear(connection)
    note_change(connection, {"words": RULES})  # for whoever remembers what it found in the one before
    total, done, last = count_passages(connection), 0, 0
    query = sa.select(PASSAGES.c.seq, DOCUMENTS.c.title, PASSAGES.c.text).join(DOCUMENTS).order_by(PASSAGES.c.seq)
    while rows := connection.execute(query.where(PASSAGES.c.seq > last).limit(CHUNK)).all():
        add(connection, ((seq, title, text) for seq, title, text in rows))
        done, last = done + len(rows), rows[-1].seq
        progress(done, total)


def words_are_current(connection: sa.Connection) -> bool:
    """Whether the lexical index was made by the rules that questions are now split into terms by."""
    return meta(connection).get("words", "1") == str(RULES)  # not noted before there was a second version
