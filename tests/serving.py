"""The real server around any assistant, on a free port and in a thread of the tests; and a real assistant."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import uvicorn

from askcorpus.answer.answerer import Answerer
from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index.opening import open_index
from askcorpus.settings import Settings, read_settings
from askcorpus_ingest.pipeline import ingest
from askcorpus_ui.web.app import create_app
from askcorpus_ui.web.server import server_config
from asking import READER

ARTICLES = {
    "storm.txt": "date 2023-02\nOSTENDE (Coast Wire) – The harbour of Ostende closed on Friday because of a storm. "
    "Ferries sailed from Zeebrugge instead, the port authority said.",
    "pont.txt": "date 2021-05\nLYON (Agence Rhône) – Le pont de Verdan a rouvert mardi après deux ans de travaux. "
    "La réparation a coûté douze millions d'euros.",
}
QUESTION = "Why did the harbour of Ostende close?"


@contextmanager
def real_assistant(
    folder: Path, embeddings: SentenceEmbeddings, answerer: Answerer | None = None
) -> Iterator[Assistant]:
    """The real assistant over two small articles; it always answers, for the doors are what is tested."""
    articles = folder / "articles"
    articles.mkdir(parents=True, exist_ok=True)
    for name, text in ARTICLES.items():
        (articles / name).write_text(text, encoding="utf-8")
    settings = read_settings(data=folder / "index", min_confidence=0)
    store = open_index(settings, embeddings)
    with Assistant(settings, store, embeddings, reader=READER, answerer=answerer) as assistant:
        ingest([articles], assistant.store, embeddings, settings)
        yield assistant


def until(read: Callable[[], Any], is_so: Callable[[Any], bool]) -> Any:
    """What was read as soon as it is so."""
    deadline = time.monotonic() + 60
    while not is_so(found := read()):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def wait_for_models(address: str, key: str = "") -> None:
    """Until nothing is being loaded any more, which is told to who may ask."""
    deadline = time.monotonic() + 60
    while "being loaded" in httpx.get(f"{address}/ready", headers=[(b"X-API-Key", key.encode())]).text:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def serving(assistant: Any, settings: Settings | None = None, *, port: int = 0, **options: Any) -> Iterator[str]:
    """The address of a server that answers while the block runs, at any free port unless one is named."""
    app = create_app(assistant, settings or Settings(), **options)
    server = uvicorn.Server(server_config(app, port=port, timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


class Restartable:
    """A server that can be gone for a while, at the same address over the same data."""

    def __init__(self, make: Callable[[], Any], data: Path) -> None:
        self._make = make
        self._settings = read_settings(data=data)
        self._running = ExitStack()
        self.address = self._running.enter_context(serving(self._make(), self._settings))

    def stop(self) -> None:
        self._running.close()

    def start(self) -> None:
        port = urlsplit(self.address).port
        assert port
        self._running.enter_context(serving(self._make(), self._settings, port=port))
