"""Answers and documents as HTML and Markdown that a browser can be trusted with.

Whatever comes from a document, a model or a user is escaped here, in one place: ``html.escape`` for HTML,
``markdown.safe_markdown`` for what Gradio renders as Markdown. A citation is a plain link, so it also works without
scripts, in a copy, in an export and after a restart of the server.
"""

import html
import re
from collections.abc import Iterable, Sequence
from itertools import islice

from askcorpus.types import Answer, Citation, Document, Filters, Hit, Span
from askcorpus_ui.chat.markdown import safe_markdown
from askcorpus_ui.chat.references import Documents, Reference
from askcorpus_ui.chat.translations import Strings

_CONTEXT_CHARS = 200
_NEAREST_SHOWN = 3
_TIP_CHARS = 110

_IN_PANEL = 50


# ---- Markdown: what stands in the chat's bubbles
_SPACES = re.compile(r"\s+")


def note(kind: str, text: str) -> str:
    """A remark of ours in a bubble. ``kind`` becomes its CSS class."""
    return f'<p class="note {kind}">{_in_a_line(text)}</p>'


def _in_a_line(text: str) -> str:
    """Text within HTML in a bubble: after an empty line in it, Markdown would be read as Markdown again."""
    return html.escape(" ".join(text.split()))


def answer_message(answer: Answer, strings: Strings) -> str:
    """The bubble of a finished answer: text with its markers as links, then what a reader must know about it."""
    text = _linked(answer)
    notes = [_limits(answer.filters, strings)] if answer.filters else []
    if answer.answerable:
        notes.append(_unsupported(answer.unsupported, strings) if answer.unsupported else "")
        notes.append(_confidence(answer, strings))
    else:
        notes.append(_nearest(answer.passages, strings))
    if answer.missing_names:
        notes.append(note("unnamed", strings.not_named.format(names=", ".join(answer.missing_names))))
    return "\n\n".join([text, *filter(None, notes)])


def _linked(answer: Answer) -> str:
    pieces, done = [], 0
    for citation in sorted(answer.citations, key=lambda citation: citation.answer_start):
        pieces.append(safe_markdown(answer.answer[done : citation.answer_start]))
        pieces.append(_marker(citation))
        done = citation.answer_end
    return "".join([*pieces, safe_markdown(answer.answer[done:])])


def _marker(citation: Citation) -> str:
    shown = " ".join(citation.quote[:_TIP_CHARS].split()) + ("…" if len(citation.quote) > _TIP_CHARS else "")
    tip = ", ".join(filter(None, (citation.source, citation.date))) + ": " + shown
    tip = html.escape(tip.replace("\\", "").replace('"', "”").replace("\n", " "), quote=False)
    return f'[\\[{citation.marker}\\]]({Reference.of(citation).url()} "{tip}")'


def _limits(filters: Filters, strings: Strings) -> str:
    dates = [
        f"{strings.date_from} {strings.date(filters.date_from)}" if filters.date_from else "",
        f"{strings.date_to} {strings.date(filters.date_to)}" if filters.date_to else "",
    ]
    languages = [strings.language_name(code) for code in filters.languages]
    limits = ", ".join(filter(None, [*languages, *filters.sources, *dates]))
    return note("limits", f"{strings.limited_to}: {limits}") if limits else ""


def _unsupported(sentences: Sequence[str], strings: Strings) -> str:
    items = "".join(f"<li>{_in_a_line(sentence)}</li>" for sentence in sentences)
    return f'<div class="note unsupported"><p>{html.escape(strings.unsupported)}</p><ul>{items}</ul></div>'


def _confidence(answer: Answer, strings: Strings) -> str:
    tip = strings.confidence_tip.format(percent=round(100 * answer.confidence))
    parts = [f'<abbr title="{html.escape(tip)}">{html.escape(strings.confidence(answer.confidence))}</abbr>']
    if answer.citations:
        first = html.escape(Reference.of(answer.citations[0]).url())
        count = strings.source_count(len({citation.document_id for citation in answer.citations}))
        parts.append(f'<a href="{first}">{html.escape(count)}</a>')
    return f'<p class="note confidence">{" · ".join(parts)}</p>'


def _nearest(hits: Sequence[Hit], strings: Strings) -> str:
    items = "".join(
        f'<li><a href="{html.escape(Reference.near(hit).url())}">{_in_a_line(hit.title or hit.document_id)}</a>'
        f"<br>{_meta(hit, strings)}</li>"
        for hit in hits[:_NEAREST_SHOWN]
    )
    heading = f"<p>{html.escape(strings.nearest)}</p><ul>{items}</ul>" if items else ""
    return f'<div class="note abstained">{heading}</div>'


# ---- HTML: the source panel and the source page


def _meta(of: Document | Hit, strings: Strings) -> str:
    when = html.escape(strings.date(of.date))
    dated = f'<time datetime="{html.escape(of.date)}">{when}</time>' if of.date else when
    language = html.escape(strings.language_name(of.language)) if of.language else ""
    source = f"<bdi>{html.escape(of.source)}</bdi>" if of.source else ""
    return " · ".join(filter(None, (source, dated, language)))


def marked(
    text: str, window: Span, references: Iterable[Reference], *, anchor: str = "source-{}", active: int = 0
) -> str:
    """``text[window]`` escaped, with each reference's stretch in ``<mark>`` and its words in ``<strong>``.

    ``anchor`` becomes the mark's id, with its number; ``active`` is the number that people asked for. A stretch that
    overlaps the one before begins where that ends.
    """
    pieces, done = [], window.start
    for reference in sorted(references, key=lambda reference: (reference.start, reference.end)):
        stretch = Span(max(done, reference.start), min(window.end, reference.end))
        if stretch.start < stretch.end:
            attributes = f'id="{anchor.format(reference.marker)}" data-number="{reference.marker}"'
            attributes += ' class="active"' if active == reference.marker > 0 else ""
            pieces.append(html.escape(text[done : stretch.start]))
            pieces.append(f"<mark {attributes}>{_emphasised(text, stretch, reference.words)}</mark>")
            done = stretch.end
    return "".join(pieces) + html.escape(text[done : window.end])


