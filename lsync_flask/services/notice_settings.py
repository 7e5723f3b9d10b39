"""How an org tells people of its activities: its notifiers with their parameters. Secrets are write-only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from lsync_flask.errors import FatalError, InvalidParams
from lsync_flask.plugin_api import Notifier, build
from lsync_flask.services.providers import secret_params
from lsync_flask.services.resources import Actor, Resources
from lsync_flask.storage.audit import add_audit, difference
from lsync_flask.storage.db import OrgScope
from lsync_flask.storage.org_bodies import read_notices_body, save_notices_body
from lsync_flask.storage.outbox import MAIL, Delivery, list_deliveries
from lsync_flask.storage.secrets import read_secret, save_secret, set_secrets

SHOWN = 20
BY_OPERATOR: Mapping[str, frozenset[str]] = {MAIL: frozenset({"url", "sender"})}
"""Parameters that the operator gives for the whole server, by environment; an org sets none of them."""


class NoticeSettings(BaseModel):
    """The ways that are used where a definition does not say otherwise, and the parameters of each way."""

    model_config = ConfigDict(extra="forbid")

    use: list[str] = Field(default=[MAIL], max_length=10, title="Tell people by")
    params: dict[str, dict[str, Any]] = Field(default={}, title="Settings of each way")


@dataclass(frozen=True, slots=True)
class NoticesView:
    """The settings; `version` None: never saved; `secrets_set`: `webhook.secret` and the like that are stored."""

    version: int | None
    settings: NoticeSettings
    secrets_set: frozenset[str]
    deliveries: Sequence[Delivery]


def notice_settings(scope: OrgScope) -> NoticeSettings:
    """As saved, or the defaults."""
    stored = read_notices_body(scope)
    return NoticeSettings.model_validate(stored[1]) if stored else NoticeSettings()


def read_notices(resources: Resources, actor: Actor) -> NoticesView:
    """The settings and the newest notices."""
    actor.must("see settings and mappings")
    with resources.database.reading(actor.org_id) as scope:
        stored = read_notices_body(scope)
        names = set_secrets(scope)
        deliveries = list_deliveries(scope, SHOWN)
    settings = NoticeSettings.model_validate(stored[1]) if stored else NoticeSettings()
    secrets = frozenset(name.removeprefix("notifier.") for name in names if name.startswith("notifier."))
    return NoticesView(stored[0] if stored else None, settings, secrets, deliveries)


def save_notices(
    resources: Resources,
    actor: Actor,
    settings: NoticeSettings,
    secrets: Mapping[str, str],
    version_seen: int | None,
) -> int:
    """Replace the settings; the new version. `secrets` are those that are to change, named `webhook.secret`.

    Raises:
        InvalidParams: under `use`, `params.webhook.url` or `secrets.webhook.secret`; Conflict: saved meanwhile.
    """
    actor.must("change settings and mappings")
    now_s = resources.now_s()
    with resources.database.writing(actor.org_id) as scope:
        stored = {name for name in set_secrets(scope) if name.startswith("notifier.")}
        problems = check_notices(resources, settings, secrets, stored)
        if problems:
            raise InvalidParams(problems)
        before = notice_settings(scope).model_dump(mode="json")
        after = settings.model_dump(mode="json")
        version = save_notices_body(scope, version_seen, after, actor.user_id, now_s)
        for name, text in secrets.items():
            save_secret(scope, resources.box, f"notifier.{name}", text, now_s)
        changed_from, changed_to = difference(before, after, secrets)
        add_audit(
            scope,
            user_id=actor.user_id,
            action="notices.save",
            subject="notices",
            before=changed_from,
            after=changed_to,
            address=actor.address,
            now_s=now_s,
        )
    return version


def check_notices(
    resources: Resources, settings: NoticeSettings, secrets: Mapping[str, str], stored: set[str]
) -> dict[str, str]:
    """Every problem by its place. A way that is not used may be half set."""
    known = resources.registry.notifiers
    unknown = [name for name in settings.use if name not in known]
    problems = {"use": f"There is no notifier {unknown[0]}."} if unknown else {}
    problems |= {f"params.{name}": f"There is no notifier {name}." for name in settings.params if name not in known}
    problems |= {f"secrets.{name}": "There is no such secret." for name in secrets if not _is_secret(resources, name)}
    for name in known:
        if name in {*settings.use, *settings.params, *(key.partition(".")[0] for key in secrets)}:
            typed = {key.partition(".")[2]: text for key, text in secrets.items() if key.partition(".")[0] == name}
            is_stored = frozenset(key.split(".", 2)[2] for key in stored if key.split(".", 2)[1] == name)
            problems |= _way_problems(known[name], settings, typed, is_stored)
    return problems


def _is_secret(resources: Resources, name: str) -> bool:
    way, _, param = name.partition(".")
    cls = resources.registry.notifiers.get(way)
    return cls is not None and param in open_secrets(cls)


def open_secrets(cls: type[Notifier]) -> frozenset[str]:
    """The secrets that an org sets."""
    return secret_params(cls) - BY_OPERATOR.get(cls.name, frozenset())


def _way_problems(
    cls: type[Notifier], settings: NoticeSettings, typed: Mapping[str, str], stored: frozenset[str]
) -> dict[str, str]:
    given = settings.params.get(cls.name, {})
    hidden = open_secrets(cls)
    operators = BY_OPERATOR.get(cls.name, frozenset())
    wrong = {f"params.{cls.name}.{name}": "This is a secret." for name in given if name in hidden}
    wrong |= {f"params.{cls.name}.{name}": "The operator sets this." for name in given if name in operators}
    try:
        build(cls, {**{name: value for name, value in given.items() if name not in hidden}, **typed})
    except InvalidParams as error:
        for name, text in error.problems.items():
            is_left = name not in typed and (name in stored or (cls.name not in settings.use and name not in given))
            if not is_left and name not in operators:
                side = "secrets" if name in hidden else "params"
                wrong[f"{side}.{cls.name}.{name}"] = text
    return wrong


def open_notifier(resources: Resources, org_id: str, name: str) -> Notifier:
    """The notifier of an org, ready to send.

    Raises:
        FatalError: it is switched off, not installed, or not set completely.
    """
    cls = resources.registry.notifiers.get(name)
    if cls is None:
        raise FatalError(f"Nothing was sent: the notifier {name} is switched off or not installed.")
    with resources.database.reading(org_id) as scope:
        params = notice_settings(scope).params.get(name, {})
        secrets = {key: read_secret(scope, resources.box, f"notifier.{name}.{key}") for key in open_secrets(cls)}
    given = {
        **params,
        **{key: text for key, text in secrets.items() if text is not None},
        **_of_operator(resources, name),
    }
    try:
        return build(cls, given)
    except InvalidParams as error:
        wrong = ", ".join(cls.model_fields[key].title or key for key in error.problems if key in cls.model_fields)
        raise FatalError(f"Nothing was sent by {cls.label}: {wrong} must be set in Settings, Notices.") from error


def _of_operator(resources: Resources, name: str) -> Mapping[str, Any]:
    if name != MAIL:
        return {}
    if not resources.settings.smtp_url.get_secret_value():
        raise FatalError("No mail was sent: SMTP_URL is not set.")
    return {"url": resources.settings.smtp_url, "sender": resources.settings.mail_from}
