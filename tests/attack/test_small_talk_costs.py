"""Words of small talk, however often they are said, are read in a moment: a pattern of any number of phrases would try
all ways to put them together, of which a message of a hundred characters can have more than anybody can wait for."""

import time

import pytest

from askcorpus.answer.small_talk import LONGEST, small_talk
from askcorpus.text.lexicon import languages

SPEAKING = sorted(code for code, one in languages().items() if one.small_talk.greetings)
LISTS = ("greetings", "goodbyes", "thanks", "contents", "about", "workings", "replies", "approvals")
NO_SMALL_TALK = "qx"
SECONDS = 1.0


def said(language: str) -> set[str]:
    """What a language's phrases begin with and end with, without what may be left out of them."""
    phrases = (phrase for name in LISTS for phrase in getattr(languages()[language].small_talk, name))
    plain = {" ".join(word for word in phrase.split() if word.isalpha()) for phrase in phrases}
    return {words for phrase in plain if phrase for words in (phrase, phrase.split()[0], phrase.split()[-1])}


@pytest.mark.parametrize("language", SPEAKING)
@pytest.mark.parametrize("between", ["", " "])
def test_words_said_again_and_again_are_read_in_a_moment(language: str, between: str) -> None:
    slow = {}
    for words in said(language):
        small_talk(words)  # patterns are made when they may match, once
        times = (LONGEST - len(NO_SMALL_TALK) - 1) // (len(words) + len(between))
        message = f"{between.join([words] * times)} {NO_SMALL_TALK}"
        start = time.thread_time()
        assert small_talk(message) is None
        if (taken := time.thread_time() - start) > SECONDS:
            slow[message] = taken
    assert not slow
