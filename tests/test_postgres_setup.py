"""What whoever sets up PostgreSQL is told of addresses, rights and encodings, and by a server that refuses."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from pydantic import SecretStr

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import AskcorpusError, Busy, StorageError, UsageError
from askcorpus.index.database import Home
from askcorpus.index.opening import open_index
from askcorpus.index.postgres import server_address, server_error
from askcorpus.settings import Settings
from askcorpus_ingest.pipeline import ingest
from askcorpus_ui.cli.doctor import examine
from askcorpus_ui.web.keys import Keys
from corpora import document, fill, open_
from postgres_server import PASSWORD, USER, PostgresServer
from serving import ARTICLES


@pytest.fixture
def role(postgres: PostgresServer) -> Iterator[str]:
    """A user who is no superuser, and may enter databases only."""
    postgres.sql("postgres", f"CREATE ROLE agency LOGIN PASSWORD '{PASSWORD}'")
    yield "agency"
    owned = postgres.sql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'corpus%' AND datallowconn")
    for name in owned.split():
        postgres.sql(name, "DROP OWNED BY agency CASCADE")
    postgres.sql("postgres", "DROP ROLE agency")


def name_of(url: str) -> str:
    return url.rpartition("/")[2]


def of(role: str, url: str) -> str:
    """The address as that user has it."""
    return url.replace(f"//{USER}:", f"//{role}:")


def told(folder: Path, url: str) -> AskcorpusError:
    """What is said to who opens and reads what is there."""
    with pytest.raises(AskcorpusError) as error, open_(folder, database=url) as store:
        store.require()
    assert "\n" not in str(error.value) and PASSWORD not in str(error.value)
    return error.value


# --- a server that refuses ---


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda url: url.replace(PASSWORD, "wr0ng-password"), "password authentication failed"),
        (lambda url: url.replace(f":{PASSWORD}", ""), "no password supplied"),
        (lambda url: url.replace(f"//{USER}:", "//nobody-here:"), "password authentication failed"),
        (lambda url: url.rsplit("/", 1)[0] + "/nowhere", "does not exist"),
        (lambda url: f"{url}?sslmode=require", "does not support SSL"),
    ],
    ids=["password", "no password", "user", "database", "TLS"],
)
def test_a_server_that_refuses_is_not_taken_for_one_that_is_away(
    tmp_path: Path, postgres: PostgresServer, change: Callable[[str], str], why: str
) -> None:
    error = told(tmp_path / "index", change(postgres.new_database()))
    assert isinstance(error, StorageError)
    assert "refuses askcorpus" in error.message and why in error.message
    assert "Start it" not in error.hint


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda url: f"{url}?ssslmode=require", "ssslmode"),
        (lambda url: f"{url}?sslmode=maybe", "maybe"),
        (lambda url: re.sub(r":\d+/", ":99999/", url), "99999"),
    ],
    ids=["parameter", "value", "port"],
)
def test_an_address_that_leads_nowhere_is_to_be_corrected_and_not_waited_for(
    tmp_path: Path, postgres: PostgresServer, change: Callable[[str], str], why: str
) -> None:
    error = told(tmp_path / "index", change(postgres.new_database()))
    assert isinstance(error, StorageError)
    assert why in error.message and error.hint == "Correct its address."


@pytest.mark.parametrize("kind", ["ROLE", "DATABASE"])
def test_a_server_without_a_connection_to_spare_says_so(
    tmp_path: Path, postgres: PostgresServer, role: str, kind: str
) -> None:
    url = postgres.new_database()
    name = role if kind == "ROLE" else name_of(url)
    postgres.sql("postgres", f"ALTER {kind} {name} CONNECTION LIMIT 0")
    error = told(tmp_path, of(role, url))
    assert isinstance(error, Busy)
    assert "takes no more connections" in error.message


@pytest.mark.parametrize(
    ("text", "kind", "part"),
    [
        ("FATAL:  sorry, too many clients already", Busy, "takes no more connections"),
        ("FATAL:  remaining connection slots are reserved for roles with SUPERUSER", Busy, "no more connections"),
        ("FATAL:  the database system is starting up", StorageError, "cannot be reached"),
        ("Connection refused", StorageError, "cannot be reached"),
        ("ВАЖНО:  пользователь не прошёл проверку подлинности", StorageError, "refuses askcorpus"),
        ("SSL error: certificate verify failed", StorageError, "refuses askcorpus"),
        ('root certificate file "/root.crt" does not exist', StorageError, "refuses askcorpus"),
    ],
)
def test_what_a_server_says_at_the_door_is_understood(text: str, kind: type[AskcorpusError], part: str) -> None:
    said = psycopg.OperationalError(f'connection failed: connection to server at "::1", port 5432 failed: {text}\n- x')
    error = server_error(Home("the database h/d", "the database h/d", "another"), said)
    assert type(error) is kind and part in error.message


# --- addresses ---


@pytest.mark.parametrize("password", ["se@cret", "a@b@c", "se@cr/et"])
def test_the_end_of_a_password_is_not_told_for_a_host(password: str) -> None:
    with pytest.raises(UsageError, match="more than one @") as error:
        server_address(f"postgresql://me:{password}@host/corpus")
    assert "%40" in error.value.hint and password not in error.value.message


def test_an_address_may_have_an_at_sign_where_it_is_one_and_an_end_of_line() -> None:
    given = server_address("postgresql://me%40there:p%40ss@host/corpus?application_name=a@b&sslmode=require\n")
    assert (given.username, given.password, given.database) == ("me@there", "p@ss", "corpus")
    assert given.query["sslmode"] == "require"


def test_two_hosts_are_told_as_two(tmp_path: Path) -> None:
    error = told(tmp_path, f"postgresql://me:{PASSWORD}@/corpus?host=127.0.0.1:1&host=127.0.0.1:2")
    assert error.message.startswith("The database 127.0.0.1:1,127.0.0.1:2/corpus cannot be reached")


# --- rights ---


def test_a_schema_that_may_not_be_looked_into_is_not_taken_for_none(
    tmp_path: Path, postgres: PostgresServer, role: str
) -> None:
    url = postgres.new_database()
    with open_(tmp_path, database=url) as store, closing(Keys(tmp_path, url)) as keys:
        fill(store, document("a"))
        secret, _ = keys.add("A newsroom", ["ask"])
    assert re.search(r"refuses askcorpus \(permission denied for schema", told(tmp_path, of(role, url)).message)
    with closing(Keys(tmp_path, of(role, url))) as keys, pytest.raises(StorageError, match="refuses askcorpus"):
        keys.known(secret.encode())  # else the door would stand open
    postgres.sql(name_of(url), f"GRANT USAGE ON SCHEMA askcorpus TO {role}")
    postgres.sql(name_of(url), f"GRANT SELECT ON ALL TABLES IN SCHEMA askcorpus TO {role}")
    with open_(tmp_path, database=of(role, url)) as store:
        assert store.info().documents == 1
        with pytest.raises(StorageError, match="refuses askcorpus"):
            fill(store, document("b"))


# --- encodings ---


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_does_not_know_characters_is_refused_before_anything_is_made(
    tmp_path: Path, postgres: PostgresServer, encoding: str
) -> None:
    name = f"in_{encoding.lower()}"
    postgres.sql("postgres", f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    with open_(tmp_path, database=postgres.url(name)) as store:
        with pytest.raises(StorageError, match=f"has the encoding {encoding}") as error:
            fill(store, document("a"))
        assert "ENCODING 'UTF8'" in error.value.hint
    assert postgres.sql(name, "SELECT count(*) FROM pg_namespace WHERE nspname = 'askcorpus'") == "0"


# --- a server that takes no changes ---


@pytest.mark.usefixtures("one_model")
def test_a_standby_is_asked_and_examined_and_refuses_changes(
    tmp_path: Path, postgres: PostgresServer, embeddings: SentenceEmbeddings
) -> None:
    url = postgres.new_database()
    article = tmp_path / "storm.txt"
    article.write_text(ARTICLES["storm.txt"], encoding="utf-8")
    settings = Settings(data=tmp_path / "index", database=SecretStr(url))
    with open_index(settings, embeddings) as store:
        ingest([article], store, embeddings, settings)
    with TemporaryDirectory(prefix="postgres-") as folder:
        standby = PostgresServer(Path(folder) / "standby", postgres.bin, postgres)
        standby.start()
        try:
            settings = Settings(data=tmp_path / "other", database=SecretStr(standby.url(name_of(url))))
            for _ in range(2):
                assert [check.detail for check in examine(settings) if not check.ok] == []
            with open_index(settings, embeddings) as store:
                with pytest.raises(StorageError, match="is read-only"):
                    fill(store, document("b"))
                assert store.info().documents == 1
        finally:
            standby.stop()
