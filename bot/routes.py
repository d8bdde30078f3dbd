"""The routing table: which update goes to which handler, in order. Its order is the documentation.

Every tap is checked here against who may press that button at all; the flow behind it checks the rest
(the offer, the mission, the present).
"""

import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any

from telegram import Message, Update
from telegram.constants import ChatType
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ChatMemberHandler,
    CommandHandler,
    MessageHandler,
    TypeHandler,
    filters,
)

from bot.buttons import Press, Verb
from bot.context import Context
from bot.domain.by_phone import TOLD
from bot.domain.letters import fold
from bot.domain.outcome import Answer, Notice, Timer, TimerKind
from bot.domain.people import GROUP_ROLES, Person, PersonId, Role
from bot.flows import board as board_flow
from bot.flows import cascade as cascade_flow
from bot.flows import closing as closing_flow
from bot.flows import joining as joining_flow
from bot.flows import opening as opening_flow
from bot.flows import outage as outage_flow
from bot.flows import presence as presence_flow
from bot.flows import reach as reach_flow
from bot.flows import search as search_flow
from bot.flows import thread as thread_flow
from bot.flows import visio as visio_flow
from bot.flows import visit as visit_flow
from bot.flows import watch as watch_flow
from bot.handlers import (
    availability,
    board,
    by_phone,
    cascade,
    closing,
    control,
    coordinator,
    dossier,
    duty,
    find,
    joining,
    liaison,
    opening,
    orders,
    outage,
    presence,
    profile,
    questionnaire,
    reach,
    reports,
    search,
    sectors,
    start,
    text,
    thread,
    visio,
    visit,
    vitals,
    watch,
    why,
)
from bot.ports import Given, Transaction

Handler = Callable[[Context, Person, Press], Awaitable[None]]
OnDelivered = Callable[[Transaction, Notice, datetime], Awaitable[None]]
OnGivenUp = Callable[[Transaction, Notice, str, datetime], Awaitable[None]]
OnLost = Callable[[Transaction, PersonId, datetime], Awaitable[None]]

IDEL = frozenset({Role.IDEL})
DOCTOR = frozenset({Role.DOCTOR})
GROUP = GROUP_ROLES
COORDINATEUR = frozenset({Role.COORDINATEUR})
IDEL_OR_GROUP = IDEL | GROUP
ANYBODY = frozenset(Role)

