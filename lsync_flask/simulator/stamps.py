"""Chance, and moments spread over the years before the org was started, as the org writes them."""

from datetime import datetime, timedelta
from random import Random

from lsync_flask.simulator.ledger import spell_moment

YEARS = 5
SPREAD = 4000


def happens(random: Random, share: float) -> bool:
    """True with this chance."""
    return random.random() < share


def make_stamps(random: Random, today: datetime) -> list[tuple[str, str]]:
    """Pairs of (created, last modified) to draw from; the recent past is denser, as in an org that grows."""
    stamps = []
    for _ in range(SPREAD):
        age_s = int(random.random() ** 1.6 * YEARS * 365 * 86400) + 3600
        modified_s = int(random.random() ** 2 * age_s)
        created, modified = today - timedelta(seconds=age_s), today - timedelta(seconds=modified_s)
        stamps.append((spell_moment(created), spell_moment(modified)))
    return stamps
