"""The emulated Telegram alone, for a bot, a test or a benchmark in another process.

    python -m bot.sandbox --port 8081 --clock FILE --latency 0.05-0.15 --no-limits

Its door for tests is told in `control`.
"""

import asyncio
from pathlib import Path

import click

from bot.clock import clock_from
from bot.sandbox.cast import gather
from bot.sandbox.server import create_app, serve
from bot.sandbox.telegram import TOKEN, Telegram


@click.command()
@click.option("--port", default=0, help="where it listens, on loopback; 0 takes a free one")
@click.option("--clock", default="system", help="`system`, or the file that the bot's SMT_CLOCK names")
@click.option("--token", default=TOKEN, help="the bot's token")
@click.option("--latency", default="", help="real seconds of every call, such as 0.05-0.15")
@click.option("--limits/--no-limits", default=True, help="Telegram's rate limits")
@click.option("--cast/--no-cast", default=False, help="with the people of the sandbox")
def main(port: int, clock: str, token: str, latency: str, *, limits: bool, cast: bool) -> None:
    """Serve until it is interrupted; the first line printed is the address."""
    shortest, _, longest = latency.partition("-")
    telegram = Telegram(
        clock_from(clock if clock == "system" else str(Path(clock).resolve())),
        token=token,
        limits=limits,
        latency=(float(shortest), float(longest or shortest)) if latency else None,
    )
    if cast:
        gather(telegram)
    try:
        asyncio.run(_serve(telegram, port))
    except KeyboardInterrupt:
        return


async def _serve(telegram: Telegram, port: int) -> None:
    runner = await serve(create_app(telegram), port=port)
    click.echo(f"http://127.0.0.1:{runner.addresses[0][1]}")
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    main()
