"""What is embedded for a passage: its text below its document's title, so that it tells what it is about."""

from collections.abc import Sequence
from typing import NamedTuple

from askcorpus.embedding.embeddings import EmbeddedText, SentenceEmbeddings
from askcorpus.types import Passage, Span


class Piece(NamedTuple):
    """A passage with the offsets of its sentences in the document, and its vectors where it has them already."""

    passage: Passage
    sentences: tuple[Span, ...]
    embedded: EmbeddedText | None = None


def in_context(title: str, passage: Passage, sentences: Sequence[Span]) -> tuple[str, list[Span]]:
    """What is embedded for a passage, its document's title above it, and where its sentences are in that.

    A passage from the middle of an article rarely names what the article is about; the title does
    (docs/quality.md, Passages).
    """
    above = "" if not title or passage.text.startswith(title.rstrip("…")) else f"{title}\n"
    shift = len(above) - passage.start
    return above + passage.text, [Span(start + shift, end + shift) for start, end in sentences]


def embed(embeddings: SentenceEmbeddings, titled: Sequence[tuple[str, Piece]]) -> list[EmbeddedText]:
    """The vectors of pieces, in their order, each given with the title of its document."""
    if not titled:
        return []
    contexts = [in_context(title, piece.passage, piece.sentences) for title, piece in titled]
    texts, spans = zip(*contexts, strict=True)
    return embeddings.embed_passages(texts, spans)
