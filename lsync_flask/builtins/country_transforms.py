"""The transforms between a country's name and its ISO code."""

from collections.abc import Mapping
from typing import Literal

from lsync_flask.builtins.countries import NAMES, THREE, find_country
from lsync_flask.builtins.values import is_nothing, one, shown, spell
from lsync_flask.plugin_api import Field, RecordRejected, Transform, Value

__all__ = ["CodeToCountry", "CountryToCode"]

Unknown = Literal["reject", "blank", "keep"]


class CountryToCode(Transform):
    """Make the ISO code of a country's name: Germany becomes DE.

    Other usual names are understood (Deutschland, UK, U.S.A.), and so are codes. What is no country rejects the record
    unless said otherwise.
    """

    name = "country-to-code"
    label = "Country to code"
    api = 1
    examples = (
        ({}, "Germany", "DE"),
        ({}, "deutschland", "DE"),
        ({}, "U.S.A.", "US"),
        ({}, "The Netherlands", "NL"),
        ({}, "Côte d'Ivoire", "CI"),
        ({}, "uk", "GB"),
        ({"letters": "three"}, "Japan", "JPN"),
        ({}, "Atlantis", RecordRejected),
        ({"unknown": "blank"}, "Atlantis", None),
        ({"unknown": "keep"}, "Atlantis", "Atlantis"),
        ({}, " ", None),
        ({}, None, None),
    )

    letters: Literal["two", "three"] = Field("two", title="Letters", description="DE or DEU.")
    unknown: Unknown = Field("reject", title="If unknown", description="Reject the record, leave blank or keep it.")

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return _translate(value, THREE if self.letters == "three" else None, self.unknown)


class CodeToCountry(Transform):
    """Make the English name of a country's ISO code: DE or DEU becomes Germany.

    Other names of the country become the same name. What is no country rejects the record unless said otherwise.
    """

    name = "code-to-country"
    label = "Code to country"
    api = 1
    examples = (
        ({}, "DE", "Germany"),
        ({}, "gbr", "United Kingdom"),
        ({}, "USA", "United States"),
        ({}, "Schweiz", "Switzerland"),
        ({}, "XX", RecordRejected),
        ({"unknown": "keep"}, "XX", "XX"),
        ({}, None, None),
    )

    unknown: Unknown = Field("reject", title="If unknown", description="Reject the record, leave blank or keep it.")

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return _translate(value, NAMES, self.unknown)


def _translate(value: Value, names: Mapping[str, str] | None, unknown: Unknown) -> Value:
    """By these names of codes; None: the code itself."""
    single = one(value)
    if is_nothing(single):
        return None
    code = find_country(spell(single))
    if code is not None:
        return names[code] if names else code
    if unknown == "reject":
        raise RecordRejected(f"{shown(single)} is no country.", code="NOT_A_COUNTRY")
    return None if unknown == "blank" else value
