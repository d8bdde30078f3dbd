"""What OSNP decide by hand on a mission: each is one transaction, and says in the group who decided it.

Also the pages of the group's menu, and which mission a command means.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain import by_phone, cascade_answers, control, search_again, undo, visio, watch
from bot.domain.mission import (
    EndReason,
    LiaisonNote,
    Mission,
    MissionState,
    SearchState,
)
from bot.domain.outcome import (
    Answer,
    Fact,
    Notice,
    Outcome,
    Place,
    PlaceKind,
    Priority,
    to_group,
    to_person,
)
from bot.domain.people import (
    CascadeStep,
    MissionId,
    OrganisationId,
    Party,
    PartyKind,
    Person,
    PersonId,
    Role,
)
from bot.domain.places import distance_between
from bot.domain.waves import Candidate, Wave
from bot.flows import cascade as cascade_flow
from bot.flows import closing as closing_flow
from bot.flows import search as search_flow
from bot.flows import thread as thread_flow
from bot.flows import visit as visit_flow
from bot.flows.record import actor_of, record
from bot.flows.written import ORIGINAL, Written
from bot.ports import AlreadyEngaged, AlreadyWon, Draft, Given, SentMessage, Transaction

GONE = Answer("search.gone")

#: Who may hold a mission.
HOLDERS = (Role.OSNP, Role.COORDINATEUR)


#: The kinds of drafts that wait for an operator's words, before their colon.
REASON, NOTE = closing_flow.CANCEL, "note"

#: How long a note, or the words of a reason, may be.
NOTE_LENGTH, REASON_LENGTH = 500, closing_flow.REASON_LENGTH

_NUMBER = re.compile(r"(?:smt\s*)?(\d{1,5})(?:/(\d{4}))?", re.IGNORECASE)

# Which mission, and the pages of its menu


async def meant(given: Given, place: Place, number: str) -> MissionId | None:
    """The mission of a spoken number; without one that of the topic it was said in."""
    async with given.storage.transaction() as tx:
        if not number:
            return MissionId(place.id) if place.kind is PlaceKind.MISSION else None
        found = _NUMBER.fullmatch(number)
        if found is None:
            return None
        mission = await tx.missions.by_number(int(found[1]), int(found[2]) if found[2] else None)
        return mission.id if mission is not None else None


async def number_of(given: Given, mission_id: MissionId) -> int | None:
    """How that mission is called on the phone."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        return mission.number if mission is not None else None


