"""From a notice to what Telegram is asked to show. Knows every column's buttons; decides nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from bot.domain.mission import Mission, MissionState
from bot.domain.outcome import Notice, PlaceKind
from bot.domain.people import Role
from bot.domain.undo import UNDO_WITHIN
from bot.flows import sheet as sheets
from bot.flows.sheet import Sheet
from bot.messages import keyboards, sectors
from bot.messages.manners import MANNERS, Manner
from bot.messages.reports import FILES
from bot.messages.rows import Keys
from bot.messages.words import Words
from bot.ports import Compose, Given, Outgoing, OutgoingFile, Prepared, Transaction

#: Notices whose file is made of their own sheet.
MADE = {**FILES, "sectors.table": sectors.table_file}


def composer(given: Given, words: Words) -> Compose:
    """The function that delivery calls shortly before it sends."""

    async def compose(tx: Transaction, notices: Sequence[Notice]) -> list[Prepared]:
        loaded = await sheets.load_all(given, tx, notices)
        return [partial(outgoing, sheet, words) if sheet is not None else nothing for sheet in loaded]

    return compose


def nothing() -> None:
    """What it spoke of is gone."""


def outgoing(sheet: Sheet, words: Words) -> Outgoing | None:
    """A loaded notice in words; None when there is nothing to say any more."""
    notice, mission = sheet.notice, sheet.mission
    if notice.to.kind is PlaceKind.SMS:
        own = sheet.reader.phone if sheet.reader else None
        phone = sheet.extra.get("phone", own)
        written = words.plain(notice.kind, sheet) if phone else ""
        return Outgoing(written, phone=phone) if written else None
    manner = manner_of(notice, sheet.extra)
    text = words.message(notice.kind, sheet)
    made = MADE.get(notice.kind)
    file = made(sheet, words) if made else sheet.extra.get("file")
    if not text and file is None:
        return None
    if mission is not None and mission.exercise:
        text = f"{words.message('mission.exercise', sheet)}\n{text}"
    build = keyboards.KEYBOARDS.get(notice.kind)
    return Outgoing(
        text=text,
        buttons=build(Keys(words, sheet)) if build else (),
        rings=manner.rings,
        protected=manner.is_protected,
        has_patient_facts=manner.patient,
        delete_at=_delete_at(sheet) if manner.patient else None,
        file=file if isinstance(file, OutgoingFile) else None,
        document=sheet.extra.get("document_id"),
        reply_to=sheet.extra.get("reply_to"),
        pinned=manner.pinned,
        keyboard_away=manner.keyboard_away,
        topic=words.plain(_topic(notice), sheet) if mission else None,
        topic_closed=mission is not None and _is_over(mission) and notice.to.kind is PlaceKind.MISSION,
        action=manner.action,
    )


def manner_of(notice: Notice, extra: Mapping[str, object]) -> Manner:
    """The row of the table; a relayed document may bring its own (`extra["manner"]`)."""
    own = extra.get("manner")
    return own if isinstance(own, Manner) else MANNERS[notice.kind]


#: What is asked for after everything was purged stays readable for a while.
READABLE = timedelta(hours=1)


def _delete_at(sheet: Sheet) -> datetime:
    """Four hours after the end of the mission, soon for whoever left it, never later than Telegram allows."""
    latest = sheet.now + sheet.region.delays.purge_at_most
    sooner = sheet.extra.get("delete_at")  # where a column says so
    if isinstance(sooner, datetime):
        return min(latest, sooner)
    mission = sheet.mission
    if mission is None:
        return latest
    if mission.end is None:
        return min(latest, sheet.now + UNDO_WITHIN) if _has_left(sheet, mission) else latest
    return min(latest, max(mission.end.at + mission.rules.purge_after_visit, sheet.now + READABLE))


def _has_left(sheet: Sheet, mission: Mission) -> bool:
    """Whether it was owed to a nurse or a doctor who has the mission no more."""
    reader, doctor = sheet.reader, mission.cascade.doctor
    if reader is None or sheet.notice.kind == "doctor.seen":  # the médecin traitant looks before they answer
        return False
    if reader.role is Role.DOCTOR:
        return doctor is None or doctor.party != reader.party
    return reader.role is Role.IDEL and mission.visit.idel != reader.id


def _topic(notice: Notice) -> str:
    return "mission.topic" if notice.to.kind is PlaceKind.MISSION else "mission.thread"


def _is_over(mission: Mission) -> bool:
    return mission.state is MissionState.CLOSED and not mission.owes_calls
