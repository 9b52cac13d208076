"""Encodings: what was written is what is read, whether the bytes say how they were written or not."""

import unicodedata

import pytest

from askcorpus.errors import ReadError
from askcorpus_ingest.encoding import declared_encoding, decode

TEXTS = {
    "en": "The mayor said “it’s done” – the bridge cost €3 million… He’s “very glad”.",
    "fr": "Le maire a déclaré à la presse que l’été serait très sec ; même la rivière, près de la forêt, est à sec.",
    "de": "Die Brücke über die Flöte wird für drei Monate gesperrt, sagte der Bürgermeister von Großräschen am.",
    "es": "El año pasado, la construcción del puente costó más de tres millones; ¿quién lo pagó?, preguntó la señora.",
    "it": "La città è bella, però il sindaco ha detto che la metà delle università resterà chiusa perché mancano i.",
    "pt": "A manhã estava fria e não havia ninguém na estação; a direção só reabrirá as linhas após as eleições.",
    "nl": "De coöperatie in België kreeg drieëntwintig aanvragen; de financiën zijn volgens de reünie goed geïnd.",
    "sv": "Borgmästaren sade att bron över ån öppnar i vår och kostade tre miljoner kronor.",
    "da": "Borgmesteren sagde, at broen over åen først åbner på lørdag, fordi søjlerne er blevet ødelagt.",
    "no": "Ordføreren sa at broen over elva først åpner på lørdag fordi søylene må gjøres ferdige før våren.",
    "fi": "Pormestari sanoi, että sillan korjaus kestää vielä kesään, sillä pylväät ovat pahasti ränsistyneet.",
    "is": "Bæjarstjórinn sagði að brúin yfir ána yrði opnuð á fimmtudag, þótt verkið væri ekki að fullu lokið.",
    "et": "Linnapea ütles, et sild üle jõe avatakse kevadel, kuigi tööd ei ole veel lõppenud ja raha on vähe.",
    "pl": "Burmistrz powiedział, że most zostanie otwarty w październiku, choć wciąż brakuje części pieniędzy na.",
    "cs": "Starosta řekl, že most přes řeku bude otevřen až příští týden, protože dělníci ještě nedokončili zábradlí.",
    "sk": "Starosta povedal, že most cez rieku otvoria až budúci týždeň, lebo robotníci ešte nedokončili zábradlie a.",
    "hu": "A polgármester azt mondta, hogy a hidat csak a jövő héten nyitják meg, mert a munkások még nem készültek.",
    "ro": "Primarul a spus că podul peste râu va fi deschis abia în primăvară, fiindcă lucrările încă nu sunt gata.",
    "hr": "Gradonačelnik je rekao da će most preko rijeke biti otvoren tek sljedeći tjedan, jer još nisu završeni svi.",
    "sl": "Župan je povedal, da bodo most čez reko odprli šele prihodnji teden, ker še niso končali vseh del na.",
    "lt": "Meras sakė, kad tiltas per upę bus atidarytas tik kitą savaitę, nes darbai dar nėra užbaigti, o pinigų.",
    "lv": "Mērs teica, ka tiltu pār upi atvērs tikai nākamajā nedēļā, jo strādnieki vēl nav pabeiguši visus darbus.",
    "ru": "Мэр заявил, что мост через реку откроют только на следующей неделе, потому что работы ещё не закончены.",
    "uk": "Мер заявив, що міст через річку відкриють лише наступного тижня, бо роботи ще не завершено, а грошей.",
    "bg": "Кметът заяви, че мостът над реката ще бъде открит едва следващата седмица, защото работата още не е.",
    "sr": "Градоначелник је рекао да ће мост преко реке бити отворен тек следеће недеље, јер радови још нису завршени.",
    "be": "Мэр заявіў, што мост цераз раку адкрыюць толькі на наступным тыдні, бо работы яшчэ не скончаны.",
    "mk": "Градоначалникот рече дека мостот преку реката ќе биде отворен дури следната недела, бидејќи работите не се.",
    "el": "Ο δήμαρχος είπε ότι η γέφυρα πάνω από το ποτάμι θα ανοίξει την επόμενη εβδομάδα, γιατί τα έργα δεν.",
    "tr": "Belediye başkanı, ırmağın üzerindeki köprünün önümüzdeki hafta açılacağını, çalışmaların henüz bitmediğini.",
    "he": "ראש העיר אמר שהגשר מעל הנהר ייפתח רק בשבוע הבא, כי העבודות עדיין לא הסתיימו.",
    "ar": "قال رئيس البلدية إن الجسر فوق النهر سيفتح في الأسبوع المقبل لأن الأعمال لم تنته بعد.",
    "fa": "شهردار گفت پل روی رودخانه هفته آينده باز خواهد شد، چون کارها هنوز پايان نيافته است.",
    "th": "นายกเทศมนตรีกล่าวว่าสะพานข้ามแม่น้ำจะเปิดในสัปดาห์หน้า เพราะงานยังไม่เสร็จ",
    "vi": "Thị trưởng nói rằng cây cầu qua sông sẽ mở cửa vào tuần sau vì công việc vẫn chưa hoàn thành.",
    "zh": "市长星期一表示，跨河大桥下周才能开放，因为工程还没有完成，资金也不够。",
    "zh-hant": "市長星期一表示，跨河大橋下週才能開放，因為工程還沒有完成，資金也不夠。",
    "ja": "市長は月曜日に、川にかかる橋の開通は来週になると述べた。工事がまだ終わっていないためだ。",
    "ko": "시장은 월요일에 강을 가로지르는 다리가 다음 주에야 열릴 것이라고 말했다. 공사가 아직 끝나지 않았기.",
}
UNNAMED = {
    "cp1252": "en fr de es it pt nl sv da no fi is",
    "iso8859-15": "de fr fi",
    "cp1250": "pl cs sk hu ro hr sl",
    "iso8859-2": "pl cs sk hu ro hr sl",
    "cp1257": "lt lv et",
    "iso8859-13": "lt lv et",
    "cp1251": "ru uk bg sr be mk",
    "iso8859-5": "ru uk bg sr be mk",
    "koi8-r": "ru",
    "koi8-u": "uk",
    "cp866": "ru",
    "cp1253": "el",
    "iso8859-7": "el",
    "cp1254": "tr",
    "cp1255": "he",
    "iso8859-8": "he",
    "cp1256": "ar fa",
    "iso8859-6": "ar",
    "cp1258": "vi",
    "cp874": "th",
    "gb18030": "zh zh-hant",
    "gbk": "zh",
    "big5": "zh-hant",
    "shift_jis": "ja",
    "euc-jp": "ja",
    "iso2022_jp": "ja",
    "euc-kr": "ko",
    "cp949": "ko",
    "utf-8": "fr ja",
    "utf-8-sig": "fr ja",
    "utf-16": "fr ru zh",
    "utf-16-le": "fr ru ko",
    "utf-16-be": "fr ru ko",
    "utf-32": "fr ja",
}
NAMED = {  # as pages and e-mails name them
    "iso-8859-1": ("cp1252", "en fr de"),
    "latin1": ("cp1252", "en is"),
    "us-ascii": ("cp1252", "fr"),
    "l2": ("iso8859-2", "pl hu"),
    "iso-8859-3": ("iso8859-3", "it"),
    "latin4": ("iso8859-4", "lv"),
    "latin5": ("cp1254", "tr"),
    "iso-8859-10": ("iso8859-10", "sv is"),
    "iso-8859-14": ("iso8859-14", "fr"),
    "iso-8859-16": ("iso8859-16", "hu"),
    "iso-8859-2": ("cp1250", "cs sl"),  # what calls itself so and is Windows-1250
    "cyrillic": ("iso8859-5", "ru"),
    "x-cp1251": ("cp1251", "sr"),
    "cp866": ("cp866", "ru"),
    "x-mac-cyrillic": ("mac-cyrillic", "ru"),
    "macintosh": ("mac-roman", "fr"),
    "greek": ("iso8859-7", "el"),
    "logical": ("iso8859-8", "he"),
    "arabic": ("iso8859-6", "ar"),
    "tis-620": ("cp874", "th"),
    "windows-1258": ("cp1258", "vi"),
    "gb2312": ("gbk", "zh"),
    "x-gbk": ("gbk", "zh"),
    "big5-hkscs": ("big5hkscs", "zh-hant"),
    "x-sjis": ("cp932", "ja"),
    "x-euc-jp": ("euc-jp", "ja"),
    "ks_c_5601-1987": ("cp949", "ko"),
    "utf-8": ("cp1252", "fr en"),  # a label that the bytes contradict counts as none
    "windows-1252": ("utf-8", "fr ja"),
    "x-unheard-of": ("cp1251", "ru"),
}


