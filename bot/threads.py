"""Where a place is today: the chat, the mission's topic there, or the message to reply to.

Knows how topics are had and lost; knows nothing of what is said in them. A mission never waits for its
topic: what cannot have one within 20 s goes into the one flow of the chat, and moves when it comes.
"""

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.budgets import Budgets
from bot.domain.outcome import BOARD, GROUP_KINDS, PRIVATE_KINDS, Notice, Place, PlaceKind, Priority
from bot.domain.people import MissionId, OrganisationId, PersonId
from bot.failures import (
    Failure,
    MethodMissing,
    Moved,
    NotAllowed,
    NotModified,
    NotSent,
    ThreadGone,
    TooFast,
    UnknownOutcome,
    Unreachable,
)
from bot.ports import Given, Outgoing, SentMessage, Thread, ThreadState, Transaction
from bot.posting import Destination
from bot.telegram_api import TelegramApi

log = logging.getLogger(__name__)

TOPIC_NAME_LIMIT = 128
WAIT_FOR_TOPIC = timedelta(seconds=20)
TRY_AGAIN = timedelta(seconds=60)  # after a topic could not be had
PROBE_AGAIN = timedelta(hours=1)
SOON = timedelta(seconds=5)
#: Why a place has no chat.
NOBODY = {
    PlaceKind.PERSON: "never started",
    PlaceKind.ORGANISATION: "no chat",
    PlaceKind.APPLICANT: "no application",
}


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet: come back at that moment."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Ability:
    """Whether the bot may open topics in a chat, as last seen."""

    can: bool
    seen_at: datetime
    why: str | None = None  # «forum»: the group has no topics | «right»: the bot may not manage them


@dataclass(frozen=True, slots=True)
class Known:
    """What the storage knows of a place for one notice."""

    chat_id: int
    thread: Thread | None = None
    first: SentMessage | None = None
    card: SentMessage | None = None
    unreachable: str | None = None  # why nobody is there


@dataclass(frozen=True, slots=True)
class Replied:
    """What an answer to a document replies to."""

    relay: SentMessage | None = None  # the message that relayed it there
    own: int | None = None  # the author's own message that the document was


NOTHING = Replied()


