"""Documents and messages of a mission: which mission they are for, relayed first, labelled after.

Every use case is one transaction. Texts and files pass through to the storage; notices carry ids.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.domain import closing, liaison, orders, thread, vitals_entry
from bot.domain.mission import DoctorOfferState, Mission, MissionState, Prescription
from bot.domain.outcome import (
    Answer,
    Event,
    Notice,
    Outcome,
    Place,
    PlaceKind,
    Priority,
    to_party,
    to_person,
)
from bot.domain.people import (
    ANYBODY,
    GROUP_ROLES,
    DocumentId,
    MissionId,
    OrganisationId,
    Party,
    PartyKind,
    Person,
    PersonId,
    Role,
)
from bot.domain.thread import Piece, Voice
from bot.domain.vitals import read_vitals
from bot.domain.vitals_entry import LineKind
from bot.flows import forget, vitals
from bot.flows import liaison as liaison_flow
from bot.flows import orders as orders_flow
from bot.flows.record import actor_of, record
from bot.flows.written import (
    ORIGINAL,
    Written,
    answered_document,
    keep_original,
    named_mission,
    packed,
    unpacked,
)
from bot.ports import (
    Document,
    DocumentKind,
    DocumentLabel,
    Draft,
    FileKind,
    Given,
    OutgoingFile,
    SentMessage,
    Transaction,
)

GONE = Answer("search.gone")

#: A receipt is edited in place so long; later a new one stands below what was just written.
RECEIPT_STAYS = timedelta(minutes=5)

#: What the Bot API lets a bot download (20 MB): larger files are relayed, and no copy can be made of them.
MOST_COPIED = 20 * 1024 * 1024

#: How OSNP write to one side or both from the mission's topic.
ADDRESS = re.compile(r"\s*@(?P<who>idel|m[eé]decin|docteur|dr|tous)\b[\s:,]*", re.IGNORECASE)


# For which mission


async def write(given: Given, person: Person, written: Written) -> Answer | None:
    """Somebody writes or sends something; None when what follows says it all."""
    async with given.storage.transaction() as tx:
        named = await named_mission(tx, written)
        if named is not None:
            return await _take(given, tx, named, person, written)
        if person.id == ANYBODY:
            return await _in_house(tx, person, written)
        if person.role in GROUP_ROLES:
            return Answer("thread.reply_first") if written.kind is not DocumentKind.TEXT else None
        held = await held_by(tx, person)
        album = await _album_mission(tx, held, person, written)
        if album is not None:
            return await _take(given, tx, album, person, written)
        if not held:
            return await _nothing_open(tx, person)
        if len(held) > 1:
            await _ask_which(given, tx, person, written)
            return None
        return await _take(given, tx, held[0].id, person, written)


async def write_in_group(given: Given, person: Person, written: Written) -> Answer | None:
    """OSNP write in the group: only an answer to the bot, or «@idel», «@médecin», leaves the group."""
    address = ADDRESS.match(written.text)
    async with given.storage.transaction() as tx:
        answers_bot = (
            written.reply_to is not None and await tx.sent.at(written.chat_id, written.reply_to) is not None
        )
        named = await named_mission(tx, written)
        marks = (liaison.marked(written.text), vitals_entry.dictated(written.text))
        is_marked = named is not None and any(mark is not None for mark in marks)
        if not answers_bot and address is None and not is_marked:
            return None
        if named is None:
            return Answer("thread.which_topic") if address is not None else None
        only = None
        if address is not None:
            who = address["who"].casefold()
            only = None if who == "tous" else Voice.IDEL if who == "idel" else Voice.DOCTOR
            written = replace(written, text=written.text[address.end() :].strip())
        if not written.text and written.file_id is None:
            return Answer("thread.nothing_written")
        return await _take(given, tx, named, person, written, only)


async def held_by(tx: Transaction, person: Person) -> list[Mission]:
    """The missions this person takes part in that are not closed, oldest first."""
    if person.role is Role.IDEL:
        return sorted(await tx.missions.of_idel(person.id), key=lambda m: m.id)
    if person.role is not Role.DOCTOR:
        return []
    held = await tx.missions.of_doctor(person.party)
    if person.organisation is not None and person.id != ANYBODY:
        held += await tx.missions.of_doctor(Party.organisation(person.organisation))
    return sorted({m.id: m for m in held}.values(), key=lambda m: m.id)


async def named(given: Given, written: Written) -> MissionId | None:
    """The mission a message names by its place or by what it answers."""
    async with given.storage.transaction() as tx:
        return await named_mission(tx, written)


async def _in_house(tx: Transaction, person: Person, written: Written) -> Answer | None:
    """In a house's chat people also talk to each other: only an answer to a mission's message is relayed."""
    if written.kind is DocumentKind.TEXT or not await held_by(tx, person):
        return None
    return Answer("thread.reply_in_house")


async def _album_mission(
    tx: Transaction, held: list[Mission], person: Person, written: Written
) -> MissionId | None:
    """Where the first photos of this album went."""
    if written.album is None or len(held) < 2:
        return None
    for mission in held:
        for document in await tx.documents.of_mission(mission.id):
            if document.album == written.album and document.author == person.party:
                return mission.id
    return None


async def _nothing_open(tx: Transaction, person: Person) -> Answer:
    """No mission to relay it in: that is said, and which request waits for a tap."""
    offered = await _offered(tx, person)
    if offered is not None:
        return Answer("thread.tap_the_offer", {"number": offered})
    if person.role is Role.IDEL:
        former = await tx.missions.of_idel(person.id, unfinished_only=False)
    else:
        former = await tx.missions.of_doctor(person.party, unfinished_only=False)
    if not former:
        return Answer("thread.none")
    return Answer("thread.closed", {"number": max(former, key=lambda m: m.id).number})


async def _offered(tx: Transaction, person: Person) -> int | None:
    """The newest mission that waits for this person's yes or no."""
    if person.role is Role.IDEL:
        offers = await tx.offers.open_of_person(person.id)
        asked = [m for offer in offers if (m := await tx.missions.get(offer.mission)) is not None]
    else:
        asked = [m for m in await tx.missions.unfinished() if m.cascade.doctor is None and _asks(m, person)]
    return max((m.number for m in asked), default=None)


