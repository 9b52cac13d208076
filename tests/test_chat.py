"""The chat page's events, called as Gradio calls them; what a browser makes of them is in ``browser/``."""

import asyncio
import resource
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import gradio as gr
import pytest

from askcorpus.feedback import FeedbackFile, read_feedback
from askcorpus.settings import Settings
from askcorpus.types import Turn
from askcorpus_eval.question_drafts import from_feedback
from askcorpus_eval.questions import read_questions
from askcorpus_eval.session import draft
from askcorpus_ui.chat.conversation import Conversation
from askcorpus_ui.chat.page import ChatPage
from askcorpus_ui.chat.references import Reference
from askcorpus_ui.streaming import Questions
from scripted import DOCUMENTS, ScriptedAssistant

READY: Any = SimpleNamespace(is_over=lambda: True, fault="")
LOADING: Any = SimpleNamespace(is_over=lambda: False, fault="")
ENGLISH: Any = SimpleNamespace(headers={"accept-language": "en"})
FRENCH: Any = SimpleNamespace(headers={"accept-language": "fr"})


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
    def open_page(assistant: Any, warm_up: Any = READY, examples: Sequence[str] = ()) -> ChatPage:
        return ChatPage(assistant, Questions(4, 100), warm_up, examples, FeedbackFile(said))

    return open_page


@pytest.fixture
def page(assistant: ScriptedAssistant, open_page: Callable[..., ChatPage]) -> ChatPage:
    return open_page(assistant)


class Shown(NamedTuple):
    """What a question ends in: what the page carries, its bubbles, source panel and status line."""

    carried: dict[str, Any]
    bubbles: list[dict[str, Any]]
    panel: str
    status: str

    @property
    def last(self) -> str:
        """What stands in the last bubble."""
        return str(self.bubbles[-1]["content"])


def ask(page: ChatPage, question: str, carried: dict[str, Any] | None = None, **filters: Any) -> Shown:
    chosen = {"languages": [], "sources": [], "date_from": "", "date_to": "", "request": ENGLISH} | filters

    async def last() -> tuple[Any, ...]:
        begun = page.begin(question, carried, ENGLISH)[0]
        return [out async for out in page.respond(begun, **chosen)][-1]

    return Shown(*asyncio.run(last()))


def test_the_bubble_carries_the_answer_and_its_citations(page: ChatPage, assistant: ScriptedAssistant) -> None:
    shown = ask(page, "council and pêcheurs")
    answer = assistant.ask("council and pêcheurs")

    for citation in answer.citations:
        assert f"{citation.quote} [\\[{citation.marker}\\]]({Reference.of(citation).url()} " in shown.last
    assert shown.panel.count("<article") == 2
    assert "2 sources" in shown.status and 'data-turn="1"' in shown.status


@pytest.mark.parametrize(
    ("question", "request_", "said"),
    [
        ("council in May 2024?", ENGLISH, "1 source · preferring documents of May 2024 · "),
        ("council, 3 May 2024?", FRENCH, "1 source · période préférée : 3 mai 2024 · "),
        ("council?", ENGLISH, "1 source · 0."),
    ],
)
def test_the_status_names_the_time_that_was_preferred(page: ChatPage, question: str, request_: Any, said: str) -> None:
    assert said in ask(page, question, request=request_).status


def test_a_follow_up_brings_what_was_said(page: ChatPage, assistant: ScriptedAssistant) -> None:
    ask(page, "And then?", ask(page, "council, *when*?").carried)

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
    ("question", "said"),
    [("broken model", "The model&#39;s server does not answer. Start it again."), ("bug", "Something went wrong.")],
)
def test_a_failure_is_one_line_and_no_turn(
    page: ChatPage, assistant: ScriptedAssistant, question: str, said: str
) -> None:
    shown = ask(page, question)
    ask(page, "council", shown.carried)

    assert said in shown.last
    assert "hunter2" not in str(shown)
    assert 'data-turn="1"' in shown.status
    assert assistant.asked[-1][1] == (Turn(role="user", text=question),)


def test_a_date_that_is_none_is_explained(page: ChatPage) -> None:
    assert "May is not a date." in ask(page, "x", date_from="May").last


