"""No query of every second reads a whole table: its cost must not grow with the missions of past years."""

import re

from sqlalchemy import event
from sqlalchemy.engine import Connection, ExecutionContext

from bot.domain.mission import IdelOfferState
from bot.domain.outcome import BOARD, Notice, PlaceKind, SetTimer, StopTimer, Withdrawal, to_person
from bot.domain.people import CascadeStep, DocumentId, MissionId, Party, PersonId, Role
from bot.ports import SentMessage, Storage
from storage.address import address, is_sqlite
from storage.database import SqlStorage
from tests.storage.cast import AMINA, LEA, MINUTE, NOW, an_offer, delivered, known, started, taken


async def everyday(storage: Storage) -> None:
    """What happens all day long, once."""
    mission = await started(storage)
    lea, amina = await known(storage, LEA, AMINA)
    me = to_person(amina.id)
    async with storage.transaction() as tx:
        await tx.inbox.put([(1, "chat:1", {}), (2, "chat:1", {})], NOW, {1: "q:1", 2: "q:2"})
        (first,) = await tx.inbox.claim(NOW, 10)
        await tx.inbox.renew([first.lease])
        await tx.inbox.take_over()
        await tx.inbox.done(1, first.lease)
        (second,) = await tx.inbox.claim(NOW, 10)
        await tx.inbox.waiting()
        await tx.inbox.last_update_id()
        await tx.inbox.failed(2, second.lease, set_aside=False)
        await tx.inbox.take_back_claims()
        await tx.people.by_users([12])

        await tx.missions.lock(mission.id)
        await tx.missions.dossier(mission.id)
        await tx.missions.by_number(412)
        await tx.missions.by_number(412, 2026)
        await tx.missions.with_phone("+33353010011", unfinished_only=True)
        await tx.missions.with_name("Weber", unfinished_only=False)
        await tx.missions.of_idel(amina.id)
        await tx.missions.of_doctor(Party.person(amina.id))
        await tx.missions.unfinished()
        await tx.missions.triggered_between(NOW, NOW)

        await tx.people.lock([amina.id, lea.id])
        await tx.people.link_account(amina.id, 12, 12)
        await tx.people.by_user(12)
        await tx.people.by_phone("+33639980002")
        await tx.people.engaged([amina.id])
        await tx.people.engage(amina.id, mission.id, NOW)
        await tx.people.release(amina.id, mission.id, NOW)

        await tx.offers.save([an_offer(mission.id, amina.id)])
        await tx.offers.of_mission(mission.id, IdelOfferState.ASKED)
        await tx.offers.open_of_person(amina.id)
        await tx.offers.first_asked_since(NOW)
        await tx.offers.rate_since(NOW)
        await tx.people.askable(Role.IDEL)
        await tx.offers.win(mission.id, "search", 1, Party.person(amina.id), NOW)
        await tx.missions.save(taken(mission, amina.id))

        await tx.timers.apply(mission.id, [SetTimer("k", NOW), StopTimer("z"), StopTimer("y", None)], NOW)
        await tx.timers.due(NOW, 10)
        (timer,) = await tx.timers.claim(NOW, 10)
        await tx.timers.next_due()
        await tx.timers.next_claim()
        await tx.timers.failed(timer, NOW, NOW)
        await tx.timers.late(NOW, NOW)
        await tx.timers.take_back_claims()
        await tx.timers.missions_without("k", NOW, 10)
        await tx.timers.of_mission(mission.id)
        await tx.timers.rung(timer, NOW)

        await tx.outbox.owe([Notice("k", me, mission.id, card="c", valid_until=NOW), Notice("b", BOARD)], NOW)
        await tx.outbox.withdraw([Withdrawal(mission.id, "z", to=me, epoch=1)], NOW)
        await tx.outbox.claim(NOW, 1, skip_places=[BOARD], skip_kinds=[PlaceKind.SMS])
        await tx.outbox.unsent(NOW, NOW)
        await tx.outbox.never_sent(mission.id, "k", NOW)
        await tx.outbox.next_due()
        await tx.outbox.waiting()
        (owed,) = await tx.outbox.claim(NOW, 10)
        await tx.outbox.claim_behind(owed, NOW, ["k"], 5)
        await tx.outbox.expire(NOW)
        message = SentMessage(12, 5, me, "k", NOW, mission=mission.id, card="c")
        await tx.outbox.end(delivered(owed), NOW)
        await tx.sent.save_all([message])
        await tx.outbox.take_back_claims()

        await tx.sent.card(me, mission.id, "c")
        await tx.sent.first(me, mission.id)
        await tx.sent.cards([(me, mission.id, "c"), (BOARD, None, "c")])
        await tx.sent.firsts([(me, mission.id)])
        await tx.sent.threads([(me, mission.id)])
        await tx.people.accounts([amina.id, lea.id])
        await tx.missions.many([mission.id])
        await tx.missions.dossiers([mission.id])
        await tx.offers.of_people(mission.id, [amina.id, lea.id])
        await tx.sent.at(12, 5)
        await tx.sent.of_document(DocumentId(1))
        await tx.sent.purgeable(NOW, 10)
        await tx.sent.next_purge()
        await tx.sent.purge_mission_at(mission.id, NOW)
        await tx.sent.purge_place_at(me, mission.id, NOW)
        await tx.sent.keep_place(me, mission.id, NOW, MINUTE)
        await tx.sent.thread(me, mission.id)
        await tx.sent.thread_at(12, 3)
        await tx.sent.current_chat(12)

        await tx.journal.of_mission(mission.id)
        await tx.journal.between(NOW, NOW)
        await tx.journal.between(NOW, NOW, "accepted")
        await tx.documents.of_mission(mission.id)
        await tx.documents.written_at(12, 5)
        await tx.documents.vitals(mission.id)
        await tx.documents.vitals_typed_at(12, 5)
        await tx.documents.empty_mission(MissionId(mission.id))
        await tx.drafts.lock(PersonId(lea.id), "opening")
        await tx.drafts.of_owner(lea.id)
        await tx.links.find("token")
        await tx.leases.take("poll", "one", 60)
        await tx.duties.between(NOW, NOW)
        await tx.duties.between(NOW, NOW, CascadeStep.GARDE)
        await tx.duties.known_until(NOW)
        await tx.duties.of_source("october")
        await tx.duties.replace("october", [])
        await tx.figures.waiting(NOW)
        await tx.figures.happened(["a", "b"])
        await tx.finished.prune(NOW, NOW, 10)


