"""Ingest by a Ray cluster: the same catalog as by this process, whatever is lost on the way."""

import os
import pickle
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import StorageError, UsageError
from askcorpus.index.opening import open_index
from askcorpus.index.store import content_hash
from askcorpus.settings import Settings
from askcorpus_ingest import ray_engine
from askcorpus_ingest.engine import BATCH_PASSAGES, Prepared, Wanted, digest
from askcorpus_ingest.pipeline import Report, ingest
from askcorpus_ingest.progress import Silent
from askcorpus_ingest.ray_engine import RayEngine
from askcorpus_ingest.ray_steps import FILE, ROW, Begin, Embed, End, LongDocument, Message, More, Read, Recipe, Refused
from ray_cluster import RayCluster, ray_cluster

NAMES = ("ferry", "bridge", "harbour", "market", "school", "tower", "garden", "station")


@pytest.fixture(scope="module")
def needs_ray() -> None:
    if find_spec("ray") is None:
        message = "Ray is not installed (pip install 'askcorpus[ray]')"
        if os.environ.get("REQUIRE_RAY"):
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    """A head and two machines."""
    request.getfixturevalue("needs_ray")
    with ray_cluster(tmp_path_factory.mktemp("ray")) as cluster:
        yield cluster


@pytest.fixture
def joined(cluster: RayCluster, monkeypatch: pytest.MonkeyPatch) -> RayCluster:
    """The cluster, as the one that the environment names."""
    for name, value in cluster.environment.items():
        monkeypatch.setenv(name, value)
    return cluster


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A little of all that files are: with records and none, told of in a table, twice the same, long, broken."""
    monkeypatch.setattr("askcorpus_ingest.files.FRESH_SECONDS", 0)
    folder = tmp_path / "files"
    (folder / "sub").mkdir(parents=True)
    for number, name in enumerate(NAMES):
        (folder / f"{name}.txt").write_text(story(name, 3 + number))
    (folder / "twin.md").write_text(story("ferry", 3))
    (folder / "long.txt").write_text(story("archive", 3 * BATCH_PASSAGES))
    (folder / "sub" / "page.html").write_text("<html><body><p>The lighthouse burned in 1911.</p></body></html>")
    (folder / "sub" / "metadata.csv").write_text("file,title,date\npage.html,The lighthouse,1911-05-02\n")
    records = [f'{{"id": "r{n}", "title": "Record {n}", "text": "{story(f"mill {n}", 4)}"}}' for n in range(9)]
    (folder / "records.jsonl").write_text("\n".join([*records, "not JSON", records[0]]))
    (folder / "questions.jsonl").write_text('{"question": "Who built the ferry?"}\n')
    (folder / "broken.docx").write_bytes(b"PK\x03\x04 and no more")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def story(name: str, sentences: int) -> str:
    return " ".join(
        f"In year {1900 + n} the {name} was repaired again, at a cost of {n * 7} marks." for n in range(sentences)
    )


class Watching(Silent):
    """Does something once, as soon as anything has its vectors."""

    def __init__(self, do: Callable[[], object]) -> None:
        self._do: Callable[[], object] | None = do

    def embedded(self, passages: int) -> None:
        do, self._do = self._do, None
        if do:
            do()


def run(data: Path, files: Path, embeddings: SentenceEmbeddings, engine: str, do: Callable[[], object] = int) -> Report:
    settings = Settings(data=data, engine=engine, passage_chars=100)
    with open_index(settings, embeddings) as store:
        return ingest([files], store, embeddings, settings, progress=Watching(do))


def catalog(data: Path, *tables: str) -> dict[str, list[Any]]:
    """All that the catalog holds, every byte of it in its order, but for its identity and its generation, a time."""
    with sqlite3.connect(data / "catalog.sqlite3") as file:
        names = tables or [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: list(file.execute(f"SELECT * FROM {name}")) for name in names}
    return {name: [row for row in found if not {"identity", "generation"} & {*row}] for name, found in rows.items()}


def stop() -> None:
    raise KeyboardInterrupt


# --- a cluster ---


@pytest.mark.usefixtures("needs_ray")
def test_a_cluster_makes_the_same_catalog_as_this_process(
    files: Path,
    tmp_path: Path,
    embeddings: SentenceEmbeddings,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    local, ray = tmp_path / "local", tmp_path / "by-ray"
    heard: list[str] = []
    monkeypatch.delenv("RAY_ADDRESS", raising=False)

    reports = [
        run(local, files, embeddings, "local"),
        run(ray, files, embeddings, "ray", do=lambda: heard.extend(listening(os.getpid()))),
    ]

    assert reports[0] == reports[1]
    assert reports[0].added == 20 and len(reports[0].failed) == 3
    assert catalog(local) == catalog(ray)
    # It was started for this run, on this machine, and nobody else could reach it.
    assert heard and not [address for address in heard if address not in LOOPBACK]
    assert listening(os.getpid()) == []

    request.getfixturevalue("joined")
    (files / "bridge.txt").rename(files / "sub" / "bridge.txt")
    (files / "market.txt").write_text(story("market", 9))
    (files / "records.jsonl").write_text((files / "records.jsonl").read_text().replace("mill 4", "windmill"))
    reports = [run(local, files, embeddings, "local"), run(ray, files, embeddings, "ray")]

    assert reports[0] == reports[1]
    assert (reports[0].added, reports[0].changed, reports[0].moved) == (0, 2, 1)
    assert catalog(local) == catalog(ray)


def test_a_stopped_run_goes_on_and_a_lost_machine_costs_nothing(
    joined: RayCluster, files: Path, tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    run(tmp_path / "local", files, embeddings, "local")

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "by-ray", files, embeddings, "ray", do=stop)
    joined.add_machine()
    report = run(tmp_path / "by-ray", files, embeddings, "ray", do=joined.lose_machine)

    assert report.added + report.unchanged == 20
    for table in ("documents", "passages", "vectors", "sentences"):
        assert catalog(tmp_path / "local", table) == catalog(tmp_path / "by-ray", table)


@pytest.mark.usefixtures("joined")
def test_workers_of_another_version_are_refused(
    files: Path, tmp_path: Path, embeddings: SentenceEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_engine, "version", lambda _: "9.9")

    with pytest.raises(UsageError, match=r"^The Ray worker at \S+ has askcorpus \S+, and here is 9\.9\. Install"):
        run(tmp_path / "index", files, embeddings, "ray")


@pytest.mark.usefixtures("needs_ray")
def test_a_lost_head_is_told_and_what_was_committed_stays(
    files: Path, tmp_path: Path, embeddings: SentenceEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "2")
    (tmp_path / "ray").mkdir()
    with ray_cluster(tmp_path / "ray", machines=1) as cluster:
        for name, value in cluster.environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(StorageError, match=r"^The Ray cluster at \S+ was lost\. What was committed stays\."):
            run(tmp_path / "index", files, embeddings, "ray", do=cluster.lose_head)

    report = run(tmp_path / "index", files, embeddings, "local")

    assert report.unchanged > 0 and report.added + report.unchanged == 20
    run(tmp_path / "whole", files, embeddings, "local")
    for table in ("documents", "passages", "vectors", "sentences"):
        assert catalog(tmp_path / "index", table) == catalog(tmp_path / "whole", table)


LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def listening(process: int) -> list[str]:
    """The addresses at which the processes that descend from one listen, as the kernel writes them."""
    sockets = {link for one in descendants(process) for link in links(one)}
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            local, state, inode = (line.split()[column] for column in (1, 3, 9))
            if state == "0A" and f"socket:[{inode}]" in sockets:
                found.append(local.partition(":")[0])
    return found


def descendants(process: int) -> list[int]:
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [process]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def links(process: int) -> list[str]:
    found = []
    for path in Path(f"/proc/{process}/fd").glob("*"):
        try:
            found.append(str(path.readlink()))
        except OSError:
            continue
    return found


# --- the steps, which need no cluster ---


def recipe(embeddings: SentenceEmbeddings) -> Recipe:
    return Recipe(50, {}, 100, {}, version("askcorpus"), embeddings.fingerprint)


def read(step: Read, *wanted: Wanted) -> list[list[Message]]:
    files = [pickle.dumps((number, one)) for number, one in enumerate(wanted)]
    return [pickle.loads(row) for batch in step({FILE: files}) for row in batch[ROW]]


def want(path: Path, sha256: str = "", known: frozenset[bytes] = frozenset()) -> Wanted:
    return Wanted(path, {}, sha256, known)


def test_a_row_has_no_more_than_a_batch_of_passages_however_long_a_document_is(
    files: Path, embeddings: SentenceEmbeddings
) -> None:
    rows = read(Read(recipe(embeddings)), want(files / "long.txt"), want(files / "ferry.txt"))

    passages = [
        len(list(one.prepared.pieces or ())) if isinstance(one, LongDocument) else len(one.pieces)
        for row in rows
        for one in row
        if isinstance(one, LongDocument | More)
    ]
    assert passages == [BATCH_PASSAGES] * 3
    assert [type(one) for one in rows[-1]] == [End, Begin, Prepared, End]
    assert len(rows) == 4


def test_what_is_known_is_neither_read_nor_embedded(files: Path, embeddings: SentenceEmbeddings) -> None:
    step = Read(recipe(embeddings))
    ((begin, document, _),) = read(step, want(files / "ferry.txt"))
    assert isinstance(begin, Begin) and isinstance(document, Prepared) and document.pieces
    known = digest(document.document.origin, document.document.id, content_hash(document.document))

    assert read(step, want(files / "ferry.txt", begin.sha256))[0][1:] == [End(read=False)]
    assert read(step, want(files / "ferry.txt", known=frozenset([known])))[0][1] == document._replace(pieces=None)
    moved = Read(recipe(embeddings)._replace(moved=frozenset([begin.sha256])))
    assert read(moved, want(files / "ferry.txt"))[0][1:] == [End(read=False)]
    assert read(step, want(files / "questions.jsonl"))[0][1:] == [End(read=False)]


def test_a_file_that_ends_its_reader_is_named_and_those_after_it_are_read(
    files: Path, embeddings: SentenceEmbeddings
) -> None:
    step, page = Read(recipe(embeddings)), files / "sub" / "page.html"
    assert [type(one) for one in read(step, want(page))[0]] == [Begin, Prepared, End]
    process = step._engine._reader._process
    assert process
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    ((_, first, _, second, third),) = read(step, want(page), want(page))

    assert first == End(True, "needs more memory than there is to read it")
    assert isinstance(second, Prepared) and third == End(read=True)


def test_a_worker_with_another_model_is_refused(embeddings: SentenceEmbeddings, tmp_path: Path) -> None:
    other = recipe(embeddings)._replace(fingerprint="another")
    missing = recipe(embeddings)._replace(model={"name": str(tmp_path / "none")})

    for made, reason in ((other, "has another model: "), (missing, "There is no model folder")):
        ((row,),) = (batch[ROW] for batch in Embed(made)({ROW: [pickle.dumps([])]}))
        ((refused),) = pickle.loads(row)
        assert isinstance(refused, Refused) and reason in refused.message


def test_a_worker_that_does_not_see_the_files_is_told_by_its_name(files: Path) -> None:
    engine = RayEngine(Settings())
    path = files / "ferry.txt"
    engine._numbers = {path: 0}
    engine._row.append(Begin(0, "", "cannot be read: No such file or directory", None, "node-7"))

    with pytest.raises(UsageError, match=r"^The Ray worker at node-7 does not see \S+ferry\.txt\. Workers read"):
        engine.sha256(path)


def test_ray_is_imported_by_nobody_but_its_driver() -> None:
    code = (
        "import sys, askcorpus_ui.cli.commands, askcorpus_ingest.pipeline, askcorpus_ingest.ray_engine;"
        "print([name for name in sys.modules if name.partition('.')[0] in ('ray', 'pyarrow')])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert found.stdout.strip() == "[]"
