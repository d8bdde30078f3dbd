"""Documents, copies and constantes of a mission."""

from dataclasses import replace

import pytest

from bot.domain.outcome import to_person
from bot.domain.people import DocumentId, Party, PersonId, VitalsId
from bot.ports import Document, DocumentKind, DocumentLabel, SentMessage, Storage, VitalsRow
from tests.storage.cast import MINUTE, NOW, started

AMINA = Party.person(PersonId(12))


async def test_a_document_comes_back_as_stored_and_as_changed(storage: Storage) -> None:
    mission = await started(storage)
    text = Document(DocumentId(0), mission.id, AMINA, "Amina B.", DocumentKind.TEXT, NOW, text="fièvre")
    async with storage.transaction() as tx:
        first = await tx.documents.add(text)
        photo = Document(
            DocumentId(0),
            mission.id,
            AMINA,
            "Amina B.",
            DocumentKind.PHOTO,
            NOW,
            text="carte",
            file_id="AgAC",
            file_unique_id="Qx",
            file_name="carte.jpg",
            mime="image/jpeg",
            size=5_000_000_000,
            album="17",
            reply_to=first,
            chat_id=7_000_000_000_001,
            message_id=9,
        )
        second = await tx.documents.add(photo)
        stored = replace(photo, id=second)
        assert await tx.documents.of_mission(mission.id) == [replace(text, id=first), stored]
        assert await tx.documents.written_at(7_000_000_000_001, 9) == stored
        assert await tx.documents.written_at(1, 9) is None
        changed = replace(stored, label=DocumentLabel.VITALE, edited_at=NOW + MINUTE, text="carte Vitale")
        await tx.documents.save(changed)
        assert await tx.documents.get(second) == changed
        with pytest.raises(LookupError):
            await tx.documents.save(replace(changed, id=DocumentId(99)))


async def test_copies_and_what_relays_a_document(storage: Storage) -> None:
    mission = await started(storage)
    async with storage.transaction() as tx:
        document = await tx.documents.add(
            Document(DocumentId(0), mission.id, AMINA, "Amina B.", DocumentKind.PHOTO, NOW, file_id="f")
        )
        assert await tx.documents.copy(document) is None
        await tx.documents.keep_copy(document, b"\x00bytes")
        await tx.documents.keep_copy(document, b"\x00newer")
        assert await tx.documents.copy(document) == b"\x00newer"
        kept = await tx.documents.get(document)
        assert kept is not None
        assert kept.copy_kept
        relay = SentMessage(1, 2, to_person(PersonId(13)), "relay", NOW, document=document)
        await tx.sent.save(relay)
        assert await tx.sent.of_document(document) == [relay]


async def test_an_emptied_mission_leaves_only_the_count(storage: Storage) -> None:
    one, two = await started(storage, number=1), await started(storage, number=2)
    async with storage.transaction() as tx:
        ids = [
            await tx.documents.add(
                Document(
                    DocumentId(0), mission.id, AMINA, "Amina B.", DocumentKind.PHOTO, NOW, "x", file_id="f"
                )
            )
            for mission in (one, two)
        ]
        for document in ids:
            await tx.documents.keep_copy(document, b"bytes")
        await tx.documents.add_vitals(VitalsRow(VitalsId(0), one.id, NOW, AMINA, '{"pulse":80}', 1, 1))
        await tx.documents.empty_mission(one.id)
        (emptied,) = await tx.documents.of_mission(one.id)
        assert (emptied.text, emptied.file_id, emptied.copy_kept) == ("", None, False)
        assert await tx.documents.copy(ids[0]) is None
        assert await tx.documents.vitals(one.id) == []
        assert await tx.documents.copy(ids[1]) == b"bytes"


async def test_every_version_of_the_constantes_is_kept(storage: Storage) -> None:
    mission = await started(storage)
    first = VitalsRow(VitalsId(0), mission.id, NOW, AMINA, '{"pulse":80}', 1, 1, chat_id=12, message_id=5)
    async with storage.transaction() as tx:
        ids = [
            await tx.documents.add_vitals(row)
            for row in (first, replace(first, body="{}", series=2), replace(first, body="[]", version=2))
        ]
        stored = await tx.documents.vitals(mission.id)
        assert [(row.series, row.version, row.body) for row in stored] == [
            (1, 1, '{"pulse":80}'),
            (1, 2, "[]"),
            (2, 1, "{}"),
        ]
        assert await tx.documents.vitals_typed_at(12, 5) == replace(first, id=ids[2], body="[]", version=2)
        assert await tx.documents.vitals_typed_at(12, 6) is None
