"""The tap on the account of an absence."""

from datetime import UTC, datetime

from bot.buttons import Press
from bot.context import Context
from bot.domain.people import Person
from bot.flows import outage


async def on_seen(context: Context, person: Person, press: Press) -> None:
    """«Vu»: why, and its three moments in milliseconds since 1970."""
    why, *moments = press.arg.split(".")
    since, until, said = (datetime.fromtimestamp(int(moment) / 1000, UTC) for moment in moments)
    await context.say(await outage.seen(context.given, person, why, since, until, said))
