"""The chat behind a proxy that serves it under a path, whether the proxy takes that path off or not."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from askcorpus.settings import read_settings
from corpora import fill, open_
from pages import PATIENCE, ask, cite
from proxying import proxied
from scripted import DOCUMENTS, Library
from serving import serving

expect = pytest.importorskip("playwright.sync_api").expect

HARBOUR = DOCUMENTS[0]


@pytest.fixture(params=["taken off", "left on"])
def there(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    stripped = request.param == "taken off"
    folder = tmp_path_factory.mktemp("under")
    settings = read_settings(data=folder, root_path="" if stripped else "/team/ask")
    with open_(folder) as store:
        fill(store, *DOCUMENTS)
        with (
            serving(Library(store), settings) as address,
            proxied(address, "/team/ask", stripped=stripped) as there,
        ):
            yield there


@pytest.fixture
def under(browser: Any, there: str) -> Iterator[Any]:
    """The chat at that path; whatever it asks for must be below it, and be found."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    context.on("request", lambda asked: None if asked.url.startswith((there, "data:")) else wrong.append(asked.url))
    context.on("response", lambda reply: wrong.append(f"{reply.status} {reply.url}") if reply.status >= 400 else None)
    page.goto(there)
    page.locator("#ask textarea").wait_for()
    yield page
    context.close()
    assert not wrong, "\n".join(wrong)


def test_all_of_the_chat_works_under_a_path(under: Any, there: str) -> None:
    answer = ask(under, "What did the council decide?")
    expect(answer).to_contain_text(HARBOUR.text[:72])
    under.wait_for_url(re.compile(re.escape(there) + r"c/[\w-]{22}$"))
    cite(answer, 1).click()
    expect(under.locator("mark#source-1")).to_have_text(HARBOUR.text[:72])
    expect(under.locator("#past li")).to_have_count(1)

    conversation = under.url
    under.wait_for_load_state("networkidle")
    under.reload()
    expect(answer).to_contain_text(HARBOUR.text[:72])
    ask(under, "And the pêcheurs?", turn=2)
    under.wait_for_load_state("networkidle")
    under.goto(there)
    expect(under.locator(".welcome")).to_be_visible()
    under.wait_for_load_state("networkidle")
    under.locator("#menu").click()
    under.locator("#past").get_by_role("link").first.click()
    under.wait_for_url(conversation)
    expect(under.locator("#last .question")).to_have_text("And the pêcheurs?")


def test_the_pages_beside_the_chat_lead_to_each_other_under_a_path(under: Any, there: str) -> None:
    answer = ask(under, "What do the pêcheurs want?")
    under.wait_for_load_state("networkidle")
    conversation = under.url
    for way in (("Documents",), ()):
        under.goto(cite(answer, 1).evaluate("link => link.href"))
        expect(under.locator("mark")).to_be_visible()
        for name in (*way, "Back to the chat"):
            under.get_by_role("link", name=name).click()
        under.wait_for_url(conversation)
        expect(under.locator("#last .question")).to_have_text("What do the pêcheurs want?")
        under.wait_for_load_state("networkidle")
    under.goto(cite(answer, 1).evaluate("link => link.href"))
    under.get_by_role("link", name="Documents").click()
    under.wait_for_url(re.compile(re.escape(f"{there}documents") + r"\?c=[\w-]{22}$"))
    under.get_by_role("link", name="French").click()
    expect(under.get_by_role("listitem").filter(has=under.locator("article"))).to_have_count(1)
    under.get_by_role("link", name="Open").first.click()
    expect(under.get_by_role("heading")).to_have_text(DOCUMENTS[1].title)
    under.get_by_role("link", name="Ask only this one").click()
    expect(under.locator("#chips button")).to_have_count(1)
    under.get_by_role("link", name="4 documents").click()
    under.get_by_role("searchbox").fill("nothing")
    under.get_by_role("link", name="askcorpus", exact=True).click()
    expect(under.locator(".welcome")).to_be_visible()
