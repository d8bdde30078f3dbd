"""Builds every part and joins them; the only file, beside `cli`, that knows them all."""

import asyncio
import ctypes
import gc
import logging
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from telegram.error import InvalidToken, TelegramError
from telegram.ext import Application, ContextTypes
from telegram.request import BaseRequest

from bot import routes, systemd
from bot.background import Background
from bot.beat import Beat, Reach
from bot.bell import Bell
from bot.budgets import Budgets
from bot.channels.sms import DryRunSms, HttpSms, sms_from
from bot.channels.visio import UrlTemplate
from bot.checks import look_at_telegram
from bot.clock import Clock, clock_from
from bot.condition import Condition
from bot.context import App, Context, Runtime
from bot.delivery import Delivery
from bot.domain.outcome import Notice, Timer
from bot.flows import visio
from bot.flows.record import cards_in_group
from bot.heartbeat import Heartbeat
from bot.intake import WANTED, Intake
from bot.lease import Lease
from bot.menus import Menus
from bot.messages import LINES, Words, composer
from bot.metrics import Metrics
from bot.ports import Given, SmsPort, Storage, Transaction
from bot.present import PresentRegion
from bot.pruning import Pruning
from bot.region import load_region
from bot.replies import with_replies
from bot.request import AiohttpRequest
from bot.sending.ends import OnDelivered
from bot.settings import Settings, SettingsError, read_secret_key
from bot.telegram_api import TelegramApi
from bot.timer_loop import OnTimer, TimerLoop
from bot.web.board import BoardPage
from bot.web.server import build_web, serving
from bot.web.webhook import PATH, webhook
from storage.address import address, is_sqlite
from storage.database import open_storage
from storage.vault import Vault

log = logging.getLogger(__name__)

CONNECT_AGAIN = timedelta(seconds=3)
REFUSED = "Telegram refuses the token: copy SMT_BOT_TOKEN again from @BotFather (or mend SMT_TELEGRAM_API)."
STOP_SECONDS = 15.0  # real ones: for the sends in flight

#: How often garbage is looked for: a decision makes some hundred objects that live as long as it does.
GARBAGE = (20_000, 20, 50)


