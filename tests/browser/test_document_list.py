"""The list of documents in a real browser: searched, filtered, chosen from, and read, all without a script."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from askcorpus.settings import read_settings
from askcorpus.types import Document
from corpora import document, fill, open_
from pages import PATIENCE, ask, cite, faults, too_small, without_leaving
from scripted import DOCUMENTS, Library
from serving import serving

expect = pytest.importorskip("playwright.sync_api").expect

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
STORY = [f"The ferry {n} of Verdan sank near the lighthouse while {n} people slept." for n in range(12)]
HOSTILE_TITLE = "\"'><img src=x onerror=window.__x=1><script>window.__x=2</script>${7*7}{{7*7}}"


def library() -> list[Document]:
    told = [
        document(f"ferry-{name}", *STORY, title="Ferry sinks", source=name, date=f"2023-02-0{n}", language="en")
        for n, name in enumerate(("Coast Wire", "Harbour Post", "Evening Bell"), 1)
    ]
    reports = [
        document(
            f"report-{n}",
            "The town of Orvik reports " + " ".join(f"{word}{n}" for word in ("of", "ships", "nets", "gulls", "rain")),
            title=f"Report {n}",
            source="Orvik Register",
            language="en" if n % 3 else "de",
            date=f"{2015 + n % 8}-{n % 12 + 1:02}",
        )
        for n in range(70)
    ]
    text = "A <b>bold</b> text <script>window.__x=3</script> that is nobody's copy ${window.__x=4}."
    evil = document("e/vil?id=<b>&x#y", text, title=HOSTILE_TITLE, source="<i>\"'s</i>", language="en")
    return [*DOCUMENTS, *told, *reports, evil]


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Library]]:
    folder = tmp_path_factory.mktemp("shelves")
    with open_(folder) as store:
        fill(store, *library())
        assistant = Library(store)
        with serving(assistant, read_settings(data=folder)) as address:
            yield address, assistant


@pytest.fixture
def shelf(browser: Any, shelves: tuple[str, Library], request: pytest.FixtureRequest) -> Iterator[Any]:
    """The list in a browser without scripts, which must have asked no other host and logged nothing."""
    marker = request.node.get_closest_marker("context")
    options = {"java_script_enabled": False, "locale": "en-GB", "viewport": {"width": 1280, "height": 800}}
    context = browser.new_context(base_url=shelves[0], **options | (marker.kwargs if marker else {}))
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    context.on("request", lambda asked: None if asked.url.startswith(shelves[0]) else wrong.append(asked.url))
    page.goto("/documents")
    yield page
    context.close()
    assert without_leaving(wrong) == []


@pytest.mark.context(locale="ar-EG", java_script_enabled=True)
def test_the_list_in_arabic_keeps_the_side_of_the_page(shelf: Any) -> None:
    """Each title has its own direction within its entry, which has the page's."""
    shelf.goto("/documents?date_from=2024")
    found = shelf.evaluate(
        """() => [...document.querySelectorAll('.entries h3, .entries .beginning')].map((each) => {
            const [own] = each.querySelectorAll('bdi'), [first] = own.getClientRects();
            return [getComputedStyle(each).direction, getComputedStyle(own).direction, Math.round(first.right)];
        })"""
    )
    assert {(entry, own) for entry, own, _ in found} == {("rtl", "ltr"), ("rtl", "rtl")}
    assert len({right for _, _, right in found}) == 1
    expect(shelf.locator(".entries h3").first).to_be_visible()


def leave(page: Any, address: str) -> None:
    """Gradio logs an error for each event that leaving its page cuts off."""
    page.wait_for_load_state("networkidle")
    page.goto(address)


def titles(page: Any) -> Any:
    return page.locator(".entries h3")


def test_documents_are_found_by_words_and_by_what_they_are(shelf: Any) -> None:
    expect(shelf.locator(".sum")).to_contain_text("78 documents")
    shelf.get_by_role("searchbox").fill("pecheurs")
    shelf.get_by_role("searchbox").press("Enter")
    expect(titles(shelf)).to_have_text(["Le barrage divise encore le port"])
    shelf.get_by_role("link", name="Remove filter: “pecheurs”").click()

    shelf.get_by_role("navigation", name="Language").get_by_role("link", name="German 24").click()
    expect(shelf.locator(".sum")).to_contain_text("24 documents")
    expect(titles(shelf)).to_have_count(24)
    shelf.get_by_role("list", name="Limited to").get_by_role("link").click()
    expect(shelf.locator(".sum")).to_contain_text("78 documents")


