"""The wording of probe questions in each language, and the syllables of invented names in each script."""

import random
import unicodedata
from typing import NamedTuple


class Asking(NamedTuple):
    """``check`` asks whether a sentence is so, ``about`` what is told of a name; each stands where the braces are."""

    check: str
    about: str


ASKING = {
    "ar": Asking("هل هذا صحيح: {}؟", "ماذا تقول الوثائق عن {}؟"),
    "bg": Asking("Вярно ли е това: {}?", "Какво се казва за {}?"),
    "ca": Asking("És cert això: {}?", "Què es diu de {}?"),
    "cs": Asking("Je to pravda: {}?", "Co se píše na téma {}?"),
    "da": Asking("Er det sandt: {}?", "Hvad står der om {}?"),
    "de": Asking("Stimmt das: {}?", "Was steht in den Dokumenten über {}?"),
    "el": Asking("Ισχύει αυτό: {};", "Τι λέγεται για {};"),
    "en": Asking("Is this true: {}?", "What do the documents say about {}?"),
    "es": Asking("¿Es cierto esto: {}?", "¿Qué se dice de {}?"),
    "et": Asking("Kas see on tõsi: {}?", "Mida on öeldud teemal {}?"),
    "fa": Asking("آیا این درست است: {}؟", "درباره {} چه گفته شده است؟"),
    "fi": Asking("Onko totta: {}?", "Mitä kerrotaan aiheesta {}?"),
    "fr": Asking("Est-ce vrai : {} ?", "Que disent les documents de {} ?"),
    "he": Asking("האם זה נכון: {}?", "מה נאמר על {}?"),
    "hi": Asking("क्या यह सच है: {}?", "{} के बारे में क्या कहा गया है?"),
    "hr": Asking("Je li to istina: {}?", "Što se kaže o temi {}?"),
    "hu": Asking("Igaz ez: {}?", "Mit írnak erről: {}?"),
    "id": Asking("Apakah ini benar: {}?", "Apa yang dikatakan tentang {}?"),
    "it": Asking("È vero: {}?", "Che cosa si dice di {}?"),
    "ja": Asking("これは本当ですか：{}？", "{}について何と書かれていますか？"),
    "ko": Asking("다음이 사실인가요: {}?", "{}에 대해 무엇이라고 하나요?"),
    "lt": Asking("Ar tai tiesa: {}?", "Kas rašoma apie {}?"),
    "lv": Asking("Vai tā ir: {}?", "Kas teikts par {}?"),
    "nl": Asking("Klopt dit: {}?", "Wat staat er over {}?"),
    "no": Asking("Er dette sant: {}?", "Hva står det om {}?"),
    "pl": Asking("Czy to prawda: {}?", "Co napisano na temat {}?"),
    "pt": Asking("É verdade: {}?", "O que se diz de {}?"),
    "ro": Asking("Este adevărat: {}?", "Ce se spune despre {}?"),
    "ru": Asking("Правда ли это: {}?", "Что говорится о {}?"),
    "sk": Asking("Je to pravda: {}?", "Čo sa píše na tému {}?"),
    "sl": Asking("Ali je to res: {}?", "Kaj piše o temi {}?"),
    "sr": Asking("Да ли је тачно: {}?", "Шта се каже о теми {}?"),
    "sv": Asking("Är det sant: {}?", "Vad står det om {}?"),
    "sw": Asking("Je, hii ni kweli: {}?", "Nini kimesemwa kuhusu {}?"),
    "tr": Asking("Bu doğru mu: {}?", "{} hakkında ne deniyor?"),
    "uk": Asking("Чи це правда: {}?", "Що сказано про {}?"),
    "vi": Asking("Điều này có đúng không: {}?", "Tài liệu nói gì về {}?"),
    "zh": Asking("这是真的吗：{}？", "文件中关于{}说了什么？"),
}
"""By ISO 639-1 code; in other languages sentences are asked as they are."""

_SYLLABLES = {
    "LATIN": (
        "bre", "vol", "tas", "quin", "dro", "mel", "zor", "hax", "pil", "gund", "rev", "osk", "lim", "fet", "nur",
    ),
    "CYRILLIC": ("бре", "вол", "тас", "дро", "мел", "зор", "хак", "пил", "гунд", "рев", "оск", "лим", "фет"),
    "GREEK": ("βρε", "βολ", "τας", "δρο", "μελ", "ζορ", "πιλ", "ρεβ", "λιμ", "φετ", "γουν"),
    "ARABIC": ("برو", "فول", "تاس", "درو", "ميل", "زور", "هاك", "بيل", "غوند", "ريف", "ليم"),
    "HEBREW": ("ברו", "וול", "טאס", "דרו", "מל", "זור", "האק", "פיל", "גונד", "רב"),
    "DEVANAGARI": ("ब्रे", "वोल", "तास", "ड्रो", "मेल", "ज़ोर", "हाक", "पिल", "गुंद"),
    "CJK": ("璟", "霂", "垚", "翀", "鄢", "赟", "旻", "郯", "翚", "禤"),
    "KATAKANA": ("ブレ", "ヴォル", "タス", "クィン", "ドロ", "メル", "ゾル", "ハク"),
    "HIRAGANA": ("ぶれ", "どろ", "める", "ぞる", "はく", "たす"),
    "HANGUL": ("브레", "볼", "타스", "드로", "멜", "조르", "학", "필"),
}  # fmt: skip


def invent(name: str, lot: random.Random) -> str:
    """A name that nobody has, of as many words as ``name`` (two at most) and in its script."""
    first = next((letter for letter in name if letter.isalpha()), "a")
    script = unicodedata.name(first, "LATIN").split()[0].split("-")[0]
    syllables = _SYLLABLES.get(script, _SYLLABLES["LATIN"])
    made = ["".join(lot.sample(syllables, 3 if len(syllables[0]) > 1 else 2)) for _ in name.split()[:2] or [name]]
    return " ".join(word.capitalize() for word in made)
