"""The clock does what clocks do: summer and winter, a machine that slept, a hand that sets it back."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.mission import SearchState
from bot.domain.people import Role
from bot.flows.visit import local_hour
from bot.flows.vitals import taken_at
from bot.sandbox.limits import Limits
from tests.clock import ManualClock
from tests.stories.story import Story
from tests.stories.test_restarts import count, in_flight

#: At 01:00 UTC on these Sundays the clocks of Haut-Rhin go back, then forward.
WINTER = datetime(2026, 10, 25, 1, tzinfo=UTC)
SUMMER = datetime(2027, 3, 28, 1, tzinfo=UTC)


def utc(day: datetime, hour: int, minute: int) -> datetime:
    """A moment of the night of a change."""
    return day.replace(hour=hour, minute=minute)


def floods(story: Story) -> int:
    """How often Telegram said «too many requests»."""
    return sum(call.status == 429 for call in story.telegram.calls)


@dataclass
class TelegramsOwn:
    """The clock of Telegram's rates, which nobody here sets back."""

    ours: ManualClock
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return self.ours.now() + self.ahead

    async def sleep(self, seconds: float) -> None:
        await self.ours.sleep(seconds)


@pytest.fixture
def telegrams(story: Story) -> TelegramsOwn:
    """Telegram goes by its own clock."""
    own = TelegramsOwn(story.clock)
    story.telegram.world.limits = Limits(own)
    return own


def set_back(story: Story, telegrams: TelegramsOwn, by: timedelta) -> datetime:
    """Somebody sets our clock back; what it says then."""
    telegrams.ahead += by
    story.clock.set_back(seconds=by.total_seconds())
    return story.clock.now()


# The two nights


async def rung_at_night(story: Story) -> None:
    """Everybody may be rung while the service is closed."""
    people = [*await story.registered(Role.IDEL), *await story.registered(Role.DOCTOR)]
    async with story.storage.transaction() as tx:
        for person in people:
            await tx.people.save(replace(person, out_of_hours=True))


@pytest.mark.parametrize(
    ("triggered", "answer_by", "limit"),
    [
        (WINTER - timedelta(hours=4, minutes=30), "23:00", "03:30"),  # 22:30, and six real hours
        (WINTER - timedelta(hours=6, minutes=15), "21:15", "02:45 (été)"),
        (WINTER - timedelta(hours=5, minutes=15), "22:15", "02:45 (hiver)"),
        (WINTER - timedelta(minutes=45), "02:45 (été)", "07:15"),
        (SUMMER - timedelta(hours=3), "23:30", "06:00"),
        (SUMMER - timedelta(minutes=15), "03:15", "08:45"),
    ],
)
async def test_six_real_hours_and_every_hour_names_one_moment(
    story: Story, triggered: datetime, answer_by: str, limit: str
) -> None:
    amina = story.person("Amina")
    await rung_at_night(story)
    story.clock.to(triggered)
    mission = await story.mission(offered_to=["Amina", "Bruno"])

    assert mission.limit - triggered == timedelta(hours=6)
    amina.sees(f"Répondre avant {answer_by}\n", f"Être sur place avant {limit}\n")


@pytest.mark.parametrize("change", [WINTER, SUMMER])
async def test_in_those_nights_each_timer_rings_once_at_its_real_minute(
    story: Story, change: datetime
) -> None:
    lea = story.person("Léa")
    story.clock.to(change - timedelta(minutes=25))
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.wait(minutes=19)
    lea.sees_not("20 min sans IDEL")
    await story.wait(minutes=2)
    lea.sees("20 min sans IDEL")
    await story.wait(hours=2)

    journal = Counter(await story.journal(mission.id))
    assert journal["search.warned"] == journal["search.nobody"] == 1
    assert count(lea, "20 min sans IDEL") == 1
    lines: dict[str, datetime] = {}
    async with story.storage.transaction() as tx:
        for line in await tx.journal.of_mission(mission.id):
            lines.setdefault(line.kind, line.at)
    for kind, minutes in (("search.warned", 20), ("search.nobody", 30)):
        assert lines[kind] - mission.triggered_at == timedelta(minutes=minutes)


