"""Many questions in one request: a line an answer, also of every document alone, and none for a client that left."""

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from askcorpus_ui.web import batch_api
from scripted import DOCUMENTS, ScriptedAssistant
from serving import serving

ADDRESS = "/api/v1/ask/batch"


@pytest.fixture(scope="module")
def assistant() -> ScriptedAssistant:
    return ScriptedAssistant()


@pytest.fixture(scope="module")
def client(assistant: ScriptedAssistant) -> Iterator[httpx.Client]:
    with serving(assistant) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


def rows(client: httpx.Client, *questions: str, **more: Any) -> list[Any]:
    body = {"questions": [{"question": question} for question in questions], **more}
    response = client.post(ADDRESS, json=body)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/x-ndjson")
    return [json.loads(line) for line in response.text.splitlines()]


def test_each_question_is_a_line_with_quote_and_place(client: httpx.Client) -> None:
    first, second, third = rows(client, "council?", "Who won?", "pêcheurs and council")

    assert (first["id"], first["question"], first["answered"]) == ("1", "council?", "yes")
    assert (first["quote"], first["title"], first["date"]) == (DOCUMENTS[0].text[:72], DOCUMENTS[0].title, "2024-05-03")
    assert httpx.get(first["link"]).status_code == 200 and first["citations"][0]["verified"]
    assert (second["answered"], second["citations"]) == ("no", []) and "quote" not in second
    assert len(third["citations"]) == 2 and "pêcheurs" in third["other_quotes"]


def test_a_question_that_fails_leaves_the_others(client: httpx.Client) -> None:
    first, failed, empty, last = rows(client, "council?", "broken model", " ", "council!")

    assert first["answered"] == last["answered"] == "yes"
    assert (failed["id"], failed["error"]["status"], failed["error"]["code"]) == ("2", 502, "ModelError")
    assert empty["error"]["detail"] == "The question is empty."


def test_history_and_ids_are_the_questions_own_and_filters_are_for_all(
    client: httpx.Client, assistant: ScriptedAssistant
) -> None:
    said = [{"role": "user", "text": "Hello"}]
    asked = [{"id": "q7", "question": "council?", "history": said}, {"question": "council!"}]
    response = client.post(ADDRESS, json={"questions": asked, "filters": {"languages": ["en"]}, "top_k": 1})

    assert [json.loads(line)["id"] for line in response.text.splitlines()] == ["q7", "2"]
    (_, history, filters), (_, none, _) = assistant.asked[-2:]
    assert [turn.text for turn in history] == ["Hello"] and none == () and filters.languages == ("en",)


def test_every_document_can_be_asked_alone(
    client: httpx.Client, assistant: ScriptedAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = rows(client, "council?", "pêcheurs?", per_document=True, filters={"languages": ["en", "fr"]})

    assert len(told) == 6 and {row["document_id"] for row in told} == {"harbour", "peche/barrage", "evil"}
    assert [row["id"] for row in told] == ["1", "2"] * 3
    assert {filters.document_ids for *_, filters in assistant.asked[-2:]} == {(told[-1]["document_id"],)}
    monkeypatch.setattr(batch_api, "MOST_ASKED", 3)
    many = client.post(ADDRESS, json={"questions": [{"question": "x"}], "per_document": True})
    assert (many.status_code, many.json()["detail"]) == (400, "That would be 4 answers.")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"questions": []}, 422),
        ({"questions": [{"question": "x"}] * 1001}, 422),
        ({"questions": [{}]}, 422),
        ({"questions": ["x"]}, 422),
        ({"questions": [{"question": "x", "text": "y"}]}, 422),
        ({"questions": [{"question": "x"}], "filters": {"date_from": "May"}}, 400),
    ],
)
def test_what_cannot_be_asked_is_refused_before_any_line(client: httpx.Client, body: Any, status: int) -> None:
    assert client.post(ADDRESS, json=body).status_code == status


def test_a_client_that_leaves_ends_the_questions(client: httpx.Client, assistant: ScriptedAssistant) -> None:
    abandoned = assistant.abandoned
    body = {"questions": [{"question": "council?"}, *[{"question": "slow council"}] * 50]}
    with client.stream("POST", ADDRESS, json=body) as response:
        lines = response.iter_lines()
        assert json.loads(next(lines))["answered"] == "yes"
        deadline = time.monotonic() + 60
        while assistant.asked[-1][0] != "slow council" and time.monotonic() < deadline:
            time.sleep(0.02)
    while assistant.abandoned == abandoned and time.monotonic() < deadline:
        time.sleep(0.02)
    asked = len(assistant.asked)
    time.sleep(0.2)
    assert (assistant.abandoned, len(assistant.asked)) == (abandoned + 1, asked)
