"""Somebody asks to join: what they have said so far, what is asked next, what OSNP decide. Knows no words.

The application is a dialogue in the private chat of somebody who is nobody yet; an OSNP ends it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.people import CascadeStep, Person, PersonId, Role
from bot.domain.phone import read_phone
from bot.domain.places import commune_of, exact_communes, find_communes, plain, similar_communes
from bot.domain.region import Region

#: How many may wait for a decision: a storm of strangers must not bury those who are meant to join.
MOST_WAITING = 20

#: From one ringing card in the group to the next: the minute of the group belongs to the missions.
BETWEEN_CARDS = timedelta(seconds=20)

#: A card on which nobody has decided rings again after that time.
AGAIN_EVERY = timedelta(days=1)

#: What nobody goes on with is forgotten after that time.
FORGOTTEN_AFTER = timedelta(days=7)

#: Whoever was refused may ask again after that time, but for what they can put right or a mistake.
AGAIN_AFTER = timedelta(days=1)
LIFTED = "lifted"
AT_ONCE = frozenset({"rpps", "phone", LIFTED})

#: Communes that fit on a screen.
MOST_COMMUNES = 12

#: Texts longer than this answer no question.
LONGEST = 120
LONGEST_NAME = 40

#: Who may ask: the others are entered by the coordinateur.
MAY_JOIN = (Role.IDEL, Role.DOCTOR)

#: The steps a doctor may be accepted for; where the region has none of them, the first it has.
STEPS_OF_JOINERS = (CascadeStep.EFFECTEUR_SAS, CascadeStep.GARDE)

EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]{2,}")


class ApplicationState(StrEnum):
    """Where an application stands. The values are stored."""

    FILLING = "filling"  # questions are still to be answered
    WAITING = "waiting"  # OSNP must decide
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # they changed their mind


class Asked(StrEnum):
    """The questions, in their order. The values are stored and travel in buttons."""

    ROLE = "role"
    NAME = "name"
    NAME_SURE = "sure"  # which of the words is the last name
    RPPS = "rpps"
    PHONE = "phone"
    COMMUNE = "commune"
    ABILITIES = "abilities"
    EMAIL = "email"


class Trouble(StrEnum):
    """Why what was typed or sent answers nothing. The values are stored."""

    NOT_UNDERSTOOD = "not_understood"
    TOO_LONG = "too_long"
    NAME = "name"
    RPPS = "rpps"
    RPPS_10 = "rpps_10"  # one digit is missing
    RPPS_12 = "rpps_12"  # there is one too many
    RPPS_ADELI = "rpps_adeli"  # nine digits: the number nurses had before
    RPPS_PHONE = "rpps_phone"
    PHONE = "phone"
    SOMEBODY_ELSES = "somebody_elses"  # the contact of somebody else
    COMMUNE = "commune"
    COMMUNE_MANY = "commune_many"
    EMAIL = "email"
    FILE = "file"  # a photo, a voice message
    CANCELLING = "cancelling"  # «Annuler» was tapped: is that sure?


@dataclass(frozen=True, slots=True)
class Application:
    """What somebody who asks to join has said of themselves."""

    id: int  # 0: not stored yet
    user_id: int  # Telegram's
    chat_id: int
    state: ApplicationState
    asked_at: datetime
    role: Role | None = None
    last_name: str | None = None
    first_name: str | None = None
    rpps: str | None = None  # 11 digits
    phone: str | None = None  # E.164
    phone_shared: bool = False  # by their own contact: Telegram answers for it
    commune: str | None = None  # INSEE code
    capabilities: tuple[str, ...] | None = None  # None: not asked yet
    email: str | None = None
    asking: str | None = None  # the question that waits for typed words
    decided_at: datetime | None = None
    decided_by: PersonId | None = None
    person: PersonId | None = None  # as whom they were accepted
    reason: str | None = None  # why refused
    name_sure: bool = False  # they have said which word is the last name
    passed: tuple[str, ...] = ()  # questions left out
    communes: tuple[str, ...] = ()  # INSEE codes: which of these is it?
    trouble: str | None = None  # why the last text answered nothing
    fixing: bool = False  # they choose what to correct
    refusing: bool = False  # OSNP choose why they refuse
    touched_at: datetime | None = None  # when they last said something
    card_at: datetime | None = None  # when the group's card has rung

    @property
    def full_name(self) -> str:
        """«Amina BENALI»."""
        return f"{self.first_name or ''} {(self.last_name or '').upper()}".strip()

    @property
    def is_open(self) -> bool:
        """Whether it still waits for somebody."""
        return self.state in (ApplicationState.FILLING, ApplicationState.WAITING)


# what is asked


def questions(application: Application, region: Region) -> tuple[Asked, ...]:
    """Every question of such an application, in order."""
    nurse = application.role is not Role.DOCTOR and region.abilities
    return tuple(
        asked for asked in Asked if asked is not Asked.NAME_SURE and (nurse or asked is not Asked.ABILITIES)
    )


def question(application: Application, region: Region) -> Asked | None:
    """What is asked next; None when all is said."""
    if application.asking is not None:
        return Asked(application.asking)
    if application.last_name and not application.name_sure:
        return Asked.NAME_SURE
    return next((asked for asked in questions(application, region) if not _said(application, asked)), None)


def _said(application: Application, asked: Asked) -> bool:
    value = {
        Asked.ROLE: application.role,
        Asked.NAME: application.last_name,
        Asked.RPPS: application.rpps,
        Asked.PHONE: application.phone,
        Asked.COMMUNE: application.commune,
        Asked.EMAIL: application.email,
        Asked.ABILITIES: True if application.capabilities is not None else None,
    }.get(asked)
    return value is not None or asked.value in application.passed


# typed


def hear(application: Application, text: str, region: Region, *, fiction: bool) -> Application:
    """The text as an answer to what is asked; `trouble` says why it is none."""
    asked = question(application, region)
    text = " ".join(text.split())
    if len(text) > LONGEST:
        return replace(application, trouble=Trouble.TOO_LONG)
    heard: Application | Trouble
    match asked:
        case Asked.ROLE:
            heard = _hear_role(application, text)
        case Asked.NAME | Asked.NAME_SURE:
            heard = _hear_name(application, text)
        case Asked.RPPS:
            heard = _hear_rpps(application, text)
        case Asked.PHONE:
            phone = read_phone(text, fiction=fiction)
            heard = with_phone(application, phone.e164, shared=False) if phone else Trouble.PHONE
        case Asked.COMMUNE:
            heard = _hear_commune(application, text, region)
        case Asked.EMAIL:
            email = read_email(text)
            heard = replace(application, email=email) if email else Trouble.EMAIL
        case _:
            heard = Trouble.NOT_UNDERSTOOD
    if isinstance(heard, Trouble):
        # A list of communes is of the words before: under others it would mislead.
        return replace(application, trouble=heard, fixing=False, communes=())
    return answered(heard)


def answered(application: Application) -> Application:
    """Nothing is asked again that was just said; a list of communes may still wait for a tap."""
    asking = Asked.COMMUNE.value if application.communes else None
    return replace(application, asking=asking, trouble=None, fixing=False)


_ROLES = {
    **dict.fromkeys(("idel", "ide", "infirmier", "infirmiere", "infirmier liberal"), Role.IDEL),
    **dict.fromkeys(("medecin", "docteur", "dr", "teleconsultant"), Role.DOCTOR),
}


def _hear_role(application: Application, text: str) -> Application | Trouble:
    role = _ROLES.get(plain(text))
    return Trouble.NOT_UNDERSTOOD if role is None else replace(application, role=role)


_TITLE = re.compile(r"^(?:dr|docteur|pr|mme|mlle|m|mr|madame|monsieur)\.? +", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_]+(?:['’\-. ]{1,2}[^\W\d_]+)*")


def read_name(text: str) -> tuple[str, str] | None:
    """First and last name of «Amina Benali», «BENALI Amina», «Dr Jean-Paul de la Tour»."""
    text = _TITLE.sub("", " ".join(text.split()))
    words = text.split()
    if len(words) < 2 or not _NAME.fullmatch(text) or len(text) > 2 * LONGEST_NAME:
        return None
    capitals = [word for word in words if len(word) > 1 and word.isupper()]
    if capitals and len(capitals) < len(words):
        last, first = capitals, [word for word in words if word not in capitals]
    else:
        first, last = words[:1], words[1:]
    names = _proper(" ".join(first)), " ".join(last).upper()
    return names if all(len(name) <= LONGEST_NAME for name in names) else None


def _proper(name: str) -> str:
    """A first name as it is written: «amina» and «AMINA» are Amina."""
    return name.title() if name.islower() or name.isupper() else name


def _hear_name(application: Application, text: str) -> Application | Trouble:
    names = read_name(text)
    if names is None:
        return Trouble.NAME
    return replace(application, first_name=names[0], last_name=names[1], name_sure=False)


def read_rpps(text: str) -> str | Trouble:
    """Eleven digits, however they are grouped; else what was given instead."""
    digits = re.sub(r"[\s.\-]", "", text.casefold().replace("rpps", "").replace(":", ""))
    if not digits.isascii() or not digits.isdigit():
        return Trouble.RPPS
    if len(digits) == 9:
        return Trouble.RPPS_ADELI
    if len(digits) == 10 and digits.startswith("0"):
        return Trouble.RPPS_PHONE
    if len(digits) in (10, 12):
        return Trouble.RPPS_10 if len(digits) == 10 else Trouble.RPPS_12
    return digits if len(digits) == 11 and len(set(digits)) > 1 else Trouble.RPPS


def _hear_rpps(application: Application, text: str) -> Application | Trouble:
    rpps = read_rpps(text)
    if isinstance(rpps, Trouble):
        return rpps
    passed = tuple(asked for asked in application.passed if asked != Asked.RPPS)
    return replace(application, rpps=rpps, passed=passed)


def read_communes(region: Region, text: str) -> tuple[str, ...] | Trouble:
    """The communes (INSEE) a text may mean: one, or those to choose from."""
    exact = exact_communes(region, text)
    found = exact if len(exact) == 1 else find_communes(region, text)
    if not found:
        return Trouble.COMMUNE
    return Trouble.COMMUNE_MANY if len(found) > MOST_COMMUNES else tuple(c.insee for c in found)


def _hear_commune(application: Application, text: str, region: Region) -> Application | Trouble:
    found = read_communes(region, text)
    if found is Trouble.COMMUNE:
        alike = tuple(commune.insee for commune in similar_communes(region, text))
        return replace(application, communes=alike) if alike else found
    if isinstance(found, Trouble):
        return found
    if len(found) > 1:
        return replace(application, communes=found)
    return replace(application, commune=found[0], communes=())


def read_email(text: str) -> str | None:
    """One e-mail address."""
    return text.lower() if len(text) <= 100 and EMAIL.fullmatch(text) else None


def with_phone(application: Application, phone: str, *, shared: bool) -> Application:
    """The number, typed or given by Telegram."""
    return replace(application, phone=phone, phone_shared=shared)


# tapped


def press(application: Application, name: str, value: str, region: Region) -> Application | None:
    """A button of the form; None when it is of no use any more."""
    match name:
        case "role" if value in MAY_JOIN:
            changed = answered(replace(application, role=Role(value)))
        case "name" if application.last_name and value == "yes":
            changed = answered(replace(application, name_sure=True))
        case "name" if application.last_name and application.first_name and value == "swap":
            swapped = replace(
                application,
                first_name=_proper(application.last_name),
                last_name=application.first_name.upper(),
                name_sure=True,
            )
            changed = answered(swapped)
        case "skip" if value in (Asked.RPPS, Asked.EMAIL):
            changed = answered(_without(application, Asked(value)))
        case "commune" if commune_of(region, value) is not None:
            changed = answered(replace(application, commune=value, communes=()))
        case "ability":
            return _toggled(application, value, region)
        case "fix":
            return _fix(application, value, region)
        case _:
            return None
    return changed


def _without(application: Application, asked: Asked) -> Application:
    passed = tuple(dict.fromkeys((*application.passed, asked.value)))
    if asked is Asked.RPPS:
        return replace(application, rpps=None, passed=passed)
    return replace(application, email=None, passed=passed)


def _toggled(application: Application, value: str, region: Region) -> Application | None:
    had = application.capabilities or ()
    if value == "done":
        return answered(replace(application, capabilities=had))
    keys = [ability.key for ability in region.abilities]
    if value not in keys:
        return None
    chosen = set(had) ^ {value}
    kept = tuple(key for key in keys if key in chosen)
    return replace(application, capabilities=kept, asking=Asked.ABILITIES.value, trouble=None, fixing=False)


def _fix(application: Application, value: str, region: Region) -> Application | None:
    if value == "ask":
        return replace(application, fixing=True, trouble=None)
    if value == "back":
        return answered(replace(application, communes=()))
    if value not in questions(application, region):
        return None
    return replace(application, asking=value, fixing=False, trouble=None, communes=())


# sent, decided


def sent(application: Application, now: datetime) -> Application:
    """It goes to OSNP."""
    return replace(application, state=ApplicationState.WAITING, asked_at=now, trouble=None, fixing=False)


def card_moment(waiting: Iterable[Application], now: datetime) -> datetime:
    """When the next card may ring: the group has had a moment since the one before."""
    rung = [other.card_at for other in waiting if other.card_at is not None]
    return max((now, *(at + BETWEEN_CARDS for at in rung)))


def again_at(application: Application) -> datetime | None:
    """From when whoever was refused may ask again; None: at any time."""
    if application.state is not ApplicationState.REFUSED or application.decided_at is None:
        return None
    return None if application.reason in AT_ONCE else application.decided_at + AGAIN_AFTER


def emptied(application: Application) -> Application:
    """Without what it said of anybody; who decided what stays."""
    return replace(
        application,
        last_name=None,
        first_name=None,
        rpps=None,
        phone=None,
        commune=None,
        capabilities=None,
        email=None,
        asking=None,
        communes=(),
        trouble=None,
        fixing=False,
        refusing=False,
        card_at=None,
    )


def steps(region: Region) -> tuple[CascadeStep, ...]:
    """The steps a doctor may be accepted for, the usual one first."""
    there = [rule.step for rule in region.steps]
    return tuple(step for step in STEPS_OF_JOINERS if step in there) or tuple(there[:1])


def as_person(application: Application, region: Region, step: CascadeStep | None) -> Person:
    """Somebody new, as they have said."""
    if application.role is None:
        raise ValueError(f"application {application.id} names no role")
    sector = region.sector_of(application.commune or "")
    doctor = application.role is Role.DOCTOR
    return Person(
        id=PersonId(0),
        role=application.role,
        last_name=application.last_name or "",
        first_name=application.first_name or "",
        phone=application.phone,
        email=application.email,
        rpps=application.rpps,
        commune=application.commune,
        sectors=(sector.name,) if sector is not None and step is CascadeStep.GARDE else (),
        cascade_step=step if doctor else None,
        capabilities=application.capabilities or (),
    )


def coming_back(application: Application, left: Person) -> Application:
    """The form of somebody who had left: what is known of them is asked for no more, only to be looked at."""
    if left.role not in MAY_JOIN or not left.first_name or left.phone is None:
        return application
    said = replace(
        application,
        role=left.role,
        last_name=left.last_name,
        first_name=left.first_name,
        name_sure=True,
        rpps=left.rpps,
        phone=left.phone,
        commune=left.commune,
        capabilities=left.capabilities,
        email=left.email,
    )
    passed = {Asked.RPPS: left.rpps, Asked.EMAIL: left.email}
    return replace(said, passed=tuple(asked.value for asked, value in passed.items() if value is None))


def joined(known: Person, application: Application) -> Person:
    """Somebody known already, back or with an account now: name, role and RPPS stay."""
    return replace(
        known,
        last_name=known.last_name if known.first_name else application.last_name or known.last_name,
        first_name=known.first_name or application.first_name or "",
        phone=application.phone or known.phone,
        email=application.email or known.email,
        rpps=known.rpps or application.rpps,
        commune=application.commune or known.commune,
        capabilities=application.capabilities or known.capabilities,
        active=True,
        left_at=None,
    )
