"""What the commands do: set up an evaluation from its options, run it, and write its results."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from askcorpus.answer.outcomes import FILE as OUTCOMES
from askcorpus.answer.outcomes import write_outcomes
from askcorpus.answer.risk import Outcomes
from askcorpus.client import Client
from askcorpus.errors import UsageError
from askcorpus.feedback import FEEDBACK, Note, read_feedback, shared_feedback
from askcorpus.index.opening import require_index
from askcorpus.settings import Settings, read_settings
from askcorpus.types import Answer
from askcorpus_eval import export, report
from askcorpus_eval.evaluate import Assistant, Report, evaluate, masked
from askcorpus_eval.judge import Judge, load_judge
from askcorpus_eval.others import read_answers
from askcorpus_eval.probe import ProbeReport, ask_probes, probes_of, report_on_probes
from askcorpus_eval.probe import markdown as probe_markdown
from askcorpus_eval.probe_questions import Probe
from askcorpus_eval.promises import known_answers, measure
from askcorpus_eval.question_drafts import add_drafts, from_documents, from_feedback, sample_documents, write_drafts
from askcorpus_eval.questions import NO_NAMES, Question, QuestionSet, read_questions
from askcorpus_eval.remote import RemoteAssistant
from askcorpus_eval.run_folder import ANSWERS, DATA, METRICS, VERDICTS, Inputs, RunFolder
from askcorpus_eval.sampling import Sample, draw

if TYPE_CHECKING:
    from rich.progress import Progress

    from askcorpus.assistant import Assistant as ProductAssistant


log = logging.getLogger(__name__)

SENT = frozenset({"top_k", "max_error"})
"""The settings that go to a server with each question."""


class Judging(NamedTuple):
    """Which model judges, and on which server."""

    model: str
    base_url: str | None = None


class Evaluation:
    """One evaluation: a question set, a folder for what comes of it, and an index: of ``corpus``, or at ``data``."""

    def __init__(
        self,
        questions: Path,
        out: Path,
        *,
        corpus: Sequence[Path] = (),
        data: Path | None = None,
        server: str | None = None,
        overrides: dict[str, Any] | None = None,
        names: Mapping[str, str] = NO_NAMES,
    ) -> None:
        if corpus and (data or server):
            raise UsageError("--corpus makes its own index.", "Give one of --corpus, --data and --server.")
        self._source = questions
        self._set: QuestionSet = read_questions(questions, names)
        self._folder = RunFolder(out)
        settings = choose_settings(out / DATA if corpus else data, server, overrides)
        own = self._set.corpus
        self._corpus = list(corpus) or ([own] if own and not data and not settings.server else [])
        self._settings = settings.model_copy(update={"data": out / DATA}) if self._corpus else settings

    def run(
        self,
        *,
        limit: int | None = None,
        sample: Sample | None = None,
        resume: bool = False,
        judging: Judging | None = None,
    ) -> Report:
        """Ask what has not been asked yet, and write every output.

        Raises:
            AskcorpusError: as the error says; the answers so far are kept, for ``resume``.
        """
        judge = load_judge(self._settings, judging.model, judging.base_url) if judging else None
        run = partial(run_in, self._folder, source=self._source.name, limit=limit, sample=sample, judge=judge)
        if self._settings.server:
            with _client(self._settings, self._settings.server) as client:
                served = RemoteAssistant(client, self._settings)
                served.learn_model(self._set.questions[0].question)
                self._folder.claim(resume=resume)
                notes = [f"answers by the server at {client.address}, with its settings"]
                return run(served, self._set, notes=notes, warm=True)  # it has just been asked who answers
        from askcorpus.assistant import open_assistant

        with closing(open_assistant(self._settings)) as assistant:
            notes = [str(assistant.promise)] if assistant.promise else []
            self._folder.claim(resume=resume)
            notes += ingest_corpus(self._corpus, assistant) if self._corpus else []
            if assistant.store.origins_of(str(self._source.resolve())):
                notes.append(f"{self._source.name} is itself among the documents: answers may be found in it")
            return run(assistant, self._set, notes=notes)


def choose_settings(data: Path | None, server: str | None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """The settings of what is asked: the index at ``data``, or else a server.

    Raises:
        UsageError: both are named, or a server is to set what it has set.
    """
    if data and server:
        raise UsageError("--data and --server do not go together.", "Leave one of them out.")
    settings = read_settings(data=data, server=server, **(overrides or {}))
    if data:
        return settings.model_copy(update={"server": None})
    if settings.server and (others := sorted({*(overrides or {})} - SENT)):
        raise UsageError(f"{others[0]} is the server's to set.", f"--set can be {' or '.join(sorted(SENT))} there.")
    return settings


def _client(settings: Settings, address: str) -> Client:
    return Client(address, settings.api_key.get_secret_value() if settings.api_key else None)


def run_in(
    folder: RunFolder,
    assistant: Assistant,
    question_set: QuestionSet,
    *,
    source: str = "",
    limit: int | None = None,
    sample: Sample | None = None,
    judge: Judge | None = None,
    notes: Sequence[str] = (),
    warm: bool = False,
) -> Report:
    """Evaluate within a claimed folder: go on from the answers in it, keep each new one, write every output."""
    questions = draw(question_set.questions, sample) if sample else question_set.questions[:limit]
    if len(questions) < len(question_set.questions):
        drawn = f"drawn by lot, seed {sample.seed}" if sample else "the first"
        notes = [*notes, f"{len(questions)} of {len(question_set.questions)} questions were asked, {drawn}"]
    folder.begin(
        Inputs(
            questions=question_set.fingerprint(),
            settings=masked(assistant.settings),
            index=assistant.store.info().model_dump_json(),
            judge=judge.name if judge else None,
        )
    )
    answers = folder.answers()
    with _bars() as bars:
        asked = bars.add_task("asked", total=len(questions), completed=sum(q.id in answers for q in questions))
        judged = bars.add_task("judged", total=len(questions), visible=judge is not None)

        def keep(answer: Answer) -> None:
            folder.append(ANSWERS, answer.model_dump_json())
            bars.advance(asked)

        kept = KeptJudge(judge, folder, lambda: bars.advance(judged)) if judge else None
        result = evaluate(assistant, questions, answers=answers, on_answer=keep, judge=kept, source=source, warm=warm)
    result = result.model_copy(update={"notes": [*question_set.notes, *notes, *result.notes]})
    write_outputs(folder, result, assistant)
    return result


def score_others(question_set: QuestionSet, source: str, answers: Path, settings: Settings, out: Path) -> Report:
    """Hold answers that another system gave against a question set, and write every output.

    Raises:
        UsageError: the file holds none, or the folder is taken.
        AskcorpusError: as the error says.
    """
    if settings.server:
        with _client(settings, settings.server) as client:
            return _score_over(RemoteAssistant(client, settings), question_set, source, answers, RunFolder(out))
    from askcorpus.assistant import open_assistant

    require_index(settings)
    with closing(open_assistant(settings)) as assistant:
        return _score_over(assistant, question_set, source, answers, RunFolder(out))


def _score_over(
    assistant: Assistant, question_set: QuestionSet, source: str, answers: Path, folder: RunFolder
) -> Report:
    """The same over the documents of an assistant, which is asked nothing."""
    given = read_answers(answers, question_set.questions, assistant.store)
    folder.claim(resume=False)
    for answer in given.answers.values():
        folder.append(ANSWERS, answer.model_dump_json())
    result = evaluate(assistant, given.questions, answers=given.answers, untold=given.untold, source=source)
    result = result.model_copy(update={"notes": [*question_set.notes, *given.notes, *result.notes]})
    write_outputs(folder, result, assistant)
    return result


class KeptJudge:
    """A judge whose verdicts are kept in the run's folder as they come, and not asked for again."""

    def __init__(self, judge: Judge, folder: RunFolder, step: Callable[[], None]) -> None:
        self.name = judge.name
        self._judge, self._folder, self._step = judge, folder, step
        self._verdicts = folder.verdicts()

    def faithfulness(self, answer: Answer) -> float | None:
        """The kept verdict on this answer, or the judge's new one."""
        name = answer.conversation_id or ""
        if name not in self._verdicts:
            self._verdicts[name] = self._judge.faithfulness(answer)
            self._folder.append(VERDICTS, json.dumps({"id": name, "faithfulness": self._verdicts[name]}))
        self._step()
        return self._verdicts[name]


