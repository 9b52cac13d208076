"""The report of a verification: Markdown, or self-contained HTML without scripts."""

from collections import Counter
from html import escape

import regex

from askcorpus.types import Claim, Verdict, Verification
from askcorpus.verify.tokens import tokens

CALLED: dict[Verdict, str] = {
    "exact": "exact",
    "altered": "altered",
    "curtailed": "curtailed",
    "misattributed": "misattributed",
    "not_found": "not in the corpus",
}
_MARKUP = regex.compile(r"([\\`*_\[\]<>|#~&])")
_CHANGE = regex.compile(r"\[-((?:(?!\[-).)*?)-\]|\{\+((?:(?!\{\+).)*?)\+\}")
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "article{border-left:.3rem solid #b00;padding:.2rem 1rem;margin:1rem 0}article.exact{border-color:#080}"
    "blockquote{margin:.5rem 0;white-space:pre-wrap}del{color:#b00}ins{color:#080}small{opacity:.75}"
)


def counts(verification: Verification) -> str:
    """How many claims there are of each verdict, in one line."""
    found = Counter(claim.verdict for claim in verification.claims)
    return ", ".join(f"{found[verdict]} {name}" for verdict, name in CALLED.items() if found[verdict]) or "no claims"


def where(claim: Claim) -> str:
    """The place that a verdict is about, in one line; "" where there is none."""
    place = f"{claim.document_id}:{claim.start}-{claim.end}" if claim.start is not None else claim.document_id or ""
    return " · ".join(" ".join(part.split()) for part in (claim.title, claim.source, claim.date, place) if part)


def as_markdown(verification: Verification) -> str:
    """The whole report in Markdown; nothing in a document or in the text is markup."""
    lines = ["# Quotations held against the corpus", "", f"{_plain(counts(verification))}."]
    for number, claim in enumerate(verification.claims, 1):
        lines += ["", f"## {number}. {CALLED[claim.verdict].capitalize()}", "", f"> {_plain(claim.text)}"]
        if claim.attributed_to:
            lines += ["", f"Attributed to: {_plain(claim.attributed_to)}"]
        if claim.document_id:
            lines += ["", f"Place: {_plain(where(claim))}"]
        if _reads_otherwise(claim):
            lines += ["", f"The document: {_plain(claim.original)}"]
        if claim.difference:
            lines += ["", f"Difference: {_plain(claim.difference)}"]
    return "\n".join(lines) + "\n"


def _reads_otherwise(claim: Claim) -> bool:
    """Whether the document has other words at the place: also where some are left out, as is marked."""
    mine, theirs = ([t.key for t in tokens(text) if t.is_word] for text in (claim.text, claim.original))
    return bool(claim.original) and (claim.verdict != "exact" or mine != theirs)


def as_html(verification: Verification) -> str:
    """The whole report as a page."""
    title = "Quotations held against the corpus"
    claims = "\n".join(_article(number, claim) for number, claim in enumerate(verification.claims, 1))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><style>{_STYLE}</style></head>\n'
        f"<body><h1>{title}</h1><p>{escape(counts(verification))}.</p>\n{claims}\n</body></html>\n"
    )


def _article(number: int, claim: Claim) -> str:
    parts = [
        f"<h2>{number}. {escape(CALLED[claim.verdict])}</h2>",
        f'<blockquote dir="auto">{escape(claim.text)}</blockquote>',
    ]
    if claim.attributed_to:
        parts.append(f"<p>Attributed to: {escape(claim.attributed_to)}</p>")
    if _reads_otherwise(claim):
        parts.append(f'<p dir="auto">The document: {escape(claim.original)}</p>')
    if claim.difference:
        parts.append(f'<p dir="auto">Difference: {_marked(claim.difference)}</p>')
    if claim.document_id:
        parts.append(f"<p><small>{escape(where(claim))}</small></p>")
    return f'<article class="{claim.verdict}">{"".join(parts)}</article>'


def _marked(difference: str) -> str:
    out, last = "", 0
    for change in _CHANGE.finditer(difference):
        tag, words = ("del", change[1]) if change[1] is not None else ("ins", change[2])
        out += escape(difference[last : change.start()]) + f"<{tag}>{escape(words)}</{tag}>"
        last = change.end()
    return out + escape(difference[last:])


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
