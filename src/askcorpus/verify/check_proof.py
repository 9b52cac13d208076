#!/usr/bin/env python3
"""Checks a proof of askcorpus offline: python check_proof.py PROOF DOCUMENT…

PROOF is what `askcorpus ask --proof FILE` writes. Each DOCUMENT is a file of JSON objects, one a line, with "id" and
"text", as `askcorpus docs show ID --json` prints them. For each quotation of the answer it is checked that

1. the document at hand has the text that the proof was made from (SHA-256 of the text in UTF-8),
2. the quotation stands in that text at the characters start to end, word for word,
3. the answer has the quotation's marker, such as [1], at its place; and that the answer has no other marker,
4. where the documents are quoted, the answer has no other words than its quotations (a list a first line above them,
   which is told). What a language model wrote around its quotations cannot be checked so, and that is told; nor can
   the words of an answer without quotations, which says that the documents do not answer.

Exit code: 0 all of it holds, 1 something does not, 2 a file cannot be read. Needs Python 3.9 and nothing else: copy
this file to wherever it is wanted.
"""

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

MARKER = re.compile(r"\[(\d+)\]")


def read_json(path: str) -> list[Any]:
    """The JSON objects of a file: one for the whole file, or one a line."""
    content = Path(path).read_text(encoding="utf-8")
    try:
        return [json.loads(content)]
    except ValueError:
        return [json.loads(line) for line in content.split("\n") if line.strip()]


def read_proof(path: str) -> dict[str, Any]:
    """The proof in a file."""
    proof = (read_json(path) or [None])[0]
    if not isinstance(proof, dict) or proof.get("format") != "askcorpus-proof/1":
        raise ValueError("is no proof in the format askcorpus-proof/1")
    return proof


def read_texts(paths: list[str]) -> dict[str, str]:
    """The texts of the documents in the files, by id."""
    texts = {}
    for path in paths:
        for document in read_json(path):
            texts[document["id"]] = document["text"]
    return texts


def faults_of_quote(quote: dict[str, Any], texts: dict[str, str]) -> list[str]:
    """What is wrong with one quotation, in words; nothing when it holds."""
    name = quote["document_id"]
    if name not in texts:
        return [f"document {name} is not among the files"]
    text = texts[name]
    faults = []
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != quote["text_sha256"]:
        faults.append(f"document {name} has another text than the one that was quoted")
    start, end = quote["start"], quote["end"]
    if not 0 <= start < end <= len(text) or text[start:end] != quote["quote"]:
        faults.append(f"the quotation does not stand in {name} at {start} to {end}")
    return faults


def faults_of_marker(quote: dict[str, Any], answer: str) -> list[str]:
    """Whether the marker of a quotation stands in the answer where the proof says."""
    there = answer[quote["answer_start"] : quote["answer_end"]]
    return [] if there == f"[{quote['marker']}]" else [f"marker [{quote['marker']}] is not at its place in the answer"]


def faults_of_words(proof: dict[str, Any]) -> list[str]:
    """Whether an answer that only quotes says what its quotations say, one after the other or as a list."""
    if proof.get("answered_by") != "extractive":
        return []
    quotes = sorted(proof["quotes"], key=lambda quote: quote["answer_start"])
    said, dated = [], []
    for quote in quotes:
        said.append(f"{' '.join(quote['quote'].split())} [{quote['marker']}]")
        dated.append("- " + (f"{quote['date']}: " if quote["date"] else "") + said[-1])
    same = proof["answer"] == " ".join(said) or proof["answer"].partition("\n")[2] == "\n".join(dated)
    return [] if same else ["the answer has other words than its quotations"]


def check(proof: dict[str, Any], texts: dict[str, str]) -> list[str]:
    """All that is wrong with a proof, a line each."""
    answer, quotes = proof["answer"], proof["quotes"]
    faults: list[str] = []
    for quote in quotes:
        found = faults_of_quote(quote, texts) + faults_of_marker(quote, answer)
        faults += [f"[{quote['marker']}] {fault}" for fault in found]
    proven = {str(quote["marker"]) for quote in quotes}
    faults += [f"marker [{number}] has no quotation" for number in MARKER.findall(answer) if number not in proven]
    if proof["answerable"] and not quotes:
        faults.append("the answer quotes nothing")
    return faults + faults_of_words(proof)


def proven(proof: dict[str, Any]) -> str:
    """What is proven where nothing is wrong, and what is not."""
    if not proof["quotes"]:
        words = " ".join(proof["answer"].split())
        return f"nothing is quoted, and nothing proven\nnot proven: the words of the answer: {words}"
    told = f"proven: {len(proof['quotes'])} quotations stand word for word where the answer says"
    by, head = proof.get("answered_by"), proof["answer"].partition("\n")[0]
    if by != "extractive":
        return f"{told}\nnot proven: the words around them, by {by or 'an unknown writer'}"
    return f"{told}, and it has no other words" + (f" below its first line: {head}" if head != proof["answer"] else "")


def main(arguments: list[str]) -> int:
    """Check the proof that the first argument names against the documents in the files that the others name."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if arguments else 2
    path = arguments[0]
    try:
        proof = read_proof(path)
        path = ", ".join(arguments[1:])
        texts = read_texts(arguments[1:])
        faults = check(proof, texts)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        print(f"cannot be read: {path}: {error}", file=sys.stderr)
        return 2
    for fault in faults:
        print(f"NOT PROVEN  {fault}")
    if not faults:
        print(proven(proof))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