def _asks(mission: Mission, person: Person) -> bool:
    offers = [offer for step in mission.cascade.steps for offer in step.offers]
    return any(o.party == person.party and o.state is DoctorOfferState.ASKED for o in offers)


async def _ask_which(given: Given, tx: Transaction, person: Person, written: Written) -> None:
    """One question for each message or album; it waits, nothing is lost."""
    key = written.album or str(written.message_id)
    draft = await tx.drafts.lock(person.id, f"which:{key}")
    waiting = unpacked(draft.body) if draft else []
    waiting.append(written)
    await tx.drafts.save(Draft(person.id, f"which:{key}", packed(waiting), given.now()))
    notice = Notice(
        "thread.which",
        to_person(person.id),
        facts={"key": key, "kind": written.kind.value, "count": len(waiting)},
        priority=Priority.REPLY,
        card=f"which:{key}",
    )
    await tx.outbox.owe([notice], given.now())


async def choose(given: Given, person: Person, mission_id: MissionId, key: str) -> Answer:
    """«SMT 412»: what waited goes there; mission 0 forgets it."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id) if mission_id else None
        draft = await tx.drafts.lock(person.id, f"which:{key}")
        if draft is None:
            return Answer("thread.chosen_already")
        if mission is not None and (
            thread.voice_of(mission, person) is None or mission.state is MissionState.CLOSED
        ):
            return Answer("thread.closed", {"number": mission.number})
        if mission is not None:
            for written in unpacked(draft.body):
                said = await _take(given, tx, mission.id, person, written)
                if said is not None:
                    # A value that cannot be true, for one: the words of the refusal are owed as its answer.
                    return said
        await tx.drafts.drop(person.id, draft.kind)
        notice = Notice(
            "thread.chosen",
            to_person(person.id),
            facts={"number": mission.number if mission else None},
            priority=Priority.REPLY,
            card=f"which:{key}",
            only_if_there=True,
        )
        await tx.outbox.owe([notice], given.now())
        if mission is None:
            return Answer("thread.not_sent")
        return Answer("thread.chosen", {"number": mission.number})


# Relayed


async def _take(
    given: Given,
    tx: Transaction,
    mission_id: MissionId,
    person: Person,
    written: Written,
    only: Voice | None = None,
) -> Answer | None:
    """The mission is known: constantes are noted, all else is relayed."""
    mission = await tx.missions.lock(mission_id)
    if mission is None:
        return GONE
    voice = thread.voice_of(mission, person)
    if voice is None:
        return Answer("thread.not_yours", {"number": mission.number})
    if mission.state is MissionState.CLOSED:
        return Answer("thread.closed", {"number": mission.number})
    if written.kind is DocumentKind.TEXT and liaison.marked(written.text) is not None:
        return await liaison_flow.write(given, tx, mission_id, person, written)
    if voice is Voice.OSNP and vitals_entry.dictated(written.text) is not None:
        return await vitals.dictated(given, tx, mission, person, written)
    if voice is Voice.IDEL and written.kind is DocumentKind.TEXT:
        reading = read_vitals(written.text)
        kind = vitals_entry.line_kind(reading)
        if kind is not LineKind.MESSAGE:
            relayed = kind is LineKind.BOTH
            said = await vitals.typed(given, tx, mission, person, written, relayed=relayed)
            if kind is LineKind.SERIES:
                return said
            mission = await tx.missions.get(mission_id) or mission
    await _relay(given, tx, mission, person, voice, written, only)
    return None


async def _relay(
    given: Given,
    tx: Transaction,
    mission: Mission,
    person: Person,
    voice: Voice,
    written: Written,
    only: Voice | None,
) -> None:
    now = given.now()
    by_doctor = voice is Voice.DOCTOR and written.kind in (DocumentKind.PHOTO, DocumentKind.DOCUMENT)
    document = Document(
        id=DocumentId(0),
        mission=mission.id,
        author=person.party,
        author_name=await _name_of(tx, person, written),
        kind=written.kind,
        at=now,
        text=written.text,
        file_id=written.file_id,
        file_unique_id=written.file_unique_id,
        file_name=written.file_name,
        mime=written.mime,
        size=written.size,
        album=written.album,
        label=DocumentLabel.ORDONNANCE if by_doctor else DocumentLabel.NONE,
        reply_to=await answered_document(tx, written),
        chat_id=written.chat_id,
        message_id=written.message_id,
    )
    document = replace(document, id=await tx.documents.add(document))
    await keep_original(given, tx, written, mission.id, person.party, document.id)
    piece = _piece(document, voice, follows=await _first_of(tx, document) != document.id)
    outcome = thread.write(mission, piece, only)
    await record(given, tx, outcome, actor_of(person))
    if outcome.answer.kind == "thread.kept":
        await tx.outbox.owe(await _receipts(tx, document, now), now)


async def _name_of(tx: Transaction, person: Person, written: Written) -> str:
    if person.id != ANYBODY:
        return person.formal_name
    return f"{person.last_name} ({written.author})" if written.author else person.last_name


async def _first_of(tx: Transaction, document: Document) -> DocumentId:
    """The first of its album, or itself."""
    return (await _album(tx, document))[0].id


async def _album(tx: Transaction, document: Document) -> list[Document]:
    """The document with the others of its album."""
    if document.album is None:
        return [document]
    return [
        other
        for other in await tx.documents.of_mission(document.mission)
        if other.album == document.album and other.author == document.author
    ]


def _piece(document: Document, voice: Voice, *, follows: bool = False) -> Piece:
    return Piece(
        id=document.id,
        voice=voice,
        author=document.author,
        kind=document.kind.value,
        label=document.label.value,
        follows=follows,
    )


async def _voice(tx: Transaction, author: Party) -> Voice:
    """As whom somebody wrote, whatever became of their part since."""
    if author.kind is PartyKind.ORGANISATION:
        return Voice.DOCTOR
    person = await tx.people.get(PersonId(author.id))
    if person is None or person.role is Role.DOCTOR:
        return Voice.DOCTOR
    return Voice.IDEL if person.role is Role.IDEL else Voice.OSNP


async def catch_up(given: Given, tx: Transaction, mission: Mission, to: Voice = Voice.DOCTOR) -> list[Notice]:
    """Everything so far, in its order, for a doctor (or a nurse) who comes later.

    The notes kept for them first, then constantes, then the thread. What they were shown before is not
    sent again.
    """
    notes, cards, documents, kept = await tx.together(
        liaison_flow.catch_up(tx, mission, to),
        vitals.catch_up(tx, mission, to),
        tx.documents.of_mission(mission.id),
        orders_flow.catch_up(tx, mission, to),
    )
    elsewhere = await _addressed_elsewhere(tx, mission, to) if documents else set()
    pieces, albums = [], set[str]()
    for document in documents:
        if _is_empty(document) or document.id in elsewhere:
            continue
        follows = document.album is not None and document.album in albums
        if document.album is not None:
            albums.add(document.album)
        pieces.append(_piece(document, await _voice(tx, document.author), follows=follows))
    relays = thread.catch_up(mission, tuple(pieces), to)
    return [*notes, *cards, *relays, *kept]


async def _addressed_elsewhere(tx: Transaction, mission: Mission, to: Voice) -> set[int]:
    """What OSNP wrote to the other side alone."""
    return {
        int(line.facts["document"] or 0)
        for line in await tx.journal.of_mission(mission.id)
        if line.kind == "thread.written" and line.facts.get("only") not in (None, to.value)
    }


def _is_empty(document: Document) -> bool:
    """Forgotten: its text and its file are gone."""
    return not document.text and document.file_id is None


# Changed, labelled, handed over


async def edited(given: Given, person: Person, written: Written) -> Answer | None:
    """Somebody corrected a message of theirs: what was made of it follows."""
    async with given.storage.transaction() as tx:
        row = await tx.documents.vitals_typed_at(written.chat_id, written.message_id)
        document = await tx.documents.written_at(written.chat_id, written.message_id)
        if document is not None:
            said = await _edit(given, tx, document, person, written)
            if row is None:
                return said
        if row is not None:
            mission = await tx.missions.lock(row.mission)
            if mission is None or not vitals_entry.may_enter(mission, person):
                return Answer("thread.not_yours", {"number": mission.number}) if mission else GONE
            return await vitals.retyped(given, tx, mission, person, written, row)
        waiting = await vitals.edited_while_waiting(tx, person, written)
        if waiting is not None:
            mission = await tx.missions.lock(waiting)
            if mission is not None:
                return await vitals.typed_again(given, tx, mission, person, written)
        if liaison.marked(written.text) is not None:
            kept = await tx.sent.at(written.chat_id, written.message_id)
            if kept is not None and kept.kind == ORIGINAL:
                return Answer("liaison.write_again")
        await _edit_waiting(given, tx, person, written)
        return None


async def _edit_waiting(given: Given, tx: Transaction, person: Person, written: Written) -> None:
    """It still waits for its mission."""
    if person.id == ANYBODY:
        return
    for draft in await tx.drafts.of_owner(person.id):
        if not draft.kind.startswith("which:"):
            continue
        items = unpacked(draft.body)
        changed = [written if item.message_id == written.message_id else item for item in items]
        if changed != items:
            await tx.drafts.save(replace(draft, body=packed(changed), updated_at=given.now()))


async def _edit(
    given: Given, tx: Transaction, document: Document, person: Person, written: Written
) -> Answer | None:
    if document.kind is DocumentKind.LOCATION:
        return None  # a live position moves all the time
    anew = written.file_unique_id != document.file_unique_id
    if written.text == document.text and not anew:
        return None  # Telegram calls a link's preview an edit too
    mission = await tx.missions.lock(document.mission)
    if mission is None or document.author != person.party:
        return None
    if mission.state is MissionState.CLOSED:
        return Answer("thread.closed", {"number": mission.number})
    changed = replace(document, text=written.text, edited_at=given.now())
    if anew:
        changed = replace(
            changed,
            kind=written.kind,
            file_id=written.file_id,
            file_unique_id=written.file_unique_id,
            file_name=written.file_name,
            mime=written.mime,
            size=written.size,
        )
    await tx.documents.save(changed)
    voice = await _voice(tx, document.author)
    follows = await _first_of(tx, document) != document.id
    outcome = thread.edit(mission, _piece(changed, voice, follows=follows), anew=anew)
    if document.file_name == orders_flow.ACTS:
        outcome = outcome.then(orders.describe_acts(outcome.mission))
    await record(given, tx, outcome, actor_of(person))
    row = await tx.documents.vitals_typed_at(written.chat_id, written.message_id)
    if voice is Voice.IDEL and written.kind is DocumentKind.TEXT and row is None:
        reading = read_vitals(written.text)
        if vitals_entry.line_kind(reading) is not LineKind.MESSAGE:
            mission = await tx.missions.get(mission.id) or mission
            return await vitals.typed(given, tx, mission, person, written, relayed=True)
    return None


async def label(
    given: Given, person: Person, mission_id: MissionId, document_id: DocumentId, new: str
) -> Answer:
    """«Carte Vitale», «Ordonnance», «Autre»: of a document, or of a whole album."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        document = await tx.documents.get(document_id)
        if mission is None or document is None or document.mission != mission_id:
            return GONE
        if document.author != person.party:
            return Answer("thread.not_yours", {"number": mission.number})
        if mission.state is MissionState.CLOSED:
            return Answer("thread.closed", {"number": mission.number})
        wanted = DocumentLabel(new)
        album = await _album(tx, document)
        if all(other.label is wanted for other in album):
            return Answer("thread.labelled", {"label": new})
        voice, now = await _voice(tx, document.author), given.now()
        over = wanted is DocumentLabel.VITALE and mission.visio is not None and mission.visio.ended
        outcome = Outcome(mission, Answer("thread.labelled", {"label": new}))
        for other in album:
            if wanted is DocumentLabel.VITALE:
                await _delete_shown(tx, other, now)
            await tx.documents.save(replace(other, label=wanted))
            follows = other.id != album[0].id
            done = thread.label(mission, _piece(other, voice, follows=follows), new)
            outcome = outcome.then(replace(done, notices=done.notices[-1:]) if over else done)
        await record(given, tx, outcome, actor_of(person))
        if over:
            await forget.forget_vitale(tx, mission_id, now)
        await tx.outbox.owe(await _receipts(tx, album[0], now, redraw=True), now)
        return outcome.answer


