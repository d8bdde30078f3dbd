"""Taps on the pages of the group's menu, and the commands of OSNP."""

import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from telegram import Message

from bot.buttons import Press, Verb
from bot.context import Context
from bot.domain.mission import EndReason
from bot.domain.outcome import Answer, Place, PlaceKind, to_group, to_person
from bot.domain.people import GROUP_ROLES, MissionId, Party, Person, PersonId
from bot.flows import closing, control, control_pages, undo, visit
from bot.flows import search as search_flow
from bot.flows.written import Written
from bot.handlers.cascade import moment
from bot.handlers.opening import refuse
from bot.handlers.where import Where, place_in_group, where
from bot.ports import Draft

#: The argument of «+ tard, heure à venir».
LATER = "l"


def _place(context: Context, person: Person, mission: MissionId) -> Place:
    """Where the menu stands: the private chat, or the mission's topic."""
    chat = context.incoming.effective_chat
    return to_person(person.id) if chat is not None and chat.type == "private" else to_group(mission)


async def _here(context: Context, person: Person, mission: MissionId) -> Place:
    """Where a button stands that may stand anywhere: what was typed in General is taken back there."""
    place = _place(context, person, mission)
    if place == to_person(person.id) or not isinstance(context.incoming.effective_message, Message):
        return place
    return await place_in_group(context)


# Taps


#: Decisions that stand on other cards too: the page they were tapped on is drawn again.
PAGES = {
    Verb.PAUSE: "doctor",
    Verb.RESUME: "doctor",
    Verb.PHONE_ANSWER: "doctor",
    Verb.WIDEN: "idel",
    Verb.SET_OUT: "idel",
    Verb.ARRIVE: "idel",
    Verb.FINISH: "idel",
}


async def after_press(context: Context, person: Person, press: Press) -> None:
    """The page of the menu a button was tapped on shows what the tap has changed."""
    page, message = PAGES.get(press.verb), context.incoming.effective_message
    if page is not None and message is not None and person.role in GROUP_ROLES:
        place = _place(context, person, press.mission)
        await control.redraw(context.given, press.mission, place, page, message.message_id)


async def on_menu(context: Context, person: Person, press: Press) -> None:
    """«Autre…», and from page to page of the menu; the nurse's own has one page."""
    if person.role not in GROUP_ROLES or press.arg == "":
        await context.say(await visit.menu(context.given, person, press.mission))
        return
    page = "" if press.arg == "front" else press.arg
    place = _place(context, person, press.mission)
    await context.say(await control.show(context.given, person, press.mission, place, page))


async def on_assign(context: Context, person: Person, press: Press) -> None:
    """«Accepte · 20 min», for a nurse on the phone."""
    nurse, _, minutes = press.arg.partition(".")
    await context.say(
        await control.assign(
            context.given,
            person,
            press.mission,
            _place(context, person, press.mission),
            PersonId(int(nurse)),
            None if minutes == LATER else int(minutes),
        )
    )


async def on_nurse_answer(context: Context, person: Person, press: Press) -> None:
    """«Refuse», «Ne répond pas», for a nurse on the phone."""
    nurse, _, said = press.arg.partition(".")
    place = _place(context, person, press.mission)
    await context.say(
        await control.note_answer(context.given, person, press.mission, place, PersonId(int(nurse)), said)
    )


async def on_relaunch(context: Context, person: Person, press: Press) -> None:
    """«Relancer la recherche», with its reason."""
    place = _place(context, person, press.mission)
    await context.say(await control.relaunch(context.given, person, press.mission, place, press.arg))


async def on_widen(context: Context, person: Person, press: Press) -> None:
    """«Élargir maintenant»; the epoch is the wave that was seen."""
    await context.say(await search_flow.widen_now(context.given, person, press.mission, press.epoch))


async def on_assign_doctor(context: Context, person: Person, press: Press) -> None:
    """An hour that a doctor said on the phone, whatever the step."""
    party, _, minutes = press.arg.partition(".")
    place = _place(context, person, press.mission)
    await context.say(
        await control.assign_doctor(
            context.given, person, press.mission, place, Party.read(party), moment(minutes)
        )
    )


async def on_doctor_gone(context: Context, person: Person, press: Press) -> None:
    """The doctor has said on the phone that the video is not possible."""
    place = _place(context, person, press.mission)
    await context.say(await control.doctor_gone(context.given, person, press.mission, place))


async def on_take_over(context: Context, person: Person, press: Press) -> None:
    """«Je prends la main»."""
    place = _place(context, person, press.mission)
    await context.say(await control.take_over(context.given, person, press.mission, place))


async def on_transfer(context: Context, person: Person, press: Press) -> None:
    """«Hugo»: the mission is his."""
    place = _place(context, person, press.mission)
    to = PersonId(int(press.arg))
    await context.say(await control.transfer(context.given, person, press.mission, place, to))