async def show(
    given: Given, by: Person, mission_id: MissionId, place: Place, page: str, *, fresh: bool = False
) -> Answer:
    """A page of the menu: on the same message, or at the bottom of the topic as a new one."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        now = given.now()
        if fresh:
            await visit_flow.clear_menu(tx, place, mission_id, now)
        await tx.outbox.owe([replace(_page(mission, place, page, now), fresh=fresh)], now)
        return Answer("mission.menu_shown")


def _page(mission: Mission, place: Place, page: str, now: datetime) -> Notice:
    """That page, or the one the present leads back to."""
    name, _, arg = control.page_now(mission, page).partition(".")
    facts: dict[str, Fact] = {"page": name, "arg": arg} if name else {}
    if name in ("nurse", "transfer") and arg.isdigit():
        facts["person"] = int(arg)
    if name == "undo" and (standing := undo.all_that_may(mission, now)):
        facts["person"] = standing[-1].person
    kind = "control.page" if name else "mission.menu"
    return Notice(kind, place, mission.id, facts=facts, priority=Priority.REPLY, card="menu")


async def redraw(given: Given, mission_id: MissionId, place: Place, page: str, message: int) -> None:
    """The page a button was tapped on, where it still stands, after what the tap has changed."""
    async with given.storage.transaction() as tx:
        mission, menu = await tx.missions.get(mission_id), await tx.sent.card(place, mission_id, "menu")
        if mission is None or menu is None or menu.message_id != message:
            return
        notice = replace(_page(mission, place, page, given.now()), only_if_there=True)
        await tx.outbox.owe([notice], given.now())


#: The page of each decision: whoever taps on one of the past sees the present there.
PAGE_OF = {
    "assigned": "idel",
    "noted": "idel",
    "relaunched": "idel",
    "doctor_assigned": "doctor",
    "doctor_gone": "doctor",
    "handed_over": "follow",
    "postponed": "follow",
    "reopened": "",
    "undone": "undo",
}


async def show_decided(given: Given, by: Person, mission_id: MissionId, here: Place, since: datetime) -> None:
    """What that person has decided since, with the patient as the group may see them, and «Défaire»."""
    async with given.storage.transaction() as tx:
        mission, now = await tx.missions.get(mission_id), given.now()
        last = next(reversed(undo.all_that_may(mission, now)), None) if mission is not None else None
        if last is None or last.by != by.id or last.at < since:
            return
        await visit_flow.clear_menu(tx, here, mission_id, now)
        facts: dict[str, Fact] = {"page": "decided", "arg": last.kind.value, "stamp": undo.stamp_of(last)}
        notice = Notice(
            "control.page", here, mission_id, facts=facts, priority=Priority.REPLY, card="menu", fresh=True
        )
        await tx.outbox.owe([notice], now)


def done(outcome: Outcome, place: Place, what: str, by: Person, now: datetime) -> Outcome:
    """The menu says in one line what was decided, and offers nothing any more; or why nothing could be."""
    if not outcome.events:
        fresh = replace(_page(outcome.mission, place, PAGE_OF[what], now), only_if_there=True)
        return replace(outcome, notices=(*outcome.notices, fresh))
    facts: dict[str, Fact] = {"page": "done", "arg": what, "by": by.short_name, "at": now.isoformat()}
    notice = Notice(
        "control.page",
        place,
        outcome.mission.id,
        facts=facts,
        priority=Priority.REPLY,
        card="menu",
        only_if_there=True,
    )
    return replace(outcome, notices=(*outcome.notices, notice))


async def _decided(
    given: Given,
    by: Person,
    mission_id: MissionId,
    place: Place,
    what: str,
    decide: Callable[[Mission], Outcome],
) -> Answer:
    """A decision about the mission alone."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        return await record(given, tx, done(decide(mission), place, what, by, given.now()), actor_of(by))


# The nurse


async def assign(
    given: Given, by: Person, mission_id: MissionId, place: Place, nurse: PersonId, estimate: int | None
) -> Answer:
    """«Accepte · 20 min», on the phone: hers as if she had tapped ACCEPTER."""
    try:
        async with given.storage.transaction() as tx:
            mission = await tx.missions.lock(mission_id)
            person = (await tx.people.lock([nurse])).get(nurse)
            if mission is None or person is None or person.role is not Role.IDEL:
                return GONE
            outcome = control.assign(
                mission,
                await tx.offers.get(mission_id, nurse),
                candidate(given, mission, person),
                elsewhere=await elsewhere(tx, nurse, mission_id),
                estimate=estimate,
                by=by.short_name,
                now=given.now(),
            )
            outcome = await cascade_flow.follow(given, tx, mission, outcome)
            outcome = done(outcome, place, "assigned", by, given.now())
            return await record(given, tx, outcome, actor_of(by))
    except (AlreadyWon, AlreadyEngaged):
        # Somebody tapped at the same moment: the card says who has it.
        number = await number_of(given, mission_id)
        return Answer("control.taken", {"number": number})


def candidate(given: Given, mission: Mission, person: Person) -> Candidate:
    """That nurse, and how far the mission is from her."""
    return Candidate(person, distance_between(given.region, person.commune, mission.commune))


async def elsewhere(tx: Transaction, person: PersonId, mission_id: MissionId) -> int | None:
    """The spoken number of another open mission that nurse holds."""
    held = (await tx.people.engaged([person])).get(person)
    other = await tx.missions.get(held) if held not in (None, mission_id) and held is not None else None
    return other.number if other is not None else None