def test_the_histogram_leads_from_years_to_days(shelf: Any) -> None:
    bars = shelf.get_by_role("region", name="By date").get_by_role("listitem").get_by_role("link")
    expect(shelf.get_by_role("region", name="By date")).to_contain_text("Undated: 1")
    shelf.get_by_role("link", name="2023: 4").click()
    expect(titles(shelf)).to_have_text(["Ferry sinks", "A <b>hostile</b> page ${1}"])
    expect(shelf.get_by_role("region", name="By date")).to_contain_text("January 2023–December 2023")
    expect(bars).to_have_count(12)  # a document of 2023 may be of any of its months
    shelf.get_by_role("link", name="February 2023: 4").click()
    expect(shelf.get_by_role("link", name="2 February 2023: 2")).to_be_visible()
    shelf.get_by_role("link", name="All dates").click()
    expect(shelf.locator(".sum")).to_contain_text("78 documents")


def test_near_copies_are_folded_below_the_first(shelf: Any) -> None:
    expect(titles(shelf).filter(has_text="Ferry sinks")).to_have_count(1)
    expect(shelf.locator(".note").first).to_contain_text("Near-copies folded below another: 2")
    story = shelf.locator(".entries > li").filter(has_text="Ferry sinks")
    expect(story.locator(".copies li").first).not_to_be_visible()
    story.get_by_text("Also elsewhere: 2").click()
    expect(story.locator(".copies li")).to_contain_text(["Harbour Post · 2 February 2023", "Evening Bell"])


def test_a_long_list_has_pages(shelf: Any) -> None:
    first = set(titles(shelf).all_inner_texts())
    expect(titles(shelf)).to_have_count(50)
    shelf.get_by_role("link", name="Next").click()
    expect(titles(shelf)).to_have_count(26)
    assert not first & set(titles(shelf).all_inner_texts())
    shelf.get_by_role("link", name="Previous").click()
    expect(titles(shelf)).to_have_count(50)


def test_a_document_is_read_and_left_again(shelf: Any) -> None:
    shelf.get_by_role("link", name="Open: Council backs tidal barrier").click()
    expect(shelf.get_by_role("heading")).to_have_text("Council backs tidal barrier")
    expect(shelf.locator("article")).to_contain_text("The council voted 31 to 12")
    shelf.get_by_role("link", name="Documents").click()
    expect(titles(shelf)).to_have_count(50)


def test_hostile_titles_sources_ids_and_searches_are_only_text(shelf: Any) -> None:
    shelf.get_by_role("searchbox").fill("hostile prices")
    shelf.get_by_role("searchbox").press("Enter")
    expect(titles(shelf)).to_have_text([DOCUMENTS[3].title])
    shelf.get_by_role("searchbox").fill("onerror script")
    shelf.get_by_role("searchbox").press("Enter")
    expect(titles(shelf).filter(has_text=HOSTILE_TITLE)).to_have_count(1)
    entry = shelf.locator(".entries > li").filter(has_text=HOSTILE_TITLE)
    expect(entry.locator(".meta")).to_contain_text("<i>\"'s</i>")
    entry.locator("h3 a").click()
    expect(shelf.get_by_role("heading")).to_have_text(HOSTILE_TITLE)
    shelf.go_back()
    shelf.get_by_role("searchbox").fill("\"'><svg onload=window.__x=1>")
    shelf.get_by_role("searchbox").press("Enter")
    expect(shelf.locator(".chips")).to_contain_text("“\"'><svg onload=window.__x=1>”")
    assert shelf.locator("script, img, svg, iframe").count() == 0


@pytest.mark.context(java_script_enabled=True)
def test_what_is_listed_is_asked_alone(shelf: Any, shelves: tuple[str, Library]) -> None:
    def chips() -> Any:
        return shelf.locator("#chips button")

    leave(shelf, "/documents?language=de&date_from=2016&date_to=2018")
    shelf.get_by_role("link", name="Ask only these").click()
    expect(chips()).to_have_text([re.compile("German"), re.compile("From 2016"), re.compile("To 2018")])

    leave(shelf, "/documents?q=lighthouse")
    shelf.get_by_role("link", name="Ask only these").click()
    expect(chips()).to_have_text([re.compile("Ferry sinks")] * 3)

    leave(shelf, "/documents?q=Orvik")
    shelf.get_by_role("link", name="Ask only these").click()
    expect(chips()).to_have_text([re.compile("70 documents")])
    shelf.get_by_role("button", name="Remove filter: 70 documents").click()
    expect(chips()).to_have_count(0)

    leave(shelf, "/documents")
    shelf.get_by_role("link", name="Ask only this one: Council backs tidal barrier").click()
    expect(chips()).to_have_text([re.compile("Council backs tidal barrier")])

    leave(shelf, "/documents?page=2")
    expect(shelf.get_by_role("button", name="Ask only those chosen")).not_to_be_visible()
    shelf.get_by_label("Choose: Report 64").check()
    shelf.get_by_label(f"Choose: {HOSTILE_TITLE}").check()
    shelf.get_by_role("button", name="Ask only those chosen").click()
    expect(chips()).to_have_count(2)
    box = shelf.locator("#ask textarea")
    box.fill("What do the pêcheurs want?")
    box.press("Enter")
    shelf.locator('#status [data-turn="1"]').wait_for(state="attached")
    assert set(shelves[1].asked[-1][2].document_ids) == {"report-64", "e/vil?id=<b>&x#y"}


