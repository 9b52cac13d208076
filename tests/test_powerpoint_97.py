"""Presentations of PowerPoint 97 to 2003: as LibreOffice and PowerPoint write them, encrypted, and broken."""

import gzip
import struct
import time
from pathlib import Path

import pytest

from askcorpus.errors import Corrupt, Encrypted, NoText, ReadError
from askcorpus_ingest.readers.dispatch import read_file
from askcorpus_ingest.readers.records import RawRecord
from ole import ole
from powerpoint_97 import (
    BODY,
    NOTES,
    TITLE,
    box,
    container,
    document,
    drawing,
    listed,
    outline,
    powerpoint_97,
    record,
    slide,
    table,
    text,
)

MADE = Path(__file__).parent / "data" / "formats"


def read(path: Path, content: bytes) -> RawRecord:
    path.write_bytes(content)
    (found,) = read_file(path)
    assert isinstance(found, RawRecord)
    return found


def paragraphs(found: RawRecord) -> list[tuple[str, str]]:
    """Each paragraph with the number of its slide."""
    starts = [mark.start for mark in found.marks]
    ends = [*starts[1:], len(found.text)]
    return [
        (mark.locator["slide"], paragraph)
        for mark, end in zip(found.marks, ends, strict=True)
        for paragraph in found.text[mark.start : end].strip().split("\n\n")
    ]


def test_a_presentation_of_libreoffice(tmp_path: Path) -> None:
    found = read(tmp_path / "a.ppt", gzip.decompress((MADE / "ports-libreoffice.ppt.gz").read_bytes()))
    assert (found.title, found.author) == ("Ports in 2023", "Ada Berg")
    assert paragraphs(found) == [
        ("1", "Harbour of Aal — 2023"),
        ("1", "Closed for nine days in May\nŽižkov ferry ran aground — “Łódź” Київ"),
        ("1", "Tell them that the pilot was on board."),
        ("2", "Costs"),
        ("2", "Port: Aal, Cost: 41 million."),
        ("2", "Twice what was planned"),
        ("2", "Grouped: dredging 3.4 million"),
        ("2", "Grouped two: 10⁶ tons CO₂ and more"),
        ("3", "Outlook"),
        ("3", "The new pier opens in 2026.\nIt is 400 metres long\nand wide."),
    ]


def test_texts_that_stand_in_the_list_of_slides_are_told_where_their_boxes_are(tmp_path: Path) -> None:
    """As PowerPoint writes it: an empty text counts among them, and one that no box refers to is not lost."""
    texts = [text("The port", TITLE), text("", BODY), text("Closed in May.\rOpen in June.", BODY), text("At last.")]
    shapes = [box(outline(2)), box(text("Ferries: 10 — “all”.")), box(outline(0)), box(outline(1))]
    found = read(tmp_path / "a.ppt", powerpoint_97({1: document(listed(2, 256, *texts)), 2: slide(*shapes)}))
    assert found.text.split("\n\n") == [
        "Closed in May.\nOpen in June.",
        "Ferries: 10 — “all”.",
        "The port",
        "At last.",
    ]


def test_what_was_saved_last_is_read(tmp_path: Path) -> None:
    """Slides in the order of the list, of which one was written anew and one was taken out."""
    first = {
        1: document(listed(2, 256) + listed(3, 257) + listed(4, 258)),
        2: slide(box(text("The mayor is Ott."))),
        3: slide(box(text("Deleted."))),
        4: slide(box(text("Last slide, now first."))),
    }
    second = {1: document(listed(4, 258) + listed(2, 256)), 2: slide(box(text("The mayor is Koch.")))}
    found = read(tmp_path / "a.ppt", powerpoint_97(first, second))
    assert paragraphs(found) == [("1", "Last slide, now first."), ("2", "The mayor is Koch.")]


def test_notes_stand_with_their_slides_and_what_every_slide_repeats_is_left_out(tmp_path: Path) -> None:
    notes = container(0x03F0, drawing(box(text("Say it slowly.", NOTES)), box(text("7"), placeholder=8)))
    foot = box(text("City of Aal, 2003"), placeholder=9)
    number = box(text("Slide * of all.", 4, record(0x0FD8, struct.pack("<I", 6))))
    objects = {
        1: document(listed(2, 256) + listed(3, 257), notes=listed(9, 301)),
        2: slide(box(text("One.")), foot),
        3: slide(box(text("Two.")), number, notes=301),
        9: notes,
    }
    found = read(tmp_path / "a.ppt", powerpoint_97(objects))
    assert paragraphs(found) == [("1", "One."), ("2", "Two."), ("2", "Slide  of all."), ("2", "Say it slowly.")]


