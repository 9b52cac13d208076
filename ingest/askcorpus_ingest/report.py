"""What an ingest run reports: how many documents it took, and what it could not take."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from askcorpus_ingest.files import Failure, PassedOver


class Report(NamedTuple):
    """What a run did (or, dry, would do): counts of documents, and what failed.

    ``moved`` are those of the unchanged whose file is elsewhere now; ``missing`` those that are kept although their
    file, or their record in it, is gone; ``undated`` those without a date among all that the files hold; ``withheld``
    those that stay out because they were removed by hand. ``elsewhere`` are files outside of the paths that are gone
    and whose documents are kept. ``skipped`` files were passed over: those of kinds we do not read (``passed_over``,
    with those that are packed into others), and ``question_sets``, which are for `askcorpus eval`. ``doubted`` is what
    the files that were read say of their documents and was not believed, and what `metadata.csv` says of files that are
    not there. ``unreadable`` are the origins of new or changed documents in a script that the model cannot read.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    moved: int = 0
    removed: int = 0
    missing: int = 0
    undated: int = 0
    withheld: int = 0
    failed: tuple[Failure, ...] = ()
    elsewhere: tuple[str, ...] = ()
    skipped: int = 0
    question_sets: tuple[Path, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    unreadable: tuple[str, ...] = ()
    doubted: tuple[Failure, ...] = ()


Tell = Callable[[Report], None]
"""Is told what a run has written so far."""


class Tally:
    """What a run has done and found so far."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.failures: list[Failure] = []
        self.passed_over: list[PassedOver] = []
        self.unreadable: list[str] = []
        self.doubted: list[Failure] = []
        self.question_sets: list[Path] = []
        self.elsewhere: tuple[str, ...] = ()

    def report(self) -> Report:
        """The same as a report."""
        return Report(
            **self.counts,
            failed=tuple(self.failures),
            elsewhere=self.elsewhere,
            question_sets=tuple(self.question_sets),
            passed_over=tuple(self.passed_over),
            unreadable=tuple(self.unreadable),
            doubted=tuple(self.doubted),
        )
