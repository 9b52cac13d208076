"""The server's log: a name for each request, lines of JSON, and nothing of what was asked unless a setting says so."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.settings import Settings
from askcorpus_ui.web.keys import Keys
from askcorpus_ui.web.logs import JsonLines
from scripted import ScriptedAssistant
from serving import QUESTION, real_assistant, serving, wait_for_models


class Lines(logging.Handler):
    """What is logged, as the server would write it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def logged() -> Iterator[list[str]]:
    handler, logger, doors = Lines(), logging.getLogger("askcorpus"), logging.getLogger("askcorpus_ui")
    before = logger.level
    logger.addHandler(handler)
    doors.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler.lines
    logger.removeHandler(handler)
    doors.removeHandler(handler)
    logger.setLevel(before)


def test_each_request_is_a_line_with_its_name_and_nothing_that_was_asked(tmp_path: Path, logged: list[str]) -> None:
    keys = Keys(tmp_path)
    secret, key = keys.add("one", ["ask"])
    keys.close()
    headers = {"X-API-Key": secret, "X-Request-ID": "trace-1"}
    with serving(ScriptedAssistant(), Settings(data=tmp_path)) as address:
        question = "What did the council decide of Zanzibar?"
        response = httpx.post(f"{address}/api/v1/ask", json={"question": question}, headers=headers)
        refused = httpx.get(f"{address}/api/v1/documents/secret-document?token=hidden")
    lines = [json.loads(line) for line in logged if '"request"' in line]
    assert response.headers["x-request-id"] == "trace-1"
    facts = {"method": "POST", "route": "/api/v1/ask", "status": 200, "key": key.id, "request_id": "trace-1"}
    assert facts.items() <= lines[0].items() and 0 <= lines[0]["seconds"] < 60
    assert {"status": 401, "request_id": refused.headers["x-request-id"]}.items() <= lines[1].items()
    for word in ("Zanzibar", secret, "secret-document", "hidden", "127.0.0.1"):
        assert word not in "".join(logged), word


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "é", '"}', "a,b"])
def test_a_name_that_is_none_is_replaced(tmp_path: Path, name: str) -> None:
    with serving(ScriptedAssistant(), Settings(data=tmp_path)) as address:
        given = [httpx.get(f"{address}/health", headers=[(b"X-Request-ID", name.encode())]) for _ in range(2)]
    names = {response.headers["x-request-id"] for response in given}
    assert len(names) == 2 and all(len(one) == 16 for one in names)


PROCESS = """
import logging, warnings
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.settings import Settings
from askcorpus_ui.web.logs import set_up_logs

set_up_logs(Settings(log_format="json", log_questions={told}))
logging.getLogger("askcorpus.questions").debug("asked", extra={{"question": "Wer?\\n\\x1b[2J"}})
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("uvicorn.error").exception("Two\\nlines")
warnings.warn("careful", stacklevel=1)
logging.getLogger("other").info("chatter")
"""


@pytest.mark.parametrize("told", [False, True])
def test_whatever_is_logged_is_a_line_of_json_and_questions_are_told_on_request_only(told: bool) -> None:
    command = [sys.executable, "-W", "default", "-c", PROCESS.format(told=told)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line.get("question") for line in lines if line["logger"] == "askcorpus.questions"] == (
        ["Wer?\n\x1b[2J"] if told else []
    )
    fault, warned = lines[-2:]
    assert (fault["level"], fault["message"]) == ("error", "Two\nlines") and "ZeroDivisionError" in fault["exception"]
    assert "careful" in warned["message"] and "\x1b" not in said


def test_a_real_question_and_a_real_search_are_told_at_debug_only(
    tmp_path: Path, embeddings: SentenceEmbeddings, logged: list[str]
) -> None:
    with real_assistant(tmp_path, embeddings) as assistant:
        assistant.ask(QUESTION)
        assert not [line for line in logged if "Ostende" in line]
        logging.getLogger("askcorpus").setLevel(logging.DEBUG)
        assistant.ask(QUESTION)
        assistant.search("ferries of Ostende")
    told = [json.loads(line).get("question") for line in logged]
    assert [question for question in told if question] == [QUESTION, "ferries of Ostende"]


def test_why_nothing_can_be_answered_is_told_to_who_keeps_the_server_at_every_door(
    tmp_path: Path, embeddings: SentenceEmbeddings, logged: list[str]
) -> None:
    with real_assistant(tmp_path, embeddings) as assistant, serving(assistant, assistant.settings) as address:
        wait_for_models(address)
        catalog = tmp_path / "index/catalog.sqlite3"
        catalog.rename(catalog.with_suffix(".lost"))
        catalog.write_bytes(b"no database" * 1000)
        refused = httpx.post(f"{address}/api/v1/ask", json={"question": QUESTION})
        streamed = httpx.post(f"{address}/api/v1/ask/stream", json={"question": QUESTION})
    assert refused.status_code == 503 and "is damaged" in streamed.text
    faults = [line for line in map(json.loads, logged) if "is damaged" in line["message"]]
    assert [line["level"] for line in faults] == ["warning", "warning"]
    assert faults[0]["request_id"] == refused.headers["x-request-id"]
    assert QUESTION not in "".join(logged)
