"""Everything that belongs to one SAS, as values. Knows no file: `bot.region` reads it.

Amounts are in euros, distances in kilometres, delays are timedeltas.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from bot.domain.people import CascadeStep


def _within(first: date | None, last: date | None, day: date) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


@dataclass(frozen=True, slots=True)
class PatientShare:
    """Part of the fee that is left to some patients."""

    label: str  # «régime local»; empty for everybody else
    rate: Decimal  # 0.30


#: National rules: what is left by the assurance maladie, where a region says nothing else.
PATIENT_SHARES = (PatientShare("", Decimal("0.30")), PatientShare("ALD ou C2S", Decimal(0)))


@dataclass(frozen=True, slots=True)
class Motif:
    """One reason for a call, chosen from a list: the only clinical word shown before acceptance."""

    key: str
    label: str
    needs: tuple[str, ...] = ()  # abilities without which a nurse is not asked
    words: tuple[str, ...] = ()  # that tell it in a pasted text: «essouffl*», «mal de dos»
    general: bool = False  # gives way to a motif that says more: «douleur»
    recognised: bool = True  # also by its label; not what is left over («Autre»)
    valid_from: date | None = None
    valid_until: date | None = None  # last day included

    def holds_on(self, day: date) -> bool:
        """Whether it may be chosen on that day."""
        return _within(self.valid_from, self.valid_until, day)


@dataclass(frozen=True, slots=True)
class Ability:
    """Something not every nurse does: she is asked for it only when she has said that she does."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the questionnaire, answered by a button."""

    key: str
    text: str
    choices: tuple[tuple[str, str], ...]  # key and words of each button, six at most
    by: str = "idel"  # who answers: «osnp» at the opening, «idel» at the patient's


@dataclass(frozen=True, slots=True)
class Resource:
    """A page professionals may need: a protocol, a directory."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class SearchPolicy:
    """Whom a mission is offered to first, and how the search widens."""

    usual: str = "offer"  # the usual IDEL is asked by an «offer» of her own, or OSNP «phone» her
    radii_km: tuple[float, ...] = ()  # of the first waves, then whoever is left; none: everybody at once
    every: timedelta = timedelta(minutes=5)  # from one wave to the next
    wanted: float = 2.0  # acceptances hoped for from a wave: its size is this by the rate of the last weeks
    smallest: int = 8  # nurses in a wave…
    largest: int = 60
    history: timedelta = timedelta(days=60)  # over which rates are taken
    rotation: timedelta = timedelta(days=30)  # over which turns in the first wave are counted
    alike_km: float = 5.0  # distances that differ by less are alike: the turn decides
    unlikely_under: float = 0.5  # OSNP are warned when fewer of the past searches were answered in time…
    unlikely_from: int = 10  # …of so many at least


@dataclass(frozen=True, slots=True)
class StepRule:
    """One step of the doctor cascade."""

    step: CascadeStep
    label: str  # «Effecteurs»
    delay: timedelta
    snp: bool  # whether SNP is billed at this step
    skipped_in_mmg: bool = False
    only_if_duty_begins: bool = False  # counts only where a garde begins before the limit
    by_duty: bool = False  # only whoever the duty roster names, also once it has run out
    channels: tuple[str, ...] = (
        "telegram",
        "phone",
        "sms",
    )  # in this order; «sms» behind «phone» texts no question
    valid_from: date | None = None
    valid_until: date | None = None  # last day included

    @property
    def asks_by_text(self) -> bool:
        """Whether doctors are asked by text message; behind the telephone it only takes hour and link."""
        return "sms" in self.channels and "phone" not in self.channels[: self.channels.index("sms")]

    def holds_on(self, day: date) -> bool:
        """Whether it is asked on that day."""
        return _within(self.valid_from, self.valid_until, day)


@dataclass(frozen=True, slots=True)
class Tariff:
    """A dated amount: TLD, TLS, TCG, SNP or the indemnity."""

    code: str
    amount: Decimal
    valid_from: date | None = None
    valid_until: date | None = None  # last day included

    def holds_on(self, day: date) -> bool:
        """Whether the amount is valid on that day."""
        return _within(self.valid_from, self.valid_until, day)


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune of the department (INSEE, IGN; Licence Ouverte)."""

    insee: str
    name: str
    postal_codes: tuple[str, ...]
    population: int
    epci: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Sector:
    """A duty sector: which communes it covers and whether an MMG stands in for its garde."""

    name: str
    communes: frozenset[str]  # INSEE codes
    mmg: bool = False


