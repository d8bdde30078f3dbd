"""What is owed: order within a lane, priority between lanes, coalescing, withdrawal, leases."""

import random
from datetime import timedelta

from bot.domain.mission import Mission
from bot.domain.outcome import (
    BOARD,
    Notice,
    Place,
    PlaceKind,
    Priority,
    WhenUnknown,
    Withdrawal,
    to_group,
    to_person,
)
from bot.domain.people import PersonId
from bot.ports import Ended, HowEnded, Owed, SentMessage, Storage
from tests.storage.cast import MINUTE, NOW, delivered, later, started

AMINA, BRUNO, CHLOE = (to_person(PersonId(n)) for n in (12, 13, 14))


async def owe(storage: Storage, *notices: Notice) -> None:
    async with storage.transaction() as tx:
        await tx.outbox.owe(notices, NOW)


async def claim(storage: Storage, limit: int = 50) -> list[Owed]:
    async with storage.transaction() as tx:
        return await tx.outbox.claim(NOW, limit)


def kinds(claimed: list[Owed]) -> list[str]:
    return [owed.notice.kind for owed in claimed]


async def all_in_order(storage: Storage) -> list[str]:
    """Deliver until nothing is left."""
    said = []
    while claimed := await claim(storage, 1):
        async with storage.transaction() as tx:
            await tx.outbox.end(delivered(claimed[0]), NOW)
        said += kinds(claimed)
    return said


async def test_a_notice_is_claimed_as_it_was_owed(storage: Storage) -> None:
    mission = await started(storage)
    notice = Notice(
        "search.offer",
        AMINA,
        mission.id,
        facts={"estimate": 30, "why": None, "share": 0.5, "late": True, "who": "Amina"},
        priority=Priority.OFFER,
        card="offer",
        fresh=True,
        only_if_there=True,
        epoch=3,
        valid_until=NOW + MINUTE,
        when_unknown=WhenUnknown.DROP,
    )
    await owe(storage, notice)
    (owed,) = await claim(storage)
    assert owed.notice == notice
    assert (owed.attempts, owed.created_at, owed.perhaps_sent) == (0, NOW, False)
    assert await claim(storage) == []


async def test_only_the_oldest_of_a_lane_is_claimed_and_the_next_when_it_is_finished(
    storage: Storage,
) -> None:
    mission = await started(storage)
    await owe(
        storage,
        Notice("first", AMINA, mission.id, priority=Priority.REPORT),
        Notice("second", AMINA, mission.id, priority=Priority.REPLY),
        Notice("no mission", AMINA),  # another lane
        Notice("other", BRUNO, mission.id),
    )
    claimed = await claim(storage)
    assert kinds(claimed) == ["no mission", "other", "first"]
    assert await claim(storage) == []
    async with storage.transaction() as tx:
        await tx.outbox.end(delivered(claimed[2]), NOW)
    assert kinds(await claim(storage)) == ["second"]


async def test_a_postponed_row_holds_its_lane(storage: Storage) -> None:
    await owe(storage, Notice("first", AMINA), Notice("second", AMINA))
    (owed,) = await claim(storage)
    async with storage.transaction() as tx:
        await tx.outbox.end(later(owed, NOW + MINUTE), NOW)
        assert await tx.outbox.claim(NOW, 5) == []
        assert await tx.outbox.next_due() == NOW + MINUTE
        (again,) = await tx.outbox.claim(NOW + MINUTE, 5)
        assert (again.notice.kind, again.attempts, again.perhaps_sent) == ("first", 1, False)
        await tx.outbox.end(later(again, NOW + MINUTE, perhaps_sent=True), NOW)
        (again,) = await tx.outbox.claim(NOW + MINUTE, 5)
        assert (again.attempts, again.perhaps_sent) == (2, True)


