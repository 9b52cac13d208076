"""The routes that Gradio brings, attacked: no file is read, and what the page does not use is not there."""

import asyncio
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from askcorpus.feedback import FeedbackFile
from askcorpus.settings import read_settings
from askcorpus_ui.chat import surface
from askcorpus_ui.chat.page import _SESSIONS, mount_chat
from askcorpus_ui.streaming import Questions
from scripted import ScriptedAssistant
from serving import serving

USED = {
    ("GET", "/"),
    ("HEAD", "/"),
    ("GET", "/theme.css"),
    ("GET", "/favicon.ico"),
    ("GET", "/assets/{path:path}"),
    ("GET", "/static/{path:path}"),
    ("GET", "/gradio_api/queue/data"),
    ("POST", "/gradio_api/run/{api_name}"),
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/cancel"),
    ("POST", "/gradio_api/reset"),
}
CLOSED = {
    ("GET", "/config"),
    ("GET", "/gradio_api/app_id"),
    ("GET", "/gradio_api/call/v2/{api_name}/{event_id}"),
    ("GET", "/gradio_api/call/{api_name}/{event_id}"),
    ("GET", "/gradio_api/custom_component/{id}/{environment}/{type}/{file_name}"),
    ("GET", "/gradio_api/deep_link"),
    ("GET", "/gradio_api/dev/reload"),
    ("GET", "/gradio_api/file/{path:path}"),
    ("GET", "/gradio_api/file={path_or_url:path}"),
    ("GET", "/gradio_api/heartbeat/{session_hash}"),
    ("GET", "/gradio_api/info"),
    ("GET", "/gradio_api/login_check"),
    ("GET", "/gradio_api/openapi.json"),
    ("GET", "/gradio_api/proxy={url_path:path}"),
    ("GET", "/gradio_api/queue/status"),
    ("GET", "/gradio_api/runs"),
    ("GET", "/gradio_api/startup-events"),
    ("GET", "/gradio_api/stream/{session_hash}/{run}/{component_id}/playlist-file"),
    ("GET", "/gradio_api/stream/{session_hash}/{run}/{component_id}/playlist.m3u8"),
    ("GET", "/gradio_api/stream/{session_hash}/{run}/{component_id}/{segment_id}.{ext}"),
    ("GET", "/gradio_api/theme.css"),
    ("GET", "/gradio_api/token"),
    ("GET", "/gradio_api/upload_progress"),
    ("GET", "/gradio_api/user"),
    ("GET", "/gradio_api/vibe-code"),
    ("GET", "/logout"),
    ("GET", "/manifest.json"),
    ("GET", "/monitoring"),
    ("GET", "/monitoring/summary"),
    ("GET", "/monitoring/{key}"),
    ("GET", "/openapi.json"),
    ("GET", "/pwa_icon"),
    ("GET", "/pwa_icon/{size}"),
    ("GET", "/robots.txt"),
    ("GET", "/svelte/{path:path}"),
    ("HEAD", "/gradio_api/file={path_or_url:path}"),
    ("HEAD", "/gradio_api/proxy={url_path:path}"),
    ("HEAD", "/openapi.json"),
    ("POST", "/gradio_api/api/{api_name}"),
    ("POST", "/gradio_api/call/v2/{api_name}"),
    ("POST", "/gradio_api/call/{api_name}"),
    ("POST", "/gradio_api/component_server"),
    ("POST", "/gradio_api/process_recording"),
    ("POST", "/gradio_api/stream/{event_id}"),
    ("POST", "/gradio_api/stream/{event_id}/close"),
    ("POST", "/gradio_api/undo-vibe-edit"),
    ("POST", "/gradio_api/upload"),
    ("POST", "/gradio_api/vibe-code"),
    ("POST", "/gradio_api/vibe-edit"),
    ("POST", "/gradio_api/vibe-starter-queries"),
    ("POST", "/login"),
}
OURS = {"/openapi.json"}
"""Gradio has one too, which ours stands before."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(ScriptedAssistant(), read_settings(data=tmp_path_factory.mktemp("data"))) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def functions(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """The page's events by the name of their handler, as its own configuration tells them to whoever opens it."""
    page = client.get("/").text
    config = re.search(r"window\.gradio_config = (\{.*?\});</script>", page, re.DOTALL)
    assert config, "the page has no configuration"
    return {each["api_name"]: each for each in json.loads(config[1])["dependencies"] if each["backend_fn"]}


