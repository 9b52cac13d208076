"""The loop that both trainings share: AdamW steps, a learning rate that falls to the end, checkpoints.

A run is determined by its settings, its data and its progress: the same three give the same weights. So a checkpoint
keeps the weights, the optimizer's state and the place in the data, and a run that was stopped continues as if it had
not been. Each epoch is drawn from the seed and its number. (If the goal is in minutes instead of steps, the learning
rate depends on the speed of the machine, and only the data are the same.)
"""

import argparse
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from askcorpus.errors import UsageError
from training.checkpoint import read_checkpoint, write_checkpoint
from training.model import learned, parameter_groups, restore
from training.weights import read_weights

SAVE_EVERY = 200
"""Steps between checkpoints: minutes of work that a crash can cost."""

REPORT_EVERY = 20
LOWEST = 0.02
"""What is left of the rate at the end."""

_SMOOTHING = 0.98

BatchT = TypeVar("BatchT")


class Task(Protocol[BatchT]):
    """What is learned, and from what."""

    @property
    def model(self) -> nn.Module:
        """What is trained: its parameters that need a gradient."""

    def epoch(self, number: int) -> Sequence[BatchT]:
        """The batches of an epoch, in order: the same ones for the same number, whatever was drawn before."""

    def losses(self, batch: BatchT) -> dict[str, Tensor]:
        """The parts of the loss, by name; their sum is made smaller."""


@dataclass(frozen=True)
class Goal:
    """When a run is over: after so many steps, or so many minutes of training, whichever is first."""

    steps: int | None = None
    minutes: float | None = None

    def done(self, step: int, seconds: float) -> float:
        """How much of the run is behind, from 0 to 1."""
        by_steps = step / self.steps if self.steps else 0.0
        by_minutes = seconds / (60 * self.minutes) if self.minutes else 0.0
        return min(1.0, max(by_steps, by_minutes))


@dataclass
class Progress:
    """How far a run has come: ``batch`` is the next one of ``epoch``, ``seconds`` were spent in training."""

    step: int = 0
    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0


@dataclass
class Run(Generic[BatchT]):
    """One training of a task, kept in ``checkpoint``.

    ``settings`` are what must not change when it goes on; ``goal`` may. ``rate`` is the highest, reached after
    ``warm_up`` steps. ``losses`` are those of the steps made by this object.
    """

    task: Task[BatchT]
    goal: Goal
    checkpoint: Path
    settings: Mapping[str, Any]
    rate: float
    warm_up: int
    float32: bool = False
    workers: int = 0
    stop: Event = field(default_factory=Event)
    progress: Progress = field(default_factory=Progress)
    losses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        groups = parameter_groups(self.task.model, self.rate)
        self.optimizer = torch.optim.AdamW(groups, lr=self.rate, betas=(0.9, 0.98), weight_decay=0.01)
        self._smooth: dict[str, float] = {}
        self._device = next(self.task.model.parameters()).device.type
        self._unread: list[dict[str, Tensor]] = []
        if self.checkpoint.exists():
            self._load()

    def train(self) -> bool:
        """Train to the goal, or until ``stop`` is set; either way the checkpoint is written. Whether it got there."""
        self.task.model.train()
        for batches in self._epochs():
            for batch in batches[self.progress.batch :]:
                self._step(batch)
                if self._over():
                    break
            if self.progress.batch >= len(batches):
                self.progress.epoch, self.progress.batch = self.progress.epoch + 1, 0
            if self._over():
                break
        self._read()
        self.save()
        return self._done() >= 1

    def _epochs(self) -> Iterator[Sequence[BatchT]]:
        """The epochs from the present one on, each made by one of the workers, if there are any, ahead of its time."""
        if self._over():
            return iter(())
        numbers = range(self.progress.epoch, sys.maxsize)
        if not self.workers:
            return map(self.task.epoch, numbers)
        ahead = DataLoader(
            _Epochs(self.task), batch_size=None, sampler=numbers, collate_fn=_as_it_is, num_workers=self.workers
        )
        return iter(ahead)

    def _done(self) -> float:
        return self.goal.done(self.progress.step, self.progress.seconds)

    def _over(self) -> bool:
        return self.stop.is_set() or self._done() >= 1

    def _step(self, batch: BatchT) -> None:
        began = time.monotonic()
        factor = min(1.0, (self.progress.step + 1) / self.warm_up) * max(LOWEST, 1 - self._done())
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * factor
        torch.manual_seed(self.progress.step)  # for dropout, so that a run that goes on repeats what it would have done
        with torch.autocast(self._device, dtype=torch.bfloat16, enabled=not self.float32):
            losses = self.task.losses(batch)
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        torch.nn.utils.clip_grad_norm_([p for p in self.task.model.parameters() if p.requires_grad], 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.progress.step += 1
        self.progress.batch += 1
        self.progress.seconds += time.monotonic() - began
        self._unread.append({name: loss.detach() for name, loss in losses.items()})
        self._note()

    def _read(self) -> None:
        """Take the losses of the last steps from the device: one by one, each step would wait for the one before."""
        for unread in self._unread:
            losses = {name: loss.item() for name, loss in unread.items()}
            self.losses.append(sum(losses.values()))
            for name, loss in losses.items():
                self._smooth[name] = _SMOOTHING * self._smooth.get(name, loss) + (1 - _SMOOTHING) * loss
        self._unread.clear()

    def _note(self) -> None:
        step = self.progress.step
        if step % REPORT_EVERY == 0:
            self._read()
            parts = " ".join(f"{name} {loss:.3f}" for name, loss in self._smooth.items())
            pace = self.progress.seconds / step
            print(f"step {step} ({self._done():.0%}): {parts}, {pace:.2f} s a step", file=sys.stderr, flush=True)
        if step % SAVE_EVERY == 0:
            self.save()

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "settings": dict(self.settings),
            "progress": vars(self.progress),
            "weights": learned(self.task.model),
            "optimizer": self.optimizer.state_dict(),
        }
        write_checkpoint(state, self.checkpoint)

    def _load(self) -> None:
        state = read_checkpoint(self.checkpoint)
        then, now = state["settings"], dict(self.settings)
        if changed := sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name)):
            what = ", ".join(f"{name} {then.get(name)} → {now.get(name)}" for name in changed)
            raise UsageError(f"{self.checkpoint} was begun with other settings: {what}.", "Name another checkpoint.")
        restore(self.task.model, state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])
        print(f"Going on from step {self.progress.step} of {self.checkpoint}.", file=sys.stderr)


