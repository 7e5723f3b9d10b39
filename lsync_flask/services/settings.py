"""An org's settings: the provider, limits, recipients, names of the technical fields. Secrets are write-only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lsync_flask.errors import FatalError, InvalidParams
from lsync_flask.plugin_api import Provider, build
from lsync_flask.services.checks import Check, run_check
from lsync_flask.services.plan import TechnicalFields
from lsync_flask.services.providers import check_provider, open_named_provider, provider_class, secret_params
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.storage.audit import add_audit, difference
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.org_bodies import read_settings_body, save_settings_body
from lsync_flask.storage.secrets import save_secret, set_secrets

MOST_CREDITS = 1_000_000_000
_NAMES = TechnicalFields()
_FIELD_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,76}__c$"
MailAddress = Annotated[str, Field(pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+$", max_length=254)]


class OrgSettings(BaseModel):
    """What an admin sets."""

    model_config = ConfigDict(extra="forbid")

    provider: str = Field(default="", title="Provider", description="The service that is asked about your records.")
    provider_params: dict[str, Any] = Field(default={}, title="Provider settings")
    maximum_records: int = Field(
        default=400_000,
        ge=1,
        le=50_000_000,
        title="Maximum records per activity",
        description="A larger audience is not run as one, so that a wrong filter cannot spend all credits.",
    )
    bulk_size: int = Field(
        default=10_000,
        ge=200,
        le=10_000,
        title="Records per bulk",
        description="Written back together. Smaller bulks show results sooner and cost more API calls.",
    )
    first_bulk_size: int = Field(
        default=200,
        ge=1,
        le=2_000,
        title="Records in the first bulk",
        description="Small, so that the first result is there within seconds.",
    )
    api_share_percent: int = Field(
        default=80,
        ge=1,
        le=100,
        title="Share of the daily API calls, in percent",
        description="When the org has used so much of its day, activities wait and leave the rest to others.",
    )
    credits_per_run: int | None = Field(
        default=None,
        ge=0,
        le=MOST_CREDITS,
        title="Most credits per activity",
        description="An activity pauses before it spends more. Empty: no limit.",
    )
    credits_per_month: int | None = Field(
        default=None,
        ge=0,
        le=MOST_CREDITS,
        title="Most credits per month",
        description="Of all activities of a calendar month (UTC). Empty: no limit.",
    )
    mail_to: list[MailAddress] = Field(
        default=[],
        max_length=20,
        title="Mail also to",
        description="With commas between them, 20 at most. The definition's owner always gets the mails.",
    )
    activity_date_field: str = Field(
        default=_NAMES.activity_date,
        pattern=_FIELD_NAME,
        title="Activity date field",
        description="When a record last went through; empty on a record means never.",
    )
    error_code_field: str = Field(
        default=_NAMES.error_code,
        pattern=_FIELD_NAME,
        title="Error code field",
        description="What was wrong then, in one word that reports can count.",
    )
    error_message_field: str = Field(
        default=_NAMES.error_message,
        pattern=_FIELD_NAME,
        title="Error message field",
        description="What was wrong then, in a sentence.",
    )
    on_unknown_charge: Literal["pay-again", "park"] = Field(
        default="park",
        title="When a paid answer may be lost",
        description="A crash can leave it open whether a call was paid, where the provider cannot tell repeats.",
    )

    def technical_fields(self) -> TechnicalFields:
        return TechnicalFields(
            activity_date=self.activity_date_field,
            error_code=self.error_code_field,
            error_message=self.error_message_field,
        )


@dataclass(frozen=True, slots=True)
class SettingsView:
    """The settings; `version` None: never saved; `secrets_set`: the provider's secrets that are stored."""

    version: int | None
    settings: OrgSettings
    secrets_set: frozenset[str]


def org_settings(scope: OrgScope) -> OrgSettings:
    """The settings as saved, or the defaults."""
    stored = read_settings_body(scope)
    return OrgSettings.model_validate(stored[1]) if stored else OrgSettings()


def read_settings(resources: Resources, actor: Actor) -> SettingsView:
    actor.must("see settings and mappings")
    with resources.database.reading(actor.org_id) as scope:
        stored = read_settings_body(scope)
        names = set_secrets(scope)
    settings = OrgSettings.model_validate(stored[1]) if stored else OrgSettings()
    secrets = frozenset(name.removeprefix("provider.") for name in names if name.startswith("provider."))
    return SettingsView(stored[0] if stored else None, settings, secrets)


