"""The articles of a page that holds several: a database's export, the front page of a blog, a day's archive."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from askcorpus_ingest.readers.europresse import is_of_europresse, take_fields

if TYPE_CHECKING:
    from lxml.etree import _Element

LEAST_PROSE = 150
"""Characters outside of links that an article has: where but one of those side by side has, the others are teasers."""
LEAST_SHARE = 0.5
"""Of the page's characters, so much is the articles' together."""

_UNSEEN = ("script", "style", "noscript", "template")
_ARTICLE_CLASS = re.compile(r"(?:^|\s)(?:article|post|hentry|h-entry)(?:\s|$)")


_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TITLE_CLASS = re.compile(r"titl|titre|titul|headline|schlagzeile", re.IGNORECASE)


class Article(NamedTuple):
    """The markup of an article, what its heading says, and the fields that an export gives of it."""

    markup: str
    title: str
    fields: Mapping[str, str] = MappingProxyType({})


def articles_of(page: str) -> list[Article]:
    """Each article of a page (HTML that is no longer than is read into a tree); none where there is but one.

    Those of an export say that they are some, one alone too. Others stand side by side and hold most of what the page
    shows. Those inside of another are part of it.
    """
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
    tree = etree.fromstring(page.encode("utf-8", "replace"), parser)
    if tree is None:
        return []
    if exported := list(filter(is_of_europresse, tree.iter("article"))):
        return list(map(_exported, exported))
    found = [article for above in tree.iter() for article in _side_by_side(above)]
    lengths = [_length(article) for article in found]
    if len(found) < 2 or sum(lengths) < LEAST_SHARE * _length(tree):
        return []
    return [Article(_markup(article), _heading(article)) for article in found]


def _exported(article: "_Element") -> Article:
    fields = take_fields(article)
    return Article(_markup(article), _heading(article), fields)


def _markup(article: "_Element") -> str:
    from lxml import etree

    return str(etree.tostring(article, encoding="unicode", method="html", with_tail=False))


def _side_by_side(above: "_Element") -> Iterator["_Element"]:
    """The articles among the children of an element, where there are several, and it is not in one itself."""
    articles = [child for child in above if _is_article(child)]
    if len(articles) > 1 and not any(map(_is_article, (above, *above.iterancestors()))):
        lengths = list(map(_prose, articles))
        if sum(length >= LEAST_PROSE for length in lengths) > 1:
            yield from (article for article, length in zip(articles, lengths, strict=True) if length)


def _is_article(element: "_Element") -> bool:
    return element.tag == "article" or (
        element.tag in ("div", "section") and bool(_ARTICLE_CLASS.search(element.get("class") or ""))
    )


def _heading(article: "_Element") -> str:
    named = (one for one in article.iter("*") if _TITLE_CLASS.search(one.get("class") or ""))
    heading = next(article.iter(*_HEADINGS), None)
    if heading is None:
        heading = next(named, None)
    return " ".join("".join(heading.itertext()).split()) if heading is not None else ""


def _length(element: "_Element") -> int:
    """How many characters a reader sees in it, but for blanks around them."""
    shown = (len((one.text or "").strip()) for one in element.iter("*") if one.tag not in _UNSEEN)
    return sum(shown) + sum(len((one.tail or "").strip()) for one in element.iterdescendants("*"))


def _prose(element: "_Element") -> int:
    """How many characters stand outside of links."""
    return _length(element) - sum(map(_length, element.iter("a")))
