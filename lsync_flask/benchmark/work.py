"""The work that every arm does: 20 fields of each lead in, 16 fields out, 4 of them through a transform.

What a record gets depends on its id and on the round alone, so that each arm changes every record once more and
anybody can say what must be in the org afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from zlib import crc32

OBJECT = "Lead"
SOURCES = (
    *("FirstName", "LastName", "Company", "Title", "Email", "Phone", "MobilePhone", "Website", "Street", "City"),
    *("State", "PostalCode", "Country", "Industry", "NumberOfEmployees", "AnnualRevenue", "LeadSource", "Rating"),
    *("Status", "Fax"),
)
"""The fields that are read and sent to the provider."""

WHERE = "IsConverted = false"
VARIANTS = 1_000
TEXTS = 12
NUMBERS = 4


@dataclass(frozen=True, slots=True)
class Target:
    """One provider output and the custom field that it is written to. `transform` is the plugin on the way, if any."""

    output: str
    field: str
    is_number: bool
    transform: str | None


def _targets() -> tuple[Target, ...]:
    transforms = {"text01": "trim", "text02": "upper", "text03": "collapse-spaces", "number01": "number-from-text"}
    texts = [(f"text{n:02}", f"Bench_Text{n:02}__c", False) for n in range(1, TEXTS + 1)]
    numbers = [(f"number{n:02}", f"Bench_Number{n:02}__c", True) for n in range(1, NUMBERS + 1)]
    return tuple(Target(*one, transforms.get(one[0])) for one in (*texts, *numbers))


TARGETS = _targets()


def answer(key: str, round_number: int) -> Mapping[str, str]:
    """What the provider says of a record in this round, by output: texts, as most providers send numbers too."""
    return {**_common(crc32(key.encode()) % VARIANTS, round_number), "text01": f"  {key} {round_number} "}


@cache
def _common(variant: int, round_number: int) -> Mapping[str, str]:
    """What many records are told alike, made once, so that asking the provider costs next to nothing."""
    made = {one.output: _plain(one, variant, round_number) for one in TARGETS}
    made["text03"] = f"{made['text03']}  and   more"
    made["number01"] = f"{variant + round_number:,} (average, 2021)"
    return made


def wanted(key: str, round_number: int) -> Mapping[str, str]:
    """What must be in the record afterwards, by field, numbers without their fraction."""
    variant = crc32(key.encode()) % VARIANTS
    made = {one.field: _plain(one, variant, round_number) for one in TARGETS}
    made["Bench_Text01__c"] = f"{key} {round_number}"
    made["Bench_Text02__c"] = made["Bench_Text02__c"].upper()
    made["Bench_Text03__c"] = f"{made['Bench_Text03__c']} and more"
    made["Bench_Number01__c"] = str(variant + round_number)
    return made


def _plain(target: Target, variant: int, round_number: int) -> str:
    if target.is_number:
        return str(variant * 7 + round_number)
    return f"Value {variant} of {target.output[-2:]}, {round_number}"
