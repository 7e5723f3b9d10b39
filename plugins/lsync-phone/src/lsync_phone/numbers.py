"""Reading phone numbers by the rules of all countries, Google's libphonenumber."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import timezone

from lsync_flask.plugin_api import RecordRejected

LONGEST = 100
NOT_A_PHONE = "NOT_A_PHONE_NUMBER"
UNKNOWN_ZONE = "Etc/Unknown"

# "+44 (0)20 …" is how many people write a number that is dialled differently at home and from abroad.
_ZERO_AT_HOME = re.compile(r"^(\s*(?:\+|00)[\d\s]{1,5})\(0\)")


def check_country(country: str) -> str:
    """The two-letter code of a country, in capitals; "" stays.

    Raises:
        ValueError: there is no such country; the text is a sentence.
    """
    code = country.strip().upper()
    if code and code not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"“{country}” is not the two-letter code of a country, such as GB.")
    return code


@lru_cache(maxsize=4096)
def parse(text: str, country: str) -> phonenumbers.PhoneNumber:
    """The number; one without a country code is of the country.

    Raises:
        RecordRejected: it cannot be a phone number, or its country is not known.
    """
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


def find_region(number: phonenumbers.PhoneNumber) -> str:
    """The two-letter code of the country or territory that the number is of; "" where it is of none, or not in use."""
    region = phonenumbers.region_code_for_number(number)
    return region if region in phonenumbers.SUPPORTED_REGIONS else ""


def find_zones(number: phonenumbers.PhoneNumber) -> tuple[str, ...]:
    """The time zones where the number may ring, such as Europe/London."""
    return tuple(zone for zone in timezone.time_zones_for_number(number) if zone != UNKNOWN_ZONE)


def is_valid(text: str, country: str) -> bool:
    """Is it a number that is in use, of the country when it has no country code?"""
    try:
        return bool(phonenumbers.is_valid_number(parse(text, country)))
    except RecordRejected:
        return False
