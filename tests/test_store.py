"""The store as a whole: what it does with folders that are missing, foreign, damaged, full, or busy."""

import logging
import re
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from askcorpus.errors import Busy, IndexMismatch, NothingIngested, StorageError
from askcorpus.index import exact
from askcorpus.index.store import Store
from askcorpus.text.words import RULES
from askcorpus.types import Document, Filters
from corpora import DIMENSION, assert_exact, book, document, fill, many, open_, passages, put, vector
from looking import look

QUERIES = [vector(f"question {n}") for n in range(5)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "some" / "data"


def test_a_folder_that_is_not_there_reads_as_empty_and_stays_so(folder: Path) -> None:
    with open_(folder) as store:
        assert store.info().model_dump() == {"fingerprint": store.fingerprint, "documents": 0, "passages": 0}
        assert store.documents() == []
        assert store.document("a") is None
        assert look(store).dense(QUERIES[0], 5) == []
        assert look(store).lexical(["a"], 5) == []
        assert look(store).document_frequency(["a"]) == {"a": 0}
        assert store.hits(["p"]) == look(store).stored(["p"]) == {}
        [check] = store.check(deep=True)
        assert not check.ok
        assert check.detail.startswith(f"There is no index in {folder}. ")
    assert not folder.exists()


def test_a_data_folder_is_made_for_its_owner_alone_and_one_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    made, given = tmp_path / "some" / "data", tmp_path / "given"
    given.mkdir()
    given.chmod(0o750)
    for folder in (made, given):
        with open_(folder) as store:
            fill(store, document("a"))
    assert made.stat().st_mode & 0o777 == 0o700
    assert given.stat().st_mode & 0o777 == 0o750


def test_a_log_that_goes_while_a_catalog_is_opened_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wrote has just ended: its log was there a moment ago."""
    with open_(folder) as store:
        fill(store, document("a"))
    log = folder / "catalog.sqlite3-wal"
    there = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path == log or there(path))
    with open_(folder) as store:
        assert store.count() == 1


def test_only_a_store_with_documents_is_filled(folder: Path) -> None:
    with open_(folder) as store:
        with pytest.raises(NothingIngested, match="There is no index in"):
            store.filled()
        fill(store, document("a"))
        assert store.filled() == store.info()
        with store.writer() as writer:
            writer.remove(["a"])
        with pytest.raises(NothingIngested, match=r"There are no documents in .*askcorpus ingest"):
            store.filled()
        assert [check.ok for check in store.check()][:1] == [False]


@pytest.mark.parametrize("emptied", [False, True], ids=["deleted", "emptied"])
def test_a_folder_that_goes_is_told_and_not_made_again_by_reading(
    folder: Path, emptied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "EXACT_UPTO", 0)  # Chroma is asked
    with open_(folder) as store:
        fill(store, *many(20))
        assert_exact(store, QUERIES)
        shutil.rmtree(folder)
        if emptied:
            folder.mkdir()
        assert [check.ok for check in store.check(deep=True)] == [False]
        with pytest.raises(NothingIngested, match="There is no index in"):
            store.filled()
        assert look(store).dense(QUERIES[0], 5) == []
        with pytest.raises(StorageError, match="There is no index in"):
            store.rebuild()
        assert folder.exists() == emptied
        assert not emptied or list(folder.iterdir()) == []


def test_a_question_in_flight_does_not_make_a_deleted_folder_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "EXACT_UPTO", 0)
    with open_(folder) as writing:
        fill(writing, *many(20))
    with open_(folder) as store, store.snapshot() as index:
        assert index.info.passages == 60
        shutil.rmtree(folder)
        assert len(index.dense(QUERIES[0], 5)) == 5
    assert not folder.exists()


def test_a_store_sees_the_folder_appear_go_and_come_back(folder: Path) -> None:
    with open_(folder) as reader:
        seen = [reader.generation()]
        assert reader.generation() == seen[0]
        for content in ("first", "second"):
            with open_(folder) as writer:
                fill(writer, *many(20), document(content, f"The {content} one."))
            assert reader.document(content)
            assert look(reader).lexical([content], 1)
            assert_exact(reader, QUERIES)
            seen.append(reader.generation())
            shutil.rmtree(folder)
            assert reader.count() == 0
            assert look(reader).dense(QUERIES[0], 5) == []
        assert len(set(seen)) == 3


def test_everything_is_there_after_reopening(folder: Path) -> None:
    with open_(folder) as store:
        fill(store, *many(10))
        before = (store.documents(), store.generation(), store.facets(), look(store).baseline(QUERIES[0]))
    with open_(folder) as store:
        assert (store.documents(), store.generation(), store.facets(), look(store).baseline(QUERIES[0])) == before


def test_another_fingerprint_is_refused_and_both_are_named(folder: Path) -> None:
    with open_(folder) as store:
        fill(store, document("a"))
    with pytest.raises(IndexMismatch, match=r"test-model, passages of 800.*other-model.*--data"):
        open_(folder, "other-model")
    with open_(folder) as store:
        assert store.count() == 1


def test_another_fingerprint_is_refused_when_it_appears_later(folder: Path) -> None:
    with open_(folder) as waiting, open_(folder, "other-model") as writer:
        fill(writer, document("a"))
        with pytest.raises(IndexMismatch):
            waiting.count()
        with pytest.raises(IndexMismatch), waiting.writer() as refused:
            put(refused, document("b"))
        assert [found.id for found in writer.documents()] == ["a"]


def test_a_newer_schema_is_refused(folder: Path) -> None:
    with open_(folder) as store:
        fill(store, document("a"))
    with sqlite3.connect(folder / "catalog.sqlite3") as raw:
        raw.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    raw.close()
    with pytest.raises(IndexMismatch, match="newer version"):
        open_(folder)


@pytest.mark.parametrize(
    "content", [b"this is no database, whatever its name says", b"SQLite format 3\0" + b"\7" * 4096]
)
def test_a_file_that_is_no_database_is_refused_and_kept(folder: Path, content: bytes) -> None:
    folder.mkdir(parents=True)
    file = folder / "catalog.sqlite3"
    file.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        open_(folder)
    assert file.read_bytes() == content


def test_the_database_of_another_program_is_refused(folder: Path) -> None:
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / "catalog.sqlite3") as raw:
        raw.execute("CREATE TABLE cookies (name)")
    raw.close()
    with pytest.raises(StorageError, match="not a catalog"):
        open_(folder)


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StorageError):
        open_(tmp_path / "data")


def test_an_empty_catalog_file_is_filled(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "catalog.sqlite3").touch()
    with open_(folder) as store:
        assert store.count() == 0
        fill(store, document("a"))
        assert store.count() == 1


def test_damage_inside_the_catalog_is_reported(folder: Path) -> None:
    with open_(folder) as store:
        fill(store, book("b", 500))
    file = folder / "catalog.sqlite3"
    content = bytearray(file.read_bytes())
    schema = 2 * len(content) // 5  # what the tables and indexes are lies before
    content[schema:] = b"\xaa" * (len(content) - schema)
    file.write_bytes(content)
    with open_(folder) as store:
        assert not all(check.ok for check in store.check(deep=True))
        with pytest.raises(StorageError, match="damaged"):
            store.documents()


def flip_text(raw: sqlite3.Connection) -> None:
    raw.execute("UPDATE documents SET text = replace(text, 'place7', 'place6') WHERE id = 'd7'")


def flip_into_no_text(raw: sqlite3.Connection) -> None:
    raw.execute("UPDATE documents SET text = CAST(x'ff' || CAST(text AS BLOB) AS TEXT) WHERE id = 'd7'")


def flip_title(raw: sqlite3.Connection) -> None:
    raw.execute("UPDATE documents SET title = 'About d6' WHERE id = 'd7'")


def flip_date(raw: sqlite3.Connection) -> None:
    raw.execute("UPDATE documents SET date_low = '2029-09-01' WHERE id = 'd7'")


def flip_passage(raw: sqlite3.Connection) -> None:
    raw.execute(
        "UPDATE passages SET text = upper(text) WHERE seq = (SELECT seq FROM passages JOIN documents ON "
        "number = document WHERE documents.id = 'd7' LIMIT 1)"
    )


def flip_offset(raw: sqlite3.Connection) -> None:
    raw.execute("UPDATE passages SET start = start + 1 WHERE document = (SELECT number FROM documents WHERE id = 'd7')")


def flip_vector(raw: sqlite3.Connection) -> None:
    nan = np.full(DIMENSION, np.nan, np.float32).tobytes()
    raw.execute("UPDATE vectors SET vector = ? WHERE document = (SELECT number FROM documents WHERE id = 'd7')", [nan])


def flip_length_of_vector(raw: sqlite3.Connection) -> None:
    [vector] = raw.execute("SELECT vector FROM vectors JOIN documents ON number = document WHERE id = 'd7'").fetchone()
    longer = (np.frombuffer(vector, np.float32) * 2).tobytes()
    raw.execute("UPDATE vectors SET vector = ? WHERE vector = ?", [longer, vector])


def flip_sentence(raw: sqlite3.Connection) -> None:
    raw.execute(
        "UPDATE sentences SET spans = x'ffffff7fffffff7f' "
        "WHERE document = (SELECT number FROM documents WHERE id = 'd7')"
    )


def lose_vector(raw: sqlite3.Connection) -> None:
    raw.execute("DELETE FROM vectors WHERE document = (SELECT number FROM documents WHERE id = 'd7')")


def cut_vector(raw: sqlite3.Connection) -> None:
    raw.execute("UPDATE vectors SET vector = x'0000' WHERE document = (SELECT number FROM documents WHERE id = 'd7')")


FLIPS = [
    cut_vector,
    flip_text,
    flip_into_no_text,
    flip_title,
    flip_date,
    flip_passage,
    flip_offset,
    flip_vector,
    flip_length_of_vector,
    flip_sentence,
    lose_vector,
]


@pytest.mark.parametrize("flip", FLIPS, ids=lambda flip: flip.__name__)
def test_flipped_bits_are_named_with_their_document_and_mended_by_taking_it_in_anew(
    folder: Path, flip: Callable[[sqlite3.Connection], None]
) -> None:
    with open_(folder) as store:
        fill(store, *many(10))
    with sqlite3.connect(folder / "catalog.sqlite3") as raw:
        flip(raw)
    raw.close()
    with open_(folder) as store:
        faults = [check for check in store.check(deep=True) if not check.ok]
        assert faults[0].name == "catalog"
        assert "d7" in faults[0].detail
        assert not any(f"d{n}" in faults[0].detail for n in range(10) if n != 7)
        assert "\n" not in faults[0].detail
        with store.writer() as writer:
            writer.remove(["d7"])
            put(writer, *many(1, start=7))
        assert all(check.ok for check in store.check(deep=True))
        assert_exact(store, QUERIES)


def test_a_text_that_cannot_be_read_is_one_line(folder: Path) -> None:
    with open_(folder) as store:
        fill(store, *many(10))
    with sqlite3.connect(folder / "catalog.sqlite3") as raw:
        flip_into_no_text(raw)
    raw.close()
    with open_(folder) as store, pytest.raises(StorageError, match=r"damaged.*askcorpus doctor") as caught:
        store.documents()
    assert len(str(caught.value)) < 300


def test_bits_flipped_in_the_file_are_found(folder: Path) -> None:
    """What is no longer what was written is found, whatever the bit belonged to."""
    with open_(folder) as store:
        fill(store, *many(30))
    file = folder / "catalog.sqlite3"
    with sqlite3.connect(file) as raw:
        raw.execute("VACUUM")  # leaves no bytes that mean nothing
    raw.close()
    sound = file.read_bytes()
    places = [found.start() for found in re.finditer(b"Report", sound)]
    assert len(places) == 60  # in each document and in its passage
    for place in places[::7]:
        file.write_bytes(sound[:place] + bytes([sound[place] ^ 4]) + sound[place + 1 :])
        with open_(folder) as store:
            assert not all(check.ok for check in store.check(deep=True))


def test_one_writer_at_a_time(folder: Path) -> None:
    with open_(folder) as store, open_(folder) as other, store.writer() as writer:
        put(writer, document("a"))
        for blocked in (store, other):
            with pytest.raises(Busy, match="Wait") as caught, blocked.writer():
                pass
            assert caught.value.exit_code == 5
        assert other.count() == 1
    with open_(folder) as store:
        fill(store, document("b"))


def test_an_error_in_the_writer_keeps_what_was_put_and_frees_the_lock(folder: Path) -> None:
    with open_(folder) as store:
        with pytest.raises(ZeroDivisionError), store.writer() as writer:  # noqa: PT012 - what is written before it counts
            put(writer, document("a"))
            1 / 0  # noqa: B018
        fill(store, document("b"))
        assert {found.id for found in store.documents()} == {"a", "b"}
        assert_exact(store, QUERIES)


def test_rebuild_tells_its_progress_and_changes_nothing_visible(folder: Path) -> None:
    with open_(folder) as store:
        fill(store, *many(30))
        before = store.documents()
        steps = []
        store.rebuild(lambda *step: steps.append(step))
        assert store.documents() == before
        assert steps[-1] == ("vector index", 90, 90)
        assert ("lexical index", 90, 90) in steps
        assert_exact(store, QUERIES)


def age_words(folder: Path) -> None:
    """The folder as a version with other rules for words would have left it."""
    with sqlite3.connect(folder / "catalog.sqlite3") as raw:
        raw.execute("UPDATE meta SET value = '0' WHERE key = 'words'")
        raw.execute("DELETE FROM lexical")
    raw.close()


def test_words_of_another_version_are_refused_with_what_to_do(folder: Path) -> None:
    with open_(folder) as store:
        fill(store, document("a", "The lighthouse is lit."))
        age_words(folder)
        with pytest.raises(IndexMismatch, match=r"another version.*askcorpus rebuild"):
            look(store).lexical(["lighthouse"], 1)
        with pytest.raises(IndexMismatch, match=r"another version.*askcorpus rebuild"):
            look(store).document_frequency(["lighthouse"])
        assert [check.detail for check in store.check() if not check.ok] == [
            "made by another version: askcorpus rebuild"
        ]
        assert store.count() == 1


@pytest.mark.parametrize("mend", [lambda store: store.rebuild(), lambda store: fill(store, document("b"))])
def test_words_of_another_version_are_indexed_anew_by_rebuild_and_by_the_next_write(
    folder: Path, mend: Callable[[Store], None]
) -> None:
    with open_(folder) as store:
        fill(store, document("a", "The lighthouse is lit."))
    age_words(folder)
    with open_(folder) as store:
        mend(store)
        assert [id_ for id_, _ in look(store).lexical(["lighthouse"], 5)] == [
            passages(store.documents()[0])[0].passage.id
        ]
        assert all(check.ok for check in store.check())


def test_a_catalog_from_before_words_had_a_version_is_of_the_first(folder: Path) -> None:
    with open_(folder) as store:
        fill(store, document("a", "The lighthouse is lit."))
    with sqlite3.connect(folder / "catalog.sqlite3") as raw:
        raw.execute("DELETE FROM meta WHERE key = 'words'")
    raw.close()
    with open_(folder) as store:
        if RULES == 1:
            assert look(store).lexical(["lighthouse"], 5)
        else:
            with pytest.raises(IndexMismatch):
                look(store).lexical(["lighthouse"], 5)


def test_threads_read_whole_documents_while_one_writes(folder: Path) -> None:
    """Every document has as many passages as its text says, all findable, at any moment."""
    stop = threading.Event()
    failures: list[str] = []

    def version(name: str, number: int) -> Document:
        return document(name, f"Version {number} of {name}: " + "x" * (40 * (number % 5)), title=f"v{number}")

    def read(store: Store, seed: int) -> None:
        query = vector(f"reader {seed}")
        while not stop.is_set():
            try:
                ids = [id_ for id_, _ in look(store).dense(query, 200)]
                ids += [id_ for id_, _ in look(store).lexical([f"v{n}" for n in range(20)], 200)]
                for hit in store.hits(ids).values():
                    found = store.document(hit.document_id)
                    assert found
                    stored = look(store).stored([piece.passage.id for piece in passages(found)])
                    again = store.document(hit.document_id)
                    if found == again and len(stored) != len(passages(found)):
                        failures.append(f"half of {found.title}")
                store.documents(Filters(languages=("en",)))
                look(store).baseline(query)
            except Exception as exc:  # noqa: BLE001  whatever it is, the test must show it
                failures.append(repr(exc))
                return

    with open_(folder) as store:
        fill(store, *(version(f"d{n}", 0) for n in range(10)))
        threads = [threading.Thread(target=read, args=(store, seed)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for number in range(1, 7):
            fill(store, *(version(f"d{n}", number) for n in range(10)))
        stop.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert_exact(store, QUERIES)
        assert all(check.ok for check in store.check(deep=True))


def test_closing_twice_is_fine_and_a_closed_store_opens_again(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = open_(folder)
    fill(store, document("a"))
    store.close()
    store.close()
    with caplog.at_level(logging.WARNING):
        assert store.count() == 1
        assert look(store).dense(QUERIES[0], 1)
    assert caplog.records == []
    store.close()


def test_dimension_is_checked(folder: Path) -> None:
    one = document("a")
    short = [piece._replace(vector=vector("x")[:4]) for piece in passages(one)]
    with open_(folder) as store, store.writer() as writer, pytest.raises(ValueError, match=str(DIMENSION)):
        writer.put(one, short)
