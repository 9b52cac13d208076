"""The library's face over a running server: the same calls, the same objects, and no model to load here.

``Client`` blocks, ``AsyncClient`` is awaited; both speak `/api/v1`. What a server refuses is raised as the error that
the library itself raises.
"""

import json
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from askcorpus.errors import (
    AskcorpusError,
    Busy,
    IndexMismatch,
    ModelError,
    NothingIngested,
    ReadError,
    StorageError,
    UsageError,
)
from askcorpus.types import (
    Answer,
    Document,
    Done,
    Event,
    Filters,
    Hit,
    IndexInfo,
    Page,
    Retrieved,
    Token,
    Turn,
    Verification,
)
from askcorpus.verify.proof import Proof, ProofCheck

M = TypeVar("M", bound=BaseModel)

TIMEOUT = 120.0
"""Seconds that a client waits for the next part of a reply."""

MOST_PASSAGES = 100
"""Passages that a server gives at a time."""

MOST_LISTED = 1000
"""Documents that a server lists at a time."""

_ERRORS: Mapping[str, type[AskcorpusError]] = {
    error.__name__: error
    for error in (UsageError, NothingIngested, IndexMismatch, Busy, StorageError, ModelError, ReadError)
}
_API = "api/v1"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PROXY_FAULTS = (502, 503, 504)
_EVENTS = ("passages", "token", "done", "error")
_ADDRESS = "Give one such as http://127.0.0.1:7860."


class _Problem(BaseModel):
    """What a server says of a failure (RFC 9457)."""

    detail: str
    code: str
    hint: str = ""


class _Hits(BaseModel):
    hits: tuple[Hit, ...]


