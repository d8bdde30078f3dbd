"""The door for tests and benchmarks in other processes: they shape this Telegram and act as its people.

    python -m bot.sandbox --port 8081 --clock FILE --latency 0.05-0.15     the emulated Telegram alone

All JSON, on loopback only; what cannot be done is 400 {"ok": false, "error": …}. People and chats are
numbers.

POST /control/people   {"count": 1000, "first_id": 100001, "first_name": "Idel", "role": "idel",
                        "phone": "+33639980000", "started": true} -> {"ids": […]}
                       names are numbered, phones too when a first one is given; `started` lets the bot
                       write to them, without an update. Or
                       {"people": [{"id", "first_name", "last_name", "phone", "role"}, …]}
POST /control/groups   {"title", "members": [1001], "forum": true, "purpose": "osnp"} -> {"id": -100…}
POST /control/taps     {"taps": [{"user": 1001, "chat": …, "message": …, "label" | "data": …}],
                        "spread_seconds": 0} -> {"ids": [0, 1, …]}
                       in the private chat unless told; without `message`, the newest with that label
GET  /control/answers?since=0
                       {"answers": [{"id", "user", "tap", "pressed_at", "answered_at", "text", "alert",
                        "error"}], "waiting": n}; seconds of the machine's monotonic clock, which all its
                       processes share; `answered_at` null while there is no answer
POST /control/texts    {"texts": [{"user", "chat", "text", "thread", "reply_to"}], "spread_seconds": 0}
POST /control/acts     {"acts": [{"do": "block", "user", "chat"}]} -> {"results": […]}, for `migrate` the
                       new number of the group. Also unblock, deactivate, start (payload), kick, add_bot,
                       migrate, delete_topic (thread), join, leave
POST /control/faults   {"clear": true, "down": false, "outage_seconds": 20 (real),
                        "outage": {"begins": ISO, "ends": ISO} (on the clock),
                        "plan": [{"kind": "refuse" | "flood" | "hang" | "cut" | "cut_before" | "slow",
                                  "method": "sendMessage" | "*", "chat": …, "times": 1 | null,
                                  "code": 500, "description": …, "retry_after": 7, "seconds": [0.5, 3]}],
                        "random": {"seed": 412, "rates": {"cut": 0.02}} | null, "undo": true}
                       in this order; `undo` lets the bot in again wherever dice have put it out
POST /control/limits   {"on": false}
POST /control/latency  {"from": 0.05, "to": 0.15}, or {} for none
POST /control/clock    {"seconds": 300} moves the clock of all who watch its file
POST /control/reset    {} counts, calls, sent messages and answers begin anew
GET  /control/counts   {"calls": {"sendMessage": {"200": 12, "429": 1}}, "earned_429": 1, "faults": {…},
                        "sent": 12, "chats": {"1001": 4}, "pending_updates": 0, "in_flight": 0,
                        "polling": true, "now": seconds}; `chats`: messages sent to each
GET  /control/sent?since=0&chat=…
                       {"sent": [{"chat", "thread", "message", "text", "at"}], "next": n}
GET  /control/calls?since=0&method=…
                       {"calls": [{"method", "params", "status", "answer", "at"}]}, the last ones kept
GET  /control/messages?user=1001&chat=…
                       {"messages": [{"id", "thread", "from_bot", "text", "buttons", "silent", "pinned",
                        "date", "edited"}]}, as this person sees them
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from aiohttp import web

from bot.background import Background
from bot.clock import FileClock, real_monotonic
from bot.sandbox.acts import CannotDo
from bot.sandbox.chats import BotRights
from bot.sandbox.faults import Faults, Matching
from bot.sandbox.messages import Message
from bot.sandbox.telegram import Telegram

Json = dict[str, Any]

HERE = {"127.0.0.1", "::1"}


@dataclass
class Press:
    """One tap asked for at this door; `tap` once it was made, `error` when it could not be."""

    id: int
    asked: Json
    tap: str | None = None
    error: str | None = None


class Control:
    """Serves what the module's first lines tell."""

    def __init__(self, telegram: Telegram, background: Background) -> None:
        self._telegram = telegram
        self._background = background
        self._presses: list[Press] = []

    def add_to(self, app: web.Application) -> None:
        """The addresses of the door."""
        posts: dict[str, Callable[[Json], Json]] = {
            "people": self._people,
            "groups": self._groups,
            "taps": self._taps,
            "texts": self._texts,
            "acts": self._acts,
            "faults": self._faults,
            "limits": self._limits,
            "latency": self._latency,
            "clock": self._clock,
            "reset": self._reset,
        }
        gets: dict[str, Callable[[Mapping[str, str]], Json]] = {
            "answers": self._answers,
            "counts": self._counts,
            "sent": self._sent,
            "calls": self._calls,
            "messages": self._messages,
        }
        for name, post in posts.items():
            app.router.add_post(f"/control/{name}", _posted(post))
        for name, get in gets.items():
            app.router.add_get(f"/control/{name}", _got(get))

    # Who there is

    def _people(self, asked: Json) -> Json:
        people = asked.get("people")
        if people is None:
            first, phone = int(asked.get("first_id", 100_001)), asked.get("phone")
            people = [
                {
                    "id": first + number,
                    "first_name": f"{asked.get('first_name', 'Idel')} {number + 1}",
                    "phone": f"+{int(phone) + number}" if phone else None,
                    "role": asked.get("role", ""),
                }
                for number in range(int(asked["count"]))
            ]
        for one in people:
            user = self._telegram.add_user(
                int(one["id"]),
                str(one["first_name"]),
                str(one.get("last_name", "")),
                phone=one.get("phone"),
                role=str(one.get("role", "")),
            )
            user.started = bool(asked.get("started", True))
        return {"ids": [int(one["id"]) for one in people]}

    def _groups(self, asked: Json) -> Json:
        chat = self._telegram.add_group(
            str(asked["title"]),
            [int(member) for member in asked.get("members", ())],
            forum=bool(asked.get("forum", True)),
            purpose=str(asked.get("purpose", "osnp")),
        )
        return {"id": chat.id}

    # What they do

    def _taps(self, asked: Json) -> Json:
        presses = [
            Press(len(self._presses) + number, dict(one)) for number, one in enumerate(list(asked["taps"]))
        ]
        self._presses += presses
        self._spread([partial(self._press, one) for one in presses], asked)
        return {"ids": [one.id for one in presses]}

    def _press(self, press: Press) -> None:
        asked = press.asked
        user = int(asked["user"])
        chat = int(asked.get("chat", user))
        try:
            if (data := asked.get("data")) is not None:
                press.tap = self._telegram.tap_data(user, chat, int(asked["message"]), str(data))
                return
            message, row, column = self._button(chat, asked.get("message"), str(asked["label"]))
            press.tap = self._telegram.tap(user, chat, message, row, column)
        except CannotDo as why:
            press.error = str(why)

    def _button(self, chat: int, message: int | None, label: str) -> tuple[int, int, int]:
        shown = self._telegram.world.chats[chat].messages if chat in self._telegram.world.chats else {}
        if message is not None and message not in shown:
            raise CannotDo("Ce message n'existe plus.")
        looked: Sequence[Message] = [shown[message]] if message else list(reversed(shown.values()))
        for one in looked:
            for row, buttons in enumerate(one.inline_keyboard):
                for column, button in enumerate(buttons):
                    if label in button["text"].replace("\u00a0", " ").replace("\u202f", " "):
                        return one.id, row, column
        raise CannotDo(f"Pas de bouton «{label}».")

    def _texts(self, asked: Json) -> Json:
        texts = [dict(one) for one in asked["texts"]]
        self._spread([partial(self._write, one) for one in texts], asked)
        return {}

    def _write(self, asked: Json) -> None:
        user = int(asked["user"])
        chat = int(asked.get("chat", user))
        thread, reply_to = asked.get("thread"), asked.get("reply_to")
        self._telegram.send_text(user, chat, str(asked["text"]), thread, reply_to)

    def _spread(self, acts: Sequence[Callable[[], object]], asked: Json) -> None:
        """Do all at once, or evenly over real seconds."""
        seconds = float(asked.get("spread_seconds", 0))
        if seconds > 0 and acts:
            self._background.start(_one_by_one(acts, seconds / len(acts)), "people act")
            return
        for act in acts:
            act()

    def _acts(self, asked: Json) -> Json:
        return {"results": [self._act(dict(one)) for one in asked["acts"]]}

    def _act(self, one: Json) -> int | None:
        telegram = self._telegram
        user, chat = int(one.get("user", 0)), int(one.get("chat", 0))
        does: dict[str, Callable[[], object]] = {
            "block": lambda: telegram.block(user),
            "unblock": lambda: telegram.unblock(user),
            "deactivate": lambda: telegram.deactivate(user),
            "start": lambda: telegram.start(user, str(one.get("payload", ""))),
            "kick": lambda: telegram.kick_bot(chat, user),
            "add_bot": lambda: telegram.add_bot_to_group(chat, user, BotRights()),
            "join": lambda: telegram.join(user, chat),
            "leave": lambda: telegram.leave(user, chat),
            "delete_topic": lambda: telegram.delete_topic(chat, int(one["thread"])),
        }
        if one["do"] == "migrate":
            return telegram.migrate(chat).id
        does[str(one["do"])]()
        return None

    # What goes wrong, and how fast it all is

    def _faults(self, asked: Json) -> Json:
        faults = self._telegram.faults
        if asked.get("clear"):
            faults.clear()
        if "down" in asked:
            faults.down = bool(asked["down"])
        if "outage_seconds" in asked:
            faults.outage_for(float(asked["outage_seconds"]))
        if window := asked.get("outage"):
            faults.outage(datetime.fromisoformat(window["begins"]), datetime.fromisoformat(window["ends"]))
        for one in asked.get("plan", ()):
            _plan(faults, dict(one))
        if "random" in asked:
            dice = asked["random"] or {"seed": None}
            faults.at_random(dice["seed"], dice.get("rates"))
        if asked.get("undo"):
            self._telegram.mishaps.undo()
        return {}

    def _limits(self, asked: Json) -> Json:
        self._telegram.limits.on = bool(asked["on"])
        return {}

    def _latency(self, asked: Json) -> Json:
        self._telegram.latency = (float(asked["from"]), float(asked["to"])) if "from" in asked else None
        return {}

    def _clock(self, asked: Json) -> Json:
        clock = self._telegram.clock
        if not isinstance(clock, FileClock):
            raise CannotDo("L'horloge n'avance pas ainsi.")
        clock.forward(float(asked["seconds"]))
        return {"now": clock.now().isoformat()}

    def _reset(self, asked: Json) -> Json:
        del asked
        telegram = self._telegram
        telegram.counts.clear()
        telegram.calls.clear()
        telegram.world.sent.clear()
        telegram.faults.met.clear()
        self._presses.clear()
        return {}

    # What has happened

    def _answers(self, query: Mapping[str, str]) -> Json:
        answers = [self._answer(press) for press in self._presses[int(query.get("since", 0)) :]]
        return {
            "answers": answers,
            "waiting": sum(a["answered_at"] is None and not a["error"] for a in answers),
        }

    def _answer(self, press: Press) -> Json:
        tap = self._telegram.world.taps[press.tap] if press.tap is not None else None
        answer = tap.answer if tap else None
        return {
            "id": press.id,
            "user": press.asked["user"],
            "tap": press.tap,
            "pressed_at": tap.pressed if tap else None,
            "answered_at": tap.answered if tap else None,
            "text": answer.text if answer else None,
            "alert": answer.alert if answer else None,
            "error": press.error,
        }

    def _counts(self, query: Mapping[str, str]) -> Json:
        del query
        telegram = self._telegram
        calls: dict[str, dict[str, int]] = {}
        for (method, status), count in telegram.counts.items():
            calls.setdefault(method, {})[str(status)] = count
        refused = sum(count for (_, status), count in telegram.counts.items() if status == 429)
        return {
            "calls": calls,
            "earned_429": refused - telegram.faults.met["flood"],
            "faults": dict(telegram.faults.met),
            "sent": len(telegram.world.sent),
            "chats": {
                str(chat): count for chat, count in Counter(s.chat for s in telegram.world.sent).items()
            },
            "pending_updates": telegram.updates.pending(),
            "in_flight": telegram.in_flight,
            "polling": telegram.updates.polling,
            "now": real_monotonic(),
        }

    def _sent(self, query: Mapping[str, str]) -> Json:
        since, chat = int(query.get("since", 0)), query.get("chat")
        found = [
            {"chat": s.chat, "thread": s.thread, "message": s.message, "text": s.text, "at": s.at}
            for s in itertools.islice(self._telegram.world.sent, since, None)
            if chat is None or s.chat == int(chat)
        ]
        return {"sent": found, "next": len(self._telegram.world.sent)}

    def _calls(self, query: Mapping[str, str]) -> Json:
        since, method = int(query.get("since", 0)), query.get("method", "")
        found = [
            {
                "method": call.method,
                "params": dict(call.params),
                "status": call.status,
                "answer": call.answer,
                "at": call.at.isoformat(),
            }
            for call in itertools.islice(self._telegram.calls, since, None)
            if not method or call.method == method
        ]
        return {"calls": found}

    def _messages(self, query: Mapping[str, str]) -> Json:
        user = int(query["user"])
        views = self._telegram.visible(user, int(query.get("chat", user)))
        return {
            "messages": [
                {
                    "id": view.id,
                    "thread": view.thread,
                    "from_bot": view.from_bot,
                    "text": view.text,
                    "buttons": view.buttons,
                    "silent": view.silent,
                    "pinned": view.pinned,
                    "date": view.date.isoformat(),
                    "edited": view.edited.isoformat() if view.edited else None,
                }
                for view in views
            ]
        }


