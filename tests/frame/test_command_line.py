import pytest

from lsync_flask.cli import COMMANDS, run


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nonsense"], "No such command"),
        (["demo", "--records", "many"], "'many' is not a valid integer"),
        (["demo", "--records", "0"], "0 is not in the range"),
        (["demo", "--json"], "--json goes with --run"),
        (["org", "add"], "Missing option '--org-id'"),
        (["simulator", "--faults", "no-such-file"], "does not exist"),
        (["worker", "extra"], "unexpected extra argument"),
    ],
)
def test_bad_usage_is_one_line_and_exit_status_2(arguments, says, capsys):
    status = run(arguments)

    said = capsys.readouterr().err.strip()
    assert status == 2
    assert says in said
    assert "\n" not in said
    assert "--help" in said


def test_missing_settings_are_one_line_and_exit_status_1(monkeypatch, capsys):
    for name in ("LSYNC_SECRET_KEY", "LSYNC_ENCRYPTION_KEYS"):
        monkeypatch.delenv(name, raising=False)

    status = run(["db", "upgrade"])

    said = capsys.readouterr().err.strip()
    assert status == 1
    assert said == "lsync: LSYNC_SECRET_KEY is not set. LSYNC_ENCRYPTION_KEYS is not set."


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does(command, capsys):
    status = run([command, "--help"])

    assert status == 0
    assert "Usage: lsync" in capsys.readouterr().out
