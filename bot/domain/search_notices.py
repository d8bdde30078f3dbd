"""What is said of the search for a nurse: to her, and in the group. Knows no words."""

from bot.domain.mission import (
    Mission,
)
from bot.domain.outcome import (
    Notice,
    Priority,
    to_group,
    to_person,
)
from bot.domain.people import PersonId


def offer_notice(mission: Mission, person: PersonId) -> Notice:
    """The offer, asked with a ring."""
    return Notice(
        "search.offer",
        to_person(person),
        mission.id,
        priority=Priority.OFFER,
        card="offer",
        fresh=True,
        epoch=mission.search.epoch,
        valid_until=mission.search.answer_by,
    )


def redraw_offer(mission: Mission, person: PersonId, priority: Priority = Priority.REPLY) -> Notice:
    """The offer she has, as things stand."""
    return Notice(
        "search.offer",
        to_person(person),
        mission.id,
        priority=priority,
        card="offer",
        only_if_there=True,
        epoch=mission.search.epoch,
    )


def all_refused(mission: Mission) -> Notice:
    """Nobody can say yes any more."""
    return Notice(
        "search.all_refused", to_group(mission.id), mission.id, valid_until=mission.search.answer_by
    )


def redraw_to_phone(mission: Mission) -> Notice:
    """Whom OSNP phone because the bot does not reach them, as things stand: nobody is phoned for nothing."""
    return Notice("search.to_phone", to_group(mission.id), mission.id, card="to_phone", only_if_there=True)


def nobody_to_ask(mission: Mission, regulateur: PersonId) -> Notice:
    """Nobody is there to be asked: a new orientation will be needed."""
    return Notice(
        "search.nobody_to_ask", to_person(regulateur), mission.id, valid_until=mission.search.answer_by
    )


def told_no(mission: Mission, person: PersonId) -> Notice:
    """The régulateur said no to her late yes, or somebody else has it."""
    return Notice("search.late_refused", to_person(person), mission.id, priority=Priority.REPLY)


def usual_settled(mission: Mission) -> tuple[Notice, ...]:
    """The card that asked OSNP to phone the usual IDEL, where there is one, says what has become of it."""
    if not mission.search.usual_by_phone:
        return ()
    return (Notice("search.phone_usual", to_group(mission.id), mission.id, card="usual", only_if_there=True),)
