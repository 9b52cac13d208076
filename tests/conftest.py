"""Parts that are dear to make, shared by all tests of a session."""

import pytest

from askcorpus.embeddings import SentenceEmbeddings


@pytest.fixture(scope="session")
def embeddings() -> SentenceEmbeddings:
    """The bundled model, loaded once."""
    embeddings = SentenceEmbeddings()
    embeddings.warm_up()
    return embeddings
