"""What the owner of a definition gets by mail, and when."""

import re
from html.parser import HTMLParser

import pytest

from lsync_flask.errors import GrantLost, RetryableError
from lsync_flask.services import activities
from lsync_flask.services.resources import Actor
from lsync_flask.services.settings import OrgSettings, read_settings, save_settings
from lsync_flask.storage.retries import reopen
from lsync_flask.worker.finishing import end_if_done, fail_activity
from lsync_flask.worker.pausing import pause_activity, wait_for_person

ALLOWED_TAGS = {
    *("html", "head", "meta", "title", "body", "div", "table", "tr", "th", "td"),
    *("p", "h1", "h2", "b", "br", "span", "a"),
}


class Shape(HTMLParser):
    """Which tags a mail has, what its styles say, and whether each is closed."""

    def __init__(self):
        super().__init__()
        self.tags, self.styles, self.links, self.open = set(), "", [], []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.add(tag)
        self.styles += found.get("style", "") + ";"
        self.links += [found["href"]] if tag == "a" else []
        self.open += [] if tag in {"meta", "br"} else [tag]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def shape_of(mail):
    shape = Shape()
    shape.feed(mail["html"])
    assert shape.open == []
    return shape


@pytest.mark.parametrize(
    ("fates", "state", "said"),
    [
        ({"written": 1200}, "Success", "everything is done"),
        ({"written": 5, "rejected": 3}, "Partial Success", "some records could not be written"),
        ({"failed": 4}, "Failed", "has failed"),
    ],
)
def test_the_owner_hears_once_how_an_activity_ended(filled, owner_with, start, write_bulk, receive, fates, state, said):
    number, ledger = start(owner_with())
    write_bulk(ledger, number, fates)

    ended = [end_if_done(filled, ledger, number), end_if_done(filled, ledger, number)]
    mails = [*receive(), *receive()]

    assert ended == [True, False]
    assert [(mail["subject"], mail["to"]) for mail in mails] == [(f"All open leads: {state}", ["ada@example.com"])]
    for part in (mails[0]["text"], mails[0]["html"]):
        assert said in part
        assert "Credits" in part
        assert ("STRING_TOO_LONG" in part) == (state != "Success")
        assert ("What to do: The value is longer than the field." in part) == (state != "Success")
    assert ("1,200" in mails[0]["text"]) == (state == "Success")


def test_an_activity_that_could_not_begin_says_why(filled, owner_with, start, receive):
    number, ledger = start(owner_with())

    fail_activity(filled, ledger, number, "The field Website is gone from Lead.")

    mail = receive()[0]
    assert mail["subject"] == "All open leads: Failed"
    assert "The field Website is gone from Lead." in mail["text"]


def test_an_activity_that_is_retried_ends_again_and_its_owner_hears_of_that_too(
    filled, owner_with, start, write_bulk, receive
):
    number, ledger = start(owner_with())
    write_bulk(ledger, number, {"written": 1, "failed": 2})
    end_if_done(filled, ledger, number)
    receive()

    assert reopen(ledger, ledger.read_activity(number))
    fail_activity(filled, ledger, number, "Again.")

    assert len(receive()) == 1


def test_a_pause_that_ends_by_itself_is_told_once_a_day_with_its_reason_and_when_it_goes_on(owner_with, start, receive):
    number, ledger = start(owner_with())
    pause_activity(ledger, number, "The org's API calls are used up.", 3600)
    assert ledger.change_status(number, ["Paused"], "Running")
    pause_activity(ledger, number, "The org's API calls are used up.", 3600)

    mails = receive()

    assert [mail["subject"] for mail in mails] == ["All open leads: Paused"]
    assert "The org's API calls are used up." in mails[0]["text"]
    assert "it goes on by itself at" in " ".join(mails[0]["text"].split())


def test_a_short_pause_is_not_told(owner_with, start, receive):
    number, ledger = start(owner_with())

    pause_activity(ledger, number, "Busy.", 30)

    assert receive() == []


def test_each_time_that_somebody_has_to_do_something_is_told(owner_with, start, receive):
    number, ledger = start(owner_with())
    wait_for_person(ledger, number, RetryableError("The provider refuses the key."))
    first = receive()
    assert ledger.change_status(number, ["Paused"], "Running")
    wait_for_person(ledger, number, RetryableError("The provider refuses the key."))

    mails = [*first, *receive()]

    assert [mail["subject"] for mail in mails] == ["All open leads: Waiting"] * 2
    assert "press Resume" in " ".join(mails[0]["text"].split())


