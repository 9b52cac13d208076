"""Print docs/api.md, every operation of the HTTP API and every object of it, made from its OpenAPI description.

`make docs` writes it; a test fails when the page is stale.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from askcorpus.assistant import open_assistant
from askcorpus.settings import Settings
from askcorpus_ui.web.app import create_app

HEAD = """\
# Reference of the API

<!-- Made from the API's own description by `make docs`; do not edit. -->

Every operation over HTTP, and below them the [objects](#objects) that requests and responses are made of. A server has
the same at `/docs`, to be tried, and at `/openapi.json`, for programs that make clients. [HTTP](http.md) tells how they
are used. Operations that write are there only where a key for writing is set. In a request, `null` for what is optional
is the same as leaving it out. What fails is 4XX, where something is wrong with the request, or 5XX, with the server,
its index or a model: a [Problem](#problem), at `/v1` a [Refusal](#refusal).
"""

GROUPS = {"openai": "For OpenAI's clients", "health": "Health and figures"}
"""Headings of groups of operations; those of the others are their names."""

OBJECTS = """
## Objects

Of requests and responses. Offsets count Unicode code points from 0; an end is exclusive.
"""

LONGEST_EXAMPLE = 700
"""Characters of an example; /docs has the longer ones."""

WIDE = 110
"""Characters of an example that stays on one line."""

Object = dict[str, Any]


def api_page() -> str:
    """The whole page as Markdown."""
    described = _described()
    schemas = described["components"]["schemas"]
    groups: dict[str, list[str]] = {}
    shown: set[str] = set()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            tag = next(iter(operation.get("tags", ())), "server")
            groups.setdefault(tag, []).append("\n".join(_operation(method, path, operation, schemas, shown)))
    told = (f"\n## {GROUPS.get(tag, tag.capitalize())}\n\n" + "\n\n".join(each) + "\n" for tag, each in groups.items())
    return HEAD + "".join(told) + OBJECTS + "".join(_objects(described))


def _described() -> Object:
    """The description of a server on which everything is allowed."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"data": Path(folder), "write_key": "any"})
        with closing(open_assistant(settings)) as assistant:
            found: Object = create_app(assistant, settings).openapi()
    return found


def _operation(method: str, path: str, operation: Object, schemas: Object, shown: set[str]) -> Iterator[str]:
    yield f"### {method.upper()} {path}\n"
    yield f"{_prose(operation['description'])}\n"
    body = operation.get("requestBody", {}).get("content", {})
    fields = [*_parameters(operation, schemas), *_body(body, schemas)]
    if fields:
        yield "| Given | In | Type | |\n|---|---|---|---|"
        yield from fields
        yield ""
    yield from _examples(body, shown)
    done = {status: told for status, told in operation["responses"].items() if status.startswith("2")}
    yield "| Status | Type | |\n|---|---|---|"
    for status, response in done.items():
        yield f"| {status} | {_kinds(response.get('content', {}), schemas)} | {_cell(response['description'])} |"
    for response in done.values():
        yield from ("\n" + example.rstrip() for example in _examples(response.get("content", {}), shown))


def _parameters(operation: Object, schemas: Object) -> Iterator[str]:
    for one in operation.get("parameters", ()):
        needed = one.get("required", False)
        yield _given(
            one["name"], one["in"], one["schema"] | {"description": one.get("description", "")}, needed, schemas
        )


def _body(body: Object, schemas: Object) -> Iterator[str]:
    for content in body.values():
        schema = _resolved(content["schema"], schemas)
        for name, field in schema.get("properties", {}).items():
            yield _given(name, "body", field, name in schema.get("required", ()), schemas)


def _given(name: str, where: str, schema: Object, needed: bool, schemas: Object) -> str:
    kind = _type(schema, schemas).removesuffix(" or null")
    return f"| `{name}`{'' if needed else ', optional'} | {where} | {kind} | {_about(schema, schemas)} |"


def _examples(content: Object, shown: set[str]) -> Iterator[str]:
    """The examples that are short enough for the page and not shown yet, each as a block of its own."""
    for told in content.values():
        example = told.get("example")
        kind, text = ("", example) if isinstance(example, str) else ("json", json.dumps(example, ensure_ascii=False))
        if example is None or len(text) > LONGEST_EXAMPLE or text in shown:
            continue
        shown.add(text)
        if kind and len(text) > WIDE:
            text = json.dumps(example, ensure_ascii=False, indent=2)
        yield f"```{kind}\n{text.strip()}\n```\n"


def _kinds(content: Object, schemas: Object) -> str:
    """What a response is, as a link where it is an object, and its media type."""
    return "<br>".join(f"{_linked(told.get('schema') or {}, schemas)}`{kind}`" for kind, told in content.items())


def _linked(schema: Object, schemas: Object) -> str:
    kind = _type(schema, schemas)
    return f"{kind}, " if "](#" in kind else ""


def _objects(described: Object) -> Iterator[str]:
    """Every object but those that are the body of one operation, where their fields are told already."""
    schemas = described["components"]["schemas"]
    bodies = {
        content["schema"].get("$ref", "").rpartition("/")[2]
        for operations in described["paths"].values()
        for operation in operations.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    }
    named = {_plain(name, schemas) for name, schema in schemas.items() if "properties" in schema}
    for name in sorted(named - bodies):
        yield f"\n### {name}\n\n{_prose(schemas[name]['description'])}\n"
        yield "\n| Field | Type | |\n|---|---|---|\n"
        for field, told in schemas[name]["properties"].items():
            yield f"| `{field}` | {_type(told, schemas)} | {_about(told, schemas)} |\n"


def _plain(name: str, schemas: Object) -> str:
    """``Filters`` for ``FiltersInput``, which is the same in a request."""
    plain = name.removesuffix("Input")
    return plain if plain in schemas else name


def _type(schema: Object, schemas: Object) -> str:
    """A schema in a word or two, with links to the objects."""
    if "$ref" in schema:
        resolved = _resolved(schema, schemas)
        name = _plain(schema["$ref"].rpartition("/")[2], schemas)
        return _type(resolved, schemas) if "properties" not in resolved else f"[{name}](#{name.lower()})"
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(one, schemas) for one in choices))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if parts := schema.get("prefixItems"):
        return f"`[{', '.join(part['title'].lower() for part in parts)}]`"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), schemas)}{_most(schema, 'Items')}"
    if schema.get("type") == "object" and isinstance(values := schema.get("additionalProperties"), dict):
        return f"object of {_type(values, schemas).removesuffix(' or null')}"
    characters = " characters" if "maxLength" in schema else ""
    return f"{schema.get('type', 'any')}{_most(schema, 'Length')}{characters}{_range(schema)}"


def _most(schema: Object, of: str) -> str:
    most = schema.get(f"max{of}")
    return f", up to {most:,}" if most else ""


def _range(schema: Object) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None and most is None:
        return ""
    return f", from {least:g}" if most is None else f", {least or 0:g} to {most:,.10g}"


def _about(schema: Object, schemas: Object) -> str:
    return _cell(schema.get("description") or _resolved(schema, schemas).get("description", ""))


def _resolved(schema: Object, schemas: Object) -> Object:
    found: Object = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _prose(text: str) -> str:
    """A docstring as Markdown."""
    return text.strip().replace("``", "`")


def _cell(text: str) -> str:
    return " ".join(_prose(text).split()).replace("|", "\\|")


if __name__ == "__main__":
    print(api_page(), end="")
