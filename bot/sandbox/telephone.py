"""The telephones of the cast: the text messages a gateway would have carried. Sends none."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.clock import Clock
from bot.sandbox.events import Events
from bot.sandbox.page_view import moment

#: Characters that a text message carries in seven bits, and those that take two places.
GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWICE = set("^{}\\[~]|€")


@dataclass(frozen=True)
class Sms:
    """One text message, received."""

    id: int
    to: str
    to_name: str
    text: str
    ref: str
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """As the page draws it."""
        return {
            "id": self.id,
            "to": self.to,
            "to_name": self.to_name,
            "text": self.text,
            "at": moment(self.at),
            "ref": self.ref,
        }


class Telephone:
    """Takes what the bot's gateway posts and shows it on the page."""

    def __init__(self, clock: Clock, events: Events) -> None:
        self.received: list[Sms] = []
        self._clock = clock
        self._events = events

    def receive(self, to: str, text: str, ref: str, to_name: str = "") -> Sms:
        """A text message arrives."""
        sms = Sms(len(self.received) + 1, to, to_name, text, ref, self._clock.now())
        self.received.append(sms)
        self._events.publish("sms", sms=sms.as_json())
        return sms


def parts(text: str) -> int:
    """How many text messages an operator bills for these words."""
    if set(text) <= GSM | GSM_TWICE:
        length = len(text) + sum(1 for char in text if char in GSM_TWICE)
        return 1 if length <= 160 else -(-length // 153)
    length = len(text.encode("utf-16-le")) // 2
    return 1 if length <= 70 else -(-length // 67)
