"""An LSync transform that writes phone numbers in the international form E.164."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import phonenumbers

from lsync_flask.plugin_api import Field, RecordRejected, Transform, Value, field_validator

__all__ = ["PhoneToE164"]

LONGEST = 100
NOT_A_PHONE = "NOT_A_PHONE_NUMBER"

Style = Literal["E.164", "international", "national"]

_FORMATS = {
    "E.164": phonenumbers.PhoneNumberFormat.E164,
    "international": phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    "national": phonenumbers.PhoneNumberFormat.NATIONAL,
}
# "+44 (0)20 …" is how many people write a number that is dialled differently at home and from abroad.
_ZERO_AT_HOME = re.compile(r"^(\s*(?:\+|00)[\d\s]{1,5})\(0\)")


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

    country: str = Field(
        "", title="Country", description="The code of the country of numbers without one, such as GB.", max_length=2
    )
    style: Style = Field("E.164", title="Style", description="+442079460000, +44 20 7946 0000 or 020 7946 0000.")
    extension: Literal["drop", "keep"] = Field("drop", title="Extension", description="What becomes of “ext. 12”.")

    @field_validator("country")
    @classmethod
    def _check_country(cls, country: str) -> str:
        code = country.strip().upper()
        if code and code not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(f"“{country}” is not the two-letter code of a country, such as GB.")
        return code

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        if isinstance(value, tuple):
            return tuple(self._write(part) for part in value if part.strip()) or None
        text = "" if value is None else str(value)
        return self._write(text) if text.strip() else None

    def _write(self, text: str) -> str:
        return _format(text, self.country, self.style, self.extension == "keep")


@lru_cache(maxsize=4096)
def _format(text: str, country: str, style: Style, keeps_extension: bool) -> str:
    number = _parse(text, country)
    written = phonenumbers.format_number(_without_extension(number), _FORMATS[style])
    return f"{written} ext. {number.extension}" if keeps_extension and number.extension else written


def _parse(text: str, country: str) -> phonenumbers.PhoneNumber:
    shown = f"“{text if len(text) <= LONGEST else text[: LONGEST - 1] + '…'}”"
    if len(text) > LONGEST:
        raise RecordRejected(f"{shown} is too long for a phone number.", code=NOT_A_PHONE)
    try:
        number = phonenumbers.parse(_ZERO_AT_HOME.sub(r"\1", text), country or None)
    except phonenumbers.NumberParseException as error:
        missing = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE and not country
        hint = " without a country code; say which country it is of" if missing else " that can be read"
        raise RecordRejected(f"{shown} is no phone number{hint}.", code=NOT_A_PHONE) from error
    if not phonenumbers.is_possible_number(number):
        raise RecordRejected(f"{shown} has too few or too many digits for a phone number.", code=NOT_A_PHONE)
    return number


def _without_extension(number: phonenumbers.PhoneNumber) -> phonenumbers.PhoneNumber:
    return phonenumbers.PhoneNumber(
        country_code=number.country_code,
        national_number=number.national_number,
        italian_leading_zero=number.italian_leading_zero,
        number_of_leading_zeros=number.number_of_leading_zeros,
    )
