"""`python -m bot …`: the commands of whoever looks after the bot. English, since they read the docs."""

import asyncio
import csv
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from bot.clock import clock_from
from bot.domain.calendar import local
from bot.domain.people import Person
from bot.domain.places import distance_km
from bot.domain.region import Region
from bot.domain.reports import Period, read_period
from bot.flows import by_hand as by_hand_flow
from bot.flows import duty as duty_flow
from bot.flows import duty_file, register
from bot.flows import people as people_flow
from bot.flows import profile as profile_flow
from bot.flows import reports as reports_flow
from bot.flows import sectors as sectors_flow
from bot.lock import AlreadyRunning, only_one
from bot.logs import set_up_logs
from bot.messages import Words, by_hand
from bot.messages import reports as reports_file
from bot.ports import Given
from bot.present import PresentRegion
from bot.region import RegionError, load_region, read_sectors, sector_table
from bot.settings import Settings, SettingsError, present_secret_key, read_secret_key, read_settings
from storage import migrate
from storage.address import address, is_sqlite, sqlite_file
from storage.backup_file import BackupError
from storage.database import open_storage
from storage.vault import Vault, VaultError

if TYPE_CHECKING:
    from bot.sandbox.elsewhere import Elsewhere

TOKEN_BYTES = 32

OLD_SCHEMA = (
    "The database is at an older schema ({here}; this version needs {newest}). Make a backup"
    " (python -m bot backup backups/), then run: python -m bot migrate"
)
NEWER_SCHEMA = (
    "The database is at schema {here}, which a newer version of this program made; this one knows {newest}."
    " Run the newer version. To go back to this one, let the newer one run first:"
    " python -m bot migrate --to {newest}"
)
WORKERS_ALIVE = (
    "A `run` works on this database ({who}): stop it first. One that was killed counts as alive for half a"
    " minute."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Telegram coordinator for mobile telemedicine (SMT)."""


@main.command()
def run() -> None:
    """Work until stopped. Settings: SMT_… in the environment or .env (see .env.example)."""
    from bot.app import build

    settings = _settings("bot_token", "group_id")
    set_up_logs()
    try:
        with _alone(settings):
            _ready_schema(settings)
            asyncio.run(build(settings, compiled=settings.data_dir / "compiled").run())
    except AlreadyRunning as refusal:
        _fail(str(refusal))
    except (SettingsError, RegionError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"The web server cannot listen on {settings.listen} ({error.strerror}): mend SMT_LISTEN.")


@main.command()
@click.option("--port", default=8080, show_default=True, help="Port of the page.")
@click.option("--at", default=None, help="Start at this moment instead of 2026-10-06T09:23; `now` for today.")
@click.option(
    "--region",
    default=None,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Play in this region file: the same people, in its communes.",
)
def sandbox(port: int, at: str | None, region: Path | None) -> None:
    """Play the bot in a browser, with an emulated Telegram: no token needed."""
    from bot.sandbox.play import play

    set_up_logs("WARNING")
    elsewhere = elsewhere_of(region) if region else None
    _every_end_is_ctrl_c()
    _leave(asyncio.run(play(port=port, at=at, elsewhere=elsewhere)))


def elsewhere_of(file: Path) -> "Elsewhere":
    """What the sandbox must know of a region file."""
    from bot.sandbox.elsewhere import Elsewhere

    try:
        region = load_region(file)
    except RegionError as bad:
        _fail(str(bad))
    middle = region.largest_commune
    near = sorted(region.communes, key=lambda commune: distance_km(middle, commune))
    return Elsewhere(
        file.resolve(),
        region.name,
        region.department,
        tuple((commune.postal_codes[0], commune.name) for commune in near),
        frozenset(rule.step.value for rule in region.steps),
        next(motif.label for motif in region.motifs),
    )


def _every_end_is_ctrl_c() -> None:
    """A terminal that is closed, or `kill`, must not leave the sandbox's bot and its folder behind."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun by a script with «&»
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))