async def test_a_visit_goes_on_through_the_night_of_winter(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await rung_at_night(story)
    story.clock.to(WINTER - timedelta(minutes=50))
    await story.mission(offered_to=["Amina", "Bruno"])
    await amina.taps("ACCEPTER · 20 min")
    amina.sees("est à vous (", "02:30 (été)")
    await claire.taps("J'accepte")
    await amina.taps("En route")
    await story.wait(minutes=25)
    await amina.taps("Sur place")
    story.person("Léa").sees("02:35 (été)")
    await story.wait(minutes=50)
    await amina.types("TA 13/8 FC 96 à 2h20")

    claire.sees("constantes de", "02:20 (hiver)")


@pytest.mark.parametrize(
    ("now", "said", "meant"),
    [
        (utc(WINTER, 0, 40), "2h20", utc(WINTER, 0, 20)),  # 20 minutes ago, in summer still
        (utc(WINTER, 1, 10), "02:50", utc(WINTER, 0, 50)),  # said after the change: 20 minutes ago
        (utc(WINTER, 1, 40), "2:50", utc(WINTER, 1, 50)),
        (utc(WINTER, 2, 5), "250", utc(WINTER, 1, 50)),
        (utc(WINTER, 0, 0) - timedelta(hours=3), "3h30", utc(WINTER, 2, 30)),
        (utc(SUMMER, 0, 50), "3h10", utc(SUMMER, 1, 10)),
        (utc(SUMMER, 0, 50), "2h30", utc(SUMMER, 1, 30)),  # an hour that no clock shows
        (utc(SUMMER, 1, 10), "1h50", utc(SUMMER, 0, 50)),
    ],
)
def test_an_hour_that_somebody_says_is_the_one_they_mean(
    story: Story, now: datetime, said: str, meant: datetime
) -> None:
    assert local_hour(story.bot.given, said, now) == meant


async def test_an_hour_of_a_measure_is_the_last_one_the_clocks_have_shown(story: Story) -> None:
    for now, meant in (
        (utc(WINTER, 1, 10), utc(WINTER, 0, 50)),
        (utc(WINTER, 1, 55), utc(WINTER, 1, 50)),
    ):
        story.clock.to(now)
        assert taken_at(story.bot.given, meant.time().replace(hour=2)) == meant


# The machine


async def test_after_three_hours_of_sleep_everything_late_rings_once_and_nothing_floods(story: Story) -> None:
    lea, paul = story.person("Léa"), story.person("Paul")
    missions = [await story.mission(offered_to=["Amina", "Bruno"]) for _ in range(4)]
    story.clock.forward(hours=3)
    await story.settle()

    for mission in missions:
        journal = Counter(await story.journal(mission.id))
        assert journal["search.warned"] == journal["search.nobody"] == 1
        paul.rang(f"SMT {mission.number} ")
        assert (await story.mission_now(mission.id)).search.state is SearchState.UNANSWERED
    lea.sees("aucun IDEL")
    await story.wait(minutes=5)
    assert await in_flight(story) == 0
    assert floods(story) == 0


@pytest.mark.parametrize("back", [timedelta(minutes=7), timedelta(hours=2)])
async def test_a_clock_that_is_set_back_holds_nobody_up(
    story: Story, telegrams: TelegramsOwn, back: timedelta
) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.mission(offered_to=["Chloé"])
    await amina.taps("ACCEPTER · 20 min")
    begun = set_back(story, telegrams, back)

    await amina.taps("En route")
    amina.is_told_at_once("en route")
    await story.wait(minutes=2)

    lea.sees("en route")
    assert await in_flight(story) == 0
    assert story.clock.now() - begun < timedelta(minutes=8)
    assert floods(story) == 0
    assert Counter(await story.journal(mission.id))["search.accepted"] == 1


async def test_what_was_put_off_when_the_clock_is_set_back_goes_within_minutes(
    story: Story, telegrams: TelegramsOwn
) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    await story.mission(offered_to=["Amina", "Bruno"])
    story.telegram.faults.flood(lambda method, p: p.get("chat_id") == str(story.group.id), retry_after=40)
    card = amina.newest("visite +")
    story.telegram.tap(amina.user, card.chat, card.id, 0, 0)
    await story.bot.intake.receive(story.telegram.take_updates())
    await story.bot.intake.work_all()
    await story.bot.delivery.drain()
    assert await in_flight(story) > 0
    begun = set_back(story, telegrams, timedelta(hours=1))
    await story.wait(minutes=2)

    lea.sees("Amina B. y va")
    assert await in_flight(story) == 0
    assert story.clock.now() - begun < timedelta(minutes=7)
