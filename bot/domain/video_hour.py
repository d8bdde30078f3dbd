"""The hour of the video: which may be tapped, and how both sides agree on another one.

One side proposes, the other accepts; OSNP may settle it on the telephone. Pure: no words, storage or clock.
"""

from datetime import datetime, timedelta

from bot.domain.mission import ChosenDoctor, HourProposal, Mission, MissionState, VisitState
from bot.domain.outcome import Answer, Event, Fact, Notice, Outcome, nothing, to_group, to_party, to_person
from bot.domain.people import CascadeStep, Party

#: Hours offered are full fives.
GRAIN = timedelta(minutes=5)

#: Between the first and the second hour on an offer.
SECOND_HOUR = timedelta(minutes=20)

#: Between the hours behind «Autre heure».
SPACING = timedelta(minutes=15)

#: How many hours stand behind «Autre heure».
MANY_HOURS = 12


def earliest(mission: Mission, now: datetime, begins: datetime | None = None) -> datetime:
    """The first hour a doctor may tap: arrival + 15 min, or in ten minutes once the nurse is there."""
    visit, rules = mission.visit, mission.rules
    if visit.state is VisitState.ON_SITE or visit.expected_at is None:
        first = now + rules.visio_on_site
    else:
        first = max(visit.expected_at + rules.visio_after_arrival, now + rules.visio_on_site)
    return _round_up(max(first, begins) if begins else first)


def _round_up(at: datetime) -> datetime:
    floor = at.replace(minute=at.minute - at.minute % 5, second=0, microsecond=0)
    return floor if floor == at else floor + GRAIN


def hours(
    mission: Mission,
    now: datetime,
    *,
    many: bool = False,
    begins: datetime | None = None,
    ends: datetime | None = None,
) -> tuple[datetime, ...]:
    """The hours to tap, up to the limit and the end of the turn of duty; always at least the first one."""
    first = earliest(mission, now, begins)
    last = min(mission.limit, ends) if ends else mission.limit
    if not many:
        second = first + SECOND_HOUR
        return (first, second) if second <= last else (first,)
    all_hours = (first + n * SPACING for n in range(MANY_HOURS))
    return tuple(hour for hour in all_hours if hour == first or hour <= last)


def begins_of(mission: Mission, party: Party, step: CascadeStep | None = None) -> datetime | None:
    """Before which no hour is that party's: their own turn of duty, or the garde of the region."""
    for asked in reversed(mission.cascade.steps):
        if step not in (None, asked.step):
            continue
        for offer in asked.offers:
            if offer.party == party:
                return offer.begins or asked.begins
    return None


def refusal(mission: Mission, hour: datetime, now: datetime, begins: datetime | None) -> Outcome | None:
    """Why that hour cannot be; None when it can."""
    if hour < now - GRAIN:
        return nothing(mission, "cascade.hour_past", number=mission.number)
    soonest = earliest(mission, now, begins)
    if hour < soonest - mission.rules.visio_after_arrival:
        return nothing(mission, "cascade.hour_too_early", number=mission.number, hour=soonest.isoformat())
    if hour > max(mission.limit, soonest):
        return nothing(
            mission, "cascade.hour_too_late", number=mission.number, limit=mission.limit.isoformat()
        )
    return None


def proposed_to(mission: Mission, party: Party, now: datetime) -> Notice | None:
    """The hour that waits for this side's answer, said to it again."""
    proposal, doctor = mission.cascade.proposal, mission.cascade.doctor
    if proposal is None or doctor is None or proposal.by == party or proposal.hour <= now:
        return None
    facts: dict[str, Fact] = {"hour": proposal.hour.isoformat(), "moved": False}
    if party == doctor.party:
        return Notice(
            "doctor.hour_proposed", to_party(party), mission.id, facts=facts, card="hour", fresh=True
        )
    return Notice("visit.hour_proposed", to_party(party), mission.id, facts=facts, card="video", fresh=True)


