"""Alembic's environment: under `flask db …` and under `lsync db upgrade` alike.

`lsync db upgrade` hands an open connection over; `flask db` brings the app's engine.
"""

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from lsync_flask.storage.models import metadata


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    with current_app.extensions["migrate"].db.engine.connect() as own:
        run(own)
