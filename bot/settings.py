"""The environment as one frozen value. Knows the names and shapes of the variables, not what they do.

Every complaint is one sentence that says which variable is wrong and how to mend it.
"""

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.domain.outcome import Fact

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


class Settings(BaseSettings):
    """Everything the environment says."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    bot_token: SecretStr = SecretStr("")
    telegram_api: str = TELEGRAM
    group_id: int | None = None
    data_dir: Path = Path("var")
    database_url: Annotated[str, Field(repr=False)] = ""
    public_url: str | None = None
    listen: str = "127.0.0.1:8080"
    intake: Literal["polling", "webhook"] = "polling"
    secret_key: SecretStr | None = None
    confidentiality: Literal["standard"] = "standard"
    sms: str = "dry-run"
    fiction_numbers: bool = False
    clock: str = "system"
    region: Annotated[Path, NoDecode] = DEFAULT_REGION
    heartbeat_url: Annotated[str, Field(repr=False)] = ""  # whoever knows it may beat

    @field_validator("group_id", "public_url", "secret_key", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Fact) -> Fact:
        return None if value == "" else value

    @field_validator("bot_token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        number, colon, rest = value.get_secret_value().strip().partition(":")
        if (number or colon or rest) and not (number.isdigit() and len(rest) >= 10):
            raise ValueError(
                "SMT_BOT_TOKEN does not look like a token (`123456789:AA…`). Copy it again from @BotFather."
            )
        return SecretStr(value.get_secret_value().strip())

    @field_validator("telegram_api")
    @classmethod
    def _telegram_api(cls, value: str) -> str:
        if not _is_http(value):
            raise ValueError(f"SMT_TELEGRAM_API must start with http:// or https://, as {TELEGRAM} does.")
        return value.rstrip("/")

    @field_validator("group_id")
    @classmethod
    def _group(cls, value: int | None) -> int | None:
        if value is not None and value >= 0:
            raise ValueError("SMT_GROUP_ID must be negative: the number of a group starts with -100.")
        return value

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str | None) -> str | None:
        if value is not None and not _is_http(value):
            raise ValueError(
                "SMT_PUBLIC_URL must be the https:// address under which people reach this server."
            )
        return value.rstrip("/") if value else None

    @field_validator("listen")
    @classmethod
    def _listen(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError("SMT_LISTEN must be host:port, as 127.0.0.1:8080.")
        return value

    @field_validator("sms")
    @classmethod
    def _sms(cls, value: str) -> str:
        if value not in ("", "dry-run") and not _is_http(value):
            raise ValueError("SMT_SMS must be `dry-run` or the http(s):// address of the SMS gateway.")
        return value or "dry-run"

    @field_validator("heartbeat_url")
    @classmethod
    def _heartbeat(cls, value: str) -> str:
        if value and not _is_http(value):
            raise ValueError("SMT_HEARTBEAT_URL must be the http(s):// address of a monitor, or empty.")
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        for plain, driver in (
            ("postgresql://", "postgresql+psycopg://"),
            ("postgres://", "postgresql+psycopg://"),
            ("sqlite://", "sqlite+aiosqlite://"),
        ):
            if value.startswith(plain):
                return driver + value.removeprefix(plain)
        if value and not value.startswith(("postgresql+psycopg://", "sqlite+aiosqlite://")):
            raise ValueError(
                "SMT_DATABASE_URL must start with postgresql:// or sqlite:///; leave it empty for SQLite in"
                " SMT_DATA_DIR."
            )
        return value

    @field_validator("region")
    @classmethod
    def _region(cls, value: Path) -> Path:
        if not value.is_file():
            raise ValueError(
                f"SMT_REGION names no file: {value}. Leave it empty for the region shipped (SAS 68)."
            )
        return value

    @field_validator("region", mode="before")
    @classmethod
    def _region_default(cls, value: str | Path) -> str | Path:
        return value or DEFAULT_REGION

    @model_validator(mode="after")
    def _webhook_needs_https(self) -> "Settings":
        if self.intake == "webhook" and not (self.public_url or "").startswith("https://"):
            raise ValueError(
                "SMT_INTAKE is `webhook`, which needs SMT_PUBLIC_URL with an https:// address. Set it, or use"
                " `polling`."
            )
        return self

    @property
    def token(self) -> str:
        """The bot's token, in clear."""
        return self.bot_token.get_secret_value()

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
    try:
        settings = Settings(_env_file=env_file)  # type: ignore[call-arg]  # pydantic's own parameter
    except ValidationError as error:
        raise SettingsError([_sentence(dict(problem)) for problem in error.errors()]) from None
    missing = [MISSING[name] for name in need if name in MISSING and _is_empty(settings, name)]
    if missing:
        raise SettingsError(missing)
    return settings


def present_secret_key(settings: Settings) -> str | None:
    """The key of the vault where there is one; none is made."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
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


def _sentence(problem: dict[str, object]) -> str:
    location = problem["loc"]
    name = str(location[0]) if isinstance(location, tuple) and location else ""
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return message
    variable = name if name.upper().startswith(PREFIX) else PREFIX + name.upper()
    return MENDING.get(name.lower().removeprefix(PREFIX.lower()), f"{variable}: {message}.")