#: What each button does, and who may press it.
ON_PRESS: Mapping[Verb, tuple[frozenset[Role], Handler]] = {
    Verb.OPENING: (GROUP, opening.on_opening),
    Verb.FOUND: (ANYBODY, find.on_found),
    Verb.ACCEPT: (IDEL, search.on_accept),
    Verb.REFUSE: (IDEL, search.on_refuse),
    Verb.REFUSAL_REASON: (IDEL, search.on_refusal_reason),
    Verb.RECONSIDER: (IDEL, search.on_reconsider),
    Verb.USUAL_DECLINED: (GROUP, search.on_usual_declined),
    Verb.USUAL_ACCEPTED: (GROUP, search.on_usual_accepted),
    Verb.ORIENT: (GROUP, search.on_orient),
    Verb.ORIENT_BY_PHONE: (GROUP, search.on_orient_by_phone),
    Verb.LATE_YES: (GROUP, search.on_late_yes),
    Verb.LATE_NO: (GROUP, search.on_late_no),
    Verb.SET_OUT: (IDEL_OR_GROUP, visit.on_set_out),
    Verb.ARRIVE: (IDEL_OR_GROUP, visit.on_arrive),
    Verb.FINISH: (IDEL_OR_GROUP, visit.on_finish),
    Verb.CHANGE_HOUR: (IDEL_OR_GROUP, visit.on_change_hour),
    Verb.HOUR: (IDEL_OR_GROUP, visit.on_hour),
    Verb.HOUR_OSNP: (IDEL, visit.on_hour_osnp),
    Verb.GIVE_BACK: (IDEL, visit.on_give_back),
    Verb.GIVE_BACK_REASON: (IDEL, visit.on_give_back_reason),
    Verb.PATIENT_TOLD: (GROUP, visit.on_patient_told),
    Verb.SEE_PATIENT: (GROUP, visit.on_see_patient),
    Verb.STRANGER_STAYS: (GROUP, presence.on_accept_stranger),
    Verb.DUTY_CONFIRM: (COORDINATEUR, duty.on_confirm),
    Verb.MENU: (IDEL_OR_GROUP, control.on_menu),
    Verb.ASSIGN: (GROUP, control.on_assign),
    Verb.NURSE_ANSWER: (GROUP, control.on_nurse_answer),
    Verb.ASSIGN_DOCTOR: (GROUP, control.on_assign_doctor),
    Verb.DOCTOR_GONE: (GROUP, control.on_doctor_gone),
    Verb.IDEL_TOLD: (GROUP, by_phone.on_told),
    Verb.RELAUNCH: (GROUP, control.on_relaunch),
    Verb.WIDEN: (GROUP, control.on_widen),
    Verb.TAKE_OVER: (GROUP, control.on_take_over),
    Verb.TRANSFER: (GROUP, control.on_transfer),
    Verb.POSTPONE: (GROUP, control.on_postpone),
    Verb.WORDS: (GROUP, control.on_words),
    Verb.REOPEN: (GROUP, control.on_reopen),
    Verb.UNDO: (GROUP, control.on_undo),
    Verb.AVAILABILITY: (ANYBODY, availability.on_tap),
    Verb.JOIN: (ANYBODY, joining.on_press),
    Verb.JOIN_DECIDE: (GROUP, joining.on_decide),
    Verb.PROFILE: (ANYBODY, profile.on_press),
    Verb.PERSON: (GROUP, profile.on_see),
    Verb.REACH_SEEN: (ANYBODY, reach.on_seen),
    Verb.REACH_ALL: (GROUP, reach.on_all),
    Verb.DOCTOR_ACCEPT: (DOCTOR, cascade.on_accept),
    Verb.DOCTOR_HOURS: (DOCTOR, cascade.on_hours),
    Verb.DOCTOR_REFUSE: (DOCTOR, cascade.on_refuse),
    Verb.DOCTOR_SEE: (DOCTOR, cascade.on_see),
    Verb.DOCTOR_VISIT: (DOCTOR, cascade.on_visit_instead),
    Verb.DOCTOR_WITHDRAW: (DOCTOR, cascade.on_withdraw),
    Verb.DOCTOR_CHANGE_HOUR: (DOCTOR, cascade.on_change_hour),
    Verb.DOCTOR_PROPOSE: (DOCTOR, cascade.on_propose),
    Verb.HOUR_OK: (ANYBODY, cascade.on_hour_ok),
    Verb.HOUR_NO: (ANYBODY, cascade.on_hour_no),
    Verb.PHONE_ANSWER: (GROUP, cascade.on_phone_answer),
    Verb.PHONE_YES: (GROUP, cascade.on_phone_yes),
    Verb.PHONE_HOUR: (GROUP, cascade.on_phone_hour),
    Verb.PHONE_NO: (GROUP, cascade.on_phone_no),
    Verb.PHONE_SILENT: (GROUP, cascade.on_phone_silent),
    Verb.NEXT_STEP: (GROUP, cascade.on_next_step),
    Verb.PREVIOUS_STEP: (GROUP, cascade.on_previous_step),
    Verb.PAUSE: (GROUP, cascade.on_pause),
    Verb.RESUME: (GROUP, cascade.on_resume),
    Verb.RESTART_CASCADE: (GROUP, cascade.on_restart),
    Verb.IDEL_STAYS: (GROUP, cascade.on_idel_stays),
    Verb.IDEL_LEAVES: (GROUP, cascade.on_idel_leaves),
    Verb.CLOSE_ACTS: (IDEL_OR_GROUP, closing.on_acts),
    Verb.CLOSE_OUTCOME: (IDEL_OR_GROUP, closing.on_outcome),
    Verb.CLOSE_PRESCRIPTION: (IDEL_OR_GROUP, closing.on_prescription),
    Verb.CLOSE_BACK: (IDEL_OR_GROUP, closing.on_back),
    Verb.CLOSE_FORCE: (GROUP, closing.on_force),
    Verb.DOCTOR_DONE: (DOCTOR, closing.on_doctor_done),
    Verb.DOCTOR_LATER: (DOCTOR, closing.on_doctor_later),
    Verb.DOCTOR_DETAIL: (DOCTOR, closing.on_doctor_detail),
    Verb.NIGHT_OWNER: (GROUP, closing.on_night_owner),
    Verb.END: (IDEL_OR_GROUP, closing.on_end),
    Verb.END_CONFIRM: (ANYBODY, closing.on_end_confirmed),
    Verb.END_KEEP: (ANYBODY, closing.on_kept),
    Verb.WORSENED: (IDEL_OR_GROUP, closing.on_worsened),
    Verb.VISIO_CREATE: (IDEL_OR_GROUP, visio.on_create),
    Verb.VISIO_TROUBLE: (ANYBODY, visio.on_trouble),
    Verb.VISIO_NEW: (ANYBODY, visio.on_new_link),
    Verb.VISIO_LATER: (ANYBODY, visio.on_later),
    Verb.VISIO_ABANDON: (ANYBODY, visio.on_abandon),
    Verb.VISIO_DICTATE: (GROUP, visio.on_dictate),
    Verb.VITALS_GUIDED: (IDEL_OR_GROUP, vitals.on_guided),
    Verb.VITALS_NEW: (IDEL_OR_GROUP, vitals.on_guided),
    Verb.VITALS_CHOICE: (IDEL_OR_GROUP, vitals.on_choice),
    Verb.VITALS_OTHER: (IDEL_OR_GROUP, vitals.on_other),
    Verb.VITALS_SKIP: (IDEL_OR_GROUP, vitals.on_skip),
    Verb.VITALS_SEND: (IDEL_OR_GROUP, vitals.on_send),
    Verb.VITALS_CANCEL: (IDEL_OR_GROUP, vitals.on_cancel),
    Verb.VITALS_CONFIRM: (IDEL_OR_GROUP, vitals.on_confirm),
    Verb.VITALS_CORRECT: (IDEL_OR_GROUP, vitals.on_correct),
    Verb.VITALS_ALERT: (IDEL_OR_GROUP, vitals.on_alert),
    Verb.VITALS_EXPLAIN: (IDEL_OR_GROUP, vitals.on_explain),
    Verb.DOCUMENT_SEE: (GROUP, thread.on_see),
    Verb.DOCUMENT_LABEL: (IDEL | DOCTOR, thread.on_label),
    Verb.DOCUMENT_TO: (IDEL | DOCTOR, thread.on_which),
    Verb.PRESCRIPTION_DONE: (IDEL, thread.on_prescription),
    Verb.CONCLUSION: (DOCTOR, orders.on_conclusion),
    Verb.CONCLUSION_READ: (IDEL_OR_GROUP, orders.on_read),
    Verb.ACTS_ORDER: (DOCTOR, orders.on_order),
    Verb.ACTS_ANSWER: (IDEL_OR_GROUP, orders.on_answer),
    Verb.SHEET: (ANYBODY, dossier.on_sheet),
    Verb.REGULAR: (GROUP, dossier.on_add_regular),
    Verb.LIAISON: (ANYBODY, liaison.on_liaison),
    Verb.QUESTION: (IDEL_OR_GROUP, questionnaire.on_question),
    Verb.REPORT: (ANYBODY, reports.on_report),
    Verb.MINE: (GROUP, watch.on_mine),
    Verb.OUTAGE_SEEN: (GROUP, outage.on_seen),
    Verb.DELAYS: (COORDINATEUR, coordinator.on_list),
    Verb.DELAY: (COORDINATEUR, coordinator.on_delay),
    Verb.DELAY_SET: (COORDINATEUR, coordinator.on_delay_set),
    Verb.CLOSE_DAY: (COORDINATEUR, coordinator.on_close_day),
    Verb.OPEN_DAY: (COORDINATEUR, coordinator.on_open_day),
    Verb.OPEN_HOURS: (COORDINATEUR, coordinator.on_open_hours),
    Verb.REVOKE_CHANGE: (COORDINATEUR, coordinator.on_revoke),
    Verb.SECTORS_CONFIRM: (COORDINATEUR, sectors.on_confirm),
    Verb.SECTORS_UNDO: (COORDINATEUR, sectors.on_undo),
}