def test_a_lost_grant_names_the_command_that_says_more(owner_with, start, receive, simulated_org):
    number, ledger = start(owner_with())

    wait_for_person(ledger, number, GrantLost("The user is inactive."))

    mail = receive()[0]
    assert mail["subject"] == "All open leads: waiting for reconnect"
    assert f"lsync org check {simulated_org['org_id']}" in " ".join(mail["text"].split())


def test_who_pauses_an_activity_of_their_own_gets_no_mail_and_another_s_owner_does(filled, owner_with, start, receive):
    owner = owner_with()
    number, _ = start(owner)
    other = Actor(owner.org_id, "005000000000000AAA", "ben@example.com", "Ben", "ben@example.com", "admin")
    activities.pause(filled, owner, number)
    assert receive() == []
    activities.resume(filled, owner, number)

    activities.pause(filled, other, number)

    mails = receive()
    assert [mail["to"] for mail in mails] == [["ada@example.com"]]
    assert "Paused by Ben." in mails[0]["text"]


@pytest.mark.parametrize(
    ("locale", "zone", "number", "named"),
    [
        ("en_US", "America/New_York", "1,200", r"[A-Z][a-z]{2} \d{1,2}, 20\d\d, \d{1,2}:\d\d.[AP]M \(E[SD]T\)"),
        ("de_DE_EURO", "Europe/Berlin", "1.200", r"\d\d\.\d\d\.20\d\d, \d\d:\d\d \(CES?T\)"),
        ("ja_JP", "Asia/Tokyo", "1,200", r"20\d\d/\d\d/\d\d \d{1,2}:\d\d \(JST\)"),
        ("xx_YY", "No/Where", "1,200", r"\(UTC\)"),
    ],
)
def test_numbers_days_and_times_are_the_owners(
    filled, owner_with, start, write_bulk, receive, locale, zone, number, named
):
    activity, ledger = start(owner_with(locale, zone))
    write_bulk(ledger, activity, {"written": 1200})
    end_if_done(filled, ledger, activity)

    mail = receive()[0]

    assert number in mail["text"]
    assert number in mail["html"]
    assert re.search(named, mail["text"]), mail["text"]


def test_admins_named_in_settings_get_the_mails_beside_the_owner_each_once(filled, owner_with, start, receive):
    owner = owner_with()
    admin = Actor(owner.org_id, owner.user_id, owner.username, "Ada", "ada@example.com", "admin")
    seen = read_settings(filled, admin)
    to = ["ops@example.com", "ada@example.com"]
    wanted = OrgSettings.model_validate({**seen.settings.model_dump(), "mail_to": to})
    save_settings(filled, admin, wanted, {}, seen.version)
    number, ledger = start(owner)

    fail_activity(filled, ledger, number, "x")

    assert sorted(receive()[0]["to"]) == ["ada@example.com", "ops@example.com"]


def test_the_html_is_tables_with_inline_styles_and_one_link_that_opens_the_orgs_tab(
    filled, owner_with, start, write_bulk, receive, simulated_org
):
    number, ledger = start(owner_with())
    write_bulk(ledger, number, {"written": 1, "rejected": 1}, message="<script>alert(1)</script> & “more”")
    end_if_done(filled, ledger, number)

    mail = receive()[0]
    shape = shape_of(mail)

    assert shape.tags <= ALLOWED_TAGS
    assert not re.search(r"flex|grid|float|position|var\(|rem\b|url\(", shape.styles)
    assert "max-width:600px" in shape.styles
    assert shape.links == [f"{simulated_org['org_url']}/lightning/n/LSync?c__activity={number}"]
    assert shape.links[0] in mail["text"]
    assert "&lt;script&gt;" in mail["html"]
    assert len(mail["html"]) < 100_000


def test_no_line_of_the_text_is_wider_than_a_phone_likes(filled, owner_with, start, write_bulk, receive):
    number, ledger = start(owner_with())
    write_bulk(ledger, number, {"written": 1})
    end_if_done(filled, ledger, number)

    lines = receive()[0]["text"].splitlines()

    assert max(len(line) for line in lines if "://" not in line) <= 80
    assert "\n\n\n" not in "\n".join(lines)
