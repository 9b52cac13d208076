"""XML: feeds (RSS, Atom), news agencies' articles (NITF, NewsML-G2), and any other as its text."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from askcorpus.errors import NoText
from askcorpus.text.characters import clean_line, printable
from askcorpus_ingest.readers.flat_office import flat_sheets, is_workbook, packed
from askcorpus_ingest.readers.markup import rendered
from askcorpus_ingest.readers.package import DUBLIN_CORE, Element, parsed
from askcorpus_ingest.readers.raised import lowered, raised
from askcorpus_ingest.readers.records import (
    EXTRA_CHARS,
    MOST_EXTRA,
    PARAGRAPH,
    RawRecord,
    is_name_of_field,
    raw_record,
    read_fields,
)
from askcorpus_ingest.readers.sheets import sheet_records
from askcorpus_ingest.readers.source import Part, Source
from askcorpus_ingest.readers.table import Cell, holds_data, span, spread, told_cells

_MARKUP = re.compile(r"<[a-zA-Z/!][^<>]*>|&(?:#\d+|#x[0-9a-fA-F]+|\w+);")
MOST_ABOVE = 3
"""So deep, and in so many elements side by side, entries are looked for."""
_HTML_INSIDE = re.compile(
    r"\A(?:<\?xml[^<>]*+>|<!doctype[^<>]*+>|<!--[^<>]*+-->|\s)*+"
    r"<(?:p|div|h[1-6]|ul|ol|table|section|article|html|body|blockquote|figure|en-note)\b[^<>]*+>",
    re.IGNORECASE,
)
"""How a text begins that is markup itself, put into XML as it is."""
_XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_INLINE = {
    "a",
    "b",
    "bold",
    "choice",
    "em",
    "emph",
    "hi",
    "i",
    "italic",
    "link",
    "span",
    "strong",
    "sub",
    "sup",
    "u",
    "xref",
}
_CODE = {"code", "example", "listing", "literal", "pre", "programlisting", "sample", "screen", "source"}
_NOTES = {"fn", "footnote", "note"}
_BLOCKS = {"p", "hl1", "hl2", "h1", "h2", "h3", "h4", "li", "block", "title", "headline", "tr", "blockquote", "div"}


Fields = dict[str, list[str]]
"""What an element says by the names of those in it."""
Entry = tuple[Element, Fields]


def read_xml(source: Source) -> Iterator[RawRecord | Part]:
    """Its articles: the items of a feed, the stories of an agency's file, or all its text; of an office file what the
    readers of those find.

    Raises:
        ReadError: it is broken, or holds no text.
    """
    root = parsed(source.content())
    if (whole := packed(source, root)) is not None:
        yield whole
        return
    if is_workbook(root):
        records = [record for name, rows in flat_sheets(root) for record in sheet_records(source, name, rows)]
    else:
        records = [record for record in _articles(source, root) if record.text.strip()]
    if not records:
        raise NoText("holds no text")
    yield from records


def _articles(source: Source, root: Element) -> Iterator[RawRecord]:
    kinds = {"rss": _rss, "RDF": _rss, "feed": _atom, "nitf": _nitf, "newsMessage": _newsml, "newsItem": _newsml}
    kinds |= {"NewsML": _newsml}
    return kinds.get(_local(root), _other)(source, root)


def _rss(source: Source, root: Element) -> Iterator[RawRecord]:
    channel = _first(root, "channel")
    publisher = _words(_child(channel, "title")) if channel is not None else ""
    language = _words(_child(channel, "language")) if channel is not None else ""
    for number, item in enumerate(root.iter("{*}item"), 1):
        title = _prose(_content(_child(item, "title")))
        whole = _child(item, "encoded")
        text = _prose(_content(whole)) or _prose(_content(_child(item, "description")))
        if whole is None:
            text = text or title
        name = _words(_child(item, "guid")) or _words(_child(item, "link"))
        yield RawRecord(
            f"{source.origin}#{printable(name) or number}",
            text,
            title=title,
            date=_words(_child(item, "pubDate")) or _words(item.find(f"{DUBLIN_CORE}date")),
            author=_words(item.find(f"{DUBLIN_CORE}creator")) or _words(_child(item, "author")),
            language=language or _words(item.find(f"{DUBLIN_CORE}language")),
            source=publisher,
            url=_words(_child(item, "link")),
        )


def _atom(source: Source, root: Element) -> Iterator[RawRecord]:
    publisher = _words(_child(root, "title"))
    for number, entry in enumerate(root.iter("{*}entry"), 1):
        title = _prose(_content(_child(entry, "title")))
        links = [link for link in entry.iterchildren("{*}link") if link.get("rel", "alternate") == "alternate"]
        yield RawRecord(
            f"{source.origin}#{printable(_words(_child(entry, 'id'))) or number}",
            _prose(_content(_child(entry, "content")) or _content(_child(entry, "summary"))) or title,
            title=title,
            date=_words(_child(entry, "published")) or _words(_child(entry, "updated")),
            author=_words(_first(entry, "name")),
            language=entry.get(_XML_LANGUAGE) or root.get(_XML_LANGUAGE) or "",
            source=publisher,
            url=links[0].get("href", "") if links else "",
        )


def _nitf(source: Source, root: Element) -> Iterator[RawRecord]:
    yield _nitf_story(source.origin, root)


def _nitf_story(origin: str, root: Element) -> RawRecord:
    headline = _words(_first(root, "hl1")) or _words(_first(root, "title"))
    issued = _first(root, "date.issue")
    release = _first(root, "story.date")
    norm = next((one.get("norm", "") for one in (issued, release) if one is not None), "")
    body = _first(root, "body.content")
    text = "\n\n".join(
        filter(None, [_words(_first(root, "dateline")), _block_text(body if body is not None else root)])
    )
    return RawRecord(
        origin,
        text,
        title=headline,
        date=f"{norm[:4]}-{norm[4:6]}-{norm[6:8]}" if norm[:8].isdecimal() and len(norm) >= 8 else norm[:10],
        author=_words(_first(root, "byline")),
        source=_words(_first(root, "distributor")),
        language=root.get(_XML_LANGUAGE) or "",
    )


def _newsml(source: Source, root: Element) -> Iterator[RawRecord]:
    """The stories of a NewsML-G2 (or NewsML 1) file, whose bodies are NITF or XHTML."""
    items = [root] if _local(root) == "newsItem" else list(root.iter("{*}newsItem", "{*}NewsItem"))
    for number, item in enumerate(items, 1):
        name = item.get("guid", "") or _words(_first(item, "PublicIdentifier"))
        origin = f"{source.origin}#{printable(name) or number}" if len(items) > 1 else source.origin
        inner = _first(item, "nitf")
        story = _nitf_story(origin, inner) if inner is not None else None
        content = _first(item, "html", "inlineData", "DataContent")
        text = story.text if story else _block_text(_body_of(content)) if content is not None else ""
        created = _first(
            item, "contentCreated", "versionCreated", "firstCreated", "FirstCreated", "ThisRevisionCreated"
        )
        headline = _first(item, "headline", "HeadLine")
        language = _first(item, "language")
        yield RawRecord(
            origin,
            text,
            title=_words(headline) or (story.title if story else ""),
            date=(story.date if story else "") or _words(created),
            author=_words(_first(item, "by", "ByLine")) or (story.author if story else ""),
            source=_provider(item),
            language=(language.get("tag", "") if language is not None else "") or item.get(_XML_LANGUAGE) or "",
        )


def _body_of(content: Element) -> Element:
    """That of a page, without what its head says."""
    body = _first(content, "body")
    return content if body is None else body


def _provider(item: Element) -> str:
    provider = _first(item, "provider", "Provider")
    if provider is None:
        return ""
    return _words(_first(provider, "name")) or provider.get("literal") or ""


def _other(source: Source, root: Element) -> Iterator[RawRecord]:
    """Any XML: the records that it lists, and what stands between its tags else, an element without others in it a
    line."""
    entries = _entries(root, source.limits.names)
    for number, (entry, fields) in enumerate(entries, 1):
        raw = raw_record(source.origin, fields, source.limits.names)
        origin = f"{source.origin}#{printable(clean_line(raw.doc_id)) or number}"
        yield raw._replace(origin=source.limits.own_name(origin))
        entry.getparent().remove(entry)
    title = next(root.iter("{*}title", "{*}headline", "{*}article-title"), None)
    yield RawRecord(source.origin, _block_text(root), title=_words(title), date=_published(root))


def _published(root: Element) -> str:
    """The day that an article or an edition (JATS, DocBook, TEI) says that it was published on."""
    said = _first(root, "pub-date", "pubdate", "publicationStmt")
    if said is None:
        return ""
    year, month, day = (_words(_child(said, part)) for part in ("year", "month", "day"))
    if year:
        parts = (year, month.zfill(2), day.zfill(2)) if month.isdecimal() else (day, month, year)
        return ("-" if month.isdecimal() else " ").join(part for part in parts if part.strip("0"))
    whens = (date.get("when", "") for date in said.iter("{*}date"))
    return next(filter(None, whens), "") if _local(said) == "publicationStmt" else _words(said)


def _entries(root: Element, names: Mapping[str, str]) -> list[Entry]:
    """The elements of one name, not far below the root, that each hold a text under a usual name."""
    above = [root]
    for _ in range(MOST_ABOVE):
        for one in above:
            counts = Counter(child.tag for child in one if isinstance(child.tag, str))
            tag, count = counts.most_common(1)[0] if counts else ("", 0)
            if count > 1 and not _has_words(one) and (entries := _all_entries(one.findall(tag), names)):
                return entries
        above = [child for one in above for child in one if len(child)][:MOST_ABOVE]
    return []


def _all_entries(elements: Sequence[Element], names: Mapping[str, str]) -> list[Entry]:
    """The elements with their fields; none where one of them is no record."""
    entries: list[Entry] = []
    for element in elements:
        fields = _fields(element)
        if not _is_entry(element, fields, names):
            return []
        entries.append((element, fields))
    return entries


def _is_entry(entry: Element, fields: Fields, names: Mapping[str, str]) -> bool:
    """Whether nothing that an element holds is lost where it is taken for a record."""
    text = read_fields(fields, names).known.get("text", "")
    others = [told for values in fields.values() if (told := PARAGRAPH.join(values)) != text]
    kept = len(others) <= MOST_EXTRA and all(len(one) <= EXTRA_CHARS for one in others)
    return text != "" and kept and not _has_words(entry)


def _fields(entry: Element) -> Fields:
    """What the elements and attributes of an entry say, by their names; those of an element whose name tells nothing
    are the entry's own."""
    found: dict[str, list[str]] = {}
    for child in entry.iterchildren("*"):  # no comments, which have no text of their own to ask for
        inner = list(child.iterchildren("*"))
        parts = inner if inner and not is_name_of_field(_local(child)) and not _has_words(child) else [child]
        for part in parts:
            if text := _words(part) if _is_plain(part) else _block_text(part):
                found.setdefault(_local(part), []).append(text)
    for attribute, value in entry.attrib.items():
        found.setdefault(str(attribute).rpartition("}")[2], [str(value)])
    return found


