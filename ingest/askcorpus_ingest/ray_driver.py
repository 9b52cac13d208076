"""The process that speaks with the Ray cluster in a run's stead, a Ray driver: Ray ends it when it loses the cluster.

It is told on standard input what to read, and says on standard output what comes of it, a row after the other. It ends
with its input, so it does not outlive the run.
"""

import contextlib
import logging
import os
import pickle
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from tempfile import TemporaryDirectory
from typing import BinaryIO, NamedTuple

from askcorpus_ingest.engine import Wanted
from askcorpus_ingest.ray_steps import FILE, ROW, Broken, Embed, Read, Recipe, Refused, packed

READER_CPUS = 0.1
EMBEDDER_CPUS = 0.45
"""There is an embedder for each core, and room for another: those of a lost machine find a place on the others. A
reader mostly waits for embedders, so it shares a core with one."""
BLOCK_BYTES = 10_000
"""Rows go from step to step in blocks of at least so much: hardly a row is smaller, so each goes alone."""
STORE_BYTES = 500_000_000
"""So much of what is read and embedded ahead of the run lies in the cluster's object store."""
FILES_AT_ONCE = 8
"""Files that a reader is given at once, more where there are very many."""
MOST_BLOCKS = 5000
TASK_RETRIES = 100
"""So often a step is asked for again whose worker was lost; while that has no place yet, each asking counts."""

CONNECT_SECONDS = 10

LENGTH_BYTES = 8

_GO_ON = "What was committed stays; run the same command again to go on."
_WHICH = "See that RAY_ADDRESS names a cluster that runs (ray status), or unset it."


class Job(NamedTuple):
    """What is to be read, and how."""

    recipe: Recipe
    files: Sequence[Wanted]


def main() -> None:
    """Do the job that standard input brings."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what Ray prints is no row
    job: Job = pickle.load(sys.stdin.buffer)
    signal.signal(signal.SIGTERM, _stop)
    threading.Thread(target=_end_with_input, daemon=True).start()
    with contextlib.suppress(BrokenPipeError):
        for row in _rows(job):
            _send(out, row)


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _stop(_signal: int, _frame: object) -> None:
    raise SystemExit(1)


def _send(out: BinaryIO, row: bytes) -> None:
    out.write(len(row).to_bytes(LENGTH_BYTES, "big") + row)
    out.flush()


def _rows(job: Job) -> Iterator[bytes]:
    """Rows of messages, in the order of the files; the last one may say what is wrong with the cluster."""
    import ray
    from ray.exceptions import RayError

    # What Ray keeps of a cluster that is started here goes with it, and no other program takes it for its own.
    with TemporaryDirectory(prefix="askcorpus-", ignore_cleanup_errors=True) as folder:
        try:
            _connect(f"{folder}/r")  # Ray lets others into its own: what is above stays ours alone
        except (OSError, RuntimeError, ValueError, RayError) as exc:
            yield packed([Refused(f"Ray cannot be reached: {_line(exc)}.", _WHICH)])
            return
        try:
            cores = int(ray.cluster_resources().get("CPU", 0))  # type: ignore[no-untyped-call]
            if cores == 0:
                yield packed([Refused("The Ray cluster has no workers.", "Let a machine join: ray start --address=…")])
                return
            yield from _embedded(job, cores)
        except RayError as exc:
            yield packed([Broken(f"Ray gave up: {_line(exc)}.", _GO_ON)])
        finally:
            ray.shutdown()


def _connect(folder: str) -> None:
    """Join the cluster that the environment names, or start one on this machine, whose files lie in the folder."""
    import ray

    address = os.environ.get("RAY_ADDRESS") or "local"
    if address.startswith("ray://"):
        raise ValueError("an address of Ray's client (ray://) does not do, so run this on a machine of the cluster")
    if address == "local":
        ray.init(address, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, _temp_dir=folder)
    else:
        _knock(address)
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)


def _knock(address: str) -> None:
    """See that anybody listens at the address: Ray itself would try for minutes.

    Raises:
        OSError: nobody does.
    """
    host, _, port = address.rpartition(":")
    if port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()


def _embedded(job: Job, cores: int) -> Iterator[bytes]:
    import ray.data
    from ray.data import ActorPoolStrategy, DataContext, ExecutionResources

    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.target_max_block_size = BLOCK_BYTES
    context.execution_options.preserve_order = True
    context.execution_options.resource_limits = ExecutionResources.for_limits(object_store_memory=STORE_BYTES)
    files = [{FILE: pickle.dumps((number, wanted))} for number, wanted in enumerate(job.files)]
    at_once = max(FILES_AT_ONCE, len(files) // MOST_BLOCKS)
    data: ray.data.Dataset = ray.data.from_items(files, override_num_blocks=-(-len(files) // at_once))
    steps = (
        (Read, READER_CPUS, ActorPoolStrategy(min_size=1, max_size=cores)),
        (Embed, EMBEDDER_CPUS, ActorPoolStrategy(size=cores)),
    )
    for step, cpus, pool in steps:
        data = data.map_batches(
            step,
            batch_size=None,
            compute=pool,
            num_cpus=cpus,
            fn_constructor_args=(job.recipe,),
            max_task_retries=TASK_RETRIES,
            scheduling_strategy="SPREAD",
        )
    for batch in data.iter_batches(batch_size=None, batch_format="numpy", prefetch_batches=1):
        yield from batch[ROW]


def _line(exc: Exception) -> str:
    """What an error says, in one line."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else type(exc).__name__


if __name__ == "__main__":
    main()
