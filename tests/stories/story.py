"""The vocabulary of the stories: the whole bot, a real database, the emulated Telegram, a moved clock.

    story.person("Amina").taps("ACCEPTER · 20 min")
    story.person("Léa").sees("Amina")
    await story.wait(minutes=30)

Nothing of the bot is replaced: the emulated Telegram stands behind PTB's own request seam.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from bot.app import Bot, build
from bot.channels.sms import DryRunSms
from bot.clock import PARIS
from bot.domain import calendar, search, waves
from bot.domain.mission import (
    Contact,
    Dossier,
    Mission,
    MissionState,
    Rules,
    Search,
    SearchState,
    Sex,
)
from bot.domain.people import MissionId, Organisation, Person, Role
from bot.flows import people as people_flow
from bot.flows import search as search_flow
from bot.flows.record import record
from bot.ports import Storage
from bot.sandbox.acts import View
from bot.sandbox.chats import Chat, User
from bot.sandbox.files import UploadedFile
from bot.sandbox.telegram import TOKEN, Telegram
from bot.settings import DEFAULT_REGION, Secret, Settings
from storage.database import open_storage
from storage.vault import Vault
from tests.clock import ManualClock
from tests.sandbox.request import EmulatorRequest

#: The cast of the sandbox.
LISTING = (Path(__file__).parents[2] / "bot" / "sandbox" / "cast.csv").read_text(encoding="utf-8")

#: Of the cast, those whom only a telephone reaches.
WITHOUT_TELEGRAM = ("Jean",)

#: How far «at once» may move the clock: Telegram takes one message a second into a chat, 20 a minute
#: into a group.
AT_ONCE = timedelta(minutes=4)


def plain(text: str) -> str:
    """Without the narrow and non-breaking spaces of French typography."""
    return re.sub(r"[\u00a0\u202f]", " ", text)


@dataclass
class Teller:
    """One person of the cast, in front of a phone."""

    story: "Story"
    user: User
    name: str
    chats: list[int]
    _seen: set[tuple[int, int]] = field(default_factory=set)
    _last_tap: str | None = None

    # What the person does

    async def taps(self, label: str, *, nth: int = 0) -> None:
        """Tap the newest button that carries these words; fail when it is not on the screen."""
        found = [(view, spot) for view in self._newest_first() if (spot := _button(view, label))]
        if len(found) <= nth:
            raise AssertionError(f"{self.name} has no button «{label}» on screen.\n{self.screen()}")
        view, (row, column) = found[nth]
        self._last_tap = self.story.telegram.tap(self.user, view.chat, view.id, row, column)
        await self.story.settle()

    async def ends_the_visit(self) -> None:
        """«Visite terminée», confirmed where no video has taken place."""
        await self.taps("Visite terminée")
        if self.has_button("Oui, terminée"):
            await self.taps("Oui, terminée")

    async def taps_old(self, view: View, data: str) -> None:
        """Tap a button that has gone from the screen since: a slow phone still had it."""
        self._last_tap = self.story.telegram.tap_data(self.user, view.chat, view.id, data)
        await self.story.settle()

    async def types(self, text: str, *, to: int | None = None, thread: int | None = None) -> None:
        """Write a text, in the private chat unless `to` says elsewhere."""
        self.story.telegram.send_text(self.user, to or self.user.id, text, thread=thread)
        await self.story.settle()

    async def replies(self, text: str, *, to_message_with: str) -> None:
        """Answer the newest message that has these words."""
        view = next(v for v in self._newest_first() if to_message_with in plain(v.text))
        self.story.telegram.send_text(self.user, view.chat, text, thread=view.thread, reply_to=view.id)
        await self.story.settle()

    async def edits(self, old: str, new: str) -> None:
        """Correct an own message."""
        view = next(v for v in self._newest_first() if old in plain(v.text) and not v.from_bot)
        self.story.telegram.edit_text(self.user, view.chat, view.id, new)
        await self.story.settle()

    async def sends(
        self, kind: str, *names: str, caption: str = "", size: int | None = None, to: int | None = None
    ) -> None:
        """Send files: «photo», «document», «voice»…; several photos are an album."""
        files = [UploadedFile(name, b"content of " + name.encode()) for name in names or ("photo.jpg",)]
        self.story.telegram.send_files(self.user, to or self.user.id, kind, files, caption=caption, size=size)
        await self.story.settle()

    async def sends_file(self, name: str, text: str, *, caption: str = "") -> None:
        """Send one document with these words in it."""
        files = [UploadedFile(name, text.encode())]
        self.story.telegram.send_files(self.user, self.user.id, "document", files, caption=caption)
        await self.story.settle()

    # What the person sees

    def messages(self) -> list[View]:
        """Everything in the chats this person is in, oldest first."""
        views = [v for chat in self.chats for v in self.story.telegram.visible(self.user, chat)]
        return sorted(views, key=lambda v: (v.edited or v.date, v.date, v.id))

    def _newest_first(self) -> list[View]:
        views = [v for chat in self.chats for v in self.story.telegram.visible(self.user, chat)]
        return sorted(views, key=lambda v: (v.date, v.id), reverse=True)

    def newest(self, words: str) -> View:
        """The newest message with these words."""
        for view in self._newest_first():
            if words in plain(view.text):
                return view
        raise AssertionError(f"{self.name} does not see «{words}».\n{self.screen()}")

    def sees(self, *words: str) -> View:
        """There is a message with all of these words."""
        for view in self._newest_first():
            if all(word in plain(view.text) for word in words):
                return view
        raise AssertionError(f"{self.name} does not see {words}.\n{self.screen()}")

    def sees_not(self, words: str) -> None:
        """No message has these words."""
        for view in self._newest_first():
            if words in plain(view.text):
                raise AssertionError(f"{self.name} sees «{words}»:\n{view.text}")

    def sees_button(self, label: str) -> None:
        """Such a button is on screen."""
        if not any(_button(view, label) for view in self._newest_first()):
            raise AssertionError(f"{self.name} has no button «{label}».\n{self.screen()}")

    def has_button(self, label: str) -> bool:
        """Whether such a button is on screen."""
        return any(_button(view, label) for view in self._newest_first())

    def sees_no_button(self, label: str) -> None:
        """No such button is on screen."""
        for view in self._newest_first():
            if _button(view, label):
                raise AssertionError(f"{self.name} has a button «{label}» on:\n{view.text}")

    def looks_away(self) -> None:
        """From now on, `new` counts."""
        self._seen = {(v.chat, v.id) for v in self.messages()}

    def new(self) -> list[View]:
        """Messages since `looks_away`."""
        return [v for v in self.messages() if (v.chat, v.id) not in self._seen]

    def sees_nothing_new(self) -> None:
        """No message since `looks_away`."""
        new = [v.text for v in self.new() if not v.service]
        assert not new, f"{self.name} got: {new}"

    def rang(self, words: str) -> None:
        """The newest message with these words made a sound."""
        assert not self.newest(words).silent, f"«{words}» was silent for {self.name}"

    def is_told_at_once(self, *words: str) -> None:
        """The answer to the last tap has these words."""
        assert self._last_tap is not None, f"{self.name} has tapped nothing"
        answer = self.story.telegram.answers.get(self._last_tap)
        assert answer is not None, f"{self.name}'s tap was not answered"
        text = plain(answer.text or "")
        missing = [word for word in words if word not in text]
        assert not missing, f"{self.name} was told «{text}»"

    def screen(self) -> str:
        """What stands in this person's chats."""
        return "\n".join(
            f"[{v.chat}/{v.thread}] {'(silent) ' if v.silent else ''}{v.sender}: "
            f"{plain(v.text)} {v.buttons or ''}"
            for v in self.messages()
        )


