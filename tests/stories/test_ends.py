"""Every exit of a mission: confirmed once, told to everybody who held it or was asked."""

from bot.buttons import Press, Verb
from bot.domain.mission import EndReason, Mission, MissionState
from tests.stories.story import Story


async def on_its_way(story: Story, *, doctor: bool = True) -> Mission:
    """Amina has accepted and is on her way; Dr Morel has the video."""
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.person("Amina").taps("ACCEPTER · 20 min")
    if doctor:
        await story.person("Claire").taps("J'accepte")
    return mission


async def test_a_cancellation_asks_why_and_everybody_is_told(story: Story) -> None:
    lea, paul, amina, claire = (story.person(name) for name in ("Léa", "Paul", "Amina", "Claire"))
    mission = await on_its_way(story)
    await lea.taps("Patient prévenu")

    await lea.taps("Autre…")
    await lea.taps("Annuler la mission")
    lea.sees(f"Annuler SMT {mission.number} ?", "Motif")
    await lea.taps("Régulateur")

    lea.is_told_at_once("annulée", "Tout le monde est prévenu")
    for teller in (amina, claire):
        teller.sees(f"⛔ SMT {mission.number} · annulée à 09:")
        teller.rang("annulée à 09:")
    amina.sees("Vous n'avez plus à y aller", "27 € : à arbitrer (terminée avant l'arrivée)")
    claire.sees("La visio n'a plus lieu")
    paul.sees(f"⛔ SMT {mission.number} · annulée (décision du régulateur) à 09:", "(Léa M.)")
    lea.sees("annulée (décision du régulateur)", "Léa : prévenir le patient")
    now = await story.mission_now(mission.id)
    assert now.state is MissionState.CLOSED
    assert now.end is not None
    assert now.end.reason is EndReason.CANCELLED
    await lea.taps("Patient prévenu")
    assert "billing.idel" in await story.journal(mission.id)


async def test_no_keeps_the_mission(story: Story) -> None:
    lea = story.person("Léa")
    mission = await on_its_way(story)

    await lea.taps("Autre…")
    await lea.taps("Annuler la mission")
    await lea.taps("Non")

    lea.sees("rien n'est changé")
    lea.sees_no_button("Doublon")
    assert (await story.mission_now(mission.id)).state is MissionState.OPEN


