"""The cahier de liaison: notes kept for the next professional of the mission.

Pure decisions. A note names the patient more often than not: it stands in the dossier and nowhere else.
A note is never renumbered: a button keeps its meaning.
"""

import re
from dataclasses import replace
from datetime import datetime

from bot.domain import dossier
from bot.domain.mission import LiaisonNote, Mission
from bot.domain.outcome import Answer, Event, Fact, Notice, Outcome, Place, Priority, to_party
from bot.domain.people import ANYBODY, GROUP_ROLES, Party, Person
from bot.domain.thread import Voice, reader

#: All of them fit into one message.
MOST_NOTES = 10
MOST_LETTERS = 300

#: What makes a message of the thread a note: «liaison : le chien est enfermé».
_MARK = re.compile(r"\s*(?:note\s+de\s+|cahier\s+de\s+)?liaison\s*:\s*", re.IGNORECASE)

Notes = tuple[LiaisonNote, ...]


def marked(text: str) -> str | None:
    """The note in a text that begins with «liaison :»; None when it does not."""
    mark = _MARK.match(text)
    return text[mark.end() :].strip() if mark else None


def standing(notes: Notes) -> Notes:
    """Those that were not erased."""
    return tuple(note for note in notes if note.text)


def pinned(notes: Notes) -> Notes:
    """Those that the next professional is given."""
    return tuple(note for note in standing(notes) if note.pinned)


def add(notes: Notes, text: str, by: Person, now: datetime) -> Notes:
    """One note more, pinned."""
    name = by.last_name if by.id == ANYBODY else by.short_name
    return (*notes, LiaisonNote(text, name, now, author=str(by.party), number=len(notes) + 1))


def may_change(note: LiaisonNote, how: str, by: Person | None) -> bool:
    """Whether that button is theirs: the author takes it off, OSNP do what they like."""
    if by is None:
        return False
    if by.role in GROUP_ROLES:
        return how in ({"off", "erase"} if note.pinned else {"on", "erase"})
    return how == "off" and note.pinned and note.author == str(by.party)


def change(notes: Notes, number: int, how: str, by: Person) -> Notes | None:
    """«Retirer», «Remettre», «Effacer»; None when that note is not theirs, or not there any more.

    Its author may take it from the professionals; OSNP see it still, put it back, or erase it.
    """
    found = next((note for note in standing(notes) if note.number == number), None)
    if found is None or not may_change(found, how, by):
        return None
    changed = {
        "off": replace(found, pinned=False),
        "on": replace(found, pinned=True),
        "erase": replace(found, text="", pinned=False),
    }[how]
    return tuple(changed if note.number == number else note for note in notes)


def written(mission: Mission, notes: Notes, to_author: Place) -> Outcome:
    """A note was written: its author sees the cahier anew, who is there has it silently."""
    return Outcome(
        mission,
        Answer("liaison.noted", {"number": mission.number}),
        events=(Event("liaison.noted", {"notes": len(standing(notes))}),),
        notices=(
            _card(mission, to_author, fresh=True),
            *_others(mission, to_author, only_if_there=False),
            *dossier.redraws(mission),
        ),
    )


def changed(mission: Mission, number: int, how: str, to_author: Place) -> Outcome:
    """A note was taken off, put back or erased: every cahier on a screen follows."""
    facts: dict[str, Fact] = {"note": number, "how": how}
    return Outcome(
        mission,
        Answer("liaison.changed", {"number": mission.number}),
        events=(Event("liaison.changed", facts),),
        notices=(
            _card(mission, to_author),
            *_others(mission, to_author, only_if_there=how != "on"),
            *dossier.redraws(mission),
        ),
    )


def shown(mission: Mission, to: Place) -> Notice:
    """The whole cahier, below whatever was said since."""
    return _card(mission, to, fresh=True)


def for_next(mission: Mission, notes: Notes, to: Voice) -> tuple[Notice, ...]:
    """What a nurse or a doctor who comes now is given beside the patient's identity."""
    party = _reader(mission, to)
    if party is None or not any(note.author != str(party) for note in pinned(notes)):
        return ()
    return (_card(mission, to_party(party)),)


def _reader(mission: Mission, to: Voice) -> Party | None:
    """Who is shown the notes; a nurse without Telegram is read them: `by_phone` makes a call of it."""
    if to is Voice.IDEL and mission.visit.idel is not None:
        return Party.person(mission.visit.idel)
    return reader(mission, to)


def _card(mission: Mission, to: Place, *, fresh: bool = False, only_if_there: bool = False) -> Notice:
    return Notice(
        "liaison.notes",
        to,
        mission.id,
        priority=Priority.RELAY,
        card="liaison",
        fresh=fresh,
        only_if_there=only_if_there,
    )


def _others(mission: Mission, author: Place, *, only_if_there: bool) -> tuple[Notice, ...]:
    places = [to_party(party) for voice in (Voice.IDEL, Voice.DOCTOR) if (party := _reader(mission, voice))]
    return tuple(_card(mission, place, only_if_there=only_if_there) for place in places if place != author)