@pytest.mark.context(java_script_enabled=True)
def test_a_source_in_the_chat_lists_where_else_it_stands(shelf: Any) -> None:
    shelf.goto("/?document=ferry-Coast+Wire")
    box = shelf.locator("#ask textarea")
    box.fill("Who won?")
    box.press("Enter")
    shelf.locator('#status [data-turn="1"]').wait_for(state="attached")
    card = shelf.locator("#panel .card").filter(has_text="Ferry sinks").first
    card.get_by_text("Also elsewhere: 2").click()
    copies = card.locator(".copies li")
    expect(copies).to_have_text([re.compile("Harbour Post · 2 February 2023"), re.compile("Evening Bell")])
    shelf.wait_for_load_state("networkidle")
    with shelf.expect_popup() as opened:
        copies.nth(1).get_by_role("link").click()
    expect(opened.value.locator(".meta")).to_contain_text("Evening Bell")


@pytest.mark.context(java_script_enabled=True, color_scheme="light")
def test_the_chats_count_leads_to_the_list_which_keeps_its_theme(shelf: Any) -> None:
    shelf.goto("/")
    shelf.locator("#ask textarea").wait_for()
    shelf.get_by_role("button", name="Light or dark").click()
    shelf.wait_for_load_state("networkidle")
    shelf.locator("#masthead").get_by_role("link", name="78 documents").click()
    expect(shelf.locator(".sum")).to_contain_text("78 documents")
    assert shelf.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 22, 20)"
    titles(shelf).first.get_by_role("link").click()
    expect(shelf.locator("article")).to_be_visible()
    assert shelf.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 22, 20)"


@pytest.mark.context(java_script_enabled=True)
def test_every_page_beside_the_chat_leads_back_to_the_conversation(shelf: Any, shelves: tuple[str, Library]) -> None:
    shelf.goto("/")
    shelf.locator("#ask textarea").wait_for()
    back = shelf.get_by_role("link", name="Back to the chat")
    answer = ask(shelf, "What did the council decide?")
    conversation = shelf.url
    assert re.fullmatch(f"{shelves[0]}/c/[A-Za-z0-9_-]{{22}}", conversation)

    def returned(*links: Any) -> None:
        shelf.wait_for_load_state("networkidle")
        for link in links:
            link.first.click()
        expect(back).to_have_attribute("href", re.compile("c/"))
        shelf.wait_for_load_state("networkidle")
        back.click()
        shelf.wait_for_url(conversation)
        expect(shelf.locator("#last .question")).to_have_text("What did the council decide?")

    documents = shelf.get_by_role("link", name="Documents")
    listed = shelf.get_by_role("link", name="78 documents")
    returned(listed)
    returned(listed, shelf.get_by_role("link", name="French"), shelf.get_by_role("link", name="Open:"), documents)
    shelf.wait_for_load_state("networkidle")
    shelf.goto(cite(answer, 1).evaluate("link => link.href"))
    shelf.get_by_role("searchbox").fill("council")
    shelf.keyboard.press("Enter")
    shelf.wait_for_url(re.compile("q=council"))
    returned(documents)
    opened = shelf.locator("#panel .more a").first.get_attribute("href")
    assert opened and f"c={conversation[-22:]}" in opened

    gone = httpx.get(f"{shelves[0]}/source/nobody?c={conversation[-22:]}")
    assert gone.status_code == 404 and gone.text.count(conversation[-22:]) == 2
    shelf.get_by_role("button", name="New chat").click()
    expect(shelf.locator(".welcome")).to_be_visible()
    shelf.wait_for_load_state("networkidle")
    listed.click()
    expect(back).to_have_attribute("href", ".")


@pytest.mark.parametrize(
    "wrong", ["", "a" * 21, "a" * 23, "../../elsewhere/aaaaaa", "a" * 11 + "\n" + "a" * 10, "é" * 22]
)
def test_what_is_no_conversation_leads_back_to_an_empty_chat(shelves: tuple[str, Library], wrong: str) -> None:
    for place in ("documents", "documents?page=2", "source/harbour", "source/nobody"):
        shown = httpx.get(f"{shelves[0]}/{place}", params={"c": wrong}).text
        assert re.search(r'href="[^"]*(\bc=|\bc/)', shown) is None and 'name="c"' not in shown


