"""A mission goes on when the service has closed: nobody is rung in vain, and OSNP know what to do."""

from bot.domain.mission import DoctorOfferState, Mission, StepState
from bot.domain.people import CascadeStep
from tests.stories.story import Story, plain


async def in_the_evening(story: Story, *, hour: float = 9.5) -> Mission:
    """Opened at 18:53 and taken by Amina; the service closes at 20:00."""
    await story.wait(hours=hour)
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 1 h")
    await story.person("Léa").taps("Patient prévenu")
    return mission


async def given_back(story: Story) -> None:
    await story.person("Amina").taps("Je ne peux plus y aller")
    await story.person("Amina").taps("Véhicule")


async def test_a_mission_given_back_in_the_evening_tells_osnp_whom_to_phone(story: Story) -> None:
    lea, bruno = story.person("Léa"), story.person("Bruno")
    mission = await in_the_evening(story)
    await story.wait(minutes=75)
    bruno.looks_away()

    await given_back(story)

    bruno.sees_nothing_new()
    lea.sees("Personne n'est sollicité(e) : qui appeler, plus bas. Visite avant 00:53")
    call = plain(
        lea.sees("service fermé, aucun(e) IDEL ne sonne", "Léa : appeler", "noter ici qui y va").text
    )
    assert "Bruno" in call
    assert "+33 6 39 98 00 12" in call
    assert "Amina" not in call  # she has just given it back
    lea.sees("Léa : un nom et un numéro dès maintenant")

    await lea.types("/attribuer 1 Bruno")
    await lea.taps("Oui · 40 min")
    assert (await story.mission_now(mission.id)).visit.idel is not None
    bruno.sees("SMT 1 est à vous")


async def test_while_the_service_is_open_the_search_is_said_to_go_on(story: Story) -> None:
    lea = story.person("Léa")
    await in_the_evening(story, hour=1)
    await given_back(story)
    lea.sees("Recherche relancée auprès des autres")
    lea.sees_not("service fermé")


async def test_doctors_asked_before_the_service_closed_may_still_accept_and_are_asked_again(
    story: Story,
) -> None:
    lea, claire, marc = (story.person(name) for name in ("Léa", "Claire", "Marc"))
    mission = await in_the_evening(story, hour=10 + 20 / 60)  # 19:43
    await marc.taps("REFUSER")
    await story.wait(minutes=20)  # silence, and the service has closed
    claire.sees_button("J'accepte")

    # Her offer is not lost when OSNP come back to the step
    await lea.taps("Revenir")
    lea.is_told_at_once("étape précédente redemandée")
    step = (await story.mission_now(mission.id)).cascade.steps[1]
    assert step.step is CascadeStep.EFFECTEUR_SAS
    assert step.state is StepState.ASKED
    assert DoctorOfferState.ASKED in {offer.state for offer in step.offers}

    await claire.taps("J'accepte")
    claire.is_told_at_once("est à vous")


async def test_another_nurse_after_closing_has_the_doctors_of_the_mission_asked_again(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await in_the_evening(story, hour=10 + 25 / 60)  # 19:48, effecteurs until 20:03
    await story.wait(minutes=13)
    await given_back(story)
    claire.sees("l'IDEL ne peut plus venir")

    await lea.types("/attribuer 1 Bruno")
    await lea.taps("Oui · 40 min")

    claire.sees_button("J'accepte")
    step = (await story.mission_now(mission.id)).cascade.steps[1]
    assert (step.step, step.state) == (CascadeStep.EFFECTEUR_SAS, StepState.ASKED)


async def test_a_step_nobody_of_which_was_asked_is_skipped_and_osnp_know_that_they_may_phone(
    story: Story,
) -> None:
    lea = story.person("Léa")
    await story.wait(hours=10, minutes=20)
    await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · + tard")
    await story.wait(minutes=20)  # 20:03
    await story.person("Amina").taps("2 h")
    story.person("Claire").sees_not("téléconsultation")
    lea.sees("⏭ 2 Effecteurs · service fermé")

    for _ in range(2):
        await lea.taps("Étape suivante")

    lea.sees("liste épuisée", "Effecteurs : service fermé, pas demandés. Au téléphone : Autre…, « Médecin… »")
    await lea.taps("Autre…")
    await lea.taps("Médecin…")
