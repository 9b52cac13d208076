"""Firefox, told what to do over WebDriver BiDi (Debian's ``firefox-esr``)."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

ENTER, ESCAPE, TAB = "\ue007", "\ue00c", "\ue004"
PREFERENCES = {
    "intl.accept_languages": "en-GB",
    "network.proxy.type": 0,
    "ui.prefersReducedMotion": 1,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
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

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._command("session.new", capabilities={})
        # The first tab of a Firefox without a screen never has the focus, so its pages are told nothing of theirs.
        self._window = self._command("browsingContext.create", type="tab", background=False)["context"]

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
        """Press the keys of a text, where the focus is; ``ENTER``, ``ESCAPE`` and ``TAB`` are keys too."""
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        actions = [{"type": "key", "id": "keyboard", "actions": keys}]
        self._command("input.performActions", context=self._window, actions=actions)

    def click(self, selector: str) -> None:
        """Click in the middle of the first such element, once it is there and nothing is over it."""
        self.until(f"({REACHED})({selector!r})")
        x, y = self.see(f"({REACHED})({selector!r})")
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

    def resize(self, width: int, height: int) -> None:
        """Make the page so large, in CSS pixels."""
        size = {"width": width, "height": height}
        self._command("browsingContext.setViewport", context=self._window, viewport=size)

    def speak(self, locale: str | None) -> None:
        """Read pages in another language from now on; ``None``: in the browser's own again."""
        self._command("emulation.setLocaleOverride", contexts=[self._window], locale=locale)

    def close(self) -> None:
        self._command("browser.close")


@contextmanager
def running(program: str, profile: Path) -> Iterator[Firefox]:
    """A Firefox without a screen, ended with the block."""
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    command = [program, "--headless", "--profile", str(profile), "--remote-debugging-port", "0"]
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
