"""Which answers are known to be right or wrong: the package's own, or those of a question set of the user's.

``risk.py`` makes promises of them. The package's own (``left_out`` in ``calibration.json``) are of the questions that
the confidence was fitted on, each judged by a model that had not seen its set; ``askcorpus eval calibrate`` writes
those of the user's questions into the data folder, and they take the place of the package's.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from askcorpus.answer.confidence import Calibration, load_calibration
from askcorpus.answer.extractive import NAME as QUOTES
from askcorpus.answer.risk import Outcomes
from askcorpus.embedding.adapters import READER, load_adapters
from askcorpus.errors import IndexMismatch, StorageError, UsageError
from askcorpus.settings import Settings

FILE = "risk.json"
CALIBRATE = "Measure your own: askcorpus eval calibrate QUESTIONS."

_AS_DELIVERED = (
    "embedding_model",
    "embedding_revision",
    "query_prompt",
    "passage_prompt",
    "passage_chars",
    "reranker",
)
"""Settings that the package's own outcomes depend on: they were measured with the defaults."""


class Conditions(BaseModel):
    """What outcomes depend on: under others, the same question may get another confidence or another answer.

    ``index`` is the index's fingerprint, ``answerer`` who answers, ``calibration`` names the numbers of
    the confidence, and the reader's weights.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: str
    answerer: str
    reranker: str | None
    calibration: str


class Measured(BaseModel):
    """The file in the data folder: the outcomes of a question set (``risk.Outcomes``), and how they were obtained."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    questions: str
    date: str
    conditions: Conditions
    asked: int = Field(ge=0)
    outcomes: tuple[tuple[Annotated[float, Field(ge=0, le=1)], Literal[0, 1]], ...]

    @model_validator(mode="after")
    def _check_count(self) -> Self:
        if self.asked < len(self.outcomes):
            raise ValueError("more outcomes than questions")
        return self

    def table(self) -> Outcomes:
        """As promises are made of them."""
        return Outcomes.of(self.outcomes, self.asked)


def conditions(settings: Settings, fingerprint: str, answerer: str, calibration: Calibration) -> Conditions:
    """Those of an assistant."""
    judged_by = f"{calibration!r} {load_adapters(READER).digest}"
    version = hashlib.sha256(judged_by.encode()).hexdigest()[:12]
    return Conditions(index=fingerprint, answerer=answerer, reranker=settings.reranker, calibration=version)


def known_outcomes(settings: Settings, fingerprint: str, answerer: str, calibration: Calibration) -> Outcomes:
    """The user's outcomes where the data folder has them, else the package's own.

    Raises:
        IndexMismatch: the user's were measured under other conditions.
        StorageError: their file cannot be read.
        UsageError: the package's own do not hold for these settings, or the package has none.
    """
    path = settings.data / FILE
    now = conditions(settings, fingerprint, answerer, calibration)
    if path.exists():
        measured = read_outcomes(path)
        if other := [
            name for name in Conditions.model_fields if getattr(measured.conditions, name) != getattr(now, name)
        ]:
            raise IndexMismatch(
                f"{path} was measured with another {' and '.join(other)}.",
                "Measure again: askcorpus eval calibrate QUESTIONS; or remove the file.",
            )
        return measured.table()
    return _delivered(settings, answerer, calibration)


def read_outcomes(path: Path) -> Measured:
    """The outcomes in a file.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        return Measured.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise StorageError(f"{path} cannot be read: {exc.strerror or exc}.") from exc
    except ValidationError as exc:
        raise StorageError(f"{path} is damaged.", f"Remove it. {CALIBRATE}") from exc


def write_outcomes(path: Path, measured: Measured) -> None:
    """Write a file in one step: readers see the old or the new, never a part.

    Raises:
        StorageError: the folder cannot be written, or the disk is full.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(measured.model_dump_json() + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as exc:
        raise StorageError(f"{path} cannot be written: {exc.strerror or exc}.") from exc


def _delivered(settings: Settings, answerer: str, calibration: Calibration) -> Outcomes:
    changed = [name for name in _AS_DELIVERED if getattr(settings, name) != Settings.model_fields[name].default]
    if answerer != QUOTES:
        changed.append("llm")
    if changed or calibration != load_calibration():
        named = f" with {', '.join(changed)} set" if changed else " with another calibration"
        raise UsageError(f"No error rate can be promised{named}: the known answers are of the defaults.", CALIBRATE)
    numbers = json.loads(files("askcorpus.answer").joinpath("calibration.json").read_text(encoding="utf-8"))
    return left_out(numbers)


def left_out(numbers: Mapping[str, Any]) -> Outcomes:
    """The outcomes in what ``calibration.json`` holds.

    Raises:
        UsageError: there are none.
    """
    if "left_out" not in numbers:
        raise UsageError("No error rate can be promised: this version comes without known answers.", CALIBRATE)
    return Outcomes.of(numbers["left_out"])
