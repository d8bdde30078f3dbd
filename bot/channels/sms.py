"""Text messages: a dry run and a generic HTTP gateway. Knows numbers and texts, no mission.

No health data passes here. Logs hold our reference only.
"""

import asyncio
import logging
import unicodedata
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp

from bot.ports import SmsAccepted, SmsRejected, SmsRetry

log = logging.getLogger(__name__)

GATEWAY_SECONDS = 15.0
KEPT_TEXTS = 50

#: GSM 03.38, basic table and extension (which costs two places).
GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("^{}\\[~]|€")

_WRITTEN_OTHERWISE = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "«": '"',
        "»": '"',
        "–": "-",
        "—": "-",
        "…": "...",
        "œ": "oe",
        "Œ": "OE",
        "·": "-",
        "•": "-",
        "→": "->",
        "\u00a0": " ",
        "\u202f": " ",
        "\t": " ",
    }
)


def to_gsm(text: str) -> str:
    """The text in the letters a plain SMS knows: ê becomes e, ç becomes c; an emoji goes."""
    letters: list[str] = []
    for letter in text.translate(_WRITTEN_OTHERWISE):
        if letter in GSM_BASIC or letter in GSM_EXTENDED:
            letters.append(letter)
            continue
        bare = "".join(c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c))
        letters.extend(c for c in bare if c in GSM_BASIC or c in GSM_EXTENDED)
    return "".join(letters)


def segments(text: str) -> int:
    """How many SMS the text takes, already in GSM letters: 160 places, or 153 each when several."""
    places = sum(2 if letter in GSM_EXTENDED else 1 for letter in text)
    return 1 if places <= 160 else -(-places // 153)


@dataclass(frozen=True, slots=True)
class Text:
    """One SMS as it would have left."""

    to: str
    text: str
    ref: str


class DryRunSms:
    """No text leaves; the last ones are kept for the operator's eyes."""

    def __init__(self) -> None:
        self.texts: deque[Text] = deque(maxlen=KEPT_TEXTS)

    async def send(self, to: str, text: str, ref: str) -> SmsAccepted | SmsRejected | SmsRetry:
        """Keep it."""
        written = to_gsm(text)
        self.texts.append(Text(to, written, ref))
        log.info("sms %s kept, not sent (dry run)", ref)
        return SmsAccepted(id=f"dry-{ref}", parts=segments(written))

    async def close(self) -> None:
        """Nothing is open."""


class HttpSms:
    """A gateway that takes POST {"to", "text", "ref"} and answers {"id", "parts"}."""

    def __init__(self, url: str, *, seconds: float = GATEWAY_SECONDS) -> None:
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return "HttpSms(…)"  # an address may hold a key

    async def send(self, to: str, text: str, ref: str) -> SmsAccepted | SmsRejected | SmsRetry:
        """Hand it over."""
        written = to_gsm(text)
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        try:
            async with self._session.post(
                self._url, json={"to": to, "text": written, "ref": ref}, allow_redirects=False
            ) as response:
                status = response.status
                answer = await _json(response)
                after = _retry_after(response)
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:  # noqa: UP041
            log.warning("sms %s: the gateway did not answer (%s)", ref, type(error).__name__)
            return SmsRetry(
                timedelta(seconds=30), perhaps_sent=not isinstance(error, aiohttp.ClientConnectorError)
            )
        if 200 <= status < 300:
            return SmsAccepted(id=str(answer.get("id", ref)), parts=_parts(answer, written))
        if status == 429 or status >= 500:
            log.warning("sms %s: the gateway answered %d", ref, status)
            return SmsRetry(after)
        log.warning("sms %s: refused by the gateway (%d)", ref, status)
        return SmsRejected(f"gateway answered {status}")

    async def close(self) -> None:
        """Let the connection go."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def sms_from(setting: str) -> DryRunSms | HttpSms:
    """The gateway that `SMT_SMS` names."""
    return DryRunSms() if setting == "dry-run" else HttpSms(setting)


def _parts(answer: dict[str, Any], written: str) -> int:
    parts = answer.get("parts")
    return parts if isinstance(parts, int) else segments(written)


async def _json(response: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        answer = await response.json(content_type=None)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _retry_after(response: aiohttp.ClientResponse) -> timedelta:
    told = response.headers.get("Retry-After", "")
    return timedelta(seconds=min(int(told), 3600) if told.isdigit() else 30)