async def _delete_shown(tx: Transaction, document: Document, now: datetime) -> None:
    """What was relayed before anybody knew it was a carte Vitale goes at once."""
    for message in await tx.sent.of_document(document.id):
        if message.kind != ORIGINAL:
            await tx.sent.save(replace(message, card=None, has_patient_facts=True, delete_at=now))


async def prescription(
    given: Given, person: Person, mission_id: MissionId, document_id: DocumentId, how: str
) -> Answer:
    """«Remise au patient», «Envoyée autrement»."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        document = await tx.documents.get(document_id)
        if mission is None or document is None or document.mission != mission_id:
            return GONE
        if mission.visit.idel != person.id:
            return Answer("thread.not_yours", {"number": mission.number})
        if mission.state is MissionState.CLOSED:
            return Answer("thread.closed", {"number": mission.number})
        piece = _piece(document, await _voice(tx, document.author))
        value, now = Prescription(how), given.now()
        if mission.state is MissionState.CLOSING and mission.closing.prescription is None:
            # It was one of the closing questions: perhaps the last one.
            answered = closing.answer_prescription(mission, person.id, value, now)
            outcome = answered.then(thread.prescription(answered.mission, piece, value))
        else:
            outcome = thread.prescription(mission, piece, value)
        answer = await record(given, tx, outcome, actor_of(person))
        await tx.outbox.owe(await _receipts(tx, document, now, redraw=True), now)
        return answer


async def see(given: Given, by: Person, mission_id: MissionId, what: str) -> Answer:
    """«Voir»: a document, the messages or the constantes in the operator's private chat, journalled."""
    if what == "v":
        return await vitals.see(given, by, mission_id)
    if what == "c":
        return await orders_flow.read_aloud(given, by, mission_id)
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        documents = [d for d in await tx.documents.of_mission(mission_id) if not _is_empty(d)]
        if what == "t":
            found = any(_is_text(d) for d in documents)
            facts: dict[str, int] = {}
        else:
            shown = [d for d in documents if str(d.id) == what and d.label is not DocumentLabel.VITALE]
            found, facts = bool(shown), {"document": int(what)}
        if not found:
            return Answer("thread.nothing_to_see")
        seen = Event(
            "disclosure.seen", {"what": "messages"} if what == "t" else {"what": "document", **facts}
        )
        await tx.journal.write(mission_id, [seen], actor_of(by), given.now())
        notice = Notice(
            "thread.messages" if what == "t" else "thread.document",
            to_person(by.id),
            mission_id,
            facts=facts,
            priority=Priority.REPLY,
        )
        await tx.outbox.owe([notice], given.now())
        return Answer("mission.patient_sent")


