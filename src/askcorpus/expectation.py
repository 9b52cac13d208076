"""What kind of words would answer a question, and where a sentence has them: a name, a date, a number.

Deliberately shallow: the interrogatives of some twenty languages and the look of names, dates and numbers. It only
marks words inside a quote and lifts a sentence a little; it never decides alone.
"""

from enum import Enum

import regex

from askcorpus.types import Span
from askcorpus.words import words


class Kind(Enum):
    """What is asked for."""

    WHEN = "when"
    HOW_MANY = "how many"
    NAME = "name"
    OTHER = "other"


_ASKS: dict[Kind, str] = {
    Kind.HOW_MANY: (
        r"how (?:many|much|old|long|far|tall|big|large|often)"
        r"|(?:what|which) (?:\w+ ){0,3}(?:percent\w*|share|number|proportion|rate|amount|price|population|age|speed)"
        r"|combien|quel(?:le)? (?:(?:est|était) )?(?:l[ea] )?(?:pourcentage|nombre|part|âge|proportion)"
        r"|quel(?:le)? (?:(?:est|était) )?(?:l[ea] )?(?:taux|montant|prix|population|coût|vitesse)"
        r"|wie ?viele?|wie (?:hoch|lange?|alt|groß|weit|oft)|cuánt[oa]s?|quant[oaie]s?|скольк\w*|скільки|كم"
        r"|多少|几[个名人次年天]|幾|いくつ|いくら|何(?:人|回|年間|個)|kaç|câ[tț][ie]|πόσ\w+|कितन\w+"
        r"|bao nhiêu|mấy|กี่|เท่าไร|เท่าไหร่|ile|kolik|hoeveel|몇|얼마"
    ),
    Kind.WHEN: (
        r"when|(?:what|which) (?:year|date|day|month|century)|quand|quel(?:le)?s? (?:année|date|jour|mois|siècle)"
        r"|wann|welche[mrs]? (?:jahr|datum|tag|monat)|cuándo|qué (?:año|fecha|día|mes|siglo)|quando|que (?:ano|data)"
        r"|когда|каком году|коли|якому році|متى|何时|什么时候|哪一?年|几月|いつ|何年|ne zaman|hangi (?:yıl|tarih)\w*"
        r"|când|ce an|πότε|कब|khi nào|năm nào|เมื่อใด|เมื่อไหร่|ปีใด|kiedy|kdy|wanneer|언제"
    ),
    Kind.NAME: (
        r"who|whom|whose|which|where|what (?:country|countries|city|company|state|person|team)"
        r"|qui|où|quel(?:le)?s?|lequel|laquelle|wer|wem|wen|wo|welche[mnrs]?|quién(?:es)?|dónde|qué|cuál(?:es)?"
        r"|quem|onde|qua(?:l|is)|chi|dove|quale|кто|кого|где|как(?:ой|ая|ие|ую)|хто|де|як(?:ий|а|і)"
        r"|谁|哪[些个里]|誰|どこ|どの|kim|nerede|hangi|cine|unde|ποι\w+|πού|कौन|किस\w*|कहाँ"
        r"|ở đâu|nào|ใคร|ที่ไหน|kto|gdzie|który|kdo|kde|waar|welke|누가|누구|어디"
    ),
}
_UNSPACED_SCRIPT = regex.compile(r"[\p{Han}\p{Hiragana}\p{Thai}]")
_KINDS = [
    (kind, regex.compile(rf"(?<![\p{{L}}\p{{M}}])(?:{asks})(?![\p{{L}}\p{{M}}])")) for kind, asks in _ASKS.items()
] + [
    (kind, regex.compile("|".join(ask for ask in asks.split("|") if _UNSPACED_SCRIPT.match(ask))))
    for kind, asks in _ASKS.items()
]

