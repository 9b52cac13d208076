"""Names in questions, and whether a text has them in whatever language, script or spelling."""

import pytest

from askcorpus.search.countries import country_names
from askcorpus.search.mentions import missing
from askcorpus.search.names import MOST_NAMES, Name, names_of
from askcorpus.search.phonetics import sound

SENTENCE = (
    "En juillet, la Corée du Nord a reconnu Donetsk et Louhansk ; la Russie et la Syrie l’avaient fait, "
    "a dit le président Zelensky à des journalistes iraniens de l’OTAN."
)


@pytest.mark.parametrize(
    ("question", "language", "names"),
    [
        ("Which states recognized Donetsk?", "en", [Name("Donetsk")]),
        ("Did North Korea recognize Donetsk?", "en", [Name("North Korea", "KP"), Name("Donetsk")]),
        ("what did south korea say", "en", [Name("south korea", "KR")]),
        ("Did the U.S. and the UK leave?", "en", [Name("U.S", "US"), Name("UK", "GB")]),
        ("What did Turkey say to Burma?", "en", [Name("Turkey", "TR"), Name("Burma", "MM")]),
        ("Biden's talks with Iran's leaders in Biden's house", "en", [Name("Iran", "IR"), Name("Biden")]),
        ("Россия признала Донецк?", "ru", [Name("Россия", "RU"), Name("Донецк")]),
        ("Кто признал Россию?", "ru", [Name("Россию", "RU")]),
        ("朝鲜向俄罗斯出售武器了吗？", "zh", [Name("朝鲜", "KP"), Name("俄罗斯", "RU")]),
        ("Welche Waffen hat der Iran geliefert?", "de", [Name("Iran", "IR")]),
        ("Did Australian troops land in Austria?", "en", [Name("Austria", "AT"), Name("Australian")]),
        ("I see. How about Jordan Peterson? Was it on Monday, or in May?", "en", [Name("Jordan Peterson")]),
        ("Does Pope Francis speak German or French?", "en", [Name("Pope Francis")]),
        ("What did Turki al-Faisal say?", "en", [Name("Turki"), Name("Faisal")]),
        ("Berapa orang tewas di Turki?", "id", [Name("Turki", "TR")]),
    ],
)
def test_the_names_of_a_question(question: str, language: str, names: list[Name]) -> None:
    assert list(names_of(question, language)) == names


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Ma dette est effacée, je suis fiché ?", "fr"),
        ("what is the meaning of grenade", "en"),
        ("What size is the guinea pig in a red jersey?", "en"),
        ("Khi nào đội bị đình chỉ trở lại?", "vi"),  # bị is a passive, Bỉ is Belgium
        ("发展中国家的人口是多少？", "zh"),  # developing countries, not China
        ("Biden Says Allies Will Send Tanks To Kyiv Soon", "en"),  # all are capitalised: they tell nothing
        ("Was ist das größte Problem der Bäcker?", "de"),  # so they are in German
        ("Je pars. Que faire ? Quand ?", "fr"),
        ("Quels États ont cédé ?", "fr"),
        ("Which North Korean minister wrote?", "en"),
        ("Can I get it back?", "en"),
        ("", ""),
        ("🙂\x00", "xx"),
    ],
)
def test_words_that_are_no_names(question: str, language: str) -> None:
    assert names_of(question, language) == ()


@pytest.mark.parametrize(
    ("name", "language", "held"),
    [
        (Name("Donetsk"), "en", True),
        (Name("Donezk"), "de", True),
        (Name("Донецк"), "ru", True),
        (Name("Донецком"), "ru", True),
        (Name("دونيتسك"), "ar", True),
        (Name("Ντόνετσκ"), "el", True),
        (Name("दोनेत्स्क"), "hi", True),
        (Name("Luhansk"), "en", True),
        (Name("Зеленский"), "ru", True),
        (Name("Iran", "IR"), "en", True),  # in “iraniens”
        (Name("North Korea", "KP"), "en", True),
        (Name("朝鲜", "KP"), "zh", True),
        (Name("سوريا", "SY"), "ar", True),
        (Name("NATO"), "en", True),  # acronyms are not compared across languages
        (Name("South Korea", "KR"), "en", False),
        (Name("China", "CN"), "en", False),
        (Name("Kharkiv"), "en", False),
        (Name("Abkhazia"), "en", False),
    ],
)
def test_what_a_text_in_another_language_names(name: Name, language: str, *, held: bool) -> None:
    assert missing([name], language, SENTENCE, "fr") == (() if held else (name,))


