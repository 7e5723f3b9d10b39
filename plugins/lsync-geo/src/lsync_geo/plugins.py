"""The transforms between the forms of a country and of a subdivision, and the operator that compares countries."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from lsync_flask.plugin_api import (
    Condition,
    Field,
    InvalidParams,
    Operand,
    Operator,
    RecordRejected,
    Transform,
    Value,
    field_validator,
)
from lsync_geo.places import Language, find_country, find_subdivision, translation

SHOWN = 60

Unknown = Literal["reject", "blank", "keep"]
CountryStyle = Literal["two letters", "three letters", "number", "name", "common name", "official name"]

_COUNTRY_STYLES: Mapping[CountryStyle, Callable[[Any], str]] = {
    "two letters": lambda country: country.alpha_2,
    "three letters": lambda country: country.alpha_3,
    "number": lambda country: country.numeric,
    "name": lambda country: country.name,
    "common name": lambda country: getattr(country, "common_name", country.name),
    "official name": lambda country: getattr(country, "official_name", country.name),
}


class CountryForm(Transform):
    """Write a country by its ISO code or name, whatever form it comes in: Deutschland, DEU and 276 become DE.

    For Salesforce's country picklists take two letters (Country Code) or the name (Country). What is no country rejects
    the record unless said otherwise.
    """

    name = "country-form"
    label = "Country in a form"
    api = 1
    examples = (
        ({}, "Germany", "DE"),
        ({}, "Deutschland", "DE"),
        ({}, "U.S.A.", "US"),
        ({}, "Korea, Republic of", "KR"),
        ({"write": "three letters"}, "uk", "GBR"),
        ({"write": "number"}, "Austria", "040"),
        ({"write": "name"}, "tr", "Türkiye"),
        ({"write": "name"}, "South Korea", "Korea, Republic of"),
        ({"write": "common name"}, "KOR", "South Korea"),
        ({"write": "official name"}, "DE", "Federal Republic of Germany"),
        ({"write": "name", "language": "de"}, "France", "Frankreich"),
        ({}, "Atlantis", RecordRejected),
        ({"unknown": "blank"}, "Atlantis", None),
        ({"unknown": "keep"}, "Atlantis", "Atlantis"),
        ({}, ("Germany", "France"), ("DE", "FR")),
        ({}, None, None),
    )

    write: CountryStyle = Field("two letters", title="Write", description="DE, DEU, 276, or one of the names.")
    language: Language = Field("en", title="Language", description="Of the names.")
    unknown: Unknown = Field("reject", title="If unknown", description="Reject the record, leave blank or keep it.")

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return _map(value, self._write)

    def _write(self, text: str) -> str:
        country = find_country(text)
        if country is None:
            return _otherwise(text, self.unknown, "is no country", "NOT_A_COUNTRY")
        written = _COUNTRY_STYLES[self.write](country)
        return translation(self.language).gettext(written) if "name" in self.write else written


class SubdivisionForm(Transform):
    """Write a state, province or region by its code or name: California becomes CA, or US-CA, and back.

    The country is the one given, or that of a field of the record, such as BillingCountry, or the one in the text
    (“CA, USA”). Without a country only what is unmistakable is understood: US-CA, Bayern.
    """

    name = "subdivision-form"
    label = "State or province in a form"
    api = 1
    reads_record = True
    examples = (
        ({"country": "US"}, "California", "CA"),
        ({"country": "USA"}, "ca", "CA"),
        ({"write": "ISO code"}, "CA, United States", "US-CA"),
        ({"write": "name"}, "US-CA", "California"),
        ({"country": "DE", "write": "name"}, "BY", "Bayern"),
        ({"country": "ES", "write": "ISO code"}, "Cataluña", "ES-CT"),
        ({"country": "IT"}, "Milano", "MI"),
        ({}, "Bayern", "BY"),
        ({}, "CA", RecordRejected),
        ({"country": "US"}, "Bayern", RecordRejected),
        ({"unknown": "keep"}, "Middle-earth", "Middle-earth"),
        ({"unknown": "blank"}, "Middle-earth", None),
        ({}, None, None),
    )

    country: str = Field("", title="Country", description="Its name or code; for all records.", max_length=80)
    country_field: str = Field(
        "", title="Country's field", description="Such as BillingCountry; it must be selected too.", max_length=120
    )
    write: Literal["code", "ISO code", "name"] = Field("code", title="Write", description="CA, US-CA or California.")
    unknown: Unknown = Field("reject", title="If unknown", description="Reject the record, leave blank or keep it.")

    @field_validator("country")
    @classmethod
    def _check_country(cls, country: str) -> str:
        if country.strip() and find_country(country) is None:
            raise ValueError(f"{_shown(country)} is no country, such as US or Germany.")
        return country

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        country = find_country(self.country or self._country_of(record))
        return _map(value, lambda text: self._write(text, country.alpha_2 if country else ""))

    def _country_of(self, record: Mapping[str, Value]) -> str:
        given = record.get(self.country_field) if self.country_field else None
        return given if isinstance(given, str) else ""

    def _write(self, text: str, country: str) -> str:
        place = find_subdivision(text, country)
        if place is None:
            where = f" of {country}" if country else " that can be told without its country"
            return _otherwise(text, self.unknown, f"is no state or province{where}", "NOT_A_SUBDIVISION")
        code: str = place.code
        return {"code": code.partition("-")[2], "ISO code": code, "name": str(place.name)}[self.write]


class CountryIs(Operator):
    """The text means this country, or one of several with commas between them, by any name or code.

    Germany, DE and Deutschland are one. A text that is no country is none of them.
    """

    name = "country-is"
    label = "country is"
    api = 1
    operands = "many"
    types = frozenset({"string", "picklist"})
    examples = (
        ("string", "Deutschland", ("DE",), True),
        ("picklist", "DE", ("France", "Germany"), True),
        ("string", "U.S.", ("United States",), True),
        ("string", "Atlantis", ("DE",), False),
        ("string", None, ("DE",), False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del now
        country = find_country(value) if isinstance(value, str) else None
        return country is not None and country in [find_country(word) for word in _words(operand)]

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        wrong = [word for word in _words(operand) if find_country(word) is None]
        if wrong or not _words(operand):
            raise InvalidParams({"": f"{_shown(wrong[0] if wrong else '')} is no country, such as DE or Germany."})
        return None


def _words(operand: Operand) -> Sequence[str]:
    parts = operand if isinstance(operand, tuple) else (operand,)
    return [part for part in parts if isinstance(part, str) and part.strip()]


def _map(value: Value, change: Callable[[str], str]) -> Value:
    """The value as text, or each text of a list, changed; blank ones give no value."""
    if isinstance(value, tuple):
        return tuple(filter(None, (change(part) for part in value if part.strip()))) or None
    text = "" if value is None else str(value)
    return (change(text) or None) if text.strip() else None


def _otherwise(text: str, unknown: Unknown, why: str, code: str) -> str:
    if unknown == "reject":
        raise RecordRejected(f"{_shown(text)} {why}.", code=code)
    return text if unknown == "keep" else ""


def _shown(text: str) -> str:
    return f"“{text if len(text) <= SHOWN else text[: SHOWN - 1] + '…'}”"
