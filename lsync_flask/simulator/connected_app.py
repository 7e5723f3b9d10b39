"""The app that the org's admin has registered for LSync, and how the token endpoint refuses."""

from dataclasses import dataclass

__all__ = ["SCOPES", "ConnectedApp", "OAuthRefused"]

SCOPES = frozenset(("api", "id", "custom_permissions", "refresh_token"))


class OAuthRefused(Exception):
    """An answer of the token endpoint that is not a token (reference, §2.3)."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status


@dataclass(slots=True)
class ConnectedApp:
    """`run_as` is the user of client credentials, or none. `refuses` is what every token call is told, if anything."""

    consumer_key: str
    consumer_secret: str
    certificate_pem: bytes
    run_as: str | None = None
    rotates_refresh_tokens: bool = False
    requires_pkce: bool = False
    refuses: tuple[str, str] | None = None
    callback_urls: tuple[str, ...] = ()
    scopes: frozenset[str] = SCOPES
