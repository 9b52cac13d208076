"""Which documents tell the same story: one agency report in five papers, or on two days.

Every document has a MinHash signature of its runs of words. Those that share a band of it are compared run by run, and
those that tell the same are linked; who is linked with whom, directly or by others, is one story. Links follow from the
texts alone, in whatever order those came: the members of a story that loses one are compared again.

The functions work inside the caller's transaction.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from rensa import RMinHash

from askcorpus.index.dialect import among
from askcorpus.index.schema import DOCUMENTS, STORIES, meta, take_note
from askcorpus.text.words import words
from askcorpus.types import Copy

RUN = 4
"""Words in a run."""
PERMUTATIONS = 96
ROWS = 3
"""Numbers of a signature that make a band: two documents that share half of their runs share one of the 32 bands in
98 or 99 of 100 cases, and two that share a fiftieth in 3 of 10,000."""
SAME = 0.6
"""Share of their runs (Jaccard) from which two documents tell the same."""
CUT = 0.85
"""So do they when this share of the shorter one's runs stands in the longer one, which it was cut from …"""
MOST_CUT = 0.3
"""… and that is at least this share of all their runs."""
SAME_NUMBERS = 0.5
"""Share of their numbers (of the one that has fewer) that two must have in common: reports that a form was filled in
for differ in nothing else."""
AT_ONCE = 500
"""Documents whose signatures are made in one step, and whose texts are kept while they are compared."""
SPREAD = 0.1
"""By so much a signature may be wrong about the share of runs."""
CROWD = 100
"""A band that more documents share is one of a form: of those, only neighbours in the order of their signatures are
compared. Documents of one story are neighbours in another band."""
NEIGHBOURS = 5

Signatures = NDArray[np.uint32]
_KIND = f"rensa {RMinHash.ALGORITHM_VERSION}, {PERMUTATIONS} of {RUN} words"


def unlinked(connection: sa.Connection) -> list[int]:
    """The numbers of the documents that were not yet compared, or have to be again."""
    query = sa.select(DOCUMENTS.c.number)
    if meta(connection).get("signatures", _KIND) == _KIND:
        query = query.join(STORIES, isouter=True).where(STORIES.c.story.is_(None))
    return sorted(connection.scalars(query))


def sign(connection: sa.Connection, numbers: Sequence[int]) -> None:
    """Make the signatures of those of the documents of these numbers that are there and have none."""
    if meta(connection).get("signatures") != _KIND:
        connection.execute(sa.delete(STORIES))
        take_note(connection, {"signatures": _KIND})
    query = sa.select(DOCUMENTS.c.number, DOCUMENTS.c.text).join(STORIES, isouter=True)
    unsigned = sa.and_(among(DOCUMENTS.c.number, numbers), STORIES.c.document.is_(None))
    if rows := connection.execute(query.where(unsigned)).all():
        connection.execute(sa.insert(STORIES), [{"document": number, **_signed(text)} for number, text in rows])


def link(connection: sa.Connection) -> None:
    """Compare the documents that were not yet compared with all others, and join those that tell the same story."""
    columns = [STORIES.c[name] for name in ("document", "story", "signature", "runs", "numbers")]
    rows = connection.execute(sa.select(*columns).order_by(STORIES.c.document)).all()
    numbers, known, signatures, runs, figures = zip(*rows, strict=True) if rows else ((),) * 5
    signed = _Signed(
        np.frombuffer(b"".join(signatures), np.uint32).reshape(len(rows), PERMUTATIONS),
        np.array(runs),
        figures,
        np.array([story is None for story in known], bool),
    )
    stories = _Stories({number: story or number for number, story in zip(numbers, known, strict=True)})
    texts = _Texts(connection)
    compared: set[tuple[int, int]] = set()
    for pair in _candidates(signed):
        one, other = numbers[pair[0]], numbers[pair[1]]
        if pair in compared or stories.of(one) == stories.of(other):
            continue
        compared.add(pair)
        if signed.have_numbers_in_common(*pair) and tell_the_same(texts.of(one), texts.of(other)):
            stories.join(one, other)
    moved = {story for story in set(known) if story is None or stories.of(story) != story}
    changed = [
        {"number": number, "its_story": stories.of(number)}
        for number, story in zip(numbers, known, strict=True)
        if story in moved
    ]
    if changed:
        update = sa.update(STORIES).where(STORIES.c.document == sa.bindparam("number"))
        connection.execute(update.values(story=sa.bindparam("its_story")), changed)


