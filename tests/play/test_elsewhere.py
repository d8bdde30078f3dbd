"""The sandbox in another region file: the same people play an example mission in its communes."""

from bot.cli import elsewhere_of
from bot.region import SHIPPED
from bot.sandbox import example, play


async def test_an_example_mission_is_played_in_another_region() -> None:
    elsewhere = elsewhere_of(SHIPPED.parent / "exemple23.toml")
    async with play.opened(quiet_bot=True, elsewhere=elsewhere) as sandbox:
        player = sandbox.player()
        for text in reversed(example.EXAMPLES):
            await example.open_mission(player, text, told=elsewhere.told)
        await player.sees("Amina", "Femme, 94 ans · Bourg-Exemple", "Malaise", "35 € d'indemnité")
        await player.taps("Amina", "ACCEPTER · 15 min")
        await player.sees("Amina", "12 rue des Tanneurs, 23990 Bourg-Exemple")

    assert sandbox.cast.group is not None
    assert sandbox.cast.group.title == "SAS Exemple · SMT"
    assert "SOS médecin 68" not in sandbox.cast.houses
