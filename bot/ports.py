"""What the flows and the delivery ask of the storage, and what every flow is given.

Protocols and plain values only. Knows no SQL and no Telegram call; chat and message ids pass through
here for the delivery, never for the domain.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from bot.clock import Clock
from bot.domain.change import Change
from bot.domain.duty import Duty
from bot.domain.joining import Application
from bot.domain.mission import Dossier, IdelOffer, IdelOfferState, Mission
from bot.domain.outage import Unsent
from bot.domain.outcome import (
    Event,
    Facts,
    Notice,
    Place,
    PlaceKind,
    SetTimer,
    StopTimer,
    Timer,
    Withdrawal,
)
from bot.domain.people import (
    CascadeStep,
    DocumentId,
    MissionId,
    Organisation,
    OrganisationId,
    Party,
    Person,
    PersonId,
    Role,
    VitalsId,
)
from bot.domain.region import Region


@dataclass(frozen=True, slots=True)
class Account:
    """Where a person is reached on Telegram."""

    user_id: int
    chat_id: int
    person: PersonId


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One stored event."""

    id: int
    at: datetime
    kind: str
    mission: MissionId | None
    actor: str | None  # a Party as text, «timer», «osnp:4 for p12»
    facts: Facts


class DocumentKind(StrEnum):
    """What was put into a mission's thread. The values are stored."""

    TEXT = "text"
    PHOTO = "photo"
    DOCUMENT = "document"
    VOICE = "voice"
    AUDIO = "audio"
    VIDEO = "video"
    LOCATION = "location"


class DocumentLabel(StrEnum):
    """What a document was labelled after it was relayed. The values are stored."""

    NONE = "none"
    ORDONNANCE = "ordonnance"
    VITALE = "vitale"  # shows the NIR: never in the group, deleted first
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Document:
    """Something written or sent by a professional in a mission. Stored encrypted."""

    id: DocumentId
    mission: MissionId
    author: Party
    author_name: str
    kind: DocumentKind
    at: datetime
    text: str = ""  # the text, or the caption
    file_id: str | None = None
    file_unique_id: str | None = None
    file_name: str | None = None
    mime: str | None = None
    size: int | None = None  # bytes
    album: str | None = None  # media_group_id
    label: DocumentLabel = DocumentLabel.NONE
    edited_at: datetime | None = None
    reply_to: DocumentId | None = None
    chat_id: int | None = None  # where its author wrote it
    message_id: int | None = None
    copy_kept: bool = False  # the bytes are in the vault too


