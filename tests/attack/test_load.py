"""Many clients at once, clients that leave, and a server that is told to stop while it answers."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from askcorpus.errors import Busy
from askcorpus.settings import read_settings
from askcorpus.types import Event, Retrieved
from askcorpus_ui.chat.surface import EVENTS, JOIN, RUN
from askcorpus_ui.streaming import Questions
from scripted import ScriptedAssistant
from serving import serving


class SlowAssistant(ScriptedAssistant):
    """Answers when ``go`` is set, or after ``seconds``; counts those it is answering."""

    def __init__(self, seconds: float = 30) -> None:
        super().__init__()
        self.seconds = seconds
        self.go = threading.Event()
        self.running = self.most = self.begun = self.finished = 0
        self._lock = threading.Lock()

    def stream(self, question: str, **options: Any) -> Iterator[Event]:
        with self._lock:
            self.running += 1
            self.begun += 1
            self.most = max(self.most, self.running)
        try:
            yield Retrieved(passages=())
            deadline = time.monotonic() + self.seconds
            while not self.go.wait(0.01) and time.monotonic() < deadline:
                yield Retrieved(passages=())
            yield from super().stream(question)
            self.finished += 1
        finally:
            with self._lock:
                self.running -= 1


def until(true: object, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.01)


def test_a_health_check_does_not_wait_for_questions() -> None:
    assistant = SlowAssistant()
    settings = read_settings(concurrent_questions=2, waiting_questions=100)
    with serving(assistant, settings) as address, ThreadPoolExecutor(60) as clients:
        asked = [
            clients.submit(httpx.post, f"{address}/api/v1/ask", json={"question": "council?"}, timeout=60)
            for _ in range(50)
        ]
        until(lambda: assistant.running == 2)
        took = []
        for path in ("/health", "/ready", "/source/harbour", "/api/v1/documents", "/") * 4:
            began = time.monotonic()
            assert httpx.get(f"{address}{path}", timeout=60).status_code == 200
            took.append(time.monotonic() - began)
        assert max(took) < 10  # a question takes thirty
        assert assistant.most == 2
        assistant.go.set()
        assert {response.result().status_code for response in asked} == {200}
        assert assistant.most == 2


@pytest.mark.parametrize("path", ["/api/v1/ask", "/api/v1/ask/stream", "/v1/chat/completions", "/api/v1/search"])
def test_a_full_line_is_said_and_when_to_come_again(path: str) -> None:
    assistant = SlowAssistant()
    body = {"question": "x", "query": "x", "messages": [{"role": "user", "content": "x"}]}
    body = {
        name: body[name]
        for name in {"ask": ("question",), "search": ("query",)}.get(path.split("/")[3][:6], ("messages",))
    }
    settings = read_settings(concurrent_questions=1, waiting_questions=2)
    with serving(assistant, settings) as address, ThreadPoolExecutor(3) as clients:
        first = [
            clients.submit(httpx.post, f"{address}/api/v1/ask", json={"question": "council?"}, timeout=60)
            for _ in range(3)
        ]
        until(lambda: assistant.running == 1)
        time.sleep(0.3)
        response = httpx.post(f"{address}{path}", json=body, timeout=60)
        assistant.go.set()
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert "waiting" in response.text
        assert {each.result().status_code for each in first} == {200}


@pytest.mark.parametrize("path", ["/api/v1/ask", "/api/v1/ask/stream", "/v1/chat/completions"])
def test_a_client_that_hangs_up_stops_its_question(path: str) -> None:
    assistant = SlowAssistant()
    body = (
        {"messages": [{"role": "user", "content": "council?"}]} if path.startswith("/v1") else {"question": "council?"}
    )
    with serving(assistant, read_settings(concurrent_questions=1, waiting_questions=5)) as address:
        with suppress(httpx.ReadTimeout), httpx.stream("POST", f"{address}{path}", json=body, timeout=0.5) as response:
            next(response.iter_bytes())
        until(lambda: assistant.begun == 1 and assistant.running == 0)
        assert assistant.finished == 0


def test_a_client_that_hangs_up_in_the_line_never_begins() -> None:
    assistant = SlowAssistant()
    with serving(assistant, read_settings(concurrent_questions=1, waiting_questions=5)) as address:
        with ThreadPoolExecutor(1) as other:
            first = other.submit(httpx.post, f"{address}/api/v1/ask", json={"question": "council?"}, timeout=60)
            until(lambda: assistant.running == 1)
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(f"{address}/api/v1/ask", json={"question": "council?"}, timeout=0.5)
            time.sleep(0.3)
            assistant.go.set()
            assert first.result().status_code == 200
        time.sleep(0.3)
        assert assistant.begun == 1


def test_a_page_that_is_closed_stops_its_question(tmp_path: Path) -> None:
    assistant = SlowAssistant()
    with serving(assistant, read_settings(data=tmp_path)) as address, httpx.Client(base_url=address) as client:
        config = re.search(r"window\.gradio_config = (\{.*?\});</script>", client.get("/").text, re.DOTALL)
        assert config
        numbers = {each["api_name"]: each["id"] for each in json.loads(config[1])["dependencies"]}
        begin, respond = numbers["begin"], numbers["respond"]
        begun = {"data": ["council?", None, [], [], "", "", None], "fn_index": begin, "session_hash": "closed"}
        place = client.post(RUN, json=begun).json()["data"][0]
        client.post(JOIN, json={"data": [place], "fn_index": respond, "session_hash": "closed"}).raise_for_status()
        with client.stream("GET", EVENTS, params={"session_hash": "closed"}) as events:
            until(lambda: assistant.running == 1)
            assert next(events.iter_bytes())
        until(lambda: assistant.running == 0)
        assert assistant.finished == 0


# ---- the line itself


def test_what_waits_or_is_not_at_its_end_is_told_when_the_time_to_stop_is_over() -> None:
    async def main() -> list[str]:
        questions, go = Questions(1, 5), threading.Event()

        def slow() -> Iterator[Event]:
            yield Retrieved(passages=())
            go.wait(60)

        async def ask() -> str:
            try:
                async for _ in questions.stream(slow):
                    pass
            except Busy as exc:
                return exc.message
            return "answered"

        first, second = asyncio.ensure_future(ask()), asyncio.ensure_future(ask())
        await asyncio.sleep(0.2)
        questions.abandon()
        told = [await first, await second, await ask()]
        go.set()
        return told

    assert asyncio.run(main()) == ["The server is stopping."] * 3


def test_what_a_question_raises_is_raised_where_it_was_asked() -> None:
    async def main() -> None:
        def broken() -> Iterator[Event]:
            raise ValueError("broken")
            yield

        async for _ in Questions(1, 1).stream(broken):
            pass

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(main())


def test_work_takes_its_turn_and_brings_its_result() -> None:
    async def main() -> Sequence[int]:
        questions = Questions(1, 10)
        return await asyncio.gather(*(questions.run(partial(abs, number)) for number in range(5)))

    assert list(asyncio.run(main())) == [0, 1, 2, 3, 4]


# ---- a process that is told to stop

SERVER = """
import sys, time
sys.path.insert(0, {tests!r})
import askcorpus.assistant
from scripted import ScriptedAssistant
from askcorpus.types import Retrieved

