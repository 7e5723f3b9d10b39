import pytest
from babel import Locale

from lsync_flask.services.resources import Actor
from lsync_flask.services.spelling import find_locale
from lsync_flask.web.rendering import spell_moment

AT = 1_795_530_661.0  # 2026-11-24 14:31:01 UTC


@pytest.mark.parametrize(
    ("locale", "zone", "said"),
    [
        ("en_US", "America/New_York", "Nov 24, 2026, 9:31 AM"),
        ("de_DE", "Europe/Berlin", "24.11.2026, 15:31"),
        ("de_AT_EURO", "Europe/Vienna", "24.11.2026, 15:31"),
        ("nobody knows", "Nowhere/At all", "Nov 24, 2026, 2:31 PM"),
    ],
)
def test_times_are_said_in_the_users_zone_and_locale(locale, zone, said):
    actor = Actor("00D", "005", "a@b.example", "A", "a@b.example", "admin", locale=locale, time_zone=zone)

    assert spell_moment(AT, actor).replace("\u202f", " ") == said


def test_a_locale_with_a_variant_counts_as_its_language():
    assert find_locale("ja_JP_JP") == Locale.parse("ja_JP")