def test_rows_of_tables_are_told_with_their_header(tmp_path: Path) -> None:
    shapes = [box(text("Ships")), table([["Port", "Ships"], ["Aal", "41"], ["Brem", "17"]])]
    found = read(tmp_path / "a.ppt", powerpoint_97({1: document(listed(2, 256)), 2: slide(*shapes)}))
    assert found.text.split("\n\n") == ["Ships", "Port: Aal, Ships: 41.", "Port: Brem, Ships: 17."]


def test_figures_stand_as_high_as_they_do(tmp_path: Path) -> None:
    """Behind properties of paragraphs and characters of all kinds, tab stops among them."""
    paragraph = struct.pack("<IHIHHH", 17, 0, 0x80 | 0x100000, 0x2022, 1, 300) + bytes(2)
    characters = [
        struct.pack("<IIHH", 2, 0x1 | 0x10000, 1, 0),
        struct.pack("<IIh", 1, 0x80000, 30),
        struct.pack("<II", 11, 0),
        struct.pack("<IIHIh", 1, 0x20000 | 0x40000 | 0x80000, 18, 0, -25),
        struct.pack("<II", 2, 0),
    ]
    style = record(0x0FA1, paragraph, *characters)
    objects = {1: document(listed(2, 256)), 2: slide(box(text("106 tons of CO2.", 4, style)))}
    assert read(tmp_path / "a.ppt", powerpoint_97(objects)).text == "10⁶ tons of CO₂."


ONE = {1: document(listed(2, 256)), 2: slide(box(text("A.")))}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param(powerpoint_97(ONE, token=0xF3D1C4DF), Encrypted, id="encrypted"),
        pytest.param(powerpoint_97(ONE, key=bytes(4)), Encrypted, id="with_a_key"),
        pytest.param(powerpoint_97({1: document(b"")}), NoText, id="no_slide"),
        pytest.param(powerpoint_97({1: document(listed(2, 256))}), NoText, id="no_such_slide"),
        pytest.param(powerpoint_97({2: slide(box(text("A.")))}), Corrupt, id="no_document"),
        pytest.param(ole({"PowerPoint Document": b"A", "Current User": b""}), Corrupt, id="no_edit"),
        pytest.param(ole({"PowerPoint Document": bytes(99)}), Corrupt, id="no_user"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, content: bytes, error: type[ReadError]) -> None:
    path = tmp_path / "a.ppt"
    path.write_bytes(content)
    with pytest.raises(error):
        list(read_file(path))


def test_what_refers_to_itself_ends(tmp_path: Path) -> None:
    """One slide that is listed a thousand times, and groups a thousand deep."""
    deep = box(text("Deep."))
    for _ in range(1000):
        deep = container(0xF003, deep)
    objects = {1: document(listed(2, 256) * 1000), 2: slide(box(text("Once.")), deep)}
    started = time.process_time()
    assert read(tmp_path / "a.ppt", powerpoint_97(objects)).text == "Once."
    assert time.process_time() - started < 5


@pytest.mark.parametrize(("slides", "saves"), [(200, 1), (1, 200)])
def test_the_same_bytes_are_not_read_again_and_again(tmp_path: Path, slides: int, saves: int) -> None:
    """Slides by different numbers that lie in one place, and saves that share what says where all lies."""
    content = document(b"".join(listed(2 + number, 256) for number in range(slides)))
    places = [0, *[len(content)] * slides]
    content += slide(box(text("Again. " * 2000)))
    directory = len(content)
    named = [*enumerate(places, 1), *((name, 0) for name in range(1000, 1200))]
    content += record(0x1772, *(struct.pack("<II", 1 << 20 | name, place) for name, place in named))
    last = 0
    for _ in range(saves):
        save = record(0x0FF5, struct.pack("<IIIIIIHH", 0, 0, last, directory, 1, 999, 0, 0))
        last, content = len(content), content + save
    user = record(0x0FF6, struct.pack("<III", 20, 0xE391C05F, last))
    (tmp_path / "a.ppt").write_bytes(ole({"PowerPoint Document": content, "Current User": user}))
    with pytest.raises(Corrupt):
        list(read_file(tmp_path / "a.ppt"))
