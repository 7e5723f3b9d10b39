"""`PATCH /composite/sobjects/<object>/<external id>`: up to 200 records, each created or updated by its external id."""

from dataclasses import dataclass, field
from typing import Any

from flask import Response

from lsync_flask.simulator.api_errors import ApiRefusal
from lsync_flask.simulator.collections_api import read_batch, run_writes, spell_outcome
from lsync_flask.simulator.http import Call, answer_json
from lsync_flask.simulator.query_api import find_object
from lsync_flask.simulator.records_api import external_field, find_external, placed
from lsync_flask.simulator.schema import Field
from lsync_flask.simulator.values import RowRefused
from lsync_flask.simulator.writing import Change, Outcome, RecordWriter

__all__ = ["upsert_all"]

_Matched = tuple[str | None, Change] | RowRefused


def upsert_all(call: Call, name: str, field: str) -> Response:
    found = find_object(call, name)
    key = external_field(call, found, field)
    records, all_or_none = read_batch(call)
    batch = _Batch(
        call, RecordWriter(call.org, call.user, found, "collections", allow_save=call.allows_duplicates), key, records
    )
    outcomes = run_writes(call, [batch.write], all_or_none=all_or_none)
    told = [spell_outcome(outcome, tell_id=True) for outcome in outcomes]
    return answer_json([_add_created(one, new=place in batch.new) for place, one in enumerate(told)])


def _add_created(told: dict[str, Any], *, new: bool) -> dict[str, Any]:
    return {**told, "created": new} if told["success"] else told


@dataclass
class _Batch:
    """The records of one call. `new` are the places of those that were created."""

    call: Call
    writer: RecordWriter
    key: Field
    records: list[dict[str, Any]]
    new: frozenset[int] = field(default_factory=frozenset)

    def write(self) -> list[Outcome]:
        with self.call.org.store.write():
            matched = self._match_all()
            outcomes: dict[int, Outcome] = {at: one for at, one in enumerate(matched) if isinstance(one, RowRefused)}
            changes = {at: one for at, one in enumerate(matched) if not isinstance(one, RowRefused)}
            new = {at: change for at, (record, change) in changes.items() if record is None}
            old = {at: Change(record, change.values) for at, (record, change) in changes.items() if record}
            outcomes |= dict(zip(new, self.writer.create(list(new.values())), strict=True))
            outcomes |= dict(zip(old, self.writer.update(list(old.values())), strict=True))
        self.new = frozenset(new)
        return [outcomes[at] for at in range(len(matched))]

    def _match_all(self) -> list[_Matched]:
        seen: set[object] = set()
        return [self._match(record, seen) for record in self.records]

    def _match(self, record: dict[str, Any], seen: set[object]) -> _Matched:
        """The record that is there already, or None, and what is to be written."""
        self._check_type(record)
        value = next((one for name, one in record.items() if name.lower() == self.key.name.lower()), None)
        if value in {None, ""}:
            return RowRefused("MISSING_ARGUMENT", f"{self.key.name} not specified", (self.key.name,))
        looked = placed(self.call, self.writer, {self.key.name: value}, create=True)
        if isinstance(looked, RowRefused):
            return looked
        stored = looked.values[self.key.name]
        folded = stored.lower() if isinstance(stored, str) and not self.key.case_sensitive else stored
        if folded in seen:
            return RowRefused("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", (self.key.name,))
        seen.add(folded)
        return self._place(record, find_external(self.call, self.writer.found, self.key, stored))

    def _place(self, record: dict[str, Any], there: list[str]) -> _Matched:
        if len(there) > 1:
            ids = ", ".join(there)
            message = f"{self.key.name}: more than one record found for external id field: [{ids}]"
            return RowRefused("DUPLICATE_EXTERNAL_ID", message, (self.key.name,))
        fields = {name: value for name, value in record.items() if not there or name.lower() != self.key.name.lower()}
        wanted = placed(self.call, self.writer, fields, create=not there)
        return wanted if isinstance(wanted, RowRefused) else (there[0] if there else None, wanted)

    def _check_type(self, record: dict[str, Any]) -> None:
        attributes = record.get("attributes")
        kind = attributes.get("type") if isinstance(attributes, dict) else None
        if not isinstance(kind, str) or kind.lower() != self.writer.found.name.lower():
            raise ApiRefusal(400, "INVALID_TYPE", f"Each record must be of type {self.writer.found.name}")
