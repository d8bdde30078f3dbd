"""Which places must wait for now, and whether Telegram can be reached at all."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.outcome import GROUP_KINDS, Place

LONGEST_REST = timedelta(seconds=15)  # when the server cannot be reached


@dataclass(slots=True)
class Blocked:
    """Which places must wait, and until when."""

    places: dict[Place, datetime] = field(default_factory=dict)
    group_until: datetime | None = None
    all_until: datetime | None = None  # the server cannot be reached, or refuses the token
    failures: int = 0  # of the line, one after the other
    cut_since: datetime | None = None  # since when the server cannot be reached

    def look(self, now: datetime) -> None:
        """Forget what need not wait any more."""
        self.places = {place: until for place, until in self.places.items() if until > now}
        if self.group_until is not None and self.group_until <= now:
            self.group_until = None
        if self.all_until is not None and self.all_until <= now:
            self.all_until = None

    def until(self, place: Place, moment: datetime) -> None:
        """That place waits until then."""
        if place.kind in GROUP_KINDS:
            self.group_until = moment
        else:
            self.places[place] = moment

    def reached(self) -> None:
        """Telegram has taken something."""
        self.failures, self.cut_since = 0, None

    def forget(self) -> None:
        """The clock was set back: nothing that was put off need wait for a moment that is far away now."""
        self.places, self.group_until, self.all_until, self.failures = {}, None, None, 0

    def everything(self, now: datetime, pause: timedelta | None = None) -> datetime:
        """The line is cut: nothing is sent for a while, longer each time it is still so."""
        if self.all_until is None or self.all_until <= now:
            self.failures += 1
            rest = min(timedelta(seconds=2.0 ** min(self.failures - 1, 6)), LONGEST_REST)
            self.all_until = now + (pause or rest)
        return self.all_until

    def earliest(self) -> datetime | None:
        """When the first of them may go on."""
        if self.all_until is not None:
            return self.all_until
        moments = [*self.places.values(), *([self.group_until] if self.group_until else [])]
        return min(moments, default=None)
