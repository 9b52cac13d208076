"""Parts that are dear to make, shared by all tests of a session."""

from collections.abc import Iterator
from typing import Any

import pytest

from askcorpus.embedding.embeddings import SentenceEmbeddings
from asking import READER


@pytest.fixture(scope="module")
def one_model() -> Iterator[None]:
    """Commands run in this process share the models, which each would load for itself in seconds."""
    load, loaded = SentenceEmbeddings._load, {}

    def load_once(self: SentenceEmbeddings) -> Any:
        if self.name not in loaded:
            loaded[self.name] = load(self)
        return loaded[self.name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SentenceEmbeddings, "_load", load_once)
        patch.setattr("askcorpus.assistant.Reader", lambda _: READER)
        yield


@pytest.fixture(scope="session")
def embeddings() -> SentenceEmbeddings:
    """The bundled model, loaded once."""
    embeddings = SentenceEmbeddings()
    embeddings.warm_up()
    return embeddings
