"""Take pictures of the chat over the sample corpus: ``python scripts/pictures.py FOLDER``.

Each state of the page is taken at two sizes, light and dark, in English and Arabic. The first one of all is the
README's: it is written to docs/chat.png too. It needs Chromium, and fonts for Arabic (Debian: chromium,
fonts-noto-core).
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
PORT = 7869
ADDRESS = f"http://127.0.0.1:{PORT}"
SIZES = {"desk": (1280, 800), "phone": (390, 844)}
QUESTIONS = {
    "en-GB": ("Which states recognized Donetsk?", "How much does Sweden spend on defence each year?"),
    "ar": ("متى اعترفت سوريا بدونيتسك ولوغانسك؟", "كم عدد الجنود في الجيش الفنلندي؟"),
}


@contextmanager
def chat() -> Iterator[None]:
    """The chat over the sample corpus, while the block runs."""
    command = [sys.executable, "-m", "askcorpus_ui.cli"]
    corpus = ROOT / "corpus"
    with tempfile.TemporaryDirectory() as folder:
        data = ["--data", str(Path(folder) / "index")]
        subprocess.run([*command, "ingest", str(corpus), *data], check=True)
        serve = [*command, "serve", "--port", str(PORT), "--examples", str(corpus / "questions.jsonl"), *data]
        server = subprocess.Popen(serve)
        try:
            transport = httpx.HTTPTransport(retries=8)
            with httpx.Client(transport=transport, base_url=ADDRESS, timeout=60) as client:
                for question, _ in QUESTIONS.values():  # the models are loaded, and the pictures show usual times
                    client.post("/api/v1/ask", json={"question": question}).raise_for_status()
            yield
        finally:
            server.terminate()
            server.wait()


def ask(page: Page, question: str, turn: int) -> None:
    box = page.locator("#ask textarea")
    box.fill(question)
    box.press("Enter")
    page.locator(f'#status [data-turn="{turn}"]').wait_for(state="attached")


def states(page: Page, locale: str, phone: bool) -> Iterator[str]:
    """Bring the page from one state to the next; each time, the name of the state."""
    answered, unanswered = QUESTIONS[locale]
    page.goto(ADDRESS)
    page.locator("#ask textarea:enabled").wait_for()
    page.locator(".welcome").wait_for()
    yield "empty"
    ask(page, answered, 1)
    page.locator("#last .next").wait_for()
    card, marker = page.locator("#cite-card"), page.locator("#last a.cite").first
    if phone:
        yield "answer"
        marker.tap()
    else:
        marker.hover()
    card.locator("summary").click()
    card.locator("button").last.wait_for()
    yield "card"
    if phone:
        card.locator("a").tap()
    else:
        page.mouse.move(0, 0)
        card.wait_for(state="hidden")
        marker.click()
    page.locator(".card.active").wait_for()
    page.wait_for_timeout(400)  # until the sheet has slid in
    yield "source" if phone else "answer"
    page.keyboard.press("Escape")
    ask(page, unanswered, 2)
    page.locator("#filters > button").click()
    page.wait_for_timeout(400)
    yield "abstention"
    page.locator("#menu").click()
    page.wait_for_timeout(400)
    yield "conversations"
    page.goto(page.locator("#turns a.cite").first.evaluate("link => link.href"))
    yield "document"


def take(browser: Browser, folder: Path) -> None:
    for locale, (size, (width, height)), scheme in product(QUESTIONS, SIZES.items(), ("light", "dark")):
        phone = size == "phone"
        options: dict[str, Any] = {"is_mobile": True, "has_touch": True} if phone else {}
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            locale=locale,
            reduced_motion="reduce",
            **options,
        )
        page = context.new_page()
        for state in states(page, locale, phone):
            page.screenshot(path=folder / f"{state}-{locale[:2]}-{size}-{scheme}.png")
        context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with chat(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        take(browser, folder)
        browser.close()
    shutil.copy(folder / "answer-en-desk-light.png", ROOT / "docs" / "chat.png")


if __name__ == "__main__":
    main()
