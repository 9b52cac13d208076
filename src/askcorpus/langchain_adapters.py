"""askcorpus inside other LangChain applications: its search as a retriever, the whole assistant as a runnable.

Both work over an `Assistant`, or over the `Client` of a running server.
Neither turns tracing on; a callback or tracer that the application sets sees them like any other step.
"""

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import Embeddings
from langchain_core.messages import BaseMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.utils import AddableDict
from pydantic import ConfigDict

from askcorpus.assistant import Assistant
from askcorpus.client import Client
from askcorpus.embedding.embeddings import SentenceEmbeddings, load_embeddings
from askcorpus.errors import UsageError
from askcorpus.types import Done, Filters, Hit, Token, Turn, locator_at

__all__ = ["AssistantRunnable", "CorpusRetriever", "SentenceEmbeddings", "load_embeddings"]

Embeddings.register(SentenceEmbeddings)

Question = str | Mapping[str, Any]
"""A question, or ``{"question": …}`` with any of ``history``, ``filters``, ``top_k``, ``conversation_id``, ``explain``.

``history`` holds LangChain messages, ``Turn`` objects or ``{"role": …, "text": …}``; ``filters`` is a ``Filters`` or
its fields.
"""

_OPTIONS = frozenset({"history", "filters", "top_k", "conversation_id", "explain"})
_ROLES = {"human": "user", "ai": "assistant"}


class CorpusRetriever(BaseRetriever):
    """The assistant's retrieval. Documents carry the passage's text and, as metadata, what names and places it."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    assistant: Assistant | Client
    filters: Filters = Filters()
    top_k: int | None = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002  LangChain passes it by name
    ) -> list[LangChainDocument]:
        return [_to_document(hit) for hit in self.assistant.search(query, filters=self.filters, top_k=self.top_k)]


class AssistantRunnable(Runnable[Question, dict[str, Any]]):
    """A question in, the fields of an ``Answer`` out, as plain JSON values.

    ``stream``, and ``astream``, give ``{"token": …}`` for each piece of the unverified text as it comes, then the
    fields of the answer, which replaces them. Added up, as LangChain does between steps, that is the answer and its
    ``token`` text.
    """

    def __init__(self, assistant: Assistant | Client) -> None:
        self.assistant = assistant

    def invoke(self, input: Question, config: RunnableConfig | None = None, **kwargs: Any) -> dict[str, Any]:
        """The answer to one question.

        Raises:
            UsageError: the input is not a question.
        """
        return self._call_with_config(self._answer, input, config, **kwargs)

    def stream(
        self, input: Question, config: RunnableConfig | None = None, **kwargs: Any | None
    ) -> Iterator[dict[str, Any]]:
        """The answer to one question as it is made. Closing the iterator stops the work.

        Raises:
            UsageError: the input is not a question.
        """
        yield from self._transform_stream_with_config(iter([input]), self._stream, config, **kwargs)

    async def astream(
        self, input: Question, config: RunnableConfig | None = None, **kwargs: Any | None
    ) -> AsyncIterator[dict[str, Any]]:
        """The same, awaited; the work is done in a thread of its own.

        Raises:
            UsageError: the input is not a question.
        """
        async for part in self._atransform_stream_with_config(_alone(input), self._astream, config, **kwargs):
            yield part

    def _answer(self, input: Question) -> dict[str, Any]:
        question, options = _read(input)
        return self.assistant.ask(question, **options).model_dump(mode="json")

    def _stream(self, inputs: Iterator[Question]) -> Generator[dict[str, Any], None, None]:
        for input in inputs:
            question, options = _read(input)
            for event in self.assistant.stream(question, **options):
                if isinstance(event, Token):
                    yield AddableDict(token=event.text)
                elif isinstance(event, Done):
                    yield AddableDict(event.answer.model_dump(mode="json"))

    async def _astream(self, inputs: AsyncIterator[Question]) -> AsyncIterator[dict[str, Any]]:
        loop = asyncio.get_running_loop()
        async for input in inputs:
            parts = self._stream(iter([input]))
            with ThreadPoolExecutor(1) as thread:  # one for the whole stream: SQLite's connections stay in theirs
                try:
                    while (part := await loop.run_in_executor(thread, next, parts, None)) is not None:
                        yield part
                finally:
                    await loop.run_in_executor(thread, parts.close)


async def _alone(input: Question) -> AsyncIterator[Question]:
    yield input


def _to_document(hit: Hit) -> LangChainDocument:
    metadata = hit.model_dump(mode="json", exclude={"text", "passage_id", "marks"})
    metadata["locator"] = locator_at(hit.marks, hit.start)
    return LangChainDocument(id=hit.passage_id, page_content=hit.text, metadata=metadata)


def _read(input: Question) -> tuple[str, dict[str, Any]]:
    """The question and the keyword arguments for ``Assistant.ask``."""
    if isinstance(input, str):
        return input, {}
    options = {name: value for name, value in input.items() if name != "question"}
    if not isinstance(input.get("question"), str) or not options.keys() <= _OPTIONS:
        raise UsageError(f"Not a question: {sorted(input)}.", f"Give 'question' and, if you like, {sorted(_OPTIONS)}.")
    if "history" in options:
        options["history"] = tuple(_to_turn(turn) for turn in options["history"])
    if isinstance(options.get("filters"), Mapping):
        options["filters"] = Filters.model_validate(options["filters"])
    return input["question"], options


def _to_turn(turn: BaseMessage | Turn | Mapping[str, str]) -> Turn:
    if isinstance(turn, Turn):
        return turn
    if isinstance(turn, BaseMessage):
        return Turn.model_validate({"role": _ROLES.get(turn.type, turn.type), "text": str(turn.text)})
    return Turn.model_validate(turn)
