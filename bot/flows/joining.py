"""Somebody asks to join in the bot's private chat, and an OSNP decides. Knows no words.

Whatever an applicant is told is owed to the place of their application, so that nothing of it is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain import joining
from bot.domain.joining import Application, ApplicationState, Asked, Trouble
from bot.domain.mission import Mission
from bot.domain.outcome import (
    BOARD,
    Answer,
    Event,
    Fact,
    Notice,
    Priority,
    SetTimer,
    StopTimer,
    Timer,
    TimerKind,
    WhenUnknown,
    Withdrawal,
    to_applicant,
    to_person,
)
from bot.domain.people import GROUP_ROLES, CascadeStep, Person, PersonId, Role
from bot.domain.phone import read_phone
from bot.flows.record import actor_of
from bot.ports import Given, Transaction

#: Of what is written one after the other at this pace, all is heard and the form is drawn once.
PACE = timedelta(seconds=2)

STALE = Answer("joining.stale")
NOTED = Answer("joining.noted")

#: Words that end it, typed.
CANCEL = frozenset({"annuler", "/annuler", "stop"})


# in the applicant's chat


async def begin(given: Given, user_id: int, chat_id: int) -> Answer | None:
    """`/start` of somebody unknown: the form where it was left, or a new one."""
    now = given.now()
    async with given.storage.transaction() as tx:
        former = await tx.applications.of_user(user_id)
        if former is not None and former.is_open:
            await _show(given, tx, replace(former, chat_id=chat_id), fresh=True)
            if _asks_phone(given, former):
                await tx.outbox.owe([_contact(former)], now)
            return None
        if former is not None and (refused := _refused(former, now)) is not None:
            return refused
        new = Application(0, user_id, chat_id, ApplicationState.FILLING, asked_at=now)
        left = await tx.people.by_user(user_id)
        if left is not None and left.left_at is not None:
            new = joining.coming_back(new, left)
        await _show(given, tx, await tx.applications.save(new), fresh=True)
        return None


def _refused(former: Application, now: datetime) -> Answer | None:
    """What somebody reads who was refused and may not ask again yet."""
    again = joining.again_at(former)
    if again is None or again <= now:
        return None
    return Answer("joining.refused_before", {"until": again.isoformat()})


async def turned_away(given: Given, user_id: int) -> Answer:
    """What a stranger without a form is told: to join, or that they were refused."""
    async with given.storage.transaction() as tx:
        former = await tx.applications.of_user(user_id)
    refused = _refused(former, given.now()) if former is not None else None
    return refused or Answer("press.stranger")


async def typed(given: Given, user_id: int, text: str) -> bool:
    """A text of somebody unknown, for their form; False when they have none."""
    async with given.storage.transaction() as tx:
        application = await tx.applications.of_user(user_id)
        if application is None or not application.is_open:
            return False
        if text.strip().casefold() in CANCEL:
            await _withdraw(given, tx, application, said=True)
        elif application.state is ApplicationState.WAITING:
            await _show(given, tx, application, fresh=True)
        else:
            heard = joining.hear(application, text, given.region, fiction=given.fiction_numbers)
            await _heard(given, tx, application, heard)
        return True


async def shared(given: Given, user_id: int, contact_of: int | None, number: str) -> bool:
    """A contact was sent: theirs is their number, whenever it comes; somebody else's is none."""
    async with given.storage.transaction() as tx:
        application = await tx.applications.of_user(user_id)
        if application is None or not application.is_open:
            return False
        if application.state is ApplicationState.WAITING:
            await _show(given, tx, application, fresh=True)
            return True
        phone = read_phone(
            number if number.startswith(("+", "0")) else f"+{number}", fiction=given.fiction_numbers
        )
        if contact_of != user_id:
            heard = replace(application, trouble=Trouble.SOMEBODY_ELSES)
        elif phone is None:
            heard = replace(application, trouble=Trouble.PHONE)
        else:
            heard = joining.answered(joining.with_phone(application, phone.e164, shared=True))
        await _heard(given, tx, application, heard)
        return True


