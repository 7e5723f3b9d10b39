"""LSync transforms and operators for phone numbers: international form, country, time zone, validity."""

from lsync_phone.operators import IsValidPhone, ValidPhoneOf
from lsync_phone.transforms import PhoneToE164, PhoneToRegion, PhoneToTimeZone

__all__ = ["IsValidPhone", "PhoneToE164", "PhoneToRegion", "PhoneToTimeZone", "ValidPhoneOf"]
