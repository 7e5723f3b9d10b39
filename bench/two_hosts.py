"""Two hosts drain one activity, and one of them is cut off in the middle. Needs root: it makes two network namespaces.

Host A has web, clock, Redis, PostgreSQL and the simulated org; host B has workers. While these hold bulks the link
goes down for longer than a lease, and a worker starts on host A; then the link comes back, and what host B still has in
its hands arrives late. Every record is looked up in the org, and the promise is checked.

Run: make two-hosts (or: python bench/two_hosts.py [--records 20000] [--cut-s 90]).
"""

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from lsync_flask.cli.postgresql import postgresql_to_kill
from lsync_flask.demo.chaos import violations
from lsync_flask.demo.job import Tab
from lsync_flask.demo.start import DemoOptions, start_demo
from lsync_flask.demo.supervisor import Service, Supervisor, free_port
from lsync_flask.engine.status import ENDED
from lsync_flask.services.access import PERMISSION_SETS
from lsync_flask.storage.ledger import Ledger
from lsync_flask.wiring import wire

A, B = "lsync-a", "lsync-b"
ADDRESS_A, ADDRESS_B = "10.77.0.1", "10.77.0.2"
WORKERS_OF_B = 2
LONGEST_S = 900
IN_B = ("ip", "netns", "exec", B)


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def make_hosts():
    for host in (A, B):
        subprocess.run(["ip", "netns", "del", host], check=False, capture_output=True)
        ip("netns", "add", host)
    ip("link", "add", "lsync0", "netns", A, "type", "veth", "peer", "name", "lsync0", "netns", B)
    for host, address in ((A, ADDRESS_A), (B, ADDRESS_B)):
        ip("-n", host, "addr", "add", f"{address}/24", "dev", "lsync0")
        for device in ("lo", "lsync0"):
            ip("-n", host, "link", "set", device, "up")


def remove_hosts():
    for host in (A, B):
        subprocess.run(["ip", "netns", "del", host], check=False, capture_output=True)


def relay(listen, target):
    """Pass connections on: the simulated org and Redis listen on their own machine alone."""
    listener = socket.create_server(listen)
    while True:
        client = listener.accept()[0]
        threading.Thread(target=_join, args=(client, target), daemon=True).start()


def _join(client, target):
    server = socket.socket(socket.AF_UNIX) if isinstance(target, str) else socket.socket()
    try:
        server.connect(target)
    except OSError:
        client.close()
        return
    for source, sink in ((client, server), (server, client)):
        threading.Thread(target=_pass, args=(source, sink), daemon=True).start()


