"""An index goes through one file into another, whole or not at all, and answers there as it did."""

import base64
import gzip
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Never

import pytest
import sqlalchemy as sa

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import IndexMismatch, NothingIngested, ReadError, StorageError, UsageError
from askcorpus.index import archive
from askcorpus.index.archive import export_index, import_index
from askcorpus.index.files import KnownFile
from askcorpus.index.opening import open_index
from askcorpus.index.store import Store
from askcorpus.settings import Settings
from askcorpus.types import Mark
from asking import READER
from chroma_process import chroma_process
from corpora import assert_exact, book, document, fill, many, open_, put, vector
from machine import peak_memory
from test_cli import assert_one_line, run

QUESTIONS = Path(__file__).parents[1] / "corpus" / "questions.jsonl"
QUERIES = [vector(f"question {n}") for n in range(5)]


def silent(_step: str, _done: int, _total: int) -> None:
    pass


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Documents with all that may be known of one, a long one, one without passages, one that stays out."""
    with open_(tmp_path / "data") as store:
        fill(store, *many(30), book("b", 1500), document("out", "This one is removed."))
        marked = document("marked", "Ünïcode “quotes” and 中文. " * 3, url="https://example.org/1", author="A. B.")
        marked = marked.model_copy(
            update={"extra": {"desk": "Kyiv"}, "marks": (Mark(start=0, locator={"page": "1"}),), "date": "2022-09"}
        )
        with store.writer() as writer:
            put(writer, marked)
            writer.put(document("empty", "", origin="empty.zip/1.txt"), [], file="empty.zip")
            writer.withhold(["out"])
            writer.note_files([KnownFile("a.txt", "1 2", "ab", "r", "text", (("a.txt#1", "no"),), (), ("a.txt#2",))])
            put(writer, document("d3", "Replaced later, so written last."))
        yield store


def rows(folder: Path) -> dict[str, list[Any]]:
    """All that the catalog holds, but for the numbers that it gave by itself."""
    with sa.create_engine(f"sqlite:///{folder / 'catalog.sqlite3'}").connect() as connection:

        def of(query: str) -> list[Any]:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

        joined = "JOIN documents d ON d.number = x.document JOIN passages p ON p.seq = x.seq ORDER BY p.id"
        return {
            "documents": [row[1:] for row in of("SELECT * FROM documents ORDER BY id")],
            "passages": of('SELECT p.id, d.id, p.text, p.start, p."end" FROM passages x ' + joined),
            "vectors": of("SELECT p.id, d.id, vector FROM vectors x " + joined),
            "sentences": of("SELECT p.id, d.id, spans, vectors FROM sentences x " + joined),
            "order": of("SELECT id FROM passages ORDER BY seq"),
            "files": of("SELECT * FROM files"),
            "withheld": of("SELECT * FROM withheld"),
            "lexical": of("SELECT words FROM lexical ORDER BY rowid"),
        }


def exported(store: Store, folder: Path) -> Path:
    path = folder / "index.askcorpus"
    export_index(store, path, silent)
    return path


def test_what_is_exported_is_its_owners_alone(store: Store, tmp_path: Path) -> None:
    assert exported(store, tmp_path).stat().st_mode & 0o777 == 0o600


def test_all_comes_back_to_the_byte_and_in_its_order(store: Store, tmp_path: Path) -> None:
    path = exported(store, tmp_path)
    with open_(tmp_path / "copy") as copy:
        counts = import_index(copy, path, silent)
        assert counts == (33, store.info().passages)
        assert rows(copy.folder) == rows(store.folder)
        assert_exact(copy, QUERIES)
        assert all(check.ok for check in copy.check(deep=True))
        assert exported(copy, tmp_path / "copy").read_bytes() == path.read_bytes()


def test_the_same_index_makes_the_same_file(store: Store, tmp_path: Path) -> None:
    path = exported(store, tmp_path)
    before = path.read_bytes()
    export_index(store, path, silent)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == [path.name]


def test_progress_is_told(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "TOLD_EVERY", 10)
    told: list[tuple[str, int, int]] = []
    path = tmp_path / "index.askcorpus"
    export_index(store, path, lambda *step: told.append(step))
    assert told == [("documents", n, 33) for n in (0, 10, 20, 30, 33)]
    told.clear()
    with open_(tmp_path / "copy") as copy:
        import_index(copy, path, lambda *step: told.append(step))
    steps = [("checking", n, 33) for n in (10, 20, 30)] + [("documents", n, 33) for n in (10, 20, 30)]
    assert told[: len(steps)] == steps


# --- between engines ---


def test_answers_are_the_same_on_each_engine_and_nothing_is_embedded(
    sample_index: Path, embeddings: SentenceEmbeddings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = [json.loads(line)["question"] for line in QUESTIONS.read_text("utf-8").splitlines()][::10]

    def answers(settings: Settings) -> list[dict[str, Any]]:
        with Assistant(settings, open_index(settings, embeddings), embeddings, reader=READER) as assistant:
            found = [assistant.ask(question).model_dump(exclude={"id", "timings_ms"}) for question in questions]
            assert all(check.ok for check in assistant.store.check(deep=True))
            return found

    monkeypatch.setattr("askcorpus.index.exact.EXACT_UPTO", 0)  # every corpus is a large one
    with chroma_process(tmp_path / "server") as server:
        engines = [
            Settings(data=sample_index),
            Settings(data=tmp_path / "on-server", vectors=server.url),
            Settings(data=tmp_path / "back"),
        ]
        expected = answers(engines[0])
        for number, (before, after) in enumerate(pairwise(engines)):
            path = tmp_path / f"{number}.askcorpus"
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(SentenceEmbeddings, "embed_sentences", refuse)
                patch.setattr(SentenceEmbeddings, "embed_passages", refuse)
                with open_index(before, embeddings) as store:
                    export_index(store, path, silent)
                with open_index(after, embeddings) as store:
                    import_index(store, path, silent)
            assert answers(after) == expected


def refuse(*_: object) -> Never:
    raise AssertionError("embedded")


# --- what is refused ---


def test_an_index_that_holds_documents_is_only_added_to_when_asked(store: Store, tmp_path: Path) -> None:
    path = exported(store, tmp_path)
    with open_(tmp_path / "other") as other:
        fill(other, document("d1", "Another d1."), document("own", "Its own."))
        before = rows(other.folder)
        with pytest.raises(UsageError, match=r"2 documents .* already.*--merge"):
            import_index(other, path, silent)
        assert rows(other.folder) == before
        import_index(other, path, silent, merge=True)
        assert other.info().documents == 34
        changed = other.document("d1")
        assert changed and changed == store.document("d1")
        assert_exact(other, QUERIES)


def test_merging_does_not_keep_out_what_is_there(store: Store, tmp_path: Path) -> None:
    path = exported(store, tmp_path)
    with open_(tmp_path / "other") as other:
        fill(other, document("out", "It is there."))
        import_index(other, path, silent, merge=True)
        assert other.withheld(["out"]) == set()
        assert other.document("out")


@pytest.mark.parametrize("fingerprint", ["another-model, passages of 800", "test-model, passages of 900"])
def test_vectors_of_other_settings_are_refused(store: Store, tmp_path: Path, fingerprint: str) -> None:
    path = exported(store, tmp_path)
    with open_(tmp_path / "other", fingerprint) as other:
        with pytest.raises(IndexMismatch) as error:
            import_index(other, path, silent)
        assert fingerprint in str(error.value)
        assert "test-model, passages of 800" in str(error.value)
        assert "\n" not in str(error.value)
    assert not (tmp_path / "other").exists()


def test_an_empty_index_is_not_exported(tmp_path: Path) -> None:
    with open_(tmp_path / "data") as store, pytest.raises(NothingIngested):
        exported(store, tmp_path)
    assert list(tmp_path.iterdir()) == []


Line = dict[str, Any]


def changed(path: Path, change: Callable[[list[Line]], None]) -> None:
    """The file with other lines, and a checksum that is right for them."""
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()][:-1]
    change(lines)
    raw = b"".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for line in lines)
    end = {"kind": "end", "sha256": hashlib.sha256(raw).hexdigest()}
    path.write_bytes(gzip.compress(raw + json.dumps(end).encode() + b"\n"))


def first(lines: list[Line], kind: str) -> Line:
    return next(line for line in lines if line.get("kind") == kind)


def rename_passage(lines: list[Line]) -> None:
    ids = [line for line in lines if line.get("kind") == "passage"]
    ids[5]["id"] = ids[0]["id"]


def put_outside(lines: list[Line]) -> None:
    first(lines, "passage")["end"] = 10**9


def put_sentence_outside(lines: list[Line]) -> None:
    first(lines, "passage")["sentences"] = [[0, 10**12]]


def shorten_vector(lines: list[Line]) -> None:
    first(lines, "passage")["vector"] = base64.b64encode(bytes(8)).decode()


def lengthen_vector(lines: list[Line]) -> None:
    first(lines, "passage")["vector"] = base64.b64encode(b"\x00\x00\x80\x7f" * 16).decode()  # infinite


def write_no_base64(lines: list[Line]) -> None:
    first(lines, "passage")["vector"] = "*" * 88


def leave_out_a_passage(lines: list[Line]) -> None:
    lines.remove(first(lines, "passage"))


def leave_out_a_document(lines: list[Line]) -> None:
    lines.remove(first(lines, "document"))


def misspell(lines: list[Line]) -> None:
    first(lines, "document")["document"]["titel"] = "?"


def change_order(lines: list[Line]) -> None:
    lines.append(lines.pop(1))


def leave_out_a_field(lines: list[Line]) -> None:
    del first(lines, "file")["file"][2:]


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 30)


def cut_to_whole_lines(path: Path) -> None:
    path.write_bytes(gzip.compress(b"".join(gzip.decompress(path.read_bytes()).splitlines(keepends=True)[:-1])))


def pad_the_head(path: Path) -> None:
    """With nothing but spaces, which JSON allows; and a checksum that is right."""
    head, *others = gzip.decompress(path.read_bytes()).splitlines(keepends=True)[:-1]
    raw = b"".join([head[:-2], b" " * 1_000_000, head[-2:], *others])
    end = {"kind": "end", "sha256": hashlib.sha256(raw).hexdigest()}
    path.write_bytes(gzip.compress(raw + json.dumps(end, separators=(",", ":")).encode() + b"\n"))


def flip(path: Path) -> None:
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[len(raw) // 2] ^= 1
    path.write_bytes(gzip.compress(bytes(raw)))


def flip_compressed(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))


def be_empty(path: Path) -> None:
    path.write_bytes(b"")


def be_a_text(path: Path) -> None:
    path.write_text("This is no export.")


def be_another_archive(path: Path) -> None:
    path.write_bytes(gzip.compress(b"[" * 100_000))


def be_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def be_gone(path: Path) -> None:
    path.unlink()


CHANGES = [
    rename_passage,
    put_outside,
    put_sentence_outside,
    shorten_vector,
    lengthen_vector,
    write_no_base64,
    leave_out_a_passage,
    leave_out_a_document,
    misspell,
    change_order,
    leave_out_a_field,
]
DAMAGES = [
    cut,
    pad_the_head,
    cut_to_whole_lines,
    flip,
    flip_compressed,
    be_empty,
    be_a_text,
    be_another_archive,
    be_a_folder,
    be_gone,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_file_that_was_made_to_harm_changes_nothing(
    store: Store, tmp_path: Path, change: Callable[[list[Line]], None]
) -> None:
    path = exported(store, tmp_path)
    changed(path, change)
    assert_refused(path, tmp_path)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_file_is_refused_before_anything_is_written(
    store: Store, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = exported(store, tmp_path)
    damage(path)
    assert_refused(path, tmp_path)
    assert not (tmp_path / "empty").exists()


def assert_refused(path: Path, tmp_path: Path) -> None:
    with open_(tmp_path / "empty") as empty:
        with pytest.raises(ReadError, match=path.name):
            import_index(empty, path, silent)
        assert empty.info().documents == 0
    with open_(tmp_path / "full") as full:
        fill(full, *many(3))
        before = rows(full.folder)
        with pytest.raises(ReadError):
            import_index(full, path, silent, merge=True)
        assert rows(full.folder) == before


def test_a_line_without_end_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.askcorpus"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(700):
            file.write(b" " * 1_000_000)
    code = f"""
        from corpora import *; from pathlib import Path
        from askcorpus.index.archive import import_index
        from askcorpus.errors import ReadError
        try:
            import_index(open_(Path({str(tmp_path / "data")!r})), Path({str(path)!r}), print)
        except ReadError:
            print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    """
    kilobytes = int(python(code))  # not ru_maxrss, which begins with that of the process that started this one
    assert kilobytes < 1_400_000


def test_a_newer_format_says_to_update(store: Store, tmp_path: Path) -> None:
    path = exported(store, tmp_path)
    changed(path, lambda lines: lines[0].update(format=2, more="?"))
    with open_(tmp_path / "copy") as copy, pytest.raises(IndexMismatch, match="newer version"):
        import_index(copy, path, silent)


# --- stopped, and out of room ---


def python(code: str) -> str:
    return str(subprocess.run([sys.executable, "-c", textwrap.dedent(code)], **OPTIONS, check=True).stdout)


OPTIONS: dict[str, Any] = {
    "env": os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])},
    "stdout": subprocess.PIPE,
    "text": True,
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill"])
def test_a_stopped_import_leaves_nothing_and_can_be_run_again(
    store: Store, tmp_path: Path, number: signal.Signals
) -> None:
    path = exported(store, tmp_path)
    code = f"""
        import signal, sys; from corpora import *; from pathlib import Path
        from askcorpus.index import archive
        signal.signal(signal.SIGINT, signal.default_int_handler)
        archive.TOLD_EVERY = 1
        def told(step, done, total):
            if (step, done) == ("documents", 20):
                print("there", flush=True)
                sys.stdin.read()
        archive.import_index(open_(Path({str(tmp_path / "copy")!r})), Path({str(path)!r}), told)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, **OPTIONS
    )
    assert process.stdout
    assert process.stdout.readline() == "there\n"
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode
    with open_(tmp_path / "copy") as copy:
        assert copy.info().documents == 0
        import_index(copy, path, silent)
        assert rows(copy.folder) == rows(store.folder)


