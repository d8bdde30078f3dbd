"""Constantes: typed or tapped, questioned, sent to the doctor, corrected, each in one transaction."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from bot.domain import vitals as measures
from bot.domain import vitals_entry
from bot.domain.calendar import shown_at
from bot.domain.mission import Mission, MissionState
from bot.domain.outcome import Answer, Event, Notice, Priority, to_group, to_person
from bot.domain.people import GROUP_ROLES, MissionId, Party, Person, PersonId, VitalsId
from bot.domain.thread import Voice, reader
from bot.domain.vitals import ACCEPTED, Reading, Vitals, VitalSign, read_vitals
from bot.domain.vitals_entry import Entry, LineKind, Mode, Series, Version
from bot.flows.record import actor_of, record
from bot.flows.written import ORIGINAL, Written, keep_original
from bot.ports import Draft, Given, SentMessage, Transaction, VitalsRow

GONE = Answer("search.gone")
NOT_YOURS = Answer("visit.not_yours")
STALE = Answer("vitals.stale")
NOTED = Answer("vitals.noted")
WRITE_IT = Answer("vitals.write_it")

#: A clock that runs a little ahead is no yesterday.
AHEAD = timedelta(minutes=10)

#: An hour longer ago is one still to come.
LONGEST_AGO = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Opened:
    """An entry as it waits in its draft, with the message it was typed in."""

    entry: Entry
    chat_id: int | None = None
    message_id: int | None = None

    def body(self) -> str:
        """For the draft."""
        return json.dumps(
            {"entry": self.entry.to_json(), "chat_id": self.chat_id, "message_id": self.message_id}
        )


def opened(draft: Draft) -> Opened:
    """The inverse of `Opened.body`."""
    body = json.loads(draft.body)
    return Opened(Entry.from_json(body["entry"]), body["chat_id"], body["message_id"])


def draft_kind(mission: MissionId) -> str:
    """One entry at a time in a mission."""
    return f"vitals:{mission}"


# What the nurse writes


async def typed(
    given: Given, tx: Transaction, mission: Mission, person: Person, written: Written, *, relayed: bool
) -> Answer | None:
    """A line of constantes; a correction that waits for its values takes it. `relayed`: as a message too."""
    reading, at = _read(given, written.text, relayed=relayed)
    await keep_original(given, tx, written, mission.id, Party.person(person.id))
    if not reading.measures and not reading.refused:
        return Answer("vitals.dictated_unread")
    if not reading.measures:
        measure = reading.refused[0]
        return Answer("vitals.refused", {"text": measure.text, "range": range_of(measure.vitals)})
    draft = await tx.drafts.lock(person.id, draft_kind(mission.id))
    if draft is not None:
        waiting = opened(draft)
        entry = vitals_entry.add_line(waiting.entry, reading)
        return await _settle(given, tx, mission, person, Opened(entry, waiting.chat_id, waiting.message_id))
    entry = vitals_entry.from_line(reading, at)
    return await _settle(
        given, tx, mission, person, Opened(entry, written.chat_id, written.message_id), fresh=True
    )


async def dictated(
    given: Given, tx: Transaction, mission: Mission, person: Person, written: Written
) -> Answer | None:
    """«constantes : TA 13/8 FC 72», by OSNP: what the nurse says on the telephone, in her name."""
    if mission.visit.idel is None:
        return Answer("vitals.no_nurse", {"number": mission.number})
    if written.chat_id < 0:
        now = given.now()
        line = SentMessage(
            chat_id=written.chat_id,
            message_id=written.message_id,
            place=to_group(mission.id),
            kind=ORIGINAL,
            sent_at=now,
            thread_id=written.topic,
            mission=mission.id,
            has_patient_facts=True,
            delete_at=now + given.region.delays.purge_at_most,
        )
        await tx.sent.save(line)
    said = await typed(given, tx, mission, person, written, relayed=False)
    return said or Answer("vitals.asked_privately")


async def retyped(
    given: Given, tx: Transaction, mission: Mission, person: Person, written: Written, row: VitalsRow
) -> Answer | None:
    """The line was edited: the series it made follows, and keeps its history."""
    if mission.state is MissionState.CLOSED:
        return Answer("thread.closed", {"number": mission.number})
    relayed = await tx.documents.written_at(written.chat_id, written.message_id) is not None
    reading, at = _read(given, written.text, relayed=relayed)
    if vitals_entry.line_kind(reading) is LineKind.MESSAGE or not reading.measures:
        return Answer("vitals.edit_unread", {"taken_at": row.taken_at.isoformat()})
    own = [v for v in await tx.documents.vitals(mission.id) if v.series == row.series]
    where = (written.chat_id, written.message_id)
    entry = vitals_entry.from_line(reading, at or row.taken_at, series=row.series)
    if not vitals_entry.doubts(entry) and all((v.chat_id, v.message_id) == where for v in own):
        # The whole series came from this one message: what is no longer in it was not taken.
        return await _store(given, tx, mission, person, Opened(entry, *where), reading.vitals)
    return await _settle(given, tx, mission, person, Opened(entry, *where), fresh=True)


async def edited_while_waiting(tx: Transaction, person: Person, written: Written) -> MissionId | None:
    """The mission whose waiting entry was typed in that message."""
    for draft in await tx.drafts.of_owner(person.id):
        if draft.kind.startswith("vitals:"):
            waiting = opened(draft)
            if (waiting.chat_id, waiting.message_id) == (written.chat_id, written.message_id):
                return MissionId(int(draft.kind.partition(":")[2]))
    return None


async def typed_again(
    given: Given, tx: Transaction, mission: Mission, person: Person, written: Written
) -> Answer | None:
    """The line whose odd value was being asked about was edited: it is read anew."""
    reading, at = _read(given, written.text)
    if not reading.measures:
        return Answer("vitals.value_unread", {"text": written.text[:20]})
    await tx.drafts.drop(person.id, draft_kind(mission.id))
    entry = vitals_entry.from_line(reading, at)
    return await _settle(given, tx, mission, person, Opened(entry, written.chat_id, written.message_id))


async def typed_value(given: Given, person: Person, mission_id: MissionId, written: Written) -> Answer | None:
    """«Autre valeur», written; or a whole line instead."""
    async with given.storage.transaction() as tx:
        mission, waiting = await _waiting(tx, person, mission_id)
        if mission is None or waiting is None:
            return STALE
        await keep_original(given, tx, written, mission.id, Party.person(person.id))
        field = vitals_entry.asks(waiting.entry).field
        chosen = vitals_entry.choose(waiting.entry, field, written.text) if field else None
        if chosen is None:
            reading = read_vitals(vitals_entry.dictated(written.text) or written.text)
            if reading.measures:
                chosen = vitals_entry.add_line(waiting.entry, reading)
        if chosen is None:
            return _unread(field, written.text)
        await _settle(
            given, tx, mission, person, Opened(chosen, waiting.chat_id, waiting.message_id), fresh=True
        )
        return None


def waits_for_value(draft: Draft, text: str, by: Person) -> bool:
    """Whether the entry has asked for a value in writing, and this may be one; of OSNP a whole line too."""
    is_line = bool(read_vitals(vitals_entry.dictated(text) or text).measures)
    return (opened(draft).entry.typing and (len(text) <= 12 or is_line)) or (
        by.role in GROUP_ROLES and is_line
    )


def taken_at(given: Given, hour: time | None) -> datetime | None:
    """The moment a local hour stands for: the last such hour, none when that is half a day ago."""
    if hour is None:
        return None
    now = given.now()
    at = max(at for at in shown_at(given.region, hour, now) if at <= now + AHEAD)
    return at if now - at <= LONGEST_AGO else None


def _read(given: Given, text: str, *, relayed: bool = False) -> tuple[Reading, datetime | None]:
    """A line and when it was measured; an hour still to come is not understood.

    `relayed`: the text goes to the doctor as it is, so nothing of it is missing there.
    """
    reading = read_vitals(vitals_entry.dictated(text) or text)
    at = taken_at(given, reading.hour)
    if reading.hour is not None and at is None:
        reading = replace(reading, not_understood=(*reading.not_understood, reading.hour_text))
    return (replace(reading, not_understood=()) if relayed else reading), at


# What the nurse taps


async def guide(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Constantes», «Nouvelle série»: sign by sign."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None or not vitals_entry.may_enter(mission, person):
            return NOT_YOURS
        if mission.state is MissionState.CLOSED:
            return Answer("thread.closed", {"number": mission.number})
        draft = await tx.drafts.lock(person.id, draft_kind(mission_id))
        number = opened(draft).entry.number + 1 if draft else 1
        entry = Entry(mode=Mode.GUIDED, number=number)
        await _ask(given, tx, mission, person, Opened(entry), fresh=True)
        own = mission.visit.idel == person.id
        return Answer("vitals.guided") if own else Answer("vitals.asked_privately")


async def choose(
    given: Given, person: Person, mission_id: MissionId, epoch: int, field: str, choice: str
) -> Answer:
    """A value tapped."""

    def chosen(entry: Entry) -> Entry | None:
        return vitals_entry.choose(entry, field, choice) if vitals_entry.asks(entry).field == field else None

    return await _change(given, person, mission_id, epoch, chosen)


async def write_value(given: Given, person: Person, mission_id: MissionId, epoch: int) -> Answer:
    """«Autre valeur»."""
    return await _change(given, person, mission_id, epoch, vitals_entry.write_value, WRITE_IT)


async def skip(given: Given, person: Person, mission_id: MissionId, epoch: int, field: str) -> Answer:
    """«Passer»."""
    return await _change(given, person, mission_id, epoch, lambda entry: vitals_entry.skip(entry, field))


async def send_now(given: Given, person: Person, mission_id: MissionId, epoch: int) -> Answer:
    """«Envoyer»."""
    return await _change(given, person, mission_id, epoch, vitals_entry.send_now)


async def confirm(given: Given, person: Person, mission_id: MissionId, epoch: int, sign: str) -> Answer:
    """«Oui, 39 %»."""
    return await _change(
        given, person, mission_id, epoch, lambda entry: vitals_entry.confirm(entry, VitalSign(sign))
    )


async def correct(given: Given, person: Person, mission_id: MissionId, epoch: int, arg: str) -> Answer:
    """«Corriger»: a sign of the open entry, or (a number) a series already sent."""
    if not arg.isdigit():
        return await _change(
            given, person, mission_id, epoch, lambda entry: vitals_entry.correct(entry, VitalSign(arg))
        )
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None or not vitals_entry.may_enter(mission, person):
            return NOT_YOURS
        if mission.state is MissionState.CLOSED:
            return Answer("thread.closed", {"number": mission.number})
        found = [s for s in await series_of(tx, mission_id) if s.number == int(arg)]
        if not found:
            return STALE
        draft = await tx.drafts.lock(person.id, draft_kind(mission_id))
        number = opened(draft).entry.number + 1 if draft else 1
        entry = Entry(mode=Mode.PICK, series=int(arg), number=number)
        await _ask(given, tx, mission, person, Opened(entry), fresh=True)
        return Answer("vitals.which")


async def cancel(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Annuler»: the open entry is forgotten, what was sent stays."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None or not vitals_entry.may_enter(mission, person):
            return NOT_YOURS
        await tx.drafts.drop(person.id, draft_kind(mission_id))
        await tx.outbox.owe([_entry_notice(mission, person, "vitals.cancelled")], given.now())
        return Answer("vitals.cancelled")


async def alert(given: Given, person: Person, mission_id: MissionId) -> Answer:
    """«Prévenir le régulateur»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None or not vitals_entry.may_enter(mission, person):
            return NOT_YOURS
        before = [
            line.at for line in await tx.journal.of_mission(mission_id) if line.kind == "vitals.alerted"
        ]
        nurse = mission.visit.idel or person.id
        outcome = vitals_entry.alert(mission, nurse, max(before, default=None), given.now())
        return await record(given, tx, outcome, _actor(mission, person))


