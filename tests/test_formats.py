"""From files of every format to their records, with the places that people know."""

import bz2
import gzip
import io
import lzma
import re
import tarfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from askcorpus.errors import ReadError, TooLarge
from askcorpus.text.characters import clean_text
from askcorpus.types import Mark, locator_at
from askcorpus_ingest.documents import read_document
from askcorpus_ingest.files import Failure, PassedOver
from askcorpus_ingest.readers.dispatch import holds_questions, read_file, why_passed_over
from askcorpus_ingest.readers.hyphens import mended
from askcorpus_ingest.readers.package import opened_package
from askcorpus_ingest.readers.pdf import _joined, _unbroken
from askcorpus_ingest.readers.records import RawRecord, own_title
from askcorpus_ingest.readers.source import Source
from ole import ole
from pdfs import pdf, words

MADE = Path(__file__).parent / "data" / "formats"
"""One text in many formats, each written by a program that people write it with: pandoc, LibreOffice, Chromium."""
FACTS = [
    "The harbour of Lornhaven was closed on 4 May 2023 after a storm broke the northern pier.",
    "Nobody was hurt, said the mayor, Ines Okafor, whose office counted 37 damaged boats.",
    "« Nous rouvrirons en été », a dit la maire. Der Hafen öffnet am 1. Juli wieder.",
    "First the pier.",
    "The count of boats was corrected on 9 May.",
]
TUESDAY = "Day: Tuesday, Open: 10:00–18:00, Last entry: 17:15."


def read_all(path: Path, content: str | bytes | None = None) -> list[RawRecord | Failure]:
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_file(path))


def read(path: Path, content: str | bytes | None = None) -> list[RawRecord]:
    """The records of a file that has no faulty ones."""
    found = read_all(path, content)
    assert [one for one in found if not isinstance(one, RawRecord)] == []
    return [one for one in found if isinstance(one, RawRecord)]


def place_of(raw: RawRecord, words: str) -> dict[str, str]:
    """The locator of some words in the document that a record becomes, whose text has them where the marks say."""
    document = read_document(raw).document
    return locator_at(document.marks, document.text.index(words))


@pytest.mark.parametrize("ending", ["txt", "text", "rst", "adoc", "asciidoc", "org"])
def test_plain_texts_are_read_as_they_stand(tmp_path: Path, ending: str) -> None:
    text = f"The harbour\n===========\n\n{FACTS[0]}\n"
    path = tmp_path / f"harbour.{ending}"
    path.write_text(text, encoding="utf-8")

    assert why_passed_over(path) is None
    assert [raw.text for raw in read(path)] == [text]


@pytest.mark.parametrize("path", sorted(MADE.glob("harbour*")), ids=lambda path: path.name)
def test_a_text_is_the_same_in_whatever_format_it_comes(path: Path) -> None:
    (raw,) = read(path)
    running = " ".join(read_document(raw).document.text.split())
    for fact in FACTS:
        assert fact.replace("boats.", "boats") in running.replace("boats.", "boats"), fact
    assert raw.title == "The harbour of Lornhaven" or raw.text.startswith("The harbour of Lornhaven")


@pytest.mark.parametrize(
    "name",
    [
        "harbour.docx",
        "harbour.odt",
        "harbour-libreoffice.docx",
        "harbour-libreoffice.doc",
        "harbour-libreoffice.odt",
        "harbour.pptx",
        "harbour.rtf",
        "harbour-libreoffice.rtf",
        "harbour.pdf",
        "harbour-libreoffice.pdf",
    ],
)
def test_a_row_is_told_with_its_header(name: str) -> None:
    (raw,) = read(MADE / name)
    assert TUESDAY in raw.text.split("\n")


@pytest.mark.parametrize(
    "name",
    [
        "harbour.docx",
        "harbour.odt",
        "harbour-libreoffice.docx",
        "harbour-libreoffice.doc",
        "harbour-libreoffice.odt",
        "harbour.pptx",
        "harbour.rtf",
        "harbour-libreoffice.rtf",
        "harbour.pdf",
        "harbour-libreoffice.pdf",
    ],
)
def test_raised_and_lowered_figures_stay_what_they_are(name: str) -> None:
    (raw,) = read(MADE / name)
    assert "10⁶ joules" in " ".join(raw.text.split())
    assert "CO₂" in raw.text


@pytest.mark.parametrize(
    ("name", "locator"),
    [
        ("harbour.docx", {"chapter": "The new harbour"}),
        ("harbour.odt", {"chapter": "The new harbour"}),
        ("harbour-libreoffice.doc", {"chapter": "The new harbour"}),
        ("harbour.epub", {"chapter": "The new harbour"}),
        ("harbour.pptx", {"slide": "3"}),
        ("harbour.pdf", {"page": "1"}),
    ],
)
def test_a_place_is_told_as_people_know_it(name: str, locator: dict[str, str]) -> None:
    (raw,) = read(MADE / name)
    assert place_of(raw, "Repairs cost") == locator


def test_pages_of_a_pdf_go_by_the_names_they_have_in_it() -> None:
    (raw,) = read(MADE / "report.pdf")
    assert place_of(raw, "The second page") == {"page": "2"}
    assert place_of(raw, "goes on to the next page") == {"page": "1"}
    assert "Yearly report of the harbour" not in raw.text  # what every page has above its text
    assert "goes on to the next page\nwithout an end" in read_document(raw).document.text
    assert "counts 37 boats" in " ".join(raw.text.split())


def test_a_hyphen_at_the_end_of_a_line_stays_where_it_belongs_to_the_word(tmp_path: Path) -> None:
    """Of a name, of a number, and of what the document writes with it elsewhere."""
    lines = [
        "Nobody in the États-",
        "Unis knew that the har-",
        "bour had a COVID-",
        "19 ward with twenty-",
        "two beds; of these twenty-two beds, so they say, no-",
        "body used one, but nobody minded the TELE-",
        "PHONE.",
    ]
    (raw,) = read(tmp_path / "a.pdf", pdf([words(60, 700 - 12 * n, line) for n, line in enumerate(lines)]))
    assert " ".join(raw.text.split()) == (
        "Nobody in the États-Unis knew that the harbour had a COVID-19 ward with twenty-two beds; of these twenty-two "
        "beds, so they say, nobody used one, but nobody minded the TELEPHONE."
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "right-to-left.pdf",
            "ميناء المدينة مغلق منذ 12 يوما بسبب العاصفة הנמל סגור מאז הסערה אמר ראש העיר",
        ),
        ("right-to-left-libreoffice.pdf", "اتفقت الأمم المتحدة على علاقات جديدة ولا خلافات بعد ثلاثة أيام"),
    ],
)
def test_words_that_run_from_right_to_left_are_not_mirrored(name: str, said: str) -> None:
    (raw,) = read(MADE / name)
    assert Counter(re.findall(r"\w+", raw.text)) == Counter(said.split())


def test_marks_stay_with_their_text_when_it_is_cleaned() -> None:
    text = "date 2023-05-04\nHeadline\n\n  One \n\n\n\n\x00Two\u0301.\n\nThree."
    marks = tuple(Mark(start=text.index(word), locator={"page": word}) for word in ("One", "Two", "Three"))
    document = read_document(RawRecord("/a", text, marks=marks)).document
    assert document.date == "2023-05-04"
    assert [document.text[mark.start :].split()[0].rstrip(".")[:3] for mark in document.marks] == [
        "One",
        "Twó"[:2] + "ó",
        "Thr",
    ]


