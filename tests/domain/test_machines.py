"""Any taps, any rings, in any order: what holds of a mission whatever people and clocks do.

The world applies outcomes as `flows.record` does, without storage: offers, timers, engagements, winners.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.domain import (
    by_phone,
    cascade,
    cascade_answers,
    cascade_control,
    closing,
    control,
    ending,
    night,
    reopening,
    search,
    search_again,
    search_answers,
    search_unanswered,
    undo,
    video_hour,
    visio,
    visit,
    watch,
    waves,
    worsening,
)
from bot.domain.mission import (
    CascadeState,
    Decision,
    DoctorOfferState,
    EndReason,
    IdelOffer,
    IdelOfferState,
    Mission,
    MissionState,
    NightOwner,
    Orientation,
    Rules,
    Search,
    SearchState,
    Sex,
    Step,
    StepState,
    Undoable,
    VisitState,
)
from bot.domain.outcome import (
    Event,
    Notice,
    Outcome,
    SetTimer,
    StopTimer,
    TimerKind,
    nothing,
    to_party,
    to_person,
)
from bot.domain.owner import Who, owner
from bot.domain.people import CascadeStep, MissionId, OrganisationId, Party, Person, PersonId, Role
from bot.domain.region import SearchPolicy
from bot.domain.rosters import Askable, Roster, Rosters
from bot.domain.waves import Candidate, Eligible, Wave

#: Tuesday 6 October 2026, 09:23 in Paris.
START = datetime(2026, 10, 6, 7, 23, tzinfo=UTC)
LIMIT = START + timedelta(hours=6)
CLOSES = START + timedelta(hours=5)

RULES = Rules(
    answer=timedelta(minutes=30),
    warning=timedelta(minutes=20),
    prolongation=timedelta(minutes=30),
    reminders=(timedelta(minutes=3), timedelta(minutes=6)),
    visit_hour=timedelta(minutes=15),
    late_arrival=timedelta(minutes=10),
    visio_after_arrival=timedelta(minutes=15),
    visio_on_site=timedelta(minutes=10),
    pause=timedelta(minutes=10),
    closing_reminder=timedelta(hours=1),
    purge_after_visit=timedelta(hours=4),
    usual_idel=timedelta(minutes=10),
)


def nurse(number: int, *, on_telegram: bool = True) -> Person:
    return Person(PersonId(number), Role.IDEL, f"NURSE{number}", "", on_telegram=on_telegram)


NURSES = (nurse(1), nurse(2), nurse(3), nurse(4, on_telegram=False))
OPERATOR, REGULATEUR = PersonId(11), PersonId(12)
DOCTORS = tuple(Party.person(PersonId(n)) for n in (21, 22, 23, 24))
HOUSES = tuple(Party.organisation(OrganisationId(n)) for n in (31, 32))
PARTIES = (*DOCTORS, *HOUSES)
#: Who may hold the mission.
OPERATORS = tuple(Person(PersonId(n), Role.OSNP, f"OSNP{n}", "") for n in (11, 13))
STAFF = ("Léa M.", "Dr Roth", "IDEL", "Dr Adam")

STEPS = tuple(
    Step(step, timedelta(minutes=delay))
    for step, delay in zip(CascadeStep, (10, 15, 10, 10, 10), strict=True)
)

#: Which parties may stand at each step.
STANDING = {
    CascadeStep.MEDECIN_TRAITANT: DOCTORS[:1],
    CascadeStep.EFFECTEUR_SAS: DOCTORS[1:3],
    CascadeStep.GARDE: DOCTORS[3:],
    CascadeStep.SOS_MEDECIN: HOUSES[:1],
    CascadeStep.SELAS: HOUSES[1:],
}

#: By Telegram; by telephone; by a text message; on duty from the afternoon on.
CHANNELS: tuple[dict[str, Any], ...] = (
    {},
    {"by_phone": True},
    {"by_phone": True, "text_to": "+33639980021"},
    {"begins": START + timedelta(hours=3), "ends": START + timedelta(hours=5)},
)

nurses = st.sampled_from(NURSES)
parties = st.sampled_from(PARTIES)
askable = st.one_of(st.just(set(NURSES)), st.sets(nurses))
estimates = st.sampled_from((20, 40, 60, None))
minutes = st.integers(-20, 420)
rosters_of = st.fixed_dictionaries(
    {
        step: st.one_of(
            st.builds(
                lambda chosen, how: Roster(tuple(Askable(party, **how) for party in chosen)),
                st.lists(st.sampled_from(standing), unique=True, min_size=1),
                st.sampled_from(CHANNELS),
            ),
            st.just(Roster(skip="unknown")),
        )
        for step, standing in STANDING.items()
    }
)

NIGHT = NightOwner("Dr Roth", "+33639980004")

#: What a fact may be when it is a text: an hour, a key, a party, somebody of the staff, a link, a number.
FACT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.+]+|[a-z0-9_.,:]*|[po]\d+|https://visio\.example/\S+|\+\d{8,15}")

#: What must not ring any more once the mission is over.
OF_THE_OPEN = {
    TimerKind.USUAL_SILENT,
    TimerKind.SEARCH_WIDEN,
    TimerKind.SEARCH_WARNING,
    TimerKind.SEARCH_TIME_UP,
    TimerKind.ORIENTATION_REMINDER,
    TimerKind.VISIT_HOUR,
    TimerKind.LATE_ARRIVAL,
    TimerKind.LIMIT_NEAR,
    TimerKind.DOCTOR_SILENT,
    TimerKind.PAUSE_OVER,
    TimerKind.PHONE_REMINDER,
    TimerKind.NIGHT_OWNER,
}

#: These only ask a question beside the mission, or watch over it: they do not carry it on.
ASIDE = {TimerKind.NIGHT_OWNER, TimerKind.FORGET, TimerKind.UNTOUCHED}

#: Who is asked when whoever must act does not.
OTHERS = watch.Others((PersonId(13), PersonId(14)), (PersonId(15),), sms=True)

Essentials = tuple[object, object, object, object, object]


def essentials(mission: Mission) -> Essentials:
    """What a dispute would be about: nurse, her hour, doctor, the video's hour, the end."""
    return (
        mission.visit.idel,
        mission.visit.expected_at,
        mission.cascade.doctor.party if mission.cascade.doctor else None,
        mission.cascade.video_at,
        mission.end.reason if mission.end else None,
    )