async def sent_file(given: Given, user_id: int) -> bool:
    """A photo, a voice message: nothing that the form asks for; False when they have none."""
    async with given.storage.transaction() as tx:
        application = await tx.applications.of_user(user_id)
        if application is None or not application.is_open:
            return False
        await _heard(given, tx, application, replace(application, trouble=Trouble.FILE))
        return True


async def pressed(given: Given, user_id: int, number: int, arg: str) -> Answer:
    """A button of the form."""
    name, _, value = arg.partition("=")
    async with given.storage.transaction() as tx:
        application = await tx.applications.of_user(user_id)
        if application is None or application.id != number or not application.is_open:
            return STALE
        if name == "cancel" and value != "yes" and application.role is not None:
            asked = replace(application, trouble=Trouble.CANCELLING, fixing=False)
            await _show(given, tx, asked, fresh=False)
            return Answer("joining.sure")
        if name == "keep":
            await _show(given, tx, replace(application, trouble=None), fresh=False)
            return Answer("joining.kept")
        if name == "cancel":
            await _withdraw(given, tx, application, said=_asks_phone(given, application))
            return Answer("joining.withdrawn")
        if application.state is ApplicationState.WAITING:
            return Answer("joining.sent_before", {"at": application.asked_at.isoformat()})
        if name == "send":
            return await _send(given, tx, application)
        changed = joining.press(application, name, value, given.region)
        if changed is None:
            return STALE
        await _next(given, tx, application, changed, fresh=False)
        return NOTED


async def _heard(given: Given, tx: Transaction, before: Application, heard: Application) -> None:
    """The form below what was written; of a flood of words, once in a while."""
    is_flood = before.touched_at is not None and given.now() - before.touched_at < PACE
    await _next(given, tx, before, heard, fresh=not (is_flood and heard.trouble is not None))


async def _next(
    given: Given, tx: Transaction, before: Application, after: Application, *, fresh: bool
) -> None:
    """Keep it and show what is asked now; the keyboard for one's own number comes and goes."""
    asked, asked_before = _asks_phone(given, after), _asks_phone(given, before)
    if asked_before and not asked and after.phone is not None:
        noted = Notice(
            "joining.phone_noted",
            to_applicant(after.id),
            facts={"phone": after.phone},
            priority=Priority.REPLY,
        )
        await tx.outbox.owe([noted], given.now())
        fresh = True
    await _show(given, tx, after, fresh=fresh)
    if asked and not asked_before:
        await tx.outbox.owe([_contact(after)], given.now())


def _asks_phone(given: Given, application: Application) -> bool:
    return joining.question(application, given.region) is Asked.PHONE and not application.fixing


def _contact(application: Application) -> Notice:
    """The keyboard with which one shares one's own number."""
    return Notice("joining.contact", to_applicant(application.id), priority=Priority.REPLY)


async def _show(given: Given, tx: Transaction, application: Application, *, fresh: bool) -> None:
    now = given.now()
    kept = await tx.applications.save(replace(application, touched_at=now))
    if kept.state is ApplicationState.FILLING:
        forget = SetTimer(TimerKind.JOINING_FORGET, now + joining.FORGOTTEN_AFTER, key=str(kept.id))
        await tx.timers.apply(None, [forget], now)
    place = to_applicant(kept.id)
    if fresh:  # one that waits still would show the same: the form comes once, below what was written last
        await tx.outbox.withdraw([Withdrawal(None, "joining.form", place)], now)
    notice = Notice("joining.form", place, priority=Priority.REPLY, card="form", fresh=fresh)
    await tx.outbox.owe([notice], now)


