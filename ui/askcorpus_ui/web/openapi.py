"""The description of the API, ``/openapi.json``: what FastAPI knows of it, and what it does not."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from askcorpus_ui.problems import PROBLEM_JSON
from askcorpus_ui.web.examples import REQUESTS, RESPONSES, TEXTS

_JSON = "application/json"
_NULL = {"type": "null"}
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The key, as `Authorization: Bearer …`."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The key in a header of its own."},
    "password": {"type": "http", "scheme": "basic", "description": "The key as a password, under any name."},
}
_OPEN = ("/health", "/ready")
_MODELS = "#/components/schemas/"
_BESIDE = ("title", "description", "default")
"""What is said beside the type of a field."""


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
            _allow_nulls(schema)
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


def _allow_nulls(schema: dict[str, Any]) -> None:
    """Say of what a request may leave out that it may also be null. A model that responses have too stays as it is
    there: what is sent of it is told as a model of its own, ``FiltersInput`` beside ``Filters``."""
    operations = [operation for operations in schema["paths"].values() for operation in operations.values()]
    models = schema["components"]["schemas"]
    for model in models.values():
        for told in model.get("properties", {}).values():
            if isinstance(told.get("default"), dict):
                del told["default"]  # what is left out anyway, and more than generators of clients can read
    bodies = [operation["requestBody"] for operation in operations if "requestBody" in operation]
    sent = {name: models[name] for name in sorted(_reached(bodies, models))}
    shared = sent.keys() & _reached([operation["responses"] for operation in operations], models)
    differing = {name for name in shared if _with_nulls(sent[name]) != sent[name]}
    apart = {name for name in shared if ({name} | _reached(sent[name], models)) & differing}
    others = {f"{_MODELS}{name}": f"{_MODELS}{name}Input" for name in apart}
    for name, model in sent.items():
        named = {"title": f"{name}Input"} if name in apart else {}
        models[f"{name}Input" if name in apart else name] = _pointed(_with_nulls(model), others) | named
    for body in bodies:
        body |= _pointed(body, others)


def _with_nulls(model: dict[str, Any]) -> dict[str, Any]:
    """A model of which what may be left out may also be null."""
    if "properties" not in model:
        return model
    needed = model.get("required", ())
    fields = {name: _with_null_values(told) for name, told in model["properties"].items()}
    return model | {"properties": {name: told if name in needed else _or_null(told) for name, told in fields.items()}}


def _with_null_values(told: dict[str, Any]) -> dict[str, Any]:
    """A field of which, where it is an object with any names, each value may be null."""
    values = told.get("additionalProperties")
    return told | {"additionalProperties": _or_null(values)} if isinstance(values, dict) else told


def _or_null(told: dict[str, Any]) -> dict[str, Any]:
    """What may also be null."""
    beside = {key: told[key] for key in _BESIDE if key in told}
    rest = {key: value for key, value in told.items() if key not in (*_BESIDE, "anyOf")}
    choices = [*told.get("anyOf", []), *filter(None, [rest])]
    return told if not choices or _NULL in choices else {"anyOf": [*choices, _NULL]} | beside


def _pointed(told: Any, others: dict[str, str]) -> Any:
    """A part of the description with references to other models."""
    if isinstance(told, list):
        return [_pointed(each, others) for each in told]
    if isinstance(told, dict):
        return {name: _pointed(each, others) for name, each in told.items()}
    return others.get(told, told) if isinstance(told, str) else told


def _reached(told: Any, models: dict[str, Any]) -> set[str]:
    """The models that a part of the description names, and those that these name."""
    found: set[str] = set()
    waiting = [told]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            waiting += part.values()
            name = str(part.get("$ref", "")).rpartition("/")[2]
            if name in models and name not in found:
                found.add(name)
                waiting.append(models[name])
    return found
