"""What is known of each language stands in its file and is found from there, and does not mislead in another one."""

import subprocess
import sys
import tomllib
from importlib.resources import files

import pytest
import regex
from babel.dates import get_month_names
from pydantic import ValidationError

from askcorpus.answer.denials import denies
from askcorpus.answer.phrases import documents_differ, does_not_say
from askcorpus.search.period import read_period
from askcorpus.text.expressions import expression
from askcorpus.text.lexicon import Language, coverage, languages, main
from askcorpus.text.months import month_of
from askcorpus.text.words import words

EUROPEAN_UNION = "bg hr cs da nl en et fi fr de el hu ga it lv lt mt pl pt ro sk sl es sv"
REQUIRED = f"{EUROPEAN_UNION} uk ru tr ar fa he hi zh ja ko vi id sw".split(" ")
MONTHS_ARE_FIGURES = {"zh", "ja", "ko", "vi"}

DATED = {  # on the 14th of July 2022
    "ar": "14 يوليو 2022",
    "bg": "14 юли 2022 г.",
    "cs": "14. července 2022",
    "da": "den 14. juli 2022",
    "de": "am 14. Juli 2022",
    "el": "στις 14 Ιουλίου 2022",
    "en": "on 14 July 2022",
    "es": "el 14 de julio de 2022",
    "et": "14. juulil 2022",
    "fa": "14 ژوئیه 2022",
    "fi": "14. heinäkuuta 2022",
    "fr": "le 14 juillet 2022",
    "ga": "ar an 14 Iúil 2022",
    "he": "ב-14 ביולי 2022",
    "hi": "14 जुलाई 2022 को",
    "hr": "14. srpnja 2022.",
    "hu": "2022. július 14.",
    "id": "pada 14 Juli 2022",
    "it": "il 14 luglio 2022",
    "ja": "2022年7月14日に",
    "ko": "2022년 7월 14일에",
    "lt": "2022 m. liepos 14 d.",
    "lv": "2022. gada 14. jūlijā",
    "mt": "fl-14 ta' Lulju 2022",
    "nl": "op 14 juli 2022",
    "pl": "14 lipca 2022 roku",
    "pt": "em 14 de julho de 2022",
    "ro": "pe 14 iulie 2022",
    "ru": "14 июля 2022 года",
    "sk": "14. júla 2022",
    "sl": "14. julija 2022",
    "sv": "den 14 juli 2022",
    "sw": "tarehe 14 Julai 2022",
    "tr": "14 Temmuz 2022'de",
    "uk": "14 липня 2022 року",
    "vi": "ngày 14 tháng 7 năm 2022",
    "zh": "2022年7月14日",
}
MORE_DATES = [
    ("hr", "u listopadu 2022.", "2022-10"),
    ("pl", "w listopadzie 2022 roku", "2022-11"),
    ("cs", "v listopadu 2022", "2022-11"),
    ("ar", "في كانون الأول 2022", "2022-12"),
    ("ga", "i Meán Fómhair 2022", "2022-09"),
    ("uk", "у серпні 2022", "2022-08"),
    ("tr", "Ağustos'ta 2022", "2022-08"),
    ("en", "in Sept 2022", "2022-09"),
    ("lv", "2022. gada augustā", "2022-08"),
]

