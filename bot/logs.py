"""Logs that hold ids only: tokens and telephone numbers are struck out whoever wrote them."""

import logging
import re
import sys
from typing import TextIO

TOKEN = re.compile(r"\d{6,}:[A-Za-z0-9_-]{30,}")
LINK = re.compile(r"(?<=/)[A-Za-z0-9_-]{40,}")
PHONE = re.compile(r"(?<![\w-])(?:\+33|0033|0)[ .-]?[1-9](?:[ .-]?\d{2}){4}(?!\w)")
FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def redact(text: str) -> str:
    """The text without tokens, personal links and telephone numbers."""
    return PHONE.sub("[phone]", LINK.sub("[link]", TOKEN.sub("[token]", text)))


class RedactingFormatter(logging.Formatter):
    """Strikes out secrets in the finished line, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """The line as it may be kept."""
        return redact(super().format(record))


def set_up_logs(level: str = "INFO", stream: TextIO | None = None) -> None:
    """One handler for everybody; libraries that are chatty about requests are quietened."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(RedactingFormatter(FORMAT))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("alembic", "apscheduler", "httpx", "httpcore", "telegram", "aiosqlite", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
