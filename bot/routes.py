"""The routing table: which update goes to which handler, in order. Its order is the documentation.

Every tap is checked here against who may press that button at all; the flow behind it checks the rest
(the offer, the mission, the present).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from telegram.ext import Application, CallbackQueryHandler

from bot.buttons import Press, Verb
from bot.context import Context
from bot.domain.outcome import Answer, Timer, TimerKind
from bot.domain.people import GROUP_ROLES, Person, Role
from bot.flows import search as search_flow
from bot.flows import visit as visit_flow
from bot.handlers import search, visit
from bot.ports import Given

Handler = Callable[[Context, Person, Press], Awaitable[None]]

IDEL = frozenset({Role.IDEL})
DOCTOR = frozenset({Role.DOCTOR})
GROUP = GROUP_ROLES
IDEL_OR_GROUP = IDEL | GROUP
ANYBODY = frozenset(Role)

#: What each button does, and who may press it.
ON_PRESS: Mapping[Verb, tuple[frozenset[Role], Handler]] = {
    Verb.ACCEPT: (IDEL, search.on_accept),
    Verb.REFUSE: (IDEL, search.on_refuse),
    Verb.REFUSAL_REASON: (IDEL, search.on_refusal_reason),
    Verb.RECONSIDER: (IDEL, search.on_reconsider),
    Verb.USUAL_DECLINED: (GROUP, search.on_usual_declined),
    Verb.ORIENT: (GROUP, search.on_orient),
    Verb.LATE_YES: (GROUP, search.on_late_yes),
    Verb.LATE_NO: (GROUP, search.on_late_no),
    Verb.SET_OUT: (IDEL, visit.on_set_out),
    Verb.ARRIVE: (IDEL, visit.on_arrive),
    Verb.FINISH: (IDEL, visit.on_finish),
    Verb.CHANGE_HOUR: (IDEL_OR_GROUP, visit.on_change_hour),
    Verb.HOUR: (IDEL_OR_GROUP, visit.on_hour),
    Verb.HOUR_OSNP: (IDEL, visit.on_hour_osnp),
    Verb.GIVE_BACK: (IDEL, visit.on_give_back),
    Verb.GIVE_BACK_REASON: (IDEL, visit.on_give_back_reason),
    Verb.PATIENT_TOLD: (GROUP, visit.on_patient_told),
    Verb.SEE_PATIENT: (GROUP, visit.on_see_patient),
    Verb.MENU: (IDEL_OR_GROUP, visit.on_menu),
}

#: What each timer does when it rings.
ON_TIMER: Mapping[str, Callable[[Given, Timer], Awaitable[None]]] = {
    TimerKind.USUAL_SILENT: search_flow.usual_silent,
    TimerKind.SEARCH_WARNING: search_flow.warning,
    TimerKind.SEARCH_TIME_UP: search_flow.no_idel_in_time,
    TimerKind.ORIENTATION_REMINDER: search_flow.orientation_reminder,
    TimerKind.VISIT_HOUR: visit_flow.no_hour_yet,
    TimerKind.LATE_ARRIVAL: visit_flow.late_arrival,
    TimerKind.LIMIT_NEAR: visit_flow.late_arrival,
}


async def on_press(update: Any, context: Context) -> None:
    """Every tap on an inline button."""
    press = Press.read(update.callback_query.data or "")
    if press is None or press.verb not in ON_PRESS:
        await context.say(Answer("press.unknown"))
        return
    allowed, handler = ON_PRESS[press.verb]
    person = context.person
    if person is None:
        await context.say(Answer("press.stranger", alert=True))
    elif person.role not in allowed:
        await context.say(Answer("press.not_yours"))
    else:
        await handler(context, person, press)


def add_handlers(application: Application[Any, Any, Any, Any, Any, Any]) -> None:
    """Give the table to the application."""
    application.add_handler(CallbackQueryHandler(on_press))