# --- tables and records


def test_csv_rows_are_records_told_with_their_header(tmp_path: Path) -> None:
    one, two = read(tmp_path / "towns.csv", 'Town;Founded;Note\r\nLornhaven;1204;"By the\nsea"\r\nRill;1310;\r\n')
    assert (one.text, two.text) == ("Town: Lornhaven, Founded: 1204, Note: By the sea.", "Town: Rill, Founded: 1310.")
    assert (one.origin, two.origin) == (f"{tmp_path}/towns.csv#L2", f"{tmp_path}/towns.csv#L4")
    assert place_of(two, "Rill") == {"row": "4"}


def test_csv_with_a_column_of_texts_is_a_table_of_documents(tmp_path: Path) -> None:
    (raw,) = read(tmp_path / "a.tsv", "id\ttitle\tdate\ttext\n7\tHarbour\t2023-05-04\tIt is closed.\n")
    assert (raw.doc_id, raw.title, raw.date, raw.text) == ("7", "Harbour", "2023-05-04", "It is closed.")
    assert raw.origin.endswith("a.tsv#7")


def test_a_table_without_a_header_is_one_record(tmp_path: Path) -> None:
    (raw,) = read(tmp_path / "a.csv", "1,2\n3,4\n")
    assert raw.text == "1, 2.\n\n3, 4."
    assert place_of(raw, "3, 4") == {"row": "2"}


