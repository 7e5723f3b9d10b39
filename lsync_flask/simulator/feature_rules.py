"""What an org's features ask of a record before it is written, and what they add to it."""

from collections.abc import Mapping
from typing import Any

from lsync_flask.simulator.features import PREFIXES, places
from lsync_flask.simulator.org import Org
from lsync_flask.simulator.schema import SObject
from lsync_flask.simulator.values import RowRefused

__all__ = ["fit_features", "link_person", "settle_places"]

Values = Mapping[str, Any]
_PARTS = ("State", "StateCode", "Country", "CountryCode")
_NAMES = ("FirstName", "LastName", "Salutation")
_BAD_COUNTRY = (
    "There's a problem with this country, even though it may appear correct. Please select a country/territory from "
    "the list of valid countries."
)
_BAD_STATE = (
    "There's a problem with this state, even though it may appear correct. Please select a state from the list of "
    "valid states."
)
_NO_COUNTRY = "A country/territory must be specified before specifying a state value for field: {label}"
_INTEGRITY = "FIELD_INTEGRITY_EXCEPTION"


def fit_features(org: Org, found: SObject, record: str, values: Values) -> Values | RowRefused:
    """The values with what goes with them, or why they do not fit. `record` is empty for a new one."""
    try:
        if "state-country" in org.features:
            for prefix in PREFIXES.get(found.name, ()):
                values = {**values, **_fit_place(org, found, record, values, prefix)}
        if "person-accounts" in org.features and found.name == "Account":
            values = _fit_person(org, record, values)
    except RowRefused as refused:
        return refused
    return values


def link_person(org: Org, record: str, values: Values) -> None:
    """Give a new person account the contact that every one has."""
    if values.get("IsPersonAccount"):
        named = {name: values[name] for name in _NAMES if values.get(name)}
        contact = {**named, "AccountId": record, "Email": values.get("PersonEmail"), "IsPersonAccount": True}
        org.update("Account", record, {"PersonContactId": org.insert("Contact", contact)})


# -- states and countries


def _fit_place(org: Org, found: SObject, record: str, values: Values, prefix: str) -> Values:
    names = {part: prefix + part for part in _PARTS}
    given = {part: values[name] for part, name in names.items() if name in values}
    if not given:
        return {}
    known = dict.fromkeys(_PARTS) | (given if not record else _current(org, found, record, names, given))
    said_country, said_state = known["CountryCode"] or known["Country"], known["StateCode"] or known["State"]
    country = places().find_country(said_country) if said_country else None
    if said_country and country is None:
        raise RowRefused(_INTEGRITY, _BAD_COUNTRY, (names["Country"],))
    if said_state and country is None:
        label = found.by_name[names["State"].lower()].label
        raise RowRefused(_INTEGRITY, _NO_COUNTRY.format(label=label), (names["State"],))
    state = places().find_state(country, said_state) if country and said_state else None
    if said_state and state is None:
        raise RowRefused(_INTEGRITY, _BAD_STATE, (names["State"],))
    return _spell(names, country, state)


def _current(
    org: Org, found: SObject, record: str, names: Mapping[str, str], given: Mapping[str, Any]
) -> dict[str, Any]:
    columns = ", ".join(f'"{names[part]}"' for part in _PARTS)
    row = org.store.rows(f'SELECT {columns} FROM "{found.name}" WHERE Id = ?', [record])
    kept = dict(zip(_PARTS, row[0], strict=True)) if row else dict[str, Any]()
    for part in ("State", "Country"):
        # What is given replaces both the name and the code.
        if part in given or f"{part}Code" in given:
            kept |= {part: given.get(part), f"{part}Code": given.get(f"{part}Code")}
    return kept


def _spell(names: Mapping[str, str], country: str | None, state: str | None) -> Values:
    known = places()
    return {
        names["CountryCode"]: country,
        names["Country"]: known.countries[country] if country else None,
        names["StateCode"]: state,
        names["State"]: known.states[country][state] if country and state else None,
    }


def settle_places(org: Org) -> None:
    """Give the records that are there already their codes; what is no known place is taken away."""
    for name, prefixes in PREFIXES.items():
        for prefix in prefixes:
            _settle(org, name, {part: prefix + part for part in _PARTS})


def _settle(org: Org, name: str, names: Mapping[str, str]) -> None:
    sql = f'SELECT DISTINCT "{names["Country"]}", "{names["State"]}" FROM "{name}"'
    where = f'"{names["Country"]}" IS ? AND "{names["State"]}" IS ?'
    for country, state in org.store.rows(sql):
        code = places().find_country(country or "")
        spelled = _spell(names, code, places().find_state(code, state or "") if code else None)
        sets = ", ".join(f'"{column}" = ?' for column in spelled)
        with org.store.write() as connection:
            connection.execute(f'UPDATE "{name}" SET {sets} WHERE {where}', (*spelled.values(), country, state))


# -- person accounts


def _fit_person(org: Org, record: str, values: Values) -> Values:
    sql = "SELECT IsPersonAccount, FirstName, LastName FROM Account WHERE Id = ?"
    row = org.store.rows(sql, [record]) if record else []
    is_person = bool(row[0][0]) if row else bool(values.get("LastName"))
    wrong = [
        name for name in values if (name == "Name" if is_person else _is_personal(name)) and values[name] is not None
    ]
    if wrong:
        message = f"Account: bad field names on insert/update call: {', '.join(wrong)}"
        raise RowRefused("INVALID_FIELD_FOR_INSERT_UPDATE", message, tuple(wrong))
    if not is_person:
        if not record and not values.get("Name"):
            raise RowRefused("REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]", ("Name",))
        return values
    kept = dict(zip(("FirstName", "LastName"), row[0][1:], strict=True)) if row else {}
    first, last = (values.get(name, kept.get(name)) for name in ("FirstName", "LastName"))
    return {**values, "IsPersonAccount": True, "Name": " ".join(part for part in (first, last) if part)}


def _is_personal(name: str) -> bool:
    return name in _NAMES or (name.startswith("Person") and name != "PersonContactId")
