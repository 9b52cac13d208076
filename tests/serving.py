"""The real server around any assistant, on a free port of this machine, in a thread of the tests."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from askcorpus.settings import Settings
from askcorpus_ui.server import create_app


@contextmanager
def serving(assistant: Any, settings: Settings | None = None, **options: Any) -> Iterator[str]:
    """The address of a server that answers while the block runs."""
    app = create_app(assistant, settings or Settings(), **options)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)
