"""A conversation of any length and of any text costs a question next to nothing."""

import time
from collections.abc import Iterator

import pytest

from askcorpus.assistant import Assistant
from askcorpus.embedding.embeddings import SentenceEmbeddings
from askcorpus.search.query import LONGEST_TURN, RECENT_TURNS, recent_turns
from askcorpus.types import Answer, Turn
from asking import open_over

SEVEN_MEGABYTES = 7_000_000
QUESTION = "And what did its new engine cost?"
ASKED = Turn(role="user", text="When does the ferry to Molde sail again?")
ANSWERED = Turn(role="assistant", text="The ferry to Molde sails again from Tuesday. [1]")


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embeddings: SentenceEmbeddings) -> Iterator[Assistant]:
    with open_over(tmp_path_factory.mktemp("long"), embeddings) as opened:
        opened.ask(QUESTION)
        yield opened


def timed(assistant: Assistant, history: list[Turn]) -> tuple[Answer, float]:
    """The answer, and the processor seconds of this thread that it took."""
    start = time.thread_time()
    answer = assistant.ask(QUESTION, history=history)
    return answer, time.thread_time() - start


@pytest.mark.parametrize(
    "text", [" ", "\n", "\u00a0[", "[1]", "[\\[1\\]](", "e\u0301\u0316", "<think>", "| # ", "1 000,"]
)
def test_a_turn_of_seven_megabytes_costs_no_second(assistant: Assistant, text: str) -> None:
    long = text * (SEVEN_MEGABYTES // len(text))
    _, short = timed(assistant, [ASKED, ANSWERED])
    for role in ("user", "assistant"):
        answer, seconds = timed(assistant, [ASKED, ANSWERED, Turn(role=role, text=long)])
        assert seconds < short + 0.5
        assert "12 million kroner" in answer.answer


def test_a_chat_of_any_length_goes_on_with_its_newest_turns(assistant: Assistant) -> None:
    answer, seconds = timed(
        assistant, [Turn(role="user", text="Who painted the bridge?")] * 100_000 + [ASKED, ANSWERED]
    )
    assert seconds < 1.0
    assert ASKED.text in answer.standalone_question


def test_the_newest_turns_are_kept_in_order_and_cut() -> None:
    said = [Turn(role="user", text=f"{number} ".ljust(LONGEST_TURN + 7, "x")) for number in range(RECENT_TURNS + 2)]
    kept = recent_turns(said)
    assert [turn.text.split()[0] for turn in kept] == [str(number) for number in range(2, RECENT_TURNS + 2)]
    assert {len(turn.text) for turn in kept} == {LONGEST_TURN}


def test_half_a_character_in_a_turn_is_replaced(assistant: Assistant) -> None:
    broken = Turn(role="assistant", text="\ud800".join(ANSWERED.text.split("T")))
    assert "\ufffd" in recent_turns([broken])[0].text
    assert assistant.ask(QUESTION, history=[ASKED, broken]).answerable
