"""Where sources disagree: sentences of other documents that answer the same question, as well, but otherwise.

A report of twelve dead and one of fifteen, a claim and its denial: whoever asks must see both, with their dates. Two
sentences count as about the same when they are nearer to each other than to the question and hold the same of its
words; and as saying different things when each has a figure, date or name of the kind asked for and they have none in
common, or when one denies and the other does not. Shallow on purpose: the price of an error is one quote too many.
"""

from collections.abc import Sequence

import regex

from askcorpus.background import Background
from askcorpus.evidence import Evidence
from askcorpus.expectation import Kind, expected_answer, kind_of
from askcorpus.query import Query
from askcorpus.words import words

REACH = 0.75
"""Standard deviations of similarity to the question by which the other answer may stay behind the best sentence..."""

SAME_WORDS = 0.8
"""... unless, in the same language, it holds this share of the question's words in that sentence, by weight."""

ALIKE = 2.5
"""How far two sentences' similarity must stand above that of unrelated ones, in standard deviations."""

OPPOSED = 3.5
"""The same for a claim and its denial, which share most of their words."""

_DENIALS = (
    r"not|never|no longer|nobody|none|\w+n['’]t|den(?:y|ies|ied)|false|untrue|refut\w+"
    r"|pas|jamais|aucune?|faux|fausses?|n['’](?=\p{L})|ne|nie(?:nt)?|a nié|démen\w+|réfut\w+|contest\w+"
    r"|nicht|kein\w*|niemals|nie|falsch|bestreite\w*|bestritt\w*|dementier\w*|leugne\w*|weis\w+ zurück"
    r"|no|nunca|jamás|ningún|niega\w*|neg(?:ó|aron|ado)|desm(?:ie|e)nt\w+|falso|falsa"
    r"|non|mai|nessun\w*|nega(?:no|to)?|smenti\w+|não|nega(?:m|ram)?|negou|desment\w+|niet|geen|nooit|ontken\w+"
    r"|ikke|ingen|benekte\w*|avvis\w+|inte|förneka\w*|dementera\w*|nie|zaprzecz\w+|není|ne\w+l|popír\w+|popř\w+"
    r"|nu|neagă|a negat|dezmin\w+|nem|cáfol\w*|tagad\w*|değil|yalanla\w*|reddet\w*|δεν|δε|όχι|διαψεύ\w+|αρν\w+"
    r"|не|нет|ни|отриц\w+|опроверг\w+|ложь|ні|запереч\w+|спрост\w+|لا|لم|ليس\w*|لن|نف[ىت]|ينفي|تنفي|نفي"
    r"|नहीं|खंडन|इनकार|không|phủ nhận|bác bỏ|tidak|bukan|membantah|לא|הכחיש\w*|مکذوب|تکذیب"
)
_DENIES = regex.compile(
    rf"(?<![\p{{L}}\p{{M}}])(?:{_DENIALS})(?![\p{{L}}\p{{M}}])|不|没有|沒有|否认|否認|ない|ません|否定|않|아니|부인|ไม่|ปฏิเสธ"
)

_CAPITALISE_NOUNS = ("de", "lb")
_FIGURES = regex.compile(r"\p{N}[\p{L}\p{N}]*")
_NAMES = regex.compile(r"(?<!^)\b[\p{Lu}\p{N}][\p{L}\p{M}\p{N}]+")


def differing_sentences(query: Query, evidence: Sequence[Evidence], strangers: Background) -> tuple[Evidence, ...]:
    """The best sentence and those that contradict it, best first; none when no source does.

    ``evidence`` is ordered by score, best first; ``strangers`` is how similar unrelated sentences are to each other.
    """
    if not evidence:
        return ()
    best, *others = evidence
    contrary = [
        other
        for other in others
        if other.hit.document_id != best.hit.document_id
        and _same_matter(best, other, strangers)
        and _names_held(query, best.text) <= _names_held(query, other.text)
        and _says_otherwise(query.question, best, other, strangers)
    ]
    return (best, *_one_a_document(contrary)) if contrary else ()


def _same_matter(one: Evidence, other: Evidence, strangers: Background) -> bool:
    between = float(one.vector @ other.vector)
    if strangers.standing(between) < ALIKE:
        return False
    if one.hit.language != other.hit.language:
        return _is_near(one, other)
    same_words = other.coverage >= SAME_WORDS * one.coverage
    return between >= max(one.similarity, other.similarity) and (same_words or _is_near(one, other))


def _is_near(one: Evidence, other: Evidence) -> bool:
    return other.standing >= one.standing - REACH


def _says_otherwise(question: str, one: Evidence, other: Evidence, strangers: Background) -> bool:
    alike = strangers.standing(float(one.vector @ other.vector)) >= OPPOSED
    return (alike and denies(one.text) != denies(other.text)) or _has_other_answer(question, one.text, other.text)


def _names_held(query: Query, text: str) -> set[str]:
    """The names and figures of the question that a sentence has: what is said of Lyon says nothing of Marseille."""
    named = _FIGURES if query.language in _CAPITALISE_NOUNS else _NAMES
    held = set(words(text))
    return {word for match in named.finditer(query.question) for word in words(match[0]) if word in held}


def _has_other_answer(question: str, one: str, other: str) -> bool:
    """Whether both have what is asked for and none of it in common.

    Of dates and amounts only the digits count, and both must have some: whether "twelve" is 12 is not known here.
    """
    if kind_of(question) is Kind.OTHER:
        return False
    answers = [set(words(" ".join(text[a:b] for a, b in expected_answer(question, text)))) for text in (one, other)]
    if kind_of(question) is not Kind.NAME:
        answers = [{word for word in answer if any(map(str.isdigit, word))} for answer in answers]
    return bool(answers[0] and answers[1]) and not answers[0] & answers[1]


def denies(text: str) -> bool:
    """Whether a sentence says that something is not so."""
    return bool(_DENIES.search(text.casefold()))


def _one_a_document(evidence: Sequence[Evidence]) -> list[Evidence]:
    return list({one.hit.document_id: one for one in reversed(evidence)}.values())[::-1]
