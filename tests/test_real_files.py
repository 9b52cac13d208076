"""Files as the programs that people use write them: what is right is in each test, beside what the program writes."""

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from askcorpus.errors import ReadError
from askcorpus.types import Document, locator_at
from askcorpus_ingest.documents import read_document
from askcorpus_ingest.readers.dispatch import read_file, why_passed_over
from askcorpus_ingest.readers.records import RawRecord
from pdfs import pdf, words

PROSE = [
    "The harbour of Lornhaven was closed on Tuesday after a storm broke the northern pier, the port authority said.",
    "Nobody was hurt, said the mayor, Ines Okafor, whose office counted 37 damaged boats along the quay.",
    "Repairs will cost 2.4 million euros and will take six months, the county's chief engineer told reporters.",
    "“We will reopen in summer,” the mayor said at a news conference in the town hall on Wednesday morning.",
]


def read(path: Path, content: str | bytes) -> list[Document]:
    """The documents of a file in which nothing is wrong."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = list(read_file(path))
    assert [one for one in found if not isinstance(one, RawRecord)] == []
    return [read_document(one).document for one in found if isinstance(one, RawRecord)]


def paragraphs(*texts: str) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


# --- when a text was written, and when its file was made


def word_document(*texts: str, created: str) -> bytes:
    """A .docx whose properties say when it was made: what is made from a template says when that was."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    runs = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in texts)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{word}"><w:body>{runs}</w:body></w:document>')
        archive.writestr(
            "docProps/core.xml",
            '<p xmlns:t="http://purl.org/dc/terms/"><t:created>' + created + "</t:created></p>",
        )
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "texts", "date"),
    [
        ("a.docx", ("Harbour closed", "4 May 2023", *PROSE), "2023-05-04"),
        ("a.docx", ("Harbour closed", "By Ada Marsh", "4 May 2023", *PROSE), "2023-05-04"),
        ("2023-05-04-harbour.docx", ("Harbour closed", *PROSE), "2023-05-04"),
        ("a.docx", ("Harbour closed", *PROSE), "2013-12-23"),
        ("December 2013/a.docx", ("Harbour closed", *PROSE), "2013-12-23"),
        ("2013/a.docx", ("Harbour closed", *PROSE), "2013-12-23"),
        ("1998/a.docx", ("Harbour closed", *PROSE), "1998"),
    ],
)
def test_what_a_text_and_its_path_say_goes_before_when_the_file_was_made(
    tmp_path: Path, name: str, texts: tuple[str, ...], date: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    (document,) = read(path, word_document(*texts, created="2013-12-23T23:15:00Z"))
    assert document.date == date


@pytest.mark.parametrize("browser", ["Microsoft Internet Explorer 5", "Mozilla 5.0 (Windows)", "Blink"])
def test_a_page_saved_by_a_browser_is_no_mail_and_has_its_own_date(tmp_path: Path, browser: str) -> None:
    page = (
        f"From: <Saved by {browser}>\r\nSubject: Harbour closed\r\nDate: Thu, 9 Jan 2025 10:00:00 +0200\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Location: http://north.example/harbour\r\n\r\n"
        f"<html><body><h1>Harbour closed</h1><p>4 May 2023</p>{paragraphs(*PROSE)}</body></html>\r\n--x--\r\n"
    )
    (document,) = read(tmp_path / "a.mht", page)
    assert (document.date, document.author, document.url) == ("2023-05-04", "", "http://north.example/harbour")


# --- web pages


def test_what_is_struck_out_is_no_text(tmp_path: Path) -> None:
    """Else the price of 2.4 million, corrected from 3, is told as 32.4."""
    for struck in ("<del>3</del>", "<s>3</s>", "<strike><b>3</b></strike>"):
        page = f"<html><body><p>It costs {struck}<ins>2.4</ins> million euros.</p></body></html>"
        (document,) = read(tmp_path / "a.html", page)
        assert document.text == "It costs 2.4 million euros."


def test_the_mark_of_a_note_is_no_figure_of_a_number(tmp_path: Path) -> None:
    """As e-books have it: a link that only a style sheet sets high, here after a year."""
    for said in ('epub:type="noteref"', 'role="doc-noteref"'):
        page = f'<html><body><p>It was built in 1921<a {said} href="#n1">1</a> by Hansen.</p></body></html>'
        (document,) = read(tmp_path / "a.html", page)
        assert document.text == "It was built in 1921 by Hansen."


def test_a_page_laid_out_by_a_table_keeps_its_paragraphs(tmp_path: Path) -> None:
    """As pages were made until 2005; a menu in the first column."""
    page = (
        "<HTML><HEAD><TITLE>Harbour closed</TITLE></HEAD><BODY><TABLE><TR><TD><A HREF=/>Home</A><BR><A HREF=/s>Sport"
        f"</A></TD><TD><FONT SIZE=5><B>Harbour closed</B></FONT><P>{'<P>'.join(PROSE)}</TD></TR></TABLE></BODY></HTML>"
    )
    (document,) = read(tmp_path / "a.html", page)
    assert document.text.split("\n\n") == ["Harbour closed", *PROSE]


CAPTION = "The ferry Ragna sank in the outer harbour on Monday"


@pytest.mark.parametrize(
    "figure",
    [
        f"<figure><img src=a.jpg><figcaption>{CAPTION}.</figcaption></figure>",
        f"<figure><a href=a.jpg><img src=a.jpg></a><figcaption><p>{CAPTION}.</p></figcaption></figure>",
        f"<figure><figcaption>{CAPTION}.<small>© Ada Marsh / Coast</small></figcaption></figure>",
        f"<figure><figcaption>{CAPTION}. <span class='photo-credit'>Ada Marsh / Coast</span></figcaption></figure>",
        f"<figure><figcaption>{CAPTION}.</figcaption><div itemprop='copyrightHolder'>Ada Marsh</div></figure>",
        f"<div><figcaption>{CAPTION}.</figcaption></div>",
        f"<figure><div><figure><figcaption>{CAPTION}.</figcaption></figure></div></figure>"
        f"<figure><figcaption>{CAPTION}.</figcaption></figure>",
    ],
    ids=["plain", "paragraph", "small print", "credit", "credit beside it", "no figure", "figure in a figure"],
)
def test_what_a_picture_is_called_is_a_sentence_of_its_own(tmp_path: Path, figure: str) -> None:
    """And who took it is none, where the page says that it is that."""
    page = f"<html><body><article><h1>Harbour closed</h1>{paragraphs(*PROSE[:2])}{figure}{paragraphs(*PROSE[2:])}"
    (document,) = read(tmp_path / "a.html", f"{page}</article></body></html>")
    assert document.text.split("\n\n") == ["Harbour closed", *PROSE[:2], f"{CAPTION}.", *PROSE[2:]]


def test_a_table_in_a_figure_is_told_as_any_other(tmp_path: Path) -> None:
    """As WordPress writes each of them."""
    rows = (
        "<tr><th>Year</th><th>Boats</th></tr><tr><td>2020</td><td class=credit>31</td></tr>"
        "<tr><td>2021</td><td><small>37</small></td></tr>"
    )
    table = f"<table class=credit>{rows}</table>"
    figure = f"<figure class=wp-block-table>{table}<figcaption>Boats by year.</figcaption></figure>"
    page = f"<html><body><article>{paragraphs(*PROSE[:2])}{figure}{paragraphs(*PROSE[2:])}</article></body></html>"
    (document,) = read(tmp_path / "a.html", page)
    told = ["Year: 2020, Boats: 31.", "Year: 2021, Boats: 37.", "Boats by year."]
    assert document.text.split("\n\n") == [*PROSE[:2], *told, *PROSE[2:]]


def test_a_picture_above_the_story_does_not_hide_its_dateline(tmp_path: Path) -> None:
    story = f"LORNHAVEN (AFP) – {PROSE[0]}"
    page = (
        f"<html><body><article><h1>Harbour closed</h1><figure><img src=a.jpg><figcaption>{CAPTION}.</figcaption>"
        f"</figure><p>4 May 2023</p>{paragraphs(story, *PROSE[1:])}</article></body></html>"
    )
    (document,) = read(tmp_path / "a.html", page)
    assert (document.date, document.place, document.source) == ("2023-05-04", "LORNHAVEN", "AFP")
    assert document.text.split("\n\n") == ["Harbour closed", "4 May 2023", story, f"{CAPTION}.", *PROSE[1:]]


EUROPRESSE = "".join(
    f'<article><header><span class="DocPublicationName">{paper}</span><p class="titreArticleVisu">{title}</p></header>'
    f'<section><div class="docOcurrContainer">{paragraphs(*texts)}</div></section></article>'
    for paper, title, texts in (
        ("North", "Harbour", PROSE),
        ("Coast", "Ferry", PROSE[::-1]),
        ("Rill", "Foggy", ["Fog."]),
    )
)
FACTIVA = "".join(
    f'<div class="article enArticle"><div id="hd"><span class="enHeadline">{title}</span></div><div>By Ada Marsh</div>'
    f"<div>312 words</div><div>{day} May 2023</div><div>North</div>{paragraphs(*PROSE)}</div>"
    for title, day in (("Harbour", 4), ("Ferry", 5), ("Foggy", 6))
)
BLOG = "<main>" + "".join(
    f'<article class="post-{day} hentry"><h2><a href="/{day}">{title}</a></h2><time datetime="2023-05-0{day}">x</time>'
    f"{paragraphs(*PROSE)}</article>"
    for title, day in (("Harbour", 4), ("Ferry", 5), ("Foggy", 6))
)


@pytest.mark.parametrize(
    ("page", "titles", "dates", "papers"),
    [
        (EUROPRESSE, ["Harbour", "Ferry", "Foggy"], ["", "", ""], {"North", "Coast", "Rill"}),
        (FACTIVA, ["Harbour", "Ferry", "Foggy"], ["2023-05-04", "2023-05-05", "2023-05-06"], {"Export"}),
        (BLOG, ["Harbour", "Ferry", "Foggy"], ["2023-05-04", "2023-05-05", "2023-05-06"], {"Export"}),
    ],
    ids=["Europresse", "Factiva", "blog"],
)
def test_each_article_of_a_page_of_several_is_a_document(
    tmp_path: Path, page: str, titles: list[str], dates: list[str], papers: set[str]
) -> None:
    head = '<html lang="en"><head><meta property="og:site_name" content="Export"></head>'
    found = read(tmp_path / "a.html", f"{head}<body>{page}</body></html>")
    assert [one.title for one in found] == titles
    assert [one.date for one in found] == dates
    assert [one.origin for one in found] == [f"{tmp_path}/a.html#{number}" for number in (1, 2, 3)]
    assert {one.source for one in found} == papers
    assert all(PROSE[0] in one.text for one in found[:2])


def exported(paper: str, line: str, *texts: str, below: str = "", number: str = "") -> str:
    """An article as Europresse exports it."""
    return (
        f'<article><header><div class="rdp__DocPublicationName"><span class="DocPublicationName">{paper}</span></div>'
        f'<div><span class="DocHeader">{line}</span></div><div class="titreArticle"><p class="sm-margin-TopNews '
        f'titreArticleVisu rdp__articletitle">Harbour closed</p></div>{below}</header><section><div class="DocText '
        f'clearfix"><div class="docOcurrContainer">{paragraphs(*texts)}</div></div></section><footer><small>© 2014 '
        f'{paper}. Tous droits réservés.</small><div class="publiC-lblNodoc">{number}</div></footer></article>'
    )


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("lundi 3 mars 2014", "2014-03-03"),
        ("Une, lundi 3 mars 2014, p. 5", "2014-03-03"),
        ("Seine-Saint-Denis, samedi 1er mars 2014 1234 mots, p. 93_T_17", "2014-03-01"),
        ("dimanche 2 mars 2014 - 10:00 -0500", "2014-03-02"),
        ("World, Friday, November 13, 2015", "2015-11-13"),
        ("Montag, 3. März 2014, S. 5", "2014-03-03"),
        ("Portada, lunes, 3 de marzo de 2014", "2014-03-03"),
        ("lunedì 3 marzo 2014, p. 1,2", "2014-03-03"),
        ("segunda-feira, 3 de março de 2014", "2014-03-03"),
        ("Mensuel, mars 2014, p. 12-13", "2014-03"),
        ("Dossier 2000, p. 1914", ""),
    ],
)
def test_an_article_of_europresse_is_of_the_day_and_the_paper_that_it_names(
    tmp_path: Path, line: str, date: str
) -> None:
    """What says so is no part of its text, nor are the rights: what is quoted is the article."""
    below = '<p class="sm-margin-bottomNews">MARSH Ada; OTT Ben</p>'
    page = exported("Le Monde, no. 21480", line, *PROSE, below=below) + exported("La Rill (site web)", "", PROSE[1])
    first, second = read(tmp_path / "2022-02-02.html", f'<html lang="fr"><body>{page}</body></html>')
    assert (first.source, first.date, first.author) == ("Le Monde", date, "MARSH Ada; OTT Ben")
    assert first.text.split("\n\n") == ["Harbour closed", *PROSE]
    assert (second.source, second.date, second.author) == ("La Rill (site web)", "", "")
    assert second.text.split("\n\n") == ["Harbour closed", PROSE[1]]


