"""One message on its way, and why it may have to wait."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.budgets import Slot
from bot.domain.outcome import Notice, WhenUnknown
from bot.ports import Outgoing, Owed, Prepared
from bot.threads import Known


class PutOff(Exception):  # noqa: N818 - not a fault
    """Not now: at that moment."""

    def __init__(self, until: datetime, *, perhaps_sent: bool = False) -> None:
        super().__init__(f"put off until {until:%H:%M:%S}")
        self.until = until
        self.perhaps_sent = perhaps_sent


class Overtaken(Exception):  # noqa: N818 - not a fault
    """Its moment has passed while it waited."""


@dataclass(slots=True)
class Errand:
    """One message on its way: a notice, and the lines of its mission that go along with it."""

    owed: Owed
    known: Known
    prepared: Prepared
    slot: Slot | None = None  # the budget kept for it
    used: int = 0  # how much of that was used
    behind: list[tuple[Owed, Prepared]] = field(default_factory=list)  # may go along
    along: list[Owed] = field(default_factory=list)  # do go along

    @property
    def notice(self) -> Notice:
        """What is said."""
        return self.owed.notice

    @property
    def rows(self) -> tuple[Owed, ...]:
        """Every row that ends with it."""
        return self.owed, *self.along


def shares(notice: Notice) -> bool:
    """Whether it may end as others do that go with it."""
    return notice.card is None and notice.valid_until is None and notice.when_unknown is WhenUnknown.AGAIN


def only_informs(outgoing: Outgoing) -> bool:
    """Nothing but words that ring nobody: it may share a message."""
    return not (
        outgoing.rings
        or outgoing.buttons
        or outgoing.file
        or outgoing.protected
        or outgoing.has_patient_facts
        or outgoing.document
        or outgoing.reply_to
        or outgoing.pinned
        or outgoing.topic_closed
    )
