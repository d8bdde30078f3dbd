"""Links somebody may open, by the hash of their token: who reads the table can open none."""

import hashlib
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from bot.ports import Link
from storage.connected import Connected
from storage.tables import links

_THIS = links.c.token_hash == bindparam("hashed")
_ADD = insert(links)
# Held until the transaction ends: of two who open a single-use link at once, the second sees it used.
_FIND = select(links).where(_THIS).with_for_update(key_share=True)
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
        return Link(row.purpose, row.expires_at, row.person, row.organisation, row.mission, row.used_at)

    async def use(self, token: str, now: datetime) -> None:
        await self._db.run(_USE, hashed=_hashed(token), now=now)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
