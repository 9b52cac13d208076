"""Markdown, with the front matter that blogs put above it."""

import re
from collections.abc import Iterator

from askcorpus_ingest.encoding import decode
from askcorpus_ingest.readers.front_matter import take_front_matter
from askcorpus_ingest.readers.markup import visible_text
from askcorpus_ingest.readers.records import RawRecord, raw_record
from askcorpus_ingest.readers.source import Source

RENDERED_CHARS = 2_000_000
"""Of a longer text, rendering would take minutes."""

_DATA_URI = re.compile(r"data:[\w.+-]{1,40}/[\w.+-]{1,60}(?:;[\w=.-]{1,40}){0,4},[\w+/=%-]{64,}")
_REFUSED_SCHEME = re.compile(r"(?<=\]\()\s{0,9}(?:javascript|vbscript|file|data):", re.IGNORECASE)  # else no link
_FOOTNOTE = re.compile(r"^\[\^[^\]\s]{1,60}\]:[ \t]*(\S.*)$\n?", re.MULTILINE)
_FOOTNOTE_MARK = re.compile(r"\[\^[^\]\s]{1,60}\]")
_WIKI_IMAGE = re.compile(r"!\[\[[^\[\]\n]{1,200}\]\]")
_WIKI_LINK = re.compile(r"\[\[(?:[^\[\]\n|]{1,200}\|)?([^\[\]\n|]{1,200})\]\]")
_HEADING = re.compile(r"\A\s{0,99}#[ \t]+([^\r\n]+)")


def read_markdown(source: Source) -> Iterator[RawRecord]:
    """What a reader of the rendered page sees, with the fields of the front matter; its first heading is its title."""
    fields, text = take_front_matter(decode(source.content()))
    raw = raw_record(source.origin, {**fields, "text": text}, source.limits.names)
    heading = _HEADING.match(text)
    title = raw.title or (rendered_text(heading[1].rstrip(" \t#")) if heading else "")
    yield raw._replace(text=rendered_text(text), title=title.strip())


def rendered_text(markdown: str) -> str:
    """The text of the page that Markdown makes: no markup, no addresses of links, no pictures, no comments, no marks of
    footnotes. Of more than ``RENDERED_CHARS`` characters, only pictures are left out.
    """
    from markdown_it import MarkdownIt

    text = _DATA_URI.sub("#", markdown)
    if len(text) > RENDERED_CHARS:
        return text
    text = _FOOTNOTE.sub(r"\n\1\n\n", text)
    text = _FOOTNOTE_MARK.sub("", text)
    text = _WIKI_LINK.sub(r"\1", _WIKI_IMAGE.sub("", text))
    renderer = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return visible_text(renderer.render(_REFUSED_SCHEME.sub("", text))).strip()
