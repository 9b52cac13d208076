"""Questions made of a corpus itself: true ones, and the same with something changed."""

import random
import unicodedata
from collections import Counter

import pytest
import regex

from askcorpus.errors import UsageError
from askcorpus.types import Document, Filters
from askcorpus_eval.probe import (
    FALSE_ANSWERED,
    TRUE_SILENT,
    ask_probes,
    draw_documents,
    markdown,
    over,
    probes_of,
    read_limits,
    report_on_probes,
)
from askcorpus_eval.probe_questions import FORMS, Probe, make_probes, other_number
from askcorpus_eval.probe_words import ASKING, invent
from askcorpus_eval.questions import Question
from scripted_eval import Reply, ScriptedAssistant, Shelf

ENGLISH = (
    "The crane in the harbour of Orla lifts 75 tonnes at once. In 1998 the company of Brandt moved to Trieste. "
    "Since then the ferry from Split has carried 12,500 passengers. The mayor of Zadar opened the bridge himself."
)
DOCUMENTS = [
    Document(id="en", title="The harbour", text=ENGLISH, language="en"),
    Document(
        id="en2",
        title="The other harbour",
        text="A fire in the docks of Gdynia has hurt nobody at all. On Monday 340 people left Bergen by ship.",
        language="en",
    ),
    Document(
        id="fr",
        title="Le port",
        text="La grue du port de Brest soulève 75 tonnes. Le maire de Nantes a inauguré le pont en 2004.",
        language="fr",
    ),
    Document(id="xx", title="Other", text="Tha 40 troigh de dh’uisge anns an loch sin.", language="gd"),
]


@pytest.fixture(scope="module")
def probes() -> list[Probe]:
    return make_probes(DOCUMENTS, 40, 3)


def test_as_many_true_as_false_each_beside_the_one_it_was_made_of(probes: list[Probe]) -> None:
    true, false = probes[::2], probes[1::2]
    assert len(probes) >= 14
    assert all(one.true and one.kind == "as_it_stands" for one in true)
    assert all(not one.true and one.change for one in false)
    assert [one.document_id for one in true] == [one.document_id for one in false]
    assert len({one.question for one in probes}) == len({one.id for one in probes}) == len(probes)
    assert set(Counter(one.kind for one in false)) == {"number", "name", "invented"}
    assert {one.form for one in probes} == {"statement", "question", "about"}


def test_a_false_one_differs_by_its_change_only_and_is_not_in_the_document(probes: list[Probe]) -> None:
    texts = {document.id: document.text for document in DOCUMENTS}
    for true, false in zip(probes[::2], probes[1::2], strict=True):
        old, _, new = false.change.partition(" → ")
        assert true.question.replace(old, new, 1) == false.question
        assert old in texts[false.document_id] and new not in texts[false.document_id]


def test_questions_are_in_the_language_of_their_document(probes: list[Probe]) -> None:
    french = [one.question for one in probes if one.language == "fr" and one.form != "statement"]
    assert french and all(
        question.startswith(("Est-ce vrai : ", "Que disent les documents de ")) for question in french
    )
    assert {one.form for one in probes if one.language == "gd"} == {"statement"}  # of which no words are known


def test_the_same_seed_makes_the_same_ones() -> None:
    assert make_probes(DOCUMENTS, 10, 1) == make_probes(DOCUMENTS, 10, 1) != make_probes(DOCUMENTS, 10, 2)
    assert len(make_probes(DOCUMENTS, 5, 1)) == 4


@pytest.mark.parametrize(
    ("number", "others"),
    [
        pytest.param("75", "[1-9]5", id="the-first-figure"),
        pytest.param("12,500", "[1-9]2,500", id="its-form-stays"),
        pytest.param("1998", "199[1-9]", id="a-year-stays-near"),
        pytest.param("7", "[1-9]", id="one-figure"),
        pytest.param("٧٥", "[١-٩]٥", id="figures-of-another-script"),
        pytest.param("०९८", "[१-९]९८", id="which-begins-with-zero"),
    ],
)
def test_another_number(number: str, others: str) -> None:
    made = {other_number(number, "", random.Random(seed)) for seed in range(30)}
    assert len(made) > 3
    assert number not in made
    assert all(regex.fullmatch(others, other) for other in made)


def test_no_number_that_the_document_has_is_taken() -> None:
    taken = " ".join(f"{figure}5" for figure in range(1, 9))
    assert other_number("75", taken, random.Random(0)) == "95"
    assert other_number("75", taken + " 95", random.Random(0)) == ""


@pytest.mark.parametrize("name", ["Orla", "New York", "Одеса", "Αθήνα", "دمشق", "北京", "東京タワー", "서울", "प्रयाग"])
def test_invented_names_are_in_the_script_of_the_name(name: str) -> None:
    made = invent(name, random.Random(1))
    script = unicodedata.name(name[0]).split()[0]
    assert made.count(" ") == name.count(" ")
    assert all(unicodedata.name(letter).startswith(script) for letter in made if letter.isalpha())
    assert made == invent(name, random.Random(1)) != invent(name, random.Random(2))


def test_every_language_says_where_the_sentence_stands() -> None:
    for language, asking in ASKING.items():
        assert asking.check.count("{}") == asking.about.count("{}") == 1, language


class Library(Shelf):
    """A shelf that counts and filters by language."""

    def documents(self, filters: Filters = Filters(), *, offset: int = 0, limit: int | None = None) -> list[Document]:
        fitting = [one for one in super().documents() if not filters.languages or one.language in filters.languages]
        return fitting[offset:] if limit is None else fitting[offset : offset + limit]


