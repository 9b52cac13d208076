"""Firefox, told what to do over WebDriver BiDi (Debian's ``firefox-esr``)."""

import json
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")
ENTER, ESCAPE, TAB = "\ue007", "\ue00c", "\ue004"
PREFERENCES = {
    "intl.accept_languages": "en-GB",
    "network.proxy.type": 0,
    "ui.prefersReducedMotion": 1,
    "browser.download.alwaysOpenPanel": False,  # it takes the focus, and pages are then told nothing of theirs
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "dom.w3c_touch_events.enabled": 1,
}

SHOWN = """({ address: location.href, focus: document.activeElement?.outerHTML.slice(0, 200),
    ...Object.fromEntries(["last", "ask", "status"].map(id => [id, document.getElementById(id)?.innerHTML])) })"""
"""What explains why something never came."""


REACHED = """selector => {
    const each = document.querySelector(selector);
    if (!each?.checkVisibility()) return null;
    each.scrollIntoView({ block: "center" });
    const { x, y, width, height } = each.getBoundingClientRect();
    const middle = [x + width / 2, y + height / 2].map(Math.round);
    return each.contains(document.elementFromPoint(...middle)) ? middle : null;
}"""
"""The middle of an element, where a click would reach it."""


class Firefox:
    """One window, and what a test does in it."""

    def __init__(self, socket: Any, program: str, downloads: Path) -> None:
        self.program = program
        self.downloads = downloads
        self._socket = socket
        self._numbers = count(1)
        self._events: list[dict[str, Any]] = []
        self._command("session.new", capabilities={})
        # The first tab of a Firefox without a screen never has the focus, so its pages are told nothing of theirs.
        self._window = self._command("browsingContext.create", type="tab", background=False)["context"]

    def _command(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (reply := json.loads(self._socket.recv(timeout=60))).get("id") != number:
            self._events.append(reply)
        assert reply["type"] == "success", reply
        return dict(reply["result"])

    def open(self, address: str) -> None:
        self._command("browsingContext.navigate", context=self._window, url=address, wait="complete")
        self.until("document.querySelector('.welcome, #last .turn, article') !== null")

    def see(self, expression: str) -> Any:
        """What a JavaScript expression is on the page, or what it comes to where that is a promise."""
        result = self._command(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self._window},
            awaitPromise=True,
        )
        assert result["type"] == "success", result
        return json.loads(result["result"].get("value", "null"))

    def until(self, expression: str) -> None:
        """Wait until something is true on the page."""
        deadline = time.monotonic() + 60
        while not self.see(f"Boolean({expression})"):
            assert time.monotonic() < deadline, f"never: {expression}; the page shows {self.see(SHOWN)}"
            time.sleep(0.05)

    def type(self, text: str) -> None:
        """Press the keys of a text, where the focus is; ``ENTER``, ``ESCAPE`` and ``TAB`` are keys too."""
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        actions = [{"type": "key", "id": "keyboard", "actions": keys}]
        self._command("input.performActions", context=self._window, actions=actions)

    def click(self, selector: str, pointer: str = "mouse") -> None:
        """Click in the middle of the first such element, once it is there and nothing is over it."""
        self.until(f"({REACHED})({selector!r})")
        x, y = self.see(f"({REACHED})({selector!r})")
        steps = [
            {"type": "pointerMove", "x": x, "y": y},
            *({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")),
        ]
        actions = [{"type": "pointer", "id": pointer, "parameters": {"pointerType": pointer}, "actions": steps}]
        self._command("input.performActions", context=self._window, actions=actions)

    def tap(self, selector: str) -> None:
        """The same with a finger."""
        self.click(selector, "touch")

    def load(self, script: str) -> None:
        """Run a script on the page."""
        target = {"context": self._window}
        self._command("script.evaluate", expression=script, target=target, awaitPromise=False)

    def downloaded(self, name: str) -> str:
        """The text of a file that a page has had kept, once it is there."""
        path, deadline = self.downloads / name, time.monotonic() + 60
        while not (path.exists() and path.stat().st_size and not path.with_name(f"{name}.part").exists()):
            assert time.monotonic() < deadline, f"never downloaded: {name}"
            time.sleep(0.05)
        text = path.read_text("utf-8")
        path.unlink()
        return text

    def print(self) -> bytes:
        """The page as a PDF."""
        return b64decode(self._command("browsingContext.print", context=self._window)["data"])

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """The addresses that pages ask for meanwhile, and the dialogs that they open: a list, filled at the end."""
        events = ["network.beforeRequestSent", "browsingContext.userPromptOpened"]
        found: list[str] = []
        self._command("session.subscribe", events=events)
        self._events.clear()
        yield found
        self._command("session.unsubscribe", events=events)
        for each in self._events:
            told = each.get("params", {})
            if told.get("context"):  # what Firefox asks for itself has none
                found.append(told["request"]["url"] if "request" in told else f"dialog: {told}")

    def choose(self, selector: str, *paths: Path) -> None:
        """Choose files in a field for files."""
        target = {"context": self._window}
        expression = f"document.querySelector({selector!r})"
        found = self._command("script.evaluate", expression=expression, target=target, awaitPromise=False)
        element = {"sharedId": found["result"]["sharedId"]}
        self._command("input.setFiles", context=self._window, element=element, files=list(map(str, paths)))

    def resize(self, width: int, height: int) -> None:
        """Make the page so large, in CSS pixels."""
        size = {"width": width, "height": height}
        self._command("browsingContext.setViewport", context=self._window, viewport=size)

    def close(self) -> None:
        self._command("browser.close")


@contextmanager
def running(program: str, profile: Path, **preferences: Any) -> Iterator[Firefox]:
    """A Firefox without a screen, ended with the block."""
    own = {"browser.download.dir": str(profile / "downloads"), "browser.download.folderList": 2}
    chosen = PREFERENCES | own | preferences
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in chosen.items()]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    command = [program, "--headless", "--profile", str(profile), "--remote-debugging-port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        try:
            said = next(line for line in process.stderr if "listening on ws://" in line)
            with connect(f"{said.split()[-1]}/session", max_size=None) as socket:
                window = Firefox(socket, program, profile / "downloads")
                yield window
                window.close()
            process.wait(60)
        finally:
            process.kill()


def chat(firefox: Firefox, address: str) -> None:
    """Open a page of the chat, and wait until it takes a question."""
    firefox.open(address)
    firefox.until("document.activeElement.matches('#ask textarea')")


def ask(firefox: Firefox, question: str, turn: int = 1) -> str:
    """Ask, wait for the whole answer, and return what it says."""
    firefox.until("document.querySelector('#ask .submit-button') && !askcorpus.isBusy()")
    firefox.see("document.querySelector('#ask textarea').focus()")
    firefox.type(f"{question}{ENTER}")
    firefox.until(f"""document.querySelector('#status [data-turn="{turn}"]')""")
    return text(firefox, "#last .answer")


def text(firefox: Firefox, selector: str) -> str:
    """What people read of the first such element."""
    return str(firefox.see(f"document.querySelector({selector!r}).innerText"))


def open_choices(firefox: Firefox) -> None:
    """Open the list of the first filter; what the server tells the page meanwhile may close it again."""
    firefox.click("#filters > button")
    firefox.click("#filter-row input")
    again = "document.activeElement.blur(), document.querySelector('#filter-row input').focus()"
    firefox.until(f"document.querySelector('[role=option]') || ({again})")


def tab_to(firefox: Firefox, element: str, most: int = 5) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(most):
        if firefox.see(f"document.activeElement === {element}"):
            return
        firefox.see("void (window.left = document.activeElement)")
        firefox.type(TAB)
        firefox.until("document.activeElement !== window.left")
    assert firefox.see(f"document.activeElement === {element}"), firefox.see("document.activeElement.outerHTML")


def press(firefox: Firefox, name: str, within: str = "body") -> None:
    """Press the button of that name."""
    button = f"[...document.querySelectorAll({within + ' button'!r})].find(each => each.innerText.trim() === {name!r})"
    firefox.until(f"{button}?.checkVisibility()")
    firefox.see(f"{button}.click()")


TOO_SMALL = """[...document.querySelectorAll('button, a, input, textarea, summary')]
    .filter(each => each.checkVisibility({ visibilityProperty: true }) && !each.closest('[inert]'))
    .map(each => [each, each.getBoundingClientRect()])
    .filter(([, { width, height }]) => width && Math.min(width, height) < 24)
    .map(([each]) => each.outerHTML.slice(0, 200))"""
"""What is too small for a finger."""
