"""Salesforce's default Industry picklist, and which of its values fits what an index says of a company."""

import re
from collections.abc import Iterable

# The first rule that fits decides, so the narrow trades stand before the wide sectors.
_RULES: tuple[tuple[str, str], ...] = (
    ("Biotechnology", r"biotech|biopharm|life sciences"),
    ("Insurance", r"insur|reinsurance"),
    ("Banking", r"\bbank"),
    ("Telecommunications", r"telecom|telephon|wireless|mobile network"),
    ("Healthcare", r"health ?care|pharma|medical|medicine|hospital|\bdrug\b|diagnos"),
    ("Food & Beverage", r"food|beverage|drink|brew|distill|confection|tobacco|meat|dairy|baker"),
    ("Hospitality", r"hotel|hospitality|restaurant|casino|lodging|pubs"),
    ("Apparel", r"apparel|textile|fashion|footwear|clothing|sportswear|luxury|jewel"),
    ("Chemicals", r"chemi|fertili[sz]er|coatings|riechstoffe"),
    ("Electronics", r"semiconduct|electronic|electric machinery|electrical (?:comp|equip)|optic|sensor|rfid"),
    ("Shipping", r"shipping|marine transport|shipbuild"),
    ("Transportation", r"airline|aviation|airport|rail|logisti|freight|trucking|transport|courier|air travel"),
    ("Entertainment", r"entertainment|video game|\bgaming|music|film|cinema|amusement|gambl|betting"),
    ("Media", r"media|medien|broadcast|publish|advert|newspaper|television"),
    ("Recreation", r"leisure|recreation|sport|\btoys?\b|cruise|fitness|travel|tourism"),
    ("Energy", r"\boil\b|petrol|fossil|\bcoal|natural gas|renewable|solar|wind power|uranium|energy"),
    ("Utilities", r"utilit|electric power|electricity|water (?:supply|industry)|\bgas\b"),
    ("Environmental", r"waste|environment|recycl"),
    ("Construction", r"construct|home ?build|housebuild|building|cement|roofing"),
    ("Education", r"educat|school|universit"),
    ("Agriculture", r"agricul|farm|forest|fishery|seeds"),
    ("Retail", r"retail|\bstores?\b|e-commerce|supermarket|wholesale|department|grocery"),
    ("Technology", r"software|information tech|computer|internet|\bit services|cloud|data process|edp services"),
    ("Consulting", r"consult|beratung|professional services|staffing|employment|business (?:services|process|support)"),
    ("Engineering", r"aerospace|defen[cs]e|engineering|robot"),
    ("Machinery", r"machinery|machine|hvac|tools|pumps"),
    ("Finance", r"financ|invest|reit|retis|real estate|immobilien|asset manag|beteiligung|holding|securit|lending"),
    (
        "Manufacturing",
        r"automo|auto part|vehicle|manufactur|metal|steel|packag|paper|glass|plastic|rubber|mining|materials",
    ),
    ("Communications", r"communicat"),
    ("Technology", r"technolog"),
    ("Utilities", r"\butility"),
    ("Manufacturing", r"industri|conglomerate|consumer|household|furniture|cosmetic"),
)
_PATTERNS = tuple((value, re.compile(pattern)) for value, pattern in _RULES)


def pick_industry(descriptions: Iterable[str]) -> str | None:
    """The value of the default picklist that fits best; `Other` when none does, None when nothing is said."""
    text = " ; ".join(descriptions).lower()
    if not text:
        return None
    return next((value for value, pattern in _PATTERNS if pattern.search(text)), "Other")
