"""A server whose data folder goes, or holds nothing, says so at every door and makes nothing."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import takewhile
from pathlib import Path

import httpx
import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import StorageError
from askcorpus.index.opening import open_index
from askcorpus.settings import read_settings
from asking import READER
from corpora import document, fill, many, open_
from machine import free_port
from serving import QUESTION, real_assistant, serving, wait_for_models


def ready(address: str) -> tuple[int, str]:
    """The status of ``/ready``, and the details of what fails."""
    response = httpx.get(f"{address}/ready")
    return response.status_code, " ".join(check["detail"] for check in response.json()["checks"] if not check["ok"])


@pytest.mark.parametrize("emptied", [False, True], ids=["deleted", "emptied"])
def test_a_folder_that_goes_under_a_running_server(
    tmp_path: Path, embeddings: SentenceEmbeddings, emptied: bool
) -> None:
    data = tmp_path / "index"
    with real_assistant(tmp_path, embeddings) as assistant, serving(assistant) as address:
        ask = f"{address}/api/v1/ask"
        wait_for_models(address)
        assert ready(address) == (200, "")
        assert httpx.post(ask, json={"question": QUESTION}, timeout=60).json()["answerable"]
        shutil.rmtree(data)
        if emptied:
            data.mkdir()
        status, detail = ready(address)
        assert (status, f"There is no index in {data}." in detail) == (503, True)
        for path, body in ((ask, {"question": QUESTION}), (f"{address}/api/v1/search", {"query": "harbour"})):
            response = httpx.post(path, json=body, timeout=60)
            assert (response.status_code, response.json()["code"]) == (409, "NothingIngested")
        assert data.exists() == emptied
        assert not emptied or list(data.iterdir()) == []


def test_a_catalog_that_is_put_in_place_of_an_open_one_is_read_from_the_next_request_on(tmp_path: Path) -> None:
    """And the log that lies beside it, which is of the one before, is not mixed into it."""
    data, fresh = tmp_path / "index", tmp_path / "fresh.sqlite3"
    with open_(tmp_path / "backup") as backup:
        fill(backup, *many(40))
    shutil.copyfile(tmp_path / "backup" / "catalog.sqlite3", fresh)
    with open_(data) as store:
        fill(store, document("a"))
        assert store.info().documents == 1
        fresh.rename(data / "catalog.sqlite3")
        assert store.info().documents == 40
        fill(store, document("later"))
        assert [check.ok for check in store.check(deep=True)] == [True] * 3
    with open_(data) as store:
        assert store.info().documents == 41


def test_a_catalog_that_is_copied_over_an_open_one_is_read_once_that_was_noticed(tmp_path: Path) -> None:
    data = tmp_path / "index"
    with open_(tmp_path / "backup") as backup:
        fill(backup, *many(40))
    with open_(data) as store:
        fill(store, document("a"))
        assert store.info().documents == 1
        with closing(sqlite3.connect(data / "catalog.sqlite3")) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(tmp_path / "backup" / "catalog.sqlite3", data / "catalog.sqlite3")
        with pytest.raises(StorageError, match="is damaged"):
            store.documents()
        assert len(store.documents()) == 40
        assert [check.ok for check in store.check(deep=True)][:2] == [True] * 2


def test_a_folder_that_was_never_there(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    settings = read_settings(data=tmp_path / "mistyped")
    with (
        Assistant(settings, open_index(settings, embeddings), embeddings, reader=READER) as assistant,
        serving(assistant) as address,
    ):
        assert ready(address)[0] == 503
        response = httpx.post(f"{address}/api/v1/ask/stream", json={"question": QUESTION}, timeout=60)
        assert response.status_code == 409
    assert not settings.data.exists()


def test_a_folder_that_may_only_be_read_is_asked_and_keeps_no_conversation(
    tmp_path: Path, embeddings: SentenceEmbeddings
) -> None:
    with real_assistant(tmp_path, embeddings) as assistant:
        data = assistant.settings.data
    everything = [data, *data.rglob("*")]
    for path in everything:
        path.chmod(0o500 if path.is_dir() else 0o400)
    port = free_port()
    command = [sys.executable, "-m", "askcorpus_ui.cli", "serve", "--data", str(data), "--port", str(port)]
    if os.geteuid() == 0:  # to whom permissions do not apply
        command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *command]
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        assert process.stderr
        said = list(takewhile(lambda line: "Chat: " not in line, process.stderr))
        first = client.post("/api/v1/ask", json={"question": QUESTION, "keep": True}).json()
        kept = client.get(f"/api/v1/conversations/{first['conversation_id']}")
        opinion = client.post("/api/v1/feedback", json={"answer_id": first["id"], "question": QUESTION, "liked": True})
        process.terminate()

    assert "because of a storm" in first["answer"]
    assert kept.is_success and kept.json()["turns"][0]["question"] == QUESTION
    assert opinion.status_code == 503 and "cannot be kept" in opinion.text
    assert sum("read-only" in line for line in said) == 1
    assert sorted([data, *data.rglob("*")]) == sorted(everything)
