"""The button «nouvelle mission d'exemple»: an operator opens one, as a person would."""

import itertools
from collections.abc import Callable

from bot.sandbox.player import Player

#: Invented patients; the numbers are reserved for fiction.
EXAMPLES = (
    """Mme KELLER Odile, née le 03/02/1932
12 rue des Tanneurs, 68200 Mulhouse
2e étage, code 4B71, la fille ouvre
Tél patiente 03 53 01 00 12
Appelant : Anne Keller (fille) 06 39 98 00 99
Motif : chute hier, ne marche plus
MT Dr Jean Weber 06 39 98 00 24
Demandé par : SAMURL68, médecin généraliste""",
    """M. SCHNEIDER Robert, 81 ans
5 rue du Moulin, 68110 Illzach
Tél 03 53 01 00 34
Appelant : M. Muller (voisin) 06 39 98 00 35
Motif : fièvre depuis deux jours
MT Dr Jean Weber 06 39 98 00 24
Demandé par : Dr Paul Roth, médecin régulateur""",
    """Mme BAUER Yvette née le 17/08/1947
3 rue des Vignes, 68130 Altkirch
rez-de-chaussée, la porte est ouverte
Tél 03 53 01 00 56
Motif : douleur au dos, ne se lève plus
Demandé par : SAMURL68, médecin généraliste""",
)

_turns = itertools.cycle(EXAMPLES)


async def open_mission(
    player: Player, text: str | None = None, operator: str = "Léa", *, told: Callable[[str], str] = str
) -> None:
    """`/mission`, one paste, and the taps up to the déclenchement."""
    await player.types(operator, "/mission")
    await player.types(operator, told(text or next(_turns)))
    # Played again, or by hand before: the bot asks whether it is the same patient.
    if await player.finds(operator, "Les 5 critères sont remplis", "Continuer quand même") == 1:
        await player.taps(operator, "Continuer quand même")
    await player.taps(operator, "Les 5 critères sont remplis")
    await player.taps(operator, "Aucune exclusion")
    await player.taps(operator, "Oui")
    await player.taps(operator, "DÉCLENCHER")
    await player.sees(operator, "déclenchée à")
