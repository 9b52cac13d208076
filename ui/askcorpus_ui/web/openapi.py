"""The description of the API, ``/openapi.json``: what FastAPI knows of it, and what it does not."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from askcorpus_ui.problems import PROBLEM_JSON
from askcorpus_ui.web.examples import REQUESTS, RESPONSES, TEXTS

_JSON = "application/json"
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The key, as `Authorization: Bearer …`."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The key in a header of its own."},
    "password": {"type": "http", "scheme": "basic", "description": "The key as a password, under any name."},
}
_OPEN = ("/health", "/ready")


def described(app: FastAPI, *, keyed: bool) -> Callable[[], dict[str, Any]]:
    """What ``app.openapi`` is to be: all of it, with an example of each operation and the ways to give a key.

    ``keyed`` says whether every request needs one; those that write do anyway.
    """
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        schema = plain()
        if "securitySchemes" not in schema["components"]:
            schema["components"]["securitySchemes"] = _SCHEMES
            for path, operations in schema["paths"].items():
                for method, operation in operations.items():
                    _complete(operation, method, path, keyed)
        return schema

    return openapi


def _complete(operation: dict[str, Any], method: str, path: str, keyed: bool) -> None:
    """Put into an operation's description what is missing in it."""
    ways: list[dict[str, list[str]]] = [{name: []} for name in _SCHEMES]
    needed = keyed or "writing" in operation.get("tags", ())
    operation["security"] = [] if path in _OPEN else ways if needed else [*ways, {}]
    if request := REQUESTS.get((method, path)):
        operation["requestBody"]["content"][_JSON]["example"] = request
    for status, response in operation["responses"].items():
        content = response.setdefault("content", {})
        if status.startswith("2"):
            _exemplify(content, method, path)
        elif path.startswith("/api/") and content:
            content[PROBLEM_JSON] = content.pop(next(iter(content)))


def _exemplify(content: dict[str, Any], method: str, path: str) -> None:
    if _JSON in content and (example := RESPONSES.get((method, path))) is not None:
        told = example.model_dump(mode="json") if isinstance(example, BaseModel) else example
        content[_JSON]["example"] = told
    for kind, told in content.items():
        if kind != _JSON and (text := TEXTS.get((method, path))):
            told["example"] = text
