"""Ingest by a Ray cluster: the same catalog as by this process, whatever is lost on the way."""

import os
import pickle
import signal
import sqlite3
from collections.abc import Callable, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import pytest

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import ReadError, StorageError, UsageError
from askcorpus.index.opening import open_index
from askcorpus.index.store import content_hash
from askcorpus.settings import Settings
from askcorpus_ingest.engine import BATCH_PASSAGES, Prepared, Wanted, digest
from askcorpus_ingest.pipeline import ingest
from askcorpus_ingest.progress import Silent
from askcorpus_ingest.ray_engine import RayEngine
from askcorpus_ingest.ray_steps import FILE, ROW, Begin, Embed, End, LongDocument, Message, More, Read, Recipe, Refused
from askcorpus_ingest.report import Report
from ray_cluster import RayCluster, ray_cluster

NAMES = ("ferry", "bridge", "harbour", "market", "school", "tower", "garden", "station")


@pytest.fixture(scope="module")
def needs_ray() -> None:
    if find_spec("ray") is None:
        message = "Ray is not installed (pip install 'askcorpus[ray]')"
        if os.environ.get("REQUIRE_RAY"):
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture
def cluster(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[RayCluster]:
    """A head and two machines, as the cluster that the environment names, in a folder whose name is short: a socket's
    whole path has 107 bytes at most, and Ray's lie deep."""
    request.getfixturevalue("needs_ray")
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "2")
    with (
        TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder,
        ray_cluster(Path(folder)) as cluster,
    ):
        for name, value in cluster.environment.items():
            monkeypatch.setenv(name, value)
        yield cluster


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


def test_a_cluster_makes_the_same_catalog_as_this_process_though_a_machine_is_lost(
    cluster: RayCluster, files: Path, tmp_path: Path, embeddings: SentenceEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    local, ray = tmp_path / "local", tmp_path / "by-ray"

    reports = [run(local, files, embeddings, "local"), run(ray, files, embeddings, "ray", do=cluster.lose_machine)]

    assert reports[0] == reports[1]
    assert reports[0].added == 20 and len(reports[0].failed) == 3
    assert catalog(local) == catalog(ray)

    (files / "bridge.txt").rename(files / "sub" / "bridge.txt")
    (files / "market.txt").write_text(story("market", 9))
    (files / "records.jsonl").write_text((files / "records.jsonl").read_text().replace("mill 4", "windmill"))
    monkeypatch.setenv("RAY_ADDRESS", "")
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    heard: list[str] = []
    modes: list[int] = []
    earlier = clusters_folders()

    def look() -> None:
        heard.extend(listening(os.getpid()))
        modes.extend(path.stat().st_mode & 0o777 for path in clusters_folders() - earlier)

    reports = [run(local, files, embeddings, "local"), run(ray, files, embeddings, "ray", do=look)]

    assert reports[0] == reports[1]
    assert (reports[0].added, reports[0].changed, reports[0].moved) == (0, 2, 1)
    assert catalog(local) == catalog(ray)
    # This cluster was started for the run, on this machine, nobody else could reach it, and it leaves no token.
    assert heard and not [address for address in heard if address not in LOOPBACK]
    assert modes == [0o700]
    assert not (tmp_path / "home" / ".ray").exists()


def test_after_a_stop_and_a_lost_head_the_next_run_goes_on(
    cluster: RayCluster, files: Path, tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "by-ray", files, embeddings, "ray", do=stop)
    before = count(tmp_path / "by-ray", embeddings)
    with pytest.raises(StorageError, match=r"^The Ray cluster at \S+ was lost\. What was committed stays\."):
        run(tmp_path / "by-ray", files, embeddings, "ray", do=cluster.lose_head)

    report = run(tmp_path / "by-ray", files, embeddings, "local")

    assert report.unchanged >= before and report.added + report.unchanged == 20
    run(tmp_path / "local", files, embeddings, "local")
    for table in ("documents", "passages", "vectors", "sentences"):
        assert catalog(tmp_path / "local", table) == catalog(tmp_path / "by-ray", table)


def count(data: Path, embeddings: SentenceEmbeddings) -> int:
    with open_index(Settings(data=data, passage_chars=100), embeddings) as store:
        return store.count()


@pytest.mark.usefixtures("needs_ray")
@pytest.mark.parametrize(
    ("address", "reason"), [("127.0.0.1:9", "Connection refused"), ("ray://127.0.0.1:9", "client")]
)
def test_a_cluster_that_is_not_there_is_told_at_once(
    files: Path,
    tmp_path: Path,
    embeddings: SentenceEmbeddings,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    reason: str,
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)

    with pytest.raises(UsageError, match=rf"^Ray cannot be reached: .*{reason}.*\. See that RAY_ADDRESS names"):
        run(tmp_path / "index", files, embeddings, "ray")


def clusters_folders() -> set[Path]:
    """Where the files of clusters lie that were started for a run."""
    return set(Path(gettempdir()).glob("askcorpus-*"))


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

    assert isinstance(first, End) and str(first.error) == "needs more memory than there is to read it"
    assert isinstance(second, Prepared) and third == End(read=True)


def test_a_worker_of_another_version_is_refused(files: Path, embeddings: SentenceEmbeddings) -> None:
    other, path = recipe(embeddings)._replace(version="9.9"), files / "ferry.txt"

    (((refused),),) = read(Read(other), want(path))
    assert isinstance(refused, Refused)
    engine = RayEngine(Settings())
    engine._numbers = {path: 0}
    engine._row.append(refused)
    with pytest.raises(UsageError, match=r"^The Ray worker at \S+ has askcorpus \S+, and here is 9\.9\. Install"):
        engine.sha256(path)


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
    engine._row.append(Begin(0, "", ReadError("cannot be read: No such file or directory"), None, "node-7"))

    with pytest.raises(UsageError, match=r"^The Ray worker at node-7 does not see \S+ferry\.txt\. Workers read"):
        engine.sha256(path)
    engine._row.append(Begin(0, "0" * 64, None, path.stat().st_size + 1, "node-7"))
    with pytest.raises(ReadError, match="changed while it was read"):
        engine.sha256(path)
