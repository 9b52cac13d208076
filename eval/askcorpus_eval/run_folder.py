"""The folder of a run: answers are appended one by one, everything else is written in one step at the end."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from askcorpus.errors import StorageError, UsageError
from askcorpus.types import Answer

ANSWERS = "answers.jsonl"
VERDICTS = "verdicts.jsonl"
INPUTS = "inputs.json"
METRICS = "metrics.json"
DATA = "data"


class Inputs(BaseModel, frozen=True):
    """What a run's figures depend on; a resumed run must have the same."""

    questions: str
    settings: dict[str, Any]
    index: str
    judge: str | None = None


class RunFolder:
    """One run's folder. Stopped at any point, it holds every answer that was complete."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def claim(self, *, resume: bool) -> None:
        """Make the folder, or take it over for ``resume``. An index in it and a start without any answer are no run.

        Raises:
            UsageError: there is something in it that this run would overwrite.
            StorageError: it cannot be made or read.
        """
        with _storage(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            taken = [entry.name for entry in self.path.iterdir() if entry.name not in (DATA, INPUTS)]
        if taken and not resume:
            raise UsageError(f"{self.path} is not empty.", "Continue it with --resume, or name another --out.")

    def begin(self, inputs: Inputs) -> None:
        """Record what this run depends on.

        Raises:
            UsageError: the answers in the folder come from other inputs.
            StorageError: it cannot be written.
        """
        if (self.path / ANSWERS).exists() and (changed := self._changed(inputs)):
            raise UsageError(f"The run in {self.path} was begun with other {changed}.", "Name another --out.")
        self.write(INPUTS, inputs.model_dump_json(indent=2))

    def answers(self) -> dict[str, Answer]:
        """The answers there are, by question id; a last line that was cut off is dropped from the file."""
        answers = [Answer.model_validate_json(line) for line in self._whole_lines(ANSWERS)]
        return {answer.conversation_id or "": answer for answer in answers}

    def verdicts(self) -> dict[str, float | None]:
        """The judge's verdicts there are, by question id."""
        rows = [json.loads(line) for line in self._whole_lines(VERDICTS)]
        return {row["id"]: row["faithfulness"] for row in rows}

    def append(self, name: str, line: str) -> None:
        """Add a line to a file and hand it to the operating system at once.

        Raises:
            StorageError: the disk is full or the folder cannot be written.
        """
        with _storage(self.path), (self.path / name).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def write(self, name: str, text: str) -> None:
        """Write a file in one step: readers see the old or the new, never a part.

        Raises:
            StorageError: the disk is full or the folder cannot be written.
        """
        part = self.path / f".{name}.part"
        with _storage(self.path):
            part.write_text(text, encoding="utf-8")
            part.replace(self.path / name)

    def _changed(self, inputs: Inputs) -> str:
        """Which of the inputs differ from those the folder was begun with."""
        try:
            before = Inputs.model_validate_json((self.path / INPUTS).read_text(encoding="utf-8"))
        except (OSError, ValidationError):
            return "inputs (they cannot be read)"
        changed = [name for name in Inputs.model_fields if getattr(before, name) != getattr(inputs, name)]
        return ", ".join(_named_settings(before, inputs) if name == "settings" else name for name in changed)

    def _whole_lines(self, name: str) -> list[str]:
        file = self.path / name
        with _storage(self.path):
            if not file.exists():
                return []
            text = file.read_bytes()
            whole = text[: text.rfind(b"\n") + 1]
            if whole != text:
                with file.open("r+b") as cut:
                    cut.truncate(len(whole))
        return whole.decode("utf-8").split("\n")[:-1]  # JSON may hold the other characters that end a line


def _named_settings(before: Inputs, now: Inputs) -> str:
    names = before.settings.keys() | now.settings.keys()
    changed = sorted(name for name in names if before.settings.get(name) != now.settings.get(name))
    return f"settings ({', '.join(changed)})"


@contextmanager
def _storage(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise StorageError(f"{path} cannot be written: {exc.strerror or exc}.", "What is there is kept.") from exc