def _is_text(document: Document) -> bool:
    return document.kind in (DocumentKind.TEXT, DocumentKind.LOCATION)


# What the author is told


async def delivered(tx: Transaction, notice: Notice, now: datetime) -> None:
    """The other side has it: the author sees that, on one small silent card."""
    document = await tx.documents.get(DocumentId(int(notice.facts["document"] or 0)))
    if document is not None:
        await tx.outbox.owe(await _receipts(tx, document, now), now)


async def not_delivered(tx: Transaction, notice: Notice, reason: str, now: datetime) -> None:
    """The other side cannot be reached: the author is told at once, with a number to call."""
    document = await tx.documents.get(DocumentId(int(notice.facts["document"] or 0)))
    place = await _author_place(tx, document) if document is not None else None
    if document is None or place is None:
        return
    failed = Notice(
        "thread.failed",
        place,
        document.mission,
        facts={"document": document.id, "to": str(notice.to)},
        card="thread_failed",
    )
    await tx.outbox.owe([failed], now)


async def _author_place(tx: Transaction, document: Document) -> Place | None:
    """Where the author reads receipts: where it was written, unless that was the group."""
    if document.author.kind is PartyKind.ORGANISATION:
        return to_party(document.author)
    account = await tx.people.account(PersonId(document.author.id))
    return to_party(document.author) if account and account.chat_id == document.chat_id else None


