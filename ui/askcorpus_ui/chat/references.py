"""Links to a stretch of a document: what a citation points at, and whether it still stands there."""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from askcorpus.types import Citation, Copy, Document, Hit, Span

Documents = Callable[[str], Document | None]
"""Looks a document up by its id; ``None`` when it is gone."""

Copies = Callable[[Sequence[str]], dict[str, tuple[Copy, ...]]]
"""Looks up the other documents that tell the same story, by the id of each document that has any."""

CONVERSATION = "c"
"""What the query of a page beside the chat calls the conversation that the page leads back to."""

TURN = "turn"
"""What the query of a source's page calls the turn of that conversation whose answer links to the source."""

LONGEST_QUOTE = 50_000
"""Characters that a link may point at: ours point at sentences and passages, and a browser may send any."""


class Reference(NamedTuple):
    """A stretch of a document that a link points at.

    ``marker`` is the number it proves, 0 for a passage that is only near. ``words`` are document offsets inside the
    stretch. ``check`` is a short hash of the text that stood there, so a changed document is noticed.
    """

    document_id: str
    start: int
    end: int
    marker: int = 0
    words: tuple[Span, ...] = ()
    check: str = ""
    verified: bool = True

    @classmethod
    def of(cls, citation: Citation) -> "Reference":
        """The reference of a citation."""
        return cls(
            citation.document_id,
            citation.start,
            citation.end,
            citation.marker,
            citation.highlights,
            _digest(citation.quote),
            citation.verified,
        )

    @classmethod
    def near(cls, hit: Hit) -> "Reference":
        """The reference of a passage that is shown without being cited."""
        return cls(hit.document_id, hit.start, hit.end, check=_digest(hit.text))

    @classmethod
    def parse(cls, url: str) -> "Reference | None":
        """The reference that :meth:`url` wrote; ``None`` for any other address."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        path = parts.path.removeprefix("/")  # conversations that are kept from before have one
        if not path.startswith("source/"):
            return None
        return cls.within(unquote(path.removeprefix("source/")), parts.query)

    @classmethod
    def within(cls, document_id: str, query: str) -> "Reference | None":
        """The reference into a document that such an address's query names; ``None`` where it names none."""
        try:
            asked = {name: values[0] for name, values in parse_qs(query).items()}
            spans = asked.get("words", "").split(".")
            return cls(
                document_id,
                int(asked["start"]),
                int(asked["end"]),
                int(asked.get("n", "0")),
                tuple(Span(*map(int, span.split("-", 1))) for span in spans if "-" in span),
                asked.get("check", ""),
                "unverified" not in asked,
            )
        except (KeyError, ValueError):
            return None

    def url(self, conversation: str = "", turn: int | None = None) -> str:
        """The address of the page that shows this stretch in its document, from the root of the server on; of one that
        leads back to a ``conversation``, and on to what else the answer of its ``turn`` cites, where they are named."""
        query = self.query() | leading_back(conversation, turn)
        return f"source/{quote(self.document_id, safe='')}?{urlencode(query)}#quote"

    def query(self) -> dict[str, str | int]:
        """What the query of that address says."""
        query: dict[str, str | int] = {"start": self.start, "end": self.end, "n": self.marker, "check": self.check}
        if self.words:
            query["words"] = ".".join(f"{start}-{end}" for start, end in self.words)
        if not self.verified:
            query["unverified"] = 1
        return query

    def still_in(self, document: Document) -> bool:
        """Whether the document still says there what it said when the reference was made."""
        if not 0 <= self.start < self.end <= min(len(document.text), self.start + LONGEST_QUOTE):
            return False
        return self.check in ("", _digest(document.text[self.start : self.end]))


def leading_back(conversation: str, turn: int | None = None) -> dict[str, str | int]:
    """What the query of a source's page says of where it was opened from."""
    if not conversation:
        return {}
    return {CONVERSATION: conversation} | ({TURN: turn} if turn else {})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
