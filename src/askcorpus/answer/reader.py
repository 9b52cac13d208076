"""The reader: question and passage, read together, give the words that answer, or that none do.

Extractive reading comprehension with "no answer" as a span of its own (Devlin et al. 2019, "BERT: Pre-training of Deep
Bidirectional Transformers"): the bundled encoder with the adapters of ``embedding/reader.safetensors``, a head that
scores where an answer starts and ends, and one that tells whether the passage answers at all (docs/reader.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from askcorpus.embedding.adapters import ALIGNMENT, READER, Adapters, load_adapters
from askcorpus.embedding.encoder import Encoder, TokenStates
from askcorpus.tuning import TUNING, Tuning
from askcorpus.types import Span

LONGEST_PAIR = 384
"""Tokens of question and passage together, as in training."""

LONGEST_QUESTION = 250
"""Characters of a question that are read, as in training."""

LONGEST_ANSWER = 30
"""Tokens of an answer."""


class FoundAnswer(NamedTuple):
    """Words that may answer: their place in the passage, and their score above that of "no answer here" (log-odds)."""

    span: Span
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class ReadPassage:
    """A passage as it was read for a question.

    ``relevance``: log-odds that the passage answers; ``starts`` and ``ends`` (tokens,): scores of an answer that starts
    or ends at each token of the passage, less those of "no answer here"; ``offsets`` (tokens, 2): the tokens' places
    in the passage.
    """

    relevance: float
    starts: NDArray[np.float32]
    ends: NDArray[np.float32]
    offsets: NDArray[np.int64]

    def best(self) -> FoundAnswer | None:
        """The best answer; None where there is no token."""
        tokens = len(self.offsets)
        if not tokens:
            return None
        scores = np.where(_allowed(tokens), self.starts[:, None] + self.ends, -np.inf)
        first, last = divmod(int(scores.argmax()), tokens)
        return FoundAnswer(Span(int(self.offsets[first, 0]), int(self.offsets[last, 1])), float(scores[first, last]))

    def part(self, within: Span) -> Self:
        """A stretch of the passage, as it was read in it; its tokens' places count from its beginning."""
        inside = (self.offsets[:, 1] > within.start) & (self.offsets[:, 0] < within.end)
        offsets = self.offsets[inside].clip(within.start, within.end) - within.start
        return replace(self, starts=self.starts[inside], ends=self.ends[inside], offsets=offsets)

    def read_again(self, other: Self, weight: float) -> Self:
        """The same text read twice: ``other``'s scores, times ``weight``, are added to those of the tokens that both
        readings have."""
        places = {(int(start), int(end)): row for row, (start, end) in enumerate(other.offsets)}
        pairs = [(row, places.get((int(start), int(end)))) for row, (start, end) in enumerate(self.offsets)]
        own, others = [own for own, row in pairs if row is not None], [row for _, row in pairs if row is not None]
        return replace(
            self,
            starts=self.starts[own] + weight * other.starts[others],
            ends=self.ends[own] + weight * other.ends[others],
            offsets=self.offsets[own],
        )


class Reader:
    """Reads passages for answers. Cheap to make, loaded at the first use; threads may share one."""

    def __init__(self, tuning: Tuning = TUNING) -> None:
        self._heads = load_adapters(READER).tensors
        self._encoder = Encoder(reader_adapters(tuning), LONGEST_PAIR)

    def warm_up(self) -> None:
        """Load the model now; later calls do nothing.

        Raises:
            ModelError: it cannot be loaded.
        """
        self._encoder.warm_up()

    def read(self, question: str, passages: Sequence[str]) -> list[ReadPassage]:
        """Each passage, read for the answer to ``question``, in their order. Raises as :meth:`warm_up` does."""
        seen = self._encoder.encode_pairs(question[:LONGEST_QUESTION], passages)
        return [self._judged(tokens, passage) for tokens, passage in zip(seen, passages, strict=True)]

    def _judged(self, seen: TokenStates, passage: str) -> ReadPassage:
        heads = self._heads
        spans = seen.states @ heads["span.weight"].T + heads["span.bias"]
        hidden = np.tanh(heads["relevance.0.weight"] @ seen.states[0] + heads["relevance.0.bias"])
        relevance = heads["relevance.2.weight"] @ hidden + heads["relevance.2.bias"]
        own = spans[seen.inside] - spans[0]
        offsets = np.array([_trimmed(passage, start, end) for start, end in seen.offsets[seen.inside]], np.int64)
        return ReadPassage(float(relevance[0]), own[:, 0], own[:, 1], offsets.reshape(-1, 2))


def reader_adapters(tuning: Tuning = TUNING) -> tuple[Adapters, ...]:
    """What the reader's encoder is made of, beside the bundled model."""
    return load_adapters(ALIGNMENT).at(tuning.aligned), load_adapters(READER)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The place of a token without the space before it, which the tokenizer counts to it."""
    token = text[start:end]
    return start + len(token) - len(token.lstrip()), end


def _allowed(tokens: int) -> NDArray[np.bool_]:
    """Which (first, last) tokens (tokens, tokens) make an answer: the last not before the first, nor too far off."""
    ones = np.ones((tokens, tokens), np.bool_)
    return np.triu(ones) & ~np.triu(ones, LONGEST_ANSWER + 1)
