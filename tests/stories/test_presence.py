"""Who is in the group, who can be reached."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.stories.story import Story


async def test_somebody_unregistered_in_the_group_is_announced_and_sees_numbers_only(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    lea.sees("Femme, 94 ans · Mulhouse")
    visitor = story.telegram.add_user(9001, "Jules", "Petit")

    story.telegram.join(visitor, story.group)
    await story.settle()

    lea.rang("Jules Petit est dans le groupe sans être inscrit(e)")
    lea.sees("un IDEL doit accepter avant", "Patient (détails masqués)")
    lea.sees_not("94 ans")
    await lea.taps("Peut rester")
    lea.sees("Membre accepté")
    lea.sees("Femme, 94 ans · Mulhouse", f"SMT {mission.number}")


async def test_when_the_stranger_leaves_the_cards_show_all_again(story: Story) -> None:
    lea = story.person("Léa")
    await story.mission(offered_to=["Amina"])
    visitor = story.telegram.add_user(9001, "Jules", "Petit")
    story.telegram.join(visitor, story.group)
    await story.settle()
    story.telegram.leave(visitor, story.group)
    await story.settle()
    lea.sees("Jules Petit a quitté le groupe")
    lea.sees("Femme, 94 ans · Mulhouse")


async def test_osnp_learn_that_a_nurse_has_blocked_the_bot_before_the_mission(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    story.telegram.block(amina.user)
    await story.settle()
    lea.rang("Amina BENALI a bloqué le bot")

    await story.mission(offered_to=["Amina", "Bruno"])
    lea.sees("à appeler", "Amina BENALI", "+33 6 39 98 00 11")
    story.telegram.unblock(amina.user)
    await story.settle()
    lea.sees("le bot peut lui écrire à nouveau")


async def test_the_journal_knows_who_was_shown_what(story: Story) -> None:
    mission = await story.mission(offered_to=["Amina"])
    assert "disclosure.shown" not in await story.journal(mission.id)
    await story.person("Amina").taps("ACCEPTER · 20 min")
    async with story.storage.transaction() as tx:
        lines = await tx.journal.of_mission(mission.id)
    nurse = (await story.mission_now(mission.id)).visit.idel
    shown = [line.facts for line in lines if line.kind == "disclosure.shown"]
    assert shown == [{"kind": "visit.identity", "to": f"person:{nurse}"}]


def _into(chat: int) -> Callable[[str, Mapping[str, Any]], bool]:
    """Calls that write into that chat."""
    return lambda method, params: str(params.get("chat_id")) == str(chat)


async def test_the_board_says_by_how_much_the_group_was_late(story: Story) -> None:
    lea = story.person("Léa")
    await story.mission(offered_to=["Amina"])
    lea.sees_not("de retard")

    story.telegram.faults.flood(_into(story.group.id), times=1, retry_after=150)
    await story.person("Amina").taps("ACCEPTER · 20 min")
    lea.sees("mission en cours", "2 min de retard")

    await story.wait(minutes=2)
    lea.sees("mission en cours")
    lea.sees_not("de retard")


async def test_a_nurse_who_lets_the_bot_in_again_gets_what_she_was_owed_meanwhile(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    mission = await story.mission(offered_to=["Amina"])
    story.telegram.block(amina.user)
    await amina.taps("ACCEPTER · 40 min")
    assert (await story.mission_now(mission.id)).visit.idel is not None
    await claire.taps("J'accepte 10:20")
    amina.sees_not("est à vous")
    story.person("Léa").sees("Amina BENALI : injoignable")

    story.telegram.unblock(amina.user)
    await story.settle()

    amina.rang(f"SMT {mission.number} est à vous")
    amina.sees("12 rue des Tanneurs")
    amina.sees("médecin trouvé, visio 10:20")
    amina.sees("Dr Claire MOREL", "+33 6 39 98 00 21")
    amina.sees("vous l'avez acceptée")
    await amina.taps("En route")
    await amina.taps("Sur place")

    amina.looks_away()
    story.telegram.block(amina.user)
    await story.settle()
    story.telegram.unblock(amina.user)
    await story.settle()
    amina.sees_nothing_new()


async def test_a_doctor_who_lets_the_bot_in_again_gets_what_he_was_owed_meanwhile(story: Story) -> None:
    claire = story.person("Claire")
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    story.telegram.block(claire.user)
    await claire.taps("J'accepte 10:20")
    claire.sees_not("c'est à vous")

    story.telegram.unblock(claire.user)
    await story.settle()

    claire.rang(f"SMT {mission.number} · c'est à vous, visio 10:20")
    claire.sees("Odile KELLER", "03/02/1932", "Amina BENALI")
    claire.sees("Facturation")
    claire.sees_button("Me retirer")


async def test_a_nurse_who_was_away_gets_what_the_doctor_sent_the_hour_and_the_link(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    await claire.taps("J'accepte 10:20")
    await claire.types("Avant le block : à jeun")
    amina.sees("à jeun")
    story.telegram.block(amina.user)
    await story.settle()

    await claire.types("Prenez une glycémie")
    claire.sees("pas remis")
    await claire.taps("Acte infirmier")
    await claire.taps("Aujourd'hui")
    await claire.taps("Changer l'heure")
    await claire.taps("10:35")
    await claire.taps("Conclusion")
    await claire.taps("Reste à domicile")
    amina.looks_away()
    amina.sees_not("glycémie")
    story.telegram.unblock(amina.user)
    await story.settle()

    amina.rang("Prenez une glycémie")
    amina.rang("10:35")
    amina.sees("Reste à domicile")
    amina.rang("acte")
    assert sum("à jeun" in view.text for view in amina.messages()) == 1
    await amina.taps("OK 10:35")
    claire.sees("visio 10:35")


async def test_who_was_away_gets_the_link_of_the_video_that_was_made_meanwhile(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 40 min")
    await claire.taps("J'accepte 10:20")
    await amina.taps("Sur place")
    story.telegram.block(claire.user)
    await story.settle()
    await amina.types("TA 13/8 FC 96 SpO2 93 T 38,4")
    await amina.taps("Créer la visio")
    claire.sees_no_button("ENTRER EN VISIO")

    story.telegram.unblock(claire.user)
    await story.settle()

    claire.rang("constantes de 09:23")
    claire.rang("visio 10:20")
    claire.sees_button("ENTRER EN VISIO")
    amina.sees("Lien reçu par le médecin")

    for teller in (amina, claire):
        teller.looks_away()
        story.telegram.block(teller.user)
        await story.settle()
        story.telegram.unblock(teller.user)
        await story.settle()
        teller.sees_nothing_new()


async def test_offers_that_met_a_block_come_while_they_can_be_answered(story: Story) -> None:
    amina, bruno, claire = story.person("Amina"), story.person("Bruno"), story.person("Claire")
    for teller in (amina, bruno, claire):
        story.telegram.world.users[teller.user.id].blocked = True  # and Telegram has not said so yet
    mission = await story.mission(offered_to=["Amina", "Bruno", "Chloé"])
    story.telegram.unblock(amina.user)
    await story.settle()
    amina.rang("visite + téléconsultation")
    await amina.taps("ACCEPTER · 40 min")
    amina.is_told_at_once("est à vous")

    story.telegram.unblock(bruno.user)
    await story.settle()
    bruno.sees_not(f"SMT {mission.number}")

    story.telegram.unblock(claire.user)
    await story.settle()
    await claire.taps("J'accepte 10:20")
    claire.rang(f"SMT {mission.number} · c'est à vous")


async def test_who_was_away_after_the_care_gets_the_questions_or_sees_that_they_are_over(
    story: Story,
) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    await claire.taps("J'accepte")
    await amina.taps("Sur place")
    story.telegram.block(claire.user)
    await amina.ends_the_visit()
    claire.sees_not("CR logiciel")

    story.telegram.unblock(claire.user)
    await story.settle()
    claire.rang("CR logiciel")
    await claire.taps("Tout est fait")
    await amina.taps("Aucun → TLD")
    await amina.taps("Reste à domicile")
    question = amina.sees("Ordonnance ?")
    story.telegram.tap(amina.user, question.chat, question.id, *(question.button("Remise") or (0, 0)))
    story.telegram.block(amina.user)
    await story.settle()
    amina.sees_button("Remise")
    story.telegram.unblock(amina.user)
    await story.settle()

    amina.sees_no_button("Remise")
    amina.sees("✅ SMT 1 close")


async def test_an_offer_given_to_who_has_come_back_is_shut_like_any_other(story: Story) -> None:
    amina = story.person("Amina")
    story.telegram.world.users[amina.user.id].blocked = True  # and Telegram has not said so yet
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    story.telegram.unblock(amina.user)
    await story.settle()
    amina.rang("visite + téléconsultation")

    await story.person("Bruno").taps("ACCEPTER · 20 min")
    amina.sees(f"SMT {mission.number}")
    amina.sees_no_button("ACCEPTER")


async def test_osnp_learn_at_once_that_a_nurse_who_has_a_mission_hears_nothing_any_more(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")

    story.telegram.block(amina.user)
    await story.settle()

    lea.rang("Amina BENALI a bloqué le bot")
    lea.sees("+33 6 39 98 00 11", f"Appelez maintenant : SMT {mission.number} en cours")