def test_stopping_closes_the_stream_and_keeps_what_was_written(page: ChatPage, assistant: ScriptedAssistant) -> None:
    async def stop_early() -> dict[str, Any]:
        begun = page.begin("slow council", None, ENGLISH)[0]
        responding: Any = page.respond(begun, [], [], "", "", ENGLISH)
        carried: dict[str, Any] = begun
        async for carried, bubbles, *_ in responding:  # noqa: B007 - the last is what the page carries then
            assert "Stopped" not in bubbles[-1]["content"]
            if "council" in bubbles[-1]["content"]:
                break
        await responding.aclose()
        for _ in range(100):
            if assistant.abandoned:
                break
            await asyncio.sleep(0.02)
        return carried

    carried = asyncio.run(stop_early())
    bubbles, _, status = page.stopped(carried, ENGLISH)

    assert assistant.abandoned == 1
    assert bubbles[-1]["content"].startswith("The council")
    assert "Stopped before the end" in bubbles[-1]["content"]
    assert 'data-turn="1"' in status
    ask(page, "And?", carried)
    assert assistant.asked[-1][1][1].text.startswith("The council")


def test_a_conversation_is_kept_and_reopened(page: ChatPage) -> None:
    first, second = ask(page, "council"), ask(page, "pêcheurs")
    kept, _ = page.save(first.carried, [])
    kept, _ = page.save(second.carried, kept)
    kept, shown = page.save(first.carried, kept)
    carried, bubbles, panel, _ = page.reopen(kept[1]["id"], kept, ENGLISH)

    assert [title for title, _ in shown["choices"]] == ["council", "pêcheurs"]
    assert (carried, bubbles) == (second.carried, second.bubbles)
    assert "Le barrage divise encore le port" in panel


def test_a_conversation_is_reopened_in_the_language_of_the_page(page: ChatPage) -> None:
    kept, _ = page.save(ask(page, "council").carried, [])

    assert "Probablement juste" in page.reopen(kept[0]["id"], kept, FRENCH)[1][-1]["content"]


def test_a_question_is_asked_again_and_what_followed_is_forgotten(page: ChatPage) -> None:
    carried = ask(page, "pêcheurs", ask(page, "council").carried).carried
    again, bubbles, *_ = page.retry(carried, gr.RetryData(None, {"index": 0, "value": ""}), ENGLISH)

    assert [bubble["content"] for bubble in bubbles] == ["council"]
    assert Conversation.read(again).id == Conversation.read(carried).id


def test_a_conversation_goes_on_however_long_it_is(page: ChatPage) -> None:
    carried = Conversation()
    for number in range(600):
        carried = carried.asking(f"question {number}")
    shown = ask(page, "council", carried.dumped())

    assert shown.bubbles[0]["content"] == "question 101"
    assert shown.bubbles[-2]["content"] == "council"
    assert ask(page, "pêcheurs", shown.carried).bubbles[0]["content"] == "question 102"


def test_no_more_than_thirty_conversations_are_kept(page: ChatPage) -> None:
    kept: list[dict[str, Any]] = []
    for number in range(32):
        kept, _ = page.save(page.begin(f"question {number}", None, ENGLISH)[0], kept)

    titles = [title for title, _ in loaded_choices(page, kept)]
    assert [titles[0], titles[-1], len(titles)] == ["question 31", "question 2", 30]