_UNIT = r"\s?%|[\s-](?:percent|pour cent|por ciento|prozent|million\w*|billion\w*|milliard\w*)"
_NUMBER = rf"\p{{Nd}}+(?:[.,\u00a0\u202f ]\p{{Nd}}{{3}})*(?:[.,]\p{{Nd}}+)?(?:{_UNIT})?"
_MONTH = (
    r"(?:jan|feb|fév|mar|apr|avr|may|mai|jun|juin|jul|juil|aug|aoû|sep|oct|okt|nov|dec|déc|dez|ene|abr|ago|dic|set|out|янв"
    r"|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек)\p{L}*\.?"
)
_DAY = r"\p{Nd}{1,2}(?!\p{Nd})"
_YEAR = r"(?<!\p{Nd})(?:1\p{Nd}|20)\p{Nd}{2}(?!\p{Nd})"
_DATE = "|".join(
    (
        rf"(?:{_DAY}(?:\.|er|st|nd|rd|th)?\s(?:de\s)?)?\b{_MONTH}(?:\s{_DAY}(?:st|nd|rd|th)?,?)?(?:\s(?:de\s)?{_YEAR})?",
        r"\p{Nd}{1,4}\s?年(?:\p{Nd}{1,2}月)?(?:\p{Nd}{1,2}日)?",
        _YEAR,
    )
)
_LINK = r"(?:(?:de|du|des|del|da|do|of|the|la|le|von|van|bin|al)\s){0,2}"
_NAME = rf"\p{{Lu}}[\p{{L}}\p{{M}}\p{{Nd}}’'-]*(?:\s{_LINK}\p{{Lu}}[\p{{L}}\p{{M}}’'-]*)*"
_SPELLED = (
    r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w{1,20}teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
    r"|hundreds?|thousands?|dozens?|twice|half|deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|treize|quatorze"
    r"|quinze|seize|vingt|trente|quarante|cinquante|soixante|cents?|mille|milliers?|dizaines?|centaines?|moitié"
    r"|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|\w{1,60}zehn|\w{1,60}(?:zig|ßig)|hundert\w*|tausend\w*|hälfte"
    r"|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|veinte|treinta|cien\w*|miles|mitad"
    r"|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|venti|trenta|cento|mila|metà|dois|duas|três|quatro|sete|oito"
    r"|dez|vinte|trinta|cem|metade|twee|drie|vijf|zes|zeven|negen|tien|twaalf|twintig|honderd|duizend|helft"
    r"|два|две|двух|три|трёх|трех|четыре|пять|шесть|семь|восемь|девять|десять|двадцать|сто|тысяч\w*|половин\w*"
    r"|дві|чотири|п.ять|шість|сім|вісім|дев.ять"
)
_COUNTED = r"[一二两兩三四五六七八九十百千万萬亿億]{1,20}(?=[人个個名次年天岁歲倍元件只家])"
_ANSWERS = {
    Kind.HOW_MANY: regex.compile(
        rf"{_NUMBER}|{_COUNTED}|(?<![\p{{L}}\p{{M}}])(?:{_SPELLED})(?![\p{{L}}\p{{M}}])", regex.IGNORECASE
    ),
    Kind.WHEN: regex.compile(_DATE, regex.IGNORECASE),
    Kind.NAME: regex.compile(_NAME),
}


def kind_of(question: str) -> Kind:
    """What ``question`` asks for; ``OTHER`` when nothing says."""
    folded = question.casefold()
    for kind, asks in _KINDS:
        if asks.search(folded):
            return kind
    return Kind.OTHER


def expected_answer(question: str, sentence: str) -> list[Span]:
    """Where ``sentence`` has words of the kind that ``question`` asks for and that the question does not say itself."""
    pattern = _ANSWERS.get(kind_of(question))
    if pattern is None:
        return []
    asked = set(words(question))
    return [
        Span(match.start(), match.end())
        for match in pattern.finditer(sentence)
        if match.end() > match.start() and not set(words(match[0])) <= asked and not _opens(pattern, match)
    ]


def lacks_answer(question: str, sentence: str) -> bool:
    """Whether ``question`` asks for an amount or a time and ``sentence`` has none, so cannot answer by itself."""
    return kind_of(question) in (Kind.WHEN, Kind.HOW_MANY) and not expected_answer(question, sentence)


def _opens(pattern: "regex.Pattern[str]", match: "regex.Match[str]") -> bool:
    """Whether a single capitalised word stands first in the sentence, where every word is capitalised."""
    return pattern is _ANSWERS[Kind.NAME] and match.start() == 0 and " " not in match[0]
