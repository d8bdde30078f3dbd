"""Who takes part: persons, organisations, and the identifiers everything else uses.

Knows no chat: where a person is reached lives in the storage and the delivery.
"""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import NewType

PersonId = NewType("PersonId", int)
OrganisationId = NewType("OrganisationId", int)
MissionId = NewType("MissionId", int)
DocumentId = NewType("DocumentId", int)
VitalsId = NewType("VitalsId", int)


class Role(StrEnum):
    """What a person is here for. The values are stored and are those of the CSV of `people import`."""

    OSNP = "osnp"  # operator of unscheduled care
    REGULATEUR = "regulateur"  # the doctor who decides on SMT and on the new orientation
    COORDINATEUR = "coordinateur"  # answers for the SAS
    IDEL = "idel"  # home nurse
    DOCTOR = "doctor"  # may be the doctor on the video


#: Who may act in the OSNP group.
GROUP_ROLES = frozenset({Role.OSNP, Role.REGULATEUR, Role.COORDINATEUR})


#: Whoever taps or writes in a house's chat: no name, only the house.
ANYBODY = PersonId(0)


class CascadeStep(StrEnum):
    """The steps of the search for a doctor, in the order of the region file. The values are stored."""

    MEDECIN_TRAITANT = "medecin_traitant"
    EFFECTEUR_SAS = "effecteur_sas"
    GARDE = "garde"
    SOS_MEDECIN = "sos_medecin"
    SELAS = "selas"


class PartyKind(StrEnum):
    """Who can hold an offer of the cascade. The values are stored."""

    PERSON = "person"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """A person or an organisation, where either may answer."""

    kind: PartyKind
    id: int

    def __str__(self) -> str:
        """«p12» or «o3»: the form in buttons and keys."""
        return f"{self.kind.value[0]}{self.id}"

    @classmethod
    def person(cls, person: PersonId) -> "Party":
        """The party that is one person."""
        return cls(PartyKind.PERSON, person)

    @classmethod
    def organisation(cls, organisation: OrganisationId) -> "Party":
        """The party that is a house."""
        return cls(PartyKind.ORGANISATION, organisation)

    @classmethod
    def read(cls, text: str) -> "Party":
        """The inverse of `str`. Raises ValueError."""
        kinds = {"p": PartyKind.PERSON, "o": PartyKind.ORGANISATION}
        if text[:1] not in kinds:
            raise ValueError(f"not a party: {text!r}")
        return cls(kinds[text[0]], int(text[1:]))


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """When somebody may be asked on one weekday (0 = Monday), on the region's clocks."""

    weekday: int
    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class Person:
    """A professional known to the bot."""

    id: PersonId
    role: Role
    last_name: str
    first_name: str
    phone: str | None = None  # E.164
    email: str | None = None
    rpps: str | None = None  # 11 digits
    commune: str | None = None  # INSEE code
    sectors: tuple[str, ...] = ()
    cascade_step: CascadeStep | None = None
    capabilities: tuple[str, ...] = ()
    organisation: OrganisationId | None = None
    active: bool = True
    paused_until: datetime | None = None
    several_missions: bool = False  # an IDEL who allows more than one open mission
    guest_of: MissionId | None = None  # a médecin traitant typed into one mission, good for it only
    on_telegram: bool = False  # has started the bot
    reachable: bool = True  # the last thing sent did not come back refused
    weekly: tuple[WeeklyHours, ...] = ()  # when they may be asked; none: whenever the service is open
    out_of_hours: bool = False  # may be rung while the service is closed
    available_until: datetime | None = None  # a doctor's «prochaines 30 min»
    checked_at: datetime | None = None  # when a try reached them; one under way counts for a day
    left_at: datetime | None = None  # asked to leave: active no more

    @property
    def full_name(self) -> str:
        """«Amina BENALI»."""
        return f"{self.first_name} {self.last_name.upper()}".strip()

    @property
    def party(self) -> Party:
        """As whom this person answers: anybody in a house's chat answers for the house."""
        if self.id == ANYBODY and self.organisation is not None:
            return Party.organisation(self.organisation)
        return Party.person(self.id)

    @property
    def short_name(self) -> str:
        """«Amina B.» for the group, «Dr Morel» for a doctor."""
        if self.role in (Role.DOCTOR, Role.REGULATEUR):
            return f"Dr {self.last_name.title()}"
        return f"{self.first_name} {self.last_name[:1].upper()}." if self.first_name else self.last_name

    @property
    def formal_name(self) -> str:
        """«Dr Claire MOREL», «Amina BENALI»."""
        return f"Dr {self.full_name}" if self.role in (Role.DOCTOR, Role.REGULATEUR) else self.full_name


@dataclass(frozen=True, slots=True)
class Line:
    """One of the telephone lines of a house."""

    label: str  # «Secrétariat», «Nuit»
    phone: str  # E.164


@dataclass(frozen=True, slots=True)
class Organisation:
    """A house of doctors: SOS médecin 68, the SELAS. Anyone in its chat answers for it."""

    id: OrganisationId
    name: str
    cascade_step: CascadeStep
    phone: str | None = None  # E.164
    active: bool = True
    on_telegram: bool = False  # its group chat is known
    lines: tuple[Line, ...] = ()  # in the order in which they are phoned; `phone` is the first

    @property
    def all_lines(self) -> tuple[Line, ...]:
        """Every line to phone, `phone` first."""
        known = {line.phone for line in self.lines}
        first = (Line("", self.phone),) if self.phone and self.phone not in known else ()
        return first + self.lines


def somebody_of(house: Organisation) -> Person:
    """Whoever taps in the chat of a house: counts for the house, is nobody by name."""
    return Person(ANYBODY, Role.DOCTOR, house.name, "", phone=house.phone, organisation=house.id)