async def see(given: Given, by: Person, mission_id: MissionId) -> Answer:
    """«Voir»: every series, in the operator's private chat, journalled."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        if not await tx.documents.vitals(mission_id):
            return Answer("thread.nothing_to_see")
        await tx.journal.write(
            mission_id, [Event("disclosure.seen", {"what": "vitals"})], actor_of(by), given.now()
        )
        notice = Notice("vitals.seen", to_person(by.id), mission_id, priority=Priority.REPLY)
        await tx.outbox.owe([notice], given.now())
        return Answer("mission.patient_sent")


async def catch_up(tx: Transaction, mission: Mission, to: Voice) -> list[Notice]:
    """The cards of every series so far, for whoever comes later; the nurse's then say that they went."""
    doctor, idel = reader(mission, Voice.DOCTOR), mission.visit.idel
    found = await series_of(tx, mission.id)
    cards = []
    if doctor is not None and to is Voice.DOCTOR:
        cards = [vitals_entry.card(mission, doctor, series.number) for series in found]
    if idel is not None:
        own = (vitals_entry.own_card(mission, idel, series.number) for series in found)
        cards += [replace(card, only_if_there=to is Voice.DOCTOR) for card in own]
    return cards


# One step of an entry


async def _waiting(
    tx: Transaction, person: Person, mission_id: MissionId
) -> tuple[Mission | None, Opened | None]:
    mission = await tx.missions.lock(mission_id)
    if mission is None or not vitals_entry.may_enter(mission, person):
        return None, None
    draft = await tx.drafts.lock(person.id, draft_kind(mission_id))
    return mission, opened(draft) if draft else None


