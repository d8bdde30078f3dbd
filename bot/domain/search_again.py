"""Searched anew: she who has it cannot go any more, or nobody has it any more.

Pure decisions. Knows no words, no storage and no clock: the caller gives the moment.
"""

from dataclasses import replace
from datetime import datetime

from bot.domain import visit
from bot.domain.mission import (
    CallReason,
    IdelOffer,
    IdelOfferState,
    Mission,
    MissionState,
    SearchState,
)
from bot.domain.outcome import (
    Answer,
    Event,
    Notice,
    Outcome,
    Priority,
    nothing,
    to_group,
    to_person,
)
from bot.domain.people import Person
from bot.domain.search import (
    broadcast,
    owe_call,
)
from bot.domain.search_notices import redraw_offer
from bot.domain.waves import Wave


def answer_again_by(mission: Mission, now: datetime) -> datetime:
    """Until when there is time to answer a search that begins anew."""
    return min(now + mission.rules.answer, mission.limit)


def give_back(
    mission: Mission,
    person: Person,
    offer: IdelOffer | None,
    wave: Wave,
    reason: str,
    now: datetime,
) -> Outcome:
    """«Je ne peux plus y aller»: searched again at once without that nurse, time and doctor kept."""
    search = mission.search
    if (
        search.state is not SearchState.TAKEN
        or search.taken_by != person.id
        or (mission.state is not MissionState.OPEN)
    ):
        return nothing(mission, "visit.not_yours", number=mission.number)
    if mission.visit.finished_at is not None:
        return nothing(mission, "visit.already_finished", number=mission.number)
    reopened = replace(
        mission,
        search=replace(
            search,
            state=SearchState.OFFERED,
            epoch=search.epoch + 1,
            started_at=now,
            answer_by=answer_again_by(mission, now),
            asked=0,
            refused=0,
            unreachable=0,
            taken_by=None,
            taken_at=None,
            excluded=(*search.excluded, person.id),
            late=(),
            usual_by_phone=False,
        ),
        patient_calls=owe_call(mission, CallReason.GIVEN_BACK),
    )
    left = visit.leave(reopened)
    allowed = tuple(c for c in wave.asked if c.person.id not in reopened.search.excluded)
    asked = broadcast(left.mission, replace(wave, asked=allowed), now)
    gave_back = (
        replace(offer, state=IdelOfferState.GAVE_BACK, answered_at=now, reason=reason) if offer else None
    )
    return Outcome(
        asked.mission,
        Answer("search.given_back", {"number": mission.number, "at": now.isoformat()}),
        events=(
            Event(
                "search.given_back",
                {
                    "person": person.id,
                    "reason": reason,
                    "epoch": search.epoch,
                    "arrived": mission.visit.arrived_at is not None,
                },
            ),
            *asked.events,
        ),
        notices=(
            Notice(
                "visit.given_back",
                to_person(person.id),
                mission.id,
                facts={"at": now.isoformat()},
                card="mission",
                priority=Priority.REPLY,
            ),
            Notice(
                "visit.kept",
                to_person(person.id),
                mission.id,
                facts={"given_back": True},
                card="give_back",
                priority=Priority.REPLY,
                only_if_there=True,
            ),
            Notice(
                "search.given_back",
                to_group(mission.id),
                mission.id,
                facts={"person": person.id, "reason": reason},
                card="call",
                fresh=True,
            ),
            *((redraw_offer(reopened, person.id),) if offer else ()),
            *left.notices,
            *asked.notices,
        ),
        withdrawn=left.withdrawn,
        timers=(*left.timers, *asked.timers),
        offers=((gave_back,) if gave_back else ()) + asked.offers,
        released=person.id,
    )


def search_again(mission: Mission, wave: Wave, now: datetime) -> Outcome:
    """Nobody has it any more: offered anew, with a whole delay, but to whoever gave it back."""
    search = replace(
        mission.search,
        state=SearchState.OFFERED,
        epoch=mission.search.epoch + 1,
        started_at=now,
        answer_by=answer_again_by(mission, now),
        asked=0,
        refused=0,
        unreachable=0,
        usual=None,
        taken_by=None,
        taken_at=None,
        assigned_by=None,
        late=(),
    )
    allowed = tuple(c for c in wave.asked if c.person.id not in search.excluded)
    return broadcast(replace(mission, search=search), replace(wave, asked=allowed), now)
