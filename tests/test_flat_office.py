"""Office files that are one file of XML, as Word, Excel and LibreOffice save them beside their own formats."""

import io
import time
import zipfile
from pathlib import Path

import pytest

from askcorpus.errors import NotRead, ReadError
from askcorpus_ingest.files import Failure
from askcorpus_ingest.readers.dispatch import read_file
from askcorpus_ingest.readers.records import RawRecord

WORD_2003 = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<?mso-application progid="Word.Document"?>
<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"
 xmlns:wx="http://schemas.microsoft.com/office/word/2003/auxHint" xmlns:o="urn:schemas-microsoft-com:office:office"
 xmlns:aml="http://schemas.microsoft.com/aml/2001/core">
<o:DocumentProperties><o:Title>The bridge</o:Title><o:Author>Ada Berg</o:Author>
<o:Created>2003-05-04T10:00:00Z</o:Created><o:Pages>7</o:Pages></o:DocumentProperties>
<w:styles><w:style w:type="paragraph" w:styleId="T1"><w:name w:val="heading 1"/></w:style></w:styles>
<w:body><wx:sect><w:p><w:pPr><w:pStyle w:val="T1"/></w:pPr><w:r><w:t>Costs</w:t></w:r></w:p>
<w:p><w:r><w:t>The bridge over the </w:t></w:r><w:r><w:t>Elbe is closed.</w:t></w:r>
<w:r><w:footnote><w:p><w:r><w:t>Since May.</w:t></w:r></w:p></w:footnote></w:r>
<aml:annotation w:type="Word.Deletion"><aml:content><w:r><w:delText>Deleted.</w:delText></w:r></aml:content>
</aml:annotation></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Port</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Ships</w:t></w:r></w:p></w:tc></w:tr>
<w:tr><w:tc><w:p><w:r><w:t>Aal</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>41</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
</wx:sect></w:body></w:wordDocument>"""
FLAT_OPC = """<?xml version="1.0" standalone="yes"?><?mso-application progid="Word.Document"?>
<pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">
<pkg:part pkg:name="/word/document.xml"><pkg:xmlData>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:body><w:p><w:r><w:t>The pier is </w:t></w:r><w:r><w:t>open.</w:t></w:r></w:p></w:body></w:document>
</pkg:xmlData></pkg:part>
<pkg:part pkg:name="/word/media/image1.png"><pkg:binaryData>iVBORw0KGgo=</pkg:binaryData></pkg:part></pkg:package>"""
EXCEL_2003 = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:x="urn:schemas-microsoft-com:office:excel">
<Styles><Style ss:ID="s7"><NumberFormat ss:Format="0%"/></Style></Styles>
<Worksheet ss:Name="Mayors"><Table>
<Row><Cell><Data ss:Type="String">City</Data></Cell><Cell><Data ss:Type="String">Since</Data></Cell>
<Cell><Data ss:Type="String">Votes</Data></Cell><Cell><Data ss:Type="String">Share</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">Aal</Data></Cell><Cell><Data ss:Type="DateTime">2024-01-02T00:00:00.000</Data></Cell>
<Cell><Data ss:Type="Number">4100</Data></Cell><Cell ss:StyleID="s7"><Data ss:Type="Number">0.07</Data></Cell></Row>
<Row ss:Index="5"><Cell><Data ss:Type="String">Brem</Data></Cell>
<Cell ss:Index="3"><Data ss:Type="Number">17.5</Data></Cell></Row></Table></Worksheet>
<Worksheet ss:Name="Old"><Table><Row><Cell><Data ss:Type="String">Hidden</Data></Cell></Row></Table>
<x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions></Worksheet></Workbook>"""
OPEN = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:config="urn:oasis:names:tc:opendocument:xmlns:config:1.0"
 office:mimetype="application/vnd.oasis.opendocument.{kind}">