def unlink(connection: sa.Connection, numbers: Sequence[int]) -> None:
    """Let all that tell the same story as some documents be compared again, before those are removed."""
    theirs = sa.select(STORIES.c.story).where(among(STORIES.c.document, numbers))
    connection.execute(sa.update(STORIES).where(STORIES.c.story.in_(theirs)).values(story=None))


def copies(connection: sa.Connection, document_ids: Sequence[str]) -> dict[str, tuple[Copy, ...]]:
    """The other documents that tell the same story as each of these, by id, the oldest first; none where there are
    none."""
    own, theirs, its = STORIES.alias(), STORIES.alias(), DOCUMENTS.alias()
    names = list(Copy.model_fields)
    query = (
        sa.select(its.c.id, *(DOCUMENTS.c["id" if name == "document_id" else name] for name in names))
        .select_from(its)
        .join(own, own.c.document == its.c.number)
        .join(theirs, theirs.c.story == own.c.story)
        .join(DOCUMENTS, DOCUMENTS.c.number == theirs.c.document)
        .where(among(its.c.id, document_ids), DOCUMENTS.c.number != its.c.number)
        .order_by(DOCUMENTS.c.date == "", DOCUMENTS.c.date, DOCUMENTS.c.source, DOCUMENTS.c.id)
    )
    found: dict[str, list[Copy]] = {}
    for told, *values in connection.execute(query):
        found.setdefault(told, []).append(Copy(**dict(zip(names, values, strict=True))))
    return {told: tuple(those) for told, those in found.items()}


def told_twice(connection: sa.Connection) -> list[list[str]]:
    """The ids of the documents of each story that several tell: those of most first, the oldest of each first."""
    several = sa.select(STORIES.c.story).group_by(STORIES.c.story).having(sa.func.count() > 1)
    query = (
        sa.select(STORIES.c.story, DOCUMENTS.c.id)
        .join(DOCUMENTS, DOCUMENTS.c.number == STORIES.c.document)
        .where(STORIES.c.story.in_(several))
        .order_by(DOCUMENTS.c.date == "", DOCUMENTS.c.date, DOCUMENTS.c.source, DOCUMENTS.c.id)
    )
    found: dict[int, list[str]] = {}
    for story, id_ in connection.execute(query):
        found.setdefault(story, []).append(id_)
    return sorted(found.values(), key=lambda ids: (-len(ids), ids))


# --- comparing ---


