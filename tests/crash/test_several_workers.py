"""Two processes on one PostgreSQL and one token: everybody's order is kept, and either may die.

Twenty nurses change their mind again and again, and write between; their taps and texts come mixed.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.buttons import Press, Verb
from bot.clock import real_monotonic
from bot.delivery import IN_FLIGHT
from bot.domain.people import MissionId
from storage.tables import metadata
from tests.crash.round import CALLS, opening
from tests.crash.world import Process, World, opened
from tests.databases import Cluster

PEOPLE = 20
ACTS = 50  # of each: a tap, a text, a tap…
ACTS_AROUND_A_DEATH = 20
PAUSE = 0.02  # real seconds between two rounds, so that both workers have their part
WORKED_WITHIN = 150.0  # real seconds: the longest lease is of 30, and a busy machine
#: What a text is answered by: who has refused has no mission, whoever has not is told to tap.
REPLIES = ("pas de mission en cours", "Ce texte n'est allé à personne")


@pytest.fixture
def database(postgres_cluster: Cluster) -> str:
    """Several workers need PostgreSQL."""
    return postgres_cluster.url(postgres_cluster.fresh())


async def both_at_work(world: World) -> list[Process]:
    """Two processes; one of them fetches and one of them sends."""
    workers = [world.bot(), world.bot()]
    for worker in workers:
        await worker.start()
    for worker in workers:
        await worker.ready()
    await world.until(
        lambda: sum(worker.sends for worker in workers) == sum(worker.fetches for worker in workers) == 1,
        "one of them fetches, and one sends",
    )
    return workers


async def mixed_taps_and_texts(
    world: World, acts: int, halfway: Callable[[], Awaitable[None]] | None = None
) -> list[str]:
    """What the twenty do; who they are."""
    await opening(world.player, CALLS[2])
    people = [name for name in world.nurses if name.startswith("Camille")][:PEOPLE]
    await world.until(
        lambda: all(world.said(world.chat(name), "visite +") for name in people), "all have the offer"
    )
    card = {name: world.player.messages(name)[0] for name in people}
    refuse, back = (Press(verb, MissionId(1), 1).pack() for verb in (Verb.REFUSE, Verb.RECONSIDER))
    for number in range(acts):
        for name in world.dice.sample(people, len(people)):
            user = world.cast.user(name)
            if number % 2:
                world.telegram.send_text(user, user.id, f"message {number} de {name}")
            else:
                data = refuse if number % 4 == 0 else back
                world.telegram.tap_data(user, user.id, card[name].id, data)
        if number == acts // 2 and halfway is not None:
            await halfway()
        await asyncio.sleep(PAUSE)
    return people


async def all_is_worked(world: World) -> None:
    """Wait, until every tap and every text has been worked."""

    async def worked() -> bool:
        async with world.storage.transaction() as tx:
            return not (world.telegram.updates.pending() or await tx.inbox.waiting())

    await world.until(worked, "what came is worked", within=WORKED_WITHIN)


async def decided(world: World) -> dict[int, list[str]]:
    """What each person decided about the offer, in the order of the journal."""
    table = metadata.tables["journal"]
    async with world.storage.connection() as connection:
        rows = (await connection.execute(sa.select(table).order_by(table.c.id))).all()
    found: dict[int, list[str]] = {}
    for row in rows:
        if row.kind in ("search.refused", "search.reconsidered"):
            found.setdefault(row.actor, []).append(row.kind)
    return found


async def everything_is_right(world: World, people: list[str], acts: int, *, again: int) -> int:
    """Each act was worked once and in order, nothing lost; how many replies came twice, `again` at most."""
    orders = await decided(world)
    assert len(orders) == len(people)
    for person, kinds in orders.items():
        assert len(kinds) == acts // 2, f"{person}: {len(kinds)} decisions of {acts // 2} taps"
        assert kinds[0] == "search.refused"
        assert all(one != other for one, other in pairwise(kinds)), f"{person}: {kinds}"
    account = await world.account()
    assert account.lost == []
    texts = {name: sum(len(world.said(world.chat(name), reply)) for reply in REPLIES) for name in people}
    unanswered = {name: times for name, times in texts.items() if times < acts // 2}
    assert unanswered == {}, instead_of_the_reply(world, unanswered)
    twice = sum(times - acts // 2 for times in texts.values())
    assert twice <= again, texts
    return twice


def instead_of_the_reply(world: World, names: Iterable[str]) -> str:
    """What these people read that is no answer to a text, and the end of every log."""
    read = {name: [sent.text for sent in world.said(world.chat(name), "")] for name in names}
    others = {
        name: [text for text in texts if not any(reply in text for reply in REPLIES)]
        for name, texts in read.items()
    }
    return f"{others}\n{world.last_words()}"


def too_many(world: World) -> int:
    """How often Telegram refused for haste."""
    return sum(call.status == 429 for call in world.telegram.calls)


async def test_twenty_people_and_fifty_mixed_taps_and_texts_of_each(
    database: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with opened(database, tmp_path, random.randrange(1_000_000)) as world:
        workers = await both_at_work(world)
        people = await mixed_taps_and_texts(world, ACTS)
        acted = real_monotonic()
        await all_is_worked(world)
        worked, senders = real_monotonic() - acted, {sent.by for sent in world.telegram.carried_out}
        record_property(
            "figures",
            f"two workers, {PEOPLE} people × {ACTS} acts: all is worked {worked:.1f} s after the last,"
            f" {len(senders)} process has sent, {too_many(world)} times «too many requests»",
        )
        await world.everything_is_said()

        await everything_is_right(world, people, ACTS, again=0)
        assert len({sent.by for sent in world.telegram.carried_out}) == 1, "two processes have sent"
        for worker in workers:
            await worker.stop()


@pytest.mark.parametrize("who", ["sends", "fetches", "does not send"])
async def test_one_of_two_is_killed_and_the_other_takes_its_work_over(
    database: str, tmp_path: Path, who: str, record_property: Callable[[str, object], None]
) -> None:
    async with opened(database, tmp_path, random.randrange(1_000_000)) as world:
        workers = await both_at_work(world)
        killed_at = 0.0

        async def kill() -> None:
            nonlocal killed_at
            sends = [worker.sends for worker in workers]
            wanted = {
                "sends": sends,
                "fetches": [w.fetches for w in workers],
                "does not send": [not s for s in sends],
            }
            await workers[wanted[who].index(True)].kill()
            killed_at = real_monotonic()

        people = await mixed_taps_and_texts(world, ACTS_AROUND_A_DEATH, kill)

        await all_is_worked(world)
        await world.until(lambda: world.telegram.carried_out[-1].at > killed_at, "somebody sends")
        worked = real_monotonic() - killed_at
        heir = next(worker.number for worker in workers if worker.lives)
        sends = [sent.at for sent in world.telegram.carried_out if sent.at > killed_at and sent.by == heir]
        fetches = [at for at, by in world.telegram.asked if at > killed_at and by == heir]
        await world.everything_is_said()

        again = await everything_is_right(world, people, ACTS_AROUND_A_DEATH, again=IN_FLIGHT)
        record_property(
            "figures",
            f"one of two workers killed ({who}): the other sends {sends[0] - killed_at:.1f} s later, fetches"
            f" {fetches[0] - killed_at:.1f} s later, everything is worked {worked:.1f} s later; {again} came"
            f" twice, {too_many(world)} times «too many requests»",
        )
        senders = [sent.by for sent in world.telegram.carried_out]
        assert sum(one != other for one, other in pairwise(senders)) <= 1, "two processes have sent in turns"
        for worker in workers:
            await worker.stop()
