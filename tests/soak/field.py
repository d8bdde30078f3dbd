"""The world of a soak: the bot of the stories, more people, time in small steps, and deaths without grace."""

import asyncio
import contextlib
import logging
import random
import traceback
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine, text

from bot.background import Background
from bot.domain.outcome import Notice
from bot.domain.people import CascadeStep, MissionId, Person, PersonId, Role
from bot.ports import Prepared, Transaction
from bot.replies import KIND
from bot.sandbox.acts import CannotDo, View
from bot.sandbox.chats import User
from bot.sandbox.files import UploadedFile
from storage.address import sync_address
from storage.vault import Vault
from tests.stories.story import Story, Teller, plain
from tests.stories.test_opening import PASTE
from tests.waiting import until

#: Nurses and doctors beside the cast have numbers reserved for fiction.
FIRST_NURSE, FIRST_DOCTOR = 2001, 3001
COMMUNES = ("Mulhouse", "Illzach", "Riedisheim", "Wittenheim", "Altkirch", "Kingersheim")

#: How often a button is tapped, by how its words begin; all others 1.
TASTE = {
    "ACCEPTER": 6,
    "REFUSER": 2,
    "J'accepte": 6,
    "En route": 4,
    "Sur place": 4,
    "Visite terminée": 3,
    "Oui, terminée": 4,
    "Créer la visio": 3,
    "Aucun → TLD": 3,
    "Reste à domicile": 3,
    "Remise": 3,
    "Tout est fait": 3,
    "Accepte": 3,
    "DÉCLENCHER": 5,
    "Les 5 critères": 4,
    "Aucune exclusion": 4,
    "Je ne peux plus y aller": 0.4,
    "Me retirer": 0.3,
    "Clore sans réponse": 0.3,
    "Annuler la mission": 0.1,
    "Abandonner": 0.2,
}
#: What somebody taps who wants a mission done, and nothing else.
STEADY = {
    "ACCEPTER · 20": 6,
    "Prolonger": 3,
    "Oui, d'accord": 3,
    "20 min": 2,
    "En route": 4,
    "Sur place": 4,
    "Visite terminée": 4,
    "Oui, terminée": 6,
    "Patient prévenu": 1,
    "J'accepte": 6,
    "OK ": 4,
    "Réponse par tél.": 1,
    "Accepte": 4,
    "✔": 4,
    "Reprendre": 2,
    "Créer la visio": 2,
    "Aucun → TLD": 6,
    "Reste à domicile": 6,
    "Remise": 6,
    "Tout est fait": 6,
    "Clore sans réponse": 6,
    "Le 15 a pris le relais": 6,
}
#: What the operators tap for a mission that will not end otherwise.
WAY_OUT = {"Autre…": 3, "Autre effecteur": 6, "Oui, un autre y va": 12}
IN_GROUP = ("Léa", "Hugo", "Inès", "Paul")
WORDS = (
    "TA 13/8 FC 96 SpO2 93 T 38,4",
    "TA 9/5 FC 120",
    "J'arrive dans 10 minutes",
    "ok",
    "10h45",
    "Pas d'interphone, sonner chez la voisine",
    "/mission",
    "/aide",
    "/missions",
    "06 39 98 00 77",
    PASTE,
)
SPOKEN_KEPT = 4000
FILES = ("photo", "document", "voice")

#: What dice bring in each call while there is trouble.
RATES = {
    "refuse": 0.02,
    "flood": 0.02,
    "hang": 0.01,
    "cut": 0.02,
    "cut_before": 0.01,
    "slow": 0.01,
    "blocked": 0.001,
    "topic_deleted": 0.001,
    "migrated": 0.0002,
}


@dataclass
class Deaths:
    """How often the process died, and how many of its sends nobody wrote down."""

    count: int = 0
    unrecorded: int = 0


