"""The most important paths in Firefox (Debian's ``firefox-esr``), told what to do over WebDriver BiDi."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.settings import read_settings
from scripted import DOCUMENTS
from serving import real_assistant, serving

connect = pytest.importorskip("websockets.sync.client").connect

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
HARBOUR, PORT, *_ = DOCUMENTS
ENTER, ESCAPE = "\ue007", "\ue00c"
PREFERENCES = {
    "intl.accept_languages": "en-GB",
    "network.proxy.type": 0,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
}

SHOWN = """({ address: location.href, focus: document.activeElement?.outerHTML.slice(0, 200),
    ...Object.fromEntries(["last", "ask", "status"].map(id => [id, document.getElementById(id)?.innerHTML])) })"""
"""What explains why something never came."""

pytestmark = pytest.mark.skipif(FIREFOX is None, reason="no Firefox on this machine")


class Firefox:
    """One window, and what a test does in it."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._command("session.new", capabilities={})
        self._window = self._command("browsingContext.getTree")["contexts"][0]["context"]

    def _command(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (reply := json.loads(self._socket.recv(timeout=60))).get("id") != number:
            pass  # an event
        assert reply["type"] == "success", reply
        return dict(reply["result"])

    def open(self, address: str) -> None:
        self._command("browsingContext.navigate", context=self._window, url=address, wait="complete")
        self.until("document.querySelector('.welcome, #last .turn, article') !== null")

    def see(self, expression: str) -> Any:
        """What a JavaScript expression is on the page."""
        result = self._command(
            "script.evaluate",
            expression=f"JSON.stringify({expression})",
            target={"context": self._window},
            awaitPromise=True,
        )
        assert result["type"] == "success", result
        return json.loads(result["result"].get("value", "null"))

    def until(self, expression: str) -> None:
        """Wait until something is true on the page."""
        deadline = time.monotonic() + 30
        while not self.see(f"Boolean({expression})"):
            assert time.monotonic() < deadline, f"never: {expression}; the page shows {self.see(SHOWN)}"
            time.sleep(0.05)

    def type(self, text: str) -> None:
        """Press the keys of a text, where the focus is."""
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        actions = [{"type": "key", "id": "keyboard", "actions": keys}]
        self._command("input.performActions", context=self._window, actions=actions)

    def click(self, selector: str) -> None:
        """Click in the middle of the first such element."""
        middle = "(each => { each.scrollIntoView({ block: 'center' }); const b = each.getBoundingClientRect();"
        middle += (
            f"return [b.x + b.width / 2, b.y + b.height / 2].map(Math.round) }})(document.querySelector({selector!r}))"
        )
        x, y = self.see(middle)
        steps = [
            {"type": "pointerMove", "x": x, "y": y},
            *({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")),
        ]
        actions = [{"type": "pointer", "id": "mouse", "actions": steps}]
        self._command("input.performActions", context=self._window, actions=actions)

    def choose(self, selector: str, *paths: Path) -> None:
        """Choose files in a field for files."""
        target = {"context": self._window}
        expression = f"document.querySelector({selector!r})"
        found = self._command("script.evaluate", expression=expression, target=target, awaitPromise=False)
        element = {"sharedId": found["result"]["sharedId"]}
        self._command("input.setFiles", context=self._window, element=element, files=list(map(str, paths)))

    def close(self) -> None:
        self._command("browser.close")


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    profile: Path = tmp_path_factory.mktemp("firefox")
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    command = [str(FIREFOX), "--headless", "--profile", str(profile), "--remote-debugging-port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        try:
            said = next(line for line in process.stderr if "listening on ws://" in line)
            with connect(f"{said.split()[-1]}/session", max_size=None) as socket:
                window = Firefox(socket)
                yield window
                window.close()
            process.wait(30)
        finally:
            process.kill()


def test_ask_open_the_source_and_come_back(firefox: Firefox, address: str) -> None:
    firefox.open(address)
    firefox.until("document.activeElement.matches('#ask textarea')")
    firefox.type(f"What did the council decide, and what do the pêcheurs want?{ENTER}")
    firefox.until("""document.querySelector('#status [data-turn="1"]')""")
    assert HARBOUR.text[:72] in firefox.see("document.querySelector('#last .answer').innerText")

    firefox.until("document.querySelectorAll('#last .next button').length === 1")
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


def test_files_are_added_and_one_is_stopped(firefox: Firefox, writable: str, tmp_path: Path) -> None:
    isle, broken, long = tmp_path / "isle.txt", tmp_path / "broken.pdf", tmp_path / "long.txt"
    isle.write_text("The lighthouse of Sark was painted white and red on Monday.")
    broken.write_bytes(b"%PDF-1.7 broken")
    long.write_text("The buoy was painted again on Monday, and so was the pier. " * 5_000)
    firefox.open(f"{writable}/documents")
    firefox.click("#adding summary")
    firefox.click("#adding [name=key]")
    firefox.type("pen")
    firefox.choose("#adding [name=files]", isle, broken, long)
    firefox.click("#adding form button")
    report = "document.querySelectorAll('#adding .report > li')"
    firefox.until(f"{report}.length === 3 && {report}[2].querySelector('.stop')")
    firefox.click("#adding .report > li:nth-child(3) .stop")
    firefox.until("!document.querySelector('#adding .again').hidden")
    told = firefox.see(f"[...{report}].map(each => each.innerText)")
    assert "isle.txt" in told[0] and "Added: 1" in told[0]
    assert "broken.pdf" in told[1] and "Added" not in told[1] and len(told[1].splitlines()) > 1
    assert "Stopped; what was added stays" in told[2]
