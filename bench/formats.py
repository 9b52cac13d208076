"""Libraries that read PDF, Word, spreadsheets and web pages: what each finds in the same files, how fast, how heavy.

    pip install pypdf pdfplumber python-docx mammoth docx2txt openpyxl selectolax resiliparse jusText   # to askcorpus
    python bench/formats.py [--rounds 3]

The files hold the articles of the sample corpus (eight languages, four scripts) and a table, and are written by the
formats' own programs: LibreOffice and Chromium, which must be installed, python-docx and openpyxl. Each library reads
each file in a process of its own. Per library, over its files:

- *words*: the share of the words that are found, in the right order (longest common subsequence; of Chinese, signs);
- *more*: words beside these, as a share of the right ones: menus, and headers that are repeated with each row;
- *places*: how many pages, sheets or rows the library tells apart, of all files;
- *ms*: processor time for all files, the median of the rounds; *MB*: the peak of the process that reads them;
- *weight*: what it and all that it requires take on the disk, in MB.
"""

import argparse
import html
import json
import logging
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from process import memory_mb
from rapidfuzz.distance import LCSseq

ARTICLES = Path(__file__).parents[1] / "corpus" / "articles"
TABLE = [["Port", "Master", "Boats"], *([f"Port {n}", f"Master {n}", str(n * 37 % 101)] for n in range(60))]
MENU = "<nav><ul>" + "".join(f"<li><a href='/{n}'>Section {n} of the paper</a></li>" for n in range(30)) + "</ul></nav>"
FOOT = "<footer><p>All rights are reserved by nobody. Read our terms, our privacy notice and our cookies.</p></footer>"

Read = Callable[[Path], list[str]]
"""From a file to its text, by page, sheet or row where the library tells them apart."""


class Library(NamedTuple):
    """A way to read a format: the package that it is installed by, and how it is called."""

    package: str
    read: Read


def product(path: Path) -> list[str]:
    from askcorpus_ingest.readers.dispatch import read_file
    from askcorpus_ingest.readers.records import RawRecord

    texts = []
    for record in read_file(path):
        if isinstance(record, RawRecord):
            cuts = [mark.start for mark in record.marks] or [0]
            texts += [record.text[start:end] for start, end in zip(cuts, [*cuts[1:], None], strict=True)]
    return texts


def pypdfium2(path: Path) -> list[str]:
    return [page.get_textpage().get_text_range() for page in import_module("pypdfium2").PdfDocument(path)]


def pypdf(path: Path) -> list[str]:
    return [page.extract_text() for page in import_module("pypdf").PdfReader(path).pages]


def pdfminer(path: Path) -> list[str]:
    text: str = import_module("pdfminer.high_level").extract_text(path)
    return text.split("\f")[:-1]


def pdfplumber(path: Path) -> list[str]:
    with import_module("pdfplumber").open(path) as pdf:
        return [page.extract_text() for page in pdf.pages]


def python_docx(path: Path) -> list[str]:
    document: Any = import_module("docx").Document(str(path))
    texts: list[str] = []
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            texts += ["\t".join(cell.text for cell in row.cells) for row in block.rows]
        else:
            texts.append(block.text)
    return ["\n".join(texts)]


def mammoth(path: Path) -> list[str]:
    with path.open("rb") as file:
        return [import_module("mammoth").extract_raw_text(file).value]


def docx2txt(path: Path) -> list[str]:
    return [import_module("docx2txt").process(path)]


def openpyxl(path: Path) -> list[str]:
    book = import_module("openpyxl").load_workbook(path, read_only=True, data_only=True)
    return [_row(row) for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)]


def calamine(path: Path) -> list[str]:
    book = import_module("python_calamine").CalamineWorkbook.from_path(path)
    return [_row(row) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]


def _row(cells: Sequence[object]) -> str:
    whole = [int(cell) if isinstance(cell, float) and cell.is_integer() else cell for cell in cells]
    return "\t".join(str(cell) for cell in whole if cell is not None)


def trafilatura(path: Path) -> list[str]:
    return [import_module("trafilatura").extract(path.read_bytes()) or ""]


def selectolax(path: Path) -> list[str]:
    tree = import_module("selectolax.lexbor").LexborHTMLParser(path.read_bytes())
    return [tree.body.text(separator=" ")]


