"""The table of duty sectors as a file, and the buttons under it."""

from bot.buttons import Verb
from bot.domain.region import Region
from bot.flows.sheet import Sheet
from bot.messages.reports import to_csv
from bot.messages.rows import Keys, Rows, rows
from bot.messages.words import Words
from bot.ports import FileKind, OutgoingFile


def table_file(sheet: Sheet, words: Words) -> OutgoingFile:
    """Every commune with its sector, as `bot.domain.sectors` reads it back."""
    del words
    region: Region = sheet.extra["now"]
    table: list[list[object]] = [["insee", "nom", "secteur", "mmg"]]
    for commune in region.communes:
        sector = region.sector_of(commune.insee)
        name, mmg = (sector.name, sector.mmg) if sector else (commune.epci, False)
        table.append([commune.insee, commune.name, name, "oui" if mmg else "non"])
    return OutgoingFile(FileKind.DOCUMENT, content=to_csv(table), name="secteurs.csv")


def check(keys: Keys) -> Rows:
    """Nothing is changed before this tap."""
    changes = keys.sheet.extra["changes"]
    if not any(changes[what] for what in ("moves", "mmg", "new", "gone")):
        return ()
    sign = keys.sheet.notice.epoch
    return rows(
        (
            keys.tap(Verb.SECTORS_CONFIRM, "sectors_confirm", "yes", epoch=sign),
            keys.tap(Verb.SECTORS_CONFIRM, "sectors_leave", "no", epoch=sign),
        )
    )


def changed(keys: Keys) -> Rows:
    """«Annuler», while it stands; what the command line imported is taken back there."""
    facts = keys.sheet.f
    if facts["state"] != "standing" or facts["author"] is None:
        return ()
    undo = keys.tap(Verb.SECTORS_UNDO, "revoke_change", facts["author"], epoch=keys.sheet.notice.epoch)
    return rows((undo,))
