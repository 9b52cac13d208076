"""What would answer: a date, a figure, a name."""

import pytest

from askcorpus.search.answer_type import AnswerType, answer_spans, answer_type_of, lacks_answer, what_is_asked


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When did the bridge open?", AnswerType.WHEN),
        ("Quand le pont a-t-il ouvert ?", AnswerType.WHEN),
        ("En quelle année le pont a-t-il ouvert ?", AnswerType.WHEN),
        ("Wann wurde die Brücke eröffnet?", AnswerType.WHEN),
        ("Когда открыли мост?", AnswerType.WHEN),
        ("大桥什么时候开通?", AnswerType.WHEN),
        ("متى افتتح الجسر؟", AnswerType.WHEN),
        ("How many people died?", AnswerType.HOW_MANY),
        ("Combien de personnes sont mortes ?", AnswerType.HOW_MANY),
        ("Wie viele Menschen starben?", AnswerType.HOW_MANY),
        ("¿Cuántas personas murieron?", AnswerType.HOW_MANY),
        ("有多少人死亡?", AnswerType.HOW_MANY),
        ("何人が亡くなりましたか。", AnswerType.HOW_MANY),
        ("Who leads the party?", AnswerType.NAME),
        ("Qui dirige le parti ?", AnswerType.NAME),
        ("谁领导该党?", AnswerType.NAME),
        ("Кто возглавляет партию?", AnswerType.NAME),
        ("Why did the talks fail?", AnswerType.OTHER),
        ("Pourquoi les négociations ont-elles échoué ?", AnswerType.OTHER),
        ("", AnswerType.OTHER),
    ],
)
def test_the_interrogative_says_what_is_asked_for(question: str, kind: AnswerType) -> None:
    assert answer_type_of(question) is kind


@pytest.mark.parametrize(
    ("question", "sentence", "found"),
    [
        ("How many ships call there?", "Forty years on, 1,250 ships call there.", ["Forty", "1,250"]),
        ("What percentage voted?", "Some 47.3% of them voted.", ["47.3%"]),
        ("How much did it cost?", "It cost 12 million in all.", ["12 million"]),
        ("How many sheep?", "Twenty sheep and three dogs came.", ["Twenty", "three"]),
        ("Combien de moutons ?", "Une trentaine, dont vingt-deux noirs.", ["vingt", "deux"]),
        ("有多少人?", "三十人来了。", ["三十"]),
        ("When did it open?", "It opened on 4 March 2019 in the rain.", ["4 March 2019"]),
        ("Quand a-t-il ouvert ?", "Il a ouvert le 4 mars 2019 sous la pluie.", ["4 mars 2019"]),
        ("什么时候开通?", "大桥于2019年3月4日开通。", ["2019年3月4日"]),
        ("Who was elected?", "The voters chose Ana de la Cruz by a wide margin.", ["Ana de la Cruz"]),
        ("Why was it closed?", "It was closed in 2019 by Ana Cruz.", []),
    ],
)
def test_the_words_of_that_kind_are_marked(question: str, sentence: str, found: list[str]) -> None:
    assert [sentence[span.start : span.end] for span in answer_spans(what_is_asked(question), sentence)] == found


def test_what_the_question_says_itself_is_no_answer() -> None:
    assert answer_spans(what_is_asked("Who did Ana Cruz follow?"), "then Ana Cruz spoke") == []
    sentence = "in 2019 there were 30 of them"
    spans = answer_spans(what_is_asked("How many were there in 2019?"), sentence)
    assert [sentence[span.start : span.end] for span in spans] == ["30"]


def test_a_sentences_first_word_is_no_name_for_its_capital() -> None:
    sentence = "Yesterday the voters chose Ana Cruz."
    assert [sentence[s.start : s.end] for s in answer_spans(what_is_asked("Who was elected?"), sentence)] == [
        "Ana Cruz"
    ]


@pytest.mark.parametrize(
    ("question", "sentence", "lacks"),
    [
        ("How many people live there?", "It is the largest town of the region.", True),
        ("How many people live there?", "Some 1,200 people live there.", False),
        ("How many came?", "Three of them came.", False),
        ("Quand a-t-il ouvert ?", "Il a ouvert sous la pluie.", True),
        ("Quand a-t-il ouvert ?", "Il a ouvert en mars.", False),
        ("Who came?", "Nobody did.", False),
    ],
)
def test_a_sentence_without_figure_or_date_cannot_say_how_many_or_when(
    question: str, sentence: str, lacks: bool
) -> None:
    assert lacks_answer(what_is_asked(question), sentence) is lacks