def test_in_firefox_the_list_is_searched_filtered_and_asked_from(firefox: Any, shelves: tuple[str, Library]) -> None:
    def listed(what: str, count: int) -> None:
        firefox.until(f"document.querySelector('.sum')?.innerText.includes({what!r})")
        assert firefox.see("document.querySelectorAll('.entries > li').length") == count

    firefox.open(f"{shelves[0]}/documents")
    listed("78 documents", 50)
    firefox.click(".search input")
    firefox.type("pecheurs\ue007")
    listed("1 document", 1)
    firefox.click(".chips a")
    listed("78 documents", 50)
    firefox.click("nav[aria-label=Language] a[href*='language=de']")
    listed("24 documents", 24)
    firefox.open(f"{shelves[0]}/documents")
    firefox.click(".bars a[aria-label='2023: 4']")
    listed("4 documents", 2)
    firefox.click(".copies summary")
    firefox.until("document.querySelector('.copies li').checkVisibility()")
    firefox.click(".entries input")
    firefox.click(".choose button")
    firefox.until("document.querySelectorAll('#chips button').length === 1")
    firefox.open(f"{shelves[0]}/documents?language=de&date_from=2016&date_to=2018")
    firefox.click(".these")
    firefox.until("document.querySelectorAll('#chips button').length === 3")


def test_dates_that_make_no_sense_are_one_line_and_the_list_goes_on(shelf: Any) -> None:
    response = shelf.request.get("/documents?date_from=2023&date_to=2022")
    assert response.status == 400
    assert "Swap them" in response.text()
    for query in (
        "page=x",
        "page=0",
        "page=99999999",
        "q=%00",
        "language=%ff",
        "date_from=x" * 300,
        "&".join(["a=b"] * 900),
    ):
        assert shelf.request.get(f"/documents?{query}").status in (200, 400)


@pytest.mark.context(**PHONE, java_script_enabled=True)
def test_a_phone_shows_all_of_it_and_never_scrolls_sideways(shelf: Any) -> None:
    expect(shelf.locator(".facets a").first).to_be_visible()
    assert shelf.evaluate("document.documentElement.scrollWidth") <= 390
    small = shelf.evaluate(
        """() => [...document.querySelectorAll('a, button, summary')].filter(each => each.checkVisibility()
            && !each.closest('h3, li li') && each.getBoundingClientRect().height < 24).map(each => each.outerHTML)"""
    )
    assert small == []
    shelf.goto("/")
    link = shelf.get_by_role("link", name="See all documents (78)")
    link.wait_for()
    shelf.wait_for_load_state("networkidle")
    link.tap()
    expect(titles(shelf)).to_have_count(50)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_axe_finds_nothing_in_the_list(browser: Any, shelves: tuple[str, Library], mode: str) -> None:
    page = browser.new_context(base_url=shelves[0], color_scheme=mode, bypass_csp=True).new_page()
    for address in ("/documents", "/documents?q=orvik&language=en&date_from=2016&date_to=2018"):
        page.goto(address)
        assert [*faults(page), *too_small(page)] == []
    page.context.close()


@pytest.mark.context(locale="fr-FR")
def test_the_list_speaks_french(shelf: Any, shelves: tuple[str, Library]) -> None:
    there = f"{shelves[0]}/documents?date_from=2023&date_to=2022"
    refused = httpx.get(there, headers={"Accept-Language": "fr"}).text
    assert "Aucun document ne correspond à ces filtres." in refused and "Swap them" in refused
    expect(shelf.locator("html")).to_have_attribute("lang", "fr")
    expect(shelf.get_by_role("navigation", name="Langue").get_by_role("link", name="allemand 24")).to_be_visible()
    expect(shelf.get_by_role("button", name="Chercher")).to_be_visible()


@pytest.mark.parametrize(
    "language",
    [
        pytest.param(code, marks=pytest.mark.context(locale=code, viewport={"width": 320, "height": 640}))
        for code in ("en", "fr", "de", "es", "ar")
    ],
)
def test_in_the_narrowest_window_nothing_stands_outside(shelf: Any, language: str) -> None:
    for path in ("/documents", "/documents?q=Orvik&language=en"):
        shelf.goto(path)
        expect(shelf.locator("html")).to_have_attribute("lang", language)
        assert shelf.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.context(forced_colors="active")
def test_a_button_has_an_edge_where_colours_are_forced(shelf: Any) -> None:
    button = shelf.get_by_role("button", name="Search")
    expect(button).to_have_css("border-top-width", "1px")
