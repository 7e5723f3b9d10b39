"""What an audience is: as the user wrote it, and as it stands after checking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lsync_flask.engine.fields import FieldInfo
from lsync_flask.engine.filter_logic import Node, is_true
from lsync_flask.errors import PluginFailed, RecordRejected
from lsync_flask.plugin_api import Condition, Operand, Operator, Value


@dataclass(frozen=True, slots=True)
class Criterion:
    """One row as the user wrote it.

    `value` is text, a list of texts, `{"from": …, "to": …}` for operators that take two, or a number.
    """

    field: str
    operator: str
    value: object = None


@dataclass(frozen=True, slots=True)
class Audience:
    """An object, its criteria (numbered from 1 in `logic`) and how they combine; no logic means all of them.

    `where` is a condition in SOQL that must be true as well; "": none.
    """

    object: str
    criteria: tuple[Criterion, ...] = ()
    logic: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class CompiledCriterion:
    """One checked row. `field` is its path as describe spells it; `conditions` is None if Salesforce cannot test it."""

    field: str
    info: FieldInfo
    operator: Operator
    operand: Operand
    conditions: tuple[Condition, ...] | None
    sentence: str

    def matches(self, record: Mapping[str, Value], now: datetime) -> bool:
        """Is it true of this record? A path that the record lacks counts as blank.

        Raises:
            PluginFailed: the operator raised something it should not have.
        """
        try:
            return _truth(self.operator.matches(record.get(self.field), self.operand, now))
        except RecordRejected:
            raise
        except (Exception, SystemExit) as error:
            # An operator that calls sys.exit() must not end the worker.
            name = type(error).__name__
            raise PluginFailed(f"{self.operator.name} failed on {self.info.label} ({name}).") from error


def _truth(answer: object) -> bool:
    """A plugin may return anything; what is neither True nor False is its failure."""
    if not isinstance(answer, bool):
        raise TypeError(type(answer).__name__)
    return answer


@dataclass(frozen=True, slots=True)
class CompiledAudience:
    """A checked audience. `sentence` says it in words, such as `Leads where Industry equals "Banking"`.

    `where` is a condition in SOQL that Salesforce tests as well; only `raw_where.read_where` makes one.
    """

    object: str
    node: Node
    rows: tuple[CompiledCriterion, ...]
    sentence: str = ""
    where: str = ""

    @property
    def remainder(self) -> bool:
        """Salesforce can test only a part: the records it gives must be tested with `matches` too."""
        return any(row.conditions is None for row in self.rows)

    @property
    def paths(self) -> Sequence[str]:
        """The columns that `matches` reads, each once."""
        return tuple(dict.fromkeys(row.field for row in self.rows))

    def matches(self, record: Mapping[str, Value], now: datetime) -> bool:
        """Does the record belong to the audience? `record` maps paths to values as `values.parse_text` reads them."""
        return is_true(self.node, lambda number: self.rows[number - 1].matches(record, now))
