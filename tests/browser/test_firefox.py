"""What the chat page promises, in Firefox (Debian's ``firefox-esr``): each point once, as far as a browser shows it.

Every wait is for what the page shows, or the server keeps, never for a time.
"""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.feedback import read_feedback
from askcorpus.settings import read_settings
from askcorpus_ui.web.job_records import Job
from askcorpus_ui.web.jobs import Jobs
from openai_server import OpenAIServer
from scripted import DOCUMENTS, HOSTILE, ScriptedAssistant
from serving import QUESTION, Restartable, real_assistant, serving

pytest.importorskip("websockets.sync.client")
from firefox import ENTER, ESCAPE, TAB, TOO_SMALL, Firefox, ask, chat, open_choices, press, tab_to, text

HARBOUR, PORT, *_ = DOCUMENTS


def test_ask_open_the_source_and_come_back(firefox: Firefox, address: str) -> None:
    firefox.open(address)
    firefox.until("document.activeElement.matches('#ask textarea')")
    firefox.type(f"What did the council decide, and what do the pêcheurs want?{ENTER}")
    firefox.until("""document.querySelector('#status [data-turn="1"]')""")
    assert HARBOUR.text[:72] in firefox.see("document.querySelector('#last .answer').innerText")

    firefox.until("document.querySelectorAll('#last .next button').length === 2")
    firefox.click("#filters > button")
    firefox.until("document.querySelector('#date-from .pick')?.checkVisibility()")
    assert firefox.see("'showPicker' in HTMLInputElement.prototype") is True
    firefox.click("#filters > button")
    firefox.click("#last a.cite")
    firefox.until("document.querySelector('.card.active mark.active')")
    quote = "document.querySelector('.card.active mark.active').textContent"
    assert firefox.see(quote) == HARBOUR.text[:72]
    firefox.type(ESCAPE)

    there = firefox.see("location.href")
    assert "/c/" in there
    firefox.open(there)
    firefox.until("document.querySelector('#last .answer a.cite')")
    assert HARBOUR.text[:72] in firefox.see("document.querySelector('#last .answer').innerText")
    assert firefox.see("document.documentElement.lang + document.documentElement.dir") == "enltr"

    source = firefox.see("document.querySelector('#last a.cite').href")
    firefox.open(source)
    assert firefox.see("document.querySelector('mark').textContent") == HARBOUR.text[:72]


def test_stop_new_chat_and_the_list(firefox: Firefox, address: str) -> None:
    firefox.open(address)
    firefox.until("document.activeElement.matches('#ask textarea')")
    firefox.type(f"slow council{ENTER}")
    firefox.until("document.querySelector('#last .answer')?.innerText.includes('The council')")
    firefox.until("document.querySelector('#ask .stop-button')")
    firefox.type(ESCAPE)
    firefox.until("document.querySelector('#last .stopped')")
    firefox.click("#new")
    firefox.until("document.querySelector('#last .welcome') && document.activeElement.matches('#ask textarea')")
    firefox.click("#menu")
    firefox.until("!document.querySelector('.sidebar-content').inert")
    assert "slow council" in firefox.see("document.querySelector('#past').innerText")
    firefox.type(ESCAPE)
    firefox.until("document.querySelector('.sidebar-content').inert && document.activeElement.id === 'menu'")
    assert firefox.see("document.documentElement.scrollWidth <= innerWidth") is True


