"""Train the reader: question and passage → where the answer is, and whether the passage answers.

    python -m training.reader EXAMPLES.jsonl … --out CHECKPOINT --minutes 480 [--parallel PARALLEL.jsonl.xz]
                              [--start WEIGHTS.safetensors]

``EXAMPLES`` are what ``training.examples`` wrote. The same command resumes from ``CHECKPOINT``; SIGINT and SIGTERM stop
it after the current step. ``--start`` begins from shipped weights. ``training.weights`` makes the file that ships from
a checkpoint, and ``training.evaluate`` measures it.

An epoch takes a share of everything, since all of it would take hours: cropped passages with their answer, passages
with similar words without it, the same passages without the sentence that answers, questions with one name exchanged,
and sentences to be found by their translation; then, as many as ``--annotated`` says, pairs for which people wrote
answerable and unanswerable questions. A passage that answers as a whole trains only the relevance.

On a GPU (``--device cuda``), other processes have to prepare the batches (``--workers``), an epoch each.

The frozen encoder is the one that the product reads with, which has the alignment at half strength (`Tuning.aligned`).
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from training.command import telling_errors
from training.examples import Example, lacks, read_examples
from training.folder import encoder_folder
from training.loop import add_options, run
from training.model import Reader
from training.pairs import Group, find_translation, translations
from training.sources import read_lines
from training.swaps import Swaps
from training.windows import ANYWHERE, Window, crop, without_answer, without_sentence

QUESTION_CHARS = 250
"""Of a question: one that fills the model's length leaves no room for the passage."""

WARM_UP = 60
RELEVANCE = 0.5
"""What the loss of relevance counts beside that of the span."""

UNPLACED = -100
"""What cross-entropy passes over."""

_FROM_NEAR = 0.8
"""The share of passages without the answer that are near in words; the others are any passage."""

_BUCKET = 50
"""Batches that are sorted by length together: padding costs as much as text."""


class Item(NamedTuple):
    """A question and the window that a reader is shown with it."""

    question: str
    window: Window


@dataclass(frozen=True)
class Mix:
    """What an epoch is made of: ``general`` items and ``annotated`` ones.

    Of the examples behind the general ones, the share ``near`` comes with another passage as well, the share ``swaps``
    with a question changed, the share ``gaps`` less the sentence that answers (and as often less another one, so that a
    gap tells nothing), and ``across`` is the share of sentences to be found by their translation.
    """

    general: int = 20_000
    annotated: int = 18_000
    near: float = 0.45
    swaps: float = 0.6
    gaps: float = 0.0
    across: float = 0.06


class Batch(NamedTuple):
    """Token ids and their mask (batch, tokens), the first and last token of each answer, and whether there is one.

    ``allowed`` is true where a span may begin and end: at the passage's tokens, and at token 0, "no answer here". The
    first and last token of an answer that nobody placed are `UNPLACED`.
    """

    ids: NDArray[np.int32]
    mask: NDArray[np.bool_]
    allowed: NDArray[np.bool_]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    answers: NDArray[np.float32]


