"""Websites and e-mail addresses, as far as they say whose they are."""

import re
from functools import lru_cache

CACHED = 1 << 16
LONGEST_URL = 255

_HOST = re.compile(
    r"(?<![\w@./-])(?:https?://)?((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24})(?![\w-])", re.IGNORECASE
)
_PATH = re.compile(r"\s*/\s*([a-z-]+)", re.IGNORECASE)
_GONE = re.compile(r"wayback|archived", re.IGNORECASE)
# Under these, everybody may register the next label.
_SECOND_LEVEL = frozenset({"co", "com", "net", "org", "ac", "gov", "edu", "ne", "or", "go", "gr", "ltd", "plc", "me"})
_COUNTRY_CODE_LENGTH = 2


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FREE_MAIL = _words(
    """aol.com bluewin.ch bt.com btinternet.com comcast.net cox.net docomo.ne.jp earthlink.net ezweb.ne.jp fastmail.com
    free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com hotmail.co.uk hotmail.com
    hotmail.de hotmail.fr hotmail.it icloud.com inbox.com laposte.net libero.it live.co.uk live.com live.de live.fr
    live.nl mac.com mail.com mail.ru mailbox.org me.com msn.com naver.com nifty.com ntlworld.com online.de orange.fr
    outlook.com outlook.de posteo.de proton.me protonmail.com qq.com rediffmail.com rocketmail.com sbcglobal.net sfr.fr
    sky.com softbank.ne.jp t-online.de telenet.be telia.com tiscali.it tuta.io tutanota.com verizon.net virgilio.it
    virgin.net wanadoo.fr web.de windowslive.com xs4all.nl yahoo.ca yahoo.co.jp yahoo.co.uk yahoo.com yahoo.de yahoo.es
    yahoo.fr yahoo.it yandex.com yandex.ru ymail.com zoho.com 126.com 163.com arcor.de 1und1.de hanmail.net daum.net
    foxmail.com sina.com aim.com att.net bellsouth.net charter.net
    optonline.net frontier.com windstream.net juno.com rogers.com shaw.ca sympatico.ca bigpond.com talktalk.net
    virginmedia.com blueyonder.co.uk eircom.net neuf.fr orange.com bbox.fr numericable.fr alice.it tin.it tim.it
    telefonica.net movistar.es terra.es ono.com ziggo.nl kpnmail.nl planet.nl home.nl skynet.be proximus.be swisscom.ch
    elisa.fi elisanet.fi au.com ocn.ne.jp biglobe.ne.jp rakuten.jp softbank.jp google.com seznam.cz wp.pl o2.pl onet.pl
    uol.com.br bol.com.br fastmail.fm pm.me tuta.com hushmail.com rambler.ru bk.ru list.ru"""
)
"""Mail domains that anybody may use; some of them belong to companies of the directory."""

# Their editions for countries are too many to list.
FREE_BRANDS = _words("yahoo ymail hotmail live outlook gmx aol msn")

SHARED_SITES = _words(
    """linkedin.com facebook.com twitter.com x.com instagram.com youtube.com wikipedia.org github.com github.io
    google.com wordpress.com blogspot.com wixsite.com shopify.com myshopify.com etsy.com amazon.com medium.com
    tumblr.com tiktok.com pinterest.com xing.com crunchbase.com bloomberg.com yelp.com godaddysites.com webnode.com
    squarespace.com weebly.com salesforce.com force.com notion.site"""
)
"""Sites where many have a page: only their bare address says that the company itself is meant."""


@lru_cache(maxsize=CACHED)
def domain_of_website(text: str) -> str | None:
    """The domain that was registered, such as `example.co.uk` for `https://www.example.co.uk/en`; None if there is none
    or if it says nothing of whose page it is.
    """
    found = _HOST.search(text)
    if not found or "@" in text[: found.start()]:
        return None
    host = found[1].lower()
    domain = registered_domain(host)
    if domain in SHARED_SITES and (host.removeprefix("www.") != domain or _has_path(text, found.end())):
        return None
    return domain


@lru_cache(maxsize=CACHED)
def domain_of_email(text: str) -> str | None:
    """The registered domain behind the @; None if there is none or if anybody may have an address there."""
    name, at, host = text.strip().rpartition("@")
    found = _HOST.fullmatch(host.strip(" .>"))
    if not name or not at or not found:
        return None
    domain = registered_domain(found[1].lower())
    is_free = domain in FREE_MAIL or domain.partition(".")[0] in FREE_BRANDS
    return None if is_free else domain


def registered_domain(host: str) -> str:
    """Without the names that the owner gave below it: `corporate.example.com` is `example.com`."""
    labels = host.split(".")
    is_shared_end = len(labels[-1]) == _COUNTRY_CODE_LENGTH and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if is_shared_end else labels[-2:])


def read_sites(text: str | None, own_words: frozenset[str] = frozenset()) -> tuple[str | None, tuple[str, ...]]:
    """The address to show and the domains that stand for the company, of a text such as `hm.com (retail) hmgroup.com`.

    A page below another's site, whose path is one of the company's `own_words`, has an address and no domain.
    """
    if not text or _GONE.search(text):
        return None, ()
    hosts = list(_HOST.finditer(text))
    if not hosts:
        return None, ()
    url = f"https://{hosts[0][1].lower()}"
    path = _PATH.match(text, hosts[0].end())
    if path and path[1].lower() in own_words:
        return f"{url}/{path[1].lower()}", ()
    domains = dict.fromkeys(registered_domain(host[1].lower()) for host in hosts)
    return (url if len(url) <= LONGEST_URL else None), tuple(domains)


def _has_path(text: str, end: int) -> bool:
    return bool(text[end:].strip().strip("/?#"))