def gradio_routes() -> set[tuple[str, str]]:
    app = FastAPI()
    with gr.Blocks() as blocks:
        gr.Chatbot()
    gr.mount_gradio_app(app, blocks, path="/", run_history=False, ssr_mode=False, footer_links=[])
    found = set()
    for context in iter_route_contexts(app.routes[-1].app.routes):  # type: ignore[attr-defined]
        path = str(context.path)
        found |= {(method, path if path == "/" else path.rstrip("/")) for method in context.methods or ()}
    return found


def test_every_route_that_gradio_brings_is_known() -> None:
    """A new version that brings another one fails here, and its route is closed until somebody has looked at it."""
    assert gradio_routes() == USED | CLOSED


@pytest.mark.parametrize(("method", "path"), sorted(CLOSED))
def test_what_the_page_does_not_use_is_not_there(client: httpx.Client, method: str, path: str) -> None:
    if path in OURS:
        return
    concrete = re.sub(r"\{[^}]*\}", "x", path)
    for address in (concrete, f"{concrete}/", f"{concrete}?x=1"):
        response = client.request(method, address, json={} if method == "POST" else None)
        assert response.status_code == 404, address


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("TRACE", "/ready", "GET"),
        ("GET", "/api/v1/ask", "POST"),
        ("DELETE", "/api/v1/documents/x", "GET"),
        ("POST", "/v1/models", "GET"),
        ("PUT", "/v1/chat/completions", "POST"),
    ],
)
def test_a_wrong_method_is_told_from_an_address_that_is_not_there(
    client: httpx.Client, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert client.request(method, f"{path}x/y/z" if "documents" not in path else "/x").status_code == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"])
@pytest.mark.parametrize("path", ["/", surface.RUN, surface.JOIN, "/assets/x"])
def test_no_other_method_reaches_gradio(client: httpx.Client, method: str, path: str) -> None:
    assert client.request(method, path).status_code in (400, 404, 405)


# ---- files

SECRETS = ("/etc/passwd", "/proc/self/environ", "/proc/self/cmdline", "/dev/zero")


def carrying(path: str) -> list[Any]:
    """A file in every place of a conversation where there is text."""
    file = {
        "path": path,
        "url": None,
        "orig_name": "x",
        "mime_type": "text/plain",
        "meta": {"_type": "gradio.FileData"},
    }
    replies: list[Any] = [
        file,
        {"kind": "answered", "text": file},
        {"kind": "answered", "text": [{"type": "file", "file": file}]},
        {"kind": "answered", "id": file},
        {"kind": "answered", "markers": [file]},
        {"kind": "answered", "markers": [[0, 0, file, ""]]},
        {"kind": "answered", "markers": [[0, 0, "/source/x?start=0&end=1", file]]},
        {"kind": "abstained", "nearest": [["/source/x?start=0&end=1", file, "", "", ""]]},
        {"kind": "abstained", "unsupported": [file]},
        {"kind": "abstained", "filters": file},
        {"component": "image", "value": file, "constructor_args": {}, "props": {}},
    ]
    exchanges: list[Any] = [file, {"question": file}, *({"question": "x", "reply": reply} for reply in replies)]
    return [{"id": file}, {"exchanges": file}, *({"id": "c", "exchanges": [each]} for each in exchanges)]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "name", ["begin", "respond", "retry", "save", "stopped", "like", "open_source", "reopen", "export", "load"]
)
def test_a_file_in_a_message_is_never_taken(
    client: httpx.Client, functions: dict[str, Any], name: str, secret: str
) -> None:
    before = cached()
    happened = {"index": 0, "value": "", "liked": True}
    for bad in carrying(secret):
        shapes: dict[str, list[Any]] = {
            "load": [[bad]],
            "reopen": ["c", [bad]],
            "begin": ["q", bad],
            "respond": [bad, [], [], "", ""],
            "save": [bad, []],
        }
        shape = shapes.get(name, [bad])
        assert len(shape) == len(functions[name]["inputs"])
        body = {"data": shape, "fn_index": functions[name]["id"], "session_hash": "attack", "event_data": happened}
        assert {client.post(route, json=body).status_code for route in (surface.RUN, surface.JOIN)} == {422}
    assert cached() == before


