"""Ingest against the usual tutorial's pipeline, in passages a second over the same documents, one after the other.

    pip install langchain-huggingface langchain-chroma   # to askcorpus[models]
    python -m bench.tutorial CORPUS.jsonl [--documents 700]

The tutorial is RecursiveCharacterTextSplitter (1000 characters, 200 of overlap), HuggingFaceEmbeddings with the weights
of the bundled model, and Chroma.from_documents, all as they come. ``askcorpus`` is the whole of `askcorpus ingest`:
reading, splitting, the vectors of passages and of their sentences, the catalog, the lexical index, stories and Chroma.
Models are loaded before the clock runs. Since the two cut differently, characters a second are told as well.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from askcorpus.embedding.embeddings import load_embeddings
from askcorpus.index.opening import open_index
from askcorpus.settings import read_settings
from askcorpus_ingest.pipeline import ingest
from askcorpus_ingest.readers.dispatch import read_file
from askcorpus_ingest.readers.records import RawRecord
from training.folder import encoder_folder


class Taken(NamedTuple):
    """How many passages were made, and what that took, in seconds of the clock and of the processor."""

    passages: int
    clock: float
    processor: float


def timed(work: Callable[[], int]) -> Taken:
    clock, processor = time.perf_counter(), time.process_time()
    passages = work()
    return Taken(passages, time.perf_counter() - clock, time.process_time() - processor)


def tutorial(texts: list[str], folder: Path) -> Taken:
    splitter = import_module("langchain_text_splitters").RecursiveCharacterTextSplitter(
        chunk_size=1000, chunk_overlap=200
    )
    embeddings = import_module("langchain_huggingface").HuggingFaceEmbeddings(model_name=str(encoder_folder()))
    embeddings.embed_query("warm")
    chroma = import_module("langchain_chroma").Chroma

    def work() -> int:
        documents = splitter.create_documents(texts)
        chroma.from_documents(documents, embeddings, persist_directory=str(folder))
        return len(documents)

    return timed(work)


def product(lines: list[str], folder: Path) -> Taken:
    settings = read_settings(data=folder / "data")
    embeddings = load_embeddings(settings)
    embeddings.warm_up()
    corpus = folder / "corpus.jsonl"
    corpus.write_text("".join(lines), "utf-8")

    def work() -> int:
        with open_index(settings, embeddings) as store:
            ingest([corpus], store, embeddings, settings)
            return store.info().passages

    return timed(work)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, metavar="CORPUS.jsonl")
    parser.add_argument("--documents", type=int, default=700)
    args = parser.parse_args()
    with args.corpus.open(encoding="utf-8") as file:
        lines = list(islice(file, args.documents))
    with tempfile.TemporaryDirectory() as work:
        cut = Path(work) / "cut.jsonl"
        cut.write_text("".join(lines), "utf-8")
        texts = [record.text for record in read_file(cut) if isinstance(record, RawRecord)]
        characters = sum(map(len, texts))
        taken = {"tutorial": tutorial(texts, Path(work) / "tutorial"), "askcorpus": product(lines, Path(work))}
    print(f"{len(texts)} documents of {characters} characters")
    for name, one in taken.items():
        rates = f"{one.passages / one.clock:.1f} a second, {one.passages / one.processor:.1f} of the processor"
        print(f"{name}: {one.passages} passages, {rates}; {characters / one.clock:.0f} characters a second")
    first, second = taken.values()
    ratio = second.passages / second.clock / (first.passages / first.clock)
    by_processor = second.passages / second.processor / (first.passages / first.processor)
    print(f"askcorpus makes {ratio:.2f} times the passages in a second, {by_processor:.2f} in one of the processor")


if __name__ == "__main__":
    main()
