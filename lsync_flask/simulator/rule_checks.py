"""The org's rules asked of records that are written, within the transaction that writes them."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from lsync_flask.simulator.api_errors import ApiRefusal
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.org_rules import DuplicateRule, InvalidRules, OrgRules, Trigger, read_rules
from lsync_flask.simulator.schema import SObject
from lsync_flask.simulator.values import RowRefused

__all__ = ["refuse_by_rules", "run_triggers", "set_rules"]

Written = Mapping[str, Mapping[str, Any]]


def set_rules(org: Org, body: Any) -> OrgRules:
    """Make these the rules of the org, in place of those before.

    Raises:
        InvalidRules: what is wrong with them.
    """

    def check(name: str, when: str | None, fields: Sequence[str]) -> str:
        found = org.schema.get(name)
        if found is None or found.kind != "data":
            raise InvalidRules(f"There is no object {name}.")
        unknown = [one for one in fields if not isinstance(one, str) or not found.has(one)]
        if unknown:
            raise InvalidRules(f"{found.name} has no field {unknown[0]}.")
        try:
            org.rows(f"SELECT Id FROM {found.name} WHERE {when or 'Id = null'} LIMIT 1")
        except ApiRefusal as error:
            raise InvalidRules(f"The condition cannot be used: {error.message.strip()}") from error
        return found.name

    org.rules = read_rules(body, check)
    org.setup_changed()
    return org.rules


def refuse_by_rules(org: Org, found: SObject, written: Written, *, allow_save: bool) -> dict[str, RowRefused]:
    """Which of the records just written are refused, and why. Triggers have run before."""
    refused: dict[str, RowRefused] = {}
    for trigger in _triggers(org, found):
        if trigger.throws and _matching(org, found, written, trigger.when):
            return dict.fromkeys(written, _thrown(trigger))
    run_triggers(org, found, written)
    for rule in org.rules.validation_rules:
        if rule.object == found.name:
            fields = (rule.field,) if rule.field else ()
            why = RowRefused("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, fields)
            refused |= dict.fromkeys(_matching(org, found, written, rule.when), why)
    for duplicate in org.rules.duplicate_rules:
        if duplicate.object == found.name and not (duplicate.alert and allow_save):
            refused = _duplicates(org, duplicate, written) | refused
    return refused


def run_triggers(org: Org, found: SObject, written: Written) -> None:
    """Have the triggers set what they set."""
    for trigger in _triggers(org, found):
        matching = _matching(org, found, written, trigger.when) if trigger.sets else ()
        for record in matching:
            org.update(found.name, record, trigger.sets)


def _triggers(org: Org, found: SObject) -> list[Trigger]:
    return [trigger for trigger in org.rules.triggers if trigger.object == found.name]


def _thrown(trigger: Trigger) -> RowRefused:
    message = f"{trigger.name}: execution of BeforeUpdate\n\ncaused by: {trigger.throws}\n\n()"
    return RowRefused("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)


def _matching(org: Org, found: SObject, written: Written, when: str | None) -> list[str]:
    if when is None or not written:
        return [*written]
    ids = ", ".join(f"'{record}'" for record in written)
    return [row["Id"] for row in org.rows(f"SELECT Id FROM {found.name} WHERE Id IN ({ids}) AND ({when})")]


def _duplicates(org: Org, rule: DuplicateRule, written: Written) -> dict[str, RowRefused]:
    wanted = {name.lower() for name in rule.fields}
    touched = [record for record, values in written.items() if wanted & {name.lower() for name in values}]
    same = " AND ".join(f'a."{name}" = b."{name}" COLLATE NOCASE' for name in rule.fields)
    sql = (
        f'SELECT a.Id, b.Id FROM "{rule.object}" a JOIN "{rule.object}" b ON {same} AND b.Id <> a.Id '
        "AND b.IsDeleted = 0 WHERE a.Id IN (SELECT value FROM json_each(?))"
    )
    found: dict[str, list[str]] = {}
    for record, other in org.store.rows(sql, [orjson.dumps(touched).decode()]):
        found.setdefault(record, []).append(other)
    return {record: _duplicate(rule, others) for record, others in found.items()}


def _duplicate(rule: DuplicateRule, others: Sequence[str]) -> RowRefused:
    matches = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {
                "attributes": {"type": rule.object, "url": f"/services/data/v67.0/sobjects/{rule.object}/{other}"},
                "Id": other,
            },
        }
        for other in others
    ]
    result = {
        "entityType": rule.object,
        "errors": [],
        "matchEngine": "ExactMatchEngine",
        "matchRecords": matches,
        "rule": f"{rule.name}_MR",
        "size": len(matches),
        "success": True,
    }
    # The key is misspelt in Salesforce itself.
    told = {
        "duplicateResut": {
            "allowSave": rule.alert,
            "duplicateRule": rule.name,
            "duplicateRuleEntityType": rule.object,
            "errorMessage": rule.message,
            "matchResults": [result],
        }
    }
    return RowRefused("DUPLICATES_DETECTED", rule.message, more=told)
