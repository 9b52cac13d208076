"""Stories: which documents tell the same, such as one agency report in five papers or on two days.

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
from askcorpus.index.schema import CHUNK, DOCUMENTS, STORIES, Seqs, meta, take_note
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


def unlinked(connection: sa.Connection) -> Seqs:
    """The numbers of the documents that were not yet compared, or have to be again, ascending."""
    query = sa.select(DOCUMENTS.c.number)
    if meta(connection).get("signatures", _KIND) == _KIND:
        query = query.join(STORIES, isouter=True).where(STORIES.c.story.is_(None))
    return np.sort(np.fromiter(connection.scalars(query), np.int64))


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
    """Compare the documents that were not yet compared with all others, and join those that tell the same story.

    In memory, 0.4 kB a document.
    """
    signed = _Signed.read(connection)
    stories = _Stories(np.where(signed.fresh, np.arange(len(signed.fresh)), signed.places_of(signed.stories)))
    texts = _Texts(connection)
    compared: set[tuple[int, int]] = set()
    for pair in _candidates(signed):
        if pair in compared or stories.of(pair[0]) == stories.of(pair[1]):
            continue
        compared.add(pair)
        one, other = signed.documents[list(pair)].tolist()
        if signed.have_numbers_in_common(*pair) and tell_the_same(texts.of(one), texts.of(other)):
            stories.join(*pair)
    told = signed.documents[stories.of_all()]
    changed = np.flatnonzero(told != signed.stories)
    update = sa.update(STORIES).where(STORIES.c.document == sa.bindparam("number"))
    for start in range(0, changed.size, CHUNK):
        some = changed[start : start + CHUNK]
        rows = zip(signed.documents[some].tolist(), told[some].tolist(), strict=True)
        connection.execute(
            update.values(story=sa.bindparam("its_story")), [{"number": one, "its_story": its} for one, its in rows]
        )


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


class Repeated(NamedTuple):
    """The numbers of the documents that tell what others tell too, story by story: that of most documents first, of
    each the oldest first. ``stories`` says which one each of them tells, from 1."""

    documents: Seqs
    stories: Seqs


def told_twice(connection: sa.Connection) -> Repeated:
    """The documents of all stories that several tell. Goes through all that was compared."""
    several = sa.select(STORIES.c.story).group_by(STORIES.c.story).having(sa.func.count() > 1)
    query = (
        sa.select(STORIES.c.story, DOCUMENTS.c.number, DOCUMENTS.c.id)
        .join(DOCUMENTS, DOCUMENTS.c.number == STORIES.c.document)
        .where(STORIES.c.story.in_(several))
        .order_by(DOCUMENTS.c.date == "", DOCUMENTS.c.date, DOCUMENTS.c.source, DOCUMENTS.c.id)
    )
    found: dict[int, list[int]] = {}
    oldest: dict[int, str] = {}
    for story, number, id_ in connection.execute(query):
        found.setdefault(story, []).append(number)
        oldest.setdefault(story, id_)
    ordered = [found[story] for story in sorted(found, key=lambda story: (-len(found[story]), oldest[story]))]
    return Repeated(
        np.array([number for numbers in ordered for number in numbers], np.int64),
        np.repeat(np.arange(1, len(ordered) + 1), [len(numbers) for numbers in ordered]),
    )


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
    """All documents, ascending: their numbers, stories (0: not yet compared), signatures, numbers of runs, and the
    numbers in their texts, those of one after those of another; each one's begin at its place in ``starts``."""

    documents: Seqs
    stories: Seqs
    signatures: Signatures
    runs: NDArray[np.int64]
    figures: NDArray[np.uint32]
    starts: NDArray[np.int64]

    @classmethod
    def read(cls, connection: sa.Connection) -> "_Signed":
        """Those in the catalog, read some at a time: as rows, all of them would take several times as much memory."""
        count = connection.execute(sa.select(sa.func.count()).select_from(STORIES)).scalar_one()
        documents, stories, runs = (np.empty(count, np.int64) for _ in range(3))
        signatures, starts = np.empty((count, PERMUTATIONS), np.uint32), np.zeros(count + 1, np.int64)
        figures = bytearray()
        columns = [STORIES.c[name] for name in ("document", "story", "signature", "runs", "numbers")]
        query = sa.select(*columns).order_by(STORIES.c.document).limit(CHUNK)
        at = last = 0
        while rows := connection.execute(query.where(STORIES.c.document > last)).all():
            here = slice(at, at + len(rows))
            numbers, told, signed, sizes, found = zip(*rows, strict=True)
            documents[here], runs[here] = numbers, sizes
            stories[here] = [story or 0 for story in told]
            signatures[here] = np.frombuffer(b"".join(signed), np.uint32).reshape(len(rows), PERMUTATIONS)
            starts[at + 1 : at + len(rows) + 1] = starts[at] + np.cumsum([len(one) // 4 for one in found])
            figures += b"".join(found)
            at, last = here.stop, numbers[-1]
        return cls(documents, stories, signatures, runs, np.frombuffer(figures, np.uint32), starts)

    @property
    def fresh(self) -> NDArray[np.bool_]:
        """Which of them were not yet compared."""
        fresh: NDArray[np.bool_] = self.stories == 0
        return fresh

    def places_of(self, documents: Seqs) -> NDArray[np.intp]:
        """Where documents stand among all, by their numbers."""
        return np.searchsorted(self.documents, documents)

    def may_tell_the_same(self, ones: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.bool_]:
        """For each pair, whether it is left open by signatures and lengths, and not known from an earlier run."""
        share = (self.signatures[ones] == self.signatures[others]).mean(axis=1) + SPREAD
        fewer, both = np.minimum(self.runs[ones], self.runs[others]), self.runs[ones] + self.runs[others]
        cut = (share >= MOST_CUT) & (share / (1 + share) * both >= CUT * fewer)
        told: NDArray[np.bool_] = ((share >= SAME) | cut) & ((self.stories[ones] == 0) | (self.stories[others] == 0))
        return told

    def have_numbers_in_common(self, one: int, other: int) -> bool:
        """Whether two documents agree in enough of their numbers."""
        first, second = (self.figures[self.starts[each] : self.starts[each + 1]] for each in (one, other))
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
    """Which documents are of one story, each known by its place; a story by that of the first of its documents."""

    def __init__(self, stories: NDArray[np.intp]) -> None:
        self._parents = stories

    def of(self, place: int) -> int:
        """The story of a document."""
        root = place
        while self._parents[root] != root:
            root = self._parents[root]
        while self._parents[place] != root:
            self._parents[place], place = root, self._parents[place]
        return int(root)

    def of_all(self) -> NDArray[np.intp]:
        """The stories of all documents, in their order."""
        while ((above := self._parents[self._parents]) != self._parents).any():
            self._parents = above
        return self._parents

    def join(self, one: int, other: int) -> None:
        """Make one story of two."""
        first, second = sorted((self.of(one), self.of(other)))
        self._parents[second] = first


def _candidates(signed: _Signed) -> Iterator[tuple[int, int]]:
    """Pairs that share a band and may tell the same."""
    fresh = signed.fresh
    near = _near(signed.signatures, fresh)
    for band in range(0, PERMUTATIONS, ROWS):
        for group in _groups(signed.signatures, near, band):
            if fresh[group].any():
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


def _groups(signatures: Signatures, near: NDArray[np.intp], band: int) -> Iterator[NDArray[np.intp]]:
    """The indexes, of those that are ``near``, that share a band with others, in the order of what follows in their
    signatures."""
    if not len(near):
        return
    columns = np.arange(band, band + ROWS + 2) % PERMUTATIONS
    turned = signatures[np.ix_(near, columns)]
    order = np.lexsort(turned.T[::-1])
    bands = turned[order, :ROWS]
    edges = np.flatnonzero(np.concatenate([[True], (bands[1:] != bands[:-1]).any(axis=1), [True]]))
    for start, end in pairwise(edges):
        if end - start > 1:
            yield near[np.sort(order[start:end]) if end - start <= CROWD else order[start:end]]


def _pairs(group: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs of a group that are compared: all, or those of neighbours."""
    if len(group) <= CROWD:
        ones, others = np.triu_indices(len(group), 1)
        return group[ones], group[others]
    ones = np.concatenate([group[:-shift] for shift in range(1, NEIGHBOURS + 1)])
    others = np.concatenate([group[shift:] for shift in range(1, NEIGHBOURS + 1)])
    return ones, others
