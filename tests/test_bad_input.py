"""What is no text, or not there, gives one line; hostile pages and texts do no harm."""

import os
import time
from pathlib import Path

import pytest

from askcorpus.errors import ReadError
from askcorpus.types import Document
from askcorpus_ingest.documents import read_document
from askcorpus_ingest.passages import split_passages
from askcorpus_ingest.readers.dispatch import read_file
from askcorpus_ingest.readers.records import RawRecord

PARAGRAPH = "<p>Le ministre a dit lundi que la conférence aurait lieu à Paris, malgré les objections.</p>"


def read_one(path: Path) -> Document:
    (raw,) = read_file(path)
    assert isinstance(raw, RawRecord)
    return read_document(raw).document


def test_binary_files(tmp_path: Path) -> None:
    contents = {
        "png.md": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        "elf.html": b"\x7fELF\x02\x01\x01" + b"\0" * 64,
        "random.txt": os.urandom(4096),
        "nul.txt": b"abc\0def\0\0\0\1\2\3" * 50,
        "program.jsonl": b"\x7fELF\x02\x01\x01",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    for name in contents:
        with pytest.raises(ReadError, match=r"^is not text$"):
            list(read_file(tmp_path / name))


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.jsonl"])
@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xef\xbb\xbf", b"\n\0\n"])
def test_empty_files(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReadError, match="is empty"):
        list(read_file(tmp_path / name))


def test_a_file_that_is_gone_or_locked(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="cannot be read: No such file"):
        list(read_file(tmp_path / "a.txt"))
    if os.geteuid() != 0:
        (tmp_path / "b.txt").write_text("text")
        (tmp_path / "b.txt").chmod(0)
        with pytest.raises(ReadError, match="cannot be read: Permission denied"):
            list(read_file(tmp_path / "b.txt"))


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("<html><body></body></html>", id="empty body"),
        pytest.param("<script>alert(1)</script><style>p{}</style>", id="only scripts"),
        pytest.param("<!--" + "-" * 100_000 + PARAGRAPH, id="open comment"),
    ],
)
def test_pages_without_text(tmp_path: Path, page: str) -> None:
    (tmp_path / "a.html").write_text(page)
    with pytest.raises(ReadError, match="holds no text"):
        read_one(tmp_path / "a.html")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("<p><b>" * 5000 + PARAGRAPH * 8, id="tags that never close"),
        pytest.param("\0<body>\0" + PARAGRAPH.replace("ministre", "mini\0stre") * 8, id="null bytes"),
        pytest.param("<a " + 'x="y" ' * 100_000 + ">z</a>" + PARAGRAPH * 8, id="endless attributes"),
        pytest.param('<!DOCTYPE x [<!ENTITY a "lol">]>' + PARAGRAPH * 8 + "&a;", id="entities"),
        pytest.param('<?xml version="1.0" encoding="UTF-16"?>' + PARAGRAPH * 8, id="false encoding"),
        pytest.param('<meta charset="no-such">' + PARAGRAPH * 8, id="unknown encoding"),
    ],
)
def test_hostile_pages_keep_their_text(tmp_path: Path, page: str) -> None:
    (tmp_path / "a.html").write_text(page)
    assert "Le ministre a dit lundi" in read_one(tmp_path / "a.html").text


@pytest.mark.parametrize(
    "unit",
    ["mot ", "a", "。好", " ", "« a. B", ",a", "(AP) – ", "date 2022 ", "\u0301", "# ", "\u2028x"],
)
def test_a_large_file_of_anything_takes_seconds(tmp_path: Path, unit: str) -> None:
    (tmp_path / "a.txt").write_text("x" + unit * (300_000 // len(unit)) + "x")
    begun = time.thread_time()
    document = read_one(tmp_path / "a.txt")
    passages = list(split_passages(document, 800))
    assert time.thread_time() - begun < 10
    assert all(document.text[p.start : p.end] == p.text for p, _ in passages)
    assert max(len(p.text) for p, _ in passages) <= 1800
