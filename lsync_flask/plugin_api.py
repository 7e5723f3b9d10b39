"""Everything that a plugin may import: the four kinds of plugin, their values and their errors.

A plugin is a small frozen pydantic model. Its class attributes say what it is, its fields are its parameters: one
declaration gives the form, the check, the stored JSON, the documentation and the tests. Plugins are found as entry
points of the groups in `GROUPS`; the entry's name equals the class's `name`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from lsync_flask.errors import (
    FatalError,
    InvalidParams,
    LimitReached,
    OutcomeUnknown,
    RecordRejected,
    RetryableError,
)

__all__ = [
    "API_VERSION",
    "GROUPS",
    "Answer",
    "Answers",
    "Call",
    "Catalogue",
    "Condition",
    "FatalError",
    "Field",
    "FieldType",
    "Http",
    "HttpReply",
    "Idempotency",
    "Inquiry",
    "InvalidParams",
    "LimitReached",
    "Limits",
    "Notice",
    "Notifier",
    "Operand",
    "Operator",
    "OutcomeUnknown",
    "Plugin",
    "Provider",
    "ProviderField",
    "RecordRejected",
    "RetryableError",
    "SecretStr",
    "Ticket",
    "Transform",
    "Value",
    "Window",
    "build",
    "field_validator",
    "model_validator",
]

API_VERSION = 1

GROUPS: Mapping[str, str] = {
    "transform": "lsync.transforms",
    "operator": "lsync.operators",
    "provider": "lsync.providers",
    "notifier": "lsync.notifiers",
}

Value = str | int | Decimal | bool | date | datetime | tuple[str, ...] | None
"""What a field may hold. Datetimes are aware and in UTC; there are no floats; a tuple is a provider's list of texts."""

FieldType = Literal[
    "id",
    "reference",
    "string",
    "textarea",
    "longtextarea",
    "email",
    "phone",
    "url",
    "picklist",
    "multipicklist",
    "boolean",
    "int",
    "double",
    "currency",
    "percent",
    "date",
    "datetime",
]
"""A field's type as describe names it; `longtextarea` is a textarea that Salesforce cannot filter."""