def test_csv_questions_are_a_question_set(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("id,question,answers\n1,Who?,me\n")
    (tmp_path / "d.csv").write_text("question,text\nWho?,me\n")
    assert (holds_questions(tmp_path / "q.csv"), holds_questions(tmp_path / "d.csv")) == (True, False)


@pytest.mark.parametrize(("name", "share"), [("sheets.xlsx", "25%"), ("sheets.ods", "25%"), ("sheets.xls", "0.25")])
def test_a_spreadsheet_tells_sheet_and_row(name: str, share: str) -> None:
    records = read(MADE / name)
    rill = next(raw for raw in records if "Rill" in raw.text)
    assert rill.text == f"Town: Rill, Founded: 1310, Share: {share}, Opened: 2023-05-04."
    assert place_of(rill, "Rill") == {"sheet": "Towns", "row": "3"}
    assert {raw.origin.split("#")[1] for raw in records} == {"Towns", "Boats"}


def test_columns_of_a_sheet_that_are_empty_are_no_part_of_its_table(tmp_path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet("Towns")
        sheet.write_row("B2", ["Town", "Boats"])
        sheet.write("E2", "Head")
        sheet.write_row("B3", ["Rill", 0])
        sheet.write("E3", "Ms Ott")
        sheet.write_row("B4", ["Oke", 7])
    assert [raw.text for raw in read(tmp_path / "a.xlsx")] == [
        "Town: Rill, Boats: 0, Head: Ms Ott.",
        "Town: Oke, Boats: 7.",
    ]


def several_tables(rows: Sequence[Sequence[str | int]]) -> bytes:
    import xlsxwriter

    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        sheet = book.add_worksheet("Towns")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return data.getvalue()


def test_a_second_table_of_a_sheet_is_told_with_its_own_header(tmp_path: Path) -> None:
    rows: list[list[str | int]] = [
        ["Town", "Boats", "Head"],
        ["Rill", 7, "Ms Ott"],
        [],
        ["Oke", 3, "Mr Lang"],
        [],
        ["Ferries of the county"],
        ["Line", "Day"],
        ["Rill to Oke", 12],
        [],
        ["Oke to Sund", 15],
        [],
        ["Checked", "by hand"],
        ["Not", "counted"],
    ]
    records = read(tmp_path / "a.xlsx", several_tables(rows))
    assert [raw.text for raw in records] == [
        "Town: Rill, Boats: 7, Head: Ms Ott.",
        "Town: Oke, Boats: 3, Head: Mr Lang.",
        "Ferries of the county.",
        "Line: Rill to Oke, Day: 12.",
        "Line: Oke to Sund, Day: 15.",
        "Line: Checked, Day: by hand.",
        "Line: Not, Day: counted.",
    ]
    assert place_of(records[3], "Rill") == {"sheet": "Towns", "row": "8"}


def test_documents_below_an_empty_row_are_no_header_of_others(tmp_path: Path) -> None:
    head, first = ["title", "text", "date"], ["A", "It opened.", "2023-05-04"]
    rows = [head, first, [], ["B", "It is closed.", "none"], ["C", "It is open.", "2023-05-05"]]
    records = read(tmp_path / "a.xlsx", several_tables(rows))
    assert [raw.text for raw in records] == ["It opened.", "It is closed.", "It is open."]


def test_values_below_an_empty_row_are_no_names_of_columns(tmp_path: Path) -> None:
    rows: list[list[str | int]] = [["Town", "Founded"], ["Rill", 1950], [], ["Oke", 1999], ["Sund", 2005]]
    assert [raw.text for raw in read(tmp_path / "a.xlsx", several_tables(rows))] == [
        "Town: Rill, Founded: 1950.",
        "Town: Oke, Founded: 1999.",
        "Town: Sund, Founded: 2005.",
    ]
    below: list[list[str | int]] = [["Region", "2023", "2024"], ["North", 3, 4]]
    assert read(tmp_path / "b.xlsx", several_tables([*rows, [], *below]))[-1].text == "Region: North, 2023: 3, 2024: 4."


def shares() -> bytes:
    import xlsxwriter

    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        formats = ("0%", "0.0%", '[Red]-0.0 %;"none"', '0.00" %"', r"0.00\%", "0.00")
        styles = [book.add_format({"num_format": code}) for code in formats]
        book.add_worksheet("Empty")
        sheet = book.add_worksheet("Shares")
        sheet.write_row("B3", ["Town", "2021", "2022", "Fall", "Rate", "Fee", "Cost", "Note"])
        sheet.write("B4", "Rill")
        for column, (number, style) in enumerate(zip((0.25, 0.0712, 0.1, 1.5, 2.5, 3.5), styles, strict=True), 2):
            sheet.write_number(3, column, number, style)
        sheet.write_string("I4", "n/a", styles[0])
        sheet.write("B5", "Oke")
        sheet.write_number("C5", 7, styles[0])
        sheet.write_formula("D5", "=1/10", styles[1], 0.1)
    return data.getvalue()


def test_a_percentage_is_told_as_the_sheet_shows_it(tmp_path: Path) -> None:
    first, second = (raw.text for raw in read(tmp_path / "a.xlsx", shares()))
    assert first == "Town: Rill, 2021: 25%, 2022: 7.12%, Fall: 10%, Rate: 1.5, Fee: 2.5, Cost: 3.5, Note: n/a."
    assert second == "Town: Oke, 2021: 700%, 2022: 10%."


def test_percentages_of_many_sheets_are_read_once(tmp_path: Path) -> None:
    """Those of a sheet that is hidden, or has none, are not told in the next."""
    import xlsxwriter

    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        percent = book.add_format({"num_format": "0%"})
        for name, style in (("Hidden", percent), ("Plain", None), ("Shares", percent)):
            sheet = book.add_worksheet(name)
            sheet.write_row("A1", ["Town", "Share"])
            sheet.write("A2", "Rill")
            sheet.write_number("B2", 0.25, style)
            if name == "Hidden":
                sheet.hide()
        book.get_worksheet_by_name("Plain").activate()
    assert [raw.text for raw in read(tmp_path / "a.xlsx", data.getvalue())] == [
        "Town: Rill, Share: 0.25.",
        "Town: Rill, Share: 25%.",
    ]

    start = time.thread_time()
    records = read(tmp_path / "a.ods", open_document(tables=300))
    assert {raw.text for raw in records} == {"Town: Rill, Share: 25%."} and len(records) == 6000
    assert time.thread_time() - start < 4


def open_document(tables: int) -> bytes:
    """A workbook of LibreOffice with so many sheets of twenty rows that are alike."""
    names = "urn:oasis:names:tc:opendocument:xmlns"
    town = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    share = (
        '<table:table-cell office:value-type="percentage" office:value="0.25"><text:p>25%</text:p></table:table-cell>'
    )
    head = f"<table:table-row>{town.format('Town')}{town.format('Share')}</table:table-row>"
    rows = f"<table:table-row>{town.format('Rill')}{share}</table:table-row>" * 20
    sheets = "".join(f'<table:table table:name="S{n}">{head}{rows}</table:table>' for n in range(tables))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", f'<m:manifest xmlns:m="{names}:manifest:1.0"/>')
        archive.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{names}:office:1.0" xmlns:table="{names}:table:1.0" '
            f'xmlns:text="{names}:text:1.0"><office:body><office:spreadsheet>{sheets}</office:spreadsheet></office:body>'
            "</office:document-content>",
        )
    return data.getvalue()


@pytest.mark.parametrize(("before", "rows"), [(b"<a/>" * 300_000, 0), (b"", 20_000)])
def test_a_part_is_read_element_by_element_and_little_of_it_kept(tmp_path: Path, before: bytes, rows: int) -> None:
    row = b"<row>" + b"<c/>" * 20 + b"</row>"
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.xml", b"<!-- x --><sheet><data>" + before + row * rows + b"</data></sheet>")
    with opened_package(Source(tmp_path / "a.zip", 1)) as package:
        if before:
            with pytest.raises(TooLarge):
                list(package.each("x.xml", "row"))
        else:
            assert sum(len(one) for one in package.each("x.xml", "row")) == rows * 20


def test_json_of_every_shape(tmp_path: Path) -> None:
    article = '{"id": "a", "title": "T", "text": "Text."}'
    for content in (article, f"[{article}]", f'{{"total": 1, "articles": [{article}]}}'):
        (raw,) = read(tmp_path / "a.json", content)
        assert (raw.origin, raw.title, raw.text) == (f"{tmp_path}/a.json#a", "T", "Text.")


EXPORTS = {
    "WordPress": '[{"id": 7, "date": "2023-05-04T10:00:00", "link": "https://a.org/pier", "title":'
    ' {"rendered": "The pier"}, "content": {"rendered": "<p>It is <b>closed</b>.</p>", "protected": false}}]',
    "Ghost": '{"db": [{"meta": {"version": "5"}, "data": {"users": [{"name": "A"}, {"name": "B"}], "posts": [{'
    '"id": "7", "title": "The pier", "html": "<p>It is closed.</p>", "published_at": "2023-05-04T10:00:00.000Z"}]}}]}',
    "Drupal": '{"jsonapi": {"version": "1.0"}, "data": [{"type": "node--article", "id": "7", "attributes": {"title":'
    ' "The pier", "created": "2023-05-04T10:00:00+00:00", "body": {"value": "<p>It is closed.</p>", "summary": ""}}}]}',
    "Elasticsearch": '{"took": 3, "hits": {"total": 1, "hits": [{"_index": "news", "_id": "7", "_source": {'
    '"headline": "The pier", "body": "It is closed.", "pub_date": "2023-05-04"}}]}}',
    "MongoDB": '{"_id": {"$oid": "7"}, "title": "The pier", "body": "It is closed.", "created": {"$date": {'
    '"$numberLong": "1683187200000"}}}\n{"_id": {"$oid": "8"}, "title": "The mole", "body": "It is open."}\n',
    "Firebase": '{"articles": {"7": {"title": "The pier", "body": "It is closed.", "date": "2023-05-04"},'
    ' "8": {"title": "The mole", "body": "It is open."}}}',
    "JSON Feed": '{"version": "https://jsonfeed.org/version/1.1", "title": "Harbours", "items": [{"id": "7", "title":'
    ' "The pier", "content_html": "<p>It is closed.</p>", "date_published": "2023-05-04T10:00:00Z"}]}',
    "Contentful": '{"entries": [{"sys": {"id": "1"}, "fields": {"id": {"en-US": "7"}, "title": {"en-US": "The pier"},'
    ' "body": {"en-US": "It is closed."}, "date": {"en-US": "2023-05-04"}}}], "assets": []}',
    "Twitter": '[{"tweet": {"id": "7", "title": "The pier", "full_text": "It is closed.", "created_at":'
    ' "Thu May 04 20:19:24 +0000 2023"}}]',
}
"""One article, as programs export it."""


@pytest.mark.parametrize("program", EXPORTS)
def test_json_as_programs_export_it(tmp_path: Path, program: str) -> None:
    raw, *_ = read(tmp_path / "a.json", EXPORTS[program])
    document = read_document(raw).document
    assert (raw.origin, document.title, document.text) == (f"{tmp_path}/a.json#7", "The pier", "It is closed.")
    assert document.date == "2023-05-04"


def test_the_text_about_an_author_is_not_that_of_the_article(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match='has no "text"'):
        read(tmp_path / "a.json", '{"title": "T", "author": {"name": "A", "description": "Writes about harbours."}}')


# --- mail, feeds, subtitles


def message(subject: str = "Re: café", body: str = "The pier is broken.\n") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ada Marsh <ada@example.org>", "port@example.org", subject
    mail["Date"] = "Thu, 04 May 2023 10:00:00 +0200"
    mail.set_content(body)
    return mail


def test_a_message_with_its_attachments(tmp_path: Path) -> None:
    mail = message()
    mail.add_attachment("Boats,Count\nold,37\n", subtype="csv", filename="boats.csv")
    harbour = (MADE / "harbour.docx").read_bytes()
    mail.add_attachment(harbour, maintype="application", subtype="octet-stream", filename="h.docx")
    body, table, document = read(tmp_path / "a.eml", mail.as_bytes())
    assert (body.title, body.author, body.date, body.text.strip()) == (
        "Re: café",
        "Ada Marsh",
        "2023-05-04",
        "The pier is broken.",
    )
    assert (table.origin, table.text) == (f"{tmp_path}/a.eml#boats.csv#L2", "Boats: old, Count: 37.")
    assert document.origin == f"{tmp_path}/a.eml#h.docx" and TUESDAY in document.text


def test_a_mailbox_has_numbered_messages_and_needs_no_ending(tmp_path: Path) -> None:
    box = b"".join(
        b"From ada@example.org Thu May  4 10:00:00 2023\n"
        + message(f"No {n}", f"Text {n}.\n>From here on.\n").as_bytes()
        + b"\n"
        for n in (1, 2)
    )
    one, two = read(tmp_path / "Inbox", box)
    assert why_passed_over(tmp_path / "Inbox") is None
    assert (one.title, two.title, two.origin) == ("No 1", "No 2", f"{tmp_path}/Inbox#2")
    assert two.text.split("\n")[:2] == ["Text 2.", "From here on."]
    assert place_of(two, "Text 2.") == {"message": "2"}


def test_an_html_message_and_a_saved_page(tmp_path: Path) -> None:
    mail = EmailMessage()
    mail["From"], mail["Date"], mail["Subject"] = "a@b.org", "Thu, 04 May 2023 10:00:00 +0200", "S"
    mail.set_content("<html><body><p>Only <b>HTML</b> here.</p></body></html>", subtype="html")
    assert read(tmp_path / "a.eml", mail.as_bytes())[0].text.strip() == "Only HTML here."
    page = (
        "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.org/harbour\r\nSubject: The harbour\r\n"
        "Date: Thu, 4 May 2023 10:00:00 -0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/related; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "<html><body><p>Caf=C3=A9 closed.</p></body></html>\r\n--x\r\nContent-Type: image/png\r\n\r\nabc\r\n--x--\r\n"
    )
    (raw,) = read(tmp_path / "a.mhtml", page)
    assert (raw.text.strip(), raw.url, raw.origin) == (
        "Café closed.",
        "https://example.org/harbour",
        f"{tmp_path}/a.mhtml",
    )


def test_feeds_and_agency_files(tmp_path: Path) -> None:
    (raw,) = read(
        tmp_path / "feed.xml",
        '<?xml version="1.0"?><rss version="2.0"><channel><title>Wire</title><language>fr</language>'
        "<item><title>Port</title>"
        "<guid>g1</guid><link>https://example.org/1</link><pubDate>Thu, 04 May 2023 10:00:00 GMT</pubDate>"
        "<description>&lt;p&gt;Le port &amp;amp; la mer.&lt;/p&gt;</description></item></channel></rss>",
    )
    assert (raw.title, raw.text, raw.source, raw.language) == ("Port", "Le port & la mer.", "Wire", "fr")
    assert (raw.url, raw.origin) == ("https://example.org/1", f"{tmp_path}/feed.xml#g1")
    (raw,) = read(
        tmp_path / "atom.xml",
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Blog</title>'
        "<entry><id>u:1</id><title>Port</title>"
        '<published>2023-05-04T10:00:00Z</published><author><name>Ada</name></author><link href="https://example.org/2"/>'
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Closed <i>today</i>.</p></div>'
        "</content></entry></feed>",
    )
    assert (raw.text, raw.author, raw.date[:10], raw.url) == (
        "Closed today.",
        "Ada",
        "2023-05-04",
        "https://example.org/2",
    )
    (raw,) = read(
        tmp_path / "nitf.xml",
        '<nitf xml:lang="en"><head><title>x</title><docdata><date.issue norm="20230504T100000Z"/></docdata></head>'
        "<body><body.head>"
        "<hedline><hl1>Port closed</hl1></hedline><byline>By Ada</byline></body.head><body.content>"
        "<p>One.</p><p>Two <em>x</em>.</p>"
        "</body.content></body></nitf>",
    )
    assert (raw.title, raw.date, raw.text) == ("Port closed", "2023-05-04", "One.\n\nTwo x.")
    (raw,) = read(
        tmp_path / "newsml.xml",
        '<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="tag:1"><itemMeta><provider literal="AG"/>'
        "<versionCreated>2023-05-04T10:00:00Z</versionCreated></itemMeta><contentMeta><headline>Port closed</headline>"
        '<language tag="en"/></contentMeta><contentSet><inlineXML><html xmlns="http://www.w3.org/1999/xhtml"><head/><body>'
        "<p>One.</p><p>Two.</p></body></html></inlineXML></contentSet></newsItem>",
    )
    assert (raw.title, raw.source, raw.language, raw.text) == ("Port closed", "AG", "en", "One.\n\nTwo.")


def test_subtitles_tell_the_time(tmp_path: Path) -> None:
    srt = "1\n00:00:01,000 --> 00:00:02,000\n<i>The pier</i>\nis broken.\n\n"
    srt += "2\n00:12:30,500 --> 00:12:32,000\nNobody was hurt.\n"
    (raw,) = read(tmp_path / "a.srt", srt)
    assert raw.text == "The pier is broken.\nNobody was hurt."
    assert place_of(raw, "Nobody") == {"time": "00:12:30"}
    (raw,) = read(
        tmp_path / "a.vtt", "WEBVTT\n\nNOTE x\n\nc1\n00:01.000 --> 00:02.000 align:start\n<v Ada>Closed.</v>\n"
    )
    assert (raw.text, place_of(raw, "Closed")) == ("Closed.", {"time": "00:00:01"})


# --- archives, and what decides


def packed(files: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """An archive of each kind with these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    yield "a.zip", buffer.getvalue()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    plain = buffer.getvalue()
    yield "a.tar", plain
    yield "a.tar.gz", gzip.compress(plain)
    yield "a.tar.bz2", bz2.compress(plain)
    yield "a.txz", lzma.compress(plain)


def test_archives_hold_files_of_every_kind(tmp_path: Path) -> None:
    files = {
        "x/a.txt": b"Text.",
        "b.jsonl": b'{"text": "Line."}',
        "h.docx": (MADE / "harbour.docx").read_bytes(),
        "p.png": b"\x89PNG",
    }
    for name, data in packed(files):
        found = read_all(tmp_path / name, data)
        inner = "#a.tar" if name not in ("a.zip", "a.tar") else ""
        at = f"{tmp_path}/{name}{inner}"
        assert [one.origin for one in found] == [f"{at}#x/a.txt", f"{at}#b.jsonl#L1", f"{at}#h.docx", f"{at}#p.png"]
        assert isinstance(found[-1], PassedOver) and found[-1].reason == "is an image, which is not read"


@pytest.mark.parametrize(
    ("compress", "ending"), [(gzip.compress, ".gz"), (bz2.compress, ".bz2"), (lzma.compress, ".xz")]
)
def test_one_compressed_file(tmp_path: Path, compress: object, ending: str) -> None:
    assert callable(compress)
    (raw,) = read(tmp_path / f"a.jsonl{ending}", compress(b'{"id": "x", "text": "Line."}'))
    assert raw.origin == f"{tmp_path}/a.jsonl{ending}#a.jsonl#x"


@pytest.mark.parametrize("path", sorted(MADE.glob("harbour*.[deoprx]*")), ids=lambda path: path.name)
def test_content_decides_and_not_the_ending(tmp_path: Path, path: Path) -> None:
    """A file that is named as something else, or as nothing, is read as what it is."""
    texts = set()
    for name in ("wrong.txt", "wrong.pdf", "nothing", "odd.bin"):
        (tmp_path / name).write_bytes(path.read_bytes())
        assert why_passed_over(tmp_path / name) is None
        texts.add(read(tmp_path / name)[0].text)
    assert texts == {read(path)[0].text}


def test_what_is_not_read_says_what_it_is(tmp_path: Path) -> None:
    for name, content, reason in [
        ("a.png", b"\x89PNG\r\n", "is an image, which is not read"),
        ("a.exe", b"MZ\x90", "is a program, which is not read"),
        ("a.py", b"import os", "has an ending that is not read (.py)"),
        ("LICENSE", b"Free.", "has an ending that is not read (none)"),
    ]:
        (tmp_path / name).write_bytes(content)
        assert why_passed_over(tmp_path / name) == PassedOver(f"{tmp_path}/{name}", reason)
    with pytest.raises(ReadError, match=r"^is no pdf file$"):
        read_all(tmp_path / "a.pdf", "This is text.")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("encrypted.pdf", "is encrypted"),
        ("scanned.pdf", "holds no text: its 1 pages are pictures \\(scanned\\)"),
        ("encrypted.docx", "is encrypted"),
        ("encrypted.odt", "is encrypted"),
        ("encrypted.xlsx", "is encrypted"),
    ],
)
def test_what_cannot_be_read_is_named_as_what_it_is(name: str, reason: str) -> None:
    with pytest.raises(ReadError, match=f"^{reason}$"):
        read_all(MADE / name)


def test_an_outlook_message(tmp_path: Path) -> None:
    sent = int((datetime(2023, 5, 4, 8, tzinfo=UTC) - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000
    streams = {
        "__properties_version1.0": b"\0" * 32 + b"\x40\0\x39\0\6\0\0\0" + sent.to_bytes(8, "little"),
        "__substg1.0_0037001F": "Re: café".encode("utf-16-le"),
        "__substg1.0_0C1A001F": "Ada Marsh".encode("utf-16-le"),
        "__substg1.0_1000001F": "The pier is broken.".encode("utf-16-le"),
        "__attach_version1.0_#00000000/__substg1.0_3707001F": "boats.csv".encode("utf-16-le"),
        "__attach_version1.0_#00000000/__substg1.0_37010102": b"Boats,Count\nold,37\n".ljust(4096),
    }
    body, table = read(tmp_path / "a.msg", ole(streams))
    told = clean_text(body.text)
    assert (body.title, body.author, body.date, told) == ("Re: café", "Ada Marsh", "2023-05-04", "The pier is broken.")
    assert (clean_text(table.text), table.origin) == ("Boats: old, Count: 37.", f"{tmp_path}/a.msg#boats.csv#L2")


def test_an_outlook_message_inside_of_another(tmp_path: Path) -> None:
    """With its own subject, sender and attachments."""
    attached = "__attach_version1.0_#00000000"
    inner = f"{attached}/__substg1.0_3701000D"
    streams = {
        "__properties_version1.0": b"\0" * 32,
        "__substg1.0_0037001F": "Fwd: count".encode("utf-16-le"),
        "__substg1.0_1000001F": "See below.".encode("utf-16-le"),
        f"{attached}/__substg1.0_3707001F": "The count.msg".encode("utf-16-le"),
        f"{inner}/__properties_version1.0": b"\0" * 24,
        f"{inner}/__substg1.0_0037001F": "The count".encode("utf-16-le"),
        f"{inner}/__substg1.0_1000001F": "37 boats were damaged.".encode("utf-16-le"),
        f"{inner}/{attached}/__substg1.0_3707001F": "boats.csv".encode("utf-16-le"),
        f"{inner}/{attached}/__substg1.0_37010102": b"Boats,Count\nold,37\n".ljust(4096),
    }
    around, forwarded, table = read(tmp_path / "a.msg", ole(streams))
    assert (around.title, clean_text(around.text)) == ("Fwd: count", "See below.")
    assert (forwarded.title, clean_text(forwarded.text)) == ("The count", "37 boats were damaged.")
    assert (forwarded.origin, table.origin) == (
        f"{tmp_path}/a.msg#The count.msg",
        f"{tmp_path}/a.msg#The count.msg#boats.csv#L2",
    )


def test_a_message_that_is_attached_is_a_document_of_its_own(tmp_path: Path) -> None:
    """With its own subject, date and attachments; the message around it loses nothing."""
    inner = message("The count", "37 boats were damaged.\n")
    inner.add_attachment("Boats,Count\nold,37\n", subtype="csv", filename="boats.csv")
    outer = message("Fwd: The count", "See below.\n")
    outer.replace_header("Date", "Fri, 05 May 2023 10:00:00 +0200")
    outer.add_attachment(inner)
    around, forwarded, table = read(tmp_path / "a.eml", outer.as_bytes())
    assert (around.title, around.date, around.text.strip()) == ("Fwd: The count", "2023-05-05", "See below.")
    assert (forwarded.title, forwarded.date) == ("The count", "2023-05-04")
    assert forwarded.text.strip() == "37 boats were damaged."
    assert forwarded.origin == f"{tmp_path}/a.eml#attachment 1.eml"
    assert (table.origin, table.text) == (f"{forwarded.origin}#boats.csv#L2", "Boats: old, Count: 37.")


def test_a_message_of_several_texts_keeps_them_all(tmp_path: Path) -> None:
    """As lists and telephones add them; of alternatives, the plain one is taken, where it holds anything."""
    mail = MIMEMultipart()
    for header, value in (("From", "a@b.org"), ("Subject", "S"), ("Date", "Thu, 04 May 2023 10:00:00 +0200")):
        mail[header] = value
    both = MIMEMultipart("alternative")
    both.attach(MIMEText("The pier is broken."))
    both.attach(MIMEText("<p>The <b>pier</b> is broken.</p>", "html"))
    only_page = MIMEMultipart("alternative")
    only_page.attach(MIMEText(" \n"))
    only_page.attach(MIMEText("<p>Nobody was hurt.</p>", "html"))
    for part in (both, only_page, MIMEText("You get this as a member of the list.")):
        mail.attach(part)
    (raw,) = read(tmp_path / "a.eml", mail.as_bytes())
    assert [part.strip() for part in raw.text.split("\n\n")] == [
        "The pier is broken.",
        "Nobody was hurt.",
        "You get this as a member of the list.",
    ]


def test_attachments_of_one_name_are_told_apart(tmp_path: Path) -> None:
    mail = message()
    for count in (37, 38):
        mail.add_attachment(f"Boats,Count\nold,{count}\n", subtype="csv", filename="boats.csv")
    _, first, second = read(tmp_path / "a.eml", mail.as_bytes())
    assert first.origin == f"{tmp_path}/a.eml#boats.csv#L2" and second.origin == f"{tmp_path}/a.eml#boats.csv~2#L2"


@pytest.mark.parametrize(
    ("encoding", "words"), [("utf-8", "Grüße aus Köln"), ("cp1252", "Grüße aus Köln"), ("koi8-r", "Собрание в Казани")]
)
def test_headers_of_old_programs_are_read_though_they_name_no_encoding(
    tmp_path: Path, encoding: str, words: str
) -> None:
    head = f"From: {words} <a@b.org>\nSubject: {words}\nDate: Thu, 04 May 2023 10:00:00 +0200\n"
    head += f"Content-Type: text/plain; charset={encoding}\nContent-Transfer-Encoding: 8bit\n\n{words} heute.\n"
    (raw,) = read(tmp_path / "a.eml", head.encode(encoding))
    assert (raw.title, raw.author, raw.text.strip()) == (words, words, f"{words} heute.")


# --- tables whose names stand over several columns, below captions, or not in the first line

GROUPED = [
    "Office: Roads, Costs 2023: 12, Costs 2024: 13, Head: Ms Ott.",
    "Office: Parks, Costs 2023: 3, Head: Mr Lang.",
]
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def zipped(parts: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return data.getvalue()


def word(body: str, **notes: str) -> bytes:
    parts = {"[Content_Types].xml": "<Types/>", "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}'}
    parts["word/document.xml"] += "</w:body></w:document>"
    for name, content in notes.items():
        parts[f"word/{name}.xml"] = f'<w:{name} xmlns:w="{_WORD}">{content}</w:{name}>'
    return zipped(parts)


def word_cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"


def grouped_word() -> bytes:
    down, on, over = '<w:vMerge w:val="restart"/>', "<w:vMerge/>", '<w:gridSpan w:val="2"/>'
    rows = [
        word_cell("Costs of the town", '<w:gridSpan w:val="4"/>'),
        word_cell("Office", down) + word_cell("Costs", over) + word_cell("Head", down),
        word_cell("", on) + word_cell("2023") + word_cell("2024") + word_cell("", on),
        "".join(map(word_cell, ("Roads", "12", "13", "Ms Ott"))),
        "".join(map(word_cell, ("Parks", "3", "", "Mr Lang"))),
    ]
    return word(f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>")


def grouped_odt() -> bytes:
    def cell(text: str, spans: str = "") -> str:
        return f"<t:table-cell {spans}><x:p>{text}</x:p></t:table-cell>"

    covered = "<t:covered-table-cell/>"
    rows = [
        cell("Costs of the town", 't:number-columns-spanned="4"') + 3 * covered,
        cell("Office", 't:number-rows-spanned="2"')
        + cell("Costs", 't:number-columns-spanned="2"')
        + covered
        + cell("Head", 't:number-rows-spanned="2"'),
        covered + cell("2023") + cell("2024") + covered,
        "".join(map(cell, ("Roads", "12", "13", "Ms Ott"))),
        "".join(map(cell, ("Parks", "3", "", "Mr Lang"))),
    ]
    names = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<o:document-content xmlns:o="{names}:office:1.0" xmlns:t="{names}:table:1.0" xmlns:x="{names}:text:1.0">'
        f"<o:body><o:text><t:table>{''.join(f'<t:table-row>{row}</t:table-row>' for row in rows)}</t:table>"
        "</o:text></o:body></o:document-content>"
    )
    return zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})


def grouped_sheet() -> bytes:
    import xlsxwriter

    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        sheet = book.add_worksheet("Costs")
        sheet.merge_range("A1:D1", "Costs of the town")
        sheet.merge_range("A3:A4", "Office")
        sheet.merge_range("B3:C3", "Costs")
        sheet.merge_range("D3:D4", "Head")
        sheet.write_row("B4", [2023, 2024])
        sheet.write_row("A5", ["Roads", 12, 13, "Ms Ott"])
        sheet.write_row("A6", ["Parks", 3, None, "Mr Lang"])
        sheet.merge_range("A7:B7", "Nothing else")
        sheet.write_row("C7", [1, 2])
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "made"), [("a.docx", grouped_word), ("a.odt", grouped_odt), ("a.xlsx", grouped_sheet)]
)
def test_names_over_several_columns_are_told_with_those_below_them(
    tmp_path: Path, name: str, made: Callable[[], bytes]
) -> None:
    """No value is told with the name of another column, and the caption above the table is kept apart."""
    told = [line for raw in read(tmp_path / name, made()) for line in raw.text.split("\n\n")]
    assert told[:3] == ["Costs of the town.", *GROUPED]


def test_a_table_of_a_word_document_keeps_its_notes_and_text_boxes(tmp_path: Path) -> None:
    box = "<w:pict><w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p></w:txbxContent></w:pict>"
    noted = f'<w:p><w:r><w:t>37</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r><w:r>{box}</w:r></w:p>'
    table = f"<w:tbl><w:tr>{word_cell('Boats')}<w:tc>{noted}</w:tc></w:tr></w:tbl>"
    notes = '<w:footnote w:id="2"><w:p><w:r><w:t>Counted in May.</w:t></w:r></w:p></w:footnote>'
    (raw,) = read(tmp_path / "a.docx", word(table, footnotes=notes))
    assert raw.text == "Boats, 37.\n\nIn a box.\n\nCounted in May."


def test_a_form_in_a_word_document_is_told_as_it_stands(tmp_path: Path) -> None:
    """Names with what they stand for are no header: nothing is told with another one's name."""
    over = '<w:gridSpan w:val="2"/>'
    form = [
        word_cell("Name") + word_cell("Eva Marsh", over),
        word_cell("Address") + word_cell("5 High Street") + word_cell("Rill"),
        word_cell("Telephone") + word_cell("0431 12", over),
    ]
    pairs = [word_cell("Head") + word_cell("Ms Ott"), word_cell("Office") + word_cell("Mr Lang")]
    tables = "".join(f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>" for rows in (form, pairs))
    (raw,) = read(tmp_path / "a.docx", word(tables))
    assert raw.text.split("\n\n") == [
        "Name, Eva Marsh.",
        "Address, 5 High Street, Rill.",
        "Telephone, 0431 12.",
        "Head, Ms Ott.",
        "Office, Mr Lang.",
    ]


def test_a_row_in_bold_names_two_columns(tmp_path: Path) -> None:
    bold = "".join(
        f"<w:tc><w:p><w:r><w:rPr><w:b/></w:rPr><w:t>{name}</w:t></w:r></w:p></w:tc>" for name in ("Name", "Role")
    )
    rows = f"<w:tr>{bold}</w:tr><w:tr>{word_cell('Ms Ott')}{word_cell('Mayor')}</w:tr>"
    (raw,) = read(tmp_path / "a.docx", word(f"<w:tbl>{rows}</w:tbl>"))
    assert raw.text == "Name: Ms Ott, Role: Mayor."


def test_captions_above_a_table_do_not_hide_its_header(tmp_path: Path) -> None:
    above, one, two = read(
        tmp_path / "a.csv", "Towns of the coast;;\nAs of 2024;;\n\nTown;Founded;Boats\nRill;1310;5\nOrm;1204;6\n"
    )
    assert above.text == "Towns of the coast.\n\nAs of 2024."
    assert (one.text, two.text) == ("Town: Rill, Founded: 1310, Boats: 5.", "Town: Orm, Founded: 1204, Boats: 6.")
    assert (place_of(above, "As of"), place_of(one, "Rill")) == ({"row": "2"}, {"row": "5"})


def test_a_list_is_no_row_of_captions(tmp_path: Path) -> None:
    (raw,) = read(tmp_path / "a.csv", "".join(f"Town {number}\n" for number in range(30)))
    assert raw.text.split("\n\n") == [f"Town {number}." for number in range(30)]


def test_the_delimiter_that_excel_is_told_is_no_row(tmp_path: Path) -> None:
    one, two = read(tmp_path / "a.csv", "sep=;\r\nTown;Founded\r\nRill;1310\r\nOrm;1204\r\n")
    assert (one.text, two.text) == ("Town: Rill, Founded: 1310.", "Town: Orm, Founded: 1204.")
    assert place_of(one, "Rill") == {"row": "3"}


def test_html_in_a_column_of_texts_is_told_as_it_is_shown(tmp_path: Path) -> None:
    (raw,) = read(tmp_path / "a.csv", "title,text\nBoats &amp; piers,<p>It is <b>closed</b>.</p><p>For a year.</p>\n")
    assert (raw.title, raw.text) == ("Boats & piers", "It is closed.\n\nFor a year.")


# --- what other programs make of a page


@pytest.mark.parametrize("program", ["weasyprint", "chromium"])
@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "arabic",
            "في عام 2027. بلغت النسبة 12.5% في مايو. بين 2020-2021 وحتى (2024)، قال الوزير. يوم 12/05/2024: اجتماع. "
            "هاتف 0341-12345، بريد. ١٢٣ كتاب في ٢٠٢٣.",
        ),
        (
            "hebrew",
            "הגשר ייפתח בשנת 2027. השיעור היה 12.5% במאי. בין 2020-2021 (כולל 2024), אמר השר. ביום 12/05/2024: ישיבה.",
        ),
    ],
)
def test_numbers_among_words_that_run_from_right_to_left_keep_their_signs(
    program: str, language: str, said: str
) -> None:
    """The full stop after a year, the parts of a telephone number, brackets: as they stand in the source."""
    (raw,) = read(MADE / f"{language}-numbers-{program}.pdf")
    assert "".join(raw.text.split()) == "".join(said.split())


