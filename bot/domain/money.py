"""What is billed and what is paid. Amounts come from the region file with their dates; euros, Decimal.

Knows no statement and no month: it answers for one mission and one professional.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from bot.domain.calendar import local
from bot.domain.mission import Mission
from bot.domain.people import CascadeStep
from bot.domain.region import Region

TLD, TLS, TCG, SNP, INDEMNITY = "TLD", "TLS", "TCG", "SNP", "INDEMNITE"

_CENT = Decimal("0.01")


class OfferIndemnity(StrEnum):
    """What an offer says of the indemnity."""

    FUNDED = "funded"  # «27 €»
    TO_ARBITRATE = "to_arbitrate"  # «27 € à arbitrer, hors période financée»


class IndemnityDecision(StrEnum):
    """What becomes of the indemnity of one IDEL and one mission. The values are stored."""

    DUE = "due"
    NOT_DUE = "not_due"
    TO_ARBITRATE = "to_arbitrate"


class IndemnityReason(StrEnum):
    """Why. The values are stored."""

    ARRIVED = "arrived"  # inside the funding window and at the patient's
    NOT_FUNDED = "not_funded"  # accepted outside the funding window
    ENDED_BEFORE_ARRIVAL = "ended_before_arrival"  # accepted, then the mission ended without her
    GAVE_BACK = "gave_back"  # she gave it back before she arrived
    NEVER_ACCEPTED = "never_accepted"
    UNDER_WAY = "under_way"  # accepted, not there yet, nothing to say before the end
    EXERCISE = "exercise"  # outside every figure


@dataclass(frozen=True, slots=True)
class Indemnity:
    """A decision, its reason, and the amount it is about."""

    decision: IndemnityDecision
    reason: IndemnityReason
    amount: Decimal


@dataclass(frozen=True, slots=True)
class BillingLine:
    """One code to bill and its amount."""

    code: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Billing:
    """The codes of one professional. `with_acts`: the nursing acts stand beside, at their full rate."""

    lines: tuple[BillingLine, ...]
    with_acts: bool = False

    @property
    def total(self) -> Decimal:
        """The sum of the codes, acts left out."""
        return sum((line.amount for line in self.lines), Decimal(0))


def offer_indemnity(region: Region, triggered_at: datetime) -> tuple[Decimal, OfferIndemnity]:
    """The amount an offer shows, and whether it is funded on the local day of the trigger.

    Outside every window the amount is that of the last window before, or of the first to come.
    """
    day = local(region, triggered_at).date()
    if funded := region.tariff(INDEMNITY, day):
        return funded.amount, OfferIndemnity.FUNDED
    nearest = region.nearest_tariff(INDEMNITY, day)
    return (nearest.amount if nearest else Decimal(0)), OfferIndemnity.TO_ARBITRATE


def indemnity_due(
    region: Region,
    *,
    triggered_at: datetime,
    accepted: bool,
    arrived: bool,
    ended: bool,
    gave_back: bool = False,
    exercise: bool = False,
) -> Indemnity:
    """Whether one IDEL is owed the indemnity of one mission, and why.

    `accepted`, `arrived` and `gave_back` are hers; `ended` is the mission's.
    """
    amount, offered = offer_indemnity(region, triggered_at)
    due, not_due = IndemnityDecision.DUE, IndemnityDecision.NOT_DUE
    to_arbitrate = IndemnityDecision.TO_ARBITRATE
    if exercise:
        return Indemnity(not_due, IndemnityReason.EXERCISE, amount)
    if not accepted:
        return Indemnity(not_due, IndemnityReason.NEVER_ACCEPTED, amount)
    if gave_back and not arrived:
        return Indemnity(not_due, IndemnityReason.GAVE_BACK, amount)
    if not arrived and not ended:
        return Indemnity(not_due, IndemnityReason.UNDER_WAY, amount)
    if offered is OfferIndemnity.TO_ARBITRATE:
        return Indemnity(to_arbitrate, IndemnityReason.NOT_FUNDED, amount)
    if arrived:
        return Indemnity(due, IndemnityReason.ARRIVED, amount)
    return Indemnity(to_arbitrate, IndemnityReason.ENDED_BEFORE_ARRIVAL, amount)


def indemnity_of(region: Region, mission: Mission) -> Indemnity:
    """The indemnity of the nurse who holds a mission."""
    return indemnity_due(
        region,
        triggered_at=mission.triggered_at,
        accepted=mission.visit.idel is not None,
        arrived=mission.visit.arrived_at is not None,
        ended=mission.end is not None,
        exercise=mission.exercise,
    )


def _line(region: Region, code: str, at: datetime) -> BillingLine:
    """A code at the rate of that day; 0 where the region file dates none, so that it is seen."""
    tariff = region.tariff(code, local(region, at).date())
    return BillingLine(code, tariff.amount if tariff else Decimal(0))


def idel_billing(region: Region, at: datetime, *, acts: bool) -> Billing:
    """TLD alone, or TLS beside the nursing acts: never both."""
    return Billing((_line(region, TLS if acts else TLD, at),), with_acts=acts)


def doctor_billing(region: Region, step: CascadeStep, at: datetime) -> Billing:
    """TCG, with SNP at the steps that bill it: the médecin traitant does not."""
    codes = (TCG, SNP) if region.rule(step).snp else (TCG,)
    return Billing(tuple(_line(region, code, at) for code in codes))


def patient_shares(region: Region, fee: Decimal) -> tuple[tuple[str, Decimal], ...]:
    """What the doctor invoices to the patient, to the cent, by who they are: 12 €, 4 € or 0 € of 40 €."""
    return tuple(
        (share.label, (fee * share.rate).quantize(_CENT, ROUND_HALF_UP)) for share in region.patient_shares
    )


def week_of(region: Region, at: datetime) -> tuple[int, int]:
    """The ISO year and week in which an SNP counts."""
    calendar = local(region, at).isocalendar()
    return calendar.year, calendar.week