async def test_everyday_queries_use_an_index(storage: SqlStorage, database_url: str) -> None:
    url = address(database_url)
    if not is_sqlite(url):
        await everyday(storage)  # PostgreSQL's planner reads small tables whole, and rightly
        return
    seen: set[str] = set()

    def note(
        connection: Connection,
        cursor: object,
        statement: str,
        parameters: object,
        context: ExecutionContext,
        many: bool,
    ) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            seen.add(statement)

    async with storage.connection() as connection:
        engine = connection.sync_connection.engine  # type: ignore[union-attr]
    event.listen(engine, "before_cursor_execute", note)
    await everyday(storage)
    event.remove(engine, "before_cursor_execute", note)
    assert len(seen) > 60
    whole: list[str] = []
    async with storage.connection() as connection:
        for statement in sorted(seen):
            explained = await connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", (None,) * statement.count("?")
            )
            whole += [
                f"{row.detail}: {statement}"
                for row in explained
                if row.detail.startswith("SCAN") and not _allowed(row.detail)
            ]
    assert whole == [], "\n".join(whole)


def _allowed(step: str) -> bool:
    """A partial index is read whole: it holds only what is unfinished. Pruning reads a few of the oldest."""
    if step in ("SCAN oldest_missions", "SCAN inbox USING COVERING INDEX sqlite_autoindex_inbox_1"):
        return True
    if step in ("SCAN of_these_lanes", "SCAN lately", "SCAN CONSTANT ROW") or step.startswith(
        "SCAN (subquery"
    ):
        return True  # what was given with the query, or what another of its steps has found by an index
    return bool(
        re.search(r"USING INDEX (ix_(inbox|outbox)_\w+|ix_timer_due|ix_mission_(unfinished|offered))", step)
    )
