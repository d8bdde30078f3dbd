"""Constantes: read from a line as nurses write it, kept as one value, compared, scored.

Knows no card and no clock. Units: /min, %, L/min, mmHg, °C, g/L, kg, cm. The limits are those of the
project's field notes: engineering choices against typing errors, not medical references.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import time
from enum import StrEnum
from typing import Any

from bot.domain.letters import fold


class VitalSign(StrEnum):
    """What is measured. The values are stored and travel in buttons."""

    RESPIRATION = "fr"
    SPO2 = "spo2"
    OXYGEN = "o2"  # air ambiant, or oxygen and its flow
    PRESSURE = "ta"
    PULSE = "fc"
    TEMPERATURE = "temp"
    CONSCIOUSNESS = "conscience"
    GLASGOW = "glasgow"
    GLUCOSE = "dextro"
    PAIN = "eva"
    WEIGHT = "poids"
    HEIGHT = "taille"


class Consciousness(StrEnum):
    """The ACVPU scale. The values are stored."""

    ALERT = "A"
    CONFUSED = "C"  # newly confused
    VOICE = "V"
    PAIN = "P"
    UNRESPONSIVE = "U"


#: The fields of `Vitals` that hold each sign.
FIELDS: dict[VitalSign, tuple[str, ...]] = {
    VitalSign.RESPIRATION: ("respiration",),
    VitalSign.SPO2: ("spo2",),
    VitalSign.OXYGEN: ("oxygen", "oxygen_flow"),
    VitalSign.PRESSURE: ("systolic", "diastolic"),
    VitalSign.PULSE: ("pulse",),
    VitalSign.TEMPERATURE: ("temperature",),
    VitalSign.CONSCIOUSNESS: ("consciousness",),
    VitalSign.GLASGOW: ("glasgow",),
    VitalSign.GLUCOSE: ("glucose",),
    VitalSign.PAIN: ("pain",),
    VitalSign.WEIGHT: ("weight",),
    VitalSign.HEIGHT: ("height",),
}

#: What a series is expected to hold; Glasgow, weight and height are welcome and not missed.
EXPECTED = (
    VitalSign.PRESSURE,
    VitalSign.PULSE,
    VitalSign.SPO2,
    VitalSign.OXYGEN,
    VitalSign.RESPIRATION,
    VitalSign.TEMPERATURE,
    VitalSign.PAIN,
    VitalSign.CONSCIOUSNESS,
    VitalSign.GLUCOSE,
)


@dataclass(frozen=True, slots=True)
class Vitals:
    """One series of constantes; what was not taken is None."""

    respiration: int | None = None  # /min
    spo2: int | None = None  # %
    oxygen: bool | None = None  # False: air ambiant
    oxygen_flow: float | None = None  # L/min; None with oxygen: the flow was not said
    systolic: int | None = None  # mmHg
    diastolic: int | None = None  # mmHg
    pulse: int | None = None  # /min
    temperature: float | None = None  # °C, one decimal
    consciousness: Consciousness | None = None
    glasgow: int | None = None  # 3–15
    glucose: float | None = None  # g/L, two decimals
    pain: int | None = None  # 0–10
    weight: float | None = None  # kg
    height: int | None = None  # cm

    def has(self, sign: VitalSign) -> bool:
        """Whether a sign was taken."""
        return getattr(self, FIELDS[sign][0]) is not None

    def given(self) -> tuple[VitalSign, ...]:
        """The signs taken."""
        return tuple(sign for sign in VitalSign if self.has(sign))

    def missing(self) -> tuple[VitalSign, ...]:
        """The signs a series should hold and this one does not: «Non pris : dextro»."""
        return tuple(sign for sign in EXPECTED if not self.has(sign))

    def only(self, *signs: VitalSign) -> "Vitals":
        """These signs alone."""
        kept = {name for sign in signs for name in FIELDS[sign]}
        return Vitals(**{name: getattr(self, name) for name in kept})

    def without(self, *signs: VitalSign) -> "Vitals":
        """All but these signs."""
        return self.only(*(sign for sign in VitalSign if sign not in signs))

    def merge(self, later: "Vitals") -> "Vitals":
        """This series with what a later one says on top, sign by sign."""
        changes = {name: getattr(later, name) for sign in later.given() for name in FIELDS[sign]}
        return replace(self, **changes)

    def facts(self) -> dict[str, Any]:
        """What was taken, as JSON knows it."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Vitals":
        """The inverse of `facts`. What is not a field is left aside."""
        known = {field.name: facts[field.name] for field in fields(cls) if field.name in facts}
        if known.get("consciousness") is not None:
            known["consciousness"] = Consciousness(known["consciousness"])
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Correction:
    """A sign that changed: «FC 96 → 69». Either side holds that sign alone, or nothing."""

    sign: VitalSign
    before: Vitals
    after: Vitals


