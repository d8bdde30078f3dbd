"""Who can be reached: named at the broadcast, tried once a month, tried by oneself."""

import re

from bot.domain.people import Person
from bot.flows import reach, register
from bot.sandbox.telegram import Call
from tests.stories.story import Story
from tests.stories.test_control import opens
from tests.stories.test_degraded import ESSENTIAL

TRY = "sendChatAction"


def tries(story: Story) -> list[Call]:
    """Every silent try so far."""
    return [call for call in story.telegram.calls if call.method == TRY]


async def stored(story: Story) -> dict[str, Person]:
    """Everybody, by first name."""
    async with story.storage.transaction() as tx:
        return {person.first_name: person for person in await tx.people.all()}


def hide(story: Story, name: str) -> None:
    """Somebody has blocked the bot, and Telegram has not said so."""
    story.telegram.world.users[story.person(name).user.id].blocked = True


# With a mission


async def test_osnp_phone_a_nurse_who_has_blocked_the_bot_whatever_she_would_have_been_told(
    story: Story,
) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    story.telegram.block(amina.user)
    await story.settle()
    await opens(lea, "IDEL…", "Relancer la recherche…", "Trop tard")

    lea.rang("appeler Amina B.")
    lea.sees("appeler Amina B.", "+33 6 39 98 00 11", "la mission lui est reprise, elle n'a plus à y aller")


async def test_the_end_of_a_mission_is_said_by_osnp_though_they_were_told_before_that_she_is_not_reached(
    story: Story,
) -> None:
    lea, amina, claire = (story.person(name) for name in ("Léa", "Amina", "Claire"))
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    story.telegram.block(amina.user)
    await story.settle()
    await claire.taps("J'accepte 10:00")
    lea.sees("appeler Amina B.", "Dr Claire MOREL, visio 10:00")

    await opens(lea, "Annuler la mission", "Doublon")

    lea.sees("appeler Amina B.", "À dire : annulée à")
    lea.sees("annulée (doublon)", "Prévenu(e)s par le bot : Dr Claire MOREL")


# At the broadcast


async def test_osnp_see_whom_to_phone_nearest_first_each_number_on_a_line(story: Story) -> None:
    lea = story.person("Léa")
    for name in ("Emma", "Bruno"):
        story.telegram.block(story.person(name).user)
    await story.settle()

    mission = await story.mission()

    lea.rang(f"SMT {mission.number} · 2 IDEL à appeler")
    lines = lea.newest("IDEL à appeler").text.splitlines()
    names = [line.partition(" · ")[0] for line in lines[1::2]]
    assert names == ["Bruno FISCHER", "Emma KLEIN"]  # Illzach, then Altkirch
    assert [re.sub(r"\s", "", line) for line in lines[2::2]] == ["+33639980012", "+33639980015"]


async def test_whom_the_offer_could_not_be_given_joins_them_in_one_message(story: Story) -> None:
    lea = story.person("Léa")
    story.telegram.block(story.person("Emma").user)
    await story.settle()
    for name in ("Chloé", "Bruno"):
        hide(story, name)

    mission = await story.mission()

    lea.sees(f"SMT {mission.number} · 3 IDEL à appeler", "Emma KLEIN", "Chloé MEYER", "Bruno FISCHER")
    lea.sees("+33 6 39 98 00 13")
    lea.sees_not("MEYER : injoignable")
    lea.sees(f"SMT {mission.number}", "2 sollicités, 0 refus, 3 injoignables")
    assert sum("IDEL à appeler" in view.text for view in lea.messages()) == 1
    people = await stored(story)
    assert not people["Bruno"].reachable

    story.telegram.unblock(story.person("Bruno").user)
    await story.settle()
    story.person("Bruno").rang("visite + téléconsultation")
    await story.wait(minutes=20)
    lea.sees("20 min sans IDEL", "3 sollicités, 0 refus, 2 injoignables, 3 silences")


async def test_when_all_whom_the_offer_reached_have_refused_it_is_said_with_whom_to_phone(
    story: Story,
) -> None:
    lea, amina, bruno, chloe = (story.person(name) for name in ("Léa", "Amina", "Bruno", "Chloé"))
    hide(story, "Bruno")
    await story.mission(offered_to=["Amina", "Bruno", "Chloé"])
    lea.sees("2 sollicités, 0 refus, 1 injoignable")
    await amina.taps("REFUSER")
    lea.sees_not("refus de tous les joints")

    await chloe.taps("REFUSER")

    lea.rang("SMT 1 · refus de tous les joints, 1 à appeler")
    shown = lea.newest("refus de tous les joints").text
    assert "Bruno FISCHER" in shown
    assert "+33 6 39 98 00 12" in shown
    lea.sees("2 sollicités, 2 refus, 1 injoignable")

    story.telegram.unblock(bruno.user)
    await story.settle()
    bruno.rang("visite + téléconsultation")
    lea.sees("3 sollicités, 2 refus")
    await bruno.taps("ACCEPTER · 20 min")
    bruno.is_told_at_once("est à vous")


