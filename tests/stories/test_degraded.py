"""Less than all of Telegram: a poorer server, a group without topics, failures in the middle of a mission.

Degrade, never block: a mission goes on to its end.
"""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.mission import EndReason, Mission, MissionState, SearchState
from bot.domain.outcome import to_group
from bot.sandbox.chats import BotRights
from storage.vault import Vault
from tests.stories.story import Story, plain
from tests.stories.test_opening import PASTE, eligible

#: All that a mission may need of a Bot API server (design.md, «Degrade, never block»).
ESSENTIAL = (
    "getMe",
    "getUpdates",
    "sendMessage",
    "editMessageText",
    "editMessageReplyMarkup",
    "answerCallbackQuery",
    "sendPhoto",
    "sendDocument",
    "getFile",
    "createForumTopic",
    "closeForumTopic",
    "getChatMember",
    "setMyCommands",
    "deleteMessage",
)


@pytest.fixture
async def flat(database_url: str, vault: Vault, tmp_path: Path) -> AsyncIterator[Story]:
    """The same world, in a group that has no topics."""
    told = Story(database_url, vault, tmp_path, forum=False)
    await told.begin()
    yield told
    await told.end()


async def lives(story: Story) -> Mission:
    """A whole mission, from the paste to the close."""
    lea, amina, claire = story.person("Léa"), story.person("Amina"), story.person("Claire")
    await lea.types(PASTE)
    await eligible(lea)
    await lea.taps("DÉCLENCHER")
    await amina.taps("ACCEPTER · 20 min")
    amina.sees("KELLER", "12 rue des Tanneurs")
    await lea.taps("Patient prévenu")
    await lea.taps("Étape suivante")  # the médecin traitant, by telephone, cannot
    await claire.taps("J'accepte")
    claire.sees("Odile KELLER", "03/02/1932")
    await story.wait(minutes=18)
    await amina.taps("En route")
    await amina.taps("Sur place")
    await amina.types("TA 13/8 FC 72 SpO2 96 T 37,2")
    claire.sees("TA 130/80 mmHg")
    await amina.sends("photo", "plaie.jpg", caption="talon gauche")
    claire.sees("talon gauche")
    await amina.sends("voice", "souffle.ogg")
    await amina.taps("Créer la visio")
    claire.sees("visio")
    await claire.sends("document", "ordonnance.pdf", caption="ordonnance")
    amina.sees("ordonnance")
    await amina.ends_the_visit()
    for label in ("Aucun → TLD", "Reste à domicile", "Remise"):
        await amina.taps(label)
    await claire.taps("Tout est fait")
    async with story.storage.transaction() as tx:
        mission = await tx.missions.by_number(1)
    assert mission is not None
    assert mission.state is MissionState.CLOSED
    assert mission.end is not None
    assert mission.end.reason is EndReason.DONE
    lea.sees("close", "Maintenue à domicile")
    await story.wait(hours=5)  # and everything that names the patient goes
    for teller in (lea, amina, claire):
        teller.sees_not("KELLER")
    return mission


async def owed(story: Story) -> int:
    """How much is still to be sent."""
    async with story.storage.transaction() as tx:
        return await tx.outbox.waiting()


# A poorer server


async def test_a_whole_mission_on_a_server_with_the_essential_methods_alone(story: Story) -> None:
    story.telegram.faults.only(ESSENTIAL)
    await story.the_bot_restarts()

    await lives(story)

    assert await owed(story) == 0
    used = Counter(call.method for call in story.telegram.calls if call.status == 200)
    assert set(used) <= set(ESSENTIAL), set(used) - set(ESSENTIAL)
    # What the server does not know is not asked for again and again.
    refused = Counter(call.method for call in story.telegram.calls if call.status == 404)
    assert all(times <= 3 for times in refused.values()), refused


async def test_a_whole_mission_on_a_full_server_is_the_same_for_people(story: Story) -> None:
    await lives(story)
    assert await owed(story) == 0


# The group's topics


