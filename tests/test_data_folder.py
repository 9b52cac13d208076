"""A server whose data folder goes, or holds nothing, says so at every door and makes nothing."""

import shutil
from pathlib import Path

import httpx
import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.index.opening import open_index
from askcorpus.settings import read_settings
from asking import READER
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