#: What each timer does when it rings.
ON_TIMER: Mapping[str, Callable[[Given, Timer], Awaitable[None]]] = {
    TimerKind.PASTE: opening_flow.paste_complete,
    TimerKind.USUAL_SILENT: search_flow.usual_silent,
    TimerKind.SEARCH_WIDEN: search_flow.next_wave_due,
    TimerKind.SEARCH_WARNING: search_flow.warning,
    TimerKind.SEARCH_TIME_UP: search_flow.no_idel_in_time,
    TimerKind.ORIENTATION_REMINDER: search_flow.orientation_reminder,
    TimerKind.VISIT_HOUR: visit_flow.no_hour_yet,
    TimerKind.LATE_ARRIVAL: visit_flow.late_arrival,
    TimerKind.LIMIT_NEAR: visit_flow.late_arrival,
    TimerKind.DOCTOR_SILENT: cascade_flow.doctor_silent,
    TimerKind.PAUSE_OVER: cascade_flow.pause_over,
    TimerKind.PHONE_REMINDER: cascade_flow.call_not_recorded,
    TimerKind.CLOSING_REMINDER: closing_flow.reminder,
    TimerKind.NIGHT_OWNER: closing_flow.night_owner_due,
    TimerKind.FORGET: closing_flow.forget_time,
    TimerKind.UNTOUCHED: watch_flow.untouched,
    TimerKind.ACCOUNT: outage_flow.account_due,
    TimerKind.JOINING_CARD: joining_flow.card_due,
    TimerKind.JOINING_FORGET: joining_flow.forget_due,
    TimerKind.BOARD_HOURS: board_flow.hours_changed,
    TimerKind.REACH_CHECK: reach_flow.check_due,
    TimerKind.REACH_LOST: search_flow.not_reached,
    TimerKind.NURSE_UNHEARD: reach_flow.nurse_unheard,
    TimerKind.REACH_BACK: reach_flow.offer_after_all,
}


