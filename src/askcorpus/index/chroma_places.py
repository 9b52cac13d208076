"""Where a Chroma keeps its copy of the vectors: a folder of this process, or a server."""

import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit

from askcorpus.errors import UsageError

if TYPE_CHECKING:
    from chromadb.api.client import Client

SERVER_SECONDS = 5
"""Seconds that one request to a Chroma server may take."""


class ChromaLocation(Protocol):
    """Where a Chroma collection lives. ``folder`` is ours, for what must be remembered about it."""

    folder: Path
    name: str
    batch: int  # rows to write at a time

    def connect(self) -> "Client":
        """A client; raises what `_failures` translates."""
        ...

    def sizes(self) -> dict[str, int]:
        """The files that Chroma trusts blindly, by size."""
        ...

    def erase(self, collection: str) -> None:
        """Remove all of the collection, and the folder; raises what `_failures` translates."""
        ...


class Embedded:
    """Chroma's files in the data folder."""

    name = "the vector index"
    batch = 1000  # as often as Chroma saves its index; it takes 5461 at most

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def connect(self) -> "Client":
        """Open the files, or make them."""
        from chromadb.api.client import Client
        from chromadb.config import Settings

        # A new name after each erasure: Chroma keeps a client that failed to open, and gives it out again for its path.
        files = next(self.folder.glob("index-*"), self.folder / f"index-{uuid.uuid4().hex[:8]}")
        settings = Settings(is_persistent=True, persist_directory=str(files), anonymized_telemetry=False)
        try:
            return Client(settings=settings)
        except ValueError as exc:  # what Chroma makes of a database in which it does not find its first rows
            raise Damaged(f"it cannot be opened: {exc}") from exc

    def sizes(self) -> dict[str, int]:
        """The files of the HNSW index. Chroma may crash (the whole process, with it) on one that is cut short."""
        return {str(path.relative_to(self.folder)): path.stat().st_size for path in self.folder.glob("index-*/*/*")}

    def erase(self, _collection: str) -> None:
        """Remove the files, which may be in any state."""
        _remove(self.folder)


class Server:
    """A Chroma server, which several corpora may share.

    Raises:
        UsageError: the address is not http://host:port.
    """

    batch = 200  # well within the time that one request may take

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"chroma_url {url!r} is not an address.", "Write http://host:port.")
        self.folder = folder
        self.name = f"the Chroma server at {url}"
        self._host, self._ssl = parts.hostname, parts.scheme == "https"
        self._port = parts.port or (443 if self._ssl else 8000)

    def connect(self) -> "Client":
        """Connect, with a limit on how long any later call may take."""
        import chromadb
        import httpx
        from chromadb.config import Settings

        address = f"{'https' if self._ssl else 'http'}://{self._host}:{self._port}"
        httpx.get(f"{address}/api/v2/heartbeat", timeout=SERVER_SECONDS).raise_for_status()
        settings = Settings(anonymized_telemetry=False)
        try:
            client = cast("Client", chromadb.HttpClient(self._host, self._port, self._ssl, settings=settings))
        except ValueError as exc:  # Chroma's word for a server that does not answer as one
            raise Unreachable(str(exc)) from exc
        # Chroma's client waits for ever and has no setting for it; a hung server would hang every question.
        client._server._session.timeout = httpx.Timeout(SERVER_SECONDS)  # type: ignore[attr-defined]
        return client

    def sizes(self) -> dict[str, int]:
        """None: the server's files are the server's business."""
        return {}

    def erase(self, collection: str) -> None:
        """Remove this corpus's collection from the server."""
        from chromadb.errors import NotFoundError

        client = self.connect()
        with suppress(NotFoundError):
            client.delete_collection(collection)
        client.close()
        _remove(self.folder)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Unreachable(Exception):
    """Chroma cannot be had now; later it may."""


class Damaged(Exception):
    """Chroma does not hold what it should; it must be made anew."""
