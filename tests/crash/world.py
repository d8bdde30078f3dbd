"""The world of one crash: Telegram, its people and the clock live here, the bots are processes that die.

They meet over HTTP and in the database only. What must be true at the end is read from Telegram's own
record of what it has carried out, and from the database.
"""

import asyncio
import csv
import html
import json
import os
import random
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa
from aiohttp import web

from bot.clock import FileClock, SystemClock, real_monotonic
from bot.domain.mission import SearchState
from bot.flows import people as people_flow
from bot.ports import Given
from bot.present import PresentRegion
from bot.region import load_region
from bot.sandbox.cast import LISTING, Cast, gather
from bot.sandbox.files import UploadedFile
from bot.sandbox.play import PROJECT, start_moment
from bot.sandbox.player import Player, plain
from bot.sandbox.ports import free_port
from bot.sandbox.server import create_app, serve
from bot.sandbox.telegram import TOKEN, Answer, Telegram
from bot.settings import DEFAULT_REGION
from storage.database import SqlStorage, open_storage
from storage.tables import leases, metadata
from storage.vault import Vault
from tests.crash.points import Point
from tests.regions import asking_everybody

SECRET = "a secret for the tests only"
CROWD = 45  # nurses beside those of the cast
PATIENCE = 60.0  # real seconds, for what must come
LOOK_SECONDS = 0.02
STEP_SECONDS = 4.0  # of the clock, while everybody waits
SEEN_SECONDS = 1.0  # real ones: whoever has not asked for updates since is dead
TAGS = re.compile(r"<[^>]+>")
LEASED_FOR = 3600.0  # real seconds, more than any lease lasts


@dataclass(frozen=True)
class Sent:
    """One message that Telegram has put into a chat."""

    chat: int
    thread: int | None
    text: str
    at: float  # real seconds
    by: int  # the number of the process that sent it


#: Through which door of Telegram, that is, by which process, a call has come.
_door: ContextVar[int] = ContextVar("door", default=-1)


class Watcher(Telegram):
    """The emulated Telegram, with the real hour of every message it has carried out, and of who asked."""

    carried_out: list[Sent]
    asked: list[tuple[float, int]]  # for updates: the real seconds, and the number of the process

    async def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        files: Mapping[str, UploadedFile] | None = None,
    ) -> Answer:
        if method == "getUpdates":
            self.asked.append((real_monotonic(), _door.get()))
        answer = await super().call(method, params, files)
        given = params or {}
        if answer.status == 200 and method.startswith("send"):
            text = plain(html.unescape(TAGS.sub("", str(given.get("text", given.get("caption", ""))))))
            thread = given.get("message_thread_id")
            chat, topic = int(given["chat_id"]), int(thread) if thread else None
            self.carried_out.append(Sent(chat, topic, text, real_monotonic(), _door.get()))
        return answer


