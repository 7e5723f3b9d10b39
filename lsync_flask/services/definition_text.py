"""A definition as YAML, to be kept in a repository or taken to another org, and back."""

from typing import Any

import yaml
from pydantic import ValidationError

from lsync_flask.errors import InvalidParams
from lsync_flask.services.definitions import DefinitionBody, DefinitionView, body_of, read_definition, save_definition
from lsync_flask.services.resources import Actor, Resources

LONGEST = 100_000
"""Characters; a definition with 25 long rows has far fewer."""


class _Loader(yaml.SafeLoader):
    """Plain YAML: anchors and aliases, with which a short text can become a huge one, are refused."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases are not used here", problem_mark=event.start_mark)
        return super().compose_node(parent, index)


def export_definition(resources: Resources, actor: Actor, definition_id: int, version: int | None = None) -> str:
    """Raises NotFound."""
    return spell_definition(read_definition(resources, actor, definition_id, version))


def spell_definition(view: DefinitionView) -> str:
    """The definition as YAML; what stands at its default is left out but name and object."""
    body = body_of(view).model_dump(mode="json")
    kept = {name: value for name, value in body.items() if value not in (None, "", [])}
    return str(yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=100))


def import_definition(resources: Resources, actor: Actor, text: str) -> int:
    """Save what a YAML text describes as a new definition; its id.

    Raises:
        InvalidParams: it is no YAML, with the line; it is no definition; or it does not fit the org.
    """
    actor.must("change definitions")
    return save_definition(resources, actor, _read(text))


def _read(text: str) -> DefinitionBody:
    if not text.strip():
        raise InvalidParams({"": "Paste the YAML of a definition here, or choose its file."})
    if len(text) > LONGEST:
        raise InvalidParams({"": f"This has {len(text):,} characters, and {LONGEST:,} are the most."})
    try:
        parsed = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise InvalidParams({"": _say(error)}) from error
    except (ValueError, RecursionError) as error:
        raise InvalidParams({"": "This is not YAML that can be read."}) from error
    if not isinstance(parsed, dict):
        raise InvalidParams({"": "This is not a definition: name, object, criteria and logic are expected."})
    try:
        return DefinitionBody.model_validate(parsed)
    except ValidationError as error:
        raise InvalidParams(
            {".".join(str(part) for part in one["loc"]): f"{one['msg']}." for one in error.errors()}
        ) from error


def _say(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"This is not YAML{where}: {getattr(error, 'problem', None) or 'it cannot be read'}."
