"""LSync transforms and operators for text that Salesforce's own filters do not have."""

from lsync_text.companies import CompanyWithoutForm
from lsync_text.emails import BusinessDomain, DomainEquals, IsBusinessEmail
from lsync_text.expressions import MatchesRegex, RegexReplace
from lsync_text.languages import LanguageIs, ScriptIs, TextLanguage, TextScript
from lsync_text.likeness import ClosestOf, Resembles
from lsync_text.people import NamePart

__all__ = [
    "BusinessDomain",
    "ClosestOf",
    "CompanyWithoutForm",
    "DomainEquals",
    "IsBusinessEmail",
    "LanguageIs",
    "MatchesRegex",
    "NamePart",
    "RegexReplace",
    "Resembles",
    "ScriptIs",
    "TextLanguage",
    "TextScript",
]