class Plugin(BaseModel):
    """What all kinds have in common. Parameters are fields; unknown ones are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)

    name: ClassVar[str]
    label: ClassVar[str]
    api: ClassVar[int]


class Transform(Plugin):
    """Turns one value into another. No I/O and no state: the same value gives the same result.

    `examples` are (parameters, value, result) and are run as tests; a result may be `RecordRejected`.
    """

    examples: ClassVar[Sequence[tuple[Mapping[str, Any], Value, Any]]] = ()
    reads_record: ClassVar[bool] = False
    """False: the result depends on the value alone, so the engine asks once per distinct value of a bulk."""

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        """The new value. `record` holds the record as selected, read-only, when `reads_record`; else it is empty.

        Raises:
            RecordRejected: this value cannot be transformed; the record is skipped with this reason.
        """
        raise NotImplementedError


P = TypeVar("P", bound="Plugin")

Operand = Value | tuple[Value, ...] | None

ConditionTest = Literal[
    "equals",
    "differs",
    "less",
    "at most",
    "more",
    "at least",
    "starts with",
    "ends with",
    "contains",
    "one of",
    "none of",
    "includes",
    "excludes",
    "in range",
]


@dataclass(frozen=True, slots=True)
class Condition:
    """A test that Salesforce can do, by name; `engine/soql.py` alone spells it.

    `operand` is one value, or a tuple for `one of`, `none of`, `includes` and `excludes`. `in range` takes a relative
    date such as `LAST_N_DAYS:30` as text. A condition with `negated` is true for every record for which the plain one
    is not, records without a value included.
    """

    test: ConditionTest
    operand: Operand
    negated: bool = False


class Operator(Plugin):
    """One way to compare a field with what the user typed.

    `operands` says how many values it takes; `types` the field types that offer it; `examples` are (type, value,
    operand, is it true).
    """

    operands: ClassVar[Literal["none", "one", "two", "many", "days"]] = "one"
    types: ClassVar[frozenset[str]] = frozenset()
    examples: ClassVar[Sequence[tuple[FieldType, Value, Operand, bool]]] = ()

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        """The meaning: is it true of this value? `now` is the moment the activity started, in the user's time zone."""
        raise NotImplementedError

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        """The same meaning for Salesforce to test, all of them true at once; None when Salesforce cannot."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ProviderField:
    """A field that a provider takes or returns. `sample` is shown beside it when mapping."""

    name: str
    label: str
    type: FieldType = "string"
    length: int | None = None
    required: bool = False
    sample: str | None = None
    help: str = ""
    values: tuple[str, ...] = ()
    default_targets: Mapping[str, str] = field(default_factory=dict)
    """By object: the Salesforce field that a mapping proposes, such as `{"Account": "Website"}`."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a provider takes and what it returns. `minimum` are sets of inputs of which one must be complete."""

    inputs: tuple[ProviderField, ...]
    outputs: tuple[ProviderField, ...]
    minimum: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """At most so many calls, and so many records in them, in any stretch of so many seconds; None: no limit."""

    seconds: float
    calls: int | None = None
    records: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider allows one account: calls at once, calls per second (None: no limit), and more windows of time.

    They hold over all of LSync's processes together. `per_call` are the most records of one call with these settings,
    when that is fewer than the class's `max_per_call`.
    """

    concurrency: int = 4
    calls_per_s: float | None = None
    per_call: int | None = None
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One record as sent to a provider: `key` is the record's 18-character id."""

    key: str
    inputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a provider, at most its `max_per_call` inquiries. `key` stays the same when it is sent again."""

    key: str
    inquiries: Sequence[Inquiry]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider said of one record. `confidence` is 0 to 100, None where it gives none.

    `error_code` is None unless the provider could not serve this record; `may_retry` says if asking again can help.
    """

    key: str
    matched: bool
    values: Mapping[str, Any] = field(default_factory=dict)
    confidence: int | None = None
    error_code: str | None = None
    error: str = ""
    may_retry: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers of a call, in any order, and what they cost.

    `pause_s`: no call of this account leaves for so many seconds, as a header that says what is left may ask.
    """

    answers: Sequence[Answer]
    credits: int
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Ticket:
    """The provider works on it: ask again with `ref` after `after_s` seconds.

    `interrupted` is set by LSync when it asked with this ticket before and does not know how that ended: a crash came
    between. A provider that buys something in `collect` must not buy it again then.
    """

    ref: str
    after_s: float
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back: status, headers in lower case, and the body, at most as long as the guard allows."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http(Protocol):
    """The only way out for a provider or notifier: guarded against internal addresses, limited in time and size."""

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> HttpReply:
        """Send one request.

        Raises:
            RetryableError: no connection could be made; nothing was sent.
            OutcomeUnknown: the request left and no whole answer came back.
            FatalError: the address is not allowed.
        """
        ...


Idempotency = Literal["key", "natural", "none"]


class Provider(Plugin):
    """An enrichment service. Its parameters (endpoint, key) are the settings form; `SecretStr` ones are write-only."""

    idempotency: ClassVar[Idempotency]
    """`key`: the same call key is charged once; `natural`: asking again costs nothing; `none`: it is paid again."""
    max_per_call: ClassVar[int]

    def repeats(self) -> Idempotency:
        """What asking again costs with these settings; the class's `idempotency` unless a provider says otherwise."""
        return self.idempotency

    def most_per_call(self) -> int:
        """How many records one call may hold with these settings."""
        return min(self.max_per_call, self.limits().per_call or self.max_per_call)

    def catalogue(self) -> Catalogue:
        """The fields it takes and returns."""
        raise NotImplementedError

    def limits(self) -> Limits:
        return Limits()

    def submit(self, call: Call, http: Http) -> Answers | Ticket:
        """Send one call; a provider that answers at once returns its answers.

        Raises:
            RetryableError: it may work later; LimitReached pauses the activity; OutcomeUnknown if it may be paid.
            FatalError: it will not work again with these settings.
        """
        raise NotImplementedError

    def collect(self, ticket: Ticket, http: Http) -> Answers | Ticket:
        """Ask for the answers of a call that was accepted earlier; another ticket while they are not ready."""
        raise NotImplementedError

    def check(self, http: Http) -> str:
        """Test the settings without cost and say in one sentence what works; raises what `submit` raises."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Notice:
    """One message about an activity, as text and as HTML, to e-mail addresses.

    `facts` says the same for machines: `event` (ended, paused, reconnect, test), `activity`, `definition`, `object`,
    `status`, `reason`, `counts` by fate, `link`, `org` and `at` (ISO time). Further ones may be added.
    """

    key: str
    to: Sequence[str]
    subject: str
    text: str
    html: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class Notifier(Plugin):
    """A way to tell people. Called from the outbox: at least once, with the same `key` when it is sent again.

    Its parameters are the form in Settings; `SecretStr` ones are write-only.
    """

    def send(self, notice: Notice, http: Http) -> None:
        """Deliver the notice.

        Raises:
            RetryableError: try again later; FatalError: it can never be delivered.
        """
        raise NotImplementedError


def build(cls: type[P], raw: Mapping[str, Any]) -> P:
    """The plugin with these parameters. An empty text means "use the default".

    Raises:
        InvalidParams: with every problem by the parameter's name.
    """
    given = {name: value for name, value in raw.items() if value != ""}
    try:
        return cls.model_validate(given)
    except ValidationError as error:
        raise InvalidParams(_problems(error)) from error


def _problems(error: ValidationError) -> dict[str, str]:
    return {".".join(str(part) for part in problem["loc"]): _sentence(problem) for problem in error.errors()}


def _sentence(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "missing":
        return "Must be filled in."
    if problem["type"] == "extra_forbidden":
        return "There is no such parameter."
    text = str(problem["msg"]).removeprefix("Value error, ")
    return text if text.endswith(".") else text + "."