@pytest.fixture
def writable(tmp_path: Path, embeddings: SentenceEmbeddings) -> Iterator[str]:
    with (
        real_assistant(tmp_path, embeddings) as assistant,
        serving(assistant, read_settings(data=assistant.settings.data, write_key="pen")) as address,
    ):
        yield address


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text about a buoy is not done with before a job has been stopped."""
    stopped = Event()
    embed, cancel = SentenceEmbeddings.embed_passages, Jobs.cancel

    def embed_slowly(self: SentenceEmbeddings, texts: Sequence[str], *rest: Any) -> Any:
        assert not any("buoy" in text for text in texts) or stopped.wait(60)
        return embed(self, texts, *rest)

    def cancel_and_tell(self: Jobs, job_id: str) -> Job | None:
        try:
            return cancel(self, job_id)
        finally:
            stopped.set()

    monkeypatch.setattr(SentenceEmbeddings, "embed_passages", embed_slowly)
    monkeypatch.setattr(Jobs, "cancel", cancel_and_tell)


@pytest.mark.usefixtures("held")
def test_files_are_added_and_one_is_stopped(firefox: Firefox, writable: str, tmp_path: Path) -> None:
    isle, broken, long = tmp_path / "isle.txt", tmp_path / "broken.pdf", tmp_path / "long.txt"
    isle.write_text("The lighthouse of Sark was painted white and red on Monday.")
    broken.write_bytes(b"%PDF-1.7 broken")
    long.write_text("The buoy was painted again on Monday, and so was the pier. " * 20)
    firefox.open(f"{writable}/documents")
    firefox.click("#adding summary")
    firefox.click("#adding [name=key]")
    firefox.type("pen")
    firefox.choose("#adding [name=files]", isle, broken, long)
    firefox.click("#adding form button")
    report = "document.querySelectorAll('#adding .report > li')"
    firefox.until(f"{report}.length === 3 && {report}[2].querySelector('.stop')")
    firefox.see(f"{report}[2].querySelector('.stop').click()")  # whose place moves as the lines above it grow
    firefox.until("!document.querySelector('#adding .again').hidden")
    told = firefox.see(f"[...{report}].map(each => each.innerText)")
    assert "isle.txt" in told[0] and "Added: 1" in told[0]
    assert "broken.pdf" in told[1] and "Added" not in told[1] and len(told[1].splitlines()) > 1
    assert "Stopped; what was added stays" in told[2]


def test_1_an_empty_box_asks_nothing_a_second_question_waits_and_new_chat_stops(
    firefox: Firefox, address: str, assistant: ScriptedAssistant
) -> None:
    chat(firefox, address)
    ask(firefox, "What did the council decide?")
    asked, abandoned = len(assistant.asked), assistant.abandoned
    firefox.type(f"  {ENTER}")
    firefox.see("document.querySelector('#ask textarea').select()")
    firefox.type(f"slow council{ENTER}")
    firefox.until("document.querySelector('#last [aria-busy]')?.innerText.includes('The council')")
    firefox.until("document.querySelector('#ask .stop-button')")
    firefox.type(f"And then?{ENTER}")
    firefox.until("document.querySelector('#status').innerText.includes('still being written')")
    assert firefox.see("document.querySelector('#ask textarea').value") == "And then?"
    firefox.click("#new")
    firefox.until("document.querySelector('#last .welcome')")
    assert (len(assistant.asked), assistant.abandoned) == (asked + 1, abandoned + 1)


def test_2_quotes_and_questions_are_text(firefox: Firefox, address: str) -> None:
    question = "2019. october 4 - # **bold** <b>x</b> hostile?"
    chat(firefox, address)
    ask(firefox, question)
    assert text(firefox, "#last .question") == question
    assert HOSTILE[: HOSTILE.index(". ") + 1] in text(firefox, "#last .answer")
    assert firefox.see("document.querySelectorAll('#last .answer :is(b, img, script, code, ul)').length") == 0


def test_3_a_conversation_is_renamed_found_reached_by_back_and_deleted(firefox: Firefox, address: str) -> None:
    chat(firefox, address)
    ask(firefox, "What do the pêcheurs want?")
    there = firefox.see("location.href")
    firefox.click("#menu")
    firefox.click("#past .current [data-act=rename]")
    firefox.until("document.activeElement.matches('.field textarea')")
    firefox.see("document.activeElement.select()")
    firefox.type(f"Nets and gates{ENTER}")
    firefox.until("document.querySelector('#past .current a').textContent === 'Nets and gates'")
    firefox.see("document.querySelector('#search :is(textarea, input)').focus()")
    firefox.type("gates nets")
    firefox.until("document.querySelectorAll('#past li').length === 1")
    firefox.type(ESCAPE)
    firefox.click("#new")
    firefox.until(f"document.querySelector('#last .welcome') && location.href !== {there!r}")
    firefox.see("history.back()")
    firefox.until(f"location.href === {there!r} && document.querySelector('#last .answered')")
    firefox.until("document.activeElement.matches('#ask textarea')")
    firefox.click("#menu")
    for _ in range(2):
        firefox.click("#past .current [data-act=delete]")
    firefox.until("document.querySelector('#last .welcome')")


def test_3_a_conversation_is_exported_as_files(firefox: Firefox, address: str) -> None:
    chat(firefox, address)
    ask(firefox, "What did the council decide?")
    firefox.click("#menu")
    firefox.click("#export")
    told = firefox.downloaded("askcorpus.md")
    assert "## What did the council decide?" in told and f"> {HARBOUR.text[:72]}" in told
    firefox.click("#export-json")
    (turn,) = json.loads(firefox.downloaded("askcorpus.json"))["turns"]
    assert (turn["outcome"], turn["citations"][0]["quote"]) == ("answered", HARBOUR.text[:72])


def test_3_a_server_that_was_gone_is_waited_for_and_nothing_is_lost(firefox: Firefox, tmp_path: Path) -> None:
    server = Restartable(ScriptedAssistant, tmp_path)
    chat(firefox, server.address)
    ask(firefox, "What did the council decide?")
    firefox.until("location.pathname.startsWith('/c/')")
    there = firefox.see("location.href")
    server.stop()
    firefox.type(f"What do the pêcheurs want?{ENTER}")
    firefox.until("document.querySelector('#status').innerText.includes('The server does not answer')")
    firefox.see("window.old = true")
    server.start()
    firefox.until("!window.old && document.querySelector('#ask textarea')?.value === 'What do the pêcheurs want?'")
    assert firefox.see("location.href") == there
    firefox.until("document.querySelector('#last .answer')?.innerText.includes('The council')")
    firefox.until("document.querySelector('#ask textarea:enabled') && !askcorpus.isBusy()")
    firefox.see("document.querySelector('#ask textarea').focus()")
    firefox.type(ENTER)
    firefox.until("document.querySelector('#last .answered')?.innerText.includes('vannes')")
    server.stop()


def test_4_the_sentence_that_answers_leads_and_an_abstention_offers_to_go_without_filters(
    firefox: Firefox, address: str
) -> None:
    chat(firefox, f"{address}/?language=fr")
    ask(firefox, "Who won the world cup?")
    assert "1 of 4 documents" in text(firefox, "#last .limits")
    assert firefox.see("document.querySelectorAll('#last .nearest li').length") == 1
    firefox.click("#last [data-act=unfiltered]")
    firefox.until("document.querySelector('#last .searched')?.innerText.includes('4 documents')")
    ask(firefox, "What did the council decide, and what do the pêcheurs want?", turn=2)
    assert text(firefox, "#last .words strong") == "voted"
    assert "Likely right" in text(firefox, "#last .confidence")


def test_5_a_citation_has_a_card_that_the_keyboard_reaches_and_copies_from(firefox: Firefox, address: str) -> None:
    chat(firefox, address)
    ask(firefox, "What did the council decide?")
    link = "document.querySelector('#last a.cite')"
    assert firefox.see(f"{link}.ariaLabel") == f"Source 1: {HARBOUR.title}"
    firefox.see("document.querySelector('#theme').focus()")
    tab_to(firefox, link)
    firefox.until("document.querySelector('#cite-card blockquote')?.checkVisibility()")
    assert text(firefox, "#cite-card blockquote") == HARBOUR.text[:72]
    firefox.type(f"{TAB}{TAB}{ENTER}")
    firefox.until("document.querySelectorAll('#cite-card .copying button').length === 4")
    firefox.see("navigator.clipboard.writeText = text => { window.copied = text }")
    for name, begin in (("Text", "“The council"), ("Markdown", "> The"), ("BibTeX", "@misc{"), ("CSL-JSON", "[\n  {")):
        press(firefox, name, "#cite-card")
        assert str(firefox.see("window.copied")).startswith(begin)
    firefox.type(ESCAPE)
    firefox.until(f"document.querySelector('#cite-card').hidden && document.activeElement === {link}")


def test_6_and_9_sources_before_words_and_what_a_follow_up_was_understood_as(
    firefox: Firefox, writer: str, llm: OpenAIServer
) -> None:
    storm = "The harbour of Ostende closed on Friday because of a storm [1]."
    llm.queue(storm, "Why did the harbour of Ostende close on Friday?", storm, storm)
    llm.writing.clear()
    chat(firefox, writer)
    firefox.type(f"{QUESTION}{ENTER}")
    firefox.until("document.querySelector('#panel').innerText.includes('because of a storm')")
    assert (
        firefox.see("document.querySelectorAll('#last .searching').length + document.querySelectorAll('.words').length")
        == 1
    )
    llm.writing.set()
    firefox.until("document.querySelector('#last .answered')")
    ask(firefox, "And why on Friday?", turn=2)
    assert "Why did the harbour of Ostende close on Friday?" in text(firefox, "#last .understood")
    firefox.click("#last [data-act=alone]")
    firefox.until("document.querySelectorAll('#chat .question').length === 1")
    firefox.until(
        """document.querySelector('#status [data-turn="1"]') && !document.querySelector('#last .understood')"""
    )


def test_7_the_corpus_is_listed_and_some_of_it_asked_alone(
    firefox: Firefox, address: str, assistant: ScriptedAssistant
) -> None:
    chat(firefox, f"{address}/?document=harbour")
    firefox.until("document.querySelectorAll('#chips button').length === 1")
    ask(firefox, "What did the council decide?")
    assert assistant.asked[-1][2].document_ids == ("harbour",)
    assert text(firefox, "#masthead a[href^=documents]") == "4 documents"


def test_8_filters_are_chips_that_new_chat_takes_away(
    firefox: Firefox, address: str, assistant: ScriptedAssistant
) -> None:
    chat(firefox, f"{address}/?language=fr&date_from=2024-10")
    firefox.until("document.querySelectorAll('#chips button').length === 2")
    assert "1 of 4 documents" in text(firefox, "#chips")
    firefox.click("#chips [data-act=remove]")
    firefox.until("document.querySelectorAll('#chips button').length === 1")
    firefox.click("#new")
    firefox.until("document.querySelectorAll('#chips button').length === 0")
    firefox.until("document.activeElement.matches('#ask textarea')")
    open_choices(firefox)
    assert firefox.see("document.querySelectorAll('[role=option]').length") == 3
    firefox.click("[role=option]")
    firefox.until("document.querySelector('#chips').innerText.includes('2 of 4 documents')")
    firefox.click("#date-from textarea, #date-from input:not([type=date])")
    firefox.type(f"2024-05{TAB}")
    firefox.until("document.querySelector('#chips').innerText.includes('From May 2024')")
    assert firefox.see("document.querySelectorAll('#chips button').length") == 2
    ask(firefox, "What did the council decide?")
    asked = assistant.asked[-1][2]
    assert (asked.languages, asked.date_from) == (("en",), "2024-05")
    firefox.click("#new")  # so that the next test finds none
    firefox.until("document.querySelectorAll('#chips button').length === 0")


def test_9_an_example_is_asked_and_then_what_may_be_asked_next(
    firefox: Firefox, address: str, assistant: ScriptedAssistant
) -> None:
    chat(firefox, address)
    firefox.until("document.querySelector('#last .examples')")
    offered = firefox.see("[...document.querySelectorAll('#last .examples button')].map(each => each.innerText)")
    assert len(set(offered)) == len(offered) == 2
    firefox.click("#last .examples button")
    firefox.until("""document.querySelector('#status [data-turn="1"]')""")
    firefox.click("#last .next button")
    firefox.until("""document.querySelector('#status [data-turn="2"]')""")
    assert assistant.asked[-1][0].startswith("What is said about")


def test_10_questions_are_edited_answered_again_and_judged(firefox: Firefox, address: str, data: Path) -> None:
    chat(firefox, address)
    ask(firefox, "What did the council decide?")
    first = firefox.see("document.querySelector('#status [data-answer]').dataset.answer")
    firefox.click("#last [data-act=retry]")
    again = "document.querySelector('#status [data-answer]')?.dataset.answer"
    firefox.until(f"{again} && {again} !== {first!r}")
    firefox.click("#last [data-liked=false]")
    firefox.click("#last [data-reason=incomplete]")
    firefox.until("document.querySelector('#last [data-reason=incomplete]').ariaPressed === 'true'")
    firefox.until("document.querySelector('#status').innerText.includes('Noted')")
    firefox.click("#last [data-act=edit]")
    firefox.until("document.activeElement.matches('.field textarea')")
    firefox.see("document.activeElement.select()")
    firefox.type(f"What do the pêcheurs want?{ENTER}")
    firefox.until("document.querySelector('#last .answered .words')?.innerText.includes('vannes')")
    deadline = time.monotonic() + 60
    while (False, "incomplete") not in (said := said_in(data)) and time.monotonic() < deadline:
        time.sleep(0.1)  # nothing on the page tells that the reason is kept, as it does of the thumb
    assert (False, "incomplete") in said


def said_in(data: Path) -> list[tuple[bool | None, str | None]]:
    return [(each.liked, each.reason) for each in read_feedback(data / "feedback.jsonl")]


@pytest.mark.parametrize("size", [(320, 640), (844, 390), (2560, 1440)], ids=str)
def test_11_the_page_fits_and_a_finger_finds_all_of_it(firefox: Firefox, address: str, size: tuple[int, int]) -> None:
    firefox.resize(*size)
    chat(firefox, address)
    ask(firefox, "What did the council decide?")
    assert firefox.see("document.documentElement.scrollWidth <= innerWidth") is True
    assert firefox.see(TOO_SMALL) == []
    assert firefox.see("document.querySelector('.sidebar-content').inert") is True
    assert firefox.see("document.querySelector('#last .question').tagName") == "H2"


def test_12_arabic_reads_from_right_to_left(arabic_firefox: Firefox, address: str) -> None:
    firefox = arabic_firefox
    firefox.resize(1280, 800)
    chat(firefox, address)
    assert firefox.see("document.documentElement.lang + document.documentElement.dir") == "arrtl"
    ask(firefox, "What did the council decide?")
    assert "المصدر 1" in firefox.see("document.querySelector('#last a.cite').ariaLabel")
    left, right = ("document.querySelector('#evidence')", "document.querySelector('#talk')")
    assert firefox.see(f"{left}.getBoundingClientRect().right <= {right}.getBoundingClientRect().left + 1") is True
    assert firefox.see("getComputedStyle(document.querySelector('#last .words p')).direction") == "ltr"


def test_13_nothing_comes_from_outside_and_nothing_of_a_document_runs(firefox: Firefox, address: str) -> None:
    chat(firefox, address)
    ask(firefox, "What does the hostile page say?")
    firefox.click("#last a.cite")
    firefox.until("document.querySelector('.card.active')")
    assert firefox.see(
        "window.__x === undefined && !document.querySelector('#chat :is(img, script), #panel :is(img, script)')"
    )
    hosts = firefox.see("[...new Set(performance.getEntriesByType('resource').map(each => new URL(each.name).origin))]")
    assert hosts == [address]
    firefox.see("document.addEventListener('securitypolicyviolation', each => { window.refused = each.blockedURI })")
    firefox.see("fetch('http://127.0.0.1:1/outside').catch(() => null)")
    firefox.until("window.refused === 'http://127.0.0.1:1/outside'")


def test_14_who_has_to_wait_is_told_the_place_in_the_line(firefox: Firefox, tmp_path: Path) -> None:
    with serving(ScriptedAssistant(), read_settings(data=tmp_path, concurrent_questions=1)) as address:
        chat(firefox, address)
        firefox.see("window.first = new AbortController()")
        body, json = "JSON.stringify({ question: 'slow council' })", "{ 'Content-Type': 'application/json' }"
        post = f"{{ method: 'POST', body: {body}, headers: {json}, signal: first.signal }}"
        firefox.see(f"void fetch('/api/v1/ask/stream', {post}).then(reply => reply.text()).catch(() => null)")
        firefox.type(f"What do the pêcheurs want?{ENTER}")
        firefox.until("document.querySelector('#status').innerText.includes('number 1 in line')")
        firefox.see("first.abort()")
        firefox.until("document.querySelector('#last .answered')")