@dataclass(slots=True)
class Bot:
    """Every part, joined."""

    settings: Settings
    given: Given
    storage: Storage
    api: TelegramApi
    runtime: Runtime
    application: App
    delivery: Delivery
    intake: Intake
    timers: TimerLoop
    background: Background
    sms: SmsPort
    beat: Beat
    present: PresentRegion
    menus: Menus
    web: web.Application
    condition: Condition
    ready: bool = False
    port: int | None = None  # of the web server, while it runs
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self) -> None:
        """Meet Telegram, waiting for it as long as it takes. Raises SettingsError for a wrong token."""
        bell = Bell(self.given.clock, self.background, "connect")
        while True:
            try:
                await self.application.initialize()
                self.api.on_answer()
                return
            except InvalidToken:
                # From None: PTB puts the token into its words.
                raise SettingsError([REFUSED]) from None
            except TelegramError as error:
                log.warning("Telegram cannot be reached (%s); trying again", type(error).__name__)
                self.api.on_silence()
            await bell.wait(self.given.now() + CONNECT_AGAIN)

    async def take_up(self) -> None:
        """After a start: what a dead process had claimed is owed again."""
        async with self.storage.transaction() as tx:
            # On SQLite the lock file of `run` says that whoever held anything is dead.
            alone = is_sqlite(address(self.settings.database))
            updates = await tx.inbox.take_back_claims(() if alone else await tx.workers.alive())
            if alone:
                await tx.leases.free_all()
                await tx.timers.take_back_claims()
        await self.present.look(self.storage)
        if updates:
            log.info("taken back: %d updates of the run before", updates)
        await self.delivery.hold()  # what a dead sender had claimed is owed again
        await self.beat.begin()

    async def close(self) -> None:
        """Let go of everything."""
        await self.background.stop()
        await self.beat.leave()
        await self.delivery.let_go()
        await self.application.shutdown()
        await self.application.bot.shutdown()  # where only the token was refused
        if isinstance(self.sms, DryRunSms | HttpSms):
            await self.sms.close()
        await self.storage.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Bot"]:
        """Everything works while the block runs; what is begun at its end is let to end."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.close)
            self.port = await stack.enter_async_context(
                serving(self.web, self.settings.host, self.settings.port)
            )
            await self.take_up()
            self.background.start(self.beat.run(self.stopping), "beats")
            await self.connect()
            await self._introduce()
            loops = [
                self.background.start(self.delivery.run(self.stopping), "delivery"),
                self.background.start(self.intake.run(self.stopping), "inbox"),
                self.background.start(self.timers.run(self.stopping), "timers"),
            ]
            self.background.start(self.beat.run_rounds(self.stopping), "watchdog")
            polling = None
            if self.settings.intake == "polling":
                poll = self.intake.poll(self.stopping, self.application.bot.id)
                polling = self.background.start(poll, "polling")
            self.background.start(self._look_around(), "startup checks")
            self.background.start(self.menus.follow(), "operators' commands")
            self.background.start(self.present.follow(self.storage, self.given.clock), "region")
            pruning = Pruning(self.given, self.background, self.condition.is_idle)
            self.background.start(pruning.run(), "pruning")
            if url := self.settings.heartbeat_url:
                self.background.start(Heartbeat(url, self.condition.ailment).run(), "heartbeat")
            vital = [*loops, *([polling] if polling is not None else [])]
            self.background.start(
                systemd.keep_alive(lambda: not any(loop.done() for loop in vital)), "signs of life"
            )
            self.ready = True
            systemd.tell("READY=1")
            log.info("ready: @%s, web on port %d", self.application.bot.username, self.port)
            try:
                yield self
            finally:
                self.ready = False
                systemd.tell("STOPPING=1")
                self.stopping.set()
                if polling is not None:
                    polling.cancel()
                self.wake()
                await asyncio.wait(loops, timeout=STOP_SECONDS)
                log.info("stopped")

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT."""
        _keep_what_is_loaded()
        wanted = asyncio.Event()
        loop = asyncio.get_running_loop()
        starting = asyncio.current_task()

        def stop() -> None:
            wanted.set()
            if not self.ready and starting is not None:
                starting.cancel()  # still waiting for Telegram

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        try:
            async with self.running():
                await wanted.wait()
        except asyncio.CancelledError:
            if not wanted.is_set():
                raise
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def wake(self) -> None:
        """Something was committed: notices may be owed, timers set."""
        self.delivery.wake()
        self.timers.wake()
        if self.stopping.is_set():
            self.intake.wake()

    async def health(self) -> Mapping[str, Any]:
        """For monitors, and for the sandbox, which moves the clock only while the bot is quiet."""
        return await self.condition.health(ready=self.ready)

    async def _introduce(self) -> None:
        """Tell Telegram our commands, and where updates go."""
        await self.menus.begin()
        if self.settings.intake == "webhook":
            await self.api.call(
                "setWebhook",
                url=f"{self.settings.public_url}{PATH}",
                secret_token=self.settings.webhook_secret,
                allowed_updates=list(WANTED),
            )

    async def _look_around(self) -> None:
        """What is not right is said in the log; the bot works with what there is."""
        async for finding in look_at_telegram(self.settings, self.api):
            if not finding.ok:
                log.warning("%s", finding.sentence)


