"""What is logged: one line for an event, and no secret, whatever is in it."""

import json
import subprocess
import sys

SAYING = """
import logging, structlog
from lsync_flask.logs import set_up_logging
set_up_logging("DEBUG")
log = structlog.get_logger("lsync_flask.test")
hostile = 'Ann\\n{"event": "signed in", "org": "00D"}\\r\\u2028\\x1b[31m'
log.warning("signed in", user=hostile, api_key="hush", signed_request="hush")
logging.getLogger("other").warning("said %s", hostile, extra={"authorization": "hush"})
try:
    raise ValueError(hostile)
except ValueError:
    log.exception("failed")
"""


def test_one_event_is_one_line_whatever_is_in_it():
    said = subprocess.run([sys.executable, "-c", SAYING], capture_output=True, text=True, check=True).stderr

    lines = [json.loads(line) for line in said.split("\n") if line]
    assert [line["event"].split()[0] for line in lines] == ["signed", "said", "failed"]
    assert lines[0]["user"].startswith("Ann\n{")
    assert "hush" not in said
    assert "\x1b" not in said
