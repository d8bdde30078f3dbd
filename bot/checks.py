"""Tries the configuration for real. Each finding is one sentence that says what to mend. Changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import aiohttp

from bot import heartbeat
from bot.clock import clock_from
from bot.domain import change
from bot.domain.calendar import local
from bot.domain.phone import FICTION_RANGES
from bot.domain.region import Region
from bot.failures import Failure, MethodMissing, Moved, NotSent, Unauthorized, Unreachable
from bot.posting import is_public
from bot.present import PresentRegion
from bot.region import SMS, RegionError, dates_to_come, differences, gaps_to_come, load_region, longest_text
from bot.request import AiohttpRequest
from bot.settings import Settings
from bot.telegram_api import TelegramApi
from storage import migrate
from storage.database import open_storage
from storage.vault import Vault

GATEWAY_SECONDS = 10.0


#: So long before a roster ends, the next one should be there.
ROSTER_ENDS_SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `check`."""

    ok: bool
    sentence: str

    def __str__(self) -> str:
        return f"{'✔' if self.ok else '✘'} {self.sentence}"


async def look_at_everything(settings: Settings) -> AsyncIterator[Finding]:
    """Every check, in the order in which things must work."""
    for finding in look_at_region(settings):
        yield finding
    yield look_at_database(settings)
    async for finding in look_at_changes(settings):
        yield finding
    async for finding in look_at_rosters(settings):
        yield finding
    request = AiohttpRequest()
    async with request:
        api = TelegramApi(request, settings.telegram_api, settings.token)
        async for finding in look_at_telegram(settings, api):
            yield finding
    yield look_at_public_url(settings)
    yield await look_at_sms(settings)
    yield await look_at_heartbeat(settings)


def look_at_region(settings: Settings) -> Iterator[Finding]:
    """The region file: whether it can be used, what is not as shipped, and what soon changes by its dates."""
    try:
        region, shipped = load_region(settings.region), load_region()
    except RegionError as error:
        yield Finding(False, f"The region file cannot be used. {error}")
        return
    file = settings.region.name
    yield Finding(True, f"Region: {region.name}, {len(region.communes)} communes, from {file}.")
    if region.key != shipped.key:
        yield Finding(True, f"Region: all of it is of {region.name}, nothing of the shipped {shipped.name}.")
    else:
        for difference in differences(shipped, region):
            yield Finding(True, f"Region: not as shipped: {difference}.")
    today = local(region, clock_from(settings.clock).now()).date()
    for date_to_come in dates_to_come(region, today):
        yield Finding(True, f"Region: {date_to_come}.")
    for gap in gaps_to_come(region, today):
        yield Finding(False, f"Region: {gap}.")
    if (length := longest_text(region.name, region.visio_url)) > SMS:
        sentence = f"the text message with the link has {length} places, {SMS} make one: each costs two."
        yield Finding(True, f"Region: visio_url: {sentence}")
    if not settings.fiction_numbers:
        yield from _invented(region)


def _invented(region: Region) -> Iterator[Finding]:
    """What the shipped files have in the place of a real number or address."""
    for key, number in (("osnp_phone", region.osnp_phone), ("contact_phone", region.contact_phone)):
        if number.startswith(tuple(FICTION_RANGES)):
            yield Finding(False, f"Region: {key} {number} is invented and reaches nobody: put yours there.")
    host = urlsplit(region.visio_url).hostname or ""
    if host.endswith((".example", ".invalid", ".test")):
        yield Finding(False, f"Region: visio_url leads nowhere ({host}): put your video service there.")


async def look_at_changes(settings: Settings) -> AsyncIterator[Finding]:
    """What the coordinateur has changed of it while the bot ran."""
    try:
        if migrate.compared(migrate.current(settings.database)) is not migrate.Schema.CURRENT:
            return
        present = PresentRegion(load_region(settings.region))
        storage = open_storage(settings.database, Vault.from_secret("nothing sealed is read here"))
        try:
            async with storage.transaction() as tx:
                reading = await present.read(tx)
                authors = await tx.people.many([one.author for one in reading.standing])
        finally:
            await storage.close()
    except Exception:  # noqa: BLE001 - what is wrong with file or database is said where those are looked at
        return
    today = local(reading.region, clock_from(settings.clock).now()).date()
    for one in reading.standing:
        if one.day is not None and one.day < today:
            continue
        name = authors[one.author].full_name if one.author in authors else "?"
        said = f"{one.key}: {change.value_of(present.file, one.key) or 'as usual'} → {one.value}"
        if one in reading.unfit:
            yield Finding(False, f"Changed by {name}, and left out, since the file has changed: {said}.")
        else:
            yield Finding(True, f"Changed by {name} on {one.at:%Y-%m-%d}: {said}.")
    if reading.imported:
        yield Finding(True, f"Duty sectors: {reading.imported} communes imported, not those of the file.")


