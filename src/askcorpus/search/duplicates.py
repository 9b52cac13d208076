"""The same story twice: passages that say one thing in nearly the same words are shown once."""

from collections.abc import Iterable

from askcorpus.search.candidates import Candidate
from askcorpus.text.words import words
from askcorpus.tuning import TUNING, Tuning

SHINGLE = 4
"""Words of a run by which passages are compared."""


def collapse(ranked: Iterable[Candidate], limit: int, tuning: Tuning = TUNING) -> list[Candidate]:
    """The first ``limit`` passages that are no near-copies of a better one; copies are listed on the one they copy."""
    kept: list[tuple[Candidate, frozenset[tuple[str, ...]]]] = []
    copies: dict[str, list[str]] = {}
    for candidate in ranked:
        shingles = _shingles(candidate.hit.text)
        original = next((k.hit.passage_id for k, own in kept if _jaccard(shingles, own) >= tuning.same_story), None)
        if original is not None:
            copies.setdefault(original, []).append(candidate.hit.passage_id)
        elif len(kept) == limit:
            break
        else:
            kept.append((candidate, shingles))
    return [
        candidate._replace(
            hit=candidate.hit.model_copy(update={"duplicates": tuple(copies.get(candidate.hit.passage_id, ()))})
        )
        for candidate, _ in kept
    ]


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    found = words(text)
    return frozenset(tuple(found[i : i + SHINGLE]) for i in range(max(1, len(found) - SHINGLE + 1)))


def _jaccard(left: frozenset[tuple[str, ...]], right: frozenset[tuple[str, ...]]) -> float:
    return len(left & right) / len(left | right) if left or right else 0.0
