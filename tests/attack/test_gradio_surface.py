"""The routes that Gradio brings, attacked: no file is read, and what the page does not use is not there."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from askcorpus.feedback import FeedbackFile
from askcorpus.settings import Settings, read_settings
from askcorpus_ui.chat import surface
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.first_questions import FirstQuestions
from askcorpus_ui.chat.page import _SESSIONS, mount_chat
from askcorpus_ui.chat.tried_questions import TriedQuestions
from askcorpus_ui.streaming import Questions
from askcorpus_ui.web.keys import Keys
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
    ("POST", "/gradio_api/cancel"),
    ("POST", "/gradio_api/component_server"),
    ("POST", "/gradio_api/process_recording"),
    ("POST", "/gradio_api/reset"),
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
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def address(data: Path) -> Iterator[str]:
    with serving(ScriptedAssistant(), read_settings(data=data)) as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60) as client:
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
        ("TRACE", "/ready", "GET, HEAD"),
        ("GET", "/api/v1/ask", "POST"),
        ("DELETE", "/api/v1/documents/x", "GET, HEAD"),
        ("POST", "/v1/models", "GET, HEAD"),
        ("PUT", "/v1/chat/completions", "POST"),
        ("POST", "/", "GET, HEAD"),
        ("DELETE", "/theme.css", "GET, HEAD"),
        ("PUT", "/c/abcdefghijklmnopqrstuv", "GET, HEAD"),
        ("GET", surface.RUN, "POST"),
        ("PATCH", surface.EVENTS, "GET"),
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
    """A file in every place where the page says which conversation it shows."""
    file = {
        "path": path,
        "url": None,
        "orig_name": "x",
        "mime_type": "text/plain",
        "meta": {"_type": "gradio.FileData"},
    }
    shown = {"component": "image", "value": file, "constructor_args": {}, "props": {}}
    return [file, shown, [file], {"id": file}, {"id": path}, {"id": ID, "turn": file}]


ID = "x" * 22
NOTHING: tuple[Any, ...] = ([], [], "", "", None)
"""No filter is chosen."""

HANDLERS: dict[str, list[Any]] = {
    "begin": ["q", None, *NOTHING],
    "begin_example": [None, *NOTHING],
    "retry": [None],
    "unfiltered": [None],
    "edit": [None, *NOTHING],
    "respond": [None],
    "idle": [None, ""],
    "stop": [None],
    "like": [None],
    "open_source": [None],
    "search": ["", None],
    "rename": ["", None],
    "delete": ["", None],
    "export_markdown": [None],
    "export_json": [None],
}
"""What the page sends to each of its handlers that takes a place."""


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("name", HANDLERS)
def test_a_file_in_a_place_is_never_taken(
    client: httpx.Client, functions: dict[str, Any], name: str, secret: str
) -> None:
    before = cached()
    happened = {"index": 1, "value": {"text": "x"}, "liked": True, "id": ID, "name": "x"}
    honest = HANDLERS[name]
    for bad in carrying(secret):
        shape = list(honest)
        shape[honest.index(None)] = bad
        assert len(shape) == len(functions[name]["inputs"])
        body = {"data": shape, "fn_index": functions[name]["id"], "session_hash": "attack", "event_data": happened}
        assert {client.post(route, json=body).status_code for route in (surface.RUN, surface.JOIN)} == {422}
    assert cached() == before


@pytest.mark.parametrize("secret", SECRETS)
def test_a_file_beside_a_place_is_left_out(client: httpx.Client, functions: dict[str, Any], secret: str) -> None:
    before = cached()
    place = {"id": ID, "path": secret, "meta": {"_type": "gradio.FileData"}}
    response = client.post(
        surface.RUN,
        json={"data": ["q", place, *NOTHING], "fn_index": functions["begin"]["id"], "session_hash": "attack"},
    )
    assert response.status_code == 200
    assert secret not in response.text
    assert cached() == before


def test_a_file_in_what_happened_is_never_taken(client: httpx.Client) -> None:
    before = cached()
    file = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    for happened in (file, {"value": file}, {"index": 0, "value": {"text": file}}, {"href": file}, {"all": [file]}):
        for function in range(40):
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


PAGE = """
import sys
sys.path.insert(0, {tests!r})
import httpx
from askcorpus.settings import read_settings
from scripted import ScriptedAssistant
from serving import serving

