"""The search for a doctor: five steps, all doctors of a step at once, the first acceptance wins.

Silence is not refusal: an earlier step's offer stays acceptable until a doctor has the mission. How doctors
answer is in `cascade_answers`, what OSNP decide in `cascade_control`, what is told in `cascade_notices`.
Pure decisions. Knows no words, no storage, no clock.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain import video_hour
from bot.domain.cascade_notices import (
    asking,
    call_notice,
    calls_redrawn,
    doctor_told,
    no_longer_suspended,
    offer_notice,
    redraw_call,
    shut,
    texts,
    texts_over,
    unasked,
)
from bot.domain.mission import (
    Cascade,
    CascadeState,
    DoctorOffer,
    DoctorOfferState,
    Mission,
    Step,
    StepState,
    VisitState,
)
from bot.domain.outcome import (
    Answer,
    Event,
    Notice,
    Outcome,
    Priority,
    SetTimer,
    StopTimer,
    TimerKind,
    nothing,
    to_group,
    to_person,
)
from bot.domain.people import CascadeStep, Party
from bot.domain.region import Region
from bot.domain.rosters import Roster, Rosters

STOP_CASCADE = (
    StopTimer(TimerKind.DOCTOR_SILENT),
    StopTimer(TimerKind.PAUSE_OVER),
    StopTimer(TimerKind.PHONE_REMINDER),
)

#: The states in which a doctor may still accept.
ACCEPTABLE = (CascadeState.RUNNING, CascadeState.PAUSED, CascadeState.EXHAUSTED)

#: Why a doctor who was to be asked was not: the offer never left.
UNSENT = "unsent"

_OPEN = (DoctorOfferState.ASKED, DoctorOfferState.TO_PHONE)


def steps_of(region: Region) -> tuple[Step, ...]:
    """The cascade as the region has it now: frozen into the mission at its start."""
    return tuple(Step(rule.step, rule.delay, channels=rule.channels) for rule in region.steps)


def start(mission: Mission, steps: tuple[Step, ...], rosters: Rosters, now: datetime) -> Outcome:
    """The arrival hour is known: the first step is asked."""
    cascade = mission.cascade
    if cascade.state is not CascadeState.WAITING or mission.visit.expected_at is None:
        return nothing(mission, "cascade.stale", number=mission.number)
    changed = mission.with_cascade(state=CascadeState.RUNNING, steps=steps, current=None)
    entered = enter(changed, 0, rosters, now)
    return replace(entered, events=(Event("cascade.started"), *entered.events))


def enter(mission: Mission, index: int, rosters: Rosters, now: datetime) -> Outcome:
    """Ask the first step from `index` on that has anybody; what is passed over says why."""
    events: list[Event] = []
    for position in range(index, len(mission.cascade.steps)):
        step = mission.cascade.steps[position]
        roster = rosters.get(step.step, Roster(skip="nobody"))
        reason = roster.skip or (None if has_anybody(step, roster) else "nobody")
        if reason is None:
            return _ask(mission, position, roster, now, events)
        skipped = replace(step, state=StepState.SKIPPED, reason=reason, ended_at=now, begins=roster.begins)
        mission = mission.with_cascade(steps=put_step(mission.cascade, position, skipped), current=position)
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
        steps=put_step(cascade, position, asked),
        paused_until=None,
    )
    timers: list[SetTimer | StopTimer] = [*STOP_CASCADE]
    if asked.until is not None:
        timers.append(SetTimer(TimerKind.DOCTOR_SILENT, asked.until, epoch))
    timers += reminder(changed, now)
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
        notices=(*asking(changed, asked), *texts(changed, asked, now)),
        timers=tuple(timers),
    )


def has_anybody(step: Step, roster: Roster) -> bool:
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
                text_to=askable.text_to,
                begins=askable.begins,
                ends=askable.ends,
            )
        )
    return (*before.values(), *offers)


def advance(mission: Mission, ended: StepState, cause: str, rosters: Rosters, now: datetime) -> Outcome:
    """The one transition to the next step, with its cause."""
    cascade = mission.cascade
    if cascade.current is None:
        return nothing(mission, "cascade.stale")
    step = replace(cascade.steps[cascade.current], state=ended, reason=cause, ended_at=now)
    left = mission.with_cascade(steps=put_step(cascade, cascade.current, step))
    entered = enter(left, cascade.current + 1, rosters, now)
    to_phone = (redraw_call(left, step.step),) if step.to_phone else ()
    return replace(
        entered,
        events=(Event("cascade.advanced", {"step": step.step.value, "cause": cause}), *entered.events),
        notices=(*to_phone, *entered.notices),
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
            mission = change_offer(mission, cascade.current or 0, offer, reason=UNSENT)
    return advance(mission, StepState.SILENT, "silent", rosters, now)


def remind_call(mission: Mission, epoch: int, now: datetime) -> Outcome:
    """OSNP must phone and have not recorded an answer: said again once, then by the `watch`."""
    cascade = mission.cascade
    step = cascade.step
    if cascade.state is not CascadeState.RUNNING or cascade.epoch != epoch or step is None:
        return nothing(mission, "cascade.stale")
    put_off = any(asked.quiet_until is not None and asked.quiet_until > now for asked in mission.requests)
    if not step.to_phone or cascade.suspended or put_off:
        return nothing(mission, "cascade.stale")
    return Outcome(
        mission,
        Answer("cascade.reminded"),
        events=(Event("cascade.call_reminded", {"step": step.step.value}),),
        notices=(replace(call_notice(mission, step.step, again=True), valid_until=now + step.delay),),
    )


def reminder(mission: Mission, now: datetime) -> tuple[SetTimer, ...]:
    """When OSNP are asked again about those they still must phone, where the mission waits for them."""
    step = mission.cascade.step
    if step is None or not step.to_phone or mission.cascade.state is not CascadeState.RUNNING:
        return ()
    return (SetTimer(TimerKind.PHONE_REMINDER, now + step.delay, mission.cascade.epoch),)


def resume_at(mission: Mission, index: int, gone: Party | None, rosters: Rosters, now: datetime) -> Outcome:
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
    return enter(mission, index, narrowed, now)


def end(mission: Mission) -> Outcome:
    """The mission is over: nobody is searched for, every offer is shut."""
    cascade = mission.cascade
    if cascade.state is CascadeState.ENDED:
        return nothing(mission, "cascade.stale")
    keeps = CascadeState.FOUND if cascade.doctor is not None else CascadeState.ENDED
    return Outcome(
        mission.with_cascade(state=keeps, proposal=None, paused_until=None, suspended=False),
        Answer("cascade.ended"),
        notices=shut(mission) if cascade.doctor is None else no_longer_suspended(mission, cascade.doctor),
        withdrawn=unasked(mission),
        timers=STOP_CASCADE,
    )


# Whom it is about


def find(mission: Mission, party: Party) -> tuple[int, DoctorOffer] | None:
    """That party's newest offer, with the index of its step."""
    for index in range(len(mission.cascade.steps) - 1, -1, -1):
        for offer in mission.cascade.steps[index].offers:
            if offer.party == party:
                return index, offer
    return None