async def test_offers_are_shut_when_nobody_had_it_yet(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await lea.taps("Autre…")
    await lea.taps("Annuler la mission")
    await lea.taps("Doublon")

    amina.sees(f"🔒 SMT {mission.number} · annulée à 09:")
    amina.sees_no_button("ACCEPTER · 20 min")
    now = await story.mission_now(mission.id)
    assert now.patient_calls == ()
    amina.looks_away()
    lea.looks_away()
    await story.wait(minutes=35)
    amina.sees_nothing_new()
    assert not any("sans IDEL" in view.text for view in lea.new())


async def test_doctors_who_were_asked_see_their_offer_shut(story: Story) -> None:
    lea, claire = story.person("Léa"), story.person("Claire")
    mission = await on_its_way(story, doctor=False)
    claire.sees_button("REFUSER")

    await lea.taps("Autre…")
    await lea.taps("Autre effecteur")
    await lea.taps("Oui, un autre y va")

    claire.sees_no_button("REFUSER")
    claire.looks_away()
    await story.wait(hours=1)
    assert not any("téléconsultation avec IDEL" in view.text for view in claire.new())
    assert (await story.mission_now(mission.id)).cascade.state == "ended"


async def test_the_nurse_finds_nobody_at_home(story: Story) -> None:
    lea, amina, claire = (story.person(name) for name in ("Léa", "Amina", "Claire"))
    mission = await on_its_way(story)

    await amina.taps("Un problème ?")
    await amina.taps("Porte close")
    amina.sees("porte close, patient absent ?")
    await amina.taps("Oui, porte close")

    amina.sees(f"⛔ SMT {mission.number} · patient absent à", "Indemnité 27 € : due")
    claire.sees("patient absent à", "La visio n'a plus lieu")
    lea.sees("patient absent à", "(Amina B.)", "Léa : prévenir le patient")
    now = await story.mission_now(mission.id)
    assert now.state is MissionState.CLOSED
    assert now.visit.arrived_at is not None


async def test_a_technical_failure_leaves_both_with_the_phones(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await on_its_way(story)
    await amina.taps("Sur place")

    await amina.taps("Un problème ?")
    await amina.taps("Échec technique")
    await amina.taps("Réseau")

    claire.sees("arrêt technique à", "Réseau", "Pour finir par téléphone : Amina BENALI", "+33 6 39 98 00 11")
    amina.sees("3 questions", "Arrêt technique (réseau)")
    await amina.taps("Téléconsultation non faite")
    amina.sees("Téléconsultation : n'a pas eu lieu", "Le patient ?")
    await amina.taps("Reste à domicile")
    amina.sees("Ni TLD ni TLS", "Indemnité 27 € : due")
    now = await story.mission_now(mission.id)
    assert now.state is MissionState.CLOSED
    assert now.end is not None
    assert now.end.detail == "network"


async def test_the_patient_worsens_and_everybody_knows_at_once(story: Story) -> None:
    lea, paul, amina, claire = (story.person(name) for name in ("Léa", "Paul", "Amina", "Claire"))
    mission = await on_its_way(story)
    await amina.taps("Sur place")

    await amina.taps("Un problème ?")
    await amina.taps("Aggravation → 15")

    amina.is_told_at_once("Appelez le 15 maintenant : 15")
    amina.rang("appelez le 15 maintenant")
    first = amina.sees(f"🔴 SMT {mission.number} · appelez le 15 maintenant")
    assert "Tanneurs" not in first.text
    amina.sees("Dites au 15", "12 rue des Tanneurs, 68200 Mulhouse")
    assert amina.newest("Dites au 15").protected
    for teller in (lea, paul, claire):
        teller.sees("aggravation")
        teller.rang("aggravation")
    claire.sees("aggravation, le 15 est appelé", "Amina BENALI")
    told = [view for view in story.telegram.visible(paul.user, paul.user) if "aggravation à" in view.text]
    assert len(told) == 1  # in private too, with a sound
    assert not told[0].silent
    assert (await story.mission_now(mission.id)).state is MissionState.OPEN

    await lea.taps("Le 15 a pris le relais")

    amina.sees("3 questions", "Le 15 a pris le relais")
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSING


async def test_osnp_declare_it_too_and_the_nurse_is_told_what_to_say(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await on_its_way(story, doctor=False)
    await lea.taps("Autre…")
    await lea.taps("Aggravation → 15")

    lea.is_told_at_once("Le 15 doit être appelé")
    amina.sees("appelez le 15 maintenant")
    amina.sees("12 rue des Tanneurs")


async def test_a_button_of_a_mission_that_is_over_says_so(story: Story) -> None:
    lea, hugo, amina = story.person("Léa"), story.person("Hugo"), story.person("Amina")
    mission = await on_its_way(story)
    await lea.taps("Autre…")
    card = hugo.newest("que se passe-t-il")
    await lea.taps("Annuler la mission")
    await lea.taps("Patient refuse")

    data = Press(Verb.END, mission.id, arg=EndReason.ABSENT.value).pack()
    hugo._last_tap = story.telegram.tap_data(hugo.user, card.chat, card.id, data)
    await story.settle()

    hugo.is_told_at_once("déjà terminée")
    amina.sees("annulée à")


async def test_a_nurse_may_not_cancel(story: Story) -> None:
    amina = story.person("Amina")
    mission = await on_its_way(story)
    await amina.taps("Un problème ?")
    menu = amina.newest("que se passe-t-il")

    data = Press(Verb.END_CONFIRM, mission.id, arg="cancelled.other").pack()
    amina._last_tap = story.telegram.tap_data(amina.user, menu.chat, menu.id, data)
    await story.settle()

    amina.is_told_at_once("pas à vous")
    assert (await story.mission_now(mission.id)).state is MissionState.OPEN


async def test_whoever_ends_it_the_nurse_is_free_again(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await on_its_way(story)
    await lea.taps("Autre…")
    await lea.taps("Autre effecteur")
    await lea.taps("Oui, un autre y va")

    await story.mission(offered_to=["Amina"], commune="68278")
    await amina.taps("ACCEPTER · 40 min")

    amina.is_told_at_once("est à vous")