async def note_answer(
    given: Given, by: Person, mission_id: MissionId, place: Place, nurse: PersonId, said: str
) -> Answer:
    """«Refuse», «Ne répond pas»: what a nurse said on the phone, or that she said nothing."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        person = (await tx.people.lock([nurse])).get(nurse)
        if mission is None or person is None or person.role is not Role.IDEL:
            return GONE
        offer, asked = await tx.offers.get(mission_id, nurse), candidate(given, mission, person)
        decide = control.note_refusal if said == "no" else control.note_silence
        outcome = decide(mission, offer, asked, by.short_name, given.now())
        if said == "no" and (mission.search.state is not SearchState.USUAL or mission.search.usual == nurse):
            outcome = await search_flow.after_refusal(given, tx, mission, outcome)
        outcome = done(outcome, place, "noted", by, given.now())
        return await record(given, tx, outcome, actor_of(by))


async def relaunch(given: Given, by: Person, mission_id: MissionId, place: Place, reason: str) -> Answer:
    """«Relancer la recherche»: OSNP take the mission back from its nurse and search again without her."""
    if reason not in control.RELAUNCH_REASONS:
        return GONE
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        outcome = await given_back(given, tx, mission, reason)
        if outcome is None:
            return Answer("control.nobody_has_it", {"number": mission.number})
        outcome = control.relaunched(outcome, by.short_name)
        outcome = by_phone.instead(await cascade_flow.follow(given, tx, mission, outcome), mission.visit)
        return await record(given, tx, done(outcome, place, "relaunched", by, given.now()), actor_of(by))


async def given_back(given: Given, tx: Transaction, mission: Mission, reason: str) -> Outcome | None:
    """What it does to a mission when its nurse gives it back; None when nobody has it."""
    nurse = mission.visit.idel
    person = (await tx.people.lock([nurse])).get(nurse) if nurse is not None else None
    if person is None:
        return None
    offer = await tx.offers.get(mission.id, person.id)
    wave = await wave_again(given, tx, mission, without=person.id)
    return search_again.give_back(mission, person, offer, wave, reason, given.now())


async def wave_again(
    given: Given, tx: Transaction, mission: Mission, without: PersonId | None = None
) -> Wave:
    """Whoever is asked first when the search begins anew."""
    found = await search_flow.candidates(given, tx, mission, anew=True, without=without)
    answer_by = search_again.answer_again_by(mission, given.now())
    return await search_flow.first_wave(given, tx, found, answer_by=answer_by)


# The doctor


async def assign_doctor(
    given: Given, by: Person, mission_id: MissionId, place: Place, party: Party, hour: datetime
) -> Answer:
    """A doctor agreed on the phone at that hour, whatever the step."""
    try:
        async with given.storage.transaction() as tx:
            mission = await tx.missions.lock(mission_id)
            found = await _doctor(tx, mission, party)
            if mission is None or found is None:
                return GONE
            step, by_phone = found
            outcome = control.assign_doctor(
                mission, party, step, by_phone=by_phone, hour=hour, by=by.short_name, now=given.now()
            )
            if outcome.won is not None:
                caught_up = await thread_flow.catch_up(given, tx, outcome.mission)
                outcome = outcome.then(Outcome(outcome.mission, outcome.answer, notices=tuple(caught_up)))
                said: dict[str, Fact] = {"number": mission.number, "hour": hour.isoformat()}
                outcome = replace(outcome, answer=Answer("control.doctor_assigned", said))
            outcome = done(outcome, place, "doctor_assigned", by, given.now())
            return await record(given, tx, outcome, f"{actor_of(by)} for {party}")
    except AlreadyWon:
        return Answer("control.taken", {"number": await number_of(given, mission_id)})


async def _doctor(
    tx: Transaction, mission: Mission | None, party: Party
) -> tuple[CascadeStep | None, bool] | None:
    """The step a doctor or a house belongs to, and whether only OSNP reach them; None: cannot be asked."""
    if mission is None:
        return None
    if party.kind is PartyKind.ORGANISATION:
        house = await tx.people.organisation(OrganisationId(party.id))
        if house is None or not house.active or mission.exercise:
            return None
        return house.cascade_step, not house.on_telegram
    person = (await tx.people.lock([PersonId(party.id)])).get(PersonId(party.id))
    if person is None or person.role is not Role.DOCTOR or not person.active:
        return None
    if mission.exercise and person.id not in mission.rings:
        return None
    is_traitant = mission.medecin_traitant == person.id
    step = CascadeStep.MEDECIN_TRAITANT if is_traitant else person.cascade_step
    return step, not (person.on_telegram and person.reachable)


async def doctor_gone(given: Given, by: Person, mission_id: MissionId, place: Place) -> Answer:
    """The doctor cannot any more and has said so on the phone: the search goes on after that doctor."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        doctor = mission.cascade.doctor if mission is not None else None
        if mission is None or doctor is None:
            return GONE
        rosters = await cascade_flow.rosters_of(given, tx, mission)
        outcome = cascade_answers.withdraw(mission, doctor.party, rosters, given.now())
        if outcome.events:
            outcome = outcome.then(visio.end(outcome.mission))
            outcome = replace(outcome, answer=Answer("control.doctor_gone", {"number": mission.number}))
        outcome = done(outcome, place, "doctor_gone", by, given.now())
        return await record(given, tx, outcome, f"{actor_of(by)} for {doctor.party}")


