"""What a process has taken of the machine: seconds of the processor, and memory. From proc(5), so on Linux only."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid: int) -> float:
    """Seconds of the processor that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(kind: str) -> float:
    """Memory of this process by its name in proc(5), such as ``RssAnon``, or ``VmHWM`` for the most so far."""
    return int(Path("/proc/self/status").read_text().split(f"{kind}:")[1].split()[0]) / 1024
