"""API tokens."""

import sqlalchemy as sa
from alembic import op

revision = "20261124_api_tokens"
down_revision = "20261124_credit_caps"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "api_token",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("org_id", sa.String(18), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(18), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("begins", sa.String(20), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("maker_role", sa.String(20), nullable=False),
        sa.Column("role_checked_at", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double(), nullable=True),
        sa.Column("revoked_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name="fk_api_token_org_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
    )
    op.create_index("ix_api_token_org_id_user_id", "api_token", ["org_id", "user_id"])


def downgrade():
    op.drop_table("api_token")
