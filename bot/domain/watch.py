"""Requests to act: said again when nobody touches them, then to somebody else, until somebody acts.

After every decision `settle` compares who must act now (`owner`) with whom the mission asked before. Each
request has one timer, so that every mission that is not over has one to come. Deeds that have a timer or
reminders of their own are watched from behind: only when those have passed in vain is somebody asked.
Pure decisions. Knows no words, no storage, no clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.mission import Mission, MissionState, Request, SearchState
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
from bot.domain.owner import Deed, Owner, Who, owner
from bot.domain.people import Party, PartyKind, PersonId

#: Who must act next, and the calls the patient and a nurse are owed: each is watched over by its own timer.
OWNER, CALL, NURSE = "owner", "call", "nurse"

#: How often the fallback is asked in short order; afterwards each of these apart.
SHORT_ROUNDS = 4
LATER_ROUNDS = timedelta(hours=1)
ROUNDS_WHEN_CLOSED = timedelta(hours=4)

#: A nurse who is on site is at work: asked whether she has finished only so long after the video's hour.
CARE_TAKES = timedelta(hours=1)

#: Questions after the care are reminded of by `closing`; whoever still owes them is named once a day.
CLOSING_TAKES = timedelta(days=1)

#: Those who work in the OSNP group.
GROUP = frozenset({Who.OPERATOR, Who.REGULATEUR})


@dataclass(frozen=True, slots=True)
class Others:
    """Who can be asked instead, and whether a text goes to whoever had to act."""

    operators: tuple[PersonId, ...] = ()  # other OSNP
    coordinateurs: tuple[PersonId, ...] = ()
    sms: bool = False


def wanted(mission: Mission, now: datetime) -> dict[str, Owner]:
    """Who must act now, by what is watched over."""
    acts = owner(mission, now)
    found: dict[str, Owner] = {}
    operator = Party.person(mission.operator)
    if acts.deed is Deed.CALL_PATIENT:
        found[CALL] = acts
    elif acts.who is not Who.NOBODY:
        found[OWNER] = acts
    if mission.patient_calls and CALL not in found:
        found[CALL] = Owner(Who.OPERATOR, Deed.CALL_PATIENT, operator)
    if mission.nurse_calls:
        found[NURSE] = Owner(Who.OPERATOR, Deed.TELL_IDEL, operator)
    return found


def request(mission: Mission, key: str, epoch: int | None = None) -> Request | None:
    """What is asked now under that key; None too when it is not that one any more."""
    found = next((r for r in mission.requests if r.key == key), None)
    return found if found is None or epoch in (None, found.epoch) else None


def settle(outcome: Outcome, actor: Party | None, now: datetime, *, in_group: bool = False) -> Outcome:
    """The same outcome, with whoever must act from now on watched over.

    `actor` decided it (None: a timer), `in_group`: is one of the OSNP group. Whatever they decide on this
    mission, they have seen it: what they were asked begins anew.
    """
    if not outcome.events:
        return outcome
    own = any(event.kind.startswith("watch.") for event in outcome.events)
    mission, wants = outcome.mission, wanted(outcome.mission, now)
    kept: list[Request] = []
    timers: list[SetTimer | StopTimer] = []
    redrawn: list[Notice] = []
    unsaid: list[Withdrawal] = []
    before = {r.key: r for r in mission.requests}
    count = mission.requested
    for key in dict.fromkeys((*before, *wants)):
        old, acts = before.get(key), wants.get(key)
        if old is not None and acts is not None and _same(mission, old, acts):
            if own or not _touches(acts, actor, in_group):
                kept.append(old)
                continue
            fresh = replace(
                old,
                since=now,
                rung=0,
                taken_by=None,
                taken_at=None,
                takers=(),
                quiet_until=None,
                is_shown=old.is_shown or old.rung > 0,
            )
            kept.append(fresh)
            timers.append(_timer(fresh, first_ring(mission, acts, None, now)))
        elif acts is not None:
            count += 1
            fresh = _request(key, count, acts, now)
            kept.append(fresh)
            timers.append(_timer(fresh, first_ring(mission, acts, old, now)))
        else:
            timers.append(StopTimer(TimerKind.UNTOUCHED, key))
        goes_on = old is not None and any(r.key == key and r.epoch == old.epoch for r in kept)
        if old is not None and (old.rung or (old.is_shown and not goes_on)):
            unsaid += _unsaid(old, mission)
            redrawn += _redraws(old, mission)
    if not timers:
        return outcome
    return replace(
        outcome,
        mission=replace(mission, requests=tuple(kept), requested=count),
        notices=(*outcome.notices, *redrawn),
        withdrawn=(*outcome.withdrawn, *unsaid),
        timers=(*outcome.timers, *timers),
    )


def _same(mission: Mission, old: Request, acts: Owner) -> bool:
    step = mission.cascade.step
    started = step.started_at if step is not None and acts.who is Who.DOCTORS else None
    if started is not None and started > old.since:
        return False  # other doctors: those of the step before were silent
    return (old.who, old.deed, old.party) == (acts.who.value, acts.deed.value, acts.party)


def _touches(acts: Owner, actor: Party | None, in_group: bool) -> bool:
    return in_group if acts.who in GROUP else actor is not None and actor == acts.party


def _request(key: str, epoch: int, acts: Owner, now: datetime) -> Request:
    return Request(key, epoch, acts.who.value, acts.deed.value, acts.party, now)


def _timer(of: Request, due: datetime) -> SetTimer:
    return SetTimer(TimerKind.UNTOUCHED, due, of.epoch, of.key)


def first_ring(mission: Mission, acts: Owner, old: Request | None, now: datetime) -> datetime:
    """When whoever must act is asked again: later where a timer or reminders of the deed's own come first."""
    rules, soon = mission.rules, now + mission.rules.act_request
    if acts.deed is Deed.CARE:
        begins = max(now, mission.visit.arrived_at or now, acts.before or now)
        return begins + CARE_TAKES
    if acts.deed is Deed.CLOSE:
        return now + CLOSING_TAKES
    if acts.deed is Deed.ARRIVE and acts.before is not None:
        return max(soon, acts.before + rules.late_arrival + rules.act_request)
    if _has_own_timer(acts):
        return max(soon, (acts.before or now) + rules.act_request)
    if _is_orientation(mission, acts):
        # Reminded twice from the end of the delay on; a late ACCEPTER does not begin the counting anew.
        base = old.since if old is not None and old.deed == Deed.DECIDE.value else now
        return max(soon, base + max(rules.reminders, default=timedelta()) + rules.act_request)
    if acts.deed is Deed.PHONE_DOCTOR and mission.cascade.step is not None:
        return soon + mission.cascade.step.delay
    return soon


