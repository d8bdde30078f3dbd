"""The pages of the menu tell the truth: after a decision, after a while, and about the right person."""

from dataclasses import replace

from bot.domain import undo
from bot.domain.mission import CascadeState, SearchState
from bot.domain.people import Role
from bot.sandbox.acts import View
from tests.stories.story import Story, Teller, plain
from tests.stories.test_control import opens, somebody
from tests.stories.test_waves import NEIGHBOURS, neighbours

LIST = "quel(le) IDEL ?"


def labels(view: View) -> list[str]:
    """The words on its buttons."""
    return [plain(label) for row in view.buttons for label in row]


def listed(teller: Teller) -> list[str]:
    """Who stands on the page of nurses, in order."""
    turning = ("Retour", "◀ Avant", "Suite ▶")
    return [label for label in labels(teller.newest(LIST)) if label not in turning]


async def leaves(story: Story, name: str) -> None:
    """Is to be asked no more."""
    person = await somebody(story, name)
    async with story.storage.transaction() as tx:
        await tx.people.save(replace(person, active=False))


# After a decision


async def test_after_a_pause_the_page_offers_to_go_on(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 1 h")
    await opens(lea, "Médecin…", "Pause 30 min")

    assert "Reprendre" in labels(lea.newest("· le médecin"))
    assert "Pause 30 min" not in labels(lea.newest("· le médecin"))

    await opens(lea, "Médecin…", "Reprendre")

    assert "Pause 30 min" in labels(lea.newest("· le médecin"))
    assert (await story.mission_now(mission.id)).cascade.state is CascadeState.RUNNING


async def test_after_widening_the_page_offers_what_is_left(story: Story) -> None:
    lea = story.person("Léa")
    await neighbours(story)
    mission = await story.mission(in_waves=True)
    assert (await story.mission_now(mission.id)).search.next_wave_at is not None
    while (await story.mission_now(mission.id)).search.next_wave_at is not None:
        await opens(lea, "IDEL…", "Élargir")
        shown = "Élargir" in " ".join(labels(lea.newest("· l'IDEL")))
        assert shown == ((await story.mission_now(mission.id)).search.next_wave_at is not None)


async def test_what_osnp_note_for_a_nurse_is_on_the_page_at_once(story: Story) -> None:
    lea = story.person("Léa")
    await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 20 min")
    await opens(lea, "IDEL…", "Sur place")

    assert "Visite terminée" in labels(lea.newest("l'IDEL : Amina B."))
    assert "Sur place" not in labels(lea.newest("l'IDEL : Amina B."))


# A page of the past


async def test_whoever_taps_on_a_page_of_the_past_is_told_and_sees_the_present(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await opens(lea, "IDEL…", "Attribuer, réponse", "⏳ Bruno F.")
    await amina.taps("ACCEPTER · 20 min")

    await lea.taps("20 min")

    lea.is_told_at_once("déjà prise")
    assert "Sur place" in labels(lea.newest("l'IDEL : Amina B."))
    lea.sees_not("Elle accepte au téléphone")
    assert (await story.mission_now(mission.id)).visit.idel == (await somebody(story, "Amina")).id


async def test_a_list_nobody_can_be_chosen_from_any_more_leads_to_what_there_is_to_do(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await story.mission(offered_to=["Amina", "Bruno"])
    await opens(lea, "IDEL…", "Attribuer, réponse")
    await amina.taps("ACCEPTER · 20 min")

    await lea.taps("Bruno F.")

    assert "Relancer la recherche" in " ".join(labels(lea.newest("l'IDEL : Amina B.")))


async def test_of_two_who_take_the_same_decision_back_the_second_sees_what_is_left(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    mission = await story.mission(offered_to=["Amina"])
    await lea.types(f"/note {mission.number} Sonnette en panne")
    await opens(lea, "Défaire…")
    page = hugo.newest("défaire : note")
    stamp = undo.stamp_of((await story.mission_now(mission.id)).decisions[-1])
    await lea.taps("Oui, défaire")

    await hugo.taps_old(page, f"zu:{mission.id}:0:{stamp}")

    hugo.is_told_at_once("rien à défaire")
    hugo.sees(f"SMT {mission.number} · rien à défaire")


# The right person


async def test_the_next_page_begins_where_the_last_one_ended_though_somebody_left(story: Story) -> None:
    lea = story.person("Léa")
    await neighbours(story)
    mission = await story.mission(offered_to=["Amina"])
    await opens(lea, "IDEL…", "Attribuer, réponse", "Suite ▶")
    second = listed(lea)
    await lea.taps("◀ Avant")
    first = listed(lea)
    await leaves(story, next(name for name in NEIGHBOURS if any(name in label for label in first)))

    await lea.taps("Suite ▶")

    assert listed(lea) == second
    await lea.taps(second[0])
    await lea.taps("20 min")
    taken = await story.mission_now(mission.id)
    assert taken.search.state is SearchState.TAKEN
    nurse = next(p for p in await story.registered(Role.IDEL) if p.id == taken.visit.idel)
    assert nurse.short_name in second[0]


async def test_many_of_one_name_are_one_page_that_asks_for_more(story: Story) -> None:
    lea = story.person("Léa")
    await neighbours(story)  # all of them MARTIN
    mission = await story.mission(offered_to=["Amina"])

    await lea.types(f"/attribuer {mission.number} martin")

    lea.sees("Les plus proches ; pour les autres, ajoutez le prénom.")
    assert len(listed(lea)) == 6
    assert "Suite ▶" not in labels(lea.newest(LIST))