def tell_the_same(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether one text is the other with little changed, or with some of it cut, by their runs of words."""
    shared, fewer = len(one & other), min(len(one), len(other))
    if not fewer:
        return False
    share = shared / (len(one) + len(other) - shared)
    return share >= SAME or (share >= MOST_CUT and shared >= CUT * fewer)


def runs_of(found: Sequence[str]) -> frozenset[str]:
    """The runs of `RUN` words, or all words of a text that has no more."""
    return frozenset(" ".join(found[at : at + RUN]) for at in range(max(1, len(found) - RUN + 1))) - {""}


def _signed(text: str) -> dict[str, object]:
    """What is kept of a text to compare it by: signature, number of runs, and the numbers in it."""
    found = words(text)
    runs = runs_of(found)
    sketch = RMinHash(num_perm=PERMUTATIONS, seed=1)
    sketch.update(sorted(runs))
    numbers = np.unique(np.array([crc32(word.encode()) for word in found if word.isdecimal()], np.uint32))
    signature = np.array(sketch.digest(), np.uint32)
    return {"signature": signature.tobytes(), "runs": len(runs), "numbers": numbers.tobytes()}


class _Signed(NamedTuple):
    """All documents' signatures, numbers of runs, numbers, and whether they were not yet compared."""

    signatures: Signatures
    runs: NDArray[np.int64]
    numbers: Sequence[bytes]
    fresh: NDArray[np.bool_]

    def may_tell_the_same(self, ones: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.bool_]:
        """For each pair, whether it is left open by signatures and lengths, and not known from an earlier run."""
        share = (self.signatures[ones] == self.signatures[others]).mean(axis=1) + SPREAD
        fewer, both = np.minimum(self.runs[ones], self.runs[others]), self.runs[ones] + self.runs[others]
        cut = (share >= MOST_CUT) & (share / (1 + share) * both >= CUT * fewer)
        told: NDArray[np.bool_] = ((share >= SAME) | cut) & (self.fresh[ones] | self.fresh[others])
        return told

    def have_numbers_in_common(self, one: int, other: int) -> bool:
        """Whether two documents agree in enough of their numbers."""
        first, second = (np.frombuffer(self.numbers[each], np.uint32) for each in (one, other))
        shared = len(np.intersect1d(first, second, assume_unique=True))
        return shared >= SAME_NUMBERS * min(len(first), len(second))


class _Texts:
    """The runs of the texts that were compared last."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._kept: dict[int, frozenset[str]] = {}

    def of(self, number: int) -> frozenset[str]:
        """Those of a document."""
        if number not in self._kept:
            if len(self._kept) >= AT_ONCE:
                self._kept.pop(next(iter(self._kept)))
            text = self._connection.scalar(sa.select(DOCUMENTS.c.text).where(DOCUMENTS.c.number == number))
            self._kept[number] = runs_of(words(text or ""))
        return self._kept[number]


class _Stories:
    """Which documents are of one story, each known by the lowest number of its documents."""

    def __init__(self, stories: dict[int, int]) -> None:
        self._parents = stories

    def of(self, number: int) -> int:
        """The story of a document."""
        root = number
        while self._parents[root] != root:
            root = self._parents[root]
        while self._parents[number] != root:
            self._parents[number], number = root, self._parents[number]
        return root

    def join(self, one: int, other: int) -> None:
        """Make one story of two."""
        first, second = sorted((self.of(one), self.of(other)))
        self._parents[second] = first


def _candidates(signed: _Signed) -> Iterator[tuple[int, int]]:
    """Pairs that share a band and may tell the same."""
    near = _near(signed.signatures, signed.fresh)
    signatures = signed.signatures[near]
    for band in range(0, PERMUTATIONS, ROWS):
        for group in (near[places] for places in _groups(signatures, band)):
            if signed.fresh[group].any():
                ones, others = _pairs(group)
                open_ = signed.may_tell_the_same(ones, others)
                yield from zip(ones[open_].tolist(), others[open_].tolist(), strict=True)


def _near(signatures: Signatures, fresh: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The indexes of all that share a band with any that was not yet compared, and perhaps of some others: few where
    little is new, and so little to sort in a large corpus."""
    if 4 * fresh.sum() > len(fresh):
        return np.arange(len(fresh))
    near = fresh.copy()
    for band in range(0, PERMUTATIONS, ROWS):
        first, second, third = signatures[:, band : band + ROWS].T.astype(np.uint64)
        keys = (first << np.uint64(32)) ^ (second << np.uint64(16)) ^ third
        near |= np.isin(keys, keys[fresh])
    return np.flatnonzero(near)


def _groups(signatures: Signatures, band: int) -> Iterator[NDArray[np.intp]]:
    """The indexes that share a band with others, in the order of what follows in their signatures."""
    if not len(signatures):
        return
    turned = np.roll(signatures, -band, axis=1)
    order = np.lexsort(turned[:, : ROWS + 2].T[::-1])
    bands = turned[order, :ROWS]
    edges = np.flatnonzero(np.concatenate([[True], (bands[1:] != bands[:-1]).any(axis=1), [True]]))
    for start, end in pairwise(edges):
        if end - start > 1:
            yield np.sort(order[start:end]) if end - start <= CROWD else order[start:end]


def _pairs(group: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs of a group that are compared: all, or those of neighbours."""
    if len(group) <= CROWD:
        ones, others = np.triu_indices(len(group), 1)
        return group[ones], group[others]
    ones = np.concatenate([group[:-shift] for shift in range(1, NEIGHBOURS + 1)])
    others = np.concatenate([group[shift:] for shift in range(1, NEIGHBOURS + 1)])
    return ones, others