class _Epochs(Dataset[Sequence[BatchT]]):
    """A task's epochs by their number, for processes that make them."""

    def __init__(self, task: Task[BatchT]) -> None:
        self._task = task

    def __getitem__(self, number: int) -> Sequence[BatchT]:
        return self._task.epoch(number)


def _as_it_is(batches: Sequence[BatchT]) -> Sequence[BatchT]:
    return batches


@contextmanager
def stopping(stop: Event) -> Iterator[None]:
    """Within, SIGINT and SIGTERM set ``stop``, so that the step that is being made is finished and kept."""

    def ask(number: int, _frame: object) -> None:
        print(f"{signal.Signals(number).name}: stopping after this step.", file=sys.stderr, flush=True)
        stop.set()

    before: dict[int, Any] = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def add_options(parser: argparse.ArgumentParser, rate: float, batch: int, rank: int, first_layer: int) -> None:
    """The options that both trainings have, with values for two cores; docs/reader.md has those of what ships."""
    parser.add_argument("--out", type=Path, required=True, metavar="CHECKPOINT")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--start", type=Path, metavar="WEIGHTS.safetensors", help="begin from weights that ship")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2, help="another number gives slightly other weights")
    parser.add_argument("--float32", action="store_true", help="for processors without bfloat16 arithmetic")
    parser.add_argument("--device", default="cpu", help="cuda for a GPU")
    parser.add_argument("--workers", type=int, default=0, help="processes that make batches; none for a processor")
    parser.add_argument("--rate", type=float, default=rate)
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--rank", type=int, default=rank)
    parser.add_argument("--first-layer", type=int, default=first_layer, help="adapt this layer and those above it")


def run(task: Task[BatchT], options: argparse.Namespace, settings: Mapping[str, Any], warm_up: int) -> None:
    """Train a task as :func:`add_options` ask for, and say on stderr how to go on.

    Raises:
        UsageError: there is no goal, or the checkpoint is of another run.
        ModelError: the checkpoint, or the weights to start from, are no such thing.
    """
    goal = Goal(options.steps, options.minutes)
    if not goal.steps and not goal.minutes:
        raise UsageError("There is no end to train to.", "Give --steps or --minutes.")
    torch.set_num_threads(options.threads)
    common = ("start", "seed", "float32", "rate", "batch", "rank", "first_layer")
    settings = {**settings, **{name: getattr(options, name) for name in common}, "start": str(options.start or "")}
    if options.start and not options.out.exists():
        restore(task.model, read_weights(options.start))
    task.model.to(options.device)
    training = Run(task, goal, options.out, settings, options.rate, warm_up, options.float32, options.workers)
    with stopping(training.stop):
        finished = training.train()
    then = "Done" if finished else "Stopped; the same command goes on"
    print(f"{then}: {options.out} at step {training.progress.step}.", file=sys.stderr)
