"""No statement of every day is compiled again each time it runs: that costs more than running it."""

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.sql.compiler import SQLCompiler

from bot.domain.outcome import Event, Notice, SetTimer, Withdrawal, to_person
from bot.domain.people import Party
from bot.ports import Storage
from tests.storage.cast import AMINA, MINUTE, NOW, an_offer, known, started


async def test_a_second_time_everything_is_compiled(storage: Storage) -> None:
    mission = await started(storage)
    (amina,) = await known(storage, AMINA)
    compiled: list[str] = []

    def note(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        if isinstance(context.compiled, SQLCompiler) and context.cache_hit.name != "CACHE_HIT":
            compiled.append(" ".join(statement.split())[:80])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        for number in range(4):
            compiled.clear()
            async with storage.transaction() as tx:
                await tx.inbox.put([(number, "user:1", {})], NOW)
                await tx.inbox.take_over()
                (received,) = await tx.inbox.claim(NOW, 10)
                await tx.inbox.renew([received.lease])
                await tx.inbox.done(number, received.lease)
                await tx.leases.take("poller:1", "me", 10)
                await tx.people.lock([amina.id])
                await tx.missions.lock(mission.id)
                await tx.missions.save(mission)
                await tx.offers.win(mission.id, "search", number, Party.person(amina.id), NOW)
                await tx.offers.save([an_offer(mission.id, amina.id)])
                await tx.people.engage(amina.id, mission.id, NOW)
                await tx.people.release(amina.id, mission.id, NOW)
                await tx.journal.write(mission.id, [Event("a"), Event("b")], None, NOW)
                await tx.timers.apply(mission.id, [SetTimer("a", NOW + MINUTE)], NOW)
                await tx.timers.claim(NOW, 10)
                card = Notice("search.offer", to_person(amina.id), mission.id, card="c")
                await tx.outbox.owe([card, Notice("plain", to_person(amina.id))], NOW)
                await tx.outbox.withdraw(Withdrawal(mission.id, "search.offer"), NOW)
                await tx.outbox.claim(NOW, 10)
    finally:
        event.remove(Engine, "before_cursor_execute", note)

    assert compiled == []