async def _change(
    given: Given,
    person: Person,
    mission_id: MissionId,
    epoch: int,
    change: Callable[[Entry], Entry | None],
    answer: Answer = NOTED,
) -> Answer:
    """A tap on the entry's card. A card drawn before the last change says nothing any more."""
    async with given.storage.transaction() as tx:
        mission, waiting = await _waiting(tx, person, mission_id)
        if mission is None:
            return NOT_YOURS
        if waiting is None or waiting.entry.number != epoch:
            return STALE
        changed = change(waiting.entry)
        if changed is None:
            return STALE
        now_open = Opened(changed, waiting.chat_id, waiting.message_id)
        return await _settle(given, tx, mission, person, now_open) or answer


async def _settle(
    given: Given, tx: Transaction, mission: Mission, person: Person, waiting: Opened, *, fresh: bool = False
) -> Answer | None:
    """Ask what is to be asked, or send."""
    entry = waiting.entry
    if not vitals_entry.asks(entry).nothing:
        await _ask(given, tx, mission, person, waiting, fresh=fresh)
        return None
    return await _store(given, tx, mission, person, waiting)


async def _ask(
    given: Given, tx: Transaction, mission: Mission, person: Person, waiting: Opened, *, fresh: bool = False
) -> None:
    draft = Draft(person.id, draft_kind(mission.id), waiting.body(), given.now())
    await tx.drafts.save(draft)
    await tx.outbox.owe([_entry_notice(mission, person, "vitals.entry", fresh=fresh)], given.now())