def test_an_export_that_finds_no_room_leaves_the_old_file(store: Store, tmp_path: Path) -> None:
    path = exported(store, tmp_path)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StorageError, match=r"cannot be written"):
            export_index(store, path, silent)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == [path.name]


def test_memory_does_not_grow_with_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askcorpus.index.passages.CHUNK", 30)
    monkeypatch.setattr(Store, "_sync", lambda *_: "")  # which loads Chroma
    monkeypatch.setattr(Store, "_link", lambda *_: None)

    def peaks(documents: int) -> tuple[int, int]:
        path = tmp_path / f"{documents}.askcorpus"
        with open_(tmp_path / f"{documents}") as store, open_(tmp_path / f"{documents}-copy") as copy:
            with store.writer() as writer, writer.together():
                put(writer, *(document(f"d{n}", "The same words. " * 8, title="One") for n in range(documents)))
            export = peak_memory(lambda: export_index(store, path, silent))
            return export, peak_memory(lambda: import_index(copy, path, silent))

    peaks(10)  # what is loaded once
    for few, many_more in zip(peaks(30), peaks(200), strict=True):
        assert many_more < 1.5 * few


# --- the command ---


@pytest.mark.usefixtures("one_model")
def test_the_commands_carry_an_index(sample_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SentenceEmbeddings, "_load", refuse)
    path = tmp_path / "sample.askcorpus"
    result = run("export", path, data=sample_index)
    assert result.exit_code == 0
    assert result.stdout.startswith("exported ")
    copied = run("import", path, data=tmp_path / "copy")
    assert copied.stdout == result.stdout.replace("exported", "imported")
    assert (
        run("docs", "list", "--json", data=tmp_path / "copy").stdout
        == run("docs", "list", "--json", data=sample_index).stdout
    )
    assert_one_line(run("import", path, data=tmp_path / "copy"), 2, "already", "--merge")
    assert_one_line(run("import", tmp_path / "none", data=tmp_path / "new"), 8, "none")
    assert_one_line(run("export", tmp_path / "no" / "where", data=sample_index), 6, "cannot be written")
    assert_one_line(run("export", path, data=tmp_path / "nothing"), 6, "no index")


@pytest.mark.usefixtures("one_model")
def test_another_passage_length_is_refused_in_one_line(
    sample_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sample.askcorpus"
    run("export", path, data=sample_index)
    monkeypatch.setenv("ASKCORPUS_PASSAGE_CHARS", "500")
    assert_one_line(run("import", path, data=tmp_path / "copy"), 4, "passages=800", "passages=500")