def writable(language: str, encoding: str) -> str:
    """The text, less the characters that the encoding does not have; its accents as they are written in it."""
    text = TEXTS[language]
    if encoding == "cp1258":
        text = "".join(one if one.encode(encoding, "ignore") else apart(one) for one in text)
    return text.encode(encoding, "ignore").decode(encoding)


def apart(letter: str) -> str:
    """A Vietnamese letter and its tone (ế is ê and an acute there)."""
    base, *marks = list(unicodedata.normalize("NFD", letter))
    tones = [mark for mark in marks if mark in "\u0300\u0301\u0303\u0309\u0323"]
    return unicodedata.normalize("NFC", base + "".join(mark for mark in marks if mark not in tones)) + "".join(tones)


@pytest.mark.parametrize(
    ("encoding", "language"), [(name, language) for name, spoken in UNNAMED.items() for language in spoken.split()]
)
def test_an_encoding_that_is_not_named_is_found_out(encoding: str, language: str) -> None:
    text = writable(language, encoding)
    assert decode(text.encode(encoding)) == text
    assert decode((text + "\n").encode(encoding) * 20).replace("\ufeff", "") == (text + "\n") * 20


@pytest.mark.parametrize(
    ("label", "encoding", "language"),
    [(label, name, language) for label, (name, spoken) in NAMED.items() for language in spoken.split()],
)
def test_an_encoding_is_named_as_browsers_read_the_name(label: str, encoding: str, language: str) -> None:
    text = writable(language, encoding)
    assert decode(text.encode(encoding), label) == text


