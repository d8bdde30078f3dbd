"""The draft of a mission: what is asked next, what is understood, what refuses."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.domain import opening
from bot.domain.mission import Contact, Dossier, SearchState, Sex
from bot.domain.opening import (
    CRITERIA,
    EXCLUSIONS,
    OPTIONAL,
    REQUIRED,
    OpeningDraft,
    Question,
    Refusal,
    RefusalCause,
    Start,
    UsualAnswer,
)
from bot.domain.people import MissionId, PersonId
from bot.domain.region import Region, ServiceHours
from bot.region import load_region

DAY = date(2026, 10, 6)
NOW = datetime(2026, 10, 6, 7, 23, tzinfo=UTC)
OPEN = ServiceHours(
    is_open=True, closes_at=datetime(2026, 10, 6, 18, 0, tzinfo=UTC), next_opening=None, reason=None
)
CLOSED = ServiceHours(is_open=False, closes_at=None, next_opening=NOW, reason="ferme")

FULL = OpeningDraft(
    epoch=1,
    guided=False,
    last_name="KELLER",
    first_name="Odile",
    birth_date=date(1932, 2, 3),
    sex=Sex.FEMALE,
    address="12 rue des Tanneurs",
    postal_code="68200",
    commune="68224",
    patient_phone="+33353010012",
    motif="chute",
    decider="SAMURL68, médecin généraliste",
)

ELIGIBLE = replace(
    FULL,
    said=(*((line, True) for line in CRITERIA), *((line, False) for line in EXCLUSIONS)),
    transport=True,
)


@pytest.fixture(scope="module")
def region() -> Region:
    return load_region()


def hear(draft: OpeningDraft, question: Question | None, text: str, region: Region) -> OpeningDraft:
    return opening.hear(draft, question, text, region, DAY, fiction=True)


# What is asked


def test_an_empty_draft_asks_every_required_answer_in_order() -> None:
    assert opening.missing(OpeningDraft(epoch=1)) is REQUIRED[0]
    assert opening.count_missing(OpeningDraft(epoch=1)) == len(REQUIRED)


@pytest.mark.parametrize(
    ("gone", "question"),
    [
        ({"last_name": None}, Question.NAME),
        ({"birth_date": None}, Question.AGE),
        ({"sex": None}, Question.SEX),
        ({"address": None}, Question.ADDRESS),
        ({"commune": None}, Question.COMMUNE),
        ({"patient_phone": None}, Question.PHONE),
        ({"motif": None}, Question.MOTIF),
        ({"decider": None}, Question.DECIDER),
    ],
)
def test_only_what_is_missing_is_asked(gone: dict[str, None], question: Question) -> None:
    assert opening.missing(replace(FULL, **gone)) is question  # type: ignore[arg-type]


def test_the_callers_number_is_one_to_call_back() -> None:
    draft = replace(FULL, patient_phone=None, caller=Contact("Anne", "+33639980099", "fille"))

    assert opening.missing(draft) is Question.CRITERIA


def test_an_age_of_nought_is_known() -> None:
    assert opening.missing(replace(FULL, birth_date=None, age=0)) is Question.CRITERIA


def test_the_optional_questions_are_asked_only_without_a_paste() -> None:
    draft = replace(FULL, guided=True)

    for question in OPTIONAL:
        assert opening.missing(draft) is question
        draft = replace(draft, passed=(*draft.passed, question))
    assert opening.missing(draft) is Question.CRITERIA


def test_a_complete_draft_may_be_confirmed() -> None:
    assert opening.missing(ELIGIBLE) is None


def test_a_duplicate_is_asked_once() -> None:
    seen = replace(ELIGIBLE, duplicates_seen=(MissionId(7),))

    assert opening.missing(ELIGIBLE, duplicates=[MissionId(7)]) is Question.DUPLICATE
    assert opening.missing(seen, duplicates=[MissionId(7)]) is None
    assert opening.missing(seen, duplicates=[MissionId(7), MissionId(8)]) is Question.DUPLICATE


def test_a_usual_idel_is_asked_first_and_her_hour_when_she_accepts(region: Region) -> None:
    named = replace(ELIGIBLE, usual_idel=Contact("Amina Benali"))
    assert opening.missing(named) is Question.USUAL

    accepts = opening.press(named, "usual", UsualAnswer.ACCEPTS.value, region)
    assert accepts is not None
    assert opening.missing(accepts) is Question.ESTIMATE
    assert opening.missing(replace(accepts, estimate=20)) is None
    later = opening.press(accepts, "estimate", "later", region)
    assert later is not None
    assert opening.missing(later) is None


# What refuses


def test_nothing_stands_against_a_full_draft() -> None:
    assert opening.refusal(ELIGIBLE, OPEN, DAY, 3) is None


@pytest.mark.parametrize("birth", [date(2023, 10, 7), date(2026, 1, 1)])
def test_under_three_is_refused_to_the_day(birth: date) -> None:
    assert opening.refusal(replace(FULL, birth_date=birth), OPEN, DAY, 3) == Refusal(RefusalCause.AGE)


def test_three_today_is_not_refused() -> None:
    assert opening.refusal(replace(FULL, birth_date=date(2023, 10, 6)), OPEN, DAY, 3) is None


@pytest.mark.parametrize("line", CRITERIA)
def test_every_criterion_must_be_met(line: str) -> None:
    draft = opening.say(ELIGIBLE, {line: False})

    assert opening.refusal(draft, OPEN, DAY, 3) == Refusal(RefusalCause.CRITERION, line)


@pytest.mark.parametrize("line", EXCLUSIONS)
def test_every_exclusion_refuses(line: str) -> None:
    draft = opening.say(ELIGIBLE, {line: True})

    assert opening.refusal(draft, OPEN, DAY, 3) == Refusal(RefusalCause.EXCLUSION, line)


def test_closed_hours_refuse_all_but_an_exercice(region: Region) -> None:
    exercise = opening.invented(OpeningDraft(epoch=1), region)

    assert opening.refusal(ELIGIBLE, CLOSED, DAY, 3) == Refusal(RefusalCause.CLOSED)
    assert opening.refusal(exercise, CLOSED, DAY, 3) is None


# What is understood


@pytest.mark.parametrize(
    ("question", "text", "field", "value"),
    [
        (Question.NAME, "Mme KELLER Odile", "last_name", "KELLER"),
        (Question.NAME, "Keller", "last_name", "Keller"),
        (Question.AGE, "3/2/1932", "birth_date", date(1932, 2, 3)),
        (Question.AGE, "94", "age", 94),
        (Question.AGE, "18 mois", "age", 1),
        (Question.SEX, "Homme", "sex", Sex.MALE),
        (Question.ADDRESS, "12 rue des Tanneurs, 68200 Mulhouse", "commune", "68224"),
        (Question.ADDRESS, "Ferme du Haut", "address", "Ferme du Haut"),
        (Question.COMMUNE, "mulhouse", "commune", "68224"),
        (Question.PHONE, "03 53 01 00 12", "patient_phone", "+33353010012"),
        (Question.PHONE, "fille 06 39 98 00 99", "caller", Contact("", "+33639980099", "fille")),
        (Question.MOTIF, "tombée hier soir", "motif", "chute"),
        (Question.DECIDER, "SAMURL68, médecin généraliste", "decider", "SAMURL68, médecin généraliste"),
        (Question.ACCESS, "2e étage, code 4B71", "door_code", "4B71"),
        (Question.ACCESS, "par la cour", "floor", "par la cour"),
        (
            Question.MEDECIN_TRAITANT,
            "Dr Weber 06 39 98 00 24",
            "medecin_traitant",
            Contact("Dr Weber", "+33639980024"),
        ),
        (Question.USUAL_IDEL, "Amina Benali", "usual_idel", Contact("Amina Benali")),
    ],
)
def test_a_typed_answer(question: Question, text: str, field: str, value: object, region: Region) -> None:
    heard = hear(OpeningDraft(epoch=1), question, text, region)

    assert getattr(heard, field) == value
    assert heard.unread == ""


def test_what_is_not_understood_is_shown_and_asked_again(region: Region) -> None:
    heard = hear(replace(FULL, patient_phone=None), Question.PHONE, "06 12", region)

    assert heard.unread == "06 12"
    assert opening.missing(heard) is Question.PHONE


def test_a_short_paste_is_not_taken_for_the_answer(region: Region) -> None:
    heard = hear(
        OpeningDraft(epoch=1), Question.NAME, "Mme KELLER Odile née le 03/02/1932, 68200 Mulhouse", region
    )

    assert (heard.last_name, heard.birth_date, heard.commune) == ("KELLER", date(1932, 2, 3), "68224")
    assert not heard.guided


def test_a_later_paste_corrects_and_adds(region: Region) -> None:
    heard = hear(
        FULL, Question.CRITERIA, "née le 04/02/1932\nTel patiente 03 53 01 00 13\nle chat mord", region
    )

    assert heard.birth_date == date(1932, 2, 4)
    assert heard.patient_phone == "+33353010013"
    assert heard.last_name == "KELLER"
    assert heard.notes == ("le chat mord",)


def test_a_sentence_nobody_understands_is_a_note(region: Region) -> None:
    heard = hear(FULL, Question.CRITERIA, "le chat mord", region)

    assert heard.notes == ("le chat mord",)


def test_a_shared_postal_code_leaves_the_communes_to_choose(region: Region) -> None:
    heard = hear(replace(FULL, commune=None), Question.COMMUNE, "68210", region)
    assert opening.missing(heard) is Question.COMMUNE
    assert len(heard.communes) > 20

    settled = opening.press(heard, "commune", heard.communes[3], region)

    assert settled is not None
    assert (settled.commune, settled.communes, settled.postal_code) == (heard.communes[3], (), "68210")


def test_an_exercice_hears_nothing(region: Region) -> None:
    exercise = opening.invented(OpeningDraft(epoch=1), region)

    heard = hear(
        exercise, Question.RINGS, "Mme KELLER Odile 94 ans, 12 rue des Tanneurs 68200 Mulhouse", region
    )

    assert replace(heard, unread="") == exercise


# Buttons


@pytest.mark.parametrize(
    ("name", "value"),
    [("commune", "68224"), ("motif", "nothing"), ("sex", "x"), ("line", "age.1"), ("skip", "?"), ("?", "1")],
)
def test_a_button_that_says_nothing_now_changes_nothing(name: str, value: str, region: Region) -> None:
    assert opening.press(FULL, name, value, region) is None


def test_the_two_taps_and_their_opening_line_by_line(region: Region) -> None:
    lines = opening.press(FULL, "criteria", "lines", region)
    assert lines is not None
    assert Question.CRITERIA in lines.line_by_line
    assert opening.next_line(lines, Question.CRITERIA) == CRITERIA[0]

    at_once = opening.press(FULL, "criteria", "all", region)
    assert at_once is not None
    assert opening.missing(at_once) is Question.EXCLUSIONS
    both = opening.press(at_once, "exclusions", "all", region)
    assert both is not None
    assert opening.missing(both) is Question.TRANSPORT


def test_correcting_asks_that_question_again(region: Region) -> None:
    asked = opening.press(ELIGIBLE, "fix", "address", region)
    assert asked is not None
    assert opening.missing(asked) is Question.ADDRESS

    heard = hear(asked, Question.ADDRESS, "14 rue des Tanneurs", region)

    assert (heard.address, opening.missing(heard)) == ("14 rue des Tanneurs", None)


def test_correcting_to_nobody(region: Region) -> None:
    named = replace(ELIGIBLE, medecin_traitant=Contact("Dr Weber"))
    asked = opening.press(named, "fix", "mt", region)
    assert asked is not None

    nobody = opening.press(asked, "skip", "mt", region)

    assert nobody is not None
    assert nobody.medecin_traitant is None


# The start


def test_the_mission_of_a_draft(region: Region) -> None:
    start = Start(412, PersonId(1), PersonId(4), OPEN, NOW)

    mission = opening.mission_of(ELIGIBLE, start, region)

    assert (mission.number, mission.year, mission.age) == (412, 2026, 94)
    assert mission.limit == NOW + timedelta(hours=6)
    assert mission.search.answer_by == NOW + timedelta(minutes=30)
    assert mission.search.state is SearchState.OFFERED
    assert mission.closes_at == OPEN.closes_at
    assert mission.funded
    assert mission.transport_avoided is True


def test_a_mission_without_an_age_is_none(region: Region) -> None:
    with pytest.raises(ValueError, match="an age"):
        opening.mission_of(OpeningDraft(epoch=1), Start(1, PersonId(1), None, OPEN, NOW), region)


def test_the_dossier_has_the_code_of_its_commune(region: Region) -> None:
    dossier = opening.dossier_of(replace(FULL, postal_code=None), region)

    assert dossier.commune_name == "Mulhouse"
    assert dossier.postal_code in ("68100", "68200")
    assert dossier.birth_date == "1932-02-03"


@pytest.mark.parametrize(
    ("last", "first", "phone", "same"),
    [
        ("Keller", "ODILE", None, True),
        ("KELLER", "", None, True),
        ("KELLER", "Marc", None, False),
        ("Muller", "Odile", None, False),
        ("Muller", "Jean", "+33353010012", True),
    ],
)
def test_the_same_patient(last: str, first: str, phone: str | None, same: bool) -> None:
    dossier = Dossier(last, first, None, "", "68200", "Mulhouse", patient_phone=phone)

    assert opening.same_patient(FULL, dossier) is same


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Dr Zita Muller", ("Muller", "Zita")),
        ("Dr MULLER Zita", ("MULLER", "Zita")),
        ("Docteur Muller", ("Muller", "")),
        ("Muller", ("Muller", "")),
    ],
)
def test_a_doctors_name_is_split(name: str, parts: tuple[str, str]) -> None:
    assert opening.split_name(name) == parts
