"""Files added and documents removed on the list of documents, over a real index, by whoever has a key for it."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.settings import read_settings
from askcorpus_ingest.uploads import remove
from askcorpus_ui.chat.translations import strings_for
from pages import PATIENCE, faults, too_small
from serving import real_assistant, serving

expect = pytest.importorskip("playwright.sync_api").expect

KEY = "pen and ink"
"""Milliseconds that reading a file may take here, whatever else the machine does."""
ISLE = b"SARK (Coast Wire) - The lighthouse of Sark was painted white and red on Monday by six islanders."
HOSTILE = "<img src=x onerror=window.__x=1> & ${window.__x=2}.txt"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[tuple[str, Assistant]]:
    folder = tmp_path_factory.mktemp("shelf")
    settings = read_settings(data=folder / "index", write_key=KEY)
    with real_assistant(folder, embeddings) as assistant, serving(assistant, settings) as address:
        yield address, assistant


@pytest.fixture
def listed(browser: Any, shelf: tuple[str, Assistant], request: pytest.FixtureRequest) -> Iterator[Any]:
    marker = request.node.get_closest_marker("context")
    options = {"locale": "en-GB"} | (marker.kwargs if marker else {})
    context = browser.new_context(base_url=shelf[0], **options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("console", lambda said: wrong.append(said.text) if "Content Security" in said.text else None)
    context.on("request", lambda asked: None if asked.url.startswith(shelf[0]) else wrong.append(asked.url))
    page.goto("/documents")
    yield page
    assert page.evaluate("window.__x") is None
    context.close()
    assert wrong == []


def file(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "text/plain", "buffer": content}


def send(page: Any, *files: dict[str, Any], key: str = "") -> Any:
    """Add files, and return the report when it is whole."""
    if key:
        page.get_by_label("Key for writing").fill(key)
    page.get_by_label("Files", exact=True).set_input_files(list(files))
    page.get_by_role("button", name="Add files").click()
    expect(page.locator("#adding .again")).to_be_visible()
    return page.locator("#adding .report > li")


def test_files_are_added_reported_found_and_removed(listed: Any, shelf: tuple[str, Assistant]) -> None:
    listed.get_by_text("Add files").first.click()
    big = file("big.txt", b"x" * 8_000_001)
    report = send(listed, file("isle.txt", ISLE), file(HOSTILE, b""), big, key=KEY)
    expect(report).to_have_count(3)
    expect(report.nth(0)).to_contain_text("isle.txt")
    expect(report.nth(0)).to_contain_text("Added: 1")
    expect(report.nth(1)).to_contain_text(HOSTILE)
    expect(report.nth(1).locator(".fault")).to_be_visible()
    expect(report.nth(2)).to_contain_text("Larger than 8 MB")
    assert [*faults(listed), *too_small(listed)] == []

    listed.locator("#adding .again a").click()
    expect(listed.locator(".entries article")).to_have_count(3)
    assert "six islanders" in httpx.post(f"{shelf[0]}/api/v1/ask", json={"question": "Who painted it on Sark?"}).text
    isle = listed.locator(".entries > li").filter(has_text="Sark")
    isle.get_by_role("button").click()
    expect(listed.get_by_label("Key for writing")).to_be_focused()  # without which nothing can be removed
    listed.keyboard.type(KEY)
    isle.get_by_role("button").click()
    isle.get_by_role("button", name="Really delete?").click()
    expect(listed.locator(".entries article")).to_have_count(2)
    expect(listed.locator("#adding")).to_contain_text("Removed: ")
    assert shelf[1].store.count() == 2


def many(name: str, count: int) -> dict[str, Any]:
    """A file of many documents, which takes a while."""
    told = (f"Buoy {n} off {name} was painted again on Monday." for n in range(count))
    lines = [json.dumps({"id": f"{name}{n}", "text": text}) for n, text in enumerate(told)]
    return file(f"{name}.jsonl", "\n".join(lines).encode())


def test_files_wait_their_turn_and_are_stopped_one_by_one_or_all(listed: Any, shelf: tuple[str, Assistant]) -> None:
    listed.get_by_text("Add files").first.click()
    listed.get_by_label("Key for writing").fill(KEY)
    sent = [many("north", 1500), many("south", 3), many("east", 1500), many("west", 1500)]
    listed.get_by_label("Files", exact=True).set_input_files(sent)
    listed.get_by_role("button", name="Add files").click()
    north, south, east, west = (listed.locator(".report > li").nth(n) for n in range(4))
    expect(north).to_contain_text("Being read")
    expect(north).to_contain_text("Added: ")
    expect(west).to_contain_text("Waiting for its turn")
    assert [*faults(listed), *too_small(listed)] == []

    west.get_by_role("button").click()
    expect(west).to_contain_text("Stopped; what was added stays")
    north.get_by_role("button", name="Stop: north.jsonl").click()
    expect(north).to_contain_text("Stopped; what was added stays")
    expect(south).to_contain_text("Added: 3")
    expect(east).to_contain_text("Added: ")
    listed.get_by_role("button", name="Stop all").click()
    expect(east).to_contain_text("Stopped; what was added stays")
    expect(listed.locator("#adding .again")).to_be_visible()
    expect(listed.get_by_role("button", name="Stop")).to_have_count(0)
    ids = {document.id for document in shelf[1].store.documents()}
    counts = {name: sum(one.startswith(name) for one in ids) for name in ("north", "south", "east", "west")}
    assert 0 < counts["north"] < 1500 and counts["south"] == 3 and 0 < counts["east"] < 1500 and not counts["west"]
    remove([one for one in ids if one.startswith(("north", "south", "east"))], shelf[1].store)


def test_a_server_that_goes_on_after_a_pause_is_asked_again(listed: Any, shelf: tuple[str, Assistant]) -> None:
    failing = [1, 2]

    def away(route: Any) -> None:
        if failing:
            failing.pop()
            route.abort()
        else:
            route.continue_()

    listed.route("**/api/v1/jobs/*", away)
    listed.get_by_text("Add files").first.click()
    report = send(listed, file("skerry.txt", b"The skerry has a lamp."), key=KEY)
    expect(report.first).to_contain_text("Added: 1")
    assert failing == []
    remove([one.id for one in shelf[1].store.documents() if one.origin.endswith("skerry.txt")], shelf[1].store)


def test_what_is_about_to_be_removed_is_so_no_more_after_escape_or_anything_else(listed: Any) -> None:
    listed.get_by_text("Add files").first.click()
    listed.get_by_label("Key for writing").fill(KEY)
    sure = listed.get_by_role("button", name="Really delete?")
    first, second = (listed.locator(".entries > li").nth(number).get_by_role("button") for number in (0, 1))
    name = first.get_attribute("aria-label")
    otherwise: tuple[Callable[[], object], ...] = (
        lambda: listed.keyboard.press("Escape"),
        lambda: listed.keyboard.press("Tab"),
        listed.locator("h1").click,
        listed.get_by_role("searchbox").click,
    )
    for do in otherwise:
        first.click()
        expect(sure).to_have_count(1)
        do()
        expect(sure).to_have_count(0)
        expect(first).to_have_text("Delete")
        assert first.get_attribute("aria-label") == name
    first.click()
    second.click()
    expect(first).to_have_text("Delete")
    expect(second).to_have_text("Really delete?")
    listed.keyboard.press("Escape")
    expect(listed.locator(".entries article")).to_have_count(2)


def test_what_is_being_removed_is_not_removed_once_more(listed: Any) -> None:
    sent: list[Any] = []
    listed.route("**/api/v1/documents/**", lambda route: sent.append(route))
    listed.get_by_text("Add files").first.click()
    listed.get_by_label("Key for writing").fill(KEY)
    button = listed.locator(".entries > li").first.get_by_role("button")
    for _ in range(4):
        button.click(force=True)  # whether or not it says that it is disabled
    expect(button).to_be_disabled()
    assert len(sent) == 1
    sent[0].fulfill(status=500, json={})
    expect(button).to_be_enabled()
    expect(listed.locator(".entries article")).to_have_count(2)


def test_a_wrong_key_adds_nothing(listed: Any, shelf: tuple[str, Assistant]) -> None:
    listed.get_by_text("Add files").first.click()
    report = send(listed, file("isle.txt", ISLE), key="wrong")
    expect(report.first).to_contain_text("This key does not open this.")
    assert shelf[1].store.count() == 2


@pytest.mark.context(extra_http_headers={"X-API-Key": KEY})  # as a browser sends it that was asked for it
def test_who_came_with_the_key_is_not_asked_for_it(listed: Any) -> None:
    listed.get_by_text("Add files").first.click()
    expect(listed.get_by_label("Key for writing")).to_have_count(0)
    expect(send(listed, file("empty.txt", b"")).first.locator(".fault")).to_be_visible()


@pytest.mark.context(locale="fr-FR", extra_http_headers={"X-API-Key": KEY})
def test_why_a_file_is_not_taken_is_told_in_the_readers_language(listed: Any, shelf: tuple[str, Assistant]) -> None:
    strings = strings_for("fr")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("blank.txt", " ")
        archive.writestr("quay.txt", "The quay was swept.")
    listed.get_by_text(strings.add_files).first.click()
    listed.get_by_label(strings.files, exact=True).set_input_files(
        [file("broken.pdf", b"%PDF-1.7"), file("empty.txt", b""), file("both.zip", packed.getvalue())]
    )
    listed.get_by_role("button", name=strings.add_files).click()
    expect(listed.locator("#adding .again")).to_be_visible()
    faults = listed.locator("#adding .report > li .fault")
    for fault, kind in zip(faults.all(), ("Corrupt", "NoText", "NoText"), strict=True):
        expect(fault).to_contain_text(strings.causes[kind])
        expect(fault.locator("bdi[lang=en]")).to_have_count(1)  # and what exactly, as the server says it
    remove([one.id for one in shelf[1].store.documents() if "both.zip" in one.origin], shelf[1].store)


def test_a_page_elsewhere_cannot_add_with_the_key_that_a_browser_keeps(shelf: tuple[str, Assistant]) -> None:
    address, assistant = shelf
    for origin in ("http://elsewhere.example", "null", address.replace("127.0.0.1", "localhost")):
        sent = httpx.post(
            f"{address}/api/v1/files?name=a.txt", content=ISLE, auth=("anyone", KEY), headers={"Origin": origin}
        )
        assert sent.status_code == 403
    assert assistant.store.count() == 2


def test_without_a_key_for_writing_the_list_has_no_script(page: Any, real: str) -> None:
    page.wait_for_load_state("networkidle")
    reply = httpx.get(f"{real}/documents")
    assert "<script" not in reply.text and "Add files" not in reply.text
    assert "script-src" not in reply.headers["content-security-policy"]


@pytest.mark.context(extra_http_headers={"X-API-Key": KEY}, viewport={"width": 900, "height": 500})
def test_what_was_added_stands_in_the_list_which_stays_as_it_was(listed: Any, shelf: tuple[str, Assistant]) -> None:
    listed.goto("/documents?language=en")
    storm = listed.locator(".entries > li").filter(has_text="Ostende")
    storm.get_by_role("checkbox").check()
    before = listed.locator(".sum p").inner_text()
    listed.get_by_text("Add files").first.click()
    written = [
        f"date 2024-0{n}\nThe buoy {n} of Sark was painted white on Monday, said {n} islanders." for n in (1, 2, 3)
    ]
    try:
        send(listed, *(file(f"buoy{n}.txt", text.encode()) for n, text in enumerate(written)), file("a.txt", b""))
        expect(listed.locator(".entries > li").filter(has_text="Sark")).to_have_count(3)
        expect(listed.locator(".entries > li").filter(has_text="Lyon")).to_have_count(0)
        expect(listed.locator(".sum p")).not_to_have_text(before)
        expect(listed.locator(".bars").get_by_role("link", name="March 2024: 1")).to_be_visible()
        expect(storm.get_by_role("checkbox")).to_be_checked()
        assert listed.url.endswith("/documents?language=en")
        assert [*faults(listed), *too_small(listed)] == []

        storm.get_by_role("link", name="Open").focus()
        place = storm.evaluate("each => { each.scrollIntoView(); return each.getBoundingClientRect().top }")
        listed.evaluate("window.before = document.querySelector('.entries')")
        text = b"date 2024-04\nThe newest buoy of Sark was painted red on Sunday."
        listed.get_by_label("Files", exact=True).set_input_files([file("newest.txt", text)])
        listed.locator("#adding form").evaluate("form => form.requestSubmit()")
        expect(listed.locator(".entries > li").filter(has_text="newest buoy")).to_have_count(1)
        assert storm.evaluate("each => each.getBoundingClientRect().top") == pytest.approx(place, abs=1)
        expect(storm.get_by_role("link", name="Open")).to_be_focused()

        newest = listed.locator(".entries > li").filter(has_text="newest buoy")
        newest.get_by_role("button").click()
        newest.get_by_role("button", name="Really delete?").click()
        expect(newest).to_have_count(0)
        expect(listed.locator(".sum p")).to_have_text("4 documents")
    finally:
        remove([one.id for one in shelf[1].store.documents() if "buoy" in one.text], shelf[1].store)
