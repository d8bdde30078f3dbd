"""What goes wrong on purpose: refusals, silence, broken lines. Chosen call by call."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.refusals import Refusal, too_many_requests

#: Whether a fault is meant for this call.
Matching = Callable[[str, Mapping[str, Any]], bool]


@dataclass
class Fault:
    """What befalls the next calls that match."""

    matching: Matching
    times: int
    refusal: Refusal | None = None
    hangs: bool = False
    cuts: bool = False


@dataclass
class Faults:
    """The faults in force. `down` refuses every connection; `methods` are the only ones that exist."""

    down: bool = False
    methods: frozenset[str] | None = None
    planned: list[Fault] = field(default_factory=list)

    def only(self, methods: Iterable[str] | None) -> None:
        """Answer 404 to every other method; None lifts this."""
        self.methods = None if methods is None else frozenset(name.lower() for name in methods)

    def refuse(
        self,
        matching: Matching | str,
        *,
        times: int = 1,
        code: int = 500,
        description: str = "Internal Server Error",
    ) -> Fault:
        """Answer the next matching calls with an error, unapplied. A method's name matches all its calls."""
        return self._plan(Fault(_matcher(matching), times, refusal=Refusal(code, description)))

    def flood(self, matching: Matching | str, *, retry_after: int, times: int = 1) -> Fault:
        """Answer the next matching calls with 429."""
        return self._plan(Fault(_matcher(matching), times, refusal=too_many_requests(retry_after)))

    def hang(self, matching: Matching | str, *, times: int = 1) -> Fault:
        """Never answer the next matching calls, which are not applied."""
        return self._plan(Fault(_matcher(matching), times, hangs=True))

    def cut(self, matching: Matching | str, *, times: int = 1) -> Fault:
        """Apply the next matching calls, then break the line before the answer."""
        return self._plan(Fault(_matcher(matching), times, cuts=True))

    def clear(self) -> None:
        """Everything works again."""
        self.down = False
        self.methods = None
        self.planned.clear()

    def exists(self, method: str) -> bool:
        """Whether this server knows the method at all."""
        return self.methods is None or method.lower() in self.methods

    def meet(self, method: str, params: Mapping[str, Any]) -> Fault | None:
        """The fault this call meets, which is then used up by one."""
        for fault in self.planned:
            if fault.times > 0 and fault.matching(method, params):
                fault.times -= 1
                return fault
        return None

    def _plan(self, fault: Fault) -> Fault:
        self.planned.append(fault)
        return fault


def _matcher(matching: Matching | str) -> Matching:
    if not isinstance(matching, str):
        return matching
    name = matching.lower()
    return lambda method, params: name in {"*", method.lower()}
