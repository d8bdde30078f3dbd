"""The region's questionnaire: what is asked next, what counts as an answer, until when."""

from dataclasses import replace

from bot.domain import questionnaire
from bot.domain.mission import MissionState, Visio, Visit
from bot.domain.people import Person, Role
from bot.domain.questionnaire import IDEL, OSNP, Answers
from bot.domain.region import Question, Region
from bot.region import load_region
from tests.domain.missions import AMINA, NOW, a_mission, taken

HERSELF = Person(AMINA, Role.IDEL, "BENALI", "Amina")
YES_NO = (("oui", "Oui"), ("non", "Non"))
REGION: Region = replace(
    load_region(),
    questions=(
        Question("seul", "Vit seul(e) ?", YES_NO, OSNP),
        Question("porte", "Peut ouvrir la porte ?", YES_NO, OSNP),
        Question("etat", "État général ?", (("bon", "Conservé"), ("altere", "Altéré")), IDEL),
        Question("mange", "Mange ?", YES_NO, IDEL),
    ),
)


def test_each_side_is_asked_its_own_in_the_order_of_the_file() -> None:
    answers: Answers = ()
    asked = []
    while question := questionnaire.next_question(REGION, IDEL, answers):
        asked.append(question.key)
        changed = questionnaire.answer(REGION, IDEL, answers, question.key, question.choices[0][0])
        assert changed is not None
        answers = changed
    assert asked == ["etat", "mange"]
    assert questionnaire.next_question(REGION, OSNP, answers) == REGION.questions[0]


def test_a_choice_or_a_question_that_the_file_does_not_have_is_no_answer() -> None:
    assert questionnaire.answer(REGION, IDEL, (), "etat", "oui") is None
    assert questionnaire.answer(REGION, IDEL, (), "autre", "oui") is None
    assert questionnaire.answer(REGION, IDEL, (), "seul", "oui") is None  # the other side's
    assert questionnaire.answer(REGION, IDEL, (), "etat", questionnaire.PASSED) is None


def test_passing_over_leaves_what_was_answered_and_tells_nothing() -> None:
    answers = questionnaire.pass_over(REGION, IDEL, (("etat", "bon"), ("seul", "non")))

    assert questionnaire.next_question(REGION, IDEL, answers) is None
    assert questionnaire.told(REGION, answers) == (("Vit seul(e)", "Non"), ("État général", "Conservé"))


def test_an_answer_to_a_question_that_left_the_file_is_not_told() -> None:
    fewer = replace(REGION, questions=REGION.questions[:1])

    assert questionnaire.told(fewer, (("seul", "oui"), ("etat", "bon"), ("mange", "x"))) == (
        ("Vit seul(e)", "Oui"),
    )
    assert questionnaire.told(REGION, (("seul", "parfois"),)) == ()


def test_the_nurse_answers_at_the_patient_s_until_the_video_has_ended() -> None:
    there = taken()
    assert questionnaire.is_open(there)
    assert questionnaire.is_open(replace(there, visio=Visio("room", NOW)))
    for closed in (
        a_mission(),
        taken(arrived=False),
        replace(there, visit=Visit()),
        replace(there, state=MissionState.CLOSING),
        replace(there, visio=Visio("room", NOW, ended=True)),
    ):
        assert not questionnaire.is_open(closed)
        assert questionnaire.ask(closed, REGION, ()) == ()
        assert questionnaire.on_screen(closed, REGION, (), "etat") is None


def test_what_was_answered_is_not_asked_but_shown_again_to_correct_it() -> None:
    answers: Answers = (("etat", "bon"), ("mange", ""))

    assert questionnaire.ask(taken(), REGION, answers) == ()
    assert questionnaire.on_screen(taken(), REGION, answers) is None
    assert questionnaire.on_screen(taken(), REGION, answers, "etat") == REGION.questions[2]


def test_the_same_answer_again_changes_nothing_and_the_journal_has_no_answer() -> None:
    before: Answers = (("etat", "bon"),)

    assert questionnaire.answered(taken(), before, before, HERSELF).events == ()
    changed = questionnaire.answered(taken(), before, (("etat", "altere"),), HERSELF)
    assert [dict(event.facts) for event in changed.events] == [{"by": "idel", "answers": 1}]
    assert all("altere" not in str(notice.facts) for notice in changed.notices)
