"""Domain values ↔ what stands in a column. Knows no table."""

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec

from bot.domain.joining import Application
from bot.domain.mission import Dossier, Mission
from bot.domain.outcome import Fact, Facts
from bot.domain.people import Line, WeeklyHours

T = TypeVar("T")

_encoder: Final = msgspec.json.Encoder()


class Codec(Generic[T]):
    """One type, to JSON and back."""

    def __init__(self, kind: Any) -> None:
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)

    def to_text(self, value: T) -> str:
        """JSON for a text column."""
        return _encoder.encode(value).decode()

    def to_bytes(self, value: T) -> bytes:
        """JSON to be sealed."""
        return _encoder.encode(value)

    def read(self, text: str | bytes) -> T:
        """The value again. Raises msgspec.ValidationError when the stored text does not fit the type."""
        return self._decoder.decode(text)


MISSION: Final[Codec[Mission]] = Codec(Mission)
DOSSIER: Final[Codec[Dossier]] = Codec(Dossier)
FACTS: Final[Codec[Facts]] = Codec(dict[str, Fact])
WORDS: Final[Codec[tuple[str, ...]]] = Codec(tuple[str, ...])
WEEKLY: Final[Codec[tuple[WeeklyHours, ...]]] = Codec(tuple[WeeklyHours, ...])
LINES: Final[Codec[tuple[Line, ...]]] = Codec(tuple[Line, ...])
APPLICATION: Final[Codec[Application]] = Codec(Application)
ANY: Final[Codec[Mapping[str, Any]]] = Codec(dict[str, Any])
