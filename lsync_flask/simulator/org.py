"""One simulated org: its objects, its rows, its people, and what it remembers of what was done to it."""

import itertools
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lsync_flask.simulator.bulk_jobs import Jobs
from lsync_flask.simulator.faults import Faults
from lsync_flask.simulator.features import schema_with
from lsync_flask.simulator.ids import make_id, make_ids
from lsync_flask.simulator.ledger import WriteLedger, spell_moment
from lsync_flask.simulator.limits import Calls, Limits
from lsync_flask.simulator.org_rules import OrgRules
from lsync_flask.simulator.permissions import Access, full_access, read_access
from lsync_flask.simulator.queries import Queries
from lsync_flask.simulator.schema import Field, Schema, SObject
from lsync_flask.simulator.sim_user import SimUser
from lsync_flask.simulator.soql_compile import Asker
from lsync_flask.simulator.store import Store

__all__ = ["Org", "Pace", "SimUser"]

_STAMPS = ("CreatedDate", "LastModifiedDate", "SystemModstamp")
_KEPT = timedelta(days=7)
_MAKERS = ("CreatedById", "LastModifiedById", "OwnerId")


@dataclass
class Pace:
    """How long the org takes, in real seconds: Bulk jobs wait in each state, and every request by `latency_s`."""

    query_job_s: float = 0.2
    ingest_job_s: float = 0.2
    latency_s: float = 0.0


