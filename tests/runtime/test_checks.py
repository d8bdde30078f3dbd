"""`python -m bot check`, before the group is known."""

import re
import shutil
from pathlib import Path

from msgspec.structs import replace

from bot.checks import look_at_region, look_at_telegram
from bot.region import SHIPPED
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


def test_a_region_file_that_cannot_be_used_is_named_with_its_line(tmp_path: Path) -> None:
    for file in SHIPPED.parent.iterdir():
        shutil.copy(file, tmp_path)
    own = tmp_path / "ours.toml"
    text = SHIPPED.read_text(encoding="utf-8")
    own.write_text(text.replace('answer = "30 min"', 'answer = "bientôt"'), encoding="utf-8")
    line = next(n for n, row in enumerate(text.splitlines(), start=1) if row.startswith("answer = "))

    (finding,) = look_at_region(replace(settings(), region=own))

    assert not finding.ok
    assert f'ours.toml, line {line}, delays.answer: "bientôt" is no duration' in finding.sentence


def test_of_the_shipped_region_nothing_is_said_but_what_its_dates_bring() -> None:
    first, *others = look_at_region(settings())
    assert first.sentence == "Region: SAS 68, 366 communes, from sas68.toml."
    assert [one.sentence for one in others if one.ok and "ends on" not in one.sentence] == []


def test_numbers_and_addresses_that_reach_nobody_are_to_be_replaced_before_service() -> None:
    wrong = [one.sentence for one in look_at_region(settings()) if not one.ok]
    assert [sentence.split()[1] for sentence in wrong] == ["osnp_phone", "visio_url"]
    assert "+33353010010 is invented" in wrong[0]

    played = replace(settings(), fiction_numbers=True)
    assert all(one.ok for one in look_at_region(played))


def test_a_long_address_of_the_video_costs_two_texts_and_is_no_fault(tmp_path: Path) -> None:
    for file in SHIPPED.parent.iterdir():
        shutil.copy(file, tmp_path)
    text = SHIPPED.read_text("utf-8").replace(
        "https://visio.example/", "https://video.example/hopital/salle/"
    )
    (tmp_path / "ours.toml").write_text(text, encoding="utf-8")

    said = list(look_at_region(replace(settings(), region=tmp_path / "ours.toml", fiction_numbers=True)))
    assert [one.ok for one in said if "each costs two" in one.sentence] == [True]


def test_a_date_by_which_nobody_would_be_asked_is_a_fault(tmp_path: Path) -> None:
    for file in SHIPPED.parent.iterdir():
        shutil.copy(file, tmp_path)
    ended = re.sub(r"(\ndelay = .*)", r"\1\nvalid_until = 2020-01-31", SHIPPED.read_text("utf-8"))
    (tmp_path / "ours.toml").write_text(ended, encoding="utf-8")

    said = list(look_at_region(replace(settings(), region=tmp_path / "ours.toml")))
    assert [one.ok for one in said if "no [[steps]]" in one.sentence] == [False]
