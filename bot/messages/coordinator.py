"""The buttons with which the coordinateur changes delays and days."""

from bot.buttons import Verb
from bot.domain import change
from bot.messages.rows import Keys, Rows, in_rows_of, rows
from bot.ports import Button

#: Days shown as buttons.
DAYS = 8

#: A label in a row of two.
SHORT = 18


def delays(keys: Keys) -> Rows:
    """One button for each delay."""
    if not keys.sheet.f["may"]:
        return ()
    return in_rows_of(2, [_delay(keys, key) for key in change.delay_keys(keys.sheet.extra["now"])])


def _delay(keys: Keys, key: str) -> Button:
    table, _, name = key.partition(".")
    if table != "steps":
        label = name if table == "delays" else key.replace(".", "_")
        return keys.tap(Verb.DELAY, f"delay_{label}", key)
    step = name.removesuffix(".delay")
    label = next(rule.label for rule in keys.sheet.extra["now"].steps if rule.step == step)
    return keys.tap(Verb.DELAY, "step_delay", key, name=label[:SHORT])


def delay(keys: Keys) -> Rows:
    """The nearest values that can stand, what the file says, and the way back."""
    key, extra = str(keys.sheet.f["key"]), keys.sheet.extra
    values = [
        keys.tap(Verb.DELAY_SET, "delay_value", f"{key}={value}", value=value)
        for value in change.choices(extra["now"], key)
    ]
    in_file = change.value_of(extra["file"], key)
    as_file = None
    if in_file != change.value_of(extra["now"], key) and key != change.SEVERAL:
        as_file = keys.tap(Verb.DELAY_SET, "as_file", f"{key}={in_file}", value=in_file)
    return (*in_rows_of(3, values), *rows((as_file,), (keys.tap(Verb.DELAYS, "all_delays"),)))


def days(keys: Keys) -> Rows:
    """The next days that are open, or closed; of a day to open, the usual hours."""
    facts, region, today = keys.sheet.f, keys.sheet.extra["now"], keys.sheet.extra["today"]
    if not facts["may"]:
        return ()
    if facts["day"] is not None:
        spans = change.usual_spans(region)
        return in_rows_of(
            2,
            [
                keys.tap(
                    Verb.OPEN_HOURS,
                    "open_hours",
                    f"{facts['day']} {span.replace(':', '')}",
                    hours=span.replace("-", "–"),
                )
                for span in spans
            ],
        )
    is_closing = facts["what"] == "close"
    found = change.days_to_close if is_closing else change.days_to_open
    verb = Verb.CLOSE_DAY if is_closing else Verb.OPEN_DAY
    return in_rows_of(
        2,
        [
            keys.tap(verb, "one_day", day.isoformat(), day=keys.words.short_day(day))
            for day in found(region, today, DAYS)
        ],
    )


def changed(keys: Keys) -> Rows:
    """«Annuler», while it stands."""
    facts = keys.sheet.f
    if facts["state"] != "standing" or not facts["change"]:
        return ()
    return rows((keys.tap(Verb.REVOKE_CHANGE, "revoke_change", facts["change"]),))


def changes(keys: Keys) -> Rows:
    """«Annuler 1», «Annuler 2»…"""
    if not keys.sheet.f["may"]:
        return ()
    standing = keys.sheet.extra["standing"]
    return in_rows_of(
        3,
        [
            keys.tap(Verb.REVOKE_CHANGE, "revoke_number", one.id, number=number)
            for number, one in enumerate(standing, start=1)
        ],
    )
