"""A nurse whom only the telephone reaches: what she would have been told is told by OSNP, who owe her a call.

Pure decisions. Whatever is to be said stands in one list a nurse; one tap settles what was on the screen.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from bot.domain import orders
from bot.domain.mission import Mission, NurseCall, Visit
from bot.domain.outcome import (
    Answer,
    Event,
    Fact,
    Notice,
    Outcome,
    Priority,
    Withdrawal,
    nothing,
    to_group,
    to_person,
)
from bot.domain.people import PersonId


class Why(StrEnum):
    """What she must hear. The values are stored."""

    ASSIGNED = "assigned"  # who the patient is
    DOCTOR = "doctor"  # the doctor's name and number, and the hour
    DOCTOR_GONE = "doctor_gone"
    VIDEO = "video"  # the hour of the video has changed
    TROUBLE = "trouble"  # the video does not work for the doctor
    NOBODY = "nobody"  # no doctor yet
    STAYS = "stays"
    LEAVES = "leaves"
    MESSAGE = "message"  # the doctor has written, or sent something
    ORDONNANCE = "ordonnance"
    CONCLUSION = "conclusion"
    ACTS = "acts"  # nursing acts are ordered
    LIAISON = "liaison"  # a note of the cahier de liaison
    ENDED = "ended"
    CALL_15 = "call_15"
    NIGHT = "night"
    TAKEN_BACK = "taken_back"
    GOES_ON = "goes_on"
    FALSE_ALARM = "false_alarm"
    OTHER = "other"  # see the card


#: What would have rung on her phone, and why OSNP phone her instead.
TOLD = {
    "visit.card": Why.ASSIGNED,
    "visit.doctor_found": Why.DOCTOR,
    "visit.doctor_withdrew": Why.DOCTOR_GONE,
    "visit.video_hour": Why.VIDEO,
    "cascade.nobody": Why.NOBODY,
    "cascade.idel_stays": Why.STAYS,
    "cascade.idel_leaves": Why.LEAVES,
    "visio.trouble": Why.TROUBLE,
    "thread.text": Why.MESSAGE,
    "thread.file": Why.MESSAGE,
    "thread.file_more": Why.MESSAGE,
    "thread.vitale": Why.MESSAGE,
    "thread.ordonnance": Why.ORDONNANCE,
    "thread.ordonnance_more": Why.ORDONNANCE,
    "orders.conclusion": Why.CONCLUSION,
    "orders.acts_ordered": Why.ACTS,
    "liaison.notes": Why.LIAISON,
    "closing.ended": Why.ENDED,
    "closing.call_15": Why.CALL_15,
    "closing.night_told": Why.NIGHT,
    "control.taken_back": Why.TAKEN_BACK,
    "control.goes_on": Why.GOES_ON,
    "control.false_alarm": Why.FALSE_ALARM,
}

#: What goes along with those, is noted by OSNP while they speak with her, or is asked of the group anyway.
UNSAID = frozenset(
    {
        "visit.identity",
        "visit.doctor_contact",
        "visit.hour_set",
        "visit.hour_by_osnp",
        "visit.late",
        "visit.given_back",
        "closing.call_15_address",
        "search.offer",
        "vitals.own",
        "watch.care",
    }
)

#: With the news on the left, what was still to be said on the right is so no more.
_OVERTAKES: dict[Why, frozenset[Why]] = {
    Why.DOCTOR: frozenset({Why.DOCTOR_GONE, Why.NOBODY, Why.STAYS, Why.VIDEO, Why.TROUBLE}),
    Why.DOCTOR_GONE: frozenset({Why.DOCTOR, Why.VIDEO, Why.TROUBLE}),
    Why.VIDEO: frozenset({Why.TROUBLE}),
    Why.STAYS: frozenset({Why.NOBODY, Why.LEAVES}),
    Why.LEAVES: frozenset({Why.NOBODY, Why.STAYS}),
    Why.CALL_15: frozenset({Why.FALSE_ALARM}),
    Why.FALSE_ALARM: frozenset({Why.CALL_15}),
    Why.GOES_ON: frozenset({Why.ENDED}),
    Why.ENDED: frozenset(Why) - {Why.ENDED},
    Why.TAKEN_BACK: frozenset(Why) - {Why.TAKEN_BACK},
}


def instead(outcome: Outcome, before: Visit | None = None) -> Outcome:
    """What would go to a nurse without Telegram: OSNP owe her a call, and answer for her."""
    mission = outcome.mission
    gone = before.idel if before is not None and before.by_phone else None
    nurse = mission.visit.idel if mission.visit.by_phone else gone
    if nurse is None or not outcome.notices:
        return outcome
    kept: list[Notice] = []
    whys: list[Why] = []
    for notice in outcome.notices:
        if notice.to != to_person(nurse):
            kept.append(notice)
        elif (asked := _in_topic(mission, nurse, notice)) is not None:
            kept.append(asked)
        elif (why := _why(notice)) is not None:
            whys.append(why)
    if not whys:
        return replace(outcome, notices=tuple(kept))
    owing = _owe(mission, nurse, whys)
    alone = all(call.person == nurse for call in mission.nurse_calls)
    facts: dict[str, Fact] = {"person": nurse, "whys": ",".join(dict.fromkeys(whys))}
    return replace(
        outcome,
        mission=owing,
        events=(*outcome.events, Event("control.call_owed", facts)),
        notices=(*kept, _request(owing, nurse, fresh=True)),
        # One that waits still would say less: what it says stands in the new one.
        withdrawn=(*outcome.withdrawn, *((Withdrawal(mission.id, "control.tell_idel"),) if alone else ())),
    )


def unheard(mission: Mission, nurse: PersonId, why: Why) -> Outcome:
    """What came back from the telephone of a nurse on Telegram is owed to her by voice too."""
    owing = _owe(mission, nurse, (why,))
    alone = all(call.person == nurse for call in mission.nurse_calls)
    return Outcome(
        owing,
        Answer("watch.rung"),
        events=(Event("control.call_owed", {"person": nurse, "whys": why.value}),),
        notices=(_request(owing, nurse, fresh=True),),
        withdrawn=(Withdrawal(mission.id, "control.tell_idel"),) if alone else (),
    )


def _in_topic(mission: Mission, nurse: PersonId, notice: Notice) -> Notice | None:
    """What OSNP answer in her place, on a card of its own."""
    group = to_group(mission.id)
    if notice.kind == "closing.idel":
        return replace(notice, to=group)
    if notice.only_if_there:
        return None
    if notice.kind == "visit.ask_hour":
        return Notice("visit.no_hour", group, mission.id, card="group_hour", fresh=True)
    if notice.kind == "visit.hour_proposed":
        facts: dict[str, Fact] = {"person": nurse, "hour": notice.facts["hour"]}
        return Notice("control.hour_for_her", group, mission.id, facts=facts, card="her_hour", fresh=True)
    return None


def _why(notice: Notice) -> Why | None:
    """What she must hear of it; None where there is nothing, or she has just said so herself."""
    agreed = notice.kind == "visit.video_hour" and not notice.fresh
    if notice.only_if_there or agreed or notice.kind in UNSAID or notice.kind == "visit.ask_hour":
        return None
    return TOLD.get(notice.kind, Why.OTHER)


def _owe(mission: Mission, nurse: PersonId, whys: Iterable[Why]) -> Mission:
    calls, number = mission.nurse_calls, mission.nurse_called
    for why in dict.fromkeys(whys):
        over = _OVERTAKES.get(why, frozenset()) | {why}
        number += 1
        calls = (
            *(call for call in calls if call.person != nurse or call.why not in over),
            NurseCall(nurse, why.value, number),
        )
    return replace(mission, nurse_calls=calls, nurse_called=number)


def owed(mission: Mission, nurse: PersonId, up_to: int | None = None) -> tuple[NurseCall, ...]:
    """What that nurse must still hear; `up_to`: of what was on a screen."""
    return tuple(
        call
        for call in mission.nurse_calls
        if call.person == nurse and (up_to is None or call.number <= up_to)
    )


def call_about(mission: Mission, why: Why) -> NurseCall | None:
    """What the nurse of the mission must still hear of it."""
    idel = mission.visit.idel
    return next((call for call in mission.nurse_calls if (call.person, call.why) == (idel, why)), None)


def _request(mission: Mission, nurse: PersonId, *, fresh: bool = False, **facts: Fact) -> Notice:
    """Whom to phone, and what to say: one message, however much it is."""
    calls = owed(mission, nurse)
    facts = {
        "person": nurse,
        "whys": ",".join(call.why for call in calls),
        "number": max((call.number for call in calls), default=0),
        **facts,
    }
    return Notice(
        "control.tell_idel",
        to_group(mission.id),
        mission.id,
        facts=facts,
        priority=Priority.RECEIPT if fresh else Priority.REPLY,
        card=f"tell:{nurse}",
        fresh=fresh,
        only_if_there=not fresh,
    )


def told(mission: Mission, nurse: PersonId, number: int, by: str, now: datetime) -> Outcome:
    """«C'est dit»: she has heard what was on the screen."""
    heard = owed(mission, nurse, number)
    if not heard:
        return nothing(mission, "control.idel_told_already", number=mission.number)
    left = replace(mission, nurse_calls=tuple(c for c in mission.nurse_calls if c not in heard))
    facts: dict[str, Fact] = {"person": nurse, "whys": ",".join(call.why for call in heard), "by": by}
    outcome = Outcome(
        left,
        Answer("control.idel_told", {"number": mission.number}),
        events=(Event("control.idel_told", facts),),
        notices=(_request(left, nurse, by=by, at=now.isoformat()),),
    )
    read_out = any(call.why == Why.CONCLUSION for call in heard) and nurse == mission.visit.idel
    return outcome.then(orders.read_conclusion(left, now, by)) if read_out else outcome


def answered(outcome: Outcome, why: Why, by: str, now: datetime) -> Outcome:
    """What she has answered on the telephone she has heard: it is owed to her no more."""
    mission, nurse = outcome.mission, outcome.mission.visit.idel
    if nurse is None or not outcome.events:
        return outcome
    calls = tuple(c for c in mission.nurse_calls if (c.person, c.why) != (nurse, why.value))
    left = replace(mission, nurse_calls=calls)
    facts: dict[str, Fact] = {"person": nurse, "whys": why.value, "by": by}
    heard = Outcome(
        left,
        outcome.answer,
        events=(Event("control.idel_told", facts),) if left != mission else (),
        notices=(_request(left, nurse, by=by, at=now.isoformat()),),
    )
    return outcome.then(heard)