@dataclass
class World:
    """One Telegram, one database, and the processes of its bot."""

    folder: Path
    database_url: str
    clock: FileClock
    telegram: Watcher
    cast: Cast
    storage: SqlStorage
    given: Given
    dice: random.Random
    processes: list["Process"] = field(default_factory=list)
    doors: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def player(self) -> Player:
        """Hands for the people."""

        async def at_once() -> None:
            """Nobody waits for the bot but where they look for something."""

        async def forward(minutes: float) -> None:
            self.clock.forward(minutes * 60)

        return Player(self.telegram, self.clock, self.cast, forward, at_once, PATIENCE)

    @property
    def nurses(self) -> list[str]:
        """Everybody who is asked."""
        return [name for name, user in self.cast.people.items() if user.role == "idel"]

    @property
    def group(self) -> int:
        """The chat of the operators."""
        assert self.cast.group is not None
        return self.cast.group.id

    def chat(self, name: str) -> int:
        """Somebody's private chat."""
        return self.cast.user(name).id

    def said(self, chat: int, words: str) -> list[Sent]:
        """The messages of a chat with these words, as they were sent."""
        return [sent for sent in self.telegram.carried_out if sent.chat == chat and words in sent.text]

    def shows(self, chat: int, words: str) -> bool:
        """Whether these words stand in that chat now."""
        messages = self.telegram.world.chats[chat].messages.values()
        return any(words in plain(message.text) for message in messages)

    # processes

    def bot(self, *, at: tuple[Point, int] | None = None, count: bool = False) -> "Process":
        """One more process of the bot, not yet started."""
        process = Process(self, len(self.processes), at, count)
        self.processes.append(process)
        return process

    async def door(self, number: int) -> int:
        """The port at which one process meets Telegram, which knows by that who calls."""

        @web.middleware
        async def seen(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            _door.set(number)
            return await handler(request)

        app = create_app(self.telegram)
        app.middlewares.append(seen)
        runner = await serve(app)
        self.doors.push_async_callback(runner.cleanup)
        port: int = runner.addresses[0][1]
        return port

    async def the_leases_of_the_dead_end(self) -> None:
        """As though so much time had passed that nothing a dead process held is held any more."""
        async with self.storage.connection() as connection:
            for table in metadata.tables.values():
                for column in table.columns:
                    if column.name in ("lease_until", "alive_until") or column is leases.c.until:
                        past = {column.name: column - LEASED_FOR}
                        await connection.execute(sa.update(table).where(column.is_not(None)).values(past))

    async def owed(self) -> int:
        """How much is owed to people."""
        async with self.storage.transaction() as tx:
            return await tx.outbox.waiting()

    async def until(
        self,
        condition: Callable[[], bool] | Callable[[], Awaitable[bool]],
        what: str,
        *,
        hurry: bool = False,
        within: float = PATIENCE,
    ) -> None:
        """Wait for something; the clock runs on meanwhile where `hurry` is given."""
        end = real_monotonic() + within
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            if real_monotonic() > end:
                raise AssertionError(f"It never came true: {what}\n{self.last_words()}")
            # A tap that Telegram holds for a dead bot is lost after 150 s: time waits for the heir.
            if hurry and self.telegram.updates.alive(SEEN_SECONDS):
                self.clock.forward(STEP_SECONDS)
            await asyncio.sleep(LOOK_SECONDS * (4 if hurry else 1))

    async def everything_is_said(self) -> None:
        """Run the clock until nothing is owed, nothing waits, and nothing is due."""
        calm = 0

        async def at_rest() -> bool:
            nonlocal calm
            now = self.given.now()
            async with self.storage.transaction() as tx:
                waiting = await tx.outbox.waiting() + await tx.inbox.waiting()
                timer = await tx.timers.next_due()
            busy = waiting or self.telegram.updates.pending() or self.telegram.in_flight
            calm = 0 if busy or (timer is not None and timer <= now) else calm + 1
            return calm > 2

        await self.until(at_rest, "nothing is owed any more", hurry=True)

    def last_words(self) -> str:
        """The end of every process's log."""
        return "\n".join(f"--- {p.name}\n{p.log.read_text()[-3000:]}" for p in self.processes)

    # what must be true

    async def account(self) -> "Account":
        """What became of everything."""
        async with self.storage.connection() as connection:
            tables = metadata.tables
            rows = (await connection.execute(sa.select(tables["outbox"]))).all()
            timers = (await connection.execute(sa.select(tables["timer"]))).all()
            journal = (await connection.execute(sa.select(tables["journal"]))).all()
            inbox = (await connection.execute(sa.select(tables["inbox"].c.state))).all()
        now = self.given.now()
        lost = [f"owed and not settled: {row.kind} to {row.place}" for row in rows if not row.finished_at]
        lost += [
            f"given up: {row.kind} to {row.place} ({row.reason})" for row in rows if row.state == "given_up"
        ]
        lost += [f"update left in state {row.state}" for row in inbox if row.state != "done"]
        lost += [
            f"timer {row.kind} of mission {row.mission} is {row.state}, due {row.due}"
            for row in timers
            if row.state == "failed" or (row.state == "pending" and row.due <= now)
        ]
        lost += [f"tap of {tap.user.name} on «{tap.data}»" for tap in self._unanswered()]
        same = Counter((sent.chat, sent.thread, sent.text) for sent in self.telegram.carried_out if sent.text)
        return Account(
            lost=lost,
            journal=Counter((row.mission, row.kind) for row in journal),
            again={key: times for key, times in same.items() if times > 1},
        )

    def _unanswered(self) -> list[Any]:
        """Taps that got neither an answer nor anything new on screen."""
        calls = [call for call in self.telegram.calls if call.status == 200]
        return [
            tap
            for tap in self.telegram.world.taps.values()
            if tap.data
            and tap.answer is None
            and not any(
                call.at >= tap.at
                and call.method in ("sendMessage", "editMessageText", "editMessageReplyMarkup")
                and str(call.params.get("chat_id")) in (str(tap.chat.id), str(tap.user.id))
                for call in calls
            )
        ]

    async def winners(self) -> list[tuple[int, int]]:
        """Mission and nurse, for each search that is over."""
        async with self.storage.connection() as connection:
            ids = (await connection.execute(sa.select(metadata.tables["mission"].c.id))).scalars().all()
        found = []
        for mission_id in ids:
            async with self.storage.transaction() as tx:
                mission = await tx.missions.get(mission_id)
            if mission is not None and mission.search.state is SearchState.TAKEN:
                found.append((int(mission_id), int(mission.search.taken_by or 0)))
        return found


@dataclass
class Account:
    """What a round has come to."""

    lost: list[str] = field(default_factory=list)
    journal: Counter[tuple[int, str]] = field(default_factory=Counter)
    again: dict[tuple[int, int | None, str], int] = field(default_factory=dict)  # came more than once

    def times(self, kind: str) -> int:
        """How often something was decided, in all missions."""
        return sum(times for (_, of), times in self.journal.items() if of == kind)


class Process:
    """One process of the bot."""

    def __init__(self, world: World, number: int, at: tuple[Point, int] | None, count: bool) -> None:
        self._world = world
        self._at = at
        self._count = count
        self.number = number
        self.name = f"bot {number}" + (f", to die at {at[0]}:{at[1]}" if at else "")
        self.log = world.folder / f"bot-{number}.log"
        self.passages = world.folder / f"passages-{number}.json"
        self.port = free_port()
        self.started_at = 0.0
        self.process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Its number."""
        assert self.process is not None
        return self.process.pid

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        """Start it; it works as soon as it can."""
        command = [sys.executable, "-m", "bot", "run"]
        if self._at is not None or self._count:
            command = [sys.executable, "-m", "tests.crash.victim", "--passages", str(self.passages)]
        if self._at is not None:
            command += ["--at", f"{self._at[0]}:{self._at[1]}"]
        door = await self._world.door(self.number)
        self.started_at = real_monotonic()
        with self.log.open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *command,
                cwd=PROJECT,
                env=self._environment(door),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def ready(self) -> None:
        """Wait until it says so."""
        await self._world.until(self._says_ready, f"{self.name} is ready")

    async def _says_ready(self) -> bool:
        assert self.lives, f"{self.name} has stopped\n{self._world.last_words()}"
        return bool((await self.health()).get("ready"))

    async def health(self) -> dict[str, Any]:
        """What it says of itself; nothing while it does not answer."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
                session.get(f"http://127.0.0.1:{self.port}/health") as response,
            ):
                found: dict[str, Any] = await response.json()
                return found
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return {}

    async def dies(self) -> None:
        """Wait for its death by its own hand."""
        assert self.process is not None
        code = await asyncio.wait_for(self.process.wait(), PATIENCE)
        assert code == -signal.SIGKILL, f"{self.name} ended with {code}\n{self._world.last_words()}"

    @property
    def sends(self) -> bool:
        """Whether it is the one that sends for the bot, by its own words."""
        return self._holds("sender")

    @property
    def fetches(self) -> bool:
        """Whether it is the one that asks for updates, by its own words."""
        return self._holds("poller")

    def _holds(self, lease: str) -> bool:
        said: list[str] = re.findall(
            rf"{lease}:\d+ is (ours|another's)", self.log.read_text(encoding="utf-8")
        )
        return said[-1:] == ["ours"]

    async def kill(self) -> None:
        """SIGKILL, from outside."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> None:
        """Ask it to stop, and wait."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), PATIENCE)
        except TimeoutError:
            await self.kill()
            raise

    def passed(self) -> Counter[str]:
        """How often it passed each point, once it has stopped."""
        return Counter(json.loads(self.passages.read_text(encoding="ascii")))

    def _environment(self, door: int) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SMT_")}
        return kept | {
            "SMT_BOT_TOKEN": TOKEN,
            "SMT_TELEGRAM_API": f"http://127.0.0.1:{door}",
            "SMT_GROUP_ID": str(self._world.group),
            "SMT_DATA_DIR": str(self._world.folder),
            "SMT_DATABASE_URL": self._world.database_url,
            "SMT_PUBLIC_URL": "",
            "SMT_INTAKE": "polling",
            "SMT_SMS": f"http://127.0.0.1:{door}/sms",
            "SMT_FICTION_NUMBERS": "true",
            "SMT_CLOCK": str(self._world.folder / "clock"),
            "SMT_LISTEN": f"127.0.0.1:{self.port}",
            "SMT_SECRET_KEY": SECRET,
            "SMT_REGION": str(asking_everybody(self._world.folder)),
        }


