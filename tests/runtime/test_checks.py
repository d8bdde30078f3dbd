"""`python -m bot check`, before the group is known."""

from bot.checks import look_at_telegram
from bot.sandbox.telegram import TOKEN, Telegram
from bot.settings import Secret, Settings
from bot.telegram_api import TelegramApi
from tests.clock import ManualClock
from tests.sandbox.request import EmulatorRequest


def settings() -> Settings:
    return Settings(
        bot_token=Secret(TOKEN),
        telegram_api="http://telegram.invalid",
    )


async def sentences(telegram: Telegram) -> list[str]:
    api = TelegramApi(EmulatorRequest(telegram), "http://telegram.invalid", TOKEN)
    return [str(finding) async for finding in look_at_telegram(settings(), api)]


async def test_the_number_of_a_group_the_bot_was_seen_in_is_printed() -> None:
    telegram = Telegram(ManualClock(), token=TOKEN)
    lea = telegram.add_user(1001, "Léa", "Martin")
    group = telegram.add_group("SAS 68 · SMT", [lea])
    telegram.send_text(lea, group, "bonjour")

    said = "\n".join(await sentences(telegram))

    assert f"SMT_GROUP_ID={group.id} is «SAS 68 · SMT»" in said
    assert telegram.updates.pending() == 1, "the update still waits for `run`"


async def test_without_a_group_it_says_how_to_get_its_number() -> None:
    said = "\n".join(await sentences(Telegram(ManualClock(), token=TOKEN)))
    assert "add the bot to the OSNP group" in said
    assert "run `check` again" in said
