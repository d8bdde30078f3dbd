"""How a decision is written down: the mission, the winner, timers, journal and what is owed, in one commit.

Every flow ends here. Knows no rule and no word.
"""

from datetime import datetime

from bot.domain import billing, by_phone, questionnaire, undo, watch, waves
from bot.domain.mission import Mission
from bot.domain.outcome import (
    BOARD,
    GROUP_KINDS,
    Answer,
    Notice,
    Outcome,
    Place,
    Priority,
    Timer,
    WhenUnknown,
    to_group,
    to_party,
    to_person,
)
from bot.domain.people import GROUP_ROLES, MissionId, Party, PartyKind, Person, PersonId
from bot.domain.search_notices import redraw_to_phone
from bot.flows import forget
from bot.ports import Given, Transaction


def actor_of(person: Person | None) -> str:
    """How the journal names who acted."""
    return "timer" if person is None else str(person.party)


async def record(given: Given, tx: Transaction, outcome: Outcome, actor: str) -> Answer:
    """Write `outcome` whole and return what to say to whoever acted."""
    now = given.now()
    outcome = billing.settle(given.region, by_phone.instead(outcome), now)
    outcome = await _watched(tx, outcome, actor, now)
    mission = outcome.mission
    await tx.missions.save(mission)
    if outcome.released is not None:
        await tx.people.release(outcome.released, mission.id, now)
    uniques = []
    if outcome.won is not None:
        uniques.append(tx.offers.win(mission.id, *outcome.won, now))
    if outcome.engaged is not None:
        uniques.append(tx.people.engage(outcome.engaged, mission.id, now))
    if uniques:
        await tx.together(*uniques)
    if outcome.offers:
        await _keep_turns(tx, outcome, now)
        await tx.offers.save(outcome.offers)
    await tx.outbox.withdraw(outcome.withdrawn, now)
    if outcome.timers:
        await tx.timers.apply(mission.id, outcome.timers, now)
    await tx.journal.write(mission.id, outcome.events, actor, now)
    await forget.follow(given, tx, outcome, now)
    notices = [*outcome.notices, *questionnaire.follow(outcome, given.region)]
    if outcome.shut_offers:
        notices += [redraw_to_phone(mission), *await _shut(tx, mission)]
    if outcome.events or outcome.notices:
        notices += redraws(mission)
    await tx.outbox.owe(notices, now)
    return outcome.answer


async def _keep_turns(tx: Transaction, outcome: Outcome, now: datetime) -> None:
    """Of a search that begins anew the offers are written over those before: whose turn it was is kept."""
    anew = [offer for offer in outcome.offers if offer.epoch > 1]
    if anew:
        before = await tx.offers.of_people(outcome.mission.id, [offer.person for offer in anew])
        kept = waves.turns_kept(before.values(), anew)
        if kept is not None:
            await tx.journal.write(outcome.mission.id, [kept], None, now)


async def _watched(tx: Transaction, outcome: Outcome, actor: str, now: datetime) -> Outcome:
    """Whoever must act from now on is watched over; what an operator decided may be taken back."""
    if not outcome.events:
        return outcome
    party = None if actor == "timer" else Party.read(actor.partition(" ")[0])
    in_group = False
    undoable = undo.may_be_undone(outcome)
    if party is not None and party.kind is PartyKind.PERSON and (outcome.mission.requests or undoable):
        person = await tx.people.get(PersonId(party.id))
        in_group = person is not None and person.role in GROUP_ROLES
        if in_group and undoable:
            before = await tx.missions.get(outcome.mission.id)
            outcome = undo.remember(outcome, before or outcome.mission, PersonId(party.id), now)
    return watch.settle(outcome, party, now, in_group=in_group)


async def _shut(tx: Transaction, mission: Mission) -> list[Notice]:
    """Whoever has a card of the offer and not the mission sees the truth on it."""
    offers = await tx.offers.of_mission(mission.id)
    return [
        _redraw("search.offer", to_person(offer.person), mission, "offer")
        for offer in offers
        if offer.person != mission.visit.idel  # also who was unreachable then: back since, they see an offer
    ] + (
        [_redraw("search.offer", to_person(mission.visit.idel), mission, "offer")]
        if mission.visit.idel is not None
        else []
    )


def redraws(mission: Mission) -> list[Notice]:
    """The living cards of a mission, and the board: drawn again after every change."""
    cards = [
        Notice(
            "mission.card",
            to_group(mission.id),
            mission.id,
            priority=Priority.CARD,
            card="live",
            when_unknown=WhenUnknown.DROP,
        ),
        board_card(),
    ]
    if mission.visit.idel is not None:
        cards.append(_redraw("visit.card", to_person(PersonId(mission.visit.idel)), mission, "mission"))
    doctor = mission.cascade.doctor
    if doctor is not None and not doctor.by_phone:
        cards.append(_redraw("doctor.card", to_party(doctor.party), mission, "doctor"))
    return cards


def board_card() -> Notice:
    """The pinned board, drawn again."""
    return Notice("board.card", BOARD, priority=Priority.CARD, card="board", when_unknown=WhenUnknown.DROP)


async def cards_in_group(tx: Transaction, mission: MissionId | None) -> list[Notice]:
    """The living cards of one mission, or of every open one, where their messages in the group are lost."""
    one = await tx.missions.get(mission) if mission is not None else None
    missions = await tx.missions.unfinished() if mission is None else [one] if one is not None else []
    return [card for there in missions for card in redraws(there) if card.to.kind in GROUP_KINDS]


def _redraw(kind: str, place: Place, mission: Mission, card: str) -> Notice:
    return Notice(
        kind,
        place,
        mission.id,
        priority=Priority.CARD,
        card=card,
        only_if_there=True,
        when_unknown=WhenUnknown.DROP,
    )


async def rung(given: Given, tx: Transaction, timer: Timer) -> Mission | None:
    """Hold the mission of a timer that rings, unless it was stopped meanwhile."""
    if timer.mission is None:
        return None
    mission = await tx.missions.lock(timer.mission)
    if not await tx.timers.rung(timer, given.now()):
        return None
    return mission
