"""Files made to be lost, to fill the memory, to hang the run, or to be what is no document: one true line each."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import ReadError, UsageError
from askcorpus.index.opening import open_index
from askcorpus.index.store import Store, StoredPassage
from askcorpus.settings import Settings
from askcorpus.text.characters import clean_text
from askcorpus.types import Document, Passage, Span
from askcorpus_ingest.documents import read_document
from askcorpus_ingest.files import Failure, SourceFile, check_paths, find_files
from askcorpus_ingest.passages import split_passages
from askcorpus_ingest.pipeline import ingest
from askcorpus_ingest.progress import Silent
from askcorpus_ingest.readers.dispatch import read_file
from askcorpus_ingest.readers.html import MAIN_TEXT_DEPTH
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import Source
from askcorpus_ingest.report import Report
from askcorpus_ui.cli.commands import app
from askcorpus_ui.web.app import create_app
from corpora import document, open_, vector
from machine import peak_memory

STORY = "The bridge was closed on Friday. It will open in June."
TEXT = "date 2021-03 " + STORY


@pytest.fixture(autouse=True)
def no_test_hangs() -> Iterator[None]:
    """A file that never ends, or never begins, fails its test instead of stopping all of them."""

    def stop(*_: object) -> None:
        pytest.fail("it hangs")  # no Exception, which the code under test might take for the file's

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(200)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good document, which every run must take in."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "good.txt").write_text(TEXT)
    return tmp_path / "corpus"


@pytest.fixture
def store(tmp_path: Path, embeddings: SentenceEmbeddings) -> Iterator[Store]:
    with open_index(Settings(data=tmp_path / "data"), embeddings) as store:
        yield store


@pytest.fixture
def run(store: Store, embeddings: SentenceEmbeddings) -> Callable[..., Report]:
    def run(*paths: Path, max_file_mb: int = 1, **options: Any) -> Report:
        return ingest(paths, store, embeddings, Settings(max_file_mb=max_file_mb), **options)

    return run


def page_text(path: Path, page: str) -> str:
    path.write_text(page)
    (raw,) = read_file(path)
    assert isinstance(raw, RawRecord)
    return read_document(raw).document.text


def reasons(report: Report) -> dict[str, str]:
    """Why each file failed, by the file's name."""
    return {Path(failure.origin).name: failure.reason for failure in report.failed}


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("tags", ["<div>", "<b>", "<ul><li>", "<table><tr><td>", "<blockquote><section>", "<font>"])
def test_a_deeply_nested_page_is_read_whole(tmp_path: Path, tags: str) -> None:
    said = [f"Paragraph {n} says that the port of place{n} is closed." for n in range(600)]
    text = page_text(tmp_path / "a.html", "<html><body>" + "".join(f"{tags}<p>{one}" for one in said))
    assert [one for one in said if one not in text] == []


@pytest.mark.parametrize("depth", range(MAIN_TEXT_DEPTH - 4, MAIN_TEXT_DEPTH + 70, 6))
def test_a_page_is_read_whole_at_every_depth(tmp_path: Path, depth: int) -> None:
    bottom, last = "The port at the bottom is closed. " * 10, "These are the last words of the page. " * 10
    text = page_text(tmp_path / "a.html", f"{'<div>' * depth}<p>{bottom}</p>{'</div>' * depth}<p>{last}</p>")
    assert bottom.strip() in text
    assert last.strip() in text


@pytest.mark.parametrize("tag", ["<div>", "<b>", "<ul><li>", "<span>", "<no-such-tag>"])
def test_200_000_nested_tags_take_seconds(tmp_path: Path, tag: str) -> None:
    begun = time.monotonic()
    text = page_text(tmp_path / "a.html", f"<p>Above. {tag * 200_000}The port at the bottom is closed.")
    assert time.monotonic() - begun < 30
    assert text.split() == ["Above.", "The", "port", "at", "the", "bottom", "is", "closed."]


def test_a_page_of_one_very_long_text_is_read_whole(tmp_path: Path) -> None:
    """libxml2 takes a text of more than ten million characters for an attack."""
    text = page_text(tmp_path / "a.html", "<p>" + "word " * 2_100_000 + "end")
    assert len(text) == len("word ") * 2_100_000 + len("end")


