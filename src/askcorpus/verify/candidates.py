"""Candidate places of a claim in the corpus: the passages that contain runs of its words, or its rare ones."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from askcorpus.index.store import Snapshot
from askcorpus.text.words import terms
from askcorpus.types import Document, Hit
from askcorpus.verify.tokens import Token, tokens
from askcorpus.verify.wording import Wording

RUN = 12
"""Words that are looked for in a row; of a longer claim, at its beginning, in its middle and at its end."""

MOST_PLACES = 20
"""Passages that hold such a run and are looked at."""

MOST_ALIKE = 8
"""Passages that only share words with the claim and are looked at."""

MARGIN = 700
"""Characters around a passage that are looked at with it: an omission may be as long."""

MOST_KEPT = 32
"""Documents that are kept at hand."""


class Window(NamedTuple):
    """A stretch of a document, as tokens whose offsets count in its text."""

    document: Document
    tokens: tuple[Token, ...]


class Documents:
    """The documents of one state of the index; the last few are cached."""

    def __init__(self, index: Snapshot) -> None:
        self._index = index
        self._kept: dict[str, Document | None] = {}

    def get(self, document_id: str) -> Document | None:
        """One document, or ``None``."""
        if document_id not in self._kept:
            while len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[document_id] = self._index.document(document_id)
        return self._kept[document_id]


def holding(index: Snapshot, wording: Wording) -> dict[str, Hit]:
    """The passages that hold runs of the claim's words. Raises as `Snapshot.lexical` does."""
    found: dict[str, None] = {}
    for run in _runs(wording.words()):
        found |= dict.fromkeys(index.phrase(run, MOST_PLACES))
    return index.hits(list(found)[: 2 * MOST_PLACES])


def alike(index: Snapshot, wording: Wording) -> dict[str, Hit]:
    """The passages that share the claim's rare words. Raises as `Snapshot.lexical` does."""
    text = " ".join(wording.text[segment[0].start : segment[-1].end] for segment in wording.segments)
    return index.hits([id_ for id_, _ in index.lexical(terms(text), MOST_ALIKE)])


def windows(hits: Iterable[Hit], documents: Documents, length: int) -> Iterator[Window]:
    """What is to be looked at: around each passage as much as a claim of ``length`` characters may need."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for hit in hits:
        margin = MARGIN + length
        spans.setdefault(hit.document_id, []).append((max(0, hit.start - margin), hit.end + margin))
    for document_id, wanted in spans.items():
        if document := documents.get(document_id):
            for start, end in _merged(sorted(wanted)):
                yield Window(document, tuple(tokens(document.text[start:end], start)))


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged = [spans[0]]
    for start, end in spans[1:]:
        if start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _runs(segments: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    """Runs of words to look for. The words at the edges of a segment may be read otherwise within their sentence, so
    where there are enough, they are left out."""
    for segment in segments:
        inner = segment[1:-1] if len(segment) > 4 else segment
        if len(inner) <= RUN:
            yield inner
        else:
            middle = (len(inner) - RUN) // 2
            yield from (inner[:RUN], inner[middle : middle + RUN], inner[-RUN:])