def _plan(faults: Faults, one: Json) -> None:
    kind, times = str(one["kind"]), one.get("times", 1)
    matching = _matching(str(one.get("method", "*")), one.get("chat"))
    if kind == "refuse":
        code = int(one.get("code", 500))
        faults.refuse(
            matching, times=times, code=code, description=one.get("description", "Internal Server Error")
        )
    elif kind == "flood":
        faults.flood(matching, times=times, retry_after=int(one.get("retry_after", 1)))
    elif kind == "hang":
        faults.hang(matching, times=times)
    elif kind in {"cut", "cut_before"}:
        faults.cut(matching, times=times, applied=kind == "cut")
    elif kind == "slow":
        shortest, longest = one["seconds"]
        faults.slow(matching, times=times, seconds=(float(shortest), float(longest)))
    else:
        raise CannotDo(f"Panne inconnue : {kind}.")


def _matching(method: str, chat: object) -> Matching:
    wanted = method.lower()

    def matches(called: str, params: Mapping[str, Any]) -> bool:
        right = wanted == called.lower() or (wanted == "*" and called.lower() != "getupdates")
        return right and (chat is None or str(params.get("chat_id")) == str(chat))

    return matches


async def _one_by_one(acts: Sequence[Callable[[], object]], every: float) -> None:
    begun = real_monotonic()
    for number, act in enumerate(acts):
        await asyncio.sleep(max(0.0, begun + number * every - real_monotonic()))
        act()


Handler = Callable[[web.Request], Awaitable[web.Response]]


def _posted(serve: Callable[[Json], Json]) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        return _answered(request, serve, await request.json() if request.can_read_body else {})

    return handle


def _got(serve: Callable[[Mapping[str, str]], Json]) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        return _answered(request, serve, request.query)

    return handle


def _answered(request: web.Request, serve: Callable[[Any], Json], asked: object) -> web.Response:
    if request.remote not in HERE:
        raise web.HTTPForbidden
    try:
        return web.json_response({"ok": True, **serve(asked)})
    except CannotDo as why:
        return web.json_response({"ok": False, "error": str(why)}, status=400)
    except (KeyError, TypeError, ValueError) as error:
        wrong = f"{type(error).__name__}: {error}"
        return web.json_response({"ok": False, "error": wrong}, status=400)