async def _send(given: Given, tx: Transaction, application: Application) -> Answer:
    """All is said: an OSNP decides."""
    now = given.now()
    if joining.question(application, given.region) is not None:
        await _show(given, tx, application, fresh=False)
        return Answer("joining.not_yet", alert=True)
    await tx.applications.hold_queue()
    if len(await tx.applications.waiting()) >= joining.MOST_WAITING:
        return Answer("joining.full", alert=True)
    sent = joining.sent(application, now)
    key = str(sent.id)
    await tx.journal.write(None, [Event("joining.asked", {"application": sent.id})], None, now)
    changes = (StopTimer(TimerKind.JOINING_FORGET, key=key), SetTimer(TimerKind.JOINING_CARD, now, key=key))
    await tx.timers.apply(None, changes, now)
    await _show(given, tx, sent, fresh=False)
    return Answer("joining.sent")


async def card_due(given: Given, timer: Timer) -> None:
    """The group gets the card of an application, once it has had a moment since the one before; daily.

    Whoever has waited longest is held first: those of a crowd who send at once do not all come at once.
    """
    now = given.now()
    async with given.storage.transaction() as tx:
        if not await tx.timers.rung(timer, now):
            return
        if longest := await tx.applications.waiting():
            await tx.applications.lock(longest[0].id)
        application = await tx.applications.lock(int(timer.key))
        if application is None or application.state is not ApplicationState.WAITING:
            return
        moment = joining.card_moment(await tx.applications.waiting(), now)
        again = moment if moment > now else now + joining.AGAIN_EVERY
        await tx.timers.apply(None, [SetTimer(TimerKind.JOINING_CARD, again, key=timer.key)], now)
        if moment > now:
            return
        await tx.applications.save(replace(application, card_at=now))
        await tx.outbox.owe([_card(application.id, fresh=True)], now)


async def forget_due(given: Given, timer: Timer) -> None:
    """Nobody has gone on with a form for days: what it says is forgotten."""
    async with given.storage.transaction() as tx:
        if not await tx.timers.rung(timer, given.now()):
            return
        application = await tx.applications.lock(int(timer.key))
        if application is not None and application.state is ApplicationState.FILLING:
            await _withdraw(given, tx, application, said=False)


def _card(application: int, *, fresh: bool) -> Notice:
    """The card in General on which OSNP decide: one for each application."""
    return Notice(
        "joining.card",
        BOARD,
        facts={"application": application},
        priority=Priority.RECEIPT if fresh else Priority.CARD,
        card=f"joining:{application}",
        fresh=fresh,
        only_if_there=not fresh,
        when_unknown=WhenUnknown.AGAIN if fresh else WhenUnknown.DROP,
    )


async def _withdraw(given: Given, tx: Transaction, application: Application, *, said: bool) -> None:
    """They do not want to any more: nothing of it is kept. `said`: in a message of its own."""
    now = given.now()
    gone = replace(joining.emptied(application), state=ApplicationState.WITHDRAWN, decided_at=now)
    await tx.applications.save(gone)
    await tx.journal.write(None, [Event("joining.withdrawn", {"application": gone.id})], None, now)
    await _ended(given, tx, gone)
    if said:
        over = Notice("joining.over", to_applicant(gone.id), priority=Priority.REPLY)
        await tx.outbox.owe([over], now)


async def _ended(given: Given, tx: Transaction, application: Application) -> None:
    """Its timers stop, its form and its card say how it ended."""
    now, key = given.now(), str(application.id)
    stops = [StopTimer(kind, key=key) for kind in (TimerKind.JOINING_CARD, TimerKind.JOINING_FORGET)]
    await tx.timers.apply(None, stops, now)
    form = Notice(
        "joining.form",
        to_applicant(application.id),
        priority=Priority.REPLY,
        card="form",
        only_if_there=True,
        when_unknown=WhenUnknown.DROP,
    )
    await tx.outbox.owe([form, _card(application.id, fresh=False)], now)


