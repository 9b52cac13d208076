"""Print docs/http.md, every operation of the HTTP API, made from its OpenAPI description: ``make docs``.

A test fails when the page is stale.
"""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from askcorpus.assistant import open_assistant
from askcorpus.settings import Settings
from askcorpus_ui.web.app import create_app

HEAD = """\
# Every operation over HTTP

<!-- Made from the API's own description by `make docs`; do not edit. -->

What [docs/api.md](api.md) tells by its use, told here operation by operation. A server has the same at `/docs`, to be
tried, and at `/openapi.json`, for programs that make clients. Operations that write are there only where a key for
writing is set.
"""

Object = dict[str, Any]


def operations_page() -> str:
    """The whole page as Markdown."""
    described = _described()
    schemas = described["components"]["schemas"]
    groups: dict[str, list[str]] = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            tag = next(iter(operation.get("tags", ())), "server")
            groups.setdefault(tag, []).append("\n".join(_operation(method, path, operation, schemas)))
    return HEAD + "".join(f"\n## {tag.capitalize()}\n\n" + "\n\n".join(told) + "\n" for tag, told in groups.items())


def _described() -> Object:
    """The description of a server on which everything is allowed."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"data": Path(folder), "write_key": "any"})
        with closing(open_assistant(settings)) as assistant:
            found: Object = create_app(assistant, settings).openapi()
    return found


def _operation(method: str, path: str, operation: Object, schemas: Object) -> Iterator[str]:
    yield f"### {method.upper()} {path}\n"
    yield f"{operation['description'].strip()}\n"
    fields = [*_parameters(operation, schemas), *_body(operation, schemas)]
    if fields:
        yield "| Given | In | Type | |\n|---|---|---|---|"
        yield from fields
        yield ""
    yield "| Status | |\n|---|---|"
    for status, response in operation["responses"].items():
        kinds = ", ".join(f"`{kind}`" for kind in response.get("content", {}))
        yield f"| {status} | {_cell(response['description'])}{f' ({kinds})' if kinds else ''} |"


def _parameters(operation: Object, schemas: Object) -> Iterator[str]:
    for one in operation.get("parameters", ()):
        yield _field(
            one["name"], one["in"], one["schema"], one.get("description", ""), one.get("required", False), schemas
        )


def _body(operation: Object, schemas: Object) -> Iterator[str]:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = _resolved(content["schema"], schemas)
        required = schema.get("required", ())
        for name, field in schema.get("properties", {}).items():
            yield _field(name, "body", field, field.get("description", ""), name in required, schemas)


def _field(name: str, where: str, schema: Object, description: str, required: bool, schemas: Object) -> str:
    told = description or _resolved(schema, schemas).get("description", "")
    return f"| `{name}`{'' if required else ', optional'} | {where} | {_type(schema, schemas)} | {_cell(told)} |"


def _type(schema: Object, schemas: Object) -> str:
    """A schema in a word or two."""
    if "$ref" in schema:
        resolved = _resolved(schema, schemas)
        return _type(resolved, schemas) if "enum" in resolved else schema["$ref"].rpartition("/")[2]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(one, schemas) for one in choices if one.get("type") != "null"))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), schemas)}"
    return str(schema.get("type", "any"))


def _resolved(schema: Object, schemas: Object) -> Object:
    found: Object = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    print(operations_page(), end="")
