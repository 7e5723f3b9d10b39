"""Notices: the ways to tell people of activities, a test of each, and what became of the newest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from lsync_flask.door import actor, resources
from lsync_flask.errors import Conflict, InvalidParams
from lsync_flask.plugin_api import Notifier
from lsync_flask.services.checks import Check
from lsync_flask.services.notice_settings import (
    BY_OPERATOR,
    NoticeSettings,
    open_secrets,
    read_notices,
    save_notices,
)
from lsync_flask.services.notices import send_test_notice
from lsync_flask.web.param_forms import Param, params_of
from lsync_flask.web.rendering import render

ORG_WAYS = "As the org has set"
NOBODY = "Nobody: mute"
_MUTE = "none"


@dataclass(frozen=True, slots=True)
class Way:
    """One notifier in the form; `wrong` names each parameter's place among the problems."""

    name: str
    label: str
    about: str
    is_used: bool
    params: Sequence[tuple[Param, str, str]]
    """(the parameter, its name in the form, its place among the problems)"""


def show() -> str:
    return _render(read_notices(resources(), actor()).settings)


def change() -> ResponseReturnValue:
    """Save all of it; with `test`, send oneself a notice in that way once it is saved."""
    actor().must("change settings and mappings")
    typed, secrets = _typed(), _secrets()
    seen = request.form.get("version", "")
    checks: list[Check] = []
    try:
        save_notices(resources(), actor(), typed, secrets, int(seen) if seen.isdecimal() else None)
        if way := request.form.get("test"):
            checks = [send_test_notice(resources(), actor(), way)]
    except InvalidParams as error:
        return _render(typed, problems=error.problems), 422
    except Conflict as error:
        return _render(typed, error=error.sentence), 409
    return _render(read_notices(resources(), actor()).settings, saved=True, checks=checks)


def _render(settings: NoticeSettings, **words: Any) -> str:
    view = read_notices(resources(), actor())
    return render(
        "web/notices.html",
        ways=[_way(cls, settings) for _, cls in sorted(resources().registry.notifiers.items())],
        version=view.version,
        secrets_set=view.secrets_set,
        deliveries=view.deliveries,
        labels=_labels(),
        may_change=actor().may("change settings and mappings"),
        **{"problems": {}, "error": "", "saved": False, "checks": (), **words},
    )


def _way(cls: type[Notifier], settings: NoticeSettings) -> Way:
    operators = BY_OPERATOR.get(cls.name, frozenset())
    shown = [one for one in params_of(cls, settings.params.get(cls.name, {})) if one.name not in operators]
    sides = [(one, "secrets" if one.control == "secret" else "params") for one in shown]
    params = [(one, f"{cls.name}.{one.name}", f"{side}.{cls.name}.{one.name}") for one, side in sides]
    about = (cls.__doc__ or "").strip().split("\n", 1)[0]
    return Way(cls.name, cls.label, about, cls.name in settings.use, params)


def _labels() -> Mapping[str, str]:
    return {name: cls.label for name, cls in resources().registry.notifiers.items()}


def _typed() -> NoticeSettings:
    known = resources().registry.notifiers
    params = {name: _params_typed(cls) for name, cls in known.items()}
    return NoticeSettings(
        use=[name for name in request.form.getlist("use") if name in known],
        params={name: given for name, given in params.items() if given},
    )


def _params_typed(cls: type[Notifier]) -> dict[str, str]:
    names = cls.model_fields.keys() - open_secrets(cls) - BY_OPERATOR.get(cls.name, frozenset())
    typed = {name: request.form.get(f"{cls.name}.{name}", "").strip() for name in sorted(names)}
    return {name: text for name, text in typed.items() if text}


def _secrets() -> dict[str, str]:
    """The secrets that were typed; those left empty stay as they are."""
    names = [f"{name}.{key}" for name, cls in resources().registry.notifiers.items() for key in open_secrets(cls)]
    return {name: text for name in names if (text := request.form.get(name, "").strip())}


def notify_of(text: str) -> list[str] | None:
    """What a definition's form says of its notices: as the org has set, nobody, or these ways."""
    return None if not text else [] if text == _MUTE else text.split(",")


def notify_choices(chosen: Sequence[str] | None) -> list[tuple[str, str, bool]]:
    """(value, label, is it chosen) for a definition's form; a choice of several ways stays as it is."""
    labels = _labels()
    now = "" if chosen is None else ",".join(chosen) or _MUTE
    values = {"": ORG_WAYS, _MUTE: NOBODY, **{name: f"Only {label}" for name, label in sorted(labels.items())}}
    values.setdefault(now, " and ".join(labels.get(name, name) for name in chosen or ()))
    return [(value, label, value == now) for value, label in values.items()]