def test_rows_of_numbers_are_no_running_heads(tmp_path: Path) -> None:
    """Lines that differ in more than the number of their page are text."""
    pages = [[f"{page * 7 + row * 3} {page * 5 + row} {row * 11}" for row in range(1, 9)] for page in range(4)]
    drawn = pdf(*([words(72, 700 - 14 * at, line) for at, line in enumerate(page)] for page in pages))
    (raw,) = read(tmp_path / "a.pdf", drawn)
    assert raw.text.split() == " ".join(line for page in pages for line in page).split()


def test_heads_and_feet_of_several_lines_are_no_text(tmp_path: Path) -> None:
    """Also where the page above a foot ends within a word."""
    said = ["One: the harbour was clo-", "sed, and the mayor spoke of re-", "pairs to the pier and of dre-", "dging."]
    drawn = pdf(
        *(
            [
                words(72, 800, "Journal of harbours"),
                words(72, 786, f"Vol. 12, No. 3, page {number} of 40"),
                words(72, 700, line),
                words(72, 60, "Society of Harbours"),
                words(72, 46, str(number)),
            ]
            for number, line in enumerate(said, 31)
        )
    )
    (raw,) = read(tmp_path / "a.pdf", drawn)
    running = " ".join(raw.text.split())
    assert running == "One: the harbour was closed, and the mayor spoke of repairs to the pier and of dredging."


