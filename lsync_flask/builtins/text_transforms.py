"""The transforms that change text. On a list of texts they change each of them; a number or date stays what it is."""

import re
from collections.abc import Mapping

from lsync_flask.builtins.title_case import title_case
from lsync_flask.builtins.values import is_nothing, map_text, spell
from lsync_flask.plugin_api import Field, Transform, Value

__all__ = [
    "CollapseSpaces",
    "DefaultIfBlank",
    "FirstOfList",
    "Join",
    "Lower",
    "Replace",
    "Substring",
    "TitleCase",
    "Trim",
    "Upper",
]

LONGEST = 131_072
"""The longest text that a Salesforce field holds."""


class Trim(Transform):
    """Take spaces and line breaks away from the beginning and the end."""

    name = "trim"
    label = "Trim"
    api = 1
    examples = (
        ({}, "  Acme GmbH \n", "Acme GmbH"),
        ({}, "   ", None),
        ({}, None, None),
        ({}, (" a ", "b", " "), ("a", "b")),
    )

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_text(value, str.strip)


class CollapseSpaces(Transform):
    """Make one space of several, of tabs and of line breaks, and trim both ends."""

    name = "collapse-spaces"
    label = "Collapse spaces"
    api = 1
    examples = (
        ({}, "Acme   Bolts\tand\nNuts ", "Acme Bolts and Nuts"),
        ({}, "Montabaur\u00a0\u00a0, Germany", "Montabaur , Germany"),
        ({}, " ", None),
        ({}, None, None),
    )

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_text(value, lambda text: " ".join(text.split()))


class Upper(Transform):
    """Write all letters as capitals."""

    name = "upper"
    label = "Upper case"
    api = 1
    examples = (({}, "Acme", "ACME"), ({}, "straße", "STRASSE"), ({}, None, None), ({}, 417, 417))

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_text(value, str.upper)


class Lower(Transform):
    """Write all letters small."""

    name = "lower"
    label = "Lower case"
    api = 1
    examples = (({}, "ADA@Example.COM", "ada@example.com"), ({}, None, None))

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_text(value, str.lower)


class TitleCase(Transform):
    """Begin each word with a capital, as in names.

    Names keep their own ways: McDonald, O'Brien, van der Berg, Jean-Luc, IBM, eBay, GmbH. A word that has small and
    capital letters mixed already stays as it is.
    """

    name = "title-case"
    label = "Title case"
    api = 1
    examples = (
        ({}, "ada LOVELACE", "Ada Lovelace"),
        ({}, "RONALD MCDONALD", "Ronald McDonald"),
        ({}, "conan o'brien", "Conan O'Brien"),
        ({}, "JEAN-LUC PICARD", "Jean-Luc Picard"),
        ({}, "LUDWIG VAN BEETHOVEN", "Ludwig van Beethoven"),
        ({}, "van der berg", "Van der Berg"),
        ({}, "müller gmbh & co. kg", "Müller GmbH & Co. KG"),
        ({}, "bank of the west", "Bank of the West"),
        ({}, "eBay inc.", "eBay Inc."),
        ({}, "HENRY VIII", "Henry VIII"),
        ({}, None, None),
    )

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_text(value, title_case)


class Replace(Transform):
    """Put another text wherever this one stands. Nothing in “Replace with” takes it away."""

    name = "replace"
    label = "Replace"
    api = 1
    examples = (
        ({"find": "Ltd.", "replacement": "Limited"}, "Acme Ltd.", "Acme Limited"),
        ({"find": " "}, "020 7946 0000", "02079460000"),
        ({"find": "acme", "replacement": "Globex", "ignore_case": True}, "ACME acme", "Globex Globex"),
        ({"find": "ACME", "replacement": r"\1"}, "ACME", r"\1"),
        ({"find": "Acme"}, "Acme", None),
        ({"find": "x"}, None, None),
    )

    find: str = Field(title="Find", description="The text that is replaced, exactly as it stands.", min_length=1)
    replacement: str = Field("", title="Replace with", description="What is put there; may be nothing.", max_length=255)
    ignore_case: bool = Field(False, title="Upper and lower case are the same", description="acme finds ACME too.")

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_text(value, self._replace)

    def _replace(self, text: str) -> str:
        if self.ignore_case:
            return re.sub(re.escape(self.find), lambda _found: self.replacement, text, flags=re.IGNORECASE)
        return text.replace(self.find, self.replacement)


class Substring(Transform):
    """Keep a part of the text: from one position on, so many characters.

    Use it to make a text fit a field: start at 1 and give the field's length.
    """

    name = "substring"
    label = "Substring"
    api = 1
    examples = (
        ({"length": 4}, "Acme GmbH", "Acme"),
        ({"start": 6}, "Acme GmbH", "GmbH"),
        ({"start": 2, "length": 3}, "Acme GmbH", "cme"),
        ({"start": 99}, "Acme", None),
        ({"length": 2}, 417, "41"),
        ({"length": 4}, None, None),
    )

    start: int = Field(1, title="Start at", description="The first character is 1.", ge=1, le=LONGEST)
    length: int | None = Field(
        None, title="Length", description="How many characters are kept; empty: all from there on.", ge=1, le=LONGEST
    )

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        text = value if value is None or isinstance(value, tuple) else spell(value)
        return map_text(text, self._cut)

    def _cut(self, text: str) -> str:
        first = self.start - 1
        return text[first:] if self.length is None else text[first : first + self.length]


class DefaultIfBlank(Transform):
    """Put this value where there is none."""

    name = "default-if-blank"
    label = "Default if blank"
    api = 1
    examples = (
        ({"value": "Other"}, None, "Other"),
        ({"value": "Other"}, "  ", "Other"),
        ({"value": "Other"}, "Banking", "Banking"),
        ({"value": "1"}, 0, 0),
    )

    value: str = Field(
        title="Value", description="Used where the field has no value.", min_length=1, max_length=LONGEST
    )

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return self.value if is_nothing(value) else value


class Join(Transform):
    """Make one text of a list, with a separator between its parts; each part is taken once. A text stays as it is."""

    name = "join"
    label = "Join a list"
    api = 1
    examples = (
        ({}, ("Software", "Cloud"), "Software; Cloud"),
        ({"separator": ", ", "most": 2}, ("a", "b", "c"), "a, b"),
        ({}, ("a", " ", "a"), "a"),
        ({}, "Software", "Software"),
        ({}, (), None),
        ({}, None, None),
    )

    separator: str = Field("; ", title="Separator", description="Stands between the parts.", max_length=20)
    most: int | None = Field(None, title="At most", description="How many parts are kept; empty: all.", ge=1, le=1000)

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        if not isinstance(value, tuple):
            return value
        parts = dict.fromkeys(part.strip() for part in value if part.strip())
        return self.separator.join(list(parts)[: self.most]) or None


class FirstOfList(Transform):
    """Keep the first part of a list that is not empty. A text is one part unless a separator is given."""

    name = "first-of-list"
    label = "First of a list"
    api = 1
    examples = (
        ({}, ("", "Software", "Cloud"), "Software"),
        ({"separator": ";"}, "Software; Cloud", "Software"),
        ({"separator": ";"}, " ; ", None),
        ({}, "Software; Cloud", "Software; Cloud"),
        ({}, 5, 5),
        ({}, (), None),
        ({}, None, None),
    )

    separator: str = Field("", title="Separator", description="Splits a text, such as ; or a comma.", max_length=20)

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        if isinstance(value, str) and self.separator:
            value = tuple(value.split(self.separator))
        if not isinstance(value, tuple):
            return value
        return next((part.strip() for part in value if part.strip()), None)
