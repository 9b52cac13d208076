"""The time that a question names."""

from time import process_time

import pytest

from askcorpus.search.period import is_of_other_time, is_of_time, read_period, tells_of
from askcorpus.text.dates import overlaps


@pytest.mark.parametrize(
    ("question", "period"),
    [
        ("What happened in September 2022?", "2022-09"),
        ("What was decided on 12 October 2022?", "2022-10-12"),
        ("What was decided on October 3, 2022?", "2022-10-03"),
        ("Que s'est-il passé en août 2021 ?", "2021-08"),
        ("Was geschah im März 2019?", "2019-03"),
        ("¿Qué pasó en enero de 2020?", "2020-01"),
        ("Что произошло в сентябре 2022 года?", "2022-09"),
        ("2023年7月发生了什么?", "2023-07"),
        ("2023年7月14日に何がありましたか。", "2023-07-14"),
        ("2021년 3월에 무슨 일이 있었나요?", "2021-03"),
        ("What does the report of 2022-09-29 say?", "2022-09-29"),
        ("What does the report of 2022-09 say?", "2022-09"),
        ("Who governed in 1815?", "1815"),
        ("Que s'est-il passé le 1er février 2022 ?", "2022-02-01"),
        ("What opened on 1st May 2022?", "2022-05-01"),
        ("What opened on May 2nd, 2022?", "2022-05-02"),
        ("What opened on the 3rd of May 2022?", "2022-05-03"),
        ("What closed on the 22nd of November, 2021?", "2021-11-22"),
        ("What closed on May the 31st 2022?", "2022-05-31"),
        ("¿Qué pasó el 1º de mayo de 2022?", "2022-05-01"),
        ("¿Qué pasó el 1ro de mayo del 2022?", "2022-05-01"),
        ("O que aconteceu em 1.º de maio de 2022?", "2022-05-01"),
        ("Che cosa accadde il 1° maggio 2022?", "2022-05-01"),
        ("Was geschah am 1. Mai 2022?", "2022-05-01"),
        ("Wat gebeurde er op 1e mei 2022?", "2022-05-01"),
        ("Vad hände den 1:a maj 2022?", "2022-05-01"),
        ("Что случилось 1-го мая 2022 года?", "2022-05-01"),
        ("Chuyện gì xảy ra ngày 1 tháng 5 năm 2022?", "2022-05-01"),
        ("Chuyện gì xảy ra vào tháng 10 năm 2022?", "2022-10"),
    ],
)
def test_a_named_time_is_read_as_exactly_as_it_is_named(question: str, period: str) -> None:
    assert read_period(question) == period


@pytest.mark.parametrize(
    "question",
    [
        "Who recognised the republic?",
        "What changed between 2019 and 2022?",
        "Who bought the 12022 shares?",
        "Did it cost 2,022 euros?",
        "Did it cost 2022.50 euros?",
        "What happened in September?",
        "May I ask who leads the party?",
        "",
    ],
)
def test_no_time_or_more_than_one_is_no_period(question: str) -> None:
    assert read_period(question) == ""


@pytest.mark.parametrize(
    ("question", "period"),
    [
        ("Que s'est-il passé le premier février 2021 ?", "2021-02"),
        ("What opened on May 32nd, 2022?", "2022-05"),
        ("Which 5G network opened in May 2022?", "2022-05"),
        ("Which 7 ministers resigned in May 2022?", "2022-05"),
        ("Who came 3rd in the race of May 2022?", "2022-05"),
        ("Who was 3rd in 2022?", "2022"),
    ],
)
def test_a_number_that_is_no_day_leaves_the_month(question: str, period: str) -> None:
    assert read_period(question) == period


def test_a_month_far_from_the_year_does_not_belong_to_it() -> None:
    assert read_period("In 2022, which of the ministers who had resigned came back in May?") == "2022"


