"""The path under which a proxy serves all this: it may leave it on or take it off, and what is linked to is found.

The pages link to each other from where they are, and so need not know that path; what tells whole addresses does.
"""

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from urllib.parse import unquote_to_bytes

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from askcorpus.errors import UsageError
from askcorpus.settings import ROOT_PATH

_OWN = (
    *("/api/v1", "/v1", "/mcp", "/docs", "/static-offline-docs", "/openapi.json", "/health", "/ready", "/metrics"),
    *("/documents", "/source", "/quotation", "/first", "/next", "/c"),
    *("/assets", "/static", "/gradio_api", "/theme.css", "/favicon.ico"),
)
"""What the server's own addresses begin with."""

_WHOLE = re.compile(rb"https?://([^/]+)(/.*)?", re.IGNORECASE)


class WholeAddresses:
    """Serves a request that names the whole address ("GET http://host/path"), as to a proxy, like one that names its
    path: every server takes those, and the host is the one in the address (RFC 9112, 3.2.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request under the path of its address."""
        whole = _WHOLE.fullmatch(scope.get("raw_path") or b"") if scope["type"] == "http" else None
        if whole:
            host, raw = whole[1], whole[2] or b"/"
            headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope = {**scope, "path": unquote_to_bytes(raw).decode(errors="replace"), "raw_path": raw}
            scope["headers"] = [(b"host", host), *headers]
        await self._app(scope, receive, send)


class Prefixed:
    """Takes ``root`` (``/askcorpus``) off the addresses that begin with it, before anybody else looks at them.

    Where one of ``proxies`` (addresses or networks) sends the request, ``X-Forwarded-Prefix`` may name another root.
    What is none is passed over.
    """

    def __init__(self, app: ASGIApp, root: str, proxies: Sequence[str] = ()) -> None:
        self._app = app
        self._root = root
        self._proxies = [ip_network(proxy) for proxy in proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request under its own address; ``root_path`` tells those who make links what is before it."""
        root = self._root_of(scope) if scope["type"] == "http" else ""
        if not root:
            await self._app(scope, receive, send)
            return
        if scope["path"] == root and scope["method"] in ("GET", "HEAD"):
            # From an address without a slash at its end no page finds what lies beside it.
            query = bytes(scope["query_string"]).decode("latin-1")
            await RedirectResponse(f"{root}/?{query}" if query else f"{root}/")(scope, receive, send)
            return
        path, raw = str(scope["path"]), bytes(scope.get("raw_path") or b"")
        while path == root or path.startswith(f"{root}/"):  # routes would take off a second one
            path, raw = path[len(root) :] or "/", raw.removeprefix(root.encode()) or b"/"
        await self._app({**scope, "path": path, "raw_path": raw, "root_path": root}, receive, send)

    def _root_of(self, scope: Scope) -> str:
        said = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-prefix"]
        if len(said) != 1 or not self._trusts(scope):
            return self._root
        root = said[0].removesuffix("/")
        return root if not root or (ROOT_PATH.fullmatch(root) and not _own(root)) else self._root

    def _trusts(self, scope: Scope) -> bool:
        if not self._proxies or not scope["client"]:
            return False
        try:
            sender = ip_address(scope["client"][0])
        except ValueError:  # the name of a socket
            return False
        return any(sender in proxy for proxy in self._proxies)


def check_root(root: str) -> None:
    """See that no address of the server's own begins with ``root``: it would be taken off these, too.

    Raises:
        UsageError: one does.
    """
    if root and (address := _own(root)):
        raise UsageError(f"root_path cannot be {root}: {address} is the server's own.", "Choose another path.")


def _own(root: str) -> str:
    """The first of the server's own addresses that begins with ``root``, if one does."""
    return next((address for address in _OWN if f"{address}/".startswith(f"{root}/")), "")


def way_to_root(scope: Scope) -> str:
    """The way from the address of a page to the root of the server: ``../`` from ``/source/x``."""
    raw = bytes(scope.get("raw_path") or b"") or str(scope["path"]).encode()
    return "../" * (raw.count(b"/") - 1) or "./"
