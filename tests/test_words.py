"""Words meet across spellings, stay apart where they differ, and know their places."""

import hashlib
import random
import time

import pytest

from askcorpus.text.words import LONGEST, RULES, STEM, in_whole_words, terms, word_spans, words
from askcorpus.types import Span


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("l’État d'armes qu’il jusqu'à", ["etat", "armes", "il", "a"]),
        ("aujourd’hui", ["aujourdhui"]),
        ("L'Œuvre ÉTÉ naïve", ["oeuvre", "ete", "naive"]),
        ("dell'arte un'altra", ["arte", "altra"]),
        ("Biden's O'Brien don’t", ["biden", "obrien", "dont"]),
        ("Straße STRASSE ŁÓDŹ Ærø", ["strasse", "strasse", "lodz", "aero"]),
        ("İstanbul ISTANBUL ıstanbul", ["istanbul"] * 3),
        ("Việt Nam Đà Nẵng", ["viet", "nam", "da", "nang"]),
        ("Αθήνα ΑΘΉΝΑ Σίσυφος ΣΊΣΥΦΟΣ", ["αθηνα", "αθηνα", "σισυφοσ", "σισυφοσ"]),
        ("ёлка елка за́мок", ["елка", "елка", "замок"]),
        ("п'ять", ["пять"]),
        ("كِتَابٌ كـــتاب أحمد احمد", ["كتاب", "كتاب", "احمد", "احمد"]),
        ('شَلُوم שָׁלוֹם צה"ל צה״ל', ["شلوم", "שלום", "צהל", "צהל"]),
        ("می‌خواهم", ["ميخواهم"]),
        ("ＡＢＣ ﬁn", ["abc", "fin"]),
        ("e\u0301tat cafe\u0301", ["etat", "cafe"]),
        ("snake_case a/b x@y.org", ["snake", "case", "a", "b", "x", "y", "org"]),
        ("hy\u00adphen", ["hyphen"]),
    ],
)
def test_spellings_of_a_word_meet(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [("мой", "мои"), ("їжак", "іжак"), ("कल", "काल"), ("दिन", "दीन"), ("ガ", "カ"), ("มา", "มี"), ("2022", "2023")],
)
def test_different_words_stay_apart(one: str, other: str) -> None:
    assert words(one) != words(other)


