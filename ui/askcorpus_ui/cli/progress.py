"""The bars that long work shows on a terminal; in a pipe or a log they stay silent."""

from pathlib import Path
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from askcorpus.text.characters import plain


class Bar:
    """Of an ingest run: files done of all, passages embedded so far, and the file at hand."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bar = Progress(
            MofNCompleteColumn(),
            TextColumn("files"),
            BarColumn(),
            TextColumn("{task.fields[passages]} passages"),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", start=False, total=None, passages=0)
        self._begun = self._passages = 0

    def start(self, files: int) -> None:
        """Show the bar."""
        self._bar.update(self._task, total=files)
        self._bar.start_task(self._task)
        self._bar.start()

    def file(self, path: Path) -> None:
        """The file before this one is done."""
        self._bar.update(self._task, completed=self._begun, description=escape(plain(path.name)))
        self._begun += 1

    def embedded(self, passages: int) -> None:
        """Passages come in batches, some time after their files."""
        self._passages += passages
        self._bar.update(self._task, passages=self._passages)

    def step(self, name: str, done: int, total: int) -> None:
        """All files are done, and an index follows."""
        self._bar.update(self._task, completed=self._begun, description=f"{name}: {done} of {total}")

    def finish(self) -> None:
        """Take the bar away."""
        self._bar.stop()


class Steps:
    """The step at hand of long work, and how far it is."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, step: str, done: int, total: int) -> None:
        """So much of a step is done."""
        self._bar.update(self._task, description=step, completed=done, total=total)
