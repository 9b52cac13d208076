"""Articles as the systems write them that most sites are made with: what belongs to one is read, once, and no more."""

from pathlib import Path

import pytest

from askcorpus.types import Document
from askcorpus_ingest.documents import read_document
from askcorpus_ingest.readers.dispatch import read_file
from askcorpus_ingest.readers.records import RawRecord

BODY = [
    f"{first} The report goes on for a while, as reports do, and tells of {hours} hours in which nothing was known. "
    f"Its owners did not answer questions on day {hours}, and the ministry spoke of letters that it had sent."
    for hours, first in enumerate(
        (
            "The port of Aal was closed on Monday after a ferry ran aground at the northern pier in thick fog.",
            "Forty-one passengers were brought ashore by lifeboats, and two of them were treated in hospital.",
            "The council set aside 3.4 million euros for dredging in 2024, twice what it had spent before.",
        ),
        start=3,
    )
]
ONE, TWO, THREE = (f"<p>{paragraph}</p>" for paragraph in BODY)
OTHERS = "<ul><li><a href=1>Mayor of Brem resigns over tram contract</a></li><li><a href=2>Storm warning</a></li></ul>"


def read(tmp_path: Path, page: str) -> Document:
    path = tmp_path / "page.html"
    path.write_text(f"<!DOCTYPE html><html lang=en>{page}</html>", encoding="utf-8")
    (record,) = read_file(path)
    assert isinstance(record, RawRecord)
    return read_document(record).document


def paragraphs(document: Document) -> list[str]:
    return document.text.split("\n\n")


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(
            '<div id="attachment_7" class="wp-caption alignright"><img src=b.jpg><p class="wp-caption-text">'
            "The ferry lies on the sands.</p></div>",
            id="wordpress",
        ),
        pytest.param(
            '<div class="thumb tright"><div class="thumbinner"><img><div class="thumbcaption">'
            '<div class="magnify"><a></a></div>The ferry lies on the sands.</div></div></div>',
            id="mediawiki",
        ),
        pytest.param(
            '<table class="tr-caption-container"><tbody><tr><td><a><img></a></td></tr><tr><td class="tr-caption">'
            "The ferry lies on the sands.</td></tr></tbody></table>",
            id="blogger",
        ),
        pytest.param(
            '<figure class="sqs-block-image-figure"><div><img></div><figcaption class="image-caption-wrapper">'
            '<div class="image-caption"><p>The ferry lies on the sands.</p></div></figcaption></figure>',
            id="squarespace",
        ),
        pytest.param(
            '<figure><img><figcaption><span class="media__caption">The ferry lies on the sands.</span> '
            '<span class="media__credit">(Tom Ray/Agency)</span></figcaption></figure>',
            id="arc",
        ),
        pytest.param(
            '<figure><img><figcaption><span class="visually-hidden">Image caption, </span>'
            "<p>The ferry lies on the sands.</p></figcaption></figure>",
            id="read_aloud",
        ),
    ],
)
def test_what_a_picture_is_called_is_read(tmp_path: Path, picture: str) -> None:
    page = f"<body><main><article><h1>Ferry aground</h1>{ONE}{TWO}{picture}{THREE}</article></main></body>"
    told = paragraphs(read(tmp_path, page))
    assert told[-4:] == [BODY[0], BODY[1], "The ferry lies on the sands.", BODY[2]]


def test_what_stands_between_heading_and_article_is_read_where_it_tells_of_it(tmp_path: Path) -> None:
    page = (
        "<body><nav><p class=intro>All the news of the coast, every day.</p></nav><main><h1>Ferry aground</h1>"
        "<div data-gu-name='standfirst'><p>Port closed after the ship lost power in fog.</p></div>"
        "<figure><img><figcaption>The ferry on Monday.</figcaption></figure>"
        "<div class=byline>By Ida Voss, harbour correspondent of the paper</div>"
        f"<article class=b-article-body>{ONE}{TWO}{THREE}</article><section class=teasers>"
        f"<figure><img><figcaption>Another story of another day.</figcaption></figure>{OTHERS}</section></main></body>"
    )
    told = [one for one in paragraphs(read(tmp_path, page)) if one != "Ferry aground"]
    assert told == ["Port closed after the ship lost power in fog.", "The ferry on Monday.", *BODY]