@dataclass(frozen=True, slots=True)
class VitalsRow:
    """One series of constantes, as JSON of `domain.vitals`; an earlier version stays as history."""

    id: VitalsId
    mission: MissionId
    taken_at: datetime
    author: Party
    body: str  # JSON
    series: int  # 1, 2, … within the mission
    version: int  # 1, 2, … within the series
    chat_id: int | None = None  # the message it was typed in, so that an edit corrects it
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message the bot has sent, so that it can be edited, replied to and purged."""

    chat_id: int
    message_id: int
    place: Place
    kind: str  # the notice's kind
    sent_at: datetime
    thread_id: int | None = None
    mission: MissionId | None = None
    card: str | None = None
    body_hash: str = ""  # of the text and buttons now on screen
    has_patient_facts: bool = False
    delete_at: datetime | None = None
    document: DocumentId | None = None  # what it relays


class ThreadState(StrEnum):
    """Whether a mission has its thread at a place. The values are stored."""

    OPEN = "open"
    CLOSED = "closed"
    NONE = "none"  # cannot be had: one flow
    LOST = "lost"  # somebody deleted it


@dataclass(frozen=True, slots=True)
class Thread:
    """The topic of one mission at one place (the group, a person's private chat)."""

    place: Place
    mission: MissionId
    chat_id: int
    thread_id: int | None
    state: ThreadState
    name: str


@dataclass(frozen=True, slots=True)
class Owed:
    """An outbox row claimed for sending."""

    id: int
    notice: Notice
    attempts: int  # sends begun before this one
    lease: str
    created_at: datetime
    perhaps_sent: bool = False  # an earlier try ended unknown, or its process died


@dataclass(frozen=True, slots=True)
class Gone:
    """A row that has gone to its place, or perhaps has."""

    place: Place
    mission: MissionId | None
    at: datetime | None  # None: it is being sent


class HowEnded(StrEnum):
    """What became of a claimed row."""

    DELIVERED = "delivered"
    DROPPED = "dropped"  # nothing is lost by not sending it (a cosmetic edit, nothing to say any more)
    GIVEN_UP = "given_up"  # it cannot be delivered; OSNP are told in the same transaction
    EXPIRED = "expired"  # past its moment
    LATER = "later"  # given back, to be claimed again


@dataclass(frozen=True, slots=True)
class Ended:
    """How one try with a claimed row ended."""

    owed: Owed
    how: HowEnded
    reason: str | None = None
    until: datetime | None = None  # LATER: from when on
    perhaps_sent: bool = False  # LATER: nobody knows


@dataclass(frozen=True, slots=True)
class Received:
    """An inbox row claimed for work."""

    update_id: int
    body: Mapping[str, Any]  # the raw JSON of Telegram
    attempts: int  # works begun before this one
    received_at: datetime
    lease: str
    effected: bool = False  # by an earlier work, which ended before it could answer


@dataclass(frozen=True, slots=True)
class Draft:
    """An operator's unfinished dialogue. Stored encrypted."""

    owner: PersonId
    kind: str  # «opening», «vitals:412», …
    body: str  # JSON of the dialogue's own state
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A link somebody may open. The token itself is never stored."""

    purpose: str  # «invitation», «visio», «board»
    expires_at: datetime | None
    person: PersonId | None = None
    organisation: OrganisationId | None = None
    mission: MissionId | None = None
    used_at: datetime | None = None  # or ended


class Missions(Protocol):
    """Missions and their dossiers."""

    async def next_number(self, year: int) -> int: ...
    async def add(self, mission: Mission, dossier: Dossier) -> MissionId:
        """Store a new mission; `mission.id` is ignored and the new id returned."""
        ...

    async def get(self, mission: MissionId) -> Mission | None: ...
    async def lock(self, mission: MissionId) -> Mission | None:
        """Read it and hold it until the transaction ends."""
        ...

    async def save(self, mission: Mission) -> None: ...
    async def many(self, missions: Iterable[MissionId]) -> dict[MissionId, Mission]: ...
    async def dossier(self, mission: MissionId) -> Dossier | None:
        """The identity, or None once it was emptied."""
        ...

    async def dossiers(self, missions: Iterable[MissionId]) -> dict[MissionId, Dossier]:
        """The identities of those that have one."""
        ...

    async def save_dossier(self, mission: MissionId, dossier: Dossier) -> None: ...
    async def empty_dossier(self, mission: MissionId) -> None:
        """Forget the identity; it is found by no phone and no name any more."""
        ...

    async def unfinished(self) -> list[Mission]:
        """Every mission not CLOSED, oldest first."""
        ...

    async def by_number(self, number: int, year: int | None = None) -> Mission | None:
        """By the spoken number; without a year the newest."""
        ...

    async def with_phone(self, phone: str, *, unfinished_only: bool) -> list[Mission]:
        """Those whose dossier has that number, newest first (blind index)."""
        ...

    async def with_name(self, name: str, *, unfinished_only: bool) -> list[Mission]:
        """Those whose patient has that last name, compared without case or accents (blind index)."""
        ...

    async def of_idel(self, person: PersonId, *, unfinished_only: bool = True) -> list[Mission]: ...
    async def of_doctor(self, party: Party, *, unfinished_only: bool = True) -> list[Mission]:
        """Those whose chosen doctor is that party."""
        ...

    async def triggered_between(self, start: datetime, end: datetime) -> list[Mission]: ...


class People(Protocol):
    """Persons, organisations and where they are reached."""

    async def get(self, person: PersonId) -> Person | None: ...
    async def lock(self, people: Iterable[PersonId]) -> dict[PersonId, Person]:
        """Read and hold them, always in the order of their ids."""
        ...

    async def many(self, people: Iterable[PersonId]) -> dict[PersonId, Person]: ...
    async def add(self, person: Person) -> PersonId:
        """`person.id` is ignored."""
        ...

    async def save(self, person: Person) -> None: ...
    async def all(self, role: Role | None = None, *, active_only: bool = True) -> list[Person]:
        """Without the guests of single missions."""
        ...

    async def askable(self, role: Role) -> list[Person]:
        """Whoever of that role is active, as a search looks at them: no telephone, e-mail, RPPS, house."""
        ...

    async def by_user(self, user_id: int) -> Person | None: ...
    async def by_users(self, user_ids: Iterable[int]) -> dict[int, Person]:
        """Those who are registered, by Telegram's number."""
        ...

    async def by_phone(self, phone: str) -> Person | None:
        """By E.164 number; guests excluded."""
        ...

    async def by_rpps(self, rpps: str) -> Person | None:
        """By the 11 digits; guests excluded."""
        ...

    async def account(self, person: PersonId) -> Account | None: ...
    async def accounts(self, people: Iterable[PersonId]) -> dict[PersonId, Account]: ...
    async def link_account(self, person: PersonId, user_id: int, chat_id: int) -> None:
        """The person is reached there from now on; a former account of either is replaced."""
        ...

    async def unlink_account(self, person: PersonId) -> None:
        """Nobody is reached there any more."""
        ...

    async def set_reachable(self, person: PersonId, *, reachable: bool, now: datetime) -> bool:
        """Whether that changed anything."""
        ...

    async def to_check(self, before: datetime, limit: int) -> list[Person]:
        """Active people with an account, reached as far as is known and not tried since `before`.

        Whoever waits longest first; guests excluded.
        """
        ...

    async def checked(self, people: Iterable[PersonId], now: datetime) -> None:
        """It is tried at this moment whether they can be reached."""
        ...

    async def organisation(self, organisation: OrganisationId) -> Organisation | None: ...
    async def organisations(self, step: Any = None) -> list[Organisation]: ...
    async def add_organisation(self, organisation: Organisation) -> OrganisationId: ...
    async def save_organisation(self, organisation: Organisation) -> None: ...
    async def organisation_by_chat(self, chat_id: int) -> Organisation | None: ...
    async def organisation_chat(self, organisation: OrganisationId) -> int | None: ...
    async def link_organisation(self, organisation: OrganisationId, chat_id: int) -> None: ...
    async def engaged(self, people: Iterable[PersonId] | None = None) -> dict[PersonId, MissionId]:
        """Which persons hold an open mission."""
        ...

    async def engage(self, person: PersonId, mission: MissionId, now: datetime) -> None:
        """Raises AlreadyEngaged when the person holds another and does not allow several."""
        ...

    async def release(self, person: PersonId, mission: MissionId, now: datetime) -> None: ...


class Offers(Protocol):
    """Missions offered to IDELs."""

    async def get(self, mission: MissionId, person: PersonId) -> IdelOffer | None: ...
    async def of_people(
        self, mission: MissionId, people: Iterable[PersonId]
    ) -> dict[PersonId, IdelOffer]: ...
    async def save(self, offers: Sequence[IdelOffer]) -> None:
        """Insert or update by (mission, person), in bulk."""
        ...

    async def of_mission(
        self, mission: MissionId, state: IdelOfferState | None = None
    ) -> list[IdelOffer]: ...
    async def to_phone(self, mission: MissionId) -> list[IdelOffer]:
        """Offers that never came or, not answered, are of somebody who cannot be reached; nearest first."""
        ...

    async def open_of_person(self, person: PersonId) -> list[IdelOffer]:
        """Offers still ASKED of missions whose search is OFFERED."""
        ...

    async def first_asked_since(self, since: datetime) -> dict[PersonId, int]:
        """How often each nurse was among the first asked (wave 1) since then."""
        ...

    async def rate_since(self, since: datetime) -> tuple[int, int]:
        """Of the waves since then: how many offers were answered, or ignored to the end; how many by yes."""
        ...

    async def win(self, mission: MissionId, machine: str, epoch: int, winner: Party, now: datetime) -> None:
        """Write down the one winner. Raises AlreadyWon when there is one."""
        ...


class Outbox(Protocol):
    """What is owed to people."""

    async def owe(self, notices: Sequence[Notice], now: datetime) -> None:
        """Write the notices down; a redraw of a card not yet sent replaces the one that waits."""
        ...

    async def withdraw(self, withdrawals: Sequence[Withdrawal], now: datetime) -> None:
        """Take back what has not begun to be sent."""
        ...

    async def claim(
        self,
        now: datetime,
        limit: int,
        *,
        skip_places: Iterable[Place] = (),
        skip_kinds: Iterable[PlaceKind] = (),
        lease_seconds: float = 60.0,
    ) -> list[Owed]:
        """Take what may be sent: the oldest unfinished of each lane (place, mission), by priority then age.

        `skip_places` and `skip_kinds` must wait (a chat's budget is spent; every mission's topic shares the
        group's). What is past `valid_until` was marked before, by `expire`.
        """
        ...

    async def claim_behind(
        self, owed: Owed, now: datetime, kinds: Iterable[str], most: int, lease_seconds: float = 60.0
    ) -> list[Owed]:
        """Those that wait right behind a claimed one in its lane, as long as they are of these kinds."""
        ...

    async def expire(self, now: datetime) -> int:
        """What is past its `valid_until` is not sent any more; how many."""
        ...

    async def end(self, ends: Sequence[Ended], now: datetime) -> None:
        """Write down how tries ended; one that is not claimed by its holder any more stays as it is."""
        ...

    async def take_back_claims(self, keep: Iterable[int] = ()) -> int:
        """Whoever held them is dead: claimed rows but those of `keep` are owed again, `perhaps_sent`."""
        ...

    async def bring_forward(self, now: datetime) -> int:
        """What was put off may go now; how many. For when the clock was set back."""
        ...

    async def waiting(self) -> int:
        """How many are owed or being sent."""
        ...

    async def unsent(self, since: datetime, until: datetime) -> list[Unsent]:
        """What was given up, or expired before its turn came, between the two."""
        ...

    async def never_sent(self, mission: MissionId, kind: str, since: datetime) -> set[Place]:
        """Where notices of that kind, owed by that mission since then, wait or have expired."""
        ...

    async def gone_since(self, since: datetime) -> list[Gone]:
        """What has been delivered since then, oldest first, then what is being sent."""
        ...

    async def newest_gone(self, place: Place, mission: MissionId, card: str, since: datetime) -> str | None:
        """The kind of the newest notice of that card that has gone there since then, or perhaps has."""
        ...

    async def oldest(self, kinds: Iterable[PlaceKind]) -> datetime | None:
        """Since when something has been owed to places of these kinds, what is being sent included."""
        ...

    async def next_due(self) -> datetime | None:
        """The earliest moment at which something owed may be sent; None when nothing is owed."""
        ...


class Sent(Protocol):
    """Messages the bot has sent, threads, and the group's present id."""

    async def card(self, place: Place, mission: MissionId | None, card: str) -> SentMessage | None:
        """The newest message that is this card at this place."""
        ...

    async def first(self, place: Place, mission: MissionId) -> SentMessage | None:
        """The oldest message of that mission at this place that is not deleted: what the others reply to."""
        ...

    async def cards(
        self, wanted: Iterable[tuple[Place, MissionId | None, str]]
    ) -> dict[tuple[Place, MissionId | None, str], SentMessage]:
        """`card` for many at once."""
        ...

    async def firsts(
        self, wanted: Iterable[tuple[Place, MissionId]]
    ) -> dict[tuple[Place, MissionId], SentMessage]:
        """`first` for many at once."""
        ...

    async def threads(
        self, wanted: Iterable[tuple[Place, MissionId]]
    ) -> dict[tuple[Place, MissionId], Thread]:
        """`thread` for many at once."""
        ...

    async def save(self, message: SentMessage) -> None:
        """Insert or update by (chat, message)."""
        ...

    async def save_all(self, messages: Sequence[SentMessage]) -> None:
        """`save` for many at once."""
        ...

    async def at(self, chat_id: int, message_id: int) -> SentMessage | None: ...
    async def of_document(self, document: DocumentId) -> list[SentMessage]: ...
    async def forget_card(self, message: SentMessage) -> None:
        """It can no longer be edited: the next redraw sends a new one."""
        ...

    async def purgeable(self, now: datetime, limit: int) -> list[SentMessage]:
        """Messages whose `delete_at` has come and that are not deleted."""
        ...

    async def next_purge(self) -> datetime | None: ...
    async def deleted(self, message: SentMessage, now: datetime, *, failed: str | None = None) -> None: ...
    async def purge_mission_at(self, mission: MissionId, at: datetime) -> None:
        """Bring forward the deletion of every message with patient facts of that mission to `at`."""
        ...

    async def purge_place_at(self, place: Place, mission: MissionId, at: datetime) -> None:
        """`purge_mission_at` for what one place was shown."""
        ...

    async def keep_place(self, place: Place, mission: MissionId, now: datetime, at_most: timedelta) -> None:
        """What that place was shown, and is not to go by now, stays `at_most` from when it was sent."""
        ...

    async def thread(self, place: Place, mission: MissionId) -> Thread | None: ...
    async def thread_at(self, chat_id: int, thread_id: int) -> Thread | None: ...
    async def save_thread(self, thread: Thread) -> None: ...
    async def current_chat(self, chat_id: int) -> int:
        """What a chat's id is now: follows migrations of groups to supergroups."""
        ...

    async def migrate_chat(self, old: int, new: int, now: datetime) -> None:
        """Rewrite the chat everywhere; its cards are forgotten, since ids do not carry over."""
        ...


class Timers(Protocol):
    """What will ring."""

    async def apply(
        self, mission: MissionId | None, changes: Sequence[SetTimer | StopTimer], now: datetime
    ) -> None: ...
    async def due(self, now: datetime, limit: int) -> list[Timer]:
        """Those to ring now, earliest first, whoever rings them."""
        ...

    async def claim(self, now: datetime, limit: int, *, lease_seconds: float = 30.0) -> list[Timer]:
        """Take what is to be rung now, earliest first: of each mission only the earliest."""
        ...

    async def take_back_claims(self) -> int:
        """After a crash: what was being rung is to be rung."""
        ...

    async def rung(self, timer: Timer, now: datetime) -> bool:
        """Mark it rung; False when it was stopped or rung meanwhile."""
        ...

    async def failed(self, timer: Timer, now: datetime, retry_at: datetime | None) -> None:
        """Ring again later, or never (None) and keep it for the operator's eyes."""
        ...

    async def next_due(self) -> datetime | None:
        """When the earliest comes due, whether or not somebody is ringing it."""
        ...

    async def next_claim(self) -> datetime | None:
        """When the earliest that may be claimed comes due."""
        ...

    async def late(self, since: datetime, until: datetime) -> list[Timer]:
        """Those due between the two that rang after `until` only, in the order of their hours."""
        ...

    async def missions_without(self, kind: str, closed_since: datetime, limit: int) -> list[MissionId]:
        """Missions that wait for somebody and have no timer of that kind to come.

        Those not closed; and, of those triggered since, the closed ones whose patient is owed a call.
        """
        ...

    async def of_mission(self, mission: MissionId) -> list[Timer]:
        """Those still to ring."""
        ...


class Journal(Protocol):
    """Everything that happened."""

    async def write(
        self, mission: MissionId | None, events: Sequence[Event], actor: str | None, now: datetime
    ) -> None: ...
    async def of_mission(self, mission: MissionId) -> list[JournalLine]: ...
    async def between(self, start: datetime, end: datetime, kind: str | None = None) -> list[JournalLine]: ...
    async def newest(self) -> int:
        """The number of the last line; a smaller one may still be committed after it, by another process."""
        ...


class Documents(Protocol):
    """What was put into the threads, and the constantes."""

    async def add(self, document: Document) -> DocumentId: ...
    async def get(self, document: DocumentId) -> Document | None: ...
    async def save(self, document: Document) -> None: ...
    async def of_mission(self, mission: MissionId) -> list[Document]: ...
    async def written_at(self, chat_id: int, message_id: int) -> Document | None:
        """The document its author wrote in that message."""
        ...

    async def keep_copy(self, document: DocumentId, content: bytes) -> None:
        """The bytes, encrypted."""
        ...

    async def copy(self, document: DocumentId) -> bytes | None: ...
    async def empty_mission(self, mission: MissionId) -> None:
        """Forget texts, file ids and copies of a mission; the rows stay as a count."""
        ...

    async def add_vitals(self, vitals: VitalsRow) -> VitalsId: ...
    async def vitals(self, mission: MissionId) -> list[VitalsRow]:
        """Every version of every series, oldest first."""
        ...

    async def vitals_typed_at(self, chat_id: int, message_id: int) -> VitalsRow | None: ...


class Drafts(Protocol):
    """Unfinished dialogues, one per owner and kind."""

    async def lock(self, owner: PersonId, kind: str) -> Draft | None: ...
    async def save(self, draft: Draft) -> None: ...
    async def drop(self, owner: PersonId, kind: str) -> None: ...
    async def of_owner(self, owner: PersonId) -> list[Draft]:
        """Newest first."""
        ...


class Links(Protocol):
    """Links by the hash of their token."""

    async def add(self, token: str, link: Link) -> None: ...
    async def find(self, token: str) -> Link | None:
        """Read it and hold it until the transaction ends."""
        ...

    async def many(self, tokens: Iterable[str]) -> dict[str, Link]:
        """Those that exist, only looked at."""
        ...

    async def use(self, token: str, now: datetime) -> None: ...
    async def end(self, purpose: str, person: PersonId, now: datetime) -> int:
        """Whatever the person was given for that purpose opens nothing any more; how many there were."""
        ...


class Inbox(Protocol):
    """Updates of Telegram, kept until they are worked."""

    async def put(
        self,
        updates: Sequence[tuple[int, str, Mapping[str, Any]]],
        now: datetime,
        sources: Mapping[int, str] = ...,
    ) -> int:
        """Store (update_id, lane, raw JSON), encrypted; how many were new.

        Known numbers are passed over, and so is what brings the same message, edit or press (`sources`, by
        number) as an update that is there already.
        """
        ...

    async def claim(
        self, now: datetime, limit: int, holder: str = ..., lease_seconds: float = ...
    ) -> list[Received]:
        """The oldest unfinished of each lane that nobody works, for a worker, under a lease in real time."""
        ...

    async def renew(self, leases: Iterable[str], lease_seconds: float = ...) -> None:
        """What is held under these leases is still being worked."""
        ...

    async def done(self, update_id: int, lease: str) -> None:
        """Worked, or nothing to do; its body is emptied. Raises LostLease."""
        ...

    async def effected(self, update_id: int, lease: str) -> None:
        """Not to be worked again; but its words are still to be owed. Raises LostLease."""
        ...

    async def failed(self, update_id: int, lease: str, *, set_aside: bool) -> bool:
        """To be tried again, or set aside for the operator's eyes; False when somebody has taken it over."""
        ...

    async def take_over(self) -> int:
        """What is held under a lease that ran out is free again; how many."""
        ...

    async def take_back_claims(self, alive: Iterable[str] = ()) -> int:
        """What is held by none of these workers is free again, whatever its lease; how many."""
        ...

    async def set_aside_since(self, since: datetime) -> int:
        """How many that came since then were tried in vain."""
        ...

    async def waiting(self) -> int: ...
    async def last_update_id(self) -> int | None: ...


class Leases(Protocol):
    """Who may do what only one process may do (poll, send)."""

    async def take(self, name: str, owner: str, seconds: float) -> bool:
        """Take or renew it, in real time; False when another holds it."""
        ...

    async def release(self, name: str, owner: str) -> None: ...
    async def free_all(self) -> None:
        """A dead process holds none: only where an operating-system lock says it is dead."""
        ...


class Workers(Protocol):
    """The processes that work on this database."""

    async def beat(
        self, worker: str, host: str, pid: int, started_at: datetime, now: datetime, seconds: float
    ) -> None:
        """This one is there: seen at `now` on the field's clock, alive for `seconds` of real time."""
        ...

    async def alive(self) -> list[str]:
        """Those that have beaten in time, the oldest first."""
        ...

    async def last_seen(self) -> datetime | None:
        """When any of them was last there, by the field's clock."""
        ...

    async def leave(self, worker: str, now: datetime) -> None:
        """It has stopped: alive no more, and last seen at `now`."""
        ...


class Strangers(Protocol):
    """Who is in the OSNP group without being registered."""

    async def note(self, user_id: int, name: str, now: datetime) -> bool:
        """Write one down; False when known already."""
        ...

    async def watched(self) -> int:
        """How many nobody has answered for: while there are any, the group sees numbers only."""
        ...

    async def accept(self, user_id: int, now: datetime) -> bool:
        """An operator answers for one; whether that changed anything."""
        ...

    async def forget(self, user_id: int) -> bool:
        """They left, or were registered; whether one was known."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is not finished, and since when."""

    updates: int
    oldest_update: datetime | None
    owed: int
    oldest_owed: datetime | None
    next_send: datetime | None
    next_timer: datetime | None
    timers_due: int
    missions: Mapping[str, int]  # not closed, by state


class Applications(Protocol):
    """Those who ask to join."""

    async def get(self, application: int) -> Application | None: ...
    async def lock(self, application: int) -> Application | None:
        """Read it and hold it until the transaction ends."""
        ...

    async def of_user(self, user_id: int) -> Application | None:
        """The newest of that Telegram user, held until the transaction ends."""
        ...

    async def save(self, application: Application) -> Application:
        """Insert (id 0) or update; as it is stored."""
        ...

    async def hold_queue(self) -> None:
        """Whoever else would join those who wait does so after this transaction."""
        ...

    async def waiting(self) -> list[Application]:
        """Those on which OSNP must decide, oldest first."""
        ...


class Duties(Protocol):
    """Who is on duty, and when."""

    async def between(self, begins: datetime, ends: datetime, step: CascadeStep | None = None) -> list[Duty]:
        """Turns of which some part lies between the two, earliest first."""
        ...

    async def known_until(self, after: datetime) -> dict[CascadeStep, datetime]:
        """When the last turn of each step ends, of those whose roster goes on after that moment."""
        ...

    async def of_source(self, source: str) -> int:
        """How many turns were imported from it."""
        ...

    async def sources(self, after: datetime) -> dict[str, int]:
        """The files whose turns are not all over, and how many of them end after that moment."""
        ...

    async def replace(self, source: str, duties: Sequence[Duty]) -> int:
        """These are the turns of that source from now on; how many there were before."""
        ...


class Changes(Protocol):
    """What the coordinateur has changed of the region."""

    async def standing(self) -> list[Change]:
        """Those in force, oldest first."""
        ...

    async def add(self, change: Change) -> Change: ...
    async def revoke(self, change: int, by: PersonId, now: datetime) -> bool:
        """Take one back; False when it is not in force."""
        ...

    async def stamp(self) -> str:
        """Another text after every change of changes or sectors: whoever has seen it need not read again."""
        ...

    async def sectors(self) -> dict[str, tuple[str, bool]]:
        """The duty sector and `mmg` of each commune (INSEE), where they were imported; none: as shipped."""
        ...

    async def replace_sectors(
        self, sectors: Mapping[str, tuple[str, bool]], by: str, now: datetime
    ) -> None: ...


class Figures(Protocol):
    """How much waits, for whoever watches the bot."""

    async def waiting(self, now: datetime) -> Waiting: ...
    async def happened(self, kinds: Sequence[str]) -> dict[str, int]:
        """How many events of these kinds the journal holds."""
        ...


class Finished(Protocol):
    """Rows that nobody needs any more."""

    async def prune(self, rows_before: datetime, messages_before: datetime, most: int) -> int:
        """Delete about so many that ended before; how many. Zero: none is left.

        Updates, notices and timers by `rows_before`; messages that are deleted, of no mission or of closed
        missions by `messages_before`.
        """
        ...


class Transaction(Protocol):
    """Everything that is read and written in one commit."""

    missions: Missions
    people: People
    offers: Offers
    outbox: Outbox
    sent: Sent
    timers: Timers
    journal: Journal
    documents: Documents
    drafts: Drafts
    links: Links
    inbox: Inbox
    leases: Leases
    workers: Workers
    strangers: Strangers
    applications: Applications
    duties: Duties
    changes: Changes
    figures: Figures
    finished: Finished

    async def together(self, *reads: Coroutine[Any, Any, Any]) -> list[Any]:
        """What each of them gives, in their order; none may need another's answer."""
        ...


class Storage(Protocol):
    """Where everything is kept."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Commit when the block ends, roll back when it raises."""
        ...

    def during(self, update_id: int, lease: str, *, words_follow: bool = False) -> "Work":
        """The same storage while that update is worked; `words_follow`: its end will be marked with them."""
        ...

    async def close(self) -> None: ...


class Work(Storage, Protocol):
    """The storage as one update's handler sees it: its first commit marks the update done, or fails.

    Where words follow, the first commit that writes something marks it as waiting for its words only; one
    that has only read marks nothing, and may be made again. Raises LostLease, and commits nothing, when
    somebody else has taken the update over.
    """

    @property
    def decided(self) -> bool:
        """Whether a commit was made, were it of what was only read."""
        ...

    @property
    def effected(self) -> bool:
        """Whether a commit has marked it: as done, or as waiting for its words only."""
        ...


class LostLease(Exception):  # noqa: N818 - a fact, not a fault
    """Somebody else has taken over what was being worked: nothing of it may be committed here."""


class AlreadyEngaged(Exception):  # noqa: N818 - a fact, not a fault
    """The person already holds another open mission."""


class AlreadyWon(Exception):  # noqa: N818
    """Somebody else was written down as the winner first."""


@dataclass(frozen=True, slots=True)
class VideoLink:
    """One person's way into a room. Only a hash of the token is stored."""

    url: str
    token: str


class VideoEngine(Protocol):
    """Makes the links of a video. Without I/O: it is asked within a transaction."""

    def new_room(self) -> str:
        """A name that nobody guesses and that says nothing."""
        ...

    def room(
        self, room: str, participants: Iterable[Party], not_before: datetime, expires: datetime
    ) -> Mapping[Party, VideoLink]:
        """A link of their own for each; asked again, other links into the same room."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """The region as it stood in the storage at one moment."""

    region: Region
    standing: tuple[Change, ...] = ()  # what the coordinateur changed, oldest first
    unfit: tuple[Change, ...] = ()  # of them, what contradicts the rest and is left out
    imported: int = 0  # communes whose duty sector was imported
    stamp: str = ""


class Present(Protocol):
    """The region as it is now: as the file says, with what the coordinateur changed of it."""

    @property
    def region(self) -> Region:
        """What people work with."""
        ...

    @property
    def file(self) -> Region:
        """What stands in the file."""
        ...

    async def read(self, tx: Transaction) -> Reading:
        """What that transaction sees."""
        ...

    def take(self, reading: Reading) -> None:
        """It is committed: people work with it from now on."""
        ...


@dataclass(frozen=True, slots=True)
class Given:
    """What every flow is given."""

    storage: Storage
    clock: Clock
    present: Present
    fiction_numbers: bool = False
    public_url: str | None = None
    video: VideoEngine | None = None  # None: no video can be made
    texts: bool = True  # whether text messages leave at all

    @property
    def region(self) -> Region:
        """The region as it is at this moment: another one after a change of the coordinateur."""
        return self.present.region

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return self.clock.now()


@dataclass(frozen=True, slots=True)
class Button:
    """One button on screen. `data` is what a tap sends (at most 64 bytes), or it opens or copies."""

    label: str
    data: str | None = None
    url: str | None = None
    copy: str | None = None
    contact: bool = False  # under the field where one writes: a tap shares one's own telephone


class FileKind(StrEnum):
    """How a file is shown."""

    PHOTO = "photo"
    DOCUMENT = "document"
    VOICE = "voice"
    AUDIO = "audio"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file to send: by Telegram's id, or by its bytes."""

    kind: FileKind
    file_id: str | None = None
    content: bytes | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A notice in words: what Telegram is asked to show."""

    text: str  # Telegram's HTML; the caption when there is a file
    buttons: tuple[tuple[Button, ...], ...] = ()
    rings: bool = False
    protected: bool = False
    has_patient_facts: bool = False
    delete_at: datetime | None = None
    file: OutgoingFile | None = None
    document: DocumentId | None = None
    reply_to: DocumentId | None = None  # answer the message that relays this document at the same place
    pinned: bool = False
    topic: str | None = None  # the name the mission's thread must have at this place
    topic_closed: bool = False  # the thread is shut once this is said
    phone: str | None = None  # for an SMS: E.164
    action: str | None = None  # nothing is written: only what the bot seems to do is shown, without a sound
    keyboard_away: bool = False  # the keyboard under the field is not needed any more


#: A notice whose facts are loaded: called when it is about to be sent; None when there is nothing to say.
Prepared = Callable[[], Outgoing | None]
#: Loads what notices need to become words, in the order they came.
Compose = Callable[[Transaction, Sequence[Notice]], Awaitable[list[Prepared]]]


@dataclass(slots=True)
class Tally:
    """What became of what was owed."""

    sent: int = 0
    edited: int = 0
    dropped: int = 0
    postponed: int = 0
    given_up: int = 0
    undeliverable: list[tuple[Place, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SmsAccepted:
    """The gateway took it."""

    id: str
    parts: int


@dataclass(frozen=True, slots=True)
class SmsRejected:
    """It will never be sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class SmsRetry:
    """Try again later."""

    after: timedelta
    perhaps_sent: bool = False  # it did not answer, and may have taken it


class SmsPort(Protocol):
    """A telephone gateway. No health data passes through it."""

    async def send(self, to: str, text: str, ref: str) -> SmsAccepted | SmsRejected | SmsRetry:
        """Hand over one text for an E.164 number; `ref` is ours."""
        ...
