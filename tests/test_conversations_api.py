"""Conversations and feedback over HTTP: kept for the key that asked, in the chat's own form, and nobody else's."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from askcorpus.feedback import FEEDBACK, read_feedback
from askcorpus.settings import read_settings
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.web.keys import Keys
from scripted import DOCUMENTS, ScriptedAssistant
from serving import serving

ALL = "/api/v1/conversations"


@pytest.fixture
def assistant() -> ScriptedAssistant:
    return ScriptedAssistant()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "index"
    made.mkdir()
    return made


@pytest.fixture
def client(folder: Path, assistant: ScriptedAssistant) -> Iterator[httpx.Client]:
    with (
        serving(assistant, read_settings(data=folder)) as address,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        yield client


def asked(client: httpx.Client, question: str, conversation: str | None = None, **more: Any) -> Any:
    body = {"question": question, "keep": True, "conversation_id": conversation, **more}
    response = client.post("/api/v1/ask", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_conversation_is_kept_and_goes_on_with_what_was_said(
    client: httpx.Client, assistant: ScriptedAssistant
) -> None:
    first = asked(client, "council?")
    key = first["conversation_id"]
    second = asked(client, "and the pêcheurs?", key)

    assert second["conversation_id"] == key
    question, history, _ = assistant.asked[-1]
    assert [turn.text for turn in history] == ["council?", DOCUMENTS[0].text[:72]]
    whole = client.get(f"{ALL}/{key}").json()
    assert [(turn["question"], turn["outcome"]) for turn in whole["turns"]] == [
        ("council?", "answered"),
        (question, "answered"),
    ]
    assert whole["turns"][0]["answer_id"] == first["id"]
    assert whole["turns"][0]["citations"][0]["quote"] == first["citations"][0]["quote"]
    markdown = client.get(f"{ALL}/{key}/export", params={"language": "fr"})
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "## council?" in markdown.text and "octobre 2024" in markdown.text


def test_a_stream_is_kept_too_and_tells_its_conversation(client: httpx.Client) -> None:
    text = client.post("/api/v1/ask/stream", json={"question": "council", "keep": True}).text
    answer = json.loads(text.strip().splitlines()[-1].removeprefix("data: "))
    (turn,) = client.get(f"{ALL}/{answer['conversation_id']}").json()["turns"]
    assert turn["answer_id"] == answer["id"]


def test_what_is_not_to_be_kept_leaves_nothing_and_an_id_comes_back(client: httpx.Client, folder: Path) -> None:
    answer = client.post("/api/v1/ask", json={"question": "council", "conversation_id": "mine"}).json()
    assert answer["conversation_id"] == "mine"
    for body in ({"question": " "}, {"question": "x", "filters": {"date_from": "May"}}):
        assert client.post("/api/v1/ask", json=body | {"keep": True}).status_code == 400
    refused = client.post("/api/v1/ask", json={"question": "x", "keep": True, "conversation_id": "A" * 22})
    assert (refused.status_code, refused.json()["detail"]) == (404, "There is no such conversation.")
    history = [{"role": "user", "text": "Hello"}]
    assert client.post("/api/v1/ask", json={"question": "x", "keep": True, "history": history}).status_code == 400
    assert client.get(ALL).json() == {"conversations": []}
    assert not (folder / "conversations.sqlite3").exists()


def test_a_failed_and_a_broken_off_answer_are_told_as_such(client: httpx.Client) -> None:
    assert client.post("/api/v1/ask", json={"question": "broken model", "keep": True}).status_code == 502
    with client.stream("POST", "/api/v1/ask/stream", json={"question": "slow council", "keep": True}) as response:
        next(response.iter_bytes())
    outcomes: set[str] = set()
    for _ in range(200):
        known = [client.get(f"{ALL}/{one['id']}").json() for one in client.get(ALL).json()["conversations"]]
        outcomes = {turn["outcome"] for whole in known for turn in whole["turns"]}
        if outcomes == {"failed", "unfinished"}:
            break
    assert outcomes == {"failed", "unfinished"}


def test_conversations_are_found_renamed_and_deleted(client: httpx.Client) -> None:
    one, two = (asked(client, question)["conversation_id"] for question in ("council?", "pêcheurs?"))
    assert [entry["id"] for entry in client.get(ALL).json()["conversations"]] == [two, one]
    assert [entry["id"] for entry in client.get(ALL, params={"q": "COUNCIL tidal"}).json()["conversations"]] == [one]
    assert client.patch(f"{ALL}/{one}", json={"title": " The  barrier "}).status_code == 204
    assert client.get(f"{ALL}/{one}").json()["title"] == "The barrier"
    assert client.patch(f"{ALL}/{one}", json={"title": "  "}).status_code == 422
    assert client.delete(f"{ALL}/{one}").status_code == 204
    for gone in (client.get(f"{ALL}/{one}"), client.delete(f"{ALL}/{one}"), client.get(f"{ALL}/{one}/export")):
        assert gone.status_code == 404
    assert client.get(f"{ALL}/nothing").status_code == 422
    assert [entry["id"] for entry in client.get(ALL).json()["conversations"]] == [two]


def test_a_key_sees_its_own_conversations_alone_and_none_of_a_browser(folder: Path) -> None:
    with closing(Keys(folder)) as keys:
        secrets = [keys.add(name, ["ask"])[0] for name in ("One", "Two")]
        ingest = keys.add("Three", ["ingest"])[0]
    with closing(Conversations(folder, 90)) as chat:
        browsers = chat.ask("ab" * 32, None, "What did the browser ask?")
    settings = read_settings(data=folder, api_key="the server's own")
    with serving(ScriptedAssistant(), settings) as address:
        one, two, own, writer = (
            httpx.Client(base_url=address, headers={"X-API-Key": key}) for key in (*secrets, "the server's own", ingest)
        )
        kept = asked(one, "council?")
        address_of_it = f"{ALL}/{kept['conversation_id']}"
        said = {"answer_id": kept["id"], "conversation_id": kept["conversation_id"], "liked": True}
        for other in (two, own):
            assert other.get(ALL).json() == {"conversations": []}
            body = {"question": "x", "keep": True, "conversation_id": kept["conversation_id"]}
            assert other.post("/api/v1/ask", json=body).status_code == 404
            assert other.get(address_of_it).status_code == other.get(f"{address_of_it}/export").status_code == 404
            assert other.patch(address_of_it, json={"title": "Mine"}).status_code == 404
            assert other.delete(address_of_it).status_code == 404
            assert other.post("/api/v1/feedback", json=said).status_code == 404
        assert writer.get(ALL).status_code == writer.delete(address_of_it).status_code == 403
        assert one.get(f"{ALL}/{browsers.id}").status_code == 404
        assert one.get(address_of_it).json()["title"] == "council?"
        assert one.post("/api/v1/feedback", json=said).status_code == 204


def test_feedback_brings_the_question_and_the_answer(client: httpx.Client, folder: Path) -> None:
    answer = client.post("/api/v1/ask", json={"question": "council"}).json()
    kept = asked(client, "and the pêcheurs?", asked(client, "council?")["conversation_id"])

    said = {"answer_id": answer["id"], "question": "council", "liked": False, "reason": "incomplete"}
    assert client.post("/api/v1/feedback", json=said).status_code == 204
    told = {"answer_id": kept["id"], "conversation_id": kept["conversation_id"], "liked": True}
    assert client.post("/api/v1/feedback", json=told).status_code == 204

    first, second = read_feedback(folder / FEEDBACK)
    assert (first.question, first.liked, first.reason) == ("council", False, "incomplete")
    assert first.answer is not None and first.answer.id == answer["id"]
    assert (second.question, second.liked, len(second.history)) == ("and the pêcheurs?", True, 2)


def test_a_question_with_a_line_end_of_unicode_leaves_all_feedback_readable(client: httpx.Client, folder: Path) -> None:
    said = {"answer_id": "ans_x", "question": "the\u2028council,\u0085and?", "liked": True}
    assert client.post("/api/v1/feedback", json=said).status_code == 204
    assert read_feedback(folder / FEEDBACK)[-1].question == said["question"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"answer_id": "a"},
        {"answer_id": "a", "question": "x", "conversation_id": "A" * 22},
        {"answer_id": "a", "question": "x", "liked": True, "reason": "wrong"},
        {"answer_id": "a", "question": "x", "reason": "bored", "liked": False},
        {"answer_id": "", "question": "x"},
        {"answer_id": "a", "question": "x", "liked": 2},
    ],
)
def test_feedback_that_says_nothing_is_refused(client: httpx.Client, body: dict[str, Any]) -> None:
    assert client.post("/api/v1/feedback", json=body).status_code == 422


def test_a_file_that_cannot_be_written_is_told(client: httpx.Client, folder: Path) -> None:
    (folder / FEEDBACK).mkdir()
    response = client.post("/api/v1/feedback", json={"answer_id": "a", "question": "x", "liked": True})
    assert (response.status_code, response.json()["code"]) == (503, "StorageError")
