"""Training examples from lines of data: a question, a window of its paragraph, and near windows that lack the answer.

    python -m training.examples DATA OUT.jsonl

``DATA`` holds ``train*.jsonl.xz``, and may hold ``pairs.jsonl.xz``. A paragraph is cut into windows of a few sentences,
of random length, and the example is the window with the answer. It comes with up to four windows of other paragraphs of
its source that share the most words with the question and do not have the answer: a reader learns little from passages
on other subjects.

If people wrote questions that their paragraph does not answer, the example is the window nearest to the question, and
is never cropped again (``weight`` is above zero), because cropping may turn a near miss into a plain one. The answered
questions of these sources appear a second time in the same form, so that the form gives nothing away.

A question with a passage (``pairs.jsonl.xz``) is an example whose answer is `ANYWHERE` in it: the passage is taken as
it is, up to a few hundred characters. Headlines, which ask nothing, are left to the alignment.

You can add examples of your own in the same form: ``training.reader`` accepts several files.
"""

import argparse
import json
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from askcorpus.errors import ReadError, UsageError
from training.command import telling_errors
from training.sources import Line, json_lines, read_lines, require
from training.windows import ANYWHERE, DENSE, LONGEST_SPAN, Window, around, windows

PRESUMED = "+neg"
"""What names of sources end in whose unanswerable questions nobody wrote: another paragraph was put to a question."""

HEADLINES = ("headline", "title")
"""What names of sources end in whose questions are none."""

MOST_LINES = 9000
"""Of one source and language: none is to outweigh the rest. Some are held lower:"""

MOST_LINES_OF = {
    ("amqa", "am"): 800,
    ("cmrc2018_dev", "zh"): 2000,
    ("cmrc2018_train", "zh"): 7000,
    ("drcd_dev", "zh"): 3000,
    ("drcd_test", "zh"): 2000,
    ("idk_mrc", "id"): 7000,
    ("jaquad_ja", "ja"): 5000,
    ("norquad_no", "no"): 4000,
    ("pquad", "fa"): 7000,
    ("squadshifts_amazon", "en"): 6000,
    ("squadshifts_reddit", "en"): 6000,
    ("tydiqa_goldp_train", "sw"): 1500,
}

ANNOTATED_WEIGHTS = {
    "squad2": (1.5, 4.0),
    "timeqa": (1.5, 4.0),
    "omos": (1.5, 2.0),
    "heq": (1.5, 2.0),
    "poquad": (0.6, 2.0),
}
"""How often a question is drawn, answerable and not, by the beginning of its source: the small sources more often."""

OTHER_WEIGHTS = (0.6, 1.0)

_LONGEST_PASSAGE = 900
_LONGEST_PASSAGE_DENSE = 400
LONGEST_CONTEXT = 20_000
LONGEST_ANNOTATED = 6_000
MOST_WINDOWS = 12_000
"""Of one source and language, among which near ones are looked for."""

NEAR = 4
_UNSPACED = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\u0e00-\u0e7f]")


@dataclass(frozen=True, slots=True)
class Example:
    """A question and a passage. ``passage[start:end]`` answers; both are -1 where it does not, and `ANYWHERE` where it
    does and nobody says at which place.

    ``golds`` are all the answers known, ``near`` passages without them. A ``weight`` of zero stands for an example that
    may be cropped and swapped; above zero it is taken as it is, and says how often.
    """

    question: str
    passage: str
    start: int
    end: int
    language: str
    asked_in: str
    source: str
    licence: str
    golds: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    weight: float = 0.0

    @property
    def answerable(self) -> bool:
        """Whether the passage answers."""
        return self.start != -1

    @property
    def window(self) -> Window:
        """The passage with its answer."""
        return Window(self.passage, self.start, self.end)


