"""The words: Jinja macros of `templates/`, found by the name of a notice or an answer."""

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import BytecodeCache, Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket

import templates
from bot.domain import questionnaire
from bot.domain.calendar import is_shown_twice, opens_again, service_hours
from bot.domain.cascade import offer_at
from bot.domain.change import written
from bot.domain.outcome import Answer
from bot.domain.people import Party
from bot.domain.phone import national, shown
from bot.domain.region import Region
from bot.domain.video_hour import earliest

FOLDER = Path(templates.__file__).parent


class CompiledOnce(BytecodeCache):
    """Templates compiled once for the whole process, whatever the region."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what was compiled before from the same source."""
        if (code := self._code.get(f"{bucket.key}:{bucket.checksum}")) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        self._code[f"{bucket.key}:{bucket.checksum}"] = bucket.bytecode_to_string()


WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")

#: With and without escaping, the same source compiles to different code.
COMPILED = {True: CompiledOnce(), False: CompiledOnce()}


class OfTheMoment:
    """The region in the words: a template keeps what it was given, while the coordinateur changes it."""

    def __init__(self, now: Callable[[], Region]) -> None:
        self._now = now

    def __getattr__(self, name: str) -> Any:
        """What the region of this moment has of that name."""
        return getattr(self._now(), name)


