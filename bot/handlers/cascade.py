"""Taps of the search for a doctor: doctors and houses, the nurse about the hour, OSNP."""

import re
from datetime import UTC, datetime, timedelta

from bot.buttons import Press
from bot.context import Context
from bot.domain.outcome import Answer
from bot.domain.people import ANYBODY, MissionId, Party, Person
from bot.flows import cascade, visit
from bot.handlers.visit import HOUR
from bot.ports import Draft

#: «Dr Haas», or a few words that end with a number.
NAMES_DOCTOR = re.compile(r"\s*(dr|docteur|pr)\b|\D{3,60}\+?\d[\d .]{8,}$", re.IGNORECASE)

#: An hour is typed right after it was asked for; later it is a message.
TYPED_WITHIN = timedelta(minutes=15)


def moment(arg: str) -> datetime:
    """The hour in a button: minutes since 1970, UTC."""
    return datetime.fromtimestamp(int(arg) * 60, UTC)


async def on_accept(context: Context, person: Person, press: Press) -> None:
    """«J'accepte 10:25»."""
    await context.say(
        await cascade.accept(context.given, person.party, press.mission, moment(press.arg), by=person)
    )


async def on_hours(context: Context, person: Person, press: Press) -> None:
    """«Autre heure» on an offer."""
    many = press.arg != "few"
    await context.say(await cascade.show_hours(context.given, person.party, press.mission, many=many))


async def on_refuse(context: Context, person: Person, press: Press) -> None:
    """REFUSER."""
    await context.say(await cascade.refuse(context.given, person.party, press.mission))


async def on_see(context: Context, person: Person, press: Press) -> None:
    """«Voir»: the médecin traitant opens the name."""
    await context.say(await cascade.see(context.given, person, press.mission))


async def on_visit_instead(context: Context, person: Person, press: Press) -> None:
    """SOS médecin: «Visite à la place»."""
    await context.say(await cascade.visit_instead(context.given, person.party, press.mission, person))


async def on_withdraw(context: Context, person: Person, press: Press) -> None:
    """«Me retirer»: asked once more, then done."""
    if press.arg == "no":
        await context.say(await cascade.stay(context.given, person.party, press.mission))
    elif press.arg == "yes":
        await context.say(await cascade.withdraw(context.given, person.party, press.mission, person))
    else:
        await context.say(await cascade.ask_withdraw(context.given, person.party, press.mission))


async def on_change_hour(context: Context, person: Person, press: Press) -> None:
    """«Changer l'heure» of the doctor."""
    await context.say(await cascade.propose_hours(context.given, person.party, press.mission, person))


async def on_propose(context: Context, person: Person, press: Press) -> None:
    """The doctor proposes an hour."""
    hour = moment(press.arg)
    await context.say(await cascade.propose(context.given, person.party, press.mission, hour, person))


async def typed_hour(context: Context, person: Person, draft: Draft, text: str) -> bool:
    """The doctor types «10h45» instead, while the hours are laid out."""
    now = context.runtime.given.now()
    if now - draft.updated_at > TYPED_WITHIN or HOUR.fullmatch(text.strip()) is None:
        return False
    hour = visit.local_hour(context.runtime.given, text.strip(), now)
    if hour is None:
        return False
    mission = MissionId(int(draft.kind.partition(":")[2]))
    await context.say(await cascade.propose(context.given, person.party, mission, hour, person))
    return True


async def on_hour_ok(context: Context, person: Person, press: Press) -> None:
    """«OK 11:00»."""
    await context.say(
        await cascade.answer_hour(context.given, person.party, press.mission, moment(press.arg), person)
    )


async def on_hour_no(context: Context, person: Person, press: Press) -> None:
    """«Impossible»."""
    await context.say(await cascade.answer_hour(context.given, person.party, press.mission, None, person))


async def on_phone_answer(context: Context, person: Person, press: Press) -> None:
    """OSNP: «Réponse par tél.»."""
    await context.say(await cascade.show_answers(context.given, person, press.mission))


async def on_phone_yes(context: Context, person: Person, press: Press) -> None:
    """OSNP: that doctor said yes."""
    await context.say(
        await cascade.show_phone_hours(context.given, person, press.mission, Party.read(press.arg))
    )


async def on_phone_hour(context: Context, person: Person, press: Press) -> None:
    """OSNP: at that hour."""
    party, _, minutes = press.arg.partition(".")
    await context.say(
        await cascade.accept(
            context.given, Party.read(party), press.mission, moment(minutes), recorded_by=person
        )
    )


async def on_phone_no(context: Context, person: Person, press: Press) -> None:
    """OSNP: that doctor said no."""
    await context.say(
        await cascade.refuse(
            context.given, Party.read(press.arg), press.mission, reason="phone", recorded_by=person
        )
    )


async def on_phone_silent(context: Context, person: Person, press: Press) -> None:
    """OSNP: nobody answers there; the epoch is the line that rang."""
    await context.say(
        await cascade.no_answer(context.given, person, press.mission, Party.read(press.arg), press.epoch)
    )


async def on_next_step(context: Context, person: Person, press: Press) -> None:
    """«Étape suivante»."""
    await context.say(await cascade.skip(context.given, person, press.mission, press.epoch))


async def on_previous_step(context: Context, person: Person, press: Press) -> None:
    """«Revenir»."""
    await context.say(await cascade.go_back(context.given, person, press.mission, press.epoch))


async def on_restart(context: Context, person: Person, press: Press) -> None:
    """«Reprendre la cascade»."""
    await context.say(await cascade.restart(context.given, person, press.mission, press.epoch))


async def on_pause(context: Context, person: Person, press: Press) -> None:
    """«Pause 10 min»."""
    length = timedelta(minutes=int(press.arg)) if press.arg in ("10", "20", "30") else None
    await context.say(await cascade.pause(context.given, person, press.mission, length))


async def on_resume(context: Context, person: Person, press: Press) -> None:
    """«Reprendre»."""
    await context.say(await cascade.resume(context.given, person, press.mission))


async def on_idel_stays(context: Context, person: Person, press: Press) -> None:
    """No doctor: the nurse stays."""
    await context.say(await cascade.tell_idel(context.given, person, press.mission, stay=True))


async def on_idel_leaves(context: Context, person: Person, press: Press) -> None:
    """No doctor: the nurse leaves."""
    await context.say(await cascade.tell_idel(context.given, person, press.mission, stay=False))


async def on_house_text(
    context: Context, person: Person, text: str, answers: MissionId | None = None
) -> bool:
    """A house names its doctor: the first text after an acceptance without a name.

    Most groups give the bot only answers to its messages: one of them names the doctor when it reads
    like a name, else it is a word to the nurse.
    """
    if person.id != ANYBODY or person.organisation is None:
        return False
    waiting = await cascade.unnamed(context.runtime.given, person.organisation)
    if answers is not None:
        waiting = [mission for mission in waiting if mission.id == answers and NAMES_DOCTOR.match(text)]
    if not waiting:
        return False
    answer: Answer = await cascade.read_doctor(context.given, person.party, waiting[0].id, text)
    await context.say(answer)
    return True