async def on_postpone(context: Context, person: Person, press: Press) -> None:
    """«Rappeler dans 20 min»."""
    place = _place(context, person, press.mission)
    minutes = int(press.arg)
    await context.say(await control.postpone(context.given, person, press.mission, place, minutes))


async def on_words(context: Context, person: Person, press: Press) -> None:
    """«Note», «Autre motif…»: typed in the private chat."""
    await context.say(await control.ask_words(context.given, person, press.mission, press.arg))


async def on_reopen(context: Context, person: Person, press: Press) -> None:
    """«Rouvrir la mission»."""
    place = _place(context, person, press.mission)
    await context.say(await undo.reopen(context.given, person, press.mission, place))


async def on_undo(context: Context, person: Person, press: Press) -> None:
    """«Oui, défaire»."""
    place = await _here(context, person, press.mission)
    stamp = int(press.arg)
    await context.say(await undo.take_back(context.given, person, press.mission, place, stamp))


async def typed_note(context: Context, person: Person, draft: Draft, text: str) -> bool:
    """The words of «Note»."""
    mission = MissionId(int(draft.kind.partition(":")[2]))
    await context.say(await control.write_note(context.given, person, mission, text))
    return True


async def typed_reason(context: Context, person: Person, draft: Draft, text: str) -> bool:
    """The words of «Autre motif…»."""
    mission = MissionId(int(draft.kind.partition(":")[2]))
    await context.say(await control.cancel(context.given, person, mission, text))
    return True


# Commands


#: Questions that are put in the mission's topic, wherever they were asked for.
ASKED_IN_TOPIC = ("closing.confirm", "visit.choose_hour")

#: Answers of a tap that a typed command does without: the page or the line it asked for stands below it.
SAID_BY_WHAT_CAME = ("mission.menu_shown", "closing.confirm", "visit.choose_hour")
SAID_THERE = (("control.write_privately", Where.PRIVATE), ("control.handed_over", Where.GROUP))


@dataclass(frozen=True, slots=True)
class Said:
    """A command, once its mission is known."""

    mission: MissionId
    words: str  # what follows the number
    here: Place  # where it was typed
    place: Place  # where its pages are shown: the private chat, or the mission's topic

    @property
    def is_at_home(self) -> bool:
        """Typed in the topic of that very mission: elsewhere a number may be another patient's."""
        return self.here == to_group(self.mission)


#: What a command does.
Decide = Callable[[Context, Person, Said], Awaitable[Answer]]


#: An hour that is whole without what stands before it: in «1 10h15» the 1 is a mission.
_WHOLE_HOUR = re.compile(r"\d{1,2} ?[h:] ?(\d{2})?", re.IGNORECASE)


def _command(
    decide: Decide, *, free: bool = False, whole: re.Pattern[str] | None = None
) -> Callable[[Any, Context], Coroutine[Any, Any, None]]:
    """A command of OSNP: `/x 412 words`; in a mission's topic the number may be left out.

    `free`: what follows is free text, which may begin with a number that is none of a mission, unless the
    rest alone is already `whole`.
    """

    async def on_command(update: Any, context: Context) -> None:
        place, person = await where(context), context.person
        if place is Where.ANONYMOUS:
            await context.say(Answer("press.anonymous"))
            return
        if person is not None and person.role not in GROUP_ROLES and place is Where.PRIVATE:
            await context.say(Answer("control.osnp_only"))
            return
        if person is None or person.role not in GROUP_ROLES:
            await refuse(context, place)
            return
        if place is Where.ELSEWHERE:
            await context.nothing_to_do()
            return
        here = to_person(person.id) if place is Where.PRIVATE else await place_in_group(context)
        args = list(context.args or ())
        rest_is_whole = whole is not None and whole.fullmatch(" ".join(args[1:])) is not None
        mission, words = await _meant(context, here, args, free=free and not rest_is_whole)
        if mission is None:
            await context.say(Answer("control.which", {"number": words}))
            return
        shown_at = here if place is Where.PRIVATE else to_group(mission)
        answer = await decide(context, person, Said(mission, words, here, shown_at))
        goes_on_at = {"mission.menu_shown": shown_at}.get(answer.kind, here)
        if answer.kind in ASKED_IN_TOPIC:
            goes_on_at = to_group(mission)
        if goes_on_at != here:
            number = await control.number_of(context.runtime.given, mission)
            await context.say(Answer("control.in_topic", {"number": number}))
        elif answer.kind in SAID_BY_WHAT_CAME or (answer.kind, place) in SAID_THERE:
            await context.nothing_to_do()
        else:
            await context.say(answer)

    return on_command


