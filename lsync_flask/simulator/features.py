"""What an org may have switched on: person accounts, more than one currency, state and country picklists."""

import base64
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cache

from lsync_flask.simulator.fields import read_catalogue, read_lines, standard_schema
from lsync_flask.simulator.schema import Field, PicklistValue, Schema, SObject

__all__ = ["FEATURES", "PREFIXES", "Places", "places", "schema_with"]

FEATURES = ("multi-currency", "person-accounts", "state-country")
PREFIXES = {"Lead": ("",), "Contact": ("Mailing", "Other"), "Account": ("Billing", "Shipping")}
"""What the names of an object's addresses begin with."""


@dataclass(frozen=True)
class Places:
    """Countries by code, and the states of those that have any, by country and code."""

    countries: dict[str, str]
    states: dict[str, dict[str, str]]

    def find_country(self, name: str) -> str | None:
        """The code of a country by its name or code, or None."""
        return _find(self.countries, name)

    def find_state(self, country: str, name: str) -> str | None:
        return _find(self.states.get(country, {}), name)


def _find(names: dict[str, str], wanted: str) -> str | None:
    low = wanted.strip().lower()
    return next((code for code, name in names.items() if low in {code.lower(), name.lower()}), None)


@cache
def places() -> Places:
    """The places that an org knows at the start."""
    countries, states = {}, {}
    for line in read_lines("places"):
        named, _, parts = line.partition(": ")
        code, _, name = named.partition("=")
        countries[code] = name
        if parts:
            states[code] = dict(part.split("=", 1) for part in parts.split("|"))
    return Places(countries, states)


def schema_with(features: Collection[str]) -> Schema:
    """A new org's objects, with what these features add to them."""
    schema = standard_schema()
    for name in features:
        for extra in read_catalogue(name):
            for each in extra.fields:
                schema.add_field(extra.name, _with_places(each) if name == "state-country" else each)
    if "person-accounts" in features:
        _let_names_be_empty(schema)
    return schema


def _let_names_be_empty(schema: Schema) -> None:
    account = schema["Account"]
    fields = tuple(replace(each, nillable=True) if each.name == "Name" else each for each in account.fields)
    schema.objects["account"] = SObject(
        account.name, account.label, account.plural, account.key_prefix, account.kind, fields, account.scopes
    )


def _with_places(field: Field) -> Field:
    if field.name.endswith("CountryCode"):
        values = tuple(PicklistValue(code, name) for code, name in places().countries.items())
        return replace(field, picklist=values)
    controller = field.name.replace("StateCode", "CountryCode")
    return replace(field, picklist=tuple(_states()), controller=controller)


def _states() -> Iterator[PicklistValue]:
    order = [*places().countries]
    for country, names in places().states.items():
        valid_for = _bitmap(order.index(country), len(order))
        for code, name in names.items():
            yield PicklistValue(code, name, valid_for=valid_for)


def _bitmap(place: int, count: int) -> str:
    """The controlling value at that place of `count`, as describe spells it: a bit for each, from the left."""
    size = (count + 7) // 8
    return base64.b64encode((1 << (size * 8 - 1 - place)).to_bytes(size, "big")).decode()
