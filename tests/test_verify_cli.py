"""`askcorpus verify` for people, programs and builds: what it prints and writes, and how it ends."""

import html
import json
import time
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from typer.testing import CliRunner

from askcorpus.types import Claim, IndexInfo, Verification
from askcorpus.verify.report import as_html, as_markdown
from askcorpus_ui.cli.checking import _with_marks
from askcorpus_ui.cli.commands import app

ARTICLE = "OSTENDE (Coast Wire) – The harbour of Ostende closed on Friday because of a storm. Ferries sailed elsewhere."
runner = CliRunner()
pytestmark = pytest.mark.usefixtures("one_model")


def _zip(members: dict[str, bytes]) -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify")
    (folder / "storm.txt").write_text(ARTICLE, encoding="utf-8")
    done = runner.invoke(app, ["ingest", str(folder / "storm.txt"), "--data", str(folder / "index")])
    assert done.exit_code == 0, done.output
    return folder / "index"


def run(data: Path, *arguments: str, given: str = "") -> tuple[int, str]:
    done = runner.invoke(app, [*arguments, "--data", str(data)], input=given)
    return done.exit_code, done.output


def test_a_sound_text_ends_with_0_and_another_with_1(data: Path) -> None:
    assert run(data, "verify", "-", given="“The harbour of Ostende closed on Friday”")[0] == 0
    code, output = run(data, "verify", "-", given="“The harbour of Ostende closed on Monday”")
    assert code == 1
    assert "closed on [-Friday-]{+Monday+}" in output
    assert output.rstrip().endswith("1 altered")


def test_json_is_the_verification(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "text.md"
    file.write_text("He wrote:\n\n> The harbour of Ostende closed on Friday because of a storm.\n", encoding="utf-8")

    code, output = run(data, "verify", str(file), "--json")

    claims = Verification.model_validate_json(output).claims
    assert (code, [claim.verdict for claim in claims]) == (0, ["exact"])
    assert {"text", "verdict", "document_id", "start", "end", "difference"} <= set(json.loads(output)["claims"][0])


SAID = "He wrote “The harbour of Ostende closed on Friday”, and “The harbour of Ostende closed on Monday” – as it were."
ESCAPED = SAID.replace("“", r"\'93").replace("”", r"\'94").replace("–", r"\'96")
MAIL = f"From: a@x.org\nSubject: Draft\nContent-Type: text/plain; charset=utf-8\n\n{SAID}\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("draft.txt", SAID.encode("cp1252")),
        ("draft", SAID.encode("utf-16")),
        ("draft.html", f'<html><body class="one two three"><p>{html.escape(SAID)}</p></body></html>'.encode()),
        ("draft.rtf", rf"{{\rtf1\ansi\ansicpg1252 {ESCAPED}\par}}".encode()),
        ("draft.eml", MAIL.encode()),
    ],
)
def test_a_text_is_read_in_the_form_that_people_have_it_in(
    data: Path, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)

    code, output = run(data, "verify", str(tmp_path / name), "--json")

    claims = Verification.model_validate_json(output).claims
    assert (code, [claim.verdict for claim in claims]) == (1, ["exact", "altered"])


@pytest.mark.parametrize(
    "quoted",
    [
        "<blockquote>The harbour of Ostende closed on Monday</blockquote>",
        "<BLOCKQUOTE cite=x><p>First of all, the news.</p><p id=a>The harbour of Ostende closed on Monday</blockquote>",
        "<p>He wrote <q>The harbour of Ostende closed on Monday</q>, and left.</p>",
        "<blockquote><p>“The harbour of Ostende closed on Monday”</p></blockquote>",
    ],
)
def test_what_a_page_says_is_quoted_is_checked(data: Path, tmp_path: Path, quoted: str) -> None:
    page = f"<html><body><h1>What he wrote</h1><p>It was in the papers.</p>{quoted}<p>That was all.</p></body></html>"
    (tmp_path / "page.html").write_text(page, encoding="utf-8")

    code, output = run(data, "verify", str(tmp_path / "page.html"), "--json")

    claims = Verification.model_validate_json(output).claims
    assert code == 1 and "altered" in [claim.verdict for claim in claims], claims
    assert not any("That was all" in claim.text for claim in claims)


@pytest.mark.parametrize(
    "unread",
    [
        "<!-- <blockquote> -->",
        "<!--<blockquote>-->",
        "<script>var quote = '<blockquote>';</script>",
        "<STYLE><blockquote></STYLE>",
    ],
)
def test_what_is_no_text_of_a_page_quotes_nothing(data: Path, tmp_path: Path, unread: str) -> None:
    paragraphs = "<p>It was in the papers of the town.</p><p>The harbour of Ostende closed on Monday.</p>"
    page = f"<html><body><h1>Head</h1>{unread}{paragraphs}</body></html>"
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    code, output = run(data, "verify", str(tmp_path / "page.html"), "--json")
    assert (code, Verification.model_validate_json(output).claims) == (0, ())


