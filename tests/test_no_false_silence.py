"""No door calls the documents silent where nothing was asked of them: an odd filter, or an empty index."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client.client import Client

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.feedback import FeedbackFile
from askcorpus.index.opening import open_index
from askcorpus.settings import Settings
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.first_questions import FirstQuestions
from askcorpus_ui.chat.page import ChatPage
from askcorpus_ui.chat.tried_questions import TriedQuestions
from askcorpus_ui.streaming import Questions
from asking import READER
from serving import QUESTION, real_assistant, serving
from test_chat import READY, ask, words
from test_cli import run

pytestmark = pytest.mark.usefixtures("one_model")

UNDERSTOOD: list[dict[str, Any]] = [
    {"languages": ["EN"]},
    {"languages": ["en-US"]},
    {"languages": ["Englisch", "Swahili"]},
    {"sources": ["coast  WIRE"]},
    {"languages": None, "sources": None, "date_from": None, "date_to": None, "document_ids": None},
]
REFUSED = [
    ({"languages": ["sw"]}, "No document is in Swahili (sw). There are documents in English (en), French (fr)."),
    ({"languages": ["Elvish"]}, "“Elvish” is no language that is known."),
    ({"sources": ["Cost Wire"]}, "Did you mean “Coast Wire”?"),
    ({"date_from": "2030"}, "The dates there are go from 2021-05-01 to 2023-02-28."),
    ({"languages": ["fr"], "sources": ["Coast Wire"]}, "No document passes all these filters together."),
]
EMPTY = "There are no documents in"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with real_assistant(tmp_path_factory.mktemp("filters"), embeddings) as assistant:
        yield assistant


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    with serving(assistant, Settings(mcp=True)) as address:
        yield address


@pytest.fixture(scope="module")
def emptied(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    """An index from which all documents were removed."""
    settings = Settings(data=tmp_path_factory.mktemp("empty") / "index")
    with Assistant(settings, open_index(settings, embeddings), embeddings, reader=READER) as assistant:
        with assistant.store.writer() as writer:
            writer.forget_files([])  # the first write makes the catalog
        yield assistant


@pytest.fixture(scope="module")
def nowhere(emptied: Assistant) -> Iterator[str]:
    with serving(emptied, Settings(mcp=True)) as address:
        yield address


def requests_with(filters: dict[str, Any] | None) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every address that asks, and what is sent there."""
    more = {} if filters is None else {"filters": filters}
    return {
        "ask": ("/api/v1/ask", {"question": QUESTION} | more),
        "a stream": ("/api/v1/ask/stream", {"question": QUESTION} | more),
        "search": ("/api/v1/search", {"query": QUESTION} | more),
        "OpenAI": ("/v1/chat/completions", {"messages": [{"role": "user", "content": QUESTION}]} | more),
        "a stream of OpenAI's": (
            "/v1/chat/completions",
            {"messages": [{"role": "user", "content": QUESTION}], "stream": True} | more,
        ),
    }


DOORS = list(requests_with(None))


def called(address: str, tool: str, arguments: dict[str, Any]) -> Any:
    async def session() -> Any:
        async with Client(f"{address}/mcp") as client:
            return await client.call_tool(tool, arguments)

    return asyncio.run(session())


def options(filters: dict[str, Any]) -> list[str]:
    """Filters as options of the command line."""
    named = {"languages": "--language", "sources": "--source", "date_from": "--from", "date_to": "--to"}
    return [
        word
        for name, value in filters.items()
        for one in ([value] if isinstance(value, str) else value or [])
        for word in (named[name], one)
    ]


def page_of(assistant: Assistant, folder: Path) -> ChatPage:
    kept = Conversations(folder, 90)
    first = FirstQuestions((), TriedQuestions(assistant))
    return ChatPage(assistant, Questions(4, 100), READY, first, FeedbackFile(folder / "feedback.jsonl"), kept)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("filters", UNDERSTOOD, ids=str)
def test_http_understands_a_filter_however_it_is_spelt(address: str, door: str, filters: dict[str, Any]) -> None:
    path, body = requests_with(filters)[door]
    response = httpx.post(address + path, json=body, timeout=60)
    assert response.status_code == 200, response.text
    assert "closed on Friday because of a storm" in response.text


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("filters", "said"), REFUSED, ids=lambda case: str(case)[:40])
def test_http_refuses_what_no_document_passes(address: str, door: str, filters: dict[str, Any], said: str) -> None:
    path, body = requests_with(filters)[door]
    response = httpx.post(address + path, json=body, timeout=60)
    assert response.status_code == 400, response.text
    fault = response.json().get("error") or response.json()
    assert said in f"{fault.get('message', '')}{fault.get('detail', '')} {fault.get('hint', '')}"