def write_outputs(folder: RunFolder, result: Report, assistant: Assistant) -> None:
    """Everything but the answers, which are there already."""
    folder.write(METRICS, result.model_dump_json(indent=1))
    folder.write("report.html", report.html(result, assistant.store))
    folder.write("report.md", report.markdown(result))
    folder.write("run.trec", export.trec_run(result.cases))
    folder.write("qrels.trec", export.trec_qrels(result.cases))
    folder.write("ragas.jsonl", export.ragas(result.cases))
    folder.write("questions.csv", export.questions_csv(result.cases))
    folder.write("questions.junit.xml", export.questions_junit(result.cases))


def ingest_corpus(paths: Sequence[Path], assistant: "ProductAssistant") -> list[str]:
    """Bring the assistant's store up to what the paths hold; what is there already is not embedded again.

    The result says, for the report, what could not be read.
    """
    from askcorpus_ingest.pipeline import ingest

    with _bars() as bars:
        done = ingest(
            paths, assistant.store, assistant.embeddings, assistant.settings, prune=True, progress=IngestBar(bars)
        )
    if not done.failed:
        return []
    first = done.failed[0]
    return [f"{len(done.failed)} inputs of the corpus cannot be read; the first: {first.origin}: {first.reason}"]


class IngestBar:
    """An ingest run's progress as a bar of files."""

    def __init__(self, bars: "Progress") -> None:
        self._bars = bars
        self._task = bars.add_task("ingested files", total=None)
        self._begun = 0

    def start(self, files: int) -> None:
        """So many files are to be read."""
        self._bars.update(self._task, total=files)

    def file(self, _path: Path) -> None:
        """The file before this one is done."""
        self._bars.update(self._task, completed=self._begun)
        self._begun += 1

    def embedded(self, passages: int) -> None:
        """Passages come in batches, some time after their files."""

    def step(self, name: str, done: int, total: int) -> None:
        """An index follows, which takes little time."""

    def finish(self) -> None:
        """All files are done."""
        self._bars.update(self._task, completed=self._begun)


