import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from lsync_flask.demo.scratch import scratch_folder
from lsync_flask.demo.supervisor import Service, Supervisor, check_port, free_port
from lsync_flask.errors import FatalError

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def _is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _until(claim, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if claim():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def supervisor(tmp_path):
    made = Supervisor(tmp_path / "log")
    yield made
    made.stop()


def test_what_dies_is_started_again(supervisor):
    supervisor.start(Service("one", SLEEP, os.environ))
    first = supervisor.pids()["one"][0]

    os.kill(first, signal.SIGKILL)
    assert _until(lambda: supervisor.watch() or supervisor.pids()["one"][0] != first)

    assert _is_alive(supervisor.pids()["one"][0])


def test_something_vital_that_ends_stops_the_rest(supervisor):
    supervisor.start(Service("vital", SLEEP, os.environ, is_vital=True))
    os.kill(supervisor.pids()["vital"][0], signal.SIGKILL)

    with pytest.raises(FatalError, match="vital has ended"):
        _until(supervisor.watch, 5)


def test_what_does_not_start_is_said_with_the_last_lines_of_its_log(supervisor):
    broken = [sys.executable, "-c", "import sys; sys.exit('no luck today')"]

    with pytest.raises(FatalError, match=r"broken did not start\. no luck today"):
        supervisor.start(Service("broken", broken, os.environ, is_up=lambda: False))


def test_stop_leaves_no_process_behind_even_one_that_will_not_listen(supervisor, monkeypatch):
    monkeypatch.setattr("lsync_flask.demo.supervisor.STOP_S", 0.5)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    output = supervisor.spawn_piped(Service("deaf", [sys.executable, "-c", deaf], os.environ))
    output.readline()
    pid = supervisor.pids()["deaf"][0]

    supervisor.stop()

    assert not _is_alive(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_a_supervisor_that_is_killed_takes_its_children_along(tmp_path):
    script = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from lsync_flask.demo.supervisor import Service, Supervisor\n"
        f"s = Supervisor(Path({str(tmp_path / 'log')!r}))\n"
        f"s.start(Service('child', {SLEEP!r}, os.environ))\n"
        "print(s.pids()['child'][0], flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        parent.kill()

    assert _until(lambda: not _is_alive(child))


def test_a_taken_port_is_named():
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as other:
        try:
            assert _until(lambda: _is_taken(port))
        finally:
            other.kill()


def _is_taken(port):
    try:
        check_port(port, "LSync")
    except FatalError as error:
        return f"Port {port} for LSync is taken" in str(error)
    return False


def test_the_folder_of_a_demo_that_was_killed_is_removed_at_the_next_start(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    for name, pid in (("dead", dead.pid), ("living", os.getpid())):
        (tmp_path / f"lsync-demo-{name}").mkdir()
        (tmp_path / f"lsync-demo-{name}" / "pid").write_text(str(pid))
    (tmp_path / "somebody-else").mkdir()

    with scratch_folder() as folder:
        kept = {path.name for path in tmp_path.iterdir()}
        mode = folder.stat().st_mode & 0o777

    assert kept == {"lsync-demo-living", "somebody-else", folder.name}
    assert mode == 0o700
    assert not folder.exists()
