"""Files that were made to harm: none stops a run, each is named with its reason, and what lies beside it is read."""

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import random
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import powerpoint_97
from askcorpus.errors import ReadError
from askcorpus_ingest.documents import read_document
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.worker import FileReader
from ole import ole
from word_97 import Piece, plan, word_97

MADE = Path(__file__).parents[1] / "data" / "formats"
MAX_MB = 1  # so that small bombs are large ones: 20 MB may be unpacked
ZEROS = bytes(60_000_000)
SECRET = "root:x:0:0"  # what is in /etc/passwd


def zipped(files: dict[str, bytes], *, encrypted: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    packed = bytearray(buffer.getvalue())
    if encrypted:
        for at in (packed.index(b"PK\3\4") + 6, packed.index(b"PK\1\2") + 8):
            packed[at] |= 1
    return bytes(packed)


def tarred(*members: tarfile.TarInfo, text: bytes = b"Text.") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for member in members:
            member.size = len(text) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(text))
    return buffer.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def repacked(name: str, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """A file of ours with one part of it changed."""
    with zipfile.ZipFile(MADE / name) as archive:
        return zipped(
            {one: change(archive.read(one)) if one == part else archive.read(one) for one in archive.namelist()}
        )


def nested(levels: int) -> bytes:
    data = zipped({"a.txt": b"Deep."})
    for _ in range(levels):
        data = zipped({"a.zip": data})
    return data


def pdf(body: bytes, *, pages: bytes = b"<</Type/Pages/Kids[3 0 R]/Count 1>>", filters: bytes = b"") -> bytes:
    """A PDF of one page with this stream as its content."""
    return (
        b"%PDF-1.5\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj" + pages + b"endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>endobj\n"
        b"4 0 obj<</Length " + str(len(body)).encode() + filters + b">>stream\n" + body + b"\nendstream endobj\n"
        b"trailer<</Root 1 0 R>>\n%%EOF"
    )


def deflated(data: bytes, times: int = 1) -> bytes:
    import zlib

    for _ in range(times):
        data = zlib.compress(data, 9)
    return data


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha ha ha ha ha ha ha ha ha ha">' + b"".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(9)
)
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
PAGE = b"<html><body><p>A page.</p></body></html>"


