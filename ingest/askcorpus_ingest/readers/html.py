"""A web page: its main text, and what its head says of it."""

import html
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from askcorpus.errors import NoText
from askcorpus.text.language import sure_language
from askcorpus_ingest.encoding import declared_encoding, decode
from askcorpus_ingest.readers.markup import Shown, shown
from askcorpus_ingest.readers.page_articles import articles_of
from askcorpus_ingest.readers.page_body import open_boxes, with_surroundings
from askcorpus_ingest.readers.page_head import page_fields, says_article
from askcorpus_ingest.readers.records import Fields, RawRecord
from askcorpus_ingest.readers.source import Source

HEAD_CHARS = 1_000_000
"""Title and language of a page are looked for so far."""
MAIN_TEXT_CHARS = 5_000_000
MAIN_TEXT_TAGS = 100_000
"""Of a longer page, or one with more tags, all text is taken: finding the main text of it would take minutes."""
MAIN_TEXT_DEPTH = 200
"""So it is of a page with more tags inside each other: the trees in which the main text is looked for end at 253."""
MIN_MAIN_TEXT_CHARS = 250
"""When less than that is found, the page is taken whole: better a menu too many than a paragraph lost."""

_ENDS = (".", "!", "?", "…", "”", '"', "»", "。", "！", "？", "।", "؟")
_BETWEEN = (" -", " –", " —", " |", " ·", " •")
_HTML_LANGUAGE = re.compile(r"<html[^<>]{0,500}?\slang\s{0,9}=\s{0,9}[\"']?([A-Za-z-]{2,12})", re.IGNORECASE)
_ARTICLE_TAG = re.compile(r"(</?)article(?=[ >])")
_HTML_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{1,500})", re.IGNORECASE)


def read_html(source: Source) -> Iterator[RawRecord]:
    """Main text and metadata of a page; all its visible text where no main text stands out, and that of each article
    of a page that holds several."""
    data = source.content()
    page = decode(data, declared_encoding(data)).replace("\0", "")
    visible = shown(page, with_markup=len(page) <= MAIN_TEXT_CHARS)
    articles = articles_of(visible.markup) if _is_small(visible) and visible.markup else []
    if not articles:
        yield _record(source.origin, page, visible)
    elif says_article(page) and not articles[0].fields:  # of which those are parts, as in a live blog
        yield _record(source.origin, page, visible._replace(markup=_ARTICLE_TAG.sub(r"\1div", visible.markup)))
    else:
        around = _record(source.origin, page, visible)
        for number, article in enumerate(articles, 1):
            alone = shown(article.markup, with_markup=True)
            if not alone.text.strip():
                continue
            origin = f"{source.origin}#{number}" if len(articles) > 1 else source.origin
            one = _record(origin, article.markup, alone)
            said = article.fields
            yield one._replace(
                text=alone.text,
                title=article.title or one.title,
                date=said.get("date") or one.date,
                source=said.get("source") or one.source or around.source,
                author=said.get("author") or one.author,
                language=one.language or around.language,
            )


def _is_small(visible: Shown) -> bool:
    return visible.tags <= MAIN_TEXT_TAGS and visible.depth <= MAIN_TEXT_DEPTH


def _record(origin: str, page: str, visible: Shown) -> RawRecord:
    small = _is_small(visible)
    fields = _main_text(visible) if small and visible.markup else {}
    paragraphs = fields.get("paragraphs", [])
    text = "\n\n".join(_below_the_first(paragraphs, visible.captions))
    if len(text) < MIN_MAIN_TEXT_CHARS:
        text = visible.text
    if not text.strip():
        raise NoText("holds no text")
    title, language = (pattern.search(page, 0, HEAD_CHARS) for pattern in (_HTML_TITLE, _HTML_LANGUAGE))
    said = page_fields(page) if small else Fields({}, {})
    known = said.known
    return RawRecord(
        origin=origin,
        text=text,
        title=_without_publisher(
            known.get("title") or fields.get("title") or (html.unescape(title[1]) if title else ""),
            known.get("source") or "",
        ),
        date=known.get("date") or "",
        language=language[1] if language and not _contradicts(text, language[1]) else "",
        source=known.get("source") or fields.get("sitename") or "",
        author=known.get("author") or fields.get("author") or "",
        url=known.get("url") or "",
        extra=said.extra,
    )


def _without_publisher(title: str, publisher: str) -> str:
    """A title without the name of the site behind it, as many pages have it."""
    before = title.removesuffix(publisher).rstrip() if publisher else title
    is_named = before != title and before.endswith(_BETWEEN)
    return (before[:-2].rstrip() or title) if is_named else title


def _below_the_first(paragraphs: Sequence[str], captions: Collection[str]) -> list[str]:
    """The paragraphs, with what pictures above the story are called below the first of it, as its opening tells of day
    and place."""
    prose = (place for place, one in enumerate(paragraphs) if one not in captions and one.endswith(_ENDS))
    first = next(prose, 0)
    above = [one for one in paragraphs[:first] if one in captions]
    return [
        *(one for one in paragraphs[:first] if one not in captions),
        *paragraphs[first:][:1],
        *above,
        *paragraphs[first + 1 :],
    ]


def _contradicts(text: str, language: str) -> bool:
    """Whether the text is surely in another language: many a template says English whatever is written in it."""
    found = sure_language(text)
    return bool(found) and found != language.lower().partition("-")[0]


def _main_text(visible: Shown) -> dict[str, Any]:
    """What is found of a page: its main text in paragraphs, and what it says of itself."""
    from trafilatura import bare_extraction
    from trafilatura.utils import load_html

    tree = load_html(visible.markup)
    if tree is None:
        return {}
    open_boxes(tree)
    found = bare_extraction(
        tree,
        include_comments=False,
        favor_recall=True,
        with_metadata=True,
        date_extraction_params={"original_date": True, "extensive_search": False},
    )
    fields = found if isinstance(found, dict) else found.as_dict() if found else {}
    paragraphs = list(filter(None, map(str.strip, (fields.get("text") or "").split("\n"))))
    return {**fields, "paragraphs": with_surroundings(paragraphs, tree, visible.captions)}
