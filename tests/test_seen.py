"""Pages and Markdown: what a reader sees is what is read."""

import pytest

from askcorpus_ingest.readers.markdown import rendered_text
from askcorpus_ingest.readers.markup import plain_text, visible_text

BASE64 = "iVBORw0KGgo" * 30

PAGES = [
    ("moved 4.2 &times; 10<sup>6</sup> tonnes", "moved 4.2 × 10⁶ tonnes"),
    ("10<sup>-3</sup> and 10<sup>−3</sup>", "10⁻³ and 10⁻³"),
    ("2<sup>n</sup> is 8<sup>(2)</sup>", "2ⁿ is 8⁽²⁾"),
    ("H<sub>2</sub>O and CO<sub>2</sub>", "H₂O and CO₂"),
    ("x<sub>max</sub>", "xmax"),
    ("10<sup>2.5</sup> and 10<sup>6a</sup>", "10^(2.5) and 10^(6a)"),
    ("310<sup>1</sup> metres", "310¹ metres"),
    ('310<sup><a href="#fn1">1</a></sup> metres', "310 metres"),
    ('310<sup id="cite_ref-3" class="reference"><a href="#cite_note-3">[3]</a></sup> metres', "310 metres"),
    ("in 1998<sup>[1][2]</sup>.", "in 1998."),
    ("in 1998<sup>[note 4]</sup> it", "in 1998 it"),
    ("the 1<sup>er</sup> and M<sup>me</sup> Curie, the 2<sup>nd</sup>", "the 1er and Mme Curie, the 2nd"),
    ("Acme<sup>TM</sup> and m<sup>2</sup>", "AcmeTM and m²"),
    ("5<sup><i>2</i></sup> and 5<sup></sup>.", "5² and 5."),
    ("<ruby>橋<rt>はし</rt></ruby>の<ruby>上<rp>(</rp><rt>うえ</rt><rp>)</rp></ruby>。", "橋の上。"),
    ("<ruby>青<rt>あお</rt>森<rt>もり</rt></ruby>市", "青森市"),
    ("<ruby><rb>漢</rb><rtc><rt>hàn</rt></rtc></ruby>字", "漢字"),
    ("<ruby>漢<rt>かん<rt>x</ruby>字", "漢字"),
    ("im<wbr>possible and <b>b</b>old<i>er</i>", "impossible and bolder"),
    ("one<br>two", "one\n\ntwo"),
    ("<p>The long line\nof a source goes\n   on.</p><p>Next.", "The long line of a source goes on.\n\nNext."),
    ("<p>東京は\n  大きい。", "東京は大きい。"),
    ("<p>a <del>b</del> <ins>c</ins> <kbd>d</kbd> <label>e</label></p>", "a c d e"),
    ("<p>x</p><script>y</script><style>z</style><template>t</template>", "x"),
    ("<!-- five --><p>x<!-- 5 -->y", "xy"),
    (f'<p>A <img src="data:image/png;base64,{BASE64}" alt="picture">crane', "A crane"),
    ("3&nbsp;May &lt;b&gt; caf&eacute; &#8217;s", "3 May <b> café ’s"),
    ("<ul><li>one<li>two</ul>", "one\n\ntwo"),
    ("<div><div>a</div>b<section>c</section></div>", "a\n\nb\n\nc"),
    # wrapped by hand
    (
        "<pre>The harbour of Norrtorp will be closed\nfrom 1 December until 15 January, as its\nwalls are old.\n\n"
        "It costs a lot.</pre>",
        "The harbour of Norrtorp will be closed from 1 December until 15 January, as its walls are old."
        "\n\nIt costs a lot.",
    ),
    ("<pre>\n  The harbour of Norrtorp will be closed\n  from 1 December.\n</pre>",
     "The harbour of Norrtorp will be closed from 1 December."),
    ("<pre>Oslo     12   rain\nBergen   10   rain</pre>", "Oslo 12 rain\n\nBergen 10 rain"),
    ("<pre>Roses are red,\nviolets are blue.</pre>", "Roses are red,\n\nviolets are blue."),
    ("<pre><code>for one in the_many_things_there:\n    print(one, file=the_other_things)</code></pre>",
     "for one in the_many_things_there:\n\nprint(one, file=the_other_things)"),
    ("<pre>Name: a rather long value that stands here\nPlace; another rather long value of it;</pre>",
     "Name: a rather long value that stands here\n\nPlace; another rather long value of it;"),
    # tables
    ("<table><tr><th>Day<th>Open<tr><td>Monday<td>10–18<tr><td>Sunday<td></table>",
     "Day: Monday, Open: 10–18.\n\nDay: Sunday."),
    ("<table><caption>Hours</caption><thead><tr><td>Day<td>Open</thead><tbody><tr><td>Mo<td>10</table>",
     "Hours\n\nDay: Mo, Open: 10."),
    ("<table><tr><th>Name<td>Rill<tr><th>Built:<td>1901</table>", "Name: Rill.\n\nBuilt: 1901."),
    ("<table><tr><td>Name<td>Rill<tr><td>Built<td>1901</table>", "Name, Rill.\n\nBuilt, 1901."),
    ("<table><tr><th><th>2021<th>2022<tr><th>Malta<td>5<td>6</table>", "Malta, 2021: 5, 2022: 6."),
    ("<table><tr><th rowspan=2>Land<th colspan=2>Rain<tr><th>May<th>June<tr><td>Malta<td>5<td>6</table>",
     "Land: Malta, Rain May: 5, Rain June: 6."),
    ("<table><tr><th>Land<th>City<tr><td rowspan=2>Malta<td>Mdina<tr><td>Sliema</table>",
     "Land: Malta, City: Mdina.\n\nLand: Malta, City: Sliema."),
    ("<table><tr><th>Land<th>May<th>June<tr><td>Malta<td colspan=2>none</table>", "Land: Malta, May: none."),
    ("<table><tr><td>name<td>place<td>age<tr><td>Anna<td>Kyiv<td>7</table>", "name: Anna, place: Kyiv, age: 7."),
    ("<table><tr><th>Area<th>Share<tr><td>5 km<sup>2</sup><td><b>3</b>&nbsp;%</table>", "Area: 5 km², Share: 3 %."),
    ("<table><tr><th>A<th>B<tr><td>one<br>two<td><p>x</p><p>y</p></table>", "A: one two, B: x y."),
    ("<table><tr><td><h1>Title</h1><p>Some text.</p></td><td>Menu</td></tr></table>", "Title\n\nSome text.\n\nMenu"),
    ("<table role=presentation><tr><td>a<td>b<tr><td>c<td>d</table>", "a\n\nb\n\nc\n\nd"),
    ("<table><tr><td><table><tr><th>A<th>B<tr><td>1<td>2</table><td>side</table>", "A: 1, B: 2.\n\nside"),
    ("<table><tr><td>one cell</table>after", "one cell\n\nafter"),
    ("before<table><tr><th>A<th>B<tr><td>1<td>2</table>after", "before\n\nA: 1, B: 2.\n\nafter"),
]  # fmt: skip

