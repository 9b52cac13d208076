"""The server: who may reach it, what it refuses before loading anything, and the real thing as a process."""

import base64
import html
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import Busy, ModelError, UsageError
from askcorpus.settings import Settings, read_settings
from askcorpus.types import Answer
from askcorpus_eval.questions import read_questions
from askcorpus_ui.chat.browser import COOKIE, owner_of
from askcorpus_ui.chat.conversation import Conversation, Exchange, Reply
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.references import Reference
from askcorpus_ui.chat.render import turn
from askcorpus_ui.chat.translations import strings_for
from askcorpus_ui.warm_up import WarmUp
from askcorpus_ui.web.server import example_questions, serve
from machine import free_port
from scripted import ScriptedAssistant
from serving import QUESTION, real_assistant, serving, wait_for_models

ENGLISH = strings_for("en")
KEY = "s3cret-kéy"
OPEN = ("/health", "/ready")
GUARDED = (
    "/",
    "/config",
    "/api/v1/documents",
    "/source/harbour",
    "/docs",
    "/openapi.json",
    "/gradio_api/info",
    "/v1/models",
    "/metrics",
)


@pytest.fixture(scope="module")
def local() -> Iterator[httpx.Client]:
    with serving(ScriptedAssistant()) as address, httpx.Client(base_url=address) as client:
        yield client


@pytest.fixture(scope="module")
def guarded() -> Iterator[httpx.Client]:
    with (
        serving(ScriptedAssistant(), read_settings(api_key=KEY)) as address,
        httpx.Client(base_url=address) as client,
    ):
        yield client


def told(response: httpx.Response) -> Any:
    """What is wrong, in the form of RFC 9457 or of OpenAI's API."""
    body = response.json()
    return body.get("error", body)


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anyone:{password}".encode()).decode()


@pytest.mark.parametrize("path", GUARDED)
def test_without_the_key_nothing_is_shown(guarded: httpx.Client, path: str) -> None:
    response = guarded.get(path)

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Basic ")
    assert told(response)["code"] == "Unauthorized"


@pytest.mark.parametrize("path", OPEN)
def test_the_health_checks_need_no_key(guarded: httpx.Client, path: str) -> None:
    wait_for_models(str(guarded.base_url), KEY)
    assert guarded.get(path).status_code == 200


def test_without_a_key_it_is_told_which_part_is_not_ready_and_not_where_it_is() -> None:
    assistant = ScriptedAssistant()
    assistant.store.checks[0].ok = False
    assistant.store.checks[0].detail = "The database askcorpus on db.example:5432 cannot be reached."
    with serving(assistant, read_settings(api_key=KEY)) as address, httpx.Client(base_url=address) as client:
        wait_for_models(address, KEY)
        shut, wrong, keyed = (client.get("/ready", headers=[(b"X-API-Key", key.encode())]) for key in ("", "no", KEY))

    assert [answer.status_code for answer in (shut, wrong, keyed)] == [503] * 3
    assert "5432" in keyed.text
    for answer in (shut, wrong):
        assert [(check["name"], check["ok"], check["detail"]) for check in answer.json()["checks"]] == [
            ("catalog", False, ""),
            ("models", True, ""),
        ]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Authorization": f"Bearer {KEY}".encode()}, id="bearer"),
        pytest.param({"X-API-Key": KEY.encode()}, id="header"),
        pytest.param({"Authorization": basic(KEY)}, id="password"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/documents"])
def test_the_key_opens_chat_and_api(guarded: httpx.Client, path: str, headers: dict[str, str]) -> None:
    assert guarded.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"X-API-Key": ""},
        {"Authorization": basic("wrong")},
        {"Authorization": "Basic %%%"},
        {"Authorization": f"Digest {KEY}".encode()},
    ],
)
def test_a_wrong_key_does_not(guarded: httpx.Client, headers: dict[str, str]) -> None:
    assert guarded.get("/api/v1/documents", headers=headers).status_code == 401


@pytest.mark.parametrize("host", ["localhost", "localhost:7860", "127.0.0.1:1", "[::1]:7860", "LOCALHOST"])
def test_names_of_this_machine_are_answered(local: httpx.Client, host: str) -> None:
    assert local.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:7860", "10.0.0.1"])
def test_a_name_from_elsewhere_is_not(local: httpx.Client, host: str) -> None:
    """DNS rebinding: a page of evil.example whose name suddenly resolves to 127.0.0.1."""
    response = local.get("/api/v1/documents", headers={"Host": host})

    assert response.status_code == 421
    assert response.json()["detail"]


