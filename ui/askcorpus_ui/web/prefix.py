"""The path under which a proxy serves all this: it may leave it on or take it off, and what is linked to is found.

The pages link to each other from where they are, and so need not know that path; what tells whole addresses does.
"""

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from askcorpus.errors import UsageError

_OWN = (
    *("/api/v1", "/v1", "/mcp", "/docs", "/health", "/ready", "/metrics"),
    *("/documents", "/source", "/next", "/c", "/assets", "/static", "/gradio_api"),
)
"""What the server's own addresses begin with."""


class Prefixed:
    """Takes ``root`` (``/askcorpus``) off the addresses that begin with it, before anybody else looks at them."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app = app
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request under its own address; ``root_path`` tells those who make links what is before it."""
        if scope["type"] == "http" and scope["path"] == self._root and scope["method"] in ("GET", "HEAD"):
            # From an address without a slash at its end no page finds what lies beside it.
            query = bytes(scope["query_string"]).decode("latin-1")
            await RedirectResponse(f"{self._root}/?{query}" if query else f"{self._root}/")(scope, receive, send)
            return
        if scope["type"] == "http":
            path, raw = str(scope["path"]), bytes(scope.get("raw_path") or b"")
            while path == self._root or path.startswith(f"{self._root}/"):  # routes would take off a second one
                path, raw = path[len(self._root) :] or "/", raw.removeprefix(self._root.encode()) or b"/"
            scope = {**scope, "path": path, "raw_path": raw, "root_path": self._root}
        await self._app(scope, receive, send)


def check_root(root: str) -> None:
    """See that no address of the server's own begins with ``root``: it would be taken off these, too.

    Raises:
        UsageError: one does.
    """
    for address in _OWN:
        if root and f"{address}/".startswith(f"{root}/"):
            raise UsageError(f"root_path cannot be {root}: {address} is the server's own.", "Choose another path.")


def way_to_root(scope: Scope) -> str:
    """The way from the address of a page to the root of the server: ``../`` from ``/source/x``."""
    raw = bytes(scope.get("raw_path") or b"") or str(scope["path"]).encode()
    return "../" * (raw.count(b"/") - 1) or "./"