# ── memory ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_splitting_a_long_text_holds_few_of_its_sentences() -> None:
    text = "Go on. We go. He left. " * 8_000
    long = Document(id="a", title="Long", text=text, language="en")
    held = peak_memory(lambda: deque(split_passages(long, 800), maxlen=0))
    assert held < 24_000 * 50  # a list of 24 000 spans takes three times as much


def test_cleaning_a_long_text_takes_a_few_times_its_memory() -> None:
    text = "ab \r\n" * 200_000
    assert peak_memory(lambda: clean_text(text)) < 4 * len(text)  # the list of its lines alone takes more


def test_writing_a_long_document_holds_few_of_its_passages(tmp_path: Path) -> None:
    long = document("long", "A word. " * 25_000)
    vectors = np.tile(vector("a sentence"), (1000, 1)).astype(np.float16)

    def stored() -> Iterator[StoredPassage]:
        for n in range(250):
            span = Span(n * 800, n * 800 + 799)
            passage = Passage(id=f"p{n}", document_id="long", text=long.text[slice(*span)], start=span[0], end=span[1])
            yield StoredPassage(passage, vector(f"{n}"), (span,) * 1000, vectors.copy())

    with open_(tmp_path / "data") as small, small.writer() as writer:
        written = peak_memory(lambda: writer.put(long, stored()))
        assert small.info().passages == 250
    assert written < 250 * vectors.nbytes


def test_a_document_that_fails_in_the_middle_is_not_written_at_all(tmp_path: Path) -> None:
    def broken() -> Iterator[StoredPassage]:
        span = Span(0, 7)
        passage = Passage(id="p", document_id="long", text="A word.", start=0, end=7)
        for n in range(150):
            yield StoredPassage(passage.model_copy(update={"id": f"p{n}"}), vector("a"), (span,), vector("b")[None])
        raise MemoryError

    with open_(tmp_path / "data") as small:
        with small.writer() as writer, pytest.raises(MemoryError):
            writer.put(document("long", "A word."), broken())
        assert small.info().documents == small.info().passages == 0


@pytest.mark.parametrize("name", ["large.txt", "large.md", "large.html"])
def test_a_file_that_is_too_large_is_reported_and_the_rest_goes_in(
    folder: Path, run: Callable[..., Report], name: str
) -> None:
    with (folder / name).open("wb") as file:
        file.write(b"The port is closed. ")
        file.truncate(1_000_001)
    report = run(folder)
    assert report.added == 1
    assert reasons(report) == {name: "is larger than 1 MB (the setting max_file_mb)"}


