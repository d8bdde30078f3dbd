"""`/activite`, `/indemnites`, `/mes_missions`, and the month before by one tap."""

from typing import Any

from bot.buttons import Press
from bot.context import Context
from bot.domain.outcome import Answer
from bot.domain.people import Person
from bot.flows import reports
from bot.handlers.where import Where, where


async def on_activity(update: Any, context: Context) -> None:
    """`/activite`, `/activite septembre`, `/activite 01/10/2026 15/10/2026`."""
    await _asked(context, "activity")


async def on_indemnities(update: Any, context: Context) -> None:
    """`/indemnites 2026-10`."""
    await _asked(context, "indemnities")


async def on_own(update: Any, context: Context) -> None:
    """`/mes_missions`."""
    await _asked(context, "own")


async def _asked(context: Context, kind: str) -> None:
    place, person = await where(context), context.person
    if place is Where.ANONYMOUS:
        await context.say(Answer("press.anonymous"))
    elif place is Where.ELSEWHERE or (person is None and place is Where.GROUP):
        await context.nothing_to_do()
    elif person is None:
        await context.say(Answer("press.stranger"))
    else:
        answer = await reports.send(context.given, person, kind, " ".join(context.args or ()))
        if answer.kind != "reports.sent" or place is Where.GROUP:
            await context.say(answer)


async def on_report(context: Context, person: Person, press: Press) -> None:
    """«◀ septembre 2026»."""
    kind, _, month = press.arg.partition(".")
    if kind not in reports.MAY_READ:
        await context.say(Answer("press.unknown"))
        return
    await context.say(await reports.send(context.given, person, kind, month))
