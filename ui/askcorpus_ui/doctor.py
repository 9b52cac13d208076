"""What ``askcorpus doctor`` looks at: every part that an answer needs, each on its own."""

import platform
from collections.abc import Callable, Iterator

from askcorpus.assistant import open_assistant
from askcorpus.embeddings import load_embeddings
from askcorpus.errors import AskcorpusError
from askcorpus.index import open_index
from askcorpus.settings import Settings
from askcorpus.store import Check, require_index
from askcorpus.types import Turn


def examine(settings: Settings) -> list[Check]:
    """All findings. Loads the embedding model and, where an LLM is set, asks it for one short reply."""
    checks = [
        Check("python", True, platform.python_version()),
        _attempt("model", lambda: _embed(settings)),
        *_index(settings),
    ]
    if settings.llm:
        checks.append(_attempt("llm", lambda: _reply(settings)))
    return checks


def _attempt(name: str, work: Callable[[], str]) -> Check:
    try:
        return Check(name, True, work())
    except AskcorpusError as exc:
        return Check(name, False, str(exc))


def _embed(settings: Settings) -> str:
    vector = load_embeddings(settings).embed_query("ready?")
    return f"{settings.embedding_model}, {len(vector)} dimensions"


def _index(settings: Settings) -> Iterator[Check]:
    try:
        require_index(settings.data)
        with open_index(settings, load_embeddings(settings)) as store:
            yield Check("index", True, store.fingerprint)
            yield from store.check(deep=True)
    except AskcorpusError as exc:
        yield Check("index", False, str(exc))


def _reply(settings: Settings) -> str:
    with open_assistant(settings) as assistant:
        if assistant.llm:
            assistant.llm.rewrite("Is it ready?", [Turn(role="user", text="A question about askcorpus.")])
        return assistant.model
