"""What each number by which a language model's sentences find their quotes is worth, on MEMERAG or a set of its layout.

    python bench/attribution.py FOLDER [--limit N] [--numbers NAME …]

``FOLDER`` is as in ``bench/judge_agreement.py``. Every sentence that people decided on is attributed to the passages
that its model was shown (``askcorpus.answer.attribution``): people and the check agree when it finds a quote for what
they hold to be supported, and none for what they do not. Per value of a number (see ``askcorpus.tuning``), first as it
ships, then off, halved and doubled: the balanced accuracy (0.5 is chance) in each language, and their mean; and the
share of supported and of unsupported sentences that find a quote.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from judge_agreement import LABELS, hits, read_rows
from numpy.typing import NDArray

from askcorpus.answer.attribution import attribute_reply
from askcorpus.embedding.embeddings import SentenceEmbeddings, load_embeddings
from askcorpus.settings import read_settings
from askcorpus.tuning import TUNING, Tuning
from askcorpus.types import Hit

VALUES: dict[str, tuple[Any, ...]] = {
    "min_coverage": (0.0, 0.25, 0.75, 1.1),
    "min_support": (0.0, 0.84, 0.92, 2.0),
    "second_sentence_gain": (0.0, 0.1, 0.4, 1.1),
    "small_number": (0, 6, 24, 10**9),
}


class Said(NamedTuple):
    """A sentence of a model, the passages that it was shown, and whether people hold it to be supported."""

    language: str
    text: str
    shown: list[Hit]
    supported: bool


class Similarities:
    """Cosine similarities of texts, each of which is embedded once."""

    def __init__(self, embeddings: SentenceEmbeddings) -> None:
        self._embeddings = embeddings
        self._known: dict[str, NDArray[np.float32]] = {}

    def __call__(self, first: Sequence[str], second: Sequence[str]) -> NDArray[np.float32]:
        """(number of first, number of second)."""
        if new := [text for text in dict.fromkeys((*first, *second)) if text not in self._known]:
            self._known |= zip(new, self._embeddings.embed_sentences(new), strict=True)
        one, other = (np.array([self._known[text] for text in texts]) for texts in (first, second))
        return np.asarray(one @ other.T, np.float32)


def sentences(folder: Path, limit: int | None) -> list[Said]:
    """Those that people decided on, in the set's order."""
    corpus: dict[str, dict[str, Any]] = {row["doc_id"]: row for row in read_rows(folder / "corpus.jsonl")}
    return [
        Said(row["lang"], one["sentence"].strip(), hits(row, corpus), LABELS[one["factuality"]])
        for row in read_rows(folder / "questions.jsonl")
        for one in row["system_answer"]
        if one["factuality"] in LABELS
    ][:limit]


def is_quoted(said: Said, similarity: Similarities, tuning: Tuning) -> bool:
    """Whether a passage is found to support it."""
    reply = said.text + "".join(f" [{number}]" for number in range(1, len(said.shown) + 1))
    return bool(attribute_reply(reply, said.shown, similarity, said.language, tuning).quotes)


def line(name: str, asked: Sequence[Said], similarity: Similarities, tuning: Tuning) -> str:
    """A row of the table."""
    quoted = [is_quoted(said, similarity, tuning) for said in asked]
    accuracies = []
    for language in sorted({said.language for said in asked}):
        own = [(q, said.supported) for q, said in zip(quoted, asked, strict=True) if said.language == language]
        accuracies.append((_share(own, True) + 1 - _share(own, False)) / 2)
    everything = [(q, said.supported) for q, said in zip(quoted, asked, strict=True)]
    cells = [*accuracies, float(np.mean(accuracies)), _share(everything, True), _share(everything, False)]
    return f"| {name} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |"


def _share(pairs: Sequence[tuple[bool, bool]], supported: bool) -> float:
    """How many of these find a quote."""
    found = [quoted for quoted, label in pairs if label == supported]
    return float(np.mean(found)) if found else float("nan")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--numbers", nargs="*", default=list(VALUES), choices=list(VALUES), metavar="NAME")
    options = parser.parse_args()
    asked, similarity = sentences(options.folder, options.limit), Similarities(load_embeddings(read_settings()))
    languages = sorted({said.language for said in asked})
    print("|", " | ".join(["number", *languages, "mean", "supported quoted", "unsupported quoted"]), "|")
    print("|---" * (len(languages) + 4) + "|")
    print(line("what ships", asked, similarity, TUNING), flush=True)
    for name in options.numbers:
        for value in VALUES[name]:
            print(line(f"`{name}` {value:g}", asked, similarity, replace(TUNING, **{name: value})), flush=True)


if __name__ == "__main__":
    main()
