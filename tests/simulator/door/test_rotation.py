"""Refresh tokens that change at each use."""

from datetime import UTC, datetime

from lsync_flask.simulator.sessions import Sessions


def make_sessions() -> Sessions:
    return Sessions("00DLs0000000001MAA", lambda: datetime(2026, 11, 23, tzinfo=UTC))


def test_a_rotated_token_is_spent_and_the_new_one_lives():
    sessions = make_sessions()
    first = sessions.approve("005", frozenset({"api"}))

    second = sessions.rotate(first)

    assert sessions.find_approval(first.token) is None
    assert sessions.find_approval(second.token) == second


def test_a_spent_token_that_comes_back_ends_every_approval_of_the_user():
    sessions = make_sessions()
    first = sessions.approve("005", frozenset({"api"}))
    second = sessions.rotate(first)
    other = sessions.approve("006", frozenset({"api"}))

    sessions.punish_reuse(first.token)

    assert sessions.find_approval(second.token) is None
    assert sessions.find_approval(other.token) == other


def test_revoking_an_approval_ends_the_sessions_of_its_user():
    sessions = make_sessions()
    approval = sessions.approve("005", frozenset({"api"}))
    session = sessions.open("005", frozenset({"api"}))

    sessions.revoke(approval.token)

    assert sessions.find(session.token) is None
