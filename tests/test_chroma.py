"""Chroma and plain arithmetic give the same neighbours, whatever happens to Chroma."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Never

import numpy as np
import pytest

from askcorpus.index import chroma, exact
from askcorpus.index.store import Store
from corpora import DIMENSION, assert_exact, book, document, exactly, fill, many, open_, passages, put, vector
from looking import look

QUERIES = [vector(f"question {n}") for n in range(20)]


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every corpus counts as a large one, for which Chroma is asked."""
    monkeypatch.setattr(exact, "EXACT_UPTO", 0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_(tmp_path / "data") as store:
        yield store


def copy_of(store: Store) -> chroma.ChromaIndex:
    assert isinstance(store._vectors, chroma.ChromaIndex)
    return store._vectors


def uses_chroma(store: Store) -> bool:
    """Whether the last question was answered by Chroma (the exact half reads its vectors at its first use)."""
    return not store._caches.exact._matrix.seqs.size


def test_chroma_finds_what_arithmetic_finds(store: Store) -> None:
    fill(store, *many(60), book("b", 1000))
    assert_exact(store, QUERIES)
    assert uses_chroma(store)


def test_a_small_corpus_is_compared_as_a_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, *many(60))
    monkeypatch.setattr(exact, "EXACT_UPTO", 180)
    assert_exact(store, QUERIES)
    assert not uses_chroma(store)


def test_a_corpus_beyond_that_is_not(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, *many(60))
    monkeypatch.setattr(exact, "EXACT_UPTO", 179)
    assert_exact(store, QUERIES)
    assert uses_chroma(store)


def test_exact_search_finds_what_arithmetic_finds(store: Store) -> None:
    fill(store, *many(60), book("b", 1000))
    with open_(store.folder) as second:  # the first one holds the lock
        assert_exact(second, QUERIES)
        assert not uses_chroma(second)


@pytest.mark.parametrize("second", [False, True], ids=["chroma", "exact"])
def test_changes_are_seen_at_once_and_nothing_resurfaces(store: Store, second: bool) -> None:
    fill(store, *many(100))
    reader = open_(store.folder) if second else store
    assert_exact(reader, QUERIES)
    for step in range(5):
        with store.writer() as writer:
            writer.remove([f"d{n}" for n in range(step * 10, step * 10 + 7)])
            put(writer, document(f"d{90 + step}", f"Changed in step {step}."), *many(3, start=200 + 3 * step))
        assert_exact(reader, QUERIES, limit=30)
        everything = {
            hit.document_id for hit in reader.hits([i for i, _ in look(reader).dense(QUERIES[0], 1000)]).values()
        }
        assert everything == {found.id for found in store.documents()}
    reader.close()


def test_removing_everything_leaves_nothing(store: Store) -> None:
    fill(store, *many(20))
    assert look(store).dense(QUERIES[0], 5)
    with store.writer() as writer:
        writer.remove([found.id for found in store.documents()])
    assert look(store).dense(QUERIES[0], 5) == []
    fill(store, *many(20))
    assert_exact(store, QUERIES)


def test_a_limit_beyond_the_corpus_gives_all_of_it(store: Store) -> None:
    fill(store, *many(10))
    assert len(look(store).dense(QUERIES[0], 500)) == store.info().passages
    assert look(store).dense(QUERIES[0], 0) == []


def test_length_of_the_question_vector_does_not_matter(store: Store) -> None:
    fill(store, *many(10))
    assert dict(look(store).dense(QUERIES[0] * 7, 5)) == pytest.approx(dict(look(store).dense(QUERIES[0], 5)))
    assert [score for _, score in look(store).dense(np.zeros(DIMENSION, np.float32), 5)] == [0.0] * 5


def test_a_zero_vector_is_like_nothing(store: Store) -> None:
    one = document("zero", "nothing")
    with store.writer() as writer:
        put(writer, *many(10))
        writer.put(one, [piece._replace(vector=piece.vector * 0) for piece in passages(one)])
    found = look(store).dense(QUERIES[0], 100)
    assert len(found) == 31
    assert dict(found)[passages(one)[0].passage.id] == 0.0


def test_the_background_is_that_of_the_vectors(store: Store) -> None:
    fill(store, *many(30))
    scores = np.array([score for _, score in exactly(store, QUERIES[:1], 1000)[0]])
    assert look(store).baseline(QUERIES[0])[:2] == pytest.approx((scores.mean(), scores.std()), abs=1e-5)


def test_background_is_a_fixed_sample_of_a_large_corpus(store: Store) -> None:
    fill(store, book("b", 1500))
    first = look(store).baseline(QUERIES[0])
    with open_(store.folder) as second:
        assert look(second).baseline(QUERIES[0]) == first
    scores = np.array([score for _, score in exactly(store, QUERIES[:1], 2000)[0]])
    assert first[:2] == pytest.approx((scores.mean(), scores.std()), abs=0.05)
    assert look(open_(store.folder / "nothing")).baseline(QUERIES[0]) == (0.0, 0.0, {})


def delete(folder: Path) -> None:
    shutil.rmtree(folder)


def delete_vectors(folder: Path) -> None:
    for inner in folder.glob("index-*/*/"):
        shutil.rmtree(inner)


