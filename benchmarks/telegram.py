"""The emulated Telegram in its own process, with a door for the benchmarks: `python -m benchmarks.telegram`.

Everything the people of a benchmark do is done here, beside the chats, and everything is timed here: when a
tap is made, when its answer arrives, when an offer arrives and when it is on the screen. Moments are those of
the machine's monotonic clock, which all processes share.

    POST /bench/<what>  a method of `Stage`, its arguments as JSON, its answer as JSON
"""

import asyncio
import gc
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import click
from aiohttp import web

from bot.clock import SystemClock, real_monotonic
from bot.sandbox.cast import Cast, gather
from bot.sandbox.chats import User
from bot.sandbox.files import UploadedFile
from bot.sandbox.player import plain
from bot.sandbox.server import create_app, serve
from bot.sandbox.telegram import Answer, Telegram

Json = dict[str, Any]

#: The first user of the nurses who are added to the cast.
FIRST_IDEL = 100_001

#: «ACCEPTER»: mission and epoch stand in the button.
ACCEPT = re.compile(r'"(sa:(\d+):\d+:[^"]*)"')

OPERATOR = "Léa"
PATIENCE = 600.0  # real seconds before a benchmark gives up

PASTE = """Mme {name} Odile, née le 03/02/1932
12 rue des Tanneurs, 68200 Mulhouse
2e étage, code 4B71, la fille ouvre
Tél patiente 03 53 01 {a:02d} {b:02d}
Motif : chute hier, ne marche plus
Demandé par : SAMURL68, médecin généraliste"""


