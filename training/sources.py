"""The lines that training reads, and which of them it may use: the weights are published, so the data must allow that.

Questions with a paragraph (``train*.jsonl.xz``), questions with a passage (``pairs.jsonl.xz``) and sentences with their
translation (``parallel.jsonl.xz``), one JSON object a line; ``training/README.md`` describes their fields. Every line
names its ``source`` and its ``licence``.
"""

import json
import lzma
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from askcorpus.errors import ReadError, UsageError

REFUSED = {
    "m2qa": "CC BY-ND allows no derivatives to be shared, and weights trained on a text may be one",
}
"""Sources that are refused whatever a line says of its licence, by the beginning of their names, and why."""

_FORBIDDING = {
    re.compile(r"\bND\b|no[- ]?deriv", re.IGNORECASE): "its licence allows no derivatives to be shared",
    re.compile(r"\bNC\b|non[- ]?commercial", re.IGNORECASE): "its licence forbids commercial use, which ours allows",
}

Line = dict[str, Any]


def refusal(source: str, licence: str) -> str:
    """Why nothing of a source may be trained on, in one clause; empty where it may."""
    for name, reason in REFUSED.items():
        if source.startswith(name):
            return reason
    if not licence.strip():
        return "it names no licence"
    return next((reason for pattern, reason in _FORBIDDING.items() if pattern.search(licence)), "")


def require(source: str, licence: str) -> None:
    """Let pass what may be trained on.

    Raises:
        UsageError: it may not; says which source, and why.
    """
    if reason := refusal(source, licence):
        raise UsageError(f"Source {source} is refused: {reason}.", "Train on sources whose licence allows sharing.")


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a ``.jsonl`` or ``.jsonl.xz`` file that may be trained on. What is refused is told on stderr.

    Raises:
        ReadError: the file cannot be read, is cut short, or a line is no object with a source.
    """
    refused: Counter[tuple[str, str]] = Counter()
    try:
        with _open(path) as lines:
            for number, text in enumerate(lines, 1):
                line = _parsed(path, number, text)
                if reason := refusal(line["source"], line.get("licence", "")):
                    refused[line["source"], reason] += 1
                else:
                    yield line
    except (OSError, EOFError, lzma.LZMAError, UnicodeDecodeError) as exc:
        raise ReadError(f"{path} cannot be read: {exc}.") from exc
    for (source, reason), count in refused.items():
        print(f"{path.name}: {count} lines of {source} are refused: {reason}.", file=sys.stderr)


def json_lines(path: Path, hint: str = "") -> Iterator[Line]:
    """The objects of a ``.jsonl`` file, which is no data to train on.

    Raises:
        ReadError: it cannot be read.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
    except (OSError, ValueError) as exc:
        raise ReadError(f"{path} cannot be read: {exc}.", hint) from exc


def _open(path: Path) -> Any:
    return lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8")


def _parsed(path: Path, number: int, text: str) -> Line:
    try:
        line = json.loads(text)
    except ValueError as exc:
        raise ReadError(f"{path}, line {number}: {exc}.") from exc
    if not isinstance(line, dict) or not isinstance(line.get("source"), str):
        raise ReadError(f"{path}, line {number}: an object with a source was expected.")
    return line
