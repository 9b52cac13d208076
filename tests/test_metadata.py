"""What a file says of itself, in the ways of blogs, feeds, exports and pages; and what is not believed of it."""

import json
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from askcorpus_ingest.documents import Reading, date_in_path, read_document
from askcorpus_ingest.readers.dispatch import read_file
from askcorpus_ingest.readers.records import RawRecord
from askcorpus_ingest.readers.source import Limits
from askcorpus_ingest.sidecar import Sidecars, told

SENTENCES = "The bridge was closed for repairs, said the mayor. " * 12


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[Reading]]:
    def read(name: str, content: str, **names: str) -> list[Reading]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        records = list(read_file(path, limits=Limits(names=names)))
        assert all(isinstance(one, RawRecord) for one in records)
        return [read_document(one) for one in records if isinstance(one, RawRecord)]

    return read


@pytest.mark.parametrize(
    ("block", "author", "extra"),
    [
        ("---\ntitle: Reopened: the wait is over\ndate: 2022-09-19\nauthor: Jo: Roe\n---", "Jo: Roe", {}),
        ("---\ntitle: 'Reopened: the wait is over'\npubDate: 2022-09-19\nauthors: [Ann, Jo]\n---", "Ann, Jo", {}),
        ("---\ntitle: Reopened: the wait is over\ndate: 2022-09-19\ntags:\n- a\n- b\n---", "", {"tags": ["a", "b"]}),
        ("+++\ntitle = 'Reopened: the wait is over'\ndate = 2022-09-19T10:00:00+02:00\n+++", "", {}),
        ("+++\ntitle='Reopened: the wait is over'\ndate=2022-09-19\n[extra]\nauthor='Jo'\n+++", "Jo", {}),
    ],
)
def test_front_matter(read: Callable[..., list[Reading]], block: str, author: str, extra: dict[str, Any]) -> None:
    [(document, doubts)] = read("a.md", f"{block}\nThe text.")
    assert (document.title, document.date) == ("Reopened: the wait is over", "2022-09-19")
    assert (document.text, document.author, doubts) == ("The text.", author, ())
    assert document.extra == {name: ", ".join(value) for name, value in extra.items()}


def test_a_record_by_the_names_that_feeds_and_databases_use(read: Callable[..., list[Reading]]) -> None:
    record = {
        "_id": {"$oid": "a1"},
        "headline": "H",
        "content": "The text.",
        "pubDate": "Mon, 19 Sep 2022 08:00:00 GMT",
        "source": {"id": None, "name": "Wire"},
        "byline": "Jo",
        "link": "https://wire.example/1",
        "tags": ["a", "b"],
        "pages": 3,
        "paid": False,
    }
    [(document, _)] = read("a.jsonl", json.dumps(record))
    assert (document.id, document.title, document.text, document.date) == ("a1", "H", "The text.", "2022-09-19")
    assert (document.source, document.author, document.url) == ("Wire", "Jo", "https://wire.example/1")
    assert document.extra == {"tags": "a, b", "pages": "3", "paid": "false"}


def test_names_that_the_user_gives(read: Callable[..., list[Reading]]) -> None:
    record = json.dumps({"Inhalt": "Der Text.", "veröffentlicht": "19. September 2022"})
    [(document, _)] = read("a.json", record, text="inhalt", date="veröffentlicht")
    assert (document.text, document.date, document.extra) == ("Der Text.", "2022-09-19", {})


HEADS = {
    "linked data": '<script type="application/ld+json">{"@graph":[{"@type":"NewsArticle","headline":"Closed",'
    '"datePublished":"2022-09-19T08:00:00Z","author":[{"name":"Jo"}],"publisher":{"name":"Wire"}}]}</script>',
    "meta": '<meta property="og:title" content="Closed"><meta name="author" content="Jo"><meta property="og:site_name" '
    'content="Wire"><meta property="article:published_time" content="2022-09-19">',
}


@pytest.mark.parametrize("head", HEADS)
def test_a_page(read: Callable[..., list[Reading]], head: str) -> None:
    page = f"""<html><head><title>x</title><meta name="generated" content="2024-05-01">{HEADS[head]}
        <link rel="canonical" href="https://wire.example/1"></head><body><article><p>{SENTENCES}</p></article>
        <footer>Page made <time datetime="2024-05-01">1 May 2024</time></footer></body></html>"""
    [(document, _)] = read("a.html", page)
    assert (document.title, document.author, document.source) == ("Closed", "Jo", "Wire")
    assert (document.date, document.url) == ("2022-09-19", "https://wire.example/1")


def test_the_date_of_a_footer_or_of_a_change_is_not_the_article_s(read: Callable[..., list[Reading]]) -> None:
    outside = '<div class="footer">Generated <time>1 May 2024</time></div><span class="date-modified">2 May 2024</span>'
    [(document, _)] = read("a.html", f"<html><body><p>{SENTENCES}</p>{outside}</body></html>")
    assert document.date == ""
    inside = '<span class="post-date">19 September 2022</span>'
    [(document, _)] = read("a.html", f"<html><body>{outside}{inside}<p>{SENTENCES}</p></body></html>")
    assert document.date == "2022-09-19"


@pytest.mark.parametrize(
    ("date", "doubt"),
    [("2999-01-01", "lies in the future"), ("1022-09-19", "is before 1500"), ("soon", "cannot be read")],
)
def test_a_date_that_cannot_be_is_doubted_and_kept_beside(date: str, doubt: str) -> None:
    document, [told] = read_document(RawRecord("/a.txt", "The text.", date=date))
    assert doubt in told
    assert (document.date, document.extra) == ("", {"date": date})


