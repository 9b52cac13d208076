"""Programs of others that tests try the product with and no user needs (`.ci/helm` and `.ci/clients` fetch them)."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest


def program(name: str) -> Path:
    """Where one lies. Without it the test is skipped, or fails where REQUIRE_TOOLS is set."""
    if (found := shutil.which(name)) is None:
        if os.environ.get("REQUIRE_TOOLS"):
            pytest.fail(f"{name} is not on the PATH")
        pytest.skip(f"{name} is not on the PATH")
    return Path(found)


def run(*command: str | Path, **options: Any) -> str:
    """What a program says when it is content."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=120, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)
