"""What a large corpus costs: a first and a second run over many small files, or one over a file of many records.

    python bench/scale.py files [--number 100000]
    python bench/scale.py records [--number 1000000]

The embedding model is replaced by one that draws a vector for each text (384 dimensions, as the bundled model's): it
takes the same time for each passage, and far less. The rest is the product. Times are elapsed time and CPU time,
which depends less on what else runs on the machine. Each run has its own process. Memory is the peak: in all, and
without the pages of files, which the system can reclaim.
"""

import argparse
import json
import random
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from process import memory_mb

from askcorpus.embedding.embeddings import EmbeddedText, SentenceEmbeddings
from askcorpus.index.opening import open_index
from askcorpus.settings import Settings, read_settings
from askcorpus.types import Span
from askcorpus_ingest.pipeline import ingest

WORDS = Path(__file__).parents[1] / "corpus" / "articles"
FOLDER = 1000
"""So many files lie in one folder."""


class Instant(NamedTuple):
    """How many passages were embedded by then, in seconds of the clock and of the processor, and the process's own
    memory (MB)."""

    passages: int
    clock: float
    processor: float
    memory: float

    @classmethod
    def now(cls, passages: int) -> "Instant":
        """This instant."""
        return cls(passages, time.monotonic(), time.process_time(), memory_mb("RssAnon"))


class Drawn(SentenceEmbeddings):
    """Unit vectors drawn for each text, and when each batch of them was asked for."""

    dimension = 384
    fingerprint = "drawn"

    def __init__(self) -> None:
        self.instants = [Instant.now(0)]

    def warm_up(self) -> None:
        """There is nothing to load."""

    def embed_query(self, text: str) -> list[float]:
        vector: list[float] = self.embed_sentences([text])[0].tolist()
        return vector

    def embed_sentences(self, texts: Sequence[str]) -> NDArray[np.float32]:
        drawn = [np.random.default_rng(zlib.crc32(text.encode())).standard_normal(384, np.float32) for text in texts]
        vectors = np.stack(drawn) if drawn else np.empty((0, 384), np.float32)
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def embed_passages(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[EmbeddedText]:
        vectors = self.embed_sentences(texts)
        self.instants.append(Instant.now(self.instants[-1].passages + len(texts)))
        return [
            EmbeddedText(vector, np.repeat(vector[None], len(own), 0).astype(np.float16))
            for vector, own in zip(vectors, spans, strict=True)
        ]


def texts(number: int) -> Iterator[str]:
    """So many texts of some thirty words, none like another."""
    drawn = random.Random(1)
    words = sorted({word for path in WORDS.glob("*-en.txt") for word in path.read_text("utf-8").split()})
    for n in range(number):
        yield f"Report {n} of the office. " + " ".join(drawn.choices(words, k=25)).capitalize() + f" and {n}."


def write_files(folder: Path, number: int) -> None:
    for n, text in enumerate(texts(number)):
        below = folder / f"{n // FOLDER:04}"
        below.mkdir(parents=True, exist_ok=True)
        (below / f"{n:07}.txt").write_text(text, "utf-8")


def write_records(path: Path, number: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for n, text in enumerate(texts(number)):
            file.write(json.dumps({"id": f"r{n}", "title": f"Report {n}", "text": text, "language": "en"}) + "\n")


def run(path: Path, settings: Settings, name: str) -> list[Instant]:
    """Ingest, and say what it took."""
    embeddings, own = Drawn(), OwnMemory()
    begun = Instant.now(0)
    with open_index(settings, embeddings) as store:
        report = ingest([path], store, embeddings, settings)
    ended = Instant.now(embeddings.instants[-1].passages)
    clock, processor = ended.clock - begun.clock, ended.processor - begun.processor
    counts = f"{report.added} added, {report.unchanged} unchanged, {len(report.failed)} failed"
    peaks = f"peak {memory_mb('VmHWM'):.0f} MB, its own {own.peak:.0f} MB"
    print(f"{name}: {clock:.1f} s, {processor:.1f} s of the processor; {counts}; {peaks}", flush=True)
    return [*embeddings.instants, ended]


def apart(path: Path, settings: Settings, name: str) -> list[Instant]:
    """The same in a process of its own, which has no memory of another run."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(run, path, settings, name).result()


def tenths(instants: Sequence[Instant]) -> list[tuple[Instant, Instant]]:
    """The first and the last instant of each tenth of the passages."""
    cuts = np.linspace(0, instants[-1].passages, 11)
    counts = [one.passages for one in instants]
    return list(pairwise(instants[min(int(np.searchsorted(counts, cut)), len(instants) - 1)] for cut in cuts))


class OwnMemory:
    """The most memory of its own (not of files) that this process has had since, looked up ten times a second."""

    def __init__(self) -> None:
        self.peak = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.peak = max(self.peak, memory_mb("RssAnon"))
            time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["files", "records"])
    parser.add_argument("--number", type=int)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scale-") as work:
        settings = read_settings(data=Path(work) / "data", max_file_mb=1000)
        corpus = Path(work) / "corpus"
        if args.kind == "files":
            write_files(corpus, args.number or 100_000)
            time.sleep(3)  # a file that is younger is not believed to be unchanged
        else:
            corpus = corpus.with_suffix(".jsonl")
            write_records(corpus, args.number or 1_000_000)
        found = tenths(apart(corpus, settings, "first run"))
        parts = [(after.passages - before.passages, before, after) for before, after in found]
        print("passages a second in each tenth:", *(f"{n / (b.clock - a.clock):.0f}" for n, a, b in parts))
        print("the same of processor time:", *(f"{n / (b.processor - a.processor):.0f}" for n, a, b in parts))
        print("its own MB after each tenth:", *(f"{after.memory:.0f}" for _, after in found), flush=True)
        apart(corpus, settings, "second run")
        size = sum(path.stat().st_size for path in (Path(work) / "data").rglob("*") if path.is_file())
        print(f"{size / 1e6:.0f} MB on the disk")


if __name__ == "__main__":
    main()
