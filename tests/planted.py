"""Quotations with known verdicts, made over the sample corpus: true ones in all that a quoter may set otherwise, and
planted ones that are not what the corpus says."""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import regex

from askcorpus.text.sentences import split_sentences
from askcorpus.types import Document, Verdict
from askcorpus.verify.surroundings import denies

MARKS = (("“", "”"), ("«", "»"), ("« ", " »"), ("„", "“"), ("„", "”"), ('"', '"'), ("‘", "’"), ("»", "«"), ("「", "」"))
MARKS_OF = {"zh": (("“", "”"), ("「", "」"), ("『", "』"), ('"', '"'))}
FRAMES = {
    "en": (
        "The report says {}.",
        "It was written at the time: {}.",
        "{} – this is how it was put.",
        "They recall {} today.",
    ),
    "fr": ("Le texte le dit : {}.", "{}, lit-on.", "On y lit {} noir sur blanc.", "Rappel : {}."),
    "de": ("Dort steht {} zu lesen.", "{} – so steht es da.", "Der Satz lautet: {}.", "Man liest {} im Bericht."),
    "es": ("El texto es claro: {}.", "{}, se lee.", "Allí se lee {} sin más.", "Conviene recordar {}."),
    "pt": ("O texto é claro: {}.", "{}, lê-se.", "Ali lê-se {} sem mais.", "Convém lembrar {}."),
    "uk": ("Там стоїть: {}.", "{} – так там і є.", "Читаємо {} дослівно.", "Нагадаємо: {}."),
    "ar": ("جاء في النص: {}.", "{} هكذا ورد.", "نقرأ {} حرفيا.", "نذكر: {}."),
    "zh": ("文中写着：{}。", "{}，原文如此。", "我们读到{}这句话。", "原话是{}。"),
}
SPOKEN = {  # places, media and hearers beside a quotation: none of them is who speaks
    "en": ("{}, she said on Twitter.", "{}, he told Reuters.", "In London, the minister said: {}."),
    "fr": ("{}, a dit la préfète à Paris.", "{}, a-t-il écrit sur Facebook.", "À Lyon, le maire a déclaré : {}."),
    "de": ("{}, sagte sie in Berlin.", "{}, sagte er gegenüber Spiegel Online.", "In Bad Tölz sagte sie: {}."),
    "es": ("{}, dijo en Madrid.", "{}, declaró a Europa Press.", "En Buenos Aires, la ministra dijo: {}."),
    "pt": ("{}, disse em Lisboa.", "{}, afirmou na Rádio Comercial."),
    "uk": ("{}, сказав він у Києві.", "{}, заявила вона агентству Рейтер."),
}
SPEAKER = {  # nobody in the corpus
    "en": "{}, said Margery Quillfeather in London.",
    "fr": "{}, a dit Aldegonde Brouillard à Paris.",
    "de": "{}, sagte Hildegund Wackernagel in Berlin.",
    "es": "{}, dijo Hermenegilda Zurbano en Madrid.",
    "pt": "{}, disse Felismina Quaresma em Lisboa.",
    "uk": "{}, сказала Гордислава Вернигора у Києві.",
}
BY_SOURCE = {
    "en": "According to {source}, {}.",
    "fr": "Selon {source}, {}.",
    "de": "Laut {source}: {}.",
    "es": "Según {source}, {}.",
    "pt": "Segundo {source}, {}.",
    "uk": "За даними {source}: {}.",
    "ar": "بحسب {source}: {}.",
    "zh": "据{source}报道：{}。",
}
FABRICATED = (
    "“The minister resigned after the inquiry found that the bridge had never been inspected.”",
    "“We shall rebuild the lighthouse before the first snow falls,” the mayor promised.",
    "“Four thousand penguins were counted on the island, twice as many as a decade ago.”",
    "The director added: “Nobody in this company was ever told about the leak.”",
    "« Le tramway sera gratuit pour tous les élèves dès la rentrée prochaine », promet la mairie.",
    "« Les archives du théâtre ont brûlé dans la nuit de mardi à mercredi. »",
    "« Aucun vigneron de la vallée n’acceptera ce règlement absurde. »",
    "„Der Stadtrat hat den Bau der neuen Schwimmhalle einstimmig abgelehnt.“",
    "„Unsere Bienen haben den milden Winter erstaunlich gut überstanden.“",
    "»Der Zug nach Passau fährt wegen der Bauarbeiten nur noch stündlich.«",
    "«El alcalde prometió plantar diez mil naranjos antes del verano.»",
    "«La orquesta suspendió su gira por la huelga de los maquinistas.»",
    "«Nunca se había visto una cosecha de aceitunas tan pobre en la comarca.»",
    "“O museu da cortiça reabre no domingo com entrada livre para todos.”",
    "“As tartarugas voltaram a desovar na praia depois de trinta anos.”",
    "«Мер пообіцяв відкрити нову лікарню ще до кінця літа.»",
    "«Бібліотека отримала три тисячі книжок від невідомого дарувальника.»",
    "«أعلنت البلدية إغلاق السوق القديم حتى نهاية الشهر المقبل.»",
    "«عادت السلاحف إلى الشاطئ بعد غياب دام ثلاثين عاما.»",
    "“市长承诺在雪季到来之前重建码头旁的旧灯塔。”",
    "“图书馆收到一位匿名人士捐赠的三千册古籍。”",
)
TRANSLATED = (
    "“The Swedish Academy awarded the Nobel Prize in Literature on Thursday 6 October to the Frenchwoman Annie Ernaux, "
    "aged 82.”",
    "“Nearly two hundred countries adopted in Dubai on Wednesday a text that calls for a transition away from fossil "
    "fuels in energy systems.”",
    "“Croatia introduced the euro at the turn of the year and joined the Schengen area at the same time.”",
    "“The interior ministers of the European Union approved this Thursday the entry of Croatia into the Schengen area "
    "from 1 January 2023.”",
    "“The original agreement, signed in Istanbul on 22 July 2022, runs for 120 days.”",
    "« L’accord initial, signé à Istanbul le 22 juillet 2022, était valable 120 jours. »",
    "« Environ 25 millions de tonnes de céréales et d’autres denrées ont quitté les ports ukrainiens "
    "grâce à l’accord. »",
    "« La Croatie a introduit l’euro au Nouvel An et rejoint en même temps l’espace Schengen. »",
    "„Das Schiff fuhr unter der Flagge von Sierra Leone am 1. August mit mehr als 26.000 Tonnen Mais aus Odessa ab.“",
    "„Die Schwedische Akademie hat am Donnerstag den Literaturnobelpreis an die Französin Annie Ernaux vergeben.“",
    "«El lunes por la mañana zarpó del puerto de Odesa el buque Razoni con bandera de Sierra Leona.»",
    "«Croacia introdujo el euro con el cambio de año y entró al mismo tiempo en el espacio Schengen.»",
    "“O acordo original, assinado em Istambul em 22 de julho de 2022, durou 120 dias.”",
    "«Хорватія з Нового року запровадила євро і водночас приєдналася до Шенгенської зони.»",
    "“克罗地亚在新年之际引入欧元，同时加入申根区。”",
    "«منحت الأكاديمية السويدية جائزة نوبل للآداب إلى الفرنسية آني إرنو البالغة من العمر 82 عاما.»",
)
TURNED = {  # what is left of each after the cut changes its meaning: (document, what is quoted of it)
    "en": (
        (
            "The harbour board denied that the ferry line loses money every winter.",
            "the ferry line loses money every winter",
        ),
        (
            "The pier will be open to all visitors, but not before the inspectors have signed.",
            "The pier will be open to all visitors",
        ),
        ("The owners will pay for the damage if the court finds them guilty.", "The owners will pay for the damage"),
        (
            "It is not true that the captain had been drinking that evening.",
            "the captain had been drinking that evening",
        ),
        ("The crew was paid in full, except for the three youngest sailors.", "The crew was paid in full"),
    ),
    "fr": (
        ("La capitaine a nié que le chalutier pêchait dans la réserve.", "le chalutier pêchait dans la réserve"),
        (
            "Le phare restera ouvert tout l’hiver, mais pas les jours de tempête.",
            "Le phare restera ouvert tout l’hiver",
        ),
        (
            "La commune paiera la réparation du quai si l’État avance la moitié.",
            "La commune paiera la réparation du quai",
        ),
        ("Il est faux que la criée ferme ses portes cet automne.", "la criée ferme ses portes cet automne"),
    ),
    "de": (
        ("Der Reeder bestritt, dass die Fähre überladen war.", "die Fähre überladen war"),
        (
            "Der Deich hält jeder Sturmflut stand, aber nicht den Wühlmäusen im Vorland.",
            "Der Deich hält jeder Sturmflut stand",
        ),
        ("Die Stadt zahlt den neuen Kran, falls der Bund die Hälfte übernimmt.", "Die Stadt zahlt den neuen Kran"),
        ("Alle Boote kehrten heim, außer der alten Marie aus Husum.", "Alle Boote kehrten heim"),
    ),
    "es": (
        ("El armador negó que el barco llevara combustible prohibido.", "el barco llevara combustible prohibido"),
        (
            "El muelle abrirá a todos los visitantes, pero no antes de la inspección.",
            "El muelle abrirá a todos los visitantes",
        ),
        ("La cofradía comprará la lonja si el banco concede el crédito.", "La cofradía comprará la lonja"),
        ("Todos los marineros cobraron su parte, salvo los dos grumetes.", "Todos los marineros cobraron su parte"),
    ),
    "pt": (
        ("O capitão negou que o farol estivesse apagado naquela noite.", "o farol estivesse apagado naquela noite"),
        ("A doca abre a todos os visitantes, mas não antes da vistoria.", "A doca abre a todos os visitantes"),
        (
            "Todos os pescadores receberam a sua parte, exceto os dois aprendizes.",
            "Todos os pescadores receberam a sua parte",
        ),
    ),
    "uk": (
        ("Капітан заперечив, що пором був перевантажений того ранку.", "пором був перевантажений того ранку"),
        ("Причал відкриють для всіх відвідувачів, але не раніше за огляд.", "Причал відкриють для всіх відвідувачів"),
        ("Місто оплатить новий кран, якщо область дасть половину коштів.", "Місто оплатить новий кран"),
    ),
    "ar": (
        ("نفى القبطان أن السفينة كانت تحمل وقودا محظورا.", "السفينة كانت تحمل وقودا محظورا"),
        ("سيفتح الرصيف لجميع الزوار، لكن ليس قبل انتهاء التفتيش.", "سيفتح الرصيف لجميع الزوار"),
        ("حصل جميع البحارة على أجورهم كاملة، إلا البحارين الأصغر سنا.", "حصل جميع البحارة على أجورهم كاملة"),
    ),
    "zh": (
        ("船长否认渡轮当天早上严重超载。", "渡轮当天早上严重超载"),
        ("码头将向所有游客开放，但不会早于检查结束。", "码头将向所有游客开放"),
        ("所有水手都领到了全部工资，除了两名年轻学徒。", "所有水手都领到了全部工资"),
    ),
}


