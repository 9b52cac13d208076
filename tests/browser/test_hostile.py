"""Sixty hostile texts in every place that shows what somebody else wrote: no script runs, no dialog opens, and nothing
is asked for. A template, page, report or way of putting HTML into a page that is new fails here until it has its place.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import quote, urlencode

import httpx
import pytest
from markdown_it import MarkdownIt

from askcorpus.errors import StorageError
from askcorpus.settings import read_settings
from askcorpus.types import Answer, Citation, Claim, Copy, Document, Filters, Hit, IndexInfo, Mark, Verification
from askcorpus.verify.report import CALLED
from askcorpus_eval import report
from askcorpus_ui.chat import documents, layout, render, sources, templates
from askcorpus_ui.chat.browser import COOKIE, owner_of
from askcorpus_ui.chat.conversation import Reply
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.markdown import export_markdown
from askcorpus_ui.chat.translations import strings_for
from askcorpus_ui.cli.checking import _REPORTS
from corpora import document, fill, open_
from pages import PATIENCE, ask
from payloads import PAYLOADS, token
from scripted import Library
from serving import serving

expect = pytest.importorskip("playwright.sync_api").expect

CHAT = Path(templates.__file__).parent
EVALUATION = Path(report.__file__).parent / "templates"
KEY = "pen and ink"
STORY = [f"The ferry {n} of Verdan sank near the lighthouse while {n} people slept." for n in range(12)]
ALL = "all of them"
OURS = {"masthead": "has our own texts only", "marked": "is filled for the panel and the page of a source"}
"""Templates that no text of others is put into by itself."""


def library() -> list[Document]:
    """A document for each payload, with it in every field; and copies of one story that are told apart by them."""
    written = [
        Document(
            id=f"{payload}/{number}",
            title=payload,
            text=f"{payload} And so on.",
            source=payload,
            language=payload[:30],
            date="2024",
            place=payload,
            author=payload,
            url=payload,
            extra={payload: payload},
            origin=payload,
            marks=(Mark(start=0, locator={"page": payload, payload: payload}),),
        )
        for number, payload in enumerate(PAYLOADS)
    ]
    copies = [
        document(f"copy-{number}", *STORY, title=payload, source=payload, date="2023-02-01", language="en")
        for number, payload in enumerate(PAYLOADS)
    ]
    return [*written, *copies]


class Hostile(Library):
    """Cites the documents whose title is in the question, or `ALL`."""

    def _answer(
        self, question: str, hits: Sequence[Hit], filters: Filters, conversation_id: str | None, explain: bool
    ) -> Answer:
        written = [one for one in self.store.all if one.marks and one.title in question]
        if question == ALL:  # a story that has copies, and all that are alone
            written = [one for one in self.store.all if one.id == "copy-0"]
            written += [one for one in self.store.all if one.marks]
        text, citations = "", []
        for marker, one in enumerate(written, 1):
            text += f"{one.text} "
            citations.append(_citation(marker, len(text), one))
            text += f"[{marker}]\n"
        return Answer(
            id=question[:100],
            question=question,
            standalone_question=f"{question} {question}",
            language=question[:30],
            answer=text or question,
            answerable=bool(text),
            confidence=0.7,
            citations=tuple(citations),
            passages=tuple(hits),
            unsupported=(question,),
            missing_names=(question,),
            conversation_id=conversation_id,
            model=question,
            index=IndexInfo(fingerprint=question, documents=9, passages=9),
            filters=filters,
            period=PAYLOADS[0],
        )


def _citation(marker: int, at: int, of: Document) -> Citation:
    facts = of.model_dump(include={"title", "source", "date", "language", "author", "url", "extra"})
    return Citation(
        marker=marker,
        answer_start=at,
        answer_end=at + len(f"[{marker}]"),
        document_id=of.id,
        passage_id=of.id,
        quote=of.text,
        start=0,
        end=len(of.text),
        locator=of.marks[0].locator if of.marks else {},
        copies=(Copy(document_id=of.id, title=of.title, source=of.source, date=of.date, place=of.place, url=of.url),),
        verified=True,
        **facts,
    )


@pytest.fixture(scope="module")
def filled() -> dict[str, set[int]]:
    """By template, the payloads that it has been filled with."""
    return defaultdict(set)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, filled: dict[str, set[int]]) -> Iterator[tuple[str, Hostile, Path]]:
    folder = tmp_path_factory.mktemp("hostile")
    real = templates.fill

    def watched(template: str, **values: Any) -> str:
        shown = real(template, **values)
        filled[template.removesuffix(".html")] |= found_in(shown)
        return shown

    with pytest.MonkeyPatch.context() as patch, open_(folder) as store:
        for module in (render, sources, documents, layout):
            patch.setattr(module, "fill", watched)
        fill(store, *library())
        assistant = Hostile(store)
        assistant.store.all = library()
        settings = read_settings(data=folder, write_key=KEY)
        with serving(assistant, settings, examples=[(one, "en") for one in PAYLOADS]) as address:
            yield address, assistant, folder


@pytest.fixture
def page(browser: Any, shelf: tuple[str, Hostile, Path]) -> Iterator[Any]:
    """A page that may ask for what our pages ask for, and whose scripts are ours alone; though no policy says so, for
    nothing may rest on that alone."""
    address, size = shelf[0], {"width": 1280, "height": 800}
    context = browser.new_context(base_url=address, locale="en-GB", viewport=size, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.on("download", lambda download: wrong.append(download.url))
    context.on("page", lambda opened: wrong.append(opened.url))

    def asked(request: Any) -> None:
        ours = request.url.startswith((f"{address}/", "data:", "blob:", "about:"))
        if not ours or request.url.startswith(f"{address}/pwned"):
            wrong.append(request.url)

    context.on("request", asked)
    yield page
    harmless(page)
    context.close()
    assert wrong == []


def harmless(page: Any) -> None:
    """Leave the page to do what it will, and see that it did nothing."""
    page.wait_for_timeout(100)
    for frame in page.frames:
        assert frame.evaluate("window.__x") is None


def found_in(text: str) -> set[int]:
    """The numbers of the payloads that are shown in a text."""
    return {int(number) for number in re.findall(r"\bno(\d+)\.", text)}


def shows_all(page: Any, selector: str = "body", less: int = 0) -> None:
    """All payloads (up to ``less`` of them, where a place is bounded) stand there as text, or in what a name says."""
    text = page.evaluate(
        """selector => [...document.querySelectorAll(selector)].map(each => [each, ...each.querySelectorAll('*')]
            .flatMap(one => [...one.attributes].map(its => its.value)).concat(each.textContent).join(' ')).join(' ')""",
        selector,
    )
    assert len(found_in(text)) >= len(PAYLOADS) - less, sorted(set(range(len(PAYLOADS))) - found_in(text))
    harmless(page)


# ---- the chat


def test_an_answer_its_sources_and_what_may_be_asked_next(page: Any) -> None:
    page.route("**/next/**", lambda route: route.fulfill(json={"questions": list(PAYLOADS)}))
    page.goto("/")
    page.locator("#ask textarea").wait_for()
    expect(page.locator(".examples li").first).to_be_visible()
    shows_all(page, ".examples", less=len(PAYLOADS) - 3)
    page.route("**/first*", lambda route: route.fulfill(json={"questions": list(PAYLOADS)}))
    page.evaluate("document.querySelector('.examples').remove(), askcorpus.offerFirst()")
    expect(page.locator(".examples li").first).to_be_visible()
    shows_all(page, ".examples")
    answer = ask(page, ALL)
    shows_all(page, "#last .answer")
    shows_all(page, "#panel", less=11)  # which shows fifty sources
    page.locator("#panel .copies summary").first.click()
    shows_all(page, "#panel .copies", less=40)  # and twenty copies
    expect(page.locator("#last .next button")).to_have_count(len(PAYLOADS))
    shows_all(page, "#last .next")
    for number in (1, 10, 60):
        link = answer.locator("a.cite", has_text=f"[{number}]").first
        link.scroll_into_view_if_needed()
        page.wait_for_timeout(500)  # scrolling takes the card away
        link.hover()
        expect(page.locator("#cite-card").first).to_be_visible()
    page.locator("#last [data-act=like][data-liked=false]").click()
    page.locator("#last [data-act=reason]").first.click()
    expect(page.locator("#status")).not_to_be_empty()


def test_questions_titles_and_all_that_a_kept_reply_says(page: Any, shelf: tuple[str, Hostile, Path]) -> None:
    _, assistant, folder = shelf
    page.goto("/")
    page.locator("#ask textarea").wait_for()
    token_of = next(one["value"] for one in page.context.cookies() if one["name"] == COOKIE)
    owner = owner_of({"cookie": f"{COOKIE}={token_of}"})
    with closing(Conversations(folder, 30)) as kept:
        for payload in PAYLOADS:
            kept.ask(owner, None, payload)
        conversation: str | None = None
        for number, payload in enumerate(PAYLOADS):
            place = kept.ask(owner, conversation, payload)
            conversation = place.id
            answer = assistant.ask(payload).model_copy(
                update={"filters": Filters(languages=(payload,), sources=(payload,), date_from=payload)}
            )
            kinds = (
                Reply.of(answer),
                Reply.of(answer.model_copy(update={"answerable": False, "citations": (), "answer": payload})),
                Reply(kind="failed", text=payload),
            )
            kept.reply(owner, place, kinds[number % 3])
        kept.rename(owner, place.id, PAYLOADS[0])
        whole = kept.read(owner, place.id, whole=True)
    page.goto(f"/c/{place.id}")
    page.locator("#last .turn").wait_for()
    shows_all(page, "#chat", less=1)  # the last stands by itself
    page.locator("#menu").click()
    expect(page.locator("#past")).to_contain_text(token(59))
    shows_all(page, "#past", less=5)  # of which so many are cut before their number
    assert whole
    exported = export_markdown(whole, assistant.store.document, strings_for("en"))
    shown_as_markdown(page, exported)


def test_filters_as_chips_choices_and_dates(page: Any) -> None:
    for fields in (
        [("source", one) for one in PAYLOADS],
        [("language", one[:30]) for one in PAYLOADS],
        *([("document", f"{one}/{number}")] for number, one in list(enumerate(PAYLOADS))[:5]),
        *([("date_from", one), ("date_to", one)] for one in PAYLOADS[:5]),
    ):
        page.goto(f"/?{urlencode(fields)}")
        page.locator("#ask textarea").wait_for()
        expect(page.locator("#chips")).to_be_attached()
        harmless(page)
    page.goto(f"/?{urlencode([('source', one) for one in PAYLOADS])}")
    page.locator("#ask textarea").wait_for()
    expect(page.locator("#chips")).to_contain_text(token(59))
    shows_all(page, "#chips")
    page.locator("#filters > button").click()
    page.get_by_label("Source", exact=True).click()
    expect(page.get_by_role("option").first).to_be_visible()
    shows_all(page)


# ---- the pages beside it


def test_the_list_of_documents(page: Any) -> None:
    for number in (1, 2):
        page.goto(f"/documents?page={number}")
        harmless(page)
    shows_all(page, ".facets")
    page.goto(f"/documents?{urlencode([('source', one) for one in PAYLOADS])}")
    shows_all(page, ".chips")
    page.goto(f"/documents?{urlencode([('language', one) for one in PAYLOADS])}")
    shows_all(page, ".chips")
    page.goto("/documents?q=ferry")
    page.locator(".copies summary").first.click()
    shows_all(page, ".copies", less=40)
    for payload in PAYLOADS:
        page.goto(f"/documents?{urlencode({'q': payload, 'date_from': payload, 'date_to': payload, 'c': payload})}")
        expect(page.get_by_role("searchbox")).to_have_value(payload.strip())
    harmless(page)


def test_the_page_of_a_document(page: Any) -> None:
    for number, payload in enumerate(PAYLOADS):
        query = urlencode({"start": 0, "end": 9, "n": 1, "check": payload, "c": payload, "turn": payload})
        page.goto(f"/source/{quote(payload, safe='')}%2F{number}?{query}")
        expect(page.locator("h1")).to_contain_text(token(number))
        harmless(page)
        page.goto(f"{page.url}&{urlencode({'q': payload})}")
        expect(page.get_by_role("searchbox")).to_have_value(" ".join(payload[:200].split()))
        harmless(page)


def test_the_page_of_a_document_with_the_next_citation_of_an_answer(page: Any) -> None:
    page.goto("/")
    page.locator("#ask textarea").wait_for()
    page.goto(ask(page, ALL).locator("a.cite", has_text="[2]").first.get_attribute("href"))
    for _ in PAYLOADS:
        expect(page.locator("mark#quote")).to_be_visible()
        harmless(page)
        page.get_by_role("link", name="Next citation").click()


def test_the_page_of_a_document_that_cannot_be_read(
    page: Any, shelf: tuple[str, Hostile, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, payload in enumerate(PAYLOADS):
        failing = Mock(side_effect=StorageError(payload))
        monkeypatch.setattr(shelf[1].store, "document", failing)
        page.goto(f"/source/any?{urlencode({'c': payload})}")
        expect(page.locator("main")).to_contain_text(token(number))
        harmless(page)


def test_names_of_files_that_are_added_and_what_is_wrong_with_them(page: Any) -> None:
    def file(name: str, content: bytes) -> dict[str, Any]:
        return {"name": name, "mimeType": "text/plain", "buffer": content}

    def taken(route: Any) -> None:
        """As a server would tell of a job, with a payload in all that it can say."""
        payload = PAYLOADS[taken_so_far.pop()]
        reason = {"origin": payload, "reason": payload}
        told = {"state": "failed", "name": payload, "detail": payload, "failed": [reason], "doubted": [reason]}
        counts = dict.fromkeys(("added", "changed", "unchanged", "removed", "withheld", "failures"), 1)
        route.fulfill(status=202, json={"id": "x"} | told | counts)

    taken_so_far = list(range(len(PAYLOADS)))
    page.goto("/documents")
    page.get_by_text("Add files").first.click()
    page.get_by_label("Key for writing").fill(KEY)
    for answered in (False, True):
        if answered:
            page.route("**/api/v1/files/jobs?*", taken)
        page.get_by_label("Files", exact=True).set_input_files([file(payload, b"") for payload in PAYLOADS])
        page.get_by_role("button", name="Add files").click()
        expect(page.locator("#adding form button").first).to_be_enabled(timeout=60_000)
        expect(page.locator(".report > li")).to_have_count(len(PAYLOADS))
        shows_all(page, ".report")
        if answered:
            told = page.locator(".report").inner_text()
            assert all(told.count(token(number)) >= 5 for number in range(len(PAYLOADS)))


def test_a_list_that_is_renewed_is_as_harmless(page: Any) -> None:
    over = {"state": "done", "added": 1, "failed": [], "doubted": []}
    over |= dict.fromkeys(("changed", "unchanged", "removed", "withheld", "failures"), 0)
    page.goto("/documents")
    before = len(found_in(page.locator("#list").inner_text()))
    page.get_by_text("Add files").first.click()
    page.get_by_label("Key for writing").fill(KEY)
    page.route("**/api/v1/files/jobs?*", lambda route: route.fulfill(status=202, json={"id": "x"} | over))
    page.locator("#list > *").first.evaluate("one => (one.id = 'old')")
    page.get_by_label("Files", exact=True).set_input_files([{"name": "a", "mimeType": "text/plain", "buffer": b"a"}])
    page.get_by_role("button", name="Add files").click()
    expect(page.locator("#old")).to_have_count(0)
    assert len(found_in(page.locator("#list").inner_text())) == before > 0
    harmless(page)


# ---- the same in Firefox

ON_PAGE = """[...document.querySelectorAll('*')].flatMap(one => [...one.attributes].map(its => its.value))
    .concat(document.body.textContent).join(' ')"""


def test_in_firefox_they_are_text_everywhere_too(firefox: Any, shelf: tuple[str, Hostile, Path]) -> None:
    address = shelf[0]

    def shown(place: str, less: int = 0) -> None:
        told = found_in(firefox.see(ON_PAGE))
        assert len(told) >= len(PAYLOADS) - less, (place, sorted(set(range(len(PAYLOADS))) - told))
        assert firefox.see("window.__x === undefined"), place

    with firefox.watched() as asked:
        firefox.open(address)
        firefox.until("document.querySelector('#ask textarea:enabled') && !askcorpus.isBusy()")
        firefox.see("document.querySelector('#ask textarea').focus()")
        firefox.type(f"{ALL}\ue007")
        firefox.until("""document.querySelector('#status [data-turn="1"]')""")
        shown("an answer")
        firefox.click("#last a.cite:nth-of-type(1)")
        firefox.until("document.querySelector('#panel .card.active')")
        shown("the panel")
        firefox.open(f"{address}/?{urlencode([('source', one) for one in PAYLOADS])}")
        firefox.until("document.querySelectorAll('#chips button').length >= 60")
        shown("chips")
        for number in (1, 2):
            firefox.open(f"{address}/documents?page={number}")
            shown("the list")
        for number, payload in enumerate(PAYLOADS):
            query = urlencode({"start": 0, "end": 9, "n": 1, "check": payload, "q": payload, "c": payload})
            firefox.open(f"{address}/source/{quote(payload, safe='')}%2F{number}?{query}")
            assert number in found_in(firefox.see(ON_PAGE)) and firefox.see("window.__x === undefined")
    assert len(asked) > len(PAYLOADS)
    ours = (f"{address}/", "data:", "blob:")
    assert [one for one in asked if not one.startswith(ours) or one.startswith(f"{address}/pwned")] == []


# ---- what is taken away


def shown_as_markdown(page: Any, text: str) -> None:
    """Show Markdown as laxly as any program does: with HTML in it, and every scheme of links."""
    lax = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table")
    lax.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005
    shown = lax.render(text)
    page.set_content(shown)
    shows_all(page)
    bad = page.locator("script, img, iframe, object, embed, svg, form, input, style, link, meta, base, a[href^=java]")
    assert bad.count() == 0, shown


@pytest.mark.parametrize("ending", _REPORTS)
def test_reports_of_what_a_text_quotes(page: Any, ending: str) -> None:
    claims = [
        Claim(
            text=payload,
            text_start=0,
            text_end=1,
            kind="quote",
            verdict=list(CALLED)[number % len(CALLED)],
            attributed_to=payload,
            document_id=payload,
            start=0,
            end=1,
            title=payload,
            source=payload,
            date=payload,
            language=payload,
            original=payload,
            difference=f"[-{payload}-]{{+{payload}+}}",
        )
        for number, payload in enumerate(PAYLOADS)
    ]
    index = IndexInfo(fingerprint="x", documents=1, passages=1)
    told = _REPORTS[ending](Verification(claims=tuple(claims), sound=False, index=index))
    if ending == ".md":
        shown_as_markdown(page, told)
        return
    page.set_content(told.replace("Content-Security-Policy", "no-policy"))  # nothing may rest on that alone
    shows_all(page)
    assert page.locator("script, img, iframe, object, embed, svg, form, input, link, base, a").count() == 0


def test_what_the_api_repeats_is_never_a_page(page: Any, shelf: tuple[str, Hostile, Path]) -> None:
    for payload in PAYLOADS:
        said = {"answer_id": payload, "question": payload, "liked": False, "reason": payload}
        for reply in (
            httpx.post(f"{shelf[0]}/api/v1/feedback", json=said),
            httpx.get(f"{shelf[0]}/api/v1/documents", params={"date_from": payload}),
            httpx.post(f"{shelf[0]}/api/v1/ask/batch", json={"questions": [{"id": payload, "question": payload}]}),
            httpx.post(f"{shelf[0]}/v1/chat/completions", json={"messages": payload}),
        ):
            assert "json" in reply.headers["content-type"] and reply.headers["x-content-type-options"] == "nosniff"
    page.goto(f"/api/v1/documents?{urlencode({'date_from': PAYLOADS[0]})}")


def test_who_has_no_key_is_shown_nothing_of_what_was_asked(guarded: str) -> None:
    for payload in PAYLOADS:
        asked = quote(payload.encode("utf-8", "replace")[:600], safe="")
        headers = {"Accept": "text/html", "Accept-Language": asked[:200], "X-API-Key": asked}
        refused = httpx.get(f"{guarded}/source/{asked}", params={"conversation": payload[:200]}, headers=headers)
        assert refused.status_code == 401 and refused.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in refused.headers["content-security-policy"]
        assert asked not in refused.text and found_in(refused.text) == set(), payload


# ---- that nothing is left out; these come last


def test_every_template_has_been_filled_with_payloads(filled: dict[str, set[int]]) -> None:
    texts = {path.name.removesuffix(".html.j2"): path.read_text("utf-8") for path in CHAT.glob("templates/*.j2")}
    used = {name for text in texts.values() for name in re.findall(r'{% (?:extends|from|include) "(\w+)\.html', text)}
    unseen = {name for name in texts if not filled[name]} - used - OURS.keys()
    assert unseen == set(), "a template that the tests above never fill with what somebody else wrote"


def test_every_module_that_serves_html_is_looked_at_above() -> None:
    serve = {path.name for path in CHAT.parent.rglob("*.py") if "HTMLResponse" in path.read_text("utf-8")}
    assert serve == {"documents_page.py", "guard.py", "source_page.py"}, "the chat itself is Gradio's"


def test_no_script_of_ours_makes_html_of_text() -> None:
    makes = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|eval\("
    )
    for script in CHAT.glob("*.js"):
        assert makes.search(script.read_text("utf-8")) is None, script.name


def test_no_template_leaves_out_the_escaping() -> None:
    for template in [*CHAT.glob("templates/*.j2"), *EVALUATION.glob("*.j2")]:
        text = template.read_text("utf-8")
        assert "autoescape" not in text
        assert re.findall(r"\|\s*safe\b", text) == [], template.name
