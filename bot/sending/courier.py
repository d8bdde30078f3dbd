"""Takes one errand from its words to its end, whatever Telegram says; the table stands in `bot.delivery`."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from bot.domain.outcome import BOARD, Fact, Notice, PlaceKind, Priority
from bot.domain.people import MissionId
from bot.failures import (
    MethodMissing,
    Moved,
    NotAllowed,
    NotSent,
    Refused,
    ThreadGone,
    TooFast,
    Unauthorized,
    UnknownOutcome,
    Unreachable,
)
from bot.long_texts import TEXT_LIMIT, visible_length
from bot.ports import Ended, Given, HowEnded, Outgoing, Transaction
from bot.posting import simplest
from bot.recorder import Ending, Recorder
from bot.sending.attempt import Attempt
from bot.sending.blocked import Blocked
from bot.sending.ends import Ends
from bot.sending.errand import Errand, Overtaken, PutOff, only_informs, shares
from bot.sending.room import Room
from bot.sending.texting import Texting
from bot.threads import Known, Threads, mission_at
from bot.undelivered import is_in_group

log = logging.getLogger(__name__)

REFUSED_TOKEN_REST = timedelta(seconds=60)
TRIES_OF_WORDS = 5  # a notice that cannot be put into words is a defect: said, not tried for ever
TURNS = 5  # ways round one notice may take: moved group, lost topic, card gone, …

#: The cards to draw anew when a mission's messages in the group are lost; None: those of every open mission.
CardsInGroup = Callable[[Transaction, MissionId | None], Awaitable[list[Notice]]]


class Courier:
    """Carries errands, each on its own."""

    def __init__(
        self,
        given: Given,
        threads: Threads,
        recorder: Recorder,
        room: Room,
        ends: Ends,
        blocked: Blocked,
        attempt: Attempt,
        texting: Texting,
        cards_in_group: CardsInGroup | None,
    ) -> None:
        self._given = given
        self._threads = threads
        self._recorder = recorder
        self._room = room
        self._ends = ends
        self._blocked = blocked
        self._attempt = attempt
        self._texting = texting
        self._cards_in_group = cards_in_group

    async def deliver(self, errand: Errand) -> None:
        """From its words to its end."""
        try:
            await self._settle(errand)
        except Exception as error:
            # We have a defect, and nobody knows how far it came.
            log.exception("notice %d (%s) was not settled", errand.owed.id, errand.notice.kind)
            if self._ends.failed(errand.owed) + 1 >= TRIES_OF_WORDS:
                await self._ends.give_up(errand, f"defect ({type(error).__name__})", "delivery.refused")
            else:
                await self._ends.later(errand, PutOff(self._ends.pause(errand.owed), perhaps_sent=True))
        finally:
            self._room.release(errand)

    async def _settle(self, errand: Errand) -> None:
        owed = errand.owed
        try:
            await self._carry(errand)
        except PutOff as later:
            await self._ends.later(errand, later)
        except Overtaken:
            await self._ends.record(errand, HowEnded.EXPIRED)
        except TooFast as failure:
            chat = errand.known.chat_id
            until = self._room.pause(chat, failure.seconds)
            self._blocked.until(owed.notice.to, until)
            self._ends.counts.rate_limited += 1
            log.warning("429 at %s: waiting %g s", owed.notice.to, failure.seconds)
            await self._ends.later(errand, PutOff(until))
        except Unreachable as failure:
            await self._ends.unreachable(errand, failure)
        except NotSent as failure:
            now = self._given.now()
            self._blocked.cut_since = self._blocked.cut_since or now
            until = self._blocked.everything(now)
            log.warning("notice %d: Telegram cannot be reached (%s)", owed.id, failure.said)
            await self._ends.later(errand, PutOff(until))
        except Unauthorized:
            log.critical(
                "Telegram refuses the token: SMT_BOT_TOKEN must be mended; nothing is sent until then"
            )
            await self._ends.later(
                errand, PutOff(self._blocked.everything(self._given.now(), REFUSED_TOKEN_REST))
            )
        except UnknownOutcome as failure:
            await self._ends.unknown(errand, failure)
        except (MethodMissing, NotAllowed) as failure:
            if isinstance(failure, NotAllowed) and is_in_group(errand.notice):
                await self._ends.unreachable(errand, failure)
                return
            log.error("notice %d put off: %s (%s)", owed.id, type(failure).__name__, failure.said)
            await self._ends.later(errand, PutOff(self._ends.pause(owed)))
        except Refused as failure:
            log.error("notice %d (%s) refused: %s", owed.id, owed.notice.kind, failure.said)
            await self._ends.give_up(errand, failure.said, "delivery.refused")

    async def _carry(self, errand: Errand) -> None:
        notice = errand.notice
        outgoing = self._words(errand)
        if outgoing is None:
            await self._ends.record(errand, HowEnded.DROPPED, "nothing to say any more")
            return
        if notice.to.kind is PlaceKind.SMS:
            await self._texting.hand_over(errand, outgoing)
            return
        outgoing = await self._merged(errand, outgoing)
        is_simple = False
        for _ in range(TURNS):
            try:
                if await self._attempt.once(errand, outgoing, is_simple=is_simple):
                    return
            except Moved as moved:
                await self._moved(notice, errand.known, moved)
            except ThreadGone:
                mission = mission_at(notice)
                if mission is None:
                    raise
                await self._threads.lost(notice.to, mission)
                if is_in_group(notice) and self._cards_in_group is not None:
                    async with self._given.storage.transaction() as tx:
                        await tx.outbox.owe(await self._cards_in_group(tx, mission), self._given.now())
            except (Unreachable, NotAllowed, MethodMissing):
                raise
            except Refused as failure:
                if is_simple or not is_in_group(notice):
                    raise
                log.error(
                    "notice %d (%s) refused, its words alone next: %s",
                    errand.owed.id,
                    notice.kind,
                    failure.said,
                )
                outgoing, is_simple = simplest(outgoing), True
                errand.used = 0  # nothing was sent: the room kept for it is still there
            errand.known = await self._threads.know_anew(notice)
        raise PutOff(self._ends.pause(errand.owed))

    def _words(self, errand: Errand) -> Outgoing | None:
        owed = errand.owed
        try:
            return errand.prepared()
        except Exception as error:
            log.exception("notice %d (%s) has no words", owed.id, owed.notice.kind)
            if self._ends.count(owed) >= TRIES_OF_WORDS:
                raise Refused(f"no words ({type(error).__name__})") from None
            raise PutOff(self._ends.pause(owed)) from None

    async def _merged(self, errand: Errand, outgoing: Outgoing) -> Outgoing:
        """With the lines of the mission that wait right behind, as many as one message holds."""
        behind, errand.behind = errand.behind, []
        texts, back = [outgoing.text], []
        open_ended = only_informs(outgoing)
        for line, prepared in behind:
            said = None
            if open_ended and shares(line.notice):
                try:
                    said = prepared()
                except Exception:
                    log.exception("notice %d (%s) has no words", line.id, line.notice.kind)
            joined = "\n\n".join([*texts, said.text]) if said is not None else ""
            if said is None or not only_informs(said) or visible_length(joined) > TEXT_LIMIT:
                open_ended = False  # what is behind it waits with it
                back.append(Ended(line, HowEnded.LATER, until=self._given.now()))
                continue
            texts.append(said.text)
            errand.along.append(line)
        if back:
            await self._recorder.record(Ending(tuple(back)))
        return replace(outgoing, text="\n\n".join(texts)) if errand.along else outgoing

    async def _moved(self, notice: Notice, known: Known, moved: Moved) -> None:
        now = self._given.now()
        async with self._given.storage.transaction() as tx:
            (present,) = await self._threads.know(tx, [notice])
            if present.chat_id != known.chat_id:
                return  # another message was quicker
            await tx.sent.migrate_chat(known.chat_id, moved.new_chat_id, now)
            facts: dict[str, Fact] = {"old": known.chat_id, "new": moved.new_chat_id}
            owed = [Notice("delivery.group_moved", BOARD, facts=facts, priority=Priority.REPORT)]
            if is_in_group(notice) and self._cards_in_group is not None:
                owed += await self._cards_in_group(tx, None)
            await tx.outbox.owe(owed, now)
        log.warning("group %d is now %d", known.chat_id, moved.new_chat_id)
