"""What one request may cost: its time, its memory and the length of its response stay in bounds, whatever is sent."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest

from askcorpus.errors import Busy
from askcorpus.settings import read_settings
from askcorpus.types import Document, Event, Retrieved
from askcorpus_ui.bodies import MAX_BYTES, MAX_TOKENS
from askcorpus_ui.chat.conversation import Conversation, Exchange, Reply
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.markdown import export_markdown
from askcorpus_ui.chat.render import turn, turns
from askcorpus_ui.chat.sources import panel
from askcorpus_ui.chat.surface import EVENTS, JOIN, RUN
from askcorpus_ui.chat.translations import strings_for
from askcorpus_ui.streaming import Questions
from scripted import DOCUMENTS, ScriptedAssistant
from serving import serving

ENGLISH = strings_for("en")
LONG = Document(id="long", title="A long report", text="Word & <more>. " * 60_000)
POSTS = ("/api/v1/ask", "/api/v1/search", "/v1/chat/completions", RUN, JOIN)


@pytest.fixture(scope="module")
def kept() -> Iterator[list[gr.Blocks]]:
    """The pages that are made while the module runs, by which a test sees what Gradio keeps."""
    made: list[gr.Blocks] = []
    queue = gr.Blocks.queue

    def kept_queue(blocks: gr.Blocks, **options: Any) -> Any:
        made.append(blocks)
        return queue(blocks, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gr.Blocks, "queue", kept_queue)
        yield made


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory,
    kept: list[gr.Blocks],  # noqa: ARG001  it must watch before the page is made
) -> Iterator[httpx.Client]:
    settings = read_settings(data=tmp_path_factory.mktemp("data"))
    assistant = ScriptedAssistant((*DOCUMENTS, LONG))
    with serving(assistant, settings) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def functions(client: httpx.Client) -> dict[str, int]:
    config = re.search(r"window\.gradio_config = (\{.*?\});</script>", client.get("/").text, re.DOTALL)
    assert config
    return {each["api_name"]: each["id"] for each in json.loads(config[1])["dependencies"]}


def talk(*replies: dict[str, Any]) -> Conversation:
    """A conversation: a question and such a reply, again and again."""
    exchanges = [
        Exchange(question="council?", reply=Reply.model_validate({"kind": "answered"} | reply), number=number)
        for number, reply in enumerate(replies, start=1)
    ]
    return Conversation(id="x" * 22, title="council?", exchanges=tuple(exchanges))


NOTHING: tuple[Any, ...] = ([], [], "", "", None)
"""No filter is chosen."""


def begun(client: httpx.Client, functions: dict[str, int], question: str = "council?") -> dict[str, Any]:
    """Where a question waits that a browser just asked."""
    client.get("/")  # for its cookie
    return dict(call(client, functions["begin"], question, None, *NOTHING).json()["data"][0])


def call(client: httpx.Client, function: int, *data: Any, session: str = "cost", **happened: Any) -> httpx.Response:
    body = {"data": data, "fn_index": function, "session_hash": session, "event_data": happened}
    return client.post(RUN, json=body)


# ---- bodies

MANY: dict[str, Callable[[], str]] = {
    "numbers": lambda: "[" + "1," * 3_900_000 + "1]",
    "lists": lambda: "[" + "[]," * 2_600_000 + "[]]",
    "texts": lambda: "[" + '"",' * 2_600_000 + '""]',
    "names": lambda: "{" + ",".join(f'"{number}":1' for number in range(700_000)) + "}",
}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("many", MANY.values(), ids=list(MANY))
def test_a_body_of_very_many_values_is_refused_in_a_moment(
    client: httpx.Client, path: str, many: Callable[[], str]
) -> None:
    """Each that is wrong would be told, at a kilobyte of memory a piece, while every other request waits."""
    body = f'{{"question": "x", "messages": {many()}}}'
    assert len(body) < MAX_BYTES
    response = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 413
    assert f"{MAX_TOKENS:,}" in response.text


@pytest.mark.parametrize("text", ['"', '\\"', '"\\', "\\", '","'])
def test_counting_what_is_in_a_body_takes_linear_time(client: httpx.Client, text: str) -> None:
    for content in (text * 1_000_000, f'"{text * 1_000_000}', json.dumps({"question": text * 1_000_000})):
        began = time.monotonic()
        client.post("/api/v1/search", content=content, headers={"Content-Type": "application/json"})
        assert time.monotonic() - began < 5


def test_text_is_no_value_however_many_commas_it_has(client: httpx.Client) -> None:
    history = [{"role": "user", "text": '[1, {2}, "3"], ' * 100_000}]
    assert client.post("/api/v1/ask", json={"question": "council?", "history": history}).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/ask", {"question": "x", "filters": {"languages": [1] * 90_000}}),
        ("/api/v1/ask", {"question": "x"} | {f"no{number}": 1 for number in range(40_000)}),
        ("/v1/chat/completions", {"messages": [1] * 90_000}),
    ],
)
def test_of_very_many_faults_a_few_are_told(client: httpx.Client, path: str, body: Any) -> None:
    response = client.post(path, json=body)
    assert response.status_code in (400, 422)
    assert len(response.content) < 1_000


# ---- questions that come all at once


def test_the_line_has_its_length_even_when_all_come_in_the_same_instant() -> None:
    async def main() -> list[str]:
        questions = Questions(1, 2)

        def slow() -> Iterator[Event]:
            time.sleep(0.02)
            yield Retrieved(passages=())

        async def ask() -> str:
            try:
                async for _ in questions.stream(slow):
                    pass
            except Busy as exc:
                return exc.message
            return "answered"

        told = await asyncio.gather(*(ask() for _ in range(50)))
        return [*told, await ask()]

    told = asyncio.run(main())
    assert told.count("answered") == 1 + 2 + 1
    assert told[-1] == "answered"


# ---- the chat page


def test_gradio_keeps_no_conversations(client: httpx.Client, functions: dict[str, int], kept: list[gr.Blocks]) -> None:
    """It keeps the last values of each page, whole conversations, for a kind of link that is closed."""
    for number in range(30):
        question = f"{number} " + "x" * 9_000
        call(client, functions["begin"], question, None, *NOTHING, session=f"kept{number}").raise_for_status()
    sessions = kept[-1].state_holder.session_data.values()
    held = sum(len(json.dumps(config, default=str)) for session in sessions for config in session.components)
    assert held < 20 * 9_000


def quoted(first: int, last: int, length: int) -> dict[str, Any]:
    """A reply that quotes the long document at many places."""
    addresses = [f"/source/long?start={at}&end={at + length}&n={at}" for at in range(first, last)]
    return {"markers": [[0, 0, address, ""] for address in addresses]}


def exported(*replies: dict[str, Any]) -> str:
    return export_markdown(talk(*replies), ScriptedAssistant((*DOCUMENTS, LONG)).store.document, ENGLISH)


def test_an_export_is_no_way_to_get_a_document_thousands_of_times() -> None:
    assert len(exported(*(quoted(200 * number, 200 * number + 200, 800_000) for number in range(10)))) < 20_000_000
    assert len(exported(*(quoted(100 * number, 100 * number + 100, 2_000) for number in range(120)))) < 20_000_000


def test_a_quote_of_ours_is_exported_in_full() -> None:
    assert exported(quoted(0, 1, 2_000)).count("Word &amp; &lt;more&gt;.") == 2_000 // 15


def test_a_reply_with_thousands_of_sources_opens_a_bounded_panel() -> None:
    (exchange,) = talk(quoted(0, 4_000, 700_000)).exchanges
    began = time.monotonic()
    assert exchange.reply
    shown = panel(exchange.reply.references, ScriptedAssistant((*DOCUMENTS, LONG)).store.document, ENGLISH)
    assert shown.count("</mark>") <= 50
    assert time.monotonic() - began < 3


HARD: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "brackets": lambda: [{"text": "[" * 190_000}] * 40,
    "markers": lambda: [quoted(0, 12_000, 10)],
    "markers in a long text": lambda: [quoted(0, 10_000, 10) | {"text": "*a_b&" * 40_000}],
    "neighbours": lambda: [
        {"kind": "abstained", "nearest": [["/source/x?start=0&end=1", "t", "s", "2024-05-03", "fr"]] * 7_500}
    ],
    "notes": lambda: [{"unsupported": ["a  b"] * 20_000, "missing_names": ["c"] * 20_000}],
    "filters": lambda: [{"filters": {"languages": ["fr"] * 45_000, "date_from": "x" * 1_000_000}}],
    "long words": lambda: [{"text": " " * 190_000, "unsupported": [" " * 7_000_000]}],
}


@pytest.mark.parametrize("hard", HARD.values(), ids=list(HARD))
def test_a_conversation_is_shown_in_bounded_time_whatever_is_in_it(hard: Callable[[], list[dict[str, Any]]]) -> None:
    began = time.thread_time()
    conversation = talk(*hard())
    turns(conversation, ENGLISH)
    turn(conversation, ENGLISH)
    assert time.thread_time() - began < 4


# ---- faults


def test_what_is_empty_is_no_fault(client: httpx.Client, functions: dict[str, int]) -> None:
    assert call(client, functions["begin"], *[None] * 7).status_code == 200
    for name in ("stop", "export_markdown", "export_json"):
        assert call(client, functions[name], None).status_code == 200
    for name in ("search", "idle"):
        data = (None, None)
        assert call(client, functions[name], *data).status_code == 200
    asked = {"data": [begun(client, functions)], "fn_index": functions["respond"]}
    assert client.post(JOIN, json=asked | {"session_hash": "empty"}).status_code == 200
    with client.stream("GET", EVENTS, params={"session_hash": "empty"}) as events:
        assert "The council voted 31 to 12" in "".join(events.iter_text())


def test_a_choice_is_free_in_a_page_that_has_loaded_too(client: httpx.Client, functions: dict[str, int]) -> None:
    """Once an event has changed the choices of a component, Gradio puts another in its place for that page."""
    call(client, functions["load"], "/").raise_for_status()
    chosen = (["xx"], ["nobody"], "", "", None)
    place = call(client, functions["begin"], "council?", None, *chosen).json()["data"][0]
    asked = {"data": [place], "fn_index": functions["respond"], "session_hash": "cost"}
    assert client.post(JOIN, json=asked).status_code == 200
    with client.stream("GET", EVENTS, params={"session_hash": "cost"}) as events:
        assert '"success":true' in "".join(events.iter_text())


def test_a_search_of_conversations_takes_no_longer_for_what_others_have_kept(tmp_path: Path) -> None:
    with closing(Conversations(tmp_path, 90)) as kept:
        place = None
        for number in range(2_000):
            place = kept.ask("other", place.id if place and number % 100 else None, f"harbour {number} " * 600)
        kept.ask("mine", None, "What does the council say of the harbour?")
        began = time.thread_time()
        for search in ("zebra", "a b c d e f g h i j", "council"):
            found = [len(kept.listed("mine", search)) for _ in range(10)]
        assert found == [1] * 10
        assert len(kept.listed("other", "harbour")) == 20
        assert time.thread_time() - began < 0.3