#: What whoever has the mission no more is told.
GIVEN_BACK = ("visit.given_back", "control.taken_back")


class Replayed:
    """The mission as its journal tells it."""

    def __init__(self) -> None:
        self.idel: object = None
        self.expected: datetime | None = None
        self.doctor: object = None
        self.video: datetime | None = None
        self.end: object = None

    def hears(self, at: datetime, event: Event) -> None:
        """One line of the journal."""
        told = getattr(self, "on_" + event.kind.replace(".", "_"), None)
        if told is not None:
            told(at, event.facts)

    @property
    def essentials(self) -> Essentials:
        return self.idel, self.expected, self.doctor, self.video, self.end

    def on_search_accepted(self, at: datetime, facts: dict[str, object]) -> None:
        estimate = facts["estimate"]
        self.idel = facts["person"]
        self.expected = min(at + timedelta(minutes=estimate), LIMIT) if isinstance(estimate, int) else None

    def on_search_given_back(self, at: datetime, facts: dict[str, object]) -> None:
        self.idel = self.expected = None

    def on_visit_hour_set(self, at: datetime, facts: dict[str, object]) -> None:
        self.expected = datetime.fromisoformat(str(facts["hour"]))

    def on_visit_arrived(self, at: datetime, facts: dict[str, object]) -> None:
        if not facts.get("implied"):
            self.expected = self.expected or at

    def on_cascade_accepted(self, at: datetime, facts: dict[str, object]) -> None:
        self.doctor = Party.read(str(facts["party"]))
        self.video = datetime.fromisoformat(str(facts["hour"]))

    def on_cascade_withdrawn(self, at: datetime, facts: dict[str, object]) -> None:
        self.doctor = self.video = None

    def on_cascade_suspended(self, at: datetime, facts: dict[str, object]) -> None:
        self.video = None

    def on_cascade_hour_agreed(self, at: datetime, facts: dict[str, object]) -> None:
        self.video = datetime.fromisoformat(str(facts["hour"]))

    def on_visio_moved(self, at: datetime, facts: dict[str, object]) -> None:
        self.video = datetime.fromisoformat(str(facts["hour"]))

    def on_control_unassigned(self, at: datetime, facts: dict[str, object]) -> None:
        self.idel = self.expected = None

    def on_cascade_unaccepted(self, at: datetime, facts: dict[str, object]) -> None:
        self.doctor = self.video = None

    def on_cascade_reopened(self, at: datetime, facts: dict[str, object]) -> None:
        self.video = self.video if facts.get("hour_kept") else None

    def on_mission_reopened(self, at: datetime, facts: dict[str, object]) -> None:
        self.end = None
        if not facts["nurse_kept"]:
            self.idel = self.expected = None

    def on_mission_ended(self, at: datetime, facts: dict[str, object]) -> None:
        self.end = EndReason(str(facts["reason"]))