def read_examples(paths: Iterable[Path]) -> list[Example]:
    """Examples that this program wrote, or others in their form.

    Raises:
        ReadError: a file cannot be read, or an answer is not at its place.
        UsageError: a source may not be trained on.
    """
    return [
        _example(path, line) for path in paths for line in json_lines(path, "Make it with: python -m training.examples")
    ]


def _example(path: Path, line: Line) -> Example:
    try:
        # A window is near to many questions: each is kept once.
        near = tuple(sys.intern(text) for text in line["near"])
        line |= {"passage": sys.intern(line["passage"]), "golds": tuple(line["golds"]), "near": near}
        example = Example(**line)
    except (KeyError, TypeError) as exc:
        raise ReadError(f"{path} holds a line that is no example: {exc}.") from exc
    require(example.source, example.licence)
    if (
        example.start != ANYWHERE
        and example.answerable
        and not 0 <= example.start < example.end <= len(example.passage)
    ):
        raise ReadError(f"{path}: an answer is not in its passage: {example.question}")
    return example


def make_examples(lines: Iterable[Line], seed: int = 0) -> Iterator[Example]:
    """All examples of some lines of data, source by source, the same ones for the same seed."""
    sources: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        sources[line["source"].removesuffix(PRESUMED), line["lang"]].append(line)
    for (source, language), of_source in sorted(sources.items()):
        chance = random.Random(f"{seed} {source} {language}")
        chance.shuffle(of_source)
        found = list(_cropped(of_source[: MOST_LINES_OF.get((source, language), MOST_LINES)], chance))
        if any(_is_written(line) for line in of_source):
            found += _annotated(of_source, chance)
        print(f"{source} {language}: {len(found)} examples", file=sys.stderr)
        yield from found


def make_passage_examples(lines: Iterable[Line], seed: int = 0) -> Iterator[Example]:
    """An example a question with its passage, source by source, near passages of the same source with it."""
    sources: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for line in lines:
        if line["source"].endswith(HEADLINES):
            continue
        passage = line["passage"][: _LONGEST_PASSAGE_DENSE if line["lang_d"] in DENSE else _LONGEST_PASSAGE]
        sources[line["source"], line["lang_d"]].append(
            Example(
                question=line["query"],
                passage=passage,
                start=ANYWHERE,
                end=ANYWHERE,
                language=line["lang_d"],
                asked_in=line["lang_q"],
                source=line["source"],
                licence=line["licence"],
            )
        )
    for (source, language), examples in sorted(sources.items()):
        random.Random(f"{seed} {source} {language}").shuffle(examples)
        some = examples[:MOST_LINES]
        print(f"{source} {language}: {len(some)} passages", file=sys.stderr)
        yield from with_near(some, list(dict.fromkeys(example.passage for example in some)))


def _is_written(line: Line) -> bool:
    """Whether people wrote this question to a paragraph that does not answer it."""
    return not line["answerable"] and not line["source"].endswith(PRESUMED)


def _cropped(lines: Sequence[Line], chance: random.Random) -> list[Example]:
    """An example a line, to be cropped later, with near windows where it is answerable."""
    examples, pool = [], []
    for line in lines:
        text = line["context"][:LONGEST_CONTEXT]
        limit = chance.choice((200, 300, 400) if line["lang"] in DENSE else (400, 600, 800, 900))
        spans = windows(text, limit)
        pool += [text[start:end] for start, end in spans[:6]]
        if not line["answerable"]:
            longest = max(spans, key=lambda span: span.end - span.start, default=None)
            examples.append(_made(line, Window(text[longest.start : longest.end] if longest else text)))
        elif answer := _answer(line, text, chance):
            examples.append(_made(line, around(text, *answer, spans, limit)))
    return with_near(examples, list(dict.fromkeys(pool))[:MOST_WINDOWS])


