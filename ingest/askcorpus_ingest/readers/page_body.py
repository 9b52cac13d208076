"""What belongs to an article of a web page and is not taken for its main text: boxes in it, and what stands over it."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

LEAST_BESIDE = 2
"""Paragraphs beside a box in which words stand without one: there are the article's."""
LEAST_CHARS = 20
"""Of what stands over an article: less is the name of a section."""

_BLOCKS = {
    *("address", "article", "aside", "blockquote", "details", "div", "dl", "fieldset", "figure", "footer", "form"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table"),
    *("ul", "button", "iframe", "input", "script", "style", "textarea"),
}
_LEAVES = ("p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "div", "span")
_ENDS = (".", "!", "?", "…", "”", '"', "»", "。", "！", "？", "।", "؟")
_BOX = re.compile(
    r"(?:^|[-_\s])(?:callout|note|info|infobox|facts?|factbox|box|key-?(?:facts|points|figures)|tip|definition"
    r"|background|encadre|kasten|recuadro)(?:$|[-_\s])",
    re.IGNORECASE,
)
_NO_BOX = re.compile(r"relat|promo|newsletter|share|social|widget|sidebar|comment|advert|author|pull", re.IGNORECASE)
_OVER_ARTICLE = re.compile(
    r"standfirst|sub-?(?:head|title|deck)|(?:^|[-_\s])(?:deck|dek|chapo|lede|lead|desc|description|excerpt|intro|summary"
    r"|vorspann|entradilla|sommario|ingress|summary)(?:$|[-_\s])",
    re.IGNORECASE,
)


def open_boxes(tree: "_Element") -> None:
    """Make boxes of an article parts of it: such an aside, a quote that a figure only frames, and words that stand in
    a box among its paragraphs and in no paragraph themselves."""
    for aside in tree.iter("aside"):
        if _BOX.search(_named(aside)) and not _NO_BOX.search(_named(aside)):
            _make(aside, "div")
    for figure in tree.iter("figure"):
        quote = figure.find(".//blockquote")
        if quote is not None and figure.find(".//img") is None and not _NO_BOX.search(_named(figure)):
            _make(figure, "div")
    paragraphs = Counter(paragraph.getparent() for paragraph in tree.iter("p"))
    for box in tree.iter("div"):
        is_among = any(paragraphs[above] >= LEAST_BESIDE for above in islice(box.iterancestors(), 2))
        if is_among and _is_leaf(box) and _words(box).endswith(_ENDS) and box.find(".//a") is None:
            _make(box, "p")
            paragraphs[box.getparent()] += 1


def with_surroundings(paragraphs: Sequence[str], tree: "_Element", captions: Collection[str]) -> list[str]:
    """The paragraphs of an article, each once, with what pictures between them are called, and with what stands below
    its heading and tells what it is about."""
    left = {" ".join(paragraph.split()): place for place, paragraph in enumerate(paragraphs)}
    beside: dict[int, list[str]] = {}
    at, is_below_heading = -1, False
    last = len(paragraphs) - 1
    heading = next(chain(tree.iter("h1"), tree.iter("h2", "h3", "h4")), None)
    for element in tree.iter(*_LEAVES):
        is_below_heading |= element is heading
        if at == last or not _is_leaf(element) or not (words := _words(element)):
            continue
        if (place := left.get(words, -1)) >= 0:
            at = max(at, place)
        elif (
            is_below_heading
            and words not in left
            and (words in captions or (at <= 0 and _is_over_article(element, words)))
        ):
            beside.setdefault(at, []).append(words)
            left[words] = -1
    if at < 0:
        return list(paragraphs)
    return [*beside.get(-1, ()), *_in_their_places(paragraphs, beside)]


def _in_their_places(paragraphs: Sequence[str], beside: dict[int, list[str]]) -> Iterator[str]:
    for place, paragraph in enumerate(paragraphs):
        yield paragraph
        yield from beside.get(place, ())


def _is_over_article(element: "_Element", words: str) -> bool:
    named = _named(element) or _named(element.getparent())
    return len(words) >= LEAST_CHARS and bool(_OVER_ARTICLE.search(named)) and element.find(".//a") is None


def _is_leaf(element: "_Element") -> bool:
    return element.tag in ("p", "li") or all(one.tag not in _BLOCKS for one in element.iterdescendants())


def _words(element: "_Element") -> str:
    return " ".join("".join(element.itertext()).split())


def _named(element: "_Element | None") -> str:
    """What an element is called."""
    names = ("class", "id", "itemprop", "data-component", "data-gu-name")
    return "" if element is None else " ".join(said for name in names if (said := element.get(name)))


def _make(element: "_Element", tag: str) -> None:
    element.tag = tag
    element.attrib.clear()
