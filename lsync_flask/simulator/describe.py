"""Describe answers: what an object and its fields are, as this user may know it (`salesforce.md` §4.2)."""

from typing import Any

from lsync_flask.simulator.permissions import Access
from lsync_flask.simulator.schema import TEXTS, Field, Schema, SObject
from lsync_flask.simulator.soql_compile import child_relationships

__all__ = ["describe_global", "describe_object"]

Json = dict[str, Any]
_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
}
_MASTER = "012000000000000AAA"
_NEVER = (
    "aiPredictionField",
    "autoNumber",
    "calculated",
    "cascadeDelete",
    "deprecatedAndHidden",
    "displayLocationInDecimal",
    "encrypted",
    "formulaTreatNullNumberAsZero",
    "highScaleNumber",
    "restrictedDelete",
    "writeRequiresMasterRead",
)
_NOTHING = (
    "calculatedFormula",
    "defaultValueFormula",
    "filteredLookupInfo",
    "mask",
    "maskType",
    "referenceTargetField",
    "relationshipOrder",
)
_FULL = frozenset({"Lead", "Contact", "Account"})


def describe_global(schema: Schema, access: Access, version: str) -> Json:
    """The answer of `/sobjects`."""
    seen = sorted((each for each in schema if access.sees(each)), key=lambda each: each.name)
    found = [_summary(each) | {"urls": _short_urls(each, version)} for each in seen]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [dict(sorted(each.items())) for each in found]}


def describe_object(schema: Schema, found: SObject, access: Access, version: str, my_domain_url: str) -> Json:
    """The answer of `/sobjects/<name>/describe`. Fields that the user may not read are not there."""
    visible = [each for each in found.fields if access.reads(found, each)]
    answer = _summary(found) | {
        "actionOverrides": [],
        "childRelationships": _children(schema, found, access),
        "compactLayoutable": found.name in _FULL,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [_describe_field(each, editable=access.edits(found, each)) for each in visible],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(found, version),
        "searchLayoutable": found.name in _FULL,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": label, "name": name} for name, label in found.scopes],
        "urls": _urls(found, version, my_domain_url),
    }
    return dict(sorted(answer.items()))


def _summary(found: SObject) -> Json:
    full = found.name in _FULL
    changeable = full or any(each.updateable for each in found.fields)
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": full or any(each.createable for each in found.fields),
        "custom": False,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": full or found.kind == "setup",
        "deprecatedAndHidden": False,
        "feedEnabled": full or found.name == "User",
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": found.key_prefix,
        "label": found.label,
        "labelPlural": found.plural,
        "layoutable": full,
        "mergeable": full,
        "mruEnabled": full,
        "name": found.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": full or found.name == "User",
        "triggerable": full,
        "undeletable": full,
        "updateable": changeable,
    }


def _describe_field(field: Field, *, editable: bool) -> Json:
    told: Json = dict.fromkeys(_NEVER, False) | dict.fromkeys(_NOTHING) | _flags(field, editable=editable)
    told |= {
        "byteLength": _byte_length(field),
        "compoundFieldName": field.compound,
        "controllerName": field.controller,
        "dependentPicklist": field.controller is not None,
        "defaultValue": field.default,
        "digits": field.digits,
        "extraTypeInfo": field.extra,
        "inlineHelpText": field.help,
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "picklistValues": [
            {
                "active": True,
                "defaultValue": each.is_default,
                "label": each.label,
                "validFor": each.valid_for,
                "value": each.value,
            }
            for each in field.picklist
        ],
        "precision": field.precision,
        "referenceTo": list(field.references),
        "relationshipName": field.relationship,
        "scale": field.scale,
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "type": field.type,
    }
    return dict(sorted(told.items()))


def _flags(field: Field, *, editable: bool) -> Json:
    return {
        "aggregatable": field.aggregatable,
        "caseSensitive": field.case_sensitive,
        "createable": field.createable and editable,
        "custom": field.custom,
        "defaultedOnCreate": field.defaulted_on_create,
        "externalId": field.external_id,
        "filterable": field.filterable,
        "groupable": field.groupable,
        "htmlFormatted": field.html,
        "idLookup": field.id_lookup,
        "nameField": field.name_field,
        "namePointing": field.is_polymorphic,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "polymorphicForeignKey": field.is_polymorphic,
        "queryByDistance": field.type == "address",
        "restrictedPicklist": field.restricted,
        "searchPrefilterable": field.search_prefilterable,
        "sortable": field.sortable,
        "unique": field.unique,
        "updateable": field.updateable and editable,
    }


def _byte_length(field: Field) -> int:
    if field.type in {"id", "reference"}:
        return field.length
    return 3 * field.length if field.type in TEXTS else 0


def _record_types(found: SObject, version: str) -> list[Json]:
    layout = f"/services/data/v{version}/sobjects/{found.name}/describe/layouts/{_MASTER}"
    return [
        {
            "active": True,
            "available": True,
            "defaultRecordTypeMapping": True,
            "developerName": "Master",
            "master": True,
            "name": "Master",
            "recordTypeId": _MASTER,
            "urls": {"layout": layout},
        }
    ]


def _children(schema: Schema, found: SObject, access: Access) -> list[Json]:
    return [
        {
            "cascadeDelete": False,
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": link.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": name,
            "restrictedDelete": False,
        }
        for name, child, link in child_relationships(schema, found).values()
        if access.sees(child)
    ]


def _short_urls(found: SObject, version: str) -> dict[str, str]:
    base = f"/services/data/v{version}/sobjects/{found.name}"
    return {"rowTemplate": f"{base}/{{ID}}", "describe": f"{base}/describe", "sobject": base}


def _urls(found: SObject, version: str, my_domain_url: str) -> dict[str, str]:
    base = f"/services/data/v{version}/sobjects/{found.name}"
    links = {name: f"{base}/describe/{name}" for name in ("compactLayouts", "approvalLayouts", "layouts")}
    links |= {name: f"{base}/{name}" for name in ("listviews", "quickActions")}
    pages = {
        "uiDetailTemplate": f"{my_domain_url}/{{ID}}",
        "uiEditTemplate": f"{my_domain_url}/{{ID}}/e",
        "uiNewRecord": f"{my_domain_url}/{found.key_prefix}/e",
    }
    return {**_short_urls(found, version), **links, **pages}
