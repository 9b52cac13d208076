"""Fifty people at one chat: nobody is turned away, and who waits is told where in the line."""

import asyncio
import json
import re
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from askcorpus.settings import read_settings
from askcorpus.types import Event
from askcorpus_ui.chat import surface
from scripted import ScriptedAssistant
from serving import serving

PEOPLE = 50
TOLD = 5
"""How many at the least are told that they wait, and one of them a place beyond that."""


class Slow(ScriptedAssistant):
    """Answers nobody before there is a crowd: how fast people come to it depends on the machine."""

    def __init__(self) -> None:
        super().__init__()
        self.crowd = threading.Event()

    def stream(self, question: str, **options: Any) -> Iterator[Event]:
        self.crowd.wait(60)
        yield from super().stream(question, **options)


class Places:
    """What those who wait are told of their places; some of them, far back, make a ``crowd``."""

    def __init__(self, crowd: threading.Event) -> None:
        self.told = Counter[int]()
        self._crowd = crowd

    def read(self, person: int, line: str) -> None:
        for place in re.findall(r"number (\d+) in line", line):
            self.told[person] = max(self.told[person], int(place))
        if len(self.told) >= TOLD and max(self.told.values()) > TOLD:
            self._crowd.set()


async def ask(
    address: str, number: int, functions: dict[str, int], places: Places, certificates: ssl.SSLContext
) -> bool:
    """What a page does that asks: whether there was an answer."""
    async with httpx.AsyncClient(base_url=address, timeout=60, verify=certificates) as client:
        await client.get("/")  # for its cookie
        call = {"session_hash": f"s{number}", "event_data": None}
        question = call | {"data": ["council?", None, [], [], "", "", []], "fn_index": functions["begin"]}
        place = (await client.post(surface.RUN, json=question)).json()["data"][0]
        waiting = call | {"data": [place], "fn_index": functions["respond_1"]}
        joined = await client.post(surface.JOIN, json=waiting)
        assert joined.status_code == 200, joined.text
        async with client.stream("GET", surface.EVENTS, params={"session_hash": f"s{number}"}) as events:
            async for line in events.aiter_lines():
                places.read(number, line)
                if "process_completed" in line:
                    return '"success":true' in line.replace(" ", "")
        return False


def test_fifty_people_at_once_all_get_an_answer_and_those_who_wait_their_place(tmp_path: Path) -> None:
    settings = read_settings(data=tmp_path, concurrent_questions=4)
    assistant = Slow()
    places = Places(assistant.crowd)

    async def crowd(address: str) -> list[bool]:
        page = httpx.get(address).text
        start = page.index("gradio_config = ") + len("gradio_config = ")
        config = json.JSONDecoder().raw_decode(page[start:])[0]
        functions = {each["api_name"]: each["id"] for each in config["dependencies"]}
        certificates = ssl.create_default_context()  # read once: fifty times, they take longer than the answers
        people = [ask(address, number, functions, places, certificates) for number in range(PEOPLE)]
        return await asyncio.gather(*people)

    with serving(assistant, settings) as address:
        answered = asyncio.run(crowd(address))
    assert answered == [True] * PEOPLE
    assert assistant.crowd.is_set()
