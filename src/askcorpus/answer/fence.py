"""How text of documents and of conversations is put before a language model: as data, inside a fence.

Documents are untrusted. Three things keep their words from becoming instructions or citations:

1. Every line of theirs starts with ``| ``, and no other line does. Whatever a document says, "end of passages"
   included, is a line with that mark, so it cannot close the fence or open another (marking data is "spotlighting",
   Hines et al. 2024, "Defending Against Indirect Prompt Injection Attacks With Spotlighting").
2. The lines that open and close a passage carry a boundary made from all the texts of this request; a document would
   have to hold the hash of itself and of its neighbours to imitate it.
3. What has a meaning to the machinery is taken out of what the model sees: invisible characters, terminal escapes,
   chat-template tokens (many servers turn ``<|im_start|>`` into a change of role wherever it stands), and bracketed
   numbers, which would look like our citation markers.

Quotes shown to people are cut from the catalog's text, never from this rendering of it.
"""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256

import regex

from askcorpus.types import Hit, Turn

PASSAGE_CHARS = 6_000
"""What a model sees of one passage. Ordinary passages are far shorter; this is a guard against hostile length."""

FIELD_CHARS = 200
"""What a model sees of a title, source or date."""

TURN_CHARS = 1_000
"""What a model sees of one earlier turn."""

_TERMINAL_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]")
_LINE_BREAK = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Unicode's Default_Ignorable_Code_Point and the interlinear marks: all that is in a text without being seen
# (bidi controls, zero-width characters, tags, variation selectors, fillers), less the two joiners U+200C and U+200D.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Persian and the scripts of India need joiners between letters; anywhere else, or in a row, they only smuggle.
_STRAY_JOINER = regex.compile(
    r"(?<![[\p{L}\p{M}]--\p{Latin}])[\u200c\u200d] | [\u200c\u200d](?![\p{L}--\p{Latin}])", regex.V1 | regex.VERBOSE
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*+\n){2,}+")
_TAG_START = re.compile(r"[<\uff1c\ufe64](?=[^\s\d=])")
_ROLE_WORD = re.compile(r"\[(/?[A-Z][A-Z_]{2,})\]")

BRACKETED_NUMBERS = re.compile(
    r"[\[\uff3b\u3010\u3014]\s*(\^?\d{1,3}(?:\s*[,;\u3001\uff0c\uff1b\-\u2013]\s*\^?\d{1,3})*)"
    r"(?:\u2020[^\]\uff3d\u3011\u3015\n]{0,40})?\s*[\]\uff3d\u3011\u3015]"
)
"""All that reads as a citation marker: ``[1]``, ``[1, 2]``, ``[1-3]``, ``[^1]``, ``［1］``, ``【1】``, ``【1†web】``.
Group 1 holds the numbers."""


def defuse_markers(text: str) -> str:
    """``text`` with bracketed numbers in round brackets, so that they cannot be taken for citation markers."""
    return BRACKETED_NUMBERS.sub(r"(\1)", text)


def visible(text: str) -> str:
    """``text`` as a reader sees it: line breaks as ``\\n``, no invisible or control characters, no terminal escapes."""
    text = _LINE_BREAK.sub("\n", _TERMINAL_ESCAPE.sub("", text))
    text = _INVISIBLE.sub("", _CONTROL.sub("", text))
    return _SURROGATE.sub("\ufffd", _STRAY_JOINER.sub("", text))


def inert(text: str, limit: int) -> str:
    """``text`` as a model may see it: visible, without tokens that mean something to the machinery, at most ``limit``
    characters long (then ending in ``…``)."""
    text = _BLANK_LINES.sub("\n\n", visible(text[: 2 * limit])).strip()
    text = _ROLE_WORD.sub(r"(\1)", _TAG_START.sub("\u2039", text))
    text = defuse_markers(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def boundary_for(texts: Iterable[str]) -> str:
    """Twelve hexadecimal digits that nobody can write into one of ``texts``, as they are a hash of them all.

    The same texts give the same boundary, so an answer can be reproduced.
    """
    return sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()[:12]


def fence_passages(hits: Sequence[Hit], boundary: str) -> str:
    """The passages, numbered from 1, each with its title, source and date, each inside its fence."""
    return "\n\n".join(
        _fenced(f"PASSAGE {number}", [*_fields(hit), inert(hit.text, PASSAGE_CHARS)], boundary)
        for number, hit in enumerate(hits, start=1)
    )


def fence_history(history: Sequence[Turn], boundary: str) -> str:
    """The turns of a conversation, oldest first, inside one fence; "" when there are none."""
    if not history:
        return ""
    return _fenced("CONVERSATION", [f"{turn.role}: {inert(turn.text, TURN_CHARS)}" for turn in history], boundary)


def _fields(hit: Hit) -> list[str]:
    fields = {"title": hit.title, "source": hit.source, "date": hit.date}
    return [f"{name}: {' '.join(inert(value, FIELD_CHARS).split())}" for name, value in fields.items() if value.strip()]


def _fenced(name: str, blocks: Sequence[str], boundary: str) -> str:
    lines = [f"| {line}" for block in blocks for line in block.split("\n")]
    return "\n".join([f"=== {name} {boundary} ===", *lines, f"=== END OF {name} {boundary} ==="])
