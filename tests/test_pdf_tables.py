"""Tables in PDFs: rows told with their header, and everything else left as it stands."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pytest

from askcorpus_ingest.readers.dispatch import read_file
from askcorpus_ingest.readers.records import RawRecord
from pdfs import BOLD, HEIGHT, PLAIN, line, pdf, words

MADE = Path(__file__).parent / "data" / "formats"
BEFORE, AFTER = "The boats were counted in May by the harbour office.", "They are counted again in autumn."
TABLE = [
    ["Port", "Master", "Boats"],
    ["Kivik", "Paul Lindqvist", "112"],
    ["Oddesund", "", "58"],
    ["Skagen", "Jean Petit", "204"],
]
TOLD = [
    "Port: Kivik, Master: Paul Lindqvist, Boats: 112.",
    "Port: Oddesund, Boats: 58.",
    "Port: Skagen, Master: Jean Petit, Boats: 204.",
]
PEOPLE = [["Name", "Office"], ["Ines Okafor", "Mayor"], ["Paul Lindqvist", "Harbour master"], ["Jean Petit", "Clerk"]]
TOLD_PEOPLE = [
    "Name: Ines Okafor, Office: Mayor.",
    "Name: Paul Lindqvist, Office: Harbour master.",
    "Name: Jean Petit, Office: Clerk.",
]
PLACES = (60, 200, 340)
TOP, ROW = 700, 20


def rows(table: Sequence[Sequence[str]], *, names: str = PLAIN) -> list[str]:
    """A table, row by row; its first row in the font ``names``."""
    return [
        words(place, TOP - ROW * number, cell, PLAIN if number else names)
        for number, row in enumerate(table)
        for place, cell in zip(PLACES, row, strict=False)
        if cell
    ]


def grid(count: int, *, places: Sequence[float] = (*PLACES, 480)) -> list[str]:
    """The lines around the cells of so many rows."""
    left, right, high, low = places[0] - 5, places[-1] - 5, TOP + 13, TOP + 13 - ROW * count
    along = [line(left, high - ROW * number, right, high - ROW * number) for number in range(count + 1)]
    return along + [line(place - 5, high, place - 5, low) for place in places]


def page(*drawn: str) -> list[str]:
    """Something between two sentences."""
    return [words(60, HEIGHT - 60, BEFORE), *drawn, words(60, 80, AFTER)]


def text_of(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    (raw,) = read_file(path)
    assert isinstance(raw, RawRecord)
    return raw.text


def paragraphs(text: str) -> list[str]:
    return [" ".join(one.split()) for one in text.split("\n\n")]


def test_a_table_with_lines_is_told_with_its_header(tmp_path: Path) -> None:
    text = text_of(tmp_path / "a.pdf", pdf(page(*rows(TABLE), *grid(4))))
    assert paragraphs(text) == [BEFORE, *TOLD, AFTER]


def test_lines_between_cells_are_enough(tmp_path: Path) -> None:
    inner = [line(55, TOP - 7 - ROW * n, 475, TOP - 7 - ROW * n) for n in range(3)]
    inner += [line(x, TOP + 13, x, TOP + 13 - ROW * 4) for x in (195, 335)]
    text = text_of(tmp_path / "a.pdf", pdf(page(*rows(TABLE), *inner)))
    assert paragraphs(text) == [BEFORE, *TOLD, AFTER]


def test_a_cell_of_several_lines_is_one(tmp_path: Path) -> None:
    cells = [
        *rows([TABLE[0]]),
        words(60, 680, "Kivik"),
        words(200, 680, "Paul, as the"),
        words(200, 668, "law asks"),
        words(340, 680, "112"),
        words(60, 645, "Skagen"),
        words(340, 645, "204"),
    ]
    lines = [line(55, y, 475, y) for y in (713, 693, 660, 635)] + [line(x, 713, x, 635) for x in (55, 195, 335, 475)]
    text = text_of(tmp_path / "a.pdf", pdf(page(*cells, *lines)))
    assert paragraphs(text)[1:-1] == [
        "Port: Kivik, Master: Paul, as the law asks, Boats: 112.",
        "Port: Skagen, Boats: 204.",
    ]


def test_a_cell_that_spans_rows_is_told_in_each(tmp_path: Path) -> None:
    cells = [words(60, 700, "Port"), words(200, 700, "Boat"), words(340, 700, "Crew"), words(60, 670, "Kivik")]
    cells += [words(200, 680, "Anna"), words(340, 680, "12"), words(200, 660, "Berta"), words(340, 660, "9")]
    lines = [line(55, y, 475, y) for y in (713, 693, 653)] + [line(195, 673, 475, 673)]
    lines += [line(x, 713, x, 653) for x in (55, 195, 335, 475)]
    text = text_of(tmp_path / "a.pdf", pdf(page(*cells, *lines)))
    assert paragraphs(text)[1:-1] == ["Port: Kivik, Boat: Anna, Crew: 12.", "Port: Kivik, Boat: Berta, Crew: 9."]


def test_rows_between_shaded_ones_are_rows_of_the_table(tmp_path: Path) -> None:
    shaded = [f".9 g {x - 5} {TOP - 7 - ROW * n} 140 {ROW} re f 0 g" for n in (0, 2) for x in PLACES]
    text = text_of(tmp_path / "a.pdf", pdf(page(*shaded, *rows([*TABLE[:2], *TABLE[3:]]))))
    assert paragraphs(text) == [BEFORE, TOLD[0], TOLD[2], AFTER]


@pytest.mark.parametrize(
    "drawn",
    [
        pytest.param(rows(TABLE), id="figures"),
        pytest.param(rows(PEOPLE, names=BOLD), id="bold"),
        pytest.param([*rows(PEOPLE), line(55, TOP - 6, 330, TOP - 6)], id="underlined"),
    ],
)
def test_a_table_without_lines_is_known_by_its_header(tmp_path: Path, drawn: list[str]) -> None:
    text = text_of(tmp_path / "a.pdf", pdf(page(*drawn)))
    assert paragraphs(text)[0] == BEFORE
    assert paragraphs(text)[1:-1] in (TOLD, TOLD_PEOPLE)


def test_a_table_goes_on_on_the_next_page(tmp_path: Path) -> None:
    """Its header, which is not written again there, still names the columns; another table has a header of its own."""
    above = [*rows([*TABLE[:2]]), *grid(2), words(290, 40, "1")]
    below = [*rows(TABLE[2:]), *grid(2), words(290, 40, "2")]
    other = [*rows([["Ship", "Captain", "Crew"], ["Anna", "Berg", "12"]], names=BOLD), *grid(2)]
    text = text_of(tmp_path / "a.pdf", pdf(above, below, other))
    assert [one for one in paragraphs(text) if ":" in one] == [*TOLD, "Ship: Anna, Captain: Berg, Crew: 12."]


def test_a_header_that_is_written_again_is_no_row(tmp_path: Path) -> None:
    text = text_of(tmp_path / "a.pdf", pdf([*rows(TABLE[:2]), *grid(2)], [*rows([TABLE[0], *TABLE[2:]]), *grid(3)]))
    assert paragraphs(text) == TOLD


def test_a_tagged_table_is_told_by_its_tags() -> None:
    """It has no lines, wrapped and empty cells, and some that span others; an empty cell has no place on the page."""
    (raw,) = read_file(MADE / "tagged-table.pdf")
    assert isinstance(raw, RawRecord)
    assert paragraphs(raw.text) == [
        "The boats were counted in May.",
        "Town: Kivik, Boats 2022: 5, Boats 2023: 6, Note: counted twice, since the first count was made in a storm and "
        "nobody trusted it afterwards, as the mayor said.",
        "Town: Skagen, Boats 2023: 8, Note: none.",
        "Town: Oddesund, Boats 2022: 9, Boats 2023: 10.",
        "Town: Oddesund, Boats 2022: 11, Boats 2023: 12, Note: at night.",
        "They are counted again in autumn.",
    ]


def columns(count: int, *, across: bool, head: bool = False) -> list[str]:
    """Prose in columns, column by column or line by line."""
    told = [f"and number {n} of the boats was" for n in range(count * 12)]
    if head:
        told[::12] = ["The harbour", "The town", "The storm"][:count]
    width = 480 / count
    drawn = [
        words(60 + width * column, TOP - 14 * row, told[column * 12 + row], BOLD if head and not row else PLAIN)
        for column in range(count)
        for row in range(12)
    ]
    return [drawn[column * 12 + row] for row in range(12) for column in range(count)] if across else drawn


NO_TABLES = {
    "prose in two columns": columns(2, across=False),
    "prose in two columns, line by line": columns(2, across=True, head=True),
    "prose in three columns, line by line": columns(3, across=True, head=True),
    "prose in columns with lines around them": [
        *columns(2, across=False),
        *grid(1, places=(60, 300, 540)),
        *(line(x, TOP, x, 500) for x in (55, 295, 535)),
    ],
    "contents": rows([["Introduction", "5"], ["Harbours", "9"], ["Storms of the north", "21"], ["Index", "40"]]),
    "head of a letter": rows([["Office", "", "Kivik, 4 May"], ["Quay 4", "", "Ines Okafor"], ["Kivik", "", "Mayor"]]),
    "names and values": rows([["Country", "France"], ["Population", "68000000"], ["Area", "551695"], ["Towns", "18"]]),
    "index": rows(
        [["anchor, 12", "ferry, 31", "pier, 2"], ["boat, 4", "gull, 17", "quay, 9"], ["c, 8", "d, 1", "x, 3"]]
    ),
    "people": rows(
        [["Ines Okafor", "Paul Lind", "Jean Petit"], ["Mayor", "Master", "Clerk"], ["Kivik", "Skagen", "Orth"]]
    ),
    "chart": [*grid(5, places=(100, 160, 220, 280)), *(words(80, TOP - ROW * n, str(10 * n)) for n in range(5))],
}


@pytest.mark.parametrize("name", NO_TABLES)
def test_what_is_no_table_stays_as_it_stands(tmp_path: Path, name: str) -> None:
    drawn = page(*NO_TABLES[name])
    text = text_of(tmp_path / "a.pdf", pdf(drawn))
    said = [one.split("(", 1)[1].rsplit(")", 1)[0] for one in drawn if one.startswith("BT")]
    assert " ".join(text.split()) == " ".join(said)


@pytest.mark.parametrize("lined", [True, False])
def test_nothing_is_lost_or_said_twice(tmp_path: Path, lined: bool) -> None:
    drawn = page(*rows(TABLE), *(grid(4) if lined else []))
    text = text_of(tmp_path / "a.pdf", pdf(drawn))
    said = Counter(text.replace(":", " ").replace(",", " ").replace(".", " ").split())
    written = Counter(" ".join([BEFORE, *chain.from_iterable(TABLE[1:]), AFTER]).replace(".", " ").split())
    assert said == written + Counter({"Port": 3, "Master": 2, "Boats": 3})


def test_a_table_on_a_turned_page_is_not_told_by_the_wrong_side(tmp_path: Path) -> None:
    """Its rows run down the page as it is stored."""
    cells = [
        f"0 1 -1 0 {100 + ROW * n} {place} Tm ({cell}) Tj"
        for n, row in enumerate(TABLE)
        for place, cell in zip(PLACES, row, strict=True)
    ]
    drawn = [f"BT /{PLAIN} 10 Tf {' '.join(cells)} ET"]
    drawn += [line(87 + ROW * n, 55, 87 + ROW * n, 475) for n in range(5)]
    drawn += [line(87, place - 5, 87 + ROW * 4, place - 5) for place in (*PLACES, 480)]
    said = text_of(tmp_path / "a.pdf", pdf(drawn, turned=90)).split()
    assert Counter(said) == Counter(" ".join(chain.from_iterable(TABLE)).split())
