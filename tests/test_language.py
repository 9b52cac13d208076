"""Language identification, on questions as short as people type them."""

import pytest

from askcorpus.language import detect_language


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
def test_short_questions(language, text):
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", " \n", "123 ?", "😀 – 42 %", "___", "xq zzk"])
def test_unsure_is_empty(text):
    assert detect_language(text) == ""


def test_a_long_text_is_judged_by_its_beginning():
    assert detect_language("La séance est levée.\n" * 200 + "The session is closed.\n" * 5000) == "fr"
