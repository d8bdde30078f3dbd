"""A mission that runs past closing has somebody to call in the night."""

from bot.domain.mission import Mission
from tests.stories.story import Story


async def in_the_evening(story: Story) -> Mission:
    """18:30: the service closes at 20:00, the limit is 00:30."""
    await story.wait(hours=9, minutes=7)
    return await story.mission(offered_to=["Amina"])


async def test_half_an_hour_before_closing_osnp_are_asked_for_a_name_and_a_number(story: Story) -> None:
    lea, amina, claire = (story.person(name) for name in ("Léa", "Amina", "Claire"))
    mission = await in_the_evening(story)
    await amina.taps("ACCEPTER · 1 h")
    await claire.taps("J'accepte")

    await story.wait(hours=1, minutes=2)
    lea.sees(f"🌙 SMT {mission.number} · qui répond après 20:00 ?", "Léa : un nom et un numéro avant 20:00")
    lea.rang("qui répond après 20:00")
    await lea.taps("Nom et numéro")
    await lea.types("pas de numéro")
    lea.sees("Il faut un nom et un seul numéro")
    await lea.types("Dr Zahra Ott 06 39 98 00 77")

    lea.sees("nuit : Dr Zahra Ott", "(noté par Léa M.)", "+33 6 39 98 00 77")
    amina.sees("après 20:00, appelez Dr Zahra Ott", "+33 6 39 98 00 77")
    claire.sees("après 20:00, appelez Dr Zahra Ott")
    amina.sees("jusqu'à 20:00, puis Dr Zahra Ott")
    owner = (await story.mission_now(mission.id)).night_owner
    assert owner is not None
    assert owner.phone == "+33639980077"

    await story.wait(minutes=40)
    await amina.taps("Sur place")
    amina.sees("Nuit : Dr Zahra Ott +33 6 39 98 00 77")


async def test_the_regulateur_by_one_tap(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await in_the_evening(story)
    await amina.taps("ACCEPTER · 1 h")
    await story.wait(hours=1, minutes=2)

    await lea.taps("Dr Roth")

    amina.sees("après 20:00, appelez Dr Paul ROTH", "+33 6 39 98 00 04")
    assert (await story.mission_now(mission.id)).night_owner is not None


async def test_asked_again_until_closing_then_no_more(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await in_the_evening(story)
    await amina.taps("ACCEPTER · 1 h")
    lea.looks_away()

    await story.wait(hours=3)

    asked = [view for view in lea.new() if view.text.startswith("🌙")]
    assert len(asked) == 3
    assert "toujours personne pour la nuit" in asked[-1].text
    assert (await story.mission_now(mission.id)).night_owner_asked


async def test_a_mission_that_ends_before_closing_is_not_asked_about(story: Story) -> None:
    lea = story.person("Léa")
    await story.mission(offered_to=["Amina"])
    lea.looks_away()

    await story.wait(hours=11)

    assert not any("🌙" in view.text and "qui répond" in view.text for view in lea.new())
