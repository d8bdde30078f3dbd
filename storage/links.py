"""Links somebody may open, by the hash of their token: who reads the table can open none."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from bot.domain.people import PersonId
from bot.ports import Link
from storage.connected import Connected
from storage.prepared import Record
from storage.tables import links

_THIS = links.c.token_hash == bindparam("hashed")
_ADD = insert(links)
# Held until the transaction ends: of two who open a single-use link at once, the second sees it used.
_FIND = select(links).where(_THIS).with_for_update(key_share=True)
_MANY = select(links).where(links.c.token_hash.in_(bindparam("hashes", expanding=True)))
_END = (
    update(links)
    .where(
        links.c.purpose == bindparam("for_purpose"),
        links.c.person == bindparam("of_person"),
        links.c.used_at.is_(None),
    )
    .values(used_at=bindparam("now"))
)
_USE = update(links).where(_THIS, links.c.used_at.is_(None)).values(used_at=bindparam("now"))


class SqlLinks:
    """`bot.ports.Links`."""

    def __init__(self, db: Connected) -> None:
        self._db = db

    async def add(self, token: str, link: Link) -> None:
        await self._db.run(
            _ADD,
            token_hash=_hashed(token),
            purpose=link.purpose,
            expires_at=link.expires_at,
            person=link.person,
            organisation=link.organisation,
            mission=link.mission,
            used_at=link.used_at,
        )

    async def find(self, token: str) -> Link | None:
        row = await self._db.row(_FIND, hashed=_hashed(token))
        if row is None:
            return None
        return _link(row)

    async def many(self, tokens: Iterable[str]) -> dict[str, Link]:
        hashes = {_hashed(token): token for token in tokens}
        rows = await self._db.rows(_MANY, hashes=sorted(hashes)) if hashes else ()
        return {hashes[row.token_hash]: _link(row) for row in rows}

    async def use(self, token: str, now: datetime) -> None:
        await self._db.run(_USE, hashed=_hashed(token), now=now)

    async def end(self, purpose: str, person: PersonId, now: datetime) -> int:
        return await self._db.run(_END, for_purpose=purpose, of_person=person, now=now)


def _link(row: Record) -> Link:
    return Link(row.purpose, row.expires_at, row.person, row.organisation, row.mission, row.used_at)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
