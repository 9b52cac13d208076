"""The ingest run, against the real store and the real model."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import numpy as np
import pytest

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import Busy, UsageError
from askcorpus.index.store import Store, open_store
from askcorpus.settings import Settings
from askcorpus_ingest import files, writing
from askcorpus_ingest.files import Failure
from askcorpus_ingest.pipeline import ingest
from askcorpus_ingest.progress import Silent
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.report import Report
from askcorpus_ingest.run import Run
from askcorpus_ingest.watch import changes
from askcorpus_ingest.worker import FileReader
from looking import look

STORIES = {
    "port.txt": "date 2022-09 LISBONNE, Portugal (AFP) – Le port est resté fermé lundi. Il rouvrira jeudi.",
    "sub/bridge.txt": "date 2021-03-05 OSLO, Norway (AP) — The bridge was closed on Friday. It will open in June.",
    "sub/mine.md": "# The mine\n\nThe mine was flooded. Nobody was hurt.",
}


PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name, text in STORIES.items():
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "corpus"


@pytest.fixture
def store(tmp_path: Path, embeddings: SentenceEmbeddings) -> Iterator[Store]:
    store = open_store(tmp_path / "data", embeddings.fingerprint, embeddings.dimension)
    yield store
    store.close()


@pytest.fixture
def run(store: Store, embeddings: SentenceEmbeddings) -> Callable[..., Report]:
    def run(*paths: Path, **options: Any) -> Report:
        return ingest(paths, store, embeddings, Settings(), **options)

    return run


def counts(report: Report) -> tuple[int, int, int, int, int]:
    return report.added, report.changed, report.unchanged, report.removed, len(report.failed)


def titles(store: Store) -> set[str]:
    return {document.title for document in store.documents()}


def write_records(path: Path, *records: dict[str, str]) -> None:
    path.write_text("\n".join(json.dumps(record) for record in records))


def test_a_first_run_and_a_second(corpus: Path, store: Store, run: Callable[..., Report]) -> None:
    assert run(corpus) == Report(added=3, undated=1)
    assert titles(store) == {"Le port est resté fermé lundi.", "The bridge was closed on Friday.", "The mine"}
    generation = store.generation()
    assert run(corpus) == Report(unchanged=3, undated=1)
    assert store.generation() == generation


def test_what_is_stored_can_be_found_and_cited(
    corpus: Path, store: Store, run: Callable[..., Report], embeddings: SentenceEmbeddings
) -> None:
    run(corpus)
    (best, similarity), *_ = look(store).dense(np.array(embeddings.embed_query("Quand le port rouvrira-t-il ?")), 3)
    hit = store.hits([best])[best]
    document = store.document(hit.document_id)
    assert document
    assert document.text[hit.start : hit.end] == hit.text
    assert (document.date, document.place, document.source) == ("2022-09", "LISBONNE, Portugal", "AFP")
    stored = look(store).stored([best])[best]
    assert [document.text[s:e] for s, e in stored.sentences] == ["Le port est resté fermé lundi.", "Il rouvrira jeudi."]
    assert 0.5 < similarity <= 1
    assert np.allclose(np.linalg.norm(stored.sentence_vectors.astype(float), axis=1), 1, atol=0.01)


def test_a_changed_file_replaces_its_document(corpus: Path, store: Store, run: Callable[..., Report]) -> None:
    run(corpus)
    (corpus / "port.txt").write_text("Le port a rouvert. Les navires entrent.")
    assert counts(run(corpus)) == (0, 1, 2, 0, 0)
    assert "Le port a rouvert." in titles(store)
    assert store.count() == 3


def test_dry_run_counts_and_writes_nothing(corpus: Path, store: Store, run: Callable[..., Report]) -> None:
    assert run(corpus, dry_run=True) == Report(added=3, undated=1)
    assert not store.folder.exists()
    run(corpus)
    (corpus / "port.txt").unlink()
    assert counts(run(corpus, prune=True, dry_run=True)) == (0, 0, 2, 1, 0)
    assert store.count() == 3


def test_prune_removes_what_is_gone_from_under_the_paths(
    corpus: Path, store: Store, run: Callable[..., Report]
) -> None:
    run(corpus)
    (corpus / "port.txt").unlink()
    (corpus / "sub" / "mine.md").unlink()
    assert counts(run(corpus)) == (0, 0, 1, 0, 0)
    assert counts(run(corpus / "sub", prune=True)) == (0, 0, 1, 1, 0)
    assert counts(run(corpus, prune=True)) == (0, 0, 1, 1, 0)
    assert store.count() == 1


def test_prune_of_an_emptied_folder(corpus: Path, store: Store, run: Callable[..., Report]) -> None:
    run(corpus / "sub")
    for path in (corpus / "sub").iterdir():
        path.unlink()
    assert counts(run(corpus / "sub", prune=True)) == (0, 0, 0, 2, 0)
    assert store.count() == 0


def test_a_file_that_cannot_be_read_is_reported_and_nothing_is_lost(
    corpus: Path, store: Store, run: Callable[..., Report]
) -> None:
    run(corpus)
    (corpus / "port.txt").write_bytes(b"%PDF-1.7")
    report = run(corpus, prune=True)
    assert counts(report) == (0, 0, 2, 0, 1)
    assert report.failed[0] == Failure(f"{corpus}/port.txt", "is a broken PDF", "Corrupt")
    assert store.count() == 3


def test_records_of_a_file(tmp_path: Path, store: Store, run: Callable[..., Report]) -> None:
    path = tmp_path / "a.jsonl"
    write_records(
        path, {"doc_id": "x", "text": "One."}, {"doc_id": "y", "text": "Two."}, {"doc_id": "x", "text": "No."}
    )
    report = run(path)
    assert counts(report) == (2, 0, 0, 0, 1)
    assert report.failed[0] == Failure(f"{path}#x", "repeats the id x")
    write_records(path, {"doc_id": "x", "text": "One."}, {"doc_id": "z", "text": "Three."})
    assert counts(run(path, prune=True)) == (1, 0, 1, 1, 0)
    assert {document.id for document in store.documents()} == {"x", "z"}


def test_records_without_ids_may_shift(tmp_path: Path, store: Store, run: Callable[..., Report]) -> None:
    path = tmp_path / "a.jsonl"
    write_records(path, *({"text": f"Record {n} of the file."} for n in range(4)))
    run(path)
    ids = {document.id for document in store.documents()}
    write_records(path, {"text": "A new record."}, *({"text": f"Record {n} of the file."} for n in range(4)))
    run(path)
    assert ids < {document.id for document in store.documents()}
    assert store.count() == 5


def test_a_moved_corpus_is_not_embedded_again(
    corpus: Path, store: Store, run: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_records(corpus / "r.jsonl", {"doc_id": "x", "text": "A record."})
    run(corpus)
    before = {document.id for document in store.documents()}
    moved = corpus.rename(corpus.with_name("moved"))
    monkeypatch.setattr(SentenceEmbeddings, "embed_passages", None)
    assert counts(run(moved)) == (0, 0, 4, 0, 0)
    assert {document.id for document in store.documents()} == before
    assert all(document.origin.startswith(str(moved)) for document in store.documents())


def test_a_copy_is_a_document_of_its_own(corpus: Path, store: Store, run: Callable[..., Report]) -> None:
    (corpus / "copy.txt").write_text(STORIES["port.txt"])
    assert counts(run(corpus)) == (4, 0, 0, 0, 0)
    assert len({document.id for document in store.documents()}) == 4
    assert counts(run(corpus)) == (0, 0, 4, 0, 0)


class Listening(Silent):
    def __init__(self) -> None:
        self.heard: list[object] = []

    def start(self, files: int) -> None:
        self.heard.append(("start", files))

    def step(self, name: str, done: int, total: int) -> None:
        self.heard.append((name, done, total))

    def finish(self) -> None:
        self.heard.append("finish")


def test_progress_tells_how_the_vector_index_follows(corpus: Path, run: Callable[..., Report]) -> None:
    progress = Listening()
    run(corpus, progress=progress)
    assert progress.heard == [("start", 3), ("stories", 3, 3), ("vector index", 3, 3), "finish"]


class Interrupting(Silent):
    def __init__(self, after: int) -> None:
        self.left = after

    def embedded(self, _passages: int) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


def test_an_interrupted_run_keeps_what_it_wrote_and_goes_on(
    corpus: Path, store: Store, run: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BATCH_PASSAGES", 1)
    with pytest.raises(KeyboardInterrupt):
        run(corpus, progress=Interrupting(after=2))
    assert store.count() == 2
    assert counts(run(corpus)) == (1, 0, 2, 0, 0)


def test_one_writer_at_a_time(corpus: Path, store: Store, run: Callable[..., Report]) -> None:
    with store.writer():
        with pytest.raises(Busy):
            run(corpus)
        assert run(corpus, dry_run=True) == Report(added=3, undated=1)


def test_nothing_to_read(tmp_path: Path, run: Callable[..., Report]) -> None:
    (tmp_path / "only.png").write_bytes(PNG)
    with pytest.raises(UsageError, match=r"nothing to ingest .*only.png"):
        run(tmp_path / "only.png")
    with pytest.raises(UsageError, match="does not exist"):
        run(tmp_path / "none")


@pytest.mark.usefixtures("aged")
def test_other_kinds_of_files_are_counted_and_looked_into_once(
    corpus: Path, run: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    (corpus / "only.png").write_bytes(PNG)
    report = run(corpus)
    assert (report.added, report.skipped) == (3, 1)
    assert [one.origin for one in report.passed_over] == [f"{corpus}/only.png"]
    monkeypatch.setattr(Run, "take_file", None)
    assert run(corpus).passed_over == report.passed_over


def test_a_document_in_a_script_that_cannot_be_read_is_named_once(corpus: Path, run: Callable[..., Report]) -> None:
    path = corpus / "lhasa.txt"
    path.write_text("བོད་ཀྱི་རྒྱལ་ས་ནི་ལྷ་ས་ཡིན། དེ་ནི་གྲོང་ཁྱེར་ཆེན་པོ་ཞིག་ཡིན།", encoding="utf-8")
    first, second = run(corpus), run(corpus)
    assert (first.added, [Path(origin) for origin in first.unreadable]) == (4, [path])
    assert (second.unchanged, second.unreadable) == (4, ())


def test_a_set_of_questions_is_passed_over_as_a_whole(corpus: Path, run: Callable[..., Report]) -> None:
    path = corpus / "questions.jsonl"
    write_records(path, *({"id": f"q{n}", "question": "Who?"} for n in range(9)))
    assert run(corpus) == Report(added=3, undated=1, skipped=1, question_sets=(path,))
    with pytest.raises(UsageError, match=r"nothing to ingest in .*questions.jsonl.* askcorpus eval"):
        run(path)


def test_a_file_with_one_fault_in_every_line_is_one_failure(corpus: Path, run: Callable[..., Report]) -> None:
    write_records(corpus / "bodies.jsonl", *({"caption": "No text."} for _ in range(9)))
    report = run(corpus)
    assert counts(report) == (3, 0, 0, 0, 1)
    assert report.failed[0].origin == f"{corpus}/bodies.jsonl"


def test_a_long_document_is_embedded_in_batches(
    tmp_path: Path, store: Store, run: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "BATCH_PASSAGES", 4)
    (tmp_path / "a.txt").write_text("\n\n".join(f"Sentence {n} of a long report. " * 20 for n in range(10)))
    progress = Interrupting(after=1000)
    assert run(tmp_path / "a.txt", progress=progress).added == 1
    assert store.info().passages == 10
    assert progress.left == 1000 - 3


def age(folder: Path) -> None:
    """Let all files under a folder be old enough for their times to prove that they are unchanged."""
    for path in folder.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))


@pytest.fixture
def aged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FRESH_SECONDS", 0)


@pytest.mark.usefixtures("aged")
def test_a_file_of_the_same_size_and_times_is_not_read(
    corpus: Path, run: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(corpus)
    monkeypatch.setattr(Source, "opened", None)
    assert run(corpus) == first._replace(added=0, unchanged=3)
    assert run(corpus, dry_run=True) == first._replace(added=0, unchanged=3)


@pytest.mark.usefixtures("aged")
def test_a_change_of_the_same_length_with_the_old_time_is_found(
    corpus: Path, store: Store, run: Callable[..., Report]
) -> None:
    path = corpus / "port.txt"
    run(corpus)
    status = path.stat()
    path.write_text(STORIES["port.txt"].replace("lundi", "mardi"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert counts(run(corpus)) == (0, 1, 2, 0, 0)
    assert "Le port est resté fermé mardi." in titles(store)


def test_a_file_that_was_just_written_is_not_trusted(
    corpus: Path, run: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "FRESH_SECONDS", 3600)
    run(corpus)
    [port] = [source for source in files.find_files([corpus / "port.txt"]) if isinstance(source, files.SourceFile)]
    assert port.stamp == ""


@pytest.mark.usefixtures("aged")
def test_a_touched_file_is_unchanged_and_its_new_time_is_kept(
    corpus: Path, store: Store, run: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(corpus)
    age(corpus)
    monkeypatch.setattr(FileReader, "read", None)
    assert counts(run(corpus)) == (0, 0, 3, 0, 0)
    monkeypatch.setattr(Source, "opened", None)
    assert counts(run(corpus)) == (0, 0, 3, 0, 0)
    assert store.count() == 3


def test_a_moved_file_is_not_read_and_says_so(
    corpus: Path, store: Store, run: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(corpus)
    monkeypatch.setattr(FileReader, "read", None)
    (corpus / "port.txt").rename(corpus / "sub" / "haven.txt")
    report = run(corpus, dry_run=True)
    assert (report.moved, report.unchanged, report.missing) == (1, 3, 0)
    report = run(corpus)
    assert (report.moved, report.unchanged, report.missing) == (1, 3, 0)
    assert f"{corpus}/sub/haven.txt" in {document.origin for document in store.documents()}
    assert run(corpus).moved == 0


def test_the_records_of_a_moved_file_move_along(tmp_path: Path, store: Store, run: Callable[..., Report]) -> None:
    path = tmp_path / "a.jsonl"
    write_records(path, {"doc_id": "x", "text": "One."}, {"text": "Two."}, {"text": ""})
    assert counts(run(path)) == (2, 0, 0, 0, 1)
    path.rename(tmp_path / "b.jsonl")
    report = run(tmp_path, prune=True)
    assert (counts(report), report.moved) == ((0, 0, 2, 0, 1), 2)
    assert {document.origin for document in store.documents()} == {f"{tmp_path}/b.jsonl#x", f"{tmp_path}/b.jsonl#L2"}
    assert report.failed[0].origin == f"{tmp_path}/b.jsonl#L3"


def test_a_file_that_is_gone_is_told_and_kept_until_it_is_pruned(
    corpus: Path, store: Store, run: Callable[..., Report]
) -> None:
    run(corpus)
    (corpus / "port.txt").unlink()
    for _ in range(2):
        report = run(corpus)
        assert (report.unchanged, report.missing, store.count()) == (2, 1, 3)
    assert run(corpus, prune=True).removed == 1
    assert run(corpus).missing == 0


@pytest.mark.usefixtures("aged")
def test_a_record_that_is_gone_is_pruned_although_its_file_was_read_before(
    tmp_path: Path, store: Store, run: Callable[..., Report]
) -> None:
    path = tmp_path / "a.jsonl"
    write_records(path, {"doc_id": "x", "text": "One."}, {"doc_id": "y", "text": "Two."})
    run(path)
    write_records(path, {"doc_id": "x", "text": "One."})
    for _ in range(2):
        report = run(path)
        assert (report.unchanged, report.missing, store.count()) == (1, 1, 2)
    assert run(path, prune=True, dry_run=True).removed == 1
    assert run(path, prune=True).removed == 1
    assert {document.id for document in store.documents()} == {"x"}
    assert run(path) == Report(unchanged=1, undated=1)


def test_a_moved_folder_with_an_edited_file_leaves_nothing_behind(
    corpus: Path, store: Store, run: Callable[..., Report]
) -> None:
    run(corpus)
    moved = corpus.rename(corpus.with_name("moved"))
    (moved / "port.txt").write_text("Le port a rouvert. Les navires entrent.")
    report = run(moved, prune=True)
    assert (report.added, report.moved, report.elsewhere) == (1, 2, (f"{corpus}/port.txt",))
    with pytest.raises(UsageError, match="does not exist"):
        run(corpus)
    assert run(corpus, prune=True).removed == 1
    with pytest.raises(UsageError, match="does not exist"):
        run(corpus, prune=True)
    assert len(titles(store)) == store.count() == 3


@pytest.mark.usefixtures("aged")
def test_a_failing_file_is_told_again_and_read_again_only_when_it_changed(
    corpus: Path, run: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    (corpus / "bad.txt").write_bytes(b"%PDF-1.7")
    first = run(corpus)
    with monkeypatch.context() as unread:
        unread.setattr(Source, "opened", None)
        (again,) = run(corpus).failed
    assert again[:2] == first.failed[0][:2] == (f"{corpus}/bad.txt", "is a broken PDF")
    (corpus / "bad.txt").write_text("It is text now.")
    assert counts(run(corpus)) == (1, 0, 3, 0, 0)


def test_a_record_that_repeats_another_comes_in_when_that_is_gone(
    tmp_path: Path, store: Store, run: Callable[..., Report]
) -> None:
    write_records(tmp_path / "a.jsonl", {"doc_id": "x", "text": "One."})
    write_records(tmp_path / "b.jsonl", {"doc_id": "x", "text": "Two."})
    assert counts(run(tmp_path)) == (1, 0, 0, 0, 1)
    (tmp_path / "a.jsonl").unlink()
    assert counts(run(tmp_path, prune=True)) == (0, 1, 0, 0, 0)
    assert [document.text for document in store.documents()] == ["Two."]


def test_what_one_file_took_over_comes_back_from_the_other(
    tmp_path: Path, store: Store, run: Callable[..., Report]
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        write_records(folder / "a.jsonl", {"doc_id": "x", "text": f"From {folder.name}."})
        run(folder)
    (other / "a.jsonl").unlink()
    run(other, prune=True)
    assert counts(run(one)) == (1, 0, 0, 0, 0)
    assert [document.text for document in store.documents()] == ["From one."]


def test_a_removed_document_stays_out_while_its_copy_is_there(
    corpus: Path, store: Store, run: Callable[..., Report]
) -> None:
    (corpus / "copy.txt").write_text(STORIES["port.txt"])
    run(corpus)
    [copy] = [one.id for one in store.documents() if one.origin.endswith("copy.txt")]
    with store.writer() as writer:
        assert writer.withhold([copy]) == 1
    assert run(corpus).withheld == 1
    (corpus / "copy.txt").touch()
    assert (run(corpus).added, store.count()) == (0, 3)


def test_changes_are_seen_but_for_hidden_files_and_the_index(corpus: Path) -> None:
    (corpus / "index").mkdir()
    seen = changes([corpus], corpus / "index")
    bell = Timer(0.5, lambda: (corpus / "new.txt").write_text("New."))
    for name in (".hidden.txt", "index/catalog.sqlite3"):
        Timer(0.2, (corpus / name).write_text, ["x"]).start()
    begun = time.monotonic()
    bell.start()
    next(seen)
    assert (corpus / "new.txt").exists() and time.monotonic() - begun > 0.4
    seen.close()