RELATIVE = {  # last year, this year, last month, this month
    "ar": ("العام الماضي", "هذا العام", "الشهر الماضي", "هذا الشهر"),
    "bg": ("миналата година", "тази година", "миналия месец", "този месец"),
    "cs": ("minulý rok", "v tomto roce", "minulý měsíc", "tento měsíc"),
    "da": ("sidste år", "i år", "sidste måned", "denne måned"),
    "de": ("letztes Jahr", "dieses Jahr", "letzten Monat", "diesen Monat"),
    "el": ("πέρυσι", "φέτος", "τον περασμένο μήνα", "αυτόν τον μήνα"),
    "en": ("last year", "this year", "last month", "this month"),
    "es": ("el año pasado", "este año", "el mes pasado", "este mes"),
    "et": ("eelmisel aastal", "sel aastal", "eelmisel kuul", "sel kuul"),
    "fa": ("سال گذشته", "امسال", "ماه گذشته", "این ماه"),
    "fi": ("viime vuonna", "tänä vuonna", "viime kuussa", "tässä kuussa"),
    "fr": ("l'an dernier", "cette année", "le mois dernier", "ce mois-ci"),
    "ga": ("anuraidh", "i mbliana", "an mhí seo caite", "an mhí seo"),
    "he": ("בשנה שעברה", "השנה", "בחודש שעבר", "החודש הזה"),
    "hi": ("पिछले साल", "इस साल", "पिछले महीने", "इस महीने"),
    "hr": ("prošle godine", "ove godine", "prošli mjesec", "ovaj mjesec"),
    "hu": ("tavaly", "idén", "a múlt hónapban", "ebben a hónapban"),
    "id": ("tahun lalu", "tahun ini", "bulan lalu", "bulan ini"),
    "it": ("l'anno scorso", "quest'anno", "il mese scorso", "questo mese"),
    "ja": ("昨年", "今年", "先月", "今月"),
    "ko": ("작년에", "올해", "지난달에", "이번 달에"),
    "lt": ("praėjusiais metais", "šiais metais", "praėjusį mėnesį", "šį mėnesį"),
    "lv": ("pagājušajā gadā", "šogad", "pagājušajā mēnesī", "šajā mēnesī"),
    "mt": ("is-sena li għaddiet", "din is-sena", "ix-xahar li għadda", "dan ix-xahar"),
    "nl": ("vorig jaar", "dit jaar", "vorige maand", "deze maand"),
    "pl": ("w zeszłym roku", "w tym roku", "w zeszłym miesiącu", "w tym miesiącu"),
    "pt": ("no ano passado", "este ano", "no mês passado", "este mês"),
    "ro": ("anul trecut", "anul acesta", "luna trecută", "luna aceasta"),
    "ru": ("в прошлом году", "в этом году", "в прошлом месяце", "в этом месяце"),
    "sk": ("minulý rok", "tento rok", "minulý mesiac", "tento mesiac"),
    "sl": ("prejšnje leto", "letos", "prejšnji mesec", "ta mesec"),
    "sv": ("förra året", "i år", "förra månaden", "den här månaden"),
    "sw": ("mwaka jana", "mwaka huu", "mwezi uliopita", "mwezi huu"),
    "tr": ("geçen yıl", "bu yıl", "geçen ay", "bu ay"),
    "uk": ("минулого року", "цього року", "минулого місяця", "цього місяця"),
    "vi": ("năm ngoái", "năm nay", "tháng trước", "tháng này"),
    "zh": ("去年", "今年", "上个月", "这个月"),
}
LATEST = "2022-09-15"
COUNTED_BACK = ("2021", "2022", "2022-08", "2022-09")

WITHIN = [  # in or last July
    ("bg", "през юли", "2022-07"),
    ("cs", "v červenci", "2022-07"),
    ("da", "i juli", "2022-07"),
    ("el", "τον περασμένο Ιούλιο", "2022-07"),
    ("et", "möödunud juulis", "2022-07"),
    ("fa", "در ژوئیه", "2022-07"),
    ("fi", "heinäkuussa", "2022-07"),
    ("ga", "i mí Iúil", "2022-07"),
    ("he", "בחודש יולי", "2022-07"),
    ("hi", "जुलाई में", "2022-07"),
    ("hr", "u srpnju", "2022-07"),
    ("hu", "júliusban", "2022-07"),
    ("lt", "praėjusį spalį", "2021-10"),
    ("lv", "jūlija mēnesī", "2022-07"),
    ("mt", "f'Lulju", "2022-07"),
    ("ro", "în luna iulie", "2022-07"),
    ("ro", "în iulie", "2022-07"),
    ("sk", "v júli", "2022-07"),
    ("sl", "v juliju", "2022-07"),
    ("sv", "i juli", "2022-07"),
    ("sw", "mwezi wa Julai", "2022-07"),
    ("tr", "geçen Temmuz", "2022-07"),
    ("uk", "у липні", "2022-07"),
    ("id", "pada bulan Juli", "2022-07"),
]
NO_TIME = [
    ("en", "R v August"),  # v is “in” in Czech and Slovak
    ("en", "how set theory began in mai"),
    ("fr", "Il est parti mais elle reste"),
    ("it", "Non ho mai visto Roma"),
    ("pl", "Ziemia i Mars"),
    ("id", "10 tahun lalu"),  # ten years ago
    ("ga", "an mhí seo chugainn"),
    ("en", "Loni and Lani left, Letos stayed"),
]

