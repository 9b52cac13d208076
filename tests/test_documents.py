"""Documents: clean text, and what is read from it where the record does not say."""

import time
import unicodedata

import pytest

from askcorpus.errors import ReadError
from askcorpus.index.store import content_hash
from askcorpus.text.characters import clean_text
from askcorpus_ingest.documents import read_document, with_own_id
from askcorpus_ingest.readers.records import RawRecord

STORY = (
    " date 2022-09 LISBONNE, Portugal (AFP) – Le port de la capitale est resté fermé lundi, a dit le maire.\n\n"
    "Une vingtaine de navires attendent au large.\n\nAgence France-Presse"
)


def test_a_story_in_the_agency_form() -> None:
    document = read_document(RawRecord("/corpus/a.txt", STORY)).document
    assert (document.date, document.place, document.source) == ("2022-09", "LISBONNE, Portugal", "AFP")
    assert (document.language, document.origin) == ("fr", "/corpus/a.txt")
    assert document.title == "Le port de la capitale est resté fermé lundi, a dit le maire."
    assert document.text == STORY.removeprefix(" date 2022-09 ")


def test_the_record_knows_better_than_its_text() -> None:
    raw = RawRecord("/a", STORY, title="T", date="2020", language="fr-CA", source="S", place="P", doc_id="x1")
    document = read_document(raw).document
    assert (document.id, document.title, document.date) == ("x1", "T", "2020")
    assert (document.language, document.source, document.place) == ("fr", "S", "P")


def test_a_long_first_sentence_is_cut_at_a_word() -> None:
    document = read_document(RawRecord("/a", "The council of the old town " * 10 + "met.")).document
    assert len(document.title) <= 120
    assert document.title.endswith(("council…", "town…", "old…", "the…", "of…", "The…"))


def test_the_headline_is_the_title_and_stays_in_the_text() -> None:
    document = read_document(RawRecord("/a", "Le port ferme\n\nPARIS (AFP) – Il ferme lundi.")).document
    assert document.title == "Le port ferme"
    assert document.text.startswith("Le port ferme\n\nPARIS")


def test_ids_come_from_content_and_only_from_it() -> None:
    one, two = read_document(RawRecord("/a", STORY)).document, read_document(RawRecord("/b", STORY + "\n")).document
    assert one.id == two.id
    assert content_hash(one) == content_hash(two)
    longer = read_document(RawRecord("/a", STORY + " Et.")).document
    assert len({one.id, with_own_id(one).id, with_own_id(two).id, longer.id}) == 4


def test_a_change_of_any_field_changes_the_hash() -> None:
    document = read_document(RawRecord("/a", STORY)).document
    fields = ["title", "text", "date", "language", "source", "place"]
    assert len({content_hash(document.model_copy(update={field: "other"})) for field in fields}) == len(fields)


def test_marks_without_end_are_kept_and_cost_no_time() -> None:
    marks = "\u0301\u0316" * 500_000
    start = time.thread_time()
    text = clean_text(f"e{marks}a")
    assert time.thread_time() - start < 2.0
    assert len(text.replace("\u034f", "")) == len(marks) + 1  # the first mark is written with its letter
    assert clean_text(text) == text


def test_as_many_marks_as_letters_have_are_left_alone() -> None:
    text = "e" + "\u0316" * 30 + "a"
    assert clean_text(text) == text


def test_clean_text() -> None:
    dirty = "\ufeffUn\r\nDeux \t\rTrois\u2028Qua\0tre\x07 cinq\n\n\n\nSix\ud800 e\u0301\xad\n"
    assert clean_text(dirty) == "Un\nDeux\nTrois\nQuatre cinq\n\nSix\ufffd é"
    assert unicodedata.is_normalized("NFC", clean_text(dirty))
    assert clean_text(clean_text(dirty)) == clean_text(dirty)


@pytest.mark.parametrize("text", ["", " \n\t ", "\0\0", "date 2022-09", "\ufeff"])
def test_nothing_left_is_an_error(text: str) -> None:
    with pytest.raises(ReadError, match="is empty"):
        read_document(RawRecord("/a", text))
