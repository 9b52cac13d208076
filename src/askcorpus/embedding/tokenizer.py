"""Tokens of the bundled model: SentencePiece unigrams (Kudo 2018) over Nmt and NFKC normalised text, runs of spaces
folded, as in XLM-R."""

import struct
from typing import NamedTuple

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from askcorpus.embedding.bundled_model import Vocabulary
from askcorpus.text.characters import encodable

START, PADDING, END, UNKNOWN = 0, 1, 2, 3
"""Ids of the special tokens. None of them is read from a text, whatever it says."""

_JOINER = "\u200d"
"""A space to the table of Nmt by which the model was trained; the one of today leaves it, unknown to the model."""

_CONTROL, _UNKNOWN = 3, 2  # kinds of pieces in SentencePiece's model files; that of an ordinary one is the default
_VARINT, _BYTES, _FLOAT = 0, 2, 5  # kinds of fields in a protobuf


class Tokens(NamedTuple):
    """``ids`` (tokens,) and ``offsets`` (tokens, 2), the tokens' places in the text: code points, half-open."""

    ids: NDArray[np.int64]
    offsets: NDArray[np.int64]

    @property
    def unknown(self) -> float:
        """The share of tokens that the model has never seen."""
        return float((self.ids == UNKNOWN).mean()) if len(self.ids) else 0.0


class Tokenizer:
    """Texts to tokens, without special ones. Threads may share one."""

    def __init__(self, model: bytes) -> None:
        """``model`` is what :func:`tokenizer_model` makes."""
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)

    def tokens(self, text: str) -> Tokens:
        """The tokens of a text."""
        found = self._processor.encode(encodable(text).replace(_JOINER, " "), return_type="offset_mapping")
        return Tokens(np.array(found["ids"], np.int64), np.array(found["offsets"], np.int64).reshape(-1, 2))


def tokenizer_model(vocabulary: Vocabulary) -> bytes:
    """A vocabulary as SentencePiece's model file, a protobuf.

    A quarter of a million pieces one by one would take half a second: all but the special ones are of one form, whose
    bytes are put in their places together.
    """
    text, ends, scores = vocabulary
    special = dict.fromkeys((START, PADDING, END, len(scores) - 1), _CONTROL) | {UNKNOWN: _UNKNOWN}  # the last: <mask>
    first, last = UNKNOWN + 1, len(scores) - 1
    alone = {i: _record(text[ends[i] : ends[i + 1]].tobytes(), float(scores[i]), kind) for i, kind in special.items()}
    unigram = _field(3, _VARINT, _varint(1))
    ids = ((40, UNKNOWN), (41, START), (42, END), (43, PADDING))
    trainer = _field(2, _BYTES, unigram + b"".join(_field(number, _VARINT, _varint(i)) for number, i in ids))
    # A protobuf's parts may stand in any number of pieces: this one is the table of Nmt and NFKC.
    normaliser = sentencepiece.SentencePieceNormalizer(
        rule_name="nmt_nfkc", add_dummy_prefix=True, escape_whitespaces=True, remove_extra_whitespaces=True
    )
    pieces = [
        *(alone[i] for i in range(first)),
        _records(text, ends[first : last + 1], scores[first:last]),
        alone[last],
    ]
    return b"".join([*pieces, trainer, bytes(normaliser.serialized_model_proto())])


def _record(piece: bytes, score: float, kind: int) -> bytes:
    """A special piece, as part of a model."""
    content = _field(1, _BYTES, piece) + _field(2, _FLOAT, struct.pack("<f", score)) + _field(3, _VARINT, _varint(kind))
    return _field(1, _BYTES, content)


def _records(text: NDArray[np.uint8], ends: NDArray[np.int64], scores: NDArray[np.float32]) -> bytes:
    """Ordinary pieces, as :func:`_record` would write them without their kind.

    Each is: two bytes (tag, length of all that follows), two (tag, length of the piece), the piece, tag and score.
    """
    lengths = np.diff(ends)
    if lengths.max() + 7 > 0x7F:
        raise ValueError("A length takes more than a byte.")
    starts = np.concatenate([[0], np.cumsum(lengths + 9)])
    written = np.empty(starts[-1], np.uint8)
    starts = starts[:-1]
    tag = _varint(1 << 3 | _BYTES)[0]
    for at, values in enumerate((tag, lengths + 7, tag, lengths)):
        written[starts + at] = values
    places = np.repeat(starts + 4 - ends[:-1], lengths) + np.arange(ends[0], ends[-1])
    written[places] = text[ends[0] : ends[-1]]
    after = starts + 4 + lengths
    written[after] = _varint(2 << 3 | _FLOAT)[0]
    written[after[:, None] + np.arange(1, 5)] = scores.astype("<f4").view(np.uint8).reshape(-1, 4)
    return written.tobytes()


def _field(number: int, kind: int, content: bytes) -> bytes:
    length = _varint(len(content)) if kind == _BYTES else b""
    return _varint(number << 3 | kind) + length + content


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
