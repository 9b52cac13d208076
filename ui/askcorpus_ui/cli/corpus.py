"""What the reading commands ask: the corpus in a data folder, or the one behind a running server."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from askcorpus.client import Client
from askcorpus.settings import Settings
from askcorpus.types import Answer, Document, Filters, Hit, Stories, Story, Summary, Turn, Verification
from askcorpus.verify.proof import Proof, ProofCheck
from askcorpus.wire import MOST_LISTED

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant


class Listed(NamedTuple):
    """A stretch of the documents that match, newest first, of ``total`` in all; a server sends no texts."""

    documents: Sequence[Document | Summary]
    total: int


class Corpus(ABC):
    """Documents that can be asked. Every method raises what `Assistant` raises.

    ``promise`` says which error rate is kept; it is empty where none is ordered, and where a server sees to it.
    """

    promise = ""

    def __init__(
        self, asked: "Assistant | Client", *, top_k: int | None = None, max_error: float | None = None
    ) -> None:
        self._asked, self._top_k, self._max_error = asked, top_k, max_error

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        filters: Filters = Filters(),
        explain: bool = False,
        conversation_id: str | None = None,
    ) -> Answer:
        """The answer to a question."""
        return self._asked.ask(
            question,
            history=history,
            filters=filters,
            top_k=self._top_k,
            max_error=self._max_error,
            explain=explain,
            conversation_id=conversation_id,
        )

    def search(self, query: str, filters: Filters) -> tuple[Hit, ...]:
        """The passages nearest to ``query``, best first."""
        return self._asked.search(query, filters=filters, top_k=self._top_k)

    def verify(self, text: str) -> Verification:
        """What a text quotes, held against the documents."""
        return self._asked.verify(text)

    def prove(self, answer: Answer) -> Proof:
        """An answer of this corpus as a proof."""
        return self._asked.prove(answer)

    def recheck(self, proof: Proof) -> ProofCheck:
        """What has become of a proof."""
        return self._asked.recheck(proof)

    @abstractmethod
    def listing(self, filters: Filters, offset: int = 0, limit: int | None = None) -> Listed:
        """A stretch of the list of documents."""

    @abstractmethod
    def document(self, document_id: str) -> Document | None:
        """A document with its whole text."""

    def duplicates(self) -> list[list[Summary]]:
        """The documents of each story that more than one of them tells, those of most first."""
        found: list[Story] = []
        seen = 0
        while True:
            part = self._stretch_of_duplicates(seen, MOST_LISTED)
            found += part.stories
            seen += sum(len(story.documents) for story in part.stories)
            if not part.stories or seen >= part.total:
                break
        told = groupby(found, key=lambda story: story.number)  # one may go on in the next stretch
        return [[document for story in those for document in story.documents] for _, those in told]

    @abstractmethod
    def _stretch_of_duplicates(self, offset: int, limit: int) -> Stories:
        """Some of those documents."""

    @abstractmethod
    def undated(self, filters: Filters) -> int:
        """Number of documents that the dates of ``filters`` leave out only because they have none."""


class FolderCorpus(Corpus):
    """The corpus in a data folder, by the settings of its assistant."""

    def __init__(self, assistant: "Assistant") -> None:
        super().__init__(assistant)
        self._store = assistant.store
        self.promise = str(assistant.promise or "")

    def listing(self, filters: Filters, offset: int = 0, limit: int | None = None) -> Listed:
        """A stretch of the list of documents."""
        found = self._store.listing(filters, offset=offset, limit=limit)
        return Listed(found.documents, found.total)

    def document(self, document_id: str) -> Document | None:
        """A document with its whole text."""
        return self._store.document(document_id)

    def _stretch_of_duplicates(self, offset: int, limit: int) -> Stories:
        return self._store.told_twice(offset=offset, limit=limit)

    def undated(self, filters: Filters) -> int:
        """Number of documents that the dates of ``filters`` leave out only because they have none."""
        with self._store.snapshot() as index:
            return self._store.count_undated(index.understood(filters))


class ServedCorpus(Corpus):
    """The corpus behind a server, by the server's settings; of those here, ``top_k`` and ``max_error`` count if set."""

    def __init__(self, client: Client, settings: Settings) -> None:
        top_k = settings.top_k if "top_k" in settings.model_fields_set else None
        super().__init__(client, top_k=top_k, max_error=settings.max_error)
        self._client = client

    def listing(self, filters: Filters, offset: int = 0, limit: int | None = None) -> Listed:
        """A stretch of the list of documents, which the server gives in parts."""
        found: list[Summary] = []
        while True:
            wanted = MOST_LISTED if limit is None else min(MOST_LISTED, limit - len(found))
            page = self._client.documents(filters, offset=offset + len(found), limit=wanted)
            found += page.documents
            if not page.documents or len(found) == limit or offset + len(found) >= page.total:
                return Listed(found, page.total)

    def document(self, document_id: str) -> Document | None:
        """A document with its whole text."""
        return self._client.document(document_id)

    def _stretch_of_duplicates(self, offset: int, limit: int) -> Stories:
        return self._client.duplicates(offset=offset, limit=limit)

    def undated(self, filters: Filters) -> int:
        """Number of documents that the dates of ``filters`` leave out only because they have none."""
        return self._client.documents(filters, limit=1).undated


@contextmanager
def open_corpus(settings: Settings) -> Iterator[Corpus]:
    """The corpus of the settings: behind ``server`` where that is set, else in the data folder.

    Raises:
        UsageError: the server's address is none.
        StorageError, NothingIngested: as `filled_assistant`.
    """
    if settings.server:
        with client_of(settings, settings.server) as client:
            yield ServedCorpus(client, settings)
        return
    with filled_assistant(settings) as assistant:
        yield FolderCorpus(assistant)


def client_of(settings: Settings, server: str) -> Client:
    """A client of ``server``, with the key of the settings.

    Raises:
        UsageError: the address or the key is none.
    """
    return Client(server, settings.api_key.get_secret_value() if settings.api_key else None)


@contextmanager
def filled_assistant(settings: Settings) -> "Iterator[Assistant]":
    """The assistant over a data folder that holds documents.

    Raises:
        StorageError: there is no index in it; a mistyped folder is not made.
        NothingIngested: its index holds no document.
    """
    from askcorpus.assistant import open_assistant
    from askcorpus.index.opening import require_index

    require_index(settings)
    with open_assistant(settings) as assistant:
        assistant.store.filled()
        yield assistant
