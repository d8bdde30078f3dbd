"""Messages and documents between the nurse and the doctor: who speaks, who is shown what, in which manner.

Pure decisions about ids; the words themselves, and the files, are never here.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.mission import Mission, MissionState, Prescription
from bot.domain.outcome import Answer, Event, Notice, Outcome, Priority, nothing, to_group, to_party
from bot.domain.people import GROUP_ROLES, DocumentId, Party, Person, PersonId, Role


class Voice(StrEnum):
    """As whom somebody speaks in a mission. The values are stored in the journal."""

    IDEL = "idel"
    DOCTOR = "doctor"
    OSNP = "osnp"  # operators, régulateur, coordinateur


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing written or sent, as the rules need it."""

    id: DocumentId
    voice: Voice
    author: Party
    kind: str  # «text», «photo»…
    label: str = "none"
    follows: bool = False  # a later one of its album

    @property
    def is_file(self) -> bool:
        """Whether it is more than words."""
        return self.kind not in ("text", "location")

    @property
    def may_be_labelled(self) -> bool:
        """Photos and documents are; a voice note is not."""
        return self.kind in ("photo", "document")


def voice_of(mission: Mission, person: Person) -> Voice | None:
    """As whom this person speaks in this mission; None for somebody who has no part in it."""
    if mission.visit.idel == person.id:
        return Voice.IDEL
    if is_doctor_of(mission, person):
        return Voice.DOCTOR
    return Voice.OSNP if person.role in GROUP_ROLES else None


def is_doctor_of(mission: Mission, person: Person) -> bool:
    """Whether this person answers as the chosen doctor, or for the chosen house."""
    doctor = mission.cascade.doctor
    if doctor is None:
        return False
    if person.party == doctor.party:
        return True
    return (
        person.role is Role.DOCTOR
        and person.organisation is not None
        and doctor.party == Party.organisation(person.organisation)
    )


def reader(mission: Mission, voice: Voice) -> Party | None:
    """Who reads as nurse or as doctor now, where the bot can reach them."""
    if voice is Voice.IDEL:
        idel = mission.visit.idel
        return None if idel is None or mission.visit.by_phone else Party.person(idel)
    doctor = mission.cascade.doctor
    if voice is Voice.DOCTOR and doctor is not None and not doctor.by_phone:
        return doctor.party
    return None


def readers(mission: Mission, voice: Voice, only: Voice | None = None) -> tuple[tuple[Voice, Party], ...]:
    """Who is shown what `voice` writes: the other side; both when OSNP write to nobody in particular."""
    wanted = {
        Voice.IDEL: (Voice.DOCTOR,),
        Voice.DOCTOR: (Voice.IDEL,),
        Voice.OSNP: (Voice.IDEL, Voice.DOCTOR) if only is None else (only,),
    }[voice]
    found = ((to, reader(mission, to)) for to in wanted)
    return tuple((to, party) for to, party in found if party is not None)


def told_by_voice(mission: Mission, voice: Voice, only: Voice | None = None) -> Party | None:
    """The nurse who cannot read what `voice` writes to her: `by_phone` makes a call of it."""
    idel = mission.visit.idel
    to_her = voice is not Voice.IDEL and (voice is Voice.DOCTOR or only in (None, Voice.IDEL))
    return Party.person(idel) if idel is not None and mission.visit.by_phone and to_her else None


def sent_for(mission: Mission, piece: Piece, only: Voice | None = None) -> PersonId | None:
    """The nurse without Telegram whose photo or document OSNP pass on, without «@idel» or «@médecin»."""
    hers = piece.voice is Voice.OSNP and piece.may_be_labelled and only is None and mission.visit.by_phone
    return mission.visit.idel if hers else None


def relay(mission: Mission, piece: Piece, to: Voice, party: Party, *, edit: bool = False) -> Notice:
    """The piece at the other side. The kind says whether it rings and may leave the chat."""
    return Notice(
        _kind(piece, to),
        to_party(party),
        mission.id,
        facts={"document": piece.id},
        priority=Priority.RELAY,
        card=f"doc:{piece.id}",
        only_if_there=edit,
    )