def loaded_choices(page: ChatPage, kept: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The earlier conversations that a page offers which has just been opened."""
    return list(page.load(kept, ENGLISH)[2]["choices"])


def test_an_export_names_document_and_quote(page: ChatPage) -> None:
    out = page.export(ask(page, "council").carried, FRENCH)

    assert "## council" in out and DOCUMENTS[0].text[:72] in out and "3 mai 2024" in out


def test_an_export_of_a_failure_is_its_words(page: ChatPage) -> None:
    out = page.export(ask(page, "broken model").carried, ENGLISH)

    assert out.endswith("## broken model\n\nThe model's server does not answer. Start it again.\n")


def test_the_panel_of_an_old_bubble_opens_after_a_restart(page: ChatPage, open_page: Any) -> None:
    carried = ask(page, "And then?", ask(page, "council and pêcheurs").carried).carried
    links = [reference.url() for reference in Conversation.read(carried).until(1).references]
    restarted = open_page(ScriptedAssistant())

    out = restarted.open_source(carried, SimpleNamespace(_data={"index": 1, "href": links[1]}), ENGLISH)
    assert out.count("<article") == 2
    assert 'id="source-2" data-number="2" class="active"' in out
    for data in (None, {"index": 99, "href": links[0]}, {"index": 0}):
        out = restarted.open_source(None, SimpleNamespace(_data=data), ENGLISH)
        assert out.startswith('<p class="no-sources">')


def loaded(page: ChatPage, request: Any = ENGLISH) -> Iterator[Any]:
    return iter(page.load([], request))


def test_the_page_offers_questions_about_the_newest_documents_those_in_its_language_first(page: ChatPage) -> None:
    _, _, _, chat, *_ = loaded(page)

    assert [example["text"] for example in chat["examples"]] == [
        "What is said about “Council backs tidal barrier”?",
        "What is said about “A <b>hostile</b> page ${1}”?",
        "What is said about “الميناء يستعيد نشاطه”?",
        "Que dit-on de « Le barrage divise encore le port » ?",
    ]


def test_given_examples_come_first(assistant: ScriptedAssistant, open_page: Any) -> None:
    _, _, _, chat, *_ = loaded(open_page(assistant, examples=["a?", "b?", "c?", "d?", "e?"]))

    assert [example["text"] for example in chat["examples"]] == ["a?", "b?", "c?", "d?"]


def test_an_empty_corpus_says_how_to_fill_it(open_page: Any) -> None:
    _, _, _, chat, *_ = loaded(open_page(ScriptedAssistant([])), FRENCH)

    assert "askcorpus ingest" in chat["placeholder"]
    assert chat["examples"] == []


def test_the_page_says_that_the_model_is_loading_and_when_it_is_not(
    page: ChatPage, assistant: ScriptedAssistant, open_page: Any
) -> None:
    *_, status, _, _, timer = loaded(open_page(assistant, LOADING))
    assert "Loading the language model" in status and timer.active

    status, timer = page.tick(ENGLISH)
    assert "Loading" not in status and not timer.active


def opinion(index: int, liked: bool | str) -> gr.LikeData:
    return gr.LikeData(None, {"index": index, "value": "", "liked": liked})


def test_an_opinion_is_kept_and_becomes_a_draft(page: ChatPage, said: Path) -> None:
    carried = ask(page, "And the pêcheurs?", ask(page, "council, *when*?").carried).carried

    assert "Noted" in page.like(carried, opinion(3, True), ENGLISH)
    assert "Noted" in page.like(carried, opinion(1, False), ENGLISH)
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
    page.like(ask(page, "council").carried, opinion(1, True), ENGLISH)

    assert draft(Settings(data=said.parent), tmp_path / "new.jsonl", feedback=None, documents=0, language="") == 1
    (row,) = read_questions(tmp_path / "new.jsonl").questions
    assert (row.question, row.doc_ids, row.draft) == ("council", ("harbour",), True)


def test_an_opinion_can_be_taken_back_and_outlives_a_restart(page: ChatPage, said: Path, open_page: Any) -> None:
    carried = ask(page, "council").carried
    page.like(carried, opinion(1, True), ENGLISH)
    page.like(carried, opinion(1, ""), ENGLISH)
    assert read_feedback(said) == []

    open_page(ScriptedAssistant()).like(carried, opinion(1, True), ENGLISH)
    assert [(each.question, each.liked, each.answer) for each in read_feedback(said)] == [("council", True, None)]


def test_the_file_is_its_owners_alone(page: ChatPage, said: Path) -> None:
    page.like(ask(page, "council").carried, opinion(1, True), ENGLISH)

    assert said.stat().st_mode & 0o777 == 0o600


def test_an_opinion_that_cannot_be_kept_is_said_and_breaks_nothing(page: ChatPage, said: Path) -> None:
    said.parent.rmdir()
    said.parent.write_text("in the way")

    assert "n’a pas pu être noté" in page.like(ask(page, "council").carried, opinion(1, True), FRENCH)


def test_opinions_of_many_at_once_stay_whole_lines(said: Path) -> None:
    def write(number: int) -> None:
        FeedbackFile(said).add(f"question {number}? " + "x" * 20_000, (), "", True)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(64)))

    assert len(read_feedback(said)) == 64


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
    *_, languages, sources, _ = loaded(page, FRENCH)

    assert ("français", "fr") in languages["choices"] and len(languages["choices"]) == 3
    assert ("Northport Gazette", "Northport Gazette") in sources["choices"]


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
