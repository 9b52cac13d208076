"""The named values that blogs put above a text: YAML between lines of ``---``, TOML between lines of ``+++``."""

import re
import tomllib
from typing import Any, NamedTuple

from askcorpus_ingest.readers.records import read_fields

FRONT_MATTER_CHARS = 20_000
"""A block ends within so many characters, or it is none."""

_BLOCK = re.compile(
    r"\A\s{0,99}(?:---[ \t]*\r?\n(?P<yaml>.*?)\r?\n(?:---|\.\.\.)|\+\+\+[ \t]*\r?\n(?P<toml>.*?)\r?\n\+\+\+)"
    r"[ \t]*(?:\r?\n|$)",
    re.DOTALL,
)
_LINE = re.compile(r"([^\W\d][\w .-]{0,60}?)[ \t]*:(?:[ \t]+(.*))?")
_ITEM = re.compile(r"(?<![ \t])[ \t]*+-[ \t]++(.*)")
_ASSIGNED = re.compile(r"(?m)^([\w-]++)\s*+=")
_UNTOLD = ("", "~", "null")


class Parted(NamedTuple):
    """A text, and what the block above it says of it."""

    fields: dict[str, Any]
    text: str


def take_front_matter(text: str) -> Parted:
    """Split off the block, if there is one that can be read; a block that only looks like one is text."""
    block = _BLOCK.match(text, 0, FRONT_MATTER_CHARS)
    fields = {} if not block else _toml(block["toml"]) if block["toml"] is not None else _yaml(block["yaml"])
    return Parted(fields, text[block.end() :]) if block and fields else Parted({}, text)


def _toml(block: str) -> dict[str, Any]:
    try:
        loaded = tomllib.loads(block.replace("\r\n", "\n"))
    except (ValueError, RecursionError):
        return _lines(block.replace("=", ":", 1) if "\n" not in block else _ASSIGNED.sub(r"\1:", block))
    tables = {name: value for name, value in loaded.items() if isinstance(value, dict)}
    inner = {name: value for table in tables.values() for name, value in table.items()}
    return {name: _plain(value) for name, value in (inner | loaded).items() if name not in tables}


def _plain(value: Any) -> Any:
    """A date as it is written in ISO 8601."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def _yaml(block: str) -> dict[str, Any]:
    """Every scalar as it is written: a date stays one, and *no* is Norwegian."""
    import yaml

    try:
        if "*" in block and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(block)):
            return _lines(block)  # what is repeated by reference may be made to fill the memory
        loaded = yaml.load(block, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return _lines(block)
    if not isinstance(loaded, dict):
        return {}
    return {str(name): value for name, value in loaded.items() if value not in ("~", "null")}


def _lines(block: str) -> dict[str, Any]:
    """``name: value`` line by line, as people write it who never heard of YAML's quotes; and lists below a name.

    Nothing, when not even half of the lines are of that form, or none names a field of a document.
    """
    found: dict[str, Any] = {}
    lines = [line for line in block.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    last, understood = "", 0
    for line in lines:
        if (item := _ITEM.fullmatch(line)) and last:
            before = found.get(last)
            found[last] = [*(before if isinstance(before, list) else []), _unquoted(item[1])]
        elif match := _LINE.fullmatch(line):
            last = match[1]
            found[last] = _unquoted(match[2] or "")
        elif not line[0].isspace():
            continue
        understood += 1
    told = {name: value for name, value in found.items() if value not in _UNTOLD}
    return told if understood * 2 > len(lines) and read_fields(told).known else {}


def _unquoted(value: str) -> str:
    value = value.strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value