def _entry_notice(mission: Mission, person: Person, kind: str, *, fresh: bool = False) -> Notice:
    return Notice(
        kind,
        to_person(person.id),
        mission.id,
        priority=Priority.REPLY,
        card="vitals_entry",
        fresh=fresh,
        only_if_there=kind != "vitals.entry",
    )


async def _store(
    given: Given,
    tx: Transaction,
    mission: Mission,
    person: Person,
    waiting: Opened,
    whole: Vitals | None = None,
) -> Answer | None:
    """Send it: a new series, or a new version of one. `whole` replaces the former version entirely."""
    entry, now = waiting.entry, given.now()
    await tx.drafts.drop(person.id, draft_kind(mission.id))
    if not entry.vitals.facts():
        await tx.outbox.owe([_entry_notice(mission, person, "vitals.cancelled")], now)
        return Answer("vitals.empty")
    known = await series_of(tx, mission.id)
    last = known[-1] if known else None
    if vitals_entry.completed_by(last, entry, now):
        former = last
    else:
        former = next((s for s in known if s.number == entry.series), None)
    vitals = whole or (former.vitals.merge(entry.vitals) if former else entry.vitals)
    await tx.outbox.owe([_entry_notice(mission, person, "vitals.entered")], now)
    if former is not None and former.vitals == vitals:
        return Answer("vitals.unchanged")
    row = VitalsRow(
        id=VitalsId(0),
        mission=mission.id,
        taken_at=entry.taken_at or (former.taken_at if former else now),
        author=Party.person(mission.visit.idel or person.id),
        body=_body(vitals, now, entry, None if mission.visit.idel == person.id else person.short_name),
        series=former.number if former else (last.number + 1 if last else 1),
        version=former.versions + 1 if former else 1,
        chat_id=waiting.chat_id,
        message_id=waiting.message_id,
    )
    await tx.documents.add_vitals(row)
    below = former is not None and entry.mode is Mode.LINE and entry.series is None
    doctor = reader(mission, Voice.DOCTOR)
    outcome = vitals_entry.send(mission, row.series, row.version, vitals, doctor, below=below)
    own = mission.visit.idel == person.id
    if not own and outcome.events:
        # Whoever noted it has the nurse's card too: what was understood, and to correct it.
        hers = vitals_entry.own_card(mission, person.id, row.series)
        outcome = replace(outcome, notices=(*outcome.notices, replace(hers, fresh=below)))
    answer = await record(given, tx, outcome, _actor(mission, person))
    if answer.kind not in ("vitals.sent", "vitals.kept"):
        return answer
    return None if own else Answer(f"vitals.dictated_{answer.kind.partition('.')[2]}", answer.facts)


