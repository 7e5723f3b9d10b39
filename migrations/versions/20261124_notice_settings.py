"""The ways in which an org tells people of its activities"""

import sqlalchemy as sa
from alembic import op

revision = "20261124_notice_settings"
down_revision = "20261124_drafts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_setting",
        sa.Column("org_id", sa.String(18), sa.ForeignKey("org.id", name="fk_notice_setting_org_id", ondelete="CASCADE")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.String(18), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", name="pk_notice_setting"),
    )


def downgrade() -> None:
    op.drop_table("notice_setting")
