"""The REST door: one Answer on every surface, streams that stop, errors that help and give nothing away."""

import json
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from askcorpus.errors import AskcorpusError, Busy, IndexMismatch, ModelError, NothingIngested, StorageError, UsageError
from askcorpus.types import Answer, Document, Hit
from askcorpus_ui.chat.translations import strings_for
from askcorpus_ui.problems import STATUS
from scripted import DOCUMENTS, EXPLANATION, ScriptedAssistant
from serving import serving, wait_for_models


@pytest.fixture(scope="module")
def assistant() -> ScriptedAssistant:
    return ScriptedAssistant()


@pytest.fixture(scope="module")
def client(assistant: ScriptedAssistant) -> Iterator[httpx.Client]:
    with serving(assistant) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client


def events(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Name and data of each server-sent event, as they come."""
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, json.loads(line[6:])


def error(response: httpx.Response) -> Any:
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert body.keys() == {"type", "title", "status", "detail", "code", "hint"}
    assert (body["type"], body["status"]) == ("about:blank", response.status_code)
    assert body["title"] == HTTPStatus(response.status_code).phrase
    return body


def test_an_answer_is_the_answer(client: httpx.Client, assistant: ScriptedAssistant) -> None:
    response = client.post("/api/v1/ask", json={"question": "council", "conversation_id": "c1", "explain": True})

    answer = Answer.model_validate(response.json())
    expected = assistant.ask("council", conversation_id="c1", explain=True)
    assert answer.model_copy(update={"id": expected.id}) == expected
    assert answer.explain == EXPLANATION


@pytest.mark.parametrize(("path", "extra"), [("/api/v1/ask/stream", {}), ("/api/v1/ask", {"stream": True})])
def test_a_stream_ends_with_the_same_answer(client: httpx.Client, path: str, extra: dict[str, bool]) -> None:
    body = {"question": "council"}
    plain = client.post("/api/v1/ask", json=body).json()

    with client.stream("POST", path, json=body | extra) as response:
        seen = list(events(response))

    assert response.headers["content-type"].startswith("text/event-stream")
    names = [name for name, _ in seen]
    assert names == ["passages", *["token"] * (len(names) - 2), "done"]
    assert seen[0][1]["passages"] == plain["passages"]
    assert "".join(data["text"] for name, data in seen if name == "token").strip() == plain["answer"]
    assert seen[-1][1] | {"id": ""} == plain | {"id": ""}


def test_history_and_filters_reach_the_assistant(client: httpx.Client, assistant: ScriptedAssistant) -> None:
    history = [{"role": "user", "text": "Hello"}, {"role": "assistant", "text": "Hi."}]
    client.post(
        "/api/v1/ask", json={"question": "x", "history": history, "filters": {"languages": ["fr"]}, "debug": True}
    )

    _, turns, filters = assistant.asked[-1]
    assert [turn.model_dump() for turn in turns] == history
    assert filters.languages == ("fr",)


def test_null_is_the_same_as_left_out(client: httpx.Client) -> None:
    empty = dict.fromkeys(("history", "filters", "top_k", "explain", "conversation_id", "stream"))

    assert client.post("/api/v1/ask", json={"question": "council"} | empty).status_code == 200
    assert client.post("/api/v1/search", json={"query": "port", "filters": None, "top_k": None}).status_code == 200


def test_search_returns_hits(client: httpx.Client) -> None:
    hits = client.post("/api/v1/search", json={"query": "port", "top_k": 2}).json()["hits"]

    assert [Hit.model_validate(hit).document_id for hit in hits] == ["mina", "peche/barrage"]


def test_documents_are_listed_without_their_text(client: httpx.Client) -> None:
    page = client.get("/api/v1/documents", params={"limit": 2, "offset": 1}).json()

    assert (page["total"], page["offset"], page["limit"]) == (len(DOCUMENTS), 1, 2)
    assert [document["id"] for document in page["documents"]] == ["peche/barrage", "harbour"]
    assert "text" not in page["documents"][0]
    assert page["documents"][0]["characters"] == len(DOCUMENTS[1].text)


def test_documents_are_filtered(client: httpx.Client) -> None:
    def listed(**params: Any) -> set[str]:
        return {document["id"] for document in client.get("/api/v1/documents", params=params).json()["documents"]}

    assert listed(language=["fr", "ar"]) == {"peche/barrage", "mina"}
    assert listed(source="Northport Gazette") == {"harbour"}
    assert listed(date_from="2024-10") == {"peche/barrage", "mina"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.id)
def test_a_document_comes_whole(client: httpx.Client, document: Document) -> None:
    response = client.get(f"/api/v1/documents/{document.id.replace('/', '%2F')}")

    assert Document.model_validate(response.json()) == document


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        pytest.param("ask", {"question": "  "}, 400, "empty", id="empty question"),
        pytest.param("ask/stream", {"question": ""}, 400, "empty", id="empty question, streamed"),
        pytest.param("ask", {}, 422, "question: Field required", id="no question"),
        pytest.param("ask", {"question": "x", "topk": 3}, 422, "topk", id="misspelt name"),
        pytest.param("ask", {"question": "x", "top_k": 0}, 422, "top_k", id="top_k too small"),
        pytest.param("ask", {"question": "x", "history": [{"role": "system", "text": ""}]}, 422, "history", id="role"),
        pytest.param("ask", {"question": "x", "filters": {"date_from": "May"}}, 400, "May", id="no date"),
        pytest.param("search", {"query": "x", "filters": {"date_to": "2022-13"}}, 400, "2022-13", id="no month"),
    ],
)
def test_a_bad_request_gets_one_line(client: httpx.Client, path: str, body: Any, status: int, words: str) -> None:
    response = client.post(f"/api/v1/{path}", json=body)

    assert response.status_code == status
    assert error(response)["code"] == "UsageError"
    assert words in error(response)["detail"]
    assert "\n" not in error(response)["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/documents/none", 404),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/documents?date_from=x", 400),
        ("GET", "/api/v1/documents?limit=0", 422),
    ],
)
def test_errors_of_addresses_have_the_same_shape(client: httpx.Client, method: str, path: str, status: int) -> None:
    response = client.request(method, path)

    assert response.status_code == status
    assert error(response)["detail"]


def test_a_source_that_cannot_be_shown_is_told_on_a_page_in_the_readers_language(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    french = strings_for("fr")
    gone = client.get("/source/none", headers={"Accept-Language": "fr"})
    assert gone.status_code == 404 and "default-src 'none'" in gone.headers["content-security-policy"]
    assert '<html lang="fr"' in gone.text and french.document_gone in gone.text and french.back in gone.text

    assistant = ScriptedAssistant()
    with serving(assistant) as address, monkeypatch.context() as broken:
        broken.setattr(assistant.store, "document", _unreadable)
        failed = httpx.get(f"{address}/source/harbour", headers={"Accept-Language": "fr"})
    assert (failed.status_code, failed.headers["retry-after"]) == (503, "5")
    assert french.causes["StorageError"] in failed.text
    assert '<bdi lang="en">The disk &lt;is&gt; damaged. Mend it.</bdi>' in failed.text


def _unreadable(_: str) -> Document | None:
    raise StorageError("The disk <is> damaged.", "Mend it.")


def test_a_body_that_is_no_json_is_refused(client: httpx.Client) -> None:
    """Also what a form on somebody else's page would send."""
    response = client.post("/api/v1/ask", content='{"question": "x"}', headers={"Content-Type": "text/plain"})

    assert response.status_code == 422
    error(response)


def test_a_failing_model_is_a_bad_gateway(client: httpx.Client) -> None:
    response = client.post("/api/v1/ask", json={"question": "broken model"})

    assert response.status_code == 502
    assert error(response) == {
        "type": "about:blank",
        "title": "Bad Gateway",
        "status": 502,
        "code": "ModelError",
        "detail": "The model's server does not answer.",
        "hint": "Start it again.",
    }


def test_a_bug_gives_nothing_away(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    response = client.post("/api/v1/ask", json={"question": "bug"})

    assert response.status_code == 500
    assert error(response)["code"] == "InternalError"
    assert "hunter2" not in response.text and "Traceback" not in response.text
    assert error(response)["hint"].split()[-1].strip(".") in caplog.text


@pytest.mark.parametrize(("question", "kind"), [("broken model", "ModelError"), ("bug", "InternalError")])
def test_a_stream_that_breaks_says_so(client: httpx.Client, question: str, kind: str) -> None:
    with client.stream("POST", "/api/v1/ask/stream", json={"question": question}) as response:
        seen = list(events(response))

    assert [name for name, _ in seen] == ["passages", "error"]
    assert seen[-1][1]["code"] == kind
    assert "hunter2" not in json.dumps(seen)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (UsageError, 400),
        (NothingIngested, 409),
        (IndexMismatch, 409),
        (ModelError, 502),
        (Busy, 503),
        (StorageError, 503),
    ],
)
def test_every_error_has_a_status(kind: type[AskcorpusError], status: int) -> None:
    assert STATUS[kind] == status


