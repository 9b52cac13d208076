"""Many clients at once against a running server: how long answers and health checks take, what fails, what grows.

With --library, once the server is measured, as many threads of this process ask the library itself the same, as many
at once as the setting `concurrent_questions` allows: whatever is slower or grows over HTTP is the server's share.

askcorpus serve &
python bench/load.py http://127.0.0.1:7860 corpus/questions.jsonl --clients 50 --seconds 120 --pid $! --library
python bench/load.py http://127.0.0.1:7860 corpus/questions.jsonl --clients 1 --requests 3000 --pid $!
"""

import argparse
import asyncio
import itertools
import json
import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np

from askcorpus import open_assistant, read_settings
from askcorpus.errors import AskcorpusError

HEALTH_EVERY = 0.2
WARM_UP = 5
"""Questions that are not counted, by which the models are loaded."""


async def ask(
    client: httpx.AsyncClient, questions: "itertools.cycle[str]", until: float, left: list[int]
) -> "Measured":
    measured = Measured()
    while time.monotonic() < until and left[0] > 0:
        left[0] -= 1
        began = time.monotonic()
        try:
            response = await client.post("/api/v1/ask", json={"question": next(questions)})
            measured.note(str(response.status_code), time.monotonic() - began)
        except httpx.HTTPError as exc:
            measured.note(type(exc).__name__, time.monotonic() - began)
    return measured


async def watch_health(client: httpx.AsyncClient, done: asyncio.Event) -> "Measured":
    measured = Measured()
    while not done.is_set():
        began = time.monotonic()
        try:
            measured.note(str((await client.get("/health")).status_code), time.monotonic() - began)
        except httpx.HTTPError as exc:
            measured.note(type(exc).__name__, time.monotonic() - began)
        await asyncio.sleep(HEALTH_EVERY)
    return measured


class Measured:
    """How requests ended, and how long they took."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.seconds: list[float] = []

    def note(self, outcome: str, seconds: float) -> None:
        self.outcomes[outcome] += 1
        self.seconds.append(seconds)

    def __add__(self, other: "Measured") -> "Measured":
        both = Measured()
        both.outcomes, both.seconds = self.outcomes + other.outcomes, self.seconds + other.seconds
        return both

    def __str__(self) -> str:
        if not self.seconds:
            return "none"
        p50, p95 = (1000 * value for value in np.percentile(self.seconds, (50, 95)))
        return f"{len(self.seconds)} ({dict(self.outcomes)}), p50 {p50:.0f} ms, p95 {p95:.0f} ms"

    def told(self, seconds: float, before: float, after: float) -> str:
        """The same with the answers a second, and the resident memory before and after in MB."""
        return f"{self}, {len(self.seconds) / seconds:.1f} a second, {before:.0f} MB before, {after:.0f} MB after"


def resident_mb(pid: int | None) -> float:
    if pid is None:
        return float("nan")
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def ask_library(questions: "itertools.cycle[str]", clients: int, seconds: float, requests: int) -> str:
    """What the server is asked, of an assistant in this process, over the index that settings and environment name."""
    settings = read_settings()
    left = [requests]

    def client(until: float) -> Measured:
        measured = Measured()
        while time.monotonic() < until and left[0] > 0:
            left[0] -= 1
            began = time.monotonic()
            try:
                at_once.submit(assistant.ask, next(questions)).result()
                measured.note("answer", time.monotonic() - began)
            except AskcorpusError as exc:
                measured.note(type(exc).__name__, time.monotonic() - began)
        return measured

    with (
        open_assistant(settings) as assistant,
        ThreadPoolExecutor(settings.concurrent_questions) as at_once,
        ThreadPoolExecutor(clients) as asking,
    ):
        for _ in range(WARM_UP):
            assistant.ask(next(questions))
        before, began = resident_mb(os.getpid()), time.monotonic()
        asked = sum(asking.map(client, [began + seconds] * clients), Measured())
        return asked.told(time.monotonic() - began, before, resident_mb(os.getpid()))


async def ask_server(options: argparse.Namespace, questions: "itertools.cycle[str]") -> None:
    limits = httpx.Limits(max_connections=options.clients + 1)
    async with httpx.AsyncClient(base_url=options.server, timeout=300, limits=limits) as client:
        for _ in range(WARM_UP):
            await client.post("/api/v1/ask", json={"question": next(questions)})
        before, began, done = resident_mb(options.pid), time.monotonic(), asyncio.Event()
        health = asyncio.ensure_future(watch_health(client, done))
        left = [options.requests]
        asking = [ask(client, questions, began + options.seconds, left) for _ in range(options.clients)]
        asked = sum(await asyncio.gather(*asking), Measured())
        took = time.monotonic() - began
        done.set()
        print(f"server:  {asked.told(took, before, resident_mb(options.pid))}")
        print(f"/health: {await health}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server")
    parser.add_argument("questions", type=Path)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--requests", type=int, default=10**9)
    parser.add_argument("--pid", type=int)
    parser.add_argument("--library", action="store_true")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.questions.read_text("utf-8").splitlines() if line.strip()]
    questions = [row["question"] for row in rows]
    asyncio.run(ask_server(options, itertools.cycle(questions)))
    if options.library:
        told = ask_library(itertools.cycle(questions), options.clients, options.seconds, options.requests)
        print(f"library: {told}")


if __name__ == "__main__":
    main()
