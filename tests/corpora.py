"""Small made-up corpora for the tests of the store: random unit vectors, no model."""

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from askcorpus.index.store import Store, StoredPassage, Writer, open_store
from askcorpus.types import Document, Passage, Span
from looking import look

DIMENSION = 16
FINGERPRINT = "test-model, passages of 800"


def open_(folder: Path, fingerprint: str = FINGERPRINT, **options: str | None) -> Store:
    return open_store(folder, fingerprint, DIMENSION, **options)  # type: ignore[arg-type]


@cache
def vector(seed: str) -> np.ndarray:
    """A random unit vector that only depends on ``seed``; nobody may change it."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8])
    drawn = np.random.default_rng(number).normal(size=DIMENSION).astype(np.float32)
    drawn /= np.linalg.norm(drawn)
    drawn.flags.writeable = False
    return drawn


def document(name: str, *sentences: str, origin: str | None = None, **fields: str) -> Document:
    return Document(
        id=name,
        title=fields.pop("title", f"About {name}"),
        text=" ".join(sentences or [f"Nothing is said in {name}."]),
        origin=f"{name}.txt" if origin is None else origin,
        **fields,
    )


def passages(of: Document, length: int = 40) -> list[StoredPassage]:
    """The document in pieces of ``length`` characters, each with its own vector and one sentence."""
    found = []
    for start in range(0, len(of.text), length):
        text = of.text[start : start + length]
        key = f"{of.id}/{start}/{text}"
        passage = Passage(
            id="p" + hashlib.sha256(key.encode()).hexdigest()[:16],
            document_id=of.id,
            text=text,
            start=start,
            end=start + len(text),
        )
        sentence = Span(passage.start, passage.end)
        found.append(StoredPassage(passage, vector(key), (sentence,), vector(text)[None].astype(np.float16)))
    return found


def put(writer: Writer, *documents: Document) -> None:
    for one in documents:
        writer.put(one, passages(one))


def fill(store: Store, *documents: Document) -> None:
    with store.writer() as writer:
        put(writer, *documents)


def many(count: int, start: int = 0) -> list[Document]:
    """Documents of three passages each, in two languages, three sources and twelve months."""
    return [
        document(
            f"d{n}",
            f"Report {n} was written in month {n % 12 + 1}.",
            f"It names place{n} and river{n % 50} and nothing else.",
            "And then it ends.",
            language="fr" if n % 2 else "en",
            source=("Courier", "Gazette", "Herald")[n % 3],
            date=f"2022-{n % 12 + 1:02}",
        )
        for n in range(start, start + count)
    ]


def book(name: str, count: int) -> Document:
    """One document of ``count`` passages."""
    return document(name, "".join(f"{f'Passage {n} of {name}.':<40}" for n in range(count)))


def exactly(store: Store, queries: Sequence[np.ndarray], limit: int) -> list[list[tuple[str, float]]]:
    """The nearest passages by plain arithmetic over what the store gives back, for each query."""
    ids = [piece.passage.id for found in store.documents() for piece in passages(found)]
    stored = look(store).stored(ids)
    assert stored.keys() == set(ids)
    rows = np.stack([stored[id_].vector for id_ in ids]) if ids else np.empty((0, DIMENSION))
    rankings = []
    for query in queries:
        scores = rows @ query
        rankings.append([(ids[n], float(scores[n])) for n in np.argsort(-scores)[:limit]])
    return rankings


def assert_exact(store: Store, queries: Sequence[np.ndarray], limit: int = 10) -> None:
    """The store finds what plain arithmetic finds, in the same order and with the same scores."""
    for query, expected in zip(queries, exactly(store, queries, limit), strict=True):
        found = look(store).dense(query, limit)
        assert [id_ for id_, _ in found] == [id_ for id_, _ in expected]
        assert np.allclose([score for _, score in found], [score for _, score in expected], atol=1e-5)
