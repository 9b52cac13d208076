"""Several servers over one corpus against one on its folder: how long answers take and how many come, in one run.

python bench/replicas.py corpus/questions.jsonl --documents corpus --database postgresql://user:password@host/empty \
    --vectors http://host:8000 pgvector --replicas 1 2 4

First the embedded default, then for each of the vectors so many servers, all started by this. Every corpus counts as a
large one, so that the vector index is asked. The processor's time is that of the servers, without the database's and
the Chroma server's own.
"""

import argparse
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import numpy as np
from process import processor_seconds

COMMAND = "from askcorpus.index import exact; exact.EXACT_UPTO = 0; from askcorpus_ui.cli.commands import main; main()"
READY_SECONDS = 600


def environment(settings: dict[str, str]) -> dict[str, str]:
    return dict(os.environ) | {f"ASKCORPUS_{name}": value for name, value in settings.items()}


class Server:
    """One `askcorpus serve` on a port of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process, self.address = process, f"http://127.0.0.1:{port}"

    def wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise SystemExit("a server does not start")
            time.sleep(0.5)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/ready", timeout=30).is_success
        except httpx.HTTPError:
            return False

    def processor(self) -> float:
        """Seconds of the processor so far."""
        return processor_seconds(self.process.pid)


@contextmanager
def served(settings: dict[str, str], folder: Path) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    env = environment({"DATA": str(folder), "PORT": str(port)} | settings)
    process = subprocess.Popen([sys.executable, "-c", COMMAND, "serve"], env=env, stderr=subprocess.DEVNULL)
    try:
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait()


def ask(servers: list[Server], questions: list[str], clients: int, seconds: float) -> str:
    """A row of the table: each client asks the servers in turn until the time is over."""
    took: list[float] = []
    turns, until = itertools.count(), time.monotonic() + seconds

    def client() -> None:
        with httpx.Client(timeout=300) as http:
            while (began := time.monotonic()) < until:
                turn = next(turns)
                body = {"question": questions[turn % len(questions)]}
                http.post(f"{servers[turn % len(servers)].address}/api/v1/ask", json=body).raise_for_status()
                took.append(time.monotonic() - began)

    before, began = sum(each.processor() for each in servers), time.monotonic()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lasted, used = time.monotonic() - began, sum(each.processor() for each in servers) - before
    p50, p95 = np.percentile(took, (50, 95))
    return f"{p50:.2f} / {p95:.2f} | {len(took) / lasted:.2f} | {used / len(took):.2f} | {os.getloadavg()[0]:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--vectors", nargs="+", required=True)
    parser.add_argument("--replicas", nargs="+", type=int, default=[1, 2, 4])
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.questions.read_text("utf-8").splitlines() if line.strip()]
    questions = [row["question"] for row in rows]
    print("| Servers | p50 / p95, s | answers a second | processor a question, s | load |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="replicas-") as work:
        runs: list[tuple[str, dict[str, str], int]] = [("embedded", {}, 1)]
        for vectors in options.vectors:
            name = "PostgreSQL + " + ("Chroma server" if vectors.startswith("http") else vectors)
            runs += [(name, {"DATABASE": options.database, "VECTORS": vectors}, n) for n in options.replicas]
        for name, settings, number in runs:
            folders = [Path(work) / f"server{n}" for n in range(number)]
            env = environment({"DATA": str(folders[0])} | settings)
            for command in (["ingest", str(options.documents)], ["rebuild"]):  # which fills another vector index, too
                run = [sys.executable, "-c", COMMAND, *command]
                subprocess.run(run, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with ExitStack() as stack:
                servers = [stack.enter_context(served(settings, folder)) for folder in folders]
                for server in servers:
                    server.wait()
                ask(servers, questions, options.clients, 2)  # each has read the corpus by then
                row = ask(servers, questions, options.clients, options.seconds)
            print(f"| {name}, {number} | {row} |", flush=True)


if __name__ == "__main__":
    main()
