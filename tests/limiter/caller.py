"""A process that makes calls as the limiter lets it: prints when each began and ended, or hangs with its turns."""

import json
import sys
import time

from lsync_flask import doorbell
from lsync_flask.limiter import Account, Limiter, Turn
from lsync_flask.plugin_api import Limits, Window


def main():
    told = json.loads(sys.argv[1])
    limiter = Limiter(doorbell.connect(told["redis"]))
    limiter.slot_s = told.get("slot_s", limiter.slot_s)
    limits = Limits(told.get("at_once", 100), windows=tuple(Window(*one) for one in told.get("windows", ())))
    for _ in range(told["calls"]):
        while not isinstance(turn := limiter.take(Account("shared", limits), told.get("records", 1)), Turn):
            time.sleep(min(turn.wait_s, 0.2))
        began = time.monotonic()
        if told.get("hangs"):
            sys.stdout.write("holding\n")
            sys.stdout.flush()
            time.sleep(3600)
        time.sleep(told.get("lasts_s", 0))
        sys.stdout.write(json.dumps([began, time.monotonic(), turn.is_shared]) + "\n")
        sys.stdout.flush()
        limiter.give_back(turn, "ok")


if __name__ == "__main__":
    main()
