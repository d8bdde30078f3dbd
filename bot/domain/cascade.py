"""The search for a doctor: five steps, all doctors of a step at once, the first acceptance wins.

Silence is not refusal: an earlier step's offer stays acceptable until a doctor has the mission.
Pure decisions. Knows no words, no storage, no clock.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain import video_hour
from bot.domain.mission import (
    Cascade,
    CascadeState,
    ChosenDoctor,
    DoctorOffer,
    DoctorOfferState,
    Mission,
    MissionState,
    Step,
    StepState,
    VisitState,
)
from bot.domain.outcome import (
    Answer,
    Event,
    Fact,
    Notice,
    Outcome,
    Place,
    PlaceKind,
    Priority,
    SetTimer,
    StopTimer,
    TimerKind,
    Withdrawal,
    nothing,
    to_group,
    to_party,
    to_person,
)
from bot.domain.people import CascadeStep, Party, PartyKind
from bot.domain.region import Region

STOP_CASCADE = (
    StopTimer(TimerKind.DOCTOR_SILENT),
    StopTimer(TimerKind.PAUSE_OVER),
    StopTimer(TimerKind.PHONE_REMINDER),
)

#: The states in which a doctor may still accept.
ACCEPTABLE = (CascadeState.RUNNING, CascadeState.PAUSED, CascadeState.EXHAUSTED)

#: Why a doctor who was to be asked was not: the offer never left.
UNSENT = "unsent"

#: The card that tells a doctor that the nurse cannot come any more.
SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Askable:
    """Somebody of a step; `by_phone` when OSNP must phone them for their answer."""

    party: Party
    by_phone: bool = False
    text_to: str | None = None  # E.164: a text message asks them, and OSNP phone for the answer
    begins: datetime | None = None  # of their turn of duty, where it is still to come
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """Who can be asked at a step, or why it is skipped (a key of the words)."""

    askable: tuple[Askable, ...] = ()
    skip: str | None = None
    begins: datetime | None = None  # a garde counts from then on


Rosters = Mapping[CascadeStep, Roster]


def steps_of(region: Region) -> tuple[Step, ...]:
    """The cascade as the region has it now: frozen into the mission at its start."""
    return tuple(Step(rule.step, rule.delay, channels=rule.channels) for rule in region.steps)


def start(mission: Mission, steps: tuple[Step, ...], rosters: Rosters, now: datetime) -> Outcome:
    """The arrival hour is known: the first step is asked."""
    cascade = mission.cascade
    if cascade.state is not CascadeState.WAITING or mission.visit.expected_at is None:
        return nothing(mission, "cascade.stale", number=mission.number)
    changed = mission.with_cascade(state=CascadeState.RUNNING, steps=steps, current=None)
    entered = _enter(changed, 0, rosters, now)
    return replace(entered, events=(Event("cascade.started"), *entered.events))


def _put(cascade: Cascade, index: int, step: Step) -> tuple[Step, ...]:
    return (*cascade.steps[:index], step, *cascade.steps[index + 1 :])


def _enter(mission: Mission, index: int, rosters: Rosters, now: datetime) -> Outcome:
    """Ask the first step from `index` on that has anybody; what is passed over says why."""
    events: list[Event] = []
    for position in range(index, len(mission.cascade.steps)):
        step = mission.cascade.steps[position]
        roster = rosters.get(step.step, Roster(skip="nobody"))
        reason = roster.skip or (None if _has_anybody(step, roster) else "nobody")
        if reason is None:
            return _ask(mission, position, roster, now, events)
        skipped = replace(step, state=StepState.SKIPPED, reason=reason, ended_at=now, begins=roster.begins)
        mission = mission.with_cascade(steps=_put(mission.cascade, position, skipped), current=position)
        events.append(Event("cascade.skipped", {"step": step.step.value, "reason": reason}))
    return _exhausted(mission, events)


def _ask(mission: Mission, position: int, roster: Roster, now: datetime, events: list[Event]) -> Outcome:
    cascade = mission.cascade
    step = cascade.steps[position]
    offers = _offers(step, roster, now)
    only_phone = all(o.state is DoctorOfferState.TO_PHONE for o in offers if o.state in _OPEN)
    asked = replace(
        step,
        state=StepState.ASKED,
        reason=None,
        started_at=now,
        until=None if only_phone else now + step.delay,
        ended_at=None,
        begins=roster.begins,
        offers=offers,
    )
    epoch = cascade.epoch + 1
    changed = mission.with_cascade(
        state=CascadeState.RUNNING,
        epoch=epoch,
        current=position,
        steps=_put(cascade, position, asked),
        paused_until=None,
    )
    timers: list[SetTimer | StopTimer] = [*STOP_CASCADE]
    if asked.until is not None:
        timers.append(SetTimer(TimerKind.DOCTOR_SILENT, asked.until, epoch))
    if asked.to_phone:
        timers.append(SetTimer(TimerKind.PHONE_REMINDER, now + step.delay, epoch))
    return Outcome(
        changed,
        Answer("cascade.asked", {"number": mission.number}),
        events=(
            *events,
            Event(
                "cascade.asked",
                {
                    "step": step.step.value,
                    "asked": len(asked.open_offers),
                    "by_phone": len(asked.to_phone),
                    "epoch": epoch,
                },
            ),
        ),
        notices=(*_asking(changed, asked), *_texts(changed, asked, roster, now)),
        timers=tuple(timers),
    )


_OPEN = (DoctorOfferState.ASKED, DoctorOfferState.TO_PHONE)


def _has_anybody(step: Step, roster: Roster) -> bool:
    """Whether somebody would be asked: who withdrew is not."""
    gone = {offer.party for offer in step.offers if offer.state is DoctorOfferState.WITHDREW}
    return roster.skip is None and any(askable.party not in gone for askable in roster.askable)


def _offers(step: Step, roster: Roster, now: datetime) -> tuple[DoctorOffer, ...]:
    """Everybody of the step; who withdrew is not asked again."""
    before = {offer.party: offer for offer in step.offers}
    offers = []
    for askable in roster.askable:
        old = before.pop(askable.party, None)
        if old is not None and old.state is DoctorOfferState.WITHDREW:
            offers.append(old)
            continue
        state = DoctorOfferState.TO_PHONE if askable.by_phone else DoctorOfferState.ASKED
        offers.append(
            DoctorOffer(
                askable.party,
                state,
                now,
                by_phone=askable.by_phone,
                texted=askable.text_to is not None,
                begins=askable.begins,
                ends=askable.ends,
            )
        )
    return (*before.values(), *offers)


def _asking(mission: Mission, step: Step) -> tuple[Notice, ...]:
    notices = [
        replace(_offer_notice(mission, offer.party, fresh=True), valid_until=step.until)
        for offer in step.offers
        if offer.state is DoctorOfferState.ASKED
    ]
    if step.to_phone:
        notices.append(_call_notice(mission, step.step))
    return tuple(notices)


def _texts(mission: Mission, step: Step, roster: Roster, now: datetime) -> tuple[Notice, ...]:
    """A text message to whoever is reached so: number and hours, nothing of the patient."""
    asked = {offer.party for offer in step.to_phone}
    until = now + step.delay
    return tuple(
        Notice(
            "cascade.sms",
            Place(PlaceKind.SMS, a.party.id if a.party.kind is PartyKind.PERSON else 0),
            mission.id,
            facts={"phone": a.text_to, "until": until.isoformat()},
            priority=Priority.OFFER,
            epoch=mission.cascade.epoch,
            valid_until=until,
        )
        for a in roster.askable
        if a.text_to is not None and a.party in asked
    )


def _offer_notice(
    mission: Mission, party: Party, *, fresh: bool, priority: Priority = Priority.OFFER
) -> Notice:
    return Notice(
        "cascade.offer",
        to_party(party),
        mission.id,
        facts={"party": str(party)},
        priority=priority,
        card="offer",
        fresh=fresh,
        only_if_there=not fresh,
        epoch=mission.cascade.epoch,
    )


def offer_again_to(mission: Mission, party: Party) -> Notice | None:
    """The offer for a doctor whom it did not reach and who can be reached now; None: too late for it."""
    step = mission.cascade.step
    if step is None or mission.cascade.state is not CascadeState.RUNNING or mission.cascade.suspended:
        return None
    if not any(o.party == party and o.state is DoctorOfferState.ASKED for o in step.offers):
        return None
    offer = _offer_notice(mission, party, fresh=False)
    return replace(offer, only_if_there=False, valid_until=step.until)


def _call_notice(mission: Mission, step: CascadeStep, *, again: bool = False) -> Notice:
    return Notice(
        "cascade.call",
        to_group(mission.id),
        mission.id,
        facts={"step": step.value, "again": again},
        card=f"call:{step.value}",
        fresh=True,
        epoch=mission.cascade.epoch,
    )


def _exhausted(mission: Mission, events: list[Event]) -> Outcome:
    changed = mission.with_cascade(
        state=CascadeState.EXHAUSTED, epoch=mission.cascade.epoch + 1, paused_until=None
    )
    notices = [Notice("cascade.exhausted", to_group(mission.id), mission.id, card="exhausted", fresh=True)]
    if mission.visit.idel is not None:
        notices.append(Notice("cascade.nobody", to_person(mission.visit.idel), mission.id, card="nobody"))
    return Outcome(
        changed,
        Answer("cascade.exhausted", {"number": mission.number}),
        events=(*events, Event("cascade.exhausted")),
        notices=tuple(notices),
        timers=STOP_CASCADE,
    )


def find(mission: Mission, party: Party) -> tuple[int, DoctorOffer] | None:
    """That party's newest offer, with the index of its step."""
    for index in range(len(mission.cascade.steps) - 1, -1, -1):
        for offer in mission.cascade.steps[index].offers:
            if offer.party == party:
                return index, offer
    return None