@pytest.mark.parametrize(
    ("box", "words"),
    [
        (
            "<aside class='callout'><h3>Key figures</h3><p>The channel is 9 km long.</p></aside>",
            "channel is 9 km long.",
        ),
        ("<aside class='infobox'><p>The pier was built in 1904.</p></aside>", "The pier was built in 1904."),
        ("<div class='kg-card'><div>💡</div><div class='kg-callout-text'>Built in 1904.</div></div>", "Built in 1904."),
        (
            "<div class='quote-block'><figure><blockquote>“We had warned.”</blockquote><figcaption>— Maria Ott"
            "</figcaption></figure></div>",
            "“We had warned.”\n\n— Maria Ott",
        ),
    ],
    ids=["aside", "infobox", "ghost", "quote"],
)
def test_a_box_in_an_article_is_read(tmp_path: Path, box: str, words: str) -> None:
    page = (
        f"<body><main><article><h1>Ferry aground</h1><section>{ONE}{TWO}{box}{THREE}</section></article></main></body>"
    )
    text = read(tmp_path, page).text
    assert text.count(words) == 1
    assert text.index(BODY[1]) < text.index(words) < text.index(BODY[2])


@pytest.mark.parametrize(
    "box",
    [
        f"<aside class='related-box'><h3>Read more</h3>{OTHERS}</aside>",
        "<aside><svg></svg><blockquote>twice what it had spent before</blockquote></aside>",
        "<figure class='wp-block-pullquote'><blockquote><p>twice what it had spent before</p></blockquote></figure>",
        "<aside class='newsletter-box'><p>News of the coast twice a week.</p></aside>",
    ],
    ids=["related", "aside_pulled", "figure_pulled", "newsletter"],
)
def test_a_box_that_is_none_of_the_article_is_not(tmp_path: Path, box: str) -> None:
    page = (
        f"<body><main><article><h1>Ferry aground</h1><section>{ONE}{TWO}{box}{THREE}</section></article></main></body>"
    )
    assert paragraphs(read(tmp_path, page))[-3:] == BODY


def test_a_page_of_mediawiki_has_its_own_title_and_no_links_for_those_who_write(tmp_path: Path) -> None:
    data = '{"@type": "Article", "name": "Port of Aal", "headline": "harbour in Norland"}'
    heading = "<h2>History<span class='mw-editsection'><span>[</span><a>edit</a><span>]</span></span></h2>"
    page = (
        f"<head><title>Port of Aal - Wikipedia</title><script type='application/ld+json'>{data}</script></head><body>"
        f"<main><h1>Port of Aal</h1><div id=bodyContent><div class=mw-parser-output>{ONE}{heading}{TWO}</div></div>"
    )
    document = read(tmp_path, page)
    assert document.title == "Port of Aal"
    assert "edit" not in document.text and "History\n\n" in document.text


def test_a_headline_is_the_title_where_a_page_is_called_by_its_site_first(tmp_path: Path) -> None:
    data = '{"@type": "NewsArticle", "name": "Aal Post", "headline": "Ferry aground"}'
    head = f"<head><title>Aal Post: Ferry aground</title><script type='application/ld+json'>{data}</script></head>"
    assert read(tmp_path, f"{head}<body><article>{ONE}{TWO}</article></body>").title == "Ferry aground"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Ferry aground — Harbour Society", "Ferry aground"),
        ("Ferry aground | Harbour Society", "Ferry aground"),
        ("News of the Harbour Society", "News of the Harbour Society"),
        ("Harbour Society", "Harbour Society"),
    ],
)
def test_the_name_of_the_site_is_no_part_of_a_title(tmp_path: Path, title: str, expected: str) -> None:
    head = f"<head><meta property='og:title' content='{title}'><meta property='og:site_name' content='Harbour Society'>"
    assert read(tmp_path, f"{head}</head><body><article>{ONE}{TWO}</article></body>").title == expected


def test_a_blog_says_its_day_and_author_on_cards(tmp_path: Path) -> None:
    page = (
        f"<body><div class='post hentry'><h3 class=post-title>Ferry aground</h3><div class=entry-content>{ONE}{TWO}"
        "</div><div class=post-footer><span class='post-author vcard'>Posted by <span class='fn'>Jo Berg</span></span>"
        " at <abbr class='published' title='2023-05-09T09:12:00+02:00'>09:12</abbr></div></div></body>"
    )
    document = read(tmp_path, page)
    assert (document.date, document.author) == ("2023-05-09", "Jo Berg")


def test_names_of_meta_elements_that_papers_write_twice_prefixed(tmp_path: Path) -> None:
    head = (
        "<head><meta property='og:article:published_time' content='2023-05-09T07:00:00+02:00'>"
        "<meta property='og:article:author' content='Zoé Marchand'></head>"
    )
    document = read(tmp_path, f"{head}<body><article>{ONE}{TWO}</article></body>")
    assert (document.date, document.author) == ("2023-05-09", "Zoé Marchand")