@asynccontextmanager
async def opened(database_url: str, folder: Path, seed: int, crowd: int = CROWD) -> AsyncIterator[World]:
    """Telegram is there, everybody is registered, no bot runs yet."""
    offset = (start_moment(None) - SystemClock().now()).total_seconds()
    (folder / "clock").write_text(f"{offset:.3f}\n", encoding="ascii")
    clock = FileClock(folder / "clock")
    telegram = Watcher(clock)
    telegram.carried_out, telegram.asked = [], []
    cast = gather(telegram)
    listing = LISTING.read_text(encoding="utf-8") + _add_crowd(telegram, cast, crowd)
    storage = open_storage(database_url, Vault.from_secret(SECRET))
    given = Given(storage, clock, PresentRegion(load_region(DEFAULT_REGION)), fiction_numbers=True)
    world = World(folder, database_url, clock, telegram, cast, storage, given, random.Random(seed))
    try:
        await _register(world, listing)
        yield world
    finally:
        for process in world.processes:
            if process.lives:
                await process.kill()
        await world.doors.aclose()
        await storage.close()


def _add_crowd(telegram: Telegram, cast: Cast, size: int) -> str:
    """More nurses; their lines for the listing."""
    with LISTING.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    lines = []
    for number in range(1, size + 1):
        row = dict.fromkeys(header, "") | {
            "role": "idel",
            "last_name": f"N{number:03d}",
            "first_name": "Camille",
            "phone": f"+336399810{number:02d}" if number < 100 else f"+33639982{number:03d}",
            "rpps": f"99900001{number:03d}",
            "commune": "Mulhouse",
        }
        lines.append(",".join(row.values()))
        user = telegram.add_user(
            2000 + number, row["first_name"], row["last_name"], phone=row["phone"], role="idel"
        )
        cast.people[f"Camille {row['last_name']}"] = user
    return "".join(f"{line}\n" for line in lines)


async def _register(world: World, listing: str) -> None:
    read = people_flow.read_listing(listing, world.given.region, fiction_numbers=True)
    await people_flow.import_listing(world.given, read)
    by_phone = {user.phone: user for user in world.cast.people.values() if user.phone and user.on_telegram}
    async with world.storage.transaction() as tx:
        for person in await tx.people.all():
            user = by_phone.get(person.phone or "")
            if user is not None:
                world.telegram.start(user)
                await tx.people.link_account(person.id, user.id, user.id)
    world.telegram.take_updates()