class Slow(ScriptedAssistant):
    def stream(self, question, **options):
        print("begun", file=sys.stderr, flush=True)
        yield Retrieved(passages=())
        if "deaf" in question:
            time.sleep(60)
        for _ in range(int(question.rsplit(" ", 1)[-1])):
            time.sleep(0.1)
            yield Retrieved(passages=())
        yield from super().stream(question, **options)

askcorpus.assistant.open_assistant = lambda settings: Slow()
from askcorpus.settings import read_settings
from askcorpus_ui.web.server import serve
serve(read_settings(port={port}, stop_seconds={stop_seconds}))
"""


@contextmanager
def server(stop_seconds: float) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    code = SERVER.format(tests=str(Path(__file__).parents[1]), port=port, stop_seconds=stop_seconds)
    running = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        assert running.stderr is not None
        assert "Chat: " in running.stderr.readline()
        yield running, f"http://127.0.0.1:{port}"
    finally:
        running.kill()
        running.wait(60)


def begun(running: subprocess.Popen[str]) -> None:
    """Wait until a question is being answered."""
    assert running.stderr is not None
    assert "begun\n" in iter(running.stderr.readline, "")


def stopped(running: subprocess.Popen[str]) -> tuple[float, str]:
    """Seconds until a process that gets SIGTERM is gone, and what it said."""
    began = time.monotonic()
    running.send_signal(signal.SIGTERM)
    said = running.communicate(timeout=60)[1]
    return time.monotonic() - began, said


def test_told_to_stop_it_ends_what_is_in_flight() -> None:
    with server(stop_seconds=30) as (running, address), ThreadPoolExecutor(2) as clients:
        asked = clients.submit(httpx.post, f"{address}/api/v1/ask", json={"question": "council 10"}, timeout=60)
        begun(running)
        seconds, said = stopped(running)
        assert asked.result().status_code == 200
        assert asked.result().json()["answerable"]
        assert running.returncode == 0
        assert seconds < 25
        assert "Traceback" not in said and "ERROR" not in said


def test_what_does_not_end_in_time_is_told_so() -> None:
    with server(stop_seconds=1) as (running, address), ThreadPoolExecutor(8) as clients:
        body = {"question": "council 600"}
        whole = [clients.submit(httpx.post, f"{address}/api/v1/ask", json=body, timeout=60) for _ in range(6)]
        stream = clients.submit(httpx.post, f"{address}/api/v1/ask/stream", json=body, timeout=60)
        begun(running)
        time.sleep(1)  # for those that wait
        seconds, said = stopped(running)
        for response in (each.result() for each in whole):
            assert response.status_code == 503
            assert "stopping" in response.text
        if stream.result().status_code == 200:
            assert "stopping" in stream.result().text.split("event: error")[1]
        assert running.returncode == 0
        assert seconds < 30
        assert "Traceback" not in said


def test_many_questions_that_do_not_end_in_time_are_told_so_in_their_last_line() -> None:
    with server(stop_seconds=0) as (running, address), ThreadPoolExecutor(1) as clients:
        body = {"questions": [{"question": "council 600"}] * 4}
        asked = clients.submit(httpx.post, f"{address}/api/v1/ask/batch", json=body, timeout=60)
        begun(running)
        stopped(running)
        *_, last = asked.result().text.splitlines()
        assert "stopping" in json.loads(last)["error"]["detail"]
        assert running.returncode == 0


def test_an_open_page_and_a_deaf_question_do_not_keep_it() -> None:
    with server(stop_seconds=0) as (running, address), ThreadPoolExecutor(2) as clients:
        clients.submit(httpx.post, f"{address}/api/v1/ask", json={"question": "deaf 1"}, timeout=60)
        with socket.create_connection((httpx.URL(address).host, httpx.URL(address).port or 0)) as idle:
            idle.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")  # and never the end of it
            begun(running)
            seconds, said = stopped(running)
        assert seconds < 30
        assert running.returncode == 0
        assert "Traceback" not in said


def test_requests_that_are_cut_off_are_no_faults() -> None:
    with server(stop_seconds=0) as (running, address):
        where = (httpx.URL(address).host, httpx.URL(address).port or 0)
        with socket.create_connection(where) as half, socket.create_connection(where) as unread:
            half.sendall(b"POST /api/v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            unread.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
            time.sleep(2)
            _, said = stopped(running)
        assert running.returncode == 0
        assert "Traceback" not in said


LEAVING = """
import atexit, logging, time
from askcorpus_ui.web.server import _ended_by_sigterm

class Slow(logging.NullHandler):
    def flush(self):
        time.sleep(0.5)

slow = Slow()
atexit.register(time.sleep, 2)
with _ended_by_sigterm():
    print("ready", flush=True)
    time.sleep(60)
"""


def test_told_again_while_it_leaves_it_ends_as_if_told_once() -> None:
    running = subprocess.Popen([sys.executable, "-c", LEAVING], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None and running.stdout.readline() == "ready\n"
    for _ in range(3):
        running.send_signal(signal.SIGTERM)
        time.sleep(0.3)
    assert running.wait(60) == 0
