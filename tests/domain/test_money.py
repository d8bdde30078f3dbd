"""What is offered, due and billed, on both sides of the funding window."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from bot.domain.money import (
    IndemnityDecision,
    IndemnityReason,
    OfferIndemnity,
    doctor_billing,
    idel_billing,
    indemnity_due,
    offer_indemnity,
    patient_shares,
    week_of,
)
from bot.domain.people import CascadeStep
from bot.domain.region import PATIENT_SHARES, Tariff
from bot.region import load_region

SAS68 = load_region()
FUNDED = datetime(2026, 10, 6, 7, 23, tzinfo=UTC)
AFTER = datetime(2026, 11, 24, 8, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "offered"),
    [
        (datetime(2024, 10, 31, 22, 59, tzinfo=UTC), OfferIndemnity.TO_ARBITRATE),  # 23:59 in Paris
        (datetime(2024, 10, 31, 23, 0, tzinfo=UTC), OfferIndemnity.FUNDED),  # midnight in Paris
        (FUNDED, OfferIndemnity.FUNDED),
        (datetime(2026, 10, 31, 22, 59, tzinfo=UTC), OfferIndemnity.FUNDED),
        (datetime(2026, 10, 31, 23, 0, tzinfo=UTC), OfferIndemnity.TO_ARBITRATE),
        (AFTER, OfferIndemnity.TO_ARBITRATE),
    ],
)
def test_the_offer_says_27_euros_and_whether_they_are_funded_that_day(
    at: datetime, offered: OfferIndemnity
) -> None:
    assert offer_indemnity(SAS68, at) == (Decimal("27.00"), offered)


def test_a_renewal_at_another_rate_is_offered_from_its_first_day() -> None:
    renewed = Tariff("INDEMNITE", Decimal("30.00"), date(2026, 11, 15), date(2027, 12, 31))
    region = replace(SAS68, tariffs=(*SAS68.tariffs, renewed))
    gap = datetime(2026, 11, 10, 9, tzinfo=UTC)
    assert offer_indemnity(region, gap) == (Decimal("27.00"), OfferIndemnity.TO_ARBITRATE)
    assert offer_indemnity(region, AFTER) == (Decimal("30.00"), OfferIndemnity.FUNDED)
    late = datetime(2028, 1, 4, 9, tzinfo=UTC)
    assert offer_indemnity(region, late) == (Decimal("30.00"), OfferIndemnity.TO_ARBITRATE)


D, R = IndemnityDecision, IndemnityReason
NOTHING: dict[str, bool] = {"accepted": False, "arrived": False, "ended": True}
ACCEPTED = {**NOTHING, "accepted": True}
ARRIVED = {**ACCEPTED, "arrived": True}


@pytest.mark.parametrize(
    ("at", "what", "decision", "reason"),
    [
        (FUNDED, NOTHING, D.NOT_DUE, R.NEVER_ACCEPTED),
        (AFTER, NOTHING, D.NOT_DUE, R.NEVER_ACCEPTED),
        (FUNDED, ARRIVED, D.DUE, R.ARRIVED),
        (FUNDED, {**ARRIVED, "ended": False}, D.DUE, R.ARRIVED),
        (AFTER, ARRIVED, D.TO_ARBITRATE, R.NOT_FUNDED),
        (FUNDED, ACCEPTED, D.TO_ARBITRATE, R.ENDED_BEFORE_ARRIVAL),
        (AFTER, ACCEPTED, D.TO_ARBITRATE, R.NOT_FUNDED),
        (FUNDED, {**ACCEPTED, "ended": False}, D.NOT_DUE, R.UNDER_WAY),
        (FUNDED, {**ACCEPTED, "gave_back": True}, D.NOT_DUE, R.GAVE_BACK),
        (AFTER, {**ACCEPTED, "gave_back": True}, D.NOT_DUE, R.GAVE_BACK),
        (FUNDED, {**ARRIVED, "gave_back": True}, D.DUE, R.ARRIVED),
        (FUNDED, {**ARRIVED, "exercise": True}, D.NOT_DUE, R.EXERCISE),
    ],
)
def test_the_indemnity_is_due_on_arrival_and_arbitrated_in_doubt(
    at: datetime, what: dict[str, bool], decision: IndemnityDecision, reason: IndemnityReason
) -> None:
    facts: dict[str, Any] = what
    found = indemnity_due(SAS68, triggered_at=at, **facts)
    assert (found.decision, found.reason) == (decision, reason)
    assert found.amount == Decimal("27.00")


def test_nothing_is_ever_due_without_an_arrival() -> None:
    for accepted, ended, gave_back, exercise in product((False, True), repeat=4):
        found = indemnity_due(
            SAS68,
            triggered_at=FUNDED,
            accepted=accepted,
            arrived=False,
            ended=ended,
            gave_back=gave_back,
            exercise=exercise,
        )
        assert found.decision is not D.DUE


def test_the_nurse_bills_tld_or_tls_never_both() -> None:
    alone, with_acts = idel_billing(SAS68, FUNDED, acts=False), idel_billing(SAS68, FUNDED, acts=True)
    assert [(line.code, line.amount) for line in alone.lines] == [("TLD", Decimal("15.00"))]
    assert [(line.code, line.amount) for line in with_acts.lines] == [("TLS", Decimal("10.00"))]
    assert (alone.with_acts, with_acts.with_acts) == (False, True)


@pytest.mark.parametrize("step", list(CascadeStep))
def test_every_doctor_bills_tcg_and_snp_but_the_medecin_traitant(step: CascadeStep) -> None:
    billing = doctor_billing(SAS68, step, FUNDED)
    own = step is CascadeStep.MEDECIN_TRAITANT
    assert [line.code for line in billing.lines] == (["TCG"] if own else ["TCG", "SNP"])
    assert billing.total == Decimal(25 if own else 40)


def test_the_rate_is_that_of_the_day() -> None:
    others = tuple(t for t in SAS68.tariffs if t.code != "TLD")
    old = Tariff("TLD", Decimal("15.00"), None, date(2026, 10, 31))
    new = Tariff("TLD", Decimal("16.50"), date(2026, 11, 1), None)
    region = replace(SAS68, tariffs=(*others, old, new))
    assert idel_billing(region, FUNDED, acts=False).total == Decimal("15.00")
    assert idel_billing(region, AFTER, acts=False).total == Decimal("16.50")


def test_of_forty_euros_the_patient_owes_twelve_four_or_nothing() -> None:
    assert patient_shares(SAS68, Decimal(40)) == (
        ("", Decimal("12.00")),
        ("régime local", Decimal("4.00")),
        ("ALD ou C2S", Decimal("0.00")),
    )
    elsewhere = replace(SAS68, patient_shares=PATIENT_SHARES)
    assert [label for label, _ in patient_shares(elsewhere, Decimal(40))] == ["", "ALD ou C2S"]


def test_snp_count_in_iso_weeks_of_local_days() -> None:
    assert week_of(SAS68, datetime(2026, 12, 27, 22, 59, tzinfo=UTC)) == (2026, 52)
    assert week_of(SAS68, datetime(2026, 12, 27, 23, 0, tzinfo=UTC)) == (2026, 53)
