"""A server whose own disk fills while it serves: it answers, refuses in one line what it would have to keep, loses
nothing, and goes on with no restart when there is room again."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import StorageError
from askcorpus.settings import read_settings
from askcorpus_ui.chat.conversation import Place, Reply
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.web.keys import Keys
from disks import SmallDisk, small_disk
from serving import QUESTION, real_assistant, serving, until

KEY = "may write"
LIGHT = "The lighthouse of Skerry was painted red on Monday. Its keeper is Una Morrow."
KEEPER = "Who keeps the lighthouse of Skerry?"


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(32) as disk:
        yield disk


@pytest.fixture
def assistant(disk: SmallDisk, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with real_assistant(disk.place, embeddings) as assistant:
        yield assistant


@pytest.fixture
def client(assistant: Assistant) -> Iterator[httpx.Client]:
    settings = read_settings(data=assistant.settings.data, write_key=KEY)
    with (
        serving(assistant, settings) as address,
        httpx.Client(base_url=f"{address}/api/v1", headers={"X-API-Key": KEY}, timeout=60) as client,
    ):
        yield client


def asked(client: httpx.Client, question: str, **more: Any) -> Any:
    response = client.post("/ask", json={"question": question, **more})
    assert response.is_success, response.text
    return response.json()


def cited(answer: Any) -> list[str]:
    return [one["quote"] for one in answer["citations"]]


def test_a_full_disk_costs_no_answer_and_nothing_that_was_kept(
    client: httpx.Client, disk: SmallDisk, assistant: Assistant
) -> None:
    first = asked(client, QUESTION, keep=True)
    kept = first["conversation_id"]
    client.post("/documents", json={"documents": [{"id": "old", "text": "The mill of Orrin burned down in 1911."}]})
    writes: dict[str, Callable[[], httpx.Response]] = {
        "a question to keep": lambda: client.post("/ask", json={"question": KEEPER, "keep": True}),
        "a question to keep, streamed": lambda: client.post("/ask/stream", json={"question": KEEPER, "keep": True}),
        "one more in a conversation": lambda: client.post(
            "/ask", json={"question": KEEPER, "keep": True, "conversation_id": kept}
        ),
        "a name": lambda: client.patch(f"/conversations/{kept}", json={"title": "Harbour"}),
        "an opinion": lambda: client.post(
            "/feedback", json={"answer_id": first["id"], "conversation_id": kept, "liked": True}
        ),
        "a record": lambda: client.post("/documents", json={"documents": [{"id": "light", "text": LIGHT}]}),
        "a document": lambda: client.put("/documents/light", json={"text": LIGHT}),
        "a file": lambda: client.post("/files", params={"name": "light.txt"}, content=LIGHT),
        "a removal": lambda: client.delete("/documents/old"),
    }

    disk.fill()
    for what, write in writes.items():
        response = write()
        told = response.json()
        assert (response.status_code, told["code"]) == (503, "StorageError"), (what, response.text)
        assert "\n" not in told["detail"] and told["hint"] and "retry-after" in response.headers, what
    job = client.post("/files/jobs", params={"name": "light.txt"}, content=LIGHT)
    if job.is_success:
        ended = until(lambda: client.get(f"/jobs/{job.json()['id']}").json(), lambda one: one["ended"] is not None)
        assert ended["state"] == "failed" and "no room left" in ended["detail"], ended
    else:
        assert (job.status_code, job.json()["code"]) == (503, "StorageError")
    assert cited(asked(client, QUESTION)) == cited(first)
    assert client.post("/search", json={"query": "harbour"}).json()["hits"]
    assert [one["id"] for one in client.get("/conversations").json()["conversations"]] == [kept]
    assert client.get("/documents/old").json()["text"].startswith("The mill")
    assert client.get("../../ready").json()["ready"]

    disk.clear()
    for what, write in writes.items():
        assert write().is_success, what
    assert cited(asked(client, KEEPER)) == ["Its keeper is Una Morrow."]
    turns = client.get(f"/conversations/{kept}").json()["turns"]
    assert [(one["question"], one["outcome"]) for one in turns] == [(QUESTION, "answered"), (KEEPER, "answered")]
    assert all(check.ok for check in assistant.store.check(deep=True))


def test_keys_and_the_chat_say_so_too(disk: SmallDisk, assistant: Assistant) -> None:
    folder = assistant.settings.data
    with closing(Keys(folder)) as keys, closing(Conversations(folder, 90)) as conversations:
        secret, key = keys.add("A newsroom", ["ask"])
        place = conversations.ask("anna", None, QUESTION)
        disk.fill()
        with pytest.raises(StorageError, match=r"There is no room left .* nothing is lost"):
            keys.add("Another", ["ask"])
        with pytest.raises(StorageError, match=r"There is no room left .* nothing is lost"):
            conversations.ask("anna", place.id, KEEPER)
        assert keys.known(secret.encode()) == key
        disk.clear()
        conversations.ask("anna", place.id, KEEPER)
        kept = conversations.read("anna", place.id)
        assert kept and [one.question for one in kept.exchanges] == [QUESTION, KEEPER]
        assert [one.name for one in keys.listed()] == ["A newsroom"]


def test_the_chat_goes_on_in_memory_and_is_written_down_when_there_is_room_again(
    disk: SmallDisk, assistant: Assistant
) -> None:
    folder = assistant.settings.data
    with closing(Conversations(folder, 90)) as conversations:
        place = conversations.ask("anna", None, QUESTION)
        disk.fill()
        with pytest.raises(StorageError):
            conversations.ask("anna", place.id, KEEPER)
        second = conversations.ask_unkept("anna", place.id, KEEPER)
        assert second == Place(id=place.id, turn=2)
        assert conversations.reply("anna", second, Reply(kind="answered", text="Una Morrow."))
        assert not conversations.reply("otto", second, Reply(kind="answered"))
        unkept = conversations.read("anna", place.id)
        assert unkept and not unkept.kept and len(unkept.exchanges) == 2
        assert [one.id for one in conversations.listed("anna", "morrow")] == [place.id]
        assert conversations.read("otto", place.id) is None and conversations.listed("otto") == []
        conversations.rename("anna", place.id, "Lights")
        conversations.hold("anna", place.id)  # which changes nothing any more
        disk.clear()
        assert conversations.ask("anna", place.id, "And when?") == Place(id=place.id, turn=3)
        assert conversations.ask("anna", place.id, "Why?") == Place(id=place.id, turn=4)
    with closing(Conversations(folder, 90)) as conversations:
        kept = conversations.read("anna", place.id)
        assert kept and kept.kept and kept.title == "Lights"
        assert [one.question for one in kept.exchanges] == [QUESTION, KEEPER, "And when?", "Why?"]
        assert kept.exchanges[1].reply and kept.exchanges[1].reply.text == "Una Morrow."


def test_what_is_in_memory_alone_is_deleted_and_grows_old_as_the_rest_does(
    disk: SmallDisk, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Conversations(assistant.settings.data, 90)) as conversations:
        place = conversations.ask("anna", None, QUESTION)
        disk.fill()
        conversations.ask_unkept("anna", place.id, KEEPER)
        with pytest.raises(StorageError):
            conversations.delete("anna", place.id)
        left = conversations.read("anna", place.id)
        assert left and [one.question for one in left.exchanges] == [QUESTION]  # what the disk does not let go

        old = conversations.ask_unkept("otto", None, KEEPER)
        later = time.time() + 91 * 86_400
        monkeypatch.setattr(time, "time", lambda: later)
        conversations.ask_unkept("otto", None, QUESTION)
        assert conversations.read("otto", old.id) is None
        assert len(conversations.listed("otto")) == 1