def _kind(piece: Piece, to: Voice) -> str:
    if not piece.is_file:
        return "thread.text"
    if piece.label == "vitale":
        return "thread.vitale"
    if piece.label == "ordonnance" and to is Voice.IDEL:
        return "thread.ordonnance_more" if piece.follows else "thread.ordonnance"
    kind = "thread.attachment" if to is Voice.DOCTOR else "thread.file"
    return f"{kind}_more" if piece.follows else kind


def group_card(mission: Mission) -> Notice:
    """What passed in the thread, on one line each, without a word of it."""
    return Notice("thread.group", to_group(mission.id), mission.id, priority=Priority.CARD, card="thread")


def write(mission: Mission, piece: Piece, only: Voice | None = None) -> Outcome:
    """Something was written: relayed first, labelled after; kept when nobody can read it yet."""
    if mission.state is MissionState.CLOSED:
        return closed(mission)
    nurse = sent_for(mission, piece, only)
    if nurse is not None:
        only = Voice.DOCTOR
    to = readers(mission, piece.voice, only)
    by_voice = told_by_voice(mission, piece.voice, only)
    unread = (relay(mission, piece, Voice.IDEL, by_voice),) if by_voice is not None else ()
    return Outcome(
        mission,
        Answer("thread.relayed" if to else "thread.kept", {"number": mission.number}),
        events=(
            Event(
                "thread.written",
                {
                    "document": piece.id,
                    "kind": piece.kind,
                    "by": piece.voice.value,
                    "readers": len(to),
                    "only": only.value if only else None,
                    **({} if nurse is None else {"for": nurse}),
                },
            ),
        ),
        notices=(
            *(relay(mission, piece, voice, party) for voice, party in to),
            *unread,
            group_card(mission),
        ),
    )


def closed(mission: Mission) -> Outcome:
    """Nothing is sent any more, and that is said."""
    return nothing(mission, "thread.closed", number=mission.number)


def edit(mission: Mission, piece: Piece, *, anew: bool) -> Outcome:
    """Its author changed it: the relayed copies follow. `anew`: another file, which no edit can show."""
    if mission.state is MissionState.CLOSED:
        return closed(mission)
    notices = [
        relay(mission, piece, voice, party, edit=not anew) for voice, party in readers(mission, piece.voice)
    ]
    if anew:
        notices = [replace(notice, fresh=True) for notice in notices]
    return Outcome(
        mission,
        Answer("thread.edited", {"number": mission.number}),
        events=(Event("thread.edited", {"document": piece.id, "by": piece.voice.value}),),
        notices=(*notices, group_card(mission)),
    )


def label(mission: Mission, piece: Piece, new: str) -> Outcome:
    """The author says what it was. A carte Vitale is shown anew, protected, and deleted first."""
    vitale = new == "vitale"
    labelled = replace(piece, label=new)
    notices = [
        replace(relay(mission, labelled, voice, party, edit=not vitale), fresh=vitale)
        for voice, party in readers(mission, piece.voice)
    ]
    return Outcome(
        mission,
        Answer("thread.labelled", {"label": new}),
        events=(Event("thread.labelled", {"document": piece.id, "label": new}),),
        notices=(*notices, group_card(mission)),
    )


def prescription(mission: Mission, piece: Piece, how: Prescription) -> Outcome:
    """The nurse says what became of the doctor's ordonnance: the closing question has its answer."""
    changed = mission
    if mission.closing.idel_done_at is None:
        changed = replace(mission, closing=replace(mission.closing, prescription=how))
    nurse = reader(mission, Voice.IDEL)
    return Outcome(
        changed,
        Answer("thread.prescription", {"how": how.value}),
        events=(Event("thread.prescription", {"document": piece.id, "how": how.value}),),
        notices=(
            *((relay(changed, piece, Voice.IDEL, nurse, edit=True),) if nurse else ()),
            group_card(changed),
        ),
    )


def catch_up(mission: Mission, pieces: tuple[Piece, ...], to: Voice) -> tuple[Notice, ...]:
    """Everything so far that others wrote, in its order, for a reader who comes later."""
    party = reader(mission, to)
    if party is None:
        return ()
    return tuple(relay(mission, piece, to, party) for piece in pieces if piece.author != party)