@pytest.mark.parametrize(
    "question",
    [
        "How many visitors has the zoo counted since 2015?",
        "What has been built since the election of 2015?",
        "What has been built since the end of 2015?",
        "What changed since 12 July 2015?",
        "What changed since 2022-09-29?",
        "Who was mayor before 2020?",
        "Who won after the 2018 final?",
        "What happened in the year before the 2020 election?",
        "How many remained until May 2018?",
        "How many came compared to 2010?",
        "How many more came than in 2010?",
        "What changed between July and October 2022?",
        "What changed between 12 and 14 October 2022?",
        "What changed between 2015 and today?",
        "What changed between 2022-07-01 and 2022-09-30?",
        "What changed from March to May 2022?",
        "What opened in July–October 2022?",
        "Qui a gouverné de 2015 à 2018 ?",
        "2015年から2018年まで誰が市長でしたか。",
        "Who led it 1998–2002?",
        "Who led it 1998-2002?",
        "Who won the 2022/23 season?",
    ],
)
def test_where_a_time_begins_or_ends_or_what_is_compared_is_no_period(question: str) -> None:
    assert read_period(question) == ""


@pytest.mark.parametrize(
    "question",
    [
        "What changed since last year?",
        "What changed since last July?",
        "How did it do compared to last year?",
        "Combien de visiteurs depuis juillet dernier ?",
    ],
)
def test_a_time_without_a_year_may_be_an_edge_too(question: str) -> None:
    assert read_period(question, LATEST) == ""


@pytest.mark.parametrize(
    ("question", "period"),
    [
        ("Who won the 2018 final after extra time?", "2018"),
        ("Which ships sailed from Bergen to Oslo in May 2018?", "2018-05"),
        ("What does the report from 2015 say?", "2015"),
        ("Which town by the sea won in 2018?", "2018"),
        ("What did Theresa May say in June 2018?", "2018-06"),
        ("What was decided on 12–14 October 2022?", "2022-10"),
    ],
)
def test_words_of_a_range_that_stand_elsewhere_leave_the_time(question: str, period: str) -> None:
    assert read_period(question) == period


def test_a_long_question_is_read_in_no_time() -> None:
    started = process_time()
    assert read_period("from 3 May to the 5 of June in the year of 2015 " * 200) == ""
    assert read_period("May 3 of the " * 800) == ""
    assert process_time() - started < 2


LATEST = "2022-09-15"


@pytest.mark.parametrize(
    ("question", "period"),
    [
        ("What did the mayor say last July?", "2022-07"),
        ("Que s'est-il passé en juillet dernier ?", "2022-07"),
        ("Que s'est-il passé le 12 juillet dernier ?", "2022-07-12"),
        ("Que s'est-il passé le 1er octobre dernier ?", "2021-10-01"),
        ("Was geschah letzten Juli in Bern?", "2022-07"),
        ("Was geschah im vergangenen Dezember?", "2021-12"),
        ("¿Qué pasó el pasado julio?", "2022-07"),
        ("¿Qué pasó en julio pasado?", "2022-07"),
        ("Che cosa è successo lo scorso luglio?", "2022-07"),
        ("Che cosa è successo nel luglio scorso?", "2022-07"),
        ("O que aconteceu em julho passado?", "2022-07"),
        ("Wat gebeurde er afgelopen juli?", "2022-07"),
        ("Что произошло в прошлом июле?", "2022-07"),
        ("What happened last month?", "2022-08"),
        ("Que s'est-il passé le mois dernier ?", "2022-08"),
        ("Was geschah letzten Monat?", "2022-08"),
        ("¿Qué pasó el mes pasado?", "2022-08"),
        ("Che cosa è successo il mese scorso?", "2022-08"),
        ("O que aconteceu no mês passado?", "2022-08"),
        ("Wat gebeurde er vorige maand?", "2022-08"),
        ("上个月发生了什么?", "2022-08"),
        ("What happened last year?", "2021"),
        ("Qui a gagné l'an dernier ?", "2021"),
        ("Qui a gagné l’année dernière ?", "2021"),
        ("Wer hat letztes Jahr gewonnen?", "2021"),
        ("Wer hat im letzten Jahr gewonnen?", "2021"),
        ("¿Quién ganó el año pasado?", "2021"),
        ("Chi ha vinto l'anno scorso?", "2021"),
        ("Quem ganhou no ano passado?", "2021"),
        ("Wie won er vorig jaar?", "2021"),
        ("Кто победил в прошлом году?", "2021"),
        ("Kto wygrał w zeszłym roku?", "2021"),
        ("Geçen yıl kim kazandı?", "2021"),
        ("من فاز العام الماضي؟", "2021"),
        ("去年谁赢了?", "2021"),
        ("작년에 누가 이겼나요?", "2021"),
        ("Ai đã thắng năm ngoái?", "2021"),
        ("Who has won this year?", "2022"),
        ("Qui a gagné cette année ?", "2022"),
        ("Wer hat dieses Jahr gewonnen?", "2022"),
        ("Chi ha vinto quest'anno?", "2022"),
        ("Who has won this month?", "2022-09"),
        ("Qui a gagné ce mois-ci ?", "2022-09"),
        ("What happened in July last year?", "2021-07"),
        ("Was geschah am 3. August letzten Jahres?", "2021-08-03"),
        ("Que s'est-il passé en août de l'année dernière ?", "2021-08"),
        ("Что произошло в июле прошлого года?", "2021-07"),
        ("去年7月发生了什么?", "2021-07"),
        ("May I ask who won last year?", "2021"),
    ],
)
def test_a_time_without_a_year_is_counted_back_from_the_newest_date(question: str, period: str) -> None:
    assert read_period(question, LATEST) == period
    assert read_period(question) == "", "with nothing to count back from, it is no time"


