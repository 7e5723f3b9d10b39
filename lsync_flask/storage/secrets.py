"""Secrets at rest: AES-GCM, bound to the org and the name they were stored under.

A ciphertext that is moved to another org's row, or under another name, does not open. Several keys may decrypt, so
that keys can be rotated while the app runs; the first one encrypts.
"""

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select, update

from lsync_flask.errors import FatalError
from lsync_flask.storage.db import Database, OrgScope
from lsync_flask.storage.models import secret

NONCE_BYTES = 12
KEY_ID_BYTES = 4


class SecretBox:
    """Seals and unseals texts. A sealed text is key id, nonce and ciphertext."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise FatalError("No encryption key is set.")
        self._keys = {_key_id(key): AESGCM(key) for key in keys}
        self._first = _key_id(keys[0])

    def __repr__(self) -> str:
        return f"SecretBox({len(self._keys)} keys)"

    def seal(self, org_id: str, name: str, text: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        cipher = self._keys[self._first].encrypt(nonce, text.encode(), _bound_to(org_id, name))
        return self._first + nonce + cipher

    def unseal(self, org_id: str, name: str, blob: bytes) -> str:
        """Raises FatalError when no key opens it, or it was sealed for another org or name."""
        key = self._keys.get(blob[:KEY_ID_BYTES])
        nonce, cipher = blob[KEY_ID_BYTES : KEY_ID_BYTES + NONCE_BYTES], blob[KEY_ID_BYTES + NONCE_BYTES :]
        if key is None:
            raise FatalError(f"The secret {name} was encrypted with a key that LSYNC_ENCRYPTION_KEYS does not hold.")
        try:
            return key.decrypt(nonce, cipher, _bound_to(org_id, name)).decode()
        except InvalidTag as error:
            raise FatalError(f"The secret {name} cannot be decrypted: it was changed or belongs elsewhere.") from error

    def is_sealed_with_first(self, blob: bytes) -> bool:
        return blob[:KEY_ID_BYTES] == self._first


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"lsync key id" + key).digest()[:KEY_ID_BYTES]


def _bound_to(org_id: str, name: str) -> bytes:
    return f"{org_id}/{name}".encode()


def read_secret(scope: OrgScope, box: SecretBox, name: str) -> str | None:
    """The secret; None when it was never set."""
    blob = scope.run(scope.select(secret, secret.c.ciphertext).where(secret.c.name == name)).scalar_one_or_none()
    return None if blob is None else box.unseal(scope.org_id, name, bytes(blob))


def save_secret(scope: OrgScope, box: SecretBox, name: str, text: str, now_s: float) -> None:
    """Set or replace a secret; an empty text removes it."""
    scope.run(scope.delete(secret).where(secret.c.name == name))
    if text:
        scope.add(secret, {"name": name, "ciphertext": box.seal(scope.org_id, name, text), "changed_at": now_s})


def set_secrets(scope: OrgScope) -> frozenset[str]:
    """The names of the secrets that are set."""
    return frozenset(scope.run(scope.select(secret, secret.c.name)).scalars())


def secret_stamps(scope: OrgScope, names: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """When each of these secrets was set; those that are not are left out."""
    columns = scope.select(secret, secret.c.name, secret.c.changed_at).where(secret.c.name.in_(names))
    return tuple((row.name, row.changed_at) for row in scope.run(columns.order_by(secret.c.name)))


def rotate_secrets(database: Database, box: SecretBox) -> int:
    """Seal every secret again with the first key; how many there are."""
    with database.writing_all() as connection:
        rows = connection.execute(select(secret)).all()
        for row in rows:
            text = box.unseal(row.org_id, row.name, bytes(row.ciphertext))
            connection.execute(
                update(secret)
                .where(secret.c.org_id == row.org_id, secret.c.name == row.name)
                .values(ciphertext=box.seal(row.org_id, row.name, text))
            )
    return len(rows)
