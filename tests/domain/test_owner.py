"""Who must act next, moment by moment of a mission."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import (
    cascade,
    cascade_answers,
    cascade_control,
    ending,
    search,
    search_answers,
    search_unanswered,
    video_hour,
    visio,
    visit,
    worsening,
)
from bot.domain.mission import EndReason, Mission, MissionState, Orientation, Search, SearchState, Sex
from bot.domain.owner import Deed, Owner, Who, owner
from bot.domain.people import CascadeStep, MissionId, OrganisationId, Party, Person, PersonId, Role
from bot.domain.rosters import Askable, Roster, Rosters
from bot.domain.waves import Candidate, at_once
from tests.domain.test_machines import LIMIT, OPERATOR, REGULATEUR, RULES, START, STEPS

AMINA = Person(PersonId(1), Role.IDEL, "BENALI", "Amina", on_telegram=True)
CLAIRE = Party.person(PersonId(22))
HOUSE = Party.organisation(OrganisationId(31))
IDEL = Party.person(AMINA.id)
LEA = Party.person(OPERATOR)
PAUL = Party.person(REGULATEUR)
ROSTERS = {CascadeStep.EFFECTEUR_SAS: Roster((Askable(CLAIRE),))}

NEW = Mission(
    id=MissionId(1),
    number=412,
    year=2026,
    state=MissionState.OPEN,
    operator=OPERATOR,
    requested_by="SAMURL68, médecin généraliste",
    triggered_at=START,
    limit=LIMIT,
    closes_at=None,
    age=94,
    sex=Sex.FEMALE,
    commune="68224",
    motif="chute",
    rules=RULES,
    search=Search(SearchState.OFFERED, 1, START, START + RULES.answer),
    regulateur=REGULATEUR,
)
OFFER = search.start(NEW, at_once([Candidate(AMINA, 1.0)]), START)


def taken(estimate: int | None = 40) -> Mission:
    won = search_answers.accept(
        OFFER.mission, OFFER.offers[0], AMINA, elsewhere=None, estimate=estimate, now=START
    )
    return won.mission


def with_doctors_asked(rosters: Rosters = ROSTERS) -> Mission:
    return cascade.start(taken(), STEPS, rosters, START).mission


def with_a_doctor(party: Party = CLAIRE) -> Mission:
    rosters = {CascadeStep.EFFECTEUR_SAS: Roster((Askable(party),))}
    mission = with_doctors_asked(rosters)
    return cascade_answers.accept(mission, party, video_hour.earliest(mission, START), START).mission


def test_while_nurses_are_asked_nobody_is_meant_by_name() -> None:
    found = owner(OFFER.mission, START)
    assert found == Owner(Who.IDELS, Deed.ANSWER_OFFER, before=START + RULES.answer)
    assert not found.is_named


def test_the_usual_nurse_alone_is_asked() -> None:
    mission = search.start_with_usual(NEW, Candidate(AMINA, 1.0), START).mission
    assert owner(mission, START) == Owner(Who.IDEL, Deed.ANSWER_OFFER, IDEL, START + RULES.answer)


@pytest.mark.parametrize("candidates", [[], [Candidate(replace(AMINA, on_telegram=False), 1.0)]])
def test_when_the_bot_reaches_nobody_the_operator_phones(candidates: list[Candidate]) -> None:
    mission = search.start(NEW, at_once(candidates), START).mission
    assert owner(mission, START) == Owner(Who.OPERATOR, Deed.PHONE_IDELS, LEA, START + RULES.answer)


def test_when_everybody_has_refused_the_operator_phones() -> None:
    mission = search_answers.refuse(OFFER.mission, OFFER.offers[0], AMINA, START).mission
    assert owner(mission, START).deed is Deed.PHONE_IDELS


def test_nobody_in_thirty_minutes_is_for_the_regulateur() -> None:
    now = START + RULES.answer
    mission = search_unanswered.time_is_up(OFFER.mission, 1, now).mission
    assert owner(mission, now) == Owner(Who.REGULATEUR, Deed.DECIDE, PAUL, LIMIT)
    late = search_answers.accept(
        mission, OFFER.offers[0], AMINA, elsewhere=None, estimate=20, now=now
    ).mission
    assert owner(late, now).deed is Deed.ANSWER_LATE


def test_without_a_regulateur_the_role_is_still_named() -> None:
    mission = replace(
        search_unanswered.time_is_up(OFFER.mission, 1, START + RULES.answer).mission, regulateur=None
    )
    assert owner(mission, START).is_named
    assert owner(mission, START).party is None


def test_the_nurse_says_her_hour_then_the_operator_asks_for_it() -> None:
    mission = taken(estimate=None)
    assert owner(mission, START) == Owner(Who.IDEL, Deed.SAY_HOUR, IDEL, START + RULES.visit_hour)
    assert owner(mission, START + RULES.visit_hour) == Owner(Who.OPERATOR, Deed.SAY_HOUR, LEA, LIMIT)
    left = visit.leave_hour_to_osnp(mission).mission
    assert owner(left, START).who is Who.OPERATOR


def test_doctors_are_asked_by_nobody_s_name() -> None:
    found = owner(with_doctors_asked(), START)
    assert found == Owner(Who.DOCTORS, Deed.ANSWER_OFFER, before=START + timedelta(minutes=15))
    assert not found.is_named


def test_a_step_to_phone_is_the_operator_s() -> None:
    rosters = {CascadeStep.SELAS: Roster((Askable(HOUSE, by_phone=True),))}
    assert owner(with_doctors_asked(rosters), START).deed is Deed.PHONE_DOCTOR


def test_a_paused_cascade_is_the_operator_s() -> None:
    mission = cascade_control.pause(with_doctors_asked(), START).mission
    assert owner(mission, START) == Owner(Who.OPERATOR, Deed.RESUME, LEA, START + RULES.pause)


def test_no_doctor_left_is_for_the_regulateur() -> None:
    assert owner(with_doctors_asked({}), START) == Owner(Who.REGULATEUR, Deed.DECIDE, PAUL, LIMIT)


def test_once_a_doctor_is_found_the_nurse_comes_and_a_late_one_is_phoned() -> None:
    mission = with_a_doctor()
    hour = START + timedelta(minutes=40)
    assert owner(mission, START) == Owner(Who.IDEL, Deed.ARRIVE, IDEL, hour)
    late = hour + RULES.late_arrival
    assert owner(mission, late) == Owner(Who.OPERATOR, Deed.PHONE_IDEL, LEA, LIMIT)
    there = visit.arrive(mission, late).mission
    assert owner(there, late).deed is Deed.CARE


def test_a_house_names_its_doctor() -> None:
    mission = with_a_doctor(HOUSE)
    assert owner(mission, START) == Owner(Who.DOCTOR, Deed.NAME_DOCTOR, HOUSE, mission.cascade.video_at)
    doctor = mission.cascade.doctor
    assert doctor is not None
    phoned = mission.with_(cascade=replace(mission.cascade, doctor=replace(doctor, by_phone=True)))
    assert owner(phoned, START).deed is Deed.ARRIVE  # nobody can be asked in a chat it has not
    named = cascade_answers.name_doctor(mission, HOUSE, "Dr Haas", None).mission
    assert owner(named, START).deed is Deed.ARRIVE


def test_a_new_hour_is_agreed_by_the_other_side_and_else_by_the_operator() -> None:
    mission = with_a_doctor()
    moved = visit.set_hour(mission, START + timedelta(hours=2), "Amina B.", START).mission
    asked = cascade.moved(moved, START).mission
    assert owner(asked, START).deed is Deed.AGREE_HOUR
    assert owner(asked, START).party == CLAIRE
    declined = video_hour.decline_hour(asked, CLAIRE).mission
    assert owner(declined, START).who is Who.OPERATOR

    own = video_hour.propose(mission, CLAIRE, START + timedelta(hours=2), START).mission
    assert owner(own, START).party == IDEL
    assert owner(own, START + timedelta(hours=2)).who is Who.OPERATOR


def test_a_patient_who_worsens_is_for_the_regulateur_whatever_else_is_under_way() -> None:
    mission = worsening.worsen(with_a_doctor(), "Amina B.", by_idel=True, now=START).mission
    assert owner(mission, START) == Owner(Who.REGULATEUR, Deed.DECIDE, PAUL, LIMIT)


def test_after_the_care_each_side_answers_and_the_patient_is_told() -> None:
    there = visit.arrive(with_a_doctor(), START).mission
    over = ending.done(visit.finish(there, START).mission, "Amina B.", START).mission
    assert owner(over, START) == Owner(Who.OPERATOR, Deed.CALL_PATIENT, LEA)
    told = visit.patient_told(over, "Léa M.", START).mission
    assert owner(told, START) == Owner(Who.IDEL, Deed.CLOSE, IDEL)
    hers = replace(told, closing=replace(told.closing, idel_done_at=START))
    assert owner(hers, START) == Owner(Who.DOCTOR, Deed.CLOSE, CLAIRE)


def test_a_mission_that_is_over_wants_nobody_but_the_call_that_is_owed() -> None:
    up = search_unanswered.time_is_up(OFFER.mission, 1, START + RULES.answer).mission
    gone = search_unanswered.orient(
        up, Orientation.SMUR, decided_by="Dr Roth", noted_by=None, text=None, now=START + RULES.answer
    ).mission
    assert owner(gone, START).deed is Deed.CALL_PATIENT
    assert owner(replace(gone, patient_calls=()), START) == Owner(Who.NOBODY, Deed.NOTHING)


def test_an_end_by_the_operator_leaves_nothing_open() -> None:
    ended = ending.end(OFFER.mission, EndReason.CANCELLED, "Léa M.", "patient", START).mission
    assert not visio.is_live(ended)
    assert owner(ended, START).who is Who.NOBODY
