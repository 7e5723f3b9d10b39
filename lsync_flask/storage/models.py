"""The tables. All times (`…_at`, `lease_until`) are seconds since 1970, UTC; all bodies are JSON text or bytes."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts up only a plain INTEGER PRIMARY KEY.
Key = BigInteger().with_variant(Integer, "sqlite")
SalesforceId = String(18)


def _org() -> Column[str]:
    return Column("org_id", SalesforceId, ForeignKey("org.id", ondelete="CASCADE"), nullable=False)


def _key() -> Column[int]:
    return Column("id", Key, primary_key=True, autoincrement=True)


org = Table(
    "org",
    metadata,
    Column("id", SalesforceId, primary_key=True),
    Column("name", Text, nullable=False),
    Column("my_domain", Text, nullable=False),
    Column("app", String(80), unique=True),  # the <app> of POST /canvas/<app>; None: the deployment's own app
    Column("consumer_key", Text, nullable=False),
    Column("audience", Text),  # of JWT assertions; None: my_domain
    Column("integration_username", Text),  # who reads permissions
    Column("flow", String(20), nullable=False, server_default="jwt"),  # jwt | client-credentials | refresh-token
    Column("api_version", String(5), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
)

org_token = Table(
    "org_token",
    metadata,
    Column("org_id", SalesforceId, ForeignKey("org.id", ondelete="CASCADE"), primary_key=True),
    Column("lease_owner", String(80)),  # who is using the refresh token just now
    Column("lease_until", Double),
)

secret = Table(
    "secret",
    metadata,
    Column("org_id", SalesforceId, ForeignKey("org.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(80), primary_key=True),  # such as consumer_secret, jwt_key, provider.api_key
    Column("ciphertext", LargeBinary, nullable=False),
    Column("changed_at", Double, nullable=False),
)

org_user = Table(
    "org_user",
    metadata,
    Column("org_id", SalesforceId, ForeignKey("org.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", SalesforceId, primary_key=True),
    Column("username", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("locale", String(20), nullable=False),
    Column("language", String(20), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("seen_at", Double, nullable=False),
)

web_session = Table(
    "web_session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    _org(),
    Column("user_id", SalesforceId, nullable=False),
    Column("role", String(20), nullable=False),
    Column("role_checked_at", Double, nullable=False),
    Column("context", Text, nullable=False),  # where the frame stands: instance id, target origin, record
    Column("created_at", Double, nullable=False),
    Column("used_at", Double, nullable=False),
    Column("ended_at", Double),
    Index("ix_web_session_org_id_user_id", "org_id", "user_id"),
)

used_request = Table(
    "used_request",
    metadata,
    Column("mac_hash", String(64), primary_key=True),  # SHA-256 of the decoded signature
    Column("used_at", Double, nullable=False, index=True),
)

setting = Table(
    "setting",
    metadata,
    Column("org_id", SalesforceId, ForeignKey("org.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("changed_by", SalesforceId, nullable=False),
    Column("changed_at", Double, nullable=False),
)

notice_setting = Table(
    "notice_setting",
    metadata,
    Column("org_id", SalesforceId, ForeignKey("org.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),  # the ways to tell people, with their parameters but for secrets
    Column("changed_by", SalesforceId, nullable=False),
    Column("changed_at", Double, nullable=False),
)

mapping = Table(
    "mapping",
    metadata,
    _key(),
    _org(),
    Column("kind", String(10), nullable=False),  # input | results
    Column("object", String(80), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("changed_by", SalesforceId, nullable=False),
    Column("changed_at", Double, nullable=False),
    UniqueConstraint("org_id", "kind", "object", "version"),
)

describe_cache = Table(
    "describe_cache",
    metadata,
    Column("org_id", SalesforceId, ForeignKey("org.id", ondelete="CASCADE"), primary_key=True),
    Column("username", String(255), primary_key=True),  # field-level security differs by user
    Column("object", String(80), primary_key=True),
    Column("body", Text, nullable=False),
    Column("read_at", Double, nullable=False),
)

definition = Table(
    "definition",
    metadata,
    _key(),
    _org(),
    Column("name", String(255), nullable=False),
    Column("object", String(80), nullable=False),
    Column("owner_id", SalesforceId, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("deleted_at", Double),
    Column("counted", Integer),
    Column("counted_at", Double),
    Column("record_id", SalesforceId),  # the one record that it is of: it is never listed; None: an audience
    Index("ix_definition_org_id_changed_at", "org_id", "changed_at"),
    Index("uq_definition_org_id_record_id", "org_id", "record_id", unique=True),
)

definition_version = Table(
    "definition_version",
    metadata,
    Column("definition_id", Key, ForeignKey("definition.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    _org(),
    Column("body", Text, nullable=False),  # {"criteria": [...], "logic": "..."}
    Column("changed_by", SalesforceId, nullable=False),
    Column("changed_at", Double, nullable=False),
)

activity = Table(
    "activity",
    metadata,
    _key(),
    _org(),
    Column("definition_id", Key, ForeignKey("definition.id"), nullable=False),
    Column("definition_version", Integer, nullable=False),
    # The definition's id while the activity goes on, None afterwards: its uniqueness allows one at a time.
    Column("running_definition_id", Key, unique=True),
    Column("object", String(80), nullable=False),
    Column("owner_id", SalesforceId, nullable=False),
    Column("started_by", SalesforceId, nullable=False),
    Column("status", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("resume_at", Double),  # when a paused activity goes on by itself
    Column("plan", Text, nullable=False),  # what was decided when it was started
    Column("prepared", Text),  # what the worker found: describe, columns, SOQL
    Column("audience_size", Integer, nullable=False),
    # Selecting: one worker holds it; the cursor says how far the audience is stored.
    Column("selection", String(20), nullable=False),  # waiting | open | done
    Column("selection_job", String(18)),
    Column("selection_cursor", Text),
    Column("selected", Integer, nullable=False),
    Column("bulks", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("lease_owner", String(80)),
    Column("lease_until", Double),
    Column("api_calls", Integer, nullable=False),  # of selecting; each bulk counts its own
    Column("credits_held", BigInteger),  # used or set aside, counted once a cap is set; None: not counted
    Column("rung_at", Double),  # a doorbell is on its way; None once a worker has heard it
    Column("attempts", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    Index("ix_activity_org_id_id", "org_id", "id"),
    Index("ix_activity_status", "status"),
)

bulk = Table(
    "bulk",
    metadata,
    _key(),
    _org(),
    Column("activity_id", Key, ForeignKey("activity.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("size", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("lease_owner", String(80)),
    Column("lease_until", Double),
    Column("due_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("decided_at", Double),  # the moment written as the activity date
    Column("job", String(18)),  # the Bulk API ingest job that carries it
    Column("progress", Text, nullable=False),  # how far it is written: {"next": 400, "failures": [[id, code, text]]}
    Column("fates", Text, nullable=False),  # {"written": 180, ...} once it is finished
    Column("errors", Text, nullable=False, server_default="{}"),  # {code: [records, message]} once it is finished
    Column("error_code", String(80), nullable=False),
    Column("error", Text, nullable=False),
    Column("api_calls", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    UniqueConstraint("activity_id", "number"),
    Index("ix_bulk_activity_id_state_due_at", "activity_id", "state", "due_at"),
    Index("ix_bulk_lease_owner", "lease_owner"),
)

bulk_records = Table(
    "bulk_records",
    metadata,
    Column("bulk_id", Key, ForeignKey("bulk.id", ondelete="CASCADE"), primary_key=True),
    _org(),
    Column("body", LargeBinary, nullable=False),
)

bulk_outcomes = Table(
    "bulk_outcomes",
    metadata,
    Column("bulk_id", Key, ForeignKey("bulk.id", ondelete="CASCADE"), primary_key=True),
    _org(),
    Column("body", LargeBinary, nullable=False),
)

call = Table(
    "call",
    metadata,
    _key(),
    _org(),
    Column("bulk_id", Key, ForeignKey("bulk.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("first", Integer, nullable=False),  # place of its first record in the bulk
    Column("size", Integer, nullable=False),
    Column("key", String(36), nullable=False),
    Column("state", String(20), nullable=False),  # intended | accepted | answered | failed | unknown
    Column("ticket", Text),
    Column("due_at", Double),
    Column("attempts", Integer, nullable=False),
    Column("credits", Integer, nullable=False),
    Column("reserved", Integer, nullable=False, server_default="0"),  # credits set aside until it is answered
    Column("error_code", String(80), nullable=False),
    Column("error", Text, nullable=False),
    UniqueConstraint("bulk_id", "number"),
)

call_answers = Table(
    "call_answers",
    metadata,
    Column("call_id", Key, ForeignKey("call.id", ondelete="CASCADE"), primary_key=True),
    _org(),
    Column("body", LargeBinary, nullable=False),
)

credit_month = Table(
    "credit_month",
    metadata,
    Column("org_id", SalesforceId, ForeignKey("org.id", ondelete="CASCADE"), primary_key=True),
    Column("month", String(7), primary_key=True),  # 2026-11, UTC
    Column("credits", BigInteger, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    _key(),
    _org(),
    Column("kind", String(20), nullable=False),  # ring | notice
    Column("key", String(120), nullable=False, unique=True),  # what is sent once
    Column("body", Text, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Double),
    Column("error", Text, nullable=False),
    Index("ix_outbox_sent_at_due_at", "sent_at", "due_at"),
)

api_token = Table(
    "api_token",
    metadata,
    _key(),
    _org(),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("user_id", SalesforceId, nullable=False),
    Column("name", String(80), nullable=False),
    Column("begins", String(20), nullable=False),  # the first characters of the token, to tell it by
    Column("role", String(20), nullable=False),
    Column("maker_role", String(20), nullable=False),
    Column("role_checked_at", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double),
    Column("revoked_at", Double),
    Index("ix_api_token_org_id_user_id", "org_id", "user_id"),
)


request_key = Table(
    "request_key",
    metadata,
    Column("org_id", SalesforceId, ForeignKey("org.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", SalesforceId, primary_key=True),
    Column("key", String(120), primary_key=True),
    Column("activity_id", Key, ForeignKey("activity.id", ondelete="CASCADE"), nullable=False),
    Column("used_at", Double, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    _key(),
    _org(),
    Column("at", Double, nullable=False),
    Column("user_id", SalesforceId, nullable=False),
    Column("action", String(80), nullable=False),
    Column("subject", String(120), nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("address", String(45), nullable=False),
    Index("ix_audit_org_id_id", "org_id", "id"),
)

draft = Table(
    "draft",
    metadata,
    Column("org_id", SalesforceId, ForeignKey("org.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", SalesforceId, primary_key=True),
    Column("page", String(80), primary_key=True),  # its address
    Column("body", Text, nullable=False),  # the form's fields: [[name, value], ...], without secrets
    Column("changed_at", Double, nullable=False),
)
