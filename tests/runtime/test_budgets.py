"""Our rates stay under Telegram's, whatever is asked and however long the line takes."""

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.budgets import Budgets, Slot
from bot.sandbox.limits import Limits
from tests.clock import OPENING, ManualClock

GROUP = -1001
SECOND = timedelta(seconds=1)


def send(budgets: Budgets, chat: int, now: datetime, weight: int = 1) -> bool:
    return isinstance(budgets.reserve(chat, is_group=chat < 0, now=now, weight=weight), Slot)


def test_a_burst_of_three_then_one_a_second() -> None:
    budgets = Budgets()

    assert [send(budgets, 1, OPENING) for _ in range(4)] == [True, True, True, False]
    earliest = budgets.may_send(1, is_group=False, now=OPENING)
    assert earliest is not None
    assert SECOND <= earliest - OPENING <= 1.2 * SECOND
    assert send(budgets, 1, earliest)
    assert not send(budgets, 1, earliest)


def test_thirty_a_second_over_all_chats() -> None:
    budgets = Budgets()

    assert sum(send(budgets, chat, OPENING) for chat in range(1, 100)) == 30
    assert budgets.room(OPENING) == 0
    assert budgets.room(OPENING + 1.1 * SECOND) == 30


def test_twenty_a_minute_in_one_group() -> None:
    budgets = Budgets()
    now = OPENING
    sent = []
    while now < OPENING + timedelta(minutes=2):
        if send(budgets, GROUP, now):
            sent.append(now)
        now += SECOND / 2

    assert len(sent) == 40
    assert sum(at < OPENING + timedelta(minutes=1) for at in sent) == 20


def test_what_a_group_takes_at_this_moment_is_what_is_left_of_the_burst_and_of_the_minute() -> None:
    budgets, now = Budgets(), OPENING
    found = []
    while now < OPENING + timedelta(seconds=30):
        found.append(budgets.group_room_at_once(GROUP, now))
        went = [send(budgets, GROUP, now) for _ in range(4)]
        assert went.count(True) >= found[-1] >= (True in went)  # never more than go, one where one goes
        now += 2 * SECOND

    assert found[0] == 3
    assert found[-1] == 0  # the minute is used up


def test_several_messages_wait_until_all_of_them_fit() -> None:
    budgets = Budgets()
    assert send(budgets, 1, OPENING, 2)
    assert not send(budgets, 1, OPENING, 2)
    earliest = budgets.may_send(1, is_group=False, now=OPENING, weight=2)

    assert earliest is not None
    assert send(budgets, 1, earliest, 2)


def test_room_that_was_not_needed_is_given_back() -> None:
    budgets = Budgets()
    for _ in range(5):
        slot = budgets.reserve(GROUP, is_group=True, now=OPENING, weight=3)
        assert isinstance(slot, Slot)
        budgets.release(slot)

    assert send(budgets, GROUP, OPENING, 3)


def test_a_429_pauses_one_chat_and_two_at_once_everything() -> None:
    budgets = Budgets()
    until = budgets.pause(1, 30, OPENING)

    assert timedelta(seconds=30) < until - OPENING < timedelta(seconds=31)
    assert not send(budgets, 1, OPENING + 29 * SECOND)
    assert send(budgets, 2, OPENING + 29 * SECOND)
    budgets.pause(2, 5, OPENING + 29 * SECOND)
    budgets.pause(3, 5, OPENING + 29 * SECOND)
    assert not send(budgets, 4, OPENING + 30 * SECOND)
    assert send(budgets, 4, OPENING + 35 * SECOND)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 2, 3, GROUP]),
            st.integers(min_value=0, max_value=1500),
            st.integers(min_value=0, max_value=25),
        ),
        max_size=150,
    )
)
def test_telegram_never_refuses_what_the_budgets_let_go(asked: list[tuple[int, int, int]]) -> None:
    """Whatever the pace, with lines that take up to 25 ms longer or shorter than others."""
    budgets, clock = Budgets(), ManualClock()
    limits = Limits(clock)
    arrivals: list[tuple[datetime, int]] = []
    now = OPENING
    for chat, pause, travel in asked:
        now += timedelta(milliseconds=pause)
        if send(budgets, chat, now):
            arrivals.append((now + timedelta(milliseconds=travel), chat))
    for at, chat in sorted(arrivals):
        clock.to(max(at, clock.now()))
        assert limits.wait(chat, group=chat < 0) == 0
        limits.spend(chat, group=chat < 0)


def broadcast(seed: int, *, cards: float) -> tuple[int, timedelta]:
    """A thousand offers, and cards of others now and then by themselves, over a line of 25 to 75 ms: how many
    were refused, and when the last went.
    """
    chance, budgets, clock = random.Random(seed), Budgets(), ManualClock()
    limits, now, sent = Limits(clock), OPENING, 0
    arrivals: list[tuple[datetime, int]] = []
    while sent < 1000:
        offer = chance.random() >= cards
        chat = 1000 + sent if offer else 5000 + len(arrivals)
        if (earliest := budgets.may_send(chat, is_group=False, now=now)) is not None:
            now = earliest
        assert send(budgets, chat, now)
        arrivals.append((now + timedelta(milliseconds=chance.uniform(25, 75)), chat))
        now += timedelta(milliseconds=1 if offer else chance.uniform(1, 200))
        sent += offer
    refused = 0
    for at, chat in sorted(arrivals):
        clock.to(at)
        if limits.wait(chat, group=False):
            refused += 1
        else:
            limits.spend(chat, group=False)
    return refused, now - OPENING


@pytest.mark.parametrize("seed", range(20))
def test_a_broadcast_over_an_uneven_line_is_never_refused_and_loses_little_time(seed: int) -> None:
    refused, took = broadcast(seed, cards=0)

    assert refused == 0
    assert took < 1.05 * 1000 / 30 * SECOND


@pytest.mark.parametrize("seed", range(20))
def test_nor_is_what_goes_by_itself_meanwhile(seed: int) -> None:
    refused, _ = broadcast(seed, cards=0.03)

    assert refused == 0


def test_what_was_kept_for_later_counts_from_when_it_went() -> None:
    budgets = Budgets()
    kept = budgets.reserve(GROUP, is_group=True, now=OPENING)
    assert isinstance(kept, Slot)
    went = OPENING + 10 * SECOND
    budgets.begin(kept, went)
    for number in range(19):
        assert send(budgets, GROUP, went + 10 * SECOND + number * 2 * SECOND)

    after_the_first = budgets.may_send(GROUP, is_group=True, now=OPENING + timedelta(seconds=62))
    assert after_the_first is not None
    assert after_the_first >= went + timedelta(seconds=60)


def test_a_clock_that_is_set_back_stops_nobody_and_floods_nobody() -> None:
    budgets = Budgets()
    assert sum(send(budgets, GROUP - chat, OPENING) for chat in range(30)) == 30
    assert [send(budgets, 1, OPENING + 2 * SECOND) for _ in range(3)] == [True] * 3
    budgets.pause(2, 60, OPENING + 2 * SECOND)

    earlier = OPENING - timedelta(hours=1)
    assert not send(budgets, 1, earlier)
    assert budgets.room(earlier) == 27
    assert not send(budgets, 2, earlier + 59 * SECOND)
    assert send(budgets, 2, earlier + 61 * SECOND)
    assert send(budgets, 1, earlier + 61 * SECOND)
