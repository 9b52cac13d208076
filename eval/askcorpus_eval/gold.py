"""Gold as the index knows it: document ids matched by id or by path, evidence found in the documents' texts."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple, Protocol

from askcorpus.types import Document, Filters, Hit, IndexInfo
from askcorpus_eval.metrics.citations import Place, locate
from askcorpus_eval.questions import Question

PAGE = 500


class Documents(Protocol):
    """What the evaluation reads of a store."""

    def info(self) -> IndexInfo:
        """What is in the index."""

    def document(self, document_id: str) -> Document | None:
        """The document with this id."""

    def documents(self, filters: Filters = ..., *, offset: int = ..., limit: int | None = ...) -> Sequence[Document]:
        """A page of the documents."""

    def hits(self, passage_ids: Sequence[str]) -> dict[str, Hit]:
        """The passages with these ids."""


class Gold(NamedTuple):
    """A question's gold in the index's own ids.

    ``grades`` also holds, under the name the question gives it, each document that is not in the index (it can only be
    missed); ``evidence`` has, for each text that was found, all its places.
    """

    grades: dict[str, int]
    evidence: tuple[tuple[Place, ...], ...]
    unknown: tuple[str, ...]
    unlocated: int


class Matcher:
    """Finds gold documents by id, else by path: the whole path or its last parts, with or without the ending."""

    def __init__(self, store: Documents) -> None:
        self._store = store
        self._by_path: dict[str, set[str]] | None = None

    def gold(self, question: Question) -> Gold:
        """The question's gold in the index's ids."""
        found = {name: self.document(name) for name in question.doc_ids}
        documents = [document for document in found.values() if document]
        places = [locate(text, documents) for text in question.evidence]
        return Gold(
            grades={doc.id if doc else name: question.grades.get(name, 1) for name, doc in found.items()},
            evidence=tuple(place for place in places if place),
            unknown=tuple(name for name, doc in found.items() if doc is None),
            unlocated=sum(not place for place in places),
        )

    def document(self, name: str) -> Document | None:
        """The document with this id or path; ``None`` when there is none, or when a path fits several."""
        if document := self._store.document(name):
            return document
        if self._by_path is None:
            self._by_path = self._paths()
        ids = self._by_path.get(str(PurePosixPath(name.replace("\\", "/"))), set())
        return self._store.document(next(iter(ids))) if len(ids) == 1 else None

    def _paths(self) -> dict[str, set[str]]:
        paths: dict[str, set[str]] = {}
        for document in self._all():
            origin = PurePosixPath(document.origin.replace("\\", "/"))
            for path in {origin, origin.with_suffix("")} if origin.name else ():
                for start in range(len(path.parts)):
                    paths.setdefault(str(PurePosixPath(*path.parts[start:])), set()).add(document.id)
        return paths

    def _all(self) -> Iterator[Document]:
        offset = 0
        while page := self._store.documents(offset=offset, limit=PAGE):
            yield from page
            offset += len(page)
