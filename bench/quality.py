"""The tables of ``docs/quality.md``: the assistant as it is on many question sets, and what each step costs.

    python bench/quality.py SETS --work DIR --out DIR [--before DIR] [--only NAME …] [--limit N]

``SETS`` holds one folder a set, each with ``questions.jsonl`` and ``corpus.jsonl``. Every set is run as by
``askcorpus eval SETS/NAME/questions.jsonl --out OUT/NAME --data WORK/NAME``; indexes are kept in ``WORK`` (the other
scripts here make the same ones), and a run that is there already is continued. ``--before`` is the ``--out`` of an
earlier version's run over the same questions: then a table sets its figures beside today's.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from question_sets import opened, set_folders

from askcorpus.errors import AskcorpusError
from askcorpus_eval.evaluate import Report
from askcorpus_eval.figures import BY_NAME
from askcorpus_eval.report import HEADLINE, number, table
from askcorpus_eval.session import Evaluation

BEFORE_AND_AFTER = ("hit@5", "mrr@10", "f1", "answer_in_citation", "abstention_auroc", "ece")
STEPS = ("embed", "retrieve", "read", "judge", "answer", "total")


def run(folder: Path, work: Path, out: Path, limit: int | None) -> Report:
    with opened(folder, work):  # which brings its index up to date
        pass
    evaluation = Evaluation(folder / "questions.jsonl", out, data=work / folder.name)
    return evaluation.run(limit=limit, resume=(out / "answers.jsonl").exists())


def row(name: str, report: Report) -> list[str]:
    """Each figure with half the width of its interval, and the number of questions it rests on."""
    cells = [name, str(report.run.index.documents), str(len(report.questions))]
    for figure in HEADLINE:
        found, metric = report.figures[figure], BY_NAME[figure]
        if found.value is None or found.low is None or found.high is None:
            cells.append("–")
        elif metric.unit:
            cells.append(number(found.value, metric))
        else:
            cells.append(f"{found.value:.3f} ±{(found.high - found.low) / 2:.3f}")
    return cells


def change(name: str, before: Path, after: Path) -> list[str]:
    """Each figure of the earlier run and of today's, with half the width of its interval."""
    then, now = (json.loads((path / "metrics.json").read_text(encoding="utf-8"))["figures"] for path in (before, after))
    return [name, *(f"{_shown(then[figure])} → {_shown(now[figure])}" for figure in BEFORE_AND_AFTER)]


def _shown(found: dict[str, float | None]) -> str:
    value, low, high = found["value"], found["low"], found["high"]
    return "–" if value is None or low is None or high is None else f"{value:.3f} ±{(high - low) / 2:.3f}"


def steps(name: str, out: Path) -> list[str]:
    """The median milliseconds of each step."""
    lines = (out / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    timings = [json.loads(line)["timings_ms"] for line in lines]
    return [name, *(f"{np.median([one.get(step, 0.0) for one in timings]):.0f}" for step in STEPS)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--only", nargs="*", metavar="NAME")
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    names = [folder.name for folder in set_folders(options.sets, options.only)]
    rows = []
    for name in names:
        print(f"{name} …", file=sys.stderr)
        try:
            report = run(options.sets / name, options.work, options.out / name, options.limit)
        except AskcorpusError as exc:
            print(f"{name}: {exc}", file=sys.stderr)
            sys.exit(exc.exit_code)
        rows.append(row(name, report))
    print(table(["set", "documents", "questions", *HEADLINE], iter(rows)), end="\n\n")
    print(table(["set", *(f"{step}, ms" for step in STEPS)], (steps(name, options.out / name) for name in names)))
    if options.before:
        changes = (change(name, options.before / name, options.out / name) for name in names)
        print("\n" + table(["set", *BEFORE_AND_AFTER], changes))


if __name__ == "__main__":
    main()