async def _meant(
    context: Context, here: Place, args: list[str], *, free: bool
) -> tuple[MissionId | None, str]:
    """The mission a command is about, and the words that are left; without one, the number that is none."""
    given = context.runtime.given
    if args and args[0].casefold() == "smt":
        args = args[1:]
    in_topic = here.kind is PlaceKind.MISSION
    first = args[0] if args else ""
    is_number = first.partition("/")[0].isdigit()
    own = await control.number_of(given, MissionId(here.id)) if in_topic else None
    if is_number and not (in_topic and free and first != str(own)):
        found = await control.meant(given, here, first)
        return found, " ".join(args[1:]) if found is not None else first
    if not in_topic:
        return None, first
    return MissionId(here.id), " ".join(args)


async def _shown(context: Context, person: Person, said: Said, decision: Awaitable[Answer]) -> Answer:
    """What a number typed elsewhere decides is shown with its patient, and can be taken back at once."""
    since = context.given.now()
    answer = await decision
    if not said.is_at_home:
        await control.show_decided(context.given, person, said.mission, said.here, since)
    return answer


async def _assign(context: Context, person: Person, said: Said) -> Answer:
    """`/attribuer 412 chloé`: whom the words mean, else the whole list."""
    page = "nurses.0"
    if said.words:
        found = await control_pages.named(context.runtime.given, said.mission, said.words)
        if not found:
            return Answer("control.nobody_named", {"words": said.words[:40]})
        nurses = [arg for arg in found if arg.isdigit()]
        doctors = [arg for arg in found if not arg.isdigit()]
        if nurses:
            page = f"nurse.{nurses[0]}" if len(found) == 1 else f"nurses.0:{','.join(nurses[:200])}"
        else:
            page = f"party.{doctors[0]}" if len(found) == 1 else f"doctors.0:{','.join(doctors[:200])}"
    return await control.show(context.given, person, said.mission, said.place, page, fresh=True)


async def _cancel(context: Context, person: Person, said: Said) -> Answer:
    """`/annuler 412`: why, by buttons; words behind the number are the reason, asked once more elsewhere."""
    if said.words and said.is_at_home:
        return await control.cancel(context.given, person, said.mission, said.words)
    text = said.words[: control.REASON_LENGTH] or None
    return await closing.ask_end(context.given, person, said.mission, EndReason.CANCELLED, text=text)


async def _note(context: Context, person: Person, said: Said) -> Answer:
    """`/note 412 les clés sont chez la voisine`."""
    if not said.words:
        return await control.ask_words(context.given, person, said.mission, control.NOTE)
    message = context.incoming.effective_message
    typed = None
    if isinstance(message, Message) and said.here != to_person(person.id):
        topic = message.message_thread_id if message.is_topic_message else None
        typed = Written(message.chat_id, message.message_id, topic=topic)
    decision = control.write_note(context.given, person, said.mission, said.words, typed)
    return await _shown(context, person, said, decision)


async def _transfer(context: Context, person: Person, said: Said) -> Answer:
    """`/transferer 412 hugo`."""
    given, found = context.runtime.given, list[str]()
    if said.words:
        found = await control_pages.named(given, said.mission, said.words, holders=True)
    if len(found) == 1:
        to = PersonId(int(found[0]))
        decision = control.transfer(context.given, person, said.mission, said.place, to)
        return await _shown(context, person, said, decision)
    if said.words and not found:
        return Answer("control.nobody_named", {"words": said.words[:40]})
    return await control.show(context.given, person, said.mission, said.place, "operators", fresh=True)


async def _hour(context: Context, person: Person, said: Said) -> Answer:
    """`/heure 412 14h30`."""
    if not said.words:
        return await visit.choose_hour(context.given, person, said.mission)
    decision = visit.set_hour(context.given, person, said.mission, f"@{said.words}")
    return await _shown(context, person, said, decision)


async def _widen(context: Context, person: Person, said: Said) -> Answer:
    """`/elargir 412`."""
    return await search_flow.widen_now(context.given, person, said.mission)


async def _reopen(context: Context, person: Person, said: Said) -> Answer:
    """`/rouvrir 412`: asked once more, by a button."""
    return await control.show(context.given, person, said.mission, said.place, "reopen", fresh=True)


async def _undo(context: Context, person: Person, said: Said) -> Answer:
    """`/defaire 412`: what would be taken back, and a button."""
    return await control.show(context.given, person, said.mission, said.place, "undo", fresh=True)


on_assign_command = _command(_assign)
on_cancel_command = _command(_cancel)
on_note_command = _command(_note, free=True)
on_transfer_command = _command(_transfer)
on_hour_command = _command(_hour, free=True, whole=_WHOLE_HOUR)
on_widen_command = _command(_widen)
on_reopen_command = _command(_reopen)
on_undo_command = _command(_undo)