def made() -> Iterator[tuple[str, bytes]]:
    """The hostile files, by name."""
    # bombs
    yield "bomb.zip", zipped({"a.txt": ZEROS})
    yield "bomb-of-many.zip", zipped({f"{n}.txt": bytes(900_000) for n in range(40)})
    yield "bomb.txt.gz", gzip.compress(ZEROS)
    yield "bomb.txt.bz2", bz2.compress(ZEROS)
    yield "bomb.txt.xz", lzma.compress(ZEROS)
    yield "bomb.gz.gz", gzip.compress(gzip.compress(ZEROS))
    yield "bomb.tar.gz", gzip.compress(tarred(member("a.txt"), text=ZEROS))
    yield "bomb-in-zip.zip", zipped({"a.zip": zipped({"a.txt": ZEROS})})
    yield "bomb.docx", repacked("harbour.docx", "word/document.xml", lambda _: b"<a>" + ZEROS + b"</a>")
    yield "bomb.odt", repacked("harbour.odt", "content.xml", lambda _: b"<a>" + b" " * 60_000_000 + b"</a>")
    yield "bomb.epub", repacked("harbour.epub", "EPUB/text/ch001.xhtml", lambda _: b" " * 60_000_000)
    yield "bomb.xlsx", repacked("sheets.xlsx", "xl/worksheets/sheet1.xml", lambda _: b" " * 60_000_000)
    yield (
        "bomb-in-mail.eml",
        b"From: a@b.c\nDate: x\nContent-Type: application/zip\nContent-Disposition: attachment; filename=a.zip\n"
        b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(zipped({"a.txt": ZEROS})),
    )
    yield "laughs.xml", LAUGHS + b"]><l>&j;</l>"
    yield "outside.xml", OUTSIDE + b"<l><p>&x;</p><p>Mine.</p></l>"
    yield (
        "outside.rss",
        OUTSIDE + b"<rss><channel><item><title>&x;</title><description>Mine.</description></item></channel></rss>",
    )
    yield "outside-dtd.xml", b'<?xml version="1.0"?><!DOCTYPE l SYSTEM "http://127.0.0.1:9/x.dtd"><l>Mine.</l>'
    for name, part in [
        ("harbour.docx", "word/document.xml"),
        ("harbour.odt", "content.xml"),
        ("harbour.pptx", "ppt/slides/slide2.xml"),
        ("harbour.epub", "EPUB/content.opf"),
    ]:
        ending = name.partition(".")[2]
        yield f"laughs.{ending}", repacked(name, part, lambda _: LAUGHS + b"]><l>&j;</l>")
        yield f"outside.{ending}", repacked(name, part, lambda _: OUTSIDE + b"<l>&x;</l>")
    yield "laughs.xlsx", repacked("sheets.xlsx", "xl/worksheets/sheet1.xml", lambda _: LAUGHS + b"]><l>&j;</l>")
    # PDF
    yield "bomb.pdf", pdf(deflated(ZEROS), filters=b"/Filter/FlateDecode")
    yield "bomb-in-bomb.pdf", pdf(deflated(ZEROS, 3), filters=b"/Filter[/FlateDecode/FlateDecode/FlateDecode]")
    yield (
        "object-stream.pdf",
        pdf(deflated(b"5 0 " + ZEROS), filters=b"/Type/ObjStm/N 1000000/First 4/Filter/FlateDecode"),
    )
    yield "circle.pdf", pdf(b"", pages=b"<</Type/Pages/Kids[2 0 R]/Count 1>>")
    yield "countless.pdf", pdf(b"", pages=b"<</Type/Pages/Kids[3 0 R]/Count 2147483647>>")
    yield "negative.pdf", pdf(b"", pages=b"<</Type/Pages/Kids[3 0 R]/Count -5>>")
    yield "deep.pdf", pdf(b"[" * 500_000)
    yield "deep-object.pdf", pdf(b"", pages=b"[" * 500_000)
    yield "drawing.pdf", pdf(b"".join(b"%d 0 m %d 9 l 0 %d m 9 %d l S\n" % (n, n, n, n) for n in range(100_000)))
    yield (
        "tags-in-a-circle.pdf",
        pdf(b"")
        .replace(b"/Catalog", b"/Catalog/StructTreeRoot<</Type/StructTreeRoot/K 5 0 R>>")
        .replace(b"trailer", b"5 0 obj<</S/Table/Pg 3 0 R/K[5 0 R 5 0 R<</S/TR/Pg 3 0 R/K 5 0 R>>]>>endobj\ntrailer"),
    )
    yield "length.pdf", pdf(b"x").replace(b"/Length 1", b"/Length 99999999999")
    yield "empty.pdf", b"%PDF-1.7\n"
    # traversal, links, devices
    yield (
        "traversal.zip",
        zipped(
            {"../../../../tmp/askcorpus-out.txt": b"Out.", "/tmp/askcorpus-out.txt": b"Out.", "C:\\out.txt": b"Out."}
        ),
    )
    yield "traversal.tar", tarred(member("../../../../tmp/askcorpus-out.txt"), member("/tmp/askcorpus-out.txt"))
    yield (
        "links.tar",
        tarred(
            member("a.txt", tarfile.SYMTYPE, "/etc/passwd"),
            member("b.txt", tarfile.LNKTYPE, "a.txt"),
            member("c.txt", tarfile.SYMTYPE, "c.txt"),
            member("d.txt"),
        ),
    )
    yield (
        "devices.tar",
        tarred(
            member("null.txt", tarfile.CHRTYPE),
            member("disk.txt", tarfile.BLKTYPE),
            member("pipe.txt", tarfile.FIFOTYPE),
            member("d.txt"),
        ),
    )
    yield "twice.zip", zipped({"a.txt": b"One."}) + zipped({"a.txt": b"Two."})
    yield "name.zip", zipped({"a\n\x1b[2J.txt": b"Text."})
    yield "nested-9.zip", nested(9)
    yield "nested-2.zip", nested(2)
    yield "many.zip", zipped({f"{n}.txt": b"Text." for n in range(1000)})
    yield "encrypted.zip", zipped({"a.txt": b"Secret."}, encrypted=True)
    yield (
        "encrypted-part.docx",
        repacked("harbour.docx", "x", bytes)[:0]
        + zipped({"[Content_Types].xml": b"<a/>", "word/document.xml": b"<a/>"}, encrypted=True),
    )
    # long and deep
    yield "long.jsonl", b'{"text": "' + b"a" * 100_000_000 + b'"}\n{"text": "Mine."}'
    yield "long.csv", b'a,b\n"' + b"x," * 400_000
    yield "wide.csv", b",".join(b"c%d" % n for n in range(100_000)) + b"\n" + b",".join(b"1" for _ in range(100_000))
    yield "long.txt", b"word" * 240_000
    yield "deep.html", b"<div>" * 180_000 + b"Mine."
    yield "deep.xml", b"<?xml version='1.0'?>" + b"<a>" * 200_000 + b"Mine." + b"</a>" * 2
    yield "deep.json", b"[" * 200_000 + b"]" * 200_000
    yield "deep-object.json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    yield "deep.rtf", b"{\\rtf1 " + b"{" * 200_000 + b"Mine."
    yield (
        "deep.eml",
        b"From: a@b.c\nDate: x\n"
        + b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(2000)),
    )
    yield (
        "deep-message.eml",
        b"From: a@b.c\nDate: x\n" + b"Content-Type: message/rfc822\n\nFrom: a@b.c\n" * 1000 + b"\nMine.",
    )
    yield (
        "deep.docx",
        repacked(
            "harbour.docx",
            "word/document.xml",
            lambda data: data.replace(b"<w:body>", b"<w:body>" + b"<w:tbl><w:tr><w:tc>" * 5000),
        ),
    )
    yield (
        "deep-styles.odt",
        repacked(
            "harbour.odt",
            "content.xml",
            lambda data: data.replace(b"<office:text>", b"<office:text>" + b"<text:list>" * 5000),
        ),
    )
    # broken headers and texts
    yield (
        "headers.eml",
        b"From: =?x?q?=?= <\xff\xfe>\nDate: yesterday\nSubject: =?utf-8?b?!!!!?=\n"
        b'Content-Type: text/plain; charset="no such"\nContent-Transfer-Encoding: base64\n\n!!!!',
    )
    yield "header-line.eml", b"From: a@b.c\nDate: x\nSubject: " + b"a" * 900_000 + b"\n\nMine."
    yield "no-end.mbox", b"From a@b.c Thu May  4 10:00:00 2023\nContent-Type: multipart/mixed; boundary=x\n\n--x\n"
    yield "only-from.mbox", b"From a@b.c Thu May  4 10:00:00 2023\n" * 3000
    yield "surrogates.jsonl", b'{"id": "\\ud800", "text": "Half \\udc00."}'
    yield "surrogates.json", b'{"title": "\\ud800", "text": "Half \\udc00."}'
    yield "surrogates.rtf", b"{\\rtf1 Half \\u-10240? done.}"
    yield "reference.xml", b"<?xml version='1.0'?><l>&#xD800;</l>"
    yield "nul.txt", b"\0" * 1000
    yield "nul.csv", b"a,b\n\0,1\0\n2,3"
    yield "nul.rtf", b"{\\rtf1 a\0b}"
    yield "marks.txt", "Left \u202eright\u2066 \u200b\ufeff.".encode()
    yield "font.rtf", b"{\\rtf1\\ansicpg99999 Mine.\\f99999999 \\'ff}"
    yield "binary.rtf", b"{\\rtf1 Mine.\\bin99999999 }"
    yield "time.srt", b"1\n99:99:99,999 --> x\nMine.\n"
    yield "cues.vtt", b"WEBVTT\n\n" + b"00:00:01.000 --> 00:00:02.000\n" * 20_000
    yield "nothing-said.txt", b"12/03/2021, 14:05 - Ada: \xe2\x80\x8ex\n" * 20_000
    yield "no-end.bib", b"@a{b, title = {" * 50_000
    yield "quotes.bib", b'@a{b, title = "' + b"{" * 400_000
    yield "accents.bib", b"@a{b, c = {" + b"\\'" * 200_000 + b"}}"
    yield "no-title.ris", b"TY  - NEWS\nAU  - A\nER  - \n" * 20_000
    yield "no-end.ics", b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 60_000
    yield "quotes.ics", b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART" + b';A=""' * 150_000
    # called what they are not
    yield "image.pdf", b"\x89PNG\r\n\x1a\n" + bytes(99)
    yield "image.txt", b"\x89PNG\r\n\x1a\n" + bytes(99)
    yield "image.docx", b"\xff\xd8\xff" + bytes(99)
    yield "program.xlsx", b"MZ" + bytes(999)
    yield "page.pdf", PAGE
    yield "page.docx", PAGE
    yield "report.csv", (MADE / "report.pdf").read_bytes()
    yield "harbour.json", (MADE / "harbour.docx").read_bytes()
    yield "page.txt", b"<!doctype html>" + PAGE
    yield "zip.docx", zipped({"a.txt": b"Text."})
    # what lies elsewhere in documents of Word 97
    text = Piece("Mine.\r" * 4000)
    yield "outside.doc", ole(word_97([text], plan=plan([0, 1 << 31], [0x3FFFFFFF])))
    yield "twice.doc", ole(word_97([text], plan=plan(range(0, 1_200_000, 20_000), [2048 | 0x40000000] * 59)))
    yield "changes.doc", ole(word_97([text], plan=b"\1\0\0" * 9000))
    yield "countless.doc", ole(word_97([text], plan=b"\2\xff\xff\xff\xff" + bytes(9999)))
    listed_often = {1: powerpoint_97.document(powerpoint_97.listed(2, 256) * 999), 2: powerpoint_97.slide()}
    yield "often.ppt", powerpoint_97.powerpoint_97(listed_often)
    yield "ole.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000)
    for ending in (
        "pdf",
        "docx",
        "odt",
        "rtf",
        "pptx",
        "xlsx",
        "epub",
        "eml",
        "msg",
        "zip",
        "gz",
        "tar",
        "json",
        "csv",
        "xml",
        "srt",
    ):
        yield f"nothing.{ending}", b""
    # cut off, or with a few bits turned
    chance = random.Random(13)
    for path in sorted(MADE.glob("harbour.*")) + [
        MADE / "harbour-libreoffice.doc",
        MADE / "ports-libreoffice.ppt.gz",
        MADE / "sheets.xlsx",
        MADE / "sheets.ods",
        MADE / "sheets.xls",
        MADE / "report.pdf",
    ]:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for share in (0.3, 0.9):
            yield f"cut-{share}-{path.name}", data[: int(len(data) * share)]
        turned = bytearray(data)
        for _ in range(20):
            turned[chance.randrange(8, len(data))] ^= 1 << chance.randrange(8)
        yield f"turned-{path.name}", bytes(turned)


READ = {
    *("outside-dtd.xml", "nested-2.zip", "many.zip", "long.txt", "deep.html", "header-line.eml", "surrogates.json"),
    *(
        "surrogates.jsonl",
        "surrogates.rtf",
        "marks.txt",
        "nul.csv",
        "nul.rtf",
        "report.csv",
        "harbour.json",
        "page.pdf",
    ),
    *(
        "page.docx",
        "page.txt",
        "zip.docx",
        "twice.zip",
        "name.zip",
        "traversal.zip",
        "traversal.tar",
        "wide.csv",
        "font.rtf",
        "outside.xml",
        "outside.rss",
        "outside.pptx",
        "laughs.xlsx",
        "long.csv",
        "only-from.mbox",
        "time.srt",
    ),
}
"""Of these something is read; of the others each is named with its reason, whatever else of it is read."""


def test_hostile_files_are_named_and_stop_nothing(tmp_path: Path) -> None:
    beside = tmp_path / "beside.docx"
    beside.write_bytes((MADE / "harbour.docx").read_bytes())
    names, unnamed, texts = [], [], []
    began = time.monotonic()
    with FileReader(MAX_MB, seconds=20, memory_mb=900) as reader:
        for name, data in made():
            path = tmp_path / name
            path.write_bytes(data)
            names.append(name)
            failures, records = taken(reader, path)
            assert all(reason and "\n" not in reason for reason in failures), name
            texts += [read_document(one).document.text for one in records if one.text.strip()]
            if not failures and (name not in READ or not records) and not name.startswith("turned-"):
                unnamed.append(name)
            path.unlink()
        failures, records = taken(reader, beside)
    assert (failures, [one.title for one in records]) == ([], ["The harbour of Lornhaven"])
    assert len(names) == len(set(names)) > 100
    assert unnamed == []
    assert not any(SECRET in text for text in texts)
    assert not Path("/tmp/askcorpus-out.txt").exists()
    assert time.monotonic() - began < 60


def taken(reader: FileReader, path: Path) -> tuple[list[str], list[RawRecord]]:
    """Why the file or parts of it cannot be read, and what can."""
    failures: list[str] = []
    records: list[RawRecord] = []
    try:
        for found in reader.read(path):
            if isinstance(found, Failure):
                failures.append(found.reason)
            else:
                records.append(found)
    except ReadError as exc:
        failures.append(exc.message)
    return failures, records


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("long.ris", b"TY  - NEWS\nAB  - Mine.\n" + b"x\n" * 490_000),
        (
            "sections.html",
            b"<article><b class=DocPublicationName>P</b>" + b"<i class=DocTitreSousSection>x</i>" * 15_000,
        ),
        ("boxes.html", b"<div><p>The log.</p>" + b"<div>A line of the log.</div>" * 10_000 + b"</div>"),
        ("nested.html", b"<div>" * 150 + b"<div>Words of it. </div>" * 10_000),
        ("joined.bib", b"@article{a, title = " + b"a#" * 100_000 + b"a, abstract = {Mine.}}"),
    ],
)
def test_what_has_very_many_of_a_kind_is_read_in_seconds(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with FileReader(MAX_MB, seconds=6) as reader:
        failures, records = taken(reader, path)
    assert (failures, len(records)) == ([], 1)


def test_a_part_that_takes_too_long_costs_itself_and_nothing_beside_it(tmp_path: Path) -> None:
    slow = b"<html><body>" + b"<p>A paragraph <b>of</b> this page.</p>" * 20_000
    (tmp_path / "a.zip").write_bytes(
        zipped({"1.txt": b"One.", "slow.html": slow, "2.txt": b"Two.", "3.txt": b"Three."})
    )
    with FileReader(50, seconds=0.3) as reader:
        failures, records = taken(reader, tmp_path / "a.zip")
    assert failures == ["took more than 0.3 seconds to read"]
    assert [one.text for one in records] == ["One.", "Two.", "Three."]


def test_a_part_that_takes_too_much_memory_costs_itself_and_nothing_beside_it(tmp_path: Path) -> None:
    large = b'{"text": "Large.", "more": [' + b"[]," * 8_000_000 + b"[]]}"
    (tmp_path / "a.zip").write_bytes(zipped({"1.txt": b"One.", "large.json": large, "2.txt": b"Two."}))
    with FileReader(50, memory_mb=400) as reader:
        failures, records = taken(reader, tmp_path / "a.zip")
    assert len(failures) == 1 and "memory" in failures[0]
    assert [one.text for one in records] == ["One.", "Two."]


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(PAGE)
    with FileReader(50) as reader:
        assert len(taken(reader, tmp_path / "a.html")[1]) == 1
        assert reader._process
        os.kill(reader._process.pid, 9)
        reader._process.wait()
        assert taken(reader, tmp_path / "a.html")[0] == ["needs more memory than there is to read it"]
        assert len(taken(reader, tmp_path / "a.html")[1]) == 1


def test_what_is_given_up_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"id": str(n), "text": "Text. " * 100} for n in range(5000)]))
    (tmp_path / "b.html").write_bytes(PAGE)
    with FileReader(50) as reader:
        records = reader.read(tmp_path / "a.json")
        next(iter(records))
        records.close()  # type: ignore[attr-defined]
        assert [one.text.strip() for one in taken(reader, tmp_path / "b.html")[1]] == ["A page."]


@pytest.mark.parametrize("name", ["café.docx", "caf\udce9.docx"])
def test_names_of_files_in_any_bytes(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes((MADE / "harbour.docx").read_bytes())
    with FileReader(50) as reader:
        ((record,)) = taken(reader, tmp_path / name)[1]
    assert record.title == "The harbour of Lornhaven"
