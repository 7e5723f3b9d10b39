"""Finding a company by website, e-mail or name, as an enrichment service does."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lsync_flask.simulator.companies import Company
from lsync_flask.simulator.facts import domain_of, read_host

_LEGAL = re.compile(
    r"\b(?:incorporated|inc|corporation|corp|company|co|limited|ltd|llc|plc|ag|se|sa|nv|bv|ab|oyj|oy|spa|kk|gmbh|kgaa"
    r"|sarl|sas|publ|aktiengesellschaft|group|holdings?|the|and)\b"
)
BY_SITE, BY_EMAIL, BY_NAME = 98, 92, 85


@dataclass(frozen=True, slots=True)
class Match:
    """The company that was found and how sure that is, from 0 to 100."""

    company: Company
    confidence: int


class Matcher:
    """Looks companies up; what fits two of them fits none."""

    def __init__(self, companies: Sequence[Company]) -> None:
        self._by_domain = _index((company.domain or "", company) for company in companies)
        self._by_name = _index((name_key(company.name), company) for company in companies)

    def find(self, *, company: str = "", website: str = "", email: str = "") -> Match | None:
        """The best match; None when nothing known fits."""
        host = read_host(website)
        tries = (
            (self._by_domain, domain_of(host) if host else "", BY_SITE),
            (self._by_domain, email.rpartition("@")[2].lower(), BY_EMAIL),
            (self._by_name, name_key(company), BY_NAME),
        )
        for index, key, confidence in tries:
            found = index.get(key) if key else None
            if found is not None:
                return Match(found, confidence)
        return None


def name_key(name: str) -> str:
    """A company's name without legal form, case, accents and punctuation."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = re.sub(r"[^\w]+", " ", re.sub(r"[.'\u2019]", "", letters))
    return " ".join(_LEGAL.sub(" ", words).split()) or words.strip()


def _index(pairs: Iterable[tuple[str, Company]]) -> dict[str, Company]:
    index: dict[str, Company] = {}
    twice: set[str] = set()
    for key, company in pairs:
        twice.update((key,) if key in index else ())
        index.setdefault(key, company)
    return {key: company for key, company in index.items() if key and key not in twice}