def save_settings(
    resources: Resources,
    actor: Actor,
    settings: OrgSettings,
    secrets: Mapping[str, str],
    version_seen: int | None,
) -> int:
    """Replace the settings; the new version. `secrets` holds only those that are to change.

    Raises:
        InvalidParams: an unknown provider or a parameter that it does not take; Conflict: saved meanwhile by another.
    """
    actor.must("change settings and mappings")
    _check(resources, settings, secrets)
    now_s = resources.now_s()
    with resources.database.writing(actor.org_id) as scope:
        old = org_settings(scope)
        _check_moved(resources, old, settings, set_secrets(scope) - {f"provider.{name}" for name in secrets})
        before = old.model_dump(mode="json")
        after = settings.model_dump(mode="json")
        version = save_settings_body(scope, version_seen, after, actor.user_id, now_s)
        for name, text in secrets.items():
            save_secret(scope, resources.box, f"provider.{name}", text, now_s)
        changed_from, changed_to = difference(before, after, secrets)
        add_audit(
            scope,
            user_id=actor.user_id,
            action="settings.save",
            subject="settings",
            before=changed_from,
            after=changed_to,
            address=actor.address,
            now_s=now_s,
        )
    return version


def _check(resources: Resources, settings: OrgSettings, secrets: Mapping[str, str]) -> None:
    problems: dict[str, str] = {}
    if settings.provider:
        problems.update(_provider_problems(resources, settings, secrets))
    if len({name.lower() for name in settings.technical_fields().names()}) < len(settings.technical_fields().names()):
        problems["error_code_field"] = "The three technical fields need three different names."
    if problems:
        raise InvalidParams(problems)


def _check_moved(resources: Resources, old: OrgSettings, new: OrgSettings, kept: frozenset[str]) -> None:
    """A stored key goes to the host that it was typed for, and to no other.

    Raises:
        InvalidParams: the provider or its host has changed, and a key that it would get was not typed again.
    """
    if not new.provider or (old.provider, _hosts(old)) == (new.provider, _hosts(new)):
        return
    names = secret_params(resources.registry.providers[new.provider])
    said = "The provider or its address has changed. Type this again, so that it goes to the new one by your will."
    problems = {f"secrets.{name}": said for name in names if f"provider.{name}" in kept}
    if problems:
        raise InvalidParams(problems)


def _hosts(settings: OrgSettings) -> frozenset[str]:
    """The hosts among the provider's parameters."""
    texts = [text for text in settings.provider_params.values() if isinstance(text, str) and "://" in text]
    return frozenset(text.partition("://")[2].partition("/")[0].lower() for text in texts)


def _provider_problems(resources: Resources, settings: OrgSettings, secrets: Mapping[str, str]) -> dict[str, str]:
    cls = resources.registry.providers.get(settings.provider)
    if cls is None:
        return {"provider": f"There is no provider {settings.provider}. Choose one of the installed ones."}
    hidden = secret_params(cls)
    problems = {f"secrets.{name}": "The provider has no such secret." for name in secrets if name not in hidden}
    in_open = {f"provider_params.{name}": "This is a secret." for name in settings.provider_params if name in hidden}
    placeholders = dict.fromkeys(hidden, "x" * 32)
    try:
        build(cls, {**placeholders, **settings.provider_params})
    except InvalidParams as error:
        problems.update({f"provider_params.{name}": text for name, text in error.problems.items()})
    return {**problems, **in_open}


def open_provider(resources: Resources, org_id: str, settings: OrgSettings) -> Provider:
    """Raises FatalError when none is chosen or installed, InvalidParams when a parameter is missing."""
    return open_named_provider(resources, org_id, settings.provider, settings.provider_params)


def check_settings(
    resources: Resources, actor: Actor, settings: OrgSettings | None = None, secrets: Mapping[str, str] | None = None
) -> list[Check]:
    """Test the connections to the org and the provider without cost.

    With `settings` those are tested that are not saved yet; `secrets` are the ones typed anew.
    """
    actor.must("change settings and mappings")
    with resources.database.reading(actor.org_id) as scope:
        tested = settings or org_settings(scope)
    return [
        run_check("Salesforce", lambda: _say_org(resources, actor)),
        run_check("Provider", lambda: _say_provider(resources, actor, tested, secrets or {})),
    ]


def _say_org(resources: Resources, actor: Actor) -> str:
    api = resources.open_salesforce(actor.org_id, actor.username)
    api.request("GET", "limits")
    usage = api.usage
    return f"It answers; {usage.used:,} of {usage.allowed:,} API calls are used today." if usage else "It answers."


def _say_provider(resources: Resources, actor: Actor, settings: OrgSettings, secrets: Mapping[str, str]) -> str:
    cls = provider_class(resources, settings.provider)
    try:
        opened = open_named_provider(
            resources, actor.org_id, settings.provider, settings.provider_params, typed=secrets
        )
    except InvalidParams as error:
        titles = {name: field.title or name for name, field in cls.model_fields.items()}
        wrong = [f"{titles.get(name, name)}: {text}" for name, text in error.problems.items()]
        raise FatalError(" ".join(wrong)) from error
    return check_provider(opened, resources.http)
