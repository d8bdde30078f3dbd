"""Video links from a template address: «https://visio.example/{room}#{token}». Knows no mission."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from bot.domain.people import Party
from bot.ports import VideoLink

#: Bytes of chance in a room's name and in a token: 128 bits.
CHANCE = 16


class UrlTemplate:
    """Any video service whose rooms exist as soon as somebody opens their address.

    Nothing is asked of the service: it does not know when a link may be used, only its page can say so.
    """

    def __init__(self, template: str, chance: Callable[[int], str] = secrets.token_urlsafe) -> None:
        self._template = template
        self._chance = chance

    def new_room(self) -> str:
        """A name of 128 random bits."""
        return self._chance(CHANCE)

    def room(
        self, room: str, participants: Iterable[Party], not_before: datetime, expires: datetime
    ) -> Mapping[Party, VideoLink]:
        """A link with a token of their own for each."""
        links = {}
        for party in participants:
            token = self._chance(CHANCE)
            url = self._template.replace("{room}", room).replace("{token}", token)
            links[party] = VideoLink(url, token)
        return links