def test_a_client_that_leaves_stops_the_stream(client: httpx.Client, assistant: ScriptedAssistant) -> None:
    before = assistant.abandoned

    with client.stream("POST", "/api/v1/ask/stream", json={"question": "slow council"}) as response:
        assert next(events(response))[0] == "passages"

    assert _soon(lambda: assistant.abandoned == before + 1)


def test_a_client_that_leaves_stops_a_plain_answer(client: httpx.Client, assistant: ScriptedAssistant) -> None:
    before = assistant.abandoned

    with pytest.raises(httpx.ReadTimeout):
        client.post("/api/v1/ask", json={"question": "slow council"}, timeout=0.5)

    assert _soon(lambda: assistant.abandoned == before + 1)


def test_health_asks_nothing_and_ready_asks_everything(client: httpx.Client, assistant: ScriptedAssistant) -> None:
    models = {"name": "models", "ok": True, "detail": ""}
    wait_for_models(str(client.base_url))
    ready = {"ready": True, "checks": [{"name": "catalog", "ok": True, "detail": ""}, models]}
    assert client.get("/ready").json() == ready

    assistant.store.checks[0].ok, assistant.store.checks[0].detail = False, "disk full"
    try:
        assert client.get("/health").json() == {"status": "ok"}
        response = client.get("/ready")
    finally:
        assistant.store.checks[0].ok, assistant.store.checks[0].detail = True, ""

    assert response.status_code == 503
    assert response.json() == {
        "ready": False,
        "checks": [{"name": "catalog", "ok": False, "detail": "disk full"}, models],
    }


