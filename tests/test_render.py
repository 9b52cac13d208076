"""What people see of an answer: safe whatever is in it, and true to the document."""

import html
import json
import re
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from markdown_it import MarkdownIt

from askcorpus.types import Answer, Citation, Document, Filters, IndexInfo, ModelFault, Span
from askcorpus_ui.chat.cite import Quotation
from askcorpus_ui.chat.conversation import Conversation, Exchange, Reply
from askcorpus_ui.chat.markdown import export_markdown, partial_text, safe_markdown, verbatim
from askcorpus_ui.chat.references import Reference
from askcorpus_ui.chat.render import turn
from askcorpus_ui.chat.sources import marked, panel, source_page, surroundings
from askcorpus_ui.chat.translations import Strings, strings_for
from scripted import DOCUMENTS, HOSTILE, ScriptedAssistant

ENGLISH, FRENCH = strings_for("en"), strings_for("fr")
HARBOUR = DOCUMENTS[0]
COMMONMARK = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def shown(markdown: str) -> str:
    """The text that a Markdown renderer shows, and so what is left when all of its tags are taken away."""
    return html.unescape(re.sub(r"<[^>]+>", "", COMMONMARK.render(markdown))).strip()


def turn_of(reply: Reply, question: str = "q?", strings: Strings = ENGLISH, **options: Any) -> str:
    """A conversation's only turn, as HTML."""
    exchange = Exchange(question=question, reply=reply)
    return turn(Conversation(id="c", title="t", exchanges=(exchange,)), strings, **options)


def answer_turn(answer: Answer, strings: Strings) -> str:
    return turn_of(Reply.of(answer), strings=strings)


def select(markup: str, path: str) -> list[Any]:
    """Elements by tags and classes, as in ``.answer > .words p``; a star for any tag."""
    xpath, axis = "", "//"
    for step in path.split():
        if step == ">":
            axis = "/"
            continue
        tag, _, name = step.partition(".")
        has = f"[contains(concat(' ', @class, ' '), ' {name} ')]" if name else ""
        xpath, axis = f"{xpath}{axis}{tag or '*'}{has}", "//"
    return list(lxml.html.fromstring(f"<main>{markup}</main>").xpath(xpath))


def seen(markup: str, path: str) -> list[str]:
    """What stands in such elements, as people read it."""
    return [each.text_content() for each in select(markup, path)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("<script>alert(1)</script>", id="script"),
        pytest.param('<img src=x onerror="alert(1)">', id="image tag"),
        pytest.param("<svg/onload=alert(1)>", id="svg"),
        pytest.param("</p><iframe srcdoc=x>", id="closing tag"),
        pytest.param("![pixel](http://outside.invalid/p.png)", id="image"),
        pytest.param("[click](javascript:alert(1))", id="link"),
        pytest.param("[click][ref] and [ref]: javascript:alert(1)", id="reference link"),
        pytest.param("<http://outside.invalid>", id="autolink"),
        pytest.param("see http://outside.invalid and www.outside.invalid or a@outside.invalid", id="bare links"),
        pytest.param("&lt;b&gt; &amp; &copy; stay as they are", id="entities"),
        pytest.param("5*3*2 = 30, __init__, file_name_here, ~~gone~~, `code`", id="emphasis"),
        pytest.param("a | b", id="table"),
        pytest.param("C:\\new \\[1\\] \\<b>", id="backslashes"),
        pytest.param("prices of $5 and $$10$$ ${x} {{y}}", id="formulas and templates"),
        pytest.param("[1] is no citation", id="invented marker"),
    ],
)
def test_untrusted_text_is_shown_as_it_is(text: str) -> None:
    rendered = COMMONMARK.render(safe_markdown(text))

    assert shown(safe_markdown(text)) == text
    assert set(re.findall(r"<(\w+)", rendered)) <= {"p"}


def test_a_reference_definition_stays_text() -> None:
    rendered = COMMONMARK.render(safe_markdown("[ref]: http://outside.invalid/x\n\n[ref]"))

    assert "<a" not in rendered
    assert "[ref]: http://outside.invalid/x" in html.unescape(rendered)


