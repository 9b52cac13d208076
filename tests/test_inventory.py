"""The list of documents: what passes, what is folded, what is counted, and what a bar of its histogram stands for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from askcorpus.errors import UsageError
from askcorpus.index.inventory import Inventory
from askcorpus.index.store import Store
from askcorpus.types import Filters
from corpora import document, fill, many, open_

STORY = " ".join(f"The ferry {n} of Verdan sank near the lighthouse while {n} people slept." for n in range(12))


def ids(found: Inventory) -> list[str]:
    return [entry.document_id for entry in found.entries]


def counts(found: Inventory) -> dict[str, int]:
    return {bar.first: bar.documents for bar in found.bars if bar.documents}


def test_pages_joined_are_the_list_and_each_document_stands_there_once(tmp_path: Path) -> None:
    with open_(tmp_path) as store:
        fill(store, *many(30))
        pages = [store.inventory(offset=offset, limit=7) for offset in range(0, 35, 7)]
        listed = [id_ for page in pages for id_ in ids(page)]

        assert listed == [one.id for one in store.documents()]
        assert {(page.documents, page.folded) for page in pages} == {(30, 0)}


def test_the_beginning_of_a_text_does_not_tell_its_title_again(tmp_path: Path) -> None:
    long = "A very long headline " * 20
    told = [
        document("a", "The pier is closed\n\nNobody knows why.", title="The pier is closed"),
        document("b", "Nobody knows why.", title="The pier"),
        document("c", "The pier", title="The pier"),
        document("d", "Nobody" * 100, title=""),
        document("e", f"{long}Why?", title=long),
    ]
    with open_(tmp_path) as store:
        fill(store, *told)
        shown = {entry.document_id: entry.beginning for entry in store.inventory().entries}
    assert shown == {"a": "Nobody knows why.", "b": "Nobody knows why.", "c": "", "d": "Nobody" * 40, "e": long[:240]}


def test_a_story_that_is_told_twice_is_one_entry_with_its_copies(tmp_path: Path) -> None:
    told = [document(name, STORY, date=f"2024-05-0{n}", source=name) for n, name in enumerate(("A", "B", "C"), 1)]
    with open_(tmp_path) as store:
        fill(store, *told, document("other", date="2020"))
        found = store.inventory()
        (entry, other) = found.entries

        assert (found.documents, found.folded) == (4, 2)
        assert {entry.document_id, *(copy.document_id for copy in entry.copies)} == {"A", "B", "C"}
        assert (other.document_id, other.copies) == ("other", ())


def test_a_copy_stands_for_its_story_where_a_filter_keeps_the_first_out(tmp_path: Path) -> None:
    told = [document(name, STORY, source=name) for name in ("A", "B", "C")]
    with open_(tmp_path) as store:
        fill(store, *told)
        found = store.inventory(filters=Filters(sources=("B", "C")))

        assert (found.documents, found.folded, ids(found)) == (2, 1, ["B"])
        assert [copy.document_id for copy in found.entries[0].copies] == ["A", "C"]


def test_each_filter_is_counted_as_if_it_were_not_set(tmp_path: Path) -> None:
    with open_(tmp_path) as store:
        fill(store, *many(30))
        found = store.inventory(filters=Filters(languages=("fr",), sources=("Courier",)))

        assert found.documents == 5
        assert found.languages == {"en": 5, "fr": 5}
        assert found.sources == {"Courier": 5, "Gazette": 5, "Herald": 5}
        for language, count in found.languages.items():
            chosen = Filters(languages=(language,), sources=("Courier",))
            assert store.inventory(filters=chosen).documents == count


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_(tmp_path_factory.mktemp("library")) as store:
        fill(
            store,
            document("boat", "The ferry is late.", title="Of harbours"),
            document("fr", "Les pêcheurs ouvrent les vannes.", title="Vannes"),
            document("zh", "旧港口的工作开始了。", title="X"),
        )
        yield store


@pytest.mark.parametrize(
    ("search", "found"),
    [
        pytest.param("ferry", ["boat"], id="a word of the text"),
        pytest.param("harbours", ["boat"], id="a word of the title"),
        pytest.param("PÉCHEUR", ["fr"], id="its beginning, without accents and in capitals"),
        pytest.param("ferry harbours", ["boat"], id="two words"),
        pytest.param("ferry vannes", [], id="two words that no document holds both"),
        pytest.param("港口", ["zh"], id="a script without spaces"),
        pytest.param("fer", [], id="too short to be a beginning"),
        pytest.param('" OR * NEAR( --', [], id="the signs of a query language"),
        pytest.param("?!", [], id="no word"),
        pytest.param("   ", ["boat", "fr", "zh"], id="nothing"),
    ],
)
def test_words_are_searched_in_titles_and_texts(library: Store, search: str, found: list[str]) -> None:
    assert sorted(ids(library.inventory(search))) == found
    assert sorted(library.matching(search, Filters(), limit=10)) == found


@pytest.mark.parametrize(
    ("dates", "bars"),
    [
        pytest.param(["2022-03-01", "2022-03-31"], 31, id="days"),
        pytest.param(["2022-01-09", "2023-12-31"], 24, id="months"),
        pytest.param(["2000", "2022-03-31"], 23, id="years"),
        pytest.param(["1901-05", "2022-03-31"], 13, id="decades"),
        pytest.param(["0012", "2022-03-31"], 21, id="centuries"),
        pytest.param(["2022-03-31"], 1, id="one day"),
    ],
)
def test_bars_are_as_fine_as_there_is_room_for(tmp_path: Path, dates: list[str], bars: int) -> None:
    with open_(tmp_path) as store:
        fill(store, *(document(f"d{n}", date=date) for n, date in enumerate(dates)))
        found = store.inventory().bars

        assert len(found) == bars
        assert sum(bar.documents for bar in found) == len(dates)


def test_a_bar_has_as_many_documents_as_its_time_lets_pass(tmp_path: Path) -> None:
    dates = ["2021", "2021-03", "2021-03-14", "2021-03-15", "2021-11-30", "2020-12-31", "", ""]
    with open_(tmp_path) as store:
        fill(store, *(document(f"d{n}", date=date) for n, date in enumerate(dates)))
        found = store.inventory()

        assert found.undated == 2
        assert counts(found)["2021-03"] == 4  # one of them is of some day in 2021
        for bar in found.bars:
            within = store.inventory(filters=Filters(date_from=bar.first, date_to=bar.last))
            assert within.documents == bar.documents
            assert not within.bars or within.bars[0].first.startswith(bar.first)


def test_dates_that_make_no_sense_are_told(tmp_path: Path) -> None:
    with open_(tmp_path) as store:
        fill(store, *many(3))
        with pytest.raises(UsageError, match="Swap them"):
            store.inventory(filters=Filters(date_from="2023", date_to="2022"))


def test_an_empty_store_has_an_empty_list(tmp_path: Path) -> None:
    with open_(tmp_path) as store:
        assert store.inventory() == Inventory((), 0, 0, {}, {}, (), 0)