async def test_an_offer_that_comes_back_after_the_others_refused_makes_it_a_refusal_of_all(
    story: Story,
) -> None:
    lea, amina, bruno = (story.person(name) for name in ("Léa", "Amina", "Bruno"))
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await amina.taps("REFUSER")
    lea.sees("2 sollicités, 1 refus")

    story.telegram.block(bruno.user)  # and Telegram says so
    await story.settle()

    lea.rang(f"SMT {mission.number} · refus de tous les joints, 1 à appeler")
    lea.sees("1 sollicité, 1 refus, 1 injoignable")
    story.telegram.unblock(bruno.user)
    await story.settle()
    lea.sees("2 sollicités, 1 refus")
    await bruno.taps("REFUSER")
    lea.sees("2 sollicités, 2 refus")


async def test_who_was_not_reached_and_refuses_is_counted_once(story: Story) -> None:
    lea, bruno = story.person("Léa"), story.person("Bruno")
    await story.mission(offered_to=["Amina", "Bruno"])
    story.telegram.block(bruno.user)
    await story.settle()
    lea.sees("1 sollicité, 0 refus, 1 injoignable")

    story.telegram.world.users[bruno.user.id].blocked = False  # and Telegram has not said so yet
    await bruno.taps("REFUSER")

    lea.sees("2 sollicités, 1 refus")
    lea.sees_not("2 sollicités, 1 refus, 1")


async def test_whoever_can_be_reached_again_during_the_search_gets_the_offer(story: Story) -> None:
    lea, emma = story.person("Léa"), story.person("Emma")
    story.telegram.block(emma.user)
    await story.settle()
    mission = await story.mission(offered_to=["Emma", "Bruno"])
    lea.sees("1 IDEL à appeler", "Emma KLEIN")

    await story.wait(minutes=5)
    story.telegram.unblock(emma.user)
    await story.settle()

    emma.rang(f"SMT {mission.number} · visite + téléconsultation")
    lea.sees("plus d'IDEL à appeler")
    lea.sees("2 sollicités, 0 refus")
    lea.sees_not("0 refus, 1 injoignable")
    await emma.taps("ACCEPTER · 40 min")
    emma.is_told_at_once("est à vous")


async def test_whoever_opens_the_link_during_the_search_gets_the_offer(story: Story) -> None:
    lea = story.person("Léa")
    nurse = story.telegram.add_user(2002, "Ada", "Essai")
    amina = (await stored(story))["Amina"]
    async with story.storage.transaction() as tx:
        ada = await tx.people.add(
            Person(amina.id, amina.role, "Essai", "Ada", "+33639980150", commune="68224")
        )
    await register.invite(story.bot.given, "jeton", person=ada)
    await story.mission(offered_to=["Ada"])
    lea.sees("1 IDEL à appeler", "Ada ESSAI", "+33 6 39 98 01 50")

    story.telegram.start(nurse, "jeton")
    await story.settle()

    offers = [v for v in story.telegram.visible(nurse, nurse.id) if "visite + téléconsultation" in v.text]
    assert [view.silent for view in offers] == [False]
    assert offers[0].button("ACCEPTER")


async def test_whoever_is_back_and_away_is_not_rung(story: Story) -> None:
    emma = story.person("Emma")
    story.telegram.block(emma.user)
    await story.settle()
    await story.mission(offered_to=["Emma", "Bruno"])
    await story.person("Léa").types("/dispo klein")
    await story.person("Léa").taps("Jusqu'à demain")
    emma.looks_away()
    story.telegram.unblock(emma.user)
    await story.settle()
    emma.sees_nothing_new()


