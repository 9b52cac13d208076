"""How fast the chat page is over many documents: first paint, usable page, and Enter to the answer, medians of ten.

python bench/page.py [--documents 1000] [--rounds 10]

Makes small documents, ingests and serves them, and opens the page in Chromium. Beside the times it tells the server's
processor time for each, which says the same on a machine that does other things as well. Needs Chromium.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
from playwright.sync_api import Browser, Page, sync_playwright
from process import processor_seconds

PORT = 7868
ADDRESS = f"http://127.0.0.1:{PORT}"
TOWNS = ("Verdan", "Orvik", "Sark", "Maloy", "Brenn", "Tolne", "Havre", "Ostmark", "Lindau", "Quill")
THINGS = (
    "bridge",
    "lighthouse",
    "harbour",
    "library",
    "school",
    "theatre",
    "market hall",
    "power station",
    "mill",
    "dam",
)
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
WATCH = """() => {
    const last = document.querySelector('#last');
    window.answered = new Promise((done) => {
        addEventListener('keydown', (event) => event.key === 'Enter' && (window.asked = performance.now()), true);
        new MutationObserver(() => {
            const there = window.asked && last.querySelector('.answered, .abstained, .failed');
            if (there) done(performance.now() - window.asked);
        }).observe(last, { childList: true, subtree: true, attributes: true });
    });
}"""


class Measured(NamedTuple):
    """Milliseconds that somebody waited, and of the server's processor time."""

    waited: float
    worked: float


def write(folder: Path, number: int) -> list[str]:
    """So many documents; a question for each of the first hundred."""
    lot, questions = random.Random(14), []
    for at in range(number):
        town, thing, cost = f"{lot.choice(TOWNS)} {at}", lot.choice(THINGS), lot.randrange(2, 900)
        date = f"{2000 + at % 24}-{at % 12 + 1:02}-{at % 28 + 1:02}"
        text = (
            f"The new {thing} of {town} was opened by the mayor. It cost {cost} million crowns and took {at % 9 + 2} "
            f"years to build.\n\nThe old {thing} had stood empty since a storm, and the council of {town} replaced it."
        )
        (folder / f"{at}.md").write_text(f"---\ntitle: {town} opens its {thing}\ndate: {date}\n---\n{text}\n", "utf-8")
        questions.append(f"How much did the new {thing} of {town} cost?")
    return questions[:100]


@contextmanager
def served(data: Path) -> Iterator[int]:
    """The process id of a server that has its models loaded."""
    command = [sys.executable, "-m", "askcorpus_ui.cli", "serve", "--port", str(PORT), "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=8), base_url=ADDRESS, timeout=60) as client:
                while client.get("/ready").status_code != httpx.codes.OK:
                    time.sleep(0.2)
                client.post("/api/v1/ask", json={"question": "What is here?"}).raise_for_status()
            yield server.pid
        finally:
            server.terminate()


class Opened(NamedTuple):
    """Milliseconds until something is painted, and until a question can be asked; and the server's processor time."""

    painted: float
    usable: float
    worked: float


def opened(page: Page, pid: int) -> Opened:
    before, began = processor_seconds(pid), time.perf_counter()
    page.goto(ADDRESS)
    page.locator("#ask textarea:enabled").wait_for()
    usable = 1000 * (time.perf_counter() - began)
    page.wait_for_load_state("networkidle")
    return Opened(float(page.evaluate(PAINTED)), usable, 1000 * (processor_seconds(pid) - before))


def asked(page: Page, pid: int, question: str) -> Measured:
    page.evaluate(WATCH)
    page.locator("#ask textarea").fill(question)
    before = processor_seconds(pid)
    page.keyboard.press("Enter")
    waited = float(page.evaluate("window.answered"))
    return Measured(waited, 1000 * (processor_seconds(pid) - before))


def measure(browser: Browser, pid: int, questions: list[str], rounds: int) -> None:
    first: list[Opened] = []
    again: list[Opened] = []
    answers: list[Measured] = []
    for question in questions[: rounds + 1]:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        page = context.new_page()
        first.append(opened(page, pid))
        answers.append(asked(page, pid, question))
        page.locator("#last .next, #last .abstained, #last .failed").first.wait_for(timeout=30_000)
        page.wait_for_load_state("networkidle")
        again.append(opened(page, pid))
        context.close()
    for name, one in (("first visit", first[1:]), ("another", again[1:])):  # the first of each is a warming up
        tell(f"{name}: first paint", [each.painted for each in one], [each.worked for each in one])
        tell(f"{name}: the page takes a question", [each.usable for each in one], [each.worked for each in one])
    tell("Enter to answer", [each.waited for each in answers[1:]], [each.worked for each in answers[1:]])


def tell(name: str, waits: list[float], works: list[float]) -> None:
    median, worked = statistics.median(waits), statistics.median(works)
    print(f"{name}: median {median:.0f} ms ({min(waits):.0f} to {max(waits):.0f}); server's processor {worked:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        documents, data = Path(folder) / "documents", Path(folder) / "index"
        documents.mkdir()
        questions = write(documents, options.documents)
        ingest = [sys.executable, "-m", "askcorpus_ui.cli", "ingest", str(documents), "--data", str(data)]
        subprocess.run(ingest, check=True, stdout=subprocess.DEVNULL)
        with served(data) as pid, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            measure(browser, pid, questions, options.rounds)
            browser.close()


if __name__ == "__main__":
    main()
