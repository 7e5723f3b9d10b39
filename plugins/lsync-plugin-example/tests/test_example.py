"""All that a plugin's tests need: the rules and the examples run by themselves."""

from lsync_plugin_example import PadLeft

from lsync_flask.plugin_testing import TransformTests


class TestPadLeft(TransformTests):
    plugin = PadLeft


def test_padding_again_changes_nothing() -> None:
    pad = PadLeft(width=6)

    assert pad.apply(pad.apply("417", {}), {}) == "000417"
