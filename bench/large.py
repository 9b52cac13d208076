"""How an index in the data folder copes as a corpus grows: it is filled with given vectors, and asked questions.

    python bench/large.py FOLDER --texts FILE… --questions FILE --sizes 10000 100000 1000000

FOLDER gets the index, which grows from size to size; it may exist already. Texts are .jsonl or .jsonl.xz files with a
field text, context, passage or text_a. The first of them are embedded; each passage of the corpus has its own text, and
the vector of one of those with noise (a cosine of 0.93 to it), so that it has many near neighbours. At each size a new
process opens the index, searches for 200 questions and answers 40 of them. Times are elapsed time and CPU time, which
depends less on what else runs on the machine.
"""

import argparse
import hashlib
import json
import lzma
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from process import memory_mb

from askcorpus.assistant import open_assistant
from askcorpus.embedding.embeddings import load_embeddings
from askcorpus.index import schema
from askcorpus.index.opening import open_index
from askcorpus.index.passages import vectors_after
from askcorpus.index.store import Snapshot, Store, StoredPassage
from askcorpus.settings import Settings, read_settings
from askcorpus.text.words import terms
from askcorpus.types import Document, Passage, Span

FIELDS = ("text", "context", "passage", "text_a")
LONGEST = 800
"""Characters of a passage."""
EACH = 10
"""Passages of a document."""
SLICES = 50
"""Parts of a file, each of lines from all of it, so that the questions meet the same kinds of text at every size."""
REAL = 2000
"""Texts that are embedded."""
NOISE = 0.4
"""Length of the noise that is put upon a unit vector."""
QUESTIONS = 200
ANSWERED = 40
TOP = 10
NEAR = 50
"""Passages that each half of a search is asked for."""
TOGETHER = 50  # documents in one transaction

Made = tuple[Document, list[StoredPassage]]


# --- filling ---


def texts(paths: Sequence[Path]) -> Iterator[str]:
    """The texts of the files, of each a slice in turn so that few are like many, again and again, none twice."""
    for turn in range(1000 * SLICES):
        for path in paths:
            with opened(path) as lines:
                for number, line in enumerate(islice(lines, turn % SLICES, None, SLICES)):
                    record = json.loads(line)
                    text = next((record[name] for name in FIELDS if record.get(name)), "")
                    if text:
                        yield f"{text[: LONGEST - 20]} ({turn}.{number})"


def opened(path: Path) -> IO[str]:
    return lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8")


def real_vectors(folder: Path, settings: Settings, paths: Sequence[Path]) -> NDArray[np.float32]:
    """Vectors of the first texts, kept in the folder."""
    kept = folder / "real.npy"
    if not kept.exists():
        embeddings = load_embeddings(settings)
        chosen = [text[:300] for text in islice(texts(paths), 0, 40 * REAL, 40)]
        np.save(kept, np.array(embeddings.embed_documents(chosen), np.float32))
    vectors: NDArray[np.float32] = np.load(kept)
    return vectors


def documents(paths: Sequence[Path], real: NDArray[np.float32], first: int, end: int) -> Iterator[Made]:
    """The documents with these numbers."""
    taken = islice(texts(paths), first * EACH, None)
    for number in range(first, end):
        drawn = np.random.default_rng(number)
        pieces = list(islice(taken, EACH))
        text = "\n".join(pieces)
        one = Document(
            id=f"doc-{number}",
            title=f"Report {number}",
            text=text,
            date=f"20{number % 25:02}-{number % 12 + 1:02}",
            language="en",
            source=f"Paper {number % 40}",
            origin=f"made/{number}.txt",
        )
        noise = drawn.standard_normal((EACH, real.shape[1]), np.float32)
        noise *= NOISE / np.linalg.norm(noise, axis=1, keepdims=True)
        vectors = real[drawn.integers(len(real), size=EACH)] + noise
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        yield one, list(_passages(one, pieces, vectors))


def _passages(of: Document, pieces: Sequence[str], vectors: NDArray[np.float32]) -> Iterator[StoredPassage]:
    start = 0
    for piece, vector in zip(pieces, vectors, strict=True):
        end, half = start + len(piece), start + len(piece) // 2
        name = hashlib.sha256(f"{of.id}/{start}".encode()).hexdigest()[:24]
        passage = Passage(id=name, document_id=of.id, text=piece, start=start, end=end)
        sentences = (Span(start, half), Span(half, end))
        yield StoredPassage(passage, vector, sentences, np.stack([vector, vector]).astype(np.float16))
        start = end + 1