@pytest.mark.parametrize(
    "text",
    [
        "It’s done.", "The café reopened.", "Price: £5 a head.", "El Niño returns", "© 2004 The Daily",
        "“Quoted”", "Temperatures rose to 31°C in the shade.", "Björn Borg", "¡Hola!", "Où est le cœur ?", "Ça va.",
        "Grüße aus Köln", "Die Straße ist gesperrt.", "La città è bella.", "Perché no? È così.",
        "Não há pão.", "id,name\n1,José\n2,Zoë\n",
        "L’été sera chaud.", "Name;Ort\nMüller;Köln\n", "100 € pro Tag", "Smørrebrød på dansk",
    ],
)  # fmt: skip
def test_a_short_western_text_is_read_as_windows_1252(text: str) -> None:
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param("Élan\nété\n".encode() + "à Nîmes\n".encode("cp1252"), "Élan\nété\nà Nîmes\n", id="added"),
        pytest.param(("Été, forêt, vécu. " * 40 + "é").encode()[:-1], "Été, forêt, vécu. " * 40 + "\ufffd", id="cut"),
        pytest.param("Été, forêt. ".encode() * 100 + b"\xff", "Été, forêt. " * 100 + "\ufffd", id="one byte"),
        pytest.param("中国联通".encode("gbk"), "中国联通", id="that UTF-8 could nearly be"),
        pytest.param(b"A plain file.", "A plain file.", id="plain ascii"),
        pytest.param(b"\x1b[1mBold\x1b[0m", "\x1b[1mBold\x1b[0m", id="colours of a terminal"),
    ],
)  # fmt: skip
def test_a_text_that_is_mostly_utf8_is_read_as_such(data: bytes, text: str) -> None:
    assert decode(data) == text


@pytest.mark.parametrize("data", [b"", b" \n\t", b"\xef\xbb\xbf\n", b"\xff\xfe", b"\0\0\0"])
def test_blank_bytes_are_an_empty_text(data: bytes) -> None:
    with pytest.raises(ReadError, match="is empty"):
        decode(data)


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"PK\x03\x04abc", bytes(range(256)) * 9, b"\x01\x02\x03\x04" * 99])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(ReadError, match="is not text"):
        decode(data)


@pytest.mark.parametrize(
    ("markup", "label"),
    [
        ('<!doctype html><meta charset="Shift_JIS">', "Shift_JIS"),
        ("<META HTTP-EQUIV=Content-Type CONTENT='text/html; charset = koi8-r'>", "koi8-r"),
        ("<meta name=x content=y><meta charset=utf-8><meta charset=latin1>", "utf-8"),
        ("<!-- <meta charset=big5> --><meta charset=gbk>", "gbk"),
        ('<?xml version="1.0" encoding="ISO-8859-2"?><a/>', "ISO-8859-2"),
        ("<?xml version='1.0' encoding='windows-1251' standalone='yes'?>", "windows-1251"),
        ("<p>charset=latin1</p>", ""),
        ("<metadata charset=latin1>", ""),
        ("", ""),
    ],
)
def test_a_page_says_what_it_is_written_in(markup: str, label: str) -> None:
    assert declared_encoding(markup.encode()) == label