async def linked(given: Given, tx: Transaction, user_id: int, person: PersonId) -> None:
    """They have become somebody by a personal link: what they asked for is settled."""
    application = await tx.applications.of_user(user_id)
    if application is not None and application.is_open:
        settled = replace(
            joining.emptied(application),
            state=ApplicationState.ACCEPTED,
            decided_at=given.now(),
            person=person,
        )
        await tx.applications.save(settled)
        await _ended(given, tx, settled)


# in the group


@dataclass(frozen=True, slots=True)
class Known:
    """Who may be meant by an application, among those who are known already."""

    people: tuple[Person, ...]  # at most one may be linked
    accounts: Mapping[PersonId, int]  # user ids they are reached at today

    @property
    def person(self) -> Person | None:
        """The only one, if there is one."""
        return self.people[0] if len(self.people) == 1 else None

    def obstacle(self) -> str | None:
        """Why accepting must not link them: «two» rows, or somebody who acts in the group («staff»)."""
        if len(self.people) > 1:
            return "two"
        if any(person.role in GROUP_ROLES for person in self.people):
            return "staff"
        return None

    def elsewhere(self, user_id: int) -> bool:
        """Whether another account would lose its place."""
        return any(user != user_id for user in self.accounts.values())


async def known(tx: Transaction, application: Application) -> Known:
    """Those with the same account, telephone or RPPS."""
    found: dict[PersonId, Person] = {}
    for person in (
        await tx.people.by_user(application.user_id),
        await tx.people.by_phone(application.phone) if application.phone else None,
        await tx.people.by_rpps(application.rpps) if application.rpps else None,
    ):
        if person is not None:
            found[person.id] = person
    accounts = await tx.people.accounts(found)
    return Known(tuple(found.values()), {who: account.user_id for who, account in accounts.items()})


async def decide(given: Given, by: Person, number: int, arg: str) -> Answer:
    """«Valider», «Refuser» and its reasons, by anybody who acts in the group."""
    if by.role not in GROUP_ROLES or not by.active:
        return Answer("press.not_yours")
    choice, _, value = arg.partition("=")
    async with given.storage.transaction() as tx:
        application = await tx.applications.lock(number)
        if application is None:
            return Answer("joining.gone")
        if choice == "lift" and joining.again_at(application) is not None:
            return await _lift(given, tx, application, by)
        if application.state is not ApplicationState.WAITING:
            return await _settled(tx, application)
        if choice == "yes":
            return await _accept(given, tx, application, by, value)
        if choice == "no":
            return await _refuse(given, tx, application, by, value)
        await tx.applications.save(replace(application, refusing=choice == "why"))
        await tx.outbox.owe([_card(application.id, fresh=False)], given.now())
        return NOTED


async def _settled(tx: Transaction, application: Application) -> Answer:
    """Somebody was quicker."""
    by = await tx.people.get(application.decided_by) if application.decided_by else None
    at = application.decided_at or application.asked_at
    facts: dict[str, Fact] = {
        "ended": application.state.value,
        "name": by.short_name if by else "",
        "at": at.isoformat(),
    }
    return Answer("joining.settled", facts)


async def _accept(given: Given, tx: Transaction, application: Application, by: Person, value: str) -> Answer:
    now = given.now()
    found = await known(tx, application)
    if (obstacle := found.obstacle()) is not None:
        return Answer("joining.cannot_link", {"obstacle": obstacle}, alert=True)
    step = _step(given, application, value)
    if found.person is not None:
        held = (await tx.people.lock([found.person.id]))[found.person.id]
        person = joining.joined(held, application)
        await tx.people.save(person)
    else:
        person = joining.as_person(application, given.region, step)
        person = replace(person, id=await tx.people.add(person))
    await tx.people.link_account(person.id, application.user_id, application.chat_id)
    accepted = replace(
        joining.emptied(application),
        state=ApplicationState.ACCEPTED,
        decided_at=now,
        decided_by=by.id,
        person=person.id,
    )
    await tx.applications.save(accepted)
    facts: dict[str, Fact] = {
        "application": application.id,
        "person": person.id,
        "known": found.person is not None,
    }
    await tx.journal.write(None, [Event("joining.accepted", facts)], actor_of(by), now)
    await _ended(given, tx, accepted)
    welcome = Notice("joining.accepted", to_person(person.id), facts={"person": person.id})
    await tx.outbox.owe([welcome], now)
    return Answer("joining.done", {"name": person.full_name})


