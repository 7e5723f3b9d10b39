"""How each org lets us in, and who is using its refresh token."""

import sqlalchemy as sa
from alembic import op

revision = "20261124_org_flows"
down_revision = "20261124_bulk_errors"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("org", sa.Column("flow", sa.String(20), nullable=False, server_default="jwt"))
    op.create_table(
        "org_token",
        sa.Column("org_id", sa.String(18), nullable=False),
        sa.Column("lease_owner", sa.String(80)),
        sa.Column("lease_until", sa.Double()),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name="fk_org_token_org_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("org_id", name="pk_org_token"),
    )


def downgrade():
    op.drop_table("org_token")
    op.drop_column("org", "flow")
