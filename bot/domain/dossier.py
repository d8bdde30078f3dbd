"""The sheet of a mission: where it is shown, and who besides the médecin traitant cares for the patient.

Pure decisions; what each reader finds on the sheet is `disclosure`'s to say.
"""

from bot.domain.mission import Contact, Mission
from bot.domain.outcome import Notice, Place, Priority, WhenUnknown, to_party, to_person
from bot.domain.thread import Voice, reader

#: More usual professionals than this fit on no sheet.
MOST_REGULARS = 8

#: A name, and what they are, of more letters is something else.
MOST_LETTERS = 80


def sheet(mission: Mission, to: Place) -> Notice:
    """The sheet, below whatever was said since."""
    return Notice("dossier.sheet", to, mission.id, priority=Priority.REPLY, card="sheet", fresh=True)


def redraws(mission: Mission) -> tuple[Notice, ...]:
    """The sheets that stand on a screen: what was taken off must not be read there any more."""
    there = [to_person(mission.operator)]
    there += [to_party(party) for voice in (Voice.IDEL, Voice.DOCTOR) if (party := reader(mission, voice))]
    return tuple(
        Notice(
            "dossier.sheet",
            place,
            mission.id,
            priority=Priority.CARD,
            card="sheet",
            only_if_there=True,
            when_unknown=WhenUnknown.DROP,
        )
        for place in there
    )


def with_regular(regulars: tuple[Contact, ...], more: Contact) -> tuple[Contact, ...]:
    """One more usual professional; the same number again says it better than before."""
    kept = tuple(r for r in regulars if r.phone is None or r.phone != more.phone)
    return (*(r for r in kept if r != more), more)