def calibrate(asked: QuestionSet, source: str, settings: Settings, note: Callable[[str], None]) -> Outcomes:
    """Measure a question set on the index of ``settings`` and keep its outcomes there, for error rates to be ordered;
    or on a server, whose index's folder is out of reach: nothing is kept. ``source`` names the set; ``note`` is told
    what is amiss with it.

    Raises:
        AskcorpusError: as the error says; the outcomes that were there are kept.
    """
    if settings.server:
        return _calibrate_server(asked, settings, settings.server, note)
    from askcorpus.assistant import open_assistant

    require_index(settings)
    anything = settings.model_copy(update={"min_confidence": 0.0, "max_error": None})
    with closing(open_assistant(anything)) as assistant, _bars() as bars:
        assistant.store.filled()
        task = bars.add_task("asked", total=len(asked.questions))
        measured = measure(assistant, asked.questions, source, lambda: bars.advance(task), note)
    write_outcomes(settings.data / OUTCOMES, measured)
    return measured.table()


def _calibrate_server(asked: QuestionSet, settings: Settings, address: str, note: Callable[[str], None]) -> Outcomes:
    """The same by a server's answers, given from its own confidence on, whatever error rate is ordered here."""
    as_it_answers = settings.model_copy(update={"max_error": None})
    with _client(settings, address) as client, _bars() as bars:
        task = bars.add_task("asked", total=len(asked.questions))
        served = RemoteAssistant(client, as_it_answers)
        known = known_answers(served, asked.questions, lambda: bars.advance(task), note)
        note(
            f"measured by the answers of the server at {client.address}, from its own confidence on; it is told "
            "nothing: for it to keep a rate, calibrate on its machine, or heed the confidence of each answer"
        )
    return known


