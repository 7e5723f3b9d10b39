"""How often is counted for all processes together, and goes on being counted when Redis is away."""

import subprocess
import time

import pytest
from redis import Redis
from redis.exceptions import RedisError

from lsync_flask.embedded_redis import server_command
from lsync_flask.rates import NAMES, Rates, open_rates

NOW_S = 1_000_000.0


@pytest.fixture
def redis_server(tmp_path_factory):
    """A Redis-compatible server of the test's own: its address, and what stops it."""
    folder = tmp_path_factory.mktemp("r")
    process = subprocess.Popen(server_command(folder, folder / "s"), stdout=subprocess.DEVNULL)
    url = f"unix://{folder / 's'}"
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            Redis.from_url(url).ping()
            break
        except RedisError:
            time.sleep(0.05)

    def stop():
        process.kill()
        process.wait()

    yield url, stop
    stop()


def test_processes_count_together_each_name_by_the_minute(redis_server):
    one, two = open_rates(redis_server[0]), open_rates(redis_server[0])

    counts = [rates.count("a", NOW_S) for rates in (one, two, one)]

    assert counts == [1, 2, 3]
    assert one.count("b", NOW_S) == 1
    assert two.count("a", NOW_S + 60) == 1


def test_no_name_is_in_redis_and_nothing_stays_there(redis_server):
    open_rates(redis_server[0]).count("refused 203.0.113.9", NOW_S)

    redis = Redis.from_url(redis_server[0], decode_responses=True)
    [key] = redis.keys()
    assert "203" not in key.rsplit(":", 2)[0]
    assert 0 < redis.ttl(key) <= 120


def test_when_redis_dies_counting_goes_on_here(redis_server):
    rates = open_rates(redis_server[0])
    rates.count("a", NOW_S)
    redis_server[1]()

    assert [rates.count("a", NOW_S) for _ in range(3)] == [1, 2, 3]


def test_what_is_counted_here_takes_little_room():
    rates = Rates()
    rates.count("first", NOW_S)

    for number in range(NAMES):
        rates.count(str(number), NOW_S)

    assert rates.count("first", NOW_S) == 1