def corrections(before: Vitals, after: Vitals) -> tuple[Correction, ...]:
    """What differs between two versions of a series."""
    return tuple(
        Correction(sign, before.only(sign), after.only(sign))
        for sign in VitalSign
        if before.only(sign) != after.only(sign)
    )


def bmi(vitals: Vitals) -> float | None:
    """Weight over height squared, kg/m², one decimal."""
    if vitals.weight is None or not vitals.height:
        return None
    return round(vitals.weight / (vitals.height / 100) ** 2, 1)


# --- limits -----------------------------------------------------------------------------------------

#: What can be true, both ends included. Outside: refused.
ACCEPTED: dict[str, tuple[float, float]] = {
    "respiration": (4, 80),
    "spo2": (50, 100),
    "oxygen_flow": (0, 15),
    "systolic": (50, 300),
    "diastolic": (20, 200),
    "pulse": (20, 250),
    "temperature": (28, 43),
    "glasgow": (3, 15),
    "glucose": (0.20, 6.00),
    "pain": (0, 10),
    "weight": (2, 300),
    "height": (50, 230),
}

#: What is sent without a question, both ends included. Outside: «c'est bien ça ?».
UNQUESTIONED: dict[str, tuple[float, float]] = {
    "respiration": (8, 40),
    "spo2": (85, 100),
    "systolic": (80, 220),
    "pulse": (40, 150),
    "temperature": (35, 40),
    "glasgow": (15, 15),
    "glucose": (0.70, 2.50),
    "pain": (0, 6),
}

#: What the eye may pass over on the doctor's card, adults. Outside: marked.
USUAL: dict[str, tuple[float, float]] = {
    "respiration": (12, 20),
    "spo2": (95, 100),
    "systolic": (100, 180),
    "diastolic": (50, 110),
    "pulse": (50, 100),
    "temperature": (36, 38),
    "glasgow": (15, 15),
    "glucose": (0.70, 2.50),
    "pain": (0, 6),
}

#: The marks that hold for a child too.
_AT_ANY_AGE = frozenset({"spo2", "temperature", "glasgow", "glucose", "pain"})


def _outside(vitals: Vitals, limits: Mapping[str, tuple[float, float]]) -> frozenset[VitalSign]:
    found = set()
    for sign, names in FIELDS.items():
        for name in names:
            value = getattr(vitals, name)
            if name in limits and value is not None:
                low, high = limits[name]
                if not low <= value <= high:
                    found.add(sign)
    return frozenset(found)


def impossible(vitals: Vitals) -> frozenset[VitalSign]:
    """The signs whose value cannot be true."""
    found = _outside(vitals, ACCEPTED)
    if vitals.systolic is not None and vitals.diastolic is not None and vitals.systolic <= vitals.diastolic:
        found |= {VitalSign.PRESSURE}
    return found


def questionable(vitals: Vitals) -> frozenset[VitalSign]:
    """The signs that are asked again before they are sent."""
    found = _outside(vitals, UNQUESTIONED)
    if vitals.consciousness not in (None, Consciousness.ALERT):
        found |= {VitalSign.CONSCIOUSNESS}
    return found


def abnormal(vitals: Vitals, age_years: int) -> frozenset[VitalSign]:
    """The signs marked on the doctor's card: a help to the eye, not a diagnosis."""
    limits = USUAL if age_years >= ADULT else {k: v for k, v in USUAL.items() if k in _AT_ANY_AGE}
    found = _outside(vitals, limits)
    if vitals.consciousness not in (None, Consciousness.ALERT):
        found |= {VitalSign.CONSCIOUSNESS}
    return found


