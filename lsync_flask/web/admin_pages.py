"""Settings, access, plugins and audit."""

from collections.abc import Mapping
from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from lsync_flask.door import actor, resources, token_of_request
from lsync_flask.errors import Conflict, InvalidParams
from lsync_flask.plugin_api import Provider
from lsync_flask.services import settings as service
from lsync_flask.services.access import ALLOWED, PERMISSION_SETS
from lsync_flask.services.providers import secret_params
from lsync_flask.services.sessions import end_all_sessions
from lsync_flask.services.settings import OrgSettings
from lsync_flask.storage.audit import list_audit
from lsync_flask.storage.users import list_users
from lsync_flask.web.rendering import render

PER_PAGE = 50
OPTIONAL = ("credits_per_run", "credits_per_month")


def settings() -> str:
    view = service.read_settings(resources(), actor())
    return _settings_page(view.settings.model_dump(mode="json"), view.version, view.secrets_set)


def _settings_page(values: Mapping[str, Any], version: int | None, secrets_set: frozenset[str], **words: Any) -> str:
    registry = resources().registry
    provider = registry.providers.get(str(values["provider"]))
    return render(
        "web/settings.html",
        values=values,
        version=version,
        secrets_set=secrets_set,
        providers=[("", "None"), *sorted((cls.name, cls.label) for cls in registry.providers.values())],
        params=_params(provider) if provider else [],
        fields=OrgSettings.model_fields,
        **{"problems": {}, "error": "", "saved": False, **words},
    )


def _params(cls: type[Provider]) -> list[tuple[str, FieldInfo, bool]]:
    """(name, declaration, is it a secret) of the provider's parameters."""
    hidden = secret_params(cls)
    return [(name, field, name in hidden) for name, field in cls.model_fields.items()]


def save_settings() -> ResponseReturnValue:
    """Save all settings as one; what is wrong is said beside it, and nothing typed is lost."""
    actor().must("change settings and mappings")
    stored = service.read_settings(resources(), actor())
    values = _sent(stored.settings.provider)
    seen = request.form.get("version", "")
    version = int(seen) if seen.isdecimal() else None
    try:
        saved = service.save_settings(
            resources(), actor(), OrgSettings.model_validate(values), _secrets(str(values["provider"])), version
        )
    except InvalidParams as error:
        return _settings_page(values, version, stored.secrets_set, problems=error.problems), 422
    except ValidationError as error:
        problems = {str(one["loc"][0]): f"{one['msg']}." for one in error.errors()}
        return _settings_page(values, version, stored.secrets_set, problems=problems), 422
    except Conflict as error:
        return _settings_page(values, version, stored.secrets_set, error=error.sentence), 409
    return _settings_page(values, saved, service.read_settings(resources(), actor()).secrets_set, saved=True)


def _sent(before: str) -> dict[str, Any]:
    form = request.form
    plain = [name for name in OrgSettings.model_fields if name not in {"provider_params", "mail_to", *OPTIONAL}]
    values: dict[str, Any] = {name: form.get(name, "").strip() for name in plain}
    values.update({name: form.get(name, "").strip() or None for name in OPTIONAL})
    values["mail_to"] = [part.strip() for part in form.get("mail_to", "").replace("\n", ",").split(",") if part.strip()]
    # The parameters shown were those of the provider chosen before.
    cls = resources().registry.providers.get(values["provider"]) if values["provider"] == before else None
    names = [name for name, _, hidden in _params(cls) if not hidden] if cls else []
    values["provider_params"] = {name: form[f"param.{name}"] for name in names if form.get(f"param.{name}")}
    return values


def _secrets(provider: str) -> dict[str, str]:
    """The secrets that were typed; those left empty stay as they are."""
    cls = resources().registry.providers.get(provider)
    names = secret_params(cls) if cls else frozenset()
    return {name: request.form[f"secret.{name}"] for name in names if request.form.get(f"secret.{name}")}


def end_sessions() -> str:
    ended = end_all_sessions(resources(), actor(), token_of_request())
    return access(f"{ended} {'session was' if ended == 1 else 'sessions were'} ended.")


def access(ended: str = "") -> str:
    actor().must("see settings and mappings")
    with resources().database.reading(actor().org_id) as scope:
        users = list_users(scope)
    return render("web/access.html", users=users, allowed=ALLOWED, sets=PERMISSION_SETS, said=ended)


def plugins() -> str:
    actor().must("see settings and mappings")
    return render("web/plugins.html", registry=resources().registry, about=_about())


def _about() -> dict[tuple[str, str], str]:
    """The first line of each plugin's docstring."""
    registry = resources().registry
    kinds: dict[str, Mapping[str, type]] = {
        "transform": registry.transforms,
        "operator": registry.operators,
        "provider": registry.providers,
        "notifier": registry.notifiers,
    }
    return {
        (kind, name): (cls.__doc__ or "").strip().split("\n")[0]
        for kind, classes in kinds.items()
        for name, cls in classes.items()
    }


def audit() -> ResponseReturnValue:
    actor().must("see the audit log")
    after = request.args.get("after", "")
    if after and not after.isdecimal():
        return redirect("/audit", 303)
    with resources().database.reading(actor().org_id) as scope:
        rows = list_audit(scope, int(after) if after else None, PER_PAGE)
        names = {user.user_id: user.name for user in list_users(scope)}
    return render("web/audit.html", rows=rows, names=names, next=rows[-1].id if len(rows) == PER_PAGE else None)