def _emphasised(text: str, stretch: Span, words: Iterable[Span]) -> str:
    pieces, done = [], stretch.start
    for word in sorted(words):
        low, high = max(done, word.start), min(stretch.end, word.end)
        if low < high:
            pieces.append(html.escape(text[done:low]) + f"<strong>{html.escape(text[low:high])}</strong>")
            done = high
    return "".join(pieces) + html.escape(text[done : stretch.end])


def surroundings(text: str, start: int, end: int) -> Span:
    """The stretch widened to the text around it, cut where words end."""
    low, high = max(0, start - _CONTEXT_CHARS), min(len(text), end + _CONTEXT_CHARS)
    if low and (space := _SPACES.search(text[low:start])):
        low += space.end()
    if high < len(text):
        last = max(text.rfind(" ", end, high), text.rfind("\n", end, high))
        high = last if last > end else high
    return Span(low, high)


def panel(
    references: Iterable[Reference], documents: Documents, strings: Strings, active: Reference | None = None
) -> str:
    """The source panel: one card a document, by the numbers it proves, otherwise in the order given."""
    shown = sorted(islice(dict.fromkeys(references), _IN_PANEL), key=lambda reference: reference.marker)
    if not shown:
        return f'<p class="no-sources">{html.escape(strings.no_sources)}</p>'
    heading = strings.sources if any(reference.marker for reference in shown) else strings.nearest
    grouped: dict[str, list[Reference]] = {}
    for reference in shown:
        grouped.setdefault(reference.document_id, []).append(reference)
    cards = "".join(card(group, documents(group[0].document_id), strings, active) for group in grouped.values())
    return (
        f'<div class="panel-head"><h2>{html.escape(heading)}</h2>'
        f'<button type="button" class="panel-close" aria-label="{html.escape(strings.close)}">×</button></div>{cards}'
    )


def card(
    references: Sequence[Reference], document: Document | None, strings: Strings, active: Reference | None = None
) -> str:
    """One document: who published it and when, and what is cited of it in its surroundings."""
    numbers = "".join(f'<span class="number">{each.marker}</span>' for each in references if each.marker)
    if document is None:
        return f'<article class="card">{numbers}<p class="note">{html.escape(strings.document_gone)}</p></article>'
    is_active = active in references
    flag = "" if all(each.verified for each in references) else f' <span class="flag">{strings.unverified}</span>'
    language, title = html.escape(document.language), html.escape(document.title or document.id)
    found = [reference for reference in references if reference.still_in(document)]
    changed = "" if len(found) == len(references) else f'<p class="note">{html.escape(strings.document_changed)}</p>'
    whole = html.escape((active if active and is_active else references[0]).url())
    return (
        f'<article class="card{" active" if is_active else ""}" tabindex="-1">'
        f'<header>{numbers if changed else ""}<h3 lang="{language}" dir="auto">{title}</h3>'
        f'<p class="meta">{_meta(document, strings)}{flag}</p></header>'
        f"{_extracts(found, document, active.marker if active and is_active else 0)}{changed}"
        f'<p class="more"><a href="{whole}" target="_blank" rel="noopener">{html.escape(strings.open_document)}</a></p>'
        "</article>"
    )


def _extracts(references: Sequence[Reference], document: Document, active: int) -> str:
    text, shown = document.text, []
    for window in _windows(references, text):
        cited = [each for each in references if each.marker and window.start <= each.start < window.end]
        body = marked(text, window, cited, active=active)
        before, after = "… " if window.start else "", " …" if window.end < len(text) else ""
        shown.append(
            f'<blockquote lang="{html.escape(document.language)}" dir="auto">{before}{body}{after}</blockquote>'
        )
    return "".join(shown)


def _windows(references: Sequence[Reference], text: str) -> list[Span]:
    """What to show of a document: quotes with their surroundings, passages as they are; overlaps are joined."""
    windows: list[Span] = []
    for reference in sorted(references, key=lambda reference: reference.start):
        own = Span(reference.start, reference.end)
        window = surroundings(text, *own) if reference.marker else own
        if windows and window.start <= windows[-1].end:
            window = Span(windows[-1].start, max(window.end, windows.pop().end))
        windows.append(window)
    return windows


def source_page(reference: Reference | None, document: Document, strings: Strings, css: str) -> str:
    """The whole document as a page of its own, without scripts, the referenced stretch marked."""
    title, language = html.escape(document.title or document.id), html.escape(document.language)
    body, remark = html.escape(document.text), ""
    if reference and reference.still_in(document):
        body = marked(document.text, Span(0, len(document.text)), [reference], anchor="quote")
    elif reference:
        remark = f'<p class="remark">{html.escape(strings.document_changed)}</p>'
    place = f" · {html.escape(document.place)}" if document.place else ""
    return (
        f'<!doctype html>\n<html lang="{strings.locale}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{css}</style></head><body>"
        f'<nav><a href="/">{html.escape(strings.back)}</a></nav>'
        f'<main><h1 lang="{language}" dir="auto">{title}</h1><p class="meta">{_meta(document, strings)}{place}</p>'
        f'{remark}<article lang="{language}" dir="auto">{body}</article></main></body></html>'
    )
