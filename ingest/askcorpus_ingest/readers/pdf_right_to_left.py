"""What is written from right to left in a PDF, where PDFium gives it in another order than that in which it is read."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

_ALEFS, _LAM = "\u0622\u0623\u0625\u0627", "\u0644"
_LETTER = re.compile("[\u0590-\u05ff\u0620-\u065f\u066e-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_RIGHT_TO_LEFT = re.compile(f"{_LETTER.pattern}{{2,}}")
_ARABIC = re.compile("[\u0620-\u064a\u066e-\u06d3\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]")
_LEFT_TO_RIGHT = re.compile("[A-Za-z\u00c0-\u024f\u0370-\u052f]")
_LINE = re.compile(r"[^\r\n]+")
NEAR = 20
"""Characters beside a number in which the letter nearest to it is looked for."""

_MONEY = "#$%°€£¥₪‰٪"
_WEAK = re.compile(rf"[\d+\-.,:/،٫٬{_MONEY}]{{2,}}+")
"""Characters that PDFium leaves in the order in which they stand on the page, from left to right."""
_NUMBER_IN_ARABIC = re.compile(r"\d+(?:[.,:/،٫٬]\d+)*+|.")
_NUMBER_IN_HEBREW = re.compile(rf"(?:(?<![{_MONEY}])[{_MONEY}]++)?+\d+(?:[.,:/+\-]\d+)*+[{_MONEY}]*+|.")
"""What in a number is read from left to right, as in the Unicode Bidirectional Algorithm (UAX 9, rules W2 to W5)."""
_TURNED = str.maketrans("()[]{}«»‹›", ")(][}{»«›‹")


def turn_mirrored(page: Any, text: str, signs: list[str]) -> None:
    """Turn what is written from right to left and given the other way: the words of browsers' PDFs, the two letters of
    an Arabic lam-alef, which is one sign in a font, what stands beside numbers, and brackets.

    ``signs`` are the characters of ``text``, and change in their place.
    """
    _turn_words(page, text, signs)
    lines = list(_right_to_left_lines(text))
    number = _NUMBER_IN_ARABIC if any(_ARABIC.search(line.group()) for line in lines) else _NUMBER_IN_HEBREW
    for line in lines:
        _turn_numbers(page, line, signs, number)
    _turn_brackets(signs, [at for line in lines for at in range(*line.span())])


def _turn_words(page: Any, text: str, signs: list[str]) -> None:
    for word in _RIGHT_TO_LEFT.finditer(text):
        places = range(*word.span())
        boxes = {at: page.get_charbox(at, loose=True) for at in places}
        order = list(places if boxes[places[0]][0] >= boxes[places[-1]][0] else reversed(places))
        for number, (first, second) in enumerate(pairwise(order)):
            if text[first] in _ALEFS and text[second] == _LAM and boxes[first] == boxes[second]:
                order[number : number + 2] = second, first
        signs[word.start() : word.end()] = [signs[at] for at in order]


def _right_to_left_lines(text: str) -> Iterator["re.Match[str]"]:
    """The lines most letters of which run so, and those without letters below them."""
    is_one = False
    for line in _LINE.finditer(text):
        right, left = (len(letter.findall(line.group())) for letter in (_LETTER, _LEFT_TO_RIGHT))
        is_one = right > left if right or left else is_one
        if is_one:
            yield line


def _turn_numbers(page: Any, line: "re.Match[str]", signs: list[str], number: "re.Pattern[str]") -> None:
    """``.2027`` → ``2027.``, in Arabic also ``2021-2020`` → ``2020-2021``: the numbers and signs of a run stand from
    right to left, and only the figures of each from left to right."""
    for run in _WEAK.finditer(line.string, *line.span()):
        before = line.string[max(line.start(), run.start() - NEAR) : run.start()].rstrip()[-1:]
        behind = line.string[run.end() : min(line.end(), run.end() + NEAR)].lstrip()[:1]
        if any(map(_LEFT_TO_RIGHT.match, (before, behind))) or not _goes_on_rightwards(page, range(*run.span())):
            continue
        parts = list(number.finditer(run.group()))
        signs[run.start() : run.end()] = [
            signs[run.start() + at] for part in reversed(parts) for at in range(*part.span())
        ]


def _goes_on_rightwards(page: Any, places: Sequence[int]) -> bool:
    lefts = [page.get_charbox(at, loose=True)[0] for at in places]
    return all(first < second for first, second in pairwise(lefts))


def _turn_brackets(signs: list[str], places: Sequence[int]) -> None:
    """Turn the brackets where that makes more pairs of them: some programs name the sign that is seen."""
    brackets = [at for at in places if signs[at] and signs[at] in "()[]{}«»‹›"]
    given = "".join(signs[at] for at in brackets)
    turned = given.translate(_TURNED)
    if _pairs(turned) > _pairs(given):
        for at, bracket in zip(brackets, turned, strict=True):
            signs[at] = bracket


def _pairs(brackets: str) -> int:
    pairs, opened = 0, list[str]()
    for bracket in brackets:
        if bracket in "([{«‹":
            opened.append(bracket.translate(_TURNED))
        elif opened and opened[-1] == bracket:
            opened.pop()
            pairs += 1
    return pairs