def test_the_only_article_of_an_export_has_its_day_by_its_number_where_no_line_says_it(tmp_path: Path) -> None:
    page = exported("Les Echos", "p. 5", *PROSE, number="news·20140303·EC·0203347")
    (document,) = read(tmp_path / "a.html", f"<html><body>{page}</body></html>")
    assert (document.title, document.source, document.date) == ("Harbour closed", "Les Echos", "2014-03-03")
    assert document.origin == f"{tmp_path}/a.html"


def test_the_posts_of_a_live_blog_are_one_article(tmp_path: Path) -> None:
    posts = "".join(f"<article class='post'><h3>{n}.00</h3>{paragraphs(*PROSE)}</article>" for n in range(10, 14))
    head = '<head><meta property="og:type" content="article"><title>Storm live</title></head>'
    (document,) = read(tmp_path / "a.html", f"<html>{head}<body><main><h1>Storm live</h1>{posts}</main></body></html>")
    assert document.title == "Storm live"
    assert all(f"{n}.00" in document.text for n in range(10, 14))


def test_teasers_beside_an_article_are_no_documents(tmp_path: Path) -> None:
    teasers = "".join(f"<article><h3><a href='/{n}'>{PROSE[n]}</a></h3></article>" for n in range(4))
    page = f"<html><body><article><h1>Harbour</h1>{paragraphs(*PROSE)}</article>{teasers}</body></html>"
    (document,) = read(tmp_path / "a.html", page)
    assert document.origin == f"{tmp_path}/a.html"


