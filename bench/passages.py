"""How documents are best cut into passages: retrieval over the same documents, cut and embedded in several ways.

    python bench/passages.py SETS [--only NAME …] [--ways NAME …] [--questions 240]

Each way differs from the product's own in one thing: the length of passages (``chars-…``), their ``overlap`` (the last
sentence again at the head of the next passage), what stands above the text that is embedded (``no-title``,
``title-date``), and what is compared beside the passage itself (``no-sentences``: nothing; ``alone``: sentences that
were embedded each alone, not in their passage; ``windows``: runs of three sentences embedded alone, inside a parent
passage of 1200 characters).

Per set: hit@5 and MRR@10 at document level, and *evidence*, the share of questions whose gold evidence stands word for
word in the five best passages (– where a set has none). Long passages get there by showing more: *shown* is the mean
number of characters of those five.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
from question_sets import sample, set_folders

from askcorpus.embedding.embeddings import SentenceEmbeddings, load_embeddings
from askcorpus.embedding.unrelated_texts import UnrelatedTexts
from askcorpus.index.store import Store, StoredPassage, open_store
from askcorpus.search.query import read_query
from askcorpus.search.retriever import Retriever
from askcorpus.settings import read_settings
from askcorpus.types import Document, Filters, Hit, Passage, Span
from askcorpus_eval.gold import Matcher
from askcorpus_eval.metrics.retrieval import hit, reciprocal_rank
from askcorpus_eval.questions import Question
from askcorpus_ingest.documents import read_document
from askcorpus_ingest.passages import split_passages
from askcorpus_ingest.readers.dispatch import read_file
from askcorpus_ingest.readers.records import RawRecord

CHARS = 800
WINDOW = 3
BATCH = 64

Split = tuple[Passage, tuple[Span, ...]]


class Way(NamedTuple):
    """One way to cut and embed: target length, what is above the text, and how sentences are embedded."""

    chars: int = CHARS
    overlap: bool = False
    above: Callable[[Document], str] = lambda document: document.title
    sentences: str = "late"


WAYS = {
    "product": Way(),
    "chars-400": Way(chars=400),
    "chars-600": Way(chars=600),
    "chars-1200": Way(chars=1200),
    "chars-2000": Way(chars=2000),
    "overlap": Way(overlap=True),
    "no-title": Way(above=lambda _: ""),
    "title-date": Way(
        above=lambda document: f"{document.title} ({document.date})" if document.date else document.title
    ),
    "no-sentences": Way(sentences="none"),
    "alone": Way(sentences="alone"),
    "windows": Way(chars=1200, sentences="windows"),
}


class Figures(NamedTuple):
    """Means over the questions of a set; ``evidence`` is None where no question has any."""

    hit: float
    mrr: float
    evidence: float | None
    shown: float


def cut(document: Document, way: Way) -> Iterator[Split]:
    """The document's passages; overlapping ones begin with the last sentence of the one before."""
    last: Span | None = None
    for number, (passage, sentences) in enumerate(split_passages(document, way.chars)):
        if way.overlap and last:
            start, text = last.start, document.text[last.start : passage.end]
            passage = passage.model_copy(update={"start": start, "text": text})
            sentences_before, last = (last, *sentences), sentences[-1]
            yield passage.model_copy(update={"id": f"{passage.id}-{number}"}), sentences_before
        else:
            last = sentences[-1]
            yield passage, sentences


def embed(embeddings: SentenceEmbeddings, splits: Sequence[tuple[str, Split]], way: Way) -> list[StoredPassage]:
    """Passages, each given with what is put above it, with their vectors, made the chosen way."""
    texts = [above + passage.text for above, (passage, _) in splits]
    spans = [windows(own) if way.sentences == "windows" else own for _, (_, own) in splits]
    places = [
        [Span(span.start + len(above) - passage.start, span.end + len(above) - passage.start) for span in own]
        for (above, (passage, _)), own in zip(splits, spans, strict=True)
    ]
    stored = []
    for (above, (passage, _)), text, own, inside, found in zip(
        splits, texts, spans, places, embeddings.embed_passages(texts, places), strict=True
    ):
        vectors = found.sentences
        if way.sentences == "none":
            own, vectors = (), np.empty((0, len(found.vector)), np.float16)
        elif way.sentences != "late":
            vectors = embeddings.embed_sentences([above + text[s.start : s.end] for s in inside]).astype(np.float16)
        stored.append(StoredPassage(passage, found.vector, own, vectors))
    return stored


