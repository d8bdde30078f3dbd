"""The environment, read; what is wrong in it, said."""

import re
from pathlib import Path

import pytest

from bot.settings import Secret, Settings, SettingsError, read_secret_key, read_settings

TOKEN = "7000000001:AAsandboxsandboxsandboxsandbox00001"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.__struct_fields__:
        monkeypatch.delenv(f"SMT_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def complaints(**environment: str) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with pytest.raises(SettingsError) as caught:
            read_settings(need=("bot_token", "group_id"))
    return caught.value.sentences


def test_an_empty_environment_lacks_token_and_group_only() -> None:
    first, second = complaints()

    assert first == (
        "SMT_BOT_TOKEN is empty. Get one from @BotFather, or try `make sandbox`, which needs none."
    )
    assert second.startswith("SMT_GROUP_ID is empty.")


def test_short_commands_need_nothing() -> None:
    settings = read_settings()

    assert settings.database.startswith("sqlite+aiosqlite:///")
    assert settings.database.endswith("/var/smt.sqlite3")
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SMT_BOT_TOKEN", "hello", "does not look like a token"),
        ("SMT_GROUP_ID", "the group", "must be the number of the OSNP group"),
        ("SMT_GROUP_ID", "12", "must be negative"),
        ("SMT_TELEGRAM_API", "api.telegram.org", "must start with http"),
        ("SMT_INTAKE", "pigeon", "`polling` or `webhook`"),
        ("SMT_INTAKE", "webhook", "needs SMT_PUBLIC_URL"),
        ("SMT_CONFIDENTIALITY", "strict", "`strict` does not exist yet"),
        ("SMT_SMS", "yes", "`dry-run` or the http"),
        ("SMT_LISTEN", "8080", "must be host:port"),
        ("SMT_DATABASE_URL", "mysql://x", "must start with postgresql:// or sqlite://"),
        ("SMT_REGION", "/nowhere.toml", "names no file"),
        ("SMT_FICTION_NUMBERS", "perhaps", "`true` or `false`"),
        ("SMT_PUBLIC_URL", "smt.example", "must be the https:// address"),
    ],
)
def test_each_wrong_variable_is_one_sentence_that_names_it(name: str, value: str, said: str) -> None:
    (sentence,) = [s for s in complaints(**{name: value}) if s.startswith(name)]

    assert said in sentence
    assert "\n" not in sentence


def test_token_and_keys_are_not_shown() -> None:
    settings = Settings(
        bot_token=Secret(TOKEN),
        secret_key=Secret("very secret"),
        database_url=Secret("postgresql://u:pw@h/d"),
        heartbeat_url=Secret("https://monitor.invalid/known-to-us"),
    )

    shown = repr(settings)
    assert TOKEN not in shown
    assert "very secret" not in shown
    assert "pw@h" not in shown
    assert "known-to-us" not in shown
    assert settings.database == "postgresql+psycopg://u:pw@h/d"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        Settings().listen = "0.0.0.0:80"  # type: ignore[misc]


def test_an_empty_variable_says_nothing_and_every_wrong_one_is_said_at_once() -> None:
    said = complaints(SMT_LISTEN="8080", SMT_SMS="yes", SMT_FICTION_NUMBERS="perhaps", SMT_INTAKE="")

    assert [sentence.partition(" ")[0] for sentence in said] == [
        "SMT_FICTION_NUMBERS",
        "SMT_LISTEN",
        "SMT_SMS",
    ]


def test_dot_env_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(f"SMT_BOT_TOKEN={TOKEN}\nSMT_GROUP_ID=-1001\nSMT_LISTEN=[::1]:81\n")
    monkeypatch.setenv("SMT_GROUP_ID", "-1002")

    settings = read_settings(need=("bot_token", "group_id"))

    assert (settings.token, settings.group, settings.host, settings.port) == (TOKEN, -1002, "::1", 81)


def test_a_key_is_made_once_beside_the_database_and_read_by_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")

    key, created = read_secret_key(settings)
    again, nothing = read_secret_key(settings)

    assert created == tmp_path / "data" / "secret.key"
    assert created.stat().st_mode & 0o777 == 0o600
    assert (again, nothing) == (key, None)
    assert len(key) == 64


def test_a_database_of_ones_own_needs_a_key_of_ones_own() -> None:
    with pytest.raises(SettingsError, match="SMT_SECRET_KEY is empty"):
        read_secret_key(Settings(database_url=Secret("postgresql://h/d")))


def test_the_webhooks_secret_is_one_telegram_takes() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,256}", Settings(bot_token=Secret(TOKEN)).webhook_secret)


def test_every_variable_is_explained_in_the_example() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    named = {line.partition("=")[0] for line in lines if line.startswith("SMT_")}

    assert named == {f"SMT_{name.upper()}" for name in Settings.__struct_fields__}
