"""Facts that only some notices need, loaded by kind. Knows no words."""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.domain.mission import Mission
from bot.domain.outcome import Notice
from bot.domain.people import Role
from bot.flows import (
    availability,
    board,
    cascade,
    closing,
    control_pages,
    coordinator,
    duty,
    find,
    joining,
    opening,
    orders,
    outage,
    profile,
    questionnaire,
    reach,
    reports,
    search,
    sectors,
    thread,
    visio,
    vitals,
    watch,
    why,
)
from bot.ports import Given, Transaction

Loader = Callable[[Given, Transaction, Notice, Mission | None], Awaitable[dict[str, Any]]]


async def _mission(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """What the group's card says beside the mission's own state."""
    if mission is None:
        return {}
    return {"vitals_at": await vitals.last_taken(tx, mission.id)}


async def _regulateurs(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Whose spoken decision an operator may write down."""
    return {"regulateurs": await tx.people.all(Role.REGULATEUR)}


async def _asked(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """What is asked again, and the nurses to phone where that is it."""
    facts = await watch.asked_facts(given, tx, notice, mission)
    return facts | await reach.to_phone(given, tx, notice, mission) if mission else facts


LOADERS: dict[str, Loader] = {
    "availability.card": availability.card_facts,
    "availability.away": availability.away_facts,
    "availability.which": availability.names_facts,
    "reach.list": reach.list_facts,
    "search.nobody": _regulateurs,
    "search.all_refused": reach.to_phone,
    "opening.card": opening.card,
    "find.results": find.results,
    "joining.form": joining.form_facts,
    "joining.card": joining.card_facts,
    "profile.card": profile.card_facts,
    "profile.found": profile.found_facts,
    "why.own": why.own_facts,
    "why.mission": why.mission_facts,
    "search.to_phone": search.to_phone_facts,
    "mission.card": _mission,
    "control.page": control_pages.page_facts,
    "board.card": board.facts,
    "delivery.group_lost": board.facts,
    "closing.idel": closing.amounts,
    "closing.doctor": closing.amounts,
    "closing.ended": closing.amounts,
    "closing.closed": closing.amounts,
    "closing.outcome": closing.amounts,
    "closing.unanswered": closing.amounts,
    "questionnaire.by_phone": questionnaire.by_phone,
    "visio.idel": visio.received,
    "visio.doctor": visio.received,
    "visio.group": visio.received,
    "visio.sms": visio.number_to_text,
    "visio.sms_idel": visio.number_to_text,
    "doctor.sms": visio.hour_by_text,
    "cascade.tell_doctor": visio.hour_by_text,
    "cascade.sms": cascade.question_by_text,
    "cascade.sms_over": cascade.over_by_text,
    "sectors.table": sectors.table_facts,
    "sectors.check": sectors.change_facts,
    "sectors.refused": sectors.refusal_facts,
    "sectors.imported": sectors.change_facts,
    "sectors.changed": sectors.change_facts,
    "duty.check": duty.check_facts,
    "duty.refused": duty.refusal_facts,
    "duty.roster": duty.roster_facts,
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
    "orders.aloud": orders.conclusion_facts,
    "orders.material": orders.acts_facts,
    "orders.acts_ordered": orders.acts_facts,
    "outage.account": outage.account_facts,
    "watch.again": _asked,
    "watch.yours": _asked,
    "coordinator.delays": coordinator.facts,
    "coordinator.delay": coordinator.facts,
    "coordinator.days": coordinator.facts,
    "coordinator.changes": coordinator.facts,
    "reports.activity": reports.activity_shown,
    "reports.indemnities": reports.indemnities_shown,
    "reports.own": reports.own_shown,
}


async def load(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """What this kind of notice needs beyond the mission."""
    loader = LOADERS.get(notice.kind)
    return {} if loader is None else await loader(given, tx, notice, mission)