class Org:
    """Rows are never checked here: that is for the API. What is done here is the set-up of an org and of tests."""

    def __init__(
        self,
        folder: Path,
        *,
        org_id: str,
        name: str,
        my_domain_url: str,
        now: Callable[[], datetime],
        features: Collection[str] = (),
    ) -> None:
        self.id, self.name, self.my_domain_url, self.folder = org_id, name, my_domain_url.rstrip("/"), folder
        self.now, self.features = now, frozenset(features)
        self.schema: Schema = schema_with(features)
        self.store = Store(folder / "org.sqlite3")
        self.writes = WriteLedger(self.store)
        self.calls, self.limits, self.faults, self.pace = Calls(), Limits(), Faults(), Pace()
        self.rules = OrgRules()
        self.queries = Queries(self.store, self.new_key)
        self.query_jobs: Jobs[Any] = Jobs(folder / "query_jobs", self._week_ago)
        self.ingest_jobs: Jobs[Any] = Jobs(folder / "ingest_jobs", self._week_ago)
        self.default_user_id = make_id("005", 0)
        self.deliverability = "all"
        self.send_mail: Callable[[str, list[str], bytes], object] = lambda _sender, _to, _message: None
        self.deployed: set[tuple[str, str]] = set()
        self.deployments: dict[str, dict[str, Any]] = {}
        self.setup_version = 0
        self.made_at = now()
        self.schema_changed_at = self.made_at
        self._next: dict[str, int] = {}
        self._access: dict[str, tuple[int, float, Access]] = {}
        self._lock = threading.Lock()
        self.closed = threading.Event()

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        org_id: str,
        name: str,
        my_domain_url: str,
        now: Callable[[], datetime],
        features: Collection[str] = (),
    ) -> "Org":
        """A new org in this folder; whatever rows an earlier one left there are gone."""
        folder.mkdir(parents=True, exist_ok=True)
        for old in (*folder.glob("org.sqlite3*"), *folder.glob("*_jobs/*.csv")):
            old.unlink()
        org = cls(folder, org_id=org_id, name=name, my_domain_url=my_domain_url, now=now, features=features)
        org.store.make_tables(org.schema)
        return org

    def close(self) -> None:
        """End the Bulk jobs and close the store."""
        self.closed.set()
        self.query_jobs.close()
        self.ingest_jobs.close()
        self.store.close()

    def moment(self) -> str:
        """Now, as it is stored: `2026-11-23T09:30:00.000Z`."""
        return spell_moment(self.now().astimezone(UTC))

    def _week_ago(self) -> str:
        return spell_moment((self.now() - _KEPT).astimezone(UTC))

    def new_id(self, object_name: str) -> str:
        """An id that was never given before, with the key prefix of the object."""
        return next(self._new_ids(self.schema[object_name].key_prefix, 1))

    def new_key(self, prefix: str) -> str:
        """An id for something that is no row, such as a Bulk job (750) or a query locator (01g)."""
        return next(self._new_ids(prefix, 1))

    def _new_ids(self, prefix: str, count: int) -> Iterator[str]:
        with self._lock:
            first = self._next.get(prefix, 1)
            self._next[prefix] = first + count
        return itertools.islice(make_ids(prefix, first), count)

    def insert_rows(self, object_name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
        """Load rows as they are, quickly and without any rule; how many there were.

        Values are text, numbers, booleans and None; days `2026-11-23`, moments `2026-11-23T09:30:00.000Z`.
        Ids, stamps, owner and maker are added where the columns do not name them; other columns get their defaults.
        """
        found = self.schema[object_name]
        constants = self._constants(found, columns)
        names = [*columns, *constants]
        tail = tuple(constants.values())
        source: Iterable[Sequence[object]] = ((*row, *tail) for row in rows) if tail else rows
        if "Id" not in columns:
            names = ["Id", *names]
            source = self._with_ids(found.key_prefix, source)
        count = self.store.add_rows(found.name, names, source)
        self.store.make_indexes(found.name)
        self._touch(found)
        return count

    def _with_ids(self, prefix: str, rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
        source = iter(rows)
        while chunk := list(itertools.islice(source, 5000)):
            yield from ((record, *row) for record, row in zip(self._new_ids(prefix, len(chunk)), chunk, strict=True))

    def _constants(self, found: SObject, columns: Sequence[str]) -> dict[str, object]:
        moment = self.moment()
        wanted = dict.fromkeys(_STAMPS, moment) | dict.fromkeys(_MAKERS, self.default_user_id)
        return {name: value for name, value in wanted.items() if found.has(name) and name not in columns}

    def has_record(self, object_name: str, record: str) -> bool:
        """Whether there is such a record of that object, and it is not deleted."""
        found = self.schema.get(object_name)
        sql = f'SELECT 1 FROM "{found.name}" WHERE Id = ? AND IsDeleted = 0' if found else ""
        return bool(found and found.kind == "data" and self.store.rows(sql, [record]))

    def insert(self, object_name: str, values: Mapping[str, object]) -> str:
        """Add one row without any rule; its id."""
        record = str(values.get("Id") or self.new_id(object_name))
        self.insert_rows(object_name, [*({"Id": None} | dict(values))], [[*({"Id": record} | dict(values)).values()]])
        return record

    def update(self, object_name: str, record: str, values: Mapping[str, object]) -> None:
        """Change one row without any rule and without a line in the write ledger."""
        sets = ", ".join(f'"{name}" = ?' for name in values)
        with self.store.write() as connection:
            connection.execute(f'UPDATE "{object_name}" SET {sets} WHERE Id = ?', (*values.values(), record))
        self._touch(self.schema[object_name])

    def delete(self, object_name: str, record: str) -> None:
        """Take one row away for good."""
        with self.store.write() as connection:
            connection.execute(f'DELETE FROM "{object_name}" WHERE Id = ?', (record,))
        self._touch(self.schema[object_name])

    def add_field(self, object_name: str, field: Field) -> None:
        """Add a custom field. Nobody sees it before a FieldPermissions row lets them."""
        with self.store.write():
            self.store.add_column(self.schema[object_name].name, field)
            self.schema.add_field(object_name, field)
        self._touch(self.schema["FieldPermissions"])

    def change_field(self, object_name: str, field: Field) -> None:
        """Give a custom field other properties; its values stay."""
        self.schema.change_field(object_name, field)
        self._touch(self.schema["FieldPermissions"])

    def drop_field(self, object_name: str, name: str) -> None:
        """Take a custom field away with its values."""
        with self.store.write():
            self.schema.drop_field(object_name, name)
            self.store.drop_column(self.schema[object_name].name, name)
        self._touch(self.schema["FieldPermissions"])

    def rows(self, soql: str) -> list[dict[str, Any]]:
        """What a statement finds for one who sees everything: flat mappings such as {"Id": …, "Owner.Name": …}.

        Values are as stored: moments `2026-11-23T09:30:00.000Z`, numbers as float or int. At most what fits memory.
        """
        nobody = SimUser(self.default_user_id, "")
        return self.queries.flat(soql, Asker(self.schema, full_access(), nobody, self.now(), tooling=True))

    def _touch(self, found: SObject) -> None:
        if found.kind != "data" or found.name in {"User", "Profile"}:
            self.setup_changed()

    def access(self, user: SimUser) -> Access:
        """What the user may see and change now; read anew when setup changed and every second."""
        version, kept = self.setup_version, self._access.get(user.id)
        if kept is None or kept[0] != version or kept[1] < time.monotonic():
            kept = (version, time.monotonic() + 1.0, read_access(self.store, user, self.moment(), self.rules.sharing))
            self._access[user.id] = kept
        return kept[2]

    def setup_changed(self) -> None:
        """Forget what was known of anybody's permissions."""
        with self._lock:
            self.setup_version += 1
            # HTTP dates count seconds, so that two changes within one must not look like one.
            self.schema_changed_at = max(self.now(), self.schema_changed_at + timedelta(seconds=1))