async def test_a_group_without_topics_works_in_one_flow_and_says_what_to_mend(flat: Story) -> None:
    lea = flat.person("Léa")
    await lives(flat)
    lea.sees("Le bot ne peut pas créer de sujet par mission", "activez « Sujets »")
    assert all(view.thread is None for view in lea.messages())
    # In one flow each mission's messages answer its first one.
    mission = [v for v in lea.messages() if "SMT 1" in v.text and v.chat == flat.group.id]
    assert sum(view.reply_to is not None for view in mission) >= len(mission) - 2


async def test_a_group_with_topics_but_without_the_right(story: Story) -> None:
    lea = story.person("Léa")
    rights = BotRights(administrator=True, manage_topics=False)
    story.telegram.set_bot_rights(story.group, lea.user, rights)
    await story.the_bot_restarts()

    await lives(story)

    lea.sees("Le bot ne peut pas créer de sujet par mission", "« Gérer les sujets »")
    notes = [v for v in lea.messages() if "créer de sujet" in v.text]
    assert len(notes) == 1


async def test_private_chats_with_topics_have_one_for_each_mission(story: Story) -> None:
    amina = story.person("Amina")
    story.telegram.switches.topics_in_private = True
    await story.the_bot_restarts()
    first = await story.mission(offered_to=["Amina", "Bruno"])
    second = await story.mission(offered_to=["Amina", "Bruno"])

    threads = {
        number: {v.thread for v in amina.messages() if f"SMT {number}" in v.text and not v.service}
        for number in (first.number, second.number)
    }
    assert all(len(threads[n]) == 1 and None not in threads[n] for n in threads), threads
    assert threads[first.number] != threads[second.number]

    # What she writes in a topic belongs to its mission, whichever is newer.
    await amina.taps("ACCEPTER · 20 min", nth=1)
    (thread,) = threads[first.number]
    assert (await story.mission_now(first.id)).search.state is SearchState.TAKEN
    await story.person("Claire").taps("J'accepte")
    await amina.types("TA 13/8 FC 72", thread=thread)
    story.person("Claire").sees("TA 130/80 mmHg")
    assert any(kind.startswith("vitals.") for kind in await story.journal(first.id))
    assert not any(kind.startswith("vitals.") for kind in await story.journal(second.id))