def windows(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Runs of ``WINDOW`` sentences, each beginning where the one before ends."""
    groups = [spans[start : start + WINDOW] for start in range(0, len(spans), WINDOW)]
    return tuple(Span(group[0].start, group[-1].end) for group in groups)


def build(folder: Path, store: Store, embeddings: SentenceEmbeddings, way: Way) -> None:
    """Put the whole corpus of a set into an empty store."""
    documents = [
        read_document(raw).document for raw in read_file(folder / "corpus.jsonl") if isinstance(raw, RawRecord)
    ]
    with store.writer() as writer:
        for start in range(0, len(documents), BATCH):
            batch = documents[start : start + BATCH]
            splits = [(above(document, way), split) for document in batch for split in cut(document, way)]
            stored = embed(embeddings, splits, way)
            for document in batch:
                own = [passage for passage in stored if passage.passage.document_id == document.id]
                writer.put(document, own)


def above(document: Document, way: Way) -> str:
    """What is put above each passage of a document before it is embedded."""
    head = way.above(document)
    return f"{head}\n" if head else ""


def judge(store: Store, embeddings: SentenceEmbeddings, questions: Sequence[Question]) -> Figures:
    """What the product's own retrieval finds in that store."""
    retriever, unrelated_texts, matcher = Retriever(), UnrelatedTexts(embeddings), Matcher(store)
    hits, ranks, held, shown = [], [], [], []
    for question in questions:
        query = read_query(question.question, question.history, embeddings, unrelated_texts)
        with store.snapshot() as index:
            found = retriever.retrieve(index, query, Filters(), 20).hits
        ranking = list(dict.fromkeys(one.document_id for one in found))
        grades = matcher.gold(question).grades
        hits.append(hit(ranking, grades, 5))
        ranks.append(reciprocal_rank(ranking, grades, 10))
        shown.append(sum(len(one.text) for one in found[:5]))
        if question.evidence:
            held.append(float(any(holds(found[:5], evidence) for evidence in question.evidence)))
    evidence = float(np.mean(held)) if held else None
    return Figures(float(np.mean(hits)), float(np.mean(ranks)), evidence, float(np.mean(shown)))


def holds(hits: Sequence[Hit], evidence: str) -> bool:
    """Whether one of the passages has the evidence word for word, whatever its spaces."""
    wanted = " ".join(evidence.split())
    return any(wanted in " ".join(one.text.split()) for one in hits)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--only", nargs="*", metavar="NAME")
    parser.add_argument("--ways", nargs="*", metavar="NAME", choices=WAYS, default=list(WAYS))
    parser.add_argument("--questions", type=int, default=240)
    args = parser.parse_args()
    embeddings = load_embeddings(read_settings())
    folders = set_folders(args.sets, args.only)
    print(f"| way | {' | '.join(folder.name for folder in folders)} | mean hit@5 / MRR@10 | shown |")
    print("|---|" + "---|" * (len(folders) + 2))
    for name in args.ways:
        row = []
        for folder in folders:
            with (
                tempfile.TemporaryDirectory() as work,
                closing(open_store(Path(work), name, embeddings.dimension)) as store,
            ):
                build(folder, store, embeddings, WAYS[name])
                asked = [q for q in sample(folder, args.questions) if q.answerable and Matcher(store).gold(q).grades]
                row.append(judge(store, embeddings, asked))
        cells = [f"{f.hit:.3f} / {f.mrr:.3f} / {'–' if f.evidence is None else f'{f.evidence:.3f}'}" for f in row]
        mean = f"{np.mean([f.hit for f in row]):.3f} / {np.mean([f.mrr for f in row]):.3f}"
        print(f"| {name} | {' | '.join(cells)} | {mean} | {np.mean([f.shown for f in row]):.0f} |", flush=True)


if __name__ == "__main__":
    main()
