"""Names of companies without their legal form, by the package `cleanco`."""

from collections.abc import Mapping
from functools import lru_cache

from cleanco.clean import custom_basename, prepare_default_terms

from lsync_flask.plugin_api import Field, Transform, Value
from lsync_text.texts import map_texts

LONGEST_NAME = 255
MOST_FORMS = 3
"""Names end in two forms at times, such as “Co., Ltd.”."""


class CompanyWithoutForm(Transform):
    """Strip the legal form from the end of a company's name: Acme GmbH & Co. KG becomes Acme.

    The forms of some 80 countries are known. A name that is nothing but a form stays as it is.
    """

    name = "company-without-form"
    label = "Company without legal form"
    api = 1
    examples = (
        ({}, "Acme GmbH & Co. KG", "Acme"),
        ({}, "Acme Bolts, Inc.", "Acme Bolts"),
        ({}, "Toyota Motor Co., Ltd.", "Toyota Motor"),
        ({}, "The Acme Company", "The Acme"),
        ({}, "Société Générale S.A.", "Société Générale"),
        ({}, "PT Acme Tbk", "PT Acme Tbk"),
        ({"beginning": True, "also": "Tbk"}, "PT Acme Tbk", "Acme"),
        ({}, "Acme", "Acme"),
        ({}, "LLC", "LLC"),
        ({}, None, None),
    )

    beginning: bool = Field(False, title="Also at the beginning", description="PT Acme becomes Acme.")
    also: str = Field("", title="Also strip", description="More forms, with commas between them.", max_length=1_000)

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_texts(value, self._strip)

    def _strip(self, text: str) -> str:
        return strip_form(text.strip(), self.beginning, self.also) if len(text) <= LONGEST_NAME else text


@lru_cache(maxsize=4096)
def strip_form(name: str, beginning: bool, also: str) -> str:
    """The name without its form; the name itself if nothing would be left."""
    for _ in range(MOST_FORMS):
        shorter = custom_basename(name, _terms(also), suffix=True, prefix=beginning)
        if not shorter or shorter == name:
            break
        name = shorter
    return name


@lru_cache(maxsize=64)
def _terms(also: str) -> list[tuple[int, list[str]]]:
    more = [part.casefold().replace(".", "").split() for part in also.split(",") if part.strip()]
    return [*((len(words), words) for words in more), *prepare_default_terms()]
