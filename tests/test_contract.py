"""One contract: whichever door a question comes through, its Answer is the same, with the same quotes."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai
import pytest
from mcp.client.client import Client as AgentClient
from typer.testing import CliRunner

from askcorpus.answer.llm import load_answerer
from askcorpus.assistant import Assistant
from askcorpus.client import AsyncClient, Client
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.langchain_adapters import AssistantRunnable
from askcorpus.settings import Settings
from askcorpus.types import Answer, Done
from askcorpus_ui.cli.commands import app
from openai_server import openai_server
from serving import QUESTION, real_assistant, serving

pytestmark = pytest.mark.usefixtures("one_model")

SAID = QUESTION
UNSAID = "How many wives had the king of Siam?"
VARYING = {"id", "timings_ms", "conversation_id"}
Door = Callable[[Assistant, str, str], dict[str, Any]]
"""Assistant, address and question to the fields of the Answer."""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[tuple[Assistant, str]]:
    """One assistant, which abstains as one does that nobody has told otherwise, and the address that serves it."""
    with real_assistant(tmp_path_factory.mktemp("contract"), embeddings) as assistant:
        assistant.settings = assistant.settings.model_copy(update={"min_confidence": None})
        with serving(assistant, Settings(mcp=True)) as address:
            yield assistant, address


def command(*arguments: str) -> dict[str, Any]:
    """What the command prints as JSON."""
    result = CliRunner().invoke(app, ["ask", "--json", *arguments])
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def by_command(assistant: Assistant, _address: str, question: str) -> dict[str, Any]:
    return command(question, "--data", str(assistant.settings.data))


def by_command_over_a_server(_assistant: Assistant, address: str, question: str) -> dict[str, Any]:
    return command(question, "--server", address)


def by_rest(_assistant: Assistant, address: str, question: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.post(f"{address}/api/v1/ask", json={"question": question}, timeout=60).json()
    return answer


def by_events(_assistant: Assistant, address: str, question: str) -> dict[str, Any]:
    told = httpx.post(f"{address}/api/v1/ask/stream", json={"question": question}, timeout=60).content.decode()
    *_, last = filter(None, told.split("\n\n"))
    assert last.startswith("event: done\ndata: ")
    answer: dict[str, Any] = json.loads(last.partition("data: ")[2])
    return answer


def by_client(_assistant: Assistant, address: str, question: str) -> dict[str, Any]:
    with Client(address) as client:
        return client.ask(question).model_dump(mode="json")


def by_awaited_stream(_assistant: Assistant, address: str, question: str) -> dict[str, Any]:
    async def last() -> Answer:
        async with AsyncClient(address) as client:
            *_, done = [event async for event in client.stream(question)]
            assert isinstance(done, Done)
            return done.answer

    return asyncio.run(last()).model_dump(mode="json")


def by_langchain(assistant: Assistant, _address: str, question: str) -> dict[str, Any]:
    return AssistantRunnable(assistant).invoke(question)


def by_agent(_assistant: Assistant, address: str, question: str) -> dict[str, Any]:
    async def called() -> dict[str, Any]:
        async with AgentClient(f"{address}/mcp") as client:
            result = await client.call_tool("ask", {"question": question})
            answer: dict[str, Any] = result.structured_content or {}
            return answer

    return asyncio.run(called())


def cited(answer: Answer) -> list[tuple[Any, ...]]:
    """Where each marker stands, and what it quotes, as OpenAI's annotations have it."""
    return [(c.answer_start, c.answer_end, c.title, c.document_id, c.quote) for c in answer.citations]


def annotated(annotations: Any) -> list[tuple[Any, ...]]:
    """The same of OpenAI's own objects."""
    return [(a.start_index, a.end_index, a.title, a.document_id, a.quote) for a in annotations]