@pytest.mark.parametrize(("filters", "said"), REFUSED, ids=lambda case: str(case)[:40])
def test_lists_agents_and_commands_refuse_it_too(
    address: str, assistant: Assistant, filters: dict[str, Any], said: str
) -> None:
    params = {{"languages": "language", "sources": "source"}.get(name, name): value for name, value in filters.items()}
    listed = httpx.get(f"{address}/api/v1/documents", params=params)
    assert listed.status_code == 400
    assert said in f"{listed.json()['detail']} {listed.json()['hint']}"
    for tool, asked in (("ask", {"question": QUESTION}), ("search", {"query": QUESTION}), ("list_documents", {})):
        result = called(address, tool, {**asked, "filters": filters})
        assert result.is_error and said in result.content[0].text
    for command in (("ask", QUESTION), ("search", QUESTION), ("docs", "list")):
        result = run(*command, *options(filters), data=assistant.settings.data)
        assert result.exit_code == 2 and said in result.stderr and not result.stdout


@pytest.mark.parametrize("filters", UNDERSTOOD, ids=str)
def test_agents_and_commands_understand_it_too(address: str, assistant: Assistant, filters: dict[str, Any]) -> None:
    for tool, asked in (("ask", {"question": QUESTION}), ("search", {"query": QUESTION}), ("list_documents", {})):
        result = called(address, tool, {**asked, "filters": filters})
        assert not result.is_error and "Ostende" in result.content[0].text
    for command in (("ask", QUESTION), ("search", QUESTION), ("docs", "list")):
        assert "Ostende" in run(*command, *options(filters), data=assistant.settings.data).stdout


def test_agents_may_write_null_for_what_they_leave_out(address: str) -> None:
    for tool, arguments in (
        ("ask", {"question": QUESTION, "filters": None, "top_k": None}),
        ("search", {"query": QUESTION, "filters": None, "top_k": None}),
        ("list_documents", {"filters": None, "offset": None, "limit": None}),
    ):
        assert not called(address, tool, arguments).is_error


def test_the_chat_says_what_there_is(assistant: Assistant, tmp_path: Path) -> None:
    shown = ask(page_of(assistant, tmp_path), QUESTION, sources=["Cost Wire"])
    assert "No document is from “Cost Wire”. Did you mean “Coast Wire”?" in words(shown.last)


@pytest.mark.parametrize("door", DOORS)
def test_http_says_that_nothing_is_there_to_ask(nowhere: str, door: str) -> None:
    path, body = requests_with(None)[door]
    response = httpx.post(nowhere + path, json=body, timeout=60)
    assert response.status_code == 409
    assert EMPTY in response.text and "NothingIngested" in response.text and "askcorpus ingest" in response.text


def test_so_do_the_lists_verification_agents_commands_and_the_chat(
    nowhere: str, emptied: Assistant, address: str, tmp_path: Path
) -> None:
    answer = httpx.post(f"{address}/api/v1/ask", json={"question": QUESTION}, timeout=60).json()
    for response in (
        httpx.get(f"{nowhere}/api/v1/documents"),
        httpx.get(f"{nowhere}/api/v1/documents/x"),
        httpx.post(f"{nowhere}/api/v1/verify", json={"text": "“It rained”, Coast Wire wrote."}, timeout=60),
        httpx.post(f"{nowhere}/api/v1/proofs", json={"answer": answer}),
    ):
        assert response.status_code == 409 and EMPTY in response.json()["detail"], response.text
    for tool, arguments in (
        ("ask", {"question": QUESTION}),
        ("search", {"query": "x"}),
        ("list_documents", {}),
        ("get_document", {"document_id": "x"}),
        ("verify", {"text": "“It rained”"}),
    ):
        result = called(nowhere, tool, arguments)
        assert result.is_error and EMPTY in result.content[0].text, tool
    for command in (("ask", QUESTION), ("search", QUESTION), ("docs", "list"), ("docs", "show", "x")):
        result = run(*command, data=emptied.settings.data)
        assert result.exit_code == 3 and EMPTY in result.stderr and "askcorpus ingest" in result.stderr
    assert EMPTY in words(ask(page_of(emptied, tmp_path), QUESTION).last)
