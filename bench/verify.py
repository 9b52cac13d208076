"""How many planted quotations `askcorpus verify` finds, and how many true ones it accuses, per language.

    python bench/verify.py

Over the sample corpus and the quotations of ``tests/planted.py``. Recall is the share of planted quotations whose
verdict is not ``exact``, precision the share of planted ones among all whose verdict is not; a quotation that is taken
for no claim counts as missed, or as not accused. Below: how many clauses of the corpus, quoted alone, are held to be
curtailed; ``--clauses`` lists them with the words beside them.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import regex

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from askcorpus.assistant import Assistant  # noqa: E402
from askcorpus.embedding.embeddings import SentenceEmbeddings  # noqa: E402
from askcorpus.text.lexicon import whole_words_in  # noqa: E402
from askcorpus.text.sentences import split_sentences  # noqa: E402
from askcorpus.types import Document  # noqa: E402
from askcorpus.verify.surroundings import turned_by  # noqa: E402
from asking import open_over  # noqa: E402
from planted import Planted, planted_quotations, true_quotations, turned_documents  # noqa: E402

SHORTEST = 12
"""Characters of a clause."""


def accused(assistant: Assistant, quotations: Iterable[Planted]) -> Iterator[tuple[Planted, bool]]:
    """Each quotation, and whether its own claim is not exact."""
    for one in quotations:
        claims = assistant.verify(one.text).claims
        yield one, bool(claims) and claims[0].verdict != "exact"


def curtailed_clauses(documents: Iterable[Document]) -> Iterator[tuple[Document, str, str]]:
    """Stretches between signs of punctuation or an "…that", with the words beside them that turn them, "" where there
    are none."""
    for document in documents:
        for span in split_sentences(document.text, document.language):
            starts = [span.start]
            for edge in (*_edge(document.language).finditer(document.text, span.start, span.end), None):
                start, end = starts[-1], edge.start() if edge else span.end
                clause = document.text[start:end].rstrip(".。!?؟ \n")
                if len(clause) >= SHORTEST:
                    yield document, clause, turned_by(document, start, start + len(clause))
                starts += [edge.end()] if edge else []


@cache
def _edge(language: str) -> "regex.Pattern[str]":
    that = whole_words_in(language, lambda one: one.quoting.that)
    return regex.compile(rf"\s*(?:[,;:，、；،–—()\"“”«»„]|(?:{that})['’]?)\s*", regex.IGNORECASE)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clauses", action="store_true")
    arguments = parser.parse_args()
    files = sorted((ROOT / "corpus" / "articles").glob("*.txt"))
    texts = {file.stem: file.read_text(encoding="utf-8") for file in files}
    with (
        TemporaryDirectory() as folder,
        open_over(Path(folder), SentenceEmbeddings(), texts | turned_documents()) as assistant,
    ):
        documents = assistant.store.documents()
        true, planted = Counter[str](), Counter[str]()
        wrongly, rightly = Counter[str](), Counter[str]()
        for one, is_accused in accused(assistant, true_quotations(documents)):
            true[one.language] += 1
            wrongly[one.language] += is_accused
        for one, is_accused in accused(assistant, planted_quotations(documents)):
            planted[one.language or "–"] += 1
            rightly[one.language or "–"] += is_accused
        print("language  true  accused  planted  found  precision  recall")
        for language in sorted(true | planted):
            hits, misses = rightly[language], wrongly[language]
            precision = f"{hits / (hits + misses):.3f}" if hits + misses else "–"
            recall = f"{hits / planted[language]:.3f}" if planted[language] else "–"
            print(
                f"{language:8}  {true[language]:4}  {misses:7}  {planted[language]:7}  {hits:5}"
                f"  {precision:>9}  {recall:>6}"
            )
        clauses = [one for one in curtailed_clauses(documents) if "turned" not in one[0].origin]
        turned = [one for one in clauses if one[2]]
        print(f"clauses quoted alone: {len(clauses)}, held to be curtailed: {len(turned)}")
        for document, clause, words in turned if arguments.clauses else ():
            print(f"{document.language}: {clause} — {words}")


if __name__ == "__main__":
    main()