class Planted(NamedTuple):
    """A text with one quotation, what was done to it, and the verdicts that tell so."""

    text: str
    how: str
    language: str
    verdicts: tuple[Verdict, ...]


def turned_documents() -> dict[str, str]:
    """Documents for the curtailed ones, by name: each sentence in a paragraph of its own."""
    return {f"turned-{language}": "\n\n".join(sentence for sentence, _ in pairs) for language, pairs in TURNED.items()}


class _Sentence(NamedTuple):
    document: Document
    text: str


def _sentences(documents: Sequence[Document]) -> list[_Sentence]:
    return [
        _Sentence(document, document.text[span.start : span.end])
        for document in documents
        if not document.id.startswith("turned")
        for span in split_sentences(document.text, document.language)
        if 30 <= span.end - span.start <= 300
        and document.text[span.end - 1] in ".。"
        and not regex.search(r"[\[\]…]|\) [–—]", document.text[span.start : span.end])
    ]


def _framed(words: str, language: str, rng: random.Random) -> str:
    opening, closing = rng.choice(MARKS_OF.get(language, MARKS))
    for mark in (opening, closing):  # one kind of mark within itself is nobody's typography
        if mark.strip() in words and mark.strip() != "’":
            opening, closing = ("“", "”") if "“" not in words and "”" not in words else ("『", "』")
    if opening == "‘" and regex.search(r"’(?!\p{L})", words):
        opening, closing = "“", "”"
    return rng.choice(FRAMES[language]).format(f"{opening}{words}{closing}")