def test_each_language_of_a_corpus_is_drawn_in_its_share_but_three_times_at_least_where_it_can() -> None:
    many = [Document(id=f"{language}{n}", title="", text="", language=language)
            for language, count in (("en", 90), ("fr", 9), ("uk", 1)) for n in range(count)]  # fmt: skip
    drawn = draw_documents(Library(many), {"en": 90, "fr": 9, "uk": 1}, 20, 0)
    assert Counter(one.language for one in drawn) == {"en": 18, "fr": 3, "uk": 1}
    assert drawn == draw_documents(Library(many), {"uk": 1, "en": 90, "fr": 9}, 20, 0)


def of_languages(counts: dict[str, int]) -> list[Document]:
    """Documents of a sentence each, with a number and a name of its own."""
    return [
        Document(
            id=f"{language}{n}",
            title="",
            text=f"{n + 11} Zad{chr(97 + n)}or {language} lorem ipsum dolor sit.",
            language=language,
        )
        for language, count in counts.items()
        for n in range(count)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_languages_take_turns_however_few_questions_there_are(seed: int) -> None:
    counts = {"en": 24, "it": 12, "fr": 3, "es": 1}
    shelf = Library(of_languages(counts))
    few, more = (Counter(one.language for one in probes_of(shelf, counts, limit, seed)) for limit in (8, 40))
    assert few == dict.fromkeys(counts, 2)
    assert more == {"en": 24, "it": 12, "fr": 2, "es": 2}


def test_each_language_is_asked_in_all_forms() -> None:
    counts = {"en": 9, "it": 9, "fr": 9}
    probes = probes_of(Library(of_languages(counts)), counts, 18, 0)
    assert {(one.language, one.form) for one in probes} == {(a, b) for a in counts for b in FORMS}


def test_a_language_that_was_not_asked_in_is_told() -> None:
    assistant = ScriptedAssistant(DOCUMENTS, {})
    probed = [one for one, _ in ask_probes(make_probes(DOCUMENTS, 2, 3), assistant.ask)]
    report = report_on_probes(probed, assistant.store.info(), "scripted", 3, ("en", "fr", "gd", ""))
    assert report.not_asked == ["fr", "gd"]
    assert "Nothing was asked in these languages of the corpus: fr, gd." in markdown(report)


def test_a_corpus_without_numbers_and_names_cannot_be_probed() -> None:
    with pytest.raises(UsageError, match="has a number or a name to change"):
        probes_of(
            Library([Document(id="d", title="", text="nothing at all is said.", language="en")]), {"en": 1}, 10, 0
        )


def test_the_shares_of_false_ones_answered_and_of_true_ones_not() -> None:
    probes = make_probes(DOCUMENTS, 12, 3)
    sentences = {one.id: one.original or DOCUMENTS[0].text[:20] for one in probes}
    answering = [*(one for one in probes if one.true)][:4] + [one for one in probes if one.original and not one.true][
        :1
    ]
    replies = {
        one.question: Reply(found=(one.document_id,), quote=sentences[one.id], confidence=0.7)
        for one in answering
        if one.original
    }
    assistant = ScriptedAssistant(DOCUMENTS, replies)
    probed = [one for one, _ in ask_probes(probes, lambda question: assistant.ask(question, top_k=3))]
    report = report_on_probes(probed, assistant.store.info(), "scripted", 3)
    false, true = report.figures[FALSE_ANSWERED], report.figures[TRUE_SILENT]
    given = [one for one in probed if one.answered]

    assert (false.n, true.n) == (6, 6)
    assert false.value == sum(not one.probe.true for one in given) / 6
    assert true.value is not None and true.value == pytest.approx(1 - sum(one.probe.true for one in given) / 6)
    assert true.low is not None and true.high is not None and true.low < true.value < true.high
    assert sum(report.figures[f"{FALSE_ANSWERED}.{kind}"].n for kind in ("number", "name", "invented")) == 6
    assert sum(report.figures[f"{TRUE_SILENT}.{language}"].n for language in ("en", "fr", "gd")) == 6
    assert (report.shows_original.value, report.shows_original.n) == (1, sum(not one.probe.true for one in given))
    (example,) = report.examples(true=False)
    assert example.probe.change in markdown(report) and example.quote in markdown(report)


def test_limits_set_an_exit_code() -> None:
    probes = make_probes(DOCUMENTS, 8, 3)
    assistant = ScriptedAssistant(DOCUMENTS, {})  # which never answers
    probed = [one for one, _ in ask_probes(probes, assistant.ask)]
    report = report_on_probes(probed, assistant.store.info(), "scripted", 3)
    assert over(read_limits(["false_answered=0"]), report) == []
    assert over(read_limits(["true_silent=0.9", "false_answered.de=1"]), report) == [
        "true_silent is 1, over 0.9",
        "false_answered.de has no figure: nothing of the sort was asked",
    ]
    for wrong, message in (
        ("f1=1", "no figure 'f1'"),
        ("true_silent=no", "not of the form"),
        ("true_silent=nan", "not of the form"),
    ):
        with pytest.raises(UsageError, match=message):
            read_limits([wrong])


def test_what_was_asked_is_a_draft_of_a_question_set(probes: list[Probe]) -> None:
    questions = [Question.model_validate(one.as_question().model_dump()) for one in probes]
    assert [one.answerable for one in questions] == [True, False] * (len(probes) // 2)
    assert all(one.draft for one in questions)
    assert all(one.doc_ids for one in questions if one.answerable) and not questions[1].doc_ids
