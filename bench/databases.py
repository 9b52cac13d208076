"""What a catalog on a PostgreSQL server costs beside one in a file: writing, and each part of a question, in one run.

    ASKCORPUS_DATABASE=postgresql+psycopg://user:password@host/empty python bench/databases.py [--passages 100000]

The corpus is random: documents of five passages of a hundred words, whose frequencies follow Zipf's law, and unit
vectors of 384 dimensions. Both databases get the same, and must find the same. Milliseconds are elapsed time: median
and 95th percentile.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from askcorpus.errors import UsageError
from askcorpus.index.store import Snapshot, Store, StoredPassage
from askcorpus.settings import read_settings
from askcorpus.text.words import terms
from askcorpus.types import Document, Filters, Passage, Span

DIMENSION = 384
VOCABULARY = 50_000
LANGUAGES = ("en", "fr", "de", "uk")
AT_ONCE = 100
"""Documents that become visible together."""


def corpus(passages: int) -> Iterator[tuple[Document, list[StoredPassage]]]:
    """Documents of five passages each."""
    drawn = random.Random(1)
    vectors = np.random.default_rng(1)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(drawn.choices(letters, k=drawn.randint(3, 10))) for _ in range(VOCABULARY)]
    weights = list(np.cumsum(1 / np.arange(1, VOCABULARY + 1)))
    for number in range(passages // 5):
        pieces = [" ".join(drawn.choices(words, cum_weights=weights, k=100)) + ". " for _ in range(5)]
        fields = {"language": LANGUAGES[number % 4], "date": f"20{number % 25:02}-{number % 12 + 1:02}"}
        document = Document(id=f"d{number}", title=f"Report {number}", text="".join(pieces), **fields)
        yield document, list(_stored(document, pieces, vectors))


def _stored(document: Document, pieces: list[str], vectors: np.random.Generator) -> Iterator[StoredPassage]:
    start = 0
    for n, text in enumerate(pieces):
        vector = vectors.standard_normal(DIMENSION).astype(np.float32)
        passage = Passage(
            id=f"{document.id}-{n}", document_id=document.id, text=text, start=start, end=start + len(text)
        )
        own = (vector / np.linalg.norm(vector))[None].astype(np.float16)
        yield StoredPassage(passage, vector, (Span(start, passage.end),), own)
        start = passage.end


def fill(store: Store, passages: int) -> None:
    waiting = corpus(passages)
    begun, used = time.monotonic(), time.process_time()
    with store.writer() as writer:
        ended = False
        while not ended:
            ended = True
            with writer.together():
                for _, (document, pieces) in zip(range(AT_ONCE), waiting, strict=False):
                    writer.put(document, pieces)
                    ended = False
        written, used = time.monotonic(), time.process_time() - used
    rates = f"{passages / (written - begun):.0f} passages a second, {passages / used:.0f} of this processor"
    print(f"  {rates}; then {time.monotonic() - written:.1f} s", flush=True)


def questions(passages: int) -> list[list[str]]:
    """The words of a hundred stretches of nine words."""
    drawn = random.Random(2)
    found = []
    for document, _ in corpus(min(passages, 500)):
        words = document.text.split()
        start = drawn.randrange(len(words) - 9)
        found.append(terms(" ".join(words[start : start + 9])))
    return found[:100]


def timed(name: str, store: Store, asked: list[Any], look: Callable[[Snapshot, Any], Any]) -> list[Any]:
    found, took = [], []
    for one in asked:
        begun = time.perf_counter()
        with store.snapshot() as index:
            found.append(look(index, one))
        took.append((time.perf_counter() - begun) * 1000)
    print(f"  {name}: {np.median(took):.1f} / {np.quantile(took, 0.95):.1f} ms", flush=True)
    return found


def measure(store: Store, passages: int) -> list[Any]:
    asked = questions(passages)
    filters = Filters(languages=("fr",), date_from="2010", date_to="2015")
    vector = np.ones(DIMENSION, np.float32)
    found = timed("nothing but the snapshot", store, asked, lambda index, _: index.filled())
    found += timed("document frequency", store, asked, lambda index, one: index.document_frequency(one))
    found += timed("lexical, 60 best", store, asked, lambda index, one: index.lexical(one, 60))
    found += timed("lexical, filtered", store, asked, lambda index, one: index.lexical(one, 60, filters))
    found += timed("phrase of two words", store, asked, lambda index, one: sorted(index.phrase(one[:2], passages)))
    ids = [[f"d{n}-{n % 5}" for n in range(k, k + 60)] for k in range(100)]
    found += timed("60 hits", store, ids, lambda index, one: index.hits(one))
    timed("60 passages with vectors", store, ids, lambda index, one: index.stored(one))
    timed("dense, first", store, [vector], lambda index, one: index.dense(one, 60))
    timed("dense", store, [vector] * 20, lambda index, one: index.dense(one, 60))
    timed("dense, filtered", store, [vector] * 20, lambda index, one: index.dense(one, 60, filters))
    return found + timed(
        "list, searched", store, asked[:20], lambda index, one: index.inventory(one[0], filters, 0, 50)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=100_000)
    options = parser.parse_args()
    url = read_settings().database_url
    if url is None:
        raise UsageError("There is nothing to compare with.", "Set ASKCORPUS_DATABASE to an empty database.")
    found = []
    for database in (None, url):
        with (
            tempfile.TemporaryDirectory(prefix="databases-") as work,
            Store(Path(work) / "index", "drawn", DIMENSION, database=database) as store,
        ):
            print(store.database(), flush=True)
            if not store.info().documents:
                fill(store, options.passages)
            found.append(measure(store, options.passages))
    print("both found the same" if found[0] == found[1] else "they did not find the same")


if __name__ == "__main__":
    main()
