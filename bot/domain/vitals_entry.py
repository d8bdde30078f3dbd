"""A series of constantes on its way: typed or tapped, questioned where odd, sent, corrected later.

Pure decisions. Knows no card, no storage and no clock.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from bot.domain.mission import Mission, MissionState
from bot.domain.outcome import (
    Answer,
    Event,
    Fact,
    Notice,
    Outcome,
    Priority,
    nothing,
    to_group,
    to_party,
    to_person,
)
from bot.domain.people import GROUP_ROLES, Party, Person, PersonId
from bot.domain.vitals import (
    FIELDS,
    GUIDED,
    Correction,
    Reading,
    Vitals,
    VitalSign,
    corrections,
    impossible,
    next_guided,
    of_choice,
    questionable,
)

#: A line of other signs so soon after a series completes it; later, or with its own hour, it is a new one.
COMPLETES = timedelta(minutes=10)

#: How long one alert is enough.
ALERT_AGAIN = timedelta(minutes=5)

#: So many words that are no sign make a line a message that happens to hold values.
PROSE = 5


class LineKind(StrEnum):
    """What a text of the nurse is."""

    MESSAGE = "message"
    SERIES = "series"
    BOTH = "both"  # a message with several values in it: relayed whole, and noted


#: What makes a message of OSNP a line of constantes: «constantes : TA 13/8 FC 72».
_DICTATED = re.compile(r"\s*constantes?\s*:\s*", re.IGNORECASE)


def dictated(text: str) -> str | None:
    """The line in a text that begins with «constantes :»; None when it does not."""
    mark = _DICTATED.match(text)
    return text[mark.end() :].strip() if mark else None


def may_enter(mission: Mission, person: Person) -> bool:
    """The nurse; and OSNP, who note what she dictates on the telephone."""
    idel = mission.visit.idel
    return idel is not None and (idel == person.id or person.role in GROUP_ROLES)


def line_kind(reading: Reading) -> LineKind:
    """Whether a text is a line of constantes, a message, or a message that gives some."""
    signs = len(reading.measures) + len(reading.refused)
    words = sum(len(part.split()) for part in reading.not_understood)
    if signs == 0:
        return LineKind.MESSAGE
    if words < PROSE + signs:
        return LineKind.SERIES
    return LineKind.BOTH if signs > 1 else LineKind.MESSAGE


class Mode(StrEnum):
    """What an entry does once nothing is asked. The values are stored in drafts."""

    LINE = "line"  # sends itself as soon as nothing is odd
    GUIDED = "guided"  # asks sign after sign
    PICK = "pick"  # «Corriger»: which sign?


@dataclass(frozen=True, slots=True)
class Entry:
    """A series being entered, or the corrections of one that was sent."""

    vitals: Vitals = field(default_factory=Vitals)
    mode: Mode = Mode.LINE
    number: int = 1  # grows with every change: the epoch of its buttons
    confirmed: frozenset[VitalSign] = frozenset()
    fields: tuple[str, ...] = ()  # asked before anything else, in this order
    skipped: frozenset[str] = frozenset()
    typing: bool = False  # the value asked for will be written
    done: bool = False  # «Envoyer» before the last question
    series: int | None = None  # the series it corrects; None: a new one
    taken_at: datetime | None = None  # None: when it is sent
    unread: tuple[str, ...] = ()  # words nobody understood: shown, not sent
    refused: tuple[str, ...] = ()  # values that cannot be true, as written

    def to_json(self) -> dict[str, Any]:
        """For a draft."""
        return {
            "vitals": self.vitals.facts(),
            "mode": self.mode.value,
            "number": self.number,
            "confirmed": sorted(sign.value for sign in self.confirmed),
            "fields": list(self.fields),
            "skipped": sorted(self.skipped),
            "typing": self.typing,
            "done": self.done,
            "series": self.series,
            "taken_at": self.taken_at.isoformat() if self.taken_at else None,
            "unread": list(self.unread),
            "refused": list(self.refused),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Entry":
        """The inverse of `to_json`."""
        return cls(
            vitals=Vitals.from_facts(body["vitals"]),
            mode=Mode(body["mode"]),
            number=body["number"],
            confirmed=frozenset(VitalSign(sign) for sign in body["confirmed"]),
            fields=tuple(body["fields"]),
            skipped=frozenset(body["skipped"]),
            typing=body["typing"],
            done=body["done"],
            series=body["series"],
            taken_at=datetime.fromisoformat(body["taken_at"]) if body["taken_at"] else None,
            unread=tuple(body["unread"]),
            refused=tuple(body["refused"]),
        )


@dataclass(frozen=True, slots=True)
class Asks:
    """What an entry wants to know next: exactly one of these, or nothing (ready to be sent)."""

    field: str | None = None  # a value
    doubt: VitalSign | None = None  # «c'est bien ça ?»
    pick: bool = False  # which sign to correct

    @property
    def nothing(self) -> bool:
        """Ready to be sent."""
        return self.field is None and self.doubt is None and not self.pick


def asks(entry: Entry) -> Asks:
    """The next question."""
    if entry.fields:
        return Asks(field=entry.fields[0])
    if entry.mode is Mode.GUIDED and not entry.done:
        step = next_guided(entry.vitals, entry.skipped)
        if step is not None:
            return Asks(field=step.field)
    doubtful = doubts(entry)
    if doubtful:
        return Asks(doubt=doubtful[0])
    if entry.mode is Mode.PICK and not entry.vitals.facts():
        return Asks(pick=True)
    return Asks()


def doubts(entry: Entry) -> tuple[VitalSign, ...]:
    """The odd values nobody has confirmed."""
    odd = questionable(entry.vitals) - entry.confirmed
    return tuple(sign for sign in VitalSign if sign in odd)


def from_line(reading: Reading, taken_at: datetime | None, series: int | None = None) -> Entry:
    """What a line says."""
    return Entry(
        vitals=reading.vitals,
        series=series,
        taken_at=taken_at,
        unread=reading.not_understood,
        refused=tuple(measure.text for measure in reading.refused),
    )


def confirm(entry: Entry, sign: VitalSign) -> Entry:
    """«Oui, 39 %»."""
    return _next(entry, confirmed=entry.confirmed | {sign})


def correct(entry: Entry, sign: VitalSign) -> Entry:
    """«Corriger»: that sign is asked again."""
    asked = _asked_fields(sign)
    return _next(
        entry,
        vitals=entry.vitals.without(sign),
        confirmed=entry.confirmed - {sign},
        fields=asked,
        skipped=entry.skipped - set(asked),
        # The other fields are not chosen among: a sign without choices is written.
        typing=not has_choices(asked[0]),
    )


def _asked_fields(sign: VitalSign) -> tuple[str, ...]:
    return ("oxygen_flow",) if sign is VitalSign.OXYGEN else FIELDS[sign]


def has_choices(name: str) -> bool:
    """Whether that value can be tapped."""
    return any(step.field == name for step in GUIDED)


def write_value(entry: Entry) -> Entry:
    """«Autre valeur»."""
    return _next(entry, typing=True)


def skip(entry: Entry, asked: str) -> Entry:
    """«Passer»."""
    return _next(
        entry,
        fields=tuple(name for name in entry.fields if name != asked),
        skipped=entry.skipped | {asked},
        typing=False,
    )


def send_now(entry: Entry) -> Entry:
    """«Envoyer»: what is not there is not taken; an odd value is still asked."""
    return _next(entry, done=True, fields=(), typing=False)


def choose(entry: Entry, asked: str, choice: str) -> Entry | None:
    """A value tapped or written; None when it is no value of that field, or cannot be true."""
    found = of_choice(asked, choice)
    if found is None:
        return None
    vitals = replace(entry.vitals, **found.facts())
    sign = next(sign for sign, names in FIELDS.items() if asked in names)
    if sign in impossible(vitals):
        return None
    fields = tuple(name for name in entry.fields if name != asked)
    return _next(
        entry,
        vitals=vitals,
        confirmed=entry.confirmed - {sign},
        fields=fields,
        typing=bool(fields) and not has_choices(fields[0]),
    )


def add_line(entry: Entry, reading: Reading) -> Entry:
    """A line written while an entry is open goes into it."""
    given = {name for sign in reading.vitals.given() for name in FIELDS[sign]}
    return _next(
        entry,
        vitals=entry.vitals.merge(reading.vitals),
        confirmed=entry.confirmed - set(reading.vitals.given()),
        fields=tuple(name for name in entry.fields if name not in given),
        typing=False,
        unread=entry.unread + reading.not_understood,
        refused=entry.refused + tuple(measure.text for measure in reading.refused),
    )


def _next(entry: Entry, **changes: Any) -> Entry:
    return replace(entry, number=entry.number + 1, **changes)


@dataclass(frozen=True, slots=True)
class Change:
    """A sign that was corrected or added later, and when."""

    at: datetime
    correction: Correction

    @property
    def is_new(self) -> bool:
        """It was missing, not wrong."""
        return not self.correction.before.facts()


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a series, as it is stored."""

    series: int
    number: int
    taken_at: datetime
    at: datetime  # when it was sent
    vitals: Vitals
    unread: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    noted_by: str | None = None  # «Léa M.», where she dictated it


