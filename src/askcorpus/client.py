"""The library's face over a running server: the same calls, the same objects, and no model to load here.

``Client`` blocks, ``AsyncClient`` is awaited; both speak `/api/v1`. What a server refuses is raised as the error that
the library itself raises.
"""

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from typing import Any, Self

import httpx

from askcorpus.types import Answer, Document, Done, Event, Filters, Hit, IndexInfo, Page, Stories, Turn, Verification
from askcorpus.verify.proof import Proof, ProofCheck
from askcorpus.wire import (
    API,
    TIMEOUT,
    Hits,
    Lines,
    Link,
    M,
    answered,
    as_json,
    asked,
    document_path,
    in_parts,
    is_missing,
    listed,
    sought,
)


class Client:
    """A running server, asked as an `Assistant` is. Threads may share it. ``address`` is where, without a password.

    ``url`` is where `askcorpus serve` listens, with the path that a proxy may serve it under; ``key`` its ``api_key``;
    ``timeout`` the seconds without a sign of it that are waited.
    """

    def __init__(self, url: str, key: str | None = None, *, timeout: float = TIMEOUT) -> None:
        """Connects to nothing yet.

        Raises:
            UsageError: the address or the key is none.
        """
        self._server = Link(url, key)
        self.address = self._server.address
        self._http = httpx.Client(**self._server.options(timeout))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back its connections."""
        self._http.close()

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        filters: Filters = Filters(),
        top_k: int | None = None,
        max_error: float | None = None,
        explain: bool = False,
        conversation_id: str | None = None,
    ) -> Answer:
        """The answer to a question, as a whole.

        Raises:
            UsageError: the server does not take the question, or there is no server of askcorpus.
            NothingIngested: it has no document to ask.
            ModelError, StorageError, IndexMismatch: as the error says, there.
            Busy: it has too much to do, or the connection was lost.
        """
        return self._post("ask", asked(question, history, filters, top_k, max_error, explain, conversation_id), Answer)

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        filters: Filters = Filters(),
        top_k: int | None = None,
        max_error: float | None = None,
        explain: bool = False,
        conversation_id: str | None = None,
    ) -> Generator[Event, None, None]:
        """The passages found, the answer's text as it comes, and at last the verified answer, which replaces the text.

        Closing the generator ends the work on it. Raises as :meth:`ask` does.
        """
        with (
            self._server.reached(),
            self._http.stream(
                "POST",
                f"{API}/ask/stream",
                **as_json(asked(question, history, filters, top_k, max_error, explain, conversation_id)),
            ) as response,
        ):
            if not response.is_success:
                response.read()
                self._server.refuse(response)
            lines = Lines()
            for chunk in response.iter_bytes():
                for name, data in lines.events(chunk):
                    yield (event := self._server.event(name, data))
                    if isinstance(event, Done):
                        return
        raise self._server.lost()

    def search(self, query: str, *, filters: Filters = Filters(), top_k: int | None = None) -> tuple[Hit, ...]:
        """The passages nearest to ``query``, best first, without an answer. Raises as :meth:`ask` does."""
        return self._post("search", sought(query, filters, top_k), Hits).hits

    def verify(self, text: str) -> Verification:
        """What ``text`` quotes, and whether the corpus says so. Raises as :meth:`ask` does."""
        return self._post("verify", {"text": text}, Verification)

    def prove(self, answer: Answer, history: Sequence[Turn] = ()) -> Proof:
        """The proof of an answer of this server's, to a question with that history. Raises as :meth:`ask` does."""
        return self._post("proofs", answered(answer, history), Proof)

    def recheck(self, proof: Proof) -> ProofCheck:
        """Ask again what a proof answers, and say what has changed. Raises as :meth:`ask` does."""
        return self._post("proofs/check", proof.model_dump(mode="json"), ProofCheck)

    def documents(self, filters: Filters = Filters(), *, offset: int = 0, limit: int = 50) -> Page:
        """A stretch of the list of documents (at most 1000), newest first. Raises as :meth:`ask` does."""
        return self._get("documents", listed(filters, offset, limit), Page)

    def duplicates(self, *, offset: int = 0, limit: int = 50) -> Stories:
        """A stretch of the documents (at most 1000) that tell what others tell too, story by story, that of most
        documents first. Raises as :meth:`ask` does."""
        return self._get("duplicates", {"offset": offset, "limit": limit}, Stories)

    def document(self, document_id: str) -> Document | None:
        """A document with its whole text; None where there is none of this id. Raises as :meth:`ask` does."""
        with self._server.reached():
            response = self._http.get(document_path(document_id))
        return None if is_missing(response) else self._server.read(response, Document)

    def hits(self, passage_ids: Sequence[str]) -> dict[str, Hit]:
        """Passages without scores, by id; what is not there is left out. Raises as :meth:`ask` does."""
        found = (self._get("passages", {"id": ids}, Hits).hits for ids in in_parts(passage_ids))
        return {hit.passage_id: hit for hits in found for hit in hits}

    def info(self) -> IndexInfo:
        """What the index is made with, and its size. Raises as :meth:`ask` does."""
        return self._get("index", {}, IndexInfo)

    def _get(self, path: str, parameters: Mapping[str, Any], model: type[M]) -> M:
        with self._server.reached():
            response = self._http.get(f"{API}/{path}", params=parameters)
        return self._server.read(response, model)

    def _post(self, path: str, body: Mapping[str, Any], model: type[M]) -> M:
        with self._server.reached():
            response = self._http.post(f"{API}/{path}", **as_json(body))
        return self._server.read(response, model)