def test_a_line_that_is_too_large_is_reported_and_the_other_records_go_in(
    folder: Path, run: Callable[..., Report]
) -> None:
    lines = [{"text": "The first."}, {"text": "x " * 600_000}, {"text": "The third."}, {"text": "y" * 2_500_000}]
    for encoding, failed in (("utf-8", {"a.jsonl#L2", "a.jsonl#L4"}), ("utf-16", {"a.jsonl"})):
        (folder / "a.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding=encoding)
        report = run(folder, dry_run=True)
        assert reasons(report).keys() == failed
        assert all("is larger than 1 MB" in reason for reason in reasons(report).values())
        assert report.added == (3 if encoding == "utf-8" else 1)


def test_wrong_lines_without_end_are_summed_up(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "One."}\n' + "x\n" * 2500 + '{"text": "Two."}\n' + "x\n" * 500)
    found = list(read_file(path))
    assert [record.text for record in found if isinstance(record, RawRecord)] == ["One.", "Two."]
    assert len(found) == 2 + 1000 + 1
    assert found[-1] == Failure(path.as_posix(), "holds 2000 more lines that are no documents")
    path.write_text("x\n" * 2500)
    with pytest.raises(ReadError, match="holds no document in its 2500 lines: line 1 is not JSON"):
        list(read_file(path))


STARVED = """
import resource, sys
from pathlib import Path
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index.opening import open_index
from askcorpus.settings import Settings
from askcorpus_ingest.pipeline import ingest
folder, data = map(Path, sys.argv[1:])
settings, embeddings = Settings(data=data), SentenceEmbeddings()
with open_index(settings, embeddings) as store:
    ingest([folder / "good.txt"], store, embeddings, settings, dry_run=True)  # with all that this imports
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 100_000_000, -1))
    report = ingest([folder], store, embeddings, settings, dry_run=True)
print(report.added, *(f"{Path(failure.origin).name} {failure.reason}" for failure in report.failed), sep="\\n")
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux, to know what memory a process has")
def test_a_file_for_which_the_memory_does_not_suffice_is_reported_and_the_rest_goes_in(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "emoji.txt").write_text("The port is closed. " * 1_500_000 + "\U0001f6a2")  # takes 4 bytes a character
    (folder / "line.jsonl").write_text(
        json.dumps({"text": "One."})
        + '\n{"text": "'
        + "x" * 30_000_000
        + '\U0001f6a2"}\n'
        + json.dumps({"text": "Two."})
    )
    command = [sys.executable, "-c", STARVED, str(folder), str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.stdout.splitlines() == [
        "3",
        "emoji.txt is too large for the memory that is left",
        "line.jsonl#L2 line 2 is too large for the memory that is left",
    ], done.stderr


# ── names ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def odd_names(folder: Path) -> Path:
    """Beside the good document: a file and a folder whose names are Latin-1, and a record whose fields are no text."""
    named = folder / os.fsdecode(b"d\xe9p\xf4t")
    named.mkdir()
    (named / "a.txt").write_text("The ferry sailed.")
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text("The mine was flooded.")
    fields = {name: f"{name} \ud800" for name in ("id", "title", "source", "place", "date", "lang")}
    (folder / "a.jsonl").write_text(json.dumps(fields | {"text": "The train is late. \udfff"}))
    return folder


def test_names_that_are_not_utf8_are_read_and_shown_escaped(
    odd_names: Path, store: Store, run: Callable[..., Report]
) -> None:
    assert (report := run(odd_names)).added == 4 and not report.failed
    assert run(odd_names, prune=True).unchanged == 4
    origins = {Path(one.origin).relative_to(odd_names).as_posix(): one.text for one in store.documents()}
    assert origins == {
        "good.txt": STORY,
        "caf\\xe9.txt": "The mine was flooded.",
        "d\\xe9p\\xf4t/a.txt": "The ferry sailed.",
        "a.jsonl#id \\ud800": "The train is late. \ufffd",
    }
    for path in odd_names.rglob("*.txt"):
        path.unlink()
    assert (report := run(odd_names, prune=True)).removed == 3 and report.unchanged == 1


def test_a_folder_whose_own_name_is_not_utf8_can_be_pruned(odd_names: Path, run: Callable[..., Report]) -> None:
    (named,) = (path for path in odd_names.iterdir() if path.is_dir())
    assert run(named).added == 1
    (named / "a.txt").unlink()
    assert run(named, prune=True).removed == 1


def test_what_fails_under_such_a_name_is_reported_under_it(odd_names: Path, run: Callable[..., Report]) -> None:
    for path in odd_names.rglob("*.txt"):
        path.write_bytes(b"%PDF-1.7")
    failed = [failure.origin for failure in run(odd_names).failed]
    assert failed == [f"{odd_names}/caf\\xe9.txt", f"{odd_names}/d\\xe9p\\xf4t/a.txt", f"{odd_names}/good.txt"]


@pytest.mark.usefixtures("one_model")
def test_no_command_and_no_request_stumbles_over_such_a_name(
    odd_names: Path, run: Callable[..., Report], store: Store, embeddings: SentenceEmbeddings, tmp_path: Path
) -> None:
    missing = str(odd_names / "nowhere") + "\udce9"
    questions = Path(str(odd_names / "questions") + "\udce9.jsonl")
    questions.write_text('{"id": "q1", "question": "Who?"}')
    (odd_names / "bad").symlink_to(odd_names / "nowhere")
    (odd_names / "bad").rename(Path(str(odd_names / "bad") + "\udce9"))
    run(odd_names)
    store.close()

    def command(*arguments: str) -> str:
        result = CliRunner().invoke(app, [*arguments, "--data", str(tmp_path / "data")])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.stdout + result.stderr

    assert f"{odd_names}/bad\\xe9: is a link that leads nowhere" in command("ingest", str(odd_names))
    assert f"{odd_names}/questions\\xe9.jsonl passed over" in command("ingest", str(odd_names), "--json")
    assert f"{odd_names}/nowhere\\xe9 does not exist" in command("ingest", missing)
    listed = json.loads(command("docs", "list", "--json"))["documents"]
    assert len(listed) == 4
    for one in listed:
        assert json.loads(command("docs", "show", one["id"], "--json"))["origin"] == one["origin"]
        assert one["origin"] in command("docs", "show", one["id"])
    with Assistant(Settings(), open_index(Settings(data=tmp_path / "data"), embeddings), embeddings) as assistant:
        client = TestClient(create_app(assistant, Settings()), base_url="http://127.0.0.1")
        for one in listed:
            answer = client.get(f"/api/v1/documents/{one['id']}")
            assert (answer.status_code, json.loads(answer.content)["origin"]) == (200, one["origin"])


# ── what is no document ─────────────────────────────────────────────────────────────────────────────────────────────


def test_links_to_devices_and_into_proc_are_reported_and_never_read(folder: Path, run: Callable[..., Report]) -> None:
    links = {
        "environ.txt": "/proc/self/environ",
        "mem.txt": "/proc/self/mem",
        "proc": "/proc",
        "self": "/proc/self",
        "sys": "/sys",
        "zero.txt": "/dev/zero",
        "tty": "/dev/tty",
    }
    for name, target in links.items():
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(folder)  # the path of a socket must be short
        listener.bind("socket.txt")
    report = run(folder)
    in_proc, in_sys = "lies in /proc, where no documents are", "lies in /sys, where no documents are"
    assert report.added == 1
    assert reasons(report) == {
        **dict.fromkeys(("environ.txt", "mem.txt", "proc", "self"), in_proc),
        "sys": in_sys,
        **dict.fromkeys(("zero.txt", "tty", "pipe.txt", "socket.txt"), "is neither a file nor a folder"),
    }


def test_a_pipe_that_takes_a_files_place_is_not_waited_for(tmp_path: Path) -> None:
    for name in ("a.txt", "a.html", "a.jsonl"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(ReadError, match=r"^is no ordinary file$"):
            list(read_file(tmp_path / name))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs a file that holds more than its size says")
def test_of_a_file_that_holds_more_than_its_size_says_nothing_is_taken() -> None:
    with pytest.raises(ReadError, match="changed while it was read"):
        Source(Path(f"/proc/{os.getpid()}/status"), 1).content()


EXCHANGED = "was exchanged for something else after it was found"


@pytest.mark.parametrize("name", ["secret.txt", "secret.html"])
def test_a_link_that_takes_the_place_of_a_file_or_of_a_folder_above_it_is_not_followed(
    folder: Path, tmp_path: Path, run: Callable[..., Report], name: str
) -> None:
    """Who may write where documents are would have read, and shown, whatever the user that ingests may read."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / name).write_text("<p>The password is swordfish.")
    for one in ("a", "b"):
        (folder / one).mkdir()
        (folder / one / name).write_text("<p>The port is closed.")

    def meddle(path: Path) -> None:
        if path == folder / "a" / name:
            path.unlink()
            path.symlink_to(outside / name)
        if path == folder / "b" / name:
            path.parent.rename(folder / "c")
            path.parent.symlink_to(outside)

    report = run(folder, progress=Meddling(meddle))
    assert report.added == 1
    assert [failure.reason for failure in report.failed] == [EXCHANGED, EXCHANGED]


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.jsonl", "a.csv", "a.pdf", "a.zip", "a.eml"])
def test_no_reader_follows_a_link(tmp_path: Path, name: str) -> None:
    (tmp_path / "real").write_text("The password is swordfish.")
    (tmp_path / name).symlink_to(tmp_path / "real")
    with pytest.raises(ReadError, match=EXCHANGED):
        list(read_file(tmp_path / name))


# ── what changes, and what is locked ────────────────────────────────────────────────────────────────────────────────


class Meddling(Silent):
    """Does something to each file just before it is read."""

    def __init__(self, deed: Callable[[Path], None]) -> None:
        self.deed = deed

    def file(self, path: Path) -> None:
        self.deed(path)


def test_files_that_vanish_or_become_something_else_do_not_stop_the_run(
    folder: Path, run: Callable[..., Report]
) -> None:
    for name in ("gone.txt", "pipe.txt", "folder.txt", "huge.txt", "records.jsonl"):
        (folder / name).write_text('{"text": "The port is closed."}')

    def meddle(path: Path) -> None:
        if path.name == "huge.txt":
            os.truncate(path, 10**12)
            return
        if path.name != "good.txt":
            path.unlink()
        if path.name == "pipe.txt":
            os.mkfifo(path)
        if path.name == "folder.txt":
            path.mkdir()

    report = run(folder, progress=Meddling(meddle))
    assert report.added == 1
    assert reasons(report) == {
        "folder.txt": "cannot be read: Is a directory",
        "gone.txt": "cannot be read: No such file or directory",
        "huge.txt": "is larger than 1 MB (the setting max_file_mb)",
        "pipe.txt": "is no ordinary file",
        "records.jsonl": "cannot be read: No such file or directory",
    }


def test_a_file_that_grows_while_it_is_read_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "One."}\n{"text": "Two."}\n')
    found: list[RawRecord | Failure] = []
    for record in read_file(path):
        found.append(record)
        with path.open("a") as file:
            file.write('{"text": "More."}\n')
        assert len(found) < 100
    assert [record.text for record in found if isinstance(record, RawRecord)] == ["One.", "Two."]


