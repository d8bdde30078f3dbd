"""The seal on everything that may name a patient: encryption at rest, key rotation, blind indexes.

Knows neither tables nor missions; a caller names the row that a sealed value belongs to.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

#: The first byte of everything sealed: the layout (this byte, length of key id, key id, nonce, ciphertext).
LAYOUT = b"\x01"
NONCE_BYTES = 12
KEY_BYTES = 32


class VaultError(Exception):
    """A sealed value cannot be opened: wrong key, wrong row, or changed on disk."""


def row_of(table: str, column: str, key: object) -> str:
    """The identity of one stored value, bound into its seal: moved elsewhere, it does not open."""
    return f"{table}.{column}:{key}"


class Vault:
    """A ring of keys: the current one seals, all of them open."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        if current not in keys:
            raise ValueError(f"The vault has no key {current!r}.")
        for name, key in keys.items():
            if len(key) != KEY_BYTES:
                raise ValueError(f"Key {name!r} of the vault must have {KEY_BYTES} bytes.")
            if not 1 <= len(name.encode()) <= 255:
                raise ValueError("The id of a key of the vault must have 1 to 255 bytes.")
        self._current = current
        self._ciphers = {name: AESGCM(_derived(key, "seal")) for name, key in keys.items()}
        self._index_keys = {name: _derived(key, "index") for name, key in keys.items()}
        #: What everything sealed now begins with.
        self.front = _front(current)

    @classmethod
    def from_secret(cls, secret: str) -> "Vault":
        """The ring that `SMT_SECRET_KEY` holds: secrets separated by commas, the first seals."""
        secrets = [part.strip() for part in secret.split(",") if part.strip()]
        if not secrets:
            raise ValueError("SMT_SECRET_KEY is empty. Make one with: openssl rand -hex 32")
        roots = [hashlib.sha256(b"smt vault " + part.encode()).digest() for part in secrets]
        keys = {_derived(root, "id")[:4].hex(): root for root in roots}
        return cls(keys, next(iter(keys)))

    @property
    def current(self) -> str:
        """The id of the key that seals."""
        return self._current

    def seal(self, content: bytes, context: str) -> bytes:
        """Encrypt `content` for the row that `context` names."""
        nonce = os.urandom(NONCE_BYTES)
        bound = self.front + context.encode()
        return self.front + nonce + self._ciphers[self._current].encrypt(nonce, content, bound)

    def open(self, sealed: bytes, context: str) -> bytes:
        """The content again. Raises VaultError."""
        name = self.key_of(sealed)
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise VaultError(f"{context} was sealed with key {name}, which SMT_SECRET_KEY does not hold.")
        start = len(_front(name))
        nonce, ciphertext = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, ciphertext, sealed[:start] + context.encode())
        except (InvalidTag, ValueError):
            raise VaultError(
                f"{context} does not open: changed on disk, or sealed for another row."
            ) from None

    def key_of(self, sealed: bytes) -> str:
        """The id of the key it was sealed with. Raises VaultError."""
        if len(sealed) < 2 or sealed[:1] != LAYOUT:
            raise VaultError("This is nothing the vault has sealed.")
        return sealed[2 : 2 + sealed[1]].decode(errors="replace")

    def is_current(self, sealed: bytes) -> bool:
        """Whether it needs no rotation."""
        return self.key_of(sealed) == self._current

    def rotated(self, sealed: bytes, context: str) -> bytes:
        """The same content under the current key."""
        return sealed if self.is_current(sealed) else self.seal(self.open(sealed, context), context)

    def index(self, text: str, purpose: str) -> str:
        """What to store beside a sealed value so that equal texts can be found without reading any."""
        return _blind(self._index_keys[self._current], text, purpose)

    def indexes(self, text: str, purpose: str) -> list[str]:
        """What to look for: the index under every key of the ring."""
        return [_blind(key, text, purpose) for key in self._index_keys.values()]


def _front(name: str) -> bytes:
    encoded = name.encode()
    return LAYOUT + bytes([len(encoded)]) + encoded


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDFExpand(SHA256(), KEY_BYTES, f"smt {purpose}".encode()).derive(key)


def _blind(key: bytes, text: str, purpose: str) -> str:
    digest = hmac.digest(key, f"{purpose}\0{text}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:18]).decode()