class Field(Story):
    """The whole bot, many people, trouble."""

    def __init__(
        self, database_url: str, vault: Vault, folder: Path, *, nurses: int = 0, doctors: int = 0
    ) -> None:
        super().__init__(database_url, vault, folder)
        self._engine = create_engine(sync_address(database_url), poolclass=NullPool)
        self._nurses, self._doctors = nurses, doctors
        self.background = Background()
        self.deaths = Deaths()
        self.acted: Counter[str] = Counter()
        self.told_to_bot: dict[str, float] = {}  # taps the bot has been told of, and their hour
        self.spoken: list[Notice] = []  # what was put into words once, the newest last
        self.excused: set[str] = set()  # taps under work when the process died, or when nobody could answer

    async def begin(self) -> None:
        """The cast and the others; everybody has met the bot."""
        await super().begin()
        async with self.storage.transaction() as tx:
            for number in range(self._nurses):
                name, user = self._somebody(FIRST_NURSE + number, "Idel", number)
                commune = COMMUNES[number % len(COMMUNES)]
                nurse = Person(PersonId(0), Role.IDEL, "SOAK", name, phone=user.phone, commune=commune)
                await tx.people.link_account(await tx.people.add(nurse), user.id, user.id)
            for number in range(self._doctors):
                name, user = self._somebody(FIRST_DOCTOR + number, "Docteur", number)
                doctor = Person(
                    PersonId(0),
                    Role.DOCTOR,
                    "SOAK",
                    name,
                    phone=user.phone,
                    cascade_step=CascadeStep.EFFECTEUR_SAS,
                )
                await tx.people.link_account(await tx.people.add(doctor), user.id, user.id)
        self.telegram.take_updates()

    def _somebody(self, number: int, called: str, nth: int) -> tuple[str, User]:
        name = f"{called}{nth:03}"
        user = self.telegram.add_user(number, name, "Soak", phone=f"+3363998{number:04}")
        self.telegram.start(user)
        self.people[name] = Teller(self, user, name, [user.id])
        return name, user

    async def start_bot(self) -> None:
        """A fresh process; what it puts into words is remembered."""
        await super().start_bot()
        compose = self.bot.delivery.compose

        async def remembered(tx: Transaction, notices: Sequence[Notice]) -> list[Prepared]:
            self.spoken += [notice for notice in notices if notice.kind != KIND]
            del self.spoken[:-SPOKEN_KEPT]
            return await compose(tx, notices)

        self.bot.delivery.compose = remembered

    async def end(self) -> None:
        """Stop."""
        await self.background.stop()
        await super().end()
        self._engine.dispose()

    def rows(self, query: str, **values: Any) -> list[Any]:
        """What stands in the database, read beside the bot."""
        with self._engine.connect() as connection:
            return list(connection.execute(text(query), values))

    # Time

    async def settle(self) -> None:
        """What can be done in a second."""
        await self.let_pass(1)

    async def let_pass(self, seconds: float) -> None:
        """Time runs on; what comes due on the way is done in its order."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while True:
            await self.work()
            moments = [await self.bot.timers.next_moment(), await self.bot.delivery.next_moment()]
            due = [moment for moment in moments if moment is not None and moment <= end]
            if not due:
                break
            self.clock.to(max(min(due), self.clock.now() + timedelta(milliseconds=50)))
        if end > self.clock.now():
            self.clock.to(end)
        await self.work()

    async def work(self) -> None:
        """Everything the bot can do at this moment."""
        while True:
            updates = [] if self.telegram.faults.is_down() else self._updates()
            if updates:
                await self.bot.intake.receive(updates)
            worked = await self.bot.intake.work_all()
            rung = await self.bot.timers.ring_due()
            tally = await self.bot.delivery.drain()
            if not (updates or worked or rung or tally.given_up):
                return

    def _updates(self) -> list[dict[str, Any]]:
        updates = self.telegram.take_updates()
        now = self.clock.now().timestamp()
        for update in updates:
            if (query := update.get("callback_query")) is not None:
                self.told_to_bot[query["id"]] = now
        return updates

    # Death

    async def dies(self, dice: random.Random) -> None:
        """The process dies in the midst of whatever it does at this moment, and comes back."""
        working = self.background.start(self.work(), "the life before")
        await asyncio.sleep(0)
        sending, calls = self.bot.delivery, self.telegram.counts
        if dice.random() < 0.3:  # while it reads and decides
            for _ in range(dice.choice((0, 1, 3, 10, 30))):
                await asyncio.sleep(0)
        else:  # while it sends
            await until(lambda: working.done() or sending.in_flight)
            after = calls.total() + dice.choice((1, 2, 4, 8, 16))
            await until(lambda: working.done() or (calls.total() >= after and sending.in_flight))
        self.deaths.count += 1
        self.deaths.unrecorded += sending.in_flight
        # All at once, as a process ends: nobody has another turn to write anything down.
        working.cancel()
        await self.bot.background.stop()
        await asyncio.wait({working})
        self.excused |= {tap for tap in self.told_to_bot if self.telegram.world.taps[tap].answer is None}
        await self.bot.close()
        await self.comes_back()

    async def comes_back(self) -> None:
        """A fresh process, once the leases of the dead one have ended."""
        with self._engine.begin() as connection:
            for table in ("outbox", "inbox", "timer"):
                connection.execute(text(f"UPDATE {table} SET lease_until = 0 WHERE lease_until > 0"))  # noqa: S608
            connection.execute(text("DELETE FROM lease"))
        starting = self.background.start(self.start_bot(), "start")
        while not starting.done():
            await asyncio.wait({starting}, timeout=0.01)
            if self.telegram.faults.is_down():
                self.clock.forward(seconds=3)
        await starting

    # People

    def buttons(self, teller: Teller, newest: int = 6) -> list[tuple[View, int, int, str]]:
        """What this person could tap, on the newest messages with buttons of each chat."""
        found = []
        for chat in teller.chats:
            chat = self.present(chat)
            views = [v for v in self.telegram.visible(teller.user, chat) if v.from_bot and v.details]
            for view in views[-newest:]:
                for row, buttons in enumerate(view.details):
                    for column, button in enumerate(buttons):
                        if button["kind"] == "callback":
                            found.append((view, row, column, plain(button["text"])))
        return found

    def present(self, chat: int) -> int:
        """A chat's number today."""
        while (moved := self.telegram.world.chats[chat].migrated_to) is not None:
            chat = moved
        return chat

    def taps_something(self, teller: Teller, dice: random.Random) -> str | None:
        """Somebody taps a button of theirs; its words."""
        found = self.buttons(teller)
        if not found:
            return None
        weights = [_taste(label) for _, _, _, label in found]
        view, row, column, label = dice.choices(found, weights)[0]
        self.telegram.tap(teller.user, view.chat, view.id, row, column)
        self.acted["taps"] += 1
        return label

    def carries_on(self, dice: random.Random, *, share: float = 1.0, ends: bool = False) -> None:
        """For each mission that is not closed, or a share of them, somebody does the next thing.

        `ends`: by now the operators end what does not end by itself.
        """
        taste = STEADY | WAY_OUT if ends else STEADY
        # Of the buttons with the same words the newest.
        spots: dict[int, dict[str, tuple[int, int, int, int, float]]] = defaultdict(dict)
        for mission, chat, number in self.rows(
            "SELECT sent.mission, chat_id, message_id FROM sent JOIN mission ON mission.id = sent.mission"
            " WHERE mission.state <> 'closed' AND deleted_at IS NULL ORDER BY sent.mission, sent_at"
        ):
            message = self.telegram.world.chats[chat].messages.get(number)
            for row, buttons in enumerate(message.inline_keyboard if message is not None else ()):
                for column, button in enumerate(buttons):
                    weight = _taste(plain(button["text"]), taste, 0.0)
                    if weight and "callback_data" in button:
                        spots[mission][button["text"]] = chat, number, row, column, weight
        for labels in spots.values():
            if dice.random() > share:
                continue
            found = list(labels.values())
            chat, number, row, column, _ = dice.choices(found, [spot[-1] for spot in found])[0]
            users = self.telegram.world.users
            user = users[chat] if chat in users else self.people[dice.choice(IN_GROUP)].user
            with contextlib.suppress(CannotDo):
                self.telegram.tap(user, chat, number, row, column)
                self.acted["taps"] += 1

    def writes_something(self, teller: Teller, dice: random.Random) -> None:
        """Somebody writes, mostly in private."""
        chat, thread = self._where(teller, dice)
        self._try(lambda: self.telegram.send_text(teller.user, chat, dice.choice(WORDS), thread), "texts")

    def sends_something(self, teller: Teller, dice: random.Random) -> None:
        """Somebody sends a file, or two as an album."""
        kind, count = dice.choice(FILES), dice.choice((1, 1, 2))
        files = [UploadedFile(f"{kind}{n}", b"content %d" % dice.randrange(10**6)) for n in range(count)]
        chat, thread = self._where(teller, dice)
        self._try(lambda: self.telegram.send_files(teller.user, chat, kind, files, thread=thread), "files")

    def corrects_something(self, teller: Teller, dice: random.Random) -> None:
        """Somebody edits a message of theirs."""
        own = [v for v in self.telegram.visible(teller.user, teller.user) if not v.from_bot and v.text]
        if own:
            view = dice.choice(own[-5:])
            self._try(
                lambda: self.telegram.edit_text(teller.user, view.chat, view.id, dice.choice(WORDS)), "edits"
            )

    def acts(self, teller: Teller, dice: random.Random) -> None:
        """Somebody does something."""
        does = dice.random()
        if does < 0.86:
            self.taps_something(teller, dice)
        elif does < 0.94:
            self.writes_something(teller, dice)
        elif does < 0.97:
            self.sends_something(teller, dice)
        else:
            self.corrects_something(teller, dice)

    def _where(self, teller: Teller, dice: random.Random) -> tuple[int, int | None]:
        chat = self.present(dice.choice(teller.chats)) if dice.random() < 0.3 else teller.user.id
        topics = [t.id for t in self.telegram.world.chats[chat].topics.values() if not t.closed]
        return chat, dice.choice(topics) if topics and dice.random() < 0.7 else None

    def _try(self, act: Any, counted: str) -> None:
        try:
            act()
        except CannotDo:
            return
        self.acted[counted] += 1

    # Trouble

    def trouble(self, seed: int, rates: Mapping[str, float] | None = None) -> None:
        """Dice in every call but those without which a bot does not start."""
        self.telegram.faults.at_random(
            seed,
            RATES if rates is None else rates,
            matching=lambda method, params: method not in ("getMe", "getUpdates"),
            slow_seconds=(0.0, 0.002),
        )

    def calm(self) -> None:
        """No more faults, and people let the bot in again."""
        self.telegram.faults.clear()
        self.telegram.mishaps.undo()

    async def open_missions(self) -> Sequence[MissionId]:
        """Those that are not closed."""
        async with self.storage.transaction() as tx:
            return [mission.id for mission in await tx.missions.unfinished()]


def _taste(label: str, taste: Mapping[str, float] = TASTE, otherwise: float = 1.0) -> float:
    return next((weight for words, weight in taste.items() if label.startswith(words)), otherwise)


class Errors(logging.Handler):
    """Gathers the exceptions the bot writes into its log: defects of ours, not of Telegram."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            last = traceback.extract_tb(record.exc_info[2])[-1]
            why = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
            self.said.append(f"{record.getMessage()}: {why} ({Path(last.filename).name}:{last.lineno})")