def _is_plain(element: Element) -> bool:
    return not len(element) and not _HTML_INSIDE.match(element.text or "")


def _has_words(element: Element) -> bool:
    """Whether words stand between the elements in it."""
    return bool((element.text or "").strip() or any((child.tail or "").strip() for child in element))


def _block_text(root: Element) -> str:
    """All text; paragraphs where the elements are prose, else a line for each innermost element, and tables row by row.
    A note within a sentence stands below its paragraph."""
    from lxml import etree

    blocks: list[list[str]] = [[]]
    notes: dict[int, list[str]] = {}
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        if event in ("comment", "pi"):
            blocks[-1].append(element.tail or "")
            continue
        if event == "start" and _is_second_reading(element):
            walk.skip_subtree()
            continue
        if event == "start" and _is_note(element, root):
            walk.skip_subtree()
            notes.setdefault(len(blocks) - 1, []).append(_block_text(element))
            continue
        if event == "start" and (rows := _table(element)):
            walk.skip_subtree()
            blocks += [*([row] for row in rows), []]
            continue
        if event == "start" and _local(element) not in _CODE and _HTML_INSIDE.match(element.text or ""):
            blocks += [*([paragraph] for paragraph in rendered(element.text).split("\n\n")), []]
            continue
        if _is_block(element):
            blocks.append([])
        if event == "end":
            blocks[-1].append((element.tail if element is not root else "") or "")
        else:
            blocks[-1].append(_placed(element))
    told = ([" ".join("".join(block).split()), *notes.get(at, ())] for at, block in enumerate(blocks))
    return "\n\n".join(filter(None, chain.from_iterable(told)))