async def look_at_rosters(settings: Settings) -> AsyncIterator[Finding]:
    """Until when somebody is known to be on duty, for the steps that go by a roster."""
    try:
        if migrate.compared(migrate.current(settings.database)) is not migrate.Schema.CURRENT:
            return
        region, now = load_region(settings.region), clock_from(settings.clock).now()
        asked = region.on(local(region, now).date()).steps
        storage = open_storage(settings.database, Vault.from_secret("nothing sealed is read here"))
        try:
            async with storage.transaction() as tx:
                ends = await tx.duties.known_until(now)
        finally:
            await storage.close()
    except Exception:  # noqa: BLE001 - likewise
        return
    for rule in asked:
        end = ends.get(rule.step)
        if end is not None:
            far, day = end - now >= ROSTER_ENDS_SOON, f"{local(region, end):%Y-%m-%d}"
            yield Finding(far, f"Duty roster: {rule.step} is known until {day}{'' if far else ' only'}.")
        elif rule.by_duty:
            yield Finding(False, f"Duty roster: {rule.step} goes by a roster alone, and nobody has a turn.")


def look_at_database(settings: Settings) -> Finding:
    """Whether the schema is the one this version needs."""
    try:
        how = migrate.compared(migrate.current(settings.database))
    except Exception as error:  # noqa: BLE001 - a driver's own errors; said by their kind, without the address
        return Finding(
            False,
            f"The database cannot be opened ({type(error).__name__}): mend SMT_DATABASE_URL or the server.",
        )
    if how is migrate.Schema.NONE:
        return Finding(True, "Database: new; `run` creates it.")
    if how is migrate.Schema.OLDER:
        return Finding(False, "The database is at an older schema: back up, then `python -m bot migrate`.")
    if how is migrate.Schema.NEWER:
        return Finding(False, "The database is at a newer schema: a newer version of this program made it.")
    return Finding(True, "Database: up to date.")


async def look_at_telegram(settings: Settings, api: TelegramApi) -> AsyncIterator[Finding]:
    """Server, token, group, rights, and where updates go."""
    host = urlsplit(settings.telegram_api).netloc
    try:
        me = await api.call("getMe")
    except (Unauthorized, MethodMissing):
        yield Finding(
            False,
            f"{host} refuses the token: copy SMT_BOT_TOKEN again from @BotFather (or mend SMT_TELEGRAM_API).",
        )
        return
    except Failure as failure:
        what = "cannot be reached" if isinstance(failure, NotSent) else "does not answer as Telegram does"
        yield Finding(False, f"{host} {what}: mend SMT_TELEGRAM_API, or the line to it.")
        return
    yield Finding(True, f"Telegram: {host} knows the bot as @{me.get('username')}.")
    async for finding in _look_at_group(settings, api, me["id"]):
        yield finding
    if (updates := await _look_at_webhook(settings, api)) is not None:
        yield updates


async def _look_at_group(settings: Settings, api: TelegramApi, bot_id: int) -> AsyncIterator[Finding]:
    group = settings.group_id
    if group is None:
        yield Finding(False, await _groups_seen(api))
        return
    try:
        member = await api.call("getChatMember", chat_id=group, user_id=bot_id)
    except Moved as moved:
        yield Finding(False, f"The group has become a supergroup: set SMT_GROUP_ID={moved.new_chat_id}.")
        return
    except Unreachable:
        yield Finding(False, f"The bot is not in the group {group}: add it there, or mend SMT_GROUP_ID.")
        return
    except Failure as failure:
        yield Finding(False, f"The group {group} cannot be looked at ({type(failure).__name__}).")
        return
    status = member.get("status")
    if status in ("left", "kicked"):
        yield Finding(False, f"The bot is not in the group {group}: add it there, or mend SMT_GROUP_ID.")
        return
    yield Finding(True, f"Group: the bot is in {group}.")
    administers = status in ("administrator", "creator")
    if not administers:
        yield Finding(
            False, "The bot is no administrator of the group: make it one, so that it reads replies."
        )
    elif status != "creator" and not member.get("can_manage_topics"):
        yield Finding(False, "The bot may not manage topics: give it that right, or missions share one flow.")
    else:
        yield await _look_at_forum(api, group)