def offer_at(mission: Mission, party: Party) -> tuple[CascadeStep, DoctorOffer] | None:
    """That party's newest offer and the step it belongs to."""
    found = find(mission, party)
    return (mission.cascade.steps[found[0]].step, found[1]) if found else None


def _change(mission: Mission, index: int, offer: DoctorOffer, **changes: object) -> Mission:
    step = mission.cascade.steps[index]
    offers = tuple(
        replace(o, **changes) if o is offer else o  # type: ignore[arg-type]
        for o in step.offers
    )
    return mission.with_cascade(steps=_put(mission.cascade, index, replace(step, offers=offers)))


# Answers


def accept(
    mission: Mission,
    party: Party,
    hour: datetime,
    now: datetime,
    *,
    name: str | None = None,
    phone: str | None = None,
    recorded_by: str | None = None,
) -> Outcome:
    """A doctor or a house accepts with an hour. `recorded_by` is the operator who noted it on the phone."""
    cascade = mission.cascade
    if (over := _over(mission, party)) is not None:
        return over
    found = find(mission, party)
    if found is None or found[1].state is DoctorOfferState.WITHDREW:
        return nothing(mission, "cascade.not_asked", number=mission.number)
    if cascade.suspended or mission.visit.expected_at is None:
        return nothing(mission, "cascade.no_nurse", number=mission.number)
    index, offer = found
    step = cascade.steps[index]
    if (refused := video_hour.refusal(mission, hour, now, offer.begins or step.begins)) is not None:
        redraw = _offer_notice(mission, party, fresh=False, priority=Priority.REPLY)
        return refused if offer.by_phone else replace(refused, notices=(redraw,))
    accepted = _change(mission, index, offer, state=DoctorOfferState.ACCEPTED, at=now)
    doctor = ChosenDoctor(party, step.step, now, name, phone, by_phone=offer.by_phone)
    steps = _put(
        accepted.cascade,
        index,
        replace(accepted.cascade.steps[index], state=StepState.ACCEPTED, ended_at=now),
    )
    changed = accepted.with_cascade(
        state=CascadeState.FOUND,
        doctor=doctor,
        video_at=hour,
        proposal=None,
        paused_until=None,
        steps=steps,
    )
    return Outcome(
        changed,
        Answer("cascade.yours", {"number": mission.number, "hour": hour.isoformat()}),
        events=(
            Event(
                "cascade.accepted",
                {
                    "party": str(party),
                    "step": step.step.value,
                    "hour": hour.isoformat(),
                    "recorded_by": recorded_by,
                },
            ),
        ),
        notices=(*_both_told(changed, doctor), *_shut(changed)),
        withdrawn=(
            Withdrawal(mission.id, "cascade.offer"),
            Withdrawal(mission.id, "cascade.call"),
            Withdrawal(mission.id, "cascade.sms"),
            Withdrawal(mission.id, "cascade.exhausted"),
        ),
        timers=STOP_CASCADE,
        won=("cascade", cascade.epoch, party),
    )


