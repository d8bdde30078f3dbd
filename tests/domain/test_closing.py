"""After the care: who is asked what, when a mission is closed, and what enters the journal."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import billing, closing, ending, night
from bot.domain.closing import Question
from bot.domain.mission import (
    CallReason,
    EndReason,
    Mission,
    MissionState,
    NightOwner,
    PatientOutcome,
    Prescription,
    SearchState,
)
from bot.domain.outcome import Event, Outcome, SetTimer, TimerKind, to_group, to_party, to_person
from bot.region import load_region
from tests.domain.missions import AMINA, MOREL, NOW, a_mission, taken, with_doctor

REGION = load_region()
LATER = NOW + timedelta(minutes=90)


def kinds(outcome: Outcome, place: object = None) -> list[str]:
    return [n.kind for n in outcome.notices if place is None or n.to == place]


def event(outcome: Outcome, kind: str) -> Event:
    return next(e for e in outcome.events if e.kind == kind)


def answered(mission: Mission) -> Outcome:
    """Her three answers."""
    first = closing.answer_acts(mission, AMINA, "0", LATER)
    second = closing.answer_outcome(first.mission, AMINA, PatientOutcome.HOME, LATER)
    return closing.answer_prescription(second.mission, AMINA, Prescription.GIVEN, LATER)


def test_who_worked_is_asked() -> None:
    outcome = ending.done(with_doctor(), "Amina B.", LATER)

    assert outcome.mission.state is MissionState.CLOSING
    assert "closing.idel" in kinds(outcome, to_person(AMINA))
    assert "closing.doctor" in kinds(outcome, to_party(MOREL))
    assert outcome.released == AMINA


def test_a_doctor_whom_only_a_telephone_reaches_is_not_waited_for() -> None:
    over = ending.done(with_doctor(by_phone=True), "Amina B.", LATER).mission

    assert closing.waits_for(over) == ("idel",)
    assert answered(over).mission.state is MissionState.CLOSED


def test_closed_when_each_side_is_done_in_any_order() -> None:
    over = ending.done(with_doctor(), "Amina B.", LATER).mission

    nurse_first = closing.doctor_done(answered(over).mission, MOREL, LATER)
    doctor_first = answered(closing.doctor_done(over, MOREL, LATER).mission)

    for outcome in (nurse_first, doctor_first):
        assert outcome.mission.state is MissionState.CLOSED
        facts = event(outcome, "mission.closed").facts
        assert (facts["outcome"], facts["position"], facts["minutes"]) == ("home", 2, 90)


def test_without_a_doctor_only_the_patient_is_asked_about() -> None:
    over = ending.done(taken(), "Amina B.", LATER).mission

    assert closing.questions(over) == (Question.OUTCOME,)
    assert closing.waits_for(over) == ("idel",)


def test_the_same_answer_twice_changes_nothing() -> None:
    over = ending.done(with_doctor(), "Amina B.", LATER).mission
    done = answered(over).mission

    again = closing.answer_prescription(done, AMINA, Prescription.NONE, LATER)

    assert again.mission == done
    assert not again.events


@pytest.mark.parametrize("reason", [r for r in EndReason if r not in (EndReason.DONE, EndReason.REORIENTED)])
def test_every_end_releases_the_nurse_and_stops_every_search(reason: EndReason) -> None:
    outcome = ending.end(with_doctor(), reason, "Léa M.", None, LATER)

    assert outcome.released == AMINA
    assert outcome.mission.state is not MissionState.OPEN
    assert event(outcome, "mission.ended").facts["reason"] == reason.value
    assert event(outcome, "mission.ended").facts["minutes"] == 90
    stopped = {t.kind for t in outcome.timers if not isinstance(t, SetTimer)}
    assert {TimerKind.SEARCH_TIME_UP, TimerKind.LATE_ARRIVAL, TimerKind.DOCTOR_SILENT} <= stopped


def test_an_end_before_anybody_came_asks_nothing_and_tells_everybody() -> None:
    outcome = ending.end(with_doctor(arrived=False), EndReason.CANCELLED, "Léa M.", "other", LATER)

    assert outcome.mission.state is MissionState.CLOSED
    assert "closing.ended" in kinds(outcome, to_person(AMINA))
    assert "closing.ended" in kinds(outcome, to_party(MOREL))
    assert "closing.over" in kinds(outcome, to_group(outcome.mission.id))
    assert CallReason.CANCELLED in outcome.mission.patient_calls


@pytest.mark.parametrize("detail", ["patient", "duplicate"])
def test_a_patient_who_knows_is_not_called(detail: str) -> None:
    outcome = ending.end(taken(arrived=False), EndReason.CANCELLED, "Léa M.", detail, LATER)

    assert outcome.mission.patient_calls == ()


def test_an_end_while_nurses_are_asked_shuts_their_offers() -> None:
    outcome = ending.end(a_mission(), EndReason.CANCELLED, "Léa M.", "other", LATER)

    assert outcome.shut_offers
    assert outcome.mission.search.state is SearchState.ENDED


def test_an_end_after_the_end_changes_nothing() -> None:
    over = ending.end(taken(), EndReason.OTHER_EFFECTOR, "Léa M.", None, LATER).mission

    again = ending.end(over, EndReason.CANCELLED, "Hugo S.", "other", LATER)

    assert again.mission == over
    assert not again.events


def test_nobody_can_be_absent_where_nobody_went() -> None:
    assert not ending.end(a_mission(), EndReason.ABSENT, "Léa M.", None, LATER).events


def test_a_doctor_who_was_in_the_video_still_bills_after_a_technical_failure() -> None:
    before = ending.end(with_doctor(), EndReason.TECHNICAL, "Léa M.", "network", LATER).mission
    during = ending.end(with_doctor(video=True), EndReason.TECHNICAL, "Léa M.", "network", LATER).mission

    assert not before.closing.doctor_asked
    assert during.closing.doctor_asked


def test_reminders_come_three_times_then_osnp_are_told() -> None:
    mission = ending.done(with_doctor(), "Amina B.", LATER).mission

    for key in ("1", "2", "3"):
        outcome = closing.remind(mission, key, LATER)
        assert kinds(outcome) == ["closing.idel", "closing.doctor"]
        (following,) = outcome.timers
        assert isinstance(following, SetTimer)
        assert following.key == str(int(key) + 1)
    assert kinds(closing.remind(mission, "4", LATER)) == ["closing.unanswered"]
    assert not closing.remind(mission, "4", LATER).timers


def test_a_reminder_of_a_closed_mission_is_harmless() -> None:
    mission = replace(with_doctor(), state=MissionState.CLOSED)

    assert not closing.remind(mission, "2", LATER).notices


# Money enters the journal once, at the end


def test_what_the_nurse_bills_is_written_down_when_she_has_answered() -> None:
    over = ending.done(with_doctor(), "Amina B.", LATER).mission

    facts = event(billing.settle(REGION, answered(over), LATER), "billing.idel").facts

    assert (facts["code"], facts["amount"]) == ("TLD", "15.00")
    assert (facts["decision"], facts["reason"], facts["indemnity"]) == ("due", "arrived", "27.00")


def test_a_nurse_who_never_came_is_to_be_arbitrated() -> None:
    ended = ending.end(taken(arrived=False), EndReason.CANCELLED, "Léa M.", "other", LATER)

    facts = event(billing.settle(REGION, ended, LATER), "billing.idel").facts

    assert (facts["decision"], facts["reason"]) == ("to_arbitrate", "ended_before_arrival")
    assert facts["code"] is None


def test_outside_the_funding_window_it_is_to_be_arbitrated() -> None:
    november = timedelta(days=49)
    mission = replace(with_doctor(), triggered_at=NOW + november)
    over = ending.done(mission, "Amina B.", LATER + november).mission

    facts = event(billing.settle(REGION, answered(over), LATER + november), "billing.idel").facts

    assert (facts["decision"], facts["reason"]) == ("to_arbitrate", "not_funded")


def test_the_medecin_traitant_bills_no_snp() -> None:
    mission = with_doctor()
    chosen = mission.cascade.doctor
    assert chosen is not None
    traitant = replace(mission.cascade, doctor=replace(chosen, step=REGION.steps[0].step))
    over = ending.done(replace(mission, cascade=traitant), "Amina B.", LATER).mission

    done = billing.settle(REGION, closing.doctor_done(over, MOREL, LATER), LATER)

    assert event(done, "billing.doctor").facts["codes"] == "TCG"


def test_what_is_forgotten_and_when() -> None:
    over = billing.settle(REGION, ending.done(with_doctor(), "Amina B.", LATER), LATER)
    closed = billing.settle(REGION, closing.doctor_done(answered(over.mission).mission, MOREL, LATER), LATER)

    def forgets(outcome: Outcome) -> list[timedelta]:
        timers = (t for t in outcome.timers if isinstance(t, SetTimer) and t.kind == TimerKind.FORGET)
        return [t.due - LATER for t in timers]

    assert forgets(over) == [timedelta(hours=40)]
    assert forgets(closed) == [timedelta(hours=4)]


# The owner of the night


def test_a_mission_within_the_hours_needs_no_owner_of_the_night() -> None:
    assert not night.owner_due(a_mission(), "", NOW).notices


def test_the_owner_of_the_night_is_given_to_both() -> None:
    mission = replace(with_doctor(), closes_at=NOW + timedelta(hours=3))

    asked = night.owner_due(mission, "", NOW)
    named = night.name_owner(asked.mission, NightOwner("Dr Ott", "+33639980077"), "Léa M.")

    assert kinds(asked) == ["closing.night_owner"]
    assert "closing.night_told" in kinds(named, to_person(AMINA))
    assert "closing.night_told" in kinds(named, to_party(MOREL))
    assert not night.owner_due(named.mission, "2", NOW).notices
