"""A proxy that serves another server under a path of its own, as nginx or Traefik do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

_OF_ONE_CONNECTION = {"connection", "transfer-encoding", "keep-alive", "content-length"}


@contextmanager
def proxied(server: str, prefix: str, *, stripped: bool) -> Iterator[str]:
    """The address under which ``server`` is at ``prefix`` (``/ask``). ``stripped`` says that it is not told of that;
    whatever else is asked of the proxy is 404."""

    class Proxy(BaseHTTPRequestHandler):
        def forward(self) -> None:
            if not self.path.startswith(f"{prefix}/"):
                self.send_error(404)
                return
            path = self.path.removeprefix(prefix) if stripped else self.path
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = [(name, value) for name, value in self.headers.items() if name.lower() != "connection"]
            with (
                httpx.Client(timeout=60) as client,
                client.stream(self.command, server + path, headers=headers, content=body or None) as response,
            ):
                self.send_response(response.status_code)
                for name, value in response.headers.multi_items():
                    if name not in _OF_ONE_CONNECTION:
                        self.send_header(name, value)
                self.end_headers()
                try:
                    for piece in response.iter_raw():
                        self.wfile.write(piece)
                        self.wfile.flush()
                except ConnectionError:  # the browser left
                    self.close_connection = True

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = forward

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_port}{prefix}/"
        proxy.shutdown()