async def _receipts(
    tx: Transaction, document: Document, now: datetime, *, redraw: bool = False
) -> list[Notice]:
    place = await _author_place(tx, document)
    if place is None:
        return []
    if document.kind in (DocumentKind.PHOTO, DocumentKind.DOCUMENT):
        first = await _first_of(tx, document)
        kind, card, shown, fresh = "thread.label", f"label:{first}", first, False
    else:
        former = await tx.sent.card(place, document.mission, "sent")
        old = former is not None and now - former.sent_at > RECEIPT_STAYS
        fresh = old and now - document.at <= RECEIPT_STAYS and not redraw
        kind, card, shown = "thread.sent", "sent", document.id
    return [
        Notice(
            kind,
            place,
            document.mission,
            facts={"document": shown},
            priority=Priority.REPLY,
            card=card,
            fresh=fresh,
            only_if_there=redraw,
        )
    ]


# What the words need


async def relay_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """One document on its way to a reader."""
    document = await tx.documents.get(DocumentId(int(notice.facts["document"] or 0)))
    if document is None or _is_empty(document):
        return {"document": None}
    voice = await _voice(tx, document.author)
    facts: dict[str, Any] = {
        "document": document,
        "voice": voice.value,
        "sent_for": await _sent_for(tx, document) if voice is Voice.OSNP else None,
        "document_id": document.id,
        "reply_to": document.reply_to,
        "handed": await _handed(tx, document),
    }
    if document.file_id is not None:
        facts["file"] = OutgoingFile(
            FileKind(document.kind.value), file_id=document.file_id, name=document.file_name
        )
    return facts