RANGES = {  # where a time begins or ends, or what is compared
    "en": ("How many came since 2015?", "Who was mayor before 2020?", "How many more came than in 2010?"),
    "": (
        "Kemm kien hemm viżitaturi mill-2015?",
        "Min kien is-sindku qabel l-2020?",
    ),
    "ar": (
        "كم عدد الزوار منذ 2015؟",
        "من كان رئيس البلدية قبل عام 2020؟",
        "ما الذي تغير بين يوليو وأكتوبر 2022؟",
        "كم عدد الزوار مقارنة بعام 2010؟",
    ),
    "be": ("Колькі наведвальнікаў з 2015 года?",),
    "bg": (
        "Колко посетители от 2015 г. насам?",
        "Кой беше кмет преди 2020 г.?",
    ),
    "ca": (
        "Quants visitants des de 2015?",
        "Qui era alcalde abans del 2020?",
    ),
    "cs": (
        "Kolik návštěvníků od roku 2015?",
        "Kdo byl starostou před rokem 2020?",
        "Kdo vládl do roku 2018?",
    ),
    "da": (
        "Hvor mange besøgende siden 2015?",
        "Hvem var borgmester før 2020?",
    ),
    "de": (
        "Wie viele Besucher seit 2015?",
        "Wie viele Besucher seit dem Jahr 2015?",
        "Wie viele Besucher seit Anfang 2015?",
        "Wer war vor 2020 Bürgermeister?",
        "Wer war bis Ende 2020 Bürgermeister?",
        "Was geschah nach dem 3. Mai 2018?",
        "Was geschah zwischen Juli und Oktober 2022?",
        "Wie viele kamen im Vergleich zum Jahr 2010?",
        "Kamen mehr Besucher als 2010?",
        "Wer regierte ab 2018 in Bern?",
        "Was geschah vom 3. bis 5. Mai 2022?",
    ),
    "el": (
        "Πόσοι επισκέπτες από το 2015;",
        "Ποιος ήταν δήμαρχος πριν από το 2020;",
        "Τι άλλαξε μεταξύ Ιουλίου και Οκτωβρίου 2022;",
    ),
    "es": (
        "¿Cuántos visitantes desde 2015?",
        "¿Quién era alcalde antes de 2020?",
        "¿Quién gobernó hasta finales de 2018?",
        "¿Qué cambió entre julio y octubre de 2022?",
        "¿Cuántos visitantes en comparación con 2010?",
        "¿Qué pasó de enero a mayo de 2022?",
    ),
    "et": (
        "Kui palju külastajaid alates 2015. aastast?",
        "Kes oli linnapea enne 2020. aastat?",
    ),
    "fa": (
        "از سال ۲۰۱۵ چند بازدیدکننده آمده‌اند؟",
        "پیش از سال ۲۰۲۰ شهردار که بود؟",
    ),
    "fi": (
        "Kuinka monta kävijää vuodesta 2015?",
        "Kuka oli pormestari ennen vuotta 2020?",
        "Mitä tapahtui vuoden 2018 jälkeen?",
    ),
    "fr": (
        "Combien de visiteurs depuis 2015 ?",
        "Combien de visiteurs depuis le début de l'année 2015 ?",
        "Combien de visiteurs depuis juillet dernier ?",
        "Qui était maire avant 2020 ?",
        "Qui a gouverné jusqu'en 2018 ?",
        "Qui a gouverné jusqu'à mai 2018 ?",
        "Qui a gouverné de 2015 à 2018 ?",
        "Qu'est-ce qui a changé entre juillet et octobre 2022 ?",
        "Combien de visiteurs par rapport à 2010 ?",
        "Y a-t-il plus de visiteurs qu'en 2010 ?",
        "Que s'est-il passé à partir de 2018 ?",
    ),
    "ga": (
        "Cé mhéad cuairteoir ó 2015?",
        "Cé a bhí ina mhéara roimh 2020?",
    ),
    "he": (
        "כמה מבקרים מאז 2015?",
        "מי היה ראש העיר לפני 2020?",
        "מה השתנה בין יולי לאוקטובר 2022?",
    ),
    "hi": (
        "2015 से कितने पर्यटक आए?",
        "2020 से पहले महापौर कौन था?",
        "2018 के बाद क्या हुआ?",
        "जुलाई और अक्टूबर 2022 के बीच क्या बदला?",
    ),
    "hr": (
        "Koliko posjetitelja od 2015. godine?",
        "Tko je bio gradonačelnik prije 2020?",
    ),
    "hu": (
        "Hány látogató volt 2015 óta?",
        "Ki volt a polgármester 2020 előtt?",
        "Ki kormányzott 2018-ig?",
        "Mi változott 2022 júliusa és októbere között?",
    ),
    "id": (
        "Berapa pengunjung sejak tahun 2015?",
        "Siapa wali kota sebelum 2020?",
        "Apa yang berubah antara Juli dan Oktober 2022?",
    ),
    "it": (
        "Quanti visitatori dal 2015?",
        "Chi era sindaco prima del 2020?",
        "Chi ha governato fino al 2018?",
        "Che cosa è cambiato tra luglio e ottobre 2022?",
        "Quanti visitatori rispetto al 2010?",
    ),
    "ja": (
        "2015年以来の来園者は何人ですか。",
        "2020年より前の市長は誰ですか。",
        "2018年まで誰が統治しましたか。",
        "2022年7月から10月までに何が変わりましたか。",
        "2015年から2018年まで誰が市長でしたか。",
    ),
    "ko": (
        "2015년 이후 방문객은 몇 명인가요?",
        "2020년 이전에 시장은 누구였나요?",
        "2022년 7월부터 10월까지 무엇이 바뀌었나요?",
        "2018년까지 누가 다스렸나요?",
    ),
    "lb": ("Wéi vill Visiteure zanter 2015?",),
    "lt": (
        "Kiek lankytojų nuo 2015 metų?",
        "Kas buvo meras iki 2020 m.?",
    ),
    "lv": (
        "Cik apmeklētāju kopš 2015. gada?",
        "Kas bija mērs pirms 2020. gada?",
    ),
    "mk": ("Колку посетители од 2015 година наваму?",),
    "nl": (
        "Hoeveel bezoekers sinds 2015?",
        "Wie was burgemeester voor 2020?",
        "Wie regeerde tot 2018?",
        "Wat veranderde er tussen juli en oktober 2022?",
        "Hoeveel bezoekers vergeleken met 2010?",
    ),
    "no": ("Hvor mange besøkende siden 2015?",),
    "pl": (
        "Ilu gości od 2015 roku?",
        "Kto był burmistrzem przed 2020 rokiem?",
        "Kto rządził do 2018 roku?",
        "Co się zmieniło między lipcem a październikiem 2022?",
    ),
    "pt": (
        "Quantos visitantes desde 2015?",
        "Quem governou até 2018?",
        "Quem era prefeito antes de 2020?",
        "Quem governou depois de 2018?",
        "O que mudou entre julho e outubro de 2022?",
    ),
    "ro": (
        "Câți vizitatori din 2015 încoace?",
        "Cine a fost primar înainte de 2020?",
        "Ce s-a schimbat între iulie și octombrie 2022?",
    ),
    "ru": (
        "Сколько посетителей с 2015 года?",
        "Кто был мэром до 2020 года?",
        "Кто правил после 2018 года?",
        "Что изменилось между июлем и октябрём 2022 года?",
        "Сколько посетителей по сравнению с 2010 годом?",
    ),
    "sk": ("Koľko návštevníkov od roku 2015?",),
    "sl": ("Kdo je bil župan pred letom 2020?",),
    "sr": ("Колико посетилаца од 2015. године?",),
    "sv": (
        "Hur många besökare sedan 2015?",
        "Vem var borgmästare före 2020?",
        "Vad ändrades mellan juli och oktober 2022?",
    ),
    "sw": (
        "Wageni wangapi tangu mwaka 2015?",
        "Nani alikuwa meya kabla ya 2020?",
    ),
    "th": ("มีผู้เข้าชมกี่คนตั้งแต่ปี 2015?",),
    "tr": (
        "2015'ten beri kaç ziyaretçi geldi?",
        "2020'den önce belediye başkanı kimdi?",
        "2018'e kadar kim yönetti?",
        "Temmuz ve Ekim 2022 arasında ne değişti?",
    ),
    "uk": (
        "Скільки відвідувачів з 2015 року?",
        "Хто був мером до 2020 року?",
        "Що змінилося між липнем і жовтнем 2022 року?",
    ),
    "vi": (
        "Bao nhiêu khách từ năm 2015?",
        "Ai là thị trưởng trước năm 2020?",
        "Điều gì thay đổi từ tháng 7 đến tháng 10 năm 2022?",
    ),
    "zh": (
        "自2015年以来有多少游客?",
        "2020年之前谁是市长?",
        "2022年7月到10月发生了什么变化?",
        "与2010年相比有多少游客?",
    ),
}
NO_RANGES = [
    ("fr", "Quel était le prix de la farine en 2006 ?", "2006"),
    ("fr", "Quel jour de mai 2013 a-t-on voté ?", "2013-05"),
    ("en", "Who was the candidate for 2015?", "2015"),
    ("de", "Wer reiste nach Berlin im Mai 2018?", "2018-05"),
    ("de", "Was steht im Bericht von 2015?", "2015"),
    ("fr", "Que dit le rapport de 2015 ?", "2015"),
    ("fr", "Quel maire a été élu entre deux tours en 2018 ?", "2018"),
    ("nl", "Wat staat er in het verslag van 2015?", "2015"),
    ("it", "Che cosa dice il rapporto del 2015?", "2015"),
    ("ro", "Cine a câștigat alegerile din 2015?", "2015"),
    ("en", "Who won the Battle of Sedan in 1870?", "1870"),
    ("en", "Who won at Sedan 1870?", "1870"),
    ("en", "Who do 2018 figures blame?", "2018"),
    ("de", "Wer war tot 2018?", "2018"),
    ("sv", "Vem vann i maj 2018?", "2018-05"),
    ("pl", "Kto wygrał w 2018 roku?", "2018"),
    ("ja", "2018年後半に誰が勝ちましたか。", "2018"),
    ("zh", "2018年前三季度的收入是多少?", "2018"),
    ("ko", "2018년 전국 선거에서 누가 이겼나요?", "2018"),
    ("ar", "ماذا حدث في 3 آب/أغسطس 2022؟", "2022-08"),
]