def resiliparse(path: Path) -> list[str]:
    extract = import_module("resiliparse.extract.html2text").extract_plain_text
    return [extract(path.read_text("utf-8"), main_content=True)]


def justext(path: Path) -> list[str]:
    module = import_module("justext")
    found = module.justext(path.read_bytes(), frozenset(), stopwords_low=0.0, stopwords_high=0.0)
    return ["\n".join(one.text for one in found if not one.is_boilerplate)]


LIBRARIES: Mapping[str, Mapping[str, Library]] = {
    "pdf": {
        "askcorpus (pypdfium2)": Library("pypdfium2", product),
        "pypdfium2": Library("pypdfium2", pypdfium2),
        "pypdf": Library("pypdf", pypdf),
        "pdfminer.six": Library("pdfminer.six", pdfminer),
        "pdfplumber": Library("pdfplumber", pdfplumber),
    },
    "docx": {
        "askcorpus (lxml)": Library("lxml", product),
        "python-docx": Library("python-docx", python_docx),
        "mammoth": Library("mammoth", mammoth),
        "docx2txt": Library("docx2txt", docx2txt),
    },
    "xlsx": {
        "askcorpus (python-calamine)": Library("python-calamine", product),
        "python-calamine": Library("python-calamine", calamine),
        "openpyxl": Library("openpyxl", openpyxl),
    },
    "html": {
        "askcorpus (trafilatura)": Library("trafilatura", product),
        "trafilatura": Library("trafilatura", trafilatura),
        "selectolax": Library("selectolax", selectolax),
        "resiliparse": Library("resiliparse", resiliparse),
        "jusText": Library("jusText", justext),
    },
}


class Article(NamedTuple):
    """A headline and the paragraphs below it."""

    title: str
    paragraphs: list[str]


def articles() -> list[Article]:
    found = []
    for path in sorted(ARTICLES.glob("*.txt")):
        first, *rest = path.read_text("utf-8").strip().split("\n\n")
        found.append(Article(first.replace("\n", " "), [one.replace("\n", " ") for one in rest]))
    return found


