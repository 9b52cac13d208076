"""Probing an index without labels: does it answer what its documents say, and abstain from what they do not?

Questions are made from the documents themselves (``probe_questions``), and all are asked. Reported are the share of
false ones that got an answer, and the share of true ones that got none, each with its interval.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from askcorpus.errors import UsageError
from askcorpus.settings import Settings
from askcorpus.types import Answer, Document, Filters, IndexInfo
from askcorpus_eval.evaluate import Assistant, check_model
from askcorpus_eval.figures import Estimate
from askcorpus_eval.gate import SLACK, read_limit
from askcorpus_eval.gold import Documents
from askcorpus_eval.metrics.wilson import share_interval
from askcorpus_eval.probe_questions import Probe, make_probes
from askcorpus_eval.progress import progress_bars
from askcorpus_eval.remote import RemoteAssistant
from askcorpus_eval.report import between, number, table
from askcorpus_eval.run_folder import ANSWERS, RunFolder
from askcorpus_eval.target import opened

if TYPE_CHECKING:
    from askcorpus.assistant import Assistant as ProductAssistant

VERSION = 1
EXAMPLES = 10
FEWEST = 3
"""Documents of a language that are looked at, if it has as many: not every one has a sentence that can be changed."""

FALSE_ANSWERED, TRUE_SILENT = "false_answered", "true_silent"


class Probed(BaseModel, frozen=True):
    """A probe with what came of it. ``shows_original`` says that a quote holds the sentence that was changed, so that
    a reader sees what it says; ``right`` that a true one was answered, a false one not."""

    probe: Probe
    answered: bool
    confidence: float
    answer: str
    quote: str
    title: str
    shows_original: bool

    @property
    def right(self) -> bool:
        """Whether the assistant did right."""
        return self.answered == self.probe.true


class ProbeReport(BaseModel, frozen=True):
    """All figures of a probe: ``figures`` has ``false_answered`` and ``true_silent``, and under their names with a dot
    the same by kind of change, form and language; all are shares with Wilson's 95 % intervals. ``not_asked`` are the
    languages of the corpus in which nothing was asked."""

    version: int = VERSION
    index: IndexInfo
    model: str
    seed: int
    figures: dict[str, Estimate]
    shows_original: Estimate
    not_asked: list[str] = []
    probed: list[Probed]

    def examples(self, true: bool) -> list[Probed]:
        """What went wrong: of false ones the surest answers, of true ones the surest silences."""
        wrong = [one for one in self.probed if one.probe.true == true and not one.right]
        return sorted(wrong, key=lambda one: one.confidence, reverse=not true)[:EXAMPLES]


def draw_documents(store: Documents, languages: Mapping[str, int], wanted: int, seed: int) -> list[Document]:
    """``wanted`` documents by lot, each of ``languages`` (with its number of documents) in its share, but at least
    ``FEWEST``; all where there are no more."""
    lot, total = random.Random(seed), sum(languages.values())
    drawn: list[str] = []
    for language, count in sorted(languages.items()):
        places = min(count, max(FEWEST, round(wanted * count / total)))
        filters = Filters(languages=(language,)) if language else Filters()
        for at in lot.sample(range(count), places):
            drawn += (one.id for one in store.documents(filters, offset=at, limit=1))
    lot.shuffle(drawn)
    return [document for name in dict.fromkeys(drawn) if (document := store.document(name))]


def probe_index(settings: Settings, *, limit: int, seed: int, out: Path | None) -> ProbeReport:
    """Ask the index or the server of ``settings`` what it should and should not answer; write report, answers and
    questions to ``out``.

    Raises:
        AskcorpusError: as the error says.
    """
    folder = RunFolder(out) if out else None
    with opened(settings) as assistant:
        probes = probes_of(assistant.store, (languages := _languages(assistant)), limit, seed)
        return _ask_all(assistant, probes, languages, seed, folder)


def _languages(assistant: "ProductAssistant | RemoteAssistant") -> dict[str, int]:
    """The number of documents in each language."""
    if isinstance(assistant, RemoteAssistant):
        return assistant.store.languages()
    assistant.store.filled()
    return assistant.store.facets().languages


def _ask_all(
    assistant: Assistant, probes: Sequence[Probe], languages: Iterable[str], seed: int, folder: RunFolder | None
) -> ProbeReport:
    """What comes of probes of a corpus in ``languages``, also in ``folder``."""
    if folder:
        folder.claim(resume=False)
    probed, models = [], set()
    with progress_bars() as bars:
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
        folder.write("probe.md", markdown(report))
        drafts = (one.as_question().model_dump_json(exclude_defaults=True) for one in probes)
        folder.write("questions.jsonl", "".join(f"{line}\n" for line in drafts))
    return report


def probes_of(store: Documents, languages: Mapping[str, int], limit: int, seed: int) -> list[Probe]:
    """Probes of an index.

    Raises:
        UsageError: no sentence of the documents drawn has a number or a name to change.
    """
    probes = make_probes(draw_documents(store, languages, limit, seed), limit, seed)
    if not probes:
        raise UsageError("No sentence that was looked at has a number or a name to change.", "Try another --seed.")
    return probes


def ask_probes(probes: Iterable[Probe], ask: Callable[[str], Answer]) -> Iterator[tuple[Probed, Answer]]:
    """Ask them one after the other.

    Raises:
        ModelError: the language model fails.
    """
    for probe in probes:
        answer = ask(probe.question)
        check_model(answer)
        original, quotes = probe.original, [" ".join(citation.quote.split()) for citation in answer.citations]
        first = answer.citations[0] if answer.citations else None
        yield (
            Probed(
                probe=probe,
                answered=answer.answerable,
                confidence=answer.confidence,
                answer=answer.answer,
                quote=first.quote if first else "",
                title=first.title if first else "",
                shows_original=bool(original) and any(quote in original or original in quote for quote in quotes),
            ),
            answer,
        )


def report_on_probes(
    probed: Sequence[Probed], index: IndexInfo, model: str, seed: int, languages: Iterable[str] = ()
) -> ProbeReport:
    """The figures of these probes of a corpus in ``languages``."""
    figures: dict[str, Estimate] = {}
    for name, true in ((FALSE_ANSWERED, False), (TRUE_SILENT, True)):
        rows = [one for one in probed if one.probe.true == true]
        groups = {
            f"{name}.{value}": [one for one in rows if getattr(one.probe, field) == value]
            for field in ("kind", "form", "language")
            for value in sorted({getattr(one.probe, field) for one in rows})
            if field != "kind" or not true
        }
        for group, members in {name: rows, **groups}.items():
            figures[group] = _share([not one.right for one in members])
    answered = [one for one in probed if one.answered and not one.probe.true and one.probe.original]
    return ProbeReport(
        index=index,
        model=model,
        seed=seed,
        figures=figures,
        shows_original=_share([one.shows_original for one in answered]),
        not_asked=sorted({*languages} - {one.probe.language for one in probed} - {""}),
        probed=list(probed),
    )


def _share(hits: Sequence[bool]) -> Estimate:
    if not hits:
        return Estimate(value=None, low=None, high=None, n=0)
    low, high = share_interval(sum(hits), len(hits))
    return Estimate(value=sum(hits) / len(hits), low=low, high=high, n=len(hits))


def read_limits(conditions: Iterable[str]) -> dict[str, float]:
    """Limits written ``false_answered=0.1``.

    Raises:
        UsageError: not of that form, or no such figure.
    """
    limits = {}
    for condition in conditions:
        name, _, number = condition.partition("=")
        if name.partition(".")[0] not in (FALSE_ANSWERED, TRUE_SILENT):
            raise UsageError(f"A probe has no figure {name!r}.", f"It has {FALSE_ANSWERED} and {TRUE_SILENT}.")
        limits[name] = read_limit(number, f"--fail-over {condition}: not of the form figure=number.")
    return limits


def over(limits: Mapping[str, float], report: ProbeReport) -> list[str]:
    """A line for every figure over its limit; one that nothing was asked for is over it, too."""
    lines = []
    for name, limit in limits.items():
        value = report.figures[name].value if name in report.figures else None
        if value is None:
            lines.append(f"{name} has no figure: nothing of the sort was asked")
        elif value > limit + SLACK:
            lines.append(f"{name} is {value:.4g}, over {limit:g}")
    return lines


def markdown(report: ProbeReport) -> str:
    """The figures and examples for people."""
    false, true = report.figures[FALSE_ANSWERED], report.figures[TRUE_SILENT]
    rows = ((name, number(one.value), between(one), str(one.n)) for name, one in report.figures.items())
    lines = [
        "# Probe",
        "",
        f"{len(report.probed)} questions made of {report.index.documents} documents, seed {report.seed}; answers by "
        f"{report.model}. Changes are made by rule: now and then one is true by chance.",
        "",
        f"- **{_told(false)} of the false ones got an answer.** {_told(report.shows_original)} of these show the "
        "sentence that was changed, so that a reader sees what it says.",
        f"- **{_told(true)} of the true ones got none.**",
        "",
        table(["figure", "value", "95 % interval", "n"], rows),
    ]
    if report.not_asked:
        lines += ["", f"Nothing was asked in these languages of the corpus: {', '.join(report.not_asked)}."]
    for title, of_true in (("False, and answered", False), ("True, and not answered", True)):
        if examples := report.examples(of_true):
            lines += ["", f"## {title} (the surest {len(examples)})", "", *map(_example, examples)]
    return "\n".join(lines) + "\n"


def _told(share: Estimate) -> str:
    if share.value is None:
        return "None"
    return f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%}, n {share.n})"


def _example(one: Probed) -> str:
    question, quote = (" ".join(text.split()).replace("<", "&lt;") for text in (one.probe.question, one.quote))
    changed = f" ({one.probe.change})" if one.probe.change else ""
    answer = f" “{quote}” — {one.title}" if one.answered else ""
    return f"- {question}{changed}: confidence {one.confidence:.2f}{answer}"