# --- button by button -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GuidedStep:
    """One question of the guided entry. `choices` are texts that `of_choice` reads back."""

    sign: VitalSign
    field: str
    choices: tuple[str, ...]


def _steps(values: range) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


#: The questions in the order a nurse measures.
GUIDED: tuple[GuidedStep, ...] = (
    GuidedStep(VitalSign.PRESSURE, "systolic", _steps(range(90, 210, 10))),
    GuidedStep(VitalSign.PRESSURE, "diastolic", _steps(range(40, 120, 10))),
    GuidedStep(VitalSign.PULSE, "pulse", _steps(range(45, 145, 5))),
    GuidedStep(VitalSign.SPO2, "spo2", _steps(range(100, 84, -1))),
    GuidedStep(VitalSign.OXYGEN, "oxygen_flow", ("0", "1", "1.5", "2", "3", "4", "5", "6", "9", "12", "15")),
    GuidedStep(VitalSign.RESPIRATION, "respiration", _steps(range(12, 36, 2))),
    GuidedStep(
        VitalSign.TEMPERATURE, "temperature", tuple(f"{tenths / 10:.1f}" for tenths in range(355, 405, 5))
    ),
    GuidedStep(VitalSign.PAIN, "pain", _steps(range(11))),
    GuidedStep(VitalSign.CONSCIOUSNESS, "consciousness", tuple(Consciousness)),
    GuidedStep(
        VitalSign.GLUCOSE,
        "glucose",
        ("0.60", "0.80", "0.90", "1.00", "1.20", "1.40", "1.60", "1.80", "2.00", "2.50"),
    ),
)


def next_guided(vitals: Vitals, skipped: frozenset[str] = frozenset()) -> GuidedStep | None:
    """The first question without an answer. `skipped` holds the fields of those passed over."""
    for step in GUIDED:
        answered = getattr(vitals, step.field) is not None
        if step.field == "oxygen_flow":
            answered = vitals.oxygen is not None
        if not answered and step.field not in skipped:
            return step
    return None


def of_choice(field: str, choice: str) -> Vitals | None:
    """The series a tapped or typed choice stands for; None when it is no value of that field.

    Nothing is checked against the limits: `impossible` and `questionable` do.
    """
    text = choice.strip().replace(",", ".")
    if field == "consciousness":
        letter = text.upper()
        known = letter in {level.value for level in Consciousness}
        return Vitals(consciousness=Consciousness(letter)) if known else None
    if field not in ACCEPTED or not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", text):
        return None
    value = float(text)
    if field == "oxygen_flow":
        return Vitals(oxygen=value > 0, oxygen_flow=value)
    if field in ("systolic", "diastolic") and value <= 30:
        value *= 10
    if field in ("temperature", "glucose", "weight"):
        return Vitals(**{field: round(value, 2 if field == "glucose" else 1)})  # type: ignore[arg-type]
    return Vitals(**{field: round(value)}) if value == round(value) else None  # type: ignore[arg-type]


