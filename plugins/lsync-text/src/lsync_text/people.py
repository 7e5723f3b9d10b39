"""The parts of a person's name, by the package `nameparser`."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import nameparser

from lsync_flask.plugin_api import Field, RecordRejected, Transform, Value
from lsync_text.texts import Unknown, map_texts, otherwise, shown

LONGEST_NAME = 200

Part = Literal["title", "given", "middle", "family", "suffix", "nickname"]


class NamePart(Transform):
    """Take one part of a person's full name: the given name, the family name, the title.

    “Dr. Lovelace, Ada” and “Dr. Ada Lovelace” are understood alike; “de la Vega” stays whole. What the parts of a name
    are is a guess where the name does not show it.
    """

    name = "name-part"
    label = "Part of a person's name"
    api = 1
    examples = (
        ({"part": "given"}, "Dr. Ada Lovelace", "Ada"),
        ({"part": "family"}, "Lovelace, Ada", "Lovelace"),
        ({"part": "family"}, "Juan Q. de la Vega III", "de la Vega"),
        ({"part": "suffix"}, "Juan Q. de la Vega III", "III"),
        ({"part": "title"}, "Dr. Ada Lovelace", "Dr."),
        ({"part": "middle"}, "Ada Lovelace", None),
        ({"part": "title", "unknown": "reject"}, "Ada Lovelace", RecordRejected),
        ({"part": "given"}, None, None),
    )

    part: Part = Field(title="Part", description="Which part of the name is taken.")
    unknown: Unknown = Field("blank", title="If it has none", description="Leave blank, keep the name or reject.")

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_texts(value, self._take)

    def _take(self, text: str) -> str:
        found = _parts(text).get(self.part, "") if len(text) <= LONGEST_NAME else ""
        return found or otherwise(text, self.unknown, f"{shown(text)} has no {self.part} part.", "NO_NAME_PART")


@lru_cache(maxsize=4096)
def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = nameparser.parse(text).as_dict()
    return parts