@main.command()
def demo() -> None:
    """Play one whole mission without a person and print what each sees."""
    from bot.sandbox.play import demonstrate

    set_up_logs("WARNING")
    _every_end_is_ctrl_c()
    _leave(asyncio.run(demonstrate()))


@main.command("migrate")
@click.option("--to", "version", help="Go back to this older schema (as 0001) before a rollback.")
@click.option("--force", is_flag=True, help="With --to: even when something named is lost by it.")
def migrate_command(version: str | None, force: bool) -> None:
    """Create the database, or bring its schema to this version. Make a backup first."""
    settings = _settings()
    wanted = version or migrate.newest()
    try:
        with _alone(settings):
            before = migrate.current(settings.database)
            work = before not in (None, wanted)
            if work and (alive := migrate.workers_alive(settings.database)):
                _fail(WORKERS_ALIVE.format(who="; ".join(alive)))
            _migrate(settings, before, version, force)
    except AlreadyRunning as refusal:
        _fail(str(refusal))
    except migrate.WouldLose as lost:
        _fail(f"Not done: {lost}. With --force that is lost.")
    except ValueError as error:
        _fail(str(error))
    except Exception as error:  # noqa: BLE001 - a driver's own errors may show the address
        _fail(
            f"The database cannot be migrated ({type(error).__name__}): mend SMT_DATABASE_URL or the server."
        )
    click.echo(f"The database {'was at' if before == wanted else 'is now at'} schema {wanted}.")


def _migrate(settings: Settings, before: str | None, version: str | None, force: bool) -> None:
    if migrate.compared(before) is migrate.Schema.NEWER:
        _fail(NEWER_SCHEMA.format(here=before, newest=migrate.newest()))
    if version is None:
        migrate.upgrade(settings.database)
    elif before is None or version not in migrate.versions() or before < version:
        raise ValueError(
            f"The database cannot go back to {version!r}: it is at {before},"
            f" and {', '.join(migrate.versions())} are known."
        )
    else:
        migrate.downgrade(settings.database, version, even_if_lost=force)


@main.command("backup")
@click.argument("where", metavar="FILE|FOLDER/")
@click.option("--keep", type=click.IntRange(min=1), help="In a FOLDER: delete all but so many backups.")
def backup_command(where: str, keep: int | None) -> None:
    """Copy the database into a new file, while `run` works. The key is not in it: keep it apart."""
    from bot import backup

    settings = _settings()
    try:
        for line in backup.make(settings, where, keep, clock_from(settings.clock).now()):
            click.echo(line)
    except (BackupError, ValueError) as error:
        _fail(str(error))
    except Exception as error:  # noqa: BLE001 - a driver's own errors may show the address
        _fail(f"The database cannot be backed up ({type(error).__name__}): mend SMT_DATABASE_URL or {where}.")


@main.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Even when a `run` seems to work on the database (PostgreSQL).")
def restore_command(file: Path, force: bool) -> None:
    """Put a backup in the place of the database, which is kept aside. Stop `run` first."""
    from bot import backup

    settings = _settings()
    try:
        with _alone(settings):
            for line in backup.restore(settings, file, force=force, now=clock_from(settings.clock).now()):
                click.echo(line)
    except (AlreadyRunning, BackupError, ValueError) as refusal:
        _fail(str(refusal))
    except Exception as error:  # noqa: BLE001 - likewise
        _fail(
            f"The database cannot be restored ({type(error).__name__}); nothing was changed."
            " Mend SMT_DATABASE_URL or the server."
        )


