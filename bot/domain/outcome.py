"""What a decision says must happen: the value every rule returns and every flow records.

Facts, not words: notices address logical places and carry ids, never a patient's name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from bot.domain.mission import IdelOffer, Mission
from bot.domain.people import MissionId, OrganisationId, Party, PersonId

#: What a notice, an event, a timer or an answer carries: small values that JSON knows.
Fact = str | int | float | bool | None
Facts = Mapping[str, Fact]


class PlaceKind(StrEnum):
    """Where something is said. The values are stored."""

    PERSON = "person"  # a person's private chat, in the mission's thread where there is one
    ORGANISATION = "organisation"  # the group chat of a house
    MISSION = "mission"  # the mission's topic in the OSNP group
    BOARD = "board"  # General of the OSNP group
    SMS = "sms"  # a telephone: `id` is a person, or 0 for a number given in the facts by the dossier
    APPLICANT = "applicant"  # the private chat of somebody who asks to join: `id` is the application


#: Places in the OSNP group, which share its rate.
GROUP_KINDS = frozenset({PlaceKind.MISSION, PlaceKind.BOARD})
#: Private chats.
PRIVATE_KINDS = frozenset({PlaceKind.PERSON, PlaceKind.APPLICANT})


@dataclass(frozen=True, slots=True)
class Place:
    """A logical place: delivery knows which chat and thread it is today."""

    kind: PlaceKind
    id: int = 0

    def __str__(self) -> str:
        """«person:12»: the form in the outbox."""
        return f"{self.kind.value}:{self.id}"

    @classmethod
    def read(cls, text: str) -> "Place":
        """The inverse of `str`. Raises ValueError."""
        kind, _, number = text.partition(":")
        return cls(PlaceKind(kind), int(number))


BOARD = Place(PlaceKind.BOARD)


def to_person(person: PersonId) -> Place:
    """A person's private chat."""
    return Place(PlaceKind.PERSON, person)


def to_applicant(application: int) -> Place:
    """The private chat of somebody who asks to join."""
    return Place(PlaceKind.APPLICANT, application)


def to_organisation(organisation: OrganisationId) -> Place:
    """A house's group chat."""
    return Place(PlaceKind.ORGANISATION, organisation)


def to_party(party: Party) -> Place:
    """Where a person or a house is told."""
    return Place(PlaceKind(party.kind.value), party.id)


def to_group(mission: MissionId) -> Place:
    """The mission's topic in the OSNP group."""
    return Place(PlaceKind.MISSION, mission)


class Priority(IntEnum):
    """Which chat's message goes first; within one chat and thread the order stays. The values are stored."""

    REPLY = 10  # words owed to somebody who just tapped or typed
    RECEIPT = 20  # «SMT 412 est à vous», requests to act
    OFFER = 30
    RELAY = 40
    CARD = 50  # a live card redrawn
    REPORT = 60


class WhenUnknown(StrEnum):
    """What to do when nobody knows whether Telegram got it. The values are stored."""

    AGAIN = "again"  # better twice than never
    DROP = "drop"  # cosmetic: the next redraw mends it


