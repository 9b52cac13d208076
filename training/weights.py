"""From a checkpoint to the file that ships, and back.

    python -m training.weights CHECKPOINT OUT.safetensors --licence TEXT --data TEXT [--strength 1] [--average WEIGHTS]

The file is a safetensors file in half precision. For an adapted linear layer NAME, named as in transformers'
``BertModel``, it holds ``NAME.a`` (rank, in) and ``NAME.b`` (out, rank), and the merged weight is ``W + b a``; learned
layer norms are in it as they are, and so are the reader's heads (``span``, ``relevance.0``, ``relevance.2``). Its
metadata name the format, the encoder that it belongs to, the licence of the weights, and the data that they were
trained on. ``--strength`` multiplies every ``b``, which goes part of the way from the encoder to the trained weights.
``--average`` takes the mean with the weights that training began from, which keeps what more training would forget
(Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
"""

import argparse
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from askcorpus.embedding.bundled_model import packed_file
from askcorpus.errors import ModelError
from training.checkpoint import read_checkpoint
from training.command import telling_errors

FORMAT = "askcorpus-adapters-1"


def write_weights(weights: Mapping[str, Tensor], path: Path, about: Mapping[str, str], strength: float = 1.0) -> None:
    """Write weights by the names that ship. ``about`` joins the metadata.

    Raises:
        ModelError: a number is too large for half precision, or is none.
    """
    halves = {}
    for name, value in sorted(weights.items()):
        halves[name] = (value * strength if name.endswith(".b") else value).to(torch.float16).contiguous()
        if not halves[name].isfinite().all():
            raise ModelError(
                f"{name} cannot be written in half precision.", "The training went astray: lower its rate."
            )
    save_file(halves, path, metadata={"format": FORMAT, "base": base(), **about})


def mean_of(some: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Half of each.

    Raises:
        ModelError: they are weights of different shapes.
    """
    shapes, other_shapes = ({name: value.shape for name, value in each.items()} for each in (some, others))
    if shapes != other_shapes:
        raise ModelError("The weights to average with are of another shape.")
    return {name: (value + others[name]) / 2 for name, value in some.items()}


def read_weights(path: Path) -> dict[str, Tensor]:
    """The weights of a file that ships, in single precision.

    Raises:
        ModelError: the file is no such file, or belongs to another encoder.
    """
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            names: list[str] = file.keys()
            weights = {name: file.get_tensor(name).float() for name in names}
    except (OSError, SafetensorError) as exc:
        raise ModelError(f"{path} cannot be read: {exc}.") from exc
    if about.get("format") != FORMAT or about.get("base") != base():
        raise ModelError(f"{path} holds no adapters of the bundled encoder.", f"Its format must be {FORMAT}.")
    return weights


def base() -> str:
    """The sha256 of the file that the bundled encoder comes in: adapters are of use with no other.

    Raises:
        ModelError: it does not come with this platform's packages.
    """
    path = packed_file()
    if path is None:
        raise ModelError("The bundled encoder is not installed here.", "Train on Linux, on an x86-64 processor.")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path, metavar="OUT.safetensors")
    parser.add_argument("--licence", required=True, help="of the weights")
    parser.add_argument("--data", required=True, help="the sources they were made of, with their licences")
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--average", type=Path, metavar="WEIGHTS.safetensors")
    options = parser.parse_args()
    with telling_errors():
        state = read_checkpoint(options.checkpoint)
        about = {"licence": options.licence, "data": options.data, "steps": str(state["progress"]["step"])}
        weights = state["weights"]
        if options.average:
            weights = mean_of(weights, read_weights(options.average))
        write_weights(weights, options.out, about, options.strength)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
