"""The provenance of a run: machine and revision."""

import os
import platform
import subprocess
from pathlib import Path


def machine() -> str:
    """The machine in one line: system, processor architecture, number of processors, Python."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"


def git_revision() -> str | None:
    """The revision of the checkout this code runs from, ``+`` when files were changed; ``None`` outside of one."""
    here = Path(__file__).parent
    if not _git(here, "ls-files", Path(__file__).name):  # installed, perhaps inside somebody else's checkout
        return None
    revision = _git(here, "rev-parse", "HEAD")
    changed = _git(here, "status", "--porcelain", "--untracked-files=no")
    return f"{revision}+" if changed else revision


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
