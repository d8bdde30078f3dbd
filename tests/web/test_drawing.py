"""Where things stand on the board's map and time line."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.board import Mark, Moment, Standing
from bot.domain.mission import Mission
from bot.domain.owner import Deed, Owner, Who
from bot.domain.places import distance_km
from bot.domain.region import Region
from bot.flows.board import Board, Line
from bot.region import load_region
from bot.settings import DEFAULT_REGION
from bot.web.map import LABELLED, Map, Pin
from bot.web.timeline import ROWS, timeline
from tests.clock import OPENING
from tests.domain.missions import a_mission

PARIS = ZoneInfo("Europe/Paris")
MULHOUSE, COLMAR = "68224", "68066"


@pytest.fixture(scope="module")
def region() -> Region:
    return load_region(DEFAULT_REGION)


def line(region: Region, mission: Mission, *, insee: str = MULHOUSE, home: str | None = None) -> Line:
    place = region.commune(insee)
    assert place is not None
    return Line(
        mission=mission,
        owner=Owner(Who.IDELS, Deed.ANSWER_OFFER),
        standing=Standing.SEARCH,
        moments=(),
        operator="Léa",
        commune=place.name,
        place=place,
        comes_from=region.commune(home) if home else None,
    )


def missions(count: int) -> Iterator[Mission]:
    for number in range(412, 412 + count):
        yield a_mission().with_(number=number, triggered_at=OPENING, limit=OPENING + timedelta(hours=6))


def test_north_is_up_and_distances_are_those_of_the_country(region: Region) -> None:
    drawn = Map(region.communes)
    mulhouse, colmar = region.commune(MULHOUSE), region.commune(COLMAR)
    thann = next(c for c in region.communes if c.name == "Thann")
    assert mulhouse is not None
    assert colmar is not None
    m, c, t = (drawn.spot(commune) for commune in (mulhouse, colmar, thann))
    assert c.y < m.y  # Colmar is north of Mulhouse
    assert t.x < m.x  # and Thann west of it
    per_km = [
        ((a.x - b.x) ** 2 + (a.y - b.y) ** 2) ** 0.5 / distance_km(one, other)
        for a, b, one, other in ((m, c, mulhouse, colmar), (m, t, mulhouse, thann))
    ]
    assert per_km[0] == pytest.approx(per_km[1], rel=0.02)


def test_the_whole_department_is_inside(region: Region) -> None:
    drawn = Map(region.communes)
    for commune in region.communes:
        spot = drawn.spot(commune)
        assert 0 < spot.x < drawn.width
        assert 0 < spot.y < drawn.height
    assert drawn.dots.count("M") == len(region.communes)


def test_the_large_communes_are_named_and_leave_room_for_each_other(region: Region) -> None:
    names = [city.name for city in Map(region.communes).cities()]
    assert names[:2] == ["Mulhouse", "Colmar"]
    assert "Illzach" not in names  # at Mulhouse's gates


def test_no_label_hides_another_even_in_one_commune(region: Region) -> None:
    drawn = Map(region.communes)
    pins = drawn.pins(line(region, mission) for mission in missions(20))
    boxes = [pin.label for pin in pins if pin.label is not None]
    assert len(boxes) == 20
    assert not any(a.touches(b) for n, a in enumerate(boxes) for b in boxes[:n])
    for box in boxes:
        assert box.x > 0
        assert box.x + box.width < drawn.width


def test_of_very_many_missions_the_first_have_labels(region: Region) -> None:
    pins = Map(region.communes).pins(line(region, mission) for mission in missions(LABELLED + 30))
    assert len(pins) == LABELLED + 30
    assert sum(pin.label is not None for pin in pins) <= LABELLED


def test_the_nurse_comes_from_her_commune_unless_it_is_the_patients(region: Region) -> None:
    (one,) = missions(1)
    drawn = Map(region.communes)
    pins: list[Pin] = []
    for home in (COLMAR, MULHOUSE):
        pins += drawn.pins([line(region, one, home=home)])
    colmar = region.commune(COLMAR)
    assert colmar is not None
    assert [pin.comes_from for pin in pins] == [drawn.spot(colmar), None]


def test_a_mission_whose_commune_is_masked_is_not_on_the_map(region: Region) -> None:
    (one,) = missions(1)
    assert Map(region.communes).pins([replace(line(region, one), place=None, commune=None)]) == ()


def board(lines: list[Line], minutes: int = 60) -> Board:
    return Board(OPENING + timedelta(minutes=minutes), tuple(lines), len(lines), alarms=0, is_watched=False)


def test_the_time_line_goes_from_the_hour_before_to_the_hour_after(region: Region) -> None:
    (one,) = missions(1)
    arrived = Moment(Mark.ARRIVED, OPENING + timedelta(minutes=37))
    drawn = timeline(board([replace(line(region, one), moments=(arrived,))]), PARIS)
    hours = [at.astimezone(PARIS).strftime("%H:%M") for at, _, _ in drawn.hours]
    assert hours == ["09:00", "10:00", "11:00", "12:00", "13:00", "14:00", "15:00"]
    assert drawn.ends.astimezone(PARIS).strftime("%H:%M") == "16:00"
    (row,) = drawn.rows
    assert row.begins < row.moments[0].x < drawn.now < row.ends < 100


def test_what_began_long_ago_does_not_press_the_rest_together(region: Region) -> None:
    old, new = missions(2)
    old = old.with_(triggered_at=OPENING - timedelta(days=2), limit=OPENING - timedelta(hours=42))
    drawn = timeline(board([line(region, old), line(region, new)]), PARIS)
    assert drawn.ends - drawn.begins <= timedelta(hours=15)
    assert (drawn.rows[0].begins, drawn.rows[0].ends) == (0, 0)


def test_without_a_mission_there_is_an_hour_to_show(region: Region) -> None:
    drawn = timeline(board([]), PARIS)
    assert drawn.rows == ()
    assert 0 <= drawn.now <= 100


def test_rows_that_are_left_out_are_counted(region: Region) -> None:
    drawn = timeline(board([line(region, mission) for mission in missions(ROWS + 2)]), PARIS)
    assert (len(drawn.rows), drawn.left_out) == (ROWS, 2)


def test_hours_are_whole_on_the_clocks_of_half_an_hour(region: Region) -> None:
    (one,) = missions(1)
    kolkata = ZoneInfo("Asia/Kolkata")
    drawn = timeline(board([line(region, one)]), kolkata)
    assert drawn.begins.astimezone(kolkata).minute == 0
    assert drawn.begins < datetime(2026, 10, 6, 7, 23, tzinfo=UTC)
