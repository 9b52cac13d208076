"""One evaluation: set up from its options, run, and written to its folder; also of another system's answers."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from askcorpus.errors import UsageError
from askcorpus.settings import Settings
from askcorpus.types import Answer
from askcorpus_eval import export, report
from askcorpus_eval.evaluate import Assistant, Report, evaluate, masked
from askcorpus_eval.judge import Judge, load_judge
from askcorpus_eval.others import read_answers
from askcorpus_eval.progress import IngestBar, progress_bars
from askcorpus_eval.questions import NO_NAMES, QuestionSet, read_questions
from askcorpus_eval.run_folder import ANSWERS, DATA, METRICS, VERDICTS, Inputs, RunFolder
from askcorpus_eval.sampling import Sample, draw
from askcorpus_eval.target import choose_settings, connected, opened

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant as ProductAssistant


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
            with connected(self._settings, self._settings.server) as served:
                served.learn_model(self._set.questions[0].question)
                self._folder.claim(resume=resume)
                notes = [f"answers by the server at {served.address}, with its settings"]
                return run(served, self._set, notes=notes, warm=True)  # it has just been asked who answers
        from askcorpus.assistant import open_assistant

        with closing(open_assistant(self._settings)) as assistant:
            notes = [str(assistant.promise)] if assistant.promise else []
            self._folder.claim(resume=resume)
            notes += ingest_corpus(self._corpus, assistant) if self._corpus else []
            if assistant.store.origins_of(str(self._source.resolve())):
                notes.append(f"{self._source.name} is itself among the documents: answers may be found in it")
            return run(assistant, self._set, notes=notes)


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
    with progress_bars() as bars:
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
    """Score the answers that another system gave to a question set, and write every output.

    Raises:
        UsageError: the file holds none, or the folder is taken.
        AskcorpusError: as the error says.
    """
    folder = RunFolder(out)
    with opened(settings) as assistant:
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

    with progress_bars() as bars:
        done = ingest(
            paths, assistant.store, assistant.embeddings, assistant.settings, prune=True, progress=IngestBar(bars)
        )
    if not done.failed:
        return []
    first = done.failed[0]
    return [f"{len(done.failed)} inputs of the corpus cannot be read; the first: {first.origin}: {first.reason}"]
