"""Overviews: are names that documents have answered with sentences on them, and names that none has with none?

    python bench/overviews.py SETS --work DIR [--only NAME …] [--subjects 40] [--questions]

``SETS`` holds one folder a set, each with ``corpus.jsonl`` and ``questions.jsonl``; indexes are kept in ``WORK``, as by
``bench/quality.py``. Names are drawn from the documents: capitalised words within sentences that several documents
have, and countries; as many of several words stand in other sets only, and as many are invented. Each is asked of in
the words of ``askcorpus eval probe``, half of them in the name's own language and half in any, and alone. *Right* is an
overview whose every cited passage, or its title, has the name's words or their first letters; *beside* it is any other,
and any of a name that no document has.

``--questions`` also reads all questions of the sets: how many are taken for a request of an overview, and for what.
"""

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import regex
from question_sets import opened, set_folders

from askcorpus.search.countries import country_names
from askcorpus.search.subject import subject_of
from askcorpus.text.lexicon import languages
from askcorpus.types import Answer, Document
from askcorpus_eval.metrics.wilson import share_interval
from askcorpus_eval.probe_words import ASKING, invent
from askcorpus_eval.questions import read_questions

_NAME = regex.compile(
    r"(?<=[\p{Ll},] )(?:\p{Lu}[\p{L}\p{M}'’-]{3,}|\p{Lu}{3,})(?: \p{Lu}[\p{L}\p{M}'’-]{2,}){0,2}(?![\p{L}\p{M}'’-])"
)
_NOT_TELLING = regex.compile(r"[\s'’-]+")
BEGINNING = 5
"""Letters of a word that a passage has, be it inflected or in another language."""

SEVERAL = 2
"""Documents that have a name, for it to be drawn."""


class Asked(NamedTuple):
    """A question on a name; ``kind`` is what is to be expected of it."""

    kind: str
    name: str
    question: str


def names_in(documents: Sequence[Document]) -> dict[str, list[str]]:
    """The names that several documents have, by language."""
    held: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for document in documents:
        found = {match[0] for match in _NAME.finditer(document.text)}
        usual = [names[0] for names in country_names(document.language).values() if names]
        found |= {name for name in usual if name in document.text and (len(name) > 3 or not name.isascii())}
        for name in found:
            held[document.language, name].add(document.id)
    by_language: defaultdict[str, list[str]] = defaultdict(list)
    for (language, name), ids in sorted(held.items()):
        if len(ids) >= SEVERAL:
            by_language[language].append(name)
    return dict(by_language)


def asked(documents: Sequence[Document], strangers: Sequence[str], number: int, lot: random.Random) -> Iterator[Asked]:
    """The questions on one corpus: half of each kind in the words of a language drawn by lot."""
    names = names_in(documents)
    text = "\n".join(f"{one.title}\n{one.text}" for one in documents).casefold()
    absent = [
        name
        for name in strangers
        if " " in name and not any(part.casefold() in text for part in _NOT_TELLING.split(name) if len(part) > 3)
    ]
    speaking = [language for language in ASKING if language in languages() and languages()[language].overview.asks]
    for turn in range(number):
        language = sorted(names)[turn % len(names)]
        words = language if language in speaking and turn % 2 else lot.choice(speaking)
        present = lot.choice(names[language])
        invented = invent(present, lot)
        for kind, name in (("named", present), ("of other sets", lot.choice(absent)), ("invented", invented)):
            yield Asked(kind, name, ASKING[words].about.format(name))
            yield Asked(f"{kind}, alone", name, name)


def outcome(one: Asked, answer: Answer) -> str:
    """``right``, ``beside`` (a passage is cited that does not have the name), ``silent``, or ``fact`` (answered as a
    question)."""
    if not answer.answerable:
        return "silent"
    if answer.kind != "overview":
        return "fact"
    texts = {hit.passage_id: f"{hit.title}\n{hit.text}".casefold() for hit in answer.passages}
    cited = [texts.get(citation.passage_id, citation.quote.casefold()) for citation in answer.citations]
    name = one.name.casefold()
    parts = [part[:BEGINNING] for part in _NOT_TELLING.split(name) if len(part) > 3] or [name]
    has = all(part in text for text in cited for part in parts)
    return "right" if has and one.kind.startswith("named") else "beside"


def share(count: int, total: int) -> str:
    low, high = share_interval(count, total)
    return f"{count} of {total} ({low:.2f}–{high:.2f})"


def show(counts: Mapping[str, Counter[str]]) -> None:
    """The table of what came of each kind of name so far."""
    print("| names | overview, each passage has the name | one has not | answered as a question | silent |")
    print("|---|---|---|---|---|")
    for kind, found in counts.items():
        cells = [share(found[one], found.total()) for one in ("right", "beside", "fact", "silent")]
        print(f"| {kind} | {' | '.join(cells)} |", flush=True)


def read_all(folders: Sequence[Path]) -> None:
    """What of the sets' own questions is taken for a request of an overview."""
    total, taken = 0, Counter[str]()
    for folder in folders:
        for question in read_questions(folder / "questions.jsonl").questions:
            total += 1
            if subject := subject_of(question.question):
                taken["alone" if subject.bare else "asked"] += 1
                print(folder.name, "|", question.question, "|", subject.text)
    print(f"{total} questions, taken for an overview: {dict(taken)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--only", nargs="*", metavar="NAME")
    parser.add_argument("--subjects", type=int, default=40)
    parser.add_argument("--questions", action="store_true")
    options = parser.parse_args()
    folders = set_folders(options.sets, options.only)
    if options.questions:
        read_all(folders)
    lot, counts = random.Random(12), defaultdict[str, Counter[str]](Counter)
    with ExitStack() as stack:
        assistants = {folder.name: stack.enter_context(opened(folder, options.work)) for folder in folders}
        corpora = {name: assistant.store.documents() for name, assistant in assistants.items()}
        drawn = {
            name: [one for some in names_in(documents).values() for one in some] for name, documents in corpora.items()
        }
        for name, assistant in assistants.items():
            strangers = [one for other, some in drawn.items() if other != name for one in some]
            for one in asked(corpora[name], strangers, options.subjects, lot):
                found = outcome(one, assistant.ask(one.question))
                counts[one.kind][found] += 1
                if found in ("beside", "fact") or found != ("right" if one.kind.startswith("named") else "silent"):
                    print(name, one.kind, found, "|", one.question, "|", one.name, flush=True)
            print(name)
            show(counts)


if __name__ == "__main__":
    main()