def _over(mission: Mission, party: Party) -> Outcome | None:
    """The answer when there is nothing to accept any more."""
    cascade = mission.cascade
    doctor = cascade.doctor
    if cascade.state is CascadeState.FOUND and doctor is not None:
        if doctor.party == party:
            return nothing(mission, "cascade.already_yours", number=mission.number)
        return nothing(mission, "cascade.too_late", number=mission.number, at=doctor.accepted_at.isoformat())
    if mission.state is not MissionState.OPEN or cascade.state not in ACCEPTABLE:
        return nothing(mission, "cascade.over", number=mission.number)
    return None


def _both_told(mission: Mission, doctor: ChosenDoctor) -> tuple[Notice, ...]:
    if doctor.by_phone:
        notices = [
            Notice("cascade.tell_doctor", to_group(mission.id), mission.id),
            Notice("doctor.sms", Place(PlaceKind.SMS, doctor.party.id), mission.id),
        ]
    else:
        party = to_party(doctor.party)
        notices = [
            Notice("doctor.card", party, mission.id, card="doctor", fresh=True),
            Notice("doctor.identity", party, mission.id),
            Notice("doctor.billing", party, mission.id),
        ]
    if doctor.by_phone and doctor.party.kind is PartyKind.ORGANISATION:
        notices.pop()
    if mission.visit.idel is not None:
        idel = to_person(mission.visit.idel)
        notices += [
            Notice("visit.doctor_found", idel, mission.id, card="found", fresh=True),
            Notice("visit.doctor_contact", idel, mission.id),
        ]
    if not doctor.by_phone:
        notices.append(Notice("cascade.found", to_group(mission.id), mission.id))
    return tuple(notices)


