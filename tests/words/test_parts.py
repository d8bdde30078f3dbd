"""Pieces that several messages share, at the edges of days and hours."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from bot.domain.mission import NightOwner
from bot.domain.region import OpeningHours, Region, Tariff
from bot.messages.words import Words
from bot.region import load_region


@pytest.fixture
def region() -> Region:
    """The shipped one: 27 € until 31 October 2026, 32 € from the next day on."""
    shipped = load_region()
    after = Tariff("INDEMNITE", Decimal("32.00"), date(2026, 11, 1), None)
    return replace(shipped, tariffs=(*shipped.tariffs, after))


def paris(day: int, hour: int, minute: int, month: int = 11) -> datetime:
    """In UTC; winter, an hour ahead."""
    return datetime(2026, month, day, hour - 1, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("triggered", "amount"),
    [
        (datetime(2026, 10, 31, 22, 59, tzinfo=UTC), "27 €"),  # 23:59 in Paris
        (datetime(2026, 10, 31, 23, 0, tzinfo=UTC), "32 €"),  # midnight
    ],
)
def test_an_offer_shows_the_amount_of_the_local_day(region: Region, triggered: datetime, amount: str) -> None:
    sheet = SimpleNamespace(mission=SimpleNamespace(triggered_at=triggered))
    assert amount in Words(region).message("parts.idel_pay", sheet)


def test_during_a_break_the_owner_answers_and_afterwards_osnp_again(region: Region) -> None:
    # Given a service with a break at noon, and somebody named for it
    monday = tuple(OpeningHours(0, time(*a), time(*b)) for a, b in (((8, 0), (12, 30)), ((13, 30), (20, 0))))
    words = Words(replace(region, hours=monday))
    mission = SimpleNamespace(closes_at=paris(9, 12, 30), night_owner=NightOwner("Dr Roth", "+33639980004"))

    def said(hour: int, minute: int) -> str:
        sheet: Any = SimpleNamespace(mission=mission, now=paris(9, hour, minute))
        return words.message("parts.osnp", sheet)

    assert "OSNP" in said(12, 0)
    assert "12:30, puis Dr Roth" in said(12, 0)
    assert "Dr Roth" in said(12, 45)
    assert "OSNP" not in said(12, 45)
    assert "OSNP" in said(14, 0)
    assert "Dr Roth" not in said(14, 0)