class _Server:
    """Where the server is, what it is sent, and how its replies are read: what both clients share."""

    def __init__(self, url: str, key: str | None) -> None:
        try:
            self._url = httpx.URL(url.rstrip("/") + "/")
            self._url.host.encode("idna")  # as whoever looks it up does
        except (httpx.InvalidURL, UnicodeError) as exc:
            raise UsageError(f"{url} is not an address.", _ADDRESS) from exc
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise UsageError(f"{url} is not an address.", _ADDRESS)
        if key is not None and not (key.isascii() and key.isprintable() and key == key.strip()):
            raise UsageError(
                "The key is not one that can be sent.",
                "A key is one line of ASCII characters without blanks around it.",
            )
        self._key = key
        host = f"{self._url.netloc.decode()}{self._url.path}".rstrip("/")
        self.address = f"{self._url.scheme}://{host}"  # without a password, for messages

    def options(self, timeout: float) -> dict[str, Any]:
        """The arguments of httpx's clients. This machine is not asked through a proxy."""
        return {
            "base_url": self._url,
            "headers": {} if self._key is None else {"X-API-Key": self._key},
            "timeout": timeout,
            "trust_env": self._url.host not in _LOOPBACK,
        }

    @contextmanager
    def reached(self) -> Iterator[None]:
        """What fails on the way to the server and back, as an error of ours."""
        try:
            yield
        except httpx.InvalidURL as exc:
            raise UsageError(f"What is asked of {self.address} is too long: {exc}.", "Ask for less at once.") from exc
        except httpx.TimeoutException as exc:
            raise Busy(f"{self.address} did not answer in time.", "Ask again, or give it more time.") from exc
        except httpx.ConnectError as exc:
            raise UsageError(
                f"No server answers at {self.address}: {exc}.", "Start one with askcorpus serve, or name another."
            ) from exc
        except httpx.RequestError as exc:
            raise Busy(f"The connection to {self.address} was lost: {exc}.", "Ask again.") from exc

    def read(self, response: httpx.Response, model: type[M]) -> M:
        """The body of a reply.

        Raises:
            AskcorpusError: it tells of a failure, or cannot be read.
        """
        if not response.is_success:
            self.refuse(response)
        return self.parse(response.content, model)

    def parse(self, content: str | bytes, model: type[M]) -> M:
        """An object that the server sent. Fields that a newer server adds are passed over."""
        try:
            return model.model_validate_json(content, extra="ignore")
        except ValidationError as exc:
            raise self._no_askcorpus() from exc

    def refuse(self, response: httpx.Response) -> NoReturn:
        """Raise what a reply that is no success tells of; its body has been read."""
        try:
            problem = _Problem.model_validate_json(response.content)
        except ValidationError as exc:
            if response.status_code in _PROXY_FAULTS:
                raise Busy(f"{self.address} answers {response.status_code}.", "Try again later.") from exc
            raise self._no_askcorpus(f"answers {response.status_code}, not") from exc
        raise self.error(problem, response.status_code)

    @staticmethod
    def error(problem: _Problem, status: int) -> AskcorpusError:
        """The error of the library that a problem tells of."""
        kind = _ERRORS.get(problem.code, UsageError if status < 500 else AskcorpusError)
        return kind(problem.detail, problem.hint)

    def _no_askcorpus(self, does: str = "does not answer") -> AskcorpusError:
        return UsageError(
            f"{self.address} {does} as a server of askcorpus does.",
            "Check the address, and that versions are the same.",
        )

    def event(self, name: str, data: str) -> Event:
        """An event of a streamed answer.

        Raises:
            AskcorpusError: it tells of a failure.
        """
        if name == "error":
            raise self.error(self.parse(data, _Problem), 500)
        if name == "done":
            return Done(answer=self.parse(data, Answer))
        if name == "token":
            return self.parse(data, Token)
        return self.parse(data, Retrieved)

    def lost(self) -> Busy:
        """A stream ended without its answer."""
        return Busy(f"The connection to {self.address} was lost.", "Ask again.")


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
        self._server = _Server(url, key)
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
        return self._post("ask", _asked(question, history, filters, top_k, max_error, explain, conversation_id), Answer)

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
                f"{_API}/ask/stream",
                **_json(_asked(question, history, filters, top_k, max_error, explain, conversation_id)),
            ) as response,
        ):
            if not response.is_success:
                response.read()
                self._server.refuse(response)
            lines = _Lines()
            for chunk in response.iter_bytes():
                for name, data in lines.events(chunk):
                    yield (event := self._server.event(name, data))
                    if isinstance(event, Done):
                        return
        raise self._server.lost()

    def search(self, query: str, *, filters: Filters = Filters(), top_k: int | None = None) -> tuple[Hit, ...]:
        """The passages nearest to ``query``, best first, without an answer. Raises as :meth:`ask` does."""
        return self._post("search", _sought(query, filters, top_k), _Hits).hits

    def verify(self, text: str) -> Verification:
        """What ``text`` quotes, and whether the corpus says so. Raises as :meth:`ask` does."""
        return self._post("verify", {"text": text}, Verification)

    def prove(self, answer: Answer, history: Sequence[Turn] = ()) -> Proof:
        """The proof of an answer of this server's, to a question with that history. Raises as :meth:`ask` does."""
        return self._post("proofs", _answered(answer, history), Proof)

    def recheck(self, proof: Proof) -> ProofCheck:
        """Ask again what a proof answers, and say what has changed. Raises as :meth:`ask` does."""
        return self._post("proofs/check", proof.model_dump(mode="json"), ProofCheck)

    def documents(self, filters: Filters = Filters(), *, offset: int = 0, limit: int = 50) -> Page:
        """A stretch of the list of documents (at most 1000), newest first. Raises as :meth:`ask` does."""
        return self._get("documents", _listed(filters, offset, limit), Page)

    def document(self, document_id: str) -> Document | None:
        """A document with its whole text; None where there is none of this id. Raises as :meth:`ask` does."""
        with self._server.reached():
            response = self._http.get(_document_path(document_id))
        return None if _is_missing(response) else self._server.read(response, Document)

    def hits(self, passage_ids: Sequence[str]) -> dict[str, Hit]:
        """Passages without scores, by id; what is not there is left out. Raises as :meth:`ask` does."""
        found = (self._get("passages", {"id": ids}, _Hits).hits for ids in _in_parts(passage_ids))
        return {hit.passage_id: hit for hits in found for hit in hits}

    def info(self) -> IndexInfo:
        """What the index is made with, and its size. Raises as :meth:`ask` does."""
        return self._get("index", {}, IndexInfo)

    def _get(self, path: str, parameters: Mapping[str, Any], model: type[M]) -> M:
        with self._server.reached():
            response = self._http.get(f"{_API}/{path}", params=parameters)
        return self._server.read(response, model)

    def _post(self, path: str, body: Mapping[str, Any], model: type[M]) -> M:
        with self._server.reached():
            response = self._http.post(f"{_API}/{path}", **_json(body))
        return self._server.read(response, model)