def _shut(mission: Mission) -> tuple[Notice, ...]:
    """Everybody else who was asked sees it closed."""
    parties = {
        offer.party
        for step in mission.cascade.steps
        for offer in step.offers
        if not offer.by_phone and offer.state is not DoctorOfferState.WITHDREW
    }
    shut = [_offer_notice(mission, p, fresh=False, priority=Priority.CARD) for p in sorted(parties)]
    calls = [
        replace(_call_notice(mission, step.step), fresh=False, only_if_there=True, priority=Priority.CARD)
        for step in mission.cascade.steps
        if any(o.by_phone for o in step.offers)
    ]
    if mission.cascade.state is CascadeState.EXHAUSTED:
        calls.append(
            Notice(
                "cascade.exhausted",
                to_group(mission.id),
                mission.id,
                card="exhausted",
                only_if_there=True,
                priority=Priority.CARD,
            )
        )
    return (*shut, *calls)


def refuse(
    mission: Mission,
    party: Party,
    rosters: Rosters,
    now: datetime,
    *,
    reason: str | None = None,
    recorded_by: str | None = None,
) -> Outcome:
    """A refusal; the last of a step opens the next one."""
    if (over := _over(mission, party)) is not None:
        return over
    found = find(mission, party)
    if found is None:
        return nothing(mission, "cascade.not_asked", number=mission.number)
    index, offer = found
    if offer.state is DoctorOfferState.REFUSED:
        return nothing(mission, "cascade.refused", number=mission.number)
    changed = _change(mission, index, offer, state=DoctorOfferState.REFUSED, at=now, reason=reason)
    told = [_offer_notice(changed, party, fresh=False, priority=Priority.REPLY)]
    if offer.state is DoctorOfferState.TO_PHONE:
        told = [
            replace(_call_notice(changed, changed.cascade.steps[index].step), fresh=False, only_if_there=True)
        ]
    outcome = Outcome(
        changed,
        Answer("cascade.refused", {"number": mission.number}),
        events=(
            Event(
                "cascade.refused",
                {
                    "party": str(party),
                    "step": changed.cascade.steps[index].step.value,
                    "reason": reason,
                    "recorded_by": recorded_by,
                },
            ),
        ),
        notices=tuple(told),
    )
    step = changed.cascade.steps[index]
    if (
        index != changed.cascade.current
        or step.open_offers
        or changed.cascade.state is CascadeState.EXHAUSTED
        or changed.cascade.suspended
    ):
        return outcome
    return outcome.then(advance(changed, StepState.REFUSED, "refused", rosters, now))


def unanswered(
    mission: Mission,
    party: Party,
    line: int,
    lines: int,
    rosters: Rosters,
    now: datetime,
    *,
    recorded_by: str | None = None,
) -> Outcome:
    """Nobody picks up: the next line of the house; a refusal where none of its `lines` is left.

    `line` is the one that rang in vain, so that two taps do not pass over two lines.
    """
    if (over := _over(mission, party)) is not None:
        return over
    found = find(mission, party)
    if found is None:
        return nothing(mission, "cascade.not_asked", number=mission.number)
    index, offer = found
    phoned = offer.state is DoctorOfferState.TO_PHONE
    if phoned and offer.line != line:
        return nothing(mission, "cascade.stale", number=mission.number)
    if not phoned or line + 1 >= lines:
        return refuse(mission, party, rosters, now, reason="no_answer", recorded_by=recorded_by)
    changed = _change(mission, index, offer, line=offer.line + 1)
    step = changed.cascade.steps[index]
    answers = Notice("cascade.phone_answer", to_group(mission.id), mission.id, card="phone_answer")
    return Outcome(
        changed,
        Answer("cascade.next_line", {"number": mission.number}),
        events=(
            Event(
                "cascade.line_silent",
                {"party": str(party), "step": step.step.value, "line": line, "recorded_by": recorded_by},
            ),
        ),
        notices=(
            replace(_call_notice(changed, step.step), fresh=False, only_if_there=True),
            replace(answers, only_if_there=True, priority=Priority.CARD),
        ),
    )


def silent(
    mission: Mission,
    epoch: int,
    rosters: Rosters,
    now: datetime,
    unsent: Collection[Party] = (),
) -> Outcome:
    """The delay of the step has passed. Its offers stay acceptable.

    `unsent`: whose offer never left. They were not silent: they were not asked, and the card says so.
    """
    cascade = mission.cascade
    if cascade.state is not CascadeState.RUNNING or cascade.epoch != epoch or cascade.suspended:
        return nothing(mission, "cascade.stale")
    for offer in cascade.step.offers if cascade.step and cascade.current is not None else ():
        if offer.party in unsent and offer.state is DoctorOfferState.ASKED:
            mission = _change(mission, cascade.current or 0, offer, reason=UNSENT)
    return advance(mission, StepState.SILENT, "silent", rosters, now)


def skip(mission: Mission, rosters: Rosters, now: datetime, epoch: int) -> Outcome:
    """OSNP go to the next step; `epoch` is of the step they saw, so that two taps are not two steps."""
    cascade = mission.cascade
    if cascade.state not in (CascadeState.RUNNING, CascadeState.PAUSED) or cascade.suspended:
        return nothing(mission, "cascade.stale", number=mission.number)
    if cascade.epoch != epoch:
        return nothing(mission, "cascade.stale", number=mission.number)
    outcome = advance(mission, StepState.SILENT, "osnp", rosters, now)
    return replace(outcome, answer=Answer("cascade.next", {"number": mission.number}))