def test_paragraphs_lists_and_bold_of_a_model_remain() -> None:
    rendered = COMMONMARK.render(safe_markdown("**Two** reasons:\n\n* one\n* two"))

    assert "<strong>Two</strong>" in rendered
    assert rendered.count("<li>") == 2


def test_markers_become_links_that_say_everything() -> None:
    answer = ScriptedAssistant().ask("council")
    message = answer_turn(answer, ENGLISH)
    reference = Reply.of(answer).references[0]
    citation = answer.citations[0]

    assert reference == Reference.of(citation)
    assert Reference.parse(reference.url()) == reference
    assert HARBOUR.text[reference.start : reference.end] == citation.quote
    link = f'<a class="cite" href="{html.escape(reference.url("c", 1))}" title="'
    assert link in message and f'aria-label="Source 1: {HARBOUR.title}"' in message
    (shown,) = select(message, "a.cite")
    assert (shown.attrib["data-quote"], shown.attrib["data-date"]) == (citation.quote, "3 May 2024")


def test_awkward_ids_survive_the_link() -> None:
    reference = Reference("a/b?c#d e&f\"'<é>", 3, 9, 12, (Span(4, 5), Span(6, 8)), "0a1b2c3d", False)

    assert Reference.parse(reference.url()) == reference
    assert not set(reference.url()) & set(" \"'<>)")


@pytest.mark.parametrize(
    "url",
    ["", "/other/x?start=1&end=2", "/source/x", "/source/x?start=a&end=2", "/source/x?start=1&end=2&words=1-b", "//["],
)
def test_other_addresses_are_no_references(url: str) -> None:
    assert Reference.parse(url) is None


def test_what_was_said_is_the_answer_without_its_markers() -> None:
    """The next turn's history."""
    answer = ScriptedAssistant().ask("council and pêcheurs, when?")

    assert len(answer.citations) == 2
    assert Reply.of(answer).said == re.sub(r" ?\[\d\]", "", answer.answer)
    assert Reply(kind="failed", text="The model does not answer.").said == ""


@pytest.mark.parametrize("places", [[(0, 3), (1, 2)], [(5, 2)], [(90, 99)], [(8, 10), (0, 2)]])
def test_markers_at_odd_places_break_nothing(places: list[tuple[int, int]]) -> None:
    """Whatever a browser sends as a reply: it is its own that it then shows."""
    url = Reference("d", 0, 3, 1).url()
    reply = Reply.model_validate(
        {"kind": "answered", "text": "<b>0123456789", "markers": [[*place, url, "tip"] for place in places]}
    )

    assert "<b>" not in turn_of(reply)
    assert turn_of(reply).count(">[1]</a>") == len(places)
    assert "[" not in reply.said


def test_a_reply_comes_back_from_json_as_it_was() -> None:
    assistant = ScriptedAssistant()
    for question in ("council and pêcheurs, when?", "Who won?", "hostile", "<b> ${x} {{y}}\n\n# *z*"):
        reply = Reply.of(assistant.ask(question, filters=Filters(sources=("scraped <i>site</i>",))))
        again = Reply.model_validate_json(json.dumps(reply.dumped()))
        assert again == reply
        assert turn_of(again, question, FRENCH) == turn_of(reply, question, FRENCH)


def test_a_hostile_quote_cannot_leave_the_tooltip() -> None:
    quote = 'say "x") <b onmouseover=alert(1)> \\ [2](javascript:alert(1)) \n\n# news'
    (link,) = select(answer_turn(_answer(quote), ENGLISH), "a.cite")

    told = {f"data-{name}" for name in ("quote", "title", "source", "date", "place")}
    assert set(link.attrib) == {"class", "href", "title", "aria-label"} | told
    assert link.attrib["data-quote"] == quote
    assert " ".join(quote.split()) in link.attrib["title"]


VERBATIM = [
    "2019. október 4-én írták alá a szerződést.",
    "13. Juli 2022 war der Tag.",
    "1. first\n2. second",
    "1) first",
    "# no heading",
    "- no list\n- at all",
    "* nor here",
    "+ nor here",
    "> no quote",
    "*emphasis* and **bold** and __init__ and `code`",
    "a | b\n--- | ---\n1 | 2",
    "title\n=====",
    "---",
    "    indented by four",
    "[link](http://outside.invalid) ![image](x.png) [ref]: x",
    "<b>tags</b> <script>alert(1)</script> &amp; &lt;",
    "$$x$$ ${x} {{ 7 * 7 }} {% raw %} <!-- -->",
    "http://outside.invalid www.outside.invalid a@outside.invalid",
]


