"""Answers as comparable tokens: the normalisation of SQuAD, in the language-aware form of MLQA.

Lower case, no punctuation, no articles, words split at white space; scripts written without spaces between words
are compared character by character.

Sources: Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine Comprehension of Text"; Lewis et al. 2020,
"MLQA: Evaluating Cross-lingual Extractive Question Answering". MLQA covers en, es, de, vi, ar, zh and hi; the
articles of fr, it, pt and nl are handled here in the same way.
"""

import re
import string
import unicodedata

ARTICLES = {
    "en": "a an the",
    "de": "ein eine einen einem eines einer der die das den dem des",
    "es": "un una unos unas el la los las",
    "fr": "un une des le la les l du",
    "it": "un uno una il lo la i gli le l",
    "nl": "de het een",
    "pt": "um uma uns umas o a os as",
    "vi": "của là cái chiếc những",
}
ELIDED = {"fr", "it"}
_ARABIC_ARTICLE = re.compile(r"\bال")
SPACELESS = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"  # Kana and Han
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"  # Thai, Lao, Burmese, Khmer
)


def answer_tokens(text: str, language: str) -> list[str]:
    """The tokens by which two answers are compared; ``language`` is an ISO 639-1 code or empty."""
    text = unicodedata.normalize("NFC", text).lower()
    if language in ELIDED:
        text = text.replace("'", " ").replace("’", " ")  # l'eau → l eau, so that the article can go
    text = "".join(char for char in text if not _is_punctuation(char))
    if language == "ar":
        text = _ARABIC_ARTICLE.sub("", text)  # the Arabic article is written onto its word
    text = SPACELESS.sub(lambda char: f" {char[0]} ", text)
    articles = frozenset(ARTICLES.get(language, "").split())
    return [token for token in text.split() if token not in articles]


def _is_punctuation(char: str) -> bool:
    return char in string.punctuation or unicodedata.category(char).startswith("P")