def advance(mission: Mission, ended: StepState, cause: str, rosters: Rosters, now: datetime) -> Outcome:
    """The one transition to the next step, with its cause."""
    cascade = mission.cascade
    if cascade.current is None:
        return nothing(mission, "cascade.stale")
    step = replace(cascade.steps[cascade.current], state=ended, reason=cause, ended_at=now)
    left = mission.with_cascade(steps=_put(cascade, cascade.current, step))
    entered = _enter(left, cascade.current + 1, rosters, now)
    return replace(
        entered,
        events=(Event("cascade.advanced", {"step": step.step.value, "cause": cause}), *entered.events),
    )


def go_back(mission: Mission, rosters: Rosters, now: datetime, epoch: int) -> Outcome:
    """OSNP return to the step before the one they saw: whoever is there is asked again."""
    cascade = mission.cascade
    if cascade.epoch != epoch:
        return nothing(mission, "cascade.stale", number=mission.number)
    if cascade.state not in ACCEPTABLE or cascade.suspended or not cascade.current:
        return nothing(mission, "cascade.no_step_before", number=mission.number)
    left = mission
    if cascade.state is not CascadeState.EXHAUSTED:
        current = replace(cascade.steps[cascade.current], state=StepState.WAITING, reason=None)
        left = mission.with_cascade(steps=_put(cascade, cascade.current, current))
    for position in range(cascade.current - 1, -1, -1):
        step = left.cascade.steps[position]
        if _has_anybody(step, rosters.get(step.step, Roster())):
            entered = _enter(left, position, rosters, now)
            return replace(
                entered,
                answer=Answer("cascade.back", {"number": mission.number}),
                events=(Event("cascade.returned", {"step": step.step.value}), *entered.events),
            )
    return nothing(mission, "cascade.no_step_before", number=mission.number)


def restart(mission: Mission, rosters: Rosters, now: datetime, epoch: int) -> Outcome:
    """The régulateur has the whole cascade asked again, once for each time it was exhausted."""
    if mission.cascade.state is not CascadeState.EXHAUSTED or mission.state is not MissionState.OPEN:
        return nothing(mission, "cascade.stale", number=mission.number)
    if mission.cascade.epoch != epoch:
        return nothing(mission, "cascade.stale", number=mission.number)
    if mission.cascade.suspended:
        return nothing(mission, "cascade.no_nurse", number=mission.number)
    entered = _enter(mission, 0, rosters, now)
    redraw = Notice(
        "cascade.exhausted",
        to_group(mission.id),
        mission.id,
        card="exhausted",
        only_if_there=True,
        priority=Priority.CARD,
    )
    return replace(
        entered,
        answer=Answer("cascade.restarted", {"number": mission.number}),
        events=(Event("cascade.restarted"), *entered.events),
        notices=(*entered.notices, redraw),
    )


def pause(mission: Mission, now: datetime, length: timedelta | None = None) -> Outcome:
    """OSNP hold the cascade for a while; it always ends by itself."""
    if mission.cascade.state is not CascadeState.RUNNING or mission.cascade.suspended:
        return nothing(mission, "cascade.stale", number=mission.number)
    until = now + (length or mission.rules.pause)
    changed = mission.with_cascade(state=CascadeState.PAUSED, paused_until=until)
    return Outcome(
        changed,
        Answer("cascade.paused", {"number": mission.number, "until": until.isoformat()}),
        events=(Event("cascade.paused"),),
        timers=(*STOP_CASCADE, SetTimer(TimerKind.PAUSE_OVER, until, mission.cascade.epoch)),
    )


def resume(mission: Mission, now: datetime, epoch: int | None = None) -> Outcome:
    """The pause is over, by itself or by a tap: the step has its whole delay again."""
    cascade = mission.cascade
    stale = cascade.state is not CascadeState.PAUSED or (epoch is not None and epoch != cascade.epoch)
    if stale or cascade.current is None:
        return nothing(mission, "cascade.stale", number=mission.number)
    step = cascade.steps[cascade.current]
    until = None if step.until is None else now + step.delay
    changed = mission.with_cascade(
        state=CascadeState.RUNNING,
        paused_until=None,
        steps=_put(cascade, cascade.current, replace(step, until=until)),
    )
    timers: list[SetTimer | StopTimer] = [StopTimer(TimerKind.PAUSE_OVER)]
    if until is not None:
        timers.append(SetTimer(TimerKind.DOCTOR_SILENT, until, cascade.epoch))
    if step.to_phone:
        timers.append(SetTimer(TimerKind.PHONE_REMINDER, now + step.delay, cascade.epoch))
    return Outcome(
        changed,
        Answer("cascade.resumed", {"number": mission.number}),
        events=(Event("cascade.resumed"),),
        timers=tuple(timers),
    )