async def test_priority_then_age_between_lanes(storage: Storage) -> None:
    await owe(
        storage,
        Notice("report", BOARD, priority=Priority.REPORT),
        Notice("offer 1", AMINA, priority=Priority.OFFER),
        Notice("offer 2", BRUNO, priority=Priority.OFFER),
        Notice("reply", CHLOE, priority=Priority.REPLY),
    )
    assert kinds(await claim(storage, 2)) == ["reply", "offer 1"]
    assert kinds(await claim(storage, 2)) == ["offer 2", "report"]


async def test_places_and_kinds_of_places_can_be_passed_over(storage: Storage) -> None:
    mission = await started(storage)
    await owe(
        storage, Notice("a", AMINA), Notice("b", BRUNO), Notice("c", to_group(mission.id)), Notice("d", BOARD)
    )
    async with storage.transaction() as tx:
        claimed = await tx.outbox.claim(
            NOW, 9, skip_places=[AMINA, BOARD], skip_kinds=[PlaceKind.MISSION, PlaceKind.ORGANISATION]
        )
        assert kinds(claimed) == ["b"]
        assert kinds(await tx.outbox.claim(NOW, 9, skip_places=[AMINA])) == ["c", "d"]
        assert kinds(await tx.outbox.claim(NOW, 9, skip_kinds=[PlaceKind.BOARD])) == ["a"]


async def test_what_is_past_its_moment_is_not_sent(storage: Storage) -> None:
    await owe(
        storage,
        Notice("stale", AMINA, valid_until=NOW),
        Notice("stale too, behind", AMINA, valid_until=NOW),
        Notice("good", AMINA, valid_until=NOW + MINUTE),
    )
    async with storage.transaction() as tx:
        assert await tx.outbox.expire(NOW + timedelta(seconds=1)) == 2
        claimed = await tx.outbox.claim(NOW + timedelta(seconds=1), 5)
        assert kinds(claimed) == ["good"]
        assert await tx.outbox.waiting() == 1


async def test_a_redraw_replaces_the_one_that_waits_and_keeps_its_place(storage: Storage) -> None:
    mission = await started(storage)
    here = to_group(mission.id)
    await owe(storage, Notice("card 1", here, mission.id, {"n": 1}, card="live", priority=Priority.RECEIPT))
    await owe(storage, Notice("news", here, mission.id))
    await owe(storage, Notice("card 2", here, mission.id, {"n": 2}, card="live", priority=Priority.CARD))
    await owe(storage, Notice("card 3", here, mission.id, {"n": 3}, card="live", priority=Priority.CARD))
    claimed = await claim(storage)
    assert kinds(claimed) == ["card 3"]
    assert claimed[0].notice.facts == {"n": 3}
    assert claimed[0].notice.priority is Priority.RECEIPT
    async with storage.transaction() as tx:
        await tx.outbox.end(delivered(claimed[0]), NOW)
    assert await all_in_order(storage) == ["news"]


async def test_redraws_in_one_decision_are_one(storage: Storage) -> None:
    await owe(storage, *(Notice(f"draw {n}", BOARD, card="board") for n in range(3)))
    assert await all_in_order(storage) == ["draw 2"]


async def test_a_redraw_waits_behind_what_is_being_sent(storage: Storage) -> None:
    await owe(storage, Notice("draw 1", BOARD, card="board"))
    (sending,) = await claim(storage)
    await owe(storage, Notice("draw 2", BOARD, card="board"))
    await owe(storage, Notice("draw 3", BOARD, card="board"))
    assert await claim(storage) == []
    async with storage.transaction() as tx:
        await tx.outbox.end(delivered(sending), NOW)
    assert await all_in_order(storage) == ["draw 3"]


async def test_other_cards_places_and_missions_are_left_alone(storage: Storage) -> None:
    one, two = await started(storage, number=1), await started(storage, number=2)
    await owe(
        storage,
        Notice("a", AMINA, one.id, card="offer"),
        Notice("b", AMINA, two.id, card="offer"),
        Notice("c", BRUNO, one.id, card="offer"),
        Notice("d", AMINA, one.id, card="visit"),
        Notice("e", AMINA, one.id),
    )
    await owe(storage, Notice("a2", AMINA, one.id, card="offer"))
    assert sorted(await all_in_order(storage)) == ["a2", "b", "c", "d", "e"]


