"""The process dies, anywhere: nothing owed is lost, nothing is done twice, timers ring all the same."""

import asyncio
import html
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.mission import CascadeState, Mission, MissionState, SearchState, StepState
from bot.flows import search as search_flow
from tests.stories.story import Story, Teller, plain
from tests.stories.test_opening import PASTE, eligible, only_mission
from tests.stories.test_races import named

#: A whole mission after its offer: who taps what.
STEPS = (
    ("Amina", "ACCEPTER · 20 min"),
    ("Léa", "Patient prévenu"),
    ("Claire", "J'accepte"),
    ("Amina", "En route"),
    ("Amina", "Sur place"),
    ("Amina", "Créer la visio"),
    ("Amina", "Visite terminée"),
    ("Amina", "Aucun → TLD"),
    ("Amina", "Reste à domicile"),
    ("Amina", "Remise"),
    ("Claire", "Tout est fait"),
)

#: What each must have read by the end.
WANTED = {
    "Amina": ("est à vous (", "12 rue des Tanneurs", "médecin trouvé", "visio prête", "close"),
    "Bruno": ("par un(e) collègue",),
    "Claire": ("c'est à vous", "03/02/1932", "tout est fait"),
    "Léa": ("Amina B. y va", "close"),
}

#: Messages that are sent once when nothing fails.
ONCE = {
    "Amina": ("est à vous (", "12 rue des Tanneurs", "médecin trouvé", "3 questions"),
    "Bruno": ("visite + téléconsultation",),
    "Claire": ("c'est à vous", "téléconsultation avec IDEL"),
}

TAGS = re.compile(r"<[^>]+>")


def said(teller: Teller, *methods: str) -> list[str]:
    """Everything Telegram has shown in this person's chats, whatever stands there now."""
    chats = {str(chat) for chat in teller.chats}
    return [
        plain(html.unescape(TAGS.sub("", str(call.params["text"]))))
        for call in teller.story.telegram.calls
        if call.status == 200
        and call.method in (methods or ("sendMessage", "editMessageText"))
        and str(call.params.get("chat_id")) in chats
    ]


def count(teller: Teller, words: str) -> int:
    """How many messages with these words were sent."""
    return sum(words in text for text in said(teller, "sendMessage"))


async def in_flight(story: Story) -> int:
    """How much is owed."""
    async with story.storage.transaction() as tx:
        return await tx.outbox.waiting()


@dataclass
class Death:
    """The process dies inside its nth call to Telegram: Telegram has done it, nobody has written it down."""

    at: int
    calls: int = 0
    died_in: str = ""

    def __call__(self, method: str, params: Mapping[str, Any]) -> bool:
        task = asyncio.current_task()
        if task is None or not task.get_name().startswith(("notice", "update")):
            return False
        self.calls += 1
        if self.calls == self.at:
            self.died_in = method
            task.cancel()  # felt at the next thing it waits for, once the call was applied
        return False


# Where it may die


async def test_with_a_draft_half_filled(story: Story) -> None:
    lea = story.person("Léa")
    await lea.types("Mme KELLER Odile 94 ans\n12 rue des Tanneurs 68200 Mulhouse\nchute hier")
    lea.sees("Un numéro de rappel ?")
    await story.the_bot_restarts()

    await lea.types("fille 06 39 98 00 99")
    lea.sees("Qui a décidé ?", "12 rue des Tanneurs")
    await story.the_bot_restarts()
    await lea.taps("Dr Roth")
    await eligible(lea)
    await story.the_bot_restarts()
    await lea.taps("DÉCLENCHER")

    assert (await only_mission(story)).search.asked == 5
    assert count(story.person("Amina"), "visite + téléconsultation") == 1


async def test_between_two_parts_of_a_paste(story: Story) -> None:
    lea = story.person("Léa")
    told = f"{PASTE}\n" + "\n".join(f"Antécédent {n} : rien de particulier à signaler" for n in range(210))
    story.telegram.send_text(lea.user, lea.user.id, told)
    updates = story.telegram.take_updates()
    assert len(updates) == 3
    await story.bot.intake.receive(updates[:1])
    await story.bot.intake.work_all()
    await story.the_bot_restarts()
    await story.bot.intake.receive(updates[1:])
    await story.settle()

    lea.sees("Mme Odile KELLER", "Les 5 critères sont remplis ?")


async def test_after_a_tap_was_kept_and_before_it_was_worked(story: Story) -> None:
    amina = story.person("Amina")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    card = amina.newest("visite +")
    tap = story.telegram.tap(amina.user, card.chat, card.id, 0, 0)
    await story.bot.intake.receive(story.telegram.take_updates())

    await story.the_bot_restarts()

    assert (await story.mission_now(mission.id)).search.state is SearchState.TAKEN
    assert "est à vous" in plain(story.telegram.answers[tap].text)
    assert count(amina, "est à vous (") == 1


async def test_after_the_acceptance_was_committed_and_before_anything_was_sent(story: Story) -> None:
    amina, bruno, lea = story.person("Amina"), story.person("Bruno"), story.person("Léa")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    person = await named(story, "Amina")
    await search_flow.accept(story.bot.given, person, mission.id, 1, 20)
    assert await in_flight(story) > 3
    amina.sees_not("est à vous (")

    await story.the_bot_restarts()

    amina.sees("est à vous (")
    amina.sees("12 rue des Tanneurs")
    bruno.sees("par un(e) collègue")
    lea.sees("Amina B. y va")
    assert Counter(count(amina, words) for words in ("est à vous (", "12 rue des Tanneurs")) == {1: 2}
    assert await in_flight(story) == 0


