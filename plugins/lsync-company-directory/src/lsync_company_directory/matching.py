"""Which company is meant by a name, a website and an e-mail address, and how sure that is.

Each of the three points to companies or to none. Two that point to the same one make it surer; two that point to
different ones mean that we do not know. What points to several companies is settled by another clue or not at all.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from lsync_company_directory.companies import Company, same_country
from lsync_company_directory.names import name_key, name_keys_of
from lsync_company_directory.sites import domain_of_email, domain_of_website

KEPT = 65_536
LONGEST = 255

BOTH = 100
MAIL_AND_NAME = 97
SITE = 92
MAIL = 88
NAME = 90
LOOSE_NAME = 72
"""For a name that is the same but for its legal form; also but for `Group` and the like."""

OTHER_NAME = 12
"""So much less when the name beside a website or address is unlike the company's."""

FOREIGN_FORM = 10
"""So much less for a legal form that no country of the company knows: it may be a subsidiary, or a namesake."""

ABROAD = 20
HOME = 3
SHARED = 10
LEAST = 60
"""Less than that is a guess, and a guess is no match."""

ALIKE = 0.7


@dataclass(frozen=True, slots=True)
class Match:
    """The place of the company in the list, and how sure it is, from 0 to 100."""

    number: int
    confidence: int


@dataclass(frozen=True, slots=True)
class _Clue:
    """The companies that one input points to, and how sure that alone would be."""

    numbers: frozenset[int]
    confidence: int


_NO_CLUE = _Clue(frozenset(), 0)


class Matcher:
    """An index of companies. Looking up has no side effects but a cache, so threads may share it."""

    def __init__(self, companies: Sequence[Company]) -> None:
        self._companies = companies
        self._strict = _index((key, n) for n, company in enumerate(companies) for key in name_keys_of(company.name))
        self._loose = _index((name_key(company.name).loose, n) for n, company in enumerate(companies))
        self._domains = _index((domain, n) for n, company in enumerate(companies) for domain in company.domains)
        self._find = lru_cache(maxsize=KEPT)(self._look_up)

    def find(self, *, name: str = "", website: str = "", email: str = "", country: str = "") -> Match | None:
        """The company that is meant; None when none is known or it could be several."""
        return self._find(name, website, domain_of_email(email[-LONGEST:]) if email else None, country)

    def _look_up(self, name: str, website: str, mail_domain: str | None, country: str) -> Match | None:
        site = self._by_domain(domain_of_website(website[:LONGEST]) if website else None, SITE)
        mail = self._by_domain(mail_domain, MAIL)
        named = self._by_name(name[:LONGEST], country) if name else _NO_CLUE
        clue = _agree(site, mail)
        if clue is None:
            return None
        found = self._settle(clue, named, name[:LONGEST]) if clue.numbers else self._by_name_alone(named, country)
        return found if found and found.confidence >= LEAST else None

    def _by_domain(self, domain: str | None, confidence: int) -> _Clue:
        numbers = self._domains.get(domain) if domain else None
        return _Clue(numbers, confidence) if numbers else _NO_CLUE

    def _by_name(self, name: str, country: str) -> _Clue:
        """The companies of this name, or of a name like it; the country picks among several."""
        key = name_key(name)
        numbers, confidence = self._strict.get(key.strict, frozenset()), NAME
        if not numbers:
            numbers, confidence = self._loose.get(key.loose, frozenset()), LOOSE_NAME
        if len(numbers) > 1:
            numbers, confidence = self._pick(numbers, name, country), confidence - SHARED
        if len(numbers) == 1 and key.form_countries and not self._is_at_home_in(key.form_countries, *numbers):
            confidence -= FOREIGN_FORM
        return _Clue(numbers, confidence) if numbers else _NO_CLUE

    def _is_at_home_in(self, countries: frozenset[str], number: int) -> bool:
        known = self._companies[number].countries
        return not known or bool(known & countries)

    def _pick(self, numbers: frozenset[int], name: str, country: str) -> frozenset[int]:
        """Of several, those in the country, else those with exactly this name; else all of them."""
        at_home = frozenset(number for number in numbers if same_country(self._companies[number], country))
        same = name.casefold().strip()
        exact = frozenset(number for number in numbers if self._companies[number].name.casefold() == same)
        return at_home or exact or numbers

    def _by_name_alone(self, named: _Clue, country: str) -> Match | None:
        if len(named.numbers) != 1:
            return None
        (number,) = named.numbers
        at_home = same_country(self._companies[number], country)
        change = 0 if at_home is None else (HOME if at_home else -ABROAD)
        return Match(number, named.confidence + change)

    def _settle(self, clue: _Clue, named: _Clue, name: str) -> Match | None:
        """A website or address, with the name beside it."""
        both = clue.numbers & named.numbers
        if len(both) == 1:
            return Match(next(iter(both)), BOTH if clue.confidence == SITE else MAIL_AND_NAME)
        # The name of another company contradicts; two companies at one address cannot be told apart.
        if named.numbers or len(clue.numbers) != 1:
            return None
        (number,) = clue.numbers
        return Match(number, clue.confidence - (0 if not name or self._is_like(number, name) else OTHER_NAME))

    def _is_like(self, number: int, name: str) -> bool:
        """Could it be a slip of the pen or a shorter form of the company's name?"""
        known, given = name_key(self._companies[number].name).strict, name_key(name).strict
        is_part = min(len(known), len(given)) > len("abc") and (known in given or given in known)
        return is_part or SequenceMatcher(None, known, given).ratio() >= ALIKE


def _agree(site: _Clue, mail: _Clue) -> _Clue | None:
    """What website and address say together; None when they name different companies."""
    if not site.numbers or not mail.numbers:
        return site if site.numbers else mail
    both = site.numbers & mail.numbers
    return _Clue(both, site.confidence) if both else None


def _index(pairs: Iterable[tuple[str, int]]) -> Mapping[str, frozenset[int]]:
    index: defaultdict[str, set[int]] = defaultdict(set)
    for key, number in pairs:
        if key:
            index[key].add(number)
    return {key: frozenset(numbers) for key, numbers in index.items()}
