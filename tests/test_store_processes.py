"""Several processes on one folder, killed ones, and folders that refuse to be written."""

import logging
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from askcorpus.errors import Busy
from askcorpus.text.words import words
from corpora import assert_exact, book, document, fill, many, open_, vector
from disks import SmallDisk, small_disk
from looking import look

TESTS = Path(__file__).parent
QUERIES = [vector(f"question {n}") for n in range(5)]


def start(script: str, *args: object) -> subprocess.Popen[str]:
    """A Python process that runs ``script`` with the helpers imported."""
    head = "import sys; from pathlib import Path; from corpora import *; from askcorpus.errors import *\n"
    return subprocess.Popen(
        [sys.executable, "-u", "-c", head + textwrap.dedent(script), *map(str, args)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(script: str, *args: object) -> str:
    process = start(script, *args)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


ENDLESS_WRITER = """
    store = open_(Path(sys.argv[1]))
    print("ready")
    with store.writer() as writer:
        for n in range(10_000):
            put(writer, document(f"w{n}", f"Word{n} is here. " * 5, origin=f"slot{n % 7}"))
            print(n)
"""


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_writer_leaves_whole_documents(folder: Path, seed: int) -> None:
    with open_(folder) as store:
        fill(store, *many(20))
    process = start(ENDLESS_WRITER, folder)
    wanted = random.Random(seed).randint(3, 40)
    written = -1
    assert process.stdout
    for line in process.stdout:
        written = int(line) if line.strip().isdigit() else -1
        if written == wanted:
            break
    time.sleep(random.Random(seed).random() * 0.02)
    process.kill()
    written += sum(line.strip().isdigit() for line in process.stdout)
    process.communicate()
    with open_(folder) as store:
        last = {found.id for found in store.documents() if found.id.startswith("w")}
        acknowledged = {f"w{n}" for n in range(max(0, written - 6), written + 1)}
        one_more = {f"w{n}" for n in range(max(0, written - 5), written + 2)}
        assert last in (acknowledged, one_more)
        assert all(check.ok for check in store.check(deep=True))
        for name in last:
            assert look(store).lexical(words(f"word{name[1:]}"), 1)
        assert_exact(store, QUERIES)
        fill(store, document("after"))  # the lock died with its holder
        assert_exact(store, QUERIES)


@pytest.mark.parametrize("delay", [0.4, 0.8, 1.2, 1.6])
def test_a_process_killed_while_chroma_writes_costs_nothing(folder: Path, delay: float) -> None:
    with open_(folder) as store:
        fill(store, *many(5))
    process = start(
        """
        store = open_(Path(sys.argv[1]))
        with store.writer() as writer:
            put(writer, book("b", 4000))
            print("written")
        print("done")
        """,
        folder,
    )
    assert process.stdout and process.stdout.readline().strip() == "written"
    time.sleep(delay)
    process.kill()
    process.communicate()
    with open_(folder) as store:
        assert store.info().passages == 4015
        assert_exact(store, QUERIES)
        with store.writer():
            pass
        assert store.check()[-1].detail == "4015 passages"
        assert_exact(store, QUERIES)


@pytest.fixture
def killed_before_its_note(folder: Path) -> Path:
    """A data folder whose last writer was killed when Chroma had the new passage, before that was noted."""
    with open_(folder) as store:
        fill(store, *many(20))
    process = start(
        """
        import os, signal
        from askcorpus.index.chroma import ChromaIndex
        store = open_(Path(sys.argv[1]))
        ChromaIndex._remember = lambda self, held: os.kill(os.getpid(), signal.SIGKILL)
        fill(store, document("late"))
        """,
        folder,
    )
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    return folder


def test_a_kill_between_chroma_and_its_note_is_mended_by_whoever_looks(killed_before_its_note: Path) -> None:
    with open_(killed_before_its_note) as store:
        assert store.count() == 21
        assert_exact(store, QUERIES)
        assert [check for check in store.check() if not check.ok] == []
        assert store.check()[-1].detail == "61 passages"


def test_what_was_being_written_when_its_writer_was_killed_is_not_read_again(killed_before_its_note: Path) -> None:
    """Chroma's library may take down whoever reads it, so it is made anew: garbage in its files does no harm."""
    assert len(list(killed_before_its_note.rglob("opening"))) == 1
    for file in killed_before_its_note.rglob("*.bin"):
        file.write_bytes(b"\xff" * file.stat().st_size)

    with open_(killed_before_its_note) as store:
        with store.writer():
            pass
        assert store.check()[-1] == ("vector index", True, "61 passages")
        assert_exact(store, QUERIES)
    assert list(killed_before_its_note.rglob("opening")) == []


def test_a_kill_between_chroma_and_its_note_is_mended_by_the_next_run(
    killed_before_its_note: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_(killed_before_its_note) as store, store.writer():
        pass
    with open_(killed_before_its_note) as store, caplog.at_level(logging.WARNING):
        caplog.clear()
        assert store.check()[-1] == ("vector index", True, "61 passages")
    assert caplog.records == []  # there was nothing left to mend


def test_a_store_sees_what_another_process_ingests(folder: Path) -> None:
    with open_(folder) as store:
        fill(store, *many(50))
        assert_exact(store, QUERIES)
        for step in range(3):
            before = store.generation()
            run(
                """
                step = sys.argv[2]
                with open_(Path(sys.argv[1])) as store, store.writer() as writer:
                    put(writer, document(f"new{step}", f"Zebra{step} came.", language="xx", date=f"203{step}"))
                    writer.remove([f"d{step}"])
                """,
                folder,
                step,
            )
            assert store.generation() > before
            assert store.documents(limit=1)[0].id == f"new{step}"
            assert store.document(f"d{step}") is None
            [(found, _)] = look(store).lexical([f"zebra{step}"], 5)
            assert found in dict(look(store).dense(QUERIES[0], 500))
            assert_exact(store, QUERIES)
        assert store.facets().languages["xx"] == 3


def test_a_second_process_may_not_write_but_read(folder: Path) -> None:
    with open_(folder) as store, store.writer():
        fill_script = """
            with open_(Path(sys.argv[1])) as store:
                print(store.count())
                try:
                    fill(store, document("b"))
                except Busy as exc:
                    print(exc.exit_code)
        """
        assert run(fill_script, folder).split() == ["0", "5"]


def test_the_lock_of_a_killed_process_is_free(folder: Path) -> None:
    process = start(
        """
        with open_(Path(sys.argv[1])).writer():
            print("locked")
            sys.stdin.read()
            import time; time.sleep(60)
        """,
        folder,
    )
    assert process.stdout and process.stdout.readline().strip() == "locked"
    with open_(folder) as store:
        with pytest.raises(Busy), store.writer():
            pass
        process.send_signal(signal.SIGKILL)
        process.communicate()
        fill(store, document("a"))
        assert store.count() == 1


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("log", [False, True], ids=["closed", "in use"])
def test_a_folder_that_may_only_be_read(tmp_path: Path, folder: Path, log: bool) -> None:
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == os.getuid() and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    with open_(folder) as store:
        fill(store, *many(20), document("new", "A zebra."))
    folder.chmod(0o755)  # its owner lets others read it
    held = ExitStack()
    if log:
        fill(held.enter_context(open_(folder)), document("later", "A giraffe."))
    assert (folder / "catalog.sqlite3-wal").exists() == log
    out = run(
        """
        import os
        import askcorpus.index.lexical
        folder = Path(sys.argv[1])
        os.setuid(65534)
        with open_(folder) as store:
            now = look(store)
            print(store.count(), len(now.lexical(["zebra", "giraffe"], 5)), len(now.dense(vector("q"), 100)))
            try:
                fill(store, document("b"))
            except StorageError as exc:
                print(exc.message)
        """,
        folder,
    ).splitlines()
    held.close()
    count = 22 if log else 21
    assert out == [f"{count} {2 if log else 1} {60 + count - 20}", f"The data folder {folder} is read-only."]


def test_a_full_disk_loses_nothing(folder: Path) -> None:
    """The kernel refuses to let any file grow beyond a limit, in the middle of the writing."""
    with open_(folder) as store:
        fill(store, *many(20))
    out = run(
        """
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        store = open_(Path(sys.argv[1]))
        size = (store.folder / "catalog.sqlite3").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200_000, size + 200_000))
        done = 0
        try:
            with store.writer() as writer:
                for n in range(1000):
                    put(writer, book(f"b{n}", 50))
                    done += 1
        except StorageError as exc:
            print(done, store.count(), exc.exit_code)
        """,
        folder,
    )
    done, seen, code = map(int, out.split())
    assert 0 < done < 1000
    assert (seen, code) == (20 + done, 6)
    with open_(folder) as store:
        assert store.count() == 20 + done
        assert all(check.ok for check in store.check(deep=True))
        fill(store, document("after"))
        assert_exact(store, QUERIES)


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(6) as disk:
        yield disk


def test_a_small_disk_says_that_it_is_full(disk: SmallDisk) -> None:
    out = run(
        """
        store = open_(Path(sys.argv[1]) / "data")
        done = 0
        try:
            with store.writer() as writer:
                for n in range(1000):
                    put(writer, book(f"b{n}", 50))
                    done += 1
        except StorageError as exc:
            print(done, exc.message)
        """,
        disk.place,
    )
    done, message = out.split(maxsplit=1)
    assert "no room left" in message
    with open_(disk.place / "data") as store:
        assert store.count() == int(done)
        assert [check.ok for check in store.check(deep=True)][:2] == [True, True]  # Chroma may find no room
        assert_exact(store, QUERIES)
        assert book("b0", 50) in store.documents()


FULL_REBUILD = """
    try:
        with open_(Path(sys.argv[1]) / "data") as store:
            store.rebuild()
    except StorageError as exc:
        print(exc.exit_code, exc)
"""


@pytest.mark.parametrize("left", [0, 100_000, 400_000])
def test_a_rebuild_on_a_full_disk_is_one_line_and_loses_nothing(disk: SmallDisk, left: int) -> None:
    """There is room for nothing, for a little of the lexical index, or for all of that and too little of Chroma."""
    with open_(disk.place / "data") as store:
        fill(store, *(book(f"b{n}", 150) for n in range(10)))
    disk.fill(left)
    process = start(FULL_REBUILD, disk.place)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("6 "), out
    assert out.count("\n") == 1
    assert "Free some space" in out
    disk.clear()
    with open_(disk.place / "data") as store:
        assert store.count() == 10
        assert_exact(store, QUERIES)
        store.rebuild()
        assert all(check.ok for check in store.check(deep=True))
        assert store.check()[-1].detail == "1500 passages"