def probe(settings: Settings, *, limit: int, seed: int, out: Path | None) -> ProbeReport:
    """Ask the index or the server of ``settings`` what it should and should not answer; write report, answers and
    questions to ``out``.

    Raises:
        AskcorpusError: as the error says.
    """
    folder = RunFolder(out) if out else None
    if settings.server:
        with _client(settings, settings.server) as client:
            served = RemoteAssistant(client, settings)
            probes = probes_of(served.store, (languages := served.store.languages()), limit, seed)
            return _ask_all(served, probes, languages, seed, folder)
    from askcorpus.assistant import open_assistant

    require_index(settings)
    with closing(open_assistant(settings)) as assistant:
        assistant.store.filled()
        probes = probes_of(assistant.store, (languages := assistant.store.facets().languages), limit, seed)
        return _ask_all(assistant, probes, languages, seed, folder)


def _ask_all(
    assistant: Assistant, probes: Sequence[Probe], languages: Iterable[str], seed: int, folder: RunFolder | None
) -> ProbeReport:
    """What comes of probes of a corpus in ``languages``, also in ``folder``."""
    if folder:
        folder.claim(resume=False)
    probed, models = [], set()
    with _bars() as bars:
        task = bars.add_task("asked", total=len(probes))
        for one, answer in ask_probes(probes, assistant.ask):
            probed.append(one)
            models.add(answer.model)
            bars.advance(task)
            if folder:
                folder.append(ANSWERS, answer.model_copy(update={"conversation_id": one.probe.id}).model_dump_json())
    report = report_on_probes(probed, assistant.store.info(), ", ".join(sorted(models)), seed, languages)
    if folder:
        folder.write("probe.json", report.model_dump_json(indent=1))
        folder.write("probe.md", probe_markdown(report))
        drafts = (one.as_question().model_dump_json(exclude_defaults=True) for one in probes)
        folder.write("questions.jsonl", "".join(f"{line}\n" for line in drafts))
    return report


def draft(
    settings: Settings,
    out: Path,
    *,
    feedback: Path | None,
    documents: int,
    language: str,
    merge: bool = False,
    note: Note = log.warning,
) -> int:
    """Write drafts from feedback and documents into a new file, or with ``merge`` below the rows of one that exists;
    the number of them. ``note`` is told what is amiss with the feedback.

    Raises:
        UsageError: there is neither feedback nor an LLM to draft from, or the file exists.
    """
    if out.suffix.lower() != ".jsonl":
        raise UsageError(f"{out}: drafts are JSONL.", "Name a file that ends in .jsonl.")
    if out.exists() and not merge:
        raise UsageError(f"{out} exists already.", "Name another --out, or add to it: --merge.")
    from askcorpus.answer.llm import load_chat_model

    said = feedback or settings.data / FEEDBACK
    drafts: list[Question] = []
    if feedback or said.exists():
        drafts += from_feedback(read_feedback(said, note))
    elif settings.database_url:
        drafts += from_feedback(shared_feedback(settings.database_url, note))
    if settings.llm and documents:
        from askcorpus.assistant import open_assistant

        with closing(open_assistant(settings)) as assistant:
            drafts += from_documents(sample_documents(assistant.store, documents), load_chat_model(settings), language)
    if not drafts:
        raise UsageError(f"There is nothing to draft from: no feedback in {said}, no LLM.", "Set ASKCORPUS_LLM.")
    unique = list({question.id: question for question in drafts}.values())
    if merge and out.exists():
        return add_drafts(out, unique)
    write_drafts(out, unique)
    return len(unique)


def _bars() -> "Progress":
    """Progress bars on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal)
