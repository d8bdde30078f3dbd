"""Facts that only some notices need, loaded by kind. Knows no words."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from bot.domain.mission import IdelOfferState, Mission
from bot.domain.outcome import Notice, PlaceKind
from bot.domain.people import Role
from bot.flows import closing, find, opening, orders, outage, reports, thread, visio, vitals, watch
from bot.ports import Given, Transaction

Loader = Callable[[Given, Transaction, Notice, Mission | None], Awaitable[dict[str, Any]]]


async def _offers(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """Who could not be reached by the bot, with their telephone."""
    if mission is None:
        return {}
    offers = await tx.offers.of_mission(mission.id, IdelOfferState.UNREACHABLE)
    people = await tx.people.many([offer.person for offer in offers])
    return {"to_phone": [(people[o.person], o) for o in offers if o.person in people]}


async def _mission(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """What the group's card says beside the mission's own state."""
    if mission is None:
        return {}
    offers = await _offers(given, tx, notice, mission)
    return offers | {"vitals_at": await vitals.last_taken(tx, mission.id)}


async def _board(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """Every mission somebody still has something to do for."""
    since = await tx.outbox.oldest((PlaceKind.MISSION, PlaceKind.BOARD))
    behind = given.now() - since if since is not None else timedelta()
    return {
        "missions": await tx.missions.unfinished(),
        "minutes_behind": int(behind.total_seconds() // 60),
    }


async def _regulateurs(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Whose spoken decision an operator may write down."""
    return {"regulateurs": await tx.people.all(Role.REGULATEUR)}


async def _asked(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """What is asked again, and the nurses to phone where that is it."""
    facts = await watch.asked_facts(given, tx, notice, mission)
    return facts | await _offers(given, tx, notice, mission) if mission else facts


LOADERS: dict[str, Loader] = {
    "search.nobody": _regulateurs,
    "opening.card": opening.card,
    "find.results": find.results,
    "find.mission": _offers,
    "search.to_phone": _offers,
    "mission.card": _mission,
    "board.card": _board,
    "delivery.group_lost": _board,
    "closing.idel": closing.amounts,
    "closing.doctor": closing.amounts,
    "closing.ended": closing.amounts,
    "closing.closed": closing.amounts,
    "closing.outcome": closing.amounts,
    "closing.unanswered": closing.amounts,
    "visio.idel": visio.received,
    "visio.doctor": visio.received,
    "visio.sms": visio.number_to_text,
    "vitals.card": vitals.card_facts,
    "vitals.own": vitals.card_facts,
    "vitals.seen": vitals.all_facts,
    "vitals.entry": vitals.entry_facts,
    "thread.text": thread.relay_facts,
    "thread.attachment": thread.relay_facts,
    "thread.attachment_more": thread.relay_facts,
    "thread.file": thread.relay_facts,
    "thread.file_more": thread.relay_facts,
    "thread.vitale": thread.relay_facts,
    "thread.ordonnance": thread.relay_facts,
    "thread.ordonnance_more": thread.relay_facts,
    "thread.document": thread.relay_facts,
    "thread.messages": thread.messages_facts,
    "thread.sent": thread.receipt_facts,
    "thread.label": thread.receipt_facts,
    "thread.failed": thread.failed_facts,
    "thread.group": thread.group_facts,
    "thread.which": thread.which_facts,
    "orders.conclude": orders.conclusion_facts,
    "orders.conclusion": orders.conclusion_facts,
    "orders.acts": orders.acts_facts,
    "orders.material": orders.acts_facts,
    "orders.acts_ordered": orders.acts_facts,
    "outage.account": outage.account_facts,
    "watch.again": _asked,
    "watch.yours": _asked,
    "reports.activity": reports.activity_shown,
    "reports.indemnities": reports.indemnities_shown,
    "reports.own": reports.own_shown,
}


async def load(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """What this kind of notice needs beyond the mission."""
    loader = LOADERS.get(notice.kind)
    return {} if loader is None else await loader(given, tx, notice, mission)
