"""What the assistant itself says, in the language of the question. Everything else it shows are the corpus's words."""

_DOES_NOT_SAY = {
    "ar": "الوثائق لا تجيب عن هذا السؤال.",
    "bg": "Документите не дават отговор на този въпрос.",
    "ca": "Els documents no responen aquesta pregunta.",
    "cs": "Dokumenty na tuto otázku neodpovídají.",
    "da": "Dokumenterne giver ikke svar på dette spørgsmål.",
    "de": "Die Dokumente beantworten diese Frage nicht.",
    "el": "Τα έγγραφα δεν απαντούν σε αυτή την ερώτηση.",
    "en": "The documents do not answer this question.",
    "es": "Los documentos no responden a esta pregunta.",
    "fa": "اسناد به این پرسش پاسخ نمی‌دهند.",
    "fi": "Asiakirjat eivät vastaa tähän kysymykseen.",
    "fr": "Les documents ne répondent pas à cette question.",
    "he": "המסמכים אינם עונים על שאלה זו.",
    "hi": "दस्तावेज़ इस प्रश्न का उत्तर नहीं देते।",
    "hu": "A dokumentumok nem adnak választ erre a kérdésre.",
    "id": "Dokumen-dokumen ini tidak menjawab pertanyaan tersebut.",
    "it": "I documenti non rispondono a questa domanda.",
    "ja": "文書にはこの質問への答えがありません。",
    "ko": "문서에는 이 질문에 대한 답이 없습니다.",
    "nl": "De documenten geven geen antwoord op deze vraag.",
    "no": "Dokumentene gir ikke svar på dette spørsmålet.",
    "pl": "Dokumenty nie zawierają odpowiedzi na to pytanie.",
    "pt": "Os documentos não respondem a esta pergunta.",
    "ro": "Documentele nu răspund la această întrebare.",
    "ru": "В документах нет ответа на этот вопрос.",
    "sv": "Dokumenten besvarar inte den här frågan.",
    "th": "เอกสารไม่มีคำตอบสำหรับคำถามนี้",
    "tr": "Belgeler bu soruya yanıt vermiyor.",
    "uk": "У документах немає відповіді на це запитання.",
    "vi": "Các tài liệu không trả lời câu hỏi này.",
    "zh": "文档中没有这个问题的答案。",
}

_DIFFER = {
    "ar": "تختلف الوثائق:",
    "bg": "Документите се различават:",
    "ca": "Els documents no coincideixen:",
    "cs": "Dokumenty se liší:",
    "da": "Dokumenterne er uenige:",
    "de": "Die Dokumente widersprechen sich:",
    "el": "Τα έγγραφα διαφέρουν:",
    "en": "The documents differ:",
    "es": "Los documentos no coinciden:",
    "fa": "اسناد با هم اختلاف دارند:",
    "fi": "Asiakirjat ovat ristiriidassa:",
    "fr": "Les documents divergent :",
    "he": "המסמכים חלוקים:",
    "hi": "दस्तावेज़ अलग-अलग बातें कहते हैं:",
    "hu": "A dokumentumok eltérnek:",
    "id": "Dokumen-dokumen ini berbeda:",
    "it": "I documenti non concordano:",
    "ja": "文書によって異なります：",
    "ko": "문서마다 내용이 다릅니다:",
    "nl": "De documenten verschillen:",
    "no": "Dokumentene er uenige:",
    "pl": "Dokumenty różnią się:",
    "pt": "Os documentos divergem:",
    "ro": "Documentele diferă:",
    "ru": "Документы расходятся:",
    "sv": "Dokumenten skiljer sig åt:",
    "th": "เอกสารให้ข้อมูลต่างกัน:",
    "tr": "Belgeler farklı şeyler söylüyor:",
    "uk": "Документи різняться:",
    "vi": "Các tài liệu nói khác nhau:",
    "zh": "文档的说法不一：",
}


def documents_differ(language: str) -> str:
    """What announces quotes that contradict each other; in English where ``language`` is not known here."""
    return _DIFFER.get(language, _DIFFER["en"])


def does_not_say(language: str) -> str:
    """That the corpus does not hold the answer; in English where ``language`` (ISO 639-1) is not known here."""
    return _DOES_NOT_SAY.get(language, _DOES_NOT_SAY["en"])
