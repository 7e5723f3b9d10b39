"""The simulator as a process: one line when it answers, one sentence when it cannot, nothing left when it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from lsync_flask.errors import FatalError
from lsync_flask.simulator.ports import bind_port, port_of
from lsync_flask.simulator.serve import SimulatorOptions, open_simulator

pytestmark = pytest.mark.processes
START = """
import sys
from lsync_flask.errors import FatalError
from lsync_flask.simulator.serve import SimulatorOptions, run_simulator
try:
    run_simulator(SimulatorOptions(records=50, {options}))
except FatalError as error:
    sys.exit(error.sentence)
"""


def start(tmp_path: Path, options: str = "") -> subprocess.Popen[str]:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    return subprocess.Popen(
        [sys.executable, "-c", START.format(options=options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_one_line_serves_and_leaves_nothing_behind(tmp_path, end):
    with start(tmp_path) as process:
        line = json.loads(process.stdout.readline())
        answers = [
            requests.get(address, timeout=60).status_code
            for address in (line["lightning_url"], line["control_url"] + "/calls", line["mails_url"])
        ]
        kept = list(tmp_path.iterdir())
        process.send_signal(end)
        rest, errors = process.communicate(timeout=120)

    assert answers == [200, 200, 200]
    assert (process.returncode, rest, errors) == (0, "", "")
    assert len(kept) == 1
    assert list(tmp_path.iterdir()) == []
    for name in ("org_url", "lightning_url", "provider_url", "control_url"):
        with pytest.raises(requests.ConnectionError):
            requests.get(line[name], timeout=2)


def test_a_taken_port_is_named_in_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = port_of(taken)
        with start(tmp_path, f"port={port}") as process:
            out, errors = process.communicate(timeout=120)

    assert (process.returncode, out) == (1, "")
    assert errors == f"Port {port}, wanted for the org, is already taken by another program; choose another one.\n"
    assert list(tmp_path.iterdir()) == []


def test_the_other_ports_follow_the_orgs_where_they_are_free():
    with bind_port(0, "trying") as free:
        first = port_of(free)

    with open_simulator(SimulatorOptions(port=first, records=1)) as line:
        assert line["org_url"] == f"http://127.0.0.1:{first}"
        others = [line[name] for name in ("lightning_url", "provider_url", "control_url", "smtp_url")]
        ports = [urlsplit(address).port for address in others]

    # Any of them may have been taken by somebody else meanwhile, but not all.
    assert set(ports) & set(range(first + 1, first + 5))
    assert len(set(ports)) == 4


def test_a_folder_keeps_the_keys_from_one_start_to_the_next(tmp_path):
    with open_simulator(SimulatorOptions(records=1, folder=tmp_path)) as line:
        first = line
    with open_simulator(SimulatorOptions(records=1, folder=tmp_path)) as line:
        second = line

    for name in ("org_id", "consumer_key", "consumer_secret", "provider_key", "jwt_private_key_file"):
        assert first[name] == second[name]
    assert [user["id"] for user in first["users"]] == [user["id"] for user in second["users"]]
    assert (tmp_path / "jwt_private_key.pem").stat().st_mode & 0o077 == 0
    assert (tmp_path / "identity.json").stat().st_mode & 0o077 == 0


def test_a_fault_plan_that_cannot_be_read_stops_the_start(tmp_path):
    file = tmp_path / "faults.json"
    file.write_text('{"rules": [{"match": "*"}]}')

    with pytest.raises(FatalError, match="Rule 1 has no action"), open_simulator(SimulatorOptions(faults=file)):
        pass
