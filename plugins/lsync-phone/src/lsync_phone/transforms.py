"""The transforms of phone numbers."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

import phonenumbers
from pydantic import AfterValidator

from lsync_flask.plugin_api import Field, RecordRejected, Transform, Value
from lsync_phone.numbers import NOT_A_PHONE, check_country, find_region, find_zones, parse

Style = Literal["E.164", "international", "national"]
Unknown = Literal["blank", "reject"]

_FORMATS = {
    "E.164": phonenumbers.PhoneNumberFormat.E164,
    "international": phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    "national": phonenumbers.PhoneNumberFormat.NATIONAL,
}


def map_texts(value: Value, change: Callable[[str], str | None]) -> Value:
    """The value as text, or each text of a list, changed; blank ones give no value."""
    if isinstance(value, tuple):
        return tuple(filter(None, (change(part) for part in value if part.strip()))) or None
    text = "" if value is None else str(value)
    return (change(text) or None) if text.strip() else None


Country = Annotated[
    str,
    Field(title="Country", description="The code of the country of numbers without one, such as GB.", max_length=2),
    AfterValidator(check_country),
]


def _unknown_field() -> Any:
    return Field("blank", title="If it cannot be told", description="Leave blank or reject the record.")


class PhoneToE164(Transform):
    """Write a phone number in the international form: +442079460000.

    A number without a country code is taken for one of the country given below. A text that is no possible phone number
    rejects the record; so does one without a country code when no country is given.
    """

    name = "phone-to-e164"
    label = "Phone to E.164"
    api = 1
    examples = (
        ({}, "+44 20 7946 0000", "+442079460000"),
        ({"country": "GB"}, "020 7946 0000", "+442079460000"),
        ({}, "+44 (0)20 7946 0000", "+442079460000"),
        ({"country": "US"}, "(212) 555-0123", "+12125550123"),
        ({"country": "de"}, "0049 30 123456", "+4930123456"),
        ({"style": "international"}, "+12125550123", "+1 212-555-0123"),
        ({"style": "national"}, "+12125550123", "(212) 555-0123"),
        ({"country": "US", "extension": "keep"}, "212-555-0123 ext. 12", "+12125550123 ext. 12"),
        ({}, "020 7946 0000", RecordRejected),
        ({"country": "GB"}, "12", RecordRejected),
        ({"country": "GB"}, "ask Ada", RecordRejected),
        ({}, ("+44 20 7946 0000", "+12125550123"), ("+442079460000", "+12125550123")),
        ({}, " ", None),
        ({}, None, None),
    )

    country: Country = ""
    style: Style = Field("E.164", title="Style", description="+442079460000, +44 20 7946 0000 or 020 7946 0000.")
    extension: Literal["drop", "keep"] = Field("drop", title="Extension", description="What becomes of “ext. 12”.")

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_texts(value, self._write)

    def _write(self, text: str) -> str:
        return _format(text, self.country, self.style, self.extension == "keep")


class PhoneToRegion(Transform):
    """Say which country a phone number is of, by its two-letter code: +44 20 7946 0000 gives GB.

    A number that cannot be read rejects the record. Freephone and satellite numbers are of no country.
    """

    name = "phone-to-region"
    label = "Country of phone"
    api = 1
    examples = (
        ({}, "+44 20 7946 0000", "GB"),
        ({}, "+1 204 555 0123", "CA"),
        ({"country": "DE"}, "030 123456", "DE"),
        ({}, "+800 1234 5678", None),
        ({"unknown": "reject"}, "+800 1234 5678", RecordRejected),
        ({}, "020 7946 0000", RecordRejected),
        ({}, ("+44 20 7946 0000", "+12125550123"), ("GB", "US")),
        ({}, None, None),
    )

    country: Country = ""
    unknown: Unknown = _unknown_field()

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_texts(value, self._name)

    def _name(self, text: str) -> str:
        return find_region(parse(text, self.country)) or _nothing(text, self.unknown, "is of no country")


class PhoneToTimeZone(Transform):
    """Say in which time zone a phone number rings: +1 212 555 0123 gives America/New_York.

    A number that may ring in several, as mobile ones in large countries, has none, unless the first is asked for.
    """

    name = "phone-to-time-zone"
    label = "Time zone of phone"
    api = 1
    examples = (
        ({}, "+44 20 7946 0000", "Europe/London"),
        ({}, "+1 212 555 0123", "America/New_York"),
        ({"country": "DE"}, "030 123456", "Europe/Berlin"),
        ({}, "+61 8 9123 4567", None),
        ({"several": "first"}, "+61 8 9123 4567", "Australia/Adelaide"),
        ({"unknown": "reject"}, "+61 8 9123 4567", RecordRejected),
        ({}, "ask Ada", RecordRejected),
        ({}, None, None),
    )

    country: Country = ""
    several: Literal["none", "first"] = Field(
        "none", title="Of several", description="Give none, or the first by the alphabet."
    )
    unknown: Unknown = _unknown_field()

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_texts(value, self._name)

    def _name(self, text: str) -> str:
        zones = sorted(find_zones(parse(text, self.country)))
        if len(zones) == 1 or (zones and self.several == "first"):
            return zones[0]
        return _nothing(text, self.unknown, "may ring in several time zones" if zones else "is of no time zone")


def _nothing(text: str, unknown: Unknown, why: str) -> str:
    if unknown == "reject":
        raise RecordRejected(f"“{text}” {why}.", code=NOT_A_PHONE)
    return ""


@lru_cache(maxsize=4096)
def _format(text: str, country: str, style: Style, keeps_extension: bool) -> str:
    number = parse(text, country)
    written = phonenumbers.format_number(_without_extension(number), _FORMATS[style])
    return f"{written} ext. {number.extension}" if keeps_extension and number.extension else written


def _without_extension(number: phonenumbers.PhoneNumber) -> phonenumbers.PhoneNumber:
    return phonenumbers.PhoneNumber(
        country_code=number.country_code,
        national_number=number.national_number,
        italian_leading_zero=number.italian_leading_zero,
        number_of_leading_zeros=number.number_of_leading_zeros,
    )
