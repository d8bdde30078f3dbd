"""Who may be asked, as people say it and live it."""

from bot.domain.people import Person, Role
from tests.stories.story import Story

OFFER = "visite + téléconsultation"


async def named(story: Story, first_name: str, role: Role = Role.IDEL) -> Person:
    """How somebody is stored now."""
    return next(p for p in await story.registered(role) if p.first_name == first_name)


async def journal(story: Story) -> list[tuple[str, str | None]]:
    """What was said of availability, and by whom."""
    async with story.storage.transaction() as tx:
        now = story.clock.now()
        lines = await tx.journal.between(now.replace(year=2026, month=1, day=1), now.replace(year=2028))
    return [(line.kind, line.actor) for line in lines if line.kind.startswith("availability.")]


async def test_a_pause_is_one_tap_and_ends_without_a_sound(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    await amina.types("/dispo")
    amina.sees("✅ Vous êtes disponible", "Heures : celles du service", "Missions : une à la fois")
    amina.sees_no_button("Disponible")

    await amina.taps("Pause 2 h")
    amina.is_told_at_once("En pause, retour 06/10/2026 à 11:23")
    amina.sees("⏸ Vous êtes en pause jusqu'à 11:23", "À la fin rien ne sonne")
    amina.sees_not("✅ Vous êtes disponible")  # the same card

    amina.looks_away()
    await story.mission()
    bruno.sees(OFFER)
    await story.wait(hours=2)
    amina.sees_nothing_new()

    await story.mission()
    amina.rang(OFFER)
    assert await journal(story) == [("availability.pause", f"p{(await named(story, 'Amina')).id}")]


async def test_until_tomorrow_is_until_the_morning(story: Story) -> None:
    amina = story.person("Amina")
    await amina.types("/dispo")
    await amina.taps("Jusqu'à demain")
    amina.sees("⏸ Vous êtes en pause jusqu'au mercredi 07/10, 07:00", "à partir du mercredi 07/10, 08:00")

    amina.looks_away()
    await story.wait(hours=10)
    await story.mission()
    amina.sees_nothing_new()
    await story.wait(hours=13)
    await story.mission()
    amina.sees(OFFER)


async def test_back_early_is_one_tap_too(story: Story) -> None:
    amina = story.person("Amina")
    await amina.types("/dispo")
    await amina.taps("Jusqu'à demain")
    await amina.taps("Disponible")
    amina.is_told_at_once("Disponible.")
    amina.sees("✅ Vous êtes disponible")
    await story.mission()
    amina.sees(OFFER)


async def test_a_leave_is_a_date_by_a_button_or_typed(story: Story) -> None:
    amina = story.person("Amina")
    await amina.types("/dispo")
    await amina.taps("Congés jusqu'au…")
    amina.sees("Votre retour, quel jour ?", "07:00")
    await amina.taps("mar. 13/10")
    amina.sees("en pause jusqu'au mardi 13/10, 07:00")

    await amina.taps("Congés jusqu'au…")
    await amina.types("32/12")
    amina.sees("Date non comprise")
    await amina.types("3/1")
    amina.sees("en pause jusqu'au dimanche 03/01/2027, 07:00", "à partir du lundi 04/01/2027, 08:00")

    amina.looks_away()
    await story.wait(days=70)
    await story.mission()
    amina.sees_nothing_new()
    await story.wait(days=20)
    amina.looks_away()
    await story.mission()
    assert amina.new()


async def test_outside_her_hours_of_the_week_a_nurse_is_left_alone(story: Story) -> None:
    amina = story.person("Amina")
    await amina.types("/dispo")
    await amina.taps("Heures de la semaine")
    amina.sees("celles du service, tous les jours")
    await amina.taps("✓ ven.")
    await amina.taps("14 h–18 h")
    amina.is_told_at_once("Heures notées")
    amina.sees("lun. mar. mer. jeu. : 14:00–18:00", "ven. sam. dim. : jamais")
    await amina.taps("Retour")
    amina.sees("🕒 Hors de vos heures : rien avant 14:00")

    amina.looks_away()
    await story.mission()
    amina.sees_nothing_new()
    await story.wait(hours=5)
    await story.mission()
    amina.sees(OFFER)


async def test_hours_may_be_typed_as_they_are_said(story: Story) -> None:
    amina = story.person("Amina")
    await amina.types("/dispo")
    await amina.taps("Heures de la semaine")
    await amina.types("tous les matins")
    amina.sees("Heures non comprises")
    await amina.types("8h-12h 14h-18h30")
    amina.sees("lun. mar. mer. jeu. ven. : 08:00–12:00, 14:00–18:30")
    spans = [(h.begins.hour, h.ends.hour, h.ends.minute) for h in (await named(story, "Amina")).weekly[:2]]
    assert spans == [(8, 12, 0), (14, 18, 30)]

    await amina.taps("Tout le temps")
    assert (await named(story, "Amina")).weekly == ()


async def test_while_the_service_is_closed_it_rings_only_for_who_wants_it(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    await amina.types("/dispo")
    amina.sees("Quand le service est fermé : rien ne sonne")
    await amina.taps("Même service fermé : non")
    amina.sees("Quand le service est fermé : peut sonner")
    await story.wait(hours=12)
    await bruno.types("/dispo")
    bruno.sees("🌙 Service fermé : rien ne sonne avant mercredi 07/10, 08:00")

    bruno.looks_away()
    await story.mission()
    amina.sees(OFFER)
    bruno.sees_nothing_new()


async def test_one_mission_at_a_time_unless_she_says_several(story: Story) -> None:
    amina = story.person("Amina")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    amina.looks_away()
    second = await story.mission()
    assert not [v for v in amina.new() if OFFER in v.text]

    await amina.types("/dispo")
    await amina.taps("Une à la fois: oui")
    amina.sees("Missions : plusieurs à la fois")
    amina.looks_away()
    third = await story.mission()
    assert [v for v in amina.new() if f"SMT {third.number}" in v.text]
    amina.sees_not(f"SMT {second.number} · visite")


async def test_a_pause_taken_with_a_mission_leaves_the_mission(story: Story) -> None:
    amina = story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await amina.types("/dispo")
    await amina.taps("Pause 2 h")
    amina.sees("en pause jusqu'à", f"SMT {mission.number} reste à vous")
    await amina.taps("Sur place")
    amina.is_told_at_once(f"SMT {mission.number}")


async def test_an_offer_that_came_before_the_pause_can_still_be_accepted(story: Story) -> None:
    amina = story.person("Amina")
    await story.mission(offered_to=["Amina", "Bruno"])
    await amina.types("/dispo")
    await amina.taps("Pause 2 h")
    amina.sees("Les propositions déjà reçues restent valables")
    await amina.taps("ACCEPTER · 20 min")
    amina.is_told_at_once("est à vous")


async def test_a_doctor_is_available_for_half_an_hour_or_away(story: Story) -> None:
    claire = story.person("Claire")
    await claire.types("/dispo")
    await claire.taps("Disponible 30 min")
    claire.is_told_at_once("Disponible jusqu'à 09:53")
    claire.sees("✅ Vous êtes disponible jusqu'à 09:53")
    until = (await named(story, "Claire", Role.DOCTOR)).available_until
    assert until is not None
    assert story.local(until) == "09:53"

    await claire.taps("Pause 2 h")
    claire.sees("⏸ Vous êtes en pause jusqu'à 11:23")
    assert (await named(story, "Claire", Role.DOCTOR)).available_until is None
    await claire.taps("Congés jusqu'au…")
    await claire.types("24/12")
    claire.sees("en pause jusqu'au jeudi 24/12, 07:00")


async def test_a_doctor_who_is_away_is_not_asked_and_the_others_are(story: Story) -> None:
    amina, claire, marc = story.person("Amina"), story.person("Claire"), story.person("Marc")
    await claire.types("/dispo")
    await claire.taps("Jusqu'à demain")
    claire.looks_away()
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    marc.rang("téléconsultation avec IDEL")
    claire.sees_nothing_new()


async def test_what_a_nurse_types_without_a_mission_is_understood_when_it_is_all_she_types(
    story: Story,
) -> None:
    amina = story.person("Amina")
    await amina.types("En pause 3h.")
    amina.sees("⏸ Vous êtes en pause jusqu'à 12:23")
    await amina.types("congés jusqu'au 24/12")
    amina.sees("en pause jusqu'au jeudi 24/12, 07:00")
    await amina.types("Dispo !")
    amina.sees("✅ Vous êtes disponible")
    await amina.types("pause 2h puis je passe à la pharmacie")
    assert (await named(story, "Amina")).paused_until is None


async def test_what_is_not_understood_of_an_absence_is_said_not_to_be_noted(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    for said in ("congés du 12/10 au 18/10", "Congés jusqu'au 31/02", "mercredi 25h-30h", "absente lundi"):
        await amina.types(said)
        assert amina.new()[-1].text.startswith("Rien n'est noté. Écrivez « pause 3h »"), said
    assert (await named(story, "Amina")).paused_until is None
    await claire.types("pause")
    claire.sees("⏸ Vous êtes en pause jusqu'à 11:")
    await claire.types("dispo")
    claire.sees("✅ Vous êtes disponible")


async def test_hours_are_typed_for_other_days_after_a_tap_has_set_some(story: Story) -> None:
    amina = story.person("Amina")
    await amina.types("/dispo")
    await amina.taps("Heures de la semaine")
    await amina.taps("8 h–12 h")
    for day in ("lun.", "mar.", "jeu.", "ven."):
        await amina.taps(day)
    await amina.types("25h-30h")
    amina.sees("Heures non comprises.")
    await amina.types("9h-11h")
    amina.sees("mer. : 09:00–11:00")


async def test_leave_typed_during_a_mission_is_no_blood_pressure(story: Story) -> None:
    amina = story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await amina.types("congés jusqu'au 24/12")
    amina.sees("en pause jusqu'au jeudi 24/12, 07:00", f"SMT {mission.number} reste à vous")
    amina.sees_not("À écrire ici aussi")
    amina.sees_not("240/120")
    await amina.types("vacances du 24/12")
    amina.sees("Rien n'est noté.")
    amina.sees_not("240/120")


async def test_what_a_nurse_types_with_a_mission_is_for_the_mission(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    await claire.taps("J'accepte 10:20")
    await amina.types("en pause 2h")
    claire.sees("en pause 2h")
    assert (await named(story, "Amina")).paused_until is None


async def test_osnp_see_and_say_it_for_somebody_who_is_told(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await lea.types("/dispo benali")
    lea.sees("✅ Disponible", "Amina BENALI")
    await lea.taps("Jusqu'à demain")
    lea.sees("⏸ En pause jusqu'au mercredi 07/10, 07:00", "Amina BENALI")
    amina.sees("⏸ Vous êtes en pause jusqu'au mercredi 07/10, 07:00", "Noté par Léa (OSNP)")
    assert (await journal(story))[-1] == ("availability.tomorrow", "p1")

    await lea.types("/dispo", to=story.group.id)
    lea.sees("Dans votre discussion avec le bot")
    lea.sees("1 en pause ou en congés", "Amina BENALI jusqu'au mercredi 07/10, 07:00")
    await lea.types("/dispo Dupont")
    lea.sees("Aucun(e) IDEL ni médecin au nom « Dupont »")
    await lea.types("/dispo m")
    lea.sees("3 personnes à ce nom")
    await lea.taps("Chloé MEYER")
    lea.sees("✅ Disponible", "Chloé MEYER")


async def test_nobody_says_it_for_somebody_else(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    await bruno.types("/dispo")
    card = bruno.newest("Vous êtes disponible")
    about = (await named(story, "Amina")).id
    for wish in ("w.pause=120", "v.leave", "w.nonsense=1", "w.pause=x"):
        await bruno.taps_old(card, f"av:0:0:{about}.{wish}")
    bruno.is_told_at_once("Vous ne pouvez pas")
    assert (await named(story, "Amina")).paused_until is None
    await bruno.taps_old(card, "av:0:0:999.w.free")
    bruno.is_told_at_once("n'est plus inscrite")
    amina.sees_not("pause")


async def test_the_way_in_is_under_the_greeting(story: Story) -> None:
    amina, lea = story.person("Amina"), story.person("Léa")
    await amina.types("/start")
    await amina.taps("Ma disponibilité")
    amina.sees("✅ Vous êtes disponible")
    await lea.types("/start")
    lea.sees_no_button("Ma disponibilité")


async def test_the_card_waits_for_a_date_for_a_while_only(story: Story) -> None:
    amina = story.person("Amina")
    await amina.types("/dispo")
    await amina.taps("Congés jusqu'au…")
    await story.wait(minutes=20)
    await amina.types("24/12")
    assert (await named(story, "Amina")).paused_until is None
