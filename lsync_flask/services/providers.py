"""The provider of an org: its plugin with the parameters and secrets that the admin has set."""

import hmac
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from lsync_flask.errors import FatalError, LsyncError
from lsync_flask.limiter import Account
from lsync_flask.plugin_api import Catalogue, Http, Limits, Plugin, Provider, build
from lsync_flask.services.resources import Resources
from lsync_flask.storage.secrets import read_secret

T = TypeVar("T")


def secret_params(cls: type[Plugin]) -> frozenset[str]:
    """The parameters that are write-only."""
    return frozenset(name for name, field in cls.model_fields.items() if _is_secret(field))


def _is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


def provider_class(resources: Resources, name: str) -> type[Provider]:
    """Raises FatalError when no provider is chosen or its plugin is not installed."""
    if not name:
        raise FatalError("No provider is chosen. An admin chooses one in Settings.")
    cls = resources.registry.providers.get(name)
    if cls is None:
        raise FatalError(f"The provider plugin {name} is not installed or was refused; see Plugins.")
    return cls


def open_named_provider(
    resources: Resources, org_id: str, name: str, params: Mapping[str, Any], typed: Mapping[str, str] | None = None
) -> Provider:
    """The provider, ready to be asked; `typed` are secrets that take the place of the stored ones.

    Raises:
        FatalError: it is not installed; InvalidParams: a parameter is missing or wrong.
    """
    cls = provider_class(resources, name)
    with resources.database.reading(org_id) as scope:
        secrets = {param: read_secret(scope, resources.box, f"provider.{param}") for param in secret_params(cls)}
    known = {param: text for param, text in secrets.items() if text is not None}
    return build(cls, {**params, **known, **(typed or {})})


def account_of(resources: Resources, org_id: str, provider: Provider) -> Account:
    """The account that a provider's calls are counted against: who has the same key shares it, also between orgs.

    Its own key is a keyed hash, so that nothing in Redis can be turned back into a secret.

    Raises:
        FatalError: the plugin says no limits.
    """
    params = {name: getattr(provider, name) for name in type(provider).model_fields}
    secrets = {name: value.get_secret_value() for name, value in params.items() if isinstance(value, SecretStr)}
    whose = secrets or {"org": org_id, **params}
    told = repr((provider.name, sorted((name, str(value)) for name, value in whose.items())))
    key = hmac.new(resources.settings.secret_key.get_secret_value().encode(), told.encode(), "sha256").hexdigest()
    return Account(key[:32], read_limits(provider))


def read_catalogue(provider: Provider) -> Catalogue:
    """Raises FatalError when the plugin raises what it should not."""
    catalogue = _asked(provider, provider.catalogue)
    if not isinstance(catalogue, Catalogue):
        raise FatalError(f"The provider plugin {provider.label} has no catalogue. Tell whoever maintains it.")
    return catalogue


def read_limits(provider: Provider) -> Limits:
    """Raises FatalError when the plugin raises what it should not, or says what is no limit."""
    limits = _asked(provider, provider.limits)
    if not isinstance(limits, Limits) or not _asked(provider, provider.most_per_call) >= 1:
        raise FatalError(f"The provider plugin {provider.label} says no limits. Tell whoever maintains it.")
    return limits


def check_provider(provider: Provider, http: Http) -> str:
    """What works, in one sentence. Raises as the provider's `check`, and FatalError when it raises anything else."""
    return _asked(provider, lambda: provider.check(http))


def _asked(provider: Provider, ask: Callable[[], T]) -> T:
    try:
        return ask()
    except LsyncError:
        raise
    except (Exception, SystemExit) as error:
        name = type(error).__name__
        raise FatalError(f"The provider plugin {provider.label} failed ({name}). Tell whoever maintains it.") from error