async def test_a_fresh_card_is_never_folded_away(storage: Storage) -> None:
    await owe(storage, Notice("draw 1", BOARD, card="board"))
    await owe(storage, Notice("rings", BOARD, card="board", fresh=True))
    await owe(storage, Notice("draw 2", BOARD, card="board"))
    (owed,) = await claim(storage)
    first = [owed.notice.kind, owed.notice.fresh]
    async with storage.transaction() as tx:
        await tx.outbox.end(delivered(owed), NOW)
    (owed,) = await claim(storage)
    second = [owed.notice.kind, owed.notice.fresh]
    assert first == ["draw 1", False]
    assert second == ["draw 2", True]  # still fresh: it must ring


async def test_folding_loses_nothing_that_was_owed(storage: Storage) -> None:
    await owe(storage, Notice("must come", BOARD, card="board"))
    redraw = Notice(
        "cosmetic",
        BOARD,
        card="board",
        only_if_there=True,
        when_unknown=WhenUnknown.DROP,
        valid_until=NOW + MINUTE,
        epoch=4,
    )
    await owe(storage, redraw)
    (owed,) = await claim(storage)
    assert owed.notice == Notice("cosmetic", BOARD, card="board", epoch=4)


async def test_withdrawal_takes_back_what_has_not_begun(storage: Storage) -> None:
    mission, other = await started(storage, number=1), await started(storage, number=2)
    await owe(
        storage,
        *(Notice("offer", place, mission.id, epoch=1) for place in (AMINA, BRUNO, CHLOE)),
        Notice("offer", AMINA, other.id),
        Notice("news", BRUNO, mission.id),
    )
    (sending,) = await claim(storage, 1)
    async with storage.transaction() as tx:
        assert await tx.outbox.waiting() == 5
        await tx.outbox.withdraw([Withdrawal(mission.id, "offer", to=CHLOE, epoch=2)], NOW)
        assert await tx.outbox.waiting() == 5
        await tx.outbox.withdraw([Withdrawal(mission.id, "offer", to=CHLOE, epoch=1)], NOW)
        assert await tx.outbox.waiting() == 4
        await tx.outbox.withdraw([Withdrawal(mission.id, "offer"), Withdrawal(mission.id, "offer")], NOW)
        assert await tx.outbox.waiting() == 3
        await tx.outbox.end(delivered(sending), NOW)
    assert sorted(await all_in_order(storage)) == ["news", "offer"]


async def test_an_offer_that_perhaps_stands_on_a_screen_is_not_withdrawn(storage: Storage) -> None:
    mission = await started(storage, number=1)
    await owe(storage, Notice("offer", AMINA, mission.id), Notice("late", BRUNO, mission.id))
    assert len(await claim(storage)) == 2
    async with storage.transaction() as tx:
        await tx.outbox.take_back_claims()  # whoever was sending them is dead
        await tx.outbox.withdraw([Withdrawal(mission.id, "offer"), Withdrawal(mission.id, "late")], NOW)
    assert await all_in_order(storage) == ["offer"]


async def test_delivering_records_the_message(storage: Storage) -> None:
    await owe(storage, Notice("card", AMINA, card="offer"))
    (owed,) = await claim(storage)
    message = SentMessage(12, 5, AMINA, "card", NOW, card="offer", body_hash="abc")
    async with storage.transaction() as tx:
        await tx.outbox.end(delivered(owed), NOW)
        await tx.sent.save_all([message])
        assert await tx.sent.card(AMINA, None, "offer") == message
        assert await tx.outbox.waiting() == 0
        assert await tx.outbox.next_due() is None


