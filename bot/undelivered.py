"""What OSNP are told when something could not be said. Knows places and people, and no words."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.outcome import (
    BOARD,
    GROUP_KINDS,
    Event,
    Fact,
    Notice,
    PlaceKind,
    Priority,
    to_group,
    to_person,
)
from bot.domain.people import MissionId, PersonId, Role
from bot.ports import Given, Transaction

log = logging.getLogger(__name__)

TOLD_AFTER = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(seconds=30)
LOOK_BACK = timedelta(days=3)  # for an outage that was told before a restart
#: Text messages to a number that is no patient's: OSNP may read it in the group.
TO_DOCTORS = frozenset({"visio.sms", "doctor.sms", "cascade.sms", "cascade.sms_over"})


def report(kind: str, notice: Notice, reason: str) -> Notice:
    """What OSNP are told of a notice nobody got: once per person and mission, however many there were."""
    facts: dict[str, Fact] = {"kind": notice.kind, "reason": reason}
    if notice.to.kind is PlaceKind.ORGANISATION:
        facts["organisation"] = notice.to.id
    elif notice.to.id:
        facts["person"] = notice.to.id
    elif notice.kind in TO_DOCTORS:
        facts["phone"] = notice.facts.get("phone")
    return Notice(
        kind=kind,
        to=BOARD if notice.mission is None else to_group(MissionId(notice.mission)),
        mission=notice.mission,
        facts=facts,
        priority=Priority.RECEIPT,
        card=f"{kind}:{notice.to}",
    )


async def not_said(tx: Transaction, notice: Notice, reason: str) -> list[Notice]:
    """What is told in private when Telegram refuses a message in the group for good."""
    mission = await tx.missions.get(MissionId(notice.mission)) if notice.mission is not None else None
    if mission is not None:
        told = [mission.operator]
    else:
        told = [person.id for person in await tx.people.all(Role.COORDINATEUR) if person.on_telegram]
    return [
        Notice(
            "delivery.not_said",
            to_person(person),
            notice.mission,
            facts={"kind": notice.kind, "reason": reason},
            card=f"delivery.not_said:{notice.to}",
        )
        for person in told
    ]


class GroupOutage:
    """Whether the OSNP group can be written to. When not, its people are told in private, once."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._telling = asyncio.Lock()
        self._told: bool | None = None  # None: not looked up since the start
        self._failures = 0
        self.since: datetime | None = None

    async def failed(self, reason: str) -> datetime:
        """It could not be written to; when to try again."""
        now = self._given.now()
        if self.since is None:
            self.since, self._failures = now, 0
            log.error("the OSNP group cannot be written to: %s", reason)
        self._failures += 1
        if now - self.since >= TOLD_AFTER:
            async with self._telling:
                if self._told is not True:
                    await self._tell(reason, now)
        return now + min(timedelta(seconds=2.0 ** min(self._failures - 1, 6)), LONGEST_PAUSE)

    async def reached(self) -> None:
        """Something was said in the group."""
        if self.since is None and self._told is False:
            return
        async with self._telling:
            self.since, self._failures = None, 0
            if self._told is False:
                return
            now = self._given.now()
            async with self._given.storage.transaction() as tx:
                if await self._was_told(tx, now):
                    await tx.outbox.owe(await self._to_everybody(tx, "delivery.group_back", {}), now)
                    await tx.journal.write(None, [Event("group.back")], None, now)
            self._told = False

    async def _tell(self, reason: str, now: datetime) -> None:
        assert self.since is not None  # noqa: S101 - it has just failed
        async with self._given.storage.transaction() as tx:
            if not await self._was_told(tx, now):
                facts: dict[str, Fact] = {"since": self.since.isoformat(), "reason": reason}
                await tx.outbox.owe(await self._to_everybody(tx, "delivery.group_lost", facts), now)
                await tx.journal.write(None, [Event("group.lost", facts)], None, now)
        self._told = True
        log.error("its people were told in private")

    async def _was_told(self, tx: Transaction, now: datetime) -> bool:
        """Also by a process before this one."""
        lost = await tx.journal.between(now - LOOK_BACK, now + TOLD_AFTER, "group.lost")
        back = await tx.journal.between(now - LOOK_BACK, now + TOLD_AFTER, "group.back")
        return bool(lost) and (not back or back[-1].id < lost[-1].id)

    async def _to_everybody(self, tx: Transaction, kind: str, facts: dict[str, Fact]) -> Sequence[Notice]:
        """Who works in the group and has Telegram."""
        people = [*await tx.people.all(Role.OSNP), *await tx.people.all(Role.COORDINATEUR)]
        return [
            Notice(kind, to_person(PersonId(person.id)), facts=facts, card="group_outage", fresh=True)
            for person in people
            if person.on_telegram
        ]


def is_in_group(notice: Notice) -> bool:
    """Whether it goes to the OSNP group."""
    return notice.to.kind in GROUP_KINDS