@main.command()
def check() -> None:
    """Try the configuration for real and say what to mend."""
    from bot.checks import Finding, look_at_everything

    try:
        settings = read_settings(need=("bot_token",))
    except SettingsError as error:
        for sentence in error.sentences:
            click.echo(str(Finding(False, sentence)))
        sys.exit(1)
    click.echo(str(Finding(True, "Settings: every variable can be read.")))

    async def look() -> bool:
        fine = True
        async for finding in look_at_everything(settings):
            click.echo(str(finding))
            fine = fine and finding.ok
        return fine

    sys.exit(0 if asyncio.run(look()) else 1)


@main.group()
def people() -> None:
    """The list of people: import, invite, list."""


@people.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_people(file: Path) -> None:
    """Import FILE, a CSV with a header (see docs). A bad line is named, and then nothing is imported."""
    settings = _settings()
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        _fail(f"{file} is not UTF-8. Save it again as «CSV UTF-8».")

    async def work(given: Given) -> None:
        try:
            listing = people_flow.read_listing(text, given.region, fiction_numbers=given.fiction_numbers)
            done = await people_flow.import_listing(given, listing)
        except people_flow.BadList as bad:
            _fail("\n".join([*bad.reasons, "Nothing was imported."]))
        click.echo(f"Added {done.added}, changed {done.changed}, unchanged {done.unchanged}.")
        for role in done.roles:
            click.echo(f"Another role from now on: {role}.")
        if done.left:
            click.echo(f"Left out {done.left} who have left the service: /personne brings them back.")

    _with_storage(settings, work)


@people.command("invite")
@click.option("--all", "everybody", is_flag=True, help="Also those who have started the bot already.")
@click.option("--csv", "as_csv", is_flag=True, help="As CSV: role,name,phone,link.")
def invite_people(everybody: bool, as_csv: bool) -> None:
    """Print one personal link for each person, good for one account. Former links stay good until used."""
    settings = _settings("bot_token")

    async def work(given: Given) -> None:
        username = await _username(settings)
        wanted = [one for one in await people_flow.invitees(given) if everybody or not one.on_telegram]
        table = csv.writer(sys.stdout, lineterminator="\n")
        if as_csv:
            table.writerow(["role", "name", "phone", "link"])
        for one in wanted:
            token = secrets.token_urlsafe(TOKEN_BYTES)
            await register.invite(given, token, person=one.person, organisation=one.organisation)
            parameter = "startgroup" if one.organisation is not None else "start"
            link = f"https://t.me/{username}?{parameter}={token}"
            if as_csv:
                table.writerow([one.role, one.name, one.phone or "", link])
            else:
                click.echo(f"{one.role:13} {one.name}\n    {link}")
        if not wanted:
            click.echo("Nobody to invite: everybody has started the bot, or nobody was imported.", err=True)

    _with_storage(settings, work)


@people.command("list")
def list_people() -> None:
    """Print everybody: reached, unreachable, not started, waiting to be accepted, or left."""

    async def work(given: Given) -> None:
        for one in await people_flow.standings(given):
            since = f" since {local(given.region, one.since):%Y-%m-%d}" if one.since is not None else ""
            click.echo(f"{one.role:13} {one.name:32} {one.phone or '-':16} {one.state}{since}")

    _with_storage(_settings(), work)


@people.command("erase")
@click.argument("who")
@click.option("--yes", is_flag=True, help="Without asking.")
def erase_person(who: str, yes: bool) -> None:
    """Erase the data of WHO: a name, a telephone or an RPPS number. It cannot be undone.

    Refused while an open mission needs them. Name and RPPS number stay where missions are to be paid.
    """

    async def work(given: Given) -> None:
        found = await profile_flow.meant(given, who)
        if not found:
            _fail(f"Nobody is registered as «{who}». `people list` shows everybody. Nothing was erased.")
        if len(found) > 1:
            names = [f"{one.full_name} ({one.role.value}, {one.phone or one.rpps or '-'})" for one in found]
            said = "Several are meant; write the telephone or the RPPS number. Nothing was erased."
            _fail("\n".join([*names[:20], said]))
        (person,) = found
        if not yes:
            asked = f"Erase {person.full_name} ({person.role.value}, {person.phone or '-'}) for good?"
            click.confirm(asked, abort=True)
        done = await profile_flow.erase(given, person.id)
        if done.gone:
            _fail("Erased by somebody else meanwhile.")
        if done.busy is not None:
            _fail(f"{person.full_name} is needed on SMT {done.busy}: end it first. Nothing was erased.")
        click.echo("Erased; name and RPPS number stay, missions are to be paid." if done.kept else "Erased.")

    _with_storage(_settings(), work)