def sectors_of(communes: Sequence[Commune], listed: Mapping[str, tuple[str, bool]]) -> tuple[Sector, ...]:
    """The duty sectors of a table (INSEE code → sector, `mmg`).

    A commune that nobody listed is in the sector of its intercommunality.
    """
    known = {commune.insee for commune in communes}
    covered = {insee: sector for insee, (sector, _) in listed.items()}
    covered |= {commune.insee: commune.epci for commune in communes if commune.insee not in covered}
    mmg = {sector for sector, is_mmg in listed.values() if is_mmg}
    members: dict[str, list[str]] = {}
    for insee, sector in covered.items():
        members.setdefault(sector, []).append(insee)
    return tuple(
        Sector(sector, frozenset(inside) & known, sector in mmg) for sector, inside in members.items()
    )


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When the service is open on one weekday (0 = Monday)."""

    weekday: int
    opens: time
    closes: time
    valid_from: date | None = None
    valid_until: date | None = None  # last day included

    def holds_on(self, day: date) -> bool:
        """Whether the service has these hours on that day."""
        return self.weekday == day.weekday() and _within(self.valid_from, self.valid_until, day)


@dataclass(frozen=True, slots=True)
class Delays:
    """How long everything may take."""

    limit: timedelta  # trigger → the IDEL at the patient's
    answer: timedelta  # trigger → an IDEL has accepted
    answer_warning: timedelta  # trigger → OSNP are warned that nobody has
    orientation_reminders: tuple[timedelta, ...]  # after the end of the answer delay
    prolongation: timedelta
    visit_hour: timedelta  # acceptance without an hour → OSNP are asked
    late_arrival: timedelta  # announced hour passed → the IDEL is asked
    visio_after_arrival: timedelta  # arrival → first hour a doctor may tap
    visio_on_site: timedelta  # the IDEL is on site → «dans 10 min»
    act_request: timedelta  # a request nobody touched → repeated
    closing_reminder: timedelta
    purge_after_visit: timedelta
    purge_at_most: timedelta  # after sending; Telegram deletes nothing older than 48 h
    night_owner_before_close: timedelta
    pause: timedelta  # «Pause 10 min» of the cascade


@dataclass(frozen=True, slots=True)
class Fallback:
    """Who else is asked when whoever must act does not."""

    operator: bool = True  # another OSNP
    coordinateur: bool = True
    sms: bool = True  # a text to the telephone of whoever had to act
    again: timedelta = timedelta(minutes=15)  # and again, until somebody acts


@dataclass(frozen=True, slots=True)
class Region:
    """One SAS."""

    key: str
    name: str  # «SAS 68»
    department: str
    timezone: str
    holidays_subdivision: str | None
    osnp_phone: str  # E.164, shown to IDEL and doctors
    emergency: str  # «15»
    contact_phone: str
    contact_email: str
    website: str
    hours: tuple[OpeningHours, ...]
    closed_days: frozenset[date]  # exceptional closings
    open_days: tuple[tuple[date, time, time], ...]  # exceptional openings
    motifs: tuple[Motif, ...]
    steps: tuple[StepRule, ...]
    delays: Delays
    tariffs: tuple[Tariff, ...]
    estimates: tuple[int, ...]  # minutes offered with ACCEPTER
    later_estimates: tuple[int, ...]  # minutes offered after «+ tard»
    minimum_age: int  # years; under it the service refuses
    news2_from_age: int | None  # None switches the score off
    decade_ages_under: int  # inhabitants; below, the age is shown by decade
    search_radius_km: float | None  # None: every available IDEL
    visio_url: str  # template with {room} and {token}
    communes: tuple[Commune, ...]
    sectors: tuple[Sector, ...]
    garde_begins: tuple[tuple[int, time], ...]  # weekday → hour at which the garde takes over
    usual_idel_minutes: int  # how long an exclusive offer holds
    fallback: Fallback = Fallback()
    search: SearchPolicy = SearchPolicy()
    abilities: tuple[Ability, ...] = ()
    questions: tuple[Question, ...] = ()
    resources: tuple[Resource, ...] = ()
    patient_shares: tuple[PatientShare, ...] = PATIENT_SHARES
    snp_per_week: int = 20  # per doctor and ISO week; beyond, the doctor is warned

    def on(self, day: date) -> "Region":
        """With the motifs and steps of that day only: for whatever begins then."""
        motifs = tuple(motif for motif in self.motifs if motif.holds_on(day))
        steps = tuple(rule for rule in self.steps if rule.holds_on(day))
        if len(motifs) == len(self.motifs) and len(steps) == len(self.steps):
            return self
        return replace(self, motifs=motifs, steps=steps)

    @property
    def largest_commune(self) -> Commune:
        """The one with most inhabitants: for examples."""
        return max(self.communes, key=lambda commune: commune.population)

    def tariff(self, code: str, day: date) -> Tariff | None:
        """The amount of `code` valid on that day, if any."""
        return next((t for t in self.tariffs if t.code == code and t.holds_on(day)), None)

    def nearest_tariff(self, code: str, day: date) -> Tariff | None:
        """Outside every window: the amount of the last one before that day, or of the first to come."""
        known = [tariff for tariff in self.tariffs if tariff.code == code]
        past = [tariff for tariff in known if tariff.valid_until and tariff.valid_until < day]
        if past:
            return max(past, key=lambda tariff: tariff.valid_until or date.min)
        return min(known, key=lambda tariff: tariff.valid_from or date.min, default=None)

    def motif(self, key: str) -> Motif | None:
        """The motif with that key."""
        return next((m for m in self.motifs if m.key == key), None)

    def commune(self, insee: str) -> Commune | None:
        """The commune with that INSEE code."""
        return next((c for c in self.communes if c.insee == insee), None)

    def sector_of(self, insee: str) -> Sector | None:
        """The duty sector that covers a commune."""
        return next((s for s in self.sectors if insee in s.communes), None)

    def rule(self, step: CascadeStep) -> StepRule:
        """The rule of a cascade step; by its bare name one that a mission has and the file no more."""
        step = CascadeStep(step)
        known = next((r for r in self.steps if r.step is step), None)
        return known or StepRule(
            step,
            step.value.replace("_", " ").capitalize(),
            self.delays.pause,
            snp=step is not CascadeStep.MEDECIN_TRAITANT,
        )


@dataclass(frozen=True, slots=True)
class ServiceHours:
    """What the calendar says of one moment."""

    is_open: bool
    closes_at: datetime | None  # when open
    next_opening: datetime | None  # when closed
    reason: str | None  # «ferme»: outside hours | «ferie»: holiday | «exceptionnel»