def _annotated(lines: Sequence[Line], chance: random.Random) -> Iterator[Example]:
    """An example a line, whole, of a source where people wrote unanswerable questions."""
    for line in lines:
        text = line["context"][:LONGEST_ANNOTATED]
        limit = chance.choice((500, 700, 900))
        spans = windows(text, limit)
        answered, unanswered = _weights(line["source"])
        if not line["answerable"] and spans:
            asked = set(terms(line["question"]))
            start, end = max(spans, key=lambda span: len(asked & set(terms(text[span.start : span.end]))))
            yield replace(_made(line, Window(text[start:end])), weight=unanswered)
        elif answer := _answer(line, text, chance):
            yield replace(_made(line, around(text, *answer, spans, limit)), weight=answered)


def _weights(source: str) -> tuple[float, float]:
    return next((both for name, both in ANNOTATED_WEIGHTS.items() if source.startswith(name)), OTHER_WEIGHTS)


def _answer(line: Line, text: str, chance: random.Random) -> tuple[int, int] | None:
    """Where one of the line's answers stands in the text; None where it is not there, or too long for a span."""
    if not line.get("answers"):
        return None
    answer = chance.choice(line["answers"])
    start = answer["answer_start"]
    end = start + len(answer["text"])
    return (start, end) if text[start:end] == answer["text"] and 0 < end - start <= LONGEST_SPAN else None


def _made(line: Line, window: Window) -> Example:
    return Example(
        question=line["question"],
        passage=window.text,
        start=window.start,
        end=window.end,
        language=line["lang"],
        asked_in=line["question_lang"],
        source=line["source"].removesuffix(PRESUMED),
        licence=line["licence"],
        golds=tuple(answer["text"] for answer in line.get("answers") or ()),
    )


def with_near(examples: Sequence[Example], pool: Sequence[str]) -> list[Example]:
    """The same examples, an answerable one with the passages of ``pool`` nearest to its question that lack its answer.

    Nearness is the cosine of tf-idf vectors (Salton and Buckley 1988); more than twenty passages must be there.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    answerable = [i for i, example in enumerate(examples) if example.answerable]
    found = list(examples)
    if len(pool) <= 20 or not answerable:
        return found
    vectors = TfidfVectorizer(analyzer=terms, sublinear_tf=True, max_df=0.5, dtype=np.float32)
    passages = vectors.fit_transform(pool)
    for at in range(0, len(answerable), 256):
        some = answerable[at : at + 256]
        scores = (vectors.transform([examples[i].question for i in some]) @ passages.T).tocsr()
        for row, i in enumerate(some):
            first, last = scores.indptr[row : row + 2]
            best = np.argsort(-scores.data[first:last], kind="stable")[:14]
            near = [pool[j] for j in scores.indices[first:last][best]]
            found[i] = replace(examples[i], near=tuple(text for text in near if lacks(text, examples[i]))[:NEAR])
    return found


def lacks(text: str, example: Example) -> bool:
    """Whether a passage is another than the example's, and has none of its answers."""
    lowered = text.lower()
    return text != example.passage and not any(gold.lower() in lowered for gold in example.golds)


def terms(text: str) -> list[str]:
    """What texts are compared by: the first six letters of each word, pairs of characters where no spaces are."""
    found: list[str] = []
    for word in re.findall(r"\w+", text.lower()):
        found += [word[i : i + 2] for i in range(len(word))] if _UNSPACED.search(word) else [word[:6]]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("out", type=Path, metavar="OUT.jsonl")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with telling_errors():
        files = sorted(options.data.glob("train*.jsonl*"))
        if not files:
            raise UsageError(f"{options.data} holds no train*.jsonl or .jsonl.xz.", "Name the folder of the data.")
        lines = (line for path in files for line in read_lines(path))
        pairs = (line for path in sorted(options.data.glob("pairs.jsonl*")) for line in read_lines(path))
        with options.out.open("w", encoding="utf-8") as out:
            for example in chain(make_examples(lines, options.seed), make_passage_examples(pairs, options.seed)):
                out.write(json.dumps(asdict(example), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
