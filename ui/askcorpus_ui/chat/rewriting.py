"""Gradio's page and its files on their way to the browser, and what is changed in them."""

import json

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Scope, Send

from askcorpus_ui.chat.browser import cookie_for
from askcorpus_ui.chat.translations import ENGLISH, Strings, strings_for
from askcorpus_ui.content_policy import content_policy

KEPT = "private, max-age=31536000, immutable"
"""How long a browser keeps an asset: its name has a digest of its text, and another version has other names."""

ONE_FOLDER_DOWN = (b'<base href="./" />', b'<base href="../" />')
"""What is changed in the page where its address is one folder down: what it names beside itself is one folder up."""

# Gradio takes the server's address from the request, which does not tell under which path a proxy serves it.
_CONFIGURED = b"<script data-gradio-mode>"
_ROOTED = (
    (_CONFIGURED, b"<script>gradio_config.root = document.baseURI.replace(/[/]$/, '')</script>" + _CONFIGURED),
    (b"const root = ", b"const root = gradio_config.root || "),
)
_LANGUAGE = b'lang="en"'
_TEXTS = b'"i18n_translations":null'


def kept(send: Send) -> Send:
    """A ``send`` of a file that a browser need not ask for again."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] in (200, 304):
            MutableHeaders(scope=message)["Cache-Control"] = KEPT
        await send(message)

    return sent


def with_cookie(scope: Scope, send: Send) -> Send:
    """A ``send`` that gives the browser its cookie along with the page."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            cookie = cookie_for(Headers(scope=scope), secure=scope.get("scheme") == "https")
            MutableHeaders(scope=message).append("Set-Cookie", cookie)
        await send(message)

    return sent


def completed(scope: Scope, send: Send, head: bytes, *changes: tuple[bytes, bytes]) -> Send:
    """A ``send`` of Gradio's page in the reader's language, and with what else is to be put in another's place in it,
    such as ``ONE_FOLDER_DOWN``. ``head`` is what the page itself puts into its head: scripts that it may run.
    """
    strings = strings_for(Headers(scope=scope).get("accept-language", ""))
    start: Message = {}
    pieces: list[bytes] = []

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
            return
        pieces.append(message.get("body", b""))
        if message.get("more_body", False):
            return
        body = b"".join(pieces)
        headers = MutableHeaders(scope=start)
        headers["Content-Language"] = strings.locale
        headers.add_vary_header("Accept-Language")
        if body:  # there is none for HEAD
            for old, new in (*_ROOTED, *_in_language(strings), *changes):
                body = body.replace(old, new, 1)
            headers["Content-Length"] = str(len(body))
            headers["Content-Security-Policy"] = content_policy(body, head, makes_functions=True)
        else:
            del headers["Content-Length"]
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return sent


def _in_language(strings: Strings) -> list[tuple[bytes, bytes]]:
    """What of Gradio's page is the language's: which it is, and the texts that Gradio puts in by their names.

    They are given as English, to which Gradio turns whatever language it takes for the browser's: so they are those of
    one language everywhere, also where Gradio itself does not speak it.
    """
    tag = f'lang="{strings.locale}" data-lang="{strings.locale}" dir="{strings.direction}"'
    texts = json.dumps({ENGLISH: strings.labels()})
    for char in "<>&'":
        texts = texts.replace(char, f"\\u{ord(char):04x}")
    return [(_LANGUAGE, tag.encode()), (_TEXTS, b'"i18n_translations":' + texts.encode())]
