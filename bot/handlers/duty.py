"""Duty rosters: a file sent in private by the coordinateur, its confirmation, and `/gardes`."""

from typing import Any

from telegram import Message

from bot.buttons import Press
from bot.context import Context
from bot.domain.outcome import Answer, to_person
from bot.domain.people import GROUP_ROLES, Person, Role
from bot.domain.sectors import is_table
from bot.failures import Failure
from bot.flows import coordinator, duty, sectors
from bot.flows.duty_file import BIGGEST
from bot.handlers.where import Where, place_in_group, where

#: A document with such a name is a roster, or a table of sectors by its first line.
NAMES = (".csv", ".ics")

#: One that a table was kept in: nothing but a roster is sent in such a file.
SPREADSHEETS = (".xlsx", ".xls", ".ods", ".numbers")


async def on_file(context: Context, person: Person, message: Message) -> bool:
    """A document in private; True when it was meant as a roster or a table of sectors, and is dealt with."""
    document = message.document
    name = (document.file_name or "").strip() if document is not None else ""
    if document is None or not name.casefold().endswith((*NAMES, *SPREADSHEETS)):
        return False
    if person.role is not Role.COORDINATEUR:
        if person.role in GROUP_ROLES:
            await context.say(coordinator.NOT_YOURS)
        return person.role in GROUP_ROLES
    if name.casefold().endswith(SPREADSHEETS):
        await context.say(Answer("duty.spreadsheet"))
        return True
    if (document.file_size or 0) > BIGGEST:
        await context.say(Answer("duty.too_big"))
        return True
    try:
        content = await context.contents(document.file_id)
    except Failure:
        await context.say(Answer("duty.not_fetched"))
        return True
    if is_table(content):
        await sectors.bring(context.given, person, name[:80], content)
    else:
        await duty.bring(context.given, person, name[:80], content, message.caption or "")
    return True


async def on_confirm(context: Context, person: Person, press: Press) -> None:
    """«Importer», «Annuler»; the epoch is of the file."""
    await context.say(await duty.confirm(context.given, person, press.epoch, yes=press.arg == "yes"))


async def on_roster(update: Any, context: Context) -> None:
    """`/gardes`, `/gardes Altkirch`."""
    place, person = await where(context), context.person
    if place is Where.ANONYMOUS:
        await context.say(Answer("press.anonymous"))
        return
    if place is Where.ELSEWHERE or (person is None and place is Where.GROUP):
        await context.nothing_to_do()
        return
    if person is None:
        await context.say(Answer("press.stranger"))
        return
    here = to_person(person.id) if place is Where.PRIVATE else await place_in_group(context)
    answer = await duty.show(context.given, person, here, " ".join(context.args or ()))
    if answer is not None:
        await context.say(answer)
