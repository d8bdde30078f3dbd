"""One round: people do their work, the bot is killed at one point of it, another takes over. Who lost what?

A round without a point is a whole life: nothing may come twice, and it counts the passages.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bot.background import Background
from bot.sandbox import example
from bot.sandbox.player import Player
from tests.crash.points import MOST, Point
from tests.crash.world import Account, Process, World, opened

DOCTORS = ("Claire MOREL", "Marc ADAM")
OPERATOR = "Léa"
RACERS = 4  # nurses who accept at the same moment

#: The patients of the sandbox, and one more.
CALLS = (
    *example.EXAMPLES,
    example.EXAMPLES[2].replace("BAUER Yvette", "ROHMER Lucie").replace("01 00 56", "01 00 57"),
)


@dataclass
class Round:
    """What happened in one round."""

    seed: int
    database: str
    point: Point | None
    at: int
    account: Account = field(default_factory=Account)
    wrong: list[str] = field(default_factory=list)
    passages: Counter[str] = field(default_factory=Counter)
    to_first_send: float | None = None  # real seconds from the start of the heir, where something was owed

    def __str__(self) -> str:
        where = f"killed at {self.point}:{self.at}" if self.point else "without a kill"
        return f"SMT_CRASH_SEED={self.seed}, {where}"


async def play(
    database_url: str, folder: Path, seed: int, point: Point | None, *, of_timers: bool = False
) -> Round:
    """Play one round to its end."""
    play_out = timers if of_timers or point is Point.IN_TIMERS else mission
    async with opened(database_url, folder, seed) as world:
        at = world.dice.randint(1, MOST[point]) if point else 0
        told = Round(seed, database_url.partition(":")[0], point, at)
        first = world.bot(at=(point, at) if point else None, count=True)
        await first.start()
        background = Background()
        taking_over = background.start(_heir(world, first, told), f"the heir of {seed}") if point else None
        try:
            told.wrong = await play_out(world)
            await world.everything_is_said()
            if taking_over is not None:
                assert not first.lives, f"{told}: it was never passed so often\n{world.last_words()}"
                await taking_over
            told.account = await world.account()
            told.wrong += told.account.lost
        except Exception as error:
            error.add_note(f"{told}\n{world.last_words()}")
            raise
        finally:
            await background.stop()
        for process in world.processes:
            await process.stop()
        if not point:
            told.passages = first.passed()
    return told


async def _heir(world: World, first: Process, told: Round) -> None:
    """When the first is dead, a plain bot takes over."""
    await first.dies()
    await world.the_leases_of_the_dead_end()
    owed = await world.owed()
    before = len(world.telegram.carried_out)
    heir = world.bot()
    await heir.start()
    if owed:
        await world.until(lambda: len(world.telegram.carried_out) > before, "the heir sends what is owed")
        told.to_first_send = world.telegram.carried_out[before].at - heir.started_at
    await heir.ready()


async def mission(world: World) -> list[str]:
    """A mission up to the nurse at the bedside and the doctor found; what is wrong at its end."""
    player, wrong = world.player, list[str]()
    await opening(player, CALLS[2])
    asked = world.nurses
    # Somebody accepts while the offers are still on their way, or after all have theirs.
    enough = world.dice.randint(RACERS, len(asked))
    await world.until(lambda: len(_offered(world)) >= enough, f"{enough} nurses have the offer", hurry=True)
    racers = world.dice.sample(_offered(world), RACERS)
    for name in racers:
        await player.taps(name, "ACCEPTER")
    await world.until(lambda: bool(_chosen(world)), "one nurse has it", hurry=True)
    winner = _chosen(world)[0]
    await player.taps(OPERATOR, "Patient prévenu")
    for doctor in DOCTORS:
        await player.taps(doctor, "J'accepte")
    await player.sees(winner, "médecin trouvé")
    await player.taps(winner, "En route")
    await player.taps(winner, "Sur place")
    await player.sees(OPERATOR, "sur place")
    await world.everything_is_said()

    if winner not in racers or len(_chosen(world)) != 1:
        wrong.append(f"told that it is theirs: {_chosen(world)}")
    if len(await world.winners()) != 1:
        wrong.append(f"winners: {await world.winners()}")
    doctors = [name for name in DOCTORS if world.said(world.chat(name), "c'est à vous")]
    if len(doctors) != 1:
        wrong.append(f"doctors told that it is theirs: {doctors}")
    # Whoever was offered the mission reads now who has it.
    truth = {winner: "vous l'avez acceptée"}
    wrong += [
        f"{name} still sees an open offer, or nothing of its end"
        for name in _offered(world)
        if not world.shows(world.chat(name), truth.get(name, "par un(e) collègue"))
    ]
    wrong += [
        f"the group never read «{words}»"
        for words in (winner.rpartition(" ")[2], "visio ", "sur place")
        if not world.said(world.group, words) and not world.shows(world.group, words)
    ]
    account = await world.account()
    for once in ("search.accepted", "cascade.accepted", "visit.arrived"):
        if account.times(once) != 1:
            wrong.append(f"{once}: {account.times(once)} times in the journal")
    return wrong


async def opening(player: Player, text: str) -> None:
    """The operator pastes a call and triggers; nothing that is said here is ever said again."""
    await player.types(OPERATOR, text)
    for label in ("Les 5 critères sont remplis", "Aucune exclusion", "Oui", "DÉCLENCHER"):
        await player.taps(OPERATOR, label)


async def timers(world: World) -> list[str]:
    """Several missions that nobody takes: all their timers are due at one moment, twice."""
    player, wrong = world.player, list[str]()
    for text in CALLS:
        await opening(player, text)
        await world.everything_is_said()
    for minutes in (20, 10):
        world.clock.forward(minutes * 60)
        await world.everything_is_said()
    account = await world.account()
    for kind in ("search.warned", "search.nobody"):
        missions = sorted(mission for (mission, of), times in account.journal.items() if of == kind)
        if len(missions) != len(CALLS) or account.times(kind) != len(CALLS):
            wrong.append(f"{kind} rang {account.times(kind)} times, for the missions {missions}")
    for words in ("20 min sans IDEL", "aucun IDEL à"):
        if len({sent.text for sent in world.said(world.group, words)}) != len(CALLS):
            wrong.append(f"the group read «{words}» for {len(world.said(world.group, words))} missions")
    return wrong


def _offered(world: World) -> list[str]:
    """The nurses who have been sent an offer."""
    return [name for name in world.nurses if world.said(world.chat(name), "visite + téléconsultation")]


def _chosen(world: World) -> list[str]:
    """The nurses who were told that it is theirs."""
    return [name for name in world.nurses if world.said(world.chat(name), "est à vous (")]
