"""Counting: periods as they are typed, one mission as the journal tells it, figures, statements."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from bot.domain import reports
from bot.domain.outcome import Fact
from bot.domain.people import MissionId, Party, PersonId
from bot.domain.reports import Course, Happened, Period
from tests.domain.missions import NOW, a_mission

TODAY = date(2026, 10, 6)


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("", (date(2026, 10, 1), date(2026, 11, 1))),
        ("2026-09", (date(2026, 9, 1), date(2026, 10, 1))),
        ("09/2026", (date(2026, 9, 1), date(2026, 10, 1))),
        ("septembre", (date(2026, 9, 1), date(2026, 10, 1))),
        ("Décembre", (date(2025, 12, 1), date(2026, 1, 1))),
        ("févr. 2026", (date(2026, 2, 1), date(2026, 3, 1))),
        ("2025", (date(2025, 1, 1), date(2026, 1, 1))),
        ("01/10/2026 15/10/2026", (date(2026, 10, 1), date(2026, 10, 16))),
        ("du 2026-10-01 au 2026-10-15", (date(2026, 10, 1), date(2026, 10, 16))),
        ("06/10/2026", (date(2026, 10, 6), date(2026, 10, 7))),
    ],
)
def test_a_period_is_read_as_people_type_it(text: str, period: tuple[date, date]) -> None:
    assert reports.read_period(text, TODAY) == Period(*period)


@pytest.mark.parametrize(
    "text", ["demain", "2026-13", "31/02/2026", "15/10/2026 01/10/2026", "01/01/2020 01/01/2026", "octobre x"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    assert reports.read_period(text, TODAY) is None


def test_the_month_before_january_is_december() -> None:
    january = reports.month_of(date(2026, 1, 31))
    assert january.is_month
    assert reports.month_before(january) == Period(date(2025, 12, 1), date(2026, 1, 1))


#: Minutes since the trigger, kind, facts.
Told = tuple[int, str, dict[str, Fact]]


def events(*lines: Told, number: int = 1, exercise: bool = False) -> Course:
    """A course read from (minutes since the trigger, kind, facts)."""
    mission = a_mission(id=MissionId(number), number=number, exercise=exercise)
    happened = [Happened(NOW + timedelta(minutes=minutes), kind, facts) for minutes, kind, facts in lines]
    return reports.course(mission, happened)


def bill(person: int, decision: str = "due", **facts: Fact) -> dict[str, Fact]:
    noted: dict[str, Fact] = {
        "person": person,
        "code": "TLD",
        "amount": "15.00",
        "decision": decision,
        "reason": "arrived",
        "indemnity": "27.00",
        "answered": True,
    }
    return {**noted, **facts}


WHOLE: tuple[Told, ...] = (
    (8, "search.accepted", {"person": 7}),
    (40, "visit.arrived", {}),
    (45, "cascade.accepted", {"party": "p9", "step": "effecteur_sas"}),
    (50, "visio.created", {"number": 1}),
    (90, "visit.finished", {}),
    (90, "mission.ended", {"reason": "done", "position": 2}),
    (95, "closing.idel_done", {"outcome": "home"}),
    (95, "billing.idel", bill(7)),
)


def test_the_figures_of_a_period() -> None:
    lost = events(
        (30, "search.nobody", {}), (40, "mission.ended", {"reason": "reoriented", "position": None}), number=2
    )
    running = events((5, "search.accepted", {"person": 8}), number=3)

    figures = reports.activity([events(*WHOLE), lost, running])

    assert figures.triggered == 3
    assert figures.unfinished == 1
    assert figures.nobody_in_time.percent == 33
    assert figures.home.percent == 100
    assert figures.delays["accept"].minutes == 6
    assert figures.delays["accept"].missing == 1
    assert figures.delays["arrive"].minutes == 32
    assert figures.delays["video"].minutes == 10
    assert figures.delays["end"].minutes == 40
    assert figures.positions == {2: 1}
    assert figures.without_position == 1
    assert figures.reasons == {"done": 1, "reoriented": 1}


def test_what_nobody_answered_is_missing_not_guessed() -> None:
    silent = events(*WHOLE[:6])

    figures = reports.activity([silent])

    assert figures.home.of == 0
    assert figures.home.missing == 1
    assert figures.home.percent is None


def test_exercises_are_outside_every_figure() -> None:
    figures = reports.activity([events(*WHOLE, exercise=True)])

    assert figures.triggered == 0
    assert figures.exercises == 1
    assert reports.statement([events(*WHOLE, exercise=True)]) == []


def test_a_nurse_who_comes_after_the_limit_was_still_missing_at_the_limit() -> None:
    late = events((30, "search.nobody", {}), (33, "search.accepted", {"person": 7}))
    given_back = events((5, "search.accepted", {"person": 7}), (9, "search.given_back", {"person": 7}))

    figures = reports.activity([late, replace(given_back, number=2)])

    assert figures.nobody_in_time.count == 1
    assert figures.given_back == 1
    assert figures.accepted.count == 2


def test_a_correction_is_a_new_line_and_only_it_counts() -> None:
    corrected = events(*WHOLE, (200, "billing.idel", bill(7, "to_arbitrate", code="TLS")))

    first, second = reports.statement([corrected])

    assert first.replaced
    assert not first.correction
    assert second.correction
    assert not second.replaced
    sums = reports.total([first, second])
    assert (sums.missions, sums.due, sums.to_arbitrate) == (1, Decimal(0), Decimal(27))


def test_who_gave_it_back_and_who_went_have_each_their_line() -> None:
    course = events(
        (5, "search.accepted", {"person": 7}),
        (9, "search.given_back", {"person": 7}),
        (9, "billing.idel", bill(7, "not_due", reason="gave_back", code=None, amount=None)),
        (12, "search.accepted", {"person": 8}),
        (40, "visit.arrived", {}),
        (95, "billing.idel", bill(8)),
    )

    lines = reports.statement([course])

    assert [line.person for line in lines] == [7, 8]
    assert reports.total(line for line in lines if line.person == PersonId(7)).not_due == 1
    assert reports.total(line for line in lines if line.person == PersonId(8)).due == Decimal(27)


def test_a_mission_not_closed_waits_in_the_statement() -> None:
    (line,) = reports.statement([events(*WHOLE[:5])])

    assert line.bill is None
    assert reports.total([line]).waiting == 1


def test_a_doctors_own_list() -> None:
    party = Party.person(PersonId(9))
    billed = events(
        *WHOLE, (99, "billing.doctor", {"party": "p9", "codes": "TCG+SNP", "total": "40.00"}), number=2
    )

    unconfirmed, confirmed = reports.of_doctor([events(*WHOLE), billed], party)

    assert unconfirmed.codes is None
    assert confirmed.amount == Decimal(40)
    assert reports.of_doctor([billed], Party.person(PersonId(10))) == []
