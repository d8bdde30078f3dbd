"""What lies on the disk names no patient; what is finished is emptied; old keys can be thrown away."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from bot.domain.mission import Contact, Dossier, LiaisonNote
from bot.domain.outcome import Notice, to_person
from bot.domain.people import DocumentId, Party, VitalsId
from bot.ports import Document, DocumentKind, Draft, Storage, VitalsRow
from storage import tables
from storage.database import SqlStorage, open_storage
from storage.rotation import SEALED, rotate
from storage.vault import Vault, VaultError
from tests.storage.cast import AMINA, DOSSIER, LEA, NOW, delivered, known, started

#: Words that stand in every kind of sealed value below.
SECRETS = (
    "Grünewald",
    "Odile",
    "Tanneurs",
    "353010011",
    "Zacharie",
    "fièvre",
    "1941",
    "AgACfile",
    "pulse",
    "Rebberg",
    "voisine",
)


async def fill(storage: Storage) -> None:
    """One value in every sealed column."""
    mission = await started(storage)
    lea, amina = await known(storage, LEA, AMINA)
    me = Party.person(amina.id)
    async with storage.transaction() as tx:
        await tx.missions.save_dossier(mission.id, _with_everything(DOSSIER))
        await tx.inbox.put([(1, "chat:1", {"text": "Odile Grünewald, 12 rue des Tanneurs"})], NOW)
        await tx.drafts.save(Draft(lea.id, "opening", '{"name": "Grünewald"}', NOW))
        document = await tx.documents.add(
            Document(DocumentId(0), mission.id, me, "A. B.", DocumentKind.PHOTO, NOW, "Odile", "AgACfile")
        )
        await tx.documents.keep_copy(document, b"Odile, 1941")
        await tx.documents.add_vitals(VitalsRow(VitalsId(0), mission.id, NOW, me, '{"pulse": 80}', 1, 1))
        await tx.outbox.owe([Notice("k", to_person(amina.id), mission.id, {"t": "Odile"})], NOW)


def _with_everything(dossier: Dossier) -> Dossier:
    """What comes into it after the opening."""
    return replace(
        dossier,
        conclusion="fièvre",
        regulars=(Contact("du Rebberg", "+33353010031", "Pharmacie"),),
        liaison=(LiaisonNote("clé chez la voisine", "A. B.", NOW, author="p2", number=1),),
        answers=(("seul", "oui"),),
    )


async def readable(storage: SqlStorage) -> bool:
    """Whether every sealed column opens."""
    try:
        async with storage.connection() as connection:
            for sealed in SEALED:
                rows = (await connection.execute(select(sealed.table))).all()
                assert rows, f"nothing in {sealed.table.name}"
                for row in rows:
                    storage.vault.open(getattr(row, sealed.column.name), sealed.bound_to(row))
    except VaultError:
        return False
    return True


def files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_the_files_of_sqlite_name_no_patient(
    sqlite_template: Path, tmp_path: Path, vault: Vault
) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "smt.db")
    storage = open_storage(f"sqlite:///{tmp_path / 'smt.db'}", vault)
    try:
        await fill(storage)
        opened = files(tmp_path)
    finally:
        await storage.close()
    assert "smt.db-wal" in opened  # the newest pages are in the write-ahead log
    stored = b"".join([*opened.values(), *files(tmp_path).values()])
    assert b"Amina" in stored  # professionals are plain: the search itself works
    for secret in SECRETS:
        assert secret.encode() not in stored, secret
        assert secret.encode().lower() not in stored.lower(), secret


def test_every_sealed_column_is_known_to_the_rotation() -> None:
    binary = {
        (table.name, column.name)
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if column.type.__class__.__name__ == "LargeBinary"
    }
    assert binary == {(sealed.table.name, sealed.column.name) for sealed in SEALED}


async def test_rotation_brings_everything_under_the_new_key(database_url: str) -> None:
    old, new = Vault.from_secret("old"), Vault.from_secret("new")
    both = Vault.from_secret("new,old")

    before = open_storage(database_url, old)
    await fill(before)
    await before.close()

    during = open_storage(database_url, both)
    async with during.transaction() as tx:  # found before the rotation has come to it
        assert len(await tx.missions.with_name("grunewald evrard", unfinished_only=True)) == 1
    assert await rotate(during) == len(SEALED)
    assert await rotate(during) == 0
    await during.close()

    after = open_storage(database_url, new)
    assert await readable(after)
    async with after.transaction() as tx:
        (mission,) = await tx.missions.with_name("grunewald evrard", unfinished_only=True)
        assert await tx.missions.with_phone("+33353010011", unfinished_only=True) == [mission]
    await after.close()

    without = open_storage(database_url, old)
    assert not await readable(without)
    await without.close()


async def test_rotation_goes_through_more_than_one_page(
    storage: SqlStorage, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.rotation.ROWS_AT_ONCE", 7)
    async with storage.transaction() as tx:
        await tx.inbox.put([(n, "lane", {"n": n}) for n in range(30)], NOW)
    other = Vault.from_secret("newer,a secret for the tests only")
    beside = open_storage(database_url, other)
    try:
        assert await rotate(beside) == 30
    finally:
        await beside.close()


async def test_a_body_moved_to_another_row_does_not_open(storage: SqlStorage) -> None:
    """Somebody with the database but without the key swaps two patients."""
    one, two = await started(storage, number=1), await started(storage, number=2)
    table = tables.dossiers
    async with storage.connection() as connection:
        body = (await connection.execute(select(table.c.body).where(table.c.mission == one.id))).scalar_one()
        await connection.execute(table.update().where(table.c.mission == two.id).values(body=body))
    async with storage.transaction() as tx:
        with pytest.raises(VaultError):
            await tx.missions.dossier(two.id)


async def test_what_is_finished_is_emptied(storage: SqlStorage) -> None:
    await fill(storage)
    async with storage.transaction() as tx:
        (owed,) = await tx.outbox.claim(NOW, 5)
        await tx.outbox.end(delivered(owed), NOW)
        (received,) = await tx.inbox.claim(NOW, 5)
        await tx.inbox.done(received.update_id, received.lease)
        (mission,) = await tx.missions.unfinished()
        await tx.missions.empty_dossier(mission.id)
        await tx.documents.empty_mission(mission.id)
    async with storage.connection() as connection:
        for table in (tables.outbox, tables.inbox, tables.dossiers, tables.documents, tables.vitals):
            bodies = (await connection.execute(select(table.c.body))).scalars().all()
            assert bodies == [None], table.name
        for table in (tables.document_copies, tables.dossier_keys):
            assert (await connection.execute(select(table))).all() == [], table.name


async def test_an_error_of_the_database_shows_no_value(storage: Storage) -> None:
    await started(storage, number=412)
    with pytest.raises(IntegrityError) as caught:
        await started(storage, number=412)
    assert "SAMURL68" not in str(caught.value)
