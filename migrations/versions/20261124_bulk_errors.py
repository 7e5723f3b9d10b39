"""Each bulk lists its errors by code

A page that groups errors then reads one row per bulk instead of every outcome.
"""

import sqlalchemy as sa
from alembic import op

revision = '20261124_bulk_errors'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('bulk') as table:
        table.add_column(sa.Column('errors', sa.Text(), server_default='{}', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('bulk') as table:
        table.drop_column('errors')