def words(text: str) -> list[str]:
    """The words of a text in their order, each Chinese character as one."""
    return re.findall(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+", text)


# --- the files ---


def make(folder: Path) -> dict[str, dict[Path, list[str]]]:
    """The files of each format, with the words that they hold."""
    texts = articles()
    told = words("\n".join("\n".join([title, *paragraphs]) for title, paragraphs in texts))
    table = words("\n".join("\t".join(row) for row in TABLE))
    page = folder / "page.html"
    page.write_text(_page(texts), "utf-8")
    bare = folder / "bare.html"
    bare.write_text(_page(texts).replace(MENU, "").replace(FOOT, ""), "utf-8")
    _write_docx(texts, folder / "python-docx.docx")
    _write_xlsx(folder / "openpyxl.xlsx")
    office = folder / "office"
    _office(office, "docx:MS Word 2007 XML", folder / "python-docx.docx")
    _office(office, "pdf", folder / "python-docx.docx")
    _office(office, "xlsx:Calc MS Excel 2007 XML", folder / "openpyxl.xlsx")
    _chromium(bare, folder / "chromium.pdf")
    return {
        "pdf": dict.fromkeys([office / "python-docx.pdf", folder / "chromium.pdf"], told + table),
        "docx": dict.fromkeys([folder / "python-docx.docx", office / "python-docx.docx"], told + table),
        "xlsx": dict.fromkeys([folder / "openpyxl.xlsx", office / "openpyxl.xlsx"], table),
        "html": {page: told + table},
    }


def _page(texts: Sequence[Article]) -> str:
    told = "".join(
        f"<h2>{html.escape(title)}</h2>" + "".join(f"<p>{html.escape(one)}</p>" for one in paragraphs)
        for title, paragraphs in texts
    )
    head, *rows = [[html.escape(cell) for cell in row] for row in TABLE]
    table = "<tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>"
    table += "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    body = f"{MENU}<main><article>{told}<table>{table}</table></article></main>{FOOT}"
    return f"<!doctype html><html><head><meta charset=utf-8><title>Articles</title></head><body>{body}</body></html>"


def _write_docx(texts: Sequence[Article], path: Path) -> None:
    document: Any = import_module("docx").Document()
    for title, paragraphs in texts:
        document.add_heading(title, 2)
        for one in paragraphs:
            document.add_paragraph(one)
    table = document.add_table(rows=0, cols=len(TABLE[0]), style="Table Grid")
    for row in TABLE:
        for cell, told in zip(table.add_row().cells, row, strict=True):
            cell.text = told
    document.save(path)


def _write_xlsx(path: Path) -> None:
    book: Any = import_module("openpyxl").Workbook()
    book.active.append(TABLE[0])
    for port, master, boats in TABLE[1:]:
        book.active.append([port, master, int(boats)])
    book.save(path)


def _office(folder: Path, kind: str, path: Path) -> None:
    command = ["soffice", "--headless", "--convert-to", kind, "--outdir", str(folder), str(path)]
    subprocess.run(command, check=True, capture_output=True)


def _chromium(page: Path, path: Path) -> None:
    options = ["--headless", "--no-sandbox", "--no-pdf-header-footer", f"--print-to-pdf={path}"]
    subprocess.run(["chromium", *options, str(page)], check=True, capture_output=True)


# --- the measuring ---


class Measured(NamedTuple):
    """What one library makes of the files of a format."""

    words: float
    more: float
    places: int
    seconds: float
    peak_mb: float


def measure(files: Mapping[Path, Sequence[str]], read: Read, rounds: int) -> Measured:
    """Read the files, in this process."""
    times, found = [], dict[Path, list[str]]()
    for _ in range(rounds):
        begun = time.process_time()
        found = {path: read(path) for path in files}
        times.append(time.process_time() - begun)
    peak = memory_mb("VmHWM")
    right = hits = more = 0
    for path, wanted in files.items():
        got = words("\n".join(found[path]))
        common = LCSseq.similarity(wanted, got)
        right, hits, more = right + len(wanted), hits + common, more + len(got) - common
    places = sum(map(len, found.values()))
    return Measured(hits / right, more / right, places, statistics.median(times), peak)


def measure_apart(work: Path, kind: str, name: str, rounds: int) -> Measured:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--rounds", str(rounds), "--one", str(work), kind, name]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def licence(package: str) -> str:
    """The licence as the package names it."""
    about = distribution(package).metadata
    classified = [one.split(" :: ")[-1] for one in about.get_all("Classifier") or [] if one.startswith("License")]
    return ", ".join(about.get_all("License-Expression") or classified or about.get_all("License") or ["not said"])


def weight(package: str) -> float:
    """Megabytes on the disk of a package and of all that it requires."""
    return sum(_sizes(package, set())) / 1e6


def _sizes(package: str, seen: set[str]) -> Iterator[int]:
    name = re.sub(r"[-_.]+", "-", package).lower()
    if name in seen:
        return
    seen.add(name)
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return
    files = [Path(str(file.locate())) for file in found.files or ()]
    yield sum(file.stat().st_size for file in files if file.is_file())
    for line in found.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield from _sizes(requirement.name, seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=3, metavar=("FOLDER", "FORMAT", "LIBRARY"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        logging.disable()
        folder, kind, name = args.one
        files = {Path(path): told for path, told in json.loads((Path(folder) / "files.json").read_text())[kind].items()}
        print(json.dumps(measure(files, LIBRARIES[kind][name].read, args.rounds)._asdict()))
        return
    with tempfile.TemporaryDirectory() as folder:
        made = make(Path(folder))
        listed = {kind: {str(path): told for path, told in files.items()} for kind, files in made.items()}
        (Path(folder) / "files.json").write_text(json.dumps(listed))
        print("| format | library | words | more | places | ms | MB | weight | licence |")
        print("| --- " * 9 + "|")
        for kind, libraries in LIBRARIES.items():
            for name, library in libraries.items():
                one = measure_apart(Path(folder), kind, name, args.rounds)
                cells = [f"{one.words:.1%}", f"{one.more:.1%}", str(one.places), f"{one.seconds * 1000:.0f}"]
                cells += [f"{one.peak_mb:.0f}", f"{weight(library.package):.1f}", licence(library.package)]
                print(f"| {kind} | {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