def test_a_blank_page_between_heads_and_feet_is_no_text(tmp_path: Path) -> None:
    said = ["The harbour is closed.", "", "The ferry sails from the south.", "The pier is under repair."]
    drawn = pdf(
        *(
            [
                words(72, 800, "Journal of harbours"),
                *([words(72, 700, line)] if line else []),
                words(72, 46, f"Northport {number}"),
            ]
            for number, line in enumerate(said, 1)
        )
    )
    (raw,) = read(tmp_path / "a.pdf", drawn)
    assert raw.text.split() == " ".join(said).split()


def test_lines_of_a_table_of_contents_are_no_text(tmp_path: Path) -> None:
    """They name every chapter and say nothing of it; prices to which points lead are text."""
    leading = ["Preface …………… ix", "1 Deaths in custody . . . . . . . . . . 1", "2 Visits ............. 2"]
    said = [
        "1 Deaths in custody",
        "Nine people died ... in 2022",
        "Tea ......... 2",
        "Milk ......... 1",
        "Ale ....... 2",
    ]
    drawn = pdf(*([words(72, 700 - 14 * at, line) for at, line in enumerate(page)] for page in (leading, said)))
    (raw,) = read(tmp_path / "a.pdf", drawn)
    assert raw.text.split() == " ".join(said).split()


