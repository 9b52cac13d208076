"""Evaluating a running server: its answers, and the documents that they are checked with."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from askcorpus.answer.extractive import NAME as EXTRACTIVE
from askcorpus.client import Client
from askcorpus.settings import Settings
from askcorpus.types import Answer, Document, Filters, Hit, IndexInfo, Summary, Turn
from askcorpus.wire import MOST_LISTED

KEPT = 1000
"""Documents that are not fetched again."""


class RemoteDocuments:
    """The documents behind a server, as far as an evaluation reads them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._document = lru_cache(KEPT)(client.document)

    def info(self) -> IndexInfo:
        """What is in the index."""
        return self._client.info()

    def languages(self) -> dict[str, int]:
        """Number of documents in each language."""
        counts: Counter[str] = Counter()
        while listed := self.documents(offset=counts.total()):
            counts.update(one.language for one in listed)
        return counts

    def document(self, document_id: str) -> Document | None:
        """The document with this id."""
        return self._document(document_id)

    def documents(
        self, filters: Filters = Filters(), *, offset: int = 0, limit: int | None = None
    ) -> Sequence[Summary]:
        """A page of the documents, without their text."""
        wanted = MOST_LISTED if limit is None else min(limit, MOST_LISTED)
        return self._client.documents(filters, offset=offset, limit=wanted).documents

    def hits(self, passage_ids: Sequence[str]) -> dict[str, Hit]:
        """The passages with these ids."""
        return self._client.hits(passage_ids)


class RemoteAssistant:
    """A server that answers by settings of its own; of ``settings``, ``max_error`` goes with each question, and
    ``top_k`` where it is set and a question has none of its own."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self.address = client.address
        self._client = client
        self._top_k = settings.top_k if "top_k" in settings.model_fields_set else None
        self.settings = settings
        self.store = RemoteDocuments(client)

    def learn_model(self, question: str) -> None:
        """Ask a question once, which tells who answers: ``llm`` of the settings. Raises as `Client.ask` does."""
        model = self._client.ask(question, top_k=1).model
        self.settings = self.settings.model_copy(update={"llm": None if model == EXTRACTIVE else model})

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        top_k: int | None = None,
        conversation_id: str | None = None,
    ) -> Answer:
        """Answer one question."""
        return self._client.ask(
            question,
            history=history,
            top_k=top_k or self._top_k,
            max_error=self.settings.max_error,
            conversation_id=conversation_id,
        )