class AsyncClient:
    """The same as `Client`, awaited. A call that is cancelled ends the work on it."""

    def __init__(self, url: str, key: str | None = None, *, timeout: float = TIMEOUT) -> None:
        """Connects to nothing yet.

        Raises:
            UsageError: the address or the key is none.
        """
        self._server = _Server(url, key)
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
            "ask", _asked(question, history, filters, top_k, max_error, explain, conversation_id), Answer
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
                f"{_API}/ask/stream",
                **_json(_asked(question, history, filters, top_k, max_error, explain, conversation_id)),
            ) as response:
                if not response.is_success:
                    await response.aread()
                    self._server.refuse(response)
                lines = _Lines()
                async for chunk in response.aiter_bytes():
                    for name, data in lines.events(chunk):
                        yield (event := self._server.event(name, data))
                        if isinstance(event, Done):
                            return
        raise self._server.lost()

    async def search(self, query: str, *, filters: Filters = Filters(), top_k: int | None = None) -> tuple[Hit, ...]:
        """The passages nearest to ``query``, best first, without an answer. Raises as `Client.ask` does."""
        return (await self._post("search", _sought(query, filters, top_k), _Hits)).hits

    async def verify(self, text: str) -> Verification:
        """What ``text`` quotes, and whether the corpus says so. Raises as `Client.ask` does."""
        return await self._post("verify", {"text": text}, Verification)

    async def prove(self, answer: Answer, history: Sequence[Turn] = ()) -> Proof:
        """The proof of an answer of this server's, to a question with that history. Raises as `Client.ask` does."""
        return await self._post("proofs", _answered(answer, history), Proof)

    async def recheck(self, proof: Proof) -> ProofCheck:
        """Ask again what a proof answers, and say what has changed. Raises as `Client.ask` does."""
        return await self._post("proofs/check", proof.model_dump(mode="json"), ProofCheck)

    async def documents(self, filters: Filters = Filters(), *, offset: int = 0, limit: int = 50) -> Page:
        """A stretch of the list of documents (at most 1000), newest first. Raises as `Client.ask` does."""
        return await self._get("documents", _listed(filters, offset, limit), Page)

    async def document(self, document_id: str) -> Document | None:
        """A document with its whole text; None where there is none of this id. Raises as `Client.ask` does."""
        with self._server.reached():
            response = await self._http.get(_document_path(document_id))
        return None if _is_missing(response) else self._server.read(response, Document)

    async def hits(self, passage_ids: Sequence[str]) -> dict[str, Hit]:
        """Passages without scores, by id; what is not there is left out. Raises as `Client.ask` does."""
        found = [(await self._get("passages", {"id": ids}, _Hits)).hits for ids in _in_parts(passage_ids)]
        return {hit.passage_id: hit for hits in found for hit in hits}

    async def info(self) -> IndexInfo:
        """What the index is made with, and its size. Raises as `Client.ask` does."""
        return await self._get("index", {}, IndexInfo)

    async def _get(self, path: str, parameters: Mapping[str, Any], model: type[M]) -> M:
        with self._server.reached():
            response = await self._http.get(f"{_API}/{path}", params=parameters)
        return self._server.read(response, model)

    async def _post(self, path: str, body: Mapping[str, Any], model: type[M]) -> M:
        with self._server.reached():
            response = await self._http.post(f"{_API}/{path}", **_json(body))
        return self._server.read(response, model)


class _Lines:
    """Server-sent events out of a stream of bytes. Only line feeds end a line: JSON may hold other separators."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def events(self, chunk: bytes) -> Iterator[tuple[str, str]]:
        """The events that are whole with this chunk: name and data of each."""
        looked_through = max(0, len(self._rest) - 1)
        self._rest += chunk
        if self._rest.find(b"\n\n", looked_through) < 0:
            return
        *whole, self._rest = self._rest.split(b"\n\n")
        for event in whole:  # bytes that are no text are refused with the data that they are in
            fields = [line.partition(": ") for line in event.decode(errors="surrogateescape").split("\n")]
            name = "".join(value for field, _, value in fields if field == "event")
            if name in _EVENTS:
                yield name, "\n".join(value for field, _, value in fields if field == "data")


def _asked(
    question: str,
    history: Sequence[Turn],
    filters: Filters,
    top_k: int | None,
    max_error: float | None,
    explain: bool,
    conversation_id: str | None,
) -> dict[str, Any]:
    """A question as the server reads it; null is the same as leaving a field out."""
    return {
        "question": question,
        "history": [turn.model_dump() for turn in history],
        "filters": filters.model_dump(),
        "top_k": top_k,
        "max_error": max_error,
        "explain": explain,
        "conversation_id": conversation_id,
    }


def _sought(query: str, filters: Filters, top_k: int | None) -> dict[str, Any]:
    return {"query": query, "filters": filters.model_dump(), "top_k": top_k}


def _answered(answer: Answer, history: Sequence[Turn]) -> dict[str, Any]:
    return {"answer": answer.model_dump(mode="json"), "history": [turn.model_dump() for turn in history]}


def _listed(filters: Filters, offset: int, limit: int) -> dict[str, Any]:
    return {
        "language": filters.languages,
        "source": filters.sources,
        "date_from": filters.date_from,
        "date_to": filters.date_to,
        "offset": offset,
        "limit": limit,
    }


def _json(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body as httpx takes it: in ASCII, for a text may hold half a surrogate pair, which has no bytes in UTF-8."""
    return {"content": json.dumps(body).encode(), "headers": {"Content-Type": "application/json"}}


def _document_path(document_id: str) -> str:
    """A document's address; its dots are spelt out, for ``..`` would lead to another one."""
    return f"{_API}/documents/{quote(document_id, errors='replace').replace('.', '%2E')}"


def _is_missing(response: httpx.Response) -> bool:
    """Whether a server of askcorpus says that there is no such document."""
    return response.status_code == 404 and response.headers.get("content-type") == "application/problem+json"


def _in_parts(passage_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (passage_ids[at : at + MOST_PASSAGES] for at in range(0, len(passage_ids), MOST_PASSAGES))