def test_a_heading_ends_where_smaller_letters_begin(tmp_path: Path) -> None:
    """Nobody is quoted with it; a larger word within a line ends nothing."""
    drawn = pdf(
        [
            words(72, 760, "The harbour of Northport", size=20),
            words(72, 736, "and its ferries", size=20),
            words(72, 700, "The council closed the harbour on Friday, and all of its ferries"),
            words(72, 688, "sail from Southport until the"),
            words(210, 688, "storm", size=16),
            words(260, 688, "is over."),
            words(72, 650, "Ferries", size=14),
            words(72, 630, "They carry two hundred passengers."),
        ]
    )
    (raw,) = read(tmp_path / "a.pdf", drawn)
    assert [" ".join(part.split()) for part in raw.text.split("\n\n")] == [
        "The harbour of Northport and its ferries",
        "The council closed the harbour on Friday, and all of its ferries sail from Southport until the storm is over.",
        "Ferries",
        "They carry two hundred passengers.",
    ]


def test_the_large_first_letter_of_a_paragraph_is_no_heading(tmp_path: Path) -> None:
    (raw,) = read(
        tmp_path / "a.pdf",
        pdf(
            [
                words(50, 760, "T", size=36),
                words(80, 778, "he harbour of Northport was closed on Friday, and all of its ferries"),
                words(80, 766, "sail from Southport."),
            ]
        ),
    )
    assert "\n\n" not in raw.text