@pytest.mark.parametrize("text", VERBATIM)
def test_quotes_and_questions_are_never_parsed(text: str) -> None:
    """In a question, in a quoted answer, in a model's answer, and while it is written."""
    for reply in (
        Reply(kind="answered", text=text, quoted=True),
        Reply(kind="answered", text=text),
        Reply(kind="failed", text=text),
    ):
        markup = turn_of(reply, text)
        assert seen(markup, ".question") == [text]
        assert "\n".join(seen(markup, ".words p") or seen(markup, "p.failed")) == text
        assert {each.tag for each in select(markup, ".words *")} <= {"p", "bdi", "span"}
    assert "\n".join(seen(turn_of(Reply(kind="unfinished"), writing=Reply(kind="unfinished", text=text)), ".words p"))


@pytest.mark.parametrize("text", VERBATIM)
def test_a_quote_in_an_export_is_shown_as_it_is(text: str) -> None:
    lines = [line.strip() for line in text.split("\n")]

    assert shown(verbatim(text)).split("\n") == lines
    assert set(re.findall(r"<(\w+)", COMMONMARK.render(verbatim(text)))) == {"p"}
    quoted = COMMONMARK.render("\n".join(f"> {line}" for line in verbatim(text).split("\n")))
    assert set(re.findall(r"<(\w+)", quoted)) == {"blockquote", "p"}


def test_the_words_that_answer_are_marked_in_the_answer() -> None:
    for quote, words in (("It was  signed\non 4 October 2019.", "on 4 October 2019"), ("x y", "x"), ("x y", "y")):
        start = quote.index(words)
        found = _answer(quote, Span(start, start + len(words)))
        assert seen(answer_turn(found, ENGLISH), ".words strong") == [" ".join(words.split())]
        assert " ".join(quote.split()) in seen(answer_turn(found, ENGLISH), ".words")[0]
    changed = found.model_copy(update={"answer": "z z [1]."})
    assert seen(answer_turn(changed, ENGLISH), ".words strong") == []


def test_the_best_quote_leads_and_the_others_are_folded() -> None:
    answer = (
        ScriptedAssistant()
        .ask("council and pêcheurs")
        .model_copy(update={"model": "extractive", "answered_by": "extractive"})
    )
    markup = answer_turn(answer, ENGLISH)

    assert seen(markup, ".more-quotes summary") == ["More from the sources (1)"]
    assert [text.strip() for text in seen(markup, ".answer > .words")] == [f"{HARBOUR.text[:72]} [1]"]
    assert [text.strip() for text in seen(markup, "details .words")] == [f"{DOCUMENTS[1].text[:76]} [2]"]
    assert seen(markup, "details .words p") == [f"{DOCUMENTS[1].text[:76]} [2]"], "no space before it"
    exported = export_markdown(
        Conversation(id="c", title="t", exchanges=(Exchange(question="q?", reply=Reply.of(answer)),)),
        lambda _: None,
        ENGLISH,
    )
    assert f"\n\n{HARBOUR.text[:72]} \\[1\\]\n\n{DOCUMENTS[1].text[:76]} \\[2\\]\n\n" in exported
    differing = answer.model_copy(update={"sources_differ": True})
    assert seen(answer_turn(differing, ENGLISH), ".more-quotes") == []


def test_rows_of_a_table_are_shown_together() -> None:
    answer = ScriptedAssistant().ask("council and pêcheurs")
    rows = answer.answer.replace("[1] ", "[1]\n")
    assert rows != answer.answer
    together = answer.model_copy(update={"model": "extractive", "answered_by": "extractive", "answer": rows})
    markup = answer_turn(together, ENGLISH)

    assert seen(markup, ".more-quotes") == []
    assert [line.strip() for line in seen(markup, ".answer > .words p")] == rows.split("\n")
    assert seen(markup, ".words strong") == []  # no row more than another, and in none some words


