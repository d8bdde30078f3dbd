"""The seal opens for the right row, the right key and the unchanged bytes, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.vault import Vault, VaultError, row_of

HERE = row_of("draft", "body", 7)
OLD, NEW = b"o" * 32, b"n" * 32


@given(st.binary(), st.text())
def test_what_was_sealed_opens(content: bytes, key: str) -> None:
    vault = Vault({"a": OLD}, "a")
    context = row_of("draft", "body", key)
    assert vault.open(vault.seal(content, context), context) == content


@given(st.integers(min_value=0, max_value=200), st.integers(min_value=1, max_value=255))
def test_any_changed_byte_is_noticed(position: int, change: int) -> None:
    vault = Vault({"a": OLD}, "a")
    sealed = bytearray(vault.seal(b"Odile", HERE))
    sealed[position % len(sealed)] ^= change
    with pytest.raises(VaultError):
        vault.open(bytes(sealed), HERE)


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 10, 20])
def test_a_cut_value_does_not_open(cut: int) -> None:
    vault = Vault({"a": OLD}, "a")
    with pytest.raises(VaultError):
        vault.open(vault.seal(b"Odile", HERE)[:cut], HERE)


@pytest.mark.parametrize("elsewhere", [row_of("draft", "body", 8), row_of("inbox", "body", 7)])
def test_a_value_moved_to_another_row_does_not_open(elsewhere: str) -> None:
    vault = Vault({"a": OLD}, "a")
    with pytest.raises(VaultError, match="another row"):
        vault.open(vault.seal(b"Odile", HERE), elsewhere)


def test_the_same_content_is_sealed_differently_each_time() -> None:
    vault = Vault({"a": OLD}, "a")
    assert vault.seal(b"Odile", HERE) != vault.seal(b"Odile", HERE)
    assert b"Odile" not in vault.seal(b"Odile", HERE)


def test_an_old_key_still_opens_and_the_new_one_seals() -> None:
    before, during, after = Vault({"a": OLD}, "a"), Vault({"b": NEW, "a": OLD}, "b"), Vault({"b": NEW}, "b")
    sealed = before.seal(b"Odile", HERE)
    assert during.open(sealed, HERE) == b"Odile"
    assert not during.is_current(sealed)
    anew = during.rotated(sealed, HERE)
    assert during.is_current(anew)
    assert during.rotated(anew, HERE) is anew
    assert after.open(anew, HERE) == b"Odile"
    with pytest.raises(VaultError, match="does not hold"):
        after.open(sealed, HERE)


def test_a_key_of_the_same_name_but_other_bytes_does_not_open() -> None:
    with pytest.raises(VaultError):
        Vault({"a": NEW}, "a").open(Vault({"a": OLD}, "a").seal(b"Odile", HERE), HERE)


def test_secrets_in_the_setting_the_first_seals() -> None:
    old, both = Vault.from_secret("first secret"), Vault.from_secret(" second secret , first secret ")
    assert both.current == Vault.from_secret("second secret").current != old.current
    assert both.open(old.seal(b"Odile", HERE), HERE) == b"Odile"
    with pytest.raises(VaultError):
        old.open(both.seal(b"Odile", HERE), HERE)


@pytest.mark.parametrize("secret", ["", " ", ",", " , "])
def test_an_empty_secret_is_refused_with_the_way_to_make_one(secret: str) -> None:
    with pytest.raises(ValueError, match=r"SMT_SECRET_KEY.*openssl rand"):
        Vault.from_secret(secret)


@pytest.mark.parametrize(
    ("keys", "current"), [({}, "a"), ({"a": OLD}, "b"), ({"a": b"short"}, "a"), ({"": OLD}, "")]
)
def test_a_ring_that_cannot_work_is_refused(keys: dict[str, bytes], current: str) -> None:
    with pytest.raises(ValueError, match="vault"):
        Vault(keys, current)


def test_the_blind_index_depends_on_text_purpose_and_key() -> None:
    vault, other = Vault({"a": OLD}, "a"), Vault({"a": NEW}, "a")
    index = vault.index("weber", "name")
    assert index == vault.index("weber", "name")
    assert len({index, vault.index("weber", "phone"), vault.index("webers", "name")}) == 3
    assert index != other.index("weber", "name")
    assert index in Vault({"b": NEW, "a": OLD}, "b").indexes("weber", "name")