@dataclass(frozen=True, slots=True)
class Series:
    """A series with its history."""

    number: int
    taken_at: datetime
    vitals: Vitals
    at: datetime  # of the newest version
    versions: int = 1
    changes: tuple[Change, ...] = ()
    unread: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    noted_by: str | None = None


def history(versions: Sequence[Version]) -> tuple[Series, ...]:
    """The series of a mission, oldest first, from every version of each."""
    found: list[Series] = []
    for number in sorted({version.series for version in versions}):
        own = sorted((v for v in versions if v.series == number), key=lambda v: v.number)
        last = own[-1]
        found.append(
            Series(
                number=number,
                taken_at=last.taken_at,
                vitals=last.vitals,
                at=last.at,
                versions=len(own),
                changes=tuple(
                    Change(after.at, correction)
                    for before, after in pairwise(own)
                    for correction in corrections(before.vitals, after.vitals)
                ),
                noted_by=last.noted_by,
                unread=last.unread,
                refused=last.refused,
            )
        )
    return tuple(found)


def completed_by(last: Series | None, entry: Entry, now: datetime) -> bool:
    """Whether a new line completes the last series: soon after it, with other signs, without an hour."""
    return (
        last is not None
        and entry.series is None
        and entry.mode is Mode.LINE
        and entry.taken_at is None
        and now - last.at <= COMPLETES
        and not set(last.vitals.given()) & set(entry.vitals.given())
    )


