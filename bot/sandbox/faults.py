"""What goes wrong on purpose: refusals, floods, silence, broken lines, outages; by plan or by dice.

    faults.refuse("sendMessage", times=2)            5xx or any other answer, unapplied
    faults.flood("*", retry_after=7)                 429
    faults.hang("sendMessage")                       never answered, not applied
    faults.cut("sendMessage")                        applied, then the line breaks: nobody knows
    faults.cut("sendMessage", applied=False)         the line breaks before: nobody knows either
    faults.slow("*", seconds=(0.5, 3.0), times=None) applied, and answered late (real seconds)
    faults.outage(begins, ends)                      nobody answers in between, on the clock
    faults.outage_for(20.0)                          nobody answers for so many real seconds
    faults.down = True                               nobody answers until told otherwise
    faults.at_random(412, {"cut": 0.02, "flood": 0.05, "blocked": 0.001})   and at_random(None) ends it

`matching` is a method's name, «*», or a function of method and parameters; `times=None` lasts until `clear`.
What befalls the chats themselves (a block, a kick, a topic deleted, a group migrated) is an act of people:
`acts`; the dice may ask for it by the names in `mishaps`.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.clock import Clock, real_monotonic
from bot.sandbox.refusals import Refusal, too_many_requests

#: Whether a fault is meant for this call.
Matching = Callable[[str, Mapping[str, Any]], bool]

#: The faults of the line that dice may bring.
OF_THE_LINE = ("refuse", "flood", "hang", "cut", "cut_before", "slow")
#: What dice may do to the chat a call names.
OF_THE_CHAT = ("blocked", "kicked", "topic_deleted", "migrated")

STUMBLES = ((500, "Internal Server Error"), (502, "Bad Gateway"), (503, "Service Unavailable"))
FLOOD_SECONDS = (1, 30)
SLOW_SECONDS = (0.0, 0.02)


@dataclass
class Fault:
    """What befalls the next calls that match."""

    kind: str
    matching: Matching
    times: int | None = 1  # None: until it is cleared
    refusal: Refusal | None = None
    delay: tuple[float, float] | None = None  # real seconds before the answer goes back

    @property
    def hangs(self) -> bool:
        """Whether the call is taken and never answered."""
        return self.kind == "hang"

    @property
    def cuts_before(self) -> bool:
        """Whether the line breaks before the call is carried out."""
        return self.kind == "cut_before"

    @property
    def cuts_after(self) -> bool:
        """Whether the line breaks once the call is carried out."""
        return self.kind == "cut"


class Dice:
    """Decides call by call; each chat and method has its own throws, whatever the others do."""

    def __init__(
        self,
        seed: int,
        rates: Mapping[str, float],
        matching: Matching,
        *,
        flood_seconds: tuple[int, int] = FLOOD_SECONDS,
        slow_seconds: tuple[float, float] = SLOW_SECONDS,
    ) -> None:
        unknown = set(rates) - {*OF_THE_LINE, *OF_THE_CHAT}
        if unknown or sum(rates.values()) > 1:
            raise ValueError(f"no such rates: {sorted(unknown) or 'more than 1 altogether'}")
        self.seed = seed
        self.rates = dict(rates)
        self._matching = matching
        self._flood_seconds = flood_seconds
        self._slow_seconds = slow_seconds
        self._thrown: Counter[tuple[str, str]] = Counter()

    def throw(self, method: str, params: Mapping[str, Any]) -> Fault | None:
        """What befalls this call, mostly nothing."""
        if not self._matching(method, params):
            return None
        lane = (method.lower(), str(params.get("chat_id", "")))
        self._thrown[lane] += 1
        # Reproducible, not secret.
        throw = random.Random(f"{self.seed}/{lane}/{self._thrown[lane]}")  # noqa: S311
        left = throw.random()
        for kind, rate in self.rates.items():
            left -= rate
            if left < 0:
                return self._fault(kind, throw)
        return None

    def _fault(self, kind: str, throw: random.Random) -> Fault:
        fault = Fault(kind, self._matching)
        if kind == "refuse":
            fault.refusal = Refusal(*throw.choice(STUMBLES))
        elif kind == "flood":
            fault.refusal = too_many_requests(throw.randint(*self._flood_seconds))
        elif kind == "slow":
            fault.delay = self._slow_seconds
        return fault


@dataclass
class Faults:
    """The faults in force. `down` refuses every connection; `methods` are the only ones that exist."""

    clock: Clock
    down: bool = False
    methods: frozenset[str] | None = None
    planned: list[Fault] = field(default_factory=list)
    dice: Dice | None = None
    met: Counter[str] = field(default_factory=Counter)  # how many calls met what
    _outages: list[tuple[datetime, datetime]] = field(default_factory=list)
    _down_until: float = 0.0  # real seconds

    def is_down(self) -> bool:
        """Whether nobody answers now."""
        if self.down or real_monotonic() < self._down_until:
            return True
        if not self._outages:
            return False
        now = self.clock.now()
        return any(begins <= now < ends for begins, ends in self._outages)

    def outage(self, begins: datetime, ends: datetime) -> None:
        """Nobody answers in between, on the clock."""
        self._outages.append((begins, ends))

    def outage_for(self, seconds: float) -> None:
        """Nobody answers for so many real seconds."""
        self._down_until = real_monotonic() + seconds

    def only(self, methods: Iterable[str] | None) -> None:
        """Answer 404 to every other method; None lifts this."""
        self.methods = None if methods is None else frozenset(name.lower() for name in methods)

    def refuse(
        self,
        matching: Matching | str,
        *,
        times: int | None = 1,
        code: int = 500,
        description: str = "Internal Server Error",
    ) -> Fault:
        """Answer the next matching calls with an error, unapplied. A method's name matches all its calls."""
        return self._plan(Fault("refuse", _matcher(matching), times, refusal=Refusal(code, description)))

    def flood(self, matching: Matching | str, *, retry_after: int, times: int | None = 1) -> Fault:
        """Answer the next matching calls with 429."""
        return self._plan(Fault("flood", _matcher(matching), times, refusal=too_many_requests(retry_after)))

    def hang(self, matching: Matching | str, *, times: int | None = 1) -> Fault:
        """Never answer the next matching calls, which are not applied."""
        return self._plan(Fault("hang", _matcher(matching), times))

    def cut(self, matching: Matching | str, *, times: int | None = 1, applied: bool = True) -> Fault:
        """Break the line on the next matching calls: once they are applied, or before."""
        return self._plan(Fault("cut" if applied else "cut_before", _matcher(matching), times))

    def slow(
        self, matching: Matching | str, *, seconds: float | tuple[float, float], times: int | None = 1
    ) -> Fault:
        """Apply the next matching calls and answer late, by so many real seconds or a draw between two."""
        delay = seconds if isinstance(seconds, tuple) else (seconds, seconds)
        return self._plan(Fault("slow", _matcher(matching), times, delay=delay))

    def at_random(
        self,
        seed: int | None,
        rates: Mapping[str, float] | None = None,
        *,
        matching: Matching | str | None = None,
        flood_seconds: tuple[int, int] = FLOOD_SECONDS,
        slow_seconds: tuple[float, float] = SLOW_SECONDS,
    ) -> None:
        """Let dice decide for each call, polling aside unless `matching` says else; None takes them away."""
        self.dice = None
        if seed is not None:
            self.dice = Dice(
                seed,
                rates or {},
                _not_polling if matching is None else _matcher(matching),
                flood_seconds=flood_seconds,
                slow_seconds=slow_seconds,
            )

    def clear(self) -> None:
        """Everything works again. What befell chats stays as it is: `mishaps` undoes it."""
        self.down = False
        self.methods = None
        self.planned.clear()
        self.dice = None
        self._outages.clear()
        self._down_until = 0.0

    def exists(self, method: str) -> bool:
        """Whether this server knows the method at all."""
        return self.methods is None or method.lower() in self.methods

    def meet(self, method: str, params: Mapping[str, Any]) -> Fault | None:
        """The fault this call meets, which is then used up by one."""
        for fault in self.planned:
            if (fault.times is None or fault.times > 0) and fault.matching(method, params):
                if fault.times is not None:
                    fault.times -= 1
                self.met[fault.kind] += 1
                return fault
        if self.dice is None or (thrown := self.dice.throw(method, params)) is None:
            return None
        if thrown.kind in OF_THE_LINE:
            self.met[thrown.kind] += 1
        return thrown

    def _plan(self, fault: Fault) -> Fault:
        self.planned.append(fault)
        return fault


def _not_polling(method: str, params: Mapping[str, Any]) -> bool:
    del params
    return method.lower() != "getupdates"


def _matcher(matching: Matching | str) -> Matching:
    if not isinstance(matching, str):
        return matching
    name = matching.lower()
    return lambda method, params: name in {"*", method.lower()}
