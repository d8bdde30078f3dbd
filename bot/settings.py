"""The environment as one frozen value. Knows the names and shapes of the variables, not what they do.

Every complaint is one sentence that says which variable is wrong and how to mend it.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from dotenv import dotenv_values
from msgspec.structs import force_setattr

PREFIX = "SMT_"
TELEGRAM = "https://api.telegram.org"
DEFAULT_REGION = Path(__file__).parent / "regions" / "sas68.toml"

#: What to say when a variable has a value of the wrong kind and its own check says nothing better.
MENDING = {
    "group_id": "SMT_GROUP_ID must be the number of the OSNP group, such as -1001234567890.",
    "intake": "SMT_INTAKE must be `polling` or `webhook`.",
    "confidentiality": "SMT_CONFIDENTIALITY must be `standard` (`strict` does not exist yet).",
    "fiction_numbers": "SMT_FICTION_NUMBERS must be `true` or `false`.",
    "data_dir": "SMT_DATA_DIR must be the path of a folder.",
    "region": "SMT_REGION must be the path of a region file (TOML).",
}

#: How people write the address of a database, and how SQLAlchemy wants it.
DRIVERS = {
    "postgresql://": "postgresql+psycopg://",
    "postgres://": "postgresql+psycopg://",
    "sqlite://": "sqlite+aiosqlite://",
}

MISSING = {
    "bot_token": "SMT_BOT_TOKEN is empty. Get one from @BotFather, or try `make sandbox`, which needs none.",
    "group_id": (
        "SMT_GROUP_ID is empty. Add the bot to the OSNP group, then run `python -m bot check`: it prints the"
        " group's number, which starts with -100."
    ),
}


NO_KEY = (
    "SMT_SECRET_KEY is empty and SMT_DATABASE_URL names a database of your own. Make a key with"
    ' `python -c "import secrets; print(secrets.token_hex(32))"`, and keep it apart from the backups.'
)


class SettingsError(Exception):
    """The environment is not usable; `sentences` say what to mend."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class Secret(str):
    """Words that nobody prints."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'" if self else "''"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the environment says. Raises SettingsError for values that cannot be meant."""

    bot_token: Secret = Secret()
    telegram_api: str = TELEGRAM
    group_id: int | None = None
    data_dir: Path = Path("var")
    database_url: Secret = Secret()
    public_url: str | None = None
    listen: str = "127.0.0.1:8080"
    intake: Literal["polling", "webhook"] = "polling"
    secret_key: Secret | None = None
    confidentiality: Literal["standard"] = "standard"
    sms: str = "dry-run"
    fiction_numbers: bool = False
    clock: str = "system"
    region: Path = DEFAULT_REGION
    heartbeat_url: Secret = Secret()  # whoever knows it may beat

    def __post_init__(self) -> None:
        set_to = partial(force_setattr, self)
        set_to("bot_token", Secret(self.bot_token.strip()))
        set_to("telegram_api", self.telegram_api.rstrip("/"))
        set_to("public_url", self.public_url.rstrip("/") if self.public_url else None)
        set_to("database_url", Secret(_with_driver(self.database_url)))
        set_to("heartbeat_url", Secret(self.heartbeat_url))
        set_to("secret_key", Secret(self.secret_key) if self.secret_key else None)
        if wrong := list(self._wrong()):
            raise SettingsError(wrong)

    def _wrong(self) -> Iterator[str]:
        number, colon, rest = self.bot_token.partition(":")
        if (number or colon or rest) and not (number.isdigit() and len(rest) >= 10):
            yield "SMT_BOT_TOKEN does not look like a token (`123456789:AA…`). Copy it again from @BotFather."
        if not _is_http(self.telegram_api):
            yield f"SMT_TELEGRAM_API must start with http:// or https://, as {TELEGRAM} does."
        if self.group_id is not None and self.group_id >= 0:
            yield "SMT_GROUP_ID must be negative: the number of a group starts with -100."
        if self.public_url and not _is_http(self.public_url):
            yield "SMT_PUBLIC_URL must be the https:// address under which people reach this server."
        host, _, port = self.listen.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            yield "SMT_LISTEN must be host:port, as 127.0.0.1:8080."
        if self.sms != "dry-run" and not _is_http(self.sms):
            yield "SMT_SMS must be `dry-run` or the http(s):// address of the SMS gateway."
        if self.heartbeat_url and not _is_http(self.heartbeat_url):
            yield "SMT_HEARTBEAT_URL must be the http(s):// address of a monitor, or empty."
        if self.database_url and not self.database_url.startswith(tuple(DRIVERS.values())):
            yield (
                "SMT_DATABASE_URL must start with postgresql:// or sqlite://; leave it empty for SQLite in"
                " SMT_DATA_DIR."
            )
        if not self.region.is_file():
            yield f"SMT_REGION names no file: {self.region}. Leave it empty for the region shipped (SAS 68)."
        if self.intake == "webhook" and not (self.public_url or "").startswith("https://"):
            yield (
                "SMT_INTAKE is `webhook`, which needs SMT_PUBLIC_URL with an https:// address. Set it, or use"
                " `polling`."
            )

    @property
    def token(self) -> str:
        """The bot's token, in clear."""
        return str(self.bot_token)

    @property
    def group(self) -> int:
        """The OSNP group as configured; `read_settings(need=…)` has made sure of it."""
        if self.group_id is None:
            raise SettingsError([MISSING["group_id"]])
        return self.group_id

    @property
    def database(self) -> str:
        """SQLAlchemy's URL of the database."""
        return self.database_url or f"sqlite+aiosqlite:///{(self.data_dir / 'smt.sqlite3').resolve()}"

    @property
    def host(self) -> str:
        """Where the web server listens."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The web server's port; 0 lets the system choose."""
        return int(self.listen.rpartition(":")[2])

    @property
    def webhook_secret(self) -> str:
        """What Telegram must show at our webhook; follows the token, so there is nothing to configure."""
        return hmac.new(self.token.encode(), b"webhook", hashlib.sha256).hexdigest()