async def _sent_for(tx: Transaction, document: Document) -> str | None:
    """The nurse without Telegram for whom OSNP passed this on."""
    if document.kind not in (DocumentKind.PHOTO, DocumentKind.DOCUMENT):
        return None
    for line in await tx.journal.of_mission(document.mission):
        if line.kind == "thread.written" and line.facts.get("document") == document.id:
            nurse = await tx.people.get(PersonId(int(line.facts.get("for") or 0)))
            return nurse.short_name if nurse is not None else None
    return None


async def _handed(tx: Transaction, document: Document) -> str | None:
    """What the nurse said became of this ordonnance."""
    if document.label is not DocumentLabel.ORDONNANCE:
        return None
    said = [
        line.facts.get("how")
        for line in await tx.journal.of_mission(document.mission)
        if line.kind == "thread.prescription" and line.facts.get("document") == document.id
    ]
    return str(said[-1]) if said else None


async def receipt_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """How far what somebody wrote has come."""
    document = await tx.documents.get(DocumentId(int(notice.facts["document"] or 0)))
    if document is None or mission is None:
        return {"document": None}
    album = await _album(tx, document)
    voice = await _voice(tx, document.author)
    to = thread.readers(mission, voice)
    shown = [await _shown_at(tx, other, {to_party(party) for _, party in to}) for other in album]
    doctor = mission.cascade.doctor
    return {
        "document": document,
        "voice": voice.value,
        "count": len(album),
        "kept": not to,
        "by_phone": voice is not Voice.DOCTOR and doctor is not None and doctor.by_phone,
        "by_voice": thread.told_by_voice(mission, voice) is not None,
        "at": max((at for at in shown if at is not None), default=None),
        "pending": sum(at is None for at in shown),
        "edited_at": max((d.edited_at for d in album if d.edited_at), default=None),
        "too_big": any((d.size or 0) > MOST_COPIED for d in album),
        "handed": await _handed(tx, document),
        "forgotten": all(_is_empty(d) for d in album),
    }


