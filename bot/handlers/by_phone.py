"""The tap under a call that OSNP owe a nurse whom only the telephone reaches."""

from bot.buttons import Press
from bot.context import Context
from bot.domain.people import Person, PersonId
from bot.flows import by_phone


async def on_told(context: Context, person: Person, press: Press) -> None:
    """«C'est dit»."""
    nurse, _, number = press.arg.partition(".")
    answer = await by_phone.told(context.given, person, press.mission, PersonId(int(nurse)), int(number))
    await context.say(answer)
