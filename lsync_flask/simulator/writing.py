"""Records written by the API: the org's rules, then the rows and the ledger in one transaction."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any

import orjson

from lsync_flask.simulator.feature_rules import fit_features, link_person
from lsync_flask.simulator.ids import to_18
from lsync_flask.simulator.ledger import Writer
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.permissions import Access
from lsync_flask.simulator.rule_checks import refuse_by_rules, run_triggers
from lsync_flask.simulator.schema import Field, SObject
from lsync_flask.simulator.setup_rules import check_setup, fill_setup
from lsync_flask.simulator.sim_user import SimUser
from lsync_flask.simulator.values import Reader, RowRefused, json_reader

__all__ = ["Change", "Outcome", "RecordWriter", "Wanted"]

_STAMPS = ("LastModifiedDate", "SystemModstamp")
_NO_RECORD = RowRefused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
_CLOSED = RowRefused("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
_GUARDED = frozenset({"User", "Group", "Profile", "Organization", "RecordType"})
_READ_ONLY = (
    "Unable to create/update fields: {name}. Please check the security settings of this field and verify that it is "
    "read/write for your profile or permission set."
)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of one record: an id as the client wrote it, and stored values by field."""

    record: str
    values: Mapping[str, Any]


State = tuple[int, int, int, str | None]
"""Whether a record is deleted, whether it is converted, its row and its owner."""
Wanted = Change | RowRefused
Good = tuple[str, Mapping[str, Any]]
Outcome = str | RowRefused