<office:meta><dc:title>The bridge</dc:title></office:meta>
<office:settings><config:config-item config:name="ViewAreaTop">1355</config:config-item></office:settings>
<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document>"""
TEXT = OPEN.format(kind="text", body="<text:h>Costs</text:h><text:p>The bridge is closed.</text:p>")
ROWS = (
    "<table:table table:name='Ships'>"
    "<table:table-row><table:table-cell><text:p>Port</text:p></table:table-cell>"
    "<table:table-cell><text:p>Share</text:p></table:table-cell></table:table-row>"
    "<table:table-row table:number-rows-repeated='3'><table:table-cell/></table:table-row>"
    "<table:table-row><table:table-cell><text:p>Aal</text:p></table:table-cell>"
    "<table:table-cell><text:p>41%</text:p></table:table-cell></table:table-row>"
    "<table:table-row table:number-rows-repeated='1048000'><table:table-cell table:number-columns-repeated='16000'/>"
    "</table:table-row></table:table>"
)


def read(path: Path, content: str | bytes) -> list[RawRecord | Failure]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_file(path))


def texts(path: Path, content: str) -> list[str]:
    return [one.text for one in read(path, content) if isinstance(one, RawRecord)]


@pytest.mark.parametrize("ending", ["xml", "doc"])
def test_a_document_of_word_2003(tmp_path: Path, ending: str) -> None:
    (found,) = read(tmp_path / f"a.{ending}", WORD_2003)
    assert isinstance(found, RawRecord)
    assert (found.origin, found.title, found.author) == (f"{tmp_path}/a.{ending}", "The bridge", "Ada Berg")
    assert found.made.startswith("2003-05-04")
    assert found.text.split("\n\n") == [
        "Costs",
        "The bridge over the Elbe is closed.",
        "Since May.",
        "Port: Aal, Ships: 41.",
    ]
    assert [mark.locator for mark in found.marks] == [{"chapter": "Costs"}]


def test_a_document_whose_parts_are_one_file(tmp_path: Path) -> None:
    assert texts(tmp_path / "a.xml", FLAT_OPC) == ["The pier is open."]


@pytest.mark.parametrize("ending", ["xml", "xls"])
def test_a_spreadsheet_of_excel_2003(tmp_path: Path, ending: str) -> None:
    """Rows by their numbers, cells by their columns, values as the sheet shows them, and no hidden sheet."""
    found = read(tmp_path / f"a.{ending}", EXCEL_2003)
    assert [(one.text, dict(one.marks[0].locator)) for one in found if isinstance(one, RawRecord)] == [
        ("City: Aal, Since: 2024-01-02, Votes: 4100, Share: 7%.", {"sheet": "Mayors", "row": "2"}),
        ("City: Brem, Votes: 17.5.", {"sheet": "Mayors", "row": "5"}),
    ]


def test_open_documents_without_an_archive(tmp_path: Path) -> None:
    assert texts(tmp_path / "a.fodt", TEXT) == ["Costs\n\nThe bridge is closed."]
    assert texts(tmp_path / "a.fods", OPEN.format(kind="spreadsheet", body=ROWS)) == ["Port: Aal, Share: 41%."]


@pytest.mark.parametrize("said", ["", ' office:mimetype="text/plain"'])
def test_an_open_document_that_does_not_say_of_which_kind_is_read_as_xml(tmp_path: Path, said: str) -> None:
    """As an archive it would be one of the same files again and again."""
    names = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    path = tmp_path / "a.fodt"
    path.write_text(f"<?xml version='1.0'?><office:document {names}{said}>Mine.</office:document>")
    assert [one.text for one in read_file(path) if isinstance(one, RawRecord)] == ["Mine."]


def test_a_sheet_that_claims_to_be_endless_is_named(tmp_path: Path) -> None:
    for index in ("999999", "16384"):
        wide = EXCEL_2003.replace('ss:Index="3"', f'ss:Index="{index}"').replace('ss:Index="5"', 'ss:Index="900000"')
        with pytest.raises(ReadError, match="holds a sheet of too many cells"):
            read(tmp_path / "a.xml", wide)


def test_a_cell_that_is_repeated_often_does_not_fill_the_memory(tmp_path: Path) -> None:
    open_document = "urn:oasis:names:tc:opendocument:xmlns"
    named = " ".join(f'xmlns:{name}="{open_document}:{name}:1.0"' for name in ("office", "table", "text"))
    cell = '<table:table-cell table:number-columns-repeated="1000"><text:p>1</text:p></table:table-cell>'
    rows = f"<table:table-row>{cell * 16}</table:table-row>" * 2000
    sheet = f"<office:body><office:spreadsheet><table:table>{rows}</table:table></office:spreadsheet></office:body>"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    began = time.process_time()
    with pytest.raises(ReadError, match="holds a sheet of too many cells"):
        read(tmp_path / "a.fods", f'<office:document {named} office:mimetype="{kind}">{sheet}</office:document>')
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "parts",
    [
        {"[Content_Types].xml": "<Types/>", "visio/document.xml": "<V>Shape</V>"},
        {"mimetype": "application/vnd.oasis.opendocument.base", "content.xml": "<a>Query</a>"},
    ],
    ids=["drawing", "database"],
)
def test_an_office_file_of_another_kind_is_passed_over_as_a_whole(tmp_path: Path, parts: dict[str, str]) -> None:
    """Its parts are no documents."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(NotRead, match="an office file of a kind that is not read"):
        read(tmp_path / "a.vsdx", packed.getvalue())