def test_a_language_that_the_text_is_surely_not_in_is_not_believed() -> None:
    french = "Le pont est resté fermé lundi pour des travaux, a annoncé le maire de la ville. " * 8
    assert read_document(RawRecord("/a", french, language="en-US")).document.language == "fr"
    assert read_document(RawRecord("/a", "Oslo.", language="nb")).document.language == "nb"


@pytest.mark.parametrize(
    ("path", "date"),
    [
        ("/blog/2022-09-19-title.md", "2022-09-19"),
        ("https://wire.example/2022/09/19/title", "2022-09-19"),
        ("/posts/2022/09/title.md", "2022-09"),
        ("/reports/2022/title.txt", "2022"),
        ("/reports/2022-13-45.txt", ""),
        ("/a/123456789.txt", ""),
    ],
)
def test_dates_in_paths(path: str, date: str) -> None:
    assert date_in_path(path) == date


def test_a_sidecar_has_the_last_word(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    table = "file;title;published;desk\nsub/a.txt;From the table;2022-09-19;Foreign\nb.jsonl#x;Of the record;;\n"
    (tmp_path / "metadata.csv").write_text(table)
    (tmp_path / "sub" / "metadata.csv").write_text("filename,title\na.txt,From the nearer table\n")
    sidecars = Sidecars(50)
    assert sidecars.is_one(tmp_path / "metadata.csv") and not sidecars.is_one(tmp_path / "other.csv")
    origin = (tmp_path / "sub" / "a.txt").as_posix()
    record = told(RawRecord(origin, "T", title="Own", author="Jo"), sidecars.rows_of(Path(origin)), {})
    assert (record.title, record.date, record.author) == ("From the nearer table", "2022-09-19", "Jo")
    assert record.extra == {"desk": "Foreign"}
    rows = sidecars.rows_of(tmp_path / "b.jsonl")
    assert told(RawRecord(f"{tmp_path}/b.jsonl#x", "T"), rows, {}).title == "Of the record"
    assert told(RawRecord(f"{tmp_path}/b.jsonl#y", "T"), rows, {}).title == ""


def test_a_sidecar_names_files_as_other_systems_do(tmp_path: Path) -> None:
    """With backslashes, with accents composed otherwise, with a sign that else begins a record; others are told of."""
    (tmp_path / "sub").mkdir()
    names = ["sub/a.txt", unicodedata.normalize("NFD", "sub/été.txt"), "sub/C# notes.txt"]
    for name in names:
        (tmp_path / name).write_text("Text.")
    rows = [
        "sub\\a.txt;A",
        "sub/été.txt;B",
        "./sub/C# notes.txt;C",
        "gone.txt;D",
        "sub/gone.jsonl#x;E",
        "sub\\gone.txt;F",
    ]
    (tmp_path / "metadata.csv").write_text("\n".join(["File Name;Title", *rows]))
    sidecars = Sidecars(50)
    paths = [tmp_path / name for name in names]
    told_of = [told(RawRecord(path.as_posix(), "T"), sidecars.rows_of(path), {}).title for path in paths]
    assert told_of == ["A", "B", "C"]
    assert sidecars.doubts == {
        f"{tmp_path}/metadata.csv": "names files that are not there: gone.txt, sub/gone.jsonl#x, sub\\gone.txt"
    }


def test_a_sidecar_tells_nothing_of_what_lies_outside_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("Text.")
    folder = tmp_path / "sub"
    folder.mkdir()
    names = ["../secret.txt", "..\\secret.txt", f"{tmp_path}/secret.txt", "x/../../secret.txt"]
    (folder / "metadata.csv").write_text("\n".join(["file,title", *(f"{name},T" for name in names)]))
    sidecars = Sidecars(50)
    assert sidecars.rows_of(tmp_path / "secret.txt") == sidecars.rows_of(folder / "none.txt") == {}
    assert sidecars.doubts == {f"{folder}/metadata.csv": f"names files that are not there: {', '.join(names)}"}


def test_a_sidecar_that_is_a_link_out_of_its_folder_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "sub"
    folder.mkdir()
    (tmp_path / "other.csv").write_text("file,title,desk\na.txt,T,swordfish\n")
    (folder / "a.txt").write_text("Text.")
    (folder / "metadata.csv").symlink_to(tmp_path / "other.csv")
    sidecars = Sidecars(50)
    assert sidecars.rows_of(folder / "a.txt") == {}
    assert sidecars.doubts == {f"{folder}/metadata.csv": "is a link out of its folder"}
    (folder / "tables").mkdir()
    (tmp_path / "other.csv").rename(folder / "tables" / "other.csv")
    (folder / "metadata.csv").unlink()
    (folder / "metadata.csv").symlink_to("tables/other.csv")
    assert Sidecars(50).rows_of(folder / "a.txt")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_a_table_of_another_user_in_a_folder_for_everybody_is_not_believed(tmp_path: Path) -> None:
    """As /tmp, above all that anybody has there: its rows would have the last word on the documents of others."""
    folder = tmp_path / "sub"
    folder.mkdir()
    (folder / "a.txt").write_text("Text.")
    table = tmp_path / "metadata.csv"
    table.write_text("file,title\nsub/a.txt,T\n")
    for mode, owner, believed in ((0o1777, 12345, False), (0o1777, os.geteuid(), True), (0o755, 12345, True)):
        tmp_path.chmod(mode)
        os.chown(table, owner, -1)
        sidecars = Sidecars(50)
        assert bool(sidecars.rows_of(folder / "a.txt")) is believed
        assert bool(sidecars.doubts) is not believed
