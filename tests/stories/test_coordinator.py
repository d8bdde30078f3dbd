"""The coordinateur changes delays and days while the bot runs; everybody works with it at once."""

from datetime import timedelta

from bot.domain.people import CascadeStep
from bot.present import PresentRegion
from tests.stories.story import Story
from tests.stories.test_opening import PASTE


async def test_a_delay_changed_by_a_tap_counts_for_the_next_mission_and_not_for_those_under_way(
    story: Story,
) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    before = await story.mission(offered_to=["Amina"])

    await nadia.types("/delais")
    nadia.sees("délais", "Réponse d'un(e) IDEL : 30 min", "Effecteurs : 15 min")
    await nadia.taps("Réponse IDEL")
    await nadia.taps("25 min")

    nadia.is_told_at_once(": 25 min (avant : 30 min)", "Vaut pour les prochaines missions")
    nadia.sees("Réponse d'un(e) IDEL : 25 min (fichier : 30 min)")
    lea.sees("Réponse d'un(e) IDEL : 25 min (avant : 30 min)", "Nadia W. · missions en cours inchangées")
    after = await story.mission(offered_to=["Bruno"])
    assert after.rules.answer == timedelta(minutes=25)
    assert (await story.mission_now(before.id)).rules.answer == timedelta(minutes=30)


async def test_the_usual_idel_the_waves_and_the_fallback_have_delays_of_their_own(story: Story) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    before = await story.mission(offered_to=["Amina"])
    await nadia.types("/delais habituelle 5 min")
    nadia.sees("IDEL habituelle seule : 5 min (avant : 10 min)", "Vaut pour les prochaines missions")
    await nadia.types("/delais relance 20 min")
    lea.sees("Relance des autres, ensuite : 20 min (avant : 15 min)", "missions en cours inchangées")
    await nadia.types("/delais vague 4 min")
    nadia.sees("D'une vague d'IDEL à la suivante : 4 min", "Vaut aussi pour les missions en cours")

    await nadia.types("/delais")
    await nadia.taps("Vague, au plus")
    nadia.sees("IDEL par vague, au plus : 60")
    await nadia.taps("40")
    nadia.is_told_at_once("IDEL par vague, au plus : 40 (avant : 60)")
    await nadia.taps("Vague, au moins")
    await nadia.types("41")
    nadia.sees("Refusé : 1 IDEL au moins par vague, et le moins ne dépasse pas le plus")
    await nadia.types("12 IDEL")
    nadia.sees("IDEL par vague, au moins : 12 (avant : 8)")

    region = story.bot.given.region
    assert region.usual_idel_minutes == 5
    assert (region.search.smallest, region.search.largest) == (12, 40)
    assert region.search.every == timedelta(minutes=4)
    assert region.fallback.again == timedelta(minutes=20)
    assert (await story.mission_now(before.id)).rules.usual_idel == timedelta(minutes=10)


async def test_the_words_follow_too_also_those_that_were_used_before(story: Story) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    await lea.types(PASTE)
    lea.sees("Ne peut pas attendre plus de 6 h")
    await nadia.types("/delais limite 8 h")
    await lea.taps("Un doute : ligne par ligne")
    await lea.taps("Oui")
    await lea.taps("Oui")
    lea.sees("Ne peut pas attendre plus de 8 h")


async def test_a_limit_of_half_hours_is_said_whole_before_the_mission_begins(story: Story) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    await nadia.types("/delais limite 4 h 30")
    await lea.types(PASTE)
    await lea.taps("Les 5 critères sont remplis")
    await lea.taps("Aucune exclusion")
    await lea.taps("Oui")
    lea.sees("30 min pour une réponse, 4 h 30 pour être sur place")


async def test_a_value_is_typed_in_private_after_the_delay_was_chosen(story: Story) -> None:
    nadia = story.person("Nadia")
    await nadia.types("/delais effecteurs")
    nadia.sees("Effecteurs : 15 min")
    await nadia.types("22 min")

    nadia.sees("Effecteurs : 22 min (avant : 15 min)")
    assert story.bot.given.region.rule(CascadeStep.EFFECTEUR_SAS).delay == timedelta(minutes=22)
    assert await kinds(story) == ["coordinator.changed"]


