"""From what several indexes call a company's trade to one value of Salesforce's default Industry picklist."""

import re
from collections import Counter
from collections.abc import Iterable

# A narrow trade says more than a wide sector, so it weighs more. Each label gives its weight to the first that fits.
_RULES: tuple[tuple[str, int, str], ...] = (
    ("Biotechnology", 3, r"biotech|biopharm|life science|gene therap"),
    ("Insurance", 3, r"insur"),
    ("Banking", 3, r"\bbank"),
    ("Telecommunications", 3, r"telecom|telephon|wireless|mobile network|communications? services"),
    (
        "Healthcare",
        3,
        r"pharma|medic|hospital|\bdrug\b(?! ?retail)|diagnos|health ?care (?:equip|serv|prov|facil|supp)",
    ),
    ("Food & Beverage", 3, r"food|beverage|drink|brew|distill|tobacco|meat|dairy|confection|baker|wine"),
    ("Hospitality", 3, r"hotel|hospitality|restaurant|casino|lodging|\bpubs?\b"),
    ("Apparel", 3, r"apparel|textile|fashion|footwear|clothing|sportswear|luxury|jewel"),
    ("Chemicals", 3, r"chemi|fertili[sz]er|coating|riechstoffe"),
    ("Electronics", 3, r"semiconduct|electronic|electric machinery|electrical (?:comp|equip)|optic|sensor|rfid"),
    ("Shipping", 3, r"shipping|marine|shipbuild|cruise"),
    (
        "Transportation",
        3,
        r"airline|aviation|airport|\brail|logisti|freight|truck(?!.*(?:auto|motor))|transport|courier",
    ),
    ("Entertainment", 3, r"entertainment|video game|\bgam(?:ing|bl)|music|film|cinema|amusement|betting"),
    ("Media", 3, r"media|medien|broadcast|publish|advert|newspaper|television"),
    ("Recreation", 3, r"leisure|recreation|sport|\btoys?\b|fitness|travel|touris"),
    ("Environmental", 3, r"waste|environment|recycl"),
    ("Energy", 3, r"\boil\b|petrol|fossil|\bcoal|natural gas|renewable|solar|\bwind|uranium|energy"),
    ("Utilities", 3, r"utilit|electric power|electricity|water (?:supply|industry|util)|^gas$"),
    ("Construction", 3, r"construct|home ?build|housebuild|building|cement|roofing"),
    ("Education", 3, r"educat|school|universit"),
    ("Agriculture", 3, r"agricul|farm|forest|fishery|seeds"),
    ("Retail", 3, r"retail|\bstores?\b|e-commerce|supermarket|wholesale|department|grocery"),
    ("Technology", 3, r"software|information tech|computer|internet|\bit services|cloud|data process|edp services"),
    ("Consulting", 2, r"consult|beratung|professional services|staffing|employment|business (?:services|support)"),
    ("Engineering", 3, r"aerospace|defen[cs]e|engineering|robot"),
    ("Machinery", 3, r"machin|hvac|\btools\b|pumps"),
    ("Finance", 2, r"financ|invest|reit\b|reits|retis|real estate|immobilien|asset manag|beteiligung|securit|lending"),
    ("Manufacturing", 3, r"automo|auto part|vehicle|manufactur|metal|steel|packag|paper|glass|plastic|rubber|mining"),
    ("Communications", 1, r"communicat"),
    ("Technology", 1, r"technolog"),
    ("Healthcare", 1, r"health"),
    ("Manufacturing", 1, r"industri|materials|conglomerate|consumer|household|furniture|cosmetic|personal prod"),
)
_PATTERNS = tuple((value, weight, re.compile(pattern)) for value, weight, pattern in _RULES)
_ORDER = {value: place for place, (value, _, _) in reversed(tuple(enumerate(_RULES)))}


def pick_industry(labels: Iterable[str]) -> str | None:
    """The picklist value that most of the labels speak for; None when none of them says anything."""
    votes: Counter[str] = Counter()
    for label in labels:
        vote = _read(label.lower())
        if vote:
            votes[vote[0]] += vote[1]
    if not votes:
        return None
    return min(votes, key=lambda value: (-votes[value], _ORDER[value]))


def _read(label: str) -> tuple[str, int] | None:
    return next(((value, weight) for value, weight, pattern in _PATTERNS if pattern.search(label)), None)
