"""Retrieval alone on question sets: what fusion is worth, and how good the pipeline of the usual tutorial is.

    python bench/retrieval.py SETS --work DIR [--questions 250] [--tutorial] [--only NAME …]

Per set, at document level, hit@5 and MRR@10 of: ``dense`` (passage vectors), ``lexical`` (BM25), ``rrf`` (both by
reciprocal rank, k = 60, 100 each), ``askcorpus`` (both as the product fuses them and the reader orders them, follow-ups
with their history), and with ``--tutorial`` RecursiveCharacterTextSplitter 1000/200 with the same embedding model in
Chroma, k = 4. Indexes are kept in ``DIR`` (``bench/calibrate.py`` makes the same ones). Questions without gold
documents are left out.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from question_sets import opened, sample, set_folders

from askcorpus.answer.judgement import assess, rerank
from askcorpus.assistant import Assistant
from askcorpus.search.query import read_query
from askcorpus.text.words import terms
from askcorpus.types import Filters
from askcorpus_eval.gold import Matcher
from askcorpus_eval.metrics.retrieval import hit, reciprocal_rank
from askcorpus_eval.questions import Question

DEPTH = 100
Search = Callable[[Question], list[str]]


def ways(assistant: Assistant) -> dict[str, Search]:
    """Each way to search: from a question to document ids, best first."""
    store = assistant.store

    def dense(question: Question) -> list[str]:
        vector = np.array(assistant.embeddings.embed_query(question.question))
        with store.snapshot() as index:
            return [id_ for id_, _ in index.dense(vector, DEPTH)]

    def lexical(question: Question) -> list[str]:
        with store.snapshot() as index:
            return [id_ for id_, _ in index.lexical(terms(question.question), DEPTH)]

    def rrf(question: Question) -> list[str]:
        scores: dict[str, float] = {}
        for found in (dense(question), lexical(question)):
            for rank, id_ in enumerate(found, start=1):
                scores[id_] = scores.get(id_, 0.0) + 1 / (60 + rank)
        return sorted(scores, key=lambda id_: -scores[id_])

    def fused(question: Question) -> list[str]:
        said = (question.question, question.history, assistant.embeddings, assistant.unrelated_texts)
        with store.snapshot() as index:
            query = read_query(*said, latest=index.latest())
            retrieval = assistant.retriever.retrieve(index, query, Filters(), 20)
        hits = rerank(retrieval, assess(retrieval, assistant.reader, assistant.calibration)).hits
        return [id_ for found in hits for id_ in (found.passage_id, *found.duplicates)]

    def documents(search: Search) -> Search:
        def run(question: Question) -> list[str]:
            ids = search(question)
            found = store.hits(ids)
            return unique(found[id_].document_id for id_ in ids if id_ in found)

        return run

    return {
        name: documents(way)
        for name, way in {"dense": dense, "lexical": lexical, "rrf": rrf, "askcorpus": fused}.items()
    }


def tutorial(assistant: Assistant) -> Search:
    """The pipeline of the usual tutorial over the same documents and model."""
    import chromadb
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    chunks = [(d.id, text) for d in assistant.store.documents() for text in splitter.split_text(d.text)]
    client = chromadb.EphemeralClient()
    if any(found.name == "tutorial" for found in client.list_collections()):
        client.delete_collection("tutorial")
    collection = client.create_collection("tutorial", configuration={"hnsw": {"space": "cosine"}})
    for start in range(0, len(chunks), 512):
        part = chunks[start : start + 512]
        collection.add(
            ids=[str(start + i) for i in range(len(part))],
            embeddings=assistant.embeddings.embed_documents([text for _, text in part]),  # type: ignore[arg-type]
            metadatas=[{"document": id_} for id_, _ in part],
        )

    def run(question: Question) -> list[str]:
        vector = assistant.embeddings.embed_query(question.question)
        found = collection.query(query_embeddings=np.array([vector], np.float32), n_results=4)
        return unique(str(row["document"]) for row in (found["metadatas"] or [[]])[0])

    return run


def unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def judge(search: Search, questions: Sequence[Question], matcher: Matcher) -> tuple[float, float]:
    """Mean hit@5 and MRR@10 over the questions."""
    scores = []
    for question in questions:
        grades, ranking = matcher.gold(question).grades, search(question)
        scores.append((hit(ranking, grades, 5), reciprocal_rank(ranking, grades, 10)))
    hits, ranks = np.mean(scores, axis=0)
    return float(hits), float(ranks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=250)
    parser.add_argument("--tutorial", action="store_true")
    parser.add_argument("--only", nargs="*", metavar="NAME")
    args = parser.parse_args()
    totals: dict[str, list[tuple[float, float]]] = {}
    for folder in set_folders(args.sets, args.only):
        with opened(folder, args.work) as assistant:
            matcher = Matcher(assistant.store)
            questions = [q for q in sample(folder, args.questions) if q.answerable and matcher.gold(q).grades]
            if not questions:
                continue
            searches = ways(assistant) | ({"tutorial": tutorial(assistant)} if args.tutorial else {})
            figures = {name: judge(search, questions, matcher) for name, search in searches.items()}
        for name, pair in figures.items():
            totals.setdefault(name, []).append(pair)
        print_row(folder.name, len(questions), figures)
    print_row("mean", 0, {name: tuple(np.mean(pairs, axis=0)) for name, pairs in totals.items()})


def print_row(name: str, questions: int, figures: dict[str, tuple[float, float]]) -> None:
    cells = " | ".join(f"{way} {found[0]:.3f} / {found[1]:.3f}" for way, found in figures.items())
    print(f"| {name} | {questions or ''} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
