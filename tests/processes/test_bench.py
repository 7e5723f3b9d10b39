"""The benchmark: every arm's writes are checked in the org, and the summary is the one that contract.md §6 names."""

import json
import os
import subprocess
import sys

import pytest

from lsync_flask.benchmark.arms import Cost, Profile
from lsync_flask.benchmark.run import run_benchmark
from lsync_flask.errors import FatalError

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]


@pytest.mark.long
def test_the_summary_holds_every_arm_and_how_lsync_compares(tmp_path):
    file = tmp_path / "bench.json"
    arms = ("lsync-sqlite", "no-durability")

    result = subprocess.run(
        [sys.executable, "-m", "lsync_flask", "bench", "--records", "2500", "--json", str(file)]
        + [word for arm in arms for word in ("--only", arm)],
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    summary = json.loads(file.read_text())
    assert summary["records"] == 2500
    assert {arm["name"] for arm in summary["arms"]} == set(arms)
    for arm in summary["arms"]:
        assert min(arm[name] for name in ("records_per_second", "cpu_us_per_record", "peak_rss_mb", "wall_s")) > 0
        assert 0 < arm["first_write_s"] <= arm["wall_s"] + 0.1
        assert arm["api_calls_per_100k"] > 0
    assert 0 < summary["ratios"]["vs_no_durability"] < 2


def test_an_arm_that_does_not_write_what_it_should_is_found_out():
    def idle(_org, _profile):
        return Cost(wall_s=1.0, first_write_s=0.1, cpu_s=0.1, database_cpu_s=0.0, peak_rss_mb=1.0)

    with pytest.raises(FatalError, match="20 do not hold what they should"):
        run_benchmark({"idle": idle}, Profile(20), latency_ms=0, repeats=1, say=lambda _line: None)


def test_an_unknown_arm_is_said_in_one_line():
    result = subprocess.run(
        [sys.executable, "-m", "lsync_flask", "bench", "--only", "nothing"], capture_output=True, text=True, check=False
    )

    assert result.returncode == 2
    assert result.stderr.startswith("lsync: Invalid value for --only: There is no arm nothing; choose from lsync-")
    assert len(result.stderr.strip().splitlines()) == 1