@main.group()
def duty() -> None:
    """Turns of duty of doctors and houses: import, list, forget."""


@duty.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--step", default="garde", show_default=True, help="Step of turns that name none.")
@click.option("--sector", default=None, help="Duty sector of turns that name none.")
@click.option("--source", default=None, help="Replace the turns imported under this name; the file's own.")
def import_duty(file: Path, step: str, sector: str | None, source: str | None) -> None:
    """Import FILE, a roster as CSV or iCalendar (see docs). A bad line is named, and nothing is imported."""

    content = file.read_bytes()

    async def work(given: Given) -> None:
        wanted = _wanted(given.region, step, sector)
        checked = await duty_flow.check(given, file.name, content, wanted, source)
        if checked.refusals:
            sentences = [duty_file.in_english(refusal, given.region) for refusal in checked.refusals]
            _fail("\n".join([*sentences, "Nothing was imported."]))
        replaced = await duty_flow.replace(given, checked, None)
        said = f"Imported {len(checked.turns)} turns from {checked.source}"
        click.echo(f"{said}; {replaced} of before were replaced.")

    _with_storage(_settings(), work)


def _wanted(region: Region, step: str, sector: str | None) -> duty_file.Wanted:
    known = duty_file.step_called(region, step)
    if known is None:
        steps = ", ".join(step.value for step in duty_file.steps_with_duty(region))
        _fail(f"«{step}» is no step somebody can be on duty for. Choose among {steps}.")
    name = duty_file.sector_called(region, sector) if sector else None
    if sector and name is None:
        names = ", ".join(sorted(one.name for one in region.sectors))
        _fail(f"No duty sector is called «{sector}». Choose among {names}.")
    return duty_file.Wanted(known, name)


@duty.command("list")
@click.option("--day", default=None, help="2026-10-06; the next seven days without it.")
def list_duty(day: str | None) -> None:
    """Print who is on duty when, for which step and sector, and from which file."""
    try:
        wanted = date.fromisoformat(day) if day else None
    except ValueError:
        _fail(f"«{day}» is no day. Write it as 2026-10-06.")

    async def work(given: Given) -> None:
        known = await duty_flow.listed(given, wanted)
        for one in known:
            begins, ends = (local(given.region, at) for at in (one.turn.begins, one.turn.ends))
            who = one.who.formal_name if isinstance(one.who, Person) else one.who.name if one.who else "?"
            phone = (one.who.phone if one.who else None) or "-"
            click.echo(
                f"{begins:%Y-%m-%d %H:%M} → {ends:%Y-%m-%d %H:%M}  {one.turn.step.value:13}"
                f" {one.turn.sector or 'whole region':32} {who:28} {phone:14} {one.turn.source}"
            )
        if not known:
            click.echo("No turn of duty is known for these hours.", err=True)

    _with_storage(_settings(), work)


@duty.command("forget")
@click.argument("source")
def forget_duty(source: str) -> None:
    """Drop the turns that were imported under the name SOURCE (the file's name; see `duty list`)."""

    async def work(given: Given) -> None:
        dropped = await duty_flow.forget(given, source)
        if not dropped:
            _fail(f"No turn was imported under «{source}»: `duty list` prints the names.")
        click.echo(f"Dropped {dropped} turns of {source}.")

    _with_storage(_settings(), work)


