"""Near-duplicates: passages that say the same in nearly the same words are shown once."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from askcorpus.index.stories import runs_of
from askcorpus.search.candidates import Candidate
from askcorpus.text.words import words
from askcorpus.tuning import TUNING, Tuning
from askcorpus.types import Copy

WITHIN = 0.6
"""Of two documents that tell the same story, which may be cut at other places, this share of the shorter passage's runs
in the longer one is enough."""

_DATELINE = re.compile(r"[^\n–—]{0,120}?[–—]\s")

Copies = Callable[[Sequence[str]], Mapping[str, tuple[Copy, ...]]]
"""The documents that tell the same story as some, by the id of each of these that has any."""


class _Said:
    """What is compared of a passage."""

    def __init__(self, candidate: Candidate) -> None:
        text = candidate.hit.text
        if candidate.hit.start == 0:
            text = _DATELINE.sub("", text, count=1)  # its day is that of the paper
        found = words(text)
        self.document_id, self.passage_id = candidate.hit.document_id, candidate.hit.passage_id
        self.runs = runs_of(found)
        self.numbers = {word for word in found if word.isdecimal()}

    def is_copy_of(self, other: "_Said", copies: Copies, tuning: Tuning) -> bool:
        """Whether it adds nothing to the other; a figure that the other lacks is an addition."""
        shared, least = len(self.runs & other.runs), min(len(self.runs), len(other.runs))
        if not least or not self.numbers <= other.numbers:
            return False
        if shared >= tuning.same_story * len(self.runs | other.runs):
            return True
        return shared >= WITHIN * least and any(
            copy.document_id == other.document_id for copy in copies([self.document_id]).get(self.document_id, ())
        )


def collapse(ranked: Iterable[Candidate], limit: int, copies: Copies, tuning: Tuning = TUNING) -> list[Candidate]:
    """The first ``limit`` passages that are not near-copies of a better one; copies are listed on the one they copy.

    ``copies`` is called for few documents at a time, because one story may be told by thousands.
    """
    kept: list[tuple[Candidate, _Said]] = []
    found: dict[str, list[str]] = {}
    for candidate in ranked:
        said = _Said(candidate)
        original = next((own.passage_id for _, own in kept if said.is_copy_of(own, copies, tuning)), None)
        if original is not None:
            found.setdefault(original, []).append(said.passage_id)
        elif len(kept) == limit:
            break
        else:
            kept.append((candidate, said))
    listed = copies([said.document_id for _, said in kept])
    return [
        candidate._replace(
            hit=candidate.hit.model_copy(
                update={
                    "duplicates": tuple(found.get(said.passage_id, ())),
                    "copies": listed.get(said.document_id, ()),
                }
            )
        )
        for candidate, said in kept
    ]
