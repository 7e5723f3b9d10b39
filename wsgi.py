"""`flask --app wsgi …` and servers that look for the app at the top of the checkout."""

from lsync_flask.wsgi import app

__all__ = ["app"]