def test_dates_before_the_items_of_a_list_are_in_the_readers_form_and_no_others() -> None:
    answer = ScriptedAssistant().ask("council and pêcheurs").model_copy(update={"sources_differ": True})
    (first, second), head = answer.citations, "The documents differ on 2024-05-03:\n"
    text, cited = head, []
    for citation, dated in ((first, "2024-05-03: "), (second, "2019-01-01: ")):
        text += f"- {dated}{citation.quote} "
        place = {"answer_start": len(text), "answer_end": len(text) + 3}
        cited.append(citation.model_copy(update=place))
        text += f"[{citation.marker}]\n"
    markup = answer_turn(answer.model_copy(update={"answer": text, "citations": tuple(cited)}), FRENCH)

    lines = seen(markup, ".words p")
    assert lines[0] == head.strip()
    assert lines[1].startswith(f"- 3 mai 2024: {first.quote}")
    assert seen(markup, ".words bdi")[0].startswith(first.quote), "its letters turn no other script around"
    assert lines[2].startswith("- 2019-01-01: "), "no date of that document: these are others' words"


def test_dates_in_what_is_said_of_the_documents_are_in_the_readers_form() -> None:
    text = "Dates: 2022-07 – 2024-02\n- 2022-07-21: In 2022-07-21\n- 2022: No date 2022-07"
    markup = turn_of(Reply(kind="small_talk", text=text), strings=FRENCH)

    assert seen(markup, ".words p") == [
        "Dates: juillet 2022 – février 2024",
        "- 21 juillet 2022: In 2022-07-21",
        "- 2022: No date 2022-07",
    ]


def test_a_markers_tip_has_the_date_in_the_readers_form() -> None:
    (link,) = select(answer_turn(ScriptedAssistant().ask("council"), FRENCH), "a.cite")
    assert link.attrib["title"].startswith("Northport Gazette, 3 mai 2024: The council voted")
    bare = ScriptedAssistant().ask("council")
    bare = bare.model_copy(update={"citations": (bare.citations[0].model_copy(update={"source": "", "date": ""}),)})
    (link,) = select(answer_turn(bare, FRENCH), "a.cite")
    assert link.attrib["title"].startswith("The council voted")


def test_unsupported_sentences_are_named() -> None:
    message = answer_turn(ScriptedAssistant().ask("When did the council vote?"), ENGLISH)

    assert "Not verified" in message
    assert "It will be finished in 2031.</bdi></li>" in message


def test_names_that_the_passages_do_not_have_are_told_and_escaped() -> None:
    answer = ScriptedAssistant().ask("When did the council vote?")
    told = answer_turn(answer.model_copy(update={"missing_names": ("China", "<b>Iran")}), FRENCH)

    assert "Absent de ces passages\u00a0: China, &lt;b&gt;Iran" in told
    assert "Absent" not in answer_turn(answer, FRENCH)


def test_confidence_is_in_words_with_its_number_at_hand() -> None:
    message = answer_turn(ScriptedAssistant().ask("council"), ENGLISH)

    assert seen(message, ".confidence summary") == ["Likely right"]
    assert "about 72%" in seen(message, ".confidence details p")[0]


def test_an_abstention_cites_nothing_and_shows_what_is_near() -> None:
    answer = ScriptedAssistant().ask("Who won?")
    message = answer_turn(answer, FRENCH)

    assert 'class="answer abstained"' in message
    assert "4 documents consultés" in message
    assert "<details" not in message
    assert "Passages les plus proches" in message
    assert seen(message, ".words p") == ["The corpus does not say."]
    assert [reference.marker for reference in Reply.of(answer).references] == [0, 0, 0]
    assert all(html.escape(reference.url("c")) in message for reference in Reply.of(answer).references)


def test_filters_that_were_applied_are_named() -> None:
    filters = Filters(languages=("fr",), date_from="2022-09")
    message = answer_turn(_answer("x").model_copy(update={"filters": filters}), ENGLISH)

    assert "Limited to: French, From September 2022" in seen(message, ".limits")[0]


def _read(markup: str) -> list[str]:
    return seen(markup, ".words p")


