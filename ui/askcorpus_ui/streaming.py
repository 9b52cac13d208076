"""Blocking questions, asked from an event loop: a few at once, a bounded line behind them, and none for nobody."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import aclosing, closing
from threading import Event as Flag
from typing import NamedTuple, TypeVar, cast

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from askcorpus.errors import AskcorpusError, Busy
from askcorpus.types import Answer, Done, Event

T = TypeVar("T")


class Waiting(NamedTuple):
    """A question is still in line, at this ``place``; 1 is the next."""

    place: int


class Questions:
    """All questions that the doors ask of one assistant.

    They run in threads of their own number, so that a page, a document or a health check never waits for them.
    ``at_once`` run, ``waiting`` more may wait; further ones are refused. For use in one event loop.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._at_once = at_once
        self._waiting = waiting
        self._limiter: CapacityLimiter | None = None  # belongs to the loop that it is first used in
        self._begun: dict[_Pump, None] = {}  # in the order in which they came
        self._workers: set[asyncio.Future[None]] = set()  # of all that run or wait, those nobody listens to as well
        self._stopping = False

    async def stream(self, start: Callable[[], Iterator[Event]]) -> AsyncGenerator[Event]:
        """The events of the generator that ``start`` makes, which runs in one thread from first to last.

        Closing this generator (a client left, Stop was pressed) closes that one as soon as it comes to its next event,
        so a language model does not go on writing for nobody. One that still waits never begins. What it raises is
        raised here.

        Raises:
            Busy: too many wait already, or the server is stopping.
        """
        async with aclosing(self.stream_in_line(start, None)) as events:
            async for event in events:
                if not isinstance(event, Waiting):
                    yield event

    async def stream_in_line(
        self, start: Callable[[], Iterator[Event]], seconds: float | None
    ) -> AsyncGenerator[Event | Waiting]:
        """The same, with the place in line again and again after so many ``seconds`` of waiting there."""
        pump = self._begin(start)
        try:
            while True:
                try:
                    event = await asyncio.wait_for(pump.queue.get(), seconds)
                except TimeoutError:
                    if not pump.started.is_set():
                        yield Waiting(self._place(pump))
                    continue
                if event is None:
                    break
                if isinstance(event, AskcorpusError):
                    raise event
                yield event
            await pump.worker
        finally:
            self._begun.pop(pump, None)
            pump.abandon()

    async def run(self, work: Callable[[], T]) -> T:
        """The result of ``work``, which takes its turn among the questions. Raises as :meth:`stream` does."""
        result: list[T] = []

        def nothing() -> Iterator[Event]:
            result.append(work())
            yield from ()

        async with aclosing(self.stream(nothing)) as events:
            async for _ in events:
                raise AssertionError("there are no events")
        return result[0]

    @property
    def in_flight(self) -> int:
        """How many run or wait now."""
        return len(self._workers)

    @property
    def is_stopping(self) -> bool:
        """Whether no question begins any more."""
        return self._stopping

    def abandon(self) -> None:
        """Begin no question any more. Whoever still waits for an answer, or for its end, is told so, and so is whoever
        asks from now on."""
        self._stopping = True
        for pump in self._begun:
            pump.queue.put_nowait(_stopping())

    def _place(self, pump: "_Pump") -> int:
        waiting = [each for each in self._begun if not each.started.is_set()]
        return waiting.index(pump) + 1 if pump in waiting else 1

    def _begin(self, start: Callable[[], Iterator[Event]]) -> "_Pump":
        if self._stopping:
            raise _stopping()
        self._limiter = self._limiter or CapacityLimiter(self._at_once)
        # Counted here: the limiter does not know yet who came in this instant.
        if len(self._workers) >= self._at_once + self._waiting:
            raise Busy("Too many questions are waiting.", "Ask again in a few seconds.")
        pump = _Pump(start, self._limiter)
        self._begun[pump] = None
        self._workers.add(pump.worker)
        pump.worker.add_done_callback(self._workers.discard)
        return pump


def _stopping() -> Busy:
    return Busy("The server is stopping.", "Ask again when it is back.")


class _Pump:
    """A thread that brings one generator's events into a queue of the event loop; ``None`` is their end."""

    def __init__(self, start: Callable[[], Iterator[Event]], limiter: CapacityLimiter) -> None:
        self.queue: asyncio.Queue[Event | AskcorpusError | None] = asyncio.Queue()
        self.started = Flag()
        self._abandoned = Flag()
        self._start = start
        self._loop = asyncio.get_running_loop()
        self.worker = asyncio.ensure_future(to_thread.run_sync(self._pump, abandon_on_cancel=True, limiter=limiter))
        self.worker.add_done_callback(lambda _: self.queue.put_nowait(None))

    def abandon(self) -> None:
        """Nobody listens any more: do not begin, or stop at the next event."""
        self._abandoned.set()
        if not self.started.is_set():
            self.worker.cancel()
        if not self.worker.done():  # nobody is left to be told how it ended
            self.worker.add_done_callback(lambda left: left.cancelled() or left.exception())

    def _pump(self) -> None:
        self.started.set()
        if self._abandoned.is_set():
            return
        with closing(cast(Generator[Event], self._start())) as events:
            for event in events:
                if self._abandoned.is_set():
                    return
                self._loop.call_soon_threadsafe(self.queue.put_nowait, event)


async def until(stopped: asyncio.Event, events: AsyncGenerator[T]) -> AsyncGenerator[T]:
    """The events up to the moment when ``stopped`` is set; the generator that they come from stays to be closed."""
    while not stopped.is_set() and (event := await _unless(stopped.wait(), anext(events, None))) is not None:
        yield event


async def unless_left(request: Request, work: Awaitable[T]) -> T | None:
    """The result of ``work``; ``None`` when the client left before, which ends the work."""
    return await _unless(_left(request), work)


async def _unless(end: Awaitable[object], work: Awaitable[T]) -> T | None:
    """The result of ``work``; ``None`` when ``end`` came before, which ends the work."""
    working = asyncio.ensure_future(work)
    ending = asyncio.ensure_future(end)
    try:
        await asyncio.wait((working, ending), return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else None
    finally:
        ending.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait((working,))


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def whole_answer(events: AsyncGenerator[Event], request: Request) -> Answer | None:
    """The answer at the end of the events; ``None`` when the client left before, which ends the work on it."""
    return await unless_left(request, last_answer(events))


async def first_event(events: AsyncGenerator[Event], request: Request) -> Event | None:
    """The event that a stream begins with, awaited before any byte is sent so that a bad question is a status and not a
    broken stream; ``None`` when the client left before."""
    return await unless_left(request, anext(events))


async def last_answer(events: AsyncGenerator[Event]) -> Answer | None:
    """The same for whoever is there to the end."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Done):
                return event.answer
    return None