def remind_call(mission: Mission, epoch: int, now: datetime) -> Outcome:
    """OSNP must phone and have not recorded an answer."""
    cascade = mission.cascade
    step = cascade.step
    if cascade.state is not CascadeState.RUNNING or cascade.epoch != epoch or step is None:
        return nothing(mission, "cascade.stale")
    if not step.to_phone:
        return nothing(mission, "cascade.stale")
    return Outcome(
        mission,
        Answer("cascade.reminded"),
        events=(Event("cascade.call_reminded", {"step": step.step.value}),),
        notices=(replace(_call_notice(mission, step.step, again=True), valid_until=now + step.delay),),
        timers=(SetTimer(TimerKind.PHONE_REMINDER, now + step.delay, epoch),),
    )


def _unasked(mission: Mission) -> tuple[Withdrawal, ...]:
    """Nobody is to be asked any more who was not yet."""
    return tuple(Withdrawal(mission.id, kind) for kind in ("cascade.offer", "cascade.call", "cascade.sms"))


# What the nurse's hour does


def moved(mission: Mission, now: datetime) -> Outcome:
    """The arrival hour changed: a doctor whose hour no longer fits is asked for the new one at once."""
    cascade = mission.cascade
    if cascade.state is CascadeState.FOUND and cascade.doctor is not None and cascade.video_at is not None:
        hour = video_hour.earliest(mission, now)
        if mission.visit.state is VisitState.ON_SITE or cascade.video_at >= hour:
            return nothing(mission, "cascade.stale")
        return video_hour.propose(
            mission, Party.person(mission.visit.idel or mission.operator), hour, now, moved_by_nurse=True
        )
    if cascade.state in ACCEPTABLE:
        redraws = [
            _offer_notice(mission, offer.party, fresh=False, priority=Priority.CARD)
            for step in cascade.steps
            for offer in step.offers
            if offer.state is DoctorOfferState.ASKED
        ]
        return Outcome(mission, Answer("cascade.moved"), notices=tuple(redraws))
    return nothing(mission, "cascade.stale")


def suspend(mission: Mission) -> Outcome:
    """The nurse is gone: the doctor is kept, the hour is not; a running step waits."""
    cascade = mission.cascade
    if cascade.state in (CascadeState.WAITING, CascadeState.ENDED) or cascade.suspended:
        return nothing(mission, "cascade.stale")
    changed = mission.with_cascade(suspended=True, video_at=None, proposal=None, paused_until=None)
    if cascade.state is CascadeState.PAUSED:
        changed = changed.with_cascade(state=CascadeState.RUNNING)
    notices: list[Notice] = []
    if cascade.doctor is not None:
        notices.append(_doctor_told("doctor.suspended", mission, cascade.doctor))
    else:
        notices += [
            _offer_notice(changed, offer.party, fresh=False, priority=Priority.CARD)
            for step in cascade.steps
            for offer in step.offers
            if offer.state is DoctorOfferState.ASKED
        ]
    return Outcome(
        changed,
        Answer("cascade.suspended"),
        events=(Event("cascade.suspended"),),
        notices=tuple(notices),
        withdrawn=_unasked(mission),
        timers=STOP_CASCADE,
    )


def _doctor_told(kind: str, mission: Mission, doctor: ChosenDoctor) -> Notice:
    """The doctor's own message, or a call for OSNP when only the telephone reaches them."""
    if doctor.by_phone:
        return Notice("cascade.call_doctor", to_group(mission.id), mission.id, facts={"why": kind})
    return Notice(kind, to_party(doctor.party), mission.id, card=SUSPENDED, fresh=True)


def _no_longer_suspended(mission: Mission, doctor: ChosenDoctor | None) -> tuple[Notice, ...]:
    """«⏸ l'IDEL ne peut plus venir» is over: nothing is left to tap there."""
    if doctor is None or doctor.by_phone or not mission.cascade.suspended:
        return ()
    return (
        Notice("doctor.suspended", to_party(doctor.party), mission.id, card=SUSPENDED, only_if_there=True),
    )


def take_up(mission: Mission, rosters: Rosters, now: datetime) -> Outcome:
    """Another nurse has an hour: the doctor is asked whether it suits, or the step is asked again."""
    cascade = mission.cascade
    if not cascade.suspended or mission.visit.expected_at is None:
        return nothing(mission, "cascade.stale")
    changed = mission.with_cascade(suspended=False)
    if cascade.state is CascadeState.FOUND:
        proposed = video_hour.propose(
            changed,
            Party.person(mission.visit.idel or mission.operator),
            video_hour.earliest(changed, now),
            now,
            moved_by_nurse=True,
        )
        return replace(proposed, notices=(*_no_longer_suspended(mission, cascade.doctor), *proposed.notices))
    if cascade.state is CascadeState.EXHAUSTED or cascade.current is None:
        return Outcome(changed, Answer("cascade.stale"), events=(Event("cascade.taken_up"),))
    return _resume_at(changed, cascade.current, None, rosters, now)


