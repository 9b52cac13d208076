"""From files to records: formats and encodings."""

import json
import time
from pathlib import Path

import pytest

from askcorpus.errors import ReadError
from askcorpus_ingest.encoding import decode
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.dispatch import holds_questions, read_file
from askcorpus_ingest.readers.records import RawRecord

FRENCH = "Après l’été, la « récolte » coûte 5 € à l’État.\n" * 5
PARAGRAPH = "<p>Le ministre a dit lundi que la <b>conférence</b> aurait lieu à Paris, malgré les objections.</p>\n"


def read(path: Path, content: str | bytes) -> list[RawRecord]:
    """The records of a file that has no faulty ones."""
    records = []
    for record in read_all(path, content):
        assert isinstance(record, RawRecord), record
        records.append(record)
    return records


def read_all(path: Path, content: str | bytes) -> list[RawRecord | Failure]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_file(path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_western_encodings(encoding: str) -> None:
    assert decode(FRENCH.encode(encoding)).lstrip("\ufeff") == FRENCH


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("latin-1", "Le café est fermé après l'été, a déclaré le président."),
        ("cp1251", "Министр заявил, что конференция состоится в Москве в понедельник."),
        ("gb18030", "部长星期一表示，会议将在北京举行，尽管有人反对。记者从会议上了解到这一消息。"),
        ("shift_jis", "大臣は月曜日に、会議は東京で開催されると述べた。反対意見もあった。"),
    ],
)
def test_other_encodings_are_found_out(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_txt_is_one_record_with_nothing_guessed(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    assert read(path, "date 2022-09 Texte.") == [RawRecord(path.as_posix(), "date 2022-09 Texte.")]


def test_markdown_front_matter(tmp_path: Path) -> None:
    text = "---\ntitle: 'Le port: fermé'\ndate: 2022-09-29\nlang: fr\nsource: Fil\ntags: [a, b]\n---\n# Autre\n\nTexte."
    (raw,) = read(tmp_path / "a.md", text)
    said = RawRecord(raw.origin, "Autre\n\nTexte.", "Le port: fermé", "2022-09-29", "fr", "Fil")
    assert raw == said._replace(extra={"tags": "a, b"})


def test_markdown_whose_front_matter_yaml_refuses_is_read_line_by_line(tmp_path: Path) -> None:
    text = "---\ntitle: Bridge reopened: the long wait\ndate:  2022-09-19\ntags: [a\nsource: 'Fil'\n---\nIt is open."
    (raw,) = read(tmp_path / "a.md", text)
    assert (raw.text, raw.title, raw.date, raw.source) == (
        "It is open.",
        "Bridge reopened: the long wait",
        "2022-09-19",
        "Fil",
    )


@pytest.mark.parametrize("block", ["key: [", "just words", "- a\n- b", "[" * 5000, "a: &a [*a, *a]\nb: *a"])
def test_markdown_whose_front_matter_is_none_of_ours_keeps_its_text(tmp_path: Path, block: str) -> None:
    (raw,) = read(tmp_path / "a.md", f"---\n{block}\n---\nTexte.")
    assert (raw.text.split(), raw.title) == ([*block.replace("- ", "").split(), "Texte."], "")


def test_markdown_heading_is_the_title_and_stays(tmp_path: Path) -> None:
    (raw,) = read(tmp_path / "a.md", "# Le **port** ferme #\n\nIl *ferme*.")
    assert (raw.title, raw.text) == ("Le port ferme", "Le port ferme\n\nIl ferme.")


def test_html_main_text_and_metadata(tmp_path: Path) -> None:
    paragraphs = "".join(PARAGRAPH.replace("lundi", f"le {day} mai") for day in range(2, 9))
    page = f"""<!doctype html><html lang="fr-FR"><head><title>Le port &amp; la mer | Fil</title>
    <meta property="og:title" content="Le port ferme"><meta property="og:site_name" content="Fil">
    <meta property="article:published_time" content="2022-09-29T10:00:00+02:00"></head>
    <body><nav><a href="/">Accueil</a></nav><article>{paragraphs}</article>
    <script>alert("secret")</script><footer>© 2024 Fil</footer></body></html>"""
    (raw,) = read(tmp_path / "a.html", page)
    assert (raw.title, raw.date[:10], raw.language, raw.source) == ("Le port ferme", "2022-09-29", "fr-FR", "Fil")
    assert raw.text.split("\n\n") == [
        f"Le ministre a dit le {day} mai que la conférence aurait lieu à Paris, malgré les objections."
        for day in range(2, 9)
    ]


def test_html_without_main_text_gives_all_visible_text(tmp_path: Path) -> None:
    (raw,) = read(tmp_path / "a.htm", "<p>Fermé &lt;lundi&gt; <b>et</b> mardi<script>alert(1)</script><li>oui<li>non")
    assert raw.text.split() == ["Fermé", "<lundi>", "et", "mardi", "oui", "non"]


def test_html_in_a_declared_encoding(tmp_path: Path) -> None:
    page = f'<html><head><meta charset="windows-1251"></head><body>{"<p>Министр заявил.</p>" * 9}</body></html>'
    (raw,) = read(tmp_path / "a.html", page.encode("cp1251"))
    assert "Министр заявил." in raw.text


def test_jsonl_records(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    full = {"doc_id": "x", "title": "T", "text": "Texte.", "date": 2022, "lang": "fr", "source": "S", "place": "P"}
    other = {"id": 7, "text": "Deux\u2028lignes.", "language": "fr", "title": None, "extra": [1]}
    lines = [json.dumps(full), "", json.dumps(other, ensure_ascii=False), json.dumps({"text": "Trois."})]
    assert read(path, "\ufeff" + "\r\n".join(lines)) == [
        RawRecord(f"{path}#x", "Texte.", "T", "2022", "fr", "S", "P", "x"),
        RawRecord(f"{path}#7", "Deux\u2028lignes.", language="fr", doc_id="7", extra={"extra": "1"}),
        RawRecord(f"{path}#L4", "Trois."),
    ]


def test_a_wrong_line_is_one_failure(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [b'{"text": "A."}', b"{", b"[1]", b'{"text": 3}', b'{"title": "x"}', b'{"text": "\xe9"}', b"[" * 9999]
    first, *failures, last = read_all(path, b"\n".join([*lines, b'{"text": "B."}']))
    assert isinstance(first, RawRecord) and isinstance(last, RawRecord)
    assert (first.text, last.text) == ("A.", "B.")
    assert failures == [
        Failure(f"{path}#L{number}", f"line {number} {reason}", "NoText" if "text" in reason else "Corrupt")
        for number, reason in enumerate(
            ["is not JSON", "is not a JSON object", 'has no "text"', 'has no "text"', "is not UTF-8", "is not JSON"], 2
        )
    ]


def test_a_file_whose_lines_all_have_one_fault_is_one_failure(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r'^holds no document in its 3 lines: line 2 has no "text"$'):
        read(tmp_path / "a.jsonl", '\n{"note": "A."}\n{"note": "B."}\n\n{"note": "C."}')
    assert len(read_all(tmp_path / "a.jsonl", '{"note": "A."}\n[1]')) == 2
    assert len(read_all(tmp_path / "a.jsonl", '{"note": "A."}\n{"note": "B."}\n{"text": "C."}')) == 3


def test_a_hundred_thousand_lines_without_a_document_cost_no_minute_and_more_are_not_read(tmp_path: Path) -> None:
    start = time.thread_time()  # what other tests' servers left behind is not counted
    with pytest.raises(ReadError, match=r'^holds no document in its 20000 lines: line 1 has no "text"$'):
        read(tmp_path / "a.jsonl", "{}\n" * 20_000)
    assert time.thread_time() - start < 2
    with pytest.raises(ReadError, match=r"^holds hardly any document in its first 100003 lines$"):
        read(tmp_path / "a.jsonl", '{"text": "A."}' + "\n1" * 200_000)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('\n{"id": "q1", "question": "Who?", "answers": []}\nnot JSON', True),
        ('{"question": "Who?", "text": "A document."}', False),
        ('{"question": "Who?", "title": "A document."}', False),
        ('{"text": "A document."}\n{"question": "Who?"}', False),
        ('["question"]', False),
        ("", False),
    ],
)
def test_a_set_of_questions_is_known_by_its_first_record(tmp_path: Path, content: str, expected: bool) -> None:
    path = tmp_path / "a.jsonl"
    for encoding in ("utf-8", "utf-16"):
        path.write_text(content, encoding=encoding)
        assert holds_questions(path) is expected


def test_jsonl_in_utf16(tmp_path: Path) -> None:
    assert [raw.text for raw in read(tmp_path / "a.jsonl", '{"text": "é"}\n{"text": "b"}'.encode("utf-16"))] == [
        "é",
        "b",
    ]


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"\.py"):
        read(tmp_path / "a.py", "text")


def test_html_keeps_the_questions_that_open_their_answers(tmp_path: Path) -> None:
    """Headings that are buttons, as Bootstrap and others write them; other buttons are no text."""
    opened = "<h3 class='accordion-header'><button class='accordion-button' aria-expanded='false'>"
    told = "is valid for so many days after you bought it at the counter of the station."
    answers = [f"{opened}What of ticket {n}?</button></h3><div><p>Ticket {n} {told}</p></div>" for n in range(1, 6)]
    page = f"<html><body><main>{''.join(answers)}<button>Share</button></main></body></html>"
    (raw,) = read(tmp_path / "a.html", page)
    assert raw.text.count("What of ticket") == 5 and "Share" not in raw.text


def test_entities_in_the_data_of_a_page_are_told_as_what_they_mean(tmp_path: Path) -> None:
    data = '{"@type": "NewsArticle", "headline": "Boats &amp; piers", "datePublished": "2023-05-04"}'
    page = f'<html><head><script type="application/ld+json">{data}</script></head><body>{PARAGRAPH * 3}</body></html>'
    assert read(tmp_path / "a.html", page)[0].title == "Boats & piers"
