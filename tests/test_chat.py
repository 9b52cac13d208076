"""The chat page's events, called as Gradio calls them; what a browser makes of them is in ``browser/``."""

import asyncio
import html
import json
import re
import resource
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import gradio as gr
import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.feedback import FeedbackFile, read_feedback
from askcorpus.index.opening import open_index
from askcorpus.settings import Settings
from askcorpus.text.language import detect_language
from askcorpus.types import Filters, Turn
from askcorpus_eval.question_drafts import draft, from_feedback
from askcorpus_eval.questions import read_questions
from askcorpus_ui.chat import conversations
from askcorpus_ui.chat.browser import COOKIE, owner_of
from askcorpus_ui.chat.conversation import Opinion, Place, Reply
from askcorpus_ui.chat.conversations import FILE, Conversations
from askcorpus_ui.chat.first_questions import FirstQuestions
from askcorpus_ui.chat.page import ChatPage
from askcorpus_ui.chat.references import Reference
from askcorpus_ui.chat.translations import strings_for
from askcorpus_ui.chat.tried_questions import TriedQuestions
from askcorpus_ui.streaming import Questions
from asking import READER
from scripted import DOCUMENTS, ScriptedAssistant

READY: Any = SimpleNamespace(is_over=lambda: True, fault="")
LOADING: Any = SimpleNamespace(is_over=lambda: False, fault="")


def browser(language: str, letter: str = "a") -> Any:
    """A request of a browser: its language, and the cookie that only it has."""
    return SimpleNamespace(headers={"accept-language": language, "cookie": f"{COOKIE}={letter * 43}"})


ENGLISH, FRENCH, OTHER = browser("en"), browser("fr"), browser("en", "b")
NOTHING: tuple[Any, Any, Any, Any, Any] = ([], [], "", "", None)
"""No filter is chosen."""


