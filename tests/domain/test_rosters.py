"""Who is asked at each step of the cascade: duty rosters, the pool, channels, and why a step is skipped."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain import availability, duty, rosters
from bot.domain.cascade import start, steps_of
from bot.domain.duty import Duty
from bot.domain.mission import Mission
from bot.domain.people import CascadeStep, Line, Organisation, OrganisationId, Party, Person, PersonId, Role
from bot.domain.region import Region
from bot.domain.rosters import Askable, Known, Roster
from bot.domain.video_hour import hours
from bot.region import load_region
from tests.domain.missions import NOW, taken

SAS68 = load_region()
GARDE, EFFECTEUR = CascadeStep.GARDE, CascadeStep.EFFECTEUR_SAS
HOUR = timedelta(hours=1)

#: Saint-Louis has no maison médicale de garde; Mulhouse has one.
SECTOR = "Saint-Louis Agglomération"
MISSION = taken(arrived=False, commune="68297")  # the nurse is there at 10:03, the video from 10:18 on


def doctor(number: int, step: CascadeStep | None = None, **facts: object) -> Person:
    told = {"on_telegram": True, "phone": f"+336399800{number}", "cascade_step": step} | facts
    return Person(PersonId(number), Role.DOCTOR, f"DOCTOR{number}", "A", **told)  # type: ignore[arg-type]


CLAIRE, MARC, SOPHIE = doctor(21, EFFECTEUR), doctor(22, EFFECTEUR), doctor(23, GARDE)
HOUSE = Organisation(
    OrganisationId(7), "SOS médecin 68", CascadeStep.SOS_MEDECIN, "+33353010068", on_telegram=True
)


def turn(
    who: Person | Organisation,
    begins: float,
    ends: float,
    *,
    sector: str | None = SECTOR,
    step: CascadeStep = GARDE,
) -> Duty:
    """From so many hours after NOW to so many."""
    party = Party.person(who.id) if isinstance(who, Person) else Party.organisation(who.id)
    return Duty(0, step, sector, party, NOW + begins * HOUR, NOW + ends * HOUR, "october")


def asked(
    step: CascadeStep,
    known: Known,
    *,
    mission: Mission = MISSION,
    region: Region = SAS68,
    now: datetime = NOW,
) -> Roster:
    return rosters.today(region, mission, known, now)[step]


def by_roster(*turns: Duty, **facts: object) -> Known:
    known = Known([CLAIRE, MARC, SOPHIE], [HOUSE], turns, frozenset({GARDE}))
    return replace(known, **facts)  # type: ignore[arg-type]


def with_rule(step: CascadeStep, **changes: object) -> Region:
    rules = tuple(replace(r, **changes) if r.step is step else r for r in SAS68.steps)  # type: ignore[arg-type]
    return replace(SAS68, steps=rules)


def parties(roster: Roster) -> list[int]:
    return [askable.party.id for askable in roster.askable]


# By roster


def test_all_who_are_on_duty_in_the_sector_are_asked() -> None:
    known = by_roster(
        turn(CLAIRE, -1, 4),
        turn(MARC, -1, 4, sector=None),
        turn(SOPHIE, -1, 4, sector="Vallée de Munster"),
        turn(SOPHIE, -1, 4, step=EFFECTEUR),
    )
    assert parties(asked(GARDE, known)) == [CLAIRE.id, MARC.id]


def test_a_commune_of_no_sector_has_whoever_is_on_duty_everywhere() -> None:
    known = by_roster(turn(CLAIRE, -1, 4), turn(MARC, -1, 4, sector=None))
    assert parties(asked(GARDE, known, mission=replace(MISSION, commune="99999"))) == [MARC.id]


@pytest.mark.parametrize(
    ("begins", "ends", "is_asked"),
    [
        (-2, 0.5, False),  # over before the nurse is there
        (-2, 1, True),
        (5.9, 9, True),  # begins just before the limit
        (6, 9, False),
    ],
)
def test_a_turn_counts_when_some_of_it_lies_between_the_first_hour_and_the_limit(
    begins: float, ends: float, is_asked: bool
) -> None:
    assert bool(asked(GARDE, by_roster(turn(SOPHIE, begins, ends))).askable) is is_asked


def test_no_hour_lies_before_the_turn_and_none_is_proposed_behind_it() -> None:
    (askable,) = asked(GARDE, by_roster(turn(SOPHIE, 2, 3))).askable
    assert askable == Askable(Party.person(SOPHIE.id), begins=NOW + 2 * HOUR, ends=NOW + 3 * HOUR)
    proposed = hours(MISSION, NOW, many=True, begins=askable.begins, ends=askable.ends)
    assert proposed[0] >= NOW + 2 * HOUR
    assert proposed[-1] <= NOW + 3 * HOUR
    assert len(proposed) > 1


def test_turns_that_follow_each_other_are_one() -> None:
    (askable,) = asked(GARDE, by_roster(turn(SOPHIE, -1, 1), turn(SOPHIE, 1, 4))).askable
    assert (askable.begins, askable.ends) == (None, NOW + 4 * HOUR)


def test_without_a_turn_the_reason_says_so_or_when_the_next_begins() -> None:
    assert asked(GARDE, by_roster(turn(SOPHIE, -9, -1))) == Roster(skip=rosters.OFF_DUTY)
    later = asked(GARDE, by_roster(turn(SOPHIE, 11, 20), turn(MARC, 12, 20)))
    assert later == Roster(skip=rosters.LATER, begins=NOW + 11 * HOUR)


def test_a_maison_medicale_stands_in_for_the_garde_whatever_the_roster() -> None:
    known = by_roster(turn(SOPHIE, -1, 4, sector=None))
    assert asked(GARDE, known, mission=taken(commune="68224")).skip == rosters.MMG


def test_who_is_on_duty_is_asked_outside_their_own_hours_but_not_in_a_pause() -> None:
    night = NOW + 14 * HOUR  # 23:23, the service is closed
    mission = replace(MISSION, limit=night + 4 * HOUR)
    known = by_roster(turn(SOPHIE, 10, 30))
    assert availability.why_not(SAS68, SOPHIE, night) == availability.CLOSED
    assert parties(asked(GARDE, known, mission=mission, now=night)) == [SOPHIE.id]
    paused = replace(SOPHIE, paused_until=night + HOUR)
    roster = asked(GARDE, replace(known, doctors=[paused]), mission=mission, now=night)
    assert roster == Roster(skip=availability.PAUSED)


def test_a_turn_of_somebody_who_has_left_counts_for_nothing() -> None:
    assert asked(GARDE, by_roster(turn(SOPHIE, -1, 4), doctors=[CLAIRE])).skip == rosters.OFF_DUTY


def test_an_exercice_rings_those_chosen_and_never_a_house_on_duty() -> None:
    mission = replace(MISSION, exercise=True, rings=(SOPHIE.id,))
    known = by_roster(turn(SOPHIE, -1, 4), turn(MARC, -1, 4), turn(HOUSE, -1, 4))
    assert parties(asked(GARDE, known, mission=mission)) == [SOPHIE.id]


def test_any_step_may_go_by_the_roster() -> None:
    region = with_rule(EFFECTEUR, by_duty=True)
    known = by_roster(turn(MARC, -1, 4, step=EFFECTEUR, sector=None), in_use=frozenset())
    assert parties(asked(EFFECTEUR, known, region=region)) == [MARC.id]
    assert asked(EFFECTEUR, by_roster(in_use=frozenset()), region=region).skip == rosters.OFF_DUTY


def test_without_a_roster_the_garde_is_the_list_from_the_hour_at_which_it_begins() -> None:
    known = by_roster(in_use=frozenset())
    assert asked(GARDE, known) == Roster(skip=rosters.LATER, begins=NOW + timedelta(hours=10, minutes=37))
    late = replace(MISSION, limit=NOW + 12 * HOUR)
    roster = asked(GARDE, known, mission=late)
    assert (parties(roster), roster.begins) == ([SOPHIE.id], NOW + timedelta(hours=10, minutes=37))
    elsewhere = replace(SOPHIE, sectors=("Vallée de Munster",))
    assert asked(GARDE, replace(known, doctors=[elsewhere]), mission=late).skip == rosters.OFF_DUTY


# The pool


def test_the_pool_is_everybody_of_the_step_who_may_be_asked_now() -> None:
    paused = replace(CLAIRE, paused_until=NOW + HOUR)
    known = Known([paused, MARC, SOPHIE])
    assert parties(asked(EFFECTEUR, known)) == [MARC.id]
    assert asked(EFFECTEUR, Known([paused])).skip == availability.PAUSED
    assert asked(EFFECTEUR, Known([SOPHIE])).skip == rosters.NOBODY
    at_night = asked(EFFECTEUR, Known([MARC]), now=NOW + 14 * HOUR)
    assert at_night.skip == availability.CLOSED
    both = asked(EFFECTEUR, Known([replace(paused, paused_until=NOW + 20 * HOUR), MARC]), now=NOW + 14 * HOUR)
    assert both.skip == rosters.UNAVAILABLE


def test_who_has_said_disponible_is_asked_first_even_in_a_pause() -> None:
    free = replace(MARC, paused_until=NOW + HOUR, available_until=NOW + HOUR / 2)
    assert parties(asked(EFFECTEUR, Known([CLAIRE, free]))) == [MARC.id, CLAIRE.id]
    assert parties(asked(EFFECTEUR, Known([CLAIRE, free]), now=NOW + HOUR * 0.6)) == [CLAIRE.id]


# The médecin traitant


def test_the_patients_own_doctor_is_phoned_where_the_bot_may_not_ring() -> None:
    def of(person: Person | None) -> Roster:
        return asked(CascadeStep.MEDECIN_TRAITANT, Known(medecin_traitant=person))

    assert of(None).skip == rosters.UNKNOWN
    assert of(replace(MARC, on_telegram=False, phone=None)).skip == rosters.NO_NUMBER
    assert of(MARC).askable == (Askable(Party.person(MARC.id)),)
    assert of(replace(MARC, on_telegram=False)).askable[0].by_phone
    assert of(replace(MARC, paused_until=NOW + HOUR)).askable[0].by_phone


# Channels


@pytest.mark.parametrize(
    ("channels", "facts", "expected"),
    [
        (("telegram", "sms", "phone"), {}, (False, None)),
        (("telegram", "sms", "phone"), {"reachable": False}, (True, "+33639980021")),
        (("telegram", "sms", "phone"), {"on_telegram": False, "phone": "+33353010021"}, (True, None)),
        (("sms", "telegram"), {}, (True, "+33639980021")),
        (("phone",), {}, (True, None)),
        (("telegram", "phone", "sms"), {"on_telegram": False}, (True, None)),
        (("telegram",), {"on_telegram": False}, rosters.UNREACHABLE),
        (("telegram", "phone"), {"on_telegram": False, "phone": None}, rosters.NO_NUMBER),
        (("sms",), {"phone": "+33353010021"}, rosters.UNREACHABLE),
    ],
)
def test_a_doctor_is_reached_by_the_first_channel_they_have(
    channels: tuple[str, ...], facts: dict[str, object], expected: tuple[bool, str | None] | str
) -> None:
    known = Known([replace(CLAIRE, **facts)], fiction=True)  # type: ignore[arg-type]
    roster = asked(EFFECTEUR, known, region=with_rule(EFFECTEUR, channels=channels))
    if isinstance(expected, str):
        assert roster == Roster(skip=expected)
    else:
        assert [(a.by_phone, a.text_to) for a in roster.askable] == [expected]


def test_a_house_is_texted_at_its_first_mobile() -> None:
    lines = (Line("Jour", "+33353010068"), Line("Nuit", "+33639980068"))
    house = replace(HOUSE, on_telegram=False, lines=lines)
    region = with_rule(HOUSE.cascade_step, channels=("telegram", "sms", "phone"))
    (askable,) = asked(HOUSE.cascade_step, Known(houses=[house], fiction=True), region=region).askable
    assert (askable.by_phone, askable.text_to) == (True, "+33639980068")


@pytest.mark.parametrize(
    ("channels", "asks"),
    [(("telegram", "sms", "phone"), True), (("sms",), True), (("telegram", "phone", "sms"), False)],
)
def test_text_messages_behind_the_telephone_ask_nobody(channels: tuple[str, ...], asks: bool) -> None:
    assert with_rule(EFFECTEUR, channels=channels).rule(EFFECTEUR).asks_by_text is asks
    assert not SAS68.rule(EFFECTEUR).asks_by_text


def test_whoever_was_asked_before_the_service_closed_is_not_lost_when_it_closes() -> None:
    evening = NOW + 11 * HOUR
    known = Known([CLAIRE, MARC])
    begun = start(MISSION, steps_of(SAS68), rosters.today(SAS68, MISSION, Known([CLAIRE]), NOW), NOW).mission
    assert asked(EFFECTEUR, known, now=evening) == Roster(skip=availability.CLOSED)
    assert [a.party for a in asked(EFFECTEUR, known, mission=begun, now=evening).askable] == [CLAIRE.party]
    paused = Known([replace(CLAIRE, paused_until=evening + HOUR), MARC])
    assert asked(EFFECTEUR, paused, mission=begun, now=evening).skip is not None


def test_channels_are_those_of_the_start_of_the_mission() -> None:
    known = Known([CLAIRE])
    begun = start(MISSION, steps_of(SAS68), rosters.today(SAS68, MISSION, known, NOW), NOW).mission
    region = with_rule(EFFECTEUR, channels=("phone",))
    assert not asked(EFFECTEUR, known, mission=begun, region=region).askable[0].by_phone
    assert asked(EFFECTEUR, known, region=region).askable[0].by_phone


# Turns


def test_a_sector_is_read_as_who_is_there_and_who_comes_next() -> None:
    turns = [
        turn(CLAIRE, -1, 1),
        turn(CLAIRE, 1, 2),
        turn(MARC, 2, 9),
        turn(SOPHIE, 2, 3),
        turn(MARC, 9, 20),
        turn(HOUSE, -9, 99, sector=None),
    ]
    everywhere, sector = duty.by_sector(turns, NOW)
    assert (everywhere.sector, [t.party.id for t in everywhere.now], everywhere.after) == (
        None,
        [HOUSE.id],
        (),
    )
    assert [(t.party.id, t.ends) for t in sector.now] == [(CLAIRE.id, NOW + 2 * HOUR)]
    assert [t.party.id for t in sector.after] == [MARC.id, SOPHIE.id]
