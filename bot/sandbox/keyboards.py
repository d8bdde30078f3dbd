"""Buttons under a message: what Telegram takes and what it refuses. Presses nothing."""

import re
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bot.sandbox.parameters import Parameters
from bot.sandbox.refusals import bad_request

Json = dict[str, Any]

MOST_DATA = 64  # bytes
MOST_COPIED = 256
MOST_BUTTONS = 100
BROADCASTS = 1024  # keyboards that stand under the messages of many
KINDS = (
    "url",
    "callback_data",
    "copy_text",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "pay",
)


class Markup(NamedTuple):
    """What stands under a message, or under the place where one writes."""

    inline: list[list[Json]]
    keyboard: Json | None


def markup(p: Parameters) -> Markup:
    """The `reply_markup` of a call."""
    written = p.values.get("reply_markup")
    if isinstance(written, str) and written:
        return _read(written)
    return _checked(p.mapping("reply_markup"))


def inline_only(p: Parameters) -> list[list[Json]]:
    """The `reply_markup` of an edit, which can only be an inline keyboard."""
    found = markup(p)
    if found.keyboard is not None:
        raise bad_request("inline keyboard expected")
    return found.inline


@lru_cache(maxsize=BROADCASTS)
def _read(written: str) -> Markup:
    """Read once for all under whose message the same buttons stand, and kept once."""
    return _checked(Parameters({"reply_markup": written}, {}).mapping("reply_markup"))


def _checked(given: Json | None) -> Markup:
    if not given:
        return Markup([], None)
    if "inline_keyboard" in given:
        return Markup(_inline(given["inline_keyboard"]), None)
    if "keyboard" in given:
        return Markup([], {**given, "keyboard": _reply_rows(given["keyboard"])})
    if given.get("remove_keyboard") or given.get("force_reply"):
        return Markup([], given)
    raise bad_request("object expected as reply markup")


def _inline(rows: Any) -> list[list[Json]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("can't parse inline keyboard button: expected an Array of Array of buttons")
    checked = [[_button(button) for button in row] for row in rows if row]
    if sum(len(row) for row in checked) > MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    return checked


def _button(button: Any) -> Json:
    if not isinstance(button, dict) or not button.get("text"):
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    kinds = [kind for kind in KINDS if kind in button]
    if not kinds:
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if len(kinds) > 1:
        raise bad_request("BUTTON_TYPE_INVALID")
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= MOST_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button:
        _check_url(str(button["url"]))
    if "copy_text" in button and not 1 <= len(str(button["copy_text"].get("text", ""))) <= MOST_COPIED:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
    return button


def _check_url(url: str) -> None:
    if url.startswith(("tg://", "ton://")):
        return
    parts = urlsplit(url if "://" in url or re.match(r"[a-z]+:", url) else f"http://{url}")
    complaint = ""
    if parts.scheme not in {"http", "https"}:
        complaint = "Unsupported URL protocol"
    elif not parts.hostname:
        complaint = "URL host is empty"
    elif "." not in parts.hostname or parts.hostname.endswith((".localhost", ".local")):
        complaint = "Wrong HTTP URL"
    if complaint:
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: {complaint}")


def _reply_rows(rows: Any) -> list[list[Json]]:
    if not isinstance(rows, list) or not rows:
        raise bad_request("can't parse reply keyboard: expected a non-empty Array of Array of buttons")
    checked = []
    for row in rows:
        checked.append([{"text": button} if isinstance(button, str) else button for button in row])
        if not all(button.get("text") for button in checked[-1]):
            raise bad_request("reply markup button text must be non-empty")
    return checked
