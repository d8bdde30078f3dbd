"""The board's page in a real browser: what is visible, on a wall screen and on a phone, in light and dark."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from bot.app import Bot, build
from bot.domain.mission import MissionState
from bot.domain.outcome import Event
from bot.flows import board as flow
from bot.ports import Storage
from bot.region import load_region
from bot.sandbox.telegram import TOKEN, Telegram
from bot.settings import DEFAULT_REGION, Secret, Settings
from bot.web.server import serving
from tests.clock import ManualClock
from tests.sandbox.page_browser import browser, chromium_path
from tests.sandbox.request import EmulatorRequest
from tests.words.scene import NOW, ORDINARY, Scene
from tests.words.scene import build as build_scene

__all__ = ["chromium_path"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

#: A mission in each of these states, each in a commune of its own.
SHOWN = {
    "unanswered": "68224",  # Mulhouse
    "offered": "68066",  # Colmar
    "en_route": "68334",  # Thann
    "found": "68297",  # Saint-Louis
    "closing": "68112",  # Guebwiller
    "exercise": "68269",  # Ribeauvillé
    "paused": "68154",  # Illzach
}
ADDRESS = "https://smt.example"

#: Where pictures of the page are kept to be looked at; nowhere unless asked.
PICTURES = os.environ.get("BOARD_PICTURES")


@dataclass(frozen=True)
class Hall:
    """Missions in several states, and whoever may look."""

    storage: Storage
    folder: Path
    scene: Scene
    clock: ManualClock
    path: str  # of Léa's link

    @asynccontextmanager
    async def bot(self, port: int = 0) -> AsyncIterator[str]:
        """A process of the bot serves its pages while the block runs; gives their root."""
        bot = _bot(self.storage, self.folder, self.clock)
        async with serving(bot.web, "127.0.0.1", port) as served:
            yield f"http://127.0.0.1:{served}"
        await bot.background.stop()

    def number(self, state: str) -> int:
        """Of the mission in that state."""
        return self.scene.missions[state].number


def _bot(storage: Storage, folder: Path, clock: ManualClock) -> Bot:
    settings = Settings(
        bot_token=Secret(TOKEN),
        telegram_api="http://telegram.invalid",
        group_id=-100,
        data_dir=folder,
        secret_key=Secret("a secret for the tests only"),
        public_url=ADDRESS,
    )
    request = EmulatorRequest(Telegram(clock, token=TOKEN))
    return build(settings, request=request, clock=clock, storage=storage)


@pytest.fixture
async def hall(storage: Storage, tmp_path: Path) -> Hall:
    clock = ManualClock(NOW)
    scene = await build_scene(storage, load_region(DEFAULT_REGION), ORDINARY)
    async with storage.transaction() as tx:
        for state, mission in scene.missions.items():
            if state in SHOWN:
                await tx.missions.save(mission.with_(commune=SHOWN[state]))
            else:
                await tx.missions.save(mission.with_(state=MissionState.CLOSED))
        await tx.people.save(replace(scene.people["amina"], commune="68004"))  # Altkirch
    await flow.link(_bot(storage, tmp_path, clock).given, scene.people["lea"])
    async with storage.transaction() as tx:
        (owed,) = await tx.outbox.claim(clock.now(), 1)
    return Hall(storage, tmp_path, scene, clock, str(owed.notice.facts["url"]).removeprefix(ADDRESS))


@pytest.fixture
async def chromium(chromium_path: str) -> AsyncIterator[Browser]:
    async with browser(chromium_path) as started:
        yield started


@asynccontextmanager
async def seen(
    started: Browser, url: str, width: int, height: int, *, dark: bool = False
) -> AsyncIterator[Page]:
    """The page, loaded and live; whatever the console says fails the test."""
    context = await started.new_context(
        viewport=ViewportSize(width=width, height=height),
        locale="fr-FR",
        timezone_id="America/New_York",  # the hours are those of the region, wherever the screen hangs
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page = await context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text))
    await page.goto(url)
    await page.wait_for_selector("body[data-ready]")
    await expect(page.locator("#live")).to_have_text("en direct")
    yield page
    await context.close()
    assert said == []


async def picture(page: Page, name: str) -> None:
    """For somebody's eyes."""
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


#: Elements with words that stick out of the screen, or whose words are cut.
CUT = """() => [...document.querySelectorAll('main *, header *, footer *')]
  .filter(e => e.childElementCount === 0 && e.textContent.trim() !== '')
  .filter(e => { const r = e.getBoundingClientRect();
    const cut = e instanceof HTMLElement && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1;
    return r.width > 0 && (r.left < -0.5 || r.right > innerWidth + 0.5 || cut); })
  .map(e => `${e.tagName} ${e.className.baseVal ?? e.className}: ${e.textContent.trim()}`)"""

#: Words that are hard to read on what is behind them (WCAG AA: 4.5, large ones 3).
FAINT = """() => {
  const rgb = c => c.match(/[\\d.]+/g).map(Number);
  const one = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = c => { const [r, g, b] = rgb(c).map(v => one(v / 255));
    return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (rgb(c)[3] !== 0) return c; } return 'rgb(255, 255, 255)'; };
  return [...document.querySelectorAll('p, b, li, h1, h2, span, time')]
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim() !== ''))
    .filter(e => e.getBoundingClientRect().width > 0)
    .map(e => { const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
      return [(a + .05) / (b + .05), `${e.tagName}.${e.className}: ${e.textContent.trim()}`]; })
    .filter(([contrast]) => contrast < 4.5).map(([contrast, what]) => `${contrast.toFixed(2)} ${what}`); }"""