class World(RuleBasedStateMachine):
    """One mission, everybody who may touch it, and a clock."""

    mission: Mission

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.offers: dict[PersonId, IdelOffer] = {}
        self.timers: dict[tuple[str, str], SetTimer] = {}
        self.rang: list[SetTimer] = []
        self.engaged: set[PersonId] = set()
        self.winners: set[tuple[str, int]] = set()
        self.replayed = Replayed()
        self.rosters: Rosters = {}

    # How a decision is written down

    def apply(self, outcome: Outcome, actor: Party | None = None, *, in_group: bool = False) -> None:
        """As `flows.record`."""
        outcome = by_phone.instead(outcome, self.mission.visit)
        if in_group and undo.may_be_undone(outcome):
            outcome = undo.remember(outcome, self.mission, OPERATOR, self.now)
        outcome = watch.settle(outcome, actor, self.now, in_group=in_group)
        before, self.mission = self.mission, outcome.mission
        if outcome.won is not None:
            machine, epoch, _ = outcome.won
            assert (machine, epoch) not in self.winners, f"a second winner of {machine} {epoch}"
            self.winners.add((machine, epoch))
        if outcome.released is not None:
            self.engaged.discard(outcome.released)
        if outcome.engaged is not None:
            self.engaged.add(outcome.engaged)
        self.offers |= {offer.person: offer for offer in outcome.offers}
        for change in outcome.timers:
            if isinstance(change, StopTimer):
                gone = [
                    k
                    for k in self.timers
                    if k[0] == change.kind and (change.key is None or k[1] == change.key)
                ]
                for key in gone:
                    del self.timers[key]
            else:
                self.timers[change.kind, change.key] = change
        for event in outcome.events:
            self.replayed.hears(self.now, event)
        self.check_notices(before, outcome)
        self.check_hours(before, outcome)

    def follow(self, before: Mission, outcome: Outcome) -> Outcome:
        """As `flows.cascade.follow`: what the cascade does because the nurse's hour came, moved or went."""
        mission = outcome.mission
        if not outcome.events or mission.state is not MissionState.OPEN:
            return outcome
        if mission.visit.idel is None:
            return outcome.then(cascade.suspend(mission)) if before.visit.idel is not None else outcome
        if mission.visit.expected_at is None:
            return outcome
        if mission.cascade.state is CascadeState.WAITING:
            return outcome.then(cascade.start(mission, STEPS, self.rosters, self.now))
        if mission.cascade.suspended:
            return outcome.then(cascade.take_up(mission, self.rosters, self.now))
        if (mission.visit.expected_at, mission.visit.state) != (before.visit.expected_at, before.visit.state):
            return outcome.then(cascade.moved(mission, self.now))
        return outcome

    def tap(self, decide: Callable[[], Outcome]) -> None:
        """Somebody taps, and the same tap comes a second time."""
        self.apply(self.follow(self.mission, decide()), Party.person(OPERATOR), in_group=True)
        again = self.follow(self.mission, decide())
        assert not again.events, f"the same tap twice: {again.events}"
        assert again.mission == self.mission
        assert not again.timers
        assert not again.offers
        assert again.won is None
        assert all(notice.only_if_there for notice in again.notices), again.notices

    # What holds of every decision

    def check_notices(self, before: Mission, outcome: Outcome) -> None:
        mission = outcome.mission
        for notice in outcome.notices:
            self.check_facts(notice)
            if notice.only_if_there:
                continue
            for gone in mission.search.excluded:
                assert notice.to != to_person(gone) or notice.kind in GIVEN_BACK, notice
            if notice.kind == "cascade.offer":
                self.check_doctor_offer(mission, notice)
        doctor = before.cascade.doctor
        ended = before.state is MissionState.OPEN and mission.state is not MissionState.OPEN
        if ended and doctor is not None and not doctor.by_phone:
            assert any(n.to == to_party(doctor.party) and not n.only_if_there for n in outcome.notices), (
                "the doctor who had it was not told"
            )

    def check_facts(self, notice: Notice) -> None:
        for value in notice.facts.values():
            if isinstance(value, str):
                assert value in STAFF or FACT.fullmatch(value), f"{notice.kind} carries {value!r}"

    def check_doctor_offer(self, mission: Mission, notice: Notice) -> None:
        found = cascade.find(mission, Party.read(str(notice.facts["party"])))
        assert found is not None
        assert found[1].state is not DoctorOfferState.WITHDREW, "asked again after withdrawing"
        assert mission.state is MissionState.OPEN
        assert mission.visit.expected_at is not None, "a doctor asked without an arrival hour"
        assert not mission.cascade.suspended, "a doctor asked while there is no nurse"

    def check_hours(self, before: Mission, outcome: Outcome) -> None:
        mission = outcome.mission
        latest = max(mission.limit, video_hour.earliest(mission, self.now))
        proposal, video = mission.cascade.proposal, mission.cascade.video_at
        if proposal is not None and proposal != before.cascade.proposal:
            assert self.now - video_hour.GRAIN <= proposal.hour <= latest, "an hour that cannot be"
        if video is None or video == before.cascade.video_at:
            return
        assert video >= self.now - video_hour.GRAIN, "a video in the past"
        kinds = {event.kind for event in outcome.events}
        if "visio.moved" in kinds:
            assert video <= mission.limit + visio.GRACE
        elif "cascade.hour_agreed" not in kinds:  # that one was looked at when it was proposed
            assert video <= latest, "a video past the limit"

    # Who is asked when, as `flows.search`

    def wave(self, number: int | None = None, *, anew: bool = False) -> Wave:
        """The first wave, or the next one."""
        current = self.mission.search
        asked = {o.person for o in self.offers.values() if o.epoch == current.epoch and not anew}
        gone = {*asked, *self.engaged, *current.excluded}
        free = [c for c in self.candidates if c.person.id not in gone]
        by = waves.middle(
            self.now, search_again.answer_again_by(self.mission, self.now) if anew else current.answer_by
        )
        if number is None:
            number = current.wave + 1
            by = current.everybody_by if current.next_wave_at and current.everybody_by else self.now
        return waves.plan(
            self.policy, Eligible(tuple(free)), self.now, number=number, most=1, everybody_by=by
        )

    def next_wave(self, epoch: int) -> Outcome:
        if not search.next_is_due(self.mission, epoch, self.now):
            return nothing(self.mission, "search.stale")
        return search.ask_more(self.mission, self.wave(), "time", self.now)

    # Everything begins

    @initialize(
        usual=st.booleans(),
        rosters=rosters_of,
        asked=st.one_of(st.just(set(NURSES)), st.sets(nurses)),
        radii=st.sampled_from(((), (0.5, 2.0), (2.0, 3.0, 4.0))),
    )
    def is_triggered(
        self, usual: bool, rosters: Rosters, asked: set[Person], radii: tuple[float, ...]
    ) -> None:
        self.rosters = rosters
        self.mission = Mission(
            id=MissionId(1),
            number=412,
            year=2026,
            state=MissionState.OPEN,
            operator=OPERATOR,
            requested_by="SAMURL68, médecin généraliste",
            triggered_at=START,
            limit=LIMIT,
            closes_at=CLOSES,
            age=94,
            sex=Sex.FEMALE,
            commune="68224",
            motif="chute",
            rules=RULES,
            search=Search(SearchState.OFFERED, 1, START, START + RULES.answer),
            regulateur=REGULATEUR,
        )
        self.candidates = [Candidate(person, 1.0) for person in sorted(asked, key=lambda p: p.id)]
        self.policy = SearchPolicy(radii_km=radii, smallest=1)
        if usual and self.candidates and self.candidates[0].person.on_telegram:
            self.apply(search.start_with_usual(self.mission, self.candidates[0], self.now))
        else:
            self.apply(search.start(self.mission, self.wave(1), self.now))

    # Nurses

    @rule(
        person=nurses,
        estimate=st.sampled_from((20, 40, 60, None)),
        slow=st.booleans(),
        elsewhere=st.booleans(),
    )
    def nurse_accepts(self, person: Person, estimate: int | None, slow: bool, elsewhere: bool) -> None:
        epoch = self.mission.search.epoch - slow
        other = 411 if elsewhere and person.id not in self.engaged else None

        def decide() -> Outcome:
            offer = self.offers.get(person.id)
            if offer is not None and offer.epoch != epoch and self.mission.search.taken_by != person.id:
                offer = None
            return search_answers.accept(
                self.mission, offer, person, elsewhere=other, estimate=estimate, now=self.now
            )

        self.tap(decide)

    def an_asked_nurse(self) -> Person | None:
        """One who may accept now."""
        epoch = self.mission.search.epoch
        asked = [o for o in self.offers.values() if o.state is IdelOfferState.ASKED and o.epoch == epoch]
        return next((nurse for nurse in NURSES for o in asked if o.person == nurse.id), None)

    @precondition(lambda self: self.mission.visit.idel is None and self.an_asked_nurse() is not None)
    @rule(estimate=estimates)
    def an_asked_nurse_accepts(self, estimate: int | None) -> None:
        person = self.an_asked_nurse()
        assert person is not None
        self.nurse_accepts(person, estimate, slow=False, elsewhere=False)

    @precondition(lambda self: self.mission.visit.idel is not None)
    @rule()
    def nurse_who_has_it_gives_back(self) -> None:
        self.nurse_gives_back(next(nurse for nurse in NURSES if nurse.id == self.mission.visit.idel))

    @rule(person=nurses)
    def nurse_refuses(self, person: Person) -> None:
        def decide() -> Outcome:
            outcome = search_answers.refuse(self.mission, self.offers.get(person.id), person, self.now)
            if outcome.events and self.mission.search.state is SearchState.USUAL:
                return outcome.then(search.widen(outcome.mission, self.wave(1), "refused", self.now))
            if outcome.events and search.is_stuck(outcome.mission):
                return outcome.then(search.ask_more(outcome.mission, self.wave(), "refused", self.now))
            return outcome

        self.tap(decide)

    @precondition(lambda self: self.mission.search.refused)
    @rule(person=nurses, reason=st.sampled_from(("far", "busy")))
    def nurse_says_why(self, person: Person, reason: str) -> None:
        self.tap(lambda: search_answers.give_reason(self.mission, self.offers.get(person.id), reason))

    @precondition(lambda self: self.mission.search.refused)
    @rule(person=nurses)
    def nurse_can_after_all(self, person: Person) -> None:
        self.tap(
            lambda: search_answers.reconsider(self.mission, self.offers.get(person.id), person, self.now)
        )

    @rule(person=nurses)
    def nurse_gives_back(self, person: Person) -> None:
        offer = self.offers.get(person.id)
        wave = self.wave(1, anew=True)
        self.tap(lambda: search_again.give_back(self.mission, person, offer, wave, "vehicle", self.now))

    @precondition(lambda self: self.mission.visit.idel is not None)
    @rule(word=st.sampled_from((visit.set_out, visit.arrive)))
    def nurse_is_under_way(self, word: Callable[[Mission, datetime], Outcome]) -> None:
        self.tap(lambda: word(self.mission, self.now))

    @precondition(lambda self: self.mission.visit.state is VisitState.ON_SITE)
    @rule()
    def nurse_finishes(self) -> None:
        def decide() -> Outcome:
            outcome = visit.finish(self.mission, self.now)
            return outcome.then(ending.done(outcome.mission, "IDEL", self.now)) if outcome.events else outcome

        self.tap(decide)

    @rule(after=minutes)
    def hour_is_set(self, after: int) -> None:
        hour = (self.now + timedelta(minutes=after)).replace(second=0, microsecond=0)
        self.tap(lambda: visit.set_hour(self.mission, hour, "IDEL", self.now))

    @rule()
    def hour_is_left_to_osnp(self) -> None:
        self.tap(lambda: visit.leave_hour_to_osnp(self.mission))

    # Doctors and houses

    @rule(party=parties, after=minutes, by_phone=st.booleans())
    def doctor_accepts(self, party: Party, after: int, by_phone: bool) -> None:
        hour = self.now + timedelta(minutes=after)
        self.tap(
            lambda: cascade_answers.accept(
                self.mission, party, hour, self.now, recorded_by="Léa M." if by_phone else None
            )
        )

    @precondition(lambda self: bool(cascade.asked_parties(self.mission)))
    @rule(data=st.data())
    def an_asked_doctor_accepts(self, data: st.DataObject) -> None:
        party = data.draw(st.sampled_from(cascade.asked_parties(self.mission)))
        hour = video_hour.earliest(self.mission, self.now)
        self.tap(lambda: cascade_answers.accept(self.mission, party, hour, self.now))

    @precondition(lambda self: bool(cascade.asked_parties(self.mission)))
    @rule(data=st.data())
    def an_asked_doctor_refuses(self, data: st.DataObject) -> None:
        self.doctor_refuses(data.draw(st.sampled_from(cascade.asked_parties(self.mission))))

    @precondition(lambda self: self.mission.cascade.doctor is not None)
    @rule()
    def doctor_who_has_it_withdraws(self) -> None:
        doctor = self.mission.cascade.doctor
        assert doctor is not None
        self.doctor_withdraws(doctor.party)

    @rule(party=parties)
    def doctor_refuses(self, party: Party) -> None:
        self.tap(lambda: cascade_answers.refuse(self.mission, party, self.rosters, self.now))

    @precondition(lambda self: bool(cascade.asked_parties(self.mission)))
    @rule(data=st.data(), line=st.integers(0, 2))
    def nobody_picks_up(self, data: st.DataObject, line: int) -> None:
        party = data.draw(st.sampled_from(cascade.asked_parties(self.mission)))
        self.tap(lambda: cascade_answers.unanswered(self.mission, party, line, 2, self.rosters, self.now))

    @rule(party=parties)
    def doctor_withdraws(self, party: Party) -> None:
        def decide() -> Outcome:
            outcome = cascade_answers.withdraw(self.mission, party, self.rosters, self.now)
            return outcome.then(visio.end(outcome.mission)) if outcome.events else outcome

        self.tap(decide)

    @precondition(lambda self: self.mission.cascade.doctor is not None)
    @rule(after=minutes)
    def doctor_proposes(self, after: int) -> None:
        doctor = self.mission.cascade.doctor
        assert doctor is not None
        hour = self.now + timedelta(minutes=after)
        self.tap(lambda: video_hour.propose(self.mission, doctor.party, hour, self.now))

    @precondition(lambda self: self.mission.cascade.proposal is not None)
    @rule(from_doctor=st.booleans(), yes=st.booleans())
    def other_side_answers(self, from_doctor: bool, yes: bool) -> None:
        proposal, doctor = self.mission.cascade.proposal, self.mission.cascade.doctor
        assert proposal is not None
        idel = Party.person(self.mission.visit.idel or PersonId(0))
        side = doctor.party if from_doctor and doctor else idel
        if yes:
            self.tap(lambda: video_hour.agree(self.mission, side, proposal.hour, self.now))
        else:
            self.tap(lambda: video_hour.decline_hour(self.mission, side))

    @rule(party=parties)
    def house_names_its_doctor(self, party: Party) -> None:
        self.tap(lambda: cascade_answers.name_doctor(self.mission, party, "Dr Adam", "+33639980022"))

    # The video

    def links(self) -> visio.Links:
        urls = {party: f"https://visio.example/{party}" for party in visio.participants(self.mission)}
        return visio.Links("room", urls, sms_to="+33639980022")

    @precondition(lambda self: self.mission.cascade.doctor is not None)
    @rule()
    def video_is_made(self) -> None:
        self.tap(lambda: visio.create(self.mission, self.links(), self.now))

    @precondition(lambda self: self.mission.visio is not None)
    @rule(from_nurse=st.booleans(), later=st.booleans())
    def video_fails(self, from_nurse: bool, later: bool) -> None:
        sides = visio.participants(self.mission)
        if not sides:
            return
        side = sides[0 if from_nurse else -1]
        if later:
            self.tap(lambda: visio.later(self.mission, side, self.links(), self.now))
        else:
            self.tap(lambda: visio.trouble(self.mission, side, self.now))

    # OSNP and the régulateur

    @precondition(lambda self: self.mission.search.state is not SearchState.OFFERED)
    @rule(orientation=st.sampled_from(Orientation))
    def regulateur_decides(self, orientation: Orientation) -> None:
        def decide() -> Outcome:
            outcome = search_unanswered.orient(
                self.mission, orientation, decided_by="Dr Roth", noted_by=None, text=None, now=self.now
            )
            if outcome.events and orientation is Orientation.PROLONG:
                again = outcome.then(search_unanswered.offer_again(outcome.mission, self.offers.values()))
                more = search.ask_more(again.mission, self.wave(), "prolonged", self.now)
                return again.then(more) if more.offers else again
            return ending.reoriented(outcome) if outcome.events else outcome

        self.tap(decide)

    @precondition(lambda self: self.mission.search.late)
    @rule(person=nurses, yes=st.booleans())
    def late_one_is_answered(self, person: Person, yes: bool) -> None:
        self.tap(
            lambda: search_answers.answer_late(
                self.mission,
                self.offers.get(person.id),
                person,
                yes=yes,
                elsewhere=None,
                decided_by="Dr Roth",
                now=self.now,
            )
        )

    @precondition(lambda self: self.mission.search.usual is not None)
    @rule()
    def usual_one_cannot(self) -> None:
        self.tap(lambda: search.widen(self.mission, self.wave(1), "osnp", self.now))

    @precondition(lambda self: self.mission.search.next_wave_at is not None)
    @rule()
    def osnp_do_not_wait_for_the_next_wave(self) -> None:
        wave = self.wave()
        self.tap(lambda: search.ask_more(self.mission, wave, "osnp", self.now))

    # What OSNP decide by hand

    @rule(person=nurses, estimate=estimates, elsewhere=st.booleans())
    def osnp_assign(self, person: Person, estimate: int | None, elsewhere: bool) -> None:
        other = 411 if elsewhere and person.id not in self.engaged else None
        candidate = Candidate(person, 1.0)
        self.tap(
            lambda: control.assign(
                self.mission,
                self.offers.get(person.id),
                candidate,
                elsewhere=other,
                estimate=estimate,
                by="Léa M.",
                now=self.now,
            )
        )

    @rule(person=nurses, silent=st.booleans())
    def osnp_note_an_answer(self, person: Person, silent: bool) -> None:
        def decide() -> Outcome:
            offer, candidate = self.offers.get(person.id), Candidate(person, 1.0)
            if silent:
                return control.note_silence(self.mission, offer, candidate, "Léa M.", self.now)
            before = self.mission.search
            outcome = control.note_refusal(self.mission, offer, candidate, "Léa M.", self.now)
            if outcome.events and before.state is SearchState.USUAL and before.usual == person.id:
                return outcome.then(search.widen(outcome.mission, self.wave(1), "refused", self.now))
            if outcome.events and search.is_stuck(outcome.mission):
                return outcome.then(search.ask_more(outcome.mission, self.wave(), "refused", self.now))
            return outcome

        self.tap(decide)

    @precondition(lambda self: self.mission.visit.idel is not None)
    @rule(mistake=st.booleans())
    def osnp_search_again(self, mistake: bool) -> None:
        nurse = next(nurse for nurse in NURSES if nurse.id == self.mission.visit.idel)
        wave = self.wave(1, anew=True)

        def decide() -> Outcome:
            offer = self.offers.get(nurse.id)
            back = search_again.give_back(self.mission, nurse, offer, wave, "unreachable", self.now)
            taken_back = control.unassigned(back, nurse.id, "Léa M.")
            return taken_back if mistake else control.relaunched(back, "Léa M.")

        self.tap(decide)

    @rule(party=parties, after=minutes, by_phone=st.booleans())
    def osnp_assign_a_doctor(self, party: Party, after: int, by_phone: bool) -> None:
        hour = self.now + timedelta(minutes=after)
        self.tap(
            lambda: control.assign_doctor(
                self.mission,
                party,
                CascadeStep.EFFECTEUR_SAS,
                by_phone=by_phone,
                hour=hour,
                by="Léa M.",
                now=self.now,
            )
        )

    @rule(until=st.integers(1, 30))
    def osnp_put_it_off(self, until: int) -> None:
        at = self.now + timedelta(minutes=until)
        outcome = watch.postpone(self.mission, OPERATOR, at, self.now)
        self.apply(outcome, Party.person(OPERATOR), in_group=True)

    @rule(to=st.sampled_from(OPERATORS), by=st.sampled_from(OPERATORS))
    def an_operator_holds_it(self, to: Person, by: Person) -> None:
        self.tap(lambda: control.hand_over(self.mission, self.mission.operator, to, by, self.now))

    @rule()
    def osnp_write_a_note(self) -> None:
        number = self.mission.notes + 1
        self.apply(control.note(self.mission, "Léa M.", number), Party.person(OPERATOR), in_group=True)

    def reopened(self, *, busy: bool) -> Outcome:
        nurse = next((nurse for nurse in NURSES if nurse.id == self.mission.visit.idel), None)
        outcome = reopening.reopen(
            self.mission,
            self.wave(1, anew=True),
            nurse,
            self.offers.get(nurse.id) if nurse is not None else None,
            elsewhere=411 if busy and nurse is not None else None,
            by="Léa M.",
            now=self.now,
        )
        if outcome.events:
            outcome = outcome.then(cascade_control.reopen(outcome.mission, self.rosters, self.now))
        return outcome

    @precondition(lambda self: self.mission.state is not MissionState.OPEN)
    @rule(busy=st.booleans())
    def osnp_reopen(self, busy: bool) -> None:
        def decide() -> Outcome:
            outcome = self.reopened(busy=busy)
            return self.follow(outcome.mission, outcome)

        self.tap(decide)

    @precondition(lambda self: bool(undo.all_that_may(self.mission, self.now)))
    @rule(back=st.integers(0, 3))
    def osnp_take_back_one_of_their_last_decisions(self, back: int) -> None:
        standing = undo.all_that_may(self.mission, self.now)
        stamp = undo.stamp_of(standing[-1 - back % len(standing)])

        def decide() -> Outcome:
            wanted = undo.find(self.mission, stamp, self.now)
            if wanted is None:
                return nothing(self.mission, "control.nothing_to_undo")
            if wanted.kind is Decision.ENDED:
                outcome = self.reopened(busy=False)
                return undo.undone_by(self.follow(outcome.mission, outcome), wanted, "Léa M.")
            if wanted.kind is Decision.ASSIGNED:
                return self.unassigned(wanted)
            offer = self.offers.get(wanted.person) if wanted.person is not None else None
            given = undo.Undoing(
                "Léa M.", self.rosters, offer, operator=OPERATORS[0], former=OPERATORS[1], readers=(OPERATOR,)
            )
            return undo.undo(self.mission, wanted, given, self.now)

        self.tap(decide)

    def unassigned(self, wanted: Undoable) -> Outcome:
        if wanted.person is None or not undo.is_still_hers(self.mission, wanted):
            return undo.moved_since(self.mission)
        nurse = next(nurse for nurse in NURSES if nurse.id == wanted.person)
        wave = self.wave(1, anew=True)
        offer = self.offers.get(nurse.id)
        back = search_again.give_back(self.mission, nurse, offer, wave, control.BY_MISTAKE, self.now)
        return undo.undone_by(control.unassigned(back, nurse.id, "Léa M."), wanted, "Léa M.")

    @rule()
    def patient_is_told(self) -> None:
        self.tap(lambda: visit.patient_told(self.mission, "Léa M.", self.now))

    @rule(late=st.booleans())
    def step_is_skipped(self, late: bool) -> None:
        epoch = self.mission.cascade.epoch - late
        self.tap(lambda: cascade_control.skip(self.mission, self.rosters, self.now, epoch))

    @rule(late=st.booleans())
    def step_before_is_asked(self, late: bool) -> None:
        epoch = self.mission.cascade.epoch - late
        self.tap(lambda: cascade_control.go_back(self.mission, self.rosters, self.now, epoch))

    @rule(late=st.booleans())
    def cascade_starts_anew(self, late: bool) -> None:
        epoch = self.mission.cascade.epoch - late
        self.tap(lambda: cascade_control.restart(self.mission, self.rosters, self.now, epoch))

    @rule()
    def cascade_is_paused(self) -> None:
        self.tap(lambda: cascade_control.pause(self.mission, self.now))

    @rule()
    def cascade_is_resumed(self) -> None:
        self.tap(lambda: cascade_control.resume(self.mission, self.now))

    @precondition(
        lambda self: self.mission.state is MissionState.OPEN and self.now > START + timedelta(hours=1)
    )
    @rule(reason=st.sampled_from([r for r in EndReason if r not in (EndReason.DONE, EndReason.REORIENTED)]))
    def mission_is_ended(self, reason: EndReason) -> None:
        self.tap(lambda: ending.end(self.mission, reason, "Léa M.", None, self.now))

    @precondition(lambda self: self.now > START + timedelta(hours=2))
    @rule()
    def patient_worsens(self) -> None:
        self.tap(lambda: worsening.worsen(self.mission, "Léa M.", by_idel=False, now=self.now))

    @precondition(lambda self: self.mission.night_owner_asked)
    @rule()
    def night_has_its_owner(self) -> None:
        self.tap(lambda: night.name_owner(self.mission, NightOwner("Dr Roth", "+33639980004"), "Léa M."))

    # Time

    @rule(passed=st.sampled_from((1, 5, 12, 31, 90)))
    def time_passes(self, passed: int) -> None:
        end = self.now + timedelta(minutes=passed)
        while (timer := self.next_timer()) is not None and timer.due <= end:
            self.now = max(timer.due, self.now)
            self.ring(timer)
        self.now = end

    @rule(passed=st.sampled_from((2, 11, 40)))
    def bot_was_down(self, passed: int) -> None:
        self.now += timedelta(minutes=passed)
        while (timer := self.next_timer()) is not None and timer.due <= self.now:
            self.ring(timer)

    @precondition(lambda self: self.next_timer() is not None)
    @rule()
    def next_one_rings(self) -> None:
        timer = self.next_timer()
        assert timer is not None
        self.now = max(timer.due, self.now)
        self.ring(timer)

    @precondition(lambda self: self.rang)
    @rule(data=st.data())
    def old_one_rings_again(self, data: st.DataObject) -> None:
        timer = data.draw(st.sampled_from(self.rang))
        if timer.epoch and timer.epoch < self.epoch_of(timer):
            again = self.decision_of(timer)
            assert not again.events, f"{timer.kind} of an earlier epoch: {again.events}"
            assert not again.notices
            assert again.mission == self.mission

    def epoch_of(self, timer: SetTimer) -> int:
        if timer.kind == TimerKind.UNTOUCHED:
            asked = watch.request(self.mission, timer.key)
            return asked.epoch if asked is not None else self.mission.requested + 1
        is_search = timer.kind.startswith("search.")
        return self.mission.search.epoch if is_search else self.mission.cascade.epoch

    def next_timer(self) -> SetTimer | None:
        return min(self.timers.values(), key=lambda t: t.due, default=None)

    def ring(self, timer: SetTimer) -> None:
        del self.timers[timer.kind, timer.key]
        self.rang.append(timer)
        self.apply(self.decision_of(timer))

    def decision_of(self, timer: SetTimer) -> Outcome:
        mission, now = self.mission, self.now
        return {
            TimerKind.USUAL_SILENT: lambda: search.widen(mission, self.wave(1), "silent", now),
            TimerKind.SEARCH_WIDEN: lambda: self.next_wave(timer.epoch),
            TimerKind.SEARCH_WARNING: lambda: search_unanswered.warn(mission, timer.epoch),
            TimerKind.SEARCH_TIME_UP: lambda: search_unanswered.time_is_up(mission, timer.epoch, now),
            TimerKind.ORIENTATION_REMINDER: lambda: search_unanswered.remind_orientation(
                mission, timer.epoch, now
            ),
            TimerKind.VISIT_HOUR: lambda: visit.ask_osnp_for_hour(mission),
            TimerKind.LATE_ARRIVAL: lambda: visit.chase_arrival(mission, now),
            TimerKind.LIMIT_NEAR: lambda: visit.chase_arrival(mission, now),
            TimerKind.DOCTOR_SILENT: lambda: cascade.silent(mission, timer.epoch, self.rosters, now),
            TimerKind.PAUSE_OVER: lambda: cascade_control.resume(mission, now, timer.epoch),
            TimerKind.PHONE_REMINDER: lambda: cascade.remind_call(mission, timer.epoch, now),
            TimerKind.CLOSING_REMINDER: lambda: closing.remind(mission, timer.key, now),
            TimerKind.NIGHT_OWNER: lambda: night.owner_due(mission, timer.key, now),
            TimerKind.UNTOUCHED: lambda: watch.ring(mission, timer.key, timer.epoch, OTHERS, now),
        }[TimerKind(timer.kind)]()

    # What always holds

    @invariant()
    def one_nurse_at_most(self) -> None:
        mission = self.mission
        holders = {o.person for o in self.offers.values() if o.state is IdelOfferState.ACCEPTED}
        assert holders == ({mission.visit.idel} if mission.visit.idel else set())
        if mission.state is MissionState.OPEN:
            assert (mission.search.state is SearchState.TAKEN) == (mission.visit.idel is not None)
            assert self.engaged == holders
            assert mission.search.taken_by == mission.visit.idel
        else:
            assert not self.engaged

    @invariant()
    def one_doctor_at_most(self) -> None:
        chosen = self.mission.cascade.doctor
        accepted = [
            offer.party
            for step in self.mission.cascade.steps
            for offer in step.offers
            if offer.state is DoctorOfferState.ACCEPTED
        ]
        assert accepted == ([chosen.party] if chosen else [])
        if self.mission.state is MissionState.OPEN:
            assert (self.mission.cascade.state is CascadeState.FOUND) == (chosen is not None)

    @invariant()
    def somebody_or_something_carries_an_open_mission_on(self) -> None:
        mission, acts = self.mission, owner(self.mission, self.now)
        kinds = {timer.kind for timer in self.timers.values()} - ASIDE
        if mission.state is MissionState.CLOSED:
            assert acts.who in (Who.NOBODY, Who.OPERATOR)
            return
        assert acts.who is not Who.NOBODY
        assert acts.is_named or kinds, f"nobody must act and nothing will ring: {acts}"
        if acts.who is Who.IDELS:
            assert TimerKind.SEARCH_TIME_UP in kinds
        if acts.who is Who.DOCTORS:
            assert TimerKind.DOCTOR_SILENT in kinds

    @invariant()
    def whoever_must_act_is_watched_over(self) -> None:
        mission = self.mission
        asked = {request.key: request for request in mission.requests}
        rings = {timer.key: timer for timer in self.timers.values() if timer.kind == TimerKind.UNTOUCHED}
        assert set(asked) == set(rings), "a request without its timer"
        assert all(rings[key].epoch == request.epoch for key, request in asked.items())
        assert all(timer.due >= self.now for timer in rings.values())
        if mission.state is not MissionState.CLOSED:
            assert asked, "nobody is asked for anything"
        assert bool(mission.patient_calls) == (watch.CALL in asked)

    @rule(key=st.sampled_from((watch.OWNER, watch.CALL)), person=st.sampled_from((11, 13)))
    def somebody_sees_to_it(self, key: str, person: int) -> None:
        asked = watch.request(self.mission, key)
        epoch = asked.epoch if asked is not None else 0
        self.tap(lambda: watch.take(self.mission, key, epoch, PersonId(person), self.now))

    @invariant()
    def arrival_is_never_announced_past_the_limit(self) -> None:
        seen = self.mission.visit
        assert seen.expected_at is None or seen.expected_at <= LIMIT or seen.expected_at == seen.arrived_at

    @invariant()
    def nothing_rings_for_a_mission_that_is_over(self) -> None:
        if self.mission.state is not MissionState.OPEN:
            assert not {timer.kind for timer in self.timers.values()} & OF_THE_OPEN
            assert self.mission.cascade.state in (CascadeState.FOUND, CascadeState.ENDED)

    @invariant()
    def step_that_is_asked_has_somebody_to_answer(self) -> None:
        mission = self.mission
        step = mission.cascade.step
        if mission.state is MissionState.OPEN and step is not None and step.state is StepState.ASKED:
            assert step.open_offers or mission.cascade.suspended, "a step waits for nobody"

    @invariant()
    def nobody_is_on_site_without_having_come(self) -> None:
        seen = self.mission.visit
        assert (seen.state is VisitState.NONE) == (seen.idel is None)
        assert seen.state is not VisitState.ON_SITE or seen.arrived_at is not None

    @invariant()
    def journal_tells_the_same(self) -> None:
        assert self.replayed.essentials == essentials(self.mission)


World.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
test_any_taps_and_rings_in_any_order = World.TestCase