def read_settings(need: tuple[str, ...] = (), env_file: Path | None = Path(".env")) -> Settings:
    """Read the environment (and `.env`). Raises SettingsError; `need` lists what must not be empty."""
    said = {**(dotenv_values(env_file, encoding="utf-8") if env_file else {}), **os.environ}
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for field in msgspec.structs.fields(Settings):
        if not (given := said.get(PREFIX + field.encode_name.upper())):
            continue  # an empty variable says nothing
        try:
            values[field.name] = msgspec.convert(given, field.type, strict=False, dec_hook=_of_words)
        except msgspec.ValidationError:
            wrong.append(MENDING[field.name])
    try:
        settings = Settings(**values)
    except SettingsError as error:
        raise SettingsError([*wrong, *error.sentences]) from None
    if wrong:
        raise SettingsError(wrong)
    missing = [MISSING[name] for name in need if name in MISSING and _is_empty(settings, name)]
    if missing:
        raise SettingsError(missing)
    return settings


def present_secret_key(settings: Settings) -> str | None:
    """The key of the vault where there is one; none is made."""
    if settings.secret_key is not None:
        return str(settings.secret_key)
    path = key_file(settings)
    return path.read_text(encoding="ascii").strip() if path.is_file() else None


def key_file(settings: Settings) -> Path:
    """Where the key is kept when SMT_SECRET_KEY is empty."""
    return settings.data_dir / "secret.key"


def read_secret_key(settings: Settings) -> tuple[str, Path | None]:
    """The key of the vault, and the file it was just created in, if it was.

    Without SMT_SECRET_KEY a key is kept in the data folder, readable by its owner only, as long as the
    database is there too; a database elsewhere needs the variable.
    """
    if (present := present_secret_key(settings)) is not None:
        return present, None
    if settings.database_url:
        raise SettingsError([NO_KEY])
    key, path = secrets.token_hex(32), key_file(settings)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(key + "\n", encoding="ascii")
    return key, path


def _is_http(value: str) -> bool:
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _is_empty(settings: Settings, name: str) -> bool:
    return not settings.token if name == "bot_token" else getattr(settings, name) is None


def _of_words(kind: type, words: Any) -> Any:
    """What msgspec does not know: paths and secrets."""
    return kind(words)


def _with_driver(url: str) -> str:
    for plain, driver in DRIVERS.items():
        if url.startswith(plain):
            return driver + url.removeprefix(plain)
    return url
