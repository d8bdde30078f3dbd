"""Which buttons each notice has: one table, each column's own function."""

from collections.abc import Callable

from bot.messages import cascade, doctor, mission, search, visit
from bot.messages.rows import Keys, Rows

KEYBOARDS: dict[str, Callable[[Keys], Rows]] = {
    "search.offer": search.offer,
    "search.taken": visit.patient_call,
    "search.late": search.late,
    "search.nobody": search.orientation,
    "search.oriented": visit.patient_call,
    "search.given_back": visit.patient_call,
    "visit.card": visit.card,
    "visit.ask_hour": visit.hours,
    "visit.late": visit.late,
    "visit.give_back": visit.give_back,
    "visit.hour_changed": visit.patient_call,
    "visit.no_hour": visit.hours,
    "mission.card": mission.card,
    "mission.menu": mission.menu,
    "cascade.offer": cascade.offer,
    "cascade.call": cascade.call,
    "cascade.phone_answer": cascade.phone_answer,
    "cascade.phone_hours": cascade.phone_hours,
    "cascade.exhausted": cascade.exhausted,
    "cascade.hour_to_agree": cascade.hour_to_agree,
    "visit.hour_proposed": cascade.hour_proposed,
    "doctor.card": doctor.card,
    "doctor.withdraw": doctor.withdraw,
    "doctor.suspended": doctor.suspended,
    "doctor.hours": doctor.hours,
    "doctor.hour_proposed": doctor.hour_proposed,
}
