"""What a text quotes is told apart: true quotations are exact however they are set, and no planted one passes."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import regex

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.errors import NothingIngested, UsageError
from askcorpus.types import Claim, Verdict
from askcorpus.verify.claims import find_claims
from asking import ARTICLES, open_over
from planted import Planted, planted_quotations, true_quotations, turned_documents

CORPUS = Path(__file__).parents[1] / "corpus" / "articles"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    """Over the sample corpus, with documents of whose sentences a part means something else."""
    texts = {file.stem: file.read_text(encoding="utf-8") for file in sorted(CORPUS.glob("*.txt"))}
    with open_over(tmp_path_factory.mktemp("verify"), embeddings, texts | turned_documents()) as assistant:
        yield assistant


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("small"), embeddings, ARTICLES) as assistant:
        yield assistant


def told(assistant: Assistant, quotations: Iterable[Planted]) -> "Told":
    """What is said of each quotation when all stand in one text, a few dozen at a time."""
    every, found = list(quotations), []
    for start in range(0, len(every), 40):
        some = every[start : start + 40]
        claims = assistant.verify("\n\n".join(one.text for one in some)).claims
        place = 0
        for one in some:
            own = [claim for claim in claims if place <= claim.text_start < place + len(one.text)]
            found.append((one, own[0].verdict if own else None))
            place += len(one.text) + 2
    return found


Told = list[tuple[Planted, Verdict | None]]


@pytest.fixture(scope="module")
def planted(assistant: Assistant) -> Told:
    return told(assistant, planted_quotations(assistant.store.documents()))


def test_no_true_quotation_is_accused(assistant: Assistant) -> None:
    found = told(assistant, true_quotations(assistant.store.documents()))

    assert [(one.text, one.how, verdict) for one, verdict in found if verdict != "exact"] == []
    assert len(found) >= 400
    assert len({one.language for one, _ in found}) == 8


def test_every_planted_quotation_is_found(planted: Told) -> None:
    assert [(one.text, one.how, verdict) for one, verdict in planted if verdict in ("exact", None)] == []
    assert len(planted) >= 400
    kinds = Counter(one.how for one, _ in planted)
    assert min(kinds.values()) >= 16
    assert set(kinds) == {
        *("word", "digit", "dropped", "added", "splice", "source", "speaker", "fabricated", "translated", "curtailed")
    }


def test_planted_quotations_are_called_by_their_name(planted: Told) -> None:
    """A quotation of a sentence that two documents have in other words may be called either; the most are not."""
    assert sum(verdict in one.verdicts for one, verdict in planted) >= 0.98 * len(planted)


def only(assistant: Assistant, text: str) -> Claim:
    claims = assistant.verify(text).claims
    assert len(claims) == 1, claims
    return claims[0]


def test_an_exact_quotation_has_its_place(small: Assistant) -> None:
    claim = only(small, "They wrote that “the ferry to Molde sails again from Tuesday.”")

    document = small.store.document(claim.document_id or "")
    assert document is not None
    assert document.text[claim.start : claim.end] == claim.original == "The ferry to Molde sails again from Tuesday"
    assert (claim.verdict, claim.kind, claim.language) == ("exact", "quote", "en")


@pytest.mark.parametrize(
    ("text", "difference"),
    [
        ("“The new engine had cost 15 million kroner”", "new engine had cost [-12-]{+15+} million kroner"),
        ("“It had lain in the yard for two months”", "It had lain in the yard for [-seven weeks-]{+two months+}"),
        ("„Le pont de Kerlouan a rouvert mardi“", "Le pont de Kerlouan a rouvert [-lundi-]{+mardi+}"),
        ("“the captain, ingrid solberg, said that the new engine”", "captain, [-Ingrid-]{+ingrid+}"),
    ],
)
def test_an_altered_quotation_shows_what_differs(small: Assistant, text: str, difference: str) -> None:
    claim = only(small, text)

    assert claim.verdict == "altered"
    assert difference in claim.difference or difference.split(", ")[-1] in claim.difference


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Ingrid Solberg said: “the new engine had cost 12 million kroner.”", "exact"),
        ("“The new engine had cost 12 million kroner,” said Solberg.", "exact"),
        ("“The new engine had cost 12 million kroner,” said Yann Le Goff.", "misattributed"),
        ("« Le pont de Kerlouan a rouvert lundi », a dit Ingrid Solberg.", "misattributed"),
        ("According to AP, “the ferry to Molde sails again from Tuesday”.", "exact"),
        ("According to AFP, “the ferry to Molde sails again from Tuesday”.", "misattributed"),
        ("“The ferry to Molde sails again from Tuesday” (AP, September 2022).", "exact"),
        ("“The ferry to Molde sails again from Tuesday” (AP, March 2021).", "misattributed"),
        ("He said: “The ferry to Molde sails again from Tuesday.”", "exact"),
        ("> The ferry to Molde sails again\n> from Tuesday.\n>\n> — AP, 2022-09", "exact"),
        ("> The ferry to Molde sails again\n> from Tuesday.\n\n— AFP", "misattributed"),
    ],
)
def test_whose_words_they_are_is_checked(small: Assistant, text: str, verdict: Verdict) -> None:
    assert only(small, text).verdict == verdict


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    """Over reports that say who wrote them, and of which sentences a part says something else."""
    report = (
        "---\nauthor: Jane Doe\nsource: Sample Wire\ndate: 2022-05-03\n---\nThe oldest mill of the valley stands at "
        "Brookend. Its wheel was mended in spring. Not even the miller, who was born there, has ever seen it move.\n\n"
        "The mill grinds wheat only in summer. Nobody thinks the council will pay for another roof. Repairs change "
        "little on the ground. The owner did not sell the land behind it."
    )
    other = (
        "---\nsource: Specimen News\ndate: 2022-06-01\n---\nThe bakery of Brookend has closed for good. Few believe "
        "the mayor will ever reopen it. Neither the baker nor his son paid any rent. It sold bread for eighty years, "
        "or so the baker says. The village wanted to buy the oven but failed. A few neighbours still meet there."
    )
    with open_over(tmp_path_factory.mktemp("signed"), embeddings, {"mill.md": report, "bakery.md": other}) as assistant:
        yield assistant


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("“Its wheel was mended in spring,” wrote Jane Doe.", "exact"),
        ("According to Jane Doe, “its wheel was mended in spring”.", "exact"),
        ("“Its wheel was mended in spring,” wrote Mary Smith of Sample Wire.", "exact"),
        ("“Its wheel was mended in spring,” wrote Mary Smith.", "misattributed"),
        ("“Its wheel was mended in spring,” wrote Mary Smith for the Sample Wire.", "exact"),
        ("“Its wheel was mended in spring,” said Mary Smith, Sample Wire reported.", "misattributed"),
        ("“Its wheel was mended in spring,” wrote Jane Doe of Specimen News.", "misattributed"),
        ("“Its wheel was mended in spring” (Sample Wire, accessed 3 June 2024).", "exact"),
        ("“Its wheel was mended in spring”, Sample Wire, retrieved on 1 June 2023.", "exact"),
        ("« Its wheel was mended in spring » (Sample Wire, consulté le 3 juin 2024).", "exact"),
        ("The mill was built in 1790; “The oldest mill of the valley stands at Brookend”, said Sample Wire.", "exact"),
        ("In the war that began in May 2021, Sample Wire noted, “its wheel was mended in spring”.", "exact"),
        ("By 2023, Sample Wire's line that “its wheel was mended in spring” was widely known.", "exact"),
        ("“Its wheel was mended in spring” (Sample Wire, 3 June 2024).", "misattributed"),
        ("On 3 June 2024, Sample Wire wrote: “Its wheel was mended in spring.”", "misattributed"),
        ("On 3 May 2022, Sample Wire wrote: “Its wheel was mended in spring.”", "exact"),
        ("Sample Wire reported on 3 June 2024 that “its wheel was mended in spring”.", "misattributed"),
        ("Am 3. Juni 2024 schrieb Sample Wire: „Its wheel was mended in spring.“", "misattributed"),
    ],
)
def test_an_author_and_a_day_of_reading_accuse_nobody(signed: Assistant, text: str, verdict: Verdict) -> None:
    assert only(signed, text).verdict == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("“Its wheel was [not] mended in spring.”", "altered"),
        ("“The oldest mill of the valley [no longer] stands at Brookend.”", "altered"),
        ("“The owner [didn't] sell the land behind it.”", "exact"),
        ("“Its wheel [the old one] was mended in spring.”", "exact"),
        ("“[Never] its wheel was mended in spring.”", "altered"),
        ("“[Nobody thinks] the council will pay for another roof.”", "exact"),
        ("“Repairs [never] change little on […] The owner […] sell the land behind it.”", "altered"),
        ("“The owner did [not] […] the land behind it.”", "exact"),
        ("“The owner did […] sell [not] the land behind it.”", "curtailed"),
        ("“the miller, who was born there, has ever seen it move”", "curtailed"),
        ("“The mill grinds wheat”", "curtailed"),
        ("“the council will pay for another roof”", "curtailed"),
        ("“the mayor will ever reopen it”", "curtailed"),
        ("“the baker nor his son paid any rent”", "curtailed"),
        ("“It sold bread for eighty years”", "curtailed"),
        ("“The village wanted to buy the oven”", "curtailed"),
        ("“neighbours still meet there”", "exact"),
    ],
)
def test_what_turns_a_quotation_is_seen_in_brackets_and_beside_it(
    signed: Assistant, text: str, verdict: Verdict
) -> None:
    assert only(signed, text).verdict == verdict


def test_what_words_in_brackets_stand_for_is_shown(signed: Assistant) -> None:
    replaced = only(signed, "“Repairs change [a lot] on the ground”")
    assert (replaced.verdict, replaced.difference) == ("exact", "[-little-]{+[a lot]+}")
    for text in (
        "“Its wheel [of oak] was mended in spring.”",
        "“Its wheel was […] in spring”",
        "“[I]ts wheel was mended”",
    ):
        assert (only(signed, text).verdict, only(signed, text).difference) == ("exact", "")


def test_a_denial_in_brackets_is_shown(signed: Assistant) -> None:
    assert only(signed, "“Its wheel was [not] mended in spring.”").difference == "{+[not]+}"


@pytest.mark.parametrize(
    "text",
    [
        '“The wheel was sold by the council in autumn."',
        '"The wheel was sold by the council in autumn.”',
        "- > The wheel was sold by the council in autumn.",
        "2. > The wheel was sold by the council in autumn.",
    ],
)
def test_a_quotation_is_one_whatever_marks_it(signed: Assistant, text: str) -> None:
    assert only(signed, text).verdict in ("not_found", "altered")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Die Agentur schrieb: „Betroffen waren elf türkische Provinzen.“", "exact"),
        ("Laut Bericht „waren elf türkische Provinzen“ betroffen.", "exact"),
        ("Im Februar 2024 schrieb die Zeitung: „Betroffen waren elf türkische Provinzen.“", "exact"),
        ("„Betroffen waren elf türkische Provinzen“, sagte der Sprecher der Behörde.", "exact"),
        ("„Betroffen waren elf türkische Provinzen“, sagte Olaf Scholz.", "misattributed"),
        ("Ursula von der Leyen sagte: „Betroffen waren elf türkische Provinzen.“", "misattributed"),
        ("In June 2023 the paper wrote: “A warning time of years, preferably decades, would be needed.”", "exact"),
        ("In English the paper said: “A warning time of years, preferably decades, would be needed.”", "exact"),
        ("“A warning time of years, preferably decades, would be needed”, said Angela Merkel.", "misattributed"),
    ],
)
def test_what_is_no_name_accuses_nobody(assistant: Assistant, text: str, verdict: Verdict) -> None:
    assert only(assistant, text).verdict == verdict


FERRY = "“The ferry to Molde sails again from Tuesday”"


@pytest.mark.parametrize(
    "text",
    [
        f"{FERRY}, she said on Twitter.",
        f"{FERRY}, she told Reuters.",
        f"{FERRY}, the captain told a Reuters reporter in Oslo and Bergen.",
        f"In London, a spokesman said: {FERRY}.",
        f"Speaking in Davos, Switzerland, he said: {FERRY}.",
        f"{FERRY}, the Prime Minister said.",
        f"According to the White House, {FERRY}.",
        f"{FERRY}, said the mayor of Lisbon.",
        f"Last May the paper wrote: {FERRY}.",
        f"{FERRY}, a dit la préfète à Paris.",
        f"{FERRY}, a-t-il écrit sur Facebook.",
        f"{FERRY}, a déclaré le maire à l’agence Belga.",
        f"À Strasbourg, la ministre a dit : {FERRY}.",
        f"{FERRY}, sagte sie in Berlin.",
        f"In Frankfurt am Main sagte sie: {FERRY}.",
        f"{FERRY}, sagte der Kapitän gegenüber Spiegel Online.",
        f"{FERRY}, dijo el capitán en Madrid.",
        f"{FERRY}, dijo a Europa Press el capitán.",
        f"En Buenos Aires, el ministro declaró: {FERRY}.",
        f"{FERRY}, ha detto il capitano a Roma.",
        f"{FERRY}, disse o capitão em Lisboa.",
        f"{FERRY}, zei de kapitein in Den Haag.",
        f"{FERRY}, заявил капитан в Москве.",
        f"{FERRY}, сказав капітан у Києві.",
        f"{FERRY}, powiedział kapitan w Warszawie.",
    ],
)
def test_places_media_and_hearers_are_no_speakers(small: Assistant, text: str) -> None:
    assert only(small, text).verdict == "exact"


BRIDGE = (
    "date 2023-05-02 BERLIN (dpa) – Die Brücke bleibt bis zum Herbst gesperrt, sagte Bürgermeisterin Anna Lehmann am "
    "Montag. Der Umweg führt über die alte Landstraße und kostet eine halbe Stunde."
)
CLOSED = "„Die Brücke bleibt bis zum Herbst gesperrt“"
DETOUR = "„Der Umweg führt über die alte Landstraße“"


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("german"), embeddings, {"bridge": BRIDGE}) as assistant:
        yield assistant


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (f"{CLOSED}, sagte Merkel.", "misattributed"),
        (f"{CLOSED}, sagte Merkel, und niemand glaubte es.", "misattributed"),
        (f"Dazu sagte Merkel: {CLOSED}.", "misattributed"),
        (f"Dazu sagte Lehmann: {CLOSED}.", "exact"),
        (f"Später sagte er: {CLOSED}.", "exact"),
        (f"Die Polizei sagte: {CLOSED}.", "exact"),
        (f"{CLOSED}, sagte Lehmann.", "exact"),
        (f"{CLOSED}, sagte Bürgermeisterin Lehmann.", "exact"),
        (f"{CLOSED}, sagte die Bürgermeisterin.", "exact"),
        (f"{CLOSED}, sagte Ende 2022 die Bürgermeisterin.", "exact"),
        (f"{CLOSED}, sagten Experten.", "exact"),
        (f"{CLOSED}, so Experten.", "exact"),
        (f"{CLOSED}, sagte Montag die Bürgermeisterin.", "exact"),
        (f"{DETOUR}, sagte Merkel.", "exact"),  # of this the document does not tell who said it
    ],
)
def test_a_german_surname_alone_accuses_where_another_speaker_is_named(
    german: Assistant, text: str, verdict: Verdict
) -> None:
    assert only(german, text).verdict == verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Theresa May said: “The ferry to Molde sails again from Tuesday.”", "misattributed"),
        ("Last May the paper said: “The ferry to Molde sails again from Tuesday.”", "exact"),
        ("Early May, it was said: “The ferry to Molde sails again from Tuesday.”", "exact"),
        ("Anfang Mai sagte die Stadt dort: „Die Brücke bleibt bis zum Herbst gesperrt.“", "exact"),
    ],
)
def test_a_name_that_ends_like_a_month_is_one_before_its_verb(
    small: Assistant, german: Assistant, text: str, verdict: Verdict
) -> None:
    assert only(german if "Brücke" in text else small, text).verdict == verdict


PONT = "« Les camions de plus de 19 tonnes y restent interdits »"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        # "The ferry …" is AP's, and AFP is another source of the corpus.
        (f"{FERRY}, she told AFP.", "exact"),
        (f"{FERRY}, the captain told the news agency AFP.", "exact"),
        (f"{FERRY}, the captain said in an interview with AFP.", "exact"),
        (f"{FERRY}, a déclaré à l’AFP le capitaine.", "exact"),
        (f"{FERRY}, a déclaré le capitaine à l’agence AFP.", "exact"),
        (f"{FERRY}, sagte die Kapitänin gegenüber der Nachrichtenagentur AFP.", "exact"),
        (f"{FERRY}, sagte sie der AFP.", "exact"),
        (f"{FERRY}, dijo el capitán a la agencia AFP.", "exact"),
        (f"{FERRY}, ha detto il capitano all’AFP.", "exact"),
        (f"{FERRY}, disse o capitão à AFP.", "exact"),
        (f"{FERRY}, zei de kapitein tegen AFP.", "exact"),
        (f"{FERRY}, заявив капітан агентству AFP.", "exact"),
        ("The captain told AFP that the ferry to Molde sails again from Tuesday.", "exact"),
        (f"{PONT}, a dit le maire à l’AP.", "exact"),
        (f"{FERRY}, AFP said.", "misattributed"),
        (f"{FERRY}, according to AFP.", "misattributed"),
        (f"{FERRY}, according to the agency AFP.", "misattributed"),
        (f"{FERRY}, he told reporters, AFP said.", "misattributed"),
        (f"{FERRY}, selon l’AFP.", "misattributed"),
        (f"{FERRY}, laut der Nachrichtenagentur AFP.", "misattributed"),
        (f"{FERRY}, berichtete die AFP.", "misattributed"),
        (f"{FERRY}, según la agencia AFP.", "misattributed"),
    ],
)
def test_an_agency_that_only_hears_is_not_who_is_quoted(small: Assistant, text: str, verdict: Verdict) -> None:
    assert only(small, text).verdict == verdict


@pytest.mark.parametrize(
    "text",
    [
        f"{FERRY}, Boris Johnson told Reuters in London.",
        f"{FERRY}, said Theresa May.",
        f"In Paris, Emmanuel Macron said: {FERRY}.",
        f"{FERRY}, a dit Emmanuel Macron à Paris.",
        f"{FERRY}, sagte Olaf Scholz der Bild.",
        f"In Berlin sagte Olaf Scholz: {FERRY}.",
        f"{FERRY}, dijo Pedro Sánchez en Madrid.",
    ],
)
def test_speakers_beside_places_are_found(small: Assistant, text: str) -> None:
    assert only(small, text).verdict == "misattributed"


TURNED_BEFORE = {
    "en": (
        "If the bank holds no bad surprises, growth will return to the valley.",
        "It would be wrong to say that the lighthouse keeper slept.",
        "Unless the owners agree, the mill will close before Easter.",
        "Rumours that the bridge sank in the night are false.",
        "The insurer will hardly pay for the broken windows.",
        "Claims that the well ran dry in June are untrue.",
    ),
    "fr": (
        "Si la banque accepte, le moulin restera ouvert toute l’année.",
        "Les rumeurs selon lesquelles le puits serait à sec sont fausses.",
        "Il serait faux de dire que le gardien dormait.",
    ),
    "de": (
        "Sollte die Bank zustimmen, bleibt die Mühle das ganze Jahr offen.",
        "Gerüchte, dass der Brunnen im Juni trocken war, sind falsch.",
        "Die Versicherung wird kaum für die zerbrochenen Fenster zahlen.",
    ),
    "es": (
        "A menos que el banco acepte, el molino cerrará antes de Pascua.",
        "Los rumores de que el pozo se secó en junio son falsos.",
        "Sería erróneo decir que el farero dormía aquella noche.",
    ),
    "it": ("Se la banca accetta, il mulino resterà aperto tutto l’anno.",),
    "nl": ("Als de bank akkoord gaat, blijft de molen het hele jaar open.",),
    "uk": ("Якщо банк погодиться, млин працюватиме цілий рік.",),
    "zh": ("如果银行同意，磨坊将全年开放。",),
    "ar": ("إذا وافق البنك، ستبقى الطاحونة مفتوحة طوال العام.",),
}
KEPT = {
    "en": (
        ("Even if the owners agree, the quarry will close before Easter.", "the quarry will close before Easter"),
        ("We walked home, if only briefly, and the cellar was full again.", "the cellar was full again"),
        ("Whether or not it rains, the market will open on Sunday.", "the market will open on Sunday"),
    ),
    "fr": (("Même si la banque accepte, la carrière fermera en mai.", "la carrière fermera en mai"),),
    "de": (("Auch wenn die Bank zustimmt, schließt der Steinbruch im Mai.", "schließt der Steinbruch im Mai"),),
    "es": (("Aunque el banco acepte, la cantera cerrará en mayo.", "la cantera cerrará en mayo"),),
}
QUOTED = regex.compile(
    r"(?:, (?:dass )?|that |say that |dire que |decir que |de que |lesquelles |hardly |kaum |，|، )(?!that|dass)"
    r"(?P<words>[^,]+?)(?:, sind falsch| are false| are untrue| sont fausses| son falsos)?[.。]$"
)


@pytest.fixture(scope="module")
def turning(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    texts = {
        f"{name}-{language}": "\n\n".join(sentences)
        for name, every in (
            ("turned", TURNED_BEFORE),
            ("kept", {language: [sentence for sentence, _ in pairs] for language, pairs in KEPT.items()}),
        )
        for language, sentences in every.items()
    }
    with open_over(tmp_path_factory.mktemp("turning"), embeddings, texts) as assistant:
        yield assistant


@pytest.mark.parametrize("sentence", [one for every in TURNED_BEFORE.values() for one in every])
def test_words_in_an_earlier_clause_that_turn_a_quotation_are_seen(turning: Assistant, sentence: str) -> None:
    match = QUOTED.search(sentence)
    assert match

    assert only(turning, f"“{match['words']}”").verdict == "curtailed"


@pytest.mark.parametrize("words", [words for every in KEPT.values() for _, words in every])
def test_an_earlier_clause_that_turns_nothing_accuses_nobody(turning: Assistant, words: str) -> None:
    assert only(turning, f"“{words}”").verdict == "exact"


@pytest.mark.parametrize(
    "text",
    [
        "Unless the owners agree, “the mill will close before Easter”, they wrote.",
        "It would be wrong to say that “the lighthouse keeper slept”.",
        "“The harbour will be dredged”, if the county pays, they wrote.",
    ],
)
def test_what_the_quoter_says_himself_is_not_cut_off(turning: Assistant, text: str) -> None:
    assert only(turning, text).verdict in ("exact", "not_found")


@pytest.mark.parametrize(
    ("text", "difference"),
    [
        ("“The ferry to Oslo sails”", "ferry to [-Molde-]{+Oslo+} sails"),
        ("“the captain, Astrid Solberg, said”", "captain, [-Ingrid-]{+Astrid+} Solberg"),
        ("« Le pont de Quimper a rouvert »", "pont de [-Kerlouan-]{+Quimper+} a rouvert"),
        ("„Die Bäckerei in Bern backt“", "Bäckerei in [-Murten-]{+Bern+} backt"),
    ],
)
def test_one_word_of_a_short_quotation_is_shown(small: Assistant, text: str, difference: str) -> None:
    claim = only(small, text)

    assert (claim.verdict, difference in claim.difference) == ("altered", True), claim.difference


@pytest.mark.parametrize("text", ["“one of the most of”", "“was in the and of”", "“from the top again of”"])
def test_small_words_in_a_row_are_no_likeness(small: Assistant, text: str) -> None:
    assert only(small, text).verdict == "not_found"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Laut AP fährt die Fähre nach Molde ab Dienstag wieder.", "fährt die Fähre nach Molde ab Dienstag wieder"),
        ("Laut einem Bericht der Zeitung Bild starben zwölf Menschen.", "starben zwölf Menschen"),
        ("Medienberichten zufolge starben am Montag zwölf Menschen.", "starben am Montag zwölf Menschen"),
        ("Wie AP am Montag berichtet, fährt die Fähre wieder.", "fährt die Fähre wieder"),
        ("Olaf Scholz sagte, die Fähre fahre seit Montag.", "die Fähre fahre seit Montag"),
        ("Der Minister sagte, dass die Fähre seit Montag fährt.", "die Fähre seit Montag fährt"),
        ("Министр сказал, что паром ходит с понедельника.", "паром ходит с понедельника"),
        ("Minister powiedział, że prom pływa od poniedziałku.", "prom pływa od poniedziałku"),
        ("Olaf Scholz kündigte am Dienstag an, dass die Fähre fährt.", "die Fähre fährt"),
        ("Selon AFP le pont a rouvert lundi.", "le pont a rouvert lundi"),
        ("Comme l’écrit AFP, le pont a rouvert lundi.", "le pont a rouvert lundi"),
        ("Le pont a rouvert lundi, comme l’a annoncé AFP.", "Le pont a rouvert lundi"),
        ("Le maire a annoncé mardi à la presse que le pont a rouvert.", "le pont a rouvert"),
        ("Como informó AFP, el puente reabrió el lunes.", "el puente reabrió el lunes"),
        ("El alcalde anunció el martes que el puente reabrió.", "el puente reabrió"),
        ("Volgens AP vaart de veerboot weer vanaf dinsdag.", "vaart de veerboot weer vanaf dinsdag"),
        ("Ingrid Solberg says the new engine had cost a lot.", "the new engine had cost a lot"),
        ("AP announced on Tuesday that the ferry sails again.", "the ferry sails again"),
        ("Ingrid Solberg told Reuters on Monday that the engine was new.", "the engine was new"),
        ("As AP reports, the ferry to Molde sails again.", "the ferry to Molde sails again"),
        ("The ferry to Molde sails again (AP, 12 July).", "The ferry to Molde sails again"),
    ],
)
def test_statements_in_every_order_are_claims(text: str, words: str) -> None:
    assert [(claim.kind, text[claim.start : claim.end]) for claim in find_claims(text)] == [("statement", words)]


@pytest.mark.parametrize(
    "text",
    [
        "Ingrid Solberg said nothing about the matter of the old engine.",
        "He joined the North Atlantic Ferry Company (NAFC).",
        "The ferry sails again (see page 12).",
        "AP reports 12 deaths in the region of the north.",
        "Laut war es in der ganzen Stadt.",
    ],
)
def test_what_tells_no_source_is_no_statement(text: str) -> None:
    assert find_claims(text) == []


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("According to AP, the ferry to Molde sails again from Tuesday.", "exact"),
        ("The ferry to Molde sails again from Monday, according to AP.", "altered"),
        ("Ingrid Solberg said that the new engine had cost 12 million kroner.", "exact"),
        ("Selon AFP, le pont de Kerlouan a rouvert lundi après trois ans de travaux.", "altered"),
    ],
)
def test_a_statement_with_its_source_is_a_claim(small: Assistant, text: str, verdict: Verdict) -> None:
    claim = only(small, text)

    assert (claim.kind, claim.verdict) == ("statement", verdict)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # The nearest sentences are of 30 March 2023 and of 18 May 2022.
        ("Finland joined NATO in April 2023, Sample Wire reported.", "le 4 avril 2023"),
        ("“The Finns joined the alliance on 4 April 2023”", "le 4 avril 2023"),
    ],
)
def test_what_is_told_in_another_language_is_shown_beside_the_sentence_of_its_date(
    assistant: Assistant, text: str, words: str
) -> None:
    claim = only(assistant, text)
    assert claim.language != "en" and words in claim.original


def test_names_and_words_in_marks_are_no_claims(small: Assistant) -> None:
    assert small.verify("The “Razoni”, a so-called ‘grain ship’, carried no “ferry”.").claims == ()


def test_a_quotation_within_one_that_is_not_there_is_checked(small: Assistant) -> None:
    claims = small.verify("He wrote: “I heard them say ‘the ferry to Molde sails again’ with joy.”").claims

    assert [claim.verdict for claim in claims] == ["altered", "exact"]


def test_an_empty_corpus_is_not_held_against_a_text(tmp_path: Path, embeddings: SentenceEmbeddings) -> None:
    with open_over(tmp_path, embeddings, {}) as assistant, pytest.raises(NothingIngested):
        assistant.verify("“Nothing is known of this.”")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('"' * 1_000_000, id="a million straight marks"),
        pytest.param("“" * 1_000_000, id="a million opening marks"),
        pytest.param("«“„‘" * 250_000, id="nested without end"),
        pytest.param("“a b c” " * 100_000, id="a hundred thousand quotations"),
        pytest.param("‘a’ " * 5_000, id="many short ones"),
        pytest.param("> a\n" * 250_000, id="a long block quote"),
        pytest.param("> a\n\n" * 200_000, id="many block quotes"),
        pytest.param("\n" * 1_000_000, id="blank lines"),
        pytest.param("X said. " * 100_000, id="speech without end"),
        pytest.param("according to " * 70_000, id="sources without end"),
        pytest.param("x" * 1_000_001, id="too long"),
    ],
)
def test_hostile_texts_end_soon(text: str) -> None:
    start = time.thread_time()
    with suppress(UsageError):  # told to check it in parts
        assert len(find_claims(text)) <= 2000
    assert time.thread_time() - start < 15


def test_a_long_quotation_of_one_word_ends_soon(small: Assistant) -> None:
    start = time.thread_time()
    claims = small.verify("“" + "the ferry " * 90_000 + "”").claims

    assert {claim.verdict for claim in claims} <= {"altered", "not_found"}
    assert time.thread_time() - start < 60


@pytest.mark.parametrize(
    "text",
    [
        "“Recognition changes little on the ground. […] For Moscow, it is proof that it is not alone.”",
        "« La Finlande partage avec la Russie une frontière de plus de 1300 kilomètres »",
        "“greatest distance from Earth, more than 430,000 kilometres, a week later”",
        "«أوقعت الحرب في المنطقة آلاف القتلى»",
        "«لم يحدد القرار حجم الصندوق»",
        "«كررت الدول دعوة سابقة»",
    ],
)
def test_what_a_quoter_may_leave_out_or_set_otherwise_accuses_nobody(assistant: Assistant, text: str) -> None:
    """Whole sentences, one of which denies something; blanks in a figure; an Arabic conjunction before the claim."""
    claim = only(assistant, text)
    assert claim.verdict == "exact", claim.difference
    document = assistant.store.document(claim.document_id or "")
    assert document and document.text[claim.start : claim.end] == claim.original
    assert not claim.original.startswith("و")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("«يحدد القرار حجم الصندوق»", "curtailed"),
        (
            "“Recognition changes little on the ground. […] Belarus […] has formally recognised the two republics.”",
            "curtailed",
        ),
        ("« La Finlande partage avec la Russie une frontière de plus de 130 0 kilomètres »", "altered"),
        ("« La Finlande partage avec la Russie une frontière de plus de 13 00 kilomètres »", "altered"),
    ],
)
def test_what_is_not_the_quoters_right_is_seen(assistant: Assistant, text: str, verdict: Verdict) -> None:
    assert only(assistant, text).verdict == verdict


@pytest.mark.parametrize(
    "text",
    [
        "Viktor Orban a assuré que la Suède ne serait pas laissée seule.",
        "Министр подчеркнул, что зерно вывезут в августе.",
        "Der Minister versicherte, dass das Getreide im August abfährt.",
        "El ministro subrayó que el grano saldrá en agosto.",
        "The minister insisted that the grain would leave in August.",
        "وقال الرئيس الأوكراني فولوديمير زيلينسكي إن الضغط بالعقوبات عليها سيزداد.",
        "وأوضح الوزير أن السفن ستغادر في آب.",
    ],
)
def test_statements_with_more_verbs_of_speech_are_claims(text: str) -> None:
    assert [claim.kind for claim in find_claims(text)] == ["statement"]


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("«Carmona ya había marcado el gol decisivo en la semifinal contra Suecia», dijo Jorge Vilda.", "Jorge Vilda"),
        ("« Le fonds a été mis en place dès le premier jour », a déclaré Sultan Al Jaber.", ""),
        ("“the deal had been prolonged for 120 days”, said Oleksandr Kubrakov.", ""),
        (
            "„Anwälte der Hinterbliebenen verlangen, dass sich auch Beamte verantworten“, sagte Recep Erdogan.",
            "Erdogan",
        ),
    ],
)
def test_a_speaker_of_whom_the_document_says_nothing_there_is_doubted(
    assistant: Assistant, text: str, doubt: str
) -> None:
    claim = only(assistant, text)
    assert (
        (doubt in claim.difference and claim.verdict == "exact") if doubt else "nothing there" not in claim.difference
    )


def test_a_month_is_nobody(assistant: Assistant) -> None:
    text = "It “was extended on Saturday, hours before it was due to lapse”, Sample Wire reported on 18 March 2023."
    assert only(assistant, text).attributed_to in ("Sample Wire, 2023-03-18", "2023-03-18", "")
