"""Company names as they are compared: without legal form, case, accents, punctuation, `The` and `and`."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

CACHED = 1 << 16
_SHORTEST_MISSPELT = 4

_GERMAN = frozenset({"DE", "AT", "CH", "LI", "LU"})
_FRENCH = frozenset({"FR", "BE", "LU", "CH"})
_NORDIC = frozenset({"SE", "FI"})

# Words that end a name, and the countries whose law knows the form; an empty set: many do.
_FORMS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("gmbh", "aktiengesellschaft", "kgaa", "kg", "ohg", "ug"), _GERMAN),
    "ag": _GERMAN,
    **dict.fromkeys(("sas", "sarl", "sca", "sasu"), _FRENCH),
    **dict.fromkeys(("spa", "srl", "sapa"), frozenset({"IT"})),
    **dict.fromkeys(("sl", "slu", "sociedad"), frozenset({"ES"})),
    **dict.fromkeys(("nv", "bv"), frozenset({"NL", "BE"})),
    **dict.fromkeys(("ab", "publ", "aktiebolag"), _NORDIC),
    **dict.fromkeys(("oyj", "oy", "abp", "osakeyhtio"), frozenset({"FI"})),
    **dict.fromkeys(("asa",), frozenset({"NO"})),
    **dict.fromkeys(("aps",), frozenset({"DK"})),
    **dict.fromkeys(("as",), frozenset({"DK", "NO", "CZ", "TR", "EE", "SK"})),
    **dict.fromkeys(("kk", "kabushiki", "kaisha", "gaisha"), frozenset({"JP"})),
    **dict.fromkeys(("plc", "llp"), frozenset({"GB", "IE", "JE", "GG", "IM", "BM"})),
    **dict.fromkeys(("llc", "lp", "na"), frozenset({"US"})),
    **dict.fromkeys(("pty",), frozenset({"AU", "ZA"})),
    **dict.fromkeys(("sdn", "bhd"), frozenset({"MY"})),
    **dict.fromkeys(("pte",), frozenset({"SG"})),
    **dict.fromkeys(("doo", "dd"), frozenset({"SI", "HR", "RS", "BA"})),
    **dict.fromkeys(("sro",), frozenset({"CZ", "SK"})),
    **dict.fromkeys(("kft", "zrt", "nyrt"), frozenset({"HU"})),
    **dict.fromkeys(("ltda", "eireli"), frozenset({"BR", "PT"})),
    **dict.fromkeys(("sab", "cv"), frozenset({"MX"})),
    **dict.fromkeys(
        ("inc", "incorporated", "corp", "corporation", "co", "company", "cos", "companies", "limited", "ltd"),
        frozenset[str](),
    ),
    **dict.fromkeys(("sa", "se", "ae", "societas", "europaea", "societe", "anonyme", "anonima"), frozenset[str]()),
}
_FORMS_OF_MANY_WORDS = re.compile(r" (?:sp z o ?o|s a de c v|s de rl de cv|sa de cv)$")
_FORMS_IN_FRONT = frozenset({"ab", "pt", "ooo", "oao", "pao", "kabushiki", "kaisha"})
_LOOSE = frozenset(
    {"group", "groupe", "gruppe", "grupo", "gruppo", "holding", "holdings", "international", "worldwide", "global"}
)
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_NOTES = re.compile(r"\([^)]*\)?")
_JOINED = re.compile(r"(?<=\w)[.'\u2019`/]+(?=\w)|[.'\u2019`]")
_APART = re.compile(r"[\W_]+")
_JAPANESE_FORM = re.compile("株式会社|有限会社")
_DOMAIN_END = re.compile(r"\.(?:com|net|io|org|ai)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NameKey:
    """What is left of a name to compare. `loose` also lacks words such as Group; `form_countries` are those whose law
    knows the legal form that stood behind the name, an empty set if any may.
    """

    strict: str
    loose: str
    form_countries: frozenset[str] = frozenset()


@lru_cache(maxsize=CACHED)
def name_key(name: str) -> NameKey:
    """How this name is compared; both keys are empty when there is nothing to compare."""
    words = _words(_NOTES.sub(" ", name)) or _words(name)
    words = words[1:] if words[1:] and words[0] == "the" else words
    core, countries = _strip_forms(words)
    strict = "".join(core)
    loose = [word for word in core if word not in _LOOSE] or core
    return NameKey(strict, _without_domain_end("".join(loose), name), countries)


def name_keys_of(name: str) -> frozenset[str]:
    """The keys under which a company of the directory is found: `ü` may be written `u` or `ue`."""
    spelled = (name, name.lower().translate(_UMLAUTS))
    return frozenset(key for key in (name_key(text).strict for text in spelled) if key)


def _words(name: str) -> list[str]:
    bare = unicodedata.normalize("NFKD", _JAPANESE_FORM.sub(" ", name).casefold())
    letters = "".join(letter for letter in bare if not unicodedata.combining(letter)).translate(_LETTERS)
    spaced = _FORMS_OF_MANY_WORDS.sub("", _APART.sub(" ", _JOINED.sub("", letters)).strip())
    return [word for word in spaced.split() if word != "and"]


def _strip_forms(words: list[str]) -> tuple[list[str], frozenset[str]]:
    core = list(words)
    countries: frozenset[str] = frozenset()
    while core[1:] and (form := _form_of(core[-1])):
        countries = countries or _FORMS[form]
        core.pop()
    while core[1:] and core[0] in _FORMS_IN_FRONT:
        core.pop(0)
    return core, countries


def _form_of(word: str) -> str | None:
    """The legal form that this word is, perhaps with one slip such as `gmhb` or `limted`."""
    if word in _FORMS:
        return word
    return _MISSPELT.get(word)


def _without_domain_end(key: str, name: str) -> str:
    found = _DOMAIN_END.search(name)
    end = found[0][1:].lower() if found else ""
    return key.removesuffix(end) if end and key != end else key


def _slips(word: str) -> set[str]:
    """The word with one letter missing, doubled or exchanged with its neighbour."""
    places = range(len(word))
    missing = {word[:i] + word[i + 1 :] for i in places if i}
    doubled = {word[: i + 1] + word[i:] for i in places}
    swapped = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in places[1:-1]}
    return (missing | doubled | swapped) - {word}


_MISSPELT = {
    slip: form
    for form in _FORMS
    if len(form) >= _SHORTEST_MISSPELT
    for slip in _slips(form)
    if len(slip) >= _SHORTEST_MISSPELT and slip not in _FORMS and slip != "crop"
}