def test_folders_nested_without_end_are_reported_where_the_system_ends(
    folder: Path, run: Callable[..., Report]
) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1500):  # a path of 4500 characters, and more folders than Python calls functions
        os.mkdir("dd", dir_fd=here)
        here, above = os.open("dd", os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(here)
    try:
        report = run(folder)
    finally:
        subprocess.run(["rm", "-rf", str(folder / "dd")], check=True)  # shutil calls itself too deep
    assert report.added == 1
    assert [failure.reason for failure in report.failed] == ["cannot be opened: File name too long"]


def test_a_name_as_long_as_the_system_allows_and_one_longer(folder: Path, run: Callable[..., Report]) -> None:
    (folder / ("n" * 251 + ".txt")).write_text("The port is closed.")
    assert (report := run(folder)).added == 2 and not report.failed
    with pytest.raises(UsageError, match="cannot be opened: File name too long"):
        check_paths([folder / ("n" * 300)])


def test_locked_files_and_folders_do_not_stop_the_run(folder: Path, tmp_path: Path) -> None:
    """In a process to which permissions apply even where root runs the tests."""
    for name, mode in {"closed": 0, "listed": 0o400, "entered": 0o100}.items():
        (folder / name).mkdir()
        (folder / name / "a.txt").write_text("The port is closed.")
        (folder / name).chmod(mode)
    (folder / "locked.txt").write_text("The port is closed.")
    (folder / "locked.txt").chmod(0)
    (folder / "link.txt").symlink_to(folder / "listed" / "a.txt")
    command = [
        sys.executable,
        "-m",
        "askcorpus_ui.cli",
        "ingest",
        str(folder),
        "--dry-run",
        "--data",
        str(tmp_path / "d"),
    ]
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    for name in ("closed", "listed", "entered"):
        (folder / name).chmod(0o700)
    denied = {"closed", "entered", "link.txt", "listed/a.txt"}
    assert done.stderr.splitlines() == [
        f"askcorpus: not ingested: {folder}/{name}: cannot be opened: Permission denied" for name in sorted(denied)
    ] + [f"askcorpus: not ingested: {folder}/locked.txt: cannot be read: Permission denied"]
    assert done.stdout == "1 added, 0 changed, 0 unchanged, 0 removed, 5 failed, 0 skipped (dry run)\n"


def test_a_file_that_vanishes_while_folders_are_listed_is_no_link(folder: Path) -> None:
    found = find_files([folder])
    (folder / "later").mkdir()
    (folder / "later" / "a.txt").write_text("The port is closed.")
    assert isinstance(next(found), SourceFile)  # "later" is listed by now
    (folder / "later" / "a.txt").unlink()
    (folder / "later").rmdir()
    assert list(found) == [Failure(f"{folder}/later", "cannot be opened: No such file or directory")]
