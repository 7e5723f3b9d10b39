"""The settings, read from an environment that `wsgi.py` and `cli.py` hand over. No secret has a default."""

import base64
import binascii
import hashlib
import tempfile
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from lsync_flask.errors import FatalError

PREFIX = "LSYNC_"
UNPREFIXED = {"database_url": "DATABASE_URL", "redis_url": "REDIS_URL", "smtp_url": "SMTP_URL"}
WEAK = 32
SHORTEST_TOKEN = 16
DISTINCT = 8
"""A random secret of that length has more different characters than this; a placeholder often has not."""


class Settings(BaseModel):
    """One deployment's settings. Each field's description is its documentation; see docs/operator.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance: Path = Field(default=Path("instance"), description="Folder for the embedded database and Redis data.")
    database_url: str = Field(
        default="", description="SQLAlchemy address of the ledger; default: SQLite in the instance folder."
    )
    redis_url: str = Field(default="", description="Redis-compatible server; default: the embedded one.")
    secret_key: SecretStr = Field(description="Signs CSRF tokens; at least 32 characters.")
    encryption_keys: tuple[SecretStr, ...] = Field(
        description="Comma-separated keys of 32 bytes in base64: the first encrypts, all decrypt."
    )
    public_url: str = Field(default="http://127.0.0.1:8700", description="Where Salesforce's users reach LSync.")
    allowed_org_hosts: frozenset[str] = Field(
        default=frozenset(), description="Extra org hosts as host:port; a loopback one may be plain http."
    )
    allowed_provider_hosts: frozenset[str] = Field(
        default=frozenset(), description="Internal provider hosts as host:port that the guard lets through."
    )
    allowed_plugins: frozenset[str] | None = Field(
        default=None, description="Distributions whose plugins are loaded; default: all that are installed."
    )
    plugins_off: frozenset[str] = Field(default=frozenset(), description="Plugins that are not to be used.")
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        le=5,
        description="How many proxies stand before LSync and set X-Forwarded-For and X-Forwarded-Proto.",
    )
    ca_bundle: str = Field(default="", description="File with the certificates to trust; default: certifi's.")
    smtp_url: SecretStr = Field(
        default=SecretStr(""), description="smtp://user:password@host:port (smtps:// for TLS); empty: no mail is sent."
    )
    mail_from: str = Field(default="LSync <lsync@localhost>", description="Sender of the mails.")
    metrics_token: SecretStr = Field(
        default=SecretStr(""), description="Opens /metrics as a bearer token; empty: there is no /metrics."
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
    plugin_limit_s: float = Field(
        default=300.0,
        ge=1,
        description="How long a plugin may take over one call's records, in seconds; then its worker starts anew.",
    )
    signed_request_age_s: int = Field(
        default=300, ge=0, description="How old a signed request may be, in seconds; 0 switches the check off."
    )

    @field_validator("secret_key")
    @classmethod
    def _strong(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < WEAK:
            raise ValueError("is missing or too short; make one with: openssl rand -hex 32")
        if len(set(value.get_secret_value())) < DISTINCT:
            raise ValueError("is easy to guess; make one with: openssl rand -hex 32")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _long(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) < SHORTEST_TOKEN:
            raise ValueError("is too short; make one with: openssl rand -hex 32")
        return value

    @field_validator("redis_url")
    @classmethod
    def _guarded(cls, value: str) -> str:
        # Whoever reaches Redis can ring for activities and end the record of used requests.
        parts = urlsplit(value)
        if parts.scheme in {"redis", "rediss"} and not parts.password and not _is_loopback(parts.hostname or ""):
            raise ValueError(
                "names a server on another machine without a password; give it one: redis://:password@host"
            )
        return value

    @field_validator("encryption_keys")
    @classmethod
    def _keys(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        keys = [key.get_secret_value() for key in value]
        if not keys or not all(_is_key(key) and any(base64.b64decode(key)) for key in keys):
            raise ValueError("must be keys of 32 bytes in base64; make one with: openssl rand -base64 32")
        return value

    @field_validator("log_level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @property
    def database(self) -> str:
        """The address to open."""
        return self.database_url or f"sqlite:///{self.instance.absolute() / 'lsync.db'}"

    @property
    def redis(self) -> str:
        """The address to open: REDIS_URL, or the embedded server's socket."""
        return self.redis_url or f"unix://{self.redis_socket}"

    @property
    def redis_socket(self) -> Path:
        """The embedded server's socket; in the temporary folder when the path would be too long for a socket."""
        path = self.instance.absolute() / "redis.sock"
        longest = 100
        if len(str(path)) <= longest:
            return path
        name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"lsync-{name}.sock"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host in {"localhost", ""}


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == WEAK
    except (binascii.Error, ValueError):
        return False


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from environment variables, named in contract.md §3.

    Raises:
        FatalError: with every variable that is missing or wrong.
    """
    if environment.get("FLASK_DEBUG", "").strip().lower() not in {"", "0", "false", "no"}:
        raise FatalError("FLASK_DEBUG is set: its debugger runs what anybody types. Unset it; see LSYNC_LOG_LEVEL.")
    given = {
        name: _part(name, environment[_variable(name)]) for name in Settings.model_fields if _has(name, environment)
    }
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise FatalError(" ".join(_sentence(problem) for problem in error.errors())) from error


def variable_names() -> dict[str, str]:
    """Each setting's environment variable, by the name of its field."""
    return {name: _variable(name) for name in Settings.model_fields}


def _variable(name: str) -> str:
    return UNPREFIXED.get(name, PREFIX + name.upper())


def _has(name: str, environment: Mapping[str, str]) -> bool:
    return bool(environment.get(_variable(name), "").strip())


def _part(name: str, text: str) -> object:
    lists = {"allowed_org_hosts", "allowed_provider_hosts", "allowed_plugins", "plugins_off", "encryption_keys"}
    return [part.strip() for part in text.split(",") if part.strip()] if name in lists else text.strip()


def _sentence(problem: Mapping[str, object]) -> str:
    where = problem["loc"]
    name = _variable(str(where[0])) if isinstance(where, tuple) and where else "the settings"
    if problem["type"] == "missing":
        return f"{name} is not set."
    return f"{name} {str(problem['msg']).removeprefix('Value error, ')}."