def withdraw(mission: Mission, party: Party, rosters: Rosters, now: datetime) -> Outcome:
    """The doctor cannot any more: the cascade resumes after that doctor."""
    cascade = mission.cascade
    if cascade.doctor is None or cascade.doctor.party != party or mission.state is not MissionState.OPEN:
        return nothing(mission, "cascade.not_yours", number=mission.number)
    found = find(mission, party)
    if found is None:
        return nothing(mission, "cascade.not_yours", number=mission.number)
    index, offer = found
    changed = _change(mission, index, offer, state=DoctorOfferState.WITHDREW, at=now)
    changed = changed.with_cascade(
        state=CascadeState.RUNNING,
        epoch=cascade.epoch + 1,
        doctor=None,
        video_at=None,
        proposal=None,
        current=index,
    )
    told = [Notice("cascade.withdrawn", to_group(mission.id), mission.id, facts={"party": str(party)})]
    if not cascade.doctor.by_phone:
        withdrawn = Notice(
            "doctor.withdrawn", to_party(party), mission.id, card="doctor", priority=Priority.REPLY
        )
        told += [withdrawn, *_no_longer_suspended(mission, cascade.doctor)]
    if mission.visit.idel is not None:
        told.append(
            Notice(
                "visit.doctor_withdrew", to_person(mission.visit.idel), mission.id, card="found", fresh=True
            )
        )
    resumed = _resume_at(changed, index, party, rosters, now)
    return Outcome(
        mission=resumed.mission,
        answer=Answer("cascade.withdrawn", {"number": mission.number}),
        events=(Event("cascade.withdrawn", {"party": str(party)}), *resumed.events),
        notices=(*told, *resumed.notices),
        withdrawn=(
            Withdrawal(mission.id, "doctor.card"),
            Withdrawal(mission.id, "doctor.identity"),
            Withdrawal(mission.id, "doctor.billing"),
            Withdrawal(mission.id, "visit.doctor_found"),
            Withdrawal(mission.id, "visit.doctor_contact"),
        ),
        timers=resumed.timers,
    )


def _resume_at(mission: Mission, index: int, gone: Party | None, rosters: Rosters, now: datetime) -> Outcome:
    """The others of that step who have not refused are asked again; without any, the next step."""
    if mission.cascade.suspended:
        return Outcome(mission, Answer("cascade.stale"))
    step = mission.cascade.steps[index]
    refused = {o.party for o in step.offers if o.state not in _OPEN}
    others = tuple(
        a for a in rosters.get(step.step, Roster()).askable if a.party != gone and a.party not in refused
    )
    if not others:
        return advance(mission, StepState.REFUSED, "withdrawn" if gone else "refused", rosters, now)
    narrowed = {**rosters, step.step: Roster(others, begins=step.begins)}
    return _enter(mission, index, narrowed, now)


def name_doctor(mission: Mission, party: Party, name: str, phone: str | None) -> Outcome:
    """The house says who does the video."""
    doctor = mission.cascade.doctor
    if doctor is None or doctor.party != party:
        return nothing(mission, "cascade.not_yours", number=mission.number)
    named = replace(doctor, name=name, phone=phone or doctor.phone)
    if named == doctor:
        return nothing(mission, "cascade.doctor_named", number=mission.number)
    changed = mission.with_cascade(doctor=named)
    notices = [
        Notice("doctor.named", to_party(party), mission.id, card="name", priority=Priority.REPLY),
    ]
    if mission.visit.idel is not None:
        notices.append(Notice("visit.doctor_contact", to_person(mission.visit.idel), mission.id))
    return Outcome(
        changed,
        Answer("cascade.doctor_named", {"number": mission.number}),
        events=(Event("cascade.doctor_named", {"party": str(party)}),),
        notices=tuple(notices),
    )


def end(mission: Mission) -> Outcome:
    """The mission is over: nobody is searched for, every offer is shut."""
    cascade = mission.cascade
    if cascade.state is CascadeState.ENDED:
        return nothing(mission, "cascade.stale")
    keeps = CascadeState.FOUND if cascade.doctor is not None else CascadeState.ENDED
    return Outcome(
        mission.with_cascade(state=keeps, proposal=None, paused_until=None, suspended=False),
        Answer("cascade.ended"),
        notices=_shut(mission) if cascade.doctor is None else _no_longer_suspended(mission, cascade.doctor),
        withdrawn=_unasked(mission),
        timers=STOP_CASCADE,
    )


# What OSNP take back, and a mission that goes on after all