@dataclass(frozen=True, slots=True)
class Notice:
    """Something owed to a place.

    `kind` names the words («search.offer» = macro `offer` of `search.jinja`). With `card` the message is
    one that is edited in place: a notice whose card is already at the place becomes an edit, and
    replaces an earlier redraw not yet sent. `fresh` sends a new message even so (it rings), which
    becomes the card. `valid_until`: not sent after that moment.
    """

    kind: str
    to: Place
    mission: MissionId | None = None
    facts: Facts = field(default_factory=dict)
    priority: Priority = Priority.RECEIPT
    card: str | None = None
    fresh: bool = False
    only_if_there: bool = False  # redraw the card if it was sent; never send it anew
    epoch: int = 0
    valid_until: datetime | None = None
    when_unknown: WhenUnknown = WhenUnknown.AGAIN


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Notices not yet sent that must not be sent any more."""

    mission: MissionId | None  # None: of no mission, and then `to` says whose
    kind: str
    to: Place | None = None  # None: whoever it was for
    epoch: int | None = None  # None: of any epoch

    @property
    def unless_seen(self) -> bool:
        """An offer that perhaps stands on a screen goes again, with the truth of then: who else shuts it?"""
        return self.kind.endswith("offer")


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the journal: what happened, who did it, at which step and why."""

    kind: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Ring at `due` unless stopped; an earlier timer of the same mission, kind and key is replaced."""

    kind: str
    due: datetime
    epoch: int = 0
    key: str = ""
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StopTimer:
    """Do not ring any more. `key=None`: whatever the key."""

    kind: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say at once to whoever acted: `kind` names the words («search.too_late»)."""

    kind: str
    facts: Facts = field(default_factory=dict)
    alert: bool = False  # a box to close instead of a passing line


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything a decision changes. The flow records it whole, in one commit."""

    mission: Mission
    answer: Answer
    events: tuple[Event, ...] = ()
    notices: tuple[Notice, ...] = ()
    withdrawn: tuple[Withdrawal, ...] = ()
    timers: tuple[SetTimer | StopTimer, ...] = ()
    offers: tuple[IdelOffer, ...] = ()  # changed offers
    engaged: PersonId | None = None  # now holds this mission
    released: PersonId | None = None  # holds it no more
    won: tuple[str, int, Party] | None = None  # (machine, epoch, winner), unique behind the decision
    shut_offers: bool = False  # every IDEL still offered sees the card closed

    def then(self, following: "Outcome") -> "Outcome":
        """This decision and one that follows from it, recorded as one. The first one's answer is said."""
        return Outcome(
            mission=following.mission,
            answer=self.answer,
            events=self.events + following.events,
            notices=self.notices + following.notices,
            withdrawn=self.withdrawn + following.withdrawn,
            timers=self.timers + following.timers,
            offers=self.offers + following.offers,
            engaged=following.engaged or self.engaged,
            released=following.released or self.released,
            won=following.won or self.won,
            shut_offers=self.shut_offers or following.shut_offers,
        )


def nothing(mission: Mission, answer: str, **facts: Fact) -> Outcome:
    """A decision that changes nothing but says so."""
    return Outcome(mission, Answer(answer, facts))


class TimerKind(StrEnum):
    """What is awaited. The values are stored."""

    PASTE = "opening.paste"  # the next part of a long paste; of no mission, its key is the operator
    USUAL_SILENT = "search.usual_silent"  # the usual IDEL has not answered the exclusive offer
    SEARCH_WIDEN = "search.widen"  # the next wave is asked
    SEARCH_WARNING = "search.warning"  # 20 minutes without an IDEL
    SEARCH_TIME_UP = "search.time_up"  # 30 minutes without an IDEL
    ORIENTATION_REMINDER = "search.orientation_reminder"  # the régulateur has not decided
    VISIT_HOUR = "visit.hour"  # an IDEL without an announced hour
    LATE_ARRIVAL = "visit.late_arrival"  # the announced hour has passed
    LIMIT_NEAR = "visit.limit_near"  # not on site and the limit comes near
    DOCTOR_SILENT = "cascade.silent"  # the delay of a step has passed
    PAUSE_OVER = "cascade.pause_over"
    PHONE_REMINDER = "cascade.phone_reminder"  # OSNP must phone and have not recorded an answer
    CLOSING_REMINDER = "closing.reminder"
    NIGHT_OWNER = "closing.night_owner"  # the service closes soon and the mission runs past it
    FORGET = "closing.forget"  # the dossier and documents are emptied
    UNTOUCHED = "watch.untouched"  # whoever must act has not; its key is the request's
    REACH_LOST = "reach.lost"  # nurses with an offer cannot be written to any more
    NURSE_UNHEARD = "reach.unheard"  # what should have rung on a nurse's phone came back; person.why
    REACH_BACK = "reach.back"  # a nurse to phone can be written to again; its key
    REACH_CHECK = "reach.check"  # of no mission: the next few people are tried without a sound
    ACCOUNT = "outage.account"  # of no mission: what an absence of the bot did is told
    JOINING_CARD = "joining.card"  # the group has room for the card of an application, which is the key
    BOARD_HOURS = "board.hours"  # of no mission: the hour alone changes what the pinned board says
    JOINING_FORGET = "joining.forget"  # an application nobody has gone on with; its key


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that rang."""

    id: int
    kind: str
    due: datetime
    mission: MissionId | None = None
    epoch: int = 0
    key: str = ""
    facts: Facts = field(default_factory=dict)
    failures: int = 0  # rings that failed before this one
