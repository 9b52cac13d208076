"""Matching gold with the index: documents by id, path, title or address, evidence by its text."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple, Protocol

from askcorpus.types import Document, Filters, Hit, IndexInfo, Summary
from askcorpus_eval.metrics.citations import Place, locate
from askcorpus_eval.questions import Question

PAGE = 500


class Documents(Protocol):
    """What the evaluation reads of a store."""

    def info(self) -> IndexInfo:
        """What is in the index."""

    def document(self, document_id: str) -> Document | None:
        """The document with this id."""

    def documents(
        self, filters: Filters = ..., *, offset: int = ..., limit: int | None = ...
    ) -> Sequence[Document | Summary]:
        """A page of the documents, which may lack their text."""

    def hits(self, passage_ids: Sequence[str]) -> dict[str, Hit]:
        """The passages with these ids."""


class Gold(NamedTuple):
    """A question's gold in the index's own ids.

    ``grades`` also holds, under the name the question gives it, each document that is not in the index (it can only be
    missed), and each file of many records (rows of a spreadsheet, messages of a mailbox), of which ``members`` are:
    document id → that name. ``evidence`` has, for each text that was found, all its places.
    """

    grades: dict[str, int]
    evidence: tuple[tuple[Place, ...], ...]
    unknown: tuple[str, ...]
    unlocated: int
    members: dict[str, str]

    def holds(self, document_id: str) -> bool:
        """Whether the document is one of them."""
        return self.members.get(document_id, document_id) in self.grades

    def ranked(self, ranking: Sequence[str]) -> tuple[str, ...]:
        """A ranking of documents in the names of ``grades``, each at its first rank."""
        return tuple(dict.fromkeys(self.members.get(name, name) for name in ranking))


class Matcher:
    """Finds gold documents: by id; by path, the whole or its last parts, with or without the ending; as the file that
    many of them are records of; by title or address. What fits several is not found."""

    def __init__(self, store: Documents) -> None:
        self._store = store
        self._known: _Names | None = None

    def gold(self, question: Question) -> Gold:
        """The question's gold in the index's ids."""
        found = {name: self.documents(name) for name in question.doc_ids}
        single = {name: ids[0] if len(ids) == 1 else name for name, ids in found.items()}
        documents = (document for ids in found.values() for name in ids if (document := self._store.document(name)))
        looked_at = list(documents) if question.evidence else []
        places = [locate(text, looked_at) for text in question.evidence]
        return Gold(
            grades={single[name]: question.grades.get(name, 1) for name in found},
            evidence=tuple(place for place in places if place),
            unknown=tuple(name for name, ids in found.items() if not ids),
            unlocated=sum(not place for place in places),
            members={one: name for name, ids in found.items() if len(ids) > 1 for one in ids},
        )

    def documents(self, name: str) -> tuple[str, ...]:
        """The ids of the document of this name, or of the records of the file of this name; empty for none."""
        if self._store.document(name):
            return (name,)
        if self._known is None:
            self._known = _Names(self._all())
        return self._known.find(name)

    def _all(self) -> Iterator[Document | Summary]:
        offset = 0
        while page := self._store.documents(offset=offset, limit=PAGE):
            yield from page
            offset += len(page)


class _Names:
    """What documents are called beside their ids."""

    def __init__(self, documents: Iterable[Document | Summary]) -> None:
        self._paths, self._files = _Paths(), _Paths()
        self._records: dict[str, list[str]] = {}
        self._titles: dict[str, set[str]] = {}
        for document in documents:
            self._paths.add(document.origin, document.id)
            if file := _file_of(document.origin):
                self._records.setdefault(file, []).append(document.id)
            for title in {document.title, document.url} - {""}:
                self._titles.setdefault(_folded(title), set()).add(document.id)
        for file in self._records:
            self._files.add(file, file)

    def find(self, name: str) -> tuple[str, ...]:
        """The documents of this name."""
        if ids := self._paths.find(name):
            return _only(ids)
        if files := self._files.find(name):
            return tuple(self._records[next(iter(files))]) if len(files) == 1 else ()
        return _only(self._titles.get(_folded(name), set()))


class _Paths:
    """What goes by the last parts of a path, with or without its ending; in other letters where none is in these."""

    def __init__(self) -> None:
        self._exact: dict[str, set[str]] = {}
        self._folded: dict[str, set[str]] = {}

    def add(self, origin: str, target: str) -> None:
        """Let the target go by this path."""
        whole = PurePosixPath(origin.replace("\\", "/"))
        for path in {whole, whole.with_suffix("")} if whole.name else ():
            for start in range(len(path.parts)):
                name = str(PurePosixPath(*path.parts[start:]))
                self._exact.setdefault(name, set()).add(target)
                self._folded.setdefault(name.casefold(), set()).add(target)

    def find(self, name: str) -> set[str]:
        """What goes by this name."""
        path = str(PurePosixPath(name.replace("\\", "/")))
        return self._exact.get(path) or self._folded.get(path.casefold(), set())


def _file_of(origin: str) -> str:
    """The file of a record (``/data/prices.csv#L3``); empty where a document is a file of its own."""
    folder, slash, name = origin.rpartition("/")
    file, hash_, _ = name.partition("#")
    return folder + slash + file if hash_ else ""


def _only(ids: Collection[str]) -> tuple[str, ...]:
    return tuple(ids) if len(ids) == 1 else ()


def _folded(title: str) -> str:
    return " ".join(title.split()).casefold()
