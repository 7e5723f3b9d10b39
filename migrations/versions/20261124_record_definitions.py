"""A definition may be of one record: what *Enrich this record* runs, never listed."""

import sqlalchemy as sa
from alembic import op

revision = "20261124_record_definitions"
down_revision = "20261124_notice_settings"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("definition", sa.Column("record_id", sa.String(18)))
    op.create_index("uq_definition_org_id_record_id", "definition", ["org_id", "record_id"], unique=True)


def downgrade():
    op.drop_index("uq_definition_org_id_record_id", "definition")
    op.drop_column("definition", "record_id")