@pytest.fixture
def assistant() -> ScriptedAssistant:
    return ScriptedAssistant()


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """The file of feedback, in a data folder."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "feedback.jsonl"


@pytest.fixture
def open_page(said: Path) -> Callable[..., ChatPage]:
    def open_page(assistant: Any, warm_up: Any = READY, examples: Sequence[tuple[str, str]] = ()) -> ChatPage:
        kept = Conversations(said.parent, 90)
        first = FirstQuestions(examples, TriedQuestions(assistant))
        return ChatPage(assistant, Questions(4, 100), warm_up, first, FeedbackFile(said), kept)

    return open_page


@pytest.fixture
def page(assistant: ScriptedAssistant, open_page: Callable[..., ChatPage]) -> ChatPage:
    return open_page(assistant)


class Shown(NamedTuple):
    """What a question ends in: the place that the page carries, its turns, source panel and status line."""

    place: dict[str, Any]
    turns: str
    last: str
    panel: str
    status: str


def ask(page: ChatPage, question: str, place: dict[str, Any] | None = None, **filters: Any) -> Shown:
    request = filters.pop("request", ENGLISH)
    chosen = dict(zip(("languages", "sources", "date_from", "date_to", "only"), NOTHING, strict=True)) | filters
    place, turns, *_ = page.asking.begin(question, place, request, *chosen.values())
    assert place is not None
    last, panel, status = answered(page, place, request)[-1]
    return Shown(place, turns, last, panel, status)


def answered(page: ChatPage, place: dict[str, Any] | None, request: Any = ENGLISH) -> list[tuple[Any, ...]]:
    """All that the page is told while the turn that waits is answered."""

    async def outcome() -> list[tuple[Any, ...]]:
        return [out async for out in page.asking.respond(place, request)]

    return asyncio.run(outcome())


def words(markup: str) -> str:
    """What people read of the page."""
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def test_the_turn_carries_the_answer_and_its_citations(page: ChatPage, assistant: ScriptedAssistant) -> None:
    shown = ask(page, "council and pêcheurs")
    answer = assistant.ask("council and pêcheurs")

    for citation in answer.citations:
        assert f"{citation.quote} [{citation.marker}]" in words(shown.last)
        assert html.escape(Reference.of(citation).url(shown.place["id"], 1)) in shown.last
    assert shown.panel.count("<article") == 2
    assert "2 sources" in shown.status and 'data-turn="1"' in shown.status


@pytest.mark.parametrize(
    ("question", "request_", "told"),
    [
        ("council in May 2024?", ENGLISH, "1 source · preferring documents of May 2024 · "),
        ("council, 3 May 2024?", FRENCH, "1 source · période préférée\u00a0: 3 mai 2024 · "),
        ("council?", ENGLISH, "1 source · 0."),
    ],
)
def test_the_status_names_the_time_that_was_preferred(page: ChatPage, question: str, request_: Any, told: str) -> None:
    assert told in ask(page, question, request=request_).status


def test_a_follow_up_brings_what_was_said(page: ChatPage, assistant: ScriptedAssistant) -> None:
    ask(page, "And then?", ask(page, "council, *when*?").place)

    assert assistant.asked[-1][1] == (
        Turn(role="user", text="council, *when*?"),
        Turn(role="assistant", text=f"{DOCUMENTS[0].text[:72]} It will be finished in 2031."),
    )


def test_filters_reach_the_assistant(page: ChatPage, assistant: ScriptedAssistant) -> None:
    ask(page, "x", languages=["fr"], sources=["S"], date_from=" 2022 ", date_to="2023-01")

    filters = assistant.asked[-1][2]
    assert (filters.languages, filters.sources, filters.date_from, filters.date_to) == (
        ("fr",),
        ("S",),
        "2022",
        "2023-01",
    )


@pytest.mark.parametrize(
    ("question", "told"),
    [("broken model", "The model&#39;s server does not answer. Start it again."), ("bug", "Something went wrong.")],
)
def test_a_failure_is_one_line_and_no_turn(
    page: ChatPage, assistant: ScriptedAssistant, question: str, told: str
) -> None:
    shown = ask(page, question)
    ask(page, "council", shown.place)

    assert told in shown.last
    assert "hunter2" not in str(shown)
    assert 'data-turn="1"' in shown.status
    assert assistant.asked[-1][1] == (Turn(role="user", text=question),)


def test_a_date_that_is_none_is_explained(page: ChatPage) -> None:
    assert "May is not a date." in ask(page, "x", date_from="May").last


def test_stopping_closes_the_stream_and_keeps_what_was_written(page: ChatPage, assistant: ScriptedAssistant) -> None:
    place = page.asking.begin("slow council", None, ENGLISH, *NOTHING)[0]

    async def stop_early() -> list[tuple[Any, ...]]:
        shown: list[tuple[Any, ...]] = []
        readers = iter((OTHER, ENGLISH))
        async for piece in page.asking.respond(place, ENGLISH):
            shown.append(piece)
            if "The council" in str(piece[0]) and (reader := next(readers, None)):
                await page.asking.stop(place, reader)
        for _ in range(100):
            if assistant.abandoned:
                break
            await asyncio.sleep(0.02)
        return shown

    *pieces, (last, panel, status) = asyncio.run(stop_early())

    assert assistant.abandoned == 1
    assert sum("The council" in str(piece) for piece in pieces) >= 2, "another browser stopped it"
    assert not any("Stopped" in str(piece) for piece in pieces)
    assert "The council" in last and "Stopped before the end" in last
    assert 'data-turn="1"' in status and panel == gr.skip()
    ask(page, "And?", place)
    assert assistant.asked[-1][1][1].text.startswith("The council")


def test_an_answer_that_is_stopped_before_it_begins_never_does(page: ChatPage, assistant: ScriptedAssistant) -> None:
    place, asked = page.asking.begin("council", None, ENGLISH, *NOTHING)[0], len(assistant.asked)
    asyncio.run(page.asking.stop(place, OTHER))
    assert 'aria-busy="true"' in page.load(f"/c/{place['id']}", ENGLISH)[3], "another browser stopped it"
    asyncio.run(page.asking.stop(place, ENGLISH))
    ((last, _, status),) = answered(page, place)
    assert len(assistant.asked) == asked
    assert "Stopped before the end" in last and "aria-busy" not in last and 'data-turn="1"' in status
    done = ask(page, "council again", place)
    asyncio.run(page.asking.stop(done.place, ENGLISH))  # too late: what is answered stays so
    assert "Stopped" not in answered(page, done.place)[0][0]


def answered_until(page: ChatPage, place: dict[str, Any], interrupt: Callable[[], Awaitable[None]]) -> str:
    """The turn as it is shown in the end, where something happens while its answer is written."""

    async def outcome() -> str:
        interrupted = False
        async for piece in page.asking.respond(place, ENGLISH):
            if "The council" in str(piece[0]) and not interrupted:
                interrupted = True
                await interrupt()
        return str(piece[0])

    return asyncio.run(outcome())


async def drained(pieces: AsyncIterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [piece async for piece in pieces]


def test_a_stranger_who_knows_the_turn_does_not_take_its_owners_stop_away(page: ChatPage) -> None:
    place = page.asking.begin("slow council", None, ENGLISH, *NOTHING)[0]

    async def interrupt() -> None:
        assert await drained(page.asking.respond(place, OTHER)) == [(gr.skip(),) * 3]
        await page.asking.stop(place, ENGLISH)

    assert "Stopped before the end" in answered_until(page, place, interrupt)


def test_of_two_tabs_that_have_a_turn_answered_the_second_can_be_stopped_after_the_first(page: ChatPage) -> None:
    place = page.asking.begin("slow council", None, ENGLISH, *NOTHING)[0]

    async def interrupt() -> None:
        first = page.asking.respond(place, ENGLISH)
        await anext(first)
        await cast(AsyncGenerator[tuple[Any, ...]], first).aclose()
        await page.asking.stop(place, ENGLISH)

    assert "Stopped before the end" in answered_until(page, place, interrupt)


def test_while_what_a_reader_left_waits_to_be_kept_others_are_served(page: ChatPage, said: Path) -> None:
    place = page.asking.begin("slow council", None, ENGLISH, *NOTHING)[0]

    async def left() -> None:
        pieces = cast(AsyncGenerator[tuple[Any, ...]], page.asking.respond(place, ENGLISH))
        await anext(pieces)
        with closing(sqlite3.connect(said.parent / FILE)) as other:
            other.execute("BEGIN IMMEDIATE")
            leaving = asyncio.create_task(pieces.aclose())
            await asyncio.sleep(0.3)
            assert not leaving.done()
            other.rollback()
        await leaving

    asyncio.run(left())
    with closing(Conversations(said.parent, 90)) as kept:
        exchange = kept.exchange(owner_of(ENGLISH.headers), Place(**place))
    assert exchange and exchange.reply and exchange.reply.kind == "unfinished"


def test_an_answer_stops_whatever_became_of_its_conversation(page: ChatPage, said: Path) -> None:
    place = page.asking.begin("slow council", None, ENGLISH, *NOTHING)[0]

    async def deleted() -> None:
        page.past.delete("", place, cast(Any, SimpleNamespace(_data={"id": place["id"]})), ENGLISH)
        await page.asking.stop(place, ENGLISH)

    assert "Stopped before the end" in answered_until(page, place, deleted)

    place = page.asking.begin("slow council", None, ENGLISH, *NOTHING)[0]

    async def unreadable() -> None:
        with closing(sqlite3.connect(said.parent / FILE)) as file:
            file.execute("ALTER TABLE turns RENAME TO gone")
        await page.asking.stop(place, ENGLISH)

    assert "Stopped before the end" in answered_until(page, place, unreadable)


def test_a_stop_that_comes_late_leaves_the_answer(page: ChatPage, said: Path) -> None:
    place = Place(**ask(page, "council").place)
    kept, owner = Conversations(said.parent, 90), owner_of(ENGLISH.headers)
    before = kept.read(owner, place.id)
    assert not kept.reply_first(owner, place, Reply(kind="unfinished"))
    assert kept.read(owner, place.id) == before and before and before.last and before.last.reply
    assert kept.ask_again(owner, place) and kept.reply_first(owner, place, Reply(kind="unfinished"))
    kept.close()


def refuse(said: Path, what: str) -> None:
    """Let the file of conversations take something no more."""
    with closing(sqlite3.connect(said.parent / FILE)) as file:
        file.execute(f"CREATE TRIGGER refused BEFORE {what} ON turns BEGIN SELECT RAISE(ABORT, 'no room'); END")


UNKEPT = "The server cannot write this conversation down"


def test_a_page_whose_answer_cannot_be_kept_takes_the_next_question(page: ChatPage, said: Path) -> None:
    place = page.asking.begin("council", None, ENGLISH, *NOTHING)[0]
    opened = page.load(f"/c/{place['id']}", ENGLISH)
    assert opened[4]["stop_btn"] == "Stop"
    refuse(said, "UPDATE")
    last = answered(page, opened[1])[-1][0]
    assert DOCUMENTS[0].text[:72] in words(last) and UNKEPT in last
    box, _ = page.idle_after_opening(opened[1], "", ENGLISH)
    assert (box["submit_btn"], box["stop_btn"]) == ("Ask", False)


def test_what_cannot_be_kept_is_answered_all_the_same_and_kept_once_it_can_be(
    page: ChatPage, said: Path, open_page: Any
) -> None:
    place = ask(page, "council").place
    refuse(said, "INSERT")
    second = ask(page, "And the pêcheurs?", place)
    assert DOCUMENTS[1].text[:76] in words(second.last) and UNKEPT in second.last
    assert second.place["id"] == place["id"]
    retried: Any = SimpleNamespace(_data={"index": 2})
    assert UNKEPT in answered(page, page.asking.retry(second.place, retried, ENGLISH)[0])[-1][0]
    edited: Any = SimpleNamespace(_data={"index": 2, "value": {"text": "pêcheurs"}})
    other = page.asking.edit(second.place, edited, ENGLISH, *NOTHING)[0]
    assert UNKEPT in answered(page, other)[-1][0] and other["id"] != place["id"] and other["turn"] == 2
    for each in (place, other):
        assert UNKEPT in loaded(page, at=each["id"])["last"]
        assert each["id"] in loaded(page)["past"] and each["id"] not in loaded(page, OTHER)["past"]
        assert "council" in page.past.export_markdown(each, ENGLISH)[0]
        assert not loaded(page, OTHER, at=each["id"])["place"]

    with closing(sqlite3.connect(said.parent / FILE)) as file:
        file.execute("DROP TRIGGER refused")
    third = ask(page, "council", second.place)
    assert UNKEPT not in third.last and third.place == {"id": place["id"], "turn": 3}
    restarted = open_page(ScriptedAssistant())
    kept = loaded(restarted, at=place["id"])
    assert "pêcheurs" in kept["turns"] and UNKEPT not in kept["turns"] + kept["last"]
    assert other["id"] not in kept["past"]  # nothing was asked in it since
    page.past.delete("", other, cast(Any, SimpleNamespace(_data={"id": other["id"]})), ENGLISH)
    assert other["id"] not in loaded(page)["past"]


def test_after_a_stopped_answer_a_question_that_is_not_taken_says_so(
    page: ChatPage, said: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = page.asking.begin("council", None, ENGLISH, *NOTHING)[0]
    asyncio.run(page.asking.stop(place, ENGLISH))
    answered(page, place)
    refuse(said, "INSERT")
    monkeypatch.setattr(conversations, "_MOST_UNKEPT_BYTES", 0)  # no more in memory either
    happened: Any = SimpleNamespace(_data={"index": 1, "value": {"text": "pêcheurs"}})
    for begun in (
        page.asking.begin("And then?", place, ENGLISH, *NOTHING),
        page.asking.edit(place, happened, ENGLISH, *NOTHING),
    ):
        assert "No more conversations" in begun[4] and begun[0] == {"id": place["id"]}
        assert answered(page, begun[0]) == [(gr.skip(),) * 3]


def test_what_a_server_that_stops_keeps_last_is_kept(said: Path) -> None:
    """The answer that it cuts off comes when all else is closed already."""
    for days in (90, 0):
        kept = Conversations(said.parent, days)
        place = kept.ask("anna", None, "council")
        kept.close()
        assert kept.reply("anna", place, Reply(kind="unfinished")) is bool(days)
        kept.close()


def test_what_is_asked_while_a_conversation_is_written_down_again_is_not_lost(said: Path) -> None:
    with closing(Conversations(said.parent, 90)) as kept, ThreadPoolExecutor(3) as threads:
        for _ in range(20):
            first = kept.ask("anna", None, "one")
            second = kept.ask_unkept("anna", first.id, "two")
            written = threads.submit(kept.ask, "anna", first.id, "three")
            unwritten = threads.submit(kept.ask_unkept, "anna", first.id, "four")
            answered = threads.submit(kept.reply, "anna", second, Reply(kind="answered", text="Two."))
            assert answered.result() and written.result() and unwritten.result()
            found = kept.read("anna", first.id)
            assert found and sorted(one.question for one in found.exchanges) == ["four", "one", "three", "two"]
            assert found.exchanges[1].reply


def test_a_question_is_refused_where_conversations_cannot_be_read_either(page: ChatPage, said: Path) -> None:
    place = ask(page, "council").place
    with closing(sqlite3.connect(said.parent / FILE)) as file:
        file.execute("ALTER TABLE turns RENAME TO gone")
    begun = page.asking.begin("And then?", place, ENGLISH, *NOTHING)
    assert "cannot read or write its data" in begun[4] and begun[0] == {"id": place["id"]}


def test_an_empty_question_changes_nothing(page: ChatPage) -> None:
    place = ask(page, "council").place
    nothing = gr.skip()

    assert set(map(str, page.asking.begin("  \n", place, ENGLISH, *NOTHING))) == {str(nothing)}
    assert answered(page, place) == [(nothing, nothing, nothing)]


def test_a_question_is_kept_before_it_is_answered(page: ChatPage, open_page: Any) -> None:
    place = page.asking.begin("council", None, ENGLISH, *NOTHING)[0]
    restarted = open_page(ScriptedAssistant())
    _, again, _, last, *_ = restarted.load(f"/c/{place['id']}", ENGLISH)

    assert "council" in last and 'aria-busy="true"' in last
    assert again == place
    assert DOCUMENTS[0].text[:72] in words(answered(restarted, again)[-1][0])
    assert restarted.load(f"/c/{place['id']}", ENGLISH)[1] == {"id": place["id"]}


def test_a_conversation_has_an_address_and_its_page_speaks_the_browsers_language(
    page: ChatPage, open_page: Any
) -> None:
    shown = ask(page, "pêcheurs", ask(page, "council").place)
    _, place, turns, last, _, _, panel, past, *_ = open_page(ScriptedAssistant()).load(
        f"/c/{shown.place['id']}", FRENCH
    )

    assert place == {"id": shown.place["id"]}
    assert "council" in turns and "pêcheurs" in last and "Probablement juste" in last
    assert "Le barrage divise encore le port" in panel
    assert 'aria-current="page"><bdi>council</bdi></a>' in past


def test_what_another_browser_asked_is_not_there(page: ChatPage) -> None:
    place = ask(page, "council").place
    before = page.load(f"/c/{place['id']}", ENGLISH)
    stranger = page.load(f"/c/{place['id']}", OTHER)

    linked: Any = SimpleNamespace(_data={"index": 1, "href": ""})
    assert stranger[1] is None and "council</a>" not in stranger[7]
    assert "What would you like to know?" in stranger[3] and strings_for("en").not_here in words(stranger[3])
    assert strings_for("fr").not_here in words(page.load("/c/" + "x" * 22, FRENCH)[3])
    assert strings_for("en").not_here not in words(page.load("/", OTHER)[3])
    for said in (
        page.panel.open_source(place, linked, OTHER)[0],
        page.past.export_markdown(place, OTHER)[0],
        page.past.export_json(place, OTHER)[0],
        page.past.search("council", place, OTHER),
        page.opinions.like(place, opinion(1, True), OTHER),
    ):
        assert "council" not in said and "Noted" not in said
    happened: Any = SimpleNamespace(_data={"id": place["id"], "index": 1, "value": {"text": "mine"}})
    page.past.rename("", place, happened, OTHER)
    page.past.delete("", place, happened, OTHER)
    page.asking.retry(place, happened, OTHER)
    assert answered(page, {**place, "turn": 1}, request=OTHER) == [(gr.skip(),) * 3]
    own = page.asking.begin("mine", place, OTHER, *NOTHING)[0]
    assert own["id"] != place["id"]
    assert page.load(f"/c/{place['id']}", ENGLISH)[1:5] == before[1:5]


def test_without_a_cookie_nothing_is_asked_and_the_page_says_why(page: ChatPage, assistant: ScriptedAssistant) -> None:
    nobody: Any = SimpleNamespace(headers={"accept-language": "en"})

    assert "Allow cookies" in page.asking.begin("council", None, nobody, *NOTHING)[-1]
    assert not assistant.asked


def test_two_tabs_add_to_the_same_conversation(page: ChatPage) -> None:
    place = ask(page, "council").place
    first, second = (
        page.asking.begin("pêcheurs", place, ENGLISH, *NOTHING)[0],
        page.asking.begin("hostile", place, ENGLISH, *NOTHING)[0],
    )

    assert (first["turn"], second["turn"]) == (2, 3)
    answered(page, second)
    answered(page, first)
    whole = page.past.export_markdown(place, ENGLISH)[0]
    assert [line for line in whole.splitlines() if line.startswith("## ")] == [
        "## council",
        "## pêcheurs",
        "## hostile",
    ]
    assert "Stopped" not in whole and DOCUMENTS[1].text[:76] in whole
    assert "\n> \\[1\\] **" in whole, "a space before the title"


def test_the_last_question_is_asked_again(page: ChatPage) -> None:
    place = ask(page, "pêcheurs", ask(page, "council").place).place
    happened: Any = SimpleNamespace(_data={"index": 2})
    again, _, last, *_ = page.asking.retry(place, happened, ENGLISH)

    assert again == {"id": place["id"], "turn": 2} and 'aria-busy="true"' in last
    assert "Le barrage" in answered(page, again)[-1][1]
    earlier: Any = SimpleNamespace(_data={"index": 1})
    assert page.asking.retry(place, earlier, ENGLISH)[:2] == ({"id": place["id"]}, gr.skip()), "no turn waits"


def test_an_edited_question_begins_a_conversation_of_its_own(page: ChatPage, assistant: ScriptedAssistant) -> None:
    place = ask(page, "hostile", ask(page, "pêcheurs", ask(page, "council").place).place).place
    happened: Any = SimpleNamespace(_data={"index": 2, "value": {"text": "ميناء"}})
    other, turns, *_ = page.asking.edit(place, happened, ENGLISH, *NOTHING)
    answered(page, other)

    assert other["id"] != place["id"] and other["turn"] == 2
    assert "council" in turns and "pêcheurs" not in turns
    assert [turn.text for turn in assistant.asked[-1][1]] == ["council", DOCUMENTS[0].text[:72]]
    assert "## hostile" in page.past.export_markdown(place, ENGLISH)[0]


def test_filters_are_taken_away_and_the_question_asked_again(page: ChatPage) -> None:
    shown = ask(page, "Who won?", languages=["fr"])
    assert "Ask without filters" in shown.last and "1 of 4 documents searched" in shown.last
    happened: Any = SimpleNamespace(_data={"index": 1})
    begun = page.asking.unfiltered(shown.place, happened, ENGLISH)

    assert begun[5:] == ([], [], "", "", [], "")
    assert "Ask without filters" not in answered(page, begun[0])[-1][0]


def test_a_question_keeps_its_filters_until_it_is_answered_and_when_it_is_asked_again(
    page: ChatPage, assistant: ScriptedAssistant, open_page: Any
) -> None:
    chosen = (["fr"], ["Ouest-Info"], "2021", "2025", ["peche/barrage"])
    place = page.asking.begin("pêcheurs", None, ENGLISH, *chosen)[0]
    again, restarted = ScriptedAssistant(), open_page(ScriptedAssistant())
    filters = open_page(again).load(f"/c/{place['id']}", ENGLISH)[8:14]
    assert (filters[0]["value"], filters[1]["value"], *filters[2:5]) == chosen and "French" in filters[5]

    answered(open_page(again), place)
    sought = again.asked[-1][2]
    assert sought == Filters(
        languages=("fr",),
        sources=("Ouest-Info",),
        date_from="2021",
        date_to="2025",
        document_ids=("peche/barrage",),
    )
    happened: Any = SimpleNamespace(_data={"index": 1})
    for kind in ("answered", "unfinished", "failed"):
        restarted._conversations.reply(owner_of(ENGLISH.headers), Place(**place), Reply(kind=kind))
        assert page.asking.retry(place, happened, ENGLISH)[0] == place
        answered(page, place)
        assert assistant.asked[-1][2] == sought, kind
    page.asking.retry(place, happened, ENGLISH)
    asyncio.run(page.asking.stop(place, OTHER))
    asyncio.run(page.asking.stop(place, ENGLISH))
    assert "Stopped before the end" in answered(page, place)[0][0]
    answered(page, page.asking.unfiltered(place, happened, ENGLISH)[0])
    assert not assistant.asked[-1][2] and page.load(f"/c/{place['id']}", ENGLISH)[13] == ""


def test_what_an_older_version_kept_is_asked_again_with_the_filters_of_its_answer(
    page: ChatPage, assistant: ScriptedAssistant, said: Path
) -> None:
    place = ask(page, "pêcheurs", languages=["fr"]).place
    with closing(sqlite3.connect(said.parent / FILE)) as file:
        ((written,),) = file.execute("SELECT reply FROM turns")
        old = {name: value for name, value in json.loads(written).items() if name not in ("limits", "awaited")}
        file.execute("UPDATE turns SET reply = ?", (json.dumps(old),))
        file.commit()
    answered(page, page.asking.retry(place, cast(Any, SimpleNamespace(_data={"index": 1})), ENGLISH)[0])
    assert assistant.asked[-1][2].languages == ("fr",)


def test_a_conversation_of_any_length_keeps_its_newest_turns(page: ChatPage) -> None:
    place = None
    for number in range(1, 151):
        place = page.asking.begin(f"question {number}", place, ENGLISH, *NOTHING)[0]
    shown = ask(page, "council", place)

    assert "question 150" in shown.turns and "question 52<" in shown.turns and "question 51<" not in shown.turns
    assert "51 earlier questions are in the export." in shown.turns
    assert "council" in shown.last
    assert "## question 1\n" in page.past.export_markdown(shown.place, ENGLISH)[0]


def test_conversations_are_found_by_their_words_renamed_and_deleted(page: ChatPage) -> None:
    first, second = ask(page, "Why the COUNCIL?").place, ask(page, "pêcheurs").place
    assert page.past.search("", None, ENGLISH).index("pêcheurs") < page.past.search("", None, ENGLISH).index("COUNCIL")
    assert page.past.search("tidal Council", None, ENGLISH).count("<li") == 1  # "tidal" stands in the answer
    assert "Nothing found." in page.past.search("tidal pêcheurs", None, ENGLISH)

    named: Any = SimpleNamespace(_data={"id": second["id"], "value": {"text": " <b>Nets</b>\n "}})
    assert "<bdi>&lt;b&gt;Nets&lt;/b&gt;</bdi></a>" in page.past.rename("NETS", None, named, ENGLISH)[0]
    gone: Any = SimpleNamespace(_data={"id": first["id"]})
    assert "COUNCIL" not in page.past.delete("", None, gone, ENGLISH)[0]
    assert page.load(f"/c/{first['id']}", ENGLISH)[1] is None


def test_an_export_as_json_holds_confidence_abstentions_and_quotes(page: ChatPage) -> None:
    place = ask(page, "Who won?", ask(page, "council").place).place
    council, won = json.loads(page.past.export_json(place, ENGLISH)[0])["turns"]

    assert (council["outcome"], council["confidence"], council["abstained"]) == ("answered", 0.72, False)
    assert council["citations"][0]["quote"] == DOCUMENTS[0].text[:72] and council["citations"][0]["verified"]
    assert (won["question"], won["abstained"], won["confidence"]) == ("Who won?", True, 0.2)


def test_a_chip_shows_each_filter_and_takes_it_away(page: ChatPage) -> None:
    chosen: tuple[Any, Any, Any, Any, Any] = (["fr"], ["<b>"], "2022", "", ["harbour"])
    shown = page.filters.chips(*chosen, ENGLISH)
    assert "French" in shown and "&lt;b&gt;" in shown and "From 2022" in shown and DOCUMENTS[0].title in shown

    for name, left in (
        ("language:fr", ([], ["<b>"], "2022", "", ["harbour"])),
        ("source:<b>", (["fr"], [], "2022", "", ["harbour"])),
        ("date_from:", (["fr"], ["<b>"], "", "", ["harbour"])),
        ("document:harbour", (["fr"], ["<b>"], "2022", "", [])),
        ("else", chosen),
    ):
        happened: Any = SimpleNamespace(_data={"name": name})
        assert page.filters.without(*chosen, happened, ENGLISH)[:5] == left


@pytest.mark.parametrize(
    ("typed", "chip"),
    [
        ("31/01/2024", "From 31 January 2024"),
        ("31.1.2024", "From 31 January 2024"),
        ("1er mars 2024", "From 1 March 2024"),
        ("January 2024", "From January 2024"),
        (" 2024 ", "From 2024"),
    ],
)
def test_a_date_is_typed_as_people_write_one(page: ChatPage, typed: str, chip: str) -> None:
    shown = page.filters.chips([], [], typed, "", [], ENGLISH)
    assert chip in shown and "is not a date" not in shown


@pytest.mark.parametrize("typed", ["05/06/2024", "2024-13", "soon"])
def test_what_is_no_date_or_two_is_told_as_that(page: ChatPage, typed: str) -> None:
    assert f"“{typed}” is not a date." in page.filters.chips([], [], "2020", typed, [], ENGLISH)
    assert "No document passes these filters." in page.filters.chips([], [], "2099", "", [], ENGLISH)


def test_an_address_says_what_to_ask_only(page: ChatPage, assistant: ScriptedAssistant) -> None:
    loaded = page.load("/?document=peche%2Fbarrage&document=mina&language=fr&date_from=2024", ENGLISH)

    assert (loaded[8]["value"], loaded[10], loaded[12]) == (["fr"], "2024", ["peche/barrage", "mina"])
    assert "Le barrage divise encore le port" in loaded[13]
    ask(page, "x", only=loaded[12])
    assert assistant.asked[-1][2].document_ids == ("peche/barrage", "mina")
    for odd in ("//[", "/?" + "document=x&" * 500, "/c/../x", "/c/" + "x" * 23, "nothing"):
        assert page.load(odd, ENGLISH)[1] is None


def test_an_export_names_document_and_quote(page: ChatPage) -> None:
    out = page.past.export_markdown(ask(page, "council").place, FRENCH)[0]

    assert "## council" in out and DOCUMENTS[0].text[:72] in out and "3 mai 2024" in out


def test_an_export_of_a_failure_is_its_words(page: ChatPage) -> None:
    out = page.past.export_markdown(ask(page, "broken model").place, ENGLISH)[0]

    assert out.endswith("## broken model\n\nThe model's server does not answer. Start it again.\n")


def test_the_panel_of_an_old_turn_opens_after_a_restart(page: ChatPage, open_page: Any) -> None:
    place = ask(page, "And then?", ask(page, "council and pêcheurs").place).place
    link = Reference.of(ScriptedAssistant().ask("council and pêcheurs").citations[1]).url()
    restarted = open_page(ScriptedAssistant())

    out = restarted.panel.open_source(place, SimpleNamespace(_data={"index": 1, "href": link}), ENGLISH)[0]
    assert out.count("<article") == 2
    assert 'id="source-2" data-number="2" class="active"' in out
    for data in (None, {"index": 99, "href": link}, {"index": 0}):
        out = restarted.panel.open_source(None, SimpleNamespace(_data=data), ENGLISH)[0]
        assert out.startswith('<p class="no-sources">')


def loaded(page: ChatPage, request: Any = ENGLISH, at: str = "") -> dict[str, Any]:
    names = ["header", "place", "turns", "last", "box", "status", "panel", "past", "languages", "sources"]
    names += ["date_from", "date_to", "only", "chips", "timer"]
    return dict(zip(names, page.load(f"/c/{at}" if at else "/", request), strict=True))


QUOTED = re.compile("[“”„«»]")


def offered(page: ChatPage, request: Any = ENGLISH) -> list[str]:
    """The questions that an empty page offers, once they have been looked for."""
    found = page.first.found(strings_for(request.headers["accept-language"]), lambda: True)
    assert shown(page, request) == found
    return found


def shown(page: ChatPage, request: Any = ENGLISH) -> list[str]:
    """Those that it offers by itself."""
    last = loaded(page, request)["last"]
    return [html.unescape(each) for each in re.findall(r'data-act="example"[^>]*><bdi>([^<]*)</bdi>', last)]


def test_the_page_offers_questions_about_the_newest_documents_in_its_language(page: ChatPage) -> None:
    assert shown(page) == []  # nothing has been tried yet, and nobody waits for that
    assert offered(page) == [
        "What is said about “Council backs tidal barrier”?",
        "What is said about “A <b>hostile</b> page ${1}”?",
    ]


def test_where_nothing_is_in_the_readers_language_documents_are_asked_about_in_theirs(page: ChatPage) -> None:
    assert offered(page, browser("de")) == [  # by its title, the French one answers nothing
        "ماذا يُقال عن «الميناء يستعيد نشاطه»؟",
        "What is said about “Council backs tidal barrier”?",
        "What is said about “A <b>hostile</b> page ${1}”?",
    ]


def test_what_is_not_answered_is_not_offered_nor_tried_while_others_ask(open_page: Any) -> None:
    silent = DOCUMENTS[0].model_copy(update={"id": "none", "title": "Nothing is known of it", "date": "2025"})
    page = open_page(ScriptedAssistant([silent, *DOCUMENTS]))
    page.first.found(strings_for("en"), lambda: False)  # others ask
    assert shown(page) == []
    questions = offered(page)
    assert questions and not any(silent.title in question for question in questions)


def test_given_examples_come_first(assistant: ScriptedAssistant, open_page: Any) -> None:
    given = [(f"{letter}?", "en") for letter in "abcde"]
    assert offered(open_page(assistant, examples=given)) == ["a?", "b?", "c?", "d?"]


def test_given_examples_in_the_readers_language_come_before_its_documents(
    assistant: ScriptedAssistant, open_page: Any
) -> None:
    given = [("a?", "fr"), ("b?", "zh"), ("c?", "en"), ("d?", "es"), ("e?", "en")]
    about = [f"What is said about “{DOCUMENTS[number].title}”?" for number in (0, 3)]
    assert offered(open_page(assistant, examples=given)) == ["c?", "e?", *about]


def test_where_no_given_example_is_in_the_readers_language_its_documents_are_asked_about(
    assistant: ScriptedAssistant, open_page: Any
) -> None:
    page = open_page(assistant, examples=[("a?", "fr"), ("b?", "zh"), ("c?", "en"), ("d?", "es")])
    assert offered(page, browser("ar")) == [f"ماذا يُقال عن «{DOCUMENTS[2].title}»؟"]
    assert offered(page, browser("de")) == ["a?", "b?", "c?", "d?"]  # nothing here is in German


def test_what_is_offered_over_the_sample_corpus_is_in_the_readers_language_and_answered(
    sample_index: Path, embeddings: SentenceEmbeddings, open_page: Any
) -> None:
    settings = Settings(data=sample_index)
    with Assistant(settings, open_index(settings, embeddings), embeddings, reader=READER) as assistant:
        for language in ("en", "fr", "de", "es", "ar"):
            questions = offered(open_page(assistant), browser(language))
            assert len(set(questions)) == 4
            assert not any(QUOTED.search(question) for question in questions)  # as people ask, and not headlines
            assert all(detect_language(question) == language for question in questions)
            assert [question for question in questions if not assistant.ask(question).answerable] == []


def test_the_nearest_passages_are_each_of_another_document(assistant: ScriptedAssistant) -> None:
    answer = assistant.ask("Who won?")
    first, second, *others = answer.passages
    twice = answer.model_copy(update={"passages": (first, first.model_copy(update={"start": 5}), second, *others)})
    near = [one.reference for one in Reply.of(twice).nearest]
    assert [one.document_id for one in near] == [first.document_id, second.document_id, others[0].document_id]
    assert near[0].start == first.start


def test_an_empty_corpus_says_how_to_fill_it(open_page: Any) -> None:
    empty = open_page(ScriptedAssistant([]))

    assert "askcorpus ingest" in loaded(empty, FRENCH)["last"]
    assert offered(empty) == []


def test_the_page_says_that_the_model_is_loading_and_when_it_is_not(
    page: ChatPage, assistant: ScriptedAssistant, open_page: Any
) -> None:
    shown = loaded(open_page(assistant, LOADING))
    assert "Loading the language model" in shown["status"] and shown["timer"].active

    status, timer = page.tick(ENGLISH)
    assert "Loading" not in status and not timer.active


def opinion(index: int, liked: bool | str, name: str | None = None) -> gr.LikeData:
    return gr.LikeData(None, {"index": index, "value": "", "liked": liked, "name": name})


def test_an_opinion_is_kept_and_becomes_a_draft(page: ChatPage, said: Path) -> None:
    carried = ask(page, "And the pêcheurs?", ask(page, "council, *when*?").place).place

    assert "Noted" in page.opinions.like(carried, opinion(2, True), ENGLISH)
    assert "Noted" in page.opinions.like(carried, opinion(1, False), ENGLISH)
    liked, disliked = read_feedback(said)
    assert (liked.question, liked.liked, disliked.question, disliked.liked) == (
        "And the pêcheurs?",
        True,
        "council, *when*?",
        False,
    )
    assert liked.history[0].text == "council, *when*?" and not disliked.history
    known, found = from_feedback([liked, disliked])
    assert (known.doc_ids, known.evidence) == (("peche/barrage",), (DOCUMENTS[1].text[:76],))
    assert (found.doc_ids, found.evidence) == ((), ())


def test_eval_make_reads_what_the_chat_keeps(page: ChatPage, said: Path, tmp_path: Path) -> None:
    page.opinions.like(ask(page, "council").place, opinion(1, True), ENGLISH)

    assert draft(Settings(data=said.parent), tmp_path / "new.jsonl", feedback=None, documents=0, language="") == 1
    (row,) = read_questions(tmp_path / "new.jsonl").questions
    assert (row.question, row.doc_ids, row.draft) == ("council", ("harbour",), True)


def test_an_opinion_can_be_taken_back_and_outlives_a_restart(page: ChatPage, said: Path, open_page: Any) -> None:
    carried = ask(page, "council").place
    page.opinions.like(carried, opinion(1, True), ENGLISH)
    page.opinions.like(carried, opinion(1, ""), ENGLISH)
    assert read_feedback(said) == []

    open_page(ScriptedAssistant()).opinions.like(carried, opinion(1, True), ENGLISH)
    assert [(each.question, each.liked, each.answer) for each in read_feedback(said)] == [("council", True, None)]


def pressed(markup: str) -> list[str]:
    """What is pressed of the opinions below an answer."""
    return re.findall(r'data-(?:liked|reason)="(\w+)" aria-pressed="true"', markup)


def test_an_opinion_is_shown_again_with_its_answer_and_with_no_other(page: ChatPage, said: Path) -> None:
    place = ask(page, "council").place

    def shown() -> list[str]:
        return pressed(page.load(f"/c/{place['id']}", ENGLISH)[3])

    page.opinions.like(place, opinion(1, False, "wrong"), ENGLISH)
    assert shown() == ["false", "wrong"]
    page.opinions.like(place, opinion(1, False, "no reason of ours"), ENGLISH)
    assert shown() == ["false"]
    assert page.opinions.like(place, opinion(1, True), OTHER).endswith("></span>")
    assert shown() == ["false"]
    page.opinions.like(place, opinion(1, ""), ENGLISH)
    assert shown() == []
    page.opinions.like(place, opinion(1, True), ENGLISH)
    happened: Any = SimpleNamespace(_data={"index": 1})
    answered(page, page.asking.retry(place, happened, ENGLISH)[0])
    assert shown() == []
    said.unlink()
    said.mkdir()
    page.opinions.like(place, opinion(1, True), ENGLISH)  # which cannot be kept
    assert shown() == []


def test_an_opinion_on_an_answer_that_is_no_more_there_is_not_one_on_the_next(said: Path) -> None:
    kept, owner = Conversations(said.parent, 90), "a"
    place = kept.ask(owner, None, "council")
    kept.reply(owner, place, Reply(kind="answered", id="first"))
    first = kept.read(owner, place.id)
    assert first and first.last and first.last.reply
    kept.reply(owner, place, Reply(kind="answered", id="second"))
    assert not kept.judge(owner, place, first.last.reply, Opinion(liked=True))
    assert not kept.judge("b", place, Reply(kind="answered", id="second"), Opinion(liked=True))
    now = kept.read(owner, place.id)
    assert now and now.last and now.last.opinion == Opinion()


def test_the_file_is_its_owners_alone(page: ChatPage, said: Path) -> None:
    page.opinions.like(ask(page, "council").place, opinion(1, True), ENGLISH)

    assert said.stat().st_mode & 0o777 == 0o600


def test_an_opinion_that_cannot_be_kept_is_said_and_breaks_nothing(page: ChatPage, said: Path) -> None:
    said.mkdir()

    assert "n’a pas pu être noté" in page.opinions.like(ask(page, "council").place, opinion(1, True), FRENCH)


def test_opinions_of_many_at_once_stay_whole_lines(said: Path) -> None:
    def write(number: int) -> None:
        FeedbackFile(said).add(f"question {number}? " + "x" * 20_000, (), "", True)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(64)))

    assert len(read_feedback(said)) == 64


def test_an_answer_is_remembered_without_how_it_came_about(said: Path) -> None:
    file = FeedbackFile(said)
    file.remember(answer := ScriptedAssistant().ask("council?", explain=True))
    assert answer.explain is not None
    assert file.add("council?", (), answer.id, True)
    kept = read_feedback(said)[0].answer
    assert kept is not None and kept == answer.model_copy(update={"explain": None})


def test_a_full_disk_leaves_no_half_line(said: Path) -> None:
    file = FeedbackFile(said)
    assert file.add("first?", (), "", True)
    size = said.stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, before[1]))
    try:
        assert not file.add("second?", (), "", True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert said.stat().st_size == size
    assert file.add("third?", (), "", True) and len(read_feedback(said)) == 2


def test_filters_offer_what_the_corpus_has(page: ChatPage) -> None:
    shown = loaded(page, FRENCH)

    assert ("français (1)", "fr") in shown["languages"]["choices"] and len(shown["languages"]["choices"]) == 3
    assert ("Northport Gazette (1)", "Northport Gazette") in shown["sources"]["choices"]


def test_a_data_folder_that_is_gone_is_not_made_again_by_an_opinion(tmp_path: Path) -> None:
    assert not FeedbackFile(tmp_path / "gone" / "feedback.jsonl").add("council?", (), "", True)
    assert not (tmp_path / "gone").exists()


def test_a_full_file_of_opinions_takes_no_more(said: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askcorpus.feedback.MAX_FILE", 1_000)
    file = FeedbackFile(said)
    kept = [file.add(f"council {number}?", (), "", True) for number in range(50)]
    assert kept[0] and not kept[-1]
    assert said.stat().st_size <= 1_000
    assert len(read_feedback(said)) == sum(kept)


def test_of_a_long_conversation_the_opinion_is_kept(said: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("askcorpus.feedback.MAX_LINE", 2_000)
    history = tuple(Turn(role="user", text="x" * 9_000) for _ in range(9))
    assert FeedbackFile(said).add("council?", history, "", True)
    assert read_feedback(said)[0].history == ()
