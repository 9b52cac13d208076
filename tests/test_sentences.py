"""Sentences: whole, trimmed, in order, and nothing lost, whatever the text."""

import random

import pytest

from askcorpus.text.sentences import split_sentences

ALPHABET = "aé b.!?。！？ \n\n\t\"'«»“”()[]ÉX1234;:,-—…「」漢字かءا؟กा😀\u200d\u0301\u00a0\u3000"


def sentences(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, language)]


@pytest.mark.parametrize("language", ["en", "fr", "zh", "ar", "th", "", "xx"])
def test_every_character_is_in_one_sentence_and_in_order(language: str) -> None:
    rng = random.Random(7)
    for _ in range(300):
        text = "".join(rng.choice(ALPHABET) for _ in range(rng.randint(0, 200)))
        spans = split_sentences(text, language)
        assert [s.start for s in spans] == sorted(s.start for s in spans)
        covered = [index for start, end in spans for index in range(start, end)]
        assert len(covered) == len(set(covered))
        assert {i for i, c in enumerate(text) if not c.isspace()} <= set(covered)
        assert all(text[s:e] == text[s:e].strip() for s, e in spans)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        pytest.param("en", ["Mr. Smith of the U.S. said no.", "He left."], id="english titles"),
        pytest.param(
            "fr", ["M. Dupont voit le Dr. Martin.", "Il part le 3 sept. 2022."], id="french titles and months"
        ),
        pytest.param("fr", ["C’était en 52 av. J.-C. environ.", "J.-P. Martin l’a dit."], id="french initials"),
        pytest.param("fr", ["« Non ! Jamais », a-t-il dit.", "« Oui. »"], id="guillemets stay with what they close"),
        pytest.param(
            "en", ["“Why? Tell me,” he asked.", "“He won.”", "(It was so.)"], id="closing quotes and brackets"
        ),
        pytest.param("de", ["Am 3. Oktober kam z. B. Dr. Müller.", "Dann ging er."], id="german ordinals"),
        pytest.param("hi", ["यह वाक्य है।", "क्या यह ठीक है?"], id="danda"),
        pytest.param("ar", ["هذا نص.", "هل تفهم؟"], id="arabic question mark"),
    ],
)
def test_sentences_of_a_language(language: str, expected: list[str]) -> None:
    assert sentences(" ".join(expected), language) == expected


def test_chinese_needs_no_spaces() -> None:
    assert sentences("他说不去。真的吗？是的！", "zh") == ["他说不去。", "真的吗？", "是的！"]


def test_wrapped_lines_are_one_sentence_and_headings_are_their_own() -> None:
    wrapped = "The ministers met for a second day in the old town\nhall and could not agree on anything."
    assert sentences(f"A heading\n{wrapped}") == ["A heading", wrapped]


def test_a_blank_line_and_a_list_item_end_a_sentence() -> None:
    line = "Of the four proposals that were made on the first day"
    assert sentences(f"{line}\n\nnone passed") == [line, "none passed"]
    assert sentences(f"{line}\n- none passed\n- all failed") == [line, "- none passed", "- all failed"]


def test_a_long_or_unclosed_quotation_is_split() -> None:
    text = "“" + "We said it then and we say it again today. " * 30
    assert len(sentences(text)) == 30


def test_long_paragraphs_are_split_as_short_ones_are() -> None:
    sentence = "The council met again on Monday, and nothing came of it."
    assert sentences(" ".join([sentence] * 500)) == [sentence] * 500
