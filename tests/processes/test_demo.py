"""The whole way through real processes: simulator, web, workers and clock, by HTTP alone."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lsync_flask.demo.supervisor import free_port

LSYNC = [sys.executable, "-m", "lsync_flask"]

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]


def _environment(**more):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, **more}


def _run(*arguments, **environment):
    return subprocess.run(
        [*LSYNC, "demo", "--run", "--json", "--port", str(free_port()), *arguments],
        env=_environment(**environment),
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


def _summary(result):
    assert result.returncode == 0, result.stderr + result.stdout
    return json.loads(result.stdout.strip().splitlines()[-1])


def test_the_main_job_ends_in_success_on_the_embedded_defaults():
    summary = _summary(_run("--records", "2500"))

    assert summary["status"] == "Success"
    assert summary["checked_in_org"] is True
    assert summary["mails"] == 1
    assert summary["failed"] == 0
    assert summary["records"] == 2500
    assert summary["records"] == summary["written"] + summary["unchanged"] + summary["not_matched"]
    assert summary["written"] > 1000
    assert summary["not_matched"] > 0
    assert summary["bulks"] >= 3


def test_the_main_job_ends_in_success_on_postgresql_with_one_worker(fresh_postgresql_url):
    summary = _summary(_run("--records", "600", "--workers", "1", DATABASE_URL=fresh_postgresql_url))

    assert (summary["status"], summary["checked_in_org"], summary["mails"]) == ("Success", True, 1)
    assert summary["records"] == 600


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.long
def test_the_demo_leaves_no_process_and_no_port_behind(number):
    port = free_port()
    with subprocess.Popen(
        [*LSYNC, "demo", "--port", str(port), "--records", "50", "--workers", "1"],
        env=_environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        for line in demo.stdout:
            if "Ctrl-C" in line:
                break
        family = _descendants(demo.pid)
        demo.send_signal(number)
        demo.wait(60)

    assert len(family) >= 5
    assert _until(lambda: not any(_is_alive(pid) for pid in family)), "left behind"
    assert not _answers(port)


def test_a_taken_port_is_said_in_one_line():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        result = subprocess.run(
            [*LSYNC, "demo", "--port", str(port)], env=_environment(), capture_output=True, text=True, check=False
        )

    assert result.returncode == 1
    assert result.stderr.strip().splitlines()[-1] == (
        f"lsync: Port {port} for LSync is taken. Choose another one: lsync demo --port N"
    )


def _descendants(pid):
    """All processes under this one, whatever their session."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(entry.name)] = int(fields[1])
    family, found = {pid}, True
    while found:
        found = {child for child, parent in parents.items() if parent in family} - family
        family |= found
    return family - {pid}


def _is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(claim, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if claim():
            return True
        time.sleep(0.1)
    return False
