"""What tests ask of the machine that they run on."""

import socket
import tracemalloc
from collections.abc import Callable


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def peak_memory(work: Callable[[], object]) -> int:
    """The most bytes that ``work`` has in use at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
