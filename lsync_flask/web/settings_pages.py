"""Settings: the provider and its connection, limits, mail and technical fields, saved as one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from lsync_flask.door import actor, reader, resources
from lsync_flask.errors import Conflict, InvalidParams
from lsync_flask.services import settings as service
from lsync_flask.services.checks import Check
from lsync_flask.services.mapping_history import Meanwhile, list_settings_changes
from lsync_flask.services.providers import secret_params
from lsync_flask.services.settings import OrgSettings
from lsync_flask.web import drafts
from lsync_flask.web.param_forms import params_of, range_of
from lsync_flask.web.rendering import render, spell_number

OPTIONAL = ("credits_per_run", "credits_per_month")
LIMITS = ("maximum_records", "bulk_size", "first_bulk_size", "api_share_percent")
CREDITS = ("credits_per_run", "credits_per_month")
TECHNICAL = ("activity_date_field", "error_code_field", "error_message_field")
NUMBERS = (*LIMITS, *CREDITS)
UNKNOWN_CHARGE = (
    ("park", "Leave the records and name the call"),
    ("pay-again", "Ask again, even if it is paid twice"),
)

_GROUPED = re.compile(r"\d{1,3}(?:[ ,.'\u00a0\u202f\u2019]\d{3})+")


@dataclass(frozen=True)
class _Page:
    """What the page says beside the settings."""

    version: int | None
    secrets_set: frozenset[str]
    problems: Mapping[str, str]
    checks: Sequence[Check] = ()
    changes: Meanwhile | None = None
    error: str = ""
    saved: bool = False
    is_draft: bool = False


def settings() -> str:
    """The settings as saved, or as they were typed and not saved."""
    view = service.read_settings(resources(), actor())
    draft = drafts.find()
    if draft is not None:
        return _render(_typed(draft), _Page(_version(draft), view.secrets_set, {}, is_draft=True))
    return _render(view.settings.model_dump(mode="json"), _Page(view.version, view.secrets_set, {}))


def change_settings() -> ResponseReturnValue:
    """Save all settings as one (`do=save`), or after a test (`do=test`); what is wrong is said beside it.

    `do=show` shows the form anew for another provider and saves nothing; `do=discard` throws the draft away.
    """
    do = request.form.get("do", "save")
    if do in {"show", "discard"}:
        reader().must("change settings and mappings")
        return _show_typed(is_discarded=do == "discard")
    actor().must("change settings and mappings")
    return _save(is_tested=do == "test")


def _show_typed(*, is_discarded: bool) -> str:
    if is_discarded:
        drafts.drop()
        return settings()
    view = service.read_settings(resources(), actor())
    return _render(_typed(request.form), _Page(_version(request.form), view.secrets_set, {}))


def _save(*, is_tested: bool) -> ResponseReturnValue:
    values, version = _typed(request.form), _version(request.form)
    secrets_set = service.read_settings(resources(), actor()).secrets_set
    secrets = _secrets(str(values["provider"]))
    checks: list[Check] = []
    try:
        wanted = OrgSettings.model_validate(values)
        checks = service.check_settings(resources(), actor(), wanted, secrets) if is_tested else []
        if not all(check.ok for check in checks):
            return _render(values, _Page(version, secrets_set, {}, checks)), 422
        saved = service.save_settings(resources(), actor(), wanted, secrets, version)
    except InvalidParams as error:
        return _render(values, _Page(version, secrets_set, error.problems, checks)), 422
    except ValidationError as error:
        return _render(values, _Page(version, secrets_set, _problems(error))), 422
    except Conflict as error:
        changes = list_settings_changes(resources(), actor(), version)
        return _render(values, _Page(version, secrets_set, {}, changes=changes, error=error.sentence)), 409
    drafts.drop()
    view = service.read_settings(resources(), actor())
    return _render(view.settings.model_dump(mode="json"), _Page(saved, view.secrets_set, {}, checks, saved=True))


def _version(form: MultiDict[str, str]) -> int | None:
    seen = form.get("over") or form.get("version", "")
    return int(seen) if seen.isdecimal() else None


def _render(values: Mapping[str, Any], page: _Page) -> str:
    registry = resources().registry
    cls = registry.providers.get(str(values["provider"]))
    given = values["provider_params"]
    return render(
        "web/settings.html",
        values=values,
        page=page,
        again=any(name.startswith("secret.") and value for name, value in request.form.items()) and not page.saved,
        problems=page.problems,
        changes=page.changes,
        error=page.error,
        providers=[("", "None"), *sorted((one.name, one.label) for one in registry.providers.values())],
        provider_about=(cls.__doc__ or "").strip().split("\n")[0] if cls else "",
        params=params_of(cls, given) if cls else [],
        fields=OrgSettings.model_fields,
        ranges={name: _say_range(name) for name in NUMBERS},
        limits=LIMITS,
        credits=CREDITS,
        technical=TECHNICAL,
        unknown_charge=UNKNOWN_CHARGE,
        may_change=actor().may("change settings and mappings"),
    )


def _say_range(name: str) -> str:
    low, high = range_of(OrgSettings.model_fields[name].metadata)
    return f"{spell_number(low)} to {spell_number(high)}."


def _typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """The settings as typed, right or wrong."""
    plain = [name for name in OrgSettings.model_fields if name not in {"provider_params", "mail_to", *NUMBERS}]
    values: dict[str, Any] = {name: form.get(name, "").strip() for name in plain}
    values.update({name: _digits(form.get(name, "")) for name in NUMBERS})
    values.update({name: values[name] or None for name in OPTIONAL})
    values["mail_to"] = [part.strip() for part in re.split(r"[,;\s]+", form.get("mail_to", "")) if part.strip()]
    cls = resources().registry.providers.get(values["provider"])
    hidden = secret_params(cls) if cls else frozenset()
    names = [name for name in cls.model_fields if name not in hidden] if cls else []
    values["provider_params"] = {name: form[f"param.{name}"] for name in names if form.get(f"param.{name}")}
    return values


def _digits(text: str) -> str:
    """A number as typed, without the signs that group its thousands in one country or another."""
    text = text.strip()
    return re.sub(r"\D", "", text) if _GROUPED.fullmatch(text) else text


def _secrets(provider: str) -> dict[str, str]:
    """The secrets that were typed; those left empty stay as they are."""
    cls = resources().registry.providers.get(provider)
    names = secret_params(cls) if cls else frozenset()
    return {name: request.form[f"secret.{name}"] for name in names if request.form.get(f"secret.{name}")}


def _problems(error: ValidationError) -> dict[str, str]:
    return {str(one["loc"][0]): _sentence(one) for one in error.errors()}


def _sentence(problem: Mapping[str, Any]) -> str:
    name = str(problem["loc"][0])
    if name in NUMBERS:
        return f"Type a whole number: {_say_range(name)}"
    if name in TECHNICAL:
        return "Type a custom field's API name, such as LSync_Error_Code__c."
    if name == "mail_to":
        is_one = problem["type"] == "string_pattern_mismatch"
        return f"“{str(problem['input'])[:80]}” is no e-mail address." if is_one else "At most 20 addresses."
    return f"{problem['msg']}."
