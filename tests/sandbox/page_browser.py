"""Where the browser of the page's tests is, and how it is started."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
# As root it needs --no-sandbox; the rest keeps it from calling home, which a closed network refuses noisily.
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


#: Said by every test that did not run for want of a browser; counted at the end.
NO_CHROMIUM = "Chromium is absent"


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser on PATH. Without one the tests do not run, and in CI that is an error."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is not None:
        return found
    if os.environ.get("CI"):
        pytest.fail(f"{NO_CHROMIUM} (Debian: apt-get install chromium), and CI must run every test.")
    pytest.skip(NO_CHROMIUM)


@asynccontextmanager
async def browser(path: str) -> AsyncIterator[Browser]:
    """One headless browser."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield started
        finally:
            await started.close()


@asynccontextmanager
async def visit(
    started: Browser, origin: str, width: int = 1280, height: int = 800, *, attacked: bool = False
) -> AsyncIterator[Page]:
    """The page, loaded; a script error or a refusal by the policy fails the test, unless it attacks."""
    viewport = ViewportSize(width=width, height=height)
    context = await started.new_context(viewport=viewport, locale="fr-FR", reduced_motion="reduce")
    await context.grant_permissions(["clipboard-read", "clipboard-write"], origin=origin)
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Security Policy" in said.text else None)
    await page.goto(origin)
    await page.wait_for_selector("body[data-ready]")
    yield page
    await context.close()
    assert attacked or errors == []