def test_a_word_that_the_end_of_a_page_cuts_is_whole(tmp_path: Path) -> None:
    drawn = pdf([words(72, 700, "The mayor spoke of the re-")], [words(72, 700, "pairs to the pier.")])
    (raw,) = read(tmp_path / "a.pdf", drawn)
    assert " ".join(raw.text.split()) == "The mayor spoke of the repairs to the pier."


def test_hyphens_of_typesetters_are_mended_too() -> None:
    """U+2010, which browsers and others write at the end of a line."""
    assert mended([_unbroken(_joined("the har\u2010\r\nbour of Nord\u2010\r\nSüd"))]) == ["the harbour of Nord-Süd"]


@pytest.mark.parametrize(
    ("title", "own"),
    [
        ("Microsoft Word - report_v3.doc", ""),
        ("annual report.indd", ""),
        ("PowerPoint Presentation", ""),
        ("Présentation PowerPoint", ""),
        ("untitled", ""),
        ("Untitled-1", ""),
        ("Dokument1", ""),
        ("Word Document", ""),
        ("The new harbour", "The new harbour"),
        ("Working with node.js", "Working with node.js"),
        ("Presentation of the harbour", "Presentation of the harbour"),
        ("Document", "Document"),
    ],
)
def test_what_programs_call_a_file_is_not_its_title(title: str, own: str) -> None:
    assert own_title(title) == own


