"""What a web page says of itself to programs: JSON-LD, meta elements, and the dates marked up as such in its body."""

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from askcorpus_ingest.dates import read_date
from askcorpus_ingest.readers.records import Fields, read_fields

if TYPE_CHECKING:
    from lxml.etree import _Element

MOST_DATES = 30
"""Elements that may hold the page's date and are looked at."""

_META = {
    "date": ("article:published_time", "og:article:published_time", "og:published_time", "datepublished", "date",
             "dc.date.issued", "dc.date", "dcterms.date", "dcterms.issued", "dcterms.created", "dc.date.created",
             "citation_publication_date", "citation_date", "pubdate", "publishdate", "publish_date", "publish-date",
             "publication_date", "sailthru.date", "parsely-pub-date", "datecreated"),
    "author": ("author", "article:author", "og:article:author", "dc.creator", "dcterms.creator", "citation_author",
               "parsely-author", "sailthru.author", "byl"),
    "title": ("og:title", "twitter:title", "citation_title", "dc.title", "headline"),
    "source": ("og:site_name", "dc.publisher", "citation_journal_title", "publisher", "application-name"),
    "url": ("og:url", "twitter:url"),
}  # fmt: skip
"""Names of meta elements (``name``, ``property`` or ``itemprop``) that give a field, the surest first."""

_KEPT = ("description", "keywords", "news_keywords", "article:section", "article:modified_time", "geo.placename")
_ARTICLE = re.compile(r"\A(?:.*(?:Article|Posting)|Report|WebPage)\Z", re.IGNORECASE)
_DATED = re.compile(r"\b(?:date|published?|posted|pubdate|timestamp|dateline|byline-date)\b", re.IGNORECASE)
_NOT_THE_ARTICLE = re.compile(r"footer|copyright|sidebar|related|comment|generated|modified|updated|menu|nav|widget")
_BESIDE = re.compile(r"sidebar|related|comment|widget")
_OUTSIDE = {"footer", "aside", "nav"}


def page_fields(page: str) -> Fields:
    """The fields of the document that the page says it is, and what else its head says of it.

    The date is that of the article: not that of a footer, of a page's making or of its last change.
    """
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
    tree = etree.fromstring(page.encode("utf-8", "replace"), parser)
    if tree is None:
        return Fields({}, {})
    linked, meta = _linked_data(tree), _meta(tree)
    known = {name: value for name, value in linked.items() if value}
    for field, names in _META.items():
        for value in (meta[name] for name in names if meta.get(name)):
            if field not in known and not (field == "author" and value.startswith("http")):
                known[field] = value
    if "author" not in known and (author := _card_of_author(tree)):
        known["author"] = author
    known["date"] = next(filter(read_date, _dates(known.get("date", ""), tree)), known.get("date", ""))
    for link in tree.iter("link"):
        if (link.get("rel") or "").lower() == "canonical" and (link.get("href") or "").startswith("http"):
            known["url"] = link.get("href")
    if not known.get("url", "").startswith("http"):
        known.pop("url", None)
    return Fields(known, {name: meta[name] for name in _KEPT if meta.get(name)})


def says_article(page: str) -> bool:
    """Whether the page says that it is one article, whatever is marked as one in it."""
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
    tree = etree.fromstring(page.encode("utf-8", "replace"), parser)
    if tree is None:
        return False
    meta = _meta(tree)
    return meta.get("og:type") == "article" or "article:published_time" in meta or bool(_linked_data(tree))


def _meta(tree: "_Element") -> dict[str, str]:
    """The contents of meta elements by their names, those of one name joined."""
    found: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        name = (element.get("property") or element.get("name") or element.get("itemprop") or "").lower()
        if name and (content := (element.get("content") or "").strip()):
            found.setdefault(name, []).append(content)
    return {name: ", ".join(dict.fromkeys(values)) if "author" in name else values[0] for name, values in found.items()}


def _linked_data(tree: "_Element") -> dict[str, str]:
    """What JSON-LD says of the first article in it."""
    title = (tree.findtext(".//title") or "").strip()
    for script in tree.iter("script"):
        if (script.get("type") or "").lower() != "application/ld+json" or not script.text:
            continue
        try:
            loaded = json.loads(script.text, strict=False)
        except (ValueError, RecursionError):
            continue
        for thing in _things(loaded):
            kinds = thing.get("@type")
            if any(_ARTICLE.fullmatch(str(kind)) for kind in (kinds if isinstance(kinds, list) else [kinds])):
                known = read_fields(thing).known
                name, headline = str(thing.get("name") or ""), html.unescape(known.get("title") or "")
                if name and title.startswith(name) and not (headline and headline in title):
                    known["title"] = name  # as MediaWiki has it, whose headline is a description
                known["date"] = str(thing.get("datePublished") or thing.get("dateCreated") or "")
                return {
                    name: html.unescape(known.get(name, "")) for name in ("title", "date", "author", "source", "url")
                }
    return {}


def _card_of_author(tree: "_Element") -> str:
    """The name on the card (hCard) of an author, which many a blog has and no meta element."""
    for card in tree.iter("span", "div", "address", "p", "a"):
        names = (card.get("class") or "").split()
        if "vcard" in names and any("author" in name for name in names) and not _is_beside(card):
            named = next((one for one in card.iter() if "fn" in (one.get("class") or "").split()), None)
            return " ".join("".join(named.itertext()).split()) if named is not None else ""
    return ""


def _things(loaded: Any) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-LD block: itself, those of a list, those of its graph."""
    for thing in loaded if isinstance(loaded, list) else [loaded]:
        if isinstance(thing, dict):
            yield thing
            graph = thing.get("@graph")
            yield from (one for one in (graph if isinstance(graph, list) else []) if isinstance(one, dict))


def _dates(said: str, tree: "_Element") -> Iterable[str]:
    """The date that the head says, then those that the body marks as one, in their order."""
    if said:
        yield said
    looked_at = 0
    for element in tree.iter("time", "span", "p", "div", "abbr", "small", "li"):
        names = " ".join(element.get(name) or "" for name in ("class", "id", "itemprop"))
        is_outside = _is_beside if element.tag == "abbr" else _is_outside
        if (element.tag == "time" or _DATED.search(names.replace("_", "-"))) and not is_outside(element):
            looked_at += 1
            if looked_at > MOST_DATES:
                return
            said = element.get("datetime") or element.get("content")
            said = said or (element.get("title") if element.tag == "abbr" else "")  # as hAtom has it
            yield said or " ".join("".join(element.itertext()).split())[:60]


def _is_beside(element: "_Element") -> bool:
    """Whether an element that tells of a text in words made for programs tells of another than the article."""
    names = ((one.get("class") or "") + " " + (one.get("id") or "") for one in element.iterancestors())
    return any(map(_BESIDE.search, names))


def _is_outside(element: "_Element") -> bool:
    """Whether an element is no part of the article, or tells when the page was made or changed."""
    for one in (element, *element.iterancestors()):
        if one.tag in ("article", "main", "body") and one is not element:
            return False
        names = " ".join(one.get(name) or "" for name in ("class", "id", "itemprop")).lower()
        if one.tag in _OUTSIDE or _NOT_THE_ARTICLE.search(names):
            return True
    return False
