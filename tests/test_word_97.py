"""Documents of Word 97 to 2003: as LibreOffice writes them, saved in pieces as Word did, and broken."""

import io
import time
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from askcorpus.errors import Corrupt, Encrypted, NoText, OldFormat, ReadError
from askcorpus.types import Document
from askcorpus_ingest.documents import read_document
from askcorpus_ingest.readers.dispatch import read_file
from askcorpus_ingest.readers.records import RawRecord
from ole import ole
from word_97 import DELETED, TEXT_AT, Piece, many_changes, notes_in_a_circle, plan, word_97, word_97_file

MADE = Path(__file__).parent / "data" / "formats"


def read(path: Path, content: bytes | None = None) -> list[Document]:
    """The documents of a file in which nothing is wrong."""
    if content is not None:
        path.write_bytes(content)
    found = list(read_file(path))
    assert [one for one in found if not isinstance(one, RawRecord)] == []
    return [read_document(one).document for one in found if isinstance(one, RawRecord)]


def test_a_document_of_libreoffice_with_all_that_can_be_in_one() -> None:
    """Deleted, hidden and struck text, instructions and comments are not seen; the other words are in order."""
    (town,) = read(MADE / "town-libreoffice.doc")
    assert (town.title, town.author, town.date) == ("Le port de Łódź", "Zoë Ngô", "2003-05-04")
    assert town.text.split("\n\n") == [
        "Première partie",
        "It was closed and open, 10⁶ joules; see the site on page 1. After.",
        "Foot one.\nSecond paragraph of it.",
        "End one.",
        "Chinese 港口已经关闭。 Arabic أُغلق الميناء emoji 😀 done. Łódź — “quote”.",
        "Paragraph of the box.",
        "Boxed words.",
        "Custom shape host.",
        "Shape words.",
        "Town: Lorn, Boats old: 37 damaged, Boats new: 12.",
        "Town: Lorn, Boats old: 5, Boats new: in ner.",
        "Foot in a table.",
        "Zweiter Teil",
        "Name: Ott, Office: mayor.",
        "Name: Ann, Office: clerk.",
        "Line\nbreak\ttab. non\u2011breaking softhyphen.",
        "Last words.",
    ]
    assert [mark.locator for mark in town.marks] == [{"chapter": "Première partie"}, {"chapter": "Zweiter Teil"}]


def test_a_document_saved_in_pieces_is_read_in_its_order_and_without_the_deleted_ones(tmp_path: Path) -> None:
    """As Word did in a hurry: pieces of one and of two bytes a character, the last ones first in the file."""
    pieces = [
        Piece("The pier is “bro"),
        Piece("ken” 😀", wide=True),
        Piece(" for good", change=DELETED),
        Piece(".\rNobody was hurt.\r"),
    ]
    (document,) = read(tmp_path / "a.doc", ole(word_97(pieces)))
    assert document.text == "The pier is “broken” 😀.\n\nNobody was hurt."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See \x13 HYPERLINK \"http://a.example\" \x14the site\x15.", "See the site."),
        ("A \x13 IF \x13 PAGE \x142\x15 = 1 \x14yes\x15 b", "A yes b"),
        ("\x13 TOC \x14\x13 REF a \x14One\x15 \x13 REF b \x14Two\x15\x15", "One Two"),
        ("A \x13 FORMCHECKBOX \x15b", "A b"),
        ("A \x13 never ends", "A  never ends"),
        ("A \x15 never \x14 began", "A  never  began"),
        ("a\x0bb\x1ec\x1fd\x01\x08", "a\nb\u2011cd"),
    ],
    ids=["link", "field in an instruction", "fields in a result", "no result", "no end", "no beginning", "signs"],
)  # fmt: skip
def test_instructions_and_signs_are_no_text(tmp_path: Path, text: str, shown: str) -> None:
    (document,) = read(tmp_path / "a.doc", word_97_file(text))
    assert document.text == shown


