"""The page of an activity, from what the ledger holds."""

import csv
import io
from dataclasses import replace

import pytest

from lsync_flask.services.resources import Actor
from lsync_flask.services.run_activity import run_activity
from lsync_flask.storage.bodies import OutcomeEntry, encode_outcomes
from lsync_flask.storage.ledger import Ledger
from lsync_flask.storage.users import list_users

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", " =1+1"]


@pytest.fixture
def activity(filled, simulated_org, signed_in):
    """An activity with two finished bulks: 40 written records, then 30 of which ten were rejected."""
    signed_in("manager")
    with filled.database.reading(simulated_org["org_id"]) as scope:
        user = next(one for one in list_users(scope) if one.name == "Manager")
    actor = Actor(simulated_org["org_id"], user.user_id, user.username, user.name, user.email, "manager")
    number = run_activity(filled, actor, 1)
    ledger = Ledger(filled.database, actor.org_id)
    row = ledger.claim_selection(number, "test")
    for entries in (_written(40), _rejected(30, 10)):
        ledger.add_bulk(row, [[entry.record] for entry in entries], {"rows": 0})
        claimed = ledger.claim_bulk(number, "test")
        sending = ledger.begin_writing(claimed, "sending", b"", 1.0, "{}")
        fates = {fate: sum(entry.fate == fate for entry in entries) for fate in {entry.fate for entry in entries}}
        body = b"\n".join(encode_outcomes(entries[at : at + 7]) for at in range(0, len(entries), 7))
        state = "partial" if "rejected" in fates else "written"
        ledger.finish_bulk(sending, state, fates, body)
    ledger.finish_selection(row, 1)
    return number


def _written(count):
    return [
        OutcomeEntry(f"00Q{number:015d}", "written", "", "", [(0, DANGEROUS[number % 7], "<b>after</b>", "written")])
        for number in range(count)
    ]


def _rejected(count, bad):
    good = [replace(one, record="00R" + one.record[3:], fate="unchanged", fields=[]) for one in _written(count - bad)]
    wrong = [
        OutcomeEntry(f"00S{n:015d}", "rejected", "STRING_TOO_LONG", "Too long.", [(1, "a", "b", "rejected")])
        for n in range(bad)
    ]
    return good + wrong


def test_every_record_is_reached_once_page_by_page(signed_in, activity):
    client, seen, after = signed_in("manager"), [], ""

    while after is not None:
        page = client.get(f"/api/v1/activities/{activity}/outcomes?limit=9&after={after}").json
        seen += [one["record"] for one in page["outcomes"]]
        after = page["next"]

    assert len(seen) == len(set(seen)) == 70


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("fate=rejected", 10),
        ("code=STRING_TOO_LONG", 10),
        ("fate=written", 40),
        ("decision=rejected", 10),
        ("fate=failed", 0),
    ],
)
def test_outcomes_are_filtered(signed_in, activity, query, number):
    page = signed_in("manager").get(f"/api/v1/activities/{activity}/outcomes?limit=100&{query}").json

    assert len(page["outcomes"]) == number


def test_errors_are_grouped_and_say_what_to_do(signed_in, activity):
    page = signed_in("auditor").get(f"/activities/{activity}").text

    assert "STRING_TOO_LONG" in page
    assert "lengthen the field" in page
    assert "&lt;b&gt;after&lt;/b&gt;" in page
    assert "<b>after</b>" not in page


def test_no_cell_of_a_download_is_a_formula(signed_in, activity):
    answer = signed_in("manager").get(f"/activities/{activity}/outcomes.csv")

    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))
    assert len(rows) == 71
    assert {cell for row in rows[1:41] for cell in row[4:5]} == {f"'{text}" for text in DANGEROUS}
    assert not [cell for row in rows for cell in row if cell.lstrip(" \n").startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_the_download_of_errors_has_those_alone(signed_in, activity):
    answer = signed_in("manager").get(f"/activities/{activity}/errors.csv")

    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))
    assert len(rows) == 11
    assert rows[1][1:3] == ["Rejected", "STRING_TOO_LONG"]


def test_a_poll_is_small_and_empty_when_nothing_has_moved(signed_in, activity):
    client = signed_in("manager")
    first = client.get(f"/activities/{activity}/live")
    stamp = first.text.split("seen=")[1].split('"')[0]

    again = client.get(f"/activities/{activity}/live?seen={stamp}")

    assert len(first.data) <= 5 * 1024
    assert (again.status_code, again.data) == (204, b"")


def test_cancelling_says_first_what_it_gives_up(signed_in, activity):
    page = signed_in("manager").get(f"/activities/{activity}/cost").text

    assert "<b>70</b> records are finished" in page
    assert "are given up" in page


def test_an_auditor_sees_no_step_and_is_refused(signed_in, activity):
    client = signed_in("auditor")

    page = client.get(f"/activities/{activity}").text

    assert f"/activities/{activity}/pause" not in page
    assert "cancel-dialog" not in page
    assert client.post(f"/activities/{activity}/cancel").status_code == 403


@pytest.mark.parametrize("after", ["1", "1.2", "a.b.c", "-1.0.0", "1.1.1.1", "²¹.0.0"])
def test_a_place_that_is_not_ours_is_refused(signed_in, activity, after):
    answer = signed_in("manager").get(f"/activities/{activity}/records?after={after}")

    assert answer.status_code == 422
