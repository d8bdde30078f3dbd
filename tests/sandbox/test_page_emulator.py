"""The page and the emulated Telegram together: what one says, the other shows."""

import json
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Page, expect

from bot.sandbox.chats import Chat, User
from bot.sandbox.server import create_app, serve
from bot.sandbox.telegram import Telegram
from tests.sandbox import page_browser

chromium_path = page_browser.chromium_path


@pytest_asyncio.fixture(name="page")
async def the_page(
    telegram: Telegram, lea: User, amina: User, group: Chat, chromium_path: str
) -> AsyncIterator[Page]:
    runner = await serve(create_app(telegram))
    try:
        async with (
            page_browser.browser(chromium_path) as browser,
            page_browser.visit(browser, f"http://127.0.0.1:{runner.addresses[0][1]}") as page,
        ):
            yield page
    finally:
        await runner.cleanup()


async def test_the_page_shows_what_the_bot_sends_and_the_bot_hears_what_is_tapped(
    page: Page, telegram: Telegram, amina: User
) -> None:
    pane = page.locator("#pane-a")
    await expect(pane.locator("select")).to_have_value(str(amina.id))
    keyboard = {"inline_keyboard": [[{"text": "ACCEPTER", "callback_data": "oui"}]]}
    said = {"chat_id": amina.id, "text": "<b>SMT 412</b>\n12 &lt; 13", "parse_mode": "HTML"}
    await telegram.call("sendMessage", {**said, "reply_markup": json.dumps(keyboard)})
    await expect(pane.locator(".message").last.locator("b")).to_have_text("SMT 412")
    await expect(pane.locator(".message").last).to_contain_text("12 < 13")

    async with page.expect_response("**/api/act"):
        await pane.get_by_role("button", name="ACCEPTER").click()
    (update,) = telegram.take_updates()
    tap = update["callback_query"]
    assert (tap["from"]["id"], tap["data"]) == (amina.id, "oui")
    await telegram.call("answerCallbackQuery", {"callback_query_id": tap["id"], "text": "C'est à vous."})
    await expect(pane.locator(".toast")).to_have_text("C'est à vous.")


async def test_what_is_written_and_sent_in_the_page_reaches_the_bot(
    page: Page, telegram: Telegram, lea: User, group: Chat
) -> None:
    topic = telegram.open_topic(lea, group, "SMT 412 · Mulhouse")
    pane = page.locator("#pane-group")
    await pane.locator(f"[data-topic='{topic.id}']").click()
    await pane.get_by_role("textbox").fill("Bonjour")
    await pane.get_by_role("textbox").press("Enter")
    await expect(pane.locator(".message.own").last).to_contain_text("Bonjour")
    heard = [update["message"] for update in telegram.take_updates()]
    assert [(said["text"], said["message_thread_id"]) for said in heard if "text" in said] == [
        ("Bonjour", topic.id)
    ]
    telegram.close_topic(lea, group, topic.id)
    await expect(pane.locator(".topic.closed")).to_have_count(1)
