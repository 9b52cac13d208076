"""What readers think of answers."""

import logging
from typing import get_args

import gradio as gr

from askcorpus.errors import AskcorpusError
from askcorpus.feedback import FeedbackFile, Reason
from askcorpus_ui.chat.browser import owner_of
from askcorpus_ui.chat.conversation import Opinion, Place
from askcorpus_ui.chat.conversations import Conversations
from askcorpus_ui.chat.events import Carried, fault_line, number_of, place_of, strings_of
from askcorpus_ui.chat.layout import status_line

log = logging.getLogger(__name__)


class Opinions:
    """Opinions are noted in a file for the evaluation, and kept with the answers that they are of."""

    def __init__(self, feedback: FeedbackFile, conversations: Conversations) -> None:
        self._feedback = feedback
        self._conversations = conversations

    def like(self, carried: Carried, chosen: gr.LikeData, request: gr.Request) -> str:
        """Keep what somebody thinks of an answer; the status line, which says whether that worked."""
        strings, place = strings_of(request), place_of(carried)
        try:
            conversation = self._conversations.read(owner_of(request.headers), place.id) if place else None
        except AskcorpusError as exc:
            return fault_line(exc, strings)
        exchange = conversation.exchange(number_of(chosen.index)) if conversation else None
        if conversation is None or exchange is None or exchange.reply is None:
            return status_line()
        liked = chosen.liked if isinstance(chosen.liked, bool) else None  # a second click takes the first back
        reason = _reason((chosen._data or {}).get("name")) if liked is False else None
        history = conversation.history(exchange.number)
        if not self._feedback.add(exchange.question, history, exchange.reply.id, liked, reason):
            return status_line(strings.feedback_lost)
        try:
            judged = Place(id=conversation.id, turn=exchange.number)
            opinion = Opinion(liked=liked, reason=reason)
            self._conversations.judge(owner_of(request.headers), judged, exchange.reply, opinion)
        except AskcorpusError as exc:  # it is noted all the same
            log.warning("An opinion could not be kept with its answer: %s", exc)
        return status_line(strings.feedback_kept)


def _reason(name: object) -> Reason | None:
    """The reason of that name, ``None`` where it is none."""
    return next((each for each in get_args(Reason) if each == name), None)