def _pass(source, sink):
    with contextlib.suppress(OSError):
        while part := source.recv(65_536):
            sink.sendall(part)
    for one in (source, sink):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def on_the_network(service, folder, port):
    """The database of host A, open to host B."""
    with (folder / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 10.77.0.0/24 trust\n")
    command = [part for part in service.command if part != "listen_addresses="]
    command += [f"listen_addresses={ADDRESS_A}", "-p", str(port)]
    return Service("database", command, service.environment, lambda: _listens(port))


def _listens(port):
    with contextlib.suppress(OSError), socket.create_connection((ADDRESS_A, port), 1):
        return True
    return False


def start_host_b(demo, supervisor):
    """Workers with the settings of host A's, and relays to what listens on host A alone."""
    environment = psutil.Process(supervisor.pids()["clock"][0]).environ()
    redis_port = free_port()
    relays = {redis_port: str(demo.settings.redis_socket)}
    for url in (demo.org["org_url"], demo.org["lightning_url"], demo.org["provider_url"]):
        port = int(url.split(":")[2].split("/")[0])
        relays[port] = ("127.0.0.1", port)
    for port, target in relays.items():
        threading.Thread(target=relay, args=((ADDRESS_A, port), target), daemon=True).start()
    ports = ",".join(str(port) for port in relays)
    plain = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    supervisor.start(Service("relays of B", [*IN_B, sys.executable, __file__, "--relays", ports], plain))
    environment["REDIS_URL"] = f"redis://127.0.0.1:{redis_port}"
    for _ in range(WORKERS_OF_B):
        command = [*IN_B, sys.executable, "-m", "lsync_flask", "worker"]
        supervisor.start(Service("worker of B", command, environment))


def run_relays(ports):
    for port in ports:
        threading.Thread(target=relay, args=(("127.0.0.1", port), (ADDRESS_A, port)), daemon=True).start()
    threading.Event().wait()


def run_inside(records, cut_s):
    """The whole of it, on host A."""
    with tempfile.TemporaryDirectory(prefix="lsync-two-") as name, postgresql_to_kill() as (_, database):
        supervisor = Supervisor(Path(name) / "log", most_restarts=100)
        port = free_port()
        folder = Path(database.command[list(database.command).index("-D") + 1])
        try:
            supervisor.start(on_the_network(database, folder, port), wait_s=60)
            url = f"postgresql://postgres@{ADDRESS_A}:{port}/postgres"
            options = DemoOptions(folder=Path(name), port=free_port(), records=records, workers=0, database_url=url)
            demo = start_demo(options, supervisor)
            start_host_b(demo, supervisor)
            return _drain_and_cut(demo, supervisor, cut_s)
        finally:
            supervisor.stop()


def _drain_and_cut(demo, supervisor, cut_s):
    tab = Tab(demo.web_url, demo.org, PERMISSION_SETS["admin"])
    definitions = tab.call("GET", "definitions")["definitions"]
    number = next(one["id"] for one in definitions if one["name"] == "All open leads")
    activity = int(tab.call("POST", f"definitions/{number}/run")["activity"])
    resources = wire(demo.settings)
    ledger = Ledger(resources.database, demo.org["org_id"])
    began, held_by_b, cut_at, joined_at = time.monotonic(), 0, None, None
    while ledger.status_of(activity) not in ENDED:
        supervisor.watch()
        now = time.monotonic()
        if now > began + LONGEST_S:
            raise SystemExit(f"The activity is {ledger.status_of(activity)} after {LONGEST_S} s.")
        if cut_at is None and (held_by_b := _held(resources, supervisor.pids()["worker of B"])):
            ip("-n", B, "link", "set", "lsync0", "down")
            cut_at = now
            command = [sys.executable, "-m", "lsync_flask", "worker"]
            environment = psutil.Process(supervisor.pids()["clock"][0]).environ()
            supervisor.start(Service("worker of A", command, environment))
        if cut_at and joined_at is None and now > cut_at + cut_s:
            ip("-n", B, "link", "set", "lsync0", "up")
            joined_at = now
        time.sleep(0.2)
    ended_s = time.monotonic() - began
    if joined_at is None:
        ip("-n", B, "link", "set", "lsync0", "up")
    time.sleep(20)  # what host B still had in its hands arrives now, and must find that it is too late
    found = violations(ledger, activity, demo.org)
    row = ledger.read_activity(activity)
    resources.database.close()
    return {
        "records": row.selected,
        "status": row.status,
        "bulks_of_b_when_cut": held_by_b,
        "cut_after_s": round((cut_at or began) - began, 1),
        "cut_for_s": round((joined_at or time.monotonic()) - (cut_at or began), 1),
        "ended_after_s": round(ended_s, 1),
        "violations": found,
    }


def _held(resources, pids):
    """How many bulks the workers of host B hold: a holder's name has its process's number in it."""
    family = {child.pid for pid in pids for child in psutil.Process(pid).children(recursive=True)} | set(pids)
    with resources.database.reading_all() as connection:
        rows = connection.exec_driver_sql("SELECT lease_owner FROM bulk WHERE lease_owner IS NOT NULL").scalars()
        return sum(int(owner.split(":")[1]) in family for owner in rows)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=20_000)
    options.add_argument("--cut-s", type=float, default=90.0)
    options.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--relays", help=argparse.SUPPRESS)
    told = options.parse_args()
    if told.relays:
        run_relays([int(port) for port in told.relays.split(",")])
    if told.inside:
        result = run_inside(told.records, told.cut_s)
        print(json.dumps(result))
        sys.exit(1 if result["violations"] else 0)
    if os.geteuid() != 0:
        sys.exit("Two hosts are made of network namespaces, which only root may make: sudo make two-hosts")
    make_hosts()
    try:
        command = ["ip", "netns", "exec", A, sys.executable, __file__, "--inside"]
        arguments = ["--records", str(told.records), "--cut-s", str(told.cut_s)]
        sys.exit(subprocess.run([*command, *arguments], check=False).returncode)
    finally:
        remove_hosts()


if __name__ == "__main__":
    main()
