"""Credits set aside before a call leaves, by activity and by month

All of it may be missing in older rows: the code that ran before knows nothing of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261124_credit_caps"
down_revision = "20261124_org_flows"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "credit_month",
        sa.Column("org_id", sa.String(18), sa.ForeignKey("org.id", name="fk_credit_month_org_id", ondelete="CASCADE")),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "month", name="pk_credit_month"),
    )
    op.add_column("activity", sa.Column("credits_held", sa.BigInteger(), nullable=True))
    op.add_column("call", sa.Column("reserved", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("call", "reserved")
    op.drop_column("activity", "credits_held")
    op.drop_table("credit_month")