MARKDOWN = [
    ("The [Bridge](https://e.org/a_(b)?x=1&y=2 \"T\") reopened on **Tuesday** after *long* `3.2`.",
     "The Bridge reopened on Tuesday after long 3.2."),
    ("[a][1] and [b] and <https://e.org>\n\n[1]: https://e.org/1\n[b]: /b", "a and b and https://e.org"),
    ("It cost much.[^1] More[^note].\n\n[^1]: Council.\n[^note]: Mayor, 4 May.",
     "It cost much. More.\n\nCouncil.\n\nMayor, 4 May."),
    ("a\n\n<!-- TODO: 5 million?\n\nmore -->\n\nb", "a\n\nb"),
    (f"# Dock\n\n![photo](data:image/png;base64,{BASE64})\n\nThe crane.", "Dock\n\nThe crane."),
    (f"The ![photo][p] crane.\n\n[p]: data:image/png;base64,{BASE64}", "The crane."),
    (f'<img src="data:image/svg+xml;base64,{BASE64}"> The crane.', "The crane."),
    ("![a](b.png)\n\n![[pasted.png]] text", "text"),
    ("See [[Orla Bridge]] and [[page|the crane]].", "See Orla Bridge and the crane."),
    ("[x](javascript:void(0)) [y](data:text/html,hi)", "x y"),
    ("| Day | Open |\n|---|:-:|\n| Monday | 10–18 |\n| **Sunday** | [x](y) |",
     "Day: Monday, Open: 10–18.\n\nDay: Sunday, Open: x."),
    ("A line that goes\non here.\n\nNext", "A line that goes on here.\n\nNext"),
    ("- one\n- two\n  - three\n\n1. four", "one\n\ntwo\n\nthree\n\nfour"),
    ("> He said\n> so.\n\nTitle\n=====\n\n---\n\nEnd", "He said so.\n\nTitle\n\nEnd"),
    ("```python\nprint(1)\nx = 2\n```", "print(1)\n\nx = 2"),
    ("snake_case_name and 2*3*4 and 5 * 6", "snake_case_name and 234 and 5 * 6"),
    ("\\*not\\* &amp; ~~gone~~ caf&eacute;", "*not* & café"),
    ("10<sup>6</sup> and H<sub>2</sub>O<br>x", "10⁶ and H₂O\n\nx"),
    ("one  \ntwo", "one\n\ntwo"),
    ("## Heading ##\nText", "Heading\n\nText"),
]  # fmt: skip

FIELDS = [
    ("<p>The <b>Orla</b> caf&eacute; opened.</p><p>It has 40 seats.</p>", "The Orla café opened.\n\nIt has 40 seats."),
    ("<strong>Bold</strong> one\nline\n\nnext", "Bold one line\n\nnext"),
    ("x <b>a</b> <b>b</b> y", "x a b y"),
    ("if a < b and c > d then", "if a < b and c > d then"),
    ("R&amp;D is &euro;5", "R&D is €5"),
    ("plain\n\ntext & more; <none>", "plain\n\ntext & more; <none>"),
    ("Use the <b> tag", "Use the <b> tag"),
    ("\n <!-- x --><div>a</div>", "a"),
]


@pytest.mark.parametrize(("page", "text"), PAGES)
def test_a_page_is_read_as_it_is_seen(page: str, text: str) -> None:
    assert visible_text(page).strip() == text
    assert visible_text(f"<html><body><div>{page}</div></body></html>").strip() == text


@pytest.mark.parametrize(("markdown", "text"), MARKDOWN)
def test_markdown_is_read_as_its_page_is_seen(markdown: str, text: str) -> None:
    assert rendered_text(markdown) == text


@pytest.mark.parametrize(("field", "text"), FIELDS)
def test_a_field_that_holds_html_is_read_as_that(field: str, text: str) -> None:
    assert plain_text(field) == text
