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

from askcorpus.text.characters import visible
from askcorpus.text.markers import defuse_markers
from askcorpus.types import Hit, Turn

PASSAGE_CHARS = 6_000
"""What a model sees of one passage. Ordinary passages are far shorter; this is a guard against hostile length."""

FIELD_CHARS = 200
"""What a model sees of a title, source or date."""

TURN_CHARS = 1_000
"""What a model sees of one earlier turn."""

_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*+\n){2,}+")
_TAG_START = re.compile(r"[<\uff1c\ufe64](?=[^\s\d=])")
_ROLE_WORD = re.compile(r"\[(/?[A-Z][A-Z_]{2,})\]")


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