@pytest.mark.parametrize("text", ["हिन्दी में क्षेत्र", "தமிழ் நாடு", "বাংলা দেশ", "മലയാളം"])
def test_words_of_indic_scripts_stay_whole(text: str) -> None:
    assert words(text) == text.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("雨が降る。", ["雨が", "が降", "降る"]),
        ("北京 大学", ["北京", "大学"]),
        ("雨", ["雨"]),
        ("ｳｸﾗｲﾅ ｶﾞｽ", ["ウク", "クラ", "ライ", "イナ", "ガス"]),
        ("ประเทศ", ["ปร", "ระ", "ะเ", "เท", "ทศ"]),
        ("ที่นี่", ["ที่นี่"]),
        ("2022年のNATO", ["2022", "年の", "nato"]),
    ],
)
def test_scripts_without_spaces_become_pairs(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000,000 1 000 000 1.000.000 1’000’000 1\u202f000\u202f000", ["1000000"] * 5),
        ("3.5 3,5 1,234.56", ["3.5", "3.5", "1234.56"]),
        ("2022-09-29 29.09.2022", ["2022", "09", "29", "29", "09", "2022"]),
        ("in 2022 300 people", ["in", "2022", "300", "people"]),
        ("COVID-19 F-16 MH17", ["covid19", "covid", "19", "f16", "f", "16", "mh17"]),
        ("U.S. U.S.A. U.N.", ["us", "usa", "un"]),
        ("٢٠٢٢ २०२२ ๒๐๒๒", ["2022"] * 3),
        ("3.5kg 5G m²", ["3.5", "kg", "5g", "m2"]),
        ("1.2.3", ["1", "2", "3"]),
    ],
)
def test_numbers_and_codes_are_findable(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_words_are_the_same_with_and_without_their_places() -> None:
    drawn = random.Random(1)
    letters = "aB12345678 \u00a0\u202f\u2009\u3000\n\x1c\x85.,'’-‐\u0301\u200b\u00adאב\"״ｶﾞ漢字ーที่ é٣٤"
    for _ in range(5000):
        text = "".join(drawn.choices(letters, k=drawn.randint(1, 40)))
        assert words(text) == [word for word, _ in word_spans(text)], text


@pytest.mark.parametrize("text", ["", " \n\t", "…?!—«»", "👍🏽 🇫🇷", "\u0301\u0301", "\ud800", "''’"])
def test_what_holds_no_word_gives_none(text: str) -> None:
    assert words(text) == []


def test_places_are_those_of_the_words() -> None:
    text = "L’État, COVID-19 et 東京都: Biden's 1 000 000."
    found = [(word, text[span.start : span.end]) for word, span in word_spans(text)]
    assert found == [
        ("etat", "État"),
        ("covid19", "COVID-19"),
        ("covid", "COVID"),
        ("19", "19"),
        ("et", "et"),
        ("東京", "東京"),
        ("京都", "京都"),
        ("biden", "Biden"),
        ("1000000", "1 000 000"),
    ]


def test_a_folded_word_folds_to_itself() -> None:
    folded = words("L’État İstanbul كـــتاب Straße ﷺ 1 000 000 3,5 雨が降る ΣΊΣΥΦΟΣ")
    assert words(" ".join(folded)) == folded


@pytest.mark.parametrize(
    "text", ["1," * 50_000, "a'" * 50_000, "1 000" * 30_000, "A." * 50_000, "a-" * 50_000, "a" + "\u0301" * 100_000]
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    started = time.thread_time()
    words(text)
    assert time.thread_time() - started < 5


def test_no_word_is_longer_than_allowed() -> None:
    assert [len(word) for word in words("a" * 1_000_000)] == [LONGEST]


def test_terms_are_the_words_and_the_beginnings_of_the_longer_ones() -> None:
    text = "un chat reconnu, des chats reconnaissants"
    assert terms(text) == words(text) + ["~" + word[:STEM] for word in words(text) if len(word) > STEM]
    assert terms("reconnu")[-1] == terms("reconnaître")[-1] != terms("connu")[-1]


def test_other_terms_need_another_version_of_the_rules() -> None:
    """Indexes made before would silently miss them. Where this fails, raise ``RULES`` and note the new digest."""
    text = (
        "L’État d'Œuilly, Biden's O'Brien, Straße, İstanbul, Łódź, Ærø, Việt Nam, Σίσυφος, ёлка, за́мок, п'ять, "
        "أحمد كـــتاب, می‌خواهم, שָׁלוֹם צה״ל, क्षेत्र में चुनाव, தமிழ் நாடு, 東京タワーで雨が降る, ﾃﾞｰﾀ, ประเทศไทย, 서울에서, "
        "1,000,000 3.5 1’000 ٢٠٢٢ F-16 COVID-19 U.S.A. ＡＢＣ ﬁn snake_case x@y.org reconnaître"
    )
    digest = hashlib.sha256(" ".join(terms(text)).encode()).hexdigest()[:16]
    assert (RULES, digest) == (1, "1af82a4713e5d365")


@pytest.mark.parametrize(
    ("text", "found", "whole"),
    [
        ("Ukrainian first lady", "Ukrain", "Ukrainian"),
        ("Шестикратный чемпион", "Шест", "Шестикратный"),
        ("the 44th president", "44", "44th"),
        ("the first lady", "first", "first"),
        ("L'Afrique est grande", "Afriq", "Afrique"),
        ("路德维希·密斯·凡德罗为社会", "凡德罗", "凡德罗"),
        ("วิทยานิพนธ์ที่ชื่อว่า", "นิพนธ์", "นิพนธ์"),
        ("no words at all", "", ""),
    ],
)
def test_a_span_is_widened_to_whole_words_where_they_are_written_apart(text: str, found: str, whole: str) -> None:
    start = text.index(found)
    span = in_whole_words(text, Span(start, start + len(found)))
    assert text[span.start : span.end] == whole
