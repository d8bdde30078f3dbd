"""What people write in a private or a house's chat: to the dialogue that waits for it, else to the mission.

A dialogue that is offered a text says whether it was for it; the first that takes it ends the search.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.domain.liaison import marked
from bot.domain.outcome import Answer
from bot.domain.people import GROUP_ROLES, Person, Role
from bot.flows import dialogue
from bot.flows import opening as opening_flow
from bot.handlers import (
    availability,
    cascade,
    closing,
    control,
    coordinator,
    dossier,
    joining,
    liaison,
    opening,
    orders,
    profile,
    search,
    thread,
    visit,
    vitals,
)
from bot.ports import Draft

#: Offered a typed text; True when it was meant for this dialogue (and has been answered).
Typed = Callable[[Context, Person, Draft, str], Awaitable[bool]]

#: Which dialogue takes a text, by the kind of the draft before its colon («opening», «hour:412»).
ON_TYPED: Mapping[str, Typed] = {
    "opening": opening.on_typed,
    "night": closing.typed_night_owner,
    "vitals": vitals.typed_value,
    "video_hour": cascade.typed_hour,
    "conclusion": orders.typed_conclusion,
    "acts": orders.typed_acts,
    "availability": availability.typed,
    "orient": search.typed_orientation,
    "note": control.typed_note,
    "cancel": control.typed_reason,
    "profile": profile.on_typed,
    "delay": coordinator.typed_delay,
    "liaison": liaison.typed_note,
    "regular": dossier.typed_regular,
}


#: Words about one mission: a pasted request is none, and after a while neither is anything else.
_OF_A_MISSION = ("note", "cancel", "orient")
_WAITS = timedelta(minutes=10)


async def on_text(update: Any, context: Context) -> None:
    """A text in a private chat."""
    person, message = context.person, update.effective_message
    if person is None:
        await joining.on_text(update, context)
        return
    text = message.text or ""
    if marked(text) is not None and person.role not in GROUP_ROLES:
        await thread.on_message(update, context)  # it says itself what it is, whatever else is asked
        return
    waiting = await _still_waiting(context, person, text)
    # Only looked at: the update is done by the commit of the dialogue that takes it.
    for draft in waiting:
        typed = ON_TYPED.get(draft.kind.partition(":")[0])
        if typed is not None and await typed(context, person, draft, text):
            return
    if person.role in GROUP_ROLES:
        if await thread.on_answer(context, person):
            return
        if not await opening.on_first_text(context, person, text):
            await context.say(Answer("opening.how"))
        return
    if await availability.on_words(context, person, text):
        return
    if person.role is Role.IDEL and await visit.on_typed_hour(context, person, text):
        return
    if await cascade.on_house_text(context, person, text):
        return
    await thread.on_message(update, context)


async def _still_waiting(context: Context, person: Person, text: str) -> list[Draft]:
    """What waits for these words; a question about a mission is forgotten when they are the next request."""
    given = context.runtime.given
    waiting = await dialogue.waiting(given, person.id)
    asked = [draft for draft in waiting if draft.kind.partition(":")[0] in _OF_A_MISSION]
    is_request = bool(asked) and opening_flow.is_request(given, text)
    gone = [draft for draft in asked if is_request or given.now() - draft.updated_at > _WAITS]
    if gone:
        await dialogue.forget(given, person.id, [draft.kind for draft in gone])
    return [draft for draft in waiting if draft not in gone]