async def test_what_is_no_length_is_told_so_and_a_request_is_one_all_the_same(story: Story) -> None:
    nadia = story.person("Nadia")
    await nadia.types("/delais rappels")
    await nadia.types("dix minutes")
    nadia.sees("« dix minutes » n'est pas une durée, écrivez 25 min ou 1 h 30")
    await nadia.types("Mme KELLER ne peut pas attendre plus de dix minutes, 12 rue des Tanneurs")
    nadia.sees_not("« Mme KELLER")

    await nadia.types("/delais rappels")
    await nadia.types("2 et 5")
    nadia.sees("Rappels au régulateur : 2 min, 5 min (avant : 3 min, 6 min)")


async def test_closed_or_opened_today_rings_in_the_group_and_hours_that_are_over_are_said(
    story: Story,
) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    await nadia.types("/fermer aujourd'hui")
    lea.rang("Fermé mardi 06/10/2026")
    await nadia.types("/ouvrir aujourd'hui 8h-9h")
    nadia.sees("Ouvert mardi 06/10/2026, 08:00–09:00", "Le service est fermé dès maintenant")
    await nadia.types("/ouvrir aujourd'hui 8h-18h")
    nadia.sees("08:00–18:00. Retour en arrière")

    lea.looks_away()
    await nadia.types("/fermer demain")
    assert not [v.text for v in lea.new() if v.from_bot and not v.silent and "Fermé mercredi" in v.text]


async def test_what_stands_is_shown_beside_what_the_file_has(story: Story) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    await nadia.types("/delais effecteurs 20 min")
    await nadia.types("/changements")
    nadia.sees("1. Effecteurs : 20 min (fichier : 15 min) · Nadia W.", "Changer : /delais")
    lea.looks_away()
    await lea.types("/changements")
    shown = [v.text for v in lea.new() if v.from_bot and "1. Effecteurs" in v.text]
    assert shown
    assert "Changer" not in shown[-1]


async def test_a_command_written_with_its_accents_is_the_same_command(story: Story) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    await nadia.types("/délais pause 5 min")
    nadia.sees("Pause de la recherche médecin : 5 min (avant : 10 min)")
    await nadia.types("/Délais pause 8 min", to=story.group.id)
    lea.sees("Pause de la recherche médecin : 8 min (avant : 5 min)")
    await nadia.types("/été 5 min")
    nadia.sees_not("(avant : 8 min)")


async def test_what_is_typed_much_later_is_no_delay(story: Story) -> None:
    nadia = story.person("Nadia")
    await nadia.types("/delais effecteurs")
    await story.wait(minutes=11)
    await nadia.types("22 min")

    nadia.sees_not("Effecteurs : 22 min")
    assert await kinds(story) == []


async def test_by_one_command_in_the_group_the_line_there_is_the_answer(story: Story) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    lea.looks_away()
    await nadia.types("/delais pause 5 min", to=story.group.id)

    assert [v.text for v in lea.new() if not v.service and v.from_bot] == [
        "⏱ Pause de la recherche médecin : 5 min (avant : 10 min)\nNadia W. · missions en cours inchangées"
    ]
    await nadia.taps("Annuler")
    lea.sees("Annulé : Pause de la recherche médecin : 5 min", "Nadia W.")
    assert story.bot.given.region.delays.pause == timedelta(minutes=10)


async def test_asked_in_the_topic_of_a_mission_it_is_answered_and_changed_there(story: Story) -> None:
    nadia = story.person("Nadia")
    mission = await story.mission(offered_to=["Amina"])
    topic = nadia.sees(f"SMT {mission.number}", "un IDEL doit accepter").thread
    assert topic is not None
    await nadia.types("/delais", to=story.group.id, thread=topic)
    assert nadia.sees("Réponse d'un(e) IDEL : 30 min").thread == topic
    await nadia.taps("Réponse IDEL")
    await nadia.taps("40 min")
    assert nadia.sees("Réponse d'un(e) IDEL : 40 min (fichier : 30 min)").thread == topic
    assert nadia.sees("Nadia W. · missions en cours inchangées").thread is None


