"""The transforms that choose: true or false, one value for another, the domain of an address."""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from lsync_flask.builtins.values import is_nothing, map_text, one, shown, spell
from lsync_flask.plugin_api import Field, RecordRejected, Transform, Value, field_validator

__all__ = ["Boolean", "DomainOfUrl", "ValueMap"]

MOST_PAIRS = 1_000
LONGEST_URL = 2_048

_TRUE = frozenset({"true", "yes", "y", "1", "on", "t", "checked", "x", "ja", "oui", "si", "sí", "✓"})
_FALSE = frozenset({"false", "no", "n", "0", "off", "f", "unchecked", "nein", "non"})
_SPLIT = re.compile(r"\s*(?:=>|=)\s*")

_HOST = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:)?(?://)?(?:[^\s/@?#]*@)?(?P<host>[^\s/:?#@\[\]]+)(?::[0-9]{1,5})?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


class Boolean(Transform):
    """Make true or false of yes, no, on, off, 1, 0 and the like, for a checkbox.

    More words can be given for each. A number is true unless it is 0. Other texts reject the record.
    """

    name = "boolean"
    label = "True or false"
    api = 1
    examples = (
        ({}, "Yes", True),
        ({}, "off", False),
        ({}, 1, True),
        ({}, 0, False),
        ({"true_words": "active, live"}, "Live", True),
        ({"false_words": "dormant"}, "dormant", False),
        ({}, "perhaps", RecordRejected),
        ({}, True, True),
        ({}, None, None),
    )

    true_words: str = Field("", title="Also true", description="Words with commas between them.", max_length=1000)
    false_words: str = Field("", title="Also false", description="Words with commas between them.", max_length=1000)

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        single = one(value)
        if is_nothing(single) or isinstance(single, bool):
            return None if is_nothing(single) else single
        if isinstance(single, int | Decimal):
            return single != 0
        return self._read(spell(single))

    def _read(self, text: str) -> bool:
        word = text.strip().casefold()
        if word in _words(self.true_words):
            return True
        if word in _words(self.false_words):
            return False
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        raise RecordRejected(f"{shown(text)} is neither true nor false.", code="NOT_TRUE_OR_FALSE")


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in text.split(",") if word.strip())


class ValueMap(Transform):
    """Put one value for another by a list: each line says “this = that”; nothing behind = makes it blank.

    Upper and lower case are the same. What is not in the list stays as it is, or as “Otherwise” says.
    """

    name = "value-map"
    label = "Value map"
    api = 1
    examples = (
        ({"pairs": {"DE": "Germany", "UK": "United Kingdom"}}, "uk", "United Kingdom"),
        ({"pairs": "DE = Germany\nFR = France"}, "FR", "France"),
        ({"pairs": {"unknown": ""}}, "Unknown", None),
        ({"pairs": {"1": "Small", "2": "Large"}}, 2, "Large"),
        ({"pairs": {"a": "b"}}, "c", "c"),
        ({"pairs": {"a": "b"}, "otherwise": "default", "default": "Other"}, "c", "Other"),
        ({"pairs": {"a": "b"}, "otherwise": "blank"}, "c", None),
        ({"pairs": {"a": "b"}, "otherwise": "reject"}, "c", RecordRejected),
        ({"pairs": {"a": "b"}}, ("a", "c"), ("b", "c")),
        ({"pairs": {"a": "b"}}, None, None),
    )

    pairs: dict[str, str] = Field(
        title="Values",
        description="One line each: this = that. A text with an equals sign in it cannot be used here.",
        min_length=1,
        max_length=MOST_PAIRS,
    )
    otherwise: Literal["keep", "blank", "default", "reject"] = Field(
        "keep",
        title="Otherwise",
        description="For what is not in the list: keep it, leave blank, take the default, or reject the record.",
    )
    default: str = Field("", title="Default", description="Used when “Otherwise” says so.", max_length=255)

    @field_validator("pairs", mode="before")
    @classmethod
    def _read_lines(cls, raw: Any) -> Any:
        if not isinstance(raw, str):
            return raw
        lines = [line for line in raw.splitlines() if line.strip()]
        split = [_SPLIT.split(line.strip(), maxsplit=1) for line in lines]
        wrong = next((line for line, parts in zip(lines, split, strict=True) if len(parts) == 1), None)
        if wrong is not None:
            raise ValueError(f"The line {shown(wrong.strip())} has no = in it: write this = that.")
        return {parts[0]: parts[1] for parts in split}

    @cached_property
    def _found(self) -> Mapping[str, str]:
        return {this.strip().casefold(): that for this, that in self.pairs.items()}

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        if is_nothing(value):
            return None
        single = value if isinstance(value, tuple) else spell(value)
        mapped = map_text(single, self._map)
        return value if mapped == single else mapped

    def _map(self, text: str) -> str:
        found = self._found.get(text.strip().casefold())
        if found is not None:
            return found
        if self.otherwise == "reject":
            raise RecordRejected(f"{shown(text)} is not in the list of values.", code="NOT_IN_LIST")
        return {"keep": text, "default": self.default}.get(self.otherwise, "")


class DomainOfUrl(Transform):
    """Take the domain out of a web or e-mail address, without www.

    A text that is no address rejects the record.
    """

    name = "domain-of-url"
    label = "Domain of a URL"
    api = 1
    examples = (
        ({}, "https://www.example.com/en?x=1", "example.com"),
        ({}, "WWW.Example.co.uk", "example.co.uk"),
        ({}, "ada@mail.example.com", "mail.example.com"),
        ({"registered": True}, "https://shop.example.co.uk", "example.co.uk"),
        ({}, "http://example.com:8080/", "example.com"),
        ({}, "https://münchen.example", "münchen.example"),
        ({}, "not an address", RecordRejected),
        ({}, " ", None),
        ({}, None, None),
    )

    registered: bool = Field(
        False, title="Only the registered domain", description="shop.example.co.uk becomes example.co.uk."
    )

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        single = one(value)
        if is_nothing(single):
            return None
        host = _read_host(spell(single).strip())
        if host is None:
            raise RecordRejected(f"{shown(single)} is no web or e-mail address.", code="NOT_AN_ADDRESS")
        return _registered(host) if self.registered else host


# Under these, everybody may register the next label.
_SECOND_LEVEL = frozenset({"co", "com", "net", "org", "ac", "gov", "edu", "ne", "or", "go", "ltd", "plc", "me", "nom"})
_COUNTRY_CODE_LENGTH = 2
_LEAST_LABELS = 2


def _read_host(text: str) -> str | None:
    found = _HOST.fullmatch(text) if len(text) <= LONGEST_URL else None
    host = found["host"].rstrip(".").lower().removeprefix("www.") if found else ""
    labels = host.split(".")
    is_host = len(labels) >= _LEAST_LABELS and not labels[-1].isdigit() and all(map(_is_label, labels))
    return host if is_host else None


def _is_label(label: str) -> bool:
    bare = "".join("a" if letter.isalpha() else letter for letter in label)
    return bool(_LABEL.fullmatch(bare))


def _registered(host: str) -> str:
    labels = host.split(".")
    is_shared = len(labels[-1]) == _COUNTRY_CODE_LENGTH and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if is_shared else -2 :])
