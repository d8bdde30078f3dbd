"""The parameters of one call, whichever way they were written: typed, as text, or as JSON in text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.files import UploadedFile
from bot.sandbox.refusals import bad_request

Json = dict[str, Any]


@dataclass(frozen=True)
class Parameters:
    """What the bot sent with a call."""

    values: Mapping[str, Any]
    files: Mapping[str, UploadedFile]

    def has(self, name: str) -> bool:
        """Whether the parameter was given at all."""
        return self.values.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        """A string."""
        value = self.values.get(name)
        if value is None:
            return default
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str) -> int | None:
        """A whole number, or None when absent or no number."""
        value = self.values.get(name)
        if isinstance(value, bool) or value is None or value == "":
            return None
        try:
            return int(value)
        except (TypeError, ValueError):
            return None

    def needed_integer(self, name: str, complaint: str) -> int:
        """A whole number without which Telegram complains."""
        value = self.integer(name)
        if value is None:
            raise bad_request(complaint)
        return value

    def yes(self, name: str) -> bool:
        """A boolean; Telegram takes `true`, `True`, `1` and `yes`."""
        value = self.values.get(name)
        if isinstance(value, str):
            return value.strip().lower() in {"true", "1", "yes", "t", "y"}
        return bool(value)

    def structure(self, name: str) -> Any:
        """An object or a list, from JSON where it came as text; None when absent."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            try:
                return json.loads(value)
            except ValueError as error:
                raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object") from error
        return value

    def mapping(self, name: str) -> Json | None:
        """A JSON object; None when absent."""
        value = self.structure(name)
        if value is not None and not isinstance(value, dict):
            raise bad_request("object expected as " + name.replace("_", " "))
        return value

    def sequence(self, name: str) -> list[Any] | None:
        """A JSON list; None when absent."""
        value = self.structure(name)
        if value is not None and not isinstance(value, list | tuple):
            raise bad_request(f"expected an Array of {name}")
        return None if value is None else list(value)
