"""Fifty people at one chat: nobody is turned away, and who waits is told where in the line."""

import asyncio
import json
import time
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


class Slow(ScriptedAssistant):
    """Takes as long as a real one does on a slow machine."""

    def stream(self, question: str, **options: Any) -> Iterator[Event]:
        time.sleep(0.3)
        yield from super().stream(question, **options)


async def ask(address: str, number: int, functions: dict[str, int]) -> tuple[bool, set[str]]:
    """What a page does that asks: whether there was an answer, and what its status line said until then."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        await client.get("/")  # for its cookie
        call = {"session_hash": f"s{number}", "event_data": None}
        question = call | {"data": ["council?", None], "fn_index": functions["begin"]}
        place = (await client.post(surface.RUN, json=question)).json()["data"][0]
        waiting = call | {"data": [place, [], [], "", "", []], "fn_index": functions["respond_1"]}
        joined = await client.post(surface.JOIN, json=waiting)
        assert joined.status_code == 200, joined.text
        said = ""
        async with client.stream("GET", surface.EVENTS, params={"session_hash": f"s{number}"}) as events:
            async for line in events.aiter_lines():
                said += line
                if "process_completed" in line:
                    return '"success":true' in line.replace(" ", ""), set(said.split("number ")[1:])
        return False, set()


def test_fifty_people_at_once_all_get_an_answer_and_those_who_wait_their_place(tmp_path: Path) -> None:
    settings = read_settings(data=tmp_path, concurrent_questions=4)

    async def crowd(address: str) -> list[tuple[bool, set[str]]]:
        page = httpx.get(address).text
        start = page.index("gradio_config = ") + len("gradio_config = ")
        config = json.JSONDecoder().raw_decode(page[start:])[0]
        functions = {each["api_name"]: each["id"] for each in config["dependencies"]}
        return await asyncio.gather(*(ask(address, number, functions) for number in range(PEOPLE)))

    with serving(Slow(), settings) as address:
        ended = asyncio.run(crowd(address))
    assert [answered for answered, _ in ended] == [True] * PEOPLE
    places = [int(each.split(" in line")[0]) for _, told in ended for each in told]
    assert len([told for _, told in ended if told]) >= 5
    assert max(places) > 5