@pytest.mark.parametrize(
    ("question", "period"),
    [
        ("What happened in September?", "2022-09"),
        ("what happened in october?", "2021-10"),
        ("What was said in early May about the harbour?", "2022-05"),
        ("Que s'est-il passé en juillet ?", "2022-07"),
        ("Que s'est-il passé au mois d'août ?", "2022-08"),
        ("Welche Reden wurden im März gehalten?", "2022-03"),
        ("¿Qué pasó en mayo?", "2022-05"),
        ("Che cosa è successo a maggio?", "2022-05"),
        ("O que aconteceu em março?", "2022-03"),
        ("Wat gebeurde er in maart?", "2022-03"),
        ("Что произошло в мае?", "2022-05"),
    ],
)
def test_a_month_behind_its_preposition_is_the_last_one_that_the_corpus_tells_of(question: str, period: str) -> None:
    assert read_period(question, LATEST) == period


@pytest.mark.parametrize(
    "question",
    [
        "May I ask who won?",
        "Who may lead the party?",
        "La planète Mars est-elle habitée ?",
        "Mars passe-t-elle devant le Soleil ?",
        "Who filmed the March of the Penguins?",
        "Who sings in March of the Penguins?",
        "What is a set of rules?",
        "How many took part in march and song?",
        "Who was seen in august company?",
        "What happens in May Day parades?",
        "Who starred in August Rush?",
        "Who lived in May's house?",
        "Que s'est-il passé en mai 68 ?",
        "Who was killed in September 11 attacks?",
        "Que fête-t-on le 14 juillet ?",
        "What happens in July every year?",
        "What will happen in July next year?",
        "What happened in June and July?",
        "What happened in July or in August?",
        "Que se passera-t-il en juillet prochain ?",
        "¿Quién ayudó a Julio?",
        "¿Cuándo ha pasado Julio por Madrid?",
        "Who died in the last year of the war?",
        "What did he do in his last month in office?",
        "Was geschah im letzten Jahr des Krieges?",
        "How long did it last? Year after year?",
        "Un mois passe vite, qui l'a dit ?",
        "Welche Rolle spielte August der Starke?",
        "过去年代的生活怎么样?",
        "Was last year better than this year?",
        "Who recognised the republic?",
    ],
)
def test_what_is_no_time_or_not_one_time_is_counted_back_to_none(question: str) -> None:
    assert read_period(question, LATEST) == ""


