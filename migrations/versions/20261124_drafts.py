"""Drafts: what a user has changed on a page and not saved."""

import sqlalchemy as sa
from alembic import op

revision = "20261124_drafts"
down_revision = "20261124_audit_append_only"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "draft",
        sa.Column("org_id", sa.String(18), nullable=False),
        sa.Column("user_id", sa.String(18), nullable=False),
        sa.Column("page", sa.String(80), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name="fk_draft_org_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("org_id", "user_id", "page", name="pk_draft"),
    )


def downgrade():
    op.drop_table("draft")