def propose(
    mission: Mission, by: Party, hour: datetime, now: datetime, *, moved_by_nurse: bool = False
) -> Outcome:
    """One side proposes an hour; it holds when the other has accepted it."""
    doctor = mission.cascade.doctor
    if doctor is None or mission.state is not MissionState.OPEN:
        return nothing(mission, "cascade.over", number=mission.number)
    proposal = HourProposal(hour, by, doctor.party)
    if proposal == mission.cascade.proposal:
        return nothing(mission, "cascade.proposed", number=mission.number, hour=hour.isoformat())
    if (refused := refusal(mission, hour, now, _begins(mission, doctor))) is not None:
        return refused
    changed = mission.with_cascade(proposal=proposal)
    to_doctor = by != doctor.party
    facts: dict[str, Fact] = {"hour": hour.isoformat(), "moved": moved_by_nurse}
    if to_doctor and doctor.by_phone:
        notice = Notice(
            "cascade.hour_to_agree", to_group(mission.id), mission.id, facts=facts, card="agree", fresh=True
        )
    elif to_doctor:
        notice = Notice(
            "doctor.hour_proposed", to_party(doctor.party), mission.id, facts=facts, card="hour", fresh=True
        )
    elif mission.visit.idel is not None:
        notice = Notice(
            "visit.hour_proposed",
            to_person(mission.visit.idel),
            mission.id,
            facts=facts,
            card="video",
            fresh=True,
        )
    else:
        return nothing(mission, "cascade.no_nurse", number=mission.number)
    return Outcome(
        changed,
        Answer("cascade.proposed", {"number": mission.number, "hour": hour.isoformat()}),
        events=(Event("cascade.hour_proposed", {"hour": hour.isoformat(), "by": str(by)}),),
        notices=(notice,),
    )


def _begins(mission: Mission, doctor: ChosenDoctor) -> datetime | None:
    return begins_of(mission, doctor.party, doctor.step)


def agree(mission: Mission, by: Party, hour: datetime, now: datetime) -> Outcome:
    """The other side accepts the proposed hour."""
    proposal, doctor = mission.cascade.proposal, mission.cascade.doctor
    if doctor is None or mission.state is not MissionState.OPEN:
        return nothing(mission, "cascade.over", number=mission.number)
    if proposal is None or proposal.hour != hour or proposal.by == by:
        return nothing(mission, "cascade.hour_stale", number=mission.number)
    if hour < now - GRAIN:
        return nothing(mission, "cascade.hour_past", number=mission.number)
    return Outcome(
        mission.with_cascade(proposal=None, video_at=hour),
        Answer("cascade.hour_agreed", {"number": mission.number, "hour": hour.isoformat()}),
        events=(Event("cascade.hour_agreed", {"hour": hour.isoformat(), "by": str(by)}),),
        notices=_hour_told(mission, doctor, doctor_rings=proposal.by == doctor.party),
    )


def fix_hour(mission: Mission, hour: datetime, by: str, now: datetime) -> Outcome:
    """OSNP agreed the hour on the phone with both sides: it holds, and both are told."""
    doctor = mission.cascade.doctor
    if doctor is None or mission.state is not MissionState.OPEN or mission.cascade.suspended:
        return nothing(mission, "cascade.over", number=mission.number)
    if mission.cascade.video_at == hour and mission.cascade.proposal is None:
        return nothing(mission, "cascade.hour_agreed", number=mission.number, hour=hour.isoformat())
    if (refused := refusal(mission, hour, now, _begins(mission, doctor))) is not None:
        return refused
    return Outcome(
        mission.with_cascade(proposal=None, video_at=hour),
        Answer("cascade.hour_agreed", {"number": mission.number, "hour": hour.isoformat()}),
        events=(Event("cascade.hour_agreed", {"hour": hour.isoformat(), "by": by}),),
        notices=_hour_told(mission, doctor, doctor_rings=True, nurse_rings=True),
    )


def _hour_told(
    mission: Mission, doctor: ChosenDoctor, *, doctor_rings: bool, nurse_rings: bool | None = None
) -> tuple[Notice, ...]:
    """Both sides see the hour; whoever had proposed it hears it."""
    notices = [
        Notice("cascade.hour_to_agree", to_group(mission.id), mission.id, card="agree", only_if_there=True),
        Notice(
            "cascade.hour_declined", to_group(mission.id), mission.id, card="declined", only_if_there=True
        ),
    ]
    if not doctor.by_phone:
        notices.append(
            Notice("doctor.hour_agreed", to_party(doctor.party), mission.id, card="hour", fresh=doctor_rings)
        )
    if mission.visit.idel is not None:
        rings = not doctor_rings if nurse_rings is None else nurse_rings
        notices.append(
            Notice("visit.video_hour", to_person(mission.visit.idel), mission.id, card="video", fresh=rings)
        )
    return tuple(notices)


def decline_hour(mission: Mission, by: Party) -> Outcome:
    """The other side cannot at that hour: OSNP settle it by phone."""
    proposal, doctor = mission.cascade.proposal, mission.cascade.doctor
    if proposal is None or doctor is None or proposal.by == by:
        return nothing(mission, "cascade.hour_stale", number=mission.number)
    changed = mission.with_cascade(proposal=None)
    return Outcome(
        changed,
        Answer("cascade.hour_declined", {"number": mission.number}),
        events=(Event("cascade.hour_declined", {"by": str(by)}),),
        notices=(
            Notice(
                "cascade.hour_declined",
                to_group(mission.id),
                mission.id,
                facts={"by": str(by), "hour": proposal.hour.isoformat()},
                card="declined",
                fresh=True,
            ),
        ),
    )
