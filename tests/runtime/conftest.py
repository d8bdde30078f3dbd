"""The runtime on a real database, with an emulated Telegram; the words and handlers are the tests' own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest

from bot.background import Background
from bot.channels.sms import DryRunSms
from bot.delivery import Delivery
from bot.domain.outcome import BOARD, Notice, Place, to_group, to_person
from bot.domain.people import MissionId, Person, PersonId, Role
from bot.ports import Given, Outgoing, Prepared, SmsPort, Storage, Transaction
from bot.present import PresentRegion
from bot.region import load_region
from bot.sandbox.acts import View
from bot.sandbox.chats import BotRights, Chat, User
from bot.sandbox.telegram import Call, Telegram
from bot.telegram_api import TelegramApi
from tests.clock import ManualClock
from tests.sandbox.request import EmulatorRequest
from tests.storage.cast import started

ROOT = "http://telegram.invalid"

#: The methods a whole mission needs; all else is a comfort.
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

#: The two missions that every desk begins with.
M412 = MissionId(1)
M415 = MissionId(2)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def telegram(clock: ManualClock) -> Telegram:
    return Telegram(clock)


class Line(EmulatorRequest):
    """The way to Telegram, which a test may hold."""

    def __init__(self, telegram: Telegram) -> None:
        super().__init__(telegram)
        self.way = asyncio.Event()
        self.way.set()
        self.held = 0  # requests that wait

    async def do_request(self, *args: Any, **more: Any) -> tuple[int, bytes]:
        """Go when the way is free."""
        self.held += 1
        await self.way.wait()
        self.held -= 1
        return await super().do_request(*args, **more)


@pytest.fixture
def line(telegram: Telegram) -> Line:
    return Line(telegram)


@pytest.fixture
async def api(line: Line, telegram: Telegram) -> AsyncIterator[TelegramApi]:
    yield TelegramApi(line, ROOT, telegram.token)
    line.has_no_problems()


@pytest.fixture
def given(storage: Storage, clock: ManualClock) -> Given:
    return Given(storage, clock, PresentRegion(load_region()), fiction_numbers=True)


@pytest.fixture
async def background() -> AsyncIterator[Background]:
    background = Background()
    yield background
    await background.stop()


@pytest.fixture
def lea(telegram: Telegram) -> User:
    user = telegram.add_user(1001, "Léa", "Martin", phone="+33639980001")
    telegram.start(user)
    telegram.take_updates()
    return user


@pytest.fixture
def group(telegram: Telegram, lea: User) -> Chat:
    return telegram.add_group("OSNP SMT 68", [lea], bot_rights=BotRights())


Look = Callable[[Notice], Outgoing | None]


@dataclass
class Desk:
    """Delivery with words of the test's own: `facts["text"]`, or what `looks` says of a kind."""

    given: Given
    telegram: Telegram
    delivery: Delivery
    group: Chat
    looks: dict[str, Look]
    clock: ManualClock
    sms: SmsPort
    line: Line
    begin: Callable[..., Delivery]  # another process on the same database
    people: dict[str, PersonId] = field(default_factory=dict)

    async def owe(self, *notices: Notice) -> None:
        async with self.given.storage.transaction() as tx:
            await tx.outbox.owe(notices, self.given.now())

    async def missions(self, count: int, *, first: int = 500) -> list[MissionId]:
        """More missions, numbered from `first` on."""
        return [(await started(self.given.storage, number=first + n)).id for n in range(count)]

    async def add(self, user: User, *, role: Role = Role.IDEL, started: bool = True) -> Place:
        """Somebody of the list; `started`: has opened their link."""
        async with self.given.storage.transaction() as tx:
            person = await tx.people.add(
                Person(PersonId(0), role, user.last_name or "", user.first_name, phone=user.phone)
            )
            if started:
                await tx.people.link_account(person, user.id, user.id)
        return to_person(person)

    async def new_person(
        self, number: int, name: str, *, role: Role = Role.IDEL, started: bool = True
    ) -> tuple[User, Place]:
        """An invented IDEL with an account, or somebody else."""
        user = self.telegram.add_user(number, name, "Essai", phone=f"+3363998{number:04d}")
        if started:
            self.telegram.start(user)
            self.telegram.take_updates()
        return user, await self.add(user, role=role, started=started)

    async def settle(self, seconds: float = 120.0) -> None:
        """Send until nothing is owed that comes due within so long."""
        end = self.clock.now().timestamp() + seconds
        while True:
            await self.delivery.drain()
            moment = await self.delivery.next_moment()
            if moment is None or moment.timestamp() > end:
                return
            if moment > self.clock.now():
                self.clock.to(moment)

    async def waiting(self) -> int:
        async with self.given.storage.transaction() as tx:
            return await tx.outbox.waiting()

    def sees(self, user: User, chat: Chat | User, thread: int | None = None) -> list[str]:
        """What the bot has written there, as on the person's screen."""
        return [view.text for view in self.views(user, chat, thread)]

    def views(self, user: User, chat: Chat | User, thread: int | None = None) -> list[View]:
        return [v for v in self.telegram.visible(user, chat, thread) if v.from_bot and not v.service]

    def calls(self, *methods: str) -> list[Call]:
        return [call for call in self.telegram.calls if not methods or call.method in methods]

    def earned_429(self) -> int:
        return sum(call.status == 429 for call in self.telegram.calls)


@pytest.fixture
async def desk(
    given: Given,
    telegram: Telegram,
    api: TelegramApi,
    line: Line,
    background: Background,
    group: Chat,
    clock: ManualClock,
) -> Desk:
    looks: dict[str, Look] = {}

    def look(notice: Notice) -> Outgoing | None:
        if notice.kind in looks:
            return looks[notice.kind](notice)
        topic = f"SMT {notice.mission} · Mulhouse" if notice.mission else None
        return Outgoing(str(notice.facts.get("text", notice.kind)), topic=topic, phone="+33639980012")

    async def compose(tx: Transaction, notices: Sequence[Notice]) -> list[Prepared]:
        return [partial(look, notice) for notice in notices]

    sms = DryRunSms()

    def begin(**more: Any) -> Delivery:
        return Delivery(
            given,
            api,
            compose,
            sms,
            group_id=group.id,
            background=background,
            may_merge={"test.line"},
            **more,
        )

    desk = Desk(given, telegram, begin(), group, looks, clock, sms, line, begin)
    assert await desk.missions(2, first=412) == [M412, M415]
    return desk


def says(text: str, to: Place, mission: MissionId | None = None, **more: object) -> Notice:
    """A notice whose words are `text`."""
    return replace(Notice("test.says", to, mission, facts={"text": text}), **more)  # type: ignore[arg-type]


def in_group(text: str, mission: MissionId = M412, **more: object) -> Notice:
    return says(text, to_group(mission), mission, **more)


def informs(text: str, mission: MissionId = M412, **more: object) -> Notice:
    """A line of the mission's topic that asks nothing of anybody."""
    return in_group(text, mission, **{"kind": "test.line"} | more)


def on_board(text: str, **more: object) -> Notice:
    return says(text, BOARD, None, **more)
