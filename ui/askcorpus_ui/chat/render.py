"""Answers and documents as HTML and Markdown that a browser can be trusted with.

Whatever comes from a document, a model or a user is escaped here, in one place: ``html.escape`` for HTML,
:func:`safe_markdown` for what Gradio renders as Markdown. A citation is a plain link, so it also works without
scripts, in a copy, in an export and after a restart of the server.
"""

import hashlib
import html
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from askcorpus.types import Answer, Citation, Document, Filters, Hit, Span
from askcorpus_ui.chat.translations import Strings

Documents = Callable[[str], Document | None]
"""Looks a document up by its id; ``None`` when it is gone."""

_LONGEST_MESSAGE = 300_000
"""Characters of a bubble that are read: browsers send bubbles back, and ours are far shorter."""

_CONTEXT_CHARS = 200
_NEAREST_SHOWN = 3
_TIP_CHARS = 110
_EXPORTED = 200  # references of one bubble
_EXPORT_BUDGET = 10_000_000
"""Characters that an export quotes at most, a look-up of a document counted as ``_LOOKUP`` of them."""

_LOOKUP = 1_000
_LONGEST_QUOTE = 50_000
"""Characters that a link may point at: ours point at sentences and passages, and a browser may send any."""

_IN_PANEL = 50


class Reference(NamedTuple):
    """A stretch of a document that a link points at.

    ``marker`` is the number it proves, 0 for a passage that is only near. ``words`` are document offsets inside the
    stretch. ``check`` is a short hash of the text that stood there, so a changed document is noticed.
    """

    document_id: str
    start: int
    end: int
    marker: int = 0
    words: tuple[Span, ...] = ()
    check: str = ""
    verified: bool = True

    @classmethod
    def of(cls, citation: Citation) -> "Reference":
        """The reference of a citation."""
        return cls(
            citation.document_id,
            citation.start,
            citation.end,
            citation.marker,
            citation.highlights,
            _digest(citation.quote),
            citation.verified,
        )

    @classmethod
    def near(cls, hit: Hit) -> "Reference":
        """The reference of a passage that is shown without being cited."""
        return cls(hit.document_id, hit.start, hit.end, check=_digest(hit.text))

    @classmethod
    def parse(cls, url: str) -> "Reference | None":
        """The reference that :meth:`url` wrote; ``None`` for any other address."""
        try:
            parts = urlsplit(url)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if not parts.path.startswith("/source/"):
                return None
            words = tuple(
                Span(*map(int, span.split("-", 1))) for span in query.get("words", "").split(".") if "-" in span
            )
            return cls(
                unquote(parts.path.removeprefix("/source/")),
                int(query["start"]),
                int(query["end"]),
                int(query.get("n", "0")),
                words,
                query.get("check", ""),
                "unverified" not in query,
            )
        except (KeyError, ValueError):
            return None

    def url(self) -> str:
        """The address of the page that shows this stretch in its document."""
        query: dict[str, str | int] = {"start": self.start, "end": self.end, "n": self.marker, "check": self.check}
        if self.words:
            query["words"] = ".".join(f"{start}-{end}" for start, end in self.words)
        if not self.verified:
            query["unverified"] = 1
        return f"/source/{quote(self.document_id, safe='')}?{urlencode(query)}#quote"

    def still_in(self, document: Document) -> bool:
        """Whether the document still says there what it said when the reference was made."""
        if not 0 <= self.start < self.end <= min(len(document.text), self.start + _LONGEST_QUOTE):
            return False
        return self.check in ("", _digest(document.text[self.start : self.end]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


# ---- Markdown: what stands in the chat's bubbles

_BREAKS_OUT = re.compile(r"([\\`_~\[\]|])|(?<!\*)\*(?!\*)(?!(?<=^\*)\s)", re.MULTILINE)
_ESCAPED = re.compile(r"\\([\\`_~\[\]|*])")
_ENTITY = re.compile(r"&(?:amp|lt|gt|#\d{1,7});")
_OUR_LINK = re.compile(r"(\s?)\[\\\[(\d{1,9})\\\]\]\([^()\[\]\s]*+(?: \"[^\"]*+\")?\)")
_ADDRESS = re.compile(r"/source/[^\s\"')]+")
_SPACES = re.compile(r"\s+")
_HALF_MARKER = re.compile(r"\[\d{0,3}\Z")
_LINKS_ITSELF = re.compile(r"(?<=[A-Za-z])://|\bwww\.|@", re.IGNORECASE)


def safe_markdown(text: str) -> str:
    """Text as Markdown that shows it as it is: no HTML, links, images, code or formulas of its own.

    Paragraphs, lists, headings and ``**bold**`` remain, because models write them.
    """
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _BREAKS_OUT.sub(r"\\\g<0>", text)
    return _LINKS_ITSELF.sub(
        lambda match: "".join(f"&#{ord(char)};" if char in ":.@" else char for char in match[0]), text
    )


def plain_text(message: str) -> str:
    """The words of a bubble without our links and notes: the inverse of :func:`answer_message`, for the next turn."""
    body = "" if message.startswith("<") else _body(message)
    body = _ESCAPED.sub(r"\1", _OUR_LINK.sub("", body))
    return _ENTITY.sub(lambda match: html.unescape(match[0]), body).strip()


def _body(message: str) -> str:
    """What was said in a bubble, with its links and without the notes below it."""
    return message[:_LONGEST_MESSAGE].split("\n\n<", 1)[0]


def partial_message(text: str) -> str:
    """A bubble while its answer is still being written: without a half-written marker at its end."""
    begun = _HALF_MARKER.search(text, max(0, len(text) - len("[123")))
    return safe_markdown(text[: begun.start()].rstrip() if begun else text)


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


# ---- Export


def references_in(message: str) -> list[Reference]:
    """The references a bubble links to, in their order."""
    addresses = (address.replace("&amp;", "&") for address in _ADDRESS.findall(message[:_LONGEST_MESSAGE]))
    return [found for address in addresses if (found := Reference.parse(address))]


def export_markdown(messages: Sequence[tuple[str, str]], documents: Documents, strings: Strings) -> str:
    """A conversation of ``(role, bubble)`` pairs as a Markdown file: questions, answers, and every quote in full."""
    parts, left = [f"# {strings.conversation}"], _EXPORT_BUDGET
    for role, message in messages:
        if role == "user":
            parts.append(f"## {safe_markdown(plain_text(message))}")
            continue
        parts.append(_OUR_LINK.sub(r"\1\[\2\]", _body(message)))
        for reference in dict.fromkeys(references_in(message)[:_EXPORTED]):
            left -= _LOOKUP + min(max(0, reference.end - reference.start), _LONGEST_QUOTE)
            if left > 0 and (document := documents(reference.document_id)):
                parts.append(_exported(reference, document, strings))
    return "\n\n".join(parts) + "\n"


def _exported(reference: Reference, document: Document, strings: Strings) -> str:
    facts = ", ".join(filter(None, (document.title or document.id, document.source, strings.date(document.date))))
    label = f"[{reference.marker}] " if reference.marker else ""
    head = f"> {safe_markdown(label)}**{safe_markdown(facts).replace('*', '')}** ({safe_markdown(document.id)})"
    if not reference.still_in(document):
        return f"{head}\n>\n> {strings.document_changed}"
    quoted = safe_markdown(document.text[reference.start : reference.end])
    return head + "\n>\n" + "\n".join(f"> {line}" for line in quoted.splitlines())
