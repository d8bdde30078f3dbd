"""The generic gateway against a real server on loopback."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from bot.channels.sms import DryRunSms, HttpSms, sms_from
from bot.ports import SmsAccepted, SmsRejected, SmsRetry


class Gateway:
    """Answers what the test says."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.got: list[object] = []
        self.hangs_up = False
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.got.append(await request.json())
        if self.hangs_up and request.transport is not None:
            request.transport.close()
        body = {"id": "g-1", "parts": 2}
        return web.json_response(body, status=self.status, headers=self.headers)


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    gateway = Gateway()
    app = web.Application()
    app.router.add_post("/sms", gateway.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gateway.url = f"http://127.0.0.1:{runner.addresses[0][1]}/sms"
    yield gateway
    await runner.cleanup()


@pytest.fixture
async def sms(gateway: Gateway) -> AsyncIterator[HttpSms]:
    sms = HttpSms(gateway.url, seconds=2)
    yield sms
    await sms.close()


async def test_a_text_is_handed_over_in_gsm_letters(gateway: Gateway, sms: HttpSms) -> None:
    result = await sms.send("+33639980012", "visio prête", "smt-1")

    assert result == SmsAccepted("g-1", 2)
    assert gateway.got == [{"to": "+33639980012", "text": "visio prete", "ref": "smt-1"}]


async def test_refused_or_again(gateway: Gateway, sms: HttpSms) -> None:
    gateway.status = 422
    assert isinstance(await sms.send("+33639980012", "x", "smt-1"), SmsRejected)
    gateway.status, gateway.headers = 429, {"Retry-After": "90"}
    assert await sms.send("+33639980012", "x", "smt-1") == SmsRetry(timedelta(seconds=90))
    gateway.status = 503
    assert isinstance(await sms.send("+33639980012", "x", "smt-1"), SmsRetry)


async def test_a_gateway_that_is_away_is_tried_again() -> None:
    sms = HttpSms("http://127.0.0.1:9/sms", seconds=2)

    assert await sms.send("+33639980012", "x", "smt-1") == SmsRetry(timedelta(seconds=30))
    await sms.close()


async def test_a_gateway_that_hangs_up_has_perhaps_taken_it(gateway: Gateway, sms: HttpSms) -> None:
    gateway.hangs_up = True
    again = await sms.send("+33639980012", "x", "smt-1")
    assert again == SmsRetry(timedelta(seconds=30), perhaps_sent=True)


async def test_the_dry_run_keeps_the_last_texts() -> None:
    sms = sms_from("dry-run")
    assert isinstance(sms, DryRunSms)
    for number in range(60):
        await sms.send("+33639980012", f"texte {number}", f"smt-{number}")

    assert len(sms.texts) == 50
    assert sms.texts[-1].text == "texte 59"
