"""The video: who gets a link, trouble, another hour, the end."""

import re
from dataclasses import replace
from datetime import timedelta

from bot.channels.visio import UrlTemplate
from bot.domain import visio
from bot.domain.mission import MissionState
from bot.domain.outcome import Outcome, PlaceKind, to_party, to_person
from bot.domain.people import Party, PersonId
from tests.domain.missions import AMINA, MOREL, NOW, NURSE, taken, with_doctor

LATER = NOW + timedelta(minutes=45)
LINKS = visio.Links("room", {NURSE: "https://v.example/n", MOREL: "https://v.example/d"}, "+33639980021")


def places(outcome: Outcome) -> list[str]:
    return [f"{n.kind} {n.to}" for n in outcome.notices]


def test_each_side_gets_its_own_link() -> None:
    outcome = visio.create(with_doctor(), LINKS, LATER)

    urls = {n.to: n.facts["url"] for n in outcome.notices if n.kind in ("visio.idel", "visio.doctor")}
    assert urls == {to_person(AMINA): "https://v.example/n", to_party(MOREL): "https://v.example/d"}
    texts = [n for n in outcome.notices if n.to.kind is PlaceKind.SMS]
    assert [n.facts["phone"] for n in texts] == ["+33639980021"]


def test_the_journal_holds_no_address() -> None:
    outcome = visio.create(with_doctor(), LINKS, LATER)

    assert not any("https" in str(event.facts) for event in outcome.events)
    assert "https" not in repr(outcome.mission)


def test_no_video_without_a_doctor() -> None:
    outcome = visio.create(taken(), LINKS, LATER)

    assert not outcome.events
    assert outcome.answer.kind == "visio.no_doctor"


def test_only_the_two_sides_may_say_that_it_does_not_work() -> None:
    mission = visio.create(with_doctor(), LINKS, LATER).mission
    stranger = Party.person(PersonId(99))

    assert not visio.trouble(mission, stranger, LATER).events
    assert visio.trouble(mission, MOREL, LATER).events


def test_a_doctor_without_telegram_and_without_a_mobile_is_phoned() -> None:
    outcome = visio.create(with_doctor(by_phone=True), replace(LINKS, sms_to=None), LATER)

    assert "visio.no_way mission:1" in places(outcome)
    assert not any(n.kind == "visio.doctor" for n in outcome.notices)


def test_later_keeps_the_room_and_moves_the_hour() -> None:
    mission = visio.create(with_doctor(), LINKS, LATER).mission

    outcome = visio.later(mission, NURSE, LINKS, LATER)

    assert outcome.mission.visio is not None
    assert outcome.mission.visio.room == "room"
    assert outcome.mission.visio.number == 1
    assert outcome.mission.cascade.video_at == NOW + timedelta(minutes=72)


def test_the_links_die_with_the_mission() -> None:
    mission = visio.create(with_doctor(), LINKS, LATER).mission

    ended = visio.end(mission)

    assert ended.mission.visio is not None
    assert ended.mission.visio.ended
    assert {n.to for n in ended.notices} == {to_person(AMINA), to_party(MOREL)}
    assert {w.kind for w in ended.withdrawn} >= {"visio.sms", "visio.doctor"}
    assert not visio.end(ended.mission).events


def test_the_one_who_withdrew_is_told_that_the_link_is_dead() -> None:
    """The cascade has forgotten the doctor by then; the room has not."""
    mission = visio.create(with_doctor(), LINKS, LATER).mission
    without = replace(mission, cascade=replace(mission.cascade, doctor=None))

    assert to_party(MOREL) in {n.to for n in visio.end(without).notices}


def test_nothing_is_made_for_a_mission_that_is_over() -> None:
    over = replace(with_doctor(), state=MissionState.CLOSED)

    assert not visio.create(over, LINKS, LATER).events


def test_the_template_gives_everybody_another_token_in_one_room() -> None:
    engine = UrlTemplate("https://visio.example/{room}#{token}")
    room = engine.new_room()

    links = engine.room(room, (NURSE, MOREL), NOW, LATER)

    assert len({link.token for link in links.values()}) == 2
    for link in links.values():
        assert re.fullmatch(rf"https://visio\.example/{re.escape(room)}#{re.escape(link.token)}", link.url)
    assert len(room) >= 22  # 128 bits
    assert engine.new_room() != room
