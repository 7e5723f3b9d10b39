"""Names of people and companies with the capitals that they have."""

import re
from collections.abc import Mapping

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
LONGEST_INITIALS = 4
"""A longer word in capitals, within a text that is not, is shouted rather than abbreviated."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Small within a name, capital at its beginning.
_SMALL = _words(
    """a an and at by for in of on or the to with aus auf bei der den des für im und vom von zu zum zur van het da das
    dos du della delle dello del di degli de y et en af av och"""
)
# Small only behind "de" and "y": "de la Cruz", but "Los Angeles".
_ARTICLES = _words("la las le les los el l")
_OWN_SPELLING: Mapping[str, str] = {
    word.lower(): word
    for word in _words(
        """AG SE KG KGaA GmbH mbH OHG UG SA NV BV AB ASA SpA SRL SARL LLC LLP LP PLC Oyj KK USA UK EU UAE CEO CFO CTO
        PhD IBM SAP BMW BASF HSBC KPMG AMD NEC NTT UBS ABB AXA BP LVMH SKF RWE DHL II III IV VI VII VIII IX XI XII XIII
        XIV"""
    )
}
_MAC = re.compile(
    r"mac(?:arthur|bride|cormick|dermott|donald|donell|dougall|dowell|farlane|gregor|intosh|kay|kenna|kenzie|kinnon"
    r"|laren|lean|leod|millan|namara|neil|pherson|queen|rae|tavish|vicar|william)s?"
)
_APOSTROPHES = frozenset({"'", "\u2019"})
_MC = re.compile(r"mc[^\W\d_]{2,}")


def title_case(text: str) -> str:
    """Each word with a capital, but for the small words within a name and for words that have their own spelling.

    A word that mixes small and capital letters is left alone: somebody meant it so. What would come out in capitals is
    taken for shouted, so that doing it again changes nothing.
    """
    once = _spell(text, is_shouted=text.upper() == text)
    return _spell(text, is_shouted=True) if once.upper() == once else once


def _spell(text: str, *, is_shouted: bool) -> str:
    before = ""

    def spell_word(found: re.Match[str]) -> str:
        nonlocal before
        begins = text[found.start() - 1 : found.start()] == "-" or text[found.start() + 1 : found.end() + 1] == "."
        spelled = _spell_word(found[0], "" if begins else before, is_shouted=is_shouted)
        before = found[0].lower()
        return spelled

    return _WORD.sub(spell_word, text)


def _spell_word(word: str, before: str, *, is_shouted: bool) -> str:
    """`before` is the word before it in small letters, "" where a name begins."""
    low = word.lower()
    if word not in {low, word.upper(), low.capitalize()}:
        return word
    if low in _OWN_SPELLING:
        return _OWN_SPELLING[low]
    if (before and low in _SMALL) or (before in {"de", "y"} and low in _ARTICLES):
        return low
    if word == word.upper() and not is_shouted and len(word) <= LONGEST_INITIALS:
        return word
    return _capital(low)


def _capital(low: str) -> str:
    if low[1:2] in _APOSTROPHES:
        return low[:2].upper() + _capital(low[2:])
    if low[-2:-1] in _APOSTROPHES:
        # Wendy's, unlike O'Brien.
        return _capital(low[:-2]) + low[-2:]
    if _MC.fullmatch(low):
        return "Mc" + low[2:].capitalize()
    if _MAC.fullmatch(low):
        return "Mac" + low[3:].capitalize()
    return low[:1].upper() + low[1:]
