"""The path under which a proxy serves the API: it may leave it on or take it off, and links have it again."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Prefixed:
    """Takes ``root`` (``/askcorpus``) off the addresses that begin with it, before anybody else looks at them."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app = app
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request under its own address; ``root_path`` tells those who make links what is before it."""
        if scope["type"] == "http":
            path, raw = str(scope["path"]), bytes(scope.get("raw_path") or b"")
            while path == self._root or path.startswith(f"{self._root}/"):  # routes would take off a second one
                path, raw = path[len(self._root) :] or "/", raw.removeprefix(self._root.encode()) or b"/"
            scope = {**scope, "path": path, "raw_path": raw, "root_path": self._root}
        await self._app(scope, receive, send)
