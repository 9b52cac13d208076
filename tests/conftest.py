"""Parts that are dear to make, shared by all tests of a session."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index.opening import open_index
from askcorpus.settings import Settings
from askcorpus_ingest.pipeline import ingest
from asking import READER
from postgres_server import PostgresServer, postgres_server, programs

LOAD = SentenceEmbeddings._load


@cache
def loaded(name: str) -> Any:
    """The model of that name, loaded once a session."""
    return LOAD(SentenceEmbeddings(name))


@pytest.fixture(scope="module")
def one_model() -> Iterator[None]:
    """Commands run in this process share the models, which each would load for itself in seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SentenceEmbeddings, "_load", lambda self: loaded(self.name))
        patch.setattr("askcorpus.assistant.Reader", lambda _: READER)
        yield


@pytest.fixture(scope="session")
def embeddings() -> SentenceEmbeddings:
    """The bundled model, loaded once."""
    embeddings = SentenceEmbeddings()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SentenceEmbeddings, "_load", lambda self: loaded(self.name))
        embeddings.warm_up()
    return embeddings


@pytest.fixture(scope="session")
def sample_index(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Path:
    """A data folder that holds the sample corpus, embedded once; tests that write take a copy."""
    settings = Settings(data=tmp_path_factory.mktemp("sample") / "index")
    with open_index(settings, embeddings) as store:
        ingest([Path(__file__).parents[1] / "corpus"], store, embeddings, settings)
    return settings.data


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server, for tests that let it run."""
    if (found := programs()) is None:
        message = "PostgreSQL's server programs are not installed (Debian: postgresql)"
        if os.environ.get("REQUIRE_POSTGRES"):
            pytest.fail(message)
        pytest.skip(message)
    with postgres_server(found) as server:
        yield server