#: The notices that carry what somebody wrote to somebody else.
_RELAYS = (
    "thread.text",
    "thread.attachment",
    "thread.attachment_more",
    "thread.file",
    "thread.file_more",
    "thread.vitale",
    "thread.ordonnance",
    "thread.ordonnance_more",
)

#: Requests that come anew as long as nobody acts.
_SAID_AGAIN = ("watch.again", "watch.yours", "search.nobody", "closing.unanswered")

#: What follows, in the same commit, once a notice has arrived; or once it is given up.
ON_DELIVERED: Mapping[str, OnDelivered] = {
    **dict.fromkeys(_SAID_AGAIN, watch_flow.said_again),
    **dict.fromkeys(_RELAYS, thread_flow.delivered),
    "board.card": board_flow.drawn,
    "reach.check": reach_flow.tried,
}
ON_GIVEN_UP: Mapping[str, OnGivenUp] = {
    **dict.fromkeys(_RELAYS, thread_flow.not_delivered),
    "visio.sms_idel": visio_flow.not_texted,
}

#: Columns whose news a nurse must hear from OSNP when her phone does not take them.
_TO_HER = ("visit", "cascade", "closing", "control")

#: Where a person cannot be reached: what OSNP are told in place of «injoignable, appelez».
ON_UNREACHABLE: Mapping[str, OnGivenUp] = {
    "reach.check": reach_flow.found_unreachable,
    "search.offer": reach_flow.offer_unreachable,
    # Her card is told as the others are: it comes again with each change. What others wrote is theirs.
    **dict.fromkeys(
        sorted(kind for kind in TOLD if kind.partition(".")[0] in _TO_HER and kind != "visit.card"),
        reach_flow.nurse_unreachable,
    ),
}

#: Whoever cannot be reached any more, whatever it was that came back.
ON_LOST: OnLost = presence_flow.lost

#: What each command does; who may use it and where is the handler's first question.
ON_COMMAND: Mapping[str, Callable[[Any, Context], Coroutine[Any, Any, None]]] = {
    "start": start.on_start,
    "aide": start.on_help,
    "id": start.on_id,
    "mission": opening.on_mission,
    "chercher": find.on_find,
    "gardes": duty.on_roster,
    "dispo": availability.on_availability,
    "joignable": reach.on_reach,
    "fiche": dossier.on_command,
    "ressources": dossier.on_resources,
    "tableau": board.on_board,
    "attribuer": control.on_assign_command,
    "annuler": control.on_cancel_command,
    "defaire": control.on_undo_command,
    "note": control.on_note_command,
    "transferer": control.on_transfer_command,
    "heure": control.on_hour_command,
    "elargir": control.on_widen_command,
    "rouvrir": control.on_reopen_command,
    "activite": reports.on_activity,
    "indemnites": reports.on_indemnities,
    "mes_missions": reports.on_own,
    "profil": profile.on_profile,
    "personne": profile.on_person,
    "pourquoi": why.on_why,
    "delais": coordinator.on_delays,
    "fermer": coordinator.on_close,
    "ouvrir": coordinator.on_open,
    "changements": coordinator.on_changes,
    "secteurs": sectors.on_sectors,
}