def _has_own_timer(acts: Owner) -> bool:
    """The end of its delay is another timer's: the search's, a step's, the hour's, the pause's."""
    return acts.deed in (Deed.ANSWER_OFFER, Deed.RESUME, Deed.ARRIVE) or (
        acts.deed is Deed.SAY_HOUR and acts.who is Who.IDEL
    )


def _is_orientation(mission: Mission, acts: Owner) -> bool:
    return mission.search.state is SearchState.UNANSWERED and acts.deed in (Deed.DECIDE, Deed.ANSWER_LATE)


def ring(mission: Mission, key: str, epoch: int, others: Others, now: datetime) -> Outcome:
    """Nobody has acted: said again, then to somebody else."""
    old, acts = request(mission, key, epoch), wanted(mission, now).get(key)
    if old is None:
        return nothing(mission, "watch.stale")
    if acts is None:
        # Whatever was awaited has come without a decision: `settle` writes it down.
        return Outcome(mission, Answer("watch.stale"), events=(Event("watch.over", {"deed": old.deed}),))
    asked = old
    if not _same(mission, old, acts):
        # An hour went by and it is another's turn, which no decision has told.
        mission = replace(mission, requested=mission.requested + 1)
        asked = _request(key, mission.requested, acts, now)
    stage = _stage(mission, acts, asked)
    named = _named(mission, acts, asked, stage, others)
    told = dict.fromkeys((*asked.told, *_owners(mission, acts), *named)) if stage == FALLBACK else asked.told
    rung = replace(
        asked, rung=asked.rung + 1, taken_by=None, taken_at=None, quiet_until=None, told=tuple(told)
    )
    kept = (*(r for r in mission.requests if r.key != key), rung)
    facts: dict[str, Fact] = {
        "who": acts.who.value,
        "deed": acts.deed.value,
        "stage": stage,
        "times": rung.rung,
        "minutes": int((now - asked.since).total_seconds() // 60),
    }
    return Outcome(
        replace(mission, requests=kept),
        Answer("watch.rung"),
        events=(Event("watch.rung", facts),),
        notices=_said(mission, acts, rung, stage, named, now, sms=others.sms),
        withdrawn=_unsaid(old, mission) if old.rung else (),
        timers=(_timer(rung, now + _next(mission, acts, rung, stage)),),
    )


AGAIN, OPERATOR, FALLBACK = "again", "operator", "fallback"


def _stage(mission: Mission, acts: Owner, asked: Request) -> str:
    """Who is asked this time: the same again, the operator for a nurse or a doctor, or somebody else."""
    if acts.deed is Deed.CLOSE:
        return AGAIN
    steps = [AGAIN] if acts.who in GROUP else [AGAIN, OPERATOR]
    if acts.deed is Deed.PHONE_DOCTOR or _is_orientation(mission, acts):
        steps = []  # the deed's own reminders have said it again
    elif _has_own_timer(acts):
        steps = [OPERATOR]
    return steps[asked.rung] if asked.rung < len(steps) else FALLBACK


def _next(mission: Mission, acts: Owner, rung: Request, stage: str) -> timedelta:
    if acts.deed is Deed.CLOSE:
        return CLOSING_TAKES
    if stage != FALLBACK:
        return mission.rules.act_request
    if rung.rung < SHORT_ROUNDS:
        return mission.rules.fallback_again
    return ROUNDS_WHEN_CLOSED if mission.state is MissionState.CLOSED else LATER_ROUNDS


def _said(
    mission: Mission,
    acts: Owner,
    rung: Request,
    stage: str,
    named: tuple[PersonId, ...],
    now: datetime,
    *,
    sms: bool,
) -> tuple[Notice, ...]:
    if acts.deed is Deed.CLOSE:
        return (
            Notice("closing.unanswered", to_group(mission.id), mission.id, card="unanswered", fresh=True),
        )
    if stage == AGAIN and acts.who not in GROUP:
        return _asked_again(mission, acts, now)
    facts: dict[str, Fact] = {
        "key": rung.key,
        "deed": acts.deed.value,
        "who": acts.who.value,
        "stage": stage,
        "since": rung.since.isoformat(),
        "others": ",".join(str(person) for person in named),
        "hour": now.isoformat(),
    }
    said = [
        Notice(
            "watch.again",
            to_group(mission.id),
            mission.id,
            facts=facts,
            card=f"watch:{rung.key}",
            fresh=True,
            epoch=rung.epoch,
        )
    ]
    if stage == FALLBACK:
        said += [
            Notice(
                "watch.yours",
                to_person(person),
                mission.id,
                facts=facts,
                card=f"watch:{rung.key}",
                fresh=True,
                epoch=rung.epoch,
            )
            for person in dict.fromkeys((*_owners(mission, acts), *named))
        ]
        if sms and not mission.exercise:
            said += [
                Notice(
                    "watch.sms",
                    Place(PlaceKind.SMS, person),
                    mission.id,
                    facts=facts,
                    valid_until=now + mission.rules.fallback_again,
                )
                for person in _owners(mission, acts)
            ]
    return tuple(said)


def _owners(mission: Mission, acts: Owner) -> tuple[PersonId, ...]:
    """Who of the group had to act; the operator for a nurse, a doctor or a régulateur nobody named."""
    if acts.who in GROUP and acts.party is not None and acts.party.kind is PartyKind.PERSON:
        return (PersonId(acts.party.id),)
    return (mission.operator,)


def _named(mission: Mission, acts: Owner, asked: Request, stage: str, others: Others) -> tuple[PersonId, ...]:
    """Who is asked instead: one operator the first time, everybody afterwards."""
    if stage != FALLBACK:
        return ()
    is_first = asked.rung == 0 or _stage(mission, acts, replace(asked, rung=asked.rung - 1)) != FALLBACK
    return (*(others.operators[:1] if is_first else others.operators), *others.coordinateurs)


def _asked_again(mission: Mission, acts: Owner, now: datetime) -> tuple[Notice, ...]:
    """The nurse, the doctor or the house, in their own chat."""
    if acts.party is None:
        return ()
    proposal = mission.cascade.proposal
    to, until = to_party(acts.party), now + mission.rules.fallback_again
    if acts.deed is Deed.NAME_DOCTOR:
        again = Notice("watch.name", to, mission.id, card="watch", fresh=True, valid_until=until)
    elif acts.deed is Deed.CARE:
        again = Notice("watch.care", to, mission.id, card="watch", fresh=True, valid_until=until)
    elif acts.deed is Deed.AGREE_HOUR and proposal is not None:
        hour: dict[str, Fact] = {"hour": proposal.hour.isoformat(), "moved": False}
        if acts.who is Who.IDEL:
            again = Notice("visit.hour_proposed", to, mission.id, facts=hour, card="video", fresh=True)
        else:
            again = Notice("doctor.hour_proposed", to, mission.id, facts=hour, card="hour", fresh=True)
        again = replace(again, valid_until=proposal.hour)
    else:
        return ()
    return (again,)


def _unsaid(old: Request, mission: Mission) -> tuple[Withdrawal, ...]:
    """What was to be said again and still waits for its turn: by now it is not so any more."""
    return tuple(Withdrawal(mission.id, kind, epoch=old.epoch) for kind in ("watch.again", "watch.yours"))


def _redraws(old: Request, mission: Mission) -> list[Notice]:
    """The messages that asked again see what became of it."""
    facts: dict[str, Fact] = {
        "key": old.key,
        "deed": old.deed,
        "who": old.who,
        "stage": AGAIN,
        "since": old.since.isoformat(),
        "others": "",
    }
    card = f"watch:{old.key}"
    notices = [Notice("watch.again", to_group(mission.id), mission.id, facts=facts, card=card)]
    notices += [
        Notice("watch.yours", to_person(person), mission.id, facts=facts, card=card) for person in old.told
    ]
    return [
        replace(notice, priority=Priority.CARD, only_if_there=True, epoch=old.epoch) for notice in notices
    ]


def take(mission: Mission, key: str, epoch: int, person: PersonId, now: datetime) -> Outcome:
    """«Je m'en occupe»: the others see it, and it is quiet for a while, once for each of them."""
    asked, acts = request(mission, key, epoch), wanted(mission, now).get(key)
    if asked is None or acts is None:
        return nothing(mission, "watch.over", number=mission.number)
    if person in asked.takers:
        return nothing(mission, "watch.taken_before", number=mission.number)
    until = now + 2 * mission.rules.act_request
    taken = replace(asked, taken_by=person, taken_at=now, takers=(*asked.takers, person))
    kept = (*(r for r in mission.requests if r.key != key), taken)
    return Outcome(
        replace(mission, requests=kept),
        Answer("watch.taken", {"number": mission.number, "until": until.isoformat()}),
        events=(Event("watch.taken", {"deed": asked.deed, "person": person}),),
        notices=tuple(replace(notice, priority=Priority.REPLY) for notice in _redraws(taken, mission)),
        timers=(_timer(taken, until),),
    )


def postpone(mission: Mission, person: PersonId, until: datetime, now: datetime) -> Outcome:
    """«Rappeler à 10:30»: what OSNP are asked is quiet until then, and the others see it."""
    group = {who.value for who in GROUP}
    waiting = [asked for asked in mission.requests if asked.who in group]
    if not waiting:
        return nothing(mission, "control.nothing_waits", number=mission.number)
    put_off = [
        replace(asked, taken_by=person, taken_at=now, quiet_until=until) if asked in waiting else asked
        for asked in mission.requests
    ]
    facts: dict[str, Fact] = {"person": person, "until": until.isoformat()}
    return Outcome(
        replace(mission, requests=tuple(put_off)),
        Answer("control.postponed", {"number": mission.number, "until": until.isoformat()}),
        events=(Event("watch.postponed", facts),),
        notices=tuple(
            replace(notice, priority=Priority.REPLY)
            for asked in put_off
            if asked.quiet_until == until
            for notice in _redraws(asked, mission)
        ),
        timers=tuple(_timer(asked, until) for asked in put_off if asked.quiet_until == until),
    )


def repair(mission: Mission, now: datetime, *, told: bool) -> Outcome:
    """Nothing was to come for this mission: watched over again; `told`: and OSNP are told to look at it."""
    wants = wanted(mission, now)
    if not wants:
        return nothing(mission, "watch.stale")
    deeds = ",".join(acts.deed.value for acts in wants.values())
    notices: Iterable[Notice] = ()
    if told:
        notices = (Notice("watch.forgotten", to_group(mission.id), mission.id, card="forgotten", fresh=True),)
    return Outcome(
        replace(mission, requests=()),
        Answer("watch.repaired"),
        events=(Event("watch.repaired", {"deeds": deeds, "told": told}),),
        notices=tuple(notices),
    )