def test_an_rtf_file_has_a_date_and_may_hold_a_picture(tmp_path: Path) -> None:
    about = rb"{\info{\title Document1}{\creatim\yr2021\mo3\dy4\hr9\min5}{\revtim\yr2022\mo1\dy1}}"
    picture = rb"{\pict\wmetafile8\bin6 }{\par}\par "
    (raw,) = read(
        tmp_path / "a.rtf", rb"{\rtf1\ansi" + about + rb"\pard The pier." + picture + rb"Nobody was hurt.\par}"
    )
    assert (read_document(raw).document.date, raw.title, raw.text.split("\n\n")[:2]) == (
        "2021-03-04",
        "",
        ["The pier.", "Nobody was hurt."],
    )


def test_xml_tells_tables_and_raised_figures(tmp_path: Path) -> None:
    """As scholarly articles (JATS) and agencies have them; the mark of a note is none of a figure."""
    table = (
        "<table><thead><tr><th>Site</th><th>Bees</th></tr></thead><tbody><tr><td>A</td><td>12</td></tr></tbody></table>"
    )
    body = f"<p>CO<sub>2</sub> at 10<sup>3</sup> sites<sup><xref>7</xref></sup>.</p>{table}<p>So it is.</p>"
    article = f"<article><front><article-title>Bees</article-title></front><body><sec><title>Methods</title>{body}"
    (raw,) = read(tmp_path / "a.xml", f"<?xml version='1.0'?>{article}</sec></body></article>")
    assert raw.title == "Bees"
    assert raw.text.split("\n\n") == ["Bees", "Methods", "CO₂ at 10³ sites.", "Site: A, Bees: 12.", "So it is."]
    news = f"<newsItem guid='x'><contentSet><inlineXML><html><head><title>x</title></head><body>{table}</body></html>"
    (raw,) = read(tmp_path / "b.xml", f"<?xml version='1.0'?>{news}</inlineXML></contentSet></newsItem>")
    assert raw.text == "Site: A, Bees: 12."


def test_the_export_of_a_blog_keeps_its_paragraphs(tmp_path: Path) -> None:
    """Which old editors wrote with blank lines between them, among tags; pictures without a text are no documents."""
    content = "First, <em>this</em>.\n\n<h2>Then</h2>\n\nThat, &amp; more.\n\n<ul><li>One</li></ul>"
    items = f"<item><title>T</title><guid>1</guid><c:encoded><![CDATA[{content}]]></c:encoded></item>"
    items += "<item><title>IMG_1234</title><guid>2</guid><c:encoded><![CDATA[]]></c:encoded></item>"
    feed = f"<rss xmlns:c='http://purl.org/rss/1.0/modules/content/'><channel>{items}</channel></rss>"
    (raw,) = read(tmp_path / "a.xml", f"<?xml version='1.0'?>{feed}")
    assert clean_text(raw.text).split("\n\n") == ["First, this.", "Then", "That, & more.", "One"]


@pytest.mark.parametrize(
    "export",
    [
        "<export><site>Town</site><articles><article id='7' lang='en'><title>The pier</title><body>&lt;p&gt;It is"
        " closed.&lt;/p&gt;&lt;p&gt;For a year.&lt;/p&gt;</body><date>2023-05-04</date></article>"
        "<article id='8'><title>The mole</title><body>It is open.</body></article></articles></export>",
        "<en-export><note><id>7</id><title>The pier</title><content><![CDATA[<?xml version='1.0'?><en-note><div>It is"
        " closed.</div><div>For a year.</div></en-note>]]></content><created>20230504T100000Z</created></note>"
        "<note><title>The mole</title><content>It is open.</content></note></en-export>",
        "<mediawiki><siteinfo><sitename>Town</sitename></siteinfo><page><title>The pier</title><id>7</id><revision>"
        "<timestamp>2023-05-04T10:00:00Z</timestamp><text>It is closed.</text><text>For a year.</text></revision>"
        "</page><page><title>The mole</title><revision><text>It is open.</text></revision></page></mediawiki>",
    ],
    ids=["newsroom", "Evernote", "MediaWiki"],
)
def test_xml_that_lists_records(tmp_path: Path, export: str) -> None:
    one, two, *others = read(tmp_path / "a.xml", f"<?xml version='1.0'?>{export}")
    assert (one.origin, one.title, read_document(one).document.date) == (
        f"{tmp_path}/a.xml#7",
        "The pier",
        "2023-05-04",
    )
    assert one.text == "It is closed.\n\nFor a year." and two.text == "It is open."
    assert "".join(other.text for other in others) in ("", "Town")  # nothing is lost


@pytest.mark.parametrize("aside", ["<!-- checked -->", "<?sort by-date?>", "<!-- a --><!-- b -->"])
def test_asides_in_the_entries_of_xml_are_passed_over(tmp_path: Path, aside: str) -> None:
    told = (
        f"<item>{aside}<title>{name}</title><body>The {name} is open.{aside}</body>"
        f"<meta>{aside}<place>Molde</place></meta></item>"
        for name in ("pier", "quay")
    )
    raws = read(tmp_path / "list.xml", f"<list>{aside}{''.join(told)}</list>")
    assert [(raw.title, raw.text) for raw in raws] == [("pier", "The pier is open."), ("quay", "The quay is open.")]


def test_xml_whose_entries_say_more_than_a_record_can_hold_is_one_text(tmp_path: Path) -> None:
    long = "It was closed after the storm. " * 200
    entry = f"<e><title>T</title><summary>Short.</summary><main>{long}</main></e>"
    (raw,) = read(tmp_path / "a.xml", f"<?xml version='1.0'?><all>{entry}{entry}</all>")
    assert raw.text.count("after the storm") == 400
    code = "<article><p>Write <code>&lt;p&gt;x&lt;/p&gt;</code> for a paragraph.</p></article>"
    (raw,) = read(tmp_path / "b.xml", f"<?xml version='1.0'?>{code}")
    assert raw.text == "Write <p>x</p> for a paragraph."


def test_word_documents_of_the_strict_kind_are_read(tmp_path: Path) -> None:
    data = word("<w:p><w:r><w:t>The pier.</w:t></w:r></w:p>")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        document = archive.read("word/document.xml").decode()
    strict = document.replace(_WORD, "http://purl.oclc.org/ooxml/wordprocessingml/main")
    (raw,) = read(tmp_path / "a.docx", zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": strict}))
    assert raw.text == "The pier."


def test_marked_pieces_of_a_text_are_one_text(tmp_path: Path) -> None:
    pieces = '["Look at ", {"type": "link", "text": "https://example.org"}, " now."]'
    (raw,) = read(tmp_path / "a.json", f'{{"messages": [{{"id": 1, "text": {pieces}}}]}}')
    assert raw.text == "Look at https://example.org now."


def test_a_byte_order_mark_above_a_message_hides_no_header(tmp_path: Path) -> None:
    (raw,) = read(tmp_path / "a.eml", b"\xef\xbb\xbf" + message().as_bytes())
    assert (raw.title, raw.text.strip()) == ("Re: café", "The pier is broken.")
