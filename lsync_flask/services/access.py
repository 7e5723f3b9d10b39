"""One table of who may do what; pages and API both ask it (design.md §4)."""

from collections.abc import Mapping
from typing import Literal, get_args

Role = Literal["admin", "manager", "single_enrich", "auditor", "none"]

Permission = Literal[
    "see definitions and activities",
    "change definitions",
    "run activities",
    "enrich the open record",
    "make API tokens",
    "see settings and mappings",
    "change settings and mappings",
    "see the audit log",
]

_EVERYTHING: frozenset[Permission] = frozenset(get_args(Permission))

ALLOWED: Mapping[Role, frozenset[Permission]] = {
    "admin": _EVERYTHING,
    "manager": frozenset(
        {
            "see definitions and activities",
            "change definitions",
            "run activities",
            "enrich the open record",
            "make API tokens",
        }
    ),
    "single_enrich": frozenset({"enrich the open record"}),
    "auditor": frozenset({"see definitions and activities", "see settings and mappings", "see the audit log"}),
    "none": frozenset(),
}

PERMISSION_SETS: Mapping[Role, str] = {
    "admin": "LSync_Admin",
    "manager": "LSync_Manager",
    "single_enrich": "LSync_Single_Enrich",
    "auditor": "LSync_Auditor",
}


def allowed(role: Role, permission: Permission) -> bool:
    return permission in ALLOWED[role]
