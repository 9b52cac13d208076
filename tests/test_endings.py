"""Files whose ending is wrong: what they hold decides what they are."""

from pathlib import Path

import pytest

from askcorpus.errors import Corrupt, NoText
from askcorpus_ingest.readers.dispatch import read_file
from askcorpus_ingest.readers.records import RawRecord

WORDS = (
    "The bridge over the Elbe will be closed until the autumn of 2027, the ministry of transport said on Monday. "
    "Repairs cost 41 million euros, twice what was planned in the budget of last year. Trains go round by the north."
)
PAGE = f'<html xmlns:w="urn:schemas-microsoft-com:office:word"><head><title>Bridge</title></head><p>{WORDS}</p></html>'
SAVED = (
    'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="=_1"\n\nThis document is a Single File Web Page.\n\n'
    '--=_1\nContent-Location: file:///C:/1.htm\nContent-Type: text/html; charset="us-ascii"\n\n'
    f"{PAGE}\n\n--=_1--\n"
)
ROWS = "City\tDay\tMayor\nDresden\t2024-01-02\tAnna Koch\nPirna\t2024-03-04\tBernd Maier\n"
TOLD = ["City: Dresden, Day: 2024-01-02, Mayor: Anna Koch.", "City: Pirna, Day: 2024-03-04, Mayor: Bernd Maier."]
CELLS = "".join(f"<tr><td>{'</td><td>'.join(row.split(chr(9)))}</td></tr>" for row in ROWS.splitlines())
WORDS_ENDINGS = ["doc", "docx", "docm", "odt", "rtf"]
SHEET_ENDINGS = ["xls", "xlsx", "xlsm", "xlsb", "ods"]


def read(path: Path, content: str | bytes) -> list[RawRecord]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = list(read_file(path))
    assert all(isinstance(one, RawRecord) for one in found)
    return [one for one in found if isinstance(one, RawRecord)]


@pytest.mark.parametrize("ending", [*WORDS_ENDINGS, *SHEET_ENDINGS, "ppt", "msg", "html", "xml", "txt"])
def test_a_web_page_saved_by_word_is_read_under_any_name(tmp_path: Path, ending: str) -> None:
    """As one file (MHTML), which servers send as documents of Word and Excel."""
    (found,) = read(tmp_path / f"a.{ending}", SAVED)
    assert (found.title, found.text.strip()) == ("Bridge", WORDS)


def test_each_sheet_of_a_workbook_saved_as_one_page_is_read(tmp_path: Path) -> None:
    """The first page only frames the others, of which one shows their names."""
    pages = ["<html><frameset><frame src=1></frameset></html>", "<html><script>x</script></html>"]
    pages += [f"<html><body><table>{CELLS}</table></body></html>", "<html><body><p>Sources: the towns.</body></html>"]
    parts = "".join(f"--=_1\nContent-Type: text/html\n\n{page}\n\n" for page in pages)
    found = read(tmp_path / "a.xls", f"{SAVED.partition('--=_1')[0]}{parts}--=_1--\n")
    assert [one.text.strip().split("\n\n") for one in found] == [TOLD, ["Sources: the towns."]]
    assert len({one.origin for one in found}) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("ending", WORDS_ENDINGS)
def test_plain_text_that_is_called_a_document_is_read(tmp_path: Path, ending: str, encoding: str) -> None:
    words = f"“Café”: {WORDS}"
    assert [one.text for one in read(tmp_path / f"a.{ending}", words.encode(encoding))] == [words]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("ending", SHEET_ENDINGS)
def test_rows_that_are_called_a_spreadsheet_are_read(tmp_path: Path, ending: str, encoding: str) -> None:
    for content in (ROWS, ROWS.replace("\t", ";")):
        assert [one.text for one in read(tmp_path / f"a.{ending}", content.encode(encoding))] == TOLD


@pytest.mark.parametrize("ending", [*SHEET_ENDINGS, "doc", "csv", "txt"])
@pytest.mark.parametrize(
    "page",
    [
        f"<table border=1>{CELLS}</table>",
        f"<meta http-equiv='Content-Type' content='text/html; charset=utf-8'>\r\n<table>{CELLS}</table>",
        f"<style>td {{ color: red }}</style><TABLE>{CELLS}</TABLE>",
    ],
    ids=["table", "meta", "style"],
)
def test_a_table_of_html_that_programs_write_for_excel_is_read(tmp_path: Path, ending: str, page: str) -> None:
    (found,) = read(tmp_path / f"a.{ending}", page)
    assert found.text.strip().split("\n\n") == TOLD


def test_records_are_read_though_they_are_one_list_and_not_one_a_line(tmp_path: Path) -> None:
    listed = '[{"title": "A", "text": "One."},\n {"title": "B", "text": "Two."}]'
    assert [one.text for one in read(tmp_path / "a.jsonl", listed)] == ["One.", "Two."]
    assert [one.text for one in read(tmp_path / "b.jsonl", '{\n "title": "A",\n "text": "One."\n}\n')] == ["One."]


@pytest.mark.parametrize("ending", [*WORDS_ENDINGS, *SHEET_ENDINGS, "ppt", "pptx", "pdf", "epub", "msg", "zip"])
def test_what_is_neither_its_kind_nor_text_is_said_to_be_broken(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(Corrupt, match=f"^is no {ending} file$"):
        list(read_file(path))


def test_subtitles_without_a_time_say_so(tmp_path: Path) -> None:
    """They once ended the whole run."""
    for name in ("a.srt", "a.vtt"):
        with pytest.raises(NoText, match="holds no text"):
            read(tmp_path / name, WORDS)


@pytest.mark.parametrize("above", ["From: 2024-01-02\nTo: 2024-03-04", "Date: 2024-03-04\nSubject: Mayors"])
def test_a_table_that_tells_above_it_of_when_it_is_is_no_message(tmp_path: Path, above: str) -> None:
    found = read(tmp_path / "a.csv", f"{above}\n\n{ROWS.replace(chr(9), ',')}")
    assert TOLD[0] in [one.text for one in found]


@pytest.mark.parametrize("content", ['ID;PWXL;N;E\nC;Y1;X1;K"City"\nE\n', 'TABLE\n0,1\n"EXCEL"\nVECTORS\n0,2\n'])
def test_a_spreadsheet_in_letters_is_no_table_of_text(tmp_path: Path, content: str) -> None:
    """SYLK and DIF, which Excel opens under any name."""
    with pytest.raises(Corrupt, match="is no xls file"):
        read(tmp_path / "a.xls", content)