def _pieces(text: str, language: str) -> list[str]:
    """Words with what follows each; of an unspaced script characters."""
    if language == "zh":
        return list(text)
    return regex.findall(r"\S+\s*", text)


def _thirds(bare: str, language: str) -> tuple[str, str, str]:
    pieces = _pieces(bare, language)
    third = len(pieces) // 3
    return "".join(pieces[:third]), "".join(pieces[third : 2 * third]), "".join(pieces[2 * third :])


_MAY_TURN = regex.compile(r"\b(si|if|mais|but|aber|pero|але|que|that|dass)\b")


def _cut_may_turn(bare: str, how: str, language: str) -> bool:
    first, middle, last = _thirds(bare, language)
    cut = {"head": last, "tail": first, "omission": middle}[how]
    return denies(cut, language) or _MAY_TURN.search(cut) is not None


def _set_otherwise(bare: str, how: str, language: str, rng: random.Random) -> str:
    """A sentence as a quoter may set it."""
    first, middle, last = _thirds(bare, language)
    if how == "head":
        return (first + middle).rstrip(" ,;:，；")
    if how == "tail":
        return middle + last
    if how == "omission":
        return first + rng.choice(("[…] ", "… ", "... ", "(...) ", "[...] ")) + last
    if how == "dashes":
        return regex.sub(r"\s[–—-]\s", lambda _: rng.choice((" - ", "—", " — ", " – ")), bare).replace("’", "'")
    if how == "blanks":
        return bare.replace(" ", "\u00a0", 1).replace(" ", "  ", 1)
    if how == "letter" and bare[0].isupper():
        return rng.choice((bare[0].lower() + bare[1:], f"[{bare[0].lower()}]{bare[1:]}"))
    return bare


