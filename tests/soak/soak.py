"""One soak: missions are opened, people act at random under faults, and carry it to its end."""

import asyncio
import logging
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from bot.clock import real_monotonic
from tests.soak import truth
from tests.soak.field import Errors, Field

#: Nobody is offered more missions than a wave of nurses near the patient.
WAVE = 6
#: After the faults, until everything owed is sent: the group takes twenty a minute.
LONGEST_CALM = timedelta(hours=24)
CALM_STEP = 300.0
LOOKED_AT = 20  # notices of some time ago, put into words again
#: When everybody does what is to be done: so many rounds, in the later ones the operators end what is left.
MOST_ROUNDS, PATIENT_ROUNDS = 60, 20


@dataclass
class Plan:
    """How much of everything."""

    missions: int = 200
    rounds: int = 40  # of acting; the missions are opened in the first third
    deaths: int = 20
    seed: int = 1

    @property
    def most_acts(self) -> int:
        """In one round: many missions give many people something to do."""
        return 24 + self.missions // 4


@dataclass
class Report:
    """What came of it."""

    plan: Plan
    figures: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    late: set[str] = field(default_factory=set)
    duration: float = 0.0
    simulated: timedelta = timedelta()

    def line(self, database: str) -> str:
        """What is written down of a soak."""
        figures = self.figures
        faults = sum(count for name, count in figures.items() if name.startswith("fault: "))
        return (
            f"soak on {database}: {figures['missions']} missions, {figures['in flight then']} at once;"
            f" {figures['taps']} taps, {figures['messages sent']} messages, {faults} faults,"
            f" {figures['deaths']} deaths, {figures['doubles']} doubles;"
            f" in the end {figures['  closed']} closed, {figures['owned'] + figures['with a timer']} owned,"
            f" {figures['cards']} cards, {len(self.wrong) + len(self.errors)} wrong;"
            f" {self.duration:.0f} s for {self.simulated.total_seconds() / 3600:.1f} h, seed {self.plan.seed}"
        )

    def table(self) -> str:
        """For people."""
        lines = [f"{name:<34}{count:>10}" for name, count in self.figures.items()]
        lines += [
            f"{'duration':<34}{self.duration:>8.0f} s",
            f"{'time of the field':<34}{self.simulated.total_seconds() / 3600:>8.1f} h",
            f"{'seed':<34}{self.plan.seed:>10}",
        ]
        return "\n".join(lines + [f"WRONG: {sentence}" for sentence in self.wrong + self.errors])


async def soak(world: Field, plan: Plan) -> Report:
    """Act, calm down, look."""
    report, errors = Report(plan), Errors()
    logging.getLogger("bot").addHandler(errors)
    logging.getLogger("storage").addHandler(errors)
    begun, at = real_monotonic(), world.clock.now()
    try:
        await _act(world, plan, report)
        world.calm()
        await world.let_pass(CALM_STEP)
        report.wrong = await truth.in_the_midst(world)
        await _carry_to_the_end(world, plan, report)
        await calm_down(world)
        found = await truth.in_the_end(world)
    finally:
        logging.getLogger("bot").removeHandler(errors)
        logging.getLogger("storage").removeHandler(errors)
    report.wrong += found.wrong + sorted(report.late)
    report.errors = errors.said
    report.duration = real_monotonic() - begun
    report.simulated = world.clock.now() - at
    states = await truth.missions_by_state(world)
    faults = {f"fault: {kind}": count for kind, count in sorted(world.telegram.faults.met.items())}
    report.figures.update(
        {
            "missions": states.total(),
            **{f"  {state}": count for state, count in sorted(states.items())},
            **{f"people's {what}": count for what, count in sorted(world.acted.items())},
            "decisions (journal)": world.rows("SELECT count(*) FROM journal")[0][0],
            "messages sent": len(world.telegram.world.sent),
            "deaths": world.deaths.count,
            "sends in flight at deaths": world.deaths.unrecorded,
            **faults,
            **found.figures,
        }
    )
    return report


async def _act(world: Field, plan: Plan, report: Report) -> None:
    dice = random.Random(plan.seed)
    everybody = list(world.people.values())
    nurses = [name for name in world.people if name.startswith("Idel")]
    operators = ["Léa", "Hugo", "Inès"]
    opened = 0
    for number in range(plan.rounds):
        done = number / plan.rounds
        # All are open by the first third: then they are in flight together.
        while opened < plan.missions * min(1.0, done * 3 + 0.05):
            await world.mission(asked_by=dice.choice(operators), offered_to=dice.sample(nurses, WAVE))
            opened += 1
        for _ in range(dice.randrange(1, plan.most_acts)):
            world.acts(dice.choice(everybody), dice)
        world.carries_on(dice, share=0.1)
        await world.let_pass(dice.choice((1, 3, 10, 30, 60, 120)))
        await _trouble(world, plan, dice, done)
        late = dice.sample(world.spoken, min(LOOKED_AT, len(world.spoken)))
        report.late |= set(await truth.words_come_late(world, late))
    report.figures["rounds"] = plan.rounds
    report.figures["in flight then"] = len(await world.open_missions())


async def _carry_to_the_end(world: Field, plan: Plan, report: Report) -> None:
    """Everybody does what is to be done, until every mission is closed."""
    dice, rounds = random.Random(plan.seed), 0
    while rounds < MOST_ROUNDS and await world.open_missions():
        world.carries_on(dice, ends=rounds >= PATIENT_ROUNDS)
        await world.let_pass(dice.choice((30, 60, 120)))
        rounds += 1
    report.figures["rounds to the end"] = rounds


async def _trouble(world: Field, plan: Plan, dice: random.Random, done: float) -> None:
    """Turn faults on or off, cut the line for a while, kill the process."""
    faults, kind = world.telegram.faults, dice.random()
    if kind < 0.10:
        world.trouble(dice.randrange(10**6))
    elif kind < 0.14:
        faults.at_random(None)
    elif kind < 0.16:
        now = world.clock.now()
        faults.outage(now, now + timedelta(seconds=dice.choice((5, 40, 200))))
        faults.met["outage"] += 1
    elif kind < 0.18:
        world.telegram.mishaps.undo()
    if world.deaths.count < plan.deaths * done:
        for _ in range(8):
            world.acts(dice.choice(list(world.people.values())), dice)
        await world.dies(dice)


async def calm_down(world: Field) -> None:
    """Faults are lifted, and time runs until nothing is owed."""
    world.calm()
    end = world.clock.now() + LONGEST_CALM
    await world.let_pass(CALM_STEP)
    while world.clock.now() < end:
        await asyncio.sleep(0)
        async with world.storage.transaction() as tx:
            if not await tx.outbox.waiting() and not await tx.inbox.waiting():
                return
        await world.let_pass(CALM_STEP)
