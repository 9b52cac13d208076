"""Which browser asks: a random cookie that no script can read, and of which the server keeps a digest only."""

import hashlib
import re
import secrets
from collections.abc import Mapping

from starlette.requests import cookie_parser

from askcorpus.errors import UsageError

COOKIE = "askcorpus_browser"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_SECONDS = 400 * 86_400
"""As long as browsers keep a cookie at most; each visit begins it anew."""


class NoCookie(UsageError):
    """A browser sent no cookie of ours."""


def owner_of(headers: Mapping[str, str]) -> str:
    """What the conversations of the browser that sent these headers are kept under.

    Raises:
        NoCookie: there was none.
    """
    token = _token(headers.get("cookie", ""))
    if token is None:
        raise NoCookie("This browser keeps no cookie of this page.", "Allow cookies here, and load the page again.")
    return hashlib.sha256(token.encode()).hexdigest()


def cookie_for(headers: Mapping[str, str], *, secure: bool) -> str:
    """A ``Set-Cookie`` header: the browser's cookie for longer, or a new one.

    Lax, and not strict: a page that somebody comes to by a link must be told who comes.
    """
    token = _token(headers.get("cookie", "")) or secrets.token_urlsafe(32)
    flags = f"Path=/; Max-Age={_SECONDS}; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
    return f"{COOKIE}={token}; {flags}"


def _token(header: str) -> str | None:
    # As browsers read it: Python's own reader gives up at a cookie of another server of this host that it finds odd.
    value = cookie_parser(header).get(COOKIE, "")
    return value if _TOKEN.fullmatch(value) else None
