"""Train the alignment: a sentence and its translation get similar vectors, and English stays where it is.

    python -m training.alignment EXAMPLES.jsonl --parallel PARALLEL.jsonl.xz --pairs PAIRS.jsonl.xz
                                 --out CHECKPOINT --minutes 45 [--start WEIGHTS.safetensors]

``EXAMPLES`` are what ``training.examples`` wrote. The same command resumes from ``CHECKPOINT``. The loss of a step is
the sum of three:

- *meet*: an English sentence finds its translation, and the reverse; the negatives are sentences of both languages, so
  that the language alone gives nothing away (InfoNCE, van den Oord et al. 2018).
- *stay*: the English vectors stay near those of the encoder without adapters (Reimers and Gurevych 2020, "Making
  Monolingual Sentence Embeddings Multilingual using Knowledge Distillation").
- *find*: a question finds the passage that answers it, among others that include near ones without the answer.

Long training degrades the encoder: judge by question sets that are not trained on, and keep runs short.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from askcorpus.embedding.bundled_model import PROMPTS
from training.command import telling_errors
from training.examples import Example, read_examples
from training.folder import encoder_folder
from training.loop import add_options, run
from training.model import Aligner
from training.pairs import Group, translations
from training.sources import Line, read_lines

COMMON = frozenset(
    ("ar", "de", "el", "es", "fa", "fr", "he", "hi", "id", "it", "ja", "ko")
    + ("nl", "pl", "pt", "ro", "ru", "sv", "th", "tr", "uk", "vi", "zh")
)
"""Languages that are drawn more often, as they will be asked in more often."""

WARM_UP = 40
TEMPERATURE = 0.03
STAY = 10.0
FIND = 0.5
"""What the losses count beside that of meeting."""

EPOCH = 100
"""Steps that are drawn together."""

PASSAGE_CHARS = 600
_GROUPS = 5
_SENTENCE_TOKENS, _QUESTION_TOKENS, _PASSAGE_TOKENS = 64, 48, 128
_ACROSS, _WITHIN = 0.25, 0.55
"""The shares of steps whose questions are in another language than their passage, and in the same; else `pairs`."""


class Batch(NamedTuple):
    """The texts of a step, with their prompts: ``other[i]`` translates ``english[i]``, ``passages[i]`` answers
    ``questions[i]``; passages beyond that answer none."""

    english: list[str]
    other: list[str]
    questions: list[str]
    passages: list[str]


class Sentences:
    """Groups of English sentences with their translations, drawn evenly enough that small languages count."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._groups: list[Group] = []
        self._weights: list[float] = []
        by_language: dict[str, list[Line]] = defaultdict(list)
        for line in lines:
            if line["lang_a"] == "en":
                by_language[line["lang_b"]].append(line)
        for language, of_language in sorted(by_language.items()):
            for group in translations(of_language, fewest=60, shortest=8):
                self._groups.append(group)
                self._weights.append(min(len(group), 1500) ** 0.5 * (2.5 if language in COMMON else 1.0))

    def __len__(self) -> int:
        return len(self._groups)

    def draw(self, count: int, chance: random.Random) -> dict[str, str]:
        """English sentences, no two the same, and the translation of each: some ``count``, of a few groups."""
        groups = chance.choices(self._groups, self._weights, k=_GROUPS)
        return {pair.one: pair.other for group in groups for pair in chance.sample(group, count // _GROUPS)}


class Questions:
    """Questions with passages, drawn across languages, language by language, or of headlines and sentences."""

    def __init__(self, examples: Sequence[Example], pairs: Sequence[Line]) -> None:
        usable = [example for example in examples if example.answerable and example.near and not example.weight]
        self._across = [
            example
            for example in usable
            if example.asked_in != example.language and example.asked_in in COMMON | {"en"}
        ]
        by_language: dict[str, list[Example]] = defaultdict(list)
        for example in usable:
            by_language[example.language].append(example)
        self._by_language = list(by_language.values())
        self._pairs = [pair for pair in pairs if not pair["source"].startswith("boolq")]

    def draw(self, count: int, chance: random.Random) -> tuple[list[str], list[str]]:
        """Questions, and their passages followed by some that answer none."""
        kind = chance.random()
        if kind >= _ACROSS + _WITHIN and len(self._pairs) >= count:
            pairs = chance.sample(self._pairs, count)
            return [pair["query"] for pair in pairs], [pair["passage"][:PASSAGE_CHARS] for pair in pairs]
        if kind < _ACROSS and len(self._across) >= count:
            drawn = chance.sample(self._across, count)
        else:
            weights = [len(examples) ** 0.5 for examples in self._by_language]
            languages = chance.choices(self._by_language, weights, k=3)
            drawn = [chance.choice(languages[i % 3]) for i in range(count)]
        examples = list({example.question: example for example in drawn}.values())
        near = [chance.choice(example.near) for example in examples]
        return [example.question for example in examples], [*(example.passage for example in examples), *near]


class AlignmentTask:
    """The alignment's training: batches drawn from sentences and questions, the three losses."""

    def __init__(
        self,
        model: Aligner,
        tokenizer: PreTrainedTokenizerBase,
        sentences: Sentences,
        questions: Questions,
        translated: int = 45,
        batch: int = 10,
        seed: int = 0,
    ) -> None:
        self.model = model
        self._tokenizer = tokenizer
        self._sentences, self._questions = sentences, questions
        self._translated, self._batch, self._seed = translated, batch, seed

    def epoch(self, number: int) -> list[Batch]:
        """The batches of an epoch."""
        chance = random.Random(f"{self._seed} {number}")
        return [self._draw(chance) for _ in range(EPOCH)]

    def _draw(self, chance: random.Random) -> Batch:
        drawn = self._sentences.draw(self._translated, chance)
        prompts = (PROMPTS["query"], PROMPTS["passage"])
        english, other = ([chance.choice(prompts) + text for text in texts] for texts in (drawn, drawn.values()))
        questions, passages = self._questions.draw(self._batch, chance)
        return Batch(
            english,
            other,
            [PROMPTS["query"] + text for text in questions],
            [PROMPTS["passage"] + text for text in passages],
        )

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The three losses, each as it counts."""
        english = self._embed(batch.english, _SENTENCE_TOKENS)
        other = self._embed(batch.other, _SENTENCE_TOKENS)
        with self.model.frozen():
            before = self._embed(batch.english, _SENTENCE_TOKENS)
        questions = self._embed(batch.questions, _QUESTION_TOKENS)
        passages = self._embed(batch.passages, _PASSAGE_TOKENS)
        return {
            "meet": (_meet(other, english) + _meet(english, other)) / 2,
            "stay": STAY * (1 - (english * before).sum(1)).mean(),
            "find": FIND * _find(_similarities(questions, passages)),
        }

    def _embed(self, texts: list[str], length: int) -> Tensor:
        given = self._tokenizer(texts, truncation=True, max_length=length, padding="longest", return_tensors="pt")
        vectors: Tensor = self.model(given["input_ids"], given["attention_mask"])
        return vectors


def _meet(some: Tensor, translated: Tensor) -> Tensor:
    """Each of ``some`` (n, 384) is to find its row of ``translated`` among those, and among ``some`` but itself."""
    itself = -1e4 * torch.eye(len(some))
    return _find(torch.cat([_similarities(some, translated), _similarities(some, some) + itself], 1))


def _similarities(some: Tensor, others: Tensor) -> Tensor:
    """Cosines (n, m), in full precision: the temperature makes much of a little."""
    with torch.autocast("cpu", enabled=False):
        return some @ others.T


def _find(similarities: Tensor) -> Tensor:
    """InfoNCE: row i of (n, m) is to be highest in column i."""
    return F.cross_entropy(similarities / TEMPERATURE, torch.arange(len(similarities)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("examples", type=Path, nargs="+", metavar="EXAMPLES.jsonl")
    parser.add_argument("--parallel", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--translated", type=int, default=45, help="sentences a step; --batch counts its questions")
    add_options(parser, rate=5e-4, batch=10, rank=16, first_layer=2)
    return parser


def main() -> None:
    options = _parser().parse_args()
    with telling_errors():
        examples = read_examples(options.examples)
        sentences = Sentences(list(read_lines(options.parallel)))
        questions = Questions(examples, list(read_lines(options.pairs)))
        folder = encoder_folder()
        model = Aligner(folder, options.rank, options.first_layer, options.seed)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        task = AlignmentTask(model, tokenizer, sentences, questions, options.translated, options.batch, options.seed)
        run(
            task,
            options,
            {"translated": options.translated, "examples": len(examples), "groups": len(sentences)},
            WARM_UP,
        )


if __name__ == "__main__":
    main()