DENIALS = {
    "ar": ("الجسر مفتوح", "لم يفتح الجسر"),
    "bg": ("Мостът е отворен.", "Мостът не е отворен."),
    "cs": ("Most je otevřen.", "Most není otevřen."),
    "da": ("Broen er åben.", "Broen er ikke åben."),
    "de": ("Die Brücke ist offen.", "Die Brücke ist nicht offen."),
    "el": ("Η γέφυρα είναι ανοιχτή.", "Η γέφυρα δεν είναι ανοιχτή."),
    "en": ("The bridge is open.", "The bridge is not open."),
    "es": ("El puente está abierto.", "El puente no está abierto."),
    "et": ("Sild on avatud.", "Sild ei ole avatud."),
    "fa": ("پل باز است.", "پل باز نیست."),
    "fi": ("Silta on auki.", "Silta ei ole auki."),
    "fr": ("Le pont est ouvert.", "Le pont n'est pas ouvert."),
    "ga": ("Tá an droichead oscailte.", "Níl an droichead oscailte."),
    "he": ("הגשר פתוח.", "הגשר לא פתוח."),
    "hi": ("पुल खुला है।", "पुल खुला नहीं है।"),
    "hr": ("Most je otvoren.", "Most nije otvoren."),
    "hu": ("A híd nyitva van.", "A híd nincs nyitva."),
    "id": ("Jembatan itu dibuka.", "Jembatan itu tidak dibuka."),
    "it": ("Il ponte è aperto.", "Il ponte non è aperto."),
    "ja": ("橋は開いています。", "橋は開いていません。"),
    "ko": ("다리는 열려 있다.", "다리는 열려 있지 않다."),
    "lt": ("Tiltas atidarytas.", "Tiltas nėra atidarytas."),
    "lv": ("Tilts ir atvērts.", "Tilts nav atvērts."),
    "mt": ("Il-pont huwa miftuħ.", "Il-pont mhux miftuħ."),
    "nl": ("De brug is open.", "De brug is niet open."),
    "pl": ("Most jest otwarty.", "Most nie jest otwarty."),
    "pt": ("A ponte está aberta.", "A ponte não está aberta."),
    "ro": ("Podul este deschis.", "Podul nu este deschis."),
    "ru": ("Мост открыт.", "Мост не открыт."),
    "sk": ("Most je otvorený.", "Most nie je otvorený."),
    "sl": ("Most je odprt.", "Most ni odprt."),
    "sv": ("Bron är öppen.", "Bron är inte öppen."),
    "sw": ("Daraja limefunguliwa.", "Daraja halijafunguliwa."),
    "tr": ("Köprü açık.", "Köprü açık değil."),
    "uk": ("Міст відкрито.", "Міст не відкрито."),
    "vi": ("Cây cầu mở cửa.", "Cây cầu không mở cửa."),
    "zh": ("大桥已经开放。", "大桥没有开放。"),
}


