"""HEAD wherever there is GET."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_STREAMS = ("/gradio_api/", "/mcp")
"""What answers to GET there goes on for as long as somebody listens."""


class Heads:
    """Serves HEAD as GET whose body is left out, as HTTP has it; the routes themselves know GET only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or scope["path"].startswith(_STREAMS):
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        asked: Scope = {**scope, "method": "GET"}
        try:
            await self._app(asked, receive, without_body)
        finally:
            scope["route"] = asked.get("route")  # by which the request is counted
