"""How a running server is spoken to: what `/api/v1` is sent, how its replies are read, how much it gives at a time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from askcorpus.errors import (
    READ_ERRORS,
    AskcorpusError,
    Busy,
    IndexMismatch,
    ModelError,
    NothingIngested,
    StorageError,
    UsageError,
)
from askcorpus.types import Answer, Done, Event, Filters, Hit, Retrieved, Token, Turn

M = TypeVar("M", bound=BaseModel)

TIMEOUT = 150.0
"""Seconds that a client waits for the next part of a reply: more than two times the minute after which a language model
that is silent is asked again, and then given up."""

MOST_PASSAGES = 100
"""Passages that a server gives at a time."""

MOST_LISTED = 1000
"""Documents that a server lists at a time."""

_ERRORS: Mapping[str, type[AskcorpusError]] = {
    **READ_ERRORS,
    **{each.__name__: each for each in (UsageError, NothingIngested, IndexMismatch, Busy, StorageError, ModelError)},
}
API = "api/v1"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PROXY_FAULTS = (502, 503, 504)
_EVENTS = ("passages", "token", "done", "error")
_ADDRESS = "Give one such as http://127.0.0.1:7860."


class Problem(BaseModel):
    """What a server says of a failure (RFC 9457)."""

    detail: str
    code: str
    hint: str = ""


class Hits(BaseModel):
    """What a search gives."""

    hits: tuple[Hit, ...]


class Link:
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
            problem = Problem.model_validate_json(response.content)
        except ValidationError as exc:
            if response.status_code in _PROXY_FAULTS:
                raise Busy(f"{self.address} answers {response.status_code}.", "Try again later.") from exc
            raise self._no_askcorpus(f"answers {response.status_code}, not") from exc
        raise self.error(problem, response.status_code)

    @staticmethod
    def error(problem: Problem, status: int) -> AskcorpusError:
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
            raise self.error(self.parse(data, Problem), 500)
        if name == "done":
            return Done(answer=self.parse(data, Answer))
        if name == "token":
            return self.parse(data, Token)
        return self.parse(data, Retrieved)

    def lost(self) -> Busy:
        """A stream ended without its answer."""
        return Busy(f"The connection to {self.address} was lost.", "Ask again.")


class Lines:
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


def asked(
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


def sought(query: str, filters: Filters, top_k: int | None) -> dict[str, Any]:
    """A search as the server reads it."""
    return {"query": query, "filters": filters.model_dump(), "top_k": top_k}


def answered(answer: Answer, history: Sequence[Turn]) -> dict[str, Any]:
    """An answer and what was said before it."""
    return {"answer": answer.model_dump(mode="json"), "history": [turn.model_dump() for turn in history]}


def listed(filters: Filters, offset: int, limit: int) -> dict[str, Any]:
    """The parameters of a list of documents."""
    return {
        "language": filters.languages,
        "source": filters.sources,
        "date_from": filters.date_from,
        "date_to": filters.date_to,
        "offset": offset,
        "limit": limit,
    }


def as_json(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body as httpx takes it: in ASCII, for a text may hold half a surrogate pair, which has no bytes in UTF-8."""
    return {"content": json.dumps(body).encode(), "headers": {"Content-Type": "application/json"}}


def document_path(document_id: str) -> str:
    """A document's address; its dots are spelt out, for ``..`` would lead to another one."""
    return f"{API}/documents/{quote(document_id, errors='replace').replace('.', '%2E')}"


def is_missing(response: httpx.Response) -> bool:
    """Whether a server of askcorpus says that there is no such document."""
    return response.status_code == 404 and response.headers.get("content-type") == "application/problem+json"


def in_parts(passage_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many ids at a time as a server takes."""
    return (passage_ids[at : at + MOST_PASSAGES] for at in range(0, len(passage_ids), MOST_PASSAGES))