@pytest.mark.parametrize(("text", "told"), [("so [", "so"), ("so [1", "so"), ("so [1]", "so [1]"), ("a[b", "a[b")])
def test_no_half_marker_flashes(text: str, told: str) -> None:
    assert partial_text(text) == told
    writing = Reply(kind="unfinished", text=text)
    assert [line.strip() for line in _read(turn_of(writing, writing=writing))] == [told]


def test_the_mark_covers_the_quote_and_the_words_in_it() -> None:
    text = "Before. The <b> answer & more. After."
    reference = Reference("d", 8, 30, 1, (Span(12, 15), Span(16, 22)))

    assert marked(text, Span(0, len(text)), [reference], anchor="quote") == (
        'Before. <mark id="quote" data-number="1">'
        "The <strong>&lt;b&gt;</strong> <strong>answer</strong> &amp; more.</mark> After."
    )


@pytest.mark.parametrize("other", [Span(0, 3), Span(2, 8), Span(4, 6), Span(5, 10), Span(8, 9)])
def test_quotes_of_one_document_are_marked_together(other: Span) -> None:
    text = "0123456789"
    out = marked(text, Span(0, 10), [Reference("d", 2, 8, 1), Reference("d", *other, 2)])

    assert re.sub(r"<[^>]+>", "", out) == text
    assert out.count("<mark") == out.count("</mark>")
    assert 'id="source-1"' in out


def test_neighbouring_quotes_share_a_card_and_an_extract_and_far_ones_do_not() -> None:
    document = Document(id="d", title="T", text="Some words. " * 500)
    near = [Reference("d", 24, 35, 1), Reference("d", 60, 71, 2)]
    far = Reference("d", 4800, 4811, 3)
    out = panel([*near, far], lambda _: document, ENGLISH, active=near[1])

    assert (out.count("<article"), out.count("<blockquote"), out.count("<mark")) == (1, 2, 3)
    assert out.count('class="active"') == 1
    assert '<mark id="source-2" data-number="2" class="active">' in out


@pytest.mark.parametrize("words", [(Span(0, 99),), (Span(-5, 3), Span(2, 6)), (Span(9, 4),)])
def test_words_outside_the_quote_or_overlapping_never_change_the_text(words: tuple[Span, ...]) -> None:
    text = "0123456789"
    out = marked(text, Span(0, 10), [Reference("d", 2, 8, 1, words)])

    assert re.sub(r"<[^>]+>", "", out) == text
    assert out.count("<strong>") == out.count("</strong>")


def test_surroundings_cut_between_words() -> None:
    text = "word " * 400
    window = surroundings(text, 1000, 1004)

    assert window.start < 1000 and window.end > 1004
    assert text[window.start - 1] == " " and text[window.end] == " "
    assert surroundings("short", 0, 5) == Span(0, 5)
    assert surroundings("x" * 2000, 1000, 1005).start <= 1000


def test_the_panel_shows_quote_title_source_date_language_and_escapes_them() -> None:
    assistant = ScriptedAssistant()
    answer = assistant.ask("hostile")
    out = panel(Reply.of(answer).references, assistant.store.document, ENGLISH)

    ours = "div h2 h3 button article header span p bdi time blockquote mark strong a details summary"
    assert set(re.findall(r"<(\w+)", out)) <= set(ours.split())
    assert "A &lt;b&gt;hostile&lt;/b&gt; page ${1}" in out
    assert "scraped &lt;i&gt;site&lt;/i&gt;" in out
    assert ">2023</time>" in out and "English" in out
    assert "<mark" in out


def test_a_citation_of_a_changed_or_missing_document_says_so() -> None:
    reference = Reference.of(ScriptedAssistant().ask("council").citations[0])
    changed = HARBOUR.model_copy(
        update={"text": "Quite another text, longer than the quote was, about nothing in particular."}
    )

    assert ENGLISH.document_changed in panel([reference], lambda _: changed, ENGLISH)
    assert "<mark" not in panel([reference], lambda _: changed, ENGLISH)
    assert ENGLISH.document_gone in panel([reference], lambda _: None, ENGLISH)
    assert ENGLISH.document_changed in source_page(reference, changed, ENGLISH)


