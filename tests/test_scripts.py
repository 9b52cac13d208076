"""Which scripts the model can read, held against its vocabulary."""

import pytest

from askcorpus.embedding.encoder import bundled_tokenizer
from askcorpus.text.scripts import READABLE, is_unreadable

READ = {
    "Amharic": "ኢትዮጵያ በአፍሪካ ቀንድ የምትገኝ አገር ናት",
    "Arabic": "أعلنت سوريا يوم الأربعاء اعترافها",
    "Armenian": "Հայաստանի մայրաքաղաքը Երևանն է",
    "Bengali": "বাংলাদেশের রাজধানী ঢাকা",
    "Burmese": "မြန်မာနိုင်ငံ၏ မြို့တော်သည် နေပြည်တော် ဖြစ်သည်",
    "Chinese": "中国的首都是北京",
    "Georgian": "საქართველოს დედაქალაქია თბილისი",
    "Greek": "Η πρωτεύουσα της Ελλάδας είναι η Αθήνα",
    "Gujarati": "ગુજરાતની રાજધાની ગાંધીનગર છે",
    "Hebrew": "בירת ישראל היא ירושלים",
    "Hindi": "भारत की राजधानी नई दिल्ली है",
    "Japanese": "日本の首都は東京です。カタカナ",
    "Kannada": "ಕರ್ನಾಟಕದ ರಾಜಧಾನಿ ಬೆಂಗಳೂರು",
    "Khmer": "រាជធានីនៃប្រទេសកម្ពុជាគឺភ្នំពេញ",
    "Korean": "대한민국의 수도는 서울이다",
    "Lao": "ນະຄອນຫຼວງຂອງປະເທດລາວແມ່ນວຽງຈັນ",
    "Malayalam": "കേരളത്തിന്റെ തലസ്ഥാനം തിരുവനന്തപുരം",
    "Odia": "ଓଡ଼ିଶାର ରାଜଧାନୀ ଭୁବନେଶ୍ୱର",
    "Punjabi": "ਪੰਜਾਬ ਦੀ ਰਾਜਧਾਨੀ ਚੰਡੀਗੜ੍ਹ ਹੈ",
    "Russian": "Столица России — Москва",
    "Sinhala": "ශ්‍රී ලංකාවේ අගනුවර කොළඹ",
    "Tamil": "தமிழ்நாட்டின் தலைநகரம் சென்னை",
    "Telugu": "తెలంగాణ రాజధాని హైదరాబాద్",
    "Thai": "เมืองหลวงของไทยคือกรุงเทพมหานคร",
    "Vietnamese": "Thủ đô của Việt Nam là Hà Nội",
}
UNREAD = {
    "Cherokee": "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ᎠᏂᎦᏚᏩᎩ",
    "Dhivehi": "ދިވެހިރާއްޖޭގެ ވެރިރަށަކީ މާލެ",
    "Inuktitut": "ᐃᓄᒃᑎᑐᑦ ᓄᓇᕗᑦ ᐃᖃᓗᐃᑦ",
    "Manipuri": "ꯃꯅꯤꯄꯨꯔ ꯏꯝꯐꯥꯜ ꯀꯣꯅꯨꯡ",
    "Mongolian": "ᠮᠣᠩᠭᠣᠯ ᠤᠨ ᠨᠡᠶᠢᠰᠯᠡᠯ",
    "N'Ko": "ߒߞߏ ߦߋ߫ ߛߓߍ ߟߋ߬ ߘߌ߫",
    "Santali": "ᱥᱟᱱᱛᱟᱲᱤ ᱯᱟᱹᱨᱥᱤ",
    "Syriac": "ܠܫܢܐ ܣܘܪܝܝܐ ܗܘ",
    "Tamazight": "ⵜⴰⵎⴰⵣⵉⵖⵜ ⵜⵓⵜⵍⴰⵢⵜ",
    "Tibetan": "བོད་ཀྱི་རྒྱལ་ས་ནི་ལྷ་ས་ཡིན།",
    "Yi": "ꆈꌠꉙ ꆏꃅ",
}


def unknown_words(text: str) -> float:
    """The share of a text's words in which the tokenizer knows not all letters."""
    words = text.split()
    return sum(bundled_tokenizer().tokens(word).unknown > 0 for word in words) / len(words)


@pytest.mark.parametrize("name", READ)
def test_a_script_whose_words_the_tokenizer_knows_can_be_read(name: str) -> None:
    assert unknown_words(READ[name]) == 0
    assert not is_unreadable(READ[name])


@pytest.mark.parametrize("name", UNREAD)
def test_a_script_of_unknown_words_cannot(name: str) -> None:
    assert unknown_words(UNREAD[name]) > 0.6
    assert is_unreadable(UNREAD[name])


def test_a_foreign_name_in_a_text_leaves_it_readable() -> None:
    assert not is_unreadable(f"The Tibetan name of the capital of Tibet is written {UNREAD['Tibetan']}")
    assert not is_unreadable("2022 🦁 ?!")
    assert len(READABLE) == len(set(READABLE))
