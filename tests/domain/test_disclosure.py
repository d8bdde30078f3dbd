"""Which fact, to whom, at which stage: what a reader may not know is not in their hands."""

from dataclasses import fields, replace

import pytest

from bot.domain.disclosure import IDENTIFYING, MAY_SEE, Audience, Fact, Patient, patient_for
from bot.domain.mission import Contact, LiaisonNote
from tests.clock import OPENING
from tests.domain.missions import a_mission
from tests.stories.story import PATIENT

KEPT = LiaisonNote("clé chez la voisine", "Amina B.", OPENING, author="p4", number=1)
TAKEN_OFF = LiaisonNote("chien méchant", "Amina B.", OPENING, pinned=False, author="p4", number=2)
ERASED = LiaisonNote("", "Amina B.", OPENING, pinned=False, author="p4", number=3)

DOSSIER = replace(
    PATIENT,
    usual_idel=Contact("Emma Klein", "+33639980015"),
    notes=("sonnette du haut",),
    regulars=(Contact("du Rebberg", "+33353010031", "Pharmacie"),),
    liaison=(KEPT, TAKEN_OFF, ERASED),
    answers=(("seul", "oui"),),
    operator_notes=(KEPT,),
)

#: Which facts each field of a reader's patient comes from.
FACT_OF = {
    "sex": Fact.SEX,
    "age": Fact.AGE,
    "decade": Fact.AGE,
    "commune": Fact.COMMUNE,
    "postal_code": Fact.POSTAL_CODE,
    "motif": Fact.MOTIF,
    "initials": Fact.INITIALS,
    "last_name": Fact.NAME,
    "first_name": Fact.NAME,
    "birth_date": Fact.BIRTH_DATE,
    "address": Fact.ADDRESS,
    "floor": Fact.ADDRESS,
    "door_code": Fact.ADDRESS,
    "who_opens": Fact.ADDRESS,
    "phone": Fact.PHONE,
    "caller": Fact.PHONE,
    "motif_text": Fact.MOTIF_TEXT,
    "medecin_traitant": Fact.MEDECIN_TRAITANT,
    "usual_idel": Fact.USUAL_IDEL,
    "notes": Fact.NOTES,
    "regulars": Fact.REGULARS,
    "liaison": Fact.LIAISON,
    "answers": Fact.ANSWERS,
    "operator_notes": Fact.OPERATOR_NOTES,
}


def seen_by(audience: Audience) -> Patient:
    return patient_for(
        audience, a_mission(), DOSSIER, commune_name="Mulhouse", motif_label="Chute", decade=None
    )


def test_every_field_is_of_a_fact() -> None:
    assert {field.name for field in fields(Patient)} == set(FACT_OF)


@pytest.mark.parametrize("audience", Audience)
def test_a_reader_has_what_is_theirs_and_nothing_else(audience: Audience) -> None:
    patient = seen_by(audience)
    given = {field.name for field in fields(Patient) if getattr(patient, field.name)}
    wrong = {name for name in given if FACT_OF[name] not in MAY_SEE[audience]}
    assert wrong == set()
    missing = {name for name, fact in FACT_OF.items() if fact in MAY_SEE[audience]} - given
    assert missing <= {"decade"}


@pytest.mark.parametrize("fact", [Fact.REGULARS, Fact.LIAISON, Fact.ANSWERS])
def test_the_sheet_s_own_facts_are_for_who_is_there_and_for_osnp_in_private(fact: Fact) -> None:
    assert fact in IDENTIFYING
    assert {audience for audience in Audience if fact in MAY_SEE[audience]} == {
        Audience.IDEL_CHOSEN,
        Audience.DOCTOR_CHOSEN,
        Audience.OPERATOR,
    }


@pytest.mark.parametrize("audience", [Audience.IDEL_CHOSEN, Audience.DOCTOR_CHOSEN])
def test_a_note_that_was_taken_off_is_for_osnp_only(audience: Audience) -> None:
    assert seen_by(audience).liaison == (KEPT,)
    assert seen_by(Audience.OPERATOR).liaison == (KEPT, TAKEN_OFF)