@pytest.mark.parametrize(
    ("question", "latest", "period"),
    [
        ("What happened last July?", "2022-07", "2022-07"),
        ("What happened last July?", "2022-06-30", "2021-07"),
        ("What happened last July?", "2022", "2022-07"),
        ("Que s'est-il passé le 20 juillet dernier ?", "2022-07-19", "2021-07-20"),
        ("What happened last month?", "2022-01-31", "2021-12"),
        ("What happened last month?", "2022", ""),
        ("What happened this month?", "2022", ""),
        ("What happened last year?", "2022", "2021"),
        ("What happened in September 2019?", "2022", "2019-09"),
        ("What changed between 2019 and last year?", "2022", ""),
        ("Which report of 2019 speaks of last year?", "2022", "2019"),
        ("What changed from 2019 to 2021, and last year?", "2022", ""),
    ],
)
def test_what_it_is_counted_back_from_may_be_a_year_a_month_or_a_day(question: str, latest: str, period: str) -> None:
    assert read_period(question, latest) == period


def test_a_word_beside_a_year_is_its_month_only_right_beside_it() -> None:
    assert read_period("What may happen in 2022?") == "2022"
    assert read_period("Was geschah im September des Jahres 2022?") == "2022-09"


def test_only_a_year_that_the_question_says_rules_documents_out() -> None:
    assert is_of_other_time("2018", "2023-01", "The home side won.")
    assert not is_of_other_time("2018", "2023-01", "They won as in 2018.")
    assert not is_of_other_time("", "2023-01", "The home side won.")


def test_a_document_is_of_the_year_in_its_title_whenever_it_was_written() -> None:
    """The annual report of 2021 appears in 2022, and tells nothing of that year."""
    assert is_of_time("2021", "2022-03-15", "Annual report 2021")
    assert not is_of_time("2022", "2022-03-15", "Annual report 2021")
    assert is_of_time("2022", "2022-03-15", "Annual report")
    assert is_of_time("2022", "2022-03-15", "Annual report 2021–22"), "of several years its date tells"
    assert is_of_time("2022-03", "2022-03-15", "Strike of 2022")
    assert not is_of_time("2022-04", "2022-03-15", "Strike of 2022")
    assert not is_of_time("", "2022-03-15", "Annual report 2021")


def test_a_passage_that_names_the_year_tells_of_it_whenever_it_was_written() -> None:
    assert tells_of("2022", "2024-05", "A look back", "In 2022 there were 52 inspectors.")
    assert not tells_of("2022", "2024-05", "A look back", "There were 52 inspectors.")
    assert not tells_of("2022-07", "2024-05", "A look back", "In 2022 there were 52 inspectors.")
    assert tells_of("2022", "2022-05", "A look back", "There were 52 inspectors.")
    assert not tells_of("2022", "", "A look back", "In 2022 there were 52 inspectors."), "without dates all are alike"
    assert not tells_of("", "2022-05", "A look back", "In 2022 there were 52 inspectors.")


@pytest.mark.parametrize(
    ("date", "period", "same"),
    [
        ("2022-09-29", "2022-09", True),
        ("2022", "2022-09", True),
        ("2022-09", "2022-09-29", True),
        ("2022-10", "2022-09", False),
        ("2021", "2022", False),
        ("", "2022", False),
        ("2022", "", False),
    ],
)
def test_partial_dates_overlap_when_they_can_be_the_same_day(date: str, period: str, same: bool) -> None:
    assert overlaps(date, period) is same


@pytest.mark.parametrize(
    ("question", "period"),
    [
        ("ماذا جرى في ٦ فبراير ٢٠٢٣؟", "2023-02-06"),
        ("در ژوئیه ۲۰۲۲ چه کسی برنده شد؟", "2022-07"),
        ("जुलाई २०२२ में कौन जीता?", "2022-07"),
        ("２０２２年７月に誰が勝った？", "2022-07"),
    ],
)
def test_a_time_is_read_in_the_figures_of_every_script(question: str, period: str) -> None:
    assert read_period(question) == period
