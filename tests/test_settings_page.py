"""docs/settings.md is what the settings say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_page_is_fresh() -> None:
    page = subprocess.run(
        [sys.executable, "scripts/settings_page.py"], cwd=ROOT, capture_output=True, check=True, encoding="utf-8"
    ).stdout

    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == page, "stale: make docs"
