"""For gunicorn: `lsync_flask.wsgi:app`. The environment is read here and in the command line, nowhere else."""

import os

from lsync_flask.app import create_app
from lsync_flask.logs import set_up_logging
from lsync_flask.settings import read_settings
from lsync_flask.wiring import wire

_settings = read_settings(os.environ)
set_up_logging(_settings.log_level)
app = create_app(wire(_settings))
