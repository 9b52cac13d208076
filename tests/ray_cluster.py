"""A Ray cluster of the tests' own: a head without workers and small machines, all processes on loopback.

Run as a program, it keeps the cluster for as long as its standard input is open, and does what the lines there say.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

QUIET = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
"""Ray then listens on loopback only and calls nobody, and its workers are as urgent as any other process."""


class RayCluster:
    """A cluster in a process beside. ``environment`` is what joins it."""

    def __init__(self, folder: Path, machines: int) -> None:
        (folder / "ray").mkdir()  # where it notes its address, which Ray does not make
        token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(folder), str(machines)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "cluster.log").open("wb"),
            env={
                **os.environ,
                **QUIET,
                **token,
                "RAY_TMPDIR": str(folder),
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
            start_new_session=True,
        )
        self.environment = {"RAY_ADDRESS": self._reply(), **QUIET, **token}

    def lose_machine(self) -> None:
        """Kill all processes of one of the machines."""
        self._do("lose")

    def add_machine(self) -> None:
        """Let another join."""
        self._do("add")

    def lose_head(self) -> None:
        """Kill all processes of the head."""
        self._do("head")

    def stop(self) -> None:
        """End all of it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)

    def _do(self, command: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{command}\n".encode())
        self._process.stdin.flush()
        self._reply()

    def _reply(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline().decode().strip()
        assert line, "the cluster ended"
        return line


@contextmanager
def ray_cluster(folder: Path, machines: int = 2) -> Iterator[RayCluster]:
    """A cluster for as long as it is needed."""
    cluster = RayCluster(folder, machines)
    try:
        yield cluster
    finally:
        cluster.stop()


def main() -> None:
    from ray.cluster_utils import Cluster

    small: dict[str, Any] = {"object_store_memory": 100 * 1024**2, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "temp_dir": sys.argv[1], **small})
    machines = [cluster.add_node(num_cpus=1, **small) for _ in range(int(sys.argv[2]))]
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    print(cluster.address, file=out, flush=True)
    for line in sys.stdin:
        match line.strip():
            case "lose":
                cluster.remove_node(machines.pop(), allow_graceful=False)
            case "add":
                machines.append(cluster.add_node(num_cpus=1, **small))
            case "head":
                assert cluster.head_node
                cluster.head_node.kill_all_processes(check_alive=False, allow_graceful=False)
        print("done", file=out, flush=True)
    cluster.shutdown()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
