"""Taps after the care, on the exits, and the typed owner of the night."""

from bot.buttons import Press
from bot.context import Context
from bot.domain.mission import EndReason, PatientOutcome, Prescription
from bot.domain.people import MissionId, Person, PersonId
from bot.flows import closing
from bot.ports import Draft


async def on_acts(context: Context, person: Person, press: Press) -> None:
    """«Aucun → TLD», «Oui → TLS + acte»."""
    await context.say(await closing.answer_acts(context.given, person, press.mission, press.arg))


async def on_outcome(context: Context, person: Person, press: Press) -> None:
    """«Reste à domicile», «Urgences», «Autre»."""
    await context.say(
        await closing.answer_outcome(context.given, person, press.mission, PatientOutcome(press.arg))
    )


async def on_prescription(context: Context, person: Person, press: Press) -> None:
    """«Remise», «Envoyée», «Aucune»."""
    await context.say(
        await closing.answer_prescription(context.given, person, press.mission, Prescription(press.arg))
    )


async def on_back(context: Context, person: Person, press: Press) -> None:
    """«Revenir», «Corriger»."""
    await context.say(await closing.back(context.given, person, press.mission))


async def on_doctor_done(context: Context, person: Person, press: Press) -> None:
    """«Tout est fait»."""
    await context.say(await closing.doctor_done(context.given, person.party, press.mission))


async def on_doctor_later(context: Context, person: Person, press: Press) -> None:
    """«Plus tard»."""
    await context.say(await closing.doctor_later(context.given, person.party, press.mission))


async def on_doctor_detail(context: Context, person: Person, press: Press) -> None:
    """«Détail»."""
    await context.say(await closing.doctor_detail(context.given, person.party, press.mission))


async def on_force(context: Context, person: Person, press: Press) -> None:
    """«Clore sans réponse»."""
    await context.say(await closing.close_without_answers(context.given, person, press.mission))


async def on_end(context: Context, person: Person, press: Press) -> None:
    """An exit: confirmed first, but for an aggravation."""
    reason = EndReason(press.arg)
    if reason is EndReason.WORSENED:
        await on_worsened(context, person, press)
    else:
        await context.say(await closing.ask_end(context.given, person, press.mission, reason))


async def on_end_confirmed(context: Context, person: Person, press: Press) -> None:
    """«Oui, …», with the reason after a dot; typed words are kept under whoever typed them."""
    reason, _, detail = press.arg.partition(".")
    if detail.startswith(closing.TYPED):
        author = PersonId(int(detail.removeprefix(closing.TYPED)))
        await context.say(await closing.cancel_as_typed(context.given, person, press.mission, author))
        return
    await context.say(
        await closing.end(context.given, person, press.mission, EndReason(reason), detail or None)
    )


async def on_kept(context: Context, person: Person, press: Press) -> None:
    """«Non»."""
    await context.say(await closing.keep(context.given, person, press.mission))


async def on_worsened(context: Context, person: Person, press: Press) -> None:
    """«Aggravation → 15»."""
    await context.say(await closing.worsen(context.given, person, press.mission))


async def on_night_owner(context: Context, person: Person, press: Press) -> None:
    """«Nom et numéro», or somebody known by one tap."""
    if press.arg:
        owner = PersonId(int(press.arg))
        await context.say(await closing.night_owner_is(context.given, person, press.mission, owner))
    else:
        await context.say(await closing.ask_night_owner(context.given, person, press.mission))


async def typed_night_owner(context: Context, person: Person, draft: Draft, text: str) -> bool:
    """The name and the number of the owner of the night."""
    mission = MissionId(int(draft.kind.partition(":")[2]))
    await context.say(await closing.type_night_owner(context.given, person, mission, text))
    return True