@dataclass
class RecordWriter:
    """Writes records of one object for one user. `api` and `job` go into the ledger.

    With `allow_save` the duplicate rules that only alert are passed over.
    """

    org: Org
    user: SimUser
    found: SObject
    api: str
    job: str | None = None
    allow_save: bool = False

    def __post_init__(self) -> None:
        self.access: Access = self.org.access(self.user)
        self._readers: dict[str, Reader] = {}

    # -- from what the client wrote to what is stored

    def writable(self, name: str, *, create: bool) -> Field:
        """The field of that name.

        Raises:
            RowRefused: there is none that this user sees, or it cannot be written.
        """
        field = self.found.field(name)
        if field is None or not self.access.reads(self.found, field):
            raise RowRefused("INVALID_FIELD", f"No such column '{name}' on sobject of type {self.found.name}")
        allowed = field.createable if create else field.updateable
        if not allowed or not self.access.edits(self.found, field):
            message = _READ_ONLY.format(name=field.name)
            raise RowRefused("INVALID_FIELD_FOR_INSERT_UPDATE", message, (field.name,))
        return field

    def read_json(self, record: Mapping[str, Any], *, create: bool = False) -> Wanted:
        """A record as JSON has it; ApiRefusal when a JSON type is wrong, for that refuses the whole call."""
        values: dict[str, Any] = {}
        refused: RowRefused | None = None
        for name, value in record.items():
            if name.lower() in {"attributes", "id"}:
                continue
            # The types of every field are looked at even where the record is refused already.
            try:
                field = self.writable(name, create=create)
                values[field.name] = self._reader(field)(value)
            except RowRefused as error:
                refused = refused or error
        return refused or Change(str(record.get("id") or record.get("Id") or ""), values)

    def _reader(self, field: Field) -> Reader:
        if field.name not in self._readers:
            self._readers[field.name] = json_reader(field, self.org.schema)
        return self._readers[field.name]

    # -- writes

    def update(self, wanted: Sequence[Wanted]) -> list[Outcome]:
        """Write these records, at most 200; the id or the refusal of each, in the same order."""
        with self.org.store.write():
            wanted = [self._fitted(change) for change in wanted]
            known, outcomes = self._check_updates(wanted)
            good = [
                (outcome, change.values)
                for outcome, change in zip(outcomes, wanted, strict=True)
                if isinstance(outcome, str) and isinstance(change, Change)
            ]
            refused = self._write_by_rules(good, known)
        self._after()
        return [refused.get(one, one) if isinstance(one, str) else one for one in outcomes]

    def update_columns(self, ids: Sequence[str], columns: Mapping[str, Sequence[Any]]) -> bool:
        """Write a chunk of records that all get the same fields, where nothing needs a closer look.

        False, and nothing written, when something does: then `update` says which record is refused, and why.
        """
        if not self._is_plain or self._watched & columns.keys() or len(set(ids)) < len(ids):
            return False
        stamps = self._stamps()
        sets = ", ".join(f'"{name}" = ?' for name in (*columns, *stamps))
        converted = " AND IsConverted = 0" if self.found.has("IsConverted") else ""
        sql = f'UPDATE "{self.found.name}" SET {sets} WHERE Id = ? AND IsDeleted = 0{converted}'
        with self.org.store.trial() as undo:
            rows = zip(*columns.values(), *map(repeat, stamps.values()), ids, strict=False)
            if self.org.store.connection().executemany(sql, rows).rowcount < len(ids):
                undo()
                return False
            kept = [*zip(ids, *columns.values(), strict=True)]
            self.org.writes.add_rows(self._signature(), [*columns], kept)
        return True

    @property
    def _is_plain(self) -> bool:
        """Whether no rule looks at single records."""
        rules, name = self.org.rules, self.found.name
        special = (
            self._is_closed or self.org.features or self.org.faults.refuses_rows or rules.concern(name) or rules.locked
        )
        return self.found.kind == "data" and not special and name.lower() not in self.access.guarded

    def create(self, wanted: Sequence[Wanted]) -> list[Outcome]:
        """Add these records; the new id or the refusal of each, in the same order."""
        with self.org.store.write():
            checked = [self._check_create(self._fitted(change)) for change in wanted]
            added = iter(self._add_by_rules([one for one in checked if isinstance(one, Change)]))
            outcomes: list[Outcome] = [one if isinstance(one, RowRefused) else next(added) for one in checked]
        self._after()
        return outcomes

    def delete(self, records: Sequence[str]) -> list[Outcome]:
        """Put these records into the bin (setup records: take them away)."""
        with self.org.store.write() as connection:
            _, outcomes = self._check_updates([Change(record, {}) for record in records], deleting=True)
            moment = self.org.moment()
            for record in (one for one in outcomes if isinstance(one, str)):
                if self.found.kind == "data":
                    sql = f'UPDATE "{self.found.name}" SET IsDeleted = 1, SystemModstamp = ? WHERE Id = ?'
                    connection.execute(sql, (moment, record))
                else:
                    connection.execute(f'DELETE FROM "{self.found.name}" WHERE Id = ?', (record,))
            self._remember((record, {"IsDeleted": True}) for record in outcomes if isinstance(record, str))
        self._after()
        return outcomes

    # -- the rules

    @property
    def _is_closed(self) -> bool:
        """Whether this user may not write such records: people and permissions are for those who run the org."""
        guarded = self.found.kind != "data" or self.found.name in _GUARDED
        return guarded and not self.access.customize

    def _check_updates(
        self, wanted: Sequence[Wanted], *, deleting: bool = False
    ) -> tuple[dict[str, State], list[Outcome]]:
        # Ids as they are stored need no second look at their check characters.
        known = self._states([change.record for change in wanted if isinstance(change, Change)])
        ids = [self._record_id(change, known) for change in wanted]
        known |= self._states([one for one in ids if isinstance(one, str) and one not in known])
        repeated = {one for one, times in Counter(one for one in ids if isinstance(one, str)).items() if times > 1}
        return known, [
            one if isinstance(one, RowRefused) else self._check_update(one, change, known, repeated, deleting=deleting)
            for one, change in zip(ids, wanted, strict=True)
        ]

    def _record_id(self, change: Wanted, known: Mapping[str, object]) -> Outcome:
        if isinstance(change, RowRefused):
            return change
        if self._is_closed:
            return _CLOSED
        if change.record in known:
            return change.record
        if not change.record:
            return RowRefused("MISSING_ARGUMENT", "Id not specified in an update call")
        record = to_18(change.record.strip())
        if record is None or record[:3] != self.found.key_prefix:
            label = self.found.fields[0].label
            return RowRefused("MALFORMED_ID", f"{label}: id value of incorrect type: {change.record}", ("Id",))
        return record

    def _states(self, records: Sequence[str]) -> dict[str, State]:
        """The state of each of these records; those not there are left out."""
        if not records:
            return {}
        converted = "IsConverted" if self.found.has("IsConverted") else "0"
        owner = "OwnerId" if self.found.has("OwnerId") else "NULL"
        columns = f"Id, IsDeleted, {converted}, rowid, {owner}"
        sql = f'SELECT {columns} FROM "{self.found.name}" WHERE Id IN (SELECT value FROM json_each(?))'
        return {row[0]: row[1:] for row in self.org.store.rows(sql, [orjson.dumps(list(records)).decode()])}

    def _fitted(self, change: Wanted) -> Wanted:
        """The change with what the org's features add to it."""
        if not self.org.features or isinstance(change, RowRefused):
            return change
        values = fit_features(self.org, self.found, to_18(change.record) or "", change.values)
        return values if isinstance(values, RowRefused) else Change(change.record, values)

    def _check_update(
        self,
        record: str,
        change: Wanted,
        known: Mapping[str, State],
        repeated: set[str],
        *,
        deleting: bool,
    ) -> Outcome:
        state = known.get(record)
        if state is None:
            return _NO_RECORD
        closed = self._check_state(record, state, deleting=deleting)
        if closed:
            return closed
        if record in repeated:
            return RowRefused("DUPLICATE_VALUE", f"duplicate id specified: {record}")
        return self._check_values(record, change.values) if isinstance(change, Change) else change

    def _check_state(self, record: str, state: State, *, deleting: bool) -> RowRefused | None:
        deleted, converted, _, owner = state
        if deleted:
            return RowRefused("ENTITY_IS_DELETED", "entity is deleted")
        if self.found.name.lower() in self.access.guarded and owner != self.user.id:
            return _CLOSED
        if record in self.org.rules.locked:
            return RowRefused("ENTITY_IS_LOCKED", "the entity is locked for editing")
        if converted and not deleting:
            return RowRefused("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        return None

    def _check_values(self, record: str, values: Mapping[str, Any]) -> Outcome:
        if self.org.faults.refuses_rows:
            fault = self.org.faults.refuse_row(self.found.name, record, self.api)
            if fault:
                return RowRefused(fault.code, fault.message, fault.fields)
        for name in self._watched & values.keys():
            refused = self._check_watched(record, self.found.by_name[name.lower()], values[name])
            if refused:
                return refused
        return record

    @cached_property
    def _watched(self) -> frozenset[str]:
        """The fields whose values must be compared with other records."""
        return frozenset(each.name for each in self.found.fields if each.type == "reference" or each.unique)

    def _check_watched(self, record: str, field: Field, value: Any) -> RowRefused | None:
        if value is None:
            return None
        if field.unique:
            return self._check_unique(record, field, value)
        target = self.org.schema.by_prefix(value[:3])
        if target is None or not self.org.store.rows(f'SELECT 1 FROM "{target.name}" WHERE Id = ?', [value]):
            return _NO_RECORD
        active = 'SELECT 1 FROM "User" WHERE Id = ? AND IsActive = 1'
        if field.name == "OwnerId" and target.name == "User" and not self.org.store.rows(active, [value]):
            message = f"operation performed with inactive user [{value}] as owner of {self.found.name.lower()}"
            return RowRefused("INACTIVE_OWNER_OR_USER", message)
        return None

    def _check_unique(self, record: str, field: Field, value: Any) -> RowRefused | None:
        collation = "" if field.case_sensitive else "COLLATE NOCASE"
        sql = f'SELECT Id FROM "{self.found.name}" WHERE "{field.name}" = ? {collation} AND Id <> ?'
        rows = self.org.store.rows(sql, [value, record])
        if not rows:
            return None
        message = f"duplicate value found: {field.name} duplicates value on record with id: {rows[0][0][:15]}"
        return RowRefused("DUPLICATE_VALUE", message)

    def _check_create(self, change: Wanted) -> Wanted:
        if isinstance(change, RowRefused) or self._is_closed:
            return change if isinstance(change, RowRefused) else _CLOSED
        missing = [each.name for each in self.found.fields if each.is_required and change.values.get(each.name) is None]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            return RowRefused("REQUIRED_FIELD_MISSING", message, tuple(missing))
        outcome = self._check_values("", change.values)
        if isinstance(outcome, RowRefused):
            return outcome
        return check_setup(self.org, self.found, change.values) or change

    # -- the rows

    def _write_by_rules(self, good: Sequence[Good], known: Mapping[str, State]) -> dict[str, RowRefused]:
        """Write these, less those that the org's rules refuse; why each of them is refused."""
        if not self.org.rules.concern(self.found.name):
            self._write(good, known)
            return {}
        with self.org.store.trial() as undo:
            self._write(good, known)
            refused = refuse_by_rules(self.org, self.found, dict(good), allow_save=self.allow_save)
            if not refused:
                return {}
            undo()
        kept = [one for one in good if one[0] not in refused]
        self._write(kept, known)
        run_triggers(self.org, self.found, dict(kept))
        return refused

    def _add_by_rules(self, changes: Sequence[Change]) -> list[Outcome]:
        """Add these, less those that the org's rules refuse; the outcome of each."""
        if not self.org.rules.concern(self.found.name):
            return [self._add(change) for change in changes]
        with self.org.store.trial() as undo:
            made = {self._add(change): change.values for change in changes}
            refused = refuse_by_rules(self.org, self.found, made, allow_save=self.allow_save)
            if not refused:
                return [*made]
            undo()
        outcomes = [refused.get(record) or self._add(change) for record, change in zip(made, changes, strict=True)]
        kept = {one: change.values for one, change in zip(outcomes, changes, strict=True) if isinstance(one, str)}
        run_triggers(self.org, self.found, kept)
        return outcomes

    def _add(self, change: Change) -> str:
        values = dict(fill_setup(self.org, self.found, change.values))
        made = {name: self.user.id for name in ("CreatedById", "LastModifiedById") if self.found.has(name)}
        if self.found.has("OwnerId") and not values.get("OwnerId"):
            made["OwnerId"] = self.user.id
        record = self.org.insert(self.found.name, {**made, **values})
        if self.org.features:
            link_person(self.org, record, values)
        self._remember([(record, values)])
        return record

    def _write(self, good: Sequence[Good], known: Mapping[str, State]) -> None:
        """Update rows that passed every rule; those with the same fields go through one statement."""
        by_fields: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        stamps = self._stamps()
        tail = tuple(stamps.values())
        for record, values in good:
            by_fields.setdefault(tuple(values), []).append((*values.values(), *tail, known[record][2]))
        with self.org.store.write() as connection:
            for names, rows in by_fields.items():
                sets = ", ".join(f'"{name}" = ?' for name in (*names, *stamps))
                if sets:
                    connection.executemany(f'UPDATE "{self.found.name}" SET {sets} WHERE rowid = ?', rows)
        self._remember(good)

    def _stamps(self) -> dict[str, str]:
        moment = self.org.moment()
        stamps = {name: moment for name in _STAMPS if self.found.has(name)}
        return stamps | ({"LastModifiedById": self.user.id} if self.found.has("LastModifiedById") else {})

    def _remember(self, written: Iterable[Good]) -> None:
        self.org.writes.add(self._signature(), written)

    def _signature(self) -> Writer:
        return Writer(self.org.moment(), self.user.id, self.api, self.job)

    def _after(self) -> None:
        if self.found.kind != "data":
            self.org.setup_changed()