async def _shown_at(tx: Transaction, document: Document, places: set[Place]) -> datetime | None:
    """When a document first stood at one of these places."""
    sent: Iterable[SentMessage] = await tx.sent.of_document(document.id)
    return min((m.sent_at for m in sent if m.kind != ORIGINAL and m.place in places), default=None)


async def failed_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """Who could not be reached, and their number."""
    place = Place.read(str(notice.facts["to"]))
    if place.kind is PlaceKind.ORGANISATION:
        house = await tx.people.organisation(OrganisationId(place.id))
        return {"name": house.name if house else "", "phone": house.phone if house else None}
    person = await tx.people.get(PersonId(place.id))
    return {"name": person.formal_name if person else "", "phone": person.phone if person else None}


async def group_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """What passed in the thread: kinds, hours and counts, never a word."""
    if mission is None:
        return {}
    pieces: list[dict[str, Any]] = [
        {
            "document": document,
            "voice": (await _voice(tx, document.author)).value,
            "empty": _is_empty(document),
        }
        for document in await tx.documents.of_mission(mission.id)
    ]
    return {
        "files": [p for p in pieces if not _is_text(p["document"])],
        "texts": [p for p in pieces if _is_text(p["document"])],
        "vitals_at": await vitals.last_taken(tx, mission.id),
    }


async def messages_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """The texts of the thread, for an operator who looks."""
    if mission is None:
        return {}
    found = [d for d in await tx.documents.of_mission(mission.id) if _is_text(d) and not _is_empty(d)]
    return {"texts": [(document, (await _voice(tx, document.author)).value) for document in found]}


async def which_facts(
    given: Given, tx: Transaction, notice: Notice, mission: Mission | None
) -> dict[str, Any]:
    """The missions a message may be for."""
    person = await tx.people.get(PersonId(notice.to.id))
    return {"missions": await held_by(tx, person) if person else []}
