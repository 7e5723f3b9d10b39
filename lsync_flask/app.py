"""The Flask app: one readable list of what it is made of."""

import uuid

import structlog
from flask import Flask, Response, make_response, render_template, request
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from werkzeug.exceptions import HTTPException

from lsync_flask.api.problems import http_problem, is_of_api
from lsync_flask.api.views import api
from lsync_flask.door import set_up_door, status_of
from lsync_flask.errors import LsyncError
from lsync_flask.folders import folder
from lsync_flask.services.resources import Resources
from lsync_flask.services.sessions import SessionOver
from lsync_flask.storage.models import metadata
from lsync_flask.web.canvas import canvas
from lsync_flask.web.operations import operations
from lsync_flask.web.pages import pages
from lsync_flask.web.rendering import set_up_rendering

log = structlog.get_logger(__name__)


def create_app(resources: Resources) -> Flask:
    """The app over these resources. It opens nothing of its own."""
    app = Flask("lsync_flask", template_folder=str(folder("templates")), static_folder="web/static")
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 31_536_000  # the addresses of static files carry the version
    set_up_door(app, resources)
    set_up_rendering(app)
    _set_up_migrations(app, resources)
    app.register_blueprint(canvas)
    app.register_blueprint(api)
    app.register_blueprint(pages)
    app.register_blueprint(operations)
    app.register_error_handler(LsyncError, _known)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unknown)
    return app


def _set_up_migrations(app: Flask, resources: Resources) -> None:
    """`flask --app wsgi db …`; pages and services use `resources.database`."""
    app.config["SQLALCHEMY_DATABASE_URI"] = resources.database.engine.url
    database = SQLAlchemy(app, metadata=metadata)
    Migrate(app, database, directory=str(folder("migrations")), render_as_batch=True)


def _known(error: LsyncError) -> Response:
    status, title = status_of(error)
    if isinstance(error, SessionOver) and "HX-Request" not in request.headers:
        # The whole page is gone, so Salesforce is asked to open the tab anew.
        return make_response(render_template("web/refused.html", again=True), status)
    return _page(status, title, error.sentence)


def _http(error: HTTPException) -> Response:
    if is_of_api():  # the blueprint does not hear of what fits none of its addresses
        return http_problem(error)
    return _page(error.code or 500, error.name, _PLAIN.get(error.code or 500, ""))


def _unknown(error: Exception) -> Response:
    number = uuid.uuid4().hex[:12]
    log.error("unexpected error", number=number, exc_info=error)
    return _page(500, "Something went wrong", f"Nothing was lost. Tell your admin this number: {number}.")


def _page(status: int, title: str, sentence: str) -> Response:
    return make_response(render_template("web/error.html", title=title, sentence=sentence), status)


_PLAIN = {
    404: "There is no such page.",
    405: "This page cannot be used that way.",
    413: "That is more than LSync takes at once.",
}