async def test_while_messages_were_being_sent(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    person = await named(story, "Amina")
    await search_flow.accept(story.bot.given, person, mission.id, 1, 20)
    async with story.storage.transaction() as tx:
        claimed = await tx.outbox.claim(story.clock.now(), 32)
    assert claimed

    await story.the_bot_restarts()
    await story.wait(minutes=1)

    # Nobody knows whether those were sent: what matters comes all the same.
    for words in ("est à vous (", "12 rue des Tanneurs"):
        assert count(amina, words) == 1
    bruno.sees("par un(e) collègue")
    assert await in_flight(story) == 0


async def test_after_the_cascade_has_started(story: Story) -> None:
    marc = story.person("Marc")
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    await story.person("Claire").taps("REFUSER")
    await story.the_bot_restarts()
    await story.wait(minutes=14)
    found = (await story.mission_now(mission.id)).cascade
    assert found.steps[1].state is StepState.ASKED

    await story.the_bot_restarts()
    await story.wait(minutes=2)

    found = (await story.mission_now(mission.id)).cascade
    assert found.steps[1].state is StepState.SILENT
    await marc.taps("J'accepte")
    marc.is_told_at_once("est à vous")
    assert count(marc, "téléconsultation avec IDEL") <= 1


async def test_with_a_doctor_named_and_after_each_word_of_the_nurse(story: Story) -> None:
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    for name, label in STEPS:
        await story.the_bot_restarts()
        await story.person(name).taps(label)
    await story.the_bot_restarts()

    await closed_as_wanted(story, mission)
    assert count(story.person("Amina"), "est à vous (") == 1
    assert count(story.person("Amina"), "médecin trouvé") == 1
    journal = Counter(await story.journal(mission.id))
    for once in ("search.accepted", "cascade.accepted", "visit.arrived", "visit.finished", "mission.closed"):
        assert journal[once] == 1, once


async def closed_as_wanted(story: Story, mission: Mission) -> None:
    """The mission is over, and everybody has read what they had to."""
    assert (await story.mission_now(mission.id)).state is MissionState.CLOSED
    for name, wanted in WANTED.items():
        for words in wanted:
            assert any(words in text for text in said(story.person(name))), f"{name} never read «{words}»"
    assert await in_flight(story) == 0


@pytest.mark.parametrize("nth", [1, 2, 3, 5, 8, 13, 21, 30])
async def test_inside_any_call_to_telegram(story: Story, nth: int) -> None:
    death = Death(nth)
    story.telegram.faults.cut(death)
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    died = False
    for name, label in STEPS:
        if death.died_in and not died:
            died = True
            await story.the_bot_restarts()
        teller = story.person(name)
        # What was in flight may have come twice: the newest is the one that counts.
        await teller.taps(label)
    if not died:
        await story.the_bot_restarts()
    await story.wait(minutes=2)

    assert death.died_in, "the process did not die: the mission made too few calls"
    await closed_as_wanted(story, mission)
    journal = Counter(await story.journal(mission.id))
    for once in ("search.accepted", "cascade.accepted", "visit.arrived", "visit.finished", "mission.closed"):
        assert journal[once] == 1, once
    # One message was in flight: at most one of everything that was said comes twice.
    counted = {
        (name, words): count(story.person(name), words) for name, wanted in ONCE.items() for words in wanted
    }
    assert all(times >= 1 for times in counted.values()), counted
    assert sum(times - 1 for times in counted.values()) <= 1, counted


# Timers


async def test_timers_ring_after_a_restart_those_that_are_late_included(story: Story) -> None:
    lea, paul = story.person("Léa"), story.person("Paul")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    await story.bot.close()
    story.clock.forward(minutes=31)
    await story.start_bot()
    await story.settle()

    lea.sees_not("20 min sans IDEL")  # of no use any more
    paul.rang("aucun IDEL à 09:53")
    assert (await story.mission_now(mission.id)).search.state is SearchState.UNANSWERED
    journal = await story.journal(mission.id)
    assert journal.index("search.warned") < journal.index("search.nobody")
    # The reminders that follow are counted from then, and ring once each.
    await story.the_bot_restarts()
    await story.wait(minutes=7)
    assert (await story.journal(mission.id)).count("search.orientation_reminded") == 2


async def test_a_timer_rings_once_however_often_the_bot_restarts(story: Story) -> None:
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    for _ in range(3):
        await story.the_bot_restarts()
    await story.wait(minutes=20)
    for _ in range(3):
        await story.the_bot_restarts()
    assert (await story.journal(mission.id)).count("search.warned") == 1
    assert count(story.person("Léa"), "20 min sans IDEL") == 1


async def test_a_pause_and_a_step_to_phone_outlive_the_process(story: Story) -> None:
    lea = story.person("Léa")
    mission = await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 40 min")
    await lea.taps("Pause 10 min")
    await story.bot.close()
    story.clock.forward(minutes=4)
    await story.start_bot()
    await story.wait(minutes=7)
    now = await story.mission_now(mission.id)
    assert now.cascade.state is CascadeState.RUNNING

    await lea.taps("Étape suivante")
    lea.sees("📞", "appeler SOS médecin 68")
    calls = count(lea, "appeler SOS médecin 68")
    await story.bot.close()
    story.clock.forward(minutes=15)
    await story.start_bot()
    await story.settle()
    assert count(lea, "appeler SOS médecin 68") == calls + 1


async def test_what_names_the_patient_is_deleted_although_nobody_was_there_at_the_hour(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await story.mission(offered_to=["Amina", "Bruno"])
    for name, label in STEPS:
        await story.person(name).taps(label)
    amina.sees("12 rue des Tanneurs")
    await story.bot.close()
    story.clock.to(story.clock.now() + timedelta(hours=12))
    await story.start_bot()
    await story.settle()

    for teller in (amina, claire):
        teller.sees_not("KELLER")
        teller.sees_not("12 rue des Tanneurs")