def _button(view: View, label: str) -> tuple[int, int] | None:
    for row, buttons in enumerate(view.buttons):
        for column, words in enumerate(buttons):
            if plain(words) == label:
                return row, column
    return view.button(label)


class Story:
    """The world of one test."""

    def __init__(
        self,
        database_url: str,
        vault: Vault,
        folder: Path,
        *,
        forum: bool = True,
        region: Path = DEFAULT_REGION,
        listing: str = LISTING,
    ) -> None:
        self.listing = listing
        self.clock = ManualClock()
        self.telegram = Telegram(self.clock, token=TOKEN)
        self.request = EmulatorRequest(self.telegram)
        self.vault = vault
        self.sms = DryRunSms()
        self.has_gateway = True  # for text messages
        self.people: dict[str, Teller] = {}
        self.houses: dict[str, int] = {}
        self.database_url = database_url
        self.folder = folder
        self.group: Chat = self._cast(forum)
        self.settings = Settings(
            bot_token=Secret(TOKEN),
            telegram_api="http://telegram.invalid",
            group_id=self.group.id,
            data_dir=folder,
            database_url=Secret(database_url),
            secret_key=Secret("a secret for the tests only"),
            fiction_numbers=True,
            region=region,
        )
        self.bot: Bot

    def _cast(self, forum: bool) -> Chat:
        rows = list(csv.DictReader(self.listing.splitlines()))
        users = []
        for number, row in enumerate(rows, start=1001):
            if row["role"] == "organisation" or row["first_name"] in WITHOUT_TELEGRAM:
                continue
            user = self.telegram.add_user(
                number, row["first_name"], row["last_name"], phone=row["phone"], role=row["role"]
            )
            users.append((row, user))
        staff = [user for row, user in users if row["role"] in ("osnp", "regulateur", "coordinateur")]
        group = self.telegram.add_group("SAS 68 · SMT", staff, forum=forum, purpose="osnp")
        for row, user in users:
            chats = [user.id]
            if user in staff:
                chats.append(group.id)
            self.people[row["first_name"]] = Teller(self, user, row["first_name"], chats)
        return group

    async def begin(self) -> None:
        """The bot starts, and everybody of the cast is registered."""
        await self.start_bot()
        given = self.bot.given
        listing = people_flow.read_listing(self.listing, given.region, fiction_numbers=True)
        await people_flow.import_listing(given, listing)
        async with given.storage.transaction() as tx:
            for person in await tx.people.all():
                teller = self.people.get(person.first_name)
                if teller is not None:
                    self.telegram.start(teller.user)
                    await tx.people.link_account(person.id, teller.user.id, teller.user.id)
        self.telegram.take_updates()

    async def start_bot(self) -> None:
        """A fresh process on the same database."""
        self.bot = build(
            self.settings,
            request=self.request,
            clock=self.clock,
            sms=self.sms if self.has_gateway else None,
            storage=open_storage(self.settings.database, self.vault),
        )
        await self.bot.take_up()
        await self.bot.connect()

    async def the_bot_restarts(self) -> None:
        """The process dies and comes back."""
        await self.bot.close()
        await self.start_bot()
        await self.settle()

    async def end(self) -> None:
        """Stop, and check that every call was one that Telegram knows."""
        await self.bot.close()
        self.request.has_no_problems()

    @property
    def storage(self) -> Storage:
        """The bot's own storage."""
        return self.bot.storage

    def person(self, name: str) -> Teller:
        """Somebody of the cast, by first name."""
        return self.people[name]

    async def house(self, name: str, *members: str) -> Teller:
        """The chat of an organisation, registered; told through its first member."""
        tellers = [self.people[member] for member in members]
        chat = self.telegram.add_group(name, [t.user for t in tellers], forum=False, purpose="organisation")
        async with self.storage.transaction() as tx:
            for organisation in await tx.people.organisations():
                if organisation.name == name:
                    await tx.people.link_organisation(organisation.id, chat.id)
        for teller in tellers:
            teller.chats.append(chat.id)
        self.houses[name] = chat.id
        self.telegram.take_updates()
        return tellers[0]

    async def settle(self) -> None:
        """Let the bot do all it can do now; what Telegram's pace holds back follows within minutes."""
        end = self.clock.now() + AT_ONCE
        while True:
            await self._work()
            moment = await self.bot.delivery.next_moment()
            if moment is None or moment > end:
                return
            if moment > self.clock.now():
                self.clock.to(moment)

    async def _work(self) -> None:
        """What people did is worked, what is due rings, what is owed is sent; again while that woke more."""
        while True:
            updates = self.telegram.take_updates()
            if updates:
                await self.bot.intake.receive(updates)
            worked = await self.bot.intake.work_all()
            rung = await self.bot.timers.ring_due()
            tally = await self.bot.delivery.drain()
            if not (updates or worked or rung or tally.given_up):
                return

    async def wait(self, **time: float) -> None:
        """Time passes; every timer rings in its order."""
        end = self.clock.now() + timedelta(**time)
        await self.settle()
        while True:
            moments = [await self.bot.timers.next_moment(), await self.bot.delivery.next_moment()]
            due = [m for m in moments if m is not None and m <= end]
            if not due:
                break
            self.clock.to(max(min(due), self.clock.now()))
            await self._work()
        self.clock.to(max(end, self.clock.now()))
        await self.settle()

    # A mission without its opening dialogue

    async def mission(
        self,
        *,
        asked_by: str = "Léa",
        offered_to: Sequence[str] | None = None,
        medecin_traitant: str | None = None,
        commune: str = "68224",
        age: int = 94,
        exercise: bool = False,
        motif: str | None = None,
        in_waves: bool = False,
    ) -> Mission:
        """A mission opened at this moment, and offered to everybody at once unless `in_waves`."""
        given, now = self.bot.given, self.clock.now()
        async with self.storage.transaction() as tx:
            everybody = {p.first_name: p for p in await tx.people.all()}
            delays = given.region.delays
            hours = calendar.service_hours(given.region, now)
            number = await tx.missions.next_number(now.year)
            draft = Mission(
                id=MissionId(0),
                number=number,
                year=now.year,
                state=MissionState.OPEN,
                operator=everybody[asked_by].id,
                requested_by="SAMURL68, médecin généraliste",
                triggered_at=now,
                limit=now + delays.limit,
                closes_at=hours.closes_at,
                age=age,
                sex=Sex.FEMALE,
                commune=commune,
                motif=motif or given.region.motifs[0].key,
                rules=Rules(
                    answer=delays.answer,
                    warning=delays.answer_warning,
                    prolongation=delays.prolongation,
                    reminders=delays.orientation_reminders,
                    visit_hour=delays.visit_hour,
                    late_arrival=delays.late_arrival,
                    visio_after_arrival=delays.visio_after_arrival,
                    visio_on_site=delays.visio_on_site,
                    pause=delays.pause,
                    closing_reminder=delays.closing_reminder,
                    purge_after_visit=delays.purge_after_visit,
                    usual_idel=timedelta(minutes=given.region.usual_idel_minutes),
                ),
                search=Search(SearchState.OFFERED, 1, now, now + delays.answer),
                regulateur=everybody["Paul"].id,
                medecin_traitant=everybody[medecin_traitant].id if medecin_traitant else None,
                exercise=exercise,
                rings=tuple(
                    p.id
                    for p in everybody.values()
                    if exercise and (p.role is Role.DOCTOR or p.first_name in (offered_to or ()))
                ),
            )
            mission_id = await tx.missions.add(draft, PATIENT)
            mission = draft.with_(id=mission_id)
            found = await search_flow.candidates(given, tx, mission)
            if offered_to is not None:
                named = tuple(c for c in found.candidates if c.person.first_name in offered_to)
                found = replace(found, candidates=named)
            wave = waves.at_once(found)
            if in_waves:
                wave = await search_flow.first_wave(given, tx, found, answer_by=mission.search.answer_by)
            outcome = await search_flow.warned(given, tx, search.start(mission, wave, now))
            await record(given, tx, outcome, "p1")
        self.bot.wake()
        await self.settle()
        return await self.mission_now(mission_id)

    async def mission_now(self, mission: MissionId) -> Mission:
        """How it stands in the database."""
        async with self.storage.transaction() as tx:
            found = await tx.missions.get(mission)
        assert found is not None
        return found

    def sms_sent(self) -> list[tuple[str, str, str]]:
        """Every text message: to, text, reference."""
        return [(sms.to, sms.text, sms.ref) for sms in self.sms.texts]

    def local(self, at: datetime) -> str:
        """An hour as people in Haut-Rhin say it."""
        return at.astimezone(PARIS).strftime("%H:%M")

    async def journal(self, mission: MissionId) -> list[str]:
        """What happened, in order."""
        async with self.storage.transaction() as tx:
            return [line.kind for line in await tx.journal.of_mission(mission)]

    async def registered(self, role: Role) -> list[Person]:
        """Everybody of a role."""
        async with self.storage.transaction() as tx:
            return await tx.people.all(role)

    async def organisations(self) -> list[Organisation]:
        """Every house."""
        async with self.storage.transaction() as tx:
            return await tx.people.organisations()


PATIENT = Dossier(
    last_name="KELLER",
    first_name="Odile",
    birth_date="1932-02-03",
    address="12 rue des Tanneurs",
    postal_code="68200",
    commune_name="Mulhouse",
    floor="2e étage",
    door_code="4B71",
    who_opens="la fille ouvre",
    patient_phone="+33353010012",
    caller=Contact("Anne Keller", "+33639980099", "fille"),
    motif_text="chute hier, ne marche plus",
    medecin_traitant=Contact("Dr Jean Weber", "+33639980024"),
)

__all__ = ["AT_ONCE", "PATIENT", "Story", "Teller", "plain"]