def test_with_a_key_the_host_may_be_a_proxys(guarded: httpx.Client) -> None:
    headers = [(b"Host", b"answers.example.org"), (b"X-API-Key", KEY.encode())]

    assert guarded.get("/api/v1/documents", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/source/harbour", "/health"])
def test_pages_may_load_nothing_from_elsewhere(local: httpx.Client, path: str) -> None:
    policy = local.get(path).headers["content-security-policy"]

    assert policy.startswith(("default-src 'self'", "default-src 'none'"))
    assert "http" not in policy and "*" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_page_names_no_other_site(local: httpx.Client) -> None:
    page = local.get("/").text

    assert not [word for word in ("googleapis", "gstatic", "jsdelivr", "unpkg", "cdnjs") if word in page]


def test_a_browser_keeps_what_no_version_changes(local: httpx.Client) -> None:
    names = re.findall(r'"(?:\./|/)?(assets/[^"]+)"', local.get("/").text)
    assert len(names) > 1
    for name in names:
        assert re.search(r"-[\w-]{8,}\.\w+$", name), name  # a digest
        assert local.get(f"/{name}").headers["Cache-Control"] == "private, max-age=31536000, immutable"
    for path in ("/", "/theme.css", "/assets/index-none.js", "/health"):
        assert local.get(path).headers["Cache-Control"] == "private", path  # no word on how long


def test_beyond_loopback_a_key_is_needed() -> None:
    with pytest.raises(UsageError, match="let others read"):
        serve(read_settings(host="0.0.0.0"))


def test_a_host_that_is_not_ours_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"192\.0\.2\.1"):
        serve(read_settings(host="192.0.2.1", api_key=KEY))


def test_a_taken_port_is_noticed_before_anything_is_loaded(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        began = time.monotonic()
        with pytest.raises(Busy, match="is in use"):
            serve(read_settings(port=taken.getsockname()[1], data=tmp_path / "none"))

    assert time.monotonic() - began < 0.5
    assert not (tmp_path / "none").exists()


def test_a_model_that_cannot_be_loaded_is_said_and_not_fatal() -> None:
    class Broken(ScriptedAssistant):
        def warm_up(self) -> None:
            raise ModelError("There is no such model.", "Check its name.")

    broken: Any = Broken()
    warm_up = WarmUp(broken)
    warm_up.start()
    while not warm_up.is_over():
        time.sleep(0.01)

    assert warm_up.fault == "There is no such model. Check its name."


def test_examples_are_one_a_language_and_answered(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "question": "Not answered?", "lang": "en", "answerable": False},
        {"id": "2", "question": "One?", "lang": "en", "answers": ["x"]},
        {"id": "3", "question": "Two?", "lang": "en", "answers": ["x"]},
        {"id": "4", "question": "Et lui ?", "lang": "fr", "answers": ["x"], "history": [{"role": "user", "text": "?"}]},
        {"id": "5", "question": "Un ?", "lang": "fr", "answers": ["x"]},
    ]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")

    assert example_questions(tmp_path / "questions.jsonl") == (("One?", "en"), ("Un ?", "fr"))


def test_examples_of_the_sample_corpus_are_the_marked_ones() -> None:
    """Four languages, one asked across languages, and one that the corpus does not answer, which comes last."""
    path = Path(__file__).parents[1] / "corpus/questions.jsonl"
    marked = [row for row in read_questions(path).questions if row.example]

    assert example_questions(path) == tuple((row.question, row.lang) for row in marked)
    assert len({row.lang for row in marked}) == len(marked) == 4
    assert [row.answerable for row in marked] == [True, True, True, False]
    assert any(row.lang != row.doc_lang for row in marked if row.answerable)


# ---- the real assistant over a few small documents


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with real_assistant(tmp_path_factory.mktemp("real"), embeddings) as assistant:
        yield assistant


@contextmanager
def process(settings: Settings) -> Iterator[str]:
    """``serve`` as a process of its own, once it says that it listens."""
    code = (
        "from askcorpus_ui.web.server import serve; "
        "from askcorpus.settings import read_settings; serve(read_settings())"
    )
    chosen = {"DATA": settings.data, "PORT": free_port(), "MIN_CONFIDENCE": settings.min_confidence}
    env = os.environ | {f"ASKCORPUS_{name}": str(value) for name, value in chosen.items()}
    running = subprocess.Popen([sys.executable, "-c", code], env=env, stderr=subprocess.PIPE, text=True)
    try:
        assert running.stderr is not None
        assert "Chat: http://127.0.0.1" in running.stderr.readline()
        yield f"http://127.0.0.1:{chosen['PORT']}"
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(60)