async def test_what_would_contradict_itself_is_refused_in_french(story: Story) -> None:
    nadia = story.person("Nadia")
    for typed, reason in (
        ("/delais réponse 7 h", "doit venir avant la limite d'arrivée"),
        ("/delais réponse 15 min", "l'alerte doit venir avant la fin du délai de réponse"),
        ("/delais effacement au plus tard 48 h", "Telegram n'efface rien après 48 h"),
        ("/delais pause 3 oranges", "« 3 oranges » n'est pas une durée"),
        ("/delais café 3 min", "Quel délai ?"),
        ("/delais pause 10 min", "C'est déjà ainsi"),
        ("/fermer bientôt", "Jour non compris. Écrivez par exemple /fermer 24/12"),
        ("/fermer 01/10/2026", "Jeudi 01/10/2026 est passé"),
        ("/fermer 1/10", "Jeudi 01/10/2026 est passé. Pour l'an prochain, écrivez l'année"),
        ("/fermer 24/12/2066", "dans plus d'un an"),
        ("/fermer dimanche", "C'est déjà ainsi : Fermé dimanche 11/10/2026"),
        ("/fermer 24/12 à partir de 14h", "Pour n'ouvrir qu'une partie du jour : /ouvrir"),
        ("/fermer 24/12 14h-20h", "Pour n'ouvrir qu'une partie du jour : /ouvrir"),
        ("/ouvrir 26/12 8h", "heures non comprises, écrivez 8h-12h"),
        ("/ouvrir 26/12 matin", "heures non comprises, écrivez 8h-12h"),
        ("/delais réponse dix minutes", "« dix minutes » n'est pas une durée"),
        ("/delais réponse -5", "« -5 » n'est pas une durée"),
        ("/delais réponse 2,5", "« 2,5 » n'est pas une durée"),
        ("/ouvrir 26/12 12h-8h", "la fermeture doit venir après l'ouverture"),
    ):
        await nadia.types(typed)
        nadia.sees(reason)
    assert await kinds(story) == []
    assert story.bot.given.region == story.bot.given.present.file


async def test_nobody_else_changes_anything_by_command_or_by_a_button_of_the_group(story: Story) -> None:
    lea, amina, nadia = story.person("Léa"), story.person("Amina"), story.person("Nadia")
    await lea.types("/delais pause 5 min")
    lea.sees("Réservé au coordinateur")
    await lea.types("/fermer 24/12", to=story.group.id)
    await amina.types("/delais")
    amina.sees("Réservé au coordinateur")
    await nadia.types("/delais", to=story.group.id)
    await lea.taps("Pause")
    lea.is_told_at_once("Ce bouton n'est pas pour vous")
    await lea.types("/changements")
    lea.sees("aucun changement en vigueur")
    lea.sees_no_button("Annuler 1")
    assert await kinds(story) == []


async def test_a_day_closed_by_a_tap_refuses_new_missions_and_names_those_it_touches(story: Story) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await nadia.types("/fermer")
    await nadia.taps("mar. 06/10")

    nadia.is_told_at_once("Fermé mardi 06/10/2026", f"En cours ce jour-là : SMT {mission.number}")
    lea.sees("Fermé mardi 06/10/2026", f"Nadia W. · en cours ce jour-là : SMT {mission.number}")
    nadia.sees("Déjà fermé : mardi 06/10/2026")
    await lea.types("/mission")
    lea.sees("fermeture exceptionnelle")

    await nadia.types("/changements")
    nadia.sees("1 changement en vigueur", "1. Fermé mardi 06/10/2026 · Nadia W., 06/10/2026")
    await nadia.taps("Annuler 1")
    nadia.sees("aucun changement en vigueur")
    assert not story.bot.given.region.closed_days
    assert await kinds(story) == ["coordinator.changed", "coordinator.revoked"]


async def test_closed_today_the_missions_under_way_go_on_and_somebody_answers_for_them(story: Story) -> None:
    nadia, lea, amina, claire = (story.person(name) for name in ("Nadia", "Léa", "Amina", "Claire"))
    mission = await story.mission(offered_to=["Amina"])
    assert mission.limit < (mission.closes_at or mission.limit), "nobody would be asked for the night"

    await nadia.types("/fermer aujourd'hui")

    lea.rang("qui répond après 09:23 ?")
    await amina.taps("ACCEPTER · 20 min")
    claire.sees("téléconsultation avec IDEL")
    after = await story.mission_now(mission.id)
    assert after.open_until == mission.closes_at

    await nadia.types("/changements")
    await nadia.taps("Annuler 1")
    again = await story.mission_now(mission.id)
    assert (again.closes_at, again.open_until) == (mission.closes_at, None)
    await story.wait(minutes=20)
    assert "coordinator.hours_followed" in await story.journal(mission.id)