class Words:
    """Every word people read, in the region's time zone."""

    def __init__(
        self, region: Region, compiled: Path | None = None, *, now: Callable[[], Region] | None = None
    ) -> None:
        """`compiled`: a folder in which compiled templates outlive the process (compiling takes a second).

        `now`: gives the region of the moment, where it is changed while the words are in use.
        """
        self.zone = ZoneInfo(region.timezone)
        self._region = region
        self._now = now or (lambda: region)
        self._html = self._environment(compiled, html=True)
        self._plain = self._environment(compiled, html=False)
        self._labels: Mapping[str, str] = tomllib.loads((FOLDER / "labels.toml").read_text(encoding="utf-8"))

    def _environment(self, compiled: Path | None, *, html: bool) -> Environment:
        cache: BytecodeCache = COMPILED[html]
        if compiled is not None:
            cache = FileSystemBytecodeCache(str(compiled), f"{'html' if html else 'plain'}-%s")
        environment = Environment(
            loader=FileSystemLoader([FOLDER / "messages", FOLDER / "web"]),
            undefined=StrictUndefined,
            autoescape=html,  # noqa: S701 - plain words are for alerts, SMS and topic names
            trim_blocks=True,
            lstrip_blocks=True,
            bytecode_cache=cache,
            auto_reload=False,  # they do not change under a running bot
        )
        filters: dict[str, Callable[..., str | date]] = {
            "hour": self.hour,
            "clock": self.clock,
            "day": self.day,
            "local_date": lambda at: self._local(at).date(),
            "when": self.when,
            "weekdays": lambda days: " ".join(f"{WEEKDAYS[day][:3]}." for day in days),
            "weekday": weekday,
            "duration": written,
            "phone": lambda number: shown(number) if number else "",
            "national": national,
            "euros": euros,
            "lower_first": lambda words: f"{words[:1].lower()}{words[1:]}",
            "km": km,
        }
        environment.filters.update(filters)
        environment.globals["region"] = OfTheMoment(self._now)
        environment.globals["earliest"] = earliest
        environment.globals["is_open"] = lambda at: service_hours(self._now(), at).is_open
        environment.globals["opens_again"] = lambda at: at and opens_again(self._now(), at)
        environment.globals["offer_of"] = lambda mission, party: offer_at(mission, Party.read(party))
        environment.globals["party"] = Party.read
        environment.globals["questionnaire"] = questionnaire
        return environment

    def _local(self, at: datetime | str) -> datetime:
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        return moment.astimezone(self.zone)

    def hour(self, at: datetime | str) -> str:
        """«09:23»; in the hour that the clocks show twice, «02:30 (été)», then «02:30 (hiver)»."""
        there = self._local(at)
        if not is_shown_twice(self._region, there):
            return there.strftime("%H:%M")
        return f"{there:%H:%M} ({'été' if there.dst() else 'hiver'})"

    def clock(self, at: datetime | str) -> str:
        """«09:31:07»."""
        return self._local(at).strftime("%H:%M:%S")

    def day(self, at: date | str) -> str:
        """«06/10/2026», of a moment or of a bare date."""
        if isinstance(at, datetime | str):
            return self._local(at).strftime("%d/%m/%Y")
        return at.strftime("%d/%m/%Y")

    @staticmethod
    def short_day(day: date) -> str:
        """«jeu. 24/12», of a local day: for a button."""
        return f"{WEEKDAYS[day.weekday()][:3]}. {day:%d/%m}"

    def when(self, at: datetime | str, now: datetime) -> str:
        """«14:30» of the same day, else «mercredi 25/11, 07:00», with the year where it is another."""
        there, today = self._local(at), self._local(now)
        if there.date() == today.date():
            return self.hour(at)
        year = f"/{there:%Y}" if there.year != today.year else ""
        return f"{WEEKDAYS[there.weekday()]} {there:%d/%m}{year}, {self.hour(at)}"

    def label(self, key: str, **values: Any) -> str:
        """The words of a button; the number of the emergency is the region's."""
        return self._labels[key].format(emergency=self._now().emergency, **values)

    def message(self, kind: str, sheet: Any) -> str:
        """A notice in Telegram's HTML: macro `offer` of `search.jinja` for «search.offer»."""
        return tidy(str(self._macro(self._html, kind)(sheet)))

    def answer(self, answer: Answer) -> str:
        """What is said at once to whoever acted, without markup: macro `answer_…`."""
        column, _, name = answer.kind.partition(".")
        return tidy(str(self._macro(self._plain, f"{column}.answer_{name}")(answer.facts)))

    def page(self, name: str, **values: Any) -> str:
        """A page, or a piece of one: `templates/web/<name>.html`."""
        return self._html.get_template(f"{name}.html").render(values)

    def plain(self, kind: str, sheet: Any) -> str:
        """A notice without markup, for an SMS or a topic's name."""
        return tidy(str(self._macro(self._plain, kind)(sheet)))

    @staticmethod
    def _macro(environment: Environment, kind: str) -> Any:
        column, _, name = kind.partition(".")
        macro = getattr(environment.get_template(f"{column}.jinja").module, name, None)
        if macro is None:
            raise LookupError(f"templates/messages/{column}.jinja has no macro «{name}».")
        return macro

    def has(self, kind: str) -> bool:
        """Whether there are words for it."""
        column, _, name = kind.partition(".")
        if not (FOLDER / "messages" / f"{column}.jinja").exists():
            return False
        return hasattr(self._html.get_template(f"{column}.jinja").module, name)


def tidy(text: str) -> str:
    """No blank line that a condition left behind; `¶` alone on a line is a wanted one."""
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in text.splitlines()]
    return "\n".join("" if line == "¶" else line for line in lines if line)


#: As they are said in French, Monday first.
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


def weekday(day: date | str) -> str:
    """«jeudi 24/12/2026», of a local day."""
    there = date.fromisoformat(day) if isinstance(day, str) else day
    return f"{WEEKDAYS[there.weekday()]} {there:%d/%m/%Y}"


def euros(amount: Decimal | float | None) -> str:
    """«27 €», «3,15 €»."""
    if amount is None:
        return ""
    value = Decimal(amount)
    text = f"{value:.2f}".replace(".", ",").removesuffix(",00")
    return f"{text} €"


def km(distance: float | None) -> str:
    """«4 km»; under one «moins d'1 km»."""
    if distance is None:
        return ""
    return "moins d'1 km" if distance < 1 else f"{round(distance)} km"


__all__ = ["FOLDER", "Words", "euros", "km", "tidy"]
