"""Markdown, with the front matter that blogs put above it."""

import re
from collections.abc import Iterator

from askcorpus_ingest.encoding import decode
from askcorpus_ingest.readers.front_matter import take_front_matter
from askcorpus_ingest.readers.records import RawRecord, raw_record
from askcorpus_ingest.readers.source import Source

_HEADING = re.compile(r"\A\s{0,99}#[ \t]+([^\r\n]+)")


def read_markdown(source: Source) -> Iterator[RawRecord]:
    """The text as it is, without the front matter, whose fields it has; its first heading is its title."""
    fields, text = take_front_matter(decode(source.content()))
    raw = raw_record(source.origin, {**fields, "text": text}, source.limits.names)
    heading = _HEADING.match(text)
    title = raw.title or (heading[1].rstrip(" \t#") if heading else "")
    yield raw._replace(title=title)
