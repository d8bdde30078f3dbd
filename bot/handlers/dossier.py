"""«Fiche», `/fiche 412`, `/ressources`, and a usual professional who is typed."""

from typing import Any

from bot.buttons import Press
from bot.context import Context
from bot.domain.outcome import Answer, to_person
from bot.domain.people import GROUP_ROLES, Person
from bot.flows import dossier
from bot.handlers.thread import waited_for
from bot.handlers.where import Where, place_in_group, where
from bot.ports import Draft


async def on_sheet(context: Context, person: Person, press: Press) -> None:
    """«Fiche»."""
    await context.say(await dossier.show(context.given, person, press.mission))


async def on_command(update: Any, context: Context) -> None:
    """`/fiche 412`, or `/fiche` in a mission's topic or by whoever holds one mission."""
    place, person = await where(context), context.person
    text = " ".join(context.args or ())
    if place is Where.ANONYMOUS:
        await context.say(Answer("press.anonymous"))
    elif person is None and place is Where.PRIVATE:
        await context.say(Answer("press.stranger"))
    elif person is not None and place is Where.PRIVATE:
        await _tell(context, await dossier.show_numbered(context.given, person, text, to_person(person.id)))
    elif person is not None and place is Where.GROUP and person.role in GROUP_ROLES:
        topic = await place_in_group(context)
        await context.say(await dossier.show_numbered(context.given, person, text, topic))
    else:
        await context.nothing_to_do()


async def _tell(context: Context, answer: Answer) -> None:
    """In the private chat the sheet itself says that it is there."""
    if answer.kind not in ("mission.patient_sent", "dossier.below"):
        await context.say(answer)


async def on_resources(update: Any, context: Context) -> None:
    """`/ressources`."""
    place, person = await where(context), context.person
    if place is Where.ANONYMOUS:
        await context.say(Answer("press.anonymous"))
    elif person is None and place is Where.PRIVATE:
        await context.say(Answer("press.stranger"))
    elif person is not None and place is Where.PRIVATE:
        await dossier.resources(context.given, to_person(person.id))
    elif person is not None and place is Where.GROUP and person.role in GROUP_ROLES:
        await dossier.resources(context.given, await place_in_group(context))
    else:
        await context.nothing_to_do()


async def on_add_regular(context: Context, person: Person, press: Press) -> None:
    """«Ajouter un professionnel habituel»."""
    await context.say(await dossier.ask_regular(context.given, person, press.mission))


async def typed_regular(context: Context, person: Person, draft: Draft, text: str) -> bool:
    """Who it is."""
    found = await waited_for(context, draft)
    if found is None:
        return False
    answer = await dossier.regular_typed(context.given, person, *found)
    if answer is not None:
        await context.say(answer)
    return True