def build(
    settings: Settings,
    *,
    request: BaseRequest | None = None,
    clock: Clock | None = None,
    sms: SmsPort | None = None,
    storage: Storage | None = None,
    budgets: Budgets | None = None,
    compiled: Path | None = None,
) -> Bot:
    """A bot that is ready to run; nothing is opened yet but the key and the region file.

    In the folder `compiled` the compiled words outlive the process: the first people after a restart do not
    wait for them.
    """
    key, created = read_secret_key(settings)
    if created is not None:
        log.warning("a key was made in %s: keep a copy apart from the database's backups", created)
    background = Background()
    region = load_region(settings.region)
    present = PresentRegion(region)
    given = Given(
        storage=storage or open_storage(settings.database, Vault.from_secret(key)),
        clock=clock or clock_from(settings.clock),
        present=present,
        fiction_numbers=settings.fiction_numbers,
        public_url=settings.public_url,
        video=UrlTemplate(region.visio_url),
        texts=sms is not None or settings.sms != "dry-run",
    )
    line = request or AiohttpRequest()
    api = TelegramApi(line, settings.telegram_api, settings.token)
    texts = sms or sms_from(settings.sms)
    if compiled is not None:
        compiled.mkdir(mode=0o700, parents=True, exist_ok=True)
    words = Words(region, compiled, now=lambda: present.region)
    budgets = budgets or Budgets()
    runtime = Runtime(given, api, words, background, budgets, settings.group)
    application = _application(settings, line, runtime)
    routes.add_handlers(application)
    delivery = Delivery(
        given,
        api,
        with_replies(composer(given, words), words),
        texts,
        group_id=settings.group,
        background=background,
        budgets=budgets,
        lease=Lease(given.storage, f"sender:{settings.token.partition(':')[0]}"),
        may_merge=LINES,
        cards_in_group=cards_in_group,
        on_delivered={**routes.ON_DELIVERED, **_on_delivered(given)},
        on_given_up=routes.ON_GIVEN_UP,
        on_unreachable=routes.ON_UNREACHABLE,
        on_lost=routes.ON_LOST,
    )
    timers = TimerLoop(
        given,
        _measured(routes.ON_TIMER, runtime.metrics),
        background=background,
        after_ring=delivery.wake,
        purge=delivery.purge,
        on_jump=lambda: beat.wake(),
    )

    def wake() -> None:
        delivery.wake()
        timers.wake()

    runtime.wake = wake
    reach = Reach(given.clock)
    api.on_answer, api.on_silence = reach.heard, reach.unheard
    beat = Beat(given, runtime.worker, reach, after=wake)
    intake = Intake(runtime, application, after_work=wake)
    bot = Bot(
        settings=settings,
        given=given,
        storage=given.storage,
        api=api,
        runtime=runtime,
        application=application,
        delivery=delivery,
        intake=intake,
        timers=timers,
        background=background,
        sms=texts,
        beat=beat,
        present=present,
        menus=Menus(given, api, lambda: delivery.is_sender),
        web=web.Application(),
        condition=Condition(
            given,
            background,
            delivery,
            intake,
            runtime.metrics,
            worker=runtime.worker,
            polls=settings.intake == "polling",
        ),
    )
    page = BoardPage(given, background, words)
    own = [*page.routes()]
    if settings.intake == "webhook":
        own.append(web.post(PATH, webhook(intake.receive, settings.webhook_secret)))
    bot.web = build_web(bot.health, own, bot.condition.metrics)
    bot.web.on_shutdown.append(page.close)
    return bot


def _measured(on_timer: Mapping[str, OnTimer], metrics: Metrics) -> Mapping[str, OnTimer]:
    """The same, with how late each rings."""

    def measured(flow: OnTimer) -> OnTimer:
        async def rings(given: Given, timer: Timer) -> None:
            metrics.timer_late_seconds.observe(max(0.0, (given.now() - timer.due).total_seconds()))
            await flow(given, timer)

        return rings

    return {kind: measured(flow) for kind, flow in on_timer.items()}


def _on_delivered(given: Given) -> Mapping[str, OnDelivered]:
    """What follows from a delivery, in its own commit."""

    async def link_arrived(tx: Transaction, notice: Notice, now: datetime) -> None:
        await visio.link_arrived(given, tx, notice)

    return dict.fromkeys(("visio.doctor", "visio.sms", "visio.sms_idel"), link_arrived)


def _application(settings: Settings, line: BaseRequest, runtime: Runtime) -> App:
    """PTB's application without its own queue, jobs and polling: those are ours."""
    ours: Any = lambda: runtime  # noqa: E731 - PTB wants a class and calls it
    types: Any = ContextTypes(context=Context, bot_data=ours)
    builder = Application.builder().token(settings.token).updater(None).job_queue(None).context_types(types)
    builder = builder.base_url(f"{settings.telegram_api}/bot")
    builder = builder.base_file_url(f"{settings.telegram_api}/file/bot")
    built: Any = builder.request(line).get_updates_request(line).build()
    application: App = built
    return application


def _keep_what_is_loaded() -> None:
    """What is there before the work begins stays: the collector of garbage need not look at it."""
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    # Loading needed more than what was loaded needs. Only glibc can be told so.
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