async def test_given_up_and_dropped_rows_free_their_lane(storage: Storage) -> None:
    await owe(storage, *(Notice(kind, AMINA) for kind in ("blocked", "unchanged", "news")))
    async with storage.transaction() as tx:
        (owed,) = await tx.outbox.claim(NOW, 5)
        await tx.outbox.end([Ended(owed, HowEnded.GIVEN_UP, "blocked")], NOW)
        (owed,) = await tx.outbox.claim(NOW, 5)
        await tx.outbox.end([Ended(owed, HowEnded.DROPPED, "not modified")], NOW)
        (owed,) = await tx.outbox.claim(NOW, 5)
        assert owed.notice.kind == "news"


async def test_after_a_crash_what_was_claimed_is_owed_again_and_perhaps_sent(storage: Storage) -> None:
    await owe(storage, Notice("a", AMINA), Notice("b", AMINA), Notice("c", BRUNO))
    before = await claim(storage)
    assert len(before) == 2
    async with storage.transaction() as tx:
        assert await tx.outbox.take_back_claims() == 2
        assert await tx.outbox.take_back_claims() == 0
    again = await claim(storage)
    assert [(owed.notice.kind, owed.perhaps_sent, owed.attempts) for owed in again] == [
        ("a", True, 1),
        ("c", True, 1),
    ]


async def test_the_newest_that_has_gone_or_perhaps_has_is_known(storage: Storage) -> None:
    mission, other = await started(storage, number=1), await started(storage, number=2)

    async def newest(of: Mission = mission) -> str | None:
        async with storage.transaction() as tx:
            return await tx.outbox.newest_gone(AMINA, of.id, "asked:p12", NOW)

    async def goes(kind: str, how: HowEnded) -> None:
        await owe(storage, Notice(kind, AMINA, mission.id, card="asked:p12", fresh=True))
        (owed,) = await claim(storage)
        async with storage.transaction() as tx:
            await tx.outbox.end([Ended(owed, how)], NOW)

    await goes("question", HowEnded.GIVEN_UP)
    assert await newest() is None
    await goes("question", HowEnded.DELIVERED)
    assert await newest() == "question"
    assert await newest(other) is None
    await goes("over", HowEnded.DELIVERED)
    await goes("question", HowEnded.EXPIRED)
    assert await newest() == "over"

    # Whoever was sending it is dead, and then it is taken back: perhaps it has gone
    await owe(storage, Notice("question", AMINA, mission.id, card="asked:p12", fresh=True))
    await claim(storage)
    async with storage.transaction() as tx:
        await tx.outbox.take_back_claims()
        await tx.outbox.withdraw([Withdrawal(mission.id, "question")], NOW)
    assert await newest() == "question"


async def test_what_has_gone_lately_and_what_is_being_sent_is_known(storage: Storage) -> None:
    await owe(storage, Notice("a", AMINA), Notice("b", BRUNO), Notice("c", BOARD), Notice("d", CHLOE))
    first, second, third, _ = await claim(storage)
    async with storage.transaction() as tx:
        await tx.outbox.end([Ended(first, HowEnded.DELIVERED)], NOW - 2 * MINUTE)
        await tx.outbox.end([Ended(third, HowEnded.DELIVERED)], NOW)
        await tx.outbox.end([Ended(second, HowEnded.DROPPED)], NOW)
        gone = await tx.outbox.gone_since(NOW - MINUTE)

    assert [(one.place, one.at) for one in gone] == [(BOARD, NOW), (CHLOE, None)]


async def test_a_lease_that_ran_out_is_taken_over_and_its_former_holder_changes_nothing(
    storage: Storage,
) -> None:
    await owe(storage, Notice("a", AMINA))
    async with storage.transaction() as tx:
        (slow,) = await tx.outbox.claim(NOW, 5, lease_seconds=-1)
        (taken_over,) = await tx.outbox.claim(NOW, 5)
        assert taken_over.perhaps_sent
        await tx.outbox.end(later(slow, NOW + MINUTE), NOW)
        await tx.outbox.end([Ended(slow, HowEnded.GIVEN_UP, "late")], NOW)
        assert await tx.outbox.waiting() == 1
        await tx.outbox.end(delivered(taken_over), NOW)
        assert await tx.outbox.waiting() == 0