def test_the_documentation_names_every_address_and_loads_nothing_from_outside(client: httpx.Client) -> None:
    page = client.get("/docs").text
    paths = client.get("/openapi.json").json()["paths"]

    assert "http://" not in page and "https://" not in page
    assert client.get("/redoc").status_code == 404
    assert {"/api/v1/ask", "/api/v1/ask/stream", "/api/v1/search", "/api/v1/documents", "/health", "/ready"} <= set(
        paths
    )


def _soon(is_true: Any, seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not is_true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(is_true())


@pytest.mark.parametrize(
    "path", ["/", "/health", "/api/v1/documents", "/api/v1/documents/harbour", "/v1/models", "/source/harbour", "/docs"]
)
def test_head_is_get_without_its_body(client: httpx.Client, path: str) -> None:
    head, get = client.head(path), client.get(path)
    varying = {"date", "set-cookie", "x-request-id"}

    assert (head.status_code, head.content) == (200, b"")
    assert {name: value for name, value in head.headers.items() if name not in varying} == {
        name: value for name, value in get.headers.items() if name not in varying
    }
    assert client.head("/api/v1/documents/none").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/v1/ask", "POST"),
        ("HEAD", "/api/v1/ask", "POST"),
        ("PUT", "/api/v1/search", "POST"),
        ("DELETE", "/v1/chat/completions", "POST"),
        ("POST", "/v1/models", "GET, HEAD"),
        ("PATCH", "/health", "GET, HEAD"),
        ("TRACE", "/ready", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_the_right_one(client: httpx.Client, method: str, path: str, allowed: str) -> None:
    response = client.request(method, path)

    assert response.status_code == 405
    assert response.headers["allow"] == allowed
    if method != "HEAD":
        assert allowed in response.text


def test_ready_waits_for_the_models_and_tries_again_where_they_failed() -> None:
    class Slow(ScriptedAssistant):
        go, broken = threading.Event(), True

        def warm_up(self) -> None:
            assert self.go.wait(60)
            if self.broken:
                raise ModelError("There is no such model.", "Check its name.")

    slow = Slow()
    with serving(slow) as address:

        def models() -> Any:
            response = httpx.get(f"{address}/ready")
            assert response.json()["ready"] is (response.status_code == 200)
            return response.json()["checks"][-1]

        assert models() == {"name": "models", "ok": False, "detail": "They are being loaded."}
        slow.go.set()
        wait_for_models(address)
        assert models() == {"name": "models", "ok": False, "detail": "There is no such model. Check its name."}
        slow.broken = False
        assert _soon(lambda: models()["ok"])


def test_a_question_beyond_the_limit_is_422_and_the_description_says_the_limit() -> None:
    with serving(ScriptedAssistant()) as address:
        for path, name in (("ask", "question"), ("ask/stream", "question"), ("search", "query")):
            sent = [httpx.post(f"{address}/api/v1/{path}", json={name: "x" * size}) for size in (10_000, 10_001)]
            assert [response.status_code for response in sent] == [200, 422]
            assert sent[1].headers["content-type"] == "application/problem+json" and name in sent[1].json()["detail"]
        schemas = httpx.get(f"{address}/openapi.json").json()["components"]["schemas"]
        assert schemas["AskBody"]["properties"]["question"]["maxLength"] == 10_000
