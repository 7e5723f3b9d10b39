"""Bringing the tables up to date, with Alembic's migrations in the folder `migrations`."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from lsync_flask.folders import folder
from lsync_flask.storage.db import Database
from lsync_flask.storage.models import metadata


def upgrade(database: Database, revision: str = "head") -> None:
    """Create or change the tables; nothing happens when they are up to date."""
    config = _config()
    with database.writing_all() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def downgrade(database: Database, revision: str = "base") -> None:
    config = _config()
    with database.writing_all() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def is_current(database: Database) -> bool:
    """True when every migration has been run."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with database.reading_all() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


def differences(database: Database) -> list[object]:
    """What the tables lack against the models: empty when the migrations say all."""
    with database.reading_all() as connection:
        found: list[object] = compare_metadata(MigrationContext.configure(connection), metadata)
    return found


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder("migrations")))
    config.set_main_option("path_separator", "os")
    return config
