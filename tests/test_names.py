"""Names in questions, and whether a text has them in whatever language, script or spelling."""

import pytest

from askcorpus.names import Name, missing, names_of, sound

SENTENCE = (
    "En juillet, la Corée du Nord a reconnu Donetsk et Louhansk ; la Russie et la Syrie l’avaient fait, "
    "a dit le président Zelensky à des journalistes iraniens."
)


@pytest.mark.parametrize(
    ("question", "language", "names"),
    [
        ("Which states recognized Donetsk?", "en", [Name("Donetsk")]),
        ("Did North Korea recognize Donetsk?", "en", [Name("North Korea", "KP"), Name("Donetsk")]),
        ("what did south korea say", "en", [Name("South Korea", "KR")]),
        ("Россия признала Донецк?", "ru", [Name("Россия", "RU"), Name("Донецк")]),
        ("Кто признал Россию?", "ru", [Name("Россия", "RU")]),
        ("朝鲜向俄罗斯出售武器了吗？", "zh", [Name("俄罗斯", "RU"), Name("朝鲜", "KP")]),
        ("Welche Waffen hat der Iran geliefert?", "de", [Name("Iran", "IR")]),
        ("Khi nào đội bị đình chỉ trở lại?", "vi", []),  # bị is a passive, Bỉ is Belgium
        ("Did Australian troops land in Austria?", "en", [Name("Australia", "AU"), Name("Austria", "AT")]),
        ("Ma dette est effacée, je suis fiché ?", "fr", []),
        ("what is the meaning of grenade", "en", []),
        ("Biden Says Allies Will Send Tanks To Kyiv Soon", "en", []),  # all are capitalised: they tell nothing
        ("Was ist das größte Problem der Bäcker?", "de", []),  # so they are in German
        ("", "", []),
    ],
)
def test_the_names_of_a_question(question: str, language: str, names: list[Name]) -> None:
    assert sorted(names_of(question, language)) == sorted(names)


@pytest.mark.parametrize(
    ("name", "times"),
    [
        (Name("Donetsk"), 0),
        (Name("Donezk"), 0),
        (Name("Донецк"), 0),
        (Name("دونيتسك"), 0),
        (Name("Ντόνετσκ"), 0),
        (Name("दोनेत्स्क"), 0),
        (Name("Luhansk"), 0),
        (Name("Зеленский"), 0),
        (Name("Selenskyj"), 1),  # not every spelling
        (Name("Iran"), 0),  # in “iraniens”
        (Name("North Korea", "KP"), 0),
        (Name("朝鲜", "KP"), 0),
        (Name("سوريا", "SY"), 0),
        (Name("South Korea", "KR"), 1),
        (Name("China", "CN"), 1),
        (Name("Kharkiv"), 1),
        (Name("Abkhazia"), 1),
    ],
)
def test_what_a_text_in_another_language_does_not_name(name: Name, times: int) -> None:
    assert missing([name], SENTENCE, "fr") == (name,) * times


def test_of_several_names_those_that_are_missing() -> None:
    names = names_of("When did China recognize Donetsk?", "en")
    assert missing(names, SENTENCE, "fr") == (Name("China", "CN"),)
    assert missing(names, "", "") == names
    assert missing([], SENTENCE, "fr") == ()


def test_a_country_in_a_text_in_a_script_without_spaces() -> None:
    assert missing([Name("Russia", "RU")], "俄罗斯和叙利亚承认了顿涅茨克。", "zh") == ()
    assert missing([Name("Iran", "IR")], "俄罗斯和叙利亚承认了顿涅茨克。", "zh")


@pytest.mark.parametrize(
    ("name", "text", "language"),
    [
        (Name("Germany", "DE"), "Le magazine allemand avait publié ces accusations.", "fr"),
        (Name("United States", "US"), "Les responsables américains ont confirmé.", "fr"),
        (Name("United Kingdom", "GB"), "A British minister resigned.", "en"),
        (Name("Spain", "ES"), "Spanish police arrested two men.", "en"),
    ],
)
def test_a_country_is_there_when_only_its_people_are(name: Name, text: str, language: str) -> None:
    assert missing([name], text, language) == ()


def test_an_unknown_language_has_no_countries() -> None:
    assert names_of("Which states recognized Donetsk?", "xx") == (Name("Donetsk"),)
    assert missing([Name("China", "CN")], "China said so.", "xx") == ()
    assert missing([Name("China", "CN")], "Peking sagte das.", "")


def test_sounds() -> None:
    assert len({sound(word) for word in ("Donetsk", "Donezk", "Донецк", "Donets’k")}) == 1
    assert sound("Kyiv") != sound("Kabul")
    assert sound("") == sound("1990") == ""
