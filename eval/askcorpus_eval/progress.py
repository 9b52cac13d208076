"""Progress bars of an evaluation."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


def progress_bars() -> Progress:
    """Progress bars on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal)


class IngestBar:
    """An ingest run's progress as a bar of files."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task = bars.add_task("ingested files", total=None)
        self._begun = 0

    def start(self, files: int) -> None:
        """So many files are to be read."""
        self._bars.update(self._task, total=files)

    def file(self, _path: Path) -> None:
        """The file before this one is done."""
        self._bars.update(self._task, completed=self._begun)
        self._begun += 1

    def embedded(self, passages: int) -> None:
        """Passages come in batches, some time after their files."""

    def step(self, name: str, done: int, total: int) -> None:
        """An index follows, which takes little time."""

    def finish(self) -> None:
        """All files are done."""
        self._bars.update(self._task, completed=self._begun)
