"""Two taps that mean one thing: a thumb that trembles, two people at once, a card that lags behind."""

from bot.domain.mission import CascadeState, Mission, MissionState, StepState
from bot.domain.people import CascadeStep
from tests.stories.story import Story, plain
from tests.stories.test_closing import with_a_doctor


async def with_a_nurse(story: Story) -> Mission:
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    return mission


async def gives_it_back(story: Story) -> None:
    await story.person("Amina").taps("Je ne peux plus y aller")
    await story.person("Amina").taps("Véhicule")


async def test_two_operators_who_tap_next_step_go_one_step(story: Story) -> None:
    lea, hugo = story.person("Léa"), story.person("Hugo")
    mission = await with_a_nurse(story)
    card = next(view for view in lea._newest_first() if view.button("Étape suivante"))
    button = next(
        button
        for row in story.telegram.world.chats[card.chat].messages[card.id].inline_keyboard
        for button in row
        if button["text"] == "Étape suivante"
    )
    await lea.taps("Étape suivante")
    lea.is_told_at_once("étape suivante")

    await hugo.taps_old(card, button["callback_data"])

    hugo.is_told_at_once("C'est déjà fait.")
    found = (await story.mission_now(mission.id)).cascade
    assert found.step is not None
    assert found.step.step is CascadeStep.SOS_MEDECIN
    assert (await story.journal(mission.id)).count("cascade.advanced") == 1


async def test_both_sides_put_the_video_off_and_it_is_put_off_once(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await with_a_doctor(story)
    await amina.taps("Créer la visio")
    before = (await story.mission_now(mission.id)).cascade.video_at
    assert before is not None
    await story.wait(minutes=2)
    await amina.taps("Ça ne marche pas")

    await amina.taps("Décaler 15 min")
    await claire.taps("Décaler 15 min")

    after = (await story.mission_now(mission.id)).cascade.video_at
    assert after is not None
    assert (after - before).total_seconds() == 15 * 60
    claire.is_told_at_once(story.local(after))
    # A while later it is another wish.
    await story.wait(minutes=2)
    await claire.taps("Décaler 15 min")
    later = (await story.mission_now(mission.id)).cascade.video_at
    assert later is not None
    assert later > after


async def test_both_sides_ask_for_a_new_link_and_meet_in_the_same_room(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await with_a_doctor(story)
    await amina.taps("Créer la visio")
    await story.wait(minutes=2)
    await amina.taps("Ça ne marche pas")

    trouble = claire.newest("SMT 1 · ")
    await amina.taps("Nouveau lien")
    await claire.taps_old(trouble, f"xn:{mission.id}:0:")

    room = (await story.mission_now(mission.id)).visio
    assert room is not None
    assert room.number == 2
    assert (await story.journal(mission.id)).count("visio.created") == 2


async def test_an_alarm_tapped_twice_rings_everybody_once(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    mission = await with_a_doctor(story)
    for _ in range(2):
        await amina.taps("Un problème ?")
        await amina.taps("Aggravation")
    assert (await story.journal(mission.id)).count("mission.worsened") == 1
    alarms = [v for v in lea.messages() if "aggravation" in plain(v.text).lower() and not v.silent]
    assert len(alarms) == 1, [v.text for v in alarms]


async def test_osnp_asked_twice_for_her_hour_are_asked_once(story: Story) -> None:
    amina = story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · + tard")
    question = amina.newest("sur place dans combien de temps")
    await amina.taps("À voir avec l'OSNP")
    await amina.taps_old(question, f"vo:{mission.id}:0:")
    amina.is_told_at_once("l'OSNP vous appelle")
    assert (await story.journal(mission.id)).count("visit.no_hour") == 1


# Without a nurse no doctor is asked, and none is forgotten


async def test_while_there_is_no_nurse_a_refusal_opens_no_other_step(story: Story) -> None:
    claire, marc, bruno = story.person("Claire"), story.person("Marc"), story.person("Bruno")
    mission = await with_a_nurse(story)
    await claire.taps("REFUSER")
    offer = marc.newest("téléconsultation avec IDEL")
    await gives_it_back(story)

    await marc.taps_old(offer, f"cr:{mission.id}:0:")

    marc.is_told_at_once("refus noté")
    now = (await story.mission_now(mission.id)).cascade
    assert now.suspended
    assert [step.state for step in now.steps].count(StepState.ASKED) == 1
    # Another nurse has an hour: those who refused are not asked again, the next step is.
    claire.looks_away()
    marc.looks_away()
    await bruno.taps("ACCEPTER · 40 min")
    now = (await story.mission_now(mission.id)).cascade
    assert now.step is not None
    assert now.step.step is CascadeStep.SOS_MEDECIN
    claire.sees_nothing_new()
    marc.sees_nothing_new()


async def test_a_doctor_kept_for_another_nurse_is_told_when_the_regulateur_decides_otherwise(
    story: Story,
) -> None:
    claire, paul = story.person("Claire"), story.person("Paul")
    mission = await with_a_nurse(story)
    await claire.taps("J'accepte 10:20")
    await gives_it_back(story)
    await story.wait(minutes=31)
    claire.looks_away()

    await paul.taps("Ambulance urgences")

    assert any("⛔ SMT 1" in plain(view.text) and not view.silent for view in claire.new())
    now = await story.mission_now(mission.id)
    assert now.state is MissionState.CLOSED
    assert now.cascade.state is CascadeState.FOUND
    assert not now.cascade.suspended


async def test_a_doctor_reached_by_telephone_is_phoned_when_it_is_over(story: Story) -> None:
    lea, paul = story.person("Léa"), story.person("Paul")
    await story.mission(offered_to=["Amina"], medecin_traitant="Jean")
    await story.person("Amina").taps("ACCEPTER · 40 min")
    await lea.taps("Accepte")
    await lea.taps("10:20")
    await gives_it_back(story)
    await story.wait(minutes=31)
    lea.looks_away()

    await paul.taps("Ambulance urgences")

    call = next(view for view in lea.new() if "appeler Dr Jean WEBER" in plain(view.text))
    assert "la visio n'aura pas lieu" in plain(call.text)
    assert not call.silent


async def test_a_step_whose_only_doctor_withdrew_waits_for_nobody(story: Story) -> None:
    lea, claire, marc = story.person("Léa"), story.person("Claire"), story.person("Marc")
    mission = await with_a_nurse(story)
    for doctor in (claire, marc):
        await doctor.taps("J'accepte 10:20")
        await doctor.taps("Me retirer")
        await doctor.taps("Oui, je me retire")
    now = (await story.mission_now(mission.id)).cascade
    assert now.step is not None
    assert now.step.step is CascadeStep.SOS_MEDECIN

    await lea.taps("Revenir")

    lea.is_told_at_once("pas d'étape à redemander")
    now = (await story.mission_now(mission.id)).cascade
    assert now.step is not None
    assert now.step.step is CascadeStep.SOS_MEDECIN
    assert now.step.open_offers
