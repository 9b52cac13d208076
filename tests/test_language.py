"""Language identification, on questions as short as people type them."""

import pytest

from askcorpus.text.language import detect_language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "Quels États ont reconnu Donetsk ?"),
        ("fr", "Et pourquoi ?"),
        ("en", "Which states recognized Donetsk?"),
        ("en", "WHICH STATES RECOGNIZED DONETSK?"),
        ("en", "Who won?"),
        ("de", "Welche Staaten haben Donezk anerkannt?"),
        ("es", "¿Qué países reconocieron Donetsk?"),
        ("pt", "Que países reconheceram Donetsk?"),
        ("it", "Quali stati hanno riconosciuto Donetsk?"),
        ("ru", "Какие страны признали Донецк?"),
        ("uk", "Які країни визнали Донецьк?"),
        ("ar", "ما الدول التي اعترفت بدونيتسك؟"),
        ("zh", "哪些国家承认顿涅茨克？"),
        ("ja", "どの国がドネツクを承認しましたか"),
        ("ko", "누가 이겼나요?"),
        ("hi", "कौन जीता?"),
    ],
)
def test_short_questions(language: str, text: str) -> None:
    assert detect_language(text) == language


CLOSE = {
    "uk": (
        "Хто написав «Кобзар»?",
        "Коли заснували Львів?",
        "Хто виграв?",
        "Де знаходиться Говерла?",
        "Яка столиця України?",
        "Скільки коштує квиток?",
        "Хто очолює уряд?",
        "Чому закрили порт?",
        "Коли відкрили міст?",
        "Хто такий Шевченко?",
        "Про що домовилися сторони?",
        "Хто став президентом?",
    ),
    "ru": (
        "Кто написал «Войну и мир»?",
        "Когда основали Москву?",
        "Кто победил?",
        "Где находится Байкал?",
        "Какая столица России?",
        "Сколько стоит билет?",
        "Кто возглавляет правительство?",
        "Почему закрыли порт?",
        "Когда открыли мост?",
        "Кто такой Пушкин?",
        "О чём договорились стороны?",
        "Кто стал президентом?",
    ),
    "bg": (
        "Кой написа „Под игото“?",
        "Кога е основана София?",
        "Кой спечели?",
        "Къде се намира Рила?",
        "Коя е столицата на България?",
        "Колко струва билетът?",
        "Кой оглавява правителството?",
        "Защо затвориха пристанището?",
        "Кога откриха моста?",
        "Кой е Вазов?",
        "За какво се договориха страните?",
        "Кой стана президент?",
    ),
    "be": (
        "Хто напісаў «Новую зямлю»?",
        "Калі заснавалі Мінск?",
        "Хто перамог?",
        "Дзе знаходзіцца Нарач?",
        "Якая сталіца Беларусі?",
        "Колькі каштуе білет?",
        "Хто ўзначальвае ўрад?",
        "Чаму зачынілі порт?",
        "Калі адкрылі мост?",
        "Хто такі Колас?",
        "Пра што дамовіліся бакі?",
        "Хто стаў прэзідэнтам?",
    ),
    "da": (
        "Hvem skrev »Den grimme ælling«?",
        "Hvornår blev København grundlagt?",
        "Hvem vandt?",
        "Hvor ligger Skagen?",
        "Hvad er Danmarks hovedstad?",
        "Hvor meget koster billetten?",
        "Hvem leder regeringen?",
        "Hvorfor lukkede havnen?",
        "Hvornår åbnede broen?",
        "Hvem er Andersen?",
        "Hvad blev parterne enige om?",
        "Hvem blev præsident?",
    ),
    "no": (
        "Hvem skrev «Et dukkehjem»?",
        "Når ble Oslo grunnlagt?",
        "Hvem vant?",
        "Hvor ligger Lofoten?",
        "Hva er Norges hovedstad?",
        "Hvor mye koster billetten?",
        "Hvem leder regjeringen?",
        "Hvorfor stengte havna?",
        "Når åpnet broen?",
        "Hvem er Ibsen?",
        "Hva ble partene enige om?",
        "Hvem ble president?",
    ),
    "sv": (
        "Vem skrev ”Röda rummet”?",
        "När grundades Stockholm?",
        "Vem vann?",
        "Var ligger Kiruna?",
        "Vilken är Sveriges huvudstad?",
        "Hur mycket kostar biljetten?",
        "Vem leder regeringen?",
        "Varför stängde hamnen?",
        "När öppnade bron?",
        "Vem är Strindberg?",
        "Vad kom parterna överens om?",
        "Vem blev president?",
    ),
}


def test_close_languages_are_mostly_told_apart() -> None:
    """Most of what is left is Norwegian that could as well be Danish ("Hvem er Ibsen?")."""
    found = [(language, detect_language(text)) for language, texts in CLOSE.items() for text in texts]
    right = sum(language == detected for language, detected in found)
    wrong = sum(detected not in (language, "") for language, detected in found)

    assert len(found) == 84
    assert right >= 75
    assert wrong <= 6


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("uk", "Хто написав «Кобзар»?"),
        ("ru", "Кто написал «Кобзар»?"),
        ("uk", "Що таке ё?"),
        ("bg", "Кой спечели?"),
        ("sv", "Vem blev president?"),
        ("no", "Hva heter Malmös fotballag?"),
        ("da", "Hvad var Strindbergs første skuespil?"),
    ],
)
def test_a_name_or_a_letter_from_next_door_does_not_mislead(language: str, text: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", " \n", "123 ?", "😀 – 42 %", "___", "xq zzk"])
def test_unsure_is_empty(text: str) -> None:
    assert detect_language(text) == ""


def test_a_long_text_is_judged_by_its_beginning() -> None:
    assert detect_language("La séance est levée.\n" * 200 + "The session is closed.\n" * 5000) == "fr"