async def test_of_many_ten_are_named_and_the_rest_told_in_private(story: Story) -> None:
    lea = story.person("Léa")
    async with story.storage.transaction() as tx:
        (amina,) = [p for p in await tx.people.all() if p.first_name == "Amina"]
        for n in range(12):
            await tx.people.add(
                Person(amina.id, amina.role, f"Essai{n:02d}", "Ada", f"+336399801{n:02d}", commune="68224")
            )

    mission = await story.mission()

    lea.sees(f"SMT {mission.number} · 12 IDEL à appeler", "Essai00".upper(), "et 2 autres, plus loin")
    lea.sees_not("ESSAI11")
    await lea.taps("Noter une réponse")
    await lea.taps("Suite ▶")
    lea.sees_button("📵 Ada E.")
    lea.sees_button("◀ Avant")
    await lea.taps("Voir les 12")
    lea.is_told_at_once("Dans votre discussion avec le bot")
    lea.sees("ESSAI11", "+33 6 39 98 01 11")
    told = lea.newest("ESSAI11")
    assert told.chat == lea.user.id


async def test_nobody_is_phoned_for_nothing_once_a_colleague_has_it(story: Story) -> None:
    lea, bruno = story.person("Léa"), story.person("Bruno")
    story.telegram.block(story.person("Emma").user)
    await story.settle()
    mission = await story.mission(offered_to=["Emma", "Bruno"])
    lea.sees("1 IDEL à appeler", "Emma KLEIN")

    await bruno.taps("ACCEPTER · 20 min")

    lea.sees(f"SMT {mission.number} · plus d'IDEL à appeler : prise à 09:23")
    lea.sees_not("1 IDEL à appeler")
    lea.sees_no_button("Noter une réponse")
    assert sum("d'IDEL à appeler" in view.text for view in lea.messages()) == 1


async def test_nobody_is_phoned_for_nothing_once_the_mission_is_over(story: Story) -> None:
    lea = story.person("Léa")
    story.telegram.block(story.person("Emma").user)
    await story.settle()
    mission = await story.mission(offered_to=["Emma", "Bruno"])

    await opens(lea, "Annuler la mission", "Doublon")

    lea.sees(f"SMT {mission.number} · plus d'IDEL à appeler : annulée à 09:23")
    lea.sees_no_button("Noter une réponse")


async def test_who_says_yes_on_the_phone_has_it_by_two_taps(story: Story) -> None:
    lea, emma = story.person("Léa"), story.person("Emma")
    story.telegram.block(emma.user)
    await story.settle()
    mission = await story.mission(offered_to=["Emma", "Bruno"])

    await lea.taps("Noter une réponse")
    await lea.taps("Oui · 40 min")

    lea.is_told_at_once("est à Emma K.")
    found = await story.mission_now(mission.id)
    assert found.visit.idel == (await stored(story))["Emma"].id
    lea.sees("plus d'IDEL à appeler : prise à")


async def test_of_several_to_phone_only_those_are_shown_and_what_they_say_is_seen_at_once(
    story: Story,
) -> None:
    lea = story.person("Léa")
    for name in ("Emma", "Bruno"):
        story.telegram.block(story.person(name).user)
    await story.settle()
    await story.mission()

    await lea.taps("Noter une réponse")
    page = lea.newest("quel(le) IDEL ?")
    assert [row[0].partition(" · ")[0] for row in page.buttons] == ["📵 Bruno F.", "📵 Emma K.", "Retour"]
    await lea.taps("📵 Bruno F.")
    await lea.taps("Refuse")

    lea.sees("1 IDEL à appeler", "Emma KLEIN")
    await lea.taps("Noter une réponse")
    await lea.taps("Ne répond pas")
    lea.sees("1 IDEL à appeler", "ne répond pas")


# Once a month


async def test_everybody_is_tried_once_a_month_without_a_sound(story: Story) -> None:
    everybody = [teller for name, teller in story.people.items()]
    for teller in everybody:
        teller.looks_away()
    await story.bot.beat.round()
    await story.wait(hours=2)

    accounts = len(everybody)
    assert len(tries(story)) == accounts == len({call.params["chat_id"] for call in tries(story)})
    for teller in everybody:
        teller.sees_nothing_new()

    await story.wait(days=20)
    assert len(tries(story)) == accounts
    await story.wait(days=20)
    assert len(tries(story)) == 2 * accounts


async def test_who_is_found_unreachable_is_told_once_with_the_number(story: Story) -> None:
    lea = story.person("Léa")
    hide(story, "Amina")
    await story.bot.beat.round()
    await story.wait(hours=2)

    lea.rang("Amina BENALI a bloqué le bot : à joindre par téléphone")
    lea.sees("+33 6 39 98 00 11")
    assert not (await stored(story))["Amina"].reachable
    await story.wait(days=40)
    assert sum("Amina BENALI" in view.text for view in lea.messages()) == 1

    story.telegram.unblock(story.person("Amina").user)
    await story.settle()
    lea.sees("Amina BENALI : le bot peut lui écrire à nouveau")