def _is_second_reading(element: Element) -> bool:
    """Whether an editor gives it beside what stands in the source (TEI)."""
    above = element.getparent()
    return _local(element) in ("corr", "expan", "reg") and above is not None and _local(above) == "choice"


def _is_note(element: Element, root: Element) -> bool:
    return element is not root and _local(element) in _NOTES and _has_words(element.getparent())


def _placed(element: Element) -> str:
    """The text that an element begins with, as high or low as it stands."""
    text = element.text or ""
    above = element.getparent()
    if above is not None and _local(above) == "sup" and _local(element) in ("xref", "a", "ref"):
        return ""  # the mark of a note
    match _local(element):
        case "sup":
            return raised(text)
        case "sub" | "inf":
            return lowered(text)
        case _:
            return text


def _table(element: Element) -> list[str]:
    """The rows of a table of HTML, NITF or CALS; none of what is none, or has another one in it."""
    names = ("{*}table", "{*}tgroup")
    if _local(element) not in ("table", "tgroup") or next(element.iterdescendants(*names), None) is not None:
        return []
    rows = [
        [_cell(cell) for cell in row.iterchildren() if _local(cell) in ("td", "th", "entry")]
        for row in element.iter("{*}tr", "{*}row")
    ]
    told = spread([row for row in rows if row])
    return told_cells(told) if told and holds_data(told) else []


