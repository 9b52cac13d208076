"""Articles as Europresse exports them, many on a page: what stands around each says its paper, its day and its author.

The names of its elements are those of its exports since 2015.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from askcorpus_ingest.dates import date_within, read_date

if TYPE_CHECKING:
    from lxml.etree import _Element

_PAPER, _LINE, _SECTION, _TITLE = "DocPublicationName", "DocHeader", "DocTitreSousSection", "titreArticle"
_AUTHORS, _BELOW_TITLE = "docAuthors", "sm-margin-bottomNews"
_AROUND = ("footer", "aside")
"""Elements with the rights, the number of the document and what leads elsewhere."""
_NUMBER = re.compile(r"\b\w{2,9}·(\d{8})·")
"""The number of a document: *news·20140303·LM·4376221*."""
_ISSUE = re.compile(r",[^,]*\d.*", re.DOTALL)
_SPACES = re.compile(r"\s+")
_PARTED = re.compile(r"\n|\s{3,}")
LONGEST_AUTHORS = 200


def is_of_europresse(article: "_Element") -> bool:
    """Whether an article is one of an export, and not inside of another."""
    return next(_of_class(article, _PAPER), None) is not None and next(article.iterancestors("article"), None) is None


def take_fields(article: "_Element") -> Mapping[str, str]:
    """The paper, the day and the authors of an article, which are no part of its text from then on."""
    papers, lines = list(_of_class(article, _PAPER)), list(_of_class(article, _LINE))
    authors = list(_of_class(article, _AUTHORS)) or [*_below_title(article)]
    paper = next(filter(str.strip, (text for one in papers for text in one.itertext())), "")
    section = next(_of_class(article, _SECTION), None)
    said = [*map(_text, lines), *(_text(below) for below in (section.itersiblings() if section is not None else ()))]
    number = _NUMBER.search(_text(article))
    dates = [*map(date_within, said), read_date(number[1]) if number else ""]
    fields = {
        "source": _ISSUE.sub("", _PARTED.split(paper.strip())[0]).strip(),
        "date": next(filter(None, dates), ""),
        "author": next((name for one in authors if 0 < len(name := _text(one)) <= LONGEST_AUTHORS), ""),
    }
    for element in (*papers, *lines, *authors, *article.iter(*_AROUND)):
        _remove(element)
    return {name: value for name, value in fields.items() if value}


def _below_title(article: "_Element") -> Iterator["_Element"]:
    """The line below the title, and not one above it that belongs to it."""
    for title in _of_class(article, _TITLE):
        below = title.getnext()
        if below is not None and below.tag == "p" and _BELOW_TITLE in _classes(below):
            yield below


def _of_class(article: "_Element", name: str) -> Iterator["_Element"]:
    return (one for one in article.iter("*") if name in _classes(one))


def _classes(element: "_Element") -> list[str]:
    return (element.get("class") or "").split()


def _text(element: "_Element") -> str:
    return _SPACES.sub(" ", "".join(element.itertext())).strip()


def _remove(element: "_Element") -> None:
    """Take an element away, but not what stands behind it."""
    above, before = element.getparent(), element.getprevious()
    if above is None:
        return
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    elif element.tail:
        above.text = (above.text or "") + element.tail
    above.remove(element)