def may_be_texted(mission: Mission) -> bool:
    """Whether the hour and the link may go by text message: a channel of the doctor's step."""
    doctor = mission.cascade.doctor
    own = (step for step in mission.cascade.steps if doctor is not None and step.step is doctor.step)
    return any("sms" in step.channels for step in own)


def offer_at(mission: Mission, party: Party) -> tuple[CascadeStep, DoctorOffer] | None:
    """That party's newest offer and the step it belongs to."""
    found = find(mission, party)
    return (mission.cascade.steps[found[0]].step, found[1]) if found else None


def change_offer(mission: Mission, index: int, offer: DoctorOffer, **changes: object) -> Mission:
    """That offer of the step at `index`, changed."""
    step = mission.cascade.steps[index]
    offers = tuple(
        replace(o, **changes) if o is offer else o  # type: ignore[arg-type]
        for o in step.offers
    )
    return mission.with_cascade(steps=put_step(mission.cascade, index, replace(step, offers=offers)))


def put_step(cascade: Cascade, index: int, step: Step) -> tuple[Step, ...]:
    """The steps, with this one at `index`."""
    return (*cascade.steps[:index], step, *cascade.steps[index + 1 :])


def asked_parties(mission: Mission) -> Sequence[Party]:
    """Whoever may still accept."""
    return [offer.party for step in mission.cascade.steps for offer in step.open_offers]


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
            offer_notice(mission, offer.party, fresh=False, priority=Priority.CARD)
            for step in cascade.steps
            for offer in step.offers
            if offer.state is DoctorOfferState.ASKED
        ]
        return Outcome(mission, Answer("cascade.moved"), notices=(*redraws, *calls_redrawn(mission)))
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
        notices.append(doctor_told("doctor.suspended", mission, cascade.doctor))
    else:
        notices += [
            offer_notice(changed, offer.party, fresh=False, priority=Priority.CARD)
            for step in cascade.steps
            for offer in step.offers
            if offer.state is DoctorOfferState.ASKED
        ]
        notices += [*calls_redrawn(changed), *texts_over(changed)]
    return Outcome(
        changed,
        Answer("cascade.suspended"),
        events=(Event("cascade.suspended"),),
        notices=tuple(notices),
        withdrawn=unasked(mission),
        timers=STOP_CASCADE,
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
        return replace(proposed, notices=(*no_longer_suspended(mission, cascade.doctor), *proposed.notices))
    if cascade.state is CascadeState.EXHAUSTED or cascade.current is None:
        return Outcome(changed, Answer("cascade.stale"), events=(Event("cascade.taken_up"),))
    return resume_at(changed, cascade.current, None, rosters, now)