@main.group()
def sectors() -> None:
    """Duty sectors of the communes: export, import."""


@sectors.command("export")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def export_sectors(file: Path | None) -> None:
    """Write every commune with its duty sector as CSV into FILE, or print it."""

    made: list[str] = []

    async def work(given: Given) -> None:
        made.append(sector_table(given.region))

    _with_storage(_settings(), work)
    text = "".join(made)
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        _fail(f"{file} cannot be written: {error.strerror}.")
    click.echo(f"Wrote {text.count(chr(10)) - 1} communes into {file}.")


@sectors.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_sectors(file: Path) -> None:
    """Import FILE (insee,secteur,mmg) in place of the sectors before. A bad line changes nothing.

    A commune that is not in it belongs to the sector of its intercommunality.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        _fail(f"{file} is not UTF-8. Save it again as «CSV UTF-8».")

    async def work(given: Given) -> None:
        try:
            listed = read_sectors(text, file.name, given.region.communes)
        except RegionError as bad:
            _fail(f"{bad}\nNothing was changed.")
        done = await sectors_flow.import_table(given, listed, "cli")
        left = len(given.region.communes) - len(listed)
        click.echo(
            f"Imported {len(listed)} communes: {done.sectors} sectors; {left} by their intercommunality."
        )
        for person in done.named.people:
            click.echo(f"{person.formal_name} has a sector that exists no more: {', '.join(person.sectors)}.")
        for name in done.named.duties:
            click.echo(f"Turns of duty name a sector that exists no more: {name}. Import the roster again.")

    _with_storage(_settings(), work)


@main.group()
def report() -> None:
    """Print a report: as CSV (semicolons, UTF-8) from the journal, or the open missions on paper."""


@report.command("activite")
@click.option("--month", default="", help="2026-10, octobre, or two days; this month without it.")
def report_activity(month: str) -> None:
    """Activity of a period."""

    async def table(given: Given, words: Words, period: Period) -> list[list[object]]:
        figures = await reports_flow.activity(given, period.start, period.end)
        return reports_file.activity_table(figures, words)

    _print_report(month, table)


@report.command("indemnites")
@click.option("--month", default="", help="2026-10, octobre; this month without it.")
def report_indemnities(month: str) -> None:
    """Indemnity statement of a month, nurse by nurse."""

    async def table(given: Given, words: Words, period: Period) -> list[list[object]]:
        lines = await reports_flow.indemnities(given, period.start)
        people = await reports_flow.people_of(given, lines)
        named = {int(number): person for number, person in people.items()}
        return reports_file.statement_table(lines, named, period, words, given.region)

    _print_report(month, table)


@report.command("open")
@click.option("--no-identity", is_flag=True, help="Without who the patients are; needs no key.")
def report_open(no_identity: bool) -> None:
    """The open missions on paper, to work by hand when the bot is down: who must act, whom to phone."""
    settings = _settings()
    here = _current_schema(settings)
    is_current = migrate.compared(here) is migrate.Schema.CURRENT
    if migrate.compared(here) is migrate.Schema.NONE:
        _fail("There is no database yet: no mission either.")
    if not is_current:
        click.echo(f"The database is at schema {here}, not this version's: read as well as can be.", err=True)

    async def work(given: Given) -> None:
        missions = await by_hand_flow.open_missions(given, with_identity=not no_identity)
        click.echo(by_hand.on_paper(missions, given.now(), Words(given.region)), nl=False)
        if no_identity:
            return
        try:
            await by_hand_flow.printed(given, [one.mission.id for one in missions])
        except Exception as error:  # noqa: BLE001 - the paper is what is needed now
            click.echo(f"That it was printed could not be written down ({type(error).__name__}).", err=True)

    from bot import backup

    key = present_secret_key(settings)
    if key is None and not no_identity:
        _fail(f"The key is not here ({backup.where_key_is(settings)}): put it back, or add --no-identity.")
    try:
        _run(_opened(settings, key or "none", work, is_current=is_current))
    except VaultError:
        _fail(f"The key in {backup.where_key_is(settings)} does not open the patients: add --no-identity.")
    except (SettingsError, RegionError) as error:
        _fail(str(error))
    except Exception as error:  # noqa: BLE001 - a driver's own errors may show the address
        _fail(f"The missions cannot be read ({type(error).__name__}): try the version that wrote them.")


def _print_report(month: str, table: Callable[[Given, Words, Period], Awaitable[list[list[object]]]]) -> None:
    async def work(given: Given) -> None:
        period = read_period(month, local(given.region, given.now()).date())
        if period is None:
            _fail(f"«{month}» is no period. Write it as 2026-10, octobre, or 01/10/2026 15/10/2026.")
        rows = await table(given, Words(given.region), period)
        click.echo(reports_file.to_csv(rows).decode("utf-8-sig"), nl=False)

    _with_storage(_settings(), work)


def _settings(*need: str) -> Settings:
    try:
        return read_settings(need=need)
    except SettingsError as error:
        _fail(str(error))


def _fail(sentences: str) -> NoReturn:
    click.echo(sentences, err=True)
    sys.exit(1)


def _leave(code: int) -> NoReturn:
    sys.exit(code)


def _alone(settings: Settings) -> Any:
    """SQLite has one `run` at a time."""
    url = address(settings.database)
    if not is_sqlite(url):
        return nullcontext()
    file = sqlite_file(url)
    return only_one(file.with_name(f"{file.name}.lock"))


def _ready_schema(settings: Settings) -> None:
    """A new database is created; one of another version is left to the operator."""
    current = _current_schema(settings)
    how = migrate.compared(current)
    if how is migrate.Schema.NONE:
        migrate.upgrade(settings.database)
    elif how is not migrate.Schema.CURRENT:
        words = OLD_SCHEMA if how is migrate.Schema.OLDER else NEWER_SCHEMA
        _fail(words.format(here=current, newest=migrate.newest()))


def _current_schema(settings: Settings) -> str | None:
    try:
        return migrate.current(settings.database)
    except Exception as error:  # noqa: BLE001 - a driver's own errors may show the address
        _fail(f"The database cannot be opened ({type(error).__name__}): mend SMT_DATABASE_URL or the server.")


def _with_storage(settings: Settings, work: Callable[[Given], Awaitable[None]]) -> None:
    """Run a short command on the database, which may be in use by `run`."""
    _ready_schema(settings)
    try:
        key, created = read_secret_key(settings)
        if created is not None:
            click.echo(f"A key was made in {created}: keep a copy apart from the backups.", err=True)
        _run(_opened(settings, key, work))
    except (SettingsError, RegionError) as error:
        _fail(str(error))


async def _opened(
    settings: Settings, key: str, work: Callable[[Given], Awaitable[None]], *, is_current: bool = True
) -> None:
    """`is_current`: the schema is this version's, so that what the coordinateur changed can be read."""
    storage = open_storage(settings.database, Vault.from_secret(key), is_current=is_current)
    present = PresentRegion(load_region(settings.region))
    try:
        if is_current:
            await present.look(storage)
        await work(
            Given(
                storage,
                clock_from(settings.clock),
                present,
                settings.fiction_numbers,
                settings.public_url,
            )
        )
    finally:
        await storage.close()


def _run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


async def _username(settings: Settings) -> str:
    from bot.failures import Failure
    from bot.request import AiohttpRequest
    from bot.telegram_api import TelegramApi

    request = AiohttpRequest()
    async with request:
        try:
            me = await TelegramApi(request, settings.telegram_api, settings.token).call("getMe")
        except Failure as failure:
            _fail(
                f"Telegram cannot be asked for the bot's name ({type(failure).__name__}): `check` says more."
            )
    return str(me["username"])
