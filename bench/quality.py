"""The table of ``docs/quality.md``: the assistant as it is on many question sets.

    python bench/quality.py SETS --out DIR [--only NAME …] [--limit N] > docs/quality-table.md

``SETS`` holds one folder a set, each with ``questions.jsonl`` and ``corpus.jsonl``. Every set is run as by
``askcorpus eval SETS/NAME/questions.jsonl --out DIR/NAME --corpus SETS/NAME/corpus.jsonl``; a run that is there already
is continued.
"""

import argparse
import sys
from pathlib import Path

from askcorpus.errors import AskcorpusError
from askcorpus_eval.figures import BY_NAME
from askcorpus_eval.report import HEADLINE, number, table
from askcorpus_eval.run import Report
from askcorpus_eval.session import Session


def run(folder: Path, out: Path, limit: int | None) -> Report:
    session = Session(folder / "questions.jsonl", out, corpus=[folder / "corpus.jsonl"])
    return session.run(limit=limit, resume=(out / "answers.jsonl").exists())


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", metavar="NAME")
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    rows = []
    for folder in sorted(path.parent for path in options.sets.glob("*/questions.jsonl")):
        if options.only and folder.name not in options.only:
            continue
        print(f"{folder.name} …", file=sys.stderr)
        try:
            rows.append(row(folder.name, run(folder, options.out / folder.name, options.limit)))
        except AskcorpusError as exc:
            print(f"{folder.name}: {exc}", file=sys.stderr)
            sys.exit(exc.exit_code)
    print(table(["set", "documents", "questions", *HEADLINE], iter(rows)))


if __name__ == "__main__":
    main()