def test_a_hostile_page_is_read_in_linear_time() -> None:
    for piece in (b"<!--", b"<script>", b"<p ", b"<blockquote", b"<style></"):
        start = time.thread_time()
        _with_marks(piece * 200_000)
        assert time.thread_time() - start < 5


def test_a_picture_in_an_email_is_told_and_the_rest_checked(data: Path, tmp_path: Path) -> None:
    mail = EmailMessage()
    mail.set_content("He wrote “The harbour of Ostende closed on Friday”.")
    mail.add_attachment(b"\x89PNG\r\n\x1a\n" + bytes(50), maintype="image", subtype="png", filename="logo.png")
    (tmp_path / "a.eml").write_bytes(mail.as_bytes())

    code, output = run(data, "verify", str(tmp_path / "a.eml"))

    assert code == 0
    assert "not checked: " in output and "logo.png: " in output and "1 exact" in output


def test_no_more_of_a_file_is_read_than_the_setting_allows(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.html").write_text(f"<html><p>{SAID}</p>{' ' * 1_100_000}")
    assert run(data, "verify", str(tmp_path / "a.html"))[0] == 1
    monkeypatch.setenv("ASKCORPUS_MAX_FILE_MB", "1")

    code, output = run(data, "verify", str(tmp_path / "a.html"))

    assert code == 8 and "is larger than 1 MB (the setting max_file_mb)" in output


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.docx", b"PK\x03\x04 and no more", "is a broken archive"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "is not text"),
        ("a.zip", _zip({"a.txt": b"x", "b.pdf": b"%PDF-1.7"}), "cannot be read whole"),
    ],
)
def test_a_file_that_cannot_be_read_whole_is_not_checked(
    data: Path, tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    (tmp_path / name).write_bytes(content)

    code, output = run(data, "verify", str(tmp_path / name))

    assert code == 8
    assert why in output and output.count("\n") == 1


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_a_report_is_written(data: Path, tmp_path: Path, name: str) -> None:
    run(data, "verify", "-", "--report", str(tmp_path / name), given="“The harbour of Ostende closed on Monday”")

    assert "Monday" in (tmp_path / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["verify"], 2),
        (["verify", "none.txt"], 8),
        (["verify", "-", "--report", "report.pdf"], 2),
        (["verify", "--proof", "none.json"], 8),
    ],
)
def test_what_cannot_be_checked_is_one_line(data: Path, arguments: list[str], code: int) -> None:
    got, output = run(data, *arguments, given="x")

    assert got == code
    assert output.startswith("askcorpus: ") and output.count("\n") == 1


def test_a_proof_is_written_and_asked_again(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    assert run(data, "ask", "Why did the harbour of Ostende close?", "--proof", str(file))[0] == 0

    assert run(data, "verify", "--proof", str(file)) == (0, "same\n")
    changed = json.loads(file.read_text(encoding="utf-8")) | {"answer": "It did not."}
    file.write_text(json.dumps(changed), encoding="utf-8")
    code, output = run(data, "verify", "--proof", str(file), "--json")
    assert (code, json.loads(output)["status"]) == (1, "answer_differs")


def test_nothing_in_a_text_is_markup_of_the_report() -> None:
    hostile = "<script>x</script> [a](javascript:x) `b` **c**"
    claim = Claim(text=hostile, text_start=0, text_end=9, kind="quote", verdict="not_found", difference=hostile)
    verification = Verification(claims=(claim,), sound=False, index=IndexInfo(fingerprint="", documents=1, passages=1))

    assert "<script>" not in as_html(verification)
    assert "<script>" not in as_markdown(verification).replace("\\<", "")
    assert "[a](" not in as_markdown(verification)


def test_a_report_shows_what_an_omission_left_out() -> None:
    def claim(text: str, original: str) -> Claim:
        return Claim(text=text, text_start=0, text_end=9, kind="quote", verdict="exact", original=original)

    told = (claim("The wall […] held.", "The wall hardly held"), claim("“A sea wall”", "A sea wall"))
    index = IndexInfo(fingerprint="", documents=1, passages=1)
    verification = Verification(claims=told, sound=True, index=index)
    for report in (as_html(verification), as_markdown(verification)):
        assert report.count("The document:") == 1 and "hardly held" in report
