"""Fields by path: `Industry`, or `Account.Industry` for a field of a related record."""

from lsync_flask.engine.fields import FieldInfo, ObjectInfo


def resolve_path(info: ObjectInfo, path: str) -> tuple[str, FieldInfo] | None:
    """The path as describe spells it, and its field; None: not there, or hidden from the user."""
    found = info.find(path)
    if found is None:
        return None
    relationship, dot, rest = path.partition(".")
    if not dot:
        return found.name, found
    name = next(name for name in info.parents if name.lower() == relationship.lower())
    inner = resolve_path(info.parents[name], rest)
    return (f"{name}.{inner[0]}", found) if inner else None


def label_path(info: ObjectInfo, path: str) -> str:
    """The field's label as people read it, after that of the related object: `Account Industry`."""
    found = info.find(path)
    relationship, dot, rest = path.partition(".")
    if found is None or not dot:
        return found.label if found else path
    parent = next((p for name, p in info.parents.items() if name.lower() == relationship.lower()), None)
    return f"{relationship} {label_path(parent, rest)}" if parent else found.label


def missing_field(info: ObjectInfo, path: str) -> str:
    if not path.strip():
        return "Choose a field."
    return f"{info.label} has no field {path}, or you may not see it. Choose another field."
