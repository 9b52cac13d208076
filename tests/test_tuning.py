"""Every tuned number says what it does and where it comes from, and what the code says is measured stands there."""

import ast
import re
from dataclasses import FrozenInstanceError, fields, replace
from itertools import pairwise
from pathlib import Path

import pytest

from askcorpus.search.fusion import fuse
from askcorpus.tuning import TUNING, Tuning

ROOT = Path(__file__).parents[1]
SOURCES = [
    path for folder in ("src", "ingest", "eval", "ui", "bench", "training") for path in ROOT.glob(f"{folder}/**/*.py")
]
HEADINGS = re.findall(r"^#+ (.+)$", (ROOT / "docs/quality.md").read_text(encoding="utf-8"), re.MULTILINE)


def said_of_each() -> dict[str, str]:
    """By the name of each number, the words below it."""
    tree = ast.parse((ROOT / "src/askcorpus/tuning.py").read_text(encoding="utf-8"))
    [body] = [node.body for node in tree.body if isinstance(node, ast.ClassDef)]
    found = {}
    for number, below in pairwise(body):
        if isinstance(number, ast.AnnAssign) and isinstance(number.target, ast.Name):
            assert isinstance(below, ast.Expr), f"{number.target.id}: nothing is said of it"
            found[number.target.id] = " ".join(ast.literal_eval(below.value).split())
    return found


@pytest.mark.parametrize("name", [field.name for field in fields(Tuning)])
def test_a_number_names_the_section_that_has_its_figures(name: str) -> None:
    what, _, source = said_of_each()[name].removesuffix(")").rpartition(" (")

    assert what
    assert source in HEADINGS


def test_what_the_code_says_is_measured_stands_under_that_heading() -> None:
    texts = {path: " ".join(path.read_text(encoding="utf-8").split()) for path in SOURCES}
    pointers = [
        (path, found) for path, text in texts.items() for found in re.findall(r"docs/quality\.md((?:, [^)]*)?)\)", text)
    ]

    assert len(pointers) > 5
    for path, rest in pointers:
        assert rest.removeprefix(", ") in HEADINGS, path


def test_every_number_is_tried_by_the_ablation_or_said_not_to_be() -> None:
    bench = (ROOT / "bench/ablation.py").read_text(encoding="utf-8")
    untried = {name for name, said in said_of_each().items() if f'"{name}": (' not in bench}

    elsewhere = {name for name, said in said_of_each().items() if said.endswith(("(Attribution)", "(Overviews)"))}
    assert untried == {"aligned", *elsewhere}


def test_a_tuning_is_given_and_never_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        TUNING.lexical_weight = 1.0  # type: ignore[misc]

    assert fuse(1.0, 1.0, replace(TUNING, lexical_weight=0.0)) == 1.0 < fuse(1.0, 1.0)
