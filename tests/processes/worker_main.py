"""A worker process as `lsync worker` starts it, with a provider that does what BEHAVIOUR says to the company BAD."""

import ctypes
import os
import time

from lsync_flask.settings import read_settings
from lsync_flask.wiring import connect_redis, wire
from lsync_flask.worker.process import SafeWorker, run_worker
from tests.worker.kit import Scripted, answer_all, provider_of, with_provider

BEHAVIOURS = {
    "answers": lambda: None,
    "is slow": lambda: time.sleep(5),
    "hangs": lambda: time.sleep(3600),
    # PyDLL keeps the interpreter's lock: no other thread of the process runs any more.
    "clutches": lambda: ctypes.PyDLL(None).sleep(3600),
    "dies": lambda: os._exit(11),
}


def main():
    behave, bad = BEHAVIOURS[os.environ["BEHAVIOUR"]], os.environ.get("BAD", "")
    script = Scripted()
    answer = answer_all({"site": "https://example.com"})

    def reply(call):
        if not bad or any(one.inputs["company"] == bad for one in call.inquiries):
            behave()
        return answer(call)

    script.reply = reply
    settings = read_settings(os.environ)
    SafeWorker.silent_s = float(os.environ.get("SILENT_S", SafeWorker.silent_s))
    run_worker(with_provider(wire(settings), provider_of(script)), connect_redis(settings))


if __name__ == "__main__":
    main()
