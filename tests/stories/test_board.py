"""The pinned board, and the personal link to its page."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from bot.domain.mission import CallReason, SearchState
from bot.domain.outcome import TimerKind
from bot.domain.people import MissionId
from storage.vault import Vault
from tests.stories.story import PATIENT, Story, Teller, plain

ADDRESS = "https://smt.example"


@pytest.fixture
async def served(database_url: str, vault: Vault, tmp_path: Path) -> AsyncIterator[Story]:
    """A bot with a public address."""
    told = Story(database_url, vault, tmp_path)
    told.settings = msgspec.structs.replace(told.settings, public_url=ADDRESS)
    await told.begin()
    yield told
    await told.end()


def board(who: Teller) -> list[str]:
    """The pinned message, line by line."""
    (pinned,) = [view for view in who.messages() if view.pinned]
    return plain(pinned.text).splitlines()


async def test_the_board_says_who_must_do_what_before_which_hour(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    assert board(lea) == [
        "📋 1 mission en cours",
        f"{mission.number} 🔎 Mulhouse · IDEL recherché(e) · limite 15:23",
        "↳ IDEL : accepter avant 09:53 · OSNP Léa",
    ]

    await story.person("Amina").taps("ACCEPTER · 40 min")
    _, first, second = board(lea)
    assert (
        first == f"{mission.number} 🚗 Mulhouse · IDEL attendu(e) 10:03 · médecin recherché(e) · limite 15:23"
    )
    assert second.startswith("↳ Médecins : répondre avant ")
    assert second.endswith("· 📌 patient à prévenir · OSNP Léa")

    await lea.taps("Patient prévenu")
    assert "patient à prévenir" not in board(lea)[2]


async def test_a_doctor_to_phone_is_for_now(story: Story) -> None:
    lea = story.person("Léa")
    await story.mission(offered_to=["Amina"], medecin_traitant="Jean")
    await story.person("Amina").taps("ACCEPTER · 40 min")
    await lea.taps("Patient prévenu")
    assert board(lea)[2] == "↳ Léa : appeler le médecin maintenant"


async def test_what_stands_still_until_somebody_decides_comes_first(story: Story) -> None:
    lea = story.person("Léa")
    first = await story.mission(offered_to=["Amina"])
    await story.wait(minutes=31)
    second = await story.mission(offered_to=["Bruno"])

    lines = board(lea)
    assert lines[0] == "📋 2 missions en cours · 🔴 1 à régler"
    assert lines[1].startswith(f"{first.number} 🔴 Mulhouse · aucun IDEL")
    assert lines[2].startswith("↳ Dr Roth : orientation à donner avant 15:23")
    assert lines[3].startswith(f"{second.number} 🔎")


async def test_a_nurse_whom_only_osnp_reach_is_followed_by_them_without_alarm(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    await story.person("Claire").taps("J'accepte 10:20")
    async with story.storage.transaction() as tx:
        taken = await tx.missions.lock(mission.id)
        assert taken is not None
        await tx.missions.save(taken.with_(visit=replace(taken.visit, by_phone=True)))
    await lea.taps("Patient prévenu")

    assert board(lea) == [
        "📋 1 mission en cours",
        f"{mission.number} 🚗 Mulhouse · IDEL attendu(e) 10:03 · visio 10:20 · limite 15:23",
        "↳ Léa : suivre Amina B. par tél., sur place à 10:03",
    ]


async def test_nobody_does_anything_and_the_board_says_that_20_10_and_5_minutes_are_left(
    story: Story,
) -> None:
    lea = story.person("Léa")
    await story.mission(offered_to=["Amina"])
    assert board(lea)[2] == "↳ IDEL : accepter avant 09:53 · OSNP Léa"
    await story.wait(minutes=10, seconds=1)
    assert board(lea)[2] == "↳ IDEL : accepter avant 09:53 (moins de 20 min) · OSNP Léa"
    await story.wait(minutes=10)
    assert board(lea)[2] == "↳ IDEL : accepter avant 09:53 (moins de 10 min) · OSNP Léa"
    await story.wait(minutes=5)
    assert board(lea)[2] == "↳ 🟠 IDEL : accepter avant 09:53 (moins de 5 min) · OSNP Léa"


async def test_an_hour_that_has_passed_is_marked_also_after_a_restart(story: Story) -> None:
    lea = story.person("Léa")
    await story.mission(offered_to=["Amina"])
    await story.wait(minutes=31)
    assert board(lea)[2] == "↳ Dr Roth : orientation à donner avant 15:23 · OSNP Léa"
    await story.the_bot_restarts()
    await story.wait(hours=5, minutes=26)
    assert board(lea)[2].startswith("↳ 🟠 Dr Roth : orientation à donner avant 15:23 (moins de 5 min)")
    await story.wait(minutes=5)
    assert board(lea)[2].startswith("↳ 🟠 Dr Roth : orientation à donner avant 15:23 (dépassé)")


async def test_the_hours_redraw_nothing_but_the_board_and_end_with_the_missions(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await story.wait(minutes=9)
    before = len(list(story.telegram.calls))
    await story.wait(minutes=1, seconds=1)
    assert [call.method for call in list(story.telegram.calls)[before:]] == ["editMessageText"]
    await lea.types(f"/annuler {mission.number}", to=story.group.id)
    await lea.taps("Doublon")
    assert board(lea) == ["📋 Aucune mission en cours"]
    async with story.storage.transaction() as tx:
        assert TimerKind.BOARD_HOURS not in {timer.kind for timer in await tx.timers.of_mission(MissionId(0))}


async def test_with_a_stranger_in_the_group_the_board_has_numbers_only(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    story.telegram.join(story.telegram.add_user(9001, "Jules", "Petit"), story.group)
    await story.settle()
    assert board(lea)[1] == f"{mission.number} 🔎 IDEL recherché(e) · limite 15:23"


async def test_of_many_missions_the_most_pressing_fit_and_the_page_has_the_others(story: Story) -> None:
    lea = story.person("Léa")
    waiting = await story.mission(offered_to=["Amina"])
    async with story.storage.transaction() as tx:
        for number in range(500, 533):
            long = waiting.with_(number=number, commune="68134", patient_calls=(CallReason.ACCEPTED,))
            await tx.missions.add(long, PATIENT)
        pressing = replace(waiting.search, state=SearchState.UNANSWERED)
        await tx.missions.add(waiting.with_(number=999, search=pressing), PATIENT)
    story.telegram.join(story.telegram.add_user(9001, "Jules", "Petit"), story.group)  # it is drawn anew
    await story.settle()
    await lea.taps("Peut rester")

    lines = board(lea)
    assert lines[0] == "📋 35 missions en cours · 🔴 1 à régler"
    assert lines[1].startswith("999 🔴")
    shown = sum(line.startswith("↳") for line in lines)
    assert 20 <= shown < 30
    assert lines[-1] == f"et {35 - shown} autres : /tableau"
    assert len("\n".join(lines)) <= 4096


@pytest.mark.parametrize("name", ["Léa", "Paul", "Nadia"])
async def test_whoever_acts_in_the_group_gets_a_personal_link(served: Story, name: str) -> None:
    person = served.person(name)
    await person.types("/tableau")
    view = person.sees("Tableau des missions, en direct", "Lien personnel jusqu'au 06/10/2026 à 21:23")
    assert view.protected
    ((button,),) = view.details
    assert button["text"] == "Ouvrir le tableau"
    assert button["url"].startswith(f"{ADDRESS}/tableau/")
    assert len(button["url"].rpartition("/")[2]) == 43


async def test_asked_for_in_the_group_the_link_comes_in_private(served: Story) -> None:
    lea, hugo = served.person("Léa"), served.person("Hugo")
    await lea.types("/tableau", to=served.group.id)
    assert "Lien du tableau envoyé dans votre discussion" in lea.newest("Lien du tableau").text
    hugo.sees("Lien du tableau envoyé")
    assert not hugo.has_button("Ouvrir le tableau")
    lea.sees_button("Ouvrir le tableau")


async def test_the_board_is_not_for_nurses_and_doctors(served: Story) -> None:
    for name in ("Amina", "Claire"):
        person = served.person(name)
        await person.types("/tableau")
        person.sees("Le tableau est pour l'OSNP, le régulateur et le coordinateur.")
        person.sees_no_button("Ouvrir le tableau")


async def test_without_an_address_the_answer_says_what_is_missing(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types("/tableau")
    lea.sees("l'adresse publique du bot (SMT_PUBLIC_URL) n'est pas réglée")
    lea.sees_no_button("Ouvrir le tableau")