def fill(store: Store, made: Iterable[Made], passages: int) -> None:
    """Write the documents, and say how long each step took, in seconds of the clock and of the processor."""
    last = np.array([time.monotonic(), time.process_time()])
    steps: dict[str, NDArray[np.float64]] = {}

    def told(step: str, _done: int, _total: int) -> None:
        nonlocal last
        now = np.array([time.monotonic(), time.process_time()])
        steps[step] = steps.get(step, np.zeros(2)) + now - last
        last = now

    waiting = iter(made)
    with store.writer(told) as writer:
        for tenth in range(10):
            for some in batches(islice(waiting, -(-passages // EACH // 10))):
                with writer.together():
                    for one, its in some:
                        writer.put(one, its)
            told(f"catalog, {tenth + 1}", 0, 0)
    told("end", 0, 0)
    clock, processor = sum(steps.values(), np.zeros(2))
    print(f"{passages} passages in {clock:.0f} s, {processor:.0f} s of the processor:", flush=True)
    for name, (clock, processor) in steps.items():
        print(f"  {name}: {clock:.1f} s, {processor:.1f} s of the processor", flush=True)


def batches(documents: Iterable[Made]) -> Iterator[list[Made]]:
    """So many of them as go into one transaction."""
    waiting = iter(documents)
    while batch := list(islice(waiting, TOGETHER)):
        yield batch


# --- measuring ---


def measure(settings: Settings, questions: Sequence[str]) -> dict[str, Any]:
    """What it is to ask this index, in a process that has done nothing else."""
    begun, spent = time.monotonic(), time.process_time()
    with open_assistant(settings) as assistant:
        assistant.warm_up()  # as a server does when it starts
        assistant.ask(questions[0])
        found: dict[str, Any] = {"start_s": time.monotonic() - begun, "start_cpu_s": time.process_time() - spent}
        found |= medians("ask", [taken(assistant.ask, question) for question in questions[:ANSWERED]])
        found["memory_mb"] = memory_mb("VmHWM")
        vectors = np.array([assistant.embeddings.embed_query(question) for question in questions], np.float32)
        with assistant.store.snapshot() as index:
            found["passages"] = index.info.passages
            found |= medians("dense", [taken(index.dense, vector, NEAR) for vector in vectors])
            named = [terms(question) for question in questions]
            found |= medians("lexical", [taken(index.lexical, each, NEAR) for each in named])
        found |= recall(assistant.store, vectors)
        found |= visible(assistant.store)
    found["disk_mb"] = sum(path.stat().st_size for path in settings.data.rglob("*") if path.is_file()) / 1e6
    return found


def taken(work: Callable[..., object], *arguments: object) -> tuple[float, float]:
    """Milliseconds of the clock and of the processor."""
    begun, spent = time.perf_counter(), time.process_time()
    work(*arguments)
    return 1000 * (time.perf_counter() - begun), 1000 * (time.process_time() - spent)


def medians(name: str, times: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Of the clock and of the processor."""
    clock, processor = np.median(times, axis=0)
    return {f"{name}_p50_ms": float(clock), f"{name}_p50_cpu_ms": float(processor)}


def recall(store: Store, queries: NDArray[np.float32]) -> dict[str, Any]:
    """Share of the ten nearest passages that the index names, with the interval by resampling the questions."""
    with store.snapshot() as index:
        exact = nearest(index, queries)
        shares = []
        for query, wanted in zip(queries, exact, strict=True):
            with index._reading() as connection:
                near = store._vectors.search(connection, schema.state(connection), query, TOP)
            named = {one.seq for one in near or ()}
            shares.append(len(named & wanted) / TOP if near is not None else np.nan)
    drawn = np.random.default_rng(1).choice(shares, (10_000, len(shares)))
    low, high = np.quantile(drawn.mean(axis=1), [0.025, 0.975])
    return {"recall": float(np.mean(shares)), "recall_low": float(low), "recall_high": float(high)}


def nearest(index: Snapshot, queries: NDArray[np.float32]) -> list[set[int]]:
    """The seqs of the ten passages nearest to each query, by comparing it with all."""
    best = np.full((len(queries), TOP), -2.0, np.float32)
    seqs = np.zeros((len(queries), TOP), np.int64)
    with index._reading() as connection:
        for some in vectors_after(connection, 0):
            similar = queries @ some.rows.T
            both = np.concatenate([best, similar], axis=1)
            names = np.concatenate([seqs, np.broadcast_to(some.seqs, similar.shape)], axis=1)
            top = np.argpartition(-both, TOP - 1, axis=1)[:, :TOP]
            best, seqs = np.take_along_axis(both, top, 1), np.take_along_axis(names, top, 1)
    return [set(row.tolist()) for row in seqs]


def visible(store: Store) -> dict[str, float]:
    """Seconds from the beginning of a change to the answer of the next question, which has it."""
    vector = np.zeros(store.dimension, np.float32)
    vector[0] = 1.0
    text = "Quaggavanishment was seen by nobody."
    one = Document(id="one-more", title="One more", text=text, origin="made/one-more.txt")
    passage = Passage(id="one-more-passage", document_id=one.id, text=text, start=0, end=len(text))
    stored = StoredPassage(passage, vector, (Span(0, len(text)),), vector[None].astype(np.float16))
    found = {}
    for name, there in (("added_s", True), ("removed_s", False)):
        begun = time.monotonic()
        with store.writer() as writer:
            if there:
                writer.put(one, [stored])
            else:
                writer.remove([one.id])
        with store.snapshot() as index:
            near = [id_ for id_, _ in index.dense(vector, 5)]
        found[name] = time.monotonic() - begun
        assert (passage.id in near) is there
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--texts", type=Path, nargs="+", default=[])
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--only-ask", action="store_true", help="measure the index that is there, in this process")
    args = parser.parse_args()
    settings = read_settings(data=args.folder / "data")
    lines = args.questions.read_text("utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines][:QUESTIONS]
    if args.only_ask:
        print(json.dumps(measure(settings, questions)))
        return
    args.folder.mkdir(parents=True, exist_ok=True)
    real = real_vectors(args.folder, settings, args.texts)
    first: dict[str, Any] = {}
    for size in args.sizes:
        with open_index(settings, load_embeddings(settings)) as store:
            held, wanted = store.info().documents, size // EACH
            if held < wanted:
                fill(store, documents(args.texts, real, held, wanted), (wanted - held) * EACH)
        command = [sys.executable, __file__, args.folder, "--questions", args.questions, "--only-ask"]
        told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        first = first or told
        print(json.dumps({name: round(value, 4) for name, value in told.items()}), flush=True)
        print(
            f"ask p50: {told['ask_p50_cpu_ms'] / first['ask_p50_cpu_ms']:.2f} times the processor's time of the first",
            flush=True,
        )


if __name__ == "__main__":
    main()
