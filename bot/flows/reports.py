"""Reports from the journal: activity of a period, indemnities of a month, each one's own missions."""

from collections.abc import Sequence
from datetime import date, time
from typing import Any

from bot.domain import reports
from bot.domain.calendar import local, moment
from bot.domain.mission import Mission
from bot.domain.outcome import Answer, Notice, Priority, to_person
from bot.domain.people import GROUP_ROLES, PersonId, Role
from bot.domain.people import Person as Professional
from bot.domain.reports import Activity, Course, Happened, Line, Period
from bot.ports import Given, Transaction

#: Who may read which report.
MAY_READ: dict[str, frozenset[Role]] = {
    "activity": GROUP_ROLES,
    "indemnities": frozenset({Role.OSNP, Role.COORDINATEUR}),
    "own": frozenset({Role.IDEL, Role.DOCTOR}),
}


async def activity(given: Given, start: date, end: date) -> Activity:
    """The figures of the missions triggered from one local day to another, that one left out."""
    async with given.storage.transaction() as tx:
        return reports.activity(await _courses(given, tx, Period(start, end)))


async def indemnities(given: Given, month: date) -> list[Line]:
    """The lines of the statement of the month that day is in."""
    async with given.storage.transaction() as tx:
        return reports.statement(await _courses(given, tx, reports.month_of(month)))


async def people_of(given: Given, lines: Sequence[Line]) -> dict[PersonId, Professional]:
    """Who the lines are of."""
    async with given.storage.transaction() as tx:
        return await tx.people.many({line.person for line in lines})


async def _courses(given: Given, tx: Transaction, period: Period) -> list[Course]:
    start, end = (moment(given.region, day, time(0)) for day in (period.start, period.end))
    missions = await tx.missions.triggered_between(start, end)
    return [await _course(tx, mission) for mission in missions]


async def _course(tx: Transaction, mission: Mission) -> Course:
    lines = await tx.journal.of_mission(mission.id)
    return reports.course(mission, [Happened(line.at, line.kind, line.facts) for line in lines])


# Asked for in a chat, answered in private


async def send(given: Given, by: Professional, kind: str, text: str) -> Answer:
    """`/activite octobre`: the report goes to the private chat of whoever asked."""
    if by.role not in MAY_READ[kind]:
        return Answer("reports.not_yours")
    period = reports.read_period(text, local(given.region, given.now()).date())
    if period is None or (kind != "activity" and not period.is_month):
        return Answer("reports.period_unread")
    if not by.on_telegram:
        return Answer("reports.start_first")
    notice = Notice(
        f"reports.{kind}",
        to_person(by.id),
        facts={"start": period.start.isoformat(), "end": period.end.isoformat()},
        priority=Priority.REPLY,
    )
    async with given.storage.transaction() as tx:
        await tx.outbox.owe([notice], given.now())
    return Answer("reports.sent")


def _period(notice: Notice) -> Period:
    return Period(
        date.fromisoformat(str(notice.facts["start"])), date.fromisoformat(str(notice.facts["end"]))
    )


async def activity_shown(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Counted when it is sent."""
    period = _period(notice)
    return {"period": period, "activity": reports.activity(await _courses(given, tx, period))}


async def indemnities_shown(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """The statement, nurse by nurse in the order of their names."""
    period = _period(notice)
    lines = reports.statement(await _courses(given, tx, period))
    people = await tx.people.many({line.person for line in lines})
    nurses = sorted(people.values(), key=lambda p: (p.last_name, p.first_name, p.id))
    return {
        "period": period,
        "lines": lines,
        "names": people,
        "totals": [
            (nurse, reports.total(one for one in lines if one.person == nurse.id)) for nurse in nurses
        ],
        "total": reports.total(lines),
        "made_at": given.now(),
    }


async def own_shown(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """A nurse's lines, or a doctor's."""
    period = _period(notice)
    reader = await tx.people.get(PersonId(notice.to.id))
    courses = await _courses(given, tx, period)
    if reader is None:
        return {"period": period, "lines": [], "doctor_lines": [], "total": reports.total([])}
    lines = [one for one in reports.statement(courses) if one.person == reader.id]
    return {
        "period": period,
        "lines": lines,
        "doctor_lines": reports.of_doctor(courses, reader.party) if reader.role is Role.DOCTOR else [],
        "names": {reader.id: reader},
        "total": reports.total(lines),
        "made_at": given.now(),
    }
