"""Which fact, to which role, at which stage, by which channel: the whole rule, in one place.

Everything about a patient on its way to a screen passes `patient_for`; what it does not give cannot be
written by a template.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.domain.mission import Contact, Dossier, LiaisonNote, Mission, Sex


class Fact(StrEnum):
    """One thing that can be known of a patient."""

    AGE = "age"  # exact, or by decade in a small commune
    SEX = "sex"
    COMMUNE = "commune"
    POSTAL_CODE = "postal_code"
    MOTIF = "motif"  # the one chosen from the list
    INITIALS = "initials"
    NAME = "name"
    BIRTH_DATE = "birth_date"
    ADDRESS = "address"  # with floor, code and who opens
    PHONE = "phone"  # the patient's and the caller's
    MOTIF_TEXT = "motif_text"  # free text
    MEDECIN_TRAITANT = "medecin_traitant"
    USUAL_IDEL = "usual_idel"
    NOTES = "notes"  # what the operator pasted and nobody recognised
    REGULARS = "regulars"  # the other usual professionals
    LIAISON = "liaison"  # the notes for the next professional
    ANSWERS = "answers"  # to the region's questionnaire
    OPERATOR_NOTES = "operator_notes"  # of the OSNP, for each other


class Audience(StrEnum):
    """Who reads, at which stage."""

    IDEL_ASKED = "idel_asked"
    IDEL_CHOSEN = "idel_chosen"
    DOCTOR_ASKED = "doctor_asked"
    MEDECIN_TRAITANT_SEES = "medecin_traitant_sees"  # tapped «Voir», which is journalled
    DOCTOR_CHOSEN = "doctor_chosen"
    GROUP = "group"
    GROUP_WATCHED = "group_watched"  # somebody in the group is not registered: numbers only
    OPERATOR = "operator"  # an OSNP or régulateur in the private chat, on «Voir le patient»
    SMS = "sms"
    OUTSIDER = "outsider"


_BEFORE = frozenset({Fact.AGE, Fact.SEX, Fact.COMMUNE, Fact.MOTIF})
_ALL = frozenset(Fact) - {Fact.OPERATOR_NOTES}

MAY_SEE: dict[Audience, frozenset[Fact]] = {
    Audience.IDEL_ASKED: _BEFORE,
    Audience.IDEL_CHOSEN: _ALL,
    Audience.DOCTOR_ASKED: _BEFORE | {Fact.POSTAL_CODE},
    Audience.MEDECIN_TRAITANT_SEES: _BEFORE | {Fact.POSTAL_CODE, Fact.NAME, Fact.BIRTH_DATE},
    Audience.DOCTOR_CHOSEN: _ALL - {Fact.ADDRESS, Fact.NOTES, Fact.USUAL_IDEL},
    Audience.GROUP: frozenset({Fact.AGE, Fact.SEX, Fact.COMMUNE, Fact.MOTIF, Fact.INITIALS}),
    Audience.GROUP_WATCHED: frozenset(),
    Audience.OPERATOR: _ALL | {Fact.OPERATOR_NOTES},
    Audience.SMS: frozenset(),
    Audience.OUTSIDER: frozenset(),
}

#: Facts that make a message one to protect and to purge.
IDENTIFYING = frozenset(
    {
        Fact.NAME,
        Fact.BIRTH_DATE,
        Fact.ADDRESS,
        Fact.PHONE,
        Fact.MOTIF_TEXT,
        Fact.MEDECIN_TRAITANT,
        Fact.USUAL_IDEL,
        Fact.NOTES,
        Fact.REGULARS,
        Fact.LIAISON,
        Fact.ANSWERS,
        Fact.OPERATOR_NOTES,
    }
)


@dataclass(frozen=True, slots=True)
class Patient:
    """What one reader may know. A fact that is not theirs is None."""

    sex: Sex | None = None
    age: int | None = None
    decade: tuple[int, int] | None = None  # shown instead of the age in a small commune
    commune: str | None = None
    postal_code: str | None = None
    motif: str | None = None
    initials: str | None = None
    last_name: str | None = None
    first_name: str | None = None
    birth_date: date | None = None
    address: str | None = None
    floor: str | None = None
    door_code: str | None = None
    who_opens: str | None = None
    phone: str | None = None
    caller: Contact | None = None
    motif_text: str | None = None
    medecin_traitant: Contact | None = None
    usual_idel: Contact | None = None
    notes: tuple[str, ...] = ()
    regulars: tuple[Contact, ...] = ()
    liaison: tuple[LiaisonNote, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()  # keys of the region file: question, choice
    operator_notes: tuple[LiaisonNote, ...] = ()


def patient_for(
    audience: Audience,
    mission: Mission,
    dossier: Dossier | None,
    *,
    commune_name: str,
    motif_label: str,
    decade: tuple[int, int] | None,
) -> Patient:
    """What `audience` may know of the patient. `decade` is given where the commune is small."""
    may = MAY_SEE[audience]
    by_decade = decade if audience in (Audience.IDEL_ASKED, Audience.DOCTOR_ASKED) else None
    shows_age = Fact.AGE in may
    known: dict[str, object] = {
        "sex": mission.sex if Fact.SEX in may else None,
        "age": mission.age if shows_age and by_decade is None else None,
        "decade": by_decade if shows_age else None,
        "commune": commune_name if Fact.COMMUNE in may else None,
        "motif": motif_label if Fact.MOTIF in may else None,
    }
    if dossier is not None:
        for fact, fields in _FIELDS.items():
            if fact in may:
                known |= {field: getattr(dossier, source) for field, source in fields}
        if Fact.INITIALS in may:
            known["initials"] = f"{dossier.first_name[:1]}.\N{NO-BREAK SPACE}{dossier.last_name[:1]}.".upper()
        if Fact.BIRTH_DATE in may and dossier.birth_date:
            known["birth_date"] = date.fromisoformat(dossier.birth_date)
        if Fact.LIAISON in may:
            # What was taken off again is for OSNP only.
            every = audience is Audience.OPERATOR
            known["liaison"] = tuple(n for n in dossier.liaison if n.text and (every or n.pinned))
    return Patient(**known)  # type: ignore[arg-type]


#: Which fields of the dossier each fact opens: (field here, field there).
_FIELDS: dict[Fact, tuple[tuple[str, str], ...]] = {
    Fact.POSTAL_CODE: (("postal_code", "postal_code"),),
    Fact.NAME: (("last_name", "last_name"), ("first_name", "first_name")),
    Fact.ADDRESS: (
        ("address", "address"),
        ("floor", "floor"),
        ("door_code", "door_code"),
        ("who_opens", "who_opens"),
        ("postal_code", "postal_code"),
    ),
    Fact.PHONE: (("phone", "patient_phone"), ("caller", "caller")),
    Fact.MOTIF_TEXT: (("motif_text", "motif_text"),),
    Fact.MEDECIN_TRAITANT: (("medecin_traitant", "medecin_traitant"),),
    Fact.USUAL_IDEL: (("usual_idel", "usual_idel"),),
    Fact.NOTES: (("notes", "notes"),),
    Fact.REGULARS: (("regulars", "regulars"),),
    Fact.ANSWERS: (("answers", "answers"),),
    Fact.OPERATOR_NOTES: (("operator_notes", "operator_notes"),),
}