def ask_again(mission: Mission, index: int, rosters: Rosters, now: datetime) -> Outcome:
    """OSNP had passed over that step by mistake: whoever is there is asked again."""
    cascade = mission.cascade
    if index >= len(cascade.steps):
        return nothing(mission, "cascade.stale", number=mission.number)
    step = cascade.steps[index]
    if not _has_anybody(step, rosters.get(step.step, Roster())):
        return nothing(mission, "cascade.no_step_before", number=mission.number)
    steps = tuple(
        replace(later, state=StepState.WAITING, reason=None)
        if i > index and later.state in (StepState.ASKED, StepState.SKIPPED)
        else later
        for i, later in enumerate(cascade.steps)
    )
    entered = _enter(mission.with_cascade(steps=steps), index, rosters, now)
    return replace(
        entered,
        answer=Answer("cascade.back", {"number": mission.number}),
        events=(Event("cascade.returned", {"step": step.step.value}), *entered.events),
        notices=(*entered.notices, _redraw_exhausted(mission)),
    )


def _redraw_exhausted(mission: Mission) -> Notice:
    return Notice(
        "cascade.exhausted",
        to_group(mission.id),
        mission.id,
        card="exhausted",
        only_if_there=True,
        priority=Priority.CARD,
    )


def unaccept(mission: Mission, party: Party, rosters: Rosters, now: datetime) -> Outcome:
    """An acceptance noted by mistake: that doctor has not answered, and the step is asked again."""
    cascade = mission.cascade
    found = find(mission, party)
    if cascade.doctor is None or cascade.doctor.party != party or found is None:
        return nothing(mission, "cascade.not_yours", number=mission.number)
    index, offer = found
    state = DoctorOfferState.TO_PHONE if offer.by_phone else DoctorOfferState.ASKED
    changed = _change(mission, index, offer, state=state, at=now).with_cascade(
        state=CascadeState.RUNNING,
        epoch=cascade.epoch + 1,
        doctor=None,
        video_at=None,
        proposal=None,
        current=index,
    )
    facts: dict[str, Fact] = {"party": str(party)}
    told: list[Notice] = []
    if not cascade.doctor.by_phone:
        told.append(Notice("control.doctor_free", to_party(party), mission.id, card="doctor", fresh=True))
    if mission.visit.idel is not None:
        told.append(
            Notice(
                "visit.doctor_withdrew", to_person(mission.visit.idel), mission.id, card="found", fresh=True
            )
        )
    resumed = _resume_at(changed, index, None, rosters, now)
    return Outcome(
        mission=resumed.mission,
        answer=Answer("cascade.resumed", {"number": mission.number}),
        events=(Event("cascade.unaccepted", facts), *resumed.events),
        notices=(*told, *resumed.notices),
        withdrawn=tuple(
            Withdrawal(mission.id, kind)
            for kind in (
                "doctor.card",
                "doctor.identity",
                "doctor.billing",
                "doctor.sms",
                "cascade.tell_doctor",
                "visit.doctor_found",
                "visit.doctor_contact",
            )
        ),
        timers=resumed.timers,
    )


def unrefuse(mission: Mission, party: Party) -> Outcome:
    """A refusal noted by mistake: that doctor may still accept."""
    found = find(mission, party)
    if found is None or found[1].state is not DoctorOfferState.REFUSED:
        return nothing(mission, "cascade.stale", number=mission.number)
    index, offer = found
    state = DoctorOfferState.TO_PHONE if offer.by_phone else DoctorOfferState.ASKED
    changed = _change(mission, index, offer, state=state, reason=None)
    step = mission.cascade.steps[index].step
    if offer.by_phone:
        redraw = replace(_call_notice(changed, step), fresh=False, only_if_there=True)
    else:
        redraw = _offer_notice(changed, party, fresh=False, priority=Priority.REPLY)
    return Outcome(
        changed,
        Answer("cascade.resumed", {"number": mission.number}),
        events=(Event("cascade.unrefused", {"party": str(party), "step": step.value}),),
        notices=(redraw,),
    )


def reopen(mission: Mission, rosters: Rosters, now: datetime) -> Outcome:
    """The mission was over and goes on: the doctor is kept, or the step is asked again."""
    cascade = mission.cascade
    has_hour = mission.visit.idel is not None and mission.visit.expected_at is not None
    if cascade.doctor is not None:
        hour = cascade.video_at
        kept = hour if has_hour and hour is not None and hour >= now else None
        changed = mission.with_cascade(state=CascadeState.FOUND, suspended=not has_hour, video_at=kept)
        facts: dict[str, Fact] = {"hour_kept": kept is not None}
        return Outcome(changed, Answer("cascade.resumed"), events=(Event("cascade.reopened", facts),))
    if not cascade.steps or cascade.current is None:
        changed = mission.with_cascade(state=CascadeState.WAITING, suspended=False)
        return Outcome(changed, Answer("cascade.resumed"), events=(Event("cascade.reopened"),))
    running = mission.with_cascade(
        state=CascadeState.RUNNING, epoch=cascade.epoch + 1, suspended=not has_hour
    )
    resumed = _resume_at(running, cascade.current, None, rosters, now)
    return replace(resumed, events=(Event("cascade.reopened"), *resumed.events))


def asked_parties(mission: Mission) -> Sequence[Party]:
    """Whoever may still accept."""
    return [offer.party for step in mission.cascade.steps for offer in step.open_offers]
