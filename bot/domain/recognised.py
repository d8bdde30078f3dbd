"""What a pasted block was found to tell, as values. Knows no rule of reading."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.domain.mission import Contact, Sex


class PhoneOwner(StrEnum):
    """Whose number it is."""

    PATIENT = "patient"
    CALLER = "caller"  # or a relative: see the link
    MEDECIN_TRAITANT = "medecin_traitant"
    USUAL_IDEL = "usual_idel"
    DECIDER = "decider"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FoundPhone:
    """A number of the block and whose it is."""

    number: str  # E.164
    owner: PhoneOwner
    link: str | None = None  # «fille», as typed


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name as typed, and the sex its title tells."""

    last_name: str
    first_name: str
    sex: Sex | None = None


@dataclass(frozen=True, slots=True)
class Age:
    """Full years; for a small child also the months."""

    years: int
    months: int | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """Where the patient is. `communes` are the INSEE codes it may be."""

    street: str | None = None
    postal_code: str | None = None
    communes: tuple[str, ...] = ()
    floor: str | None = None
    door_code: str | None = None
    who_opens: str | None = None


@dataclass(frozen=True, slots=True)
class Recognised:
    """What the block tells. None: it does not, or not surely."""

    last_name: str | None = None
    first_name: str | None = None
    birth_date: date | None = None
    age: int | None = None  # years, from the birth date when there is one
    age_months: int | None = None  # given in months
    sex: Sex | None = None
    address: str | None = None  # number and street
    postal_code: str | None = None
    communes: tuple[str, ...] = ()  # INSEE codes; more than one: to settle
    floor: str | None = None
    door_code: str | None = None
    who_opens: str | None = None
    phones: tuple[FoundPhone, ...] = ()
    patient_phone: str | None = None  # E.164
    caller_name: str | None = None
    caller_link: str | None = None
    caller_phone: str | None = None  # E.164
    motif_text: str = ""
    motif_key: str | None = None
    medecin_traitant: Contact | None = None
    usual_idel: Contact | None = None
    regulars: tuple[Contact, ...] = ()  # other usual professionals, each with a number
    decider_name: str | None = None
    decider_quality: str | None = None
    understood: tuple[str, ...] = ()  # the stretches that went into the fields, labels included
    leftovers: tuple[str, ...] = ()  # all the rest

    @property
    def is_request(self) -> bool:
        """Whether it describes a patient: three at least of name, age, address and number."""
        told = (
            self.last_name,
            self.birth_date is not None or self.age is not None,
            self.address or self.postal_code,
            self.phones,
        )
        return sum(map(bool, told)) >= 3

    @property
    def caller(self) -> Contact | None:
        """Who called, as far as given."""
        if not (self.caller_name or self.caller_link or self.caller_phone):
            return None
        return Contact(self.caller_name or "", self.caller_phone, self.caller_link)

    @property
    def decided_by(self) -> str | None:
        """«SAMURL68, médecin généraliste»."""
        return ", ".join(part for part in (self.decider_name, self.decider_quality) if part) or None