async def test_a_topic_that_somebody_deletes_is_opened_anew_once(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    first = await topic_of(story, mission)
    story.telegram.delete_topic(story.group, first)

    await amina.taps("ACCEPTER · 20 min")

    second = await topic_of(story, mission)
    assert second != first
    assert lea.newest("Amina B. y va").thread == second
    # Deleted again: somebody wants it so. The mission goes on in General, with its number.
    story.telegram.delete_topic(story.group, second)
    await story.person("Claire").taps("J'accepte")
    assert lea.newest("SMT 1").thread is None
    await amina.taps("Sur place")
    lea.sees("SMT 1", "sur place")


async def topic_of(story: Story, mission: Mission) -> int:
    async with story.storage.transaction() as tx:
        thread = await tx.sent.thread(to_group(mission.id), mission.id)
    assert thread is not None
    assert thread.thread_id is not None
    return thread.thread_id


async def test_a_group_that_becomes_another_is_followed(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    new = story.telegram.migrate(story.group)
    for name in ("Léa", "Hugo", "Inès", "Paul", "Nadia"):
        story.person(name).chats.append(new.id)

    await amina.taps("ACCEPTER · 20 min")

    view = lea.newest("Amina B. y va")
    assert view.chat == new.id
    lea.sees("Ce groupe a changé de numéro chez Telegram", str(new.id))
    await lea.taps("Patient prévenu")
    assert (await story.mission_now(mission.id)).patient_calls == ()


# People who cannot be reached


async def test_a_nurse_who_has_blocked_the_bot_is_phoned(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    story.telegram.block(amina.user)
    story.telegram.take_updates()  # the bot has not heard of it

    mission = await story.mission(offered_to=["Amina", "Bruno"])

    lea.rang("1 IDEL à appeler")
    lea.sees("Amina BENALI", "+33 6 39 98 00 11")
    # And at the next mission OSNP know before anything is sent.
    second = await story.mission(offered_to=["Amina", "Bruno"])
    assert (await story.mission_now(second.id)).search.unreachable == 1
    assert (await story.mission_now(mission.id)).search.state is SearchState.OFFERED
    # She comes back: the next tap or word says so.
    story.telegram.unblock(amina.user)
    await amina.types("/start")
    third = await story.mission(offered_to=["Amina", "Bruno"])
    assert (await story.mission_now(third.id)).search.unreachable == 0


async def test_a_nurse_who_blocks_the_bot_while_she_has_the_mission_is_phoned(story: Story) -> None:
    lea, amina = story.person("Léa"), story.person("Amina")
    await story.mission(offered_to=["Amina"])
    await amina.taps("ACCEPTER · 20 min")
    story.telegram.block(amina.user)

    await story.person("Claire").taps("J'accepte")

    lea.sees("Amina BENALI", "ne peut pas lui écrire", "+33 6 39 98 00 11")


# Nobody knows whether it was sent


async def test_when_the_answer_is_lost_a_message_comes_at_most_twice(story: Story) -> None:
    amina = story.person("Amina")
    story.telegram.faults.cut(
        lambda method, p: method == "sendMessage" and "est à vous" in str(p.get("text"))
    )
    await story.mission(offered_to=["Amina", "Bruno"])

    await amina.taps("ACCEPTER · 20 min")
    await story.wait(minutes=5)

    receipts = [v for v in amina.messages() if "est à vous (" in plain(v.text)]
    assert len(receipts) == 2
    assert await owed(story) == 0
    # The newer one is the card from then on.
    await story.person("Claire").taps("J'accepte")
    card = amina.newest("est à vous (")
    assert card.id == max(view.id for view in receipts)
    assert "Dr Claire MOREL" in card.text


async def test_when_the_answer_to_a_cosmetic_card_is_lost_it_is_not_sent_twice(story: Story) -> None:
    lea = story.person("Léa")
    story.telegram.faults.cut(
        lambda method, p: method == "sendMessage" and p.get("message_thread_id") is not None, times=1
    )

    await story.mission(offered_to=["Amina", "Bruno"])
    await story.wait(minutes=2)

    cards = [v for v in lea.messages() if v.thread is not None and "SMT 1" in v.text and not v.service]
    assert len(cards) <= 2
    assert await owed(story) == 0


async def test_a_429_is_waited_out_and_nothing_is_lost(story: Story) -> None:
    amina, bruno = story.person("Amina"), story.person("Bruno")
    to_amina = str(amina.user.id)
    story.telegram.faults.flood(
        lambda method, p: method == "sendMessage" and str(p.get("chat_id")) == to_amina, retry_after=30
    )
    started = story.clock.now()

    await story.mission(offered_to=["Amina", "Bruno"])

    hers, his = amina.newest("visite + téléconsultation"), bruno.newest("visite + téléconsultation")
    assert (his.date - started).total_seconds() < 5
    assert 30 <= (hers.date - started).total_seconds() < 40
    tries = [
        call.at
        for call in story.telegram.calls
        if call.method == "sendMessage" and str(call.params.get("chat_id")) == to_amina
    ]
    assert (tries[1] - tries[0]).total_seconds() >= 30


# Telegram is down


async def test_after_ten_minutes_without_telegram_everything_owed_arrives_in_order(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    await story.mission(offered_to=["Amina", "Bruno"])
    await amina.taps("ACCEPTER · 20 min")
    amina.looks_away()
    story.telegram.faults.down = True
    await claire.taps("J'accepte")
    await claire.types("Depuis quand la fièvre ?")
    await story.wait(minutes=10)
    amina.sees_nothing_new()

    story.telegram.faults.down = False
    await story.wait(minutes=2)

    texts = [plain(v.text) for v in sorted(amina.new(), key=lambda v: v.id)]
    found = next(n for n, text in enumerate(texts) if "médecin trouvé" in text)
    who = next(n for n, text in enumerate(texts) if "+33 6 39 98 00 21" in text)
    question = next(n for n, text in enumerate(texts) if "Depuis quand" in text)
    assert found < who < question, texts
    claire.sees("c'est à vous")
    assert await owed(story) == 0


async def test_what_happened_while_telegram_was_down_is_said_once_it_is_back(story: Story) -> None:
    amina, bruno, lea = story.person("Amina"), story.person("Bruno"), story.person("Léa")
    mission = await story.mission(offered_to=["Amina", "Bruno"])
    story.telegram.faults.down = True
    tap = story.telegram.tap(amina.user, amina.user.id, amina.newest("visite +").id, 0, 0)
    await story.wait(minutes=10)
    assert (await story.mission_now(mission.id)).visit.idel is not None
    assert tap not in story.telegram.answers

    story.telegram.faults.down = False
    await story.wait(minutes=3)

    amina.sees("est à vous (09:23")
    amina.sees("KELLER")
    bruno.sees("par un(e) collègue")
    lea.sees("Amina B. y va")
    assert await owed(story) == 0


async def test_an_offer_that_is_too_late_is_not_sent_after_an_outage(story: Story) -> None:
    amina, paul = story.person("Amina"), story.person("Paul")
    story.telegram.faults.down = True
    await story.mission(offered_to=["Amina", "Bruno"])
    await story.wait(minutes=31)

    story.telegram.faults.down = False
    await story.wait(minutes=3)

    amina.sees_not("visite + téléconsultation")
    paul.rang("aucun IDEL à 09:53")
    assert await owed(story) == 0


# What rings


RINGS = {
    # who: (words of the message, does it ring?)
    "Amina": [
        ("visite + téléconsultation", True),
        ("est à vous (", True),
        ("12 rue des Tanneurs", False),
        ("médecin trouvé", True),
        ("3 questions", True),
    ],
    "Claire": [
        ("téléconsultation avec IDEL", True),
        ("c'est à vous", True),
        ("03/02/1932", False),
        ("CR logiciel, DMP", True),
    ],
    "Léa": [
        ("Amina B. y va", True),  # somebody must tell the patient
        ("Dr Claire MOREL", False),
        ("sur place", False),
        ("close", False),
    ],
    "Bruno": [("visite + téléconsultation", True)],
}


async def test_what_asks_somebody_to_act_rings_and_what_informs_is_silent(story: Story) -> None:
    amina, claire = story.person("Amina"), story.person("Claire")
    sounds: dict[str, dict[tuple[int, int], tuple[str, bool]]] = {name: {} for name in RINGS}

    def listen() -> None:
        for name, heard in sounds.items():
            for view in story.person(name).messages():
                if view.from_bot and not view.service:
                    heard.setdefault((view.chat, view.id), (plain(view.text), not view.silent))

    await story.mission(offered_to=["Amina", "Bruno"])
    listen()
    for teller, label in (
        (amina, "ACCEPTER · 20 min"),
        (claire, "J'accepte"),
        (amina, "En route"),
        (amina, "Sur place"),
        (amina, "Visite terminée"),
        (amina, "Oui, terminée"),
        (amina, "Aucun → TLD"),
        (amina, "Reste à domicile"),
        (amina, "Remise"),
        (claire, "Tout est fait"),
    ):
        await teller.taps(label)
        listen()

    for name, wanted in RINGS.items():
        heard = list(sounds[name].values())
        for words, rings in wanted:
            found = [sound for text, sound in heard if words in text]
            assert found, f"{name} never got «{words}»: {[t for t, _ in heard]}"
            assert rings in found, f"«{words}» {'is silent' if rings else 'rings'} for {name}"
    # The one who did not get the mission hears of it by an edit, without a sound.
    assert sum(rings for _, rings in sounds["Bruno"].values()) == 1
    # In the group only what OSNP must do rings: the first line names the mission.
    for text, rings in sounds["Léa"].values():
        if rings:
            assert "SMT 1" in text.splitlines()[0], text
            assert "KELLER" not in text


async def test_the_first_line_that_a_locked_phone_shows_names_no_patient(story: Story) -> None:
    await story.mission(offered_to=["Amina"])
    await story.person("Amina").taps("ACCEPTER · 20 min")
    await story.person("Claire").taps("J'accepte")
    for name in ("Amina", "Claire", "Léa", "Bruno", "Marc"):
        for view in story.person(name).messages():
            if not view.silent and view.from_bot:
                assert "KELLER" not in view.text, f"{name} reads it without unlocking: {view.text}"
