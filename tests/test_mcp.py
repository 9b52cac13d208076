"""Agents reach the assistant by the official client, over standard input and output and over HTTP, and only read."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.settings import Settings
from askcorpus.types import Answer, Document, Page, Verification
from askcorpus_ui.listings import Hits
from programs import program, run
from serving import QUESTION, real_assistant, serving

TOOLS = {"ask", "search", "list_documents", "get_document", "get_quote", "verify"}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with real_assistant(tmp_path_factory.mktemp("mcp"), embeddings) as assistant:
        yield assistant


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    with serving(assistant, Settings(mcp=True)) as address:
        yield address


def called(server: Any, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """What each call of a tool gives."""

    async def session() -> list[Any]:
        async with Client(server) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return asyncio.run(session())


def test_the_tools_say_that_they_only_read(address: str) -> None:
    async def listed() -> Any:
        async with Client(f"{address}/mcp") as client:
            return (await client.list_tools()).tools

    tools = asyncio.run(listed())
    assert {tool.name for tool in tools} == TOOLS
    assert all(tool.annotations.read_only_hint and tool.output_schema and tool.description for tool in tools)
    told = {
        f"{tool.name}.{name}": {"$ref", "description"} & argument.keys()
        or any("$ref" in one for one in argument["anyOf"])
        for tool in tools
        for name, argument in tool.input_schema["properties"].items()
    }
    assert all(told.values()), told


def test_over_http_an_agent_gets_the_objects_of_the_rest_door(address: str, assistant: Assistant) -> None:
    document = assistant.store.documents()[0]
    place = {"document_id": document.id, "start": 4, "end": 20, "around": 3}

    asked, found, listed, whole, quoted, refused, verified = called(
        f"{address}/mcp",
        ("ask", {"question": QUESTION}),
        ("search", {"query": "harbour", "top_k": 1}),
        ("list_documents", {"filters": {"languages": ["fr"]}}),
        ("get_document", {"document_id": document.id}),
        ("get_quote", place),
        ("get_quote", place | {"around": -1}),
        ("verify", {"text": "“Ferries sailed from Calais instead”"}),
    )

    rest = httpx.post(f"{address}/api/v1/ask", json={"question": QUESTION}, timeout=60).json()
    answer = Answer.model_validate(asked.structured_content)
    assert answer.citations == Answer.model_validate(rest).citations != ()
    assert json.loads(asked.content[0].text) == asked.structured_content
    assert len(Hits.model_validate(found.structured_content).hits) == 1
    assert Page.model_validate(listed.structured_content).total == 1
    assert Document.model_validate(whole.structured_content) == document
    assert quoted.structured_content["quote"] == document.text[4:20]
    assert quoted.structured_content["before"] == document.text[1:4]
    assert quoted.structured_content["after"] == document.text[20:23]
    assert refused.is_error and "around is -1. It can be 0 to 2000." in refused.content[0].text
    assert Verification.model_validate(verified.structured_content).claims[0].verdict == "altered"


@pytest.mark.parametrize(
    "part", [{"start": 4, "end": 20}, {"start": 4}, {"end": 20}, {"end": 10**9}, {"start": None, "end": None}]
)
def test_a_part_of_a_document_is_that_of_the_rest_door(
    address: str, assistant: Assistant, part: dict[str, int | None]
) -> None:
    document = assistant.store.documents()[0]

    (given,) = called(f"{address}/mcp", ("get_document", {"document_id": document.id} | part))

    asked = {name: value for name, value in part.items() if value is not None}
    assert given.structured_content == httpx.get(f"{address}/api/v1/documents/{document.id}", params=asked).json()


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("ask", {"question": " "}, "empty"),
        ("get_document", {"document_id": "none"}, "no such document"),
        ("get_quote", {"document_id": "none", "start": 0, "end": 1}, "no such document"),
        ("list_documents", {"limit": 0}, "no such page"),
        ("search", {"query": "harbour", "top_k": 101}, "less than or equal to 100"),
        ("get_document", {"document_id": "none", "start": -1}, "start: input should be greater than or equal to 0"),
        ("get_document", {"document_id": "none", "end": 10**20}, "end: input should be less than or equal to"),
        ("list_documents", {"offset": 2**70}, "There is no such page."),
        ("get_document", {"document_id": "none", "start": 1}, "no such document"),
        ("get_document", {"document_id": 5}, "get_document: document_id: input should be a valid string."),
        (
            "ask",
            {"question": "Why?", "filters": {"language": "fr"}},
            "filters.language: there is no such filter; there are date_from, date_to, languages, sources, document_ids",
        ),
        (
            "search",
            {"query": "harbour", "languages": ["fr"]},
            "search has no “languages”; it has query, filters, top_k.",
        ),
    ],
)
def test_what_is_wrong_is_told_to_the_agent(address: str, tool: str, arguments: dict[str, Any], words: str) -> None:
    (result,) = called(f"{address}/mcp", (tool, arguments))

    assert result.is_error
    assert words in result.content[0].text
    assert "pydantic" not in result.content[0].text


def test_the_official_inspector_finds_and_calls_them(address: str) -> None:
    def inspected(*what: str) -> Any:
        arguments = ("--cli", f"{address}/mcp", "--transport", "http", "--method", *what)
        return json.loads(run(program("mcp-inspector"), *arguments))

    assert {tool["name"] for tool in inspected("tools/list")["tools"]} == TOOLS
    called = inspected("tools/call", "--tool-name", "ask", "--tool-arg", f"question={QUESTION}")
    assert Answer.model_validate(called["structuredContent"]).citations


def test_a_fault_is_logged_as_everywhere() -> None:
    """Drawn in a frame, with the code around each call, it takes seconds, in which nobody else is served."""
    made = "import logging; from askcorpus_ui.web import mcp_server; mcp_server.make_server(None, None)"
    failed = "\ntry: 1 / 0\nexcept ZeroDivisionError: logging.getLogger('mcp.server').exception('It failed.')"
    done = subprocess.run([sys.executable, "-c", made + failed], capture_output=True, text=True, check=True)
    assert done.stderr.startswith("It failed.\nTraceback (most recent call last):\n")


def test_a_page_of_another_origin_gets_nothing(address: str) -> None:
    assert httpx.post(f"{address}/mcp", json={}, headers={"Origin": "http://evil.example"}).status_code == 403


def test_without_its_key_an_agent_gets_nothing(assistant: Assistant) -> None:
    settings = Settings.model_validate({"mcp": True, "api_key": "secret"})
    with serving(assistant, settings) as address:
        assert httpx.post(f"{address}/mcp", json={}).status_code == 401


def test_it_is_off_unless_a_setting_says_so(assistant: Assistant) -> None:
    with serving(assistant) as address:
        assert httpx.post(f"{address}/mcp", json={}).status_code in (404, 405)


def test_over_standard_input_and_output_in_front_of_a_server(assistant: Assistant, tmp_path: Path) -> None:
    """It says what the server says, in a folder without an index; an error comes as the library's own."""
    document = assistant.store.documents()[0]
    place = {"document_id": document.id, "start": 4, "end": 20}
    calls = (
        ("ask", {"question": QUESTION, "top_k": 1}),
        ("search", {"query": "harbour", "top_k": 1}),
        ("list_documents", {"filters": {"languages": ["fr"]}}),
        ("get_document", {"document_id": document.id}),
        ("get_quote", place),
        ("verify", {"text": "“Ferries sailed from Calais instead”"}),
        ("get_document", {"document_id": "none"}),
        ("list_documents", {"limit": 0}),
        ("ask", {"question": " "}),
    )
    settings = Settings.model_validate({"mcp": True, "api_key": "secret"})
    with serving(assistant, Settings(mcp=True)) as open_, serving(assistant, settings) as locked:
        paths = os.pathsep.join(path for path in sys.path if path)
        server = StdioServerParameters(
            command=sys.executable,
            args=["-m", "askcorpus_ui.cli", "mcp", "--server", locked],
            env=dict(os.environ) | {"PYTHONPATH": paths, "ASKCORPUS_API_KEY": "secret"},
            cwd=str(tmp_path),
        )
        passed_on, itself = called(server, *calls), called(f"{open_}/mcp", *calls)

    assert [one.is_error for one in passed_on] == [False] * 6 + [True] * 3
    for ours, theirs in zip(passed_on[1:], itself[1:], strict=True):
        assert ours.structured_content == theirs.structured_content
        assert ours.is_error is False or ours.content[0].text == theirs.content[0].text
    asked = [Answer.model_validate(one[0].structured_content) for one in (passed_on, itself)]
    assert asked[0].citations == asked[1].citations != ()
    assert list(tmp_path.iterdir()) == []


def test_over_standard_input_and_output(assistant: Assistant) -> None:
    command = ["-m", "askcorpus_ui.cli", "mcp", "--data", str(assistant.settings.data)]
    environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    server = StdioServerParameters(
        command=sys.executable, args=command, env=environment, cwd=str(Path(__file__).parents[1])
    )

    (asked,) = called(server, ("ask", {"question": QUESTION}))

    assert Answer.model_validate(asked.structured_content).citations
