"""The command line, killed while it writes: `bench/kills.py`, which is run at length by hand, for a few kills."""

import subprocess
import sys
from pathlib import Path

HARNESS = Path(__file__).parents[2] / "bench" / "kills.py"


def test_killed_at_any_instant_nothing_is_lost_stale_or_seen_in_part() -> None:
    done = subprocess.run([sys.executable, HARNESS, "--kills", "8"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("8 kills in ")
