"""A quote with its source, in the forms that people paste: text, Markdown, BibTeX and CSL-JSON."""

import json
import re
from typing import NamedTuple

from askcorpus.types import Document
from askcorpus_ui.chat.markdown import verbatim
from askcorpus_ui.chat.translations import Strings

# A brace behind a backslash is one that BibTeX counts all the same: a single one would end the field, or never.
# No library is better at that: pybtex 0.26 refuses a title with a single brace and leaves $, ^ and backslashes as they
# are; bibtexparser 2.1 writes it as such a brace, and " as ''. None writes CSL-JSON, which is a plain object.
_BIBTEX = str.maketrans(
    {char: f"\\{char}" for char in "&%$#_"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"{": r"\textbraceleft{}", "}": r"\textbraceright{}"}
)
_NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9]+")
_DATE = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Quotation(NamedTuple):
    """A quote, and the document it stands in; ``date`` is as people write it, the document's own is ISO."""

    quote: str
    document: Document
    date: str

    def forms(self, strings: Strings) -> list[tuple[str, str]]:
        """Each form's name in the reader's language, and the text in it."""
        names = (strings.copy_plain, strings.copy_markdown, strings.copy_bibtex, strings.copy_csl)
        return list(zip(names, (self.plain, self.markdown, self.bibtex, self.csl), strict=True))

    @property
    def plain(self) -> str:
        """“Quote” — Title, Source, date."""
        return f"“{' '.join(self.quote.split())}” — {', '.join(self._facts())}"

    @property
    def markdown(self) -> str:
        """A block quote with its source below; nothing in it is markup of its own."""
        lines = [f"> {verbatim(line)}" for line in self.quote.split("\n")]
        title, *others = self._facts()
        return "\n".join([*lines, ">", f"> — {', '.join([f'*{verbatim(title)}*', *map(verbatim, others)])}"])

    @property
    def bibtex(self) -> str:
        """An entry of the kind ``misc``, the quote as its note."""
        year, month, _ = _numbers(self.document.date)
        fields = {
            "title": f"{{{self._title.translate(_BIBTEX)}}}",
            "howpublished": self.document.source.translate(_BIBTEX),
            "year": str(year or ""),
            "language": self.document.language.translate(_BIBTEX),
            "note": " ".join(self.quote.split()).translate(_BIBTEX),
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        if month:
            lines.append(f"  month = {_MONTHS[month - 1]},")
        key = _NOT_IN_A_KEY.sub("-", self.document.id).strip("-") or "source"
        return "\n".join([f"@misc{{{key},", *lines, "}"])

    @property
    def csl(self) -> str:
        """A list with one item, as Zotero and pandoc read it."""
        parts = [number for number in _numbers(self.document.date) if number]
        item = {
            "id": self.document.id,
            "type": "article",
            "title": self._title,
            "container-title": self.document.source,
            "language": self.document.language,
            "issued": {"date-parts": [parts]} if parts else None,
            "note": " ".join(self.quote.split()),
        }
        return json.dumps([{name: value for name, value in item.items() if value}], ensure_ascii=False, indent=2)

    @property
    def _title(self) -> str:
        return self.document.title or self.document.id

    def _facts(self) -> list[str]:
        return [" ".join(fact.split()) for fact in (self._title, self.document.source, self.date) if fact.strip()]


def _numbers(date: str) -> tuple[int, int, int]:
    """Year, month and day of an ISO date, 0 for what it does not say; three times 0 for what is no date."""
    found = _DATE.fullmatch(date)
    if found is None:
        return 0, 0, 0
    year, month, day = (int(number or 0) for number in found.groups())
    return year, month, day