class MovedClock:
    """The machine's time plus an offset, as the bot reads it from its file."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return SystemClock().now() + timedelta(seconds=self.offset)

    async def sleep(self, seconds: float) -> None:
        """Wait real seconds."""
        await asyncio.sleep(seconds)


@dataclass
class Offer:
    """An offer that reached a nurse."""

    user: int
    mission: int
    message: int
    data: str
    arrived: float  # the call at Telegram's door
    shown: float  # the message on her screen


@dataclass
class Notes:
    """What was seen since `forget`."""

    offers: dict[tuple[int, int], Offer] = field(default_factory=dict)  # by mission and nurse
    offered: Counter[int] = field(default_factory=Counter)  # by mission
    calls: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    pressed: dict[str, float] = field(default_factory=dict)
    answered: dict[str, Json] = field(default_factory=dict)  # by tap
    first_send: float | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


class TimedTelegram(Telegram):
    """Notes when calls arrive and when they are carried out."""

    def __init__(self, clock: MovedClock) -> None:
        super().__init__(clock)
        self.notes = Notes()
        self.news = asyncio.Event()

    async def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        files: Mapping[str, UploadedFile] | None = None,
    ) -> Answer:
        """As in Telegram, and noted."""
        arrived = real_monotonic()
        answer = await super().call(method, params, files)
        self._note(method, params or {}, answer, arrived)
        return answer

    def _note(self, method: str, params: Mapping[str, Any], answer: Answer, arrived: float) -> None:
        notes = self.notes
        notes.calls[method] += 1
        notes.statuses[answer.status] += 1
        if method == "answerCallbackQuery":
            tap = str(params.get("callback_query_id"))
            words = plain(str(params.get("text") or ""))
            said = {"arrived": arrived, "shown": real_monotonic(), "words": words, "status": answer.status}
            notes.answered.setdefault(tap, {"pressed": notes.pressed.get(tap), **said})
        elif method == "sendMessage" and answer.status == 200:
            notes.first_send = notes.first_send or arrived
            self._note_offer(params, answer.body["result"], arrived)
        self.news.set()

    def _note_offer(self, params: Mapping[str, Any], sent: Json, arrived: float) -> None:
        markup = params.get("reply_markup") or ""
        found = ACCEPT.search(markup if isinstance(markup, str) else json.dumps(markup))
        if found is None:
            return
        notes, user, mission = self.notes, int(sent["chat"]["id"]), int(found[2])
        if (mission, user) not in notes.offers:
            notes.offered[mission] += 1
        notes.offers[mission, user] = Offer(
            user, mission, sent["message_id"], found[1], arrived, real_monotonic()
        )
        notes.payload = params


class Stage:
    """What a benchmark asks of the people, and of what was seen. Each method is a door."""

    def __init__(self, telegram: TimedTelegram, clock: MovedClock) -> None:
        self.telegram = telegram
        self.clock = clock
        self.cast: Cast = gather(telegram)
        for person in self.cast.people.values():
            person.started = person.on_telegram
        self.patients = 100  # the numbers below are the cast's
        self.asked_from = 0  # the operator's own words; buttons before them are of another mission

    @property
    def operator(self) -> User:
        """Who opens missions."""
        return self.cast.user(OPERATOR)

    def idels(self, count: int) -> Json:
        """So many nurses beside the cast, who have all started the bot; the accounts of everybody."""
        for number in range(count):
            if FIRST_IDEL + number not in self.telegram.world.users:
                self.telegram.add_user(FIRST_IDEL + number, f"Idel{number}", role="idel").started = True
        group = self.cast.group
        return {
            "group": group.id if group else 0,
            "accounts": {user.phone: user.id for user in self.cast.people.values() if user.on_telegram},
        }

    def set(
        self,
        offset: float | None = None,
        limits: bool | None = None,
        latency: list[float] | None = None,
    ) -> None:
        """The clock, the limits, the latency between two bounds in seconds (an empty list: none)."""
        if offset is not None:
            self.clock.offset = offset
            self.telegram.limits.forget()
        if limits is not None:
            self.telegram.limits.on = limits
        if latency is not None:
            self.telegram.latency = (latency[0], latency[1]) if latency else None

    def forget(self) -> None:
        """A new measurement: nothing was seen or sent, nothing waits for a bot."""
        self.telegram.notes = Notes()
        self.telegram.updates.drop()
        self.telegram.limits.forget()
        self.telegram.calls.clear()

    async def prepares(self, patience: float = PATIENCE) -> None:
        """The operator opens a mission up to the button DÉCLENCHER."""
        self.patients += 1
        number = self.patients
        name = "KELLER" + "".join(chr(ord("A") + int(digit)) for digit in str(number))
        paste = PASTE.format(name=name, a=number // 100 % 100, b=number % 100)
        self.asked_from = self.telegram.send_text(self.operator, self.operator.id, paste)[-1].id
        for label in ("Les 5 critères sont remplis", "Aucune exclusion", "Oui"):
            await self._taps(label, patience)
        await self._finds("DÉCLENCHER", patience)

    async def triggers(self) -> float:
        """The operator taps DÉCLENCHER; when."""
        await self._taps("DÉCLENCHER", PATIENCE)
        return real_monotonic()

    async def offers(self, count: int, patience: float = PATIENCE) -> list[Json]:
        """Wait until so many nurses have an offer of the newest mission; those offers, as they came."""
        await self._until(lambda: self._newest()[1] >= count, f"{count} offers", patience)
        mission = self._newest()[0]
        return [vars(offer) for (number, _), offer in self.telegram.notes.offers.items() if number == mission]

    def offers_after(self, moment: float) -> int:
        """How many offers reached a screen after that moment."""
        return sum(offer.shown > moment for offer in self.telegram.notes.offers.values())

    async def taps(self, taps: list[Json], every: float = 0.0) -> list[str]:
        """Each tap (user, message, data), one `every` so many seconds; their numbers."""
        numbers = []
        for tap in taps:
            number = self.telegram.tap_data(tap["user"], tap["user"], tap["message"], tap["data"])
            self.telegram.notes.pressed[number] = real_monotonic()
            numbers.append(number)
            if every:
                await asyncio.sleep(every)
        return numbers

    async def answers(self, numbers: list[str], patience: float = PATIENCE) -> list[Json]:
        """Wait until all of these taps are answered: when each was made and answered, with what words."""
        notes = self.telegram.notes
        await self._until(lambda: all(n in notes.answered for n in numbers), "every tap answered", patience)
        return [notes.answered[number] for number in numbers]

    async def first_send(self, patience: float = PATIENCE) -> float:
        """Wait for the first message since `forget`; when it arrived."""
        await self._until(lambda: self.telegram.notes.first_send is not None, "a first message", patience)
        return self.telegram.notes.first_send or 0.0

    def counts(self) -> Json:
        """Calls by method and by status."""
        notes = self.telegram.notes
        return {
            "calls": dict(notes.calls),
            "refused": notes.statuses[429],
            "unknown": sorted(self.telegram.unknown_methods),
        }

    def payload(self) -> Json:
        """What the bot sent with the newest offer."""
        return dict(self.telegram.notes.payload)

    # inside

    def _newest(self) -> tuple[int, int]:
        offered = self.telegram.notes.offered
        newest = max(offered, default=0)
        return newest, offered[newest]

    async def _until(self, seen: Callable[[], bool], what: str, patience: float) -> None:
        news = self.telegram.news
        try:
            async with asyncio.timeout(patience):
                while not seen():
                    news.clear()
                    await news.wait()
        except TimeoutError:
            raise NotSeen(f"{what}: not seen in {patience:.0f} s") from None

    def _button(self, label: str) -> tuple[int, int, int] | None:
        for view in reversed(self.telegram.visible(self.operator, self.operator.id)):
            if view.id < self.asked_from:
                break
            for row, buttons in enumerate(view.buttons):
                for column, words in enumerate(buttons):
                    if plain(words).startswith(label):
                        return view.id, row, column
        return None

    async def _finds(self, label: str, patience: float) -> tuple[int, int, int]:
        await self._until(lambda: self._button(label) is not None, f"button «{label}»", patience)
        found = self._button(label)
        assert found is not None  # noqa: S101 - just seen, and nothing has run since
        return found

    async def _taps(self, label: str, patience: float) -> None:
        message, row, column = await self._finds(label, patience)
        self.telegram.tap(self.operator, self.operator.id, message, row, column)


class NotSeen(Exception):  # noqa: N818 - what the benchmark says at the end
    """What a benchmark waited for did not come."""


def door(stage: Stage) -> Callable[[web.Request], Any]:
    """The handler of /bench/<what>."""

    async def handler(request: web.Request) -> web.Response:
        method = getattr(stage, request.match_info["what"])
        try:
            answer = method(**await request.json())
            if asyncio.iscoroutine(answer):
                answer = await answer
        except NotSeen as missing:
            return web.json_response({"error": str(missing)}, status=500)
        return web.json_response(answer)

    return handler


async def run(port: int) -> None:
    """Serve until killed."""
    clock = MovedClock()
    telegram = TimedTelegram(clock)
    app = create_app(telegram)
    app.router.add_post("/bench/{what}", door(Stage(telegram, clock)))
    # Telegram does not stand still: what waits here for 50 ms looks like a bot that sends too early.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    await serve(app, port=port)
    await asyncio.Event().wait()


@click.command()
@click.option("--port", required=True, type=int)
def main(port: int) -> None:
    """The emulated Telegram of a benchmark."""
    asyncio.run(run(port))


if __name__ == "__main__":
    main()