# --- mail


def mail(**headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in {"From": "Ada <ada@north.example>", "Date": "Thu, 04 May 2023 10:00:00 +0200"}.items():
        message[name] = headers.get(name, value)
    message["Subject"] = headers.get("Subject", "Pier")
    return message


def test_a_stub_of_plain_text_does_not_hide_the_message(tmp_path: Path) -> None:
    message = mail()
    message.set_content("Your e-mail program does not show HTML. Read this message at https://north.example/1.\n")
    message.add_alternative(f"<html><body>{paragraphs(*PROSE)}</body></html>", subtype="html")
    (document,) = read(tmp_path / "a.eml", message.as_bytes())
    assert document.text.split("\n\n") == PROSE
    message = mail()
    message.set_content("\n\n".join(PROSE))
    message.add_alternative(f"<html><body><p>Menu</p>{paragraphs(*PROSE)}<p>Unsubscribe</p></body></html>", "html")
    (document,) = read(tmp_path / "b.eml", message.as_bytes())
    assert document.text.split("\n\n") == PROSE


def test_a_name_with_a_comma_is_whole(tmp_path: Path) -> None:
    for name in ("=?utf-8?Q?M=C3=BCller=2C_Hans?=", '"Müller, Hans"', "=?utf-8?B?TcO8bGxlciwgSGFucw==?="):
        raw = f"From: {name} <h@stadt.example>\nSubject: Pier\nDate: Thu, 04 May 2023 10:00:00 +0200\n\nClosed.\n"
        (document,) = read(tmp_path / "a.eml", raw)
        assert document.author == "Müller, Hans"


def test_the_files_of_apple_mail_are_read(tmp_path: Path) -> None:
    """Each begins with the length of its message, and ends with what the program notes of it."""
    message = b"From: Ada <ada@north.example>\nDate: Thu, 04 May 2023 10:00:00 +0200\nSubject: Pier\n\nClosed.\n"
    notes = b'<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0"><dict/></plist>\n'
    path = tmp_path / "1234.emlx"
    (document,) = read(path, b"%-10d\n" % len(message) + message + notes)
    assert why_passed_over(path) is None
    assert (document.title, document.author, document.date, document.text) == ("Pier", "Ada", "2023-05-04", "Closed.")


def test_a_sentence_in_a_quoted_reply_is_told_without_the_marks_of_its_lines(tmp_path: Path) -> None:
    raw = (
        "From: Ada <ada@north.example>\nDate: Fri, 05 May 2023 10:00:00 +0200\nSubject: Re: Pier\n\n"
        "I do not agree.\n\nOn Thu, May 4, 2023, Bo Lund <bo@north.example> wrote:\n\n"
        "> The pier was built in 1921 by the company Hansen and it has never been\n"
        "> repaired since the war ended.\n>\n> > Who pays for it?\n>> The county must pay all\n> > of the costs.\n"
        "> Bo\n"
    )
    (document,) = read(tmp_path / "a.eml", raw)
    assert document.text.split("\n\n")[2:] == [
        "> The pier was built in 1921 by the company Hansen and it has never been\nrepaired since the war ended.",
        ">> Who pays for it?\nThe county must pay all\nof the costs.",
        "> Bo",
    ]


# --- places, and what is beside the text


def book(page: str, navigation: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", '<container><rootfile full-path="a.opf"/></container>')
        archive.writestr(
            "a.opf",
            '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
            '<item id="n" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
            '<item id="p" href="p.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="p"/></spine></package>',
        )
        archive.writestr("p.xhtml", page)
        archive.writestr(
            "nav.xhtml",
            '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>'
            f"{navigation}</body></html>",
        )
    return data.getvalue()


def test_chapters_of_a_book_that_share_a_page_are_told_apart(tmp_path: Path) -> None:
    page = (
        '<html xmlns="http://www.w3.org/1999/xhtml"><body><div id="c1"><h1>The pier</h1><p>It was built in 1921.</p>'
        '</div><div class="x" id=\'c2\'><h1>The storm</h1><p>It <a id="p7"/>broke.</p></div></body></html>'
    )
    navigation = (
        '<nav epub:type="page-list"><ol><li><a href="p.xhtml#p7">7</a></li></ol></nav><nav epub:type="toc"><ol>'
        '<li><a href="p.xhtml#c1">The pier</a></li><li><a href="p.xhtml#c2">The storm</a></li></ol></nav>'
    )
    (document,) = read(tmp_path / "a.epub", book(page, navigation))
    assert document.text == "The pier\n\nIt was built in 1921.\n\nThe storm\n\nIt broke."
    assert locator_at(document.marks, document.text.index("built")) == {"chapter": "The pier"}
    assert locator_at(document.marks, document.text.index("broke")) == {"chapter": "The storm"}


def test_lines_that_roll_over_a_screen_are_told_once(tmp_path: Path) -> None:
    """As YouTube writes its own subtitles: each line stays while the next one comes."""
    content = (
        "WEBVTT\n\n00:00:00.160 --> 00:00:02.389 align:start position:0%\n \nthe<00:00:00.400><c> harbour</c>\n\n"
        "00:00:02.389 --> 00:00:02.399 align:start position:0%\nthe harbour\n \n\n"
        "00:00:02.399 --> 00:00:05.030 align:start position:0%\nthe harbour\nwas<00:00:02.639><c> closed</c>\n\n"
        "00:00:05.030 --> 00:00:05.040 align:start position:0%\nwas closed\n \n\n"
        "00:00:05.040 --> 00:00:07.000 align:start position:0%\nwas closed\non<00:00:05.200><c> tuesday</c>\n"
    )
    (document,) = read(tmp_path / "a.vtt", content)
    assert document.text == "the harbour\nwas closed\non tuesday"
    assert locator_at(document.marks, document.text.index("was")) == {"time": "00:00:02"}


def pdf_with(catalog: str, page: str, *objects: str) -> bytes:
    """A PDF of one page that says "Form.", with these objects from the sixth on."""
    content = "BT /F 12 Tf 60 700 Td (Form.) Tj ET"
    bodies = [
        f"<</Type/Catalog/Pages 2 0 R{catalog}>>",
        "<</Type/Pages/Kids[4 0 R]/Count 1>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>/Contents 5 0 R" + page + ">>",
        f"<</Length {len(content)}>>stream\n{content}\nendstream\n",
        *objects,
    ]
    written = "\n".join(f"{number} 0 obj{body}endobj" for number, body in enumerate(bodies, 1))
    return f"%PDF-1.5\n{written}\ntrailer<</Root 1 0 R>>\n%%EOF".encode()


def test_what_is_filled_into_a_form_and_written_over_a_page_is_read(tmp_path: Path) -> None:
    field = "<</Type/Annot/Subtype/Widget/Rect[0 0 9 9]/FT/Tx/T(owner)/TU(Owner of the boat)/V(Jonas Kettering)>>"
    choice = "<</Type/Annot/Subtype/Widget/Rect[0 0 9 9]/FT/Ch/T(port)/V(Rill)>>"
    empty = "<</Type/Annot/Subtype/Widget/Rect[0 0 9 9]/FT/Tx/T(empty)>>"
    written = "<</Type/Annot/Subtype/FreeText/Rect[0 0 9 9]/Contents(Paid on 4 May)>>"
    link = "<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/Contents(A link)>>"
    annotated = "/Annots[6 0 R 7 0 R 8 0 R 9 0 R 10 0 R]"
    (document,) = read(tmp_path / "a.pdf", pdf_with("", annotated, field, choice, empty, written, link))
    assert document.text.split("\n\n") == [
        "Form.",
        "Owner of the boat: Jonas Kettering",
        "port: Rill",
        "Paid on 4 May",
    ]
    assert locator_at(document.marks, document.text.index("Kettering")) == {"page": "1"}


def test_what_is_ticked_in_a_form_is_read(tmp_path: Path) -> None:
    """A choice among buttons by what it stands for, a box by its name; what is not ticked is not told. Names and
    values may be those of a field that a field is a part of."""
    look = "<</N<</Yes 5 0 R/Off 5 0 R>>>>"
    widget = "<</Type/Annot/Subtype/Widget/Rect[0 0 9 9]"
    objects = [
        f"{widget}/FT/Btn/T(insured)/TU(The boat is insured)/V/Yes/AS/Yes/AP{look}>>",
        f"{widget}/FT/Btn/T(sunk)/V/Off/AS/Off/AP{look}>>",
        "<</FT/Btn/Ff 49152/T(damage)/V/1/Opt[(none)(heavy)]/Kids[9 0 R 10 0 R]>>",
        f"{widget}/Parent 8 0 R/AS/Off/AP<</N<</0 5 0 R/Off 5 0 R>>>>>>",
        f"{widget}/Parent 8 0 R/AS/1/AP<</N<</1 5 0 R/Off 5 0 R>>>>>>",
        "<</FT/Tx/T(owner)/V(Jonas Kettering)/Kids[12 0 R]>>",
        f"{widget}/Parent 11 0 R>>",
        f"{widget}/FT/Btn/Ff 65536/T(send)/MK<</CA(Send)>>>>",
    ]
    form = "/AcroForm<</Fields[6 0 R 7 0 R 8 0 R 11 0 R 13 0 R]>>"
    annotated = "/Annots[6 0 R 7 0 R 9 0 R 10 0 R 12 0 R 13 0 R]"
    (document,) = read(tmp_path / "a.pdf", pdf_with(form, annotated, *objects))
    assert document.text.split("\n\n") == [
        "Form.",
        "The boat is insured: Yes",
        "damage: heavy",
        "owner: Jonas Kettering",
    ]


def test_files_attached_to_a_pdf_are_read(tmp_path: Path) -> None:
    catalog = "/Names<</EmbeddedFiles<</Names[(a)6 0 R]>>>>"
    told = "The council rebuilds the pier."
    attached = "<</Type/Filespec/F(minutes.txt)/EF<</F 7 0 R>>>>"
    file = f"<</Type/EmbeddedFile/Length {len(told)}>>stream\n{told}\nendstream\n"
    around, inside = read(tmp_path / "a.pdf", pdf_with(catalog, "", attached, file))
    assert (around.text, inside.text) == ("Form.", told)
    assert inside.origin == f"{tmp_path}/a.pdf#minutes.txt"


# --- what archives of messengers, papers and scholars hold

ANDROID = """\
30/04/2023, 21:14 - Messages and calls are end-to-end encrypted. No one outside of this chat can read them.
30/04/2023, 21:14 - Ada Marsh: The pier is broken.
Nobody was hurt.
30/04/2023, 21:15 - Ada Marsh: <Media omitted>
02/05/2023, 08:05 - +47 912 34 567: 37 boats: who counted?
02/05/2023, 08:06 - Ada Marsh joined using this group's invite link
02/05/2023, 08:07 - Ada Marsh: The mayor.
"""
IPHONE = """\
[30.04.23, 21:14:02] Harbour: \u200eMessages and calls are end-to-end encrypted.
[30.04.23, 21:14:10] Ada Marsh: The pier is broken.
Nobody was hurt.
\u200e[30.04.23, 21:15:00] Ada Marsh: \u200eimage omitted
[02.05.23, 08:05:59] +47 912 34 567: 37 boats: who counted?
[02.05.23, 08:07:00] Ada Marsh: The mayor.
"""
AMERICAN = """\
4/30/23, 9:14\u202fPM - Ada Marsh: The pier is broken.
Nobody was hurt.
5/2/23, 8:05\u202fAM - +47 912 34 567: 37 boats: who counted?
5/2/23, 8:07\u202fAM - Ada Marsh: The mayor.
"""


@pytest.mark.parametrize(
    "chat",
    [
        ANDROID,
        IPHONE,
        AMERICAN,
        ANDROID.replace(", ", " à "),
        ANDROID.replace("30/04/2023", "2023-04-30").replace("02/05/2023", "2023-05-02"),
        IPHONE.replace("30.04.23", "2023-04-30").replace("02.05.23", "2023-05-02").replace("\n", "\r\n"),
    ],
    ids=["Android", "iPhone", "American", "French", "Swedish", "Canadian iPhone"],
)
def test_a_day_of_a_chat_is_a_document(tmp_path: Path, chat: str) -> None:
    """What the program says itself, and that there was a picture, is no message."""
    first, second = read(tmp_path / "WhatsApp Chat with Harbour.txt", chat)
    assert (first.date, second.date) == ("2023-04-30", "2023-05-02")
    assert first.title == second.title == "WhatsApp Chat with Harbour"
    assert first.text == "Ada Marsh: The pier is broken.\nNobody was hurt."
    assert second.text == "+47 912 34 567: 37 boats: who counted?\n\nAda Marsh: The mayor."
    assert locator_at(first.marks, 0) == {"time": "21:14"}
    assert locator_at(second.marks, second.text.index("The mayor")) == {"time": "08:07"}


def test_of_a_chat_whose_days_may_be_months_only_the_year_is_sure(tmp_path: Path) -> None:
    said = "05/06/2023, 10:00 - Ada: Yes.\n05/06/2023, 10:01 - Ben: No.\n"
    (document,) = read(tmp_path / "_chat.txt", said)
    assert (document.date, document.title) == ("2023", "Ada: Yes.")
    later = said + "04/07/2023, 10:00 - Ada: Maybe.\n"  # which is no month before
    assert [one.date for one in read(tmp_path / "_chat.txt", later)] == ["2023-06-05", "2023-07-04"]


@pytest.mark.parametrize(
    "text",
    [
        "2023-05-04 10:00:00 - INFO: The pier is broken.\n2023-05-04 10:00:01 - INFO: It is not.\n",
        "04/05/2023, 10:00 - The pier is broken.\n04/05/2023, 10:05 - It is not.\n",
        "04.05.2023, 10:00 - Brunsee: The pier is broken.\n04.05.2023, 10:05 - It is mended, the mayor said.\n",
        "2023-05-04 10:00 - Rain. We stayed: nobody came.\n2023-05-05 10:05 - Sun.\n2023-05-06 09:00 - We sailed.\n",
        "04/05/2023, 10:00 - Ada: The pier is broken.\n",
        "The chat:\n04/05/2023, 10:00 - Ada: The pier is broken.\n04/05/2023, 10:01 - Ben: No.\n",
    ],
    ids=["log", "nobody speaks", "a ticker", "a diary", "one line", "a text before it"],
)
def test_a_text_with_times_in_it_is_no_chat(tmp_path: Path, text: str) -> None:
    (document,) = read(tmp_path / "a.txt", text)
    assert document.text == text.strip()


RIS = """\
TY  - NEWS
TI  - Le port est fermé
AU  - Marsh, Ada
AU  - Ott, Ben
T2  - Le Monde
PY  - 2014
DA  - 2014/03/03/
AB  - The pier is broken.
It is closed.
KW  - harbour
KW  - storm
UR  - https://north.example/a
ER  -

TY  - BOOK
T1  - A history of the harbour
Y1  - 1998///
ER  -
"""
BIBTEX = r"""
@comment{Exported, by Zotero}
@string{lm = "Le Monde"}
@article{marsh_port_2014,
  title = {Le port est ferm{\'e}},
  author = {Marsh, Ada and Ott, Ben},
  journal = lm # {},
  date = {2014-03-03},
  abstract = {The pier is {broken}.
    It is closed.},
  keywords = {harbour, storm},
  url = {https://north.example/a},
}
@Book(history, title = "A history of the {H}arbour \& Sm{\o}gen \"{u}ber \c{c}a", year = 1998, month = mar)
"""
ICS = """\
BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
DTSTART;TZID=Europe/Oslo:20140303T180000
DTEND;TZID=Europe/Oslo:20140303T193000
SUMMARY:Council meets\\, in public
LOCATION:Town hall
ORGANIZER;CN="Ada Marsh":mailto:ada@north.example
DESCRIPTION:The pier is broken.\\nThe council decides wh
 ether to rebuild it.
BEGIN:VALARM
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20140517
SUMMARY:Holiday
DESCRIPTION:No ferry.\u2028No bus.
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("a.ris", RIS, "A history of the harbour"),
        ("a.txt", RIS, "A history of the harbour"),
        ("a.ris", RIS.replace("ER  -\n", ""), "A history of the harbour"),
        ("a.bib", BIBTEX, "A history of the Harbour & Smøgen über ça"),
    ],
)
def test_a_reference_is_a_document(tmp_path: Path, name: str, content: str, title: str) -> None:
    """Its text is the abstract; of one without an abstract, the title."""
    first, second = read(tmp_path / name, content)
    assert (first.title, first.date, first.author) == ("Le port est fermé", "2014-03-03", "Marsh, Ada; Ott, Ben")
    assert " ".join(first.text.split()) == "The pier is broken. It is closed."
    assert (first.url, first.extra) == ("https://north.example/a", {"keywords": "harbour, storm"})
    assert (second.title, second.text, second.date[:4]) == (title, title, "1998")


def test_an_event_of_a_calendar_is_a_document(tmp_path: Path) -> None:
    meeting, holiday = read(tmp_path / "a.ics", ICS)
    assert (meeting.title, meeting.date, meeting.place) == ("Council meets, in public", "2014-03-03", "Town hall")
    assert meeting.author == "Ada Marsh"
    assert meeting.text == (
        "Council meets, in public, Start: 2014-03-03 18:00, End: 2014-03-03 19:30, Location: Town hall, "
        "Organizer: Ada Marsh.\n\nThe pier is broken.\nThe council decides whether to rebuild it."
    )
    assert (holiday.title, holiday.date) == ("Holiday", "2014-05-17")
    assert holiday.text.startswith("Holiday, Start: 2014-05-17.\n\nNo ferry.") and holiday.text.endswith("No bus.")


def test_names_that_stand_for_words_are_told_as_these(tmp_path: Path) -> None:
    """Of BibTeX (``@string``), joined with others and in any case, and in names themselves."""
    (found,) = read(
        tmp_path / "a.bib",
        '@string{jp = "Journal"}\n@STRING(jop = jp # " of {Ports}")\n@comment{x}\n'
        '@article{a, title = "Notes: " # JOP # { again}, journal = jop, year = 2004, abstract = {Up by 41\\,\\%.}}',
    )
    assert (found.title, found.source, found.text) == (
        "Notes: Journal of Ports again",
        "Journal of Ports",
        "Up by 41 %.",
    )


def test_names_that_stand_for_too_much_are_named(tmp_path: Path) -> None:
    """Each stands for the one before ten times."""
    path = tmp_path / "a.bib"
    names = "".join(f"@string{{n{place} = {' # '.join([f'n{place - 1}'] * 10)}}}\n" for place in range(1, 30))
    path.write_text(f'@string{{n0 = "ten letter"}}\n{names}@misc{{a, title = n29}}')
    with pytest.raises(ReadError, match="stands for too much"):
        list(read_file(path))


@pytest.mark.parametrize("name", ["a.enw", "a.txt"])
def test_references_as_endnote_writes_them_are_documents(tmp_path: Path, name: str) -> None:
    """As Google Scholar has them, too."""
    first, second = read(
        tmp_path / name,
        "%0 Journal Article\n%A Ott, Maria\n%A Berg, Jo\n%D 2004\n%J Journal of Ports\n"
        "%X The port was closed\nin May.\n\n"
        "%0 Book\n%A Berg, Jo\n%T Harbours of Norland\n%D 2005\n%I Quay Press\n",
    )
    assert (" ".join(first.text.split()), first.author, first.source) == (
        "The port was closed in May.",
        "Ott, Maria; Berg, Jo",
        "Journal of Ports",
    )
    assert (second.title, second.date, second.source) == ("Harbours of Norland", "2005", "Quay Press")


def test_a_task_and_a_note_of_a_calendar_are_documents(tmp_path: Path) -> None:
    task, note = read(
        tmp_path / "a.ics",
        "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:Pay the pilots\nDUE:20230601\nDESCRIPTION:All 41 of them.\nEND:VTODO\n"
        "BEGIN:VJOURNAL\nSUMMARY:Log\nDTSTART:20230509\nDESCRIPTION:Fog at the pier.\nEND:VJOURNAL\nEND:VCALENDAR\n",
    )
    assert (task.text, task.date) == ("Pay the pilots, Due: 2023-06-01.\n\nAll 41 of them.", "2023-06-01")
    assert (note.text, note.date) == ("Log, Start: 2023-05-09.\n\nFog at the pier.", "2023-05-09")


@pytest.mark.parametrize(
    ("name", "content", "text", "author"),
    [
        (
            "facebook.json",
            '{"messages": [{"sender_name": "Andr\\u00c3\\u00a9", "timestamp_ms": 1683187200000, "content":'
            ' "Le port est ferm\\u00c3\\u00a9, dit l\\u00e2\\u0080\\u0099autorit\\u00c3\\u00a9."}]}',
            "Le port est fermé, dit l’autorité.",
            "André",
        ),
        ("slack.json", '[{"type": "message", "text": "É closed.", "ts": "1683187200.000100"}]', "É closed.", ""),
        (
            "tweets.js",
            'window.YTD.tweets.part0 = [{"tweet": {"id_str": "7", "full_text": "Closed &amp; broken.", "created_at":'
            ' "Thu May 04 20:19:24 +0000 2023"}}]',
            "Closed & broken.",
            "",
        ),
        ("reddit.jsonl", '{"author": "ada", "created_utc": 1683187200, "selftext": "Closed."}', "Closed.", "ada"),
        (
            "nyt.json",
            '{"response": {"docs": [{"abstract": "Pier.", "lead_paragraph": "Closed.", "headline": {"main": "Pier"},'
            ' "pub_date": "2023-05-04T10:00:00+0000", "byline": {"original": "By Ada"}}]}}',
            "Closed.",
            "By Ada",
        ),
        (
            "guardian.json",
            '{"response": {"results": [{"webPublicationDate": "2023-05-04T10:00:00Z", "webTitle": "Pier", "fields": {'
            '"bodyText": "Closed.", "byline": "Ada"}}]}}',
            "Closed.",
            "Ada",
        ),
    ],
    ids=lambda value: value if str(value).endswith(("json", "js", "jsonl")) else "",
)
def test_exports_of_messengers_and_papers(tmp_path: Path, name: str, content: str, text: str, author: str) -> None:
    (document,) = read(tmp_path / name, content)
    assert (document.text, document.author, document.date) == (text, author, "2023-05-04")


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ("<pub-date><day>4</day><month>5</month><year>2023</year></pub-date>", "2023-05-04"),
        ("<pub-date><month>May</month><year>2023</year></pub-date>", "2023-05"),
        ("<pub-date><year>2023</year></pub-date>", "2023"),
        ("<pubdate>2023-05-04</pubdate>", "2023-05-04"),
        ('<publicationStmt><p>North</p><date when="1898-05-04">mai 1898</date></publicationStmt>', "1898-05-04"),
    ],
)
def test_the_day_that_an_edition_says_it_was_published_on(tmp_path: Path, said: str, date: str) -> None:
    body = f"<body>{paragraphs(*PROSE)}</body>"
    journal = "<journal-title>Piers</journal-title><issn>1</issn><article-id>2</article-id><title>Storms.</title>"
    content = f'<?xml version="1.0"?><article><front>{journal}{said}</front>{body}</article>'
    (document,) = read(tmp_path / "a.xml", content)
    assert document.date == date


def test_notes_and_second_readings_of_an_edition_are_no_part_of_a_sentence(tmp_path: Path) -> None:
    (document,) = read(
        tmp_path / "a.xml",
        '<?xml version="1.0"?><TEI xmlns="http://www.tei-c.org/ns/1.0"><text><body><p>Le port est fermé'
        '<note n="1">Voir la <hi>carte</hi>.</note> depuis mardi.<pb n="2"/> Le maire <choice><sic>dis</sic>'
        "<corr>dit</corr></choice> non.</p></body></text></TEI>",
    )
    assert document.text.split("\n\n") == ["Le port est fermé depuis mardi. Le maire dis non.", "Voir la carte."]


def test_what_is_struck_out_in_a_letter_is_no_text(tmp_path: Path) -> None:
    (document,) = read(tmp_path / "a.rtf", rb"{\rtf1\ansi It costs {\strike 3}2.4 million euros.\par}")
    assert document.text == "It costs 2.4 million euros."
    runs = "It costs </w:t></w:r><w:r><w:rPr><w:strike/></w:rPr><w:t>3</w:t></w:r><w:r><w:t>2.4 million euros."
    spaced = word_document(runs, created="2023-05-04T00:00:00Z")
    (document,) = read(tmp_path / "a.docx", spaced)
    assert document.text == "It costs 2.4 million euros."
    data = io.BytesIO()
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "style", "text")
    )
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr(
            "content.xml",
            f'<office:document-content {names}><office:automatic-styles><style:style style:name="T1">'
            '<style:text-properties style:text-line-through-style="solid"/></style:style></office:automatic-styles>'
            '<office:body><office:text><text:p>It costs <text:span text:style-name="T1">3</text:span>2.4 million '
            "euros.</text:p></office:text></office:body></office:document-content>",
        )
    (document,) = read(tmp_path / "a.odt", data.getvalue())
    assert document.text == "It costs 2.4 million euros."


def printed(*lines: tuple[str, ...]) -> bytes:
    return pdf(*([words(60, 700 - 14 * n, line) for n, line in enumerate(page)] for page in lines))


@pytest.mark.parametrize("count", ["1/2", "Page 1 of 2", "Seite 1 von 2"])
def test_what_a_browser_prints_around_two_pages_is_no_text(tmp_path: Path, count: str) -> None:
    """As Chrome prints an article: the day and title, the address and the number of the page come last on each."""
    head = "28/11/2026, 12:52 Harbour closed"
    first = ("The mayor said at a news", head, f"https://north.example/a {count}")
    second = ("conference that nobody was hurt.", head, f"https://north.example/a {count.replace('1', '2', 1)}")
    (document,) = read(tmp_path / "a.pdf", printed(first, second))
    assert " ".join(document.text.split()) == "The mayor said at a news conference that nobody was hurt."


def test_lines_that_two_pages_share_by_chance_are_text(tmp_path: Path) -> None:
    first, second = ("Annex 1", "The pier is closed.", "Total 1"), ("Annex 2", "The mole is open.", "Total 2")
    (document,) = read(tmp_path / "a.pdf", printed(first, second))
    assert document.text.split() == " ".join([*first, *second]).split()
