"""Taps of the search for a nurse."""

from bot.buttons import Press
from bot.context import Context
from bot.domain.mission import Orientation
from bot.domain.people import Person, PersonId
from bot.flows import search

#: The argument of «ACCEPTER · + tard».
LATER = "l"


async def on_accept(context: Context, person: Person, press: Press) -> None:
    """ACCEPTER, with an estimate in minutes or «+ tard»."""
    estimate = None if press.arg == LATER else int(press.arg)
    await context.say(await search.accept(context.given, person, press.mission, press.epoch, estimate))


async def on_refuse(context: Context, person: Person, press: Press) -> None:
    """REFUSER."""
    await context.say(await search.refuse(context.given, person, press.mission, press.epoch))


async def on_refusal_reason(context: Context, person: Person, press: Press) -> None:
    """«Trop loin», «En soins»…"""
    await context.say(
        await search.refusal_reason(context.given, person, press.mission, press.epoch, press.arg)
    )


async def on_reconsider(context: Context, person: Person, press: Press) -> None:
    """«Je peux, finalement»."""
    await context.say(await search.reconsider(context.given, person, press.mission, press.epoch))


async def on_usual_declined(context: Context, person: Person, press: Press) -> None:
    """OSNP: the usual IDEL cannot."""
    await context.say(await search.usual_declined(context.given, person, press.mission))


async def on_orient(context: Context, person: Person, press: Press) -> None:
    """The régulateur's decision, or an operator's note of it."""
    await context.say(await search.orient(context.given, person, press.mission, Orientation(press.arg)))


async def on_late_yes(context: Context, person: Person, press: Press) -> None:
    """A late ACCEPTER is taken."""
    await _answer_late(context, person, press, yes=True)


async def on_late_no(context: Context, person: Person, press: Press) -> None:
    """A late ACCEPTER is declined."""
    await _answer_late(context, person, press, yes=False)


async def _answer_late(context: Context, person: Person, press: Press, *, yes: bool) -> None:
    nurse = PersonId(int(press.arg))
    await context.say(await search.answer_late(context.given, person, press.mission, nurse, yes=yes))
