"""The pages that `make docs` writes are what it would write now."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MADE = re.findall(
    r"^\t@\$\(BIN\)/python (.*) > (docs/\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
)


def test_the_pages_are_known() -> None:
    assert {page for _, page in MADE} == {"docs/settings.md", "docs/api.md", "docs/commands.md"}


@pytest.mark.parametrize(("arguments", "page"), MADE, ids=[page for _, page in MADE])
def test_the_page_is_fresh(arguments: str, page: str) -> None:
    command = [sys.executable, *shlex.split(arguments)]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, encoding="utf-8").stdout

    assert (ROOT / page).read_text(encoding="utf-8") == made, "stale: make docs"
