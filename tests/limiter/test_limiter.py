"""The limiter of provider accounts: among processes through Redis, and in each of them alone while Redis is away."""

import json
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import SecretStr

from lsync_flask import doorbell
from lsync_flask.embedded_redis import server_command
from lsync_flask.limiter import FAILURES, Account, Limiter, NotYet, Turn
from lsync_flask.plugin_api import Limits, Window
from lsync_flask.services.providers import account_of
from tests.processes.test_worker import until
from tests.worker.kit import Scripted, provider_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def redis_server(tmp_path):
    socket = tmp_path / "redis.sock"
    process = subprocess.Popen(
        server_command(tmp_path / "redis", socket), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert until(socket.exists, 30)
    yield process, f"unix://{socket}"
    process.kill()
    process.wait()


@pytest.fixture
def connection(redis_server):
    opened = doorbell.connect(redis_server[1])
    yield opened
    opened.close()


@pytest.fixture(params=["through Redis", "alone"])
def limiter(request):
    return Limiter(request.getfixturevalue("connection") if request.param == "through Redis" else None)


def account(*windows, at_once=100, per_s=None):
    return Account(os.urandom(6).hex(), Limits(at_once, per_s, windows=windows))


def call_from(processes, redis, **told):
    """Run so many processes that call; (began, ended, is_shared) of every call."""
    command = [sys.executable, str(Path(__file__).with_name("caller.py")), json.dumps({"redis": redis, **told})]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) for _ in range(processes)]
    said = [one.communicate(timeout=60)[0] for one in running]
    return [json.loads(line) for lines in said for line in lines.splitlines()]


@pytest.mark.processes
def test_two_processes_share_a_window_of_calls(redis_server):
    calls = call_from(2, redis_server[1], calls=8, windows=[[1.0, 5, None]])

    assert len(calls) == 16
    assert all(shared for _, _, shared in calls)
    # Of any 6 calls the last is at least a second after the first.
    assert max(ended for _, ended, _ in calls) - min(began for began, _, _ in calls) > 2.8


@pytest.mark.processes
def test_two_processes_share_a_window_of_records(redis_server):
    calls = call_from(2, redis_server[1], calls=3, records=40, windows=[[1.0, None, 100]])

    assert len(calls) == 6
    assert max(ended for _, ended, _ in calls) - min(began for began, _, _ in calls) > 1.8


@pytest.mark.processes
def test_two_processes_never_make_more_calls_at_once_than_allowed(redis_server):
    calls = call_from(2, redis_server[1], calls=6, at_once=1, lasts_s=0.05)

    spans = sorted(calls)
    assert len(spans) == 12
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


@pytest.mark.processes
def test_the_turn_of_a_process_that_was_killed_is_free_again(redis_server, connection):
    told = {"redis": redis_server[1], "calls": 1, "at_once": 1, "hangs": True, "slot_s": 2}
    holder = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("caller.py")), json.dumps(told)],
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
    shared = Account("shared", Limits(1))
    limiter = Limiter(connection)
    assert holder.stdout.readline() == b"holding\n"
    held = limiter.take(shared, 1)

    holder.kill()
    holder.communicate()

    assert held == NotYet(0.1, "busy")
    assert until(lambda: isinstance(limiter.take(shared, 1), Turn), 30)


def test_a_turn_that_is_renewed_outlives_its_time(connection):
    one = account(at_once=1)
    holder, other = Limiter(connection), Limiter(connection)
    holder.slot_s = other.slot_s = 3.0
    assert isinstance(holder.take(one, 1), Turn)

    end = time.monotonic() + 5
    while time.monotonic() < end:
        holder._renew_at = 0.0
        holder.renew()
        assert isinstance(other.take(one, 1), NotYet)
        time.sleep(0.1)


def test_calls_at_once_are_limited_and_given_back(limiter):
    one = account(at_once=2)
    first, second = limiter.take(one, 1), limiter.take(one, 1)

    refused = limiter.take(one, 1)
    limiter.give_back(first, "ok")

    assert isinstance(second, Turn)
    assert isinstance(refused, NotYet)
    assert isinstance(limiter.take(one, 1), Turn)


