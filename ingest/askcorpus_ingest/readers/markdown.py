"""Markdown, with the front matter that blogs put above it."""

import re
from collections.abc import Iterator

from askcorpus_ingest.encoding import decode
from askcorpus_ingest.readers.records import RECORD_KEYS, RawRecord, raw_record
from askcorpus_ingest.readers.source import Source

FRONT_MATTER_CHARS = 20_000

_FRONT_MATTER = re.compile(r"\A\s{0,99}---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)", re.DOTALL)
_HEADING = re.compile(r"\A\s{0,99}#[ \t]+([^\r\n]+)")


def read_markdown(source: Source) -> Iterator[RawRecord]:
    """The text as it is, without the front matter, whose fields it has; its first heading is its title."""
    text = decode(source.content())
    fields: dict[str, str] = {}
    if match := _FRONT_MATTER.match(text, 0, FRONT_MATTER_CHARS):
        fields = _front_matter(match[1])
        text = text[match.end() :] if fields else text
    heading = _HEADING.match(text)
    title = fields.pop("title", "") or (heading[1].rstrip(" \t#") if heading else "")
    yield raw_record(source.origin, {**fields, "title": title, "text": text})


def _front_matter(block: str) -> dict[str, str]:
    """The fields we know of a YAML block; none when it is no YAML mapping (then it is text)."""
    import yaml

    try:
        loaded = yaml.safe_load(block)
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    if not isinstance(loaded, dict):
        return {}
    return {
        key.lower(): str(value)
        for key, value in loaded.items()
        if isinstance(key, str) and key.lower() in RECORD_KEYS and not isinstance(value, dict | list | type(None))
    }
