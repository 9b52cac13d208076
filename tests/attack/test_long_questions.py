"""A question of the greatest length that is allowed is read in a moment, whatever is in it."""

import time

import pytest

from askcorpus.search.names import names_of
from askcorpus.search.period import read_period
from askcorpus.search.query import LONGEST_QUESTION
from askcorpus.text.figures import figures
from askcorpus.text.language import detect_language
from askcorpus.text.words import terms


def read(question: str) -> None:
    """All that is read from a question before anything is searched for."""
    detect_language(question)
    terms(question)
    read_period(question, "2023-05-01")
    names_of(question, "en")
    figures(question)


@pytest.mark.parametrize(
    "text",
    [" ", "a", "1", "中", "/source/", "the last month ", "last May ", "Abc ", "1Z", "e\u0301\u0316", "中\u0301\u0316"],
)
def test_the_longest_question_is_read_in_a_moment(text: str) -> None:
    read(text)  # compiles what texts of this language are read with
    question = (text * LONGEST_QUESTION)[:LONGEST_QUESTION]
    start = time.thread_time()
    read(question)
    assert time.thread_time() - start < 2.0, "what grows with the square takes minutes"