async def _groups_seen(api: TelegramApi) -> str:
    """Which groups the bot was lately added to or written to in; nothing of it is confirmed to Telegram."""
    try:
        updates = await api.call("getUpdates", limit=100, timeout=0)
    except Failure:
        updates = []
    groups: dict[int, str] = {}
    for update in updates:
        for body in update.values():
            chat = body.get("chat") if isinstance(body, dict) else None
            if isinstance(chat, dict) and chat.get("type") == "supergroup":
                groups[int(chat["id"])] = str(chat.get("title", ""))
    if not groups:
        return (
            "SMT_GROUP_ID is empty: add the bot to the OSNP group (with topics), write something there, then"
            " run `check` again: it prints the group's number."
        )
    seen = ", ".join(f"SMT_GROUP_ID={number} is «{title}»" for number, title in groups.items())
    return f"SMT_GROUP_ID is empty. Lately seen: {seen}."


async def _look_at_forum(api: TelegramApi, group: int) -> Finding:
    try:
        chat = await api.call("getChat", chat_id=group)
    except Failure:
        return Finding(True, "Group: the bot may manage topics.")
    if not chat.get("is_forum"):
        return Finding(False, "The group has no topics: switch them on, or missions share one flow.")
    return Finding(True, f"Group: «{chat.get('title', group)}» has topics, and the bot may manage them.")


async def _look_at_webhook(settings: Settings, api: TelegramApi) -> Finding | None:
    try:
        info = await api.call("getWebhookInfo")
    except Failure:
        return None
    url = info.get("url") or ""
    if settings.intake == "polling":
        if url:
            return Finding(
                False, "A webhook is set for this bot: `run` with polling takes it away. Intended?"
            )
        return Finding(True, "Updates: by polling.")
    error = info.get("last_error_message")
    if error:
        return Finding(False, f"Telegram could not bring updates to the webhook: {error}")
    return Finding(True, "Updates: by webhook, which `run` sets.")


def look_at_public_url(settings: Settings) -> Finding:
    """Whether links can be buttons."""
    if settings.public_url is None:
        return Finding(True, "SMT_PUBLIC_URL is empty: links are written as text.")
    if not settings.public_url.startswith("https://") or not is_public(settings.public_url):
        return Finding(False, "SMT_PUBLIC_URL is no public https:// address: phones cannot open its pages.")
    return Finding(True, f"Public address: {settings.public_url}.")


async def look_at_sms(settings: Settings) -> Finding:
    """Whether the gateway is there; no SMS is sent."""
    if settings.sms == "dry-run" and (texted := _steps_by_sms(settings)):
        return Finding(False, f"SMS: dry run, but {', '.join(texted)} asks doctors by SMS: set SMT_SMS.")
    if settings.sms == "dry-run":
        return Finding(True, "SMS: dry run, no text leaves. Set SMT_SMS to a gateway to send them.")
    try:
        timeout = aiohttp.ClientTimeout(total=GATEWAY_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.options(settings.sms):
            return Finding(True, "SMS: the gateway answers.")
    except (aiohttp.ClientError, asyncio.TimeoutError) as error:  # noqa: UP041
        return Finding(False, f"The SMS gateway does not answer ({type(error).__name__}): mend SMT_SMS.")


def _steps_by_sms(settings: Settings) -> list[str]:
    """The steps of the cascade that ask doctors by text message."""
    try:
        return [rule.step.value for rule in load_region(settings.region).steps if rule.asks_by_text]
    except RegionError:
        return []


async def look_at_heartbeat(settings: Settings) -> Finding:
    """Whether the outside monitor hears one beat; it counts as one."""
    if not settings.heartbeat_url:
        return Finding(True, "SMT_HEARTBEAT_URL is empty: nobody outside notices when the bot is away.")
    if (why := await heartbeat.heard(settings.heartbeat_url)) is not None:
        return Finding(False, f"Heartbeat: {why}. Mend SMT_HEARTBEAT_URL.")
    return Finding(True, "Heartbeat: the monitor has heard one.")