async def test_a_try_of_which_nothing_is_known_is_made_again_the_next_day(story: Story) -> None:
    story.telegram.faults.hang(TRY)
    await story.bot.beat.round()
    await story.wait(hours=2)
    assert len(tries(story)) == len(story.people)

    await story.wait(days=2)

    assert len(tries(story)) == len(story.people) + 1
    await story.wait(days=20)
    assert len(tries(story)) == len(story.people) + 1


async def test_a_few_at_a_time_and_never_while_the_service_is_closed(story: Story) -> None:
    await story.wait(hours=10, minutes=25)  # 19:48
    await story.bot.beat.round()
    await story.wait(minutes=20)
    assert len(tries(story)) == 5  # once, at 19:58
    await story.wait(hours=11, minutes=50)
    assert len(tries(story)) == 5  # 07:58
    await story.wait(minutes=5)
    assert len(tries(story)) == 10


async def test_a_try_that_comes_late_waits_for_the_morning(story: Story) -> None:
    await story.wait(hours=10, minutes=25)  # 19:48
    await story.bot.beat.round()
    story.clock.forward(hours=2)  # nobody was there
    await story.settle()
    assert not tries(story)
    await story.wait(hours=10, minutes=20)  # 08:08
    assert len(tries(story)) == 5


async def test_whoever_waits_for_a_message_comes_first(story: Story) -> None:
    amina = story.person("Amina")
    await story.bot.beat.round()
    mine = str(amina.user.id)
    story.telegram.faults.flood(lambda method, params: str(params.get("chat_id")) == mine, retry_after=900)
    await amina.types("/aide")
    await story.wait(minutes=12)
    assert not tries(story)
    await story.wait(minutes=10)
    amina.sees("que faire ici")
    assert len(tries(story)) == 5


async def test_a_server_without_that_call_changes_nothing(story: Story) -> None:
    story.telegram.faults.only(ESSENTIAL)
    lea = story.person("Léa")
    lea.looks_away()
    await story.bot.beat.round()
    await story.wait(hours=2)
    lea.sees_nothing_new()
    assert all(person.reachable for person in (await stored(story)).values())
    assert await story.bot.delivery.next_moment() is None
    assert len(tries(story)) < 6  # it is not asked again and again


async def test_a_restart_goes_on_where_it_was(story: Story) -> None:
    assert await reach.keep_checking(story.bot.given)
    await story.the_bot_restarts()
    assert not await reach.keep_checking(story.bot.given)
    await story.wait(hours=2)
    assert len(tries(story)) == len(story.people)


# «/joignable»


async def test_a_nurse_tries_the_channel_there_and_back(story: Story) -> None:
    amina = story.person("Amina")
    await amina.types("/joignable")
    amina.rang("Oui : message reçu à 09:23:00")
    amina.sees("Pas de son ?", "+33 6 39 98 00 11")
    await story.wait(seconds=12)
    await amina.taps("Je l'ai vu")
    amina.is_told_at_once("Joignable : vu à")
    amina.sees("Joignable, aller et retour", "Demandé 09:23:00, vu 09:23:12")
    amina.sees_no_button("Je l'ai vu")
    assert (await stored(story))["Amina"].checked_at == story.clock.now()


async def test_a_house_tries_its_chat(story: Story) -> None:
    house = await story.house("SOS médecin 68", "Marc")
    await house.types("/joignable", to=story.houses["SOS médecin 68"])
    assert house.sees("Oui : message reçu").chat == story.houses["SOS médecin 68"]
    await house.taps("Je l'ai vu")
    house.sees("aller et retour")


async def test_osnp_see_in_the_group_whom_the_bot_does_not_reach(story: Story) -> None:
    lea = story.person("Léa")
    story.telegram.block(story.person("Amina").user)
    await story.settle()

    await lea.types("/joignable", to=story.group.id)

    shown = lea.newest("injoignables par le bot")
    assert shown.chat == story.group.id
    lea.sees("4 injoignables", "Amina BENALI · a bloqué le bot", "+33 6 39 98 00 11")
    lea.sees("Dr Jean WEBER · n'a pas ouvert le bot", "SOS médecin 68 · son groupe n'est pas relié")


async def test_a_stranger_is_told_whom_the_bot_is_for(story: Story) -> None:
    visitor = story.telegram.add_user(9001, "Jules", "Petit")
    story.telegram.start(visitor)
    story.telegram.send_text(visitor, visitor.id, "/joignable")
    await story.settle()
    assert any("réservé aux professionnels" in v.text for v in story.telegram.visible(visitor, visitor.id))