@pytest.mark.parametrize("secret", SECRETS)
def test_a_file_beside_a_message_is_left_out(client: httpx.Client, functions: dict[str, Any], secret: str) -> None:
    before = cached()
    file = {"path": secret, "meta": {"_type": "gradio.FileData"}}
    carried = {"id": "c", "exchanges": [{"question": "x", "file": file, **file}], **file}
    response = client.post(
        surface.RUN, json={"data": ["q", carried], "fn_index": functions["begin"]["id"], "session_hash": "attack"}
    )
    assert response.status_code == 200
    assert secret not in response.text
    assert cached() == before


def test_a_file_in_what_happened_is_never_taken(client: httpx.Client) -> None:
    before = cached()
    file = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    for happened in (file, {"value": file}, {"index": 0, "value": {"text": file}}, {"href": file}, {"all": [file]}):
        for function in range(23):
            body = {"data": [], "fn_index": function, "session_hash": "attack", "event_data": happened}
            response = client.post(surface.RUN, json=body)
            assert response.status_code in (200, 422)
            assert "root:" not in response.text
    assert cached() == before


@pytest.mark.parametrize("secret", SECRETS[:2])
def test_no_address_returns_a_file_of_the_server(client: httpx.Client, secret: str) -> None:
    paths = [
        f"/gradio_api/file={secret}",
        f"/gradio_api/file/{secret}",
        f"/file={secret}",
        f"/static/..%2f..%2f..%2f..%2f..%2f..%2f..{secret}",
        f"/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e{secret}",
        f"/static//{secret}",
        f"/assets/{secret}",
        f"/assets/..\\..\\..{secret}",
        f"/svelte/{secret}",
        f"/gradio_api/custom_component/x/client/component/../../..{secret}",
        f"/gradio_api/proxy=http://127.0.0.1{secret}",
        f"/gradio_api/stream/x/1/1/{secret}",
    ]
    for path in paths:
        response = client.get(path)
        assert response.status_code in (400, 404), path
        assert "root:" not in response.text


@pytest.mark.parametrize("name", ["x" * 5_000, "x" * 256, "\U0001f600" * 100, "x/" * 2_000 + "x", "x%00.js"])
@pytest.mark.parametrize("folder", surface.FOLDERS)
def test_a_name_that_no_file_can_have_is_not_there(client: httpx.Client, folder: str, name: str) -> None:
    assert client.get(folder + name).status_code == 404
    assert client.head(folder + name).status_code in (404, 405)


def cached() -> set[str]:
    """What lies in the folder that Gradio copies files to."""
    folder = Path(os.environ.get("GRADIO_TEMP_DIR") or Path(os.environ.get("TMPDIR", "/tmp")) / "gradio")
    return {str(path) for path in folder.rglob("*")} if folder.exists() else set()


# ---- what the page does use takes bounded, typed input


def test_the_page_still_works_through_its_own_routes(client: httpx.Client, functions: dict[str, Any]) -> None:
    data = [{"exchanges": [{"question": "council?"}]}, [], [], "", ""]
    body = {"data": data, "fn_index": functions["respond"]["id"], "session_hash": "honest", "event_data": None}
    assert client.post(surface.JOIN, json=body).status_code == 200
    with client.stream("GET", surface.EVENTS, params={"session_hash": "honest"}) as events:
        text = "".join(events.iter_text())
    assert "The council voted 31 to 12" in text
    assert "process_completed" in text


def marking(address: str) -> dict[str, Any]:
    """A conversation whose reply links to an address."""
    return {"exchanges": [{"question": "x", "reply": {"kind": "answered", "markers": [[0, 1, address, ""]]}}]}


@pytest.mark.parametrize(
    "change",
    [
        {"fn_index": -1},
        {"fn_index": 10**30},
        {"fn_index": "0"},
        {"fn_index": None},
        {"session_hash": None},
        {"session_hash": ""},
        {"session_hash": "../x"},
        {"session_hash": "x" * 65},
        {"data": None},
        {"data": {}},
        {"data": []},
        {"data": ["q"] * 100},
        {"data": ["q", []]},
        {"data": ["q", {"id": "x" * 200}]},
        {"data": ["q", {"exchanges": {}}]},
        {"data": ["q", {"exchanges": [{"question": "x", "reply": {"kind": "x"}}]}]},
        {"data": ["q", {"exchanges": [{"question": "x", "reply": {"kind": "answered", "confidence": 2}}]}]},
        {"data": ["q", {"exchanges": [{"question": "x", "reply": {"kind": "answered", "filters": {"x": 1}}}]}]},
        {"data": ["q", {"exchanges": [{"question": "x", "reply": {"kind": "answered", "markers": [[0, 1]]}}]}]},
        {"data": ["q", marking("javascript:alert(1)")]},
        {"data": ["q", {"exchanges": [{"question": "x" * 300_000}]}]},
        {"data": ["q", {"exchanges": [{"question": ""}] * 3_000}]},
        {"data": [["q"], None]},
        {"data": [1, None]},
        {"event_data": {"index": "x"}},
        {"event_data": []},
        {"trigger_id": "x"},
    ],
    ids=lambda change: str(change)[:60],
)
def test_what_the_page_does_not_send_is_refused(client: httpx.Client, functions: dict[str, Any], change: Any) -> None:
    body = {"data": ["q", None], "fn_index": functions["begin"]["id"], "session_hash": "s", "event_data": None}
    assert client.post(surface.RUN, json=body).status_code == 200
    response = client.post(surface.RUN, json=body | change)
    assert response.status_code == 422
    assert response.json()["error"]["type"] == "UsageError"