def _cell(cell: Element) -> Cell:
    around = next(cell.iterancestors("{*}thead", "{*}table", "{*}tgroup"))
    is_head = _local(cell) == "th" or _local(around) == "thead"
    return Cell(" ".join(_block_text(cell).split()), is_head, span(cell.get("colspan")), span(cell.get("rowspan")))


def _is_block(element: Element) -> bool:
    """Whether the element is no part of a sentence: a block of prose, or among others without text between them."""
    if _local(element) in _BLOCKS:
        return True
    above = element.getparent()
    if above is None or _local(above) in _INLINE:
        return False
    return not (above.text or "").strip() and not (element.tail or "").strip()


def _prose(content: str) -> str:
    """Text from what is often HTML inside of XML, with blank lines between its paragraphs where no tags are."""
    return rendered(content) if _MARKUP.search(content) else content.strip()


def _content(element: Element | None) -> str:
    """What an element holds: its text, or its XHTML as markup."""
    from lxml import etree

    if element is None:
        return ""
    return (element.text or "") + "".join(etree.tostring(child, encoding="unicode") for child in element)


def _words(element: Element | None) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


def _child(element: Element, name: str) -> Element | None:
    """The first child of that name, of no namespace before one of any."""
    found = element.find(name)
    return found if found is not None else next(element.iterchildren(f"{{*}}{name}"), None)


def _first(root: Element, *names: str) -> Element | None:
    """The first element of the first of the names that is there."""
    return next((found for name in names if (found := next(root.iter(f"{{*}}{name}"), None)) is not None), None)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
