"""Disks of a few megabytes, for tests of what happens when they are full."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


class SmallDisk:
    """A disk in memory, and something of somebody else's on it that takes as much as it is told to."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._ballast = place / "ballast"

    def fill(self, left: int = 0) -> None:
        """Take what is free but for so many bytes."""
        with self._ballast.open("ab") as ballast:
            ballast.write(bytes(max(0, shutil.disk_usage(self.place).free - left)))

    def clear(self) -> None:
        """Give back what was taken."""
        self._ballast.unlink()


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """Such a disk, mounted in a new folder. Only root may do that; where it must be, REQUIRE_DISK says so."""
    with TemporaryDirectory(prefix="disk-") as place:  # not in one of pytest's, which keeps those to their owner
        mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=711", "tmpfs", place]
        if (mounted := subprocess.run(mounting, capture_output=True, text=True, check=False)).returncode:
            message = f"no right to mount a small disk ({mounted.stderr.strip()})"
            if os.environ.get("REQUIRE_DISK"):
                pytest.fail(message)
            pytest.skip(message)
        try:
            yield SmallDisk(Path(place))
        finally:
            subprocess.run(["umount", "-l", place], check=True)
