"""A page of another origin, in a real browser: it gets answers where the server allows its origin, and else nothing."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from askcorpus.settings import read_settings
from scripted import ScriptedAssistant
from serving import serving

KEY = "open sesame"
ASK = """async ([url, key]) => {
  const headers = {"Content-Type": "application/json", "Authorization": `Bearer ${key}`};
  const messages = [{role: "user", content: "council"}];
  try {
    const body = JSON.stringify({messages});
    const reply = await fetch(`${url}/v1/chat/completions`, {method: "POST", headers, body});
    const named = reply.headers.get("X-Request-ID");
    return [reply.status, (await reply.json()).choices[0].message.content, named];
  } catch (error) {
    return [0, error.name, null];
  }
}"""


class Empty(BaseHTTPRequestHandler):
    """A page of somebody else's, with nothing in it and no policy."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def desk() -> Iterator[str]:
    """Another server, whose page asks."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("allowed", [True, False])
def test_a_page_of_another_origin_is_answered_only_where_it_is_allowed(browser: Any, desk: str, allowed: bool) -> None:
    origins = desk if allowed else "https://elsewhere.example"
    with serving(ScriptedAssistant(), read_settings(api_key=KEY, allowed_origins=origins)) as address:
        page = browser.new_page()
        try:
            page.goto(desk)
            status, said, named = page.evaluate(ASK, [address, KEY])
        finally:
            page.close()
    if allowed:
        assert status == 200 and said.startswith("The council voted") and named
    else:
        assert (status, said) == (0, "TypeError")
