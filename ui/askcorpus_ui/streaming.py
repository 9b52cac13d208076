"""A blocking stream of answer events, read from an event loop."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import aclosing, closing
from threading import Event as Flag
from typing import cast

from anyio import to_thread
from starlette.requests import Request

from askcorpus.types import Answer, Done, Event


async def stream_events(start: Callable[[], Iterator[Event]]) -> AsyncGenerator[Event]:
    """The events of the generator that ``start`` makes, which runs in one thread of its own from first to last.

    Closing this generator (a client left, Stop was pressed) closes that one as soon as it comes to its next event,
    so a language model does not go on writing for nobody. What it raises is raised here.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Event | None] = asyncio.Queue()
    abandoned = Flag()

    def pump() -> None:
        try:
            with closing(cast(Generator[Event], start())) as events:
                for event in events:
                    if abandoned.is_set():
                        return
                    loop.call_soon_threadsafe(queue.put_nowait, event)
        finally:
            loop.call_soon_threadsafe(queue.put_nowait, None)

    worker = asyncio.ensure_future(to_thread.run_sync(pump, abandon_on_cancel=True))
    try:
        while (event := await queue.get()) is not None:
            yield event
        await worker
    finally:
        abandoned.set()
        if not worker.done():
            worker.add_done_callback(lambda left: left.cancelled() or left.exception())  # nobody is left to be told


async def whole_answer(events: AsyncGenerator[Event], request: Request) -> Answer | None:
    """The answer at the end of the events; ``None`` when the client left before, which ends the work on it."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Done):
                return event.answer
            if await request.is_disconnected():
                break
    return None