@pytest.mark.parametrize(
    ("limits", "records", "goes"),
    [
        (Limits(100, 3), 1, 3),
        (Limits(100, 0.5), 1, 1),
        (Limits(100, windows=(Window(3600, calls=4),)), 1, 4),
        (Limits(100, windows=(Window(3600, records=100),)), 30, 3),
        (Limits(100, windows=(Window(3600, records=100),)), 500, 1),
        (Limits(100, 50, windows=(Window(3600, calls=4), Window(60, records=60))), 30, 2),
    ],
)
def test_every_window_holds(limiter, limits, records, goes):
    one = Account(os.urandom(6).hex(), limits)

    answers = [limiter.take(one, records) for _ in range(goes + 2)]

    assert [isinstance(answer, Turn) for answer in answers] == [True] * goes + [False] * 2
    longest = max(window.seconds for window in one.windows())
    assert all(0 < answer.wait_s <= longest * 1.1 for answer in answers[goes:])


def test_a_provider_that_asks_to_wait_is_left_alone_by_all(limiter):
    one = account()
    limiter.give_back(limiter.take(one, 1), "neither", told_s=30)

    refused = limiter.take(one, 1)

    assert refused.why == "told"
    assert 25 < refused.wait_s <= 30
    assert isinstance(limiter.take(account(), 1), Turn)  # another account


def fail(limiter, one, times=FAILURES):
    turns = [limiter.take(one, 1) for _ in range(times)]
    return [limiter.give_back(turn, "failed") for turn in turns]


def test_the_circuit_opens_after_failures_in_a_row_and_not_before(limiter):
    one = account()
    fail(limiter, one, FAILURES - 1)
    limiter.give_back(limiter.take(one, 1), "ok")
    fail(limiter, one, FAILURES - 1)
    closed = limiter.take(one, 1)

    left_alone_s = limiter.give_back(closed, "failed")

    assert isinstance(closed, Turn)
    assert 25 < left_alone_s <= 30
    assert limiter.take(one, 1).why == "open"


def await_turn(limiter, one):
    """The first turn that is given once an open circuit may be tried."""
    given = []

    def ask():
        answer = limiter.take(one, 1)
        given.extend([answer] if isinstance(answer, Turn) else [])
        return bool(given)

    assert until(ask, 30)
    return given[0]


def test_an_open_circuit_is_tried_by_one_call_and_closes_when_it_comes_out_well(limiter):
    limiter.open_s = 0.2
    one = account()
    fail(limiter, one)
    trial = await_turn(limiter, one)

    others = [limiter.take(one, 1) for _ in range(3)]
    limiter.give_back(trial, "ok")
    after = [limiter.take(one, 1) for _ in range(3)]

    assert all(isinstance(answer, NotYet) for answer in others)
    assert all(isinstance(answer, Turn) for answer in after)


def test_a_trial_that_fails_leaves_the_provider_alone_for_longer(limiter):
    limiter.open_s = 0.2
    one = account()
    first = max(fail(limiter, one))
    trial = await_turn(limiter, one)

    second = limiter.give_back(trial, "failed")

    assert 0 < first < 0.25 < second < 0.45


def test_without_redis_each_process_keeps_to_the_limits_and_comes_back_to_it(redis_server, connection, tmp_path):
    now = [0.0]
    limiter = Limiter(connection, clock=lambda: now[0])
    one = account(at_once=1)
    limiter.give_back(limiter.take(one, 1), "ok")
    redis_server[0].kill()
    redis_server[0].wait()

    alone = limiter.take(one, 1)
    refused = limiter.take(one, 1)
    limiter.give_back(alone, "ok")
    (tmp_path / "redis.sock").unlink()
    server = subprocess.Popen(server_command(tmp_path / "redis", tmp_path / "redis.sock"), stdout=subprocess.DEVNULL)
    assert until((tmp_path / "redis.sock").exists, 30)
    now[0] += 60
    try:
        again = await_turn(limiter, one)  # Redis may have lost that the first turn was given back
    finally:
        server.kill()
        server.wait()

    assert (alone.is_shared, isinstance(refused, NotYet), again.is_shared) == (False, True, True)


def test_nothing_in_redis_tells_the_account(connection, resources):
    class Keyed(provider_of(Scripted())):
        key: SecretStr

    same, other = Keyed(key="sesame street"), Keyed(key="another key")
    accounts = [account_of(resources, org, one) for org, one in (("00DA", same), ("00DB", same), ("00DA", other))]
    Limiter(connection).take(accounts[0], 1)

    assert accounts[0].key == accounts[1].key != accounts[2].key
    assert not any(b"sesame" in key for key in connection.scan_iter())
