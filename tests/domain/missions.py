"""Missions at the moments that tests of the domain begin with."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.mission import (
    Cascade,
    CascadeState,
    ChosenDoctor,
    Mission,
    MissionState,
    Rules,
    Search,
    SearchState,
    Sex,
    Step,
    StepState,
    Visio,
    Visit,
    VisitState,
)
from bot.domain.people import CascadeStep, MissionId, Party, PersonId

#: Tuesday 6 October 2026, 09:23 in Paris: open and funded.
NOW = datetime(2026, 10, 6, 7, 23, tzinfo=UTC)

LEA, PAUL, AMINA = PersonId(1), PersonId(4), PersonId(11)
MOREL = Party.person(PersonId(21))
NURSE = Party.person(AMINA)

RULES = Rules(
    answer=timedelta(minutes=30),
    warning=timedelta(minutes=20),
    prolongation=timedelta(minutes=15),
    reminders=(timedelta(minutes=3), timedelta(minutes=6)),
    visit_hour=timedelta(minutes=15),
    late_arrival=timedelta(minutes=15),
    visio_after_arrival=timedelta(minutes=15),
    visio_on_site=timedelta(minutes=10),
    pause=timedelta(minutes=10),
    closing_reminder=timedelta(hours=1),
    purge_after_visit=timedelta(hours=4),
    usual_idel=timedelta(minutes=10),
)


def a_mission(**changes: object) -> Mission:
    """Just offered; nobody has it."""
    mission = Mission(
        id=MissionId(1),
        number=412,
        year=2026,
        state=MissionState.OPEN,
        operator=LEA,
        requested_by="SAMURL68",
        triggered_at=NOW,
        limit=NOW + timedelta(hours=6),
        closes_at=NOW + timedelta(hours=10, minutes=37),
        age=94,
        sex=Sex.FEMALE,
        commune="68224",
        motif="chute",
        rules=RULES,
        search=Search(SearchState.OFFERED, 1, NOW, NOW + timedelta(minutes=30)),
        regulateur=PAUL,
    )
    return replace(mission, **changes)  # type: ignore[arg-type]


def taken(*, arrived: bool = True, **changes: object) -> Mission:
    """Amina has it, and is at the patient's."""
    state = VisitState.ON_SITE if arrived else VisitState.PLANNED
    visit = Visit(state, AMINA, NOW + timedelta(minutes=40))
    if arrived:
        visit = replace(visit, arrived_at=NOW + timedelta(minutes=40))
    search = replace(
        a_mission().search, state=SearchState.TAKEN, taken_by=AMINA, taken_at=NOW + timedelta(minutes=8)
    )
    return a_mission(**({"search": search, "visit": visit} | changes))


def with_doctor(*, arrived: bool = True, by_phone: bool = False, video: bool = False) -> Mission:
    """And Dr Morel, of the second step, does the video at 10:20."""
    steps = tuple(Step(step, timedelta(minutes=10), StepState.SILENT) for step in CascadeStep)
    doctor = ChosenDoctor(MOREL, CascadeStep.EFFECTEUR_SAS, NOW + timedelta(minutes=15), by_phone=by_phone)
    mission = taken(
        arrived=arrived,
        cascade=Cascade(
            CascadeState.FOUND,
            steps=steps,
            current=1,
            doctor=doctor,
            video_at=NOW + timedelta(minutes=57),
        ),
    )
    if not video:
        return mission
    return replace(mission, visio=Visio("room", NOW + timedelta(minutes=20), doctor=MOREL))
