"""Checkpoints, from which training can resume: weights, the optimizer's state, and the progress."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from askcorpus.errors import ModelError

FORMAT = "askcorpus-training-1"


def write_checkpoint(state: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint in one step: whoever is stopped meanwhile keeps the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    torch.save({"format": FORMAT, **state}, partial)
    partial.replace(path)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What :func:`write_checkpoint` wrote.

    Raises:
        ModelError: the file is no checkpoint of this version.
    """
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as exc:
        raise ModelError(f"{path} is no checkpoint: {exc}.") from exc
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise ModelError(f"{path} is no checkpoint of this version.", "Remove it to begin anew.")
    return state
