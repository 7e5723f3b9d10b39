"""The pages' addresses in one place; the views are beside it, one file for each kind of page."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint

from lsync_flask.web import (
    activity_pages,
    admin_pages,
    audit_pages,
    definition_forms,
    definition_pages,
    drafts,
    field_pages,
    mapping_pages,
    notice_pages,
    record_pages,
    settings_pages,
    setup_pages,
    token_pages,
    unmapped_pages,
)

pages = Blueprint("pages", __name__)

View = Callable[..., Any]

_ADDRESSES: tuple[tuple[str, str, View], ...] = (
    ("GET", "/", activity_pages.home),
    ("GET", "/latest", definition_pages.latest),
    ("GET", "/definitions", definition_pages.index),
    ("GET", "/definitions/new", definition_forms.new),
    ("POST", "/definitions/new", definition_forms.save_new),
    ("GET", "/definitions/fields", definition_forms.fields),
    ("GET", "/definitions/criterion", definition_forms.criterion),
    ("POST", "/definitions/check", definition_forms.check),
    ("POST", "/definitions/count", definition_forms.count),
    ("POST", "/definitions/empty", definition_forms.empty),
    ("POST", "/definitions/preview", definition_forms.preview),
    ("GET", "/definitions/<int:number>", definition_pages.details),
    ("GET", "/definitions/<int:number>/edit", definition_forms.edit),
    ("POST", "/definitions/<int:number>/edit", definition_forms.save),
    ("POST", "/definitions/<int:number>/count", definition_forms.count_saved),
    ("POST", "/definitions/<int:number>/empty", definition_forms.empty_saved),
    ("GET", "/definitions/<int:number>/activities", definition_pages.moving),
    ("POST", "/definitions/<int:number>/summary", definition_pages.summary),
    ("POST", "/definitions/<int:number>/run", definition_pages.run),
    ("GET", "/definitions/<int:number>/versions", definition_pages.versions),
    ("POST", "/definitions/<int:number>/versions/<int:version>", definition_pages.restore),
    ("POST", "/definitions/import", definition_pages.take_in),
    ("POST", "/definitions/<int:number>/delete", definition_pages.delete),
    ("GET", "/activities", activity_pages.index),
    ("GET", "/activities/<int:number>", activity_pages.details),
    ("GET", "/activities/<int:number>/live", activity_pages.live),
    ("GET", "/activities/<int:number>/bulks", activity_pages.bulks),
    ("GET", "/activities/<int:number>/records", activity_pages.records),
    ("GET", "/activities/<int:number>/cost", activity_pages.cost),
    ("GET", "/activities/<int:number>/unmapped", unmapped_pages.show),
    ("POST", "/activities/<int:number>/unmapped", unmapped_pages.save),
    ("GET", "/activities/<int:number>/<any(outcomes, errors):what>.csv", activity_pages.download),
    ("POST", "/activities/<int:number>/<any(cancel, pause, resume, retry):step>", activity_pages.change),
    ("GET", "/records/<record>", record_pages.show),
    ("GET", "/records/<record>/live", record_pages.live),
    ("POST", "/records/<record>/enrich", record_pages.enrich),
    ("GET", "/mappings/<any(input, results):kind>/<name>", mapping_pages.show),
    ("POST", "/mappings/<any(input, results):kind>/<name>", mapping_pages.save),
    ("GET", "/mappings/<any(input, results):kind>/<name>/row", mapping_pages.add_row),
    ("POST", "/mappings/<any(input, results):kind>/<name>/row", mapping_pages.change_row),
    ("POST", "/mappings/<any(input, results):kind>/<name>/try", mapping_pages.try_row),
    ("POST", "/mappings/<any(input, results):kind>/<name>/worth", mapping_pages.worth),
    ("GET", "/mappings/<any(input, results):kind>/<name>/options/<any(provider, field):side>", mapping_pages.options),
    ("GET", "/mappings/results/<name>/new-field", field_pages.dialog),
    ("POST", "/mappings/results/<name>/new-field", field_pages.make),
    ("GET", "/mappings/results/<name>/new-field/name", field_pages.check_name),
    ("POST", "/drafts/<path:page>", drafts.keep),
    ("GET", "/settings", settings_pages.settings),
    ("POST", "/settings", settings_pages.change_settings),
    ("GET", "/setup", setup_pages.setup),
    ("POST", "/setup/fields", setup_pages.create_fields),
    ("POST", "/setup/mail", setup_pages.mail),
    ("POST", "/setup/sites", setup_pages.sites),
    ("POST", "/setup/sites.json", setup_pages.site_console),
    ("GET", "/settings/notices", notice_pages.show),
    ("POST", "/settings/notices", notice_pages.change),
    ("GET", "/settings/tokens", token_pages.index),
    ("POST", "/settings/tokens", token_pages.make),
    ("POST", "/settings/tokens/<int:number>/revoke", token_pages.revoke),
    ("GET", "/access", admin_pages.access),
    ("POST", "/access/end-sessions", admin_pages.end_sessions),
    ("GET", "/plugins", admin_pages.plugins),
    ("GET", "/audit", audit_pages.audit),
    ("GET", "/audit.csv", audit_pages.download),
)

for _method, _address, _view in _ADDRESSES:
    _name = f"{_view.__module__.rsplit('.', 1)[1]}_{_view.__name__}_{_method.lower()}"
    pages.add_url_rule(_address, _name, _view, methods=[_method])