with serving(ScriptedAssistant(), read_settings()) as address:
    assert httpx.get(address, timeout=60).status_code == 200
"""


def test_no_other_user_of_the_machine_keeps_the_server_from_starting(tmp_path: Path) -> None:
    (tmp_path / "gradio").write_text("what another user put there, or a folder of that user's")
    environment = {**os.environ, "TMPDIR": str(tmp_path), "ASKCORPUS_DATA": str(tmp_path / "data")}
    environment.pop("GRADIO_TEMP_DIR", None)
    code = PAGE.format(tests=str(Path(__file__).parents[1]))
    started = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stderr
    assert not [path.name for path in tmp_path.iterdir() if path.name not in ("gradio", "data")]


# ---- what the page does use takes bounded, typed input


def test_the_page_still_works_through_its_own_routes(client: httpx.Client, functions: dict[str, Any]) -> None:
    data: list[Any] = [begun(client, functions)]
    body = {"data": data, "fn_index": functions["respond"]["id"], "session_hash": "honest", "event_data": None}
    assert client.post(surface.JOIN, json=body).status_code == 200
    with client.stream("GET", surface.EVENTS, params={"session_hash": "honest"}) as events:
        text = "".join(events.iter_text())
    assert "The council voted 31 to 12" in text
    assert "process_completed" in text


def begun(
    client: httpx.Client, functions: dict[str, Any], question: str = "council?", chosen: Sequence[Any] = NOTHING
) -> dict[str, Any]:
    """Where a question waits that a browser just asked."""
    client.get("/")  # for its cookie
    body = {"data": [question, None, *chosen], "fn_index": functions["begin"]["id"], "session_hash": "begun"}
    return dict(client.post(surface.RUN, json=body).json()["data"][0])


def test_a_question_counts_once_for_the_rate_of_a_key_and_is_answered_to_its_end(
    functions: dict[str, Any], tmp_path: Path
) -> None:
    """Were one of the events that follow it refused, the page would wait for an answer until it is loaded anew."""
    with closing(Keys(tmp_path)) as keys:
        key, _ = keys.add("slow", ["ask"], per_minute=1)
    settings = Settings(data=tmp_path)
    with serving(ScriptedAssistant(), settings) as address, httpx.Client(base_url=address, timeout=60) as client:
        client.auth = ("anyone", key)
        place = begun(client, functions)
        body = {"data": [place], "fn_index": functions["respond"]["id"], "session_hash": "honest"}
        assert client.post(surface.JOIN, json=body).status_code == 200
        with client.stream("GET", surface.EVENTS, params={"session_hash": "honest"}) as events:
            assert "The council voted 31 to 12" in "".join(events.iter_text())
        body = {"data": ["", place], "fn_index": functions["search"]["id"], "session_hash": "honest"}
        assert client.post(surface.RUN, json=body).status_code == 200
        body = {"data": ["q", place, *NOTHING], "fn_index": functions["begin"]["id"], "session_hash": "honest"}
        refused = client.post(surface.RUN, json=body)
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
        again = {"data": [place], "fn_index": functions["retry"]["id"], "session_hash": "honest"}
        again["event_data"] = {"index": place["turn"]}
        assert client.post(surface.RUN, json=again).status_code == 429
        assert client.post("/api/v1/search", json={"query": "x"}).status_code == 429


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
        {"data": ["q", None, "x", [], "", "", None]},
        {"data": ["q", None, [], [{}], "", "", None]},
        {"data": ["q", None, [], [], "", [], None]},
        {"data": ["q", None, [], [], "", "", {"path": "x"}]},
        {"data": []},
        {"data": ["q"] * 100},
        {"data": ["q", [], *NOTHING]},
        {"data": ["q", {"id": "x" * 200}, *NOTHING]},
        {"data": ["q", {"id": "../../../../etc/passwd"}, *NOTHING]},
        {"data": ["q", {"id": ID, "turn": 0}, *NOTHING]},
        {"data": ["q", {"id": ID, "turn": 10**30}, *NOTHING]},
        {"data": ["q", {"id": ID, "turn": "x"}, *NOTHING]},
        {"data": ["q" * 300_000, None, *NOTHING]},
        {"data": [["q"], None, *NOTHING]},
        {"data": [1, None, *NOTHING]},
        {"event_data": {"index": "x"}},
        {"event_data": {"index": [0, 1]}},
        {"event_data": {"id": "x"}},
        {"event_data": {"id": ID * 2}},
        {"event_data": {"name": "x" * 2_000}},
        {"event_data": []},
        {"trigger_id": "x"},
    ],
    ids=lambda change: str(change)[:60],
)
def test_what_the_page_does_not_send_is_refused(client: httpx.Client, functions: dict[str, Any], change: Any) -> None:
    body = {
        "data": ["q", None, *NOTHING],
        "fn_index": functions["begin"]["id"],
        "session_hash": "s",
        "event_data": None,
    }
    assert client.post(surface.RUN, json=body).status_code == 200
    response = client.post(surface.RUN, json=body | change)
    assert response.status_code == 422
    assert response.json()["code"] == "UsageError"


@pytest.mark.parametrize(
    "name", ["rename", "delete", "edit", "retry", "like", "unfiltered", "begin_example", "without"]
)
def test_what_did_not_happen_is_refused(client: httpx.Client, functions: dict[str, Any], name: str) -> None:
    data = HANDLERS.get(name, [*NOTHING])
    body = {"data": data, "fn_index": functions[name]["id"], "session_hash": "s", "event_data": {}}
    assert client.post(surface.RUN, json=body).status_code == 422


# ---- conversations


def test_nobody_reaches_the_conversation_of_another_browser(
    address: str, client: httpx.Client, functions: dict[str, Any]
) -> None:
    place = begun(client, functions, "my secret question?")

    def outcome(asking: httpx.Client, name: str, data: list[Any], happened: Any = None) -> str:
        body = {"data": data, "fn_index": functions[name]["id"], "session_hash": "s", "event_data": happened}
        return asking.post(surface.RUN, json=body).text

    with httpx.Client(base_url=address) as stranger, httpx.Client(base_url=address) as nobody:
        assert stranger.get(f"/c/{place['id']}").status_code == 200  # the same page for everybody, with nothing in it
        assert "secret" not in stranger.get(f"/c/{place['id']}").text
        for asking in (stranger, nobody, httpx.Client(base_url=address, cookies={"askcorpus_browser": "x"})):
            for name, data, happened in (
                ("load", [f"/c/{place['id']}"], None),
                ("search", ["", place], None),
                ("stop", [place], None),
                ("open_source", [place], {"index": 1, "href": "/source/x?start=0&end=1"}),
                ("export_markdown", [place], None),
                ("export_json", [place], None),
                ("retry", [place], {"index": 1}),
                ("rename", ["", place], {"id": place["id"], "value": {"text": "taken"}}),
                ("delete", ["", place], {"id": place["id"]}),
            ):
                assert "secret" not in outcome(asking, name, data, happened)
    own = outcome(client, "load", [f"/c/{place['id']}"])
    assert "my secret question?" in own and "taken" not in own


def test_nobody_takes_the_stop_of_another_browsers_answer_away(
    address: str, client: httpx.Client, functions: dict[str, Any]
) -> None:
    place = begun(client, functions, "slow council?")

    def heard(asking: httpx.Client, session: str, stop: bool = False) -> str:
        data: list[Any] = [place]
        body = {"data": data, "fn_index": functions["respond"]["id"], "session_hash": session}
        assert asking.post(surface.JOIN, json=body).status_code == 200
        text = ""
        with asking.stream("GET", surface.EVENTS, params={"session_hash": session}) as events:
            for line in events.iter_lines():
                text += line
                if stop and "The council" in line:
                    stop = False
                    assert "council" not in heard(stranger, "nosy")
                    body = {"data": [place], "fn_index": functions["stop"]["id"], "session_hash": "s"}
                    assert client.post(surface.RUN, json=body).status_code == 200
        return text

    with httpx.Client(base_url=address, timeout=60) as stranger:
        stranger.get("/")
        assert "Stopped before the end" in heard(client, "own", stop=True)


def test_the_cookie_is_for_no_script_and_for_no_other_site(address: str) -> None:
    with httpx.Client(base_url=address) as client:
        first = client.get("/").headers["set-cookie"]
        again = client.get("/c/" + ID).headers["set-cookie"]
    token = re.match(r"askcorpus_browser=([\w-]{43});", first)
    assert token and f"={token[1]};" in again
    for flag in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="):
        assert flag in first
    for other in ('a={"x y": "b, c"}', "a=b c", "flag", "é=ü", "=", "a[0]=1"):  # of another server of this host
        kept = httpx.get(address, headers=[(b"cookie", f"{other}; askcorpus_browser={token[1]}; {other}".encode())])
        assert f"askcorpus_browser={token[1]};" in kept.headers["set-cookie"], other
    for bad in ("<x>", "y" * 42, "z" * 44, "<script>" * 6, "a=b;" * 50):
        made = httpx.get(address, headers={"cookie": f"askcorpus_browser={bad}"}).headers["set-cookie"]
        assert re.match(r"askcorpus_browser=[\w-]{43};", made) and bad not in made


@pytest.mark.parametrize("path", ["/c/", "/c/x", "/c/" + "x" * 21, "/c/" + "x" * 23, "/c/../", "/c/" + "%0a" * 22])
def test_what_is_no_id_of_a_conversation_is_not_there(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code in (200, 404)
    assert path.endswith("../") or client.get(path).status_code == 404


def test_ids_are_not_guessed_and_the_file_is_its_owners_alone(
    client: httpx.Client, functions: dict[str, Any], data: Path
) -> None:
    ids = {begun(client, functions)["id"] for _ in range(50)}
    assert len(ids) == 50 and all(len(each) == 22 for each in ids)
    file = data / "conversations.sqlite3"
    assert file.stat().st_mode & 0o777 == 0o600
    token = client.cookies["askcorpus_browser"]
    assert token.encode() not in b"".join(each.read_bytes() for each in data.glob("conversations.sqlite3*"))


def test_a_choice_that_is_not_offered_is_a_filter_and_no_fault(client: httpx.Client, functions: dict[str, Any]) -> None:
    data: list[Any] = [begun(client, functions, chosen=(["xx"], ["nobody"], "", "", None))]
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
    monkeypatch.setattr(surface, "UNHEARD_SECONDS", 3600)
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
        monkeypatch.setattr(surface, "UNHEARD_SECONDS", 0.1)  # from what is asked next on
        again = [ask_and_leave(client, respond, f"s{number}") for number in range(surface.UNHEARD)]
        assert set(again) == {200}
        waiting = kept[-1]._queue
        deadline = time.monotonic() + 30
        kinds = ("pending_messages_per_session", "pending_event_ids_session", "event_ids_to_events")
        while any(getattr(waiting, kind) for kind in kinds) and time.monotonic() < deadline:
            time.sleep(0.1)  # what had begun is ended a little later
        assert {kind: len(getattr(waiting, kind)) for kind in kinds} == dict.fromkeys(kinds, 0)
        assert ask_and_leave(client, respond, "again") == 200


def test_one_page_cannot_fill_the_line(tmp_path: Path, functions: dict[str, Any]) -> None:
    respond = functions["respond"]["id"]
    with (
        serving(ScriptedAssistant(), read_settings(data=tmp_path)) as address,
        httpx.Client(base_url=address) as client,
    ):
        statuses = [ask_and_leave(client, respond, "greedy") for _ in range(surface.UNFETCHED + 5)]
        assert statuses.count(200) == surface.UNFETCHED
        assert set(statuses[surface.UNFETCHED :]) == {503}
        assert ask_and_leave(client, respond, "modest") == 200
        with client.stream("GET", surface.EVENTS, params={"session_hash": "greedy"}) as events:
            assert "".join(events.iter_text()).count("process_completed") == surface.UNFETCHED
        assert ask_and_leave(client, respond, "greedy") == 200


def ask_and_leave(client: httpx.Client, function: int, session: str) -> int:
    data: list[Any] = [{"id": ID, "turn": 1}]
    return client.post(surface.JOIN, json={"data": data, "fn_index": function, "session_hash": session}).status_code


def test_gradio_keeps_few_sessions(tmp_path: Path) -> None:
    async def capacity() -> int:
        assistant: Any = ScriptedAssistant()
        ready: Any = SimpleNamespace(is_over=lambda: True, fault="")
        app = FastAPI()
        kept = Conversations(tmp_path, 0)
        first = FirstQuestions((), TriedQuestions(assistant))
        mount_chat(app, assistant, Questions(1, 1), ready, first, FeedbackFile(tmp_path / "f"), kept, lambda _: None)
        return int(app.routes[-1].app._app.state_holder.capacity)  # type: ignore[attr-defined]

    assert asyncio.run(capacity()) == _SESSIONS
