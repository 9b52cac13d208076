"""Normalising answers to tokens: exactly as MLQA does in its seven languages, and similarly in others.

In en, es, de, vi, ar, zh and hi, tokens are those of MLQA's own evaluation, its peculiarities included (Arabic loses
``ال`` wherever it stands, Chinese is split by character but not where it is rare), so that F1 and exact match are the
figures that papers report. Elsewhere: lower case, no punctuation, no articles, words split at white space, and scripts
without spaces between words character by character.

Sources: Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine Comprehension of Text"; Lewis et al. 2020,
"MLQA: Evaluating Cross-lingual Extractive Question Answering".
"""

import re
import string
import unicodedata

MLQA = ("en", "es", "de", "vi", "ar", "zh", "hi")
"""The languages whose tokens are MLQA's; those of all others are ours."""

_MLQA_ARTICLES = {
    "en": re.compile(r"\b(a|an|the)\b"),
    "es": re.compile(r"\b(un|una|unos|unas|el|la|los|las)\b"),
    "vi": re.compile(r"\b(của|là|cái|chiếc|những)\b"),
    "de": re.compile(r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    "ar": re.compile("ال"),
}
_MLQA_HAN = re.compile(r"[\u4e00-\u9fa5]")
ARTICLES = {
    "fr": "un une des le la les l du",
    "it": "un uno una il lo la i gli le l",
    "nl": "de het een",
    "pt": "um uma uns umas o a os as",
}
ELIDED = {"fr", "it"}
SPACELESS = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"  # Kana and Han
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"  # Thai, Lao, Burmese, Khmer
)


def answer_tokens(text: str, language: str) -> list[str]:
    """The tokens by which two answers are compared; ``language`` is an ISO 639-1 code or empty."""
    return _mlqa_tokens(text, language) if language in MLQA else _other_tokens(text, language)


def _mlqa_tokens(text: str, language: str) -> list[str]:
    """Those of ``mlqa_evaluation_v1.py``, step by step: it neither composes letters nor knows other punctuation."""
    text = _without_punctuation(text.lower())
    if language in _MLQA_ARTICLES:
        text = _MLQA_ARTICLES[language].sub(" ", text)
    if language == "zh":
        text = _MLQA_HAN.sub(lambda char: f" {char[0]} ", text)
    return text.split()


def _other_tokens(text: str, language: str) -> list[str]:
    text = unicodedata.normalize("NFC", text).lower()
    if language in ELIDED:
        text = text.replace("'", " ").replace("’", " ")  # l'eau → l eau, so that the article can go
    text = SPACELESS.sub(lambda char: f" {char[0]} ", _without_punctuation(text))
    articles = frozenset(ARTICLES.get(language, "").split())
    return [token for token in text.split() if token not in articles]


def _without_punctuation(text: str) -> str:
    return "".join(char for char in text if not _is_punctuation(char))


def _is_punctuation(char: str) -> bool:
    return char in string.punctuation or unicodedata.category(char).startswith("P")
