"""API tokens: made, shown once, listed and revoked."""

from typing import Any

from flask import redirect, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from lsync_flask.door import actor, resources
from lsync_flask.errors import InvalidParams
from lsync_flask.services.access import ALLOWED, PERMISSION_SETS
from lsync_flask.services.api_tokens import (
    ApiTokenCreate,
    NewApiToken,
    list_tokens,
    make_api_token,
    revoke_api_token,
)
from lsync_flask.web.rendering import render


def index(made: NewApiToken | None = None, problems: dict[str, str] | None = None) -> str:
    who = actor()
    roles = [
        (role, role.replace("_", " ").capitalize()) for role in PERMISSION_SETS if ALLOWED[role] <= ALLOWED[who.role]
    ]
    typed: dict[str, Any] = {"name": "", "role": roles[-1][0] if roles else "", "days": 90}
    if problems:
        typed |= request.form.to_dict()
    tokens = list_tokens(resources(), who)
    return render("web/tokens.html", tokens=tokens, made=made, roles=roles, values=typed, problems=problems or {})


def make() -> ResponseReturnValue:
    try:
        body = ApiTokenCreate.model_validate({**request.form.to_dict(), "name": request.form.get("name", "").strip()})
        return index(make_api_token(resources(), actor(), body))
    except ValidationError as error:
        return index(problems={str(one["loc"][0]): f"{one['msg']}." for one in error.errors()}), 422
    except InvalidParams as error:
        return index(problems=error.problems), 422


def revoke(number: int) -> ResponseReturnValue:
    revoke_api_token(resources(), actor(), number)
    return redirect("/settings/tokens", 303)
