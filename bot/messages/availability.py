"""The buttons of somebody's availability."""

from datetime import timedelta
from typing import Any

from bot.buttons import Verb
from bot.domain.availability import ASKED, AVAILABLE_NOW, DAYS, PAUSE, Say, Wish, days_of, is_paused
from bot.domain.calendar import local
from bot.domain.people import Person, Role
from bot.flows.availability import LEAVE, MAIN, VIEW, WEEK, WISH
from bot.messages.rows import Keys, Rows, in_rows_of, rows
from bot.ports import Button

#: Days until the return that have a button.
RETURNS = (2, 3, 7, 14, 21, 28)

#: Hours of a day that have a button.
SPANS = {
    "morning": "0800-1200",
    "afternoon": "1400-1800",
    "both": "0800-1200+1400-1800",
    "day": "0800-2000",
}


def card(keys: Keys) -> Rows:
    """One tap for each thing there is to say; what is so already has no button."""
    person = keys.sheet.person(keys.sheet.f["person"])
    if person is None or not person.active:
        return ()
    faces = {LEAVE: _leave, WEEK: _week}
    return faces.get(keys.sheet.f["view"], _main)(keys, person)


def door(keys: Keys) -> Rows:
    """«Ma disponibilité», under what a nurse or a doctor reads first."""
    reader = keys.sheet.reader
    if reader is None or reader.role not in ASKED:
        return ()
    return rows((keys.tap(Verb.AVAILABILITY, "availability_door", f"{reader.id}.{VIEW}.{MAIN}"),))


def which(keys: Keys) -> Rows:
    """One button for each name."""
    return in_rows_of(
        1,
        [
            keys.tap(Verb.AVAILABILITY, "named", f"{person.id}.{VIEW}.{MAIN}", name=person.full_name)
            for person in keys.sheet.extra["names"]
        ],
    )


def _main(keys: Keys, person: Person) -> Rows:
    paused = is_paused(person, keys.sheet.now)
    minutes = int(PAUSE.total_seconds() // 60)
    pause = _wish(keys, person, "pause_hours", Say.PAUSE, minutes, hours=minutes // 60)
    tomorrow = _wish(keys, person, "pause_tomorrow", Say.TOMORROW)
    leave = _view(keys, person, "pause_leave", LEAVE)
    free = _wish(keys, person, "available", Say.FREE) if paused else None
    now = several = None
    if person.role is Role.DOCTOR:
        length = int(AVAILABLE_NOW.total_seconds() // 60)
        now = _wish(keys, person, "available_now", Say.NOW, length, minutes=length)
    else:
        label = "several_missions" if person.several_missions else "one_mission"
        several = _wish(keys, person, label, Say.SEVERAL, int(not person.several_missions))
    closed = "rings_when_closed" if person.out_of_hours else "quiet_when_closed"
    return rows(
        (now,),
        (free, pause),
        (tomorrow, leave),
        (_view(keys, person, "hours_of_week", WEEK),),
        (_wish(keys, person, closed, Say.OUT_OF_HOURS, int(not person.out_of_hours)),),
        (several,),
    )


def _leave(keys: Keys, person: Person) -> Rows:
    today = local(keys.sheet.region, keys.sheet.now).date()
    days = [today + timedelta(days=n) for n in RETURNS]
    buttons = [
        _wish(
            keys,
            person,
            "leave_until",
            Say.LEAVE,
            day.isoformat(),
            weekday=keys.words.label(f"weekday_{day.weekday()}"),
            day=f"{day:%d/%m}",
        )
        for day in days
    ]
    return (*in_rows_of(2, buttons), (_view(keys, person, "availability_back", MAIN),))


def _week(keys: Keys, person: Person) -> Rows:
    chosen = int(keys.sheet.f["days"])
    days = [
        _view(
            keys,
            person,
            "day_chosen" if day in days_of(chosen) else "day_not_chosen",
            f"{WEEK}.{chosen ^ 1 << day}",
            weekday=keys.words.label(f"weekday_{day}"),
        )
        for day in DAYS
    ]
    spans = [
        _wish(keys, person, f"span_{name}", Say.WEEK, f"{chosen}.{span}") for name, span in SPANS.items()
    ]
    never = _wish(keys, person, "span_never", Say.WEEK, f"{chosen}.never")
    always = _wish(keys, person, "span_always", Say.WEEK, f"{chosen}.always") if person.weekly else None
    return (
        *in_rows_of(4, days),
        *(in_rows_of(2, [*spans, never]) if chosen else ()),
        *rows((always,), (_view(keys, person, "availability_back", MAIN),)),
    )


def _wish(keys: Keys, person: Person, label: str, say: Say, value: object = "", **values: Any) -> Button:
    arg = f"{person.id}.{WISH}.{Wish(say, str(value))}"
    return keys.tap(Verb.AVAILABILITY, label, arg, **values)


def _view(keys: Keys, person: Person, label: str, view: str, **values: Any) -> Button:
    return keys.tap(Verb.AVAILABILITY, label, f"{person.id}.{VIEW}.{view}", **values)