# --- one line ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measure:
    """One sign read from a line: its value, and the words it was read from."""

    sign: VitalSign
    vitals: Vitals  # this sign alone
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line says. Every word of it is in `measures`, `refused`, `not_understood` or `hour_text`."""

    measures: tuple[Measure, ...] = ()
    doubtful: tuple[Measure, ...] = ()  # those of `measures` to confirm before they are sent
    refused: tuple[Measure, ...] = ()  # cannot be true
    not_understood: tuple[str, ...] = ()
    hour: time | None = None  # of the measure, local; None: now
    hour_text: str = ""

    @property
    def vitals(self) -> Vitals:
        """The measures as one series, the doubtful ones included."""
        return _together(self.measures)

    @property
    def certain(self) -> Vitals:
        """The measures that need no question."""
        return _together(tuple(m for m in self.measures if m not in self.doubtful))


def _together(measures: tuple[Measure, ...]) -> Vitals:
    series = Vitals()
    for measure in measures:
        series = series.merge(measure.vitals)
    return series


_Read = Callable[[re.Match[str]], Measure | None]


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _whole(sign: VitalSign, field: str) -> _Read:
    def read(found: re.Match[str]) -> Measure:
        return Measure(sign, Vitals(**{field: int(found["n"])}), "")  # type: ignore[arg-type]

    return read


def _pressure(found: re.Match[str]) -> Measure:
    systolic, diastolic, unit = (
        _number(found["s"]),
        _number(found["d"]),
        (found.groupdict().get("u") or "")[:1],
    )
    if unit == "c" or (unit != "m" and systolic <= 30 and diastolic <= 20):
        systolic, diastolic = systolic * 10, diastolic * 10
    return Measure(VitalSign.PRESSURE, Vitals(systolic=round(systolic), diastolic=round(diastolic)), "")


def _bare_pressure(found: re.Match[str]) -> Measure | None:
    """Two numbers without a name are a pressure only when they can be one."""
    measure = _pressure(found)
    return None if impossible(measure.vitals) else measure


def _temperature(found: re.Match[str]) -> Measure:
    value = float(f"{found['n']}.{found['m'] or 0}")
    return Measure(VitalSign.TEMPERATURE, Vitals(temperature=round(value, 1)), "")


def _glucose(found: re.Match[str]) -> Measure:
    if found["g"]:
        value = float(f"{found['g']}.{found['c']}")
    else:
        value, unit = _number(found["n"]), found["u"] or ""
        if unit.startswith("mmol"):
            value *= 0.18016  # molar mass of glucose, 180.16 g/mol
        elif unit.startswith("mg") or (not unit and value >= 20):
            value /= 100
    return Measure(VitalSign.GLUCOSE, Vitals(glucose=round(value, 2)), "")


def _oxygen(found: re.Match[str]) -> Measure:
    flow = _number(found["n"])
    return Measure(VitalSign.OXYGEN, Vitals(oxygen=flow > 0, oxygen_flow=flow), "")


def _on_air(_: re.Match[str]) -> Measure:
    return Measure(VitalSign.OXYGEN, Vitals(oxygen=False, oxygen_flow=0.0), "")


def _on_oxygen(_: re.Match[str]) -> Measure:
    return Measure(VitalSign.OXYGEN, Vitals(oxygen=True), "")


_ALERT = frozenset({"A", "alerte", "normal", "normale", "claire", "bonne", "ok", "conserve", "conservee"})


def _consciousness(found: re.Match[str]) -> Measure:
    word = found["w"] if len(found["w"]) > 1 else found["w"].upper()
    if word in _ALERT:
        level = Consciousness.ALERT
    elif word.startswith("confus"):
        level = Consciousness.CONFUSED
    elif word.startswith(("inconscient", "areacti")):
        level = Consciousness.UNRESPONSIVE
    else:
        level = Consciousness(word)
    return Measure(VitalSign.CONSCIOUSNESS, Vitals(consciousness=level), "")


def _weight(found: re.Match[str]) -> Measure:
    return Measure(VitalSign.WEIGHT, Vitals(weight=round(_number(found["n"]), 1)), "")


def _height(found: re.Match[str]) -> Measure:
    if found["m"]:
        return Measure(VitalSign.HEIGHT, Vitals(height=int(found["m"]) * 100 + int(found["c"])), "")
    value = _number(found["n"])
    return Measure(VitalSign.HEIGHT, Vitals(height=round(value * 100 if value < 3 else value)), "")


@dataclass(frozen=True, slots=True)
class _Rule:
    """How one way of writing a sign is read. A bare value after unknown words may belong to them."""

    pattern: re.Pattern[str]
    read: _Read
    bare: bool = False


def _rule(pattern: str, read: _Read, *, bare: bool = False) -> _Rule:
    return _Rule(re.compile(pattern, re.VERBOSE | re.ASCII), read, bare)


_IS = r"(?:\s*[:=])?\s*(?:(?:a|est|est\s+a)\s+)?"  # between a name and its value
_N3 = r"(?P<n>[0-9]{1,3})(?![0-9]|[.,][0-9])"
_DECIMAL = r"(?P<n>[0-9]{1,3}(?:[.,][0-9]{1,2})?)(?![0-9])"
_PER_MIN = (
    r"(?:\s*(?:/\s*mi?n(?:ute)?|bpm|pls?/mi?n|c(?:ycles)?/mi?n|mvts?/mi?n|batt?(?:ements)?/mi?n)(?![a-z]))?"
)
_SYS = r"(?P<s>[0-9]{1,3}(?:[.,][0-9])?)"
_DIA = r"(?P<d>[0-9]{1,3}(?:[.,][0-9])?)(?![0-9]|[.,][0-9]|\s*/)"
_TWO = rf"{_SYS}\s*(?:/|\\|-|sur)\s*{_DIA}"
_MERCURY = r"(?:\s*(?P<u>[cm]m(?:\s?hg)?)(?![a-z]))?"
_LITRES = r"(?P<n>[0-9]{1,2}(?:[.,][0-9])?)\s*l(?:itres?)?(?![a-z])(?:\s*/\s*mi?n(?:ute)?)?"
_O2 = r"(?:d['’\s]\s*|de\s+l?['’]?)?(?:o2|oxygene)(?![a-z0-9])"

#: The ways of writing, most telling first; the text is in small letters without accents.
_RULES: tuple[_Rule, ...] = (
    _rule(rf"(?:ta|t\.a\.?|pa|tension(?:\s+arterielle)?){_IS}{_TWO}{_MERCURY}", _pressure),
    _rule(rf"(?:ta|pa|tension){_IS}{_SYS}\s+{_DIA}(?![a-z°%]|\s*(?:%|bpm|kg|cm))", _bare_pressure),
    _rule(
        rf"pas{_IS}(?P<s>[0-9]{{2,3}})[\s,;/]*pad{_IS}(?P<d>[0-9]{{2,3}})(?![0-9]){_MERCURY}", _pressure
    ),
    _rule(rf"(?:fc|f\.c\.?|pouls|puls(?:ations?)?|pls|freq(?:uence|\.)?\s+card(?:iaque|\.)?){_IS}{_N3}{_PER_MIN}",
          _whole(VitalSign.PULSE, "pulse")),
    _rule(rf"(?:fr|f\.r\.?|freq(?:uence|\.)?\s+resp(?:iratoire|\.)?|resp(?:iration)?){_IS}{_N3}{_PER_MIN}",
          _whole(VitalSign.RESPIRATION, "respiration")),
    _rule(rf"(?:sp\s?o2|sa\s?o2|sat(?:uration)?(?:\s*(?:en\s+)?o2)?|sato2){_IS}{_N3}\s*%?",
          _whole(VitalSign.SPO2, "spo2")),
    _rule(rf"(?:sous\s+|o2{_IS}|oxygene{_IS}|sous\s+(?:o2|oxygene){_IS}|debit{_IS}){_LITRES}(?:\s*{_O2})?",
          _oxygen),
    _rule(rf"{_LITRES}\s*{_O2}", _oxygen),
    _rule(r"(?:(?:en|a\s+l['’]|sous|sans\s+o2\s+en)\s*)?(?:air\s+ambiant|aa)(?![a-z0-9])", _on_air),
    _rule(rf"(?:pas|sans)\s+{_O2}", _on_air),
    _rule(r"o2\s*[:=]?\s*non(?![a-z])", _on_air),
    _rule(r"(?:sous|avec)\s+(?:o2|oxygene)(?![a-z0-9])|o2\s*[:=]?\s*oui(?![a-z])", _on_oxygen),
    _rule(rf"(?:temperature|temp\.?|tp|t\s?°\s?c?|t)(?![a-z]){_IS}"
          r"(?P<n>[0-9]{2})(?:[.,°]\s?(?P<m>[0-9]{1,2}))?(?![0-9]|[.,][0-9])(?:\s*(?:°\s?c?|degres?|c)(?![a-z]))?",
          _temperature),
    _rule(rf"(?:glycemie(?:\s+capillaire)?|glyc\.?|gly|dextro|dxt|hgt){_IS}"
          rf"(?:(?P<g>[0-9])\s?g\s?(?P<c>[0-9]{{2}})(?![0-9])|{_DECIMAL})"
          r"(?:\s*(?P<u>gr?\s?/\s?l|mg\s?/\s?dl|mmol\s?/\s?l|g)(?![a-z]))?", _glucose),
    _rule(rf"(?:eva|douleur|dlr){_IS}{_N3}(?:\s*(?:/|sur)\s*10(?![0-9])|(?!\s*/))",
          _whole(VitalSign.PAIN, "pain")),
    _rule(rf"(?:glasgow|gcs|score\s+de\s+glasgow){_IS}{_N3}(?:\s*(?:/|sur)\s*15(?![0-9])|(?!\s*/))",
          _whole(VitalSign.GLASGOW, "glasgow")),
    _rule(rf"(?:conscience|acvpu|avpu){_IS}"
          r"(?P<w>alerte|normale?|claire|bonne|ok|conservee?|confuse?|inconsciente?|areactive?|areactif)"
          r"(?![a-z0-9])", _consciousness),
    _rule(r"(?P<w>confuse?|inconsciente?)(?![a-z0-9])", _consciousness, bare=True),
    _rule(rf"(?:poids|pds|pese){_IS}{_DECIMAL}(?:\s*kgs?(?![a-z]))?", _weight),
    _rule(rf"(?:taille|mesure){_IS}(?:(?P<m>[0-2])\s?m\s?(?P<c>[0-9]{{2}})(?![0-9])"
          r"|(?P<n>[0-2][.,][0-9]{2}|[0-9]{2,3})(?![0-9]|[.,][0-9])(?:\s*c?m(?![a-z]))?)", _height),
    _rule(rf"{_TWO}{_MERCURY}(?![a-z0-9])", _bare_pressure),
    _rule(r"(?P<n>[0-9]{2})(?:°\s?c?\s?(?P<m>[0-9])|[.,](?P<k>[0-9])\s?°\s?c?)(?![a-z0-9])",
          lambda found: _temperature_of(found["n"], found["m"] or found["k"])),
    _rule(r"(?P<n>[0-9]{2,3})\s?%", _whole(VitalSign.SPO2, "spo2"), bare=True),
    _rule(rf"{_LITRES}(?![a-z0-9])", _oxygen, bare=True),
    _rule(r"(?P<n>[0-9]{2,3})\s?bpm(?![a-z])", _whole(VitalSign.PULSE, "pulse"), bare=True),
    _rule(rf"{_DECIMAL}\s?kgs?(?![a-z])", _weight, bare=True),
    _rule(r"(?P<m>[0-2])\s?m\s?(?P<c>[0-9]{2})(?![a-z0-9])|(?P<n>[0-9]{2,3})\s?cm(?![a-z])",
          _height, bare=True),
)  # fmt: skip


def _temperature_of(whole: str, tenth: str) -> Measure:
    return Measure(VitalSign.TEMPERATURE, Vitals(temperature=float(f"{whole}.{tenth}")), "")


#: A letter is a level when it is a capital or ends the line: «conscience à surveiller» says none.
_LEVEL = re.compile(
    r"(?i:conscience|acvpu|avpu)\s*[:=]?\s*(?P<w>[ACVPU]|[acvpu](?=\s*(?:[,;.]|$)))(?![A-Za-zÀ-ÿ0-9])"
)
#: «EN 3» is a pain score; «en» is a word.
_EN = re.compile(r"EN\s*[:=]?\s*(?P<n>[0-9]{1,2})(?:\s*/\s*10)?(?![0-9]|[.,][0-9]|\s*/)")
_HOUR = re.compile(
    r"(?P<a>a\s+)?(?P<h>[01]?[0-9]|2[0-3])\s?(?:h\s?(?P<m>[0-5][0-9])?|:(?P<k>[0-5][0-9]))(?![a-z0-9])",
    re.ASCII,
)
_PAUSE = re.compile(r"(?:[\s,;.:=/|•·–—\-_!()\[\]]+|[eE][tT](?!\w))+")
_WORD = re.compile(r"[^\s,;]+(?:[,;](?=[0-9])[^\s,;]+)*")


class _Scan:
    """A line being read from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.folded = fold(text)
        self.measures: list[Measure] = []
        self.refused: list[Measure] = []
        self.unknown: list[tuple[int, int]] = []
        self.hour: time | None = None
        self.hour_text = ""

    def run(self) -> None:
        at = 0
        while at < len(self.text):
            pause = _PAUSE.match(self.text, at)
            at = pause.end() if pause else at
            if at < len(self.text):
                at = self._measure(at) or self._hour(at) or self._lost(at)

    def _follows_unknown(self, at: int) -> bool:
        return bool(self.unknown) and not self.text[self.unknown[-1][1] : at].strip(" \t\n:=")

    def _measure(self, at: int) -> int:
        for found, read in self._matches(at):
            if measure := read(found):
                return self._keep(replace(measure, text=self.text[at : found.end()].strip()), at, found.end())
        return 0

    def _matches(self, at: int) -> Iterator[tuple[re.Match[str], _Read]]:
        if level := _LEVEL.match(self.text, at):
            yield level, _consciousness
        if pain := _EN.match(self.text, at):
            yield pain, _whole(VitalSign.PAIN, "pain")
        for rule in _RULES:
            if rule.bare and self._follows_unknown(at):
                continue
            if found := rule.pattern.match(self.folded, at):
                yield found, rule.read

    def _keep(self, measure: Measure, at: int, end: int) -> int:
        earlier = next((m for m in self.measures if m.sign is measure.sign), None)
        if impossible(measure.vitals):
            self.refused.append(measure)
        elif earlier is None:
            self.measures.append(measure)
        elif earlier.vitals == measure.vitals:
            both = f"{earlier.text} {measure.text}"
            self.measures[self.measures.index(earlier)] = replace(earlier, text=both)
        else:  # two values for one sign: which one holds is not ours to say
            self.unknown.append((at, end))
        return end

    def _hour(self, at: int) -> int:
        found = _HOUR.match(self.folded, at)
        if (
            not found
            or self.hour is not None
            or (self._follows_unknown(at) and self.text[at : at + 1].casefold() != "à")
        ):
            return 0
        self.hour = time(int(found["h"]), int(found["m"] or found["k"] or 0))
        self.hour_text = self.text[at : found.end()].strip()
        return found.end()

    def _lost(self, at: int) -> int:
        word = _WORD.match(self.text, at)
        end = word.end() if word else at + 1
        if self._follows_unknown(at):
            self.unknown[-1] = (self.unknown[-1][0], end)
        else:
            self.unknown.append((at, end))
        return end


