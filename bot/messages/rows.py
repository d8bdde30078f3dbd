"""Rows of buttons in the words of `labels.toml`. Knows no rule."""

from dataclasses import dataclass
from typing import Any

from bot.buttons import Press, Verb
from bot.domain.mission import Mission
from bot.flows.sheet import Sheet
from bot.messages.words import Words
from bot.ports import Button

Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """Makes the buttons of one notice."""

    words: Words
    sheet: Sheet

    @property
    def mission(self) -> Mission:
        """The mission the notice is of."""
        if self.sheet.mission is None:
            raise LookupError(f"{self.sheet.notice.kind} has buttons but no mission")
        return self.sheet.mission

    def tap(self, verb: Verb, label: str, arg: object = "", *, epoch: int = 0, **values: Any) -> Button:
        """A button with the words `label` that sends `verb` for this mission."""
        mission = self.sheet.mission
        press = (
            Press(verb, mission.id, epoch, str(arg)) if mission else Press(verb, epoch=epoch, arg=str(arg))
        )
        return Button(self.words.label(label, **values), data=press.pack())


def rows(*lines: tuple[Button | None, ...]) -> Rows:
    """Rows without the buttons that are None, and without empty rows."""
    kept = (tuple(button for button in line if button is not None) for line in lines)
    return tuple(line for line in kept if line)


def in_rows_of(width: int, buttons: list[Button]) -> Rows:
    """The buttons in rows of at most `width`."""
    return tuple(tuple(buttons[i : i + width]) for i in range(0, len(buttons), width))
