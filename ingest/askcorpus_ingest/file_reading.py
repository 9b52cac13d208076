"""The reading of one file: what is known of the file, and what is found in it."""

from askcorpus.index.store import KnownFile
from askcorpus_ingest.files import Failure, PassedOver, SourceFile, origin_of
from askcorpus_ingest.readers.source import CHANGED, NO_MEMORY
from askcorpus_ingest.report import Tally

DOCUMENTS, QUESTIONS, OTHER = "documents", "questions", "other"
"""What a file holds."""

_PASSING = ("cannot be read: ", CHANGED, NO_MEMORY)
"""How reasons begin that may be gone the next time although the file is the same."""


class FileReading:
    """A file that is being read; what is wrong in it is told to the ``tally``, too."""

    def __init__(self, source: SourceFile, rules: str, known: KnownFile | None, tally: Tally) -> None:
        self.path, self.origin, self.readable = source.path, origin_of(source.path), source.readable
        self.stamp, self.rules, self.known = source.stamp, rules, known
        self.kind, self.sha256 = DOCUMENTS, ""
        self.failures: list[Failure] = []
        self.passed_over: list[PassedOver] = []
        self.passing = False
        """Whether something went wrong that may go well the next time, although the file is the same."""
        self.seen: set[str] = set()
        self.missing: tuple[str, ...] = ()
        self._tally = tally

    def fail(self, one: Failure, *, passing: bool = False) -> None:
        """Report one input that cannot be ingested."""
        self._tally.failures.append(one)
        self.failures.append(one)
        self.passing |= passing or one.reason.startswith(_PASSING)

    def pass_over(self, one: PassedOver) -> None:
        """Report one input of a kind that is not read."""
        self._tally.passed_over.append(one)
        self.passed_over.append(one)

    def noted(self) -> KnownFile:
        """What a later run is to know."""
        stamp, sha256 = ("", "") if self.passing else (self.stamp, self.sha256)
        failures = tuple((one.origin, one.reason) for one in self.failures)
        passed_over = tuple((one.origin, one.reason) for one in self.passed_over)
        return KnownFile(self.origin, stamp, sha256, self.rules, self.kind, failures, passed_over, self.missing)

    def is_as_known(self) -> KnownFile | None:
        """What is known of it, where that was found in the same bytes."""
        same = self.known and (self.known.sha256, self.known.rules) == (self.sha256, self.rules)
        return self.known if same else None
