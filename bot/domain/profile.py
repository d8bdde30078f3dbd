"""What is known of a person, and how each fact of it is changed, by themselves or by OSNP. Knows no words."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from zlib import crc32

from bot.domain.joining import LONGEST, Trouble, read_communes, read_email, read_name, read_rpps
from bot.domain.people import GROUP_ROLES, CascadeStep, Person, Role
from bot.domain.phone import read_phone
from bot.domain.places import similar_communes
from bot.domain.region import Region

#: Stands where a name was, once somebody's facts are forgotten.
NOBODY = "—"

#: The steps a person may stand at; the others are houses'.
STEPS = (CascadeStep.EFFECTEUR_SAS, CascadeStep.GARDE, CascadeStep.MEDECIN_TRAITANT)


class Field(StrEnum):
    """A fact that can be changed. The values are stored and travel in buttons."""

    PHONE = "phone"
    COMMUNE = "commune"
    SECTORS = "sectors"
    ABILITIES = "abilities"
    EMAIL = "email"
    NAME = "name"
    RPPS = "rpps"
    STEP = "step"  # of the doctor cascade


#: Those that OSNP only change: they say who somebody is, and what they may do.
OF_OSNP = frozenset({Field.NAME, Field.RPPS, Field.STEP})

#: Those that are typed.
TYPED = frozenset({Field.PHONE, Field.COMMUNE, Field.EMAIL, Field.NAME, Field.RPPS})

#: Those whose value the journal may keep: they name nobody.
TOLD = frozenset({Field.COMMUNE, Field.SECTORS, Field.ABILITIES, Field.STEP})


@dataclass(frozen=True, slots=True)
class Editing:
    """What somebody is changing on a card."""

    asking: Field | None = None
    communes: tuple[str, ...] = ()  # INSEE codes: which of these is it?
    trouble: str | None = None
    confirming: str | None = None  # «leave», «forget»
    changed: Field | None = None  # what has just been noted


def may_change(by: Person, of: Person) -> bool:
    """One's own card, until forgotten; anybody's for those who act in the group."""
    if by.id == of.id:
        return by.active or by.left_at is not None
    return by.active and by.role in GROUP_ROLES


def fields(of: Person, by: Person, region: Region) -> tuple[Field, ...]:
    """What may be changed on that card by whoever looks at it."""
    rides = of.role in (Role.IDEL, Role.DOCTOR)
    there = {
        Field.PHONE: True,
        Field.COMMUNE: rides,
        Field.SECTORS: rides and bool(region.sectors),
        Field.ABILITIES: of.role is Role.IDEL and bool(region.abilities),
        Field.EMAIL: True,
        Field.NAME: True,
        Field.RPPS: True,
        Field.STEP: of.role is Role.DOCTOR,
    }
    staff = by.role in GROUP_ROLES
    return tuple(field for field, is_there in there.items() if is_there and (staff or field not in OF_OSNP))


def sector_key(name: str) -> str:
    """A sector as a button carries it: names may be long."""
    return f"{crc32(name.encode()):x}"


def steps(region: Region) -> tuple[CascadeStep, ...]:
    """The steps of the region at which persons stand."""
    there = {rule.step for rule in region.steps}
    return tuple(step for step in STEPS if step in there)


def read(
    field: Field, person: Person, text: str, region: Region, *, fiction: bool
) -> Person | Trouble | tuple[str, ...]:
    """A typed text as the new value: the person changed, why not, or communes (INSEE) to choose from."""
    text = " ".join(text.split())
    if len(text) > LONGEST:
        return Trouble.TOO_LONG
    match field:
        case Field.PHONE:
            phone = read_phone(text, fiction=fiction)
            return replace(person, phone=phone.e164) if phone else Trouble.PHONE
        case Field.EMAIL:
            email = read_email(text)
            return replace(person, email=email) if email else Trouble.EMAIL
        case Field.NAME:
            names = read_name(text)
            return replace(person, first_name=names[0], last_name=names[1]) if names else Trouble.NAME
        case Field.RPPS:
            rpps = read_rpps(text)
            return rpps if isinstance(rpps, Trouble) else replace(person, rpps=rpps)
        case Field.COMMUNE:
            found = read_communes(region, text)
            if found is Trouble.COMMUNE:
                return tuple(commune.insee for commune in similar_communes(region, text)) or found
            if isinstance(found, Trouble) or len(found) > 1:
                return found
            return replace(person, commune=found[0])
    return Trouble.NOT_UNDERSTOOD


def choose(person: Person, name: str, value: str, region: Region) -> Person | None:
    """A button as the new value; None when it is of no use any more."""
    match name:
        case "commune" if region.commune(value) is not None:
            return replace(person, commune=value)
        case "sector":
            names = {sector_key(sector.name): sector.name for sector in region.sectors}
            chosen = set(person.sectors) ^ {names[value]} if value in names else None
            if chosen is None:
                return None
            return replace(person, sectors=tuple(s.name for s in region.sectors if s.name in chosen))
        case "ability":
            keys = [ability.key for ability in region.abilities]
            if value not in keys:
                return None
            has = set(person.capabilities) ^ {value}
            others = tuple(key for key in person.capabilities if key not in keys)
            return replace(person, capabilities=(*(key for key in keys if key in has), *others))
        case "step" if value in steps(region):
            return replace(person, cascade_step=CascadeStep(value))
        case "email" if value == "none":
            return replace(person, email=None)
    return None


#: Which fact a button of a choice changes.
FIELD_OF = {
    "commune": Field.COMMUNE,
    "sector": Field.SECTORS,
    "ability": Field.ABILITIES,
    "step": Field.STEP,
    "email": Field.EMAIL,
}


def shown_value(field: Field, person: Person) -> str:
    """The value as the journal keeps it."""
    values = {
        Field.COMMUNE: person.commune or "",
        Field.SECTORS: ",".join(person.sectors),
        Field.ABILITIES: ",".join(person.capabilities),
        Field.STEP: person.cascade_step.value if person.cascade_step else "",
    }
    return values.get(field, "")


def left(person: Person, now: datetime) -> Person:
    """They have left the service: nothing is offered to them any more."""
    return replace(person, active=False, left_at=person.left_at or now, available_until=None)


def back(person: Person) -> Person:
    """They are there again."""
    return replace(person, active=True, left_at=None)


def forgotten(person: Person, now: datetime, *, paid: bool) -> Person:
    """Without their facts; `paid`: whoever had missions keeps the name and RPPS that a payment needs."""
    gone = replace(
        left(person, now),
        phone=None,
        email=None,
        commune=None,
        sectors=(),
        capabilities=(),
        organisation=None,
        paused_until=None,
        weekly=(),
        out_of_hours=False,
        checked_at=None,
        on_telegram=False,
    )
    return gone if paid else replace(gone, last_name=NOBODY, first_name="", rpps=None)
