"""Filters as people write them: understood where they can be, else refused with what there is."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from askcorpus.errors import UsageError
from askcorpus.index.store import Store
from askcorpus.types import Filters
from corpora import document, fill, open_
from looking import look


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_(tmp_path_factory.mktemp("spellings") / "data") as store:
        fill(
            store,
            document("a", date="2021-03", language="en", source="Coast Wire"),
            document("b", date="2022-09-30", language="fr", source="Agence Rhône"),
            document("c", date="2022", language="no", source="STRASSE"),
            document("d", date="", language="", source="coast wire"),
        )
        yield store


def understood(store: Store, **filters: Any) -> Filters:
    found: Filters = look(store).understood(Filters(**filters))
    return found


@pytest.mark.parametrize(
    ("written", "there"),
    [
        (("en",), ("en",)),
        (("EN",), ("en",)),
        (("en-US", "English"), ("en",)),
        (("français",), ("fr",)),
        (("nb",), ("no",)),
        (("Norsk", "anglais"), ("no", "en")),
        (("fr", "Swahili"), ("fr", "sw")),
        (("fr", " "), ("fr",)),
        (("", ""), ()),
    ],
)
def test_languages_are_understood(store: Store, written: tuple[str, ...], there: tuple[str, ...]) -> None:
    assert understood(store, languages=written).languages == there


@pytest.mark.parametrize(
    ("written", "there"),
    [
        (("Coast Wire",), ("Coast Wire",)),
        (("COAST  WIRE",), ("Coast Wire", "coast wire")),
        (("agence rhone",), ("Agence Rhône",)),
        (("Agence Rho\u0302ne",), ("Agence Rhône",)),
        (("Straße",), ("STRASSE",)),
        (("",), ()),
    ],
)
def test_sources_are_understood(store: Store, written: tuple[str, ...], there: tuple[str, ...]) -> None:
    assert understood(store, sources=written).sources == there


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"languages": ("Swahili",)}, "No document is in Swahili (sw). There are documents in English (en), French"),
        ({"languages": ("Elvish", "en")}, "“Elvish” is no language that is known. There are documents in English"),
        ({"sources": ("Coast Wife",)}, "No document is from “Coast Wife”. Did you mean “Coast Wire”? There are doc"),
        ({"sources": ("Coast Wire", "Nobody")}, "No document is from “Nobody”. There are documents from Agence Rhône"),
        ({"date_from": "2030"}, "No document is dated from 2030 on. The dates there are go from 2021-03-01 to 2022-12"),
        ({"date_from": "2021-04", "date_to": "2021-12"}, "No document is dated from 2021-04 to 2021-12. The dates"),
        ({"date_to": "1999"}, "No document is dated up to 1999."),
        ({"document_ids": ("x", "y", "z", "v")}, "There is no document “x”, “y”, “z” and 1 more."),
        (
            {"languages": ("fr",), "sources": ("Coast Wire",)},
            "No document passes all these filters together. With the other filters there are documents in English (en)",
        ),
        (
            {"sources": ("Coast Wire",), "date_from": "2022"},
            "No document passes all these filters together. With the other filters there are documents from Agence Rhô",
        ),
        ({"date_from": "soon", "languages": ("en",)}, "soon"),
    ],
)
def test_what_no_document_passes_is_refused_with_what_there_is(
    store: Store, filters: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        understood(store, **filters)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_passes_is_listed_by_the_names_that_are_there(store: Store) -> None:
    listing = store.listing(Filters(languages=("English",), sources=("coast wire ",)))
    assert ([one.id for one in listing.documents], listing.total) == (["a"], 1)
    assert listing.filters == Filters(languages=("en",), sources=("Coast Wire", "coast wire"))


def test_null_is_the_same_as_left_out() -> None:
    assert Filters.model_validate(dict.fromkeys(Filters.model_fields)) == Filters()


def test_a_hundred_thousand_names_and_one_of_a_megabyte_are_soon_refused(store: Store) -> None:
    began = time.monotonic()
    for names in (tuple(f"source {n}" for n in range(100_000)), ("\n" * 1_000_000 + "x" * 1_000_000,)):
        with pytest.raises(UsageError) as caught:
            understood(store, sources=names)
        assert len(str(caught.value)) < 400
    with pytest.raises(UsageError):
        understood(store, languages=("x" * 8_000_000,))
    assert time.monotonic() - began < 10


def test_what_is_told_of_many_sources_is_short(tmp_path: Path) -> None:
    with open_(tmp_path / "data") as many:
        fill(many, *(document(f"d{n}", source=f"Source {n} " + "long " * 100, date="") for n in range(30)))
        with pytest.raises(UsageError, match="and 18 more") as caught:
            understood(many, sources=("other",))
        assert len(str(caught.value)) < 1_000
        with pytest.raises(UsageError, match="No document has a date"):
            understood(many, date_from="2022")
