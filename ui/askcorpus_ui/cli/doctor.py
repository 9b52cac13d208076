"""What ``askcorpus doctor`` looks at: every part that an answer needs, each on its own."""

import platform
from collections.abc import Callable, Iterator

import numpy as np

from askcorpus.assistant import open_assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings, load_embeddings
from askcorpus.errors import AskcorpusError, IndexMismatch
from askcorpus.index.opening import open_index, require_index
from askcorpus.index.store import Check, Store
from askcorpus.settings import Settings
from askcorpus.types import Turn
from askcorpus_ingest.contexts import in_context

SAME_VECTOR = 0.99
"""Similarity from which two vectors of a text are the same, computed on another machine or in other company."""


def examine(settings: Settings) -> list[Check]:
    """All findings. Loads the embedding model and, where an LLM is set, asks it for one short reply."""
    checks = [Check("python", True, platform.python_version())]
    try:
        embeddings = load_embeddings(settings)
    except AskcorpusError as exc:
        return [*checks, Check("model", False, str(exc))]
    checks += [_attempt("model", lambda: _embed(settings, embeddings)), *_index(settings, embeddings)]
    if settings.max_error is not None:
        checks.append(_attempt("max_error", lambda: _promise(settings)))
    if settings.llm:
        checks.append(_attempt("llm", lambda: _reply(settings)))
    return checks


def _attempt(name: str, work: Callable[[], str]) -> Check:
    try:
        return Check(name, True, work())
    except AskcorpusError as exc:
        return Check(name, False, str(exc))


def _embed(settings: Settings, embeddings: SentenceEmbeddings) -> str:
    vector = embeddings.embed_query("ready?")
    return f"{settings.embedding_model}, {len(vector)} dimensions"


def _index(settings: Settings, embeddings: SentenceEmbeddings) -> Iterator[Check]:
    try:
        require_index(settings)
        with open_index(settings, embeddings) as store:
            yield Check("index", True, store.fingerprint)
            yield _attempt("database", store.database)
            checks = store.check(deep=True)
            yield from checks
            if checks[0].ok and store.info().passages:
                yield _attempt("vectors", lambda: _compare(store, embeddings))
    except AskcorpusError as exc:
        yield Check("index", False, str(exc))


def _compare(store: Store, embeddings: SentenceEmbeddings) -> str:
    """Embed one stored passage again.

    Raises:
        IndexMismatch: that is not its stored vector.
    """
    with store.snapshot() as index:
        [(passage_id, _)] = index.dense(np.ones(store.dimension, np.float32), 1)
        stored, title = index.stored([passage_id])[passage_id], index.hits([passage_id])[passage_id].title
    text, _ = in_context(title, stored.passage, stored.sentences)
    similarity = float(np.dot(embeddings.embed_documents([text])[0], stored.vector))
    if similarity < SAME_VECTOR:
        raise IndexMismatch(
            f"The vectors were made by another model: that of passage {passage_id} and the model's have a similarity "
            f"of {similarity:.2f}.",
            "Set the model back, or ingest into another folder with --data.",
        )
    return f"passage {passage_id} is embedded as it is stored"


def _promise(settings: Settings) -> str:
    with open_assistant(settings) as assistant:
        return str(assistant.promise)


def _reply(settings: Settings) -> str:
    with open_assistant(settings) as assistant:
        assistant.answerer.rewrite("Is it ready?", [Turn(role="user", text="A question about askcorpus.")])
        return assistant.answerer.name