class Threads:
    """Finds the way to each place, and opens topics on it."""

    def __init__(self, given: Given, api: TelegramApi, budgets: Budgets, group_id: int) -> None:
        self._given = given
        self._api = api
        self._budgets = budgets
        self._group_id = group_id
        self._abilities: dict[int, Ability] = {}
        self._me: dict[str, Any] | None = None
        self._me_at: datetime | None = None
        self._asking = asyncio.Lock()
        self._reopened: set[tuple[Place, MissionId]] = set()  # recreated once already
        self._not_before: dict[tuple[Place, MissionId], datetime] = {}
        self._bad_names: set[tuple[int, int, str]] = set()
        self._opening: dict[tuple[Place, MissionId], asyncio.Lock] = {}

    async def chat_of(self, tx: Transaction, place: Place) -> int:
        """The chat of a place. Raises Unreachable when nobody is there."""
        if place.kind is PlaceKind.PERSON:
            account = await tx.people.account(PersonId(place.id))
            if account is None:
                raise Unreachable("never started")
            return account.chat_id
        if place.kind is PlaceKind.ORGANISATION:
            chat = await tx.people.organisation_chat(OrganisationId(place.id))
            if chat is None:
                raise Unreachable("no chat")
            return await tx.sent.current_chat(chat)
        if place.kind is PlaceKind.APPLICANT:
            application = await tx.applications.get(place.id)
            if application is None:
                raise Unreachable("no application")
            return application.chat_id
        return await tx.sent.current_chat(self._group_id)

    async def group_chat(self) -> int:
        """The OSNP group's present number."""
        async with self._given.storage.transaction() as tx:
            return await tx.sent.current_chat(self._group_id)

    async def chats(self, tx: Transaction, places: Collection[Place]) -> dict[Place, int | None]:
        """The chat of each place; None: nobody is there."""
        persons = [PersonId(place.id) for place in places if place.kind is PlaceKind.PERSON]
        accounts = await tx.people.accounts(persons)
        chats: dict[Place, int | None] = {}
        for place in places:
            if place.kind is PlaceKind.PERSON:
                account = accounts.get(PersonId(place.id))
                chats[place] = account.chat_id if account else None
            elif place.kind is PlaceKind.ORGANISATION:
                chat = await tx.people.organisation_chat(OrganisationId(place.id))
                chats[place] = chat if chat is None else await tx.sent.current_chat(chat)
            elif place.kind is PlaceKind.APPLICANT:
                application = await tx.applications.get(place.id)
                chats[place] = application.chat_id if application else None
        if any(place.kind in GROUP_KINDS for place in places):
            group = await tx.sent.current_chat(self._group_id)
            chats |= {place: group for place in places if place.kind in GROUP_KINDS}
        return chats

    async def know(self, tx: Transaction, notices: Sequence[Notice]) -> list[Known]:
        """What is known of the places of several notices, in a handful of queries."""
        places = {notice.to for notice in notices}
        chats = await self.chats(tx, places)
        lanes = [(notice.to, mission) for notice in notices if (mission := mission_at(notice)) is not None]
        threads = await tx.sent.threads(lanes)
        firsts = await tx.sent.firsts(lanes)
        cards = await tx.sent.cards(
            [(notice.to, mission_of(notice), notice.card) for notice in notices if notice.card is not None]
        )
        known = []
        for notice in notices:
            mission = mission_at(notice)
            lane = (notice.to, mission) if mission is not None else None
            chat = chats.get(notice.to)
            known.append(
                Known(
                    chat or 0,
                    thread=threads.get(lane) if lane else None,
                    first=firsts.get(lane) if lane else None,
                    card=cards.get((notice.to, mission_of(notice), notice.card)) if notice.card else None,
                    unreachable=NOBODY.get(notice.to.kind) if chat is None else None,
                )
            )
        return known

    async def know_anew(self, notice: Notice) -> Known:
        """What is known of one notice's place by now."""
        async with self._given.storage.transaction() as tx:
            (known,) = await self.know(tx, [notice])
            return known

    def lacks_topic(self, notice: Notice, known: Known) -> bool:
        """Whether a topic would have to be made for it first, in a group."""
        thread = known.thread
        return (
            notice.to.kind is PlaceKind.MISSION
            and known.unreachable is None
            and mission_at(notice) is not None
            and (thread is None or (thread.thread_id is None and thread.state is not ThreadState.NONE))
        )

    async def destination(
        self, notice: Notice, known: Known, outgoing: Outgoing, owed_since: datetime
    ) -> Destination | Wait:
        """Where the notice goes now. Raises Unreachable and Moved."""
        if known.unreachable is not None:
            raise Unreachable(known.unreachable)
        mission = mission_at(notice)
        replied = await self._replied(known.chat_id, outgoing)
        is_group = notice.to.kind not in PRIVATE_KINDS
        plain = Destination(known.chat_id, is_group, reply_to=replied.own)
        if replied.relay is not None and replied.relay.thread_id is None:
            plain = replace(plain, reply_to=replied.relay.message_id)
        if mission is None or notice.to.kind is PlaceKind.ORGANISATION:
            return self._in_one_flow(plain, known)
        thread = known.thread
        if thread is None or thread.thread_id is None or thread.chat_id != known.chat_id:
            made = await self._open(notice.to, mission, known, outgoing, owed_since)
            if isinstance(made, Wait):
                return made
            thread = made
        if thread is None or thread.thread_id is None:
            return self._in_one_flow(plain, known)
        relay = replied.relay if replied.relay and replied.relay.thread_id == thread.thread_id else None
        return Destination(
            known.chat_id,
            is_group,
            thread_id=thread.thread_id,
            reply_to=relay.message_id if relay else replied.own,
            thread_name=thread.name,
            thread_closed=thread.state is ThreadState.CLOSED,
        )

    async def lost(self, place: Place, mission: MissionId) -> None:
        """Telegram says the topic is gone: it is opened anew once, then done without."""
        key = (place, mission)
        async with self._given.storage.transaction() as tx:
            thread = await tx.sent.thread(place, mission)
            if thread is None:
                return
            state = ThreadState.NONE if key in self._reopened else ThreadState.LOST
            await tx.sent.save_thread(replace(thread, thread_id=None, state=state))
        self._reopened.add(key)
        log.warning("the topic of mission %d at %s is gone: %s", mission, place, state.value)

    async def reopen(self, chat_id: int, thread_id: int) -> None:
        """Open a closed topic again, so that something can be said in it."""
        await self._api.comfort("reopenForumTopic", chat_id=chat_id, message_thread_id=thread_id)
        await self._save_state(chat_id, thread_id, state=ThreadState.OPEN)

    async def keep_in_step(self, to: Destination, outgoing: Outgoing) -> None:
        """After a message: the topic's name and whether it is closed. Comforts.

        The caller has kept room in the group's budget for closing (and for the last name that goes with it).
        """
        if to.thread_id is None:
            return
        wanted = topic_name(outgoing.topic)
        closes = outgoing.topic_closed and to.is_group and not to.thread_closed
        if not closes and wanted in (None, to.thread_name):
            return
        async with self._given.storage.transaction() as tx:
            thread = await tx.sent.thread_at(to.chat_id, to.thread_id)
        if thread is None:
            return
        name = topic_name(outgoing.topic)
        if name is not None and name != thread.name:
            await self._rename(to, thread, name, room_is_kept=outgoing.topic_closed and to.is_group)
        if outgoing.topic_closed and to.is_group and thread.state is not ThreadState.CLOSED:
            await self._close(to, to.thread_id)

    def ability(self) -> Ability | None:
        """Whether topics can be had in the OSNP group, if that was looked at."""
        return next((ability for chat, ability in self._abilities.items() if chat < 0), None)

    # inside

    async def _replied(self, chat_id: int, outgoing: Outgoing) -> Replied:
        if outgoing.reply_to is None:
            return NOTHING
        async with self._given.storage.transaction() as tx:
            relays = await tx.sent.of_document(outgoing.reply_to)
            relay = next((sent for sent in relays if sent.chat_id == chat_id), None)
            document = await tx.documents.get(outgoing.reply_to) if relay is None else None
        return Replied(relay, document.message_id if document and document.chat_id == chat_id else None)

    def _in_one_flow(self, plain: Destination, known: Known) -> Destination:
        """Without a topic each mission's messages reply to its first one there."""
        first = known.first
        if plain.reply_to is None and first and first.chat_id == plain.chat_id and first.thread_id is None:
            return replace(plain, reply_to=first.message_id)
        return plain

    async def _open(
        self, place: Place, mission: MissionId, known: Known, outgoing: Outgoing, owed_since: datetime
    ) -> Thread | Wait | None:
        """A new topic; None: none can be had now."""
        key = (place, mission)
        name = topic_name(outgoing.topic) or (known.thread.name if known.thread else None)
        if name is None or (known.thread is not None and known.thread.state is ThreadState.NONE):
            return None
        if self._not_before.get(key, self._given.now()) > self._given.now():
            return None
        if not (await self._ability(known.chat_id, is_group=place.kind is PlaceKind.MISSION)).can:
            return None
        lock = self._opening.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                async with self._given.storage.transaction() as tx:
                    thread = await tx.sent.thread(place, mission)
                if thread and thread.thread_id is not None and thread.chat_id == known.chat_id:
                    return thread  # another message of the mission was quicker
                return await self._create(key, known.chat_id, name, owed_since)
        finally:
            if not lock.locked():
                self._opening.pop(key, None)

    async def _create(
        self, key: tuple[Place, MissionId], chat_id: int, name: str, owed_since: datetime
    ) -> Thread | Wait | None:
        now = self._given.now()
        place, mission = key
        slot = self._budgets.reserve(chat_id, is_group=place.kind is PlaceKind.MISSION, now=now)
        if isinstance(slot, datetime):
            return self._wait_or_go(key, slot, owed_since)
        try:
            topic = await self._api.call("createForumTopic", chat_id=chat_id, name=name)
        except TooFast as failure:
            return self._wait_or_go(key, self._budgets.pause(chat_id, failure.seconds, now), owed_since)
        except (NotSent, UnknownOutcome) as failure:
            # It may exist: a topic cannot be looked up. Better an empty one too many than a mission lost.
            log.warning("topic of mission %d at %s: %s", mission, place, type(failure).__name__)
            return self._wait_or_go(key, now + SOON, owed_since)
        except (Unreachable, Moved):
            raise
        except Failure as failure:
            why = "forum" if "forum" in failure.said.lower() else "right"
            await self._cannot(chat_id, Ability(can=False, seen_at=now, why=why))
            return None
        self._not_before.pop(key, None)
        made = Thread(place, mission, chat_id, int(topic["message_thread_id"]), ThreadState.OPEN, name)
        async with self._given.storage.transaction() as tx:
            await tx.sent.save_thread(made)
        return made

    def _wait_or_go(self, key: tuple[Place, MissionId], at: datetime, owed_since: datetime) -> Wait | None:
        now = self._given.now()
        if at <= owed_since + WAIT_FOR_TOPIC:
            return Wait(max(at, now + timedelta(milliseconds=50)))
        self._not_before[key] = now + TRY_AGAIN
        return None

    async def _ability(self, chat_id: int, *, is_group: bool) -> Ability:
        now = self._given.now()
        known = self._abilities.get(chat_id)
        if known is not None and now - known.seen_at < PROBE_AGAIN:
            return known
        if not is_group:
            me = await self._whoami()
            found = Ability(can=bool(me and me.get("has_topics_enabled")), seen_at=now)
            self._abilities[chat_id] = found
            return found
        found = await self._probe(chat_id, now)
        if found.can:
            self._abilities[chat_id] = found
        else:
            await self._cannot(chat_id, found)
        return found

    async def _probe(self, chat_id: int, now: datetime) -> Ability:
        try:
            chat = await self._api.call("getChat", chat_id=chat_id)
            if not chat.get("is_forum"):
                return Ability(can=False, seen_at=now, why="forum")
        except MethodMissing:
            log.info("this server has no getChat: the group is taken for a forum")
        except (Unreachable, Moved):
            raise
        except Failure:
            return Ability(can=True, seen_at=now)  # createForumTopic will tell
        me = await self._whoami()
        if me is None:
            return Ability(can=True, seen_at=now)
        try:
            member = await self._api.call("getChatMember", chat_id=chat_id, user_id=me["id"])
        except (Unreachable, Moved):
            raise
        except Failure:
            return Ability(can=True, seen_at=now)
        manages = member.get("status") == "creator" or (
            member.get("status") == "administrator" and bool(member.get("can_manage_topics"))
        )
        return Ability(can=manages, seen_at=now, why=None if manages else "right")

    async def _whoami(self) -> dict[str, Any] | None:
        async with self._asking:  # a whole batch may want to know it
            now = self._given.now()
            if self._me is None or self._me_at is None or now - self._me_at >= PROBE_AGAIN:
                try:
                    self._me, self._me_at = await self._api.call("getMe"), now
                except Failure:
                    return self._me
            return self._me

    async def _cannot(self, chat_id: int, ability: Ability) -> None:
        """No topics here: OSNP are told once what to mend."""
        before = self._abilities.get(chat_id)
        self._abilities[chat_id] = ability
        if chat_id >= 0 or (before is not None and not before.can):
            return
        log.warning("no topics in the OSNP group (%s): working in one flow", ability.why)
        notice = Notice(
            kind="delivery.no_topics",
            to=BOARD,
            facts={"why": ability.why},
            priority=Priority.REPORT,
            card="no_topics",
        )
        async with self._given.storage.transaction() as tx:
            await tx.outbox.owe([notice], ability.seen_at)

    async def _rename(self, to: Destination, thread: Thread, name: str, *, room_is_kept: bool) -> None:
        attempt = (to.chat_id, thread.thread_id or 0, name)
        if attempt in self._bad_names or self._api.lacks("editForumTopic"):
            return
        now = self._given.now()
        slot = None if room_is_kept else self._budgets.reserve(to.chat_id, is_group=to.is_group, now=now)
        if isinstance(slot, datetime):
            return  # the next message of the mission tries again
        try:
            await self._api.call(
                "editForumTopic", chat_id=to.chat_id, message_thread_id=thread.thread_id, name=name
            )
        except NotModified:
            pass
        except MethodMissing:
            self._api.remember_lack("editForumTopic")
            if slot is not None:
                self._budgets.release(slot)
            return
        except TooFast as failure:
            self._budgets.pause(to.chat_id, failure.seconds, now)
            return
        except (NotAllowed, ThreadGone) as failure:
            self._abilities.pop(to.chat_id, None)  # look again before the next topic
            self._bad_names.add(attempt)
            log.info("a topic keeps its old name: %s", type(failure).__name__)
            return
        except Failure as failure:
            log.info("a topic keeps its old name: %s", type(failure).__name__)
            return
        await self._save_state(to.chat_id, thread.thread_id, name=name)

    async def _close(self, to: Destination, thread_id: int) -> None:
        now = self._given.now()
        try:
            await self._api.call("closeForumTopic", chat_id=to.chat_id, message_thread_id=thread_id)
        except NotModified:
            pass
        except TooFast as failure:
            self._budgets.pause(to.chat_id, failure.seconds, now)
            return
        except Failure as failure:
            log.info("a topic stays open: %s", type(failure).__name__)
            return
        await self._save_state(to.chat_id, thread_id, state=ThreadState.CLOSED)

    async def _save_state(
        self,
        chat_id: int,
        thread_id: int | None,
        *,
        name: str | None = None,
        state: ThreadState | None = None,
    ) -> None:
        if thread_id is None:
            return
        async with self._given.storage.transaction() as tx:
            thread = await tx.sent.thread_at(chat_id, thread_id)
            if thread is not None:
                await tx.sent.save_thread(
                    replace(thread, name=name or thread.name, state=state or thread.state)
                )


def mission_at(notice: Notice) -> MissionId | None:
    """The mission whose thread the notice belongs to."""
    if notice.to.kind is PlaceKind.MISSION:
        return MissionId(notice.to.id)
    return notice.mission if notice.to.kind is not PlaceKind.BOARD else None


def mission_of(notice: Notice) -> MissionId | None:
    """The mission it speaks of, or whose topic it goes to."""
    return notice.mission if notice.mission is not None else mission_at(notice)


def topic_name(wanted: str | None) -> str | None:
    """The name as Telegram takes it."""
    return wanted.strip()[:TOPIC_NAME_LIMIT] or None if wanted else None
