"""How the bot is doing: `/health`, `/metrics`, and whether its heart may beat.

Asks the database what waits, never twice at once and never for longer than two seconds: whoever asks gets
an answer also while the database hangs.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prometheus_client.core import Metric

from bot.background import Background
from bot.clock import real_monotonic
from bot.delivery import Delivery
from bot.domain.calendar import service_hours
from bot.intake import Intake
from bot.metrics import Metrics, counters, gauge, gauges
from bot.ports import Given, Waiting

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # real ones
OWED_TOO_LONG = timedelta(minutes=2)
UNHEARD_SECONDS = 120.0  # real ones, without Telegram having been asked
RESTART_TAKES = timedelta(minutes=1)  # nothing may ring within it

#: Events of the journal that whoever operates the bot wants to see counted.
EVENTS = ("watch.repaired", "watch.rung", "outage.told", "timer.failed")


@dataclass(frozen=True, slots=True)
class Looked:
    """What the database said."""

    waiting: Waiting
    next_send: datetime | None
    events: Mapping[str, int]


class Condition:
    """Answers whoever watches."""

    def __init__(
        self,
        given: Given,
        background: Background,
        delivery: Delivery,
        intake: Intake,
        metrics: Metrics,
        *,
        worker: str,
        polls: bool,
    ) -> None:
        self._given = given
        self._background = background
        self._delivery = delivery
        self._intake = intake
        self._metrics = metrics
        self._worker = worker
        self._polls = polls
        self._started_at = real_monotonic()
        self._looking: asyncio.Task[None] | None = None
        self._looked: Looked | None = None

    async def health(self, *, ready: bool) -> Mapping[str, Any]:
        """For monitors, for whoever wants to restart, and for the sandbox, which waits until it is quiet."""
        now, looked = self._given.now(), await self._look()
        here: dict[str, Any] = {
            "ready": ready and looked is not None,
            "database": looked is not None,
            "quiet": False,
            "safe_to_restart": False,
            "now": now.isoformat(),
            "worker": self._worker,
            "is_sender": self._delivery.is_sender,
            "in_flight": self._delivery.in_flight,
            "in_flight_bound": self._delivery.in_flight_bound,
            "working": self._intake.working,
            "last_send": _iso(self._delivery.last_sent_at),
        }
        if looked is None:
            return here
        waiting, hours = looked.waiting, service_hours(self._given.region, now)
        return here | {
            "quiet": self._is_quiet(looked, now),
            "safe_to_restart": self._is_quiet(looked, now)
            and (waiting.next_timer is None or waiting.next_timer > now + RESTART_TAKES),
            "inbox": waiting.updates,
            "owed": waiting.owed,
            "oldest_owed_seconds": _age(waiting.oldest_owed, now),
            "next_send": _iso(looked.next_send),
            "next_timer": _iso(waiting.next_timer),
            "timers_due": waiting.timers_due,
            "oldest_due_timer_seconds": _age(waiting.next_timer, now) if waiting.timers_due else None,
            "open_missions": sum(waiting.missions.values()),
            "service_open": hours.is_open,
            "next_opening": _iso(hours.next_opening),
        }

    async def is_idle(self) -> bool:
        """Whether nobody waits for anything at this moment."""
        looked = await self._look()
        return looked is not None and self._delivery.is_sender and self._is_quiet(looked, self._given.now())

    async def ailment(self) -> str | None:
        """Why an outside monitor should hear nothing; None when all is well."""
        looked, now = await self._look(), self._given.now()
        if looked is None:
            return "the database does not answer"
        asked = max(self._intake.asked_at or 0.0, self._started_at)
        if self._polls and real_monotonic() - asked > UNHEARD_SECONDS:
            return "Telegram cannot be asked for updates"
        oldest = looked.waiting.oldest_owed
        if oldest is not None and now - oldest > OWED_TOO_LONG:
            return "something has been owed for more than two minutes"
        return None

    async def metrics(self) -> bytes:
        """Everything counted, in Prometheus' text."""
        looked = await self._look()
        return self._metrics.written(*self._of_now(looked), *([] if looked is None else self._stored(looked)))

    # inside

    def _is_quiet(self, looked: Looked, now: datetime) -> bool:
        waiting = looked.waiting
        return (
            waiting.updates == 0
            and self._intake.working == 0
            and self._delivery.in_flight == 0
            and (looked.next_send is None or looked.next_send > now)
            and (waiting.next_timer is None or waiting.next_timer > now)
        )

    async def _look(self) -> Looked | None:
        """What the database says; None when it does not answer in time."""
        if self._looking is None or self._looking.done():
            self._looked = None
            self._looking = self._background.start(self._ask(), "a look at the database")
        await asyncio.wait([self._looking], timeout=LOOK_SECONDS)
        # What still hangs is left to end by itself: cancelled, it would wait for the same database.
        return self._looked if self._looking.done() else None

    async def _ask(self) -> None:
        try:
            async with self._given.storage.transaction() as tx:
                waiting = await tx.figures.waiting(self._given.now())
                events = await tx.figures.happened(EVENTS)
            self._looked = Looked(waiting, await self._delivery.next_moment(), events)
        except Exception:
            log.exception("the database does not answer")

    def _of_now(self, looked: Looked | None) -> list[Metric]:
        counts = dataclasses.asdict(self._delivery.counts)
        limited, unknown = counts.pop("rate_limited"), counts.pop("unknown")
        return [
            gauge("smt_database_up", "Whether the database answered within two seconds.", looked is not None),
            gauge("smt_is_sender", "Whether this process sends for the bot.", self._delivery.is_sender),
            gauge("smt_in_flight", "Sends begun and not recorded.", self._delivery.in_flight),
            gauge("smt_in_flight_bound", "How many of them there may be.", self._delivery.in_flight_bound),
            counters("smt_notices", "What became of notices, in this process.", "end", counts),
            counters(
                "smt_telegram_trouble",
                "429s earned (too_fast); sends of which nobody knew whether they had succeeded (unknown).",
                "kind",
                {"too_fast": limited, "unknown": unknown},
            ),
        ]

    def _stored(self, looked: Looked) -> list[Metric]:
        waiting, now = looked.waiting, self._given.now()
        late = _age(waiting.next_timer, now) if waiting.timers_due else 0
        return [
            gauge("smt_inbox", "Updates kept and not done.", waiting.updates),
            gauge("smt_owed", "Notices owed or being sent.", waiting.owed),
            gauge("smt_oldest_owed_seconds", "Age of the oldest.", _age(waiting.oldest_owed, now) or 0),
            gauge("smt_timers_due", "Timers whose moment has come.", waiting.timers_due),
            gauge("smt_oldest_due_timer_seconds", "By how much the earliest is late.", late),
            gauges("smt_missions", "Missions not closed, by state.", "state", waiting.missions),
            counters(
                "smt_events",
                "Events of the journal since the beginning, of all workers: repairs of the watchdog, requests"
                " repeated, accounts of an absence, timers that failed.",
                "kind",
                looked.events,
            ),
        ]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _age(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else round(max(0.0, (now - since).total_seconds()), 1)
