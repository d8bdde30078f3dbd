"""After an absence: what is late is done, what is of no use is not sent, and OSNP get one account of both."""

from datetime import timedelta

from bot.domain.mission import SearchState
from bot.flows import search as search_flow
from tests.stories.story import Story, Teller
from tests.stories.test_races import named
from tests.stories.test_restarts import count


async def is_away(story: Story, **time: float) -> None:
    """The process dies, and another comes so much later."""
    await story.bot.background.stop()  # without a word: not as one that is told to stop
    story.bot.beat.begun = False
    await story.bot.close()
    story.clock.forward(**time)
    await story.start_bot()
    await story.settle()


def accounts(teller: Teller) -> int:
    """How many were given."""
    return count(teller, "Bot absent de") + count(teller, "Telegram injoignable de")


async def test_one_account_of_what_was_late_and_what_was_not_sent(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.bot.beat.once()
    story.clock.forward(minutes=1)
    await is_away(story, minutes=31)

    view = lea.sees("Bot absent de 09:23 à 09:55")
    lea.rang("Bot absent de")
    for words in (
        "À vérifier : SMT 1",
        "En retard, fait : SMT 1 alerte sans IDEL (09:43), SMT 1 fin du délai IDEL (09:53)",
        "Périmé, non envoyé : 1 alerte SMT 1",
        "Perdu : 0",
        "peut-être perdus, à refaire",
    ):
        lea.sees(words)
    lea.sees_not("20 min sans IDEL")
    assert (await story.mission_now(mission.id)).search.state is SearchState.UNANSWERED
    assert view.chat == story.group.id
    assert accounts(lea) == 1

    await lea.taps("Vu")
    lea.sees("Bot absent de 09:23 à 09:55", "Vu par Léa (09:5")
    lea.sees_no_button("Vu")
    await story.the_bot_restarts()
    assert accounts(lea) == 1


async def test_whoever_has_seen_the_account_is_written_on_it_whatever_the_clock_says(story: Story) -> None:
    lea = story.person("Léa")
    await story.mission(offered_to=["Amina"])
    story.clock.forward(microseconds=654_321)
    await story.bot.beat.once()
    await is_away(story, minutes=31, microseconds=271_828)
    lea.rang("Bot absent de")

    await lea.taps("Vu")

    lea.sees("Bot absent de", "Vu par Léa")
    lea.sees_no_button("Vu")
    assert accounts(lea) == 1


async def test_offers_nobody_got_count_as_not_received(story: Story) -> None:
    lea, bruno = story.person("Léa"), story.person("Bruno")
    # The process dies before anything was sent.
    story.telegram.faults.down = True
    mission = await story.mission(offered_to=["Bruno", "Chloé"])
    await story.bot.beat.once()
    story.telegram.faults.down = False
    await is_away(story, minutes=40)

    search = (await story.mission_now(mission.id)).search
    assert (search.asked, search.unreachable) == (2, 2)
    lea.sees("SMT 1 · aucun IDEL", "2 injoignables, 0 silence")
    lea.sees("2 offres IDEL SMT 1")
    bruno.sees_not("visite + téléconsultation")

    await story.person("Paul").taps("Prolonger 15 min")
    bruno.rang("visite + téléconsultation")
    search = (await story.mission_now(mission.id)).search
    assert (search.asked, search.unreachable) == (5, 0)  # and the three of the cast not asked before


async def test_doctors_whose_offer_never_left_were_not_silent(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    person = await named(story, "Amina")
    await search_flow.accept(story.bot.given, person, mission.id, 1, 60)
    await story.bot.beat.once()
    await is_away(story, minutes=20)

    lea.sees("Effecteurs · 2 non reçus, sans réponse")
    lea.sees("2 offres médecin SMT 1")
    story.person("Claire").sees_not("téléconsultation avec IDEL")


async def test_a_receipt_never_expires(story: Story) -> None:
    amina = story.person("Amina")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    person = await named(story, "Amina")
    await search_flow.accept(story.bot.given, person, mission.id, 1, 60)
    await story.bot.beat.once()
    await is_away(story, hours=5)

    amina.rang("est à vous (")
    amina.sees("12 rue des Tanneurs")


async def test_without_any_mission_nobody_is_told(story: Story) -> None:
    await story.bot.beat.once()
    await is_away(story, hours=9)
    assert accounts(story.person("Léa")) == 0


async def test_a_restart_of_a_minute_is_no_absence(story: Story) -> None:
    await story.mission(offered_to=["Amina"])
    await story.wait(minutes=10)
    await story.bot.beat.once()
    await is_away(story, minutes=1.5)
    assert accounts(story.person("Léa")) == 0


async def test_a_clock_that_jumps_while_the_bot_lives_is_no_absence(story: Story) -> None:
    await story.mission(offered_to=["Amina"])
    story.clock.forward(minutes=29)
    await story.bot.beat.once()
    await is_away(story, minutes=1)
    assert accounts(story.person("Léa")) == 0


async def test_two_workers_that_start_at_once_give_one_account(story: Story) -> None:
    lea = story.person("Léa")
    await story.mission(offered_to=["Amina"])
    await story.bot.beat.once()
    await is_away(story, minutes=7)
    first = story.bot
    await story.start_bot()
    await story.settle()
    await first.close()
    assert accounts(lea) == 1


async def test_telegram_that_was_out_of_reach_is_told_when_it_answers_again(story: Story) -> None:
    lea = story.person("Léa")
    await story.mission(offered_to=["Amina", "Bruno"])
    story.telegram.faults.down = True
    await story.wait(minutes=25)
    await story.bot.beat.once()
    assert await lost(story) == 1
    story.telegram.faults.down = False
    await story.wait(minutes=2)
    await story.bot.beat.once()
    await story.settle()

    lea.sees("Telegram injoignable de 09:33")
    assert accounts(lea) == 1
    await story.bot.beat.once()
    await story.wait(minutes=1)
    assert accounts(lea) == 1


async def lost(story: Story) -> int:
    """How many silences of Telegram are in the journal."""
    async with story.storage.transaction() as tx:
        now = story.clock.now()
        return len(
            await tx.journal.between(
                now - timedelta(hours=1), now + timedelta(seconds=1), "outage.telegram_lost"
            )
        )