@pytest.mark.parametrize("language", REQUIRED)
def test_a_required_language_has_all_lists(language: str) -> None:
    lacking = {column for column, count in coverage()[language].items() if not count}
    assert lacking <= ({"last M", "in M"} if language in MONTHS_ARE_FIGURES else set())
    assert coverage()[language]["months"] == 12
    assert coverage()[language]["phrases"] == 2


def test_the_table_of_what_each_language_has_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main()
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split("  ")[-1] == "phrases"
    assert [row.split()[0] for row in rows] == sorted(languages())
    assert all(len(row) == len(head) for row in rows)


def test_the_module_can_be_run_as_a_command() -> None:
    out = subprocess.run([sys.executable, "-m", "askcorpus.text.lexicon"], capture_output=True, text=True, check=True)
    assert "fr French" in out.stdout


@pytest.mark.parametrize(
    "line",
    ["colour = 1", "[questions]\nwho = ['wer']", "[months]\n13 = ['Undezember']", "[denials]\nnegations = 'nie'"],
)
def test_a_key_that_is_not_known_is_an_error(line: str) -> None:
    with pytest.raises(ValidationError):
        Language.model_validate(tomllib.loads(f"name = 'Test'\n{line}\n"))


def test_every_file_is_a_language() -> None:
    names = {file.name for file in files("askcorpus.text").joinpath("languages").iterdir()}
    assert names == {f"{code}.toml" for code in languages()}