def read_vitals(text: str) -> Reading:
    """What a line as nurses write it says: «TA 13/8 FC 72 SpO2 96 aa T 37,2 EVA 3», «10h18 130/80».

    A sign given twice with different values keeps the first; the second is not understood.
    """
    scan = _Scan(unicodedata.normalize("NFC", text))
    scan.run()
    return Reading(
        measures=tuple(scan.measures),
        doubtful=tuple(m for m in scan.measures if questionable(m.vitals)),
        refused=tuple(scan.refused),
        not_understood=tuple(scan.text[begin:end] for begin, end in scan.unknown),
        hour=scan.hour,
        hour_text=scan.hour_text,
    )


# --- NEWS2 ------------------------------------------------------------------------------------------

#: NEWS2 is of adults.
ADULT = 16


class News2Level(StrEnum):
    """How much the score worries, least first. The values are stored."""

    ZERO = "zero"
    LOW = "low"  # 1–4
    SINGLE_THREE = "single_three"  # one sign alone scores 3
    URGENT = "urgent"  # 5–6
    EMERGENCY = "emergency"  # 7 and more


@dataclass(frozen=True, slots=True)
class News2:
    """The score and its parts: an aid, never a decision."""

    score: int
    level: News2Level
    parts: tuple[tuple[VitalSign, int], ...]

    @property
    def alarming(self) -> bool:
        """Whether «prévenir le régulateur / 15» is put forward: from a single 3 up."""
        return self.level not in (News2Level.ZERO, News2Level.LOW)