def send(
    mission: Mission, series: int, version: int, vitals: Vitals, doctor: Party | None, *, below: bool = False
) -> Outcome:
    """A series (or a new version of it) goes to the doctor, and back to the nurse as she will find it.

    `below`: she has just written, so her card comes anew under what she wrote.
    """
    if mission.state is MissionState.CLOSED or mission.visit.idel is None:
        return nothing(mission, "thread.closed", number=mission.number)
    return Outcome(
        mission,
        Answer("vitals.sent" if doctor else "vitals.kept", {"number": mission.number}),
        events=(
            Event(
                "vitals.sent" if version == 1 else "vitals.corrected",
                {"series": series, "version": version, "signs": len(vitals.given())},
            ),
        ),
        notices=(
            *((card(mission, doctor, series),) if doctor else ()),
            replace(own_card(mission, mission.visit.idel, series), fresh=below),
            Notice("thread.group", to_group(mission.id), mission.id, priority=Priority.CARD, card="thread"),
        ),
    )


def card(mission: Mission, doctor: Party, series: int) -> Notice:
    """The doctor's card of one series: rings once, is edited after."""
    return Notice(
        "vitals.card",
        to_party(doctor),
        mission.id,
        facts={"series": series},
        priority=Priority.RELAY,
        card=f"vitals:{series}",
    )


def own_card(mission: Mission, idel: PersonId, series: int) -> Notice:
    """The same card at the nurse's."""
    return Notice(
        "vitals.own",
        to_person(idel),
        mission.id,
        facts={"series": series},
        priority=Priority.REPLY,
        card=f"vitals:{series}",
    )


def alert(mission: Mission, by: PersonId, last_alert: datetime | None, now: datetime) -> Outcome:
    """«Prévenir le régulateur»: the group rings; no value is said there."""
    if mission.state is not MissionState.OPEN:
        return nothing(mission, "thread.closed", number=mission.number)
    if last_alert is not None and now - last_alert < ALERT_AGAIN:
        return nothing(mission, "vitals.alerted_already", at=last_alert.isoformat())
    facts: dict[str, Fact] = {"person": by, "at": now.isoformat()}
    return Outcome(
        mission,
        Answer("vitals.alerted", {"number": mission.number}, alert=True),
        events=(Event("vitals.alerted", {"person": by}),),
        notices=(
            Notice(
                "vitals.alert",
                to_group(mission.id),
                mission.id,
                facts=facts,
                priority=Priority.RECEIPT,
                card="vitals_alert",
                fresh=True,
            ),
        ),
    )