@pytest.mark.parametrize(
    ("phrase", "found", "passed_over"),
    [
        ("scien*", ["science", "scien"], ["conscience"]),
        ("*teen", ["sixteen"], ["teen"]),
        ("ne*l", ["neměl"], ["nel"]),
        ("viel[e]", ["viel", "viele"], ["vieles"]),
        ("in [early|late] may", ["in may", "in late may"], ["inmay", "in mid may"]),
        ("in[ early] may", ["in may", "in early may"], ["in  may"]),
        ("(what|which) … share", ["what share", "which of the share"], ["what is a very very large share"]),
        ("(not: the|at) last year (not: of)", ["it was last year", "last year"], ["at last year", "last year of it"]),
        ("(not: 过|過)去年", ["在去年"], ["过去年代"]),
        ("(not: #) year", ["a year"], ["10 year"]),
        ("^min", ["min jew"], ["jew min"]),
        ("x'y.", ["x’y.", "x'y."], ["x'yz"]),
        ("last MONTH", ["last may"], ["last 5"]),
        ("since … DATE", ["since 2015", "since late 2015"], ["since we came", "2015"]),
    ],
)
def test_phrases_are_read_as_they_are_documented(phrase: str, found: list[str], passed_over: list[str]) -> None:
    found_by = rf"(?<!\w)(?:{expression([phrase])})(?!\w)" if "去" not in phrase else expression([phrase])
    pattern = regex.compile(rf"(?(DEFINE)(?P<date>\d{{4}})){found_by}")
    assert all(pattern.search(text) for text in found)
    assert not any(pattern.search(text) for text in passed_over)