class AsyncClient:
    """The same as `Client`, awaited. A call that is cancelled ends the work on it."""

    def __init__(self, url: str, key: str | None = None, *, timeout: float = TIMEOUT) -> None:
        """Connects to nothing yet.

        Raises:
            UsageError: the address or the key is none.
        """
        self._server = Link(url, key)
        self.address = self._server.address
        self._http = httpx.AsyncClient(**self._server.options(timeout))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give back its connections."""
        await self._http.aclose()

    async def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        filters: Filters = Filters(),
        top_k: int | None = None,
        max_error: float | None = None,
        explain: bool = False,
        conversation_id: str | None = None,
    ) -> Answer:
        """The answer to a question, as a whole. Raises as `Client.ask` does."""
        return await self._post(
            "ask", asked(question, history, filters, top_k, max_error, explain, conversation_id), Answer
        )

    async def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        filters: Filters = Filters(),
        top_k: int | None = None,
        max_error: float | None = None,
        explain: bool = False,
        conversation_id: str | None = None,
    ) -> AsyncGenerator[Event, None]:
        """The events of `Client.stream`."""
        with self._server.reached():
            async with self._http.stream(
                "POST",
                f"{API}/ask/stream",
                **as_json(asked(question, history, filters, top_k, max_error, explain, conversation_id)),
            ) as response:
                if not response.is_success:
                    await response.aread()
                    self._server.refuse(response)
                lines = Lines()
                async for chunk in response.aiter_bytes():
                    for name, data in lines.events(chunk):
                        yield (event := self._server.event(name, data))
                        if isinstance(event, Done):
                            return
        raise self._server.lost()

    async def search(self, query: str, *, filters: Filters = Filters(), top_k: int | None = None) -> tuple[Hit, ...]:
        """The passages nearest to ``query``, best first, without an answer. Raises as `Client.ask` does."""
        return (await self._post("search", sought(query, filters, top_k), Hits)).hits

    async def verify(self, text: str) -> Verification:
        """What ``text`` quotes, and whether the corpus says so. Raises as `Client.ask` does."""
        return await self._post("verify", {"text": text}, Verification)

    async def prove(self, answer: Answer, history: Sequence[Turn] = ()) -> Proof:
        """The proof of an answer of this server's, to a question with that history. Raises as `Client.ask` does."""
        return await self._post("proofs", answered(answer, history), Proof)

    async def recheck(self, proof: Proof) -> ProofCheck:
        """Ask again what a proof answers, and say what has changed. Raises as `Client.ask` does."""
        return await self._post("proofs/check", proof.model_dump(mode="json"), ProofCheck)

    async def documents(self, filters: Filters = Filters(), *, offset: int = 0, limit: int = 50) -> Page:
        """A stretch of the list of documents (at most 1000), newest first. Raises as `Client.ask` does."""
        return await self._get("documents", listed(filters, offset, limit), Page)

    async def duplicates(self, *, offset: int = 0, limit: int = 50) -> Stories:
        """The stretch of `Client.duplicates`. Raises as `Client.ask` does."""
        return await self._get("duplicates", {"offset": offset, "limit": limit}, Stories)

    async def document(self, document_id: str) -> Document | None:
        """A document with its whole text; None where there is none of this id. Raises as `Client.ask` does."""
        with self._server.reached():
            response = await self._http.get(document_path(document_id))
        return None if is_missing(response) else self._server.read(response, Document)

    async def hits(self, passage_ids: Sequence[str]) -> dict[str, Hit]:
        """Passages without scores, by id; what is not there is left out. Raises as `Client.ask` does."""
        found = [(await self._get("passages", {"id": ids}, Hits)).hits for ids in in_parts(passage_ids)]
        return {hit.passage_id: hit for hits in found for hit in hits}

    async def info(self) -> IndexInfo:
        """What the index is made with, and its size. Raises as `Client.ask` does."""
        return await self._get("index", {}, IndexInfo)

    async def _get(self, path: str, parameters: Mapping[str, Any], model: type[M]) -> M:
        with self._server.reached():
            response = await self._http.get(f"{API}/{path}", params=parameters)
        return self._server.read(response, model)

    async def _post(self, path: str, body: Mapping[str, Any], model: type[M]) -> M:
        with self._server.reached():
            response = await self._http.post(f"{API}/{path}", **as_json(body))
        return self._server.read(response, model)