# Who holds it


async def take_over(given: Given, by: Person, mission_id: MissionId, place: Place) -> Answer:
    """«Je prends la main»."""
    return await transfer(given, by, mission_id, place, by.id)


async def transfer(given: Given, by: Person, mission_id: MissionId, place: Place, to: PersonId) -> Answer:
    """«Transférer à Hugo»: that operator is rung, and everybody sees it."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        person = await tx.people.get(to)
        if mission is None or person is None:
            return GONE
        if person.role not in HOLDERS or not person.active:
            return Answer("control.cannot_hold", {"number": mission.number})
        outcome = control.hand_over(mission, mission.operator, person, by, given.now())
        return await record(given, tx, done(outcome, place, "handed_over", by, given.now()), actor_of(by))


async def postpone(given: Given, by: Person, mission_id: MissionId, place: Place, minutes: int) -> Answer:
    """«Rappeler dans 20 min»: what OSNP are asked is quiet until then."""
    if minutes not in control.POSTPONE:
        return GONE
    until = visit_flow.to_minute(given.now() + timedelta(minutes=minutes))
    return await _decided(
        given,
        by,
        mission_id,
        place,
        "postponed",
        lambda mission: watch.postpone(mission, by.id, until, given.now()),
    )


# Notes


async def write_note(
    given: Given, by: Person, mission_id: MissionId, text: str, typed: Written | None = None
) -> Answer:
    """A note of the operators: sealed with the identity, never shown in the group.

    `typed`: the line in the group that it was typed in, which is deleted there.
    """
    words = " ".join(text.split())
    async with given.storage.transaction() as tx:
        mission = await tx.missions.lock(mission_id)
        if mission is None:
            return GONE
        await tx.drafts.drop(by.id, f"{NOTE}:{mission_id}")
        if not words:
            return Answer("control.note_empty", {"number": mission.number})
        if len(words) > NOTE_LENGTH:
            return Answer("control.note_long", {"most": NOTE_LENGTH})
        dossier = await tx.missions.dossier(mission_id)
        if dossier is None:
            return Answer("mission.forgotten")
        now = given.now()
        number = 1 + max((note.number for note in dossier.operator_notes), default=0)
        written = LiaisonNote(words, by.short_name, now, number=number)
        await tx.missions.save_dossier(
            mission_id, replace(dossier, operator_notes=(*dossier.operator_notes, written))
        )
        if typed is not None:
            line = SentMessage(typed.chat_id, typed.message_id, to_group(mission_id), ORIGINAL, now)
            line = replace(line, thread_id=typed.topic, mission=mission_id)
            await tx.sent.save(replace(line, has_patient_facts=True, delete_at=now))
        return await record(given, tx, control.note(mission, by.short_name, number), actor_of(by))


async def ask_words(given: Given, by: Person, mission_id: MissionId, kind: str) -> Answer:
    """«Note», «Autre motif…»: the words are typed in the private chat."""
    async with given.storage.transaction() as tx:
        mission = await tx.missions.get(mission_id)
        if mission is None:
            return GONE
        if kind == REASON and mission.state is not MissionState.OPEN:
            return Answer("closing.over_already", {"number": mission.number})
        await tx.drafts.save(Draft(by.id, f"{kind}:{mission_id}", "", given.now()))
        notice = Notice(
            "control.ask_words", to_person(by.id), mission_id, facts={"kind": kind}, priority=Priority.REPLY
        )
        await tx.outbox.owe([notice], given.now())
        return Answer("control.write_privately")


# The end


async def cancel(given: Given, by: Person, mission_id: MissionId, text: str) -> Answer:
    """Cancelled for a reason in the operator's own words."""
    words = " ".join(text.split())[:REASON_LENGTH]
    return await closing_flow.end(given, by, mission_id, EndReason.CANCELLED, "other", text=words or None)
