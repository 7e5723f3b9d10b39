"""The audit log is append-only: the database itself refuses to change its rows, and to delete those of the last year.

An org that is removed takes its rows along: they are deleted after the org's own row.
"""

from alembic import op

revision = "20261124_audit_append_only"
down_revision = "20261124_api_tokens"
branch_labels = None
depends_on = None

KEPT_S = 365 * 86_400

SQLITE = (
    """CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    f"""CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
    WHEN EXISTS (SELECT 1 FROM org WHERE id = OLD.org_id)
        AND OLD.at > (julianday('now') - 2440587.5) * 86400.0 - {KEPT_S}
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
)
POSTGRESQL = (
    f"""CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND (
            OLD.at <= extract(epoch from clock_timestamp()) - {KEPT_S}
            OR NOT EXISTS (SELECT 1 FROM org WHERE id = OLD.org_id)
        ) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'the audit log is append-only';
    END $$""",
    """CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()""",
)


def upgrade():
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_append_only ON audit")
        op.execute("DROP FUNCTION audit_is_append_only()")
    else:
        op.execute("DROP TRIGGER audit_no_update")
        op.execute("DROP TRIGGER audit_no_delete")
