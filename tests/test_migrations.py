"""Catalogs of older versions: read as they are, carried over by the first write, and never embedded again."""

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from askcorpus.embedding.embeddings import EmbeddedText, SentenceEmbeddings
from askcorpus.errors import IndexMismatch
from askcorpus.index import migrations
from askcorpus.index.store import Store, open_store
from askcorpus.settings import Settings
from askcorpus.types import Span
from askcorpus_ingest.pipeline import ingest
from looking import look

DIMENSION = 8
STORIES = {
    "bridge.txt": "date 2021-03-05 OSLO, Norway (AP) — The bridge was closed on Friday. It will open in June.",
    "mine.md": "# The mine\n\nThe mine was flooded. Nobody was hurt.",
    "port.txt": "date 2022-09 LISBONNE, Portugal (AFP) – Le port est resté fermé lundi. Il rouvrira jeudi.",
}
TITLES = {"The bridge was closed on Friday.", "The mine", "Le port est resté fermé lundi."}


def drawn(text: str) -> np.ndarray:
    """A random unit vector that only depends on the text."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    vector = np.random.default_rng(number).normal(size=DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)


class DrawnEmbeddings(SentenceEmbeddings):
    """Vectors drawn from the texts, and the texts that were embedded."""

    dimension = DIMENSION
    fingerprint = "drawn vectors of 8"

    def __init__(self) -> None:
        super().__init__()
        self.embedded: list[str] = []

    def embed_passages(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[EmbeddedText]:
        self.embedded += texts
        return [
            EmbeddedText(drawn(text), np.stack([drawn(text[start:end]) for start, end in own]).astype(np.float16))
            for text, own in zip(texts, spans, strict=True)
        ]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name, text in STORIES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def data(tmp_path: Path, corpus: Path) -> Path:
    """The folder that the first version made of the corpus."""
    folder = tmp_path / "data"
    folder.mkdir()
    dump = Path(__file__).with_name("data") / "catalog_v1.sql"
    with closing(sqlite3.connect(folder / "catalog.sqlite3")) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.executescript(dump.read_text(encoding="utf-8").replace("{corpus}", corpus.as_posix()))
        raw.commit()
    return folder


@pytest.fixture
def carried(data: Path) -> Path:
    """The same folder, carried over to the newest version."""
    with opened(data) as store, store.writer():
        pass
    assert schema_version(data) == NEWEST
    return data


NEWEST = migrations.newest()
STEPS = migrations.MIGRATIONS


def opened(data: Path) -> Store:
    return open_store(data, f"{DrawnEmbeddings.fingerprint} passages={Settings().passage_chars}", DIMENSION)


def schema_version(data: Path) -> int:
    with closing(sqlite3.connect(data / "catalog.sqlite3")) as raw:
        return int(raw.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()[0])


def titles_found(store: Store, query: np.ndarray, word: str) -> tuple[str, str]:
    """The titles of the documents that are found by meaning and by a word."""
    (by_meaning, _), *_ = look(store).dense(query, 3)
    (by_word, _), *_ = look(store).lexical([word], 3)
    return store.hits([by_meaning])[by_meaning].title, store.hits([by_word])[by_word].title


def add_mark(connection: sa.Connection) -> None:
    """A step as a later version might have it: a column, and what it holds for the documents that are there."""
    connection.exec_driver_sql("ALTER TABLE documents ADD COLUMN mark TEXT NOT NULL DEFAULT ''")
    connection.exec_driver_sql("UPDATE documents SET mark = upper(title)")


def add_index(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE INDEX documents_by_mark ON documents (mark)")


def fail_halfway(connection: sa.Connection) -> None:
    connection.exec_driver_sql("UPDATE documents SET mark = 'lost'")
    raise KeyboardInterrupt


@pytest.fixture
def two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (*STEPS, add_mark, add_index))


def marks(data: Path) -> list[str]:
    with closing(sqlite3.connect(data / "catalog.sqlite3")) as raw:
        return [
            mark for (mark,) in raw.execute("SELECT mark FROM documents INDEXED BY documents_by_mark ORDER BY mark")
        ]


@pytest.mark.parametrize("steps", [(), (add_mark, add_index)], ids=["as it is", "with later steps"])
def test_a_store_of_the_first_version_is_searched_and_updated_without_embedding_it_again(
    data: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch, steps: tuple[migrations.Migration, ...]
) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (*STEPS, *steps))
    embeddings = DrawnEmbeddings()
    query = drawn("# The mine\n\nThe mine was flooded. Nobody was hurt.")
    with opened(data) as store:
        assert ingest([corpus / "port.txt"], store, embeddings, Settings()).unchanged == 1
        assert embeddings.embedded == []
        assert {document.title for document in store.documents()} == TITLES
        assert titles_found(store, query, "rouvrira") == ("The mine", "Le port est resté fermé lundi.")

        (corpus / "port.txt").write_text("Le port a rouvert.", encoding="utf-8")
        (corpus / "ship.txt").write_text("The ship has sailed.", encoding="utf-8")
        report = ingest([corpus / "port.txt", corpus / "ship.txt"], store, embeddings, Settings())
        assert (report.added, report.changed) == (1, 1)
        assert sorted(embeddings.embedded) == ["Le port a rouvert.", "The ship has sailed."]

        assert titles_found(store, query, "sailed") == ("The mine", "The ship has sailed.")
        assert all(check.ok for check in store.check(deep=True))
    assert schema_version(data) == NEWEST + len(steps)


@pytest.mark.usefixtures("carried", "two_steps")
def test_readers_take_no_step_and_the_first_writer_takes_all(data: Path) -> None:
    told = []
    with opened(data) as store:
        assert store.count() == len(store.documents()) == 3
        assert all(check.ok for check in store.check(deep=True))
        assert schema_version(data) == NEWEST

        with store.writer(lambda *step: told.append(step)):
            assert schema_version(data) == NEWEST + 2
        assert [step for step in told if step[0] == "catalog"] == [("catalog", 1, 2), ("catalog", 2, 2)]
        assert marks(data) == sorted(
            title.upper() if title.isascii() else "LE PORT EST RESTé FERMé LUNDI." for title in TITLES
        )

        told.clear()
        with store.writer(lambda *step: told.append(step)):
            pass
        assert [step for step in told if step[0] == "catalog"] == []


@pytest.mark.usefixtures("two_steps")
def test_a_new_store_begins_at_the_newest_version(tmp_path: Path, corpus: Path) -> None:
    with opened(tmp_path / "new") as store:
        ingest([corpus], store, DrawnEmbeddings(), Settings())
    assert schema_version(tmp_path / "new") == NEWEST + 2


def test_a_step_that_is_stopped_changes_nothing_and_the_next_run_goes_on_from_there(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (*STEPS, add_mark, fail_halfway))
    with opened(data) as store:
        with pytest.raises(KeyboardInterrupt), store.writer():
            pytest.fail("written before the steps were taken")
        assert schema_version(data) == NEWEST + 1

    monkeypatch.setattr(migrations, "MIGRATIONS", (*STEPS, add_mark, add_index))
    with opened(data) as store, store.writer():
        assert schema_version(data) == NEWEST + 2
    assert "THE MINE" in marks(data)


@pytest.mark.usefixtures("two_steps")
def test_a_store_too_old_to_be_read_says_what_to_do_and_that_works(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "READABLE_FROM", NEWEST + 1)
    with opened(data) as store:
        for read in (store.documents, store.count, store.known, store.facets, store.info, lambda: store.document("a")):
            with pytest.raises(IndexMismatch, match=r"older version\. Run askcorpus rebuild --data .*data \(it embeds"):
                read()
        [check] = store.check()
        assert "askcorpus rebuild" in check.detail
        assert schema_version(data) == 1

        store.rebuild()

        assert {document.title for document in store.documents()} == TITLES
        assert all(check.ok for check in store.check(deep=True))


@pytest.mark.usefixtures("carried")
def test_a_store_that_a_newer_version_carries_over_is_refused_from_then_on(data: Path) -> None:
    with opened(data) as running:
        assert running.count() == 3
        with pytest.MonkeyPatch.context() as upgraded, opened(data) as store:
            upgraded.setattr(migrations, "MIGRATIONS", (*STEPS, add_mark))
            with store.writer():
                pass
        for use in (running.count, running.info, running.rebuild):
            with pytest.raises(IndexMismatch, match="newer version"):
                use()
    assert schema_version(data) == NEWEST + 1
