"""The buttons of the constantes."""

from bot.buttons import Verb
from bot.domain.mission import MissionState
from bot.domain.vitals import EXPECTED, GUIDED, VitalSign
from bot.domain.vitals_entry import Asks, Entry
from bot.messages.rows import Keys, Rows, in_rows_of, rows
from bot.ports import Button

#: Levels of consciousness have names; other choices are figures.
_NAMED = {level: f"conscious_{level.lower()}" for level in "ACVPU"}


def own(keys: Keys) -> Rows:
    """Under the nurse's card of a series."""
    extra, mission = keys.sheet.extra, keys.mission
    series = extra["series"]
    if series is None or mission.state is MissionState.CLOSED:
        return ()
    alarming = extra["news2"] is not None and extra["news2"].alarming
    return rows(
        (keys.tap(Verb.VITALS_ALERT, "vitals_alert"),) if alarming else (),
        (
            keys.tap(Verb.VITALS_CORRECT, "vitals_correct", series.number),
            keys.tap(Verb.VITALS_NEW, "vitals_new"),
        ),
    )


def entry(keys: Keys) -> Rows:
    """What the open entry asks."""
    extra = keys.sheet.extra
    waiting: Entry | None = extra["entry"]
    if waiting is None:
        return ()
    asks: Asks = extra["asks"]
    if asks.field is not None:
        return _value(keys, waiting, asks.field)
    if asks.doubt is not None:
        return rows(
            (
                Button(
                    _yes(keys, waiting, asks.doubt),
                    data=keys.tap(
                        Verb.VITALS_CONFIRM, "vitals_yes", asks.doubt.value, epoch=waiting.number, value=""
                    ).data,
                ),
                keys.tap(Verb.VITALS_CORRECT, "vitals_correct", asks.doubt.value, epoch=waiting.number),
            ),
            (keys.tap(Verb.VITALS_CANCEL, "vitals_cancel"),),
        )
    if asks.pick:
        former = extra["former"]
        given = former.vitals.given() if former else ()
        signs = [sign for sign in VitalSign if sign in given or sign in EXPECTED]
        buttons = [
            keys.tap(Verb.VITALS_CORRECT, f"sign_{sign.value}", sign.value, epoch=waiting.number)
            for sign in signs
        ]
        return (*in_rows_of(3, buttons), (keys.tap(Verb.VITALS_CANCEL, "vitals_cancel"),))
    return ()


def _yes(keys: Keys, waiting: Entry, sign: VitalSign) -> str:
    """«Oui, 39 %»."""
    value = keys.words.plain("vitals.value", (waiting.vitals, sign.value))
    return keys.words.label("vitals_yes", value=value)


def _value(keys: Keys, waiting: Entry, field: str) -> Rows:
    number = waiting.number
    step = next((step for step in GUIDED if step.field == field), None)
    choices = [
        keys.tap(
            Verb.VITALS_CHOICE,
            _NAMED.get(choice, "figure") if field == "consciousness" else _figure(field, choice),
            f"{field}={choice}",
            epoch=number,
            value=choice.replace(".", ","),
        )
        for choice in (step.choices if step else ())
    ]
    width = 2 if field == "consciousness" else 4
    other = keys.tap(Verb.VITALS_OTHER, "vitals_other", field, epoch=number) if not waiting.typing else None
    if field == "consciousness":
        other = None
    return (
        *in_rows_of(width, choices),
        *rows(
            (other, keys.tap(Verb.VITALS_SKIP, "vitals_skip", field, epoch=number)),
            (
                keys.tap(Verb.VITALS_SEND, "vitals_send", epoch=number) if waiting.vitals.facts() else None,
                keys.tap(Verb.VITALS_CANCEL, "vitals_cancel"),
            ),
            (keys.tap(Verb.VITALS_EXPLAIN, "vitals_explain"),) if not waiting.vitals.facts() else (),
        ),
    )


def _figure(field: str, choice: str) -> str:
    return "oxygen_none" if field == "oxygen_flow" and choice == "0" else "figure"


def doctor(keys: Keys) -> Rows:
    """Under the doctor's card: what usually follows."""
    if keys.sheet.extra["series"] is None or keys.mission.state is not MissionState.OPEN:
        return ()
    return rows((keys.tap(Verb.CONCLUSION, "conclusion"), keys.tap(Verb.ACTS_ORDER, "acts_order")))


def alert(keys: Keys) -> Rows:
    """The group looks."""
    return rows((keys.tap(Verb.DOCUMENT_SEE, "see_vitals", "v"), keys.tap(Verb.SEE_PATIENT, "see_patient")))
