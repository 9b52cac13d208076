"""Charts of documents and presentations are told once, as the tables that they show; what stands for them is not."""

import io
import zipfile
from pathlib import Path

import pytest

from askcorpus_ingest.readers.dispatch import read_file
from askcorpus_ingest.readers.records import RawRecord

A = "http://schemas.openxmlformats.org/drawingml/2006/main"
C = "http://schemas.openxmlformats.org/drawingml/2006/chart"
M = "http://schemas.openxmlformats.org/officeDocument/2006/math"
P = "http://schemas.openxmlformats.org/presentationml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def points(kind: str, values: list[str], code: str = "General") -> str:
    told = "".join(f'<c:pt idx="{place}"><c:v>{value}</c:v></c:pt>' for place, value in enumerate(values))
    return (
        f"<c:{kind}><c:numRef><c:numCache><c:formatCode>{code}</c:formatCode>{told}</c:numCache></c:numRef></c:{kind}>"
    )


def chart(*series: str, title: str = "Ships in two ports") -> str:
    told = "".join(f"<c:ser>{one}</c:ser>" for one in series)
    return (
        f'<c:chartSpace xmlns:c="{C}" xmlns:a="{A}"><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>{title}</a:t></a:r>'
        f"</a:p></c:rich></c:tx></c:title><c:plotArea><c:barChart>{told}</c:barChart></c:plotArea></c:chart></c:chartSpace>"
    )


def name(words: str) -> str:
    return f'<c:tx><c:strRef><c:strCache><c:pt idx="0"><c:v>{words}</c:v></c:pt></c:strCache></c:strRef></c:tx>'


SHIPS = chart(
    name("Aal") + points("cat", ["2021", "2022"]) + points("val", ["311", "298"]),
    name("Share") + points("cat", ["2021", "2022"]) + points("val", ["0.07", "0.412"], "0.0%"),
)
TOLD = ["Ships in two ports", "2021, Aal: 311, Share: 7%.", "2022, Aal: 298, Share: 41.2%."]


def packed(parts: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        for part, content in parts.items():
            archive.writestr(part, content)
    return made.getvalue()


def relations(**targets: str) -> str:
    told = "".join(
        f'<Relationship Id="{key}" Type="{R}/{kind}" Target="{target}"/>'
        for key, (kind, _, target) in ((key, value.partition(" ")) for key, value in targets.items())
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{told}</Relationships>'


def paragraphs(path: Path, content: bytes) -> list[str]:
    path.write_bytes(content)
    (found,) = read_file(path)
    assert isinstance(found, RawRecord)
    return found.text.split("\n\n")


def slide(shapes: str, drawn: str = SHIPS, **related: str) -> bytes:
    return packed(
        {
            "ppt/presentation.xml": f'<p:presentation xmlns:p="{P}" xmlns:r="{R}"><p:sldIdLst><p:sldId r:id="a"/>'
            "</p:sldIdLst></p:presentation>",
            "ppt/_rels/presentation.xml.rels": relations(a="slide slides/slide1.xml"),
            "ppt/slides/slide1.xml": f'<p:sld xmlns:p="{P}" xmlns:a="{A}" xmlns:m="{M}" xmlns:mc="{MC}"><p:spTree>'
            f"{shapes}</p:spTree></p:sld>",
            "ppt/slides/_rels/slide1.xml.rels": relations(**related),
            "ppt/charts/chart1.xml": drawn,
        }
    )


def shape(words: str) -> str:
    return f"<p:sp><p:txBody><a:p>{words}</a:p></p:txBody></p:sp>"


def test_a_chart_on_a_slide_is_told(tmp_path: Path) -> None:
    content = slide(shape("<a:r><a:t>Ports</a:t></a:r>"), c="chart ../charts/chart1.xml")
    assert paragraphs(tmp_path / "a.pptx", content) == ["Ports", *TOLD]


def test_what_old_programs_show_in_place_of_a_chart_or_a_formula_is_not_told(tmp_path: Path) -> None:
    formula = shape("<m:oMath><m:r><m:t>E=mc²</m:t></m:r></m:oMath>")
    instead = shape("<a:r><a:t>This chart isn’t available in your version.</a:t></a:r>")
    both = f"<mc:Choice>{formula}</mc:Choice><mc:Fallback>{instead}</mc:Fallback>"
    content = slide(f"<mc:AlternateContent>{both}</mc:AlternateContent>")
    assert paragraphs(tmp_path / "a.pptx", content) == ["E=mc²"]


def test_a_chart_in_a_document_is_told_where_it_stands(tmp_path: Path) -> None:
    drawing = f'<w:r><w:drawing><c:chart xmlns:c="{C}" r:id="c"/></w:drawing></w:r>'
    body = f"<w:p><w:r><w:t>Above.</w:t></w:r></w:p><w:p>{drawing}</w:p><w:p><w:r><w:t>Below.</w:t></w:r></w:p>"
    content = packed(
        {
            "word/document.xml": f'<w:document xmlns:w="{W}" xmlns:r="{R}"><w:body>{body}</w:body></w:document>',
            "word/_rels/document.xml.rels": relations(c="chart charts/chart1.xml"),
            "word/charts/chart1.xml": SHIPS,
        }
    )
    assert paragraphs(tmp_path / "a.docx", content) == ["Above.", *TOLD, "Below."]


def test_days_and_endless_curves(tmp_path: Path) -> None:
    """Days are told as such; of a curve only the first thousand points are."""
    days = chart(name("Price") + points("cat", ["45055", "45056"], "dd/mm/yyyy") + points("val", ["0.1", "1200000"]))
    told = paragraphs(tmp_path / "a.pptx", slide("", days, c="chart ../charts/chart1.xml"))
    assert told == ["Ships in two ports", "2023-05-09, Price: 0.1.", "2023-05-10, Price: 1200000."]
    curve = chart(name("Curve") + points("val", ["1"] * 5000))
    assert len(paragraphs(tmp_path / "b.pptx", slide("", curve, c="chart ../charts/chart1.xml"))) == 1001


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("h:mm", "0.53125", "12:45"),
        ("[h]:mm", "1.25", "30:00"),
        ("h:mm AM/PM", "0", "0:00"),
        ("mm:ss", "0.0625", "1:30:00"),
        ("yyyy", "45000", "2023-03-15"),
        ("mmm\\ yy", "45000", "2023-03-15"),
        ("d/m/yyyy h:mm", "45000.5", "2023-03-15"),
        ("Standard", "7", "7"),
    ],
)
def test_days_and_times_of_a_chart_are_told_as_such(tmp_path: Path, code: str, value: str, shown: str) -> None:
    """And no number is, by a letter in the name of its format."""
    drawn = chart(name("Aal") + points("cat", ["North"]) + points("val", [value], code))
    told = paragraphs(tmp_path / "a.pptx", slide("", drawn, c="chart ../charts/chart1.xml"))
    assert told[1] == f"North, Aal: {shown}."
