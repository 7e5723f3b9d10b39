"""From the command line's environment to settings and resources."""

from collections.abc import Mapping

import click

from lsync_flask.logs import set_up_logging
from lsync_flask.services.resources import Resources
from lsync_flask.settings import Settings, read_settings
from lsync_flask.wiring import wire


def settings_of(context: click.Context) -> Settings:
    """Raises FatalError with every setting that is missing or wrong."""
    environment: Mapping[str, str] = context.obj
    settings = read_settings(environment)
    set_up_logging(settings.log_level)
    return settings


def resources_of(context: click.Context) -> Resources:
    return wire(settings_of(context))