@pytest.mark.parametrize(
    ("name", "text", "language", "held"),
    [
        (Name("République"), "La Syrie a reconnu les « républiques populaires » de Donetsk.", "fr", True),
        (Name("People's Republic"), "Three recognise the people's republics of Donetsk.", "en", True),
        (Name("Ministry"), "Two ministries were merged.", "en", True),
        (Name("Bill"), "It cost a billion, and the bills are open.", "en", False),
        (Name("Johnson"), "Johnston resigned.", "en", False),
    ],
)
def test_a_name_made_of_a_noun_is_there_in_another_number(name: Name, text: str, language: str, *, held: bool) -> None:
    assert missing([name], language, text, language) == (() if held else (name,))


def test_of_several_names_those_that_are_missing() -> None:
    names = names_of("When did China recognize Donetsk?", "en")
    assert missing(names, "en", SENTENCE, "fr") == (Name("China", "CN"),)
    assert missing(names, "en", "", "") == names
    assert missing([], "en", SENTENCE, "fr") == ()


@pytest.mark.parametrize(
    ("country", "text", "language"),
    [
        (Name("Germany", "DE"), "Le magazine allemand avait publié ces accusations.", "fr"),
        (Name("United States", "US"), "Les responsables américains ont confirmé.", "fr"),
        (Name("United States", "US"), "U.S. officials confirmed.", "en"),
        (Name("United Kingdom", "GB"), "A British minister resigned.", "en"),
        (Name("Spain", "ES"), "Spanish police arrested two men.", "en"),
        (Name("Turquie", "TR"), "Turkey said no.", "en"),
        (Name("North Korea", "KP"), "Un responsable nord-coréen l’a dit.", "fr"),
        (Name("Syria", "SY"), "Сирийские военные вошли в город.", "ru"),
        (Name("Ukraine", "UA"), "قدمت واشنطن لأوكرانيا أسلحة.", "ar"),
        (Name("Russia", "RU"), "俄罗斯和叙利亚承认了顿涅茨克。", "zh"),
        (Name("Iran", "IR"), "イランとロシアは合意した。", "ja"),
    ],
)
def test_a_country_is_there_by_any_of_its_names_or_its_people(country: Name, text: str, language: str) -> None:
    assert missing([country], "en", text, language) == ()


@pytest.mark.parametrize(
    ("country", "text", "language"),
    [
        (Name("India", "IN"), "Individual children drank green tea.", "en"),
        (Name("Chile", "CL"), "Individual children drank green tea.", "en"),
        (Name("Austria", "AT"), "Australia voted.", "en"),
        (Name("Niger", "NE"), "Nigeria voted.", "en"),
        (Name("Kazakhstan", "KZ"), "La Russie a parlé en russe.", "fr"),
        (Name("South Korea", "KR"), "North Korea struck on Tuesday, and rain came from the south.", "en"),
        (Name("Iran", "IR"), "俄罗斯和叙利亚承认了顿涅茨克。", "zh"),
    ],
)
def test_a_country_is_not_there_in_other_words(country: Name, text: str, language: str) -> None:
    assert missing([country], "en", text, language) == (country,)


@pytest.mark.parametrize("name", ["Sunak", "Moscow", "Merkel", "Putin"])
def test_common_words_do_not_sound_like_names(name: str) -> None:
    assert missing([Name(name)], "en", "A miracle: snack music makes petition muscle.", "en")


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("Vicente Fox Quesada", True),
        ("Vicente Lopez", True),
        ("Vicente Lopez Obrador", False),
        ("USA", True),
        ("Fax", False),
    ],
)
def test_half_of_a_name_is_enough_and_acronyms_are_not_judged(name: str, *, held: bool) -> None:
    assert missing([Name(name)], "en", "Vicente Fox was elected.", "en") == (() if held else (Name(name),))


def test_an_unknown_language() -> None:
    assert names_of("Which states recognized Donetsk?", "xx") == (Name("Donetsk"),)
    assert missing([Name("China", "CN")], "xx", "China said so.", "xx") == ()
    assert missing([Name("Ukraine", "UA")], "en", "Війна в Україні.", "") == ()


def test_names_are_not_judged_in_scripts_that_they_cannot_be_found_in() -> None:
    assert missing([Name("Zelensky"), Name("Kharkiv")], "en", "泽连斯基在顿涅茨克说。", "zh") == ()


def test_a_list_of_names_is_cut() -> None:
    question = "What about " + ", ".join(country_names("en")[code][0] for code in sorted(country_names("en"))) + "?"
    assert len(names_of(question, "en")) == MOST_NAMES


def test_sounds() -> None:
    assert len({sound(word) for word in ("Donetsk", "Donezk", "Донецк", "Donets’k")}) == 1
    assert sound("Kyiv") != sound("Kabul")
    assert sound("") == sound("1990") == ""