def by_completion(_assistant: Assistant, address: str, question: str) -> dict[str, Any]:
    """As far as it goes by OpenAI's own fields too, whole and streamed."""
    client = openai.OpenAI(base_url=f"{address}/v1", api_key="none", timeout=60)
    asked: Any = {"model": "askcorpus", "messages": [{"role": "user", "content": question}]}
    reply: Any = client.chat.completions.create(**asked)
    message = reply.choices[0].message
    answer = Answer.model_validate(reply.answer)
    assert message.content == answer.answer
    assert annotated(one.url_citation for one in message.annotations or ()) == cited(answer)
    assert bool(message.refusal) is not answer.answerable
    streamed = [
        choice.delta for part in client.chat.completions.create(**asked, stream=True) for choice in part.choices
    ]
    assert "".join(delta.content or "" for delta in streamed) == answer.answer
    return answer.model_dump(mode="json")


def by_response(_assistant: Assistant, address: str, question: str) -> dict[str, Any]:
    """As far as it goes by OpenAI's own fields too, whole and streamed."""
    client = openai.OpenAI(base_url=f"{address}/v1", api_key="none", timeout=60)
    reply: Any = client.responses.create(model="askcorpus", input=question)
    text, *refusal = reply.output[0].content
    answer = Answer.model_validate(reply.answer)
    assert text.text == reply.output_text == answer.answer
    assert annotated(text.annotations) == cited(answer)
    assert bool(refusal) is not answer.answerable
    events: list[Any] = list(client.responses.create(model="askcorpus", input=question, stream=True))
    told = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert told == answer.answer
    return answer.model_dump(mode="json")


DOORS: tuple[Door, ...] = (
    by_command,
    by_command_over_a_server,
    by_rest,
    by_events,
    by_completion,
    by_response,
    by_agent,
    by_client,
    by_awaited_stream,
    by_langchain,
)


@pytest.mark.parametrize("question", [SAID, UNSAID])
@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_every_door_gives_the_same_answer(real: tuple[Assistant, str], door: Door, question: str) -> None:
    assistant, address = real
    expected = assistant.ask(question)
    assert (expected.answerable, bool(expected.citations)) == (question == SAID, question == SAID)

    assert constant(door(assistant, address, question)) == constant(expected.model_dump(mode="json"))


def constant(answer: dict[str, Any]) -> dict[str, Any]:
    """The fields that are the same whenever it is asked."""
    return {name: value for name, value in answer.items() if name not in VARYING}


@pytest.fixture(scope="module")
def bereft(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[tuple[Assistant, str]]:
    """An assistant whose language model is on a server that is gone, and the address that serves it."""
    with openai_server() as gone:
        model = {"llm": "tiny", "llm_base_url": gone.url}
    with real_assistant(tmp_path_factory.mktemp("bereft"), embeddings) as quoting:
        settings = quoting.settings.model_copy(update={**model, "min_confidence": None})
        answerer = load_answerer(settings, embeddings)
        assistant = Assistant(settings, quoting.store, embeddings, reader=quoting.reader, answerer=answerer)
        with serving(assistant, Settings(mcp=True)) as address:
            yield assistant, address


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_every_door_says_that_quotes_stand_in_for_the_model(
    bereft: tuple[Assistant, str], door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant, address = bereft
    monkeypatch.setenv("ASKCORPUS_LLM", assistant.settings.llm or "")
    monkeypatch.setenv("ASKCORPUS_LLM_BASE_URL", assistant.settings.llm_base_url or "")
    expected = assistant.ask(SAID)

    told = constant(door(assistant, address, SAID))

    assert told == constant(expected.model_dump(mode="json"))
    assert (told["model"], told["answered_by"], told["model_fault"]["kind"]) == ("tiny", "extractive", "failed")
    assert "cannot be reached" in told["model_fault"]["detail"]
    assert told["citations"][0]["quote"] in told["answer"]


def test_who_watches_a_server_sees_that_its_model_fails(bereft: tuple[Assistant, str]) -> None:
    _, address = bereft
    by_agent(*bereft, SAID)
    metrics = httpx.get(f"{address}/metrics").text
    assert re.search(r'askcorpus_answers_total\{model_fault="failed",outcome="answered"\} [1-9]', metrics)
