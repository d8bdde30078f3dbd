"""A bot, its Telegram and a small cast for the tests of the emulator."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from telegram import Bot

from bot.sandbox.chats import Chat, User
from bot.sandbox.telegram import Telegram
from tests.sandbox.request import BASE_FILE_URL, BASE_URL, EmulatorRequest

OPENING = datetime(2026, 10, 6, 7, 23, tzinfo=UTC)


class StillClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.at = OPENING

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def forward(self, **time: float) -> None:
        self.at += timedelta(**time)


@pytest.fixture(autouse=True)
def _durations_as_ptb_will_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without this PTB warns of its own `RetryAfter`, and warnings are errors here.
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def telegram(clock: StillClock) -> Telegram:
    return Telegram(clock, limits=False)


@pytest.fixture
async def bot(telegram: Telegram) -> AsyncIterator[Bot]:
    request = EmulatorRequest(telegram)
    async with Bot(
        telegram.token,
        base_url=BASE_URL,
        base_file_url=BASE_FILE_URL,
        request=request,
        get_updates_request=request,
    ) as bot:
        yield bot
    request.has_no_problems()


@pytest.fixture
def lea(telegram: Telegram) -> User:
    user = telegram.add_user(1001, "Léa", "Martin", "lea_osnp", phone="+33639980001", role="osnp")
    telegram.start(user)
    telegram.take_updates()
    return user


@pytest.fixture
def amina(telegram: Telegram) -> User:
    user = telegram.add_user(2001, "Amina", "Benali", phone="+33639980011", role="idel")
    telegram.start(user)
    telegram.take_updates()
    return user


@pytest.fixture
def group(telegram: Telegram, lea: User) -> Chat:
    return telegram.add_group("OSNP SMT 68", [lea])
