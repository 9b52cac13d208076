"""What ingest by a Ray cluster costs and gains: the same records by this process and by clusters of 1 and 2 machines.

    python bench/engines.py [--passages 1000]

A machine of the cluster is some processes on this one with a core of its own (Ray gives each worker one), so the fair
comparison is this process on one core, too (OMP_NUM_THREADS=1), and on all. Records are of 700 characters, one passage
each. A cluster exists before its run begins; what the run needs for its own start is reported separately: seconds until
the first passages come, and the rate from there to the last.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from askcorpus.embedding.embeddings import load_embeddings
from askcorpus.index.opening import open_index
from askcorpus.settings import read_settings
from askcorpus_ingest.pipeline import ingest
from askcorpus_ingest.progress import Silent

ROOT = Path(__file__).parents[1]
WORDS = ROOT / "corpus" / "articles"


class Clock(Silent):
    """When passages came."""

    def __init__(self) -> None:
        self.came: list[tuple[float, int]] = []

    def embedded(self, passages: int) -> None:
        self.came.append((time.monotonic(), passages))


def write_records(path: Path, number: int) -> None:
    drawn = random.Random(1)
    words = sorted({word for text in WORDS.glob("*-en.txt") for word in text.read_text("utf-8").split()})
    with path.open("w", encoding="utf-8") as file:
        for n in range(number):
            text = f"Report {n}. " + " ".join(drawn.choice(words) if m % 12 else "said." for m in range(1, 115))
            file.write(json.dumps({"id": f"r{n}", "title": f"Report {n}", "text": text, "language": "en"}) + "\n")


def measure(records: str, data: str, engine: str) -> None:
    """One run in a process of its own, and what it took as a line of JSON."""
    settings = read_settings(data=Path(data), engine=engine)
    clock, embeddings = Clock(), load_embeddings(settings)
    begun = time.monotonic()
    with open_index(settings, embeddings) as store:
        report = ingest([Path(records)], store, embeddings, settings, progress=clock)
    ended = time.monotonic()
    (first, before), (last, _) = clock.came[0], clock.came[-1]
    passages = sum(count for _, count in clock.came)
    rate = (passages - before) / (last - first)
    print(json.dumps({"added": report.added, "first": first - begun, "rate": rate, "all": ended - begun}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=1000)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure(*options.one)
        return
    sys.path.insert(0, str(ROOT / "tests"))
    from ray_cluster import ray_cluster

    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder) / "records.jsonl"
        write_records(records, options.passages)
        print("engine | passages a second | seconds to the first | seconds in all")
        for name, engine, machines, more in (
            ("local, one core", "local", 0, {"OMP_NUM_THREADS": "1"}),
            ("local, all cores", "local", 0, {}),
            ("Ray, 1 worker", "ray", 1, {}),
            ("Ray, 2 workers", "ray", 2, {}),
        ):
            with ExitStack() as stack:
                environment = {**os.environ, **more}
                if machines:
                    below = Path(folder) / f"ray{machines}"
                    below.mkdir()
                    environment |= stack.enter_context(ray_cluster(below, machines)).environment
                command = [sys.executable, __file__, "--one", str(records), f"{folder}/{name}", engine]
                said = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
            figures = json.loads(said)
            print(f"{name} | {figures['rate']:.1f} | {figures['first']:.1f} | {figures['all']:.1f}", flush=True)


if __name__ == "__main__":
    main()
