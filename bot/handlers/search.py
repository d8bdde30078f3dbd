"""Taps of the search for a nurse."""

from bot.buttons import Press
from bot.context import Context
from bot.domain.mission import Orientation
from bot.domain.people import MissionId, Person, PersonId
from bot.flows import search
from bot.ports import Draft

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


async def on_usual_accepted(context: Context, person: Person, press: Press) -> None:
    """OSNP: the usual IDEL said yes on the telephone, with her minutes."""
    await context.say(await search.usual_accepted(context.given, person, press.mission, int(press.arg)))


async def on_orient(context: Context, person: Person, press: Press) -> None:
    """The régulateur's decision, or an operator's note of it: «ambulance» or «ambulance.4»."""
    choice, _, decider = press.arg.partition(".")
    if Orientation(choice) is Orientation.OTHER:
        await context.say(await search.ask_orientation_words(context.given, person, press.mission))
        return
    await context.say(
        await search.orient(
            context.given,
            person,
            press.mission,
            Orientation(choice),
            decider=PersonId(int(decider)) if decider else None,
        )
    )


async def on_orient_by_phone(context: Context, person: Person, press: Press) -> None:
    """«Décidé par tél.»: who, then what."""
    if press.arg == "back":
        await context.say(await search.ask_regulateur_again(context.given, person, press.mission))
        return
    decider = int(press.arg) if press.arg else None
    await context.say(await search.ask_who_decided(context.given, person, press.mission, decider))


async def typed_orientation(context: Context, person: Person, draft: Draft, text: str) -> bool:
    """The words of «Autre…»."""
    mission = MissionId(int(draft.kind.partition(":")[2]))
    words = " ".join(text.split())[:120]
    await context.say(await search.orient(context.given, person, mission, Orientation.OTHER, text=words))
    return True


async def on_late_yes(context: Context, person: Person, press: Press) -> None:
    """A late ACCEPTER is taken."""
    await _answer_late(context, person, press, yes=True)


async def on_late_no(context: Context, person: Person, press: Press) -> None:
    """A late ACCEPTER is declined."""
    await _answer_late(context, person, press, yes=False)


async def _answer_late(context: Context, person: Person, press: Press, *, yes: bool) -> None:
    nurse = PersonId(int(press.arg))
    await context.say(await search.answer_late(context.given, person, press.mission, nurse, yes=yes))