async def test_closed_sooner_today_the_owner_of_the_night_is_asked_before(story: Story) -> None:
    nadia, lea = story.person("Nadia"), story.person("Léa")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await nadia.types("/ouvrir aujourd'hui 8h-12h")
    lea.sees_not("qui répond après")
    assert story.local((await story.mission_now(mission.id)).closes_at or mission.limit) == "12:00"
    await story.person("Amina").taps("ACCEPTER · 20 min")
    await story.wait(hours=2, minutes=10)
    lea.rang("qui répond après 12:00 ?")


async def test_a_sunday_is_opened_with_the_usual_hours_or_with_others(story: Story) -> None:
    nadia = story.person("Nadia")
    await nadia.types("/ouvrir")
    await nadia.taps("dim. 11/10")
    nadia.sees("Ouvrir dimanche 11/10/2026 : quelles heures ?")
    await nadia.taps("08:00–12:00")
    nadia.is_told_at_once("Ouvert dimanche 11/10/2026, 08:00–12:00")

    await nadia.types("/ouvrir 11/10 9h-12h et 14h-18h")
    nadia.sees("Ouvert dimanche 11/10/2026, 09:00–12:00 14:00–18:00", "Nadia W.")
    nadia.sees("Remplacé : Ouvert dimanche 11/10/2026, 08:00–12:00")
    assert len(story.bot.given.region.open_days) == 2
    await nadia.types("/changements")
    nadia.sees("1 changement en vigueur")


async def test_what_another_needs_is_taken_back_after_it(story: Story) -> None:
    nadia = story.person("Nadia")
    await nadia.types("/delais limite 8 h")
    await nadia.types("/delais réponse 7 h")
    await nadia.types("/delais limite 6 h")
    nadia.sees("Refusé : annulez d'abord « Réponse d'un(e) IDEL : 7 h »")
    await nadia.types("/changements")
    await nadia.taps("Annuler 1")
    nadia.is_told_at_once("annulez d'abord « Réponse d'un(e) IDEL : 7 h »")
    await nadia.taps("Annuler 2")
    await nadia.taps("Annuler 1")
    assert story.bot.given.region == story.bot.given.present.file


async def test_the_value_of_the_file_again_leaves_nothing_standing(story: Story) -> None:
    nadia = story.person("Nadia")
    await nadia.types("/delais pause 5 min")
    await nadia.types("/delais pause")
    await nadia.taps("Comme le fichier : 10 min")
    nadia.is_told_at_once("10 min (avant : 5 min)")
    await nadia.types("/changements")
    nadia.sees("aucun changement en vigueur")
    assert story.bot.given.region.delays.pause == timedelta(minutes=10)


async def test_a_tap_on_what_stands_no_more_says_so(story: Story) -> None:
    nadia = story.person("Nadia")
    await nadia.types("/delais pause 5 min")
    card = nadia.sees("Pause de la recherche médecin : 5 min", "Nadia W.")
    data = card.button("Annuler")
    assert data is not None
    await nadia.taps("Annuler")
    await nadia.taps_old(card, "nx:0:0:1")
    nadia.is_told_at_once("C'est déjà annulé ou remplacé")


async def test_a_restart_and_another_process_follow_what_was_changed(story: Story) -> None:
    await story.person("Nadia").types("/delais pause 5 min")
    other = PresentRegion(story.bot.given.present.file)
    assert other.region.delays.pause == timedelta(minutes=10)
    assert await other.look(story.storage)
    assert other.region.delays.pause == timedelta(minutes=5)
    assert not await other.look(story.storage), "nothing was changed since"

    await story.the_bot_restarts()
    assert story.bot.given.region.delays.pause == timedelta(minutes=5)
    await story.person("Nadia").taps("Annuler")
    assert await other.look(story.storage)
    assert other.region == other.file


async def kinds(story: Story) -> list[str]:
    """What the journal says of the coordinateur, by Nadia."""
    async with story.storage.transaction() as tx:
        now = story.clock.now()
        lines = await tx.journal.between(now - timedelta(days=2), now + timedelta(days=1))
        nadia = next(p for p in await tx.people.all() if p.first_name == "Nadia")
    found = [line for line in lines if line.kind.startswith("coordinator.")]
    assert all(line.actor == str(nadia.party) for line in found)
    return [line.kind for line in found if line.mission is None]
