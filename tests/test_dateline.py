"""Date marker, dateline, agency and headline of news texts."""

import pytest

from askcorpus_ingest.dateline import parse_date, read_dateline, take_date_marker


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2022", "2022"),
        ("2022-09", "2022-09"),
        ("2022-9-5", "2022-09-05"),
        ("2022-09-29T10:00:00+02:00", "2022-09-29"),
        ("2022/09/29", "2022-09-29"),
        ("20220929", "2022-09-29"),
        ("29.09.2022", "2022-09-29"),
        ("09/29/2022", "2022-09-29"),
        ("05/06/2022", "2022"),
        ("1er octobre 2022", "2022-10-01"),
        ("29 sept. 2022", "2022-09-29"),
        ("September 29, 2022", "2022-09-29"),
        ("août 2022", "2022-08"),
        ("14 de julio de 2022", "2022-07-14"),
        ("14. července 2022", "2022-07-14"),
        ("14 июля 2022", "2022-07-14"),
        ("14 जुलाई 2022", "2022-07-14"),
        ("3 mar 2019", "2019-03-03"),
        ("12 march 2019", "2019-03-12"),
        ("2022年9月29日", "2022-09-29"),
        ("2022-13", ""),
        ("2022-02-30", ""),
        ("2024-02-29", "2024-02-29"),
        ("0000", ""),
        ("yesterday", ""),
        ("Donetsk 2022", ""),
        ("", ""),
    ],
)
def test_parse_date(written: str, date: str) -> None:
    assert parse_date(written) == date


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("date 2022-09 SÉOUL (AP) – Texte.", ("2022-09", "SÉOUL (AP) – Texte.")),
        (" date: 2022-09-29\nTexte.", ("2022-09-29", "Texte.")),
        ("Date : 29 septembre 2022. Texte.", ("2022-09-29", "Texte.")),
        ("Un titre\ndate 2022-09 Texte.", ("2022-09", "Un titre\n\nTexte.")),
        ("Un titre\n\ndate 2022-09 Texte.", ("2022-09", "Un titre\n\nTexte.")),
        ("Dates are sweet. date 2022", ("", "Dates are sweet. date 2022")),
        ("date palms grow", ("", "date palms grow")),
        ("", ("", "")),
    ],
)
def test_take_date_marker(text: str, expected: tuple[str, str]) -> None:
    assert take_date_marker(text) == expected


@pytest.mark.parametrize(
    ("text", "place", "source", "story"),
    [
        ("LISBONNE, Portugal (AP) – Le port est fermé.", "LISBONNE, Portugal", "AP", "Le port"),
        ("PARIS (AFP) - Le port est fermé.", "PARIS", "AFP", "Le port"),
        ("KYIV, Ukraine (Reuters) — The port is shut.", "KYIV, Ukraine", "Reuters", "The port"),
        ("RIO DE JANEIRO (The Associated Press) — The port.", "RIO DE JANEIRO", "AP", "The port"),
        ("(Reuters) - The port is shut.", "", "Reuters", "The port"),
        ("Berlin (dpa) - Der Hafen ist zu.", "Berlin", "dpa", "Der Hafen"),
        ("北京（新华社）—港口关闭。", "北京", "新华社", "港口"),
        ("新华社北京9月29日电 港口关闭。", "北京", "新华社", "港口"),
        ("WASHINGTON — The port is shut.", "WASHINGTON", "", "The port"),
        ("Il ferme\n\nPARIS (AFP) – Le port.", "PARIS", "AFP", "Le port"),
        ("AP\n\nLONDON (AP) — The port.", "LONDON", "AP", "The port"),
    ],
)
def test_dateline(text: str, place: str, source: str, story: str) -> None:
    found = read_dateline(text)
    assert (found.place, found.source) == (place, source)
    assert text[found.span.end :].startswith(story)


def test_a_date_in_the_dateline_is_no_place() -> None:
    found = read_dateline("PARIS, 29 sept 2022 (AFP) - Le port est fermé.")
    assert (found.place, found.date) == ("PARIS", "2022-09-29")


@pytest.mark.parametrize(
    "text",
    [
        "The company (NYSE: XX) - a leader in ports - closed one.",
        "He said (again) - and left.",
        "Thor (film) – an account of the plot.",
        "Great Famine (Ireland) - a history.",
        "BREAKING — The port is shut.",
        "Paris – eine Stadt mit Hafen.",
        "Le port (fermé) est vide.",
        "",
    ],
)
def test_no_dateline(text: str) -> None:
    found = read_dateline(text)
    assert (found.place, found.source, found.span.end) == ("", "", 0)


def test_the_signature_names_the_agency() -> None:
    assert read_dateline("Le port est fermé.\n\nThe Associated Press").source == "AP"
    assert read_dateline("Von Reuters\n\nDer Hafen ist zu.").source == "Reuters"


def test_headline() -> None:
    assert read_dateline("Le port ferme\n\nPARIS (AFP) – Il ferme.").headline == "Le port ferme"
    assert read_dateline("Le port ferme.\n\nIl ferme.").headline == ""
    assert read_dateline("Le port ferme\nà cause du vent").headline == ""


@pytest.mark.parametrize(
    ("text", "date", "headline", "story"),
    [
        ("2022-11-03\nLe port ferme\n\nIl ferme.", "2022-11-03", "Le port ferme", "\nLe port"),
        ("17 mars 2020\n\nLe port ferme\n\nIl ferme.", "2020-03-17", "Le port ferme", "\n\nLe port"),
        ("Le port ferme\nJeudi 3 novembre 2022\n\nIl ferme.", "2022-11-03", "Le port ferme", "\n\nIl ferme"),
        ("The port is shut\n\nThursday, November 3, 2022\n\nIt is.", "2022-11-03", "The port is shut", "\n\nIt is"),
        ("2022-11-03\nThe port is shut\n\nHULL (AP) - It is.", "2022-11-03", "The port is shut", "It is"),
        ("3.11.2022\nDer Hafen ist zu.", "2022-11-03", "", "\nDer Hafen"),
        ("2022-11-03\n2022-11-04\nTwo days.", "2022-11-03", "", "\n2022-11-04"),
        ("9 November 1989: the Wall\n\nIt fell.", "", "9 November 1989: the Wall", "9 November"),
        ("The port was shut on\n3 November 2022\nafter a storm.", "", "", "The port"),
        ("3 novembre 2022\nle port ferme", "2022-11-03", "le port ferme", "\nle port"),
        ("2022\n\nA year in Hull\n\nIt rained.", "", "2022", "2022"),
    ],
)
def test_a_line_that_says_a_day_is_no_headline(text: str, date: str, headline: str, story: str) -> None:
    found = read_dateline(text)
    assert (found.date, found.headline) == (date, headline)
    assert text[found.story :].startswith(story)