async def test_the_page_on_a_wall_on_a_phone_in_light_and_dark(hall: Hall, chromium: Browser) -> None:
    screens = ((1280, 800, False), (375, 812, False), (360, 640, True), (1920, 1080, True))
    async with hall.bot() as root:
        for width, height, dark in screens:
            async with seen(chromium, root + hall.path, width, height, dark=dark) as page:
                await picture(page, f"board-{width}{'-dark' if dark else ''}")
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
                assert await page.evaluate(CUT) == []
                assert await page.evaluate(FAINT) == []
                await expect(page.locator(".line")).to_have_count(len(SHOWN))
                await expect(page.locator("#markers .pin")).to_have_count(len(SHOWN))
                await expect(page.locator(".row")).to_have_count(len(SHOWN))
                first = page.locator(".line").first
                await expect(first).to_contain_text(f"! {hall.number('unanswered')}")
                await expect(first).to_contain_text("Mulhouse aucun IDEL")
                await expect(page.locator("#clock")).to_contain_text("10:30")
                await expect(page.locator(".way.going")).to_have_count(1)
                for label in await page.locator(".pin rect").all():
                    box = await label.bounding_box()
                    assert box is not None
                    assert box["x"] >= 0
                    assert box["x"] + box["width"] <= width


async def test_what_happens_is_on_the_page_and_the_hours_are_the_servers(
    hall: Hall, chromium: Browser
) -> None:
    async with hall.bot() as root, seen(chromium, root + hall.path, 1280, 800) as page:
        number = hall.number("offered")
        line = page.locator(".line", has_text=f" {number}")
        await expect(line).to_contain_text("Colmar IDEL recherché(e)")

        offered = hall.scene.missions["offered"]
        planned = hall.scene.missions["planned"].with_(id=offered.id, number=number, commune="68066")
        async with hall.storage.transaction() as tx:
            await tx.missions.save(planned)
            await tx.journal.write(planned.id, [Event("search.accepted")], "p4", hall.clock.now())
        hall.clock.forward(seconds=1)
        await expect(line).to_contain_text("IDEL attendu(e) 10:10")
        assert await page.locator("#markers .pin.alarm", has_text=str(number)).count() == 1

        limit = line.locator(".left").last
        await expect(limit).to_have_text("reste 4 h 52")
        hall.clock.to(NOW + timedelta(hours=4, minutes=40))
        await expect(limit).to_have_text("reste 12 min")
        await expect(page.locator("#clock")).to_contain_text("15:10")


async def test_a_page_that_is_not_live_says_since_when_and_comes_back_by_itself(
    hall: Hall, chromium: Browser
) -> None:
    context = await chromium.new_context(viewport=ViewportSize(width=375, height=812), locale="fr-FR")
    page = await context.new_page()
    async with hall.bot() as root:
        await page.goto(root + hall.path)
        await expect(page.locator("#live")).to_have_text("en direct")
        await expect(page.locator("#offline")).to_be_hidden()
    await expect(page.locator("#live")).to_have_text("hors ligne depuis 10:30")
    await expect(page.locator("#offline")).to_contain_text("Hors ligne depuis 10:30")
    await picture(page, "board-offline")

    async with hall.bot(port=int(root.rpartition(":")[2])):
        await expect(page.locator("#live")).to_have_text("en direct", timeout=20_000)
        await expect(page.locator("#offline")).to_be_hidden()
    await context.close()


async def test_a_page_whose_link_has_ended_says_what_to_do(hall: Hall, chromium: Browser) -> None:
    async with hall.bot() as root, seen(chromium, root + hall.path, 375, 812) as page:
        hall.clock.forward(hours=12)
        await expect(page.locator("#live")).to_have_text("arrêté")
        await expect(page.locator("#offline")).to_contain_text("Ce lien a expiré")
        await expect(page.locator("#offline")).to_contain_text("écrivez /tableau au bot")
        await expect(page.locator("main, footer, .line, .map")).to_have_count(0)
        await picture(page, "board-ended")


async def test_a_page_that_is_cut_off_ends_with_its_link_too(hall: Hall, chromium: Browser) -> None:
    context = await chromium.new_context(viewport=ViewportSize(width=375, height=812))
    page = await context.new_page()
    await page.clock.install()
    async with hall.bot() as root:
        await page.goto(root + hall.path)
        await expect(page.locator("#live")).to_have_text("en direct")
        await expect(page.locator(".line").first).to_be_visible()
    await page.clock.fast_forward("12:00:01")
    await expect(page.locator("#offline")).to_contain_text("Ce lien a expiré")
    await expect(page.locator("main, footer")).to_have_count(0)
    await context.close()


async def test_whoever_has_no_link_reads_what_to_do(hall: Hall, chromium: Browser) -> None:
    context = await chromium.new_context(viewport=ViewportSize(width=375, height=812))
    page = await context.new_page()
    async with hall.bot() as root:
        await page.goto(f"{root}/tableau/{'x' * 43}")
        await expect(page.locator("h1")).to_have_text("Ce lien n'ouvre pas le tableau")
        await expect(page.locator("p")).to_contain_text("écrivez /tableau au bot")
        await picture(page, "board-closed")
    await context.close()
