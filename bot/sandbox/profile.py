"""The methods about the bot itself, its files and its webhook; getUpdates is `UpdateQueue.poll`."""

import json
import re
from collections.abc import Callable
from typing import Any

from bot.sandbox.files import MOST_DOWNLOADED
from bot.sandbox.parameters import Parameters
from bot.sandbox.refusals import bad_request
from bot.sandbox.world import World

Json = dict[str, Any]

MOST_COMMANDS = 100


def get_me(world: World, p: Parameters) -> Json:
    """GetMe."""
    del p
    return {
        **world.bot.as_json(),
        "first_name": world.profile.name,
        "can_join_groups": True,
        "can_read_all_group_messages": world.switches.reads_all_messages,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": world.switches.topics_in_private,
        "allows_users_to_create_topics": False,
    }


def get_file(world: World, p: Parameters) -> Json:
    """GetFile: where to fetch a file of at most 20 MB."""
    file = world.files.find(p.text("file_id"))
    if file is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if file.size > MOST_DOWNLOADED:
        raise bad_request("file is too big")
    return {**file.reference(), "file_path": file.path}


def set_my_commands(world: World, p: Parameters) -> bool:
    """SetMyCommands."""
    commands = p.sequence("commands") or []
    if len(commands) > MOST_COMMANDS:
        raise bad_request("too many commands specified")
    for command in commands:
        if not re.fullmatch(r"/?[a-z0-9_]{1,32}", str(command.get("command"))):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    world.profile.commands[_scope(p)] = commands
    return True


def get_my_commands(world: World, p: Parameters) -> list[Json]:
    """GetMyCommands."""
    return world.profile.commands.get(_scope(p), [])


def delete_my_commands(world: World, p: Parameters) -> bool:
    """DeleteMyCommands."""
    world.profile.commands.pop(_scope(p), None)
    return True


def set_my_name(world: World, p: Parameters) -> bool:
    """SetMyName."""
    if len(p.text("name")) > 64:
        raise bad_request("bot name is too long")
    world.profile.name = world.bot.first_name = p.text("name") or world.bot.first_name
    return True


def set_my_description(world: World, p: Parameters) -> bool:
    """SetMyDescription."""
    if len(p.text("description")) > 512:
        raise bad_request("bot description is too long")
    world.profile.description = p.text("description")
    return True


def set_my_short_description(world: World, p: Parameters) -> bool:
    """SetMyShortDescription."""
    if len(p.text("short_description")) > 120:
        raise bad_request("bot short description is too long")
    world.profile.short_description = p.text("short_description")
    return True


def set_chat_menu_button(world: World, p: Parameters) -> bool:
    """SetChatMenuButton."""
    world.profile.menu_buttons[p.integer("chat_id") or 0] = p.mapping("menu_button") or {"type": "default"}
    return True


def set_webhook(world: World, p: Parameters) -> bool:
    """SetWebhook."""
    url = p.text("url")
    # Telegram takes https only; the sandbox has no certificate, so http on loopback passes here.
    if url and not re.match(r"https://|http://(127\.0\.0\.1|localhost|\[::1\])[:/]", url):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", p.text("secret_token")):
        raise bad_request("secret token contains unallowed characters")
    world.updates.allow(p.sequence("allowed_updates"))
    if p.yes("drop_pending_updates"):
        world.updates.drop()
    world.updates.set_webhook(url, p.text("secret_token"))
    return True


def delete_webhook(world: World, p: Parameters) -> bool:
    """DeleteWebhook."""
    if p.yes("drop_pending_updates"):
        world.updates.drop()
    world.updates.set_webhook("", "")
    return True


def get_webhook_info(world: World, p: Parameters) -> Json:
    """GetWebhookInfo."""
    del p
    webhook = world.updates.webhook
    body: Json = {
        "url": webhook.url if webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": world.updates.pending(),
    }
    if webhook and webhook.last_error_at:
        body["last_error_date"] = int(webhook.last_error_at.timestamp())
        body["last_error_message"] = webhook.last_error
    if world.updates.allowed:
        body["allowed_updates"] = sorted(world.updates.allowed)
    return body


def log_out(world: World, p: Parameters) -> bool:
    """LogOut and close: nothing to leave here."""
    del world, p
    return True


def _scope(p: Parameters) -> tuple[str, str]:
    return json.dumps(p.mapping("scope") or {"type": "default"}, sort_keys=True), p.text("language_code")


METHODS: dict[str, Callable[[World, Parameters], Any]] = {
    "getMe": get_me,
    "getFile": get_file,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setMyName": set_my_name,
    "setMyDescription": set_my_description,
    "setMyShortDescription": set_my_short_description,
    "setChatMenuButton": set_chat_menu_button,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": get_webhook_info,
    "logOut": log_out,
    "close": log_out,
}
