"""A Chroma server's collections over HTTP: the few calls that a copy of vectors needs.

Chroma's own client waits forever for a server that hangs, and takes a reply that is not Chroma's for an error of its
own. Here every call ends within seconds, and every failure is `Unreachable` or `Damaged`, in one line.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import httpx
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, TypeAdapter, ValidationError

from askcorpus.index.chroma_files import CONFIGURATION, Damaged, Unreachable
from askcorpus.index.schema import Vector

SECONDS = 5.0
"""Seconds that a server may stay silent within one call, and in which all of a reply must follow its beginning."""

LONGEST = 16_000_000
"""Bytes of the longest reply that is read: several times what any of these calls brings."""

TOLD = 200
"""Characters of a server's own words that are passed on."""

_COLLECTIONS = "/api/v2/tenants/default_tenant/databases/default_database/collections"


class Collection(BaseModel):
    """A collection as the server names it, with what was noted about it."""

    id: str
    metadata: dict[str, Any] | None = None


class Found(NamedTuple):
    """Names and cosine distances of what is near, nearest first."""

    names: list[str]
    distances: list[float]


class _Query(BaseModel):
    ids: tuple[list[str]]
    distances: tuple[list[float]]


class _Rows(BaseModel):
    ids: list[str]
    embeddings: list[list[float]] | None = None


_T = TypeVar("_T")
_COUNT = TypeAdapter(int)
_COLLECTION = TypeAdapter(Collection)
_QUERY = TypeAdapter(_Query)
_ROWS = TypeAdapter(_Rows)


class ChromaHttp:
    """Calls of one server. Every method raises `Unreachable`; those on a collection raise `Damaged` when it is gone.

    Threads may share one.
    """

    def __init__(self, address: str, token: str | None) -> None:
        headers = {"Authorization": f"Bearer {token}", "X-Chroma-Token": token} if token else {}
        self._client = httpx.Client(base_url=address, headers=headers, timeout=SECONDS)
        self._has_token = bool(token)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def collection(self, name: str) -> Collection | None:
        """The collection of that name, or ``None``."""
        reply = self._send("GET", f"{_COLLECTIONS}/{name}")
        return None if reply.status_code == httpx.codes.NOT_FOUND else _read(reply, _COLLECTION)

    def make(self, name: str, note: Mapping[str, Any]) -> Collection:
        """An empty collection of that name, or the one that is there meanwhile."""
        body = {"name": name, "metadata": note, "configuration": CONFIGURATION, "get_or_create": True}
        return _read(self._send("POST", _COLLECTIONS, body), _COLLECTION)

    def drop(self, name: str) -> None:
        """Remove the collection of that name, if there is one."""
        reply = self._send("DELETE", f"{_COLLECTIONS}/{name}")
        if reply.status_code != httpx.codes.NOT_FOUND:
            _check(reply)

    def note(self, collection: str, note: Mapping[str, Any]) -> None:
        """Keep a note with the collection."""
        _check(self._send("PUT", f"{_COLLECTIONS}/{collection}", {"new_metadata": note}))

    def count(self, collection: str) -> int:
        """Number of rows."""
        return _read(self._send("GET", f"{_COLLECTIONS}/{collection}/count"), _COUNT)

    def names(self, collection: str, offset: int, limit: int) -> list[str]:
        """A stretch of the names of all rows."""
        body = {"limit": limit, "offset": offset, "include": []}
        return _read(self._send("POST", f"{_COLLECTIONS}/{collection}/get", body), _ROWS).ids

    def vectors(self, collection: str, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """The vectors that are kept under these names; those not there are left out."""
        body = {"ids": list(names), "include": ["embeddings"]}
        rows = _read(self._send("POST", f"{_COLLECTIONS}/{collection}/get", body), _ROWS)
        return dict(zip(rows.ids, map(np.asarray, rows.embeddings or []), strict=False))

    def add(self, collection: str, rows: Mapping[str, Vector]) -> None:
        """Add rows; those that are there stay as they are."""
        body = {"ids": list(rows), "embeddings": [vector.tolist() for vector in rows.values()]}
        _check(self._send("POST", f"{_COLLECTIONS}/{collection}/add", body))

    def delete(self, collection: str, names: Sequence[str]) -> None:
        """Remove rows."""
        _check(self._send("POST", f"{_COLLECTIONS}/{collection}/delete", {"ids": list(names)}))

    def query(self, collection: str, vector: Vector, limit: int) -> Found:
        """About the ``limit`` rows nearest to ``vector``."""
        body = {"query_embeddings": [vector.tolist()], "n_results": limit, "include": ["distances"]}
        reply = _read(self._send("POST", f"{_COLLECTIONS}/{collection}/query", body), _QUERY)
        return Found(reply.ids[0], reply.distances[0])

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        content = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"}
        try:
            with self._client.stream(method, path, content=content, headers=headers) as coming:
                reply = httpx.Response(coming.status_code, content=_taken(coming))
        except httpx.TimeoutException as exc:
            raise Unreachable(f"it did not answer within {SECONDS:g} seconds") from exc
        except httpx.HTTPError as exc:
            raise Unreachable(f"it does not answer ({exc or type(exc).__name__})") from exc
        if reply.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise Unreachable("it refuses the vectors_token" if self._has_token else "it asks for a vectors_token")
        return reply


def _taken(coming: httpx.Response) -> bytes:
    """All of a reply that is coming in, which may never end."""
    deadline, taken = time.monotonic() + SECONDS, bytearray()
    for part in coming.iter_bytes():
        taken += part
        if len(taken) > LONGEST:
            raise Unreachable("what it answers is not Chroma's")
        if time.monotonic() > deadline:
            raise Unreachable(f"it did not answer within {SECONDS:g} seconds")
    return bytes(taken)


def _check(reply: httpx.Response) -> None:
    if reply.status_code == httpx.codes.NOT_FOUND:
        raise Damaged("its collection is gone")
    if not reply.is_success:
        raise Unreachable(f"it answers {reply.status_code} {_told(reply)}".rstrip())


def _told(reply: httpx.Response) -> str:
    try:
        body = reply.json()
    except ValueError:
        return reply.reason_phrase
    return " ".join(str(body.get("message", "") if isinstance(body, dict) else body).split())[:TOLD]


def _read(reply: httpx.Response, shape: TypeAdapter[_T]) -> _T:
    _check(reply)
    try:
        return shape.validate_json(reply.content)
    except ValidationError as exc:
        raise Unreachable("what it answers is not Chroma's") from exc