class ReaderTask:
    """The reader's training: epochs drawn from examples, batches of like lengths, the two losses."""

    def __init__(
        self,
        model: Reader,
        tokenizer: PreTrainedTokenizerBase,
        examples: Sequence[Example],
        groups: Sequence[Group] = (),
        mix: Mix = Mix(),
        batch: int = 24,
        length: int = 224,
        seed: int = 0,
    ) -> None:
        self.model = model
        self._tokenizer = tokenizer
        self._general = [example for example in examples if not example.weight]
        self._annotated = [
            [example for example in examples if example.weight and example.answerable == answerable]
            for answerable in (True, False)
        ]
        self._groups, self._mix, self._batch, self._length, self._seed = groups, mix, batch, length, seed
        self._swaps = Swaps(self._general)

    def epoch(self, number: int) -> list[Batch]:
        """The batches of an epoch."""
        return [encode(self._tokenizer, items, self._length) for items in self.drafts(number)]

    def drafts(self, number: int) -> list[list[Item]]:
        """What the batches of an epoch are made of, each of like lengths."""
        chance = random.Random(f"{self._seed} {number}")
        items = self.draw(chance)
        found = []
        for at in range(0, len(items), self._batch * _BUCKET):
            some = sorted(items[at : at + self._batch * _BUCKET], key=_size)
            batches = [some[i : i + self._batch] for i in range(0, len(some), self._batch)]
            chance.shuffle(batches)
            found += batches
        return found

    def draw(self, chance: random.Random) -> list[Item]:
        """The items of an epoch, in any order."""
        items = list(islice(self._general_items(chance), self._mix.general))
        for some in filter(None, self._annotated):
            drawn = chance.choices(some, [example.weight for example in some], k=self._mix.annotated // 2)
            items += [Item(example.question, example.window) for example in drawn]
        chance.shuffle(items)
        return items

    def _general_items(self, chance: random.Random) -> Iterator[Item]:
        for example in chance.sample(self._general, len(self._general)):
            if self._groups and chance.random() < self._mix.across / (1 - self._mix.across):
                yield Item(*find_translation(self._groups, chance))
            if example.answerable and chance.random() < self._mix.near:
                passage = self._without(example, chance)
                if lacks(passage, example):
                    yield Item(example.question, crop(Window(passage), example.language, chance))
            if example.start == ANYWHERE:
                yield Item(example.question, example.window)
                continue
            window = crop(example.window, example.language, chance)
            yield Item(example.question, window)
            if example.answerable and chance.random() < self._mix.gaps:
                if (gap := without_answer(window)) and lacks(gap.text, example):
                    yield Item(example.question, gap)
                if other := without_sentence(window, chance):
                    yield Item(example.question, other)
            if chance.random() < self._mix.swaps and (question := self._swaps.swap(example, chance)):
                yield Item(question, Window(crop(example.window, example.language, chance).text))

    def _without(self, example: Example, chance: random.Random) -> str:
        if example.near and chance.random() < _FROM_NEAR:
            return chance.choice(example.near)
        return chance.choice(self._general).passage

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy of the span's ends, token 0 where there is none, and of whether there is one."""
        device = next(self.model.parameters()).device
        ids, mask, allowed, first, last, answers = (torch.from_numpy(part).to(device) for part in batch)
        span, relevance = self.model(ids.long(), mask)
        span = span.masked_fill(~allowed[..., None], -1e4)
        placed = max(1, int((batch.first != UNPLACED).sum()))
        ends = sum(
            F.cross_entropy(span[..., side], wanted, ignore_index=UNPLACED, reduction="sum")
            for side, wanted in enumerate((first, last))
        )
        return {
            "span": torch.as_tensor(ends) / (2 * placed),
            "relevance": RELEVANCE * F.binary_cross_entropy_with_logits(relevance, answers),
        }


def encode(tokenizer: PreTrainedTokenizerBase, items: Sequence[Item], length: int) -> Batch:
    """Items as a batch. An answer that ``length`` tokens have no room for counts as none."""
    encoded = tokenizer(
        [item.question[:QUESTION_CHARS] for item in items],
        [item.window.text for item in items],
        truncation="only_second",
        max_length=length,
        padding="longest",
        return_offsets_mapping=True,
        return_tensors="np",
    )
    rows = range(len(items))
    inside = np.array([[part == 1 for part in encoded.sequence_ids(row)] for row in rows])
    spans = [_token_span(items[row].window, inside[row], encoded["offset_mapping"][row]) for row in rows]
    first, last = np.array(spans, np.int64).T.copy()
    allowed = inside.copy()
    allowed[:, 0] = True
    ids, mask = encoded["input_ids"].astype(np.int32), encoded["attention_mask"].astype(bool)
    return Batch(ids, mask, allowed, first, last, (first != 0).astype(np.float32))


def _token_span(window: Window, inside: NDArray[np.bool_], offsets: NDArray[np.int64]) -> tuple[int, int]:
    """The first and last token of the answer; token 0 twice where there is none, or where it is cut off."""
    if window.start == ANYWHERE:
        return UNPLACED, UNPLACED
    if window.start < 0 or not inside.any() or offsets[inside][-1, 1] < window.end:
        return 0, 0
    hit = np.flatnonzero(inside & (offsets[:, 1] > window.start) & (offsets[:, 0] < window.end))
    return (int(hit[0]), int(hit[-1])) if len(hit) else (0, 0)


def _size(item: Item) -> int:
    return len(item.question.encode()) + len(item.window.text.encode())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("examples", type=Path, nargs="+", metavar="EXAMPLES.jsonl")
    parser.add_argument("--parallel", type=Path)
    add_options(parser, rate=6e-4, batch=24, rank=32, first_layer=4)
    parser.add_argument("--length", type=int, default=224, help="tokens of question and passage")
    parser.add_argument("--dropout", type=float, default=0.0)
    for name, value in asdict(Mix()).items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    return parser


def main() -> None:
    options = _parser().parse_args()
    mix = Mix(**{name: getattr(options, name) for name in asdict(Mix())})
    with telling_errors():
        examples = read_examples(options.examples)
        groups = translations(read_lines(options.parallel)) if options.parallel else []
        folder = encoder_folder()
        model = Reader(folder, options.rank, options.first_layer, options.seed, options.dropout)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        task = ReaderTask(model, tokenizer, examples, groups, mix, options.batch, options.length, options.seed)
        settings = {**asdict(mix), "examples": len(examples), "groups": len(groups)}
        settings |= {"length": options.length, "dropout": options.dropout}
        run(task, options, settings, WARM_UP)


if __name__ == "__main__":
    main()