#: Upper end of each band, included, and its points; the last band has no end.
_Bands = tuple[tuple[float, int], ...]
_END = float("inf")
_RESPIRATION: _Bands = ((8, 3), (11, 1), (20, 0), (24, 2), (_END, 3))
_SPO2_1: _Bands = ((91, 3), (93, 2), (95, 1), (_END, 0))
_SPO2_2_AIR: _Bands = ((83, 3), (85, 2), (87, 1), (_END, 0))
_SPO2_2_OXYGEN: _Bands = ((83, 3), (85, 2), (87, 1), (92, 0), (94, 1), (96, 2), (_END, 3))
_SYSTOLIC: _Bands = ((90, 3), (100, 2), (110, 1), (219, 0), (_END, 3))
_PULSE: _Bands = ((40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (_END, 3))
_TEMPERATURE: _Bands = ((35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1), (_END, 2))

#: What the score needs.
NEWS2_SIGNS = (
    VitalSign.RESPIRATION,
    VitalSign.SPO2,
    VitalSign.OXYGEN,
    VitalSign.PRESSURE,
    VitalSign.PULSE,
    VitalSign.CONSCIOUSNESS,
    VitalSign.TEMPERATURE,
)


def _points(bands: _Bands, value: float) -> int:
    return next(points for end, points in bands if value <= end)


def news2_missing(vitals: Vitals) -> tuple[VitalSign, ...]:
    """The signs without which there is no score."""
    return tuple(sign for sign in NEWS2_SIGNS if not vitals.has(sign))


def news2(
    vitals: Vitals,
    age_years: int,
    *,
    scale2: bool = False,
    pregnant: bool = False,
    from_age: int | None = ADULT,
) -> News2 | None:
    """The National Early Warning Score 2 (Royal College of Physicians, 2017).

    None under 16, in pregnancy, when switched off (`from_age` None), or when a sign is missing:
    `news2_missing` says which. `scale2` is the SpO2 scale for a target of 88–92 %.
    """
    if from_age is None or pregnant or age_years < max(from_age, ADULT) or news2_missing(vitals):
        return None
    assert vitals.respiration is not None  # noqa: S101 - news2_missing has looked
    assert vitals.spo2 is not None  # noqa: S101
    assert vitals.systolic is not None  # noqa: S101
    assert vitals.pulse is not None  # noqa: S101
    assert vitals.temperature is not None  # noqa: S101
    saturation = _SPO2_1
    if scale2:
        saturation = _SPO2_2_OXYGEN if vitals.oxygen else _SPO2_2_AIR
    parts = (
        (VitalSign.RESPIRATION, _points(_RESPIRATION, vitals.respiration)),
        (VitalSign.SPO2, _points(saturation, vitals.spo2)),
        (VitalSign.OXYGEN, 2 if vitals.oxygen else 0),
        (VitalSign.PRESSURE, _points(_SYSTOLIC, vitals.systolic)),
        (VitalSign.PULSE, _points(_PULSE, vitals.pulse)),
        (VitalSign.CONSCIOUSNESS, 0 if vitals.consciousness is Consciousness.ALERT else 3),
        (VitalSign.TEMPERATURE, _points(_TEMPERATURE, round(vitals.temperature, 1))),
    )
    score = sum(points for _, points in parts)
    return News2(score, _level(score, single_three=any(points == 3 for _, points in parts)), parts)


def _level(score: int, *, single_three: bool) -> News2Level:
    if score >= 7:
        return News2Level.EMERGENCY
    if score >= 5:
        return News2Level.URGENT
    if single_three:
        return News2Level.SINGLE_THREE
    return News2Level.LOW if score else News2Level.ZERO


# --- codes ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Code:
    """How a value is named outside: LOINC code, UCUM unit, and the factor from our unit."""

    loinc: str | None
    ucum: str | None
    factor: float = 1.0


#: For FHIR Observations of the category `vital-signs`. The panel of a pressure is 85354-9.
CODES: dict[str, Code] = {
    "respiration": Code("9279-1", "/min"),
    "spo2": Code("2708-6", "%"),
    "oxygen_flow": Code(None, "L/min"),
    "systolic": Code("8480-6", "mm[Hg]"),
    "diastolic": Code("8462-4", "mm[Hg]"),
    "pulse": Code("8867-4", "/min"),
    "temperature": Code("8310-5", "Cel"),
    "glasgow": Code("9269-2", "{score}"),
    "glucose": Code("2345-7", "mg/dL", 100.0),
    "pain": Code("72514-3", "1"),
    "weight": Code("29463-7", "kg"),
    "height": Code("8302-2", "cm"),
    "bmi": Code("39156-5", "kg/m2"),
}
PRESSURE_PANEL = "85354-9"
PULSE_OXYMETRY = "59408-5"