def truncate_vectors(folder: Path) -> None:  # loading these ends the process
    for file in folder.glob("index-*/*/data_level0.bin"):
        os.truncate(file, file.stat().st_size // 2)


def truncate_all(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            os.truncate(file, file.stat().st_size // 3)


def database(folder: Path) -> Path:
    return next(folder.glob("index-*/chroma.sqlite3"))


def overwrite_database(folder: Path) -> None:
    database(folder).write_text("this is no database")


def empty_database(folder: Path) -> None:
    database(folder).write_bytes(b"")


def forget_notes(folder: Path) -> None:
    (folder / "held.npz").unlink()


def spoil_notes(folder: Path) -> None:
    (folder / "held.npz").write_bytes(b"PK\x03\x04 spoilt")


def replace_by_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("a file")


DAMAGES = [
    delete,
    delete_vectors,
    truncate_vectors,
    truncate_all,
    overwrite_database,
    empty_database,
    forget_notes,
    spoil_notes,
    replace_by_file,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_chroma_folder_is_made_anew(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    folder = tmp_path / "data"
    with open_(folder) as store:
        fill(store, *many(20), book("b", 2040))  # more than Chroma keeps outside of its index files
    damage(folder / "chroma")
    with open_(folder) as store:
        assert_exact(store, QUERIES)
        with store.writer():
            pass
        assert_exact(store, QUERIES)
        assert [check.detail for check in store.check()][-1] == "2100 passages"
    with open_(folder) as store:
        assert_exact(store, QUERIES)
        assert uses_chroma(store)


def test_a_run_that_changes_nothing_does_not_read_the_graph(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with open_(folder) as store:
        fill(store, *many(20))
    with open_(folder) as store:
        with store.writer():
            pass
        assert copy_of(store)._collection is None
        assert_exact(store, QUERIES)
        assert uses_chroma(store)


def test_damage_under_a_running_process_is_survived(store: Store) -> None:
    fill(store, *many(50))
    assert_exact(store, QUERIES)
    overwrite_database(store.folder / "chroma")
    truncate_all(store.folder / "chroma")
    assert_exact(store, QUERIES)
    fill(store, document("new"))
    assert_exact(store, QUERIES)


def test_damage_is_no_fault_where_chroma_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data"
    with open_(folder, vectors="http://127.0.0.1:9") as store:
        fill(store, *many(20))
        assert not store.check()[-1].ok
        monkeypatch.setattr(exact, "EXACT_UPTO", 60)
        name, ok, detail = store.check()[-1]
        assert (name, ok) == ("vector index", True)
        assert "http://127.0.0.1:9" in detail


def test_a_copy_that_is_behind_is_brought_level_by_looking_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma, "STEP", 100)
    folder = tmp_path / "data"
    with open_(folder) as serving, open_(folder) as writing:
        fill(serving, *many(10))
        fill(writing, book("b", 250))  # which may not touch Chroma
        seen = [serving.check()[-1] for _ in range(3)]
    assert [check.detail for check in seen] == [
        "130 passages, 150 changes to come",
        "230 passages, 50 changes to come",
        "280 passages",
    ]
    assert all(check.ok for check in seen)


def test_a_copy_whose_answers_fail_is_thrown_away_and_made_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, *many(50))
    assert_exact(store, QUERIES[:1])
    collection = copy_of(store)._collection
    assert collection
    monkeypatch.setattr(chroma, "RETRY_SECONDS", 0)
    collection.delete(["1"])
    collection.add(["one"], embeddings=[QUERIES[0].tolist()])  # as many as before, but not those
    assert_exact(store, QUERIES)
    assert store.check()[-1] == ("vector index", True, "150 passages")
    made = copy_of(store)._collection
    assert made and made.get(["one"])["ids"] == []


@pytest.mark.parametrize("error", [TypeError, KeyError, ValueError])
def test_a_fault_of_ours_is_not_taken_for_damage(
    store: Store, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    fill(store, *many(50))
    kept = {path: path.stat().st_ino for path in (store.folder / "chroma").rglob("*")}

    def broken(*_: object) -> Never:
        raise error("ours")

    monkeypatch.setattr(chroma.ChromaIndex, "_about", broken)
    with pytest.raises(error, match="ours"):
        fill(store, document("new"))
    assert {path: path.stat().st_ino for path in kept} == kept


def test_two_processes_never_share_chroma_after_the_folder_was_deleted_and_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with open_(folder) as serving:
        fill(serving, *many(10))
        shutil.rmtree(folder)
        with open_(folder) as writing:
            fill(writing, *many(20))
            assert "another process" in serving.check()[-1].detail
            assert_exact(serving, QUERIES)
            assert writing.check()[-1].detail == "60 passages"


def test_chroma_of_another_catalog_is_not_believed(tmp_path: Path) -> None:
    with open_(tmp_path / "one") as one, open_(tmp_path / "two") as two:
        fill(one, *many(50))
        fill(two, *many(50, start=1000))
    shutil.rmtree(tmp_path / "two" / "chroma")
    shutil.copytree(tmp_path / "one" / "chroma", tmp_path / "two" / "chroma")
    with open_(tmp_path / "two") as two:
        assert_exact(two, QUERIES)
        with two.writer():
            pass
        assert_exact(two, QUERIES)


def test_questions_bring_chroma_forward_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chroma, "STEP", 100)
    folder = tmp_path / "data"
    with open_(folder) as serving, open_(folder) as writing:
        fill(serving, *many(10))
        assert_exact(serving, QUERIES)
        fill(writing, book("b", 300))  # 300 passages, which this one may not give to Chroma
        held = []
        for query in QUERIES[:4]:
            assert_exact(serving, [query])
            held.append(copy_of(serving)._held.size)
        assert held == [130, 230, 330, 330]


def test_the_lock_passes_on_when_its_holder_closes(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first, second = open_(folder), open_(folder)
    fill(first, *many(20))
    assert "another process" in second.check()[-1].detail
    first.close()
    assert second.check()[-1].detail == "60 passages"
    second.close()
