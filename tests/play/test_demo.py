"""The play of `make demo`, with the bot's process killed at many moments: it finishes all the same.

Telegram, the clock and the people live on; they wait for what should come. A line may come twice, never
zero times.
"""

import asyncio
import random

from bot.background import Background
from bot.sandbox import demo, example, play
from bot.sandbox.play import Sandbox

#: Kills of the random round; their pauses in real seconds.
RANDOM_KILLS = 12
PAUSES = (0.2, 1.6)


async def test_the_bot_is_killed_at_every_labelled_moment_and_the_mission_ends() -> None:
    killed: list[str] = []
    async with play.opened(quiet_bot=True) as sandbox:
        background = Background()
        player = sandbox.player()

        async def kill(label: str) -> None:
            killed.append(label)
            await sandbox.kill_bot()
            background.start(sandbox.start_bot(), f"restart {label}")

        player.at = kill
        await demo.whole_mission(player)
        await background.stop()
    assert len(killed) >= 10


async def test_the_bot_is_killed_at_random_and_the_mission_ends() -> None:
    seed = random.randrange(10_000)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    async with play.opened(quiet_bot=True) as sandbox:
        background = Background()
        killer = background.start(_kill_at_random(sandbox, random.Random(seed)), "killer")
        player = sandbox.player()
        await demo.whole_mission(player)
        await killer
        await player.sees(demo.OPERATOR, "close")
        await background.stop()


async def _kill_at_random(sandbox: Sandbox, dice: random.Random) -> None:
    for _ in range(RANDOM_KILLS):
        await asyncio.sleep(dice.uniform(*PAUSES))
        await sandbox.kill_bot()
        await sandbox.start_bot()


async def test_the_example_may_be_asked_for_again_with_a_patient_of_today() -> None:
    async with play.opened(quiet_bot=True) as sandbox:
        player = sandbox.player()
        await example.open_mission(player, example.EXAMPLES[0])
        await example.open_mission(player, example.EXAMPLES[0])
        await player.sees("Léa", "SMT 2", "déclenchée à")
