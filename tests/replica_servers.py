"""Real servers as processes over one database and one Chroma server, and a way to them that spreads what is asked."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from machine import free_port

_START = "from askcorpus.index import exact; exact.EXACT_UPTO = 0; from askcorpus_ui.cli.commands import main; main()"
"""The command, to which every corpus is a large one: it asks the Chroma server."""


class Replica:
    """One `askcorpus serve`, with a data folder of its own, as on a machine of its own."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        folder.mkdir()
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        own = {"DATA": str(folder / "data"), "PORT": str(self.port)}
        self._env = os.environ | {f"ASKCORPUS_{name}": value for name, value in (settings | own).items()}
        self._folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _START, "serve"], env=self._env, cwd=self._folder, stderr=log
            )

    def wait_until_started(self) -> None:
        deadline = time.monotonic() + 120
        while "Chat: " not in self.log():
            assert time.monotonic() < deadline and self.process and self.process.poll() is None, self.log()
            time.sleep(0.1)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 120
        while not self.is_ready():
            assert time.monotonic() < deadline and self.process and self.process.poll() is None, self.log()
            time.sleep(0.1)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/ready", timeout=10).is_success
        except httpx.HTTPError:
            return False

    def stop(self) -> int:
        """Tell it to end, as whoever replaces it does; its exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def log(self) -> str:
        return (self._folder / "log").read_text("utf-8")


@contextmanager
def replicas(folder: Path, number: int, **settings: str) -> Iterator[list[Replica]]:
    """So many servers with these settings, which are started but may still load their models."""
    found = [Replica(folder / f"replica{n}", settings) for n in range(number)]
    try:
        for one in found:
            one.start()
        yield found
    finally:
        for one in found:
            one.kill()


class Balancer:
    """Sends each request to the next server that says it is ready, and to another one where nobody listens; what else
    fails is the client's to see."""

    def __init__(self, servers: list[Replica]) -> None:
        self._servers = servers
        self._ready = set(servers)
        self._turn = count()
        self._client = httpx.Client(timeout=120, headers={"Connection": "close"})
        self._closed = threading.Event()
        self._looking = [threading.Thread(target=self._look_at, args=(one,)) for one in servers]
        for thread in self._looking:
            thread.start()

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        for _ in range(1000):
            if ready := [one for one in self._servers if one in self._ready]:
                try:
                    return self._client.request(method, ready[next(self._turn) % len(ready)].address + path, **options)
                except httpx.ConnectError:
                    pass
            time.sleep(0.1)
        raise AssertionError("no server is ready")

    def close(self) -> None:
        self._closed.set()
        for thread in self._looking:
            thread.join()
        self._client.close()

    def _look_at(self, server: Replica) -> None:
        while not self._closed.wait(0.1):
            (self._ready.add if server.is_ready() else self._ready.discard)(server)
