"""What makes one simulated org itself from one start to the next: its id, its connected app, its keys."""

import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from lsync_flask.simulator.ids import make_id

KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class Identity:
    """The org's id and the secrets that a client is given by hand."""

    org_id: str
    consumer_key: str
    consumer_secret: str = field(repr=False)
    provider_key: str = field(repr=False)


def make_identity(seed: int) -> Identity:
    """A new identity; only the org id follows from the seed."""
    return Identity(
        org_id=make_id("00D", seed),
        consumer_key="3MVG9" + secrets.token_urlsafe(60).replace("-", ".")[:80],
        consumer_secret=secrets.token_hex(32).upper(),
        provider_key="lk_" + secrets.token_urlsafe(24),
    )


def keep_identity(folder: Path, seed: int) -> Identity:
    """The identity that the folder holds, made at the first start, so that a restart keeps every enrolment valid."""
    place = folder / "identity.json"
    if place.exists():
        return Identity(**json.loads(place.read_text()))
    identity = make_identity(seed)
    write_private(place, json.dumps(asdict(identity)).encode())
    return identity


def keep_keys(folder: Path) -> tuple[Path, Path]:
    """The files of the connected app's private key and certificate, made at the first start."""
    key_file, certificate_file = folder / "jwt_private_key.pem", folder / "jwt_certificate.pem"
    if not (key_file.exists() and certificate_file.exists()):
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(key_file, pem)
        certificate_file.write_bytes(_certificate(key))
    return key_file, certificate_file


def _certificate(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "LSync local org")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def write_private(place: Path, content: bytes) -> None:
    """Write a file that only its owner may read."""
    place.touch(mode=0o600)
    place.write_bytes(content)
