"""A language model as a judge of faithfulness: do the cited passages support the answer?

The judge is off by default, and its model is set separately from the product's, so that a new model of the product does
not change the yardstick. ``bench/judge_agreement.py`` measures how well a judge agrees with people.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from askcorpus.answer.fence import boundary_for, fence_passages, inert
from askcorpus.answer.prompts import load_prompt
from askcorpus.errors import ModelError
from askcorpus.settings import Settings
from askcorpus.text.sentences import split_sentences
from askcorpus.types import Answer, Hit
from askcorpus_eval.metrics.answers import plain

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

SENTENCE_CHARS = 2_000
QUESTION_CHARS = 10_000
_VERDICT = re.compile(
    r"^\W{0,20}(\d{1,9})\W{1,20}(supported|unsupported|not supported)\b", re.IGNORECASE | re.MULTILINE
)


class Judge:
    """A chat model with the judge's prompt; ``name`` is recorded with every figure it gives."""

    def __init__(self, model: "BaseChatModel", name: str) -> None:
        self.name = name
        self._model = model
        self._prompt = load_prompt("judge")

    def faithfulness(self, answer: Answer) -> float | None:
        """The share of the answer's sentences that its cited passages support.

        |{s : supported(s)}| / |sentences|, each judged by the model. ``None`` for an abstention, and where the model's
        reply cannot be read. Source: Es et al. 2024, "RAGAs: Automated Evaluation of Retrieval Augmented Generation".

        Raises:
            ModelError: the model cannot be reached or fails.
        """
        if not answer.answerable:
            return None
        text = plain(answer.answer)
        sentences = [text[start:end] for start, end in split_sentences(text, answer.language)]
        cited = {citation.passage_id for citation in answer.citations}
        passages = [hit for hit in answer.passages if hit.passage_id in cited]
        verdicts = self.verdicts(answer.question, sentences, passages or answer.passages)
        return sum(verdicts) / len(verdicts) if verdicts else None

    def verdicts(self, question: str, sentences: Sequence[str], passages: Sequence[Hit]) -> list[bool] | None:
        """Whether the passages support each sentence; ``None`` unless the model gave one verdict on each.

        Raises:
            ModelError: the model cannot be reached or fails.
        """
        reply = self._reply(question, sentences, passages)
        found = {int(number): word.lower() == "supported" for number, word in _VERDICT.findall(reply)}
        numbers = range(1, len(sentences) + 1)
        return [found[number] for number in numbers] if found.keys() == set(numbers) else None

    def _reply(self, question: str, sentences: Sequence[str], passages: Sequence[Hit]) -> str:
        boundary = boundary_for([question, *sentences, *(hit.text for hit in passages)])
        messages = self._prompt.invoke(
            {
                "passages": fence_passages(passages, boundary),
                "question": _one_line(question, QUESTION_CHARS),
                "sentences": "\n".join(
                    f"| {number}. {_one_line(sentence, SENTENCE_CHARS)}"
                    for number, sentence in enumerate(sentences, start=1)
                ),
                "boundary": boundary,
            }
        )
        # Chat models share no exception class: whatever one raises here, the judge failed.
        try:
            return str(self._model.invoke(messages).text)
        except Exception as exc:
            raise ModelError(f"The judge {self.name} failed: {str(exc).strip() or type(exc).__name__}") from exc


def load_judge(settings: Settings, model: str, base_url: str | None = None) -> Judge:
    """The judge ``model`` (``provider:model``), on its own server; it inherits no address and no key of the product's.

    Its key comes from the provider's own environment variable (``OPENAI_API_KEY`` and the like).

    Raises:
        ModelError: the provider is unknown or not installed, or it needs a key.
    """
    from askcorpus.answer.llm import load_chat_model

    own = settings.model_copy(update={"llm": model, "llm_base_url": base_url, "llm_api_key": None})
    return Judge(load_chat_model(own), model)


def _one_line(text: str, limit: int) -> str:
    return " ".join(inert(text, limit).split())
