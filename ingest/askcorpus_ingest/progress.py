"""How an ingest run tells that it is getting on; whoever wants to see it implements this."""

from pathlib import Path
from typing import Protocol


class Progress(Protocol):
    """Called from the thread that ingests."""

    def start(self, files: int) -> None:
        """The run begins, with so many files to read."""

    def file(self, path: Path) -> None:
        """This file is read next."""

    def embedded(self, passages: int) -> None:
        """So many more passages have their vectors; comes between files, and many times within a long one."""

    def step(self, name: str, done: int, total: int) -> None:
        """After the files: so many of all passages have gone through the step of that name."""

    def finish(self) -> None:
        """The run is over, or was broken off."""


class Stopped(Exception):
    """Raised by whoever is told of a run's progress, to end it: what has been written stays, and no more is."""


class Silent:
    """Tells nobody."""

    def start(self, files: int) -> None:
        """Nothing."""

    def file(self, path: Path) -> None:
        """Nothing."""

    def embedded(self, passages: int) -> None:
        """Nothing."""

    def step(self, name: str, done: int, total: int) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""