#: The user id under which an anonymous administrator speaks for a group (Telegram's own constant).
ANONYMOUS_ADMINISTRATOR = 1087968824


async def recognise(update: Update, context: Context) -> None:
    """Before all others: who is speaking."""
    user, chat, sender = update.effective_user, update.effective_chat, context.sender
    if chat is not None and chat.type == ChatType.PRIVATE and sender and sender.active and sender.reachable:
        context.person = sender
        return
    group = chat.id if chat is not None and chat.type != ChatType.PRIVATE else None
    context.person = await presence_flow.who(
        context.runtime.given, user.id if user else None, group, speaks=update.my_chat_member is None
    )


async def on_press(update: Any, context: Context) -> None:
    """Every tap on an inline button."""
    press = Press.read(update.callback_query.data or "")
    if press is None or press.verb not in ON_PRESS:
        await context.say(Answer("press.unknown"))
        return
    allowed, handler = ON_PRESS[press.verb]
    person = context.person
    if update.callback_query.from_user.id == ANONYMOUS_ADMINISTRATOR:
        await context.say(Answer("press.anonymous", alert=True))
    elif person is None and press.verb is Verb.JOIN:
        await joining.on_stranger_press(update, context, press)
    elif person is None and press.verb is Verb.PROFILE:
        await profile.on_press_after_leaving(context, update.callback_query.from_user.id, press)
    elif person is None:
        await context.say(Answer("press.stranger", alert=True))
    elif person.role not in allowed:
        await context.say(Answer("press.not_yours"))
    else:
        await handler(context, person, press)
        await control.after_press(context, person, press)


class AccentedCommand(filters.MessageFilter):
    """«/délais»: a command as a French hand writes it. Telegram takes it for plain words."""

    def filter(self, message: Message) -> bool:
        """Whether it names one of ours once its accents are gone."""
        return meant_by(message.text or "") is not None


def meant_by(text: str) -> str | None:
    """«/délais pause» → «delais»; None of a command that is written as Telegram knows it, and of words."""
    name = re.match(r"/(\w{1,32})(?!\S)", text)
    if name is None or name[1].isascii():
        return None
    return fold(name[1]) if fold(name[1]) in ON_COMMAND else None


async def on_accented(update: Any, context: Context) -> None:
    """It does what the command does."""
    text = update.message.text
    context.args = text.split()[1:]
    await ON_COMMAND[meant_by(text) or ""](update, context)


async def on_anything_else(update: Update, context: Context) -> None:
    """Last of all: an update that asks for nothing (a pin, somebody who joined)."""
    await context.nothing_to_do()


def add_handlers(application: Application[Any, Any, Any, Any, Any, Any]) -> None:
    """Give the table to the application."""
    application.add_handler(TypeHandler(Update, recognise), group=-1)
    application.add_handler(CallbackQueryHandler(on_press))
    new, private = filters.UpdateType.MESSAGE, filters.ChatType.PRIVATE
    for command, handler in ON_COMMAND.items():
        application.add_handler(CommandHandler(command, handler, filters=new))
    application.add_handler(MessageHandler(new & AccentedCommand(), on_accented))
    application.add_handler(MessageHandler(new & private & filters.COMMAND, start.on_help))
    application.add_handler(MessageHandler(new & private & filters.TEXT, text.on_text))
    application.add_handler(MessageHandler(new & private & filters.CONTACT, profile.on_contact))
    written = new & ~filters.StatusUpdate.ALL & ~filters.COMMAND
    application.add_handler(MessageHandler(written, thread.on_message))
    application.add_handler(MessageHandler(filters.UpdateType.EDITED_MESSAGE, thread.on_edited))
    for handler, kind in (
        (presence.on_own_state, ChatMemberHandler.MY_CHAT_MEMBER),
        (presence.on_member, ChatMemberHandler.CHAT_MEMBER),
    ):
        application.add_handler(ChatMemberHandler(handler, kind))
    arrivals, departure = filters.StatusUpdate.NEW_CHAT_MEMBERS, filters.StatusUpdate.LEFT_CHAT_MEMBER
    application.add_handler(MessageHandler(arrivals, presence.on_arrivals))
    application.add_handler(MessageHandler(departure, presence.on_departure))
    application.add_handler(TypeHandler(Update, on_anything_else))
