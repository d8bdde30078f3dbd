"""What is forgotten and when: the photo of a carte Vitale first, then the messages, then the dossier.

Called by every decision that is recorded. Knows no rule of the mission and no word.
"""

from dataclasses import replace
from datetime import datetime

from bot.domain import undo
from bot.domain.mission import IdelOfferState, Mission
from bot.domain.outcome import Event, Outcome, to_party
from bot.domain.people import MissionId, Party
from bot.ports import Document, DocumentLabel, Given, SentMessage, Transaction


async def follow(given: Given, tx: Transaction, outcome: Outcome, now: datetime) -> None:
    """The end of the video, the end of the mission and who leaves it bring deletions forward."""
    kinds = {event.kind for event in outcome.events}
    mission = outcome.mission
    if kinds & {"visio.ended", "mission.ended"}:
        await forget_vitale(tx, mission.id, now)
    if "mission.ended" in kinds:
        await tx.sent.purge_mission_at(mission.id, now + mission.rules.purge_after_visit)
        return
    for party in _who_left(outcome):
        await tx.sent.purge_place_at(to_party(party), mission.id, now + undo.UNDO_WITHIN)
    for party in _who_came(outcome):
        await tx.sent.keep_place(to_party(party), mission.id, now, given.region.delays.purge_at_most)


def _who_left(outcome: Outcome) -> list[Party]:
    """Who has nothing to do with the patient any more: what they were shown goes, once nobody may undo it."""
    nurses = {offer.person for offer in outcome.offers if offer.state is IdelOfferState.GAVE_BACK}
    if outcome.released is not None:
        nurses.add(outcome.released)
    doctors = {
        Party.read(str(event.facts["party"]))
        for event in outcome.events
        if event.kind in ("cascade.withdrawn", "cascade.unaccepted")
    }
    return sorted({*map(Party.person, nurses), *doctors})


def _who_came(outcome: Outcome) -> list[Party]:
    """Who has the mission from now on: what they were shown of it when they had it before stays."""
    doctor = outcome.mission.cascade.doctor
    came = [Party.person(outcome.engaged)] if outcome.engaged is not None else []
    kinds = {event.kind for event in outcome.events}
    if doctor is not None and kinds & {"cascade.accepted", "mission.reopened"}:
        came.append(doctor.party)
    return came


async def forget_vitale(tx: Transaction, mission: MissionId, now: datetime) -> None:
    """A carte Vitale shows the NIR: its photo goes at once, everywhere, its author's own message too."""
    for document in await tx.documents.of_mission(mission):
        if document.label is DocumentLabel.VITALE and document.file_id is not None:
            for message in await _messages_of(tx, document):
                await tx.sent.save(replace(message, has_patient_facts=True, delete_at=now))
            if document.copy_kept:
                await tx.documents.keep_copy(document.id, b"")
            await tx.documents.save(replace(document, text="", file_id=None, file_name=None, copy_kept=False))
            await tx.journal.write(mission, [Event("disclosure.forgotten", {"what": "vitale"})], "timer", now)


async def _messages_of(tx: Transaction, document: Document) -> list[SentMessage]:
    messages = await tx.sent.of_document(document.id)
    if document.chat_id is None or document.message_id is None:
        return messages
    if any(m.chat_id == document.chat_id and m.message_id == document.message_id for m in messages):
        return messages
    own = SentMessage(
        chat_id=document.chat_id,
        message_id=document.message_id,
        place=to_party(document.author),
        kind="thread.own",
        sent_at=document.at,
        mission=document.mission,
        document=document.id,
    )
    return [*messages, own]


async def forget(tx: Transaction, mission: Mission, now: datetime) -> None:
    """The dossier, the documents and the constantes' texts are emptied; counts stay."""
    await tx.missions.empty_dossier(mission.id)
    await tx.documents.empty_mission(mission.id)
    await tx.journal.write(mission.id, [Event("disclosure.forgotten", {"what": "dossier"})], "timer", now)