def test_a_document_is_read_in_whatever_it_is_packed(tmp_path: Path) -> None:
    content = word_97_file("The pier is broken.")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("old/a.doc", content)
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Date"] = "a@b.example", "S", "Thu, 04 May 2023 10:00:00 +0200"
    mail.set_content("See below.")
    mail.add_attachment(content, maintype="application", subtype="msword", filename="a.doc")
    message = {
        "__properties_version1.0": bytes(32),
        "__attach_version1.0_#00000000/__substg1.0_3707001F": "a.doc".encode("utf-16-le"),
        "__attach_version1.0_#00000000/__substg1.0_37010102": content,
    }
    found = [
        *read(tmp_path / "a.zip", archive.getvalue()),
        *read(tmp_path / "a.eml", mail.as_bytes())[1:],
        *read(tmp_path / "a.msg", ole(message)),
    ]
    assert [one.text for one in found] == ["The pier is broken."] * 3
    assert [one.origin for one in found] == [
        f"{tmp_path}/{name}" for name in ("a.zip#old/a.doc", "a.eml#a.doc", "a.msg#a.doc")
    ]


OUTSIDE = plan([0, 1000], [TEXT_AT * 2 | 0x40000000])
MANY = plan(range(0, 40_000, 1000), [TEXT_AT * 2 | 0x40000000] * 39)
BACKWARDS = plan([10, 0], [TEXT_AT])


@pytest.mark.parametrize(
    ("content", "error", "why"),
    [
        (word_97_file("A.", flags=0x1100), Encrypted, "is encrypted"),
        (word_97_file("A.", flags=0x9100), Encrypted, "is encrypted"),
        (word_97_file("A.", kind=0xA5DC, version=0x68), OldFormat, "of Word 6 or 95, which is not read"),
        (word_97_file("A.", version=0x68), OldFormat, "of Word 6 or 95, which is not read"),
        (word_97_file("A.", kind=0), Corrupt, "is a broken Word document"),
        (word_97_file("A.", flags=0x1200), Corrupt, "is a broken Word document"),
        (word_97_file("\x13 PAGE \x15\x01"), NoText, "holds no text"),
        (ole({"WordDocument": b"\xec\xa5"}), OldFormat, "of Word 6 or 95"),
        (ole(word_97([Piece("A.")], plan=b"")), Corrupt, "is a broken Word document"),
        (ole(word_97([Piece("A.")], plan=b"\1\xff\xff")), Corrupt, "is a broken Word document"),
        (ole(word_97([Piece("A.")], plan=b"\2\xff\xff\xff\xff" + bytes(99))), Corrupt, "is a broken Word document"),
        (ole(word_97([Piece("A.")], plan=plan([0, 1 << 31], [0x3FFFFFFF]))), Corrupt, "is a broken Word document"),
        (ole(word_97([Piece("A.")], plan=plan([0, 9000], [TEXT_AT]))), Corrupt, "is a broken Word document"),
        (ole(word_97([Piece("A. " * 2000)], plan=MANY)), Corrupt, "is a broken Word document"),
        (ole(word_97([Piece("A.")], plan=BACKWARDS)), Corrupt, "is a broken Word document"),
    ],
    ids=[
        *("encrypted", "obfuscated", "Word 95", "Word 6", "another kind", "no table", "no text", "header alone"),
        *("no plan", "changes without end", "plan without end", "far outside", "outside", "told many times"),
        "backwards",
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, content: bytes, error: type[ReadError], why: str) -> None:
    with pytest.raises(error, match=why):
        read(tmp_path / "a.doc", content)


def test_no_note_is_told_twice_however_often_a_file_says_where_it_is(tmp_path: Path) -> None:
    (document,) = read(tmp_path / "a.doc", ole(notes_in_a_circle(1000)))
    assert document.text == f"Main.\n\n{'n' * 2000}"


def test_a_document_that_is_cut_off_is_broken(tmp_path: Path) -> None:
    whole = (MADE / "town-libreoffice.doc").read_bytes()
    for share in range(1, 10):
        with pytest.raises(Corrupt):
            read(tmp_path / "a.doc", whole[: len(whole) * share // 10])


def test_changes_that_hold_for_many_paragraphs_are_read_once(tmp_path: Path) -> None:
    """Made to take hours: five thousand paragraphs, for each of which seven thousand changes hold."""
    started = time.process_time()
    (document,) = read(tmp_path / "a.doc", ole(many_changes(5000, 7000)))
    assert document.text.count("Aal.") == 5000
    assert time.process_time() - started < 5