def test_a_link_of_a_browsers_own_making_stays_here(client: httpx.Client, functions: dict[str, Any]) -> None:
    for site in ("//outside.invalid", "http://outside.invalid"):
        data = ["q", marking(f"{site}/source/x)%20![y](/z)?start=0&end=1&check=%22)![y](/z)")]
        response = client.post(
            surface.RUN, json={"data": data, "fn_index": functions["begin"]["id"], "session_hash": "s"}
        )
        assert response.status_code == 200
        (link,) = re.findall(r"\]\(\S+", response.json()["data"][1][1]["content"][0]["text"])
        assert link.startswith("](/source/x") and "outside" not in response.text and "![y](" not in response.text


def test_a_choice_that_is_not_offered_is_a_filter_and_no_fault(client: httpx.Client, functions: dict[str, Any]) -> None:
    data = [{"exchanges": [{"question": "council?"}]}, ["xx"], ["nobody"], "", ""]
    body = {"data": data, "fn_index": functions["respond"]["id"], "session_hash": "choice", "event_data": None}
    assert client.post(surface.JOIN, json=body).status_code == 200
    with client.stream("GET", surface.EVENTS, params={"session_hash": "choice"}) as events:
        assert '"success":true' in "".join(events.iter_text())


def test_a_stream_of_a_session_that_asked_nothing_is_not_there(client: httpx.Client) -> None:
    for query in ("", "?session_hash=", "?session_hash=never", "?session_hash=a&session_hash=b", "?session_hash=%00"):
        assert client.get(f"{surface.EVENTS}{query}").status_code == 404


# ---- growth


def test_answers_that_nobody_fetches_are_thrown_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, functions: dict[str, Any]
) -> None:
    respond = functions["respond"]["id"]
    monkeypatch.setattr(surface, "UNHEARD_SECONDS", 4)
    kept: list[gr.Blocks] = []
    created = gr.Blocks.queue

    def queue(blocks: gr.Blocks, **options: Any) -> Any:
        kept.append(blocks)
        return created(blocks, **options)

    monkeypatch.setattr(gr.Blocks, "queue", queue)
    with (
        serving(ScriptedAssistant(), read_settings(data=tmp_path)) as address,
        httpx.Client(base_url=address) as client,
    ):
        statuses = [ask_and_leave(client, respond, f"s{number}") for number in range(surface.UNHEARD + 5)]
        assert statuses.count(200) == surface.UNHEARD
        assert set(statuses[surface.UNHEARD :]) == {503}
        waiting = kept[-1]._queue
        deadline = time.monotonic() + 30
        while waiting.pending_messages_per_session and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not waiting.pending_messages_per_session
        assert not waiting.pending_event_ids_session
        assert not waiting.event_ids_to_events
        assert ask_and_leave(client, respond, "again") == 200


def ask_and_leave(client: httpx.Client, function: int, session: str) -> int:
    data = [{"exchanges": [{"question": "council?"}]}, [], [], "", ""]
    return client.post(surface.JOIN, json={"data": data, "fn_index": function, "session_hash": session}).status_code


def test_gradio_keeps_few_sessions(tmp_path: Path) -> None:
    async def capacity() -> int:
        assistant: Any = ScriptedAssistant()
        ready: Any = SimpleNamespace(is_over=lambda: True, fault="")
        app = FastAPI()
        mount_chat(app, assistant, Questions(1, 1), ready, (), FeedbackFile(tmp_path / "f"))
        return int(app.routes[-1].app._app.state_holder.capacity)  # type: ignore[attr-defined]

    assert asyncio.run(capacity()) == _SESSIONS