def test_no_phrases_are_found_nowhere() -> None:
    assert not regex.search(expression([]), "")


@pytest.mark.parametrize("language", REQUIRED)
def test_a_date_is_read_in_every_language(language: str) -> None:
    assert read_period(DATED[language], language=language) == "2022-07-14"
    assert read_period(DATED[language]) == "2022-07-14", "also where its language is not known"


@pytest.mark.parametrize(("language", "text", "period"), MORE_DATES)
def test_months_are_read_in_their_language(language: str, text: str, period: str) -> None:
    assert read_period(text, language=language) == period


@pytest.mark.parametrize("language", REQUIRED)
def test_a_time_is_counted_back_in_every_language(language: str) -> None:
    assert tuple(read_period(f"{text}?", LATEST, language) for text in RELATIVE[language]) == COUNTED_BACK


@pytest.mark.parametrize(("language", "text", "period"), WITHIN)
def test_a_month_without_its_year_is_counted_back(language: str, text: str, period: str) -> None:
    assert read_period(f"{text}?", LATEST, language) == period


@pytest.mark.parametrize(("language", "text"), NO_TIME)
def test_what_is_a_time_in_another_language_only_is_none(language: str, text: str) -> None:
    assert read_period(text, LATEST, language) == ""


@pytest.mark.parametrize("language", languages())
def test_every_language_has_words_for_ranges(language: str) -> None:
    assert coverage()[language]["ranges"]


@pytest.mark.parametrize(("language", "question"), [(code, one) for code, asked in RANGES.items() for one in asked])
def test_the_edge_of_a_time_is_no_time_in_any_language(language: str, question: str) -> None:
    assert read_period(question, LATEST, language) == ""


@pytest.mark.parametrize(("language", "question", "period"), NO_RANGES)
def test_what_makes_a_range_in_another_language_only_makes_none(language: str, question: str, period: str) -> None:
    assert read_period(question, LATEST, language) == period


@pytest.mark.parametrize("language", REQUIRED)
def test_a_denial_is_told_from_a_claim_in_every_language(language: str) -> None:
    claim, denial = DENIALS[language]
    assert denies(denial, language)
    assert not denies(claim, language)


@pytest.mark.parametrize("language", REQUIRED)
def test_the_assistant_speaks_every_language(language: str) -> None:
    assert language == "en" or does_not_say(language) != does_not_say("en")
    assert language == "en" or documents_differ(language) != documents_differ("en")


@pytest.mark.parametrize("language", [code for code, one in languages().items() if one.months])
def test_no_month_that_unicode_knows_is_missing(language: str) -> None:
    names = {number: words(str(name)) for number, name in get_month_names("wide", locale=language).items()}
    found = {
        number: month_of(" ".join(name), language) or month_of(name[-1], language) for number, name in names.items()
    }
    assert found == {number: f"{number:02d}" for number in range(1, 13)}


def test_no_month_is_another_one_in_another_language() -> None:
    """What is (hr: listopad) counts in its own language only."""
    meant: dict[str, set[str]] = {}
    for one in languages().values():
        for digits, names in one.months.items():
            for name in names:
                meant.setdefault(" ".join(words(name)), set()).add(digits)
    assert {name: digits for name, digits in meant.items() if len(digits) > 1} == {}