def test_an_unverified_citation_is_flagged() -> None:
    reference = Reference.of(ScriptedAssistant().ask("council").citations[0])._replace(verified=False)

    assert "not verified" in panel([reference], lambda _: HARBOUR, ENGLISH)


def test_the_source_page_is_the_whole_document_and_no_more() -> None:
    document = Document(id="x", title="<i>T</i>", text=HOSTILE, language='"><script>')
    page = source_page(Reference("x", 0, 10, 1), document, ENGLISH)
    body = page.split("<article", 1)[1].split("</article>")[0].split(">", 1)[1]

    assert html.unescape(re.sub(r"</?mark[^>]*>", "", body)) == HOSTILE
    assert "<script" not in page


def test_no_hostile_document_brings_tags_or_templates_of_its_own() -> None:
    """As title, source, place and text of the source page, and in a reply that repeats it."""
    lines = (Path(__file__).parent / "data/redteam.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line)["text"].encode("utf-8", "replace").decode() for line in lines]
    for text in [*texts, "${1} {{ 7 * 7 }} {% raw %} {# x #} \u202e<b>"]:
        document = Document(id="d", title=text[:300], source=text[:300], place=text[:300], language=text[:9], text=text)
        page = source_page(Reference("d", 0, len(text), 1), document, ENGLISH)
        head, article = page.split("<article", 1)
        tags = set(re.findall(r"<(\w+)", head.split("</style>")[1] + article))
        ours = {"div", "search", "form", "input", "button"}
        assert tags <= {"body", "nav", "a", "main", "h1", "p", "bdi", "mark"} | ours
        if text.strip():
            assert html.unescape(article.split('data-number="1">', 1)[1].split("</mark>")[0]) == text
        reply = Reply(kind="answered", text=text, unsupported=(text,), missing_names=(text,))
        tags = set(re.findall(r"<(\w+)", turn_of(reply, text)))
        assert tags <= {"div", "article", "h2", "p", "ul", "li", "bdi", "details", "summary", "button"}


def test_an_export_holds_questions_answers_and_whole_quotes() -> None:
    assistant = ScriptedAssistant()
    exchange = Exchange(question="What *did* they decide?", reply=Reply.of(assistant.ask("council")))
    conversation = Conversation(id="c", title="1. title", exchanges=(exchange,))
    out = export_markdown(conversation, assistant.store.document, ENGLISH)

    assert shown(out).count(HARBOUR.text[:72]) == 2  # as the answer, and as its source's quote
    assert "Northport Gazette, 3 May 2024" in shown(out)
    assert "source/" not in out


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("pt,en;q=0.7,fr;q=0.8", "fr"),
        ("FR-ca", "fr"),
        ("en;q=0.5, fr ; q=0.8", "fr"),
        ("fr;q=0, pt", "en"),
        ("fro, frr;q=0.5", "en"),
        ("pt", "en"),
        ("de-AT", "de"),
        ("ar,en", "ar"),
        ("es-419", "es"),
        ("*", "en"),
        ("", "en"),
        ("fr;q=x,*", "en"),
        ("fr;q=nan", "en"),
        (",;,;=,", "en"),
        ("ÿþ, fr;q=0.1", "fr"),
        ("-" * 5_000, "en"),
    ],
)
def test_the_language_is_the_browsers(header: str, locale: str) -> None:
    assert strings_for(header).locale == locale


def test_dates_keep_their_precision() -> None:
    assert [FRENCH.date(iso) for iso in ("2022", "2022-09", "2022-09-29", "", "soon-ish")] == [
        "2022",
        "septembre 2022",
        "29 septembre 2022",
        "sans date",
        "soon-ish",
    ]


def _answer(quote: str, *words: Span) -> Answer:
    text = " ".join(quote.split())
    citation = Citation(
        marker=1,
        answer_start=len(text) + 1,
        answer_end=len(text) + 4,
        document_id="d",
        passage_id="p",
        source='S" <b>',
        quote=quote,
        start=0,
        end=len(quote),
        highlights=words,
        verified=True,
    )
    return Answer(
        id="a",
        question="q",
        standalone_question="q",
        answer=f"{text} [1].",
        answerable=True,
        confidence=0.9,
        citations=(citation,),
        model="m",
        index=IndexInfo(fingerprint="f", documents=1, passages=1),
    )