def _step(given: Given, application: Application, value: str) -> CascadeStep | None:
    """For which step a doctor is accepted."""
    if application.role is not Role.DOCTOR:
        return None
    offered = joining.steps(given.region)
    return next((step for step in offered if step.value == value), offered[0] if offered else None)


async def _refuse(given: Given, tx: Transaction, application: Application, by: Person, value: str) -> Answer:
    now = given.now()
    refused = replace(
        joining.emptied(application),
        first_name=application.first_name,  # so that the group's card still says whom
        last_name=application.last_name,
        state=ApplicationState.REFUSED,
        decided_at=now,
        decided_by=by.id,
        reason=value if value in REASONS else REASONS[-1],
    )
    await tx.applications.save(refused)
    facts: dict[str, Fact] = {"application": application.id, "reason": refused.reason}
    await tx.journal.write(None, [Event("joining.refused", facts)], actor_of(by), now)
    await _ended(given, tx, refused)
    told = Notice("joining.refused", to_applicant(application.id), facts={"reason": refused.reason})
    await tx.outbox.owe([told], now)
    return Answer("joining.refusal_sent")


async def _lift(given: Given, tx: Transaction, application: Application, by: Person) -> Answer:
    """They were refused by mistake, or have put it right on the telephone: they may ask again at once."""
    now = given.now()
    lifted = replace(application, decided_at=now, decided_by=by.id, reason=joining.LIFTED)
    await tx.applications.save(lifted)
    event = Event("joining.refusal_lifted", {"application": application.id})
    await tx.journal.write(None, [event], actor_of(by), now)
    told = Notice("joining.may_ask_again", to_applicant(application.id))
    await tx.outbox.owe([told, _card(application.id, fresh=False)], now)
    return Answer("joining.lifted")


#: Why somebody is refused; the last one is said without a reason.
REASONS: Sequence[str] = ("rpps", "phone", "place", "other")


# what the words need


async def form_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """The applicant's own card."""
    application = await tx.applications.get(notice.to.id)
    if application is None:
        return {"application": None}
    asked = joining.question(application, given.region)
    every = joining.questions(application, given.region)
    counted = Asked.NAME if asked is Asked.NAME_SURE else asked
    return {
        "application": application,
        "asked": asked,
        "number": every.index(counted) + 1 if counted in every else len(every),
        "of": len(every),
        "abilities": _labels(given, application.capabilities),
        "commune": given.region.commune(application.commune or ""),
    }


async def card_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """What OSNP need to decide, and who is known already."""
    application = await tx.applications.get(int(str(notice.facts["application"])))
    if application is None:
        return {"application": None}
    waits = application.state is ApplicationState.WAITING
    found = await known(tx, application) if waits else Known((), {})
    sector = given.region.sector_of(application.commune or "")
    return {
        "application": application,
        "commune": given.region.commune(application.commune or ""),
        "sector": sector.name if sector else None,
        "abilities": _labels(given, application.capabilities),
        "known": found,
        "obstacle": found.obstacle(),
        "elsewhere": found.elsewhere(application.user_id),
        "steps": joining.steps(given.region) if application.role is Role.DOCTOR else (),
        "by": await tx.people.get(application.decided_by) if application.decided_by else None,
        "person": await tx.people.get(application.person) if application.person else None,
    }


def _labels(given: Given, keys: Sequence[str] | None) -> list[str]:
    labels = {ability.key: ability.label for ability in given.region.abilities}
    return [labels.get(key, key) for key in keys or ()]