def test_the_server_as_a_process_answers_with_proof(assistant: Assistant) -> None:
    with process(assistant.settings) as address, httpx.Client(base_url=address, timeout=60) as client:
        page = client.get("/")
        answer = Answer.model_validate(client.post("/api/v1/ask", json={"question": QUESTION}).json())
        wait_for_models(address)
        checks = client.get("/ready")

        assert page.status_code == 200 and "askcorpus" in page.text
        assert checks.status_code == 200, checks.text
        assert answer.citations
        for citation in answer.citations:
            document = client.get(f"/api/v1/documents/{citation.document_id}").json()
            assert document["text"][citation.start : citation.end] == citation.quote
            assert answer.answer[citation.answer_start : citation.answer_end] == f"[{citation.marker}]"
            assert "<mark" in client.get(Reference.of(citation).url()).text


def test_only_who_asked_is_led_from_citation_to_citation_of_an_answer(tmp_path: Path) -> None:
    answer = ScriptedAssistant().ask("What did the council decide, and what do the pêcheurs want?")
    first, last = (Reference.of(citation) for citation in answer.citations)
    mine, other = ({"cookie": f"{COOKIE}={letter * 43}"} for letter in "ab")
    with closing(Conversations(tmp_path, 30)) as kept:
        place = kept.ask(owner_of(mine), None, "council")
        kept.reply(owner_of(mine), place, Reply.of(answer))
    onward = html.escape(f"../{last.url(place.id, 1)}")
    with (
        serving(ScriptedAssistant(), read_settings(data=tmp_path)) as address,
        httpx.Client(base_url=address) as client,
    ):

        def shown(headers: dict[str, str], **changes: str) -> str:
            query = {**first.query(), "c": place.id, "turn": "1"} | changes
            page = client.get(f"source/{first.document_id}", params=query, headers=headers)
            assert page.status_code == 200 and "<mark" in page.text
            return page.text

        assert f'rel="next" href="{onward}"' in shown(mine)
        assert client.get(html.unescape(onward).removeprefix("../"), headers=mine).status_code == 200
        for headers in (other, {}, {"cookie": f"{COOKIE}={place.id}"}):
            assert 'rel="next"' not in shown(headers)
        for turn in ("", "0", "2", "-1", "1.5", "x", "1 OR 1=1", str(2**53), "9" * 400, "١", "1\0"):
            assert 'rel="next"' not in shown(mine, turn=turn)
        for conversation in ("", "x" * 22, place.id[:-1], place.id + "x", f"{place.id}\n", "%", "' OR ''='"):
            assert 'rel="next"' not in shown(mine, c=conversation)
        assert 'rel="next"' not in shown(mine, end=str(first.end - 1), check="")


def test_every_surface_carries_the_same_answer(assistant: Assistant) -> None:
    """REST, the last event of a stream, the chat's turn and the library; only ids and timings may differ."""
    with serving(assistant) as address:
        body = {"question": QUESTION}
        plain = httpx.post(f"{address}/api/v1/ask", json=body, timeout=60).json()
        stream = httpx.post(f"{address}/api/v1/ask/stream", json=body, timeout=60).text
    last = Answer.model_validate_json(stream.strip().split("\n\n")[-1].removeprefix("event: done\ndata: "))
    answer = assistant.ask(QUESTION)
    reply = Reply.of(answer)
    exchanges = (Exchange(question=QUESTION, reply=reply),)
    shown = turn(Conversation(id="c", title="t", exchanges=exchanges), ENGLISH)

    assert set(plain) == set(Answer.model_fields)
    assert _steady(Answer.model_validate(plain)) == _steady(last) == _steady(answer)
    assert set(reply.references) == {Reference.of(citation) for citation in answer.citations}
    assert all(html.escape(reference.url("c", 1)) in shown for reference in reply.references)
    assert reply.said == re.sub(r" ?\[\d+\]", "", answer.answer)


def _steady(answer: Answer) -> Answer:
    return answer.model_copy(update={"id": "", "timings_ms": {}})