async def test_done_is_done_even_when_the_lease_ran_out(storage: Storage) -> None:
    await owe(storage, Notice("a", AMINA))
    (slow,) = await claim(storage)
    async with storage.transaction() as tx:
        await tx.outbox.take_back_claims()
        await tx.outbox.end(delivered(slow), NOW)
        assert await tx.outbox.claim(NOW, 5) == []


async def test_what_is_still_being_sent_here_is_not_taken_back(storage: Storage) -> None:
    await owe(storage, Notice("a", AMINA), Notice("b", BRUNO))
    ours, _ = await claim(storage)
    async with storage.transaction() as tx:
        assert await tx.outbox.take_back_claims(keep=[ours.id]) == 1
    assert kinds(await claim(storage)) == ["b"]


async def test_those_right_behind_are_claimed_as_long_as_they_are_of_these_kinds(storage: Storage) -> None:
    mission = await started(storage)
    here = to_group(mission.id)
    await owe(
        storage,
        *(Notice(kind, here, mission.id) for kind in ("line", "line", "other line")),
        Notice("line", here, mission.id, card="live"),
        Notice("line", here, mission.id),
        Notice("line", BOARD, mission.id),
    )
    async with storage.transaction() as tx:
        head, elsewhere = await tx.outbox.claim(NOW, 5)
        behind = await tx.outbox.claim_behind(head, NOW, ["line", "other line"], 9)
        assert kinds(behind) == ["line", "other line"]
        assert await tx.outbox.claim_behind(elsewhere, NOW, ["line"], 9) == []
        await tx.outbox.end([*delivered(head, *behind)], NOW)
        assert [owed.notice.card for owed in await tx.outbox.claim(NOW, 5)] == ["live"]


async def test_one_that_was_put_off_parts_those_behind(storage: Storage) -> None:
    await owe(storage, *(Notice(kind, BOARD) for kind in ("a", "b", "c", "d")))
    async with storage.transaction() as tx:
        (a,) = await tx.outbox.claim(NOW, 5)
        b, c = await tx.outbox.claim_behind(a, NOW, ["b", "c"], 9)
        await tx.outbox.end(later(c, NOW + MINUTE), NOW)
        assert await tx.outbox.claim_behind(b, NOW, ["c", "d"], 9) == []
        assert kinds(await tx.outbox.claim_behind(b, NOW + MINUTE, ["c", "d"], 1)) == ["c"]


async def test_any_history_keeps_the_order_of_every_lane(storage: Storage) -> None:
    """Random owing, claiming, postponing and finishing: each lane is delivered in the order it was owed."""
    dice = random.Random(68)
    places = [AMINA, BRUNO, BOARD]
    owed_to: dict[Place, list[str]] = {}
    got: dict[Place, list[str]] = {}
    count, now = 0, NOW
    for _ in range(40):
        async with storage.transaction() as tx:
            for _ in range(dice.randrange(4)):
                place = dice.choice(places)
                await tx.outbox.owe([Notice(f"n{count}", place, priority=dice.choice(list(Priority)))], now)
                owed_to.setdefault(place, []).append(f"n{count}")
                count += 1
            claimed = await tx.outbox.claim(now, dice.randrange(1, 4))
            assert len({owed.notice.to for owed in claimed}) == len(claimed)
            for owed in claimed:
                if dice.random() < 0.4:
                    await tx.outbox.end(later(owed, now + timedelta(seconds=dice.randrange(30))), now)
                else:
                    await tx.outbox.end(delivered(owed), now)
                    got.setdefault(owed.notice.to, []).append(owed.notice.kind)
        now += timedelta(seconds=10)
    async with storage.transaction() as tx:
        while claimed := await tx.outbox.claim(now + MINUTE, 10):
            for owed in claimed:
                await tx.outbox.end(delivered(owed), now)
                got.setdefault(owed.notice.to, []).append(owed.notice.kind)
    assert got == owed_to