def test_what_stands_around_an_answer_is_text_whatever_is_in_it() -> None:
    hostile = "A claim\r\rof it\n\n[click](http://evil.example) ![x](/y) <img src=x>"
    changes = {"unsupported": (hostile,), "filters": Filters(sources=(hostile,)), "missing_names": (hostile,)}
    assistant = ScriptedAssistant([Document(id="d", title=hostile, source=hostile, date=hostile, text="x")])
    answers = (ScriptedAssistant().ask("council?"), assistant.ask("Who won?"))
    shown = [answer_turn(answer.model_copy(update=changes), ENGLISH) for answer in answers]

    assert "Not verified" in shown[0] and "Nearest passages" in shown[1]
    for markup in shown:
        assert not select(markup, "img")
        assert all(link.attrib["href"].startswith("source/") for link in select(markup, "a"))


def test_items_of_a_list_keep_the_side_of_the_page() -> None:
    """What each says is isolated within it; the bullet stands on the page's side."""
    arabic = strings_for("ar")
    markup = turn_of(Reply(kind="answered", text="Two:\n- one\n• اثنان"), strings=arabic)
    assert seen(markup, "p.item") == ["- one", "• اثنان"]
    assert seen(markup, "p.item > bdi") == ["one", "اثنان"]
    assert all("dir" not in item.attrib for item in select(markup, "p.item"))


def test_a_quote_is_copied_with_its_source() -> None:
    text = "It's 100 % {sure} & <b>\n2019. október 4-én"
    document = Document(id="a/b 1", title="The _title_", text=text, date="2019-10-04", language="hu", source="A & B")
    quotation = Quotation(text, document, "4 October 2019")

    assert quotation.plain == "“It's 100 % {sure} & <b> 2019. október 4-én” — The _title_, A & B, 4 October 2019"
    assert shown(quotation.markdown).replace("\n\n", "\n") == f"{text}\n— The _title_, A & B, 4 October 2019"
    assert "<li>" not in COMMONMARK.render(quotation.markdown)
    assert quotation.bibtex == (
        "@misc{a-b-1,\n  title = {{The \\_title\\_}},\n  howpublished = {A \\& B},\n  year = {2019},\n"
        "  language = {hu},\n"
        "  note = {It's 100 \\% \\textbraceleft{}sure\\textbraceright{} \\& <b> 2019. október 4-én},\n  month = oct,\n}"
    )
    for text in ("a { b", "} c {{", "\\{ d \\", "x_{1}"):  # to BibTeX a brace behind a backslash is one all the same
        entry = quotation._replace(quote=text, document=document.model_copy(update={"title": text})).bibtex
        assert entry.count("{") == entry.count("}") and "\\{" not in entry
    (item,) = json.loads(quotation.csl)
    assert (item["title"], item["issued"]) == ("The _title_", {"date-parts": [[2019, 10, 4]]})
    undated = quotation._replace(document=document.model_copy(update={"date": "soon", "title": ""}))
    assert "year" not in undated.bibtex and "issued" not in undated.csl and "a/b 1" in undated.plain


def test_quotes_that_stand_in_for_a_model_are_said_to_be_that() -> None:
    fault = ModelFault(kind="failed", detail='The model "<b>" cannot be reached.')
    answer = ScriptedAssistant().ask("council and pêcheurs")
    quoted = {"answered_by": "extractive", "model_fault": fault}
    markup = answer_turn(answer.model_copy(update=quoted), ENGLISH)
    (note,) = select(markup, "p.instead")
    assert note.text_content() == "The language model failed: these are the documents’ own words"
    assert note.attrib["title"] == fault.detail
    assert not select(answer_turn(answer, ENGLISH), "p.instead")
    for named_in in (0, 3):
        reply = Reply.of(answer.model_copy(update=quoted)).model_copy(update={"named_in": named_in})
        told = Conversation(id="c", title="", exchanges=(Exchange(question="council", reply=reply),))
        assert "The language model failed" in export_markdown(told, lambda _: None, ENGLISH)
    silent = ScriptedAssistant().ask("Who won?").model_copy(update={"model_fault": fault})
    assert not select(answer_turn(silent, ENGLISH), "p.instead")