def _actor(mission: Mission, person: Person) -> str:
    idel = mission.visit.idel
    instead = idel is not None and idel != person.id
    return f"{actor_of(person)} for {Party.person(idel)}" if instead and idel else actor_of(person)


def _body(vitals: Vitals, now: datetime, entry: Entry, noted_by: str | None) -> str:
    """What was measured, beside when it was sent, what of the line was not, and who noted it for her."""
    beside = {"_at": now.isoformat(), "_unread": list(entry.unread), "_refused": list(entry.refused)}
    if noted_by is not None:
        beside["_by"] = noted_by
    return json.dumps(vitals.facts() | beside, ensure_ascii=False)


def _unread(field: str | None, text: str) -> Answer:
    if field in ACCEPTED and measures.of_choice(field, text) is not None:
        low, high = ACCEPTED[field]
        return Answer("vitals.refused", {"text": text[:20], "range": f"{low:g} à {high:g}".replace(".", ",")})
    return Answer("vitals.value_unread", {"text": text[:20]})


def range_of(vitals: Vitals) -> str:
    """«20 à 250», of the first value given; empty for a pressure, whose two values have each their own."""
    name = next((name for name in vitals.facts() if name in ACCEPTED), None)
    if name is None or vitals.has(VitalSign.PRESSURE):
        return ""
    low, high = ACCEPTED[name]
    return f"{low:g} à {high:g}".replace(".", ",")


# What the cards show


async def series_of(tx: Transaction, mission: MissionId) -> tuple[Series, ...]:
    """The series of a mission, oldest first, with their history."""
    return vitals_entry.history([_version(row) for row in await tx.documents.vitals(mission)])


def _version(row: VitalsRow) -> Version:
    body = json.loads(row.body)
    return Version(
        series=row.series,
        number=row.version,
        taken_at=row.taken_at,
        at=datetime.fromisoformat(body["_at"]) if "_at" in body else row.taken_at,
        vitals=Vitals.from_facts(body),
        unread=tuple(body.get("_unread", ())),
        refused=tuple(body.get("_refused", ())),
        noted_by=body.get("_by"),
    )


def judged(given: Given, mission: Mission, series: Series) -> dict[str, Any]:
    """A series with what helps the eye: marks, what is missing, the score where it is allowed."""
    age, from_age = mission.age, given.region.news2_from_age
    scored = from_age is not None and age >= max(from_age, measures.ADULT)
    return {
        "series": series,
        "marks": measures.abnormal(series.vitals, age),
        "news2": measures.news2(series.vitals, age, from_age=from_age),
        "news2_missing": measures.news2_missing(series.vitals) if scored else (),
        "bmi": measures.bmi(series.vitals),
    }


async def card_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """One series for its card."""
    if mission is None:
        return {}
    found = [s for s in await series_of(tx, mission.id) if s.number == notice.facts.get("series")]
    if not found:
        return {"series": None}
    doctor = mission.cascade.doctor
    return judged(given, mission, found[0]) | {
        "kept": reader(mission, Voice.DOCTOR) is None,
        "by_phone": doctor is not None and doctor.by_phone,
    }


async def all_facts(given: Given, tx: Transaction, notice: Notice, mission: Mission | None) -> dict[str, Any]:
    """Every series, for an operator who looks."""
    if mission is None:
        return {}
    return {"all": [judged(given, mission, s) for s in await series_of(tx, mission.id)]}


async def entry_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """The open entry of whoever reads."""
    if mission is None:
        return {}
    kind = draft_kind(mission.id)
    drafts = [d for d in await tx.drafts.of_owner(PersonId(notice.to.id)) if d.kind == kind]
    if not drafts:
        return {"entry": None}
    entry = opened(drafts[0]).entry
    former = next((s for s in await series_of(tx, mission.id) if s.number == entry.series), None)
    return {"entry": entry, "asks": vitals_entry.asks(entry), "former": former}


async def last_taken(tx: Transaction, mission: MissionId) -> datetime | None:
    """When the newest series was taken: all that the group is told."""
    rows = await tx.documents.vitals(mission)
    return max((row.taken_at for row in rows), default=None)