def _marked(sentence: str) -> str:
    bare = sentence.rstrip(".。")
    return f"“{bare}”" if "“" not in bare and "”" not in bare else f"『{bare}』"


def _beside_places(sentences: Sequence[_Sentence]) -> Iterator[Planted]:
    for number, (document, text) in enumerate(sentences):
        if number % 3 == 0 and (frames := SPOKEN.get(document.language)):
            words = frames[number // 3 % len(frames)].format(_marked(text))
            yield Planted(words, "spoken", document.language, ("exact",))


def _by_strangers(sentences: Sequence[_Sentence]) -> Iterator[Planted]:
    for document, text in sentences[::6]:
        if frame := SPEAKER.get(document.language):
            yield Planted(frame.format(_marked(text)), "speaker", document.language, ("misattributed",))


def true_quotations(documents: Sequence[Document]) -> Iterator[Planted]:
    """Quotations that the corpus holds, set in every way that is a quoter's right."""
    rng = random.Random(7)
    yield from _beside_places(_sentences(documents))
    for number, (document, text) in enumerate(_sentences(documents)):
        language = document.language
        bare = text.rstrip(".。")
        how = ("whole", "head", "tail", "omission", "dashes", "blanks", "block", "source", "letter", "nested")[
            number % 10
        ]
        if how in ("head", "tail", "omission") and _cut_may_turn(bare, how, language):
            how = "whole"
        words = _set_otherwise(bare, how, language, rng)
        if how == "block":
            lines = regex.findall(r".{1,60}(?:\s|$)|.{1,60}", text)
            yield Planted(
                "They wrote:\n\n" + "\n".join(f"> {line.strip()}" for line in lines), how, language, ("exact",)
            )
        elif how == "source" and document.source:
            quoted = f"“{words}”" if "“" not in words and "”" not in words else f"『{words}』"
            yield Planted(BY_SOURCE[language].format(quoted, source=document.source), how, language, ("exact",))
        else:
            yield Planted(_framed(words, language, rng), how, language, ("exact",))


def planted_quotations(documents: Sequence[Document]) -> Iterator[Planted]:
    """Quotations that are not what the corpus says."""
    rng = random.Random(11)
    sentences = _sentences(documents)
    yield from _by_strangers(sentences)
    sources = sorted({document.source for document in documents if document.source})
    vocabulary: dict[str, list[str]] = {}
    for document, text in sentences:
        vocabulary.setdefault(document.language, []).extend(regex.findall(r"\p{L}{5,}", text))
    vocabulary["zh"] = list("山河书车鱼鸟")
    for number, (document, text) in enumerate(sentences):
        language, bare = document.language, text.rstrip(".。")
        others = [one for one in sentences if one.document.language == language and one.text != text]
        how = ("word", "digit", "dropped", "splice", "source", "added")[number % 6]
        if how == "digit" and (digits := list(regex.finditer(r"\d", bare))):
            place = rng.choice(digits).start()
            words = bare[:place] + str((int(bare[place]) + rng.randint(1, 8)) % 10) + bare[place + 1 :]
            yield Planted(_framed(words, language, rng), how, language, ("altered",))
        elif how == "splice":
            other = rng.choice(others)
            mine, theirs = _pieces(bare, language), _pieces(other.text.rstrip(".。"), language)
            joint = rng.choice(("", "", "[…] "))
            words = "".join(mine[: len(mine) // 2]) + joint + "".join(theirs[len(theirs) // 2 :])
            yield Planted(_framed(words, language, rng), how, language, ("altered",))
        elif how == "source" and document.source:
            wrong = rng.choice([source for source in sources if source != document.source])
            quoted = f"“{bare}”" if "“" not in bare and "”" not in bare else f"『{bare}』"
            yield Planted(BY_SOURCE[language].format(quoted, source=wrong), how, language, ("misattributed",))
        else:
            pieces = _pieces(bare, language)
            places = [n for n, piece in enumerate(pieces) if regex.fullmatch(r"\p{L}{4,}\s*|\p{Han}", piece)][1:-1]
            if not places:
                continue
            place = rng.choice(places)
            new = rng.choice([w for w in vocabulary[language] if w.casefold() != pieces[place].strip().casefold()])
            gap = "" if language == "zh" else " "
            changed = {"dropped": [], "added": [pieces[place], new + gap]}.get(how, [new + gap])
            words = "".join(pieces[:place] + changed + pieces[place + 1 :])
            yield Planted(_framed(words, language, rng), how, language, ("altered",))
    for text in FABRICATED:
        yield Planted(text, "fabricated", "", ("not_found", "altered"))
    for text in TRANSLATED:
        yield Planted(text, "translated", "", ("altered", "not_found"))
    for language, pairs in TURNED.items():
        for _, quoted in pairs:
            yield Planted(_framed(quoted, language, rng), "curtailed", language, ("curtailed",))
